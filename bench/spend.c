/* What does a command cost? spend COMMAND [ARGUMENT...] runs it, with its standard output thrown away, and prints one line:
 *
 *   wall microseconds, processor microseconds (user and system), peak memory in KiB, exit status, processes that escaped
 *
 * Processor time is that of the whole tree of processes, peak memory that of its largest one. This program is small so that
 * its own memory, which a child has until it executes the command, is no floor under what is measured. It adopts what the
 * command leaves running, waits for it and counts it: nothing hides its work behind a process that nobody waited for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FAILED = 125 };

static void must(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "spend: %s: %s\n", what, strerror(errno));
    exit(FAILED);
}

static long long microseconds(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

static long long now(void) {
    struct timespec t;
    must(clock_gettime(CLOCK_MONOTONIC, &t), "clock");
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static _Noreturn void run(char **command) {
    int nowhere = open("/dev/null", O_WRONLY);
    must(nowhere, "/dev/null");
    must(dup2(nowhere, STDOUT_FILENO), "standard output");
    execvp(command[0], command);
    must(-1, command[0]);
    _exit(FAILED);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "spend: usage: spend COMMAND [ARGUMENT...]\n");
        return FAILED;
    }
    must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper");
    long long start = now(), wall = 0, processor = 0;
    long peak = 0;
    int status = 0, escaped = -1;
    pid_t first = fork();
    must(first, "fork");
    if (first == 0) run(argv + 1);
    for (;;) {
        struct rusage usage;
        int ended;
        pid_t child = wait4(-1, &ended, 0, &usage);
        if (child < 0 && errno == EINTR) continue;
        if (child < 0) break;
        processor += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
        if (usage.ru_maxrss > peak) peak = usage.ru_maxrss;
        escaped++;
        if (child != first) continue;
        wall = now() - start;
        status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
    }
    printf("%lld %lld %ld %d %d\n", wall, processor, peak, status, escaped);
    return 0;
}
