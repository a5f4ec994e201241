/* Answers about certificates on record and revocation lists. */
#include "answer.h"
#include "certificates.h"

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
    if (c->has_key) message.field[HM_CERT_KEY].bytes = HM_ARRAY(c->key);
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
    hm_bytes release;
    uint64_t algorithm = question->field[HM_CERT_RENEW_ALGORITHM].number;
    HM_TRY(hm_product_find(peer->office, question->field[HM_CERT_RENEW_PRODUCT].bytes, &product));
    if (algorithm < 1 || algorithm > HM_KEY_ALGORITHMS)
        return hm_refuse("there is no key algorithm %llu", (unsigned long long)algorithm);
    HM_TRY(
        hm_key_of_release(peer->office, hm_text(product.name), question->field[HM_CERT_RENEW_RELEASE].bytes, &release));
    HM_TRY(hm_ceremony_renew(peer->office, &product, (hm_key_algorithm)algorithm, release,
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
