/* What is wrong with a port's layout is said before anything is read or written. */
#include "lab.h"

static lab self;
static hmb_layout layout;

static int begin(void **state) {
    (void)state;
    lab_init(&self, "v2.pack");
    layout = lab_layout;
    self.board.layout = &layout;
    return 0;
}

static int end(void **state) {
    (void)state;
    lab_clear(&self);
    return 0;
}

/* The layout is as begin left it again afterwards. */
static void is_refused(hmv_reason wanted, const char *what) {
    hmv_reason answer = hmb_layout_check(&self.board);
    if (answer != wanted) fail_msg("%s: %u, %s", what, answer, hmb_reason_text(answer));
    assert_int_equal(lab_boot(&self), wanted);
    assert_int_equal(self.boot.record.undecided, wanted);
    assert_string_equal(lab_running(&self), "nothing");
    assert_int_equal(self.nor.operations, 0);
    layout = lab_layout;
}

static void takes_the_row_that_the_macros_make(void **state) {
    (void)state;
    static const hmb_layout row = HMB_ROW(3 * HMB_ERASE_SIZE, "main", 5001, "limits", 17);
    assert_int_equal(hmb_layout_check(&self.board), HMV_ACCEPTED);
    self.board.layout = &row;
    assert_int_equal(hmb_layout_check(&self.board), HMV_ACCEPTED);
    assert_int_equal(row.state, 3 * HMB_ERASE_SIZE);
    assert_int_equal(row.bank[HMB_PARAMETERS].slot[1] + HMB_SLOT_SIZE(17), row.end);
    assert_int_equal(row.bank[HMB_FIRMWARE].payload_size, HMB_BLOCKS(5001));
}

/* The areas of a layout, to be moved one by one. */
enum { AREAS = 3 + HMB_LISTS + HMB_BANKS * HMB_SLOTS };
static void gather(uint32_t *areas[AREAS]) {
    size_t count = 0;
    areas[count++] = &layout.state;
    areas[count++] = &layout.records;
    areas[count++] = &layout.mailbox;
    for (size_t i = 0; i < HMB_LISTS; i++) areas[count++] = &layout.list[i];
    for (size_t i = 0; i < HMB_BANKS; i++)
        for (size_t slot = 0; slot < HMB_SLOTS; slot++) areas[count++] = &layout.bank[i].slot[slot];
    assert_int_equal(count, AREAS);
}

static void refuses_an_area_that_begins_within_a_block(void **state) {
    (void)state;
    uint32_t *areas[AREAS];
    gather(areas);
    for (size_t i = 0; i < AREAS; i++) {
        *areas[i] += HMB_ERASE_SIZE / 2;
        is_refused(HMB_LAYOUT_UNALIGNED, "half a block further");
        *areas[i] += 1;
        is_refused(HMB_LAYOUT_UNALIGNED, "a byte further");
    }
}

static void refuses_areas_that_overlap(void **state) {
    (void)state;
    uint32_t *areas[AREAS];
    gather(areas);
    for (size_t i = 0; i < AREAS; i++)
        for (size_t j = 0; j < AREAS; j++) {
            if (i == j) continue;
            *areas[i] = *areas[j];
            if (*areas[j] > 0 && hmb_layout_check(&self.board) == HMB_LAYOUT_OUTSIDE) {
                layout = lab_layout; /* a larger one in the place of the last */
                continue;
            }
            is_refused(HMB_LAYOUT_OVERLAP, "two in one place");
        }
}

/* What a larger erase block makes of addresses that were written down for a smaller one. */
static void refuses_areas_that_overlap_by_one_block(void **state) {
    (void)state;
    uint32_t *areas[AREAS];
    gather(areas);
    for (size_t i = 1; i < AREAS; i++) {
        *areas[i] -= HMB_ERASE_SIZE;
        is_refused(HMB_LAYOUT_OVERLAP, "a block too early");
    }
}

static void refuses_what_ends_behind_the_end(void **state) {
    (void)state;
    uint32_t *areas[AREAS];
    gather(areas);
    layout.end -= HMB_ERASE_SIZE;
    is_refused(HMB_LAYOUT_OUTSIDE, "the last");
    layout.end = 0;
    is_refused(HMB_LAYOUT_OUTSIDE, "no flash");
    for (size_t i = 0; i < AREAS; i++) {
        *areas[i] = UINT32_MAX / HMB_ERASE_SIZE * HMB_ERASE_SIZE;
        is_refused(HMB_LAYOUT_OUTSIDE, "where addresses end");
    }
}

static void refuses_a_payload_that_memory_has_no_room_for(void **state) {
    (void)state;
    for (size_t i = 0; i < HMB_BANKS; i++) {
        layout.bank[i].payload_size += HMB_ERASE_SIZE;
        is_refused(HMB_LAYOUT_MEMORY, "a block more");
        layout.bank[i].payload_size = UINT32_MAX / HMB_ERASE_SIZE * HMB_ERASE_SIZE;
        is_refused(HMB_LAYOUT_OUTSIDE, "all that there is");
        self.board.memory[i].size--;
        is_refused(HMB_LAYOUT_MEMORY, "a byte less of memory");
        self.board.memory[i].size++;
    }
}

static void refuses_a_component_that_no_release_has(void **state) {
    (void)state;
    for (size_t i = 0; i < HMB_BANKS; i++) {
        layout.bank[i].component.size = 0;
        is_refused(HMB_LAYOUT_COMPONENT, "no id");
        layout.bank[i].component.size = HMV_ID_MAX + 1;
        is_refused(HMB_LAYOUT_COMPONENT, "a long id");
        layout.bank[i].kind = 0;
        is_refused(HMB_LAYOUT_COMPONENT, "no kind");
    }
}

#define each(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(takes_the_row_that_the_macros_make),
        each(refuses_an_area_that_begins_within_a_block),
        each(refuses_areas_that_overlap),
        each(refuses_areas_that_overlap_by_one_block),
        each(refuses_what_ends_behind_the_end),
        each(refuses_a_payload_that_memory_has_no_room_for),
        each(refuses_a_component_that_no_release_has),
    };
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
