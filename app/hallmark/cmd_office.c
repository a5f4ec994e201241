/* office backup, office restore, office check; serve. */
#include "commands.h"
#include "log_files.h"
#include "office_access.h"

#include <base/file.h>
#include <base/json.h>
#include <client/remote.h>
#include <core/backup.h>
#include <tlog/proof.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECKPOINT_MAX = 65536 };

static hm_err here(const hm_options *options, char **directory) {
    HM_TRY(hm_office_directory(options, directory));
    return hm_remote_is(*directory)
               ? hm_misuse("%s: this is done on the office's own machine (--office DIR)", *directory)
               : HM_OK;
}

/* An operand as an absolute path without a slash at its end. */
static hm_err whole_path(const char *given, char path[static PATH_MAX]) {
    char current[PATH_MAX] = "";
    if (given[0] != '/' && !getcwd(current, sizeof current))
        return hm_could_not("the current folder has no name: %s", strerror(errno));
    int len = snprintf(path, PATH_MAX, "%s%s%s", current, given[0] == '/' ? "" : "/", given);
    if (len < 0 || len >= PATH_MAX) return hm_misuse("%s: the name is too long", given);
    while (len > 1 && path[len - 1] == '/') path[--len] = 0;
    return HM_OK;
}

/* A folder within the office would be copied into the next backup, and lost with the office. */
static hm_err check_apart(const char *directory, const char *to) {
    char folder[PATH_MAX], parent[PATH_MAX], real[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", to);
    char *slash = strrchr(parent, '/');
    *(slash == parent ? slash + 1 : slash) = 0;
    if (!realpath(parent, real)) return hm_could_not("%s: %s", parent, strerror(errno));
    if (!realpath(directory, folder)) return hm_could_not("%s: %s", directory, strerror(errno));
    size_t len = strlen(folder);
    return strncmp(real, folder, len) == 0 && (real[len] == 0 || real[len] == '/')
               ? hm_misuse("%s: lies in the office itself", to)
               : HM_OK;
}

/* Nobody traces a process that reads a token's files, and no core dump holds them. */
static hm_err keep_to_itself(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? HM_OK
                                                   : hm_could_not("this process can be traced: %s", strerror(errno));
}

/* ---- backup and restore ---- */

static hm_err print_copy_json(const char *what, const char *path, const hm_backup *copy) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, what, path);
    hm_json_number(&json, "entries", (int64_t)copy->entries);
    hm_json_number(&json, "published", (int64_t)copy->published);
    hm_json_bool(&json, "token", copy->token);
    hm_json_bool(&json, "compared", copy->compared);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err print_backup(const hm_options *options, const char *to, const hm_backup *made) {
    if (options->json) return print_copy_json("backup", to, made);
    printf("%s: a backup of %llu entries, checkpoint over %llu\n", to, (unsigned long long)made->entries,
           (unsigned long long)made->published);
    if (made->token)
        printf("It holds the token with its PIN: whoever has it can sign. Keep it as you keep the token.\n");
    else if (made->softhsm)
        printf("The token is not in it. Without the office's folder \"token\", or a backup made --with-token, what is "
               "restored can show and prove what was signed, on its own machine; it is not served, and never signs "
               "again.\n");
    else
        printf("The keys stay in their token, of which no backup is made here.\n");
    return HM_OK;
}

hm_err hm_command_office_backup(const hm_options *options) {
    HM_STRING *directory = NULL;
    char to[PATH_MAX];
    hm_backup made;
    HM_TRY(here(options, &directory));
    HM_TRY(whole_path(options->operands[0], to));
    HM_TRY(check_apart(directory, to));
    HM_TRY(keep_to_itself());
    HM_TRY(hm_office_backup(directory, to, options->with_token, &made));
    return print_backup(options, to, &made);
}

static hm_err print_restored(const hm_options *options, const char *directory, const hm_backup *restored) {
    if (options->json) return print_copy_json("office", directory, restored);
    printf("%s: an office of %llu entries, restored\n", directory, (unsigned long long)restored->entries);
    if (restored->compared)
        printf(
            "It continues the checkpoint that was kept, over %llu entries. What was signed behind its last entry, if "
            "anything, is not in its log.\n",
            (unsigned long long)restored->kept);
    else
        printf("It was compared with no checkpoint. If anything was signed after this backup was made, the log forks "
               "with the next signature, and who was taken away since has his roles again. Before it is used: compare "
               "with the newest checkpoint that a monitor, an auditor or a proof has kept (--against FILE).\n");
    if (restored->softhsm && !restored->token)
        printf("It has no token: put the office's folder \"token\" into it before it can sign.\n");
    return HM_OK;
}

/* A checkpoint, which a monitor's state is too; or a proof of the log, with the one in it. NOTE: a view into STORAGE.
 */
static hm_err read_kept(const char *path, hm_buf *text, hm_buf *storage, hm_bytes *note) {
    hm_log_proof proof;
    HM_TRY(hm_file_read(AT_FDCWD, path, CHECKPOINT_MAX, text));
    *note = hm_buf_bytes(text);
    if (!note->len) return hm_refuse("%s: is empty, and no checkpoint", path);
    if (!hm_failed(hm_log_proof_get(*note, storage, &proof))) *note = proof.checkpoint;
    return HM_OK;
}

hm_err hm_command_office_restore(const hm_options *options) {
    HM_STRING *directory = NULL;
    HM_BUF kept = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    hm_bytes note = HM_NO_BYTES;
    char from[PATH_MAX], to[PATH_MAX];
    hm_backup restored;
    HM_TRY(here(options, &directory));
    HM_TRY(whole_path(options->operands[0], from));
    HM_TRY(whole_path(directory, to));
    if (options->against) HM_TRY(read_kept(options->against, &kept, &storage, &note));
    HM_TRY(keep_to_itself());
    HM_TRY(hm_in(hm_office_restore(from, to, note, &restored), "%s", options->operands[0]));
    return print_restored(options, to, &restored);
}

/* ---- check ---- */

typedef struct {
    bool json;
    hm_class worst;
} report;

/* Seen by both processes: what one found out about the log, the other holds against the published files. */
typedef struct {
    report report;
    hm_checked_log log;
} shared_page;

static void put_line(hm_buf *text, const char *what, bool good, const char *sentence) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "part", what);
    hm_json_string(&json, "status", good ? "good" : "wrong");
    hm_json_string(&json, "detail", sentence);
    hm_json_close_object(&json);
    (void)!hm_failed(hm_json_end(&json));
}

static void say(void *context, const char *what, hm_err found, const char *sentence) {
    report *r = context;
    HM_BUF text = HM_BUF_EMPTY;
    if (hm_failed(found)) r->worst = HM_REFUSED;
    put_line(&text, what, !hm_failed(found), sentence);
    if (r->json)
        printf("%.*s\n", (int)text.len, (const char *)text.data);
    else
        printf("%s: %s: %s\n", what, hm_failed(found) ? "WRONG" : "good", sentence);
    fflush(stdout);
}

/* Database and token in a process of their own: the other one will read files that anybody may have written. */
static hm_err look_inside(const char *directory, shared_page *page) {
    pid_t pid = fork();
    if (pid < 0) return hm_could_not("no process for the office: %s", strerror(errno));
    if (pid == 0) {
        if (hm_failed(keep_to_itself())) _exit(HM_COULD_NOT);
        hm_office_check(directory, say, &page->report, &page->log);
        _exit(HM_DONE);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == HM_DONE
               ? HM_OK
               : hm_could_not("the process that looks into the office has ended unexpectedly");
}

static hm_err look_at_files(const hm_options *options, const char *directory, shared_page *page) {
    hm_options own = *options;
    own.office = directory;
    own.trust = NULL;
    if (!page->log.known) return HM_OK; /* said already why */
    hm_err found = hm_check_log_files(&own, page->log.size, page->log.root);
    say(&page->report, "published log", found,
        hm_failed(found) ? hm_err_sentence() : "log/checkpoint and all tiles are those of the database");
    return HM_OK;
}

hm_err hm_command_office_check(const hm_options *options) {
    HM_STRING *directory = NULL;
    char path[PATH_MAX];
    hm_options own = *options;
    if (options->operand_count) own.office = options->operands[0];
    if (options->operand_count && options->office) return hm_misuse("which one? (an operand, or --office)");
    HM_TRY(here(&own, &directory));
    HM_TRY(whole_path(directory, path));
    shared_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return hm_no_memory();
    page->report.json = options->json;
    HM_TRY(look_inside(path, page));
    HM_TRY(look_at_files(options, path, page));
    return page->report.worst == HM_DONE ? HM_OK : hm_already_reported(page->report.worst);
}

/* ---- serve ---- */

/* hallmarkd beside this program, or in the build folder's place of it; else in $PATH. */
static void find_server(char path[static PATH_MAX]) {
    static const char *const places[] = {"/hallmarkd", "/../hallmarkd/hallmarkd"};
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    self[len > 0 ? len : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;
    for (size_t i = 0; slash && i < sizeof places / sizeof places[0]; i++) {
        int written = snprintf(path, PATH_MAX, "%s%s", self, places[i]);
        struct stat st;
        if (written < PATH_MAX && stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0) return;
    }
    snprintf(path, PATH_MAX, "hallmarkd");
}

static bool says_which_office(const hm_options *options) {
    for (size_t i = 0; i < options->operand_count; i++)
        if (strcmp(options->operands[i], "--office") == 0 || strcmp(options->operands[i], "--config") == 0 ||
            strcmp(options->operands[i], "--help") == 0 || strcmp(options->operands[i], "--openapi") == 0)
            return true;
    return false;
}

hm_err hm_command_serve(const hm_options *options) {
    HM_STRING *directory = NULL;
    char path[PATH_MAX];
    bool names_office = says_which_office(options);
    if (!names_office) HM_TRY(here(options, &directory));
    const char **words = calloc(options->operand_count + 4, sizeof *words);
    size_t count = 0;
    if (!words) return hm_no_memory();
    words[count++] = "hallmarkd";
    if (!names_office) words[count++] = "--office";
    if (!names_office) words[count++] = directory;
    for (size_t i = 0; i < options->operand_count; i++) words[count++] = options->operands[i];
    find_server(path);
    execvp(path, (char *const *)(uintptr_t)words);
    free(words);
    return hm_could_not("%s: %s", path, strerror(errno));
}
