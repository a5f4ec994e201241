#include "front_state.h"

#include <base/json.h>
#include <base/readable.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Printing, in the order of the operands. */

static void print_json(const hm_front_state *state, const hm_front_job *job, const char *path) {
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
    HM_BUF name = HM_BUF_EMPTY;
    fputs("hallmark: ", stderr);
    if (!hm_failed(hm_put_readable(&name, hm_text(path)))) fwrite(name.data, 1, name.len, stderr);
    fprintf(stderr, ": %s\n", sentence);
}

static void write_text(const hm_buf *text, FILE *to) {
    if (text->len) fwrite(text->data, 1, text->len, to);
}

static void print_job(hm_front_state *state, hm_front_job *job, const char *path) {
    hm_progress_hide(&state->progress);
    hm_make_harmless(&job->text[HM_STREAM_OUT]);
    hm_make_harmless(&job->text[HM_STREAM_ERR]);
    if (state->front->options->json) {
        print_json(state, job, path);
        return;
    }
    write_text(&job->text[HM_STREAM_OUT], stdout);
    fflush(stdout);
    if (job->class != HM_DONE) print_fault(path, job->sentence);
    write_text(&job->text[HM_STREAM_ERR], stderr);
}

hm_front_job *hm_front_job_begin(hm_front_state *state, size_t number, size_t parser) {
    hm_front_job *job = calloc(1, sizeof *job);
    if (!job) return NULL;
    job->parser = (int)parser;
    job->content_fd = -1;
    for (size_t p = 0; p < HM_PARTS; p++) {
        job->out[p] = HM_OUTFILE_NONE;
        job->companion_fd[p] = -1;
    }
    state->jobs[number] = job;
    return job;
}

void hm_front_job_free(hm_front_job **place) {
    hm_front_job *job = *place;
    if (!job) return;
    free(job->path);
    hm_folder_free(&job->folder);
    hm_fd_close(&job->content_fd);
    for (size_t p = 0; p < HM_PARTS; p++) {
        hm_outfile_discard(&job->out[p]);
        hm_fd_close(&job->companion_fd[p]);
    }
    for (size_t i = 0; i < HM_STREAMS; i++) hm_buf_clear(&job->text[i]);
    free(job);
    *place = NULL;
}

static void print_finished(hm_front_state *state) {
    while (state->printed < state->count && state->jobs[state->printed] && state->jobs[state->printed]->over) {
        print_job(state, state->jobs[state->printed], state->front->options->operands[state->printed]);
        hm_front_job_free(&state->jobs[state->printed]);
        state->printed++;
    }
}

void hm_front_job_finish(hm_front_state *state, hm_front_job *job, hm_class class, const char *sentence) {
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
    bool inside =
        strncmp(office, folder, len) == 0 && (office[len] == '/' || office[len] == 0 || folder[len - 1] == '/');
    return inside ? hm_refuse("the office lies in this folder, %s (keep it apart from what is signed)", office) : HM_OK;
}

/* Two that sign one file at once would each write it without the other's signature. The lock is on the file that was
 * opened, which must still be the one with that name; it lasts as long as the job. */
static hm_err lock_for_signing(const char *path, int fd) {
    struct stat opened, named;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return hm_could_not("another hallmark is signing it at this moment (try again)");
    if (fstat(fd, &opened) != 0 || stat(path, &named) != 0) return hm_could_not("%s", strerror(errno));
    return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
               ? HM_OK
               : hm_could_not("it was replaced at this moment (try again)");
}

hm_err hm_front_open_operand(const hm_front *front, const char *operand, hm_front_job *job, int *fd) {
    char resolved[PATH_MAX];
    if (!realpath(operand, resolved)) return hm_could_not("%s", strerror(errno));
    job->path = strdup(resolved);
    if (!job->path) return hm_no_memory();
    *fd = open(resolved, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return hm_could_not("%s", strerror(errno));
    struct stat st;
    if (fstat(*fd, &st) != 0) return hm_could_not("%s", strerror(errno));
    /* Bits that lend the owner's rights are not handed on to a file that has become another. */
    job->mode = st.st_mode & 0777;
    job->owner = st.st_uid;
    job->group = st.st_gid;
    job->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    job->is_folder = S_ISDIR(st.st_mode);
    if (front->signing) HM_TRY(lock_for_signing(resolved, *fd));
    if (job->is_folder) {
        HM_TRY(check_apart(front, resolved));
        return hm_tree_of_folder(*fd, &job->folder, &job->tree);
    }
    return S_ISREG(st.st_mode) ? HM_OK : hm_refuse("is neither a file nor a folder");
}

const char *hm_front_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Where a part of a job lies or goes. */
static hm_err part_path(const hm_front_state *state, const hm_front_job *job, hm_part part, bool output, hm_buf *path) {
    const hm_options *options = state->front->options;
    static const char *const suffix[HM_PARTS] = {"", ".p7s", "", ".tlog-proof"};
    if (part == HM_PART_SIGNATURE && !output && options->signature) return hm_put_text(path, options->signature);
    if (part == HM_PART_PROOF && !output && options->proof) return hm_put_text(path, options->proof);
    HM_BUF stem = HM_BUF_EMPTY;
    if (options->output && output) {
        struct stat st;
        HM_TRY(hm_put_text(&stem, options->output));
        if (stat(options->output, &st) == 0 && S_ISDIR(st.st_mode))
            HM_TRY(hm_put_format(&stem, "/%s%s", hm_front_base_name(job->path), suffix[part]));
        else if (job->is_folder)
            HM_TRY(hm_put_text(&stem, suffix[part])); /* OUT is the catalogue, OUT.p7s its signature */
    } else {
        HM_TRY(hm_put_format(&stem, "%s%s%s", job->path, job->is_folder ? "/SHA256SUMS" : "", suffix[part]));
    }
    return hm_put(path, hm_buf_bytes(&stem));
}

hm_err hm_front_open_companion(hm_front_state *state, hm_front_job *job, hm_part part, int *fd) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    *fd = -1;
    HM_TRY(part_path(state, job, part, state->front->signing, &path));
    HM_TRY(hm_buf_string(&path, &string));
    *fd = open(string, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    /* A file that was named must be there; one that is looked for need not. */
    const hm_options *options = state->front->options;
    bool named = (part == HM_PART_SIGNATURE && options->signature) || (part == HM_PART_PROOF && options->proof);
    bool absent = *fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !named;
    return *fd >= 0 || absent ? HM_OK : hm_could_not("%s: %s", string, strerror(errno));
}

/* A signed file stays whose it was, as far as we may give it away. */
static void keep_owner(const hm_front_job *job, int fd) {
    if (geteuid() == 0 && fchown(fd, job->owner, job->group) != 0) return;
}

static hm_err check_output_path(const hm_front_job *job, hm_part part, const char *path) {
    struct stat in, out;
    if (part == HM_PART_CONTENT || job->is_folder) return HM_OK;
    if (stat(path, &out) != 0 || stat(job->path, &in) != 0) return HM_OK;
    if (S_ISDIR(out.st_mode)) return hm_misuse("%s: is a folder", path);
    return in.st_dev == out.st_dev && in.st_ino == out.st_ino
               ? hm_misuse("-o %s: would overwrite the file itself with its signature", path)
               : HM_OK;
}

hm_err hm_front_open_output(hm_front_state *state, hm_front_job *job, hm_part part) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    HM_TRY(part_path(state, job, part, true, &path));
    HM_TRY(hm_buf_string(&path, &string));
    if (job->out[part].fd >= 0) return hm_could_not("the parsing process asked for the same output twice");
    HM_TRY(check_output_path(job, part, string));
    HM_TRY(hm_outfile_open(AT_FDCWD, string, part == HM_PART_CONTENT ? job->mode : 0644, &job->out[part]));
    if (part == HM_PART_CONTENT) keep_owner(job, job->out[part].fd);
    return HM_OK;
}

/* Give the outputs their names: what carries a signature first, the signature that speaks of it last. */
hm_err hm_front_commit_outputs(hm_front_job *job) {
    static const hm_part order[HM_PARTS] = {HM_PART_CONTENT, HM_PART_CATALOGUE, HM_PART_SIGNATURE, HM_PART_PROOF};
    for (size_t i = 0; i < HM_PARTS; i++)
        if (job->out[order[i]].fd >= 0) HM_TRY(hm_outfile_commit(&job->out[order[i]]));
    return HM_OK;
}
