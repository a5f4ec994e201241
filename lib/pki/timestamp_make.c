/* Tokens and replies of a timestamping authority (RFC 3161 sections 2.4.2). */
#include <pki/timestamp_make.h>

#include "cert_issue.h"
#include "cert_parts.h"
#include "oid.h"
#include "signed_content.h"
#include "signed_data.h"

#include <time.h>

enum { STATUS_GRANTED = 0, STATUS_REJECTION = 2, SIGNED_DATA_VERSION = 3 /* RFC 5652 section 5.1: no id-data */ };

hm_err hm_tsa_policy(const uint8_t office[static HM_UUID_LEN], hm_buf *oid) {
    HM_BUF der = HM_BUF_EMPTY;
    hm_tlv element;
    HM_TRY(hm_put_office_oid(&der, office, HM_OFFICE_TIMESTAMPS));
    HM_TRY(hm_tlv_only(hm_buf_bytes(&der), HM_DER_OID, "policy", &element));
    return hm_put(oid, element.content);
}

/* GeneralizedTime with a fraction that does not end in 0, nor in a point (RFC 3161 section 2.4.2). */
static hm_err put_time(hm_buf *der, int64_t milliseconds) {
    time_t seconds = milliseconds / 1000;
    unsigned fraction = (unsigned)(milliseconds % 1000), digits = 3;
    struct tm tm;
    size_t mark;
    if (milliseconds < 0 || !gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900)
        return hm_refuse("a time lies outside the years 1970 to 9999");
    HM_TRY(hm_der_open(der, HM_DER_GENERALIZED_TIME, &mark));
    HM_TRY(hm_put_format(der, "%04d%02d%02d%02d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                         tm.tm_min, tm.tm_sec));
    for (; fraction && fraction % 10 == 0; digits--) fraction /= 10;
    if (fraction) HM_TRY(hm_put_format(der, ".%0*u", (int)digits, fraction));
    HM_TRY(hm_put_text(der, "Z"));
    return hm_der_close(der, mark);
}

static hm_err put_accuracy(hm_buf *der, unsigned seconds) {
    size_t mark;
    if (!seconds) return HM_OK;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put_uint(der, seconds));
    return hm_der_close(der, mark);
}

/* [0] EXPLICIT GeneralName: the directoryName [4] of the certificate's subject. */
static hm_err put_authority(hm_buf *der, const hm_chain *chain) {
    hm_cert_parts leaf;
    size_t tagged;
    HM_TRY(hm_cert_cut(chain->cert[0], &leaf));
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &tagged));
    HM_TRY(hm_der_put(der, HM_DER_CONTEXT_CONSTRUCTED + 4, leaf.subject));
    return hm_der_close(der, tagged);
}

static hm_err put_info(hm_buf *der, const hm_timestamp_plan *plan) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put_uint(der, 1));
    HM_TRY(hm_der_put(der, HM_DER_OID, plan->policy));
    HM_TRY(hm_put(der, plan->query->imprint_der));
    HM_TRY(hm_der_put_unsigned(der, plan->serial));
    HM_TRY(put_time(der, plan->milliseconds));
    HM_TRY(put_accuracy(der, plan->accuracy));
    if (plan->query->nonce.len) HM_TRY(hm_der_put(der, HM_DER_INTEGER, plan->query->nonce));
    HM_TRY(put_authority(der, plan->chain));
    return hm_der_close(der, mark);
}

/* [0] EXPLICIT OCTET STRING */
static hm_err put_content(hm_buf *der, hm_bytes info) {
    size_t tagged;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &tagged));
    HM_TRY(hm_der_put(der, HM_DER_OCTET_STRING, info));
    return hm_der_close(der, tagged);
}

static hm_err put_attributes(hm_buf *der, const hm_chain *chain) {
    hm_cert_parts leaf;
    HM_TRY(hm_cert_cut(chain->cert[0], &leaf));
    return hm_attribute_put_signing_certificate(der, chain->cert[0], &leaf);
}

static hm_err check(const hm_timestamp_plan *plan) {
    if (!plan->chain->count || plan->chain->count > HM_CHAIN_MAX)
        return hm_misuse("a token needs 1 to %d certificates", HM_CHAIN_MAX);
    return plan->serial.len && plan->serial.len <= HM_TSA_SERIAL_MAX && plan->policy.len
               ? HM_OK
               : hm_misuse("a token needs a policy, and a serial number of at most %d bytes", HM_TSA_SERIAL_MAX);
}

hm_err hm_timestamp_make(const hm_timestamp_plan *plan, const hm_signer *signer, hm_buf *der,
                         uint8_t signature_hash[static HM_SHA256_LEN]) {
    HM_BUF info = HM_BUF_EMPTY, content = HM_BUF_EMPTY, attributes = HM_BUF_EMPTY;
    hm_signed_data what = {.version = SIGNED_DATA_VERSION,
                           .content_type = hm_oid_tst_info,
                           .signing_time = plan->milliseconds / 1000,
                           .chain = plan->chain,
                           .with_certificates = plan->query->wants_certificate};
    HM_TRY(check(plan));
    HM_TRY(put_info(&info, plan));
    HM_TRY(put_content(&content, hm_buf_bytes(&info)));
    HM_TRY(put_attributes(&attributes, plan->chain));
    what.content = hm_buf_bytes(&content);
    what.attributes = hm_buf_bytes(&attributes);
    hm_digest_of(hm_scheme_digest(hm_key_scheme(signer->algorithm)), hm_buf_bytes(&info), &what.message_digest);
    return hm_signed_data_build(&what, signer, der, signature_hash);
}

hm_err hm_timestamp_grant(hm_bytes token, hm_buf *der) {
    HM_BUF built = HM_BUF_EMPTY;
    size_t response, status;
    HM_TRY(hm_der_open(&built, HM_DER_SEQUENCE, &response));
    HM_TRY(hm_der_open(&built, HM_DER_SEQUENCE, &status));
    HM_TRY(hm_der_put_uint(&built, STATUS_GRANTED));
    HM_TRY(hm_der_close(&built, status));
    HM_TRY(hm_put(&built, token));
    HM_TRY(hm_der_close(&built, response));
    return hm_put(der, hm_buf_bytes(&built));
}

/* A named bit: no octets behind it (X.690 section 11.2.2). */
static hm_err put_failure(hm_buf *der, hm_tsa_failure failure) {
    uint8_t bits[5] = {0}; /* unused bits, and 32 of them */
    size_t octet = (size_t)failure / 8;
    bits[0] = (uint8_t)(7 - (unsigned)failure % 8);
    bits[1 + octet] = (uint8_t)(0x80 >> (unsigned)failure % 8);
    return hm_der_put(der, HM_DER_BIT_STRING, HM_BYTES(bits, octet + 2));
}

hm_err hm_timestamp_reject(hm_tsa_failure failure, const char *text, hm_buf *der) {
    HM_BUF built = HM_BUF_EMPTY;
    size_t response, status, texts;
    HM_TRY(hm_der_open(&built, HM_DER_SEQUENCE, &response));
    HM_TRY(hm_der_open(&built, HM_DER_SEQUENCE, &status));
    HM_TRY(hm_der_put_uint(&built, STATUS_REJECTION));
    HM_TRY(hm_der_open(&built, HM_DER_SEQUENCE, &texts));
    HM_TRY(hm_der_put(&built, HM_DER_UTF8_STRING, hm_text(text)));
    HM_TRY(hm_der_close(&built, texts));
    HM_TRY(put_failure(&built, failure));
    HM_TRY(hm_der_close(&built, status));
    HM_TRY(hm_der_close(&built, response));
    return hm_put(der, hm_buf_bytes(&built));
}

hm_err hm_timestamp_granted(hm_bytes der) {
    hm_tlv whole, text;
    hm_reader status, texts;
    uint32_t value;
    HM_TRY(hm_tlv_only(der, HM_DER_SEQUENCE, "TimeStampResp", &whole));
    hm_reader reader = hm_reader_of(whole.content);
    HM_TRY(hm_tlv_enter(&reader, HM_DER_SEQUENCE, "status", &status));
    HM_TRY(hm_tlv_read_small(&status, "status", &value));
    if (value == STATUS_GRANTED) return HM_OK;
    HM_TRY(hm_tlv_enter(&status, HM_DER_SEQUENCE, "statusString", &texts));
    HM_TRY(hm_tlv_expect(&texts, HM_DER_UTF8_STRING, "statusString", &text));
    return hm_refuse("%.*s", (int)text.content.len, (const char *)text.content.data);
}
