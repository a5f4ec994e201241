/* SHA-256: published answers, and OpenSSL's for every size around the blocks. */
#include "digest_tests.h"

/* FIPS 180-4's examples, and NIST's CAVP short messages. */
static const known sha256_answers[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
    {"11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"},
    {"b4190e", "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"},
};

static digest_case cases[] = {
    {&hmv_digest_sha256, "SHA256", sizeof((hmv_sha256 *)NULL)->block, sha256_answers,
     sizeof sha256_answers / sizeof *sha256_answers,
     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

/* The length field counts bits, also where they need more than 32 of its own: after 2^32 octets, of which none is open,
 * the last block is known, and its digest is the state that follows on it. */
static void lengths_over_four_gigabits_are_counted(void **state) {
    (void)state;
    hmv_sha256 hash, after;
    uint8_t digest[HMV_DIGEST_MAX], block[sizeof hash.block] = {0x80};
    block[sizeof block - 5] = 8; /* 2^35 */
    hmv_sha256_init(&hash);
    hmv_sha256_init(&after);
    hash.length = (uint64_t)1 << 32;
    hmv_sha256_final(&hash, digest);
    hmv_sha256_update(&after, block, sizeof block);
    for (size_t i = 0, word = sizeof *after.state; i < HMV_SHA256_SIZE; i++)
        assert_int_equal(digest[i], (uint8_t)(after.state[i / word] >> 8 * (word - 1 - i % word)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(published_messages_have_their_digests, &cases[0]),
        cmocka_unit_test_prestate(a_million_letters_have_their_digest_however_they_come, &cases[0]),
        cmocka_unit_test_prestate(every_size_up_to_four_blocks_has_openssls_digest, &cases[0]),
        cmocka_unit_test_prestate(a_digest_differs_when_any_bit_of_the_message_does, &cases[0]),
        cmocka_unit_test(lengths_over_four_gigabits_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
