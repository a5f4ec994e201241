#include "x509.h"

#include "cert_parts.h"

#include <crypto/process.h>

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

hm_err hm_x509_parse(hm_bytes der, X509 **certificate) {
    *certificate = NULL;
    if (der.len > INT_MAX) return hm_refuse("a certificate is too large");
    HM_TRY(hm_crypto_begin());
    const unsigned char *at = der.data;
    X509 *parsed = d2i_X509(NULL, &at, (long)der.len);
    ERR_clear_error();
    if (!parsed) return hm_crypto_settle(hm_refuse("not a certificate"));
    if ((size_t)(at - der.data) != der.len) {
        X509_free(parsed);
        return hm_refuse("a certificate has bytes behind its end");
    }
    *certificate = parsed;
    return HM_OK;
}

/* Cut to what fits without leaving half a UTF-8 character, with control characters replaced. */
static void copy_printable(const char *from, size_t len, char *text, size_t size) {
    if (len >= size) {
        len = size - 1;
        while (len && ((unsigned char)from[len] & 0xc0) == 0x80) len--;
    }
    for (size_t i = 0; i < len; i++) text[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? '?' : from[i];
    text[len] = 0;
}

void hm_x509_name_text(const X509_NAME *name, char *text, size_t size) {
    text[0] = 0;
    BIO *memory = BIO_new(BIO_s_mem());
    if (!memory) return;
    char *data;
    /* RFC 2253, but letters beyond ASCII stay as they are. */
    if (X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        long len = BIO_get_mem_data(memory, &data);
        if (len > 0) copy_printable(data, (size_t)len, text, size);
    }
    BIO_free(memory);
    ERR_clear_error();
}

static void copy_string(const ASN1_STRING *string, char *text, size_t size) {
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, string);
    if (len > 0) copy_printable((const char *)utf8, (size_t)len, text, size);
    OPENSSL_free(utf8);
    ERR_clear_error();
}

/* The only attribute of type NID, or NULL if there is none or several. */
static const ASN1_STRING *only_part(const X509_NAME *name, int nid) {
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0) return NULL;
    return X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

void hm_x509_name_part(const X509_NAME *name, int nid, char *text, size_t size) {
    const ASN1_STRING *part = only_part(name, nid);
    text[0] = 0;
    if (part) copy_string(part, text, size);
}

bool hm_x509_name_has_unit(const X509_NAME *name, const char *unit) {
    const ASN1_STRING *part = only_part(name, NID_organizationalUnitName);
    if (!part) return false;
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, part);
    bool same = len >= 0 && hm_bytes_equal(HM_BYTES(utf8, (size_t)len), hm_text(unit));
    OPENSSL_free(utf8);
    ERR_clear_error();
    return same;
}

hm_err hm_x509_time(const ASN1_TIME *time, int64_t *unix_seconds) {
    struct tm tm;
    if (!time || !ASN1_TIME_to_tm(time, &tm)) {
        ERR_clear_error();
        return hm_crypto_settle(hm_refuse("a certificate's date is malformed"));
    }
    *unix_seconds = timegm(&tm);
    return HM_OK;
}

void hm_x509_title(X509 *certificate, char *title, size_t size) {
    const X509_NAME *subject = X509_get_subject_name(certificate);
    hm_x509_name_part(subject, NID_commonName, title, size);
    if (!title[0]) hm_x509_name_text(subject, title, size);
    if (!title[0]) copy_printable("(without a name)", strlen("(without a name)"), title, size);
}

static void describe_serial(const ASN1_INTEGER *serial, char *text, size_t size) {
    static const char digits[] = "0123456789abcdef";
    hm_bytes magnitude = HM_BYTES(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    size_t at = 0;
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) text[at++] = '-';
    for (size_t i = 0; i < magnitude.len && at + 2 < size; i++) {
        text[at++] = digits[magnitude.data[i] >> 4];
        text[at++] = digits[magnitude.data[i] & 15];
    }
    text[at] = 0;
}

static const struct {
    const char *group, *name;
} curves[] = {{SN_X9_62_prime256v1, "ECDSA P-256"}, {SN_secp384r1, "ECDSA P-384"}, {SN_secp521r1, "ECDSA P-521"}};

static void describe_curve(const EVP_PKEY *key, char *text, size_t size) {
    char group[32] = "";
    snprintf(text, size, "ECDSA");
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1) return;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (strcmp(group, curves[i].group) == 0) snprintf(text, size, "%s", curves[i].name);
}

static void describe_key(X509 *certificate, char *text, size_t size) {
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    int kind = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS)
        snprintf(text, size, "RSA %d", EVP_PKEY_get_bits(key));
    else if (kind == EVP_PKEY_EC)
        describe_curve(key, text, size);
    else if (kind == EVP_PKEY_ED25519)
        snprintf(text, size, "Ed25519");
    else
        snprintf(text, size, "unknown");
    ERR_clear_error();
}

/* Shift in seven more bits; false if the number has become longer than a UUID. */
static bool shift_in(uint8_t uuid[static HM_UUID_LEN], uint8_t septet) {
    if (uuid[0] >> 1) return false;
    for (size_t i = 0; i < HM_UUID_LEN; i++) {
        uint8_t next = i + 1 < HM_UUID_LEN ? uuid[i + 1] : (uint8_t)(septet << 1);
        uuid[i] = (uint8_t)(uuid[i] << 7 | next >> 1);
    }
    return true;
}

/* The last number of 2.25.<UUID>.<number>, and the UUID; 0 if OID has another form. 2.25 is one octet, the UUID a run
 * of octets with the high bit up to its last. */
static unsigned office_policy(const ASN1_OBJECT *oid, uint8_t uuid[static HM_UUID_LEN]) {
    hm_reader reader = hm_reader_of(HM_BYTES(OBJ_get0_data(oid), OBJ_length(oid)));
    uint8_t first, octet, last;
    memset(uuid, 0, HM_UUID_LEN);
    if (hm_failed(hm_read_u8(&reader, &first)) || first != 2 * 40 + 25) return 0;
    do
        if (hm_failed(hm_read_u8(&reader, &octet)) || !shift_in(uuid, octet & 0x7f)) return 0;
    while (octet & 0x80);
    if (hm_failed(hm_read_u8(&reader, &last)) || reader.rest.len) return 0;
    return last;
}

static hm_err describe_policies(const X509 *certificate, hm_cert_info *info) {
    int critical;
    CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(certificate, NID_certificate_policies, &critical, NULL);
    ERR_clear_error();
    /* -1: there is none. Otherwise it is malformed or there are several, and could hide a development policy. */
    if (!policies) return critical == -1 ? HM_OK : hm_refuse("a certificate's policies are malformed");
    for (int i = 0; i < sk_POLICYINFO_num(policies); i++) {
        uint8_t office[HM_UUID_LEN];
        unsigned kind = office_policy(sk_POLICYINFO_value(policies, i)->policyid, office);
        if (kind) memcpy(info->office, office, sizeof info->office);
        info->has_office |= kind != 0;
        if (kind == 1) info->development = true;
        if (kind == 2) info->production = true;
    }
    CERTIFICATEPOLICIES_free(policies);
    return HM_OK;
}

static hm_err describe_fingerprint(X509 *certificate, uint8_t sha256[static HM_SHA256_LEN]) {
    unsigned char *octets = NULL;
    int len = i2d_X509(certificate, &octets);
    if (len <= 0) return hm_no_memory();
    hm_sha256(HM_BYTES(octets, (size_t)len), sha256);
    OPENSSL_free(octets);
    return HM_OK;
}

static hm_err describe(X509 *certificate, hm_cert_info *info) {
    hm_cert_info described = {0};
    HM_TRY(describe_fingerprint(certificate, described.sha256));
    const X509_NAME *subject = X509_get_subject_name(certificate), *issuer = X509_get_issuer_name(certificate);
    HM_TRY(hm_x509_time(X509_get0_notBefore(certificate), &described.not_before));
    HM_TRY(hm_x509_time(X509_get0_notAfter(certificate), &described.not_after));
    HM_TRY(describe_policies(certificate, &described));
    hm_x509_name_text(subject, described.subject, sizeof described.subject);
    hm_x509_name_text(issuer, described.issuer, sizeof described.issuer);
    hm_x509_name_part(subject, NID_commonName, described.common_name, sizeof described.common_name);
    hm_x509_name_part(subject, NID_organizationName, described.organization, sizeof described.organization);
    hm_x509_name_part(subject, NID_organizationalUnitName, described.product, sizeof described.product);
    describe_serial(X509_get0_serialNumber(certificate), described.serial, sizeof described.serial);
    describe_key(certificate, described.key, sizeof described.key);
    uint32_t purposes = X509_get_extended_key_usage(certificate);
    described.code_signing = purposes != UINT32_MAX && purposes & XKU_CODE_SIGN;
    described.ca = X509_check_ca(certificate) == 1;
    described.self_issued = X509_NAME_cmp(subject, issuer) == 0;
    ERR_clear_error();
    *info = described;
    return HM_OK;
}

hm_err hm_x509_describe(X509 *certificate, hm_cert_info *info) { return hm_crypto_settle(describe(certificate, info)); }

hm_err hm_cert_describe(hm_bytes der, hm_cert_info *info) {
    HM_X509 *certificate = NULL;
    hm_cert_parts parts;
    HM_TRY(hm_cert_cut(der, &parts));
    HM_TRY(hm_x509_parse(der, &certificate));
    return hm_x509_describe(certificate, info);
}
