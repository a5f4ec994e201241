/* How keys and certificates come to be, step by step. Every step leaves its entry in the log; a step that fails
 * half-way leaves at most a key in the token that nothing refers to. Private to the ceremony_*.c files. */
#ifndef HM_CORE_CEREMONY_H
#define HM_CORE_CEREMONY_H

#include "certificates.h"

#include <policy/policy.h>

enum { HM_DAY_SECONDS = 86400 };

/* ceremony_load.c */
/* A key that was just made or found, with its row. */
typedef struct {
    hm_key_row row;
    hm_buf storage; /* SPKI, certificate, chain, which ROW views */
    hm_key *key;
    hm_office *office; /* while rows are looked at */
    hm_bytes release;
    bool active, found;
} hm_loaded_key;
void hm_loaded_key_clear(hm_loaded_key *loaded);
#define HM_LOADED_KEY __attribute__((cleanup(hm_loaded_key_clear))) hm_loaded_key

/* Make ROW the row of the hm_loaded_key that CONTEXT is; ROW's views may be its own. */
HM_MUST_USE hm_err hm_loaded_key_keep(void *context, const hm_key_row *row);
/* Find a key's row, of several the newest that signs; *FOUND false if there is none. PRODUCT 0: the office's own;
 * ALGORITHM 0: any. */
HM_MUST_USE hm_err hm_ceremony_find(hm_office *office, int64_t product, hm_key_role role, int algorithm,
                                    hm_loaded_key *loaded, bool *found);
/* The same for a key that is RELEASE's alone. */
HM_MUST_USE hm_err hm_ceremony_find_of(hm_office *office, int64_t product, hm_key_role role, int algorithm,
                                       hm_bytes release, hm_loaded_key *loaded, bool *found);
/* Find the row of the signing key of PRODUCT and ALGORITHM, RELEASE's alone unless that is empty, that was made last,
 * whether it signs or not. */
HM_MUST_USE hm_err hm_ceremony_find_last(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                         hm_bytes release, hm_loaded_key *loaded, bool *found);
/* The key in the token of the row that was found. PRODUCT NULL: the office's own. */
HM_MUST_USE hm_err hm_ceremony_load(hm_office *office, const hm_product *product, hm_loaded_key *loaded);
/* Fill in SIGNING, for who signs with it. */
HM_MUST_USE hm_err hm_ceremony_hand_out(const hm_loaded_key *loaded, hm_signing_key *signing);

/* ceremony_make.c */
/* Generate a key, check where it lives, record it with its log entry. */
HM_MUST_USE hm_err hm_ceremony_make(hm_office *office, const hm_product *product, hm_key_role role,
                                    hm_key_algorithm algorithm, hm_loaded_key *loaded);
/* The same for a key that is RELEASE's alone. */
HM_MUST_USE hm_err hm_ceremony_make_of(hm_office *office, const hm_product *product, hm_key_role role,
                                       hm_key_algorithm algorithm, hm_bytes release, hm_loaded_key *loaded);
/* Take over the key in the token that HOW tells, for what ROW says. What fails behind the adoption leaves a key in the
 * token that the same command finds again. */
HM_MUST_USE hm_err hm_ceremony_take_over(hm_office *office, const hm_product *product, hm_adoption *how,
                                         hm_key_row *row, hm_loaded_key *loaded);

/* ceremony_certify.c */
/* How long a certificate lives, and where its issuer's revocation list is ("": it does not say). */
typedef struct {
    int days;
    char crl[HM_POLICY_URL_MAX + 1];
} hm_certificate_terms;
/* Issue SUBJECT's certificate with ISSUER's key (SUBJECT itself for a root) and record it. */
HM_MUST_USE hm_err hm_ceremony_certify(hm_office *office, const hm_product *product, hm_loaded_key *subject,
                                       hm_loaded_key *issuer, hm_cert_profile profile, const char *common_name,
                                       const hm_certificate_terms *terms);
/* Store a key's certificate and its log entry together. The entry stays when another takes the certificate's place. */
HM_MUST_USE hm_err hm_ceremony_record_certificate(hm_office *office, const hm_product *product, const hm_key_row *key,
                                                  hm_bytes certificate, hm_bytes chain, bool imported);

/* ceremony_office.c */
/* The CA of PRODUCT, loaded; made and certified if that is still to be done. Under the ceremony lock. */
HM_MUST_USE hm_err hm_ceremony_product_ca(hm_office *office, const hm_product *product, hm_loaded_key *ca);

#endif
