/* PE images as Debian ships them, signed by us and judged by osslsigncode and sbverify, and the other way round.
 *
 * What is not installed is skipped, not passed: the test says so. */
#include "pe_builder.h"
#include "pe_signing.h"

#include <base/file.h>

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static pe_office *office;
static char folder[] = "/tmp/hallmark-test-XXXXXX";

static void must(hm_err err) {
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
}

/* Run a command line in the folder; TEXT receives all that it prints. */
static int run(const char *command, hm_buf *text) {
    HM_BUF line = HM_BUF_EMPTY;
    const char *words;
    must(hm_put_format(&line, "cd %s && { %s; } 2>&1", folder, command));
    must(hm_buf_string(&line, &words));
    FILE *pipe = popen(words, "re");
    assert_non_null(pipe);
    char part[4096];
    size_t len;
    while ((len = fread(part, 1, sizeof part, pipe)) > 0) must(hm_put(text, HM_BYTES(part, len)));
    return pclose(pipe);
}

static bool installed(const char *program) {
    HM_BUF command = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    const char *words;
    must(hm_put_format(&command, "command -v %s", program));
    must(hm_buf_string(&command, &words));
    return run(words, &text) == 0;
}

static bool says(const hm_buf *text, const char *words) {
    return text->len && memmem(text->data, text->len, words, strlen(words)) != NULL;
}

static void write_file(const char *name, hm_bytes content) {
    HM_FD at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(hm_file_write(at, name, content, 0600));
}

static void read_file(const char *name, hm_buf *content) {
    HM_FD at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(hm_file_read(at, name, SIZE_MAX, content));
}

static int open_office(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    if (!mkdtemp(folder)) return -1;
    office = pe_office_new();
    write_file("root.pem", pe_office_root(office));
    return run("openssl req -x509 -newkey rsa:3072 -nodes -keyout key.pem -out cert.pem -subj /CN=Other -days 2 "
               "-addext extendedKeyUsage=codeSigning -addext keyUsage=digitalSignature",
               &text);
}

static int close_office(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    pe_office_free(office);
    run("rm -f -- *", &text);
    return rmdir(folder);
}

static const char *const efi_images[] = {"/usr/lib/systemd/boot/efi/*.efi*", "/usr/lib/shim/*.efi",
                                         "/usr/lib/grub/*/monolithic/grub*64.efi",
                                         "/usr/lib/grub/*/monolithic/grubia32.efi", NULL};
static const char *const windows_images[] = {"/usr/lib/python3/dist-packages/distlib/*.exe", NULL};

/* Skips the test if there are none. */
static void each_image(const char *const *patterns, void (*take)(hm_bytes image)) {
    size_t count = 0;
    for (; *patterns; patterns++) {
        glob_t found;
        if (glob(*patterns, 0, NULL, &found) != 0) continue;
        for (size_t i = 0; i < found.gl_pathc; i++, count++) {
            HM_BUF image = HM_BUF_EMPTY;
            must(hm_file_read(AT_FDCWD, found.gl_pathv[i], SIZE_MAX, &image));
            take(hm_buf_bytes(&image));
        }
        globfree(&found);
    }
    if (count == 0) {
        print_message("no such images are installed\n");
        skip();
    }
}

static void need(const char *program) {
    if (installed(program)) return;
    print_message("%s is not installed\n", program);
    skip();
}

static void expect(const char *command, bool accepted) {
    HM_BUF text = HM_BUF_EMPTY;
    int status = run(command, &text);
    if ((status == 0) != accepted) fail_msg("%s: %d: %.*s", command, status, (int)text.len, (const char *)text.data);
}

static void assert_verifies(hm_bytes image, size_t expected) {
    size_t signers;
    must(pe_office_verify(office, image, &signers));
    assert_int_equal(signers, expected);
}

/* A bit in the middle of the content. */
static void tamper(hm_buf *image) { image->data[image->len / 3] ^= 4; }

/* osslsigncode 2.5 tells the checksum in the file and the right one, 2.9 the right one only if the other is wrong. */
static bool is_checksum_right(const hm_buf *text) {
    static const char there[] = "Current PE checksum   : ", right[] = "Calculated PE checksum: ";
    const uint8_t *current = memmem(text->data, text->len, there, sizeof there - 1),
                  *calculated = memmem(text->data, text->len, right, sizeof right - 1), *end = text->data + text->len;
    if (says(text, "MISMATCH") || says(text, "invalid PE checksum")) return false;
    if (!current || !calculated) return !current && !calculated;
    current += sizeof there - 1;
    calculated += sizeof right - 1;
    return end - current >= 8 && end - calculated >= 8 && memcmp(current, calculated, 8) == 0;
}

static void osslsigncode_accepts_what_we_sign(hm_bytes image, hm_key_algorithm algorithm) {
    HM_BUF out = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    pe_office_sign(office, algorithm, image, true, &out);
    assert_verifies(hm_buf_bytes(&out), 1);
    write_file("signed", hm_buf_bytes(&out));
    int status = run("osslsigncode verify -CAfile root.pem -in signed", &text);
    if (status != 0 || !says(&text, "Calculated message digest") || !is_checksum_right(&text))
        fail_msg("%d: %.*s", status, (int)text.len, (const char *)text.data);
    tamper(&out);
    write_file("signed", hm_buf_bytes(&out));
    expect("osslsigncode verify -CAfile root.pem -in signed", false);
    size_t signers;
    assert_true(hm_failed(pe_office_verify(office, hm_buf_bytes(&out), &signers)));
}

static void take_efi_for_osslsigncode(hm_bytes image) { osslsigncode_accepts_what_we_sign(image, HM_KEY_RSA3072); }
static void take_windows_for_osslsigncode(hm_bytes image) {
    osslsigncode_accepts_what_we_sign(image, HM_KEY_ES256);
    osslsigncode_accepts_what_we_sign(image, HM_KEY_RSA3072);
    osslsigncode_accepts_what_we_sign(image, HM_KEY_ES384);
}

static void osslsigncode_accepts_signed_efi_images(void **state) {
    (void)state;
    need("osslsigncode");
    each_image(efi_images, take_efi_for_osslsigncode);
}

static void osslsigncode_accepts_signed_windows_images(void **state) {
    (void)state;
    need("osslsigncode");
    each_image(windows_images, take_windows_for_osslsigncode);
}

/* With two signatures too: sbverify knows further entries. */
static void take_for_sbverify(hm_bytes image) {
    HM_BUF once = HM_BUF_EMPTY, twice = HM_BUF_EMPTY;
    pe_office_sign(office, HM_KEY_RSA3072, image, true, &once);
    write_file("signed", hm_buf_bytes(&once));
    expect("sbverify --cert root.pem signed", true);
    pe_office_sign(office, HM_KEY_RSA3072, hm_buf_bytes(&once), false, &twice);
    assert_verifies(hm_buf_bytes(&twice), 2);
    write_file("signed", hm_buf_bytes(&twice));
    expect("sbverify --cert root.pem signed", true);
    expect("sbverify --list signed | grep -q 'signature 2'", true);
    tamper(&twice);
    write_file("signed", hm_buf_bytes(&twice));
    expect("sbverify --cert root.pem signed", false);
}

static void sbverify_accepts_efi_images_with_one_and_two_signatures(void **state) {
    (void)state;
    need("sbverify");
    each_image(efi_images, take_for_sbverify);
}

static void take_nested(hm_bytes image) {
    HM_BUF once = HM_BUF_EMPTY, twice = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    pe_office_sign(office, HM_KEY_RSA3072, image, true, &once);
    pe_office_sign(office, HM_KEY_ES384, hm_buf_bytes(&once), false, &twice);
    assert_verifies(hm_buf_bytes(&twice), 2);
    write_file("signed", hm_buf_bytes(&twice));
    int status = run("osslsigncode verify -CAfile root.pem -in signed", &text);
    if (status != 0 || !says(&text, "SHA384") || says(&text, "MISMATCH"))
        fail_msg("%d: %.*s", status, (int)text.len, (const char *)text.data);
}

static void osslsigncode_accepts_nested_signatures(void **state) {
    (void)state;
    need("osslsigncode");
    each_image(windows_images, take_nested);
}

/* The image signed by another tool, and the same with that tool's signature put in by us. */
static void sign_both_ways(hm_bytes image, const char *sign, hm_buf *theirs, hm_buf *ours) {
    write_file("plain", image);
    expect(sign, true);
    read_file("theirs", theirs);
    hm_subject *signed_image = pe_open_image(hm_buf_bytes(theirs));
    assert_int_equal(hm_format_pe.signatures(signed_image), 1);
    hm_subject *plain = pe_open_image(image);
    hm_sink sink = hm_sink_to_buf(ours);
    pe_sha256_of(plain, &sink);
    must(hm_format_pe.embed(plain, hm_format_pe.signature(signed_image, 0), false, &sink));
    hm_format_pe.close(plain);
    hm_format_pe.close(signed_image);
}

/* Byte for byte: padding, table, directory entry, checksum. */
static void take_osslsigncode(hm_bytes image) {
    HM_BUF theirs = HM_BUF_EMPTY, ours = HM_BUF_EMPTY;
    sign_both_ways(image,
                   "rm -f theirs; osslsigncode sign -certs cert.pem -key key.pem -h sha256 -in plain -out theirs",
                   &theirs, &ours);
    assert_int_equal(ours.len, theirs.len);
    assert_memory_equal(ours.data, theirs.data, theirs.len);
}

/* sbsign does not count an entry's padding in dwLength, and its checksum follows from that. */
static void take_sbsign(hm_bytes image) {
    HM_BUF theirs = HM_BUF_EMPTY, ours = HM_BUF_EMPTY;
    sign_both_ways(image, "sbsign --cert cert.pem --key key.pem --output theirs plain", &theirs, &ours);
    assert_int_equal(ours.len, theirs.len);
    const size_t table = (image.len + 7) / 8 * 8;
    const uint32_t len = pe_get_u32(hm_buf_bytes(&theirs), table);
    assert_int_equal((len + 7) / 8 * 8, pe_get_u32(hm_buf_bytes(&ours), table));
    pe_set_u32(&ours, table, len);
    const size_t checksum = pe_get_u32(image, 60) + 24 + 64;
    pe_set_u32(&ours, checksum, pe_get_u32(hm_buf_bytes(&theirs), checksum));
    assert_memory_equal(ours.data, theirs.data, theirs.len);
}

static void embeds_a_signature_just_as_osslsigncode_does(void **state) {
    (void)state;
    need("osslsigncode");
    each_image(windows_images, take_osslsigncode);
    each_image(efi_images, take_osslsigncode);
}

static void embeds_a_signature_just_as_sbsign_does(void **state) {
    (void)state;
    need("sbsign");
    each_image(efi_images, take_sbsign);
}

/* What sbverify 0.9.4 computes differs from what osslsigncode computes, and firmware sides with sbverify. */
static void refuses_the_image_on_which_verifiers_disagree(void **state) {
    (void)state;
    need("osslsigncode");
    need("sbverify");
    pe_plan plan = pe_plan_of(PE_EFI_APPLICATION);
    plan.gap = 24;
    HM_BUF image = HM_BUF_EMPTY;
    pe_build(&plan, &image);
    pe_assert_refused(hm_buf_bytes(&image), "firmware would compute another digest");
    write_file("plain", hm_buf_bytes(&image));
    expect("rm -f theirs; osslsigncode sign -certs cert.pem -key key.pem -h sha256 -in plain -out theirs", true);
    expect("osslsigncode verify -CAfile cert.pem -in theirs", true);
    expect("sbverify --cert cert.pem theirs", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(osslsigncode_accepts_signed_efi_images),
        cmocka_unit_test(osslsigncode_accepts_signed_windows_images),
        cmocka_unit_test(osslsigncode_accepts_nested_signatures),
        cmocka_unit_test(sbverify_accepts_efi_images_with_one_and_two_signatures),
        cmocka_unit_test(embeds_a_signature_just_as_osslsigncode_does),
        cmocka_unit_test(embeds_a_signature_just_as_sbsign_does),
        cmocka_unit_test(refuses_the_image_on_which_verifiers_disagree),
    };
    return cmocka_run_group_tests(tests, open_office, close_office);
}
