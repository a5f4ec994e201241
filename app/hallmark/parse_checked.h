/* What checking commands share: a file opened, its signatures parsed, its digests computed. Between parse_check.c and
 * parse_logged.c only. */
#ifndef HM_APP_PARSE_CHECKED_H
#define HM_APP_PARSE_CHECKED_H

#include "parse_check.h"

#include <tlog/proof.h>

typedef struct {
    hm_opened opened;
    hm_signatures signatures;
    hm_digests digests;
    hm_verdict verdict;
    size_t signer; /* the one that verifies */
} hm_checked;
void hm_checked_clear(hm_checked *c);
#define HM_CHECKED __attribute__((cleanup(hm_checked_clear))) hm_checked

/* Every digest that the signers need, in one pass; differences of a catalogue are reported. */
HM_MUST_USE hm_err hm_checked_digest(hm_parser *parser, hm_checked *c);
/* Signer I against its digest and RULES. */
HM_MUST_USE hm_err hm_checked_signer(hm_checked *c, const hm_verify_rules *rules, size_t i);
/* Is TEXT a proof that the signature of c->signer is logged? PROOF's views point into TEXT and STORAGE. */
HM_MUST_USE hm_err hm_checked_proof(const hm_check_orders *orders, const hm_checked *c, hm_bytes text,
                                    hm_log_proof *proof, hm_buf *storage, hm_checkpoint *checkpoint);

/* Run WORK on every job whose signatures can be parsed. RULES are what ORDERS say of trust, time and product; with a
 * trust list there is no trust in them. COMMIT: its outputs get their names if WORK succeeds. */
typedef hm_err (*hm_checked_work)(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                                  hm_checked *c);
HM_MUST_USE hm_err hm_checked_run(hm_parser *parser, const hm_check_orders *orders, hm_checked_work work, bool commit);

#endif
