/* Quotas: how often a key, or a principal under a rule, was used lately. The log says it. What was read of it once is
 * kept as times, so that a signature does not cost what all before it in the quota's time do. */
#include "usage.h"

#include <base/json.h>

#include <stdlib.h>
#include <string.h>

/* Entries lie in the order of their times, but where the clock was put back; by more than a day it is not. */
enum { READ_AT_ONCE = 256, PUT_BACK_MOST = 24 * 3600, TIMES_LEAST = 64 };

/* What was used: a product's rule by a principal, or a product's key. */
typedef struct {
    hm_buf name;
    int64_t *time; /* ascending */
    size_t count, capacity;
} used;

/* What lies in the log from FROM up to NEXT. */
struct hm_usage {
    uint64_t from, next;
    bool begun;
    int64_t since;  /* later intents are all there */
    int64_t window; /* the longest that was asked for, seconds */
    size_t count, last;
    used *of;
};

static void clear(struct hm_usage *u) {
    for (size_t i = 0; i < u->count; i++) {
        hm_buf_clear(&u->of[i].name);
        free(u->of[i].time);
    }
    free(u->of);
    *u = (struct hm_usage){.begun = false};
}

void hm_usage_forget(hm_office *office) {
    if (office->usage) clear(office->usage);
    free(office->usage);
    office->usage = NULL;
}

/* ---- times ---- */

static hm_err find(struct hm_usage *u, hm_bytes name, used **found) {
    for (size_t i = 0; i < u->count; i++) {
        size_t at = (u->last + i) % u->count;
        if (!hm_bytes_equal(hm_buf_bytes(&u->of[at].name), name)) continue;
        u->last = at;
        return *found = &u->of[at], HM_OK;
    }
    used *larger = reallocarray(u->of, u->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    u->of = larger;
    *found = &larger[u->count++];
    **found = (used){.count = 0};
    return hm_put(&(*found)->name, name);
}

/* The first that is later than TIME. */
static size_t later_than(const used *of, int64_t time) {
    size_t low = 0, high = of->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (of->time[middle] > time)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Room for one more; what nobody asks for any more goes first. */
static hm_err make_room(struct hm_usage *u, used *of) {
    if (of->count < of->capacity) return HM_OK;
    size_t old = of->count ? later_than(of, of->time[of->count - 1] - u->window - PUT_BACK_MOST) : 0;
    /* What is gone is read again by who asks for a longer time. */
    if (old && of->time[old - 1] > u->since) u->since = of->time[old - 1];
    if (old) memmove(of->time, of->time + old, (of->count - old) * sizeof *of->time);
    of->count -= old;
    if (of->count < of->capacity / 2) return HM_OK;
    size_t capacity = of->capacity ? 2 * of->capacity : TIMES_LEAST;
    int64_t *larger = reallocarray(of->time, capacity, sizeof *larger);
    if (!larger) return hm_no_memory();
    of->time = larger;
    of->capacity = capacity;
    return HM_OK;
}

static hm_err add(struct hm_usage *u, hm_bytes name, int64_t time) {
    used *of;
    HM_TRY(find(u, name, &of));
    HM_TRY(make_room(u, of));
    size_t at = later_than(of, time); /* nearly always the end */
    memmove(of->time + at + 1, of->time + at, (of->count - at) * sizeof *of->time);
    of->time[at] = time;
    of->count++;
    return HM_OK;
}

/* ---- the log ---- */

static hm_err put_name(hm_buf *name, const uint8_t class[static 16], char kind, hm_bytes one, hm_bytes other) {
    name->len = 0;
    HM_TRY(hm_put(name, HM_BYTES(class, 16)));
    HM_TRY(hm_put_u8(name, (uint8_t)kind));
    HM_TRY(hm_put_u32be(name, (uint32_t)one.len));
    HM_TRY(hm_put(name, one));
    return hm_put(name, other);
}

typedef struct {
    struct hm_usage *usage;
    uint64_t next;
    int64_t since;
    bool older; /* some entry was, by more than the clock is put back */
} reading;

static hm_err take(reading *r, const hm_leaf *leaf, hm_bytes details, int64_t time) {
    HM_BUF name = HM_BUF_EMPTY;
    hm_bytes rule = hm_json_text_of(details, "rule"), key = hm_json_text_of(details, "key");
    if (!leaf->has_product) return HM_OK;
    HM_TRY(put_name(&name, leaf->product_class, 'k', key, HM_NO_BYTES));
    HM_TRY(add(r->usage, hm_buf_bytes(&name), time));
    if (!rule.len) return HM_OK;
    HM_TRY(put_name(&name, leaf->product_class, 'r', rule, hm_json_text_of(details, "principal")));
    return add(r->usage, hm_buf_bytes(&name), time);
}

static hm_err read_one(void *context, const hm_entry_row *entry) {
    reading *r = context;
    hm_leaf leaf;
    uint64_t time;
    bool erased;
    if (entry->index != r->next++)
        return hm_refuse("entry %llu is missing from the database, so a quota cannot be counted",
                         (unsigned long long)r->next - 1);
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    if (leaf.type != HM_LEAF_INTENT) return HM_OK;
    HM_TRY(hm_in(hm_audit_details(&leaf, entry, &erased), "a quota cannot be counted"));
    if (erased || hm_failed(hm_decimal_decode(hm_json_text_of(entry->details, "time"), &time)))
        return hm_refuse("the details of entry %llu were erased, so a quota cannot be counted",
                         (unsigned long long)entry->index);
    r->older |= (int64_t)time <= r->since - PUT_BACK_MOST;
    return (int64_t)time > r->since ? take(r, &leaf, entry->details, (int64_t)time) : HM_OK;
}

static hm_err read_part(hm_office *office, reading *r, uint64_t from, uint64_t end) {
    r->next = from;
    HM_TRY(hm_store_entries(office->store, from, end - from, read_one, r));
    return r->next == end ? HM_OK : hm_refuse("entries are missing from the database, so a quota cannot be counted");
}

/* What has come since. */
static hm_err read_on(hm_office *office, reading *r, uint64_t size) {
    struct hm_usage *u = office->usage;
    while (u->next < size) {
        uint64_t end = size - u->next < READ_AT_ONCE ? size : u->next + READ_AT_ONCE;
        HM_TRY(read_part(office, r, u->next, end));
        u->next = end;
    }
    return HM_OK;
}

/* All of it, from the end. */
static hm_err read_back(hm_office *office, reading *r, uint64_t size) {
    struct hm_usage *u = office->usage;
    int64_t window = u->window;
    clear(u);
    u->window = window;
    u->from = u->next = size;
    u->since = r->since;
    while (u->from && !r->older) {
        uint64_t some = u->from < READ_AT_ONCE ? u->from : READ_AT_ONCE;
        HM_TRY(read_part(office, r, u->from - some, u->from));
        u->from -= some;
    }
    u->begun = true;
    return HM_OK;
}

static hm_err catch_up(hm_office *office, int64_t since) {
    struct hm_usage *u = office->usage;
    uint64_t size;
    HM_TRY(hm_store_log_size(office->store, &size));
    bool there = u->begun && u->since <= since && u->next <= size;
    reading r = {.usage = u, .since = there ? u->since : since};
    return there ? read_on(office, &r, size) : read_back(office, &r, size);
}

static hm_err count(hm_office *office, hm_bytes name, int64_t since, uint64_t *uses) {
    used *of;
    HM_TRY(catch_up(office, since));
    HM_TRY(find(office->usage, name, &of));
    *uses = of->count - later_than(of, since);
    return HM_OK;
}

static hm_err count_kept(hm_office *office, hm_bytes name, int64_t time, uint32_t seconds, uint64_t *uses) {
    if (!office->usage) office->usage = calloc(1, sizeof *office->usage);
    if (!office->usage) return hm_no_memory();
    if (office->usage->window < seconds) office->usage->window = seconds;
    hm_err err = count(office, name, time - (int64_t)seconds, uses);
    hm_fault fault = hm_fault_keep(err);
    if (fault.class != HM_DONE) hm_usage_forget(office);
    return hm_fault_raise(&fault);
}

hm_err hm_usage_of_rule(hm_office *office, hm_bytes rule, int64_t time, uint32_t seconds, uint64_t *uses) {
    HM_BUF name = HM_BUF_EMPTY;
    const hm_session *session = office->session;
    HM_TRY(put_name(&name, session->product.class, 'r', rule, hm_text(session->principal)));
    return count_kept(office, hm_buf_bytes(&name), time, seconds, uses);
}

hm_err hm_usage_of_key(hm_office *office, const hm_product *product, const uint8_t token_id[static HM_KEY_ID_LEN],
                       int64_t time, uint32_t seconds, uint64_t *uses) {
    HM_BUF name = HM_BUF_EMPTY, hex = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&hex, HM_BYTES(token_id, HM_KEY_ID_LEN)));
    HM_TRY(put_name(&name, product->class, 'k', hm_buf_bytes(&hex), HM_NO_BYTES));
    return count_kept(office, hm_buf_bytes(&name), time, seconds, uses);
}
