#include "self_run.h"

#include <base/err.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static hm_err read_all(int fd, hm_buf *output) {
    uint8_t block[65536];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hm_could_not("what this program said cannot be read: %s", strerror(errno));
        if (!got) return HM_OK;
        HM_TRY(hm_put(output, HM_BYTES(block, (size_t)got)));
    }
}

static hm_err wait_for(pid_t child, int *status) {
    int how;
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR) return hm_could_not("this program cannot be waited for: %s", strerror(errno));
    if (!WIFEXITED(how)) return hm_could_not("this program was ended by signal %d", WTERMSIG(how));
    *status = WEXITSTATUS(how);
    return HM_OK;
}

static hm_err spawn(char *const *words, int output, pid_t *child) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return hm_no_memory();
    int err = output < 0 ? 0 : posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!err) err = posix_spawn(child, "/proc/self/exe", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return err ? hm_could_not("this program cannot be run again: %s", strerror(err)) : HM_OK;
}

hm_err hm_self_run(const char *const *words, hm_buf *output, int *status) {
    int ends[2] = {-1, -1};
    pid_t child;
    size_t count = 0;
    while (words[count]) count++;
    char **copy = calloc(count + 2, sizeof *copy);
    if (!copy) return hm_no_memory();
    copy[0] = (char *)(uintptr_t) "hallmark";
    for (size_t i = 0; i < count; i++) copy[i + 1] = (char *)(uintptr_t)words[i];
    fflush(stdout);
    hm_err err = output && pipe2(ends, O_CLOEXEC) != 0 ? hm_could_not("no pipe: %s", strerror(errno)) : HM_OK;
    if (!hm_failed(err)) err = spawn(copy, ends[1], &child);
    free(copy);
    if (ends[1] >= 0) close(ends[1]);
    hm_fault fault = hm_fault_keep(err);
    if (fault.class == HM_DONE && output) fault = hm_fault_keep(read_all(ends[0], output));
    if (ends[0] >= 0) close(ends[0]);
    hm_err ended = hm_failed(err) ? HM_OK : wait_for(child, status);
    return fault.class == HM_DONE ? ended : hm_fault_raise(&fault);
}
