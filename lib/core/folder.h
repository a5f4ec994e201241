/* Folders as a whole: walked in one order, copied, hashed. Nothing is followed that is a link. */
#ifndef HM_CORE_FOLDER_H
#define HM_CORE_FOLDER_H

#include <base/bytes.h>
#include <crypto/digest.h>

#include <sys/stat.h>

/* In a backup: a line "HEX  PATH" for each file, as sha256sum writes it, in the order of hm_folder_walk. */
#define HM_BACKUP_SUMS "MANIFEST"

typedef struct {
    const char *path, *name; /* from the walked folder; in DIRFD */
    int dirfd;
    struct stat st; /* of the thing itself, were it a link */
    bool skip;      /* to be set for a folder that is not to be walked */
} hm_folder_part;
typedef hm_err (*hm_folder_visit)(void *context, hm_folder_part *part);
/* Everything below FOLDER by name, a folder before what is in it. A name that has control characters is a fault. What
 * was listed and is gone when it is looked at is passed over; or, with VANISHED, a fault, and *VANISHED is set. */
HM_MUST_USE hm_err hm_folder_walk(int folder, hm_folder_visit visit, void *context, bool *vanished);

/* Copy what is below FROM into TO, which has none of it: folders and plain files, others are a fault. Hidden folders
 * are left out. What vanishes meanwhile is a fault, and *VANISHED is set. Not yet durable. */
HM_MUST_USE hm_err hm_folder_copy(int from, int to, bool *vanished);
/* Make everything below FOLDER durable; with SUMS append its lines, but for HM_BACKUP_SUMS itself. */
HM_MUST_USE hm_err hm_folder_seal(int folder, hm_buf *sums);
/* FOLDER's files are those of its HM_BACKUP_SUMS, neither more nor less, byte for byte; *FILES counts them. With TO
 * (-1: none) they are copied there as they are hashed, so that what was checked is what is copied. */
HM_MUST_USE hm_err hm_folder_compare(int folder, int to, uint64_t *files);
/* Remove PATH and what is in it, as far as that works. */
void hm_folder_remove(const char *path);

#endif
