/* The answers: to one question one, or several and an end. */
#include "answer.h"

#include <stdio.h>
#include <unistd.h>
#include "request_standing.h"

hm_err hm_peer_send_done(hm_peer *peer) { return hm_peer_send(peer, &(hm_message){.type = HM_MSG_DONE}); }

hm_err hm_peer_send_bytes(hm_peer *peer, hm_bytes content) {
    hm_message message = {.type = HM_MSG_BYTES};
    message.field[HM_BYTES_CONTENT].bytes = content;
    return hm_peer_send(peer, &message);
}

static hm_err answer_hello(hm_peer *peer, const hm_message *question) {
    if (question->field[HM_HELLO_VERSION].number != HM_WIRE_VERSION)
        return hm_refuse("the core speaks version %d of its language (update hallmark)", HM_WIRE_VERSION);
    peer->greeted = true;
    const hm_office_row *row = &peer->office->row;
    hm_message message = {.type = HM_MSG_WELCOME};
    message.field[HM_WELCOME_VERSION].number = HM_WIRE_VERSION;
    message.field[HM_WELCOME_UUID].bytes = HM_ARRAY(row->uuid);
    message.field[HM_WELCOME_ORGANIZATION].bytes = hm_text(row->organization);
    message.field[HM_WELCOME_ORIGIN].bytes = hm_text(row->origin);
    message.field[HM_WELCOME_DEVELOPMENT].number = row->development;
    message.field[HM_WELCOME_CHALLENGE].bytes = HM_ARRAY(peer->session.challenge);
    return hm_peer_send(peer, &message);
}

static hm_err answer_prepare(hm_peer *peer, const hm_message *question) {
    hm_message message = {.type = HM_MSG_PREPARED};
    HM_TRY(hm_signing_prepare(peer->office, question, &message));
    return hm_peer_send(peer, &message);
}

static hm_err answer_narrow(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_narrow(peer->office, question));
    peer->session.spoilt = false;
    return hm_peer_send_done(peer);
}

hm_err hm_peer_send_known(hm_peer *peer, int64_t expires) {
    hm_message message = {.type = HM_MSG_KNOWN};
    message.field[HM_KNOWN_EXPIRES].number = (uint64_t)expires;
    message.field[HM_KNOWN_PRINCIPAL].bytes = hm_text(peer->session.principal);
    return hm_peer_send(peer, &message);
}

static hm_err answer_prove_key(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_prove_key(peer->office, question->field[HM_PROVE_KEY_BINDING].bytes,
                        question->field[HM_PROVE_KEY_SIGNATURE].bytes));
    return hm_peer_send_known(peer, 0);
}

static hm_err answer_repeatable(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_repeatable_begin(peer->office, question->field[HM_REPEATABLE_KEY].bytes,
                               question->field[HM_REPEATABLE_CALL].bytes));
    return hm_peer_send_done(peer);
}

/* A front serves one call after another in a session, and hands none to a process that parses files. */
static hm_err answer_widen(hm_peer *peer, const hm_message *question) {
    (void)question;
    if (peer->kind != HM_PEER_FRONT) return hm_refuse("core language: there is no way back from narrow");
    hm_session_widen(&peer->session);
    return hm_peer_send_done(peer);
}

static hm_err answer_trust_key(hm_peer *peer, const hm_message *question) {
    (void)question;
    return hm_answer_public_key(peer, HM_KEY_ROLE_TRUST_ROOT);
}

static hm_err answer_log_key(hm_peer *peer, const hm_message *question) {
    (void)question;
    return hm_answer_public_key(peer, HM_KEY_ROLE_RECEIPT);
}

static hm_err refuse_token(hm_peer *peer, const hm_message *question) {
    (void)peer, (void)question;
    return hm_refuse("this server takes no tokens (its configuration names no issuers)");
}

/* The others were taken together (serve.c). */
static hm_err refuse_sign(hm_peer *peer, const hm_message *question) {
    (void)peer, (void)question;
    return hm_refuse("core language: sign comes after narrow");
}

/* ---- what may be asked, when ---- */

enum {
    ACT = 1,         /* that it was refused is an entry of the log */
    FOR_NOBODY = 2,  /* before it was said who speaks */
    FOR_PRODUCT = 4, /* in a session that was narrowed to a product's signatures */
    FOR_REQUEST = 8, /* ... that only notes what a request asks for */
    FOR_PROOFS = 16, /* ... to proofs of what has no product */
    FOR_LIST = 32,   /* ... to one trust list */
    FOR_AREA = 64,   /* ... to what is published */
};

typedef struct {
    hm_err (*answer)(hm_peer *peer, const hm_message *question);
    unsigned may;
} question_kind;

static const question_kind kinds[] = {
    [HM_MSG_HELLO] = {answer_hello, FOR_NOBODY},
    [HM_MSG_NARROW] = {answer_narrow, ACT},
    [HM_MSG_PREPARE] = {answer_prepare, ACT | FOR_PRODUCT | FOR_REQUEST},
    [HM_MSG_SIGN] = {refuse_sign, ACT | FOR_PRODUCT | FOR_REQUEST},
    [HM_MSG_PRODUCT_ADD] = {hm_answer_product_add, ACT},
    [HM_MSG_PRODUCT_LIST] = {hm_answer_product_list, 0},
    [HM_MSG_KEY_LIST] = {hm_answer_key_list, 0},
    [HM_MSG_KEY_GENERATE] = {hm_answer_key_generate, ACT},
    [HM_MSG_KEY_IMPORT] = {hm_answer_key_import, ACT},
    [HM_MSG_CERT_REQUEST] = {hm_answer_cert_request, ACT},
    [HM_MSG_CERT_IMPORT] = {hm_answer_cert_import, ACT},
    [HM_MSG_CERT_LIST] = {hm_answer_cert_list, 0},
    [HM_MSG_CERT_REVOKE] = {hm_answer_cert_revoke, ACT},
    [HM_MSG_CERT_RENEW] = {hm_answer_cert_renew, ACT},
    [HM_MSG_CRL] = {hm_answer_crl, ACT},
    [HM_MSG_EXPIRIES] = {hm_answer_expiries, FOR_NOBODY},
    [HM_MSG_LOG_PUBLISH] = {hm_answer_log_publish, 0},
    [HM_MSG_LOG_LIST] = {hm_answer_log_list, 0},
    [HM_MSG_LOG_PROVE] = {hm_answer_log_prove, FOR_PROOFS},
    [HM_MSG_LOG_RECEIPT] = {hm_answer_log_receipt, FOR_PRODUCT},
    [HM_MSG_LOG_AUDIT] = {hm_answer_log_audit, 0},
    [HM_MSG_LOG_SEARCH] = {hm_answer_log_search, 0},
    [HM_MSG_LOG_INCLUDE] = {hm_answer_log_include, 0},
    [HM_MSG_TRUST] = {hm_answer_trust, 0},
    [HM_MSG_TRUST_KEY] = {answer_trust_key, ACT},
    [HM_MSG_LOG_KEY] = {answer_log_key, ACT},
    [HM_MSG_NARROW_LIST] = {hm_answer_narrow_list, ACT},
    [HM_MSG_TRUST_SIGN] = {hm_answer_trust_sign, ACT | FOR_LIST},
    [HM_MSG_ALARMS] = {hm_answer_alarms, FOR_NOBODY},
    [HM_MSG_TIMESTAMP] = {hm_answer_timestamp, FOR_PRODUCT},
    [HM_MSG_TSA_SET] = {hm_answer_tsa_set, ACT},
    [HM_MSG_TSA_SHOW] = {hm_answer_tsa_show, 0},
    [HM_MSG_STATEMENT_NEXT] = {hm_answer_statement_next, 0},
    [HM_MSG_STATEMENT_ADD] = {hm_answer_statement_add, ACT},
    [HM_MSG_STATEMENT_LIST] = {hm_answer_statement_list, 0},
    [HM_MSG_REQUEST_BEGIN] = {hm_answer_request_begin, ACT},
    [HM_MSG_REQUEST_CLOSE] = {hm_answer_request_close, ACT | FOR_REQUEST},
    [HM_MSG_REQUEST_LIST] = {hm_answer_request_list, 0},
    [HM_MSG_REQUEST_DECIDE] = {hm_answer_request_decide, ACT},
    [HM_MSG_PROVE_KEY] = {answer_prove_key, FOR_NOBODY},
    [HM_MSG_PROVE_TOKEN] = {refuse_token, FOR_NOBODY},
    [HM_MSG_REPEATABLE] = {answer_repeatable, 0},
    [HM_MSG_WIDEN] = {answer_widen, 0},
    [HM_MSG_PUBLISH_BEGIN] = {hm_answer_publish_begin, ACT},
    [HM_MSG_PUBLISH_FILE] = {hm_answer_publish_file, ACT | FOR_AREA},
    [HM_MSG_PUBLISH_CLOSE] = {hm_answer_publish_close, ACT | FOR_AREA},
    [HM_MSG_PUBLISH_PUT] = {hm_answer_publish_put, ACT | FOR_AREA},
    [HM_MSG_PUBLISH_COMMIT] = {hm_answer_publish_commit, ACT | FOR_AREA},
    [HM_MSG_PUBLISH_WITHDRAW] = {hm_answer_publish_withdraw, ACT},
    [HM_MSG_PUBLISH_LIST] = {hm_answer_publish_list, 0},
};

/* What is no question has no answer, and may nothing. */
static question_kind kind_of(hm_message_type type) {
    return (size_t)type < sizeof kinds / sizeof kinds[0] ? kinds[type] : (question_kind){NULL, 0};
}

bool hm_is_act(hm_message_type type) { return kind_of(type).may & ACT; }

/* A narrowed session belongs to a process that parses untrusted files: it may sign for its product and have receipts of
 * that, or without a product ask for proofs, or have one list signed, nothing else. */
static unsigned narrowed_to(const hm_session *session) {
    if (session->for_list) return FOR_LIST;
    if (session->noted && session->noted->publishing) return FOR_AREA;
    if (!session->product.id) return FOR_PROOFS;
    return session->noting ? FOR_REQUEST : FOR_PRODUCT;
}

static bool allowed_when_narrowed(const hm_peer *peer, hm_message_type type) {
    if (peer->kind == HM_PEER_FRONT && type == HM_MSG_WIDEN) return true;
    return kind_of(type).may & narrowed_to(peer->office->session);
}

static bool is_for_nobody(const hm_peer *peer, hm_message_type type) {
    if (type == HM_MSG_TIMESTAMP) return peer->kind == HM_PEER_FRONT && peer->office->strangers_stamps;
    return kind_of(type).may & FOR_NOBODY;
}

/* What was to come first was refused: what comes behind it, from who did not wait for that, is refused, and is no act.
 */
static bool is_moot(const hm_peer *peer, hm_message_type type) {
    bool to_sign = type == HM_MSG_SIGN || type == HM_MSG_PREPARE;
    return (peer->session.spoilt && to_sign) || (peer->session.never_began && (to_sign || type == HM_MSG_NARROW));
}

/* Whatever the reason was: what says that nothing is to be signed, or how, must not be passed over. */
static void spoil(hm_peer *peer, hm_message_type type) {
    if (peer->kind != HM_PEER_FRONT) return; /* who waits for each answer */
    peer->session.spoilt |= type == HM_MSG_NARROW;
    peer->session.never_began |= type == HM_MSG_REQUEST_BEGIN || type == HM_MSG_PUBLISH_BEGIN ||
                                 type == HM_MSG_NARROW_LIST || type == HM_MSG_REPEATABLE || type == HM_MSG_WIDEN;
}

/* Who asks a served office of founders anything is somebody in it, at this moment. Who owns the folder reads it anyway.
 */
static hm_err check_caller(const hm_peer *peer, hm_message_type type) {
    bool owner = peer->kind == HM_PEER_LOCAL && peer->session.user == geteuid();
    bool free = is_for_nobody(peer, type) || type == HM_MSG_WIDEN;
    if (!peer->office->governed || peer->kind == HM_PEER_PARENT || owner || free) return HM_OK;
    return hm_identify(peer->office);
}

static hm_err answer(hm_peer *peer, const hm_message *question) {
    if (!peer->greeted && question->type != HM_MSG_HELLO) return hm_refuse("core language: hello comes first");
    if (peer->session.who == HM_WHO_NOBODY && !is_for_nobody(peer, question->type))
        return hm_refuse("core language: nobody has said who he is in this session");
    if (is_moot(peer, question->type)) return hm_refuse("core language: what came before it was refused");
    if (peer->office->session->narrowed && !allowed_when_narrowed(peer, question->type))
        return hm_refuse("core language: this session may only sign");
    HM_TRY(check_caller(peer, question->type));
    HM_TRY(hm_rule_allows_act(peer->office, question));
    if (!kind_of(question->type).answer) return hm_refuse("core language: that is an answer, not a question");
    return kind_of(question->type).answer(peer, question);
}

/* The fault that is told: the refusal, or that it could not be logged. Of nobody there is nothing to log. */
static hm_err log_refusal(hm_peer *peer, const hm_message *question, hm_err err) {
    if (!peer->greeted || !hm_is_act(question->type) || (err.class != HM_REFUSED && err.class != HM_MISUSED))
        return err;
    if (peer->session.who == HM_WHO_NOBODY) return err;
    hm_fault fault = hm_fault_keep(err);
    if (hm_refusal_is_logged(peer->office))
        HM_TRY(hm_log_refused_act(peer->office, hm_wire_name(question->type), fault.sentence));
    return hm_fault_raise(&fault);
}

hm_err hm_peer_answer(hm_peer *peer, const hm_message *question) {
    hm_err err = answer(peer, question);
    if (!hm_failed(err)) return HM_OK;
    bool moot = is_moot(peer, question->type);
    spoil(peer, question->type);
    if (moot) return err;
    return question->type == HM_MSG_PROVE_KEY ? hm_log_refused_proof(peer->office, err)
                                              : log_refusal(peer, question, err);
}
