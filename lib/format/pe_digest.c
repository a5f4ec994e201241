#include "pe.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* 2^16 is 1 modulo 2^16 - 1, so words may be added two at a time and folded at the end. 2^32 additions fit. */
void hm_pe_sum_add(hm_pe_sum *sum, hm_bytes part) {
    uint64_t words = 0;
    size_t i = 0;
    for (; part.len - i >= sizeof(uint32_t); i += sizeof(uint32_t)) {
        uint32_t pair;
        memcpy(&pair, &part.data[i], sizeof pair);
        words += le32toh(pair);
    }
    for (unsigned shift = 0; i < part.len; i++, shift += 8) words += (uint64_t)part.data[i] << shift;
    sum->words += words;
}

uint32_t hm_pe_sum_final(const hm_pe_sum *sum, uint32_t file_size) {
    uint64_t words = sum->words;
    while (words >> 16) words = (words & 0xffff) + (words >> 16);
    return (uint32_t)words + file_size;
}

/* The pass under way: everything that a block of the file goes to. */
typedef struct {
    hm_hash hash[HM_DIGESTS_MAX];
    size_t hashes;
    hm_hash plain;
    bool wants_plain;
    hm_sink *copy;
    hm_pe_sum *sum;
} digest_pass;

static hm_err begin(digest_pass *pass, const hm_digests *digests) {
    if (digests->count > HM_DIGESTS_MAX) return hm_misuse("more than %u digests asked for", HM_DIGESTS_MAX);
    pass->hashes = digests->count;
    for (size_t i = 0; i < pass->hashes; i++) hm_hash_init(&pass->hash[i], digests->digest[i].algorithm);
    if (pass->wants_plain) hm_hash_init(&pass->plain, HM_SHA256);
    return HM_OK;
}

static void cover(digest_pass *pass, hm_bytes bytes) {
    for (size_t i = 0; i < pass->hashes; i++) hm_hash_update(&pass->hash[i], bytes);
    if (pass->copy) hm_pe_sum_add(pass->sum, bytes);
}

static hm_err pass_on(digest_pass *pass, hm_bytes bytes) {
    if (pass->wants_plain) hm_hash_update(&pass->plain, bytes);
    return pass->copy ? hm_sink_write(pass->copy, bytes) : HM_OK;
}

/* The head but the checksum and the directory entry. */
static hm_err cover_head(digest_pass *pass, const hm_pe_header *header, hm_bytes head) {
    const size_t after_checksum = (size_t)header->checksum_at + HM_PE_CHECKSUM_LEN;
    const size_t after_directory = (size_t)header->directory_at + HM_PE_DIRECTORY_LEN;
    hm_bytes before, between, behind;
    HM_TRY(hm_bytes_part(head, 0, header->checksum_at, &before));
    HM_TRY(hm_bytes_part(head, after_checksum, header->directory_at - after_checksum, &between));
    HM_TRY(hm_bytes_part(head, after_directory, head.len - after_directory, &behind));
    cover(pass, before);
    cover(pass, between);
    cover(pass, behind);
    return pass_on(pass, head);
}

static void free_block(uint8_t **block) { free(*block); }

static hm_err cover_rest(digest_pass *pass, const hm_pe_image *image, uint64_t from) {
    const uint64_t end = image->header->content_len;
    if (from == end) return HM_OK;
    __attribute__((cleanup(free_block))) uint8_t *block = malloc(HM_IO_BLOCK);
    if (!block) return hm_no_memory();
    while (from < end) {
        size_t len = end - from < HM_IO_BLOCK ? (size_t)(end - from) : HM_IO_BLOCK;
        HM_TRY(hm_source_read(image->source, from, block, len));
        HM_TRY(pass_on(pass, HM_BYTES(block, len)));
        cover(pass, HM_BYTES(block, len));
        from += len;
    }
    return HM_OK;
}

/* The zeros between the end of the file and the place of its certificate table belong to the digest (osslsigncode and
 * sbsign agree), and not to the file as it is. */
static hm_err cover_fill(digest_pass *pass, uint64_t content_len) {
    static const uint8_t zeros[HM_PE_ALIGNMENT];
    hm_bytes fill = HM_BYTES(zeros, hm_pe_aligned(content_len) - content_len);
    cover(pass, fill);
    return pass->copy ? hm_sink_write(pass->copy, fill) : HM_OK;
}

hm_err hm_pe_digest(const hm_pe_image *image, hm_digests *digests, hm_digest *plain, hm_sink *copy, hm_pe_sum *sum) {
    *sum = (hm_pe_sum){0};
    digest_pass pass = {.wants_plain = plain != NULL, .copy = copy, .sum = sum};
    HM_TRY(begin(&pass, digests));
    hm_bytes head = image->head;
    if (head.len > image->header->content_len) HM_TRY(hm_bytes_part(head, 0, image->header->content_len, &head));
    HM_TRY(cover_head(&pass, image->header, head));
    HM_TRY(cover_rest(&pass, image, head.len));
    HM_TRY(cover_fill(&pass, image->header->content_len));
    for (size_t i = 0; i < pass.hashes; i++) hm_hash_final(&pass.hash[i], &digests->digest[i]);
    if (!plain) return HM_OK;
    hm_hash_update(&pass.plain, image->table);
    hm_hash_final(&pass.plain, plain);
    return HM_OK;
}
