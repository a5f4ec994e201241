/* The certificate table of PE images: every game that can be played with it is refused. */
#include "pe_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { REVISION = 0x0200, SIGNED_DATA = 0x0002 };

/* A SEQUENCE of 6 bytes, 8 with its header. */
static const uint8_t sequence[] = {0x30, 6, 1, 2, 3, 4, 5, 6};

static void put(hm_buf *buf, hm_bytes bytes) { assert_false(hm_failed(hm_put(buf, bytes))); }

static void assert_table_is_refused(hm_bytes table, const char *sentence) {
    static const uint16_t subsystems[] = {PE_EFI_APPLICATION, PE_WINDOWS_CONSOLE};
    for (size_t i = 0; i < 2; i++) {
        pe_plan plan = pe_plan_of(subsystems[i]);
        HM_BUF image = HM_BUF_EMPTY;
        pe_build_with_table(&plan, table, &image);
        pe_assert_refused(hm_buf_bytes(&image), sentence);
    }
}

static void assert_entry_is_refused(uint32_t len, uint16_t revision, uint16_t type, hm_bytes content,
                                    const char *sentence) {
    HM_BUF table = HM_BUF_EMPTY;
    pe_put_entry(&table, len, revision, type, content);
    assert_table_is_refused(hm_buf_bytes(&table), sentence);
    HM_BUF second = HM_BUF_EMPTY;
    pe_put_plain_entry(&second, 300);
    put(&second, hm_buf_bytes(&table));
    assert_table_is_refused(hm_buf_bytes(&second), sentence);
}

/* An entry whose SignedData is DER. */
static void assert_der_is_refused(hm_bytes der, const char *sentence) {
    assert_int_equal(der.len % 8, 0);
    assert_entry_is_refused((uint32_t)der.len + 8, REVISION, SIGNED_DATA, der, sentence);
}

static void assert_signature(const pe_plan *plan, hm_bytes table, size_t index, hm_bytes expected) {
    HM_BUF image = HM_BUF_EMPTY;
    pe_build_with_table(plan, table, &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    assert_true(hm_bytes_equal(hm_format_pe.signature(subject, index), expected));
    hm_format_pe.close(subject);
}

static void finds_no_signature_without_a_table(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    assert_int_equal(hm_format_pe.signatures(subject), 0);
    assert_int_equal(hm_format_pe.signature(subject, 0).len, 0);
    hm_format_pe.close(subject);
}

static void finds_every_entry_in_order(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF table = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    pe_put_entry(&table, 16, REVISION, SIGNED_DATA, HM_ARRAY(sequence));
    pe_put_plain_entry(&table, 401);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&image));
    assert_int_equal(hm_format_pe.signatures(subject), 3);
    assert_int_equal(hm_format_pe.signature(subject, 0).len, 304);
    assert_true(hm_bytes_equal(hm_format_pe.signature(subject, 1), HM_ARRAY(sequence)));
    assert_int_equal(hm_format_pe.signature(subject, 2).len, 405);
    assert_int_equal(hm_format_pe.signature(subject, 3).len, 0);
    hm_format_pe.close(subject);
}

static void leaves_padding_out_of_the_signature(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    static const uint8_t der[] = {0x30, 3, 1, 2, 3, 0, 0, 0};
    /* Padding counted in dwLength, and not counted. */
    for (uint32_t len = 13; len <= 16; len += 3) {
        HM_BUF table = HM_BUF_EMPTY;
        pe_put_entry(&table, len, REVISION, SIGNED_DATA, HM_ARRAY(der));
        assert_signature(&plan, hm_buf_bytes(&table), 0, HM_BYTES(der, 5));
    }
}

static void finds_signature_that_ends_with_zeros(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    static const uint8_t der[] = {0x30, 6, 1, 2, 3, 0, 0, 0};
    HM_BUF table = HM_BUF_EMPTY;
    pe_put_entry(&table, 16, REVISION, SIGNED_DATA, HM_ARRAY(der));
    assert_signature(&plan, hm_buf_bytes(&table), 0, HM_ARRAY(der));
}

static void reads_table_behind_the_first_block(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF table = HM_BUF_EMPTY;
    pe_put_entry(&table, 16, REVISION, SIGNED_DATA, HM_ARRAY(sequence));
    /* Before, across and behind the end of the first block. */
    for (uint32_t len = HM_IO_BLOCK - 32; len <= HM_IO_BLOCK + 32; len += 8) {
        plan.sections = 1;
        plan.section_len = len - 512;
        assert_signature(&plan, hm_buf_bytes(&table), 0, HM_ARRAY(sequence));
    }
}

static void refuses_padding_that_is_not_zero(void **state) {
    (void)state;
    static const uint8_t der[] = {0x30, 3, 1, 2, 3, 0, 1, 0};
    assert_entry_is_refused(16, REVISION, SIGNED_DATA, HM_ARRAY(der), "padding behind the signature is not zero");
    assert_entry_is_refused(13, REVISION, SIGNED_DATA, HM_ARRAY(der), "padding behind the signature is not zero");
}

static void refuses_more_padding_than_alignment_needs(void **state) {
    (void)state;
    static const uint8_t der[16] = {0x30, 6, 1, 2, 3, 4, 5, 6};
    assert_der_is_refused(HM_ARRAY(der), "8 bytes follow the signature");
}

static void refuses_entry_with_length_zero(void **state) {
    (void)state;
    assert_entry_is_refused(0, REVISION, SIGNED_DATA, HM_ARRAY(sequence), "is empty (dwLength 0)");
}

static void refuses_entry_shorter_than_its_header(void **state) {
    (void)state;
    for (uint32_t len = 1; len <= 8; len++)
        assert_entry_is_refused(len, REVISION, SIGNED_DATA, HM_ARRAY(sequence), "is empty");
}

static void refuses_entry_that_ends_behind_the_table(void **state) {
    (void)state;
    static const uint32_t lens[] = {17, 24, 4096, 0x7fffffff, 0xfffffff8, 0xfffffff9, 0xffffffff};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
        assert_entry_is_refused(lens[i], REVISION, SIGNED_DATA, HM_ARRAY(sequence), "bytes early");
}

static void refuses_entry_that_is_not_filled_up_to_eight_bytes(void **state) {
    (void)state;
    static const uint8_t der[] = {0x30, 3, 1, 2, 3};
    assert_entry_is_refused(13, REVISION, SIGNED_DATA, HM_ARRAY(der), "3 bytes early");
}

static void refuses_rest_of_table_too_short_for_an_entry(void **state) {
    (void)state;
    HM_BUF table = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    put(&table, HM_BYTES(sequence, 4));
    assert_table_is_refused(hm_buf_bytes(&table), "entry 2");
}

static void refuses_zeros_behind_the_last_entry(void **state) {
    (void)state;
    HM_BUF table = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    assert_false(hm_failed(hm_put_zeros(&table, 8)));
    assert_table_is_refused(hm_buf_bytes(&table), "entry 2: is empty");
}

static void refuses_revision_other_than_two(void **state) {
    (void)state;
    static const uint16_t revisions[] = {0, 0x0100, 0x0201, 0x0002, 0xffff};
    for (size_t i = 0; i < sizeof revisions / sizeof *revisions; i++)
        assert_entry_is_refused(16, revisions[i], SIGNED_DATA, HM_ARRAY(sequence), "revision");
}

static void refuses_type_other_than_signed_data(void **state) {
    (void)state;
    static const uint16_t types[] = {0, 1, 3, 4, 0x0200, 0x0ef0, 0x0ef1};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_entry_is_refused(16, REVISION, types[i], HM_ARRAY(sequence), "not PKCS#7 SignedData");
}

static void refuses_signature_that_is_no_sequence(void **state) {
    (void)state;
    static const uint8_t der[] = {0x31, 6, 1, 2, 3, 4, 5, 6};
    assert_der_is_refused(HM_ARRAY(der), "does not begin with a SEQUENCE");
}

static void refuses_signature_longer_than_its_entry(void **state) {
    (void)state;
    static const uint8_t der[][8] = {
        {0x30, 7, 1, 2, 3, 4, 5, 6}, {0x30, 0x81, 0x80, 1, 2, 3, 4, 5}, {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0, 0}};
    for (size_t i = 0; i < 3; i++) assert_der_is_refused(HM_ARRAY(der[i]), "bytes early");
}

static void refuses_length_that_is_not_der(void **state) {
    (void)state;
    static const uint8_t indefinite[] = {0x30, 0x80, 1, 2, 3, 4, 0, 0};
    static const uint8_t long_form[] = {0x30, 0x81, 5, 1, 2, 3, 4, 5};
    static const uint8_t leading_zero[] = {0x30, 0x82, 0, 4, 1, 2, 3, 4};
    static const uint8_t five_octets[] = {0x30, 0x85, 0, 0, 0, 0, 1, 2};
    assert_der_is_refused(HM_ARRAY(indefinite), "indefinite");
    assert_der_is_refused(HM_ARRAY(long_form), "shortest form");
    assert_der_is_refused(HM_ARRAY(leading_zero), "shortest form");
    assert_der_is_refused(HM_ARRAY(five_octets), "5 octets");
}

static void refuses_more_entries_than_signatures_are_checked(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF table = HM_BUF_EMPTY;
    for (size_t i = 0; i < HM_SIGNERS_MAX; i++) pe_put_entry(&table, 16, REVISION, SIGNED_DATA, HM_ARRAY(sequence));
    assert_signature(&plan, hm_buf_bytes(&table), HM_SIGNERS_MAX - 1, HM_ARRAY(sequence));
    pe_put_entry(&table, 16, REVISION, SIGNED_DATA, HM_ARRAY(sequence));
    assert_table_is_refused(hm_buf_bytes(&table), "more than 16 entries");
}

/* An image with a good table of 16 bytes, whose directory entry then tells something else. */
static void assert_directory_is_refused(int64_t offset_change, int64_t len_change, const char *sentence) {
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY;
    pe_put_entry(&table, 16, REVISION, SIGNED_DATA, HM_ARRAY(sequence));
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    const uint32_t at = pe_directory_at(&plan);
    pe_set_u32(&image, at, (uint32_t)(pe_get_u32(hm_buf_bytes(&image), at) + offset_change));
    pe_set_u32(&image, at + 4, (uint32_t)(16 + len_change));
    pe_assert_refused(hm_buf_bytes(&image), sentence);
}

static void refuses_directory_entry_that_is_half_empty(void **state) {
    (void)state;
    assert_directory_is_refused(0, -16, "but not both");
    assert_directory_is_refused(-(512 + 128), 0, "but not both");
}

static void refuses_table_outside_of_the_file(void **state) {
    (void)state;
    assert_directory_is_refused(8, 0, "outside the file");
    assert_directory_is_refused(0, 1, "outside the file");
    assert_directory_is_refused(0x100000, 0, "outside the file");
    assert_directory_is_refused(0, 0x7fffffff, "outside the file");
}

static void refuses_table_whose_end_wraps_around(void **state) {
    (void)state;
    /* Modulo 2^32 these end at the end of the file, or before. */
    const int64_t offset = 512 + 128;
    assert_directory_is_refused(0xfffffff0 - offset, offset + 16, "outside the file");
    assert_directory_is_refused(0, 0xffffffff - 16, "outside the file");
    assert_directory_is_refused(0, 0x100000000 - offset - 16, "outside the file");
}

static void refuses_data_behind_the_table(void **state) {
    (void)state;
    assert_directory_is_refused(-8, 0, "8 bytes follow the certificate table");
    assert_directory_is_refused(0, -1, "1 bytes follow the certificate table");
    assert_directory_is_refused(0, -8, "8 bytes follow the certificate table");
}

static void refuses_table_that_is_not_aligned(void **state) {
    (void)state;
    for (int shift = 1; shift < 8; shift++) assert_directory_is_refused(-shift, shift, "not aligned to 8");
}

static void refuses_table_inside_of_the_headers(void **state) {
    (void)state;
    const int64_t offset = 512 + 128;
    assert_directory_is_refused(8 - offset, offset - 8, "headers run into the certificate table");
    assert_directory_is_refused(504 - offset, offset - 504, "headers run into the certificate table");
}

static void refuses_table_inside_of_a_section(void **state) {
    (void)state;
    assert_directory_is_refused(-8, 8, "section 2 runs into the certificate table");
    assert_directory_is_refused(-72, 72, "section 1 runs into the certificate table");
}

static void refuses_section_inside_of_the_table(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    pe_set_u32(&image, pe_section_at(&plan, 1) + 20, (uint32_t)(image.len - 64));
    pe_assert_refused(hm_buf_bytes(&image), "section 2 runs into the certificate table");
}

static void refuses_table_too_large_to_be_one(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_put_zeros(&table, 4 * 1024 * 1024 + 8)));
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    pe_assert_refused(hm_buf_bytes(&image), "larger than 4 MiB");
}

static void refuses_every_truncation_of_a_table(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF table = HM_BUF_EMPTY, image = HM_BUF_EMPTY;
    pe_put_plain_entry(&table, 300);
    pe_build_with_table(&plan, hm_buf_bytes(&table), &image);
    for (size_t len = image.len - table.len; len < image.len; len++) {
        pe_assert_refused(HM_BYTES(image.data, len), "outside the file");
        /* With a directory entry that tells the truth. */
        HM_BUF cut = HM_BUF_EMPTY;
        put(&cut, HM_BYTES(image.data, len));
        pe_set_u32(&cut, pe_directory_at(&plan) + 4, (uint32_t)(len - (image.len - table.len)));
        pe_assert_refused(hm_buf_bytes(&cut), "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_no_signature_without_a_table),
        cmocka_unit_test(finds_every_entry_in_order),
        cmocka_unit_test(leaves_padding_out_of_the_signature),
        cmocka_unit_test(finds_signature_that_ends_with_zeros),
        cmocka_unit_test(reads_table_behind_the_first_block),
        cmocka_unit_test(refuses_padding_that_is_not_zero),
        cmocka_unit_test(refuses_more_padding_than_alignment_needs),
        cmocka_unit_test(refuses_entry_with_length_zero),
        cmocka_unit_test(refuses_entry_shorter_than_its_header),
        cmocka_unit_test(refuses_entry_that_ends_behind_the_table),
        cmocka_unit_test(refuses_entry_that_is_not_filled_up_to_eight_bytes),
        cmocka_unit_test(refuses_rest_of_table_too_short_for_an_entry),
        cmocka_unit_test(refuses_zeros_behind_the_last_entry),
        cmocka_unit_test(refuses_revision_other_than_two),
        cmocka_unit_test(refuses_type_other_than_signed_data),
        cmocka_unit_test(refuses_signature_that_is_no_sequence),
        cmocka_unit_test(refuses_signature_longer_than_its_entry),
        cmocka_unit_test(refuses_length_that_is_not_der),
        cmocka_unit_test(refuses_more_entries_than_signatures_are_checked),
        cmocka_unit_test(refuses_directory_entry_that_is_half_empty),
        cmocka_unit_test(refuses_table_outside_of_the_file),
        cmocka_unit_test(refuses_table_whose_end_wraps_around),
        cmocka_unit_test(refuses_data_behind_the_table),
        cmocka_unit_test(refuses_table_that_is_not_aligned),
        cmocka_unit_test(refuses_table_inside_of_the_headers),
        cmocka_unit_test(refuses_table_inside_of_a_section),
        cmocka_unit_test(refuses_section_inside_of_the_table),
        cmocka_unit_test(refuses_table_too_large_to_be_one),
        cmocka_unit_test(refuses_every_truncation_of_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
