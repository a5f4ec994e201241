#include "office_access.h"

#include "late.h"

#include <client/remote.h>

#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRUST_MAX = 1 << 20, TOKEN_MAX = 16384, WORDS_MAX = 16 };

hm_err hm_office_directory(const hm_options *options, char **directory) {
    const char *given = options->office ? options->office : getenv("HALLMARK_OFFICE");
    char path[PATH_MAX];
    if (given && given[0]) {
        if (hm_remote_is(given)) {
            *directory = strdup(given);
            return *directory ? HM_OK : hm_no_memory();
        }
        snprintf(path, sizeof path, "%s", given);
    } else {
        const char *home = getenv("HOME");
        if (!home || !home[0]) return hm_misuse("which office? (give --office DIR, or set HALLMARK_OFFICE or HOME)");
        snprintf(path, sizeof path, "%s/.local/share/hallmark", home);
    }
    char whole[PATH_MAX * 2], current[PATH_MAX];
    if (path[0] == '/') {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        if (!getcwd(current, sizeof current))
            return hm_could_not("the current folder has no name: %s", strerror(errno));
        snprintf(whole, sizeof whole, "%s/%s", current, path);
    }
    *directory = strdup(whole);
    return *directory ? HM_OK : hm_no_memory();
}

static hm_buf served_trust; /* of the office elsewhere that this process is connected to */

static hm_err fetch_trust(hm_connection *office) {
    hm_message question = {.type = HM_MSG_TRUST}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    served_trust.len = 0;
    return hm_put(&served_trust, answer.field[HM_BYTES_CONTENT].bytes);
}

/* Words between spaces, and no shell: there is nothing in them to quote. */
static hm_err spawn(char *command, int output, pid_t *pid) {
    char *words[WORDS_MAX + 1] = {NULL}, *rest = NULL;
    size_t count = 0;
    for (char *word = strtok_r(command, " ", &rest); word && count < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    if (!count) return hm_misuse("$HALLMARK_ID_TOKEN_COMMAND is empty");
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return hm_no_memory();
    int failed = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (!failed) failed = posix_spawnp(pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? hm_could_not("$HALLMARK_ID_TOKEN_COMMAND: %s: %s", words[0], strerror(failed)) : HM_OK;
}

static hm_err read_token(int fd, hm_buf *token) {
    uint8_t block[1024];
    for (ssize_t n; (n = read(fd, block, sizeof block)) != 0;) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 || token->len > TOKEN_MAX) return hm_could_not("$HALLMARK_ID_TOKEN_COMMAND gave no token");
        HM_TRY(hm_put(token, HM_BYTES(block, (size_t)n)));
    }
    while (token->len && (token->data[token->len - 1] == '\n' || token->data[token->len - 1] == '\r')) token->len--;
    return HM_OK;
}

/* What a command prints is a token for this session: where a token opens one only, and where it lives for minutes. */
static hm_err token_of_command(const char *command, hm_buf *token, const char **text) {
    HM_STRING *words = strdup(command);
    int pipe_ends[2], status = 0;
    pid_t pid = 0;
    if (!words || pipe2(pipe_ends, O_CLOEXEC) != 0) return hm_no_memory();
    hm_err err = spawn(words, pipe_ends[1], &pid);
    close(pipe_ends[1]);
    if (!hm_failed(err)) err = read_token(pipe_ends[0], token);
    close(pipe_ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    HM_TRY(err);
    if (status != 0 || !token->len) return hm_could_not("$HALLMARK_ID_TOKEN_COMMAND gave no token");
    return hm_buf_string(token, text);
}

static hm_err find_token(hm_buf *storage, const char **text) {
    const char *command = getenv("HALLMARK_ID_TOKEN_COMMAND");
    *text = getenv("HALLMARK_ID_TOKEN");
    return command && command[0] && !*text ? token_of_command(command, storage, text) : HM_OK;
}

/* A variable that is set to nothing is none. */
static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

hm_err hm_tls_files_given(const hm_options *options, hm_tls_files *files) {
    *files = (hm_tls_files){.ca = options->ca ? options->ca : variable("HALLMARK_CA"),
                            .certificate = variable("HALLMARK_CLIENT_CERT"),
                            .key = variable("HALLMARK_CLIENT_KEY")};
    return !files->certificate == !files->key
               ? HM_OK
               : hm_misuse("HALLMARK_CLIENT_CERT and HALLMARK_CLIENT_KEY are given together");
}

/* Who takes FILE.pub for FILE is not helped by what is wrong with its mode. */
static hm_err check_private(const char *path) {
    size_t len = path ? strlen(path) : 0;
    return len > 4 && strcmp(path + len - 4, ".pub") == 0
               ? hm_misuse("--as %s: to say who asks takes the private key, and .pub names a public one", path)
               : HM_OK;
}

static hm_err connect_remote(const hm_options *options, const char *url, hm_connection *office) {
    const char *as = options->as ? options->as : getenv("HALLMARK_AS");
    hm_tls_files files;
    HM_TRY(check_private(as));
    HM_TRY(hm_tls_files_given(options, &files));
    hm_remote remote = {.url = url,
                        .office = variable("HALLMARK_OFFICE_ID"),
                        .ca_file = files.ca,
                        .key = as,
                        .certificate_file = files.certificate,
                        .certificate_key_file = files.key};
    HM_BUF token = HM_BUF_EMPTY;
    if (!as) HM_TRY(find_token(&token, &remote.token));
    HM_TRY(hm_connect_remote(&remote, office));
    hm_err err = fetch_trust(office);
    if (!hm_failed(err)) return HM_OK;
    hm_fault fault = hm_fault_keep(err);
    (void)!hm_failed(hm_disconnect(office));
    return hm_fault_raise(&fault);
}

hm_err hm_connect_office(const hm_options *options, void (*survivor)(void *context), void *context,
                         hm_connection *office) {
    HM_STRING *directory = NULL;
    HM_TRY(hm_office_directory(options, &directory));
    return hm_remote_is(directory) ? connect_remote(options, directory, office)
                                   : hm_connect(directory, survivor, context, office);
}

hm_err hm_close_office(const hm_options *options, hm_connection *office, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    hm_err ended = hm_disconnect(office);
    if (office->unpublished) hm_publish_later(options);
    return hm_failed(err) ? hm_fault_raise(&fault) : ended;
}

hm_err hm_with_office(const hm_options *options, hm_office_work work) {
    hm_connection office;
    HM_TRY(hm_connect_office(options, NULL, NULL, &office));
    return hm_close_office(options, &office, work(options, &office));
}

hm_err hm_listen_until_done(const hm_message *answer, hm_message_type wanted, bool *more) {
    *more = answer->type == wanted;
    return *more || answer->type == HM_MSG_DONE ? HM_OK : hm_could_not("core language: an answer to something else");
}

hm_err hm_put_result(const hm_options *options, hm_bytes text) {
    if (options->output) return hm_file_write(AT_FDCWD, options->output, text, 0644);
    fwrite(text.data, 1, text.len, stdout);
    return HM_OK;
}

hm_err hm_log_key_of_trust(hm_bytes pem, hm_note_key *key, bool *found) {
    hm_reader reader = hm_reader_of(pem);
    static const char label[] = "hallmark-log-key: ";
    *found = false;
    for (hm_bytes line, start, vkey; reader.rest.len;) {
        if (hm_failed(hm_read_line(&reader, &line))) return HM_OK;
        if (line.len < sizeof label - 1 || hm_failed(hm_bytes_part(line, 0, sizeof label - 1, &start))) continue;
        if (!hm_bytes_equal(start, hm_text(label))) continue;
        HM_TRY(hm_bytes_part(line, sizeof label - 1, line.len - (sizeof label - 1), &vkey));
        *found = true;
        return hm_in(hm_note_key_parse(vkey, key), "the trust file's log key");
    }
    return HM_OK;
}

/* Or root's, who may change it anyway. */
static bool is_mine(const struct stat *st) { return st->st_uid == geteuid() || st->st_uid == 0; }

hm_err hm_read_trust(const hm_options *options, hm_buf *pem) {
    if (options->trust) return hm_file_read(AT_FDCWD, options->trust, TRUST_MAX, pem);
    HM_STRING *directory = NULL;
    HM_TRY(hm_office_directory(options, &directory));
    if (hm_remote_is(directory) && served_trust.len) return hm_put(pem, hm_buf_bytes(&served_trust));
    if (hm_remote_is(directory))
        return hm_misuse("whom to trust? (give --trust FILE; hallmark trust export writes that of the office)");
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    HM_TRY(hm_put_format(&path, "%s/trust.pem", directory));
    HM_TRY(hm_buf_string(&path, &string));
    if (access(string, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return hm_misuse("whom to trust? (give --trust FILE with root certificates; there is no office in %s)",
                         directory);
    struct stat folder, file;
    if (stat(directory, &folder) != 0 || stat(string, &file) != 0)
        return hm_could_not("%s: %s", string, strerror(errno));
    if (!is_mine(&folder) || !is_mine(&file))
        return hm_refuse("%s: belongs to somebody else (give --trust FILE to trust it)", string);
    if ((folder.st_mode | file.st_mode) & 022)
        return hm_refuse("%s: others can write to it or its folder (chmod go-w; or give --trust FILE)", string);
    return hm_file_read(AT_FDCWD, string, TRUST_MAX, pem);
}
