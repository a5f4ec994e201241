/* What is in doubt goes by the log's order, and what others say comes into the lists and the page as what it is. */
#include "app_test.h"

#include "incident.h"

#include <tlog/leaf.h>

#include <stdlib.h>

typedef struct {
    hm_incident incident;
    uint64_t next;
    FILE *list, *disclosed;
} reading;

static reading reading_of(int64_t since) {
    reading r = {.incident = {.since = since, .complete = true}, .list = tmpfile(), .disclosed = tmpfile()};
    assert_non_null(r.list);
    assert_non_null(r.disclosed);
    strcpy(r.incident.subject, "0123");
    return r;
}

static void reading_clear(reading *r) {
    hm_incident_clear(&r->incident);
    fclose(r->list);
    fclose(r->disclosed);
}
#define READING __attribute__((cleanup(reading_clear))) reading

static hm_err take(reading *r, const hm_leaf *leaf, const char *details) {
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_message entry = {.type = HM_MSG_LOG_ENTRY};
    assert_done(hm_leaf_put(leaf, &cbor));
    entry.field[HM_LOG_ENTRY_INDEX].number = r->next++;
    entry.field[HM_LOG_ENTRY_LEAF].bytes = hm_buf_bytes(&cbor);
    entry.field[HM_LOG_ENTRY_DETAILS].bytes = hm_text(details);
    return hm_incident_take(&r->incident, &entry, r->list, r->disclosed);
}

/* A signature of NAME with the key, at TIME as its entry says. */
static hm_err sign_at(reading *r, const char *name, int64_t time) {
    hm_leaf intent = {.type = HM_LEAF_INTENT, .format = HM_LOGGED_CMS, .digest_len = 32},
            outcome = {.type = HM_LEAF_OUTCOME, .digest_len = 32, .has_intent = true, .intent = r->next};
    char details[300];
    snprintf(details, sizeof details, "{\"key\":\"0123\",\"name\":\"%s\",\"plain\":\"<i>\",\"time\":%lld}", name,
             (long long)time);
    HM_TRY(take(r, &intent, details));
    return take(r, &outcome, "{}");
}

static void what_was_signed_before_is_not_in_doubt(void **state) {
    (void)state;
    READING r = reading_of(1000);
    assert_done(sign_at(&r, "a", 998));
    assert_done(sign_at(&r, "b", 999));
    assert_done(sign_at(&r, "c", 1000));
    assert_int_equal(r.incident.signatures, 3);
    assert_int_equal(r.incident.in_doubt, 1);
}

static void a_clock_that_was_put_back_hides_nothing(void **state) {
    (void)state;
    READING r = reading_of(1000);
    assert_done(sign_at(&r, "a", 999));
    assert_done(sign_at(&r, "b", 1001));
    assert_done(sign_at(&r, "evil", 500));
    assert_int_equal(r.incident.in_doubt, 2);
    assert_int_equal(r.incident.line[1].time, 500);
    assert_string_equal(r.incident.line[1].name, "evil");
}

static void nor_behind_another_keys_entry(void **state) {
    (void)state;
    READING r = reading_of(1000);
    hm_leaf intent = {.type = HM_LEAF_INTENT, .format = HM_LOGGED_CMS, .digest_len = 32};
    assert_done(take(&r, &intent, "{\"key\":\"4567\",\"name\":\"x\",\"time\":2000}"));
    assert_done(sign_at(&r, "evil", 500));
    assert_int_equal(r.incident.signatures, 1);
    assert_int_equal(r.incident.in_doubt, 1);
}

static void refuses_details_that_would_be_two_lines(void **state) {
    (void)state;
    READING r = reading_of(1000);
    assert_int_equal(sign_at(&r, "a\n{}", 1).class, HM_REFUSED);
}

static void assert_page(const hm_incident *incident, const char *words, bool wanted) {
    HM_BUF html = HM_BUF_EMPTY;
    const char *text;
    assert_done(hm_incident_html(incident, &html));
    assert_done(hm_buf_string(&html, &text));
    if (!strstr(text, words) == wanted) fail_msg("%s: %s", wanted ? "lacks" : "has", words);
}

static void nothing_from_elsewhere_is_html(void **state) {
    (void)state;
    READING r = reading_of(1000);
    hm_incident *i = &r.incident;
    assert_done(sign_at(&r, "<i>", 2000));
    strcpy(i->product, "<i>");
    strcpy(i->role, "<i>");
    strcpy(i->algorithm, "<i>");
    strcpy(i->organization, "<i>");
    strcpy(i->reason, "<i>");
    strcpy(i->crl, "<i>");
    strcpy(i->why, "<i>");
    i->complete = false;
    i->certificates = 1;
    strcpy(i->certificate[0].subject, "<i>");
    strcpy(i->certificate[0].serial, "<i>");
    assert_page(i, "<i>", false);
    assert_page(i, "&lt;i&gt;", true);
    assert_page(i, "default-src 'none'", true);
}

static void says_of_an_authority_what_is_true_for_it(void **state) {
    (void)state;
    READING r = reading_of(HM_INCIDENT_ALWAYS);
    strcpy(r.incident.role, "root CA");
    assert_page(&r.incident, "No list helps", true);
    assert_page(&r.incident, "devices by the next trust list", false);
    strcpy(r.incident.role, "signing");
    assert_page(&r.incident, "No list helps", false);
}

static void says_of_a_principal_what_is_not_in_the_list(void **state) {
    (void)state;
    READING r = reading_of(HM_INCIDENT_ALWAYS);
    assert_page(&r.incident, "not in the list", false);
    r.incident.is_principal = true;
    assert_page(&r.incident, "<b>not in the list</b>", true);
    assert_page(&r.incident, "complete for what the log holds", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_before_is_not_in_doubt),
        cmocka_unit_test(a_clock_that_was_put_back_hides_nothing),
        cmocka_unit_test(nor_behind_another_keys_entry),
        cmocka_unit_test(refuses_details_that_would_be_two_lines),
        cmocka_unit_test(nothing_from_elsewhere_is_html),
        cmocka_unit_test(says_of_an_authority_what_is_true_for_it),
        cmocka_unit_test(says_of_a_principal_what_is_not_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
