#include "tile_batch.h"

#include <base/io.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The log is public: any web server may read it. */
enum { FILE_MODE = 0644, FOLDER_MODE = 0755 };
/* From so many files on one syncfs is cheaper than an fsync for each. */
enum { MANY = 17 };

static void path_of(hm_tile_id tile, char path[static HM_TILE_PATH_MAX]) {
    hm_tile_path(tile.level, tile.number, tile.width, path);
}

static void folder_of(hm_tile_id tile, char folder[static HM_TILE_PATH_MAX]) {
    path_of(tile, folder);
    *strrchr(folder, '/') = 0;
}

/* Always the same name for the same tile, and for all widths of a partial one: what a crash left behind is overwritten
 * by the next publication, even if that is larger. */
static void hidden_path_of(hm_tile_id tile, char hidden[static HM_TILE_PATH_MAX]) {
    char path[HM_TILE_PATH_MAX];
    path_of(tile, path);
    char *slash = strrchr(path, '/');
    *slash = 0;
    bool partial = slash - path > 2 && memcmp(slash - 2, ".p", 2) == 0;
    snprintf(hidden, HM_TILE_PATH_MAX, "%.60s/.%.10s.new", path, partial ? "partial" : slash + 1);
}

static hm_err sync_path(int dirfd, const char *path) {
    HM_FD fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) return hm_could_not("%s: cannot be made durable: %s", path, strerror(errno));
    return HM_OK;
}

/* Make the folders above PATH. The entry of a new folder is made durable at once, before anything relies on it. */
static hm_err make_folders(int dirfd, const char *path) {
    char folder[HM_TILE_PATH_MAX], parent[HM_TILE_PATH_MAX] = ".";
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (mkdirat(dirfd, folder, FOLDER_MODE) == 0)
            HM_TRY(sync_path(dirfd, parent));
        else if (errno != EEXIST)
            return hm_could_not("%s: cannot make the folder: %s", folder, strerror(errno));
        memcpy(parent, folder, sizeof parent);
    }
    return HM_OK;
}

static hm_err open_hidden(int dirfd, const char *path, int *fd) {
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    *fd = openat(dirfd, path, flags, FILE_MODE);
    if (*fd < 0 && errno == ENOENT) {
        HM_TRY(make_folders(dirfd, path));
        *fd = openat(dirfd, path, flags, FILE_MODE);
    }
    if (*fd < 0) return hm_could_not("%s: cannot be created: %s", path, strerror(errno));
    return HM_OK;
}

hm_err hm_tile_batch_add(hm_tile_batch *batch, hm_tile_id tile, hm_bytes content) {
    char path[HM_TILE_PATH_MAX];
    HM_FD fd = -1;
    if (batch->count == HM_TILE_BATCH_MAX) HM_TRY(hm_tile_batch_commit(batch));
    hidden_path_of(tile, path);
    HM_TRY(open_hidden(batch->log_dirfd, path, &fd));
    batch->tile[batch->count++] = tile;
    return hm_in(hm_fd_write(fd, content), "%s", path);
}

static hm_err sync_everything(int dirfd) {
    if (syncfs(dirfd) != 0) return hm_could_not("the log's tiles cannot be made durable: %s", strerror(errno));
    return HM_OK;
}

static hm_err sync_contents(const hm_tile_batch *batch) {
    if (batch->count >= MANY) return sync_everything(batch->log_dirfd);
    for (size_t i = 0; i < batch->count; i++) {
        char path[HM_TILE_PATH_MAX];
        hidden_path_of(batch->tile[i], path);
        HM_TRY(sync_path(batch->log_dirfd, path));
    }
    return HM_OK;
}

static hm_err rename_all(const hm_tile_batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        char hidden[HM_TILE_PATH_MAX], path[HM_TILE_PATH_MAX];
        hidden_path_of(batch->tile[i], hidden);
        path_of(batch->tile[i], path);
        if (renameat(batch->log_dirfd, hidden, batch->log_dirfd, path) != 0)
            return hm_could_not("%s: cannot be replaced: %s", path, strerror(errno));
    }
    return HM_OK;
}

static bool folder_was_synced(const hm_tile_batch *batch, size_t before, const char *folder) {
    for (size_t i = 0; i < before; i++) {
        char other[HM_TILE_PATH_MAX];
        folder_of(batch->tile[i], other);
        if (!strcmp(other, folder)) return true;
    }
    return false;
}

static hm_err sync_names(const hm_tile_batch *batch) {
    if (batch->count >= MANY) return sync_everything(batch->log_dirfd);
    for (size_t i = 0; i < batch->count; i++) {
        char folder[HM_TILE_PATH_MAX];
        folder_of(batch->tile[i], folder);
        if (!folder_was_synced(batch, i, folder)) HM_TRY(sync_path(batch->log_dirfd, folder));
    }
    return HM_OK;
}

static void close_folder(DIR **folder) {
    if (*folder) closedir(*folder);
}

/* A partial file that cannot be removed is needless, not wrong. So no fault, and nothing is synced. */
static void remove_partials(int log_dirfd, hm_tile_id full) {
    char path[HM_TILE_PATH_MAX];
    hm_tile_path(full.level, full.number, 1, path);
    *strrchr(path, '/') = 0;
    int fd = openat(log_dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return;
    __attribute__((cleanup(close_folder))) DIR *folder = fdopendir(fd);
    if (!folder) {
        close(fd);
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) unlinkat(fd, entry->d_name, 0);
    unlinkat(log_dirfd, path, AT_REMOVEDIR);
}

static hm_err commit(const hm_tile_batch *batch) {
    HM_TRY(sync_contents(batch));
    HM_TRY(rename_all(batch));
    HM_TRY(sync_names(batch));
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->tile[i].width) remove_partials(batch->log_dirfd, batch->tile[i]);
    return HM_OK;
}

hm_err hm_tile_batch_commit(hm_tile_batch *batch) {
    hm_err err = commit(batch);
    if (hm_failed(err)) hm_tile_batch_discard(batch);
    batch->count = 0;
    return err;
}

void hm_tile_batch_discard(hm_tile_batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        char hidden[HM_TILE_PATH_MAX];
        hidden_path_of(batch->tile[i], hidden);
        unlinkat(batch->log_dirfd, hidden, 0);
    }
    batch->count = 0;
}
