/* Publishing: what is in the log for this product and release is let out, by who may, as it is approved; nothing else.
 */
#include "requests_fixture.h"

#include <core/core.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static const char publish_one[] =
    "group qa = carol, dan\n"
    "rule release\n  request by us\n  releases 1.0\n  formats cms, catalogue\n  publish 1 of qa\n"
    "rule beta\n  request by us\n  releases beta\n  formats cms\n"
    "rule both\n  request by us\n  formats cms\n  approve 1 of qa\n  publish 1 of qa\n";

/* A file whose bytes are TEXT, signed for a product and release; the signature's hash is what the log has it by. */
typedef struct {
    const char *name, *text;
    uint8_t plain[HM_SHA256_LEN], signature[HM_SHA256_LEN];
} file;

static void open_publisher(office *o) {
    open_governed(o);
    WORKS(state(o, policy("pump", publish_one), BY(alice, bob)));
    WORKS(state(o, role("us", HM_ROLE_PUBLISHER, "pump"), BY(alice, bob)));
}

static hm_err sign_for(office *o, const char *product, const char *release, file *f) {
    hm_message narrow = {.type = HM_MSG_NARROW}, question = {.type = HM_MSG_SIGN}, answer;
    open_again(o);
    narrow.field[HM_NARROW_PRODUCT].bytes = hm_text(product);
    narrow.field[HM_NARROW_RELEASE].bytes = hm_text(release);
    narrow.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS;
    narrow.field[HM_NARROW_SIGNATURES].number = 1;
    HM_TRY(hm_ask(&o->core, &narrow, &answer));
    hm_sha256(hm_text(f->text), f->plain);
    question.field[HM_SIGN_TAG].number = 1;
    question.field[HM_SIGN_FORMAT].number = HM_LOGGED_CMS;
    question.field[HM_SIGN_STRUCTURE].number = 1;
    question.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    question.field[HM_SIGN_NAME].bytes = hm_text(f->name);
    question.field[HM_SIGN_SIZE].number = strlen(f->text);
    question.field[HM_SIGN_PLAIN].bytes = question.field[HM_SIGN_CONTENT].bytes = HM_ARRAY(f->plain);
    HM_TRY(hm_ask(&o->core, &question, &answer));
    assert_int_equal(answer.type, HM_MSG_SIGNED);
    structure_hash(HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, f->signature);
    open_again(o);
    return HM_OK;
}

static hm_err begin_publication(office *o, const char *product, const char *release, hm_bytes request) {
    hm_message question = {.type = HM_MSG_PUBLISH_BEGIN}, answer;
    open_again(o);
    question.field[HM_PUBLISH_BEGIN_PRODUCT].bytes = hm_text(product);
    question.field[HM_PUBLISH_BEGIN_RELEASE].bytes = hm_text(release);
    question.field[HM_PUBLISH_BEGIN_REQUEST].bytes = request;
    return hm_ask(&o->core, &question, &answer);
}

static hm_err name_as(office *o, const file *f, const char *name, bool carries) {
    hm_message question = {.type = HM_MSG_PUBLISH_FILE}, answer;
    question.field[HM_PUBLISH_FILE_OPERAND].number = 3;
    question.field[HM_PUBLISH_FILE_NAME].bytes = hm_text(name);
    question.field[HM_PUBLISH_FILE_SIZE].number = strlen(f->text);
    question.field[HM_PUBLISH_FILE_PLAIN].bytes = HM_ARRAY(f->plain);
    question.field[HM_PUBLISH_FILE_SIGNATURE].bytes = HM_ARRAY(f->signature);
    question.field[HM_PUBLISH_FILE_CONTENT].bytes = HM_ARRAY(f->plain);
    question.field[HM_PUBLISH_FILE_CARRIES].number = carries;
    return hm_ask(&o->core, &question, &answer);
}
static hm_err name_it(office *o, const file *f) { return name_as(o, f, f->name, false); }

/* TYPE: request-made, whose HASH is given, or publish-wanted. */
static hm_err close_it(office *o, hm_message_type wanted, uint8_t hash[static HM_SHA256_LEN]) {
    hm_message answer;
    HM_TRY(hm_ask(&o->core, &(hm_message){.type = HM_MSG_PUBLISH_CLOSE}, &answer));
    assert_int_equal(answer.type, wanted);
    if (wanted == HM_MSG_REQUEST_MADE) memcpy(hash, answer.field[HM_REQUEST_MADE_HASH].bytes.data, HM_SHA256_LEN);
    while (answer.type == HM_MSG_PUBLISH_WANTED) {
        assert_int_equal(answer.field[HM_PUBLISH_WANTED_OPERAND].number, 3);
        answer = hear(o);
    }
    return HM_OK;
}

static hm_err put_bytes(office *o, const char *text) {
    hm_message question = {.type = HM_MSG_PUBLISH_PUT}, answer;
    question.field[HM_PUBLISH_PUT_BYTES].bytes = hm_text(text);
    return hm_ask(&o->core, &question, &answer);
}

static hm_err commit_it(office *o) {
    hm_message answer;
    return hm_ask(&o->core, &(hm_message){.type = HM_MSG_PUBLISH_COMMIT}, &answer);
}

static hm_err withdraw_it(office *o, const char *product, const char *release) {
    hm_message question = {.type = HM_MSG_PUBLISH_WITHDRAW}, answer;
    question.field[HM_PUBLISH_WITHDRAW_PRODUCT].bytes = hm_text(product);
    question.field[HM_PUBLISH_WITHDRAW_RELEASE].bytes = hm_text(release);
    return hm_ask(&o->core, &question, &answer);
}

static bool is_there(const office *o, const char *path) {
    char whole[512];
    struct stat st;
    snprintf(whole, sizeof whole, "%s/published/%s", o->directory, path);
    return stat(whole, &st) == 0;
}

/* One file of the beta, which needs no approval, from its signature to the area. */
static hm_err publish_beta(office *o, file *f) {
    uint8_t ignored[HM_SHA256_LEN];
    HM_TRY(begin_publication(o, "pump", "beta", HM_NO_BYTES));
    HM_TRY(name_it(o, f));
    HM_TRY(close_it(o, HM_MSG_PUBLISH_WANTED, ignored));
    HM_TRY(put_bytes(o, f->text));
    return commit_it(o);
}

static void what_was_signed_is_published(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(publish_beta(&o, &f));
    assert_true(is_there(&o, "pump/beta/f.bin"));
    assert_true(is_there(&o, "pump/beta/SHA256SUMS"));
    open_again(&o);
    hm_message one = ask(&o, &(hm_message){.type = HM_MSG_PUBLISH_LIST});
    assert_int_equal(one.type, HM_MSG_PUBLISHED);
    assert_true(one.field[HM_PUBLISHED_BODY].bytes.len > 0);
    assert_int_equal(hear(&o).type, HM_MSG_DONE);
    ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT});
    office_disconnect(&o);
}

static void who_has_the_role_publishes(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    uint8_t hash[HM_SHA256_LEN];
    open_governed(&o);
    FAILS(HM_REFUSED, "us is not publisher of pump", begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    FAILS(HM_REFUSED, "us is not publisher of pump", withdraw_it(&o, "pump", "beta"));
    office_disconnect(&o);
    office_clear(&o);
    open_publisher(&o);
    FAILS(HM_REFUSED, "us is not publisher of valve", begin_publication(&o, "valve", "beta", HM_NO_BYTES));
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_PUBLISH_WANTED, hash));
    WORKS(put_bytes(&o, f.text));
    /* Withdrawn while the session lasted. */
    office p = {.core = HM_CONNECTION_NONE};
    snprintf(p.directory, sizeof p.directory, "%s", o.directory);
    office_connect(&p);
    hm_statement away = role("us", HM_ROLE_PUBLISHER, "pump");
    away.until = 0;
    WORKS(state(&p, away, BY(alice)));
    office_disconnect(&p);
    FAILS(HM_REFUSED, "us is not publisher of pump", commit_it(&o));
    assert_false(is_there(&o, "pump/beta"));
    office_disconnect(&o);
}

static void what_the_log_does_not_have_is_not_published(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"}, other;
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    other = f, other.signature[0] ^= 1;
    FAILS(HM_REFUSED, "is not in the log", name_it(&o, &other));
    other = f, other.plain[0] ^= 1;
    FAILS(HM_REFUSED, "was changed since", name_it(&o, &other));
    WORKS(begin_publication(&o, "pump", "gamma", HM_NO_BYTES));
    FAILS(HM_REFUSED, "for release beta, not for gamma", name_it(&o, &f));
    office_disconnect(&o);
}

static void another_products_file_is_not_this_ones(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    open_publisher(&o);
    WORKS(state(&o, role("us", HM_ROLE_PUBLISHER, "valve"), BY(alice, bob)));
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(begin_publication(&o, "valve", "beta", HM_NO_BYTES));
    FAILS(HM_REFUSED, "was signed for another product than valve", name_it(&o, &f));
    office_disconnect(&o);
}

static void a_file_that_is_no_signatures_must_stand_in_the_intent(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    hm_message question = {.type = HM_MSG_PUBLISH_FILE}, answer;
    uint8_t other[HM_SHA256_LEN] = {7};
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    question.field[HM_PUBLISH_FILE_NAME].bytes = hm_text("f.bin");
    question.field[HM_PUBLISH_FILE_PLAIN].bytes = HM_ARRAY(other);
    question.field[HM_PUBLISH_FILE_SIGNATURE].bytes = HM_ARRAY(f.signature);
    question.field[HM_PUBLISH_FILE_CONTENT].bytes = HM_ARRAY(f.plain);
    FAILS(HM_REFUSED, "is not what was signed", hm_ask(&o.core, &question, &answer));
    office_disconnect(&o);
}

static void names_lead_nowhere_else(void **ignored) {
    (void)ignored;
    static const char *const bad[] = {"../f", "a/b", ".f", "", "f f", "SHA256SUMS", "-f"};
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (bad[i][0]) FAILS(HM_REFUSED, "", name_as(&o, &f, bad[i], false));
    FAILS(HM_REFUSED, "letters, digits", begin_publication(&o, "pump", "../up", HM_NO_BYTES));
    FAILS(HM_REFUSED, "letters, digits", begin_publication(&o, "pump", "..", HM_NO_BYTES));
    FAILS(HM_REFUSED, "letters, digits", withdraw_it(&o, "pump", "../.."));
    office_disconnect(&o);
}

static void bytes_are_those_that_were_named(void **ignored) {
    (void)ignored;
    static const char *const bad[] = {"Firmware", "firmwar", "firmware!"};
    uint8_t hash[HM_SHA256_LEN];
    for (size_t i = 0; i < 3; i++) {
        OFFICE o;
        file f = {.name = "f.bin", .text = "firmware"};
        open_publisher(&o);
        WORKS(sign_for(&o, "pump", "beta", &f));
        WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
        WORKS(name_it(&o, &f));
        WORKS(close_it(&o, HM_MSG_PUBLISH_WANTED, hash));
        hm_err err = put_bytes(&o, bad[i]);
        if (!hm_failed(err)) err = commit_it(&o);
        assert_true(hm_failed(err));
        office_disconnect(&o);
        assert_false(is_there(&o, "pump/beta"));
    }
}

static void approvals_are_asked_for_and_used_once(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    uint8_t hash[HM_SHA256_LEN], again[HM_SHA256_LEN];
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "1.0", &f));
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, hash));
    FAILS(HM_REFUSED, "", commit_it(&o));
    open_again(&o);
    FAILS(HM_REFUSED, "alice is not approver", approve(&o, hash, alice));
    WORKS(approve(&o, hash, carol));
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_as(&o, &f, "renamed.bin", false));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, again));
    assert_memory_not_equal(hash, again, sizeof hash);
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_PUBLISH_WANTED, again));
    WORKS(put_bytes(&o, f.text));
    WORKS(commit_it(&o));
    assert_true(is_there(&o, "pump/1.0/f.bin"));
    open_again(&o);
    assert_state(&o, hash, "done");
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, again));
    office_disconnect(&o);
}

static void an_approval_of_one_kind_is_none_of_the_other(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    uint8_t hash[HM_SHA256_LEN], other[HM_SHA256_LEN];
    open_publisher(&o);
    /* Release 1.0 is signed without; what is asked for to publish it does not sign. */
    WORKS(sign_for(&o, "pump", "1.0", &f));
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, hash));
    open_again(&o);
    WORKS(approve(&o, hash, carol));
    /* Compared as if it were for signatures. */
    WORKS(begin_request(&o, HM_ARRAY(hash)));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "is for publishing, and not for signatures", note(&o, "one"));
    /* And a request for signatures is none to publish. */
    WORKS(state((open_again(&o), &o), policy("pump", needs_two), BY(alice, bob)));
    WORKS(begin_request(&o, HM_NO_BYTES));
    WORKS(narrow_to(&o, "pump"));
    WORKS(note(&o, "one"));
    WORKS(close_request(&o, other));
    FAILS(HM_REFUSED, "is for signatures, and not for publishing",
          begin_publication(&o, "pump", "1.0", HM_ARRAY(other)));
    office_disconnect(&o);
}

static void who_had_it_signed_or_publishes_does_not_approve(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    uint8_t hash[HM_SHA256_LEN];
    hm_statement us = person("us", mallory);
    open_publisher(&o);
    us.has_unix = true;
    us.unix_user = getuid();
    WORKS(state(&o, us, BY(alice, bob)));
    WORKS(state(&o, role("us", HM_ROLE_APPROVER, "pump"), BY(alice, bob)));
    WORKS(sign_for(&o, "pump", "1.0", &f));
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, hash));
    open_again(&o);
    FAILS(HM_REFUSED, "us asked for this", approve(&o, hash, mallory));
    office_disconnect(&o);
}

static void an_approver_compares_every_file(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"}, g = {.name = "g.bin", .text = "more"};
    uint8_t hash[HM_SHA256_LEN];
    hm_message close = {.type = HM_MSG_PUBLISH_CLOSE}, answer;
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "1.0", &f));
    WORKS(sign_for(&o, "pump", "1.0", &g));
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    FAILS(HM_REFUSED, "in the request already", name_it(&o, &f));
    WORKS(name_it(&o, &g));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, hash));
    FAILS(HM_REFUSED, "another product or release", begin_publication(&o, "pump", "1.1", HM_ARRAY(hash)));
    WORKS(begin_publication(&o, "pump", "1.0", HM_ARRAY(hash)));
    FAILS(HM_REFUSED, "not what the request asks for", name_as(&o, &f, "h.bin", false));
    WORKS(name_it(&o, &g));
    FAILS(HM_REFUSED, "f.bin is in the request, too", hm_ask(&o.core, &close, &answer));
    WORKS(name_it(&o, &f));
    WORKS(hm_ask(&o.core, &close, &answer));
    FAILS(HM_REFUSED, "", commit_it(&o));
    FAILS(HM_REFUSED, "", put_bytes(&o, "x"));
    office_disconnect(&o);
}

static void such_a_session_does_nothing_else(void **ignored) {
    (void)ignored;
    static const hm_message_type acts[] = {HM_MSG_PREPARE,     HM_MSG_LOG_RECEIPT, HM_MSG_REQUEST_CLOSE,
                                           HM_MSG_LOG_PUBLISH, HM_MSG_TRUST_KEY,   HM_MSG_PUBLISH_LIST};
    OFFICE o;
    open_publisher(&o);
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        hm_message question = {.type = acts[i]}, answer;
        for (size_t k = 0; k < 2 && acts[i] == HM_MSG_LOG_RECEIPT; k++)
            question.field[k].bytes = HM_BYTES(publish_one, 32);
        if (acts[i] == HM_MSG_PREPARE) question.field[HM_PREPARE_ALGORITHMS].bytes = HM_BYTES("\x01", 1);
        FAILS(HM_REFUSED, "may only sign", hm_ask(&o.core, &question, &answer));
    }
    FAILS(HM_REFUSED, "", sign_file(&o, "one"));
    FAILS(HM_REFUSED, "nothing to publish", close_it(&o, HM_MSG_DONE, (uint8_t[32]){0}));
    office_disconnect(&o);
}

static void a_release_is_taken_back_once(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"}, g = {.name = "f.bin", .text = "another"};
    uint8_t hash[HM_SHA256_LEN];
    open_publisher(&o);
    FAILS(HM_REFUSED, "is not published", withdraw_it(&o, "pump", "beta"));
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(sign_for(&o, "pump", "beta", &g));
    WORKS(publish_beta(&o, &f));
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    WORKS(name_it(&o, &g));
    WORKS(close_it(&o, HM_MSG_PUBLISH_WANTED, hash));
    WORKS(put_bytes(&o, g.text));
    FAILS(HM_REFUSED, "published already, with other content", commit_it(&o));
    open_again(&o);
    WORKS(withdraw_it(&o, "pump", "beta"));
    assert_false(is_there(&o, "pump/beta"));
    FAILS(HM_REFUSED, "is not published", withdraw_it(&o, "pump", "beta"));
    /* And the session is for nothing that it was not for before. */
    FAILS(HM_REFUSED, "", close_request(&o, hash));
    WORKS(publish_beta(&o, &g));
    office_disconnect(&o);
}

static void a_hidden_publication_is_found_by_log_check(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "beta", &f));
    WORKS(publish_beta(&o, &f));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET tag = 0 WHERE CAST(details AS TEXT) LIKE '%\"act\":\"publish\"%'");
    office_connect(&o);
    expect_fault(&o, HM_REFUSED, "its tag was changed", &(hm_message){.type = HM_MSG_LOG_AUDIT});
    office_disconnect(&o);
}

static void an_intent_without_its_details_publishes_nothing(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "beta", &f));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET details = replace(details, 'beta', 'gama') WHERE CAST(details AS TEXT) LIKE "
                   "'%\"release\":\"beta\"%'");
    office_connect(&o);
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    FAILS(HM_REFUSED, "details were changed", name_it(&o, &f));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET salt = x'', details = x'' WHERE CAST(details AS TEXT) LIKE '%\"gama\"%'");
    office_connect(&o);
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    FAILS(HM_REFUSED, "were erased", name_it(&o, &f));
    office_disconnect(&o);
}

/* ---- what did not begin ---- */

/* A core that serves this office to the machine's processes: whoever connects from now on is one of them. */
static pid_t serve_locally(office *o, int *stop) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int ends[2], listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", office_file(o, HM_CORE_SOCKET));
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t core = fork();
    if (core == 0) {
        hm_core_doors doors = {.local = listener, .fronts = -1, .identity = -1, .stop = ends[0]};
        signal(SIGPIPE, SIG_IGN);
        close(ends[1]);
        _exit((int)hm_core_serve_office(o->directory, &doors).class);
    }
    assert_true(core > 0);
    close(listener), close(ends[0]);
    *stop = ends[1];
    return core;
}

static void stop_serving(office *o, pid_t core, int stop) {
    int status = -1;
    office_disconnect(o);
    assert_int_equal(write(stop, "", 1), 1);
    assert_int_equal(waitpid(core, &status, 0), core);
    assert_int_equal(status, 0);
    close(stop);
    assert_int_equal(unlink(office_file(o, HM_CORE_SOCKET)), 0);
}

/* What else a session would be for. */
static hm_err narrow_to_release(office *o, const char *release) {
    hm_message question = {.type = HM_MSG_NARROW}, answer;
    question.field[HM_NARROW_PRODUCT].bytes = hm_text("pump");
    question.field[HM_NARROW_RELEASE].bytes = hm_text(release);
    question.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS;
    question.field[HM_NARROW_SIGNATURES].number = 1;
    return hm_ask(&o->core, &question, &answer);
}

static void assert_nothing_goes_on(office *o, const file *f) {
    hm_message close = {.type = HM_MSG_PUBLISH_CLOSE}, answer;
    assert_int_equal(name_it(o, f).class, HM_REFUSED);
    assert_int_equal(hm_ask(&o->core, &close, &answer).class, HM_REFUSED);
    assert_int_equal(put_bytes(o, f->text).class, HM_REFUSED);
    assert_int_equal(commit_it(o).class, HM_REFUSED);
    assert_false(is_there(o, "../evil") || is_there(o, "../../evil") || is_there(o, "pump/beta"));
}

static const char any_release[] = "rule all\n  request by us\n  formats cms\n";

static void go_on_after_a_refusal(office *o, const char *release, file *f) {
    WORKS(sign_for(o, "pump", release, f));
    assert_true(hm_failed(begin_publication(o, "nosuch", "1.0", HM_NO_BYTES)));
    WORKS(narrow_to_release(o, release));
    assert_nothing_goes_on(o, f);
    open_again(o);
}

static void what_did_not_begin_to_be_published_is_not_published_by_a_narrow_behind_it(void **ignored) {
    (void)ignored;
    OFFICE o;
    int stop;
    file f = {.name = "f.bin", .text = "firmware"};
    open_publisher(&o);
    WORKS(state(&o, policy("pump", any_release), BY(alice, bob)));
    WORKS(state(&o, role("us", HM_ROLE_PUBLISHER, ""), BY(alice, bob)));
    go_on_after_a_refusal(&o, "../../evil", &f);
    go_on_after_a_refusal(&o, "beta", &f);
    office_disconnect(&o);
    pid_t core = serve_locally(&o, &stop);
    office_connect(&o);
    go_on_after_a_refusal(&o, "../../evil", &f);
    go_on_after_a_refusal(&o, "beta", &f);
    WORKS(begin_publication(&o, "pump", "beta", HM_NO_BYTES));
    stop_serving(&o, core, stop);
}

static hm_err begin_here(office *o, const char *product, const char *release, hm_bytes request) {
    hm_message question = {.type = HM_MSG_PUBLISH_BEGIN}, answer;
    question.field[HM_PUBLISH_BEGIN_PRODUCT].bytes = hm_text(product);
    question.field[HM_PUBLISH_BEGIN_RELEASE].bytes = hm_text(release);
    question.field[HM_PUBLISH_BEGIN_REQUEST].bytes = request;
    return hm_ask(&o->core, &question, &answer);
}

/* Neither what is noted, nor what was compared with, is left. */
static void a_session_in_which_no_publication_began_may_begin_another(void **ignored) {
    (void)ignored;
    OFFICE o;
    file f = {.name = "f.bin", .text = "firmware"};
    uint8_t to_publish[HM_SHA256_LEN], to_sign[HM_SHA256_LEN];
    open_publisher(&o);
    WORKS(sign_for(&o, "pump", "1.0", &f));
    WORKS(begin_publication(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, to_publish));
    open_again(&o);
    WORKS(state(&o, policy("pump", needs_two), BY(alice, bob)));
    WORKS(begin_request(&o, HM_NO_BYTES));
    WORKS(narrow_to(&o, "pump"));
    WORKS(note(&o, "one"));
    WORKS(close_request(&o, to_sign));
    WORKS(state((open_again(&o), &o), policy("pump", publish_one), BY(alice, bob)));
    assert_true(hm_failed(begin_here(&o, "pump", "1.0", HM_ARRAY(to_sign))));
    assert_nothing_goes_on(&o, &f);
    assert_true(hm_failed(begin_here(&o, "pump", "1.1", HM_ARRAY(to_publish))));
    assert_nothing_goes_on(&o, &f);
    WORKS(begin_here(&o, "pump", "1.0", HM_NO_BYTES));
    WORKS(name_it(&o, &f));
    WORKS(close_it(&o, HM_MSG_REQUEST_MADE, to_sign));
    assert_memory_equal(to_sign, to_publish, sizeof to_sign);
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_published),
        cmocka_unit_test(who_has_the_role_publishes),
        cmocka_unit_test(what_the_log_does_not_have_is_not_published),
        cmocka_unit_test(another_products_file_is_not_this_ones),
        cmocka_unit_test(a_file_that_is_no_signatures_must_stand_in_the_intent),
        cmocka_unit_test(names_lead_nowhere_else),
        cmocka_unit_test(bytes_are_those_that_were_named),
        cmocka_unit_test(approvals_are_asked_for_and_used_once),
        cmocka_unit_test(an_approval_of_one_kind_is_none_of_the_other),
        cmocka_unit_test(who_had_it_signed_or_publishes_does_not_approve),
        cmocka_unit_test(an_approver_compares_every_file),
        cmocka_unit_test(such_a_session_does_nothing_else),
        cmocka_unit_test(a_release_is_taken_back_once),
        cmocka_unit_test(a_hidden_publication_is_found_by_log_check),
        cmocka_unit_test(an_intent_without_its_details_publishes_nothing),
        cmocka_unit_test(what_did_not_begin_to_be_published_is_not_published_by_a_narrow_behind_it),
        cmocka_unit_test(a_session_in_which_no_publication_began_may_begin_another),
    };
    return cmocka_run_group_tests(tests, begin_requests, finish_requests);
}
