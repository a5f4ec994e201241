#include "monitor.h"

#include <base/file.h>
#include <client/http.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_MAX_HERE = 96, ANSWER_MAX = HM_MONITOR_TEXT_MAX };

struct hm_monitor_source {
    int folder; /* -1: http */
    hm_http *http;
    hm_http_answer answer;
};

hm_err hm_monitor_source_open(const char *text, const hm_tls_files *tls, const volatile sig_atomic_t *stop,
                              hm_monitor_source **pointer) {
    __attribute__((cleanup(hm_monitor_source_close))) hm_monitor_source *source = calloc(1, sizeof *source);
    *pointer = NULL;
    if (!source) return hm_no_memory();
    source->folder = -1;
    const hm_http_options options = {.ca_file = tls->ca,
                                     .certificate_file = tls->certificate,
                                     .key_file = tls->key,
                                     .user_agent = "hallmark-monitor",
                                     .plain_loopback = true,
                                     .answer_max = ANSWER_MAX,
                                     .stop = stop};
    if (strstr(text, "://"))
        HM_TRY(hm_http_open(text, &options, &source->http));
    else
        HM_TRY(hm_folder_open(AT_FDCWD, text, &source->folder));
    *pointer = source;
    source = NULL;
    return HM_OK;
}

void hm_monitor_source_close(hm_monitor_source **pointer) {
    if (!*pointer) return;
    hm_fd_close(&(*pointer)->folder);
    hm_http_close(&(*pointer)->http);
    hm_http_answer_clear(&(*pointer)->answer);
    free(*pointer);
    *pointer = NULL;
}

/* "checkpoint", or below tile/ what tlog-tiles has. */
static hm_err check_path(hm_bytes path, char copy[static PATH_MAX_HERE]) {
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz/.";
    bool good = path.len && path.len < PATH_MAX_HERE && !memchr(path.data, 0, path.len);
    if (good) {
        memcpy(copy, path.data, path.len);
        copy[path.len] = 0;
        good = strspn(copy, allowed) == path.len && !strstr(copy, "..") &&
               (strcmp(copy, "checkpoint") == 0 || strncmp(copy, "tile/", 5) == 0);
    }
    return good ? HM_OK : hm_could_not("the judge asks for a file that no log has (please report this)");
}

static hm_err read_file(const hm_monitor_source *source, const char *path, size_t limit, hm_buf *content, bool *found) {
    *found = faccessat(source->folder, path, F_OK, 0) == 0;
    if (*found) return hm_file_read(source->folder, path, limit, content);
    return errno == ENOENT || errno == ENOTDIR ? HM_OK : hm_could_not("%s: cannot be read: %s", path, strerror(errno));
}

static hm_err get(hm_monitor_source *source, const char *path, size_t limit, hm_buf *content, bool *found) {
    hm_http_answer *answer = &source->answer;
    HM_TRY(hm_http_get(source->http, path, answer));
    *found = answer->status == 200;
    if (answer->status == 404 || answer->status == 410) return HM_OK;
    if (!*found) {
        if (answer->retry_after)
            return hm_could_not("%s: the server answers %u (it says to come back in %u seconds)", path, answer->status,
                                answer->retry_after);
        return hm_could_not("%s: the server answers %u", path, answer->status);
    }
    if (answer->body.len > limit) return hm_could_not("%s: longer than %zu bytes", path, limit);
    return hm_put(content, hm_buf_bytes(&answer->body));
}

hm_err hm_monitor_source_read(hm_monitor_source *source, hm_bytes path, size_t limit, hm_buf *content, bool *found) {
    char copy[PATH_MAX_HERE];
    *found = false;
    content->len = 0;
    HM_TRY(check_path(path, copy));
    return source->http ? get(source, copy, limit, content, found) : read_file(source, copy, limit, content, found);
}
