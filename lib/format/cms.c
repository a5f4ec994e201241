/* Any file, with a detached CMS signature beside it (RFC 5652 section 5.2: the content is external). What is signed is
 * every byte of the file, as it is; size is bounded by the file system only. */
#include "detached.h"
#include "pass.h"

#include <stdlib.h>

struct hm_subject {
    const hm_format *format;
    hm_source content;
    hm_buf signature; /* DER; empty: there is no detached file */
};

static bool probe(hm_bytes head, uint64_t size) {
    (void)head;
    (void)size;
    return true;
}

static void close_file(hm_subject *file) {
    if (!file) return;
    hm_buf_clear(&file->signature);
    free(file);
}

static hm_err open_file(const hm_input *input, hm_subject **subject) {
    *subject = NULL;
    /* A truncated download is an empty file, and a signature over nothing fits every one of them. */
    if (input->content.size == 0) return hm_refuse("is empty: there is nothing to sign or verify");
    hm_subject *file = calloc(1, sizeof *file);
    if (!file) return hm_no_memory();
    *file = (hm_subject){.format = &hm_format_cms, .content = input->content};
    hm_err err = input->detached ? hm_detached_read(input->detached, &file->signature) : HM_OK;
    if (hm_failed(err))
        close_file(file);
    else
        *subject = file;
    return err;
}

static size_t signatures(const hm_subject *file) { return file->signature.len ? 1 : 0; }

static hm_bytes signature(const hm_subject *file, size_t index) {
    return index == 0 ? hm_buf_bytes(&file->signature) : HM_NO_BYTES;
}

static hm_err take_block(void *pass, hm_bytes bytes) { return hm_pass_write(pass, bytes); }

static hm_err digest_file(hm_subject *file, hm_digests *digests, hm_digest *plain, hm_sink *copy, hm_finding finding,
                          void *context) {
    (void)finding;
    (void)context;
    hm_pass pass;
    HM_BUF block = HM_BUF_EMPTY;
    HM_TRY(hm_pass_begin(&pass, digests, plain != NULL, copy));
    HM_TRY(hm_each_block(&file->content, &block, take_block, &pass));
    hm_pass_end(&pass, digests, plain);
    return HM_OK;
}

/* One structure a file: with or without REPLACE the new signature is what the file holds. */
static hm_err embed(hm_subject *file, hm_bytes new_signature, bool replace, hm_sink *sink) {
    (void)file;
    (void)replace;
    return hm_detached_write(new_signature, sink);
}

/* The smallest and fastest first; `openssl cms` of OpenSSL 3.0 knows no Ed25519 (RFC 8419), so that comes last. */
static const hm_key_algorithm *algorithms(const hm_subject *subject) {
    static const hm_key_algorithm accepted[] = {HM_KEY_ES256,   HM_KEY_ES384,   HM_KEY_RSA3072,
                                                HM_KEY_RSA4096, HM_KEY_ED25519, 0};
    (void)subject;
    return accepted;
}

static const char *const uncovered[] = {
    "the file's name and folder, its owner, permissions, times and extended attributes",
    "in the signature file: unsigned attributes, and certificates that are not in the signer's chain",
    NULL,
};

const hm_format hm_format_cms = {
    .id = HM_FORMAT_CMS,
    .name = "cms",
    .description = "any file, with a detached CMS signature beside it (FILE.p7s)",
    .structure = HM_STRUCTURE_CMS,
    .detached = true,
    .suffix = ".p7s",
    .algorithms = algorithms,
    .uncovered = uncovered,
    .probe = probe,
    .open = open_file,
    .close = close_file,
    .signatures = signatures,
    .signature = signature,
    .digest = digest_file,
    .embed = embed,
};
