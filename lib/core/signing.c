/* Signing for a narrowed session: one product, one release, so many signatures and no more.
 *
 * A batch is two commits whatever its size: all intents, then the token's work, then all outcomes. */
#include "certificates.h"
#include "pair.h"
#include "peer.h"

#include <base/json.h>
#include <pki/cose.h>

#include <stdio.h>
#include <string.h>

static bool product_allows(const hm_product *product, uint64_t algorithm) {
    return algorithm >= 1 && algorithm <= HM_KEY_ALGORITHMS && (product->algorithms >> algorithm & 1);
}

static hm_err ready_key(hm_office *office, hm_key_algorithm algorithm, hm_bytes announced, hm_signing_key **key) {
    bool there = true;
    hm_bytes release;
    /* Who only compares has no role, and makes no key. */
    if (office->session->noting == HM_NOTING_COMPARED) {
        HM_TRY(hm_key_release(office, hm_text(office->session->product.name), hm_text(office->session->release),
                              &release));
        HM_TRY(hm_ceremony_has_key(office, &office->session->product, algorithm, release, &there));
    }
    if (!there) return hm_refuse("is not what the request asks for: there is no key of that algorithm yet");
    HM_TRY(hm_keyring_get_announced(office, algorithm, announced, key));
    return office->session->noting == HM_NOTING_COMPARED
               ? HM_OK
               : hm_key_serves(office, &office->session->product, *key, hm_now());
}

hm_err hm_signing_prepare(hm_office *office, const hm_message *question, hm_message *answer) {
    if (!office->session->product.id) return hm_refuse("core language: prepare comes after narrow");
    hm_bytes wanted = question->field[HM_PREPARE_ALGORITHMS].bytes;
    HM_BUF names = HM_BUF_EMPTY;
    for (size_t i = 0; i < wanted.len; i++) {
        hm_key_algorithm algorithm = (hm_key_algorithm)wanted.data[i];
        if (product_allows(&office->session->product, algorithm)) {
            hm_signing_key *key;
            HM_TRY(ready_key(office, algorithm, HM_NO_BYTES, &key));
            answer->field[HM_PREPARED_ALGORITHM].number = algorithm;
            answer->field[HM_PREPARED_CERTIFICATE].bytes = key->chain.cert[0];
            bool manifests = question->field[HM_PREPARE_STRUCTURE].number == HM_STRUCTURE_COSE;
            return manifests ? hm_releases_highest(office, &answer->field[HM_PREPARED_SEQUENCE].number) : HM_OK;
        }
        const char *name = hm_key_algorithm_name(algorithm);
        HM_TRY(hm_put_format(&names, "%s%s", i ? ", " : "", name ? name : "?"));
    }
    const char *list;
    HM_TRY(hm_buf_string(&names, &list));
    return hm_refuse(
        "%s has no key of an algorithm that this format's verifiers accept (they accept %s; a product's algorithms are fixed by hallmark "
        "product add --algorithm)",
        office->session->product.name, list);
}

typedef struct signing_job {
    hm_peer *peer;
    const hm_message *question;
    hm_signing_key *key;
    hm_digest content;
    hmv_release release; /* what a manifest says; all zero for other structures */
    int64_t time;
    hm_artifact artifact;
    hm_rule_answer rule; /* of the policy, that let it through */
    uint64_t intent, outcome;
    hm_buf structure;
    hm_buf remark;
    uint8_t signature_hash[HM_SHA256_LEN];
    bool noted;                     /* for a request */
    bool repeated;                  /* it was signed before, and is answered so again */
    bool kept;                      /* it carries its signature for this release already */
    const struct signing_job *twin; /* the same question earlier in the batch; NULL: none */
    bool keeps;                     /* its answer, under this name: */
    uint8_t name[HM_SHA256_LEN];
    hm_fault fault; /* why there will be no signature */
} signing_job;

static uint64_t number(const signing_job *job, int field) { return job->question->field[field].number; }
static hm_bytes bytes(const signing_job *job, int field) { return job->question->field[field].bytes; }

static bool is_cose(const signing_job *job) { return number(job, HM_SIGN_STRUCTURE) == HM_STRUCTURE_COSE; }

/* A digest is signed as it is given: it must be what the structure's scheme signs. */
static hm_err take_content(signing_job *job, hm_key_algorithm algorithm) {
    hm_bytes content = bytes(job, HM_SIGN_CONTENT);
    if (bytes(job, HM_SIGN_STATEMENT).len)
        return hm_refuse("core language: a manifest is signed as COSE, and nothing else is");
    job->content.algorithm = hm_scheme_digest(hm_key_scheme(algorithm));
    job->content.len = hm_digest_len(job->content.algorithm);
    if (content.len != job->content.len) return hm_refuse("the digest has the wrong length for the key's algorithm");
    memcpy(job->content.value, content.data, content.len);
    return HM_OK;
}

/* What the log says of the file is what the core has seen itself. */
static hm_err read_statement(signing_job *job) {
    hm_bytes statement = bytes(job, HM_SIGN_STATEMENT), content = bytes(job, HM_SIGN_CONTENT);
    HM_TRY(hm_signed_manifest_read(statement, content, &job->release));
    return hm_bytes_equal(bytes(job, HM_SIGN_PLAIN), content) && number(job, HM_SIGN_SIZE) == statement.len
               ? HM_OK
               : hm_refuse("core language: size and digest are not the manifest's");
}

/* May this be signed? Everything that policy says is asked here, before anything is written or signed. */
static hm_err check_job(hm_office *office, signing_job *job) {
    if (!office->session->product.id) return hm_refuse("core language: sign comes after narrow");
    if (!office->session->signatures_left)
        return hm_refuse("this session has used up the signatures it was opened for");
    uint64_t algorithm = number(job, HM_SIGN_ALGORITHM);
    if (!product_allows(&office->session->product, algorithm))
        return hm_refuse("%s does not sign with that algorithm", office->session->product.name);
    HM_TRY(hm_narrow_allows(office, number(job, HM_SIGN_STRUCTURE), number(job, HM_SIGN_FORMAT)));
    HM_TRY(is_cose(job) ? read_statement(job) : take_content(job, (hm_key_algorithm)algorithm));
    if (is_cose(job)) HM_TRY(hm_narrow_allows_release(office, &job->release, bytes(job, HM_SIGN_CONTENT)));
    /* Last, because a key that is not there yet is made. */
    HM_TRY(ready_key(office, (hm_key_algorithm)algorithm, bytes(job, HM_SIGN_CERTIFICATE), &job->key));
    if (is_cose(job)) {
        hm_signer signer = hm_key_signer(job->key->key);
        HM_TRY(hm_signed_manifest_check(office, &job->release, &signer));
    }
    if (job->key->not_after < job->time)
        return hm_refuse(
            "the signing certificate of %s has expired (hallmark cert renew gives the key another; one that came from elsewhere: cert request, cert import)",
            office->session->product.name);
    office->session->signatures_left--;
    return HM_OK;
}

/* Nothing is to be signed for it. */
static bool is_done(const signing_job *job) { return job->noted || job->repeated || job->kept || job->twin; }

static bool failed(const signing_job *job) { return job->fault.class != HM_DONE; }

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
static hm_err describe_request(const hm_office *office, const signing_job *job, hm_buf *details) {
    hm_json json = hm_json_canonical(details);
    bool refused = failed(job);
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)number(job, HM_SIGN_ALGORITHM));
    hm_json_object(&json, NULL);
    hm_json_string(&json, "actor", office->session->actor);
    hm_json_string(&json, "algorithm", algorithm ? algorithm : "unknown");
    if (job->rule.break_glass) hm_json_bool(&json, "break_glass", true);
    if (!refused) hm_json_hex(&json, "certificate", HM_ARRAY(job->key->certificate_sha256));
    hm_json_hex(&json, "content", bytes(job, HM_SIGN_CONTENT));
    HM_TRY(describe_documents(office, &json));
    if (!refused) hm_json_hex(&json, "key", HM_ARRAY(job->key->token_id));
    hm_signed_manifest_describe(&job->release, &json);
    hm_json_text(&json, "name", bytes(job, HM_SIGN_NAME));
    hm_json_hex(&json, "plain", bytes(job, HM_SIGN_PLAIN));
    hm_json_number(&json, "policy", (int64_t)hm_rule_version(office));
    if (office->session->principal[0]) hm_json_string(&json, "principal", office->session->principal);
    hm_json_string(&json, "product", office->session->product.name);
    if (refused) hm_json_string(&json, "reason", job->fault.sentence);
    hm_json_string(&json, "release", office->session->release);
    if (job->rule.by_request) hm_json_hex(&json, "request", HM_ARRAY(job->rule.request));
    if (job->rule.rule[0]) hm_json_string(&json, "rule", job->rule.rule);
    hm_json_number(&json, "size", (int64_t)number(job, HM_SIGN_SIZE));
    hm_json_number(&json, "time", job->time);
    if (!refused) hm_json_string(&json, "token", office->token_name);
    hm_json_close_object(&json);
    return hm_json_end(&json);
}

static void fill_artifact(signing_job *job) {
    job->artifact = (hm_artifact){.format = (unsigned)number(job, HM_SIGN_FORMAT),
                                  .algorithm = (hm_key_algorithm)number(job, HM_SIGN_ALGORITHM),
                                  .name = bytes(job, HM_SIGN_NAME),
                                  .size = number(job, HM_SIGN_SIZE),
                                  .plain = bytes(job, HM_SIGN_PLAIN),
                                  .content = bytes(job, HM_SIGN_CONTENT)};
}

/* Who has it signed is told that it was a temporary policy that let it through. */
static hm_err remark_glass(const hm_office *office, signing_job *job) {
    HM_BUF line = HM_BUF_EMPTY;
    HM_TRY(hm_rule_glass(office, job->time, &line));
    if (line.len && job->remark.len) HM_TRY(hm_put_text(&job->remark, "; "));
    return hm_put(&job->remark, hm_buf_bytes(&line));
}

/* In the transaction that records what comes of it: nobody else's signature comes between the count and the record. */
static void ask_policy(hm_office *office, signing_job *job) {
    if (failed(job)) return;
    hm_rule_request request = {&job->artifact, job->key, job->time, HM_NO_BYTES};
    bool release = is_cose(job) && !office->session->cosign;
    hm_err err = hm_rule_decide(office, &request, false, &job->rule);
    if (!hm_failed(err) && release)
        err = hm_releases_compare(office, &job->release, bytes(job, HM_SIGN_CONTENT), &job->remark);
    if (!hm_failed(err)) err = remark_glass(office, job);
    job->fault = hm_fault_keep(err);
    if (failed(job)) job->key = NULL;
}

/* An approval is used once: its request finds what was signed under it, and what failed to be. */
static uint64_t request_tag(const signing_job *job) {
    return job->rule.by_request ? hm_requests_tag(job->rule.request) : 0;
}

static hm_err append_request(hm_office *office, signing_job *job) {
    ask_policy(office, job);
    if (failed(job) && !hm_refusal_is_logged(office)) return HM_OK;
    HM_BUF details = HM_BUF_EMPTY;
    bool release = is_cose(job) && !failed(job) && !office->session->cosign;
    HM_TRY(describe_request(office, job, &details));
    hm_record record = {.type = failed(job) ? HM_LEAF_REFUSAL : HM_LEAF_INTENT,
                        .product = office->session->product.id ? &office->session->product : NULL,
                        .format = (unsigned)number(job, HM_SIGN_FORMAT),
                        .digest = bytes(job, HM_SIGN_CONTENT),
                        .details = hm_buf_bytes(&details),
                        .tag = release ? hm_releases_tag(&office->session->product) : request_tag(job)};
    return hm_log_append(office, &record, &job->intent);
}

/* ---- what may be asked for again ---- */

enum { KEPT_SECONDS = 24 * 3600, FORGOTTEN_EVERY = 600 };

/* Everything that makes it the same question of the same asker. */
static hm_err name_answer(const hm_office *office, signing_job *job) {
    const hm_session *session = office->session;
    HM_BUF all = HM_BUF_EMPTY;
    const hm_bytes parts[] = {hm_text(session->principal[0] ? session->principal : session->actor),
                              hm_text(session->repeatable),
                              HM_ARRAY(session->product.class),
                              hm_text(session->release),
                              hm_buf_bytes(&session->documents),
                              bytes(job, HM_SIGN_NAME),
                              bytes(job, HM_SIGN_PLAIN),
                              bytes(job, HM_SIGN_CONTENT)};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        HM_TRY(hm_put_u32be(&all, (uint32_t)parts[i].len));
        HM_TRY(hm_put(&all, parts[i]));
    }
    HM_TRY(hm_put_u64be(&all, number(job, HM_SIGN_FORMAT)));
    HM_TRY(hm_put_u64be(&all, number(job, HM_SIGN_STRUCTURE)));
    HM_TRY(hm_put_u64be(&all, number(job, HM_SIGN_ALGORITHM)));
    hm_sha256(hm_buf_bytes(&all), job->name);
    job->keeps = true;
    return HM_OK;
}

static const signing_job *find_twin(const signing_job *jobs, const signing_job *job) {
    for (const signing_job *other = jobs; other < job; other++)
        if (other->keeps && !other->twin && memcmp(other->name, job->name, sizeof job->name) == 0) return other;
    return NULL;
}

/* Who is none any more is not answered what once was answered. */
static hm_err recall(hm_office *office, const signing_job *jobs, signing_job *job) {
    HM_BUF body = HM_BUF_EMPTY;
    bool found;
    if (!office->session->repeatable[0]) return HM_OK;
    HM_TRY(hm_rule_allows_requester(office));
    HM_TRY(name_answer(office, job));
    job->twin = find_twin(jobs, job);
    if (job->twin) return HM_OK;
    HM_TRY(hm_store_get_answer(office->store, job->name, &body, &found));
    if (!found) return HM_OK;
    hm_reader reader = hm_reader_of(hm_buf_bytes(&body));
    HM_TRY(hm_read_u64be(&reader, &job->intent));
    HM_TRY(hm_read_u64be(&reader, &job->outcome));
    HM_TRY(hm_put(&job->structure, reader.rest));
    job->repeated = true;
    return HM_OK;
}

/* In the transaction of the outcome: what is answered is kept, or neither is. */
static hm_err keep_answer(hm_office *office, const signing_job *job) {
    HM_BUF body = HM_BUF_EMPTY;
    if (!job->keeps || failed(job)) return HM_OK;
    HM_TRY(hm_put_u64be(&body, job->intent));
    HM_TRY(hm_put_u64be(&body, job->outcome));
    HM_TRY(hm_put(&body, hm_buf_bytes(&job->structure)));
    HM_TRY(hm_store_put_answer(office->store, job->name, hm_buf_bytes(&body), job->time));
    HM_TRY(hm_repeatable_keep(office, job->time));
    if (job->time < office->forgotten + FORGOTTEN_EVERY) return HM_OK;
    office->forgotten = job->time;
    return hm_store_forget_answers(office->store, job->time - KEPT_SECONDS);
}

static hm_err append_outcome(hm_office *office, signing_job *job) {
    if (!job->key) return HM_OK; /* refused: its entry is written */
    bool no_signature = failed(job);
    HM_BUF details = HM_BUF_EMPTY;
    uint8_t structure[HM_SHA256_LEN]; /* of all that goes into a file: what was made here is known again */
    hm_sha256(hm_buf_bytes(&job->structure), structure);
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    if (no_signature) hm_json_string(&json, "reason", job->fault.sentence);
    if (!no_signature && !is_cose(job)) hm_json_hex(&json, "structure", HM_ARRAY(structure));
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = no_signature ? HM_LEAF_FAILURE : HM_LEAF_OUTCOME,
                        .product = &office->session->product,
                        .format = (unsigned)number(job, HM_SIGN_FORMAT),
                        .digest = no_signature ? HM_NO_BYTES : HM_ARRAY(job->signature_hash),
                        .has_intent = true,
                        .intent = job->intent,
                        .details = hm_buf_bytes(&details),
                        .tag = request_tag(job)};
    HM_TRY(hm_log_append(office, &record, &job->outcome));
    return keep_answer(office, job);
}

static hm_err take_back(hm_office *office, hm_err err) {
    hm_store_rollback(office->store);
    hm_usage_forget(office);
    return err;
}

/* Append one entry for each job in one durable transaction, or none. */
static hm_err append_all(hm_office *office, signing_job *jobs, size_t count,
                         hm_err (*append)(hm_office *, signing_job *)) {
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

static void fail_all(signing_job *jobs, size_t count, hm_err err) {
    for (size_t i = 0; i < count; i++) {
        if (is_done(&jobs[i])) continue;
        if (!failed(&jobs[i])) jobs[i].fault = hm_fault_keep(err);
        /* Nothing that was signed without its outcome on record leaves this process. */
        hm_buf_clear(&jobs[i].structure);
    }
}

static hm_err build(signing_job *job) {
    hm_signer signer = hm_key_signer(job->key->key);
    if (is_cose(job))
        return hm_cose_sign(HM_COSE_MANIFEST, bytes(job, HM_SIGN_STATEMENT), &job->key->chain, &signer, &job->structure,
                            job->signature_hash);
    return hm_signed_build((hm_structure)number(job, HM_SIGN_STRUCTURE), &job->content, &job->key->chain, job->time,
                           &signer, &job->structure, job->signature_hash);
}

/* What was not taken up is on record, as what was not signed is. */
static hm_err note_refusal(hm_office *office, const hm_fault *fault) {
    bool told = fault->class == HM_REFUSED && hm_refusal_is_logged(office);
    const char *act = office->session->noting == HM_NOTING_COMPARED ? "approve" : "request";
    if (told) HM_TRY(hm_log_refused_act(office, act, fault->sentence));
    return hm_fault_raise(fault);
}

/* What carries a signature for another release, or none that is on record, is not taken for one of this. */
static hm_err look_at_present(hm_office *office, signing_job *job) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_pair pair = {.details = &details};
    hm_bytes present = bytes(job, HM_SIGN_PRESENT);
    if (!present.len || office->session->noting == HM_NOTING_COMPARED) return HM_OK;
    if (present.len != HM_SHA256_LEN) return hm_refuse("core language: a signature is named by its SHA-256");
    HM_TRY(hm_rule_allows_requester(office));
    hm_err err = hm_pair_find(office, present, bytes(job, HM_SIGN_CONTENT), &pair);
    if (!hm_failed(err)) err = hm_pair_check_release(office, &pair);
    hm_fault fault = hm_fault_keep(err);
    if (fault.class == HM_REFUSED) return hm_refuse("%s (--replace signs it anew)", fault.sentence);
    HM_TRY(hm_fault_raise(&fault));
    /* By a key that has been stolen since, or a certificate that was revoked: it is signed anew. */
    bool revoked = false;
    HM_BUF certificate = HM_BUF_EMPTY;
    HM_TRY(hm_hex_decode(hm_json_text_of(hm_buf_bytes(&details), "certificate"), &certificate));
    HM_TRY(hm_certificate_is_revoked(office, hm_buf_bytes(&certificate), &revoked));
    job->intent = pair.intent;
    job->outcome = pair.outcome;
    job->kept = !revoked;
    return HM_OK;
}

/* Nothing is signed: what becomes of it is a request, or a comparison. */
static void note(hm_office *office, signing_job *job) {
    hm_err err = look_at_present(office, job);
    office->session->any_kept |= job->kept;
    if (job->kept) return;
    if (!hm_failed(err)) err = check_job(office, job);
    hm_rule_request request = {&job->artifact, hm_failed(err) ? NULL : job->key, job->time,
                               bytes(job, HM_SIGN_STATEMENT)};
    if (!hm_failed(err)) err = hm_requests_note(office, &request);
    hm_fault fault = hm_fault_keep(err);
    job->fault = hm_fault_keep(note_refusal(office, &fault));
}

static void check(hm_office *office, const signing_job *jobs, signing_job *job) {
    hm_err err = look_at_present(office, job);
    if (!hm_failed(err) && !job->kept) err = recall(office, jobs, job);
    if (!hm_failed(err) && !is_done(job)) err = check_job(office, job);
    job->fault = hm_fault_keep(err);
    if (failed(job)) job->key = NULL;
}

static void check_all(hm_office *office, signing_job *jobs, size_t count) {
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

static void sign_all(hm_office *office, signing_job *jobs, size_t count) {
    hm_err err = append_all(office, jobs, count, append_request);
    if (hm_failed(err)) {
        fail_all(jobs, count, err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_done(&jobs[i]) && !failed(&jobs[i])) jobs[i].fault = hm_fault_keep(build(&jobs[i]));
    err = append_all(office, jobs, count, append_outcome);
    if (hm_failed(err)) fail_all(jobs, count, err);
}

/* With the tag of its own question. */
static hm_err answer(const signing_job *job) {
    const signing_job *made = job->twin ? job->twin : job;
    hm_message message = {.type = HM_MSG_SIGNED};
    if (failed(made)) {
        message.type = HM_MSG_FAULT;
        message.field[HM_FAULT_TAG].number = number(job, HM_SIGN_TAG);
        message.field[HM_FAULT_CLASS].number = made->fault.class;
        message.field[HM_FAULT_SENTENCE].bytes = hm_text(made->fault.sentence);
    } else if (job->noted && !job->kept) {
        message.type = HM_MSG_NOTED;
        message.field[HM_NOTED_TAG].number = number(job, HM_SIGN_TAG);
    } else {
        message.field[HM_SIGNED_TAG].number = number(job, HM_SIGN_TAG);
        message.field[HM_SIGNED_INTENT].number = made->intent;
        message.field[HM_SIGNED_OUTCOME].number = made->outcome;
        message.field[HM_SIGNED_STRUCTURE].bytes = hm_buf_bytes(&made->structure);
        message.field[HM_SIGNED_REMARK].bytes = hm_buf_bytes(&made->remark);
    }
    return hm_peer_send(job->peer, &message);
}

void hm_signing_batch(hm_office *office, const hm_asked *asked, size_t count) {
    static signing_job jobs[HM_BATCH_MAX]; /* one core per process; too large for a stack */
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
        /* Who is gone is removed by the loop. */
        (void)!hm_failed(answer(&jobs[i]));
    }
    for (size_t i = 0; i < count; i++) {
        hm_buf_clear(&jobs[i].structure);
        hm_buf_clear(&jobs[i].remark);
    }
}
