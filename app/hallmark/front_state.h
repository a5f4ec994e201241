/* The front's files and jobs, shared by its own sources only: front.c (processes), front_serve.c (what a parser may
 * ask), front_job.c (one file from its name to its outputs), front_stdin.c, front_commit.c (the outputs' names),
 * front_print.c (its lines). */
#ifndef HM_APP_FRONT_STATE_H
#define HM_APP_FRONT_STATE_H

#include "front.h"
#include "progress.h"

#include <base/file.h>
#include <format/folder.h>

#include <limits.h>

/* A file that takes long is left to a process of its own, so that this one can show how far it has come. */
enum { PARSERS_MAX = 16, TEXT_LIMIT = 4 << 20, ALONE_MAX = 64 << 20 };
/* So many files get their names together: to make each durable by itself would cost more than to sign it. */
enum { WHOLE_MAX = 32 };

/* As many members as a pack can have: eight payloads and the envelope. */
enum { INTO_MAX = 9 };

/* A job from the moment its file is opened until it has been printed. */
typedef struct {
    bool over;
    bool whole; /* its outputs are, and wait for their names */
    int parser; /* which process works on it */
    char *path; /* with links resolved: where an output in place goes */
    mode_t mode;
    uid_t owner;
    gid_t group;
    uint64_t size;
    bool is_folder;
    hm_folder *folder;
    hm_tree tree;
    hm_outfile out[HM_PARTS];
    hm_outfile into[INTO_MAX]; /* as many as INTOS */
    size_t intos;
    hm_outfile spool;  /* standard input, if that is the file; it never gets a name */
    bool opened_ahead; /* "alone": all that the parser may ask for is open already */
    int content_fd, companion_fd[HM_PARTS];
    int dirfd; /* of the folder that the file lies in; of the folder itself */
    hm_buf text[HM_STREAMS];
    hm_class class;
    char sentence[701];
} hm_front_job;

typedef struct {
    const hm_front *front;
    size_t count, next, printed;
    hm_front_job **jobs; /* NULL before it has begun and after it was printed */
    struct {
        int socket;
        pid_t pid;
        bool ended;
    } parser[PARSERS_MAX];
    size_t parsers;
    uint32_t whole[WHOLE_MAX]; /* the jobs whose outputs wait for their names */
    size_t wholes;
    /* The folder of the last operand: as operands name it, where it really lies, both with a slash at the end. */
    char last_given[PATH_MAX], last_resolved[PATH_MAX];
    int last_dirfd;
    hm_progress progress;
    size_t stamps;                /* that were asked for */
    hm_post *alone;               /* where the answer goes when the parser is this very process; NULL: over a socket */
    hm_class seen[HM_DENIED + 1]; /* by class: was there one? */
    hm_post post;
} hm_front_state;

/* front_print.c */
void hm_front_print_job(hm_front_state *state, hm_front_job *job, const char *path);
/* Members of a JSON object, and none that the front writes itself: a second "file" would be another file's. */
bool hm_front_members_are_own(hm_bytes members);

/* front_job.c */
/* NULL without memory. */
hm_front_job *hm_front_job_begin(hm_front_state *state, size_t number, size_t parser);
void hm_front_job_free(hm_front_job **place);
/* The job is over: whatever is finished is printed, in the order of the operands. */
void hm_front_job_finish(hm_front_state *state, hm_front_job *job, hm_class class, const char *sentence);
HM_MUST_USE hm_err hm_front_open_operand(hm_front_state *state, const char *operand, hm_front_job *job, int *fd);
/* front_stdin.c */
bool hm_front_is_stdin(const hm_front *front, const char *operand);
HM_MUST_USE hm_err hm_front_open_stdin(const hm_front *front, hm_front_job *job, int *fd);
/* *FD -1 if there is no such file. */
HM_MUST_USE hm_err hm_front_open_companion(hm_front_state *state, hm_front_job *job, hm_part part, int *fd);
HM_MUST_USE hm_err hm_front_open_output(hm_front_state *state, hm_front_job *job, hm_part part);
/* The last part of a path. */
const char *hm_front_base_name(const char *path);

/* front_commit.c */
/* The parser says that the outputs of job NUMBER are whole: they get their names, together with others'. */
void hm_front_commit(hm_front_state *state, uint32_t number);
/* Those that wait get their names now. */
void hm_front_commit_waiting(hm_front_state *state);

/* Is DIRFD the office's folder, or in it? Nothing is written there. */
HM_MUST_USE hm_err hm_front_check_apart(const hm_front *front, int dirfd);

/* front_beside.c: the file at PATH below the job's folder; *FD -1 if there is none. */
HM_MUST_USE hm_err hm_front_open_sibling(const hm_front *front, const hm_front_job *job, hm_bytes path, int *fd);

/* front_into.c: files whose names come from the parser, in one folder that the user named. */
HM_MUST_USE hm_err hm_front_open_member(hm_front_state *state, hm_front_job *job, hm_bytes name, int *fd);
/* They get their names, one after another. */
HM_MUST_USE hm_err hm_front_commit_members(hm_front_job *job);
void hm_front_discard_members(hm_front_job *job);

/* front_serve.c: one message of parser number PARSER. A fault means that the parser is not to be believed any more. */
HM_MUST_USE hm_err hm_front_serve(hm_front_state *state, size_t parser, hm_post *post);

#endif
