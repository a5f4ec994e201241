/* Files whose names a parser proposes, which may be in the hands of whoever made the file that it reads. So a name is
 * one of a small set, cannot leave the folder, hide or be an option, and takes no other file's place. */
#include "front_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { NAME_MAX_HERE = 64 };

static bool is_harmless(hm_bytes name) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (!name.len || name.len > NAME_MAX_HERE || name.data[0] == '.' || name.data[0] == '-') return false;
    for (size_t i = 0; i < name.len; i++)
        if (!memchr(set, name.data[i], sizeof set - 1)) return false;
    return true;
}

/* On a file system that does not tell small letters from capitals too. */
static bool is_taken(const hm_front_job *job, const char *name) {
    for (size_t i = 0; i < job->intos; i++)
        if (strcasecmp(job->into[i].name, name) == 0) return true;
    return false;
}

static hm_err check_free(const hm_front *front, const hm_outfile *out) {
    struct stat there;
    HM_TRY(hm_front_check_apart(front, out->dirfd));
    if (fstatat(out->dirfd, out->name, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? HM_OK : hm_could_not("%s: %s", out->path, strerror(errno));
    if (S_ISREG(there.st_mode) && front->options->replace) return HM_OK;
    return hm_refuse("%s is there already (-C FOLDER writes somewhere else%s)", out->path,
                     S_ISREG(there.st_mode) ? ", --replace replaces it" : "");
}

static hm_err open_member(const hm_front *front, hm_front_job *job, const char *name) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    hm_outfile out = HM_OUTFILE_NONE;
    HM_TRY(hm_put_format(&path, "%s/%s", front->into, name));
    HM_TRY(hm_buf_string(&path, &string));
    HM_TRY(hm_outfile_open(AT_FDCWD, string, 0644, &out));
    hm_err err = check_free(front, &out);
    if (hm_failed(err)) {
        hm_fault fault = hm_fault_keep(err);
        hm_outfile_discard(&out);
        return hm_fault_raise(&fault);
    }
    job->into[job->intos++] = out;
    return HM_OK;
}

hm_err hm_front_open_member(hm_front_state *state, hm_front_job *job, hm_bytes name, int *fd) {
    char text[NAME_MAX_HERE + 1];
    *fd = -1;
    if (!state->front->into || job->intos == INTO_MAX)
        return hm_could_not("the parsing process asked for an output that there is not");
    if (!is_harmless(name)) return hm_could_not("the parsing process proposed a name that is not used");
    memcpy(text, name.data, name.len);
    text[name.len] = 0;
    if (is_taken(job, text)) return hm_could_not("the parsing process proposed one name twice");
    HM_TRY(open_member(state->front, job, text));
    *fd = job->into[job->intos - 1].fd;
    return HM_OK;
}

hm_err hm_front_commit_members(hm_front_job *job) {
    for (size_t i = 0; i < job->intos; i++) HM_TRY(hm_outfile_commit(&job->into[i]));
    return HM_OK;
}

void hm_front_discard_members(hm_front_job *job) {
    for (size_t i = 0; i < job->intos; i++) hm_outfile_discard(&job->into[i]);
    job->intos = 0;
}
