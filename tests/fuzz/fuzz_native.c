/* layers: formats */
/* An envelope as a file: opened, described for people and for machines, and its payloads looked at, all of which the
 * attacker has. What is printed is lines. */
#include <format/format.h>

#include <stdlib.h>

static hm_err find(void *context, const hm_bytes *files, size_t count, size_t index, hm_source *content,
                   const char **named, bool *found) {
    const hm_bytes *whole = context;
    if (index >= count) abort();
    *named = files[index].len % 3 ? NULL : "named";
    *found = files[index].len % 2;
    *content = hm_source_of_memory(*whole);
    return HM_OK;
}

static void take_finding(void *context, const char *text) {
    (void)context;
    if (!*text) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_bytes bytes = HM_BYTES(data, size);
    hm_payloads payloads = {.context = &bytes, .find = find, .partial = size % 3 == 0};
    hm_subject *subject = NULL;
    HM_BUF lines = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    hm_input input = {.content = hm_source_of_memory(bytes), .payloads = &payloads};
    if (hm_failed(hm_format_native.open(&input, &subject))) {
        if (subject) abort();
        return 0;
    }
    if (hm_format_native.signatures(subject) != 1) abort();
    (void)!hm_failed(hm_format_native.digest(subject, &digests, NULL, NULL, take_finding, NULL));
    if (hm_failed(hm_format_native.describe(subject, &lines)) || !lines.len) abort();
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_format_native.describe_json(subject, &json);
    hm_json_close_object(&json);
    (void)!hm_failed(hm_json_end(&json));
    hm_format_native.close(subject);
    return 0;
}
