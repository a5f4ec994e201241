#include <crypto/process.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ALWAYS (OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG)
#define NO_TABLES (OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool ready;
static _Thread_local bool lacks; /* memory, since it was last settled */
static atomic_bool ran_out;      /* ever: a failure while OpenSSL sets itself up is remembered by it */

static void *note_lack(void *made, size_t size) {
    if (made || !size) return made;
    lacks = true;
    ran_out = true;
    return NULL;
}

/* OpenSSL's queue of errors does not say for certain that it lacked memory: to note that takes some. */
static void *allocate(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return note_lack(malloc(size), size);
}

static void *resize(void *old, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return note_lack(realloc(old, size), size);
}

static void let_go(void *old, const char *file, int line) {
    (void)file, (void)line;
    free(old);
}

/* OpenSSL takes it until it has allocated for the first time: whoever else is its user comes later than this. */
__attribute__((constructor)) static void allocate_for_openssl(void) {
    CRYPTO_set_mem_functions(allocate, resize, let_go);
}

/* What somebody may still look up by name: the ciphers of keys in files. The whole table is a fiftieth of a signing. */
static const EVP_CIPHER *(*const by_name[])(void) = {EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc,
                                                     EVP_aes_128_gcm, EVP_aes_256_gcm, EVP_des_ede3_cbc};

static void begin_alone(void) {
    /* X.509 looks these three up by name; the tables of every digest and cipher cost a tenth of verifying a small file.
     */
    ready = OPENSSL_init_crypto(ALWAYS | NO_TABLES | OPENSSL_INIT_NO_ATEXIT, NULL) && EVP_add_digest(EVP_sha256()) &&
            EVP_add_digest(EVP_sha384()) && EVP_add_digest(EVP_sha512());
}

static void begin_with_modules(void) {
    ready = OPENSSL_init_crypto(ALWAYS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS, NULL);
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++) ready = ready && EVP_add_cipher(by_name[i]());
}

static hm_err begin(void (*how)(void)) {
    return pthread_once(&once, how) == 0 && ready ? HM_OK : hm_could_not("OpenSSL does not start");
}

hm_err hm_crypto_begin(void) { return begin(begin_alone); }

hm_err hm_crypto_begin_with_modules(void) { return begin(begin_with_modules); }

hm_err hm_crypto_settle(hm_err err) {
    bool doubtful = hm_failed(err) ? ran_out && err.class == HM_REFUSED : lacks;
    lacks = false;
    return doubtful ? hm_no_memory() : err;
}
