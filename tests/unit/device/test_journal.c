#include "lab.h"

#include <journal.h>

enum { SIZE = 5 * HMB_ERASE_SIZE, AT = HMB_ERASE_SIZE, MAGIC = 0x12345678 };

typedef struct note {
    hmb_entry entry;
    uint8_t text[480];
    uint8_t check[HMB_CHECK_SIZE];
} note;
enum {
    PLACE = ((int)sizeof(note) + HMB_UNIT_SIZE - 1) / HMB_UNIT_SIZE * HMB_UNIT_SIZE,
    PLACES = HMB_ERASE_SIZE / PLACE
};

static uint8_t data[SIZE];
static nor flash;
static hmb_flash interface;
static hmb_journal journal;
static note latest;

static int begin(void **state) {
    (void)state;
    memset(data, 0xff, sizeof data);
    flash = (nor){.data = data, .size = sizeof data, .seed = 7};
    interface = nor_interface(&flash);
    memset(&latest, 0x55, sizeof latest);
    assert_int_equal(hmb_journal_open(&journal, &interface, AT, MAGIC, (uint8_t *)&latest, sizeof latest), HMV_BAD);
    return 0;
}

static hmv_verdict open_again(void) {
    return hmb_journal_open(&journal, &interface, AT, MAGIC, (uint8_t *)&latest, sizeof latest);
}

static void append(uint8_t text) {
    memset(latest.text, text, sizeof latest.text);
    assert_int_equal(hmb_journal_append(&journal, (uint8_t *)&latest), HMV_GOOD);
}

static void has_none_when_blank(void **state) {
    (void)state;
    assert_int_equal(open_again(), HMV_BAD);
    assert_int_equal(latest.entry.number, 0);
    assert_int_equal(latest.text[0], 0);
}

static void finds_the_latest_of_many_more_than_there_is_room_for(void **state) {
    (void)state;
    for (uint8_t i = 1; i < 100; i++) {
        append(i);
        assert_int_equal(open_again(), HMV_GOOD);
        assert_int_equal(latest.entry.number, i);
        assert_int_equal(latest.text[77], i);
    }
    assert_int_equal(flash.faults, 0);
}

static void erases_a_block_only_when_the_other_is_full(void **state) {
    (void)state;
    uint32_t wear[SIZE / HMB_ERASE_SIZE] = {0};
    flash.wear = wear;
    for (int i = 0; i < 10 * PLACES; i++) append((uint8_t)i);
    assert_int_equal(wear[1] + wear[2], 10);
    assert_int_equal(wear[0] + wear[3] + wear[4], 0);
}

static void passes_over_an_entry_that_was_changed(void **state) {
    (void)state;
    append(1);
    append(2);
    data[AT + PLACE + 100] &= 0;
    assert_int_equal(open_again(), HMV_GOOD);
    assert_int_equal(latest.text[0], 1);
    append(3); /* behind the changed one */
    assert_int_equal(open_again(), HMV_GOOD);
    assert_int_equal(latest.text[0], 3);
    assert_int_equal(flash.faults, 0);
}

static void takes_no_entry_of_another_kind_or_size(void **state) {
    (void)state;
    append(1);
    uint8_t other[sizeof latest];
    assert_int_equal(hmb_journal_open(&journal, &interface, AT, MAGIC + 1, other, sizeof other), HMV_BAD);
    assert_int_equal(hmb_journal_open(&journal, &interface, AT, MAGIC, other, sizeof other - 16), HMV_BAD);
}

static void takes_no_bit_flip_anywhere(void **state) {
    (void)state;
    append(9);
    for (size_t bit = 0; bit < 8 * sizeof(note); bit++) {
        data[AT + bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (open_again() == HMV_GOOD) fail_msg("bit %zu", bit);
        data[AT + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(open_again(), HMV_GOOD);
}

static void keeps_the_one_before_or_has_the_new_one_whenever_power_fails(void **state) {
    (void)state;
    for (uint64_t cut = 1; cut < 700; cut++) {
        begin(NULL);
        uint8_t i = 0;
        flash.cut = cut;
        flash.seed = (uint32_t)cut;
        do {
            memset(latest.text, ++i, sizeof latest.text);
        } while (hmb_journal_append(&journal, (uint8_t *)&latest) == HMV_GOOD);
        nor_reset(&flash);
        if (open_again() == HMV_GOOD)
            assert_in_range(latest.text[0], i - 1, i);
        else
            assert_int_equal(i, 1);
        append(200);
        assert_int_equal(open_again(), HMV_GOOD);
        assert_int_equal(latest.text[0], 200);
        assert_int_equal(flash.faults, 0);
    }
}

static void words_that_were_torn_are_never_others(void **state) {
    (void)state;
    uint32_t words[2];
    for (uint32_t i = 1; i < 20000; i++) {
        memset(data, 0xff, HMB_WORDS_SIZE);
        flash.seed = i;
        flash.cut = flash.operations + 1;
        assert_int_equal(hmb_words_write(&interface, 0, HMB_TRY, i), HMV_BAD);
        nor_reset(&flash);
        if (hmb_words_read(&interface, 0, words) != HMV_GOOD) continue;
        assert_int_equal(words[0], HMB_TRY);
        assert_int_equal(words[1], i);
    }
}

static void blank_words_are_none(void **state) {
    (void)state;
    uint32_t words[2];
    assert_int_equal(hmb_words_read(&interface, 0, words), HMV_BAD);
    memset(data, 0, HMB_WORDS_SIZE);
    assert_int_equal(hmb_words_read(&interface, 0, words), HMV_BAD);
}

static void octets_are_the_same_only_if_all_are(void **state) {
    (void)state;
    uint8_t a[33] = {1, 2, 3}, b[33] = {1, 2, 3};
    assert_int_equal(hmb_same(a, b, sizeof a), HMV_GOOD);
    for (size_t i = 0; i < 8 * sizeof a; i++) {
        b[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(hmb_same(a, b, sizeof a), HMV_BAD);
        b[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

#define each(test) cmocka_unit_test_setup(test, begin)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(has_none_when_blank),
        each(finds_the_latest_of_many_more_than_there_is_room_for),
        each(erases_a_block_only_when_the_other_is_full),
        each(passes_over_an_entry_that_was_changed),
        each(takes_no_entry_of_another_kind_or_size),
        each(takes_no_bit_flip_anywhere),
        each(keeps_the_one_before_or_has_the_new_one_whenever_power_fails),
        each(words_that_were_torn_are_never_others),
        each(blank_words_are_none),
        each(octets_are_the_same_only_if_all_are),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
