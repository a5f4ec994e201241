/* What `hallmark sign --format native` was asked for: the command line's part of a manifest. */
#ifndef HM_APP_NATIVE_PLAN_H
#define HM_APP_NATIVE_PLAN_H

#include "options.h"

#include <pki/manifest.h>

typedef struct {
    /* Texts are views of the command line. Publisher, vendor and class are the office's word; sizes, digests and our
     * own signers are filled in where the files are read. */
    hm_manifest manifest;
    bool described;    /* the one operand is a description in JSON, the components are in it */
    bool plain;        /* the one operand is a payload that was not named with --component */
    bool has_sequence; /* it was given; otherwise it is the time */
    bool has_follows;  /* only behind that number: */
    uint64_t follows;
    hm_digest_algorithm digest;
    uint8_t device[HM_MANIFEST_DEVICE];
    size_t cosigners;
    uint8_t cosigner[HM_MANIFEST_SIGNERS][HM_KID_LEN];
    const char *operand[HM_MANIFEST_COMPONENTS]; /* file of each component, or the description */
    size_t operands;
} hm_native_plan;

/* The value of the last option NAME; NULL if it was not given. */
const char *hm_given_value(const hm_options *options, const char *name);
/* --device ID. */
HM_MUST_USE hm_err hm_device_id(const char *text, uint8_t device[static HM_MANIFEST_DEVICE], hm_bytes *id);
/* NOW stands in for a sequence number. */
HM_MUST_USE hm_err hm_native_plan_make(const hm_options *options, int64_t now, hm_native_plan *plan);

#endif
