/* What the tests of the log share: expectations, a folder of their own, logs made to order, published vectors. */
#ifndef HM_TEST_TLOG_FIXTURE_H
#define HM_TEST_TLOG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tlog/tiles.h>

#include <string.h>

/* The fault's sentence is shown where a test did not expect it. */
#define assert_ok(expression) assert_done((expression), #expression, __FILE__, __LINE__)
/* Refused, and the sentence holds WORDS. */
#define assert_refused(expression, words) assert_fault((expression), HM_REFUSED, (words), __FILE__, __LINE__)
void assert_done(hm_err err, const char *what, const char *file, int line);
void assert_fault(hm_err err, hm_class class, const char *words, const char *file, int line);

hm_merkle_hash hash_of_hex(const char *hex);
void assert_same_hash(const hm_merkle_hash *a, const hm_merkle_hash *b);

/* A new folder that is removed with all it holds. Its path is valid until then. */
typedef struct {
    char path[64];
    int fd;
} test_folder;
void test_folder_make(test_folder *folder);
void test_folder_remove(test_folder *folder);
#define TEST_FOLDER __attribute__((cleanup(test_folder_remove))) test_folder
/* One digest over the names and contents of all files. */
hm_merkle_hash test_folder_digest(const test_folder *folder);
bool test_folder_has(const test_folder *folder, const char *path);
void test_folder_write(const test_folder *folder, const char *path, hm_bytes content);
void test_folder_read(const test_folder *folder, const char *path, hm_buf *content);

/* Entries made from their index: "entry 0", "entry 1", ... */
typedef struct {
    uint64_t index;
    char text[32];
} counting_feed;
hm_entry_feed counting_entries_from(counting_feed *feed, uint64_t index);
hm_bytes counting_entry(uint64_t index, char text[static 32]);
/* Extends the log in FOLDER from TREE to SIZE with counting entries. */
void grow_log(const test_folder *folder, hm_tree_edge *tree, uint64_t size);
/* What a checkpoint of TREE would say. */
hm_checkpoint checkpoint_of(const hm_tree_edge *tree);
/* The tree's hash by its definition in RFC 9162 section 2.1.1, over counting entries [FROM, TO). */
hm_merkle_hash defined_hash(uint64_t from, uint64_t to);

/* The published file PATH under tlog/, or a skipped test. */
void read_vector(const char *path, hm_buf *content);
const char *vectors_folder(void);

#endif
