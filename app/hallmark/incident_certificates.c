/* The certificates of an incident's key, and the revocation list that names them. */
#include "incident_certificates.h"
#include "office_access.h"
#include "request_list.h"

#include <base/file.h>
#include <base/json.h>
#include <client/office.h>
#include <pki/crl.h>

#include <stdio.h>
#include <time.h>

enum { ROLE_ROOT = 1, ROLE_PRODUCT_CA = 3 };

void hm_incident_keep_since(hm_incident *i, int64_t said) {
    char day[32] = "";
    struct tm tm;
    time_t time = (time_t)said;
    if (gmtime_r(&time, &tm)) strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!said && i->since)
        fprintf(stderr, "hallmark: note: that was said before without a time, which stands: all that it signed is in "
                        "doubt, and --since is ignored\n");
    else if (i->since < said)
        fprintf(stderr,
                "hallmark: note: it was said before to be so since %s, which stands: --since, which is earlier, "
                "is ignored\n",
                day);
    i->since = said;
}

static void take_certificate(hm_incident *i, const hm_message *cert) {
    for (size_t k = 0; k < i->certificates; k++) {
        hm_incident_certificate *c = &i->certificate[k];
        if (!hm_bytes_equal(cert->field[HM_CERT_CERTIFICATE].bytes, HM_ARRAY(c->sha256))) continue;
        hm_text_copy(c->serial, sizeof c->serial, cert->field[HM_CERT_SERIAL].bytes);
        hm_text_copy(c->subject, sizeof c->subject, cert->field[HM_CERT_SUBJECT].bytes);
        c->not_after = (int64_t)cert->field[HM_CERT_NOT_AFTER].number;
        c->revoked = (int64_t)cert->field[HM_CERT_REVOKED].number;
        c->invalidity = (int64_t)cert->field[HM_CERT_INVALIDITY].number;
        uint64_t reason = cert->field[HM_CERT_REASON].number;
        c->imported = (cert->field[HM_CERT_MARKS].number & HM_CERT_IMPORTED) != 0;
        c->compromised = c->revoked && (reason == HM_CRL_KEY_COMPROMISE || reason == HM_CRL_CA_COMPROMISE);
    }
}

static void note_issuer(hm_incident *i, hm_bytes sha256, hm_bytes issuer) {
    for (size_t k = 0; k < i->certificates; k++) {
        hm_incident_certificate *c = &i->certificate[k];
        if (hm_bytes_equal(sha256, HM_ARRAY(c->sha256))) hm_text_copy(c->issuer, sizeof c->issuer, issuer);
    }
}

static hm_err note_certified(hm_incident *i, const hm_message *entry) {
    hm_bytes details = entry->field[HM_LOG_ENTRY_DETAILS].bytes, act = hm_json_text_of(details, "act");
    hm_leaf leaf;
    bool certified =
        hm_bytes_equal(act, hm_text("certificate issued")) || hm_bytes_equal(act, hm_text("certificate brought in"));
    if (!certified || !hm_bytes_equal(hm_json_text_of(details, "key"), hm_text(i->subject))) return HM_OK;
    HM_TRY(hm_leaf_get(entry->field[HM_LOG_ENTRY_LEAF].bytes, &leaf));
    hm_bytes sha256 = HM_BYTES(leaf.digest, leaf.digest_len);
    HM_TRY(hm_incident_note_certificate(i, sha256));
    note_issuer(i, sha256, hm_json_text_of(details, "issuer"));
    return HM_OK;
}

/* Those that others have replaced, and those that nothing was signed with, too. */
static hm_err find_certified(hm_incident *i, hm_connection *office) {
    hm_message question = {.type = HM_MSG_LOG_SEARCH}, answer;
    question.field[HM_LOG_SEARCH_KEY].bytes = hm_text(i->subject);
    question.field[HM_LOG_SEARCH_TYPE].bytes = hm_text("ceremony");
    HM_TRY(hm_ask(office, &question, &answer));
    while (answer.type != HM_MSG_DONE) {
        if (answer.type == HM_MSG_LOG_ENTRY) HM_TRY(note_certified(i, &answer));
        HM_TRY(hm_listen(office, &answer));
    }
    return HM_OK;
}

hm_err hm_incident_list_certificates(hm_incident *i, hm_connection *office) {
    hm_message question = {.type = HM_MSG_CERT_LIST}, answer;
    HM_TRY(find_certified(i, office));
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more = true;;) {
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_CERT, &more));
        if (!more) return HM_OK;
        take_certificate(i, &answer);
        HM_TRY(hm_listen(office, &answer));
    }
}

static hm_err revoke_one(const hm_incident *i, hm_connection *office, const hm_incident_certificate *c) {
    hm_message question = {.type = HM_MSG_CERT_REVOKE}, answer;
    question.field[HM_CERT_REVOKE_CERTIFICATE].bytes = HM_ARRAY(c->sha256);
    question.field[HM_CERT_REVOKE_REASON].number = HM_CRL_KEY_COMPROMISE;
    question.field[HM_CERT_REVOKE_INVALIDITY].number = (uint64_t)i->since;
    return hm_in(hm_ask(office, &question, &answer), "certificate %s", c->serial);
}

/* One officer alone revokes a certificate: what was said so is no later beginning of what is in doubt. */
static void take_said(hm_incident *i) {
    for (size_t k = 0; k < i->certificates; k++)
        if (i->certificate[k].compromised && i->certificate[k].invalidity < i->since)
            i->since = i->certificate[k].invalidity;
}

/* Is it still to be said of it? */
static bool is_to_be_revoked(const hm_incident *i, const hm_incident_certificate *c) {
    return !c->compromised || c->invalidity > i->since;
}

hm_err hm_incident_revoke_destroyed(hm_incident *i, hm_connection *office) {
    size_t revoked = 0;
    HM_TRY(hm_incident_list_certificates(i, office));
    take_said(i);
    for (size_t k = 0; k < i->certificates; k++) {
        const hm_incident_certificate *c = &i->certificate[k];
        bool ours = c->serial[0] && !c->imported && i->role_number != ROLE_ROOT;
        if (ours && is_to_be_revoked(i, c)) HM_TRY(revoke_one(i, office, c));
        revoked += ours;
    }
    fprintf(stderr, "hallmark: note: the key was destroyed before; %s\n",
            revoked ? "its certificates are revoked" : "it has no certificate that could be revoked");
    return HM_OK;
}

void hm_incident_print_to_ask(const hm_incident *i) {
    for (size_t k = 0; k < i->certificates; k++)
        if (i->certificate[k].imported)
            printf("Ask %s to revoke certificate %s, which it has issued: this office's lists cannot\n",
                   i->certificate[k].issuer, i->certificate[k].serial);
}

/* Its authority's list: of a signing key the product's CA, of a CA the root's. */
static hm_err write_crl(hm_incident *i, hm_connection *office, int folder) {
    hm_message question = {.type = HM_MSG_CRL}, answer;
    bool of_product = i->product[0] && i->role_number != ROLE_PRODUCT_CA;
    if (i->role_number == ROLE_ROOT) {
        fprintf(stderr, "hallmark: note: nobody revokes a root: take it out of every trust store, and found the office "
                        "anew (docs/security-officer.md)\n");
        return HM_OK;
    }
    question.field[HM_CRL_PRODUCT].bytes = hm_text(of_product ? i->product : "");
    HM_TRY(hm_ask(office, &question, &answer));
    snprintf(i->crl, sizeof i->crl, "%.64s.crl", of_product ? i->product : "root");
    return hm_file_write(folder, i->crl, answer.field[HM_BYTES_CONTENT].bytes, 0644);
}

hm_err hm_incident_try_crl(hm_incident *i, hm_connection *office, int folder, bool *made) {
    hm_err err = write_crl(i, office, folder);
    *made = !hm_failed(err);
    if (*made || err.class != HM_REFUSED) return err;
    i->crl[0] = 0;
    fprintf(stderr, "hallmark: there is no new revocation list: %s\n", hm_err_sentence());
    return HM_OK;
}
