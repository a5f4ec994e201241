/* A device that holds a trust list, as far as lists are concerned: libhallmark-verify with every algorithm. */
#ifndef HM_APP_TRUST_DEVICE_H
#define HM_APP_TRUST_DEVICE_H

#include <base/bytes.h>
#include <hallmark/verify.h>

extern const hmv_algorithm *const hm_every_algorithm[]; /* NULL-terminated */
extern const hmv_digest *const hm_every_digest[];
/* The same by lib/crypto, which is faster on a host; one payload at a time. */
extern const hmv_digest *const hm_fast_digest[];

typedef struct {
    hmv_trust trust; /* views into the envelope that is in force */
} hm_device_list;

/* What the device says, in a sentence. */
typedef struct {
    bool accepted, already; /* ALREADY: it holds that very list */
    const char *sentence;
} hm_reason_text;

/* The device holds ENVELOPE, whose root set has the SHA-256 ROOT_SET; a refusal if it would not believe it. */
HM_MUST_USE hm_err hm_device_hold(hm_device_list *device, hm_bytes envelope, const uint8_t root_set[static 32]);
/* It is shown ENVELOPE: if it takes it, that is the one it holds. */
HM_MUST_USE hm_err hm_device_offer(hm_device_list *device, hm_bytes envelope, hm_reason_text *said);

#endif
