/* Entries of one size, appended in two erase blocks; the whole one with the highest number is the latest.
 *
 * When a block is full the other is erased and gets the next entry, so the latest never lies in a block that is being
 * erased. Entries begin at units. An entry begins with an hmb_entry and ends with HMB_CHECK_SIZE bytes of SHA-256 over
 * what is before; one that power failure cut short is passed over, and its place with it. */
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

#endif
