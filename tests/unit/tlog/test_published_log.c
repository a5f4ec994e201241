/* A log that another implementation wrote (tessera): read back, audited, proofs made from its tiles. */
#include "fixture.h"

#include <base/file.h>

#include <fcntl.h>
#include <stdio.h>

static const char vkey[] = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
enum { CHECKPOINTS = 16 };

static int log_dirfd = -1;
static hm_note_key key;
static hm_checkpoint checkpoints[CHECKPOINTS];

static int close_log(void **state) {
    (void)state;
    hm_fd_close(&log_dirfd);
    return 0;
}

static void open_log(void) {
    char path[4096];
    if (log_dirfd >= 0) return;
    snprintf(path, sizeof path, "%s/tlog/tessera-log", vectors_folder());
    assert_ok(hm_folder_open(AT_FDCWD, path, &log_dirfd));
    assert_ok(hm_note_key_parse(hm_text(vkey), &key));
    for (unsigned size = 0; size < CHECKPOINTS; size++) {
        HM_BUF note = HM_BUF_EMPTY;
        snprintf(path, sizeof path, "checkpoint.%u", size);
        assert_ok(hm_file_read(log_dirfd, path, 10000, &note));
        assert_ok(hm_checkpoint_open(hm_buf_bytes(&note), &key, &checkpoints[size]));
        assert_int_equal(checkpoints[size].size, size);
    }
}

static void its_checkpoints_open_with_its_key_only(void **state) {
    (void)state;
    HM_BUF note = HM_BUF_EMPTY;
    hm_checkpoint checkpoint;
    open_log();
    hm_note_key other = key;
    assert_ok(hm_file_read(log_dirfd, "checkpoint", 10000, &note));
    assert_ok(hm_checkpoint_open(hm_buf_bytes(&note), &key, &checkpoint));
    assert_int_equal(checkpoint.size, 15);
    other.spki[other.spki_len - 1] ^= 1;
    assert_refused(hm_checkpoint_open(hm_buf_bytes(&note), &other, &checkpoint), "example.com/log/testdata");
    other = key;
    other.id[3] ^= 1;
    assert_refused(hm_checkpoint_open(hm_buf_bytes(&note), &other, &checkpoint), "not signed by the key");
}

static void every_published_size_passes_the_audit(void **state) {
    (void)state;
    open_log();
    for (unsigned size = 0; size < CHECKPOINTS; size++) {
        HM_TILE_READER *reader = NULL;
        assert_ok(hm_tile_reader_new(log_dirfd, &checkpoints[size], &reader));
        assert_ok(hm_tiles_audit(reader, NULL, NULL));
    }
}

static void every_size_passes_the_audit_since_every_earlier_one(void **state) {
    (void)state;
    open_log();
    for (unsigned size = 0; size < CHECKPOINTS; size++) {
        for (unsigned known = 0; known <= size; known++) {
            HM_TILE_READER *reader = NULL;
            hm_checkpoint other = checkpoints[known];
            assert_ok(hm_tile_reader_new(log_dirfd, &checkpoints[size], &reader));
            assert_ok(hm_tiles_audit_since(reader, &checkpoints[known], NULL, NULL));
            other.root = checkpoints[(known + 1) % CHECKPOINTS].root;
            if (known) assert_refused(hm_tiles_audit_since(reader, &other, NULL, NULL), "do not give the root");
        }
    }
}

static void an_audit_under_another_root_fails(void **state) {
    (void)state;
    open_log();
    for (unsigned size = 0; size < CHECKPOINTS; size++) {
        HM_TILE_READER *reader = NULL;
        hm_checkpoint forged = checkpoints[size];
        forged.root = checkpoints[(size + 1) % CHECKPOINTS].root;
        assert_ok(hm_tile_reader_new(log_dirfd, &forged, &reader));
        assert_refused(hm_tiles_audit(reader, NULL, NULL), "do not give the checkpoint's root");
    }
}

static void every_entry_is_proven_in_every_size(void **state) {
    (void)state;
    open_log();
    for (unsigned size = 1; size < CHECKPOINTS; size++) {
        HM_TILE_READER *reader = NULL;
        assert_ok(hm_tile_reader_new(log_dirfd, &checkpoints[size], &reader));
        for (unsigned index = 0; index < size; index++) {
            hm_merkle_proof proof;
            HM_BUF entry = HM_BUF_EMPTY;
            assert_ok(hm_tiles_inclusion(reader, index, &proof));
            assert_ok(hm_tiles_entry(reader, index, &entry));
            hm_merkle_hash leaf = hm_merkle_leaf(hm_buf_bytes(&entry));
            assert_ok(hm_merkle_check_inclusion(&leaf, index, size, &proof, &checkpoints[size].root));
            assert_refused(hm_merkle_check_inclusion(&leaf, index, size, &proof, &checkpoints[size - 1].root), "");
        }
    }
}

static void every_size_is_the_beginning_of_every_later_one(void **state) {
    (void)state;
    open_log();
    for (unsigned size = 1; size < CHECKPOINTS; size++) {
        HM_TILE_READER *reader = NULL;
        assert_ok(hm_tile_reader_new(log_dirfd, &checkpoints[size], &reader));
        for (unsigned old = 1; old <= size; old++) {
            hm_merkle_proof proof;
            const hm_merkle_hash *root = &checkpoints[size].root;
            assert_ok(hm_tiles_consistency(reader, old, &proof));
            assert_ok(hm_merkle_check_consistency(old, size, &checkpoints[old].root, root, &proof));
            assert_refused(hm_merkle_check_consistency(old, size, &checkpoints[old - 1].root, root, &proof), "");
        }
    }
}

/* The entries of the published log, fed to our writer. */
typedef struct {
    hm_reader bundle;
} bundle_feed;

static hm_err next_of_bundle(void *context, hm_bytes *entry) {
    bundle_feed *feed = context;
    uint16_t len;
    HM_TRY(hm_read_u16be(&feed->bundle, &len));
    return hm_read_bytes(&feed->bundle, len, entry);
}

static void our_writer_makes_the_same_files(void **state) {
    (void)state;
    static const char *const files[] = {"tile/0/000.p/15", "tile/entries/000.p/15"};
    static hm_tree_edge tree;
    HM_BUF bundle = HM_BUF_EMPTY;
    TEST_FOLDER folder;
    open_log();
    test_folder_make(&folder);
    assert_ok(hm_file_read(log_dirfd, files[1], 100000, &bundle));
    bundle_feed feed = {hm_reader_of(hm_buf_bytes(&bundle))};
    hm_tree_edge_init(&tree);
    assert_ok(hm_tiles_extend(folder.fd, &tree, 15, (hm_entry_feed){&feed, next_of_bundle}));
    hm_merkle_hash root = hm_tree_edge_root(&tree);
    assert_same_hash(&root, &checkpoints[15].root);
    for (size_t i = 0; i < 2; i++) {
        HM_BUF ours = HM_BUF_EMPTY, theirs = HM_BUF_EMPTY;
        test_folder_read(&folder, files[i], &ours);
        assert_ok(hm_file_read(log_dirfd, files[i], 100000, &theirs));
        assert_true(hm_bytes_equal(hm_buf_bytes(&ours), hm_buf_bytes(&theirs)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_checkpoints_open_with_its_key_only),
        cmocka_unit_test(every_published_size_passes_the_audit),
        cmocka_unit_test(every_size_passes_the_audit_since_every_earlier_one),
        cmocka_unit_test(an_audit_under_another_root_fails),
        cmocka_unit_test(every_entry_is_proven_in_every_size),
        cmocka_unit_test(every_size_is_the_beginning_of_every_later_one),
        cmocka_unit_test(our_writer_makes_the_same_files),
    };
    return cmocka_run_group_tests(tests, NULL, close_log);
}
