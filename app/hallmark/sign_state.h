/* One file from its digest to its signature, shared by the sources of signing only: parse_sign.c (the order of events),
 * sign_present.c (signatures that are there already), sign_report.c (what is said of it). */
#ifndef HM_APP_SIGN_STATE_H
#define HM_APP_SIGN_STATE_H

#include "parse_sign.h"

#include <core/wire.h>

/* So many files are under way at once: their digests wait at the core, which takes them together. */
enum { HM_SIGN_WINDOW = 64 };

typedef struct hm_sign_job {
    hm_opened opened;
    int output_fd[HM_PARTS];
    hm_sink sink; /* where the content that carries the signature went */
    hm_digests digests;
    hm_digest plain;
    hm_key_algorithm algorithm;
    uint8_t certificate_sha256[32]; /* that was announced for it */
    bool is_present;                /* a good one of ours is there; for this release? */
    bool is_latest;                 /* by the key that signs now */
    uint8_t present[HM_SHA256_LEN]; /* the same, by its hash */
    bool is_stamped;                /* the one that is there carries a timestamp */
    bool is_beside;                 /* it shares the file with other structures */
    /* To be timestamped: */
    struct hm_sign_job *next;
    hm_buf structure;
    size_t index;      /* which signer in it */
    hm_message answer; /* the core's; nothing points into it but the remark */
    hm_buf remark;
    hm_stamp stamp;
} hm_sign_job;

typedef struct {
    hm_parser *parser;
    const hm_sign_orders *orders;
    hm_trust *trust; /* parsed when first needed */
    /* What the core answered to the last "prepare", and to which question. */
    const hm_key_algorithm *prepared_for;
    hm_key_algorithm algorithm;
    uint8_t certificate_sha256[32];
    hm_cert_info announced; /* the certificate in words */
    char certificate_until[12];
    hm_sign_job *window[HM_SIGN_WINDOW];
    size_t waiting;
    bool core_lost;
    hm_buf outgoing; /* frames for the core that have not been sent */
    hm_buf storage;
    hm_stamper stamper;
    hm_sign_job *to_stamp, **behind_last; /* signed, and waiting for their timestamps */
} hm_signing;

/* sign_present.c: what do the signatures that are there mean for the one to be made? A refusal if one of them is in the
 * way; PENDING notes a good one of ours. */
HM_MUST_USE hm_err hm_sign_consider_present(hm_signing *s, hm_sign_job *pending, const hm_signatures *signatures);

/* sign_report.c. Those that finish the job: */
HM_MUST_USE hm_err hm_sign_report_unchanged(hm_signing *s, hm_sign_job *pending);
HM_MUST_USE hm_err hm_sign_report_skipped(hm_signing *s, hm_job *job);
/* and those that do not: */
HM_MUST_USE hm_err hm_sign_report_signed(hm_signing *s, const hm_sign_job *pending, const hm_message *answer);
/* No new signature, but a timestamp for the one that is there. */
HM_MUST_USE hm_err hm_sign_report_stamped(hm_signing *s, const hm_sign_job *pending);
HM_MUST_USE hm_err hm_sign_report_noted(hm_signing *s, const hm_sign_job *pending);

#endif
