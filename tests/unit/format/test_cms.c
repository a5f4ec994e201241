/* Any file with a detached signature: the digests of the whole file, and what is taken for a signature file. */
#include "folder_test.h"

#include <sys/mman.h>

static hm_err open_with(hm_bytes content, const hm_source *detached, hm_subject **subject) {
    return hm_format_cms.open(&(hm_input){.content = hm_source_of_memory(content), .detached = detached}, subject);
}

/* The signature that is found in the detached file TEXT; appended to DER. */
static hm_err read_detached(hm_bytes text, hm_buf *der) {
    hm_subject *subject = NULL;
    hm_source detached = hm_source_of_memory(text);
    hm_err err = open_with(hm_text("content"), &detached, &subject);
    if (hm_failed(err)) {
        assert_null(subject);
        return err;
    }
    assert_int_equal(hm_format_cms.signatures(subject), 1);
    err = hm_put(der, hm_format_cms.signature(subject, 0));
    hm_format_cms.close(subject);
    return err;
}

static void refuses_detached(const char *text, const char *because) {
    HM_BUF der = HM_BUF_EMPTY;
    assert_sentence(read_detached(hm_text(text), &der), HM_REFUSED, because);
}

#define BIG_SHA256 "07d357bda5c988a206bb478ade5af844c26eaf242e951e5ac4d4f85b417ed69f"
#define SHA512_ABC                                                                                                     \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e" \
    "2a9ac94fa54ca49f"

static void assert_hex(const hm_digest *digest, const char *expected) {
    HM_BUF hex = HM_BUF_EMPTY;
    HM_MUST(hm_put_hex(&hex, hm_digest_bytes(digest)));
    assert_text(&hex, expected);
}

static void computes_all_digests_that_are_asked_for_and_copies(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    HM_BUF copied = HM_BUF_EMPTY;
    hm_sink copy = hm_sink_to_buf(&copied);
    hm_digests digests = {.count = 2, .digest = {{.algorithm = HM_SHA512}, {.algorithm = HM_SHA256}}};
    hm_digest plain;
    HM_MUST(open_with(hm_text("abc"), NULL, &subject));
    HM_MUST(hm_format_cms.digest(subject, &digests, &plain, &copy, NULL, NULL));
    hm_format_cms.close(subject);
    assert_hex(&digests.digest[0], SHA512_ABC);
    assert_hex(&digests.digest[1], ABC_SHA256);
    assert_hex(&plain, ABC_SHA256);
    assert_text(&copied, "abc");
}

static void computes_the_plain_digest_though_only_another_is_asked_for(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA512}}};
    hm_digest plain;
    HM_MUST(open_with(hm_text("abc"), NULL, &subject));
    HM_MUST(hm_format_cms.digest(subject, &digests, &plain, NULL, NULL, NULL));
    hm_format_cms.close(subject);
    assert_hex(&digests.digest[0], SHA512_ABC);
    assert_hex(&plain, ABC_SHA256);
}

static void refuses_unknown_digests(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    HM_MUST(open_with(hm_text("abc"), NULL, &subject));
    hm_digests digests = {.count = 1, .digest = {{.algorithm = (hm_digest_algorithm)0}}};
    assert_int_equal(hm_format_cms.digest(subject, &digests, NULL, NULL, NULL, NULL).class, HM_REFUSED);
    digests.digest[0].algorithm = (hm_digest_algorithm)4;
    assert_int_equal(hm_format_cms.digest(subject, &digests, NULL, NULL, NULL, NULL).class, HM_REFUSED);
    digests.count = HM_DIGESTS_MAX + 1;
    assert_int_equal(hm_format_cms.digest(subject, &digests, NULL, NULL, NULL, NULL).class, HM_MISUSED);
    hm_format_cms.close(subject);
}

/* The sizes around the blocks in which files are read: every byte counts, none twice. */
static void covers_every_byte_around_block_boundaries(void **state) {
    (void)state;
    static const size_t sizes[] = {1, HM_IO_BLOCK - 1, HM_IO_BLOCK, HM_IO_BLOCK + 1, 3 * HM_IO_BLOCK + 17};
    static uint8_t content[3 * HM_IO_BLOCK + 17];
    for (size_t i = 0; i < sizeof content; i++) content[i] = (uint8_t)(i * 7 + (i >> 9));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        hm_subject *subject = NULL;
        hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA384}}};
        hm_digest expected;
        HM_MUST(open_with(HM_BYTES(content, sizes[i]), NULL, &subject));
        HM_MUST(hm_format_cms.digest(subject, &digests, NULL, NULL, NULL, NULL));
        hm_format_cms.close(subject);
        hm_digest_of(HM_SHA384, HM_BYTES(content, sizes[i]), &expected);
        assert_true(hm_digest_equal(&digests.digest[0], &expected));
    }
}

/* 4 GiB and one byte; a file with holes. The digest is sha256sum's. */
static void covers_the_last_byte_of_a_file_over_4_gib(void **state) {
    (void)state;
    if (SANITIZED) skip();
    REAL_FOLDER folder = make_real_folder();
    HM_FD fd = openat(folder.fd, "big", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    const off_t size = (4LL << 30) + 1;
    if (ftruncate(fd, size) != 0 || pwrite(fd, "x", 1, size - 1) != 1) {
        print_message("no room for a file of 4 GiB\n");
        skip();
    }
    hm_subject *subject = NULL;
    hm_source content;
    hm_digests digests = {.count = 0};
    hm_digest plain;
    HM_MUST(hm_source_of_file(fd, &content));
    HM_MUST(hm_format_cms.open(&(hm_input){.content = content}, &subject));
    HM_MUST(hm_format_cms.digest(subject, &digests, &plain, NULL, NULL, NULL));
    hm_format_cms.close(subject);
    /* head -c 4294967296 /dev/zero | cat - <(printf x) | sha256sum */
    assert_hex(&plain, BIG_SHA256);
}

static void cannot_digest_a_file_that_becomes_shorter(void **state) {
    (void)state;
    HM_FD fd = memfd_create("shrinking", MFD_CLOEXEC);
    HM_MUST(hm_fd_write(fd, hm_text("content")));
    hm_subject *subject = NULL;
    hm_source content;
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    HM_MUST(hm_source_of_file(fd, &content));
    HM_MUST(hm_format_cms.open(&(hm_input){.content = content}, &subject));
    assert_int_equal(ftruncate(fd, 3), 0);
    hm_err err = hm_format_cms.digest(subject, &digests, NULL, NULL, NULL, NULL);
    assert_sentence(err, HM_COULD_NOT, "shorter");
    assert_int_equal(digests.digest[0].len, 0);
    hm_format_cms.close(subject);
}

static void refuses_an_empty_file_with_and_without_signature(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    hm_source detached = hm_source_of_memory(hm_text("0"));
    assert_sentence(open_with(HM_NO_BYTES, NULL, &subject), HM_REFUSED, "empty");
    assert_null(subject);
    assert_sentence(open_with(HM_NO_BYTES, &detached, &subject), HM_REFUSED, "empty");
    assert_null(subject);
}

static void finds_no_signature_without_a_signature_file(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    HM_MUST(open_with(hm_text("content"), NULL, &subject));
    assert_int_equal(hm_format_cms.signatures(subject), 0);
    assert_int_equal(hm_format_cms.signature(subject, 0).len, 0);
    hm_format_cms.close(subject);
}

static void gives_der_as_it_is(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    HM_MUST(read_detached(HM_BYTES("0\0\n-", 4), &der));
    assert_true(hm_bytes_equal(hm_buf_bytes(&der), HM_BYTES("0\0\n-", 4)));
}

static void reads_pem_with_either_label_and_either_line_end(void **state) {
    (void)state;
    static const char *const accepted[] = {
        "-----BEGIN CMS-----\naGVs\nbG8=\n-----END CMS-----\n",
        "-----BEGIN PKCS7-----\naGVsbG8=\n-----END PKCS7-----\n",
        "-----BEGIN CMS-----\r\naGVs\r\nbG8=\r\n-----END CMS-----\r\n",
    };
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        HM_MUST(read_detached(hm_text(accepted[i]), &der));
        assert_text(&der, "hello");
    }
}

static void refuses_pem_that_is_cut_off_or_mixed(void **state) {
    (void)state;
    refuses_detached("-----BEGIN CMS-----", "does not end");
    refuses_detached("-----BEGIN CMS-----\n", "does not end");
    refuses_detached("-----BEGIN CMS-----\naGVsbG8=\n", "does not end");
    refuses_detached("-----BEGIN CMS-----\naGVsbG8=\n-----END CMS-----", "does not end");
    refuses_detached("-----BEGIN CMS-----\naGVsbG8=\n-----END PKCS7-----\n", "does not end");
    refuses_detached("-----BEGIN CMS-----x\naGVsbG8=\n-----END CMS-----\n", "first line");
}
static void refuses_pem_with_anything_around_or_inside(void **state) {
    (void)state;
    refuses_detached("-----BEGIN CMS-----\naGVsbG8=\n-----END CMS-----\n\n", "too many");
    refuses_detached(
        "-----BEGIN CMS-----\naGVsbG8=\n-----END CMS-----\n-----BEGIN CMS-----\naGVsbG8=\n-----END CMS-----\n",
        "too many");
    refuses_detached("-----BEGIN CMS-----\nComment: x\n\naGVsbG8=\n-----END CMS-----\n", "base64");
    refuses_detached("-----BEGIN CMS-----\n aGVsbG8=\n-----END CMS-----\n", "base64");
    refuses_detached("-----BEGIN CMS-----\naGVsbG8\n-----END CMS-----\n", "base64");
    refuses_detached("-----BEGIN CMS-----\naGVsbG9=\n-----END CMS-----\n", "canonical");
}
static void refuses_pem_of_nothing(void **state) {
    (void)state;
    refuses_detached("-----BEGIN CMS-----\n-----END CMS-----\n", "holds no signature");
}
static void refuses_an_empty_signature_file(void **state) {
    (void)state;
    refuses_detached("", "signature file is empty");
}

static void refuses_a_signature_file_over_1_mib(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    HM_MUST(hm_put_zeros(&text, 1 << 20));
    HM_MUST(read_detached(hm_buf_bytes(&text), &der));
    HM_MUST(hm_put_zeros(&text, 1));
    assert_sentence(read_detached(hm_buf_bytes(&text), &der), HM_REFUSED, "larger than the 1048576");
}

static void writes_the_new_signature_alone_whatever_was_there(void **state) {
    (void)state;
    static const bool replace[] = {false, true};
    hm_source detached = hm_source_of_memory(hm_text("old"));
    for (size_t i = 0; i < 4; i++) {
        hm_subject *subject = NULL;
        HM_BUF out = HM_BUF_EMPTY;
        hm_sink sink = hm_sink_to_buf(&out);
        HM_MUST(open_with(hm_text("content"), i / 2 ? &detached : NULL, &subject));
        HM_MUST(hm_format_cms.embed(subject, hm_text("new"), replace[i % 2], &sink));
        hm_format_cms.close(subject);
        assert_text(&out, "new");
    }
}

static void refuses_to_write_no_signature_or_one_over_1_mib(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    HM_BUF out = HM_BUF_EMPTY, big = HM_BUF_EMPTY;
    hm_sink sink = hm_sink_to_buf(&out);
    HM_MUST(hm_put_zeros(&big, (1 << 20) + 1));
    HM_MUST(open_with(hm_text("content"), NULL, &subject));
    assert_int_equal(hm_format_cms.embed(subject, HM_NO_BYTES, false, &sink).class, HM_REFUSED);
    assert_int_equal(hm_format_cms.embed(subject, hm_buf_bytes(&big), true, &sink).class, HM_REFUSED);
    hm_format_cms.close(subject);
    assert_int_equal(out.len, 0);
}

static void says_so_when_the_copy_cannot_be_written(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    hm_digests digests = {.count = 0};
    HM_FD full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    hm_sink copy = hm_sink_to_file(full);
    HM_MUST(open_with(hm_text("content"), NULL, &subject));
    assert_int_equal(hm_format_cms.digest(subject, &digests, NULL, &copy, NULL, NULL).class, HM_COULD_NOT);
    hm_format_cms.close(subject);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_all_digests_that_are_asked_for_and_copies),
        cmocka_unit_test(computes_the_plain_digest_though_only_another_is_asked_for),
        cmocka_unit_test(refuses_unknown_digests),
        cmocka_unit_test(covers_every_byte_around_block_boundaries),
        cmocka_unit_test(covers_the_last_byte_of_a_file_over_4_gib),
        cmocka_unit_test(cannot_digest_a_file_that_becomes_shorter),
        cmocka_unit_test(refuses_an_empty_file_with_and_without_signature),
        cmocka_unit_test(finds_no_signature_without_a_signature_file),
        cmocka_unit_test(gives_der_as_it_is),
        cmocka_unit_test(reads_pem_with_either_label_and_either_line_end),
        cmocka_unit_test(refuses_pem_that_is_cut_off_or_mixed),
        cmocka_unit_test(refuses_pem_with_anything_around_or_inside),
        cmocka_unit_test(refuses_pem_of_nothing),
        cmocka_unit_test(refuses_an_empty_signature_file),
        cmocka_unit_test(refuses_a_signature_file_over_1_mib),
        cmocka_unit_test(writes_the_new_signature_alone_whatever_was_there),
        cmocka_unit_test(refuses_to_write_no_signature_or_one_over_1_mib),
        cmocka_unit_test(says_so_when_the_copy_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
