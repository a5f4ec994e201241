#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

static void names_tiles_as_the_specification_does(void **state) {
    (void)state;
    static const struct {
        int level;
        uint64_t number;
        unsigned width;
        const char *path;
    } known[] = {
        {0, 0, 0, "tile/0/000"},
        {0, 999, 0, "tile/0/999"},
        {0, 1000, 0, "tile/0/x001/000"},
        {3, 1234067, 0, "tile/3/x001/x234/067"},
        {0, 1234, 5, "tile/0/x001/234.p/5"},
        {-1, 1234067, 255, "tile/entries/x001/x234/067.p/255"},
        {7, UINT64_MAX, 255, "tile/7/x018/x446/x744/x073/x709/x551/615.p/255"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char path[HM_TILE_PATH_MAX];
        hm_tile_path(known[i].level, known[i].number, known[i].width, path);
        assert_string_equal(path, known[i].path);
    }
}

/* The log in FOLDER is whole, and every proof out of it holds for a sample of entries. */
static void assert_sound(const test_folder *folder, const hm_tree_edge *tree) {
    hm_checkpoint checkpoint = checkpoint_of(tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder->fd, &checkpoint, &reader));
    assert_ok(hm_tiles_audit(reader, NULL, NULL));
    uint64_t step = tree->size / 97 + 1;
    for (uint64_t index = 0; index < tree->size; index += step) {
        char text[32];
        hm_merkle_proof proof;
        HM_BUF entry = HM_BUF_EMPTY;
        hm_merkle_hash leaf = hm_merkle_leaf(counting_entry(index, text));
        assert_ok(hm_tiles_inclusion(reader, index, &proof));
        assert_ok(hm_merkle_check_inclusion(&leaf, index, tree->size, &proof, &checkpoint.root));
        assert_ok(hm_tiles_entry(reader, index, &entry));
        assert_true(hm_bytes_equal(hm_buf_bytes(&entry), counting_entry(index, text)));
    }
}

static void the_same_log_comes_from_one_extension_and_from_many(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1,   2,    3,    255,   256,   257,   300,   511,   512,   513,  700,
                                     768, 1000, 1024, 65279, 65280, 65535, 65536, 65537, 65538, 66000};
    static hm_tree_edge many, one;
    TEST_FOLDER stepwise;
    test_folder_make(&stepwise);
    hm_tree_edge_init(&many);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        TEST_FOLDER at_once;
        grow_log(&stepwise, &many, sizes[i]);
        test_folder_make(&at_once);
        hm_tree_edge_init(&one);
        grow_log(&at_once, &one, sizes[i]);
        hm_merkle_hash root_of_many = hm_tree_edge_root(&many), root_of_one = hm_tree_edge_root(&one);
        assert_same_hash(&root_of_many, &root_of_one);
        if (sizes[i] <= 1024 || i % 3 == 0) assert_sound(&stepwise, &many);
    }
    hm_merkle_hash root = hm_tree_edge_root(&many), defined = defined_hash(0, 66000);
    assert_same_hash(&root, &defined);
}

static void writing_the_same_extension_again_gives_the_same_files(void **state) {
    (void)state;
    static const struct {
        uint64_t from, to;
    } runs[] = {{0, 1}, {0, 255}, {100, 256}, {255, 257}, {256, 512}, {500, 1100}, {1, 70000}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        static hm_tree_edge before, tree;
        TEST_FOLDER folder;
        test_folder_make(&folder);
        hm_tree_edge_init(&before);
        grow_log(&folder, &before, runs[i].from);
        tree = before;
        grow_log(&folder, &tree, runs[i].to);
        hm_merkle_hash files = test_folder_digest(&folder);
        tree = before;
        grow_log(&folder, &tree, runs[i].to);
        hm_merkle_hash files_again = test_folder_digest(&folder);
        assert_same_hash(&files, &files_again);
        assert_sound(&folder, &tree);
    }
}

static void partial_files_stay_until_a_full_one_replaces_them(void **state) {
    (void)state;
    static hm_tree_edge tree;
    TEST_FOLDER folder;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    grow_log(&folder, &tree, 3);
    grow_log(&folder, &tree, 7);
    assert_true(test_folder_has(&folder, "tile/0/000.p/3"));
    assert_true(test_folder_has(&folder, "tile/entries/000.p/3"));
    assert_true(test_folder_has(&folder, "tile/0/000.p/7"));
    assert_false(test_folder_has(&folder, "tile/1"));
    grow_log(&folder, &tree, 256);
    assert_false(test_folder_has(&folder, "tile/0/000.p"));
    assert_false(test_folder_has(&folder, "tile/entries/000.p"));
    assert_false(test_folder_has(&folder, "tile/0/001.p"));
    assert_true(test_folder_has(&folder, "tile/0/000"));
    assert_true(test_folder_has(&folder, "tile/1/000.p/1"));
}

static void a_full_tile_serves_an_older_checkpoint(void **state) {
    (void)state;
    static hm_tree_edge tree, old;
    TEST_FOLDER folder;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    grow_log(&folder, &tree, 300);
    old = tree;
    grow_log(&folder, &tree, 1000);
    assert_false(test_folder_has(&folder, "tile/0/001.p"));
    assert_sound(&folder, &old);
    assert_sound(&folder, &tree);
}

static void proves_that_every_size_is_the_beginning_of_the_next(void **state) {
    (void)state;
    static hm_tree_edge tree;
    hm_merkle_hash roots[71];
    TEST_FOLDER folder;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    for (unsigned i = 0; i <= 70; i++) {
        grow_log(&folder, &tree, i * 11);
        roots[i] = hm_tree_edge_root(&tree);
    }
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    for (unsigned i = 1; i <= 70; i++) {
        hm_merkle_proof proof;
        assert_ok(hm_tiles_consistency(reader, i * 11, &proof));
        assert_ok(hm_merkle_check_consistency(i * 11, tree.size, &roots[i], &checkpoint.root, &proof));
        assert_refused(hm_merkle_check_consistency(i * 11, tree.size, &roots[i - 1], &checkpoint.root, &proof), "");
    }
    hm_merkle_proof proof;
    assert_ok(hm_tiles_consistency(reader, 0, &proof));
    assert_int_equal(proof.count, 0);
    assert_refused(hm_tiles_consistency(reader, tree.size + 1, &proof), "smaller than 771 entries");
}

static void refuses_indexes_behind_the_end(void **state) {
    (void)state;
    static hm_tree_edge tree;
    hm_merkle_proof proof;
    HM_BUF entry = HM_BUF_EMPTY;
    TEST_FOLDER folder;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    grow_log(&folder, &tree, 10);
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    assert_refused(hm_tiles_inclusion(reader, 10, &proof), "no entry 10");
    assert_refused(hm_tiles_entry(reader, UINT64_MAX, &entry), "no entry");
    assert_int_equal(entry.len, 0);
}

static void refuses_to_shrink_and_does_nothing_when_nothing_is_new(void **state) {
    (void)state;
    static hm_tree_edge tree;
    counting_feed feed;
    TEST_FOLDER folder;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    grow_log(&folder, &tree, 10);
    hm_merkle_hash files = test_folder_digest(&folder);
    hm_err err = hm_tiles_extend(folder.fd, &tree, 9, counting_entries_from(&feed, 0));
    assert_int_equal(err.class, HM_MISUSED);
    assert_ok(hm_tiles_extend(folder.fd, &tree, 10, (hm_entry_feed){NULL, NULL}));
    hm_merkle_hash files_after = test_folder_digest(&folder);
    assert_same_hash(&files, &files_after);
}

/* A feed that gives one entry other than it was, of another length, or a fault. */
typedef struct {
    counting_feed feed;
    uint64_t odd;
    hm_bytes entry; /* instead; without an address: a fault */
} odd_feed;

static hm_err next_odd_entry(void *context, hm_bytes *entry) {
    odd_feed *odd = context;
    *entry = counting_entry(odd->feed.index++, odd->feed.text);
    if (odd->feed.index - 1 != odd->odd) return HM_OK;
    *entry = odd->entry;
    return odd->entry.data ? HM_OK : hm_could_not("the store is gone");
}

/* The fault leaves tree and files as they were. */
static void assert_extension_fails(uint64_t from, uint64_t to, uint64_t odd, hm_bytes entry, const char *words) {
    static hm_tree_edge tree, before;
    odd_feed feed = {{from - from % HM_TILE_WIDTH, ""}, odd, entry};
    TEST_FOLDER folder;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    grow_log(&folder, &tree, from);
    before = tree;
    assert_fault(hm_tiles_extend(folder.fd, &tree, to, (hm_entry_feed){&feed, next_odd_entry}),
                 entry.data ? HM_REFUSED : HM_COULD_NOT, words, __FILE__, __LINE__);
    assert_memory_equal(&tree, &before, sizeof tree);
    if (from) assert_sound(&folder, &tree);
    grow_log(&folder, &tree, to);
    assert_sound(&folder, &tree);
    assert_false(test_folder_has(&folder, "tile/entries/.000.new"));
}

static void refuses_an_entry_that_is_not_what_was_published(void **state) {
    (void)state;
    assert_extension_fails(300, 400, 256, hm_text("entry 2560"), "log entry 256 is not what it was");
    assert_extension_fails(300, 400, 299, hm_text(""), "log entry 299 is not what it was");
}

static void refuses_an_entry_that_is_too_long(void **state) {
    (void)state;
    static uint8_t long_entry[HM_ENTRY_MAX + 1];
    assert_extension_fails(300, 400, 350, HM_ARRAY(long_entry), "1025 bytes is too long");
    assert_extension_fails(0, 1000, 999, HM_ARRAY(long_entry), "1025 bytes is too long");
}

static void a_failing_feed_changes_nothing(void **state) {
    (void)state;
    assert_extension_fails(0, 1000, 700, HM_NO_BYTES, "the store is gone");
    assert_extension_fails(200, 1000, 100, HM_NO_BYTES, "the store is gone");
}

static void an_entry_may_be_empty_or_of_the_greatest_length(void **state) {
    (void)state;
    static uint8_t long_entry[HM_ENTRY_MAX];
    static hm_tree_edge tree;
    odd_feed feed = {{0, ""}, 3, HM_ARRAY(long_entry)};
    TEST_FOLDER folder;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    assert_ok(hm_tiles_extend(folder.fd, &tree, 5, (hm_entry_feed){&feed, next_odd_entry}));
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    HM_TILE_READER *reader = NULL;
    HM_BUF entry = HM_BUF_EMPTY;
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    assert_ok(hm_tiles_entry(reader, 3, &entry));
    assert_int_equal(entry.len, HM_ENTRY_MAX);
    assert_ok(hm_tiles_audit(reader, NULL, NULL));
}

static void publishes_the_checkpoint_in_one_step(void **state) {
    (void)state;
    HM_BUF content = HM_BUF_EMPTY;
    TEST_FOLDER folder;
    test_folder_make(&folder);
    assert_ok(hm_tiles_publish(folder.fd, hm_text("first, and longer\n")));
    assert_ok(hm_tiles_publish(folder.fd, hm_text("second\n")));
    test_folder_read(&folder, "checkpoint", &content);
    assert_true(hm_bytes_equal(hm_buf_bytes(&content), hm_text("second\n")));
}

static void a_file_in_the_way_of_a_folder_is_a_fault(void **state) {
    (void)state;
    static hm_tree_edge tree;
    counting_feed feed;
    TEST_FOLDER folder;
    test_folder_make(&folder);
    test_folder_write(&folder, "tile", HM_NO_BYTES);
    hm_tree_edge_init(&tree);
    assert_int_equal(hm_tiles_extend(folder.fd, &tree, 10, counting_entries_from(&feed, 0)).class, HM_COULD_NOT);
    assert_int_equal(tree.size, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tiles_as_the_specification_does),
        cmocka_unit_test(the_same_log_comes_from_one_extension_and_from_many),
        cmocka_unit_test(writing_the_same_extension_again_gives_the_same_files),
        cmocka_unit_test(partial_files_stay_until_a_full_one_replaces_them),
        cmocka_unit_test(a_full_tile_serves_an_older_checkpoint),
        cmocka_unit_test(proves_that_every_size_is_the_beginning_of_the_next),
        cmocka_unit_test(refuses_indexes_behind_the_end),
        cmocka_unit_test(refuses_to_shrink_and_does_nothing_when_nothing_is_new),
        cmocka_unit_test(refuses_an_entry_that_is_not_what_was_published),
        cmocka_unit_test(refuses_an_entry_that_is_too_long),
        cmocka_unit_test(a_failing_feed_changes_nothing),
        cmocka_unit_test(an_entry_may_be_empty_or_of_the_greatest_length),
        cmocka_unit_test(publishes_the_checkpoint_in_one_step),
        cmocka_unit_test(a_file_in_the_way_of_a_folder_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
