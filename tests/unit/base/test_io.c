#include "folder_fixture.h"

#include <base/io.h>

#include <signal.h>
#include <sys/socket.h>

static void memory_is_read_by_offset(void **state) {
    (void)state;
    hm_source source = hm_source_of_memory(LITERAL("0123456789"));
    char part[3] = {0};
    assert_done(hm_source_read(&source, 4, part, 2));
    assert_string_equal(part, "45");
    assert_done(hm_source_read(&source, 10, part, 0));
}

static void refuses_to_read_outside_even_if_the_sum_wraps(void **state) {
    (void)state;
    hm_source source = hm_source_of_memory(LITERAL("0123456789"));
    char part[20];
    assert_refused(hm_source_read(&source, 9, part, 2));
    assert_refused(hm_source_read(&source, 11, part, 0));
    assert_refused(hm_source_read(&source, UINT64_MAX, part, 1));
    assert_refused(hm_source_read(&source, UINT64_MAX - 1, part, 12));
}

static void a_file_is_read_by_offset(void **state) {
    folder *f = *state;
    put_file(f->fd, "x", LITERAL("0123456789"), 0600);
    HM_FD fd = openat(f->fd, "x", O_RDONLY | O_CLOEXEC);
    hm_source source;
    assert_done(hm_source_of_file(fd, &source));
    assert_int_equal(source.size, 10);
    char part[3] = {0};
    assert_done(hm_source_read(&source, 8, part, 2));
    assert_string_equal(part, "89");
    assert_done(hm_source_read(&source, 0, part, 2));
    assert_string_equal(part, "01");
    assert_refused(hm_source_read(&source, 9, part, 2));
}

static void a_file_that_became_shorter_is_a_fault(void **state) {
    folder *f = *state;
    put_file(f->fd, "x", LITERAL("0123456789"), 0600);
    HM_FD fd = openat(f->fd, "x", O_RDWR | O_CLOEXEC);
    hm_source source;
    assert_done(hm_source_of_file(fd, &source));
    assert_int_equal(ftruncate(fd, 5), 0);
    char all[10];
    assert_could_not(hm_source_read(&source, 0, all, sizeof all));
    HM_BUF buf = HM_BUF_EMPTY;
    assert_could_not(hm_source_read_all(&source, 100, &buf));
    assert_int_equal(buf.len, 0);
}

static void refuses_pipes_and_folders_as_sources(void **state) {
    folder *f = *state;
    hm_source source;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_refused(hm_source_of_file(ends[0], &source));
    assert_refused(hm_source_of_file(f->fd, &source));
    assert_could_not(hm_source_of_file(-1, &source));
    close(ends[0]);
    close(ends[1]);
}

static void reads_a_source_whole_behind_what_is_there(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    hm_source source = hm_source_of_memory(LITERAL("abc")), nothing = hm_source_of_memory(HM_NO_BYTES);
    assert_done(hm_source_read_all(&nothing, 0, &buf));
    assert_done(hm_put_text(&buf, "> "));
    assert_done(hm_source_read_all(&source, 3, &buf));
    assert_refused(hm_source_read_all(&source, 2, &buf));
    assert_bytes(hm_buf_bytes(&buf), "> abc");
}

static void both_sinks_write_and_patch_alike(void **state) {
    folder *f = *state;
    HM_FD fd = openat(f->fd, "x", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    HM_BUF buf = HM_BUF_EMPTY, from_file = HM_BUF_EMPTY;
    hm_sink sinks[] = {hm_sink_to_buf(&buf), hm_sink_to_file(fd)};
    for (size_t i = 0; i < 2; i++) {
        assert_done(hm_sink_write(&sinks[i], LITERAL("0123")));
        assert_done(hm_sink_write(&sinks[i], HM_NO_BYTES));
        assert_done(hm_sink_write(&sinks[i], LITERAL("456789")));
        assert_done(hm_sink_patch(&sinks[i], 3, LITERAL("xyz")));
        assert_done(hm_sink_patch(&sinks[i], 10, HM_NO_BYTES));
        assert_refused(hm_sink_patch(&sinks[i], 9, LITERAL("ab")));
        assert_refused(hm_sink_patch(&sinks[i], 11, HM_NO_BYTES));
        assert_refused(hm_sink_patch(&sinks[i], UINT64_MAX, LITERAL("a")));
        assert_int_equal(sinks[i].written, 10);
    }
    hm_source source;
    assert_done(hm_source_of_file(fd, &source));
    assert_done(hm_source_read_all(&source, 100, &from_file));
    assert_bytes(hm_buf_bytes(&buf), "012xyz6789");
    assert_bytes(hm_buf_bytes(&from_file), "012xyz6789");
}

static void patches_count_from_where_the_sink_began(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(hm_put_text(&buf, "before "));
    hm_sink sink = hm_sink_to_buf(&buf);
    assert_done(hm_sink_write(&sink, LITERAL("abc")));
    assert_done(hm_sink_patch(&sink, 0, LITERAL("A")));
    assert_bytes(hm_buf_bytes(&buf), "before Abc");
}

static void a_socket_gives_all_or_a_fault(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_done(hm_fd_write(ends[0], LITERAL("abcdef")));
    char part[5] = {0};
    assert_done(hm_fd_read(ends[1], part, 4));
    assert_string_equal(part, "abcd");
    close(ends[0]);
    assert_could_not(hm_fd_read(ends[1], part, 4));
    signal(SIGPIPE, SIG_IGN);
    assert_could_not(hm_fd_write(ends[1], LITERAL("x")));
    close(ends[1]);
}

static void a_closed_descriptor_is_forgotten(void **state) {
    (void)state;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    hm_fd_close(&fd);
    assert_int_equal(fd, -1);
    hm_fd_close(&fd);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_read_by_offset),
        cmocka_unit_test(refuses_to_read_outside_even_if_the_sum_wraps),
        IN_A_FOLDER(a_file_is_read_by_offset),
        IN_A_FOLDER(a_file_that_became_shorter_is_a_fault),
        IN_A_FOLDER(refuses_pipes_and_folders_as_sources),
        cmocka_unit_test(reads_a_source_whole_behind_what_is_there),
        IN_A_FOLDER(both_sinks_write_and_patch_alike),
        cmocka_unit_test(patches_count_from_where_the_sink_began),
        cmocka_unit_test(a_socket_gives_all_or_a_fault),
        cmocka_unit_test(a_closed_descriptor_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
