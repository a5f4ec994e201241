#include <pki/trust_edit.h>

#include <string.h>

enum { KID_PREFIX_MIN = 8 };

/* What is named by its kid: whole, or by a beginning that is nobody else's. */

static bool is_kid_text(const char *text) {
    size_t len = strspn(text, "0123456789abcdef");
    return !text[len] && len >= KID_PREFIX_MIN && len <= 2 * HM_LIST_KID_LEN;
}

static hm_err check_kid_text(const char *text) {
    return is_kid_text(text)
               ? HM_OK
               : hm_misuse("%s is no kid (%d to %d hexadecimal digits, as hallmark trust show prints them)", text,
                           KID_PREFIX_MIN, 2 * HM_LIST_KID_LEN);
}

static bool begins_with(const uint8_t kid[static HM_LIST_KID_LEN], const char *prefix) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; prefix[i]; i++)
        if (prefix[i] != digits[i % 2 ? kid[i / 2] & 15 : kid[i / 2] >> 4]) return false;
    return true;
}

/* Of COUNT keys, the one that KID names. WHOSE is for the sentence. */
static hm_err find_key(const hm_list_key *keys, size_t count, const char *kid, const char *whose, size_t *found) {
    size_t matches = 0;
    HM_TRY(check_kid_text(kid));
    for (size_t i = 0; i < count; i++) {
        if (!begins_with(keys[i].kid, kid)) continue;
        *found = i;
        matches++;
    }
    if (!matches) return hm_misuse("%s has no key %s", whose, kid);
    return matches == 1 ? HM_OK : hm_misuse("%s has several keys that begin with %s (give more digits)", whose, kid);
}

static bool holds_kid(const hm_list_key *keys, size_t count, const uint8_t kid[static HM_LIST_KID_LEN]) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(keys[i].kid, kid, HM_LIST_KID_LEN) == 0) return true;
    return false;
}

static void remove_key_at(hm_list_key *keys, size_t *count, size_t at) {
    memmove(&keys[at], &keys[at + 1], (*count - at - 1) * sizeof *keys);
    --*count;
}

/* A key with one purpose is a key whose theft has one consequence. */
static hm_err check_free(const hm_trust_list *list, const hm_list_key *key, const hm_list_publisher *but) {
    if (holds_kid(list->root, list->roots, key->kid)) return hm_misuse("that key is a root already");
    for (size_t i = 0; i < list->publishers; i++) {
        const hm_list_publisher *p = &list->publisher[i];
        if (holds_kid(p->key, p->keys, key->kid))
            return p == but ? hm_misuse("%s has that key already", p->name)
                            : hm_misuse("that key is %s's already", p->name);
    }
    for (size_t i = 0; i < list->revoked; i++)
        if (memcmp(list->revoked_key[i].kid, key->kid, HM_LIST_KID_LEN) == 0)
            return hm_misuse("that key is revoked, and stays so");
    return HM_OK;
}

/* Roots. */

hm_err hm_list_add_root(hm_trust_list *list, const hm_list_key *key) {
    HM_TRY(check_free(list, key, NULL));
    if (list->roots == HM_LIST_ROOTS_MAX) return hm_misuse("a trust list has at most %d roots", HM_LIST_ROOTS_MAX);
    list->root[list->roots++] = *key;
    return HM_OK;
}

hm_err hm_list_remove_root(hm_trust_list *list, const char *kid) {
    size_t at = 0;
    HM_TRY(find_key(list->root, list->roots, kid, "the root set", &at));
    remove_key_at(list->root, &list->roots, at);
    return HM_OK;
}

hm_err hm_list_set_threshold(hm_trust_list *list, uint64_t threshold) {
    if (!threshold || threshold > HM_LIST_ROOTS_MAX)
        return hm_misuse("--threshold is a number from 1 to %d", HM_LIST_ROOTS_MAX);
    list->threshold = threshold;
    return HM_OK;
}

/* Publishers. */

static bool same_uuid(const uint8_t *a, const uint8_t *b) { return memcmp(a, b, HM_LIST_UUID_LEN) == 0; }

static hm_list_publisher *publisher_with(hm_trust_list *list, const uint8_t uuid[static HM_LIST_UUID_LEN]) {
    for (size_t i = 0; i < list->publishers; i++)
        if (same_uuid(list->publisher[i].uuid, uuid)) return &list->publisher[i];
    return NULL;
}

hm_err hm_list_find_publisher(hm_trust_list *list, const char *name, hm_list_publisher **publisher) {
    uint8_t uuid[HM_LIST_UUID_LEN];
    size_t matches = 0;
    if (!hm_failed(hm_list_uuid_read(name, uuid))) {
        *publisher = publisher_with(list, uuid);
        return *publisher ? HM_OK : hm_misuse("the list has no publisher %s", name);
    }
    for (size_t i = 0; i < list->publishers; i++) {
        if (strcmp(list->publisher[i].name, name) != 0) continue;
        *publisher = &list->publisher[i];
        matches++;
    }
    if (!matches) return hm_misuse("the list has no publisher %s (hallmark trust show shows them)", name);
    return matches == 1 ? HM_OK : hm_misuse("the list has several publishers %s (name it by its UUID)", name);
}

static bool holds_class(const hm_list_publisher *publisher, const uint8_t uuid[static HM_LIST_UUID_LEN], size_t *at) {
    for (*at = 0; *at < publisher->classes; ++*at)
        if (same_uuid(publisher->class_id[*at], uuid)) return true;
    return false;
}

static hm_err add_class(hm_list_publisher *publisher, const uint8_t uuid[static HM_LIST_UUID_LEN]) {
    if (publisher->classes == HM_LIST_CLASSES_MAX)
        return hm_misuse("a publisher has at most %d classes", HM_LIST_CLASSES_MAX);
    memcpy(publisher->class_id[publisher->classes++], uuid, HM_LIST_UUID_LEN);
    return HM_OK;
}

/* Into a copy, so that half of it is never there. */
static hm_err extend_publisher(const hm_trust_list *list, hm_list_publisher *publisher, const hm_list_publisher *more) {
    hm_list_publisher larger = *publisher;
    size_t at;
    bool news = false;
    if (publisher->retired) return hm_misuse("%s is retired, and stays so", publisher->name);
    for (size_t i = 0; i < more->classes; i++) {
        if (holds_class(&larger, more->class_id[i], &at)) continue;
        HM_TRY(add_class(&larger, more->class_id[i]));
        news = true;
    }
    for (size_t i = 0; i < more->keys; i++) {
        if (holds_kid(larger.key, larger.keys, more->key[i].kid)) continue;
        HM_TRY(hm_list_add_key(list, &larger, &more->key[i]));
        news = true;
    }
    if (!news) return hm_misuse("%s has these classes and keys already", publisher->name);
    *publisher = larger;
    return HM_OK;
}

static hm_err append_publisher(hm_trust_list *list, const hm_list_publisher *fresh, hm_list_publisher **publisher) {
    if (list->publishers == HM_LIST_PUBLISHERS_MAX)
        return hm_misuse("a trust list has at most %d publishers", HM_LIST_PUBLISHERS_MAX);
    for (size_t i = 0; i < fresh->keys; i++) HM_TRY(check_free(list, &fresh->key[i], NULL));
    *publisher = &list->publisher[list->publishers++];
    **publisher = *fresh;
    (*publisher)->retired = false;
    return HM_OK;
}

static bool has_log(const hm_trust_list *list, const hm_list_log *log) {
    for (size_t i = 0; i < list->logs; i++)
        if (memcmp(list->log[i].key.kid, log->key.kid, HM_LIST_KID_LEN) == 0) return true;
    return false;
}

hm_err hm_list_add_publisher(hm_trust_list *list, const hm_publisher_file *file, hm_list_publisher **publisher) {
    *publisher = publisher_with(list, file->publisher.uuid);
    HM_TRY(*publisher ? extend_publisher(list, *publisher, &file->publisher)
                      : append_publisher(list, &file->publisher, publisher));
    for (size_t i = 0; i < file->logs; i++)
        if (!has_log(list, &file->log[i])) HM_TRY(hm_list_add_log(list, &file->log[i]));
    return HM_OK;
}

hm_err hm_list_retire(hm_list_publisher *publisher) {
    if (publisher->retired) return hm_misuse("%s is retired already", publisher->name);
    publisher->retired = true;
    return HM_OK;
}

hm_err hm_list_add_class(hm_list_publisher *publisher, const char *text) {
    uint8_t uuid[HM_LIST_UUID_LEN];
    size_t at;
    HM_TRY(hm_list_uuid_read(text, uuid));
    if (holds_class(publisher, uuid, &at)) return hm_misuse("%s has that class already", publisher->name);
    return add_class(publisher, uuid);
}

hm_err hm_list_remove_class(hm_list_publisher *publisher, const char *text) {
    uint8_t uuid[HM_LIST_UUID_LEN];
    size_t at;
    HM_TRY(hm_list_uuid_read(text, uuid));
    if (!holds_class(publisher, uuid, &at)) return hm_misuse("%s has no class %s", publisher->name, text);
    memmove(publisher->class_id[at], publisher->class_id[at + 1],
            (publisher->classes - at - 1) * sizeof publisher->class_id[0]);
    publisher->classes--;
    return HM_OK;
}

hm_err hm_list_add_key(const hm_trust_list *list, hm_list_publisher *publisher, const hm_list_key *key) {
    if (holds_kid(list->root, list->roots, key->kid))
        return hm_misuse("that key is a root of this list, and a root signs lists and nothing else");
    HM_TRY(check_free(list, key, publisher));
    if (publisher->keys == HM_LIST_KEYS_MAX) return hm_misuse("a publisher has at most %d keys", HM_LIST_KEYS_MAX);
    publisher->key[publisher->keys++] = *key;
    return HM_OK;
}

hm_err hm_list_remove_key(hm_list_publisher *publisher, const char *kid) {
    size_t at = 0;
    HM_TRY(find_key(publisher->key, publisher->keys, kid, publisher->name, &at));
    remove_key_at(publisher->key, &publisher->keys, at);
    return HM_OK;
}

/* Revocation. */

/* A publisher's key that KID names; a whole kid may be of a key that the list does not hold (any more). */
static hm_err find_revocable(const hm_trust_list *list, const char *text, uint8_t kid[static HM_LIST_KID_LEN]) {
    size_t matches = 0;
    HM_TRY(check_kid_text(text));
    for (size_t i = 0; i < list->publishers; i++) {
        const hm_list_publisher *p = &list->publisher[i];
        for (size_t k = 0; k < p->keys; k++) {
            if (!begins_with(p->key[k].kid, text)) continue;
            memcpy(kid, p->key[k].kid, HM_LIST_KID_LEN);
            matches++;
        }
    }
    if (matches > 1) return hm_misuse("several keys begin with %s (give more digits)", text);
    if (matches) return HM_OK;
    if (strlen(text) != 2 * HM_LIST_KID_LEN) return hm_misuse("no publisher has a key %s", text);
    HM_BUF whole = HM_BUF_EMPTY;
    HM_TRY(hm_hex_decode(hm_text(text), &whole));
    memcpy(kid, whole.data, HM_LIST_KID_LEN);
    return HM_OK;
}

hm_err hm_list_revoke(hm_trust_list *list, const char *text, hm_list_revoked **revoked) {
    uint8_t kid[HM_LIST_KID_LEN];
    HM_TRY(find_revocable(list, text, kid));
    if (holds_kid(list->root, list->roots, kid))
        return hm_misuse("%s is a root: --remove-root takes it out of the list", text);
    for (size_t i = 0; i < list->revoked; i++) {
        *revoked = &list->revoked_key[i];
        /* Named again, to keep one release more. */
        if (memcmp((*revoked)->kid, kid, sizeof kid) == 0) return HM_OK;
    }
    if (list->revoked == HM_LIST_REVOKED_MAX) return hm_misuse("a trust list has no room for more revoked keys");
    *revoked = &list->revoked_key[list->revoked++];
    **revoked = (hm_list_revoked){.first_good = list->good};
    memcpy((*revoked)->kid, kid, sizeof kid);
    return HM_OK;
}

hm_err hm_list_keep(hm_trust_list *list, hm_list_revoked *revoked, const uint8_t digest[static HM_LIST_DIGEST_LEN]) {
    for (size_t i = 0; i < revoked->good; i++)
        if (memcmp(list->digest[revoked->first_good + i], digest, HM_LIST_DIGEST_LEN) == 0)
            return hm_misuse("that release stays good already");
    if (list->good == HM_LIST_GOOD_MAX) return hm_misuse("a trust list has no room for more releases that stay good");
    size_t at = revoked->first_good + revoked->good;
    memmove(list->digest[at + 1], list->digest[at], (list->good - at) * sizeof list->digest[0]);
    memcpy(list->digest[at], digest, HM_LIST_DIGEST_LEN);
    list->good++;
    revoked->good++;
    for (size_t i = 0; i < list->revoked; i++)
        if (&list->revoked_key[i] > revoked) list->revoked_key[i].first_good++;
    return HM_OK;
}

/* Minimums and logs. */

static hm_err split_minimum(const char *text, hm_buf *publisher, hm_buf *component, uint64_t *version) {
    const char *equals = strrchr(text, '='), *slash = strchr(text, '/');
    if (!equals || !slash || slash > equals || slash == text || equals == slash + 1 ||
        (size_t)(equals - slash) - 1 > HM_LIST_ID_MAX || hm_failed(hm_decimal_decode(hm_text(equals + 1), version)))
        return hm_misuse("give PUBLISHER/COMPONENT=N");
    HM_TRY(hm_put(publisher, HM_BYTES(text, (size_t)(slash - text))));
    return hm_put(component, HM_BYTES(slash + 1, (size_t)(equals - slash) - 1));
}

static hm_err minimum_of(hm_trust_list *list, const uint8_t publisher[static HM_LIST_UUID_LEN], const char *component,
                         hm_list_minimum **minimum) {
    for (size_t i = 0; i < list->minimums; i++) {
        *minimum = &list->minimum[i];
        if (same_uuid((*minimum)->publisher, publisher) && strcmp((*minimum)->component, component) == 0) return HM_OK;
    }
    if (list->minimums == HM_LIST_MINIMUMS_MAX) return hm_misuse("a trust list has no room for more minimums");
    *minimum = &list->minimum[list->minimums++];
    **minimum = (hm_list_minimum){.security_version = 0};
    memcpy((*minimum)->publisher, publisher, HM_LIST_UUID_LEN);
    memcpy((*minimum)->component, component, strlen(component));
    return HM_OK;
}

hm_err hm_list_set_minimum(hm_trust_list *list, const char *text) {
    HM_BUF name = HM_BUF_EMPTY, id = HM_BUF_EMPTY;
    const char *publisher_name, *component;
    hm_list_publisher *publisher;
    hm_list_minimum *minimum;
    uint64_t version;
    HM_TRY(split_minimum(text, &name, &id, &version));
    HM_TRY(hm_buf_string(&name, &publisher_name));
    HM_TRY(hm_buf_string(&id, &component));
    HM_TRY(hm_list_find_publisher(list, publisher_name, &publisher));
    if (!version) return hm_misuse("a minimum of 0 says nothing");
    HM_TRY(minimum_of(list, publisher->uuid, component, &minimum));
    if (version <= minimum->security_version)
        return hm_misuse("it is %llu already, and only ever rises", (unsigned long long)minimum->security_version);
    minimum->security_version = version;
    return HM_OK;
}

hm_err hm_list_add_log(hm_trust_list *list, const hm_list_log *log) {
    if (has_log(list, log)) return hm_misuse("the list has that log's key already");
    if (strcmp(hm_list_key_name(&log->key), "ESP256") != 0) return hm_misuse("a log's key for receipts is on P-256");
    HM_TRY(check_free(list, &log->key, NULL));
    if (list->logs == HM_LIST_LOGS_MAX) return hm_misuse("a trust list has no room for more logs");
    list->log[list->logs++] = *log;
    return HM_OK;
}

hm_err hm_list_remove_log(hm_trust_list *list, const char *kid) {
    size_t matches = 0, at = 0;
    HM_TRY(check_kid_text(kid));
    for (size_t i = 0; i < list->logs; i++) {
        if (!begins_with(list->log[i].key.kid, kid)) continue;
        at = i;
        matches++;
    }
    if (matches != 1)
        return hm_misuse(matches ? "several logs have keys that begin with %s" : "no log has a key %s", kid);
    memmove(&list->log[at], &list->log[at + 1], (list->logs - at - 1) * sizeof list->log[0]);
    list->logs--;
    return HM_OK;
}

/* Can it work? */

static hm_err check_publisher(const hm_trust_list *list, const hm_list_publisher *p) {
    if (!p->keys) return hm_misuse("%s has no key left (--retire-publisher retires it)", p->name);
    if (!p->classes) return hm_misuse("%s has no class left (--retire-publisher retires it)", p->name);
    if (!p->threshold || p->threshold > p->keys)
        return hm_misuse("%s: %llu of its %zu keys must sign (--publisher-threshold M)", p->name,
                         (unsigned long long)p->threshold, p->keys);
    bool unlogged = p->receipts && !p->retired && !list->logs;
    return unlogged ? hm_misuse("%s needs receipts, and the list names no log (--add-log KEYFILE)", p->name) : HM_OK;
}

hm_err hm_trust_list_check(const hm_trust_list *list) {
    if (!list->roots) return hm_misuse("the list has no root (--add-root KEYFILE)");
    if (!list->threshold) return hm_misuse("how many of the %zu roots must sign? (--threshold M)", list->roots);
    if (list->threshold > list->roots)
        return hm_misuse("the list has %zu roots, and %llu must sign (--threshold M)", list->roots,
                         (unsigned long long)list->threshold);
    for (size_t i = 0; i < list->publishers; i++) HM_TRY(check_publisher(list, &list->publisher[i]));
    return HM_OK;
}
