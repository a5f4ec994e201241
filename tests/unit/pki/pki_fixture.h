/* What the tests of lib/pki share: an office's certificates, OpenSSL-made certificates of any shape, and programs to
 * ask.
 *
 * A test stops at once (fail_msg) when its own scaffolding breaks. */
#ifndef HM_TEST_PKI_FIXTURE_H
#define HM_TEST_PKI_FIXTURE_H

#include "../software_signer.h"

#include <pki/signed.h>

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HM_MUST(expression)                                                                                            \
    do {                                                                                                               \
        if (hm_failed(expression)) fail_msg("%s (%s)", hm_err_sentence(), hm_err_origin());                            \
    } while (0)

/* ERR must be of CLASS, and its sentence must hold PART. */
void assert_fault(hm_err err, hm_class class, const char *part);
#define assert_refused(expression, part) assert_fault(expression, HM_REFUSED, part)

/* The time at which tests judge, fixed: 2026-09-21. OpenSSL's tools are told it. */
enum { TEST_NOW = 1790000000, DAY = 86400 };

/* Root, product CA "Pump 3" and signing certificate as an office makes them. The CAs' keys are ES256 for speed. */
typedef struct {
    software_signer *root_key, *ca_key, *leaf_key;
    hm_buf root, ca, leaf;
    hm_chain chain; /* leaf, CA */
    hm_trust *trust;
} test_office;
void office_make(test_office *made, hm_key_algorithm leaf_algorithm);
void office_clear(test_office *made);
#define OFFICE __attribute__((cleanup(office_clear))) test_office
hm_cert_request office_request(hm_cert_profile profile, const software_signer *subject);
hm_verify_rules office_rules(const test_office *made);

/* A certificate that OpenSSL makes: each extension as openssl.cnf writes it, "" to leave it out. */
typedef struct {
    const char *organization, *unit, *common_name;
    const char *basic_constraints, *key_usage, *extended_key_usage, *name_constraints; /* NULL as "" */
    int64_t not_before, not_after;                                                     /* 0: valid around TEST_NOW */
    const char *digest; /* NULL: SHA256; "" for Ed25519 */
    int version;        /* 0: 3 */
} cert_plan;
/* ISSUER is NULL for a self-signed one. Appends DER. */
void cert_make(const cert_plan *plan, EVP_PKEY *subject_key, hm_bytes issuer, EVP_PKEY *issuer_key, hm_buf *der);
hm_trust *trust_of(hm_bytes root);

/* A folder under /tmp for programs; removed with its content. */
typedef struct {
    char path[64];
} test_bench;
test_bench bench_make(void);
void bench_clear(test_bench *made);
#define BENCH __attribute__((cleanup(bench_clear))) test_bench
void bench_put(const test_bench *made, const char *name, hm_bytes content);
void bench_put_pem(const test_bench *made, const char *name, hm_bytes certificate);
void bench_put_key(const test_bench *made, const char *name, EVP_PKEY *key);
void bench_get(const test_bench *made, const char *name, hm_buf *content);
/* Run a shell command in the folder; its exit status. What it prints is in the file "output". */
int bench_run(const test_bench *made, const char *format, ...) HM_PRINTF(2, 3);
/* Same, and it must succeed. */
void bench_must(const test_bench *made, const char *format, ...) HM_PRINTF(2, 3);
bool bench_has(const char *program);

hm_digest digest_of_text(hm_digest_algorithm algorithm, const char *text);

#endif
