#include <pki/trust_compare.h>

#include <crypto/uuid.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KID_SHOWN = 8 }; /* bytes: enough to know a key again */

typedef struct {
    const hm_trust_list *old, *fresh;
    hm_list_difference report;
    void *context;
} comparison;

static hm_err say(const comparison *c, const char *format, ...) HM_PRINTF(2, 3);
static hm_err say(const comparison *c, const char *format, ...) {
    char sentence[400];
    va_list arguments;
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

static bool has_key(const hm_list_key *keys, size_t count, const hm_list_key *key) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(keys[i].kid, key->kid, sizeof key->kid) == 0) return true;
    return false;
}

/* Keys of A that B lacks: WHOSE key ... VERB. */
static hm_err compare_keys(const comparison *c, const char *whose, const char *verb, const hm_list_key *a,
                           size_t a_count, const hm_list_key *b, size_t b_count) {
    for (size_t i = 0; i < a_count; i++)
        if (!has_key(b, b_count, &a[i])) HM_TRY(say(c, "%s %s %s", whose, shown(a[i].kid).text, verb));
    return HM_OK;
}

static hm_err compare_roots(const comparison *c) {
    const hm_trust_list *a = c->old, *b = c->fresh;
    HM_TRY(compare_keys(c, "root", "is gone", a->root, a->roots, b->root, b->roots));
    HM_TRY(compare_keys(c, "root", "is new", b->root, b->roots, a->root, a->roots));
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

static hm_err compare_classes(const comparison *c, const char *verb, const hm_list_publisher *a,
                              const hm_list_publisher *b) {
    char uuid[HM_UUID_TEXT];
    for (size_t i = 0; i < a->classes; i++) {
        hm_uuid_text(a->class_id[i], uuid);
        if (!has_class(b, a->class_id[i])) HM_TRY(say(c, "%s: class %s %s", b->name, uuid, verb));
    }
    return HM_OK;
}

static hm_err compare_sets(const comparison *c, const hm_list_publisher *a, const hm_list_publisher *b) {
    HM_BUF kinds = HM_BUF_EMPTY, purposes = HM_BUF_EMPTY;
    const char *text;
    HM_TRY(hm_list_kinds_put(b->kinds, &kinds));
    HM_TRY(hm_buf_string(&kinds, &text));
    if (a->kinds != b->kinds) HM_TRY(say(c, "%s signs %s", b->name, text));
    HM_TRY(hm_list_purposes_put(b->purposes, &purposes));
    HM_TRY(hm_buf_string(&purposes, &text));
    return a->purposes != b->purposes ? say(c, "%s signs for %s", b->name, text) : HM_OK;
}

static hm_err compare_publisher(const comparison *c, const hm_list_publisher *a, const hm_list_publisher *b) {
    char whose[HM_LIST_TEXT_MAX + 8];
    snprintf(whose, sizeof whose, "%s: key", b->name);
    if (strcmp(a->name, b->name) != 0) HM_TRY(say(c, "%s is called %s", a->name, b->name));
    if (a->retired != b->retired) HM_TRY(say(c, "%s is %s", b->name, b->retired ? "retired" : "active again"));
    HM_TRY(compare_classes(c, "is gone", a, b));
    HM_TRY(compare_classes(c, "is new", b, a));
    HM_TRY(compare_sets(c, a, b));
    HM_TRY(compare_keys(c, whose, "is gone", a->key, a->keys, b->key, b->keys));
    HM_TRY(compare_keys(c, whose, "is new", b->key, b->keys, a->key, a->keys));
    if (a->threshold != b->threshold)
        HM_TRY(say(c, "%s: %llu keys must sign, instead of %llu", b->name, (unsigned long long)b->threshold,
                   (unsigned long long)a->threshold));
    if (a->receipts == b->receipts) return HM_OK;
    return say(c, "%s: signatures %s", b->name, b->receipts ? "need receipts" : "need no receipts");
}

static hm_err compare_publishers(const comparison *c) {
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

static hm_err compare_revoked(const comparison *c) {
    for (size_t i = 0; i < c->old->revoked; i++)
        if (!revoked_in(c->fresh, c->old->revoked_key[i].kid))
            HM_TRY(say(c, "key %s is revoked no more", shown(c->old->revoked_key[i].kid).text));
    for (size_t i = 0; i < c->fresh->revoked; i++) {
        const hm_list_revoked *b = &c->fresh->revoked_key[i], *a = revoked_in(c->old, b->kid);
        size_t before = a ? a->good : 0;
        if (!a) HM_TRY(say(c, "key %s is revoked", shown(b->kid).text));
        if (b->good != before)
            HM_TRY(say(c, "of key %s %zu release%s good", shown(b->kid).text, b->good,
                       b->good == 1 ? " stays" : "s stay"));
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

static hm_err compare_minimums(const comparison *c) {
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

static bool has_log(const hm_trust_list *list, const hm_list_log *log) {
    for (size_t i = 0; i < list->logs; i++)
        if (memcmp(list->log[i].key.kid, log->key.kid, HM_LIST_KID_LEN) == 0) return true;
    return false;
}

static hm_err compare_logs(const comparison *c) {
    for (size_t i = 0; i < c->old->logs; i++)
        if (!has_log(c->fresh, &c->old->log[i])) HM_TRY(say(c, "log %s is gone", shown(c->old->log[i].key.kid).text));
    for (size_t i = 0; i < c->fresh->logs; i++)
        if (!has_log(c->old, &c->fresh->log[i])) HM_TRY(say(c, "log %s is new", shown(c->fresh->log[i].key.kid).text));
    return HM_OK;
}

hm_err hm_trust_list_compare(const hm_trust_list *old, const hm_trust_list *fresh, hm_list_difference report,
                             void *context) {
    comparison c = {old, fresh, report, context};
    HM_TRY(compare_roots(&c));
    HM_TRY(compare_publishers(&c));
    HM_TRY(compare_revoked(&c));
    HM_TRY(compare_minimums(&c));
    return compare_logs(&c);
}
