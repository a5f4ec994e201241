/* What the parsing process asks of the core to make an envelope. */
#ifndef HM_APP_NATIVE_CORE_H
#define HM_APP_NATIVE_CORE_H

#include "parser.h"

#include <pki/cose.h>

/* One of the product's keys. */
typedef struct {
    hm_key_algorithm algorithm;
    uint8_t kid[HM_KID_LEN];
    uint8_t certificate[32]; /* SHA-256 of the one that was announced */
    hm_buf spki;
    uint64_t sequence; /* the highest that the product has given so far */
} hm_native_key;
void hm_native_key_clear(hm_native_key *key);
/* The first of ALGORITHMS (at most 16) that the product signs with; made if it was never needed before. */
HM_MUST_USE hm_err hm_native_key_of(const hm_parser *parser, const hm_key_algorithm *algorithms, size_t count,
                                    hm_native_key *key);

/* What goes with a signature, and how it is entered in the log. */
typedef struct {
    bool receipt, chain;
} hm_native_extras;
typedef struct {
    uint64_t intent, outcome;
    hm_buf bytes;  /* the COSE_Signature */
    hm_buf remark; /* the core's, on numbers that fall behind earlier releases; mostly empty */
} hm_native_signature;
void hm_native_signature_clear(hm_native_signature *signature);
/* STATEMENT, for the log called NAME, signed by KEY. What the core gives is verified before it is used. */
HM_MUST_USE hm_err hm_native_sign(const hm_parser *parser, const hm_native_key *key, const char *name,
                                  hm_bytes statement, const hm_native_extras *extras, hm_native_signature *signature);
/* The same question of a session that notes, or compares: by a key of ALGORITHM. */
HM_MUST_USE hm_err hm_native_note(const hm_parser *parser, hm_key_algorithm algorithm, hm_bytes name,
                                  hm_bytes statement);
/* The envelope WHOLE again, in which each signature by one of KEYS that had no receipt has one. *ADDED: how many; with
 * 0 nothing is written. None of it changes what is signed. */
HM_MUST_USE hm_err hm_native_complete(const hm_parser *parser, const hm_native_key *keys, size_t count, hm_bytes whole,
                                      hm_buf *completed, size_t *added);

#endif
