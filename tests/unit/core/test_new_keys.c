/* Keys that signing makes by the way, in an office with founders: for those whom the policy lets sign, and nobody else.
 */
#include "governed_fixture.h"

static size_t keys_of_pump(office *o) {
    size_t count = 0;
    hm_message question = {.type = HM_MSG_KEY_LIST}, answer;
    question.field[HM_KEY_LIST_PRODUCT].bytes = hm_text("pump");
    for (answer = ask(o, &question); answer.type == HM_MSG_KEY; answer = hear(o)) count++;
    assert_int_equal(answer.type, HM_MSG_DONE);
    return count;
}

/* The session ends with it: one that was narrowed lists no keys. */
static hm_err prepare(office *o, hm_structure structure) {
    hm_message question = {.type = HM_MSG_PREPARE}, answer;
    question.field[HM_PREPARE_STRUCTURE].number = structure;
    question.field[HM_PREPARE_ALGORITHMS].bytes = HM_BYTES(((uint8_t[]){HM_KEY_ES256}), 1);
    WORKS(narrow_to(o, "pump"));
    hm_err err = hm_ask(&o->core, &question, &answer);
    hm_fault fault = hm_fault_keep(err);
    office_reconnect(o);
    return hm_fault_raise(&fault);
}

static hm_err sign_anew(office *o) {
    WORKS(narrow_to(o, "pump"));
    hm_err err = sign(o);
    hm_fault fault = hm_fault_keep(err);
    office_reconnect(o);
    return hm_fault_raise(&fault);
}

static void no_release_gets_a_key_by_who_may_not_sign_it(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, policy("pump", "key per release\nrule all\n  request by alice\n  formats cms\n"), BY(alice, bob)));
    size_t before = keys_of_pump(&o);
    FAILS(HM_REFUSED, "the policy of pump", prepare(&o, HM_STRUCTURE_CMS));
    FAILS(HM_REFUSED, "signs nothing of structure", prepare(&o, HM_STRUCTURE_COSE));
    FAILS(HM_REFUSED, "signs nothing of structure", prepare(&o, HM_STRUCTURE_AUTHENTICODE_PE));
    FAILS(HM_REFUSED, "signs nothing of structure 99", prepare(&o, (hm_structure)99));
    assert_int_equal(keys_of_pump(&o), before);
    office_disconnect(&o);
}

static void nor_is_a_key_followed_by_another(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(sign_anew(&o));
    size_t before = keys_of_pump(&o);
    WORKS(state(&o, policy("pump", "rotate after 1 signatures\nrule all\n  request by alice\n  formats cms\n"),
                BY(alice, bob)));
    FAILS(HM_REFUSED, "the policy of pump", sign_anew(&o));
    assert_int_equal(keys_of_pump(&o), before);
    WORKS(state(&o, policy("pump", "rotate after 1 signatures\nrule all\n  request by us\n  formats cms\n"),
                BY(alice, bob)));
    WORKS(sign_anew(&o));
    assert_int_equal(keys_of_pump(&o), before + 1);
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(no_release_gets_a_key_by_who_may_not_sign_it),
        OFFICE_TEST(nor_is_a_key_followed_by_another),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
