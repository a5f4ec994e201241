/* Certificate revocation lists, built as DER and signed by a token's key. */
#include <pki/crl.h>

#include "algorithm_id.h"
#include "cert_issue.h"
#include "cert_parts.h"

#include <string.h>
#include <time.h>

static const uint8_t crl_number[] = {0x55, 0x1d, 0x14}, reason_code[] = {0x55, 0x1d, 0x15},
                     invalidity_date[] = {0x55, 0x1d, 0x18}; /* 2.5.29.20, .21, .24 */
enum { SERIAL_MAX = 20, ENUMERATED = 0x0a };

static const struct {
    hm_crl_reason reason;
    const char *word;
} reasons[] = {
    {HM_CRL_UNSPECIFIED, "unspecified"},
    {HM_CRL_KEY_COMPROMISE, "key-compromise"},
    {HM_CRL_CA_COMPROMISE, "ca-compromise"},
    {HM_CRL_AFFILIATION_CHANGED, "affiliation-changed"},
    {HM_CRL_SUPERSEDED, "superseded"},
    {HM_CRL_CESSATION_OF_OPERATION, "cessation-of-operation"},
    {HM_CRL_CERTIFICATE_HOLD, "certificate-hold"},
    {HM_CRL_REMOVE_FROM_CRL, "remove-from-crl"},
    {HM_CRL_PRIVILEGE_WITHDRAWN, "privilege-withdrawn"},
    {HM_CRL_AA_COMPROMISE, "aa-compromise"},
};
enum { REASONS = sizeof reasons / sizeof reasons[0] };

const char *hm_crl_reason_word(uint64_t reason) {
    for (size_t i = 0; i < REASONS; i++)
        if ((uint64_t)reasons[i].reason == reason) return reasons[i].word;
    return NULL;
}

bool hm_crl_reason_of_word(const char *word, hm_crl_reason *reason) {
    for (size_t i = 0; i < REASONS; i++) {
        if (strcmp(reasons[i].word, word) != 0) continue;
        *reason = reasons[i].reason;
        return true;
    }
    return false;
}

/* An ENUMERATED. Unspecified is said by leaving it out (RFC 5280 section 5.3.1). */
static hm_err put_reason(hm_buf *der, hm_crl_reason reason) {
    const uint8_t octet[] = {(uint8_t)reason};
    hm_extension_marks marks;
    if (!hm_crl_reason_word((uint64_t)reason) || reason == HM_CRL_REMOVE_FROM_CRL)
        return hm_misuse("a certificate cannot be revoked for reason %d", (int)reason);
    if (reason == HM_CRL_UNSPECIFIED) return HM_OK;
    HM_TRY(hm_extension_open(der, HM_ARRAY(reason_code), false, &marks));
    HM_TRY(hm_der_put(der, ENUMERATED, HM_ARRAY(octet)));
    return hm_extension_close(der, marks);
}

/* A GeneralizedTime whatever the year (RFC 5280 section 5.3.2). */
static hm_err put_invalidity(hm_buf *der, int64_t unix_seconds) {
    time_t seconds = unix_seconds;
    char text[20];
    struct tm tm;
    hm_extension_marks marks;
    if (!unix_seconds) return HM_OK;
    if (!gmtime_r(&seconds, &tm) || tm.tm_year < 50 || tm.tm_year >= 9999 - 1900 + 1 ||
        !strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm))
        return hm_refuse("a time lies outside the years 1950 to 9999");
    HM_TRY(hm_extension_open(der, HM_ARRAY(invalidity_date), false, &marks));
    HM_TRY(hm_der_put(der, HM_DER_GENERALIZED_TIME, hm_text(text)));
    return hm_extension_close(der, marks);
}

static hm_err put_entry(hm_buf *der, const hm_crl_entry *entry) {
    size_t sequence, extensions;
    if (!entry->serial.len || entry->serial.len > SERIAL_MAX)
        return hm_misuse("a serial number has 1 to %d octets", SERIAL_MAX);
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(hm_der_put_unsigned(der, entry->serial));
    HM_TRY(hm_der_put_time(der, entry->revoked));
    if (entry->reason || entry->invalidity) {
        HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &extensions));
        HM_TRY(put_reason(der, entry->reason));
        HM_TRY(put_invalidity(der, entry->invalidity));
        HM_TRY(hm_der_close(der, extensions));
    }
    return hm_der_close(der, sequence);
}

/* Absent when it would be empty (RFC 5280 section 5.1.2.6). */
static hm_err put_entries(hm_buf *der, const hm_crl_request *request) {
    size_t sequence;
    if (!request->count) return HM_OK;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    for (size_t i = 0; i < request->count; i++) HM_TRY(put_entry(der, &request->entry[i]));
    return hm_der_close(der, sequence);
}

static hm_err put_extensions(hm_buf *der, uint64_t number, hm_bytes issuer_spki) {
    size_t tagged, sequence;
    hm_extension_marks marks;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &tagged));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_TRY(hm_put_authority_key_id(der, issuer_spki));
    HM_TRY(hm_extension_open(der, HM_ARRAY(crl_number), false, &marks));
    HM_TRY(hm_der_put_uint(der, number));
    HM_TRY(hm_extension_close(der, marks));
    HM_TRY(hm_der_close(der, sequence));
    return hm_der_close(der, tagged);
}

/* RFC 5280 section 5.1.2. */
static hm_err put_tbs(hm_buf *der, const hm_crl_request *request, const hm_cert_parts *issuer, hm_scheme scheme) {
    size_t mark;
    if (request->next_update <= request->this_update) return hm_misuse("a revocation list would end before it begins");
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put_uint(der, 1)); /* v2 */
    HM_TRY(hm_put_certificate_algorithm(der, scheme));
    HM_TRY(hm_put(der, issuer->subject));
    HM_TRY(hm_der_put_time(der, request->this_update));
    HM_TRY(hm_der_put_time(der, request->next_update));
    HM_TRY(put_entries(der, request));
    HM_TRY(put_extensions(der, request->number, issuer->spki));
    return hm_der_close(der, mark);
}

hm_err hm_crl_issue(const hm_crl_request *request, hm_bytes issuer_cert, const hm_signer *issuer, hm_buf *der) {
    HM_BUF tbs = HM_BUF_EMPTY;
    hm_cert_parts parts;
    HM_TRY(hm_in(hm_cert_cut(issuer_cert, &parts), "issuer"));
    if (!hm_bytes_equal(parts.spki, issuer->spki))
        return hm_refuse("the issuing key is not that of the issuer's certificate");
    HM_TRY(put_tbs(&tbs, request, &parts, hm_key_scheme(issuer->algorithm)));
    return hm_put_signed(der, hm_buf_bytes(&tbs), issuer);
}
