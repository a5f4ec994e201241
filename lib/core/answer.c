/* The answers: to one question one, or several and an end. */
#include "peer.h"
#include "request_standing.h"

#include <stdio.h>
#include <string.h>

static hm_err send_done(hm_peer *peer) { return hm_peer_send(peer, &(hm_message){.type = HM_MSG_DONE}); }

static hm_err send_bytes(hm_peer *peer, hm_bytes content) {
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

static hm_err send_product(void *context, const hm_product_row *product) {
    hm_peer *peer = context;
    hm_message message = {.type = HM_MSG_PRODUCT};
    message.field[HM_PRODUCT_NAME].bytes = product->name;
    message.field[HM_PRODUCT_VENDOR].bytes = HM_ARRAY(product->vendor);
    message.field[HM_PRODUCT_CLASS].bytes = HM_ARRAY(product->class);
    message.field[HM_PRODUCT_ALGORITHMS].number = product->algorithms;
    message.field[HM_PRODUCT_CREATED].number = (uint64_t)product->created;
    return hm_peer_send(peer, &message);
}

static hm_err answer_product_list(hm_peer *peer, const hm_message *question) {
    size_t found;
    hm_bytes name = question->field[HM_PRODUCT_LIST_NAME].bytes;
    HM_TRY(hm_store_products(peer->office->store, name.len ? &name : NULL, send_product, peer, &found));
    if (name.len && !found)
        return hm_refuse("there is no product %.*s (hallmark product list shows them)", (int)name.len,
                         (const char *)name.data);
    return send_done(peer);
}

static hm_err answer_product_add(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_product_add(peer->office, question->field[HM_PRODUCT_ADD_NAME].bytes,
                          (uint32_t)question->field[HM_PRODUCT_ADD_ALGORITHMS].number));
    return send_done(peer);
}

typedef struct {
    hm_peer *peer;
    int64_t product_id;
    char product_name[65];
} key_listing;

static hm_err name_product(void *context, const hm_product_row *product) {
    key_listing *listing = context;
    if (product->id == listing->product_id)
        snprintf(listing->product_name, sizeof listing->product_name, "%.*s", (int)product->name.len,
                 (const char *)product->name.data);
    return HM_OK;
}

static hm_err send_key(void *context, const hm_key_row *key) {
    key_listing *listing = context;
    size_t found;
    listing->product_id = key->product;
    listing->product_name[0] = 0;
    if (key->product) HM_TRY(hm_store_products(listing->peer->office->store, NULL, name_product, listing, &found));
    hm_message message = {.type = HM_MSG_KEY};
    message.field[HM_KEY_PRODUCT].bytes = hm_text(listing->product_name);
    message.field[HM_KEY_ROLE].number = (uint64_t)key->role;
    message.field[HM_KEY_ALGORITHM].number = (uint64_t)key->algorithm;
    message.field[HM_KEY_TOKEN_ID].bytes = HM_ARRAY(key->token_id);
    message.field[HM_KEY_SPKI].bytes = key->spki;
    message.field[HM_KEY_CERTIFICATE].bytes = key->certificate;
    message.field[HM_KEY_CHAIN].bytes = key->chain;
    message.field[HM_KEY_IMPORTED].number = key->imported_chain;
    message.field[HM_KEY_CREATED].number = (uint64_t)key->created;
    return hm_peer_send(listing->peer, &message);
}

static hm_err answer_key_list(hm_peer *peer, const hm_message *question) {
    hm_bytes name = question->field[HM_KEY_LIST_PRODUCT].bytes;
    hm_product product = {.id = -1};
    if (name.len) HM_TRY(hm_product_find(peer->office, name, &product));
    key_listing listing = {.peer = peer};
    size_t found;
    HM_TRY(hm_store_keys(peer->office->store, product.id, 0, 0, send_key, &listing, &found));
    return send_done(peer);
}

/* A key algorithm, and one that PRODUCT signs with. */
static hm_err known_algorithm(const hm_product *product, uint64_t number, hm_key_algorithm *algorithm) {
    if (number < 1 || number > HM_KEY_ALGORITHMS)
        return hm_refuse("there is no key algorithm %llu", (unsigned long long)number);
    *algorithm = (hm_key_algorithm)number;
    if (!(product->algorithms >> number & 1))
        return hm_refuse("%s does not sign with %s", product->name, hm_key_algorithm_name(*algorithm));
    return HM_OK;
}

static hm_err answer_key_generate(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    /* Not one of the office's own, which are for the product that the session will be narrowed to. */
    hm_signing_key key = {0};
    HM_TRY(hm_product_find(peer->office, question->field[HM_KEY_GENERATE_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_KEY_GENERATE_ALGORITHM].number, &algorithm));
    hm_err err = hm_ceremony_signing_key(peer->office, &product, algorithm, &key);
    hm_buf_clear(&key.material);
    HM_TRY(err);
    return send_done(peer);
}

static hm_err answer_cert_request(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    HM_BUF csr = HM_BUF_EMPTY;
    HM_TRY(hm_product_find(peer->office, question->field[HM_CERT_REQUEST_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_CERT_REQUEST_ALGORITHM].number, &algorithm));
    HM_TRY(hm_ceremony_request(peer->office, &product, algorithm, &csr));
    return send_bytes(peer, hm_buf_bytes(&csr));
}

static hm_err answer_cert_import(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    HM_TRY(hm_product_find(peer->office, question->field[HM_CERT_IMPORT_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_CERT_IMPORT_ALGORITHM].number, &algorithm));
    HM_TRY(hm_ceremony_import(peer->office, &product, algorithm, question->field[HM_CERT_IMPORT_CHAIN].bytes));
    return send_done(peer);
}

static hm_err send_entry(void *context, const hm_entry_row *entry) {
    hm_peer *peer = context;
    hm_message message = {.type = HM_MSG_LOG_ENTRY};
    message.field[HM_LOG_ENTRY_INDEX].number = entry->index;
    message.field[HM_LOG_ENTRY_LEAF].bytes = entry->leaf;
    message.field[HM_LOG_ENTRY_SALT].bytes = entry->salt;
    message.field[HM_LOG_ENTRY_DETAILS].bytes = entry->details;
    return hm_peer_send(peer, &message);
}

static hm_err answer_log_list(hm_peer *peer, const hm_message *question) {
    uint64_t from = question->field[HM_LOG_LIST_FROM].number, count = question->field[HM_LOG_LIST_COUNT].number, size;
    HM_TRY(hm_store_log_size(peer->office->store, &size));
    if (from == UINT64_MAX) from = count < size ? size - count : 0;
    HM_TRY(hm_store_entries(peer->office->store, from, count, send_entry, peer));
    return send_done(peer);
}

static hm_err answer_log_publish(hm_peer *peer) {
    HM_BUF note = HM_BUF_EMPTY;
    HM_TRY(hm_log_publish(peer->office, &note));
    return send_bytes(peer, hm_buf_bytes(&note));
}

static hm_err answer_log_prove(hm_peer *peer, const hm_message *question) {
    HM_BUF proof = HM_BUF_EMPTY;
    HM_TRY(hm_prove(peer->office, question->field[HM_LOG_PROVE_SIGNATURE].bytes,
                    question->field[HM_LOG_PROVE_CONTENT].bytes, &proof));
    return send_bytes(peer, hm_buf_bytes(&proof));
}

/* One for each signature that the session was opened for: each costs one of the token's, and a checkpoint. */
static hm_err answer_log_receipt(hm_peer *peer, const hm_message *question) {
    HM_BUF receipt = HM_BUF_EMPTY;
    if (peer->office->session->narrowed && !peer->office->session->receipts_left)
        return hm_refuse("this session has used up the receipts it was opened for");
    if (peer->office->session->narrowed) peer->office->session->receipts_left--;
    HM_TRY(hm_receipt(peer->office, question->field[HM_LOG_RECEIPT_SIGNATURE].bytes,
                      question->field[HM_LOG_RECEIPT_CONTENT].bytes, &receipt));
    return send_bytes(peer, hm_buf_bytes(&receipt));
}

static hm_err answer_log_audit(hm_peer *peer) {
    hm_message message = {.type = HM_MSG_LOG_AUDITED};
    uint8_t root[32];
    HM_TRY(hm_audit(peer->office, &message, root));
    return hm_peer_send(peer, &message);
}

static hm_err answer_trust(hm_peer *peer) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_office_trust(peer->office, &text));
    return send_bytes(peer, hm_buf_bytes(&text));
}

static hm_err answer_public_key(hm_peer *peer, hm_key_role role) {
    HM_BUF key = HM_BUF_EMPTY;
    HM_TRY(hm_public_key(peer->office, role, &key));
    return send_bytes(peer, hm_buf_bytes(&key));
}

static hm_err answer_narrow_list(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_trust_root_narrow(peer->office, question));
    return send_done(peer);
}

static hm_err answer_trust_sign(hm_peer *peer, const hm_message *question) {
    HM_BUF signature = HM_BUF_EMPTY;
    HM_TRY(hm_trust_root_sign(peer->office, question, &signature));
    return send_bytes(peer, hm_buf_bytes(&signature));
}

static hm_err answer_prepare(hm_peer *peer, const hm_message *question) {
    hm_message message = {.type = HM_MSG_PREPARED};
    HM_TRY(hm_signing_prepare(peer->office, question, &message));
    return hm_peer_send(peer, &message);
}

static hm_err answer_narrow(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_narrow(peer->office, question));
    return send_done(peer);
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
    return type == HM_MSG_PREPARE || type == HM_MSG_SIGN || type == HM_MSG_LOG_RECEIPT;
}

static hm_err answer_statement_next(hm_peer *peer) {
    uint8_t last[HM_SHA256_LEN] = {0};
    hm_message message = {.type = HM_MSG_STATEMENT_PLACE};
    HM_TRY(hm_statements_load(peer->office));
    message.field[HM_STATEMENT_PLACE_GOVERNED].number = peer->office->governed;
    if (peer->office->governed) {
        message.field[HM_STATEMENT_PLACE_NUMBER].number = hm_registry_size(peer->office->registry);
        hm_registry_last(peer->office->registry, last);
    }
    message.field[HM_STATEMENT_PLACE_PREVIOUS].bytes = HM_ARRAY(last);
    return hm_peer_send(peer, &message);
}

static hm_err answer_statement_add(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_statements_add(peer->office, question->field[HM_STATEMENT_ADD_ENVELOPE].bytes));
    return send_done(peer);
}

static hm_err send_statement(void *context, uint64_t index, hm_bytes envelope) {
    hm_peer *peer = context;
    hm_message message = {.type = HM_MSG_STATEMENT};
    message.field[HM_STATEMENT_INDEX].number = index;
    message.field[HM_STATEMENT_ENVELOPE].bytes = envelope;
    return hm_peer_send(peer, &message);
}

static hm_err answer_statement_list(hm_peer *peer) {
    HM_TRY(hm_statements_list(peer->office, send_statement, peer));
    return send_done(peer);
}

static hm_err answer_request_begin(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_requests_begin(peer->office, question->field[HM_REQUEST_BEGIN_REQUEST].bytes));
    return send_done(peer);
}

static hm_err answer_request_close(hm_peer *peer) {
    uint8_t hash[HM_SHA256_LEN];
    hm_message message = {.type = HM_MSG_REQUEST_MADE};
    bool needed;
    HM_TRY(hm_requests_close(peer->office, &needed, &message.field[HM_REQUEST_MADE_INDEX].number, hash));
    if (!needed) return send_done(peer);
    message.field[HM_REQUEST_MADE_HASH].bytes = HM_ARRAY(hash);
    return hm_peer_send(peer, &message);
}

static hm_err send_request(void *context, const hm_standing *standing) {
    hm_peer *peer = context;
    HM_BUF approvers = HM_BUF_EMPTY;
    hm_message message = {.type = HM_MSG_REQUEST};
    for (size_t i = 0; i < standing->approvers; i++) {
        HM_TRY(hm_put_text(&approvers, i ? " " : ""));
        HM_TRY(hm_put(&approvers, standing->approver[i]));
    }
    message.field[HM_REQUEST_INDEX].number = standing->index;
    message.field[HM_REQUEST_BODY].bytes = standing->body;
    message.field[HM_REQUEST_STATE].bytes = hm_text(hm_request_state_word(standing->state));
    message.field[HM_REQUEST_CLOSER].bytes = standing->closer;
    message.field[HM_REQUEST_APPROVERS].bytes = hm_buf_bytes(&approvers);
    message.field[HM_REQUEST_SIGNATURES].number = standing->signatures;
    message.field[HM_REQUEST_AWAITS].bytes = hm_text(standing->awaits);
    return hm_peer_send(peer, &message);
}

static hm_err answer_request_list(hm_peer *peer) {
    HM_TRY(hm_requests_list(peer->office, send_request, peer));
    return send_done(peer);
}

static hm_err answer_request_decide(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_requests_decide(peer->office, question->field[HM_REQUEST_DECIDE_REQUEST].bytes,
                              (hm_decision)question->field[HM_REQUEST_DECIDE_DECISION].number,
                              question->field[HM_REQUEST_DECIDE_SIGNATURE].bytes,
                              question->field[HM_REQUEST_DECIDE_CHECKED].number));
    return send_done(peer);
}

static hm_err answer_publish_begin(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_begin(peer->office, question));
    return send_done(peer);
}

static hm_err answer_publish_file(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_file(peer->office, question));
    return send_done(peer);
}

static hm_err send_wanted(void *context, uint32_t operand, hm_bytes name) {
    hm_message message = {.type = HM_MSG_PUBLISH_WANTED};
    message.field[HM_PUBLISH_WANTED_OPERAND].number = operand;
    message.field[HM_PUBLISH_WANTED_NAME].bytes = name;
    return hm_peer_send(context, &message);
}

static hm_err answer_publish_close(hm_peer *peer) {
    uint8_t hash[HM_SHA256_LEN];
    hm_message message = {.type = HM_MSG_REQUEST_MADE};
    bool needed;
    HM_TRY(hm_publish_close(peer->office, &needed, &message.field[HM_REQUEST_MADE_INDEX].number, hash));
    message.field[HM_REQUEST_MADE_HASH].bytes = HM_ARRAY(hash);
    if (needed) return hm_peer_send(peer, &message);
    HM_TRY(hm_publish_wanted(peer->office, send_wanted, peer));
    return send_done(peer);
}

static hm_err answer_publish_put(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_put(peer->office, question->field[HM_PUBLISH_PUT_BYTES].bytes));
    return send_done(peer);
}

static hm_err send_made(hm_peer *peer, uint64_t index) {
    hm_message message = {.type = HM_MSG_PUBLISH_MADE};
    message.field[HM_PUBLISH_MADE_INDEX].number = index;
    return hm_peer_send(peer, &message);
}

static hm_err answer_publish_commit(hm_peer *peer) {
    uint64_t index;
    HM_TRY(hm_publish_commit(peer->office, &index));
    return send_made(peer, index);
}

static hm_err answer_publish_withdraw(hm_peer *peer, const hm_message *question) {
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

static hm_err answer_publish_list(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_publish_list(peer->office, question->field[HM_PUBLISH_LIST_PRODUCT].bytes, send_published, peer));
    return send_done(peer);
}

/* What a session may ask before it has said who speaks. */
static bool is_for_nobody(hm_message_type type) {
    return type == HM_MSG_HELLO || type == HM_MSG_PROVE_KEY || type == HM_MSG_PROVE_TOKEN;
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

/* A front serves one call after another in a session, and hands none to a process that parses files. */
static hm_err answer_widen(hm_peer *peer) {
    if (peer->kind != HM_PEER_FRONT) return hm_refuse("core language: there is no way back from narrow");
    hm_session_widen(&peer->session);
    return send_done(peer);
}

static hm_err answer(hm_peer *peer, const hm_message *question) {
    if (!peer->greeted && question->type != HM_MSG_HELLO) return hm_refuse("core language: hello comes first");
    if (peer->session.who == HM_WHO_NOBODY && !is_for_nobody(question->type))
        return hm_refuse("core language: nobody has said who he is in this session");
    if (peer->office->session->narrowed && !allowed_when_narrowed(peer, question->type))
        return hm_refuse("core language: this session may only sign");
    HM_TRY(hm_rule_allows_act(peer->office, question));
    switch (question->type) {
    case HM_MSG_HELLO:
        return answer_hello(peer, question);
    case HM_MSG_NARROW:
        return answer_narrow(peer, question);
    case HM_MSG_PREPARE:
        return answer_prepare(peer, question);
    case HM_MSG_PRODUCT_ADD:
        return answer_product_add(peer, question);
    case HM_MSG_PRODUCT_LIST:
        return answer_product_list(peer, question);
    case HM_MSG_KEY_LIST:
        return answer_key_list(peer, question);
    case HM_MSG_KEY_GENERATE:
        return answer_key_generate(peer, question);
    case HM_MSG_CERT_REQUEST:
        return answer_cert_request(peer, question);
    case HM_MSG_CERT_IMPORT:
        return answer_cert_import(peer, question);
    case HM_MSG_LOG_PUBLISH:
        return answer_log_publish(peer);
    case HM_MSG_LOG_LIST:
        return answer_log_list(peer, question);
    case HM_MSG_LOG_PROVE:
        return answer_log_prove(peer, question);
    case HM_MSG_LOG_RECEIPT:
        return answer_log_receipt(peer, question);
    case HM_MSG_LOG_AUDIT:
        return answer_log_audit(peer);
    case HM_MSG_TRUST:
        return answer_trust(peer);
    case HM_MSG_TRUST_KEY:
        return answer_public_key(peer, HM_KEY_ROLE_TRUST_ROOT);
    case HM_MSG_LOG_KEY:
        return answer_public_key(peer, HM_KEY_ROLE_RECEIPT);
    case HM_MSG_NARROW_LIST:
        return answer_narrow_list(peer, question);
    case HM_MSG_TRUST_SIGN:
        return answer_trust_sign(peer, question);
    case HM_MSG_STATEMENT_NEXT:
        return answer_statement_next(peer);
    case HM_MSG_STATEMENT_ADD:
        return answer_statement_add(peer, question);
    case HM_MSG_STATEMENT_LIST:
        return answer_statement_list(peer);
    case HM_MSG_REQUEST_BEGIN:
        return answer_request_begin(peer, question);
    case HM_MSG_REQUEST_CLOSE:
        return answer_request_close(peer);
    case HM_MSG_REQUEST_LIST:
        return answer_request_list(peer);
    case HM_MSG_REQUEST_DECIDE:
        return answer_request_decide(peer, question);
    case HM_MSG_PROVE_KEY:
        return answer_prove_key(peer, question);
    case HM_MSG_PROVE_TOKEN:
        return hm_refuse("this server takes no tokens (its configuration names no issuers)");
    case HM_MSG_WIDEN:
        return answer_widen(peer);
    case HM_MSG_PUBLISH_BEGIN:
        return answer_publish_begin(peer, question);
    case HM_MSG_PUBLISH_FILE:
        return answer_publish_file(peer, question);
    case HM_MSG_PUBLISH_CLOSE:
        return answer_publish_close(peer);
    case HM_MSG_PUBLISH_PUT:
        return answer_publish_put(peer, question);
    case HM_MSG_PUBLISH_COMMIT:
        return answer_publish_commit(peer);
    case HM_MSG_PUBLISH_WITHDRAW:
        return answer_publish_withdraw(peer, question);
    case HM_MSG_PUBLISH_LIST:
        return answer_publish_list(peer, question);
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
           type == HM_MSG_TRUST_KEY || type == HM_MSG_LOG_KEY || type == HM_MSG_NARROW_LIST ||
           type == HM_MSG_TRUST_SIGN || type == HM_MSG_STATEMENT_ADD || type == HM_MSG_REQUEST_BEGIN ||
           type == HM_MSG_REQUEST_CLOSE || type == HM_MSG_REQUEST_DECIDE || is_publishing(type);
}

/* The fault that is told: the refusal, or that it could not be logged. Of nobody there is nothing to log. */
static hm_err log_refusal(hm_peer *peer, const hm_message *question, hm_err err) {
    if (!peer->greeted || !hm_is_act(question->type) || (err.class != HM_REFUSED && err.class != HM_MISUSED))
        return err;
    if (peer->session.who == HM_WHO_NOBODY) return err;
    hm_fault fault = hm_fault_keep(err);
    if (peer->session.refusals++ < hm_refusals_borne(peer->office))
        HM_TRY(hm_log_refused_act(peer->office, hm_wire_name(question->type), fault.sentence));
    return hm_fault_raise(&fault);
}

hm_err hm_peer_answer(hm_peer *peer, const hm_message *question) {
    hm_err err = answer(peer, question);
    if (!hm_failed(err)) return HM_OK;
    return question->type == HM_MSG_PROVE_KEY ? hm_log_refused_proof(peer->office, err)
                                              : log_refusal(peer, question, err);
}
