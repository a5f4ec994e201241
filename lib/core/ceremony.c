/* How keys and certificates come to be. Every step leaves its entry in the log; a step that fails half-way leaves at
 * most a key in the token that nothing refers to. */
#include "certificates.h"

#include <base/file.h>
#include <base/json.h>
#include <crypto/uuid.h>

#include <stdio.h>
#include <string.h>

enum {
    DAY = 86400,
    ROOT_DAYS = 7305,
    PRODUCT_CA_DAYS = 3653,
    SIGNING_DAYS = 1096,
    TSA_DAYS = 3653,
    TSA_DAYS_LEAST = 366,
    CLOCK_SKEW = 300
};

/* A key that was just made or found, with its row. */
typedef struct {
    hm_key_row row;
    hm_buf storage; /* SPKI, certificate, chain, which ROW views */
    hm_key *key;
    hm_office *office; /* while rows are looked at */
    hm_bytes release;
    bool active, found;
} loaded_key;

static void loaded_key_clear(loaded_key *loaded) { hm_buf_clear(&loaded->storage); }
#define LOADED_KEY __attribute__((cleanup(loaded_key_clear))) loaded_key

/* ROW's views may be LOADED's own. */
static hm_err keep_row(void *context, const hm_key_row *row) {
    loaded_key *loaded = context;
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
    loaded_key *loaded = context;
    bool active = hm_key_state_of(loaded->office, row->token_id) == HM_KEY_ACTIVE;
    if (!hm_bytes_equal(row->release, loaded->release) || (loaded->active && !active)) return HM_OK;
    loaded->active = active;
    loaded->found = true;
    return keep_row(loaded, row);
}

/* Find a key's row; *FOUND false if there is none. RELEASE: of a key that is one's alone; otherwise empty. */
static hm_err find_row_of(hm_office *office, int64_t product, hm_key_role role, int algorithm, hm_bytes release,
                          loaded_key *loaded, bool *found) {
    size_t count;
    if (role != HM_KEY_ROLE_LOG) HM_TRY(hm_statements_load(office));
    loaded->office = office;
    loaded->release = release;
    loaded->active = loaded->found = false;
    HM_TRY(hm_store_keys(office->store, product, (int)role, algorithm, keep_newest, loaded, &count));
    *found = loaded->found;
    return HM_OK;
}

static hm_err find_row(hm_office *office, int64_t product, hm_key_role role, int algorithm, loaded_key *loaded,
                       bool *found) {
    return find_row_of(office, product, role, algorithm, HM_NO_BYTES, loaded, found);
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

/* WAS: the id that an imported key came with. */
static hm_err log_key_made(hm_office *office, const hm_product *product, const hm_key_row *row,
                           const hm_key_origin *origin, hm_bytes was) {
    hm_digest digest;
    hm_digest_of(HM_SHA256, row->spki, &digest);
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "act", row->imported ? "key imported" : "key generated");
    hm_json_string(&json, "actor", office->session->actor);
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

/* Generate a key, check where it lives, record it with its log entry. */
static hm_err make_key_of(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                          hm_bytes release, loaded_key *loaded) {
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
    if (!hm_failed(err)) return keep_row(loaded, &row);
    /* The fault that is passed on is the first one; a key that cannot be destroyed now is one nothing refers to. */
    hm_fault fault = hm_fault_keep(err);
    (void)!hm_failed(hm_token_destroy(office->token, &loaded->key));
    return hm_fault_raise(&fault);
}

static hm_err make_key(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                       loaded_key *loaded) {
    return make_key_of(office, product, role, algorithm, HM_NO_BYTES, loaded);
}

static hm_err log_certificate(hm_office *office, const hm_product *product, const hm_key_row *key,
                              const hm_cert_info *info, const char *act) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "act", act);
    hm_json_string(&json, "actor", office->session->actor);
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

/* Store a key's certificate and its log entry together. The entry stays when another takes the certificate's place. */
static hm_err record_certificate(hm_office *office, const hm_product *product, const hm_key_row *key,
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

/* Issue SUBJECT's certificate with ISSUER's key (SUBJECT itself for a root) and record it. */
static hm_err certify(hm_office *office, const hm_product *product, loaded_key *subject, loaded_key *issuer,
                      hm_cert_profile profile, const char *common_name, int days) {
    hm_token_info token;
    hm_token_describe(office->token, &token);
    hm_cert_request request = {
        .profile = profile,
        .subject = {office->row.organization, product ? product->name : NULL, common_name},
        .spki = subject->row.spki,
        .not_before = hm_now() - CLOCK_SKEW,
        .not_after = hm_now() + (int64_t)days * DAY,
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
    HM_TRY(record_certificate(office, product, &subject->row, hm_buf_bytes(&certificate), hm_buf_bytes(&chain), false));
    hm_key_row row = subject->row;
    row.certificate = hm_buf_bytes(&certificate);
    row.chain = hm_buf_bytes(&chain);
    row.not_after = request.not_after;
    return keep_row(subject, &row);
}

/* Find the key and its certificate, or make what is missing. PARENT certifies; NULL: the key itself. */
static hm_err ensure(hm_office *office, const hm_product *product, hm_key_role role, hm_key_algorithm algorithm,
                     loaded_key *parent, hm_cert_profile profile, const char *common_name, int days,
                     loaded_key *loaded) {
    bool found;
    HM_TRY(find_row(office, product ? product->id : 0, role, (int)algorithm, loaded, &found));
    HM_TRY(found ? load_key(office, product, loaded) : make_key(office, product, role, algorithm, loaded));
    if (loaded->row.certificate.len) return HM_OK;
    return certify(office, product, loaded, parent ? parent : loaded, profile, common_name, days);
}

static hm_err root_key(hm_office *office, loaded_key *root) {
    char name[65];
    snprintf(name, sizeof name, "%.28s code signing root%s", office->row.organization,
             office->row.development ? " (development)" : "");
    /* Keys that every verifier of the field can check; longer for a root that lives long. */
    hm_key_algorithm algorithm = office->row.development ? HM_KEY_RSA3072 : HM_KEY_RSA4096;
    return ensure(office, NULL, HM_KEY_ROLE_ROOT, algorithm, NULL, HM_CERT_ROOT, name, ROOT_DAYS, root);
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
                  PRODUCT_CA_DAYS, ca);
}

hm_err hm_ceremony_ca(hm_office *office, const hm_product *product, bool load, hm_ca *ca) {
    LOADED_KEY loaded = {0};
    bool found;
    HM_TRY(find_row(office, product ? product->id : 0, product ? HM_KEY_ROLE_PRODUCT_CA : HM_KEY_ROLE_ROOT, 0, &loaded,
                    &found));
    if (!found || !loaded.row.certificate.len)
        return hm_refuse("%s has no certificate authority", product ? product->name : "the office");
    if (load) HM_TRY(load_key(office, product, &loaded));
    ca->key = loaded.key;
    memcpy(ca->token_id, loaded.row.token_id, sizeof ca->token_id);
    ca->certificate.len = 0;
    return hm_put(&ca->certificate, loaded.row.certificate);
}

hm_err hm_ceremony_product(hm_office *office, const hm_product *product) {
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    LOADED_KEY ca = {0};
    return product_ca(office, product, &ca);
}

/* What its certificate calls a signing key. */
static void signing_name(const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                         char name[static 65]) {
    if (release.len)
        snprintf(name, 65, "%.24s %.*s %.15s signing", product->name, release.len < 16 ? (int)release.len : 16,
                 (const char *)release.data, hm_key_algorithm_name(algorithm));
    else
        snprintf(name, 65, "%.40s %.15s signing", product->name, hm_key_algorithm_name(algorithm));
}

static hm_err certify_signing(hm_office *office, const hm_product *product, int days, loaded_key *ca, loaded_key *key) {
    char name[65];
    signing_name(product, (hm_key_algorithm)key->row.algorithm, key->row.release, name);
    return certify(office, product, key, ca, HM_CERT_SIGNING, name, days);
}

/* A key that nobody can certify is not made. */
static hm_err make_signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                               hm_bytes release, loaded_key *key) {
    LOADED_KEY ca = {0};
    HM_TRY(product_ca(office, product, &ca));
    HM_TRY(make_key_of(office, product, HM_KEY_ROLE_SIGNING, algorithm, release, key));
    return certify_signing(office, product, SIGNING_DAYS, &ca, key);
}

/* Find the signing key; make and certify it if that is still to be done. Under the ceremony lock, because two command
 * lines may need the same first key at the same moment. */
static hm_err signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                          bool certified, loaded_key *loaded) {
    bool found;
    HM_TRY(find_row_of(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, release, loaded, &found));
    if (found && (loaded->row.certificate.len || !certified)) return load_key(office, product, loaded);
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(find_row_of(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, release, loaded, &found));
    if (!found)
        return certified ? make_signing_key(office, product, algorithm, release, loaded)
                         : make_key_of(office, product, HM_KEY_ROLE_SIGNING, algorithm, release, loaded);
    HM_TRY(load_key(office, product, loaded));
    if (loaded->row.certificate.len || !certified) return HM_OK;
    LOADED_KEY ca = {0};
    HM_TRY(product_ca(office, product, &ca));
    return certify_signing(office, product, SIGNING_DAYS, &ca, loaded);
}

/* For who signs with it. */
static hm_err hand_out(const loaded_key *loaded, hm_signing_key *signing) {
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

hm_err hm_ceremony_signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                               hm_bytes release, hm_signing_key *signing) {
    LOADED_KEY loaded = {0};
    HM_TRY(signing_key(office, product, algorithm, release, true, &loaded));
    HM_TRY(hm_certificate_may_sign(office, loaded.row.certificate, loaded.row.chain));
    return hand_out(&loaded, signing);
}

typedef struct {
    loaded_key *loaded;
    hm_bytes release, certificate;
    bool found;
} announced_search;

static hm_err match_announced(void *context, const hm_key_row *row) {
    announced_search *search = context;
    uint8_t sha256[HM_SHA256_LEN];
    if (!row->certificate.len || !hm_bytes_equal(row->release, search->release)) return HM_OK;
    hm_sha256(row->certificate, sha256);
    if (!hm_bytes_equal(HM_ARRAY(sha256), search->certificate)) return HM_OK;
    search->found = true;
    return keep_row(search->loaded, row);
}

hm_err hm_ceremony_announced_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                 hm_bytes release, hm_bytes certificate, hm_signing_key *signing) {
    LOADED_KEY loaded = {0};
    announced_search search = {&loaded, release, certificate, false};
    size_t count;
    HM_TRY(hm_statements_load(office));
    HM_TRY(hm_store_keys(office->store, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, match_announced, &search,
                         &count));
    if (!search.found)
        return hm_refuse("the certificate that was announced is not one that %s signs with now (begin again)",
                         product->name);
    HM_TRY(load_key(office, product, &loaded));
    return hand_out(&loaded, signing);
}

hm_err hm_ceremony_tsa_key(hm_office *office, bool make, hm_signing_key *signing) {
    LOADED_KEY loaded = {0}, root = {0};
    HM_FD lock = -1;
    bool found;
    char name[65];
    HM_TRY(find_row(office, 0, HM_KEY_ROLE_TSA, 0, &loaded, &found));
    found = found && loaded.row.certificate.len;
    if (!found && !make) return HM_OK;
    bool lasts = found && loaded.active && loaded.row.not_after > hm_now() + TSA_DAYS_LEAST * (int64_t)DAY;
    if (found && (lasts || !make)) {
        HM_TRY(load_key(office, NULL, &loaded));
        HM_TRY(hm_certificate_may_sign(office, loaded.row.certificate, loaded.row.chain));
        return hand_out(&loaded, signing);
    }
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(root_key(office, &root));
    snprintf(name, sizeof name, "%.28s timestamping%s", office->row.organization,
             office->row.development ? " (development)" : "");
    HM_TRY(make_key(office, NULL, HM_KEY_ROLE_TSA, HM_KEY_RSA3072, &loaded));
    HM_TRY(certify(office, NULL, &loaded, &root, HM_CERT_TSA, name, TSA_DAYS));
    return hand_out(&loaded, signing);
}

static hm_err next_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release) {
    LOADED_KEY next = {0};
    HM_TRY(make_signing_key(office, product, algorithm, release, &next));
    hm_keyring_forget(office);
    return HM_OK;
}

/* The next one signs from the moment on at which it has its certificate; the one before stays as it is. */
hm_err hm_ceremony_next_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                            hm_bytes release) {
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    return next_key(office, product, algorithm, release);
}

/* What fails behind the adoption leaves a key in the token that the same command finds again. */
static hm_err adopt_key(hm_office *office, const hm_product *product, hm_adoption *how, hm_key_row *row,
                        loaded_key *loaded) {
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
    return keep_row(loaded, row);
}

hm_err hm_ceremony_adopt(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_adoption *how) {
    LOADED_KEY ca = {0}, key = {0};
    HM_FD lock = -1;
    hm_key_row row = {.product = product->id,
                      .role = HM_KEY_ROLE_SIGNING,
                      .algorithm = (int)algorithm,
                      .created = hm_now(),
                      .imported = true};
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(hm_office_token(office));
    HM_TRY(product_ca(office, product, &ca)); /* a key that nobody can certify is not taken */
    HM_TRY(adopt_key(office, product, how, &row, &key));
    HM_TRY(certify_signing(office, product, SIGNING_DAYS, &ca, &key));
    hm_keyring_forget(office);
    return HM_OK;
}

hm_err hm_ceremony_rotate(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                          hm_key_is_due is_due) {
    LOADED_KEY key = {0};
    HM_FD lock = -1;
    bool found, due = false;
    for (int looked = 0; looked < 2; looked++) { /* once more under the lock: another process may have done it */
        HM_TRY(find_row(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, &key, &found));
        if (!found || !key.row.certificate.len || !key.active) return HM_OK;
        HM_TRY(is_due(office, key.row.token_id, key.row.created, &due));
        if (!due) return HM_OK;
        if (!looked) HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    }
    return next_key(office, product, algorithm, HM_NO_BYTES);
}

hm_err hm_ceremony_renew(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, uint64_t days) {
    HM_FD lock = -1;
    LOADED_KEY ca = {0}, key = {0};
    bool found;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(find_row(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, &key, &found));
    if (!found || !key.row.certificate.len)
        return hm_refuse("%s has no %s certificate to renew (hallmark key generate makes key and certificate)",
                         product->name, hm_key_algorithm_name(algorithm));
    if (key.row.imported_chain)
        return hm_refuse("another's authority has issued it, and renews it (hallmark cert request, cert import)");
    HM_TRY(load_key(office, product, &key));
    HM_TRY(product_ca(office, product, &ca));
    HM_TRY(certify_signing(office, product, days ? (int)days : SIGNING_DAYS, &ca, &key));
    hm_keyring_forget(office);
    return HM_OK;
}

hm_err hm_ceremony_has_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                           bool *there) {
    LOADED_KEY loaded = {0};
    HM_TRY(find_row_of(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, release, &loaded, there));
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
    HM_TRY(signing_key(office, product, algorithm, HM_NO_BYTES, false, &loaded));
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
    HM_TRY(record_certificate(office, product, &loaded.row, chain.cert[0], rest, true));
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

static hm_err take_if_meant(void *context, const hm_product_row *row) {
    const hm_product *product = context;
    return row->id == product->id ? take_product(context, row) : HM_OK;
}

hm_err hm_product_of_row(hm_office *office, const hm_key_row *row, hm_product *product) {
    size_t found;
    *product = (hm_product){.id = row->product};
    return product->id ? hm_store_products(office->store, NULL, take_if_meant, product, &found) : HM_OK;
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
