/* The keys of the database against the log's (log check). */
#ifndef HM_CORE_AUDIT_KEYS_H
#define HM_CORE_AUDIT_KEYS_H

#include "office.h"

enum { HM_AUDITED_KEY_ID = 16 };
typedef struct {
    struct hm_audited_key *key;
    size_t count, room, merge_at;
    bool named; /* by an intent; the last one: */
    uint8_t last_named[HM_AUDITED_KEY_ID];
} hm_audited_keys;

/* Before the first entry is read. */
HM_MUST_USE hm_err hm_audit_keys_begin(hm_office *office, hm_audited_keys *keys);
/* An entry whose details its leaf was made over. */
HM_MUST_USE hm_err hm_audit_keys_entry(hm_audited_keys *keys, const hm_leaf *leaf, const hm_entry_row *entry);
/* A refusal names the key that one of both does not have. */
HM_MUST_USE hm_err hm_audit_keys_end(hm_office *office, hm_audited_keys *keys, bool any_erased);
void hm_audited_keys_free(hm_audited_keys *keys);

#endif
