/* Signing for a narrowed session: one product, one release, so many signatures and no more.
 *
 * A batch is two commits whatever its size: all intents, then the token's work, then all outcomes. */
#include "signing_job.h"

#include <base/json.h>
#include <pki/cose.h>

#include <string.h>

/* Nothing is to be signed for it. */
static bool is_done(const hm_signing_job *job) { return job->noted || job->repeated || job->kept || job->twin; }

static hm_err describe_documents(const hm_office *office, hm_json *json) {
    hm_documents documents;
    HM_TRY(hm_session_documents(office, &documents));
    if (!documents.count) return HM_OK;
    hm_json_array(json, "documents");
    for (size_t i = 0; i < documents.count; i++) {
        const hm_document *d = &documents.document[i];
        hm_json_object(json, NULL);
        hm_json_string(json, "kind", hm_document_kind_name((unsigned)d->kind));
        hm_json_text(json, "name", d->name);
        hm_json_hex(json, "sha256", d->sha256);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
    return HM_OK;
}

/* What the log keeps of a request beside its leaf. Members stand in RFC 8785 order. */
static hm_err describe_request(const hm_office *office, const hm_signing_job *job, hm_buf *details) {
    hm_json json = hm_json_canonical(details);
    bool refused = hm_job_failed(job);
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)hm_job_number(job, HM_SIGN_ALGORITHM));
    hm_json_object(&json, NULL);
    hm_json_string(&json, "actor", office->session->actor);
    hm_json_string(&json, "algorithm", algorithm ? algorithm : "unknown");
    if (job->rule.break_glass) hm_json_bool(&json, "break_glass", true);
    if (!refused) hm_json_hex(&json, "certificate", HM_ARRAY(job->key->certificate_sha256));
    hm_json_hex(&json, "content", hm_job_bytes(job, HM_SIGN_CONTENT));
    HM_TRY(describe_documents(office, &json));
    if (!refused) hm_json_hex(&json, "key", HM_ARRAY(job->key->token_id));
    hm_signed_manifest_describe(&job->release, &json);
    hm_json_text(&json, "name", hm_job_bytes(job, HM_SIGN_NAME));
    hm_json_hex(&json, "plain", hm_job_bytes(job, HM_SIGN_PLAIN));
    hm_json_number(&json, "policy", (int64_t)hm_rule_version(office));
    if (office->session->principal[0]) hm_json_string(&json, "principal", office->session->principal);
    hm_json_string(&json, "product", office->session->product.name);
    if (refused) hm_json_string(&json, "reason", job->fault.sentence);
    hm_json_string(&json, "release", office->session->release);
    if (job->rule.by_request) hm_json_hex(&json, "request", HM_ARRAY(job->rule.request));
    if (job->rule.rule[0]) hm_json_string(&json, "rule", job->rule.rule);
    hm_json_number(&json, "size", (int64_t)hm_job_number(job, HM_SIGN_SIZE));
    hm_json_number(&json, "time", job->time);
    if (!refused) hm_json_string(&json, "token", office->token_name);
    hm_json_close_object(&json);
    return hm_json_end(&json);
}

static void fill_artifact(hm_signing_job *job) {
    job->artifact = (hm_artifact){.format = (unsigned)hm_job_number(job, HM_SIGN_FORMAT),
                                  .algorithm = (hm_key_algorithm)hm_job_number(job, HM_SIGN_ALGORITHM),
                                  .name = hm_job_bytes(job, HM_SIGN_NAME),
                                  .size = hm_job_number(job, HM_SIGN_SIZE),
                                  .plain = hm_job_bytes(job, HM_SIGN_PLAIN),
                                  .content = hm_job_bytes(job, HM_SIGN_CONTENT)};
}

/* Who has it signed is told that it was a temporary policy that let it through. */
static hm_err remark_glass(const hm_office *office, hm_signing_job *job) {
    HM_BUF line = HM_BUF_EMPTY;
    HM_TRY(hm_rule_glass(office, job->time, &line));
    if (line.len && job->remark.len) HM_TRY(hm_put_text(&job->remark, "; "));
    return hm_put(&job->remark, hm_buf_bytes(&line));
}

/* In the transaction that records what comes of it: nobody else's signature comes between the count and the record. */
static void ask_policy(hm_office *office, hm_signing_job *job) {
    if (hm_job_failed(job)) return;
    hm_rule_request request = {&job->artifact, job->key, job->time, HM_NO_BYTES};
    bool release = hm_job_is_cose(job) && !office->session->cosign;
    hm_err err = hm_rule_decide(office, &request, false, &job->rule);
    if (!hm_failed(err) && release)
        err = hm_releases_compare(office, &job->release, hm_job_bytes(job, HM_SIGN_CONTENT), &job->remark);
    if (!hm_failed(err)) err = remark_glass(office, job);
    job->fault = hm_fault_keep(err);
    if (hm_job_failed(job)) job->key = NULL;
}

/* An approval is used once: its request finds what was signed under it, and what failed to be. */
static uint64_t request_tag(const hm_signing_job *job) {
    return job->rule.by_request ? hm_requests_tag(job->rule.request) : 0;
}

static hm_err append_request(hm_office *office, hm_signing_job *job) {
    ask_policy(office, job);
    if (hm_job_failed(job) && !hm_refusal_is_logged(office)) return HM_OK;
    HM_BUF details = HM_BUF_EMPTY;
    bool release = hm_job_is_cose(job) && !hm_job_failed(job) && !office->session->cosign;
    HM_TRY(describe_request(office, job, &details));
    hm_record record = {.type = hm_job_failed(job) ? HM_LEAF_REFUSAL : HM_LEAF_INTENT,
                        .product = office->session->product.id ? &office->session->product : NULL,
                        .format = (unsigned)hm_job_number(job, HM_SIGN_FORMAT),
                        .digest = hm_job_bytes(job, HM_SIGN_CONTENT),
                        .details = hm_buf_bytes(&details),
                        .tag = release ? hm_releases_tag(&office->session->product) : request_tag(job)};
    return hm_log_append(office, &record, &job->intent);
}

static hm_err append_outcome(hm_office *office, hm_signing_job *job) {
    if (!job->key) return HM_OK; /* refused: its entry is written */
    bool no_signature = hm_job_failed(job);
    HM_BUF details = HM_BUF_EMPTY;
    uint8_t structure[HM_SHA256_LEN]; /* of all that goes into a file: what was made here is known again */
    hm_sha256(hm_buf_bytes(&job->structure), structure);
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    if (no_signature) hm_json_string(&json, "reason", job->fault.sentence);
    if (!no_signature && !hm_job_is_cose(job)) hm_json_hex(&json, "structure", HM_ARRAY(structure));
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = no_signature ? HM_LEAF_FAILURE : HM_LEAF_OUTCOME,
                        .product = &office->session->product,
                        .format = (unsigned)hm_job_number(job, HM_SIGN_FORMAT),
                        .digest = no_signature ? HM_NO_BYTES : HM_ARRAY(job->signature_hash),
                        .has_intent = true,
                        .intent = job->intent,
                        .details = hm_buf_bytes(&details),
                        .tag = request_tag(job)};
    HM_TRY(hm_log_append(office, &record, &job->outcome));
    return hm_job_keep(office, job);
}

static hm_err take_back(hm_office *office, hm_err err) {
    hm_store_rollback(office->store);
    hm_usage_forget(office);
    return err;
}

/* Append one entry for each job in one durable transaction, or none. */
static hm_err append_all(hm_office *office, hm_signing_job *jobs, size_t count,
                         hm_err (*append)(hm_office *, hm_signing_job *)) {
    HM_TRY(hm_store_begin(office->store));
    for (size_t i = 0; i < count; i++) {
        if (is_done(&jobs[i])) continue;
        office->session = &jobs[i].peer->session;
        hm_err err = append(office, &jobs[i]);
        if (hm_failed(err)) return take_back(office, err);
    }
    hm_err err = hm_store_commit(office->store);
    return hm_failed(err) ? take_back(office, err) : HM_OK;
}

static void fail_all(hm_signing_job *jobs, size_t count, hm_err err) {
    for (size_t i = 0; i < count; i++) {
        if (is_done(&jobs[i])) continue;
        if (!hm_job_failed(&jobs[i])) jobs[i].fault = hm_fault_keep(err);
        /* Nothing that was signed without its outcome on record leaves this process. */
        hm_buf_clear(&jobs[i].structure);
    }
}

static hm_err build(hm_signing_job *job) {
    hm_signer signer = hm_key_signer(job->key->key);
    if (hm_job_is_cose(job))
        return hm_cose_sign(HM_COSE_MANIFEST, hm_job_bytes(job, HM_SIGN_STATEMENT), &job->key->chain, &signer,
                            &job->structure, job->signature_hash);
    return hm_signed_build((hm_structure)hm_job_number(job, HM_SIGN_STRUCTURE), &job->content, &job->key->chain,
                           job->time, &signer, &job->structure, job->signature_hash);
}

/* What was not taken up is on record, as what was not signed is. */
static hm_err note_refusal(hm_office *office, const hm_fault *fault) {
    bool told = fault->class == HM_REFUSED && hm_refusal_is_logged(office);
    const char *act = office->session->noting == HM_NOTING_COMPARED ? "approve" : "request";
    if (told) HM_TRY(hm_log_refused_act(office, act, fault->sentence));
    return hm_fault_raise(fault);
}

/* Nothing is signed: what becomes of it is a request, or a comparison. */
static void note(hm_office *office, hm_signing_job *job) {
    hm_err err = hm_job_look_at_present(office, job);
    office->session->any_kept |= job->kept;
    if (job->kept) return;
    if (!hm_failed(err)) err = hm_job_check(office, job);
    hm_rule_request request = {&job->artifact, hm_failed(err) ? NULL : job->key, job->time,
                               hm_job_bytes(job, HM_SIGN_STATEMENT)};
    if (!hm_failed(err)) err = hm_requests_note(office, &request);
    hm_fault fault = hm_fault_keep(err);
    job->fault = hm_fault_keep(note_refusal(office, &fault));
}

static void check(hm_office *office, const hm_signing_job *jobs, hm_signing_job *job) {
    hm_err err = hm_job_look_at_present(office, job);
    if (!hm_failed(err) && !job->kept) err = hm_job_recall(office, jobs, job);
    if (!hm_failed(err) && !is_done(job)) err = hm_job_check(office, job);
    job->fault = hm_fault_keep(err);
    if (hm_job_failed(job)) job->key = NULL;
}

static void check_all(hm_office *office, hm_signing_job *jobs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        office->session = &jobs[i].peer->session;
        jobs[i].time = hm_now();
        jobs[i].noted = office->session->noting != HM_NOTING_NOTHING;
        fill_artifact(&jobs[i]);
        if (jobs[i].noted)
            note(office, &jobs[i]);
        else
            check(office, jobs, &jobs[i]);
    }
}

static void sign_all(hm_office *office, hm_signing_job *jobs, size_t count) {
    hm_err err = append_all(office, jobs, count, append_request);
    if (hm_failed(err)) {
        fail_all(jobs, count, err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_done(&jobs[i]) && !hm_job_failed(&jobs[i])) jobs[i].fault = hm_fault_keep(build(&jobs[i]));
    err = append_all(office, jobs, count, append_outcome);
    if (hm_failed(err)) fail_all(jobs, count, err);
}

/* With the tag of its own question. */
static hm_err answer(const hm_signing_job *job) {
    const hm_signing_job *made = job->twin ? job->twin : job;
    hm_message message = {.type = HM_MSG_SIGNED};
    if (hm_job_failed(made)) {
        message.type = HM_MSG_FAULT;
        message.field[HM_FAULT_TAG].number = hm_job_number(job, HM_SIGN_TAG);
        message.field[HM_FAULT_CLASS].number = made->fault.class;
        message.field[HM_FAULT_SENTENCE].bytes = hm_text(made->fault.sentence);
    } else if (job->noted && !job->kept) {
        message.type = HM_MSG_NOTED;
        message.field[HM_NOTED_TAG].number = hm_job_number(job, HM_SIGN_TAG);
    } else {
        message.field[HM_SIGNED_TAG].number = hm_job_number(job, HM_SIGN_TAG);
        message.field[HM_SIGNED_INTENT].number = made->intent;
        message.field[HM_SIGNED_OUTCOME].number = made->outcome;
        message.field[HM_SIGNED_STRUCTURE].bytes = hm_buf_bytes(&made->structure);
        message.field[HM_SIGNED_REMARK].bytes = hm_buf_bytes(&made->remark);
    }
    return hm_peer_send(job->peer, &message);
}

void hm_signing_batch(hm_office *office, const hm_asked *asked, size_t count) {
    static hm_signing_job jobs[HM_BATCH_MAX]; /* one core per process; too large for a stack */
    hm_session *own = office->session;
    size_t to_sign = 0;
    memset(jobs, 0, count * sizeof jobs[0]);
    for (size_t i = 0; i < count; i++) {
        jobs[i].peer = asked[i].peer;
        jobs[i].question = &asked[i].question;
    }
    check_all(office, jobs, count);
    for (size_t i = 0; i < count; i++) to_sign += !is_done(&jobs[i]);
    if (to_sign) sign_all(office, jobs, count);
    office->session = own;
    for (size_t i = 0; i < count; i++) {
        hm_err err = answer(&jobs[i]);
        /* Who is gone is removed by the loop. */
        if (hm_failed(err))
            (void)!hm_failed(hm_peer_send_fault(jobs[i].peer, hm_job_number(&jobs[i], HM_SIGN_TAG), err));
    }
    for (size_t i = 0; i < count; i++) {
        hm_buf_clear(&jobs[i].structure);
        hm_buf_clear(&jobs[i].remark);
    }
}
