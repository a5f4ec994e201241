/* Signed attributes of CMS. */
#include "signed_content.h"

#include "oid.h"

#include <time.h>

hm_err hm_attribute_open(hm_buf *der, hm_bytes type, hm_attribute_marks *marks) {
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &marks->attribute));
    HM_TRY(hm_der_put(der, HM_DER_OID, type));
    return hm_der_open(der, HM_DER_SET, &marks->values);
}

hm_err hm_attribute_close(hm_buf *der, hm_attribute_marks marks) {
    HM_TRY(hm_der_close(der, marks.values));
    return hm_der_close(der, marks.attribute);
}

hm_err hm_attribute_put_content_type(hm_buf *der, hm_bytes type) {
    hm_attribute_marks marks;
    HM_TRY(hm_attribute_open(der, hm_oid_content_type, &marks));
    HM_TRY(hm_der_put(der, HM_DER_OID, type));
    return hm_attribute_close(der, marks);
}

hm_err hm_attribute_put_message_digest(hm_buf *der, const hm_digest *digest) {
    hm_attribute_marks marks;
    HM_TRY(hm_attribute_open(der, hm_oid_message_digest, &marks));
    HM_TRY(hm_der_put(der, HM_DER_OCTET_STRING, hm_digest_bytes(digest)));
    return hm_attribute_close(der, marks);
}

hm_err hm_attribute_put_signing_time(hm_buf *der, int64_t unix_seconds) {
    hm_attribute_marks marks;
    HM_TRY(hm_attribute_open(der, hm_oid_signing_time, &marks));
    HM_TRY(hm_der_put_time(der, unix_seconds));
    return hm_attribute_close(der, marks);
}

/* IssuerSerial: GeneralNames with one directoryName [4], and the serial number. */
static hm_err put_issuer_serial(hm_buf *der, const hm_cert_parts *parts) {
    size_t sequence, names;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &names));
    HM_TRY(hm_der_put(der, HM_DER_CONTEXT_CONSTRUCTED + 4, parts->issuer));
    HM_TRY(hm_der_close(der, names));
    HM_TRY(hm_put(der, parts->serial));
    return hm_der_close(der, sequence);
}

/* ESSCertIDv2; its hash algorithm is left out because SHA-256 is the default. */
static hm_err put_cert_id(hm_buf *der, hm_bytes certificate, const hm_cert_parts *parts) {
    uint8_t sha256[HM_SHA256_LEN];
    size_t id;
    hm_sha256(certificate, sha256);
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &id));
    HM_TRY(hm_der_put(der, HM_DER_OCTET_STRING, HM_ARRAY(sha256)));
    HM_TRY(put_issuer_serial(der, parts));
    return hm_der_close(der, id);
}

hm_err hm_attribute_put_signing_certificate(hm_buf *der, hm_bytes certificate, const hm_cert_parts *parts) {
    hm_attribute_marks marks;
    size_t signing_certificate, ids;
    HM_TRY(hm_attribute_open(der, hm_oid_signing_certificate_v2, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &signing_certificate));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &ids));
    HM_TRY(put_cert_id(der, certificate, parts));
    HM_TRY(hm_der_close(der, ids));
    HM_TRY(hm_der_close(der, signing_certificate));
    return hm_attribute_close(der, marks);
}

/* The first ESSCertIDv2 is the signer's (RFC 5035 section 3); others, and policies, are not ours to judge. */
static hm_err read_cert_id(hm_bytes value, hm_digest_algorithm *algorithm, hm_bytes *hash) {
    hm_tlv whole, hash_tlv;
    hm_reader ids, id;
    hm_algorithm_id algorithm_id;
    char why[96];
    HM_TRY(hm_tlv_only(value, HM_DER_SEQUENCE, "signing certificate attribute", &whole));
    hm_reader inside = hm_reader_of(whole.content);
    HM_TRY(hm_tlv_enter(&inside, HM_DER_SEQUENCE, "signing certificate attribute", &ids));
    HM_TRY(hm_tlv_enter(&ids, HM_DER_SEQUENCE, "signing certificate attribute", &id));
    *algorithm = HM_SHA256;
    if (hm_tlv_follows(&id, HM_DER_SEQUENCE)) {
        HM_TRY(hm_read_algorithm_id(&id, "signing certificate attribute", &algorithm_id));
        if (!hm_digest_of_id(&algorithm_id, algorithm, why, sizeof why))
            return hm_refuse("signing certificate attribute: %s", why);
    }
    HM_TRY(hm_tlv_expect(&id, HM_DER_OCTET_STRING, "signing certificate attribute", &hash_tlv));
    *hash = hash_tlv.content;
    return HM_OK;
}

hm_err hm_attribute_check_signing_certificate(hm_bytes value, hm_bytes certificate) {
    hm_digest_algorithm algorithm;
    hm_digest digest;
    hm_bytes hash;
    HM_TRY(read_cert_id(value, &algorithm, &hash));
    hm_digest_of(algorithm, certificate, &digest);
    if (hm_bytes_equal(hash, hm_digest_bytes(&digest))) return HM_OK;
    return hm_refuse("the signature was made for another certificate than the one that is there");
}

/* ESSCertID, whose hash is the first field; as above. */
hm_err hm_attribute_check_signing_certificate_v1(hm_bytes value, hm_bytes certificate) {
    static const char what[] = "signing certificate attribute";
    hm_tlv whole, hash;
    hm_reader ids, id;
    uint8_t sha1[HM_SHA1_LEN];
    HM_TRY(hm_tlv_only(value, HM_DER_SEQUENCE, what, &whole));
    hm_reader inside = hm_reader_of(whole.content);
    HM_TRY(hm_tlv_enter(&inside, HM_DER_SEQUENCE, what, &ids));
    HM_TRY(hm_tlv_enter(&ids, HM_DER_SEQUENCE, what, &id));
    HM_TRY(hm_tlv_expect(&id, HM_DER_OCTET_STRING, what, &hash));
    hm_sha1_name(certificate, sha1);
    if (hm_bytes_equal(hash.content, HM_ARRAY(sha1))) return HM_OK;
    return hm_refuse("the signature was made for another certificate than the one that is there");
}

static hm_err read_two_digits(hm_reader *reader, int *value) {
    uint8_t high, low;
    HM_TRY(hm_read_u8(reader, &high));
    HM_TRY(hm_read_u8(reader, &low));
    if (high < '0' || high > '9' || low < '0' || low > '9') return hm_refuse("not a date");
    *value = (high - '0') * 10 + (low - '0');
    return HM_OK;
}

static hm_err read_year(hm_reader *reader, bool utc_time, int *year) {
    int century, rest;
    HM_TRY(read_two_digits(reader, &century));
    if (utc_time) {
        *year = century + (century < 50 ? 2000 : 1900);
        return HM_OK;
    }
    HM_TRY(read_two_digits(reader, &rest));
    *year = century * 100 + rest;
    return HM_OK;
}

hm_err hm_read_date_and_time(hm_reader *reader, bool short_year, int64_t *unix_seconds) {
    struct tm tm = {0};
    int year, month;
    HM_TRY(read_year(reader, short_year, &year));
    HM_TRY(read_two_digits(reader, &month));
    HM_TRY(read_two_digits(reader, &tm.tm_mday));
    HM_TRY(read_two_digits(reader, &tm.tm_hour));
    HM_TRY(read_two_digits(reader, &tm.tm_min));
    HM_TRY(read_two_digits(reader, &tm.tm_sec));
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    struct tm normal = tm;
    *unix_seconds = timegm(&normal);
    /* timegm takes 31 June for 1 July; a date that is not one comes back changed. */
    if (normal.tm_mon != tm.tm_mon || normal.tm_mday != tm.tm_mday || normal.tm_hour != tm.tm_hour ||
        normal.tm_min != tm.tm_min || normal.tm_sec != tm.tm_sec)
        return hm_refuse("not a date");
    return HM_OK;
}

static hm_err read_time(const hm_tlv *time, int64_t *unix_seconds) {
    hm_reader reader = hm_reader_of(time->content);
    uint8_t zone;
    HM_TRY(hm_read_date_and_time(&reader, time->tag == HM_DER_UTC_TIME, unix_seconds));
    HM_TRY(hm_read_u8(&reader, &zone));
    HM_TRY(hm_read_end(&reader));
    return zone == 'Z' ? HM_OK : hm_refuse("not a date");
}

hm_err hm_attribute_read_signing_time(hm_bytes value, int64_t *unix_seconds) {
    hm_tlv time;
    uint8_t tag = value.len && value.data[0] == HM_DER_GENERALIZED_TIME ? HM_DER_GENERALIZED_TIME : HM_DER_UTC_TIME;
    HM_TRY(hm_tlv_only(value, tag, "signing time", &time));
    return hm_in(read_time(&time, unix_seconds), "signing time");
}
