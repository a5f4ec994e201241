/* layers: base core */
/* Messages of the core's language: what is read is written again as the same bytes. */
#include <core/wire.h>

#include <stdlib.h>

static void must(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_message message;
    HM_BUF again = HM_BUF_EMPTY;
    if (hm_failed(hm_wire_get(HM_BYTES(data, size), &message))) return 0;
    hm_err err = hm_wire_put(&message, &again);
    /* A frame has its own limit, which none of the rules alone keeps: hm_wire_receive asks for it before it reads. */
    if (size > HM_WIRE_FRAME_MAX) return 0;
    must(!hm_failed(err));
    hm_bytes content;
    must(!hm_failed(hm_bytes_part(hm_buf_bytes(&again), 4, again.len - 4, &content)));
    must(hm_bytes_equal(HM_BYTES(data, size), content));
    return 0;
}
