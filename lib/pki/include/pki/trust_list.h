/* The trust list that devices hold (docs/manifest.md), as a model that can be edited: read from the payload of a trust
 * list's envelope, changed by one operation after another, written again.
 *
 * Whether bytes are a trust list is libhallmark-verify's to say (hmv_trust_read): hm_trust_list_read asks it first, and
 * hm_trust_list_put asks it about what was written. So no list is ever edited, or comes out, that a device would call
 * malformed.
 *
 * Everything here is a value: a list holds copies and refers to nothing of the caller's. */
#ifndef HM_PKI_TRUST_LIST_H
#define HM_PKI_TRUST_LIST_H

#include <base/bytes.h>

/* Bounds of the format; those of the last four follow from a list's greatest size. */
enum {
    HM_LIST_MAX = 16384, /* bytes of an envelope, and so of a list */
    HM_LIST_ROOTS_MAX = 8,
    HM_LIST_KEYS_MAX = 8,
    HM_LIST_CLASSES_MAX = 8,
    HM_LIST_TEXT_MAX = 64,
    HM_LIST_ID_MAX = 32,
    HM_LIST_KEY_MAX = 640, /* bytes of a COSE_Key: RSA with 4096 bits, and room */
    HM_LIST_PUBLISHERS_MAX = 128,
    HM_LIST_REVOKED_MAX = 460,
    HM_LIST_GOOD_MAX = 490,
    HM_LIST_MINIMUMS_MAX = 800,
    HM_LIST_LOGS_MAX = 160
};
enum { HM_LIST_KID_LEN = 32, HM_LIST_UUID_LEN = 16, HM_LIST_DIGEST_LEN = 32 };

/* A COSE_Key as it stands in the list, and its name. */
typedef struct {
    uint8_t kid[HM_LIST_KID_LEN];
    size_t len;
    uint8_t cose[HM_LIST_KEY_MAX];
} hm_list_key;

typedef struct {
    uint8_t uuid[HM_LIST_UUID_LEN];
    char name[HM_LIST_TEXT_MAX + 1];
    bool retired;
    size_t classes;
    uint8_t class_id[HM_LIST_CLASSES_MAX][HM_LIST_UUID_LEN];
    uint64_t kinds;    /* bit n: kind n */
    uint64_t purposes; /* bit 0 production, bit 1 development */
    size_t keys;
    hm_list_key key[HM_LIST_KEYS_MAX];
    uint64_t threshold; /* of these keys */
    bool receipts;      /* must each signature have one? */
} hm_list_publisher;

typedef struct {
    uint8_t kid[HM_LIST_KID_LEN];
    size_t good; /* manifests that stay good: HM_TRUST_LIST.digest[first_good] and behind */
    size_t first_good;
} hm_list_revoked;

typedef struct {
    uint8_t publisher[HM_LIST_UUID_LEN];
    char component[HM_LIST_ID_MAX + 1];
    uint64_t security_version;
} hm_list_minimum;

typedef struct {
    uint8_t office[HM_LIST_UUID_LEN];
    hm_list_key key;
} hm_list_log;

typedef struct {
    uint64_t version;
    uint64_t threshold; /* of the roots */
    size_t roots, publishers, revoked, good, minimums, logs;
    hm_list_key root[HM_LIST_ROOTS_MAX];
    hm_list_publisher publisher[HM_LIST_PUBLISHERS_MAX];
    hm_list_revoked revoked_key[HM_LIST_REVOKED_MAX];
    uint8_t digest[HM_LIST_GOOD_MAX][HM_LIST_DIGEST_LEN]; /* SHA-256 of manifests, in the order of revoked_key */
    hm_list_minimum minimum[HM_LIST_MINIMUMS_MAX];
    hm_list_log log[HM_LIST_LOGS_MAX];
    size_t notes, notes_len; /* pairs with negative keys, encoded: nobody here knows what they say, so they stay */
    uint8_t note[HM_LIST_MAX];
} hm_trust_list;

/* A list without anything, of version 0. It is large and lives on the heap. */
HM_MUST_USE hm_err hm_trust_list_new(hm_trust_list **list);
void hm_trust_list_free(hm_trust_list **list);
#define HM_TRUST_LIST __attribute__((cleanup(hm_trust_list_free))) hm_trust_list

/* PAYLOAD into LIST, whose content is replaced. A refusal says what libhallmark-verify does not like; then LIST means
 * nothing. */
HM_MUST_USE hm_err hm_trust_list_read(hm_bytes payload, hm_trust_list *list);
/* Append LIST, deterministic CBOR. A refusal, and nothing appended, if a device would not read it. */
HM_MUST_USE hm_err hm_trust_list_put(const hm_trust_list *list, hm_buf *payload);
/* Append the root-set, [threshold, [+ COSE_Key]]: its SHA-256 is what a device keeps where nobody can write. */
HM_MUST_USE hm_err hm_list_roots_put(const hm_trust_list *list, hm_buf *root_set);

/* A COSE_Key: strict, its kid the thumbprint of the rest, an algorithm that lists may hold. The next one of READER, or
 * exactly the content of a file. */
HM_MUST_USE hm_err hm_list_key_get(hm_reader *reader, hm_list_key *key);
HM_MUST_USE hm_err hm_list_key_read(hm_bytes cose, hm_list_key *key);
/* "ESP256" ... as COSE calls the algorithm of KEY. */
const char *hm_list_key_name(const hm_list_key *key);

/* What a publisher's office, a log's, or a custodian gives to the other custodians. Nothing proves where such a file
 * comes from: people compare its SHA-256, or the kid.
 *   publisher-file = [ "hallmark publisher 1", publisher, [* log] ]
 *   log-file       = [ "hallmark log 1", log ]
 *   root-file      = [ "hallmark root 1", COSE_Key ] */
typedef struct {
    hm_list_publisher publisher;
    size_t logs;
    hm_list_log log[1];
} hm_publisher_file;
HM_MUST_USE hm_err hm_publisher_file_read(hm_bytes bytes, hm_publisher_file *file);
HM_MUST_USE hm_err hm_publisher_file_put(const hm_publisher_file *file, hm_buf *bytes);
HM_MUST_USE hm_err hm_log_file_read(hm_bytes bytes, hm_list_log *log);
HM_MUST_USE hm_err hm_log_file_put(const hm_list_log *log, hm_buf *bytes);
HM_MUST_USE hm_err hm_root_file_read(hm_bytes bytes, hm_list_key *key);
HM_MUST_USE hm_err hm_root_file_put(const hm_list_key *key, hm_buf *bytes);

/* Kinds and purposes in words, separated by commas: "firmware,configuration", "production". */
HM_MUST_USE hm_err hm_list_kinds_read(const char *words, uint64_t *kinds);
HM_MUST_USE hm_err hm_list_purposes_read(const char *words, uint64_t *purposes);
HM_MUST_USE hm_err hm_list_kinds_put(uint64_t kinds, hm_buf *words);
HM_MUST_USE hm_err hm_list_purposes_put(uint64_t purposes, hm_buf *words);

#endif
