#include "tokens.h"

#include <base/file.h>
#include <base/sandbox.h>
#include <client/http.h>
#include <identity/answer.h>
#include <identity/issuers.h>
#include <identity/serve.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FETCH_MS = 10000, URL_LEN = HM_KEYS_URL_MAX + 1, FOLDERS = 8 };

/* The last part of the URL is the path of the request. */
static hm_err split(const char *url, char base[static URL_LEN], const char **path) {
    const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
    if (!slash || strlen(url) >= URL_LEN) return hm_misuse("%s: has no path", url);
    memcpy(base, url, (size_t)(slash - url));
    base[slash - url] = 0;
    *path = slash + 1;
    return HM_OK;
}

/* Rarely: keys are kept for an hour. */
static hm_err fetch(void *context, const char *url, hm_buf *body) {
    hm_http_options options = {
        .ca_file = context, .connect_ms = FETCH_MS, .total_ms = FETCH_MS, .answer_max = HM_JWKS_MAX};
    char base[URL_LEN];
    const char *path;
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    HM_TRY(split(url, base, &path));
    HM_TRY(hm_http_open(base, &options, &http));
    hm_err err = hm_http_get(http, path, &answer);
    if (hm_failed(err)) (void)!dprintf(2, "hallmarkd: keys: %s\n", hm_err_sentence());
    HM_TRY(err);
    return answer.status == 200 ? hm_put(body, hm_buf_bytes(&answer.body))
                                : hm_could_not("%s: status %u", url, answer.status);
}

/* The folder that the file NAME lies in. */
static int open_folder_of(hm_bytes name) {
    char folder[URL_LEN];
    snprintf(folder, sizeof folder, "%.*s", (int)name.len, (const char *)name.data);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    return open(slash ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* What names, certificates and libraries are read from; and the folders of keys in files. */
static hm_err keep_folders(const hm_config *config, const hm_issuers *issuers) {
    static const char *const folders[] = {"/etc", "/usr", "/lib", "/run/systemd/resolve"};
    int kept[FOLDERS + HM_ISSUERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        kept[count++] = open(folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (config->authorities[0]) kept[count++] = open_folder_of(hm_text(config->authorities));
    for (size_t i = 0; i < issuers->count; i++)
        if (issuers->issuer[i].keys_in_file) kept[count++] = open_folder_of(issuers->issuer[i].keys);
    return hm_sandbox_keep_folders(kept, count);
}

/* Who waits for an answer of the process before this one need not wait longer. */
static hm_err say_begins(int fd) {
    HM_BUF said = HM_BUF_EMPTY;
    hm_fault fault = hm_fault_keep(hm_could_not("the process that judges tokens begins"));
    HM_TRY(hm_identity_fault_put(HM_IDENTITY_BEGINS, &fault, &said));
    return send(fd, said.data, said.len, MSG_NOSIGNAL) == (ssize_t)said.len ? HM_OK : hm_could_not("the core is gone");
}

/* ISSUERS views TEXT. */
static hm_err read_issuers(const hm_config *config, char text[static HM_ISSUERS_TEXT_MAX + 1], hm_issuers *issuers) {
    HM_BUF read = HM_BUF_EMPTY;
    HM_TRY(hm_file_read(AT_FDCWD, config->issuers, HM_ISSUERS_TEXT_MAX, &read));
    if (read.len) memcpy(text, read.data, read.len);
    text[read.len] = 0;
    return hm_in(hm_issuers_read(hm_text(text), issuers), "%s", config->issuers);
}

hm_err hm_tokens_check(const hm_config *config) {
    static char text[HM_ISSUERS_TEXT_MAX + 1];
    static hm_issuers issuers;
    return config->issuers[0] ? read_issuers(config, text, &issuers) : HM_OK;
}

hm_err hm_tokens_run(const hm_config *config, int fd) {
    static char text[HM_ISSUERS_TEXT_MAX + 1];
    static hm_issuers issuers;
    HM_TRY(read_issuers(config, text, &issuers));
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "hallmark-tokens");
    HM_TRY(keep_folders(config, &issuers));
    HM_TRY(hm_sandbox_no_local_sockets());
    const hm_identity_outside outside = {
        .fetch = fetch, .context = (void *)(uintptr_t)(config->authorities[0] ? config->authorities : NULL)};
    HM_TRY(say_begins(fd));
    return hm_identity_serve(fd, text, &outside);
}
