#include "peer.h"

#include <base/io.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What is taken in at once; what may wait to be sent before the core waits itself, and how long in all it does so for
 * one of many peers. */
enum { READ_AT_ONCE = 256 * 1024, MUCH = 1024 * 1024, PATIENCE_MILLISECONDS = 5000 };
enum { HEAD = 4, KEPT_MOST = 16 * 1024 };

hm_err hm_peer_init(hm_peer *peer, hm_office *office, hm_peer_kind kind, int fd, uint32_t user) {
    memset(peer, 0, sizeof *peer);
    peer->office = office;
    peer->kind = kind;
    peer->fd = fd;
    hm_session_init(&peer->session, user);
    return kind == HM_PEER_FRONT ? hm_session_of_nobody(&peer->session) : HM_OK;
}

void hm_peer_end(hm_peer *peer) {
    hm_peer_search_end(peer);
    hm_session_clear(&peer->session);
    hm_fd_close(&peer->fd);
    hm_buf_clear(&peer->in);
    hm_buf_clear(&peer->out);
}

/* Much was needed once. */
static void let_go(hm_buf *empty) {
    if (empty->capacity > KEPT_MOST) hm_buf_clear(empty);
}

/* Nothing views what was answered any more. */
static void forget_taken(hm_peer *peer) {
    if (!peer->taken) return;
    memmove(peer->in.data, peer->in.data + peer->taken, peer->in.len - peer->taken);
    peer->in.len -= peer->taken;
    peer->taken = 0;
}

hm_err hm_peer_receive(hm_peer *peer) {
    static uint8_t arrived[READ_AT_ONCE]; /* one core per process; of a thousand peers each keeps what it needs */
    forget_taken(peer);
    if (!peer->in.len) let_go(&peer->in);
    ssize_t n = recv(peer->fd, arrived, sizeof arrived, MSG_DONTWAIT);
    if (n > 0) HM_TRY(hm_put(&peer->in, HM_BYTES(arrived, (size_t)n)));
    if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN))) return HM_OK;
    peer->closed = true;
    return n == 0 || errno == ECONNRESET ? HM_OK : hm_could_not("core language: cannot receive: %s", strerror(errno));
}

static size_t frame_len(const hm_peer *peer) {
    hm_reader reader = hm_reader_of(HM_BYTES(peer->in.data + peer->taken, peer->in.len - peer->taken));
    uint32_t len;
    return hm_failed(hm_read_u32be(&reader, &len)) ? 0 : HEAD + (size_t)len;
}

bool hm_peer_has_question(const hm_peer *peer) {
    size_t waiting = peer->in.len - peer->taken, len = frame_len(peer);
    if (peer->closed) return waiting != 0;
    return len && (waiting >= len || len > HEAD + (size_t)HM_WIRE_FRAME_MAX);
}

hm_err hm_peer_next(hm_peer *peer, hm_message *question, bool *whole) {
    size_t waiting = peer->in.len - peer->taken, len = frame_len(peer);
    *whole = false;
    if (len > HEAD + (size_t)HM_WIRE_FRAME_MAX)
        return hm_refuse("core language: a frame of %zu bytes is too long", len - HEAD);
    if (!len || waiting < len)
        return peer->closed && waiting
                   ? hm_could_not("core language: the other side closed the connection amid a frame")
                   : HM_OK;
    *whole = true;
    return hm_wire_get(HM_BYTES(peer->in.data + peer->taken + HEAD, len - HEAD), question);
}

void hm_peer_took(hm_peer *peer) { peer->taken += frame_len(peer); }

static hm_err send_some(hm_peer *peer) {
    ssize_t n = send(peer->fd, peer->out.data + peer->sent, peer->out.len - peer->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return HM_OK;
    if (n < 0) return peer->broken = true, hm_could_not("core language: cannot send: %s", strerror(errno));
    peer->sent += (size_t)n;
    if (peer->sent < peer->out.len) return HM_OK;
    peer->sent = peer->out.len = 0;
    let_go(&peer->out);
    return HM_OK;
}

hm_err hm_peer_flush(hm_peer *peer) {
    size_t before;
    do {
        before = peer->sent;
        if (hm_peer_has_more(peer)) HM_TRY(send_some(peer));
    } while (hm_peer_has_more(peer) && peer->sent != before);
    return HM_OK;
}

bool hm_peer_has_much(const hm_peer *peer) { return peer->kind != HM_PEER_PARENT && peer->out.len - peer->sent > MUCH; }

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Much was asked for. The only peer is waited for as long as it lives; of many each has so much of everybody's time,
 * however it goes about it. */
static hm_err make_room(hm_peer *peer) {
    struct pollfd room = {.fd = peer->fd, .events = POLLOUT};
    while (peer->out.len - peer->sent > MUCH) {
        int64_t began = milliseconds(), left = PATIENCE_MILLISECONDS - peer->waited;
        int ready = poll(&room, 1, peer->kind == HM_PEER_PARENT ? -1 : left > 0 ? (int)left : 0);
        peer->waited += milliseconds() - began;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return peer->broken = true, hm_could_not("core language: the other side does not listen");
        HM_TRY(hm_peer_flush(peer));
    }
    return HM_OK;
}

hm_err hm_peer_send(hm_peer *peer, const hm_message *message) {
    if (peer->broken) return hm_could_not("core language: the other side does not listen");
    HM_TRY(hm_wire_put(message, &peer->out));
    return peer->out.len - peer->sent > MUCH ? make_room(peer) : HM_OK;
}

hm_err hm_peer_send_fault(hm_peer *peer, uint64_t tag, hm_err err) {
    hm_message message = {.type = HM_MSG_FAULT};
    message.field[HM_FAULT_TAG].number = tag;
    message.field[HM_FAULT_CLASS].number = err.class;
    message.field[HM_FAULT_SENTENCE].bytes = hm_text(hm_err_sentence());
    hm_err sent = hm_peer_send(peer, &message);
    /* It would wait for an answer for ever. */
    if (hm_failed(sent)) peer->broken = true;
    return sent;
}
