/* Requests and what became of them: entries of the log, like everything that is asked and decided. An approval is the
 * approver's own signature over the request; it is verified when it is given, and again whenever it lets something
 * through, so that nothing in the database stands for it. */
#include "office.h"

#include <core/statement_envelope.h>
#include <pki/cose.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t hm_requests_tag(const uint8_t request[static HM_SHA256_LEN]) {
    hm_reader reader = hm_reader_of(HM_BYTES(request, HM_SHA256_LEN));
    uint64_t tag = 0;
    return hm_failed(hm_read_u64be(&reader, &tag)) ? 0 : tag;
}

/* An approver may be one in several offices: what he signs here must not be another's request. */
static hm_err get_own(const hm_office *office, hm_bytes body, hm_request *request) {
    HM_TRY(hm_request_get(body, request));
    return memcmp(request->office, office->row.uuid, sizeof request->office) == 0
               ? HM_OK
               : hm_refuse("a request is of another office: the database was changed");
}

/* An entry as its leaf commits to it. */
static hm_err check_entry(const hm_entry_row *entry, hm_leaf *leaf) {
    bool erased;
    HM_TRY(hm_in(hm_leaf_get(entry->leaf, leaf), "entry %llu", (unsigned long long)entry->index));
    HM_TRY(hm_audit_details(leaf, entry, &erased));
    return erased
               ? hm_refuse("the details of entry %llu were erased, so what was decided about a request cannot be told",
                           (unsigned long long)entry->index)
               : HM_OK;
}

static hm_err body_of(const hm_entry_row *entry, hm_buf *body) {
    hm_bytes text;
    hm_leaf leaf;
    bool found;
    HM_TRY(check_entry(entry, &leaf));
    hm_json_member(entry->details, "request", &text, &found);
    if (!found)
        return hm_refuse("the details of entry %llu, a request, are not there", (unsigned long long)entry->index);
    return hm_base64_decode(text, body);
}

/* ---- what was decided ---- */

typedef struct {
    hm_office *office;
    hm_standing *standing;
    hm_bytes body;
    char hex[2 * HM_SHA256_LEN + 1];
    uint64_t used[HM_REQUEST_ARTIFACTS]; /* the intent's number, plus one */
} judging;

/* Is this the signature of somebody who may decide about the request now? */
static hm_err verify_decision(hm_office *office, const hm_request *request, hm_bytes body, hm_cose_object decision,
                              hm_bytes signature, hm_principal *who) {
    hm_cose_signature read;
    size_t number;
    hm_bytes spki;
    HM_TRY(hm_cose_signature_get(signature, &read));
    HM_TRY(hm_statement_signer(office->registry, read.kid, &number, &spki));
    if (!hm_registry_holder(office->registry, number, who)) return hm_refuse("the key is nobody's");
    HM_TRY(hm_cose_verify(decision, body, &read, spki));
    if (hm_bytes_equal(who->name, request->requester))
        return hm_refuse("%.*s asked for this, and cannot decide about it", (int)who->name.len,
                         (const char *)who->name.data);
    return hm_registry_allows(office->registry, who->name, HM_ROLE_APPROVER, request->product, hm_now());
}

static void keep_approver(hm_standing *standing, hm_bytes name) {
    for (size_t i = 0; i < standing->approvers; i++)
        if (hm_bytes_equal(standing->approver[i], name)) return;
    if (standing->approvers < HM_APPROVERS_MAX) standing->approver[standing->approvers++] = name;
}

static bool member_is(hm_bytes details, const char *name, const char *value) {
    hm_bytes text;
    bool found;
    hm_json_member(details, name, &text, &found);
    return found && hm_bytes_equal(text, hm_text(value));
}

/* One that does not verify, or is of somebody who may not decide any more, does not count. */
static void judge_decision(judging *j, hm_bytes details) {
    hm_bytes text;
    bool found;
    HM_BUF signature = HM_BUF_EMPTY;
    hm_principal who;
    bool approval = member_is(details, "act", "approve");
    hm_json_member(details, "signature", &text, &found);
    if (!found || hm_failed(hm_base64_decode(text, &signature))) return;
    if (hm_failed(verify_decision(j->office, j->standing->request, j->body,
                                  approval ? HM_COSE_APPROVAL : HM_COSE_REJECTION, hm_buf_bytes(&signature), &who)))
        return;
    if (approval) {
        keep_approver(j->standing, who.name);
    } else {
        j->standing->state = HM_REQUEST_REJECTED;
        j->standing->closer = who.name;
    }
}

static bool is_artifact(const hm_leaf *leaf, hm_bytes details, const hm_artifact *a) {
    HM_BUF plain = HM_BUF_EMPTY;
    hm_bytes text;
    bool found;
    hm_json_member(details, "plain", &text, &found);
    return found && !hm_failed(hm_put_hex(&plain, a->plain)) && hm_bytes_equal(text, hm_buf_bytes(&plain)) &&
           leaf->format == a->format && member_is(details, "algorithm", hm_key_algorithm_name(a->algorithm)) &&
           hm_bytes_equal(HM_BYTES(leaf->digest, leaf->digest_len), a->content);
}

static void judge_signing(judging *j, const hm_leaf *leaf, const hm_entry_row *entry) {
    const hm_request *request = j->standing->request;
    for (size_t i = 0; i < request->artifacts; i++) {
        if (leaf->type == HM_LEAF_FAILURE && j->used[i] == leaf->intent + 1) j->used[i] = 0;
        if (leaf->type == HM_LEAF_INTENT && member_is(entry->details, "request", j->hex) &&
            is_artifact(leaf, entry->details, &request->artifact[i]))
            j->used[i] = entry->index + 1;
    }
}

static hm_err judge_entry(void *context, const hm_entry_row *entry) {
    judging *j = context;
    hm_leaf leaf;
    HM_TRY(check_entry(entry, &leaf));
    if (leaf.type == HM_LEAF_INTENT || leaf.type == HM_LEAF_FAILURE) return judge_signing(j, &leaf, entry), HM_OK;
    if (leaf.type != HM_LEAF_REQUEST || memcmp(leaf.digest, j->standing->hash, HM_SHA256_LEN) != 0) return HM_OK;
    if (j->standing->state != HM_REQUEST_OPEN) return HM_OK;
    if (member_is(entry->details, "act", "cancel"))
        j->standing->state = HM_REQUEST_CANCELLED;
    else
        judge_decision(j, entry->details);
    return HM_OK;
}

static hm_err judge(hm_office *office, hm_bytes body, hm_standing *standing) {
    static judging j; /* one core per process */
    HM_BUF hex = HM_BUF_EMPTY;
    j = (judging){.office = office, .standing = standing, .body = body};
    hm_sha256(body, standing->hash);
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(standing->hash)));
    memcpy(j.hex, hex.data, hex.len);
    HM_TRY(hm_store_entries_tagged(office->store, hm_requests_tag(standing->hash), judge_entry, &j));
    for (size_t i = 0; i < standing->request->artifacts; i++) {
        standing->used[i] = j.used[i] != 0;
        standing->signatures += standing->used[i];
    }
    if (standing->state == HM_REQUEST_OPEN && hm_now() >= standing->request->expires)
        standing->state = HM_REQUEST_EXPIRED;
    if (standing->state == HM_REQUEST_OPEN && standing->signatures == standing->request->artifacts)
        standing->state = HM_REQUEST_DONE;
    return HM_OK;
}

/* ---- all of them ---- */

/* The store reads one list at a time, and to judge a request is to read another. */
static hm_err keep_index(void *context, const hm_entry_row *entry) {
    /* Of one whose details were erased nothing can be approved or signed any more. */
    return entry->details.len ? hm_put_u64be(context, entry->index) : HM_OK;
}

static hm_err keep_request(void *context, const hm_entry_row *entry) { return body_of(entry, context); }

static hm_err read_one(hm_office *office, uint64_t index, hm_buf *body, hm_request *request, hm_standing *standing) {
    body->len = 0;
    HM_TRY(hm_store_entries(office->store, index, 1, keep_request, body));
    HM_TRY(hm_in(get_own(office, hm_buf_bytes(body), request), "entry %llu", (unsigned long long)index));
    *standing = (hm_standing){.index = index, .body = hm_buf_bytes(body), .request = request};
    HM_TRY(judge(office, standing->body, standing));
    return standing->state == HM_REQUEST_OPEN ? hm_rule_awaits(office, standing) : HM_OK;
}

hm_err hm_requests_list(hm_office *office, hm_standing_visit visit, void *context) {
    static hm_request request; /* one core per process; too large for a stack */
    static hm_standing standing;
    HM_BUF indexes = HM_BUF_EMPTY, body = HM_BUF_EMPTY;
    uint64_t index;
    HM_TRY(hm_statements_load(office));
    if (!office->governed) return HM_OK;
    HM_TRY(hm_store_entries_tagged(office->store, HM_REQUESTS_TAG, keep_index, &indexes));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&indexes));
    while (reader.rest.len) {
        HM_TRY(hm_read_u64be(&reader, &index));
        HM_TRY(read_one(office, index, &body, &request, &standing));
        HM_TRY(visit(context, &standing));
    }
    return HM_OK;
}

/* ---- a session that asks, or compares ---- */

typedef struct {
    char name[HM_REQUEST_NAME_MAX + 1];
    uint8_t plain[HM_SHA256_LEN], content[HM_DIGEST_MAX];
} artifact_storage;

struct hm_noting {
    hm_request request;
    artifact_storage stored[HM_REQUEST_ARTIFACTS];
    hm_buf compared; /* the request that files are compared with, which REQUEST views */
    bool matched[HM_REQUEST_ARTIFACTS];
    uint32_t expires; /* seconds */
    char rule[HM_RULE_NAME];
    bool any_needs;
};

void hm_requests_end(hm_session *session) {
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
    HM_TRY(body_of(entry, &body));
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

hm_err hm_requests_begin(hm_office *office, hm_bytes request) {
    if (office->session->noted) return hm_refuse("core language: a session is for one request");
    hm_noting *noted = office->session->noted = calloc(1, sizeof *noted);
    if (!noted) return hm_no_memory();
    noted->expires = UINT32_MAX;
    if (!request.len) return office->session->noting = HM_NOTING_NEW, HM_OK;
    HM_TRY(find_body(office, request, &noted->compared));
    HM_TRY(get_own(office, hm_buf_bytes(&noted->compared), &noted->request));
    office->session->noting = HM_NOTING_COMPARED;
    return HM_OK;
}

static hm_err compare(hm_noting *noted, const hm_artifact *artifact) {
    for (size_t i = 0; i < noted->request.artifacts; i++) {
        if (!hm_artifact_same(&noted->request.artifact[i], artifact)) continue;
        if (noted->matched[i]) return hm_refuse("is an artifact of the request that was named before");
        noted->matched[i] = true;
        return HM_OK;
    }
    return hm_refuse("is not what the request asks for (another file, or it was changed)");
}

static hm_err keep(hm_noting *noted, const hm_artifact *artifact) {
    hm_request *request = &noted->request;
    artifact_storage *own = &noted->stored[request->artifacts];
    if (request->artifacts == HM_REQUEST_ARTIFACTS)
        return hm_refuse("a request has at most %d artifacts", HM_REQUEST_ARTIFACTS);
    if (artifact->name.len > HM_REQUEST_NAME_MAX) return hm_refuse("its name is too long for a request");
    for (size_t i = 0; i < request->artifacts; i++)
        if (hm_artifact_same(&request->artifact[i], artifact)) return hm_refuse("is in the request already");
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
    if (asked->artifact->format == HM_LOGGED_MANIFEST)
        return hm_refuse("envelopes cannot be requested yet, only be signed where the policy needs no approval");
    if (office->session->noting == HM_NOTING_COMPARED) return compare(noted, asked->artifact);
    HM_TRY(hm_rule_decide(office, asked, true, &answer));
    HM_TRY(keep(noted, asked->artifact));
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
    hm_json json = hm_json_canonical(&details);
    bool is_new = strcmp(act, "request") == 0;
    HM_TRY(hm_put_base64(&base64, is_new ? about->body : signature));
    hm_json_object(&json, NULL);
    hm_json_string(&json, "act", act);
    hm_json_string(&json, "actor", office->session->actor);
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
    const hm_request *r = standing->request, *wanted = search->wanted;
    if (standing->state != HM_REQUEST_OPEN || r->artifacts != wanted->artifacts ||
        !hm_bytes_equal(r->requester, wanted->requester) || !hm_bytes_equal(r->product, wanted->product) ||
        !hm_bytes_equal(r->release, wanted->release))
        return HM_OK;
    for (size_t i = 0; i < wanted->artifacts; i++)
        if (!hm_artifact_same(&r->artifact[i], &wanted->artifact[i])) return HM_OK;
    search->found = true;
    search->index = standing->index;
    memcpy(search->hash, standing->hash, sizeof search->hash);
    return HM_OK;
}

hm_err hm_requests_close(hm_office *office, bool *needed, uint64_t *index, uint8_t hash[static HM_SHA256_LEN]) {
    HM_BUF body = HM_BUF_EMPTY;
    hm_noting *noting = office->session->noted;
    if (office->session->noting != HM_NOTING_NEW || !office->session->product.id)
        return hm_refuse("core language: request-close comes after narrow, in a session that request-begin began");
    hm_request *noted = &noting->request;
    if (!noted->artifacts) return hm_refuse("there is nothing to request");
    *needed = noting->any_needs;
    if (!noting->any_needs) return HM_OK;
    memcpy(noted->office, office->row.uuid, sizeof noted->office);
    noted->requester = hm_text(office->session->principal);
    noted->product = hm_text(office->session->product.name);
    noted->release = hm_text(office->session->release);
    same_search same = {.wanted = noted};
    HM_TRY(hm_requests_list(office, find_same, &same));
    office->session->noting = HM_NOTING_DONE;
    if (same.found) return *index = same.index, memcpy(hash, same.hash, sizeof same.hash), HM_OK;
    noted->rule = hm_text(noting->rule);
    noted->time = hm_now();
    noted->expires = noted->time + (int64_t)noting->expires;
    noted->statements = hm_rule_version(office);
    HM_TRY(hm_request_put(noted, &body));
    hm_standing about = {.body = hm_buf_bytes(&body), .request = noted};
    hm_sha256(about.body, hash);
    memcpy(about.hash, hash, sizeof about.hash);
    return append(office, &office->session->product, &about, "request", HM_NO_BYTES, index);
}

static const char *const state_words[] = {"open", "rejected", "cancelled", "expired", "done"};
const char *hm_request_state_word(hm_request_state state) { return state_words[state]; }

static hm_err check_decision(hm_office *office, hm_decision decision, hm_standing *standing, hm_bytes signature) {
    hm_principal who;
    if (standing->state != HM_REQUEST_OPEN)
        return hm_refuse("the request is %s", hm_request_state_word(standing->state));
    if (decision == HM_DECISION_CANCEL) {
        HM_TRY(hm_rule_who(office));
        if (!hm_bytes_equal(hm_text(office->session->principal), standing->request->requester))
            return hm_refuse("only who asked cancels a request (an approver rejects it)");
        standing->closer = standing->request->requester;
        return HM_OK;
    }
    HM_TRY(verify_decision(office, standing->request, standing->body,
                           decision == HM_DECISION_APPROVE ? HM_COSE_APPROVAL : HM_COSE_REJECTION, signature, &who));
    for (size_t i = 0; decision == HM_DECISION_APPROVE && i < standing->approvers; i++)
        if (hm_bytes_equal(standing->approver[i], who.name))
            return hm_refuse("%.*s has approved this already", (int)who.name.len, (const char *)who.name.data);
    standing->closer = who.name;
    return HM_OK;
}

hm_err hm_requests_decide(hm_office *office, hm_bytes request, hm_decision decision, hm_bytes signature, bool checked) {
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
    HM_TRY(get_own(office, hm_buf_bytes(&body), &about));
    HM_TRY(hm_product_find(office, about.product, &product));
    hm_standing standing = {.body = hm_buf_bytes(&body), .request = &about};
    HM_TRY(judge(office, standing.body, &standing));
    standing.checked = checked;
    HM_TRY(check_decision(office, decision, &standing, signature));
    return append(office, &product, &standing, acts[decision], signature, &index);
}

/* ---- what lets a signature through ---- */

static bool asks_for(const hm_request *request, const hm_office *office, const hm_artifact *artifact, size_t *which) {
    if (!hm_bytes_equal(request->product, hm_text(office->session->product.name)) ||
        !hm_bytes_equal(request->release, hm_text(office->session->release)) ||
        !hm_bytes_equal(request->requester, hm_text(office->session->principal)) ||
        memcmp(request->office, office->row.uuid, sizeof request->office) != 0)
        return false;
    for (*which = 0; *which < request->artifacts; ++*which)
        if (hm_artifact_same(&request->artifact[*which], artifact)) return true;
    return false;
}

typedef struct {
    const hm_office *office;
    const hm_artifact *artifact;
    hm_approval *approval;
} search;

static const char *const why_closed[] = {"", "its request was rejected", "its request was cancelled",
                                         "its request has expired", "its request was used: all of it was signed"};

/* The one with the most approvals; why the last one was none is said if there is none. */
static hm_err consider(void *context, const hm_standing *standing) {
    search *s = context;
    size_t which;
    if (!asks_for(standing->request, s->office, s->artifact, &which)) return HM_OK;
    if (standing->used[which]) {
        if (!s->approval->found) s->approval->why = "its request was used: it was signed already";
        return HM_OK;
    }
    if (standing->state != HM_REQUEST_OPEN) {
        if (!s->approval->found) s->approval->why = why_closed[standing->state];
        return HM_OK;
    }
    if (s->approval->found && s->approval->approvers >= standing->approvers) return HM_OK;
    s->approval->found = true;
    memcpy(s->approval->request, standing->hash, sizeof s->approval->request);
    s->approval->approvers = standing->approvers;
    memcpy(s->approval->approver, standing->approver, sizeof s->approval->approver);
    return HM_OK;
}

hm_err hm_requests_find(hm_office *office, const hm_artifact *artifact, hm_approval *approval) {
    search s = {.office = office, .artifact = artifact, .approval = approval};
    *approval = (hm_approval){.found = false};
    return hm_requests_list(office, consider, &s);
}
