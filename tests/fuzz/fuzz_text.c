/* layers: base */
/* Text forms: whatever a decoder accepts is the one text that the encoder makes of the same bytes. */
#include <base/bytes.h>
#include <base/json.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

static void check_round_trip(hm_bytes text, hm_err (*decode)(hm_bytes, hm_buf *),
                             hm_err (*encode)(hm_buf *, hm_bytes)) {
    HM_BUF bytes = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    if (hm_failed(decode(text, &bytes))) return;
    must(!hm_failed(encode(&again, hm_buf_bytes(&bytes))));
    must(hm_bytes_equal(hm_buf_bytes(&again), text));
}

static void check_decimal(hm_bytes text) {
    uint64_t value;
    HM_BUF again = HM_BUF_EMPTY;
    if (hm_failed(hm_decimal_decode(text, &value))) return;
    must(!hm_failed(hm_put_format(&again, "%llu", (unsigned long long)value)));
    must(hm_bytes_equal(hm_buf_bytes(&again), text));
}

/* Any bytes make one JSON string without control characters, and with as many quotes as it takes. */
static void check_json(hm_bytes text) {
    HM_BUF out = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&out);
    hm_json_text(&json, NULL, text);
    must(!hm_failed(hm_json_end(&json)));
    for (size_t i = 0; i < out.len; i++) must(out.data[i] >= 0x20);
    must(out.len >= 2 && out.data[0] == '"' && out.data[out.len - 1] == '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_bytes text = HM_BYTES(data, size);
    check_round_trip(text, hm_base64_decode, hm_put_base64);
    check_round_trip(text, hm_hex_decode, hm_put_hex);
    check_decimal(text);
    check_json(text);
    return 0;
}
