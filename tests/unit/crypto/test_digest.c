#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <crypto/digest.h>

#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* FIPS 180-4 examples (csrc.nist.gov, "Examples with Intermediate Values"). */
static const char empty[] = "", abc[] = "abc";
static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

static const struct {
    hm_digest_algorithm algorithm;
    const char *message, *hex;
} known[] = {
    {HM_SHA256, empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {HM_SHA256, abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {HM_SHA256, two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {HM_SHA384, empty,
     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"},
    {HM_SHA384, abc,
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
    {HM_SHA512, empty,
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
     "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
    {HM_SHA512, abc,
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

static void assert_hex(const hm_digest *digest, const char *hex) {
    HM_BUF text = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_put_hex(&text, hm_digest_bytes(digest))));
    assert_int_equal(text.len, strlen(hex));
    assert_memory_equal(text.data, hex, text.len);
}

static void gives_the_digests_that_nist_publishes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hm_digest digest;
        hm_digest_of(known[i].algorithm, hm_text(known[i].message), &digest);
        assert_int_equal(digest.algorithm, known[i].algorithm);
        assert_hex(&digest, known[i].hex);
    }
}

/* FIPS 180-4 example: a million times "a". */
static void hashes_a_million_letters_in_uneven_pieces(void **state) {
    (void)state;
    hm_hash hash;
    hm_digest digest;
    uint8_t letters[997];
    memset(letters, 'a', sizeof letters);
    hm_hash_init(&hash, HM_SHA256);
    for (size_t left = 1000000, piece; left; left -= piece) {
        piece = left % 991 + 1 < left ? left % 991 + 1 : left;
        hm_hash_update(&hash, HM_BYTES(letters, piece));
    }
    hm_hash_final(&hash, &digest);
    assert_hex(&digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void agrees_with_evp_on_every_length_around_the_blocks(void **state) {
    (void)state;
    static const struct {
        hm_digest_algorithm algorithm;
        const char *name;
    } both[] = {{HM_SHA256, "SHA256"}, {HM_SHA384, "SHA384"}, {HM_SHA512, "SHA512"}};
    uint8_t message[300];
    for (size_t i = 0; i < sizeof message; i++) message[i] = (uint8_t)(i * 7 + 3);
    for (size_t k = 0; k < 3; k++)
        for (size_t len = 0; len < sizeof message; len++) {
            uint8_t expected[EVP_MAX_MD_SIZE];
            unsigned expected_len;
            hm_digest digest;
            EVP_MD *md = EVP_MD_fetch(NULL, both[k].name, NULL);
            assert_int_equal(EVP_Digest(message, len, expected, &expected_len, md, NULL), 1);
            EVP_MD_free(md);
            hm_digest_of(both[k].algorithm, HM_BYTES(message, len), &digest);
            assert_int_equal(digest.len, expected_len);
            assert_memory_equal(digest.value, expected, expected_len);
        }
}

static void a_copied_state_goes_on_by_itself(void **state) {
    (void)state;
    hm_hash one, other;
    hm_digest first, second;
    hm_hash_init(&one, HM_SHA384);
    hm_hash_update(&one, hm_text("ab"));
    other = one;
    hm_hash_update(&one, hm_text("c"));
    hm_hash_update(&other, hm_text("d"));
    hm_hash_final(&other, &second);
    hm_hash_final(&one, &first);
    assert_hex(&first, known[4].hex);
    assert_false(hm_digest_equal(&first, &second));
}

static void an_empty_view_without_address_adds_nothing(void **state) {
    (void)state;
    hm_digest digest;
    hm_digest_of(HM_SHA256, HM_NO_BYTES, &digest);
    assert_hex(&digest, known[0].hex);
}

static void equal_needs_algorithm_and_value(void **state) {
    (void)state;
    hm_digest a, b;
    hm_digest_of(HM_SHA384, hm_text("x"), &a);
    b = a;
    assert_true(hm_digest_equal(&a, &b));
    b.value[47] ^= 1;
    assert_false(hm_digest_equal(&a, &b));
    b = a;
    b.algorithm = HM_SHA512;
    assert_false(hm_digest_equal(&a, &b));
}

static void two_empty_digests_are_not_equal(void **state) {
    (void)state;
    hm_digest none = {0}, empty_sha256 = {.algorithm = HM_SHA256};
    assert_false(hm_digest_equal(&none, &none));
    assert_false(hm_digest_equal(&empty_sha256, &empty_sha256));
}

static void an_unknown_algorithm_has_neither_name_nor_length(void **state) {
    (void)state;
    assert_null(hm_digest_name(0));
    assert_null(hm_digest_name(4));
    assert_int_equal(hm_digest_len(0), 0);
    assert_string_equal(hm_digest_name(HM_SHA384), "sha384");
}

static void hashing_with_an_unknown_algorithm_ends_the_process(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        hm_digest digest;
        hm_digest_of(9, hm_text("x"), &digest);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_digests_that_nist_publishes),
        cmocka_unit_test(hashes_a_million_letters_in_uneven_pieces),
        cmocka_unit_test(agrees_with_evp_on_every_length_around_the_blocks),
        cmocka_unit_test(a_copied_state_goes_on_by_itself),
        cmocka_unit_test(an_empty_view_without_address_adds_nothing),
        cmocka_unit_test(equal_needs_algorithm_and_value),
        cmocka_unit_test(two_empty_digests_are_not_equal),
        cmocka_unit_test(an_unknown_algorithm_has_neither_name_nor_length),
        cmocka_unit_test(hashing_with_an_unknown_algorithm_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
