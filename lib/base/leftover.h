/* Temporary names that nobody will make final: of processes that were killed between making one and renaming it.
 *
 * Who makes a temporary name holds a lock on the file for as long as the file has it. A name whose lock can be had is
 * a dead process's. Where locks are not to be had, every name is left alone. */
#ifndef HM_BASE_LEFTOVER_H
#define HM_BASE_LEFTOVER_H

#include <base/file.h>

/* A name that no other process has thought of. */
HM_MUST_USE hm_err hm_temporary_name(char name[static HM_TEMPORARY_NAME_MAX]);
/* Lock FD, whose name is temporary or is about to be. False: it has a name already, and somebody takes that for left
 * over. */
HM_MUST_USE bool hm_temporary_hold(int fd);
/* It has its final name, and who waits for a lock of his own on it (a signer) need not wait for this. */
void hm_temporary_release(int fd);

/* Remove the leftovers in the folder DIRFD. Of the folders that a process writes to, each is read about once. */
void hm_leftovers_sweep(int dirfd);

#endif
