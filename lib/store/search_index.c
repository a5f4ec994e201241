/* A row for each segment and bucket: of the terms that begin with the same six bits, which entries have them.
 *
 *   check (8) | runs (u16) | runs times: term (u32), start (u16) | places (u16 each)
 *
 * The places of a run end where those of the next begin. Bucket 0 has the segment's span. The check is of the row's own
 * number and content: it finds accidents, and rows that were put elsewhere. */
#include <store/search_index.h>

#include "private.h"

#include <crypto/digest.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUCKETS = 64, BUCKET_SHIFT = 26, SEGMENT_BITS = 40, CHECK = 8, RUN = 6 };

enum { VERSION = 4 }; /* and in the schema */
static const char schema[] = "PRAGMA page_size=8192;"
                             "PRAGMA journal_mode=WAL;"
                             "BEGIN;"
                             "CREATE TABLE log(id INTEGER PRIMARY KEY CHECK(id=1), office BLOB NOT NULL);"
                             "CREATE TABLE part(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
                             "PRAGMA user_version=4;";

typedef enum { GET_OFFICE, PUT_OFFICE, SEGMENTS, GET_PART, PUT_PART, STATEMENTS } statement;
static const char *const text[STATEMENTS] = {
    [GET_OFFICE] = "SELECT office FROM log WHERE id=1",
    [PUT_OFFICE] = "INSERT INTO log(id,office) VALUES(1,?1)",
    [SEGMENTS] = "SELECT id+1 FROM part WHERE id<?1 ORDER BY id DESC LIMIT 1",
    [GET_PART] = "SELECT data FROM part WHERE id=?1",
    [PUT_PART] = "INSERT INTO part(id,data) VALUES(?1,?2)",
};

struct hm_search_index {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
    hm_buf row;
};

static bool is_spoilt(int code) {
    code &= 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR || code == SQLITE_CONSTRAINT;
}

static hm_err fault(hm_search_index *index) {
    const char *why = sqlite3_errmsg(index->db);
    return is_spoilt(sqlite3_errcode(index->db)) ? hm_refuse("the search index is damaged: %s", why)
                                                 : hm_could_not("the search index cannot be used: %s", why);
}

static hm_err damaged(void) { return hm_refuse("the search index is damaged: it is not as it was written"); }

static hm_err run(hm_search_index *index, const char *sql) {
    return sqlite3_exec(index->db, sql, NULL, NULL, NULL) == SQLITE_OK ? HM_OK : fault(index);
}

static hm_err prepare(hm_search_index *index, statement which, sqlite3_stmt **s) {
    sqlite3_stmt **slot = &index->prepared[which];
    if (!*slot && sqlite3_prepare_v3(index->db, text[which], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK)
        return fault(index);
    sqlite3_reset(*slot);
    sqlite3_clear_bindings(*slot);
    *s = *slot;
    return HM_OK;
}

static hm_err step(hm_search_index *index, sqlite3_stmt *s, bool *row) {
    int code = sqlite3_step(s);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW) return HM_OK;
    hm_err err = code == SQLITE_DONE ? HM_OK : fault(index);
    sqlite3_reset(s);
    return err;
}

/* ---- the file ---- */

static hm_err check_made(hm_search_index *index, const uint8_t office[static 16]) {
    sqlite3_stmt *s = NULL;
    bool row;
    int version = -1;
    if (sqlite3_prepare_v2(index->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        version = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    if (version < 0) return fault(index);
    if (version != VERSION) return hm_refuse("the search index is by another version");
    HM_TRY(prepare(index, GET_OFFICE, &s));
    HM_TRY(step(index, s, &row));
    bool same = row && hm_bytes_equal(hm_sql_column(s, 0), HM_BYTES(office, 16));
    sqlite3_reset(s);
    return same ? HM_OK : hm_refuse("the search index is of another office");
}

static hm_err fill_new(hm_search_index *index, const uint8_t office[static 16]) {
    sqlite3_stmt *s;
    bool row;
    HM_TRY(run(index, schema));
    HM_TRY(prepare(index, PUT_OFFICE, &s));
    hm_sql_bind(s, 1, HM_BYTES(office, 16));
    HM_TRY(step(index, s, &row));
    return run(index, "COMMIT");
}

static void remove_beside(const char *path, const char *end) {
    char name[4096];
    int len = snprintf(name, sizeof name, "%s%s", path, end);
    if (len > 0 && (size_t)len < sizeof name) unlink(name);
}

static void remove_journals(const char *path) {
    remove_beside(path, "-wal");
    remove_beside(path, "-shm");
    remove_beside(path, "-journal");
}

void hm_search_index_remove(const char *path) {
    remove_journals(path);
    remove_beside(path, "");
}

/* SQLite would give a file of its own the umask's permissions. */
static hm_err make_file(const char *path, bool *made) {
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    *made = fd >= 0;
    if (fd >= 0) close(fd);
    /* Those of one that somebody took away are not this one's. */
    if (fd >= 0) remove_journals(path);
    return fd >= 0 || errno == EEXIST ? HM_OK : hm_could_not("%s: %s", path, strerror(errno));
}

/* What others could have written, or a link to something else, is no index of ours. */
static hm_err check_file(const char *path) {
    struct stat st;
    if (lstat(path, &st) != 0) return hm_could_not("%s: %s", path, strerror(errno));
    return S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022)
               ? HM_OK
               : hm_refuse("%s: is no file that only its owner writes", path);
}

static hm_err open_file(const char *path, hm_search_index *index) {
    HM_TRY(check_file(path));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
    sqlite3_initialize();
    int code = sqlite3_open_v2(path, &index->db, flags, NULL);
    if (!index->db) return hm_no_memory();
    if (code != SQLITE_OK) return fault(index);
    hm_sql_harden(index->db);
    /* A commit need not be durable: what is lost is indexed again. */
    return run(index, "PRAGMA synchronous=NORMAL;PRAGMA cache_size=-4096;PRAGMA wal_autocheckpoint=2000");
}

hm_err hm_search_index_open(const char *path, const uint8_t office[static 16], hm_search_index **index) {
    __attribute__((cleanup(hm_search_index_close))) hm_search_index *fresh = calloc(1, sizeof *fresh);
    bool made;
    if (!fresh) return hm_no_memory();
    HM_TRY(make_file(path, &made));
    HM_TRY(open_file(path, fresh));
    HM_TRY(made ? fill_new(fresh, office) : check_made(fresh, office));
    *index = fresh;
    fresh = NULL;
    return HM_OK;
}

void hm_search_index_close(hm_search_index **index) {
    if (!*index) return;
    for (size_t i = 0; i < STATEMENTS; i++) sqlite3_finalize((*index)->prepared[i]);
    sqlite3_close((*index)->db);
    hm_buf_clear(&(*index)->row);
    free(*index);
    *index = NULL;
}

/* ---- rows ---- */

static int64_t id_of(uint64_t segment, unsigned bucket) {
    return (int64_t)((uint64_t)bucket << SEGMENT_BITS | segment);
}

static hm_err check_segment(uint64_t segment) {
    return segment >> SEGMENT_BITS ? hm_could_not("the search index is full") : HM_OK;
}

static hm_err put_check(int64_t id, hm_buf *row) {
    HM_BUF all = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    HM_TRY(hm_put_u64be(&all, (uint64_t)id));
    HM_TRY(hm_put(&all, HM_BYTES(row->data + CHECK, row->len - CHECK)));
    hm_sha256(hm_buf_bytes(&all), hash);
    memcpy(row->data, hash, CHECK);
    return HM_OK;
}

static hm_err is_as_written(int64_t id, hm_bytes row) {
    hm_hash hash;
    hm_digest digest;
    hm_bytes content;
    uint8_t number[8];
    for (size_t i = 0; i < sizeof number; i++) number[i] = (uint8_t)((uint64_t)id >> (56 - 8 * i));
    if (hm_failed(hm_bytes_part(row, CHECK, row.len < CHECK ? 0 : row.len - CHECK, &content))) return damaged();
    hm_hash_init(&hash, HM_SHA256);
    hm_hash_update(&hash, HM_ARRAY(number));
    hm_hash_update(&hash, content);
    hm_hash_final(&hash, &digest);
    return memcmp(row.data, digest.value, CHECK) == 0 ? HM_OK : damaged();
}

static hm_err put_row(hm_search_index *index, int64_t id) {
    sqlite3_stmt *s;
    bool row;
    HM_TRY(put_check(id, &index->row));
    HM_TRY(prepare(index, PUT_PART, &s));
    sqlite3_bind_int64(s, 1, id);
    hm_sql_bind(s, 2, hm_buf_bytes(&index->row));
    return step(index, s, &row);
}

/* The row's content behind its check; lasts until the next one is asked for. */
static hm_err get_row(hm_search_index *index, int64_t id, hm_reader *content) {
    sqlite3_stmt *s;
    bool row;
    HM_TRY(prepare(index, GET_PART, &s));
    sqlite3_bind_int64(s, 1, id);
    HM_TRY(step(index, s, &row));
    if (!row) return damaged();
    index->row.len = 0;
    hm_err err = hm_put(&index->row, hm_sql_column(s, 0));
    sqlite3_reset(s);
    HM_TRY(err);
    HM_TRY(is_as_written(id, hm_buf_bytes(&index->row)));
    *content = hm_reader_of(hm_buf_bytes(&index->row));
    return hm_read_skip(content, CHECK);
}

hm_err hm_search_index_segments(hm_search_index *index, uint64_t *segments) {
    sqlite3_stmt *s;
    bool row;
    HM_TRY(prepare(index, SEGMENTS, &s));
    sqlite3_bind_int64(s, 1, id_of(0, 1));
    HM_TRY(step(index, s, &row));
    *segments = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return HM_OK;
}

/* ---- adding ---- */

hm_err hm_search_index_begin(hm_search_index *index, uint64_t *segments) {
    HM_TRY(run(index, "BEGIN IMMEDIATE"));
    hm_err err = hm_search_index_segments(index, segments);
    if (hm_failed(err)) hm_search_index_rollback(index);
    return err;
}

hm_err hm_search_index_commit(hm_search_index *index) {
    hm_err err = run(index, "COMMIT");
    if (hm_failed(err)) hm_search_index_rollback(index);
    return err;
}

void hm_search_index_rollback(hm_search_index *index) {
    if (!sqlite3_get_autocommit(index->db)) sqlite3_exec(index->db, "ROLLBACK", NULL, NULL, NULL);
}

static int compare(const void *a, const void *b) {
    const hm_search_posting *one = a, *other = b;
    if (one->term != other->term) return one->term < other->term ? -1 : 1;
    return (one->place > other->place) - (one->place < other->place);
}

/* What stands twice, once. */
static size_t sort(hm_search_posting *postings, size_t count) {
    size_t kept = 0;
    if (count) qsort(postings, count, sizeof *postings, compare);
    for (size_t i = 0; i < count; i++)
        if (!kept || compare(&postings[kept - 1], &postings[i]) != 0) postings[kept++] = postings[i];
    return kept;
}

static hm_err put_runs(const hm_search_posting *postings, size_t count, hm_buf *row) {
    size_t runs = 0;
    for (size_t i = 0; i < count; i++) runs += !i || postings[i].term != postings[i - 1].term;
    HM_TRY(hm_put_u16be(row, (uint16_t)runs));
    for (size_t i = 0; i < count; i++) {
        if (i && postings[i].term == postings[i - 1].term) continue;
        HM_TRY(hm_put_u32be(row, postings[i].term));
        HM_TRY(hm_put_u16be(row, (uint16_t)i));
    }
    for (size_t i = 0; i < count; i++) HM_TRY(hm_put_u16be(row, postings[i].place));
    return HM_OK;
}

static hm_err add_span(hm_search_index *index, uint64_t segment, const hm_search_span *span) {
    index->row.len = 0;
    HM_TRY(hm_put_zeros(&index->row, CHECK));
    HM_TRY(hm_put_u64be(&index->row, (uint64_t)span->earliest));
    HM_TRY(hm_put_u64be(&index->row, (uint64_t)span->latest));
    HM_TRY(hm_put(&index->row, HM_ARRAY(span->last)));
    return put_row(index, id_of(segment, 0));
}

hm_err hm_search_index_add(hm_search_index *index, uint64_t segment, const hm_search_span *span,
                           hm_search_posting *postings, size_t count) {
    HM_TRY(check_segment(segment));
    if (count > (size_t)HM_SEARCH_SEGMENT * HM_SEARCH_TERMS_MAX) return hm_could_not("too many postings");
    count = sort(postings, count);
    HM_TRY(add_span(index, segment, span));
    for (unsigned bucket = 0, from = 0; bucket < BUCKETS; bucket++) {
        size_t to = from;
        while (to < count && postings[to].term >> BUCKET_SHIFT == bucket) to++;
        index->row.len = 0;
        HM_TRY(hm_put_zeros(&index->row, CHECK));
        HM_TRY(put_runs(&postings[from], to - from, &index->row));
        HM_TRY(put_row(index, id_of(segment, bucket + 1)));
        from = (unsigned)to;
    }
    return HM_OK;
}

/* ---- finding ---- */

void hm_search_index_snapshot(hm_search_index *index) {
    if (sqlite3_get_autocommit(index->db)) sqlite3_exec(index->db, "BEGIN", NULL, NULL, NULL);
}

void hm_search_index_snapshot_end(hm_search_index *index) {
    if (!sqlite3_get_autocommit(index->db)) sqlite3_exec(index->db, "COMMIT", NULL, NULL, NULL);
}

hm_err hm_search_index_span(hm_search_index *index, uint64_t segment, hm_search_span *span) {
    hm_reader row;
    uint64_t earliest, latest;
    HM_TRY(check_segment(segment));
    HM_TRY(get_row(index, id_of(segment, 0), &row));
    HM_TRY(hm_read_u64be(&row, &earliest));
    HM_TRY(hm_read_u64be(&row, &latest));
    HM_TRY(hm_read_copy(&row, span->last, sizeof span->last));
    span->earliest = (int64_t)earliest;
    span->latest = (int64_t)latest;
    return hm_read_end(&row);
}

typedef struct {
    hm_bytes table, places;
    size_t runs;
} runs;

static hm_err read_runs(hm_reader *row, runs *r) {
    uint16_t count;
    HM_TRY(hm_read_u16be(row, &count));
    HM_TRY(hm_read_bytes(row, (size_t)count * RUN, &r->table));
    r->runs = count;
    r->places = row->rest;
    return HM_OK;
}

/* One behind the last has no term, and starts where the places end. */
static hm_err read_run(const runs *r, size_t i, uint32_t *term, size_t *start) {
    hm_bytes part;
    uint16_t short_start;
    *term = 0;
    *start = r->places.len / 2;
    if (i == r->runs) return HM_OK;
    HM_TRY(hm_bytes_part(r->table, i * RUN, RUN, &part));
    hm_reader reader = hm_reader_of(part);
    HM_TRY(hm_read_u32be(&reader, term));
    HM_TRY(hm_read_u16be(&reader, &short_start));
    *start = short_start;
    return HM_OK;
}

/* The first that is not below TERM. */
static hm_err find_run(const runs *r, uint32_t term, size_t *at) {
    size_t low = 0, high = r->runs, start;
    while (low < high) {
        uint32_t here;
        size_t middle = low + (high - low) / 2;
        HM_TRY(read_run(r, middle, &here, &start));
        if (here < term)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return HM_OK;
}

static hm_err read_places(const runs *r, size_t from, size_t to, uint16_t place[static HM_SEARCH_SEGMENT]) {
    hm_bytes part;
    if (from > to || to - from > HM_SEARCH_SEGMENT) return damaged();
    HM_TRY(hm_bytes_part(r->places, 2 * from, 2 * (to - from), &part));
    hm_reader reader = hm_reader_of(part);
    for (size_t i = 0; i < to - from; i++) {
        HM_TRY(hm_read_u16be(&reader, &place[i]));
        if (place[i] >= HM_SEARCH_SEGMENT || (i && place[i] <= place[i - 1])) return damaged();
    }
    return HM_OK;
}

hm_err hm_search_index_find(hm_search_index *index, uint64_t segment, uint32_t term,
                            uint16_t place[static HM_SEARCH_SEGMENT], size_t *count) {
    hm_reader row;
    runs r;
    size_t at, from, to;
    uint32_t here, next;
    *count = 0;
    HM_TRY(check_segment(segment));
    HM_TRY(get_row(index, id_of(segment, (term >> BUCKET_SHIFT) + 1), &row));
    HM_TRY(read_runs(&row, &r));
    HM_TRY(find_run(&r, term, &at));
    HM_TRY(read_run(&r, at, &here, &from));
    if (at == r.runs || here != term) return HM_OK;
    HM_TRY(read_run(&r, at + 1, &next, &to));
    HM_TRY(read_places(&r, from, to, place));
    *count = to - from;
    return HM_OK;
}
