#include "front.h"

#include <event2/buffer.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 512 };

/* The characters of tiles' and releases' names; no step upwards, no hidden files. */
static bool is_name(const char *name) {
    size_t len = strlen(name);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
    return len && len <= NAME_MAX_LEN && strspn(name, allowed) == len && name[0] != '/' && name[0] != '.' &&
           !strstr(name, "/.") && !strstr(name, "//") && name[len - 1] != '/';
}

/* Below FOLDER and through no link, as the kernel sees to it. */
static int open_below(int folder, const char *name, struct stat *st) {
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = folder < 0 ? -1 : (int)syscall(__NR_openat2, folder, name, &how, sizeof how);
    if (fd < 0) return -1;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode)) return fd;
    close(fd);
    return -1;
}

/* Full tiles never change; everything else may. */
static const char *caching_of(const char *name) {
    return strncmp(name, "tile/", 5) == 0 && !strstr(name, ".p/") ? "public, max-age=31536000, immutable" : "no-cache";
}

void hm_files_send(hm_exchange *x, int folder, const char *name) {
    struct stat st;
    int fd = is_name(name) ? open_below(folder, name, &st) : -1;
    if (fd < 0) {
        hm_exchange_problem(x, HM_PROBLEM_NOT_FOUND, "there is no such file");
        return;
    }
    struct evbuffer *body = evbuffer_new();
    /* Of an empty file there is nothing to map; what was not taken is still ours to close. */
    bool taken = body && st.st_size > 0 && evbuffer_add_file(body, fd, 0, st.st_size) == 0;
    if (!taken) close(fd);
    if (!body || (st.st_size > 0 && !taken)) {
        if (body) evbuffer_free(body);
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "the file cannot be read now");
        return;
    }
    struct evkeyvalq *headers = evhttp_request_get_output_headers(x->request);
    evhttp_add_header(headers, "Content-Type",
                      strcmp(name, "checkpoint") == 0 ? "text/plain; charset=utf-8" : "application/octet-stream");
    evhttp_add_header(headers, "Cache-Control", caching_of(name));
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    hm_exchange_send(x, 200, body);
    evbuffer_free(body);
}
