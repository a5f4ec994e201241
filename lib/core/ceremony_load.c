/* Which key's row is meant, and its key in the token. */
#include "ceremony.h"

#include <string.h>

void hm_loaded_key_clear(hm_loaded_key *loaded) { hm_buf_clear(&loaded->storage); }

hm_err hm_loaded_key_keep(void *context, const hm_key_row *row) {
    hm_loaded_key *loaded = context;
    HM_BUF own = HM_BUF_EMPTY;
    hm_bytes *const views[] = {&loaded->row.spki, &loaded->row.certificate, &loaded->row.chain, &loaded->row.release};
    const hm_bytes parts[] = {row->spki, row->certificate, row->chain, row->release};
    size_t at = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) HM_TRY(hm_put(&own, parts[i]));
    loaded->row = *row;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; at += parts[i++].len)
        HM_TRY(hm_bytes_part(hm_buf_bytes(&own), at, parts[i].len, views[i]));
    hm_buf_clear(&loaded->storage);
    loaded->storage = own;
    own = HM_BUF_EMPTY;
    return HM_OK;
}

/* The newest one that signs; if none does, the newest. */
static hm_err keep_newest(void *context, const hm_key_row *row) {
    hm_loaded_key *loaded = context;
    bool active = hm_key_state_of(loaded->office, row->token_id) == HM_KEY_ACTIVE;
    if (!hm_bytes_equal(row->release, loaded->release) || (loaded->active && !active)) return HM_OK;
    loaded->active = active;
    loaded->found = true;
    return hm_loaded_key_keep(loaded, row);
}

hm_err hm_ceremony_find_of(hm_office *office, int64_t product, hm_key_role role, int algorithm, hm_bytes release,
                           hm_loaded_key *loaded, bool *found) {
    size_t count;
    if (role != HM_KEY_ROLE_LOG) HM_TRY(hm_statements_load(office));
    loaded->office = office;
    loaded->release = release;
    loaded->active = loaded->found = false;
    HM_TRY(hm_store_keys(office->store, product, (int)role, algorithm, keep_newest, loaded, &count));
    *found = loaded->found;
    return HM_OK;
}

/* Rows come oldest first. */
static hm_err keep_last(void *context, const hm_key_row *row) {
    hm_loaded_key *loaded = context;
    if (!hm_bytes_equal(row->release, loaded->release)) return HM_OK;
    loaded->found = true;
    return hm_loaded_key_keep(loaded, row);
}

hm_err hm_ceremony_find_last(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                             hm_loaded_key *loaded, bool *found) {
    size_t count;
    loaded->release = release;
    loaded->found = false;
    HM_TRY(hm_store_keys(office->store, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, keep_last, loaded, &count));
    *found = loaded->found;
    return HM_OK;
}

hm_err hm_ceremony_find(hm_office *office, int64_t product, hm_key_role role, int algorithm, hm_loaded_key *loaded,
                        bool *found) {
    return hm_ceremony_find_of(office, product, role, algorithm, HM_NO_BYTES, loaded, found);
}

hm_err hm_ceremony_load(hm_office *office, const hm_product *product, hm_loaded_key *loaded) {
    /* What has no certificate yet will get one, for the key that the token has and none that the database names. */
    bool certified = loaded->row.certificate.len != 0;
    HM_TRY(hm_key_id_check(office, product, &loaded->row));
    HM_TRY(hm_key_may_sign(office, loaded->row.token_id));
    HM_TRY(hm_office_token(office));
    HM_TRY(hm_token_find(office->token, (hm_key_algorithm)loaded->row.algorithm, loaded->row.token_id,
                         certified ? loaded->row.spki : HM_NO_BYTES, &loaded->key));
    return hm_bytes_equal(hm_key_signer(loaded->key).spki, loaded->row.spki)
               ? HM_OK
               : hm_refuse("the token has another key than the database names: it was changed");
}

const char *hm_key_role_name(hm_key_role role) {
    switch (role) {
    case HM_KEY_ROLE_ROOT:
        return "root CA";
    case HM_KEY_ROLE_LOG:
        return "log";
    case HM_KEY_ROLE_PRODUCT_CA:
        return "product CA";
    case HM_KEY_ROLE_SIGNING:
        return "signing";
    case HM_KEY_ROLE_RECEIPT:
        return "receipt";
    case HM_KEY_ROLE_TRUST_ROOT:
        return "trust root";
    case HM_KEY_ROLE_TSA:
        return "timestamping";
    }
    return "unknown";
}

hm_err hm_ceremony_hand_out(const hm_loaded_key *loaded, hm_signing_key *signing) {
    hm_buf_clear(&signing->material);
    HM_TRY(hm_put(&signing->material, loaded->row.certificate));
    HM_TRY(hm_put(&signing->material, loaded->row.chain));
    HM_TRY(hm_chain_from_der(hm_buf_bytes(&signing->material), &signing->chain));
    if (!signing->chain.count) return hm_could_not("the key has no certificate");
    hm_sha256(signing->chain.cert[0], signing->certificate_sha256);
    memcpy(signing->token_id, loaded->row.token_id, sizeof signing->token_id);
    signing->created = loaded->row.created;
    signing->not_after = loaded->row.not_after;
    signing->imported = loaded->row.imported;
    signing->key = loaded->key;
    signing->ready = true;
    return HM_OK;
}
