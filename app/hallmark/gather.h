/* Several operands that become one output: the parser takes all jobs at once, and the first one has the output. */
#ifndef HM_APP_GATHER_H
#define HM_APP_GATHER_H

#include "parser.h"

enum { HM_GATHER_MAX = 20 };
typedef struct {
    size_t count;
    hm_job job[HM_GATHER_MAX]; /* in the order of the operands; content is ready to be read */
} hm_gathered;

/* Take every job. A fault in *ERR if one of the OPERANDS could not be opened (which the front has said), is a folder,
 * or if there are too many; the return value is a fault only if the front is gone. */
HM_MUST_USE hm_err hm_gather(hm_parser *parser, size_t operands, hm_gathered *gathered, hm_err *err);
/* All jobs are over; ERR is the first one's, and so is the output, which gets its name if COMMIT is set. */
HM_MUST_USE hm_err hm_gather_finish(hm_parser *parser, hm_gathered *gathered, hm_err err, bool commit);

/* For commands that always write: gather, WORK if there is anything, finish. */
typedef hm_err (*hm_gathered_work)(hm_parser *parser, const void *orders, const hm_gathered *gathered);
HM_MUST_USE hm_err hm_gather_do(hm_parser *parser, size_t operands, hm_gathered_work work, const void *orders);

/* The whole content of a small file. */
HM_MUST_USE hm_err hm_job_read(const hm_job *job, size_t limit, hm_buf *content);
/* Write CONTENT to the job's output. */
HM_MUST_USE hm_err hm_job_write(hm_parser *parser, const hm_job *job, hm_bytes content);

#endif
