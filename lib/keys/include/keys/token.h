/* A token: where private keys live (PKCS#11 v2.40). One module, one slot, one log-in for the life of the handle.
 *
 * Private keys are generated inside, CKA_SENSITIVE, not CKA_EXTRACTABLE. This layer is the only one that sees a PIN or a
 * PKCS#11 handle. It is called from one process only (the core); tokens that cannot bear two processes at start-up
 * (SoftHSM) are serialised by a lock file. */
#ifndef HM_KEYS_TOKEN_H
#define HM_KEYS_TOKEN_H

#include <base/secret.h>
#include <crypto/algorithm.h>

typedef struct hm_token hm_token;

/* Which token. Any attribute that is NULL matches anything; more than one match is a fault that lists them. */
typedef struct {
    const char *module_path; /* the shared object; required */
    const char *token_label;
    const char *manufacturer;
    const char *model;
    const char *serial;
    const char *lock_path; /* flock()ed from C_Initialize to C_Login; NULL: no lock */
} hm_token_selector;

/* Parse a "pkcs11:" URI (RFC 7512) with p11-kit's rules for module-path / module-name. STORAGE holds the strings.
 * "pin-value" is refused (P2); "pin-source=file:..." is given in PIN_PATH (NULL if absent). */
HM_MUST_USE hm_err hm_token_selector_from_uri(const char *uri, hm_buf *storage, hm_token_selector *selector,
                                              const char **pin_path);

typedef struct {
    char label[33], manufacturer[33], model[17], serial[17]; /* trimmed, zero-terminated, printable */
    bool software;          /* known to keep keys in software: SoftHSM and its like; counts as development */
    bool has_ed25519;       /* CKM_EDDSA with key generation */
} hm_token_info;

/* Make a SoftHSM token inside DIRECTORY (softhsm2.conf, tokens/), with LABEL and a random PIN written to DIRECTORY/pin
 * (mode 0600). Fails if there is one. */
HM_MUST_USE hm_err hm_softhsm_create(const char *directory, const char *label);
/* Point SoftHSM at DIRECTORY for this process (before hm_token_open), and fill SELECTOR. STORAGE holds the strings. */
HM_MUST_USE hm_err hm_softhsm_select(const char *directory, hm_buf *storage, hm_token_selector *selector);

/* Load the module, find the token, log in. Faults name the module or token and say what to do: module missing or not a
 * PKCS#11 module, no such token, PIN wrong (how many tries are left is said as far as the flags tell), PIN locked. */
HM_MUST_USE hm_err hm_token_open(const hm_token_selector *selector, const hm_secret *pin, hm_token **token);
void hm_token_close(hm_token **token);
#define HM_TOKEN __attribute__((cleanup(hm_token_close))) hm_token
void hm_token_describe(const hm_token *token, hm_token_info *info);

enum { HM_KEY_ID_LEN = 16 };

typedef struct hm_key hm_key; /* owned by its token */

/* Generate a key pair inside: CKA_ID = ID (16 random bytes of the caller's), CKA_LABEL = LABEL. */
HM_MUST_USE hm_err hm_token_generate(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                                     const char *label, hm_key **key);
/* The private key with this CKA_ID, or a fault that names it. SPKI may be given by the caller (from its records) so that
 * the public object need not be read: then nothing is read but the handle. */
HM_MUST_USE hm_err hm_token_find(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                                 hm_bytes known_spki, hm_key **key);
/* Destroy both objects of a key, and ask again whether they are gone. Used when a ceremony fails half-way. */
HM_MUST_USE hm_err hm_token_destroy(hm_token *token, hm_key **key);
/* Was it generated inside and is it non-extractable (CKA_LOCAL, CKA_NEVER_EXTRACTABLE, CKA_SENSITIVE)? */
typedef struct {
    bool local, never_extractable, sensitive;
} hm_key_origin;
HM_MUST_USE hm_err hm_key_inspect(hm_key *key, hm_key_origin *origin);

/* The signer of a key; valid as long as its token. No log-in and no key search per signature. */
hm_signer hm_key_signer(hm_key *key);

#endif
