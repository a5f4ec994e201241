/* A timestamping authority whose tokens are right and really signed, but for what a test asks. */
#ifndef HM_TEST_STAMP_FIXTURE_H
#define HM_TEST_STAMP_FIXTURE_H

#include "forgery.h"

#include <pki/timestamp.h>

typedef struct {
    software_signer *root_key, *key;
    hm_buf root, certificate;
    hm_trust *trust;
} test_tsa;
/* PLAN NULL: as it should be. */
extern const cert_plan tsa_plan;
void tsa_make(const cert_plan *plan, test_tsa *made);
void tsa_clear(test_tsa *made);
#define TSA __attribute__((cleanup(tsa_clear))) test_tsa

typedef enum { BY_V2, BY_V1, BY_BOTH, BY_NOTHING } binding;

/* What may be odd. Elements are whole; an empty one stands for the honest one. */
typedef struct {
    uint8_t version;  /* of TSTInfo; 0: 1 */
    const char *time; /* GeneralizedTime's text; NULL: TEST_NOW's */
    hm_bytes policy, algorithm, imprint, serial;
    hm_bytes optional;                   /* everything behind the time: elements; empty: an accuracy of a second */
    const hm_timestamp_request *request; /* whose imprint and nonce; NULL: no nonce */
    hm_bytes type;                       /* content octets of eContentType and content-type */
    hm_bytes content;                    /* instead of [0] { OCTET STRING { TSTInfo } } */
    uint8_t signed_version, behind;      /* 0: 3; an octet behind TSTInfo */
    binding by;
    hm_bytes bound;     /* the certificate that is named; empty: the authority's */
    hm_bytes certifier; /* a certificate that stands behind the authority's */
    bool no_certificate, twice, another_key, other_digest;
} token_plan;
void token_make(const token_plan *plan, const test_tsa *tsa, hm_bytes signature, hm_buf *der);

/* TimeStampResp { { STATUS }, TOKEN } */
void response_make(uint8_t status, hm_bytes token, hm_buf *der);

#endif
