/* What the tests of lib/core share. */
#ifndef HM_CORE_TEST_H
#define HM_CORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <core/wire.h>

#include <string.h>

#define assert_done(call) assert_int_equal((call).class, HM_DONE)
#define assert_refused(call) assert_int_equal((call).class, HM_REFUSED)
#define assert_could_not(call) assert_int_equal((call).class, HM_COULD_NOT)
#define assert_said(text)                                                                                              \
    do {                                                                                                               \
        if (!strstr(hm_err_sentence(), (text))) fail_msg("does not say '%s': %s", (text), hm_err_sentence());          \
    } while (0)

#define LITERAL(literal) HM_BYTES(literal, sizeof(literal) - 1)

#endif
