/* A search under way, by index or complete. */
#include "search.h"

#include <store/search_index.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one step does at most: so many entries of a complete search, and segments or candidates of another. */
enum { SEGMENT = HM_SEARCH_SEGMENT, WALKED = 2048, READ_AHEAD = 256, SEGMENTS = 128, CANDIDATES = 512 };
enum { REMEMBERED = 4096 };

typedef struct {
    bool known;
    uint64_t index;
    hm_search_matter matter;
} remembered;

struct hm_search {
    hm_office *office;
    hm_search_terms terms;
    hm_search_how how;
    hm_search_result result;
    uint64_t at;       /* the next entry */
    uint64_t segments; /* that the index has */
    bool behind;       /* it is to be caught up first */
    hm_entry_visit visit;
    void *context;
    /* Of a complete search. */
    hm_buf note;
    hm_checkpoint checkpoint;
    hm_tile_reader *reader;
    hm_tree_edge *tree;
    uint64_t pairs_from; /* intents before it were not walked over */
    remembered intent[REMEMBERED];
    /* The places of a segment that may be meant. */
    uint64_t segment_read; /* its number, plus one */
    size_t places;
    uint16_t place[SEGMENT];
};

/* ---- one entry ---- */

static hm_err judge_row(hm_search *s, const hm_entry_row *entry, hm_leaf *leaf, hm_search_facts *facts, bool *erased) {
    HM_TRY(hm_in(hm_leaf_get(entry->leaf, leaf), "entry %llu", (unsigned long long)entry->index));
    if (memcmp(leaf->office, s->office->row.uuid, sizeof leaf->office) != 0)
        return hm_refuse("entry %llu is of another office", (unsigned long long)entry->index);
    HM_TRY(hm_audit_details(leaf, entry, erased));
    return *erased ? HM_OK : hm_search_facts_of(entry->details, facts);
}

/* An intent that was not walked over is held against the tree by itself. */
static hm_err check_in_tree(hm_search *s, const hm_entry_row *entry) {
    HM_BUF proven = HM_BUF_EMPTY;
    if (!s->how.complete || entry->index >= s->pairs_from) return HM_OK;
    HM_TRY(hm_in(hm_tiles_entry(s->reader, entry->index, &proven), "log"));
    return hm_bytes_equal(hm_buf_bytes(&proven), entry->leaf)
               ? HM_OK
               : hm_refuse("entry %llu is not the one that was published: it was changed",
                           (unsigned long long)entry->index);
}

static hm_err recall(void *context, const hm_entry_row *entry) {
    hm_search *s = context;
    remembered *r = &s->intent[entry->index % REMEMBERED];
    hm_leaf leaf;
    hm_search_facts facts;
    bool erased;
    HM_TRY(judge_row(s, entry, &leaf, &facts, &erased));
    HM_TRY(check_in_tree(s, entry));
    if (leaf.type != HM_LEAF_INTENT) return HM_OK;
    *r = (remembered){true, entry->index, hm_search_judge(&s->terms, &leaf, erased ? NULL : &facts)};
    return HM_OK;
}

/* What the outcome's intent is about; NULL: that is no intent. */
static hm_err intents_matter(hm_search *s, const hm_leaf *leaf, uint64_t index, const hm_search_matter **matter) {
    const remembered *r = &s->intent[leaf->intent % REMEMBERED];
    if (!r->known || r->index != leaf->intent) HM_TRY(hm_store_entry(s->office->store, leaf->intent, recall, s));
    if (!r->known || r->index != leaf->intent)
        return hm_refuse("entry %llu is the outcome of no intent", (unsigned long long)index);
    *matter = &r->matter;
    return HM_OK;
}

static hm_err count_erased(hm_search *s, uint64_t index) {
    if (!s->result.erased++) s->result.erased_first = index;
    return HM_OK;
}

static hm_err look_at(void *context, const hm_entry_row *entry) {
    hm_search *s = context;
    hm_leaf leaf;
    hm_search_facts facts;
    const hm_search_matter *intent = NULL;
    bool erased;
    HM_TRY(judge_row(s, entry, &leaf, &facts, &erased));
    hm_search_matter own = hm_search_judge(&s->terms, &leaf, erased ? NULL : &facts);
    if (leaf.type == HM_LEAF_INTENT) s->intent[entry->index % REMEMBERED] = (remembered){true, entry->index, own};
    if (leaf.has_intent) HM_TRY(intents_matter(s, &leaf, entry->index, &intent));
    hm_search_verdict verdict = hm_search_conclude(&s->terms, &leaf, erased ? NULL : &facts, own, intent);
    if (verdict == HM_SEARCH_NO) return HM_OK;
    if (verdict == HM_SEARCH_UNKNOWN) return count_erased(s, entry->index);
    s->result.hits++;
    return s->visit(s->context, entry);
}

static bool is_full(const hm_search *s) { return s->how.limit && s->result.hits >= s->how.limit; }

static hm_err check_next(const hm_search *s, const hm_entry_row *entry) {
    return entry->index == s->at ? HM_OK
                                 : hm_refuse("entry %llu is missing from the database", (unsigned long long)s->at);
}

/* ---- by the index ---- */

/* Of entries in a row, those before there are enough. */
static hm_err look_at_next(void *context, const hm_entry_row *entry) {
    hm_search *s = context;
    if (is_full(s)) return HM_OK;
    HM_TRY(check_next(s, entry));
    s->at++;
    return look_at(s, entry);
}

static hm_err read_on(hm_search *s) {
    uint64_t left = s->result.size - s->at, count = left < READ_AHEAD ? left : READ_AHEAD, before = s->at;
    HM_TRY(hm_store_entries(s->office->store, s->at, count, look_at_next, s));
    return s->at != before || is_full(s)
               ? HM_OK
               : hm_refuse("entry %llu is missing from the database", (unsigned long long)s->at);
}

/* Within the visit an intent is read by hm_store_entry. */
static hm_err look_at_candidate(hm_search *s, uint64_t index) {
    s->at = index + 1;
    return hm_store_entries(s->office->store, index, 1, look_at, s);
}

/* What is left of the segment that S stands in, as far as the step goes. */
static hm_err look_in_segment(hm_search *s, size_t *looked) {
    uint64_t segment = s->at / SEGMENT;
    if (s->segment_read != segment + 1)
        HM_TRY(hm_search_candidates(s->office, &s->terms, segment, s->place, &s->places));
    s->segment_read = segment + 1;
    for (size_t i = 0; i < s->places; i++) {
        uint64_t index = segment * SEGMENT + s->place[i];
        if (index < s->at) continue;
        if (is_full(s) || ++*looked > CANDIDATES) return HM_OK;
        HM_TRY(look_at_candidate(s, index));
    }
    s->at = (segment + 1) * SEGMENT;
    return HM_OK;
}

static hm_err step_indexed(hm_search *s) {
    size_t looked = 0;
    if (s->at >= s->segments * SEGMENT) return read_on(s);
    for (unsigned n = 0; n < SEGMENTS && looked <= CANDIDATES && s->at < s->segments * SEGMENT && !is_full(s); n++)
        HM_TRY(look_in_segment(s, &looked));
    return HM_OK;
}

/* ---- complete ---- */

static hm_err walk_over(void *context, const hm_entry_row *entry) {
    hm_search *s = context;
    if (is_full(s)) return HM_OK;
    HM_TRY(check_next(s, entry));
    HM_TRY(hm_tree_edge_append(s->tree, entry->leaf));
    s->at++;
    return look_at(s, entry);
}

/* Do the entries up to here lead to the checkpoint's root? Of a page that ends before the head the published tiles show
 * it (RFC 9162 section 2.1.4): what is wrong in them shows no root that is right. */
static hm_err leads_to_root(hm_search *s, bool *leads) {
    hm_merkle_hash root = hm_tree_edge_root(s->tree);
    hm_merkle_proof rest;
    if (s->at == s->result.size) {
        *leads = memcmp(&root, &s->checkpoint.root, sizeof root) == 0;
        return HM_OK;
    }
    HM_TRY(hm_in(hm_tiles_consistency(s->reader, s->at, &rest), "log"));
    *leads = !hm_failed(hm_merkle_check_consistency(s->at, s->result.size, &root, &s->checkpoint.root, &rest));
    return HM_OK;
}

static hm_err conclude(hm_search *s) {
    hm_search_result *r = &s->result;
    bool leads;
    HM_TRY(leads_to_root(s, &leads));
    if (!leads)
        return hm_refuse("the entries from %llu on are not those that the checkpoint of size %llu was signed over "
                         "(hallmark log check names what was changed)",
                         (unsigned long long)r->first, (unsigned long long)r->size);
    memcpy(r->root, s->checkpoint.root.byte, sizeof r->root);
    r->rooted = true;
    if (r->erased)
        snprintf(r->why, sizeof r->why,
                 "the details of %llu entries that may be meant were erased, the first of them entry %llu",
                 (unsigned long long)r->erased, (unsigned long long)r->erased_first);
    r->complete = !r->erased;
    return HM_OK;
}

static hm_err step_complete(hm_search *s) {
    uint64_t left = s->result.size - s->at, before = s->at;
    HM_TRY(hm_store_entries(s->office->store, s->at, left < WALKED ? left : WALKED, walk_over, s));
    if (s->at == before) return hm_refuse("entry %llu is missing from the database", (unsigned long long)s->at);
    return is_full(s) || s->at == s->result.size ? conclude(s) : HM_OK;
}

/* The tree before the first entry that is read: its hashes come from the published tiles, and are right if the entries
 * behind them lead to the root. */
static hm_err begin_tree(hm_search *s) {
    hm_note_key key;
    HM_TRY(hm_log_publish(s->office, &s->note));
    HM_TRY(hm_log_key(s->office, &key));
    HM_TRY(hm_checkpoint_open(hm_buf_bytes(&s->note), &key, &s->checkpoint));
    HM_TRY(hm_tile_reader_new(s->office->log_dirfd, &s->checkpoint, &s->reader));
    s->result.size = s->checkpoint.size;
    s->tree = malloc(sizeof *s->tree);
    if (!s->tree) return hm_no_memory();
    hm_tree_edge_init(s->tree);
    return s->at ? hm_in(hm_tiles_edge(s->reader, s->at, s->tree), "log") : HM_OK;
}

static hm_err begin_walk(hm_search *s) {
    uint64_t first = 0, size;
    HM_TRY(hm_log_check_head(s->office));
    if (s->terms.query.since) HM_TRY(hm_search_first_since(s->office, s->terms.query.since, &first));
    HM_TRY(hm_store_log_size(s->office->store, &size));
    s->at = s->how.from > first ? s->how.from : first;
    if (s->at > size) s->at = size;
    s->result.first = s->pairs_from = s->at;
    return begin_tree(s);
}

/* ---- all of it ---- */

static hm_err begin(hm_search *s, const hm_search_query *query) {
    HM_TRY(hm_search_terms_make(s->office, query, &s->terms));
    HM_TRY(hm_store_log_size(s->office->store, &s->result.size));
    s->at = s->how.from < s->result.size ? s->how.from : s->result.size;
    /* Where all is read the index is not needed. */
    s->behind = !s->how.complete || s->terms.query.since;
    return HM_OK;
}

/* The index first; how far it reaches is known when it is caught up. */
static hm_err catch_up(hm_search *s) {
    HM_TRY(hm_search_catch_up(s->office, &s->behind));
    return s->behind || s->how.complete ? HM_OK : hm_search_indexed(s->office, &s->segments);
}

static hm_err step(hm_search *s) {
    if (s->behind) return catch_up(s);
    if (s->how.complete && !s->tree) HM_TRY(begin_walk(s));
    hm_search_snapshot(s->office);
    hm_err err = s->how.complete ? step_complete(s) : step_indexed(s);
    hm_search_snapshot_end(s->office);
    return err;
}

hm_err hm_search_begin(hm_office *office, const hm_search_query *query, const hm_search_how *how, hm_search **search) {
    __attribute__((cleanup(hm_search_free))) hm_search *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return hm_no_memory();
    fresh->office = office;
    fresh->how = *how;
    HM_TRY(begin(fresh, query));
    *search = fresh;
    fresh = NULL;
    return HM_OK;
}

hm_err hm_search_step(hm_search *s, hm_entry_visit visit, void *context, bool *over) {
    s->visit = visit;
    s->context = context;
    *over = false;
    bool behind = s->behind;
    HM_TRY(step(s));
    *over = !behind && (s->at >= s->result.size || is_full(s));
    s->result.next = s->at < s->result.size ? s->at : s->result.size;
    return HM_OK;
}

void hm_search_progress(const hm_search *s, uint64_t *done, uint64_t *all) {
    uint64_t segments = 0;
    if (s->behind && hm_failed(hm_search_indexed(s->office, &segments))) segments = 0;
    *done = s->behind ? segments * SEGMENT : s->at;
    *all = s->result.size;
}

const hm_search_result *hm_search_result_of(const hm_search *s) { return &s->result; }

void hm_search_free(hm_search **search) {
    if (!*search) return;
    hm_buf_clear(&(*search)->terms.storage);
    hm_buf_clear(&(*search)->note);
    hm_tile_reader_free(&(*search)->reader);
    free((*search)->tree);
    free(*search);
    *search = NULL;
}

hm_err hm_search_all(hm_office *office, const hm_search_query *query, hm_entry_visit visit, void *context,
                     hm_search_result *result, hm_buf *checkpoint) {
    __attribute__((cleanup(hm_search_free))) hm_search *s = NULL;
    bool over = false;
    HM_TRY(hm_search_begin(office, query, &(hm_search_how){.complete = true}, &s));
    while (!over) HM_TRY(hm_search_step(s, visit, context, &over));
    *result = s->result;
    return checkpoint ? hm_put(checkpoint, hm_buf_bytes(&s->note)) : HM_OK;
}
