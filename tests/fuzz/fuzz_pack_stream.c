/* layers: verify */
/* Packed streams: whole, octet by octet and in pieces of a size that the first octet tells, the answer and what is
 * written are the same. */
#include "fuzz_native.h"

enum { WRITTEN_MAX = 1 << 20 };
typedef struct sink {
    uint64_t sum, size;
} sink;

static hmv_verdict write_to(void *context, const hmv_release *release, size_t index, uint64_t offset,
                            const uint8_t *data, size_t size) {
    sink *to = context;
    must(index < release->components && offset + size <= release->component[index].size);
    for (size_t i = 0; i < size; i++) to->sum = to->sum * 31 + data[i];
    to->size += size;
    return HMV_GOOD;
}

static hmv_reason feed(const uint8_t *data, size_t size, size_t piece, sink *to) {
    static uint8_t buffer[HMV_ENVELOPE_MAX];
    static hmv_stream stream;
    hmv_reason answer = HMV_MORE;
    stream = (hmv_stream){.config = &native_config,
                          .trust = native_trust(),
                          .act = HMV_INSTALL,
                          .buffer = buffer,
                          .buffer_size = sizeof buffer,
                          .write = write_to,
                          .write_context = to};
    *to = (sink){0, 0};
    hmv_stream_init(&stream);
    for (size_t at = 0; at < size; at += piece) {
        size_t now = size - at < piece ? size - at : piece;
        uint8_t *copy = copy_of(&data[at], now);
        answer = hmv_stream_feed(&stream, copy, now);
        free(copy);
    }
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sink whole, pieces, octets;
    if (size < 2) return 0;
    size_t piece = 1 + data[0];
    hmv_reason answer = feed(&data[1], size - 1, size - 1, &whole);
    must(answer != HMV_UNDECIDED);
    must(answer == feed(&data[1], size - 1, piece, &pieces) && answer == feed(&data[1], size - 1, 1, &octets));
    must(whole.sum == pieces.sum && whole.size == pieces.size && whole.sum == octets.sum && whole.size == octets.size);
    if (HMV_IS_ACCEPTED(answer)) must(is_deterministic(&data[1], size - 1));
    return 0;
}
