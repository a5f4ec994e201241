/* The core's conversation: one question, its answer or answers, until the peer closes. */
#include "office.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    hm_office *office;
    int fd;
    bool greeted;
} session;

static hm_err send_fault(int fd, uint64_t tag, hm_err err) {
    hm_message message = {.type = HM_MSG_FAULT};
    message.field[HM_FAULT_TAG].number = tag;
    message.field[HM_FAULT_CLASS].number = err.class;
    message.field[HM_FAULT_SENTENCE].bytes = hm_text(hm_err_sentence());
    return hm_wire_send(fd, &message);
}

static hm_err send_done(int fd) { return hm_wire_send(fd, &(hm_message){.type = HM_MSG_DONE}); }

static hm_err send_bytes(int fd, hm_bytes content) {
    hm_message message = {.type = HM_MSG_BYTES};
    message.field[HM_BYTES_CONTENT].bytes = content;
    return hm_wire_send(fd, &message);
}

static hm_err answer_hello(session *s, const hm_message *question) {
    if (question->field[HM_HELLO_VERSION].number != HM_WIRE_VERSION)
        return hm_refuse("the core speaks version %d of its language (update hallmark)", HM_WIRE_VERSION);
    s->greeted = true;
    const hm_office_row *row = &s->office->row;
    hm_message message = {.type = HM_MSG_WELCOME};
    message.field[HM_WELCOME_VERSION].number = HM_WIRE_VERSION;
    message.field[HM_WELCOME_UUID].bytes = HM_ARRAY(row->uuid);
    message.field[HM_WELCOME_ORGANIZATION].bytes = hm_text(row->organization);
    message.field[HM_WELCOME_ORIGIN].bytes = hm_text(row->origin);
    message.field[HM_WELCOME_DEVELOPMENT].number = row->development;
    return hm_wire_send(s->fd, &message);
}

static hm_err send_product(void *context, const hm_product_row *product) {
    session *s = context;
    hm_message message = {.type = HM_MSG_PRODUCT};
    message.field[HM_PRODUCT_NAME].bytes = product->name;
    message.field[HM_PRODUCT_VENDOR].bytes = HM_ARRAY(product->vendor);
    message.field[HM_PRODUCT_CLASS].bytes = HM_ARRAY(product->class);
    message.field[HM_PRODUCT_ALGORITHMS].number = product->algorithms;
    message.field[HM_PRODUCT_CREATED].number = (uint64_t)product->created;
    return hm_wire_send(s->fd, &message);
}

static hm_err answer_product_list(session *s, const hm_message *question) {
    size_t found;
    hm_bytes name = question->field[HM_PRODUCT_LIST_NAME].bytes;
    HM_TRY(hm_store_products(s->office->store, name.len ? &name : NULL, send_product, s, &found));
    if (name.len && !found)
        return hm_refuse("there is no product %.*s (hallmark product list shows them)", (int)name.len,
                         (const char *)name.data);
    return send_done(s->fd);
}

static hm_err answer_product_add(session *s, const hm_message *question) {
    HM_TRY(hm_product_add(s->office, question->field[HM_PRODUCT_ADD_NAME].bytes,
                          (uint32_t)question->field[HM_PRODUCT_ADD_ALGORITHMS].number));
    return send_done(s->fd);
}

typedef struct {
    session *s;
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
    if (key->product) HM_TRY(hm_store_products(listing->s->office->store, NULL, name_product, listing, &found));
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
    return hm_wire_send(listing->s->fd, &message);
}

static hm_err answer_key_list(session *s, const hm_message *question) {
    hm_bytes name = question->field[HM_KEY_LIST_PRODUCT].bytes;
    hm_product product = {.id = -1};
    if (name.len) HM_TRY(hm_product_find(s->office, name, &product));
    key_listing listing = {.s = s};
    size_t found;
    HM_TRY(hm_store_keys(s->office->store, product.id, 0, 0, send_key, &listing, &found));
    return send_done(s->fd);
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

static hm_err answer_key_generate(session *s, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    /* Not one of the office's own, which are for the product that the session will be narrowed to. */
    hm_signing_key key = {0};
    HM_TRY(hm_product_find(s->office, question->field[HM_KEY_GENERATE_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_KEY_GENERATE_ALGORITHM].number, &algorithm));
    hm_err err = hm_ceremony_signing_key(s->office, &product, algorithm, &key);
    hm_buf_clear(&key.material);
    HM_TRY(err);
    return send_done(s->fd);
}

static hm_err answer_cert_request(session *s, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    HM_BUF csr = HM_BUF_EMPTY;
    HM_TRY(hm_product_find(s->office, question->field[HM_CERT_REQUEST_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_CERT_REQUEST_ALGORITHM].number, &algorithm));
    HM_TRY(hm_ceremony_request(s->office, &product, algorithm, &csr));
    return send_bytes(s->fd, hm_buf_bytes(&csr));
}

static hm_err answer_cert_import(session *s, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    HM_TRY(hm_product_find(s->office, question->field[HM_CERT_IMPORT_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_CERT_IMPORT_ALGORITHM].number, &algorithm));
    HM_TRY(hm_ceremony_import(s->office, &product, algorithm, question->field[HM_CERT_IMPORT_CHAIN].bytes));
    return send_done(s->fd);
}

static hm_err send_entry(void *context, const hm_entry_row *entry) {
    session *s = context;
    hm_message message = {.type = HM_MSG_LOG_ENTRY};
    message.field[HM_LOG_ENTRY_INDEX].number = entry->index;
    message.field[HM_LOG_ENTRY_LEAF].bytes = entry->leaf;
    message.field[HM_LOG_ENTRY_SALT].bytes = entry->salt;
    message.field[HM_LOG_ENTRY_DETAILS].bytes = entry->details;
    return hm_wire_send(s->fd, &message);
}

static hm_err answer_log_list(session *s, const hm_message *question) {
    uint64_t from = question->field[HM_LOG_LIST_FROM].number, count = question->field[HM_LOG_LIST_COUNT].number, size;
    HM_TRY(hm_store_log_size(s->office->store, &size));
    if (from == UINT64_MAX) from = count < size ? size - count : 0;
    HM_TRY(hm_store_entries(s->office->store, from, count, send_entry, s));
    return send_done(s->fd);
}

static hm_err answer_log_publish(session *s) {
    HM_BUF note = HM_BUF_EMPTY;
    HM_TRY(hm_log_publish(s->office, &note));
    return send_bytes(s->fd, hm_buf_bytes(&note));
}

static hm_err answer_log_prove(session *s, const hm_message *question) {
    HM_BUF proof = HM_BUF_EMPTY;
    HM_TRY(hm_prove(s->office, question->field[HM_LOG_PROVE_SIGNATURE].bytes,
                    question->field[HM_LOG_PROVE_CONTENT].bytes, &proof));
    return send_bytes(s->fd, hm_buf_bytes(&proof));
}

/* One for each signature that the session was opened for: each costs one of the token's, and a checkpoint. */
static hm_err answer_log_receipt(session *s, const hm_message *question) {
    HM_BUF receipt = HM_BUF_EMPTY;
    if (s->office->session->narrowed && !s->office->session->receipts_left)
        return hm_refuse("this session has used up the receipts it was opened for");
    if (s->office->session->narrowed) s->office->session->receipts_left--;
    HM_TRY(hm_receipt(s->office, question->field[HM_LOG_RECEIPT_SIGNATURE].bytes,
                      question->field[HM_LOG_RECEIPT_CONTENT].bytes, &receipt));
    return send_bytes(s->fd, hm_buf_bytes(&receipt));
}

static hm_err answer_log_audit(session *s) {
    hm_message message = {.type = HM_MSG_LOG_AUDITED};
    uint8_t root[32];
    HM_TRY(hm_audit(s->office, &message, root));
    return hm_wire_send(s->fd, &message);
}

static hm_err answer_trust(session *s) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_office_trust(s->office, &text));
    return send_bytes(s->fd, hm_buf_bytes(&text));
}

static hm_err answer_public_key(session *s, hm_key_role role) {
    HM_BUF key = HM_BUF_EMPTY;
    HM_TRY(hm_public_key(s->office, role, &key));
    return send_bytes(s->fd, hm_buf_bytes(&key));
}

static hm_err answer_narrow_list(session *s, const hm_message *question) {
    HM_TRY(hm_trust_root_narrow(s->office, question));
    return send_done(s->fd);
}

static hm_err answer_trust_sign(session *s, const hm_message *question) {
    HM_BUF signature = HM_BUF_EMPTY;
    HM_TRY(hm_trust_root_sign(s->office, question, &signature));
    return send_bytes(s->fd, hm_buf_bytes(&signature));
}

static hm_err answer_prepare(session *s, const hm_message *question) {
    hm_message message = {.type = HM_MSG_PREPARED};
    HM_TRY(hm_signing_prepare(s->office, question, &message));
    return hm_wire_send(s->fd, &message);
}

static hm_err answer_narrow(session *s, const hm_message *question) {
    HM_TRY(hm_narrow(s->office, question));
    return send_done(s->fd);
}

/* A narrowed session belongs to a process that parses untrusted files: it may sign for its product and have receipts of
 * that, or without a product ask for proofs, or have one list signed, nothing else. */
static bool allowed_when_narrowed(const hm_office *office, hm_message_type type) {
    if (office->session->for_list) return type == HM_MSG_TRUST_SIGN;
    if (!office->session->product.id) return type == HM_MSG_LOG_PROVE;
    if (office->session->noting) return type == HM_MSG_PREPARE || type == HM_MSG_SIGN || type == HM_MSG_REQUEST_CLOSE;
    return type == HM_MSG_PREPARE || type == HM_MSG_SIGN || type == HM_MSG_LOG_RECEIPT;
}

static hm_err answer_statement_next(session *s) {
    uint8_t last[HM_SHA256_LEN] = {0};
    hm_message message = {.type = HM_MSG_STATEMENT_PLACE};
    HM_TRY(hm_statements_load(s->office));
    message.field[HM_STATEMENT_PLACE_GOVERNED].number = s->office->governed;
    if (s->office->governed) {
        message.field[HM_STATEMENT_PLACE_NUMBER].number = hm_registry_size(s->office->registry);
        hm_registry_last(s->office->registry, last);
    }
    message.field[HM_STATEMENT_PLACE_PREVIOUS].bytes = HM_ARRAY(last);
    return hm_wire_send(s->fd, &message);
}

static hm_err answer_statement_add(session *s, const hm_message *question) {
    HM_TRY(hm_statements_add(s->office, question->field[HM_STATEMENT_ADD_ENVELOPE].bytes));
    return send_done(s->fd);
}

static hm_err send_statement(void *context, uint64_t index, hm_bytes envelope) {
    session *s = context;
    hm_message message = {.type = HM_MSG_STATEMENT};
    message.field[HM_STATEMENT_INDEX].number = index;
    message.field[HM_STATEMENT_ENVELOPE].bytes = envelope;
    return hm_wire_send(s->fd, &message);
}

static hm_err answer_statement_list(session *s) {
    HM_TRY(hm_statements_list(s->office, send_statement, s));
    return send_done(s->fd);
}

static hm_err answer_request_begin(session *s, const hm_message *question) {
    HM_TRY(hm_requests_begin(s->office, question->field[HM_REQUEST_BEGIN_REQUEST].bytes));
    return send_done(s->fd);
}

static hm_err answer_request_close(session *s) {
    uint8_t hash[HM_SHA256_LEN];
    hm_message message = {.type = HM_MSG_REQUEST_MADE};
    bool needed;
    HM_TRY(hm_requests_close(s->office, &needed, &message.field[HM_REQUEST_MADE_INDEX].number, hash));
    if (!needed) return send_done(s->fd);
    message.field[HM_REQUEST_MADE_HASH].bytes = HM_ARRAY(hash);
    return hm_wire_send(s->fd, &message);
}

static hm_err send_request(void *context, const hm_standing *standing) {
    session *s = context;
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
    return hm_wire_send(s->fd, &message);
}

static hm_err answer_request_list(session *s) {
    HM_TRY(hm_requests_list(s->office, send_request, s));
    return send_done(s->fd);
}

static hm_err answer_request_decide(session *s, const hm_message *question) {
    HM_TRY(hm_requests_decide(s->office, question->field[HM_REQUEST_DECIDE_REQUEST].bytes,
                              (hm_decision)question->field[HM_REQUEST_DECIDE_DECISION].number,
                              question->field[HM_REQUEST_DECIDE_SIGNATURE].bytes,
                              question->field[HM_REQUEST_DECIDE_CHECKED].number));
    return send_done(s->fd);
}

static hm_err answer(session *s, const hm_message *question) {
    if (!s->greeted && question->type != HM_MSG_HELLO) return hm_refuse("core language: hello comes first");
    if (s->office->session->narrowed && !allowed_when_narrowed(s->office, question->type))
        return hm_refuse("core language: this session may only sign");
    HM_TRY(hm_rule_allows_act(s->office, question));
    switch (question->type) {
    case HM_MSG_HELLO:
        return answer_hello(s, question);
    case HM_MSG_NARROW:
        return answer_narrow(s, question);
    case HM_MSG_PREPARE:
        return answer_prepare(s, question);
    case HM_MSG_PRODUCT_ADD:
        return answer_product_add(s, question);
    case HM_MSG_PRODUCT_LIST:
        return answer_product_list(s, question);
    case HM_MSG_KEY_LIST:
        return answer_key_list(s, question);
    case HM_MSG_KEY_GENERATE:
        return answer_key_generate(s, question);
    case HM_MSG_CERT_REQUEST:
        return answer_cert_request(s, question);
    case HM_MSG_CERT_IMPORT:
        return answer_cert_import(s, question);
    case HM_MSG_LOG_PUBLISH:
        return answer_log_publish(s);
    case HM_MSG_LOG_LIST:
        return answer_log_list(s, question);
    case HM_MSG_LOG_PROVE:
        return answer_log_prove(s, question);
    case HM_MSG_LOG_RECEIPT:
        return answer_log_receipt(s, question);
    case HM_MSG_LOG_AUDIT:
        return answer_log_audit(s);
    case HM_MSG_TRUST:
        return answer_trust(s);
    case HM_MSG_TRUST_KEY:
        return answer_public_key(s, HM_KEY_ROLE_TRUST_ROOT);
    case HM_MSG_LOG_KEY:
        return answer_public_key(s, HM_KEY_ROLE_RECEIPT);
    case HM_MSG_NARROW_LIST:
        return answer_narrow_list(s, question);
    case HM_MSG_TRUST_SIGN:
        return answer_trust_sign(s, question);
    case HM_MSG_STATEMENT_NEXT:
        return answer_statement_next(s);
    case HM_MSG_STATEMENT_ADD:
        return answer_statement_add(s, question);
    case HM_MSG_STATEMENT_LIST:
        return answer_statement_list(s);
    case HM_MSG_REQUEST_BEGIN:
        return answer_request_begin(s, question);
    case HM_MSG_REQUEST_CLOSE:
        return answer_request_close(s);
    case HM_MSG_REQUEST_LIST:
        return answer_request_list(s);
    case HM_MSG_REQUEST_DECIDE:
        return answer_request_decide(s, question);
    case HM_MSG_SIGN: /* the others were taken together (receive) */
        return hm_refuse("core language: sign comes after narrow");
    default:
        return hm_refuse("core language: that is an answer, not a question");
    }
}

/* Questions to sign that wait already are taken together: two commits serve them all. */
typedef struct {
    size_t count;
    hm_message question[HM_BATCH_MAX];
    hm_buf storage[HM_BATCH_MAX];
} batch;

static bool more_waits(int fd) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    return poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN);
}

/* Receive the next question; then, while it is one to sign, those behind it. The last one may be another kind: *OTHER.
 */
static hm_err receive(session *s, batch *b, bool *other, bool *closed) {
    *other = *closed = false;
    b->count = 0;
    do {
        HM_TRY(hm_wire_receive(s->fd, &b->storage[b->count], &b->question[b->count], closed));
        if (*closed) return HM_OK;
        *other = !s->office->session->product.id || b->question[b->count].type != HM_MSG_SIGN;
        if (!*other) b->count++;
    } while (!*other && b->count < HM_BATCH_MAX && more_waits(s->fd));
    return HM_OK;
}

/* An act that was asked for and refused is an entry too (P1); a question about what there is is not an act. */
static bool is_act(hm_message_type type) {
    return type == HM_MSG_NARROW || type == HM_MSG_PREPARE || type == HM_MSG_SIGN || type == HM_MSG_PRODUCT_ADD ||
           type == HM_MSG_KEY_GENERATE || type == HM_MSG_CERT_REQUEST || type == HM_MSG_CERT_IMPORT ||
           type == HM_MSG_TRUST_KEY || type == HM_MSG_LOG_KEY || type == HM_MSG_NARROW_LIST ||
           type == HM_MSG_TRUST_SIGN || type == HM_MSG_STATEMENT_ADD || type == HM_MSG_REQUEST_BEGIN ||
           type == HM_MSG_REQUEST_CLOSE || type == HM_MSG_REQUEST_DECIDE;
}

/* The fault that is told: the refusal, or that it could not be logged. */
static hm_err log_refusal(session *s, const hm_message *question, hm_err err) {
    if (!s->greeted || !is_act(question->type) || (err.class != HM_REFUSED && err.class != HM_MISUSED)) return err;
    hm_fault fault = hm_fault_keep(err);
    if (s->office->session->refusals++ < hm_refusals_borne(s->office))
        HM_TRY(hm_log_refused_act(s->office, hm_wire_name(question->type), fault.sentence));
    return hm_fault_raise(&fault);
}

static hm_err converse(session *s, batch *b) {
    for (;;) {
        bool other, closed;
        HM_TRY(receive(s, b, &other, &closed));
        if (b->count) HM_TRY(hm_signing_batch(s->office, b->question, b->count, s->fd));
        if (closed) return HM_OK;
        if (s->office->session->refusals > hm_refusals_borne(s->office))
            return hm_refuse("too many refusals in one session");
        if (!other) continue;
        hm_err err = answer(s, &b->question[b->count]);
        if (hm_failed(err)) err = log_refusal(s, &b->question[b->count], err);
        if (hm_failed(err)) HM_TRY(send_fault(s->fd, 0, err));
    }
}

/* The signed checkpoint follows within a second (P1): at once, unless the last one is younger than that. A checkpoint
 * for each of many small runs would write the same partial tiles over and over; the peer sees to it that the last run's
 * follows. */
static hm_err finish(session *s) {
    bool wait = s->office->logged && hm_log_published_just_now(s->office);
    if (s->office->logged && !wait) HM_TRY(hm_log_publish(s->office, NULL));
    hm_message message = {.type = HM_MSG_CLOSING};
    message.field[HM_CLOSING_UNPUBLISHED].number = wait;
    /* A peer that is gone already does not want to know. */
    (void)!hm_failed(hm_wire_send(s->fd, &message));
    return HM_OK;
}

/* A conversation that broke off (the peer is gone, or said what it must not) is followed by its checkpoint too; there
 * is nobody who would see to it later. */
static hm_err break_off(session *s, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    if (s->office->logged) (void)!hm_failed(hm_log_publish(s->office, NULL));
    return hm_fault_raise(&fault);
}

hm_err hm_core_serve(int fd, const char *directory) {
    static hm_office office;
    static batch b;
    session s = {.office = &office, .fd = fd};
    hm_session own;
    hm_err err = hm_office_open(directory, &own, &office);
    if (!hm_failed(err)) err = hm_log_check_founded(&office);
    if (!hm_failed(err)) err = hm_log_check_head(&office);
    if (hm_failed(err)) {
        /* The first question is answered, before it is read, with why there will be no second. */
        (void)!hm_failed(send_fault(fd, 0, err));
        hm_office_close(&office);
        return err;
    }
    err = converse(&s, &b);
    err = hm_failed(err) ? break_off(&s, err) : finish(&s);
    hm_office_close(&office);
    for (size_t i = 0; i < HM_BATCH_MAX; i++) hm_buf_clear(&b.storage[i]);
    return err;
}
