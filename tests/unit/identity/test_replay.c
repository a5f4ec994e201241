#include "base_test.h"

#include <identity/replay.h>

static hm_replay *replay;

static int begin(void **state) {
    (void)state;
    return hm_failed(hm_replay_new(&replay));
}

static int end(void **state) {
    (void)state;
    hm_replay_free(&replay);
    return 0;
}

static hm_err use(uint64_t number, int64_t until, int64_t now) {
    uint8_t id[HM_SHA256_LEN];
    hm_sha256(HM_BYTES(&number, sizeof number), id);
    return hm_replay_use(replay, id, until, now);
}

static void a_token_is_used_once(void **state) {
    (void)state;
    assert_done(use(1, 100, 50));
    assert_refused(use(1, 100, 50));
    assert_refused(use(1, 100, 100));
    assert_done(use(2, 100, 100));
}

static void what_is_over_is_not_taken(void **state) {
    (void)state;
    assert_refused(use(1, 100, 101));
    assert_done(use(1, 100, 100)); /* and was not noted */
}

/* They share a chain, and differ in one byte at the end. */
static void ids_that_begin_alike_are_told_apart(void **state) {
    (void)state;
    uint8_t id[HM_SHA256_LEN] = {7};
    for (unsigned i = 0; i < 256; i++) {
        id[31] = (uint8_t)i;
        assert_done(hm_replay_use(replay, id, 100, 50));
    }
    for (unsigned i = 0; i < 256; i++) {
        id[31] = (uint8_t)i;
        assert_refused(hm_replay_use(replay, id, 100, 50));
    }
}

static void fill(int64_t until) {
    for (uint64_t i = 0; i < HM_REPLAY_MAX; i++) assert_done(use(i, until + (int64_t)(i % 2), 50));
}

static void a_full_memory_refuses_and_forgets_nothing(void **state) {
    (void)state;
    fill(100);
    assert_could_not(use(HM_REPLAY_MAX, 100, 50));
    assert_could_not(use(HM_REPLAY_MAX, 100, 100));
    for (uint64_t i = 0; i < HM_REPLAY_MAX; i++) assert_refused(use(i, 100, 100));
}

static void what_is_over_makes_room(void **state) {
    (void)state;
    fill(100);
    assert_done(use(HM_REPLAY_MAX, 200, 101)); /* those until 100 are forgotten, those until 101 are not */
    assert_refused(use(HM_REPLAY_MAX, 200, 101));
    for (uint64_t i = 1; i < HM_REPLAY_MAX; i += 2) assert_refused(use(i, 101, 101));
    for (uint64_t i = 1; i < HM_REPLAY_MAX / 2; i++) assert_done(use(HM_REPLAY_MAX + i, 200, 101));
    assert_could_not(use(3 * HM_REPLAY_MAX, 200, 101));
    assert_done(use(3 * HM_REPLAY_MAX, 200, 102));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_used_once),
        TEST(what_is_over_is_not_taken),
        TEST(ids_that_begin_alike_are_told_apart),
        TEST(a_full_memory_refuses_and_forgets_nothing),
        TEST(what_is_over_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
