/* The tests that every curve of the device verifier passes; each is given its curve as prestate. */
#ifndef ECDSA_TESTS_H
#define ECDSA_TESTS_H

#include "ecdsa_lab.h"

void a_signature_is_good_and_no_octet_of_it_may_change(void **state);
void sizes_other_than_the_curves_are_bad(void **state);
void numbers_at_the_ends_of_their_ranges_are_bad_or_as_openssl_says(void **state);
void a_key_off_the_curve_or_at_infinity_is_bad(void **state);
void coordinates_not_below_the_prime_are_bad_even_if_they_name_a_point(void **state);
void small_and_extreme_scalars_of_small_multiples_of_g_get_openssls_verdict(void **state);
void sums_that_double_inside_the_addition_are_good(void **state);
void sums_that_pass_through_infinity_are_good_and_those_that_end_there_bad(void **state);
void digests_of_zero_and_not_below_the_order_are_reduced(void **state);
void an_r_that_stands_for_a_coordinate_above_the_order_is_good(void **state);
void random_signatures_and_their_mutations_get_openssls_verdict(void **state);
void wycheproof_of_fixed_length(void **state);
void wycheproof_in_der(void **state);

#define ECDSA_TESTS(curve)                                                                                             \
    cmocka_unit_test_prestate(a_signature_is_good_and_no_octet_of_it_may_change, curve),                               \
        cmocka_unit_test_prestate(sizes_other_than_the_curves_are_bad, curve),                                         \
        cmocka_unit_test_prestate(numbers_at_the_ends_of_their_ranges_are_bad_or_as_openssl_says, curve),              \
        cmocka_unit_test_prestate(a_key_off_the_curve_or_at_infinity_is_bad, curve),                                   \
        cmocka_unit_test_prestate(coordinates_not_below_the_prime_are_bad_even_if_they_name_a_point, curve),           \
        cmocka_unit_test_prestate(small_and_extreme_scalars_of_small_multiples_of_g_get_openssls_verdict, curve),      \
        cmocka_unit_test_prestate(sums_that_double_inside_the_addition_are_good, curve),                               \
        cmocka_unit_test_prestate(sums_that_pass_through_infinity_are_good_and_those_that_end_there_bad, curve),       \
        cmocka_unit_test_prestate(digests_of_zero_and_not_below_the_order_are_reduced, curve),                         \
        cmocka_unit_test_prestate(an_r_that_stands_for_a_coordinate_above_the_order_is_good, curve),                   \
        cmocka_unit_test_prestate(random_signatures_and_their_mutations_get_openssls_verdict, curve),                  \
        cmocka_unit_test_prestate(wycheproof_of_fixed_length, curve),                                                  \
        cmocka_unit_test_prestate(wycheproof_in_der, curve)

#endif
