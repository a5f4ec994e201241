/* The strict reader and the table-driven decoder. */
#include "signature_test.h"

#include <cbor.h>

typedef struct record {
    uint64_t number;
    uint32_t small, flag;
    int32_t negative;
    hmv_bytes bytes, text, array, list, chain, item;
} record;
#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(record, member) }
static const hmv_field number = ROW(0, HMV_UINT, 0, 255, number), small = ROW(0, HMV_SMALL, 1, 3, small);
static const hmv_field negative = ROW(0, HMV_NINT, 0, 255, negative), flag = ROW(0, HMV_BOOL, 20, 21, flag);
static const hmv_field bytes = ROW(0, HMV_BYTES, 2, 4, bytes), text = ROW(0, HMV_TEXT, 1, 3, text);
static const hmv_field array = ROW(0, HMV_ARRAY, 1, 2, array), list = ROW(0, HMV_LIST, 1, 2, list);
static const hmv_field list_16 = ROW(0, HMV_LIST_16, 1, 2, list), chain = ROW(0, HMV_CHAIN, 2, 4, chain);
static const hmv_field item = ROW(0, HMV_ITEM, 0, 255, item), version = ROW(0, HMV_VERSION, 0, 255, small);
static const hmv_field open_map[] = {HMV_OPEN_MAP(3, sizeof(record)), ROW(0, HMV_UINT, 0, 255, number),
                                     ROW(4, HMV_BYTES | HMV_OPTIONAL, 0, 255, bytes),
                                     ROW(-2, HMV_TEXT | HMV_OPTIONAL, 1, 9, text)};
static const hmv_field closed_map[] = {HMV_CLOSED_MAP(1, sizeof(record)), ROW(0, HMV_UINT, 0, 255, number)};
static const hmv_field pair[] = {HMV_FIXED_ARRAY(2, sizeof(record)), ROW(0, HMV_UINT, 0, 255, number),
                                 ROW(1, HMV_BYTES, 0, 255, bytes)};
typedef struct named_value {
    hmv_bytes name, value;
} named_value;
static const hmv_field named[] = {HMV_FIXED_ARRAY(2, sizeof(named_value)),
                                  {0, HMV_BYTES, 0, 255, offsetof(named_value, name)},
                                  {0, HMV_ITEM, 0, 255, offsetof(named_value, value)}};
/* Two fields with one place: what is named is both. */
static const hmv_field joined[] = {
    HMV_FIXED_ARRAY(2, sizeof(named_value)), {0, HMV_BYTES, 0, 255, 0}, {0, HMV_TEXT, 1, 9, 0}};

/* Exactly one item: HMV_UNDECIDED is good. The octets stand in a heap block of their own size. */
static hmv_reason read_one(const hmv_field *field, const char *hex, record *to) {
    octets input = from_hex(hex);
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    hmv_reader reader;
    memset(to, 0, sizeof *to);
    hmv_open(&reader, &(hmv_bytes){input.data, input.size}, &parse);
    hmv_read(&reader, field, to);
    hmv_end(&reader);
    free(input.data);
    return parse.fault;
}

static hmv_reason decode_one(const hmv_field *table, const char *hex, record *to) {
    octets input = from_hex(hex);
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    hmv_reader reader;
    hmv_open(&reader, &(hmv_bytes){input.data, input.size}, &parse);
    hmv_decode(&reader, table, to);
    hmv_end(&reader);
    free(input.data);
    return parse.fault;
}

static void reads_numbers_of_every_length(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        uint64_t value;
    } good[] = {{"00", 0},
                {"17", 23},
                {"1818", 24},
                {"18ff", 255},
                {"190100", 256},
                {"19ffff", 65535},
                {"1a00010000", 65536},
                {"1affffffff", UINT32_MAX},
                {"1b0000000100000000", UINT64_C(1) << 32},
                {"1bffffffffffffffff", UINT64_MAX}};
    record is;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(read_one(&number, good[i].hex, &is), HMV_UNDECIDED);
        assert_true(is.number == good[i].value);
    }
    assert_int_equal(read_one(&negative, "390100", &is), HMV_UNDECIDED);
    assert_int_equal(is.negative, -257);
    assert_int_equal(read_one(&negative, "20", &is), HMV_UNDECIDED);
    assert_int_equal(is.negative, -1);
}

static void reads_strings_lists_and_items(void **state) {
    (void)state;
    static const struct {
        const hmv_field *field;
        const char *hex;
    } good[] = {{&bytes, "420102"}, {&bytes, "4401020304"},
                {&text, "6161"},    {&text, "63207e41"},
                {&array, "8100"},   {&array, "82a0f6"},
                {&list, "8140"},    {&list_16, "815000000000000000000000000000000000"},
                {&chain, "40"},     {&chain, "4101"},
                {&chain, "824040"}, {&item, "a201820304f5f6"},
                {&item, "8180"},    {&item, "f4"},
                {&flag, "f4"},      {&flag, "f5"},
                {&small, "03"},     {&version, "01"}};
    record is;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(read_one(good[i].field, good[i].hex, &is), HMV_UNDECIDED);
    assert_int_equal(read_one(&list, "82404101", &is), HMV_UNDECIDED);
    assert_int_equal(is.list.size, 4);
    assert_int_equal(read_one(&bytes, "420102", &is), HMV_UNDECIDED);
    assert_int_equal(is.bytes.size, 2);
}

static void refuses_every_other_encoding(void **state) {
    (void)state;
    static const struct {
        const hmv_field *field;
        const char *hex;
        hmv_reason reason;
    } bad[] = {{&number, "", HMV_MALFORMED},
               {&number, "1800", HMV_MALFORMED},
               {&number, "1817", HMV_MALFORMED},
               {&number, "190018", HMV_MALFORMED},
               {&number, "1900ff", HMV_MALFORMED},
               {&number, "1a0000ffff", HMV_MALFORMED},
               {&number, "1b00000000ffffffff", HMV_MALFORMED},
               {&number, "18", HMV_MALFORMED},
               {&number, "19ff", HMV_MALFORMED},
               {&number, "1bffffffffffffff", HMV_MALFORMED},
               {&number, "1c", HMV_MALFORMED},
               {&number, "1d00000000000000000000000000000000", HMV_MALFORMED},
               {&number, "1f", HMV_MALFORMED},
               {&number, "20", HMV_MALFORMED},
               {&number, "c100", HMV_MALFORMED},
               {&number, "c249010000000000000000", HMV_MALFORMED},
               {&number, "f90000", HMV_MALFORMED},
               {&number, "0000", HMV_MALFORMED},
               {&small, "00", HMV_MALFORMED},
               {&small, "04", HMV_MALFORMED},
               {&negative, "00", HMV_MALFORMED},
               {&negative, "3a80000000", HMV_MALFORMED},
               {&negative, "3b0000000100000008", HMV_MALFORMED},
               {&negative, "3817", HMV_MALFORMED},
               {&flag, "f6", HMV_MALFORMED},
               {&flag, "f7", HMV_MALFORMED},
               {&flag, "f814", HMV_MALFORMED},
               {&flag, "00", HMV_MALFORMED},
               {&bytes, "4101", HMV_MALFORMED},
               {&bytes, "450102030405", HMV_TOO_LARGE},
               {&bytes, "5f41004100ff", HMV_MALFORMED},
               {&bytes, "58020102", HMV_MALFORMED},
               {&bytes, "4201", HMV_MALFORMED},
               {&bytes, "620102", HMV_MALFORMED},
               {&bytes, "5b00000001000000020102", HMV_MALFORMED},
               {&bytes, "5bffffffffffffffff", HMV_MALFORMED},
               {&text, "60", HMV_MALFORMED},
               {&text, "6461626364", HMV_TOO_LARGE},
               {&text, "617f", HMV_MALFORMED},
               {&text, "6100", HMV_MALFORMED},
               {&text, "62c3a4", HMV_MALFORMED},
               {&text, "4161", HMV_MALFORMED},
               {&array, "80", HMV_MALFORMED},
               {&array, "83000000", HMV_TOO_LARGE},
               {&array, "9f00ff", HMV_MALFORMED},
               {&array, "980100", HMV_MALFORMED},
               {&array, "8200", HMV_MALFORMED},
               {&array, "81ff", HMV_MALFORMED},
               {&array, "a10000", HMV_MALFORMED},
               {&list, "80", HMV_MALFORMED},
               {&list, "8100", HMV_MALFORMED},
               {&list, "826161", HMV_MALFORMED},
               {&list, "824101", HMV_MALFORMED},
               {&list, "83404040", HMV_TOO_LARGE},
               {&list, "824201", HMV_MALFORMED},
               {&list_16, "8140", HMV_MALFORMED},
               {&list_16, "825000000000000000000000000000000000", HMV_MALFORMED},
               {&chain, "8140", HMV_MALFORMED},
               {&chain, "854040404040", HMV_TOO_LARGE},
               {&chain, "60", HMV_MALFORMED},
               {&chain, "820000", HMV_MALFORMED},
               {&item, "ff", HMV_MALFORMED},
               {&item, "81818181", HMV_MALFORMED},
               {&item, "bf00", HMV_MALFORMED},
               {&item, "c0", HMV_MALFORMED},
               {&item, "9b7fffffffffffffff", HMV_MALFORMED},
               {&item, "bb7fffffffffffffff", HMV_MALFORMED},
               {&item, "f818", HMV_MALFORMED},
               {&item, "fb0000000000000000", HMV_MALFORMED},
               {&item, "e0", HMV_MALFORMED},
               {&item, "f3", HMV_MALFORMED},
               {&version, "00", HMV_UNKNOWN_VERSION},
               {&version, "02", HMV_UNKNOWN_VERSION},
               {&version, "1bffffffffffffffff", HMV_MALFORMED},
               {&version, "20", HMV_MALFORMED}};
    record is;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hmv_reason reason = read_one(bad[i].field, bad[i].hex, &is);
        if (reason != bad[i].reason) fail_msg("%s: %u, not %u", bad[i].hex, reason, bad[i].reason);
    }
}

static void decodes_maps_and_arrays_by_table(void **state) {
    (void)state;
    record is;
    assert_int_equal(decode_one(open_map, "a10005", &is), HMV_UNDECIDED);
    assert_true(is.number == 5 && is.bytes.data == NULL);
    assert_int_equal(decode_one(open_map, "a50005044101200021616139010040", &is), HMV_UNDECIDED);
    assert_int_equal(is.text.size, 1);
    assert_int_equal(decode_one(closed_map, "a10005", &is), HMV_UNDECIDED);
    assert_int_equal(decode_one(pair, "820541ff", &is), HMV_UNDECIDED);
}

static void refuses_maps_and_arrays_that_the_table_does_not_know(void **state) {
    (void)state;
    static const struct {
        const hmv_field *table;
        const char *hex;
        hmv_reason reason;
    } bad[] = {
        {open_map, "a0", HMV_MALFORMED},               /* a field is missing */
        {open_map, "a1044101", HMV_MALFORMED},         /* before one that is there */
        {open_map, "a200050006", HMV_MALFORMED},       /* twice */
        {open_map, "a20441010005", HMV_MALFORMED},     /* out of order */
        {open_map, "a300052161612000", HMV_MALFORMED}, /* negative ones too */
        {open_map, "a3000520002000", HMV_MALFORMED},
        {open_map, "a200050100", HMV_UNKNOWN_CRITICAL},
        {open_map, "a200050500", HMV_UNKNOWN_CRITICAL},
        {open_map, "a200051a7ffffffe00", HMV_UNKNOWN_CRITICAL},
        {open_map, "a200051a7fffffff00", HMV_MALFORMED},
        {open_map, "a200053a7fffffff00", HMV_MALFORMED},
        {open_map, "a200051affffffff00", HMV_MALFORMED}, /* as far as a key's place can be counted, and beyond */
        {open_map, "a200053affffffff00", HMV_MALFORMED},
        {open_map, "a200051bffffffffffffffff00", HMV_MALFORMED},
        {open_map, "a200053bffffffffffffffff00", HMV_MALFORMED},
        {open_map, "a20005616100", HMV_MALFORMED}, /* a key of text */
        {open_map, "a200052020", HMV_MALFORMED},   /* notes are a number, bytes or text */
        {open_map, "a2000520f5", HMV_MALFORMED},
        {open_map, "a200052080", HMV_MALFORMED},
        {open_map, "a2000520a0", HMV_MALFORMED},
        {open_map, "a2000520", HMV_MALFORMED},
        {open_map, "a20005204201", HMV_MALFORMED},
        {open_map, "b900010005", HMV_MALFORMED},
        {open_map, "bf0005ff", HMV_MALFORMED},
        {open_map, "820005", HMV_MALFORMED},
        {open_map, "a1000500", HMV_MALFORMED},
        {closed_map, "a200052000", HMV_UNKNOWN_CRITICAL},
        {closed_map, "a200050100", HMV_UNKNOWN_CRITICAL},
        {closed_map, "a200051affffffff00", HMV_MALFORMED},
        {closed_map, "a200053bffffffffffffffff00", HMV_MALFORMED},
        {pair, "8105", HMV_MALFORMED},
        {pair, "8305410000", HMV_MALFORMED},
        {pair, "80", HMV_MALFORMED},
        {pair, "9bffffffffffffffff", HMV_MALFORMED},
        {pair, "8241ff05", HMV_MALFORMED},
        {pair, "a10541ff", HMV_MALFORMED},
    };
    record is;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hmv_reason reason = decode_one(bad[i].table, bad[i].hex, &is);
        if (reason != bad[i].reason) fail_msg("%s: %u, not %u", bad[i].hex, reason, bad[i].reason);
    }
}

static void the_first_fault_stays_and_ends_all_reading(void **state) {
    (void)state;
    static const uint8_t octets_[] = {0x18, 0x00, 0x05, 0x05};
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    hmv_reader reader, other;
    record is;
    hmv_open(&reader, &(hmv_bytes){octets_, 4}, &parse);
    hmv_open(&other, &(hmv_bytes){&octets_[2], 2}, &parse);
    hmv_read(&reader, &version, &is);
    assert_int_equal(parse.fault, HMV_MALFORMED);
    assert_int_equal(reader.left, 0);
    is.number = 77;
    hmv_read(&other, &number, &is);
    assert_int_equal(other.left, 0);
    assert_true(is.number == 77);
    hmv_fault(&parse, HMV_TWICE);
    assert_int_equal(parse.fault, HMV_MALFORMED);
}

static void finds_and_counts_names_once(void **state) {
    (void)state;
    static const struct {
        const hmv_field *table;
        const char *hex;
        hmv_reason reason;
    } lists[] = {
        {named, "828241010082410200", HMV_UNDECIDED},
        {named, "80", HMV_UNDECIDED},
        {named, "828241010082410101", HMV_TWICE},
        {named, "838241010082410200824101f6", HMV_TWICE},
        {named, "8282410100824102", HMV_MALFORMED},
        {named, "81824101", HMV_MALFORMED},
        {joined,
         "82824101616182410161"
         "62",
         HMV_UNDECIDED},
        {joined,
         "82824101616182410161"
         "61",
         HMV_TWICE},
        {joined, "8182410161ff", HMV_MALFORMED},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        octets input = from_hex(lists[i].hex);
        hmv_parse parse = {.fault = HMV_UNDECIDED};
        hmv_check_once(&parse, &(hmv_bytes){input.data, input.size}, lists[i].table);
        assert_int_equal(parse.fault, lists[i].reason);
        free(input.data);
    }
}

static void the_same_bytes_are_some_bytes(void **state) {
    (void)state;
    static const uint8_t a[] = {1, 2, 3}, b[] = {1, 2, 4};
    assert_true(hmv_is_same(&(hmv_bytes){a, 3}, &(hmv_bytes){a, 3}));
    assert_true(hmv_is_same(&(hmv_bytes){a, 2}, &(hmv_bytes){b, 2}));
    assert_false(hmv_is_same(&(hmv_bytes){a, 3}, &(hmv_bytes){b, 3}));
    assert_false(hmv_is_same(&(hmv_bytes){a, 3}, &(hmv_bytes){a, 2}));
    assert_false(hmv_is_same(&(hmv_bytes){a, 0}, &(hmv_bytes){a, 0}));
    assert_false(hmv_is_same(&(hmv_bytes){NULL, 0}, &(hmv_bytes){NULL, 0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_of_every_length),
        cmocka_unit_test(reads_strings_lists_and_items),
        cmocka_unit_test(refuses_every_other_encoding),
        cmocka_unit_test(decodes_maps_and_arrays_by_table),
        cmocka_unit_test(refuses_maps_and_arrays_that_the_table_does_not_know),
        cmocka_unit_test(the_first_fault_stays_and_ends_all_reading),
        cmocka_unit_test(finds_and_counts_names_once),
        cmocka_unit_test(the_same_bytes_are_some_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
