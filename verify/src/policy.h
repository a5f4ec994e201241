/* What the trust list and the device ask of a release whose signatures are good. */
#ifndef HALLMARK_VERIFY_POLICY_H
#define HALLMARK_VERIFY_POLICY_H

#include "flow.h"

/* The signatures are those that the manifest lists; enough are by the publisher's keys; no key is revoked. */
void hmv_policy_signers(hmv_pass *pass);
/* Every receipt is right, and where the publisher is asked for them they are there. */
void hmv_policy_receipts(hmv_pass *pass);
/* Publisher, vendor, class, purpose, trust-list version, exception. */
void hmv_policy_device(hmv_pass *pass);
/* Each component's kind, sequence number and security version. */
void hmv_policy_components(hmv_pass *pass);
void hmv_policy_dependencies(hmv_pass *pass);

#endif
