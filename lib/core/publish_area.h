/* The download area: DIR/published/PRODUCT/RELEASE/NAME, which a server hands out as it lies there.
 *
 * A release's folder is replaced as a whole, so nobody sees half of a publication. Bytes are never looked at here: they
 * are hashed, and put under the name that belongs to their hash. */
#ifndef HM_CORE_PUBLISH_AREA_H
#define HM_CORE_PUBLISH_AREA_H

#include "office.h"

enum { HM_AREA_NAME_MAX = 255 };
#define HM_AREA_SUMS "SHA256SUMS"

/* A folder beside the releases, in which the next state of one is put together. */
typedef struct {
    int area_fd;    /* of DIR/published; -1: nothing has begun */
    int staging_fd; /* of the folder */
    char staging[40];
    int file_fd; /* that is being written; -1: none */
    hm_hash hash;
    uint64_t written;
} hm_area;
#define HM_AREA_NONE ((hm_area){.area_fd = -1, .staging_fd = -1, .file_fd = -1})

/* Letters, digits, '.', '_', '-' and '+', a letter or digit first: of releases and files. */
HM_MUST_USE hm_err hm_area_check_name(hm_bytes name, const char *what);

HM_MUST_USE hm_err hm_area_begin(hm_office *office, hm_area *area);
/* The file NAME begins; bytes of it; it ends, and must have that size and SHA-256. */
HM_MUST_USE hm_err hm_area_open(hm_area *area, hm_bytes name);
HM_MUST_USE hm_err hm_area_write(hm_area *area, hm_bytes bytes);
HM_MUST_USE hm_err hm_area_close(hm_area *area, uint64_t size, hm_bytes sha256);
/* What PRODUCT's RELEASE has in it already, but for its SHA256SUMS, is taken over. A refusal if a file of that name is
 * there and was put here too, with another content. */
HM_MUST_USE hm_err hm_area_take_over(hm_area *area, const char *product, const char *release);
/* Everything is durable, with a SHA256SUMS of it; and then it is the release. */
HM_MUST_USE hm_err hm_area_finish(hm_area *area);
HM_MUST_USE hm_err hm_area_show(hm_area *area, const char *product, const char *release);
/* The release is there no more. */
HM_MUST_USE hm_err hm_area_remove(hm_office *office, const char *product, const char *release);
/* What was not shown is removed. Harmless on HM_AREA_NONE. */
void hm_area_clear(hm_area *area);

#endif
