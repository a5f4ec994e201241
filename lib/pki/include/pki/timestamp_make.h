/* What a timestamping authority says (RFC 3161, RFC 5816): requests are read, tokens and replies are built. Reading and
 * judging tokens is pki/timestamp.h's.
 *
 * Nothing here knows the time, gives out a serial number or holds a key: that is the authority's. */
#ifndef HM_PKI_TIMESTAMP_MAKE_H
#define HM_PKI_TIMESTAMP_MAKE_H

#include <pki/cert.h>

/* Why no token is given: bits of PKIFailureInfo (RFC 3161 section 2.4.2). */
typedef enum {
    HM_TSA_BAD_ALGORITHM = 0,         /* the imprint's digest is unknown, or too weak */
    HM_TSA_BAD_REQUEST = 2,           /* another version, or what no request has */
    HM_TSA_BAD_FORMAT = 5,            /* no DER, or no TimeStampReq */
    HM_TSA_TIME_NOT_AVAILABLE = 14,   /* the clock cannot be relied on */
    HM_TSA_UNACCEPTED_POLICY = 15,    /* another policy than the authority's is asked for */
    HM_TSA_UNACCEPTED_EXTENSION = 16, /* no extension is known */
    HM_TSA_SYSTEM_FAILURE = 25        /* something else keeps it from signing */
} hm_tsa_failure;

enum { HM_TSA_REQUEST_MAX = 4096, HM_TSA_NONCE_MAX = 64, HM_TSA_POLICY_MAX = 64, HM_TSA_SERIAL_MAX = 20 };

/* What is asked for. Views into the request. */
typedef struct {
    hm_digest imprint;    /* SHA-256, SHA-384 or SHA-512 */
    hm_bytes imprint_der; /* the MessageImprint as it was written: the token repeats it */
    hm_bytes policy;      /* content octets of an object identifier; empty: any will do */
    hm_bytes nonce;       /* content octets of an INTEGER; empty: none */
    bool wants_certificate;
} hm_timestamp_query;

/* Read a TimeStampReq, which must be strict DER with nothing behind it. On a refusal FAILURE says of which kind, and
 * QUERY means nothing. */
HM_MUST_USE hm_err hm_timestamp_query_read(hm_bytes der, hm_timestamp_query *query, hm_tsa_failure *failure);

/* The policy under which OFFICE stamps: content octets of 2.25.<OFFICE>.3, appended to OID. */
HM_MUST_USE hm_err hm_tsa_policy(const uint8_t office[static HM_UUID_LEN], hm_buf *oid);

typedef struct {
    const hm_timestamp_query *query;
    hm_bytes policy;       /* as of hm_tsa_policy */
    hm_bytes serial;       /* big-endian, 1 to HM_TSA_SERIAL_MAX octets; the authority gives none twice */
    int64_t milliseconds;  /* since 1970, UTC; a time before 1970 or after 9999 is refused */
    unsigned accuracy;     /* seconds that the time may be off; 0: nothing is said */
    const hm_chain *chain; /* the authority's certificate first; embedded only if the query wants it */
} hm_timestamp_plan;

/* A TimeStampToken: SignedData over a TSTInfo, with the attribute signingCertificateV2. Appends DER; on a fault DER is
 * as it was. SIGNATURE_HASH receives SHA-256 of the signature value: its name in the log. */
HM_MUST_USE hm_err hm_timestamp_make(const hm_timestamp_plan *plan, const hm_signer *signer, hm_buf *der,
                                     uint8_t signature_hash[static HM_SHA256_LEN]);

/* A TimeStampResp that grants TOKEN; or one that says why there is none. TEXT is UTF-8 for people. Append DER. */
HM_MUST_USE hm_err hm_timestamp_grant(hm_bytes token, hm_buf *der);
HM_MUST_USE hm_err hm_timestamp_reject(hm_tsa_failure failure, const char *text, hm_buf *der);

/* What a TimeStampResp of our own says, without a look at its token: a refusal with its text if it grants none. */
HM_MUST_USE hm_err hm_timestamp_granted(hm_bytes der);

#endif
