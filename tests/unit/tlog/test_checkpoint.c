#include "fixture.h"

#include "../software_signer.h"

#include <stdio.h>

#define ORIGIN "example.com/log"
#define ROOT "y8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQnfU="
#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static software_signer *signer;
static hm_note_key key;

static int make_key(void **state) {
    (void)state;
    signer = software_signer_new(HM_KEY_ED25519);
    return hm_failed(hm_note_key_make(ORIGIN, software_signer_of(signer)->spki, &key));
}

static int free_key(void **state) {
    (void)state;
    software_signer_free(&signer);
    return 0;
}

static hm_err open_text(const char *text, hm_checkpoint *checkpoint) {
    HM_BUF note = HM_BUF_EMPTY;
    assert_ok(hm_note_sign(hm_text(text), &key, software_signer_of(signer), &note));
    return hm_checkpoint_open(hm_buf_bytes(&note), &key, checkpoint);
}

static void reads_the_three_lines(void **state) {
    (void)state;
    hm_checkpoint checkpoint;
    assert_ok(open_text(ORIGIN "\n10\n" ROOT "\n", &checkpoint));
    assert_string_equal(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.size, 10);
    hm_merkle_hash root = hash_of_hex("cbcfe066c642b62b6c31a9f4f6d63e93c23b429afb6397db3b6b4b8bd1909df5");
    assert_same_hash(&checkpoint.root, &root);
}

static void writes_what_it_reads(void **state) {
    (void)state;
    hm_checkpoint checkpoint;
    HM_BUF text = HM_BUF_EMPTY;
    assert_ok(open_text(ORIGIN "\n18446744073709551615\n" ROOT "\n", &checkpoint));
    assert_ok(hm_checkpoint_put(&checkpoint, &text));
    assert_true(hm_bytes_equal(hm_buf_bytes(&text), hm_text(ORIGIN "\n18446744073709551615\n" ROOT "\n")));
}

static void passes_over_extension_lines(void **state) {
    (void)state;
    hm_checkpoint checkpoint;
    assert_ok(open_text(ORIGIN "\n10\n" ROOT "\nsomething else\nand more\n", &checkpoint));
    assert_int_equal(checkpoint.size, 10);
}

static void accepts_the_empty_log_only_with_the_empty_root(void **state) {
    (void)state;
    hm_checkpoint checkpoint;
    assert_ok(open_text(ORIGIN "\n0\n" EMPTY_ROOT "\n", &checkpoint));
    assert_refused(open_text(ORIGIN "\n0\n" ROOT "\n", &checkpoint), "empty tree");
}

static void refuses_malformed_texts_though_signed(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"example.com/other\n10\n" ROOT "\n", "another log"},
        {"example.com/lo\n10\n" ROOT "\n", "another log"},
        {"\n10\n" ROOT "\n", "another log"},
        {ORIGIN "\n010\n" ROOT "\n", "decimal"},
        {ORIGIN "\n+10\n" ROOT "\n", "decimal"},
        {ORIGIN "\n-1\n" ROOT "\n", "decimal"},
        {ORIGIN "\n\n" ROOT "\n", "decimal"},
        {ORIGIN "\n10 \n" ROOT "\n", "decimal"},
        {ORIGIN "\n0x10\n" ROOT "\n", "decimal"},
        {ORIGIN "\n18446744073709551616\n" ROOT "\n", "too large"},
        {ORIGIN "\n10\n" ROOT "AAAA\n", "base64"},
        {ORIGIN "\n10\ny8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQ\n", "32 bytes"},
        {ORIGIN "\n10\n\n", "32 bytes"},
        {ORIGIN "\n10\ny8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQnfV=\n", "canonical"},
        {ORIGIN "\n10\n" ROOT "\n\n", "extension line is empty"},
        {ORIGIN "\n10\n" ROOT "\nmore\n\nmore\n", "extension line is empty"},
        {ORIGIN "\n10\n", "does not end"},
        {ORIGIN "\n", "does not end"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hm_checkpoint checkpoint;
        assert_refused(open_text(bad[i].text, &checkpoint), bad[i].words);
        assert_int_equal(checkpoint.size, 0);
        assert_int_equal(checkpoint.origin[0], 0);
    }
}

static void refuses_a_checkpoint_by_another_key(void **state) {
    (void)state;
    SOFTWARE_SIGNER *other = software_signer_new(HM_KEY_ED25519);
    hm_note_key other_key;
    HM_BUF note = HM_BUF_EMPTY;
    hm_checkpoint checkpoint;
    assert_ok(hm_note_key_make(ORIGIN, software_signer_of(other)->spki, &other_key));
    assert_ok(hm_note_sign(hm_text(ORIGIN "\n10\n" ROOT "\n"), &other_key, software_signer_of(other), &note));
    assert_ok(hm_checkpoint_open(hm_buf_bytes(&note), &other_key, &checkpoint));
    assert_refused(hm_checkpoint_open(hm_buf_bytes(&note), &key, &checkpoint), "not signed by the key");
    assert_int_equal(checkpoint.size, 0);
}

static void refuses_every_byte_changed_and_every_prefix(void **state) {
    (void)state;
    hm_checkpoint checkpoint;
    HM_BUF note = HM_BUF_EMPTY;
    assert_ok(hm_note_sign(hm_text(ORIGIN "\n10\n" ROOT "\n"), &key, software_signer_of(signer), &note));
    for (size_t i = 0; i < note.len; i++) {
        uint8_t kept = note.data[i];
        for (unsigned value = 0; value < 256; value++) {
            note.data[i] = (uint8_t)value;
            if (value != kept) assert_refused(hm_checkpoint_open(hm_buf_bytes(&note), &key, &checkpoint), "");
        }
        note.data[i] = kept;
    }
    for (size_t len = 0; len < note.len; len++)
        assert_refused(hm_checkpoint_open(HM_BYTES(note.data, len), &key, &checkpoint), "");
}

static void does_not_write_an_origin_that_cannot_be_a_name(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    hm_checkpoint checkpoint = {.origin = "a log", .size = 1};
    assert_refused(hm_checkpoint_put(&checkpoint, &text), "space");
    assert_int_equal(text.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_three_lines),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(passes_over_extension_lines),
        cmocka_unit_test(accepts_the_empty_log_only_with_the_empty_root),
        cmocka_unit_test(refuses_malformed_texts_though_signed),
        cmocka_unit_test(refuses_a_checkpoint_by_another_key),
        cmocka_unit_test(refuses_every_byte_changed_and_every_prefix),
        cmocka_unit_test(does_not_write_an_origin_that_cannot_be_a_name),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
