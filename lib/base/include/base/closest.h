/* What was probably meant: the name of a table that a mistyped word is nearest to. */
#ifndef HM_BASE_CLOSEST_H
#define HM_BASE_CLOSEST_H

#include <base/bytes.h>

enum { HM_CLOSEST_MAX = 32, HM_HINT_MAX = 64 };
typedef struct {
    hm_bytes word;
    const char *name; /* the nearest so far; NULL: none is near */
    size_t distance;
} hm_closest;

hm_closest hm_closest_begin(hm_bytes word);
/* Near is what up to two slips make of NAME (a character left out, put in, replaced, or exchanged with the next one),
 * and no more than a third of WORD. Of two that are as near the first counts. Neither is longer than HM_CLOSEST_MAX. */
void hm_closest_try(hm_closest *closest, const char *name);
/* " (did you mean NAME?)", or "". It lies in TEXT. */
const char *hm_closest_hint(const hm_closest *closest, char text[static HM_HINT_MAX]);

#endif
