/* The clock that timestamps say, and what it is held by: a server that is asked, and what its answers are worth later.
 * The time passes as the test says (--wrap=clock_gettime). */
#include "sntp_fixture.h"

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

/* ---- the time ---- */

static int64_t passed, put_forward; /* seconds: for all clocks; for the one that says the time */

int __real_clock_gettime(clockid_t which, struct timespec *now);
int __wrap_clock_gettime(clockid_t which, struct timespec *now);
int __wrap_clock_gettime(clockid_t which, struct timespec *now) {
    int result = __real_clock_gettime(which, now);
    now->tv_sec += passed + (which == CLOCK_REALTIME ? put_forward : 0);
    return result;
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
    hm_time_source source; /* it, and a second is allowed */
    hm_clock clock;
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

static hm_time_source source_of(const server *s, unsigned max_offset) {
    char text[64];
    hm_time_source source;
    snprintf(text, sizeof text, "sntp:127.0.0.1:%u", s->port);
    WORKS(hm_time_source_read(hm_text(text), max_offset, &source));
    return source;
}

static void server_start(server *s) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    passed = put_forward = 0;
    *s = (server){0};
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
    s->source = source_of(s, 1000);
}

static void server_stop(server *s) {
    if (s->pid) kill(s->pid, SIGKILL);
    if (s->pid) waitpid(s->pid, NULL, 0);
    if (s->how) munmap(s->how, sizeof *s->how);
    passed = put_forward = 0;
}

/* Each test of a server has its own. */
static server s;

static int begin(void **state) {
    (void)state;
    server_start(&s);
    return 0;
}

static int finish(void **state) {
    (void)state;
    server_stop(&s);
    return 0;
}
#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, finish)

static hm_err check(void) { return hm_clock_check(&s.source, &s.clock); }

static void a_clock_that_is_right_is_asked_about_once(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) WORKS(check());
    assert_int_equal(s.how->asked, 1);
    passed = 63;
    WORKS(check());
    assert_int_equal(s.how->asked, 1);
}

static void it_is_asked_about_again_after_64_seconds(void **state) {
    (void)state;
    WORKS(check());
    passed = 65;
    s.how->ahead = 65;
    WORKS(check());
    assert_int_equal(s.how->asked, 2);
}

static void a_clock_that_is_off_is_refused_and_asked_about_every_5_seconds(void **state) {
    (void)state;
    s.how->ahead = 3600;
    REFUSED("may be off by 36", check());
    for (int i = 0; i < 5; i++) REFUSED("and 1000 are allowed", check());
    assert_int_equal(s.how->asked, 1);
    passed = 6;
    s.how->ahead = 6 - 2;
    REFUSED("may be off by 20", check());
    assert_int_equal(s.how->asked, 2);
    passed = 12;
    s.how->ahead = 12;
    WORKS(check());
    assert_int_equal(s.how->asked, 3);
}

static void a_clock_that_was_off_is_right_as_soon_as_it_is_set(void **state) {
    (void)state;
    s.how->ahead = 30;
    REFUSED("may be off by 30", check());
    put_forward = 30;
    WORKS(check());
    assert_int_equal(s.how->asked, 1);
}

static void a_source_that_does_not_want_to_be_asked_is_left_alone(void **state) {
    (void)state;
    s.how->kiss = 1;
    for (int i = 0; i < 5; i++) REFUSED("does not want to be asked (RATE)", check());
    assert_int_equal(s.how->asked, 1);
    passed = 6;
    s.how->kiss = 0;
    s.how->ahead = 6;
    WORKS(check());
    assert_int_equal(s.how->asked, 2);
}

static void what_may_be_off_is_what_was_said(void **state) {
    (void)state;
    hm_time_source narrow = source_of(&s, 100), wide = source_of(&s, 5000);
    s.how->ahead = 1;
    hm_clock one = {0}, other = {0};
    REFUSED("and 100 are allowed", hm_clock_check(&narrow, &one));
    WORKS(hm_clock_check(&wide, &other));
}

static void a_clock_that_is_put_forward_is_noticed_at_once(void **state) {
    (void)state;
    WORKS(check());
    put_forward = 30;
    REFUSED("may be off by 30", check());
    assert_int_equal(s.how->asked, 2);
    put_forward = 0;
    WORKS(check());
}

static void a_source_that_is_silent_from_the_start_is_no_source(void **state) {
    (void)state;
    s.how->silent = 1;
    REFUSED("does not answer", check());
    REFUSED("does not answer", check());
    assert_int_equal(s.how->asked, 1); /* everybody would wait for it */
    passed = 6;
    s.how->silent = 0;
    s.how->ahead = 6;
    WORKS(check());
    assert_int_equal(s.how->asked, 2);
}

static void an_answer_counts_for_ten_minutes_of_silence(void **state) {
    (void)state;
    WORKS(check());
    s.how->silent = 1;
    passed = 590; /* and a second of waiting */
    WORKS(check());
    assert_int_equal(s.how->asked, 2);
    passed = 601;
    REFUSED("does not answer", check());
}

static void a_source_that_loses_its_time_takes_its_word_back(void **state) {
    (void)state;
    WORKS(check());
    passed = 65;
    s.how->ahead = 65;
    s.how->leap = 3;
    for (int i = 0; i < 5; i++) REFUSED("own clock is not set", check());
    assert_int_equal(s.how->asked, 2);
    passed = 71;
    s.how->silent = 1;
    REFUSED("does not answer", check());
}

static void answers_to_nobodys_question_are_passed_over(void **state) {
    (void)state;
    s.how->forges = 1;
    WORKS(check());
    s.how->ahead = 3600;
    passed = 65;
    REFUSED("may be off", check());
}

static void nobody_at_the_port_is_no_source(void **state) {
    (void)state;
    kill(s.pid, SIGKILL);
    waitpid(s.pid, NULL, 0);
    s.pid = 0;
    REFUSED("does not answer", check());
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
        SERVER_TEST(a_clock_that_is_right_is_asked_about_once),
        SERVER_TEST(it_is_asked_about_again_after_64_seconds),
        SERVER_TEST(a_clock_that_is_off_is_refused_and_asked_about_every_5_seconds),
        SERVER_TEST(a_clock_that_was_off_is_right_as_soon_as_it_is_set),
        SERVER_TEST(a_source_that_does_not_want_to_be_asked_is_left_alone),
        SERVER_TEST(what_may_be_off_is_what_was_said),
        SERVER_TEST(a_clock_that_is_put_forward_is_noticed_at_once),
        SERVER_TEST(a_source_that_is_silent_from_the_start_is_no_source),
        SERVER_TEST(an_answer_counts_for_ten_minutes_of_silence),
        SERVER_TEST(a_source_that_loses_its_time_takes_its_word_back),
        SERVER_TEST(answers_to_nobodys_question_are_passed_over),
        SERVER_TEST(nobody_at_the_port_is_no_source),
        cmocka_unit_test(names_addresses_with_and_without_a_port),
        cmocka_unit_test(refuses_what_is_no_time_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
