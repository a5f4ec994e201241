#include "base_test.h"

#include <policy/role.h>

static void every_role_is_found_by_its_name(void **state) {
    (void)state;
    for (int i = 1; i <= HM_ROLES; i++) {
        hm_role role;
        assert_done(hm_role_by_name(hm_text(hm_role_name((hm_role)i)), &role));
        assert_int_equal(role, i);
    }
    assert_null(hm_role_name((hm_role)0));
    assert_null(hm_role_name((hm_role)(HM_ROLES + 1)));
}

static void what_is_no_role_is_told_with_those_that_are(void **state) {
    (void)state;
    hm_role role;
    assert_int_equal(hm_role_by_name(hm_text("aprover"), &role).class, HM_MISUSED);
    assert_non_null(strstr(hm_err_sentence(), "no role aprover (did you mean approver?): requester,"));
    assert_int_equal(hm_role_by_name(hm_text("Approver "), &role).class, HM_MISUSED);
    assert_int_equal(hm_role_by_name(HM_NO_BYTES, &role).class, HM_MISUSED);
}

static void who_administers_does_not_sign(void **state) {
    (void)state;
    for (int i = 0; i <= HM_ROLES + 1; i++)
        assert_int_equal(hm_role_signs((hm_role)i), i >= HM_ROLE_REQUESTER && i <= HM_ROLE_PUBLISHER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_is_found_by_its_name),
        cmocka_unit_test(what_is_no_role_is_told_with_those_that_are),
        cmocka_unit_test(who_administers_does_not_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
