/* The front: opens files by name, reads none; runs parsers that read and open none; names what they have written.
 *
 * One loop serves every command that looks into files (sign, verify, inspect, log check, log prove): each gives a
 * parser function, which runs in a forked, sandboxed process and asks for files over a socket (parser.h). */
#ifndef HM_APP_FRONT_H
#define HM_APP_FRONT_H

#include "options.h"
#include "parser.h"

typedef struct {
    const hm_options *options;
    hm_parser_run parser; /* what the parsing process does */
    void *context;        /* its argument; read in the fork's copy */
    int core_fd;          /* the core's socket, for the parser; -1: none */
    size_t parsers;       /* how many processes; 1 when there is a core */
    const char *done;     /* status of a file that went well, for --json: "signed", "verified" */
    unsigned outputs;     /* which parts may be written, bit n: hm_part n; 0: the parser may write nothing */
    const char *into;     /* the folder for files whose names the parser proposes; NULL: there are none */
    const char *spool;    /* "-" is standard input, kept beside this path meanwhile; NULL: "-" is a file's name */
    bool siblings;        /* a file may name others in its own folder that belong to it */
    const char *suffix;   /* of a signature that is a file of its own; NULL: ".p7s" */
    bool gather;          /* the operands become one output, the first one's, and only it has something to say */
    bool signing;         /* the signature that counts as there is the one that would be written over */
    const char *office;   /* the office's folder, which no folder to be read may contain; NULL: none */
    char *pending;        /* the shared page of base/file.h, or NULL */
    /* Ask timestamping authority number WHICH; NULL: there are none. So often at most. */
    hm_err (*stamp)(const void *context, size_t which, hm_bytes request, hm_buf *response);
    const void *stamp_context;
    size_t stamps;
    bool *same; /* only look: nothing is printed, nothing is a fault, and of each operand there is noted
                 * whether its parser says "unchanged"; NULL: the usual */
} hm_front;

/* Work on all operands. What failed has been printed: the fault is hm_already_reported. */
HM_MUST_USE hm_err hm_front_run(const hm_front *front);

#endif
