/* Who speaks in a session. It is looked up whenever something is decided, by the statements that there are then: what
 * was withdrawn while the session lasted is none. */
#include "office.h"

#include <core/statement_envelope.h>
#include <identity/answer.h>
#include <pki/cose.h>

#include <stdio.h>
#include <string.h>

static void call(hm_session *session, const hm_principal *principal, const char *by) {
    snprintf(session->principal, sizeof session->principal, "%.*s", (int)principal->name.len,
             (const char *)principal->name.data);
    snprintf(session->actor, sizeof session->actor, "%s (%s)", session->principal, by);
}

static hm_err identify_user(hm_office *office) {
    hm_principal principal;
    char by[32];
    HM_TRY(hm_registry_by_unix(office->registry, office->session->user, &principal));
    snprintf(by, sizeof by, "unix:%u", office->session->user);
    return call(office->session, &principal, by), HM_OK;
}

/* By the key that signed the challenge, which is called here as lists of principals call it. */
static hm_err identify_key(hm_office *office) {
    hm_principal principal;
    size_t number;
    hm_bytes spki;
    uint8_t hash[HM_SHA256_LEN];
    char by[32];
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_statement_signer(office->registry, HM_ARRAY(office->session->kid), &number, &spki));
    if (!hm_registry_holder(office->registry, number, &principal)) return hm_refuse("the key is nobody's");
    hm_sha256(spki, hash);
    HM_TRY(hm_put_hex(&hex, HM_BYTES(hash, 8)));
    snprintf(by, sizeof by, "key:%.*s", (int)hex.len, (const char *)hex.data);
    return call(office->session, &principal, by), HM_OK;
}

/* By a token, for as long as that is good; its claims are held against principals as these are stated now. */
static hm_err identify_workload(hm_office *office) {
    static hm_workload workload; /* one core per process */
    hm_principal principal;
    char by[160];
    HM_TRY(hm_identity_answer_get(hm_buf_bytes(&office->session->workload), &workload));
    office->session->expires = workload.expiry;
    if (hm_now() >= workload.expiry) return hm_refuse("the token by which this session was opened has expired");
    HM_TRY(hm_registry_by_claims(office->registry, workload.issuer, workload.claim, workload.claims, &principal));
    snprintf(by, sizeof by, "%.*s %.*s", (int)workload.issuer.len, (const char *)workload.issuer.data,
             (int)workload.subject.len, (const char *)workload.subject.data);
    return call(office->session, &principal, by), HM_OK;
}

static hm_err look_up(hm_office *office) {
    switch (office->session->who) {
    case HM_WHO_USER:
        return identify_user(office);
    case HM_WHO_KEY:
        return identify_key(office);
    case HM_WHO_WORKLOAD:
        return identify_workload(office);
    default:
        return hm_refuse("nobody has said who he is in this session");
    }
}

hm_err hm_identify(hm_office *office) {
    hm_session *session = office->session;
    HM_TRY(hm_statements_load(office));
    uint64_t statements = hm_registry_size(office->registry);
    bool expired = session->who == HM_WHO_WORKLOAD && hm_now() >= session->expires;
    if (session->identified == statements + 1 && !expired) return HM_OK;
    session->identified = 0;
    HM_TRY(look_up(office));
    session->identified = statements + 1;
    return HM_OK;
}

/* ---- proofs ---- */

hm_err hm_prove_allowed(const hm_office *office) {
    return office->governed && office->session->who == HM_WHO_NOBODY
               ? HM_OK
               : hm_refuse("core language: only a session that a front brought proves who speaks in it, once");
}

hm_err hm_prove_workload(hm_office *office, hm_bytes answer, int64_t *expires) {
    static hm_workload workload;
    hm_session *session = office->session;
    HM_TRY(hm_prove_allowed(office));
    HM_TRY(hm_identity_answer_get(answer, &workload));
    *expires = workload.expiry;
    HM_TRY(hm_put(&session->workload, answer));
    session->who = HM_WHO_WORKLOAD;
    hm_err err = hm_identify(office);
    if (hm_failed(err)) session->who = HM_WHO_NOBODY, hm_buf_clear(&session->workload);
    return err;
}

/* What is signed: this office, this session, this connection. */
hm_err hm_prove_key(hm_office *office, hm_bytes binding, hm_bytes signature) {
    hm_session *session = office->session;
    HM_BUF proved = HM_BUF_EMPTY;
    hm_cose_signature read;
    size_t number;
    hm_bytes spki;
    HM_TRY(hm_prove_allowed(office));
    HM_TRY(hm_statements_load(office));
    HM_TRY(hm_cose_signature_get(signature, &read));
    HM_TRY(hm_statement_signer(office->registry, read.kid, &number, &spki));
    HM_TRY(hm_put(&proved, HM_ARRAY(office->row.uuid)));
    HM_TRY(hm_put(&proved, HM_ARRAY(session->challenge)));
    HM_TRY(hm_put(&proved, binding));
    HM_TRY(hm_cose_verify(HM_COSE_SESSION, hm_buf_bytes(&proved), &read, spki));
    if (read.kid.len != sizeof session->kid) return hm_refuse("the key's name has the wrong length");
    memcpy(session->kid, read.kid.data, sizeof session->kid);
    session->who = HM_WHO_KEY;
    hm_err err = hm_identify(office);
    if (hm_failed(err)) session->who = HM_WHO_NOBODY;
    return err;
}

enum { PROOFS_PER_MINUTE = 20 };

hm_err hm_log_refused_proof(hm_office *office, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    if (fault.class == HM_REFUSED && hm_refusals_in_minute(office, "", PROOFS_PER_MINUTE))
        HM_TRY(hm_log_refused_act(office, "open a session", fault.sentence));
    return hm_fault_raise(&fault);
}
