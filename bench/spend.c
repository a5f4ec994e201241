/* What does a command cost? spend [--wait] COMMAND [ARGUMENT...] runs it, with its standard output thrown away, and
 * prints one line:
 *
 *   wall microseconds, processor microseconds (user and system), peak memory in KiB, exit status
 *
 * Processor time is that of the command and of all processes that it waited for, peak memory that of the largest one.
 * With
 * --wait the processes that outlive the command are adopted, waited for and counted too. This program is small so that
 * its own memory, which a child has until it executes the command, is no floor under what is measured. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

typedef struct {
    long long processor;
    long peak;
    int status;
} cost;

/* Wait for WHICH (-1: any child) and add what it has used. The command's own exit status is what counts. */
static bool add_child(pid_t which, pid_t command, cost *sum) {
    struct rusage usage;
    int ended;
    pid_t child;
    do child = wait4(which, &ended, 0, &usage);
    while (child < 0 && errno == EINTR);
    if (child < 0) return false;
    sum->processor += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    if (usage.ru_maxrss > sum->peak) sum->peak = usage.ru_maxrss;
    if (child == command) sum->status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
    return true;
}

int main(int argc, char **argv) {
    bool wait_for_all = argc > 1 && strcmp(argv[1], "--wait") == 0;
    char **words = argv + 1 + wait_for_all;
    if (argc < 2 + wait_for_all) {
        fprintf(stderr, "spend: usage: spend [--wait] COMMAND [ARGUMENT...]\n");
        return FAILED;
    }
    if (wait_for_all) must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper");
    cost sum = {.status = FAILED};
    long long start = now();
    pid_t command = fork();
    must(command, "fork");
    if (command == 0) run(words);
    add_child(command, command, &sum);
    long long wall = now() - start;
    if (wait_for_all)
        while (add_child(-1, command, &sum)) {
        }
    printf("%lld %lld %ld %d\n", wall, sum.processor, sum.peak, sum.status);
    return 0;
}
