/* PE/COFF images and their Authenticode signatures, inside the format layer.
 *
 * Sources: [PE] Microsoft, "PE Format" (learn.microsoft.com/windows/win32/debug/pe-format); [Authenticode] Microsoft,
 * "Windows Authenticode Portable Executable Signature Format", 2008; [EDK2] HashPeImage and
 * DxeImageVerificationHandler of SecurityPkg/Library/DxeImageVerificationLib.
 *
 * What is hashed. The file from its first byte to the certificate table (or to its end, filled up with zeros to a
 * multiple of 8 bytes, where the table will stand), without the checksum and without the directory entry that names the
 * table. That is what osslsigncode and its kin do. [Authenticode] "Calculating the PE Image Hash" describes
 * it section by section instead, and firmware, shim and sbverify do exactly that; both come to the same when the
 * headers and the sections, in the order of their place in the file, follow each other without a gap or an overlap. So:
 *
 * EFI images where they do not are refused: no signature could satisfy this and the firmware (with a gap, osslsigncode
 * 2.9 and sbverify 0.9.4 refuse each other's signatures: test_pe_oracle.c). The order of the section table does not
 * matter, for [EDK2] sorts it.
 *
 * Windows images may have gaps, overlaps and any order: osslsigncode hashes them linearly, and linearly no byte is left
 * out. (Windows itself was not at hand to try.) */
#ifndef HM_FORMAT_PE_H
#define HM_FORMAT_PE_H

#include <format/format.h>

enum {
    HM_PE_HEAD_MAX = HM_IO_BLOCK,      /* the section table must end within this; it ends near 1 KiB in practice */
    HM_PE_TABLE_MAX = 4 * 1024 * 1024, /* certificate table; page hashes make some signatures long */
    HM_PE_SIGNATURES_MAX = HM_SIGNERS_MAX,
    HM_PE_ALIGNMENT = 8, /* of the certificate table and its entries, [PE] "The Attribute Certificate Table" */
    HM_PE_CHECKSUM_LEN = 4,
    HM_PE_DIRECTORY_LEN = 8
};

/* The headers of an image, checked: every range lies inside the file, and the certificate table is at its very end. */
typedef struct {
    bool plus; /* PE32+: 64 bits */
    bool efi;  /* subsystem 10 to 13 */
    uint16_t machine;
    uint16_t subsystem;
    uint16_t sections;
    uint32_t checksum_at;  /* file offset of the checksum; even */
    uint32_t directory_at; /* file offset of the directory entry of the certificate table; even */
    uint32_t content_len;  /* bytes before the certificate table: all bytes if there is none */
    uint32_t table_len;    /* 0 without a certificate table */
} hm_pe_header;

/* HEAD is the beginning of a file of FILE_SIZE bytes, up to HM_PE_HEAD_MAX. HEADER is unspecified on failure. */
HM_MUST_USE hm_err hm_pe_header_parse(hm_bytes head, uint64_t file_size, hm_pe_header *header);
/* Is this, as far as HEAD shows, a PE image (and no older MZ program)? */
bool hm_pe_probe(hm_bytes head, uint64_t file_size);

/* The certificate table's entries: one signature each, exactly the DER. */
typedef struct {
    size_t count;
    hm_bytes signature[HM_PE_SIGNATURES_MAX]; /* views of the table */
} hm_pe_certificates;

/* TABLE is the whole table; empty means no signature. CERTIFICATES is unspecified on failure. */
HM_MUST_USE hm_err hm_pe_certificates_parse(hm_bytes table, hm_pe_certificates *certificates);
/* Append an entry for SIGNATURE, which must be one DER SEQUENCE and nothing behind. */
HM_MUST_USE hm_err hm_pe_put_certificate(hm_buf *table, hm_bytes signature);

/* The image checksum ([PE] "CheckSum", as imagehlp's CheckSumMappedFile computes it): words added modulo 2^16 - 1.
 * Parts may be added in any order; each begins at an even file offset, and only the last in the file may have an odd
 * length. */
typedef struct {
    uint64_t words;
} hm_pe_sum;
void hm_pe_sum_add(hm_pe_sum *sum, hm_bytes part);
uint32_t hm_pe_sum_final(const hm_pe_sum *sum, uint32_t file_size);

/* One pass over an image. HEAD is what the header was parsed from, TABLE the certificate table as it was parsed; what
 * lies between is read from SOURCE once, and hashed, summed and copied from that one reading. COPY (or NULL) receives
 * the content with zeros up to the place of a certificate table. SUM receives the sum of what COPY receives, checksum
 * and directory entry counted as zero; 0 without COPY. */
typedef struct {
    const hm_pe_header *header;
    const hm_source *source;
    hm_bytes head, table;
} hm_pe_image;
HM_MUST_USE hm_err hm_pe_digest(const hm_pe_image *image, hm_digests *digests, hm_digest *plain, hm_sink *copy,
                                hm_pe_sum *sum);

/* COUNT filled up to a multiple of 8. */
static inline uint64_t hm_pe_aligned(uint64_t count) {
    return (count + HM_PE_ALIGNMENT - 1) / HM_PE_ALIGNMENT * HM_PE_ALIGNMENT;
}

#endif
