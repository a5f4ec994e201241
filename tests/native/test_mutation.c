/* Every bit flipped, every length cut, bytes behind: of trust lists, envelopes and packed streams of five kinds
 * (tests/vectors/native/). Nothing is accepted but what the generator says that no signature covers.
 *
 * Sampled, with HALLMARK_SEED, unless HALLMARK_FULL is 1. */
#include "device.h"
#include "fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 400, RANGES_MAX = 8 };

typedef struct {
    size_t begin, end;
} range;

/* What is looked at: a set of files and the device that judges it. */
typedef struct {
    const char *name;
    test_device device;
    hmv_bytes list, envelope, pack;
    uint8_t roots[HMV_SHA256_SIZE];
    hmv_trust trust;
    hmv_release release; /* of the unaltered envelope */
    range uncovered[RANGES_MAX];
    size_t ranges;
    size_t envelope_at; /* in the pack */
    uint64_t refused, harmless;
} subject;

static subject self;
static uint64_t random_state;

static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static bool in_full(void) {
    const char *full = getenv("HALLMARK_FULL");
    return full && strcmp(full, "1") == 0;
}

/* Is this one of TOTAL cases among those that are tried? */
static bool is_picked(size_t total) { return in_full() || total <= SAMPLE || next_random() % total < SAMPLE; }

static void read_uncovered(hmv_bytes text) {
    for (size_t at = 0; at < text.size;) {
        char line[128] = {0}, *end;
        const uint8_t *newline = memchr(text.data + at, '\n', text.size - at);
        assert_non_null(newline);
        size_t size = (size_t)(newline - text.data) - at;
        assert_true(size < sizeof line && self.ranges < RANGES_MAX);
        memcpy(line, text.data + at, size);
        size_t begin = strtoul(line, &end, 10);
        self.uncovered[self.ranges++] = (range){begin, strtoul(end, NULL, 10)};
        at += size + 1;
    }
}

static bool is_uncovered(size_t at) {
    for (size_t i = 0; i < self.ranges; i++) {
        if (at >= self.uncovered[i].begin && at < self.uncovered[i].end) return true;
    }
    return false;
}

static hmv_bytes file_of_set(const char *ending) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s.%s", self.name, ending);
    return fixture(name);
}

static void find_envelope_in_pack(void) {
    const uint8_t *found = memmem(self.pack.data, self.pack.size, self.envelope.data, self.envelope.size);
    assert_non_null(found);
    self.envelope_at = (size_t)(found - self.pack.data);
}

static int open_set(void **state) {
    memset(&self, 0, sizeof self);
    self.name = *state;
    device_init(&self.device);
    self.list = file_of_set("list");
    self.envelope = file_of_set("envelope");
    self.pack = file_of_set("pack");
    hmv_bytes roots = file_of_set("roots");
    assert_int_equal(roots.size, sizeof self.roots);
    memcpy(self.roots, roots.data, roots.size);
    read_uncovered(file_of_set("uncovered"));
    find_envelope_in_pack();
    assert_accepted(hmv_trust_open(&self.device.config, self.list, self.roots, 0, &self.trust));
    assert_accepted(hmv_release_verify(&self.device.config, &self.trust, HMV_INSTALL, self.envelope, &self.release));
    return 0;
}

static int close_set(void **state) {
    (void)state;
    print_message("# %s: %" PRIu64 " refused, %" PRIu64 " uncovered and harmless\n", self.name, self.refused,
                  self.harmless);
    fixtures_free();
    return 0;
}

/* Notes a refusal; or fails, saying which mutant. */
static void refuse(hmv_reason answer, bool clean, const char *what, size_t at, unsigned bit) {
    self.refused++;
    if (answer == HMV_ACCEPTED || HMV_IS_ACCEPTED(answer)) {
        fail_msg("%s: %s at %zu, bit %u, is accepted", self.name, what, at, bit);
    }
    if (!clean)
        fail_msg("%s: %s at %zu, bit %u: %" PRIu32 " leaves something behind", self.name, what, at, bit, answer);
    if (!is_reason(answer))
        fail_msg("%s: %s at %zu, bit %u: %" PRIu32 " is no reason", self.name, what, at, bit, answer);
}

static void judge_list(hmv_bytes list, const char *what, size_t at, unsigned bit) {
    hmv_trust trust;
    memset(&trust, 0xa5, sizeof trust);
    hmv_bytes copy = bytes_copy(list);
    hmv_reason answer = hmv_trust_open(&self.device.config, copy, self.roots, 0, &trust);
    refuse(answer, all_zero(&trust, sizeof trust), what, at, bit);
    bytes_free(copy);
}

static bool says_the_same(const hmv_release *other) {
    return other->sequence == self.release.sequence && other->components == self.release.components &&
           other->manifest.size == self.release.manifest.size &&
           memcmp(other->manifest.data, self.release.manifest.data, other->manifest.size) == 0;
}

static void judge_envelope(hmv_bytes envelope, const char *what, size_t at, unsigned bit) {
    hmv_release release;
    memset(&release, 0xa5, sizeof release);
    hmv_bytes copy = bytes_copy(envelope);
    hmv_act act = at & 1 ? HMV_BOOT : HMV_INSTALL;
    hmv_reason answer = hmv_release_verify(&self.device.config, &self.trust, act, copy, &release);
    if (HMV_IS_ACCEPTED(answer) && is_uncovered(at) && says_the_same(&release)) {
        self.harmless++;
    } else {
        refuse(answer, all_zero(&release, sizeof release), what, at, bit);
    }
    bytes_free(copy);
}

/* What a stream wrote. */
typedef struct {
    uint8_t data[1024];
    size_t size;
} written;

static hmv_verdict write_payload(void *context, const hmv_release *release, size_t index, uint64_t offset,
                                 const uint8_t *data, size_t size) {
    written *out = context;
    assert_true(index < release->components && offset + size <= release->component[index].size);
    if (size > sizeof out->data - out->size) return HMV_BAD;
    memcpy(out->data + out->size, data, size);
    out->size += size;
    return HMV_GOOD;
}

static uint8_t stream_buffer[HMV_ENVELOPE_MAX];

static void begin_stream(hmv_stream *stream, written *out) {
    memset(stream, 0, sizeof *stream);
    out->size = 0;
    stream->config = &self.device.config;
    stream->trust = &self.trust;
    stream->act = HMV_INSTALL;
    stream->buffer = stream_buffer;
    stream->buffer_size = sizeof stream_buffer;
    stream->write = write_payload;
    stream->write_context = out;
    hmv_stream_init(stream);
}

static hmv_reason feed_whole(hmv_bytes pack) {
    hmv_stream stream;
    written out;
    begin_stream(&stream, &out);
    hmv_bytes copy = bytes_copy(pack);
    hmv_reason answer = hmv_stream_feed(&stream, copy.data, copy.size);
    bytes_free(copy);
    return answer;
}

static void judge_pack(hmv_bytes pack, const char *what, size_t at, unsigned bit) {
    hmv_reason answer = feed_whole(pack);
    bool in_envelope = at >= self.envelope_at && at < self.envelope_at + self.envelope.size;
    if (HMV_IS_ACCEPTED(answer) && in_envelope && is_uncovered(at - self.envelope_at)) {
        self.harmless++;
    } else {
        refuse(answer, true, what, at, bit);
    }
}

typedef void judge(hmv_bytes data, const char *what, size_t at, unsigned bit);

static void flip_every_bit(hmv_bytes original, judge *judge_one) {
    uint8_t *copy = malloc(original.size);
    assert_non_null(copy);
    memcpy(copy, original.data, original.size);
    for (size_t at = 0; at < original.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            if (!is_picked(8 * original.size)) continue;
            copy[at] = (uint8_t)(original.data[at] ^ 1u << bit);
            judge_one((hmv_bytes){copy, original.size}, "a flip", at, bit);
        }
        copy[at] = original.data[at];
    }
    free(copy);
    assert_true(self.refused > (in_full() ? 4 * original.size : SAMPLE / 4));
}

static void cut_everywhere(hmv_bytes original, judge *judge_one) {
    for (size_t size = 0; size < original.size; size++) {
        judge_one((hmv_bytes){original.data, size}, "a cut", SIZE_MAX - size, 0);
    }
    assert_int_equal(self.refused, original.size);
}

static void append_everything(hmv_bytes original, judge *judge_one) {
    uint8_t *copy = malloc(2 * original.size);
    assert_non_null(copy);
    memcpy(copy, original.data, original.size);
    for (unsigned value = 0; value < 256; value++) {
        copy[original.size] = (uint8_t)value;
        judge_one((hmv_bytes){copy, original.size + 1}, "a byte behind", SIZE_MAX, value);
    }
    memcpy(copy + original.size, original.data, original.size);
    judge_one((hmv_bytes){copy, 2 * original.size}, "itself behind", SIZE_MAX, 0);
    free(copy);
    assert_int_equal(self.refused, 257);
}

static void every_bit_flip_of_a_trust_list_is_refused(void **state) {
    (void)state;
    flip_every_bit(self.list, judge_list);
}

static void every_prefix_of_a_trust_list_is_refused(void **state) {
    (void)state;
    cut_everywhere(self.list, judge_list);
}

static void bytes_behind_a_trust_list_are_refused(void **state) {
    (void)state;
    append_everything(self.list, judge_list);
}

static void every_bit_flip_of_an_envelope_is_refused_or_was_not_covered(void **state) {
    (void)state;
    flip_every_bit(self.envelope, judge_envelope);
    if (!self.ranges) assert_int_equal(self.harmless, 0);
}

static void every_prefix_of_an_envelope_is_refused(void **state) {
    (void)state;
    cut_everywhere(self.envelope, judge_envelope);
}

static void bytes_behind_an_envelope_are_refused(void **state) {
    (void)state;
    append_everything(self.envelope, judge_envelope);
}

static void every_bit_flip_of_a_pack_is_refused_or_was_not_covered(void **state) {
    (void)state;
    flip_every_bit(self.pack, judge_pack);
    if (!self.ranges) assert_int_equal(self.harmless, 0);
}

static void every_prefix_of_a_pack_asks_for_more(void **state) {
    (void)state;
    for (size_t size = 0; size < self.pack.size; size++) {
        assert_int_equal(feed_whole((hmv_bytes){self.pack.data, size}), HMV_MORE);
    }
    assert_accepted(feed_whole(self.pack));
}

static void bytes_behind_a_pack_are_refused(void **state) {
    (void)state;
    append_everything(self.pack, judge_pack);
}

static void a_byte_fed_after_acceptance_is_refused_for_good(void **state) {
    (void)state;
    hmv_stream stream;
    written out;
    begin_stream(&stream, &out);
    assert_accepted(hmv_stream_feed(&stream, self.pack.data, self.pack.size));
    hmv_reason answer = hmv_stream_feed(&stream, self.pack.data, 1);
    refuse(answer, answer != HMV_MORE, "a byte fed afterwards", 0, 0);
    answer = hmv_stream_feed(&stream, self.pack.data, self.pack.size);
    refuse(answer, answer != HMV_MORE, "the pack fed again", 0, 0);
}

/* A refused stream stays refused, whatever follows: also the good bytes. */
static void a_refused_stream_stays_refused(void **state) {
    (void)state;
    hmv_stream stream;
    written out;
    begin_stream(&stream, &out);
    static const uint8_t wrong[32];
    hmv_reason first = hmv_stream_feed(&stream, wrong, sizeof wrong);
    refuse(first, first != HMV_MORE, "zeros", 0, 0);
    assert_int_equal(hmv_stream_feed(&stream, self.pack.data, self.pack.size), first);
}

static hmv_reason feed_in_pieces(size_t most, written *out) {
    hmv_stream stream;
    hmv_reason answer = HMV_MORE;
    begin_stream(&stream, out);
    for (size_t at = 0; at < self.pack.size;) {
        size_t size = 1 + (size_t)(next_random() % most);
        if (size > self.pack.size - at) size = self.pack.size - at;
        hmv_bytes piece = bytes_copy((hmv_bytes){self.pack.data + at, size});
        answer = hmv_stream_feed(&stream, piece.data, piece.size);
        bytes_free(piece);
        at += size;
        if (at < self.pack.size) assert_int_equal(answer, HMV_MORE);
    }
    return answer;
}

static void a_pack_in_pieces_is_judged_as_the_whole(void **state) {
    (void)state;
    for (size_t most = 1; most < 300; most += 13) {
        written out;
        assert_accepted(feed_in_pieces(most, &out));
        size_t total = 0;
        for (size_t i = 0; i < self.release.components; i++) total += (size_t)self.release.component[i].size;
        assert_int_equal(out.size, total);
        assert_non_null(memmem(self.pack.data, self.pack.size, out.data, self.release.component[0].size));
    }
}

#define ONE(function, set)                                                                                             \
    { #function "__" #set, function, open_set, close_set, set##_name }
#define ALL(set)                                                                                                       \
    ONE(every_bit_flip_of_a_trust_list_is_refused, set), ONE(every_prefix_of_a_trust_list_is_refused, set),            \
        ONE(bytes_behind_a_trust_list_are_refused, set),                                                               \
        ONE(every_bit_flip_of_an_envelope_is_refused_or_was_not_covered, set),                                         \
        ONE(every_prefix_of_an_envelope_is_refused, set), ONE(bytes_behind_an_envelope_are_refused, set),              \
        ONE(every_bit_flip_of_a_pack_is_refused_or_was_not_covered, set),                                              \
        ONE(every_prefix_of_a_pack_asks_for_more, set), ONE(bytes_behind_a_pack_are_refused, set),                     \
        ONE(a_byte_fed_after_acceptance_is_refused_for_good, set), ONE(a_refused_stream_stays_refused, set),           \
        ONE(a_pack_in_pieces_is_judged_as_the_whole, set)

int main(void) {
    static char plain_name[] = "plain", logged_name[] = "logged", optional_name[] = "optional", rsa_name[] = "rsa",
                lms_name[] = "lms";
    const struct CMUnitTest tests[] = {ALL(plain), ALL(logged), ALL(optional), ALL(rsa), ALL(lms)};
    const char *seed = getenv("HALLMARK_SEED");
    random_state = (seed ? strtoull(seed, NULL, 10) : 0) * 2 + 1;
    print_message("# HALLMARK_SEED=%s%s\n", seed ? seed : "0", in_full() ? ", whole" : ", sampled");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
