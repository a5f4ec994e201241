#include "cose.h"

#include "memory.h"
#include "verdict.h"

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
static const hmv_field protected_item = ROW(0, HMV_BYTES_ITEM, 0, 255, protected_item);
static const hmv_field value = ROW(0, HMV_BYTES, 0, 255, value);
#undef ROW

static const uint8_t array_of_3[] = {0x83};

void hmv_signature_read(hmv_reader *reader, hmv_signature *signature) {
    hmv_reader inner;
    memset(signature, 0, sizeof *signature);
    hmv_expect(reader, array_of_3, sizeof array_of_3);
    hmv_read(reader, &protected_item, signature);
    inner = hmv_elements(signature->protected_item, reader->fault);
    hmv_decode(&inner, protected_map, signature);
    hmv_end(&inner);
    hmv_decode(reader, unprotected_map, signature);
    hmv_read(reader, &value, signature);
}

/* KID must not be that of one of the OTHERS behind it. */
static void check_once(hmv_pass *pass, hmv_bytes kid, hmv_reader others) {
    hmv_signature other;
    while (others.left > 0) {
        hmv_signature_read(&others, &other);
        if (hmv_same_bytes(kid, other.kid) == HMV_GOOD) hmv_fault(&pass->fault, HMV_TWICE);
    }
}

/* COSE_Sign with empty headers: #6.98([h'', {}, … */
static const uint8_t envelope_start[] = {0xd8, 0x62, 0x84, 0x40, 0xa0};

void hmv_envelope_open(hmv_pass *pass, size_t size_most, uint8_t signatures_most) {
    const hmv_field payload = {0, HMV_BYTES_ITEM, 0, 255, 0};
    const hmv_field signatures = {0, HMV_ARRAY, 0, signatures_most, 0};
    hmv_reader reader = hmv_reader_of(pass->envelope, &pass->fault);
    hmv_signature signature;
    if (reader.left > size_most) hmv_fault(&pass->fault, HMV_TOO_LARGE);
    hmv_expect(&reader, envelope_start, sizeof envelope_start);
    hmv_read(&reader, &payload, &pass->payload_item);
    hmv_read(&reader, &signatures, &pass->signatures);
    hmv_end(&reader);
    reader = hmv_reader_of(pass->payload_item, &pass->fault);
    pass->payload = hmv_read_bytes(&reader, 0, 255);
    reader = hmv_elements(pass->signatures, &pass->fault);
    if (reader.left == 0) hmv_fault(&pass->fault, HMV_NO_SIGNATURE);
    while (reader.left > 0) {
        hmv_signature_read(&reader, &signature);
        check_once(pass, signature.kid, reader);
    }
}

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_cose_key, member) }
static const hmv_field key_map[] = {
    HMV_CLOSED_MAP(6, sizeof(hmv_cose_key)),
    ROW(1, HMV_SMALL, 1, 5, type),
    ROW(2, HMV_BYTES, HMV_KID_SIZE, HMV_KID_SIZE, kid),
    ROW(3, HMV_NINT, 0, 255, algorithm),
    ROW(-1, HMV_ITEM, 0, 255, parameter),
    ROW(-2, HMV_BYTES | HMV_OPTIONAL, 1, 255, second),
    ROW(-3, HMV_BYTES | HMV_OPTIONAL, 1, 255, third),
};
#undef ROW

void hmv_cose_key_read(hmv_reader *reader, hmv_cose_key *key) { hmv_decode(reader, key_map, key); }

/* The kinds of keys: algorithm, key type, which of the labels -2 (1) and -3 (2) are there, the curve and its field's
 * size; 0: the parameter is a byte string and sizes are the algorithm's own business. */
enum { HAS_SECOND = 1, HAS_THIRD = 2 };
static const struct kind {
    int16_t algorithm;
    uint8_t type, members, curve, size;
} kinds[] = {
    {-9, 2, HAS_SECOND | HAS_THIRD, 1, 32},
    {-51, 2, HAS_SECOND | HAS_THIRD, 2, 48},
    {-19, 1, HAS_SECOND, 6, 32},
    {-37, 3, HAS_SECOND, 0, 0},
    {-257, 3, HAS_SECOND, 0, 0},
    {-46, 5, 0, 0, 0},
};

static uint8_t members_of(const hmv_cose_key *key) {
    return (key->second.size > 0 ? HAS_SECOND : 0) | (key->third.size > 0 ? HAS_THIRD : 0);
}

static int is_of_kind(const hmv_cose_key *key, const struct kind *kind) {
    uint8_t parameter = key->parameter.data[0];
    if (key->algorithm != kind->algorithm || key->type != kind->type || members_of(key) != kind->members) return 0;
    if (kind->curve == 0) return parameter >> 5 == HMV_MAJOR_BYTES;
    if (key->third.size > 0 && key->third.size != kind->size) return 0;
    return parameter == kind->curve && key->second.size == kind->size;
}

static int is_known_kind(const hmv_cose_key *key) {
    int known = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) known |= is_of_kind(key, &kinds[i]);
    return known;
}

void hmv_sha256_of(const hmv_bytes *pieces, size_t count, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256 hash;
    hmv_sha256_init(&hash);
    for (size_t i = 0; i < count; i++) hmv_sha256_update(&hash, pieces[i].data, pieces[i].size);
    hmv_sha256_final(&hash, digest);
}

/* RFC 9679 section 4: a map of the key's required members, in the order in which they stand in the key already. Those
 * behind the type are one run of octets, from the label -1 to the END of the key. */
static void thumbprint(const hmv_cose_key *key, const uint8_t *end, uint8_t digest[HMV_SHA256_SIZE]) {
    uint8_t members = members_of(key);
    const uint8_t start[] = {(uint8_t)(0xa2 + (members & 1) + (members >> 1)), 0x01, (uint8_t)key->type};
    const uint8_t *label = key->parameter.data - 1;
    const hmv_bytes pieces[] = {{start, sizeof start}, {label, (size_t)(end - label)}};
    hmv_sha256_of(pieces, 2, digest);
}

void hmv_cose_key_check(hmv_reader *reader, hmv_cose_key *key) {
    uint8_t digest[HMV_SHA256_SIZE];
    hmv_cose_key_read(reader, key);
    if (*reader->fault != HMV_UNDECIDED) return;
    thumbprint(key, reader->data, digest);
    if (!is_known_kind(key) || hmv_same(digest, key->kid.data, sizeof digest) != HMV_GOOD)
        hmv_fault(reader->fault, HMV_MALFORMED);
}

hmv_verdict hmv_same_bytes(hmv_bytes a, hmv_bytes b) {
    return a.size == b.size && a.size > 0 ? hmv_same(a.data, b.data, a.size) : HMV_BAD;
}

int hmv_key_find(hmv_bytes keys, hmv_bytes kid, hmv_reason *fault, hmv_cose_key *key) {
    hmv_reader reader = hmv_elements(keys, fault);
    while (reader.left > 0) {
        hmv_cose_key_read(&reader, key);
        if (*fault == HMV_UNDECIDED && hmv_same_bytes(key->kid, kid) == HMV_GOOD) return 1;
    }
    return 0;
}

static const hmv_algorithm *algorithm_of(const hmv_config *config, const hmv_cose_key *key) {
    const hmv_algorithm *const *each = config->algorithms;
    while (*each != NULL && (*each)->id != key->algorithm) each++;
    return *each;
}

/* What the algorithm calls a and b begins with the first member that is a byte string. */
static hmv_key numbers_of(const hmv_cose_key *key, hmv_reason *fault) {
    hmv_key numbers = {key->second, key->third};
    hmv_reader parameter = hmv_reader_of(key->parameter, fault);
    if (key->parameter.data[0] >> 5 == HMV_MAJOR_BYTES) {
        numbers.b = numbers.a;
        numbers.a = hmv_read_bytes(&parameter, 0, 255);
    }
    return numbers;
}

void hmv_cose_verify(hmv_pass *pass, const hmv_cose_key *key, const hmv_bytes pieces[HMV_PIECES], hmv_bytes signature) {
    const hmv_algorithm *algorithm = algorithm_of(pass->config, key);
    volatile hmv_verdict verdict = HMV_BAD;
    hmv_key numbers;
    if (algorithm == NULL) {
        hmv_fault(&pass->fault, HMV_UNKNOWN_ALGORITHM);
        return;
    }
    numbers = numbers_of(key, &pass->fault);
    verdict = algorithm->verify(&numbers, pieces, HMV_PIECES, signature);
    pass->flow += verdict - HMV_GOOD;
    if (verdict != HMV_GOOD) hmv_fault(&pass->fault, HMV_BAD_SIGNATURE);
}

/* ["Signature", h'', … as Sig_structure (RFC 9052 section 4.4) of COSE_Sign begins where the body has no protected
 * headers. */
static const uint8_t sig_structure[] = {0x85, 0x69, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', 0x40};

uint32_t hmv_signed_by(hmv_pass *pass, const hmv_signature *signature, hmv_bytes keys, hmv_bytes aad) {
    const hmv_bytes pieces[HMV_PIECES] = {
        {sig_structure, sizeof sig_structure}, signature->protected_item, aad, pass->payload_item};
    hmv_cose_key key;
    if (!hmv_key_find(keys, signature->kid, &pass->fault, &key)) return 0;
    if (key.algorithm != signature->algorithm)
        hmv_fault(&pass->fault, HMV_UNKNOWN_ALGORITHM);
    else
        hmv_cose_verify(pass, &key, pieces, signature->value);
    return 1;
}
