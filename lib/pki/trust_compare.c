#include <pki/trust_compare.h>

#include <crypto/uuid.h>
#include <pki/notes.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KID_SHOWN = 8 }; /* bytes: enough to know a key again */

typedef struct {
    const hm_trust_list *old, *fresh;
    hm_list_difference report;
    void *context;
    bool said; /* anything at all */
} comparison;

static hm_err say(comparison *c, const char *format, ...) HM_PRINTF(2, 3);
static hm_err say(comparison *c, const char *format, ...) {
    char sentence[400];
    va_list arguments;
    c->said = true;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return c->report(c->context, sentence);
}

typedef struct {
    char text[2 * KID_SHOWN + 1];
} kid_text;

static kid_text shown(const uint8_t kid[static HM_LIST_KID_LEN]) {
    kid_text text;
    for (size_t i = 0; i < KID_SHOWN; i++) snprintf(&text.text[2 * i], 3, "%02x", kid[i]);
    return text;
}

static const hm_list_key *key_in(const hm_list_key *keys, size_t count, const hm_list_key *key) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(keys[i].kid, key->kid, sizeof key->kid) == 0) return &keys[i];
    return NULL;
}

static bool is_same_key(const hm_list_key *a, const hm_list_key *b) {
    return hm_bytes_equal(HM_BYTES(a->cose, a->len), HM_BYTES(b->cose, b->len));
}

/* Keys of A that B lacks: WHOSE key ... VERB. */
static hm_err compare_kids(comparison *c, const char *whose, const char *verb, const hm_list_key *a, size_t a_count,
                           const hm_list_key *b, size_t b_count) {
    for (size_t i = 0; i < a_count; i++)
        if (!key_in(b, b_count, &a[i])) HM_TRY(say(c, "%s %s %s", whose, shown(a[i].kid).text, verb));
    return HM_OK;
}

/* A kid says nothing about the algorithm (RFC 9679 section 4). */
static hm_err compare_keys(comparison *c, const char *whose, const hm_list_key *a, size_t a_count, const hm_list_key *b,
                           size_t b_count) {
    HM_TRY(compare_kids(c, whose, "is gone", a, a_count, b, b_count));
    HM_TRY(compare_kids(c, whose, "is new", b, b_count, a, a_count));
    for (size_t i = 0; i < b_count; i++) {
        const hm_list_key *before = key_in(a, a_count, &b[i]);
        if (before && !is_same_key(before, &b[i]))
            HM_TRY(say(c, "%s %s is for %s, instead of %s", whose, shown(b[i].kid).text, hm_list_key_name(&b[i]),
                       hm_list_key_name(before)));
    }
    return HM_OK;
}

static hm_err compare_roots(comparison *c) {
    const hm_trust_list *a = c->old, *b = c->fresh;
    HM_TRY(compare_keys(c, "root", a->root, a->roots, b->root, b->roots));
    if (a->threshold == b->threshold && a->roots == b->roots) return HM_OK;
    return say(c, "%llu of %zu roots must sign, instead of %llu of %zu", (unsigned long long)b->threshold, b->roots,
               (unsigned long long)a->threshold, a->roots);
}

static const hm_list_publisher *publisher_in(const hm_trust_list *list, const uint8_t uuid[static HM_LIST_UUID_LEN]) {
    for (size_t i = 0; i < list->publishers; i++)
        if (memcmp(list->publisher[i].uuid, uuid, HM_LIST_UUID_LEN) == 0) return &list->publisher[i];
    return NULL;
}

static bool has_class(const hm_list_publisher *p, const uint8_t uuid[static HM_LIST_UUID_LEN]) {
    for (size_t i = 0; i < p->classes; i++)
        if (memcmp(p->class_id[i], uuid, HM_LIST_UUID_LEN) == 0) return true;
    return false;
}

static hm_err compare_classes(comparison *c, const char *verb, const hm_list_publisher *a, const hm_list_publisher *b) {
    char uuid[HM_UUID_TEXT];
    for (size_t i = 0; i < a->classes; i++) {
        hm_uuid_text(a->class_id[i], uuid);
        if (!has_class(b, a->class_id[i])) HM_TRY(say(c, "%s: class %s %s", b->name, uuid, verb));
    }
    return HM_OK;
}

static hm_err compare_sets(comparison *c, const hm_list_publisher *a, const hm_list_publisher *b) {
    HM_BUF kinds = HM_BUF_EMPTY, purposes = HM_BUF_EMPTY;
    const char *text;
    HM_TRY(hm_list_kinds_put(b->kinds, &kinds));
    HM_TRY(hm_buf_string(&kinds, &text));
    if (a->kinds != b->kinds) HM_TRY(say(c, "%s signs %s", b->name, text));
    HM_TRY(hm_list_purposes_put(b->purposes, &purposes));
    HM_TRY(hm_buf_string(&purposes, &text));
    return a->purposes != b->purposes ? say(c, "%s signs for %s", b->name, text) : HM_OK;
}

static hm_err compare_publisher(comparison *c, const hm_list_publisher *a, const hm_list_publisher *b) {
    char whose[HM_LIST_TEXT_MAX + 8];
    snprintf(whose, sizeof whose, "%s: key", b->name);
    if (strcmp(a->name, b->name) != 0) HM_TRY(say(c, "%s is called %s", a->name, b->name));
    if (a->retired != b->retired) HM_TRY(say(c, "%s is %s", b->name, b->retired ? "retired" : "active again"));
    HM_TRY(compare_classes(c, "is gone", a, b));
    HM_TRY(compare_classes(c, "is new", b, a));
    HM_TRY(compare_sets(c, a, b));
    HM_TRY(compare_keys(c, whose, a->key, a->keys, b->key, b->keys));
    if (a->threshold != b->threshold)
        HM_TRY(say(c, "%s: %llu keys must sign, instead of %llu", b->name, (unsigned long long)b->threshold,
                   (unsigned long long)a->threshold));
    if (a->receipts == b->receipts) return HM_OK;
    return say(c, "%s: signatures %s", b->name, b->receipts ? "need receipts" : "need no receipts");
}

static hm_err compare_publishers(comparison *c) {
    for (size_t i = 0; i < c->old->publishers; i++)
        if (!publisher_in(c->fresh, c->old->publisher[i].uuid))
            HM_TRY(say(c, "publisher %s is gone", c->old->publisher[i].name));
    for (size_t i = 0; i < c->fresh->publishers; i++) {
        const hm_list_publisher *b = &c->fresh->publisher[i], *a = publisher_in(c->old, b->uuid);
        HM_TRY(a ? compare_publisher(c, a, b) : say(c, "publisher %s is new", b->name));
    }
    return HM_OK;
}

static const hm_list_revoked *revoked_in(const hm_trust_list *list, const uint8_t kid[static HM_LIST_KID_LEN]) {
    for (size_t i = 0; i < list->revoked; i++)
        if (memcmp(list->revoked_key[i].kid, kid, HM_LIST_KID_LEN) == 0) return &list->revoked_key[i];
    return NULL;
}

static bool keeps(const hm_trust_list *list, const hm_list_revoked *revoked, const uint8_t *digest) {
    for (size_t i = 0; revoked && i < revoked->good; i++)
        if (memcmp(list->digest[revoked->first_good + i], digest, HM_LIST_DIGEST_LEN) == 0) return true;
    return false;
}

/* Releases that A keeps and B does not, in full: whoever wants another to pass for one looks for digests that begin
 * like its own. */
static hm_err compare_kept(comparison *c, const char *verb, const hm_trust_list *a, const hm_list_revoked *in_a,
                           const hm_trust_list *b, const hm_list_revoked *in_b) {
    for (size_t i = 0; in_a && i < in_a->good; i++) {
        HM_BUF hex = HM_BUF_EMPTY;
        const uint8_t *digest = a->digest[in_a->first_good + i];
        const char *text;
        if (keeps(b, in_b, digest)) continue;
        HM_TRY(hm_put_hex(&hex, HM_BYTES(digest, HM_LIST_DIGEST_LEN)));
        HM_TRY(hm_buf_string(&hex, &text));
        HM_TRY(say(c, "of key %s release %s %s", shown(in_a->kid).text, text, verb));
    }
    return HM_OK;
}

static hm_err compare_revoked(comparison *c) {
    for (size_t i = 0; i < c->old->revoked; i++)
        if (!revoked_in(c->fresh, c->old->revoked_key[i].kid))
            HM_TRY(say(c, "key %s is revoked no more", shown(c->old->revoked_key[i].kid).text));
    for (size_t i = 0; i < c->fresh->revoked; i++) {
        const hm_list_revoked *b = &c->fresh->revoked_key[i], *a = revoked_in(c->old, b->kid);
        if (!a) HM_TRY(say(c, "key %s is revoked", shown(b->kid).text));
        HM_TRY(compare_kept(c, "stays good no more", c->old, a, c->fresh, b));
        HM_TRY(compare_kept(c, "stays good", c->fresh, b, c->old, a));
    }
    return HM_OK;
}

static const hm_list_minimum *minimum_in(const hm_trust_list *list, const hm_list_minimum *wanted) {
    for (size_t i = 0; i < list->minimums; i++)
        if (memcmp(list->minimum[i].publisher, wanted->publisher, HM_LIST_UUID_LEN) == 0 &&
            strcmp(list->minimum[i].component, wanted->component) == 0)
            return &list->minimum[i];
    return NULL;
}

static hm_err compare_minimums(comparison *c) {
    for (size_t i = 0; i < c->old->minimums; i++)
        if (!minimum_in(c->fresh, &c->old->minimum[i]))
            HM_TRY(say(c, "the minimum of %s is gone", c->old->minimum[i].component));
    for (size_t i = 0; i < c->fresh->minimums; i++) {
        const hm_list_minimum *b = &c->fresh->minimum[i], *a = minimum_in(c->old, b);
        uint64_t before = a ? a->security_version : 0;
        if (before == b->security_version) continue;
        HM_TRY(say(c, "the least security version of %s is %llu, instead of %llu", b->component,
                   (unsigned long long)b->security_version, (unsigned long long)before));
    }
    return HM_OK;
}

/* The office belongs to it: it says whose signatures the log vouches for. */
static bool has_log(const hm_trust_list *list, const hm_list_log *log) {
    for (size_t i = 0; i < list->logs; i++)
        if (memcmp(list->log[i].office, log->office, sizeof log->office) == 0 &&
            is_same_key(&list->log[i].key, &log->key))
            return true;
    return false;
}

static hm_err compare_logs_of(comparison *c, const char *verb, const hm_trust_list *a, const hm_trust_list *b) {
    for (size_t i = 0; i < a->logs; i++) {
        char office[HM_UUID_TEXT];
        hm_uuid_text(a->log[i].office, office);
        if (!has_log(b, &a->log[i]))
            HM_TRY(say(c, "log %s of office %s %s", shown(a->log[i].key.kid).text, office, verb));
    }
    return HM_OK;
}

static hm_err compare_logs(comparison *c) {
    HM_TRY(compare_logs_of(c, "is gone", c->old, c->fresh));
    return compare_logs_of(c, "is new", c->fresh, c->old);
}

/* Notes. */

static hm_err find_note(const hm_trust_list *list, int64_t key, hm_note *note, bool *found) {
    hm_notes notes = hm_notes_of_pairs(HM_BYTES(list->note, list->notes_len), list->notes);
    do HM_TRY(hm_notes_next(&notes, note, found));
    while (*found && note->key != key);
    return HM_OK;
}

/* A note may be longer than any sentence: the list itself shows it whole. */
static hm_err say_note(comparison *c, const hm_note *note, const char *verb) {
    enum { SHOWN = 200 };
    HM_BUF text = HM_BUF_EMPTY;
    const char *words;
    HM_TRY(hm_note_put(note, &text));
    bool cut = text.len > SHOWN;
    if (cut) text.len = SHOWN;
    HM_TRY(hm_buf_string(&text, &words));
    return say(c, "note %lld %s: %s%s", (long long)note->key, verb, words, cut ? " ..." : "");
}

/* Notes of A that B has otherwise, or not at all. */
static hm_err compare_notes_of(comparison *c, const hm_trust_list *a, const hm_trust_list *b, const char *verb,
                               const char *changed) {
    hm_notes notes = hm_notes_of_pairs(HM_BYTES(a->note, a->notes_len), a->notes);
    for (bool more = true;;) {
        hm_note note, other;
        bool there;
        HM_TRY(hm_notes_next(&notes, &note, &more));
        if (!more) return HM_OK;
        HM_TRY(find_note(b, note.key, &other, &there));
        if (!there) HM_TRY(say_note(c, &note, verb));
        if (there && !hm_bytes_equal(note.value, other.value)) HM_TRY(say_note(c, &note, changed));
    }
}

static hm_err compare_notes(comparison *c) {
    HM_TRY(compare_notes_of(c, c->old, c->fresh, "is gone", "said"));
    return compare_notes_of(c, c->fresh, c->old, "is new", "says now");
}

/* Whatever else there may be, such as another order. */

static hm_err encode(const hm_trust_list *list, uint64_t version, hm_buf *payload) {
    HM_TRUST_LIST *copy = NULL;
    HM_TRY(hm_trust_list_new(&copy));
    *copy = *list;
    copy->version = version;
    return hm_trust_list_put(copy, payload);
}

static hm_err compare_rest(comparison *c) {
    HM_BUF old = HM_BUF_EMPTY, fresh = HM_BUF_EMPTY;
    if (c->said) return HM_OK;
    HM_TRY(encode(c->old, c->fresh->version, &old));
    HM_TRY(encode(c->fresh, c->fresh->version, &fresh));
    return hm_bytes_equal(hm_buf_bytes(&old), hm_buf_bytes(&fresh))
               ? HM_OK
               : say(c, "it differs in something that this program does not describe");
}

hm_err hm_trust_list_compare(const hm_trust_list *old, const hm_trust_list *fresh, hm_list_difference report,
                             void *context) {
    comparison c = {old, fresh, report, context, false};
    HM_TRY(compare_roots(&c));
    HM_TRY(compare_publishers(&c));
    HM_TRY(compare_revoked(&c));
    HM_TRY(compare_minimums(&c));
    HM_TRY(compare_logs(&c));
    HM_TRY(compare_notes(&c));
    return compare_rest(&c);
}
