#include "front.h"
#include "progress.h"

#include <base/file.h>
#include <base/sandbox.h>
#include <format/folder.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file that takes long is left to a process of its own, so that this one can show how far it has come. */
enum { PARSERS_MAX = 16, TEXT_LIMIT = 4 << 20, ALONE_MAX = 64 << 20 };

/* A job from the moment its file is opened until it has been printed. */
typedef struct {
    bool begun, over;
    int parser; /* which process works on it */
    char *path; /* with links resolved: where an output in place goes */
    mode_t mode;
    uint64_t size;
    bool is_folder;
    hm_folder *folder;
    hm_tree tree;
    hm_outfile out[HM_PARTS];
    bool opened_ahead; /* "alone": all that the parser may ask for is open already */
    int content_fd, companion_fd[HM_PARTS];
    hm_buf text[HM_STREAMS];
    hm_class class;
    char sentence[701];
} front_job;

typedef struct {
    const hm_front *front;
    size_t count, next, printed;
    front_job *jobs;
    struct {
        int socket;
        pid_t pid;
        bool ended;
    } parser[PARSERS_MAX];
    size_t parsers;
    hm_progress progress;
    hm_post *alone; /* where the answer goes when the parser is this very process; NULL: over a socket */
    hm_class seen[HM_DENIED + 1]; /* by class: was there one? */
    hm_post post;
} front_state;

/* Printing, in the order of the operands. */

static void print_json(const front_state *state, const front_job *job, const char *path) {
    static const char *const refused[] = {"", "refused", "misused", "could not", "denied"};
    HM_BUF line = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&line);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "file", path);
    if (job->class != HM_DONE) hm_json_string(&json, "reason", job->sentence);
    hm_bytes members = hm_buf_bytes(&job->text[HM_STREAM_MEMBERS]), status = hm_buf_bytes(&job->text[HM_STREAM_STATUS]);
    if (job->class != HM_DONE)
        status = hm_text(refused[job->class]);
    else if (!status.len)
        status = hm_text(state->front->done);
    hm_json_text(&json, "status", status);
    if (hm_failed(json.err)) return;
    printf("%.*s%s%.*s}\n", (int)line.len, (const char *)line.data, members.len ? "," : "", (int)members.len,
           (const char *)members.data);
}

/* A name must not speak to the terminal: its control characters are not printed as such. */
static void print_fault(const char *path, const char *sentence) {
    fputs("hallmark: ", stderr);
    for (const char *c = path; *c; c++) fputc((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c, stderr);
    fprintf(stderr, ": %s\n", sentence);
}

static void print_job(front_state *state, front_job *job, const char *path) {
    hm_progress_hide(&state->progress);
    if (state->front->options->json) {
        print_json(state, job, path);
        return;
    }
    fwrite(job->text[HM_STREAM_OUT].data, 1, job->text[HM_STREAM_OUT].len, stdout);
    fflush(stdout);
    if (job->class != HM_DONE) print_fault(path, job->sentence);
    fwrite(job->text[HM_STREAM_ERR].data, 1, job->text[HM_STREAM_ERR].len, stderr);
}

static void job_init(front_job *job) {
    job->content_fd = -1;
    for (size_t p = 0; p < HM_PARTS; p++) {
        job->out[p] = HM_OUTFILE_NONE;
        job->companion_fd[p] = -1;
    }
}

static void job_clear(front_job *job) {
    free(job->path);
    job->path = NULL;
    hm_folder_free(&job->folder);
    for (size_t i = 0; i < HM_PARTS; i++) hm_outfile_discard(&job->out[i]);
    for (size_t i = 0; i < HM_STREAMS; i++) hm_buf_clear(&job->text[i]);
}

static void print_finished(front_state *state) {
    while (state->printed < state->count && state->jobs[state->printed].over) {
        front_job *job = &state->jobs[state->printed];
        print_job(state, job, state->front->options->operands[state->printed]);
        job_clear(job);
        state->printed++;
    }
}

static void finish_job(front_state *state, front_job *job, hm_class class, const char *sentence) {
    job->over = true;
    job->class = class;
    state->seen[class] = class;
    snprintf(job->sentence, sizeof job->sentence, "%s", sentence);
    for (size_t i = 0; i < HM_PARTS; i++) hm_outfile_discard(&job->out[i]);
    hm_folder_free(&job->folder);
    print_finished(state);
}

/* Opening. */

/* A folder that holds the office holds its PIN and its token: no parser gets to read those. */
static hm_err check_apart(const hm_front *front, const char *folder) {
    char office[PATH_MAX];
    size_t len = strlen(folder);
    if (!front->office || !realpath(front->office, office)) return HM_OK;
    bool inside = strncmp(office, folder, len) == 0 && (office[len] == '/' || office[len] == 0 || folder[len - 1] == '/');
    return inside ? hm_refuse("the office lies in this folder, %s (keep it apart from what is signed)", office) : HM_OK;
}

static hm_err open_operand(const hm_front *front, const char *operand, front_job *job, int *fd) {
    char resolved[PATH_MAX];
    if (!realpath(operand, resolved)) return hm_could_not("%s", strerror(errno));
    job->path = strdup(resolved);
    if (!job->path) return hm_no_memory();
    *fd = open(resolved, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return hm_could_not("%s", strerror(errno));
    struct stat st;
    if (fstat(*fd, &st) != 0) return hm_could_not("%s", strerror(errno));
    job->mode = st.st_mode & 07777;
    job->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    job->is_folder = S_ISDIR(st.st_mode);
    if (job->is_folder) {
        HM_TRY(check_apart(front, resolved));
        return hm_tree_of_folder(*fd, &job->folder, &job->tree);
    }
    return S_ISREG(st.st_mode) ? HM_OK : hm_refuse("is neither a file nor a folder");
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static hm_err reply(front_state *state, size_t parser, hm_post *post) {
    if (state->alone) {
        hm_post_copy(state->alone, post);
        return HM_OK;
    }
    return hm_post_send(state->parser[parser].socket, post);
}

static hm_err reply_fault(front_state *state, size_t parser, uint32_t job, hm_err err) {
    hm_post *post = &state->post;
    hm_post_start(post, HM_POST_FAULT, job, err.class, 0);
    hm_post_set_text(post, hm_text(hm_err_sentence()));
    return reply(state, parser, post);
}

/* The next operand that can be opened; those that cannot are over at once. */
static hm_err answer_next(front_state *state, size_t parser) {
    while (state->next < state->count) {
        uint32_t number = (uint32_t)state->next++;
        front_job *job = &state->jobs[number];
        HM_FD fd = -1;
        job->begun = true;
        job->parser = (int)parser;
        hm_err err = HM_OK;
        if (job->opened_ahead)
            fd = job->content_fd;
        else
            err = open_operand(state->front, state->front->options->operands[number], job, &fd);
        if (hm_failed(err)) {
            finish_job(state, job, err.class, hm_err_sentence());
            continue;
        }
        state->progress.total += job->size;
        hm_post *post = &state->post;
        hm_post_start(post, HM_POST_NEXT, number, job->is_folder, 0);
        if (!job->is_folder) post->fd = fd;
        hm_post_set_text(post, hm_text(base_name(job->path)));
        HM_TRY(reply(state, parser, post));
        if (state->alone) fd = -1;
        return HM_OK;
    }
    hm_post_start(&state->post, HM_POST_END, 0, 0, 0);
    return reply(state, parser, &state->post);
}

/* Where a part of a job lies or goes. */
static hm_err part_path(const front_state *state, const front_job *job, hm_part part, bool output, hm_buf *path) {
    const hm_options *options = state->front->options;
    static const char *const suffix[HM_PARTS] = {"", ".p7s", "", ".tlog-proof"};
    if (part == HM_PART_SIGNATURE && !output && options->signature) return hm_put_text(path, options->signature);
    HM_BUF stem = HM_BUF_EMPTY;
    if (options->output && output) {
        struct stat st;
        HM_TRY(hm_put_text(&stem, options->output));
        if (stat(options->output, &st) == 0 && S_ISDIR(st.st_mode))
            HM_TRY(hm_put_format(&stem, "/%s%s", base_name(job->path), suffix[part]));
        else if (job->is_folder)
            HM_TRY(hm_put_text(&stem, suffix[part])); /* OUT is the catalogue, OUT.p7s its signature */
    } else {
        HM_TRY(hm_put_format(&stem, "%s%s%s", job->path, job->is_folder ? "/SHA256SUMS" : "", suffix[part]));
    }
    return hm_put(path, hm_buf_bytes(&stem));
}

/* *FD -1 if there is no such file. */
static hm_err open_companion(front_state *state, front_job *job, hm_part part, int *fd) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    *fd = -1;
    HM_TRY(part_path(state, job, part, state->front->signing, &path));
    HM_TRY(hm_buf_string(&path, &string));
    *fd = open(string, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return *fd >= 0 || errno == ENOENT || errno == ENOTDIR ? HM_OK : hm_could_not("%s: %s", string, strerror(errno));
}

static hm_err answer_companion(front_state *state, size_t parser, uint32_t number, hm_part part) {
    front_job *job = &state->jobs[number];
    HM_FD fd = -1;
    hm_err err = HM_OK;
    if (job->opened_ahead) {
        fd = job->companion_fd[part];
        job->companion_fd[part] = -1;
    } else {
        err = open_companion(state, job, part, &fd);
    }
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post_start(&state->post, HM_POST_COMPANION, number, 0, 0);
    state->post.fd = fd;
    HM_TRY(reply(state, parser, &state->post));
    if (state->alone) fd = -1; /* it is the parser's now */
    return HM_OK;
}

static hm_err open_output(front_state *state, front_job *job, hm_part part) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    HM_TRY(part_path(state, job, part, true, &path));
    HM_TRY(hm_buf_string(&path, &string));
    if (job->out[part].fd >= 0) return hm_could_not("the parsing process asked for the same output twice");
    return hm_outfile_open(AT_FDCWD, string, part == HM_PART_CONTENT ? job->mode : 0644, &job->out[part]);
}

static hm_err answer_output(front_state *state, size_t parser, uint32_t number, hm_part part) {
    front_job *job = &state->jobs[number];
    hm_err err = open_output(state, job, part);
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post_start(&state->post, HM_POST_OUTPUT, number, 0, 0);
    state->post.fd = job->out[part].fd;
    return reply(state, parser, &state->post);
}

/* An entry of a folder: kind and permissions in A and B; path, a zero, and a link's target in the text. */
static hm_err answer_entry(front_state *state, size_t parser, uint32_t number) {
    front_job *job = &state->jobs[number];
    hm_entry entry;
    bool more = false;
    hm_err err = job->folder ? job->tree.next(job->tree.context, &entry, &more)
                             : hm_could_not("the parsing process asked for entries of a file");
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post *post = &state->post;
    hm_post_start(post, more ? HM_POST_ENTRY : HM_POST_END, number, 0, 0);
    if (more) {
        HM_BUF text = HM_BUF_EMPTY;
        HM_TRY(hm_put(&text, entry.path));
        HM_TRY(hm_put_u8(&text, 0));
        HM_TRY(hm_put(&text, entry.target));
        post->a = entry.kind;
        post->b = entry.mode;
        hm_post_set_text(post, hm_buf_bytes(&text));
        if (entry.kind == HM_ENTRY_FILE) post->fd = entry.content.fd;
    }
    return reply(state, parser, post);
}

/* Give the outputs their names: what carries a signature first, the signature that speaks of it last. */
static hm_err commit_outputs(front_job *job) {
    static const hm_part order[HM_PARTS] = {HM_PART_CONTENT, HM_PART_CATALOGUE, HM_PART_SIGNATURE, HM_PART_PROOF};
    for (size_t i = 0; i < HM_PARTS; i++)
        if (job->out[order[i]].fd >= 0) HM_TRY(hm_outfile_commit(&job->out[order[i]]));
    return HM_OK;
}

static void take_result(front_state *state, front_job *job, const hm_post *post) {
    hm_class class = post->a <= HM_DENIED ? (hm_class)post->a : HM_COULD_NOT;
    char sentence[701];
    hm_err again = hm_raise_again(class, "");
    snprintf(sentence, sizeof sentence, "%.*s", (int)post->text_len, (const char *)post->text);
    if (class != HM_DONE) again = hm_raise_again(class, sentence);
    if (class == HM_DONE && post->b) {
        hm_err err = commit_outputs(job);
        if (hm_failed(err)) {
            class = err.class;
            again = err;
        }
    }
    finish_job(state, job, class, class != HM_DONE && hm_failed(again) ? hm_err_sentence() : "");
}

static void take_text(front_job *job, const hm_post *post) {
    if (post->a >= HM_STREAMS) return;
    hm_buf *text = &job->text[post->a];
    if (text->len < TEXT_LIMIT && hm_failed(hm_put(text, HM_BYTES(post->text, post->text_len)))) text->len = 0;
}

/* One message of a parser. What it asks for must be its own job: a parser that was taken over gets no further. */
static hm_err serve(front_state *state, size_t parser, hm_post *post) {
    if (post->kind == HM_POST_NEXT) return answer_next(state, parser);
    front_job *job = post->job < state->count ? &state->jobs[post->job] : NULL;
    if (!job || !job->begun || job->over || job->parser != (int)parser || (post->kind != HM_POST_TEXT && post->a > HM_DENIED))
        return hm_could_not("the parsing process sent something malformed");
    switch (post->kind) {
    case HM_POST_COMPANION: return answer_companion(state, parser, post->job, (hm_part)(post->a % HM_PARTS));
    case HM_POST_OUTPUT: return answer_output(state, parser, post->job, (hm_part)(post->a % HM_PARTS));
    case HM_POST_ENTRY: return answer_entry(state, parser, post->job);
    case HM_POST_TEXT: take_text(job, post); return HM_OK;
    case HM_POST_RESULT: take_result(state, job, post); return HM_OK;
    default: return hm_could_not("the parsing process sent something malformed");
    }
}

/* Processes. */

static _Noreturn void run_parser(const hm_front *front, int socket, _Atomic uint64_t *progress) {
    signal(SIGPIPE, SIG_IGN);
    hm_source_count(progress);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "hallmark-parser");
    int keep[2] = {socket, front->core_fd};
    hm_parser parser = {.front = socket, .core = front->core_fd, .json = front->options->json};
    if (front->pending) munmap(front->pending, HM_PENDING_MAX);
    hm_err err = hm_sandbox_close_files(keep, front->core_fd >= 0 ? 2 : 1);
    if (!hm_failed(err)) err = hm_sandbox_enter();
    if (!hm_failed(err)) err = front->parser(&parser, front->context);
    _exit(hm_failed(err) ? 1 : 0);
}

static hm_err start_parser(front_state *state) {
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

static void reap(front_state *state, size_t parser, const char *why) {
    int status = 0;
    hm_fd_close(&state->parser[parser].socket);
    while (waitpid(state->parser[parser].pid, &status, 0) < 0 && errno == EINTR) {}
    state->parser[parser].ended = true;
    char sentence[200];
    if (why)
        snprintf(sentence, sizeof sentence, "%s", why);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(sentence, sizeof sentence, "the parsing process was stopped by its sandbox (please report this file)");
    else if (WIFSIGNALED(status))
        snprintf(sentence, sizeof sentence, "the parsing process died of signal %d (please report this file)", WTERMSIG(status));
    else
        snprintf(sentence, sizeof sentence, "the parsing process ended early (out of memory, or its core ended)");
    for (size_t i = 0; i < state->next; i++)
        if (!state->jobs[i].over && state->jobs[i].parser == (int)parser)
            finish_job(state, &state->jobs[i], HM_COULD_NOT, sentence);
}

static void hear(front_state *state, size_t parser) {
    bool closed = false;
    hm_err err = hm_post_receive(state->parser[parser].socket, &state->post, &closed);
    if (!hm_failed(err) && !closed) {
        int received = state->post.fd;
        hm_fd_close(&received); /* a parser has no descriptor to give */
        err = serve(state, parser, &state->post);
    }
    if (closed || hm_failed(err)) {
        if (hm_failed(err)) kill(state->parser[parser].pid, SIGKILL);
        reap(state, parser, hm_failed(err) ? hm_err_sentence() : NULL);
    }
}

static bool listen_once(front_state *state) {
    struct pollfd waiting[PARSERS_MAX];
    size_t who[PARSERS_MAX], count = 0;
    for (size_t i = 0; i < state->parsers; i++) {
        if (state->parser[i].ended) continue;
        waiting[count] = (struct pollfd){.fd = state->parser[i].socket, .events = POLLIN};
        who[count++] = i;
    }
    if (!count) return false;
    int ready = poll(waiting, count, hm_progress_timeout(&state->progress));
    if (ready < 0) return errno == EINTR;
    if (state->printed < state->count) hm_progress_show(&state->progress);
    for (size_t i = 0; i < count; i++)
        if (waiting[i].revents) hear(state, who[i]);
    return true;
}

/* Files that no parser lived to take. A fresh parser takes over where there is no core to share; else they fail. */
static void finish_rest(front_state *state) {
    for (size_t i = 0; i < state->count; i++)
        if (!state->jobs[i].over)
            finish_job(state, &state->jobs[i], HM_COULD_NOT, "not tried: the parsing process had ended");
}

/* Alone: one file to look at and nothing to write. Everything the parser can ask for is opened first; then this process
 * itself enters the sandbox and is the parser, which saves a quarter of the time that verifying a small file takes. Nothing
 * that an untrusted byte can reach differs: it holds the same descriptors, and can open nothing. */

static hm_err ask_alone(void *context, hm_post *post) {
    front_state *state = context;
    static hm_post question;
    hm_post_copy(&question, post);
    state->alone = post;
    return serve(state, 0, &question);
}

static bool can_be_alone(const hm_front *front) {
    return front->options->operand_count == 1 && front->core_fd < 0 && !front->options->output;
}

/* *ALONE false: it is a folder, whose files are opened one after another, or large. */
static hm_err open_ahead(front_state *state, front_job *job, bool *alone) {
    HM_TRY(open_operand(state->front, state->front->options->operands[0], job, &job->content_fd));
    *alone = !job->is_folder && job->size <= ALONE_MAX;
    if (!*alone) return HM_OK;
    HM_TRY(open_companion(state, job, HM_PART_SIGNATURE, &job->companion_fd[HM_PART_SIGNATURE]));
    if (state->front->options->require_log)
        HM_TRY(open_companion(state, job, HM_PART_PROOF, &job->companion_fd[HM_PART_PROOF]));
    job->opened_ahead = true;
    return HM_OK;
}

static hm_err run_alone(front_state *state) {
    HM_TRY(hm_sandbox_enter());
    hm_parser parser = {
        .front = -1, .core = -1, .json = state->front->options->json, .ask = ask_alone, .front_state = state};
    return state->front->parser(&parser, state->front->context);
}

static hm_err run_parsers(front_state *state) {
    size_t wanted = state->front->parsers < state->count ? state->front->parsers : state->count;
    if (wanted > PARSERS_MAX) wanted = PARSERS_MAX;
    for (size_t i = 0; i < wanted; i++) HM_TRY(start_parser(state));
    do {
        while (listen_once(state)) {}
        /* One bad file must not cost the others their verdict. */
        if (state->next < state->count && state->front->core_fd < 0 && state->parsers < PARSERS_MAX)
            HM_TRY(start_parser(state));
        else
            break;
    } while (true);
    finish_rest(state);
    return HM_OK;
}

static hm_err run(front_state *state) {
    front_job *job = &state->jobs[0];
    bool alone = false;
    if (!can_be_alone(state->front)) return run_parsers(state);
    hm_err err = open_ahead(state, job, &alone);
    if (hm_failed(err)) {
        finish_job(state, job, err.class, hm_err_sentence());
        return HM_OK;
    }
    if (alone) return run_alone(state);
    job_clear(job);
    hm_fd_close(&job->content_fd);
    return run_parsers(state);
}

hm_err hm_front_run(const hm_front *front) {
    static front_state state;
    memset(&state, 0, sizeof state);
    state.front = front;
    state.count = front->options->operand_count;
    hm_progress_begin(&state.progress, !front->options->json);
    state.jobs = calloc(state.count, sizeof *state.jobs);
    if (!state.jobs) return hm_no_memory();
    for (size_t i = 0; i < state.count; i++)
        job_init(&state.jobs[i]);
    hm_err err = run(&state);
    for (size_t i = 0; i < state.count; i++) job_clear(&state.jobs[i]);
    free(state.jobs);
    HM_TRY(err);
    static const hm_class gravest[] = {HM_REFUSED, HM_MISUSED, HM_COULD_NOT, HM_DENIED};
    for (size_t i = 0; i < sizeof gravest / sizeof gravest[0]; i++)
        if (state.seen[gravest[i]]) return hm_already_reported(gravest[i]);
    return HM_OK;
}
