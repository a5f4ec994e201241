/* COSE_Key (RFC 9052 section 7) and its thumbprint (RFC 9679). */
#include <pki/cose.h>

#include <base/cbor.h>
#include <crypto/spki.h>

#include <string.h>

/* Labels. */
enum { KTY = 1, KID = 2, ALG = 3, FIRST = -1 };
/* Key types and curves (RFC 9053 section 7, RFC 8230, RFC 8778). */
enum { OKP = 1, EC2 = 2, RSA = 3, HSS_LMS = 5, P256 = 1, P384 = 2, ED25519 = 6 };
/* HSS public keys: levels, the two type codes, I, and T[1] of 24 or 32 octets (RFC 8554 section 5.3, SP 800-208). */
enum { LMS_SHORT = 4 + 8 + 16 + 24, LMS_LONG = 4 + 8 + 16 + 32 };

static const struct key_type {
    int64_t algorithm, kty, curve; /* curve 0: none */
    hm_spki_kind kind;
    bool has_b;
    size_t field; /* octets of a coordinate; 0: not fixed */
} key_types[] = {
    {HM_COSE_ESP256, EC2, P256, HM_SPKI_P256, true, 32},
    {HM_COSE_ESP384, EC2, P384, HM_SPKI_P384, true, 48},
    {HM_COSE_ED25519, OKP, ED25519, HM_SPKI_ED25519, false, 32},
    {HM_COSE_RS256, RSA, 0, HM_SPKI_RSA, true, 0},
    {HM_COSE_PS256, RSA, 0, HM_SPKI_RSA, true, 0},
    {HM_COSE_HSS_LMS, HSS_LMS, 0, 0, false, 0},
};
enum { KEY_TYPES = sizeof key_types / sizeof key_types[0] };

static const struct key_type *type_of_algorithm(int64_t algorithm) {
    for (size_t i = 0; i < KEY_TYPES; i++)
        if (key_types[i].algorithm == algorithm) return &key_types[i];
    return NULL;
}

/* The type's own parameters, in the order of their labels -1, -2, -3. */
static hm_err put_parameters(const struct key_type *type, hm_bytes a, hm_bytes b, hm_buf *cbor) {
    int64_t label = FIRST;
    if (type->curve) {
        HM_TRY(hm_cbor_put_int(cbor, label--));
        HM_TRY(hm_cbor_put_int(cbor, type->curve));
    }
    HM_TRY(hm_cbor_put_int(cbor, label--));
    HM_TRY(hm_cbor_put_bytes(cbor, a));
    if (!type->has_b) return HM_OK;
    HM_TRY(hm_cbor_put_int(cbor, label));
    return hm_cbor_put_bytes(cbor, b);
}

static uint64_t parameters(const struct key_type *type) { return 1u + (type->curve != 0) + type->has_b; }

/* RFC 9679 section 3: the required parameters only, in deterministic encoding. */
static hm_err thumbprint(const struct key_type *type, hm_bytes a, hm_bytes b, uint8_t kid[static HM_KID_LEN]) {
    HM_BUF cbor = HM_BUF_EMPTY;
    HM_TRY(hm_cbor_put_map(&cbor, 1 + parameters(type)));
    HM_TRY(hm_cbor_put_int(&cbor, KTY));
    HM_TRY(hm_cbor_put_int(&cbor, type->kty));
    HM_TRY(put_parameters(type, a, b, &cbor));
    hm_sha256(hm_buf_bytes(&cbor), kid);
    return HM_OK;
}

static hm_err put_key(const struct key_type *type, hm_bytes a, hm_bytes b, hm_buf *cbor) {
    HM_BUF key = HM_BUF_EMPTY;
    uint8_t kid[HM_KID_LEN];
    HM_TRY(thumbprint(type, a, b, kid));
    HM_TRY(hm_cbor_put_map(&key, 3 + parameters(type)));
    HM_TRY(hm_cbor_put_int(&key, KTY));
    HM_TRY(hm_cbor_put_int(&key, type->kty));
    HM_TRY(hm_cbor_put_int(&key, KID));
    HM_TRY(hm_cbor_put_bytes(&key, HM_ARRAY(kid)));
    HM_TRY(hm_cbor_put_int(&key, ALG));
    HM_TRY(hm_cbor_put_int(&key, type->algorithm));
    HM_TRY(put_parameters(type, a, b, &key));
    return hm_put(cbor, hm_buf_bytes(&key));
}

/* Type and parameters of a SubjectPublicKeyInfo: views into it. */
static hm_err cut_spki(hm_bytes spki, const struct key_type **type, hm_bytes *a, hm_bytes *b) {
    hm_spki parsed;
    HM_TRY(hm_spki_parse(spki, &parsed));
    *type = &key_types[0];
    while ((*type)->kind != parsed.kind) ++*type; /* the table has every kind */
    *a = parsed.kind == HM_SPKI_RSA ? parsed.modulus : parsed.point;
    *b = parsed.exponent;
    if (parsed.kind != HM_SPKI_P256 && parsed.kind != HM_SPKI_P384) return HM_OK;
    /* 04, x, y (SEC 1 section 2.3.3) */
    HM_TRY(hm_bytes_part(parsed.point, 1, (*type)->field, a));
    return hm_bytes_part(parsed.point, 1 + (*type)->field, (*type)->field, b);
}

hm_err hm_cose_kid(hm_bytes spki, uint8_t kid[static HM_KID_LEN]) {
    const struct key_type *type;
    hm_bytes a, b;
    HM_TRY(cut_spki(spki, &type, &a, &b));
    return thumbprint(type, a, b, kid);
}

hm_err hm_cose_key_put(hm_bytes spki, hm_buf *cbor) {
    const struct key_type *type;
    hm_bytes a, b;
    HM_TRY(cut_spki(spki, &type, &a, &b));
    return put_key(type, a, b, cbor);
}

static bool is_lms(hm_bytes key) { return key.len == LMS_SHORT || key.len == LMS_LONG; }

hm_err hm_cose_key_put_lms(hm_bytes public_key, hm_buf *cbor) {
    if (!is_lms(public_key)) return hm_refuse("an HSS-LMS public key has %d or %d bytes", LMS_SHORT, LMS_LONG);
    return put_key(type_of_algorithm(HM_COSE_HSS_LMS), public_key, HM_NO_BYTES, cbor);
}

hm_err hm_cose_key_spki(const hm_cose_key *key, hm_buf *spki) {
    const struct key_type *type = type_of_algorithm(key->algorithm);
    HM_BUF point = HM_BUF_EMPTY;
    if (!type || type->kty == HSS_LMS) return hm_refuse("the key has no form in X.509");
    if (type->kty == RSA) return hm_spki_from_rsa(key->a, key->b, spki);
    if (type->kty == OKP) return hm_spki_from_ed25519(key->a, spki);
    HM_TRY(hm_put_u8(&point, 0x04));
    HM_TRY(hm_put(&point, key->a));
    HM_TRY(hm_put(&point, key->b));
    return hm_spki_from_ec_point(type->curve == P256 ? HM_KEY_ES256 : HM_KEY_ES384, hm_buf_bytes(&point), spki);
}

static hm_err get_label(hm_reader *reader, hm_bytes *previous, int64_t wanted) {
    int64_t label;
    HM_TRY(hm_cbor_get_key(reader, previous, &label));
    return label == wanted ? HM_OK
                           : hm_refuse("parameter %lld where %lld belongs", (long long)label, (long long)wanted);
}

static hm_err get_number(hm_reader *reader, hm_bytes *previous, int64_t label, int64_t *value) {
    HM_TRY(get_label(reader, previous, label));
    return hm_cbor_get_int(reader, value);
}

static hm_err get_string(hm_reader *reader, hm_bytes *previous, int64_t label, hm_bytes *value) {
    HM_TRY(get_label(reader, previous, label));
    return hm_cbor_get_bytes(reader, value);
}

static hm_err check_numbers(const struct key_type *type, const hm_cose_key *key) {
    HM_BUF spki = HM_BUF_EMPTY;
    if (type->field && (key->a.len != type->field || (type->has_b && key->b.len != type->field)))
        return hm_refuse("a coordinate has another length than its curve's");
    if (type->kty == HSS_LMS) return is_lms(key->a) ? HM_OK : hm_refuse("it is not of the length of an HSS-LMS key");
    if (type->kty == RSA && (!key->a.len || !key->a.data[0] || !key->b.len || !key->b.data[0]))
        return hm_refuse("an RSA number is empty or begins with zero");
    return hm_cose_key_spki(key, &spki);
}

static hm_err get_parameters(hm_reader *reader, hm_bytes *previous, const struct key_type *type, hm_cose_key *key) {
    int64_t label = FIRST, curve = 0;
    if (type->curve) HM_TRY(get_number(reader, previous, label--, &curve));
    if (curve != type->curve) return hm_refuse("its curve is not its algorithm's");
    HM_TRY(get_string(reader, previous, label--, &key->a));
    if (type->has_b) HM_TRY(get_string(reader, previous, label, &key->b));
    return check_numbers(type, key);
}

static hm_err get_key(hm_reader *reader, hm_cose_key *key) {
    uint64_t pairs;
    int64_t kty;
    uint8_t kid[HM_KID_LEN];
    hm_bytes previous = HM_NO_BYTES, named;
    HM_TRY(hm_cbor_get_map(reader, &pairs));
    HM_TRY(get_number(reader, &previous, KTY, &kty));
    HM_TRY(get_string(reader, &previous, KID, &named));
    HM_TRY(get_number(reader, &previous, ALG, &key->algorithm));
    const struct key_type *type = type_of_algorithm(key->algorithm);
    if (!type || type->kty != kty)
        return hm_refuse("algorithm %lld is unknown, or not of key type %lld", (long long)key->algorithm,
                         (long long)kty);
    if (pairs != 3 + parameters(type)) return hm_refuse("it has %llu parameters", (unsigned long long)pairs);
    HM_TRY(get_parameters(reader, &previous, type, key));
    HM_TRY(thumbprint(type, key->a, key->b, kid));
    if (!hm_bytes_equal(named, HM_ARRAY(kid))) return hm_refuse("its kid is not its thumbprint");
    memcpy(key->kid, kid, sizeof kid);
    return HM_OK;
}

hm_err hm_cose_key_get(hm_reader *reader, hm_cose_key *key) {
    memset(key, 0, sizeof *key);
    return hm_in(get_key(reader, key), "COSE key");
}
