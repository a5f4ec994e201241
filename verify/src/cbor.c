#include "cbor.h"
#include "memory.h"

enum { NO_MAJOR = 8, NO_BOUND = 255, KEY_END = 0x7FFFFFFF };
#define NEGATIVE_KEYS ((uint32_t)1 << 31)

void hmv_fault(hmv_reason *fault, hmv_reason reason) {
    if (*fault == HMV_UNDECIDED) *fault = reason;
}

static void fail(hmv_reader *reader, hmv_reason reason) {
    hmv_fault(reader->fault, reason);
    reader->left = 0;
}

hmv_reader hmv_reader_of(hmv_bytes bytes, hmv_reason *fault) {
    hmv_reader reader = {bytes.data, bytes.size, fault};
    return reader;
}

void hmv_end(const hmv_reader *reader) {
    if (reader->left != 0) hmv_fault(reader->fault, HMV_MALFORMED);
}

/* The next SIZE octets; none of them may be touched after a fault. */
static const uint8_t *take(hmv_reader *reader, size_t size) {
    const uint8_t *taken = reader->data;
    if (*reader->fault != HMV_UNDECIDED || reader->left < size) {
        fail(reader, HMV_MALFORMED);
        return NULL;
    }
    reader->data += size;
    reader->left -= size;
    return taken;
}

/* The argument behind the first octet, in 1, 2, 4 or 8 octets, and never in more than it needs. */
static uint64_t long_argument(hmv_reader *reader, unsigned size) {
    const uint8_t *octets = take(reader, size);
    uint64_t value = 0;
    if (octets == NULL) return 0;
    for (unsigned i = 0; i < size; i++) value = value << 8 | octets[i];
    if (value < (size == 1 ? 24 : (uint64_t)1 << 4 * size)) fail(reader, HMV_MALFORMED);
    return value;
}

/* Whether MAJOR with ARGUMENT can stand before LEFT octets. Every element of an array or map takes one at least. */
static int can_be(uint32_t major, uint64_t argument, size_t left) {
    if (major < HMV_MAJOR_BYTES) return 1;
    if (major <= HMV_MAJOR_MAP) return argument <= left;
    return major == HMV_MAJOR_SIMPLE && argument >= 20 && argument <= 22;
}

/* A head as it is encoded, whatever it announces. */
static uint64_t read_head(hmv_reader *reader, uint32_t *major) {
    const uint8_t *first = take(reader, 1);
    uint64_t argument;
    *major = NO_MAJOR;
    if (first == NULL) return 0;
    *major = *first >> 5;
    argument = *first & 31;
    if (argument < 24) return argument;
    if (argument > 27) fail(reader, HMV_MALFORMED);
    return long_argument(reader, 1u << (argument & 3));
}

uint64_t hmv_head(hmv_reader *reader, uint32_t *major) {
    uint64_t argument = read_head(reader, major);
    if (!can_be(*major, argument, reader->left)) fail(reader, HMV_MALFORMED);
    if (*reader->fault == HMV_UNDECIDED) return argument;
    *major = NO_MAJOR;
    return 0;
}

uint64_t hmv_string_size(const uint8_t *head, size_t size, hmv_reason *fault) {
    hmv_reader reader = {head, size, fault};
    uint32_t major;
    uint64_t argument = read_head(&reader, &major);
    if (major != HMV_MAJOR_BYTES || reader.left != 0) hmv_fault(fault, HMV_MALFORMED);
    return argument;
}

void hmv_expect(hmv_reader *reader, const uint8_t *octets, size_t size) {
    const uint8_t *taken = take(reader, size);
    if (taken == NULL || memcmp(taken, octets, size) != 0) fail(reader, HMV_MALFORMED);
}

/* What is behind the head of an item: a string's octets, and as many items as the answer says. */
static size_t behind_head(hmv_reader *reader, uint32_t major, uint64_t argument) {
    if (major == HMV_MAJOR_BYTES || major == HMV_MAJOR_TEXT) take(reader, (size_t)argument);
    if (major == HMV_MAJOR_ARRAY) return (size_t)argument;
    return major == HMV_MAJOR_MAP ? 2 * (size_t)argument : 0;
}

/* The rest of an item whose elements are counted, not descended into: no recursion. */
static void skip(hmv_reader *reader, size_t items) {
    uint32_t major;
    while (items > 0 && *reader->fault == HMV_UNDECIDED) {
        uint64_t argument = hmv_head(reader, &major);
        items = items - 1 + behind_head(reader, major, argument);
    }
}

static void check_text(hmv_reader *reader, const uint8_t *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (text[i] < ' ' || text[i] > '~') fail(reader, HMV_MALFORMED);
}

static void check_list(hmv_reader *reader, size_t count, size_t size_of_each) {
    uint32_t major;
    while (count-- > 0 && *reader->fault == HMV_UNDECIDED) {
        uint64_t size = hmv_head(reader, &major);
        if (major != HMV_MAJOR_BYTES || (size_of_each != 0 && size != size_of_each)) fail(reader, HMV_MALFORMED);
        take(reader, (size_t)size);
    }
}

static void check_bounds(hmv_reader *reader, const hmv_field *field, uint64_t argument) {
    if (argument < field->least) fail(reader, HMV_MALFORMED);
    if (argument > field->most && field->most != NO_BOUND)
        fail(reader, (field->type & 0x60) != 0 && field->least != field->most ? HMV_TOO_LARGE : HMV_MALFORMED);
}

/* What a number of TYPE leaves at TO. */
static void store_number(hmv_reader *reader, unsigned type, uint64_t argument, void *to) {
    if (type == HMV_UINT)
        *(uint64_t *)to = argument;
    else if (type == HMV_NINT) {
        if (argument >= KEY_END) fail(reader, HMV_MALFORMED);
        *(int32_t *)to = -1 - (int32_t)argument;
    } else if (type != HMV_VERSION)
        *(uint32_t *)to = (uint32_t)argument;
    else if (argument != 1)
        fail(reader, HMV_UNKNOWN_VERSION);
}

/* What a string, array, map or unknown item leaves at TO: the whole of it, or its content. */
static void store_view(hmv_reader *reader, unsigned type, const uint8_t *item, const uint8_t *content, void *to) {
    hmv_bytes *view = to;
    if (*reader->fault != HMV_UNDECIDED) return;
    view->data = type == HMV_BYTES || type == HMV_TEXT ? content : item;
    view->size = (size_t)(reader->data - view->data);
    if (type == HMV_TEXT) check_text(reader, view->data, view->size);
}

static int is_list(unsigned type) { return type >= HMV_LIST && type <= HMV_CHAIN; }

static int is_number(unsigned type) { return type < HMV_ITEM || type == HMV_NINT || type == HMV_BOOL; }

void hmv_read(hmv_reader *reader, const hmv_field *field, void *to) {
    const uint8_t *item = reader->data, *content;
    uint8_t *place = (uint8_t *)to + field->offset;
    unsigned type = field->type & (HMV_OPTIONAL - 1u);
    uint32_t major;
    uint64_t argument = hmv_head(reader, &major);
    content = reader->data;
    if (type == HMV_CHAIN && major == HMV_MAJOR_BYTES) type = HMV_ITEM;
    if (type != HMV_ITEM && major != type >> 4) fail(reader, HMV_MALFORMED);
    if (type != HMV_ITEM) check_bounds(reader, field, argument);
    if (is_list(type))
        check_list(reader, (size_t)argument, (type & 3) * 16);
    else
        skip(reader, behind_head(reader, major, argument));
    if (*reader->fault != HMV_UNDECIDED) return;
    if (is_number(type))
        store_number(reader, type, argument, place);
    else
        store_view(reader, type, item, content, place);
}

hmv_bytes hmv_read_bytes(hmv_reader *reader, uint8_t least, uint8_t most) {
    const hmv_field field = {0, HMV_BYTES, least, most, 0};
    hmv_bytes bytes = {NULL, 0};
    hmv_read(reader, &field, &bytes);
    return bytes;
}

hmv_reader hmv_elements(hmv_bytes array, hmv_reason *fault) {
    hmv_reader reader = hmv_reader_of(array, fault);
    uint32_t major;
    if (array.size > 0) hmv_head(&reader, &major);
    return reader;
}

/* Where a key stands in deterministic order: 0, 1, 2, … before -1, -2, …; one more than 2^31 - 1 of each is too many.
 */
static uint32_t rank_of(const hmv_field *field) {
    int32_t key = field->key;
    return key < 0 ? NEGATIVE_KEYS | (uint32_t)~key : (uint32_t)key;
}

static uint32_t read_rank(hmv_reader *reader) {
    uint32_t major;
    uint64_t argument = hmv_head(reader, &major);
    if (major > HMV_MAJOR_NINT || argument >= KEY_END) fail(reader, HMV_MALFORMED);
    return (uint32_t)argument | major << 31;
}

/* The value of a key that the table does not know. */
static void pass_over(hmv_reader *reader, int known) {
    uint32_t major;
    uint64_t argument;
    if (!known) fail(reader, HMV_UNKNOWN_CRITICAL);
    argument = hmv_head(reader, &major);
    if (major == HMV_MAJOR_NINT || major > HMV_MAJOR_TEXT) fail(reader, HMV_MALFORMED);
    behind_head(reader, major, argument);
}

/* Fields that come before RANK in the table and did not come before it in the map. */
static const hmv_field *pass_missing(hmv_reader *reader, const hmv_field *field, const hmv_field *end, uint32_t rank) {
    for (; field < end && rank_of(field) < rank; field++)
        if ((field->type & HMV_OPTIONAL) == 0) fail(reader, HMV_MALFORMED);
    return field;
}

static void decode_map(hmv_reader *reader, const hmv_field *table, size_t pairs, void *to) {
    const hmv_field *field = &table[1], *end = field + table->key;
    uint32_t next = 0;
    for (; pairs > 0 && *reader->fault == HMV_UNDECIDED; pairs--) {
        uint32_t rank = read_rank(reader);
        if (rank < next) fail(reader, HMV_MALFORMED);
        next = rank + 1;
        field = pass_missing(reader, field, end, rank);
        if (field < end && rank_of(field) == rank)
            hmv_read(reader, field++, to);
        else
            pass_over(reader, table->least != 0 && rank >= NEGATIVE_KEYS);
    }
    pass_missing(reader, field, end, UINT32_MAX);
}

void hmv_decode(hmv_reader *reader, const hmv_field *table, void *to) {
    uint32_t major;
    uint64_t count = hmv_head(reader, &major);
    memset(to, 0, table->most);
    if (major != table->type || (major == HMV_MAJOR_ARRAY && count != (uint64_t)table->key))
        fail(reader, HMV_MALFORMED);
    else if (major == HMV_MAJOR_MAP)
        decode_map(reader, table, (size_t)count, to);
    else
        for (const hmv_field *field = &table[1]; count > 0; count--) hmv_read(reader, field++, to);
}
