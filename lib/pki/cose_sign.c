/* COSE_Signature: made, read, checked (RFC 9052 sections 4.1, 4.4). */
#include "cert_parts.h"
#include "cose_headers.h"

#include <pki/cose.h>

#include <base/cbor.h>

#include <string.h>

enum { ALG = 1, KID = 4, X5CHAIN = 33, RECEIPTS = 394 };

static const struct algorithm {
    int64_t number;
    const char *name;
    hm_scheme scheme;  /* 0: not checked here */
    size_t coordinate; /* octets of r and of s; 0: not ECDSA */
} algorithms[] = {
    {HM_COSE_ES256, "ES256", HM_SCHEME_ECDSA_SHA256, 32},
    {HM_COSE_ESP256, "ESP256", HM_SCHEME_ECDSA_SHA256, 32},
    {HM_COSE_ESP384, "ESP384", HM_SCHEME_ECDSA_SHA384, 48},
    {HM_COSE_ED25519, "Ed25519", HM_SCHEME_ED25519, 0},
    {HM_COSE_PS256, "PS256", HM_SCHEME_RSA_PSS_SHA256, 0},
    {HM_COSE_RS256, "RS256", HM_SCHEME_RSA_SHA256, 0},
    {HM_COSE_HSS_LMS, "HSS-LMS", 0, 0},
};

static const struct algorithm *algorithm_numbered(int64_t number) {
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
        if (algorithms[i].number == number) return &algorithms[i];
    return NULL;
}

const char *hm_cose_algorithm_name(int64_t algorithm) {
    const struct algorithm *found = algorithm_numbered(algorithm);
    return found ? found->name : NULL;
}

hm_scheme hm_cose_scheme(int64_t algorithm) {
    const struct algorithm *found = algorithm_numbered(algorithm);
    return found ? found->scheme : (hm_scheme)0;
}

int64_t hm_cose_algorithm_of(hm_key_algorithm algorithm) {
    switch (algorithm) {
    case HM_KEY_ES256:
        return HM_COSE_ESP256;
    case HM_KEY_ES384:
        return HM_COSE_ESP384;
    case HM_KEY_RSA3072:
    case HM_KEY_RSA4096:
        return HM_COSE_RS256;
    case HM_KEY_ED25519:
        return HM_COSE_ED25519;
    }
    return 0;
}

static hm_err put_protected(int64_t algorithm, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_map(cbor, 1));
    HM_TRY(hm_cbor_put_int(cbor, ALG));
    return hm_cbor_put_int(cbor, algorithm);
}

static hm_bytes context_of(hm_cose_object object) {
    static const char *const names[] = {
        [HM_COSE_MANIFEST] = "hallmark manifest 1",   [HM_COSE_TRUST_LIST] = "hallmark trust list 1",
        [HM_COSE_STATEMENT] = "hallmark statement 1", [HM_COSE_APPROVAL] = "hallmark approval 1",
        [HM_COSE_REJECTION] = "hallmark rejection 1", [HM_COSE_SESSION] = "hallmark session 1"};
    return hm_text(names[object]);
}

hm_err hm_cose_to_be_signed(hm_cose_object object, int64_t algorithm, hm_bytes payload, hm_buf *message) {
    HM_BUF protected = HM_BUF_EMPTY, structure = HM_BUF_EMPTY;
    HM_TRY(put_protected(algorithm, &protected));
    HM_TRY(hm_cbor_put_array(&structure, 5));
    HM_TRY(hm_cbor_put_text(&structure, hm_text("Signature")));
    HM_TRY(hm_cbor_put_bytes(&structure, HM_NO_BYTES));
    HM_TRY(hm_cbor_put_bytes(&structure, hm_buf_bytes(&protected)));
    HM_TRY(hm_cbor_put_bytes(&structure, context_of(object)));
    HM_TRY(hm_cbor_put_bytes(&structure, payload));
    return hm_put(message, hm_buf_bytes(&structure));
}

/* An array of four or five that begins with the text Signature or Signature1. */
bool hm_cose_could_be_signed(hm_bytes head) {
    hm_bytes word;
    return head.len >= HM_COSE_STRUCTURE_HEAD && (head.data[0] == 0x84 || head.data[0] == 0x85) &&
           (head.data[1] == 0x69 || head.data[1] == 0x6a) && !hm_failed(hm_bytes_part(head, 2, 9, &word)) &&
           hm_bytes_equal(word, hm_text("Signature"));
}

hm_err hm_cose_value_of(int64_t algorithm, hm_bytes x509_form, hm_buf *value) {
    const struct algorithm *known = algorithm_numbered(algorithm);
    if (!known) return hm_misuse("COSE algorithm %lld is unknown", (long long)algorithm);
    if (!x509_form.len) return hm_could_not("the token gave an empty signature");
    return known->coordinate ? hm_ecdsa_from_der(x509_form, known->coordinate, value) : hm_put(value, x509_form);
}

/* RFC 9360 section 2: one certificate alone, several in an array. */
static hm_err put_chain(const hm_chain *chain, hm_buf *cbor) {
    if (chain->count == 1) return hm_cbor_put_bytes(cbor, chain->cert[0]);
    HM_TRY(hm_cbor_put_array(cbor, chain->count));
    for (size_t i = 0; i < chain->count; i++) HM_TRY(hm_cbor_put_bytes(cbor, chain->cert[i]));
    return HM_OK;
}

static hm_err put_receipts(const hm_cose_signature *signature, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, signature->receipts));
    for (size_t i = 0; i < signature->receipts; i++) HM_TRY(hm_cbor_put_bytes(cbor, signature->receipt[i]));
    return HM_OK;
}

static hm_err put_unprotected(const hm_cose_signature *signature, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_map(cbor, 1u + (signature->chain.count != 0) + (signature->receipts != 0)));
    HM_TRY(hm_cbor_put_int(cbor, KID));
    HM_TRY(hm_cbor_put_bytes(cbor, signature->kid));
    if (signature->chain.count) {
        HM_TRY(hm_cbor_put_int(cbor, X5CHAIN));
        HM_TRY(put_chain(&signature->chain, cbor));
    }
    if (!signature->receipts) return HM_OK;
    HM_TRY(hm_cbor_put_int(cbor, RECEIPTS));
    return put_receipts(signature, cbor);
}

hm_err hm_cose_signature_put(const hm_cose_signature *signature, hm_buf *cbor) {
    HM_BUF protected = HM_BUF_EMPTY, whole = HM_BUF_EMPTY;
    if (signature->chain.count > HM_COSE_CHAIN_MAX)
        return hm_refuse("an envelope holds at most %d certificates of a chain", HM_COSE_CHAIN_MAX);
    if (signature->receipts > HM_COSE_RECEIPTS_MAX)
        return hm_refuse("a signature holds at most %d receipts", HM_COSE_RECEIPTS_MAX);
    HM_TRY(put_protected(signature->algorithm, &protected));
    HM_TRY(hm_cbor_put_array(&whole, 3));
    HM_TRY(hm_cbor_put_bytes(&whole, hm_buf_bytes(&protected)));
    HM_TRY(put_unprotected(signature, &whole));
    HM_TRY(hm_cbor_put_bytes(&whole, signature->value));
    return hm_put(cbor, hm_buf_bytes(&whole));
}

/* The chain without the root, which whoever trusts it has. */
static hm_err without_root(const hm_chain *chain, const hm_signer *signer, hm_chain *embedded) {
    hm_cert_parts parts;
    embedded->count = 0;
    for (size_t i = 0; i < chain->count; i++) {
        HM_TRY(hm_cert_cut(chain->cert[i], &parts));
        if (i == 0 && !hm_bytes_equal(parts.spki, signer->spki))
            return hm_refuse("the signing certificate is not for the signing key");
        if (i == 0 || !hm_cert_is_self_issued(&parts)) embedded->cert[embedded->count++] = chain->cert[i];
    }
    return HM_OK;
}

hm_err hm_cose_sign(hm_cose_object object, hm_bytes payload, const hm_chain *chain, const hm_signer *signer,
                    hm_buf *signature, uint8_t signature_hash[static HM_SHA256_LEN]) {
    hm_cose_signature made = {.algorithm = hm_cose_algorithm_of(signer->algorithm)};
    HM_BUF message = HM_BUF_EMPTY, x509_form = HM_BUF_EMPTY, value = HM_BUF_EMPTY;
    uint8_t kid[HM_KID_LEN];
    HM_TRY(hm_cose_kid(signer->spki, kid));
    if (chain) HM_TRY(without_root(chain, signer, &made.chain));
    HM_TRY(hm_cose_to_be_signed(object, made.algorithm, payload, &message));
    HM_TRY(signer->sign(signer->key, hm_key_scheme(signer->algorithm), hm_buf_bytes(&message), &x509_form));
    HM_TRY(hm_cose_value_of(made.algorithm, hm_buf_bytes(&x509_form), &value));
    made.kid = HM_ARRAY(kid);
    made.value = hm_buf_bytes(&value);
    HM_TRY(hm_cose_signature_put(&made, signature));
    hm_sha256(made.value, signature_hash);
    return HM_OK;
}

static hm_err get_protected(hm_reader *reader, int64_t *algorithm) {
    hm_bytes protected, previous = HM_NO_BYTES;
    uint64_t pairs;
    int64_t label;
    HM_TRY(hm_cbor_get_bytes(reader, &protected));
    hm_reader inside = hm_reader_of(protected);
    HM_TRY(hm_cbor_get_map(&inside, &pairs));
    HM_TRY(hm_cbor_get_key(&inside, &previous, &label));
    if (pairs != 1 || label != ALG) return hm_refuse("the protected header holds something else than an algorithm");
    HM_TRY(hm_cbor_get_int(&inside, algorithm));
    return hm_read_end(&inside);
}

static hm_err get_chain(hm_reader *reader, hm_chain *chain) {
    uint64_t count = 1;
    bool several = hm_cbor_next(reader) == HM_CBOR_ARRAY;
    if (several) HM_TRY(hm_cbor_get_array(reader, &count));
    if ((several && count < 2) || count > HM_COSE_CHAIN_MAX)
        return hm_refuse("its chain holds %llu certificates", (unsigned long long)count);
    for (chain->count = 0; chain->count < count; chain->count++)
        HM_TRY(hm_cbor_get_bytes(reader, &chain->cert[chain->count]));
    return HM_OK;
}

static hm_err get_receipts(hm_reader *reader, hm_cose_signature *signature) {
    uint64_t count;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (!count || count > HM_COSE_RECEIPTS_MAX) return hm_refuse("it holds %llu receipts", (unsigned long long)count);
    for (signature->receipts = 0; signature->receipts < count; signature->receipts++)
        HM_TRY(hm_cbor_get_bytes(reader, &signature->receipt[signature->receipts]));
    return HM_OK;
}

static hm_err get_header(hm_reader *reader, int64_t label, hm_cose_signature *signature) {
    if (label == X5CHAIN) return get_chain(reader, &signature->chain);
    if (label == RECEIPTS) return get_receipts(reader, signature);
    if (label != KID) return hm_refuse("it has an unprotected header %lld", (long long)label);
    HM_TRY(hm_cbor_get_bytes(reader, &signature->kid));
    return signature->kid.len == HM_KID_LEN ? HM_OK : hm_refuse("its kid is not of %d bytes", HM_KID_LEN);
}

static hm_err get_signature(hm_reader *reader, hm_cose_signature *signature) {
    uint64_t count, pairs;
    hm_bytes previous = HM_NO_BYTES;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (count != 3) return hm_refuse("it is not an array of three");
    HM_TRY(get_protected(reader, &signature->algorithm));
    HM_TRY(hm_cbor_get_map(reader, &pairs));
    for (uint64_t i = 0; i < pairs; i++) {
        int64_t label;
        HM_TRY(hm_cbor_get_key(reader, &previous, &label));
        HM_TRY(get_header(reader, label, signature));
    }
    if (!signature->kid.len) return hm_refuse("it names no key");
    return hm_cbor_get_bytes(reader, &signature->value);
}

hm_err hm_cose_read_signature(hm_reader *reader, hm_cose_signature *signature) {
    hm_bytes before = reader->rest;
    memset(signature, 0, sizeof *signature);
    HM_TRY(hm_in(get_signature(reader, signature), "COSE signature"));
    return hm_bytes_part(before, 0, before.len - reader->rest.len, &signature->whole);
}

hm_err hm_cose_signature_get(hm_bytes bytes, hm_cose_signature *signature) {
    hm_reader reader = hm_reader_of(bytes);
    HM_TRY(hm_cose_read_signature(&reader, signature));
    return hm_in(hm_read_end(&reader), "COSE signature");
}

hm_err hm_cose_verify_value(int64_t algorithm, hm_bytes message, hm_bytes value, hm_bytes spki) {
    const struct algorithm *known = algorithm_numbered(algorithm);
    HM_BUF der = HM_BUF_EMPTY;
    if (!known || !known->scheme)
        return hm_refuse("no signature of COSE algorithm %lld is checked here", (long long)algorithm);
    if (!known->coordinate) return hm_verify(spki, known->scheme, message, value);
    if (value.len != 2 * known->coordinate) return hm_refuse("the signature is not of its algorithm's length");
    HM_TRY(hm_ecdsa_to_der(value, &der));
    return hm_verify(spki, known->scheme, message, hm_buf_bytes(&der));
}

hm_err hm_cose_verify(hm_cose_object object, hm_bytes payload, const hm_cose_signature *signature, hm_bytes spki) {
    HM_BUF message = HM_BUF_EMPTY;
    uint8_t kid[HM_KID_LEN];
    HM_TRY(hm_cose_kid(spki, kid));
    if (!hm_bytes_equal(signature->kid, HM_ARRAY(kid))) return hm_refuse("the signature names another key");
    /* ES256 names P-256 with SHA-256 as ESP256 does, but only one of them is written here. */
    if (signature->algorithm == HM_COSE_ES256) return hm_refuse("the signature's algorithm is for receipts only");
    HM_TRY(hm_cose_to_be_signed(object, signature->algorithm, payload, &message));
    return hm_cose_verify_value(signature->algorithm, hm_buf_bytes(&message), signature->value, spki);
}

hm_err hm_cose_envelope_check(const hm_cose_envelope *envelope) {
    for (size_t i = 0; i < envelope->signatures; i++) {
        const hm_cose_signature *each = &envelope->signature[i];
        hm_bytes spki;
        if (!each->chain.count) continue;
        HM_TRY(hm_cert_spki(each->chain.cert[0], &spki));
        HM_TRY(hm_in(hm_cose_verify(HM_COSE_MANIFEST, envelope->payload, each, spki), "signature %zu", i + 1));
    }
    return HM_OK;
}
