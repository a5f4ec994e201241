/* The office's search index: what of the entries goes into it, and what it says.
 *
 * An entry's terms are hashes of what it says, of 32 bits: what shares a term with something else costs a look, since
 * every candidate is read. An outcome has the terms of its intent, which is nearly always a little before it. */
#include "search.h"

#include <base/file.h>
#include <core/backup.h>
#include <store/search_index.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SEGMENT = HM_SEARCH_SEGMENT, REMEMBERED = 4096, KEY_DIGITS = HM_SEARCH_KEY_LEAST };

/* The terms of an intent whose outcome will come. */
typedef struct {
    bool known;
    uint64_t index;
    size_t count;
    uint32_t term[HM_SEARCH_TERMS_MAX];
} remembered;

struct hm_search_indexing {
    hm_search_index *index; /* NULL: none can be had */
    dev_t device;           /* of the file */
    ino_t inode;
    hm_office *office;
    uint64_t first, next; /* of the segment that is being read */
    hm_search_span span;
    remembered intent[REMEMBERED];
    size_t postings;
    hm_search_posting posting[(size_t)SEGMENT * HM_SEARCH_TERMS_MAX];
};
typedef struct hm_search_indexing indexing;

/* ---- terms ---- */

/* FNV-1a, folded. */
static uint32_t term_of(char kind, hm_bytes value) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint8_t)kind;
    hash *= UINT64_C(0x100000001b3);
    for (size_t i = 0; i < value.len; i++) hash = (hash ^ value.data[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash ^ hash >> 32);
}

static void add_term(remembered *r, char kind, hm_bytes value) {
    if (value.len && r->count < HM_SEARCH_TERMS_MAX) r->term[r->count++] = term_of(kind, value);
}

static hm_bytes start_of(hm_bytes text, size_t len) {
    hm_bytes part;
    return hm_failed(hm_bytes_part(text, 0, len, &part)) ? HM_NO_BYTES : part;
}

/* Digests are hashed by the first octets of their hexadecimal form, in which details have them. */
enum { DIGEST_DIGITS = 32 };

static void add_hex_term(remembered *r, hm_bytes hex) { add_term(r, 'd', start_of(hex, DIGEST_DIGITS)); }

static hm_err add_digest_term(remembered *r, hm_bytes digest) {
    HM_BUF hex = HM_BUF_EMPTY;
    if (!digest.len) return HM_OK;
    HM_TRY(hm_put_hex(&hex, start_of(digest, DIGEST_DIGITS / 2)));
    add_hex_term(r, hm_buf_bytes(&hex));
    return HM_OK;
}

/* Of intents and outcomes, which are nearly all there is, nobody needs a list. */
static void add_type_term(remembered *r, hm_leaf_type type) {
    uint8_t octet = (uint8_t)type;
    if (type != HM_LEAF_INTENT && type != HM_LEAF_OUTCOME) add_term(r, 't', HM_BYTES(&octet, 1));
}

static void add_class_term(remembered *r, const hm_leaf *leaf) {
    if (leaf->has_product) add_term(r, 'c', HM_ARRAY(leaf->product_class));
}

/* What an entry has by itself. */
static hm_err terms_of(const hm_leaf *leaf, const hm_search_facts *facts, remembered *r) {
    r->count = 0;
    add_type_term(r, leaf->type);
    add_class_term(r, leaf);
    add_term(r, 'p', leaf->has_product ? HM_NO_BYTES : facts->product);
    add_term(r, 'k', start_of(facts->key, KEY_DIGITS));
    add_term(r, 'w', facts->who);
    add_term(r, 'r', facts->release);
    add_hex_term(r, facts->plain);
    add_hex_term(r, facts->certificate);
    return add_digest_term(r, HM_BYTES(leaf->digest, leaf->digest_len));
}

/* ---- reading a segment ---- */

static hm_err remember(void *context, const hm_entry_row *entry) {
    indexing *i = context;
    remembered *r = &i->intent[entry->index % REMEMBERED];
    hm_leaf leaf;
    hm_search_facts facts;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    HM_TRY(hm_search_facts_of(entry->details, &facts));
    r->known = false;
    HM_TRY(terms_of(&leaf, &facts, r));
    r->index = entry->index;
    r->known = true;
    return HM_OK;
}

static hm_err add_intents_terms(indexing *i, const hm_leaf *leaf, remembered *own) {
    const remembered *r = &i->intent[leaf->intent % REMEMBERED];
    if (!r->known || r->index != leaf->intent) HM_TRY(hm_store_entry(i->office->store, leaf->intent, remember, i));
    if (!r->known || r->index != leaf->intent) return HM_OK;
    for (size_t n = 0; n < r->count && own->count < HM_SEARCH_TERMS_MAX; n++) own->term[own->count++] = r->term[n];
    return HM_OK;
}

static void add_postings(indexing *i, const remembered *r, uint64_t index) {
    for (size_t n = 0; n < r->count; n++)
        i->posting[i->postings++] = (hm_search_posting){r->term[n], (uint16_t)(index - i->first)};
}

/* What says no time, as one whose details were erased, may be of any: it leaves every window in doubt. */
static void widen_span(hm_search_span *span, int64_t time) {
    if (time < 0) *span = (hm_search_span){.earliest = INT64_MIN, .latest = INT64_MAX};
    if (time < span->earliest) span->earliest = time;
    if (time > span->latest) span->latest = time;
}

static hm_err index_entry(void *context, const hm_entry_row *entry) {
    indexing *i = context;
    hm_leaf leaf;
    hm_search_facts facts;
    remembered passing, *r = &passing;
    if (entry->index != i->next)
        return hm_could_not("the log's entry %llu is missing from the database (restore it from a backup)",
                            (unsigned long long)i->next);
    HM_TRY(hm_in(hm_leaf_get(entry->leaf, &leaf), "entry %llu", (unsigned long long)entry->index));
    HM_TRY(hm_search_facts_of(entry->details, &facts));
    widen_span(&i->span, facts.time);
    if (leaf.type == HM_LEAF_INTENT) r = &i->intent[entry->index % REMEMBERED];
    HM_TRY(terms_of(&leaf, &facts, r));
    r->known = true;
    r->index = entry->index;
    if (leaf.has_intent) HM_TRY(add_intents_terms(i, &leaf, r));
    add_postings(i, r, entry->index);
    if (++i->next == i->first + SEGMENT) hm_sha256(entry->leaf, i->span.last);
    return HM_OK;
}

static hm_err read_segment(indexing *i, uint64_t segment) {
    i->first = i->next = segment * SEGMENT;
    i->postings = 0;
    i->span = (hm_search_span){.earliest = INT64_MAX, .latest = INT64_MIN};
    HM_TRY(hm_store_entries(i->office->store, i->first, SEGMENT, index_entry, i));
    return i->next == i->first + SEGMENT ? HM_OK : hm_could_not("the database ends before the log does");
}

/* ---- the file ---- */

static hm_err path_of(const hm_office *office, hm_buf *storage, const char **path) {
    return hm_office_path(office, "search.db", storage, path);
}

static hm_err hash_leaf(void *context, const hm_entry_row *entry) {
    hm_sha256(entry->leaf, context);
    return HM_OK;
}

/* The last entry that was indexed is the one that stands at its place now: an entry's leaf is like no other's. */
static hm_err check_log(indexing *i) {
    uint64_t segments;
    hm_search_span span;
    uint8_t hash[HM_SHA256_LEN] = {0};
    HM_TRY(hm_search_index_segments(i->index, &segments));
    if (!segments) return HM_OK;
    if (segments > UINT64_MAX / SEGMENT) return hm_refuse("the search index is of another log");
    HM_TRY(hm_search_index_span(i->index, segments - 1, &span));
    HM_TRY(hm_store_entry(i->office->store, segments * SEGMENT - 1, hash_leaf, hash));
    return memcmp(hash, span.last, sizeof hash) == 0 ? HM_OK : hm_refuse("the search index is of another log");
}

static hm_err open_once(indexing *i, const char *path) {
    struct stat st;
    HM_TRY(hm_search_index_open(path, i->office->row.uuid, &i->index));
    hm_err err = stat(path, &st) == 0 ? check_log(i) : hm_could_not("the search index was removed");
    if (hm_failed(err)) hm_search_index_close(&i->index);
    HM_TRY(err);
    i->device = st.st_dev;
    i->inode = st.st_ino;
    return HM_OK;
}

/* What is damaged, foreign or older is made anew; one process at a time does that. */
static hm_err open_index(indexing *i) {
    HM_BUF storage = HM_BUF_EMPTY;
    HM_FD lock = -1;
    const char *path;
    if (hm_backup_is(i->office->directory)) return hm_could_not("nothing is put into a backup");
    HM_TRY(path_of(i->office, &storage, &path));
    HM_TRY(hm_office_lock(i->office, "search.lock", &lock));
    hm_err err = open_once(i, path);
    if (err.class != HM_REFUSED) return err;
    hm_search_index_remove(path);
    return open_once(i, path);
}

static bool was_replaced(const indexing *i) {
    HM_BUF storage = HM_BUF_EMPTY;
    const char *path;
    struct stat st;
    if (hm_failed(path_of(i->office, &storage, &path)) || stat(path, &st) != 0) return true;
    return st.st_dev != i->device || st.st_ino != i->inode;
}

static hm_err get_indexing(hm_office *office, indexing **found) {
    if (!office->indexing) office->indexing = calloc(1, sizeof *office->indexing);
    if (!office->indexing) return hm_no_memory();
    indexing *i = *found = office->indexing;
    i->office = office;
    if (i->index && (was_replaced(i) || hm_failed(check_log(i)))) hm_search_index_close(&i->index);
    /* That there can be none makes a search slow, and is no fault. */
    if (!i->index && hm_failed(open_index(i))) hm_search_index_close(&i->index);
    return HM_OK;
}

void hm_search_forget(hm_office *office) {
    if (!office->indexing) return;
    hm_search_index_close(&office->indexing->index);
    free(office->indexing);
    office->indexing = NULL;
}

/* Found out while it is used: away with it. Whatever else keeps it from being used, the entries themselves are read. */
static hm_err do_without(indexing *i, hm_err err) {
    HM_BUF storage = HM_BUF_EMPTY;
    HM_FD lock = -1;
    const char *path;
    hm_search_index_close(&i->index);
    if (err.class != HM_REFUSED) return HM_OK;
    HM_TRY(path_of(i->office, &storage, &path));
    if (hm_failed(hm_office_lock(i->office, "search.lock", &lock))) return HM_OK;
    if (!was_replaced(i)) hm_search_index_remove(path);
    return HM_OK;
}

hm_err hm_search_indexed(hm_office *office, uint64_t *segments) {
    indexing *i;
    *segments = 0;
    HM_TRY(get_indexing(office, &i));
    if (!i->index) return HM_OK;
    hm_err err = hm_search_index_segments(i->index, segments);
    if (!hm_failed(err)) return HM_OK;
    *segments = 0;
    return do_without(i, err);
}

/* ---- catching up ---- */

static hm_err add_segment(indexing *i, uint64_t segment) {
    hm_err err = hm_search_index_add(i->index, segment, &i->span, i->posting, i->postings);
    if (!hm_failed(err)) return hm_search_index_commit(i->index);
    hm_search_index_rollback(i->index);
    return err;
}

hm_err hm_search_catch_up(hm_office *office, bool *behind) {
    indexing *i;
    uint64_t segment, size;
    *behind = false;
    HM_TRY(get_indexing(office, &i));
    if (!i->index) return HM_OK;
    HM_TRY(hm_store_log_size(office->store, &size));
    hm_err err = hm_search_index_begin(i->index, &segment);
    if (hm_failed(err)) return do_without(i, err);
    if (segment >= size / SEGMENT) return hm_search_index_rollback(i->index), HM_OK;
    err = read_segment(i, segment);
    if (hm_failed(err)) return hm_search_index_rollback(i->index), err;
    err = add_segment(i, segment);
    *behind = !hm_failed(err);
    return hm_failed(err) ? do_without(i, err) : HM_OK;
}

/* ---- asking ---- */

void hm_search_snapshot(hm_office *office) {
    hm_store_snapshot(office->store);
    if (office->indexing && office->indexing->index) hm_search_index_snapshot(office->indexing->index);
}

void hm_search_snapshot_end(hm_office *office) {
    hm_store_snapshot_end(office->store);
    if (office->indexing && office->indexing->index) hm_search_index_snapshot_end(office->indexing->index);
}

static hm_err wanted_terms(const hm_search_terms *terms, remembered *wanted) {
    const hm_search_query *q = &terms->query;
    wanted->count = 0;
    if (terms->type) add_type_term(wanted, terms->type);
    add_term(wanted, 'k', start_of(q->key, KEY_DIGITS));
    add_term(wanted, 'w', q->principal);
    add_term(wanted, 'r', q->release);
    return add_digest_term(wanted, q->digest);
}

/* Of both lists, which ascend, what stands in both. */
static size_t intersect(uint16_t *place, size_t count, const uint16_t *other, size_t others) {
    size_t kept = 0;
    for (size_t a = 0, b = 0; a < count && b < others;) {
        if (place[a] == other[b]) place[kept++] = place[a];
        bool first = place[a] <= other[b], second = other[b] <= place[a];
        a += first;
        b += second;
    }
    return kept;
}

static size_t unite(uint16_t *place, size_t count, const uint16_t *other, size_t others) {
    static uint16_t all[SEGMENT];
    size_t a = 0, b = 0, n = 0;
    while ((a < count || b < others) && n < SEGMENT) {
        bool first = b == others || (a < count && place[a] <= other[b]);
        uint16_t next = first ? place[a] : other[b];
        if (a < count && place[a] == next) a++;
        if (b < others && other[b] == next) b++;
        all[n++] = next;
    }
    memcpy(place, all, n * sizeof all[0]);
    return n;
}

/* Most entries name the product's class in their leaf; some that are about one name it in their details. */
static hm_err narrow_to_product(indexing *i, const hm_search_terms *terms, uint64_t segment, uint16_t *place,
                                size_t *count) {
    static uint16_t by_class[SEGMENT], by_name[SEGMENT];
    size_t classes, names;
    HM_TRY(hm_search_index_find(i->index, segment, term_of('c', HM_ARRAY(terms->product_class)), by_class, &classes));
    HM_TRY(hm_search_index_find(i->index, segment, term_of('p', terms->query.product), by_name, &names));
    classes = unite(by_class, classes, by_name, names);
    *count = intersect(place, *count, by_class, classes);
    return HM_OK;
}

static hm_err is_of_time(indexing *i, const hm_search_query *q, uint64_t segment, bool *may_be) {
    hm_search_span span;
    *may_be = true;
    if (!q->since && !q->until) return HM_OK;
    HM_TRY(hm_search_index_span(i->index, segment, &span));
    *may_be = span.latest >= q->since && (!q->until || span.earliest < q->until);
    return HM_OK;
}

static hm_err find_in_segment(indexing *i, const hm_search_terms *terms, uint64_t segment, uint16_t *place,
                              size_t *count) {
    static uint16_t other[SEGMENT];
    remembered wanted;
    size_t others;
    bool may_be;
    *count = 0;
    HM_TRY(is_of_time(i, &terms->query, segment, &may_be));
    if (!may_be) return HM_OK;
    HM_TRY(wanted_terms(terms, &wanted));
    for (*count = 0; *count < SEGMENT; ++*count) place[*count] = (uint16_t)*count;
    for (size_t n = wanted.count; n-- > 0 && *count;) {
        HM_TRY(hm_search_index_find(i->index, segment, wanted.term[n], other, &others));
        *count = intersect(place, *count, other, others);
    }
    return terms->has_product && *count ? narrow_to_product(i, terms, segment, place, count) : HM_OK;
}

hm_err hm_search_candidates(hm_office *office, const hm_search_terms *terms, uint64_t segment,
                            uint16_t place[static 4096], size_t *count) {
    indexing *i = office->indexing;
    hm_err err = i && i->index ? find_in_segment(i, terms, segment, place, count) : hm_refuse("there is no index");
    if (!hm_failed(err)) return HM_OK;
    for (*count = 0; *count < SEGMENT; ++*count) place[*count] = (uint16_t)*count;
    return i ? do_without(i, err) : HM_OK;
}

hm_err hm_search_first_since(hm_office *office, int64_t since, uint64_t *first) {
    uint64_t segments, at = 0;
    *first = 0;
    HM_TRY(hm_search_indexed(office, &segments));
    if (segments) hm_search_index_snapshot(office->indexing->index);
    for (; at < segments; at++) {
        hm_search_span span;
        hm_err err = hm_search_index_span(office->indexing->index, at, &span);
        if (hm_failed(err)) return do_without(office->indexing, err);
        if (span.latest >= since) break;
    }
    if (segments) hm_search_index_snapshot_end(office->indexing->index);
    *first = at * SEGMENT;
    return HM_OK;
}
