/* One story for each attack class of DESIGN section 10 that a device can meet, named after it: what went wrong
 * elsewhere, tried on this verifier. The files are in tests/vectors/native/, where README.md says what each of them is.
 *
 * Unless a test says otherwise the device is for production, new, and judges under usual.list. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static test_device device;
static hmv_trust trust;
static hmv_release release;
static uint8_t roots[HMV_SHA256_SIZE];

static hmv_reason open_list(const char *list, const char *hash) {
    hmv_bytes bytes = fixture(hash);
    assert_int_equal(bytes.size, sizeof roots);
    memcpy(roots, bytes.data, sizeof roots);
    memset(&trust, 0xa5, sizeof trust);
    hmv_reason answer = hmv_trust_open(&device.config, fixture(list), roots, 0, &trust);
    if (!HMV_IS_ACCEPTED(answer)) assert_true(all_zero(&trust, sizeof trust));
    return answer;
}

static int begin(void **state) {
    (void)state;
    device_init(&device);
    assert_accepted(open_list("usual.list", "usual.roots"));
    return 0;
}

static int end(void **state) {
    (void)state;
    fixtures_free();
    return 0;
}

static hmv_reason judge_bytes(hmv_act act, hmv_bytes envelope) {
    memset(&release, 0xa5, sizeof release);
    hmv_reason answer = hmv_release_verify(&device.config, &trust, act, envelope, &release);
    if (!HMV_IS_ACCEPTED(answer)) {
        assert_true(is_reason(answer));
        assert_true(all_zero(&release, sizeof release));
    }
    return answer;
}

static hmv_reason install(const char *name) { return judge_bytes(HMV_INSTALL, fixture(name)); }
static hmv_reason boot(const char *name) { return judge_bytes(HMV_BOOT, fixture(name)); }

/* Refused at install and at boot, and for this reason. */
#define assert_refused(name, wanted)                                                                                   \
    do {                                                                                                               \
        assert_reason(install(name), wanted);                                                                          \
        assert_reason(boot(name), wanted);                                                                             \
    } while (0)

static void remember(const char *component, uint64_t sequence, uint64_t counter) {
    hmv_bytes publisher = {maker_id, sizeof maker_id}, id = {(const uint8_t *)component, strlen(component)};
    device_state *state = device_state_of(&device, publisher, id);
    state->sequence = sequence;
    state->counter = counter;
}

/* What a stream handed on. */
typedef struct {
    uint8_t data[256];
    size_t size;
    const uint8_t *fed; /* the piece that is being fed, and its size */
    size_t fed_size;
} sink;

static hmv_verdict take(void *context, const hmv_release *of, size_t index, uint64_t offset, const uint8_t *data,
                        size_t size) {
    sink *out = context;
    assert_true(index < of->components && offset + size <= of->component[index].size);
    assert_true(data >= out->fed &&
                data + size <= out->fed + out->fed_size); /* the very bytes, not a copy made before */
    if (size > sizeof out->data - out->size) return HMV_BAD;
    memcpy(out->data + out->size, data, size);
    out->size += size;
    return HMV_GOOD;
}

static hmv_reason feed(hmv_bytes pack, sink *out) {
    static uint8_t buffer[HMV_ENVELOPE_MAX];
    hmv_stream stream;
    memset(&stream, 0, sizeof stream);
    stream.config = &device.config;
    stream.trust = &trust;
    stream.act = HMV_INSTALL;
    stream.buffer = buffer;
    stream.buffer_size = sizeof buffer;
    stream.write = take;
    stream.write_context = out;
    hmv_stream_init(&stream);
    *out = (sink){.fed = pack.data, .fed_size = pack.size};
    return hmv_stream_feed(&stream, pack.data, pack.size);
}

static hmv_reason install_pack(const char *name) {
    sink out;
    return feed(fixture(name), &out);
}

/* U-Boot CVE-2026-46728, Supermicro CVE-2024-10237: the image says which of its parts are hashed. */
static void attacker_chooses_what_is_hashed(void **state) {
    (void)state;
    assert_refused("attack-detached.envelope", HMV_MALFORMED);
    assert_refused("attack-two-manifests.envelope", HMV_MALFORMED);
    static const char *const with_headers[] = {"attack-protected-body.envelope", "attack-unprotected-body.envelope",
                                               "attack-critical.envelope", "attack-note-header.envelope"};
    for (size_t i = 0; i < sizeof with_headers / sizeof with_headers[0]; i++) {
        hmv_reason answer = install(with_headers[i]);
        assert_true(answer == HMV_MALFORMED || answer == HMV_UNKNOWN_CRITICAL);
    }
}

static bool is_within(hmv_bytes part, hmv_bytes whole) {
    return part.data >= whole.data && part.size <= whole.size &&
           part.data - whole.data <= (ptrdiff_t)(whole.size - part.size);
}

/* CVE-2020-10648 (U-Boot): one configuration is verified and another one is booted. */
static void verified_is_not_what_is_used(void **state) {
    (void)state;
    assert_refused("attack-behind.envelope", HMV_MALFORMED);
    hmv_bytes envelope = fixture("plain.envelope");
    assert_accepted(judge_bytes(HMV_INSTALL, envelope));
    assert_true(is_within(release.manifest, envelope));
    assert_true(is_within(release.component[0].id, release.manifest));
    assert_true(is_within(release.component[0].digest, release.manifest));
    assert_true(is_within(release.publisher, release.manifest));
    sink out;
    assert_accepted(feed(fixture("pair-10.pack"), &out));
    static const char both[] = "firmware of the pumpdose limits: 5";
    assert_int_equal(out.size, sizeof both - 1);
    assert_memory_equal(out.data, both, sizeof both - 1);
}

/* What stands outside the signature says nothing, and nothing may stand there but what the format names. */
static void metadata_outside_the_signature(void **state) {
    (void)state;
    static const char *const more[] = {"attack-header+1.envelope",    "attack-header+2.envelope",
                                       "attack-header+5.envelope",    "attack-header+11.envelope",
                                       "attack-header-1.envelope",    "attack-header+34.envelope",
                                       "attack-header-70001.envelope"};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        hmv_reason answer = install(more[i]);
        assert_true(answer == HMV_MALFORMED || answer == HMV_UNKNOWN_CRITICAL);
    }
    assert_accepted(install("attack-chain.envelope"));
    hmv_release with_one_chain = release;
    assert_accepted(install("attack-other-chain.envelope"));
    assert_int_equal(with_one_chain.sequence, release.sequence);
    assert_int_equal(with_one_chain.manifest.size, release.manifest.size);
    assert_memory_equal(with_one_chain.manifest.data, release.manifest.data, release.manifest.size);
}

/* The envelope with the head of its payload, 58 xx, written with eight bytes of length: LENGTH. */
static hmv_reason with_length(uint64_t length) {
    hmv_bytes envelope = fixture("plain.envelope");
    uint8_t *copy = malloc(envelope.size + 7);
    size_t at = 5; /* d862 84 40 a0 */
    assert_non_null(copy);
    assert_int_equal(envelope.data[at], 0x58);
    memcpy(copy, envelope.data, at);
    copy[at] = 0x5b;
    for (unsigned i = 0; i < 8; i++) copy[at + 1 + i] = (uint8_t)(length >> (56 - 8 * i));
    memcpy(copy + at + 9, envelope.data + at + 2, envelope.size - at - 2);
    hmv_reason answer = judge_bytes(HMV_INSTALL, (hmv_bytes){copy, envelope.size + 7});
    free(copy);
    return answer;
}

/* RAUC CVE-2026-34155: a length that overflows shrinks what the signature covers. */
static void length_overflow_shrinks_coverage(void **state) {
    (void)state;
    hmv_bytes envelope = fixture("plain.envelope");
    uint64_t size = envelope.data[6];
    const uint64_t lengths[] = {
        size,       UINT64_MAX,         UINT64_MAX - 13, (uint64_t)1 << 32 | size, (uint64_t)1 << 63 | size,
        UINT32_MAX, (uint64_t)INT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        hmv_reason answer = with_length(lengths[i]);
        assert_true(answer == HMV_MALFORMED || answer == HMV_TOO_LARGE);
    }
    assert_refused("attack-size-zero.envelope", HMV_MALFORMED);
    assert_accepted(install("attack-size-4g.envelope"));
    assert_true(release.component[0].size == ((uint64_t)1 << 32) + 20);
    hmv_payload payload;
    hmv_payload_init(&payload, &release.component[0]);
    hmv_payload_update(&payload, (const uint8_t *)"firmware of the pump", 20);
    assert_reason(hmv_payload_final(&payload), HMV_SHORT_PAYLOAD);
    hmv_reason answer = install_pack("attack-size-wrapped.pack");
    assert_false(HMV_IS_ACCEPTED(answer));
    assert_true(answer != HMV_MORE);
    assert_accepted(install("attack-size-max.envelope"));
    hmv_payload_init(&payload, &release.component[0]);
    hmv_payload_update(&payload, (const uint8_t *)"firmware of the pump", 20);
    assert_reason(hmv_payload_final(&payload), HMV_SHORT_PAYLOAD);
}

/* A flash that gives other bytes the second time it is asked, and counts. */
static size_t times_read[64];

static hmv_verdict read_changing(void *context, size_t index, uint64_t offset, uint8_t *data, size_t size) {
    static const char good[] = "firmware of the pump", evil[] = "firmware of the pimp";
    (void)context;
    assert_int_equal(index, 0);
    assert_true(offset <= 20 && size <= 20 - offset);
    for (size_t i = 0; i < size; i++) {
        size_t at = (size_t)offset + i;
        data[i] = (uint8_t)(times_read[at]++ ? evil[at] : good[at]);
    }
    return HMV_GOOD;
}

/* RAUC CVE-2020-25860: what is installed is read a second time, after the check. */
static void toctou_between_verify_and_install(void **state) {
    (void)state;
    uint8_t buffer[7];
    hmv_payload payload;
    memset(times_read, 0, sizeof times_read);
    assert_accepted(install("plain.envelope"));
    device.platform.read = read_changing;
    assert_accepted(hmv_payload_read(&device.config, &release, 0, &payload, buffer, sizeof buffer));
    for (size_t i = 0; i < 20; i++) assert_int_equal(times_read[i], 1);
    /* Asked again, the flash says otherwise, and so does the verifier. */
    assert_reason(hmv_payload_read(&device.config, &release, 0, &payload, buffer, sizeof buffer), HMV_OTHER_PAYLOAD);
    /* A stream hands on the very bytes that it was fed: `take` asserts it. */
    sink out;
    assert_accepted(feed(fixture("plain.pack"), &out));
}

/* TF-M CVE-2025-53022, shim CVE-2023-40546 to 40551: parsers that run before anything was authenticated. What only the
 * manifest's parser could know is not told before a signature over it was found good, and the platform is not asked. */
static void parsing_before_authenticating_more_than_needed(void **state) {
    static const char *const payloads[] = {"garbage", "deep", "huge"};
    char name[64];
    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        (void)snprintf(name, sizeof name, "attack-%s-by-stranger.envelope", payloads[i]);
        assert_refused(name, HMV_NO_SIGNATURE);
        (void)snprintf(name, sizeof name, "attack-%s-forged.envelope", payloads[i]);
        assert_refused(name, HMV_BAD_SIGNATURE);
        assert_int_equal(device.asked, 0);
        (void)snprintf(name, sizeof name, "attack-%s-by-maker.envelope", payloads[i]);
        assert_refused(name, HMV_MALFORMED);
        assert_int_equal(device.asked, 0);
    }
}

static const hmv_bytes nothing = {NULL, 0};

/* fwupd CVE-2020-10759: no signature is no failure. */
static void zero_signatures_accepted(void **state) {
    (void)state;
    static const char *const none[] = {"attack-no-signatures.envelope", "attack-no-signatures-listed.envelope",
                                       "attack-no-array.envelope"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        hmv_reason answer = install(none[i]);
        assert_true(answer == HMV_MALFORMED || answer == HMV_NO_SIGNATURE);
    }
    assert_refused("attack-stranger.envelope", HMV_NO_SIGNATURE);
    assert_refused("attack-empty-signature.envelope", HMV_BAD_SIGNATURE);
    assert_refused("attack-zero-signature.envelope", HMV_BAD_SIGNATURE);
    assert_reason(judge_bytes(HMV_INSTALL, nothing), HMV_MALFORMED);
    assert_reason(hmv_trust_open(&device.config, nothing, roots, 0, &trust), HMV_MALFORMED);
    assert_reason(open_list("attack-roots-0.list", "attack-roots-0.roots"), HMV_MALFORMED);
    assert_reason(open_list("attack-no-roots.list", "attack-no-roots.roots"), HMV_MALFORMED);
    assert_reason(open_list("attack-threshold-0.list", "usual.roots"), HMV_MALFORMED);
    assert_reason(open_list("attack-no-keys.list", "usual.roots"), HMV_MALFORMED);
}

/* A device whose trust list did not open has none, and an act that is neither is not decided. */
static void zero_trust_accepts_nothing(void **state) {
    (void)state;
    assert_false(HMV_IS_ACCEPTED((hmv_reason){judge_bytes(0, fixture("plain.envelope"))}));
    assert_false(HMV_IS_ACCEPTED((hmv_reason){judge_bytes(HMV_INSTALL ^ 1, fixture("plain.envelope"))}));
    assert_false(HMV_IS_ACCEPTED((hmv_reason){judge_bytes(HMV_BOOT << 1, fixture("plain.envelope"))}));
    memset(&trust, 0, sizeof trust);
    assert_false(HMV_IS_ACCEPTED((hmv_reason){install("plain.envelope")}));
    assert_false(HMV_IS_ACCEPTED((hmv_reason){install("attack-no-signatures.envelope")}));
    assert_false(HMV_IS_ACCEPTED((hmv_reason){install("attack-stranger.envelope")}));
}

/* wolfSSL CVE-2026-5194: a digest that is too short, or of an algorithm that nobody agreed to. */
static void digest_size_or_algorithm_unchecked(void **state) {
    (void)state;
    static const char *const sizes[] = {"empty", "31", "33", "sha512-32", "sha256-64", "bare"};
    static const char *const algorithms[] = {"sha1", "sha256-truncated", "unknown", "positive"};
    char name[64];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)snprintf(name, sizeof name, "attack-digest-%s.envelope", sizes[i]);
        assert_refused(name, HMV_MALFORMED);
    }
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        (void)snprintf(name, sizeof name, "attack-digest-%s.envelope", algorithms[i]);
        hmv_reason answer = install(name);
        assert_true(answer == HMV_MALFORMED || answer == HMV_UNKNOWN_ALGORITHM);
    }
    assert_refused("attack-algorithm.envelope", HMV_UNKNOWN_ALGORITHM);
    assert_refused("attack-algorithm-alias.envelope", HMV_UNKNOWN_ALGORITHM);
}

/* What the product's tables do not name is not there. */
static void an_algorithm_that_the_product_left_out_is_unknown(void **state) {
    static const hmv_algorithm *const only_ed25519[] = {&hmv_ed25519, NULL};
    static const hmv_digest *const only_sha512[] = {&hmv_digest_sha512, NULL};
    (void)state;
    device.config.digests = only_sha512;
    assert_refused("plain.envelope", HMV_UNKNOWN_ALGORITHM);
    device.config.digests = all_digests;
    assert_accepted(install("plain.envelope"));
    device.config.algorithms = only_ed25519;
    assert_refused("plain.envelope", HMV_UNKNOWN_ALGORITHM);
}

static hmv_reason offer(const char *list) {
    hmv_trust next;
    uint8_t hash[HMV_SHA256_SIZE];
    hmv_reason answer = hmv_trust_update(&device.config, &trust, fixture(list), &next, hash);
    if (!HMV_IS_ACCEPTED(answer)) assert_true(all_zero(&next, sizeof next) && all_zero(hash, sizeof hash));
    return answer;
}

/* TUF CVE-2020-15163: a root that was found bad is trusted when it is met again. */
static void a_failed_root_later_trusted(void **state) {
    (void)state;
    for (unsigned times = 0; times < 3; times++) {
        assert_reason(offer("attack-failed.list"), HMV_ROOTS_UNKNOWN);
        assert_reason(offer("attack-failed-next.list"), HMV_ROOTS_UNKNOWN);
        assert_refused("attack-stranger.envelope", HMV_NO_SIGNATURE); /* whose key those lists name */
        assert_accepted(install("plain.envelope"));
    }
    assert_reason(open_list("attack-failed.list", "usual.roots"), HMV_OTHER_ROOTS);
    assert_false(HMV_IS_ACCEPTED((hmv_reason){install("attack-stranger.envelope")}));
}

/* MCUboot GHSA-gcxh-546h-phg4: the well-known development key is trusted in production. */
static void development_keys_in_production(void **state) {
    (void)state;
    assert_refused("attack-development.envelope", HMV_DEVELOPMENT);
    assert_refused("attack-lab-production.envelope", HMV_DEVELOPMENT);
    assert_refused("attack-maker-development.envelope", HMV_DEVELOPMENT);
    device.identity.development = 1; /* anything but HMV_GOOD is production */
    assert_refused("attack-development.envelope", HMV_DEVELOPMENT);
    device.identity.development = HMV_GOOD;
    assert_accepted(install("attack-development.envelope"));
    assert_refused("attack-lab-production.envelope", HMV_DEVELOPMENT);
    assert_refused("attack-maker-development.envelope", HMV_DEVELOPMENT);
}

static void rollback_of_components(void **state) {
    (void)state;
    remember("main", 10, 3);
    assert_reason(install("plain.envelope"), HMV_OLD_SEQUENCE);
    assert_accepted(boot("plain.envelope"));
    remember("main", 10, 4);
    assert_reason(boot("plain.envelope"), HMV_OLD_SECURITY_VERSION);
    remember("main", 9, 4);
    assert_reason(install("plain.envelope"), HMV_OLD_SECURITY_VERSION);
    remember("main", UINT64_MAX, UINT64_MAX);
    assert_reason(boot("plain.envelope"), HMV_OLD_SECURITY_VERSION);
    remember("main", 9, 3);
    assert_accepted(install("plain.envelope"));
    device.broken = true;
    assert_refused("plain.envelope", HMV_STATE_FAULT);
}

static void mix_and_match_of_components(void **state) {
    (void)state;
    assert_refused("pair-grafted.envelope", HMV_BAD_SIGNATURE);
    assert_accepted(install_pack("pair-10.pack"));
    remember("limits", 10, 3);
    assert_reason(install_pack("pair-10.pack"), HMV_OLD_SEQUENCE); /* one component of the two is old */
    assert_accepted(install_pack("pair-11.pack"));
    static const char *const mixed[] = {"pair-swapped.pack", "pair-mixed.pack"};
    device_init(&device);
    for (size_t i = 0; i < sizeof mixed / sizeof mixed[0]; i++) {
        hmv_reason answer = install_pack(mixed[i]);
        assert_true(answer == HMV_LONG_PAYLOAD || answer == HMV_SHORT_PAYLOAD || answer == HMV_OTHER_PAYLOAD);
    }
    assert_reason(install("dependent.envelope"), HMV_MISSING_DEPENDENCY);
    remember("limits", 11, 3);
    assert_reason(install("dependent.envelope"), HMV_MISSING_DEPENDENCY);
    remember("limits", 11, 4);
    assert_accepted(install("dependent.envelope"));
    assert_refused("newer-list.envelope", HMV_OLD_TRUST_LIST);
}

/* The library has no way to raise a counter: what was accepted but has not confirmed itself leaves the old one
 * bootable. */
static void counter_raised_before_confirmation(void **state) {
    (void)state;
    remember("main", 9, 1);
    test_device before = device;
    assert_accepted(install("later.envelope")); /* security version 3 */
    assert_accepted(install_pack("plain.pack"));
    assert_memory_equal(before.state, device.state, sizeof before.state);
    assert_accepted(boot("older.envelope")); /* security version 1: the way back is open */
    remember("main", 12, 3);                 /* confirmed: the device itself raises its counter */
    assert_reason(boot("older.envelope"), HMV_OLD_SECURITY_VERSION);
    assert_accepted(boot("later.envelope"));
}

/* One key in every role: only what was signed keeps the roles apart. */
static void signature_moved_from_another_purpose(void **state) {
    (void)state;
    assert_accepted(open_list("shared.list", "shared.roots"));
    assert_accepted(install("shared.envelope"));
    assert_refused("shared-as-list.envelope", HMV_BAD_SIGNATURE);
    assert_refused("shared-as-nothing.envelope", HMV_BAD_SIGNATURE);
    assert_refused("shared-as-sign1.envelope", HMV_BAD_SIGNATURE);
    assert_refused("shared-as-counter.envelope", HMV_BAD_SIGNATURE);
    assert_refused("shared-receipt.envelope", HMV_BAD_SIGNATURE);
    assert_refused("shared-root.envelope", HMV_MALFORMED);
    assert_reason(offer("shared-manifest.list"), HMV_BAD_SIGNATURE);
    assert_refused("shared.list", HMV_BAD_SIGNATURE);
    assert_refused("attack-tag18.envelope", HMV_MALFORMED);
}

static void signature_moved_to_a_list(void **state) {
    (void)state;
    hmv_trust other;
    hmv_bytes hash = fixture("shared.roots");
    assert_accepted(open_list("shared.list", "shared.roots"));
    hmv_reason answer = hmv_trust_open(&device.config, fixture("shared.envelope"), hash.data, 0, &other);
    assert_false(HMV_IS_ACCEPTED(answer));
    assert_true(all_zero(&other, sizeof other));
    assert_false(HMV_IS_ACCEPTED((hmv_reason){offer("shared.envelope")}));
}

static void signature_moved_from_another_product_class_or_publisher(void **state) {
    (void)state;
    assert_refused("attack-other-class.envelope", HMV_OTHER_CLASS);
    assert_refused("attack-other-vendor.envelope", HMV_OTHER_VENDOR);
    assert_refused("attack-operator-firmware.envelope", HMV_KIND_NOT_ALLOWED);
    assert_refused("attack-operator-as-maker.envelope", HMV_TOO_FEW_SIGNATURES);
    device.identity.class_id[15] ^= 1;
    assert_refused("plain.envelope", HMV_OTHER_CLASS);
}

/* Signed, and written in another way than the one: see tests/native/mutations.py for every item of everything. */
static void duplicate_or_non_canonical_encodings(void **state) {
    (void)state;
    static const char *const odd[] = {"unordered", "duplicate-sequence", "duplicate-first", "indefinite-map",
                                      "long-head", "long-sequence",      "float-sequence",  "bignum-sequence",
                                      "tagged",    "byte-behind"};
    char name[64];
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        (void)snprintf(name, sizeof name, "attack-%s.envelope", odd[i]);
        assert_refused(name, HMV_MALFORMED);
    }
    assert_refused("attack-path-count.envelope", HMV_BAD_RECEIPT);
    assert_refused("attack-component-twice.envelope", HMV_TWICE);
    assert_refused("attack-signer-twice.envelope", HMV_TWICE);
    assert_refused("attack-unknown-field.envelope", HMV_UNKNOWN_CRITICAL);
    assert_refused("attack-format-2.envelope", HMV_UNKNOWN_VERSION);
}

#define ATTACK(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ATTACK(attacker_chooses_what_is_hashed),
        ATTACK(verified_is_not_what_is_used),
        ATTACK(metadata_outside_the_signature),
        ATTACK(length_overflow_shrinks_coverage),
        ATTACK(toctou_between_verify_and_install),
        ATTACK(parsing_before_authenticating_more_than_needed),
        ATTACK(zero_signatures_accepted),
        ATTACK(zero_trust_accepts_nothing),
        ATTACK(digest_size_or_algorithm_unchecked),
        ATTACK(an_algorithm_that_the_product_left_out_is_unknown),
        ATTACK(a_failed_root_later_trusted),
        ATTACK(development_keys_in_production),
        ATTACK(rollback_of_components),
        ATTACK(mix_and_match_of_components),
        ATTACK(counter_raised_before_confirmation),
        ATTACK(signature_moved_from_another_purpose),
        ATTACK(signature_moved_to_a_list),
        ATTACK(signature_moved_from_another_product_class_or_publisher),
        ATTACK(duplicate_or_non_canonical_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
