/* The one result type.
 *
 * Every function that can fail returns hm_err; the compiler refuses to let it be ignored. A fault is raised once, where
 * it is first known, with the sentence a person needs to act on it; HM_TRY passes it up; only app/ prints it. The
 * sentence lives in thread-local storage until the next fault is raised on that thread. */
#ifndef HM_BASE_ERR_H
#define HM_BASE_ERR_H

#include <stdbool.h>

#define HM_MUST_USE __attribute__((warn_unused_result))

/* The classes of fault are the exit statuses of the command line (DESIGN section 5). */
typedef enum {
    HM_DONE = 0,
    HM_REFUSED = 1,   /* a signature, policy or trust decision says no; bad input */
    HM_MISUSED = 2,   /* wrong usage */
    HM_COULD_NOT = 3, /* I/O, token, memory, network */
    HM_DENIED = 4     /* denied by an approver, or timed out waiting for one */
} hm_class;

typedef struct {
    hm_class class;
} hm_err;

#define HM_OK ((hm_err){HM_DONE})

static inline bool hm_failed(hm_err err) { return err.class != HM_DONE; }

#define HM_TRY(expression)                                                                                             \
    do {                                                                                                               \
        hm_err hm_try_err = (expression);                                                                              \
        if (hm_failed(hm_try_err)) return hm_try_err;                                                                  \
    } while (0)

/* ERR as a decision: *GOOD, or refused. What could not be decided is neither, and is passed on. */
HM_MUST_USE static inline hm_err hm_decided(hm_err err, bool *good) {
    *good = !hm_failed(err);
    return err.class == HM_COULD_NOT ? err : HM_OK;
}

#define HM_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Raise a fault. FORMAT is one clause without a final full stop, control characters in the result are replaced. */
#define hm_refuse(...) HM_RAISE(HM_REFUSED, __VA_ARGS__)
#define hm_misuse(...) HM_RAISE(HM_MISUSED, __VA_ARGS__)
#define hm_could_not(...) HM_RAISE(HM_COULD_NOT, __VA_ARGS__)
#define hm_no_memory() HM_RAISE(HM_COULD_NOT, "out of memory")

/* The class stands in the caller's code, so that the compiler sees that a raised fault is one. */
#define HM_RAISE(class, ...) (hm_err_set(__FILE__, __LINE__, __VA_ARGS__), (hm_err){class})
void hm_err_set(const char *file, int line, const char *format, ...) HM_PRINTF(3, 4);

/* A fault kept while something else is done that may raise its own (closing, undoing). */
enum { HM_SENTENCE_MAX = 600 };
typedef struct {
    hm_class class;
    char sentence[HM_SENTENCE_MAX];
} hm_fault;
hm_fault hm_fault_keep(hm_err err);
HM_MUST_USE hm_err hm_fault_raise(const hm_fault *fault); /* HM_OK if what was kept was none */

/* Raise a fault that came from elsewhere (another process) with its sentence as data. */
HM_MUST_USE hm_err hm_raise_again(hm_class class, const char *sentence);

/* Put "WHAT: " before the sentence of a fault on its way up, and pass it on. */
HM_MUST_USE hm_err hm_in(hm_err err, const char *format, ...) HM_PRINTF(2, 3);

/* The sentence of the last fault on this thread; never NULL. */
const char *hm_err_sentence(void);
/* "file:line" where it was raised, for --debug; never NULL. */
const char *hm_err_origin(void);

#endif
