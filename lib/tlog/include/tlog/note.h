/* Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint). */
#ifndef HM_TLOG_NOTE_H
#define HM_TLOG_NOTE_H

#include <crypto/algorithm.h>
#include <tlog/merkle.h>

/* A verifier key: "name+hex8(keyID)+base64(type||key)". Types: 0x01 Ed25519, 0x02 ECDSA P-256 with SHA-256 (key = DER
 * SPKI; keyID = first 4 bytes of SHA-256 of it). */
enum { HM_NOTE_NAME_MAX = 128, HM_NOTE_ED25519 = 0x01, HM_NOTE_ECDSA = 0x02 };
typedef struct {
    char name[HM_NOTE_NAME_MAX];
    uint8_t type;
    uint8_t id[4];
    uint8_t spki[128];
    size_t spki_len;
} hm_note_key;

/* From a public key (Ed25519 or ES256 SPKI). A name is UTF-8 without spaces (any of Unicode's), plus signs and control
 * characters, of at most HM_NOTE_NAME_MAX - 1 bytes. On a fault KEY is all zero, and verifies nothing. */
HM_MUST_USE hm_err hm_note_key_make(const char *name, hm_bytes spki, hm_note_key *key);
HM_MUST_USE hm_err hm_note_key_parse(hm_bytes vkey, hm_note_key *key);
HM_MUST_USE hm_err hm_note_key_put(const hm_note_key *key, hm_buf *vkey);

/* Sign TEXT (UTF-8, ends in '\n'): appends the whole note, or nothing if SIGNER fails or is not of KEY. */
HM_MUST_USE hm_err hm_note_sign(hm_bytes text, const hm_note_key *key, const hm_signer *signer, hm_buf *note);
/* HM_OK and the TEXT (a view into NOTE) if at least one signature is by KEY and none by KEY fails; unknown signatures
 * are ignored. A note may have 1,000,000 bytes and 100 signatures. On a fault TEXT is empty. */
HM_MUST_USE hm_err hm_note_open(hm_bytes note, const hm_note_key *key, hm_bytes *text);

typedef struct {
    char origin[HM_NOTE_NAME_MAX];
    uint64_t size;
    hm_merkle_hash root;
} hm_checkpoint;
HM_MUST_USE hm_err hm_checkpoint_put(const hm_checkpoint *checkpoint, hm_buf *text);
/* Opens the note with KEY and parses; the origin must equal the key's name. Extension lines are passed over. On a fault
 * CHECKPOINT is all zero. */
HM_MUST_USE hm_err hm_checkpoint_open(hm_bytes note, const hm_note_key *key, hm_checkpoint *checkpoint);

#endif
