/* A log on disk (C2SP tlog-tiles): written by the core, readable by any static web server, read back by verifiers.
 *
 *   checkpoint                      the signed note
 *   tile/<L>/<N>[.p/<W>]            hashes
 *   tile/entries/<N>[.p/<W>]        entry bundles: u16 BE length || entry, each
 *
 * Durability: bundles and tiles are written, fsynced and renamed, their folders fsynced; the checkpoint last. Writing
 * the same extension twice (after a crash) gives the same files. */
#ifndef HM_TLOG_TILES_H
#define HM_TLOG_TILES_H

#include <tlog/note.h>

enum { HM_ENTRY_MAX = 1024 };

/* Gives entries in order, one a call; the view is valid until the next call. */
typedef struct {
    void *context;
    hm_err (*next)(void *context, hm_bytes *entry);
} hm_entry_feed;

/* Extend the tree to NEW_SIZE. FEED's first entry has the index tree->size - tree->size % 256 (the start of the bundle
 * that is not full yet). TREE is advanced only if all was written. Removes partial tiles and bundles that a full one
 * replaced. Entries that TREE knows already are checked against it: a feed that gives others is refused. An entry has
 * at most HM_ENTRY_MAX bytes. One writer at a time is the caller's duty. */
HM_MUST_USE hm_err hm_tiles_extend(int log_dirfd, hm_tree_edge *tree, uint64_t new_size, hm_entry_feed feed);
/* Replace the checkpoint file atomically. */
HM_MUST_USE hm_err hm_tiles_publish(int log_dirfd, hm_bytes checkpoint_note);

/* Reading: everything is untrusted; what is returned has been checked against ROOT of a tree of SIZE unless said. */
typedef struct hm_tile_reader hm_tile_reader; /* keeps a few tiles in memory */
/* CHECKPOINT is trusted: whoever calls has opened it. LOG_DIRFD stays the caller's and must outlive the reader. */
HM_MUST_USE hm_err hm_tile_reader_new(int log_dirfd, const hm_checkpoint *checkpoint, hm_tile_reader **reader);
/* A log that is not in a folder: READ replaces CONTENT by that of the file PATH ("tile/0/000"); more than LIMIT bytes
 * are a fault. *FOUND is false if there is no such file, which is no fault. */
typedef struct {
    void *context;
    hm_err (*read)(void *context, const char *path, size_t limit, hm_buf *content, bool *found);
} hm_tile_source;
HM_MUST_USE hm_err hm_tile_reader_over(hm_tile_source source, const hm_checkpoint *checkpoint, hm_tile_reader **reader);
void hm_tile_reader_free(hm_tile_reader **pointer);
#define HM_TILE_READER __attribute__((cleanup(hm_tile_reader_free))) hm_tile_reader

/* On a fault PROOF is empty. */
HM_MUST_USE hm_err hm_tiles_inclusion(hm_tile_reader *reader, uint64_t index, hm_merkle_proof *proof);
/* From the tree of OLD_SIZE, whose root the caller compares (hm_merkle_check_consistency). Empty for 0 and for the
 * whole tree, as C2SP tlog-witness wants it. */
HM_MUST_USE hm_err hm_tiles_consistency(hm_tile_reader *reader, uint64_t old_size, hm_merkle_proof *proof);
/* Entry INDEX out of its bundle, checked against its leaf hash and the root. Appends. */
HM_MUST_USE hm_err hm_tiles_entry(hm_tile_reader *reader, uint64_t index, hm_buf *entry);
/* The right edge of the tree as it was at SIZE entries, out of the tiles. Unchecked: who appends the entries behind it
 * and comes out at the checkpoint's root has proved both. On a fault TREE is the empty tree. */
HM_MUST_USE hm_err hm_tiles_edge(hm_tile_reader *reader, uint64_t size, hm_tree_edge *tree);
/* Recompute the whole tree from the entry bundles and compare every tile file and the root: a fault names the first
 * file that is missing or differs, and the entries it spans: "tile/0/x001/234.p/5 differs from the entries it stands
 * for (entries 315904 to 315908)"; where a bundle and its tile disagree, the root tells which of them is named. VISIT
 * sees every entry in order, and its fault ends the audit; may be NULL. What it saw is proven by HM_OK only. */
HM_MUST_USE hm_err hm_tiles_audit(hm_tile_reader *reader,
                                  hm_err (*visit)(void *context, uint64_t index, hm_bytes entry), void *context);
/* The same for what came after KNOWN, a head that was audited before: reads the right edge at that size, which must
 * give KNOWN's root, then the entries behind it. VISIT sees only those. It proves too that the tree continues KNOWN's.
 * Older tiles are not read. */
HM_MUST_USE hm_err hm_tiles_audit_since(hm_tile_reader *reader, const hm_checkpoint *known,
                                        hm_err (*visit)(void *context, uint64_t index, hm_bytes entry), void *context);

/* "tile/0/x001/234.p/5", "tile/entries/..." for LEVEL -1. WIDTH 0: full. */
enum { HM_TILE_PATH_MAX = 80 };
void hm_tile_path(int level, uint64_t number, unsigned width, char path[static HM_TILE_PATH_MAX]);

#endif
