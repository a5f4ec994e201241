#include "documents.h"

#include <base/io.h>
#include <base/readable.h>
#include <crypto/digest.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *option_of(unsigned kind) { return kind == HM_DOCUMENT_SBOM ? "--sbom" : "--provenance"; }

static unsigned kind_of(const char *option) {
    unsigned kind = HM_DOCUMENT_KINDS;
    while (kind && strcmp(option, option_of(kind)) != 0) kind--;
    return kind;
}

bool hm_is_document_option(const char *name) { return kind_of(name) != 0; }

hm_err hm_hash_file_by(const char *path, hm_digest_algorithm algorithm, hm_digest *digest) {
    static uint8_t block[HM_IO_BLOCK];
    HM_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    hm_hash hash;
    struct stat st;
    if (fd < 0) return hm_could_not("%s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0) return hm_could_not("%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) return hm_refuse("%s: is no plain file", path);
    hm_hash_init(&hash, algorithm);
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return hm_could_not("%s: %s", path, strerror(errno));
        if (n == 0) break;
        hm_hash_update(&hash, HM_BYTES(block, (size_t)n));
    }
    hm_hash_final(&hash, digest);
    return HM_OK;
}

hm_err hm_hash_file(const char *path, uint8_t sha256[static HM_SHA256_LEN]) {
    hm_digest digest;
    HM_TRY(hm_hash_file_by(path, HM_SHA256, &digest));
    memcpy(sha256, digest.value, HM_SHA256_LEN);
    return HM_OK;
}

static hm_err add(const hm_given *given, uint8_t sha256[static HM_SHA256_LEN], hm_documents *documents) {
    const char *slash = strrchr(given->value, '/');
    hm_document document = {.kind = (hm_document_kind)kind_of(given->name),
                            .name = hm_text(slash ? slash + 1 : given->value),
                            .sha256 = HM_BYTES(sha256, HM_SHA256_LEN)};
    HM_TRY(hm_hash_file(given->value, sha256));
    return hm_in(hm_documents_add(documents, &document), "%s %s", given->name, given->value);
}

hm_err hm_documents_given(const hm_options *options, hm_documents *documents) {
    static uint8_t sha256[HM_REQUEST_DOCUMENTS + 1][HM_SHA256_LEN];
    *documents = (hm_documents){.count = 0};
    for (size_t i = 0; i < options->given_count; i++)
        if (kind_of(options->given[i].name)) HM_TRY(add(&options->given[i], sha256[documents->count], documents));
    return HM_OK;
}

hm_err hm_documents_narrow(const hm_options *options, hm_buf *cbor) {
    hm_documents documents;
    HM_TRY(hm_documents_given(options, &documents));
    return hm_documents_put(&documents, cbor);
}

static bool has(const hm_documents *documents, const hm_document *document) {
    for (size_t i = 0; i < documents->count; i++)
        if (documents->document[i].kind == document->kind &&
            hm_bytes_equal(documents->document[i].sha256, document->sha256))
            return true;
    return false;
}

/* Its name is the requester's choice. */
static hm_err tell_missing(const hm_document *document) {
    HM_BUF name = HM_BUF_EMPTY;
    const char *kind = hm_document_kind_name((unsigned)document->kind);
    HM_TRY(hm_put_readable(&name, document->name));
    fprintf(stderr, "hallmark: note: the request's %s %.*s was not looked at (%s FILE compares it)\n", kind,
            (int)name.len, (const char *)name.data, option_of((unsigned)document->kind));
    return HM_OK;
}

hm_err hm_documents_compare(const hm_options *options, const hm_documents *wanted, bool *all) {
    hm_documents given;
    *all = true;
    HM_TRY(hm_documents_given(options, &given));
    for (size_t i = 0; i < given.count; i++)
        if (!has(wanted, &given.document[i]))
            return hm_refuse("%s %.*s: is none that the request names (another file, or it was changed)",
                             option_of((unsigned)given.document[i].kind), (int)given.document[i].name.len,
                             (const char *)given.document[i].name.data);
    for (size_t i = 0; i < wanted->count; i++) {
        if (has(&given, &wanted->document[i])) continue;
        *all = false;
        HM_TRY(tell_missing(&wanted->document[i]));
    }
    return HM_OK;
}
