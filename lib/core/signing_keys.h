/* Which key signs now: of each product and algorithm one, and of each release that has keys of its own. Private to
 * lib/core. */
#ifndef HM_CORE_SIGNING_KEYS_H
#define HM_CORE_SIGNING_KEYS_H

#include "office.h"

struct hm_candidate;
/* The newest active one of each; where none is active, the newest. */
typedef struct {
    size_t count;
    struct hm_candidate *key;
} hm_signing_keys;

/* Of PRODUCT, -1: of all, and of the timestamping authority, by the statements that were loaded last. */
HM_MUST_USE hm_err hm_signing_keys_find(hm_office *office, int64_t product, hm_signing_keys *keys);
void hm_signing_keys_clear(hm_signing_keys *keys);
#define HM_SIGNING_KEYS __attribute__((cleanup(hm_signing_keys_clear))) hm_signing_keys

/* Is it one of them? */
bool hm_signing_keys_has(const hm_signing_keys *keys, const uint8_t token_id[static HM_KEY_ID_LEN]);
/* Would a signature for PRODUCT be made with it at this moment? Not if it is stopped, has served its time, or has no
 * certificate that counts. */
HM_MUST_USE hm_err hm_signing_key_signs(hm_office *office, const hm_signing_keys *keys, const hm_key_row *row,
                                        const hm_product *product, bool *signs);

#endif
