/* What an audit finds in a database that was changed behind the core's back, and what it does not mind. */
#include "audit_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void finds_nothing_in_an_honest_office(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_message answer = audit(&s.o);
    assert_int_equal(answer.field[HM_LOG_AUDITED_SIZE].number, entries_in(&s.o));
    assert_true(answer.field[HM_LOG_AUDITED_SIGNATURES].number >= 5); /* certificates and this one */
    assert_int_equal(answer.field[HM_LOG_AUDITED_OPEN].number, 0);
    assert_int_equal(answer.field[HM_LOG_AUDITED_ERASED].number, 0);
}

static void finds_after(const char *sql, const char *words) {
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, sql);
    expect_audit_fault(&s.o, words);
}

static void finds_that_an_entry_was_removed(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "DELETE FROM entry WHERE idx=#", s.intent);
    expect_audit_fault(&s.o, "is missing from the database");
}

static void finds_that_the_first_entry_was_removed(void **state) {
    (void)state;
    finds_after("DELETE FROM entry WHERE idx=0", "entry 0 is missing from the database");
}

static void finds_that_the_last_entry_was_removed(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "DELETE FROM entry WHERE idx=#", s.outcome);
    expect_audit_fault(&s.o, "must not fork");
}

static void finds_that_all_entries_were_removed(void **state) {
    (void)state;
    finds_after("DELETE FROM entry", "must not fork");
}

static void finds_that_a_key_was_taken_out(void **state) {
    (void)state;
    finds_after("DELETE FROM key WHERE id=(SELECT max(id) FROM key)", "is gone from the database");
}

static void finds_that_another_key_was_put_in_its_place(void **state) {
    (void)state;
    finds_after("UPDATE key SET token_id=zeroblob(16) WHERE id=(SELECT max(id) FROM key)",
                "no entry tells that key 0000");
}

/* It is a key of this office indeed: as another copy of it went on. */
static void finds_that_a_key_was_put_in(void **state) {
    (void)state;
    SIGNED_OFFICE s, other;
    HM_BUF text = HM_BUF_EMPTY;
    const char *string;
    make_signed(&s);
    make_signed(&other);
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519);
    office_connect(&other.o);
    assert_int_equal(ask(&other.o, &generate).type, HM_MSG_DONE);
    audit_again(&other.o);
    WORKS(hm_disconnect(&other.o.core));
    WORKS(hm_put_format(&text,
                        "ATTACH '%s' AS other; INSERT INTO key SELECT * FROM other.key "
                        "WHERE id=(SELECT max(id) FROM other.key)",
                        office_file(&other.o, "office.db")));
    WORKS(hm_buf_string(&text, &string));
    office_sql(&s.o, string);
    expect_audit_fault(&s.o, "no entry tells that key");
}

/* What a tag says no leaf holds, but what it must be follows from the leaf. */
static void finds_that_an_outcome_cannot_be_found(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "UPDATE entry SET tag=0 WHERE idx=#", s.outcome);
    expect_audit_fault(&s.o, "cannot be found by its signature");
    change(&s.o, "UPDATE entry SET tag=(SELECT tag FROM entry WHERE idx=1) WHERE idx=#", s.outcome);
    expect_audit_fault(&s.o, "cannot be found by its signature");
}

/* A removed entry, and those behind it moved up. */
static void finds_that_entries_were_renumbered(void **state) {
    (void)state;
    finds_after("DELETE FROM entry WHERE idx=2; UPDATE entry SET idx=-idx WHERE idx>2;"
                "UPDATE entry SET idx=-idx-1 WHERE idx<0",
                "");
}

static void finds_that_entries_changed_places(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "UPDATE entry SET idx=-1 WHERE idx=#", s.intent);
    change(&s.o, "UPDATE entry SET idx=idx-1 WHERE idx=#", s.outcome);
    change(&s.o, "UPDATE entry SET idx=# WHERE idx=-1", s.outcome);
    expect_audit_fault(&s.o, "is the outcome of no open intent");
}

/* Two ceremonies, which no other entry refers to. */
static void finds_that_unrelated_entries_changed_places(void **state) {
    (void)state;
    finds_after("UPDATE entry SET idx=-1 WHERE idx=0; UPDATE entry SET idx=0 WHERE idx=1;"
                "UPDATE entry SET idx=1 WHERE idx=-1",
                "not those that the checkpoint");
}

/* An entry with no room for error: the last octet of an outcome's digest, which stands 38 octets before the leaf's end.
 */
static void finds_that_a_leaf_was_changed(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    ENTRY e = {0};
    HM_BUF text = HM_BUF_EMPTY;
    const char *string;
    make_signed(&s);
    entry_read(&s.o, s.outcome, &e);
    uint8_t *digest = memmem(e.cbor.data, e.cbor.len, s.hash, sizeof s.hash);
    assert_non_null(digest);
    digest[31] ^= 1;
    WORKS(hm_put_text(&text, "UPDATE entry SET leaf=x'"));
    WORKS(hm_put_hex(&text, hm_buf_bytes(&e.cbor)));
    WORKS(hm_put_format(&text, "' WHERE idx=%llu", (unsigned long long)s.outcome));
    WORKS(hm_buf_string(&text, &string));
    office_sql(&s.o, string);
    expect_audit_fault(&s.o, "not those that the checkpoint");
}

static void finds_that_a_leaf_is_none(void **state) {
    (void)state;
    static const char *const ways[] = {
        "UPDATE entry SET leaf=x'' WHERE idx=#",         "UPDATE entry SET leaf=x'88' WHERE idx=#",
        "UPDATE entry SET leaf=leaf||x'00' WHERE idx=#", "UPDATE entry SET leaf=zeroblob(2000) WHERE idx=#",
        "UPDATE entry SET leaf='text' WHERE idx=#",      "UPDATE entry SET leaf=17 WHERE idx=#",
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        SIGNED_OFFICE s;
        char words[32];
        make_signed(&s);
        change(&s.o, ways[i], s.intent);
        snprintf(words, sizeof words, "entry %llu", (unsigned long long)s.intent);
        expect_audit_fault(&s.o, words);
    }
}

static void finds_that_details_or_their_salt_were_changed(void **state) {
    (void)state;
    static const struct {
        const char *way, *words;
    } ways[] = {
        {"UPDATE entry SET details=replace(details,'1.0','2.0') WHERE idx=#", "details were changed"},
        {"UPDATE entry SET details=details||' ' WHERE idx=#", "details were changed"},
        {"UPDATE entry SET details=x'' WHERE idx=#", "details were changed"},
        {"UPDATE entry SET salt=zeroblob(32) WHERE idx=#", "details were changed"},
        {"UPDATE entry SET salt=x'' WHERE idx=#", "salt was changed"},
        {"UPDATE entry SET salt=substr(salt,1,31) WHERE idx=#", "salt was changed"},
        /* The same octets hashed, but cut elsewhere. */
        {"UPDATE entry SET salt=salt||substr(details,1,1), details=substr(details,2) WHERE idx=#", "salt was changed"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        SIGNED_OFFICE s;
        make_signed(&s);
        change(&s.o, ways[i].way, s.intent);
        expect_audit_fault(&s.o, ways[i].words);
    }
}

static void erased_details_are_counted_and_nothing_else_changes(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_message before = audit(&s.o);
    uint64_t signatures = before.field[HM_LOG_AUDITED_SIGNATURES].number;
    uint8_t root[32];
    memcpy(root, before.field[HM_LOG_AUDITED_ROOT].bytes.data, sizeof root);
    office_disconnect(&s.o);
    change(&s.o, "UPDATE entry SET salt=x'', details=x'' WHERE idx>=#", s.intent);
    hm_message after = audit(&s.o);
    assert_int_equal(after.field[HM_LOG_AUDITED_ERASED].number, 2);
    assert_int_equal(after.field[HM_LOG_AUDITED_SIGNATURES].number, signatures);
    assert_memory_equal(after.field[HM_LOG_AUDITED_ROOT].bytes.data, root, sizeof root);
}

static void finds_outcomes_without_an_open_intent(void **state) {
    (void)state;
    for (int way = 0; way < 6; way++) {
        SIGNED_OFFICE s;
        make_signed(&s);
        uint64_t next = s.outcome + 1;
        hm_leaf_type type = way % 2 ? HM_LEAF_FAILURE : HM_LEAF_OUTCOME;
        /* A second one for an intent that has its outcome, one for a ceremony, one for itself. */
        uint64_t intent = way < 2 ? s.intent : way < 4 ? 0 : next;
        hm_leaf leaf = leaf_like(&s.o, s.outcome, type, intent);
        assert_int_equal(entry_forge(&s.o, &leaf), next);
        expect_audit_fault(&s.o, "is the outcome of no open intent");
    }
}

static void finds_an_outcome_before_its_intent(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_leaf outcome = leaf_like(&s.o, s.outcome, HM_LEAF_OUTCOME, s.outcome + 2),
            intent = leaf_like(&s.o, s.intent, HM_LEAF_INTENT, 0);
    entry_forge(&s.o, &outcome);
    entry_forge(&s.o, &intent);
    expect_audit_fault(&s.o, "is the outcome of no open intent");
}

static void counts_intents_that_stay_open(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_leaf intent = leaf_like(&s.o, s.intent, HM_LEAF_INTENT, 0);
    uint64_t first = entry_forge(&s.o, &intent);
    entry_forge(&s.o, &intent);
    hm_leaf failure = leaf_like(&s.o, s.outcome, HM_LEAF_FAILURE, first);
    failure.digest_len = 0;
    entry_forge(&s.o, &failure);
    hm_message answer = audit(&s.o);
    assert_int_equal(answer.field[HM_LOG_AUDITED_OPEN].number, 1);
}

/* P3, cross-product: what was asked for one product is not what was signed for another. */
static void finds_an_outcome_of_another_product_than_its_intent(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_leaf intent = leaf_like(&s.o, s.intent, HM_LEAF_INTENT, 0);
    hm_leaf outcome = leaf_like(&s.o, s.outcome, HM_LEAF_OUTCOME, entry_forge(&s.o, &intent));
    outcome.product_class[0] ^= 1;
    entry_forge(&s.o, &outcome);
    expect_audit_fault(&s.o, "another product");
}

static void finds_an_entry_of_another_office(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_leaf leaf = leaf_like(&s.o, s.intent, HM_LEAF_INTENT, 0);
    leaf.office[15] ^= 1;
    entry_forge(&s.o, &leaf);
    expect_audit_fault(&s.o, "is of another office");
}

/* A process that signs on and on until STOP can be read. */
static pid_t start_signing(const office *o, int stop) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    office other = {.core = HM_CONNECTION_NONE};
    struct pollfd told = {.fd = stop, .events = POLLIN};
    memcpy(other.directory, o->directory, sizeof other.directory);
    hm_message narrowed = narrow_message("pump", 1000000), question = sign_message(1, HM_KEY_ES256, DIGEST), answer;
    hm_err err = hm_connect(other.directory, NULL, NULL, &other.core);
    if (!hm_failed(err)) err = hm_ask(&other.core, &narrowed, &answer);
    while (!hm_failed(err) && poll(&told, 1, 0) == 0) err = hm_ask(&other.core, &question, &answer);
    if (hm_failed(err)) fprintf(stderr, "# beside the audits: %s\n", hm_err_sentence());
    _exit(hm_failed(err) || hm_failed(hm_disconnect(&other.core)) ? 1 : 0);
}

/* However slow the machine is: audits go on until entries were written between twenty of them. */
static void an_audit_is_not_disturbed_by_signing_beside_it(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    int status, stop[2];
    make_signed(&s);
    assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
    pid_t pid = start_signing(&s.o, stop[0]);
    hm_message question = {.type = HM_MSG_LOG_AUDIT};
    uint64_t entries = 0;
    office_connect(&s.o);
    for (unsigned grown = 0; grown < 20;) {
        assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
        hm_message answer = ask(&s.o, &question);
        grown += answer.field[HM_LOG_AUDITED_ENTRIES].number > entries;
        entries = answer.field[HM_LOG_AUDITED_ENTRIES].number;
    }
    assert_int_equal(write(stop[1], "", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(stop[0]);
    close(stop[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(finds_nothing_in_an_honest_office),
        OFFICE_TEST(finds_that_an_entry_was_removed),
        OFFICE_TEST(finds_that_the_first_entry_was_removed),
        OFFICE_TEST(finds_that_the_last_entry_was_removed),
        OFFICE_TEST(finds_that_all_entries_were_removed),
        OFFICE_TEST(finds_that_a_key_was_taken_out),
        OFFICE_TEST(finds_that_another_key_was_put_in_its_place),
        OFFICE_TEST(finds_that_a_key_was_put_in),
        OFFICE_TEST(finds_that_an_outcome_cannot_be_found),
        OFFICE_TEST(finds_that_entries_were_renumbered),
        OFFICE_TEST(finds_that_entries_changed_places),
        OFFICE_TEST(finds_that_unrelated_entries_changed_places),
        OFFICE_TEST(finds_that_a_leaf_was_changed),
        OFFICE_TEST(finds_that_a_leaf_is_none),
        OFFICE_TEST(finds_that_details_or_their_salt_were_changed),
        OFFICE_TEST(erased_details_are_counted_and_nothing_else_changes),
        OFFICE_TEST(finds_outcomes_without_an_open_intent),
        OFFICE_TEST(finds_an_outcome_before_its_intent),
        OFFICE_TEST(counts_intents_that_stay_open),
        OFFICE_TEST(finds_an_outcome_of_another_product_than_its_intent),
        OFFICE_TEST(finds_an_entry_of_another_office),
        OFFICE_TEST(an_audit_is_not_disturbed_by_signing_beside_it),
    };
    return RUN_WITH_OFFICE(tests);
}
