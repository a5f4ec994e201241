/* Packets of SNTP: what is asked, and what an answer is worth. */
#include "sntp_fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* Asked at SENT, answered a fifth of a second later. */
static hm_err judge(packet_plan plan, hm_sntp_time *time) {
    uint8_t packet[HM_SNTP_LEN];
    put_packet(&plan, packet);
    return hm_sntp_judge(HM_ARRAY(packet), SENT * INT64_C(1000000), 200000, time);
}

static void assert_about(int64_t microseconds, int64_t expected) {
    if (llabs(microseconds - expected) > 100)
        fail_msg("%lld us instead of %lld", (long long)microseconds, (long long)expected);
}

static void a_question_tells_nothing_but_that_it_is_one(void **state) {
    (void)state;
    uint8_t packet[HM_SNTP_LEN], zeros[HM_SNTP_LEN] = {0};
    hm_sntp_question(nonce, packet);
    assert_int_equal(packet[0], 4 << 3 | 3); /* version 4, client */
    assert_memory_equal(packet + 1, zeros, 39);
    assert_memory_equal(packet + 40, nonce, sizeof nonce);
}

static void the_offset_is_between_the_two_ways(void **state) {
    (void)state;
    hm_sntp_time time;
    WORKS(judge(good(), &time));
    assert_about(time.offset, 0);
    assert_about(time.distance, 100000); /* half of the way there and back */
    packet_plan ahead = good();
    ahead.receive += 3600;
    ahead.transmit += 3600;
    WORKS(judge(ahead, &time));
    assert_about(time.offset, INT64_C(3600000000));
    packet_plan behind = good();
    behind.receive -= 2.5;
    behind.transmit -= 2.5;
    WORKS(judge(behind, &time));
    assert_about(time.offset, -2500000);
}

static void what_the_server_says_of_itself_counts_as_distance(void **state) {
    (void)state;
    hm_sntp_time time;
    packet_plan far = good();
    far.root_delay = 1 << 16;
    far.root_dispersion = 3 << 15;
    WORKS(judge(far, &time));
    assert_about(time.distance, 100000 + 500000 + 1500000);
}

/* 7 February 2036: the seconds since 1900 begin anew. */
static void an_era_ends_and_nothing_happens(void **state) {
    (void)state;
    hm_sntp_time time;
    uint8_t packet[HM_SNTP_LEN];
    packet_plan plan = good();
    int64_t end = (int64_t)((UINT64_C(1) << 32) - epoch);
    put_packet(&plan, packet);
    memset(packet + 32, 0, 16);
    packet[35] = packet[43] = 5; /* five seconds into the next era */
    WORKS(hm_sntp_judge(HM_ARRAY(packet), (end + 3) * 1000000, 0, &time));
    assert_about(time.offset, 2000000);
    WORKS(hm_sntp_judge(HM_ARRAY(packet), (end - 3) * 1000000, 0, &time));
    assert_about(time.offset, 8000000);
}

static void refuses_servers_that_know_no_time(void **state) {
    (void)state;
    hm_sntp_time time;
    packet_plan plan = good();
    plan.leap = 3;
    REFUSED("own clock is not set", judge(plan, &time));
    plan = good();
    plan.stratum = 0;
    REFUSED("does not want to be asked (RATE)", judge(plan, &time));
    plan.stratum = 16;
    REFUSED("stratum 16", judge(plan, &time));
    plan.stratum = 255;
    REFUSED("stratum 255", judge(plan, &time));
}

static void a_code_that_is_no_letters_is_not_repeated(void **state) {
    (void)state;
    static const uint8_t codes[][4] = {{0x1b, '[', '2', 'J'}, {'A', '\n', 'B', 'C'},  {'D', 'E', 'N', 0},
                                       {'R', 'A', 'T', 0x7f}, {0xc3, 0x28, 'x', 'x'}, {0x9b, '3', '1', 'm'}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        uint8_t packet[HM_SNTP_LEN];
        hm_sntp_time time;
        packet_plan plan = good();
        plan.stratum = 0;
        put_packet(&plan, packet);
        memcpy(packet + 12, codes[i], 4);
        REFUSED("does not want to be asked (no reason)",
                hm_sntp_judge(HM_ARRAY(packet), SENT * INT64_C(1000000), 200000, &time));
    }
}

static void refuses_what_is_no_server(void **state) {
    (void)state;
    hm_sntp_time time;
    for (uint8_t mode = 0; mode < 8; mode++) {
        packet_plan plan = good();
        plan.mode = mode;
        if (mode != 4) REFUSED("is no server", judge(plan, &time));
    }
    for (uint8_t version = 0; version < 8; version++) {
        packet_plan plan = good();
        plan.version = version;
        if (version != 3 && version != 4) REFUSED("version", judge(plan, &time));
    }
}

static void refuses_servers_that_contradict_themselves(void **state) {
    (void)state;
    hm_sntp_time time;
    packet_plan plan = good();
    plan.transmit = plan.receive - 1;
    REFUSED("contradicts", judge(plan, &time));
    plan = good();
    plan.transmit = 0;
    REFUSED("contradicts", judge(plan, &time));
    plan = good();
    plan.receive = 0;
    REFUSED("contradicts", judge(plan, &time));
}

static void only_who_was_asked_answers(void **state) {
    (void)state;
    uint8_t packet[HM_SNTP_LEN + 20] = {0};
    packet_plan plan = good();
    put_packet(&plan, packet);
    assert_true(hm_sntp_answers(HM_BYTES(packet, HM_SNTP_LEN), nonce));
    assert_true(hm_sntp_answers(HM_ARRAY(packet), nonce)); /* what follows is not looked at */
    for (size_t i = 24; i < 32; i++) {
        packet[i] ^= 1;
        assert_false(hm_sntp_answers(HM_ARRAY(packet), nonce));
        packet[i] ^= 1;
    }
    for (size_t len = 0; len < HM_SNTP_LEN; len++) assert_false(hm_sntp_answers(HM_BYTES(packet, len), nonce));
}

static void a_packet_that_is_cut_off_says_nothing(void **state) {
    (void)state;
    uint8_t packet[HM_SNTP_LEN];
    hm_sntp_time time;
    packet_plan plan = good();
    put_packet(&plan, packet);
    for (size_t len = 0; len < HM_SNTP_LEN; len++) assert_refused(hm_sntp_judge(HM_BYTES(packet, len), 0, 0, &time));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_tells_nothing_but_that_it_is_one),
        cmocka_unit_test(the_offset_is_between_the_two_ways),
        cmocka_unit_test(what_the_server_says_of_itself_counts_as_distance),
        cmocka_unit_test(an_era_ends_and_nothing_happens),
        cmocka_unit_test(refuses_servers_that_know_no_time),
        cmocka_unit_test(a_code_that_is_no_letters_is_not_repeated),
        cmocka_unit_test(refuses_what_is_no_server),
        cmocka_unit_test(refuses_servers_that_contradict_themselves),
        cmocka_unit_test(only_who_was_asked_answers),
        cmocka_unit_test(a_packet_that_is_cut_off_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
