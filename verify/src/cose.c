#include "cose.h"

#include "memory.h"

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_signature, member) }
static const hmv_field protected_map[] = {
    HMV_CLOSED_MAP(1, 0),
    ROW(1, HMV_NINT, 0, 255, algorithm),
};
static const hmv_field unprotected_map[] = {
    HMV_CLOSED_MAP(3, 0),
    ROW(4, HMV_BYTES, HMV_KID_SIZE, HMV_KID_SIZE, kid),
    ROW(33, HMV_CHAIN | HMV_OPTIONAL, 2, 4, chain),
    ROW(394, HMV_LIST | HMV_OPTIONAL, 1, 2, receipts),
};
#undef ROW
static const hmv_field whole_bytes = {0, HMV_BYTES_ITEM, 0, 255, 0};

static const uint8_t array_of_3[] = {0x83};

void hmv_signature_read(hmv_reader *reader, hmv_signature *signature) {
    hmv_reader inner;
    memset(signature, 0, sizeof *signature);
    hmv_expect(reader, array_of_3, sizeof array_of_3);
    hmv_read(reader, &whole_bytes, &signature->protected_item);
    hmv_enter(&inner, &signature->protected_item, reader->parse);
    hmv_decode(&inner, protected_map, signature);
    hmv_end(&inner);
    hmv_decode(reader, unprotected_map, signature);
    hmv_read_bytes(reader, 0, &signature->value);
}

/* COSE_Sign with empty headers: #6.98([h'', {}, … */
static const uint8_t envelope_start[] = {0xd8, 0x62, 0x84, 0x40, 0xa0};

static void read_frame(hmv_pass *pass, uint8_t most) {
    const hmv_field signatures = {0, HMV_ARRAY, 0, most, 0};
    hmv_reader reader;
    hmv_open(&reader, &pass->envelope, &pass->parse);
    if (reader.left > HMV_ENVELOPE_MAX) hmv_fault(&pass->parse, HMV_TOO_LARGE);
    hmv_expect(&reader, envelope_start, sizeof envelope_start);
    hmv_read(&reader, &whole_bytes, &pass->payload_item);
    hmv_read(&reader, &signatures, &pass->signatures);
    hmv_end(&reader);
    hmv_open(&reader, &pass->payload_item, &pass->parse);
    hmv_read_bytes(&reader, 0, &pass->payload);
}

void hmv_envelope_open(hmv_pass *pass, uint8_t most) {
    hmv_reader reader, others;
    hmv_signature signature, other;
    read_frame(pass, most);
    hmv_enter(&reader, &pass->signatures, &pass->parse);
    if (reader.left == 0) hmv_fault(&pass->parse, HMV_NO_SIGNATURE);
    while (reader.left > 0) {
        hmv_signature_read(&reader, &signature);
        for (others = reader; others.left > 0;) {
            hmv_signature_read(&others, &other);
            if (hmv_is_same(&signature.kid, &other.kid)) hmv_fault(&pass->parse, HMV_TWICE);
        }
    }
}

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_cose_key, member) }
const hmv_field hmv_cose_key_map[] = {
    HMV_CLOSED_MAP(6, sizeof(hmv_cose_key)),
    ROW(1, HMV_SMALL, 1, 5, type),
    ROW(2, HMV_BYTES, HMV_KID_SIZE, HMV_KID_SIZE, kid),
    ROW(3, HMV_NINT, 0, 255, algorithm),
    ROW(-1, HMV_ITEM, 0, 255, parameter),
    ROW(-2, HMV_BYTES | HMV_OPTIONAL, 1, 255, second),
    ROW(-3, HMV_BYTES | HMV_OPTIONAL, 1, 255, third),
};
#undef ROW

/* The kinds of keys: algorithm, key type, how many of the labels -2 and -3 are there, the curve and its field's size;
 * 0: the parameter is a byte string, and sizes are the algorithm's own business. */
static const struct kind {
    int16_t algorithm;
    uint8_t type, more, curve, size;
} kinds[] = {{-9, 2, 2, 1, 32}, {-51, 2, 2, 2, 48}, {-19, 1, 1, 6, 32},
             {-37, 3, 1, 0, 0}, {-257, 3, 1, 0, 0}, {-46, 5, 0, 0, 0}};

/* A member that is there has the field's size, if the kind has one. */
static int fits(hmv_bytes member, const struct kind *kind, int there) {
    return there ? member.size > 0 && (kind->curve == 0 || member.size == kind->size) : member.size == 0;
}

static int is_of_kind(const hmv_cose_key *key, const struct kind *kind) {
    uint8_t parameter = key->parameter.data[0];
    return key->algorithm == kind->algorithm && key->type == kind->type && fits(key->second, kind, kind->more > 0) &&
           fits(key->third, kind, kind->more > 1) &&
           (kind->curve != 0 ? parameter == kind->curve : parameter >> 5 == HMV_MAJOR_BYTES);
}

/* The thumbprint is over a map of the key's required members (RFC 9679 section 4), in the order in which they stand in
 * the key: those behind the type are one run of octets, from the label -1 to the END of the key. */
static void check_kind(const hmv_cose_key *key, const uint8_t *end, hmv_parse *parse) {
    const uint8_t *label = key->parameter.data - 1;
    uint8_t start[] = {0, 0x01, (uint8_t)key->type};
    const hmv_bytes pieces[] = {{start, sizeof start}, {label, (size_t)(end - label)}};
    uint8_t digest[HMV_SHA256_SIZE];
    const hmv_bytes thumbprint = {digest, sizeof digest};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (is_of_kind(key, &kinds[i])) start[0] = (uint8_t)(0xa2 + kinds[i].more);
    hmv_sha256_of(pieces, 2, digest);
    if (start[0] == 0 || !hmv_is_same(&thumbprint, &key->kid)) hmv_fault(parse, HMV_MALFORMED);
}

void hmv_key_check(hmv_reader *reader, hmv_cose_key *key) {
    hmv_decode(reader, hmv_cose_key_map, key);
    if (reader->parse->fault == HMV_UNDECIDED) check_kind(key, reader->data, reader->parse);
}

uint32_t hmv_keys_check(hmv_parse *parse, const hmv_bytes *keys) {
    hmv_reader reader;
    hmv_enter(&reader, keys, parse);
    hmv_cose_key key;
    uint32_t count = hmv_check_once(parse, keys, hmv_cose_key_map);
    while (reader.left > 0) hmv_key_check(&reader, &key);
    return count;
}

/* What the algorithm calls a and b begins with the first member that is a byte string. */
static void numbers_of(const hmv_cose_key *key, hmv_parse *parse, hmv_key *numbers) {
    hmv_reader parameter;
    hmv_open(&parameter, &key->parameter, parse);
    if (key->parameter.size > 1) {
        hmv_read_bytes(&parameter, 0, &numbers->a);
        numbers->b = key->second;
    } else {
        numbers->a = key->second;
        numbers->b = key->third;
    }
}

void hmv_cose_verify(hmv_pass *pass, const hmv_cose_key *key, const hmv_bytes pieces[HMV_PIECES], hmv_bytes value,
                     hmv_reason reason) {
    const hmv_algorithm *const *algorithm = pass->config->algorithms;
    hmv_key numbers;
    volatile hmv_verdict verdict = HMV_BAD;
    numbers_of(key, &pass->parse, &numbers);
    while (*algorithm != NULL && (*algorithm)->id != key->algorithm) algorithm++;
    if (*algorithm == NULL)
        reason = HMV_UNKNOWN_ALGORITHM;
    else
        verdict = (*algorithm)->verify(&numbers, pieces, HMV_PIECES, value);
    pass->flow += verdict - HMV_GOOD;
    if (verdict != HMV_GOOD) hmv_fault(&pass->parse, reason);
}
