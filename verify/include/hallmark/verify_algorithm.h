/* libhallmark-verify: digests and signature verification.
 *
 * Freestanding C11: no allocation, no globals that change, no recursion; the only outside symbols are those that
 * STDLIB.md lists. Everything here handles public data only, so nothing is constant-time and nothing is wiped.
 *
 * A product takes in the algorithms that it names in a table of its own:
 *
 *     static const hmv_algorithm *const algorithms[] = {&hmv_esp256, &hmv_ed25519, NULL};
 *
 * An algorithm that no table names is not linked. There is no other switch. */
#ifndef HALLMARK_VERIFY_ALGORITHM_H
#define HALLMARK_VERIFY_ALGORITHM_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that somebody else owns. SIZE 0 goes with any DATA. */
typedef struct hmv_bytes {
    const uint8_t *data;
    size_t size;
} hmv_bytes;

/* The answer of every check. The two values differ in 16 bits and neither is what a skipped instruction or a cleared
 * register leaves behind; whatever is not HMV_GOOD is bad. */
typedef uint32_t hmv_verdict;
#define HMV_GOOD ((hmv_verdict)0x3CA5965Au)
#define HMV_BAD ((hmv_verdict)0xC35A69A5u)

/* SHA-256 (FIPS 180-4). `final` ends the computation; `init` begins the next one. */
enum { HMV_SHA256_SIZE = 32, HMV_SHA384_SIZE = 48, HMV_SHA512_SIZE = 64, HMV_DIGEST_MAX = 64 };
typedef struct hmv_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
} hmv_sha256;
void hmv_sha256_init(hmv_sha256 *hash);
void hmv_sha256_update(hmv_sha256 *hash, const uint8_t *data, size_t size);
void hmv_sha256_final(hmv_sha256 *hash, uint8_t digest[HMV_SHA256_SIZE]);

/* SHA-512 and SHA-384 (FIPS 180-4). `final` writes the first SIZE bytes of the digest: 64 or 48, as begun. */
typedef struct hmv_sha512 {
    uint64_t state[8];
    uint64_t length; /* bytes so far; no message here is longer than 2^61 bytes */
    uint8_t block[128];
} hmv_sha512;
void hmv_sha512_init(hmv_sha512 *hash);
void hmv_sha384_init(hmv_sha512 *hash);
void hmv_sha512_update(hmv_sha512 *hash, const uint8_t *data, size_t size);
void hmv_sha512_final(hmv_sha512 *hash, uint8_t *digest, size_t size);

/* A public key, as a COSE_Key carries it (RFC 9052 section 7, RFC 9053 section 7, RFC 8230, RFC 8778). The meaning of A
 * and B belongs to the algorithm:
 *   EC2       A = x, B = y, each as long as the field
 *   OKP       A = x (32 bytes), B empty
 *   RSA       A = n, B = e, big-endian without leading zeros
 *   HSS-LMS   A = the HSS public key (RFC 8554 section 6.1: u32 L, then the top LMS public key), B empty */
typedef struct hmv_key {
    hmv_bytes a;
    hmv_bytes b;
} hmv_key;

/* One signature algorithm. */
typedef struct hmv_algorithm {
    int32_t id; /* COSE algorithm, the fully specified one where there is one (RFC 9864) */
    int32_t
        alias; /* the older, polymorphic identifier that names the same thing here (ES256 for ESP256); or the same */
    int32_t key_type; /* COSE key type: OKP 1, EC2 2, RSA 3, HSS-LMS 5 */
    int32_t curve;    /* COSE elliptic curve; 0: none */
    /* Is SIGNATURE (as COSE carries it: r||s for ECDSA) by KEY over the COUNT pieces of MESSAGE, one after the other?
     * Never reads outside the sizes given; sizes, ranges and points that the algorithm's standard refuses are bad. */
    hmv_verdict (*verify)(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature);
} hmv_algorithm;

/* ECDSA over P-256 with SHA-256: -9, alias ES256 -7; over P-384 with SHA-384: -51, alias ES384 -35 (RFC 9053, RFC
 * 9864). OpenSSL's verdicts: r and s in [1, n - 1], where s and n - s are both good (FIPS 186-5 asks for neither); the
 * key's coordinates below p and on the curve. */
extern const hmv_algorithm hmv_esp256, hmv_esp384;

/* Ed25519: -19, alias EdDSA -8 (RFC 8032 section 5.1.7). S is less than L, the key is canonical, R is compared as it is
 * encoded, without the cofactor: OpenSSL's verdicts, but that keys over p, or with x 0 and its sign set, are bad. Keys
 * of small order are not refused: their owner lets anybody sign. */
extern const hmv_algorithm hmv_ed25519;

/* RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 octets: -37 (RFC 8230); RSASSA-PKCS1-v1_5 with SHA-256: -257
 * (RFC 8812). Moduli of 2048 to 4096 bits that fill their octets; odd exponents above 2^16, as FIPS 186-5 asks (3 and
 * 17 are bad), and below 2^32. */
extern const hmv_algorithm hmv_ps256, hmv_rs256;

/* HSS/LMS: -46 (RFC 8554, RFC 8778), with the SHA-256 and SHA-256/192 parameter sets of RFC 8554 and RFC 9858 (SP
 * 800-208), all trees of a key on the same one; 1 to 8 levels; no SHAKE. */
extern const hmv_algorithm hmv_hss_lms;

#endif
