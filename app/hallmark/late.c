#include "late.h"

#include "office_access.h"

#include <base/io.h>
#include <base/sandbox.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Whoever holds this lock has not begun to publish yet, so what is committed now will be in it. */
static int take_lock(const char *directory) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    if (hm_failed(hm_put_format(&path, "%s/late.lock", directory)) || hm_failed(hm_buf_string(&path, &string)))
        return -1;
    int fd = open(string, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    hm_fd_close(&fd);
    return -1;
}

static hm_err publish(const char *directory) {
    hm_connection office = HM_CONNECTION_NONE;
    hm_message question = {.type = HM_MSG_LOG_PUBLISH}, answer;
    HM_TRY(hm_connect(directory, NULL, NULL, &office));
    hm_err err = hm_ask(&office, &question, &answer);
    hm_err ended = hm_disconnect(&office);
    return hm_failed(err) ? err : ended;
}

static _Noreturn void stay_behind(const char *directory, int lock) {
    prctl(PR_SET_NAME, "hallmark-late");
    setsid();
    /* Nobody's terminal, pipe or working folder is held on to. */
    bool clean = !hm_failed(hm_sandbox_close_files(&lock, 1)) && chdir("/") == 0;
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    hm_fd_close(&lock);
    /* An office that was removed meanwhile is none of our business. */
    _exit(clean && access(directory, F_OK) == 0 && hm_failed(publish(directory)) ? 1 : 0);
}

void hm_publish_later(const hm_options *options) {
    char *directory;
    if (hm_failed(hm_office_directory(options, &directory))) return;
    int lock = take_lock(directory);
    fflush(NULL);
    pid_t pid = lock >= 0 ? fork() : -1;
    if (pid == 0) stay_behind(directory, lock);
    hm_fd_close(&lock);
    free(directory);
}
