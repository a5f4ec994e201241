/* PE images: embedding signatures, and what the format tells about itself. */
#include "pe_builder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t first[] = {0x30, 7, 1, 2, 3, 4, 5, 6, 7};
static const uint8_t second[] = {0x30, 6, 8, 9, 10, 11, 12, 13};

static void must(hm_err err) {
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
}

/* Sign IMAGE with SIGNATURE as if it were one. */
static hm_err try_embed(hm_bytes image, hm_bytes signature, bool replace, hm_buf *out) {
    hm_subject *subject = pe_open_image(image);
    hm_sink sink = hm_sink_to_buf(out);
    pe_sha256_of(subject, &sink);
    hm_err err = hm_format_pe.embed(subject, signature, replace, &sink);
    hm_format_pe.close(subject);
    return err;
}

static void embed(hm_bytes image, hm_bytes signature, bool replace, hm_buf *out) {
    must(try_embed(image, signature, replace, out));
}

static hm_digest digest_of_image(hm_bytes image) {
    hm_subject *subject = pe_open_image(image);
    hm_digest digest = pe_sha256_of(subject, NULL);
    hm_format_pe.close(subject);
    return digest;
}

static void assert_holds(hm_bytes image, size_t count, const hm_bytes *signatures) {
    hm_subject *subject = pe_open_image(image);
    assert_int_equal(hm_format_pe.signatures(subject), count);
    for (size_t i = 0; i < count; i++) assert_true(hm_bytes_equal(hm_format_pe.signature(subject, i), signatures[i]));
    hm_format_pe.close(subject);
}

/* As imagehlp describes it, word by word: the checksum itself counts as zero. */
static uint32_t slow_checksum(hm_bytes image, size_t checksum_at) {
    uint32_t sum = 0;
    for (size_t i = 0; i < image.len; i += 2) {
        if (i == checksum_at || i == checksum_at + 2) continue;
        sum += image.data[i] + (i + 1 < image.len ? image.data[i + 1] * 256u : 0);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum + (uint32_t)image.len;
}

static void embeds_a_signature_that_is_found_again(void **state) {
    (void)state;
    static const uint16_t subsystems[] = {PE_EFI_APPLICATION, PE_WINDOWS_CONSOLE};
    for (size_t i = 0; i < 2; i++) {
        pe_plan plan = pe_plan_of(subsystems[i]);
        for (plan.trailing = 0; plan.trailing < 9; plan.trailing++) {
            HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
            pe_build(&plan, &image);
            embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &out);
            assert_holds(hm_buf_bytes(&out), 1, &HM_ARRAY(first));
            hm_digest before = digest_of_image(hm_buf_bytes(&image)), after = digest_of_image(hm_buf_bytes(&out));
            assert_true(hm_digest_equal(&before, &after));
        }
    }
}

static void changes_nothing_but_checksum_and_directory_entry(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    plan.trailing = 5;
    HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &out);
    assert_int_equal(pe_get_u32(hm_buf_bytes(&out), pe_directory_at(&plan)), image.len + 3);
    assert_int_equal(pe_get_u32(hm_buf_bytes(&out), pe_directory_at(&plan) + 4), 24);
    pe_set_u32(&out, pe_directory_at(&plan), 0);
    pe_set_u32(&out, pe_directory_at(&plan) + 4, 0);
    pe_set_u32(&out, pe_checksum_at(&plan), pe_get_u32(hm_buf_bytes(&image), pe_checksum_at(&plan)));
    assert_true(hm_bytes_equal(HM_BYTES(out.data, image.len), hm_buf_bytes(&image)));
    static const uint8_t expected[] = {0,
                                       0,
                                       0,
                                       /* dwLength */ 24,
                                       0,
                                       0,
                                       0,
                                       /* revision */ 0,
                                       2,
                                       /* type */ 2,
                                       0,
                                       /* signature */ 0x30,
                                       7,
                                       1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       6,
                                       7,
                                       /* padding */ 0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0};
    assert_int_equal(out.len, image.len + sizeof expected);
    assert_memory_equal(&out.data[image.len], expected, sizeof expected);
}

static void writes_the_checksum_of_the_signed_image(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    for (plan.trailing = 0; plan.trailing < 17; plan.trailing++) {
        plan.plus = plan.trailing % 2;
        plan.pe_at = plan.trailing % 3 ? 64 : 76;
        HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
        pe_build(&plan, &image);
        embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &out);
        uint32_t expected = slow_checksum(hm_buf_bytes(&out), pe_checksum_at(&plan));
        assert_int_equal(pe_get_u32(hm_buf_bytes(&out), pe_checksum_at(&plan)), expected);
    }
}

static void adds_an_entry_to_an_efi_image_and_leaves_the_old_one_as_it_is(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY, once = HM_BUF_EMPTY, twice = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &once);
    embed(hm_buf_bytes(&once), HM_ARRAY(second), false, &twice);
    const hm_bytes both[] = {HM_ARRAY(first), HM_ARRAY(second)};
    assert_holds(hm_buf_bytes(&twice), 2, both);
    assert_memory_equal(&twice.data[image.len], &once.data[image.len], once.len - image.len);
    assert_int_equal(twice.len, once.len + 16);
    hm_digest before = digest_of_image(hm_buf_bytes(&image)), after = digest_of_image(hm_buf_bytes(&twice));
    assert_true(hm_digest_equal(&before, &after));
    assert_int_equal(pe_get_u32(hm_buf_bytes(&twice), pe_checksum_at(&plan)),
                     slow_checksum(hm_buf_bytes(&twice), pe_checksum_at(&plan)));
}

static void replaces_all_signatures_when_told_to(void **state) {
    (void)state;
    static const uint16_t subsystems[] = {PE_EFI_APPLICATION, PE_WINDOWS_CONSOLE};
    for (size_t i = 0; i < 2; i++) {
        pe_plan plan = pe_plan_of(subsystems[i]);
        HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
        pe_put_plain_entry(&table, 300);
        pe_put_plain_entry(&table, 401);
        pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
        embed(hm_buf_bytes(&image), HM_ARRAY(first), true, &out);
        assert_holds(hm_buf_bytes(&out), 1, &HM_ARRAY(first));
        assert_int_equal(out.len, image.len - table.len + 24);
    }
}

static void signs_into_a_file(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.section_len = HM_IO_BLOCK;
    HM_BUF image = HM_BUF_EMPTY, expected = HM_BUF_EMPTY, found = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &expected);
    char name[] = "/tmp/hallmark-test-XXXXXX";
    HM_FD fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    hm_sink sink = hm_sink_to_file(fd);
    pe_sha256_of(subject, &sink);
    must(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink));
    hm_format_pe.close(subject);
    hm_source source;
    must(hm_source_of_file(fd, &source));
    must(hm_source_read_all(&source, SIZE_MAX, &found));
    assert_true(hm_bytes_equal(hm_buf_bytes(&found), hm_buf_bytes(&expected)));
}

static void signs_behind_what_a_sink_holds_already(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY, expected = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &expected);
    hm_sink sink = hm_sink_to_buf(&out);
    must(hm_sink_write(&sink, HM_BYTES("before", 6)));
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    pe_sha256_of(subject, &sink);
    must(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink));
    hm_format_pe.close(subject);
    assert_memory_equal(out.data, "before", 6);
    assert_true(hm_bytes_equal(HM_BYTES(&out.data[6], out.len - 6), hm_buf_bytes(&expected)));
}

static void reports_an_output_that_cannot_be_written(void **state) {
    (void)state;
    HM_FD fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) skip();
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    hm_sink sink = hm_sink_to_file(fd);
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    assert_int_equal(hm_format_pe.digest(subject, &digests, NULL, &sink, NULL, NULL).class, HM_COULD_NOT);
    assert_int_equal(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink).class, HM_MISUSED);
    hm_format_pe.close(subject);
}

static void refuses_to_embed_before_the_content_is_copied(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    hm_sink sink = hm_sink_to_buf(&out);
    assert_int_equal(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink).class, HM_MISUSED);
    pe_sha256_of(subject, NULL);
    assert_int_equal(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink).class, HM_MISUSED);
    pe_sha256_of(subject, &sink);
    must(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink));
    assert_int_equal(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink).class, HM_MISUSED);
    hm_format_pe.close(subject);
}

static void refuses_to_embed_what_is_not_one_der_sequence(void **state) {
    (void)state;
    static const uint8_t behind[] = {0x30, 2, 1, 2, 0};
    static const uint8_t set[] = {0x31, 2, 1, 2};
    const hm_bytes bad[] = {HM_NO_BYTES, HM_BYTES(first, 8), HM_ARRAY(behind), HM_ARRAY(set)};
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        HM_BUF out = HM_BUF_EMPTY;
        assert_int_equal(try_embed(hm_buf_bytes(&image), bad[i], false, &out).class, HM_REFUSED);
    }
}

static void refuses_a_seventeenth_signature(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY, table = HM_BUF_EMPTY, out = HM_BUF_EMPTY, replaced = HM_BUF_EMPTY;
    for (size_t i = 0; i < HM_SIGNERS_MAX; i++) pe_put_plain_entry(&table, 300);
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    assert_int_equal(try_embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &out).class, HM_REFUSED);
    assert_non_null(strstr(hm_err_sentence(), "holds 16 signatures already"));
    embed(hm_buf_bytes(&image), HM_ARRAY(first), true, &replaced);
}

static void refuses_to_nest_in_what_is_no_signature(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    HM_BUF image = HM_BUF_EMPTY, table = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    assert_true(hm_failed(try_embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &out)));
}

/* A SEQUENCE of 1 MiB and its header. */
static void put_large_signature(hm_buf *signature) {
    must(hm_put_u32be(signature, 0x30831000));
    must(hm_put_u8(signature, 0));
    must(hm_put_zeros(signature, 0x100000));
}

static void refuses_a_table_that_it_would_not_open_again(void **state) {
    (void)state;
    HM_BUF signature = HM_BUF_EMPTY, image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    put_large_signature(&signature);
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    pe_build(&plan, &image);
    for (int i = 0; i < 3; i++) {
        HM_BUF next = HM_BUF_EMPTY;
        embed(hm_buf_bytes(&image), hm_buf_bytes(&signature), false, &next);
        hm_buf_clear(&image);
        image = next;
        next = HM_BUF_EMPTY;
    }
    must(try_embed(hm_buf_bytes(&image), HM_ARRAY(first), false, &out));
    hm_buf_clear(&out);
    assert_int_equal(try_embed(hm_buf_bytes(&image), hm_buf_bytes(&signature), false, &out).class, HM_REFUSED);
    assert_non_null(strstr(hm_err_sentence(), "larger than 4 MiB"));
}

/* Zeros that take no room, copied to nowhere: only the sum of the sizes is of interest. */
static void refuses_output_over_four_gigabytes(void **state) {
    (void)state;
    const size_t size = 0xfffffff0;
    uint8_t *zeros = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) skip();
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    memcpy(zeros, image.data, image.len);
    HM_FD nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    hm_subject *subject = pe_open_image(HM_BYTES(zeros, size));
    hm_sink sink = hm_sink_to_file(nowhere);
    hm_digests none = {.count = 0};
    must(hm_format_pe.digest(subject, &none, NULL, &sink, NULL, NULL));
    assert_int_equal(hm_format_pe.embed(subject, HM_ARRAY(first), false, &sink).class, HM_REFUSED);
    assert_non_null(strstr(hm_err_sentence(), "larger than 4 GiB"));
    hm_format_pe.close(subject);
    munmap(zeros, size);
}

static void assert_algorithms(uint16_t subsystem, const hm_key_algorithm *expected) {
    pe_plan plan = pe_plan_of(subsystem);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    const hm_key_algorithm *found = hm_format_pe.algorithms(subject);
    size_t i = 0;
    do assert_int_equal(found[i], expected[i]);
    while (expected[i++]);
    hm_format_pe.close(subject);
}

static void offers_no_elliptic_curves_to_firmware(void **state) {
    (void)state;
    static const hm_key_algorithm efi[] = {HM_KEY_RSA3072, HM_KEY_RSA4096, 0};
    static const hm_key_algorithm windows[] = {HM_KEY_ES256, HM_KEY_RSA3072, HM_KEY_ES384, HM_KEY_RSA4096, 0};
    for (uint16_t subsystem = 0; subsystem < 20; subsystem++)
        assert_algorithms(subsystem, subsystem >= 10 && subsystem <= 13 ? efi : windows);
}

static void assert_description(const pe_plan *plan, hm_bytes table, const char *expected) {
    HM_BUF image = HM_BUF_EMPTY, lines = HM_BUF_EMPTY;
    pe_build_with_table(plan, table, &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    must(hm_format_pe.describe(subject, &lines));
    hm_format_pe.close(subject);
    const char *text;
    must(hm_buf_string(&lines, &text));
    assert_string_equal(text, expected);
}

static void describes_images(void **state) {
    (void)state;
    HM_BUF table = HM_BUF_EMPTY;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    pe_put_plain_entry(&table, 300);
    assert_description(&plan, hm_buf_bytes(&table),
                       "PE32+ EFI application, x86-64, 2 sections, 1 certificate table entry\n");
    pe_put_plain_entry(&table, 300);
    plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    plan.plus = false;
    plan.sections = 1;
    assert_description(&plan, hm_buf_bytes(&table),
                       "PE32 Windows console program, x86, 1 section, 2 certificate table entries\n");
    plan.subsystem = 99;
    assert_description(&plan, hm_buf_bytes(&table),
                       "PE32 image for subsystem 99, x86, 1 section, 2 certificate table entries\n");
}

static void says_what_it_does_not_cover(void **state) {
    (void)state;
    assert_non_null(strstr(hm_format_pe.uncovered[0], "checksum"));
    assert_non_null(strstr(hm_format_pe.uncovered[1], "data directory entry"));
    assert_non_null(strstr(hm_format_pe.uncovered[2], "certificate table"));
    assert_null(hm_format_pe.uncovered[3]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embeds_a_signature_that_is_found_again),
        cmocka_unit_test(changes_nothing_but_checksum_and_directory_entry),
        cmocka_unit_test(writes_the_checksum_of_the_signed_image),
        cmocka_unit_test(adds_an_entry_to_an_efi_image_and_leaves_the_old_one_as_it_is),
        cmocka_unit_test(replaces_all_signatures_when_told_to),
        cmocka_unit_test(signs_into_a_file),
        cmocka_unit_test(signs_behind_what_a_sink_holds_already),
        cmocka_unit_test(reports_an_output_that_cannot_be_written),
        cmocka_unit_test(refuses_to_embed_before_the_content_is_copied),
        cmocka_unit_test(refuses_to_embed_what_is_not_one_der_sequence),
        cmocka_unit_test(refuses_a_seventeenth_signature),
        cmocka_unit_test(refuses_to_nest_in_what_is_no_signature),
        cmocka_unit_test(refuses_a_table_that_it_would_not_open_again),
        cmocka_unit_test(refuses_output_over_four_gigabytes),
        cmocka_unit_test(offers_no_elliptic_curves_to_firmware),
        cmocka_unit_test(describes_images),
        cmocka_unit_test(says_what_it_does_not_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
