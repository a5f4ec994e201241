/* A real folder as an hm_tree, for the process that opens files.
 *
 * Nothing is followed and nothing is awaited: links are reported, never gone through; devices, pipes and sockets are
 * reported, never opened; everything is opened relative to its folder, and what has been opened must be what was seen
 * (same device and inode), or that is a fault. Names come in byte order. At most HM_FOLDER_DEPTH components, paths and
 * link targets of at most HM_FOLDER_PATH_MAX bytes. The names of one folder are held in memory, contents are not. */
#ifndef HM_FORMAT_FOLDER_H
#define HM_FORMAT_FOLDER_H

#include <format/format.h>

enum { HM_FOLDER_DEPTH = 64, HM_FOLDER_PATH_MAX = 4096 };

typedef struct hm_folder hm_folder;

/* DIRFD stays the caller's and is not needed afterwards. The names at the top are read here and now: a temporary file
 * that is made in the folder later does not appear in TREE. TREE lives as long as FOLDER and gives each entry once; the
 * content of a file is valid until the next entry is asked for. */
HM_MUST_USE hm_err hm_tree_of_folder(int dirfd, hm_folder **folder, hm_tree *tree);
void hm_folder_free(hm_folder **folder);
#define HM_FOLDER __attribute__((cleanup(hm_folder_free))) hm_folder

#endif
