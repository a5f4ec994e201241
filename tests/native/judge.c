/* judge FILE: puts the questions of FILE to the device verifier and prints one line for each answer.
 *
 * FILE is a row of records: a letter, the length of what follows in four bytes (big-endian), and that:
 *
 *   D  the device starts anew: development (0 or 1), broken (0 or 1), vendor (16), class (16), id
 *   S  its memory of one component: publisher (16), sequence (8), counter (8), component id
 *   L  hmv_trust_open: the root set's hash (32), the least version (8), the envelope; what is accepted is in force from
 * now on U  hmv_trust_update: the envelope I, B  hmv_release_verify for install and for boot: the envelope P, Q  a
 * packed stream for install and for boot: how many bytes are fed at once (4; 0: all), the stream
 *
 * A line: the reason's number; then for an accepted release sequence, components, unknown signers, signers; for an
 * accepted stream the bytes written; for an accepted list its version; for a refusal "clean", or "DIRTY" if anything of
 * the answer's structure is not zero, or bytes were written to a place outside its component. */
#include "device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    test_device device;
    hmv_bytes list; /* in force, ours; TRUST points into it */
    hmv_trust trust;
    uint8_t roots[HMV_SHA256_SIZE];
} judge;

typedef struct {
    const uint8_t *data;
    size_t left;
} cursor;

static const uint8_t *take(cursor *from, size_t size) {
    if (from->left < size) {
        (void)fputs("judge: a record is cut short\n", stderr);
        exit(2);
    }
    const uint8_t *data = from->data;
    from->data += size;
    from->left -= size;
    return data;
}

static uint64_t number(cursor *from, size_t size) {
    uint64_t value = 0;
    const uint8_t *data = take(from, size);
    for (size_t i = 0; i < size; i++) value = value << 8 | data[i];
    return value;
}

static hmv_bytes rest(cursor *from) {
    size_t size = from->left;
    return (hmv_bytes){take(from, size), size};
}

static void set_device(judge *self, cursor *record) {
    device_init(&self->device);
    self->device.identity.development = number(record, 1) ? HMV_GOOD : HMV_BAD;
    self->device.broken = number(record, 1) != 0;
    memcpy(self->device.identity.vendor, take(record, HMV_UUID_SIZE), HMV_UUID_SIZE);
    memcpy(self->device.identity.class_id, take(record, HMV_UUID_SIZE), HMV_UUID_SIZE);
    hmv_bytes id = rest(record);
    if (id.size > sizeof self->device.id) abort();
    memcpy(self->device.id, id.data, id.size);
    self->device.identity.id.size = id.size;
}

static void set_state(judge *self, cursor *record) {
    hmv_bytes publisher = {take(record, HMV_UUID_SIZE), HMV_UUID_SIZE};
    uint64_t sequence = number(record, 8), security_version = number(record, 8);
    device_state *state = device_state_of(&self->device, publisher, rest(record));
    state->sequence = sequence;
    state->counter = security_version;
}

static const char *cleanness(bool clean) { return clean ? "clean" : "DIRTY"; }

static void put_in_force(judge *self, hmv_bytes list, const hmv_trust *trust) {
    bytes_free(self->list);
    self->list = list;
    self->trust = *trust;
    (void)printf(" version %" PRIu64 "\n", trust->version);
}

static void open_list(judge *self, cursor *record) {
    hmv_trust trust;
    memset(&trust, 0xa5, sizeof trust);
    memcpy(self->roots, take(record, HMV_SHA256_SIZE), HMV_SHA256_SIZE);
    uint64_t least = number(record, 8);
    hmv_bytes list = bytes_copy(rest(record));
    hmv_reason answer = hmv_trust_open(&self->device.config, list, self->roots, least, &trust);
    (void)printf("%" PRIu32, answer);
    if (HMV_IS_ACCEPTED(answer)) {
        put_in_force(self, list, &trust);
        return;
    }
    (void)printf(" %s\n", cleanness(all_zero(&trust, sizeof trust)));
    bytes_free(list);
    memset(&self->trust, 0, sizeof self->trust); /* nothing is in force */
}

static void update_list(judge *self, cursor *record) {
    hmv_trust next, before;
    uint8_t roots[HMV_SHA256_SIZE];
    memcpy(&before, &self->trust, sizeof before);
    memset(&next, 0xa5, sizeof next);
    memset(roots, 0xa5, sizeof roots);
    hmv_bytes list = bytes_copy(rest(record));
    hmv_reason answer = hmv_trust_update(&self->device.config, &self->trust, list, &next, roots);
    (void)printf("%" PRIu32, answer);
    if (HMV_IS_ACCEPTED(answer)) {
        memcpy(self->roots, roots, sizeof roots);
        put_in_force(self, list, &next);
        return;
    }
    bool clean = all_zero(&next, sizeof next) && all_zero(roots, sizeof roots);
    (void)printf(" %s\n", cleanness(clean && memcmp(&before, &self->trust, sizeof before) == 0));
    bytes_free(list);
}

static void verify_release(judge *self, cursor *record, hmv_act act) {
    hmv_release release;
    memset(&release, 0xa5, sizeof release);
    hmv_bytes envelope = bytes_copy(rest(record));
    hmv_reason answer = hmv_release_verify(&self->device.config, &self->trust, act, envelope, &release);
    (void)printf("%" PRIu32, answer);
    if (HMV_IS_ACCEPTED(answer)) {
        (void)printf(" sequence %" PRIu64 " components %u unknown %u signers %u\n", release.sequence,
                     (unsigned)release.components, (unsigned)release.unknown_signers, (unsigned)release.signers);
    } else {
        (void)printf(" %s\n", cleanness(all_zero(&release, sizeof release)));
    }
    bytes_free(envelope);
}

/* What the device wrote: every byte once, in order. */
typedef struct {
    size_t index;
    uint64_t written;
    uint64_t total;
    bool astray;
} sink;

static hmv_verdict write_payload(void *context, const hmv_release *release, size_t index, uint64_t offset,
                                 const uint8_t *data, size_t size) {
    sink *self = context;
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++) sum += data[i]; /* read, for a sanitizer to see it */
    if (index != self->index) {
        self->astray = self->astray || index != self->index + 1;
        self->index = index;
        self->written = 0;
    }
    self->astray = self->astray || sum > UINT64_MAX - 1 || index >= release->components || offset != self->written ||
                   size > release->component[index].size - offset;
    self->written += size;
    self->total += size;
    return HMV_GOOD;
}

static hmv_reason feed(hmv_stream *stream, hmv_bytes data, size_t step) {
    hmv_reason answer = HMV_MORE;
    for (size_t at = 0; at < data.size; at += step) {
        size_t size = step < data.size - at ? step : data.size - at;
        hmv_bytes piece = bytes_copy((hmv_bytes){data.data + at, size});
        answer = hmv_stream_feed(stream, piece.data, piece.size);
        bytes_free(piece);
    }
    return answer;
}

static void verify_stream(judge *self, cursor *record, hmv_act act) {
    static uint8_t buffer[HMV_ENVELOPE_MAX];
    sink out = {0};
    hmv_stream stream;
    memset(&stream, 0, sizeof stream);
    stream.config = &self->device.config;
    stream.trust = &self->trust;
    stream.act = act;
    stream.buffer = buffer;
    stream.buffer_size = sizeof buffer;
    stream.write = write_payload;
    stream.write_context = &out;
    hmv_stream_init(&stream);
    size_t step = (size_t)number(record, 4);
    hmv_bytes data = rest(record);
    hmv_reason answer = feed(&stream, data, step ? step : data.size);
    (void)printf("%" PRIu32, answer);
    if (HMV_IS_ACCEPTED(answer)) {
        (void)printf(" written %" PRIu64 "%s\n", out.total, out.astray ? " DIRTY" : "");
    } else {
        (void)printf(" %s\n", cleanness(!out.astray));
    }
}

static void answer(judge *self, char letter, cursor *record) {
    switch (letter) {
    case 'D':
        set_device(self, record);
        return;
    case 'S':
        set_state(self, record);
        return;
    case 'L':
        open_list(self, record);
        return;
    case 'U':
        update_list(self, record);
        return;
    case 'I':
        verify_release(self, record, HMV_INSTALL);
        return;
    case 'B':
        verify_release(self, record, HMV_BOOT);
        return;
    case 'P':
        verify_stream(self, record, HMV_INSTALL);
        return;
    case 'Q':
        verify_stream(self, record, HMV_BOOT);
        return;
    default:
        (void)fprintf(stderr, "judge: no question %d\n", letter);
        exit(2);
    }
}

/* The next octets of the file, in memory that is used again; NULL behind its end. */
static const uint8_t *read_octets(FILE *file, size_t size) {
    static uint8_t *room;
    static size_t has;
    if (size > has) {
        free(room);
        has = 2 * size;
        room = malloc(has);
    }
    if (!room) exit(3);
    size_t got = fread(room, 1, size, file);
    if (got == size) return room;
    if (got == 0 && feof(file)) return NULL;
    (void)fputs("judge: a record is cut short\n", stderr);
    exit(2);
}

/* A small processor has no room for all questions at once. */
int main(int argc, char **argv) {
    judge self;
    const uint8_t *head;
    if (argc != 2) return 2;
    FILE *file = fopen(argv[1], "rb");
    if (!file) return 3;
    memset(&self, 0, sizeof self);
    device_init(&self.device);
    while ((head = read_octets(file, 5)) != NULL) {
        cursor size_field = {head + 1, 4};
        char letter = (char)head[0];
        size_t size = (size_t)number(&size_field, 4);
        cursor record = {size ? read_octets(file, size) : head, size};
        if (!record.data) return 2;
        answer(&self, letter, &record);
    }
    bytes_free(self.list);
    (void)fclose(file);
    return 0;
}
