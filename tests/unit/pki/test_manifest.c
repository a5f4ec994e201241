/* The manifest's writer: a known answer made by hand after the CDDL, and that the devices' reader takes what it writes.
 */
#include "pki_fixture.h"

#include <hallmark/verify.h>
#include <pki/manifest.h>

static hm_manifest simple(void) {
    hm_manifest manifest = {.version = hm_text("2.1"), .sequence = 17, .purpose = HM_PURPOSE_DEVELOPMENT, .signers = 1};
    memset(manifest.publisher, 0x11, HM_UUID_LEN);
    memset(manifest.vendor, 0x22, HM_UUID_LEN);
    memset(manifest.class_id, 0x33, HM_UUID_LEN);
    memset(manifest.signer[0], 0x44, HM_KID_LEN);
    manifest.components = 1;
    manifest.component[0] = (hm_manifest_component){.id = hm_text("main"),
                                                    .kind = HM_COMPONENT_FIRMWARE,
                                                    .size = 300,
                                                    .version = hm_text("2.1"),
                                                    .security_version = 3};
    manifest.component[0].digest = (hm_digest){.algorithm = HM_SHA256, .len = 32};
    memset(manifest.component[0].digest.value, 0x55, 32);
    return manifest;
}

static hmv_reason read(const hm_buf *cbor, hmv_release *release) {
    static const hmv_digest *const digests[] = {&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL};
    return hmv_manifest_read(digests, (hmv_bytes){cbor->data, cbor->len}, release);
}

#define SIXTEEN(b) b b b b b b b b b b b b b b b b

static void writes_the_simplest_manifest_byte_for_byte(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY, expected = HM_BUF_EMPTY;
    hm_manifest manifest = simple();
    HM_MUST(hm_manifest_put(&manifest, &cbor));
    HM_MUST(hm_hex_decode(hm_text("a9"
                                  "0001"
                                  "0150" SIXTEEN("11") "0250" SIXTEEN("22") "0350" SIXTEEN(
                                      "33") "0463322e31"
                                            "0511"
                                            "0602"
                                            "07815820" SIXTEEN("4444") "0881"
                                                                       "a6"
                                                                       "00646d61696e"
                                                                       "0101"
                                                                       "0219012c"
                                                                       "03822f5820" SIXTEEN("5555") "0463322e31"
                                                                                                    "0503"),
                          &expected));
    assert_int_equal(cbor.len, expected.len);
    assert_memory_equal(cbor.data, expected.data, cbor.len);
}

static void a_device_reads_all_that_can_be_said(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_manifest manifest = simple();
    hmv_release release;
    manifest.component[1] = manifest.component[0];
    manifest.component[1].id = hm_text("boot");
    manifest.component[1].kind = HM_COMPONENT_BOOTLOADER;
    manifest.component[1].destination = hm_text("slot-b");
    manifest.component[1].file = hm_text("parts/boot.bin");
    manifest.component[1].digest = digest_of_text(HM_SHA512, "boot");
    manifest.components = manifest.dependencies = 2;
    manifest.dependency[0] =
        (hm_manifest_dependency){.component = hm_text("radio"), .security_version = 2, .sequence = 9};
    manifest.dependency[1] = (hm_manifest_dependency){.component = hm_text("table")};
    manifest.signers = 2;
    memset(manifest.signer[1], 0x66, HM_KID_LEN);
    manifest.has_minimum_list = true;
    manifest.minimum_list = 4;
    manifest.device = hm_text("A12");
    manifest.notes = 3;
    manifest.note[0] = (hm_manifest_note){.number = -300, .value = 5};
    manifest.note[1] = (hm_manifest_note){.number = -10, .is_text = true, .text = hm_text("by the night shift")};
    manifest.note[2] = (hm_manifest_note){.number = -24, .value = 6};
    HM_MUST(hm_manifest_put(&manifest, &cbor));
    hmv_reason reason = read(&cbor, &release);
    if (!HMV_IS_ACCEPTED(reason)) fail_msg("%s", hmv_reason_text(reason));
    assert_int_equal(release.components, 2);
    assert_int_equal(release.signers, 2);
    assert_int_equal(release.minimum_list, 4);
    assert_int_equal(release.exception.size, 3);
    assert_int_equal(release.component[1].kind, HMV_KIND_BOOTLOADER);
    assert_memory_equal(release.component[1].destination.data, "slot-b", 6);
    assert_int_equal(release.component[1].digest.size, 64);
}

static void refused(const hm_manifest *manifest, const char *why) {
    HM_BUF cbor = HM_BUF_EMPTY;
    assert_refused(hm_manifest_put(manifest, &cbor), why);
    assert_int_equal(cbor.len, 0);
}

static void refuses_what_a_device_would_not_take(void **state) {
    (void)state;
    hm_manifest m = simple();
    m.version = HM_NO_BYTES;
    refused(&m, "release's version");
    m = simple();
    m.version = hm_text("2.1\n");
    refused(&m, "printable");
    m = simple();
    m.sequence = 0;
    refused(&m, "sequence");
    m = simple();
    m.purpose = (hm_manifest_purpose)3;
    refused(&m, "purpose");
    m = simple();
    m.signers = 0;
    refused(&m, "1 to 4 signers");
    m = simple();
    m.signers = 2;
    memcpy(m.signer[1], m.signer[0], HM_KID_LEN);
    refused(&m, "signer is there twice");
    m = simple();
    m.components = 0;
    refused(&m, "1 to 8 components");
    m = simple();
    m.components = 2;
    m.component[1] = m.component[0];
    refused(&m, "component main: the id is there twice");
    m = simple();
    m.component[0].id = hm_text("123456789012345678901234567890123");
    refused(&m, "1 to 32");
    m = simple();
    m.component[0].size = 0;
    refused(&m, "empty");
    m = simple();
    m.component[0].kind = (hm_component_kind)8;
    refused(&m, "kind");
    m = simple();
    m.component[0].destination = hm_text("caf\xc3\xa9");
    refused(&m, "printable");
    m = simple();
    m.dependencies = 1;
    refused(&m, "dependency's component");
    m = simple();
    m.device = hm_text("123456789012345678901234567890123");
    refused(&m, "at most 32 bytes");
}

static void refuses_notes_that_are_none(void **state) {
    (void)state;
    hm_manifest m = simple();
    m.notes = 1;
    refused(&m, "below zero");
    m.notes = 2;
    m.note[0].number = m.note[1].number = -5;
    refused(&m, "note -5 is there twice");
    static char text[9000];
    memset(text, 'x', sizeof text - 1);
    m.notes = 1;
    m.note[0] = (hm_manifest_note){.number = -5, .is_text = true, .text = hm_text(text)};
    refused(&m, "at most 8192");
}

static void kinds_have_names(void **state) {
    (void)state;
    hm_component_kind kind;
    for (unsigned i = 1; i <= 7; i++) {
        HM_MUST(hm_component_kind_by_name(hm_text(hm_component_kind_name(i)), &kind));
        assert_int_equal(kind, i);
    }
    assert_null(hm_component_kind_name(0));
    assert_null(hm_component_kind_name(8));
    assert_fault(hm_component_kind_by_name(hm_text("firm"), &kind), HM_MISUSED, "there is no kind firm");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_simplest_manifest_byte_for_byte),
        cmocka_unit_test(a_device_reads_all_that_can_be_said),
        cmocka_unit_test(refuses_what_a_device_would_not_take),
        cmocka_unit_test(refuses_notes_that_are_none),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
