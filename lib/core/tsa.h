/* The office's timestamping authority (RFC 3161). Whether it stamps, and by which clock, is stated in the log; so is
 * every token, before it is signed. */
#ifndef HM_CORE_TSA_H
#define HM_CORE_TSA_H

#include "office.h"
#include "time_source.h"

/* What was stated last. */
typedef struct {
    bool enabled;
    char source[HM_TIME_SOURCE_MAX + 1];
    uint64_t max_offset; /* milliseconds */
    int64_t since;
    uint64_t index; /* its entry */
} hm_tsa_settings;
/* A refusal if the entry is not what its leaf was made over, or cannot be read any more. */
HM_MUST_USE hm_err hm_tsa_stated(hm_office *office, hm_tsa_settings *settings);
/* State it: by the time source SOURCE from now on, or not at all if that is empty. Makes key and certificate if there
 * are none. */
HM_MUST_USE hm_err hm_tsa_state(hm_office *office, hm_bytes source, uint64_t max_offset);
/* Is its clock right at this moment? */
HM_MUST_USE hm_err hm_tsa_check_clock(hm_office *office, const hm_tsa_settings *settings);
/* The authority's certificate, if there is one; appended. */
HM_MUST_USE hm_err hm_tsa_certificate(hm_office *office, hm_buf *der);

/* Append the TimeStampResp to REQUEST. That no token is given is a reply, too. */
HM_MUST_USE hm_err hm_tsa_reply(hm_office *office, hm_bytes request, hm_buf *reply);

/* May one more, in this minute, who has not said who he is have a token? */
HM_MUST_USE hm_err hm_tsa_admit_stranger(hm_office *office);

/* Is an entry with this leaf and tag found as what it is, timestamp, statement of the authority, or neither? */
bool hm_tsa_is_found(const hm_leaf *leaf, uint64_t tag);
/* No timestamp says an earlier time than the one before it, nor a serial number that is another's: *LAST is kept from
 * one entry to the next, and 0 at first. */
HM_MUST_USE hm_err hm_tsa_audit(const hm_leaf *leaf, const hm_entry_row *entry, int64_t *last);

/* What was kept of its key; and of everything. */
void hm_tsa_forget_key(hm_office *office);
void hm_tsa_forget(hm_office *office);

#endif
