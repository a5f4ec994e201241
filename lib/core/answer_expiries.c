/* Answers about what a person should know of before it stops signatures: what ends one day, and what has stopped. */
#include "answer.h"
#include "certificates.h"
#include "signing_keys.h"
#include "tsa.h"

#include <stdio.h>

typedef struct {
    hm_peer *peer;
    const hm_signing_keys *newest;
    bool stamps;
} telling;

static hm_message about(const hm_key_row *row, const hm_product *product, hm_expiry_kind kind) {
    hm_message message = {.type = HM_MSG_EXPIRY};
    message.field[HM_EXPIRY_KIND].number = kind;
    message.field[HM_EXPIRY_PRODUCT].bytes = hm_text(product->name);
    message.field[HM_EXPIRY_ROLE].bytes = hm_text(hm_key_role_name(row->role));
    message.field[HM_EXPIRY_ALGORITHM].number = (uint64_t)row->algorithm;
    message.field[HM_EXPIRY_BEGAN].number = (uint64_t)row->created;
    message.field[HM_EXPIRY_KEY].bytes = HM_ARRAY(row->token_id);
    message.field[HM_EXPIRY_RELEASE].bytes = row->release;
    return message;
}

static hm_err send_certificate(hm_peer *peer, const hm_key_row *row, const hm_product *product) {
    hm_message message = about(row, product, HM_EXPIRY_CERTIFICATE);
    hm_cert_info info;
    HM_TRY(hm_cert_describe(row->certificate, &info));
    message.field[HM_EXPIRY_BEGAN].number = (uint64_t)info.not_before;
    message.field[HM_EXPIRY_EXPIRES].number = (uint64_t)info.not_after;
    message.field[HM_EXPIRY_SERIAL].bytes = hm_text(info.serial);
    return hm_peer_send(peer, &message);
}

/* ---- what the policy says of a key of its product ---- */

static hm_err send_time(hm_peer *peer, const hm_key_row *row, const hm_product *product, hm_expiry_kind kind,
                        uint32_t seconds) {
    hm_message message = about(row, product, kind);
    message.field[HM_EXPIRY_EXPIRES].number = (uint64_t)row->created + seconds;
    return seconds ? hm_peer_send(peer, &message) : HM_OK;
}

static hm_err send_count(hm_peer *peer, const hm_key_row *row, const hm_product *product, hm_expiry_kind kind,
                         uint64_t used, uint32_t most) {
    hm_message message = about(row, product, kind);
    message.field[HM_EXPIRY_USED].number = used;
    message.field[HM_EXPIRY_MOST].number = most;
    return hm_peer_send(peer, &message);
}

static hm_err send_counts(hm_peer *peer, const hm_key_row *row, const hm_product *product, const hm_key_terms *terms) {
    uint64_t used;
    uint32_t rotate = row->release.len ? 0 : terms->rotate_signatures;
    if (!terms->period_signatures && !rotate) return HM_OK;
    hm_err err = hm_key_uses(peer->office, product, row->token_id, row->created, hm_now(), &used);
    if (hm_failed(err) && err.class != HM_REFUSED) return err;
    bool counted = !hm_failed(err); /* otherwise the period counts as over */
    if (terms->period_signatures)
        HM_TRY(send_count(peer, row, product, HM_EXPIRY_PERIOD_COUNT, counted ? used : 0,
                          counted ? terms->period_signatures : 0));
    return rotate && counted ? send_count(peer, row, product, HM_EXPIRY_ROTATION_COUNT, used, rotate) : HM_OK;
}

static hm_err send_terms(hm_peer *peer, const hm_key_row *row, const hm_product *product, const hm_key_terms *terms) {
    HM_TRY(send_time(peer, row, product, HM_EXPIRY_PERIOD, terms->period));
    if (!row->release.len) HM_TRY(send_time(peer, row, product, HM_EXPIRY_ROTATION, terms->rotate));
    return send_counts(peer, row, product, terms);
}

/* ---- a key ---- */

static hm_err send_suspended(hm_peer *peer, const hm_key_row *row, const hm_product *product) {
    hm_message message = about(row, product, HM_EXPIRY_SUSPENDED);
    hm_stated_key stated;
    if (hm_registry_key_state(peer->office->registry, row->token_id, &stated))
        message.field[HM_EXPIRY_BEGAN].number = (uint64_t)stated.time;
    return hm_peer_send(peer, &message);
}

/* A release whose key was deactivated or destroyed is done; one whose key was stolen may have to be signed again, and
 * one whose key lost its certificate may still be signed. */
static bool is_put_away(const hm_key_row *row, hm_key_state state) {
    return row->release.len && (state == HM_KEY_DEACTIVATED || state == HM_KEY_DESTROYED);
}

/* It has stopped. Does no other do its work? */
static bool is_missed(const telling *t, const hm_key_row *row, hm_key_state state, const hm_key_terms *terms) {
    if (row->role == HM_KEY_ROLE_ROOT || row->role == HM_KEY_ROLE_PRODUCT_CA) return true;
    if (!hm_signing_keys_has(t->newest, row->token_id)) return false;
    if (row->role == HM_KEY_ROLE_TSA) return t->stamps;
    return terms->per_release == (row->release.len != 0) && !is_put_away(row, state);
}

static hm_err send_stopped(const telling *t, const hm_key_row *row, const hm_product *product, hm_key_state state,
                           const hm_key_terms *terms) {
    bool revoked;
    if (!is_missed(t, row, state, terms)) return HM_OK;
    HM_TRY(hm_key_certificate_is_revoked(t->peer->office, row, &revoked));
    bool refused = revoked && row->role == HM_KEY_ROLE_PRODUCT_CA;
    hm_message message = about(row, product, refused ? HM_EXPIRY_REVOKED : HM_EXPIRY_STOPPED);
    return hm_peer_send(t->peer, &message);
}

static hm_err send_key(void *context, const hm_key_row *row) {
    const telling *t = context;
    hm_product product;
    hm_key_terms terms = {0};
    bool revoked;
    HM_TRY(hm_product_of_row(t->peer->office, row, &product));
    hm_key_state state = hm_key_state_of(t->peer->office, row->token_id);
    if (state && row->role == HM_KEY_ROLE_SIGNING)
        HM_TRY(hm_key_terms_of(t->peer->office, hm_text(product.name), &terms));
    switch (state) {
    case HM_KEY_PRE_ACTIVATION:
    case HM_KEY_DEACTIVATED:
    case HM_KEY_COMPROMISED:
    case HM_KEY_DESTROYED:
        return send_stopped(t, row, &product, state, &terms);
    case HM_KEY_SUSPENDED:
        HM_TRY(send_suspended(t->peer, row, &product));
        break;
    case HM_KEY_ACTIVE:
        break;
    }
    if (!row->certificate.len) return HM_OK;
    HM_TRY(hm_key_certificate_is_revoked(t->peer->office, row, &revoked));
    if (revoked) return send_stopped(t, row, &product, state, &terms);
    HM_TRY(send_certificate(t->peer, row, &product));
    /* One that the policy does not take, too. */
    if (state == HM_KEY_ACTIVE && row->imported && terms.no_imported)
        return send_stopped(t, row, &product, state, &terms);
    /* What another follows, or what is stopped, has served. */
    bool serves = state == HM_KEY_ACTIVE && hm_signing_keys_has(t->newest, row->token_id);
    return serves ? send_terms(t->peer, row, &product, &terms) : HM_OK;
}

static hm_err send_list(void *context, const hm_crl_made *made) {
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

/* What cannot be read of the authority is told by what asks it for a timestamp. */
static hm_err find_whether_it_stamps(hm_office *office, bool *stamps) {
    hm_tsa_settings settings;
    hm_err err = hm_tsa_stated(office, &settings);
    *stamps = !hm_failed(err) && settings.enabled;
    return err.class == HM_REFUSED ? HM_OK : err;
}

hm_err hm_answer_expiries(hm_peer *peer, const hm_message *question) {
    (void)question;
    size_t found;
    HM_SIGNING_KEYS newest = {0};
    telling t = {peer, &newest, false};
    HM_TRY(find_whether_it_stamps(peer->office, &t.stamps));
    /* Without the token, which vouches for what officers state, it is told of all. */
    (void)!hm_failed(hm_statements_load(peer->office));
    HM_TRY(hm_signing_keys_find(peer->office, -1, &newest));
    HM_TRY(hm_store_keys(peer->office->store, -1, 0, 0, send_key, &t, &found));
    HM_TRY(hm_crls_made(peer->office, send_list, peer));
    return hm_peer_send_done(peer);
}
