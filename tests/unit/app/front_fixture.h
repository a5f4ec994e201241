/* What the tests of the front share: a folder to be in, doctored parsers, and what was printed meanwhile. The parsers
 * are functions of the tests; the front is the real one. */
#ifndef HM_TEST_FRONT_FIXTURE_H
#define HM_TEST_FRONT_FIXTURE_H

#include "app_test.h"

#include <front.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A group begins: a parser that is gone is no signal, and there are LEN zero bytes that all processes see. NULL if
 * there is no memory. */
void *begin_group(size_t len);

/* A new folder under /tmp is the working directory; 0 if that worked. */
int enter_folder(void);
/* Remove the folder, which must be empty. */
int leave_folder(void);
/* At the end of a test: remove it with all that is in it. */
int discard_folder(void **state);

/* Holds "content" then; 0 if that worked. */
int write_file(const char *name);
bool is_there(const char *name);

/* What a parser lived to see, told to the process that started it. */
typedef struct {
    unsigned descriptors; /* bit n: what it asked for as number n was given */
    unsigned faults;      /* bit n: ... was refused */
    unsigned ended;       /* it was heard to the end */
    char sentence[200];
} sight;
extern sight *seen;

/* For tests about two files, a.bin and b.bin, in a folder of their own. */
int make_group(void **state);
int begin(void **state);
/* Beside a.bin, b.bin and their outputs nothing may lie there. */
int finish(void **state);

/* What the last run said on standard output and error. */
extern char printed[65536], complained[65536];
/* The front with PARSER for a.bin and b.bin; OUTPUTS as in hm_front. */
HM_MUST_USE hm_err run(hm_parser_run parser, bool json, unsigned outputs);
/* FRONT, which has all but its options, for these operands. */
HM_MUST_USE hm_err run_with(hm_front front, bool json, const char *const *operands, size_t count);

/* For a parser: the next file, and its signature too. */
HM_MUST_USE hm_err next_job(hm_parser *parser, hm_job *job);
HM_MUST_USE hm_err next_signature(hm_parser *parser, hm_job *job, int *fd);

#endif
