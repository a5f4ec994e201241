/* The loop of the identity process. */
#include <identity/serve.h>

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

typedef struct {
    int fd;
    hm_identity *identity;
    uint8_t question[HM_IDENTITY_QUESTION_MAX + 1]; /* a byte more, to see that one is too long */
    hm_buf answer;
} server;

static void server_clear(server *s) {
    hm_identity_free(&s->identity);
    hm_buf_clear(&s->answer);
}

/* An empty message looks like the end, and strangers may send one. */
static bool is_closed(int fd) {
    struct pollfd other = {.fd = fd, .events = POLLRDHUP};
    return poll(&other, 1, 0) == 1 && other.revents;
}

/* *OPEN false: the other side is closed. */
static hm_err take_question(server *s, hm_bytes *question, bool *open) {
    ssize_t len;
    do {
        len = recv(s->fd, s->question, sizeof s->question, 0);
    } while (len < 0 && errno == EINTR);
    *question = HM_BYTES(s->question, len < 0 ? 0 : (size_t)len);
    *open = len > 0 || (len == 0 && !is_closed(s->fd));
    if (len >= 0 || errno == ECONNRESET) return HM_OK;
    return hm_could_not("the identity process cannot be asked: %s", strerror(errno));
}

static hm_err answer_token(server *s, uint64_t tag, hm_bytes token) {
    HM_JWT *jwt = NULL;
    hm_workload workload;
    HM_TRY(hm_identity_of(s->identity, token, &jwt, &workload));
    return hm_identity_answer_put(tag, &workload, &s->answer);
}

static hm_err make_answer(server *s, hm_bytes question) {
    uint64_t tag = 0;
    hm_bytes token;
    hm_err err = hm_identity_question_get(question, &tag, &token);
    if (!hm_failed(err)) err = answer_token(s, tag, token);
    if (!hm_failed(err)) return HM_OK;
    hm_fault fault = hm_fault_keep(err);
    return hm_identity_fault_put(tag, &fault, &s->answer);
}

static hm_err send_answer(const server *s, bool *open) {
    ssize_t sent;
    do {
        sent = send(s->fd, s->answer.data, s->answer.len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    *open = sent >= 0;
    if (sent >= 0 || errno == EPIPE || errno == ECONNRESET) return HM_OK;
    return hm_could_not("the identity process cannot answer: %s", strerror(errno));
}

static hm_err serve(server *s) {
    hm_bytes question;
    bool open = true;
    while (open) {
        HM_TRY(take_question(s, &question, &open));
        if (!open || question.len < sizeof(uint64_t)) continue;
        s->answer.len = 0;
        HM_TRY(make_answer(s, question));
        HM_TRY(send_answer(s, &open));
    }
    return HM_OK;
}

hm_err hm_identity_serve(int fd, const char *configuration, const hm_identity_outside *outside) {
    __attribute__((cleanup(server_clear))) server s = {.fd = fd, .answer = HM_BUF_EMPTY};
    /* Now, while random numbers can be had: members of objects are stored by hashes that nobody should foresee. */
    json_object_seed(0);
    HM_TRY(hm_identity_new(hm_text(configuration), outside, &s.identity));
    return serve(&s);
}
