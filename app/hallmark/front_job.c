#include "front_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

hm_front_job *hm_front_job_begin(hm_front_state *state, size_t number, size_t parser) {
    hm_front_job *job = calloc(1, sizeof *job);
    if (!job) return NULL;
    job->parser = (int)parser;
    job->content_fd = job->dirfd = -1;
    job->spool = HM_OUTFILE_NONE;
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
    hm_front_discard_members(job);
    hm_outfile_discard(&job->spool);
    free(job->path);
    hm_folder_free(&job->folder);
    hm_fd_close(&job->content_fd);
    hm_fd_close(&job->dirfd);
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
        hm_front_print_job(state, state->jobs[state->printed], state->front->options->operands[state->printed]);
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
    hm_front_discard_members(job);
    hm_folder_free(&job->folder);
    print_finished(state);
}

/* Opening. */

static bool is_within(const char *path, const char *folder) {
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == 0 || (len && folder[len - 1] == '/'));
}

/* The office's folder holds its PIN and its token: no parser gets to read what lies in it, nor a folder that holds it,
 * and nothing is written there. */
static hm_err check_apart(const hm_front *front, const char *path) {
    if (!front->office) return HM_OK;
    if (is_within(front->office, path))
        return hm_refuse("the office lies in this folder, %s (keep it apart from what is signed)", front->office);
    return is_within(path, front->office) ? hm_refuse("%s lies in the office (keep it apart from what is signed)", path)
                                          : HM_OK;
}

/* In a folder where others can write, a link that one of them made could lead to a file that its owner never meant. */
static hm_err check_link(const char *operand) {
    struct stat link, target;
    if (lstat(operand, &link) != 0 || !S_ISLNK(link.st_mode) || stat(operand, &target) != 0) return HM_OK;
    return link.st_uid == geteuid() || link.st_uid == target.st_uid
               ? HM_OK
               : hm_refuse("is a link that somebody else made to a file that is not theirs (name the file itself)");
}

/* Two that sign one file at once would each write it without the other's signature. The lock is on the file that was
 * opened, which must still be the one with that name; it lasts as long as the job. */
static hm_err lock_for_signing(const char *path, int fd, const struct stat *opened) {
    struct stat named;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return hm_could_not("another hallmark is signing it at this moment (try again)");
    if (stat(path, &named) != 0) return hm_could_not("%s", strerror(errno));
    return opened->st_dev == named.st_dev && opened->st_ino == named.st_ino
               ? HM_OK
               : hm_could_not("it was replaced at this moment (try again)");
}

/* Where an open folder lies now, as the kernel knows it; "" if it cannot be told. */
static void path_of(int dirfd, char path[static PATH_MAX]) {
    char self[40];
    snprintf(self, sizeof self, "/proc/self/fd/%d", dirfd);
    ssize_t len = readlink(self, path, PATH_MAX - 1);
    path[len > 0 ? len : 0] = 0;
}

/* Was a part of the path made a link after it was resolved? Then FOLDER, which ends in a slash, is not what was opened.
 */
static hm_err check_same_folder(int dirfd, const char *folder) {
    char path[PATH_MAX];
    path_of(dirfd, path);
    size_t len = strlen(folder) > 1 ? strlen(folder) - 1 : 1;
    return strlen(path) == len && strncmp(path, folder, len) == 0
               ? HM_OK
               : hm_could_not("its folder was moved at this moment (try again)");
}

/* Open the folder that the file lies in, once, and the file by its name there: what is read beside it and written
 * beside it lies in that same folder, whatever its path may lead to by then. */
static hm_err open_in_folder(const char *resolved, hm_front_job *job, int *fd) {
    const char *name = hm_front_base_name(resolved);
    HM_BUF folder = HM_BUF_EMPTY;
    const char *string;
    if (job->dirfd < 0) {
        HM_TRY(hm_put(&folder, HM_BYTES(resolved, (size_t)(name - resolved))));
        HM_TRY(hm_buf_string(&folder, &string));
        HM_TRY(hm_folder_open(AT_FDCWD, string, &job->dirfd));
        HM_TRY(check_same_folder(job->dirfd, string));
    }
    *fd = openat(job->dirfd, strcmp(resolved, "/") == 0 ? "." : name,
                 O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    return *fd >= 0 ? HM_OK : hm_could_not("%s", strerror(errno));
}

static hm_err examine(const hm_front *front, const char *resolved, hm_front_job *job, int fd) {
    struct stat st;
    if (fstat(fd, &st) != 0) return hm_could_not("%s", strerror(errno));
    /* Bits that lend the owner's rights are not handed on to a file that has become another. */
    job->mode = st.st_mode & 0777;
    job->owner = st.st_uid;
    job->group = st.st_gid;
    job->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    job->is_folder = S_ISDIR(st.st_mode);
    if (!job->is_folder && !S_ISREG(st.st_mode)) return hm_refuse("is neither a file nor a folder");
    return front->signing ? lock_for_signing(resolved, fd, &st) : HM_OK;
}

/* Is OPERAND's folder, as the operand names it, the one that the last operand lay in? Then it is not followed to its
 * place again, if the operand is no link and lies there under its own name. */
static bool in_last_folder(const hm_front_state *state, const char *operand) {
    const char *name = hm_front_base_name(operand);
    const size_t len = (size_t)(name - operand);
    struct stat st;
    return state->last_dirfd >= 0 && len == strlen(state->last_given) &&
           strncmp(operand, state->last_given, len) == 0 && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0 && fstatat(state->last_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           !S_ISLNK(st.st_mode);
}

static void remember_folder(hm_front_state *state, const char *operand, const hm_front_job *job) {
    const char *name = hm_front_base_name(operand), *resolved_name = hm_front_base_name(job->path);
    size_t given = (size_t)(name - operand), resolved = (size_t)(resolved_name - job->path);
    struct stat st;
    /* What a link leads to lies in another folder, though it may have the same name. */
    if (strcmp(name, resolved_name) != 0 || given >= sizeof state->last_given || lstat(operand, &st) != 0 ||
        S_ISLNK(st.st_mode))
        return;
    hm_fd_close(&state->last_dirfd);
    state->last_dirfd = fcntl(job->dirfd, F_DUPFD_CLOEXEC, 3);
    memcpy(state->last_given, operand, given);
    state->last_given[given] = 0;
    memcpy(state->last_resolved, job->path, resolved);
    state->last_resolved[resolved] = 0;
}

/* Where the operand really lies: seen from the last operand's folder if it can be, which then is the job's. */
static hm_err find_operand(hm_front_state *state, const char *operand, hm_front_job *job) {
    if (!in_last_folder(state, operand)) {
        job->path = realpath(operand, NULL);
        return job->path ? check_link(operand) : hm_could_not("%s", strerror(errno));
    }
    if (asprintf(&job->path, "%s%s", state->last_resolved, hm_front_base_name(operand)) < 0) {
        job->path = NULL;
        return hm_no_memory();
    }
    job->dirfd = fcntl(state->last_dirfd, F_DUPFD_CLOEXEC, 3);
    return job->dirfd >= 0 ? HM_OK : hm_could_not("%s", strerror(errno));
}

hm_err hm_front_open_operand(hm_front_state *state, const char *operand, hm_front_job *job, int *fd) {
    const hm_front *front = state->front;
    if (hm_front_is_stdin(front, operand)) return hm_front_open_stdin(front, job, fd);
    HM_TRY(find_operand(state, operand, job));
    bool near = job->dirfd >= 0;
    HM_TRY(check_apart(front, job->path));
    HM_TRY(open_in_folder(job->path, job, fd));
    if (!near) remember_folder(state, operand, job);
    HM_TRY(examine(front, job->path, job, *fd));
    if (!job->is_folder) return HM_OK;
    HM_TRY(hm_tree_of_folder(*fd, &job->folder, &job->tree));
    /* What belongs to a folder lies in it. */
    hm_fd_close(&job->dirfd);
    job->dirfd = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    return job->dirfd >= 0 ? HM_OK : hm_could_not("%s", strerror(errno));
}

const char *hm_front_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Where a part of a job lies or goes: PATH, seen from DIRFD. */
typedef struct {
    int dirfd;
    bool named; /* by the user, who may name a link */
    hm_buf path;
} place;
static void place_clear(place *p) { hm_buf_clear(&p->path); }
#define PLACE __attribute__((cleanup(place_clear))) place

static const char *suffix_of(const hm_front *front, hm_part part) {
    static const char *const suffixes[HM_PARTS] = {"", ".p7s", "", ".tlog-proof"};
    return part == HM_PART_SIGNATURE && front->suffix ? front->suffix : suffixes[part];
}

static hm_err put_output(const hm_front *front, const hm_front_job *job, hm_part part, hm_buf *path) {
    const hm_options *options = front->options;
    struct stat st;
    HM_TRY(hm_put_text(path, options->output));
    if (stat(options->output, &st) == 0 && S_ISDIR(st.st_mode))
        return hm_put_format(path, "/%s%s", hm_front_base_name(job->path), suffix_of(front, part));
    /* OUT is the catalogue, OUT.p7s its signature. */
    return job->is_folder ? hm_put_text(path, suffix_of(front, part)) : HM_OK;
}

static hm_err find_place(const hm_front_state *state, const hm_front_job *job, hm_part part, bool output, place *p) {
    const hm_options *options = state->front->options;
    const char *given = output                      ? options->output
                        : part == HM_PART_SIGNATURE ? options->signature
                        : part == HM_PART_PROOF     ? options->proof
                                                    : NULL;
    *p = (place){.dirfd = given ? AT_FDCWD : job->dirfd, .named = given != NULL, .path = HM_BUF_EMPTY};
    if (given && output) return put_output(state->front, job, part, &p->path);
    if (given) return hm_put_text(&p->path, given);
    return hm_put_format(&p->path, "%s%s", job->is_folder ? "SHA256SUMS" : hm_front_base_name(job->path),
                         suffix_of(state->front, part));
}

hm_err hm_front_open_companion(hm_front_state *state, hm_front_job *job, hm_part part, int *fd) {
    PLACE p;
    const char *string;
    *fd = -1;
    HM_TRY(find_place(state, job, part, state->front->signing, &p));
    HM_TRY(hm_buf_string(&p.path, &string));
    *fd = openat(p.dirfd, string, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (p.named ? 0 : O_NOFOLLOW));
    /* A file that was named must be there; one that is looked for, or will be written, need not. */
    bool absent = *fd < 0 && (errno == ENOENT || errno == ENOTDIR) && (!p.named || state->front->signing);
    return *fd >= 0 || absent ? HM_OK : hm_could_not("%s: %s", string, strerror(errno));
}

/* A signed file stays whose it was, as far as we may give it away. */
static void keep_owner(const hm_front_job *job, int fd) {
    if (geteuid() == 0 && fchown(fd, job->owner, job->group) != 0) return;
}

hm_err hm_front_check_apart(const hm_front *front, int dirfd) {
    char path[PATH_MAX];
    path_of(dirfd, path);
    if (front->office && is_within(path, front->office))
        return hm_refuse("%s lies in the office (write somewhere else)", path);
    return HM_OK;
}

/* What is about to be replaced must not be the file itself, unless it is its signed form. */
static hm_err check_output(const hm_front *front, const hm_front_job *job, hm_part part, const hm_outfile *out) {
    struct stat there, folder;
    HM_TRY(hm_front_check_apart(front, out->dirfd));
    if (part == HM_PART_CONTENT || job->is_folder || fstatat(out->dirfd, out->name, &there, 0) != 0) return HM_OK;
    if (S_ISDIR(there.st_mode)) return hm_misuse("%s: is a folder", out->path);
    if (part == HM_PART_PROOF && front->options->output && !front->options->replace)
        return hm_refuse("-o %s: is there already (--replace replaces it)", out->path);
    if (fstatat(job->dirfd, hm_front_base_name(job->path), &folder, 0) != 0) return HM_OK;
    return there.st_dev == folder.st_dev && there.st_ino == folder.st_ino
               ? hm_misuse("-o %s: would overwrite the file itself with its signature", out->path)
               : HM_OK;
}

hm_err hm_front_open_output(hm_front_state *state, hm_front_job *job, hm_part part) {
    PLACE p = {.path = HM_BUF_EMPTY};
    const char *string;
    if (!(state->front->outputs >> part & 1))
        return hm_could_not("the parsing process asked for an output that there is not");
    if (job->out[part].fd >= 0) return hm_could_not("the parsing process asked for the same output twice");
    HM_TRY(find_place(state, job, part, true, &p));
    HM_TRY(hm_buf_string(&p.path, &string));
    HM_TRY(hm_outfile_open(p.dirfd, string, part == HM_PART_CONTENT ? job->mode : 0644, &job->out[part]));
    hm_err err = check_output(state->front, job, part, &job->out[part]);
    if (hm_failed(err)) {
        hm_fault fault = hm_fault_keep(err);
        hm_outfile_discard(&job->out[part]);
        return hm_fault_raise(&fault);
    }
    if (part == HM_PART_CONTENT) keep_owner(job, job->out[part].fd);
    return HM_OK;
}
