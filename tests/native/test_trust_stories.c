/* What happens to a device's trust list: rotated, rolled back, forked, forged; publishers retired, keys revoked,
 * exceptions made. The files are in tests/vectors/native/, where README.md says what each of them is. */
#include "fixture.h"

#include <string.h>

/* A device and the list that it has in force. */
typedef struct {
    test_device device;
    hmv_trust trust;
    uint8_t roots[HMV_SHA256_SIZE];
    uint64_t least; /* the version of the newest list that it has taken */
} owner;

static owner self;

static hmv_reason open_list(const char *list) {
    return hmv_trust_open(&self.device.config, fixture(list), self.roots, self.least, &self.trust);
}

static void begin(const char *list, const char *roots) {
    hmv_bytes hash = fixture(roots);
    memset(&self, 0, sizeof self);
    device_init(&self.device);
    assert_int_equal(hash.size, sizeof self.roots);
    memcpy(self.roots, hash.data, hash.size);
    assert_accepted(open_list(list));
}

static int begin_story(void **state) {
    (void)state;
    begin("story-1.list", "story-1.roots");
    return 0;
}

static int begin_usual(void **state) {
    (void)state;
    begin("usual.list", "usual.roots");
    return 0;
}

static int end(void **state) {
    (void)state;
    fixtures_free();
    return 0;
}

/* The list is offered; what is refused changes nothing. */
static hmv_reason offer(const char *name) {
    hmv_trust next, before;
    uint8_t roots[HMV_SHA256_SIZE], zero[HMV_SHA256_SIZE] = {0};
    memcpy(&before, &self.trust, sizeof before);
    memset(&next, 0xa5, sizeof next);
    memset(roots, 0xa5, sizeof roots);
    hmv_reason answer = hmv_trust_update(&self.device.config, &self.trust, fixture(name), &next, roots);
    assert_memory_equal(&before, &self.trust, sizeof before);
    if (HMV_IS_ACCEPTED(answer)) {
        self.trust = next;
        self.least = next.version;
        memcpy(self.roots, roots, sizeof roots);
        return answer;
    }
    assert_true(is_reason(answer));
    assert_true(all_zero(&next, sizeof next));
    assert_memory_equal(roots, zero, sizeof zero);
    return answer;
}

static hmv_reason judge(hmv_act act, const char *name) {
    hmv_release release;
    memset(&release, 0xa5, sizeof release);
    hmv_reason answer = hmv_release_verify(&self.device.config, &self.trust, act, fixture(name), &release);
    if (!HMV_IS_ACCEPTED(answer)) assert_true(all_zero(&release, sizeof release));
    return answer;
}

/* What the device remembers of the maker's component `main`. */
static void remember(uint64_t sequence, uint64_t counter) {
    hmv_bytes publisher = {maker_id, sizeof maker_id}, component = {(const uint8_t *)"main", 4};
    device_state *state = device_state_of(&self.device, publisher, component);
    state->sequence = sequence;
    state->counter = counter;
}

static void name_device(const char *id) {
    memset(self.device.id, 0, sizeof self.device.id);
    memcpy(self.device.id, id, strlen(id));
    self.device.identity.id.size = strlen(id);
}

/* Rotation: 2 of 3 roots, {1 2 3} then {2 3 4} then {4 5 6} */

static void roots_rotate_over_three_generations(void **state) {
    (void)state;
    assert_accepted(offer("story-2.list"));
    assert_int_equal(self.trust.version, 2);
    assert_accepted(offer("story-3.list"));
    assert_int_equal(self.trust.version, 3);
    assert_accepted(open_list("story-3.list"));
}

static void a_device_that_missed_the_middle_list_refuses_the_third(void **state) {
    (void)state;
    assert_reason(offer("story-3.list"), HMV_ROOTS_UNKNOWN);
    assert_int_equal(self.trust.version, 1);
    assert_accepted(open_list("story-1.list"));
}

static void it_is_given_the_middle_list_and_then_takes_the_third(void **state) {
    (void)state;
    assert_reason(offer("story-3.list"), HMV_ROOTS_UNKNOWN);
    assert_accepted(offer("story-2.list"));
    assert_accepted(offer("story-3.list"));
}

static void after_a_rotation_the_old_list_no_longer_opens(void **state) {
    (void)state;
    assert_accepted(offer("story-2.list"));
    assert_reason(open_list("story-1.list"), HMV_OTHER_ROOTS);
    assert_true(all_zero(&self.trust, sizeof self.trust));
}

static void the_new_list_does_not_open_with_the_old_roots(void **state) {
    (void)state;
    assert_reason(open_list("story-2.list"), HMV_OTHER_ROOTS);
}

static void a_bundle_is_no_list(void **state) {
    (void)state;
    assert_reason(offer("story.bundle"), HMV_MALFORMED);
}

/* Versions */

static void the_list_cannot_be_rolled_back(void **state) {
    (void)state;
    assert_accepted(offer("story-2.list"));
    assert_reason(offer("story-1.list"), HMV_OLD_LIST);
    assert_accepted(offer("story-3.list"));
    assert_reason(offer("story-2.list"), HMV_OLD_LIST);
    assert_int_equal(self.trust.version, 3);
}

/* In the flash, by whoever can write there: the roots are the same. */
static void an_older_list_by_the_same_roots_does_not_open_again(void **state) {
    static const uint64_t above[] = {6, 7, UINT32_MAX, (uint64_t)5 << 32, UINT64_MAX};
    (void)state;
    self.least = 5;
    assert_accepted(open_list("usual.list"));
    assert_accepted(offer("revoked-all.list"));
    assert_reason(judge(HMV_BOOT, "image-good.envelope"), HMV_REVOKED_KEY);
    for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
        self.least = above[i];
        assert_reason(open_list("usual.list"), HMV_OLD_LIST);
        assert_true(all_zero(&self.trust, sizeof self.trust));
        assert_reason(judge(HMV_BOOT, "image-good.envelope"), HMV_NO_SIGNATURE);
    }
    self.least = 6;
    assert_accepted(open_list("revoked-all.list"));
    assert_reason(judge(HMV_BOOT, "image-good.envelope"), HMV_REVOKED_KEY);
}

static void the_same_list_again_is_told_as_the_same(void **state) {
    (void)state;
    assert_accepted(offer("story-2.list"));
    assert_reason(offer("story-2.list"), HMV_SAME_LIST);
}

static void the_same_list_with_a_signature_more_is_the_same_list(void **state) {
    (void)state;
    assert_accepted(offer("story-2.list"));
    assert_reason(offer("story-2-resigned.list"), HMV_SAME_LIST);
}

static void another_list_of_the_same_version_is_a_fork(void **state) {
    (void)state;
    assert_accepted(offer("story-2.list"));
    assert_reason(offer("story-2-fork.list"), HMV_LIST_FORK);
    assert_accepted(offer("story-3.list"));
}

static void whichever_of_two_forks_came_first_stays(void **state) {
    (void)state;
    assert_accepted(offer("story-2-fork.list"));
    assert_reason(offer("story-2.list"), HMV_LIST_FORK);
}

/* Thresholds */

static void one_of_three_roots_is_too_few(void **state) {
    (void)state;
    hmv_reason answer = offer("story-4-few.list");
    assert_true(answer == HMV_TOO_FEW_SIGNATURES || answer == HMV_ROOTS_UNKNOWN || answer == HMV_NEW_ROOTS_SIGN_NOT);
}

static void new_roots_that_do_not_sign_are_refused(void **state) {
    (void)state;
    assert_reason(offer("story-new-silent.list"), HMV_NEW_ROOTS_SIGN_NOT);
    assert_reason(offer("story-new-few.list"), HMV_NEW_ROOTS_SIGN_NOT);
}

static void a_list_that_the_old_roots_did_not_sign_is_refused(void **state) {
    (void)state;
    assert_reason(offer("story-old-silent.list"), HMV_ROOTS_UNKNOWN);
    assert_reason(offer("story-old-few.list"), HMV_ROOTS_UNKNOWN);
}

static void what_was_refused_is_no_step_to_the_next_list(void **state) {
    (void)state;
    assert_reason(offer("story-old-silent.list"), HMV_ROOTS_UNKNOWN);
    assert_reason(offer("story-next-failed.list"), HMV_ROOTS_UNKNOWN);
}

static void one_root_twice_is_not_two(void **state) {
    (void)state;
    assert_reason(offer("twice-kid.list"), HMV_TWICE);
}

static void one_root_under_anothers_name_is_not_two(void **state) {
    (void)state;
    assert_reason(offer("twice-borrowed.list"), HMV_BAD_SIGNATURE);
}

static void one_root_under_an_unknown_name_is_not_two(void **state) {
    (void)state;
    assert_false(HMV_IS_ACCEPTED((hmv_reason){offer("twice-unknown.list")}));
}

/* A key's name is its thumbprint: a second name is no name. */
static void a_root_set_with_one_key_under_two_names_is_refused(void **state) {
    (void)state;
    assert_reason(offer("twice-root.list"), HMV_MALFORMED);
    hmv_bytes roots = fixture("twice-root.roots");
    memcpy(self.roots, roots.data, roots.size);
    assert_reason(open_list("twice-root.list"), HMV_MALFORMED);
}

static void a_publisher_with_one_key_under_two_names_is_refused(void **state) {
    (void)state;
    assert_reason(offer("twice-publisher.list"), HMV_MALFORMED);
}

/* What is no list that was accepted has no roots, and so no threshold that anybody could meet. */

static const hmv_trust blank;

static void after_a_refused_list_nobodys_is_taken(void **state) {
    static const char *const lists[] = {"story-2.list", "usual.list", "shared.list", "attack-no-roots.list"};
    (void)state;
    memset(self.roots, 7, sizeof self.roots);
    assert_reason(open_list("story-1.list"), HMV_OTHER_ROOTS);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        assert_false(HMV_IS_ACCEPTED((hmv_reason){offer(lists[i])}));
    assert_reason(offer("story-2.list"), HMV_ROOTS_UNKNOWN);
}

static void a_list_with_a_threshold_and_no_roots_is_followed_by_none(void **state) {
    (void)state;
    self.trust = blank;
    self.trust.threshold = 1;
    assert_reason(offer("story-2.list"), HMV_ROOTS_UNKNOWN);
}

/* The publishers of the list in force are not its roots, however few of those there are. */
static void with_no_roots_publishers_are_not_asked(void **state) {
    (void)state;
    begin("shared.list", "shared.roots");
    self.trust.roots.size = 0;
    assert_reason(offer("shared-6.list"), HMV_ROOTS_UNKNOWN);
    begin("shared.list", "shared.roots");
    assert_accepted(offer("shared-6.list"));
}

static void a_list_with_roots_and_no_threshold_is_followed_by_none(void **state) {
    (void)state;
    self.trust.threshold = 0;
    assert_reason(offer("story-2.list"), HMV_ROOTS_UNKNOWN);
}

static void the_list_in_force_is_no_place_for_the_next_one(void **state) {
    static const char *const lists[] = {"story-2.list", "usual.list"};
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        hmv_trust before = self.trust;
        uint8_t roots[HMV_SHA256_SIZE];
        memset(roots, 0xa5, sizeof roots);
        assert_reason(hmv_trust_update(&self.device.config, &self.trust, fixture(lists[i]), &self.trust, roots),
                      HMV_ROOTS_UNKNOWN);
        assert_memory_equal(&before, &self.trust, sizeof before);
        assert_true(all_zero(roots, sizeof roots));
    }
    assert_accepted(offer("story-2.list"));
}

/* Publishers and keys */

static void of_a_retired_publisher_nothing_installs_and_what_is_there_boots(void **state) {
    (void)state;
    assert_accepted(judge(HMV_INSTALL, "image-good.envelope"));
    assert_accepted(offer("retired.list"));
    assert_reason(judge(HMV_INSTALL, "image-good.envelope"), HMV_RETIRED_PUBLISHER);
    assert_accepted(judge(HMV_BOOT, "image-good.envelope"));
}

static void of_a_removed_publisher_nothing_installs_or_boots(void **state) {
    (void)state;
    assert_accepted(offer("removed.list"));
    assert_reason(judge(HMV_INSTALL, "image-good.envelope"), HMV_NO_SIGNATURE);
    assert_reason(judge(HMV_BOOT, "image-good.envelope"), HMV_NO_SIGNATURE);
}

static void of_a_revoked_key_the_one_good_image_stays_allowed(void **state) {
    (void)state;
    assert_accepted(offer("revoked.list"));
    assert_accepted(judge(HMV_INSTALL, "image-good.envelope"));
    assert_accepted(judge(HMV_BOOT, "image-good.envelope"));
    assert_reason(judge(HMV_INSTALL, "image-other.envelope"), HMV_REVOKED_KEY);
    assert_reason(judge(HMV_BOOT, "image-other.envelope"), HMV_REVOKED_KEY);
}

static void a_revoked_key_spoils_what_a_good_key_signed_too(void **state) {
    (void)state;
    assert_accepted(judge(HMV_INSTALL, "image-both.envelope"));
    assert_accepted(offer("revoked.list"));
    assert_reason(judge(HMV_INSTALL, "image-both.envelope"), HMV_REVOKED_KEY);
}

static void of_a_key_revoked_without_exception_nothing_stays(void **state) {
    (void)state;
    assert_accepted(offer("revoked-all.list"));
    assert_reason(judge(HMV_INSTALL, "image-good.envelope"), HMV_REVOKED_KEY);
    assert_reason(judge(HMV_BOOT, "image-good.envelope"), HMV_REVOKED_KEY);
}

static void a_revoked_key_spoils_a_release_even_when_no_publisher_has_it_any_more(void **state) {
    (void)state;
    assert_accepted(offer("revoked-gone.list"));
    assert_reason(judge(HMV_INSTALL, "image-both.envelope"), HMV_REVOKED_KEY);
    assert_reason(judge(HMV_BOOT, "image-both.envelope"), HMV_REVOKED_KEY);
}

/* Logs */

static void a_receipt_by_a_revoked_log_key_spoils_the_release(void **state) {
    (void)state;
    assert_accepted(judge(HMV_INSTALL, "image-logged.envelope"));
    assert_accepted(offer("revoked-log.list"));
    assert_reason(judge(HMV_INSTALL, "image-logged.envelope"), HMV_REVOKED_KEY);
    assert_reason(judge(HMV_BOOT, "image-logged.envelope"), HMV_REVOKED_KEY);
    assert_accepted(judge(HMV_INSTALL, "image-good.envelope"));
}

static void of_a_revoked_log_key_the_receipt_of_the_one_good_image_counts(void **state) {
    (void)state;
    assert_accepted(offer("revoked-log-but.list"));
    assert_accepted(judge(HMV_INSTALL, "image-logged.envelope"));
}

/* And where receipts are asked for. */
static void a_receipt_by_a_revoked_log_key_is_none_of_those_that_are_asked_for(void **state) {
    (void)state;
    begin("logged-5.list", "usual.roots");
    assert_accepted(judge(HMV_INSTALL, "image-logged.envelope"));
    assert_reason(judge(HMV_INSTALL, "image-good.envelope"), HMV_NO_RECEIPT);
    assert_accepted(offer("logged-revoked.list"));
    assert_reason(judge(HMV_INSTALL, "image-logged.envelope"), HMV_REVOKED_KEY);
    assert_reason(judge(HMV_INSTALL, "image-good.envelope"), HMV_NO_RECEIPT);
}

/* Whoever keeps a log for himself could otherwise log for others what they never see. */
static void a_receipt_must_come_from_the_publishers_own_log(void **state) {
    (void)state;
    begin("two-logs.list", "usual.roots");
    assert_accepted(judge(HMV_INSTALL, "image-logged.envelope"));
    assert_reason(judge(HMV_INSTALL, "image-logged-elsewhere.envelope"), HMV_NO_RECEIPT);
    assert_reason(judge(HMV_BOOT, "image-logged-elsewhere.envelope"), HMV_NO_RECEIPT);
    assert_accepted(judge(HMV_INSTALL, "image-logged-twice.envelope"));
    assert_accepted(judge(HMV_BOOT, "image-logged-twice.envelope"));
}

static void a_log_speaks_for_no_other_office(void **state) {
    (void)state;
    begin("two-logs.list", "usual.roots");
    assert_reason(judge(HMV_INSTALL, "image-logged-pretending.envelope"), HMV_BAD_RECEIPT);
    begin("two-logs-free.list", "usual.roots");
    assert_reason(judge(HMV_INSTALL, "image-logged-pretending.envelope"), HMV_BAD_RECEIPT);
}

static void where_none_is_asked_for_another_offices_receipt_does_no_harm(void **state) {
    (void)state;
    begin("two-logs-free.list", "usual.roots");
    assert_accepted(judge(HMV_INSTALL, "image-logged-elsewhere.envelope"));
    assert_accepted(judge(HMV_INSTALL, "image-good.envelope"));
}

static void a_log_that_the_list_does_not_name_is_left_alone_and_counts_for_nothing(void **state) {
    (void)state;
    begin("two-logs-free.list", "usual.roots");
    assert_accepted(judge(HMV_INSTALL, "image-logged-nowhere.envelope"));
    begin("two-logs.list", "usual.roots");
    assert_reason(judge(HMV_INSTALL, "image-logged-nowhere.envelope"), HMV_NO_RECEIPT);
}

/* One RSA key, for PS256 with the maker and for RS256 with an operator */

static void one_rsa_key_of_two_publishers_signs_for_each_as_he_lists_it(void **state) {
    (void)state;
    assert_accepted(offer("rsa-twice.list"));
    assert_accepted(judge(HMV_INSTALL, "rsa-maker-ps256.envelope"));
    assert_accepted(judge(HMV_INSTALL, "rsa-operator-rs256.envelope"));
}

static void one_rsa_key_of_two_publishers_signs_for_none_as_the_other_lists_it(void **state) {
    (void)state;
    assert_accepted(offer("rsa-twice.list"));
    assert_reason(judge(HMV_INSTALL, "rsa-maker-rs256.envelope"), HMV_TOO_FEW_SIGNATURES);
    assert_reason(judge(HMV_INSTALL, "rsa-operator-ps256.envelope"), HMV_TOO_FEW_SIGNATURES);
}

static void a_known_key_with_an_algorithm_that_nobody_lists_for_it_is_refused(void **state) {
    (void)state;
    assert_accepted(offer("rsa-twice.list"));
    assert_reason(judge(HMV_INSTALL, "rsa-odd.envelope"), HMV_UNKNOWN_ALGORITHM);
    assert_reason(judge(HMV_INSTALL, "rsa-odd-beside.envelope"), HMV_UNKNOWN_ALGORITHM);
}

static void a_key_that_was_taken_away_without_being_revoked_is_an_unknown_one(void **state) {
    (void)state;
    assert_accepted(offer("gone.list"));
    assert_accepted(judge(HMV_INSTALL, "image-both.envelope"));
    assert_reason(judge(HMV_INSTALL, "image-good.envelope"), HMV_NO_SIGNATURE);
}

static void a_revocation_cannot_be_undone_by_the_list_before(void **state) {
    (void)state;
    assert_accepted(offer("revoked-all.list"));
    assert_reason(offer("usual.list"), HMV_OLD_LIST);
    assert_reason(judge(HMV_INSTALL, "image-good.envelope"), HMV_REVOKED_KEY);
}

/* A downgrade exception: security version 1, sequence 11, where the counter is 3 and sequence 10 is installed */

static void an_ordinary_release_does_not_go_below_the_counter(void **state) {
    (void)state;
    remember(8, 3);
    assert_reason(judge(HMV_INSTALL, "older.envelope"), HMV_OLD_SECURITY_VERSION);
    assert_reason(judge(HMV_BOOT, "older.envelope"), HMV_OLD_SECURITY_VERSION);
}

static void a_downgrade_exception_is_taken_by_its_device(void **state) {
    (void)state;
    remember(10, 3);
    assert_accepted(judge(HMV_INSTALL, "exception.envelope"));
    remember(11, 3); /* it is installed; the counter does not fall */
    assert_accepted(judge(HMV_BOOT, "exception.envelope"));
}

static void a_downgrade_exception_is_refused_by_every_other_device(void **state) {
    static const char *const others[] = {"device-0002", "device-00011", "device-000", "Device-0001", ""};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        name_device(others[i]);
        assert_reason(judge(HMV_INSTALL, "exception.envelope"), HMV_OTHER_DEVICE);
        assert_reason(judge(HMV_BOOT, "exception.envelope"), HMV_OTHER_DEVICE);
    }
}

static void a_downgrade_exception_installs_once(void **state) {
    (void)state;
    remember(10, 3);
    assert_accepted(judge(HMV_INSTALL, "exception.envelope"));
    remember(11, 3);
    assert_reason(judge(HMV_INSTALL, "exception.envelope"), HMV_OLD_SEQUENCE);
}

static void a_downgrade_exception_neither_installs_nor_boots_after_a_later_release(void **state) {
    (void)state;
    remember(11, 3);
    assert_accepted(judge(HMV_INSTALL, "later.envelope"));
    remember(12, 3);
    assert_reason(judge(HMV_INSTALL, "exception.envelope"), HMV_OLD_SEQUENCE);
    assert_reason(judge(HMV_BOOT, "exception.envelope"), HMV_OLD_SEQUENCE);
}

static void a_downgrade_exception_does_not_go_below_the_lists_minimum(void **state) {
    (void)state;
    remember(10, 3);
    assert_accepted(offer("minimum.list"));
    assert_reason(judge(HMV_INSTALL, "exception.envelope"), HMV_BELOW_MINIMUM);
    assert_reason(judge(HMV_BOOT, "exception.envelope"), HMV_BELOW_MINIMUM);
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, begin_story, end)
#define USUAL(function) cmocka_unit_test_setup_teardown(function, begin_usual, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(roots_rotate_over_three_generations),
        STORY(a_device_that_missed_the_middle_list_refuses_the_third),
        STORY(it_is_given_the_middle_list_and_then_takes_the_third),
        STORY(after_a_rotation_the_old_list_no_longer_opens),
        STORY(the_new_list_does_not_open_with_the_old_roots),
        STORY(a_bundle_is_no_list),
        STORY(the_list_cannot_be_rolled_back),
        STORY(the_same_list_again_is_told_as_the_same),
        STORY(the_same_list_with_a_signature_more_is_the_same_list),
        STORY(another_list_of_the_same_version_is_a_fork),
        STORY(whichever_of_two_forks_came_first_stays),
        STORY(one_of_three_roots_is_too_few),
        STORY(new_roots_that_do_not_sign_are_refused),
        STORY(a_list_that_the_old_roots_did_not_sign_is_refused),
        STORY(what_was_refused_is_no_step_to_the_next_list),
        STORY(one_root_twice_is_not_two),
        STORY(one_root_under_anothers_name_is_not_two),
        STORY(one_root_under_an_unknown_name_is_not_two),
        STORY(a_root_set_with_one_key_under_two_names_is_refused),
        STORY(a_publisher_with_one_key_under_two_names_is_refused),
        STORY(after_a_refused_list_nobodys_is_taken),
        STORY(a_list_with_a_threshold_and_no_roots_is_followed_by_none),
        STORY(with_no_roots_publishers_are_not_asked),
        STORY(a_list_with_roots_and_no_threshold_is_followed_by_none),
        STORY(the_list_in_force_is_no_place_for_the_next_one),
        USUAL(an_older_list_by_the_same_roots_does_not_open_again),
        USUAL(of_a_retired_publisher_nothing_installs_and_what_is_there_boots),
        USUAL(of_a_removed_publisher_nothing_installs_or_boots),
        USUAL(of_a_revoked_key_the_one_good_image_stays_allowed),
        USUAL(a_revoked_key_spoils_what_a_good_key_signed_too),
        USUAL(of_a_key_revoked_without_exception_nothing_stays),
        USUAL(a_revoked_key_spoils_a_release_even_when_no_publisher_has_it_any_more),
        USUAL(a_key_that_was_taken_away_without_being_revoked_is_an_unknown_one),
        USUAL(a_receipt_by_a_revoked_log_key_spoils_the_release),
        USUAL(of_a_revoked_log_key_the_receipt_of_the_one_good_image_counts),
        USUAL(a_receipt_by_a_revoked_log_key_is_none_of_those_that_are_asked_for),
        USUAL(a_receipt_must_come_from_the_publishers_own_log),
        USUAL(a_log_speaks_for_no_other_office),
        USUAL(a_log_that_the_list_does_not_name_is_left_alone_and_counts_for_nothing),
        USUAL(where_none_is_asked_for_another_offices_receipt_does_no_harm),
        USUAL(one_rsa_key_of_two_publishers_signs_for_each_as_he_lists_it),
        USUAL(one_rsa_key_of_two_publishers_signs_for_none_as_the_other_lists_it),
        USUAL(a_known_key_with_an_algorithm_that_nobody_lists_for_it_is_refused),
        USUAL(a_revocation_cannot_be_undone_by_the_list_before),
        USUAL(an_ordinary_release_does_not_go_below_the_counter),
        USUAL(a_downgrade_exception_is_taken_by_its_device),
        USUAL(a_downgrade_exception_is_refused_by_every_other_device),
        USUAL(a_downgrade_exception_installs_once),
        USUAL(a_downgrade_exception_neither_installs_nor_boots_after_a_later_release),
        USUAL(a_downgrade_exception_does_not_go_below_the_lists_minimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
