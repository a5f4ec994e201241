/* How products' signing keys come to be, follow one another, and get their certificates. */
#include "ceremony.h"

#include <base/file.h>

#include <stdio.h>
#include <string.h>

enum { SIGNING_DAYS = 1096 };

/* What its certificate calls a signing key. */
static void signing_name(const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                         char name[static 65]) {
    if (release.len)
        snprintf(name, 65, "%.24s %.*s %.15s signing", product->name, release.len < 16 ? (int)release.len : 16,
                 (const char *)release.data, hm_key_algorithm_name(algorithm));
    else
        snprintf(name, 65, "%.40s %.15s signing", product->name, hm_key_algorithm_name(algorithm));
}

/* WANTED: so many days; 0: as many as the policy lets it live. */
static hm_err terms_of_certificate(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                   uint64_t wanted, hm_certificate_terms *certificate) {
    hm_key_terms terms;
    HM_TRY(hm_key_terms_of(office, hm_text(product->name), &terms));
    uint64_t most = terms.certificate / HM_DAY_SECONDS;
    if (terms.cab && algorithm == HM_KEY_ED25519)
        return hm_refuse("the policy of %s certifies keys by cab-code-signing: RSA from 3072 bits, or ECDSA",
                         product->name);
    if (most && wanted > most)
        return hm_refuse("the policy lets a certificate of %s live %llu days", product->name, (unsigned long long)most);
    certificate->days = (int)(wanted ? wanted : most ? most : SIGNING_DAYS);
    snprintf(certificate->crl, sizeof certificate->crl, "%.*s", (int)terms.crl.len, (const char *)terms.crl.data);
    return HM_OK;
}

static hm_err certify_signing(hm_office *office, const hm_product *product, const hm_certificate_terms *terms,
                              hm_loaded_key *ca, hm_loaded_key *key) {
    char name[65];
    signing_name(product, (hm_key_algorithm)key->row.algorithm, key->row.release, name);
    return hm_ceremony_certify(office, product, key, ca, HM_CERT_SIGNING, name, terms);
}

/* To issue with: what a revoked authority certifies signs nothing. */
static hm_err issuing_ca(hm_office *office, const hm_product *product, hm_loaded_key *ca) {
    HM_TRY(hm_ceremony_product_ca(office, product, ca));
    return hm_in(hm_certificate_may_sign(office, &ca->row), "the authority of %s", product->name);
}

/* A key that nobody can certify is not made. */
static hm_err make_signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                               hm_bytes release, hm_loaded_key *key) {
    HM_LOADED_KEY ca = {0};
    hm_certificate_terms terms;
    HM_TRY(terms_of_certificate(office, product, algorithm, 0, &terms));
    HM_TRY(issuing_ca(office, product, &ca));
    HM_TRY(hm_ceremony_make_of(office, product, HM_KEY_ROLE_SIGNING, algorithm, release, key));
    return certify_signing(office, product, &terms, &ca, key);
}

/* Find the signing key; make and certify it if that is still to be done. Under the ceremony lock, because two command
 * lines may need the same first key at the same moment. */
static hm_err signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                          bool certified, hm_loaded_key *loaded) {
    bool found;
    HM_TRY(hm_ceremony_find_of(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, release, loaded, &found));
    if (found && (loaded->row.certificate.len || !certified)) return hm_ceremony_load(office, product, loaded);
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(hm_ceremony_find_of(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, release, loaded, &found));
    if (!found)
        return certified ? make_signing_key(office, product, algorithm, release, loaded)
                         : hm_ceremony_make_of(office, product, HM_KEY_ROLE_SIGNING, algorithm, release, loaded);
    HM_TRY(hm_ceremony_load(office, product, loaded));
    if (loaded->row.certificate.len || !certified) return HM_OK;
    HM_LOADED_KEY ca = {0};
    hm_certificate_terms terms;
    HM_TRY(terms_of_certificate(office, product, algorithm, 0, &terms));
    HM_TRY(issuing_ca(office, product, &ca));
    return certify_signing(office, product, &terms, &ca, loaded);
}

/* An older key whose certificate is revoked is only met because the one behind it is stopped: that is what is told. */
static hm_err check_certificate(hm_office *office, const hm_product *product, const hm_loaded_key *loaded) {
    HM_LOADED_KEY last = {0};
    bool revoked, found;
    HM_TRY(hm_key_certificate_is_revoked(office, &loaded->row, &revoked));
    if (revoked) {
        HM_TRY(hm_ceremony_find_last(office, product, (hm_key_algorithm)loaded->row.algorithm, loaded->row.release,
                                     &last, &found));
        if (found) HM_TRY(hm_key_may_sign(office, last.row.token_id));
    }
    return hm_certificate_may_sign(office, &loaded->row);
}

hm_err hm_ceremony_signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                               hm_bytes release, hm_signing_key *signing) {
    HM_LOADED_KEY loaded = {0};
    HM_TRY(signing_key(office, product, algorithm, release, true, &loaded));
    HM_TRY(check_certificate(office, product, &loaded));
    return hm_ceremony_hand_out(&loaded, signing);
}

typedef struct {
    hm_loaded_key *loaded;
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
    return hm_loaded_key_keep(search->loaded, row);
}

hm_err hm_ceremony_announced_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                 hm_bytes release, hm_bytes certificate, hm_signing_key *signing) {
    HM_LOADED_KEY loaded = {0};
    announced_search search = {&loaded, release, certificate, false};
    size_t count;
    HM_TRY(hm_statements_load(office));
    HM_TRY(hm_store_keys(office->store, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, match_announced, &search,
                         &count));
    if (!search.found)
        return hm_refuse("the certificate that was announced is not one that %s signs with now (begin again)",
                         product->name);
    HM_TRY(hm_ceremony_load(office, product, &loaded));
    return hm_ceremony_hand_out(&loaded, signing);
}

static hm_err next_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release) {
    HM_LOADED_KEY next = {0};
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

hm_err hm_ceremony_adopt(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_adoption *how) {
    HM_LOADED_KEY ca = {0}, key = {0};
    HM_FD lock = -1;
    hm_key_row row = {.product = product->id,
                      .role = HM_KEY_ROLE_SIGNING,
                      .algorithm = (int)algorithm,
                      .created = hm_now(),
                      .imported = true};
    hm_certificate_terms terms;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(hm_office_token(office));
    HM_TRY(terms_of_certificate(office, product, algorithm, 0, &terms));
    HM_TRY(issuing_ca(office, product, &ca)); /* a key that nobody can certify is not taken */
    HM_TRY(hm_ceremony_take_over(office, product, how, &row, &key));
    HM_TRY(certify_signing(office, product, &terms, &ca, &key));
    hm_keyring_forget(office);
    return HM_OK;
}

hm_err hm_ceremony_rotate(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                          hm_key_is_due is_due) {
    HM_LOADED_KEY key = {0};
    HM_FD lock = -1;
    bool found, due = false;
    for (int looked = 0; looked < 2; looked++) { /* once more under the lock: another process may have done it */
        HM_TRY(hm_ceremony_find(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, &key, &found));
        if (!found || !key.row.certificate.len || !key.active) return HM_OK;
        HM_TRY(is_due(office, key.row.token_id, key.row.created, &due));
        if (!due) return HM_OK;
        if (!looked) HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    }
    return next_key(office, product, algorithm, HM_NO_BYTES);
}

static hm_err nothing_to_renew(const hm_product *product, hm_key_algorithm algorithm, hm_bytes release) {
    return hm_refuse("%s%s%.*s has no %s certificate to renew (hallmark key generate makes key and certificate)",
                     product->name, release.len ? " " : "", (int)release.len, (const char *)release.data,
                     hm_key_algorithm_name(algorithm));
}

hm_err hm_ceremony_renew(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                         uint64_t days) {
    HM_FD lock = -1;
    HM_LOADED_KEY ca = {0}, key = {0};
    bool found;
    hm_certificate_terms terms;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(hm_ceremony_find_last(office, product, algorithm, release, &key, &found));
    if (!found || !key.row.certificate.len) return nothing_to_renew(product, algorithm, release);
    if (key.row.imported_chain)
        return hm_refuse("another's authority has issued it, and renews it (hallmark cert request, cert import)");
    HM_TRY(hm_ceremony_load(office, product, &key));
    HM_TRY(terms_of_certificate(office, product, algorithm, days, &terms));
    HM_TRY(issuing_ca(office, product, &ca));
    HM_TRY(certify_signing(office, product, &terms, &ca, &key));
    hm_keyring_forget(office);
    return HM_OK;
}

hm_err hm_ceremony_has_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes release,
                           bool *there) {
    HM_LOADED_KEY loaded = {0};
    HM_TRY(hm_ceremony_find_of(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, release, &loaded, there));
    *there = *there && loaded.row.certificate.len;
    return HM_OK;
}

hm_err hm_ceremony_request(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_buf *csr) {
    HM_LOADED_KEY loaded = {0};
    HM_TRY(signing_key(office, product, algorithm, HM_NO_BYTES, false, &loaded));
    char name[65];
    snprintf(name, sizeof name, "%.40s %.15s signing", product->name, hm_key_algorithm_name(algorithm));
    hm_cert_name subject = {office->row.organization, product->name, name};
    hm_logged_signer logged = {office, hm_key_signer(loaded.key), product, "certificate request", {0}};
    memcpy(logged.token_id, loaded.row.token_id, sizeof logged.token_id);
    hm_signer signer = hm_logged(&logged);
    return hm_csr_make(&subject, &signer, csr);
}

/* It would be taken for another's, which this office does not revoke. */
static hm_err check_not_ours(hm_office *office, hm_bytes certificate) {
    uint8_t sha256[HM_SHA256_LEN];
    bool is;
    hm_sha256(certificate, sha256);
    HM_TRY(hm_certificate_is_issued(office, HM_ARRAY(sha256), &is));
    return is ? hm_refuse("this office has issued it itself: what is brought in is another authority's") : HM_OK;
}

hm_err hm_ceremony_import(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                          hm_bytes certificates) {
    hm_chain chain;
    HM_TRY(hm_chain_from_der(certificates, &chain));
    if (!chain.count) return hm_refuse("there is no certificate in it");
    HM_LOADED_KEY loaded = {0};
    bool found;
    HM_TRY(hm_ceremony_find(office, product->id, HM_KEY_ROLE_SIGNING, (int)algorithm, &loaded, &found));
    if (!found)
        return hm_refuse("%s has no %s key yet (hallmark cert request makes one)", product->name,
                         hm_key_algorithm_name(algorithm));
    HM_TRY(hm_chain_check(&chain, loaded.row.spki, hm_now()));
    HM_TRY(check_not_ours(office, chain.cert[0]));
    hm_bytes rest;
    size_t leaf = chain.cert[0].len;
    HM_TRY(hm_bytes_part(certificates, leaf, certificates.len - leaf, &rest));
    HM_TRY(hm_ceremony_record_certificate(office, product, &loaded.row, chain.cert[0], rest, true));
    hm_keyring_forget(office); /* it may hold the certificate before */
    return HM_OK;
}
