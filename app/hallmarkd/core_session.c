#include "core_session.h"

#include <errno.h>
#include <event2/buffer.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const hm_message hm_core_hello = {.type = HM_MSG_HELLO, .field[HM_HELLO_VERSION].number = HM_WIRE_VERSION};

static void on_end(struct bufferevent *io, short what, void *context) {
    const hm_core_session *s = context;
    (void)io, (void)what;
    s->end(s->context, "the office's core has ended the session");
}

static void on_answer(struct bufferevent *io, void *context) {
    const hm_core_session *s = context;
    struct evbuffer *in = bufferevent_get_input(io);
    for (;;) {
        uint8_t head[4];
        hm_message message;
        uint32_t len;
        if (evbuffer_copyout(in, head, sizeof head) != sizeof head) return;
        hm_reader reader = hm_reader_of(HM_ARRAY(head));
        if (hm_failed(hm_read_u32be(&reader, &len)) || len > HM_WIRE_FRAME_MAX) break;
        if (evbuffer_get_length(in) < sizeof head + len) return;
        const uint8_t *frame = evbuffer_pullup(in, (ev_ssize_t)(sizeof head + len));
        if (!frame || hm_failed(hm_wire_get(HM_BYTES(frame + sizeof head, len), &message))) break;
        if (!s->take(s->context, &message)) break;
        evbuffer_drain(in, sizeof head + len);
    }
    s->end(s->context, "the office's core says what cannot be understood");
}

static hm_err send_socket(int core, int fd) {
    char byte = 0;
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {&byte, 1};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    return sendmsg(core, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) == 1
               ? HM_OK
               : hm_could_not("the core does not take sessions: %s", strerror(errno));
}

hm_err hm_core_open(hm_core_session *s, struct event_base *base, int core) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return hm_could_not("no socket for the core: %s", strerror(errno));
    hm_err err = send_socket(core, pair[1]);
    close(pair[1]);
    if (!hm_failed(err)) s->io = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
    if (!s->io) return close(pair[0]), hm_failed(err) ? err : hm_no_memory();
    bufferevent_setcb(s->io, on_answer, NULL, on_end, s);
    bufferevent_enable(s->io, EV_READ | EV_WRITE);
    return HM_OK;
}

hm_err hm_core_ask(hm_core_session *s, const hm_message *question) {
    HM_BUF frame = HM_BUF_EMPTY;
    HM_TRY(hm_wire_put(question, &frame));
    return bufferevent_write(s->io, frame.data, frame.len) == 0 ? HM_OK : hm_no_memory();
}

void hm_core_close(hm_core_session *s) {
    if (s->io) bufferevent_free(s->io);
    s->io = NULL;
}
