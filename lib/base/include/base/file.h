/* Files by name: whole reads, and writes that appear atomically (temporary file, fsync, rename, fsync of the folder).
 */
#ifndef HM_BASE_FILE_H
#define HM_BASE_FILE_H

#include <base/io.h>

#include <sys/types.h>

/* The whole file appended to BUF; a fault if it is larger than LIMIT. DIRFD as for openat. */
HM_MUST_USE hm_err hm_file_read(int dirfd, const char *path, size_t limit, hm_buf *buf);
/* Replace or create PATH. Durable when it returns. */
HM_MUST_USE hm_err hm_file_write(int dirfd, const char *path, hm_bytes content, mode_t mode);

/* A file being written for its final name. It has no name at all until it is committed (O_TMPFILE) where the file
 * system can do that; elsewhere a hidden temporary one in the same folder, which _discard removes. */
enum { HM_TEMPORARY_NAME_MAX = 32 };
typedef struct {
    int dirfd;                             /* of the folder, owned */
    int fd;                                /* written by the caller */
    char *path;                            /* the final path, owned */
    char *name;                            /* its last part, inside path */
    char temporary[HM_TEMPORARY_NAME_MAX]; /* "": nameless */
} hm_outfile;

#define HM_OUTFILE_NONE ((hm_outfile){-1, -1, NULL, NULL, ""})

/* Begin to write PATH with MODE. Nothing is visible under PATH before _commit. */
HM_MUST_USE hm_err hm_outfile_open(int dirfd, const char *path, mode_t mode, hm_outfile *out);
/* Make the content durable and visible, replacing what was there; then the outfile is closed. On a fault the old file
 * is as it was and nothing temporary is left. */
HM_MUST_USE hm_err hm_outfile_commit(hm_outfile *out);
/* The same, but nothing is replaced: a refusal if anything has that name by now, a link included. */
HM_MUST_USE hm_err hm_outfile_commit_new(hm_outfile *out);
/* The steps of _commit, for who writes many files: the content of all is made durable first, then all get their names,
 * then each folder is made durable once. On a fault: _discard. */
/* Begin to write the content to the disk, without waiting. */
void hm_outfile_start_sync(const hm_outfile *out);
/* Wait until that has been done: the journal then commits once for all that have been waited for. */
void hm_outfile_await_sync(const hm_outfile *out);
/* The content is durable. */
HM_MUST_USE hm_err hm_outfile_sync(const hm_outfile *out);
/* The file is visible under its name, and replaces what was there. */
HM_MUST_USE hm_err hm_outfile_name(hm_outfile *out);
/* All names in its folder are durable. */
HM_MUST_USE hm_err hm_outfile_sync_folder(const hm_outfile *out);

/* Forget what was written. Harmless on HM_OUTFILE_NONE and after _commit. */
void hm_outfile_discard(hm_outfile *out);
#define HM_OUTFILE __attribute__((cleanup(hm_outfile_discard))) hm_outfile

/* To replace a file in one step it must have a temporary name for an instant. A process that outlives this one can
 * remove it if this one is killed in that instant: NOTE is a shared page, where the pending path stands meanwhile. What
 * nobody outlived is removed by the next process that replaces a file in the same folder: nobody holds the lock on it.
 */
enum { HM_PENDING_MAX = 4096 };
void hm_outfile_note_pending(char note[static HM_PENDING_MAX]);
/* In the survivor. */
void hm_outfile_remove_pending(const char note[static HM_PENDING_MAX]);

/* Create a folder and its parents (0700 unless they exist). */
HM_MUST_USE hm_err hm_folder_make(const char *path, mode_t mode);
HM_MUST_USE hm_err hm_folder_open(int dirfd, const char *path, int *fd);

#endif
