/* Wycheproof's attacks on verifiers (C2SP/wycheproof, testvectors_v1), put to an algorithm of the device verifier. */
#ifndef WYCHEPROOF_TEST_H
#define WYCHEPROOF_TEST_H

#include "signature_test.h"

#include <jansson.h>

/* What is made of a file: every vector counts in exactly one of the fields. */
typedef struct wycheproof_counts {
    size_t good, bad;
    size_t policy;  /* valid, and bad by our own rule: see `refused` */
    size_t skipped; /* vectors of groups that are another algorithm */
} wycheproof_counts;

typedef struct wycheproof_rules {
    const hmv_algorithm *algorithm;
    /* The group's key; false: the group is another algorithm, and is skipped. */
    bool (*key)(json_t *group, signature_case *is);
    /* Does a rule of our own refuse every signature of this group? NULL: there is no such rule. */
    bool (*refused)(json_t *group);
} wycheproof_rules;

static inline octets wycheproof_octets(json_t *object, const char *name) {
    const char *hex = json_string_value(json_object_get(object, name));
    assert_non_null(hex);
    return from_hex(hex);
}

/* Only what is plainly valid may be good; `acceptable` is not. */
static inline void wycheproof_check(const wycheproof_rules *rules, bool refused, signature_case *is, json_t *test,
                                    wycheproof_counts *counts) {
    is->message = wycheproof_octets(test, "msg");
    is->signature = wycheproof_octets(test, "sig");
    bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    hmv_verdict expected = valid && !refused ? HMV_GOOD : HMV_BAD;
    if (ask(rules->algorithm, is) != expected)
        fail_msg("vector %lld (%s) should be %s", json_integer_value(json_object_get(test, "tcId")),
                 json_string_value(json_object_get(test, "comment")), expected == HMV_GOOD ? "good" : "bad");
    (*(!valid ? &counts->bad : refused ? &counts->policy : &counts->good))++;
    free(is->message.data), free(is->signature.data);
    is->message = is->signature = (octets){NULL, 0};
}

static inline wycheproof_counts wycheproof_file(const char *file, const wycheproof_rules *rules) {
    const char *folder = getenv("HALLMARK_VECTORS");
    char path[4096];
    snprintf(path, sizeof path, "%s/wycheproof/%s", folder ? folder : HALLMARK_VECTORS, file);
    json_t *root = json_load_file(path, 0, NULL), *group, *test;
    if (!root) print_message("%s is absent: not tested\n", path), skip();
    wycheproof_counts counts = {0};
    size_t i, k;
    json_array_foreach(json_object_get(root, "testGroups"), i, group) {
        signature_case is = {0};
        json_t *tests = json_object_get(group, "tests");
        if (!rules->key(group, &is)) {
            counts.skipped += json_array_size(tests);
            continue;
        }
        bool refused = rules->refused && rules->refused(group);
        json_array_foreach(tests, k, test) wycheproof_check(rules, refused, &is, test, &counts);
        case_clear(&is);
    }
    print_message("%s: %zu good, %zu bad, %zu valid but refused by our rule, %zu skipped\n", file, counts.good,
                  counts.bad, counts.policy, counts.skipped);
    assert_int_equal(counts.good + counts.bad + counts.policy + counts.skipped,
                     json_integer_value(json_object_get(root, "numberOfTests")));
    assert_true(counts.good > 0 && counts.bad > 0);
    json_decref(root);
    return counts;
}

#endif
