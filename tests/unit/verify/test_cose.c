/* COSE with signatures that others made: the working group's examples go through the reader and the verification that
 * decide on releases; only the frame, which the format narrows, is taken apart here. */
#include "signature_test.h"

#include <cose.h>

#include "cose_examples.h"

static const hmv_algorithm *const algorithms[] = {&hmv_esp256, &hmv_esp384,  &hmv_ed25519, &hmv_ps256,
                                                  &hmv_rs256,  &hmv_hss_lms, NULL};
static const hmv_config config = {.algorithms = algorithms};
enum { EXAMPLES = sizeof cose_examples / sizeof cose_examples[0] };

typedef struct parts {
    hmv_bytes body_protected, protected_item, payload_item, signature;
    int32_t algorithm;
} parts;

static const hmv_field bytes_item = {0, HMV_BYTES_ITEM, 0, 255, 0};
/* Of a header map these examples have an algorithm, a content type (an RFC 9052 critical one would be 2), a kid. */
typedef struct header {
    hmv_bytes content_type, kid;
    int32_t algorithm;
} header;
static const hmv_field header_map[] = {
    HMV_CLOSED_MAP(3, sizeof(header)),
    {1, HMV_NINT | HMV_OPTIONAL, 0, 255, offsetof(header, algorithm)},
    {3, HMV_ITEM | HMV_OPTIONAL, 0, 255, offsetof(header, content_type)},
    {4, HMV_BYTES | HMV_OPTIONAL, 0, 255, offsetof(header, kid)},
};

/* A protected and an unprotected header; PROTECTED as it stands in a Sig_structure, where an empty map is h''. */
static void read_headers(hmv_reader *reader, hmv_bytes *protected_item, int32_t *algorithm) {
    static const uint8_t empty_map[] = {0x41, 0xa0}, empty[] = {0x40};
    header headers;
    hmv_reader inner;
    hmv_read(reader, &bytes_item, protected_item);
    hmv_enter(&inner, protected_item, reader->parse);
    if (inner.left > 0) {
        hmv_decode(&inner, header_map, &headers);
        hmv_end(&inner);
        if (headers.algorithm != 0) *algorithm = headers.algorithm;
    }
    hmv_decode(reader, header_map, &headers);
    if (headers.algorithm != 0) *algorithm = headers.algorithm;
    if (protected_item->size == 2 && memcmp(protected_item->data, empty_map, 2) == 0)
        *protected_item = (hmv_bytes){empty, 1};
}

static void read_start(hmv_reader *reader, bool sign1) {
    static const uint8_t tag_18[] = {0xd2}, tag_98[] = {0xd8, 0x62}, array_of_4[] = {0x84};
    if (reader->left > 0 && *reader->data >> 5 == 6) {
        if (sign1)
            hmv_expect(reader, tag_18, sizeof tag_18);
        else
            hmv_expect(reader, tag_98, sizeof tag_98);
    }
    hmv_expect(reader, array_of_4, sizeof array_of_4);
}

static void read_message(hmv_bytes message, bool sign1, hmv_parse *parse, parts *to) {
    static const uint8_t one_of_3[] = {0x81, 0x83};
    hmv_reader reader;
    memset(to, 0, sizeof *to);
    hmv_open(&reader, &message, parse);
    read_start(&reader, sign1);
    read_headers(&reader, &to->body_protected, &to->algorithm);
    hmv_read(&reader, &bytes_item, &to->payload_item);
    if (!sign1) {
        hmv_expect(&reader, one_of_3, sizeof one_of_3);
        read_headers(&reader, &to->protected_item, &to->algorithm);
    }
    hmv_read_bytes(&reader, 0, &to->signature);
    hmv_end(&reader);
}

/* The key as hmv_cose_verify takes it; STORE has room for the item of the label -1. */
static hmv_cose_key key_of(const struct cose_example *example, octets a, octets b, int32_t algorithm, octets *store) {
    hmv_cose_key key = {.type = (uint32_t)example->type};
    hmv_bytes first = {a.data, a.size}, second = {b.data, b.size};
    for (size_t i = 0; algorithms[i]; i++)
        if (algorithms[i]->id == algorithm || algorithms[i]->alias == algorithm) key.algorithm = algorithms[i]->id;
    *store = (octets){malloc(a.size + 3), 1};
    store->data[0] = 1;
    key.second = first;
    key.third = second;
    if (example->type != 1 && example->type != 2) {
        bool is_long = a.size > 255;
        store->data[0] = is_long ? 0x59 : 0x58;
        if (is_long) store->data[1] = (uint8_t)(a.size >> 8);
        store->data[is_long ? 2 : 1] = (uint8_t)a.size;
        memcpy(&store->data[is_long ? 3 : 2], a.data, a.size);
        store->size = a.size + (is_long ? 3 : 2);
        key.second = second;
        key.third = (hmv_bytes){NULL, 0};
    }
    key.parameter = (hmv_bytes){store->data, store->size};
    return key;
}

static octets byte_string(octets content) {
    octets item = {malloc(content.size + 1), content.size + 1};
    assert_true(content.size < 24);
    item.data[0] = (uint8_t)(0x40 + content.size);
    if (content.size > 0) memcpy(&item.data[1], content.data, content.size);
    return item;
}

static octets start_of(const parts *it, bool sign1) {
    const char *context = sign1 ? "\x84\x6aSignature1" : "\x85\x69Signature";
    octets start = {malloc(64), strlen(context)};
    memcpy(start.data, context, start.size);
    if (!sign1) {
        assert_true(it->body_protected.size < 50);
        memcpy(&start.data[start.size], it->body_protected.data, it->body_protected.size);
        start.size += it->body_protected.size;
    }
    return start;
}

/* HMV_UNDECIDED if the message is good, and a flow that adds up; the reason otherwise. */
static hmv_reason judge(const struct cose_example *example, octets message) {
    hmv_pass pass = {.config = &config};
    octets a = from_hex(example->a), b = from_hex(example->b), external = from_hex(example->external), store;
    octets aad = byte_string(external), start;
    parts it;
    read_message((hmv_bytes){message.data, message.size}, example->sign1, &pass.parse, &it);
    if (pass.parse.fault == HMV_UNDECIDED) {
        hmv_cose_key key = key_of(example, a, b, it.algorithm, &store);
        start = start_of(&it, example->sign1);
        const hmv_bytes pieces[HMV_PIECES] = {{start.data, start.size},
                                              example->sign1 ? it.body_protected : it.protected_item,
                                              {aad.data, aad.size},
                                              it.payload_item};
        hmv_cose_verify(&pass, &key, pieces, it.signature, HMV_BAD_SIGNATURE);
        assert_int_equal(pass.parse.fault == HMV_UNDECIDED, pass.flow == 0);
        free(start.data), free(store.data);
    }
    free(a.data), free(b.data), free(external.data), free(aad.data);
    return pass.parse.fault;
}

static void accepts_and_refuses_what_the_working_group_says(void **state) {
    (void)state;
    size_t good = 0;
    for (size_t i = 0; i < EXAMPLES; i++) {
        octets message = from_hex(cose_examples[i].message);
        hmv_reason reason = judge(&cose_examples[i], message);
        if ((reason == HMV_UNDECIDED) != cose_examples[i].good)
            fail_msg("%s: %s", cose_examples[i].name, reason ? hmv_reason_text(reason) : "is good, and must not be");
        good += cose_examples[i].good;
        free(message.data);
    }
    assert_int_equal(EXAMPLES, 28);
    assert_int_equal(good, 16);
}

/* A byte that is changed makes a message bad, or stands in a header that no signature covers. */
static void a_changed_byte_is_noticed(void **state) {
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        octets message = from_hex(cose_examples[i].message);
        size_t harmless = 0, step = message.size > 400 ? 37 : 1;
        for (size_t at = 0; cose_examples[i].good && at < message.size; at += step) {
            message.data[at] ^= 0x01;
            harmless += judge(&cose_examples[i], message) == HMV_UNDECIDED;
            message.data[at] ^= 0x01;
        }
        /* The kid's content: 2 bytes, or up to 32 in some. */
        assert_true(harmless <= 32);
        free(message.data);
    }
}

static void every_prefix_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        octets message = from_hex(cose_examples[i].message), whole = message;
        size_t step = whole.size > 400 ? 41 : 1;
        for (message.size = 0; message.size < whole.size; message.size += step)
            assert_int_not_equal(judge(&cose_examples[i], message), HMV_UNDECIDED);
        free(whole.data);
    }
}

static void an_algorithm_that_the_table_lacks_is_unknown(void **state) {
    (void)state;
    static const hmv_algorithm *const none[] = {NULL};
    const hmv_config empty = {.algorithms = none};
    hmv_pass pass = {.config = &empty};
    static const uint8_t curve[] = {1};
    const hmv_cose_key key = {.type = 2, .algorithm = -9, .parameter = {curve, 1}};
    const hmv_bytes pieces[HMV_PIECES] = {{NULL, 0}};
    hmv_cose_verify(&pass, &key, pieces, (hmv_bytes){NULL, 0}, HMV_BAD_SIGNATURE);
    assert_int_equal(pass.parse.fault, HMV_UNKNOWN_ALGORITHM);
    assert_int_not_equal(pass.flow, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_and_refuses_what_the_working_group_says),
        cmocka_unit_test(a_changed_byte_is_noticed),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(an_algorithm_that_the_table_lacks_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
