/* The front: HTTPS to those outside, the core's language inward. It holds no key but the server's own for TLS, no
 * database and no token, and it asserts nothing about anybody: who speaks in a session is the core's to find out. */
#ifndef HM_HALLMARKD_FRONT_H
#define HM_HALLMARKD_FRONT_H

#include "config.h"
#include "core_session.h"
#include "expiries.h"
#include "problem.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/types.h>
#include <time.h>

/* What its process is given. */
typedef struct {
    const hm_config *config;
    int listener; /* listening TCP socket */
    int metrics;  /* the same, or -1 */
    int tsa;      /* the same */
    int core;     /* SOCK_SEQPACKET: new sessions' sockets are sent over it */
    int log;      /* folders that are served: the log's, and what was published (-1: nothing was) */
    int published;
    int lists; /* revocation lists */
    int stop;  /* says, by one of the two bytes, to take no connections any more and to end */
} hm_front_plan;
/* At once, but for the calls that are under way; or when what was begun in its sessions is over, too
 * (hm_sessions_go_on). */
enum { HM_FRONT_END = 'e', HM_FRONT_LEAVE = 'l' };
/* Could it begin: are certificate and key there, and one another's? */
HM_MUST_USE hm_err hm_front_check(const hm_config *config);
/* The process's whole life. */
HM_MUST_USE hm_err hm_front_run(const hm_front_plan *plan);

typedef struct hm_web_session hm_web_session;
typedef struct hm_client hm_client;
/* Where somebody comes from: of IPv4 the address, of IPv6 the network. */
typedef struct {
    uint8_t octet[8];
} hm_address;
enum { HM_WEB_SESSIONS_MAX = 900 };
typedef struct {
    const hm_front_plan *plan;
    struct event_base *base;
    struct evhttp *http, *metrics, *tsa;
    struct hm_stamps *stamps; /* tsa.c; NULL: nobody has asked for one yet */
    SSL_CTX *tls;
    hm_client *client;
    size_t clients, clients_max, clients_before; /* before: a second ago */
    struct event *placing;
    struct evhttp_bound_socket *bound; /* NULL: nothing is taken any more */
    size_t sessions;
    hm_web_session *session[HM_WEB_SESSIONS_MAX];
    size_t under_way; /* calls */
    bool ends;
    time_t left; /* since when another front takes what comes; 0: none does */
    /* alarms.c: what the core has to alarm about, if it has answered lately */
    hm_core_session alarms;
    unsigned alarms_tick, expiries_tick;
    hm_expiries *expiries; /* NULL: nothing was told yet */
    bool alarms_asked, alarms_known, expiries_asked;
    uint64_t break_glass;                                  /* policies for some hours that are in force */
    uint64_t requests, problems, signatures, by_status[6]; /* since the start; by_status by hundreds */
} hm_front;

enum { HM_WHY_MAX = 200 };
/* One request that is being answered. REQUEST is NULL when who asked is gone. */
typedef struct hm_exchange {
    hm_front *front;
    struct evhttp_request *request;
    double began;
    /* For the log of requests: who asked; of a problem the code, and of one that is about who may do what, why. */
    char principal[65];
    const char *code;
    char why[HM_WHY_MAX + 1];
} hm_exchange;
/* exchange.c. These end the exchange and free it. BODY is the caller's still; who asked by HEAD is told only how long
 * it is. */
void hm_exchange_send(hm_exchange *x, int status, struct evbuffer *body);
/* BODY is taken. */
void hm_exchange_reply(hm_exchange *x, int status, json_t *body);
void hm_exchange_problem(hm_exchange *x, hm_problem problem, const char *detail);
/* With the answers to its ITEMS, of which there may be none (NULL). */
void hm_exchange_problem_of(hm_exchange *x, hm_problem problem, const char *detail, json_t *items);
/* The resource has only the methods that ALLOWED lists (RFC 9110, section 10.2.1). */
void hm_exchange_method(hm_exchange *x, const char *allowed);
/* Monotonic. */
double hm_seconds_now(void);

/* clients.c: connections over TLS. hm_clients_new is for evhttp_set_bevcb, its context the front. */
HM_MUST_USE hm_err hm_clients_begin(hm_front *front);
struct bufferevent *hm_clients_new(struct event_base *base, void *front);
/* To be called every second: who takes too long, or too much memory, is cut off. */
void hm_clients_expire(hm_front *front);
/* Is somebody who is known amid a request? */
bool hm_clients_ask(const hm_front *front);
/* A request is there whole; somebody is known who made it; where it came from. */
void hm_client_asks(struct evhttp_request *request);
void hm_client_is_known(struct evhttp_request *request);
hm_address hm_client_address(struct evhttp_request *request);

/* session.c: requests under /v1 that are asked of the core */
void hm_session_create(hm_exchange *x);
/* Is there such a resource, with the method that is asked for? False: the exchange is answered. */
bool hm_session_has(hm_exchange *x, const char *path);
/* Is a body of LEN octets looked at? Of nobody's only a small one. False: the exchange is answered. */
bool hm_session_takes(hm_exchange *x, size_t len);
/* Is the body of PATH no JSON, but octets? Then hm_session_call has no BODY. */
bool hm_session_takes_octets(const char *path);
/* PATH behind /v1; BODY, an object or NULL, is taken. */
void hm_session_call(hm_exchange *x, const char *path, json_t *body);
void hm_sessions_expire(hm_front *front);
/* Is a session in use, of a front that was left? For as long as no `drain` seconds pass between two calls, an hour at
 * most, if it was narrowed: it signs or publishes; any other until `drain` seconds after the front was left. */
bool hm_sessions_go_on(const hm_front *front);
void hm_sessions_end(hm_front *front);

/* alarms.c: to be called every second; and before the front ends */
void hm_alarms_ask(hm_front *front);
void hm_alarms_end(hm_front *front);

/* tsa.c: timestamps for who has not said who he is. On a listener of their own in plain HTTP; one request; the end. */
HM_MUST_USE hm_err hm_tsa_begin(hm_front *front, void (*take)(struct evhttp_request *request, void *front));
void hm_tsa_answer(hm_exchange *x);
/* Another front answers there from now on. */
void hm_tsa_leave(hm_front *front);
void hm_tsa_end(hm_front *front);

/* files.c: what lies in a folder, read-only. NAME is what the client wrote behind the folder's own path. */
void hm_files_send(hm_exchange *x, int folder, const char *name);

#endif
