/* What the tests of lib/base share. */
#ifndef HM_BASE_TEST_H
#define HM_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <base/bytes.h>

#include <string.h>

#define assert_done(call) assert_int_equal((call).class, HM_DONE)
#define assert_refused(call) assert_int_equal((call).class, HM_REFUSED)
#define assert_could_not(call) assert_int_equal((call).class, HM_COULD_NOT)

/* The bytes are those of a string literal, zero bytes in it included. */
#define assert_bytes(bytes, literal)                                                                                   \
    do {                                                                                                               \
        hm_bytes found = (bytes);                                                                                      \
        assert_int_equal(found.len, sizeof(literal) - 1);                                                              \
        assert_memory_equal(found.data, literal, sizeof(literal) - 1);                                                 \
    } while (0)

#define LITERAL(literal) HM_BYTES(literal, sizeof(literal) - 1)

#endif
