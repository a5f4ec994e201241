#include "pe.h"

#include <stdlib.h>

struct hm_subject {
    const hm_format *format;
    hm_source source;
    hm_pe_header header;
    hm_pe_certificates certificates;
    hm_buf head;        /* the beginning of the file, read once: what was parsed is what is hashed */
    hm_buf table_bytes; /* the certificate table, unless it lies inside HEAD */
    hm_bytes table;
    bool copied;      /* digest has written the content to a sink */
    uint64_t copy_at; /* where in the sink the image begins */
    hm_pe_sum sum;    /* of the copy */
};

static void pe_close(hm_subject *subject) {
    if (!subject) return;
    hm_buf_clear(&subject->head);
    hm_buf_clear(&subject->table_bytes);
    free(subject);
}

static void close_subject(hm_subject **subject) { pe_close(*subject); }

static hm_err read_part(const hm_source *source, uint64_t from, size_t len, hm_buf *buf) {
    HM_TRY(hm_buf_reserve(buf, len));
    HM_TRY(hm_source_read(source, from, buf->data, len));
    buf->len = len;
    return HM_OK;
}

/* A table that lies in the head is not read again. */
static hm_err load_table(hm_subject *s) {
    if (s->header.table_len == 0) return HM_OK;
    if (s->source.size <= s->head.len)
        return hm_bytes_part(hm_buf_bytes(&s->head), s->header.content_len, s->header.table_len, &s->table);
    HM_TRY(read_part(&s->source, s->header.content_len, s->header.table_len, &s->table_bytes));
    s->table = hm_buf_bytes(&s->table_bytes);
    return HM_OK;
}

static hm_err pe_open(const hm_input *input, hm_subject **subject) {
    *subject = NULL;
    __attribute__((cleanup(close_subject))) hm_subject *s = calloc(1, sizeof *s);
    if (!s) return hm_no_memory();
    s->format = &hm_format_pe;
    s->source = input->content;
    size_t len = s->source.size < HM_PE_HEAD_MAX ? (size_t)s->source.size : HM_PE_HEAD_MAX;
    HM_TRY(read_part(&s->source, 0, len, &s->head));
    HM_TRY(hm_pe_header_parse(hm_buf_bytes(&s->head), s->source.size, &s->header));
    HM_TRY(load_table(s));
    HM_TRY(hm_pe_certificates_parse(s->table, &s->certificates));
    *subject = s;
    s = NULL;
    return HM_OK;
}

/* UEFI firmware carries no elliptic curves as a rule (EDK2's and Debian's OVMF none), and Windows no Ed25519. */
static const hm_key_algorithm *pe_algorithms(const hm_subject *subject) {
    static const hm_key_algorithm efi[] = {HM_KEY_RSA3072, HM_KEY_RSA4096, 0};
    static const hm_key_algorithm windows[] = {HM_KEY_ES256, HM_KEY_RSA3072, HM_KEY_ES384, HM_KEY_RSA4096, 0};
    return subject->header.efi ? efi : windows;
}

static size_t pe_signatures(const hm_subject *subject) { return subject->certificates.count; }

static hm_bytes pe_signature(const hm_subject *subject, size_t index) {
    return index < subject->certificates.count ? subject->certificates.signature[index] : HM_NO_BYTES;
}

static hm_err pe_digest(hm_subject *subject, hm_digests *digests, hm_digest *plain, hm_sink *copy, hm_finding finding,
                        void *context) {
    (void)finding, (void)context;
    subject->copied = false;
    subject->copy_at = copy ? copy->written : 0;
    hm_pe_image image = {&subject->header, &subject->source, hm_buf_bytes(&subject->head), subject->table};
    HM_TRY(hm_pe_digest(&image, digests, plain, copy, &subject->sum));
    subject->copied = copy != NULL;
    return HM_OK;
}

/* Windows knows one entry, in whose first signature the further ones are nested. */
static hm_err put_nested(const hm_pe_certificates *old, hm_bytes signature, hm_buf *table) {
    HM_BUF outer = HM_BUF_EMPTY;
    HM_TRY(hm_authenticode_nest(old->signature[0], signature, &outer));
    HM_TRY(hm_pe_put_certificate(table, hm_buf_bytes(&outer)));
    for (size_t i = 1; i < old->count; i++) HM_TRY(hm_pe_put_certificate(table, old->signature[i]));
    return HM_OK;
}

/* Firmware knows an entry for each signature. */
static hm_err put_further(const hm_subject *subject, hm_bytes signature, hm_buf *table) {
    if (subject->certificates.count == HM_PE_SIGNATURES_MAX)
        return hm_refuse("image holds %u signatures already (replace them)", HM_PE_SIGNATURES_MAX);
    HM_TRY(hm_put(table, subject->table));
    return hm_pe_put_certificate(table, signature);
}

static hm_err build_table(const hm_subject *subject, hm_bytes signature, bool replace, hm_buf *table) {
    if (replace || subject->certificates.count == 0)
        HM_TRY(hm_pe_put_certificate(table, signature));
    else if (subject->header.efi)
        HM_TRY(put_further(subject, signature, table));
    else
        HM_TRY(put_nested(&subject->certificates, signature, table));
    if (table->len > HM_PE_TABLE_MAX)
        return hm_refuse("certificate table would be larger than %u MiB", HM_PE_TABLE_MAX / 1024 / 1024);
    if (hm_pe_aligned(subject->header.content_len) + table->len > UINT32_MAX)
        return hm_refuse("signed image would be larger than 4 GiB");
    return HM_OK;
}

/* The two places of the headers that no signature covers. */
static hm_err patch_header(hm_subject *subject, hm_bytes table, hm_sink *sink) {
    const uint32_t table_at = (uint32_t)hm_pe_aligned(subject->header.content_len);
    HM_BUF directory = HM_BUF_EMPTY, checksum = HM_BUF_EMPTY;
    HM_TRY(hm_put_u32le(&directory, table_at));
    HM_TRY(hm_put_u32le(&directory, (uint32_t)table.len));
    hm_pe_sum_add(&subject->sum, table);
    hm_pe_sum_add(&subject->sum, hm_buf_bytes(&directory));
    HM_TRY(hm_put_u32le(&checksum, hm_pe_sum_final(&subject->sum, table_at + (uint32_t)table.len)));
    HM_TRY(hm_sink_patch(sink, subject->copy_at + subject->header.directory_at, hm_buf_bytes(&directory)));
    return hm_sink_patch(sink, subject->copy_at + subject->header.checksum_at, hm_buf_bytes(&checksum));
}

static hm_err pe_embed(hm_subject *subject, hm_bytes signature, bool replace, hm_sink *sink) {
    if (!subject->copied) return hm_misuse("the image has not been copied yet");
    subject->copied = false;
    HM_BUF table = HM_BUF_EMPTY;
    HM_TRY(build_table(subject, signature, replace, &table));
    HM_TRY(hm_sink_write(sink, hm_buf_bytes(&table)));
    return patch_header(subject, hm_buf_bytes(&table), sink);
}

typedef struct {
    uint16_t number;
    const char *name;
} naming;

static const char *name_of(const naming *names, uint16_t number) {
    for (; names->name; names++)
        if (names->number == number) return names->name;
    return NULL;
}

/* [PE] "Machine Types" */
static const naming machines[] = {
    {0x014c, "x86"},       {0x8664, "x86-64"},       {0x01c0, "ARM"},           {0x01c4, "ARM Thumb-2"},
    {0xaa64, "ARM64"},     {0x0200, "Itanium"},      {0x0ebc, "EFI byte code"}, {0x5032, "RISC-V 32"},
    {0x5064, "RISC-V 64"}, {0x6232, "LoongArch 32"}, {0x6264, "LoongArch 64"},  {0, NULL},
};

/* [PE] "Windows Subsystem" */
static const naming subsystems[] = {
    {1, "native Windows image"},
    {2, "Windows program"},
    {3, "Windows console program"},
    {9, "Windows CE program"},
    {10, "EFI application"},
    {11, "EFI boot service driver"},
    {12, "EFI runtime driver"},
    {13, "EFI ROM image"},
    {14, "Xbox program"},
    {16, "Windows boot application"},
    {0, NULL},
};

static hm_err pe_describe(const hm_subject *subject, hm_buf *lines) {
    const hm_pe_header *header = &subject->header;
    const char *subsystem = name_of(subsystems, header->subsystem);
    const char *machine = name_of(machines, header->machine);
    HM_TRY(hm_put_text(lines, header->plus ? "PE32+ " : "PE32 "));
    if (subsystem)
        HM_TRY(hm_put_text(lines, subsystem));
    else
        HM_TRY(hm_put_format(lines, "image for subsystem %u", header->subsystem));
    if (machine)
        HM_TRY(hm_put_format(lines, ", %s", machine));
    else
        HM_TRY(hm_put_format(lines, ", machine 0x%04x", header->machine));
    const size_t entries = subject->certificates.count;
    return hm_put_format(lines, ", %u section%s, %zu certificate table entr%s\n", header->sections,
                         header->sections == 1 ? "" : "s", entries, entries == 1 ? "y" : "ies");
}

static const char *const pe_uncovered[] = {
    "the checksum in the optional header (4 bytes), which Windows checks of drivers only and no signer controls",
    "the data directory entry of the certificate table (8 bytes): it must name exactly the end of the file",
    "in the certificate table: entry headers and padding, whose values are prescribed; and inside of the signatures "
    "unsigned attributes (timestamps, nested signatures), and certificates that are not part of the signer's chain",
    NULL,
};

const hm_format hm_format_pe = {
    .id = HM_FORMAT_PE,
    .name = "pe",
    .description = "PE/COFF image with Authenticode signatures (EXE, DLL, SYS, EFI, UKI)",
    .structure = HM_STRUCTURE_AUTHENTICODE_PE,
    .several = true,
    .algorithms = pe_algorithms,
    .uncovered = pe_uncovered,
    .probe = hm_pe_probe,
    .open = pe_open,
    .close = pe_close,
    .signatures = pe_signatures,
    .signature = pe_signature,
    .digest = pe_digest,
    .embed = pe_embed,
    .describe = pe_describe,
};
