/* An update for devices that is signed again: its manifest names its key, so it is made anew, of the same payloads. */
#ifndef HM_APP_RESIGN_UPDATE_H
#define HM_APP_RESIGN_UPDATE_H

#include <base/bytes.h>
#include <crypto/digest.h>
#include <pki/manifest.h>

/* Options of `sign --format native`. */
enum { HM_UPDATE_WORDS = 2 * HM_MANIFEST_COMPONENTS + 12 };
typedef struct {
    size_t count;
    const char *word[HM_UPDATE_WORDS];
    hm_buf text[HM_MANIFEST_COMPONENTS + 3]; /* what words point into */
    size_t texts;
} hm_update_words;
void hm_update_words_clear(hm_update_words *words);
#define HM_UPDATE_OPTIONS __attribute__((cleanup(hm_update_words_clear))) hm_update_words

/* WORDS: those that make the update in FILE again, if MANIFEST is the SHA-256 of its manifest, with all that its
 * manifest says but key and sequence number; payloads are looked for beside it, by the names that it has for them, and
 * are held against their digests. A refusal says why that cannot be: others sign it, too; it has notes or dependencies,
 * which options cannot say; a payload is not there, or another one. */
HM_MUST_USE hm_err hm_update_again(const char *file, const uint8_t manifest[static HM_SHA256_LEN],
                                   hm_update_words *words);
/* The sequence number of the update in FILE. */
HM_MUST_USE hm_err hm_update_sequence(const char *file, uint64_t *sequence);

#endif
