#include <crypto/process.h>

#include <openssl/crypto.h>

void hm_crypto_begin(void) {
    /* Tables of digests and ciphers stay: X.509 and some modules find algorithms by them. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}
