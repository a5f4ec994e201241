/* The core's conversations: with the one process that forked it, or with all who come to an office that is served. One
 * question is answered at a time; those to sign that wait already are taken together, whoever asks them: two commits
 * serve them all. */
#include "certificates.h"
#include "peer.h"
#include "search.h"
#include "serve_doors.h"

#include <base/io.h>
#include <identity/answer.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PEERS_MAX = 1100, FRONT_PEERS_MAX = 960, PUBLISH_MILLISECONDS = 1000 };
enum { LISTS_FIRST_MILLISECONDS = 2000, LISTS_MILLISECONDS = 60000 };
/* So long may what was said to one of many peers lie there unread. */
enum { UNREAD_MILLISECONDS = 20000 };
enum { LED_MOST = 8 }; /* questions in a round that lead to a peer's signings */
enum { DOOR_LOCAL, DOOR_FRONTS, DOOR_IDENTITY, DOOR_STOP, DOORS };

typedef struct {
    hm_office office;
    hm_session own; /* for what the office does by itself */
    hm_core_doors doors;
    bool is_served, ends;
    int seen_version; /* of the database */
    uint64_t numbered /* questions about tokens */, rounds;
    int64_t publish_at; /* milliseconds; 0: nothing to publish */
    bool index_due;     /* the search index may be behind */
    int64_t lists_at;   /* when revocation lists are looked after next; 0: nobody does that */
    bool lists_due;     /* what they say may have changed */
    hm_fault why;       /* the conversation with the one peer broke off */
    size_t peers;
    hm_peer *peer[PEERS_MAX];
    size_t asked;
    hm_asked batch[HM_BATCH_MAX];
} core;

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- peers ---- */

/* Those of this machine and those from outside leave each other room. */
static bool has_room(const core *c, hm_peer_kind kind) {
    size_t same = 0;
    for (size_t i = 0; i < c->peers; i++) same += c->peer[i]->kind == kind;
    return same < (kind == HM_PEER_FRONT ? FRONT_PEERS_MAX : PEERS_MAX - FRONT_PEERS_MAX);
}

static hm_err add_peer(core *c, hm_peer_kind kind, int fd, uint32_t user) {
    hm_peer *peer = has_room(c, kind) ? malloc(sizeof *peer) : NULL;
    if (!peer) return close(fd), hm_could_not("too many sessions");
    hm_err err = hm_peer_init(peer, &c->office, kind, fd, user);
    if (hm_failed(err)) return close(fd), free(peer), err;
    c->peer[c->peers++] = peer;
    return HM_OK;
}

static void remove_peer(core *c, size_t i) {
    hm_peer_end(c->peer[i]);
    free(c->peer[i]);
    c->peer[i] = c->peer[--c->peers];
}

/* Of an office without founders its owner is who may do everything, and nobody else anything. */
static hm_err accept_local(core *c) {
    uint32_t user;
    int fd = hm_door_local(c->doors.local, &user);
    if (fd < 0) return HM_OK;
    if (!c->office.governed && user != geteuid()) return close(fd), HM_OK;
    return add_peer(c, HM_PEER_LOCAL, fd, user);
}

static hm_err accept_from_front(core *c) {
    int fd = hm_door_fronts(&c->doors.fronts);
    return fd < 0 ? HM_OK : add_peer(c, HM_PEER_FRONT, fd, UINT32_MAX);
}

/* ---- questions ---- */

static bool is_to_sign(const hm_peer *peer, const hm_message *question) {
    return peer->session.product.id && !peer->session.spoilt && !peer->session.never_began &&
           question->type == HM_MSG_SIGN;
}

/* What PEER sent is not the core's language, or it asked for what is refused too often: it is heard no more. The one
 * that forked this process is told by how it ends. */
static void give_up(core *c, hm_peer *peer, hm_err err) {
    if (peer->kind == HM_PEER_PARENT)
        c->why = hm_fault_keep(err);
    else
        (void)!hm_failed(hm_peer_send_fault(peer, 0, err));
    peer->taken = peer->in.len;
    peer->closed = peer->gave_up = true;
}

/* ---- tokens, which another process judges ---- */

enum { JUDGED_MILLISECONDS = 20000 };

static hm_err ask_about_token(core *c, hm_peer *peer, const hm_message *question) {
    HM_BUF asked = HM_BUF_EMPTY;
    HM_TRY(hm_prove_allowed(&c->office));
    peer->question = ++c->numbered;
    HM_TRY(hm_identity_question_put(peer->question, question->field[HM_PROVE_TOKEN_TOKEN].bytes, &asked));
    if (send(c->doors.identity, asked.data, asked.len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)asked.len)
        return hm_could_not("tokens cannot be judged at this moment: %s", strerror(errno));
    peer->waits = milliseconds() + JUDGED_MILLISECONDS;
    return HM_OK;
}

static hm_peer *who_waits(const core *c, uint64_t number) {
    for (size_t i = 0; i < c->peers; i++)
        if (c->peer[i]->waits && c->peer[i]->question == number) return c->peer[i];
    return NULL;
}

/* What was asked before UNTIL is over is answered no more. */
static void give_up_waiting(core *c, int64_t until) {
    for (size_t i = 0; i < c->peers; i++) {
        if (!c->peer[i]->waits || c->peer[i]->waits > until) continue;
        c->peer[i]->waits = 0;
        hm_err err = hm_could_not("tokens cannot be judged at this moment");
        (void)!hm_failed(hm_peer_send_fault(c->peer[i], 0, err));
    }
}

static void hear_about_token(core *c) {
    static uint8_t heard[HM_IDENTITY_ANSWER_MAX];
    uint64_t number;
    int64_t expires = 0;
    ssize_t n = recv(c->doors.identity, heard, sizeof heard, MSG_DONTWAIT);
    if (n == 0) hm_fd_close(&c->doors.identity);
    if (n <= 0 || hm_failed(hm_identity_answer_tag(HM_BYTES(heard, (size_t)n), &number))) return;
    if (number == HM_IDENTITY_BEGINS) give_up_waiting(c, INT64_MAX);
    hm_peer *peer = who_waits(c, number);
    if (!peer) return;
    peer->waits = 0;
    c->office.session = &peer->session;
    hm_err err = hm_prove_workload(&c->office, HM_BYTES(heard, (size_t)n), &expires);
    if (hm_failed(err)) err = hm_log_refused_proof(&c->office, err);
    c->office.session = &c->own;
    if (!hm_failed(err)) err = hm_peer_send_known(peer, expires);
    if (hm_failed(err)) (void)!hm_failed(hm_peer_send_fault(peer, 0, err)); /* it is gone */
}

static hm_err answer_or_ask(core *c, hm_peer *peer, const hm_message *question) {
    bool token = question->type == HM_MSG_PROVE_TOKEN && peer->greeted && c->doors.identity >= 0;
    return token ? ask_about_token(c, peer, question) : hm_peer_answer(peer, question);
}

static hm_err answer(core *c, hm_peer *peer, const hm_message *question) {
    hm_peer_took(peer);
    c->office.session = &peer->session;
    hm_err err = answer_or_ask(c, peer, question);
    c->office.session = &c->own;
    c->lists_due |= question->type == HM_MSG_STATEMENT_ADD || question->type == HM_MSG_CERT_REVOKE;
    return hm_failed(err) ? hm_peer_send_fault(peer, 0, err) : HM_OK;
}

static hm_err answer_one(core *c, hm_peer *peer, bool *any) {
    hm_message question;
    bool whole;
    HM_TRY(hm_refusals_check(&peer->session));
    HM_TRY(hm_peer_next(peer, &question, &whole));
    if (!whole || is_to_sign(peer, &question)) return HM_OK;
    *any = true;
    return answer(c, peer, &question);
}

/* What a front says before a signing: little work, and the signing waits for it. */
static bool leads_to_signing(hm_message_type type) {
    return type == HM_MSG_WIDEN || type == HM_MSG_NARROW || type == HM_MSG_REPEATABLE;
}

/* The signings that PEER asks for now, and what leads to the first of them: what is signed already in this round was
 * asked for in the session as it was. */
static hm_err gather(core *c, hm_peer *peer, bool *any) {
    bool whole = true;
    size_t before = c->asked, led = 0;
    while (c->asked < HM_BATCH_MAX) {
        hm_asked *asked = &c->batch[c->asked];
        HM_TRY(hm_peer_next(peer, &asked->question, &whole));
        if (!whole) return HM_OK;
        if (is_to_sign(peer, &asked->question)) {
            asked->peer = peer;
            c->asked++;
            hm_peer_took(peer);
        } else if (c->asked == before && leads_to_signing(asked->question.type) && led++ < LED_MOST) {
            *any = true;
            hm_store_snapshot(c->office.store);
            HM_TRY(hm_refusals_check(&peer->session));
            HM_TRY(answer(c, peer, &asked->question));
        } else {
            return HM_OK;
        }
    }
    return HM_OK;
}

/* One that waits for another process, or that does not read what it was told, is asked for nothing now. */
static bool is_heard(const hm_peer *peer) {
    return !peer->waits && !peer->search && !peer->broken && !hm_peer_has_much(peer);
}

/* One round: of each peer what it wants signed, as far as there is room, and one other question or two. A peer's own
 * questions are answered in their order; whoever asks much keeps nobody waiting for longer than a round. Was there
 * anything? */
static bool answer_round(core *c) {
    bool any = false;
    size_t first = c->peers ? c->rounds++ % c->peers : 0;
    c->asked = 0;
    for (size_t i = 0; i < c->peers; i++) {
        hm_peer *peer = c->peer[(first + i) % c->peers];
        hm_err err = is_heard(peer) ? gather(c, peer, &any) : HM_OK;
        if (hm_failed(err)) give_up(c, peer, err);
    }
    hm_store_snapshot_end(c->office.store);
    if (c->asked) hm_signing_batch(&c->office, c->batch, c->asked);
    any |= c->asked != 0;
    for (size_t i = 0; i < c->peers; i++) {
        hm_err err = is_heard(c->peer[i]) ? answer_one(c, c->peer[i], &any) : HM_OK;
        if (hm_failed(err)) give_up(c, c->peer[i], err);
    }
    return any;
}

/* ---- searches ---- */

/* A step of one of them, in turn: whoever asks for something else waits for no more than that. Is there more to do? */
static bool search_on(core *c) {
    size_t searching = 0;
    hm_peer *peer = NULL;
    for (size_t i = 0; i < c->peers; i++) {
        hm_peer *other = c->peer[(c->rounds + i) % c->peers];
        if (!other->search || hm_peer_has_much(other)) continue;
        searching++;
        if (!peer) peer = other;
    }
    if (!peer) return false;
    c->office.session = &peer->session;
    hm_err err = hm_peer_search_on(peer);
    c->office.session = &c->own;
    if (hm_failed(err)) (void)!hm_failed(hm_peer_send_fault(peer, 0, err));
    return searching > 1 || peer->search || hm_peer_has_question(peer);
}

/* Nothing else is to be done: the index of a served office is not left behind, so that who searches need not wait. */
static bool index_on(core *c) {
    if (!c->is_served || !c->index_due) return false;
    if (hm_failed(hm_search_catch_up(&c->office, &c->index_due))) c->index_due = false;
    return c->index_due;
}

/* ---- the checkpoint ---- */

/* It follows within a second (P1). A core that is asked by one process leaves it to that when the last one is younger:
 * a checkpoint for each of many small runs would write the same partial tiles over and over. A conversation that broke
 * off is followed by its checkpoint at once; there is nobody who would see to it later. */
static hm_err publish_behind(core *c, const hm_peer *peer, bool *wait) {
    *wait = c->office.logged && !peer->gave_up && hm_log_published_just_now(&c->office);
    return c->office.logged && !*wait ? hm_log_publish(&c->office, NULL) : HM_OK;
}

/* Served: a second after the first entry that is behind the last checkpoint. One that cannot be made now is tried
 * again.
 */
static void publish_when_due(core *c) {
    int64_t now = milliseconds();
    if (!c->is_served || !c->office.logged) return;
    if (!c->publish_at) c->publish_at = now + PUBLISH_MILLISECONDS;
    if (now < c->publish_at) return;
    c->publish_at = 0;
    c->index_due = true;
    (void)!hm_failed(hm_log_publish(&c->office, NULL));
}

/* ---- revocation lists ---- */

/* What a state or a revocation changes is in the lists before anybody hears of it; and while an office is served, they
 * are made anew in time. */
static void keep_lists(core *c) {
    int64_t now = milliseconds();
    bool in_time = c->lists_at && now >= c->lists_at;
    if (!c->lists_due && !in_time) return;
    c->lists_due = false;
    if (c->lists_at) c->lists_at = now + LISTS_MILLISECONDS;
    hm_crls_keep(&c->office);
}

/* ---- ends ---- */

/* The last word to a peer that has finished. */
static void say_closing(core *c, hm_peer *peer) {
    hm_message message = {.type = HM_MSG_CLOSING};
    bool wait = false;
    /* Nobody serves a local office: whoever signs in it keeps its lists in time. */
    if (!c->is_served && c->office.logged && !peer->gave_up) hm_crls_keep_aged(&c->office);
    hm_err err = c->is_served ? HM_OK : publish_behind(c, peer, &wait);
    peer->said_closing = true;
    if (hm_failed(err) && !peer->gave_up) c->why = hm_fault_keep(err);
    if (hm_failed(err) || peer->gave_up) return;
    message.field[HM_CLOSING_UNPUBLISHED].number = wait;
    /* A peer that is gone already does not want to know. */
    (void)!hm_failed(hm_peer_send(peer, &message));
}

static bool is_over(core *c, hm_peer *peer) {
    if (peer->broken) return true;
    if (!peer->closed || peer->waits) return false;
    if (peer->search && peer->kind != HM_PEER_FRONT) return false; /* it said that it asks no more, and listens */
    if (hm_peer_has_question(peer)) return false;
    if (!peer->said_closing) say_closing(c, peer);
    if (hm_failed(hm_peer_flush(peer))) return true;
    return !hm_peer_has_more(peer);
}

/* Who reads nothing is nobody's peer for long. */
static void flush(hm_peer *peer) {
    size_t before = peer->out.len - peer->sent;
    if (hm_failed(hm_peer_flush(peer))) peer->closed = peer->broken = true;
    if (!hm_peer_has_more(peer) || peer->kind == HM_PEER_PARENT)
        peer->unread = 0;
    else if (!peer->unread || peer->out.len - peer->sent < before)
        peer->unread = milliseconds() + UNREAD_MILLISECONDS;
    else if (peer->unread <= milliseconds())
        peer->closed = peer->broken = true;
}

static void flush_all(core *c) {
    for (size_t i = c->peers; i-- > 0;) {
        hm_peer *peer = c->peer[i];
        /* With what is answered next. */
        bool later = !peer->closed && is_heard(peer) && hm_peer_has_question(peer);
        if (!later) flush(peer);
        if (later || !is_over(c, peer)) continue;
        if (!peer->said_closing) say_closing(c, peer);
        remove_peer(c, i);
    }
}

/* ---- the loop ---- */

static size_t fill_poll(const core *c, struct pollfd *polled) {
    const int doors[DOORS] = {c->doors.local, c->doors.fronts, c->doors.identity, c->doors.stop};
    for (size_t i = 0; i < DOORS; i++) polled[i] = (struct pollfd){.fd = doors[i], .events = POLLIN};
    for (size_t i = 0; i < c->peers; i++) {
        const hm_peer *peer = c->peer[i];
        bool listens = !peer->closed && is_heard(peer) && !hm_peer_has_question(peer);
        polled[DOORS + i] =
            (struct pollfd){.fd = listens || hm_peer_has_more(peer) ? peer->fd : -1,
                            .events = (short)((listens ? POLLIN : 0) | (hm_peer_has_more(peer) ? POLLOUT : 0))};
    }
    return DOORS + c->peers;
}

static void open_doors(core *c, const struct pollfd *polled) {
    hm_err err = HM_OK;
    if (polled[DOOR_LOCAL].revents) err = accept_local(c);
    if (polled[DOOR_FRONTS].revents) err = accept_from_front(c);
    if (polled[DOOR_IDENTITY].revents) hear_about_token(c);
    if (polled[DOOR_STOP].revents) c->ends = true;
    /* Who was not let in has seen it; that there were too many is all there is to it. */
    (void)!hm_failed(err);
}

static int64_t sooner(int64_t one, int64_t other) { return one && (!other || one < other) ? one : other; }

/* How long may be waited for questions? */
static int patience(const core *c) {
    int64_t now = milliseconds(), until = sooner(c->publish_at, c->lists_at);
    for (size_t i = 0; i < c->peers; i++) until = sooner(c->peer[i]->waits, sooner(c->peer[i]->unread, until));
    return !until ? -1 : until > now ? (int)(until - now) : 0;
}

static hm_err wait_for_more(core *c, bool at_once) {
    static struct pollfd polled[DOORS + PEERS_MAX];
    size_t known = c->peers, count = fill_poll(c, polled);
    if (poll(polled, count, at_once ? 0 : patience(c)) < 0)
        return errno == EINTR ? HM_OK : hm_could_not("poll: %s", strerror(errno));
    for (size_t i = 0; i < known; i++) {
        if (!(polled[DOORS + i].revents & (POLLIN | POLLHUP | POLLERR)) || c->peer[i]->closed) continue;
        if (hm_peer_has_question(c->peer[i])) continue;
        hm_err err = hm_peer_receive(c->peer[i]);
        if (hm_failed(err)) give_up(c, c->peer[i], err);
    }
    if (c->is_served) open_doors(c, polled);
    return HM_OK;
}

/* Another process has changed the database: what was kept of keys and certificates may have changed with it. */
static void look_for_changes(core *c) {
    int version = hm_store_version(c->office.store);
    if (!version || version != c->seen_version) hm_keyring_forget(&c->office);
    c->seen_version = version;
}

static hm_err run(core *c) {
    bool more = false;
    while (!c->ends && (c->is_served || c->peers)) {
        publish_when_due(c);
        HM_TRY(wait_for_more(c, more));
        give_up_waiting(c, milliseconds());
        look_for_changes(c);
        more = answer_round(c);
        more |= search_on(c);
        if (!more) more = index_on(c);
        keep_lists(c);
        flush_all(c);
    }
    return HM_OK;
}

/* What has arrived is answered; what was logged gets its checkpoint. */
static hm_err end(core *c) {
    for (size_t i = 0; i < c->peers; i++) {
        if (!c->peer[i]->search) continue;
        hm_peer_search_end(c->peer[i]);
        (void)!hm_failed(hm_peer_send_fault(c->peer[i], 0, hm_could_not("the server is ending")));
    }
    while (answer_round(c)) flush_all(c);
    hm_err err = c->is_served && c->office.logged ? hm_log_publish(&c->office, NULL) : HM_OK;
    for (size_t i = 0; i < c->peers; i++) {
        /* The last word is for who has finished. Who has not may have asked meanwhile, and would take it for an answer.
         */
        c->peer[i]->said_closing |= !c->peer[i]->closed;
        c->peer[i]->closed = true;
    }
    flush_all(c);
    while (c->peers) remove_peer(c, c->peers - 1);
    return err;
}

static hm_err open_core(core *c, const char *directory) {
    HM_TRY(hm_office_open(directory, &c->own, &c->office));
    HM_TRY(hm_log_check_founded(&c->office));
    return hm_log_check_head(&c->office);
}

static void close_core(core *c) {
    hm_session_clear(&c->own);
    hm_office_close(&c->office);
}

static hm_err serve_one(int fd, const char *directory, bool rehearsal) {
    static core c = {.doors = {.local = -1, .fronts = -1, .identity = -1, .stop = -1}};
    hm_err err = open_core(&c, directory);
    c.office.rehearsal = rehearsal;
    if (!hm_failed(err) && rehearsal) err = hm_rehearsal_check(&c.office);
    if (!hm_failed(err)) err = add_peer(&c, HM_PEER_PARENT, dup(fd), getuid());
    if (hm_failed(err)) {
        /* The first question is answered, before it is read, with why there will be no second. */
        hm_message message = {.type = HM_MSG_FAULT};
        message.field[HM_FAULT_CLASS].number = err.class;
        message.field[HM_FAULT_SENTENCE].bytes = hm_text(hm_err_sentence());
        (void)!hm_failed(hm_wire_send(fd, &message));
        close_core(&c);
        return err;
    }
    err = run(&c);
    if (!hm_failed(err)) err = end(&c);
    if (!hm_failed(err)) err = hm_fault_raise(&c.why);
    close_core(&c);
    return err;
}

hm_err hm_core_serve(int fd, const char *directory) { return serve_one(fd, directory, false); }
hm_err hm_core_rehearse(int fd, const char *directory) { return serve_one(fd, directory, true); }

hm_err hm_core_serve_office(const char *directory, const hm_core_doors *doors) {
    static core c;
    c.doors = *doors;
    c.is_served = true;
    c.lists_at = milliseconds() + LISTS_FIRST_MILLISECONDS;
    hm_err err = open_core(&c, directory);
    c.office.strangers_stamps = doors->strangers_stamps;
    if (!hm_failed(err)) err = hm_log_look_behind(&c.office);
    if (!hm_failed(err)) err = run(&c);
    if (!hm_failed(err)) err = end(&c);
    close_core(&c);
    return err;
}
