#include "digest_tests.h"

#include <openssl/evp.h>

/* Taken in pieces of at most PIECE octets; what is behind the digest stays as it was. */
static void check(const digest_case *is, const uint8_t *message, size_t size, size_t piece, const uint8_t *expected) {
    hmv_hash hash;
    uint8_t digest[HMV_DIGEST_MAX + 4];
    memset(digest, 0xa5, sizeof digest);
    is->digest->init(&hash);
    for (size_t at = 0; at < size; at += piece)
        is->digest->update(&hash, &message[at], size - at < piece ? size - at : piece);
    is->digest->final(&hash, digest);
    assert_memory_equal(digest, expected, is->digest->size);
    for (size_t i = is->digest->size; i < sizeof digest; i++) assert_int_equal(digest[i], 0xa5);
}

static void check_hex(const digest_case *is, const uint8_t *message, size_t size, size_t piece, const char *expected) {
    octets answer = from_hex(expected);
    assert_int_equal(answer.size, is->digest->size);
    check(is, message, size, piece, answer.data);
    free(answer.data);
}

void published_messages_have_their_digests(void **state) {
    const digest_case *is = *state;
    for (size_t i = 0; i < is->count; i++) {
        octets message = from_hex(is->answers[i].message);
        check_hex(is, message.data, message.size, 1, is->answers[i].digest);
        check_hex(is, message.data, message.size, 1000, is->answers[i].digest);
        free(message.data);
    }
}

void a_million_letters_have_their_digest_however_they_come(void **state) {
    enum { MILLION = 1000000 };
    const digest_case *is = *state;
    uint8_t *message = malloc(MILLION);
    memset(message, 'a', MILLION);
    check_hex(is, message, MILLION, MILLION, is->million);
    check_hex(is, message, MILLION, 997, is->million);
    free(message);
}

/* Each in a heap block of its size, so that a sanitizer sees an octet read too many. */
void every_size_up_to_four_blocks_has_openssls_digest(void **state) {
    const digest_case *is = *state;
    srand(test_seed());
    for (size_t size = 0; size <= 4 * is->block + 1; size++) {
        uint8_t expected[EVP_MAX_MD_SIZE], *message = malloc(size + (size == 0));
        for (size_t i = 0; i < size; i++) message[i] = (uint8_t)rand();
        assert_int_equal(EVP_Digest(message, size, expected, NULL, EVP_get_digestbyname(is->name), NULL), 1);
        check(is, message, size, size + 1, expected);
        check(is, message, size, 1 + (size_t)rand() % 150, expected);
        free(message);
    }
}

void a_digest_differs_when_any_bit_of_the_message_does(void **state) {
    const digest_case *is = *state;
    uint8_t message[131] = {0}, expected[EVP_MAX_MD_SIZE];
    for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
        hmv_hash hash;
        uint8_t digest[HMV_DIGEST_MAX];
        EVP_Digest(message, sizeof message, expected, NULL, EVP_get_digestbyname(is->name), NULL);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        is->digest->init(&hash);
        is->digest->update(&hash, message, sizeof message);
        is->digest->final(&hash, digest);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_memory_not_equal(digest, expected, is->digest->size);
    }
}
