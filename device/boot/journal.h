/* Entries of one size, appended in two erase blocks; the whole one with the highest number is the latest. As a ring,
 * for records, or as a pair, for the state.
 *
 * The ring: when a block is full the other is erased and gets the next entry, so the latest never lies in a block that
 * is being erased. Entries begin at units. An entry begins with an hmb_entry and ends with HMB_CHECK_SIZE bytes of
 * SHA-256 over what is before; one that power failure cut short is passed over, and its place with it. */
#ifndef HALLMARK_BOOT_JOURNAL_H
#define HALLMARK_BOOT_JOURNAL_H

#include "flash.h"

enum { HMB_CHECK_SIZE = 16 };

typedef struct hmb_entry {
    uint32_t magic;
    uint32_t size; /* of the whole entry; it takes whole units */
    uint64_t number;
} hmb_entry;

typedef struct hmb_journal {
    const hmb_flash *flash;
    uint32_t at;
    hmb_entry head; /* of the latest */
    uint32_t block; /* of the latest, 0 or 1 */
    uint32_t next;  /* place in that block where the next entry goes; past the last: the other block is next */
} hmb_journal;

/* Finds the latest entry of that magic and SIZE and copies it to ENTRY. HMV_BAD: there is none; ENTRY is all zero, and
 * an append erases the first block and begins there. */
hmv_verdict hmb_journal_open(hmb_journal *journal, const hmb_flash *flash, uint32_t at, uint32_t magic, uint8_t *entry,
                             uint32_t size);
/* Fills in ENTRY's head and check and writes it. On failure ENTRY's content is unspecified and the latest in flash is
 * still the one before, or, if power failed in the last instant, this one. */
hmv_verdict hmb_journal_append(hmb_journal *journal, uint8_t *entry);

/* Likewise, but each entry is written to both blocks, one after the other, and counts as stored when both have it.
 *
 * A block holds the latest if that is its last whole entry and nothing but blank flash is behind it. The block that
 * does not hold it is erased and written first; the one that does is left alone until the other has the next one whole.
 * So, whenever power fails or the flash does, one block holds the latest, and what no power failure leaves, that both
 * have something broken behind their last, is damage: the entry before is not taken for the latest. */
typedef struct hmb_pair {
    hmb_journal journal;
    uint32_t next[2]; /* the place in each block; past the last: it is erased first */
    uint32_t first;   /* the block that is written first */
    uint32_t held;    /* blocks that hold the latest */
} hmb_pair;

/* HMV_BAD: no block holds the latest; ENTRY is all zero. HELD says whether both do. */
hmv_verdict hmb_pair_open(hmb_pair *pair, const hmb_flash *flash, uint32_t at, uint32_t magic, uint8_t *entry,
                          uint32_t size);
/* HMV_GOOD: both blocks have it, and were read back. Otherwise the pair is to be opened again before it is used. */
hmv_verdict hmb_pair_append(hmb_pair *pair, uint8_t *entry);

#endif
