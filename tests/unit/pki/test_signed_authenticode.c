/* Authenticode, both directions: osslsigncode and sbverify accept what we build, we accept what osslsigncode and sbsign
 * make; and signatures nested in signatures. */
#include "pki_fixture.h"

#include "signed_parsed.h"

#include <unistd.h>

#define EFI_FILE "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"

static void build_over(const test_office *office, const hm_digest *image, hm_buf *der) {
    uint8_t hash[HM_SHA256_LEN];
    HM_MUST(hm_signed_build(HM_STRUCTURE_AUTHENTICODE_PE, image, &office->chain, TEST_NOW,
                            software_signer_of(office->leaf_key), der, hash));
}

static hm_digest image_digest_for(const test_office *office, const char *text) {
    return digest_of_text(hm_scheme_digest(hm_key_scheme(software_signer_of(office->leaf_key)->algorithm)), text);
}

static void build(const test_office *office, const char *text, hm_buf *der) {
    hm_digest image = image_digest_for(office, text);
    build_over(office, &image, der);
}

static hm_err verify(hm_bytes der, size_t index, const test_office *office, const char *text) {
    HM_SIGNED *parsed = NULL;
    hm_verdict verdict;
    hm_verify_rules rules = office_rules(office);
    HM_TRY(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, der, &parsed));
    const hm_signer_info *info = hm_signed_at(parsed, index);
    hm_digest image = digest_of_text(info && info->known ? info->digest : HM_SHA256, text);
    return hm_signed_verify(parsed, index, &image, &rules, &verdict);
}

static void verifies_what_it_builds(void **state) {
    (void)state;
    for (hm_key_algorithm algorithm = HM_KEY_ES256; algorithm <= HM_KEY_RSA4096; algorithm++) {
        OFFICE office;
        HM_BUF der = HM_BUF_EMPTY;
        office_make(&office, algorithm);
        build(&office, "image", &der);
        HM_MUST(verify(hm_buf_bytes(&der), 0, &office, "image"));
        assert_refused(verify(hm_buf_bytes(&der), 0, &office, "other image"), "not what was signed");
    }
}

static void refuses_to_build_with_ed25519(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ED25519);
    hm_digest image = image_digest_for(&office, "image");
    assert_fault(hm_signed_build(HM_STRUCTURE_AUTHENTICODE_PE, &image, &office.chain, TEST_NOW,
                                 software_signer_of(office.leaf_key), &der, hash),
                 HM_MISUSED, "Ed25519");
    assert_int_equal(der.len, 0);
}

/* Microsoft's document, and what signtool writes: SPC_PE_IMAGE_DATA, no flags, "<<<Obsolete>>>". */
static void content_has_the_known_encoding(void **state) {
    (void)state;
    static const uint8_t expected[] = {0x30, 0x68, 0x30, 0x33, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37,
                                       0x02, 0x01, 0x0f, 0x30, 0x25, 0x03, 0x01, 0x00, 0xa0, 0x20, 0xa2, 0x1e, 0x80,
                                       0x1c, 0x00, 0x3c, 0x00, 0x3c, 0x00, 0x3c, 0x00, 0x4f, 0x00, 0x62, 0x00, 0x73,
                                       0x00, 0x6f, 0x00, 0x6c, 0x00, 0x65, 0x00, 0x74, 0x00, 0x65, 0x00, 0x3e, 0x00,
                                       0x3e, 0x00, 0x3e, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                       0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    office_make(&office, HM_KEY_ES256);
    build(&office, "image", &der);
    hm_digest image = image_digest_for(&office, "image");
    const uint8_t *at = memmem(der.data, der.len, expected, sizeof expected);
    assert_non_null(at);
    assert_memory_equal(at + sizeof expected, image.value, image.len);
}

static void openssl_finds_the_attributes_of_authenticode(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    office_make(&office, HM_KEY_ES256);
    build(&office, "image", &der);
    bench_put(&bench, "s.der", hm_buf_bytes(&der));
    bench_must(&bench, "openssl pkcs7 -inform DER -in s.der -noout -print >p && "
                       "for w in contentType signingTime messageDigest 1.3.6.1.4.1.311.2.1.12 1.3.6.1.4.1.311.2.1.11 "
                       "'Microsoft Individual Code Signing'; do grep -qF \"$w\" p || { echo $w; exit 1; }; done; "
                       "openssl pkcs7 -inform DER -in s.der -outform DER -out again && cmp s.der again");
}

/* The signature in FILE, and FILE with that signature. As DER osslsigncode 2.5 writes and wants what is around it, too.
 */
#define ATTACH(der, file, to)                                                                                          \
    "openssl pkcs7 -inform DER -in " der " -out " der ".pem && "                                                       \
    "osslsigncode attach-signature -CAfile root.pem -time %d -sigin " der ".pem -in " file " -out " to
#define EXTRACT(file, der)                                                                                             \
    "osslsigncode extract-signature -pem -in " file " -out " der ".pem && openssl pkcs7 -in " der                      \
    ".pem -outform DER -out " der

/* Makes a.efi; s.efi and s.der signed by osslsigncode with the office's leaf; the digest of the image as it says. */
static void sign_with_osslsigncode(const test_bench *bench, const test_office *office, hm_digest *image) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    bench_put_pem(bench, "leaf.pem", hm_buf_bytes(&office->leaf));
    bench_put_pem(bench, "ca.pem", hm_buf_bytes(&office->ca));
    bench_put_pem(bench, "root.pem", hm_buf_bytes(&office->root));
    bench_put_key(bench, "leaf.key", software_signer_key(office->leaf_key));
    bench_must(bench, "cp " EFI_FILE " a.efi && "
                      "osslsigncode sign -h sha256 -certs leaf.pem -ac ca.pem -key leaf.key -in a.efi -out s.efi");
    bench_must(bench, EXTRACT("s.efi", "s.der"));
    bench_get(bench, "s.der", &der);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&der), &parsed));
    *image = (hm_digest){.algorithm = HM_SHA256, .len = HM_SHA256_LEN};
    assert_int_equal(parsed->signer[0].image_digest.len, HM_SHA256_LEN);
    memcpy(image->value, parsed->signer[0].image_digest.data, HM_SHA256_LEN);
}

static void need(const char *program) {
    if (bench_has(program) && access(EFI_FILE, R_OK) == 0) return;
    print_message("%s or " EFI_FILE " (systemd-boot-efi) is not installed\n", program);
    skip();
}

static void verifies_what_osslsigncode_signs(void **state) {
    (void)state;
    need("osslsigncode");
    const hm_key_algorithm algorithms[] = {HM_KEY_RSA3072, HM_KEY_ES256};
    for (size_t i = 0; i < 2; i++) {
        BENCH bench = bench_make();
        OFFICE office;
        HM_BUF der = HM_BUF_EMPTY;
        HM_SIGNED *parsed = NULL;
        hm_digest image;
        hm_verdict verdict;
        office_make(&office, algorithms[i]);
        sign_with_osslsigncode(&bench, &office, &image);
        bench_get(&bench, "s.der", &der);
        HM_MUST(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&der), &parsed));
        hm_verify_rules rules = office_rules(&office);
        rules.product = "Pump 3";
        HM_MUST(hm_signed_verify(parsed, 0, &image, &rules, &verdict));
        assert_int_equal(verdict.chain_len, 3);
        image.value[0] ^= 1;
        assert_refused(hm_signed_verify(parsed, 0, &image, &rules, &verdict), "not what was signed");
    }
}

static void osslsigncode_and_sbverify_accept_what_it_builds(void **state) {
    (void)state;
    need("osslsigncode");
    BENCH bench = bench_make();
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    hm_digest image;
    office_make(&office, HM_KEY_RSA3072);
    sign_with_osslsigncode(&bench, &office, &image);
    build_over(&office, &image, &der);
    bench_put(&bench, "ours.der", hm_buf_bytes(&der));
    bench_must(&bench, ATTACH("ours.der", "a.efi", "ours.efi"), TEST_NOW);
    bench_must(&bench, "osslsigncode verify -CAfile root.pem -time %d -in ours.efi", TEST_NOW);
    bench_must(&bench, EXTRACT("ours.efi", "back.der") " && cmp ours.der back.der");
    if (bench_has("sbverify")) bench_must(&bench, "sbverify --cert root.pem ours.efi");
    /* And the wrong root is wrong for them too. */
    assert_int_not_equal(bench_run(&bench, "osslsigncode verify -CAfile /dev/null -in ours.efi"), 0);
}

static void verifies_what_sbsign_signs(void **state) {
    (void)state;
    need("osslsigncode");
    need("sbsign");
    BENCH bench = bench_make();
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    hm_digest image;
    hm_verdict verdict;
    office_make(&office, HM_KEY_RSA3072);
    sign_with_osslsigncode(&bench, &office, &image);
    bench_must(&bench, "sbsign --key leaf.key --cert leaf.pem --addcert ca.pem --detached --output d.der a.efi");
    bench_get(&bench, "d.der", &der);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&der), &parsed));
    hm_verify_rules rules = office_rules(&office);
    HM_MUST(hm_signed_verify(parsed, 0, &image, &rules, &verdict));
    assert_int_equal(verdict.chain_len, 3);
}

static void nested_signatures_are_further_signers(void **state) {
    (void)state;
    OFFICE first;
    OFFICE second;
    HM_BUF outer = HM_BUF_EMPTY;
    HM_BUF nested = HM_BUF_EMPTY;
    HM_BUF both = HM_BUF_EMPTY;
    HM_BUF three = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    office_make(&first, HM_KEY_ES256);
    office_make(&second, HM_KEY_ES384);
    build(&first, "image", &outer);
    build(&second, "image", &nested);
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&outer), hm_buf_bytes(&nested), &both));
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&both), hm_buf_bytes(&outer), &three));
    HM_MUST(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&three), &parsed));
    assert_int_equal(hm_signed_count(parsed), 3);
    assert_int_equal(hm_signed_at(parsed, 0)->digest, HM_SHA256);
    assert_int_equal(hm_signed_at(parsed, 1)->digest, HM_SHA384);
    HM_MUST(verify(hm_buf_bytes(&three), 0, &first, "image"));
    HM_MUST(verify(hm_buf_bytes(&three), 1, &second, "image"));
    HM_MUST(verify(hm_buf_bytes(&three), 2, &first, "image"));
    assert_refused(verify(hm_buf_bytes(&three), 0, &second, "image"), "trusted root");
    assert_refused(verify(hm_buf_bytes(&three), 1, &first, "image"), "trusted root");
    assert_refused(verify(hm_buf_bytes(&three), 1, &second, "other"), "not what was signed");
}

static void nesting_keeps_every_signature_byte_for_byte(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF outer = HM_BUF_EMPTY;
    HM_BUF nested = HM_BUF_EMPTY;
    HM_BUF again = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    office_make(&office, HM_KEY_ES256);
    build(&office, "image", &outer);
    HM_MUST(hm_put(&nested, hm_buf_bytes(&outer)));
    for (size_t i = 1; i < HM_SIGNERS_MAX; i++) {
        again.len = 0;
        HM_MUST(hm_authenticode_nest(hm_buf_bytes(&nested), hm_buf_bytes(&outer), &again));
        /* Behind the headers, which hold lengths, the old structure's bytes go on. */
        assert_memory_equal(&again.data[again.len - outer.len], outer.data, outer.len);
        nested.len = 0;
        HM_MUST(hm_put(&nested, hm_buf_bytes(&again)));
    }
    HM_MUST(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&nested), &parsed));
    assert_int_equal(hm_signed_count(parsed), HM_SIGNERS_MAX);
    for (size_t i = 0; i < HM_SIGNERS_MAX; i++) HM_MUST(verify(hm_buf_bytes(&nested), i, &office, "image"));
    again.len = 0;
    assert_refused(hm_authenticode_nest(hm_buf_bytes(&nested), hm_buf_bytes(&outer), &again), "16 signatures already");
    assert_int_equal(again.len, 0);
}

/* Everything that stood in the structure stands in it still, in the same order: lengths on the way apart. */
static void nesting_changes_nothing_but_lengths(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    HM_BUF outer = HM_BUF_EMPTY;
    HM_BUF both = HM_BUF_EMPTY;
    office_make(&office, HM_KEY_ES256);
    build(&office, "image", &outer);
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&outer), hm_buf_bytes(&outer), &both));
    bench_put(&bench, "outer.der", hm_buf_bytes(&outer));
    bench_put(&bench, "both.der", hm_buf_bytes(&both));
    bench_must(&bench, "openssl asn1parse -inform DER -in outer.der | sed 's/^[^:]*://' | cut -d= -f2,4- >o; "
                       "openssl asn1parse -inform DER -in both.der | sed 's/^[^:]*://' | cut -d= -f2,4- >b; "
                       "sed 's/^\\([0-9]*\\) .*: /\\1/; s/l=[ 0-9]*//' o >o1; "
                       "sed 's/^\\([0-9]*\\) .*: /\\1/; s/l=[ 0-9]*//' b | head -n $(wc -l <o1) >b1; cmp o1 b1");
}

static void refuses_to_nest_what_is_no_signature_or_nested_itself(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF single = HM_BUF_EMPTY;
    HM_BUF both = HM_BUF_EMPTY;
    HM_BUF out = HM_BUF_EMPTY;
    office_make(&office, HM_KEY_ES256);
    build(&office, "image", &single);
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&single), hm_buf_bytes(&single), &both));
    assert_refused(hm_authenticode_nest(hm_buf_bytes(&single), hm_buf_bytes(&both), &out), "nested ones itself");
    assert_refused(hm_authenticode_nest(hm_buf_bytes(&single), hm_buf_bytes(&office.leaf), &out), "Authenticode");
    assert_refused(hm_authenticode_nest(hm_buf_bytes(&office.leaf), hm_buf_bytes(&single), &out), "Authenticode");
    hm_bytes cut_off = HM_BYTES(single.data, single.len - 1);
    assert_refused(hm_authenticode_nest(cut_off, hm_buf_bytes(&single), &out), "early");
    assert_refused(hm_authenticode_nest(hm_buf_bytes(&single), cut_off, &out), "early");
    assert_int_equal(out.len, 0);
}

static void osslsigncode_accepts_a_nested_signature_and_we_accept_its(void **state) {
    (void)state;
    need("osslsigncode");
    BENCH bench = bench_make();
    OFFICE office;
    HM_BUF single = HM_BUF_EMPTY;
    HM_BUF both = HM_BUF_EMPTY;
    HM_BUF theirs = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    hm_digest image;
    hm_verdict verdict;
    office_make(&office, HM_KEY_RSA3072);
    sign_with_osslsigncode(&bench, &office, &image);
    build_over(&office, &image, &single);
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&single), hm_buf_bytes(&single), &both));
    bench_put(&bench, "both.der", hm_buf_bytes(&both));
    bench_must(&bench, ATTACH("both.der", "a.efi", "b.efi"), TEST_NOW);
    bench_must(&bench,
               "osslsigncode verify -CAfile root.pem -time %d -in b.efi | tee out && "
               "grep -q 'Number of verified signatures: 2' out",
               TEST_NOW);
    bench_must(&bench,
               "osslsigncode sign -nest -h sha256 -certs leaf.pem -ac ca.pem -key leaf.key -in s.efi -out n.efi");
    bench_must(&bench, EXTRACT("n.efi", "n.der"));
    bench_get(&bench, "n.der", &theirs);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&theirs), &parsed));
    assert_int_equal(hm_signed_count(parsed), 2);
    hm_verify_rules rules = office_rules(&office);
    for (size_t i = 0; i < 2; i++) HM_MUST(hm_signed_verify(parsed, i, &image, &rules, &verdict));
}

static void cms_and_authenticode_do_not_pass_for_each_other(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF authenticode = HM_BUF_EMPTY;
    HM_BUF cms = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ES256);
    hm_digest image = image_digest_for(&office, "image");
    build_over(&office, &image, &authenticode);
    HM_MUST(hm_signed_build(HM_STRUCTURE_CMS, &image, &office.chain, TEST_NOW, software_signer_of(office.leaf_key),
                            &cms, hash));
    assert_refused(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&authenticode), &parsed), "plain data");
    assert_refused(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&cms), &parsed), "not an Authenticode");
    assert_null(parsed);
    assert_fault(hm_signed_parse((hm_structure)4, hm_buf_bytes(&cms), &parsed), HM_MISUSED, "structure");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_what_it_builds),
        cmocka_unit_test(refuses_to_build_with_ed25519),
        cmocka_unit_test(content_has_the_known_encoding),
        cmocka_unit_test(openssl_finds_the_attributes_of_authenticode),
        cmocka_unit_test(verifies_what_osslsigncode_signs),
        cmocka_unit_test(osslsigncode_and_sbverify_accept_what_it_builds),
        cmocka_unit_test(verifies_what_sbsign_signs),
        cmocka_unit_test(nested_signatures_are_further_signers),
        cmocka_unit_test(nesting_keeps_every_signature_byte_for_byte),
        cmocka_unit_test(nesting_changes_nothing_but_lengths),
        cmocka_unit_test(refuses_to_nest_what_is_no_signature_or_nested_itself),
        cmocka_unit_test(osslsigncode_accepts_a_nested_signature_and_we_accept_its),
        cmocka_unit_test(cms_and_authenticode_do_not_pass_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
