/* What the core has to alarm about, for the metrics: asked in a session of the front's own, in which nobody speaks,
 * every few seconds. What was not answered by then is not known. */
#include "front.h"

#include <core/wire.h>

#include <errno.h>
#include <event2/buffer.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVERY_SECONDS = 5, EXPIRIES_EVERY = 3 /* times that */ };

static void forget(hm_front *front) {
    if (front->alarms) bufferevent_free(front->alarms);
    front->alarms = NULL;
    front->alarms_known = front->alarms_asked = false;
}

static void on_end(struct bufferevent *core, short what, void *context) {
    (void)core, (void)what;
    forget(context);
}

static bool take(hm_front *front, const hm_message *message) {
    if (message->type == HM_MSG_WELCOME) return true;
    if (message->type == HM_MSG_EXPIRY) return hm_expiries_take(&front->expiries, message), true;
    if (message->type == HM_MSG_DONE || (message->type == HM_MSG_FAULT && front->expiries_asked)) {
        /* After a fault nothing is known now. */
        hm_expiries_done(front->expiries);
        front->expiries_asked = false;
        return true;
    }
    if (message->type != HM_MSG_ALARMED) return false;
    front->alarms_asked = false;
    front->alarms_known = true;
    front->break_glass = message->field[HM_ALARMED_BREAK_GLASS].number;
    return true;
}

static void on_answer(struct bufferevent *core, void *context) {
    struct evbuffer *in = bufferevent_get_input(core);
    for (;;) {
        uint8_t head[4];
        hm_message message;
        uint32_t len;
        if (evbuffer_copyout(in, head, sizeof head) != sizeof head) return;
        hm_reader reader = hm_reader_of(HM_ARRAY(head));
        if (hm_failed(hm_read_u32be(&reader, &len)) || len > HM_WIRE_FRAME_MAX) break;
        if (evbuffer_get_length(in) < sizeof head + len) return;
        evbuffer_drain(in, sizeof head);
        const uint8_t *bytes = evbuffer_pullup(in, (ev_ssize_t)len);
        if (!bytes || hm_failed(hm_wire_get(HM_BYTES(bytes, len), &message)) || !take(context, &message)) break;
        evbuffer_drain(in, len);
    }
    forget(context);
}

static hm_err put_question(hm_front *front, const hm_message *question) {
    HM_BUF frame = HM_BUF_EMPTY;
    HM_TRY(hm_wire_put(question, &frame));
    return bufferevent_write(front->alarms, frame.data, frame.len) == 0 ? HM_OK : hm_no_memory();
}

static hm_err begin(hm_front *front) {
    int pair[2];
    hm_message hello = {.type = HM_MSG_HELLO};
    hello.field[HM_HELLO_VERSION].number = HM_WIRE_VERSION;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return hm_could_not("no socket for the core: %s", strerror(errno));
    hm_err err = hm_front_send_socket(front->plan->core, pair[1]);
    close(pair[1]);
    if (!hm_failed(err)) front->alarms = bufferevent_socket_new(front->base, pair[0], BEV_OPT_CLOSE_ON_FREE);
    if (!front->alarms) return close(pair[0]), hm_failed(err) ? err : hm_no_memory();
    bufferevent_setcb(front->alarms, on_answer, NULL, on_end, front);
    bufferevent_enable(front->alarms, EV_READ | EV_WRITE);
    return put_question(front, &hello);
}

static hm_err ask(hm_front *front) {
    if (!front->alarms) HM_TRY(begin(front));
    front->alarms_asked = true;
    front->expiries_asked = front->expiries_tick++ % EXPIRIES_EVERY == 0;
    if (front->expiries_asked) HM_TRY(put_question(front, &(hm_message){.type = HM_MSG_EXPIRIES}));
    return put_question(front, &(hm_message){.type = HM_MSG_ALARMS});
}

void hm_alarms_ask(hm_front *front) {
    if (front->plan->metrics < 0 || front->ends || front->alarms_tick++ % EVERY_SECONDS) return;
    front->alarms_known = front->alarms_known && !front->alarms_asked;
    if (front->alarms_asked) return;
    if (hm_failed(ask(front))) forget(front);
}

void hm_alarms_end(hm_front *front) {
    forget(front);
    hm_expiries_free(&front->expiries);
}
