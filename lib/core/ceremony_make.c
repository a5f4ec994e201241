/* How a key comes to be: made in the token or taken over there, and recorded together with its log entry. */
#include "ceremony.h"

#include <base/json.h>

#include <stdio.h>
#include <string.h>

/* WAS: the id that an imported key came with. */
static hm_err log_key_made(hm_office *office, const hm_product *product, const hm_key_row *row,
                           const hm_key_origin *origin, hm_bytes was) {
    hm_digest digest;
    hm_digest_of(HM_SHA256, row->spki, &digest);
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_log_act(office, row->imported ? "key imported" : "key generated", &details);
    hm_json_string(&json, "algorithm", hm_key_algorithm_name((hm_key_algorithm)row->algorithm));
    if (row->imported) hm_json_bool(&json, "imported", true);
    hm_json_hex(&json, "key", HM_ARRAY(row->token_id));
    hm_json_bool(&json, "made_in_token", origin->local);
    hm_json_bool(&json, "never_extractable", origin->never_extractable);
    if (product) hm_json_string(&json, "product", product->name);
    if (row->release.len) hm_json_text(&json, "release", row->release);
    hm_json_string(&json, "role", hm_key_role_name(row->role));
    hm_json_number(&json, "time", hm_now());
    hm_json_string(&json, "token", office->token_name);
    if (row->imported) hm_json_hex(&json, "was", was);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY,
                        .product = product,
                        .digest = hm_digest_bytes(&digest),
                        .details = hm_buf_bytes(&details)};
    uint64_t index;
    return hm_log_append(office, &record, &index);
}

/* P2: what the token says of the key is asked for, not assumed. */
static hm_err check_origin(hm_key *key, hm_key_origin *origin) {
    HM_TRY(hm_key_inspect(key, origin));
    if (!origin->local || !origin->never_extractable || !origin->sensitive)
        return hm_refuse("the token made a key that could leave it (use a token that keeps private keys)");
    return HM_OK;
}

static hm_err record_key(hm_office *office, const hm_product *product, hm_key_row *row, const hm_key_origin *origin,
                         hm_bytes was) {
    HM_TRY(hm_store_begin(office->store));
    hm_err err = hm_store_add_key(office->store, row, &row->id);
    if (!hm_failed(err)) err = log_key_made(office, product, row, origin, was);
    if (!hm_failed(err)) return hm_store_commit(office->store);
    hm_store_rollback(office->store);
    return err;
}

/* Of two keys for the same that are made in one second the second is called a second younger: ids tell them apart. */
static hm_err new_id(hm_office *office, const hm_product *product, hm_key_row *row) {
    bool there = true;
    for (; there; row->created += there) {
        HM_TRY(hm_key_id_new(office, product, row));
        HM_TRY(hm_token_has(office->token, (hm_key_algorithm)row->algorithm, row->token_id, &there));
    }
    return HM_OK;
}

hm_err hm_ceremony_make_of(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                           hm_bytes release, hm_loaded_key *loaded) {
    HM_TRY(hm_office_token(office));
    hm_key_row row = {.product = product ? product->id : 0,
                      .role = role,
                      .algorithm = (int)algorithm,
                      .created = hm_now(),
                      .release = release};
    HM_TRY(new_id(office, product, &row));
    char label[128];
    snprintf(label, sizeof label, "%s %s %s", product ? product->name : "office", hm_key_role_name(role),
             hm_key_algorithm_name(algorithm));
    HM_TRY(hm_token_generate(office->token, algorithm, row.token_id, label, &loaded->key));
    row.spki = hm_key_signer(loaded->key).spki;
    hm_key_origin origin;
    hm_err err = check_origin(loaded->key, &origin);
    if (!hm_failed(err)) err = record_key(office, product, &row, &origin, HM_NO_BYTES);
    if (!hm_failed(err)) return hm_loaded_key_keep(loaded, &row);
    /* The fault that is passed on is the first one; a key that cannot be destroyed now is one nothing refers to. */
    hm_fault fault = hm_fault_keep(err);
    (void)!hm_failed(hm_token_destroy(office->token, &loaded->key));
    return hm_fault_raise(&fault);
}

hm_err hm_ceremony_make(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                        hm_loaded_key *loaded) {
    return hm_ceremony_make_of(office, product, role, algorithm, HM_NO_BYTES, loaded);
}

hm_err hm_ceremony_take_over(hm_office *office, const hm_product *product, hm_adoption *how, hm_key_row *row,
                             hm_loaded_key *loaded) {
    char label[256];
    HM_BUF was = HM_BUF_EMPTY;
    hm_key_origin origin;
    HM_TRY(new_id(office, product, row));
    HM_TRY(hm_put_hex(&was, how->was));
    snprintf(label, sizeof label, "%s signing %s was %.*s", product->name,
             hm_key_algorithm_name((hm_key_algorithm)row->algorithm), (int)was.len, (const char *)was.data);
    memcpy(how->id, row->token_id, sizeof how->id);
    how->label = label;
    HM_TRY(hm_token_adopt(office->token, (hm_key_algorithm)row->algorithm, how, &loaded->key));
    HM_TRY(hm_key_inspect(loaded->key, &origin));
    row->spki = hm_key_signer(loaded->key).spki;
    HM_TRY(record_key(office, product, row, &origin, how->was));
    return hm_loaded_key_keep(loaded, row);
}
