/* Files that belong to a job and that only its content names: the payloads of an update. The name is the parser's,
 * which a hostile file may have taken over, so it leads down from the job's own folder and nowhere else: no "..", no
 * link on the way, nothing but plain files, and nothing of the office's. */
#include "front_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_DEPTH = 16, PATH_LONGEST = 1024 };

/* The next part of PATH, which is consumed. */
static hm_err next_part(hm_bytes *path, char part[static NAME_MAX + 1]) {
    const uint8_t *slash = path->len ? memchr(path->data, '/', path->len) : NULL;
    size_t len = slash ? (size_t)(slash - path->data) : path->len;
    bool dots = len && len <= 2 && path->data[0] == '.' && path->data[len - 1] == '.';
    if (!len || len > NAME_MAX || dots || memchr(path->data, 0, len) || (slash && len + 1 == path->len))
        return hm_refuse("names a file by a path that leads elsewhere");
    memcpy(part, path->data, len);
    part[len] = 0;
    return hm_bytes_part(*path, len + (slash != NULL), path->len - len - (slash != NULL), path);
}

static bool is_absent(int number) { return number == ENOENT || number == ENOTDIR; }

/* A link is as good as absent: what it leads to was never named. */
static hm_err open_plain(int dirfd, const char *name, int *fd) {
    struct stat st;
    *fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (*fd < 0) return is_absent(errno) || errno == ELOOP ? HM_OK : hm_could_not("%s: %s", name, strerror(errno));
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        hm_fd_close(fd);
        return hm_refuse("%s is no plain file", name);
    }
    return HM_OK;
}

hm_err hm_front_open_sibling(const hm_front *front, const hm_front_job *job, hm_bytes path, int *fd) {
    char part[NAME_MAX + 1];
    *fd = -1;
    if (!front->siblings || job->is_folder || job->dirfd < 0)
        return hm_could_not("its payloads are looked for only beside a file whose name ends in .cose (rename it, name "
                            "them, or --format native)");
    if (path.len > PATH_LONGEST) return hm_refuse("names a file by a path that is too long");
    HM_FD folder = fcntl(job->dirfd, F_DUPFD_CLOEXEC, 3);
    for (size_t depth = 0; depth < PATH_DEPTH && folder >= 0; depth++) {
        HM_TRY(next_part(&path, part));
        if (!path.len) {
            HM_TRY(hm_front_check_apart(front, folder));
            return open_plain(folder, part, fd);
        }
        int below = openat(folder, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (below < 0 && (is_absent(errno) || errno == ELOOP)) return HM_OK;
        hm_fd_close(&folder);
        folder = below;
    }
    return hm_could_not("a file it names cannot be opened: %s", folder < 0 ? strerror(errno) : "too many folders");
}
