/* Standard input as an operand. Parsers read by offset and know sizes beforehand, so what arrives is kept in a file
 * without a name first, in the folder where the outputs will lie: nobody else can reach it, and it is gone with the
 * job. Nothing is looked at here. */
#include "front_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool hm_front_is_stdin(const hm_front *front, const char *operand) { return front->spool && strcmp(operand, "-") == 0; }

static hm_err copy(int to, uint64_t *size) {
    static uint8_t block[HM_IO_BLOCK];
    for (*size = 0;;) {
        ssize_t len = read(STDIN_FILENO, block, sizeof block);
        if (len < 0 && errno == EINTR) continue;
        if (len < 0) return hm_could_not("standard input: %s", strerror(errno));
        if (len == 0) return HM_OK;
        HM_TRY(hm_fd_write(to, HM_BYTES(block, (size_t)len)));
        *size += (uint64_t)len;
    }
}

hm_err hm_front_open_stdin(const hm_front *front, hm_front_job *job, int *fd) {
    if (isatty(STDIN_FILENO)) return hm_misuse("standard input is a terminal (what should be read from it?)");
    job->path = strdup("-");
    if (!job->path) return hm_no_memory();
    job->mode = 0644;
    job->owner = geteuid();
    job->group = getegid();
    HM_TRY(hm_outfile_open(AT_FDCWD, front->spool, 0600, &job->spool));
    HM_TRY(hm_front_check_apart(front, job->spool.dirfd));
    HM_TRY(copy(job->spool.fd, &job->size));
    *fd = fcntl(job->spool.fd, F_DUPFD_CLOEXEC, 3);
    return *fd >= 0 ? HM_OK : hm_could_not("standard input: %s", strerror(errno));
}
