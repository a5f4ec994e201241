#include "pe_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { HEADERS_LEN = 512, SECTION_LEN = 40, PE_HEADER_LEN = 24 };

static void must(hm_err err) {
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
}

static uint32_t directories_at(const pe_plan *plan) { return plan->plus ? 112 : 96; }
static uint32_t optional_len(const pe_plan *plan) { return directories_at(plan) + 8 * plan->directories; }

pe_plan pe_plan_of(uint16_t subsystem) {
    return (pe_plan){
        .plus = true, .subsystem = subsystem, .pe_at = 64, .directories = 16, .sections = 2, .section_len = 64};
}

uint32_t pe_optional_at(const pe_plan *plan) { return plan->pe_at + PE_HEADER_LEN; }
uint32_t pe_checksum_at(const pe_plan *plan) { return pe_optional_at(plan) + 64; }
uint32_t pe_directory_at(const pe_plan *plan) { return pe_optional_at(plan) + directories_at(plan) + 4 * 8; }
uint32_t pe_section_at(const pe_plan *plan, unsigned index) {
    return pe_optional_at(plan) + optional_len(plan) + SECTION_LEN * index;
}

void pe_set_u16(hm_buf *image, size_t at, uint16_t value) {
    assert_true(at + 2 <= image->len);
    image->data[at] = (uint8_t)value;
    image->data[at + 1] = (uint8_t)(value >> 8);
}

void pe_set_u32(hm_buf *image, size_t at, uint32_t value) {
    pe_set_u16(image, at, (uint16_t)value);
    pe_set_u16(image, at + 2, (uint16_t)(value >> 16));
}

uint32_t pe_get_u32(hm_bytes image, size_t at) {
    hm_bytes part;
    uint32_t value;
    must(hm_bytes_part(image, at, sizeof value, &part));
    hm_reader reader = hm_reader_of(part);
    must(hm_read_u32le(&reader, &value));
    return value;
}

static uint32_t headers_len(const pe_plan *plan) {
    uint32_t end = pe_section_at(plan, plan->sections);
    return end <= HEADERS_LEN ? HEADERS_LEN : (end + 15) / 16 * 16;
}

static void build_optional(const pe_plan *plan, hm_buf *out) {
    const uint32_t at = pe_optional_at(plan);
    pe_set_u16(out, at, plan->plus ? 0x20b : 0x10b);
    pe_set_u32(out, at + 16, 0x1000); /* entry point */
    pe_set_u32(out, at + 32, 0x1000); /* section alignment */
    pe_set_u32(out, at + 36, 16);     /* file alignment */
    pe_set_u32(out, at + 56, 0x1000 * (plan->sections + 1u));
    pe_set_u32(out, at + 60, headers_len(plan));
    pe_set_u32(out, at + 64, 0x12345678); /* a checksum that is wrong */
    pe_set_u16(out, at + 68, plan->subsystem);
    pe_set_u32(out, at + directories_at(plan) - 4, plan->directories);
}

static void build_headers(const pe_plan *plan, hm_buf *out) {
    must(hm_put_zeros(out, headers_len(plan)));
    pe_set_u16(out, 0, 0x5a4d);
    pe_set_u32(out, 60, plan->pe_at);
    pe_set_u32(out, plan->pe_at, 0x4550);
    pe_set_u16(out, plan->pe_at + 4, plan->plus ? 0x8664 : 0x14c);
    pe_set_u16(out, plan->pe_at + 6, plan->sections);
    pe_set_u16(out, plan->pe_at + 20, (uint16_t)optional_len(plan));
    pe_set_u16(out, plan->pe_at + 22, 0x0022);
    build_optional(plan, out);
}

static void put_pattern(hm_buf *out, uint32_t len, unsigned seed) {
    for (uint32_t i = 0; i < len; i++) must(hm_put_u8(out, (uint8_t)(i * 7 + seed * 31 + 1)));
}

static void build_section(const pe_plan *plan, unsigned index, hm_buf *out) {
    unsigned row = plan->reversed ? plan->sections - 1u - index : index;
    const uint32_t at = pe_section_at(plan, row);
    memcpy(&out->data[at], ".text", 5);
    pe_set_u32(out, at + 8, plan->section_len);
    pe_set_u32(out, at + 12, 0x1000 * (row + 1));
    pe_set_u32(out, at + 16, plan->section_len);
    pe_set_u32(out, at + 20, (uint32_t)out->len);
    put_pattern(out, plan->section_len, index);
}

void pe_build(const pe_plan *plan, hm_buf *out) {
    assert_int_equal(out->len, 0);
    build_headers(plan, out);
    for (unsigned i = 0; i < plan->sections; i++) {
        if (i) put_pattern(out, plan->gap, 100);
        build_section(plan, i, out);
    }
    put_pattern(out, plan->trailing, 101);
}

void pe_build_with_table(const pe_plan *plan, hm_bytes table, hm_buf *out) {
    pe_build(plan, out);
    must(hm_put_zeros(out, (8 - out->len % 8) % 8));
    pe_set_u32(out, pe_directory_at(plan), (uint32_t)out->len);
    pe_set_u32(out, pe_directory_at(plan) + 4, (uint32_t)table.len);
    must(hm_put(out, table));
}

void pe_put_entry(hm_buf *table, uint32_t len, uint16_t revision, uint16_t type, hm_bytes content) {
    must(hm_put_u32le(table, len));
    must(hm_put_u16le(table, revision));
    must(hm_put_u16le(table, type));
    must(hm_put(table, content));
}

void pe_put_plain_entry(hm_buf *table, size_t content_len) {
    assert_true(content_len >= 0x100 && content_len <= 0xffff);
    HM_BUF der = HM_BUF_EMPTY;
    must(hm_put_u16be(&der, 0x3082));
    must(hm_put_u16be(&der, (uint16_t)content_len));
    put_pattern(&der, (uint32_t)content_len, 7);
    must(hm_put_zeros(&der, (8 - der.len % 8) % 8));
    pe_put_entry(table, (uint32_t)der.len + 8, 0x0200, 0x0002, hm_buf_bytes(&der));
}

hm_subject *pe_open_image(hm_bytes image) {
    hm_input input = {.content = hm_source_of_memory(image)};
    hm_subject *subject = NULL;
    must(hm_format_pe.open(&input, &subject));
    assert_non_null(subject);
    return subject;
}

void pe_assert_refused(hm_bytes image, const char *sentence) {
    hm_input input = {.content = hm_source_of_memory(image)};
    hm_subject *subject = NULL;
    hm_err err = hm_format_pe.open(&input, &subject);
    if (!hm_failed(err)) fail_msg("opened, though expected: %s", sentence);
    assert_int_equal(err.class, HM_REFUSED);
    assert_null(subject);
    if (!strstr(hm_err_sentence(), sentence)) fail_msg("'%s' does not say '%s'", hm_err_sentence(), sentence);
}

hm_digest pe_sha256_of(hm_subject *subject, hm_sink *copy) {
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    must(hm_format_pe.digest(subject, &digests, NULL, copy, NULL, NULL));
    return digests.digest[0];
}
