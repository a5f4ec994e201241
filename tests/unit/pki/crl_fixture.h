/* Revocation lists of any shape, and an office whose signature is judged by them. */
#ifndef HM_TEST_CRL_FIXTURE_H
#define HM_TEST_CRL_FIXTURE_H

#include "pki_fixture.h"

#include <pki/crl.h>

enum { REVOKED_AT = TEST_NOW - 10 * DAY, INVALID_SINCE = TEST_NOW - 20 * DAY };

/* A list as OpenSSL makes it. */
typedef struct {
    int64_t this_update, next_update; /* 0: around TEST_NOW; next_update -1: none */
    const char *number;               /* NULL: none */
    hm_bytes revoked[3];              /* certificates */
    int reason;                       /* -1: none */
    int64_t invalidity;
    int extension; /* NID of one more, with CRITICAL */
    const char *value;
    int entry_extension; /* the same in one entry, critical: */
    size_t extended;
    const EVP_MD *digest;
} crl_plan;
extern const crl_plan good_plan;
crl_plan revoking(hm_bytes certificate);
void crl_make(const crl_plan *plan, hm_bytes issuer, const software_signer *key, hm_buf *der);

/* An office, a signature, and a set of lists to judge it by. */
typedef struct {
    test_office office;
    hm_crls *crls;
    bool required;
    int64_t now;
} scene;
#define SCENE __attribute__((cleanup(scene_clear))) scene
void scene_make(scene *s);
void scene_clear(scene *s);
/* A scene in which the product CA's list names the signing certificate. */
void scene_revoked(scene *s, int reason, int64_t invalidity);
/* One more list, by the root or by the product CA. */
void judge_by(scene *s, const crl_plan *plan, bool root);
HM_MUST_USE hm_err scene_verify(scene *s, hm_verdict *verdict);
void refuses(scene *s, const char *because);
/* How many certificates a list judged, none of which it names. */
size_t judged(scene *s);

#endif
