/* The keys of the database are the log's: whose they are, and that none was taken out or put in.
 *
 * A key and its entry are committed together, while others may go on: which keys there are is read before the entries
 * and once more behind them. */
#include "audit_keys.h"
#include "certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_ID_LEN = sizeof((hm_key_row *)0)->token_id, MERGE_LEAST = 4096 };
_Static_assert((int)KEY_ID_LEN == (int)HM_AUDITED_KEY_ID, "a key's id");

struct hm_audited_key {
    uint8_t id[KEY_ID_LEN];
    bool there, made, twice, named;
    bool imported;      /* as its row says */
    bool told_imported; /* as its entry does */
    uint64_t index;               /* of the entry that tells that it was MADE, or else that it was NAMED */
    uint8_t facts[HM_SHA256_LEN]; /* of what the row must say, too: product, role, algorithm, public key */
};

static hm_err add(hm_audited_keys *keys, const struct hm_audited_key *key) {
    if (keys->count == keys->room) {
        size_t room = 2 * keys->room + 16;
        struct hm_audited_key *larger = reallocarray(keys->key, room, sizeof *larger);
        if (!larger) return hm_no_memory();
        keys->key = larger;
        keys->room = room;
    }
    keys->key[keys->count++] = *key;
    return HM_OK;
}

static hm_err add_row(void *context, const hm_key_row *row) {
    struct hm_audited_key key = {.there = true, .imported = row->imported};
    memcpy(key.id, row->token_id, KEY_ID_LEN);
    return add(context, &key);
}

hm_err hm_audit_keys_begin(hm_office *office, hm_audited_keys *keys) {
    size_t found;
    return hm_store_keys(office->store, -1, 0, 0, add_row, keys, &found);
}

static int by_id(const void *a, const void *b) {
    return memcmp(((const struct hm_audited_key *)a)->id, ((const struct hm_audited_key *)b)->id, KEY_ID_LEN);
}

static void join(struct hm_audited_key *to, const struct hm_audited_key *from) {
    to->twice |= from->twice || (to->made && from->made);
    if (from->made || (!to->made && from->named && (!to->named || from->index < to->index))) to->index = from->index;
    if (from->made) memcpy(to->facts, from->facts, sizeof to->facts);
    to->made |= from->made;
    to->imported |= from->imported;
    to->told_imported |= from->told_imported;
    to->named |= from->named;
    to->there |= from->there;
}

/* What the database and the log say of one key, in one member. */
static void merge(hm_audited_keys *keys) {
    size_t count = 0;
    if (keys->count) qsort(keys->key, keys->count, sizeof *keys->key, by_id);
    for (size_t i = 0; i < keys->count; i++) {
        if (count && by_id(&keys->key[count - 1], &keys->key[i]) == 0)
            join(&keys->key[count - 1], &keys->key[i]);
        else
            keys->key[count++] = keys->key[i];
    }
    keys->count = count;
    keys->merge_at = 2 * count + MERGE_LEAST;
}

static hm_err hash_facts(hm_bytes product, hm_bytes role, hm_bytes algorithm, hm_bytes spki_sha256,
                         uint8_t hash[static HM_SHA256_LEN]) {
    HM_BUF facts = HM_BUF_EMPTY;
    HM_TRY(hm_put_format(&facts, "%.*s\n%.*s\n%.*s\n", (int)product.len, (const char *)product.data, (int)role.len,
                         (const char *)role.data, (int)algorithm.len, (const char *)algorithm.data));
    HM_TRY(hm_put(&facts, spki_sha256));
    hm_sha256(hm_buf_bytes(&facts), hash);
    return HM_OK;
}

static hm_err take_id(hm_bytes hex, struct hm_audited_key *key) {
    HM_BUF id = HM_BUF_EMPTY;
    HM_TRY(hm_hex_decode(hex, &id));
    if (id.len != KEY_ID_LEN)
        return hm_refuse("entry %llu tells of a key without its id", (unsigned long long)key->index);
    memcpy(key->id, id.data, KEY_ID_LEN);
    return HM_OK;
}

static hm_err add_made(hm_audited_keys *keys, const hm_leaf *leaf, const hm_entry_row *entry, bool imported) {
    struct hm_audited_key key = {.made = true, .told_imported = imported, .index = entry->index};
    hm_bytes details = entry->details;
    HM_TRY(take_id(hm_json_text_of(details, "key"), &key));
    HM_TRY(hash_facts(hm_json_text_of(details, "product"), hm_json_text_of(details, "role"),
                      hm_json_text_of(details, "algorithm"), HM_BYTES(leaf->digest, leaf->digest_len), key.facts));
    return add(keys, &key);
}

/* Of a key whose making is told in an entry that was erased, what was signed with it tells still. Few follow one
 * another by another key. */
static hm_err add_named(hm_audited_keys *keys, const hm_entry_row *entry) {
    struct hm_audited_key key = {.named = true, .index = entry->index};
    hm_bytes hex = hm_json_text_of(entry->details, "key");
    if (!hex.len) return HM_OK;
    HM_TRY(take_id(hex, &key));
    if (keys->named && memcmp(keys->last_named, key.id, KEY_ID_LEN) == 0) return HM_OK;
    keys->named = true;
    memcpy(keys->last_named, key.id, KEY_ID_LEN);
    if (keys->count >= keys->merge_at) merge(keys);
    return add(keys, &key);
}

hm_err hm_audit_keys_entry(hm_audited_keys *keys, const hm_leaf *leaf, const hm_entry_row *entry) {
    if (leaf->type == HM_LEAF_INTENT) return add_named(keys, entry);
    if (leaf->type != HM_LEAF_CEREMONY) return HM_OK;
    hm_bytes act = hm_json_text_of(entry->details, "act");
    bool imported = hm_bytes_equal(act, hm_text("key imported"));
    return imported || hm_bytes_equal(act, hm_text("key generated")) ? add_made(keys, leaf, entry, imported) : HM_OK;
}

typedef struct {
    hm_office *office;
    hm_audited_keys *keys;
    hm_product product; /* without a name: the office's own keys */
} key_audit;

/* The row must say what the log says. */
static hm_err check_facts(const struct hm_audited_key *known, const hm_key_row *row, const char *product) {
    uint8_t spki[HM_SHA256_LEN], facts[HM_SHA256_LEN];
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)row->algorithm);
    hm_sha256(row->spki, spki);
    HM_TRY(hash_facts(hm_text(product), hm_text(hm_key_role_name(row->role)), hm_text(algorithm ? algorithm : ""),
                      HM_ARRAY(spki), facts));
    return memcmp(facts, known->facts, sizeof facts) == 0
               ? HM_OK
               : hm_refuse(
                     "it is of another product, role, algorithm or public key than entry %llu says: it was changed",
                     (unsigned long long)known->index);
}

static hm_err audit_row(const key_audit *audit, const hm_key_row *row) {
    struct hm_audited_key wanted = {0}, *known = NULL;
    memcpy(wanted.id, row->token_id, KEY_ID_LEN);
    if (audit->keys->count) known = bsearch(&wanted, audit->keys->key, audit->keys->count, sizeof wanted, by_id);
    if (known) known->there = true;
    if (known) known->imported = row->imported;
    HM_TRY(hm_key_id_check(audit->office, audit->product.name[0] ? &audit->product : NULL, row));
    return known && known->made ? check_facts(known, row, audit->product.name) : HM_OK;
}

static hm_err audit_key(void *context, const hm_key_row *row) {
    const key_audit *audit = context;
    return hm_in(audit_row(audit, row), "a key of %s", audit->product.name[0] ? audit->product.name : "the office");
}

static hm_err audit_product(void *context, const hm_product_row *row) {
    key_audit audit = *(const key_audit *)context;
    size_t found;
    snprintf(audit.product.name, sizeof audit.product.name, "%.*s", (int)row->name.len, (const char *)row->name.data);
    memcpy(audit.product.vendor, row->vendor, sizeof audit.product.vendor);
    memcpy(audit.product.class, row->class, sizeof audit.product.class);
    return hm_store_keys(audit.office->store, row->id, 0, 0, audit_key, &audit, &found);
}

/* A key that is gone has nothing in a list of what it signed. An entry that was erased may be the one that told. */
static hm_err check(const hm_audited_keys *keys, bool any_erased) {
    for (size_t i = 0; i < keys->count; i++) {
        const struct hm_audited_key *key = &keys->key[i];
        HM_BUF id = HM_BUF_EMPTY;
        bool agreed = !key->made || key->imported == key->told_imported;
        if (key->there && agreed && !key->twice && (key->made || any_erased)) continue;
        HM_TRY(hm_put_hex(&id, HM_ARRAY(key->id)));
        if (!key->there)
            return hm_refuse("entry %llu tells of key %.*s, which is gone from the database",
                             (unsigned long long)key->index, (int)id.len, (const char *)id.data);
        if (!agreed)
            return hm_refuse("entry %llu says that key %.*s was %s, and the database does not: it was changed",
                             (unsigned long long)key->index, (int)id.len, (const char *)id.data,
                             key->told_imported ? "imported" : "made in the token");
        if (key->twice)
            return hm_refuse("more than one entry tells that key %.*s was made, entry %llu among them", (int)id.len,
                             (const char *)id.data, (unsigned long long)key->index);
        return hm_refuse("no entry tells that key %.*s was made: it was put into the database", (int)id.len,
                         (const char *)id.data);
    }
    return HM_OK;
}

hm_err hm_audit_keys_end(hm_office *office, hm_audited_keys *keys, bool any_erased) {
    key_audit audit = {.office = office, .keys = keys};
    size_t found;
    merge(keys);
    HM_TRY(hm_store_keys(office->store, 0, 0, 0, audit_key, &audit, &found));
    HM_TRY(hm_store_products(office->store, NULL, audit_product, &audit, &found));
    return check(keys, any_erased);
}

void hm_audited_keys_free(hm_audited_keys *keys) {
    free(keys->key);
    *keys = (hm_audited_keys){0};
}
