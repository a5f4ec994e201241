/* An office whose statements are made by a few lines of a test: the "key" of NAME is the text "key of NAME", and who
 * signs is named. Nothing here is a signature; whose keys have signed is what the registry is told. */
#ifndef HM_TEST_REGISTRY_FIXTURE_H
#define HM_TEST_REGISTRY_FIXTURE_H

#include "base_test.h"

#include <policy/registry.h>

#include <stdio.h>

enum { BEGIN = 1700000000, DAY = 24 * 3600, FOREVER = 2000000000 };
static const uint8_t office[16] = "an office of us";
static hm_registry *registry;
static int64_t now;

static hm_bytes key_of(const char *name) {
    static char text[64][80]; /* as many as a test holds at once */
    static size_t next;
    char *here = text[next++ % 64];
    snprintf(here, sizeof text[0], "key of %s", name);
    return hm_text(here);
}

/* The next statement, to be filled in. */
static hm_statement next_statement(hm_act act) {
    hm_statement s = {.number = hm_registry_size(registry), .time = now, .act = act};
    memcpy(s.office, office, sizeof office);
    if (s.number) hm_registry_last(registry, s.previous);
    return s;
}

/* SIGNERS: names, separated by spaces. */
static size_t find_signers(const char *signers, size_t number[static HM_STATEMENT_SIGNERS_MAX]) {
    char names[200];
    size_t count = 0;
    snprintf(names, sizeof names, "%s", signers);
    for (char *rest = names, *name; (name = strsep(&rest, " ")) && *name;) {
        hm_bytes spki, wanted = key_of(name);
        size_t i = 0;
        while (hm_registry_key(registry, i, &spki) && !hm_bytes_equal(spki, wanted)) i++;
        number[count++] = i;
    }
    return count;
}

static hm_err take(const hm_statement *s, const char *signers) {
    HM_BUF cbor = HM_BUF_EMPTY;
    size_t number[HM_STATEMENT_SIGNERS_MAX], count = find_signers(signers, number);
    HM_TRY(hm_statement_put(s, &cbor));
    return hm_registry_take(registry, hm_buf_bytes(&cbor), number, count, now);
}

static hm_err found(uint64_t quorum, size_t founders, const char *const *names) {
    hm_statement s = next_statement(HM_ACT_CHARTER);
    s.quorum = quorum;
    s.founders = founders;
    for (size_t i = 0; i < founders; i++) s.founder[i] = (hm_founder){hm_text(names[i]), key_of(names[i])};
    return take(&s, "");
}

static hm_err state_principal(const char *name, const char *key, int user, const char *signers) {
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text(name);
    if (key) s.key[s.keys++] = key_of(key);
    s.has_unix = user >= 0;
    s.unix_user = user >= 0 ? (uint32_t)user : 0;
    return take(&s, signers);
}
static inline hm_err add(const char *name, const char *signers) { return state_principal(name, name, -1, signers); }
static inline hm_err revoke(const char *name, const char *signers) { return state_principal(name, NULL, -1, signers); }

static inline hm_err grant_until(const char *name, hm_role role, const char *product, int64_t until,
                                 const char *signers) {
    hm_statement s = next_statement(HM_ACT_GRANT);
    s.name = hm_text(name);
    s.role = role;
    s.product = hm_text(product);
    s.until = until;
    return take(&s, signers);
}
static inline hm_err grant(const char *name, hm_role role, const char *product, const char *signers) {
    return grant_until(name, role, product, FOREVER, signers);
}

static inline hm_err policy(const char *product, const char *text, const char *signers) {
    hm_statement s = next_statement(HM_ACT_POLICY);
    s.product = hm_text(product);
    s.policy = hm_text(text);
    return take(&s, signers);
}

static inline hm_err may(const char *name, hm_role role, const char *product) {
    return hm_registry_allows(registry, hm_text(name), role, hm_text(product), now);
}

/* Three founders, two of whom it takes; erin, an administrator for everything, and frank, of the pump. */
static int begin(void **state) {
    (void)state;
    static const char *const founders[] = {"alice", "bob", "carol"};
    now = BEGIN;
    if (hm_failed(hm_registry_new(office, &registry))) return 1;
    return hm_failed(found(2, 3, founders)) || hm_failed(add("erin", "alice bob")) ||
           hm_failed(add("frank", "alice bob")) || hm_failed(grant("erin", HM_ROLE_ADMINISTRATOR, "", "alice bob")) ||
           hm_failed(grant("frank", HM_ROLE_ADMINISTRATOR, "pump", "bob carol"));
}

static int finish(void **state) {
    (void)state;
    hm_registry_free(&registry);
    return 0;
}

#endif
