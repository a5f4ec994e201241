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

/* From a public key (Ed25519 or ES256 SPKI). */
HM_MUST_USE hm_err hm_note_key_make(const char *name, hm_bytes spki, hm_note_key *key);
HM_MUST_USE hm_err hm_note_key_parse(hm_bytes vkey, hm_note_key *key);
HM_MUST_USE hm_err hm_note_key_put(const hm_note_key *key, hm_buf *vkey);

/* Sign TEXT (ends in '\n'): appends the whole note. */
HM_MUST_USE hm_err hm_note_sign(hm_bytes text, const hm_note_key *key, const hm_signer *signer, hm_buf *note);
/* HM_OK and the TEXT (a view into NOTE) if at least one signature is by KEY and none by KEY fails; unknown signatures are
 * ignored. */
HM_MUST_USE hm_err hm_note_open(hm_bytes note, const hm_note_key *key, hm_bytes *text);

typedef struct {
    char origin[HM_NOTE_NAME_MAX];
    uint64_t size;
    hm_merkle_hash root;
} hm_checkpoint;
HM_MUST_USE hm_err hm_checkpoint_put(const hm_checkpoint *checkpoint, hm_buf *text);
/* Opens the note with KEY and parses; the origin must equal the key's name. */
HM_MUST_USE hm_err hm_checkpoint_open(hm_bytes note, const hm_note_key *key, hm_checkpoint *checkpoint);

#endif
