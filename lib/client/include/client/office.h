/* An office, as a program sees it: something that answers questions in the core's language. The core is a forked child,
 * or that of a server of this office on this machine. */
#ifndef HM_CLIENT_OFFICE_H
#define HM_CLIENT_OFFICE_H

#include <core/core.h>

#include <sys/types.h>

typedef struct hm_connection {
    int fd;         /* the core's socket; -1 when closed */
    pid_t core;     /* 0: somebody else's */
    hm_buf storage; /* of the last answer */
    uint8_t uuid[16];
    char organization[65], origin[128];
    bool development;
    bool unpublished; /* after hm_disconnect: entries wait for a checkpoint (HM_MSG_CLOSING) */
} hm_connection;

#define HM_CONNECTION_NONE ((hm_connection){.fd = -1})

/* Join the core of the server that runs for the office in DIRECTORY (absolute), or fork one, and greet it. SURVIVOR
 * runs in a forked core when the conversation is over, however it ended (NULL: nothing). To be called before this
 * process parses anything or starts a thread. */
HM_MUST_USE hm_err hm_connect(const char *directory, void (*survivor)(void *context), void *context,
                              hm_connection *connection);
/* Fork a core for a copy that hm_rehearsal_make has made (core/backup.h). */
HM_MUST_USE hm_err hm_connect_rehearsal(const char *directory, hm_connection *connection);
/* Greet over a connection that was just made; on a fault it is closed. For who makes one (client/remote.h). */
HM_MUST_USE hm_err hm_connection_begin(hm_connection *connection);
/* One question, one answer. A fault that the core answers with is raised again here. Views in ANSWER last until the
 * next call. */
HM_MUST_USE hm_err hm_ask(hm_connection *connection, const hm_message *question, hm_message *answer);
/* A further answer to the last question. */
HM_MUST_USE hm_err hm_listen(hm_connection *connection, hm_message *answer);
/* Let the core finish (it signs a last checkpoint) and hear how that went. Harmless when closed. */
HM_MUST_USE hm_err hm_disconnect(hm_connection *connection);

#endif
