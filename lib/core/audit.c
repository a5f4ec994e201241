/* What the log must satisfy as the database holds it. */
#include "audit_keys.h"
#include "certificates.h"
#include "tsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An intent that waits for its outcome. */
typedef struct {
    uint64_t index;
    uint32_t format;
    bool has_product;
    uint8_t product_class[16];
} open_intent;

/* What the office's root was asked to sign. */
typedef struct {
    uint64_t index, version;
    uint8_t digest[HM_SHA256_LEN];
} signed_list;

typedef struct {
    hm_office *office;
    hm_tree_edge *tree;
    hm_audited_keys keys;
    signed_list *list;
    size_t list_count, list_room;
    open_intent *open; /* in the order of their numbers; there are few at any time */
    size_t open_count, open_room;
    uint64_t size, next, signatures, erased;
    int64_t stamped;          /* the last timestamp's time, in milliseconds */
    uint64_t mistagged;       /* an entry's number, plus one */
    hm_merkle_hash published; /* root at the published size */
    uint64_t published_size;
} audit_state;

static hm_err open_one(audit_state *audit, const hm_leaf *leaf, uint64_t index) {
    if (audit->open_count == audit->open_room) {
        size_t room = 2 * audit->open_room + HM_BATCH_MAX;
        open_intent *larger = reallocarray(audit->open, room, sizeof *larger);
        if (!larger) return hm_no_memory();
        audit->open = larger;
        audit->open_room = room;
    }
    open_intent *intent = &audit->open[audit->open_count++];
    *intent = (open_intent){.index = index, .format = leaf->format, .has_product = leaf->has_product};
    memcpy(intent->product_class, leaf->product_class, sizeof intent->product_class);
    return HM_OK;
}

static int compare_open(const void *key, const void *member) {
    uint64_t index = *(const uint64_t *)key, other = ((const open_intent *)member)->index;
    return index < other ? -1 : index > other;
}

static void close_one(audit_state *audit, open_intent *intent) {
    size_t at = (size_t)(intent - audit->open);
    audit->open_count--;
    memmove(&audit->open[at], &audit->open[at + 1], (audit->open_count - at) * sizeof *intent);
}

/* What was asked for one product is no signature of another. */
static bool same_matter(const open_intent *intent, const hm_leaf *outcome) {
    return intent->format == outcome->format && intent->has_product == outcome->has_product &&
           memcmp(intent->product_class, outcome->product_class, sizeof intent->product_class) == 0;
}

static hm_err audit_pair(audit_state *audit, const hm_leaf *leaf, uint64_t index) {
    if (leaf->type == HM_LEAF_INTENT) return open_one(audit, leaf, index);
    if (leaf->type != HM_LEAF_OUTCOME && leaf->type != HM_LEAF_FAILURE) return HM_OK;
    open_intent *intent =
        audit->open_count ? bsearch(&leaf->intent, audit->open, audit->open_count, sizeof *audit->open, compare_open)
                          : NULL;
    if (!intent) return hm_refuse("entry %llu is the outcome of no open intent", (unsigned long long)index);
    if (!same_matter(intent, leaf))
        return hm_refuse("entry %llu is of another product or format than its intent, entry %llu",
                         (unsigned long long)index, (unsigned long long)leaf->intent);
    close_one(audit, intent);
    audit->signatures += leaf->type == HM_LEAF_OUTCOME;
    return HM_OK;
}

hm_err hm_audit_details(const hm_leaf *leaf, const hm_entry_row *entry, bool *erased) {
    *erased = !entry->salt.len && !entry->details.len;
    if (*erased) return HM_OK;
    uint8_t hash[HM_SHA256_LEN];
    if (entry->salt.len != HM_SALT_LEN)
        return hm_refuse("entry %llu: its salt was changed", (unsigned long long)entry->index);
    hm_leaf_details_hash(entry->salt.data, entry->details, hash);
    if (memcmp(hash, leaf->details_hash, sizeof hash) != 0)
        return hm_refuse("entry %llu: its details were changed after it was written", (unsigned long long)entry->index);
    return HM_OK;
}

bool hm_audit_is_list(const hm_leaf *leaf) {
    return leaf->type == HM_LEAF_INTENT && leaf->format == HM_LOGGED_TRUST_LIST && !leaf->has_product;
}

bool hm_audit_is_statement(const hm_leaf *leaf) {
    return leaf->type == HM_LEAF_CEREMONY && leaf->format == HM_LOGGED_STATEMENT && !leaf->has_product;
}

static hm_err keep_list(audit_state *audit, const signed_list *list) {
    if (audit->list_count == audit->list_room) {
        size_t room = 2 * audit->list_room + 16;
        signed_list *larger = reallocarray(audit->list, room, sizeof *larger);
        if (!larger) return hm_no_memory();
        audit->list = larger;
        audit->list_room = room;
    }
    audit->list[audit->list_count++] = *list;
    return HM_OK;
}

/* Two different lists of one version are a fork of what devices trust, whoever made the root sign them. */
static hm_err check_fork(const audit_state *audit, const signed_list *list) {
    for (size_t i = 0; i < audit->list_count; i++) {
        const signed_list *other = &audit->list[i];
        if (other->version == list->version && memcmp(other->digest, list->digest, sizeof list->digest) != 0)
            return hm_refuse(
                "entries %llu and %llu are different trust lists of one version, %llu: the root was made to fork",
                (unsigned long long)other->index, (unsigned long long)list->index, (unsigned long long)list->version);
    }
    return HM_OK;
}

static hm_err audit_list(audit_state *audit, const hm_leaf *leaf, const hm_entry_row *entry, bool erased) {
    signed_list list = {.index = entry->index};
    hm_bytes text;
    bool found;
    if (!hm_audit_is_list(leaf)) return HM_OK;
    if (entry->tag != HM_LISTS_TAG)
        return hm_refuse("entry %llu is of a trust list and cannot be found as one: its tag was changed",
                         (unsigned long long)entry->index);
    if (erased) return HM_OK;
    hm_json_member(entry->details, "version", &text, &found);
    if (!found || hm_failed(hm_decimal_decode(text, &list.version)))
        return hm_refuse("entry %llu is of a trust list without a version", (unsigned long long)entry->index);
    memcpy(list.digest, leaf->digest, sizeof list.digest);
    HM_TRY(check_fork(audit, &list));
    return keep_list(audit, &list);
}

/* An outcome that is not found makes its signature look like one that bypassed the log. */
static hm_err audit_outcome(const hm_leaf *leaf, const hm_entry_row *entry) {
    if (leaf->type != HM_LEAF_OUTCOME || entry->tag == hm_log_outcome_tag(HM_BYTES(leaf->digest, leaf->digest_len)))
        return HM_OK;
    return hm_refuse("entry %llu cannot be found by its signature: its tag was changed",
                     (unsigned long long)entry->index);
}

/* HASH: of a request, in hexadecimal. */
static bool is_tag_of(uint64_t tag, hm_bytes hash) {
    HM_BUF bytes = HM_BUF_EMPTY;
    return !hm_failed(hm_hex_decode(hash, &bytes)) && bytes.len == HM_SHA256_LEN && hm_requests_tag(bytes.data) == tag;
}

/* One that is not found is as if it had not been made: a role that was withdrawn would be held still. Told last: what
 * comes of it says more. */
static void audit_statement(audit_state *audit, const hm_leaf *leaf, const hm_entry_row *entry) {
    if ((leaf->type == HM_LEAF_PUBLICATION) != (entry->tag == HM_PUBLISHED_TAG)) audit->mistagged = entry->index + 1;
    if (hm_audit_is_statement(leaf) != (entry->tag == HM_STATEMENTS_TAG)) audit->mistagged = entry->index + 1;
    if (!hm_tsa_is_found(leaf, entry->tag)) audit->mistagged = entry->index + 1;
}

typedef struct {
    const uint8_t *class;
    uint64_t tag;
    bool found;
} release_search;

static hm_err is_release_of(void *context, const hm_product_row *row) {
    release_search *search = context;
    hm_product product = {.id = row->id};
    search->found |=
        memcmp(row->class, search->class, sizeof row->class) == 0 && hm_releases_tag(&product) == search->tag;
    return HM_OK;
}

/* The intent of a native release is found by its product. */
static bool is_tag_of_release(const audit_state *audit, const hm_leaf *leaf, uint64_t tag) {
    release_search search = {.class = leaf->product_class, .tag = tag};
    size_t count;
    return leaf->has_product &&
           !hm_failed(hm_store_products(audit->office->store, NULL, is_release_of, &search, &count)) && search.found;
}

/* A decision that is not found is as if it had not been made: a rejection, or that an approval was used. */
static void audit_request(audit_state *audit, const hm_leaf *leaf, const hm_entry_row *entry) {
    uint64_t of_request = leaf->type == HM_LEAF_REQUEST ? hm_requests_tag(leaf->digest) : 0;
    bool listed = entry->tag == HM_REQUESTS_TAG, found = of_request && entry->tag == of_request;
    hm_bytes act, hash;
    bool known, under_request;
    hm_json_member(entry->details, "act", &act, &known);
    if (leaf->type == HM_LEAF_REQUEST && known && hm_bytes_equal(act, hm_text("request")) != listed)
        found = listed = false;
    if ((leaf->type == HM_LEAF_REQUEST) != (listed || found)) audit->mistagged = entry->index + 1;
    hm_json_member(entry->details, "request", &hash, &under_request);
    if (leaf->type != HM_LEAF_INTENT || !under_request) return;
    bool tagged =
        leaf->format == HM_LOGGED_MANIFEST ? is_tag_of_release(audit, leaf, entry->tag) : is_tag_of(entry->tag, hash);
    if (!tagged) audit->mistagged = entry->index + 1;
}

/* What finds a ceremony about certificates, or a key's end; 0: it is about something else. Certificates' entries of
 * older versions name no key, and are not found. */
static uint64_t tag_of_ceremony(hm_bytes details) {
    hm_bytes act = hm_json_text_of(details, "act");
    bool certificate =
        hm_bytes_equal(act, hm_text("certificate issued")) || hm_bytes_equal(act, hm_text("certificate brought in"));
    if (certificate && hm_json_text_of(details, "key").len) return HM_CERTIFICATES_TAG;
    if (hm_bytes_equal(act, hm_text("certificate revoked"))) return HM_REVOKED_TAG;
    if (hm_bytes_equal(act, hm_text("key destroyed"))) return HM_DESTROYED_TAG;
    return hm_bytes_equal(act, hm_text("revocation list made")) ? HM_CRLS_TAG : 0;
}

/* A revocation that is not found is as if it had not been made. */
static void audit_certificate(audit_state *audit, const hm_leaf *leaf, const hm_entry_row *entry, bool erased) {
    uint64_t tag = leaf->type == HM_LEAF_CEREMONY && !hm_audit_is_statement(leaf) ? tag_of_ceremony(entry->details) : 0;
    bool tagged = entry->tag == HM_CERTIFICATES_TAG || entry->tag == HM_REVOKED_TAG || entry->tag == HM_CRLS_TAG ||
                  entry->tag == HM_DESTROYED_TAG;
    if (!erased && (tag || tagged) && tag != entry->tag) audit->mistagged = entry->index + 1;
}

static hm_err check_tags(const audit_state *audit) {
    return audit->mistagged
               ? hm_refuse(
                     "entry %llu is a statement, a publication, of a request, a certificate or a key, and cannot be found as one, or the other "
                     "way round: its tag was changed",
                     (unsigned long long)audit->mistagged - 1)
               : HM_OK;
}

static hm_err audit_entry(void *context, const hm_entry_row *entry) {
    audit_state *audit = context;
    if (entry->index != audit->next)
        return hm_refuse("entry %llu is missing from the database", (unsigned long long)audit->next);
    hm_leaf leaf;
    bool erased;
    HM_TRY(hm_in(hm_leaf_get(entry->leaf, &leaf), "entry %llu", (unsigned long long)entry->index));
    if (memcmp(leaf.office, audit->office->row.uuid, sizeof leaf.office) != 0)
        return hm_refuse("entry %llu is of another office", (unsigned long long)entry->index);
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    audit->erased += erased;
    HM_TRY(audit_outcome(&leaf, entry));
    audit_statement(audit, &leaf, entry);
    audit_request(audit, &leaf, entry);
    audit_certificate(audit, &leaf, entry, erased);
    HM_TRY(hm_audit_keys_entry(&audit->keys, &leaf, entry));
    HM_TRY(audit_list(audit, &leaf, entry, erased));
    HM_TRY(hm_tsa_audit(&leaf, entry, &audit->stamped));
    HM_TRY(audit_pair(audit, &leaf, entry->index));
    HM_TRY(hm_tree_edge_append(audit->tree, entry->leaf));
    audit->next++;
    if (audit->next == audit->published_size) audit->published = hm_tree_edge_root(audit->tree);
    return HM_OK;
}

/* The published head must be a prefix of what the database holds: an edited entry shows here. */
static hm_err check_published(const audit_state *audit, const hm_checkpoint *head) {
    if (head->size > audit->next)
        return hm_refuse("entries %llu to %llu were published and are gone from the database",
                         (unsigned long long)audit->next, (unsigned long long)head->size - 1);
    hm_merkle_hash root = head->size ? audit->published : hm_merkle_empty();
    if (memcmp(&root, &head->root, sizeof root) != 0)
        return hm_refuse("the entries are not those that the checkpoint of size %llu was signed over",
                         (unsigned long long)head->size);
    return HM_OK;
}

static hm_err run_audit(hm_office *office, audit_state *audit) {
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    /* Nothing is published here: who audits a folder that came from elsewhere must not have its module loaded. */
    HM_TRY(hm_store_get_head(office->store, &edge, &note));
    hm_note_key key;
    hm_checkpoint head;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_in(hm_checkpoint_open(hm_buf_bytes(&note), &key, &head), "the database's own checkpoint"));
    HM_TRY(hm_store_log_size(office->store, &audit->size));
    audit->published_size = head.size;
    hm_tree_edge_init(audit->tree);
    /* Entries that come while we read are not looked at. */
    HM_TRY(hm_store_entries(office->store, 0, audit->size, audit_entry, audit));
    return check_published(audit, &head);
}

static hm_err audit_office(hm_office *office, audit_state *audit) {
    size_t lists;
    if (!audit->tree) return hm_no_memory();
    HM_TRY(hm_audit_keys_begin(office, &audit->keys));
    HM_TRY(run_audit(office, audit));
    HM_TRY(hm_statements_audit(office));
    HM_TRY(check_tags(audit));
    HM_TRY(hm_audit_keys_end(office, &audit->keys, audit->erased != 0));
    return hm_crls_check(office, &lists);
}

hm_err hm_audit(hm_office *office, hm_message *answer, uint8_t root[static 32]) {
    audit_state audit = {.office = office};
    audit.tree = malloc(sizeof *audit.tree);
    hm_err err = audit_office(office, &audit);
    if (!hm_failed(err)) {
        hm_merkle_hash head = audit.published;
        memcpy(root, &head, 32);
        answer->field[HM_LOG_AUDITED_SIZE].number = audit.published_size;
        answer->field[HM_LOG_AUDITED_ROOT].bytes = HM_BYTES(root, 32);
        answer->field[HM_LOG_AUDITED_SIGNATURES].number = audit.signatures;
        answer->field[HM_LOG_AUDITED_OPEN].number = audit.open_count;
        answer->field[HM_LOG_AUDITED_ERASED].number = audit.erased;
        answer->field[HM_LOG_AUDITED_ENTRIES].number = audit.next;
    }
    hm_audited_keys_free(&audit.keys);
    free(audit.tree);
    free(audit.open);
    free(audit.list);
    return err;
}
