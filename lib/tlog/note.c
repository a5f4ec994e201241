/* Signed notes (C2SP signed-note). */
#include <tlog/note.h>

#include "note_names.h"
#include "utf8.h"

#include <string.h>

/* 16 signatures must be accepted, and one may have 5 KB; more than these nobody needs (the same limits as Go's). */
enum { NOTE_MAX = 1000000, SIGNATURES_MAX = 100, ID_LEN = 4 };

static const char dash[] = "\xe2\x80\x94 ";

static hm_err check_text(hm_bytes text) {
    hm_reader reader = hm_reader_of(text);
    while (reader.rest.len) {
        uint32_t c;
        HM_TRY(hm_tlog_read_utf8(&reader, &c));
        if (c < 0x20 && c != '\n') return hm_refuse("the signed note holds a control character");
    }
    return HM_OK;
}

/* The text ends at the last empty line. */
static hm_err split(hm_bytes note, hm_bytes *text, hm_bytes *signatures) {
    size_t end = note.len;
    for (size_t at = 0; at + 1 < note.len; at++)
        if (note.data[at] == '\n' && note.data[at + 1] == '\n') end = at;
    if (end == note.len) return hm_refuse("the signed note has no signature");
    HM_TRY(hm_bytes_part(note, 0, end + 1, text));
    return hm_bytes_part(note, end + 2, note.len - end - 2, signatures);
}

typedef struct {
    hm_bytes name;
    hm_buf blob; /* key id, then the signature */
} signature_line;

static void signature_line_clear(signature_line *line) { hm_buf_clear(&line->blob); }
#define SIGNATURE_LINE __attribute__((cleanup(signature_line_clear))) signature_line

static hm_err parse_signature_line(hm_bytes text, signature_line *line) {
    hm_reader reader = hm_reader_of(text);
    hm_bytes start;
    HM_TRY(hm_read_bytes(&reader, sizeof dash - 1, &start));
    if (!hm_bytes_equal(start, hm_text(dash))) return hm_refuse("it does not begin with a dash and a space");
    const uint8_t *space = reader.rest.len ? memchr(reader.rest.data, ' ', reader.rest.len) : NULL;
    if (!space) return hm_refuse("it has no name");
    HM_TRY(hm_read_bytes(&reader, (size_t)(space - reader.rest.data), &line->name));
    HM_TRY(hm_read_skip(&reader, 1));
    HM_TRY(hm_tlog_check_any_name(line->name));
    HM_TRY(hm_base64_decode(reader.rest, &line->blob));
    if (line->blob.len <= ID_LEN) return hm_refuse("it has no signature behind the key id");
    return HM_OK;
}

static hm_scheme scheme_of(const hm_note_key *key) {
    return key->type == HM_NOTE_ED25519 ? HM_SCHEME_ED25519 : HM_SCHEME_ECDSA_SHA256;
}

/* A line by another key says nothing; one by KEY must verify. */
static hm_err check_line(const signature_line *line, hm_bytes text, const hm_note_key *key, bool *by_key) {
    hm_reader reader = hm_reader_of(hm_buf_bytes(&line->blob));
    hm_bytes id;
    HM_TRY(hm_read_bytes(&reader, ID_LEN, &id));
    *by_key = hm_bytes_equal(line->name, hm_text(key->name)) && hm_bytes_equal(id, HM_ARRAY(key->id));
    if (!*by_key) return HM_OK;
    return hm_in(hm_verify(HM_BYTES(key->spki, key->spki_len), scheme_of(key), text, reader.rest),
                 "the note's signature by %s", key->name);
}

static hm_err check_signatures(hm_bytes signatures, hm_bytes text, const hm_note_key *key) {
    hm_reader reader = hm_reader_of(signatures);
    bool verified = false;
    for (unsigned number = 1; reader.rest.len; number++) {
        SIGNATURE_LINE line = {HM_NO_BYTES, HM_BUF_EMPTY};
        hm_bytes one;
        bool by_key;
        if (number > SIGNATURES_MAX) return hm_refuse("the signed note has more than %d signatures", SIGNATURES_MAX);
        HM_TRY(hm_in(hm_read_line(&reader, &one), "signature line %u of the note", number));
        HM_TRY(hm_in(parse_signature_line(one, &line), "signature line %u of the note", number));
        HM_TRY(check_line(&line, text, key, &by_key));
        verified = verified || by_key;
    }
    if (!verified) return hm_refuse("the note is not signed by the key of %s", key->name);
    return HM_OK;
}

hm_err hm_note_open(hm_bytes note, const hm_note_key *key, hm_bytes *text) {
    hm_bytes body, signatures;
    *text = HM_NO_BYTES;
    if (note.len > NOTE_MAX) return hm_refuse("the signed note is longer than %d bytes", NOTE_MAX);
    HM_TRY(check_text(note));
    HM_TRY(split(note, &body, &signatures));
    HM_TRY(check_signatures(signatures, body, key));
    *text = body;
    return HM_OK;
}

static hm_err check_signer(const hm_note_key *key, const hm_signer *signer) {
    hm_key_algorithm wanted = key->type == HM_NOTE_ED25519 ? HM_KEY_ED25519 : HM_KEY_ES256;
    bool same = hm_bytes_equal(signer->spki, HM_BYTES(key->spki, key->spki_len));
    if (signer->algorithm != wanted || !same) return hm_misuse("the signer is not the log key of %s", key->name);
    return HM_OK;
}

hm_err hm_note_sign(hm_bytes text, const hm_note_key *key, const hm_signer *signer, hm_buf *note) {
    HM_BUF blob = HM_BUF_EMPTY;
    HM_TRY(check_signer(key, signer));
    if (!text.len || text.data[text.len - 1] != '\n') return hm_misuse("the text of a note must end with a line feed");
    HM_TRY(check_text(text));
    HM_TRY(hm_put(&blob, HM_ARRAY(key->id)));
    HM_TRY(signer->sign(signer->key, scheme_of(key), text, &blob));
    HM_TRY(hm_put(note, text));
    HM_TRY(hm_put_format(note, "\n%s%s ", dash, key->name));
    HM_TRY(hm_put_base64(note, hm_buf_bytes(&blob)));
    return hm_put_u8(note, '\n');
}
