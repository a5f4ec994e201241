/* layers: base crypto pki formats */
#include <format/format.h>

static void check(bool holds) {
    if (!holds) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_input input = {.content = hm_source_of_memory(HM_BYTES(data, size))};
    hm_subject *subject;
    bool claimed = hm_format_pe.probe(HM_BYTES(data, size < 4096 ? size : 4096), size);
    if (hm_failed(hm_format_pe.open(&input, &subject))) return 0;
    check(claimed);
    for (size_t i = 0; i < hm_format_pe.signatures(subject); i++) {
        hm_bytes signature = hm_format_pe.signature(subject, i);
        check(signature.len >= 2 && signature.data[0] == 0x30);
    }
    hm_digests digests = {.count = 2, .digest = {{.algorithm = HM_SHA256}, {.algorithm = HM_SHA384}}};
    hm_digest plain, expected;
    HM_BUF lines = HM_BUF_EMPTY;
    check(!hm_failed(hm_format_pe.digest(subject, &digests, &plain, NULL, NULL, NULL)));
    check(!hm_failed(hm_format_pe.describe(subject, &lines)) && lines.len > 0);
    hm_digest_of(HM_SHA256, HM_BYTES(data, size), &expected);
    check(hm_digest_equal(&plain, &expected));
    hm_format_pe.close(subject);
    return 0;
}
