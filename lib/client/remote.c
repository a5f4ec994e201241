#include <client/remote.h>

#include "agent.h"

#include <client/http.h>
#include <client/wire_json.h>

#include <crypto/process.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 << 20 };

bool hm_remote_is(const char *office) {
    return strncmp(office, "https://", 8) == 0 || strncmp(office, "http://", 7) == 0;
}

/* ---- narrowing, which binds whoever has the other end ---- */

static hm_err narrow(hm_agent *a, const hm_message *question) {
    if (a->narrowed) return hm_refuse("this session is for one product and one release already");
    a->narrow = json_object();
    HM_TRY(hm_wire_to_json(question, a->narrow));
    a->narrowed = true;
    a->for_list = question->type == HM_MSG_NARROW_LIST;
    if (a->for_list) return hm_agent_say(a, HM_MSG_DONE);
    a->signatures_left = a->receipts_left = a->stamps_left = question->field[HM_NARROW_SIGNATURES].number;
    a->proofs_left = question->field[HM_NARROW_PROOFS].number;
    json_object_del(a->narrow, "signatures");
    json_object_del(a->narrow, "proofs");
    return hm_agent_say(a, HM_MSG_DONE);
}

static hm_err begin(hm_agent *a, const hm_message *question) {
    if (a->narrowed || a->begun) return hm_refuse("core language: a session is for one request");
    a->compares = question->field[HM_REQUEST_BEGIN_REQUEST].bytes.len != 0;
    if (a->compares)
        HM_TRY(hm_comparison_begin(&a->comparison, a->listed, question->field[HM_REQUEST_BEGIN_REQUEST].bytes));
    a->begun = true;
    if (a->compares) HM_TRY(hm_put_hex(&a->request, question->field[HM_REQUEST_BEGIN_REQUEST].bytes));
    a->noted = json_array();
    return hm_agent_say(a, HM_MSG_DONE);
}

static bool allowed_when_publishing(hm_message_type type) {
    return type == HM_MSG_PUBLISH_FILE || type == HM_MSG_PUBLISH_CLOSE || type == HM_MSG_PUBLISH_PUT ||
           type == HM_MSG_PUBLISH_COMMIT;
}

static hm_err check_allowed(hm_agent *a, hm_message_type type) {
    if (a->publishes && !allowed_when_publishing(type))
        return hm_refuse("core language: this session may only publish");
    bool allowed = !a->narrowed;
    if (a->narrowed && a->for_list) allowed = type == HM_MSG_TRUST_SIGN;
    if (a->narrowed && !a->for_list)
        allowed = type == HM_MSG_PREPARE || type == HM_MSG_SIGN || (type == HM_MSG_REQUEST_CLOSE && a->begun) ||
                  (type == HM_MSG_LOG_RECEIPT && a->receipts_left && a->receipts_left--) ||
                  (type == HM_MSG_TIMESTAMP && a->stamps_left && a->stamps_left--) ||
                  (type == HM_MSG_LOG_PROVE && a->proofs_left && a->proofs_left--);
    return allowed ? HM_OK : hm_refuse("core language: this session may only sign");
}

/* ---- the conversation ---- */

static hm_err answer(hm_agent *a, const hm_message *question) {
    switch (question->type) {
    case HM_MSG_HELLO:
        return hm_agent_hello(a);
    case HM_MSG_NARROW:
    case HM_MSG_NARROW_LIST:
        return narrow(a, question);
    case HM_MSG_REQUEST_BEGIN:
        return begin(a, question);
    case HM_MSG_REQUEST_CLOSE:
        return hm_agent_close_request(a);
    case HM_MSG_PUBLISH_BEGIN:
        return hm_agent_publish_begin(a, question);
    case HM_MSG_PUBLISH_FILE:
        return hm_agent_publish_file(a, question);
    case HM_MSG_PUBLISH_CLOSE:
        return hm_agent_publish_close(a);
    case HM_MSG_PUBLISH_PUT:
        return hm_agent_publish_put(a, question);
    case HM_MSG_PUBLISH_COMMIT:
        return hm_agent_publish_commit(a, question);
    default:
        return hm_agent_ask(a, question);
    }
}

static hm_err converse(hm_agent *a) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question;
    for (bool closed = false, other = false;;) {
        if (!other) HM_TRY(hm_wire_receive(a->fd, &storage, &question, &closed));
        if (closed) return HM_OK;
        other = false;
        hm_err err = question.type == HM_MSG_HELLO ? HM_OK : check_allowed(a, question.type);
        if (!hm_failed(err) && question.type == HM_MSG_SIGN && a->narrowed && !a->for_list) {
            HM_TRY(hm_agent_sign(a, &question, &storage, &other, &closed));
            if (closed) return HM_OK;
            continue;
        }
        if (!hm_failed(err)) err = answer(a, &question);
        if (hm_failed(err)) HM_TRY(hm_agent_say_fault(a, 0, err));
    }
}

static hm_err run(hm_agent *a) {
    hm_http_options options = {.ca_file = a->remote->ca_file,
                               .certificate_file = a->remote->certificate_file,
                               .key_file = a->remote->certificate_key_file,
                               .tls13 = true,
                               .answer_max = ANSWER_MAX,
                               .exporter_label = "EXPORTER-Channel-Binding"};
    HM_TRY(hm_crypto_begin());
    HM_TRY(hm_http_open(a->remote->url, &options, &a->http));
    return converse(a);
}

static _Noreturn void run_agent(int fd, const hm_remote *remote) {
    static hm_agent a; /* too large for a stack */
    a.remote = remote;
    a.fd = fd;
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NAME, "hallmark-remote");
    hm_err err = run(&a);
    if (hm_failed(err))
        (void)!hm_failed(hm_agent_say_fault(&a, 0, err));
    else
        (void)!hm_failed(hm_agent_say(&a, HM_MSG_CLOSING));
    hm_http_close(&a.http);
    _exit(hm_failed(err) ? 1 : 0);
}

hm_err hm_connect_remote(const hm_remote *remote, hm_connection *connection) {
    int pair[2];
    *connection = HM_CONNECTION_NONE;
    if (!remote->key == !remote->token)
        return hm_misuse(
            "who asks? (give --as FILE, a principal's own key; a pipeline has its token in HALLMARK_ID_TOKEN)");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return hm_could_not("no socket for the office: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        run_agent(pair[1], remote);
    }
    close(pair[1]);
    if (pid < 0) return close(pair[0]), hm_could_not("no process for the office: %s", strerror(errno));
    connection->fd = pair[0];
    connection->core = pid;
    return hm_connection_begin(connection);
}
