/* The clock that timestamps say, and what it is held by: packets of SNTP, a server that is asked, and what its answers
 * are worth later. The time passes as the test says (--wrap=clock_gettime). */
#include "core_test.h"

#include "sntp.h"
#include "time_source.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKS(expression)                                                                                              \
    do {                                                                                                               \
        if (hm_failed(expression)) fail_msg("%s: %s", #expression, hm_err_sentence());                                 \
    } while (0)
#define REFUSED(words, expression)                                                                                     \
    do {                                                                                                               \
        assert_refused(expression);                                                                                    \
        assert_said(words);                                                                                            \
    } while (0)

/* ---- the time ---- */

static int64_t passed, put_forward; /* seconds: for all clocks; for the one that says the time */

int __real_clock_gettime(clockid_t which, struct timespec *now);
int __wrap_clock_gettime(clockid_t which, struct timespec *now);
int __wrap_clock_gettime(clockid_t which, struct timespec *now) {
    int result = __real_clock_gettime(which, now);
    now->tv_sec += passed + (which == CLOCK_REALTIME ? put_forward : 0);
    return result;
}

/* ---- packets ---- */

static const uint8_t nonce[HM_SNTP_NONCE_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
enum { SENT = 1000 }; /* seconds since 1970 */
static const uint64_t epoch = UINT64_C(2208988800);

typedef struct {
    uint8_t leap, version, mode, stratum;
    uint32_t root_delay, root_dispersion;
    double receive, transmit; /* seconds since 1970 */
} packet_plan;

static packet_plan good(void) {
    return (packet_plan){.version = 4, .mode = 4, .stratum = 2, .receive = SENT + 0.1, .transmit = SENT + 0.1};
}

static void put_time(uint8_t *at, double seconds) {
    uint64_t fixed = (uint64_t)((seconds + (double)epoch) * 65536.0) << 16;
    for (size_t i = 0; i < 8; i++) at[i] = (uint8_t)(fixed >> (56 - 8 * i));
}

static void put_packet(const packet_plan *plan, uint8_t packet[static HM_SNTP_LEN]) {
    memset(packet, 0, HM_SNTP_LEN);
    packet[0] = (uint8_t)(plan->leap << 6 | plan->version << 3 | plan->mode);
    packet[1] = plan->stratum;
    for (size_t i = 0; i < 4; i++) {
        packet[4 + i] = (uint8_t)(plan->root_delay >> (24 - 8 * i));
        packet[8 + i] = (uint8_t)(plan->root_dispersion >> (24 - 8 * i));
    }
    memcpy(packet + 12, "RATE", 4);
    memcpy(packet + 24, nonce, sizeof nonce);
    if (plan->receive > 0) put_time(packet + 32, plan->receive);
    if (plan->transmit > 0) put_time(packet + 40, plan->transmit);
}

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

/* ---- a server ---- */

typedef struct {
    volatile double ahead;                   /* seconds */
    volatile int leap, kiss, silent, forges; /* FORGES: it sends answers to nobody's question first */
    volatile int asked;
} behaviour;

typedef struct {
    behaviour *how;
    pid_t pid;
    uint16_t port;
} server;

static void answer_one(int fd, behaviour *how) {
    uint8_t question[64], packet[HM_SNTP_LEN];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    struct timespec now;
    if (recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &len) != HM_SNTP_LEN) return;
    how->asked++;
    if (how->silent) return;
    __real_clock_gettime(CLOCK_REALTIME, &now);
    packet_plan plan = good();
    plan.leap = (uint8_t)how->leap;
    if (how->kiss) plan.stratum = 0;
    plan.receive = plan.transmit = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + how->ahead;
    put_packet(&plan, packet);
    memset(packet + 24, 0x5a, HM_SNTP_NONCE_LEN);
    if (how->forges) (void)!sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, len);
    if (how->forges) (void)!sendto(fd, packet, 7, 0, (struct sockaddr *)&from, len);
    memcpy(packet + 24, question + 40, HM_SNTP_NONCE_LEN);
    (void)!sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, len);
}

static void server_start(server *s) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    passed = put_forward = 0;
    s->how = mmap(NULL, sizeof *s->how, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s->how != MAP_FAILED);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    s->port = ntohs(address.sin_port);
    s->pid = fork();
    if (s->pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (s->pid == 0) answer_one(fd, s->how);
    close(fd);
}

static void server_stop(server *s) {
    if (s->pid) kill(s->pid, SIGKILL);
    if (s->pid) waitpid(s->pid, NULL, 0);
    if (s->how) munmap(s->how, sizeof *s->how);
    passed = put_forward = 0;
}
#define SERVER __attribute__((cleanup(server_stop))) server

static hm_time_source source_of(const server *s, unsigned max_offset) {
    char text[64];
    hm_time_source source;
    snprintf(text, sizeof text, "sntp:127.0.0.1:%u", s->port);
    WORKS(hm_time_source_read(hm_text(text), max_offset, &source));
    return source;
}

static void a_clock_that_is_right_is_asked_about_once(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    for (int i = 0; i < 5; i++) WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 1);
    passed = 63;
    WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 1);
}

static void it_is_asked_about_again_after_64_seconds(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    WORKS(hm_clock_check(&source, &clock));
    passed = 65;
    s.how->ahead = 65;
    WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 2);
}

static void a_clock_that_is_off_is_refused_and_asked_about_every_5_seconds(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    s.how->ahead = 3600;
    REFUSED("may be off by 36", hm_clock_check(&source, &clock));
    for (int i = 0; i < 5; i++) REFUSED("and 1000 are allowed", hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 1);
    passed = 6;
    s.how->ahead = 6 - 2;
    REFUSED("may be off by 20", hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 2);
    passed = 12;
    s.how->ahead = 12;
    WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 3);
}

static void a_clock_that_was_off_is_right_as_soon_as_it_is_set(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    s.how->ahead = 30;
    REFUSED("may be off by 30", hm_clock_check(&source, &clock));
    put_forward = 30;
    WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 1);
}

static void a_source_that_does_not_want_to_be_asked_is_left_alone(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    s.how->kiss = 1;
    for (int i = 0; i < 5; i++) REFUSED("does not want to be asked (RATE)", hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 1);
    passed = 6;
    s.how->kiss = 0;
    s.how->ahead = 6;
    WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 2);
}

static void what_may_be_off_is_what_was_said(void **state) {
    (void)state;
    SERVER s = {0};
    server_start(&s);
    hm_time_source narrow = source_of(&s, 100), wide = source_of(&s, 5000);
    s.how->ahead = 1;
    hm_clock one = {0}, other = {0};
    REFUSED("and 100 are allowed", hm_clock_check(&narrow, &one));
    WORKS(hm_clock_check(&wide, &other));
}

static void a_clock_that_is_put_forward_is_noticed_at_once(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    WORKS(hm_clock_check(&source, &clock));
    put_forward = 30;
    REFUSED("may be off by 30", hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 2);
    put_forward = 0;
    WORKS(hm_clock_check(&source, &clock));
}

static void a_source_that_is_silent_from_the_start_is_no_source(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    s.how->silent = 1;
    REFUSED("does not answer", hm_clock_check(&source, &clock));
    REFUSED("does not answer", hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 1); /* everybody would wait for it */
    passed = 6;
    s.how->silent = 0;
    s.how->ahead = 6;
    WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 2);
}

static void an_answer_counts_for_ten_minutes_of_silence(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    WORKS(hm_clock_check(&source, &clock));
    s.how->silent = 1;
    passed = 590; /* and a second of waiting */
    WORKS(hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 2);
    passed = 601;
    REFUSED("does not answer", hm_clock_check(&source, &clock));
}

static void a_source_that_loses_its_time_takes_its_word_back(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    WORKS(hm_clock_check(&source, &clock));
    passed = 65;
    s.how->ahead = 65;
    s.how->leap = 3;
    for (int i = 0; i < 5; i++) REFUSED("own clock is not set", hm_clock_check(&source, &clock));
    assert_int_equal(s.how->asked, 2);
    passed = 71;
    s.how->silent = 1;
    REFUSED("does not answer", hm_clock_check(&source, &clock));
}

static void answers_to_nobodys_question_are_passed_over(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    s.how->forges = 1;
    WORKS(hm_clock_check(&source, &clock));
    s.how->ahead = 3600;
    passed = 65;
    REFUSED("may be off", hm_clock_check(&source, &clock));
}

static void nobody_at_the_port_is_no_source(void **state) {
    (void)state;
    SERVER s = {0};
    hm_clock clock = {0};
    server_start(&s);
    hm_time_source source = source_of(&s, 1000);
    kill(s.pid, SIGKILL);
    waitpid(s.pid, NULL, 0);
    s.pid = 0;
    REFUSED("does not answer", hm_clock_check(&source, &clock));
}

/* ---- what it is called ---- */

static void names_addresses_with_and_without_a_port(void **state) {
    (void)state;
    hm_time_source source;
    WORKS(hm_time_source_read(hm_text("kernel"), 1000, &source));
    assert_int_equal(source.kind, HM_TIME_KERNEL);
    WORKS(hm_time_source_read(hm_text("none"), 1000, &source));
    assert_int_equal(source.kind, HM_TIME_UNCHECKED);
    WORKS(hm_time_source_read(hm_text("sntp:192.0.2.1"), 1000, &source));
    assert_int_equal(ntohs(((struct sockaddr_in *)&source.address)->sin_port), 123);
    WORKS(hm_time_source_read(hm_text("sntp:192.0.2.1:1230"), 1000, &source));
    assert_int_equal(ntohs(((struct sockaddr_in *)&source.address)->sin_port), 1230);
    WORKS(hm_time_source_read(hm_text("sntp:[2001:db8::1]"), 1000, &source));
    assert_int_equal(source.address.ss_family, AF_INET6);
    assert_int_equal(ntohs(((struct sockaddr_in6 *)&source.address)->sin6_port), 123);
    WORKS(hm_time_source_read(hm_text("sntp:[2001:db8::1]:1230"), 1000, &source));
    assert_int_equal(ntohs(((struct sockaddr_in6 *)&source.address)->sin6_port), 1230);
}

static void refuses_what_is_no_time_source(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "Kernel",
                                        "kernel ",
                                        "ntp:192.0.2.1",
                                        "sntp",
                                        "sntp:",
                                        "sntp:host",
                                        "sntp:192.0.2.1:",
                                        "sntp:192.0.2.1:0",
                                        "sntp:192.0.2.1:65536",
                                        "sntp:1.2.3",
                                        "sntp:192.0.2.1:x",
                                        "sntp:::1",
                                        "sntp:[::1",
                                        "sntp:[::1]x",
                                        "sntp:[192.0.2.1]x",
                                        "sntp:[]:123",
                                        "sntp:192.0.2.1:12:3"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hm_time_source source;
        if (hm_time_source_read(hm_text(texts[i]), 1000, &source).class != HM_MISUSED) fail_msg("%s", texts[i]);
    }
    hm_time_source source;
    assert_int_equal(hm_time_source_read(hm_text("kernel"), 0, &source).class, HM_MISUSED);
    assert_int_equal(hm_time_source_read(hm_text("kernel"), HM_MAX_OFFSET_MAX + 1, &source).class, HM_MISUSED);
    char endless[HM_TIME_SOURCE_MAX + 2];
    memset(endless, '1', sizeof endless);
    assert_int_equal(hm_time_source_read(HM_BYTES(endless, sizeof endless), 1000, &source).class, HM_MISUSED);
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
        cmocka_unit_test(a_clock_that_is_right_is_asked_about_once),
        cmocka_unit_test(it_is_asked_about_again_after_64_seconds),
        cmocka_unit_test(a_clock_that_is_off_is_refused_and_asked_about_every_5_seconds),
        cmocka_unit_test(a_clock_that_was_off_is_right_as_soon_as_it_is_set),
        cmocka_unit_test(a_source_that_does_not_want_to_be_asked_is_left_alone),
        cmocka_unit_test(what_may_be_off_is_what_was_said),
        cmocka_unit_test(a_clock_that_is_put_forward_is_noticed_at_once),
        cmocka_unit_test(a_source_that_is_silent_from_the_start_is_no_source),
        cmocka_unit_test(an_answer_counts_for_ten_minutes_of_silence),
        cmocka_unit_test(a_source_that_loses_its_time_takes_its_word_back),
        cmocka_unit_test(answers_to_nobodys_question_are_passed_over),
        cmocka_unit_test(nobody_at_the_port_is_no_source),
        cmocka_unit_test(names_addresses_with_and_without_a_port),
        cmocka_unit_test(refuses_what_is_no_time_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
