/* What numbers the product's releases were given so far: found in the log's own details of what was asked to be signed,
 * under a tag of the product's, so no table can fall behind. Time follows the number of releases; details that were
 * erased are not counted. */
#include "office.h"

#include <base/json.h>

#include <string.h>

enum { REMARK_ENOUGH = 480 }; /* of the 2000 that the core's language has for it */

/* "releas" and the product, so that one product's releases are found alone. */
uint64_t hm_releases_tag(const hm_product *product) {
    return UINT64_C(0x72656c6561730000) ^ (uint64_t)product->id << 48 ^ (uint64_t)product->id;
}

typedef struct {
    uint64_t number;
    char release[65]; /* which had it */
} record;

typedef struct {
    const hmv_release *release; /* NULL: none to compare with */
    hm_bytes content;           /* its digest: the same once more is no other release */
    record sequence, security[HMV_COMPONENTS_MAX];
} history;

static void raise_record(record *r, uint64_t number, hm_bytes release) {
    if (number < r->number) return;
    r->number = number;
    size_t len = release.len < sizeof r->release - 1 ? release.len : sizeof r->release - 1;
    memcpy(r->release, release.data, len);
    r->release[len] = 0;
}

static bool number_at(const uint8_t *at, const uint8_t *end, uint64_t *number) {
    size_t len = 0;
    while (at + len < end && at[len] >= '0' && at[len] <= '9') len++;
    return !hm_failed(hm_decimal_decode(HM_BYTES(at, len), number));
}

/* The canonical text of a component holds "id", "kind", "security_version" in this order, and no quote of a member's
 * name stands unescaped in a value. */
static bool security_of(hm_bytes components, hm_bytes id, uint64_t *number) {
    static const char member[] = "\"security_version\":";
    HM_BUF needle = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&needle);
    hm_json_object(&json, NULL);
    hm_json_text(&json, "id", id);
    hm_json_close_object(&json);
    if (hm_failed(hm_json_end(&json)) || needle.len < 3) return false;
    const uint8_t *end = components.data + components.len;
    const uint8_t *at = memmem(components.data, components.len, needle.data + 1, needle.len - 2);
    if (at) at = memmem(at, (size_t)(end - at), member, sizeof member - 1);
    return at && number_at(at + sizeof member - 1, end, number);
}

/* Whether that release had a component of this one's; RAISE: its security versions count. */
static bool recall_components(history *h, hm_bytes components, hm_bytes version, bool raise) {
    bool shared = false;
    for (size_t i = 0; i < h->release->components; i++) {
        hmv_bytes id = h->release->component[i].id;
        uint64_t number;
        if (!security_of(components, HM_BYTES(id.data, id.size), &number)) continue;
        shared = true;
        if (raise) raise_record(&h->security[i], number, version);
    }
    return shared;
}

static hm_err recall(void *context, const hm_entry_row *entry) {
    history *h = context;
    hm_leaf leaf;
    hm_bytes manifest, version, text, components;
    uint64_t sequence;
    bool found, exception;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    if (leaf.type != HM_LEAF_INTENT || leaf.format != HM_LOGGED_MANIFEST) return HM_OK;
    if (hm_bytes_equal(HM_BYTES(leaf.digest, leaf.digest_len), h->content)) return HM_OK;
    hm_json_member(entry->details, "manifest", &manifest, &found);
    if (found) hm_json_member(manifest, "version", &version, &found);
    if (found) hm_json_member(manifest, "sequence", &text, &found);
    if (!found || hm_failed(hm_decimal_decode(text, &sequence))) return HM_OK;
    hm_json_member(manifest, "device", &text, &exception);
    hm_json_member(manifest, "components", &components, &found);
    /* Devices count the releases of each component by themselves (docs/manifest.md). */
    if (!h->release || (found && recall_components(h, components, version, !exception)))
        raise_record(&h->sequence, sequence, version);
    return HM_OK;
}

hm_err hm_releases_highest(const hm_office *office, uint64_t *sequence) {
    history h = {.release = NULL};
    HM_TRY(hm_store_entries_tagged(office->store, hm_releases_tag(&office->session->product), recall, &h));
    *sequence = h.sequence.number;
    return HM_OK;
}

static hm_err put_remarks(const history *h, hm_buf *remark) {
    const hmv_release *release = h->release;
    if (h->sequence.release[0] && release->sequence <= h->sequence.number)
        HM_TRY(hm_put_format(
            remark,
            "sequence number %llu is not above %llu, which release %s was given: devices that have taken that will refuse this",
            (unsigned long long)release->sequence, (unsigned long long)h->sequence.number, h->sequence.release));
    for (size_t i = 0; i < release->components && remark->len < REMARK_ENOUGH; i++) {
        const hmv_component *component = &release->component[i];
        if (component->security_version >= h->security[i].number) continue;
        HM_TRY(hm_put_format(remark, "%scomponent %.*s: security version %llu is below %llu, which release %s had",
                             remark->len ? "; " : "", (int)component->id.size, (const char *)component->id.data,
                             (unsigned long long)component->security_version, (unsigned long long)h->security[i].number,
                             h->security[i].release));
    }
    return HM_OK;
}

hm_err hm_releases_compare(const hm_office *office, const hmv_release *release, hm_bytes content, hm_buf *remark) {
    history h = {.release = release, .content = content};
    if (release->exception.size) return HM_OK;
    HM_TRY(hm_store_entries_tagged(office->store, hm_releases_tag(&office->session->product), recall, &h));
    return put_remarks(&h, remark);
}
