/* Giving up what a process does not need.
 *
 * A process that parses untrusted bytes keeps the descriptors it holds and nothing else: no opening of files, no
 * sockets, no other programs, no tracing, no executable memory (seccomp, an allow-list; whatever is not on it ends the
 * process), and, where the kernel has Landlock, no file system either. There is no way back. */
#ifndef HM_BASE_SANDBOX_H
#define HM_BASE_SANDBOX_H

#include <base/err.h>

#include <stddef.h>

/* Close every descriptor but KEEP[0..COUNT), which must be above 2; 0, 1 and 2 become /dev/null. */
HM_MUST_USE hm_err hm_sandbox_close_files(const int *keep, size_t count);
/* Close every descriptor above 2 but KEEP[0..COUNT), and make 0 /dev/null: for a process that still prints. */
HM_MUST_USE hm_err hm_sandbox_close_others(const int *keep, size_t count);
/* Only what the process holds already. A fault, and the caller must end, if the kernel has no seccomp. */
HM_MUST_USE hm_err hm_sandbox_enter(void);
/* The same, but files can be opened: for reading below FOLDER where the kernel has Landlock, anywhere where it has not.
 * For what reads many small files of a folder by name (the log's tiles). */
HM_MUST_USE hm_err hm_sandbox_enter_folder(int folder);
/* For a process that serves connections: besides what it holds, it accepts more, makes pairs of sockets, and reads
 * files below the COUNT FOLDERS (-1: none) where the kernel has Landlock. It connects to nothing. */
HM_MUST_USE hm_err hm_sandbox_enter_server(const int *folders, size_t count);

/* No new privileges and no tracing; of the file system, where the kernel has Landlock, only reading below the FOLDERS
 * (-1: none). Everything else is as it was: for a process that must connect to others. */
HM_MUST_USE hm_err hm_sandbox_keep_folders(const int *folders, size_t count);
/* And no socket of this machine's own kind (AF_UNIX) is made from here on, after hm_sandbox_keep_folders. */
HM_MUST_USE hm_err hm_sandbox_no_local_sockets(void);

#endif
