/* A native release as the devices' own reader leaves it (hmv_manifest_read): what is in it beyond what devices need.
 *
 * Nothing here has been verified. Views are into the manifest's bytes. */
#ifndef HM_FORMAT_RELEASE_H
#define HM_FORMAT_RELEASE_H

#include <crypto/digest.h>
#include <hallmark/verify.h>
#include <pki/cose.h>

static inline hm_bytes hm_native_bytes(hmv_bytes bytes) { return HM_BYTES(bytes.data, bytes.size); }

/* How many signers the manifest names; and signer INDEX. */
size_t hm_native_signers(const hmv_release *release);
HM_MUST_USE hm_err hm_native_signer(const hmv_release *release, size_t index, hm_bytes *kid);
/* The signatures must be by keys that the manifest names, in its order; those of co-signers may be to come. */
HM_MUST_USE hm_err hm_native_check_signers(const hmv_release *release, const hm_cose_envelope *envelope);

/* The name that a signer's note gives the file of component INDEX; empty: none. */
HM_MUST_USE hm_err hm_native_file_name(const hmv_release *release, size_t index, hm_bytes *name);

/* The algorithm of the payload's digest. */
hm_digest_algorithm hm_native_digest(const hmv_component *component);

/* How far a payload has been seen, from its beginning on. */
typedef struct {
    const hmv_component *component;
    hm_hash hash;
    uint64_t seen;
} hm_native_payload;
void hm_native_payload_begin(hm_native_payload *payload, const hmv_component *component);
void hm_native_payload_take(hm_native_payload *payload, hm_bytes bytes);
/* What was seen has the size and the digest that the manifest names. Ends it. */
bool hm_native_payload_is_whole(hm_native_payload *payload);

#endif
