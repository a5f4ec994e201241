/* The tests that every digest of the device verifier passes; each is given its digest_case as prestate. */
#ifndef DIGEST_TESTS_H
#define DIGEST_TESTS_H

#include "signature_test.h"

#include <hallmark/verify.h>

/* In hexadecimal digits. */
typedef struct known {
    const char *message, *digest;
} known;

typedef struct digest_case {
    const hmv_digest *digest;
    const char *name; /* OpenSSL's */
    size_t block;
    const known *answers;
    size_t count;
    const char *million; /* of 1,000,000 letters a */
} digest_case;

void published_messages_have_their_digests(void **state);
void a_million_letters_have_their_digest_however_they_come(void **state);
void every_size_up_to_four_blocks_has_openssls_digest(void **state);
void a_digest_differs_when_any_bit_of_the_message_does(void **state);

#endif
