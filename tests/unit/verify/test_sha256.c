/* SHA-256: published answers, and OpenSSL's for every size around the blocks. */
#include "signature_test.h"

#include <openssl/evp.h>

typedef struct known {
    const char *message, *digest;
} known;

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

typedef struct variant {
    void (*init)(hmv_sha256 *hash);
    size_t size;
    const char *name;
    const known *answers;
    size_t count;
    const char *million; /* of 1,000,000 letters a */
} variant;

static variant variants[] = {
    {hmv_sha256_init, 32, "SHA256", sha256_answers, sizeof sha256_answers / sizeof *sha256_answers,
     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

/* Taken in pieces of at most PIECE octets; what is behind the digest stays as it was. */
static void check(const variant *is, const uint8_t *message, size_t size, size_t piece, const uint8_t *expected) {
    hmv_sha256 hash;
    uint8_t digest[HMV_DIGEST_MAX + 4];
    memset(digest, 0xa5, sizeof digest);
    is->init(&hash);
    for (size_t at = 0; at < size; at += piece)
        hmv_sha256_update(&hash, &message[at], size - at < piece ? size - at : piece);
    hmv_sha256_final(&hash, digest);
    assert_memory_equal(digest, expected, is->size);
    for (size_t i = is->size; i < sizeof digest; i++) assert_int_equal(digest[i], 0xa5);
}

static void check_hex(const variant *is, const uint8_t *message, size_t size, size_t piece, const char *expected) {
    octets answer = from_hex(expected);
    assert_int_equal(answer.size, is->size);
    check(is, message, size, piece, answer.data);
    free(answer.data);
}

static void published_messages_have_their_digests(void **state) {
    const variant *is = *state;
    for (size_t i = 0; i < is->count; i++) {
        octets message = from_hex(is->answers[i].message);
        check_hex(is, message.data, message.size, 1, is->answers[i].digest);
        check_hex(is, message.data, message.size, 1000, is->answers[i].digest);
        free(message.data);
    }
}

static void a_million_letters_have_their_digest_however_they_come(void **state) {
    enum { MILLION = 1000000 };
    const variant *is = *state;
    uint8_t *message = malloc(MILLION);
    memset(message, 'a', MILLION);
    check_hex(is, message, MILLION, MILLION, is->million);
    check_hex(is, message, MILLION, 997, is->million);
    free(message);
}

/* Each in a heap block of its size, so that a sanitizer sees an octet read too many. */
static void every_size_up_to_four_blocks_has_openssls_digest(void **state) {
    const variant *is = *state;
    srand(test_seed());
    for (size_t size = 0; size <= 4 * sizeof((hmv_sha256 *)NULL)->block + 1; size++) {
        uint8_t expected[EVP_MAX_MD_SIZE], *message = malloc(size + (size == 0));
        for (size_t i = 0; i < size; i++) message[i] = (uint8_t)rand();
        assert_int_equal(EVP_Digest(message, size, expected, NULL, EVP_get_digestbyname(is->name), NULL), 1);
        check(is, message, size, size + 1, expected);
        check(is, message, size, 1 + (size_t)rand() % 150, expected);
        free(message);
    }
}

static void a_digest_differs_when_any_bit_of_the_message_does(void **state) {
    const variant *is = *state;
    uint8_t message[131] = {0}, expected[EVP_MAX_MD_SIZE];
    for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
        hmv_sha256 hash;
        uint8_t digest[HMV_DIGEST_MAX];
        EVP_Digest(message, sizeof message, expected, NULL, EVP_get_digestbyname(is->name), NULL);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        is->init(&hash);
        hmv_sha256_update(&hash, message, sizeof message);
        hmv_sha256_final(&hash, digest);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_memory_not_equal(digest, expected, is->size);
    }
}

/* The length field counts bits, also where they need more than 32 of its own: after 2^32 octets, of which none is open,
 * the last block is known, and its digest is the state that follows on it. */
static void lengths_over_four_gigabits_are_counted(void **state) {
    const variant *is = *state;
    hmv_sha256 hash, after;
    uint8_t digest[HMV_DIGEST_MAX], block[sizeof hash.block] = {0x80};
    block[sizeof block - 5] = 8; /* 2^35 */
    is->init(&hash);
    is->init(&after);
    hash.length = (uint64_t)1 << 32;
    hmv_sha256_final(&hash, digest);
    hmv_sha256_update(&after, block, sizeof block);
    for (size_t i = 0, word = sizeof *after.state; i < is->size; i++)
        assert_int_equal(digest[i], (uint8_t)(after.state[i / word] >> 8 * (word - 1 - i % word)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(published_messages_have_their_digests, &variants[0]),
        cmocka_unit_test_prestate(a_million_letters_have_their_digest_however_they_come, &variants[0]),
        cmocka_unit_test_prestate(every_size_up_to_four_blocks_has_openssls_digest, &variants[0]),
        cmocka_unit_test_prestate(a_digest_differs_when_any_bit_of_the_message_does, &variants[0]),
        cmocka_unit_test_prestate(lengths_over_four_gigabits_are_counted, &variants[0]),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
