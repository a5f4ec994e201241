/* Many signatures: random ones with their mutations against OpenSSL, and the published attacks. */
#include "ecdsa_tests.h"
#include "wycheproof_test.h"

#include <crypto/algorithm.h>
#include <openssl/evp.h>

enum { MUTATIONS_EACH = 4 };

enum {
    R_BIT,
    S_BIT,
    DIGEST_BIT,
    X_BIT,
    Y_BIT,
    SWAPPED,
    R_ZERO,
    S_ZERO,
    R_ORDER,
    S_ORDER,
    R_PLUS_ORDER,
    S_PLUS_ORDER,
    R_NEGATED,
    S_NEGATED,
    Y_NEGATED,
    KEY_SWAPPED,
    DIGEST_ZERO,
    ALL_ONES,
    MUTATIONS
};

static void flip(ecdsa_lab *lab, uint8_t *field) {
    size_t bit = lab_random(lab) % (8 * lab->curve->size);
    field[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* number = modulus - number */
static void negate(const ecdsa_lab *lab, uint8_t *field, const BIGNUM *modulus) {
    BIGNUM *number = BN_bin2bn(field, (int)lab->curve->size, NULL);
    BN_sub(number, modulus, number);
    lab_put(lab, field, number);
    BN_free(number);
}

/* n is added as far as there is room. */
static void add_order(const ecdsa_lab *lab, uint8_t *field) {
    BIGNUM *number = BN_bin2bn(field, (int)lab->curve->size, NULL);
    BN_add(number, number, lab->n);
    BN_mask_bits(number, (int)(8 * lab->curve->size));
    lab_put(lab, field, number);
    BN_free(number);
}

static void swap(uint8_t *a, uint8_t *b, size_t size) {
    uint8_t kept[COORDINATE_MAX];
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

static void mutate(ecdsa_lab *lab, ecdsa_case *is, int mutation) {
    size_t size = lab->curve->size;
    uint8_t *r = is->r_s, *s = &is->r_s[size];
    switch (mutation) {
    case R_BIT:
        flip(lab, r);
        break;
    case S_BIT:
        flip(lab, s);
        break;
    case DIGEST_BIT:
        flip(lab, is->digest);
        break;
    case X_BIT:
        flip(lab, is->x);
        break;
    case Y_BIT:
        flip(lab, is->y);
        break;
    case SWAPPED:
        swap(r, s, size);
        break;
    case R_ZERO:
        memset(r, 0, size);
        break;
    case S_ZERO:
        memset(s, 0, size);
        break;
    case R_ORDER:
        lab_put(lab, r, lab->n);
        break;
    case S_ORDER:
        lab_put(lab, s, lab->n);
        break;
    case R_PLUS_ORDER:
        add_order(lab, r);
        break;
    case S_PLUS_ORDER:
        add_order(lab, s);
        break;
    case R_NEGATED:
        negate(lab, r, lab->n);
        break;
    case S_NEGATED:
        negate(lab, s, lab->n);
        break;
    case Y_NEGATED:
        negate(lab, is->y, lab->p);
        break;
    case KEY_SWAPPED:
        swap(is->x, is->y, size);
        break;
    case DIGEST_ZERO:
        memset(is->digest, 0, size);
        break;
    default:
        memset(is->r_s, 0xff, 2 * size);
        break;
    }
}

/* Of the mutations only s -> n - s leaves a signature good. */
static void check_mutations(ecdsa_lab *lab, const ecdsa_case *whole, unsigned round) {
    for (unsigned i = 0; i < MUTATIONS_EACH; i++) {
        ecdsa_case is = *whole;
        int mutation = (int)((round * MUTATIONS_EACH + i) % MUTATIONS);
        char what[32];
        snprintf(what, sizeof what, "mutation %d", mutation);
        mutate(lab, &is, mutation);
        lab_expect(lab, &is, mutation == S_NEGATED, what);
    }
}

void random_signatures_and_their_mutations_get_openssls_verdict(void **state) {
    ecdsa_lab lab;
    lab_open(&lab, *state);
    unsigned rounds = whole_sweeps() ? lab.curve->full : lab.curve->sampled;
    for (unsigned round = 0; round < rounds; round++) {
        ecdsa_case is;
        signature_case signed_message = lab_sign_random(&lab, lab_random(&lab) % 300);
        size_t size = lab.curve->size;
        assert_good(lab.curve->algorithm, &signed_message);
        memcpy(is.x, signed_message.a.data, size);
        memcpy(is.y, signed_message.b.data, size);
        memcpy(is.r_s, signed_message.signature.data, 2 * size);
        uint8_t digest[EVP_MAX_MD_SIZE];
        EVP_Digest(signed_message.message.data, signed_message.message.size, digest, NULL,
                   EVP_get_digestbyname(lab.curve->digest), NULL);
        memcpy(is.digest, digest, size);
        assert_true(lab_oracle(&lab, &is));
        check_mutations(&lab, &is, round);
        case_clear(&signed_message);
    }
    print_message("%u signatures, %u mutations\n", rounds, rounds * MUTATIONS_EACH);
    lab_close(&lab);
}

static bool group_key(json_t *group, signature_case *is) {
    octets point = wycheproof_octets(json_object_get(group, "publicKey"), "uncompressed");
    size_t size = (point.size - 1) / 2;
    assert_int_equal(point.data[0], 4);
    is->a = octets_of(&point.data[1], size);
    is->b = octets_of(&point.data[1 + size], size);
    free(point.data);
    return true;
}

void wycheproof_of_fixed_length(void **state) {
    const curve *under_test = *state;
    const wycheproof_rules rules = {.algorithm = under_test->algorithm, .key = group_key};
    wycheproof_file(under_test->fixed, &rules);
}

/* The algorithm behind the project's strict reader of DER; what that refuses is bad. */
static hmv_verdict verify_der(const hmv_algorithm *algorithm, const hmv_key *key, const hmv_bytes *message,
                              size_t count, hmv_bytes der) {
    HM_BUF fixed = HM_BUF_EMPTY;
    hm_err err = hm_ecdsa_from_der(HM_BYTES(der.data, der.size), key->a.size, &fixed);
    if (hm_failed(err)) return HMV_BAD;
    return algorithm->verify(key, message, count, (hmv_bytes){fixed.data, fixed.len});
}

static hmv_verdict verify_der_p256(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes der) {
    return verify_der(&hmv_esp256, key, message, count, der);
}

static hmv_verdict verify_der_p384(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes der) {
    return verify_der(&hmv_esp384, key, message, count, der);
}

void wycheproof_in_der(void **state) {
    const curve *under_test = *state;
    hmv_algorithm algorithm = *under_test->algorithm;
    algorithm.verify = under_test->algorithm == &hmv_esp256 ? verify_der_p256 : verify_der_p384;
    const wycheproof_rules rules = {.algorithm = &algorithm, .key = group_key};
    wycheproof_file(under_test->encoded, &rules);
}
