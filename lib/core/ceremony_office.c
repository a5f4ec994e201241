/* The office's own keys: log, root, the products' certificate authorities, timestamping, and those nobody certifies. */
#include "ceremony.h"

#include <base/file.h>

#include <stdio.h>
#include <string.h>

enum { ROOT_DAYS = 7305, PRODUCT_CA_DAYS = 3653, TSA_DAYS = 3653, TSA_DAYS_LEAST = 366 };

/* Find the key and its certificate, or make what is missing. PARENT certifies; NULL: the key itself. */
static hm_err ensure(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                     hm_loaded_key *parent, hm_cert_profile profile, const char *common_name, int days,
                     hm_loaded_key *loaded) {
    bool found;
    HM_TRY(hm_ceremony_find(office, product ? product->id : 0, role, (int)algorithm, loaded, &found));
    HM_TRY(found ? hm_ceremony_load(office, product, loaded)
                 : hm_ceremony_make(office, product, role, algorithm, loaded));
    if (loaded->row.certificate.len) return HM_OK;
    return hm_ceremony_certify(office, product, loaded, parent ? parent : loaded, profile, common_name,
                               &(hm_certificate_terms){.days = days});
}

static hm_err root_key(hm_office *office, hm_loaded_key *root) {
    char name[65];
    snprintf(name, sizeof name, "%.28s code signing root%s", office->row.organization,
             office->row.development ? " (development)" : "");
    /* Keys that every verifier of the field can check; longer for a root that lives long. */
    hm_key_algorithm algorithm = office->row.development ? HM_KEY_RSA3072 : HM_KEY_RSA4096;
    return ensure(office, NULL, HM_KEY_ROLE_ROOT, algorithm, NULL, HM_CERT_ROOT, name, ROOT_DAYS, root);
}

hm_err hm_ceremony_root(hm_office *office) {
    HM_LOADED_KEY log = {0}, root = {0};
    hm_token_info info;
    HM_TRY(hm_office_token(office));
    hm_token_describe(office->token, &info);
    bool found;
    HM_TRY(hm_ceremony_find(office, 0, HM_KEY_ROLE_LOG, 0, &log, &found));
    /* Ed25519 is what witnesses and monitors of C2SP logs read first; a token without it signs with P-256. */
    if (!found)
        HM_TRY(hm_ceremony_make(office, NULL, HM_KEY_ROLE_LOG, info.has_ed25519 ? HM_KEY_ED25519 : HM_KEY_ES256, &log));
    return root_key(office, &root);
}

hm_err hm_ceremony_product_ca(hm_office *office, const hm_product *product, hm_loaded_key *ca) {
    HM_LOADED_KEY root = {0};
    bool found;
    HM_TRY(hm_ceremony_find(office, product->id, HM_KEY_ROLE_PRODUCT_CA, 0, ca, &found));
    if (found && ca->row.certificate.len) return hm_ceremony_load(office, product, ca);
    HM_TRY(root_key(office, &root));
    char name[65];
    snprintf(name, sizeof name, "%.40s CA", product->name);
    return ensure(office, product, HM_KEY_ROLE_PRODUCT_CA, HM_KEY_RSA3072, &root, HM_CERT_PRODUCT_CA, name,
                  PRODUCT_CA_DAYS, ca);
}

hm_err hm_ceremony_ca(hm_office *office, const hm_product *product, bool load, hm_ca *ca) {
    HM_LOADED_KEY loaded = {0};
    bool found;
    HM_TRY(hm_ceremony_find(office, product ? product->id : 0, product ? HM_KEY_ROLE_PRODUCT_CA : HM_KEY_ROLE_ROOT, 0,
                            &loaded, &found));
    if (!found || !loaded.row.certificate.len)
        return hm_refuse("%s has no certificate authority", product ? product->name : "the office");
    if (load) HM_TRY(hm_ceremony_load(office, product, &loaded));
    ca->key = loaded.key;
    memcpy(ca->token_id, loaded.row.token_id, sizeof ca->token_id);
    ca->certificate.len = 0;
    return hm_put(&ca->certificate, loaded.row.certificate);
}

hm_err hm_ceremony_product(hm_office *office, const hm_product *product) {
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_LOADED_KEY ca = {0};
    return hm_ceremony_product_ca(office, product, &ca);
}

static hm_err make_tsa_key(hm_office *office, hm_loaded_key *loaded) {
    HM_LOADED_KEY root = {0};
    HM_FD lock = -1;
    char name[65];
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(root_key(office, &root));
    snprintf(name, sizeof name, "%.28s timestamping%s", office->row.organization,
             office->row.development ? " (development)" : "");
    HM_TRY(hm_ceremony_make(office, NULL, HM_KEY_ROLE_TSA, HM_KEY_RSA3072, loaded));
    return hm_ceremony_certify(office, NULL, loaded, &root, HM_CERT_TSA, name,
                               &(hm_certificate_terms){.days = TSA_DAYS});
}

/* Would who enables the authority find it stamping for a year? */
static hm_err tsa_lasts(hm_office *office, const hm_loaded_key *key, bool *lasts) {
    bool revoked;
    HM_TRY(hm_key_certificate_is_revoked(office, &key->row, &revoked));
    *lasts = key->active && !revoked && key->row.not_after > hm_now() + TSA_DAYS_LEAST * (int64_t)HM_DAY_SECONDS;
    return HM_OK;
}

hm_err hm_ceremony_tsa_key(hm_office *office, bool make, hm_signing_key *signing) {
    HM_LOADED_KEY loaded = {0};
    bool found, lasts = false;
    HM_TRY(hm_ceremony_find(office, 0, HM_KEY_ROLE_TSA, 0, &loaded, &found));
    found = found && loaded.row.certificate.len;
    if (!found && !make) return HM_OK;
    if (found && make) HM_TRY(tsa_lasts(office, &loaded, &lasts));
    if (make && !lasts) {
        HM_TRY(make_tsa_key(office, &loaded));
    } else {
        HM_TRY(hm_ceremony_load(office, NULL, &loaded));
        HM_TRY(hm_certificate_may_sign(office, &loaded.row));
    }
    return hm_ceremony_hand_out(&loaded, signing);
}

hm_err hm_ceremony_has_office_key(hm_office *office, hm_key_role role, hm_key_algorithm algorithm, bool *there) {
    HM_LOADED_KEY loaded = {0};
    return hm_ceremony_find(office, 0, role, (int)algorithm, &loaded, there);
}

hm_err hm_ceremony_office_key(hm_office *office, hm_key_role role, hm_key_algorithm algorithm, bool make,
                              hm_office_key *key) {
    HM_LOADED_KEY loaded = {0};
    HM_FD lock = -1;
    bool found;
    HM_TRY(hm_ceremony_find(office, 0, role, (int)algorithm, &loaded, &found));
    if (!found && make) {
        HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
        HM_TRY(hm_ceremony_find(office, 0, role, (int)algorithm, &loaded, &found));
    }
    key->found = found || make;
    if (!key->found) return HM_OK;
    HM_TRY(found ? hm_ceremony_load(office, NULL, &loaded) : hm_ceremony_make(office, NULL, role, algorithm, &loaded));
    memcpy(key->token_id, loaded.row.token_id, sizeof key->token_id);
    key->key = loaded.key;
    key->spki.len = 0;
    return hm_put(&key->spki, loaded.row.spki);
}

hm_err hm_office_trust(hm_office *office, hm_buf *text) {
    HM_LOADED_KEY root = {0};
    size_t found;
    /* Whether it signs does not matter, and where there is no token it cannot be told. */
    HM_TRY(hm_store_keys(office->store, 0, HM_KEY_ROLE_ROOT, 0, hm_loaded_key_keep, &root, &found));
    if (!found || !root.row.certificate.len) return hm_could_not("the office has no root certificate");
    hm_note_key key;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_put_format(text, "# Trust of %s%s: root certificate and log key.\n", office->row.organization,
                         office->row.development ? " (DEVELOPMENT: not for production devices)" : ""));
    HM_TRY(hm_put_text(text, "hallmark-log-key: "));
    HM_TRY(hm_note_key_put(&key, text));
    HM_TRY(hm_put_text(text, "\n"));
    return hm_pem_put(text, "CERTIFICATE", root.row.certificate);
}
