#include "cosign_check.h"

#include "list_hold.h"
#include "native_file.h"
#include "trust_file.h"

#include <string.h>

typedef struct {
    const hm_cose_envelope *envelope;
    const hmv_release *release;
    const hm_native_key *own;
    const hm_trust_list *list; /* NULL: none was given */
    hm_buf *words;
    size_t others, by_publisher;
} checking;

/* Keys. */

static const hm_list_key *key_of(const hm_list_publisher *publisher, hm_bytes kid) {
    for (size_t i = 0; i < publisher->keys; i++)
        if (hm_bytes_equal(kid, HM_ARRAY(publisher->key[i].kid))) return &publisher->key[i];
    return NULL;
}

static bool is_revoked(const hm_trust_list *list, hm_bytes kid) {
    for (size_t i = 0; i < list->revoked; i++)
        if (hm_bytes_equal(kid, HM_ARRAY(list->revoked_key[i].kid))) return true;
    return false;
}

static hm_err spki_of(const hm_list_key *key, hm_buf *spki) {
    hm_reader reader = hm_reader_of(HM_BYTES(key->cose, key->len));
    hm_cose_key parts;
    HM_TRY(hm_cose_key_get(&reader, &parts));
    return hm_cose_key_spki(&parts, spki);
}

/* By a key that the list gives to a publisher; the manifest's own counts as its word. */
static hm_err check_by_list(checking *c, const hm_cose_signature *signature, bool *known) {
    HM_BUF spki = HM_BUF_EMPTY;
    *known = false;
    if (!c->list) return HM_OK;
    if (is_revoked(c->list, signature->kid)) return hm_refuse("is by a key that the trust list revokes");
    for (size_t i = 0; i < c->list->publishers && !*known; i++) {
        const hm_list_publisher *publisher = &c->list->publisher[i];
        const hm_list_key *key = key_of(publisher, signature->kid);
        if (!key) continue;
        HM_TRY(spki_of(key, &spki));
        HM_TRY(hm_cose_verify(HM_COSE_MANIFEST, c->envelope->payload, signature, hm_buf_bytes(&spki)));
        c->by_publisher +=
            hm_bytes_equal(HM_ARRAY(publisher->uuid), hm_native_bytes(c->release->publisher)) && !publisher->retired;
        HM_TRY(hm_put_format(c->words, "good, by %s of trust list %llu\n", publisher->name,
                             (unsigned long long)c->list->version));
        *known = true;
    }
    return HM_OK;
}

static hm_err check_by_certificate(checking *c, const hm_cose_signature *signature) {
    hm_bytes spki;
    hm_cert_info info;
    if (!signature->chain.count)
        return hm_refuse("carries no certificate, so it cannot be verified (--trust LIST names a trust list with its "
                         "signer's key)");
    HM_TRY(hm_cert_spki(signature->chain.cert[0], &spki));
    HM_TRY(hm_cose_verify(HM_COSE_MANIFEST, c->envelope->payload, signature, spki));
    HM_TRY(hm_cert_describe(signature->chain.cert[0], &info));
    return hm_put_format(c->words, "good, by %s (%s)%s, whose certificate was not judged\n", info.common_name,
                         info.organization, info.development ? ", DEVELOPMENT" : "");
}

/* Signatures. */

static hm_err check_signature(checking *c, const hm_cose_signature *signature) {
    bool known;
    if (hm_bytes_equal(signature->kid, HM_ARRAY(c->own->kid))) {
        HM_TRY(hm_cose_verify(HM_COSE_MANIFEST, c->envelope->payload, signature, hm_buf_bytes(&c->own->spki)));
        return hm_put_text(c->words, "good, by this very key\n");
    }
    c->others++;
    HM_TRY(check_by_list(c, signature, &known));
    return known ? HM_OK : check_by_certificate(c, signature);
}

static hm_err check_signatures(checking *c) {
    for (size_t i = 0; i < c->envelope->signatures; i++) {
        HM_TRY(hm_put_format(c->words, "  signature %zu: ", i + 1));
        HM_TRY(hm_in(check_signature(c, &c->envelope->signature[i]), "signature %zu", i + 1));
    }
    if (!c->others) return hm_refuse("nobody else has signed it: its publisher signs first");
    return c->list && !c->by_publisher
               ? hm_refuse("none of its signatures is by a key that the trust list gives to its publisher")
               : HM_OK;
}

static hm_err check_with_list(checking *c, const hm_cosign_terms *terms) {
    hm_bytes trust = terms->trust;
    static hm_device_list held;
    HM_LIST_FILE file = {.list = NULL};
    hm_list_files files;
    if (!trust.len) return check_signatures(c);
    HM_TRY(hm_list_hold(&held, trust, terms->trust_name));
    HM_TRY(hm_list_files_of(trust, &files));
    HM_TRY(hm_list_file_open(files.list[files.count - 1], &file));
    c->list = file.list;
    return check_signatures(c);
}

/* Payloads. The format's own reader checks once more that each signer is one that the manifest names, in its order. */
static hm_err check_as_file(hm_parser *parser, const hm_job *job, const hm_payloads *payloads) {
    hm_input input = {.content = job->content, .payloads = payloads};
    hm_differences differences = {parser, job, HM_BUF_EMPTY, HM_OK};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    hm_subject *subject = NULL;
    HM_TRY(hm_format_native.open(&input, &subject));
    hm_err err = hm_format_native.digest(subject, &digests, NULL, NULL, hm_difference, &differences);
    hm_format_native.close(subject);
    hm_buf_clear(&differences.json);
    return err;
}

static hm_err check_file(hm_parser *parser, const hm_job *job, bool with_payloads) {
    hm_payload_finder finder;
    hm_payloads payloads = hm_payloads_of(&finder, parser, job);
    payloads.partial = true;
    hm_err err = check_as_file(parser, job, with_payloads ? &payloads : NULL);
    hm_payload_finder_clear(&finder);
    return err;
}

hm_err hm_cosign_check(hm_parser *parser, const hm_job *job, const hm_cosign_terms *terms,
                       const hm_cose_envelope *envelope, const hmv_release *release, const hm_native_key *own,
                       hm_buf *words) {
    checking c = {.envelope = envelope, .release = release, .own = own, .words = words};
    HM_TRY(check_with_list(&c, terms));
    return check_file(parser, job, terms->payloads);
}
