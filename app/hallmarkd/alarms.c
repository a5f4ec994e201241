/* What the core has to alarm about, for the metrics: asked in a session of the front's own, in which nobody speaks,
 * every few seconds. What was not answered by then is not known. */
#include "front.h"

enum { EVERY_SECONDS = 5, EXPIRIES_EVERY = 3 /* times that */ };

static void forget(hm_front *front) {
    hm_core_close(&front->alarms);
    front->alarms_known = front->alarms_asked = false;
}

static void on_end(void *front, const char *why) {
    (void)why;
    forget(front);
}

static bool take(void *context, const hm_message *message) {
    hm_front *front = context;
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

static hm_err begin(hm_front *front) {
    front->alarms = (hm_core_session){.take = take, .end = on_end, .context = front};
    HM_TRY(hm_core_open(&front->alarms, front->base, front->plan->core));
    return hm_core_ask(&front->alarms, &hm_core_hello);
}

static hm_err ask(hm_front *front) {
    if (!front->alarms.io) HM_TRY(begin(front));
    front->alarms_asked = true;
    front->expiries_asked = front->expiries_tick++ % EXPIRIES_EVERY == 0;
    if (front->expiries_asked) HM_TRY(hm_core_ask(&front->alarms, &(hm_message){.type = HM_MSG_EXPIRIES}));
    return hm_core_ask(&front->alarms, &(hm_message){.type = HM_MSG_ALARMS});
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
