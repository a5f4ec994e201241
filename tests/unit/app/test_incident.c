/* What is in doubt goes by the log's order, and what others say comes into the lists and the page as what it is. */
#include "app_test.h"

#include "incident.h"

#include <tlog/leaf.h>

#include <stdlib.h>

typedef struct {
    hm_incident incident;
    uint64_t next;
    bool lies; /* details are others than the leaf's */
    hm_incident_files files;
} reading;

static reading reading_of(int64_t since) {
    reading r = {.incident = {.since = since, .complete = true}, .files = {tmpfile(), tmpfile(), tmpfile()}};
    assert_true(r.files.list && r.files.disclosed && r.files.acts);
    strcpy(r.incident.subject, "0123");
    return r;
}

static void reading_clear(reading *r) {
    hm_incident_clear(&r->incident);
    fclose(r->files.list);
    fclose(r->files.disclosed);
    fclose(r->files.acts);
}
#define READING __attribute__((cleanup(reading_clear))) reading

static hm_err take(reading *r, const hm_leaf *leaf, const char *details) {
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_message entry = {.type = HM_MSG_LOG_ENTRY};
    static const uint8_t salt[HM_SALT_LEN] = {7};
    hm_leaf copy = *leaf;
    if (details[0]) {
        hm_leaf_details_hash(salt, hm_text(details), copy.details_hash);
        entry.field[HM_LOG_ENTRY_SALT].bytes = HM_ARRAY(salt);
    }
    if (r->lies) copy.details_hash[0] ^= 1;
    assert_done(hm_leaf_put(&copy, &cbor));
    entry.field[HM_LOG_ENTRY_INDEX].number = r->next++;
    entry.field[HM_LOG_ENTRY_LEAF].bytes = hm_buf_bytes(&cbor);
    entry.field[HM_LOG_ENTRY_DETAILS].bytes = hm_text(details);
    return hm_incident_take(&r->incident, &entry, &r->files);
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

static void refuses_details_that_are_not_the_leafs(void **state) {
    (void)state;
    READING r = reading_of(1000);
    assert_done(sign_at(&r, "a", 1001));
    r.lies = true;
    assert_int_equal(sign_at(&r, "b", 1001).class, HM_REFUSED);
}

static hm_err note_since(reading *r, uint64_t index, const char *details) {
    hm_message entry = {.type = HM_MSG_LOG_ENTRY};
    HM_BUF cbor = HM_BUF_EMPTY;
    static const uint8_t salt[HM_SALT_LEN] = {7};
    hm_leaf leaf = {.type = HM_LEAF_CEREMONY};
    hm_leaf_details_hash(salt, hm_text(details), leaf.details_hash);
    if (r->lies) leaf.details_hash[0] ^= 1;
    assert_done(hm_leaf_put(&leaf, &cbor));
    entry.field[HM_LOG_ENTRY_INDEX].number = index;
    entry.field[HM_LOG_ENTRY_LEAF].bytes = hm_buf_bytes(&cbor);
    entry.field[HM_LOG_ENTRY_SALT].bytes = HM_ARRAY(salt);
    entry.field[HM_LOG_ENTRY_DETAILS].bytes = hm_text(details);
    return hm_incident_note_since(&r->incident, &entry);
}

static void nor_behind_an_entry_of_another_product(void **state) {
    (void)state;
    READING r = reading_of(1000);
    assert_done(note_since(&r, 2, "{\"product\":\"valve\",\"time\":1000}"));
    assert_done(sign_at(&r, "a", 500));
    r.next = 3;
    assert_done(sign_at(&r, "evil", 500));
    assert_int_equal(r.incident.signatures, 2);
    assert_int_equal(r.incident.in_doubt, 1);
    assert_string_equal(r.incident.line[0].name, "evil");
}

static void the_first_entry_of_the_window_is_of_the_window(void **state) {
    (void)state;
    READING r = reading_of(1000);
    assert_int_equal(note_since(&r, 2, "{\"time\":999}").class, HM_REFUSED);
    assert_int_equal(note_since(&r, 2, "{\"time\":\"x\"}").class, HM_REFUSED);
    assert_int_equal(note_since(&r, 2, "{}").class, HM_REFUSED);
    r.lies = true;
    assert_int_equal(note_since(&r, 2, "{\"time\":1000}").class, HM_REFUSED);
    assert_int_equal(note_since(&r, 2, "").class, HM_REFUSED);
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
    assert_done(hm_incident_note_certificate(i, HM_BYTES("01234567890123456789012345678901", 32)));
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

/* ---- a principal ---- */

static hm_leaf leaf_of(hm_leaf_type type) { return (hm_leaf){.type = type, .digest_len = 32}; }

static reading carols_of(int64_t since) {
    reading r = reading_of(since);
    r.incident.is_principal = true;
    strcpy(r.incident.subject, "carol");
    return r;
}

/* What ci asks for, signed on the approval of REQUEST. */
static hm_err sign_on(reading *r, const char *request, int64_t time) {
    hm_leaf intent = {.type = HM_LEAF_INTENT, .format = HM_LOGGED_CMS, .digest_len = 32},
            outcome = {.type = HM_LEAF_OUTCOME, .digest_len = 32, .has_intent = true, .intent = r->next};
    char details[300];
    snprintf(details, sizeof details, "{\"name\":\"a\",\"principal\":\"ci\",\"request\":\"%s\",\"time\":%lld}", request,
             (long long)time);
    HM_TRY(take(r, &intent, details));
    return take(r, &outcome, "{}");
}

static void what_others_had_signed_is_in_doubt_as_its_approval_is(void **state) {
    (void)state;
    READING r = carols_of(1000);
    hm_leaf request = leaf_of(HM_LEAF_REQUEST);
    assert_done(
        take(&r, &request, "{\"act\":\"approve\",\"actor\":\"carol (key)\",\"request_hash\":\"aa\",\"time\":900}"));
    assert_done(
        take(&r, &request, "{\"act\":\"approve\",\"actor\":\"dan (key)\",\"request_hash\":\"dd\",\"time\":901}"));
    assert_done(
        take(&r, &request, "{\"act\":\"reject\",\"actor\":\"carol (key)\",\"request_hash\":\"cc\",\"time\":902}"));
    assert_done(
        take(&r, &request, "{\"act\":\"approve\",\"actor\":\"carol (key)\",\"request_hash\":\"bb\",\"time\":1001}"));
    assert_done(sign_on(&r, "aa", 1002));
    assert_int_equal(r.incident.in_doubt, 0);
    assert_done(sign_on(&r, "bb", 1003));
    assert_int_equal(r.incident.in_doubt, 1);
    assert_done(sign_on(&r, "dd", 1004));
    assert_done(sign_on(&r, "cc", 1005));
    assert_int_equal(r.incident.signatures, 2);
    assert_int_equal(r.incident.approved, 2);
    assert_int_equal(r.incident.acts, 3);
    assert_int_equal(r.incident.acts_in_doubt, 1);
    assert_string_equal(r.incident.act[0].act, "approve");
}

/* "stated", and something else, in base64. */
#define HANDED_IN(statement)                                                                                           \
    "{\"act\":\"statement\",\"actor\":\"dan (key)\",\"statement\":\"" statement "\",\"time\":1001,\"what\":\"<b>\"}"

static void who_signed_a_statement_stated_it(void **state) {
    (void)state;
    READING r = carols_of(1000);
    hm_leaf ceremony = {.type = HM_LEAF_CEREMONY};
    assert_done(hm_incident_note_statement(&r.incident, 1, hm_text("stated")));
    assert_int_equal(hm_incident_note_statement(&r.incident, 1, hm_text("stated")).class, HM_REFUSED);
    assert_done(take(&r, &ceremony, HANDED_IN("c3RhdGVk")));
    assert_int_equal(r.incident.acts, 0);
    assert_done(take(&r, &ceremony, HANDED_IN("c3RhdGVk")));
    assert_int_equal(r.incident.acts, 1);
    assert_string_equal(r.incident.act[0].what, "<b>");
    assert_page(&r.incident, "&lt;b&gt;", true);
    assert_page(&r.incident, "<b>\"", false);
    assert_done(hm_incident_end(&r.incident));
    assert_true(r.incident.complete);
}

static void a_statement_that_is_elsewhere_leaves_the_lists_in_doubt(void **state) {
    (void)state;
    READING r = carols_of(1000);
    hm_leaf ceremony = {.type = HM_LEAF_CEREMONY};
    assert_done(hm_incident_note_statement(&r.incident, 0, hm_text("stated")));
    assert_done(take(&r, &ceremony, HANDED_IN("b3RoZXI=")));
    assert_done(hm_incident_end(&r.incident));
    assert_false(r.incident.complete);
}

static void a_key_that_was_not_made_there_is_not_listed_completely(void **state) {
    (void)state;
    READING r = reading_of(1000);
    strcpy(r.incident.role, "signing");
    hm_leaf ceremony = leaf_of(HM_LEAF_CEREMONY), other = leaf_of(HM_LEAF_CEREMONY);
    other.digest[0] = 1;
    assert_done(take(&r, &ceremony, "{\"act\":\"key generated\",\"key\":\"4567\",\"role\":\"signing\",\"time\":900}"));
    assert_done(take(&r, &ceremony, "{\"act\":\"key generated\",\"key\":\"0123\",\"role\":\"log\",\"time\":900}"));
    assert_done(take(&r, &other, "{\"act\":\"key generated\",\"key\":\"0123\",\"role\":\"signing\",\"time\":900}"));
    assert_done(sign_at(&r, "a", 998));
    assert_false(r.incident.born);
    assert_done(take(&r, &ceremony, "{\"act\":\"key generated\",\"key\":\"0123\",\"role\":\"signing\",\"time\":900}"));
    assert_true(r.incident.born);
    r.incident.born = false;
    assert_done(hm_incident_end(&r.incident));
    assert_false(r.incident.complete);
}

/* SHA-256 of "stated", which is no request that anybody can read. */
#define ITS_HASH "12bb4b11b2dbc961ab5383572a98f68081a47e36ad20ec7cbf23b9b188f9e492"

static void an_act_names_the_number_of_its_request_even_if_that_cannot_be_read(void **state) {
    (void)state;
    READING r = carols_of(1000);
    hm_leaf request = leaf_of(HM_LEAF_REQUEST);
    char acts[500] = "";
    r.next = 7;
    assert_done(take(&r, &request,
                     "{\"act\":\"request\",\"actor\":\"ci (key)\",\"request\":\"c3RhdGVk\",\"request_hash\":\"" ITS_HASH
                     "\",\"time\":1001}"));
    assert_int_equal(ftell(r.files.acts), 0);
    assert_done(take(&r, &request,
                     "{\"act\":\"approve\",\"actor\":\"carol (key)\",\"request_hash\":\"" ITS_HASH
                     "\",\"time\":1002}"));
    rewind(r.files.acts);
    assert_non_null(fgets(acts, sizeof acts, r.files.acts));
    assert_non_null(strstr(acts, ",\"request_hash\":\"" ITS_HASH "\",\"request\":7}\n"));
}

static void an_act_whose_details_are_erased_may_be_his(void **state) {
    (void)state;
    READING r = carols_of(1000);
    hm_leaf ceremony = {.type = HM_LEAF_CEREMONY};
    assert_done(take(&r, &ceremony, ""));
    assert_done(hm_incident_end(&r.incident));
    assert_false(r.incident.complete);
}

static void of_a_key_nobodys_acts_are_listed(void **state) {
    (void)state;
    READING r = reading_of(1000);
    hm_leaf ceremony = {.type = HM_LEAF_CEREMONY};
    assert_done(take(&r, &ceremony, "{\"act\":\"product added\",\"actor\":\"0123\",\"time\":1001}"));
    assert_int_equal(r.incident.acts, 0);
    assert_int_equal(ftell(r.files.acts), 0);
    assert_int_equal(ftell(r.files.disclosed), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_before_is_not_in_doubt),
        cmocka_unit_test(a_clock_that_was_put_back_hides_nothing),
        cmocka_unit_test(nor_behind_another_keys_entry),
        cmocka_unit_test(refuses_details_that_are_not_the_leafs),
        cmocka_unit_test(nor_behind_an_entry_of_another_product),
        cmocka_unit_test(the_first_entry_of_the_window_is_of_the_window),
        cmocka_unit_test(refuses_details_that_would_be_two_lines),
        cmocka_unit_test(nothing_from_elsewhere_is_html),
        cmocka_unit_test(says_of_an_authority_what_is_true_for_it),
        cmocka_unit_test(what_others_had_signed_is_in_doubt_as_its_approval_is),
        cmocka_unit_test(who_signed_a_statement_stated_it),
        cmocka_unit_test(a_statement_that_is_elsewhere_leaves_the_lists_in_doubt),
        cmocka_unit_test(a_key_that_was_not_made_there_is_not_listed_completely),
        cmocka_unit_test(an_act_names_the_number_of_its_request_even_if_that_cannot_be_read),
        cmocka_unit_test(an_act_whose_details_are_erased_may_be_his),
        cmocka_unit_test(of_a_key_nobodys_acts_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
