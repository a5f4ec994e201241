/* SNTP (RFC 4330; RFC 5905 section 14): one question, one answer. Nothing is set by it. */
#ifndef HM_CORE_SNTP_H
#define HM_CORE_SNTP_H

#include <base/bytes.h>

#include <netinet/in.h>

enum { HM_SNTP_LEN = 48, HM_SNTP_NONCE_LEN = 8 };

/* In microseconds. */
typedef struct {
    int64_t offset; /* that the server is ahead of the local clock */
    int64_t
        distance; /* that this may be wrong by: half of the way there and back, and what the server says of itself */
} hm_sntp_time;

/* The question. NONCE stands where the time would, which a server gives back unread: so nobody who does not see the
 * question can answer it, and nobody learns this clock. */
void hm_sntp_question(const uint8_t nonce[static HM_SNTP_NONCE_LEN], uint8_t packet[static HM_SNTP_LEN]);
/* Is PACKET an answer to the question with this NONCE? What it says is another matter. */
bool hm_sntp_answers(hm_bytes packet, const uint8_t nonce[static HM_SNTP_NONCE_LEN]);
/* What an answer says. SENT: the local time of the question, TOOK: until the answer was there; microseconds. A refusal
 * if the server knows no time itself (leap 3, stratum 0 or above 15), is none (mode), or contradicts itself. */
HM_MUST_USE hm_err hm_sntp_judge(hm_bytes packet, int64_t sent, int64_t took, hm_sntp_time *time);

/* Ask the server at ADDRESS and wait for at most WAIT milliseconds. HM_COULD_NOT: nothing was answered. */
HM_MUST_USE hm_err hm_sntp_ask(const struct sockaddr *address, socklen_t len, int wait, hm_sntp_time *time);

#endif
