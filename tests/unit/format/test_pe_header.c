/* Headers of PE images: what opens, and every lie that is refused. */
#include "pe_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static pe_plan efi_plan(void) { return pe_plan_of(PE_EFI_APPLICATION); }
static pe_plan windows_plan(void) { return pe_plan_of(PE_WINDOWS_CONSOLE); }

static void assert_opens(const pe_plan *plan) {
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(plan, &image);
    hm_format_pe.close(pe_open_image(hm_buf_bytes(&image)));
}

static void assert_built_is_refused(const pe_plan *plan, const char *sentence) {
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(plan, &image);
    pe_assert_refused(hm_buf_bytes(&image), sentence);
}

/* The image of PLAN with 32 bits changed. */
static void assert_change_is_refused(const pe_plan *plan, uint32_t at, uint32_t value, const char *sentence) {
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(plan, &image);
    pe_set_u32(&image, at, value);
    pe_assert_refused(hm_buf_bytes(&image), sentence);
}

static void opens_pe32_and_pe32_plus(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_opens(&plan);
    plan.plus = false;
    assert_opens(&plan);
}

static void opens_image_without_sections(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.sections = 0;
    assert_opens(&plan);
}

static void opens_image_with_data_behind_its_sections(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    for (plan.trailing = 1; plan.trailing < 20; plan.trailing++) assert_opens(&plan);
}

static void opens_image_with_just_five_directories(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.directories = 5;
    assert_opens(&plan);
}

static void refuses_empty_file(void **state) {
    (void)state;
    pe_assert_refused(HM_NO_BYTES, "MS-DOS header");
}

static void refuses_file_that_does_not_begin_with_mz(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, 0, 0x464c457f, "does not begin with MZ");
}

static void refuses_dos_program_without_pe_header(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, plan.pe_at, 0x454e, "MS-DOS or other MZ program");
}

static void refuses_pe_header_that_overlaps_the_dos_header(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, 60, 0, "overlaps the MS-DOS header");
    assert_change_is_refused(&plan, 60, 60, "overlaps the MS-DOS header");
}

static void refuses_pe_header_that_is_not_aligned(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, 60, 66, "not aligned");
}

/* The 1 KiB file that crashes sbverify 0.9.4 is of this kind. */
static void refuses_pe_header_outside_of_the_file(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.sections = 1;
    plan.section_len = 512;
    assert_change_is_refused(&plan, 60, 1024, "outside the file");
    assert_change_is_refused(&plan, 60, 1004, "outside the file");
    assert_change_is_refused(&plan, 60, 0x7ffffffc, "outside the file");
    assert_change_is_refused(&plan, 60, 0xfffffffc, "outside the file");
}

static void refuses_pe_header_far_behind_the_beginning(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.section_len = HM_IO_BLOCK;
    assert_change_is_refused(&plan, 60, HM_IO_BLOCK, "behind the first 128 KiB");
}

static void refuses_unknown_optional_header(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, pe_optional_at(&plan), 0x107, "neither PE32 nor PE32+");
}

static void refuses_size_of_optional_header_that_lies(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    const uint32_t at = plan.pe_at + 20;
    pe_set_u16(&image, at, 0);
    pe_assert_refused(hm_buf_bytes(&image), "optional header");
    pe_set_u16(&image, at, 100);
    pe_assert_refused(hm_buf_bytes(&image), "optional header");
    /* Room for the fifth directory, but not for the sixteen that are claimed. */
    pe_set_u16(&image, at, 112 + 5 * 8);
    pe_assert_refused(hm_buf_bytes(&image), "data directories");
    pe_set_u16(&image, at, 0xffff);
    pe_assert_refused(hm_buf_bytes(&image), "optional header of 65535 bytes");
}

static void refuses_image_without_certificate_directory(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.directories = 4;
    assert_built_is_refused(&plan, "no place for a signature");
    plan.directories = 0;
    assert_built_is_refused(&plan, "no place for a signature");
}

static void refuses_more_than_sixteen_directories(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.directories = 17;
    assert_built_is_refused(&plan, "17 data directories");
    plan.directories = 16;
    assert_change_is_refused(&plan, pe_optional_at(&plan) + 108, 0xffffffff, "data directories");
}

static void refuses_headers_that_end_before_the_section_table(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, pe_optional_at(&plan) + 60, 0, "SizeOfHeaders 0");
    assert_change_is_refused(&plan, pe_optional_at(&plan) + 60, pe_section_at(&plan, 2) - 1, "section table ends");
}

static void refuses_headers_larger_than_the_file(void **state) {
    (void)state;
    pe_plan plan = windows_plan();
    assert_change_is_refused(&plan, pe_optional_at(&plan) + 60, 512 + 2 * 64 + 1, "headers run");
    assert_change_is_refused(&plan, pe_optional_at(&plan) + 60, 0xffffffff, "headers run");
}

static void refuses_more_sections_than_fit(void **state) {
    (void)state;
    pe_plan plan = windows_plan();
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_set_u16(&image, plan.pe_at + 6, 0xffff);
    pe_assert_refused(hm_buf_bytes(&image), "section table ends");
}

static void refuses_section_table_behind_the_first_block(void **state) {
    (void)state;
    pe_plan plan = windows_plan();
    plan.section_len = 1;
    plan.sections = 4000;
    assert_built_is_refused(&plan, "behind the first 128 KiB");
}

static void refuses_section_data_outside_of_the_file(void **state) {
    (void)state;
    pe_plan plans[] = {efi_plan(), windows_plan()};
    for (size_t i = 0; i < 2; i++) {
        const uint32_t second = pe_section_at(&plans[i], 1);
        assert_change_is_refused(&plans[i], second + 16, 65, "section 2 runs");
        assert_change_is_refused(&plans[i], second + 16, 0xffffffff, "section 2 runs");
        assert_change_is_refused(&plans[i], second + 20, 0xffffffc0, "section 2 runs");
    }
}

static void refuses_efi_image_with_a_gap(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.gap = 8;
    assert_built_is_refused(&plan, "firmware would compute another digest");
}

static void refuses_efi_image_with_a_gap_behind_its_headers(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, pe_optional_at(&plan) + 60, 504, "section 1 begins at 512, where 504 is expected");
}

static void refuses_efi_image_with_overlapping_sections(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, pe_section_at(&plan, 0) + 16, 72, "firmware would compute another digest");
    assert_change_is_refused(&plan, pe_section_at(&plan, 0) + 20, 576, "firmware would compute another digest");
}

static void refuses_efi_section_at_the_beginning_of_the_file(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    assert_change_is_refused(&plan, pe_section_at(&plan, 1) + 20, 0, "section 2 begins at 0");
}

static void opens_efi_image_with_empty_section_anywhere(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_set_u32(&image, pe_section_at(&plan, 1) + 16, 0);
    pe_set_u32(&image, pe_section_at(&plan, 1) + 20, 0xfffffff0);
    hm_format_pe.close(pe_open_image(hm_buf_bytes(&image)));
}

static void opens_efi_image_with_sections_in_any_order(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    plan.reversed = true;
    plan.sections = 5;
    assert_opens(&plan);
}

static void opens_windows_image_with_gaps_overlaps_and_uninitialized_data(void **state) {
    (void)state;
    pe_plan plan = windows_plan();
    plan.gap = 24;
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_set_u32(&image, pe_section_at(&plan, 0) + 16, 80);
    hm_format_pe.close(pe_open_image(hm_buf_bytes(&image)));
    pe_set_u32(&image, pe_section_at(&plan, 0) + 16, 0x100000);
    pe_set_u32(&image, pe_section_at(&plan, 0) + 20, 0);
    hm_format_pe.close(pe_open_image(hm_buf_bytes(&image)));
}

/* A file that claims its size and is never read so far. */
static void refuses_file_over_four_gigabytes(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(image.data, 1, image.len, file), image.len);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(ftruncate(fileno(file), 0x100000000), 0);
    hm_input input;
    assert_false(hm_failed(hm_source_of_file(fileno(file), &input.content)));
    hm_subject *subject;
    assert_int_equal(hm_format_pe.open(&input, &subject).class, HM_REFUSED);
    assert_non_null(strstr(hm_err_sentence(), "larger than 4 GiB"));
    assert_int_equal(ftruncate(fileno(file), 0xffffffff), 0);
    assert_false(hm_failed(hm_source_of_file(fileno(file), &input.content)));
    assert_false(hm_failed(hm_format_pe.open(&input, &subject)));
    hm_format_pe.close(subject);
    fclose(file);
}

static void refuses_every_truncation_of_the_headers_and_sections(void **state) {
    (void)state;
    pe_plan plan = efi_plan();
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    for (size_t len = 0; len < image.len; len++) {
        hm_bytes cut;
        assert_false(hm_failed(hm_bytes_part(hm_buf_bytes(&image), 0, len, &cut)));
        pe_assert_refused(cut, "");
    }
}

static void claims_pe_images_and_no_other_mz_programs(void **state) {
    (void)state;
    pe_plan plan = windows_plan();
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    assert_true(hm_format_pe.probe(hm_buf_bytes(&image), image.len));
    pe_set_u32(&image, plan.pe_at, 0x454e);
    assert_false(hm_format_pe.probe(hm_buf_bytes(&image), image.len));
    pe_set_u32(&image, 60, 0xfffffffc);
    assert_false(hm_format_pe.probe(hm_buf_bytes(&image), image.len));
    assert_false(hm_format_pe.probe(HM_NO_BYTES, 0));
    assert_false(hm_format_pe.probe(HM_BYTES("MZ", 2), 2));
}

static void claims_image_whose_pe_header_is_behind_what_is_shown(void **state) {
    (void)state;
    pe_plan plan = windows_plan();
    plan.pe_at = 4096;
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    assert_true(hm_format_pe.probe(HM_BYTES(image.data, 4096), image.len));
    assert_false(hm_format_pe.probe(HM_BYTES(image.data, 4096), 4099));
    hm_format_pe.close(pe_open_image(hm_buf_bytes(&image)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_pe32_and_pe32_plus),
        cmocka_unit_test(opens_image_without_sections),
        cmocka_unit_test(opens_image_with_data_behind_its_sections),
        cmocka_unit_test(opens_image_with_just_five_directories),
        cmocka_unit_test(refuses_empty_file),
        cmocka_unit_test(refuses_file_that_does_not_begin_with_mz),
        cmocka_unit_test(refuses_dos_program_without_pe_header),
        cmocka_unit_test(refuses_pe_header_that_overlaps_the_dos_header),
        cmocka_unit_test(refuses_pe_header_that_is_not_aligned),
        cmocka_unit_test(refuses_pe_header_outside_of_the_file),
        cmocka_unit_test(refuses_pe_header_far_behind_the_beginning),
        cmocka_unit_test(refuses_unknown_optional_header),
        cmocka_unit_test(refuses_size_of_optional_header_that_lies),
        cmocka_unit_test(refuses_image_without_certificate_directory),
        cmocka_unit_test(refuses_more_than_sixteen_directories),
        cmocka_unit_test(refuses_headers_that_end_before_the_section_table),
        cmocka_unit_test(refuses_headers_larger_than_the_file),
        cmocka_unit_test(refuses_more_sections_than_fit),
        cmocka_unit_test(refuses_section_table_behind_the_first_block),
        cmocka_unit_test(refuses_section_data_outside_of_the_file),
        cmocka_unit_test(refuses_efi_image_with_a_gap),
        cmocka_unit_test(refuses_efi_image_with_a_gap_behind_its_headers),
        cmocka_unit_test(refuses_efi_image_with_overlapping_sections),
        cmocka_unit_test(refuses_efi_section_at_the_beginning_of_the_file),
        cmocka_unit_test(opens_efi_image_with_empty_section_anywhere),
        cmocka_unit_test(opens_efi_image_with_sections_in_any_order),
        cmocka_unit_test(opens_windows_image_with_gaps_overlaps_and_uninitialized_data),
        cmocka_unit_test(refuses_file_over_four_gigabytes),
        cmocka_unit_test(refuses_every_truncation_of_the_headers_and_sections),
        cmocka_unit_test(claims_pe_images_and_no_other_mz_programs),
        cmocka_unit_test(claims_image_whose_pe_header_is_behind_what_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
