/* The entries of certificates: one may have several. */
#include "certificates.h"

#include <base/json.h>

#include <stdlib.h>
#include <string.h>

/* What is found by a tag: the entry's details must be those of its leaf, and be there. */
hm_err hm_certificate_entry_open(const hm_entry_row *entry, hm_leaf *leaf) {
    bool erased;
    HM_TRY(hm_leaf_get(entry->leaf, leaf));
    HM_TRY(hm_audit_details(leaf, entry, &erased));
    return erased ? hm_refuse("the details of entry %llu, about a certificate, were erased",
                              (unsigned long long)entry->index)
                  : HM_OK;
}

bool hm_certificate_entry_is_imported(const hm_entry_row *entry) {
    return hm_bytes_equal(hm_json_text_of(entry->details, "act"), hm_text("certificate brought in"));
}

static hm_err keep(void *context, const hm_entry_row *row) {
    hm_certificate_entries *entries = context;
    hm_leaf leaf;
    HM_TRY(hm_certificate_entry_open(row, &leaf));
    if (leaf.type != HM_LEAF_CEREMONY || leaf.digest_len != HM_SHA256_LEN) return HM_OK;
    hm_certificate_entry *larger = reallocarray(entries->entry, entries->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    entries->entry = larger;
    hm_certificate_entry *entry = &larger[entries->count++];
    *entry = (hm_certificate_entry){.index = row->index, .imported = hm_certificate_entry_is_imported(row)};
    memcpy(entry->sha256, leaf.digest, sizeof entry->sha256);
    return HM_OK;
}

static int by_sha256(const void *a, const void *b) {
    return memcmp(((const hm_certificate_entry *)a)->sha256, ((const hm_certificate_entry *)b)->sha256, HM_SHA256_LEN);
}

/* Of those with one SHA-256 the one that counts comes first. */
static int by_rank(const void *one, const void *other) {
    const hm_certificate_entry *a = one, *b = other;
    int order = by_sha256(a, b);
    if (!order) order = a->imported - b->imported;
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

hm_err hm_certificate_entries_find(hm_office *office, hm_certificate_entries *entries) {
    size_t kept = 0;
    HM_TRY(hm_store_entries_tagged(office->store, HM_CERTIFICATES_TAG, keep, entries));
    if (!entries->count) return HM_OK;
    qsort(entries->entry, entries->count, sizeof *entries->entry, by_rank);
    for (size_t i = 0; i < entries->count; i++)
        if (!i || by_sha256(&entries->entry[i], &entries->entry[kept - 1]) != 0)
            entries->entry[kept++] = entries->entry[i];
    entries->count = kept;
    return HM_OK;
}

void hm_certificate_entries_clear(hm_certificate_entries *entries) { free(entries->entry); }

bool hm_certificate_entry_counts(const hm_certificate_entries *entries, const uint8_t sha256[static HM_SHA256_LEN],
                                 uint64_t index) {
    hm_certificate_entry wanted;
    memcpy(wanted.sha256, sha256, sizeof wanted.sha256);
    const hm_certificate_entry *found =
        entries->count ? bsearch(&wanted, entries->entry, entries->count, sizeof wanted, by_sha256) : NULL;
    return found && found->index == index;
}
