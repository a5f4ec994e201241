#include "office.h"

#include <base/file.h>
#include <base/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHECKPOINT_MAX = 16384 };

uint64_t hm_log_outcome_tag(hm_bytes signature_hash) {
    hm_reader reader = hm_reader_of(signature_hash);
    uint64_t tag;
    return hm_failed(hm_read_u64be(&reader, &tag)) ? 0 : tag;
}

static hm_err make_leaf(const hm_office *office, const hm_record *record, const uint8_t salt[static HM_SALT_LEN],
                        hm_buf *cbor) {
    hm_leaf leaf = {
        .type = record->type,
        .has_product = record->product != NULL,
        .format = record->format,
        .digest_len = record->digest.len,
        .has_intent = record->has_intent,
        .intent = record->intent,
    };
    if (record->digest.len > sizeof leaf.digest) return hm_refuse("a digest is too long for the log");
    memcpy(leaf.office, office->row.uuid, sizeof leaf.office);
    if (record->product) memcpy(leaf.product_class, record->product->class, sizeof leaf.product_class);
    if (record->digest.len) memcpy(leaf.digest, record->digest.data, record->digest.len);
    hm_leaf_details_hash(salt, record->details, leaf.details_hash);
    return hm_leaf_put(&leaf, cbor);
}

hm_err hm_log_append(hm_office *office, const hm_record *record, uint64_t *index) {
    uint8_t salt[HM_SALT_LEN];
    HM_TRY(hm_random(salt, sizeof salt));
    HM_BUF leaf = HM_BUF_EMPTY;
    HM_TRY(make_leaf(office, record, salt, &leaf));
    hm_entry_row row = {
        .leaf = hm_buf_bytes(&leaf),
        .salt = HM_ARRAY(salt),
        .details = record->details,
        .tag = record->type == HM_LEAF_OUTCOME ? hm_log_outcome_tag(record->digest) : record->tag,
    };
    HM_TRY(hm_store_append(office->store, &row, index));
    office->logged = true;
    return HM_OK;
}

hm_err hm_log_now(hm_office *office, const hm_record *record, uint64_t *index) {
    HM_TRY(hm_store_begin(office->store));
    hm_err err = hm_log_append(office, record, index);
    if (!hm_failed(err)) return hm_store_commit(office->store);
    hm_store_rollback(office->store);
    return err;
}

hm_json hm_log_act(const hm_office *office, const char *act, hm_buf *details) {
    hm_json json = hm_json_canonical(details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "act", act);
    hm_json_string(&json, "actor", office->session->actor);
    return json;
}

hm_err hm_log_refused_act(hm_office *office, const char *act, const char *reason) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_log_act(office, act, &details);
    if (office->session->product.id) hm_json_string(&json, "product", office->session->product.name);
    hm_json_string(&json, "reason", reason);
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_REFUSAL,
                        .product = office->session->product.id ? &office->session->product : NULL,
                        .details = hm_buf_bytes(&details)};
    uint64_t index;
    return hm_log_now(office, &record, &index);
}

/* Publishing. */

typedef struct {
    hm_office *office;
    uint64_t next;
    hm_buf leaves;                    /* the entries read ahead */
    size_t starts[HM_TILE_WIDTH + 1]; /* where each stands in LEAVES */
    size_t held, given;
} feed_state;

static hm_err hold_leaf(void *context, const hm_entry_row *entry) {
    feed_state *feed = context;
    if (entry->index != feed->next + feed->held)
        return hm_could_not("the log's entry %llu is missing from the database (restore it from a backup)",
                            (unsigned long long)(feed->next + feed->held));
    feed->starts[feed->held++] = feed->leaves.len;
    feed->starts[feed->held] = feed->leaves.len + entry->leaf.len;
    return hm_put(&feed->leaves, entry->leaf);
}

/* Read ahead a bundle's worth: a query per entry would cost more than the entry. */
static hm_err read_ahead(feed_state *feed) {
    feed->next += feed->held;
    feed->held = feed->given = 0;
    feed->leaves.len = 0;
    return hm_store_entries(feed->office->store, feed->next, HM_TILE_WIDTH, hold_leaf, feed);
}

static hm_err next_leaf(void *context, hm_bytes *leaf) {
    feed_state *feed = context;
    if (feed->given == feed->held) HM_TRY(read_ahead(feed));
    if (feed->given == feed->held) return hm_could_not("the database ends before the log does");
    size_t i = feed->given++;
    return hm_bytes_part(hm_buf_bytes(&feed->leaves), feed->starts[i], feed->starts[i + 1] - feed->starts[i], leaf);
}

static hm_err extend_tiles(hm_office *office, hm_tree_edge *tree, uint64_t size) {
    feed_state feed = {.office = office, .next = tree->size - tree->size % HM_TILE_WIDTH};
    hm_err err = hm_tiles_extend(office->log_dirfd, tree, size, (hm_entry_feed){&feed, next_leaf});
    hm_buf_clear(&feed.leaves);
    return err;
}

typedef struct {
    hm_office *office;
    hm_key *key;
    hm_note_key verifier;
    bool found;
} log_key_search;

static hm_err take_log_key(void *context, const hm_key_row *row) {
    log_key_search *search = context;
    search->found = true;
    HM_TRY(hm_note_key_make(search->office->row.origin, row->spki, &search->verifier));
    HM_TRY(hm_in(hm_key_id_check(search->office, NULL, row), "the log's key"));
    if (!search->office->token) return HM_OK;
    /* A governed office's database is not believed what that key is. */
    bool governed = search->office->governed;
    HM_TRY(hm_token_find(search->office->token, (hm_key_algorithm)row->algorithm, row->token_id,
                         governed ? HM_NO_BYTES : row->spki, &search->key));
    return hm_bytes_equal(hm_key_signer(search->key).spki, row->spki)
               ? HM_OK
               : hm_refuse("the log's key is not the one that the database names: it was changed");
}

static hm_err find_log_key(hm_office *office, log_key_search *search) {
    size_t found;
    HM_TRY(hm_store_keys(office->store, 0, HM_KEY_ROLE_LOG, 0, take_log_key, search, &found));
    if (!found) return hm_could_not("the office has no log key (its database is damaged)");
    return HM_OK;
}

hm_err hm_log_key(hm_office *office, hm_note_key *key) {
    log_key_search search = {.office = office};
    HM_TRY(find_log_key(office, &search));
    *key = search.verifier;
    return HM_OK;
}

static hm_err sign_checkpoint(hm_office *office, const hm_tree_edge *tree, hm_buf *note) {
    HM_TRY(hm_office_token(office));
    log_key_search search = {.office = office};
    HM_TRY(find_log_key(office, &search));
    hm_checkpoint checkpoint = {.size = tree->size, .root = hm_tree_edge_root(tree)};
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", office->row.origin);
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_checkpoint_put(&checkpoint, &text));
    HM_TRY(hm_statements_put_head(office, tree->size, &text));
    hm_signer signer = hm_key_signer(search.key);
    HM_TRY(hm_note_sign(hm_buf_bytes(&text), &search.verifier, &signer, note));
    /* One that nobody can verify must not take the place of one that they can. */
    return hm_in(hm_checkpoint_open(hm_buf_bytes(note), &search.verifier, &checkpoint), "the token signed wrongly");
}

/* What stands before a note's signatures. */
static hm_err text_of(hm_bytes note, hm_bytes *text) {
    static const uint8_t blank[] = {'\n', '\n'};
    const uint8_t *end = note.len ? memmem(note.data, note.len, blank, sizeof blank) : NULL;
    return end ? hm_bytes_part(note, 0, (size_t)(end - note.data) + 1, text)
               : hm_could_not("the database's own checkpoint is none");
}

hm_err hm_log_sign_again(hm_office *office) {
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY, fresh = HM_BUF_EMPTY;
    log_key_search search = {.office = office};
    hm_bytes text;
    HM_TRY(hm_store_get_head(office->store, &edge, &note));
    HM_TRY(text_of(hm_buf_bytes(&note), &text));
    HM_TRY(hm_office_token(office));
    HM_TRY(find_log_key(office, &search));
    hm_signer signer = hm_key_signer(search.key);
    HM_TRY(hm_note_sign(text, &search.verifier, &signer, &fresh));
    HM_TRY(hm_store_put_head(office->store, hm_buf_bytes(&edge), hm_buf_bytes(&fresh)));
    return hm_file_write(office->log_dirfd, "checkpoint", hm_buf_bytes(&fresh), 0644);
}

/* The tree that the database has stored as published. One core per process, so that 64 KiB can stand here. */
static hm_err stored_tree(const hm_office *office, hm_tree_edge *tree, hm_buf *note) {
    HM_BUF edge = HM_BUF_EMPTY;
    HM_TRY(hm_store_get_head(office->store, &edge, note));
    hm_tree_edge_init(tree);
    return edge.len ? hm_tree_edge_get(hm_buf_bytes(&edge), tree) : HM_OK;
}

/* The stored edge must still stand for what NOTE was signed over: the next checkpoint is signed over what grows from
 * it. */
static hm_err check_edge(const hm_tree_edge *tree, hm_bytes note) {
    HM_BUF root = HM_BUF_EMPTY;
    hm_merkle_hash hash = hm_tree_edge_root(tree);
    hm_reader reader = hm_reader_of(note);
    hm_bytes line;
    if (!note.len) return HM_OK;
    HM_TRY(hm_put_base64(&root, HM_ARRAY(hash.byte)));
    for (int i = 0; i < 3; i++) HM_TRY(hm_in(hm_read_line(&reader, &line), "the database's own checkpoint"));
    if (hm_bytes_equal(line, hm_buf_bytes(&root))) return HM_OK;
    return hm_could_not(
        "the database's tree is not the one that its checkpoint was signed over (restore office.db from a "
        "backup)");
}

/* The root that the database's entries give at SIZE. */
static hm_err root_at(hm_office *office, uint64_t size, hm_merkle_hash *root) {
    static hm_tree_edge tree;
    HM_BUF note = HM_BUF_EMPTY;
    HM_TRY(stored_tree(office, &tree, &note));
    if (tree.size > size) hm_tree_edge_init(&tree);
    feed_state feed = {.office = office, .next = tree.size};
    hm_err err = HM_OK;
    while (!hm_failed(err) && tree.size < size) {
        hm_bytes leaf;
        err = next_leaf(&feed, &leaf);
        if (!hm_failed(err)) err = hm_tree_edge_append(&tree, leaf);
    }
    hm_buf_clear(&feed.leaves);
    *root = hm_tree_edge_root(&tree);
    return err;
}

static hm_err refuse_fork(uint64_t published, uint64_t held) {
    return hm_could_not(
        "log/checkpoint was signed over %llu entries that are not those in the database, which holds %llu (it was "
        "restored from an old backup, or changed; the log must not fork)",
        (unsigned long long)published, (unsigned long long)held);
}

static hm_err check_published_note(hm_office *office, hm_bytes note) {
    hm_note_key key;
    hm_checkpoint published;
    uint64_t held;
    hm_merkle_hash root;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_in(hm_checkpoint_open(note, &key, &published),
                 "log/checkpoint (restore it from a backup, or remove it to have it written again)"));
    HM_TRY(hm_store_log_size(office->store, &held));
    if (published.size > held) return refuse_fork(published.size, held);
    if (!office->stated && hm_statements_named(note))
        return hm_refuse("log/checkpoint names statements, and the database has none: it was changed");
    HM_TRY(root_at(office, published.size, &root));
    return memcmp(&root, &published.root, sizeof root) == 0 ? HM_OK : refuse_fork(published.size, held);
}

/* Entries that the database itself remembers to have published must be there. The stored edge begins with their number.
 */
static hm_err check_none_removed(hm_office *office, hm_bytes edge) {
    hm_reader reader = hm_reader_of(edge);
    uint64_t published, held;
    if (!edge.len) return HM_OK;
    HM_TRY(hm_read_u64be(&reader, &published));
    HM_TRY(hm_store_log_size(office->store, &held));
    return published > held ? refuse_fork(published, held) : HM_OK;
}

hm_err hm_log_check_founded(hm_office *office) {
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    HM_TRY(hm_store_get_head(office->store, &edge, &note));
    if (note.len) return HM_OK;
    return hm_could_not("%s: this office was never finished (remove the folder and run hallmark init again)",
                        office->directory);
}

hm_err hm_log_check_head(hm_office *office) {
    HM_BUF published = HM_BUF_EMPTY, edge = HM_BUF_EMPTY, stored = HM_BUF_EMPTY;
    struct stat st;
    HM_TRY(hm_store_get_head(office->store, &edge, &stored));
    HM_TRY(check_none_removed(office, hm_buf_bytes(&edge)));
    /* Before the first checkpoint, or when somebody took the file away: the database knows what was published. */
    if (fstatat(office->log_dirfd, "checkpoint", &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) return HM_OK;
    HM_TRY(hm_in(hm_file_read(office->log_dirfd, "checkpoint", CHECKPOINT_MAX, &published), "log"));
    if (hm_bytes_equal(hm_buf_bytes(&published), hm_buf_bytes(&stored))) return HM_OK;
    return check_published_note(office, hm_buf_bytes(&published));
}

/* Files first, the checkpoint behind them, the head in the database last: after a crash anywhere the same entries give
 * the same files again, and no published size is ever forgotten by what signs the next one. */
static hm_err publish_tree(hm_office *office, hm_tree_edge *tree, uint64_t size, hm_buf *note) {
    HM_BUF edge = HM_BUF_EMPTY;
    HM_TRY(extend_tiles(office, tree, size));
    note->len = 0;
    HM_TRY(sign_checkpoint(office, tree, note));
    HM_TRY(hm_tree_edge_put(tree, &edge));
    HM_TRY(hm_tiles_publish(office->log_dirfd, hm_buf_bytes(note)));
    return hm_store_put_head(office->store, hm_buf_bytes(&edge), hm_buf_bytes(note));
}

hm_err hm_log_publish(hm_office *office, hm_buf *checkpoint) {
    HM_FD lock = -1;
    HM_BUF note = HM_BUF_EMPTY;
    static hm_tree_edge tree;
    uint64_t size;
    HM_TRY(hm_store_log_size(office->store, &size));
    HM_TRY(stored_tree(office, &tree, &note));
    /* With nothing to publish nothing is written, and a copy on a read-only medium can be read. */
    bool published = size == tree.size && note.len;
    if (!published) {
        HM_TRY(hm_office_lock(office, "publish.lock", &lock));
        HM_TRY(hm_log_check_head(office));
        HM_TRY(hm_statements_load(office)); /* before the size is read, so that none of them lies behind it */
        note.len = 0;
        HM_TRY(stored_tree(office, &tree, &note));
        HM_TRY(check_edge(&tree, hm_buf_bytes(&note)));
        HM_TRY(hm_store_log_size(office->store, &size));
    }
    if (size > tree.size || !note.len) HM_TRY(publish_tree(office, &tree, size, &note));
    office->logged = false;
    return checkpoint ? hm_put(checkpoint, hm_buf_bytes(&note)) : HM_OK;
}

hm_err hm_log_look_behind(hm_office *office) {
    static hm_tree_edge tree;
    HM_BUF note = HM_BUF_EMPTY;
    uint64_t size;
    HM_TRY(hm_store_log_size(office->store, &size));
    HM_TRY(stored_tree(office, &tree, &note));
    office->logged |= size > tree.size;
    return HM_OK;
}

hm_err hm_log_continues(hm_office *office, hm_bytes note, uint64_t *size) {
    hm_note_key key;
    hm_checkpoint kept;
    uint64_t held;
    hm_merkle_hash root;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_in(hm_checkpoint_open(note, &key, &kept), "the checkpoint that was kept"));
    *size = kept.size;
    HM_TRY(hm_store_log_size(office->store, &held));
    if (kept.size > held)
        return hm_refuse("the checkpoint that was kept is over %llu entries, and there are %llu here: the last %llu "
                         "would be forgotten, and the log would fork (is there a later backup?)",
                         (unsigned long long)kept.size, (unsigned long long)held,
                         (unsigned long long)(kept.size - held));
    HM_TRY(root_at(office, kept.size, &root));
    return memcmp(&root, &kept.root, sizeof root) == 0
               ? HM_OK
               : hm_refuse("the checkpoint that was kept, over %llu entries, was signed over others than are here: "
                           "the log has forked",
                           (unsigned long long)kept.size);
}

hm_err hm_log_write_anew(hm_office *office, uint64_t *size) {
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    static hm_tree_edge tree;
    hm_note_key key;
    hm_checkpoint head;
    HM_TRY(hm_store_get_head(office->store, &edge, &note));
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_in(hm_checkpoint_open(hm_buf_bytes(&note), &key, &head), "the database's own checkpoint"));
    hm_tree_edge_init(&tree);
    HM_TRY(extend_tiles(office, &tree, head.size));
    hm_merkle_hash root = hm_tree_edge_root(&tree);
    if (memcmp(&root, &head.root, sizeof root) != 0)
        return hm_refuse("the entries are not those that the checkpoint of size %llu was signed over",
                         (unsigned long long)head.size);
    *size = head.size;
    return hm_tiles_publish(office->log_dirfd, hm_buf_bytes(&note));
}

bool hm_log_published_just_now(const hm_office *office) {
    struct stat st;
    struct timespec now;
    if (fstatat(office->log_dirfd, "checkpoint", &st, AT_SYMLINK_NOFOLLOW) != 0) return false;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (now.tv_sec - st.st_mtim.tv_sec) * INT64_C(1000000000) + (now.tv_nsec - st.st_mtim.tv_nsec);
    /* A date in the future (the clock was put back) is no reason to wait. */
    return age >= 0 && age < INT64_C(1000000000);
}

hm_err hm_log_result(hm_office *office, const hm_record *outcome, hm_err signed_err) {
    hm_record record = *outcome;
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    if (hm_failed(signed_err)) hm_json_string(&json, "reason", hm_err_sentence());
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    record.type = hm_failed(signed_err) ? HM_LEAF_FAILURE : HM_LEAF_OUTCOME;
    if (hm_failed(signed_err)) record.digest = HM_NO_BYTES;
    record.has_intent = true;
    record.details = hm_buf_bytes(&details);
    uint64_t index;
    return hm_log_now(office, &record, &index);
}

/* The logged signer. */

static hm_err log_intent(hm_logged_signer *logged, hm_bytes message, uint64_t *intent) {
    hm_digest digest;
    hm_digest_of(HM_SHA256, message, &digest);
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "actor", logged->office->session->actor);
    hm_json_hex(&json, "key", HM_ARRAY(logged->token_id));
    hm_json_string(&json, "purpose", logged->purpose);
    hm_json_number(&json, "time", hm_now());
    hm_json_string(&json, "token", logged->office->token_name);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_INTENT,
                        .product = logged->product,
                        .digest = hm_digest_bytes(&digest),
                        .details = hm_buf_bytes(&details)};
    return hm_log_now(logged->office, &record, intent);
}

static hm_err log_result(hm_logged_signer *logged, uint64_t intent, hm_err signed_err, hm_bytes signature) {
    uint8_t hash[HM_SHA256_LEN];
    hm_sha256(signature, hash);
    hm_record outcome = {.product = logged->product, .digest = HM_ARRAY(hash), .intent = intent};
    return hm_log_result(logged->office, &outcome, signed_err);
}

/* A token that errs, or is made to, must not have a certificate of ours with a signature that fits nothing: for some
 * schemes such a signature tells the key. */
static hm_err check_signature(const hm_logged_signer *logged, hm_scheme scheme, hm_bytes message, hm_bytes signature) {
    bool good;
    HM_TRY(hm_decided(hm_verify(logged->token.spki, scheme, message, signature), &good));
    return good ? HM_OK : hm_could_not("the token gave a signature that does not fit its key");
}

static hm_err sign_logged(void *context, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    hm_logged_signer *logged = context;
    uint64_t intent;
    HM_TRY(log_intent(logged, message, &intent));
    HM_BUF fresh = HM_BUF_EMPTY;
    hm_err err = logged->token.sign(logged->token.key, scheme, message, &fresh);
    if (!hm_failed(err)) err = check_signature(logged, scheme, message, hm_buf_bytes(&fresh));
    HM_TRY(log_result(logged, intent, err, hm_buf_bytes(&fresh)));
    HM_TRY(err);
    return hm_put(signature, hm_buf_bytes(&fresh));
}

hm_signer hm_logged(hm_logged_signer *logged) {
    return (hm_signer){sign_logged, logged, logged->token.algorithm, logged->token.spki};
}
