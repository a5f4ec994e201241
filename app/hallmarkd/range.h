/* Which part of something is asked for (RFC 9110, section 14): one range of bytes. */
#ifndef HM_HALLMARKD_RANGE_H
#define HM_HALLMARKD_RANGE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    HM_RANGE_WHOLE, /* no range is asked for, or none that is understood: then all of it is the answer */
    HM_RANGE_PART,
    HM_RANGE_NONE /* what is asked for lies behind the end */
} hm_range;

/* HEADER is the value of Range, or NULL; SIZE what there is. Of a part FIRST and LEN are set: LEN is not 0, and FIRST +
 * LEN at most SIZE. Several ranges, other units, and what is no range are HM_RANGE_WHOLE, as section 14.2 allows. */
hm_range hm_range_of(const char *header, uint64_t size, uint64_t *first, uint64_t *len);

#endif
