/* What the trust list and the device ask of a release whose signatures are good. */
#ifndef HALLMARK_VERIFY_POLICY_H
#define HALLMARK_VERIFY_POLICY_H

#include "flow.h"

/* Everything but receipts: signers, revocation, publisher, device, counters, dependencies. Marks: HMV_POLICY_MARKS. */
void hmv_policy_check(hmv_pass *pass, hmv_act act, const hmv_release *release);
/* Every receipt is right, and where the publisher is asked for them they are there. */
void hmv_policy_receipts(hmv_pass *pass, const hmv_release *release);
enum { HMV_POLICY_MARKS = 0x10 + 0x20 + 0x30 + 0x40, HMV_RECEIPT_MARK = 0x50 };

#endif
