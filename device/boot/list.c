/* Trust lists: the one in force, the earlier ones that a confirmed release may still need, and the one that is offered.
 * They lie in areas that are locked, but for the free one; the state says what must be found in them. */
#include "parts.h"

#include <string.h>

static hmv_bytes read_area(const hmb_boot *boot, uint32_t area, hmb_open_list *list) {
    const hmb_flash *flash = boot->board->flash;
    hmv_bytes none = {list->data, 0}, envelope = none;
    uint32_t words[2], at;
    memset(&list->trust, 0, sizeof list->trust);
    list->size = 0; /* what it held is written over: only a list that is judged has to stand */
    if (area >= HMB_LISTS) return none;
    at = boot->board->layout->list[area];
    if (hmb_words_read(flash, at, words) != HMV_GOOD || words[0] != HMB_LIST_MAGIC) return none;
    if (words[1] == 0 || words[1] > sizeof list->data) return none;
    envelope.size = words[1];
    return flash->read(flash->context, at + HMB_WORDS_SIZE, list->data, words[1]) == HMV_GOOD ? envelope : none;
}

static void digest_of(hmv_bytes data, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256 hash;
    hmv_sha256_init(&hash);
    hmv_sha256_update(&hash, data.data, data.size);
    hmv_sha256_final(&hash, digest);
}

static void hold(hmb_open_list *list, hmv_bytes envelope, const uint8_t *digest) {
    list->size = (uint32_t)envelope.size;
    memcpy(list->digest, digest, sizeof list->digest);
}

hmv_reason hmb_lists_stand(const hmb_boot *boot) {
    volatile hmv_reason same[2] = {HMV_UNDECIDED, HMV_UNDECIDED};
    for (size_t i = 0; i < 2; i++) {
        const hmb_open_list *list = &boot->list[i];
        uint8_t digest[HMV_SHA256_SIZE];
        same[i] = HMV_ACCEPTED;
        if (list->size == 0) continue;
        digest_of((hmv_bytes){list->data, list->size}, digest);
        same[i] = hmb_same(digest, list->digest, sizeof digest); /* HMV_GOOD is HMV_ACCEPTED */
    }
    return same[0] & same[1];
}

const uint8_t *hmb_list_roots(const hmb_boot *boot, const hmb_list *list) {
    return hmb_is_zero(list->roots, sizeof list->roots) ? boot->board->identity->roots : list->roots;
}

/* Genuine, and the very one that was taken: an older list by the same roots is genuine too. */
static hmv_reason open_list(hmb_boot *boot, const hmb_list *wanted, hmb_open_list *list) {
    uint8_t digest[HMV_SHA256_SIZE];
    volatile hmv_reason genuine = HMV_UNDECIDED, same = HMV_UNDECIDED;
    hmv_bytes envelope = read_area(boot, wanted->area, list);
    if (envelope.size == 0) return HMB_LIST_LOST;
    digest_of(envelope, digest);
    hold(list, envelope, wanted->digest);
    same = hmb_same(digest, wanted->digest, sizeof digest);
    genuine = hmv_trust_open(&boot->config, envelope, hmb_list_roots(boot, wanted), wanted->version, &list->trust);
    hmv_reason answer = genuine & same;
    if (HMV_IS_ACCEPTED(answer)) return answer;
    memset(&list->trust, 0, sizeof list->trust);
    return genuine != HMV_ACCEPTED ? genuine : HMB_LIST_LOST;
}

hmv_reason hmb_list_open(hmb_boot *boot) { return open_list(boot, &boot->state.list, &boot->list[boot->in_force]); }

hmv_reason hmb_list_open_earlier(hmb_boot *boot, const hmb_list *list) {
    return open_list(boot, list, &boot->list[1 - boot->in_force]);
}

uint32_t hmb_free_area(const hmb_state *state) {
    for (uint32_t area = 0; area < HMB_LISTS; area++) {
        int used = state->list.area == area;
        for (size_t bank = 0; bank < HMB_BANKS; bank++) used = used || state->bank[bank].earlier.area == area;
        if (!used) return area;
    }
    return HMB_NONE; /* there is one area more than there can be lists */
}

/* P7: what is confirmed keeps the list that it was accepted under until it, or an update, satisfies the new one. */
static void keep_for_confirmed(hmb_state *state) {
    for (size_t bank = 0; bank < HMB_BANKS; bank++)
        if (state->bank[bank].active < HMB_SLOTS && state->bank[bank].earlier.area == HMB_NONE)
            state->bank[bank].earlier = state->list;
}

hmv_reason hmb_list_take(hmb_boot *boot) {
    hmb_open_list *next = &boot->list[1 - boot->in_force];
    hmb_list taken = {.area = hmb_free_area(&boot->state)};
    hmv_bytes envelope = read_area(boot, taken.area, next);
    if (envelope.size == 0) return HMB_EMPTY;
    volatile hmv_reason answer = HMV_UNDECIDED;
    answer = hmv_trust_update(&boot->config, &boot->list[boot->in_force].trust, envelope, &next->trust, taken.roots);
    if (!HMV_IS_ACCEPTED(answer)) return answer;
    taken.version = next->trust.version;
    digest_of(envelope, taken.digest);
    hold(next, envelope, taken.digest);
    keep_for_confirmed(&boot->state);
    boot->state.list = taken;
    boot->in_force = 1 - boot->in_force;
    boot->changed = 1;
    return answer;
}
