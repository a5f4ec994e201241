/* One office for a test program, and copies of it to work with and to spoil.
 *
 * Its keys are in a SoftHSM behind tests/unit/keys/fake_module.c, which fails when it is told to. It has two products:
 * "pump" signs with ES256 and Ed25519, "valve" with RSA-3072; pump's ES256 key and valve's RSA key are there. */
#ifndef HM_OFFICE_FIXTURE_H
#define HM_OFFICE_FIXTURE_H

#include "core_test.h"

#include <base/io.h>
#include <client/office.h>
#include <crypto/algorithm.h>
#include <pki/signed.h>
#include <store/store.h>
#include <tlog/leaf.h>
#include <tlog/note.h>

/* The expression is done, or the test fails with the fault's sentence. */
#define WORKS(expression)                                                                                              \
    do {                                                                                                               \
        if (hm_failed(expression)) fail_msg("%s: %s", #expression, hm_err_sentence());                                 \
    } while (0)
/* A fault of CLASS whose sentence holds WORDS. */
#define FAILS(fault_class, words, expression)                                                                          \
    do {                                                                                                               \
        hm_err fails_err = (expression);                                                                               \
        if (fails_err.class != (fault_class)) fail_msg("%s: class %d", #expression, fails_err.class);                  \
        assert_said(words);                                                                                            \
    } while (0)

/* Group setup and teardown; and the setup of each test, which skips it where there is no SoftHSM. */
int office_group_make(void **state);
int office_group_remove(void **state);
int office_needed(void **state);
#define OFFICE_TEST(test) cmocka_unit_test_setup(test, office_needed)
#define RUN_WITH_OFFICE(tests) cmocka_run_group_tests(tests, office_group_make, office_group_remove)
/* The folder that is removed in the end; and what names the office's token. */
const char *office_group_folder(void);
const char *office_token_uri(void);
const char *office_pin_path(void);

typedef struct {
    char directory[96];
    hm_connection core;
} office;

/* A copy of the office as it was made, its checkpoint an hour old; not connected. */
void office_copy(office *copy);
void office_clear(office *copy);
#define OFFICE __attribute__((cleanup(office_clear))) office
void office_connect(office *o);
void office_disconnect(office *o);
void office_reconnect(office *o);
/* A copy, connected; and narrowed to SIGNATURES of pump and its release 1.0. */
void office_open(office *copy);
void office_open_narrowed(office *copy, uint64_t signatures);
/* Put the content of one office's folder in the place of another's. */
void office_restore(const office *from, office *to);
/* "DIRECTORY/NAME", until the next call. */
const char *office_file(const office *o, const char *name);
/* What nobody does through the core. */
void office_sql(const office *o, const char *text);
/* From now on the database takes no entries whose leaf begins with the octets PREFIX (hexadecimal; "": none at all), as
 * if there were no room; until it is mended. Only what comes behind the present entries is meant. */
void office_break_entries(const office *o, const char *prefix);
void office_mend(const office *o);
#define NO_ROOM "integer overflow"
/* Date the checkpoint back. */
void office_age_checkpoint(const office *o);
/* What the token does from now on; "" for what it should (see fake_module.c). */
void token_faults(const char *orders);

/* Ask for something that works. */
hm_message ask(office *o, const hm_message *question);
/* A further answer. */
hm_message hear(office *o);
/* Ask for something that does not. */
void expect_fault(office *o, hm_class class, const char *words, const hm_message *question);
/* Same, while the token does as ORDERS say, because of which the core could not. */
void expect_token_fault(office *o, const char *orders, const char *words, const hm_message *question);

#define DIGEST LITERAL("fedcba9876543210fedcba9876543210")
hm_message narrow_message(const char *product, uint64_t signatures);
hm_message sign_message(uint64_t tag, hm_key_algorithm algorithm, hm_bytes content);
hm_message product_message(hm_message_type type, const char *product,
                           uint64_t algorithm); /* key-generate and its like */
/* Narrow to pump and its release 1.0. */
void narrow(office *o, uint64_t signatures);
/* A CMS signature of pump over DIGEST in a session of its own; SIGNATURE_HASH is its name in the log. */
void sign_once(office *o, uint64_t *intent, uint64_t *outcome, uint8_t signature_hash[static HM_SHA256_LEN]);
/* The signature in STRUCTURE is by PRODUCT, over CONTENT, under the office's own root. */
hm_err check_structure(office *o, hm_structure kind, hm_bytes structure, const char *product,
                       hm_digest_algorithm algorithm, hm_bytes content);
void structure_hash(hm_structure kind, hm_bytes structure, uint8_t signature_hash[static HM_SHA256_LEN]);
/* The office's log key, from trust.pem. */
void log_key(const office *o, hm_note_key *key);

/* What the database says, beside the core. */
uint64_t entries_in(const office *o);
typedef struct {
    hm_leaf leaf;
    hm_buf cbor, salt, details; /* details without a zero */
} entry;
void entry_clear(entry *e);
#define ENTRY __attribute__((cleanup(entry_clear))) entry
/* Replaces what E held. */
void entry_read(const office *o, uint64_t index, entry *e);
/* Behind entry FROM - 1 there are COUNT refusals and nothing else. */
void expect_refusals(const office *o, uint64_t from, uint64_t count);
bool details_hold(const entry *e, const char *text);
/* Append what the core would not. */
uint64_t entry_forge(const office *o, const hm_leaf *leaf);

#endif
