/* The catalogue's text, SHA256SUMS: what the signature of a folder covers. docs: "hallmark catalogue, version 1".
 *
 *   # Hallmark catalogue 1
 *   # files: sha256sum -c SHA256SUMS
 *   # signature: openssl cms -verify -binary -purpose any -inform DER -in SHA256SUMS.p7s -content SHA256SUMS ...
 *   # folder 0755 bin
 *   # mode 0755 bin/tool
 *   <64 hexadecimal digits>  bin/tool
 *   # link bin/t
 *   # target tool
 *   # end of catalogue, entries: 3
 *
 * A file is two lines, its mode and the line that GNU sha256sum writes; a link is two lines, its path and where it
 * leads; a folder is one. Depth first, the names of one folder in byte order, so that '/' sorts below every other byte.
 * Paths are bytes: backslash, line feed and carriage return are written \\ \n \r, in comments as in the lines of
 * sha256sum, which marks such a line with a backslash in front. One folder has exactly one text: the reader refuses
 * every other form, by writing each entry anew and comparing. */
#ifndef HM_FORMAT_CATALOGUE_TEXT_H
#define HM_FORMAT_CATALOGUE_TEXT_H

#include "pass.h"

enum { HM_CATALOGUE_PATH_MAX = 4096, HM_CATALOGUE_DEPTH = 64, HM_CATALOGUE_ENTRIES = 10000000 };

/* A file, folder or link as the catalogue lists it. */
typedef struct {
    hm_entry_kind kind;
    hm_bytes path;
    uint32_t mode;                 /* of files and folders */
    hm_bytes target;               /* of links */
    uint8_t sha256[HM_SHA256_LEN]; /* of files */
} hm_listed;

/* A path as part of a sentence: two arguments for "%.*s". */
#define HM_PATH_TEXT(path) (int)((path).len < 200 ? (path).len : 200), (const char *)(path).data

/* The catalogue itself, its signature and its log proof at the top of the folder: never listed. */
bool hm_catalogue_is_own(hm_bytes path);
/* Depth-first order: negative, zero, positive. */
int hm_catalogue_order(hm_bytes a, hm_bytes b);

/* Follows the paths of a walk: each well formed, behind the one before, and inside a folder that was listed. */
typedef struct {
    hm_buf path; /* the last one */
    bool folder; /* is it one? */
    uint64_t count;
} hm_catalogue_walk;
HM_MUST_USE hm_err hm_catalogue_follow(hm_catalogue_walk *walk, hm_entry_kind kind, hm_bytes path);

/* Writing: each appends. An entry that the text cannot hold is refused. */
HM_MUST_USE hm_err hm_catalogue_put_head(hm_buf *text);
HM_MUST_USE hm_err hm_catalogue_put_entry(const hm_listed *listed, hm_buf *text);
HM_MUST_USE hm_err hm_catalogue_put_end(uint64_t count, hm_buf *text);

/* Reading: once, from the front, in constant memory. Every byte goes to PASS (NULL: nowhere) as it is read, and the
 * entries come from those same bytes. */
typedef struct {
    const hm_source *source;
    hm_pass *pass;
    uint64_t offset; /* of the source: read so far */
    hm_buf window;
    hm_reader rest; /* of the window */
    hm_catalogue_walk walk;
    hm_buf path, target, canonical;
} hm_catalogue_reader;

HM_MUST_USE hm_err hm_catalogue_reader_open(const hm_source *source, hm_pass *pass, hm_catalogue_reader *reader);
void hm_catalogue_reader_clear(hm_catalogue_reader *reader);
#define HM_CATALOGUE_READER __attribute__((cleanup(hm_catalogue_reader_clear))) hm_catalogue_reader
/* The next entry; its views are valid until the next call. *MORE is false when the end line and the end of the source
 * have been read, and only then is everything known to be in order. */
HM_MUST_USE hm_err hm_catalogue_reader_next(hm_catalogue_reader *reader, hm_listed *listed, bool *more);

#endif
