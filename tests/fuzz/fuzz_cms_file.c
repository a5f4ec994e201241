/* layers: formats */
/* A detached signature file, DER or PEM, and the structure in it. */
#include <format/format.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_source detached = hm_source_of_memory(HM_BYTES(data, size));
    hm_input input = {.content = hm_source_of_memory(hm_text("content")), .detached = &detached};
    hm_subject *subject = NULL;
    if (hm_failed(hm_format_cms.open(&input, &subject))) {
        if (subject) abort();
        return 0;
    }
    HM_SIGNED *parsed = NULL;
    hm_bytes signature = hm_format_cms.signature(subject, 0);
    if (hm_format_cms.signatures(subject) != 1 || !signature.len) abort();
    hm_digest content;
    hm_digest_of(HM_SHA256, hm_text("content"), &content);
    if (!hm_failed(hm_signed_parse(HM_STRUCTURE_CMS, signature, &parsed))) {
        size_t count = hm_signed_count(parsed);
        if (count < 1 || count > HM_SIGNERS_MAX) abort();
        for (size_t i = 0; i < count; i++)
            if (!hm_signed_at(parsed, i)) abort();
    }
    hm_format_cms.close(subject);
    return 0;
}
