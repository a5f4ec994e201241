/* Search: which entries of the log are about this key, principal, product, release, digest, type, time? All conditions
 * must hold. An outcome or a failure has what its intent has, but a time of its own. What officers stated of a key is
 * about it.
 *
 * Answered out of the search index (store/search_index.h), which is caught up first, and out of the entries themselves
 * where it does not reach yet. Every hit is read from its entry, whose details are those of its leaf. An index that
 * lies can hide entries, so there is the complete search: it reads every entry from the first of the window on, hashes
 * it into the tree, and ends at the root of a checkpoint that the log's key signed, or of a page before the head at a
 * tree of which that root's is a continuation. */
#ifndef HM_CORE_SEARCH_H
#define HM_CORE_SEARCH_H

#include "office.h"

/* Empty, and 0, are no condition. */
enum { HM_SEARCH_KEY_LEAST = 8, HM_SEARCH_LIMIT = 1000 };
typedef struct {
    hm_bytes key;       /* hexadecimal digits that the key's id begins with, lower case, HM_SEARCH_KEY_LEAST or more */
    hm_bytes principal; /* his name; in an office without founders the actor, "unix:1000" */
    hm_bytes product;   /* a refusal if there is none of this name */
    hm_bytes release;   /* exactly */
    hm_bytes digest;    /* 32, 48 or 64 bytes: of the file, of what is signed, of the signature, of the certificate */
    hm_bytes type;      /* a word: intent, outcome, refusal, ceremony, failure, request, publication */
    int64_t since, until; /* since <= time < until, as the entry's own time says */
} hm_search_query;

typedef struct {
    uint64_t from;  /* entries with lower numbers are not looked at */
    uint64_t limit; /* of hits; 0: none */
    bool complete;
} hm_search_how;

typedef struct {
    uint64_t hits;
    uint64_t next; /* more may follow from this entry on; SIZE: none do */
    uint64_t size; /* of the log, as it was asked about */
    /* Of a complete search: */
    bool complete;    /* every entry from FIRST on and before NEXT was read and is under ROOT, and every hit was given
                         and none is left in doubt. Who wants those behind it asks again, from NEXT on */
    uint64_t first;   /* entries before it were not read: by the index, each of them says a time before the window */
    bool rooted;      /* what was read leads to: */
    uint8_t root[32]; /* the checkpoint's, over SIZE entries */
    uint64_t erased;  /* so many might be meant or not: their details were erased */
    uint64_t erased_first;     /* the first of them */
    char why[HM_SENTENCE_MAX]; /* it is not complete; empty: it is */
} hm_search_result;

/* A search under way. Complete: what waits is published first. */
typedef struct hm_search hm_search;
HM_MUST_USE hm_err hm_search_begin(hm_office *office, const hm_search_query *query, const hm_search_how *how,
                                   hm_search **search);
/* Some of it, a few milliseconds' work. VISIT sees each hit, in the order of their numbers; what it saw of a complete
 * search is proven when that is over and its result says so. A refusal names the entry that is missing, or was changed.
 */
HM_MUST_USE hm_err hm_search_step(hm_search *search, hm_entry_visit visit, void *context, bool *over);
/* How much of what there is to do is done: entries to be indexed, and to be looked at. */
void hm_search_progress(const hm_search *search, uint64_t *done, uint64_t *all);
const hm_search_result *hm_search_result_of(const hm_search *search);
void hm_search_free(hm_search **search);

/* A complete search in one call, without a limit. CHECKPOINT, if not NULL, gets the signed note. */
HM_MUST_USE hm_err hm_search_all(hm_office *office, const hm_search_query *query, hm_entry_visit visit, void *context,
                                 hm_search_result *result, hm_buf *checkpoint);

/* ---- of the parts, for one another ---- */

/* search_match.c: what an entry's details say, as they stand there; empty: they do not. Not to be copied: KEY may view
 * STATED_KEY, and PRODUCT STATED_PRODUCT. */
typedef struct {
    hm_bytes key, who, product, release, plain, certificate, statement;
    char stated_key[2 * HM_KEY_ID_LEN + 1];         /* that the officers' statement in them is about */
    char stated_product[HM_STATED_PRODUCT_MAX + 1]; /* that it is for */
    int64_t time;                                   /* -1: none */
} hm_search_facts;
HM_MUST_USE hm_err hm_search_facts_of(hm_bytes details, hm_search_facts *facts);

typedef enum { HM_SEARCH_NO, HM_SEARCH_UNKNOWN, HM_SEARCH_YES } hm_search_verdict;
/* A query with its texts as details have them. */
typedef struct {
    hm_search_query query;
    hm_buf storage;
    hm_leaf_type type; /* 0: any */
    bool has_product;
    uint8_t product_class[16];
} hm_search_terms;
HM_MUST_USE hm_err hm_search_terms_make(hm_office *office, const hm_search_query *query, hm_search_terms *terms);

/* Of one entry without regard to what it may be the outcome of. */
typedef struct {
    hm_search_verdict digest, rest; /* key, principal, product, release */
} hm_search_matter;
/* FACTS NULL: the details were erased. */
hm_search_matter hm_search_judge(const hm_search_terms *terms, const hm_leaf *leaf, const hm_search_facts *facts);
/* All conditions. INTENT: of the intent of an outcome or a failure; otherwise NULL. */
hm_search_verdict hm_search_conclude(const hm_search_terms *terms, const hm_leaf *leaf, const hm_search_facts *facts,
                                     hm_search_matter own, const hm_search_matter *intent);

/* search_catch_up.c: the office's index. Without one, because it cannot be written, there is no fault, and no segment.
 */
/* How many segments there are, of this very log. */
HM_MUST_USE hm_err hm_search_indexed(hm_office *office, uint64_t *segments);
/* Index one segment more, if all of its entries are there. *BEHIND: there was one, and maybe there are more. */
HM_MUST_USE hm_err hm_search_catch_up(hm_office *office, bool *behind);
/* Around what follows, asked many times: it costs less. */
void hm_search_snapshot(hm_office *office);
void hm_search_snapshot_end(hm_office *office);
/* What might be meant in SEGMENT, ascending. */
HM_MUST_USE hm_err hm_search_candidates(hm_office *office, const hm_search_terms *terms, uint64_t segment,
                                        uint16_t place[static 4096], size_t *count);
/* The first entry of the first segment that says a time of SINCE or later, or has an entry that says none. */
HM_MUST_USE hm_err hm_search_first_since(hm_office *office, int64_t since, uint64_t *first);
/* The office is closed. */
void hm_search_forget(hm_office *office);

#endif
