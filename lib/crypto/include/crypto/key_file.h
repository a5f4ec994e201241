/* A person's own key in a file: PEM "PRIVATE KEY" (PKCS#8: RFC 5958, RFC 7468 section 10), as `openssl genpkey` writes
 * it. For officers, who sign statements and approvals with a key of their own; an office's keys live in tokens.
 *
 * P-256, P-384 and Ed25519, each in the one encoding that openssl gives it: named curve, public point included (RFC
 * 5915), version 1 (RFC 8410 section 7). Other encodings are refused with the command that rewrites them.
 *
 * What a file cannot give: whoever reads it once has the key. It is not encrypted. Copies that this layer makes are
 * wiped when it is done with them; the one that signs lies in OpenSSL's memory, which is wiped when the key is freed
 * but not locked: a process that opens a key should make itself undumpable (PR_SET_DUMPABLE).
 *
 * Everything here begins with hm_crypto_begin(): a process that has yet to fork one that loads PKCS#11 modules forks
 * first (process.h). */
#ifndef HM_CRYPTO_KEY_FILE_H
#define HM_CRYPTO_KEY_FILE_H

#include <crypto/public_key.h>

typedef struct hm_key_file hm_key_file;

enum { HM_KEY_FILE_MAX = 16 * 1024 }; /* octets of a file that is looked at */

/* Make a new key in the new file PATH (0600), durable when it returns, and append its public key to SPKI. A refusal if
 * anything has that name already, a link included: nothing is ever replaced. Wrong usage for RSA. Before it is written
 * the key is read back, has signed, and was verified. On a fault there is no file but in one case: its folder could not
 * be synced. */
HM_MUST_USE hm_err hm_key_file_make(const char *path, hm_key_algorithm algorithm, hm_buf *spki);

/* Read a key. A refusal that says what to do unless PATH is a regular file (no link) of our own user that nobody else
 * may read (mode & 077), with one private key in the form above and nothing else, whose public part is its own. No
 * fault quotes the file. On a fault *KEY is NULL. */
HM_MUST_USE hm_err hm_key_file_open(const char *path, hm_key_file **key);
/* The same from text that was read elsewhere; wiping that is the caller's. */
HM_MUST_USE hm_err hm_key_file_from_pem(hm_bytes pem, hm_key_file **key);
void hm_key_file_free(hm_key_file **key);
#define HM_KEY_FILE __attribute__((cleanup(hm_key_file_free))) hm_key_file

/* Its signer, with all it points to, is good for as long as KEY is. It signs by the algorithm's own scheme, and refuses
 * others. Ed25519 signs the same message the same way each time (RFC 8032); ECDSA does not: the nonce is made of the
 * private key, the message and fresh random bits. A signature is verified before it is given out, since a faulty one
 * can betray the key. On a fault SIGNATURE is as it was. Not for two threads at once. */
hm_signer hm_key_file_signer(hm_key_file *key);

#endif
