#include "interrupted.h"

#include "options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP};
enum { INTERRUPTS = sizeof interrupts / sizeof interrupts[0] };

static volatile sig_atomic_t worker, interrupted;

static void pass_on(int number) {
    interrupted = number;
    if (worker) kill((pid_t)worker, number);
}

static sigset_t set_of_interrupts(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < INTERRUPTS; i++) sigaddset(&set, interrupts[i]);
    return set;
}

static void catch_them(void) {
    struct sigaction now, wanted = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    for (size_t i = 0; i < INTERRUPTS; i++)
        if (sigaction(interrupts[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(interrupts[i], &wanted, NULL);
}

/* As main does. */
static _Noreturn void work_and_exit(hm_err (*work)(void *context), void *context, const sigset_t *before) {
    sigprocmask(SIG_SETMASK, before, NULL);
    hm_err err = work(context);
    if (!hm_failed(err) && fflush(stdout) != 0) err = hm_could_not("standard output: %s", strerror(errno));
    if (hm_failed(err) && !hm_is_already_reported()) fprintf(stderr, "hallmark: %s\n", hm_err_sentence());
    fflush(stderr);
    _exit((int)err.class);
}

/* The worker's own children become this process's when it is gone. */
static int wait_for_all(void) {
    int status, of_worker = 0;
    for (;;) {
        pid_t pid = wait(&status);
        if (pid < 0 && errno != EINTR) return of_worker;
        if (pid < 0 || pid != (pid_t)worker) continue;
        of_worker = status;
        worker = 0; /* somebody else may get its number */
    }
}

/* BEFORE: the signals that are blocked otherwise. */
static hm_err start(const hm_interruptible *what, void *context, const sigset_t *before) {
    HM_TRY(what->begin(context));
    pid_t pid = fork();
    if (!pid) work_and_exit(what->work, context, before);
    if (pid > 0) {
        worker = pid;
        catch_them();
        return HM_OK;
    }
    int reason = errno;
    what->tidy(context);
    return hm_could_not("no process: %s", strerror(reason));
}

hm_err hm_run_interruptible(const hm_interruptible *what, void *context) {
    sigset_t set = set_of_interrupts(), before;
    fflush(NULL);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return hm_could_not("no subreaper: %s", strerror(errno));
    sigprocmask(SIG_BLOCK, &set, &before);
    hm_err err = start(what, context, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    HM_TRY(err);
    int status = wait_for_all();
    what->tidy(context);
    if (interrupted) signal(interrupted, SIG_DFL);
    if (interrupted) raise(interrupted);
    if (!WIFEXITED(status)) return hm_could_not("it was ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status) ? hm_already_reported((hm_class)WEXITSTATUS(status)) : HM_OK;
}
