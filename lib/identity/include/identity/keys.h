/* The issuers' keys as they were last fetched, and when to fetch them again.
 *
 * A set is used for an hour, then fetched anew; if that fails it is used on for a day at most, and then the issuer's
 * tokens are refused. A token with an unknown key makes the set be fetched before its time, but for any issuer at most
 * once in a minute, so nobody can make this office a nuisance to an issuer. After a fetch that failed the next one
 * waits: 10 seconds, twice that, and so on, up to 15 minutes.
 *
 * Pure: time and fetching are given. */
#ifndef HM_IDENTITY_KEYS_H
#define HM_IDENTITY_KEYS_H

#include <identity/issuers.h>
#include <identity/jwt.h>

enum {
    HM_KEYS_FRESH = 3600,
    HM_KEYS_STALE = 24 * 3600,
    HM_KEYS_UNKNOWN_EVERY = 60,
    HM_KEYS_WAIT_FIRST = 10,
    HM_KEYS_WAIT_MOST = 900
}; /* seconds */

typedef struct hm_keys hm_keys;

/* Append ISSUER's key set, as JSON, to BODY. It takes as long as it takes, so whoever fetches sets a time limit; it
 * need not read further than HM_JWKS_MAX + 1 bytes. */
typedef hm_err (*hm_keys_fetch)(void *context, const hm_issuer *issuer, hm_buf *body);

/* ISSUERS must outlive KEYS. Nothing is fetched yet. */
HM_MUST_USE hm_err hm_keys_new(const hm_issuers *issuers, hm_keys_fetch fetch, void *context, hm_keys **keys);
void hm_keys_free(hm_keys **keys);
#define HM_KEYS __attribute__((cleanup(hm_keys_free))) hm_keys

/* The keys of issuer number INDEX for the token JWS, at NOW: seconds of a clock that never runs back. Fetches if it
 * must and may. A refusal if no key suits; HM_COULD_NOT if there are no keys, or they are stale. JWKS is KEYS' own,
 * until the next call. */
HM_MUST_USE hm_err hm_keys_for(hm_keys *keys, size_t index, const hm_jws *jws, int64_t now, const hm_jwks **jwks);

#endif
