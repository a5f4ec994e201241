#include <crypto/public_key.h>

#include "evp_key.h"
#include "pkcs8.h"

#include <base/io.h>
#include <base/pem.h>
#include <crypto/key_file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static hm_err check(hm_bytes der) {
    hm_spki spki;
    HM_TRY(hm_spki_parse(der, &spki));
    if (spki.kind == HM_SPKI_RSA) return hm_refuse("is an RSA key (officers have es256, es384 or ed25519)");
    /* What does not become a key for OpenSSL is not on its curve. */
    HM_EVP_KEY *key = NULL;
    return hm_evp_key_public(&spki, &key);
}

static hm_err read_pem(hm_bytes pem, hm_buf *spki) {
    hm_reader reader = hm_reader_of(pem);
    hm_bytes label;
    HM_BUF der = HM_BUF_EMPTY;
    HM_TRY(hm_pem_read_label(&reader, &label));
    HM_TRY(hm_key_label_check(label, false));
    HM_TRY(hm_pem_read_content(&reader, label, &der));
    HM_TRY(check(hm_buf_bytes(&der)));
    return hm_put(spki, hm_buf_bytes(&der));
}

hm_err hm_public_key_from_pem(hm_bytes pem, hm_buf *spki) { return hm_in(read_pem(pem, spki), "public key"); }

hm_err hm_public_key_read(const char *path, hm_buf *spki) {
    HM_WIPED_BUF pem = HM_BUF_EMPTY;
    HM_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return hm_could_not("%s: %s", path, strerror(errno));
    hm_source source;
    HM_TRY(hm_in(hm_source_of_file(fd, &source), "%s", path));
    HM_TRY(hm_in(hm_source_read_all(&source, HM_KEY_FILE_MAX, &pem), "%s", path));
    return hm_in(read_pem(hm_buf_bytes(&pem), spki), "%s", path);
}

hm_err hm_public_key_put(hm_bytes spki, hm_buf *pem) {
    HM_TRY(hm_in(check(spki), "public key"));
    return hm_pem_put(pem, "PUBLIC KEY", spki);
}
