/* What a release is, in the words of those who sign and verify it. */
#ifndef HM_APP_NATIVE_WORDS_H
#define HM_APP_NATIVE_WORDS_H

#include <base/json.h>
#include <hallmark/verify.h>

/* "release 2.4.1, sequence 17", and of a downgrade exception ", only for device A12, a way back". */
HM_MUST_USE hm_err hm_put_release(hm_buf *text, const hmv_release *release);
/* ", components main and recipe" */
HM_MUST_USE hm_err hm_put_components(hm_buf *text, const hmv_release *release);
/* A device's id as it was given: a text if it is one, otherwise "hex:0a0b". */
HM_MUST_USE hm_err hm_put_device(hm_buf *text, hm_bytes device);
/* The members release, sequence, publisher, vendor, class, device (of an exception) and components. */
void hm_release_json(hm_json *json, const hmv_release *release);

#endif
