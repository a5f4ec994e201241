/* What an audit finds in a database that was changed behind the core's back, and what it does not mind. */
#include "office_fixture.h"

#include <base/file.h>
#include <tlog/proof.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* An office with one signature, everything published; the numbers of its entries. */
typedef struct {
    office o;
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
} signed_office;

static void clear_signed(signed_office *s) { office_clear(&s->o); }
#define SIGNED_OFFICE __attribute__((cleanup(clear_signed))) signed_office

static void make_signed(signed_office *s) {
    office_copy(&s->o);
    sign_once(&s->o, &s->intent, &s->outcome, s->hash);
    office_age_checkpoint(&s->o);
}

static hm_message audit(office *o) {
    hm_message question = {.type = HM_MSG_LOG_AUDIT}, answer;
    office_connect(o);
    answer = ask(o, &question);
    assert_int_equal(answer.type, HM_MSG_LOG_AUDITED);
    return answer;
}

static hm_message audit_again(office *o) {
    hm_message question = {.type = HM_MSG_LOG_AUDIT};
    return ask(o, &question);
}

/* A core that does not even start counts as having found it. */
static void expect_fault_of(office *o, const hm_message *question, const char *words) {
    hm_message answer;
    hm_err err = hm_connect(o->directory, NULL, NULL, &o->core);
    if (!hm_failed(err)) err = hm_ask(&o->core, question, &answer);
    if (!hm_failed(err)) fail_msg("nothing is found");
    assert_said(words);
    (void)!hm_failed(hm_disconnect(&o->core));
}

static void expect_audit_fault(office *o, const char *words) {
    expect_fault_of(o, &(hm_message){.type = HM_MSG_LOG_AUDIT}, words);
}

/* SQL in which # stands for a number. */
static void change(office *o, const char *statement, uint64_t index) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *string, *number = strchr(statement, '#');
    assert_non_null(number);
    WORKS(hm_put_format(&text, "%.*s%llu%s", (int)(number - statement), statement, (unsigned long long)index,
                        number + 1));
    WORKS(hm_buf_string(&text, &string));
    office_sql(o, string);
}

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

static void finds_that_an_entry_was_removed(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "DELETE FROM entry WHERE idx=#", s.intent);
    expect_audit_fault(&s.o, "is missing from the database");
}

static void finds_that_the_first_entry_was_removed(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "DELETE FROM entry WHERE idx=0");
    expect_audit_fault(&s.o, "entry 0 is missing from the database");
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
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "DELETE FROM entry");
    expect_audit_fault(&s.o, "must not fork");
}

static void finds_that_a_key_was_taken_out(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "DELETE FROM key WHERE id=(SELECT max(id) FROM key)");
    expect_audit_fault(&s.o, "is gone from the database");
}

static void finds_that_another_key_was_put_in_its_place(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "UPDATE key SET token_id=zeroblob(16) WHERE id=(SELECT max(id) FROM key)");
    expect_audit_fault(&s.o, "no entry tells that key 0000");
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
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "DELETE FROM entry WHERE idx=2; UPDATE entry SET idx=-idx WHERE idx>2;"
                     "UPDATE entry SET idx=-idx-1 WHERE idx<0");
    expect_audit_fault(&s.o, "");
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
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "UPDATE entry SET idx=-1 WHERE idx=0; UPDATE entry SET idx=0 WHERE idx=1;"
                     "UPDATE entry SET idx=1 WHERE idx=-1");
    expect_audit_fault(&s.o, "not those that the checkpoint");
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

/* A leaf of this office's pump: what a signature would leave. */
static hm_leaf leaf_like(office *o, uint64_t index, hm_leaf_type type, uint64_t intent) {
    ENTRY e = {0};
    entry_read(o, index, &e);
    hm_leaf leaf = e.leaf;
    leaf.type = type;
    leaf.has_intent = type == HM_LEAF_OUTCOME || type == HM_LEAF_FAILURE;
    leaf.intent = leaf.has_intent ? intent : 0;
    return leaf;
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

/* The database of before with the log of after. */
static void an_old_database_signs_nothing_and_publishes_nothing(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    OFFICE old;
    HM_BUF checkpoint = HM_BUF_EMPTY, after = HM_BUF_EMPTY;
    static const char *const files[] = {"office.db", "office.db-wal"};
    office_copy(&old);
    make_signed(&s);
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &checkpoint));
    for (size_t i = 0; i < 2; i++) {
        HM_BUF content = HM_BUF_EMPTY;
        if (access(office_file(&old, files[i]), F_OK) == 0)
            WORKS(hm_file_read(AT_FDCWD, office_file(&old, files[i]), 1 << 24, &content));
        WORKS(hm_file_write(AT_FDCWD, office_file(&s.o, files[i]), hm_buf_bytes(&content), 0600));
    }
    unlink(office_file(&s.o, "office.db-shm"));
    FAILS(HM_COULD_NOT, "must not fork", hm_connect(s.o.directory, NULL, NULL, &s.o.core));
    /* Nor when it has as many entries again, of another kind. */
    hm_leaf leaf = leaf_like(&s.o, 0, HM_LEAF_CEREMONY, 0);
    while (entries_in(&s.o) <= s.outcome + 1) entry_forge(&s.o, &leaf);
    FAILS(HM_COULD_NOT, "must not fork", hm_connect(s.o.directory, NULL, NULL, &s.o.core));
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &after));
    assert_true(hm_bytes_equal(hm_buf_bytes(&checkpoint), hm_buf_bytes(&after)));
}

static const hm_message publish = {.type = HM_MSG_LOG_PUBLISH};

/* The head that the database remembers was put back to an older one; the entries and the published log were not. */
static void a_head_that_was_put_back_is_caught_up_with(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_message before = audit(&s.o);
    uint8_t root[32];
    memcpy(root, before.field[HM_LOG_AUDITED_ROOT].bytes.data, sizeof root);
    office_disconnect(&s.o);
    office_sql(&s.o, "CREATE TABLE kept AS SELECT * FROM head");
    sign_once(&s.o, &s.intent, &s.outcome, s.hash);
    office_connect(&s.o);
    ask(&s.o, &publish);
    office_disconnect(&s.o);
    office_sql(&s.o, "DELETE FROM head; INSERT INTO head SELECT * FROM kept");
    hm_message after = audit(&s.o);
    assert_memory_equal(after.field[HM_LOG_AUDITED_ROOT].bytes.data, root, sizeof root);
    assert_int_equal(after.field[HM_LOG_AUDITED_ENTRIES].number, s.outcome + 1);
    ask(&s.o, &publish);
    after = audit_again(&s.o);
    assert_int_equal(after.field[HM_LOG_AUDITED_SIZE].number, s.outcome + 1);
}

static void an_office_whose_head_was_removed_goes_on_with_nothing(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "DELETE FROM head");
    expect_audit_fault(&s.o, "never finished");
}

/* SQL for an octet that is not this one: hashes hold every value now and then. */
#define OTHER_OCTET(octet) "CASE " octet " WHEN x'ff' THEN x'00' ELSE x'ff' END"

static void finds_that_the_remembered_head_was_changed(void **state) {
    (void)state;
    static const char *const ways[] = {
        /* A hash of the edge, its number of entries, its last octet; the note. */
        "UPDATE head SET edge=substr(edge,1,20)||" OTHER_OCTET("substr(edge,21,1)") "||substr(edge,22)",
        "UPDATE head SET edge=x'00000000ffffffff'||substr(edge,9)",
        "UPDATE head SET edge=substr(edge,1,length(edge)-1)",
        "UPDATE head SET checkpoint=replace(checkpoint,'hallmark.invalid','hallmark.example')",
        "UPDATE head SET checkpoint=x'00'",
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        SIGNED_OFFICE s;
        make_signed(&s);
        office_sql(&s.o, ways[i]);
        /* Something new is to be published on top of it. */
        hm_leaf leaf = leaf_like(&s.o, 0, HM_LEAF_CEREMONY, 0);
        entry_forge(&s.o, &leaf);
        expect_fault_of(&s.o, i < 3 ? &publish : &(hm_message){.type = HM_MSG_LOG_AUDIT}, "");
    }
}

/* A hash that stands for 256 entries, which publishing does not read again. */
static void signs_no_checkpoint_over_a_damaged_edge(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    HM_BUF before = HM_BUF_EMPTY, after = HM_BUF_EMPTY;
    make_signed(&s);
    hm_leaf leaf = leaf_like(&s.o, 0, HM_LEAF_CEREMONY, 0);
    while (entries_in(&s.o) < 300) entry_forge(&s.o, &leaf);
    office_connect(&s.o);
    WORKS(hm_put(&before, ask(&s.o, &publish).field[HM_BYTES_CONTENT].bytes));
    office_disconnect(&s.o);
    office_sql(&s.o, "UPDATE head SET edge=substr(edge,1,length(edge)-1)||" OTHER_OCTET("substr(edge,-1)"));
    entry_forge(&s.o, &leaf);
    expect_fault_of(&s.o, &publish, "");
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &after));
    assert_true(hm_bytes_equal(hm_buf_bytes(&before), hm_buf_bytes(&after)));
}

static void finds_that_the_published_checkpoint_was_changed(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    HM_BUF note = HM_BUF_EMPTY;
    make_signed(&s);
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &note));
    uint8_t *line = memchr(note.data, '\n', note.len);
    assert_non_null(line);
    line[1] = line[1] == '9' ? '8' : '9'; /* its size */
    WORKS(hm_file_write(AT_FDCWD, office_file(&s.o, "log/checkpoint"), hm_buf_bytes(&note), 0644));
    expect_audit_fault(&s.o, "checkpoint");
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

/* Proofs. */

static hm_message prove_message(hm_bytes hash, hm_bytes content) {
    hm_message message = {.type = HM_MSG_LOG_PROVE};
    message.field[HM_LOG_PROVE_SIGNATURE].bytes = hash;
    message.field[HM_LOG_PROVE_CONTENT].bytes = content;
    return message;
}

/* Nobody is told that it is in the log. */
static void expect_no_proof(office *o, const hm_message *question) {
    hm_message answer;
    hm_err err = hm_ask(&o->core, question, &answer);
    if (hm_failed(err))
        assert_said("is not in the log");
    else
        assert_int_equal(answer.field[HM_BYTES_CONTENT].bytes.len, 0);
}

static void proves_no_signature_that_is_not_logged(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_connect(&s.o);
    s.hash[31] ^= 1; /* the tag is the same */
    hm_message question = prove_message(HM_ARRAY(s.hash), DIGEST);
    expect_no_proof(&s.o, &question);
    s.hash[0] ^= 1;
    question = prove_message(HM_ARRAY(s.hash), DIGEST);
    expect_no_proof(&s.o, &question);
}

/* The session of log check FILE, log prove: its parser has read the file. */
static void a_session_asks_for_as_many_proofs_as_were_announced_and_no_more(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_message narrowing = narrow_message("", 0), question = prove_message(HM_ARRAY(s.hash), DIGEST);
    narrowing.field[HM_NARROW_PROOFS].number = 2;
    office_connect(&s.o);
    assert_int_equal(ask(&s.o, &narrowing).type, HM_MSG_DONE);
    assert_true(ask(&s.o, &question).field[HM_BYTES_CONTENT].bytes.len > 0);
    question = prove_message(LITERAL("nothing of this name is in the lo"), DIGEST);
    question.field[HM_LOG_PROVE_SIGNATURE].bytes.len = HM_SHA256_LEN;
    assert_int_equal(ask(&s.o, &question).field[HM_BYTES_CONTENT].bytes.len, 0);
    expect_fault(&s.o, HM_REFUSED, "used up the proofs", &question);
    question = prove_message(HM_ARRAY(s.hash), DIGEST);
    expect_fault(&s.o, HM_REFUSED, "used up the proofs", &question);
}

static void a_session_for_a_product_is_opened_for_no_proofs(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    hm_message narrowing = narrow_message("pump", 1);
    narrowing.field[HM_NARROW_PROOFS].number = 1;
    expect_fault(&o, HM_REFUSED, "asks for no proofs", &narrowing);
}

/* An intent's digest is no signature, though it is in the log. */
static void proves_no_entry_but_outcomes(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "UPDATE entry SET tag=0x6665646362613938 WHERE idx=#", s.intent); /* not even if it could be found */
    office_connect(&s.o);
    hm_message question = prove_message(DIGEST, DIGEST);
    expect_no_proof(&s.o, &question);
}

static void proves_no_signature_of_other_content(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_connect(&s.o);
    hm_message question = prove_message(HM_ARRAY(s.hash), LITERAL("0edcba9876543210fedcba9876543210"));
    expect_fault(&s.o, HM_REFUSED, "for other content", &question);
    question = prove_message(HM_ARRAY(s.hash), LITERAL("fedcba9876543210fedcba9876543210+more"));
    expect_fault(&s.o, HM_REFUSED, "for other content", &question);
}

static void proves_nothing_whose_intent_is_gone(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "DELETE FROM entry WHERE idx=#", s.intent);
    office_connect(&s.o);
    hm_message question = prove_message(HM_ARRAY(s.hash), DIGEST), answer;
    assert_true(hm_failed(hm_ask(&s.o.core, &question, &answer)));
}

static void a_proof_of_what_was_just_signed_holds_at_once(void **state) {
    (void)state;
    OFFICE o;
    hm_note_key key;
    hm_checkpoint checkpoint;
    hm_log_proof proof;
    uint8_t hash[HM_SHA256_LEN];
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), answer;
    office_copy(&o);
    log_key(&o, &key);
    office_connect(&o);
    narrow(&o, 1);
    answer = ask(&o, &question);
    uint64_t outcome = answer.field[HM_SIGNED_OUTCOME].number;
    structure_hash(HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, hash);
    question = prove_message(HM_ARRAY(hash), DIGEST);
    expect_fault(&o, HM_REFUSED, "may only sign", &question);
    /* In a session beside it. */
    office beside = o;
    office_connect(&beside);
    answer = ask(&beside, &question);
    WORKS(hm_log_proof_get(answer.field[HM_BYTES_CONTENT].bytes, &storage, &proof));
    WORKS(hm_log_proof_check(&proof, &key, DIGEST, hash, &checkpoint));
    assert_int_equal(proof.outcome_index, outcome);
    assert_true(checkpoint.size > outcome);
    /* And for nothing else. */
    assert_refused(hm_log_proof_check(&proof, &key, LITERAL("0edcba9876543210fedcba9876543210"), hash, &checkpoint));
    hash[0] ^= 1;
    assert_refused(hm_log_proof_check(&proof, &key, DIGEST, hash, &checkpoint));
    office_disconnect(&beside);
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
        OFFICE_TEST(an_old_database_signs_nothing_and_publishes_nothing),
        OFFICE_TEST(a_head_that_was_put_back_is_caught_up_with),
        OFFICE_TEST(an_office_whose_head_was_removed_goes_on_with_nothing),
        OFFICE_TEST(finds_that_the_remembered_head_was_changed),
        OFFICE_TEST(signs_no_checkpoint_over_a_damaged_edge),
        OFFICE_TEST(finds_that_the_published_checkpoint_was_changed),
        OFFICE_TEST(an_audit_is_not_disturbed_by_signing_beside_it),
        OFFICE_TEST(proves_no_signature_that_is_not_logged),
        OFFICE_TEST(a_session_asks_for_as_many_proofs_as_were_announced_and_no_more),
        OFFICE_TEST(a_session_for_a_product_is_opened_for_no_proofs),
        OFFICE_TEST(proves_no_entry_but_outcomes),
        OFFICE_TEST(proves_no_signature_of_other_content),
        OFFICE_TEST(proves_nothing_whose_intent_is_gone),
        OFFICE_TEST(a_proof_of_what_was_just_signed_holds_at_once),
    };
    return RUN_WITH_OFFICE(tests);
}
