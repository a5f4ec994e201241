/* Decisions that could not be verified, because memory was lacking: an approver's no is then not passed over, and his
 * yes is not called missing. */
#include "requests_fixture.h"

/* Of whose verification nothing comes; 0: of nobody's. A core takes it along when it is forked. */
static hm_cose_object lacking;

hm_err __real_hm_cose_verify(hm_cose_object object, hm_bytes payload, const hm_cose_signature *signature,
                             hm_bytes spki);
hm_err __wrap_hm_cose_verify(hm_cose_object object, hm_bytes payload, const hm_cose_signature *signature,
                             hm_bytes spki);
hm_err __wrap_hm_cose_verify(hm_cose_object object, hm_bytes payload, const hm_cose_signature *signature,
                             hm_bytes spki) {
    return lacking && object == lacking ? hm_no_memory() : __real_hm_cose_verify(object, payload, signature, spki);
}

static void begin_lacking(office *o, hm_cose_object object) {
    lacking = object;
    open_again(o);
    lacking = (hm_cose_object)0;
}

static void approve_twice(office *o, uint8_t hash[static HM_SHA256_LEN]) {
    make_request(o, hash);
    WORKS(approve(o, hash, carol));
    WORKS(approve(o, hash, dan));
}

static void a_no_that_cannot_be_verified_is_not_passed_over(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    approve_twice(&o, hash);
    WORKS(decide_as(&o, hash, HM_DECISION_REJECT, HM_COSE_REJECTION, dan));
    begin_lacking(&o, HM_COSE_REJECTION);
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_COULD_NOT, "out of memory", sign_file(&o, "one"));
    open_again(&o);
    assert_state(&o, hash, "rejected");
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "rejected", sign_file(&o, "one"));
    office_disconnect(&o);
}

static void a_yes_that_cannot_be_verified_is_not_missing(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    approve_twice(&o, hash);
    begin_lacking(&o, HM_COSE_APPROVAL);
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_COULD_NOT, "out of memory", sign_file(&o, "one"));
    open_again(&o);
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign_file(&o, "one"));
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(a_no_that_cannot_be_verified_is_not_passed_over),
        OFFICE_TEST(a_yes_that_cannot_be_verified_is_not_missing),
    };
    return cmocka_run_group_tests(tests, begin_requests, finish_requests);
}
