/* NOR flash, as the first stage and the application see it: erased in blocks, which makes every bit 1; programmed in
 * units, each once between two erases, which clears bits. Power may fail in the midst of either, and leaves any mixture
 * of before and after. Nothing here assumes more. */
#ifndef HALLMARK_BOOT_FLASH_H
#define HALLMARK_BOOT_FLASH_H

#include <hallmark/verify.h>

/* The part's sizes; a port gives its own to the compiler (-DHMB_UNIT_SIZE=32), for the first stage and the application
 * alike. A unit is at least what the part's error-correcting code covers; smaller parts of a unit are never programmed.
 */
#ifndef HMB_ERASE_SIZE
#define HMB_ERASE_SIZE 4096
#endif
#ifndef HMB_UNIT_SIZE
#define HMB_UNIT_SIZE 16
#endif
_Static_assert(HMB_UNIT_SIZE == 4 || HMB_UNIT_SIZE == 8 || HMB_UNIT_SIZE == 16 || HMB_UNIT_SIZE == 32 ||
                   HMB_UNIT_SIZE == 64,
               "HMB_UNIT_SIZE is 4, 8, 16, 32 or 64");
_Static_assert(
    HMB_ERASE_SIZE >= 1024 && HMB_ERASE_SIZE % HMB_UNIT_SIZE == 0,
    "HMB_ERASE_SIZE is a multiple of HMB_UNIT_SIZE and at least 1024: the state's snapshot lies in one block");

/* What a port supplies. Addresses are offsets into the flash. Whatever is not HMV_GOOD means: it did not happen, or not
 * wholly. `program` gets whole units at a unit's address; `erase` a block's address. */
typedef struct hmb_flash {
    void *context;
    hmv_verdict (*read)(void *context, uint32_t at, uint8_t *data, size_t size);
    hmv_verdict (*program)(void *context, uint32_t at, const uint8_t *data, size_t size);
    hmv_verdict (*erase)(void *context, uint32_t at);
} hmb_flash;

typedef struct hmb_range {
    uint32_t from, size;
} hmb_range;

/* Is every byte there 0xFF? HMV_BAD also if it cannot be read. */
hmv_verdict hmb_flash_blank(const hmb_flash *flash, uint32_t at, size_t size);
/* Any number of bytes at a unit's address; the last unit is filled up with 0xFF. */
hmv_verdict hmb_flash_write(const hmb_flash *flash, uint32_t at, const uint8_t *data, size_t size);
hmv_verdict hmb_flash_erase(const hmb_flash *flash, uint32_t at, size_t size);

/* Two words in HMB_WORDS_SIZE bytes at a unit's address: each beside its complement, so that what power failure left
 * half programmed is never taken for another word: programming only clears bits, and a bit cleared too few shows in one
 * of the two. Larger units are filled up with 0xFF; of smaller ones there are several. */
enum { HMB_WORDS_SIZE = HMB_UNIT_SIZE > 16 ? HMB_UNIT_SIZE : 16 };
hmv_verdict hmb_words_read(const hmb_flash *flash, uint32_t at, uint32_t words[2]);
hmv_verdict hmb_words_write(const hmb_flash *flash, uint32_t at, uint32_t first, uint32_t second);

/* HMV_GOOD if the octets are the same. As in the verifier there is no branch that decides; SIZE is not 0. */
hmv_verdict hmb_same(const uint8_t *a, const uint8_t *b, size_t size);

#endif
