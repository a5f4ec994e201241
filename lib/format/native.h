/* The inside of a native envelope, shared by the files of this format only. */
#ifndef HM_FORMAT_NATIVE_H
#define HM_FORMAT_NATIVE_H

#include <format/format.h>
#include <hallmark/verify.h>
#include <pki/cose.h>

struct hm_subject {
    const hm_format *format;
    const hm_payloads *payloads;
    hm_buf bytes;              /* of the envelope */
    hm_cose_envelope envelope; /* views into BYTES, like RELEASE */
    hmv_release release;
};

static inline hm_bytes hm_native_view(hmv_bytes bytes) { return HM_BYTES(bytes.data, bytes.size); }

/* The file name that a signer gave to component INDEX; empty if none. */
HM_MUST_USE hm_err hm_native_file(const hmv_release *release, size_t index, hm_bytes *file);
/* Signer INDEX of the manifest's list. */
HM_MUST_USE hm_err hm_native_signer(const hmv_release *release, size_t index, hm_bytes *kid);
size_t hm_native_signers(const hmv_release *release);

HM_MUST_USE hm_err hm_native_describe(const hm_subject *subject, hm_buf *lines);
void hm_native_describe_json(const hm_subject *subject, hm_json *json);

#endif
