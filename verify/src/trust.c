#include "trust.h"

#include "memory.h"

enum { NO_BOUND = 255, ES256_P256 = -9 };

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
const hmv_field hmv_publisher_map[] = {
    HMV_CLOSED_MAP(9, sizeof(hmv_publisher)), ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, id),
    ROW(1, HMV_TEXT, 1, HMV_TEXT_MAX, name),  ROW(2, HMV_SMALL, HMV_ACTIVE, HMV_RETIRED, state),
    ROW(3, HMV_LIST_16, 1, 8, classes),       ROW(4, HMV_UINT, 0, NO_BOUND, kinds),
    ROW(5, HMV_SMALL, 1, 3, purposes),        ROW(6, HMV_ARRAY, 1, 8, keys),
    ROW(7, HMV_SMALL, 1, 8, threshold),       ROW(8, HMV_BOOL, HMV_FALSE, HMV_TRUE, receipts),
};
#undef ROW

_Static_assert(sizeof(hmv_publisher) <= sizeof(hmv_element), "hmv_check_once has room for it");

/* An entry of one of the other three arrays. NAME is what is there once: a revoked key's kid; a minimum's publisher and
 * component, joined as they stand; a log's COSE_Key. */
struct entry {
    hmv_bytes name;
    hmv_bytes other; /* good digests; office */
    uint64_t security_version;
};
#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(struct entry, member) }
static const hmv_field revoked_array[] = {
    HMV_FIXED_ARRAY(2, sizeof(struct entry)),
    ROW(0, HMV_BYTES, HMV_KID_SIZE, HMV_KID_SIZE, name),
    ROW(1, HMV_LIST_32, 0, NO_BOUND, other),
};
static const hmv_field minimum_array[] = {
    HMV_FIXED_ARRAY(3, sizeof(struct entry)),
    ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, name),
    ROW(1, HMV_TEXT, 1, HMV_ID_MAX, name),
    ROW(2, HMV_UINT, 0, NO_BOUND, security_version),
};
static const hmv_field log_array[] = {
    HMV_FIXED_ARRAY(2, sizeof(struct entry)),
    ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, other),
    ROW(1, HMV_ITEM, 0, NO_BOUND, name),
};
#undef ROW

/* The key of SIGNATURE, whichever publisher it is of. An RSA key is the same, and has the same kid, for both of its
 * algorithms: two publishers may list it for one each. */
static HMV_APART int find_key(hmv_parse *parse, const hmv_trust *trust, const hmv_signature *signature,
                              hmv_cose_key *key) {
    hmv_reader reader;
    hmv_publisher publisher;
    int others = 0;
    hmv_enter(&reader, &trust->publishers, parse);
    while (reader.left > 0) {
        hmv_decode(&reader, hmv_publisher_map, &publisher);
        if (!hmv_find(parse, &publisher.keys, hmv_cose_key_map, &signature->kid, key)) continue;
        if (key->algorithm == signature->algorithm) return 1;
        others = 1;
    }
    if (others) hmv_fault(parse, HMV_UNKNOWN_ALGORITHM);
    return 0;
}

/* ["Signature", h'', … as Sig_structure (RFC 9052 section 4.4) of COSE_Sign begins where the body has no protected
 * headers. */
static const uint8_t sig_structure[] = {0x85, 0x69, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', 0x40};

uint32_t hmv_signatures_verify(hmv_pass *pass, const hmv_bytes *roots, hmv_bytes aad) {
    hmv_bytes pieces[HMV_PIECES] = {{sig_structure, sizeof sig_structure}, {NULL, 0}, aad, pass->payload_item};
    hmv_parse *parse = &pass->parse;
    hmv_signature it;
    hmv_cose_key key;
    hmv_reader reader;
    uint32_t known = 0;
    hmv_enter(&reader, &pass->signatures, parse);
    while (reader.left > 0) {
        hmv_signature_read(&reader, &it);
        if (roots != NULL ? !hmv_find(parse, roots, hmv_cose_key_map, &it.kid, &key)
                          : !find_key(parse, pass->trust, &it, &key))
            continue;
        known++;
        pieces[1] = it.protected_item;
        if (key.algorithm != it.algorithm)
            hmv_fault(parse, HMV_UNKNOWN_ALGORITHM);
        else
            hmv_cose_verify(pass, &key, pieces, it.value, HMV_BAD_SIGNATURE);
    }
    return known;
}

int hmv_log_find(hmv_parse *parse, const hmv_trust *trust, const hmv_bytes *kid, hmv_bytes *office, hmv_cose_key *key) {
    hmv_reader reader, inner;
    hmv_enter(&reader, &trust->logs, parse);
    struct entry entry;
    while (reader.left > 0) {
        hmv_decode(&reader, log_array, &entry);
        hmv_open(&inner, &entry.name, parse);
        hmv_decode(&inner, hmv_cose_key_map, key);
        if (!hmv_is_same(&key->kid, kid)) continue;
        *office = entry.other;
        return 1;
    }
    return 0;
}

int hmv_list_has(hmv_parse *parse, const hmv_bytes *list, const hmv_bytes *id) {
    hmv_bytes each;
    return hmv_find(parse, list, hmv_byte_string, id, &each);
}

void hmv_revoked_check(hmv_pass *pass, const hmv_bytes *kid) {
    uint8_t digest[HMV_SHA256_SIZE];
    const hmv_bytes good = {digest, sizeof digest};
    struct entry entry;
    if (!hmv_find(&pass->parse, &pass->trust->revoked, revoked_array, kid, &entry)) return;
    hmv_sha256_of(&pass->payload, 1, digest);
    if (!hmv_list_has(&pass->parse, &entry.other, &good)) hmv_fault(&pass->parse, HMV_REVOKED_KEY);
}

uint64_t hmv_minimum_of(hmv_pass *pass, const hmv_bytes *publisher, const hmv_bytes *component) {
    /* The component's name with its head, which a manifest has just as a trust list has. */
    size_t head = component->size < 24 ? 1 : 2;
    uint8_t octets[HMV_UUID_SIZE + 2 + HMV_ID_MAX];
    const hmv_bytes name = {octets, HMV_UUID_SIZE + head + component->size};
    struct entry entry;
    memcpy(octets, publisher->data, HMV_UUID_SIZE);
    memcpy(&octets[HMV_UUID_SIZE], component->data - head, head + component->size);
    return hmv_find(&pass->parse, &pass->trust->minimums, minimum_array, &name, &entry) ? entry.security_version : 0;
}

/* A log's key is for ES256. */
static void check_log_keys(const hmv_trust *list, hmv_parse *parse) {
    hmv_reader reader, inner;
    hmv_enter(&reader, &list->logs, parse);
    struct entry entry;
    hmv_cose_key key;
    while (reader.left > 0) {
        hmv_decode(&reader, log_array, &entry);
        hmv_open(&inner, &entry.name, parse);
        hmv_key_check(&inner, &key);
        if (key.algorithm != ES256_P256) hmv_fault(parse, HMV_MALFORMED);
    }
}

void hmv_trust_outline(const hmv_bytes *payload, hmv_trust *list, hmv_parse *parse) {
    hmv_reader reader;
    hmv_open(&reader, payload, parse);
    hmv_decode(&reader, list_map, list);
    hmv_end(&reader);
    list->list = *payload;
    hmv_open(&reader, &list->root_set, parse);
    hmv_decode(&reader, root_set_array, list);
    if (hmv_keys_check(parse, &list->roots) < (uint32_t)list->threshold) hmv_fault(parse, HMV_MALFORMED);
}

void hmv_trust_check(const hmv_trust *list, hmv_parse *parse) {
    hmv_reader reader;
    hmv_enter(&reader, &list->publishers, parse);
    hmv_publisher each;
    hmv_check_once(parse, &list->publishers, hmv_publisher_map);
    while (reader.left > 0) {
        hmv_decode(&reader, hmv_publisher_map, &each);
        if (hmv_keys_check(parse, &each.keys) < each.threshold) hmv_fault(parse, HMV_MALFORMED);
    }
    hmv_check_once(parse, &list->revoked, revoked_array);
    hmv_check_once(parse, &list->minimums, minimum_array);
    hmv_check_once(parse, &list->logs, log_array);
    check_log_keys(list, parse);
}

hmv_reason hmv_trust_read(hmv_bytes list, hmv_trust *trust) {
    hmv_parse parse = {.fault = list.size > HMV_TRUST_MAX ? HMV_TOO_LARGE : HMV_UNDECIDED};
    hmv_trust_outline(&list, trust, &parse);
    hmv_trust_check(trust, &parse);
    if (parse.fault == HMV_UNDECIDED) return HMV_ACCEPTED;
    memset(trust, 0, sizeof *trust);
    return parse.fault;
}
