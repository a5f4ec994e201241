/* ECDSA by OpenSSL's numbers and points, for the tests of the device verifier: an oracle, and signatures made by
 * algebra so that the verifier's sums go where random ones never do. */
#ifndef ECDSA_LAB_H
#define ECDSA_LAB_H

#include "signature_test.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

enum { COORDINATE_MAX = 48 };

/* What the tests of one curve are given. */
typedef struct curve {
    const char *name;
    const hmv_algorithm *algorithm;
    hmv_verdict (*verify_digest)(const uint8_t *x, const uint8_t *y, const uint8_t *digest, const uint8_t *r_s);
    int nid;
    size_t size;                 /* octets of a coordinate, and of the digest */
    const char *digest;          /* OpenSSL's name */
    const char *small_y[2];      /* a point with y < 2^16: x, y */
    const char *fixed, *encoded; /* Wycheproof's files */
    unsigned sampled, full;      /* signatures of the differential test */
} curve;

/* One question. Of each array the first SIZE octets count; r and s stand SIZE octets apart. */
typedef struct ecdsa_case {
    uint8_t x[COORDINATE_MAX], y[COORDINATE_MAX], digest[COORDINATE_MAX], r_s[2 * COORDINATE_MAX];
} ecdsa_case;

typedef struct ecdsa_lab {
    const curve *curve;
    EC_GROUP *group;
    BN_CTX *numbers;
    BIGNUM *p, *n;
    uint64_t random;
} ecdsa_lab;

void lab_open(ecdsa_lab *lab, const curve *of);
void lab_close(ecdsa_lab *lab);

/* Seeded, so that a failure can be had again. */
uint64_t lab_random(ecdsa_lab *lab);
void lab_random_octets(ecdsa_lab *lab, uint8_t *out, size_t size);
/* In [1, n - 1]; the caller's to free. */
BIGNUM *lab_random_scalar(ecdsa_lab *lab);

void lab_put(const ecdsa_lab *lab, uint8_t *out, const BIGNUM *number);
void lab_put_key(const ecdsa_lab *lab, ecdsa_case *out, const EC_POINT *q);

EC_POINT *lab_multiple_of_g(const ecdsa_lab *lab, const BIGNUM *d);

/* As an algorithm's caller has it: a random key, a random message of at most 512 octets, and its signature. */
signature_case lab_sign_random(ecdsa_lab *lab, size_t size);

/* A signature and a digest for which a verifier computes exactly u1 G + u2 Q, u2 not 0: r = x(sum), s = r / u2, digest
 * = u1 s. Returns whether it is valid; if the sum is infinity or r would be 0, r is some other number, and it is not.
 */
bool lab_make(ecdsa_lab *lab, ecdsa_case *out, const EC_POINT *q, const BIGNUM *u1, const BIGNUM *u2);

/* OpenSSL's verdict on a digest. */
bool lab_oracle(const ecdsa_lab *lab, const ecdsa_case *is);

/* Ours, from heap blocks of exactly the right size. */
hmv_verdict lab_ours(const ecdsa_lab *lab, const ecdsa_case *is);

/* Fails, with the numbers, unless ours is EXPECTED and OpenSSL's as well. */
void lab_expect(const ecdsa_lab *lab, const ecdsa_case *is, bool expected, const char *what);

#endif
