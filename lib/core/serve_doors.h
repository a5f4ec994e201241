/* The doors of an office that is served: sockets through which new sessions come. Neither waits. */
#ifndef HM_CORE_SERVE_DOORS_H
#define HM_CORE_SERVE_DOORS_H

#include <stdint.h>

/* The next process of this machine that comes, and its *USER as the kernel names him; -1: nobody, or nobody knows who.
 */
int hm_door_local(int door, uint32_t *user);
/* The next session's socket that a front brings; -1: none, or not one. A *DOOR behind which nobody is left is closed.
 */
int hm_door_fronts(int *door);

#endif
