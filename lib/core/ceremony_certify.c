/* How a key comes to its certificate: issued or brought in, and recorded together with its log entry. */
#include "ceremony.h"

#include <base/json.h>

#include <stdio.h>
#include <string.h>

enum { CLOCK_SKEW = 300 };

static hm_err log_certificate(hm_office *office, const hm_product *product, const hm_key_row *key,
                              const hm_cert_info *info, const char *act) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_log_act(office, act, &details);
    hm_json_string(&json, "issuer", info->issuer);
    hm_json_hex(&json, "key", HM_ARRAY(key->token_id));
    hm_json_number(&json, "not_after", info->not_after);
    if (product) hm_json_string(&json, "product", product->name);
    hm_json_string(&json, "role", hm_key_role_name(key->role));
    hm_json_string(&json, "serial", info->serial);
    hm_json_bool(&json, "software_token", office->row.development);
    hm_json_string(&json, "subject", info->subject);
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY,
                        .product = product,
                        .digest = HM_ARRAY(info->sha256),
                        .details = hm_buf_bytes(&details),
                        .tag = HM_CERTIFICATES_TAG};
    uint64_t index;
    return hm_log_append(office, &record, &index);
}

hm_err hm_ceremony_record_certificate(hm_office *office, const hm_product *product, const hm_key_row *key,
                                      hm_bytes certificate, hm_bytes chain, bool imported) {
    hm_cert_info info;
    HM_TRY(hm_cert_describe(certificate, &info));
    HM_TRY(hm_store_begin(office->store));
    hm_err err = hm_store_set_certificate(office->store, key->id, certificate, chain, imported, info.not_after);
    if (!hm_failed(err))
        err = log_certificate(office, product, key, &info, imported ? "certificate brought in" : "certificate issued");
    if (!hm_failed(err)) return hm_store_commit(office->store);
    hm_store_rollback(office->store);
    return err;
}

hm_err hm_ceremony_certify(hm_office *office, const hm_product *product, hm_loaded_key *subject, hm_loaded_key *issuer,
                           hm_cert_profile profile, const char *common_name, const hm_certificate_terms *terms) {
    hm_token_info token;
    hm_token_describe(office->token, &token);
    int64_t begin = hm_now() - CLOCK_SKEW;
    hm_cert_request request = {
        .profile = profile,
        .subject = {office->row.organization, product ? product->name : NULL, common_name},
        .spki = subject->row.spki,
        .not_before = begin,
        .not_after = begin + (int64_t)terms->days * HM_DAY_SECONDS - 1, /* it is good in that second, too */
        .crl = hm_text(terms->crl),
        /* Whatever the database says, a token in software has no others (P2). */
        .development = office->row.development || token.software,
    };
    memcpy(request.office, office->row.uuid, sizeof request.office);
    char purpose[160];
    snprintf(purpose, sizeof purpose, "certificate: %s", common_name);
    hm_logged_signer logged = {office, hm_key_signer(issuer->key), product, purpose, {0}};
    memcpy(logged.token_id, issuer->row.token_id, sizeof logged.token_id);
    hm_signer signer = hm_logged(&logged);
    HM_BUF certificate = HM_BUF_EMPTY, chain = HM_BUF_EMPTY;
    HM_TRY(hm_cert_issue(&request, subject == issuer ? HM_NO_BYTES : issuer->row.certificate, &signer, &certificate));
    /* The root is left out of what signatures carry. */
    if (profile == HM_CERT_SIGNING) HM_TRY(hm_put(&chain, issuer->row.certificate));
    HM_TRY(hm_ceremony_record_certificate(office, product, &subject->row, hm_buf_bytes(&certificate),
                                          hm_buf_bytes(&chain), false));
    hm_key_row row = subject->row;
    row.certificate = hm_buf_bytes(&certificate);
    row.chain = hm_buf_bytes(&chain);
    row.not_after = request.not_after;
    return hm_loaded_key_keep(subject, &row);
}
