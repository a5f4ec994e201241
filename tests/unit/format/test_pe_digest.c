/* The Authenticode digest of PE images, and the one pass that computes it. */
#include "pe_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void must(hm_err err) {
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
}

static hm_digest digest_of_image(hm_bytes image) {
    hm_subject *subject = pe_open_image(image);
    hm_digest digest = pe_sha256_of(subject, NULL);
    hm_format_pe.close(subject);
    return digest;
}

static hm_digest digest_of_plan(const pe_plan *plan) {
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(plan, &image);
    return digest_of_image(hm_buf_bytes(&image));
}

static void assert_digest_is(const pe_plan *plan, const char *expected) {
    HM_BUF hex = HM_BUF_EMPTY;
    hm_digest digest = digest_of_plan(plan);
    must(hm_put_hex(&hex, hm_digest_bytes(&digest)));
    const char *found;
    must(hm_buf_string(&hex, &found));
    assert_string_equal(found, expected);
}

/* Written down from `osslsigncode sign` and `verify` (2.9) on the same images; sbverify 0.9.4 agreed on those for EFI.
 */
static void known_answers_of_osslsigncode_and_sbverify(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    assert_digest_is(&plan, "e40bbc5f42817fa6df54d08ab50391a63ee7ddc2e3ff55556fc439f80d6a0e94");
    plan.plus = false;
    assert_digest_is(&plan, "b13ac8a599fa442cf127e46610e89e2a0d47b092d7f6fd17e2b3868972089be3");
    plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.directories = 5;
    assert_digest_is(&plan, "e403240676edf9d82de4abc170dbf9ea0022b7dc8b8f03e399df474a0ee24ce6");
    plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.sections = 0;
    assert_digest_is(&plan, "bdb705cc7c3f3cc2f790386d1e205163fed951a883ddc7592e93a3a4c377ed33");
    plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.sections = 3;
    plan.reversed = true;
    assert_digest_is(&plan, "89fbdcea8f5d71864686c933f37adba53ceec82bb9c94b80527358f71071f072");
}

static void known_answers_for_odd_ends(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.trailing = 5;
    assert_digest_is(&plan, "b9b4ea802185b06467b9fc8b8b54cd6dec0acf30c5a4624886a7864568e5e7b3");
    plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    plan.sections = 1;
    plan.section_len = 200000;
    plan.trailing = 1;
    assert_digest_is(&plan, "85f3441129288029e1a3d3d053d7a3625f03697c1ce74c63aeef1fd9e4a98dc7");
}

static void known_answer_for_windows_image_with_gaps(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    plan.gap = 24;
    plan.trailing = 3;
    assert_digest_is(&plan, "f51809f59bd9fd0035016d0ac308baa3881ea0d2cb29b33dbb32e2fc78ed297a");
}

/* The whole list of what is not covered: these twelve bytes, and a change of the directory entry is refused. */
static void covers_every_byte_but_checksum_and_directory_entry(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    plan.gap = 8;
    plan.trailing = 3;
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    const hm_digest whole = digest_of_image(hm_buf_bytes(&image));
    const size_t checksum = pe_checksum_at(&plan);
    size_t same = 0, refused = 0;
    for (size_t i = 0; i < image.len; i++) {
        image.data[i] ^= 0x10;
        hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&image))};
        hm_subject *subject;
        if (hm_failed(hm_format_pe.open(&input, &subject))) {
            refused++;
        } else {
            hm_digest digest = pe_sha256_of(subject, NULL);
            hm_format_pe.close(subject);
            bool equal = hm_digest_equal(&digest, &whole);
            assert_int_equal(equal, i >= checksum && i < checksum + 4);
            same += equal;
        }
        image.data[i] ^= 0x10;
    }
    assert_int_equal(same, 4);
    assert_true(refused >= 8);
}

static void leaves_out_the_certificate_table(void **state) {
    (void)state;
    for (uint32_t trailing = 0; trailing < 9; trailing++) {
        pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
        plan.trailing = trailing;
        HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY;
        pe_put_plain_entry(&table, 300);
        pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
        hm_digest with = digest_of_image(hm_buf_bytes(&image)), without = digest_of_plan(&plan);
        assert_true(hm_digest_equal(&with, &without));
    }
}

static void differs_for_different_data_behind_the_sections(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    hm_digest last = digest_of_plan(&plan);
    for (plan.trailing = 1; plan.trailing < 9; plan.trailing++) {
        hm_digest digest = digest_of_plan(&plan);
        assert_false(hm_digest_equal(&digest, &last));
        last = digest;
    }
}

static void computes_several_digests_and_the_plain_one_in_one_pass(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY, covered = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    const size_t checksum = pe_checksum_at(&plan), directory = pe_directory_at(&plan);
    must(hm_put(&covered, HM_BYTES(image.data, checksum)));
    must(hm_put(&covered, HM_BYTES(&image.data[checksum + 4], directory - checksum - 4)));
    must(hm_put(&covered, HM_BYTES(&image.data[directory + 8], image.len - table.len - directory - 8)));
    hm_digests digests = {.count = 3, .digest = {{HM_SHA512, 0, {0}}, {HM_SHA256, 0, {0}}, {HM_SHA384, 0, {0}}}};
    hm_digest plain, expected;
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    must(hm_format_pe.digest(subject, &digests, &plain, NULL, NULL, NULL));
    hm_format_pe.close(subject);
    for (size_t i = 0; i < 3; i++) {
        hm_digest_of(digests.digest[i].algorithm, hm_buf_bytes(&covered), &expected);
        assert_true(hm_digest_equal(&digests.digest[i], &expected));
    }
    hm_digest_of(HM_SHA256, hm_buf_bytes(&image), &expected);
    assert_true(hm_digest_equal(&plain, &expected));
}

static void plain_digest_has_no_padding(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.trailing = 3;
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    hm_digests none = {.count = 0};
    hm_digest plain, expected;
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    must(hm_format_pe.digest(subject, &none, &plain, NULL, NULL, NULL));
    hm_format_pe.close(subject);
    hm_digest_of(HM_SHA256, hm_buf_bytes(&image), &expected);
    assert_true(hm_digest_equal(&plain, &expected));
}

static void refuses_unknown_digest_algorithm(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    hm_digests digests = {.count = 1, .digest = {{.algorithm = (hm_digest_algorithm)9}}};
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    assert_true(hm_failed(hm_format_pe.digest(subject, &digests, NULL, NULL, NULL, NULL)));
    hm_format_pe.close(subject);
}

static void copies_the_content_filled_up_and_without_the_table(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.trailing = 3;
    HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY, copy = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    hm_sink sink = hm_sink_to_buf(&copy);
    pe_sha256_of(subject, &sink);
    hm_format_pe.close(subject);
    assert_true(hm_bytes_equal(hm_buf_bytes(&copy), HM_BYTES(image.data, image.len - table.len)));
}

/* A file on disk, without a name. */
static int file_of(hm_bytes content) {
    char name[] = "/tmp/hallmark-test-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    must(hm_fd_write(fd, content));
    return fd;
}

static hm_subject *open_file(int fd) {
    hm_input input = {0};
    hm_subject *subject;
    must(hm_source_of_file(fd, &input.content));
    must(hm_format_pe.open(&input, &subject));
    return subject;
}

/* Sizes around the blocks in which files are read. */
static void digests_files_as_it_digests_memory(void **state) {
    (void)state;
    for (uint32_t size = 2 * HM_IO_BLOCK - 9; size <= 2 * HM_IO_BLOCK + 9; size++) {
        pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
        plan.sections = 1;
        plan.section_len = size - 512;
        HM_BUF image = HM_BUF_EMPTY;
        pe_build(&plan, &image);
        HM_FD fd = file_of(hm_buf_bytes(&image));
        hm_subject *subject = open_file(fd);
        hm_digest found = pe_sha256_of(subject, NULL), expected = digest_of_image(hm_buf_bytes(&image));
        assert_true(hm_digest_equal(&found, &expected));
        hm_format_pe.close(subject);
    }
}

/* P4: whoever changes the file between parsing and hashing changes nothing of what was parsed. */
static void hashes_the_headers_that_it_parsed(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.section_len = HM_IO_BLOCK;
    HM_BUF image = HM_BUF_EMPTY, copy = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    HM_FD fd = file_of(hm_buf_bytes(&image));
    hm_subject *subject = open_file(fd);
    assert_int_equal(pwrite(fd, "changed", 7, 600), 7);
    hm_sink sink = hm_sink_to_buf(&copy);
    hm_digest found = pe_sha256_of(subject, &sink), expected = digest_of_image(hm_buf_bytes(&image));
    assert_true(hm_digest_equal(&found, &expected));
    assert_true(hm_bytes_equal(hm_buf_bytes(&copy), hm_buf_bytes(&image)));
    hm_format_pe.close(subject);
}

static void notices_a_file_that_becomes_shorter(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.section_len = HM_IO_BLOCK;
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    HM_FD fd = file_of(hm_buf_bytes(&image));
    hm_subject *subject = open_file(fd);
    assert_int_equal(ftruncate(fd, HM_IO_BLOCK + 100), 0);
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    assert_int_equal(hm_format_pe.digest(subject, &digests, NULL, NULL, NULL, NULL).class, HM_COULD_NOT);
    hm_format_pe.close(subject);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_of_osslsigncode_and_sbverify),
        cmocka_unit_test(known_answers_for_odd_ends),
        cmocka_unit_test(known_answer_for_windows_image_with_gaps),
        cmocka_unit_test(covers_every_byte_but_checksum_and_directory_entry),
        cmocka_unit_test(leaves_out_the_certificate_table),
        cmocka_unit_test(differs_for_different_data_behind_the_sections),
        cmocka_unit_test(computes_several_digests_and_the_plain_one_in_one_pass),
        cmocka_unit_test(plain_digest_has_no_padding),
        cmocka_unit_test(refuses_unknown_digest_algorithm),
        cmocka_unit_test(copies_the_content_filled_up_and_without_the_table),
        cmocka_unit_test(digests_files_as_it_digests_memory),
        cmocka_unit_test(hashes_the_headers_that_it_parsed),
        cmocka_unit_test(notices_a_file_that_becomes_shorter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
