#include "reader.h"

#include "tree.h"

#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static hm_err new_reader(const hm_checkpoint *checkpoint, hm_tile_reader **pointer) {
    *pointer = calloc(1, sizeof **pointer);
    if (!*pointer) return hm_no_memory();
    (*pointer)->checkpoint = *checkpoint;
    return HM_OK;
}

static hm_err read_in_folder(void *context, const char *path, size_t limit, hm_buf *content, bool *found) {
    const hm_tile_reader *reader = context;
    content->len = 0;
    *found = true;
    if (faccessat(reader->log_dirfd, path, F_OK, 0) == 0) return hm_file_read(reader->log_dirfd, path, limit, content);
    if (errno != ENOENT && errno != ENOTDIR) return hm_could_not("%s: cannot be read: %s", path, strerror(errno));
    *found = false;
    return HM_OK;
}

hm_err hm_tile_reader_new(int log_dirfd, const hm_checkpoint *checkpoint, hm_tile_reader **pointer) {
    HM_TRY(new_reader(checkpoint, pointer));
    (*pointer)->log_dirfd = log_dirfd;
    (*pointer)->source = (hm_tile_source){*pointer, read_in_folder};
    return HM_OK;
}

hm_err hm_tile_reader_over(hm_tile_source source, const hm_checkpoint *checkpoint, hm_tile_reader **pointer) {
    HM_TRY(new_reader(checkpoint, pointer));
    (*pointer)->source = source;
    return HM_OK;
}

void hm_tile_reader_free(hm_tile_reader **pointer) {
    if (!*pointer) return;
    hm_buf_clear(&(*pointer)->bundle);
    free(*pointer);
    *pointer = NULL;
}

unsigned hm_tile_reader_width(const hm_tile_reader *reader, int level, uint64_t number) {
    int counted = level < 0 ? 0 : level;
    uint64_t edge = hm_tree_edge_number(reader->checkpoint.size, counted);
    if (number < edge) return HM_TILE_WIDTH;
    return number == edge ? hm_tree_edge_width(reader->checkpoint.size, counted) : 0;
}

void hm_tile_reader_name(const hm_tile_reader *reader, int level, uint64_t number, char path[static HM_TILE_PATH_MAX]) {
    hm_tile_path(level, number, hm_tile_reader_width(reader, level, number) % HM_TILE_WIDTH, path);
}

hm_err hm_tile_reader_blame(const hm_tile_reader *reader, int level, uint64_t number, const char *what) {
    char path[HM_TILE_PATH_MAX];
    unsigned height = 8 * (unsigned)(level < 0 ? 0 : level);
    uint64_t first = number << height << 8;
    uint64_t last = first + ((uint64_t)hm_tile_reader_width(reader, level, number) << height) - 1;
    hm_tile_reader_name(reader, level, number, path);
    return hm_refuse("%s %s (entries %" PRIu64 " to %" PRIu64 ")", path, what, first, last);
}

static size_t size_limit(int level) { return level < 0 ? (size_t)HM_BUNDLE_MAX : (size_t)HM_TILE_WIDTH * HM_HASH_LEN; }

static hm_err read_path(const hm_tile_reader *reader, const char *path, int level, hm_buf *content, bool *found) {
    return reader->source.read(reader->source.context, path, size_limit(level), content, found);
}

hm_err hm_tile_reader_file(const hm_tile_reader *reader, int level, uint64_t number, hm_buf *content, unsigned *width) {
    char path[HM_TILE_PATH_MAX];
    bool found;
    *width = hm_tile_reader_width(reader, level, number);
    hm_tile_reader_name(reader, level, number, path);
    HM_TRY(read_path(reader, path, level, content, &found));
    if (found) return HM_OK;
    *width = HM_TILE_WIDTH;
    hm_tile_path(level, number, 0, path);
    HM_TRY(read_path(reader, path, level, content, &found));
    return found ? HM_OK : hm_tile_reader_blame(reader, level, number, "is missing");
}

static hm_cached_tile *find(hm_tile_reader *reader, int level, uint64_t number) {
    for (size_t i = 0; i < HM_TILES_CACHED; i++) {
        hm_cached_tile *tile = &reader->tile[i];
        if (tile->used && tile->level == level && tile->number == number) return tile;
    }
    return NULL;
}

static hm_err load(hm_tile_reader *reader, int level, uint64_t number, hm_cached_tile *tile) {
    HM_BUF content = HM_BUF_EMPTY;
    unsigned width;
    tile->used = false;
    HM_TRY(hm_tile_reader_file(reader, level, number, &content, &width));
    if (content.len != width * sizeof *tile->hash)
        return hm_tile_reader_blame(reader, level, number, "has a wrong size");
    memcpy(tile->hash, content.data, content.len);
    tile->level = level;
    tile->number = number;
    tile->used = true;
    return HM_OK;
}

hm_err hm_tile_reader_tile(hm_tile_reader *reader, int level, uint64_t number, const hm_merkle_hash **hashes) {
    if (!hm_tile_reader_width(reader, level, number)) return hm_refuse("a tile lies outside the log's tree");
    hm_cached_tile *tile = find(reader, level, number);
    if (!tile) {
        tile = &reader->tile[reader->next_slot];
        reader->next_slot = (reader->next_slot + 1) % HM_TILES_CACHED;
        HM_TRY(load(reader, level, number, tile));
    }
    *hashes = tile->hash;
    return HM_OK;
}

hm_err hm_bundle_next(hm_reader *bundle, hm_bytes *entry) {
    uint16_t len;
    HM_TRY(hm_read_u16be(bundle, &len));
    if (len > HM_ENTRY_MAX) return hm_refuse("an entry is longer than %d bytes", HM_ENTRY_MAX);
    return hm_read_bytes(bundle, len, entry);
}
