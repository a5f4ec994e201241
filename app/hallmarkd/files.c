#include "front.h"
#include "range.h"

#include <event2/buffer.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 512, TAG_LEN = 64 };

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

/* What is at a path is only ever replaced, and nothing is written over: another content is another file. */
static void name_version(const struct stat *st, char tag[static TAG_LEN]) {
    snprintf(tag, TAG_LEN, "\"%llx-%llx-%llx%08lx\"", (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
             (unsigned long long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec);
}

static const char *type_of(const char *name) {
    size_t len = strlen(name);
    if (strcmp(name, "checkpoint") == 0) return "text/plain; charset=utf-8";
    if (len > 4 && strcmp(name + len - 4, ".crl") == 0) return "application/pkix-crl"; /* RFC 2585, section 4.2 */
    return "application/octet-stream";
}

static void add_headers(struct evkeyvalq *headers, const char *name, const char *tag) {
    evhttp_add_header(headers, "Content-Type", type_of(name));
    evhttp_add_header(headers, "Cache-Control", caching_of(name));
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "Accept-Ranges", "bytes");
    evhttp_add_header(headers, "ETag", tag);
}

/* The status, and which part is sent. A range of another version is of none that is here (RFC 9110, section 13.1.5). */
static int choose(struct evhttp_request *request, uint64_t size, const char *tag, uint64_t *first, uint64_t *len) {
    struct evkeyvalq *asked = evhttp_request_get_input_headers(request),
                     *out = evhttp_request_get_output_headers(request);
    const char *range = evhttp_find_header(asked, "Range"), *version = evhttp_find_header(asked, "If-Range"),
               *had = evhttp_find_header(asked, "If-None-Match");
    char part[80];
    bool get = evhttp_request_get_command(request) == EVHTTP_REQ_GET; /* of HEAD there are no parts (section 14.2) */
    if (had && strcmp(had, tag) == 0) return *first = *len = 0, 304;
    bool same = !version || strcmp(version, tag) == 0;
    hm_range what = hm_range_of(get && same ? range : NULL, size, first, len);
    if (what == HM_RANGE_WHOLE) return *first = 0, *len = size, 200;
    if (what == HM_RANGE_PART)
        snprintf(part, sizeof part, "bytes %llu-%llu/%llu", (unsigned long long)*first,
                 (unsigned long long)(*first + *len - 1), (unsigned long long)size);
    else
        snprintf(part, sizeof part, "bytes */%llu", (unsigned long long)size);
    evhttp_add_header(out, "Content-Range", part);
    return what == HM_RANGE_PART ? 206 : 416;
}

/* Takes FD. Of nothing there is nothing to map. */
static struct evbuffer *open_part(int fd, uint64_t first, uint64_t len) {
    struct evbuffer *body = evbuffer_new();
    bool taken = body && len && evbuffer_add_file(body, fd, (ev_off_t)first, (ev_off_t)len) == 0;
    if (!taken) close(fd);
    if (taken || !body || !len) return body;
    evbuffer_free(body);
    return NULL;
}

void hm_files_send(hm_exchange *x, int folder, const char *name) {
    struct stat st;
    char tag[TAG_LEN];
    uint64_t first, len;
    int fd = is_name(name) ? open_below(folder, name, &st) : -1;
    if (fd < 0) {
        hm_exchange_problem(x, HM_PROBLEM_NOT_FOUND, "there is no such file");
        return;
    }
    name_version(&st, tag);
    int status = choose(x->request, (uint64_t)st.st_size, tag, &first, &len);
    struct evbuffer *body = open_part(fd, first, len);
    if (status == 416) {
        hm_exchange_problem(x, HM_PROBLEM_RANGE, "the file is not so long");
    } else if (!body) {
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "the file cannot be read now");
    } else {
        add_headers(evhttp_request_get_output_headers(x->request), name, tag);
        hm_exchange_send(x, status, body);
    }
    if (body) evbuffer_free(body);
}
