/* The inside of a native envelope, shared by the files of this format only. */
#ifndef HM_FORMAT_NATIVE_H
#define HM_FORMAT_NATIVE_H

#include <format/format.h>
#include <format/release.h>

struct hm_subject {
    const hm_format *format;
    const hm_payloads *payloads;
    hm_buf bytes;              /* of the envelope */
    hm_cose_envelope envelope; /* views into BYTES, like RELEASE */
    hmv_release release;
};

HM_MUST_USE hm_err hm_native_describe(const hm_subject *subject, hm_buf *lines);
void hm_native_describe_json(const hm_subject *subject, hm_json *json);

#endif
