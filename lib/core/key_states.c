/* What officers have stated of keys, and what follows from it: a key that is not active signs nothing, whatever it is
 * for; one that is destroyed is not in the token any more. */
#include "office.h"

#include <base/json.h>

#include <stdlib.h>
#include <string.h>

hm_key_state hm_key_state_of(const hm_office *office, const uint8_t token_id[static HM_KEY_ID_LEN]) {
    hm_stated_key key;
    if (!office->stated) return HM_KEY_ACTIVE;
    if (!office->registry) return (hm_key_state)0;
    return hm_registry_key_state(office->registry, token_id, &key) ? key.state : HM_KEY_ACTIVE;
}

typedef struct {
    const uint8_t *token_id;
    hm_key_role role; /* 0: no such key */
} role_search;

static hm_err match_role(void *context, const hm_key_row *row) {
    role_search *search = context;
    if (memcmp(row->token_id, search->token_id, HM_KEY_ID_LEN) == 0) search->role = row->role;
    return HM_OK;
}

/* What helps: a way back, or another key, of the kinds that have one. */
static const char *way_on(hm_office *office, const uint8_t *token_id, hm_key_state state) {
    role_search search = {.token_id = token_id};
    size_t count;
    if (state == HM_KEY_SUSPENDED || state == HM_KEY_PRE_ACTIVATION) return "hallmark key activate lets it sign";
    (void)!hm_failed(hm_store_keys(office->store, -1, 0, 0, match_role, &search, &count));
    if (search.role == HM_KEY_ROLE_SIGNING) return "hallmark key rotate makes a new one";
    if (search.role == HM_KEY_ROLE_TSA) return "hallmark tsa enable makes a new one";
    if (search.role == HM_KEY_ROLE_PRODUCT_CA) return "hallmark product add makes another product";
    return search.role == HM_KEY_ROLE_ROOT ? "it is the office's root: what is to be signed takes a new office"
                                           : "hallmark key list";
}

hm_err hm_key_may_sign(hm_office *office, const uint8_t token_id[static HM_KEY_ID_LEN]) {
    hm_stated_key key;
    HM_BUF name = HM_BUF_EMPTY;
    HM_TRY(hm_statements_load(office));
    if (!office->stated) return HM_OK;
    if (!hm_registry_key_state(office->registry, token_id, &key) || key.state == HM_KEY_ACTIVE) return HM_OK;
    HM_TRY(hm_put_hex(&name, HM_BYTES(token_id, HM_KEY_ID_LEN)));
    return hm_refuse("key %.*s is %s%s%.*s (%s)", (int)name.len, (const char *)name.data, hm_key_state_name(key.state),
                     key.reason.len ? ": " : "", (int)key.reason.len, (const char *)key.reason.data,
                     way_on(office, token_id, key.state));
}

/* ---- before a state is taken ---- */

typedef struct {
    const hm_statement *statement;
    const hm_product *product; /* NULL: the office itself */
    hm_key_role role;
    bool found;
} row_search;

static hm_err match_row(void *context, const hm_key_row *row) {
    row_search *search = context;
    if (memcmp(row->token_id, search->statement->token_id, sizeof row->token_id) != 0) return HM_OK;
    search->found = row->product == (search->product ? search->product->id : 0);
    search->role = row->role;
    return HM_OK;
}

typedef struct {
    hm_bytes key; /* hex */
    bool used;
} use_search;

static hm_err look_for_use(void *context, const hm_entry_row *entry) {
    use_search *search = context;
    hm_leaf leaf;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    if (leaf.type != HM_LEAF_INTENT) return HM_OK;
    search->used |= hm_bytes_equal(hm_json_text_of(entry->details, "key"), search->key);
    return HM_OK;
}

/* What has signed is in use, and was not only just made. */
static hm_err check_unused(hm_office *office, const hm_statement *s) {
    HM_BUF hex = HM_BUF_EMPTY;
    uint64_t size;
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(s->token_id)));
    use_search search = {.key = hm_buf_bytes(&hex)};
    HM_TRY(hm_store_log_size(office->store, &size));
    HM_TRY(hm_store_entries(office->store, 0, size, look_for_use, &search));
    return search.used ? hm_refuse("the key has signed already, and is active") : HM_OK;
}

hm_err hm_key_state_check(hm_office *office, const hm_statement *s) {
    hm_product product;
    row_search search = {.statement = s};
    size_t count;
    if (s->product.len) {
        HM_TRY(hm_product_find(office, s->product, &product));
        search.product = &product;
    }
    HM_TRY(hm_store_keys(office->store, -1, 0, 0, match_row, &search, &count));
    if (!search.found) return hm_refuse("there is no such key of it (hallmark key list)");
    /* Without it nothing could be recorded any more, this least of all. */
    if (search.role == HM_KEY_ROLE_LOG) return hm_refuse("the log's own key is not stopped: every entry needs it");
    return s->state == HM_KEY_PRE_ACTIVATION ? check_unused(office, s) : HM_OK;
}

/* ---- destruction ---- */

static hm_err log_destroyed(hm_office *office, const hm_key_row *row) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_product product;
    uint64_t index;
    HM_TRY(hm_product_of_row(office, row, &product));
    hm_json json = hm_log_act(office, "key destroyed", &details);
    hm_json_hex(&json, "key", HM_ARRAY(row->token_id));
    if (product.id) hm_json_string(&json, "product", product.name);
    hm_json_number(&json, "time", hm_now());
    hm_json_string(&json, "token", office->token_name);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY, .details = hm_buf_bytes(&details), .tag = HM_DESTROYED_TAG};
    return hm_log_now(office, &record, &index);
}

typedef struct {
    hm_bytes key; /* hex */
    bool found;
} destroyed_search;

static hm_err match_destroyed(void *context, const hm_entry_row *entry) {
    destroyed_search *search = context;
    search->found |= hm_bytes_equal(hm_json_text_of(entry->details, "key"), search->key);
    return HM_OK;
}

static hm_err is_on_record(hm_office *office, const hm_key_row *row, bool *is) {
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(row->token_id)));
    destroyed_search search = {.key = hm_buf_bytes(&hex)};
    HM_TRY(hm_store_entries_tagged(office->store, HM_DESTROYED_TAG, match_destroyed, &search));
    *is = search.found;
    return HM_OK;
}

/* What is read is acted on when it has been read whole. */
typedef struct {
    const hm_office *office;
    size_t count;
    hm_key_row *row; /* without its views */
} destruction;

static hm_err keep_destroyed(void *context, const hm_key_row *row) {
    destruction *d = context;
    if (hm_key_state_of(d->office, row->token_id) != HM_KEY_DESTROYED) return HM_OK;
    hm_key_row *larger = reallocarray(d->row, d->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    d->row = larger;
    d->row[d->count++] = *row;
    return HM_OK;
}

/* The token is asked again whether it has it still; and each time, since a token may come back from a copy. A crash may
 * have come between the token's act and its entry. */
static hm_err destroy(hm_office *office, const hm_key_row *row) {
    bool was_there, recorded;
    HM_TRY(hm_token_destroy_id(office->token, (hm_key_algorithm)row->algorithm, row->token_id, &was_there));
    HM_TRY(is_on_record(office, row, &recorded));
    return was_there || !recorded ? log_destroyed(office, row) : HM_OK;
}

hm_err hm_keys_destroy(hm_office *office) {
    destruction d = {.office = office};
    size_t count;
    HM_TRY(hm_statements_load(office));
    if (!office->stated) return HM_OK;
    hm_err err = hm_store_keys(office->store, -1, 0, 0, keep_destroyed, &d, &count);
    if (!hm_failed(err) && d.count) err = hm_office_token(office);
    for (size_t i = 0; !hm_failed(err) && i < d.count; i++) err = destroy(office, &d.row[i]);
    free(d.row);
    hm_keyring_forget(office);
    return err;
}
