/* What the tests of policy texts share. */
#ifndef HM_POLICY_TEST_H
#define HM_POLICY_TEST_H

#include "base_test.h"

#include <policy/policy.h>

#define assert_said(text)                                                                                              \
    do {                                                                                                               \
        if (!strstr(hm_err_sentence(), (text))) fail_msg("does not say '%s': %s", (text), hm_err_sentence());          \
    } while (0)

/* Every kind of line. */
#define SAMPLE                                                                                                         \
    "# Who may have what of the pump signed: gr\xc3\xbc\xc3\x9f"                                                       \
    "e \\o/\n"                                                                                                         \
    "group qa = bob, carol, dan\n"                                                                                     \
    "group safety = erin, frank, bob\n"                                                                                \
    "\n"                                                                                                               \
    "rule release\n"                                                                                                   \
    "  request by ci-main, alice, qa\n"                                                                                \
    "  releases 2.*, 3.*\n"                                                                                            \
    "  formats native, pe   # not cms\n"                                                                               \
    "  algorithms es256, rsa3072\n"                                                                                    \
    "  keys not-imported, not-software\n"                                                                              \
    "  approve 2 of qa\n"                                                                                              \
    "  approve 1 of safety\n"                                                                                          \
    "  publish 1 of safety\n"                                                                                          \
    "  window mon-fri 08:00-16:00\n"                                                                                   \
    "  window sat 22:00-04:00\n"                                                                                       \
    "  quota 200 per day\n"                                                                                            \
    "  quota 1000 per day of key\n"                                                                                    \
    "  expires 3 days\n"                                                                                               \
    "rule nightly\n"                                                                                                   \
    "  request by ci-main\n"                                                                                           \
    "  releases *-dev\n"                                                                                               \
    "  formats cms\n"                                                                                                  \
    "  quota 100 per hour\n"

/* Thursday 2026-01-01 00:00 UTC. */
enum { NEW_YEAR = 1767225600 };
#define AT(days, hours, minutes) ((int64_t)NEW_YEAR + (days)*86400 + (hours)*3600 + (minutes)*60)

#endif
