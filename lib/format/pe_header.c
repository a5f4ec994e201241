#include "pe.h"

#include <stdlib.h>

enum {
    MZ_MAGIC = 0x5a4d,
    MZ_LEN = 64,
    MZ_PE_OFFSET_AT = 60, /* e_lfanew */
    PE_MAGIC = 0x4550,    /* "PE\0\0" */
    PE_HEADER_LEN = 24,   /* signature and COFF file header */
    PE32 = 0x10b,
    PE32_PLUS = 0x20b,
    SIZE_OF_HEADERS_AT =
        60, /* in the optional header; the same in PE32 and PE32+ up to and with the DLL characteristics */
    CHECKSUM_AT = 64,
    DIRECTORIES_AT_PE32 = 96,
    DIRECTORIES_AT_PE32_PLUS = 112,
    DIRECTORIES_MAX = 16,
    CERTIFICATE_DIRECTORY = 4,
    SECTION_LEN = 40,
    EFI_APPLICATION = 10,
    EFI_ROM = 13
};

/* What is needed only while the headers are checked against each other. */
typedef struct {
    hm_bytes head;
    uint64_t file_size;
    uint32_t pe_at;        /* of "PE\0\0" */
    uint16_t optional_len; /* SizeOfOptionalHeader */
    uint32_t size_of_headers;
    uint32_t table_at, table_len; /* as the directory claims */
} parse;

typedef struct {
    uint32_t start;
    uint32_t len;
    unsigned number; /* from 1, in the order of the section table */
} section;

static hm_err read_mz(hm_bytes head, uint32_t *pe_at) {
    hm_reader reader = hm_reader_of(head);
    uint16_t magic;
    HM_TRY(hm_read_u16le(&reader, &magic));
    if (magic != MZ_MAGIC) return hm_refuse("is not a PE image (does not begin with MZ)");
    HM_TRY(hm_read_skip(&reader, MZ_PE_OFFSET_AT - sizeof magic));
    return hm_read_u32le(&reader, pe_at);
}

/* [PE] "MS-DOS Stub" and "Signature". Windows refuses an offset that is no multiple of 4; the checksum and the
 * directory entry then stand at even places, which the checksum of the image needs. */
static hm_err locate_pe(parse *p) {
    HM_TRY(hm_in(read_mz(p->head, &p->pe_at), "MS-DOS header"));
    if (p->pe_at < MZ_LEN) return hm_refuse("PE header overlaps the MS-DOS header (e_lfanew %u)", p->pe_at);
    if (p->pe_at % 4) return hm_refuse("PE header is not aligned to 4 bytes (e_lfanew %u)", p->pe_at);
    if ((uint64_t)p->pe_at + PE_HEADER_LEN > p->file_size)
        return hm_refuse("PE header lies outside the file (e_lfanew %u)", p->pe_at);
    if ((uint64_t)p->pe_at + PE_HEADER_LEN > p->head.len)
        return hm_refuse("PE header lies behind the first %u KiB (e_lfanew %u)", HM_PE_HEAD_MAX / 1024, p->pe_at);
    return HM_OK;
}

/* [PE] "COFF File Header" */
static hm_err read_coff(parse *p, hm_pe_header *header) {
    hm_bytes bytes;
    HM_TRY(hm_bytes_part(p->head, p->pe_at, PE_HEADER_LEN, &bytes));
    hm_reader reader = hm_reader_of(bytes);
    uint32_t magic;
    HM_TRY(hm_read_u32le(&reader, &magic));
    if (magic != PE_MAGIC) return hm_refuse("is not a PE image (an MS-DOS or other MZ program)");
    HM_TRY(hm_read_u16le(&reader, &header->machine));
    HM_TRY(hm_read_u16le(&reader, &header->sections));
    HM_TRY(hm_read_skip(&reader, 12)); /* time stamp, symbol table, number of symbols */
    return hm_read_u16le(&reader, &p->optional_len);
}

static hm_err read_magic(hm_reader *reader, hm_pe_header *header) {
    uint16_t magic;
    HM_TRY(hm_read_u16le(reader, &magic));
    if (magic != PE32 && magic != PE32_PLUS)
        return hm_refuse("optional header is neither PE32 nor PE32+ (magic 0x%x)", magic);
    header->plus = magic == PE32_PLUS;
    return HM_OK;
}

/* [PE] "Optional Header Data Directories". Without the fifth there is no place for a signature, and the eight bytes
 * that would be left out of the digest would be something else. */
static hm_err read_directories(parse *p, hm_reader *reader) {
    uint32_t count;
    HM_TRY(hm_read_u32le(reader, &count));
    if (count <= CERTIFICATE_DIRECTORY)
        return hm_refuse("image has no place for a signature (%u data directories, the certificate table is the fifth)",
                         count);
    if (count > DIRECTORIES_MAX) return hm_refuse("image claims %u data directories (at most 16)", count);
    hm_reader rest = *reader;
    HM_TRY(hm_in(hm_read_skip(&rest, (size_t)count * HM_PE_DIRECTORY_LEN), "data directories"));
    HM_TRY(hm_read_skip(reader, (size_t)CERTIFICATE_DIRECTORY * HM_PE_DIRECTORY_LEN));
    HM_TRY(hm_read_u32le(reader, &p->table_at));
    return hm_read_u32le(reader, &p->table_len);
}

static hm_err read_optional_fields(parse *p, hm_bytes optional, hm_pe_header *header) {
    hm_reader reader = hm_reader_of(optional);
    HM_TRY(read_magic(&reader, header));
    HM_TRY(hm_read_skip(&reader, SIZE_OF_HEADERS_AT - 2));
    HM_TRY(hm_read_u32le(&reader, &p->size_of_headers));
    HM_TRY(hm_read_skip(&reader, HM_PE_CHECKSUM_LEN));
    HM_TRY(hm_read_u16le(&reader, &header->subsystem));
    /* DLL characteristics, four sizes of stack and heap, loader flags */
    HM_TRY(hm_read_skip(&reader, 2 + (header->plus ? 4 * 8 : 4 * 4) + 4));
    return read_directories(p, &reader);
}

/* [PE] "Optional Header" */
static hm_err read_optional(parse *p, hm_pe_header *header) {
    hm_bytes optional;
    uint32_t at = p->pe_at + PE_HEADER_LEN;
    if (hm_failed(hm_bytes_part(p->head, at, p->optional_len, &optional)))
        return hm_refuse("optional header of %u bytes ends outside the file or its first %u KiB", p->optional_len,
                         HM_PE_HEAD_MAX / 1024);
    HM_TRY(hm_in(read_optional_fields(p, optional, header), "optional header"));
    header->efi = header->subsystem >= EFI_APPLICATION && header->subsystem <= EFI_ROM;
    header->checksum_at = at + CHECKSUM_AT;
    header->directory_at = at + (header->plus ? DIRECTORIES_AT_PE32_PLUS : DIRECTORIES_AT_PE32) +
                           CERTIFICATE_DIRECTORY * HM_PE_DIRECTORY_LEN;
    return HM_OK;
}

/* [PE] "The Attribute Certificate Table". What stood behind the table, or between it and what the directory says, would
 * be covered by no signature: it has to be exactly the end of the file. */
static hm_err check_certificate_table(const parse *p, hm_pe_header *header) {
    header->content_len = (uint32_t)p->file_size;
    header->table_len = 0;
    if (p->table_at == 0 && p->table_len == 0) return HM_OK;
    if (p->table_at == 0 || p->table_len == 0)
        return hm_refuse("certificate table has an offset or a size of 0, but not both");
    if (p->table_at % HM_PE_ALIGNMENT) return hm_refuse("certificate table is not aligned to 8 bytes");
    uint64_t end = (uint64_t)p->table_at + p->table_len;
    if (end > p->file_size) return hm_refuse("certificate table ends outside the file");
    if (end < p->file_size)
        return hm_refuse("%llu bytes follow the certificate table, covered by no signature",
                         (unsigned long long)(p->file_size - end));
    if (p->table_len > HM_PE_TABLE_MAX)
        return hm_refuse("certificate table is larger than %u MiB", HM_PE_TABLE_MAX / 1024 / 1024);
    header->content_len = p->table_at;
    header->table_len = p->table_len;
    return HM_OK;
}

/* SizeOfHeaders spans everything up to the first section, so the section table and with it the checksum and the
 * directory entry lie inside. */
static hm_err check_size_of_headers(const parse *p, const hm_pe_header *header) {
    uint64_t end = (uint64_t)p->pe_at + PE_HEADER_LEN + p->optional_len + (uint64_t)header->sections * SECTION_LEN;
    if (end > p->size_of_headers)
        return hm_refuse("section table ends behind the headers (SizeOfHeaders %u)", p->size_of_headers);
    if (p->size_of_headers > header->content_len)
        return hm_refuse("headers run into the certificate table or out of the file (SizeOfHeaders %u)",
                         p->size_of_headers);
    if (end > p->head.len) return hm_refuse("section table ends behind the first %u KiB", HM_PE_HEAD_MAX / 1024);
    return HM_OK;
}

/* [PE] "Section Table". A section without data in the file, or (as some linkers mark zeroed memory) with data at offset
 * 0, takes no part; but at offset 0 firmware would hash it. */
static hm_err read_section(hm_reader *reader, const hm_pe_header *header, section *s) {
    HM_TRY(hm_read_skip(reader, 16)); /* name, virtual size, virtual address */
    HM_TRY(hm_read_u32le(reader, &s->len));
    HM_TRY(hm_read_u32le(reader, &s->start));
    HM_TRY(hm_read_skip(reader, 16)); /* relocations, line numbers, characteristics */
    if (s->start == 0 && !header->efi) s->len = 0;
    if (s->len == 0) s->start = 0;
    if ((uint64_t)s->start + s->len > header->content_len)
        return hm_refuse("section %u runs into the certificate table or out of the file", s->number);
    return HM_OK;
}

static int by_place(const void *a, const void *b) {
    const section *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* See "What is hashed" in pe.h. */
static hm_err check_contiguous(section *sections, size_t count, uint32_t size_of_headers) {
    qsort(sections, count, sizeof *sections, by_place);
    uint64_t expected = size_of_headers;
    for (size_t i = 0; i < count; i++) {
        if (sections[i].len == 0) continue;
        if (sections[i].start != expected)
            return hm_refuse("section %u begins at %u, where %llu is expected: firmware would compute another digest "
                             "(link the EFI image without gaps and overlaps)",
                             sections[i].number, sections[i].start, (unsigned long long)expected);
        expected += sections[i].len;
    }
    return HM_OK;
}

static void free_sections(section **sections) { free(*sections); }

static hm_err check_sections(const parse *p, const hm_pe_header *header) {
    hm_bytes table;
    HM_TRY(hm_bytes_part(p->head, (size_t)p->pe_at + PE_HEADER_LEN + p->optional_len,
                         (size_t)header->sections * SECTION_LEN, &table));
    if (header->sections == 0) return HM_OK;
    __attribute__((cleanup(free_sections))) section *sections = calloc(header->sections, sizeof *sections);
    if (!sections) return hm_no_memory();
    hm_reader reader = hm_reader_of(table);
    for (unsigned i = 0; i < header->sections; i++) {
        sections[i].number = i + 1;
        HM_TRY(read_section(&reader, header, &sections[i]));
    }
    return header->efi ? check_contiguous(sections, header->sections, p->size_of_headers) : HM_OK;
}

hm_err hm_pe_header_parse(hm_bytes head, uint64_t file_size, hm_pe_header *header) {
    if (file_size > UINT32_MAX) return hm_refuse("a PE image cannot be larger than 4 GiB (its offsets have 32 bits)");
    parse p = {.head = head, .file_size = file_size};
    HM_TRY(locate_pe(&p));
    HM_TRY(read_coff(&p, header));
    HM_TRY(read_optional(&p, header));
    HM_TRY(check_certificate_table(&p, header));
    HM_TRY(check_size_of_headers(&p, header));
    return check_sections(&p, header);
}

bool hm_pe_probe(hm_bytes head, uint64_t file_size) {
    uint32_t pe_at, magic;
    hm_bytes rest;
    if (hm_failed(read_mz(head, &pe_at)) || pe_at > file_size) return false;
    /* Behind what is shown: claimed, so that a PE image cannot pass for just any file; open looks closer. */
    if (hm_failed(hm_bytes_part(head, pe_at, sizeof magic, &rest))) return (uint64_t)pe_at + sizeof magic <= file_size;
    hm_reader reader = hm_reader_of(rest);
    return !hm_failed(hm_read_u32le(&reader, &magic)) && magic == PE_MAGIC;
}
