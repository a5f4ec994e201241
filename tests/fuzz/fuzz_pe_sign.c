/* layers: base crypto pki formats */
/* Signs what opens and opens what it has signed. The last byte of the input says whether to replace. */
#include <format/format.h>

static void check(bool holds) {
    if (!holds) __builtin_trap();
}

static bool open_image(hm_bytes image, hm_subject **subject) {
    hm_input input = {.content = hm_source_of_memory(image)};
    return !hm_failed(hm_format_pe.open(&input, subject));
}

static hm_digest digest_of(hm_subject *subject, hm_sink *copy) {
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    check(!hm_failed(hm_format_pe.digest(subject, &digests, NULL, copy, NULL, NULL)));
    return digests.digest[0];
}

/* Firmware's algorithms begin with RSA: EFI images get further entries, the others nested signatures. */
static bool is_efi(const hm_subject *subject) { return hm_format_pe.algorithms(subject)[0] == HM_KEY_RSA3072; }

static void check_signed(hm_bytes image, size_t signatures, hm_bytes last, bool last_is_as_given,
                         const hm_digest *digest) {
    hm_subject *subject;
    check(open_image(image, &subject));
    check(hm_format_pe.signatures(subject) == signatures);
    if (last_is_as_given) check(hm_bytes_equal(hm_format_pe.signature(subject, signatures - 1), last));
    hm_digest again = digest_of(subject, NULL);
    check(hm_digest_equal(&again, digest));
    hm_format_pe.close(subject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t blob[] = {0x30, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    hm_subject *subject;
    if (size == 0 || !open_image(HM_BYTES(data, size - 1), &subject)) return 0;
    const bool replace = data[size - 1] & 1;
    const size_t count = hm_format_pe.signatures(subject);
    const bool alone = replace || count == 0;
    /* Only a structure can be nested: the image's own, if it is one. */
    const hm_bytes signature = count ? hm_format_pe.signature(subject, 0) : HM_ARRAY(blob);
    HM_BUF out = HM_BUF_EMPTY;
    hm_sink sink = hm_sink_to_buf(&out);
    const hm_digest digest = digest_of(subject, &sink);
    const bool done = !hm_failed(hm_format_pe.embed(subject, signature, replace, &sink));
    const size_t expected = alone ? 1 : is_efi(subject) ? count + 1 : count;
    if (done)
        check_signed(hm_buf_bytes(&out), expected, signature, alone || is_efi(subject), &digest);
    else
        check(!alone);
    hm_format_pe.close(subject);
    return 0;
}
