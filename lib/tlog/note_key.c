/* Verifier keys of signed notes (C2SP signed-note, "Signatures" and "Signature types"). */
#include "note_names.h"
#include <tlog/note.h>

#include "utf8.h"

#include <stdio.h>
#include <string.h>

enum { ED25519_LEN = 32, P256_POINT_LEN = 65 };

hm_err hm_tlog_check_any_name(hm_bytes name) {
    if (!name.len) return hm_refuse("the name is empty");
    hm_reader reader = hm_reader_of(name);
    while (reader.rest.len) {
        uint32_t c;
        HM_TRY(hm_tlog_read_utf8(&reader, &c));
        if (c < 0x20 || c == '+' || hm_tlog_is_space(c))
            return hm_refuse("the name holds a space, a plus sign or a control character");
    }
    return HM_OK;
}

hm_err hm_tlog_check_name(hm_bytes name) {
    if (name.len >= HM_NOTE_NAME_MAX) return hm_refuse("the log's name is longer than %d bytes", HM_NOTE_NAME_MAX - 1);
    return hm_in(hm_tlog_check_any_name(name), "the log's name");
}

void hm_tlog_copy_name(hm_bytes name, char to[static HM_NOTE_NAME_MAX]) {
    memcpy(to, name.data, name.len);
    to[name.len] = 0;
}

/* Is SPKI what MAKE gives for its own last LEN bytes? Then it is that kind of key in its one canonical form. */
static hm_err is_ed25519(hm_bytes spki, bool *yes) {
    HM_BUF canonical = HM_BUF_EMPTY;
    hm_bytes point;
    *yes = false;
    if (spki.len <= ED25519_LEN) return HM_OK;
    HM_TRY(hm_bytes_part(spki, spki.len - ED25519_LEN, ED25519_LEN, &point));
    HM_TRY(hm_spki_from_ed25519(point, &canonical));
    *yes = hm_bytes_equal(spki, hm_buf_bytes(&canonical));
    return HM_OK;
}

static hm_err is_p256(hm_bytes spki, bool *yes) {
    HM_BUF canonical = HM_BUF_EMPTY;
    hm_bytes point;
    *yes = false;
    if (spki.len <= P256_POINT_LEN) return HM_OK;
    HM_TRY(hm_bytes_part(spki, spki.len - P256_POINT_LEN, P256_POINT_LEN, &point));
    if (point.data[0] != 0x04) return HM_OK;
    HM_TRY(hm_spki_from_ec_point(HM_KEY_ES256, point, &canonical));
    *yes = hm_bytes_equal(spki, hm_buf_bytes(&canonical));
    return HM_OK;
}

static hm_err type_of(hm_bytes spki, uint8_t *type) {
    bool yes;
    HM_TRY(is_ed25519(spki, &yes));
    *type = HM_NOTE_ED25519;
    if (yes) return HM_OK;
    HM_TRY(is_p256(spki, &yes));
    *type = HM_NOTE_ECDSA;
    if (yes) return HM_OK;
    return hm_refuse("a log key is an Ed25519 or a P-256 key, and this is neither");
}

/* What follows the type in a verifier key: 32 bytes for Ed25519, the SubjectPublicKeyInfo for ECDSA. */
static hm_err encoded_key(const hm_note_key *key, hm_bytes *encoded) {
    hm_bytes spki = HM_BYTES(key->spki, key->spki_len);
    if (key->type == HM_NOTE_ED25519) return hm_bytes_part(spki, spki.len - ED25519_LEN, ED25519_LEN, encoded);
    *encoded = spki;
    return HM_OK;
}

static hm_err derive_id(hm_note_key *key) {
    HM_BUF named = HM_BUF_EMPTY;
    hm_bytes encoded;
    HM_TRY(encoded_key(key, &encoded));
    if (key->type == HM_NOTE_ED25519) {
        HM_TRY(hm_put_text(&named, key->name));
        HM_TRY(hm_put_u8(&named, '\n'));
        HM_TRY(hm_put_u8(&named, key->type));
    }
    HM_TRY(hm_put(&named, encoded));
    uint8_t digest[HM_SHA256_LEN];
    hm_sha256(hm_buf_bytes(&named), digest);
    memcpy(key->id, digest, sizeof key->id);
    return HM_OK;
}

static hm_err make(hm_bytes name, hm_bytes spki, hm_note_key *key) {
    HM_TRY(hm_tlog_check_name(name));
    if (spki.len > sizeof key->spki) return hm_refuse("a log key is an Ed25519 or a P-256 key, and this is neither");
    HM_TRY(type_of(spki, &key->type));
    hm_tlog_copy_name(name, key->name);
    memcpy(key->spki, spki.data, spki.len);
    key->spki_len = spki.len;
    return derive_id(key);
}

hm_err hm_note_key_make(const char *name, hm_bytes spki, hm_note_key *key) {
    memset(key, 0, sizeof *key);
    hm_err err = make(hm_text(name), spki, key);
    if (hm_failed(err)) memset(key, 0, sizeof *key);
    return err;
}

/* The part before the next plus sign; the third part of a verifier key is base64 and may hold more of them. */
static hm_err read_to_plus(hm_reader *reader, hm_bytes *part) {
    const uint8_t *plus = reader->rest.len ? memchr(reader->rest.data, '+', reader->rest.len) : NULL;
    if (!plus) return hm_refuse("a verifier key has the form NAME+ID+KEY, and this has fewer parts");
    HM_TRY(hm_read_bytes(reader, (size_t)(plus - reader->rest.data), part));
    return hm_read_skip(reader, 1);
}

static hm_err decode_spki(hm_bytes base64, hm_buf *spki) {
    HM_BUF blob = HM_BUF_EMPTY;
    uint8_t type;
    if (base64.len > 256) return hm_refuse("the key in the verifier key is too long");
    HM_TRY(hm_base64_decode(base64, &blob));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&blob));
    HM_TRY(hm_read_u8(&reader, &type));
    if (type == HM_NOTE_ED25519 && reader.rest.len == ED25519_LEN) return hm_spki_from_ed25519(reader.rest, spki);
    if (type == HM_NOTE_ECDSA) return hm_put(spki, reader.rest);
    return hm_refuse("the verifier key is of an unknown type (0x01 Ed25519 and 0x02 ECDSA are known)");
}

static hm_err parse(hm_bytes vkey, hm_note_key *key) {
    HM_BUF spki = HM_BUF_EMPTY;
    HM_BUF id = HM_BUF_EMPTY;
    hm_reader reader = hm_reader_of(vkey);
    hm_bytes name, hex;
    HM_TRY(read_to_plus(&reader, &name));
    HM_TRY(read_to_plus(&reader, &hex));
    if (hex.len != 2 * sizeof key->id) return hm_refuse("the id in the verifier key is not of eight digits");
    HM_TRY(hm_hex_decode(hex, &id));
    HM_TRY(decode_spki(reader.rest, &spki));
    HM_TRY(make(name, hm_buf_bytes(&spki), key));
    if (!hm_bytes_equal(hm_buf_bytes(&id), HM_ARRAY(key->id)))
        return hm_refuse("the id in the verifier key does not belong to its name and key");
    return HM_OK;
}

hm_err hm_note_key_parse(hm_bytes vkey, hm_note_key *key) {
    memset(key, 0, sizeof *key);
    hm_err err = parse(vkey, key);
    if (hm_failed(err)) memset(key, 0, sizeof *key);
    return err;
}

hm_err hm_note_key_put(const hm_note_key *key, hm_buf *vkey) {
    HM_BUF blob = HM_BUF_EMPTY;
    hm_bytes encoded;
    HM_TRY(encoded_key(key, &encoded));
    HM_TRY(hm_put_u8(&blob, key->type));
    HM_TRY(hm_put(&blob, encoded));
    HM_TRY(hm_put_text(vkey, key->name));
    HM_TRY(hm_put_u8(vkey, '+'));
    HM_TRY(hm_put_hex(vkey, HM_ARRAY(key->id)));
    HM_TRY(hm_put_u8(vkey, '+'));
    return hm_put_base64(vkey, hm_buf_bytes(&blob));
}
