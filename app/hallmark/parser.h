/* The parser's side: untrusted bytes are read here, in a process that can open nothing and reach nothing but the
 * front's socket and, for signing, a core that was narrowed to one product before. */
#ifndef HM_APP_PARSER_H
#define HM_APP_PARSER_H

#include "post.h"

#include <base/json.h>
#include <format/format.h>

typedef struct {
    int front; /* socket; -1 when ASK is the way */
    int core;  /* socket, or -1 */
    bool json;
    bool detached; /* --signature names a file: what is signed is any file */
    bool payloads; /* an envelope's payloads are looked for: among those that were named, then beside it */
    const struct hm_job *named;
    size_t named_count;
    /* The front within the same process (front.c, "alone"): POST in, answer out. A report has no answer. */
    hm_err (*ask)(void *front_state, hm_post *post);
    void *front_state;
    struct hm_ahead *ahead; /* of many files (ahead.h); NULL: each question waits for its answer */
} hm_parser;

typedef hm_err (*hm_parser_run)(hm_parser *parser, void *context);

/* A file to work on. Its names are cut if they are longer than this. */
enum { HM_SHOWN_MAX = 1024 };
typedef struct hm_job {
    uint32_t number;
    bool folder;
    char name[HM_SHOWN_MAX + 1];  /* base name, readable: what the log keeps */
    char shown[HM_SHOWN_MAX + 1]; /* as the user wrote it, readable */
    int fd;                       /* -1 for a folder */
    hm_source content;
} hm_job;

/* The next file. *MORE is false behind the last. A fault only if the front is gone. */
HM_MUST_USE hm_err hm_parser_next(hm_parser *parser, hm_job *job, bool *more);
/* A file beside the job's; *FD -1 if there is none. */
HM_MUST_USE hm_err hm_parser_companion(hm_parser *parser, const hm_job *job, hm_part part, int *fd);
/* A file called NAME in the folder for outputs; the front has its own idea of which names are harmless. */
HM_MUST_USE hm_err hm_parser_member(hm_parser *parser, const hm_job *job, hm_bytes name, int *fd);
/* The file at PATH, seen from the job's own folder; *FD -1 if there is none. Paths lead down only, and through no link;
 * the front has the last word. */
HM_MUST_USE hm_err hm_parser_sibling(hm_parser *parser, const hm_job *job, hm_bytes path, int *fd);
HM_MUST_USE hm_err hm_parser_output(hm_parser *parser, const hm_job *job, hm_part part, int *fd);
/* That this output will be asked for soon. Whether the front can give it is said then. */
HM_MUST_USE hm_err hm_parser_output_soon(hm_parser *parser, const hm_job *job, hm_part part);
/* What timestamping authority number WHICH answers to REQUEST, as a file. */
HM_MUST_USE hm_err hm_parser_stamp(hm_parser *parser, const hm_job *job, size_t which, hm_bytes request, int *fd);
/* For ahead.c: what a post says. */
HM_MUST_USE hm_err hm_parser_take_job(const hm_post *post, hm_job *job, bool *more);
HM_MUST_USE hm_err hm_parser_raise(const hm_post *fault);
/* The job's folder as a tree. WALK lives as long as the tree; one tree is walked at a time. */
typedef struct {
    hm_parser *parser;
    uint32_t job;
    int fd; /* of the last file entry */
} hm_walk;
hm_tree hm_parser_tree(hm_parser *parser, const hm_job *job, hm_walk *walk);
void hm_walk_clear(hm_walk *walk);

void hm_parser_print(hm_parser *parser, const hm_job *job, hm_stream stream, hm_bytes text);
/* What a command says of a file that it has done: members of the file's object, or lines. */
void hm_parser_report(hm_parser *parser, const hm_job *job, const hm_buf *text);
/* The job is over. ERR's sentence goes with it. COMMIT: give the outputs their names. */
HM_MUST_USE hm_err hm_parser_finish(hm_parser *parser, hm_job *job, hm_err err, bool commit);

/* Where the payloads of a job's envelope are (payloads.c). */
enum { HM_NAMED_MAX = 20 };
typedef struct {
    hm_parser *parser;
    const hm_job *job;
    int fd; /* of the last one that was found beside the job */
} hm_payload_finder;
hm_payloads hm_payloads_of(hm_payload_finder *finder, hm_parser *parser, const hm_job *job);
void hm_payload_finder_clear(hm_payload_finder *finder);

/* An opened job: its input, format and subject. */
typedef struct {
    hm_job job;
    hm_walk walk;
    hm_tree tree;
    hm_payload_finder finder;
    hm_payloads payloads;
    int signature_fd, catalogue_fd;
    hm_source signature, catalogue;
    hm_input input;
    const hm_format *format;
    hm_subject *subject;
} hm_opened;

typedef enum { HM_OPEN_TO_SIGN, HM_OPEN_TO_CHECK } hm_purpose;
/* Judge the format (or take FORMAT), fetch companions, parse. JOB moves into OPENED, also on a fault. */
HM_MUST_USE hm_err hm_opened_open(hm_parser *parser, hm_job *job, const char *format, hm_purpose purpose,
                                  hm_opened *opened);
void hm_opened_clear(hm_opened *opened);

/* The signatures of a subject, parsed: all their signers in one list. */
typedef struct {
    size_t structures;
    hm_signed *parsed[HM_SIGNERS_MAX];
    size_t signers;
    struct {
        const hm_signed *parsed;
        size_t index;
        const hm_signer_info *info;
    } signer[HM_SIGNERS_MAX];
} hm_signatures;
HM_MUST_USE hm_err hm_signatures_parse(const hm_opened *opened, hm_signatures *signatures);
void hm_signatures_clear(hm_signatures *signatures);
/* Ask for the digests that the known signers need. */
HM_MUST_USE hm_err hm_signatures_digests(const hm_signatures *signatures, hm_digests *digests);
const hm_digest *hm_digests_find(const hm_digests *digests, hm_digest_algorithm algorithm);
/* Differences of a catalogue, as lines for people and as JSON. */
typedef struct {
    hm_parser *parser;
    const hm_job *job;
    hm_buf json; /* members of an array, without brackets */
    hm_err err;
} hm_differences;
void hm_difference(void *context, const char *text);

/* "2029-11-21" */
void hm_date(int64_t unix_seconds, char date[static 12]);

#endif
