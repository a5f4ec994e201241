/* What is said about requests: a session that asks for one or compares files with one, and what is decided. */
#include "request_standing.h"

#include <stdlib.h>
#include <string.h>

/* ---- a session that asks, or compares ---- */

void hm_requests_end(hm_session *session) {
    if (session->noted) hm_publish_end(session->noted);
    if (session->noted) hm_buf_clear(&session->noted->compared);
    free(session->noted);
    session->noted = NULL;
    session->noting = HM_NOTING_NOTHING;
}

typedef struct {
    const uint8_t *hash;
    hm_buf *body;
    bool found;
} body_search;

static hm_err keep_body(void *context, const hm_entry_row *entry) {
    body_search *s = context;
    HM_BUF body = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    if (!entry->details.len) return HM_OK;
    HM_TRY(hm_request_body(entry, &body));
    hm_sha256(hm_buf_bytes(&body), hash);
    if (memcmp(hash, s->hash, sizeof hash) != 0) return HM_OK;
    s->found = true;
    s->body->len = 0;
    return hm_put(s->body, hm_buf_bytes(&body));
}

static hm_err find_body(hm_office *office, hm_bytes hash, hm_buf *body) {
    body_search s = {.hash = hash.data, .body = body};
    HM_TRY(hm_store_entries_tagged(office->store, HM_REQUESTS_TAG, keep_body, &s));
    return s.found ? HM_OK : hm_refuse("there is no such request (hallmark status lists them)");
}

static hm_err begin(hm_office *office, hm_bytes request, hm_noting *noted) {
    noted->expires = UINT32_MAX;
    if (!request.len) return HM_OK;
    HM_TRY(find_body(office, request, &noted->compared));
    return hm_request_own(office, hm_buf_bytes(&noted->compared), &noted->request);
}

hm_err hm_requests_begin(hm_office *office, hm_bytes request) {
    hm_session *session = office->session;
    if (session->noted) return hm_refuse("core language: a session is for one request");
    session->noted = calloc(1, sizeof *session->noted);
    if (!session->noted) return hm_no_memory();
    hm_err err = begin(office, request, session->noted);
    session->noting = request.len ? HM_NOTING_COMPARED : HM_NOTING_NEW;
    if (!hm_failed(err)) return HM_OK;
    hm_fault fault = hm_fault_keep(err);
    hm_requests_end(session);
    return hm_fault_raise(&fault);
}

/* A file that is let out is so under its name. */
static bool is_same(const hm_request *request, const hm_artifact *a, const hm_artifact *b) {
    return hm_artifact_same(a, b) && (!request->publish || hm_bytes_equal(a->name, b->name));
}

bool hm_request_same(const hm_request *a, const hm_request *b) {
    if (a->artifacts != b->artifacts || a->publish != b->publish || !hm_bytes_equal(a->requester, b->requester) ||
        !hm_bytes_equal(a->product, b->product) || !hm_bytes_equal(a->release, b->release) ||
        !hm_bytes_equal(a->by, b->by) || !hm_documents_same(&a->documents, &b->documents))
        return false;
    for (size_t i = 0; i < a->artifacts; i++)
        if (!is_same(a, &a->artifact[i], &b->artifact[i])) return false;
    return true;
}

/* Of a native release all artifacts are one manifest, for several keys. */
static hm_err keep_manifest(hm_noting *noted, hm_bytes manifest) {
    hm_bytes *kept = &noted->request.manifest;
    if (manifest.len > sizeof noted->manifest) return hm_refuse("the manifest is too long for a request");
    if (noted->request.artifacts)
        return hm_bytes_equal(*kept, manifest) ? HM_OK : hm_refuse("a request is for one manifest, or for files");
    memcpy(noted->manifest, manifest.data, manifest.len);
    *kept = HM_BYTES(noted->manifest, manifest.len);
    return HM_OK;
}

hm_err hm_request_keep(hm_noting *noted, const hm_artifact *artifact) {
    hm_request *request = &noted->request;
    hm_artifact_storage *own = &noted->stored[request->artifacts];
    if (request->artifacts == HM_REQUEST_ARTIFACTS)
        return hm_refuse("a request has at most %d artifacts", HM_REQUEST_ARTIFACTS);
    if (artifact->name.len > HM_REQUEST_NAME_MAX) return hm_refuse("its name is too long for a request");
    for (size_t i = 0; i < request->artifacts; i++)
        if (is_same(request, &request->artifact[i], artifact)) return hm_refuse("is in the request already");
    memcpy(own->name, artifact->name.data, artifact->name.len);
    memcpy(own->plain, artifact->plain.data, artifact->plain.len);
    memcpy(own->content, artifact->content.data, artifact->content.len);
    hm_artifact *a = &request->artifact[request->artifacts++];
    *a = *artifact;
    a->name = HM_BYTES(own->name, artifact->name.len);
    a->plain = HM_BYTES(own->plain, artifact->plain.len);
    a->content = HM_BYTES(own->content, artifact->content.len);
    return HM_OK;
}

hm_err hm_requests_note(hm_office *office, const hm_rule_request *asked) {
    hm_rule_answer answer;
    hm_noting *noted = office->session->noted;
    if (office->session->cosign)
        return hm_refuse("a co-signature cannot be requested, only be made where the policy needs no approval");
    if (noted->request.publish) return hm_refuse("the request is for publishing, and not for signatures");
    if (office->session->noting == HM_NOTING_COMPARED)
        return hm_request_match(&noted->request, asked->artifact, noted->matched);
    HM_TRY(hm_rule_decide(office, asked, true, &answer));
    HM_TRY(keep_manifest(noted, asked->manifest));
    HM_TRY(hm_request_keep(noted, asked->artifact));
    if (!answer.needs_approvals) return HM_OK;
    noted->any_needs = true;
    if (answer.expires < noted->expires) {
        noted->expires = answer.expires;
        memcpy(noted->rule, answer.rule, sizeof noted->rule);
    }
    return HM_OK;
}

/* ---- entries ---- */

static hm_err append(hm_office *office, const hm_product *product, const hm_standing *about, const char *act,
                     hm_bytes signature, uint64_t *index) {
    HM_BUF details = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY;
    bool is_new = strcmp(act, "request") == 0;
    HM_TRY(hm_put_base64(&base64, is_new ? about->body : signature));
    hm_json json = hm_log_act(office, act, &details);
    if (strcmp(act, "approve") == 0 && about->request->documents.count)
        hm_json_bool(&json, "documents_checked", about->documents_checked);
    if (strcmp(act, "approve") == 0) hm_json_bool(&json, "files_checked", about->checked);
    hm_json_string(&json, "product", product->name);
    hm_json_text(&json, "release", about->request->release);
    if (is_new) hm_json_text(&json, "request", hm_buf_bytes(&base64));
    hm_json_hex(&json, "request_hash", HM_ARRAY(about->hash));
    if (!is_new && signature.len) hm_json_text(&json, "signature", hm_buf_bytes(&base64));
    hm_json_number(&json, "time", hm_now());
    if (about->closer.len) hm_json_text(&json, "who", about->closer);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_REQUEST,
                        .product = product,
                        .digest = HM_ARRAY(about->hash),
                        .details = hm_buf_bytes(&details),
                        .tag = is_new ? HM_REQUESTS_TAG : hm_requests_tag(about->hash)};
    return hm_log_now(office, &record, index);
}

typedef struct {
    const hm_request *wanted;
    bool found;
    uint64_t index;
    uint8_t hash[HM_SHA256_LEN];
} same_search;

/* Is this open one what was noted? Then asking again, as a pipeline that was started anew does, asks for nothing new.
 */
static hm_err find_same(void *context, const hm_standing *standing) {
    same_search *search = context;
    /* One that was begun to be used is not asked for again: what is left of it may be too little. */
    if (standing->state != HM_REQUEST_OPEN || standing->signatures ||
        !hm_request_same(standing->request, search->wanted))
        return HM_OK;
    search->found = true;
    search->index = standing->index;
    memcpy(search->hash, standing->hash, sizeof search->hash);
    return HM_OK;
}

hm_err hm_request_fill(hm_office *office, hm_noting *noting) {
    hm_request *noted = &noting->request;
    memcpy(noted->office, office->row.uuid, sizeof noted->office);
    /* An office without founders has one principal, who has no name. */
    noted->requester = hm_text(office->session->principal[0] ? office->session->principal : "owner");
    noted->product = hm_text(office->session->product.name);
    noted->release = hm_text(office->session->release);
    noted->rule = hm_text(noting->rule);
    noted->time = hm_now();
    noted->expires = noted->time + (int64_t)noting->expires;
    noted->statements = hm_rule_version(office);
    HM_TRY(hm_session_documents(office, &noted->documents));
    return noted->artifacts ? HM_OK : hm_refuse("there is nothing to request");
}

/* A request's name is its hash: one that was closed within this very second has that of the same asked again. */
static hm_err put_new(hm_office *office, hm_request *noted, hm_buf *body, uint8_t hash[static HM_SHA256_LEN]) {
    HM_BUF other = HM_BUF_EMPTY;
    body_search same = {.hash = hash, .body = &other, .found = true};
    for (; same.found; noted->time++, noted->expires++) {
        same.found = false;
        body->len = 0;
        HM_TRY(hm_request_put(noted, body));
        hm_sha256(hm_buf_bytes(body), hash);
        HM_TRY(hm_store_entries_tagged(office->store, HM_REQUESTS_TAG, keep_body, &same));
    }
    return HM_OK;
}

hm_err hm_request_make(hm_office *office, hm_noting *noting, uint64_t *index, uint8_t hash[static HM_SHA256_LEN]) {
    HM_BUF body = HM_BUF_EMPTY;
    hm_request *noted = &noting->request;
    HM_TRY(hm_request_fill(office, noting));
    same_search same = {.wanted = noted};
    HM_TRY(hm_requests_list(office, find_same, &same));
    office->session->noting = HM_NOTING_DONE;
    if (same.found) return *index = same.index, memcpy(hash, same.hash, sizeof same.hash), HM_OK;
    HM_TRY(put_new(office, noted, &body, hash));
    hm_standing about = {.body = hm_buf_bytes(&body), .request = noted};
    memcpy(about.hash, hash, sizeof about.hash);
    return append(office, &office->session->product, &about, "request", HM_NO_BYTES, index);
}

hm_err hm_requests_close(hm_office *office, bool *needed, uint64_t *index, uint8_t hash[static HM_SHA256_LEN]) {
    hm_noting *noting = office->session->noted;
    if (office->session->noting != HM_NOTING_NEW || !office->session->product.id || noting->publishing)
        return hm_refuse("core language: request-close comes after narrow, in a session that request-begin began");
    if (!noting->request.artifacts && !office->session->any_kept) return hm_refuse("there is nothing to request");
    *needed = noting->any_needs;
    return *needed ? hm_request_make(office, noting, index, hash) : HM_OK;
}

static hm_err check_decision(hm_office *office, hm_decision decision, hm_standing *standing, hm_bytes signature) {
    hm_principal who;
    if (standing->state != HM_REQUEST_OPEN)
        return hm_refuse("the request is %s", hm_request_state_word(standing->state));
    if (decision == HM_DECISION_CANCEL) {
        HM_TRY(hm_identify(office));
        if (!hm_bytes_equal(hm_text(office->session->principal), standing->request->requester))
            return hm_refuse("only who asked cancels a request (an approver rejects it)");
        standing->closer = standing->request->requester;
        return HM_OK;
    }
    HM_TRY(hm_request_verify_decision(office, standing->request, standing->body,
                                      decision == HM_DECISION_APPROVE ? HM_COSE_APPROVAL : HM_COSE_REJECTION, signature,
                                      &who));
    for (size_t i = 0; decision == HM_DECISION_APPROVE && i < standing->approvers; i++)
        if (hm_bytes_equal(standing->approver[i], who.name))
            return hm_refuse("%.*s has approved this already", (int)who.name.len, (const char *)who.name.data);
    standing->closer = who.name;
    return HM_OK;
}

hm_err hm_requests_decide(hm_office *office, hm_bytes request, hm_decision decision, hm_bytes signature, bool checked,
                          bool documents_checked) {
    static const char *const acts[] = {"", "approve", "reject", "cancel"};
    static hm_request about;
    HM_BUF body = HM_BUF_EMPTY;
    hm_product product;
    uint64_t index;
    if (!office->governed) return hm_refuse("this office has no founders, so nothing in it is requested");
    if (decision < HM_DECISION_APPROVE || decision > HM_DECISION_CANCEL)
        return hm_refuse("core language: there is no decision %d", (int)decision);
    HM_TRY(hm_statements_load(office));
    HM_TRY(find_body(office, request, &body));
    HM_TRY(hm_request_own(office, hm_buf_bytes(&body), &about));
    HM_TRY(hm_product_find(office, about.product, &product));
    hm_standing standing = {.body = hm_buf_bytes(&body), .request = &about};
    HM_TRY(hm_request_judge(office, standing.body, &standing));
    standing.checked = checked;
    standing.documents_checked = documents_checked;
    HM_TRY(check_decision(office, decision, &standing, signature));
    return append(office, &product, &standing, acts[decision], signature, &index);
}
