/* The office's state in SQLite: one file, several processes at once. Nothing here knows what a log, a key or a
 * certificate means; lib/core gives these rows their meaning. Numbers of rows are int64_t, times are Unix seconds UTC.
 *
 * A transaction takes the write lock at once (BEGIN IMMEDIATE), so what it reads cannot change under it. What a commit
 * has acknowledged is on disk (WAL, synchronous=FULL). Views that a callback gets are valid during the callback. */
#ifndef HM_STORE_STORE_H
#define HM_STORE_STORE_H

#include <base/bytes.h>

typedef struct hm_store hm_store;

HM_MUST_USE hm_err hm_store_create(const char *path); /* a fault if it exists */
HM_MUST_USE hm_err hm_store_open(const char *path, hm_store **store);
void hm_store_close(hm_store **store);

/* The database as it is at this moment in a new file PATH (a fault if it exists), durable when it returns, while others
 * go on writing. The copy is one file and has no journal until hm_store_adopt: reading it changes nothing. What was
 * erased is not in it. On a fault a part of it may be left. */
HM_MUST_USE hm_err hm_store_copy(hm_store *store, const char *path);
/* A copy becomes a database that several processes write. */
HM_MUST_USE hm_err hm_store_adopt(hm_store *store);
/* Is the file whole? A refusal with the first thing that is not; what the rows mean is not looked at. */
HM_MUST_USE hm_err hm_store_check(hm_store *store);

/* A number that changes when another process has committed something; 0: it cannot be told. */
int hm_store_version(hm_store *store);

/* Until its end, or the next transaction, all that is read is of one moment, and costs less. No fault: without one it
 * is read as ever. */
void hm_store_snapshot(hm_store *store);
void hm_store_snapshot_end(hm_store *store);

HM_MUST_USE hm_err hm_store_begin(hm_store *store);
HM_MUST_USE hm_err hm_store_commit(hm_store *store); /* on a fault the transaction is rolled back */
void hm_store_rollback(hm_store *store);             /* harmless outside a transaction */

/* The office itself: one row, written once at init. */
typedef struct {
    uint8_t uuid[16];
    const char *organization;
    const char *token;    /* "softhsm" or a pkcs11: URI */
    const char *pin_path; /* "" for the PIN that lies in the office */
    const char *origin;   /* the log's name */
    bool development;
    int64_t created;
} hm_office_row;
HM_MUST_USE hm_err hm_store_put_office(hm_store *store, const hm_office_row *office);
/* From now on its token is the SoftHSM in its folder: in a copy that is no office any more. */
HM_MUST_USE hm_err hm_store_take_own_token(hm_store *store);
/* Strings live in STORAGE. */
HM_MUST_USE hm_err hm_store_get_office(hm_store *store, hm_buf *storage, hm_office_row *office);

typedef struct {
    int64_t id;
    hm_bytes name;
    uint8_t vendor[16], class[16];
    uint32_t algorithms; /* bit n: hm_key_algorithm n */
    int64_t created;
} hm_product_row;
HM_MUST_USE hm_err hm_store_add_product(hm_store *store, const hm_product_row *product, int64_t *id);
typedef hm_err (*hm_product_visit)(void *context, const hm_product_row *product);
/* The product with this NAME, or every product if NAME is NULL. *FOUND counts. */
HM_MUST_USE hm_err hm_store_products(hm_store *store, const hm_bytes *name, hm_product_visit visit, void *context,
                                     size_t *found);

/* What a key is for. Stored: never reuse a number. */
typedef enum {
    HM_KEY_ROLE_ROOT = 1,
    HM_KEY_ROLE_LOG = 2,
    HM_KEY_ROLE_PRODUCT_CA = 3,
    HM_KEY_ROLE_SIGNING = 4,
    HM_KEY_ROLE_RECEIPT = 5,    /* the log's, for receipts that devices check */
    HM_KEY_ROLE_TRUST_ROOT = 6, /* of the trust list */
    HM_KEY_ROLE_TSA = 7         /* of the timestamping authority */
} hm_key_role;
typedef struct {
    int64_t id;
    int64_t product; /* 0: the office's own */
    hm_key_role role;
    int algorithm;
    uint8_t token_id[16];
    hm_bytes spki;
    hm_bytes certificate; /* DER, the newest; empty if none yet */
    hm_bytes chain;       /* DER certificates above it, nearest first, one after another; root left out */
    bool imported_chain;
    int64_t not_after; /* of the certificate; 0 without one */
    int64_t created;
    hm_bytes release; /* that it signs alone; empty: it is not a release's */
    bool imported;    /* it was made elsewhere */
} hm_key_row;
HM_MUST_USE hm_err hm_store_add_key(hm_store *store, const hm_key_row *key, int64_t *id);
HM_MUST_USE hm_err hm_store_set_certificate(hm_store *store, int64_t key, hm_bytes certificate, hm_bytes chain,
                                            bool imported, int64_t not_after);
/* Another key has the place and the id of this one, and no certificate yet. */
HM_MUST_USE hm_err hm_store_replace_key(hm_store *store, int64_t key, hm_bytes spki);
typedef hm_err (*hm_key_visit)(void *context, const hm_key_row *key);
/* Keys of PRODUCT (-1: all), of ROLE (0: all), of ALGORITHM (0: all). */
HM_MUST_USE hm_err hm_store_keys(hm_store *store, int64_t product, int role, int algorithm, hm_key_visit visit,
                                 void *context, size_t *found);

/* What was answered, by a name of 32 bytes, for as long as it may be asked for again. To put is only possible in a
 * transaction. */
HM_MUST_USE hm_err hm_store_put_answer(hm_store *store, const uint8_t name[static 32], hm_bytes body, int64_t time);
/* Appended to BODY if it is there. */
HM_MUST_USE hm_err hm_store_get_answer(hm_store *store, const uint8_t name[static 32], hm_buf *body, bool *found);
/* Those that were put before TIME. */
HM_MUST_USE hm_err hm_store_forget_answers(hm_store *store, int64_t time);

/* The log's entries, numbered from 0 without gaps. Appending is only possible in a transaction. */
typedef struct {
    uint64_t index;
    hm_bytes leaf;
    hm_bytes salt;    /* empty after the details were erased */
    hm_bytes details; /* likewise */
    uint64_t tag;     /* what the entry can be found by; 0: not at all, which costs no index */
} hm_entry_row;
HM_MUST_USE hm_err hm_store_append(hm_store *store, const hm_entry_row *entry, uint64_t *index);
HM_MUST_USE hm_err hm_store_log_size(hm_store *store, uint64_t *size);
typedef hm_err (*hm_entry_visit)(void *context, const hm_entry_row *entry);
HM_MUST_USE hm_err hm_store_entries(hm_store *store, uint64_t from, uint64_t count, hm_entry_visit visit,
                                    void *context);
/* The one of this number, also from within a visit of hm_store_entries, but not within its own; no visit if there is
 * none. */
HM_MUST_USE hm_err hm_store_entry(hm_store *store, uint64_t index, hm_entry_visit visit, void *context);
HM_MUST_USE hm_err hm_store_entries_tagged(hm_store *store, uint64_t tag, hm_entry_visit visit, void *context);
/* The last one, if there is any. */
HM_MUST_USE hm_err hm_store_last_tagged(hm_store *store, uint64_t tag, hm_entry_visit visit, void *context);
/* Those with a number of at least FROM. */
HM_MUST_USE hm_err hm_store_entries_tagged_from(hm_store *store, uint64_t tag, uint64_t from, hm_entry_visit visit,
                                                void *context);

/* What has been published: the tree's right edge and the last checkpoint note. Empty before the first. */
HM_MUST_USE hm_err hm_store_get_head(hm_store *store, hm_buf *edge, hm_buf *checkpoint);
HM_MUST_USE hm_err hm_store_put_head(hm_store *store, hm_bytes edge, hm_bytes checkpoint);

#endif
