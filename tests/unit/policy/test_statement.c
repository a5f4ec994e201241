/* One statement has one encoding, and nothing else is read as one. */
#include "base_test.h"

#include <base/cbor.h>
#include <policy/statement.h>

static hm_statement charter(void) {
    hm_statement s = {.time = 1700000000, .act = HM_ACT_CHARTER, .quorum = 2, .founders = 2};
    memcpy(s.office, "an office of us", 16);
    s.founder[0] = (hm_founder){hm_text("alice"), hm_text("key of alice")};
    s.founder[1] = (hm_founder){hm_text("bob"), hm_text("key of bob")};
    return s;
}

static hm_statement later(hm_act act) {
    hm_statement s = {.number = 7, .time = 1700000000, .act = act};
    memcpy(s.office, "an office of us", 16);
    memset(s.previous, 0x55, sizeof s.previous);
    return s;
}

static hm_statement principal(void) {
    hm_statement s = later(HM_ACT_PRINCIPAL);
    s.name = hm_text("dan");
    s.keys = 1;
    s.key[0] = hm_text("key of dan");
    s.has_unix = true;
    s.unix_user = 1000;
    return s;
}

static hm_statement workload(void) {
    hm_statement s = later(HM_ACT_PRINCIPAL);
    s.name = hm_text("ci-main");
    s.issuer = hm_text("https://ci.example.com");
    s.claims = 2;
    s.claim[0] = (hm_claim){hm_text("ref"), hm_text("refs/heads/main")};
    s.claim[1] = (hm_claim){hm_text("repository_id"), hm_text("7")};
    return s;
}

static hm_statement grant(void) {
    hm_statement s = later(HM_ACT_GRANT);
    s.name = hm_text("dan");
    s.role = HM_ROLE_APPROVER;
    s.product = hm_text("pump");
    s.until = 1800000000;
    return s;
}

static hm_statement policy(void) {
    hm_statement s = later(HM_ACT_POLICY);
    s.product = hm_text("pump");
    s.policy = hm_text("rule release\n");
    return s;
}

static void assert_line(const hm_statement *s, const char *line) {
    HM_BUF text = HM_BUF_EMPTY;
    assert_done(hm_statement_describe(s, &text));
    assert_int_equal(text.len, strlen(line));
    assert_memory_equal(text.data, line, text.len);
}

/* Written, read, and written again the same; every prefix and every longer one is refused. */
static void assert_comes_back(const hm_statement *s) {
    HM_BUF cbor = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_statement read;
    assert_done(hm_statement_put(s, &cbor));
    assert_done(hm_statement_get(hm_buf_bytes(&cbor), &read));
    assert_done(hm_statement_put(&read, &again));
    assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
    assert_int_equal(read.act, s->act);
    assert_int_equal(read.number, s->number);
    for (size_t len = 0; len < cbor.len; len++) assert_refused(hm_statement_get(HM_BYTES(cbor.data, len), &read));
    assert_int_equal(read.act, 0);
    assert_done(hm_put_u8(&cbor, 0));
    assert_refused(hm_statement_get(hm_buf_bytes(&cbor), &read));
}

static void every_act_comes_back_as_it_was(void **state) {
    (void)state;
    hm_statement s = charter();
    assert_comes_back(&s);
    s = principal();
    assert_comes_back(&s);
    s.has_unix = false;
    assert_comes_back(&s);
    s.keys = 0;
    assert_comes_back(&s);
    s = workload();
    assert_comes_back(&s);
    s.claim[0].value = HM_NO_BYTES; /* which is a value */
    s.keys = 1;
    s.key[0] = hm_text("key");
    s.has_unix = true;
    assert_comes_back(&s);
    s = grant();
    assert_comes_back(&s);
    s.product = HM_NO_BYTES;
    s.until = 0;
    assert_comes_back(&s);
    s = policy();
    assert_comes_back(&s);
    s.policy = HM_NO_BYTES;
    assert_comes_back(&s);
}

static hm_statement glass(void) {
    hm_statement s = policy();
    s.temporary = true;
    s.until = s.time + 3600;
    s.reason = hm_text("a recall");
    return s;
}

static hm_statement key(void) {
    hm_statement s = {.number = 7, .time = 1700000000, .act = HM_ACT_KEY, .product = hm_text("pump")};
    memcpy(s.office, "an office of us", sizeof s.office);
    memset(s.previous, 'U', sizeof s.previous);
    memcpy(s.token_id, "key number seven", sizeof s.token_id);
    s.state = HM_KEY_COMPROMISED;
    s.since = s.time - 3600;
    s.reason = hm_text("a laptop was stolen");
    return s;
}

static void a_keys_state_comes_back(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY, line = HM_BUF_EMPTY;
    hm_statement s = key(), read;
    assert_comes_back(&s);
    assert_done(hm_statement_put(&s, &cbor));
    assert_bytes(hm_buf_bytes(&cbor),
                 "\xab\x01\x01\x02\x50"
                 "an office of us\0"
                 "\x03\x07\x04\x58\x20UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU\x05\x1a\x65\x53\xf1\x00\x06\x05\x0d\x64pump"
                 "\x12\x73"
                 "a laptop was stolen\x13\x50key number seven\x14\x05\x15\x1a\x65\x53\xe2\xf0");
    assert_done(hm_statement_get(hm_buf_bytes(&cbor), &read));
    assert_int_equal(read.state, HM_KEY_COMPROMISED);
    assert_int_equal(read.since, s.since);
    assert_memory_equal(read.token_id, s.token_id, sizeof s.token_id);
    assert_done(hm_statement_describe(&s, &line));
    assert_bytes(hm_buf_bytes(&line),
                 "key 6b6579206e756d62657220736576656e of pump: compromised since 2023-11-14 21:13 UTC, because: "
                 "a laptop was stolen");
    s.product = s.reason = HM_NO_BYTES;
    s.since = 0;
    assert_comes_back(&s);
    s.state = HM_KEY_SUSPENDED;
    assert_comes_back(&s);
}

static void a_break_glass_policy_comes_back(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY, line = HM_BUF_EMPTY;
    hm_statement s = glass(), read;
    assert_comes_back(&s);
    assert_done(hm_statement_put(&s, &cbor));
    assert_done(hm_statement_get(hm_buf_bytes(&cbor), &read));
    assert_true(read.temporary);
    assert_int_equal(read.until, s.until);
    assert_bytes(read.reason, "a recall");
    assert_done(hm_statement_describe(&read, &line));
    assert_bytes(hm_buf_bytes(&line),
                 "BREAK-GLASS of pump until 2023-11-14 23:13 UTC: policy of 13 bytes, because: a recall");
    s.until = 0;
    s.policy = s.reason = HM_NO_BYTES;
    assert_comes_back(&s);
    line.len = 0;
    assert_done(hm_statement_describe(&s, &line));
    assert_bytes(hm_buf_bytes(&line), "BREAK-GLASS of pump ended");
}

static void a_charter_has_these_bytes(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_statement s = charter();
    assert_done(hm_statement_put(&s, &cbor));
    assert_bytes(hm_buf_bytes(&cbor), "\xa7\x01\x01\x02\x50"
                                      "an office of us\0"
                                      "\x03\x00\x05\x1a\x65\x53\xf1\x00\x06\x01\x07\x02\x08\x82\x82\x65"
                                      "alice\x4c"
                                      "key of alice\x82\x63"
                                      "bob\x4a"
                                      "key of bob");
}

/* A bit changed is another statement, or none; never the same. */
static void no_changed_bit_goes_unnoticed(void **state) {
    (void)state;
    hm_statement all[] = {charter(), principal(), workload(), grant(), policy(), glass(), key()}, read;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        HM_BUF cbor = HM_BUF_EMPTY;
        assert_done(hm_statement_put(&all[i], &cbor));
        for (size_t bit = 0; bit < 8 * cbor.len; bit++) {
            HM_BUF again = HM_BUF_EMPTY;
            cbor.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (!hm_failed(hm_statement_get(hm_buf_bytes(&cbor), &read))) {
                assert_done(hm_statement_put(&read, &again));
                assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
            }
            cbor.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void a_workload_has_these_bytes(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_statement s = workload(), read;
    assert_done(hm_statement_put(&s, &cbor));
    assert_bytes(hm_buf_bytes(&cbor),
                 "\xaa\x01\x01\x02\x50"
                 "an office of us\0"
                 "\x03\x07\x04\x58\x20UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU\x05\x1a\x65\x53\xf1\x00\x06\x02\x09\x67"
                 "ci-main\x0a\x80\x10\x76https://ci.example.com\x11\x82\x82\x63"
                 "ref\x6frefs/heads/main\x82\x6drepository_id\x61"
                 "7");
    assert_done(hm_statement_get(hm_buf_bytes(&cbor), &read));
    assert_int_equal(read.claims, 2);
    assert_bytes(read.issuer, "https://ci.example.com");
    assert_bytes(read.claim[1].name, "repository_id");
    assert_bytes(read.claim[1].value, "7");
}

static hm_class put(hm_statement s) {
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_class class = hm_statement_put(&s, &cbor).class;
    assert_int_equal(cbor.len != 0, class == HM_DONE);
    return class;
}

#define assert_not_put(made, ...)                                                                                      \
    do {                                                                                                               \
        hm_statement s = made();                                                                                       \
        __VA_ARGS__;                                                                                                   \
        assert_int_equal(put(s), HM_REFUSED);                                                                          \
    } while (0)

static void what_is_out_of_bounds_is_not_written(void **state) {
    (void)state;
    static uint8_t large[HM_STATED_POLICY_MAX + 1];
    memset(large, 'x', sizeof large);
    assert_not_put(charter, s.act = (hm_act)0);
    assert_not_put(charter, s.act = (hm_act)(HM_ACTS + 1));
    assert_not_put(charter, s.number = 1);
    assert_not_put(charter, s.quorum = 0);
    assert_not_put(charter, s.founders = 0);
    assert_not_put(charter, s.quorum = 3);
    assert_not_put(charter, s.founders = 0);
    assert_not_put(charter, s.founders = HM_FOUNDERS_MAX + 1);
    assert_not_put(charter, s.founder[0].name = HM_NO_BYTES);
    assert_not_put(charter, s.founder[0].name = hm_text("a b"));
    assert_non_null(strstr(hm_err_sentence(), "a principal's name is made of"));
    assert_not_put(charter, s.founder[0].spki = HM_NO_BYTES);
    assert_not_put(charter, s.time = -1);
    assert_not_put(charter, s.time = INT64_C(253402300800));
    assert_not_put(principal, s.number = 0);
    assert_not_put(principal, s.keys = HM_PRINCIPAL_KEYS_MAX + 1);
    assert_not_put(principal, s.key[0] = HM_NO_BYTES);
    assert_not_put(principal, s.key[0] = HM_BYTES(large, 1025));
    assert_not_put(principal, s.unix_user = UINT32_MAX);
    assert_not_put(principal, s.name = HM_BYTES(large, HM_PRINCIPAL_NAME_MAX + 1));
    assert_not_put(grant, s.role = (hm_role)0);
    assert_not_put(grant, s.role = (hm_role)(HM_ROLES + 1));
    assert_not_put(grant, s.product = hm_text("../pump"));
    assert_non_null(strstr(hm_err_sentence(), "a product's name is made of"));
    assert_not_put(grant, s.until = -1);
    assert_not_put(policy, s.product = HM_NO_BYTES);
    assert_not_put(policy, s.policy = HM_ARRAY(large));
    hm_statement s = policy();
    s.policy = HM_BYTES(large, HM_STATED_POLICY_MAX);
    assert_int_equal(put(s), HM_DONE);
}

static void a_break_glass_policy_that_is_none_is_not_written(void **state) {
    (void)state;
    char text[HM_STATED_REASON_MAX + 1];
    memset(text, 'x', sizeof text);
    assert_not_put(glass, s.reason = HM_NO_BYTES);
    assert_not_put(glass, s.reason = HM_ARRAY(text));
    assert_not_put(glass, s.reason = hm_text("two\nlines"));
    assert_not_put(glass, s.reason = hm_text("\xe2\x80\xae"));
    assert_not_put(glass, s.policy = HM_NO_BYTES);
    assert_not_put(glass, s.until = -1);
    assert_not_put(glass, s.until = 0);
    assert_not_put(glass, s.until = 0, s.reason = HM_NO_BYTES);
    assert_not_put(glass, s.until = 0, s.policy = HM_NO_BYTES);
    assert_not_put(glass, s.product = HM_NO_BYTES);
    assert_not_put(policy, s.reason = hm_text("a reason of a policy that is none"));
    hm_statement s = glass();
    s.reason = HM_BYTES(text, HM_STATED_REASON_MAX);
    assert_int_equal(put(s), HM_DONE);
}

static void a_keys_state_that_is_none_is_not_written(void **state) {
    (void)state;
    assert_not_put(key, s.state = (hm_key_state)0);
    assert_not_put(key, s.state = (hm_key_state)(HM_KEY_STATES + 1));
    assert_not_put(key, s.since = -1);
    assert_not_put(key, s.since = INT64_C(253402300800));
    assert_not_put(key, s.state = HM_KEY_SUSPENDED);
    assert_not_put(key, s.state = HM_KEY_DESTROYED);
    assert_not_put(key, s.reason = hm_text("two\nlines"));
    assert_not_put(key, s.product = hm_text("../pump"));
    assert_not_put(key, s.number = 0);
}

static void a_workload_that_is_none_is_not_written(void **state) {
    (void)state;
    char text[600];
    memset(text, 'x', sizeof text);
    assert_not_put(workload, s.issuer = HM_NO_BYTES);
    assert_non_null(strstr(hm_err_sentence(), "belong together"));
    assert_not_put(workload, s.claims = 0);
    assert_not_put(workload, s.claims = HM_PRINCIPAL_CLAIMS_MAX + 1);
    assert_not_put(workload, s.issuer = hm_text("http://ci.example.com"));
    assert_not_put(workload, s.issuer = hm_text("ci.example.com"));
    assert_not_put(workload, s.issuer = hm_text("https://ci.ex\xd0\xb0mple.com"));
    assert_not_put(workload, s.claim[0].name = HM_NO_BYTES);
    assert_not_put(workload, s.claim[0].name = HM_BYTES(text, HM_CLAIM_NAME_MAX + 1));
    assert_not_put(workload, s.claim[0].name = hm_text("a b"));
    assert_not_put(workload, s.claim[0].value = HM_BYTES(text, HM_CLAIM_VALUE_MAX + 1));
    assert_not_put(workload, s.claim[0].value = hm_text("a\nb"));
    assert_not_put(workload, s.claim[0].value = hm_text("\xe2\x80\xae"));
    assert_not_put(workload, s.claim[0].name = hm_text("repository_id"));  /* twice */
    assert_not_put(workload, s.claim[0].name = hm_text("repository_id2")); /* not in order */
    hm_statement s = workload();
    s.claim[0].name = HM_BYTES(text, HM_CLAIM_NAME_MAX);
    s.claim[1].name = hm_text("y");
    s.claim[0].value = HM_BYTES(text, HM_CLAIM_VALUE_MAX);
    assert_int_equal(put(s), HM_DONE);
}

static void a_workload_has_as_many_claims_as_there_may_be(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    hm_statement s = workload();
    for (s.claims = 0; s.claims < HM_PRINCIPAL_CLAIMS_MAX; s.claims++)
        s.claim[s.claims] = (hm_claim){hm_text(names[s.claims]), hm_text("x")};
    assert_comes_back(&s);
}

/* The pairs of a statement's map, each encoded; MEMBER is what stands for KEY instead, NULL for nothing. */
static hm_class read_with(const hm_statement *s, int64_t key, hm_bytes member, bool left_out) {
    HM_BUF cbor = HM_BUF_EMPTY, changed = HM_BUF_EMPTY, rest = HM_BUF_EMPTY;
    hm_bytes previous = HM_NO_BYTES, item;
    uint64_t pairs, kept = 0;
    hm_statement read;
    bool placed = left_out;
    assert_done(hm_statement_put(s, &cbor));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&cbor));
    assert_done(hm_cbor_get_map(&reader, &pairs));
    for (uint64_t i = 0; i <= pairs; i++) {
        int64_t here = INT64_MAX;
        if (i < pairs) {
            assert_done(hm_cbor_get_key(&reader, &previous, &here));
            assert_done(hm_cbor_get_item(&reader, &item));
        }
        if (!placed && here >= key) {
            assert_done(hm_cbor_put_int(&rest, key));
            assert_done(hm_put(&rest, member));
            placed = true;
            kept++;
        }
        if (here == key || i == pairs) continue;
        assert_done(hm_cbor_put_int(&rest, here));
        assert_done(hm_put(&rest, item));
        kept++;
    }
    assert_done(hm_cbor_put_map(&changed, kept));
    assert_done(hm_put(&changed, hm_buf_bytes(&rest)));
    return hm_statement_get(hm_buf_bytes(&changed), &read).class;
}

static void members_are_those_of_the_act_and_no_others(void **state) {
    (void)state;
    hm_statement all[] = {charter(), principal(), grant(), policy()};
    /* Of the optional ones: user 11, product 13 of a grant, policy 15. */
    static const uint32_t optional[] = {0, 1 << 11, 1 << 13, 1 << 15};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (int64_t key = 0; key <= 16; key++) {
            hm_class without = read_with(&all[i], key, HM_NO_BYTES, true);
            bool has = read_with(&all[i], key, LITERAL("\xf6"), false) == HM_REFUSED;
            assert_true(has); /* null is no member's value */
            if (optional[i] >> key & 1) assert_int_equal(without, HM_DONE);
        }
        for (int64_t key = 1; key <= 6; key++) {
            if (key == 4 && all[i].act == HM_ACT_CHARTER) continue;
            assert_int_equal(read_with(&all[i], key, HM_NO_BYTES, true), HM_REFUSED);
        }
    }
    hm_statement s = grant();
    assert_int_equal(read_with(&s, 12, HM_NO_BYTES, true), HM_REFUSED);
    assert_int_equal(read_with(&s, 12, LITERAL("\x02"), false), HM_DONE);
    assert_int_equal(read_with(&s, 7, LITERAL("\x01"), false), HM_REFUSED); /* a charter's */
    assert_int_equal(read_with(&s, 15, LITERAL("\x61x"), false), HM_REFUSED);
    assert_int_equal(read_with(&s, 16, LITERAL("\x01"), false), HM_REFUSED);
    assert_int_equal(read_with(&s, -1, LITERAL("\x01"), false), HM_REFUSED);
    assert_int_equal(read_with(&s, 1, LITERAL("\x02"), false), HM_REFUSED); /* a later version */
    assert_int_equal(read_with(&s, 3, LITERAL("\x00"), false), HM_REFUSED); /* the charter's number */
    assert_int_equal(read_with(&s, 4, LITERAL("\x41x"), false), HM_REFUSED);
    assert_int_equal(read_with(&s, 13, LITERAL("\x60"), false),
                     HM_REFUSED); /* empty, which is said by leaving it out */
    assert_int_equal(read_with(&s, 14, LITERAL("\x18\x01"), false), HM_REFUSED); /* not the shortest */
    hm_statement t = policy();
    assert_int_equal(read_with(&t, 15, LITERAL("\x60"), false), HM_REFUSED);
    hm_statement c = charter();
    assert_int_equal(read_with(&c, 8, LITERAL("\x81\x81\x61x"), false), HM_REFUSED);
    assert_int_equal(read_with(&c, 8, LITERAL("\x81\x83\x61x\x41y\x41z"), false), HM_REFUSED);
    assert_int_equal(read_with(&c, 8, LITERAL("\x80"), false), HM_REFUSED);
}

/* 16 is the issuer, 17 the claims. */
static void a_workloads_members_have_one_form(void **state) {
    (void)state;
    hm_statement s = workload(), p = principal(), g = grant();
    assert_int_equal(read_with(&s, 16, LITERAL("\x69https://x"), false), HM_DONE);
    assert_int_equal(read_with(&s, 16, LITERAL("\x49https://x"), false), HM_REFUSED); /* bytes, not text */
    assert_int_equal(read_with(&s, 16, LITERAL("\x60"), false), HM_REFUSED);
    assert_int_equal(read_with(&s, 16, HM_NO_BYTES, true), HM_REFUSED);
    assert_int_equal(read_with(&s, 17, HM_NO_BYTES, true), HM_REFUSED);
    assert_int_equal(read_with(&s, 17, LITERAL("\x81\x82\x61x\x61y"), false), HM_DONE);
    assert_int_equal(read_with(&s, 17, LITERAL("\x81\x82\x61x\x60"), false), HM_DONE);
    static const char *const bad[] = {"\x80",
                                      "\x81\x81\x61x",
                                      "\x81\x83\x61x\x61y\x61z",
                                      "\x81\x82\x41x\x61y",
                                      "\x81\x82\x61x\x41y",
                                      "\x81\x82\x61x\x07",
                                      "\x81\x82\x61x\xf5",
                                      "\xa1\x61x\x61y",
                                      "\x82\x82\x61x\x61y\x82\x61x\x61z",
                                      "\x82\x82\x61y\x61y\x82\x61x\x61z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(read_with(&s, 17, hm_text(bad[i]), false), HM_REFUSED);
    /* Of nobody else, and not one without the other. */
    assert_int_equal(read_with(&p, 16, LITERAL("\x69https://x"), false), HM_REFUSED);
    assert_int_equal(read_with(&p, 17, LITERAL("\x81\x82\x61x\x61y"), false), HM_REFUSED);
    assert_int_equal(read_with(&g, 16, LITERAL("\x69https://x"), false), HM_REFUSED);
    assert_int_equal(read_with(&g, 17, LITERAL("\x81\x82\x61x\x61y"), false), HM_REFUSED);
    assert_int_equal(read_with(&s, 18, LITERAL("\x01"), false), HM_REFUSED);
}

static void each_is_told_in_a_line(void **state) {
    (void)state;
    hm_statement s = charter();
    assert_line(&s, "charter: founders alice, bob; quorum 2");
    s = principal();
    assert_line(&s, "dan: user 1000, 1 key");
    s.has_unix = false;
    s.keys = 0;
    assert_line(&s, "dan: revoked");
    s = workload();
    assert_line(&s, "ci-main: job of https://ci.example.com with ref=\"refs/heads/main\", repository_id=\"7\"");
    s.keys = 1;
    s.has_unix = true;
    assert_line(&s, "ci-main: user 0, 1 key, job of https://ci.example.com with ref=\"refs/heads/main\", "
                    "repository_id=\"7\"");
    s = grant();
    assert_line(&s, "dan: approver of pump until 2027-01-15 08:00 UTC");
    s.until = 0;
    s.product = HM_NO_BYTES;
    assert_line(&s, "dan: no longer approver of everything");
    s = policy();
    assert_line(&s, "pump: policy of 13 bytes");
    s.policy = HM_NO_BYTES;
    assert_line(&s, "pump: policy withdrawn");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_act_comes_back_as_it_was),
        cmocka_unit_test(a_keys_state_comes_back),
        cmocka_unit_test(a_break_glass_policy_comes_back),
        cmocka_unit_test(a_break_glass_policy_that_is_none_is_not_written),
        cmocka_unit_test(a_charter_has_these_bytes),
        cmocka_unit_test(no_changed_bit_goes_unnoticed),
        cmocka_unit_test(what_is_out_of_bounds_is_not_written),
        cmocka_unit_test(members_are_those_of_the_act_and_no_others),
        cmocka_unit_test(a_workload_has_these_bytes),
        cmocka_unit_test(a_keys_state_that_is_none_is_not_written),
        cmocka_unit_test(a_workload_that_is_none_is_not_written),
        cmocka_unit_test(a_workload_has_as_many_claims_as_there_may_be),
        cmocka_unit_test(a_workloads_members_have_one_form),
        cmocka_unit_test(each_is_told_in_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
