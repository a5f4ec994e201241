/* Temporary policies, as people are told of them. */
#include "stated_time.h"

#include <policy/registry.h>

#include <time.h>

enum { NAMED = 4 }; /* officers in a line: it is part of others, which have bounds */

hm_err hm_put_stated_time(int64_t seconds, hm_buf *line) {
    struct tm tm;
    time_t when = (time_t)seconds;
    if (!gmtime_r(&when, &tm)) return hm_refuse("a time is out of range");
    return hm_put_format(line, "%04d-%02d-%02d %02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                         tm.tm_min);
}

hm_err hm_glass_describe(const hm_glass *glass, hm_buf *line) {
    HM_TRY(hm_put_text(line, "BREAK-GLASS of "));
    HM_TRY(hm_put(line, glass->product));
    HM_TRY(hm_put_text(line, " until "));
    HM_TRY(hm_put_stated_time(glass->until, line));
    HM_TRY(hm_put_text(line, ", by "));
    for (size_t i = 0; i < glass->officers && i < NAMED; i++) {
        HM_TRY(hm_put_text(line, i ? ", " : ""));
        HM_TRY(hm_put(line, glass->officer[i]));
    }
    if (glass->officers > NAMED) HM_TRY(hm_put_format(line, " and %zu more", glass->officers - NAMED));
    HM_TRY(hm_put_text(line, ": "));
    return hm_put(line, glass->reason);
}
