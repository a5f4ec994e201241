#include "signing_keys.h"

#include "certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct hm_candidate {
    int64_t product;
    int algorithm;
    bool active;
    int64_t row; /* rises with age */
    char release[65];
    uint8_t token_id[HM_KEY_ID_LEN];
} candidate;

typedef struct {
    const hm_office *office;
    hm_signing_keys *keys;
} listing;

static hm_err keep(void *context, const hm_key_row *row) {
    listing *l = context;
    candidate *larger = reallocarray(l->keys->key, l->keys->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    l->keys->key = larger;
    candidate *c = &larger[l->keys->count++];
    *c = (candidate){.product = row->product,
                     .algorithm = row->algorithm,
                     .active = hm_key_state_of(l->office, row->token_id) == HM_KEY_ACTIVE,
                     .row = row->id};
    snprintf(c->release, sizeof c->release, "%.*s", (int)row->release.len, (const char *)row->release.data);
    memcpy(c->token_id, row->token_id, sizeof c->token_id);
    return HM_OK;
}

static int compare(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

static int by_use(const candidate *a, const candidate *b) {
    int order = compare(a->product, b->product);
    if (!order) order = compare(a->algorithm, b->algorithm);
    return order ? order : strcmp(a->release, b->release);
}

/* Of those for the same use the one that signs comes last. */
static int by_turn(const void *one, const void *other) {
    const candidate *a = one, *b = other;
    int order = by_use(a, b);
    if (!order) order = compare(a->active, b->active);
    return order ? order : compare(a->row, b->row);
}

static int by_id(const void *a, const void *b) {
    return memcmp(((const candidate *)a)->token_id, ((const candidate *)b)->token_id, HM_KEY_ID_LEN);
}

hm_err hm_signing_keys_find(hm_office *office, int64_t product, hm_signing_keys *keys) {
    listing l = {office, keys};
    size_t found, kept = 0;
    HM_TRY(hm_store_keys(office->store, product, HM_KEY_ROLE_SIGNING, 0, keep, &l, &found));
    if (product < 0) HM_TRY(hm_store_keys(office->store, 0, HM_KEY_ROLE_TSA, 0, keep, &l, &found));
    if (!keys->count) return HM_OK;
    qsort(keys->key, keys->count, sizeof *keys->key, by_turn);
    for (size_t i = 0; i < keys->count; i++)
        if (i + 1 == keys->count || by_use(&keys->key[i], &keys->key[i + 1]) != 0) keys->key[kept++] = keys->key[i];
    keys->count = kept;
    qsort(keys->key, keys->count, sizeof *keys->key, by_id);
    return HM_OK;
}

void hm_signing_keys_clear(hm_signing_keys *keys) { free(keys->key); }

bool hm_signing_keys_has(const hm_signing_keys *keys, const uint8_t token_id[static HM_KEY_ID_LEN]) {
    candidate wanted;
    memcpy(wanted.token_id, token_id, sizeof wanted.token_id);
    return keys->count && bsearch(&wanted, keys->key, keys->count, sizeof wanted, by_id);
}

static hm_err may_sign(hm_office *office, const hm_key_row *row, const hm_product *product) {
    hm_key_terms terms;
    HM_TRY(hm_key_terms_of(office, hm_text(product->name), &terms));
    if (terms.per_release != (row->release.len != 0)) return hm_refuse("keys serve otherwise, by the policy");
    /* Without a certificate it is given one when it is needed. */
    if (row->certificate.len) HM_TRY(hm_certificate_may_sign(office, row));
    if (row->certificate.len && row->not_after < hm_now()) return hm_refuse("its certificate has expired");
    hm_signing_key key = {.created = row->created, .imported = row->imported};
    memcpy(key.token_id, row->token_id, sizeof key.token_id);
    return hm_key_serves(office, product, &key, hm_now());
}

hm_err hm_signing_key_signs(hm_office *office, const hm_signing_keys *keys, const hm_key_row *row,
                            const hm_product *product, bool *signs) {
    *signs = false;
    if (row->role != HM_KEY_ROLE_SIGNING || hm_key_state_of(office, row->token_id) != HM_KEY_ACTIVE ||
        !hm_signing_keys_has(keys, row->token_id))
        return HM_OK;
    hm_err err = may_sign(office, row, product);
    *signs = !hm_failed(err);
    return *signs || err.class == HM_REFUSED ? HM_OK : err;
}
