/* The oracle takes digests, which only OpenSSL's older interface does in one call. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ecdsa_lab.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

void lab_open(ecdsa_lab *lab, const curve *of) {
    *lab = (ecdsa_lab){.curve = of,
                       .group = EC_GROUP_new_by_curve_name(of->nid),
                       .numbers = BN_CTX_new(),
                       .p = BN_new(),
                       .n = BN_new(),
                       .random = test_seed()};
    assert_int_equal(EC_GROUP_get_curve(lab->group, lab->p, NULL, NULL, lab->numbers), 1);
    assert_int_equal(EC_GROUP_get_order(lab->group, lab->n, lab->numbers), 1);
}

void lab_close(ecdsa_lab *lab) {
    EC_GROUP_free(lab->group);
    BN_CTX_free(lab->numbers);
    BN_free(lab->p);
    BN_free(lab->n);
}

/* SplitMix64. */
uint64_t lab_random(ecdsa_lab *lab) {
    uint64_t z = lab->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void lab_random_octets(ecdsa_lab *lab, uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)lab_random(lab);
}

BIGNUM *lab_random_scalar(ecdsa_lab *lab) {
    uint8_t random[COORDINATE_MAX + 8];
    BIGNUM *number = BN_new();
    do {
        lab_random_octets(lab, random, sizeof random);
        BN_bin2bn(random, sizeof random, number);
        assert_int_equal(BN_nnmod(number, number, lab->n, lab->numbers), 1);
    } while (BN_is_zero(number));
    return number;
}

void lab_put(const ecdsa_lab *lab, uint8_t *out, const BIGNUM *number) {
    assert_int_equal(BN_bn2binpad(number, out, (int)lab->curve->size), (int)lab->curve->size);
}

void lab_put_key(const ecdsa_lab *lab, ecdsa_case *out, const EC_POINT *q) {
    BIGNUM *x = BN_new(), *y = BN_new();
    assert_int_equal(EC_POINT_get_affine_coordinates(lab->group, q, x, y, lab->numbers), 1);
    lab_put(lab, out->x, x);
    lab_put(lab, out->y, y);
    BN_free(x);
    BN_free(y);
}

EC_POINT *lab_multiple_of_g(const ecdsa_lab *lab, const BIGNUM *d) {
    EC_POINT *q = EC_POINT_new(lab->group);
    assert_int_equal(EC_POINT_mul(lab->group, q, d, NULL, NULL, lab->numbers), 1);
    return q;
}

/* The private number is D, the nonce K. */
static signature_case sign_message(ecdsa_lab *lab, const BIGNUM *d, const BIGNUM *k, const uint8_t *message,
                                   size_t size) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    ecdsa_case numbers;
    size_t length = lab->curve->size;
    assert_int_equal(EVP_Digest(message, size, digest, NULL, EVP_get_digestbyname(lab->curve->digest), NULL), 1);
    BIGNUM *e = BN_bin2bn(digest, (int)length, NULL), *r = BN_new(), *s = BN_new();
    EC_POINT *q = lab_multiple_of_g(lab, d), *commitment = lab_multiple_of_g(lab, k);
    lab_put_key(lab, &numbers, q);
    EC_POINT_get_affine_coordinates(lab->group, commitment, r, NULL, lab->numbers);
    BN_nnmod(r, r, lab->n, lab->numbers);
    BN_mod_mul(s, r, d, lab->n, lab->numbers);
    BN_mod_add(s, s, e, lab->n, lab->numbers);
    BN_mod_inverse(e, k, lab->n, lab->numbers);
    BN_mod_mul(s, s, e, lab->n, lab->numbers);
    lab_put(lab, numbers.r_s, r);
    lab_put(lab, &numbers.r_s[length], s);
    EC_POINT_free(q);
    EC_POINT_free(commitment);
    BN_free(e);
    BN_free(r);
    BN_free(s);
    return (signature_case){.a = octets_of(numbers.x, length),
                            .b = octets_of(numbers.y, length),
                            .message = octets_of(message, size),
                            .signature = octets_of(numbers.r_s, 2 * length)};
}

signature_case lab_sign_random(ecdsa_lab *lab, size_t size) {
    uint8_t message[512];
    assert_true(size <= sizeof message);
    lab_random_octets(lab, message, size);
    BIGNUM *d = lab_random_scalar(lab), *k = lab_random_scalar(lab);
    signature_case is = sign_message(lab, d, k, message, size);
    BN_free(d);
    BN_free(k);
    return is;
}

/* Nothing for infinity. */
static bool sum_to_r(ecdsa_lab *lab, BIGNUM *r, const EC_POINT *q, const BIGNUM *u1, const BIGNUM *u2) {
    EC_POINT *sum = EC_POINT_new(lab->group);
    assert_int_equal(EC_POINT_mul(lab->group, sum, u1, q, u2, lab->numbers), 1);
    bool finite = !EC_POINT_is_at_infinity(lab->group, sum);
    if (finite) {
        assert_int_equal(EC_POINT_get_affine_coordinates(lab->group, sum, r, NULL, lab->numbers), 1);
        assert_int_equal(BN_nnmod(r, r, lab->n, lab->numbers), 1);
    }
    EC_POINT_free(sum);
    return finite && !BN_is_zero(r);
}

bool lab_make(ecdsa_lab *lab, ecdsa_case *out, const EC_POINT *q, const BIGNUM *u1, const BIGNUM *u2) {
    BIGNUM *r = BN_new(), *s = BN_new(), *digest = BN_new();
    bool valid = sum_to_r(lab, r, q, u1, u2);
    if (!valid) {
        BN_free(r);
        r = lab_random_scalar(lab);
    }
    assert_non_null(BN_mod_inverse(s, u2, lab->n, lab->numbers));
    assert_int_equal(BN_mod_mul(s, s, r, lab->n, lab->numbers), 1);
    assert_int_equal(BN_mod_mul(digest, s, u1, lab->n, lab->numbers), 1);
    lab_put_key(lab, out, q);
    lab_put(lab, out->digest, digest);
    lab_put(lab, out->r_s, r);
    lab_put(lab, &out->r_s[lab->curve->size], s);
    BN_free(r);
    BN_free(s);
    BN_free(digest);
    return valid;
}

bool lab_oracle(const ecdsa_lab *lab, const ecdsa_case *is) {
    int size = (int)lab->curve->size;
    EC_KEY *key = EC_KEY_new();
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *x = BN_bin2bn(is->x, size, NULL), *y = BN_bin2bn(is->y, size, NULL);
    ECDSA_SIG_set0(signature, BN_bin2bn(is->r_s, size, NULL), BN_bin2bn(&is->r_s[size], size, NULL));
    assert_int_equal(EC_KEY_set_group(key, lab->group), 1);
    bool good = EC_KEY_set_public_key_affine_coordinates(key, x, y) == 1 &&
                ECDSA_do_verify(is->digest, size, signature, key) == 1;
    BN_free(x);
    BN_free(y);
    ECDSA_SIG_free(signature);
    EC_KEY_free(key);
    return good;
}

hmv_verdict lab_ours(const ecdsa_lab *lab, const ecdsa_case *is) {
    size_t size = lab->curve->size;
    octets x = octets_of(is->x, size), y = octets_of(is->y, size), digest = octets_of(is->digest, size),
           r_s = octets_of(is->r_s, 2 * size);
    hmv_verdict verdict = lab->curve->verify_digest(x.data, y.data, digest.data, r_s.data);
    free(x.data);
    free(y.data);
    free(digest.data);
    free(r_s.data);
    return verdict;
}

static void show(const char *name, const uint8_t *data, size_t size) {
    char text[4 * COORDINATE_MAX + 1];
    for (size_t i = 0; i < size; i++) snprintf(&text[2 * i], 3, "%02x", data[i]);
    print_error("%s %s\n", name, text);
}

void lab_expect(const ecdsa_lab *lab, const ecdsa_case *is, bool expected, const char *what) {
    hmv_verdict ours = lab_ours(lab, is);
    bool theirs = lab_oracle(lab, is);
    if (ours == (expected ? HMV_GOOD : HMV_BAD) && theirs == expected) return;
    show("x", is->x, lab->curve->size);
    show("y", is->y, lab->curve->size);
    show("digest", is->digest, lab->curve->size);
    show("r, s", is->r_s, 2 * lab->curve->size);
    fail_msg("%s: ours %08x, OpenSSL's %s, expected %s", what, ours, theirs ? "good" : "bad",
             expected ? "good" : "bad");
}
