/* Answers about products, keys and certificates, the log, and trust. */
#include "answer.h"
#include "certificates.h"
#include "signing_keys.h"

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

hm_err hm_answer_product_list(hm_peer *peer, const hm_message *question) {
    size_t found;
    hm_bytes name = question->field[HM_PRODUCT_LIST_NAME].bytes;
    HM_TRY(hm_store_products(peer->office->store, name.len ? &name : NULL, send_product, peer, &found));
    if (name.len && !found)
        return hm_refuse("there is no product %.*s (hallmark product list shows them)", (int)name.len,
                         (const char *)name.data);
    return hm_peer_send_done(peer);
}

hm_err hm_answer_product_add(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_product_add(peer->office, question->field[HM_PRODUCT_ADD_NAME].bytes,
                          (uint32_t)question->field[HM_PRODUCT_ADD_ALGORITHMS].number));
    return hm_peer_send_done(peer);
}

typedef struct {
    hm_peer *peer;
    const hm_signing_keys *newest;
} key_listing;

static uint64_t marks_of(const hm_key_row *key, bool revoked) {
    return (key->imported_chain ? (uint64_t)HM_KEY_CHAIN_IMPORTED : 0) |
           (key->imported ? (uint64_t)HM_KEY_IMPORTED : 0) | (revoked ? (uint64_t)HM_KEY_CERTIFICATE_REVOKED : 0);
}

static hm_err send_key(void *context, const hm_key_row *key) {
    key_listing *listing = context;
    hm_product product;
    bool signs, revoked;
    HM_TRY(hm_product_of_row(listing->peer->office, key, &product));
    HM_TRY(hm_signing_key_signs(listing->peer->office, listing->newest, key, &product, &signs));
    HM_TRY(hm_key_certificate_is_revoked(listing->peer->office, key, &revoked));
    hm_message message = {.type = HM_MSG_KEY};
    message.field[HM_KEY_PRODUCT].bytes = hm_text(product.name);
    message.field[HM_KEY_ROLE].number = (uint64_t)key->role;
    message.field[HM_KEY_ALGORITHM].number = (uint64_t)key->algorithm;
    message.field[HM_KEY_TOKEN_ID].bytes = HM_ARRAY(key->token_id);
    message.field[HM_KEY_SPKI].bytes = key->spki;
    message.field[HM_KEY_CERTIFICATE].bytes = key->certificate;
    message.field[HM_KEY_CHAIN].bytes = key->chain;
    message.field[HM_KEY_MARKS].number = marks_of(key, revoked);
    message.field[HM_KEY_CREATED].number = (uint64_t)key->created;
    message.field[HM_KEY_STATE].number = (uint64_t)hm_key_state_of(listing->peer->office, key->token_id);
    message.field[HM_KEY_RELEASE].bytes = key->release;
    message.field[HM_KEY_SIGNS].number = signs;
    return hm_peer_send(listing->peer, &message);
}

hm_err hm_answer_key_list(hm_peer *peer, const hm_message *question) {
    hm_bytes name = question->field[HM_KEY_LIST_PRODUCT].bytes;
    hm_product product = {.id = -1};
    if (name.len) HM_TRY(hm_product_find(peer->office, name, &product));
    HM_SIGNING_KEYS newest = {0};
    key_listing listing = {peer, &newest};
    size_t found;
    /* Without the token, which vouches for them, there is a list still. */
    (void)!hm_failed(hm_statements_load(peer->office));
    HM_TRY(hm_signing_keys_find(peer->office, product.id, &newest));
    HM_TRY(hm_store_keys(peer->office->store, product.id, 0, 0, send_key, &listing, &found));
    return hm_peer_send_done(peer);
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

hm_err hm_answer_key_generate(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    /* Not one of the office's own, which are for the product that the session will be narrowed to. */
    hm_signing_key key = {0};
    hm_bytes release;
    HM_TRY(hm_product_find(peer->office, question->field[HM_KEY_GENERATE_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_KEY_GENERATE_ALGORITHM].number, &algorithm));
    HM_TRY(hm_key_of_release(peer->office, hm_text(product.name), question->field[HM_KEY_GENERATE_RELEASE].bytes,
                             &release));
    if (question->field[HM_KEY_GENERATE_NEXT].number) {
        HM_TRY(hm_ceremony_next_key(peer->office, &product, algorithm, release));
        return hm_peer_send_done(peer);
    }
    hm_err err = hm_ceremony_signing_key(peer->office, &product, algorithm, release, &key);
    hm_buf_clear(&key.material);
    HM_TRY(err);
    return hm_peer_send_done(peer);
}

/* Who put the key into the token stands at the token. */
hm_err hm_answer_key_import(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    if (peer->kind == HM_PEER_FRONT)
        return hm_refuse("a key is imported where the office is, by who has put it into the token (hallmark key import "
                         "on that machine)");
    HM_TRY(hm_product_find(peer->office, question->field[HM_KEY_IMPORT_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_KEY_IMPORT_ALGORITHM].number, &algorithm));
    HM_TRY(hm_key_import(peer->office, &product, algorithm, question->field[HM_KEY_IMPORT_WAS].bytes));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_cert_request(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    HM_BUF csr = HM_BUF_EMPTY;
    HM_TRY(hm_product_find(peer->office, question->field[HM_CERT_REQUEST_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_CERT_REQUEST_ALGORITHM].number, &algorithm));
    HM_TRY(hm_ceremony_request(peer->office, &product, algorithm, &csr));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&csr));
}

hm_err hm_answer_cert_import(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_key_algorithm algorithm;
    HM_TRY(hm_product_find(peer->office, question->field[HM_CERT_IMPORT_PRODUCT].bytes, &product));
    HM_TRY(known_algorithm(&product, question->field[HM_CERT_IMPORT_ALGORITHM].number, &algorithm));
    HM_TRY(hm_ceremony_import(peer->office, &product, algorithm, question->field[HM_CERT_IMPORT_CHAIN].bytes));
    return hm_peer_send_done(peer);
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

enum { PAGE_MAX = 1000 };

hm_err hm_answer_log_list(hm_peer *peer, const hm_message *question) {
    uint64_t from = question->field[HM_LOG_LIST_FROM].number, count = question->field[HM_LOG_LIST_COUNT].number, size;
    HM_TRY(hm_store_log_size(peer->office->store, &size));
    /* A page: who wants more asks for more. */
    if (peer->kind == HM_PEER_FRONT && count > PAGE_MAX) count = PAGE_MAX;
    if (from == UINT64_MAX) from = count < size ? size - count : 0;
    HM_TRY(hm_store_entries(peer->office->store, from, count, send_entry, peer));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_log_publish(hm_peer *peer, const hm_message *question) {
    (void)question;
    HM_BUF note = HM_BUF_EMPTY;
    HM_TRY(hm_log_publish(peer->office, &note));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&note));
}

hm_err hm_answer_log_prove(hm_peer *peer, const hm_message *question) {
    HM_BUF proof = HM_BUF_EMPTY;
    HM_TRY(hm_prove(peer->office, question->field[HM_LOG_PROVE_SIGNATURE].bytes,
                    question->field[HM_LOG_PROVE_CONTENT].bytes, &proof));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&proof));
}

/* One for each signature that the session was opened for: each costs one of the token's, and a checkpoint. */
hm_err hm_answer_log_receipt(hm_peer *peer, const hm_message *question) {
    HM_BUF receipt = HM_BUF_EMPTY;
    if (peer->office->session->narrowed && !peer->office->session->receipts_left)
        return hm_refuse("this session has used up the receipts it was opened for");
    if (peer->office->session->narrowed) peer->office->session->receipts_left--;
    HM_TRY(hm_receipt(peer->office, question->field[HM_LOG_RECEIPT_SIGNATURE].bytes,
                      question->field[HM_LOG_RECEIPT_CONTENT].bytes, &receipt));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&receipt));
}

hm_err hm_answer_log_audit(hm_peer *peer, const hm_message *question) {
    (void)question;
    hm_message message = {.type = HM_MSG_LOG_AUDITED};
    uint8_t root[32];
    HM_TRY(hm_audit(peer->office, &message, root));
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_trust(hm_peer *peer, const hm_message *question) {
    (void)question;
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_office_trust(peer->office, &text));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&text));
}

hm_err hm_answer_public_key(hm_peer *peer, hm_key_role role) {
    HM_BUF key = HM_BUF_EMPTY;
    HM_TRY(hm_public_key(peer->office, role, &key));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&key));
}

hm_err hm_answer_narrow_list(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_trust_root_narrow(peer->office, question));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_trust_sign(hm_peer *peer, const hm_message *question) {
    HM_BUF signature = HM_BUF_EMPTY;
    HM_TRY(hm_trust_root_sign(peer->office, question, &signature));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&signature));
}
