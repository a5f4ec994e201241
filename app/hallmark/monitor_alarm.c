#include "monitor.h"

#include <base/json.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMAND_SECONDS = 60, STEPS_A_SECOND = 20 };

static const char *kind_name(hm_alarm_kind kind) {
    static const char *const names[] = {
        [HM_ALARM_FORK] = "fork",       [HM_ALARM_ROLLBACK] = "rollback", [HM_ALARM_CHECKPOINT] = "checkpoint",
        [HM_ALARM_AGE] = "age",         [HM_ALARM_FILES] = "files",       [HM_ALARM_ENTRY] = "entry",
        [HM_ALARM_UNKNOWN] = "unknown", [HM_ALARM_STATE] = "state",       [HM_ALARM_SERVER] = "server"};
    return names[kind];
}

static hm_err print_json(const hm_alarm *alarm) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "event", "alarm");
    hm_json_string(&json, "kind", kind_name(alarm->kind));
    if (alarm->entry != UINT64_MAX) hm_json_number(&json, "entry", (int64_t)alarm->entry);
    hm_json_string(&json, "sentence", alarm->sentence);
    if (alarm->held[0]) hm_json_string(&json, "held", alarm->held);
    if (alarm->served[0]) hm_json_string(&json, "served", alarm->served);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    fflush(stdout);
    return HM_OK;
}

/* In the child. Nothing of ours is open there but what is inherited on purpose: 0, 1 and 2. */
static void become(const char *command, char *sentence) {
    static const int own[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    char *name = strdup(command);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) signal(own[i], SIG_DFL);
    char *const words[] = {name, sentence, NULL};
    if (name) execvp(name, words);
    _exit(127);
}

/* *STATUS as of waitpid. Whoever takes too long is killed. */
static hm_err await(pid_t pid, const char *command, int *status) {
    const struct timespec step = {.tv_nsec = 1000000000L / STEPS_A_SECOND};
    for (unsigned i = 0; i < COMMAND_SECONDS * STEPS_A_SECOND; i++) {
        if (waitpid(pid, status, WNOHANG) == pid) return HM_OK;
        nanosleep(&step, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) continue;
    return hm_could_not("--on-alarm %s: took longer than %d seconds and was ended", command, COMMAND_SECONDS);
}

static hm_err run(const char *command, const char *sentence) {
    int status = 0;
    HM_STRING *copy = strdup(sentence);
    if (!copy) return hm_no_memory();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) become(command, copy);
    if (pid < 0) return hm_could_not("--on-alarm %s: no process: %s", command, strerror(errno));
    HM_TRY(await(pid, command, &status));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return hm_could_not("--on-alarm %s: cannot be run", command);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return hm_could_not("--on-alarm %s: failed (status %d)", command, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return HM_OK;
}

hm_err hm_alarm_deliver(const hm_alarm *alarm, bool json, const char *command) {
    if (json) HM_TRY(print_json(alarm));
    fprintf(stderr, "hallmark: alarm: %s\n", alarm->sentence);
    if (alarm->held[0] || alarm->served[0]) fprintf(stderr, "hallmark: kept: %s %s\n", alarm->held, alarm->served);
    return command ? run(command, alarm->sentence) : HM_OK;
}
