/* The keys of the database are the log's: whose they are, and that none was taken out or put in.
 *
 * A key and its entry are committed together, while others may go on: which keys there are is read before the entries
 * and once more behind them. */
#include "audit_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_ID_LEN = sizeof((hm_key_row *)0)->token_id };

struct hm_audited_key {
    uint8_t id[KEY_ID_LEN];
    bool there, made;
    uint64_t index; /* of the entry that tells of it, if it was MADE */
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
    struct hm_audited_key key = {.there = true};
    memcpy(key.id, row->token_id, KEY_ID_LEN);
    return add(context, &key);
}

hm_err hm_audit_keys_begin(hm_office *office, hm_audited_keys *keys) {
    size_t found;
    return hm_store_keys(office->store, -1, 0, 0, add_row, keys, &found);
}

hm_err hm_audit_keys_entry(hm_audited_keys *keys, const hm_leaf *leaf, const hm_entry_row *entry) {
    hm_bytes act = hm_json_text_of(entry->details, "act");
    if (leaf->type != HM_LEAF_CEREMONY || !hm_bytes_equal(act, hm_text("key generated"))) return HM_OK;
    struct hm_audited_key key = {.made = true, .index = entry->index};
    HM_BUF id = HM_BUF_EMPTY;
    HM_TRY(hm_hex_decode(hm_json_text_of(entry->details, "key"), &id));
    if (id.len != KEY_ID_LEN)
        return hm_refuse("entry %llu tells of a key without its id", (unsigned long long)key.index);
    memcpy(key.id, id.data, KEY_ID_LEN);
    return add(keys, &key);
}

static int by_id(const void *a, const void *b) {
    return memcmp(((const struct hm_audited_key *)a)->id, ((const struct hm_audited_key *)b)->id, KEY_ID_LEN);
}

/* What the database and the log say of one key, in one member. */
static void merge(hm_audited_keys *keys) {
    size_t count = 0;
    if (keys->count) qsort(keys->key, keys->count, sizeof *keys->key, by_id);
    for (size_t i = 0; i < keys->count; i++) {
        const struct hm_audited_key *key = &keys->key[i];
        struct hm_audited_key *last = count ? &keys->key[count - 1] : NULL;
        if (!last || by_id(last, key) != 0) {
            keys->key[count++] = *key;
            continue;
        }
        if (key->made) last->index = key->index;
        last->made |= key->made;
        last->there |= key->there;
    }
    keys->count = count;
}

typedef struct {
    hm_office *office;
    hm_audited_keys *keys;
    hm_product product; /* without a name: the office's own keys */
} key_audit;

static hm_err audit_key(void *context, const hm_key_row *row) {
    const key_audit *audit = context;
    bool own = !audit->product.name[0];
    struct hm_audited_key wanted = {0}, *known = NULL;
    memcpy(wanted.id, row->token_id, KEY_ID_LEN);
    if (audit->keys->count) known = bsearch(&wanted, audit->keys->key, audit->keys->count, sizeof wanted, by_id);
    if (known) known->there = true;
    return hm_in(hm_key_id_check(audit->office, own ? NULL : &audit->product, row), "a key of %s",
                 own ? "the office" : audit->product.name);
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
        if (key->there && (key->made || any_erased)) continue;
        HM_TRY(hm_put_hex(&id, HM_ARRAY(key->id)));
        if (!key->there)
            return hm_refuse("entry %llu tells of key %.*s, which is gone from the database",
                             (unsigned long long)key->index, (int)id.len, (const char *)id.data);
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
