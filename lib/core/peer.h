/* A peer: one end of a socket on which somebody asks the core. What it sends and what it is sent pass through buffers,
 * so that a slow one keeps nobody else waiting. */
#ifndef HM_CORE_PEER_H
#define HM_CORE_PEER_H

#include "office.h"

typedef enum {
    HM_PEER_PARENT, /* the process that forked this one: the only peer */
    HM_PEER_LOCAL,  /* a process of this machine, of the user whom the kernel names */
    HM_PEER_FRONT   /* a session that a front brought; nobody until it proves who it is */
} hm_peer_kind;

typedef struct {
    hm_office *office;
    hm_session session;
    hm_peer_kind kind;
    int fd;
    uint64_t question;        /* that the process that judges tokens was asked last, of all that there ever were */
    bool greeted, closed;     /* CLOSED: it sends nothing more */
    int64_t waits;            /* milliseconds: until then, for the process that judges tokens; 0: for nothing */
    int64_t unread;           /* milliseconds: until then what was said may lie unread; 0: nothing does */
    int64_t waited;           /* milliseconds that the core waited for this peer, in all */
    bool broken;              /* nothing can be said to it any more */
    struct hm_search *search; /* that it has asked for, and that goes on; NULL: none */
    int64_t search_told;      /* milliseconds: when it heard last how that goes */
    bool gave_up, said_closing;
    hm_buf in;
    size_t taken; /* so much of IN was answered */
    hm_buf out;
    size_t sent;
} hm_peer;

HM_MUST_USE hm_err hm_peer_init(hm_peer *peer, hm_office *office, hm_peer_kind kind, int fd, uint32_t user);
/* Closes its socket. */
void hm_peer_end(hm_peer *peer);

/* Take in what has arrived, without waiting. */
HM_MUST_USE hm_err hm_peer_receive(hm_peer *peer);
/* The next question, if it is there whole; *WHOLE false if not. Views last until hm_peer_receive. A fault: what comes
 * is none, and nothing behind it can be understood. */
HM_MUST_USE hm_err hm_peer_next(hm_peer *peer, hm_message *question, bool *whole);
/* Is something there that hm_peer_next says something about: a whole question, or one that is too long? */
bool hm_peer_has_question(const hm_peer *peer);
/* Go on behind the question that was seen last. */
void hm_peer_took(hm_peer *peer);

/* Say MESSAGE. It is sent by hm_peer_flush; before that only when very much waits. */
HM_MUST_USE hm_err hm_peer_send(hm_peer *peer, const hm_message *message);
/* One to which not even that can be said is broken. */
HM_MUST_USE hm_err hm_peer_send_fault(hm_peer *peer, uint64_t tag, hm_err err);
/* Send what it takes without waiting. */
HM_MUST_USE hm_err hm_peer_flush(hm_peer *peer);
/* Does so much wait to be read that nothing should be added? */
bool hm_peer_has_much(const hm_peer *peer);
static inline bool hm_peer_has_more(const hm_peer *peer) { return peer->sent < peer->out.len; }

/* answer.c: answer QUESTION, or raise why not. */
HM_MUST_USE hm_err hm_peer_answer(hm_peer *peer, const hm_message *question);
/* answer_search.c: some of the search that PEER has asked for; its answers, as far as they are there. */
HM_MUST_USE hm_err hm_peer_search_on(hm_peer *peer);
void hm_peer_search_end(hm_peer *peer);
/* Who speaks in the session has been found out. */
HM_MUST_USE hm_err hm_peer_send_known(hm_peer *peer, int64_t expires);
/* Is it an act, whose refusal is an entry too (P1)? A question about what there is is none. */
bool hm_is_act(hm_message_type type);

/* signing.c: a question to sign, and who asks it */
typedef struct {
    hm_peer *peer;
    hm_message question;
} hm_asked;
/* Sign a batch, and answer each. */
void hm_signing_batch(hm_office *office, const hm_asked *asked, size_t count);

#endif
