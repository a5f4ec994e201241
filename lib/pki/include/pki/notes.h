/* Notes (docs/manifest.md): the pairs with negative keys of a manifest or trust list, which are signed, and which
 * devices skip. Whoever wrote them is free in what they say, so they are shown as one line each that can pass for
 * nothing else. */
#ifndef HM_PKI_NOTES_H
#define HM_PKI_NOTES_H

#include <base/json.h>

/* The pairs that are left of a map; those with other keys are passed over. */
typedef struct {
    hm_reader reader;
    hm_bytes previous;
    uint64_t pairs;
} hm_notes;
/* The notes of a manifest: a whole map. */
HM_MUST_USE hm_err hm_notes_of_map(hm_bytes map, hm_notes *notes);
/* COUNT pairs without the map's head: those that a trust list keeps. */
hm_notes hm_notes_of_pairs(hm_bytes pairs, size_t count);

typedef struct {
    int64_t key;
    hm_bytes value; /* one encoded item, a view */
} hm_note;
/* *MORE is false behind the last, and NOTE is as it was. */
HM_MUST_USE hm_err hm_notes_next(hm_notes *notes, hm_note *note, bool *more);

/* Append what NOTE says: readable text, or the item's encoding in hexadecimal digits. Never a line end. */
HM_MUST_USE hm_err hm_note_put(const hm_note *note, hm_buf *text);
/* The member "notes", an array of {"key", "text"} and {"key", "cbor"}; nothing if there are none. A fault leaves the
 * JSON unfinished. */
HM_MUST_USE hm_err hm_notes_json(hm_notes notes, hm_json *json);

#endif
