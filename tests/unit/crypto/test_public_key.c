/* Which keys a person may have. */
#include "base_test.h"

#include <crypto/public_key.h>
#include <crypto/spki.h>

#include <string.h>

static hm_err check_point(const uint8_t point[static 32]) {
    HM_BUF spki = HM_BUF_EMPTY;
    HM_TRY(hm_spki_from_ed25519(HM_BYTES(point, 32), &spki));
    return hm_public_key_check(hm_buf_bytes(&spki));
}

/* RFC 8032 section 7.1, test 1. */
static const uint8_t good[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
static const uint8_t order_8[2][32] = {
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

static void takes_a_key_of_ed25519(void **state) {
    (void)state;
    assert_done(check_point(good));
}

/* y = 0, 1, -1: the points of order 4, 1 and 2; and 19 numbers beyond the field, which are seen as 0 to 18. */
static void refuses_points_of_small_order_and_second_encodings(void **state) {
    (void)state;
    for (int sign = 0; sign < 2; sign++) {
        uint8_t point[32] = {0};
        point[31] = (uint8_t)(sign << 7);
        for (unsigned low = 0; low < 2; low++) {
            point[0] = (uint8_t)low;
            assert_refused(check_point(point));
        }
        memset(point, 0xff, sizeof point);
        point[31] = (uint8_t)(0x7f | sign << 7);
        for (unsigned low = 0xec; low <= 0xff; low++) {
            point[0] = (uint8_t)low;
            assert_refused(check_point(point));
        }
        for (size_t i = 0; i < 2; i++) {
            memcpy(point, order_8[i], sizeof point);
            point[31] |= (uint8_t)(sign << 7);
            assert_refused(check_point(point));
        }
    }
}

static void takes_their_neighbours(void **state) {
    (void)state;
    uint8_t point[32] = {2};
    assert_done(check_point(point));
    for (size_t i = 1; i < 32; i++) {
        uint8_t other[32] = {1};
        other[i] = 1;
        assert_done(check_point(other));
    }
    memset(point, 0xff, sizeof point);
    point[0] = 0xeb;
    point[31] = 0x7f;
    assert_done(check_point(point));
    for (size_t i = 1; i < 32; i++) {
        memset(point, 0xff, sizeof point);
        point[31] = 0x7f;
        point[i] ^= 1;
        assert_done(check_point(point));
    }
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 32; k++) {
            memcpy(point, order_8[i], sizeof point);
            point[k] ^= 1;
            assert_done(check_point(point));
        }
}

static void refuses_what_is_no_key(void **state) {
    (void)state;
    assert_refused(hm_public_key_check(HM_NO_BYTES));
    assert_refused(hm_public_key_check(HM_ARRAY(good)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_key_of_ed25519),
        cmocka_unit_test(refuses_points_of_small_order_and_second_encodings),
        cmocka_unit_test(takes_their_neighbours),
        cmocka_unit_test(refuses_what_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
