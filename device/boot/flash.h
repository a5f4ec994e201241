/* NOR flash, as the first stage and the application see it: erased in blocks, which makes every bit 1; programmed in
 * units, each once between two erases, which clears bits. Power may fail in the midst of either, and leaves any mixture
 * of before and after. Nothing here assumes more. */
#ifndef HALLMARK_BOOT_FLASH_H
#define HALLMARK_BOOT_FLASH_H

#include <hallmark/verify.h>

enum { HMB_ERASE_SIZE = 4096, HMB_UNIT_SIZE = 16 };

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

/* A unit that says two words: each beside its complement, so that a unit which power failure left half programmed is
 * never taken for another word: programming only clears bits, and a bit cleared too few shows in one of the two. */
hmv_verdict hmb_words_read(const hmb_flash *flash, uint32_t at, uint32_t words[2]);
hmv_verdict hmb_words_write(const hmb_flash *flash, uint32_t at, uint32_t first, uint32_t second);

/* HMV_GOOD if the octets are the same. As in the verifier there is no branch that decides; SIZE is not 0. */
hmv_verdict hmb_same(const uint8_t *a, const uint8_t *b, size_t size);

#endif
