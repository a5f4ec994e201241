#include "pass.h"
#include "pe.h"

#include <endian.h>
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

/* The pass under way: where a block of the file goes to. */
typedef struct {
    hm_pass covered; /* the format's digests */
    hm_pass whole;   /* the digest of the file as it is, and the copy */
    hm_pe_sum *sum;  /* NULL without a copy: it would cost a verifier a tenth of its time */
} image_pass;

static hm_err cover(image_pass *pass, hm_bytes bytes) {
    if (pass->sum) hm_pe_sum_add(pass->sum, bytes);
    return hm_pass_write(&pass->covered, bytes);
}

/* The head but the checksum and the directory entry. */
static hm_err cover_head(image_pass *pass, const hm_pe_header *header, hm_bytes head) {
    const size_t after_checksum = (size_t)header->checksum_at + HM_PE_CHECKSUM_LEN;
    const size_t after_directory = (size_t)header->directory_at + HM_PE_DIRECTORY_LEN;
    hm_bytes before, between, behind;
    HM_TRY(hm_bytes_part(head, 0, header->checksum_at, &before));
    HM_TRY(hm_bytes_part(head, after_checksum, header->directory_at - after_checksum, &between));
    HM_TRY(hm_bytes_part(head, after_directory, head.len - after_directory, &behind));
    HM_TRY(cover(pass, before));
    HM_TRY(cover(pass, between));
    HM_TRY(cover(pass, behind));
    return hm_pass_write(&pass->whole, head);
}

static hm_err cover_rest(image_pass *pass, const hm_pe_image *image, uint64_t from) {
    const uint64_t end = image->header->content_len;
    if (from == end) return HM_OK;
    HM_BUF block = HM_BUF_EMPTY;
    HM_TRY(hm_buf_reserve(&block, HM_IO_BLOCK));
    while (from < end) {
        size_t len = end - from < HM_IO_BLOCK ? (size_t)(end - from) : HM_IO_BLOCK;
        HM_TRY(hm_source_read(image->source, from, block.data, len));
        HM_TRY(cover(pass, HM_BYTES(block.data, len)));
        HM_TRY(hm_pass_write(&pass->whole, HM_BYTES(block.data, len)));
        from += len;
    }
    return HM_OK;
}

/* The zeros between the end of the file and the place of its certificate table belong to the digest (osslsigncode and
 * sbsign agree), and not to the file as it is. */
static hm_err cover_fill(image_pass *pass, uint64_t content_len) {
    static const uint8_t zeros[HM_PE_ALIGNMENT];
    hm_bytes fill = HM_BYTES(zeros, hm_pe_aligned(content_len) - content_len);
    HM_TRY(cover(pass, fill));
    return pass->whole.copy ? hm_sink_write(pass->whole.copy, fill) : HM_OK;
}

/* The table belongs to the file as it is, and not to what is copied. */
static hm_err add_table(image_pass *pass, hm_bytes table) {
    pass->whole.copy = NULL;
    return hm_pass_write(&pass->whole, table);
}

hm_err hm_pe_digest(const hm_pe_image *image, hm_digests *digests, hm_digest *plain, hm_sink *copy, hm_pe_sum *sum) {
    const uint32_t content_len = image->header->content_len;
    hm_digests none = {.count = 0};
    image_pass pass = {.sum = copy ? sum : NULL};
    *sum = (hm_pe_sum){0};
    HM_TRY(hm_pass_begin(&pass.covered, digests, false, NULL));
    HM_TRY(hm_pass_begin(&pass.whole, &none, plain != NULL, copy));
    hm_bytes head = image->head;
    if (head.len > content_len) HM_TRY(hm_bytes_part(head, 0, content_len, &head));
    HM_TRY(cover_head(&pass, image->header, head));
    HM_TRY(cover_rest(&pass, image, head.len));
    HM_TRY(cover_fill(&pass, content_len));
    HM_TRY(add_table(&pass, image->table));
    hm_pass_end(&pass.covered, digests, NULL);
    hm_pass_end(&pass.whole, &none, plain);
    return HM_OK;
}
