/* An envelope over a manifest, on the parser's side of pack and unpack. */
#ifndef HM_APP_NATIVE_FILE_H
#define HM_APP_NATIVE_FILE_H

#include <format/release.h>

/* Views into the envelope's bytes. Nothing in it has been verified. */
typedef struct {
    hm_cose_envelope envelope;
    hmv_release release;
} hm_native_file;
HM_MUST_USE hm_err hm_native_file_open(hm_bytes bytes, hm_native_file *file);

/* Has every signer that the manifest names signed, in its order, and nobody else? */
HM_MUST_USE hm_err hm_native_check_complete(const hm_native_file *file);

/* A refusal unless size and digest are the manifest's. */
HM_MUST_USE hm_err hm_native_payload_end(hm_native_payload *payload);

#endif
