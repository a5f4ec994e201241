/* An office that is served elsewhere, through the same handle as one of this machine (client/office.h): a process is
 * forked that speaks the core's language on one side and HTTPS on the other. It holds the key or token by which the
 * server knows who speaks; the process that parses files has only its socket, and what it narrows binds it there. */
#ifndef HM_CLIENT_REMOTE_H
#define HM_CLIENT_REMOTE_H

#include <client/office.h>

typedef struct {
    const char *url;                                     /* https://HOST[:PORT] */
    const char *ca_file;                                 /* PEM; NULL: the system's */
    const char *key;                                     /* file of a principal's own key (crypto/key_file.h); or */
    const char *token;                                   /* a workload's token (JWT) */
    const char *office;                                  /* its UUID, as text; NULL: whichever it says */
    const char *certificate_file, *certificate_key_file; /* for a server that lets in nobody without; or NULL */
} hm_remote;

/* Is OFFICE a URL and no folder? */
bool hm_remote_is(const char *office);
/* Fork that process, and greet the office through it. The strings must last until then. */
HM_MUST_USE hm_err hm_connect_remote(const hm_remote *remote, hm_connection *connection);

#endif
