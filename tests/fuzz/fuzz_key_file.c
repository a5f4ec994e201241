/* layers: base crypto */
/* Officers' keys in files, as text and as what is inside the text. What is taken as a private key signs, and what is
 * taken as a public one comes back the same when it is written again. */
#include <base/pem.h>
#include <crypto/key_file.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(hm_err err) {
    if (hm_failed(err)) abort();
}

static void try_private(hm_bytes pem) {
    HM_KEY_FILE *key = NULL;
    HM_BUF signature = HM_BUF_EMPTY;
    if (hm_failed(hm_key_file_from_pem(pem, &key))) {
        if (key) abort();
        return;
    }
    hm_signer signer = hm_key_file_signer(key);
    must(signer.sign(signer.key, hm_key_scheme(signer.algorithm), hm_text("message"), &signature));
}

static void try_public(hm_bytes pem) {
    HM_BUF spki = HM_BUF_EMPTY, written = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    if (hm_failed(hm_public_key_from_pem(pem, &spki))) {
        if (spki.len) abort();
        return;
    }
    must(hm_public_key_put(hm_buf_bytes(&spki), &written));
    must(hm_public_key_from_pem(hm_buf_bytes(&written), &again));
    if (!hm_bytes_equal(hm_buf_bytes(&spki), hm_buf_bytes(&again))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_bytes input = HM_BYTES(data, size);
    try_private(input);
    try_public(input);
    HM_BUF private = HM_BUF_EMPTY, public = HM_BUF_EMPTY;
    must(hm_pem_put(&private, "PRIVATE KEY", input));
    must(hm_pem_put(&public, "PUBLIC KEY", input));
    try_private(hm_buf_bytes(&private));
    try_public(hm_buf_bytes(&public));
    return 0;
}
