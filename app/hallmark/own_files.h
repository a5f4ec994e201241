/* Files that Hallmark itself writes, and that somebody may take for something else. */
#ifndef HM_APP_OWN_FILES_H
#define HM_APP_OWN_FILES_H

#include <base/io.h>

/* "an envelope", "a pack", "a bundle of trust lists", "a publisher's file", "a key file"; NULL: none of them. Told by
 * how CONTENT begins, not verified. */
const char *hm_own_file(const hm_source *content);

#endif
