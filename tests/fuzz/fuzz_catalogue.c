/* layers: formats */
/* A catalogue and a folder, both the attacker's: the input is the text, a zero byte, and the folder as it is found,
 * entries of kind, mode, path and content. Whatever the text is, it is refused or it is the one text of its folder. */
#include <format/format.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
    hm_reader rest;
    hm_buf path, content;
} fuzz_folder;

/* A byte of length, then as many bytes. */
static hm_err read_field(hm_reader *reader, hm_bytes *field) {
    uint8_t len;
    HM_TRY(hm_read_u8(reader, &len));
    return hm_read_bytes(reader, len, field);
}

static hm_err read_entry(hm_reader *reader, hm_entry *entry, bool *more) {
    uint8_t kind;
    uint16_t mode;
    hm_bytes text;
    *more = false;
    if (!reader->rest.len) return HM_OK;
    HM_TRY(hm_read_u8(reader, &kind));
    HM_TRY(hm_read_u16be(reader, &mode));
    *entry = (hm_entry){.kind = (hm_entry_kind)(kind % 4), .mode = mode & 07777};
    HM_TRY(read_field(reader, &entry->path));
    HM_TRY(read_field(reader, &text));
    entry->target = text;
    entry->content = hm_source_of_memory(text);
    *more = true;
    return HM_OK;
}

static hm_err next_of_folder(void *context, hm_entry *entry, bool *more) {
    return read_entry(&((fuzz_folder *)context)->rest, entry, more);
}

static void take_finding(void *context, const char *text) {
    (void)context;
    /* A finding is printed: it must be one line without control characters. */
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) abort();
}

static hm_err check(hm_bytes text, hm_bytes folder) {
    fuzz_folder entries = {.rest = hm_reader_of(folder)};
    hm_tree tree = {&entries, next_of_folder};
    hm_source source = hm_source_of_memory(text);
    hm_subject *subject = NULL;
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    HM_TRY(hm_format_catalogue.open(&(hm_input){.tree = &tree, .catalogue = &source}, &subject));
    hm_err err = hm_format_catalogue.digest(subject, &digests, NULL, NULL, take_finding, NULL);
    HM_BUF lines = HM_BUF_EMPTY;
    (void)hm_failed(hm_format_catalogue.describe(subject, &lines));
    hm_format_catalogue.close(subject);
    return err;
}

/* The text that signing this folder gives. */
static hm_err make(hm_bytes folder, hm_buf *text) {
    fuzz_folder entries = {.rest = hm_reader_of(folder)};
    hm_tree tree = {&entries, next_of_folder};
    hm_sink sink = hm_sink_to_buf(text);
    hm_subject *subject = NULL;
    hm_digests digests = {.count = 0};
    HM_TRY(hm_format_catalogue.open(&(hm_input){.tree = &tree}, &subject));
    hm_err err = hm_format_catalogue.digest(subject, &digests, NULL, &sink, NULL, NULL);
    hm_format_catalogue.close(subject);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t text_len = zero ? (size_t)(zero - data) : size;
    hm_bytes text, folder = HM_NO_BYTES;
    if (hm_failed(hm_bytes_part(HM_BYTES(data, size), 0, text_len, &text))) abort();
    if (zero && hm_failed(hm_bytes_part(HM_BYTES(data, size), text_len + 1, size - text_len - 1, &folder))) abort();
    bool accepted = !hm_failed(check(text, folder));
    HM_BUF made = HM_BUF_EMPTY;
    bool signable = !hm_failed(make(folder, &made));
    /* Accepted: it is what signing would have written. And what signing writes is accepted. */
    if (accepted && (!signable || !hm_bytes_equal(text, hm_buf_bytes(&made)))) abort();
    if (signable && hm_failed(check(hm_buf_bytes(&made), folder))) abort();
    return 0;
}
