/* Answers about what people state, ask for, decide and publish. */
#include "answer.h"

hm_err hm_answer_statement_next(hm_peer *peer, const hm_message *question) {
    (void)question;
    uint8_t last[HM_SHA256_LEN] = {0};
    hm_message message = {.type = HM_MSG_STATEMENT_PLACE};
    HM_TRY(hm_statements_place(peer->office, &message.field[HM_STATEMENT_PLACE_NUMBER].number, last));
    message.field[HM_STATEMENT_PLACE_GOVERNED].number = peer->office->governed;
    message.field[HM_STATEMENT_PLACE_PREVIOUS].bytes = HM_ARRAY(last);
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_alarms(hm_peer *peer, const hm_message *question) {
    (void)question;
    hm_message message = {.type = HM_MSG_ALARMED};
    uint64_t *count = &message.field[HM_ALARMED_BREAK_GLASS].number;
    hm_glass glass;
    HM_TRY(hm_statements_load(peer->office));
    while (peer->office->governed && hm_registry_glass(peer->office->registry, *count, hm_now(), &glass)) ++*count;
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_statement_add(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_statements_add(peer->office, question->field[HM_STATEMENT_ADD_ENVELOPE].bytes));
    return hm_peer_send_done(peer);
}

static hm_err send_statement(void *context, uint64_t index, hm_bytes envelope) {
    hm_peer *peer = context;
    hm_message message = {.type = HM_MSG_STATEMENT};
    message.field[HM_STATEMENT_INDEX].number = index;
    message.field[HM_STATEMENT_ENVELOPE].bytes = envelope;
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_statement_list(hm_peer *peer, const hm_message *question) {
    (void)question;
    HM_TRY(hm_statements_list(peer->office, send_statement, peer));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_request_begin(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_requests_begin(peer->office, question->field[HM_REQUEST_BEGIN_REQUEST].bytes));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_request_close(hm_peer *peer, const hm_message *question) {
    (void)question;
    uint8_t hash[HM_SHA256_LEN];
    hm_message message = {.type = HM_MSG_REQUEST_MADE};
    bool needed;
    HM_TRY(hm_requests_close(peer->office, &needed, &message.field[HM_REQUEST_MADE_INDEX].number, hash));
    if (!needed) return hm_peer_send_done(peer);
    message.field[HM_REQUEST_MADE_HASH].bytes = HM_ARRAY(hash);
    return hm_peer_send(peer, &message);
}

static hm_err put_name(hm_buf *names, hm_bytes name) {
    HM_TRY(hm_put_text(names, names->len ? " " : ""));
    return hm_put(names, name);
}

static hm_err send_request(void *context, const hm_standing *standing) {
    hm_peer *peer = context;
    HM_BUF approvers = HM_BUF_EMPTY, revoked = HM_BUF_EMPTY, ended = HM_BUF_EMPTY;
    hm_message message = {.type = HM_MSG_REQUEST};
    hm_principal principal;
    for (size_t i = 0; i < standing->approvers; i++) HM_TRY(put_name(&approvers, standing->approver[i]));
    for (size_t i = 0; i < standing->formers; i++) {
        hm_bytes name = standing->former[i];
        bool is_one = !hm_failed(hm_registry_by_name(peer->office->registry, name, &principal));
        HM_TRY(put_name(is_one ? &ended : &revoked, name));
    }
    message.field[HM_REQUEST_INDEX].number = standing->index;
    message.field[HM_REQUEST_BODY].bytes = standing->body;
    message.field[HM_REQUEST_STATE].bytes = hm_text(hm_request_state_word(standing->state));
    message.field[HM_REQUEST_CLOSER].bytes = standing->closer;
    message.field[HM_REQUEST_APPROVERS].bytes = hm_buf_bytes(&approvers);
    message.field[HM_REQUEST_SIGNATURES].number = standing->signatures;
    message.field[HM_REQUEST_AWAITS].bytes = hm_text(standing->awaits);
    message.field[HM_REQUEST_REVOKED].bytes = hm_buf_bytes(&revoked);
    message.field[HM_REQUEST_ENDED].bytes = hm_buf_bytes(&ended);
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_request_list(hm_peer *peer, const hm_message *question) {
    (void)question;
    HM_TRY(hm_requests_list(peer->office, send_request, peer));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_request_decide(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_requests_decide(peer->office, question->field[HM_REQUEST_DECIDE_REQUEST].bytes,
                              (hm_decision)question->field[HM_REQUEST_DECIDE_DECISION].number,
                              question->field[HM_REQUEST_DECIDE_SIGNATURE].bytes,
                              question->field[HM_REQUEST_DECIDE_CHECKED].number,
                              question->field[HM_REQUEST_DECIDE_DOCUMENTS_CHECKED].number));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_publish_begin(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_begin(peer->office, question));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_publish_file(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_file(peer->office, question));
    return hm_peer_send_done(peer);
}

static hm_err send_wanted(void *context, uint32_t operand, hm_bytes name) {
    hm_message message = {.type = HM_MSG_PUBLISH_WANTED};
    message.field[HM_PUBLISH_WANTED_OPERAND].number = operand;
    message.field[HM_PUBLISH_WANTED_NAME].bytes = name;
    return hm_peer_send(context, &message);
}

hm_err hm_answer_publish_close(hm_peer *peer, const hm_message *question) {
    (void)question;
    uint8_t hash[HM_SHA256_LEN];
    hm_message message = {.type = HM_MSG_REQUEST_MADE};
    bool needed;
    HM_TRY(hm_publish_close(peer->office, &needed, &message.field[HM_REQUEST_MADE_INDEX].number, hash));
    message.field[HM_REQUEST_MADE_HASH].bytes = HM_ARRAY(hash);
    if (needed) return hm_peer_send(peer, &message);
    HM_TRY(hm_publish_wanted(peer->office, send_wanted, peer));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_publish_put(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_put(peer->office, question->field[HM_PUBLISH_PUT_BYTES].bytes));
    return hm_peer_send_done(peer);
}

static hm_err send_made(hm_peer *peer, uint64_t index) {
    hm_message message = {.type = HM_MSG_PUBLISH_MADE};
    message.field[HM_PUBLISH_MADE_INDEX].number = index;
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_publish_commit(hm_peer *peer, const hm_message *question) {
    (void)question;
    uint64_t index;
    HM_TRY(hm_publish_commit(peer->office, &index));
    return send_made(peer, index);
}

hm_err hm_answer_publish_withdraw(hm_peer *peer, const hm_message *question) {
    uint64_t index;
    HM_TRY(hm_publish_withdraw(peer->office, question->field[HM_PUBLISH_WITHDRAW_PRODUCT].bytes,
                               question->field[HM_PUBLISH_WITHDRAW_RELEASE].bytes, &index));
    return send_made(peer, index);
}

static hm_err send_published(void *context, const hm_published *published) {
    hm_message message = {.type = HM_MSG_PUBLISHED};
    message.field[HM_PUBLISHED_INDEX].number = published->index;
    message.field[HM_PUBLISHED_PRODUCT].bytes = published->product;
    message.field[HM_PUBLISHED_RELEASE].bytes = published->release;
    message.field[HM_PUBLISHED_TIME].number = (uint64_t)published->time;
    message.field[HM_PUBLISHED_ACTOR].bytes = published->actor;
    message.field[HM_PUBLISHED_BODY].bytes = published->body;
    return hm_peer_send(context, &message);
}

hm_err hm_answer_publish_list(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_list(peer->office, question->field[HM_PUBLISH_LIST_PRODUCT].bytes, send_published, peer));
    return hm_peer_send_done(peer);
}
