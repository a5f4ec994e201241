/* An issuer in memory: keys, key sets and tokens, good and bad. What cannot be made ends the test program. */
#ifndef HM_TEST_TOKEN_FIXTURE_H
#define HM_TEST_TOKEN_FIXTURE_H

#include "base_test.h"

#include <identity/jwt.h>
#include <openssl/evp.h>

#define ISSUER "https://ci.example.com"
#define AUDIENCE "https://sign.example.com"
enum { NOW = 1700000000 };

typedef struct {
    const char *algorithm; /* "ES256" ... */
    EVP_PKEY *key;
} token_key;

/* ALGORITHM of JWS; BITS of an RSA key. */
token_key token_key_new(const char *algorithm, unsigned bits);
/* The same key under another algorithm's name, to sign with. */
token_key token_key_as(token_key key, const char *algorithm);
void token_key_free(token_key *key);

/* A text for a printf-like format; the last thousands stay valid. */
const char *text_of(const char *format, ...) HM_PRINTF(1, 2);

/* Texts likewise. */
const char *base64url_of(hm_bytes bytes);
/* A JWK: {"kty":…,…,MORE}, where MORE is "" or members behind a comma. */
const char *jwk_of(token_key key, const char *more);
const char *jwk_named(token_key key, const char *kid);
const char *jwks_of(const char *jwks_separated_by_commas);

/* header.payload signed by KEY, the texts as they are. */
const char *token_of(const char *header, const char *payload, token_key key);
/* Payload with iss, aud, sub, iat NOW, exp NOW + 600, and MORE. */
const char *claims_with(const char *more);
/* {"alg":…,"kid":KID} over claims_with(MORE). */
const char *good_token(token_key key, const char *kid, const char *more);
/* The same over a payload of one's own. */
const char *token_with(token_key key, const char *kid, const char *payload);

#endif
