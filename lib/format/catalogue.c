/* A folder, with a catalogue of everything in it (SHA256SUMS) and a detached CMS signature over the catalogue's text.
 *
 * Signing walks the folder and writes the text; verifying reads the text once, hashes those same bytes for the
 * signature and compares them with the folder (P4). When only the folder differs, `digest` is a refusal, yet DIGESTS
 * and PLAIN are filled, so that the caller can say in the same breath whether the catalogue itself is genuine; any
 * other fault leaves them as they were. */
#include "catalogue_compare.h"
#include "detached.h"

#include <stdlib.h>

struct hm_subject {
    const hm_format *format;
    const hm_tree *tree;
    bool has_catalogue;
    hm_source catalogue;
    hm_buf signature; /* DER; empty: there is no detached file */
};

/* A folder is recognised by being one. */
static bool probe(hm_bytes head, uint64_t size) {
    (void)head;
    (void)size;
    return false;
}

static void close_folder(hm_subject *subject) {
    if (!subject) return;
    hm_buf_clear(&subject->signature);
    free(subject);
}

static hm_err open_folder(const hm_input *input, hm_subject **subject) {
    *subject = NULL;
    if (!input->tree) return hm_refuse("is not a folder");
    hm_subject *opened = calloc(1, sizeof *opened);
    if (!opened) return hm_no_memory();
    *opened = (hm_subject){.format = &hm_format_catalogue, .tree = input->tree};
    opened->has_catalogue = input->catalogue != NULL;
    if (input->catalogue) opened->catalogue = *input->catalogue;
    hm_err err = input->detached ? hm_detached_read(input->detached, &opened->signature) : HM_OK;
    if (hm_failed(err))
        close_folder(opened);
    else
        *subject = opened;
    return err;
}

static size_t signatures(const hm_subject *subject) { return subject->signature.len ? 1 : 0; }

static hm_bytes signature(const hm_subject *subject, size_t index) {
    return index == 0 ? hm_buf_bytes(&subject->signature) : HM_NO_BYTES;
}

static hm_err put_found(const hm_entry *found, hm_buf *block, hm_buf *text) {
    hm_listed listed = {.kind = found->kind, .path = found->path, .mode = found->mode, .target = found->target};
    if (found->kind == HM_ENTRY_FILE)
        HM_TRY(hm_in(hm_catalogue_sum(&found->content, block, listed.sha256), "%.*s", HM_PATH_TEXT(found->path)));
    return hm_catalogue_put_entry(&listed, text);
}

static hm_err flush(hm_buf *text, hm_pass *pass) {
    HM_TRY(hm_pass_write(pass, hm_buf_bytes(text)));
    text->len = 0;
    return HM_OK;
}

static void clear_walk(hm_catalogue_walk *walk) { hm_buf_clear(&walk->path); }

static hm_err write_catalogue(const hm_tree *tree, hm_pass *pass) {
    HM_BUF text = HM_BUF_EMPTY, block = HM_BUF_EMPTY;
    __attribute__((cleanup(clear_walk))) hm_catalogue_walk walk = {.count = 0};
    uint64_t count = 0;
    hm_entry found;
    bool more;
    HM_TRY(hm_catalogue_put_head(&text));
    for (;;) {
        HM_TRY(hm_catalogue_next_found(tree, &walk, &found, &more));
        if (!more) break;
        HM_TRY(put_found(&found, &block, &text));
        count++;
        if (text.len >= HM_IO_BLOCK) HM_TRY(flush(&text, pass));
    }
    HM_TRY(hm_catalogue_put_end(count, &text));
    return flush(&text, pass);
}

/* COPY tells signing from verifying: who signs wants the text. */
static hm_err digest_folder(hm_subject *subject, hm_digests *digests, hm_digest *plain, hm_sink *copy,
                            hm_finding finding, void *context) {
    hm_pass pass;
    if (!copy && !subject->has_catalogue) return hm_refuse("holds no SHA256SUMS: the folder is not signed");
    HM_TRY(hm_pass_begin(&pass, digests, plain != NULL, copy));
    HM_DIFFERENCES differences = {0};
    HM_TRY(copy ? write_catalogue(subject->tree, &pass)
                : hm_catalogue_compare(&subject->catalogue, subject->tree, &pass, &differences));
    hm_pass_end(&pass, digests, plain);
    return hm_differences_report(&differences, finding, context);
}

/* One structure a file: with or without REPLACE the new signature is what the file holds. */
static hm_err embed(hm_subject *subject, hm_bytes new_signature, bool replace, hm_sink *sink) {
    (void)subject;
    (void)replace;
    return hm_detached_write(new_signature, sink);
}

static hm_err describe(const hm_subject *subject, hm_buf *lines) {
    if (!subject->has_catalogue) return HM_OK;
    HM_CATALOGUE_READER reader = {0};
    uint64_t count[HM_ENTRY_OTHER] = {0};
    hm_listed listed;
    bool more;
    HM_TRY(hm_catalogue_reader_open(&subject->catalogue, NULL, &reader));
    for (;;) {
        HM_TRY(hm_catalogue_reader_next(&reader, &listed, &more));
        if (!more) break;
        count[listed.kind]++;
    }
    return hm_put_format(lines, "the catalogue lists %llu files, %llu folders, %llu links\n",
                         (unsigned long long)count[HM_ENTRY_FILE], (unsigned long long)count[HM_ENTRY_FOLDER],
                         (unsigned long long)count[HM_ENTRY_LINK]);
}

/* The same as for any file: the catalogue is one. */
static const hm_key_algorithm *algorithms(const hm_subject *subject) { return hm_format_cms.algorithms(subject); }

static const char *const uncovered[] = {
    "the folder's own name, place and permissions",
    "owners, times, extended attributes and access lists of what is in the folder; which files are hard links of one another",
    "SHA256SUMS, SHA256SUMS.p7s and SHA256SUMS.tlog-proof at the top of the folder, which hold the signature itself",
    "what links lead to outside the folder",
    "in the signature file: unsigned attributes, and certificates that are not in the signer's chain",
    NULL,
};

const hm_format hm_format_catalogue = {
    .id = HM_FORMAT_CATALOGUE,
    .name = "catalogue",
    .description = "a folder, with a signed catalogue of everything in it (SHA256SUMS, SHA256SUMS.p7s)",
    .structure = HM_STRUCTURE_CMS,
    .takes_folder = true,
    .detached = true,
    .suffix = ".p7s",
    .algorithms = algorithms,
    .uncovered = uncovered,
    .probe = probe,
    .open = open_folder,
    .close = close_folder,
    .signatures = signatures,
    .signature = signature,
    .digest = digest_folder,
    .embed = embed,
    .describe = describe,
};
