/* Digests by OpenSSL's low-level functions. They are deprecated in 3.0 in favour of EVP, but EVP first starts the
 * provider machinery, which costs a program about 1 ms before its first byte; the code that runs behind both is the
 * same. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <crypto/digest.h>

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof((hm_hash *)0)->state, "hm_hash holds a SHA-256 state");
_Static_assert(sizeof(SHA512_CTX) <= sizeof((hm_hash *)0)->state, "hm_hash holds a SHA-384 or SHA-512 state");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(hm_hash) && _Alignof(SHA512_CTX) <= _Alignof(hm_hash),
               "hm_hash is aligned for the states it holds");

static SHA256_CTX *state_256(hm_hash *hash) { return (void *)hash->state.bytes; }
static SHA512_CTX *state_512(hm_hash *hash) { return (void *)hash->state.bytes; }

bool hm_digest_equal(const hm_digest *a, const hm_digest *b) {
    return a->algorithm == b->algorithm && a->len == hm_digest_len(a->algorithm) && a->len != 0 &&
           hm_bytes_equal(hm_digest_bytes(a), hm_digest_bytes(b));
}

const char *hm_digest_name(hm_digest_algorithm algorithm) {
    switch (algorithm) {
    case HM_SHA256:
        return "sha256";
    case HM_SHA384:
        return "sha384";
    case HM_SHA512:
        return "sha512";
    }
    return NULL;
}

size_t hm_digest_len(hm_digest_algorithm algorithm) {
    switch (algorithm) {
    case HM_SHA256:
        return SHA256_DIGEST_LENGTH;
    case HM_SHA384:
        return SHA384_DIGEST_LENGTH;
    case HM_SHA512:
        return SHA512_DIGEST_LENGTH;
    }
    return 0;
}

/* Digests cannot report a fault. One that is not what the caller believes could be signed, so a number that is no
 * algorithm, which only a defect of ours brings here, ends the process. */
void hm_hash_init(hm_hash *hash, hm_digest_algorithm algorithm) {
    hash->algorithm = algorithm;
    switch (algorithm) {
    case HM_SHA256:
        SHA256_Init(state_256(hash));
        return;
    case HM_SHA384:
        SHA384_Init(state_512(hash));
        return;
    case HM_SHA512:
        SHA512_Init(state_512(hash));
        return;
    }
    abort();
}

void hm_hash_update(hm_hash *hash, hm_bytes bytes) {
    if (bytes.len == 0) return;
    switch (hash->algorithm) {
    case HM_SHA256:
        SHA256_Update(state_256(hash), bytes.data, bytes.len);
        return;
    case HM_SHA384:
        SHA384_Update(state_512(hash), bytes.data, bytes.len);
        return;
    case HM_SHA512:
        SHA512_Update(state_512(hash), bytes.data, bytes.len);
        return;
    }
    abort();
}

void hm_hash_final(hm_hash *hash, hm_digest *digest) {
    *digest = (hm_digest){.algorithm = hash->algorithm, .len = hm_digest_len(hash->algorithm)};
    switch (hash->algorithm) {
    case HM_SHA256:
        SHA256_Final(digest->value, state_256(hash));
        return;
    case HM_SHA384:
        SHA384_Final(digest->value, state_512(hash));
        return;
    case HM_SHA512:
        SHA512_Final(digest->value, state_512(hash));
        return;
    }
    abort();
}

void hm_digest_of(hm_digest_algorithm algorithm, hm_bytes bytes, hm_digest *digest) {
    hm_hash hash;
    hm_hash_init(&hash, algorithm);
    hm_hash_update(&hash, bytes);
    hm_hash_final(&hash, digest);
}

void hm_sha256(hm_bytes bytes, uint8_t out[static HM_SHA256_LEN]) {
    hm_digest digest;
    hm_digest_of(HM_SHA256, bytes, &digest);
    memcpy(out, digest.value, HM_SHA256_LEN);
}

void hm_sha1_name(hm_bytes bytes, uint8_t out[static HM_SHA1_LEN]) { SHA1(bytes.data, bytes.len, out); }
