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

/* A narrowed session belongs to a process that parses untrusted files: it may sign for its product and have receipts of
 * that, or without a product ask for proofs, or have one list signed, nothing else. */
static bool allowed_when_narrowed(const hm_peer *peer, hm_message_type type) {
    const hm_office *office = peer->office;
    if (peer->kind == HM_PEER_FRONT && type == HM_MSG_WIDEN) return true;
    if (office->session->for_list) return type == HM_MSG_TRUST_SIGN;
    if (office->session->noted && office->session->noted->publishing)
        return type == HM_MSG_PUBLISH_FILE || type == HM_MSG_PUBLISH_CLOSE || type == HM_MSG_PUBLISH_PUT ||
               type == HM_MSG_PUBLISH_COMMIT;
    if (!office->session->product.id) return type == HM_MSG_LOG_PROVE;
    if (office->session->noting) return type == HM_MSG_PREPARE || type == HM_MSG_SIGN || type == HM_MSG_REQUEST_CLOSE;
    return type == HM_MSG_PREPARE || type == HM_MSG_SIGN || type == HM_MSG_LOG_RECEIPT || type == HM_MSG_TIMESTAMP;
}

/* What a session may ask before it has said who speaks. */
static bool is_for_nobody(const hm_peer *peer, hm_message_type type) {
    if (type == HM_MSG_TIMESTAMP) return peer->kind == HM_PEER_FRONT && peer->office->strangers_stamps;
    return type == HM_MSG_HELLO || type == HM_MSG_PROVE_KEY || type == HM_MSG_PROVE_TOKEN || type == HM_MSG_ALARMS ||
           type == HM_MSG_EXPIRIES;
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
static hm_err answer_widen(hm_peer *peer) {
    if (peer->kind != HM_PEER_FRONT) return hm_refuse("core language: there is no way back from narrow");
    hm_session_widen(&peer->session);
    return hm_peer_send_done(peer);
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
                                 type == HM_MSG_NARROW_LIST || type == HM_MSG_REPEATABLE;
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
    switch (question->type) {
    case HM_MSG_HELLO:
        return answer_hello(peer, question);
    case HM_MSG_NARROW:
        return answer_narrow(peer, question);
    case HM_MSG_PREPARE:
        return answer_prepare(peer, question);
    case HM_MSG_PRODUCT_ADD:
        return hm_answer_product_add(peer, question);
    case HM_MSG_PRODUCT_LIST:
        return hm_answer_product_list(peer, question);
    case HM_MSG_KEY_LIST:
        return hm_answer_key_list(peer, question);
    case HM_MSG_KEY_GENERATE:
        return hm_answer_key_generate(peer, question);
    case HM_MSG_CERT_REQUEST:
        return hm_answer_cert_request(peer, question);
    case HM_MSG_CERT_IMPORT:
        return hm_answer_cert_import(peer, question);
    case HM_MSG_CERT_LIST:
        return hm_answer_cert_list(peer, question);
    case HM_MSG_CERT_REVOKE:
        return hm_answer_cert_revoke(peer, question);
    case HM_MSG_CERT_RENEW:
        return hm_answer_cert_renew(peer, question);
    case HM_MSG_CRL:
        return hm_answer_crl(peer, question);
    case HM_MSG_EXPIRIES:
        return hm_answer_expiries(peer);
    case HM_MSG_LOG_PUBLISH:
        return hm_answer_log_publish(peer);
    case HM_MSG_LOG_LIST:
        return hm_answer_log_list(peer, question);
    case HM_MSG_LOG_PROVE:
        return hm_answer_log_prove(peer, question);
    case HM_MSG_LOG_RECEIPT:
        return hm_answer_log_receipt(peer, question);
    case HM_MSG_LOG_AUDIT:
        return hm_answer_log_audit(peer);
    case HM_MSG_LOG_SEARCH:
        return hm_answer_log_search(peer, question);
    case HM_MSG_LOG_INCLUDE:
        return hm_answer_log_include(peer, question);
    case HM_MSG_TRUST:
        return hm_answer_trust(peer);
    case HM_MSG_TRUST_KEY:
        return hm_answer_public_key(peer, HM_KEY_ROLE_TRUST_ROOT);
    case HM_MSG_LOG_KEY:
        return hm_answer_public_key(peer, HM_KEY_ROLE_RECEIPT);
    case HM_MSG_NARROW_LIST:
        return hm_answer_narrow_list(peer, question);
    case HM_MSG_TRUST_SIGN:
        return hm_answer_trust_sign(peer, question);
    case HM_MSG_ALARMS:
        return hm_answer_alarms(peer);
    case HM_MSG_TIMESTAMP:
        return hm_answer_timestamp(peer, question);
    case HM_MSG_TSA_SET:
        return hm_answer_tsa_set(peer, question);
    case HM_MSG_TSA_SHOW:
        return hm_answer_tsa_show(peer);
    case HM_MSG_STATEMENT_NEXT:
        return hm_answer_statement_next(peer);
    case HM_MSG_STATEMENT_ADD:
        return hm_answer_statement_add(peer, question);
    case HM_MSG_STATEMENT_LIST:
        return hm_answer_statement_list(peer);
    case HM_MSG_REQUEST_BEGIN:
        return hm_answer_request_begin(peer, question);
    case HM_MSG_REQUEST_CLOSE:
        return hm_answer_request_close(peer);
    case HM_MSG_REQUEST_LIST:
        return hm_answer_request_list(peer);
    case HM_MSG_REQUEST_DECIDE:
        return hm_answer_request_decide(peer, question);
    case HM_MSG_PROVE_KEY:
        return answer_prove_key(peer, question);
    case HM_MSG_PROVE_TOKEN:
        return hm_refuse("this server takes no tokens (its configuration names no issuers)");
    case HM_MSG_REPEATABLE:
        return answer_repeatable(peer, question);
    case HM_MSG_WIDEN:
        return answer_widen(peer);
    case HM_MSG_PUBLISH_BEGIN:
        return hm_answer_publish_begin(peer, question);
    case HM_MSG_PUBLISH_FILE:
        return hm_answer_publish_file(peer, question);
    case HM_MSG_PUBLISH_CLOSE:
        return hm_answer_publish_close(peer);
    case HM_MSG_PUBLISH_PUT:
        return hm_answer_publish_put(peer, question);
    case HM_MSG_PUBLISH_COMMIT:
        return hm_answer_publish_commit(peer);
    case HM_MSG_PUBLISH_WITHDRAW:
        return hm_answer_publish_withdraw(peer, question);
    case HM_MSG_PUBLISH_LIST:
        return hm_answer_publish_list(peer, question);
    case HM_MSG_SIGN: /* the others were taken together (receive) */
        return hm_refuse("core language: sign comes after narrow");
    default:
        return hm_refuse("core language: that is an answer, not a question");
    }
}

static bool is_publishing(hm_message_type type) {
    return type == HM_MSG_PUBLISH_BEGIN || type == HM_MSG_PUBLISH_FILE || type == HM_MSG_PUBLISH_CLOSE ||
           type == HM_MSG_PUBLISH_PUT || type == HM_MSG_PUBLISH_COMMIT || type == HM_MSG_PUBLISH_WITHDRAW;
}

bool hm_is_act(hm_message_type type) {
    return type == HM_MSG_NARROW || type == HM_MSG_PREPARE || type == HM_MSG_SIGN || type == HM_MSG_PRODUCT_ADD ||
           type == HM_MSG_KEY_GENERATE || type == HM_MSG_CERT_REQUEST || type == HM_MSG_CERT_IMPORT ||
           type == HM_MSG_CERT_REVOKE || type == HM_MSG_CERT_RENEW || type == HM_MSG_CRL || type == HM_MSG_TRUST_KEY ||
           type == HM_MSG_LOG_KEY || type == HM_MSG_NARROW_LIST || type == HM_MSG_TRUST_SIGN ||
           type == HM_MSG_STATEMENT_ADD || type == HM_MSG_REQUEST_BEGIN || type == HM_MSG_REQUEST_CLOSE ||
           type == HM_MSG_REQUEST_DECIDE || type == HM_MSG_TSA_SET || is_publishing(type);
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
