/* What passes between the front, which opens files by name and reads none, and the parser, which reads files and opens
 * none. The parser asks, and the front answers in order; a report needs no answer. */
#ifndef HM_APP_POST_H
#define HM_APP_POST_H

#include <base/bytes.h>

typedef enum {
    HM_POST_NEXT = 1, /* the next file to work on -> NEXT with its descriptor, or END */
    HM_POST_END,
    HM_POST_COMPANION, /* a file beside it: which -> COMPANION with a descriptor if there is one */
    HM_POST_SIBLING,   /* a file in the same folder or below, its path in the text -> COMPANION likewise */
    HM_POST_OUTPUT,    /* a file to write: which -> OUTPUT with a descriptor, or FAULT */
    HM_POST_MEMBER,    /* a file to write into the folder of outputs, its name in the text -> OUTPUT, or FAULT */
    HM_POST_ENTRY,     /* the next entry of a folder -> ENTRY, or END, or FAULT */
    HM_POST_STAMP,     /* a timestamp of authority A, the request in the text -> COMPANION with the response in a file */
    HM_POST_FAULT,     /* class in A, sentence in the text */
    HM_POST_TEXT,      /* report: more text for stream A */
    HM_POST_RESULT     /* report: class in A, commit the outputs if B, sentence in the text */
} hm_post_kind;

/* Files of a job. */
typedef enum { HM_PART_CONTENT, HM_PART_SIGNATURE, HM_PART_CATALOGUE, HM_PART_PROOF, HM_PARTS } hm_part;
/* What a job has to say: lines for people; members of its JSON object; a status other than the command's usual one. */
typedef enum { HM_STREAM_OUT, HM_STREAM_ERR, HM_STREAM_MEMBERS, HM_STREAM_STATUS, HM_STREAMS } hm_stream;

enum { HM_POST_TEXT_MAX = 16384 };
typedef struct {
    hm_post_kind kind;
    uint32_t job;
    uint32_t a, b;
    int fd; /* -1: none */
    size_t text_len;
    uint8_t text[HM_POST_TEXT_MAX]; /* only text_len bytes are ever written or copied: most posts have none */
} hm_post;

/* An empty post without descriptor. */
void hm_post_start(hm_post *post, hm_post_kind kind, uint32_t job, uint32_t a, uint32_t b);
void hm_post_copy(hm_post *to, const hm_post *from);
/* FD is sent along, not given away. */
HM_MUST_USE hm_err hm_post_send(int socket, const hm_post *post);
/* The same; if the peer is gone that is no fault: what it said before it went is still to be heard. */
HM_MUST_USE hm_err hm_post_answer(int socket, const hm_post *post);
/* POST->fd belongs to the caller. */
HM_MUST_USE hm_err hm_post_receive(int socket, hm_post *post, bool *closed);
/* For the side that is given no descriptors: the kernel throws away any that are sent. *WAITS is false if there was no
 * post to be had; this one does not wait for it. */
HM_MUST_USE hm_err hm_post_receive_plain(int socket, hm_post *post, bool *waits, bool *closed);
void hm_post_set_text(hm_post *post, hm_bytes text); /* truncates */

#endif
