/* What the files of this layer share: the loaded module, the token's session, a key's handles. */
#ifndef HM_KEYS_PRIVATE_H
#define HM_KEYS_PRIVATE_H

#include <keys/token.h>

#include <p11-kit/pkcs11.h>

/* One loaded module. Its function list has been checked for holes. */
typedef struct {
    void *library;
    CK_FUNCTION_LIST *call;
    bool initialized;
} hm_module;

struct hm_token {
    hm_module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    hm_token_info info;
    CK_FLAGS flags; /* CKF_ of the token at the time it was found */
    hm_key *keys;   /* all that were given out, newest first */
};

struct hm_key {
    hm_token *token;
    hm_key *next;
    CK_OBJECT_HANDLE private_object;
    CK_OBJECT_HANDLE public_object; /* CK_INVALID_HANDLE: not looked for */
    hm_key_algorithm algorithm;
    uint8_t id[HM_KEY_ID_LEN];
    hm_buf spki;
    bool spki_was_told; /* and not read from the token */
};

/* A fault for a return value other than CKR_OK, with the sentence for what a person can do about it. DOING completes
 * "the token could not ...". */
HM_MUST_USE hm_err hm_ckr(CK_RV rv, const char *doing);
/* "CKR_PIN_LOCKED" ...; NULL for a number that PKCS#11 2.40 does not know. */
const char *hm_ckr_name(CK_RV rv);

/* Load the shared object at an absolute PATH. Nothing of the module has run but its constructors. */
HM_MUST_USE hm_err hm_module_load(const char *path, hm_module *module);
HM_MUST_USE hm_err hm_module_initialize(hm_module *module);
/* Shared objects stay mapped: modules leave threads and exit handlers behind. */
void hm_module_finalize(hm_module *module);

/* Take the lock file PATH, which is held as long as FD is open: the caller's to close, also on a fault. Without PATH
 * -1. */
HM_MUST_USE hm_err hm_lock_take(const char *path, int *fd);

/* Find the one initialized token that SELECTOR describes. */
HM_MUST_USE hm_err hm_slot_find(hm_token *token, const hm_token_selector *selector);
/* A PKCS#11 text field (padded with blanks, not terminated, of the module's choice) as a printable string. */
void hm_trim(const unsigned char *field, size_t field_len, char *text);

CK_ATTRIBUTE hm_attribute(CK_ATTRIBUTE_TYPE type, hm_bytes value);
/* One object of CLASS and the key's type whose attribute NAME (CKA_ID, CKA_LABEL) has VALUE. */
HM_MUST_USE hm_err hm_object_find_by(const hm_key *key, CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE name, hm_bytes value,
                                     CK_OBJECT_HANDLE *object);
/* One object of CLASS with the key's id and type, or CK_INVALID_HANDLE if there is none; two are a fault. */
HM_MUST_USE hm_err hm_object_find(const hm_key *key, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *object);
/* The value of one attribute, appended to VALUE; a fault if it is absent, empty or longer than LIMIT. */
HM_MUST_USE hm_err hm_object_read(const hm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t limit,
                                  hm_buf *value);
/* The SubjectPublicKeyInfo of the key's public object. */
HM_MUST_USE hm_err hm_object_spki(const hm_key *key, hm_buf *spki);

/* A key that is given out as long as TOKEN is open, or until it is freed; its objects are still to be found. */
HM_MUST_USE hm_err hm_key_new(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                              hm_key **key);
void hm_key_free(hm_key **key);
/* Read the public key of one whose objects were found; the private one must sign what it verifies. */
HM_MUST_USE hm_err hm_key_check_pair(hm_key *key);

CK_KEY_TYPE hm_key_type(hm_key_algorithm algorithm);
/* Is NAME (CKA_EC_PARAMS) the algorithm's curve? */
bool hm_key_is_on_curve(hm_key_algorithm algorithm, hm_bytes name);
/* Octets of an RSA modulus; 0 for other keys. */
size_t hm_key_modulus_len(hm_key_algorithm algorithm);

#endif
