/* PE images for tests: well formed by default, then changed on demand.
 *
 * The content of every section is a pattern that depends on the section, so that no two bytes' exchange goes unnoticed.
 */
#ifndef HM_TEST_PE_BUILDER_H
#define HM_TEST_PE_BUILDER_H

#include <format/format.h>

typedef struct {
    bool plus; /* PE32+ */
    uint16_t subsystem;
    uint32_t pe_at;
    uint32_t directories;
    uint16_t sections;
    uint32_t section_len;
    uint32_t gap;      /* bytes before each section but the first, in no section */
    uint32_t trailing; /* bytes behind the last section */
    bool reversed;     /* the section table lists the last section first */
} pe_plan;

enum { PE_EFI_APPLICATION = 10, PE_WINDOWS_CONSOLE = 3 };

/* PE32+, two sections of 64 bytes, 512 bytes of headers, nothing behind. */
pe_plan pe_plan_of(uint16_t subsystem);

/* File offsets. */
uint32_t pe_checksum_at(const pe_plan *plan);
uint32_t pe_directory_at(const pe_plan *plan);
uint32_t pe_section_at(const pe_plan *plan, unsigned index);
uint32_t pe_optional_at(const pe_plan *plan);

/* Append the image to OUT. Builders fail the test instead of returning errors. */
void pe_build(const pe_plan *plan, hm_buf *out);
/* The image of PLAN with TABLE as its certificate table, zeros before it up to a multiple of 8. */
void pe_build_with_table(const pe_plan *plan, hm_bytes table, hm_buf *out);
/* Append a WIN_CERTIFICATE. LEN is its dwLength; CONTENT what follows the header, as it is. */
void pe_put_entry(hm_buf *table, uint32_t len, uint16_t revision, uint16_t type, hm_bytes content);
/* Append a well-formed entry with a DER SEQUENCE of CONTENT_LEN bytes, not a signature by anybody. */
void pe_put_plain_entry(hm_buf *table, size_t content_len);

void pe_set_u16(hm_buf *image, size_t at, uint16_t value);
void pe_set_u32(hm_buf *image, size_t at, uint32_t value);
uint32_t pe_get_u32(hm_bytes image, size_t at);

/* Does the PE module open IMAGE; or refuse it with SENTENCE among its words? */
hm_subject *pe_open_image(hm_bytes image);
void pe_assert_refused(hm_bytes image, const char *sentence);
/* SHA-256 as the format digests, of IMAGE; copies to COPY unless that is NULL. */
hm_digest pe_sha256_of(hm_subject *subject, hm_sink *copy);

#endif
