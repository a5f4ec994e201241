/* Keys in memory, for tests only: an hm_signer without a token. */
#ifndef HM_TEST_SOFTWARE_SIGNER_H
#define HM_TEST_SOFTWARE_SIGNER_H

#include <crypto/algorithm.h>
#include <openssl/evp.h>

typedef struct software_signer software_signer;

/* A new key. What cannot be made ends the test program: a test has nothing to say about that. */
software_signer *software_signer_new(hm_key_algorithm algorithm);
/* The Ed25519 key of a 32-byte seed (RFC 8032 section 5.1.5), for known answers. */
software_signer *software_signer_of_seed(const uint8_t seed[static 32]);
void software_signer_free(software_signer **signer);
#define SOFTWARE_SIGNER __attribute__((cleanup(software_signer_free))) software_signer

/* Valid as long as the key. */
const hm_signer *software_signer_of(const software_signer *signer);
/* The same key for OpenSSL's builders and tools. */
EVP_PKEY *software_signer_key(const software_signer *signer);

#endif
