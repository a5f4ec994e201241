#include "catalogue_compare.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const hm_tree *tree;
    hm_catalogue_reader reader;
    hm_catalogue_walk walk; /* of the tree */
    hm_listed listed;       /* the catalogue's side */
    hm_entry found;         /* the folder's side */
    bool has_listed, has_found;
    hm_differences *differences;
    hm_buf block;
} comparison;

static void clear_comparison(comparison *both) {
    hm_catalogue_reader_clear(&both->reader);
    hm_buf_clear(&both->walk.path);
    hm_buf_clear(&both->block);
}

static hm_err take_block(void *hash, hm_bytes bytes) {
    hm_hash_update(hash, bytes);
    return HM_OK;
}

hm_err hm_catalogue_sum(const hm_source *content, hm_buf *block, uint8_t sha256[static HM_SHA256_LEN]) {
    hm_hash hash;
    hm_digest digest;
    hm_hash_init(&hash, HM_SHA256);
    HM_TRY(hm_each_block(content, block, take_block, &hash));
    hm_hash_final(&hash, &digest);
    memcpy(sha256, digest.value, HM_SHA256_LEN);
    return HM_OK;
}

hm_err hm_catalogue_next_found(const hm_tree *tree, hm_catalogue_walk *walk, hm_entry *found, bool *more) {
    do {
        HM_TRY(tree->next(tree->context, found, more));
        if (!*more) return HM_OK;
        HM_TRY(hm_catalogue_follow(walk, found->kind, found->path));
    } while (found->kind == HM_ENTRY_FILE && hm_catalogue_is_own(found->path));
    return HM_OK;
}

static const char *kind_name(hm_entry_kind kind) {
    static const char *const name[] = {"file", "folder", "link", "device, pipe or socket"};
    return kind <= HM_ENTRY_OTHER ? name[kind] : "unknown";
}

static hm_err add_found(comparison *both) {
    hm_listed added = {.kind = both->found.kind, .path = both->found.path, .mode = both->found.mode};
    /* Hashed to find out whether it is a file that was renamed. */
    if (added.kind == HM_ENTRY_FILE && hm_differences_room(both->differences))
        HM_TRY(hm_in(hm_catalogue_sum(&both->found.content, &both->block, added.sha256), "%.*s",
                     HM_PATH_TEXT(added.path)));
    return hm_differences_added(both->differences, &added);
}

static hm_err compare_modes(comparison *both) {
    char detail[32];
    if (both->listed.mode == both->found.mode) return HM_OK;
    snprintf(detail, sizeof detail, "%04o -> %04o", both->listed.mode, both->found.mode);
    return hm_differences_note(both->differences, "mode changed", both->found.path, hm_text(detail));
}

static hm_err compare_contents(comparison *both) {
    uint8_t sha256[HM_SHA256_LEN];
    HM_TRY(hm_in(hm_catalogue_sum(&both->found.content, &both->block, sha256), "%.*s", HM_PATH_TEXT(both->found.path)));
    if (!memcmp(sha256, both->listed.sha256, sizeof sha256)) return HM_OK;
    return hm_differences_note(both->differences, "changed", both->found.path, HM_NO_BYTES);
}

static hm_err compare_targets(comparison *both) {
    if (hm_bytes_equal(both->listed.target, both->found.target)) return HM_OK;
    HM_BUF detail = HM_BUF_EMPTY;
    HM_TRY(hm_put(&detail, both->listed.target));
    HM_TRY(hm_put_text(&detail, " -> "));
    HM_TRY(hm_put(&detail, both->found.target));
    return hm_differences_note(both->differences, "link changed", both->found.path, hm_buf_bytes(&detail));
}

static hm_err compare_kinds(comparison *both) {
    char detail[64];
    snprintf(detail, sizeof detail, "%s -> %s", kind_name(both->listed.kind), kind_name(both->found.kind));
    return hm_differences_note(both->differences, "kind changed", both->found.path, hm_text(detail));
}

/* The same path on both sides. */
static hm_err compare_pair(comparison *both) {
    if (both->listed.kind != both->found.kind) return compare_kinds(both);
    if (both->listed.kind == HM_ENTRY_LINK) return compare_targets(both);
    HM_TRY(compare_modes(both));
    return both->listed.kind == HM_ENTRY_FILE ? compare_contents(both) : HM_OK;
}

/* Handle the side that is behind, or both, and move it on. */
static hm_err step(comparison *both) {
    int order = !both->has_listed ? 1 : !both->has_found ? -1 : hm_catalogue_order(both->listed.path, both->found.path);
    if (order < 0) HM_TRY(hm_differences_removed(both->differences, &both->listed));
    if (order > 0) HM_TRY(add_found(both));
    if (order == 0) HM_TRY(compare_pair(both));
    if (order <= 0) HM_TRY(hm_catalogue_reader_next(&both->reader, &both->listed, &both->has_listed));
    if (order >= 0) HM_TRY(hm_catalogue_next_found(both->tree, &both->walk, &both->found, &both->has_found));
    return HM_OK;
}

hm_err hm_catalogue_compare(const hm_source *catalogue, const hm_tree *tree, hm_pass *pass,
                            hm_differences *differences) {
    __attribute__((cleanup(clear_comparison))) comparison both = {.tree = tree, .differences = differences};
    HM_TRY(hm_catalogue_reader_open(catalogue, pass, &both.reader));
    HM_TRY(hm_catalogue_reader_next(&both.reader, &both.listed, &both.has_listed));
    HM_TRY(hm_catalogue_next_found(tree, &both.walk, &both.found, &both.has_found));
    while (both.has_listed || both.has_found) HM_TRY(step(&both));
    return HM_OK;
}
