/* One signature of a batch, from question to answer. Private to what makes a batch: signing.c, signing_check.c and
 * repeatable.c. */
#ifndef HM_CORE_SIGNING_JOB_H
#define HM_CORE_SIGNING_JOB_H

#include "peer.h"

typedef struct hm_signing_job {
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
    bool noted;                        /* for a request */
    bool repeated;                     /* it was signed before, and is answered so again */
    bool kept;                         /* it carries its signature for this release already */
    const struct hm_signing_job *twin; /* the same question earlier in the batch; NULL: none */
    bool keeps;                        /* its answer, under this name: */
    uint8_t name[HM_SHA256_LEN];
    hm_fault fault; /* why there will be no signature */
} hm_signing_job;

static inline uint64_t hm_job_number(const hm_signing_job *job, int field) {
    return job->question->field[field].number;
}

static inline hm_bytes hm_job_bytes(const hm_signing_job *job, int field) { return job->question->field[field].bytes; }

static inline bool hm_job_is_cose(const hm_signing_job *job) {
    return hm_job_number(job, HM_SIGN_STRUCTURE) == HM_STRUCTURE_COSE;
}

static inline bool hm_job_failed(const hm_signing_job *job) { return job->fault.class != HM_DONE; }

/* signing_check.c */
/* May this be signed? Everything that policy says is asked here, before anything is written or signed. Sets the job's
 * key, and what it signs. */
HM_MUST_USE hm_err hm_job_check(hm_office *office, hm_signing_job *job);
/* The signature that the file carries already: the job's KEPT is set if it will do. What carries a signature for
 * another release, or none that is on record, is not taken for one of this. */
HM_MUST_USE hm_err hm_job_look_at_present(hm_office *office, hm_signing_job *job);

/* repeatable.c */
/* What was answered before to the same question under the session's key, or will be to one of JOBS before this.
 * Who is none any more is not answered what once was answered. */
HM_MUST_USE hm_err hm_job_recall(hm_office *office, const hm_signing_job *jobs, hm_signing_job *job);
/* In the transaction of the outcome: what is answered is kept, or neither is. */
HM_MUST_USE hm_err hm_job_keep(hm_office *office, const hm_signing_job *job);

#endif
