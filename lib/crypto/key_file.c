#include <crypto/key_file.h>

#include "evp_key.h"
#include "pkcs8.h"

#include <base/file.h>
#include <base/pem.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct hm_key_file {
    EVP_PKEY *key;
    hm_key_algorithm algorithm;
    hm_buf spki;
};

enum { SIGNATURE_MAX = 128 }; /* ECDSA-Sig-Value on P-384: 104 octets */

void hm_key_file_free(hm_key_file **key) {
    if (!*key) return;
    hm_evp_key_free(&(*key)->key);
    hm_buf_clear(&(*key)->spki);
    free(*key);
    *key = NULL;
}

/* Signing. */

static inline void free_md_context(EVP_MD_CTX **context) { EVP_MD_CTX_free(*context); }

static hm_err sign(void *opaque, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    const hm_key_file *key = opaque;
    if (scheme != hm_key_scheme(key->algorithm))
        return hm_refuse("a key for %s does not sign with scheme %d", hm_key_algorithm_name(key->algorithm), scheme);
    /* Ed25519 hashes inside. */
    const char *digest = scheme == HM_SCHEME_ED25519 ? NULL : hm_digest_name(hm_scheme_digest(scheme));
    uint8_t made[SIGNATURE_MAX];
    size_t len = sizeof made;
    __attribute__((cleanup(free_md_context))) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key->key, NULL) != 1 ||
        EVP_DigestSign(context, made, &len, message.data, message.len) != 1) {
        ERR_clear_error();
        return hm_could_not("the cryptographic library could not sign");
    }
    HM_TRY(hm_in(hm_verify(hm_buf_bytes(&key->spki), scheme, message, HM_BYTES(made, len)), "just signed"));
    return hm_put(signature, HM_BYTES(made, len));
}

hm_signer hm_key_file_signer(hm_key_file *key) {
    return (hm_signer){sign, key, key->algorithm, hm_buf_bytes(&key->spki)};
}

/* Reading. */

static hm_err read_pem(hm_bytes pem, hm_key_file **key) {
    hm_reader reader = hm_reader_of(pem);
    hm_bytes label;
    hm_pkcs8 parts;
    HM_WIPED_BUF der = HM_BUF_EMPTY;
    HM_TRY(hm_pem_read_label(&reader, &label));
    HM_TRY(hm_key_label_check(label, true));
    HM_TRY(hm_pem_read_content(&reader, label, &der));
    HM_TRY(hm_pkcs8_parse(hm_buf_bytes(&der), &parts));
    HM_KEY_FILE *read = calloc(1, sizeof *read);
    if (!read) return hm_no_memory();
    read->algorithm = parts.algorithm;
    HM_TRY(hm_evp_key_private(&parts, &read->key));
    HM_TRY(hm_evp_key_spki(read->key, read->algorithm, &read->spki));
    *key = read;
    read = NULL;
    return HM_OK;
}

hm_err hm_key_file_from_pem(hm_bytes pem, hm_key_file **key) {
    *key = NULL;
    return hm_in(read_pem(pem, key), "private key");
}

static hm_err check_file(int fd) {
    struct stat st;
    if (fstat(fd, &st) != 0) return hm_could_not("cannot be examined: %s", strerror(errno));
    if (!S_ISREG(st.st_mode)) return hm_refuse("is not a regular file");
    if (st.st_uid != geteuid()) return hm_refuse("belongs to somebody else (a private key's file must be your own)");
    return st.st_mode & 077 ? hm_refuse("others can read it (chmod 600)") : HM_OK;
}

static hm_err read_file(const char *path, hm_buf *pem) {
    HM_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP) return hm_refuse("is a link (name the file itself)");
    if (fd < 0) return hm_could_not("cannot be opened: %s", strerror(errno));
    HM_TRY(check_file(fd));
    hm_source source;
    HM_TRY(hm_source_of_file(fd, &source));
    return hm_source_read_all(&source, HM_KEY_FILE_MAX, pem);
}

hm_err hm_key_file_open(const char *path, hm_key_file **key) {
    HM_WIPED_BUF pem = HM_BUF_EMPTY;
    *key = NULL;
    HM_TRY(hm_in(read_file(path, &pem), "%s", path));
    return hm_in(read_pem(hm_buf_bytes(&pem), key), "%s", path);
}

/* Making. */

static hm_err make_pem(hm_key_algorithm algorithm, hm_buf *pem) {
    HM_EVP_KEY *key = NULL;
    HM_WIPED_BUF der = HM_BUF_EMPTY;
    HM_TRY(hm_evp_key_generate(algorithm, &key));
    HM_TRY(hm_evp_key_put(key, algorithm, &der));
    return hm_pem_put(pem, "PRIVATE KEY", hm_buf_bytes(&der));
}

/* Read what will be written, and sign with it: a key that does not work must not be found out later. */
static hm_err try_key(hm_bytes pem, hm_buf *spki) {
    HM_KEY_FILE *key = NULL;
    HM_BUF signature = HM_BUF_EMPTY;
    HM_TRY(read_pem(pem, &key));
    HM_TRY(sign(key, hm_key_scheme(key->algorithm), hm_text("trial of a new key"), &signature));
    return hm_put(spki, hm_buf_bytes(&key->spki));
}

hm_err hm_key_file_make(const char *path, hm_key_algorithm algorithm, hm_buf *spki) {
    HM_OUTFILE out = HM_OUTFILE_NONE;
    HM_WIPED_BUF pem = HM_BUF_EMPTY;
    HM_BUF made = HM_BUF_EMPTY;
    HM_TRY(make_pem(algorithm, &pem));
    HM_TRY(try_key(hm_buf_bytes(&pem), &made));
    HM_TRY(hm_buf_reserve(spki, made.len));
    HM_TRY(hm_outfile_open(AT_FDCWD, path, 0600, &out));
    HM_TRY(hm_in(hm_fd_write(out.fd, hm_buf_bytes(&pem)), "%s", path));
    HM_TRY(hm_outfile_commit_new(&out));
    return hm_put(spki, hm_buf_bytes(&made));
}
