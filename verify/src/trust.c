#include "trust.h"

#include "memory.h"

enum { NO_BOUND = 255 };

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_trust, member) }
static const hmv_field list_map[] = {
    HMV_OPEN_MAP(7, sizeof(hmv_trust)),         {0, HMV_VERSION, 0, NO_BOUND, 0},
    ROW(1, HMV_UINT, 0, NO_BOUND, version),     ROW(2, HMV_ARRAY, 2, 2, root_set),
    ROW(3, HMV_ARRAY, 0, NO_BOUND, publishers), ROW(4, HMV_ARRAY, 0, NO_BOUND, revoked),
    ROW(5, HMV_ARRAY, 0, NO_BOUND, minimums),   ROW(6, HMV_ARRAY, 0, NO_BOUND, logs),
};
static const hmv_field root_set_array[] = {
    HMV_FIXED_ARRAY(2, 0),
    ROW(0, HMV_UINT, 1, HMV_ROOTS_MAX, threshold),
    ROW(1, HMV_ARRAY, 1, HMV_ROOTS_MAX, roots),
};
#undef ROW

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_publisher, member) }
static const hmv_field publisher_map[] = {
    HMV_CLOSED_MAP(9, sizeof(hmv_publisher)), ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, id),
    ROW(1, HMV_TEXT, 1, HMV_TEXT_MAX, name),  ROW(2, HMV_SMALL, HMV_ACTIVE, HMV_RETIRED, state),
    ROW(3, HMV_LIST_16, 1, 8, classes),       ROW(4, HMV_UINT, 0, NO_BOUND, kinds),
    ROW(5, HMV_SMALL, 1, 3, purposes),        ROW(6, HMV_ARRAY, 1, 8, keys),
    ROW(7, HMV_UINT, 1, 8, threshold),        ROW(8, HMV_BOOL, HMV_FALSE, HMV_TRUE, receipts),
};
#undef ROW

/* A row of one of the other three arrays: which of its fields the row has, and what they mean, says the table. */
struct entry {
    hmv_bytes id;    /* kid, publisher, office */
    hmv_bytes other; /* good digests, component, key */
    uint64_t security_version;
};
#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(struct entry, member) }
static const hmv_field revoked_array[] = {
    HMV_FIXED_ARRAY(2, sizeof(struct entry)),
    ROW(0, HMV_BYTES, HMV_KID_SIZE, HMV_KID_SIZE, id),
    ROW(1, HMV_LIST_32, 0, NO_BOUND, other),
};
static const hmv_field minimum_array[] = {
    HMV_FIXED_ARRAY(3, sizeof(struct entry)),
    ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, id),
    ROW(1, HMV_TEXT, 1, HMV_ID_MAX, other),
    ROW(2, HMV_UINT, 0, NO_BOUND, security_version),
};
static const hmv_field log_array[] = {
    HMV_FIXED_ARRAY(2, sizeof(struct entry)),
    ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, id),
    ROW(1, HMV_ITEM, 0, NO_BOUND, other),
};
#undef ROW

int hmv_publisher_find(const hmv_trust *trust, hmv_bytes id, hmv_reason *fault, hmv_publisher *publisher) {
    hmv_reader reader = hmv_elements(trust->publishers, fault);
    while (reader.left > 0) {
        hmv_decode(&reader, publisher_map, publisher);
        if (*fault == HMV_UNDECIDED && hmv_same_bytes(publisher->id, id) == HMV_GOOD) return 1;
    }
    return 0;
}

hmv_bytes hmv_keys_with(const hmv_trust *trust, hmv_bytes kid, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(trust->publishers, fault);
    const hmv_bytes nobodys = {NULL, 0};
    hmv_publisher publisher;
    hmv_cose_key key;
    while (reader.left > 0) {
        hmv_decode(&reader, publisher_map, &publisher);
        if (hmv_key_find(publisher.keys, kid, fault, &key)) return publisher.keys;
    }
    return nobodys;
}

/* The first entry of ARRAY, as TABLE says, whose id is ID and, if OTHER is not empty, whose other is OTHER. */
static int find_entry(hmv_bytes array, const hmv_field *table, hmv_bytes id, hmv_bytes other, hmv_reason *fault,
                      struct entry *entry) {
    hmv_reader reader = hmv_elements(array, fault);
    while (reader.left > 0) {
        hmv_decode(&reader, table, entry);
        if (*fault != HMV_UNDECIDED || hmv_same_bytes(entry->id, id) != HMV_GOOD) continue;
        if (other.size == 0 || hmv_same_bytes(entry->other, other) == HMV_GOOD) return 1;
    }
    return 0;
}

int hmv_log_find(const hmv_trust *trust, hmv_bytes kid, hmv_reason *fault, hmv_bytes *office, hmv_cose_key *key) {
    hmv_reader reader = hmv_elements(trust->logs, fault);
    struct entry entry;
    while (reader.left > 0) {
        hmv_reader inner;
        hmv_decode(&reader, log_array, &entry);
        inner = hmv_reader_of(entry.other, fault);
        hmv_cose_key_read(&inner, key);
        *office = entry.id;
        if (*fault == HMV_UNDECIDED && hmv_same_bytes(key->kid, kid) == HMV_GOOD) return 1;
    }
    return 0;
}

int hmv_list_has(hmv_bytes list, hmv_bytes id, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(list, fault);
    while (reader.left > 0)
        if (hmv_same_bytes(hmv_read_bytes(&reader, 0, NO_BOUND), id) == HMV_GOOD) return 1;
    return 0;
}

void hmv_revoked_check(const hmv_trust *trust, hmv_bytes kid, hmv_bytes manifest, hmv_reason *fault) {
    const hmv_bytes any = {NULL, 0};
    uint8_t digest[HMV_SHA256_SIZE];
    const hmv_bytes good = {digest, sizeof digest};
    struct entry entry;
    if (!find_entry(trust->revoked, revoked_array, kid, any, fault, &entry)) return;
    hmv_sha256_of(&manifest, 1, digest);
    if (!hmv_list_has(entry.other, good, fault)) hmv_fault(fault, HMV_REVOKED_KEY);
}

uint64_t hmv_minimum_of(const hmv_trust *trust, hmv_bytes publisher, hmv_bytes component, hmv_reason *fault) {
    struct entry entry;
    return find_entry(trust->minimums, minimum_array, publisher, component, fault, &entry) ? entry.security_version : 0;
}

/* Each key is what it says, and is in KEYS once. How many there are. */
static uint64_t check_keys(hmv_bytes keys, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(keys, fault);
    uint64_t count = 0;
    hmv_cose_key key, first;
    for (; reader.left > 0; count++) {
        hmv_cose_key_check(&reader, &key);
        if (hmv_key_find(keys, key.kid, fault, &first) && first.kid.data != key.kid.data) hmv_fault(fault, HMV_TWICE);
    }
    return count;
}

static void check_publisher_keys(const hmv_trust *list, const hmv_publisher *publisher, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(publisher->keys, fault);
    hmv_cose_key key;
    if (check_keys(publisher->keys, fault) < publisher->threshold) hmv_fault(fault, HMV_MALFORMED);
    while (reader.left > 0) {
        hmv_cose_key_read(&reader, &key);
        if (hmv_keys_with(list, key.kid, fault).data != publisher->keys.data) hmv_fault(fault, HMV_TWICE);
    }
}

static void check_publishers(const hmv_trust *list, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(list->publishers, fault);
    hmv_publisher publisher, first;
    while (reader.left > 0) {
        hmv_decode(&reader, publisher_map, &publisher);
        check_publisher_keys(list, &publisher, fault);
        if (hmv_publisher_find(list, publisher.id, fault, &first) && first.id.data != publisher.id.data)
            hmv_fault(fault, HMV_TWICE);
    }
}

/* Each entry of ARRAY is as TABLE says, and there once; PAIRS: the second field is part of what it is. */
static void check_entries(hmv_bytes array, const hmv_field *table, int pairs, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(array, fault);
    struct entry entry, first;
    while (reader.left > 0) {
        hmv_decode(&reader, table, &entry);
        if (!pairs) entry.other.size = 0;
        if (find_entry(array, table, entry.id, entry.other, fault, &first) && first.id.data != entry.id.data)
            hmv_fault(fault, HMV_TWICE);
    }
}

/* A log's key is for ES256. */
static void check_logs(const hmv_trust *list, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(list->logs, fault);
    hmv_bytes office;
    struct entry entry;
    hmv_cose_key key, first;
    while (reader.left > 0) {
        hmv_reader inner;
        hmv_decode(&reader, log_array, &entry);
        inner = hmv_reader_of(entry.other, fault);
        hmv_cose_key_check(&inner, &key);
        if (key.algorithm != -9) hmv_fault(fault, HMV_MALFORMED);
        if (hmv_log_find(list, key.kid, fault, &office, &first) && first.kid.data != key.kid.data)
            hmv_fault(fault, HMV_TWICE);
    }
}

void hmv_trust_outline(hmv_bytes payload, hmv_trust *list, hmv_reason *fault) {
    hmv_reader reader = hmv_reader_of(payload, fault);
    hmv_decode(&reader, list_map, list);
    hmv_end(&reader);
    list->list = payload;
    reader = hmv_reader_of(list->root_set, fault);
    hmv_decode(&reader, root_set_array, list);
    if (check_keys(list->roots, fault) < list->threshold) hmv_fault(fault, HMV_MALFORMED);
}

void hmv_trust_check(const hmv_trust *list, hmv_reason *fault) {
    check_publishers(list, fault);
    check_entries(list->revoked, revoked_array, 0, fault);
    check_entries(list->minimums, minimum_array, 1, fault);
    check_logs(list, fault);
}

hmv_reason hmv_trust_read(hmv_bytes bytes, hmv_trust *trust) {
    hmv_reason fault = HMV_UNDECIDED;
    if (bytes.size > HMV_TRUST_MAX) fault = HMV_TOO_LARGE;
    hmv_trust_outline(bytes, trust, &fault);
    hmv_trust_check(trust, &fault);
    if (fault == HMV_UNDECIDED) return HMV_ACCEPTED;
    memset(trust, 0, sizeof *trust);
    return fault;
}
