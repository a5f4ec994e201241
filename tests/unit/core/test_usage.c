/* Quotas count what the log has, however it came there: against a count that walks all of it. */
#include "core_test.h"

#include "usage.h"

#include <base/json.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];
static char database[96];
static hm_office office;
static hm_session session;

/* What was used, as the test keeps it. */
enum { USES_MAX = 6000 };
static struct {
    int64_t time;
    int product, principal, rule, key;
} use[USES_MAX];
static size_t uses;

static int make(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hallmark-usage-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    snprintf(database, sizeof database, "%s/office.db", folder);
    memset(&office, 0, sizeof office);
    memset(&session, 0, sizeof session);
    office.session = &session;
    uses = 0;
    assert_done(hm_store_create(database));
    assert_done(hm_store_open(database, &office.store));
    return 0;
}

static int clear(void **state) {
    (void)state;
    char command[200];
    hm_usage_forget(&office);
    hm_store_close(&office.store);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void choose(int product, int principal) {
    memset(session.product.class, product, sizeof session.product.class);
    session.product.id = product;
    snprintf(session.principal, sizeof session.principal, "principal-%d", principal);
}

static void put_details(int64_t time, int principal, int rule, int key, hm_buf *details) {
    uint8_t id[HM_KEY_ID_LEN];
    char text[32];
    memset(id, key, sizeof id);
    hm_json json = hm_json_canonical(details);
    hm_json_object(&json, NULL);
    hm_json_hex(&json, "key", HM_ARRAY(id));
    snprintf(text, sizeof text, "principal-%d", principal);
    hm_json_string(&json, "principal", text);
    snprintf(text, sizeof text, "rule-%d", rule);
    if (rule) hm_json_string(&json, "rule", text);
    hm_json_number(&json, "time", time);
    hm_json_close_object(&json);
    assert_done(hm_json_end(&json));
}

/* In a transaction. */
static void append(hm_leaf_type type, int64_t time, int product, int principal, int rule, int key) {
    HM_BUF details = HM_BUF_EMPTY;
    uint64_t index;
    choose(product, principal);
    put_details(time, principal, rule, key, &details);
    hm_record record = {.type = type,
                        .product = &session.product,
                        .format = 1,
                        .digest = LITERAL("a digest of 32 octets, no more.."),
                        .has_intent = type == HM_LEAF_OUTCOME,
                        .details = hm_buf_bytes(&details)};
    assert_done(hm_log_append(&office, &record, &index));
}

static void append_use(int64_t time, int product, int principal, int rule, int key) {
    append(HM_LEAF_INTENT, time, product, principal, rule, key);
    use[uses].time = time;
    use[uses].product = product;
    use[uses].principal = principal;
    use[uses].rule = rule;
    use[uses++].key = key;
}

static uint64_t count_of_rule(int64_t time, uint32_t seconds, int product, int principal, int rule) {
    char name[32];
    uint64_t count;
    snprintf(name, sizeof name, "rule-%d", rule);
    choose(product, principal);
    assert_done(hm_usage_of_rule(&office, hm_text(name), time, seconds, &count));
    return count;
}

static uint64_t count_of_key(int64_t time, uint32_t seconds, int product, int key) {
    uint8_t id[HM_KEY_ID_LEN];
    uint64_t count;
    memset(id, key, sizeof id);
    choose(product, 0);
    assert_done(hm_usage_of_key(&office, &office.session->product, id, time, seconds, &count));
    return count;
}

static void compare(int64_t time, uint32_t seconds, int product, int principal, int rule, int key) {
    uint64_t of_rule = 0, of_key = 0;
    for (size_t i = 0; i < uses; i++) {
        if (use[i].product != product || use[i].time <= time - (int64_t)seconds) continue;
        of_rule += use[i].principal == principal && use[i].rule == rule;
        of_key += use[i].key == key;
    }
    assert_int_equal(count_of_rule(time, seconds, product, principal, rule), of_rule);
    assert_int_equal(count_of_key(time, seconds, product, key), of_key);
}

/* The clock goes on, stands, is put back by up to a day; others' entries come between; windows grow and shrink. */
static void counts_what_the_log_has(void **state) {
    (void)state;
    int64_t time = 1800000000, latest = time;
    srand(7);
    for (int round = 0; round < 300; round++) {
        assert_done(hm_store_begin(office.store));
        for (int i = rand() % 12; i >= 0; i--) {
            int step = rand() % 40;
            time += step == 0 ? -(rand() % 80000) : step == 1 ? rand() % 200000 : rand() % 30;
            if (time < latest - 80000) time = latest - 80000;
            if (time > latest) latest = time;
            if (rand() % 4 == 0) append(rand() % 2 ? HM_LEAF_OUTCOME : HM_LEAF_REFUSAL, time, 1, 1, 1, 1);
            append_use(time, 1 + rand() % 2, 1 + rand() % 3, rand() % 3, 1 + rand() % 2);
            /* Inside the transaction too: that is where it is asked. */
            if (rand() % 3 == 0) compare(time, 3600, 1 + rand() % 2, 1 + rand() % 3, 1 + rand() % 2, 1 + rand() % 2);
        }
        assert_done(hm_store_commit(office.store));
        static const uint32_t windows[] = {1, 60, 3600, 86400, 30 * 86400};
        compare(time, windows[rand() % 5], 1 + rand() % 2, 1 + rand() % 3, 1 + rand() % 2, 1 + rand() % 2);
        if (rand() % 50 == 0) hm_usage_forget(&office); /* another process begins */
    }
    assert_true(uses > 1000);
}

static void what_was_taken_back_does_not_count(void **state) {
    (void)state;
    int64_t now = 1800000000;
    assert_done(hm_store_begin(office.store));
    append_use(now, 1, 1, 1, 1);
    assert_done(hm_store_commit(office.store));
    assert_int_equal(count_of_rule(now, 60, 1, 1, 1), 1);
    assert_done(hm_store_begin(office.store));
    append(HM_LEAF_INTENT, now, 1, 1, 1, 1);
    assert_int_equal(count_of_rule(now, 60, 1, 1, 1), 2);
    hm_store_rollback(office.store);
    hm_usage_forget(&office);
    assert_done(hm_store_begin(office.store));
    append(HM_LEAF_INTENT, now, 1, 2, 1, 1); /* another's, in its place */
    assert_done(hm_store_commit(office.store));
    assert_int_equal(count_of_rule(now, 60, 1, 1, 1), 1);
    assert_int_equal(count_of_rule(now, 60, 1, 2, 1), 1);
}

static void what_nobody_asks_for_any_more_is_let_go(void **state) {
    (void)state;
    int64_t now = 1800000000;
    for (int day = 0; day < 20; day++) {
        assert_done(hm_store_begin(office.store));
        for (int i = 0; i < 50; i++) append_use(now + day * 86400 + i, 1, 1, 1, 1);
        assert_done(hm_store_commit(office.store));
        assert_int_equal(count_of_rule(now + day * 86400 + 50, 3600, 1, 1, 1), 50);
        compare(now + day * 86400 + 50, 2 * 86400, 1, 1, 1, 1);
    }
}

static void sql(const char *text) {
    sqlite3 *db;
    hm_usage_forget(&office);
    hm_store_close(&office.store);
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
    assert_done(hm_store_open(database, &office.store));
}

static void refused(const char *words) {
    uint64_t count;
    choose(1, 1);
    hm_err err = hm_usage_of_rule(&office, LITERAL("rule-1"), 1800000100, 3600, &count);
    assert_int_equal(err.class, HM_REFUSED);
    if (!strstr(hm_err_sentence(), words)) fail_msg("%s", hm_err_sentence());
    /* And again: what could not be counted is not taken for counted. */
    err = hm_usage_of_rule(&office, LITERAL("rule-1"), 1800000100, 3600, &count);
    assert_int_equal(err.class, HM_REFUSED);
}

static void fill(int count) {
    assert_done(hm_store_begin(office.store));
    for (int i = 0; i < count; i++) append_use(1800000000 + i / 10, 1, 1, 1, 1);
    assert_done(hm_store_commit(office.store));
}

static void nothing_is_counted_where_an_entry_is_missing(void **state) {
    (void)state;
    fill(700);
    sql("DELETE FROM entry WHERE idx = 300");
    refused("missing from the database");
}

static void nor_where_one_was_edited(void **state) {
    (void)state;
    fill(30);
    sql("UPDATE entry SET details = replace(details, 'rule-1', 'rule-2') WHERE idx = 3");
    refused("a quota cannot be counted");
}

static void nor_where_the_details_were_erased(void **state) {
    (void)state;
    fill(30);
    sql("UPDATE entry SET details = x'', salt = x'' WHERE idx = 3");
    refused("erased");
}

static void what_is_older_than_anybody_asks_may_be_gone(void **state) {
    (void)state;
    assert_done(hm_store_begin(office.store));
    for (int i = 0; i < 600; i++) append_use(1700000000 + i, 1, 1, 1, 1);
    for (int i = 0; i < 300; i++) append_use(1800000000, 1, 1, 1, 1);
    assert_done(hm_store_commit(office.store));
    sql("UPDATE entry SET details = x'', salt = x'' WHERE idx = 3");
    assert_int_equal(count_of_rule(1800000100, 3600, 1, 1, 1), 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_what_the_log_has, make, clear),
        cmocka_unit_test_setup_teardown(what_was_taken_back_does_not_count, make, clear),
        cmocka_unit_test_setup_teardown(what_nobody_asks_for_any_more_is_let_go, make, clear),
        cmocka_unit_test_setup_teardown(nothing_is_counted_where_an_entry_is_missing, make, clear),
        cmocka_unit_test_setup_teardown(nor_where_one_was_edited, make, clear),
        cmocka_unit_test_setup_teardown(nor_where_the_details_were_erased, make, clear),
        cmocka_unit_test_setup_teardown(what_is_older_than_anybody_asks_may_be_gone, make, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
