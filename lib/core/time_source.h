/* By what the timestamping authority's clock is held: a token says a time, and whoever relies on it relies on this. */
#ifndef HM_CORE_TIME_SOURCE_H
#define HM_CORE_TIME_SOURCE_H

#include <base/bytes.h>

#include <netinet/in.h>

enum { HM_TIME_SOURCE_MAX = 128, HM_MAX_OFFSET_MAX = 60000 };

typedef struct {
    enum { HM_TIME_KERNEL = 1, HM_TIME_SNTP, HM_TIME_UNCHECKED } kind;
    struct sockaddr_storage address; /* of SNTP */
    socklen_t address_len;
    unsigned max_offset; /* milliseconds */
} hm_time_source;

/* "kernel", "none", or "sntp:ADDRESS" with ":PORT" behind it (123 if it is left out); an IPv6 address stands in
 * brackets. A number, not a name: to resolve one could keep everybody waiting. */
HM_MUST_USE hm_err hm_time_source_read(hm_bytes text, uint64_t max_offset, hm_time_source *source);

/* What is known of the clock, for as long as the process runs. All zero: nothing. */
typedef struct {
    bool answered;       /* and these are of the last answer that was good: */
    int64_t boot, real;  /* milliseconds: of the clock that nobody sets, of the one that says the time */
    int64_t offset;      /* microseconds that the source was ahead */
    int64_t distance;    /* that this may be wrong by */
    int64_t pause_until; /* by the first clock: not asked again before; 0: at once */
    hm_fault why;        /* of the last question, if nothing was answered */
} hm_clock;

/* Is the clock right, as far as SOURCE says? A refusal says why not. The kernel is asked each time. A server is asked
 * when its last answer is 64 seconds old, or when by that the clock is off; but not before 5 seconds have passed since
 * it said that, or that it has no time, or nothing. One that says nothing is waited for a second, and the answer before
 * counts for ten minutes. */
HM_MUST_USE hm_err hm_clock_check(const hm_time_source *source, hm_clock *clock);

/* Since 1970, UTC. */
int64_t hm_now_milliseconds(void);

#endif
