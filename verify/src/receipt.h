/* COSE Receipts (RFC 9942) with two inclusion proofs: of a signature's outcome and of its intent (docs/log.md). */
#ifndef HALLMARK_VERIFY_RECEIPT_H
#define HALLMARK_VERIFY_RECEIPT_H

#include "cose.h"

/* Every receipt of SIGNATURE must be well-formed, and right if its log is one of the trust list's: HMV_BAD_RECEIPT if
 * not, HMV_REVOKED_KEY if that log's key is revoked. 1, if one is of the log of RELEASE's publisher. */
uint32_t hmv_receipts_check(hmv_pass *pass, const hmv_signature *signature, const hmv_release *release);

#endif
