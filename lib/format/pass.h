/* One pass over content: every digest that was asked for, the plain one, and the copy, each block touched once. */
#ifndef HM_FORMAT_PASS_H
#define HM_FORMAT_PASS_H

#include <format/format.h>

enum { HM_PASS_ALGORITHMS = 3 };

typedef struct {
    bool wanted[HM_PASS_ALGORITHMS]; /* by algorithm, HM_SHA256 first: one asked for twice is computed once */
    hm_hash hash[HM_PASS_ALGORITHMS];
    hm_sink *copy; /* NULL: none */
} hm_pass;

/* Refuses when DIGESTS asks for an algorithm that is not known. PLAIN: SHA-256 is wanted besides. */
HM_MUST_USE hm_err hm_pass_begin(hm_pass *pass, const hm_digests *digests, bool plain, hm_sink *copy);
HM_MUST_USE hm_err hm_pass_write(hm_pass *pass, hm_bytes bytes);
/* Fills the values of DIGESTS, and PLAIN unless it is NULL: both as they were given to hm_pass_begin. */
void hm_pass_end(hm_pass *pass, hm_digests *digests, hm_digest *plain);

/* Calls TAKE on the whole of SOURCE in blocks of HM_IO_BLOCK. BLOCK is working memory that many calls can share. */
HM_MUST_USE hm_err hm_each_block(const hm_source *source, hm_buf *block, hm_err (*take)(void *context, hm_bytes bytes),
                                 void *context);

#endif
