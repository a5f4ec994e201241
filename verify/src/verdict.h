/* How a comparison becomes a verdict. */
#ifndef HALLMARK_VERIFY_VERDICT_H
#define HALLMARK_VERIFY_VERDICT_H

#include <hallmark/verify_algorithm.h>

/* hmv_same, whose caller says the size twice: INVERSE is ~SIZE. Were one of the two not passed because an instruction
 * is skipped, what happens to stand in its register does not fit the other, and the verdict is bad. */
hmv_verdict hmv_same_twice(const uint8_t *a, const uint8_t *b, size_t size, size_t inverse);

/* HMV_GOOD if the SIZE octets at A and at B are the same, which are public. There is no branch that decides: each half
 * of the verdict is made of what one of two passes, in opposite directions, has seen of the octets and of how far it
 * came. One instruction skipped anywhere leaves at least one half bad. SIZE is not 0. */
static inline hmv_verdict hmv_same(const uint8_t *a, const uint8_t *b, size_t size) {
    return hmv_same_twice(a, b, size, ~size);
}

#endif
