#include "journal.h"

#include <string.h>

enum { BLOCKS = 2 };

/* What an entry takes: whole units. */
static uint32_t place_size(const hmb_journal *journal) {
    return (journal->head.size + HMB_UNIT_SIZE - 1) / HMB_UNIT_SIZE * HMB_UNIT_SIZE;
}

static uint32_t places(const hmb_journal *journal) { return HMB_ERASE_SIZE / place_size(journal); }

static uint32_t place_at(const hmb_journal *journal, uint32_t block, uint32_t place) {
    return journal->at + block * HMB_ERASE_SIZE + place * place_size(journal);
}

static void check_of(const uint8_t *entry, uint32_t size, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256 hash;
    hmv_sha256_init(&hash);
    hmv_sha256_update(&hash, entry, size - HMB_CHECK_SIZE);
    hmv_sha256_final(&hash, digest);
}

/* Is the entry at that place whole? It is left in ENTRY. */
static int read_whole(const hmb_journal *journal, uint32_t at, uint8_t *entry) {
    uint8_t digest[HMV_SHA256_SIZE];
    uint32_t size = journal->head.size;
    hmb_entry head;
    if (journal->flash->read(journal->flash->context, at, entry, size) != HMV_GOOD) return 0;
    memcpy(&head, entry, sizeof head);
    if (head.magic != journal->head.magic || head.size != size || head.number == 0) return 0;
    check_of(entry, size, digest);
    return hmb_same(digest, entry + size - HMB_CHECK_SIZE, HMB_CHECK_SIZE) == HMV_GOOD;
}

static uint64_t number_of(const uint8_t *entry) {
    hmb_entry head;
    memcpy(&head, entry, sizeof head);
    return head.number;
}

/* The last whole entry of BLOCK is left in ENTRY; the answer is its place, or the number of places if there is none. */
static uint32_t last_of(const hmb_journal *journal, uint32_t block, uint8_t *entry) {
    for (uint32_t place = places(journal); place-- > 0;)
        if (read_whole(journal, place_at(journal, block, place), entry)) return place;
    memset(entry, 0, journal->head.size);
    return places(journal);
}

/* The place behind PLACE that is blank, or the number of places. */
static uint32_t blank_behind(const hmb_journal *journal, uint32_t place) {
    for (place++; place < places(journal); place++)
        if (hmb_flash_blank(journal->flash, place_at(journal, journal->block, place), place_size(journal)) == HMV_GOOD)
            return place;
    return places(journal);
}

hmv_verdict hmb_journal_open(hmb_journal *journal, const hmb_flash *flash, uint32_t at, uint32_t magic, uint8_t *entry,
                             uint32_t size) {
    uint64_t numbers[BLOCKS];
    uint32_t last[BLOCKS];
    *journal = (hmb_journal){.flash = flash, .at = at, .head = {.magic = magic, .size = size}};
    for (uint32_t block = 0; block < BLOCKS; block++) {
        last[block] = last_of(journal, block, entry);
        numbers[block] = number_of(entry);
    }
    journal->block = numbers[1] > numbers[0] ? 1 : 0;
    journal->head.number = numbers[journal->block];
    if (journal->head.number == 0) { /* the next append begins the first block */
        journal->block = 1;
        journal->next = places(journal);
        return HMV_BAD;
    }
    journal->next = blank_behind(journal, last[journal->block]);
    return read_whole(journal, place_at(journal, journal->block, last[journal->block]), entry) &&
                   number_of(entry) == journal->head.number
               ? HMV_GOOD
               : HMV_BAD;
}

/* Room for one more entry: in this block, or in the other, which is erased even if it looks blank: power may have
 * failed while it was being erased. */
static hmv_verdict make_room(hmb_journal *journal) {
    if (journal->next < places(journal)) return HMV_GOOD;
    if (hmb_flash_erase(journal->flash, place_at(journal, 1 - journal->block, 0), HMB_ERASE_SIZE) != HMV_GOOD)
        return HMV_BAD;
    journal->block = 1 - journal->block;
    journal->next = 0;
    return HMV_GOOD;
}

/* The next number, and the check. */
static void finish(hmb_journal *journal, uint8_t *entry) {
    uint8_t digest[HMV_SHA256_SIZE];
    uint32_t size = journal->head.size;
    journal->head.number++;
    memcpy(entry, &journal->head, sizeof journal->head);
    check_of(entry, size, digest);
    memcpy(entry + size - HMB_CHECK_SIZE, digest, HMB_CHECK_SIZE);
}

hmv_verdict hmb_journal_append(hmb_journal *journal, uint8_t *entry) {
    if (make_room(journal) != HMV_GOOD) return HMV_BAD;
    finish(journal, entry);
    return hmb_flash_write(journal->flash, place_at(journal, journal->block, journal->next++), entry,
                           journal->head.size);
}

/* ---- the pair ---- */

/* Is there nothing in BLOCK behind PLACE? */
static int ends_with(const hmb_journal *journal, uint32_t block, uint32_t place) {
    uint32_t behind = (place + 1) * place_size(journal);
    return place < places(journal) &&
           hmb_flash_blank(journal->flash, place_at(journal, block, place + 1), HMB_ERASE_SIZE - behind) == HMV_GOOD;
}

/* The number of the last entry of each block; 0 in ENDED: something else is behind it. */
static void look_at(const hmb_journal *journal, uint8_t *entry, uint64_t number[BLOCKS], uint32_t last[BLOCKS],
                    int ended[BLOCKS]) {
    for (uint32_t block = 0; block < BLOCKS; block++) {
        last[block] = last_of(journal, block, entry);
        number[block] = number_of(entry);
        ended[block] = ends_with(journal, block, last[block]);
    }
}

hmv_verdict hmb_pair_open(hmb_pair *pair, const hmb_flash *flash, uint32_t at, uint32_t magic, uint8_t *entry,
                          uint32_t size) {
    hmb_journal *journal = &pair->journal;
    uint64_t number[BLOCKS];
    uint32_t last[BLOCKS], holder = BLOCKS;
    int ended[BLOCKS];
    *pair = (hmb_pair){.journal = {.flash = flash, .at = at, .head = {.magic = magic, .size = size}}};
    look_at(journal, entry, number, last, ended);
    journal->head.number = number[1] > number[0] ? number[1] : number[0];
    for (uint32_t block = 0; block < BLOCKS; block++) {
        int holds = number[block] != 0 && number[block] == journal->head.number && ended[block];
        pair->next[block] = holds ? last[block] + 1 : places(journal);
        if (holds) holder = block;
        pair->held += holds ? 1 : 0;
    }
    pair->first = holder < BLOCKS ? 1 - holder : 0;
    if (holder < BLOCKS && read_whole(journal, place_at(journal, holder, last[holder]), entry)) return HMV_GOOD;
    memset(entry, 0, size);
    return HMV_BAD;
}

static hmv_verdict is_there(const hmb_journal *journal, uint32_t at, const uint8_t *entry) {
    enum { PIECE = 16 };
    uint8_t piece[PIECE];
    for (uint32_t done = 0; done < journal->head.size; done += PIECE) {
        uint32_t size = journal->head.size - done < PIECE ? journal->head.size - done : PIECE;
        if (journal->flash->read(journal->flash->context, at + done, piece, size) != HMV_GOOD ||
            hmb_same(piece, entry + done, size) != HMV_GOOD)
            return HMV_BAD;
    }
    return HMV_GOOD;
}

static hmv_verdict put_in(hmb_pair *pair, uint32_t block, const uint8_t *entry) {
    const hmb_journal *journal = &pair->journal;
    uint32_t at;
    if (pair->next[block] >= places(journal)) {
        if (hmb_flash_erase(journal->flash, place_at(journal, block, 0), HMB_ERASE_SIZE) != HMV_GOOD) return HMV_BAD;
        pair->next[block] = 0;
    }
    at = place_at(journal, block, pair->next[block]++);
    if (hmb_flash_write(journal->flash, at, entry, journal->head.size) != HMV_GOOD) return HMV_BAD;
    return is_there(journal, at, entry);
}

hmv_verdict hmb_pair_append(hmb_pair *pair, uint8_t *entry) {
    finish(&pair->journal, entry);
    if (put_in(pair, pair->first, entry) != HMV_GOOD) return HMV_BAD;
    return put_in(pair, 1 - pair->first, entry);
}
