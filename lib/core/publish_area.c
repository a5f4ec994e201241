#include "publish_area.h"

#include <base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who serves the area may be another user. */
enum { FOLDER_MODE = 0755, FILE_MODE = 0644, FILES_MOST = 4096 };

static bool is_plain(uint8_t c, bool first) {
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return letter || (!first && (c == '.' || c == '_' || c == '-' || c == '+'));
}

hm_err hm_area_check_name(hm_bytes name, const char *what) {
    bool good = name.len && name.len <= HM_AREA_NAME_MAX;
    for (size_t i = 0; good && i < name.len; i++) good = is_plain(name.data[i], i == 0);
    return good ? HM_OK
                : hm_refuse("%s is published under a name of letters, digits, '.', '_', '-' and '+', a letter or digit "
                            "first",
                            what);
}

static hm_err fault(const char *what) { return hm_could_not("the download area: %s: %s", what, strerror(errno)); }

static hm_err open_folder(int dirfd, const char *name, bool make, int *fd) {
    if (make && mkdirat(dirfd, name, FOLDER_MODE) != 0 && errno != EEXIST) return fault(name);
    *fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0) return fault(name);
    /* Whatever the umask is. */
    return !make || fchmod(*fd, FOLDER_MODE) == 0 ? HM_OK : fault(name);
}

hm_err hm_area_begin(hm_office *office, hm_area *area) {
    uint8_t random[8];
    HM_BUF name = HM_BUF_EMPTY;
    *area = HM_AREA_NONE;
    HM_TRY(open_folder(office->dirfd, "published", true, &area->area_fd));
    HM_TRY(hm_random(random, sizeof random));
    HM_TRY(hm_put_hex(&name, HM_ARRAY(random)));
    snprintf(area->staging, sizeof area->staging, ".staging-%.*s", (int)name.len, (const char *)name.data);
    return open_folder(area->area_fd, area->staging, true, &area->staging_fd);
}

static void name_of(hm_bytes name, char text[static HM_AREA_NAME_MAX + 1]) {
    snprintf(text, HM_AREA_NAME_MAX + 1, "%.*s", (int)name.len, (const char *)name.data);
}

hm_err hm_area_open(hm_area *area, hm_bytes name) {
    char text[HM_AREA_NAME_MAX + 1];
    HM_TRY(hm_area_check_name(name, "a file"));
    name_of(name, text);
    area->file_fd = openat(area->staging_fd, text, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (area->file_fd < 0) return fault(text);
    hm_hash_init(&area->hash, HM_SHA256);
    area->written = 0;
    return fchmod(area->file_fd, FILE_MODE) == 0 ? HM_OK : fault(text);
}

hm_err hm_area_write(hm_area *area, hm_bytes bytes) {
    hm_hash_update(&area->hash, bytes);
    area->written += bytes.len;
    return hm_fd_write(area->file_fd, bytes);
}

hm_err hm_area_close(hm_area *area, uint64_t size, hm_bytes sha256) {
    hm_digest digest;
    hm_hash_final(&area->hash, &digest);
    bool durable = fsync(area->file_fd) == 0;
    hm_fd_close(&area->file_fd);
    if (!durable) return fault("fsync");
    return area->written == size && hm_bytes_equal(hm_digest_bytes(&digest), sha256)
               ? HM_OK
               : hm_refuse("its bytes are not those that were looked at: it was changed meanwhile");
}

/* ---- what a folder holds ---- */

typedef struct {
    size_t count;
    char **name;
} listing;

static void listing_clear(listing *l) {
    for (size_t i = 0; i < l->count; i++) free(l->name[i]);
    free(l->name);
}
#define LISTING __attribute__((cleanup(listing_clear))) listing

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The plain files of the folder, in order. */
static hm_err list(int fd, listing *l) {
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = again < 0 ? NULL : fdopendir(again);
    if (!folder) return hm_fd_close(&again), fault("reading a folder");
    l->name = calloc(FILES_MOST, sizeof *l->name);
    for (struct dirent *entry; l->name && l->count < FILES_MOST && (entry = readdir(folder));)
        if (entry->d_name[0] != '.' && (l->name[l->count] = strdup(entry->d_name))) l->count++;
    closedir(folder);
    if (!l->name) return hm_no_memory();
    if (l->count == FILES_MOST) return hm_refuse("a release has fewer than %d files", FILES_MOST);
    qsort(l->name, l->count, sizeof *l->name, compare_names);
    return HM_OK;
}

static hm_err digest_of(int dirfd, const char *name, uint8_t sha256[static HM_SHA256_LEN]) {
    static uint8_t block[HM_IO_BLOCK];
    hm_hash hash;
    hm_digest digest;
    HM_FD fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    hm_hash_init(&hash, HM_SHA256);
    while (n > 0) {
        n = read(fd, block, sizeof block);
        if (n > 0) hm_hash_update(&hash, HM_BYTES(block, (size_t)n));
    }
    hm_hash_final(&hash, &digest);
    memcpy(sha256, digest.value, HM_SHA256_LEN);
    return n == 0 ? HM_OK : fault(name);
}

/* ---- a release's folder ---- */

static hm_err check_same(const hm_area *area, int release_fd, const char *name) {
    uint8_t ours[HM_SHA256_LEN], there[HM_SHA256_LEN];
    HM_TRY(digest_of(area->staging_fd, name, ours));
    HM_TRY(digest_of(release_fd, name, there));
    return memcmp(ours, there, sizeof ours) == 0
               ? HM_OK
               : hm_refuse("%s is published already, with other content (hallmark publish --withdraw takes the release "
                           "back)",
                           name);
}

/* Whoever it was that let them come here: nothing lies outside the area. */
static hm_err check_place(const char *product, const char *release) {
    HM_TRY(hm_area_check_name(hm_text(product), "a product"));
    return hm_area_check_name(hm_text(release), "a release");
}

hm_err hm_area_take_over(hm_area *area, const char *product, const char *release) {
    HM_FD product_fd = -1, release_fd = -1;
    LISTING there = {0};
    HM_TRY(check_place(product, release));
    HM_TRY(open_folder(area->area_fd, product, true, &product_fd));
    release_fd = openat(product_fd, release, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (release_fd < 0) return errno == ENOENT ? HM_OK : fault(release);
    HM_TRY(list(release_fd, &there));
    for (size_t i = 0; i < there.count; i++) {
        const char *name = there.name[i];
        if (strcmp(name, HM_AREA_SUMS) == 0) continue;
        if (linkat(release_fd, name, area->staging_fd, name, 0) == 0) continue;
        if (errno != EEXIST) return fault(name);
        HM_TRY(check_same(area, release_fd, name));
    }
    return HM_OK;
}

hm_err hm_area_finish(hm_area *area) {
    LISTING files = {0};
    HM_BUF sums = HM_BUF_EMPTY;
    HM_TRY(list(area->staging_fd, &files));
    for (size_t i = 0; i < files.count; i++) {
        uint8_t sha256[HM_SHA256_LEN];
        HM_TRY(digest_of(area->staging_fd, files.name[i], sha256));
        HM_TRY(hm_put_hex(&sums, HM_ARRAY(sha256)));
        HM_TRY(hm_put_format(&sums, "  %s\n", files.name[i]));
    }
    HM_TRY(hm_file_write(area->staging_fd, HM_AREA_SUMS, hm_buf_bytes(&sums), FILE_MODE));
    if (fchmodat(area->staging_fd, HM_AREA_SUMS, FILE_MODE, 0) != 0) return fault(HM_AREA_SUMS);
    return fsync(area->staging_fd) == 0 ? HM_OK : fault("fsync");
}

static void empty(int dirfd, const char *name) {
    HM_FD fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    LISTING files = {0};
    if (fd < 0 || hm_failed(list(fd, &files))) return;
    for (size_t i = 0; i < files.count; i++) unlinkat(fd, files.name[i], 0);
    unlinkat(dirfd, name, AT_REMOVEDIR);
}

/* What was there is in the staging folder afterwards, and goes with it. */
hm_err hm_area_show(hm_area *area, const char *product, const char *release) {
    HM_FD product_fd = -1;
    HM_TRY(check_place(product, release));
    HM_TRY(open_folder(area->area_fd, product, true, &product_fd));
    bool shown = renameat(area->area_fd, area->staging, product_fd, release) == 0;
    if (!shown && (errno == ENOTEMPTY || errno == EEXIST))
        shown = syscall(SYS_renameat2, area->area_fd, area->staging, product_fd, release, RENAME_EXCHANGE) == 0;
    if (!shown) return fault(release);
    return fsync(product_fd) == 0 && fsync(area->area_fd) == 0 ? HM_OK : fault("fsync");
}

hm_err hm_area_remove(hm_office *office, const char *product, const char *release) {
    HM_FD product_fd = -1;
    hm_area area = HM_AREA_NONE;
    hm_err err = check_place(product, release);
    if (!hm_failed(err)) err = hm_area_begin(office, &area);
    if (!hm_failed(err)) err = open_folder(area.area_fd, product, true, &product_fd);
    /* In one step, and its files after that. */
    if (!hm_failed(err) && renameat(product_fd, release, area.area_fd, area.staging) != 0 && errno != ENOENT)
        err = fault(release);
    if (!hm_failed(err) && (fsync(product_fd) != 0 || fsync(area.area_fd) != 0)) err = fault("fsync");
    hm_fault kept = hm_fault_keep(err);
    hm_area_clear(&area);
    return hm_fault_raise(&kept);
}

void hm_area_clear(hm_area *area) {
    hm_fd_close(&area->file_fd);
    if (area->area_fd >= 0 && area->staging[0]) empty(area->area_fd, area->staging);
    hm_fd_close(&area->staging_fd);
    hm_fd_close(&area->area_fd);
    *area = HM_AREA_NONE;
}
