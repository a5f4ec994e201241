#include "pair.h"

#include <base/json.h>

#include <string.h>

typedef struct {
    hm_bytes signature;
    size_t count;
    hm_pair found[HM_PAIRS_MAX]; /* without their intents' leaves and details */
} pair_search;

static hm_err match_outcome(void *context, const hm_entry_row *entry) {
    pair_search *search = context;
    hm_leaf leaf;
    bool erased;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    if (leaf.type != HM_LEAF_OUTCOME || !hm_bytes_equal(HM_BYTES(leaf.digest, leaf.digest_len), search->signature))
        return HM_OK;
    if (search->count == HM_PAIRS_MAX) search->count--; /* the first ones and the last */
    hm_pair *pair = &search->found[search->count++];
    *pair = (hm_pair){.intent = leaf.intent, .outcome = entry->index};
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    hm_bytes text = hm_json_text_of(entry->details, "structure");
    if (!erased && text.len < sizeof pair->structure && text.len) memcpy(pair->structure, text.data, text.len);
    return HM_OK;
}

static hm_err keep_intent(void *context, const hm_entry_row *entry) {
    hm_pair *pair = context;
    bool erased;
    HM_TRY(hm_leaf_get(entry->leaf, &pair->leaf));
    HM_TRY(hm_audit_details(&pair->leaf, entry, &erased));
    if (erased) return hm_refuse("the details of its intent were erased, so its release cannot be told");
    pair->details->len = 0;
    return hm_put(pair->details, entry->details);
}

static bool is_of_release(const hm_office *office, const hm_pair *pair) {
    return hm_bytes_equal(hm_json_text_of(hm_buf_bytes(pair->details), "release"), hm_text(office->session->release));
}

static bool is_of_product(const hm_office *office, const hm_pair *pair) {
    return pair->leaf.has_product &&
           memcmp(pair->leaf.product_class, office->session->product.class, sizeof pair->leaf.product_class) == 0;
}

hm_err hm_pair_find(hm_office *office, hm_bytes signature, hm_bytes content, hm_pair *pair) {
    static pair_search search; /* one core per process; too large for a stack */
    hm_buf *details = pair->details;
    search.signature = signature;
    search.count = 0;
    HM_TRY(hm_store_entries_tagged(office->store, hm_log_outcome_tag(signature), match_outcome, &search));
    if (!search.count) return hm_refuse("was not signed by this office: its signature is not in the log");
    for (size_t i = 0; i < search.count; i++) {
        *pair = search.found[i];
        pair->details = details;
        HM_TRY(hm_store_entries(office->store, pair->intent, 1, keep_intent, pair));
        if (is_of_product(office, pair) && is_of_release(office, pair)) break;
    }
    bool right = pair->leaf.type == HM_LEAF_INTENT &&
                 hm_bytes_equal(HM_BYTES(pair->leaf.digest, pair->leaf.digest_len), content);
    return right ? HM_OK : hm_refuse("was changed since: its signature was made over other content");
}

hm_err hm_pair_check_release(const hm_office *office, const hm_pair *pair) {
    hm_bytes release = hm_json_text_of(hm_buf_bytes(pair->details), "release");
    if (!is_of_product(office, pair))
        return hm_refuse("was signed for another product than %s", office->session->product.name);
    if (is_of_release(office, pair) || !office->session->release[0]) return HM_OK;
    return release.len ? hm_refuse("was signed for release %.*s, not for %s", (int)release.len,
                                   (const char *)release.data, office->session->release)
                       : hm_refuse("was signed for no release, and not for %s", office->session->release);
}
