#include "fixture.h"

#include <tree.h>

static hm_err ignore_tile(void *context, int level, uint64_t number, const hm_merkle_hash *hashes, unsigned width) {
    (void)context, (void)level, (void)number, (void)hashes, (void)width;
    return HM_OK;
}

static void append(hm_tree_edge *tree, hm_tile_sink sink) {
    char text[32];
    hm_merkle_hash leaf = hm_merkle_leaf(counting_entry(tree->size, text));
    assert_ok(hm_tree_append(tree, &leaf, sink));
}

static void has_the_root_that_rfc_9162_defines_at_every_size(void **state) {
    (void)state;
    static hm_tree_edge tree;
    hm_tree_edge_init(&tree);
    for (uint64_t size = 0; size <= 600; size++) {
        hm_merkle_hash root = hm_tree_edge_root(&tree), defined = defined_hash(0, size);
        assert_same_hash(&root, &defined);
        append(&tree, (hm_tile_sink){NULL, ignore_tile});
    }
}

static void has_the_defined_root_around_two_full_levels(void **state) {
    (void)state;
    static hm_tree_edge tree;
    hm_tree_edge_init(&tree);
    for (uint64_t size = 0; size <= 65538; size++) {
        if (size >= 65535) {
            hm_merkle_hash root = hm_tree_edge_root(&tree), defined = defined_hash(0, size);
            assert_same_hash(&root, &defined);
        }
        append(&tree, (hm_tile_sink){NULL, ignore_tile});
    }
}

typedef struct {
    unsigned tiles[3];
    uint64_t last[3];
} tile_count;

static hm_err count_tile(void *context, int level, uint64_t number, const hm_merkle_hash *hashes, unsigned width) {
    tile_count *count = context;
    (void)hashes;
    assert_true(level < 3);
    assert_int_equal(width, HM_TILE_WIDTH);
    if (count->tiles[level]) assert_int_equal(number, count->last[level] + 1);
    count->last[level] = number;
    count->tiles[level]++;
    return HM_OK;
}

/* The example of C2SP tlog-tiles: 70,000 entries. */
static void a_tree_of_70000_has_the_tiles_that_the_specification_counts(void **state) {
    (void)state;
    static hm_tree_edge tree;
    tile_count count = {{0}, {0}};
    hm_tree_edge_init(&tree);
    while (tree.size < 70000) append(&tree, (hm_tile_sink){&count, count_tile});
    assert_int_equal(count.tiles[0], 273);
    assert_int_equal(count.tiles[1], 1);
    assert_int_equal(count.tiles[2], 0);
    assert_int_equal(hm_tree_edge_width(tree.size, 0), 112);
    assert_int_equal(hm_tree_edge_width(tree.size, 1), 17);
    assert_int_equal(hm_tree_edge_width(tree.size, 2), 1);
    assert_int_equal(hm_tree_edge_number(tree.size, 0), 273);
}

static hm_err failing_tile(void *context, int level, uint64_t number, const hm_merkle_hash *hashes, unsigned width) {
    (void)context, (void)level, (void)number, (void)hashes, (void)width;
    return hm_could_not("the disk is full");
}

static void a_failing_sink_fails_the_append_that_fills_a_tile(void **state) {
    (void)state;
    static hm_tree_edge tree;
    char text[32];
    hm_tree_edge_init(&tree);
    while (tree.size < 255) append(&tree, (hm_tile_sink){NULL, failing_tile});
    hm_merkle_hash leaf = hm_merkle_leaf(counting_entry(255, text));
    assert_int_equal(hm_tree_append(&tree, &leaf, (hm_tile_sink){NULL, failing_tile}).class, HM_COULD_NOT);
}

static void comes_back_from_its_stored_form(void **state) {
    (void)state;
    static hm_tree_edge tree, again;
    hm_tree_edge_init(&tree);
    for (uint64_t size = 0; size < 70000; size++) {
        if (size % 4999 == 0) {
            HM_BUF stored = HM_BUF_EMPTY, twice = HM_BUF_EMPTY;
            assert_ok(hm_tree_edge_put(&tree, &stored));
            assert_ok(hm_tree_edge_get(hm_buf_bytes(&stored), &again));
            hm_merkle_hash root = hm_tree_edge_root(&tree), root_again = hm_tree_edge_root(&again);
            assert_int_equal(again.size, size);
            assert_same_hash(&root, &root_again);
            assert_ok(hm_tree_edge_put(&again, &twice));
            assert_true(hm_bytes_equal(hm_buf_bytes(&stored), hm_buf_bytes(&twice)));
        }
        append(&tree, (hm_tile_sink){NULL, ignore_tile});
    }
}

static void refuses_a_stored_form_that_is_cut_off_or_too_long(void **state) {
    (void)state;
    static hm_tree_edge tree, again;
    hm_tree_edge_init(&tree);
    while (tree.size < 300) append(&tree, (hm_tile_sink){NULL, ignore_tile});
    HM_BUF stored = HM_BUF_EMPTY;
    assert_ok(hm_tree_edge_put(&tree, &stored));
    assert_int_equal(stored.len, 8 + (300 - 256 + 1) * HM_HASH_LEN);
    for (size_t len = 0; len < stored.len; len++) {
        assert_refused(hm_tree_edge_get(HM_BYTES(stored.data, len), &again), "stored edge");
        assert_int_equal(again.size, 0);
    }
    assert_ok(hm_put_u8(&stored, 0));
    assert_refused(hm_tree_edge_get(hm_buf_bytes(&stored), &again), "too many");
}

static void refuses_a_stored_size_that_its_hashes_do_not_fit(void **state) {
    (void)state;
    static hm_tree_edge again;
    uint8_t stored[8 + 2 * HM_HASH_LEN] = {0};
    stored[7] = 2;
    assert_ok(hm_tree_edge_get(HM_ARRAY(stored), &again));
    stored[7] = 3;
    assert_refused(hm_tree_edge_get(HM_ARRAY(stored), &again), "early");
    stored[7] = 1;
    assert_refused(hm_tree_edge_get(HM_ARRAY(stored), &again), "too many");
    memset(stored, 0xff, 8);
    assert_refused(hm_tree_edge_get(HM_ARRAY(stored), &again), "early");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_root_that_rfc_9162_defines_at_every_size),
        cmocka_unit_test(has_the_defined_root_around_two_full_levels),
        cmocka_unit_test(a_tree_of_70000_has_the_tiles_that_the_specification_counts),
        cmocka_unit_test(a_failing_sink_fails_the_append_that_fills_a_tile),
        cmocka_unit_test(comes_back_from_its_stored_form),
        cmocka_unit_test(refuses_a_stored_form_that_is_cut_off_or_too_long),
        cmocka_unit_test(refuses_a_stored_size_that_its_hashes_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
