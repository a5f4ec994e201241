/* Questions to the identity process and its answers: each is one message on a SOCK_SEQPACKET socket.
 *
 *     question   u64 tag, then the token's bytes (1 to HM_TOKEN_MAX)
 *     answer     u64 tag of the question, u8 status, and
 *       status 0, verified   u64 expiry (Unix seconds) · 32 bytes token id · u16 length, issuer · u16 length, subject ·
 *                            u16 count · count times: u16 length, name · u16 length, value; ascending, each name once
 *       status 1 to 4        a sentence of 1 to HM_SENTENCE_MAX - 1 bytes; the status is the fault's hm_class
 *
 * Integers are big-endian. Both readers are strict: what is read is written as it was. Neither side needs to know what
 * a token is. */
#ifndef HM_IDENTITY_ANSWER_H
#define HM_IDENTITY_ANSWER_H

#include <identity/workload.h>

/* The tag of no question. A fault with it says that the process begins: what one before it was asked is lost. */
#define HM_IDENTITY_BEGINS UINT64_C(0)

enum { HM_IDENTITY_QUESTION_MAX = 8 + 16384, HM_IDENTITY_ANSWER_MAX = 40000 };

HM_MUST_USE hm_err hm_identity_question_put(uint64_t tag, hm_bytes token, hm_buf *message);
/* TOKEN views MESSAGE. */
HM_MUST_USE hm_err hm_identity_question_get(hm_bytes message, uint64_t *tag, hm_bytes *token);

/* Append the answer of a verified token. A refusal, with nothing appended, if it could not be read again. */
HM_MUST_USE hm_err hm_identity_answer_put(uint64_t tag, const hm_workload *workload, hm_buf *message);
/* Append the answer of a fault, with its sentence. */
HM_MUST_USE hm_err hm_identity_fault_put(uint64_t tag, const hm_fault *fault, hm_buf *message);

/* The tag, of an answer of either kind. */
HM_MUST_USE hm_err hm_identity_answer_tag(hm_bytes message, uint64_t *tag);
/* Read an answer: HM_OK and views of MESSAGE, or the fault that it is, raised again; HM_COULD_NOT if it is no answer.
 * WORKLOAD is all zero unless HM_OK. */
HM_MUST_USE hm_err hm_identity_answer_get(hm_bytes message, hm_workload *workload);

#endif
