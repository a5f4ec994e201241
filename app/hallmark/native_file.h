/* An envelope over a manifest, on the parser's side of pack and unpack. */
#ifndef HM_APP_NATIVE_FILE_H
#define HM_APP_NATIVE_FILE_H

#include <hallmark/verify.h>
#include <pki/cose.h>

/* Views into the envelope's bytes. Nothing in it has been verified. */
typedef struct {
    hm_cose_envelope envelope;
    hmv_release release;
} hm_native_file;
HM_MUST_USE hm_err hm_native_file_open(hm_bytes bytes, hm_native_file *file);

/* Has every signer that the manifest names signed, in its order, and nobody else? */
HM_MUST_USE hm_err hm_native_check_signers(const hm_native_file *file);
static inline hm_bytes hm_native_bytes(hmv_bytes bytes) { return HM_BYTES(bytes.data, bytes.size); }
/* The name that the signer's note gives the payload's file; empty: none. */
HM_MUST_USE hm_err hm_native_file_name(const hm_native_file *file, size_t index, hm_bytes *name);
/* The algorithm of the payload's digest. */
hm_digest_algorithm hm_native_digest(const hmv_component *component);

/* How far a payload has been seen. */
typedef struct {
    const hmv_component *component;
    hm_hash hash;
    uint64_t seen;
} hm_native_payload;
void hm_native_payload_begin(hm_native_payload *payload, const hmv_component *component);
void hm_native_payload_take(hm_native_payload *payload, hm_bytes bytes);
/* A refusal unless size and digest are the manifest's. */
HM_MUST_USE hm_err hm_native_payload_end(hm_native_payload *payload);

#endif
