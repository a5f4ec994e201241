/* PKCS#8 of the algorithms that officers use. As with public keys (spki.c) every encoding is constants around numbers
 * of fixed length, so that reading is comparing: explicit curve parameters, attributes and other versions have no room.
 * What does not compare is looked at once more only to say what it is. */
#include "pkcs8.h"

#include "tlv.h"

#include <base/secret.h>

#include <string.h>

/* version 0, id-ecPublicKey with the named curve, ECPrivateKey (RFC 5915): version 1, privateKey ... */
static const uint8_t p256_head[] = {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                    0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t p384_head[] = {0x30, 0x81, 0xb6, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
                                    0x04, 0x81, 0x9e, 0x30, 0x81, 0x9b, 0x02, 0x01, 0x01, 0x04, 0x30};
/* ... [1] publicKey */
static const uint8_t p256_middle[] = {0xa1, 0x44, 0x03, 0x42, 0x00}, p384_middle[] = {0xa1, 0x64, 0x03, 0x62, 0x00};
/* RFC 8410 section 7: version 0, id-Ed25519, CurvePrivateKey */
static const uint8_t ed25519_head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

static const struct form {
    hm_key_algorithm algorithm;
    hm_bytes head, middle;
    size_t scalar_len, point_len;
} forms[] = {
    {HM_KEY_ES256, {p256_head, sizeof p256_head}, {p256_middle, sizeof p256_middle}, 32, 65},
    {HM_KEY_ES384, {p384_head, sizeof p384_head}, {p384_middle, sizeof p384_middle}, 48, 97},
    {HM_KEY_ED25519, {ed25519_head, sizeof ed25519_head}, {NULL, 0}, 32, 0},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static bool read_form(hm_bytes der, const struct form *form, hm_pkcs8 *key) {
    hm_reader reader = hm_reader_of(der);
    hm_bytes head, middle;
    key->algorithm = form->algorithm;
    return !hm_failed(hm_read_bytes(&reader, form->head.len, &head)) && hm_bytes_equal(head, form->head) &&
           !hm_failed(hm_read_bytes(&reader, form->scalar_len, &key->scalar)) &&
           !hm_failed(hm_read_bytes(&reader, form->middle.len, &middle)) && hm_bytes_equal(middle, form->middle) &&
           !hm_failed(hm_read_bytes(&reader, form->point_len, &key->point)) && !reader.rest.len &&
           (!key->point.len || key->point.data[0] == 0x04); /* uncompressed: SEC 1 section 2.3.3 */
}

#define REWRITE "openssl pkey -in OLD -out NEW"

static const uint8_t ec_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}, ed25519[] = {0x2b, 0x65, 0x70},
                     p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22},
                     pkcs1[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01}; /* RSA in all its uses */

/* The curve of id-ecPublicKey: ECParameters (RFC 5480 section 2.1.1). */
static hm_err refuse_curve(hm_reader parameters) {
    hm_bytes curve;
    hm_reader again = parameters;
    if (!hm_failed(hm_key_tlv(&again, HM_DER_SEQUENCE, &curve)))
        return hm_refuse("spells out its curve's parameters instead of naming the curve "
                         "(openssl pkey -ec_param_enc named_curve -in OLD -out NEW)");
    if (hm_failed(hm_key_tlv(&parameters, HM_DER_OBJECT, &curve))) return hm_refuse("names no curve");
    if (hm_bytes_equal(curve, HM_ARRAY(p256)) || hm_bytes_equal(curve, HM_ARRAY(p384)))
        return hm_refuse("is not in the form that openssl genpkey writes "
                         "(openssl pkey -ec_conv_form uncompressed -in OLD -out NEW, or a new key)");
    return hm_refuse("is on another curve than P-256 and P-384");
}

static hm_err refuse_algorithm(hm_bytes algorithm) {
    hm_reader reader = hm_reader_of(algorithm);
    hm_bytes object, start;
    HM_TRY(hm_key_tlv(&reader, HM_DER_OBJECT, &object));
    if (hm_bytes_equal(object, HM_ARRAY(ec_key))) return refuse_curve(reader);
    if (hm_bytes_equal(object, HM_ARRAY(ed25519)))
        return hm_refuse("is not in the form that openssl genpkey writes (" REWRITE ", or a new key)");
    if (!hm_failed(hm_bytes_part(object, 0, sizeof pkcs1, &start)) && hm_bytes_equal(start, HM_ARRAY(pkcs1)))
        return hm_refuse("is an RSA key (officers have es256, es384 or ed25519)");
    return hm_refuse("is of another algorithm than es256, es384 and ed25519");
}

static hm_err refuse(hm_bytes der) {
    hm_reader reader = hm_reader_of(der);
    hm_bytes whole, version, algorithm;
    if (hm_failed(hm_key_tlv(&reader, HM_DER_SEQUENCE, &whole))) return hm_refuse("there is no key in it");
    if (reader.rest.len) return hm_refuse("something stands behind the key");
    reader = hm_reader_of(whole);
    if (hm_failed(hm_key_tlv(&reader, HM_DER_INTEGER, &version)) ||
        hm_failed(hm_key_tlv(&reader, HM_DER_SEQUENCE, &algorithm)))
        return hm_refuse("there is no key in it");
    return refuse_algorithm(algorithm);
}

hm_err hm_pkcs8_parse(hm_bytes der, hm_pkcs8 *key) {
    for (size_t i = 0; i < FORMS; i++)
        if (read_form(der, &forms[i], key)) return HM_OK;
    *key = (hm_pkcs8){0};
    return refuse(der);
}

hm_err hm_pkcs8_put(const hm_pkcs8 *key, hm_buf *der) {
    for (size_t i = 0; i < FORMS; i++) {
        const struct form *form = &forms[i];
        if (form->algorithm != key->algorithm) continue;
        if (key->scalar.len != form->scalar_len || key->point.len != form->point_len)
            return hm_refuse("a private key has not the length of its algorithm");
        HM_TRY(hm_put(der, form->head));
        HM_TRY(hm_put(der, key->scalar));
        HM_TRY(hm_put(der, form->middle));
        return hm_put(der, key->point);
    }
    return hm_misuse("a key in a file is es256, es384 or ed25519");
}

void hm_wiped_clear(hm_buf *buf) {
    if (buf->data) hm_wipe(buf->data, buf->capacity);
    hm_buf_clear(buf);
}

/* What else PEM text may be, and what is said where a private or a public key was asked for. */
#define RSA "is an RSA key (officers have es256, es384 or ed25519)"
#define IS_PRIVATE "is a private key; the public one is asked for (openssl pkey -in KEY -pubout)"
static const struct {
    const char *label, *not_private, *not_public;
} others[] = {
    {"ENCRYPTED PRIVATE KEY", "is encrypted; keys in files are read without a passphrase (" REWRITE " takes it off)",
     IS_PRIVATE},
    {"PRIVATE KEY", NULL, IS_PRIVATE},
    {"EC PRIVATE KEY", "is a private key in an older form (" REWRITE ")", IS_PRIVATE},
    {"RSA PRIVATE KEY", RSA, IS_PRIVATE},
    {"OPENSSH PRIVATE KEY", "is a private key in the form of OpenSSH (make one with openssl genpkey)", IS_PRIVATE},
    {"EC PARAMETERS", "holds more than the key (" REWRITE ")", "is no public key"},
    {"RSA PUBLIC KEY", "is a public key; the private one is asked for", RSA},
    {"PUBLIC KEY", "is a public key; the private one is asked for", NULL},
    {"CERTIFICATE", "is a certificate; a private key is asked for",
     "is a certificate; a public key is asked for (openssl x509 -in CERTIFICATE -noout -pubkey)"},
};

hm_err hm_key_label_check(hm_bytes label, bool private) {
    if (hm_bytes_equal(label, hm_text(private ? "PRIVATE KEY" : "PUBLIC KEY"))) return HM_OK;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (hm_bytes_equal(label, hm_text(others[i].label)))
            return hm_refuse("%s", private ? others[i].not_private : others[i].not_public);
    return hm_refuse("is PEM text of another kind than a %s key", private ? "private" : "public");
}
