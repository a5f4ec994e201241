/* The resources of an office over HTTPS, all under /v1: what is asked of the core for each. One table, which the server
 * answers by, its clients ask by, and docs/openapi.json is made of. */
#ifndef HM_CLIENT_ROUTES_H
#define HM_CLIENT_ROUTES_H

#include <core/wire.h>

typedef struct {
    const char *method, *path; /* PATH behind /v1 */
    hm_message_type before;    /* asked first; 0: nothing */
    bool if_named;             /* but only if a member "request" is there */
    bool narrow;               /* then narrow, or narrow-list before trust-sign; its members stand beside the others */
    hm_message_type question;
    size_t items; /* not 0: the question's members are those of each object in the array "items", of at most so many */
    bool octets;  /* the question's one member is the body itself, as it is; so many questions as it takes */
    hm_message_type
        last; /* asked last, without members; 0: nothing. Answers that say what is wanted: an array "wanted" */
    hm_message_type answer;
    bool list;    /* several, and an end: an array "items" */
    bool goes_on; /* what the session did before is not forgotten */
    const char *what;
} hm_route;
/* Ended by one without a path. */
extern const hm_route hm_routes[];

/* What a route that narrows cannot be asked without, beside what the table says; ended by NULL. */
extern const char *const hm_route_narrow_needs[];
/* How long a body of octets our own client sends: a slow line has it through in time. */
enum { HM_ROUTE_OCTETS_MAX = 2 << 20 };

/* NULL: there is none. *OTHER_METHOD: but one with another method. */
const hm_route *hm_route_find(const char *method, const char *path, bool *other_method);
/* The route by which a client asks QUESTION. NULL: that cannot be asked over HTTPS. */
const hm_route *hm_route_of(hm_message_type question);

#endif
