#include "base_test.h"

#include <base/sandbox.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A build under AddressSanitizer runs without the filter (sandbox.c says why): there is nothing to test then. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int held; /* a descriptor that the sandboxed process keeps */

/* Runs ATTEMPT in a sandboxed child. Returns what waitpid says: an exit status of 42 means that ATTEMPT returned true.
 */
static int sandboxed(bool (*attempt)(void)) {
    pid_t child = fork();
    if (child == 0) {
        if (hm_failed(hm_sandbox_enter())) _exit(1);
        _exit(attempt() ? 42 : 43);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static bool is_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }
static bool is_true(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 42; }

static bool reads_what_it_holds(void) {
    char byte;
    return pread(held, &byte, 1, 0) == 1;
}
static bool uses_memory(void) {
    char *memory = malloc(3000000);
    if (!memory) return false;
    memset(memory, 1, 3000000);
    free(memory);
    return true;
}
static bool is_denied_a_file(void) { return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES; }
static bool is_denied_an_existing_folder(void) { return openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY) < 0; }
static bool makes_a_socket(void) { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }
static bool makes_a_unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }
static bool starts_a_program(void) {
    char *arguments[] = {(char[]){"true"}, NULL};
    return execv("/bin/true", arguments) == 0;
}
static bool forks(void) { return fork() >= 0; }
static bool traces(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0; }
static bool kills(void) { return kill(getppid(), 0) == 0; }
static bool maps_executable_memory(void) {
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
static bool makes_memory_executable(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}
static bool makes_a_memory_file(void) { return syscall(SYS_memfd_create, "x", 0) >= 0; }
static bool opens_by_ring(void) { return syscall(SYS_io_uring_setup, 1, NULL) >= 0; }
static bool opens_the_new_way(void) { return syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0) >= 0; }
static bool unlinks(void) { return unlink("/tmp/hallmark-nothing") == 0; }
static bool becomes_somebody(void) { return setuid(0) == 0; }

static int hold_a_file(void **state) {
    (void)state;
    held = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return held < 0 ? -1 : 0;
}

static void keeps_what_it_holds(void **state) {
    (void)state;
    assert_true(is_true(sandboxed(reads_what_it_holds)));
    assert_true(is_true(sandboxed(uses_memory)));
}

static void opens_nothing(void **state) {
    (void)state;
    if (SANITIZED) skip();
    assert_true(is_true(sandboxed(is_denied_a_file)));
    assert_true(is_true(sandboxed(is_denied_an_existing_folder)));
}

static void ends_at_a_call_that_a_parser_has_no_business_with(void **state) {
    (void)state;
    if (SANITIZED) skip();
    static const struct {
        const char *name;
        bool (*attempt)(void);
    } attempts[] = {
        {"socket", makes_a_socket},
        {"unix socket", makes_a_unix_socket},
        {"execve", starts_a_program},
        {"fork", forks},
        {"ptrace", traces},
        {"kill", kills},
        {"mmap executable", maps_executable_memory},
        {"mprotect executable", makes_memory_executable},
        {"memfd_create", makes_a_memory_file},
        {"io_uring", opens_by_ring},
        {"openat2", opens_the_new_way},
        {"unlink", unlinks},
        {"setuid", becomes_somebody},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        int status = sandboxed(attempts[i].attempt);
        if (!is_killed(status)) fail_msg("%s: not killed, status %x", attempts[i].name, (unsigned)status);
    }
}

#if defined(__x86_64__)
/* The same numbers mean other calls to the 32-bit and x32 tables: both must be closed. */
static bool calls_by_x32(void) { return syscall(0x40000000 + SYS_getpid) >= 0; }
static bool calls_by_the_32_bit_gate(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid */) : "memory", "r8", "r9", "r10", "r11");
    return result >= 0;
}
static void other_tables_of_system_calls_are_closed(void **state) {
    (void)state;
    if (SANITIZED) skip();
    assert_true(is_killed(sandboxed(calls_by_x32)));
    int status = sandboxed(calls_by_the_32_bit_gate);
    /* A kernel without the 32-bit table ends the process by another signal. */
    assert_true(WIFSIGNALED(status));
}
#else
static void other_tables_of_system_calls_are_closed(void **state) {
    (void)state;
    skip();
}
#endif

static void keeps_only_the_descriptors_it_is_told_to(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        int low = open("/dev/zero", O_RDONLY), kept = open("/dev/zero", O_RDONLY), high = open("/dev/zero", O_RDONLY);
        bool good = low > 2 && kept > low && high > kept && !hm_failed(hm_sandbox_close_files(&kept, 1));
        char byte = 1;
        good = good && read(kept, &byte, 1) == 1 && byte == 0;
        good = good && fcntl(low, F_GETFD) < 0 && fcntl(high, F_GETFD) < 0;
        good = good && read(0, &byte, 1) == 0 && write(1, &byte, 1) == 1;
        _exit(good ? 42 : 43);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(is_true(status));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_it_holds),
        cmocka_unit_test(opens_nothing),
        cmocka_unit_test(ends_at_a_call_that_a_parser_has_no_business_with),
        cmocka_unit_test(other_tables_of_system_calls_are_closed),
        cmocka_unit_test(keeps_only_the_descriptors_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, hold_a_file, NULL);
}
