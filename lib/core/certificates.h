/* Certificates on record, what became of them, and the lists that say so. The log is what counts: a certificate's entry
 * stays when another takes its place in the database. Private to lib/core. */
#ifndef HM_CORE_CERTIFICATES_H
#define HM_CORE_CERTIFICATES_H

#include "office.h"

#include <pki/crl.h>

/* What finds certificates that were issued or brought in, revocations, and revocation lists that were made. */
#define HM_CERTIFICATES_TAG UINT64_C(0x6365727469666963)
#define HM_REVOKED_TAG UINT64_C(0x7265766f6b656421)
#define HM_CRLS_TAG UINT64_C(0x7265766f6c697374)

/* The office's folder of lists, and the name of a list in it. */
#define HM_CRL_FOLDER "crl"
enum { HM_CRL_NAME_MAX = 80, HM_CRL_DAYS = 90 };

/* Views are valid during a visit. */
typedef struct {
    uint8_t sha256[HM_SHA256_LEN];
    hm_bytes product;                       /* empty: the office's own */
    hm_bytes role, serial, subject, issuer; /* words; the serial number in hexadecimal */
    bool has_key;                           /* the entry names it; entries of older versions do not */
    uint8_t key[HM_KEY_ID_LEN];
    int64_t issued, not_after;
    bool imported; /* another's CA has issued it, and revokes it */
    bool current;  /* it is what its key signs with */
    bool revoked;  /* and on record: */
    hm_crl_reason reason;
    int64_t revoked_at, invalidity;
} hm_certificate;
typedef hm_err (*hm_certificate_visit)(void *context, const hm_certificate *certificate);
/* Every certificate on record, oldest first, of PRODUCT (NULL: all). */
HM_MUST_USE hm_err hm_certificates_list(hm_office *office, const hm_product *product, hm_certificate_visit visit,
                                        void *context);

/* Has this office issued the certificate with this SHA-256, on record? */
HM_MUST_USE hm_err hm_certificate_is_issued(hm_office *office, hm_bytes sha256, bool *is);

/* certificate_entries.c */
/* Of the entries of one certificate the first counts by which this office has issued it, else the first: who brings in
 * what is its own makes it nobody else's. */
typedef struct {
    uint8_t sha256[HM_SHA256_LEN];
    uint64_t index;
    bool imported;
} hm_certificate_entry;
typedef struct {
    size_t count;
    hm_certificate_entry *entry; /* those that count */
} hm_certificate_entries;
HM_MUST_USE hm_err hm_certificate_entries_find(hm_office *office, hm_certificate_entries *entries);
void hm_certificate_entries_clear(hm_certificate_entries *entries);
bool hm_certificate_entry_counts(const hm_certificate_entries *entries, const uint8_t sha256[static HM_SHA256_LEN],
                                 uint64_t index);
/* Its leaf; a refusal if its details were changed or erased. */
HM_MUST_USE hm_err hm_certificate_entry_open(const hm_entry_row *entry, hm_leaf *leaf);
bool hm_certificate_entry_is_imported(const hm_entry_row *entry);

/* rule.c: may who speaks act on keys of PRODUCT (empty: of the office)? */
HM_MUST_USE hm_err hm_rule_allows_key_officer(hm_office *office, hm_bytes product);

/* Revoke the certificate with this SHA-256, on record; its CA's list is made anew behind it (hm_crls_keep). For
 * keyCompromise or cACompromise only if its key is destroyed: of any other key that is stated. */
HM_MUST_USE hm_err hm_certificate_revoke(hm_office *office, hm_bytes sha256, uint64_t reason, uint64_t invalidity);

/* Is the certificate with this SHA-256 revoked, on record? */
HM_MUST_USE hm_err hm_certificate_is_revoked(hm_office *office, hm_bytes sha256, bool *is);
/* The same of the certificate that a key has; false if it has none. */
HM_MUST_USE hm_err hm_key_certificate_is_revoked(hm_office *office, const hm_key_row *row, bool *is);
/* A refusal that says what helps if the key's certificate or one above it is revoked: nothing is signed with it, though
 * the key may be active. */
HM_MUST_USE hm_err hm_certificate_may_sign(hm_office *office, const hm_key_row *row);

/* What officers have stated of keys holds for their certificates: those of compromised ones are revoked, on record.
 * Under the ceremony lock. */
HM_MUST_USE hm_err hm_certificates_follow_keys(hm_office *office);

/* ceremony_load.c */
const char *hm_key_role_name(hm_key_role role);
/* ceremony_office.c */
/* The CA of PRODUCT, NULL: the root. Its key is opened only if LOAD is set. The caller clears
 * CERTIFICATE. */
typedef struct {
    hm_buf certificate;
    hm_key *key;
    uint8_t token_id[HM_KEY_ID_LEN];
} hm_ca;
HM_MUST_USE hm_err hm_ceremony_ca(hm_office *office, const hm_product *product, bool load, hm_ca *ca);
/* ceremony_signing.c */
/* Another certificate for the newest key of ALGORITHM (RELEASE's alone, if that is not empty), for DAYS (0: as usual).
 * If that one is stopped, none: an older one is not put back to use. */
HM_MUST_USE hm_err hm_ceremony_renew(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                     hm_bytes release, uint64_t days);

/* crl.c -- PRODUCT NULL: the root's list */
/* The list's file in HM_CRL_FOLDER: "root.crl", "NAME.crl". */
void hm_crl_file_name(const hm_product *product, char name[static HM_CRL_NAME_MAX]);
/* The newest list, or a new one: with RENEW, or if there is none, or what it says is true no longer. DAYS: for which a
 * new one counts (0: 90, or as long as the one before). */
HM_MUST_USE hm_err hm_crl_get(hm_office *office, const hm_product *product, uint64_t days, bool renew, hm_buf *der);
/* Lists that were made before, and those of CAs whose certificates were revoked, are made anew if they are not true any
 * more, or half of their time is over. What cannot be made now is tried again next time. */
void hm_crls_keep(hm_office *office);
/* The same if half of a list's time is over, and otherwise as little work as can be. */
void hm_crls_keep_aged(hm_office *office);
/* Each list that was made: the entry of its newest. */
typedef struct {
    hm_bytes product; /* empty: the root's */
    uint64_t index, number, revoked;
    int64_t this_update, next_update;
    uint8_t sha256[HM_SHA256_LEN];
} hm_crl_made;
typedef hm_err (*hm_crl_visit)(void *context, const hm_crl_made *made);
HM_MUST_USE hm_err hm_crls_made(hm_office *office, hm_crl_visit visit, void *context);
/* Are the files of the folder those that the log says were made last? */
HM_MUST_USE hm_err hm_crls_check(hm_office *office, size_t *files);

#endif
