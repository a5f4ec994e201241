/* Trust lists and bundles as files, on the parser's side: taken apart, and their signatures held against roots. */
#ifndef HM_APP_TRUST_FILE_H
#define HM_APP_TRUST_FILE_H

#include <base/json.h>
#include <pki/cose.h>
#include <pki/trust_list.h>

/* docs/manifest.md */
enum { HM_BUNDLE_LISTS_MAX = 16, HM_BUNDLE_MAX = HM_BUNDLE_LISTS_MAX * (HM_LIST_MAX + 8) };

/* A list in its envelope, perhaps without signatures yet. */
typedef struct {
    hm_bytes bytes; /* of the envelope: the caller's */
    hm_cose_envelope envelope;
    hm_trust_list *list;
    uint8_t root_set[HM_SHA256_LEN]; /* SHA-256 of the root-set: what a device holds */
} hm_list_file;
HM_MUST_USE hm_err hm_list_file_open(hm_bytes bytes, hm_list_file *file);
void hm_list_file_clear(hm_list_file *file);
#define HM_LIST_FILE __attribute__((cleanup(hm_list_file_clear))) hm_list_file

/* How the roots of a list stand to the signatures of a file. */
typedef enum { HM_ROOT_SILENT, HM_ROOT_SIGNED, HM_ROOT_WRONG } hm_root_standing;
typedef struct {
    size_t good, wrong;
    uint64_t threshold;
    hm_root_standing root[HM_LIST_ROOTS_MAX];
} hm_tally;
HM_MUST_USE hm_err hm_list_tally(const hm_list_file *file, const hm_trust_list *roots, hm_tally *tally);
static inline bool hm_tally_is_enough(const hm_tally *tally) {
    return !tally->wrong && tally->good >= tally->threshold;
}

/* A refusal that counts, if too few of the list's own roots have signed it, or one wrongly. */
HM_MUST_USE hm_err hm_list_check_signed(const hm_list_file *file);

/* The lists in a file: one, or those of a bundle. Views. */
typedef struct {
    size_t count;
    bool bundle;
    hm_bytes list[HM_BUNDLE_LISTS_MAX];
} hm_list_files;
HM_MUST_USE hm_err hm_list_files_of(hm_bytes content, hm_list_files *files);

/* The members of an object that was written whole, for the stream of members. */
HM_MUST_USE hm_err hm_json_inside(hm_buf *object);

#endif
