/* The registry of formats. */
#include "pe_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void finds_every_format_by_its_name(void **state) {
    (void)state;
    assert_non_null(hm_formats[0]);
    for (size_t i = 0; hm_formats[i]; i++) assert_ptr_equal(hm_format_by_name(hm_formats[i]->name), hm_formats[i]);
    assert_ptr_equal(hm_format_by_name("pe"), &hm_format_pe);
}

static void finds_no_format_by_another_name(void **state) {
    (void)state;
    static const char *const names[] = {"", "p", "PE", "pe ", "pem"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_null(hm_format_by_name(names[i]));
}

static void formats_differ_in_name_and_number(void **state) {
    (void)state;
    for (size_t i = 0; hm_formats[i]; i++)
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(hm_formats[i]->id, hm_formats[j]->id);
            assert_string_not_equal(hm_formats[i]->name, hm_formats[j]->name);
        }
}

static void formats_say_what_they_do_not_cover(void **state) {
    (void)state;
    for (size_t i = 0; hm_formats[i]; i++) {
        assert_non_null(hm_formats[i]->uncovered);
        assert_true(strlen(hm_formats[i]->description) > 0);
        assert_true(!hm_formats[i]->detached || hm_formats[i]->suffix);
    }
}

static void takes_pe_images_for_pe(void **state) {
    (void)state;
    static const uint16_t subsystems[] = {PE_EFI_APPLICATION, PE_WINDOWS_CONSOLE};
    for (size_t i = 0; i < 2; i++) {
        pe_plan plan = pe_plan_of(subsystems[i]);
        HM_BUF image = HM_BUF_EMPTY;
        pe_build(&plan, &image);
        assert_ptr_equal(hm_format_of(hm_buf_bytes(&image), image.len, false), &hm_format_pe);
    }
}

static void takes_a_malformed_pe_image_for_pe_and_not_for_just_any_file(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_set_u32(&image, pe_directory_at(&plan), 3);
    pe_set_u32(&image, pe_section_at(&plan, 0) + 16, 0xffffffff);
    assert_ptr_equal(hm_format_of(hm_buf_bytes(&image), image.len, false), &hm_format_pe);
}

static void takes_other_files_for_cms(void **state) {
    (void)state;
    static const char *const contents[] = {"", "M", "MZ", "#!/bin/sh\n", "\177ELF", "PE"};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++)
        assert_ptr_equal(hm_format_of(hm_text(contents[i]), strlen(contents[i]), false), &hm_format_cms);
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    HM_BUF dos_program = HM_BUF_EMPTY;
    pe_build(&plan, &dos_program);
    pe_set_u32(&dos_program, plan.pe_at, 0);
    assert_ptr_equal(hm_format_of(hm_buf_bytes(&dos_program), dos_program.len, false), &hm_format_cms);
}

static void takes_folders_for_catalogues(void **state) {
    (void)state;
    assert_ptr_equal(hm_format_of(HM_NO_BYTES, 0, true), &hm_format_catalogue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_format_by_its_name),
        cmocka_unit_test(finds_no_format_by_another_name),
        cmocka_unit_test(formats_differ_in_name_and_number),
        cmocka_unit_test(formats_say_what_they_do_not_cover),
        cmocka_unit_test(takes_pe_images_for_pe),
        cmocka_unit_test(takes_a_malformed_pe_image_for_pe_and_not_for_just_any_file),
        cmocka_unit_test(takes_other_files_for_cms),
        cmocka_unit_test(takes_folders_for_catalogues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
