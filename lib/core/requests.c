/* Requests and what became of them: entries of the log, like everything that is asked and decided. An approval is the
 * approver's own signature over the request; it is verified when it is given, and again whenever it lets something
 * through, so that nothing in the database stands for it. */
#include "request_standing.h"

#include <core/statement_envelope.h>
#include <pki/cose.h>

#include <stdio.h>
#include <string.h>

uint64_t hm_requests_tag(const uint8_t request[static HM_SHA256_LEN]) {
    hm_reader reader = hm_reader_of(HM_BYTES(request, HM_SHA256_LEN));
    uint64_t tag = 0;
    return hm_failed(hm_read_u64be(&reader, &tag)) ? 0 : tag;
}

hm_err hm_request_own(const hm_office *office, hm_bytes body, hm_request *request) {
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

hm_err hm_request_body(const hm_entry_row *entry, hm_buf *body) {
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

hm_err hm_request_verify_decision(hm_office *office, const hm_request *request, hm_bytes body, hm_cose_object decision,
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

static bool is_among(const hm_bytes *names, size_t count, hm_bytes name) {
    for (size_t i = 0; i < count; i++)
        if (hm_bytes_equal(names[i], name)) return true;
    return false;
}

static void keep_name(hm_bytes *names, size_t *count, hm_bytes name) {
    if (!is_among(names, *count, name) && *count < HM_APPROVERS_MAX) names[(*count)++] = name;
}

static bool member_is(hm_bytes details, const char *name, const char *value) {
    hm_bytes text;
    bool found;
    hm_json_member(details, name, &text, &found);
    return found && hm_bytes_equal(text, hm_text(value));
}

/* A key that is somebody's must have made it. One that is nobody's now cannot be asked: that its signature was good is
 * then the word of the core that took it. */
static hm_err may_be_by(const judging *j, hm_bytes signature, hm_bytes name, bool *may) {
    const hm_registry *registry = j->office->registry;
    hm_cose_signature read;
    hm_principal holder;
    hm_bytes spki;
    size_t number;
    HM_TRY(hm_decided(hm_cose_signature_get(signature, &read), may));
    if (!*may) return HM_OK;
    HM_TRY(hm_decided(hm_statement_signer(registry, read.kid, &number, &spki), may));
    if (!*may) return *may = true, HM_OK;
    *may = hm_registry_holder(registry, number, &holder) && hm_bytes_equal(holder.name, name);
    return *may ? hm_decided(hm_cose_verify(HM_COSE_APPROVAL, j->body, &read, spki), may) : HM_OK;
}

/* It lets nothing through, and is told: who looks back wants to know on whose word something was signed. */
static hm_err keep_former(judging *j, hm_bytes signature, hm_bytes name) {
    hm_principal p;
    for (size_t i = 0; hm_registry_principal(j->office->registry, i, &p); i++) {
        bool may = false;
        if (hm_bytes_equal(p.name, name)) HM_TRY(may_be_by(j, signature, name, &may));
        if (may) keep_name(j->standing->former, &j->standing->formers, p.name);
    }
    return HM_OK;
}

/* Of one that is still to be used an approval that does not count is none; and who approved it once more is no former
 * approver. */
static void settle_former(hm_standing *standing) {
    size_t kept = 0;
    bool is_unused = standing->state == HM_REQUEST_OPEN && !standing->signatures;
    for (size_t i = 0; !is_unused && i < standing->formers; i++)
        if (!is_among(standing->approver, standing->approvers, standing->former[i]))
            standing->former[kept++] = standing->former[i];
    standing->formers = kept;
}

/* One that does not verify, or is of somebody who may not decide any more, does not count. One that could not be
 * verified might be the one that says no. */
static hm_err judge_decision(judging *j, hm_bytes details) {
    hm_bytes text;
    bool found, good;
    HM_BUF signature = HM_BUF_EMPTY;
    hm_principal who;
    bool approval = member_is(details, "act", "approve");
    hm_json_member(details, "signature", &text, &found);
    if (!found) return HM_OK;
    HM_TRY(hm_decided(hm_base64_decode(text, &signature), &good));
    if (!good) return HM_OK;
    HM_TRY(hm_decided(hm_request_verify_decision(j->office, j->standing->request, j->body,
                                                 approval ? HM_COSE_APPROVAL : HM_COSE_REJECTION,
                                                 hm_buf_bytes(&signature), &who),
                      &good));
    if (!good && approval) return keep_former(j, hm_buf_bytes(&signature), hm_json_text_of(details, "who"));
    if (!good) return HM_OK;
    if (approval) {
        keep_name(j->standing->approver, &j->standing->approvers, who.name);
    } else {
        j->standing->state = HM_REQUEST_REJECTED;
        j->standing->closer = who.name;
    }
    return HM_OK;
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

/* The intents of native releases are found as such, by the product's tag, and not by their request's. */
static hm_err judge_release(void *context, const hm_entry_row *entry) {
    judging *j = context;
    hm_leaf leaf;
    HM_TRY(hm_in(hm_leaf_get(entry->leaf, &leaf), "entry %llu", (unsigned long long)entry->index));
    if (!hm_bytes_equal(HM_BYTES(leaf.digest, leaf.digest_len), j->standing->request->artifact[0].content))
        return HM_OK; /* another manifest, whose details may have been erased */
    HM_TRY(check_entry(entry, &leaf));
    if (leaf.type == HM_LEAF_INTENT) judge_signing(j, &leaf, entry);
    return HM_OK;
}

/* What was let out under it was so whole. */
static hm_err judge_publication(void *context, const hm_entry_row *entry) {
    judging *j = context;
    hm_leaf leaf;
    if (!member_is(entry->details, "request", j->hex)) return HM_OK;
    HM_TRY(check_entry(entry, &leaf));
    for (size_t i = 0; i < j->standing->request->artifacts; i++) j->used[i] = entry->index + 1;
    return HM_OK;
}

static hm_err judge_releases(judging *j) {
    hm_product product;
    if (j->standing->request->publish)
        return hm_store_entries_tagged(j->office->store, HM_PUBLISHED_TAG, judge_publication, j);
    if (!j->standing->request->manifest.len) return HM_OK;
    HM_TRY(hm_product_find(j->office, j->standing->request->product, &product));
    return hm_store_entries_tagged(j->office->store, hm_releases_tag(&product), judge_release, j);
}

static hm_err judge_entry(void *context, const hm_entry_row *entry) {
    judging *j = context;
    hm_leaf leaf;
    HM_TRY(check_entry(entry, &leaf));
    if (leaf.type == HM_LEAF_INTENT || leaf.type == HM_LEAF_FAILURE) return judge_signing(j, &leaf, entry), HM_OK;
    if (leaf.type != HM_LEAF_REQUEST || memcmp(leaf.digest, j->standing->hash, HM_SHA256_LEN) != 0) return HM_OK;
    if (j->standing->state != HM_REQUEST_OPEN) return HM_OK;
    if (!member_is(entry->details, "act", "cancel")) return judge_decision(j, entry->details);
    j->standing->state = HM_REQUEST_CANCELLED;
    return HM_OK;
}

hm_err hm_request_judge(hm_office *office, hm_bytes body, hm_standing *standing) {
    static judging j; /* one core per process */
    HM_BUF hex = HM_BUF_EMPTY;
    j = (judging){.office = office, .standing = standing, .body = body};
    hm_sha256(body, standing->hash);
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(standing->hash)));
    memcpy(j.hex, hex.data, hex.len);
    /* Intents first: behind them lie those that failed. */
    HM_TRY(judge_releases(&j));
    HM_TRY(hm_store_entries_tagged(office->store, hm_requests_tag(standing->hash), judge_entry, &j));
    for (size_t i = 0; i < standing->request->artifacts; i++) {
        standing->used[i] = j.used[i] != 0;
        standing->signatures += standing->used[i];
    }
    if (standing->state == HM_REQUEST_OPEN && hm_now() >= standing->request->expires)
        standing->state = HM_REQUEST_EXPIRED;
    if (standing->state == HM_REQUEST_OPEN && standing->signatures == standing->request->artifacts)
        standing->state = HM_REQUEST_DONE;
    settle_former(standing);
    return HM_OK;
}

static const char *const state_words[] = {"open", "rejected", "cancelled", "expired", "done"};
const char *hm_request_state_word(hm_request_state state) { return state_words[state]; }

/* ---- all of them ---- */

/* The store reads one list at a time, and to judge a request is to read another. */
static hm_err keep_index(void *context, const hm_entry_row *entry) {
    /* Of one whose details were erased nothing can be approved or signed any more. */
    return entry->details.len ? hm_put_u64be(context, entry->index) : HM_OK;
}

static hm_err keep_request(void *context, const hm_entry_row *entry) { return hm_request_body(entry, context); }

static hm_err read_one(hm_office *office, uint64_t index, hm_buf *body, hm_request *request, hm_standing *standing) {
    body->len = 0;
    HM_TRY(hm_store_entries(office->store, index, 1, keep_request, body));
    HM_TRY(hm_in(hm_request_own(office, hm_buf_bytes(body), request), "entry %llu", (unsigned long long)index));
    *standing = (hm_standing){.index = index, .body = hm_buf_bytes(body), .request = request};
    HM_TRY(hm_request_judge(office, standing->body, standing));
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

/* ---- what lets a signature through ---- */

/* Is it the session's: for signing, its product's, release's and principal's? */
static bool is_sessions(const hm_request *request, const hm_office *office) {
    return !request->publish && hm_bytes_equal(request->product, hm_text(office->session->product.name)) &&
           hm_bytes_equal(request->release, hm_text(office->session->release)) &&
           hm_bytes_equal(request->requester, hm_text(office->session->principal)) &&
           memcmp(request->office, office->row.uuid, sizeof request->office) == 0;
}

static bool asks_for(const hm_request *request, const hm_office *office, const hm_artifact *artifact, size_t *which) {
    if (!is_sessions(request, office)) return false;
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
                                         "its request has expired", "its request was used"};

/* A manifest is one of many things; that it is another than the one that was requested is worth telling. */
static hm_err tell_apart(search *s, const hm_standing *standing) {
    bool native = standing->request->manifest.len && s->artifact->format == HM_LOGGED_MANIFEST;
    if (!native || s->approval->found || !is_sessions(standing->request, s->office)) return HM_OK;
    if (standing->state == HM_REQUEST_DONE && !s->approval->why)
        s->approval->why = "its request was used, or is another; hallmark request asks anew";
    if (standing->state == HM_REQUEST_OPEN)
        s->approval->why = "another file, version or option than its request has, whose manifest differs";
    return HM_OK;
}

/* Of the open ones that with the most approvals counts. */
static void weigh(hm_approval *approval, const hm_standing *standing) {
    if (standing->state != HM_REQUEST_OPEN) {
        if (!approval->found) approval->why = why_closed[standing->state];
        return;
    }
    if (approval->found && approval->approvers >= standing->approvers) return;
    approval->found = true;
    memcpy(approval->request, standing->hash, sizeof approval->request);
    approval->approvers = standing->approvers;
    memcpy(approval->approver, standing->approver, sizeof approval->approver);
}

static hm_err goes_with(const hm_standing *standing, const hm_office *office, bool *same) {
    hm_documents documents;
    HM_TRY(hm_session_documents(office, &documents));
    *same = hm_documents_same(&standing->request->documents, &documents);
    return HM_OK;
}

/* The one with the most approvals; why the last one was none is said if there is none. */
static hm_err consider(void *context, const hm_standing *standing) {
    search *s = context;
    size_t which;
    bool same_documents;
    if (!asks_for(standing->request, s->office, s->artifact, &which)) return tell_apart(s, standing);
    HM_TRY(goes_with(standing, s->office, &same_documents));
    if (!same_documents) {
        if (!s->approval->found) s->approval->why = "its request names other SBOM or provenance files";
        return HM_OK;
    }
    if (standing->used[which]) {
        if (!s->approval->found) s->approval->why = "its request was used: it was signed already";
        return HM_OK;
    }
    weigh(s->approval, standing);
    return HM_OK;
}

hm_err hm_requests_find(hm_office *office, const hm_artifact *artifact, hm_approval *approval) {
    search s = {.office = office, .artifact = artifact, .approval = approval};
    *approval = (hm_approval){.found = false};
    return hm_requests_list(office, consider, &s);
}

/* ---- what lets files out ---- */

typedef struct {
    const hm_request *wanted;
    hm_approval *approval;
} publication_search;

static hm_err consider_publication(void *context, const hm_standing *standing) {
    publication_search *s = context;
    if (!hm_request_same(standing->request, s->wanted)) return HM_OK;
    weigh(s->approval, standing);
    return HM_OK;
}

hm_err hm_requests_find_publication(hm_office *office, const hm_request *wanted, hm_approval *approval) {
    publication_search s = {.wanted = wanted, .approval = approval};
    *approval = (hm_approval){.found = false};
    return hm_requests_list(office, consider_publication, &s);
}
