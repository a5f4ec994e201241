/* Lets one system call of one process go wrong.
 *
 *   inject ROLE CALL N ACTION REPORT COMMAND...
 *
 * Runs COMMAND, and at the Nth time that the process of ROLE (0: the command itself, 1: its first child, 2: its second;
 * or all:N, of a command that runs others: the Nth process there is) makes the system call with the number CALL, does
 * ACTION: 0 kills that process before the call has happened, anything else is the errno that the call returns without
 * having happened. N of 0 does nothing. REPORT becomes a file with a line "ROLE CALL COUNT" for each kind of call that
 * was made, and a line "hit" if the point was reached.
 *
 * A call counts from main() on: what the dynamic loader does before is nobody's commit path. Hallmark's main begins by
 * ignoring SIGPIPE, which is the first rt_sigaction. strace -e inject counts by process, so that one fault becomes one
 * in each: that is why this program exists. Whatever else the command starts (a process that publishes the log later)
 * is killed at once, unless ROLE is one of all. Ends with the command's status (128 + its signal) when all its
 * processes have ended. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROLES = 3, PROCESSES = 32, CALLS = 512 };

typedef struct {
    pid_t pid;
    int role;      /* from the injection's roles on: not of interest */
    bool counting; /* main() has begun */
    bool spoilt;   /* the call that is under way must return FAULT */
} process;

typedef struct {
    int role, roles, call, action;
    long at;
    bool hit;
    process process[PROCESSES];
    int processes;
    long count[PROCESSES][CALLS];
} injection;

static process *find(injection *x, pid_t pid) {
    for (int i = 0; i < x->processes; i++)
        if (x->process[i].pid == pid) return &x->process[i];
    if (x->processes == PROCESSES) exit(125);
    process *fresh = &x->process[x->processes];
    /* Threads and grandchildren come behind the children that matter. */
    *fresh = (process){.pid = pid, .role = x->processes, .counting = x->processes > 0};
    x->processes++;
    return fresh;
}

/* The call becomes one that every sandbox allows and that changes nothing; its result is replaced when it returns. */
static void spoil(process *p) {
    struct user_regs_struct registers;
    ptrace(PTRACE_GETREGS, p->pid, NULL, &registers);
    registers.orig_rax = SYS_getpid;
    ptrace(PTRACE_SETREGS, p->pid, NULL, &registers);
    p->spoilt = true;
}

static void return_fault(process *p, int fault) {
    struct user_regs_struct registers;
    ptrace(PTRACE_GETREGS, p->pid, NULL, &registers);
    registers.rax = (unsigned long long)-(long long)fault;
    ptrace(PTRACE_SETREGS, p->pid, NULL, &registers);
    p->spoilt = false;
}

static void enter_call(injection *x, process *p, unsigned long long call) {
    if (p->role >= x->roles) {
        kill(p->pid, SIGKILL);
        return;
    }
    if (call >= CALLS) return;
    if (call == SYS_rt_sigaction) p->counting = true;
    if (!p->counting) return;
    long n = ++x->count[p->role][call];
    if (p->role != x->role || (int)call != x->call || n != x->at) return;
    x->hit = true;
    if (x->action)
        spoil(p);
    else
        kill(p->pid, SIGKILL);
}

static void take_call(injection *x, process *p) {
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        enter_call(x, p, info.entry.nr);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->spoilt)
        return_fault(p, x->action);
}

/* What stopped the process: returns the signal to hand on. */
static int take_stop(injection *x, process *p, int status) {
    int stopped_by = WSTOPSIG(status);
    if (stopped_by == (SIGTRAP | 0x80)) {
        take_call(x, p);
        return 0;
    }
    /* Events of ptrace itself, and the stop in which a new process begins its traced life. */
    if (status >> 16 || stopped_by == SIGSTOP || stopped_by == SIGTRAP) return 0;
    return stopped_by;
}

static int follow(injection *x, pid_t command) {
    int result = 125;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR) continue;
        if (pid < 0) return result;
        if (WIFSTOPPED(status)) {
            int signal = take_stop(x, find(x, pid), status);
            ptrace(PTRACE_SYSCALL, pid, NULL, signal);
        } else if (pid == command) {
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
}

static pid_t start(char **command) {
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execvp(command[0], command);
        _exit(127);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) exit(125);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                   PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    ptrace(PTRACE_SETOPTIONS, pid, NULL, options);
    ptrace(PTRACE_SYSCALL, pid, NULL, 0);
    return pid;
}

static void report(const injection *x, const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) exit(125);
    for (int role = 0; role < x->roles; role++)
        for (int call = 0; call < CALLS; call++)
            if (x->count[role][call]) fprintf(file, "%d %d %ld\n", role, call, x->count[role][call]);
    if (x->hit) fputs("hit\n", file);
    fclose(file);
}

int main(int argc, char **argv) {
    static injection x;
    if (argc < 7) {
        fputs("usage: inject ROLE CALL N ACTION REPORT COMMAND...\n", stderr);
        return 125;
    }
    bool all = strncmp(argv[1], "all:", 4) == 0;
    x.role = atoi(argv[1] + (all ? 4 : 0));
    x.roles = all ? PROCESSES : ROLES;
    x.call = atoi(argv[2]);
    x.at = atol(argv[3]);
    x.action = atoi(argv[4]);
    pid_t command = start(argv + 6);
    find(&x, command);
    int result = follow(&x, command);
    report(&x, argv[5]);
    return result;
}
