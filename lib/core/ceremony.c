/* How keys and certificates come to be. Every step leaves its entry in the log; a step that fails half-way leaves at
 * most a key in the token that nothing refers to. */
#include "office.h"

#include <base/file.h>
#include <base/json.h>
#include <crypto/uuid.h>

#include <stdio.h>
#include <string.h>

enum { YEAR = 31557600, ROOT_YEARS = 20, PRODUCT_CA_YEARS = 10, SIGNING_YEARS = 3, CLOCK_SKEW = 300 };

/* A key that was just made or found, with its row. */
typedef struct {
    hm_key_row row;
    hm_buf storage; /* SPKI, certificate, chain, which ROW views */
    hm_key *key;
    hm_office *office; /* while rows are looked at */
    bool active;
} loaded_key;

static void loaded_key_clear(loaded_key *loaded) { hm_buf_clear(&loaded->storage); }
#define LOADED_KEY __attribute__((cleanup(loaded_key_clear))) loaded_key

static hm_err keep_row(void *context, const hm_key_row *row) {
    loaded_key *loaded = context;
    loaded->row = *row;
    loaded->storage.len = 0;
    HM_TRY(hm_put(&loaded->storage, row->spki));
    HM_TRY(hm_put(&loaded->storage, row->certificate));
    HM_TRY(hm_put(&loaded->storage, row->chain));
    hm_bytes all = hm_buf_bytes(&loaded->storage);
    HM_TRY(hm_bytes_part(all, 0, row->spki.len, &loaded->row.spki));
    HM_TRY(hm_bytes_part(all, row->spki.len, row->certificate.len, &loaded->row.certificate));
    return hm_bytes_part(all, row->spki.len + row->certificate.len, row->chain.len, &loaded->row.chain);
}

/* The newest one that signs; if none does, the newest. */
static hm_err keep_newest(void *context, const hm_key_row *row) {
    loaded_key *loaded = context;
    bool active = hm_key_state_of(loaded->office, row->token_id) == HM_KEY_ACTIVE;
    if (loaded->active && !active) return HM_OK;
    loaded->active = active;
    return keep_row(loaded, row);
}

/* Find a key's row; *FOUND false if there is none. */
static hm_err find_row(hm_office *office, int64_t product, hm_key_role role, int algorithm, loaded_key *loaded,
                       bool *found) {
    size_t count;
    if (role != HM_KEY_ROLE_LOG) HM_TRY(hm_statements_load(office));
    loaded->office = office;
    loaded->active = false;
    HM_TRY(hm_store_keys(office->store, product, (int)role, algorithm, keep_newest, loaded, &count));
    *found = count != 0;
    return HM_OK;
}

static hm_err load_key(hm_office *office, const hm_product *product, loaded_key *loaded) {
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

static const char *role_name(hm_key_role role) {
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
    }
    return "unknown";
}

static hm_err log_key_made(hm_office *office, const hm_product *product, const hm_key_row *row,
                           const hm_key_origin *origin) {
    hm_digest digest;
    hm_digest_of(HM_SHA256, row->spki, &digest);
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "act", "key generated");
    hm_json_string(&json, "actor", office->session->actor);
    hm_json_string(&json, "algorithm", hm_key_algorithm_name((hm_key_algorithm)row->algorithm));
    hm_json_hex(&json, "key", HM_ARRAY(row->token_id));
    hm_json_bool(&json, "made_in_token", origin->local);
    hm_json_bool(&json, "never_extractable", origin->never_extractable);
    if (product) hm_json_string(&json, "product", product->name);
    hm_json_string(&json, "role", role_name(row->role));
    hm_json_number(&json, "time", hm_now());
    hm_json_string(&json, "token", office->token_name);
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

static hm_err record_key(hm_office *office, const hm_product *product, hm_key_row *row, const hm_key_origin *origin) {
    HM_TRY(hm_store_begin(office->store));
    hm_err err = hm_store_add_key(office->store, row, &row->id);
    if (!hm_failed(err)) err = log_key_made(office, product, row, origin);
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

/* Generate a key, check where it lives, record it with its log entry. */
static hm_err make_key(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                       loaded_key *loaded) {
    HM_TRY(hm_office_token(office));
    hm_key_row row = {
        .product = product ? product->id : 0, .role = role, .algorithm = (int)algorithm, .created = hm_now()};
    HM_TRY(new_id(office, product, &row));
    char label[128];
    snprintf(label, sizeof label, "%s %s %s", product ? product->name : "office", role_name(role),
             hm_key_algorithm_name(algorithm));
    HM_TRY(hm_token_generate(office->token, algorithm, row.token_id, label, &loaded->key));
    row.spki = hm_key_signer(loaded->key).spki;
    hm_key_origin origin;
    hm_err err = check_origin(loaded->key, &origin);
    if (!hm_failed(err)) err = record_key(office, product, &row, &origin);
    if (!hm_failed(err)) return keep_row(loaded, &row);
    /* The fault that is passed on is the first one; a key that cannot be destroyed now is one nothing refers to. */
    hm_fault fault = hm_fault_keep(err);
    (void)!hm_failed(hm_token_destroy(office->token, &loaded->key));
    return hm_fault_raise(&fault);
}

static hm_err log_certificate(hm_office *office, const hm_product *product, const hm_cert_info *info, const char *act) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "act", act);
    hm_json_string(&json, "actor", office->session->actor);
    hm_json_string(&json, "issuer", info->issuer);
    hm_json_number(&json, "not_after", info->not_after);
    if (product) hm_json_string(&json, "product", product->name);
    hm_json_string(&json, "serial", info->serial);
    hm_json_bool(&json, "software_token", office->row.development);
    hm_json_string(&json, "subject", info->subject);
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY,
                        .product = product,
                        .digest = HM_ARRAY(info->sha256),
                        .details = hm_buf_bytes(&details)};
    uint64_t index;
    return hm_log_append(office, &record, &index);
}

/* Store a key's certificate and its log entry together. */
static hm_err record_certificate(hm_office *office, const hm_product *product, int64_t key, hm_bytes certificate,
                                 hm_bytes chain, bool imported) {
    hm_cert_info info;
    HM_TRY(hm_cert_describe(certificate, &info));
    HM_TRY(hm_store_begin(office->store));
    hm_err err = hm_store_set_certificate(office->store, key, certificate, chain, imported, info.not_after);
    if (!hm_failed(err))
        err = log_certificate(office, product, &info, imported ? "certificate brought in" : "certificate issued");
    if (!hm_failed(err)) return hm_store_commit(office->store);
    hm_store_rollback(office->store);
    return err;
}

/* Issue SUBJECT's certificate with ISSUER's key (SUBJECT itself for a root) and record it. */
static hm_err certify(hm_office *office, const hm_product *product, loaded_key *subject, loaded_key *issuer,
                      hm_cert_profile profile, const char *common_name, int years) {
    hm_token_info token;
    hm_token_describe(office->token, &token);
    hm_cert_request request = {
        .profile = profile,
        .subject = {office->row.organization, product ? product->name : NULL, common_name},
        .spki = subject->row.spki,
        .not_before = hm_now() - CLOCK_SKEW,
        .not_after = hm_now() + (int64_t)years * YEAR,
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
    HM_TRY(
        record_certificate(office, product, subject->row.id, hm_buf_bytes(&certificate), hm_buf_bytes(&chain), false));
    hm_key_row row = subject->row;
    HM_BUF spki = HM_BUF_EMPTY;
    HM_TRY(hm_put(&spki, row.spki));
    row.spki = hm_buf_bytes(&spki);
    row.certificate = hm_buf_bytes(&certificate);
    row.chain = hm_buf_bytes(&chain);
    row.not_after = request.not_after;
    return keep_row(subject, &row);
}

/* Find the key and its certificate, or make what is missing. PARENT certifies; NULL: the key itself. */
static hm_err ensure(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                     loaded_key *parent, hm_cert_profile profile, const char *common_name, int years,
                     loaded_key *loaded) {
    bool found;
    HM_TRY(find_row(office, product ? product->id : 0, role, (int)algorithm, loaded, &found));
    HM_TRY(found ? load_key(office, product, loaded) : make_key(office, product, role, algorithm, loaded));
    if (loaded->row.certificate.len) return HM_OK;
    return certify(office, product, loaded, parent ? parent : loaded, profile, common_name, years);
}

static hm_err root_key(hm_office *office, loaded_key *root) {
    char name[65];
    snprintf(name, sizeof name, "%.28s code signing root%s", office->row.organization,
             office->row.development ? " (development)" : "");
    /* Keys that every verifier of the field can check; longer for a root that lives long. */
    hm_key_algorithm algorithm = office->row.development ? HM_KEY_RSA3072 : HM_KEY_RSA4096;
    return ensure(office, NULL, HM_KEY_ROLE_ROOT, algorithm, NULL, HM_CERT_ROOT, name, ROOT_YEARS, root);
}

hm_err hm_ceremony_root(hm_office *office) {
    LOADED_KEY log = {0}, root = {0};
    hm_token_info info;
    HM_TRY(hm_office_token(office));
    hm_token_describe(office->token, &info);
    bool found;
    HM_TRY(find_row(office, 0, HM_KEY_ROLE_LOG, 0, &log, &found));
    /* Ed25519 is what witnesses and monitors of C2SP logs read first; a token without it signs with P-256. */
    if (!found) HM_TRY(make_key(office, NULL, HM_KEY_ROLE_LOG, info.has_ed25519 ? HM_KEY_ED25519 : HM_KEY_ES256, &log));
    return root_key(office, &root);
}

static hm_err product_ca(hm_office *office, const hm_product *product, loaded_key *ca) {
    LOADED_KEY root = {0};
    bool found;
    HM_TRY(find_row(office, product->id, HM_KEY_ROLE_PRODUCT_CA, 0, ca, &found));
    if (found && ca->row.certificate.len) return load_key(office, product, ca);
    HM_TRY(root_key(office, &root));
    char name[65];
    snprintf(name, sizeof name, "%.40s CA", product->name);
    return ensure(office, product, HM_KEY_ROLE_PRODUCT_CA, HM_KEY_RSA3072, &root, HM_CERT_PRODUCT_CA, name,
                  PRODUCT_CA_YEARS, ca);
}

hm_err hm_ceremony_product(hm_office *office, const hm_product *product) {
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    LOADED_KEY ca = {0};
    return product_ca(office, product, &ca);
}

/* Find the signing key; make and certify it if that is still to be done. Under the ceremony lock, because two command
 * lines may need the same first key at the same moment. */
static hm_err signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, bool certified,
                          loaded_key *loaded) {
    bool found;
    HM_TRY(find_row(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, loaded, &found));
    if (found && (loaded->row.certificate.len || !certified)) return load_key(office, product, loaded);
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    if (!certified) {
        HM_TRY(find_row(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, loaded, &found));
        return found ? load_key(office, product, loaded)
                     : make_key(office, product, HM_KEY_ROLE_SIGNING, algorithm, loaded);
    }
    LOADED_KEY ca = {0};
    HM_TRY(product_ca(office, product, &ca));
    char name[65];
    snprintf(name, sizeof name, "%.40s %.15s signing", product->name, hm_key_algorithm_name(algorithm));
    return ensure(office, product, HM_KEY_ROLE_SIGNING, algorithm, &ca, HM_CERT_SIGNING, name, SIGNING_YEARS, loaded);
}

hm_err hm_ceremony_signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                               hm_signing_key *signing) {
    LOADED_KEY loaded = {0};
    HM_TRY(signing_key(office, product, algorithm, true, &loaded));
    hm_buf_clear(&signing->material);
    HM_TRY(hm_put(&signing->material, loaded.row.certificate));
    HM_TRY(hm_put(&signing->material, loaded.row.chain));
    HM_TRY(hm_chain_from_der(hm_buf_bytes(&signing->material), &signing->chain));
    if (!signing->chain.count) return hm_could_not("the key has no certificate");
    hm_sha256(signing->chain.cert[0], signing->certificate_sha256);
    memcpy(signing->token_id, loaded.row.token_id, sizeof signing->token_id);
    signing->not_after = loaded.row.not_after;
    signing->key = loaded.key;
    signing->ready = true;
    return HM_OK;
}

/* The next one signs from the moment on at which it has its certificate; the one before stays as it is. */
hm_err hm_ceremony_next_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm) {
    HM_FD lock = -1;
    LOADED_KEY ca = {0}, next = {0};
    char name[65];
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(product_ca(office, product, &ca));
    snprintf(name, sizeof name, "%.40s %.15s signing", product->name, hm_key_algorithm_name(algorithm));
    HM_TRY(make_key(office, product, HM_KEY_ROLE_SIGNING, algorithm, &next));
    HM_TRY(certify(office, product, &next, &ca, HM_CERT_SIGNING, name, SIGNING_YEARS));
    hm_keyring_forget(office);
    return HM_OK;
}

hm_err hm_ceremony_has_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, bool *there) {
    LOADED_KEY loaded = {0};
    HM_TRY(find_row(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, &loaded, there));
    *there = *there && loaded.row.certificate.len;
    return HM_OK;
}

hm_err hm_ceremony_office_key(hm_office *office, hm_key_role role, hm_key_algorithm algorithm, bool make,
                              hm_office_key *key) {
    LOADED_KEY loaded = {0};
    HM_FD lock = -1;
    bool found;
    HM_TRY(find_row(office, 0, role, (int)algorithm, &loaded, &found));
    if (!found && make) {
        HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
        HM_TRY(find_row(office, 0, role, (int)algorithm, &loaded, &found));
    }
    key->found = found || make;
    if (!key->found) return HM_OK;
    HM_TRY(found ? load_key(office, NULL, &loaded) : make_key(office, NULL, role, algorithm, &loaded));
    memcpy(key->token_id, loaded.row.token_id, sizeof key->token_id);
    key->key = loaded.key;
    key->spki.len = 0;
    return hm_put(&key->spki, loaded.row.spki);
}

hm_err hm_ceremony_request(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_buf *csr) {
    LOADED_KEY loaded = {0};
    HM_TRY(signing_key(office, product, algorithm, false, &loaded));
    char name[65];
    snprintf(name, sizeof name, "%.40s %.15s signing", product->name, hm_key_algorithm_name(algorithm));
    hm_cert_name subject = {office->row.organization, product->name, name};
    hm_logged_signer logged = {office, hm_key_signer(loaded.key), product, "certificate request", {0}};
    memcpy(logged.token_id, loaded.row.token_id, sizeof logged.token_id);
    hm_signer signer = hm_logged(&logged);
    return hm_csr_make(&subject, &signer, csr);
}

hm_err hm_ceremony_import(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                          hm_bytes certificates) {
    hm_chain chain;
    HM_TRY(hm_chain_from_der(certificates, &chain));
    if (!chain.count) return hm_refuse("there is no certificate in it");
    LOADED_KEY loaded = {0};
    bool found;
    HM_TRY(find_row(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, &loaded, &found));
    if (!found)
        return hm_refuse("%s has no %s key yet (hallmark cert request makes one)", product->name,
                         hm_key_algorithm_name(algorithm));
    HM_TRY(hm_chain_check(&chain, loaded.row.spki, hm_now()));
    hm_bytes rest;
    size_t leaf = chain.cert[0].len;
    HM_TRY(hm_bytes_part(certificates, leaf, certificates.len - leaf, &rest));
    HM_TRY(record_certificate(office, product, loaded.row.id, chain.cert[0], rest, true));
    hm_keyring_forget(office); /* it may hold the certificate before */
    return HM_OK;
}

static hm_err take_product(void *context, const hm_product_row *row) {
    hm_product *product = context;
    product->id = row->id;
    snprintf(product->name, sizeof product->name, "%.*s", (int)row->name.len, (const char *)row->name.data);
    memcpy(product->vendor, row->vendor, sizeof product->vendor);
    memcpy(product->class, row->class, sizeof product->class);
    product->algorithms = row->algorithms;
    return HM_OK;
}

hm_err hm_product_find(hm_office *office, hm_bytes name, hm_product *product) {
    size_t found;
    memset(product, 0, sizeof *product);
    HM_TRY(hm_store_products(office->store, &name, take_product, product, &found));
    if (!found)
        return hm_refuse("there is no product %.*s (hallmark product list shows them, hallmark product add makes one)",
                         (int)name.len, (const char *)name.data);
    return HM_OK;
}

hm_err hm_office_trust(hm_office *office, hm_buf *text) {
    LOADED_KEY root = {0};
    size_t found;
    /* Whether it signs does not matter, and where there is no token it cannot be told. */
    HM_TRY(hm_store_keys(office->store, 0, HM_KEY_ROLE_ROOT, 0, keep_row, &root, &found));
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
