/* HSS/LMS: the published signatures, those of a signer written apart, and what must not pass. */
#include "lms_vectors.h"
#include "signature_test.h"

enum { LMS_TYPE_AT = 4, OTS_TYPE_AT = 8 }; /* in the HSS public key */

static signature_case from_texts(const char *key, const char *message, const char *signature) {
    return (signature_case){.a = from_hex(key), .message = from_hex(message), .signature = from_hex(signature)};
}

static signature_case rfc8554_1(void) { return from_texts(rfc8554_1_key, rfc8554_1_message, rfc8554_1_signature); }

/* The published signatures, each good; every octet of key, message and signature matters. */
static void check_published(const char *key, const char *message, const char *signature) {
    signature_case is = from_texts(key, message, signature);
    size_t step = whole_sweeps() ? 1 : 11, from = test_seed() % step;
    assert_good(&hmv_hss_lms, &is);
    assert_flips_are_bad(&hmv_hss_lms, &is, &is.a, 0, 1);
    assert_flips_are_bad(&hmv_hss_lms, &is, &is.message, from, step);
    assert_flips_are_bad(&hmv_hss_lms, &is, &is.signature, from, step);
    assert_sizes_are_bad(&hmv_hss_lms, &is, &is.a);
    assert_sizes_are_bad(&hmv_hss_lms, &is, &is.message);
    assert_sizes_are_bad(&hmv_hss_lms, &is, &is.signature);
    case_clear(&is);
}

static void rfc_8554_test_case_1_is_good_and_each_octet_of_it_matters(void **state) {
    (void)state;
    check_published(rfc8554_1_key, rfc8554_1_message, rfc8554_1_signature);
}

static void rfc_8554_test_case_2_is_good_and_each_octet_of_it_matters(void **state) {
    (void)state;
    check_published(rfc8554_2_key, rfc8554_2_message, rfc8554_2_signature);
}

static void rfc_9858_n24_w8_is_good_and_each_octet_of_it_matters(void **state) {
    (void)state;
    check_published(rfc9858_1_key, rfc9858_1_message, rfc9858_1_signature);
}

static void rfc_9858_n24_w4_of_height_20_is_good_and_each_octet_of_it_matters(void **state) {
    (void)state;
    check_published(rfc9858_4_key, rfc9858_4_message, rfc9858_4_signature);
}

static void every_prefix_of_a_key_or_signature_is_bad(void **state) {
    (void)state;
    signature_case is = rfc8554_1();
    octets whole = is.a;
    for (size_t size = 0; size < whole.size; size++) {
        is.a = octets_of(whole.data, size);
        assert_bad(&hmv_hss_lms, &is);
        free(is.a.data);
    }
    is.a = whole;
    is.b = octets_of("", 1); /* and so is a second part */
    assert_bad(&hmv_hss_lms, &is);
    free(is.b.data);
    is.b = (octets){NULL, 0};
    whole = is.signature;
    size_t step = whole_sweeps() ? 1 : 61;
    for (size_t size = 0; size < whole.size; size += step) {
        is.signature = octets_of(whole.data, size);
        assert_bad(&hmv_hss_lms, &is);
        free(is.signature.data);
    }
    is.signature = whole;
    case_clear(&is);
}

static octets joined(octets first, octets second) {
    octets both = {malloc(first.size + second.size), first.size + second.size};
    memcpy(both.data, first.data, first.size);
    memcpy(&both.data[first.size], second.data, second.size);
    return both;
}

/* The lower tree's signature alone, and its key: a good one-level signature (RFC 8554 F.1, 1296 octets each). */
static signature_case lower_tree(const signature_case *two_levels) {
    enum { NSPK = 4, TREE = 1292, KEY = 56 };
    const uint8_t none[4] = {0}, one[4] = {0, 0, 0, 1};
    const uint8_t *key = &two_levels->signature.data[NSPK + TREE];
    return (signature_case){
        .a = joined((octets){(uint8_t *)(uintptr_t)one, 4}, (octets){(uint8_t *)(uintptr_t)key, KEY}),
        .message = octets_of(two_levels->message.data, two_levels->message.size),
        .signature = joined((octets){(uint8_t *)(uintptr_t)none, 4}, (octets){(uint8_t *)(uintptr_t)&key[KEY], TREE})};
}

static void the_lower_tree_stands_for_itself_only(void **state) {
    (void)state;
    signature_case two = rfc8554_1(), one = lower_tree(&two);
    assert_good(&hmv_hss_lms, &one);
    octets own = one.a;
    one.a = two.a;
    assert_bad(&hmv_hss_lms, &one);
    one.a = own;
    case_clear(&one);
    case_clear(&two);
}

static void levels_that_differ_from_the_key_are_bad(void **state) {
    (void)state;
    signature_case two = rfc8554_1(), one = lower_tree(&two);
    for (unsigned levels = 0; levels < 256; levels++) {
        if (levels == 2) continue;
        two.a.data[3] = (uint8_t)levels;
        assert_bad(&hmv_hss_lms, &two);
        two.signature.data[3] = (uint8_t)(levels - 1);
        assert_bad(&hmv_hss_lms, &two);
        two.signature.data[3] = 1;
    }
    one.a.data[3] = 0, memset(one.signature.data, 0xFF, 4); /* 0 levels, -1 signed keys */
    assert_bad(&hmv_hss_lms, &one);
    case_clear(&one);
    case_clear(&two);
}

/* The type in the key and in the signature changed alike, so that only the table of parameters can refuse it. */
static void types_that_are_not_in_the_table_are_bad(void **state) {
    (void)state;
    signature_case two = rfc8554_1(), is = lower_tree(&two);
    enum { OTS_IN_SIGNATURE = 8, LMS_IN_SIGNATURE = 4 + 4 + 4 + 32 * 35 };
    for (unsigned type = 0; type < 256; type++) {
        is.a.data[LMS_TYPE_AT + 3] = is.signature.data[LMS_IN_SIGNATURE + 3] = (uint8_t)type;
        if (type != 5) assert_bad(&hmv_hss_lms, &is);
    }
    is.a.data[LMS_TYPE_AT + 3] = is.signature.data[LMS_IN_SIGNATURE + 3] = 5;
    for (unsigned type = 0; type < 256; type++) {
        is.a.data[OTS_TYPE_AT + 3] = is.signature.data[OTS_IN_SIGNATURE + 3] = (uint8_t)type;
        if (type != 4) assert_bad(&hmv_hss_lms, &is);
    }
    is.a.data[OTS_TYPE_AT + 3] = is.signature.data[OTS_IN_SIGNATURE + 3] = 4;
    assert_good(&hmv_hss_lms, &is);
    case_clear(&is);
    case_clear(&two);
}

/* q + 2^h climbs through the same nodes but for its own number; q + 2^32 does not exist. */
static void leaves_outside_of_the_tree_are_bad(void **state) {
    (void)state;
    signature_case two = rfc8554_1(), is = lower_tree(&two);
    is.signature.data[7] ^= 32;
    assert_bad(&hmv_hss_lms, &is);
    is.signature.data[7] ^= 32;
    is.signature.data[4] = 0x80;
    assert_bad(&hmv_hss_lms, &is);
    case_clear(&is);
    case_clear(&two);
}

/* Answers whether a line was there. */
static bool read_case(FILE *from, char **name, signature_case *is) {
    char *texts[4] = {NULL};
    if (fscanf(from, "%ms %ms %ms %ms", &texts[0], &texts[1], &texts[2], &texts[3]) != 4) return false;
    *name = texts[0];
    *is = from_texts(texts[1], strcmp(texts[2], "-") == 0 ? "" : texts[2], texts[3]);
    free(texts[1]), free(texts[2]), free(texts[3]);
    return true;
}

static FILE *run_signer(unsigned seed, const char *what) {
    char command[4096];
    snprintf(command, sizeof command, "/usr/bin/python3 %s %u %s", LMS_SIGNER, seed, what);
    FILE *signer = popen(command, "r");
    assert_non_null(signer);
    return signer;
}

static void flip_somewhere(const octets *part) {
    if (part->size > 0) part->data[(size_t)rand() % part->size] ^= (uint8_t)(1u << rand() % 8);
}

/* Returns how many changes were tried. */
static unsigned check_made(const char *name, signature_case *is, unsigned flips) {
    unsigned tried = 1;
    if (ask(&hmv_hss_lms, is) != HMV_GOOD) fail_msg("%s: a good signature is bad", name);
    for (unsigned i = 0; i < flips; i++) {
        octets *parts[] = {&is->a, &is->message, &is->signature, &is->signature};
        octets *part = parts[i % 4];
        if (part->size == 0) continue;
        octets before = octets_of(part->data, part->size);
        flip_somewhere(part);
        if (ask(&hmv_hss_lms, is) != HMV_BAD) fail_msg("%s: a flipped bit goes unnoticed", name);
        memcpy(part->data, before.data, part->size);
        free(before.data);
        tried++;
    }
    is->signature.size--;
    if (ask(&hmv_hss_lms, is) != HMV_BAD) fail_msg("%s: one octet too few goes unnoticed", name);
    is->signature.size++;
    return tried;
}

static void check_all_made(const char *what, unsigned expected, unsigned flips) {
    unsigned seed = test_seed(), count = 0, changes = 0;
    srand(seed);
    FILE *signer = run_signer(seed, what);
    char *name;
    signature_case is;
    for (; read_case(signer, &name, &is); count++) {
        changes += check_made(name, &is, flips);
        case_clear(&is);
        free(name);
    }
    assert_int_equal(pclose(signer), 0);
    assert_int_equal(count, expected);
    print_message("%u signatures, %u mutations\n", count, changes);
}

/* OpenSSL 3.0 has no LMS: the other opinion is lms_signer.py, written apart from the RFCs. What it signs is good; and
 * since every bit of key, message and signature goes into a hash that has to come out right, any change is bad. */
static void every_parameter_set_of_another_signer_is_good_and_changed_is_bad(void **state) {
    (void)state;
    check_all_made("sets", 40, whole_sweeps() ? 200 : 12);
}

static void keys_of_one_to_eight_levels_are_good_and_changed_are_bad(void **state) {
    (void)state;
    if (whole_sweeps())
        check_all_made("levels 100000", 100000, 4);
    else
        check_all_made("levels 24", 24, 8);
}

/* Each is well made but for hashes of two lengths in one key, a ninth level, or a type of something else (15: SHAKE).
 */
static void mixed_hashes_nine_levels_and_types_of_others_are_bad(void **state) {
    (void)state;
    FILE *signer = run_signer(test_seed(), "wrong");
    unsigned count = 0;
    char *name;
    signature_case is;
    for (; read_case(signer, &name, &is); count++) {
        if (ask(&hmv_hss_lms, &is) != HMV_BAD) fail_msg("%s is not bad", name);
        case_clear(&is);
        free(name);
    }
    assert_int_equal(pclose(signer), 0);
    assert_int_equal(count, 10);
}

static void the_identifiers_are_those_of_rfc_8778(void **state) {
    (void)state;
    assert_int_equal(hmv_hss_lms.id, -46);
    assert_int_equal(hmv_hss_lms.alias, -46);
    assert_int_equal(hmv_hss_lms.key_type, 5);
    assert_int_equal(hmv_hss_lms.curve, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_8554_test_case_1_is_good_and_each_octet_of_it_matters),
        cmocka_unit_test(rfc_8554_test_case_2_is_good_and_each_octet_of_it_matters),
        cmocka_unit_test(rfc_9858_n24_w8_is_good_and_each_octet_of_it_matters),
        cmocka_unit_test(rfc_9858_n24_w4_of_height_20_is_good_and_each_octet_of_it_matters),
        cmocka_unit_test(every_prefix_of_a_key_or_signature_is_bad),
        cmocka_unit_test(the_lower_tree_stands_for_itself_only),
        cmocka_unit_test(levels_that_differ_from_the_key_are_bad),
        cmocka_unit_test(types_that_are_not_in_the_table_are_bad),
        cmocka_unit_test(leaves_outside_of_the_tree_are_bad),
        cmocka_unit_test(every_parameter_set_of_another_signer_is_good_and_changed_is_bad),
        cmocka_unit_test(keys_of_one_to_eight_levels_are_good_and_changed_are_bad),
        cmocka_unit_test(mixed_hashes_nine_levels_and_types_of_others_are_bad),
        cmocka_unit_test(the_identifiers_are_those_of_rfc_8778),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
