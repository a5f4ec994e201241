/* A session with the core, as the front has it: questions go out, messages come in. Its owner holds it, and sets what
 * it calls before it is opened. */
#ifndef HM_HALLMARKD_CORE_SESSION_H
#define HM_HALLMARKD_CORE_SESSION_H

#include <core/wire.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

typedef struct {
    struct bufferevent *io; /* NULL: it is not open */
    /* False: that is no answer to what was asked. */
    bool (*take)(void *context, const hm_message *message);
    /* The session is over, and to be closed. */
    void (*end)(void *context, const char *why);
    void *context;
} hm_core_session;

/* The first question of every session. */
extern const hm_message hm_core_hello;

/* Over CORE, the front's socket to it, the core is handed one end of the session's own. */
HM_MUST_USE hm_err hm_core_open(hm_core_session *s, struct event_base *base, int core);
HM_MUST_USE hm_err hm_core_ask(hm_core_session *s, const hm_message *question);
void hm_core_close(hm_core_session *s);

#endif
