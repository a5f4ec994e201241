/* Certificates and certificate requests, built as DER and signed by a token's key. */
#include "cert_issue.h"

#include "algorithm_id.h"
#include "cert_parts.h"
#include "name.h"
#include "oid.h"

#include <base/secret.h>
#include <string.h>

enum { SERIAL_LEN = 16, KEY_ID_LEN = 20 };

hm_err hm_extension_open(hm_buf *der, hm_bytes oid, bool critical, hm_extension_marks *marks) {
    static const uint8_t yes[] = {0xff};
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &marks->extension));
    HM_TRY(hm_der_put(der, HM_DER_OID, oid));
    if (critical) HM_TRY(hm_der_put(der, HM_DER_BOOLEAN, HM_ARRAY(yes)));
    return hm_der_open(der, HM_DER_OCTET_STRING, &marks->value);
}

hm_err hm_extension_close(hm_buf *der, hm_extension_marks marks) {
    HM_TRY(hm_der_close(der, marks.value));
    return hm_der_close(der, marks.extension);
}

/* RFC 5280 section 4.2.1.9. PATH_LENGTH is that of a CA. */
static hm_err put_basic_constraints(hm_buf *der, unsigned path_length) {
    static const uint8_t yes[] = {0xff};
    hm_extension_marks marks;
    size_t sequence;
    HM_TRY(hm_extension_open(der, hm_oid_basic_constraints, true, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(hm_der_put(der, HM_DER_BOOLEAN, HM_ARRAY(yes)));
    HM_TRY(hm_der_put_uint(der, path_length));
    HM_TRY(hm_der_close(der, sequence));
    return hm_extension_close(der, marks);
}

/* RFC 5280 section 4.2.1.3: a CA certifies and revokes, a leaf signs. Unused bits, then the named bits. */
static hm_err put_key_usage(hm_buf *der, bool ca) {
    static const uint8_t cert_sign_and_crl_sign[] = {1, 0x06}, digital_signature[] = {7, 0x80};
    hm_extension_marks marks;
    HM_TRY(hm_extension_open(der, hm_oid_key_usage, true, &marks));
    HM_TRY(hm_der_put(der, HM_DER_BIT_STRING, ca ? HM_ARRAY(cert_sign_and_crl_sign) : HM_ARRAY(digital_signature)));
    return hm_extension_close(der, marks);
}

static hm_err put_purpose(hm_buf *der, hm_bytes purpose, bool critical) {
    hm_extension_marks marks;
    size_t sequence;
    HM_TRY(hm_extension_open(der, hm_oid_extended_key_usage, critical, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(hm_der_put(der, HM_DER_OID, purpose));
    HM_TRY(hm_der_close(der, sequence));
    return hm_extension_close(der, marks);
}

/* RFC 5280 section 4.2.1.10: this CA certifies nothing but names that begin with its organization and product. */
static hm_err put_name_constraints(hm_buf *der, const hm_cert_name *subject) {
    hm_cert_name prefix = {subject->organization, subject->product, NULL};
    hm_extension_marks marks;
    size_t sequence, permitted, subtree, directory_name;
    HM_TRY(hm_extension_open(der, hm_oid_name_constraints, true, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &permitted));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &subtree));
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 4, &directory_name));
    HM_TRY(hm_put_name(der, &prefix));
    HM_TRY(hm_der_close(der, directory_name));
    HM_TRY(hm_der_close(der, subtree));
    HM_TRY(hm_der_close(der, permitted));
    HM_TRY(hm_der_close(der, sequence));
    return hm_extension_close(der, marks);
}

/* The UUID as one big decimal number, which is how 2.25.<UUID> names it (X.667 section 6.3). Text of at most 39 digits.
 */
static void uuid_decimal(const uint8_t uuid[static HM_UUID_LEN], char text[static 40]) {
    unsigned __int128 number = 0;
    for (size_t i = 0; i < HM_UUID_LEN; i++) number = number << 8 | uuid[i];
    char backwards[40];
    size_t digits = 0;
    do backwards[digits++] = (char)('0' + (int)(number % 10));
    while (number /= 10);
    for (size_t i = 0; i < digits; i++) text[i] = backwards[digits - 1 - i];
    text[digits] = 0;
}

hm_err hm_put_office_oid(hm_buf *der, const uint8_t office[static HM_UUID_LEN], unsigned arc) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *dotted;
    char decimal[40];
    uuid_decimal(office, decimal);
    HM_TRY(hm_put_format(&text, "2.25.%s.%u", decimal, arc));
    HM_TRY(hm_buf_string(&text, &dotted));
    return hm_der_put_oid(der, dotted);
}

static hm_err put_policy(hm_buf *der, const uint8_t office[static HM_UUID_LEN], bool development) {
    hm_extension_marks marks;
    size_t policies, information;
    HM_TRY(hm_extension_open(der, hm_oid_certificate_policies, false, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &policies));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &information));
    HM_TRY(hm_put_office_oid(der, office, development ? HM_OFFICE_DEVELOPMENT : HM_OFFICE_PRODUCTION));
    HM_TRY(hm_der_close(der, information));
    HM_TRY(hm_der_close(der, policies));
    return hm_extension_close(der, marks);
}

/* The first 160 bits of SHA-256 of the key's BIT STRING without tag, length and unused bits (RFC 7093 section 2). */
static hm_err key_identifier(hm_bytes spki, uint8_t id[static KEY_ID_LEN]) {
    uint8_t sha256[HM_SHA256_LEN];
    hm_tlv whole, algorithm, key;
    HM_TRY(hm_tlv_only(spki, HM_DER_SEQUENCE, "public key", &whole));
    hm_reader inside = hm_reader_of(whole.content);
    HM_TRY(hm_tlv_expect(&inside, HM_DER_SEQUENCE, "public key's algorithm", &algorithm));
    HM_TRY(hm_tlv_expect(&inside, HM_DER_BIT_STRING, "public key's bits", &key));
    HM_TRY(hm_read_end(&inside));
    hm_reader bits = hm_reader_of(key.content);
    HM_TRY(hm_read_skip(&bits, 1));
    hm_sha256(bits.rest, sha256);
    memcpy(id, sha256, KEY_ID_LEN);
    return HM_OK;
}

static hm_err put_subject_key_id(hm_buf *der, hm_bytes spki) {
    uint8_t id[KEY_ID_LEN];
    hm_extension_marks marks;
    HM_TRY(key_identifier(spki, id));
    HM_TRY(hm_extension_open(der, hm_oid_subject_key_id, false, &marks));
    HM_TRY(hm_der_put(der, HM_DER_OCTET_STRING, HM_ARRAY(id)));
    return hm_extension_close(der, marks);
}

hm_err hm_put_authority_key_id(hm_buf *der, hm_bytes issuer_spki) {
    uint8_t id[KEY_ID_LEN];
    hm_extension_marks marks;
    size_t sequence;
    HM_TRY(key_identifier(issuer_spki, id));
    HM_TRY(hm_extension_open(der, hm_oid_authority_key_id, false, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(hm_der_put(der, HM_DER_CONTEXT + 0, HM_ARRAY(id)));
    HM_TRY(hm_der_close(der, sequence));
    return hm_extension_close(der, marks);
}

static hm_err put_profile_extensions(hm_buf *der, const hm_cert_request *request) {
    switch (request->profile) {
    case HM_CERT_ROOT:
        HM_TRY(put_basic_constraints(der, 1));
        return put_key_usage(der, true);
    case HM_CERT_PRODUCT_CA:
        HM_TRY(put_basic_constraints(der, 0));
        HM_TRY(put_key_usage(der, true));
        /* Its name constraints do not keep it from certifying an authority whose timestamps are for all products. */
        HM_TRY(put_purpose(der, hm_oid_code_signing, false));
        return put_name_constraints(der, &request->subject);
    case HM_CERT_SIGNING:
        HM_TRY(put_key_usage(der, false));
        return put_purpose(der, hm_oid_code_signing, true);
    case HM_CERT_TSA: /* RFC 3161 section 2.3: critical, and for nothing else */
        HM_TRY(put_key_usage(der, false));
        return put_purpose(der, hm_oid_time_stamping, true);
    }
    return hm_misuse("unknown certificate profile %d", (int)request->profile);
}

/* RFC 5280 section 4.2.1.13: one full name, which is a URI. */
static hm_err put_distribution_point(hm_buf *der, hm_bytes uri) {
    hm_extension_marks marks;
    size_t points, point, name, full;
    HM_TRY(hm_extension_open(der, hm_oid_crl_distribution_points, false, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &points));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &point));
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &name));
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &full));
    HM_TRY(hm_der_put(der, HM_DER_CONTEXT + 6, uri));
    HM_TRY(hm_der_close(der, full));
    HM_TRY(hm_der_close(der, name));
    HM_TRY(hm_der_close(der, point));
    HM_TRY(hm_der_close(der, points));
    return hm_extension_close(der, marks);
}

static hm_err put_extensions(hm_buf *der, const hm_cert_request *request, hm_bytes issuer_spki) {
    size_t tagged, sequence;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 3, &tagged));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(put_profile_extensions(der, request));
    HM_TRY(put_policy(der, request->office, request->development));
    HM_TRY(put_subject_key_id(der, request->spki));
    HM_TRY(hm_put_authority_key_id(der, issuer_spki));
    if (request->crl.len) HM_TRY(put_distribution_point(der, request->crl));
    HM_TRY(hm_der_close(der, sequence));
    return hm_der_close(der, tagged);
}

static hm_err put_version(hm_buf *der) {
    size_t tagged;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &tagged));
    HM_TRY(hm_der_put_uint(der, 2)); /* v3 */
    return hm_der_close(der, tagged);
}

static hm_err put_serial(hm_buf *der) {
    uint8_t serial[SERIAL_LEN];
    HM_TRY(hm_random(serial, sizeof serial));
    return hm_der_put_unsigned(der, HM_ARRAY(serial));
}

static hm_err put_validity(hm_buf *der, int64_t not_before, int64_t not_after) {
    size_t mark;
    if (not_after < not_before) return hm_misuse("a certificate would end before it begins");
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put_time(der, not_before));
    HM_TRY(hm_der_put_time(der, not_after));
    return hm_der_close(der, mark);
}

/* RFC 5280 section 4.1.2. ISSUER is NULL for a root. */
static hm_err put_tbs(hm_buf *der, const hm_cert_request *request, const hm_cert_parts *issuer, hm_scheme scheme) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(put_version(der));
    HM_TRY(put_serial(der));
    HM_TRY(hm_put_certificate_algorithm(der, scheme));
    if (issuer)
        HM_TRY(hm_put(der, issuer->subject));
    else
        HM_TRY(hm_put_name(der, &request->subject));
    HM_TRY(put_validity(der, request->not_before, request->not_after));
    HM_TRY(hm_put_name(der, &request->subject));
    HM_TRY(hm_put(der, request->spki));
    HM_TRY(put_extensions(der, request, issuer ? issuer->spki : request->spki));
    return hm_der_close(der, mark);
}

hm_err hm_put_signed(hm_buf *der, hm_bytes body, const hm_signer *signer) {
    HM_BUF bits = HM_BUF_EMPTY;
    HM_BUF whole = HM_BUF_EMPTY;
    size_t mark;
    hm_scheme scheme = hm_key_scheme(signer->algorithm);
    HM_TRY(hm_put_u8(&bits, 0)); /* no unused bits */
    HM_TRY(signer->sign(signer->key, scheme, body, &bits));
    HM_TRY(hm_der_open(&whole, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_put(&whole, body));
    HM_TRY(hm_put_certificate_algorithm(&whole, scheme));
    HM_TRY(hm_der_put(&whole, HM_DER_BIT_STRING, hm_buf_bytes(&bits)));
    HM_TRY(hm_der_close(&whole, mark));
    return hm_put(der, hm_buf_bytes(&whole));
}

static hm_err check_subject(const hm_cert_request *request) {
    const hm_cert_name *subject = &request->subject;
    if (!subject->organization || !subject->common_name)
        return hm_misuse("a certificate needs an organization and a common name");
    bool of_office = request->profile == HM_CERT_ROOT || request->profile == HM_CERT_TSA;
    if (of_office && subject->product) return hm_misuse("a certificate of the office itself has no product");
    if (!of_office && !subject->product) return hm_misuse("a certificate needs a product");
    return HM_OK;
}

hm_err hm_cert_issue(const hm_cert_request *request, hm_bytes issuer_cert, const hm_signer *issuer, hm_buf *der) {
    HM_BUF tbs = HM_BUF_EMPTY;
    hm_cert_parts parts;
    bool root = request->profile == HM_CERT_ROOT;
    HM_TRY(check_subject(request));
    if (root != (issuer_cert.len == 0)) return hm_misuse("only a root certificate is its own issuer");
    if (!root) HM_TRY(hm_in(hm_cert_cut(issuer_cert, &parts), "issuer"));
    if (!hm_bytes_equal(root ? request->spki : parts.spki, issuer->spki))
        return hm_refuse("the issuing key is not that of the issuer's certificate");
    HM_TRY(put_tbs(&tbs, request, root ? NULL : &parts, hm_key_scheme(issuer->algorithm)));
    return hm_put_signed(der, hm_buf_bytes(&tbs), issuer);
}

/* RFC 2985 section 5.4.2: the extensions that the certificate should get. */
static hm_err put_extension_request(hm_buf *der) {
    size_t attributes, attribute, values, extensions;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &attributes));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &attribute));
    HM_TRY(hm_der_put(der, HM_DER_OID, hm_oid_extension_request));
    HM_TRY(hm_der_open(der, HM_DER_SET, &values));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &extensions));
    HM_TRY(put_key_usage(der, false));
    HM_TRY(put_purpose(der, hm_oid_code_signing, true));
    HM_TRY(hm_der_close(der, extensions));
    HM_TRY(hm_der_close(der, values));
    HM_TRY(hm_der_close(der, attribute));
    return hm_der_close(der, attributes);
}

hm_err hm_csr_make(const hm_cert_name *subject, const hm_signer *key, hm_buf *der) {
    HM_BUF information = HM_BUF_EMPTY;
    size_t mark;
    if (!subject->common_name) return hm_misuse("a certificate request needs a common name");
    HM_TRY(hm_der_open(&information, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put_uint(&information, 0)); /* v1 */
    HM_TRY(hm_put_name(&information, subject));
    HM_TRY(hm_put(&information, key->spki));
    HM_TRY(put_extension_request(&information));
    HM_TRY(hm_der_close(&information, mark));
    return hm_put_signed(der, hm_buf_bytes(&information), key);
}
