#include "fixture.h"

#include <base/file.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void assert_done(hm_err err, const char *what, const char *file, int line) {
    if (!hm_failed(err)) return;
    print_error("%s: %s (%s)\n", what, hm_err_sentence(), hm_err_origin());
    _fail(file, line);
}

void assert_fault(hm_err err, hm_class class, const char *words, const char *file, int line) {
    if (err.class == class && strstr(hm_err_sentence(), words)) return;
    print_error("fault of class %d, '%s', where class %d with '%s' was expected\n", (int)err.class,
                hm_failed(err) ? hm_err_sentence() : "none", (int)class, words);
    _fail(file, line);
}

hm_merkle_hash hash_of_hex(const char *hex) {
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_merkle_hash hash;
    assert_ok(hm_hex_decode(hm_text(hex), &bytes));
    assert_int_equal(bytes.len, sizeof hash.byte);
    memcpy(hash.byte, bytes.data, sizeof hash.byte);
    return hash;
}

void assert_same_hash(const hm_merkle_hash *a, const hm_merkle_hash *b) {
    assert_memory_equal(a->byte, b->byte, sizeof a->byte);
}

void test_folder_make(test_folder *folder) {
    snprintf(folder->path, sizeof folder->path, "/tmp/hallmark-tlog-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder->fd >= 0);
}

typedef void (*file_visitor)(void *context, const char *path, bool is_folder);

/* Files in the order of their names, a folder after what it holds. */
static void walk(const char *path, file_visitor visit, void *context) {
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        HM_BUF below = HM_BUF_EMPTY;
        const char *whole;
        bool is_folder = entries[i]->d_type == DT_DIR;
        assert_ok(hm_put_format(&below, "%s/%s", path, name));
        assert_ok(hm_buf_string(&below, &whole));
        bool dots = !strcmp(name, ".") || !strcmp(name, "..");
        if (is_folder && !dots) walk(whole, visit, context);
        if (!dots) visit(context, whole, is_folder);
        free(entries[i]);
    }
    free(entries);
}

static void remove_one(void *context, const char *path, bool is_folder) {
    (void)context;
    unlinkat(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}

void test_folder_remove(test_folder *folder) {
    walk(folder->path, remove_one, NULL);
    rmdir(folder->path);
    close(folder->fd);
}

typedef struct {
    size_t prefix; /* length of the folder's own path */
    hm_buf list;
} file_list;

static void list_one(void *context, const char *path, bool is_folder) {
    file_list *files = context;
    HM_BUF content = HM_BUF_EMPTY;
    uint8_t digest[HM_SHA256_LEN];
    if (!is_folder) assert_ok(hm_file_read(AT_FDCWD, path, 16000000, &content));
    hm_sha256(hm_buf_bytes(&content), digest);
    assert_ok(hm_put_format(&files->list, "%s%s ", &path[files->prefix], is_folder ? "/" : ""));
    assert_ok(hm_put_hex(&files->list, HM_ARRAY(digest)));
    assert_ok(hm_put_u8(&files->list, '\n'));
}

hm_merkle_hash test_folder_digest(const test_folder *folder) {
    file_list files = {strlen(folder->path), HM_BUF_EMPTY};
    walk(folder->path, list_one, &files);
    hm_merkle_hash digest;
    hm_sha256(hm_buf_bytes(&files.list), digest.byte);
    hm_buf_clear(&files.list);
    return digest;
}

bool test_folder_has(const test_folder *folder, const char *path) { return faccessat(folder->fd, path, F_OK, 0) == 0; }

void test_folder_write(const test_folder *folder, const char *path, hm_bytes content) {
    assert_ok(hm_file_write(folder->fd, path, content, 0644));
}

void test_folder_read(const test_folder *folder, const char *path, hm_buf *content) {
    assert_ok(hm_file_read(folder->fd, path, 16000000, content));
}

hm_bytes counting_entry(uint64_t index, char text[static 32]) {
    int len = snprintf(text, 32, "entry %llu", (unsigned long long)index);
    return HM_BYTES(text, (size_t)len);
}

static hm_err next_counting_entry(void *context, hm_bytes *entry) {
    counting_feed *feed = context;
    *entry = counting_entry(feed->index++, feed->text);
    return HM_OK;
}

hm_entry_feed counting_entries_from(counting_feed *feed, uint64_t index) {
    feed->index = index;
    return (hm_entry_feed){feed, next_counting_entry};
}

void grow_log(const test_folder *folder, hm_tree_edge *tree, uint64_t size) {
    counting_feed feed;
    assert_ok(
        hm_tiles_extend(folder->fd, tree, size, counting_entries_from(&feed, tree->size - tree->size % HM_TILE_WIDTH)));
    assert_int_equal(tree->size, size);
}

hm_checkpoint checkpoint_of(const hm_tree_edge *tree) {
    return (hm_checkpoint){.origin = "example.com/log", .size = tree->size, .root = hm_tree_edge_root(tree)};
}

hm_merkle_hash defined_hash(uint64_t from, uint64_t to) {
    char text[32];
    if (from == to) return hm_merkle_empty();
    if (to - from == 1) return hm_merkle_leaf(counting_entry(from, text));
    uint64_t k = 1;
    while (2 * k < to - from) k *= 2;
    hm_merkle_hash left = defined_hash(from, from + k), right = defined_hash(from + k, to);
    return hm_merkle_node(&left, &right);
}

const char *vectors_folder(void) {
    const char *named = getenv("HALLMARK_VECTORS");
    const char *folder = named ? named : HALLMARK_VECTORS;
    if (access(folder, R_OK) == 0) return folder;
    print_message("no published vectors in %s (set HALLMARK_VECTORS)\n", folder);
    skip();
    return NULL;
}

void read_vector(const char *path, hm_buf *content) {
    HM_BUF whole = HM_BUF_EMPTY;
    const char *text;
    assert_ok(hm_put_format(&whole, "%s/tlog/%s", vectors_folder(), path));
    assert_ok(hm_buf_string(&whole, &text));
    assert_ok(hm_file_read(AT_FDCWD, text, 16000000, content));
}
