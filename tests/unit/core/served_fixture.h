/* A core that serves the governed office of requests_fixture.h, to fronts and to an identity process that are both
 * this program. Its principals speak by their keys: "ci", requester of pump, by ci's; carol and dan, its approvers. */
#ifndef HM_SERVED_FIXTURE_H
#define HM_SERVED_FIXTURE_H

#include "requests_fixture.h"

#include <core/core.h>
#include <identity/answer.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static software_signer *ci;
static const char served_policy[] = "group qa = carol, dan\n"
                                    "rule release\n  request by ci\n  formats catalogue\n  approve 2 of qa\n"
                                    "rule free\n  request by ci\n  formats cms\n  quota 6 per hour\n"
                                    "rule jobs\n  request by job\n  formats cms\n";
#define ISSUER "https://ci.example"

static inline int begin_served(void **ignored) {
    if (begin_requests(ignored)) return 1;
    ci = software_signer_new(HM_KEY_ES256);
    if (office_needed(ignored)) return 0;
    hm_statement job = {.act = HM_ACT_PRINCIPAL, .name = hm_text("job"), .issuer = hm_text(ISSUER), .claims = 1};
    job.claim[0] = (hm_claim){hm_text("repository_id"), hm_text("123")};
    office_connect(&governed);
    WORKS(state(&governed, person("ci", ci), BY(alice, bob)));
    WORKS(state(&governed, job, BY(alice, bob)));
    WORKS(state(&governed, role("ci", HM_ROLE_REQUESTER, "pump"), BY(alice, bob)));
    WORKS(state(&governed, role("job", HM_ROLE_REQUESTER, "pump"), BY(alice, bob)));
    WORKS(state(&governed, policy("pump", served_policy), BY(alice, bob)));
    office_disconnect(&governed);
    return 0;
}

static inline int finish_served(void **ignored) {
    software_signer_free(&ci);
    return finish_requests(ignored);
}

/* ---- the server ---- */

typedef struct {
    office office; /* not connected */
    pid_t core;
    int fronts, identity, stop;
    uint64_t before; /* entries when it began */
} server;

/* For the office that is there. */
static inline void server_run(server *s) {
    int fronts[2], identity[2], stop[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fronts), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, identity), 0);
    assert_int_equal(pipe(stop), 0);
    s->core = fork();
    if (s->core == 0) {
        signal(SIGPIPE, SIG_IGN);
        close(fronts[1]), close(identity[1]), close(stop[1]);
        hm_core_doors doors = {.local = -1, .fronts = fronts[0], .identity = identity[0], .stop = stop[0]};
        hm_err err = hm_core_serve_office(s->office.directory, &doors);
        if (hm_failed(err)) (void)!dprintf(2, "# the core ends: %s\n", hm_err_sentence());
        _exit((int)err.class);
    }
    close(fronts[0]), close(identity[0]), close(stop[0]);
    s->fronts = fronts[1], s->identity = identity[1], s->stop = stop[1];
}

static inline void server_start(server *s) {
    copy_governed(&s->office);
    s->before = entries_in(&s->office);
    server_run(s);
}

static inline void server_kill(server *s) {
    kill(s->core, SIGKILL);
    assert_int_equal(waitpid(s->core, NULL, 0), s->core);
    close(s->fronts), close(s->identity), close(s->stop);
    s->core = 0;
}

/* It has come through: it ends when it is told to, and in order. */
static inline void server_stop(server *s) {
    int status = -1;
    assert_int_equal(write(s->stop, "", 1), 1);
    assert_int_equal(waitpid(s->core, &status, 0), s->core);
    assert_int_equal(status, 0);
    close(s->fronts), close(s->identity), close(s->stop);
    s->core = 0;
}

static inline void server_clear(server *s) {
    if (s->core > 0) kill(s->core, SIGKILL), waitpid(s->core, NULL, 0);
    office_clear(&s->office);
}
#define SERVER __attribute__((cleanup(server_clear))) server

/* Does an entry behind those that were there at the start hold all of these in its details? */
static inline size_t count_entries(const server *s, const char *one, const char *other) {
    size_t count = 0;
    for (uint64_t i = s->before, n = entries_in(&s->office); i < n; i++) {
        ENTRY e = {.cbor = HM_BUF_EMPTY};
        entry_read(&s->office, i, &e);
        count += details_hold(&e, one) && details_hold(&e, other);
    }
    return count;
}

/* ---- what a front says ---- */

static inline void send_descriptors(int door, const int *fd, size_t count) {
    char byte = 0;
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(200 * sizeof(int))];
    } control;
    struct iovec part = {&byte, 1};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    memset(&control, 0, sizeof control);
    if (count) {
        control.head = (struct cmsghdr){CMSG_LEN(count * sizeof *fd), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.head), fd, count * sizeof *fd);
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(count * sizeof *fd);
    }
    assert_int_equal(sendmsg(door, &packet, MSG_NOSIGNAL), 1);
}

/* A session as a front opens it: nobody's, greeted. */
typedef struct {
    hm_connection core;
    uint8_t challenge[32];
    uint64_t tag;
} web;

static inline void web_raw(server *s, web *w) {
    const struct timeval patience = {30, 0};
    int pair[2];
    *w = (web){.core = HM_CONNECTION_NONE};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    send_descriptors(s->fronts, &pair[1], 1);
    close(pair[1]);
    w->core.fd = pair[0];
}

static inline void web_open(server *s, web *w) {
    hm_message hello = {.type = HM_MSG_HELLO}, welcome;
    hello.field[HM_HELLO_VERSION].number = HM_WIRE_VERSION;
    web_raw(s, w);
    WORKS(hm_ask(&w->core, &hello, &welcome));
    memcpy(w->core.uuid, welcome.field[HM_WELCOME_UUID].bytes.data, 16);
    memcpy(w->challenge, welcome.field[HM_WELCOME_CHALLENGE].bytes.data, 32);
}

/* The front is gone, or says so. */
static inline void web_close(web *w) {
    if (w->core.fd >= 0) close(w->core.fd);
    hm_buf_clear(&w->core.storage);
    w->core.fd = -1;
}
#define WEB __attribute__((cleanup(web_close))) web

static const uint8_t binding_of_connection[32] = "the connection that it came over";

/* What WHO has signed as OBJECT over these, put forward in W with the binding that the front says. */
static inline hm_err prove_as(web *w, software_signer *who, hm_cose_object object, hm_bytes uuid, hm_bytes challenge,
                              hm_bytes signed_binding, hm_bytes said_binding) {
    HM_BUF proved = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    hm_message question = {.type = HM_MSG_PROVE_KEY}, answer;
    WORKS(hm_put(&proved, uuid));
    WORKS(hm_put(&proved, challenge));
    WORKS(hm_put(&proved, signed_binding));
    WORKS(hm_cose_sign(object, hm_buf_bytes(&proved), NULL, software_signer_of(who), &signature, hash));
    question.field[HM_PROVE_KEY_BINDING].bytes = said_binding;
    question.field[HM_PROVE_KEY_SIGNATURE].bytes = hm_buf_bytes(&signature);
    return hm_ask(&w->core, &question, &answer);
}
static inline hm_err prove(web *w, software_signer *who) {
    return prove_as(w, who, HM_COSE_SESSION, HM_ARRAY(w->core.uuid), HM_ARRAY(w->challenge),
                    HM_ARRAY(binding_of_connection), HM_ARRAY(binding_of_connection));
}
static inline void web_as(server *s, web *w, software_signer *who) {
    web_open(s, w);
    WORKS(prove(w, who));
}

static inline hm_err web_ask(web *w, hm_message_type type) {
    hm_message answer;
    return hm_ask(&w->core, &(hm_message){.type = type}, &answer);
}

static inline hm_message narrowing(const char *product, uint64_t signatures) {
    hm_message question = {.type = HM_MSG_NARROW};
    question.field[HM_NARROW_PRODUCT].bytes = hm_text(product);
    question.field[HM_NARROW_RELEASE].bytes = hm_text("1.0");
    question.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS | 1u << HM_LOGGED_CATALOGUE;
    question.field[HM_NARROW_SIGNATURES].number = signatures;
    return question;
}
static inline hm_err web_narrow(web *w, const char *product, uint64_t signatures) {
    hm_message question = narrowing(product, signatures), answer;
    return hm_ask(&w->core, &question, &answer);
}

static inline hm_message signing(web *w, const uint8_t digest[static 32], uint64_t format) {
    hm_message question = {.type = HM_MSG_SIGN};
    question.field[HM_SIGN_TAG].number = w->tag++;
    question.field[HM_SIGN_FORMAT].number = format;
    question.field[HM_SIGN_STRUCTURE].number = 1;
    question.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    question.field[HM_SIGN_NAME].bytes = hm_text("f");
    question.field[HM_SIGN_PLAIN].bytes = question.field[HM_SIGN_CONTENT].bytes = HM_BYTES(digest, 32);
    return question;
}
static inline hm_err web_sign(web *w, const char *name, uint64_t format) {
    uint8_t digest[32] = {0};
    memcpy(digest, name, strlen(name));
    hm_message question = signing(w, digest, format), answer;
    HM_TRY(hm_ask(&w->core, &question, &answer));
    assert_true(answer.type == HM_MSG_SIGNED || answer.type == HM_MSG_NOTED);
    return HM_OK;
}

/* The identity process's answer to the next question. */
static inline uint64_t hear_token(server *s) {
    static uint8_t heard[HM_IDENTITY_QUESTION_MAX];
    uint64_t tag;
    hm_bytes token;
    ssize_t n = recv(s->identity, heard, sizeof heard, 0);
    assert_true(n > 0);
    WORKS(hm_identity_question_get(HM_BYTES(heard, (size_t)n), &tag, &token));
    return tag;
}
static inline void judge(server *s, uint64_t tag, const char *repository, int64_t expiry) {
    HM_BUF said = HM_BUF_EMPTY;
    hm_workload workload = {.issuer = hm_text(ISSUER), .subject = hm_text("a job"), .expiry = expiry, .claims = 1};
    workload.claim[0] = (hm_claim){hm_text("repository_id"), hm_text(repository)};
    WORKS(hm_identity_answer_put(tag, &workload, &said));
    assert_int_equal(send(s->identity, said.data, said.len, 0), said.len);
}
static inline void send_token(web *w) {
    hm_message question = {.type = HM_MSG_PROVE_TOKEN};
    HM_BUF frame = HM_BUF_EMPTY;
    question.field[HM_PROVE_TOKEN_TOKEN].bytes = hm_text("a token");
    WORKS(hm_wire_put(&question, &frame));
    WORKS(hm_wire_send_frames(w->core.fd, hm_buf_bytes(&frame)));
}

static inline void state_beside(server *s, hm_statement statement) {
    office_connect(&s->office);
    WORKS(state(&s->office, statement, BY(alice, bob)));
    office_disconnect(&s->office);
}

#endif
