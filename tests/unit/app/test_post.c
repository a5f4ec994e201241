/* What passes between front and parser, and what does not. */
#include "app_test.h"

#include <post.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int end[2];
    hm_post sent, received;
} mail;

static int begin(void **state) {
    mail *m = calloc(1, sizeof *m);
    *state = m;
    return !m || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, m->end) != 0;
}

static int finish(void **state) {
    mail *m = *state;
    close(m->end[0]);
    close(m->end[1]);
    free(m);
    return 0;
}

/* COUNT descriptors in one message, and LEN bytes of an empty post. */
static void send_forged(const mail *m, size_t len, size_t count) {
    uint32_t head[4] = {HM_POST_NEXT, 0, 0, 0};
    char room[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec part = {head, len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count) {
        message.msg_control = room;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (size_t i = 0; i < count; i++) memcpy(CMSG_DATA(header) + i * sizeof(int), &m->end[0], sizeof(int));
    }
    assert_true(sendmsg(m->end[0], &message, MSG_NOSIGNAL) >= 0);
}

static void brings_a_descriptor_and_its_text(void **state) {
    mail *m = *state;
    bool closed;
    hm_post_start(&m->sent, HM_POST_OUTPUT, 7, 8, 9);
    hm_post_set_text(&m->sent, hm_text("words"));
    m->sent.fd = m->end[0];
    assert_done(hm_post_send(m->end[0], &m->sent));
    assert_done(hm_post_receive(m->end[1], &m->received, &closed));
    assert_false(closed);
    assert_int_equal(m->received.kind, HM_POST_OUTPUT);
    assert_int_equal(m->received.job, 7);
    assert_int_equal(m->received.a, 8);
    assert_int_equal(m->received.b, 9);
    assert_int_equal(m->received.text_len, 5);
    assert_memory_equal(m->received.text, "words", 5);
    assert_true(m->received.fd > 2);
    assert_true(fcntl(m->received.fd, F_GETFD) & FD_CLOEXEC);
    close(m->received.fd);
}

/* P8: the front takes no descriptor from a parser, however many it is sent. */
static void descriptors_are_thrown_away_where_none_are_due(void **state) {
    mail *m = *state;
    bool waits, closed;
    size_t before = open_descriptors();
    for (size_t count = 1; count <= 8; count++) {
        send_forged(m, 16, count);
        assert_done(hm_post_receive_plain(m->end[1], &m->received, &waits, &closed));
        assert_int_equal(m->received.kind, HM_POST_NEXT);
        assert_int_equal(m->received.fd, -1);
        assert_int_equal(open_descriptors(), before);
    }
}

static void two_descriptors_are_refused_and_none_is_kept(void **state) {
    mail *m = *state;
    bool closed;
    size_t before = open_descriptors();
    for (size_t count = 2; count <= 8; count++) {
        send_forged(m, 16, count);
        assert_could_not(hm_post_receive(m->end[1], &m->received, &closed));
        assert_int_equal(m->received.fd, -1);
        assert_int_equal(open_descriptors(), before);
    }
}

static void a_message_without_a_whole_head_is_refused(void **state) {
    mail *m = *state;
    bool waits, closed;
    size_t before = open_descriptors();
    for (size_t len = 1; len < 16; len++) {
        send_forged(m, len, 0);
        assert_could_not(hm_post_receive_plain(m->end[1], &m->received, &waits, &closed));
        send_forged(m, len, 1);
        assert_could_not(hm_post_receive(m->end[1], &m->received, &closed));
    }
    assert_int_equal(open_descriptors(), before);
}

static void a_message_that_is_too_long_is_refused(void **state) {
    mail *m = *state;
    bool waits, closed;
    static uint8_t bytes[16 + HM_POST_TEXT_MAX + 1];
    assert_int_equal(send(m->end[0], bytes, sizeof bytes, 0), sizeof bytes);
    assert_could_not(hm_post_receive_plain(m->end[1], &m->received, &waits, &closed));
    assert_int_equal(send(m->end[0], bytes, sizeof bytes - 1, 0), sizeof bytes - 1);
    assert_done(hm_post_receive_plain(m->end[1], &m->received, &waits, &closed));
    assert_int_equal(m->received.text_len, HM_POST_TEXT_MAX);
}

static void an_end_is_no_message(void **state) {
    mail *m = *state;
    bool waits, closed = false;
    shutdown(m->end[0], SHUT_WR);
    assert_done(hm_post_receive_plain(m->end[1], &m->received, &waits, &closed));
    assert_true(closed);
}

/* Who answers somebody that is gone has still to hear what was said before. */
static void an_answer_to_nobody_is_no_fault(void **state) {
    mail *m = *state;
    bool waits, closed;
    hm_post_start(&m->sent, HM_POST_RESULT, 3, 0, 0);
    assert_done(hm_post_send(m->end[1], &m->sent));
    assert_done(hm_post_send(m->end[0], &m->sent)); /* never read, which the kernel tells first */
    close(m->end[1]);
    m->end[1] = -1;
    assert_could_not(hm_post_send(m->end[0], &m->sent));
    assert_done(hm_post_answer(m->end[0], &m->sent));
    assert_done(hm_post_receive_plain(m->end[0], &m->received, &waits, &closed));
    assert_true(waits && !closed);
    assert_int_equal(m->received.job, 3);
    assert_could_not(hm_post_answer(-1, &m->sent));
}

static void where_there_is_no_message_nobody_waits(void **state) {
    mail *m = *state;
    bool waits = true, closed = true;
    assert_done(hm_post_receive_plain(m->end[1], &m->received, &waits, &closed));
    assert_false(waits || closed);
    send_forged(m, 16, 0);
    assert_done(hm_post_receive_plain(m->end[1], &m->received, &waits, &closed));
    assert_true(waits && !closed);
}

static void a_long_text_is_cut(void **state) {
    mail *m = *state;
    static uint8_t bytes[2 * HM_POST_TEXT_MAX];
    hm_post_set_text(&m->sent, HM_ARRAY(bytes));
    assert_int_equal(m->sent.text_len, HM_POST_TEXT_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(brings_a_descriptor_and_its_text, begin, finish),
        cmocka_unit_test_setup_teardown(descriptors_are_thrown_away_where_none_are_due, begin, finish),
        cmocka_unit_test_setup_teardown(two_descriptors_are_refused_and_none_is_kept, begin, finish),
        cmocka_unit_test_setup_teardown(a_message_without_a_whole_head_is_refused, begin, finish),
        cmocka_unit_test_setup_teardown(a_message_that_is_too_long_is_refused, begin, finish),
        cmocka_unit_test_setup_teardown(an_end_is_no_message, begin, finish),
        cmocka_unit_test_setup_teardown(an_answer_to_nobody_is_no_fault, begin, finish),
        cmocka_unit_test_setup_teardown(where_there_is_no_message_nobody_waits, begin, finish),
        cmocka_unit_test_setup_teardown(a_long_text_is_cut, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
