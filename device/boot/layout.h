/* Where things lie in the flash. A port fills in one hmb_layout: HMB_ROW does it for a flash where everything lies in a
 * row; another is written out by hand, and hmb_layout_check (boot.h) says at every start what is wrong with it. Every
 * address and size is a multiple of HMB_ERASE_SIZE. */
#ifndef HALLMARK_BOOT_LAYOUT_H
#define HALLMARK_BOOT_LAYOUT_H

#include "flash.h"

/* What is updated and verified as one: the firmware, and the parameters (therapy limits) that go with the patient, the
 * ward or the plant and have a publisher of their own. Each bank has two slots. */
enum { HMB_FIRMWARE = 0, HMB_PARAMETERS = 1, HMB_BANKS = 2, HMB_SLOTS = 2 };
enum { HMB_NONE = 0xff }; /* no slot, no area */

/* A trust-list area for the list in force, one for each bank's earlier list (P7), one to receive the next. */
enum { HMB_LISTS = HMB_BANKS + 2 };

/* Bytes that SIZE needs in flash: whole erase blocks. */
#define HMB_BLOCKS(size) (((size) + HMB_ERASE_SIZE - 1) / HMB_ERASE_SIZE * HMB_ERASE_SIZE)

enum {
    /* As large as the format allows. A product whose own are smaller saves RAM here: two lists and an envelope are in
     * hmb_boot, and one of each in the application. */
    HMB_LIST_MAX = HMV_TRUST_MAX,
    HMB_ENVELOPE_MAX = HMV_ENVELOPE_MAX,
    HMB_JOURNAL_SIZE = 2 * HMB_ERASE_SIZE, /* of the state, and of the boot records */
    HMB_MAILBOX_SIZE = HMB_ERASE_SIZE,
    HMB_LIST_AREA_SIZE = HMB_BLOCKS(HMB_WORDS_SIZE + HMB_LIST_MAX), /* the header, then the list's envelope */
    /* A slot: a block of header and progress marks, the envelope, the payload. */
    HMB_SLOT_ENVELOPE = HMB_ERASE_SIZE,
    HMB_SLOT_PAYLOAD = HMB_SLOT_ENVELOPE + HMB_BLOCKS(HMB_ENVELOPE_MAX)
};

typedef struct hmb_bank {
    hmv_bytes component; /* the id that a release must have to be taken for this bank, and its kind */
    uint32_t kind;
    uint32_t slot[HMB_SLOTS];
    uint32_t payload_size; /* room for the payload in each slot, and no more than the bank's memory */
} hmb_bank;

typedef struct hmb_layout {
    uint32_t state;
    uint32_t records;
    uint32_t mailbox;
    uint32_t list[HMB_LISTS];
    hmb_bank bank[HMB_BANKS];
    uint32_t end;
} hmb_layout;

/* Everything in a row from START on, with room for firmware and parameters of at most so many bytes: the initialiser of
 * an hmb_layout (FIRMWARE_ID and PARAMETERS_ID are strings), and its end, which a port compares with the size of its
 * flash when it is compiled. */
#define HMB_SLOT_SIZE(payload) (HMB_SLOT_PAYLOAD + HMB_BLOCKS(payload))
#define HMB_ROW_LISTS(start) ((start) + 2 * HMB_JOURNAL_SIZE + HMB_MAILBOX_SIZE)
#define HMB_ROW_FIRMWARE(start) (HMB_ROW_LISTS(start) + HMB_LISTS * HMB_LIST_AREA_SIZE)
#define HMB_ROW_PARAMETERS(start, firmware) (HMB_ROW_FIRMWARE(start) + HMB_SLOTS * HMB_SLOT_SIZE(firmware))
#define HMB_ROW_END(start, firmware, parameters)                                                                       \
    (HMB_ROW_PARAMETERS(start, firmware) + HMB_SLOTS * HMB_SLOT_SIZE(parameters))
#define HMB_ROW_BANK(at, id, its_kind, payload)                                                                        \
    {                                                                                                                  \
        .component = {(const uint8_t *)(id), sizeof(id) - 1}, .kind = (its_kind),                                      \
        .slot = {(at), (at) + HMB_SLOT_SIZE(payload)}, .payload_size = HMB_BLOCKS(payload)                             \
    }
#define HMB_ROW(start, firmware_id, firmware, parameters_id, parameters)                                               \
    {                                                                                                                  \
        .state = (start), .records = (start) + HMB_JOURNAL_SIZE, .mailbox = (start) + 2 * HMB_JOURNAL_SIZE,            \
        .list = {HMB_ROW_LISTS(start), HMB_ROW_LISTS(start) + HMB_LIST_AREA_SIZE,                                      \
                 HMB_ROW_LISTS(start) + 2 * HMB_LIST_AREA_SIZE, HMB_ROW_LISTS(start) + 3 * HMB_LIST_AREA_SIZE},        \
        .bank = {HMB_ROW_BANK(HMB_ROW_FIRMWARE(start), firmware_id, HMV_KIND_FIRMWARE, firmware),                      \
                 HMB_ROW_BANK(HMB_ROW_PARAMETERS(start, firmware), parameters_id, HMV_KIND_PARAMETERS, parameters)},   \
        .end = HMB_ROW_END(start, firmware, parameters)                                                                \
    }

/* The first words of a slot's and of a list area's header; the second is the size of the envelope. */
#define HMB_SLOT_MAGIC 0x4C534D48u
#define HMB_LIST_MAGIC 0x4C544D48u
/* A slot's progress marks, in the units behind its header: the second word is how many erase blocks of payload are
 * complete. Only the application reads them. */
#define HMB_MARK_MAGIC 0x4B4D4D48u

#endif
