/* Questions to the front that are asked before their answers are needed. Where each question waits for its answer,
 * front and parser sleep by turns, which for a small file costs more than to hash it. The front answers in order; so do
 * these functions take its answers, and keep them until they are wanted. */
#ifndef HM_APP_AHEAD_H
#define HM_APP_AHEAD_H

#include "parser.h"

/* The front holds four descriptors for each file that is under way: who may have fewer than this asks for nothing
 * ahead. */
enum { HM_AHEAD_DESCRIPTORS = 512 };
/* So many files are asked for at once. What is on the way at any time fits into a socket's buffer, or both sides would
 * wait for the other to read: a handful of files, what lies beside them, and ASKED outputs. */
enum { HM_AHEAD_FILES = 16, HM_AHEAD_ASKED = 96 };

typedef struct {
    hm_post_kind kind;
    uint32_t job, part;
    bool answered;
    bool unwanted; /* the job is over */
    int fd;
    hm_fault fault;
} hm_ahead_question;

typedef struct hm_ahead {
    hm_ahead_question asked[HM_AHEAD_ASKED]; /* in order; those with answers that nobody has taken yet, too */
    size_t count;
    hm_job file[HM_AHEAD_FILES]; /* the front's next files */
    size_t files, taken;
    bool no_more;
} hm_ahead;

/* As hm_parser_next. */
HM_MUST_USE hm_err hm_ahead_next(hm_parser *parser, hm_job *job, bool *more);
/* Ask for PART of a job's files; nothing is asked if there is no room. */
HM_MUST_USE hm_err hm_ahead_ask(hm_parser *parser, hm_post_kind kind, uint32_t job, hm_part part);
/* *ASKED: was this asked ahead? Then its answer: *FD, -1 for none, or the front's fault. */
HM_MUST_USE hm_err hm_ahead_take(hm_parser *parser, hm_post_kind kind, uint32_t job, hm_part part, bool *asked,
                                 int *fd);
/* Receive every answer that is still on its way: the next one is to what was asked last. */
HM_MUST_USE hm_err hm_ahead_settle(hm_parser *parser);
/* The job is over: what was asked for it is not wanted. */
void hm_ahead_forget(hm_parser *parser, uint32_t job);

#endif
