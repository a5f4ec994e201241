#include <format/folder.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One open folder on the way down: its names, zero-terminated, one after another, and where each begins, in byte order.
 */
typedef struct {
    int fd;
    size_t path_len; /* of this folder's own path */
    hm_buf names;
    size_t *starts;
    size_t count, next;
} level;

struct hm_folder {
    level levels[HM_FOLDER_DEPTH + 1];
    size_t depth; /* levels that are open */
    hm_buf path;
    int content_fd;
    uint8_t target[HM_FOLDER_PATH_MAX + 1];
};

/* A path as it stands in a sentence. */
#define PATH(buf) (int)((buf).len < 200 ? (buf).len : 200), (const char *)(buf).data

static const char *name_at(const level *folder, size_t index) {
    return (const char *)folder->names.data + folder->starts[index];
}

static int compare_names(const void *a, const void *b, void *names) {
    const char *text = names;
    return strcmp(text + *(const size_t *)a, text + *(const size_t *)b);
}

static void close_level(level *folder) {
    hm_fd_close(&folder->fd);
    hm_buf_clear(&folder->names);
    free(folder->starts);
    folder->starts = NULL;
}

static hm_err keep_name(level *folder, const char *name) {
    if (!strcmp(name, ".") || !strcmp(name, "..")) return HM_OK;
    /* A broken file system can say anything. */
    if (!*name || strchr(name, '/')) return hm_refuse("the file system gives a file without a proper name");
    folder->count++;
    return hm_put(&folder->names, HM_BYTES(name, strlen(name) + 1));
}

static hm_err list_names(level *folder, DIR *stream) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno) return hm_could_not("cannot be listed: %s", strerror(errno));
        if (!entry) return HM_OK;
        HM_TRY(keep_name(folder, entry->d_name));
    }
}

static hm_err sort_names(level *folder) {
    if (!folder->count) return HM_OK;
    folder->starts = calloc(folder->count, sizeof *folder->starts);
    if (!folder->starts) return hm_no_memory();
    size_t at = 0;
    for (size_t i = 0; i < folder->count; i++) {
        folder->starts[i] = at;
        at += strlen((const char *)folder->names.data + at) + 1;
    }
    qsort_r(folder->starts, folder->count, sizeof *folder->starts, compare_names, folder->names.data);
    return HM_OK;
}

/* FD becomes the folder's own, also on failure. There is room: extend_path lets no entry be deeper than the last level.
 */
static hm_err push_level(hm_folder *folder, int fd) {
    level *top = &folder->levels[folder->depth++];
    *top = (level){.fd = fd, .path_len = folder->path.len};
    /* A stream of its own, because it keeps the descriptor that it reads. */
    int stream_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = stream_fd >= 0 ? fdopendir(stream_fd) : NULL;
    if (!stream) {
        hm_err err = hm_could_not("cannot be listed: %s", strerror(errno));
        hm_fd_close(&stream_fd);
        return err;
    }
    hm_err err = list_names(top, stream);
    closedir(stream);
    return hm_failed(err) ? err : sort_names(top);
}

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

/* Open what SEEN described and nothing else; SEEN is then what the descriptor says. O_NONBLOCK: a pipe that was put in
 * a file's place must not hold us up. */
static hm_err open_seen(int dirfd, const char *name, int flags, struct stat *seen, int *fd) {
    struct stat opened;
    *fd = openat(dirfd, name, flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0) return hm_could_not("cannot be opened: %s", strerror(errno));
    hm_err err = HM_OK;
    if (fstat(*fd, &opened) != 0)
        err = hm_could_not("cannot be examined: %s", strerror(errno));
    else if (!same_file(seen, &opened))
        err = hm_could_not("was replaced while the folder was read (is something else writing it?)");
    else
        *seen = opened;
    if (hm_failed(err)) hm_fd_close(fd);
    return err;
}

static hm_err show_file(hm_folder *folder, int dirfd, const char *name, struct stat *seen, hm_entry *entry) {
    entry->kind = HM_ENTRY_FILE;
    HM_TRY(open_seen(dirfd, name, 0, seen, &folder->content_fd));
    return hm_source_of_file(folder->content_fd, &entry->content);
}

static hm_err show_folder(hm_folder *folder, int dirfd, const char *name, struct stat *seen, hm_entry *entry) {
    int fd;
    entry->kind = HM_ENTRY_FOLDER;
    HM_TRY(open_seen(dirfd, name, O_DIRECTORY, seen, &fd));
    return push_level(folder, fd);
}

static hm_err show_link(hm_folder *folder, int dirfd, const char *name, hm_entry *entry) {
    entry->kind = HM_ENTRY_LINK;
    ssize_t len = readlinkat(dirfd, name, (char *)folder->target, sizeof folder->target);
    if (len < 0) return hm_could_not("the link cannot be read: %s", strerror(errno));
    if ((size_t)len == sizeof folder->target) return hm_refuse("the link's target is too long");
    entry->target = HM_BYTES(folder->target, (size_t)len);
    return HM_OK;
}

static hm_err show(hm_folder *folder, int dirfd, const char *name, hm_entry *entry) {
    struct stat seen;
    if (fstatat(dirfd, name, &seen, AT_SYMLINK_NOFOLLOW) != 0)
        return hm_could_not("cannot be examined: %s", strerror(errno));
    *entry = (hm_entry){.kind = HM_ENTRY_OTHER, .content = hm_source_of_memory(HM_NO_BYTES)};
    switch (seen.st_mode & S_IFMT) {
    case S_IFREG:
        HM_TRY(show_file(folder, dirfd, name, &seen, entry));
        break;
    case S_IFDIR:
        HM_TRY(show_folder(folder, dirfd, name, &seen, entry));
        break;
    case S_IFLNK:
        HM_TRY(show_link(folder, dirfd, name, entry));
        break;
    }
    entry->path = hm_buf_bytes(&folder->path);
    entry->mode = seen.st_mode & 07777;
    return HM_OK;
}

static hm_err extend_path(hm_folder *folder, const level *top, const char *name) {
    if (folder->depth > HM_FOLDER_DEPTH)
        return hm_refuse("%.*s: holds folders more than %d deep", PATH(folder->path), HM_FOLDER_DEPTH);
    folder->path.len = top->path_len;
    if (folder->path.len) HM_TRY(hm_put_u8(&folder->path, '/'));
    HM_TRY(hm_put_text(&folder->path, name));
    if (folder->path.len > HM_FOLDER_PATH_MAX)
        return hm_refuse("%.*s...: the path is longer than %d bytes", PATH(folder->path), HM_FOLDER_PATH_MAX);
    return HM_OK;
}

static hm_err next_entry(void *context, hm_entry *entry, bool *more) {
    hm_folder *folder = context;
    hm_fd_close(&folder->content_fd);
    while (folder->depth && folder->levels[folder->depth - 1].next == folder->levels[folder->depth - 1].count)
        close_level(&folder->levels[--folder->depth]);
    *more = folder->depth > 0;
    if (!*more) return HM_OK;
    level *top = &folder->levels[folder->depth - 1];
    const char *name = name_at(top, top->next++);
    HM_TRY(extend_path(folder, top, name));
    return hm_in(show(folder, top->fd, name, entry), "%.*s", PATH(folder->path));
}

hm_err hm_tree_of_folder(int dirfd, hm_folder **folder, hm_tree *tree) {
    *folder = NULL;
    hm_folder *made = calloc(1, sizeof *made);
    if (!made) return hm_no_memory();
    made->content_fd = -1;
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    hm_err err = fd < 0 ? hm_could_not("cannot open the folder: %s", strerror(errno)) : push_level(made, fd);
    if (hm_failed(err)) {
        hm_folder_free(&made);
        return err;
    }
    *folder = made;
    *tree = (hm_tree){.context = made, .next = next_entry};
    return HM_OK;
}

void hm_folder_free(hm_folder **folder) {
    hm_folder *open = *folder;
    if (!open) return;
    while (open->depth) close_level(&open->levels[--open->depth]);
    hm_fd_close(&open->content_fd);
    hm_buf_clear(&open->path);
    free(open);
    *folder = NULL;
}
