/* The description of an update as JSON (--manifest FILE), read in the parsing process:
 *
 *   { "components": [ { "id": "main", "file": "pump.bin", "kind": "firmware", "version": "2.1.0",
 *                       "security-version": 3, "to": "slot-a" } ],
 *     "dependencies": [ { "publisher": "<UUID>", "component": "boot", "security-version": 1, "sequence": 5 } ],
 *     "sequence": 17, "minimum-list": 2,
 *     "notes": { "-10": "text", "-11": 7 } }
 *
 * A component needs id and file, a dependency publisher and component; everything else may be left out. What is not
 * known, and what is there twice, is refused. */
#ifndef HM_APP_NATIVE_JSON_H
#define HM_APP_NATIVE_JSON_H

#include <pki/manifest.h>

typedef struct hm_description hm_description;

/* Fill in MANIFEST's components, dependencies and notes, and the numbers that it gives; the texts are views of
 * DESCRIPTION, which the caller frees, also after a fault. A component's version is the release's unless it says
 * otherwise. *HAS_SEQUENCE: the command line gave it, and then the description may not; set if the description gives
 * it. */
HM_MUST_USE hm_err hm_description_read(hm_bytes json, bool *has_sequence, hm_description **description,
                                       hm_manifest *manifest);
void hm_description_free(hm_description **description);

#endif
