/* SubjectPublicKeyInfo of the key algorithms we know. All but RSA are a constant followed by the point, so that reading
 * is comparing: there is no room for a second encoding of the same key, nor for curve parameters of an attacker's
 * choice (CVE-2020-0601). */
#include "tlv.h"

#include <crypto/spki.h>

enum {
    RSA_BITS_MIN = 2048,
    RSA_OCTETS_MAX = 1024, /* 8192 bits: a larger modulus only costs the verifier time */
    RSA_EXPONENT_MAX = 8   /* octets */
};

/* RFC 5480: id-ecPublicKey with secp256r1, secp384r1; RFC 8410: id-Ed25519. */
static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                      0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t p384_prefix[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                      0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
static const uint8_t ed25519_prefix[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
/* RFC 3279: rsaEncryption with NULL parameters. */
static const uint8_t rsa_algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

static const struct fixed_form {
    hm_spki_kind kind;
    hm_bytes prefix;
    size_t point_len;
    bool uncompressed; /* the point begins with 04 (SEC 1 section 2.3.3) */
} fixed_forms[] = {
    {HM_SPKI_P256, {p256_prefix, sizeof p256_prefix}, 65, true},
    {HM_SPKI_P384, {p384_prefix, sizeof p384_prefix}, 97, true},
    {HM_SPKI_ED25519, {ed25519_prefix, sizeof ed25519_prefix}, 32, false},
};

static bool point_has_form(const struct fixed_form *form, hm_bytes point) {
    return point.len == form->point_len && (!form->uncompressed || point.data[0] == 0x04);
}

static hm_err put_fixed(hm_spki_kind kind, hm_bytes point, hm_buf *spki) {
    for (size_t i = 0; i < sizeof fixed_forms / sizeof fixed_forms[0]; i++) {
        const struct fixed_form *form = &fixed_forms[i];
        if (form->kind != kind) continue;
        if (!point_has_form(form, point)) return hm_refuse("a public key is not a point of its curve");
        HM_TRY(hm_buf_reserve(spki, form->prefix.len + point.len));
        HM_TRY(hm_put(spki, form->prefix));
        return hm_put(spki, point);
    }
    return hm_refuse("a public key is of an unknown kind");
}

hm_err hm_spki_from_ec_point(hm_key_algorithm algorithm, hm_bytes uncompressed_point, hm_buf *spki) {
    if (algorithm == HM_KEY_ES256) return put_fixed(HM_SPKI_P256, uncompressed_point, spki);
    if (algorithm == HM_KEY_ES384) return put_fixed(HM_SPKI_P384, uncompressed_point, spki);
    return hm_refuse("the key algorithm has no curve");
}

hm_err hm_spki_from_ed25519(hm_bytes point, hm_buf *spki) { return put_fixed(HM_SPKI_ED25519, point, spki); }

static hm_bytes without_leading_zeros(hm_bytes number) {
    while (number.len && number.data[0] == 0) number = HM_BYTES(&number.data[1], number.len - 1);
    return number;
}

static size_t bits_of(hm_bytes number) {
    return number.len ? number.len * 8 - (size_t)(__builtin_clz(number.data[0]) - 24) : 0;
}

/* Numbers that can be an RSA key at all, and are not so large that checking a signature becomes an attack. */
static hm_err check_rsa(hm_bytes modulus, hm_bytes exponent) {
    size_t bits = bits_of(modulus);
    if (bits < RSA_BITS_MIN) return hm_refuse("an RSA key of %zu bits is too short (at least %d)", bits, RSA_BITS_MIN);
    if (modulus.len > RSA_OCTETS_MAX) return hm_refuse("an RSA key of %zu bits is too long", bits);
    if (!(modulus.data[modulus.len - 1] & 1)) return hm_refuse("an RSA modulus is even");
    if (bits_of(exponent) < 2 || exponent.len > RSA_EXPONENT_MAX || !(exponent.data[exponent.len - 1] & 1))
        return hm_refuse("an RSA public exponent is even, 1 or too large");
    return HM_OK;
}

static hm_err put_header(hm_buf *der, uint8_t tag, size_t len) {
    HM_TRY(hm_put_u8(der, tag));
    if (len > 0xffff) return hm_refuse("a public key is too long");
    if (len < 0x80) return hm_put_u8(der, (uint8_t)len);
    if (len < 0x100)
        HM_TRY(hm_put_u8(der, 0x81));
    else {
        HM_TRY(hm_put_u8(der, 0x82));
        HM_TRY(hm_put_u8(der, (uint8_t)(len >> 8)));
    }
    return hm_put_u8(der, (uint8_t)len);
}

static hm_err put_unsigned(hm_buf *der, hm_bytes number) {
    bool sign_octet = number.data[0] & 0x80;
    HM_TRY(put_header(der, HM_DER_INTEGER, number.len + sign_octet));
    if (sign_octet) HM_TRY(hm_put_u8(der, 0));
    return hm_put(der, number);
}

hm_err hm_spki_from_rsa(hm_bytes modulus, hm_bytes exponent, hm_buf *spki) {
    modulus = without_leading_zeros(modulus);
    exponent = without_leading_zeros(exponent);
    HM_TRY(check_rsa(modulus, exponent));
    HM_BUF numbers = HM_BUF_EMPTY, key = HM_BUF_EMPTY, whole = HM_BUF_EMPTY;
    HM_TRY(put_unsigned(&numbers, modulus));
    HM_TRY(put_unsigned(&numbers, exponent));
    HM_TRY(put_header(&key, HM_DER_SEQUENCE, numbers.len));
    HM_TRY(hm_put(&key, hm_buf_bytes(&numbers)));
    HM_TRY(hm_put(&whole, HM_ARRAY(rsa_algorithm)));
    HM_TRY(put_header(&whole, HM_DER_BIT_STRING, key.len + 1));
    HM_TRY(hm_put_u8(&whole, 0)); /* no unused bits */
    HM_TRY(hm_put(&whole, hm_buf_bytes(&key)));
    HM_TRY(hm_buf_reserve(spki, whole.len + 4));
    HM_TRY(put_header(spki, HM_DER_SEQUENCE, whole.len));
    return hm_put(spki, hm_buf_bytes(&whole));
}

static bool read_fixed(hm_bytes der, const struct fixed_form *form, hm_spki *spki) {
    hm_bytes prefix, point;
    if (der.len != form->prefix.len + form->point_len || hm_failed(hm_bytes_part(der, 0, form->prefix.len, &prefix)) ||
        hm_failed(hm_bytes_part(der, form->prefix.len, form->point_len, &point)))
        return false;
    if (!hm_bytes_equal(prefix, form->prefix) || !point_has_form(form, point)) return false;
    *spki = (hm_spki){.kind = form->kind, .point = point};
    return true;
}

static hm_err read_rsa_numbers(hm_bytes der, hm_spki *spki) {
    hm_bytes whole, algorithm, bits, key;
    uint8_t unused_bits;
    hm_reader reader = hm_reader_of(der);
    HM_TRY(hm_key_tlv(&reader, HM_DER_SEQUENCE, &whole));
    reader = hm_reader_of(whole);
    HM_TRY(hm_read_bytes(&reader, sizeof rsa_algorithm, &algorithm));
    if (!hm_bytes_equal(algorithm, HM_ARRAY(rsa_algorithm))) return hm_refuse("its algorithm is not known");
    HM_TRY(hm_key_tlv(&reader, HM_DER_BIT_STRING, &bits));
    reader = hm_reader_of(bits);
    HM_TRY(hm_read_u8(&reader, &unused_bits));
    HM_TRY(hm_key_tlv(&reader, HM_DER_SEQUENCE, &key));
    reader = hm_reader_of(key);
    HM_TRY(hm_key_tlv(&reader, HM_DER_INTEGER, &spki->modulus));
    HM_TRY(hm_key_tlv(&reader, HM_DER_INTEGER, &spki->exponent));
    spki->kind = HM_SPKI_RSA;
    spki->point = HM_NO_BYTES;
    spki->modulus = without_leading_zeros(spki->modulus);
    spki->exponent = without_leading_zeros(spki->exponent);
    return HM_OK;
}

/* Writing the key again from its numbers and comparing leaves one encoding, whatever the reader overlooked. */
static hm_err read_rsa(hm_bytes der, hm_spki *spki) {
    HM_TRY(read_rsa_numbers(der, spki));
    HM_BUF again = HM_BUF_EMPTY;
    HM_TRY(hm_spki_from_rsa(spki->modulus, spki->exponent, &again));
    if (!hm_bytes_equal(der, hm_buf_bytes(&again))) return hm_refuse("it is not DER");
    return HM_OK;
}

hm_err hm_spki_parse(hm_bytes der, hm_spki *spki) {
    for (size_t i = 0; i < sizeof fixed_forms / sizeof fixed_forms[0]; i++)
        if (read_fixed(der, &fixed_forms[i], spki)) return HM_OK;
    return hm_in(read_rsa(der, spki), "public key");
}
