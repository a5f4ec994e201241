/* Answers about certificates on record, revocation lists, and what expires. */
#include "answer.h"
#include "certificates.h"

#include <stdio.h>

static hm_err send_certificate(void *context, const hm_certificate *c) {
    hm_peer *peer = context;
    hm_message message = {.type = HM_MSG_CERT};
    message.field[HM_CERT_PRODUCT].bytes = c->product;
    /* Entries of older versions do not say what for. */
    message.field[HM_CERT_ROLE].bytes = c->role.len ? c->role : hm_text("unknown");
    message.field[HM_CERT_SERIAL].bytes = c->serial;
    message.field[HM_CERT_SUBJECT].bytes = c->subject;
    message.field[HM_CERT_CERTIFICATE].bytes = HM_ARRAY(c->sha256);
    message.field[HM_CERT_NOT_AFTER].number = (uint64_t)c->not_after;
    message.field[HM_CERT_MARKS].number =
        (c->current ? (uint64_t)HM_CERT_CURRENT : 0) | (c->imported ? (uint64_t)HM_CERT_IMPORTED : 0);
    message.field[HM_CERT_REASON].number = (uint64_t)c->reason;
    message.field[HM_CERT_REVOKED].number = (uint64_t)c->revoked_at;
    message.field[HM_CERT_INVALIDITY].number = (uint64_t)c->invalidity;
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_cert_list(hm_peer *peer, const hm_message *question) {
    hm_product product;
    hm_bytes name = question->field[HM_CERT_LIST_PRODUCT].bytes;
    if (name.len) HM_TRY(hm_product_find(peer->office, name, &product));
    HM_TRY(hm_certificates_list(peer->office, name.len ? &product : NULL, send_certificate, peer));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_cert_revoke(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_certificate_revoke(peer->office, question->field[HM_CERT_REVOKE_CERTIFICATE].bytes,
                                 question->field[HM_CERT_REVOKE_REASON].number,
                                 question->field[HM_CERT_REVOKE_INVALIDITY].number));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_cert_renew(hm_peer *peer, const hm_message *question) {
    hm_product product;
    uint64_t algorithm = question->field[HM_CERT_RENEW_ALGORITHM].number;
    HM_TRY(hm_product_find(peer->office, question->field[HM_CERT_RENEW_PRODUCT].bytes, &product));
    if (algorithm < 1 || algorithm > HM_KEY_ALGORITHMS)
        return hm_refuse("there is no key algorithm %llu", (unsigned long long)algorithm);
    HM_TRY(hm_ceremony_renew(peer->office, &product, (hm_key_algorithm)algorithm,
                             question->field[HM_CERT_RENEW_DAYS].number));
    return hm_peer_send_done(peer);
}

/* Whoever may ask at all gets the list that is true now; to have another one made is an officer's act. */
hm_err hm_answer_crl(hm_peer *peer, const hm_message *question) {
    hm_product product;
    HM_BUF der = HM_BUF_EMPTY;
    hm_bytes name = question->field[HM_CRL_PRODUCT].bytes;
    uint64_t days = question->field[HM_CRL_DAYS_FIELD].number;
    bool renew = question->field[HM_CRL_RENEW].number != 0;
    if (renew || days) HM_TRY(hm_rule_allows_key_officer(peer->office, name));
    if (name.len) HM_TRY(hm_product_find(peer->office, name, &product));
    HM_TRY(hm_crl_get(peer->office, name.len ? &product : NULL, days, renew, &der));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&der));
}

/* ---- what expires ---- */

static hm_err name_product(void *context, const hm_product_row *row) {
    hm_product *product = context;
    if (row->id == product->id)
        snprintf(product->name, sizeof product->name, "%.*s", (int)row->name.len, (const char *)row->name.data);
    return HM_OK;
}

/* What signs nothing any more needs no new certificate. */
static bool is_over(const hm_office *office, const hm_key_row *row) {
    hm_key_state state = hm_key_state_of(office, row->token_id);
    return state == HM_KEY_DEACTIVATED || state == HM_KEY_COMPROMISED || state == HM_KEY_DESTROYED;
}

static hm_err send_term(hm_peer *peer, const hm_key_row *row, const hm_product *product, hm_expiry_kind kind,
                        uint32_t seconds) {
    hm_message message = {.type = HM_MSG_EXPIRY};
    if (!seconds) return HM_OK;
    message.field[HM_EXPIRY_KIND].number = kind;
    message.field[HM_EXPIRY_PRODUCT].bytes = hm_text(product->name);
    message.field[HM_EXPIRY_ROLE].bytes = hm_text(hm_key_role_name(row->role));
    message.field[HM_EXPIRY_ALGORITHM].number = (uint64_t)row->algorithm;
    message.field[HM_EXPIRY_BEGAN].number = (uint64_t)row->created;
    message.field[HM_EXPIRY_EXPIRES].number = (uint64_t)row->created + seconds;
    return hm_peer_send(peer, &message);
}

/* What the policy says of a key of its product. */
static hm_err send_terms(hm_peer *peer, const hm_key_row *row, const hm_product *product) {
    hm_key_terms terms;
    if (row->role != HM_KEY_ROLE_SIGNING) return HM_OK;
    HM_TRY(hm_key_terms_of(peer->office, hm_text(product->name), &terms));
    HM_TRY(send_term(peer, row, product, HM_EXPIRY_PERIOD, terms.period));
    return row->release.len ? HM_OK : send_term(peer, row, product, HM_EXPIRY_ROTATION, terms.rotate);
}

static hm_err send_key_expiry(void *context, const hm_key_row *row) {
    hm_peer *peer = context;
    hm_message message = {.type = HM_MSG_EXPIRY};
    hm_product product = {.id = row->product};
    hm_cert_info info;
    size_t found;
    if (!row->certificate.len || is_over(peer->office, row)) return HM_OK;
    HM_TRY(hm_store_products(peer->office->store, NULL, name_product, &product, &found));
    HM_TRY(hm_cert_describe(row->certificate, &info));
    message.field[HM_EXPIRY_KIND].number = HM_EXPIRY_CERTIFICATE;
    message.field[HM_EXPIRY_PRODUCT].bytes = hm_text(product.name);
    message.field[HM_EXPIRY_ROLE].bytes = hm_text(hm_key_role_name(row->role));
    message.field[HM_EXPIRY_ALGORITHM].number = (uint64_t)row->algorithm;
    message.field[HM_EXPIRY_BEGAN].number = (uint64_t)info.not_before;
    message.field[HM_EXPIRY_EXPIRES].number = (uint64_t)info.not_after;
    message.field[HM_EXPIRY_SERIAL].bytes = hm_text(info.serial);
    HM_TRY(hm_peer_send(peer, &message));
    return send_terms(peer, row, &product);
}

static hm_err send_list_expiry(void *context, const hm_crl_made *made) {
    hm_peer *peer = context;
    hm_message message = {.type = HM_MSG_EXPIRY};
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)made->number);
    message.field[HM_EXPIRY_KIND].number = HM_EXPIRY_CRL;
    message.field[HM_EXPIRY_PRODUCT].bytes = made->product;
    message.field[HM_EXPIRY_BEGAN].number = (uint64_t)made->this_update;
    message.field[HM_EXPIRY_EXPIRES].number = (uint64_t)made->next_update;
    message.field[HM_EXPIRY_SERIAL].bytes = hm_text(number);
    return hm_peer_send(peer, &message);
}

hm_err hm_answer_expiries(hm_peer *peer, const hm_message *question) {
    (void)question;
    size_t found;
    /* Without the token, which vouches for what officers state, it is told of all. */
    (void)!hm_failed(hm_statements_load(peer->office));
    HM_TRY(hm_store_keys(peer->office->store, -1, 0, 0, send_key_expiry, peer, &found));
    HM_TRY(hm_crls_made(peer->office, send_list_expiry, peer));
    return hm_peer_send_done(peer);
}
