/* Signed PE images of which one bit or the end is changed: refused, or inside of the list of what is not covered. */
#include "pe_builder.h"
#include "pe_signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static pe_office *office;

static int open_office(void **state) {
    (void)state;
    office = pe_office_new();
    return 0;
}

static int close_office(void **state) {
    (void)state;
    pe_office_free(office);
    return 0;
}

static void assert_signers(const hm_buf *image, size_t expected) {
    size_t signers;
    if (hm_failed(pe_office_verify(office, hm_buf_bytes(image), &signers))) fail_msg("%s", hm_err_sentence());
    assert_int_equal(signers, expected);
}

typedef struct {
    size_t from, to;
} span;

/* What a flip may go unnoticed in. */
typedef struct {
    span checksum;
    span nested;    /* a further signature, which may be lost but not be changed */
    span copies[2]; /* a CA's certificate that stands in both signatures: either will do */
} exceptions;

static bool inside(span part, size_t at) { return at >= part.from && at < part.to; }

static bool may_be_unnoticed(const exceptions *spared, size_t at, size_t signers) {
    return inside(spared->checksum, at) || inside(spared->copies[0], at) || inside(spared->copies[1], at) ||
           (inside(spared->nested, at) && signers == 1);
}

/* Flip one bit of each byte, a different one from byte to byte. */
static void assert_flips_are_refused(hm_buf *image, const exceptions *spared) {
    size_t in_checksum = 0;
    for (size_t i = 0; i < image->len; i++) {
        const uint8_t bit = (uint8_t)(1u << (i * 5 % 8));
        image->data[i] ^= bit;
        size_t signers;
        bool refused = hm_failed(pe_office_verify(office, hm_buf_bytes(image), &signers));
        image->data[i] ^= bit;
        if (refused) continue;
        if (!may_be_unnoticed(spared, i, signers))
            fail_msg("a change of byte %zu of %zu goes unnoticed", i, image->len);
        in_checksum += inside(spared->checksum, i);
    }
    assert_int_equal(in_checksum, 4);
}

static span checksum_of(const pe_plan *plan) { return (span){pe_checksum_at(plan), pe_checksum_at(plan) + 4}; }

static void refuses_every_flip_in_an_efi_image_with_two_signatures(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.trailing = 3;
    HM_BUF image = HM_BUF_EMPTY, once = HM_BUF_EMPTY, twice = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_office_sign(office, HM_KEY_RSA3072, hm_buf_bytes(&image), false, &once);
    assert_signers(&once, 1);
    pe_office_sign(office, HM_KEY_RSA3072, hm_buf_bytes(&once), false, &twice);
    assert_signers(&twice, 2);
    assert_flips_are_refused(&twice, &(exceptions){.checksum = checksum_of(&plan)});
}

static void refuses_every_flip_in_a_windows_image(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    plan.plus = false;
    plan.gap = 16;
    HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_office_sign(office, HM_KEY_ES256, hm_buf_bytes(&image), false, &out);
    assert_flips_are_refused(&out, &(exceptions){.checksum = checksum_of(&plan)});
}

/* Where PART stands in IMAGE behind FROM. */
static span place_of(hm_bytes part, const hm_buf *image, size_t from) {
    const uint8_t *found = memmem(&image->data[from], image->len - from, part.data, part.len);
    assert_non_null(found);
    const size_t at = (size_t)(found - image->data);
    return (span){at, at + part.len};
}

/* The nested signature is an unsigned attribute of the first, and the last thing in it. */
static void refuses_every_flip_in_a_windows_image_with_a_nested_signature(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_WINDOWS_CONSOLE);
    HM_BUF image = HM_BUF_EMPTY, once = HM_BUF_EMPTY, twice = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_office_sign(office, HM_KEY_ES256, hm_buf_bytes(&image), false, &once);
    pe_office_sign(office, HM_KEY_ES384, hm_buf_bytes(&once), false, &twice);
    assert_signers(&twice, 2);
    hm_subject *subject = pe_open_image(hm_buf_bytes(&once));
    const hm_bytes der = hm_format_pe.signature(subject, 0);
    const span tail = place_of(HM_BYTES(&der.data[der.len - 32], 32), &twice, 0);
    hm_format_pe.close(subject);
    exceptions spared = {.checksum = checksum_of(&plan), .nested = {tail.to, twice.len}};
    spared.copies[0] = place_of(pe_office_product(office), &twice, 0);
    spared.copies[1] = place_of(pe_office_product(office), &twice, spared.copies[0].to);
    assert_true(spared.copies[0].to < tail.to && spared.copies[1].from > tail.to);
    assert_flips_are_refused(&twice, &spared);
}

static void refuses_every_truncation(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_office_sign(office, HM_KEY_RSA3072, hm_buf_bytes(&image), false, &out);
    size_t signers;
    for (size_t len = 0; len < out.len; len++)
        assert_true(hm_failed(pe_office_verify(office, HM_BYTES(out.data, len), &signers)));
}

static void refuses_bytes_appended(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_office_sign(office, HM_KEY_RSA3072, hm_buf_bytes(&image), false, &out);
    size_t signers;
    for (size_t more = 1; more < 17; more++) {
        assert_false(hm_failed(hm_put_u8(&out, 0)));
        assert_true(hm_failed(pe_office_verify(office, hm_buf_bytes(&out), &signers)));
        /* And with a directory entry that takes them in. */
        const uint32_t len_at = pe_directory_at(&plan) + 4;
        const uint32_t len = pe_get_u32(hm_buf_bytes(&out), len_at);
        pe_set_u32(&out, len_at, len + (uint32_t)more);
        assert_true(hm_failed(pe_office_verify(office, hm_buf_bytes(&out), &signers)));
        pe_set_u32(&out, len_at, len);
    }
}

static void refuses_signature_of_another_image(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY, out = HM_BUF_EMPTY, other = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_office_sign(office, HM_KEY_RSA3072, hm_buf_bytes(&image), false, &out);
    plan.subsystem = PE_EFI_APPLICATION + 1;
    pe_build_with_table(&plan, HM_BYTES(&out.data[image.len], out.len - image.len), &other);
    size_t signers;
    assert_int_equal(pe_office_verify(office, hm_buf_bytes(&other), &signers).class, HM_REFUSED);
    plan.subsystem = PE_EFI_APPLICATION;
    hm_buf_clear(&other);
    pe_build_with_table(&plan, HM_BYTES(&out.data[image.len], out.len - image.len), &other);
    assert_signers(&other, 1);
}

static void refuses_image_without_a_signature(void **state) {
    (void)state;
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    size_t signers;
    assert_int_equal(pe_office_verify(office, hm_buf_bytes(&image), &signers).class, HM_REFUSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_flip_in_an_efi_image_with_two_signatures),
        cmocka_unit_test(refuses_every_flip_in_a_windows_image),
        cmocka_unit_test(refuses_every_flip_in_a_windows_image_with_a_nested_signature),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_bytes_appended),
        cmocka_unit_test(refuses_signature_of_another_image),
        cmocka_unit_test(refuses_image_without_a_signature),
    };
    return cmocka_run_group_tests(tests, open_office, close_office);
}
