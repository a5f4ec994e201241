/* An office's log of some thousand entries, each known to the test; and searches of it, held against a walk. */
#ifndef HM_SEARCH_FIXTURE_H
#define HM_SEARCH_FIXTURE_H

#include "core_test.h"

#include "search.h"

#include <store/search_index.h>

/* Two segments and a part of a third. */
enum { SEGMENT = HM_SEARCH_SEGMENT, ENTRIES = 2 * SEGMENT + 700, PRODUCTS = 3 };

/* Each entry as the test keeps it; an outcome's or a failure's INTENT is the number of its intent, others' is their
 * own. */
typedef struct {
    hm_leaf_type type;
    int64_t time;
    int product, key, principal, release;
    size_t intent;
    uint8_t digest[HM_SHA256_LEN];
} said_entry;
extern said_entry said[ENTRIES];
extern size_t entries;
extern int64_t now; /* of the last one */

/* The copy that the test has. */
extern hm_office office;
extern char folder[96];
int make_log(void **state);
int remove_log(void **state);
int copy_log(void **state);
int leave_log(void **state);
#define TEST(test) cmocka_unit_test_setup_teardown(test, copy_log, leave_log)
#define RUN_WITH_LOG(tests) cmocka_run_group_tests(tests, make_log, remove_log)
/* "FOLDER/NAME", until the next call. */
const char *in_folder(const char *name);
void sql_in(const char *name, const char *text);
/* Into a buffer. */
hm_err take_leaf(void *context, const hm_entry_row *entry);

/* What the last search found. */
extern uint64_t hit[ENTRIES];
extern size_t hits;
hm_err keep_hit(void *context, const hm_entry_row *entry);
HM_MUST_USE hm_err search(const hm_search_query *query, bool complete, hm_search_result *result);
/* What it finds comes behind what was found. */
HM_MUST_USE hm_err search_more(const hm_search_query *query, const hm_search_how *how, hm_search_result *result);

/* Conditions by number; -1: none. */
typedef struct {
    int product, key, principal, release, type;
    size_t digest_of; /* SIZE_MAX: none */
    int64_t since, until;
} wanted;
extern const wanted anything, by_key;
bool is_wanted(const wanted *w, size_t i);
typedef struct {
    char product[16], key[33], principal[16], release[16];
} texts;
/* Views T. */
hm_search_query query_of(const wanted *w, texts *t);
HM_MUST_USE hm_err search_wanted(const wanted *w, bool complete, hm_search_result *result);
/* The hits are those that a walk finds. */
void compare_hits(const wanted *w);
/* So a search finds them, too; or ends with a fault that says WORDS. */
void expect(const wanted *w, bool complete);
void expect_fault(const wanted *w, bool complete, hm_class class, const char *words);

#endif
