/* Checkpoints (C2SP tlog-checkpoint). */
#include <tlog/note.h>

#include "note_names.h"

#include <inttypes.h>
#include <string.h>

hm_err hm_checkpoint_put(const hm_checkpoint *checkpoint, hm_buf *text) {
    HM_TRY(hm_tlog_check_name(hm_text(checkpoint->origin)));
    HM_TRY(hm_put_format(text, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size));
    HM_TRY(hm_put_base64(text, HM_ARRAY(checkpoint->root.byte)));
    return hm_put_u8(text, '\n');
}

static hm_err decode_root(hm_bytes base64, uint64_t size, hm_merkle_hash *root) {
    HM_BUF hash = HM_BUF_EMPTY;
    HM_TRY(hm_base64_decode(base64, &hash));
    if (hash.len != HM_HASH_LEN) return hm_refuse("the root hash is not of 32 bytes");
    memcpy(root->byte, hash.data, HM_HASH_LEN);
    hm_merkle_hash empty = hm_merkle_empty();
    if (!size && memcmp(root, &empty, sizeof empty) != 0) return hm_refuse("the empty tree has another root");
    return HM_OK;
}

/* Lines behind the third are opaque extensions, but never empty. */
static hm_err check_extensions(hm_reader *reader) {
    while (reader->rest.len) {
        hm_bytes line;
        HM_TRY(hm_read_line(reader, &line));
        if (!line.len) return hm_refuse("an extension line is empty");
    }
    return HM_OK;
}

static hm_err parse(hm_bytes text, const hm_note_key *key, hm_checkpoint *checkpoint) {
    hm_reader reader = hm_reader_of(text);
    hm_bytes origin, size, root;
    HM_TRY(hm_read_line(&reader, &origin));
    HM_TRY(hm_read_line(&reader, &size));
    HM_TRY(hm_read_line(&reader, &root));
    if (!hm_bytes_equal(origin, hm_text(key->name))) return hm_refuse("it is of another log than %s", key->name);
    hm_tlog_copy_name(origin, checkpoint->origin);
    HM_TRY(hm_in(hm_decimal_decode(size, &checkpoint->size), "the tree size"));
    HM_TRY(decode_root(root, checkpoint->size, &checkpoint->root));
    return check_extensions(&reader);
}

hm_err hm_checkpoint_open(hm_bytes note, const hm_note_key *key, hm_checkpoint *checkpoint) {
    hm_bytes text;
    memset(checkpoint, 0, sizeof *checkpoint);
    HM_TRY(hm_in(hm_note_open(note, key, &text), "the checkpoint"));
    hm_err err = hm_in(parse(text, key, checkpoint), "the checkpoint");
    if (hm_failed(err)) memset(checkpoint, 0, sizeof *checkpoint);
    return err;
}
