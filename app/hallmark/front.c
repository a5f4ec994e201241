/* The front's processes: parsers are started, heard, reaped; or this process is the parser itself. */
#include "ahead.h"
#include "front_state.h"

#include <base/sandbox.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 20 /* milliseconds */, HANDFUL = 32 };

static _Noreturn void run_parser(const hm_front *front, int socket, _Atomic uint64_t *progress) {
    signal(SIGPIPE, SIG_IGN);
    hm_source_count(progress);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "hallmark-parser");
    static hm_ahead ahead;
    int keep[2] = {socket, front->core_fd};
    /* Each file waits for the core anyway, and should this process die no other takes over. */
    bool asks_ahead = front->signing && !front->gather && front->options->operand_count > 1 &&
                      sysconf(_SC_OPEN_MAX) >= HM_AHEAD_DESCRIPTORS;
    hm_parser parser = {.front = socket,
                        .core = front->core_fd,
                        .json = front->options->json,
                        .detached = front->options->signature != NULL,
                        .ahead = asks_ahead ? &ahead : NULL};
    if (front->pending) munmap(front->pending, HM_PENDING_MAX);
    hm_err err = hm_sandbox_close_files(keep, front->core_fd >= 0 ? 2 : 1);
    if (!hm_failed(err)) err = hm_sandbox_enter();
    if (!hm_failed(err)) err = front->parser(&parser, front->context);
    _exit(hm_failed(err) ? 1 : 0);
}

static hm_err start_parser(hm_front_state *state) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return hm_could_not("no socket for the parser: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) run_parser(state->front, pair[1], state->progress.read);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return hm_could_not("no process for the parser: %s", strerror(errno));
    }
    state->parser[state->parsers].socket = pair[0];
    state->parser[state->parsers].pid = pid;
    state->parsers++;
    return HM_OK;
}

static void reap(hm_front_state *state, size_t parser, const char *why) {
    int status = 0;
    hm_fd_close(&state->parser[parser].socket);
    while (waitpid(state->parser[parser].pid, &status, 0) < 0 && errno == EINTR) {
    }
    state->parser[parser].ended = true;
    char sentence[200];
    if (why)
        snprintf(sentence, sizeof sentence, "%s", why);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(sentence, sizeof sentence, "the parsing process was stopped by its sandbox (please report this file)");
    else if (WIFSIGNALED(status))
        snprintf(sentence, sizeof sentence, "the parsing process died of signal %d (please report this file)",
                 WTERMSIG(status));
    else
        snprintf(sentence, sizeof sentence, "the parsing process ended early (out of memory, or its core ended)");
    /* What was whole before it ended is. */
    hm_front_commit_waiting(state);
    for (size_t i = 0; i < state->next; i++)
        if (state->jobs[i] && !state->jobs[i]->over && state->jobs[i]->parser == (int)parser)
            hm_front_job_finish(state, state->jobs[i], HM_COULD_NOT, sentence);
}

/* What one parser has to say, a handful at most, then it is the others' turn. */
static void hear(hm_front_state *state, size_t parser) {
    bool waits = true, closed = false;
    hm_err err = HM_OK;
    for (size_t i = 0; i < HANDFUL && waits && !closed && !hm_failed(err); i++) {
        err = hm_post_receive_plain(state->parser[parser].socket, &state->post, &waits, &closed);
        if (!hm_failed(err) && waits && !closed) err = hm_front_serve(state, parser, &state->post);
    }
    if (!closed && !hm_failed(err)) return;
    if (hm_failed(err)) kill(state->parser[parser].pid, SIGKILL);
    reap(state, parser, hm_failed(err) ? hm_err_sentence() : NULL);
}

static bool listen_once(hm_front_state *state) {
    struct pollfd waiting[PARSERS_MAX];
    size_t who[PARSERS_MAX], count = 0;
    for (size_t i = 0; i < state->parsers; i++) {
        if (state->parser[i].ended) continue;
        waiting[count] = (struct pollfd){.fd = state->parser[i].socket, .events = POLLIN};
        who[count++] = i;
    }
    if (!count) return false;
    /* What is whole waits for others, but not long. */
    int ready = poll(waiting, count, state->wholes ? PATIENCE : hm_progress_timeout(&state->progress));
    if (ready == 0 && state->wholes) hm_front_commit_waiting(state);
    if (ready < 0) return errno == EINTR;
    if (state->printed < state->count) hm_progress_show(&state->progress);
    for (size_t i = 0; i < count; i++)
        if (waiting[i].revents) hear(state, who[i]);
    return true;
}

/* Files that no parser lived to take. A fresh parser takes over where there is no core to share; else they fail. */
static hm_err finish_rest(hm_front_state *state) {
    for (size_t i = state->printed; i < state->count; i++) {
        hm_front_job *job = state->jobs[i] ? state->jobs[i] : hm_front_job_begin(state, i, 0);
        if (!job) return hm_no_memory();
        if (!job->over) hm_front_job_finish(state, job, HM_COULD_NOT, "not tried: the parsing process had ended");
    }
    return HM_OK;
}

/* Alone: one file to look at and nothing to write. Everything the parser can ask for is opened first; then this process
 * itself enters the sandbox and is the parser, which saves a quarter of the time that verifying a small file takes.
 * Nothing that an untrusted byte can reach differs: it holds the same descriptors, and can open nothing. */

static hm_err ask_alone(void *context, hm_post *post) {
    hm_front_state *state = context;
    static hm_post question;
    hm_post_copy(&question, post);
    state->alone = post;
    return hm_front_serve(state, 0, &question);
}

static bool can_be_alone(const hm_front *front) {
    return front->options->operand_count == 1 && front->core_fd < 0 && !front->options->output && !front->into &&
           !front->siblings && !front->same;
}

/* *ALONE false: it is a folder, whose files are opened one after another, or large. */
static hm_err open_ahead(hm_front_state *state, hm_front_job *job, bool *alone) {
    HM_TRY(hm_front_open_operand(state, state->front->options->operands[0], job, &job->content_fd));
    *alone = !job->is_folder && job->size <= ALONE_MAX;
    if (!*alone) return HM_OK;
    HM_TRY(hm_front_open_companion(state, job, HM_PART_SIGNATURE, &job->companion_fd[HM_PART_SIGNATURE]));
    if (state->front->options->require_log)
        HM_TRY(hm_front_open_companion(state, job, HM_PART_PROOF, &job->companion_fd[HM_PART_PROOF]));
    job->opened_ahead = true;
    return HM_OK;
}

static hm_err run_alone(hm_front_state *state, const hm_front_job *job) {
    int keep[HM_PARTS + 1] = {job->content_fd};
    size_t count = 1;
    for (size_t part = 0; part < HM_PARTS; part++)
        if (job->companion_fd[part] >= 0) keep[count++] = job->companion_fd[part];
    HM_TRY(hm_sandbox_close_others(keep, count));
    HM_TRY(hm_sandbox_enter());
    hm_parser parser = {.front = -1,
                        .core = -1,
                        .json = state->front->options->json,
                        .detached = state->front->options->signature != NULL,
                        .ask = ask_alone,
                        .front_state = state};
    /* cppcheck-suppress returnDanglingLifetime ; an hm_err is a number, it keeps no address */
    return state->front->parser(&parser, state->front->context);
}

static hm_err run_parsers(hm_front_state *state) {
    size_t wanted = state->front->parsers < state->count ? state->front->parsers : state->count;
    if (wanted > PARSERS_MAX) wanted = PARSERS_MAX;
    for (size_t i = 0; i < wanted; i++) HM_TRY(start_parser(state));
    do {
        while (listen_once(state)) {
        }
        /* One bad file must not cost the others their verdict. */
        if (state->next < state->count && state->front->core_fd < 0 && state->parsers < PARSERS_MAX)
            HM_TRY(start_parser(state));
        else
            break;
    } while (true);
    return finish_rest(state);
}

static hm_err run(hm_front_state *state) {
    bool alone = false;
    if (!can_be_alone(state->front)) return run_parsers(state);
    hm_front_job *job = hm_front_job_begin(state, 0, 0);
    if (!job) return hm_no_memory();
    hm_err err = open_ahead(state, job, &alone);
    if (hm_failed(err)) {
        hm_front_job_finish(state, job, err.class, hm_err_sentence());
        return HM_OK;
    }
    if (alone) return run_alone(state, job);
    hm_front_job_free(&state->jobs[0]);
    return run_parsers(state);
}

hm_err hm_front_run(const hm_front *front) {
    static hm_front_state state;
    memset(&state, 0, sizeof state);
    state.last_dirfd = -1;
    /* Links on the way to the office are followed once: each file is held against where it really lies. */
    hm_front resolved = *front;
    HM_STRING *office = front->office ? realpath(front->office, NULL) : NULL;
    resolved.office = office;
    state.front = &resolved;
    state.count = front->options->operand_count;
    hm_progress_begin(&state.progress, !front->options->json);
    state.jobs = calloc(state.count, sizeof(hm_front_job *));
    if (!state.jobs) return hm_no_memory();
    hm_err err = run(&state);
    for (size_t i = 0; i < state.count; i++) hm_front_job_free(&state.jobs[i]);
    free(state.jobs);
    hm_fd_close(&state.last_dirfd);
    HM_TRY(err);
    if (front->same) return HM_OK;
    static const hm_class gravest[] = {HM_REFUSED, HM_MISUSED, HM_COULD_NOT, HM_DENIED};
    for (size_t i = 0; i < sizeof gravest / sizeof gravest[0]; i++)
        if (state.seen[gravest[i]]) return hm_already_reported(gravest[i]);
    return HM_OK;
}
