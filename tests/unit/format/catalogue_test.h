/* What the tests of catalogues share: folders in memory, verification of a text against one, and the findings. */
#ifndef HM_TEST_CATALOGUE_H
#define HM_TEST_CATALOGUE_H

#include <format/format.h>

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HM_MUST(expression)                                                                                            \
    do {                                                                                                               \
        if (hm_failed(expression)) fail_msg("%s: %s", #expression, hm_err_sentence());                                 \
    } while (0)

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define HEAD                                                                                                           \
    "# Hallmark catalogue 1\n"                                                                                         \
    "# files: sha256sum -c SHA256SUMS\n"                                                                               \
    "# signature: openssl cms -verify -binary -purpose any -inform DER -in SHA256SUMS.p7s -content SHA256SUMS"         \
    " -CAfile ROOTS -out /dev/null\n"

/* One entry of a folder in memory. The last of an array has no path. */
typedef struct {
    hm_entry_kind kind;
    const char *path;
    uint32_t mode;
    const char *text; /* content of a file, target of a link */
} test_entry;

typedef struct {
    const test_entry *next;
} test_folder;

static inline hm_err test_folder_next(void *context, hm_entry *entry, bool *more) {
    test_folder *folder = context;
    *more = folder->next->path != NULL;
    if (!*more) return HM_OK;
    const test_entry *at = folder->next++;
    *entry = (hm_entry){.kind = at->kind, .path = hm_text(at->path), .mode = at->mode};
    if (at->kind == HM_ENTRY_FILE) entry->content = hm_source_of_memory(hm_text(at->text));
    if (at->kind == HM_ENTRY_LINK) entry->target = hm_text(at->text);
    return HM_OK;
}

/* Sign: the text that describes TREE. */
static inline hm_err write_catalogue(const hm_tree *tree, hm_buf *text) {
    hm_subject *subject = NULL;
    hm_sink sink = hm_sink_to_buf(text);
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA384}}};
    hm_digest plain;
    HM_TRY(hm_format_catalogue.open(&(hm_input){.tree = tree}, &subject));
    hm_err err = hm_format_catalogue.digest(subject, &digests, &plain, &sink, NULL, NULL);
    hm_format_catalogue.close(subject);
    if (hm_failed(err)) return err;
    /* What is signed is what was written. */
    hm_digest expected;
    hm_digest_of(HM_SHA384, hm_buf_bytes(text), &expected);
    assert_true(hm_digest_equal(&digests.digest[0], &expected));
    hm_digest_of(HM_SHA256, hm_buf_bytes(text), &expected);
    assert_true(hm_digest_equal(&plain, &expected));
    return HM_OK;
}

static inline void keep_finding(void *context, const char *text) {
    hm_buf *findings = context;
    HM_MUST(hm_put_format(findings, "%s\n", text));
}

/* Verify TEXT against TREE; each finding becomes a line of FINDINGS (may be NULL). */
static inline hm_err read_catalogue(hm_bytes text, const hm_tree *tree, hm_digests *digests, hm_buf *findings) {
    hm_subject *subject = NULL;
    hm_source source = hm_source_of_memory(text);
    HM_TRY(hm_format_catalogue.open(&(hm_input){.tree = tree, .catalogue = &source}, &subject));
    hm_err err = hm_format_catalogue.digest(subject, digests, NULL, NULL, findings ? keep_finding : NULL, findings);
    hm_format_catalogue.close(subject);
    return err;
}

static inline hm_err write_of(const test_entry *entries, hm_buf *text) {
    test_folder folder = {entries};
    return write_catalogue(&(hm_tree){&folder, test_folder_next}, text);
}

static inline hm_err read_of(hm_bytes text, const test_entry *entries, hm_buf *findings) {
    test_folder folder = {entries};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    return read_catalogue(text, &(hm_tree){&folder, test_folder_next}, &digests, findings);
}

static inline void assert_sentence(hm_err err, hm_class class, const char *part) {
    assert_int_equal(err.class, class);
    if (!strstr(hm_err_sentence(), part)) fail_msg("\"%s\" does not say \"%s\"", hm_err_sentence(), part);
}

static inline void assert_text(const hm_buf *text, const char *expected) {
    if (!hm_bytes_equal(hm_buf_bytes(text), hm_text(expected)))
        fail_msg("got:\n%.*s\nexpected:\n%s", (int)text->len, (const char *)text->data, expected);
}

#endif
