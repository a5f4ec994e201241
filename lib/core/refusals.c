/* A refusal is on record; but nobody fills the log with them: so many in a session, and so many of a principal's in a
 * minute. Who goes on beyond that is heard no more in that session. */
#include "office.h"

#include <stdio.h>
#include <string.h>

enum { PER_MINUTE = 2000 };

static size_t slot_of(hm_refusals *refusals, const char *name) {
    size_t i = 0;
    while (i < refusals->names && strcmp(refusals->of[i].name, name) != 0) i++;
    if (i < refusals->names) return i;
    /* Of more principals than that none has a count of his own. */
    if (refusals->names == HM_REFUSED_NAMES) return HM_REFUSED_NAMES - 1;
    memset(&refusals->of[i], 0, sizeof refusals->of[i]);
    snprintf(refusals->of[i].name, sizeof refusals->of[i].name, "%s", name);
    return refusals->names++;
}

bool hm_refusals_in_minute(hm_office *office, const char *name, unsigned most) {
    hm_refusals *refusals = &office->refusals;
    int64_t minute = hm_now() / 60;
    if (minute != refusals->minute) refusals->names = 0;
    refusals->minute = minute;
    return refusals->of[slot_of(refusals, name)].count++ < most;
}

bool hm_refusal_is_logged(hm_office *office) {
    hm_session *session = office->session;
    if (session->refusals++ >= hm_refusals_borne(session)) return false;
    session->floods = session->principal[0] && !hm_refusals_in_minute(office, session->principal, PER_MINUTE);
    return !session->floods;
}

hm_err hm_refusals_check(const hm_session *session) {
    if (session->floods) return hm_refuse("too many refusals in one minute");
    return session->refusals > hm_refusals_borne(session) ? hm_refuse("too many refusals in one session") : HM_OK;
}
