/* layers: base crypto tlog */
/* A log folder as somebody else serves it. The input: u16 size of the tree, 32 bytes of root, then files, each as u8
 * slot, u16 length, content. What passes the audit is proven entry by entry too, and passes when it is followed from an
 * earlier head; what does not pass whole does not pass from its own beginning. */
#include <base/file.h>
#include <tlog/tiles.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    int level;
    uint64_t number;
} slots[] = {{-1, 0}, {0, 0}, {-1, 1}, {0, 1}, {1, 0}};
enum { SLOTS = sizeof slots / sizeof *slots, SIZE_MAX_HERE = 512 };

static char folder_path[] = "/tmp/fuzz-tile-reader-XXXXXX";
static int folder = -1;

static void must(bool holds) {
    if (!holds) abort();
}

static void path_of(unsigned slot, unsigned size, char path[static HM_TILE_PATH_MAX]) {
    unsigned entries = slots[slot].level > 0 ? size / HM_TILE_WIDTH : size;
    bool full = entries / HM_TILE_WIDTH > slots[slot].number;
    hm_tile_path(slots[slot].level, slots[slot].number, full ? 0 : entries % HM_TILE_WIDTH, path);
}

static void make_folders(const char *path) {
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        char parent[HM_TILE_PATH_MAX];
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        mkdirat(folder, parent, 0700);
    }
}

static void write_file(unsigned slot, unsigned size, hm_bytes content) {
    char path[HM_TILE_PATH_MAX];
    path_of(slot, size, path);
    make_folders(path);
    HM_FD fd = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && !hm_failed(hm_fd_write(fd, content)));
}

static void remove_files(unsigned size) {
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        char path[HM_TILE_PATH_MAX];
        path_of(slot, size, path);
        unlinkat(folder, path, 0);
        char *partial = strstr(path, ".p/");
        if (!partial) continue;
        partial[2] = 0;
        unlinkat(folder, path, AT_REMOVEDIR);
    }
}

static void remove_folder(void) {
    static const char *const below[] = {"tile/entries", "tile/0", "tile/1", "tile"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) unlinkat(folder, below[i], AT_REMOVEDIR);
    rmdir(folder_path);
}

static hm_err write_files(hm_reader *input, unsigned size) {
    while (input->rest.len) {
        uint8_t slot;
        uint16_t len;
        hm_bytes content;
        HM_TRY(hm_read_u8(input, &slot));
        HM_TRY(hm_read_u16be(input, &len));
        HM_TRY(hm_read_bytes(input, len, &content));
        write_file(slot % SLOTS, size, content);
    }
    return HM_OK;
}

/* The head that the log had before its last quarter, out of the entries that the audit showed. */
typedef struct {
    hm_tree_edge tree;
    uint64_t until, seen;
} earlier;

static hm_err see(void *context, uint64_t index, hm_bytes entry) {
    earlier *e = context;
    must(index == e->seen++);
    return index < e->until ? hm_tree_edge_append(&e->tree, entry) : HM_OK;
}

static hm_err count(void *context, uint64_t index, hm_bytes entry) {
    earlier *e = context;
    (void)entry;
    must(index == e->seen++);
    return HM_OK;
}

static void follow(hm_tile_reader *reader, const earlier *before, uint64_t size, bool whole) {
    hm_checkpoint known = {.size = before->until, .root = hm_tree_edge_root(&before->tree)};
    earlier since = {.seen = known.size};
    if (before->tree.size < before->until) known.root = (hm_merkle_hash){{1}};
    bool followed = !hm_failed(hm_tiles_audit_since(reader, &known, count, &since));
    if (whole) must(followed && since.seen == size);
    known.root.byte[0] ^= 0x80;
    must(hm_failed(hm_tiles_audit_since(reader, &known, count, &(earlier){.seen = known.size})) || !known.size);
}

static void read_log(const hm_checkpoint *checkpoint) {
    HM_TILE_READER *reader = NULL;
    static earlier before;
    memset(&before, 0, sizeof before);
    before.until = checkpoint->size - checkpoint->size / 4;
    must(!hm_failed(hm_tile_reader_new(folder, checkpoint, &reader)));
    bool whole = !hm_failed(hm_tiles_audit(reader, see, &before));
    follow(reader, &before, checkpoint->size, whole);
    for (uint64_t index = 0; index <= checkpoint->size; index += 1 + checkpoint->size / 8) {
        hm_merkle_proof proof;
        HM_BUF entry = HM_BUF_EMPTY;
        bool inside = index < checkpoint->size;
        bool proven = !hm_failed(hm_tiles_inclusion(reader, index, &proof));
        bool found = !hm_failed(hm_tiles_entry(reader, index, &entry));
        bool consistent = !hm_failed(hm_tiles_consistency(reader, index, &proof));
        if (whole) must(proven == inside && found == inside && consistent);
        if (!proven) must(!found && !entry.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_reader input = hm_reader_of(HM_BYTES(data, size));
    hm_checkpoint checkpoint = {.origin = "log"};
    uint16_t entries;
    if (folder < 0) {
        must(mkdtemp(folder_path) && !hm_failed(hm_folder_open(AT_FDCWD, folder_path, &folder)));
        must(atexit(remove_folder) == 0);
    }
    if (hm_failed(hm_read_u16be(&input, &entries))) return 0;
    if (hm_failed(hm_read_copy(&input, checkpoint.root.byte, HM_HASH_LEN))) return 0;
    checkpoint.size = entries % SIZE_MAX_HERE;
    if (!hm_failed(write_files(&input, (unsigned)checkpoint.size))) read_log(&checkpoint);
    remove_files((unsigned)checkpoint.size);
    return 0;
}
