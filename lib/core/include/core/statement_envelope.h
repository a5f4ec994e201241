/* A statement in its envelope (COSE_Sign, RFC 9052): for the core, and for whoever wants to see what it sees. */
#ifndef HM_CORE_STATEMENT_ENVELOPE_H
#define HM_CORE_STATEMENT_ENVELOPE_H

#include <crypto/algorithm.h>
#include <policy/registry.h>

/* Take the statement in ENVELOPE into REGISTRY, with those of its signatures that are by keys of the registry's; any
 * other is a refusal. VERIFY: false where somebody has vouched for them already. NOW as for hm_registry_take. */
HM_MUST_USE hm_err hm_statement_envelope_take(hm_registry *registry, hm_bytes envelope, bool verify, int64_t now);

/* Append the envelope of STATEMENT (CBOR), signed by each of COUNT signers. */
HM_MUST_USE hm_err hm_statement_envelope_put(hm_bytes statement, const hm_signer *signers, size_t count,
                                             hm_buf *envelope);

/* Which of the registry's keys (hm_registry_key) is this kid's (RFC 9679)? A refusal if it is no principal's. */
HM_MUST_USE hm_err hm_statement_signer(const hm_registry *registry, hm_bytes kid, size_t *number, hm_bytes *spki);

#endif
