/* A trust list that somebody hands over to judge by. */
#ifndef HM_APP_LIST_HOLD_H
#define HM_APP_LIST_HOLD_H

#include "trust_device.h"

/* The device holds the newest of a file that is a list or a bundle, taken one after another; the first is trusted as it
 * is, and one that is the same as the one before is none too many. NAME is what the user called the file, and what is
 * wrong with it is said of the file. */
HM_MUST_USE hm_err hm_list_hold(hm_device_list *device, hm_bytes content, const char *name);

#endif
