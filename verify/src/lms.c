/* HSS/LMS (RFC 8554), verification only, with the SHA-256 and SHA-256/192 parameter sets of RFC 8554, RFC 9858 and
 * SP 800-208. As SP 800-208 asks, all trees and one-time signatures of a key use the same hash. */
#include <hallmark/verify_algorithm.h>

#include <stdbool.h>

#include "memory.h"
#include "verdict.h"
#include "words.h"

/* What separates the hashes (RFC 8554 sections 4.4, 4.5, 5.3), and where the fields of their common beginning stand:
 * I, q or the node's number, the separator or the chain's number, the place in the chain, the chain's value. */
enum { D_PBLK = 0x8080, D_MESG = 0x8181, D_LEAF = 0x8282, D_INTR = 0x8383 };
enum { ID_SIZE = 16, NUMBER_AT = 16, SEPARATOR_AT = 20, PREFIX = 22, STEP_AT = 22, VALUE_AT = 23 };
enum { LEVELS_MAX = 8, N_MAX = 32, KEY_PREFIX = 8 + ID_SIZE };

/* What the two typecodes of a tree stand for. */
typedef struct parameters {
    unsigned n;      /* octets of a hash; m of the tree is the same */
    unsigned height; /* of the tree: h */
    unsigned width;  /* bits of a digit: w */
    unsigned chains; /* digits with those of the checksum: p */
} parameters;

typedef struct work {
    parameters is;
    hmv_sha256 hash, chain;
    uint8_t input[VALUE_AT + N_MAX];
    uint8_t digits[N_MAX + 2]; /* Q and its checksum; then the node's value */
} work;

/* KEY: type, otstype. RFC 8554 sections 4.1 and 5.1, RFC 9858 sections 4 and 5: LMS types 5 to 9 have n 32, 10 to 14
 * have n 24; LM-OTS types 1 to 4 and 5 to 8 likewise. */
static bool find_parameters(const uint8_t *key, parameters *is) {
    static const uint16_t chains[8] = {265, 133, 67, 34, 200, 101, 51, 26};
    uint32_t tree = hmv_load_be32(key) - 5, ots = hmv_load_be32(&key[4]) - 1;
    if (tree >= 10 || ots >= 8 || (tree >= 5) != (ots >= 4)) return false;
    is->n = tree >= 5 ? 24 : 32;
    is->height = 5 * (tree % 5) + 5;
    is->width = 1u << ots % 4;
    is->chains = chains[ots];
    return true;
}

static unsigned digit(const uint8_t *digits, unsigned i, unsigned width) {
    unsigned bit = i * width;
    return digits[bit / 8] >> (8 - width - bit % 8) & ((1u << width) - 1);
}

static void begin(work *at, hmv_sha256 *hash, uint32_t number, unsigned separator) {
    hmv_store_be32(&at->input[NUMBER_AT], number);
    at->input[SEPARATOR_AT] = (uint8_t)(separator >> 8);
    at->input[SEPARATOR_AT + 1] = (uint8_t)separator;
    hmv_sha256_init(hash);
    hmv_sha256_update(hash, at->input, PREFIX);
}

/* Q, and behind it the checksum in its upper bits (RFC 8554 section 4.4). The checksum has 16 - ls bits, and the chains
 * behind the digits of Q are as many as that takes. */
static void find_digits(work *at, uint32_t q, const uint8_t *c, const hmv_bytes *message, size_t count) {
    const parameters *is = &at->is;
    begin(at, &at->hash, q, D_MESG);
    hmv_sha256_update(&at->hash, c, is->n);
    for (size_t i = 0; i < count; i++) hmv_sha256_update(&at->hash, message[i].data, message[i].size);
    hmv_sha256_final(&at->hash, at->digits);
    unsigned own = 8 * is->n / is->width, sum = 0;
    for (unsigned i = 0; i < own; i++) sum += (1u << is->width) - 1 - digit(at->digits, i, is->width);
    sum <<= 16 - (is->chains - own) * is->width;
    at->digits[is->n] = (uint8_t)(sum >> 8);
    at->digits[is->n + 1] = (uint8_t)sum;
}

/* The candidate of the one-time public key (section 4.6, algorithm 4b), into digits[]. */
static void walk_chains(work *at, uint32_t q, const uint8_t *y) {
    const parameters *is = &at->is;
    uint8_t *value = &at->input[VALUE_AT];
    begin(at, &at->chain, q, D_PBLK);
    for (unsigned i = 0; i < is->chains; i++, y += is->n) {
        memcpy(value, y, is->n);
        at->input[SEPARATOR_AT] = (uint8_t)(i >> 8);
        at->input[SEPARATOR_AT + 1] = (uint8_t)i;
        for (unsigned j = digit(at->digits, i, is->width); j < (1u << is->width) - 1; j++) {
            at->input[STEP_AT] = (uint8_t)j;
            hmv_sha256_init(&at->hash);
            hmv_sha256_update(&at->hash, at->input, VALUE_AT + is->n);
            hmv_sha256_final(&at->hash, value);
        }
        hmv_sha256_update(&at->chain, value, is->n);
    }
    hmv_sha256_final(&at->chain, at->digits);
}

/* From the leaf to the root (section 5.4.2, algorithm 6a), in digits[]. */
static void climb(work *at, uint32_t q, const uint8_t *path) {
    unsigned n = at->is.n;
    uint32_t node = (1u << at->is.height) + q;
    begin(at, &at->hash, node, D_LEAF);
    hmv_sha256_update(&at->hash, at->digits, n);
    hmv_sha256_final(&at->hash, at->digits);
    for (; node > 1; node /= 2, path += n) {
        begin(at, &at->hash, node / 2, D_INTR);
        hmv_sha256_update(&at->hash, node % 2 ? path : at->digits, n);
        hmv_sha256_update(&at->hash, node % 2 ? at->digits : path, n);
        hmv_sha256_final(&at->hash, at->digits);
    }
}

/* SIGNATURE is as long as the parameters say: q, otstype, C, y, type, path. */
static hmv_verdict verify_tree(work *at, const uint8_t *key, const hmv_bytes *message, size_t count,
                               const uint8_t *signature) {
    const uint8_t *c = &signature[8], *y = &c[at->is.n], *type = &y[(size_t)at->is.chains * at->is.n];
    uint32_t q = hmv_load_be32(signature);
    if (q >> at->is.height != 0 || memcmp(&signature[4], &key[4], 4) != 0 || memcmp(type, key, 4) != 0) return HMV_BAD;
    memcpy(at->input, &key[8], ID_SIZE);
    find_digits(at, q, c, message, count);
    walk_chains(at, q, y);
    climb(at, q, &type[4]);
    return hmv_same(at->digits, &key[KEY_PREFIX], at->is.n);
}

/* The next SIZE octets of FROM; NULL if there are fewer. */
static const uint8_t *take(hmv_bytes *from, size_t size) {
    if (from->size < size) return NULL;
    const uint8_t *taken = from->data;
    from->data += size;
    from->size -= size;
    return taken;
}

/* Section 6.3. The verdicts of the levels are added up, and only if each is HMV_GOOD is the sum what is expected. */
static hmv_verdict verify(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature) {
    work at;
    hmv_bytes public = key->a;
    const uint8_t *levels = take(&public, 4), *signed_keys = take(&signature, 4), *own = public.data;
    if (!levels || !signed_keys || public.size < KEY_PREFIX || !find_parameters(own, &at.is) || key->b.size != 0)
        return HMV_BAD;
    unsigned n = at.is.n;
    uint32_t below = hmv_load_be32(levels) - 1;
    if (below >= LEVELS_MAX || below != hmv_load_be32(signed_keys) || public.size != KEY_PREFIX + n) return HMV_BAD;
    uint32_t sum = 0, expected = HMV_GOOD * (below + 1);
    for (;; below--) {
        const uint8_t *tree = take(&signature, 12 + n * (1 + at.is.chains + at.is.height));
        if (!tree) return HMV_BAD;
        if (below == 0) {
            sum += verify_tree(&at, own, message, count, tree);
            return signature.size != 0 ? HMV_BAD : hmv_same((uint8_t *)&sum, (uint8_t *)&expected, sizeof sum);
        }
        hmv_bytes child = {signature.data, KEY_PREFIX + n};
        if (!take(&signature, child.size)) return HMV_BAD;
        sum += verify_tree(&at, own, &child, 1, tree);
        own = child.data;
        if (!find_parameters(own, &at.is) || at.is.n != n) return HMV_BAD;
    }
}

const hmv_algorithm hmv_hss_lms = {-46, -46, 5, 0, verify};
