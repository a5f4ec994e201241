#include "fixture.h"

#include <base/file.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 66000 };

static test_folder folder;
static hm_tree_edge tree;

static int make_log(void **state) {
    (void)state;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    grow_log(&folder, &tree, SIZE);
    return 0;
}

static int remove_log(void **state) {
    (void)state;
    test_folder_remove(&folder);
    return 0;
}

static hm_err audit_as(const hm_checkpoint *checkpoint) {
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder.fd, checkpoint, &reader));
    return hm_tiles_audit(reader, NULL, NULL);
}

static hm_err audit(void) {
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    return audit_as(&checkpoint);
}

/* The audit's verdict on the log with CONTENT in the place of a file's own, which is put back. */
static hm_err audit_with(const char *path, hm_bytes content) {
    HM_BUF kept = HM_BUF_EMPTY;
    test_folder_read(&folder, path, &kept);
    test_folder_write(&folder, path, content);
    hm_err err = audit();
    test_folder_write(&folder, path, hm_buf_bytes(&kept));
    return err;
}

static hm_err audit_with_byte_changed(const char *path, size_t at) {
    HM_BUF content = HM_BUF_EMPTY;
    test_folder_read(&folder, path, &content);
    assert_true(at < content.len);
    content.data[at] ^= 1;
    return audit_with(path, hm_buf_bytes(&content));
}

static hm_err audit_with_length(const char *path, size_t len) {
    HM_BUF content = HM_BUF_EMPTY;
    test_folder_read(&folder, path, &content);
    if (len > content.len) assert_ok(hm_put_zeros(&content, len - content.len));
    return audit_with(path, HM_BYTES(content.data, len));
}

typedef struct {
    uint64_t next;
} visit_state;

static hm_err visit(void *context, uint64_t index, hm_bytes entry) {
    visit_state *visited = context;
    char text[32];
    assert_int_equal(index, visited->next++);
    assert_true(hm_bytes_equal(entry, counting_entry(index, text)));
    return HM_OK;
}

static void shows_every_entry_in_order(void **state) {
    (void)state;
    visit_state visited = {0};
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    assert_ok(hm_tiles_audit(reader, visit, &visited));
    assert_int_equal(visited.next, SIZE);
}

static hm_err refuse_entry_5(void *context, uint64_t index, hm_bytes entry) {
    (void)context, (void)entry;
    return index == 5 ? hm_refuse("entry 5 is not to my liking") : HM_OK;
}

static void stops_when_the_visitor_refuses(void **state) {
    (void)state;
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    assert_refused(hm_tiles_audit(reader, refuse_entry_5, NULL), "not to my liking");
}

static void the_empty_log_is_whole(void **state) {
    (void)state;
    hm_checkpoint checkpoint = {.size = 0, .root = hm_merkle_empty()};
    assert_ok(audit_as(&checkpoint));
    checkpoint.root.byte[0] ^= 1;
    assert_refused(audit_as(&checkpoint), "do not give the checkpoint's root");
}

static void names_a_changed_tile_and_its_entries(void **state) {
    (void)state;
    assert_refused(audit_with_byte_changed("tile/0/007", 31), "tile/0/007 differs from the entries it stands for "
                                                              "(entries 1792 to 2047)");
    assert_refused(audit_with_byte_changed("tile/0/257.p/208", 0),
                   "tile/0/257.p/208 differs from the entries it stands for (entries 65792 to 65999)");
    assert_refused(audit_with_byte_changed("tile/1/000", 8191),
                   "tile/1/000 differs from the entries it stands for (entries 0 to 65535)");
    assert_refused(audit_with_byte_changed("tile/1/001.p/1", 0),
                   "tile/1/001.p/1 differs from the entries it stands for (entries 65536 to 65791)");
    assert_refused(audit_with_byte_changed("tile/2/000.p/1", 9), "tile/2/000.p/1 differs");
}

static void names_the_bundle_when_the_root_speaks_for_the_tile(void **state) {
    (void)state;
    assert_refused(audit_with_byte_changed("tile/entries/003", 2),
                   "tile/entries/003 differs from the log's tree (entry 768)");
    assert_refused(audit_with_byte_changed("tile/entries/257.p/208", 15),
                   "tile/entries/257.p/208 differs from the log's tree (entry 65793)");
}

static void names_a_missing_file(void **state) {
    (void)state;
    static const char *const files[] = {"tile/entries/100", "tile/0/100", "tile/1/000", "tile/2/000.p/1",
                                        "tile/entries/257.p/208"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        HM_BUF kept = HM_BUF_EMPTY;
        test_folder_read(&folder, files[i], &kept);
        assert_int_equal(unlinkat(folder.fd, files[i], 0), 0);
        assert_refused(audit(), files[i]);
        assert_refused(audit(), "is missing (entries ");
        test_folder_write(&folder, files[i], hm_buf_bytes(&kept));
    }
    assert_ok(audit());
}

static void names_a_file_of_another_length(void **state) {
    (void)state;
    assert_refused(audit_with_length("tile/0/007", 8160), "tile/0/007 has a wrong size (entries 1792 to 2047)");
    assert_refused(audit_with_length("tile/0/007", 0), "tile/0/007 has a wrong size");
    assert_refused(audit_with_length("tile/0/007", 8193), "tile/0/007");
    assert_refused(audit_with_length("tile/0/257.p/208", 8192), "tile/0/257.p/208 has a wrong size");
    assert_refused(audit_with_length("tile/entries/007", 100), "tile/entries/007 is cut off");
    assert_refused(audit_with_length("tile/entries/007", 4000), "tile/entries/007 has bytes behind its last entry");
    assert_refused(audit_with_length("tile/entries/257.p/208", 10000), "tile/entries/257.p/208 has bytes behind");
    assert_refused(audit_with_length("tile/entries/007", 300000), "tile/entries/007");
}

static void refuses_entries_that_were_dropped_doubled_or_swapped(void **state) {
    (void)state;
    HM_BUF bundle = HM_BUF_EMPTY;
    test_folder_read(&folder, "tile/entries/002", &bundle);
    /* Entries 512 and 513 have the same length: "entry 512" behind two bytes of length. */
    uint8_t first[11];
    memcpy(first, bundle.data, sizeof first);
    memmove(bundle.data, &bundle.data[11], 11);
    assert_refused(audit_with("tile/entries/002", hm_buf_bytes(&bundle)), "tile/entries/002 differs");
    memcpy(&bundle.data[11], first, sizeof first);
    assert_refused(audit_with("tile/entries/002", hm_buf_bytes(&bundle)), "tile/entries/002 differs");
    assert_refused(audit_with("tile/entries/002", HM_BYTES(&bundle.data[11], bundle.len - 11)),
                   "tile/entries/002 is cut off");
}

static void refuses_a_log_rewritten_from_the_bundle_up(void **state) {
    (void)state;
    static hm_tree_edge other;
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    checkpoint.root.byte[5] ^= 0x10;
    assert_refused(audit_as(&checkpoint), "66000 entries do not give the checkpoint's root");
    other = tree;
    checkpoint = checkpoint_of(&other);
    checkpoint.size--;
    assert_refused(audit_as(&checkpoint), "");
    checkpoint.size = SIZE + 1;
    assert_refused(audit_as(&checkpoint), "is missing");
}

static void refuses_proofs_and_entries_from_changed_files(void **state) {
    (void)state;
    static const struct {
        const char *path;
        uint64_t index; /* whose proof goes through the first hash of that tile */
    } files[] = {{"tile/0/003", 768}, {"tile/1/000", 768}, {"tile/2/000.p/1", 65999}, {"tile/0/257.p/208", 65792}};
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        HM_BUF kept = HM_BUF_EMPTY, content = HM_BUF_EMPTY, entry = HM_BUF_EMPTY;
        HM_TILE_READER *reader = NULL;
        hm_merkle_proof proof;
        test_folder_read(&folder, files[i].path, &kept);
        assert_ok(hm_put(&content, hm_buf_bytes(&kept)));
        content.data[0] ^= 1;
        test_folder_write(&folder, files[i].path, hm_buf_bytes(&content));
        assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
        assert_refused(hm_tiles_inclusion(reader, files[i].index, &proof), "the log's tiles");
        assert_int_equal(proof.count, 0);
        assert_refused(hm_tiles_entry(reader, files[i].index, &entry), "the log's tiles");
        assert_int_equal(entry.len, 0);
        test_folder_write(&folder, files[i].path, hm_buf_bytes(&kept));
    }
}

static void refuses_an_entry_out_of_a_changed_bundle(void **state) {
    (void)state;
    HM_BUF kept = HM_BUF_EMPTY, content = HM_BUF_EMPTY, entry = HM_BUF_EMPTY;
    HM_TILE_READER *reader = NULL;
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    test_folder_read(&folder, "tile/entries/003", &kept);
    assert_ok(hm_put(&content, hm_buf_bytes(&kept)));
    content.data[2] ^= 1;
    test_folder_write(&folder, "tile/entries/003", hm_buf_bytes(&content));
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    assert_refused(hm_tiles_entry(reader, 768, &entry), "log entry 768 in its bundle differs");
    assert_int_equal(entry.len, 0);
    assert_ok(hm_tiles_entry(reader, 769, &entry));
    test_folder_write(&folder, "tile/entries/003", hm_buf_bytes(&kept));
}

static void a_folder_or_a_pipe_in_the_place_of_a_tile_is_a_fault(void **state) {
    (void)state;
    HM_BUF kept = HM_BUF_EMPTY;
    test_folder_read(&folder, "tile/0/003", &kept);
    assert_int_equal(unlinkat(folder.fd, "tile/0/003", 0), 0);
    char path[128];
    snprintf(path, sizeof path, "%s/tile/0/003", folder.path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(hm_failed(audit()));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(hm_failed(audit()));
    assert_int_equal(rmdir(path), 0);
    test_folder_write(&folder, "tile/0/003", hm_buf_bytes(&kept));
    assert_ok(audit());
}

static const uint64_t known_sizes[] = {0, 1, 2, 255, 256, 257, 40000, 65535, 65536, 65537, 65999, SIZE};
enum { KNOWN_SIZES = sizeof known_sizes / sizeof known_sizes[0] };

/* Heads that the log had; its own entries are fed to a tree, no files are read. */
static hm_checkpoint head_at(uint64_t size) {
    static hm_tree_edge grown;
    char text[32];
    if (grown.size > size) hm_tree_edge_init(&grown);
    while (grown.size < size) assert_ok(hm_tree_edge_append(&grown, counting_entry(grown.size, text)));
    return checkpoint_of(&grown);
}

static hm_err audit_since(const hm_checkpoint *known, visit_state *visited) {
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    return hm_tiles_audit_since(reader, known, visited ? visit : NULL, visited);
}

static void an_audit_since_a_known_head_shows_what_came_behind_it(void **state) {
    (void)state;
    for (size_t i = 0; i < KNOWN_SIZES; i++) {
        hm_checkpoint known = head_at(known_sizes[i]);
        visit_state visited = {known.size};
        assert_ok(audit_since(&known, &visited));
        assert_int_equal(visited.next, SIZE);
    }
}

static void gives_the_edge_of_the_tree_as_it_was(void **state) {
    (void)state;
    static hm_tree_edge edge;
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    for (size_t i = 0; i < KNOWN_SIZES; i++) {
        hm_checkpoint known = head_at(known_sizes[i]);
        assert_ok(hm_tiles_edge(reader, known.size, &edge));
        hm_merkle_hash root = hm_tree_edge_root(&edge);
        assert_int_equal(edge.size, known.size);
        assert_memory_equal(&root, &known.root, sizeof root);
    }
    assert_refused(hm_tiles_edge(reader, SIZE + 1, &edge), "smaller than 66001 entries");
    assert_int_equal(edge.size, 0);
}

static void refuses_a_log_that_does_not_continue_the_known_head(void **state) {
    (void)state;
    for (size_t i = 1; i < KNOWN_SIZES; i++) {
        hm_checkpoint known = head_at(known_sizes[i]);
        known.root.byte[31] ^= 1;
        assert_refused(audit_since(&known, NULL), "do not give the root that it had");
    }
    hm_checkpoint known = head_at(SIZE);
    known.size++;
    assert_refused(audit_since(&known, NULL), "smaller than 66001 entries");
}

static void an_audit_since_a_known_head_finds_what_was_changed_behind_it(void **state) {
    (void)state;
    static const struct {
        const char *path;
        size_t at;
        const char *words;
    } changes[] = {
        {"tile/0/000", 40, "do not give the root"},
        {"tile/0/001", 5, "tile/0/001"},
        {"tile/0/256", 31, "tile/0/256"},
        {"tile/1/000", 9, ""},
        {"tile/entries/000", 6, "tile/entries/000 differs from what it was"},
        {"tile/entries/000", 2400, ""},
        {"tile/entries/100", 12, "tile/entries/100"},
    };
    hm_checkpoint known = head_at(200);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        HM_BUF kept = HM_BUF_EMPTY;
        test_folder_read(&folder, changes[i].path, &kept);
        assert_true(changes[i].at < kept.len);
        kept.data[changes[i].at] ^= 1;
        test_folder_write(&folder, changes[i].path, hm_buf_bytes(&kept));
        hm_err err = audit_since(&known, NULL);
        kept.data[changes[i].at] ^= 1;
        test_folder_write(&folder, changes[i].path, hm_buf_bytes(&kept));
        assert_refused(err, changes[i].words);
    }
}

/* A log that comes from elsewhere, with what a server may do to it. */
typedef struct {
    const char *missing, *failing;
    unsigned asked;
} elsewhere;

static hm_err read_elsewhere(void *context, const char *path, size_t limit, hm_buf *content, bool *found) {
    elsewhere *e = context;
    e->asked++;
    content->len = 0;
    if (e->failing && !strcmp(path, e->failing)) return hm_could_not("the line is down");
    *found = test_folder_has(&folder, path) && !(e->missing && !strcmp(path, e->missing));
    return *found ? hm_file_read(folder.fd, path, limit, content) : HM_OK;
}

static hm_err audit_elsewhere(elsewhere *e) {
    hm_checkpoint checkpoint = checkpoint_of(&tree), known = head_at(65999);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_over((hm_tile_source){e, read_elsewhere}, &checkpoint, &reader));
    return hm_tiles_audit_since(reader, &known, NULL, NULL);
}

static void a_log_may_come_from_elsewhere(void **state) {
    (void)state;
    elsewhere whole = {0}, gap = {.missing = "tile/0/257.p/208"}, broken = {.failing = "tile/entries/257.p/208"};
    assert_ok(audit_elsewhere(&whole));
    assert_in_range(whole.asked, 4, 12);
    assert_refused(audit_elsewhere(&gap), "tile/0/257.p/208 is missing");
    assert_fault(audit_elsewhere(&broken), HM_COULD_NOT, "the line is down", __FILE__, __LINE__);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_every_entry_in_order),
        cmocka_unit_test(stops_when_the_visitor_refuses),
        cmocka_unit_test(the_empty_log_is_whole),
        cmocka_unit_test(names_a_changed_tile_and_its_entries),
        cmocka_unit_test(names_the_bundle_when_the_root_speaks_for_the_tile),
        cmocka_unit_test(names_a_missing_file),
        cmocka_unit_test(names_a_file_of_another_length),
        cmocka_unit_test(refuses_entries_that_were_dropped_doubled_or_swapped),
        cmocka_unit_test(refuses_a_log_rewritten_from_the_bundle_up),
        cmocka_unit_test(refuses_proofs_and_entries_from_changed_files),
        cmocka_unit_test(refuses_an_entry_out_of_a_changed_bundle),
        cmocka_unit_test(a_folder_or_a_pipe_in_the_place_of_a_tile_is_a_fault),
        cmocka_unit_test(an_audit_since_a_known_head_shows_what_came_behind_it),
        cmocka_unit_test(refuses_a_log_that_does_not_continue_the_known_head),
        cmocka_unit_test(gives_the_edge_of_the_tree_as_it_was),
        cmocka_unit_test(an_audit_since_a_known_head_finds_what_was_changed_behind_it),
        cmocka_unit_test(a_log_may_come_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, make_log, remove_log);
}
