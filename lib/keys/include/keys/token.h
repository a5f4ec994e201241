/* A token: where private keys live (PKCS#11 v2.40). One module, one slot, one log-in for the life of the handle.
 *
 * Private keys are generated inside, or were put there by other means; CKA_SENSITIVE, not CKA_EXTRACTABLE. This layer
 * is the only one that sees a PIN or a PKCS#11 handle. It is called from one process only (the core); tokens that
 * cannot bear two processes at start-up (SoftHSM) are serialised by a lock file. */
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
    bool has_slot_id;      /* many modules number their slots anew at every start: prefer the serial */
    uint64_t slot_id;
} hm_token_selector;

/* Parse a "pkcs11:" URI (RFC 7512) that names a token: token, manufacturer, model, serial, slot-id, and one of
 * module-path (absolute) and module-name, which is looked for as NAME.so and libNAME.so in p11-kit's module folder and
 * the standard library folders. STORAGE holds the strings. "pin-value" is refused (P2); "pin-source=file:/..." is given
 * in PIN_PATH (NULL if absent). An attribute that is unknown, given twice or empty is refused. On a fault SELECTOR is
 * all NULL. */
HM_MUST_USE hm_err hm_token_selector_from_uri(const char *uri, hm_buf *storage, hm_token_selector *selector,
                                              const char **pin_path);

typedef struct {
    char label[33], manufacturer[33], model[17], serial[17]; /* trimmed, zero-terminated, printable */
    bool software;    /* known to keep keys in software: SoftHSM and its like; counts as development */
    bool has_ed25519; /* CKM_EDDSA with key generation */
} hm_token_info;

/* Make a SoftHSM token inside DIRECTORY (softhsm2.conf, tokens/), with LABEL and a random PIN written to DIRECTORY/pin
 * (mode 0600); the security officer's PIN, which resets a lost PIN, goes to DIRECTORY/so-pin. Fails if there is one. On
 * any other fault DIRECTORY may hold parts of a token: remove it. */
HM_MUST_USE hm_err hm_softhsm_create(const char *directory, const char *label);
/* Point SoftHSM at DIRECTORY for this process (before hm_token_open), and fill SELECTOR. STORAGE holds the strings. A
 * folder that was moved or copied is made to find its own tokens, not those of the place it came from. */
HM_MUST_USE hm_err hm_softhsm_select(const char *directory, hm_buf *storage, hm_token_selector *selector);

/* Load the module, find the token, log in. Faults name the module or token and say what to do: module missing or not a
 * PKCS#11 module, no such token, PIN wrong (how many tries are left is said as far as the flags tell), PIN locked. PIN
 * is NULL for a token with its own key pad. A module can be open once in a process. */
HM_MUST_USE hm_err hm_token_open(const hm_token_selector *selector, const hm_secret *pin, hm_token **token);
void hm_token_close(hm_token **token);
#define HM_TOKEN __attribute__((cleanup(hm_token_close))) hm_token
void hm_token_describe(const hm_token *token, hm_token_info *info);

enum { HM_KEY_ID_LEN = 16 };

typedef struct hm_key hm_key; /* owned by its token */

/* Generate a key pair inside: CKA_ID = ID (16 random bytes of the caller's), CKA_LABEL = LABEL. The token's word is not
 * taken: the private key must say that it was made inside and cannot leave, and sign what the public key verifies. If
 * it does not, both are destroyed again. A public key with this ID that has no private one is destroyed first. */
HM_MUST_USE hm_err hm_token_generate(hm_token *token, hm_key_algorithm algorithm,
                                     const uint8_t id[static HM_KEY_ID_LEN], const char *label, hm_key **key);
/* The private key with this CKA_ID, or a fault that names it. SPKI may be given by the caller (from its records) so
 * that the public object need not be read: then nothing is read but the handle. */
HM_MUST_USE hm_err hm_token_find(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                                 hm_bytes known_spki, hm_key **key);
/* Destroy both objects of a key, and ask again whether they are gone. Used when a ceremony fails half-way. KEY becomes
 * NULL, also on a fault: then the token may still hold one of the two. */
HM_MUST_USE hm_err hm_token_destroy(hm_token *token, hm_key **key);
/* Has the token a private key with this id? */
HM_MUST_USE hm_err hm_token_has(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                                bool *there);
/* The same for a key that need not be there, or only half of it. A key that was found before signs nothing any more. */
HM_MUST_USE hm_err hm_token_destroy_id(hm_token *token, hm_key_algorithm algorithm,
                                       const uint8_t id[static HM_KEY_ID_LEN], bool *was_there);
/* Was it generated inside and is it non-extractable (CKA_LOCAL, CKA_NEVER_EXTRACTABLE, CKA_SENSITIVE)? */
typedef struct {
    bool local, never_extractable, sensitive;
} hm_key_origin;
HM_MUST_USE hm_err hm_key_inspect(hm_key *key, hm_key_origin *origin);

/* A key pair that the maker's own tools put into the token becomes one of the office's: both of its objects get the id
 * and label of the office, the public one first. What a command that was cut off has left, with the earlier id or with
 * that label, is found again. */
typedef struct {
    hm_bytes was; /* the CKA_ID that both have now */
    uint8_t id[HM_KEY_ID_LEN];
    const char *label;
    /* Asked before anything is changed: may the key with this public half be taken? */
    hm_err (*may)(void *context, hm_bytes spki);
    void *context;
} hm_adoption;
/* A refusal if the private key could leave the token, or serves without the PIN; and where the token lets its id not be
 * changed. The halves must belong together. */
HM_MUST_USE hm_err hm_token_adopt(hm_token *token, hm_key_algorithm algorithm, const hm_adoption *how, hm_key **key);

/* The signer of a key; valid as long as its token. No log-in and no key search per signature. */
hm_signer hm_key_signer(hm_key *key);

#endif
