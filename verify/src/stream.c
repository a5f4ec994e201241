/* The packed stream: #6.55799([ envelope, payload, … ]), taken apart as it arrives. */
#include "cbor.h"
#include "memory.h"

enum { START, ENVELOPE_HEAD, ENVELOPE, PAYLOAD_HEAD, PAYLOAD };
enum { START_SIZE = 4, ARRAY_OF_2 = 0x82, ARRAY_OF_9 = 0x89 };

void hmv_stream_init(hmv_stream *stream) {
    stream->answer = HMV_MORE;
    stream->joined = HMV_UNDECIDED;
    stream->phase = START;
    stream->head_size = stream->items = stream->envelope_size = stream->gathered = stream->index = 0;
    memset(&stream->payload, 0, sizeof stream->payload);
    memset(&stream->release, 0, sizeof stream->release);
}

static void refuse(hmv_stream *stream, hmv_reason reason) {
    if (stream->answer == HMV_MORE) stream->answer = reason;
    stream->joined = HMV_UNDECIDED;
}

/* The tag and the array's head. */
static void read_start(hmv_stream *stream) {
    static const uint8_t tag[] = {0xd9, 0xd9, 0xf7};
    uint8_t array = stream->head[sizeof tag];
    if (stream->head_size < START_SIZE) return;
    if (memcmp(stream->head, tag, sizeof tag) != 0 || array < ARRAY_OF_2 || array > ARRAY_OF_9)
        refuse(stream, HMV_MALFORMED);
    stream->items = (size_t)array - ARRAY_OF_2 + 1;
    stream->head_size = 0;
    stream->phase = ENVELOPE_HEAD;
}

/* A byte string's head. 0: not all of it has come. */
static int read_head(hmv_stream *stream, uint64_t *size) {
    unsigned first = stream->head[0] & 31u;
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    size_t whole = first < 24 || first > 27 ? 1 : 1 + ((size_t)1 << (first - 24));
    if (stream->head_size < whole) return 0;
    *size = hmv_string_size(stream->head, stream->head_size, &parse);
    if (parse.fault != HMV_UNDECIDED) refuse(stream, parse.fault);
    stream->head_size = 0;
    return 1;
}

static void end_envelope(hmv_stream *stream) {
    hmv_bytes envelope = {stream->buffer, stream->envelope_size};
    if (stream->gathered < stream->envelope_size) return;
    stream->joined = hmv_release_verify(stream->config, stream->trust, stream->act, envelope, &stream->release);
    if (stream->joined != HMV_ACCEPTED)
        refuse(stream, stream->joined);
    else if (stream->items != stream->release.components)
        refuse(stream, HMV_MALFORMED);
    stream->phase = PAYLOAD_HEAD;
}

static void begin_envelope(hmv_stream *stream) {
    uint64_t size;
    if (!read_head(stream, &size)) return;
    if (size > stream->buffer_size) refuse(stream, HMV_TOO_LARGE);
    stream->envelope_size = (size_t)size;
    stream->phase = ENVELOPE;
}

/* The last payload's end is the stream's; only there, and only if nothing was refused, is the answer HMV_ACCEPTED. */
static void end_payload(hmv_stream *stream) {
    hmv_reason answer;
    if (stream->payload.seen < stream->payload.component->size) return;
    answer = hmv_payload_final(&stream->payload);
    stream->joined &= answer;
    if (answer != HMV_ACCEPTED) refuse(stream, answer);
    stream->phase = PAYLOAD_HEAD;
    stream->index++;
    if (stream->answer == HMV_MORE && stream->index == stream->release.components) stream->answer = stream->joined;
}

static void begin_payload(hmv_stream *stream) {
    const hmv_component *component = &stream->release.component[stream->index];
    uint64_t size;
    if (!read_head(stream, &size)) return;
    if (size != component->size) refuse(stream, size < component->size ? HMV_SHORT_PAYLOAD : HMV_LONG_PAYLOAD);
    hmv_payload_init(&stream->payload, component);
    stream->phase = PAYLOAD;
    if (stream->answer == HMV_MORE) end_payload(stream);
}

static size_t take_head(hmv_stream *stream, uint8_t octet) {
    stream->head[stream->head_size++] = octet;
    if (stream->phase == START)
        read_start(stream);
    else if (stream->phase == ENVELOPE_HEAD)
        begin_envelope(stream);
    else
        begin_payload(stream);
    return 1;
}

static size_t take_envelope(hmv_stream *stream, const uint8_t *data, size_t size) {
    size_t missing = stream->envelope_size - stream->gathered, taken = size < missing ? size : missing;
    memcpy(&stream->buffer[stream->gathered], data, taken);
    stream->gathered += taken;
    end_envelope(stream);
    return taken;
}

static size_t take_payload(hmv_stream *stream, const uint8_t *data, size_t size) {
    hmv_payload *payload = &stream->payload;
    uint64_t missing = payload->component->size - payload->seen;
    size_t taken = size < missing ? size : (size_t)missing;
    hmv_verdict written =
        stream->write(stream->write_context, &stream->release, stream->index, payload->seen, data, taken);
    if (written != HMV_GOOD) refuse(stream, HMV_WRITE_FAULT);
    hmv_payload_update(payload, data, taken);
    end_payload(stream);
    return taken;
}

hmv_reason hmv_stream_feed(hmv_stream *stream, const uint8_t *data, size_t size) {
    while (size > 0 && stream->answer == HMV_MORE) {
        size_t taken;
        if (stream->phase == ENVELOPE)
            taken = take_envelope(stream, data, size);
        else if (stream->phase == PAYLOAD)
            taken = take_payload(stream, data, size);
        else
            taken = take_head(stream, *data);
        data += taken;
        size -= taken;
    }
    if (size > 0 && stream->answer == HMV_ACCEPTED) stream->answer = HMV_MALFORMED;
    return stream->answer;
}
