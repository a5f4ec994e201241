/* Certificate revocation lists (RFC 5280 section 5): issued by a CA's key in a token, and read to judge by.
 *
 * What is read may come from anybody: a list counts only when its signature by the very CA that issued the certificate
 * in question verifies. */
#ifndef HM_PKI_CRL_H
#define HM_PKI_CRL_H

#include <pki/cert.h>

/* RFC 5280 section 5.3.1; the numbers are in lists, sent and logged. */
typedef enum {
    HM_CRL_UNSPECIFIED = 0,
    HM_CRL_KEY_COMPROMISE = 1,
    HM_CRL_CA_COMPROMISE = 2,
    HM_CRL_AFFILIATION_CHANGED = 3,
    HM_CRL_SUPERSEDED = 4,
    HM_CRL_CESSATION_OF_OPERATION = 5,
    HM_CRL_CERTIFICATE_HOLD = 6,
    HM_CRL_REMOVE_FROM_CRL = 8,
    HM_CRL_PRIVILEGE_WITHDRAWN = 9,
    HM_CRL_AA_COMPROMISE = 10
} hm_crl_reason;
/* "key-compromise"; NULL for a number that is none. */
const char *hm_crl_reason_word(uint64_t reason);
/* False if there is no such word. */
bool hm_crl_reason_of_word(const char *word, hm_crl_reason *reason);

typedef struct {
    hm_bytes serial; /* big-endian, positive, 1 to 20 octets */
    int64_t revoked; /* Unix seconds */
    hm_crl_reason reason;
    int64_t invalidity; /* since when the key may have been another's (RFC 5280 section 5.3.2); 0: not said */
} hm_crl_entry;

typedef struct {
    int64_t this_update, next_update;
    uint64_t number; /* must rise from list to list of one CA */
    size_t count;
    const hm_crl_entry *entry;
} hm_crl_request;

/* Append the DER of a version 2 list, with AKI and CRL number, by the key of ISSUER_CERT (DER). On a fault DER is as it
 * was. */
HM_MUST_USE hm_err hm_crl_issue(const hm_crl_request *request, hm_bytes issuer_cert, const hm_signer *issuer,
                                hm_buf *der);

/* A list in words: strictly parsed, its signature not looked at. */
typedef struct {
    char issuer[256];
    int64_t this_update, next_update;
    char number[48]; /* decimal or, beyond 64 bits, 0x and hexadecimal; "" if it has none */
    size_t count;    /* of revoked certificates */
} hm_crl_info;
HM_MUST_USE hm_err hm_crl_describe(hm_bytes der, hm_crl_info *info);

/* A set of lists. It may be shared by threads while it is only judged by. */
typedef struct hm_crls hm_crls;
HM_MUST_USE hm_err hm_crls_new(hm_crls **crls);
/* Take in a file: one list in DER, or PEM text with any number. Refused as a whole: what is not DER, delta and indirect
 * lists and those of a part only (any issuing distribution point), critical extensions that are not known, a list
 * without an end, a serial number twice. */
HM_MUST_USE hm_err hm_crls_add(hm_crls *crls, hm_bytes file);
size_t hm_crls_count(const hm_crls *crls);
void hm_crls_free(hm_crls **crls);
#define HM_CRLS __attribute__((cleanup(hm_crls_free))) hm_crls

#endif
