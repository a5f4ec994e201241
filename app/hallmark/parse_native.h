/* Envelopes, as the parsing process makes them: one of several payloads, or one more signature in one that is there. */
#ifndef HM_APP_PARSE_NATIVE_H
#define HM_APP_PARSE_NATIVE_H

#include "cosign_check.h"
#include "native_core.h"
#include "native_plan.h"
#include "parser.h"

/* A manifest that waits for its signatures, by its hash; the same release with its sequence number is it. */
enum { HM_REQUESTED_MAX = 16 };
typedef struct {
    uint64_t sequence;
    uint8_t hash[HM_SHA256_LEN];
} hm_requested_manifest;

typedef struct {
    hm_native_plan plan;         /* with publisher, vendor and class; unused for co-signing */
    uint32_t algorithms;         /* --algorithm: bit n, key algorithm n; 0: the best one */
    uint32_t product_algorithms; /* those that the product has */
    hm_native_extras extras;
    bool replace;
    bool noted;                                        /* for a request: nothing is signed */
    bool look;                                         /* only say "unchanged" if it is signed already */
    hm_requested_manifest requested[HM_REQUESTED_MAX]; /* the open ones of this product and release */
    size_t requests;       /* there were; when there are more, later ones lie over the first */
    const char *output;    /* the envelope's name, for the report */
    hm_cosign_terms terms; /* for co-signing alone, like OPERANDS: the envelope and payloads */
    size_t operands;
} hm_native_orders;

HM_MUST_USE hm_err hm_parse_native(hm_parser *parser, void *orders);
/* approve: are the operands the payloads of the requested manifest? */
typedef struct {
    hm_bytes manifest;
    size_t operands;
    size_t algorithms; /* of the keys that are to sign it */
    hm_key_algorithm algorithm[HM_MANIFEST_SIGNERS];
    hm_bytes name;
} hm_compare_orders;
HM_MUST_USE hm_err hm_parse_compare(hm_parser *parser, void *orders);
HM_MUST_USE hm_err hm_parse_cosign(hm_parser *parser, void *orders);

/* Of CONTENT, which is not empty. */
HM_MUST_USE hm_err hm_hash_payload(const hm_source *content, hm_digest_algorithm algorithm, hm_digest *digest);
/* The key algorithms of a set in the order in which devices prefer them; at most HM_KEY_ALGORITHMS. */
size_t hm_native_algorithms(uint32_t set, hm_key_algorithm algorithms[static HM_KEY_ALGORITHMS]);
/* "es256 and rsa3072" */
HM_MUST_USE hm_err hm_put_algorithms(hm_buf *text, const hm_native_key *keys, size_t count);

#endif
