/* A key of the caller's own choice names one call, and no other (draft-ietf-httpapi-idempotency-key-header, section
 * 2.2). */
#include "signing_job.h"

#include <stdio.h>
#include <string.h>

enum { KEPT_SECONDS = 24 * 3600, FORGOTTEN_EVERY = 600 };

/* Each behind its length: no two lists of parts give the same bytes. */
static hm_err put_parts(const hm_bytes *parts, size_t count, hm_buf *all) {
    for (size_t i = 0; i < count; i++) {
        HM_TRY(hm_put_u32be(all, (uint32_t)parts[i].len));
        HM_TRY(hm_put(all, parts[i]));
    }
    return HM_OK;
}

/* Beside the answers, whose names are made of more parts. */
static hm_err name_call(const hm_session *session, uint8_t name[static HM_SHA256_LEN]) {
    HM_BUF all = HM_BUF_EMPTY;
    const hm_bytes parts[] = {hm_text(session->principal[0] ? session->principal : session->actor),
                              hm_text(session->repeatable)};
    HM_TRY(put_parts(parts, sizeof parts / sizeof parts[0], &all));
    hm_sha256(hm_buf_bytes(&all), name);
    return HM_OK;
}

hm_err hm_repeatable_begin(hm_office *office, hm_bytes key, hm_bytes call) {
    hm_session *session = office->session;
    HM_BUF before = HM_BUF_EMPTY;
    uint8_t name[HM_SHA256_LEN];
    bool found;
    snprintf(session->repeatable, sizeof session->repeatable, "%.*s", (int)key.len, (const char *)key.data);
    memcpy(session->call, call.data, sizeof session->call);
    HM_TRY(name_call(session, name));
    HM_TRY(hm_store_get_answer(office->store, name, &before, &found));
    return !found || hm_bytes_equal(hm_buf_bytes(&before), call)
               ? HM_OK
               : hm_misuse("this Idempotency-Key was used for another call (each call has one of its own)");
}

/* ---- what is signed under it ---- */

/* Everything that makes it the same question of the same asker. */
static hm_err name_answer(const hm_office *office, hm_signing_job *job) {
    const hm_session *session = office->session;
    HM_BUF all = HM_BUF_EMPTY;
    const hm_bytes parts[] = {hm_text(session->principal[0] ? session->principal : session->actor),
                              hm_text(session->repeatable),
                              HM_ARRAY(session->product.class),
                              hm_text(session->release),
                              hm_buf_bytes(&session->documents),
                              hm_job_bytes(job, HM_SIGN_NAME),
                              hm_job_bytes(job, HM_SIGN_PLAIN),
                              hm_job_bytes(job, HM_SIGN_CONTENT)};
    HM_TRY(put_parts(parts, sizeof parts / sizeof parts[0], &all));
    HM_TRY(hm_put_u64be(&all, hm_job_number(job, HM_SIGN_FORMAT)));
    HM_TRY(hm_put_u64be(&all, hm_job_number(job, HM_SIGN_STRUCTURE)));
    HM_TRY(hm_put_u64be(&all, hm_job_number(job, HM_SIGN_ALGORITHM)));
    hm_sha256(hm_buf_bytes(&all), job->name);
    job->keeps = true;
    return HM_OK;
}

static const hm_signing_job *find_twin(const hm_signing_job *jobs, const hm_signing_job *job) {
    for (const hm_signing_job *other = jobs; other < job; other++)
        if (other->keeps && !other->twin && memcmp(other->name, job->name, sizeof job->name) == 0) return other;
    return NULL;
}

hm_err hm_job_recall(hm_office *office, const hm_signing_job *jobs, hm_signing_job *job) {
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

/* That something of the call is signed. */
static hm_err keep_call(hm_office *office, int64_t time) {
    uint8_t name[HM_SHA256_LEN];
    HM_TRY(name_call(office->session, name));
    return hm_store_put_answer(office->store, name, HM_ARRAY(office->session->call), time);
}

hm_err hm_job_keep(hm_office *office, const hm_signing_job *job) {
    HM_BUF body = HM_BUF_EMPTY;
    if (!job->keeps || hm_job_failed(job)) return HM_OK;
    HM_TRY(hm_put_u64be(&body, job->intent));
    HM_TRY(hm_put_u64be(&body, job->outcome));
    HM_TRY(hm_put(&body, hm_buf_bytes(&job->structure)));
    HM_TRY(hm_store_put_answer(office->store, job->name, hm_buf_bytes(&body), job->time));
    HM_TRY(keep_call(office, job->time));
    if (job->time < office->forgotten + FORGOTTEN_EVERY) return HM_OK;
    office->forgotten = job->time;
    return hm_store_forget_answers(office->store, job->time - KEPT_SECONDS);
}
