#include "cbor.h"

#include "memory.h"
#include "verdict.h"

enum { NO_MAJOR = 8, NO_BOUND = 255, KEY_END = 0x7FFFFFFF };
#define NEGATIVE_KEYS ((uint32_t)1 << 31)
#define NO_RANK UINT32_MAX /* above every key's */

void hmv_fault(hmv_parse *parse, hmv_reason reason) {
    if (parse->fault == HMV_UNDECIDED) parse->fault = reason;
}

static void fail(hmv_reader *reader, hmv_reason reason) {
    hmv_fault(reader->parse, reason);
    reader->parse->major = NO_MAJOR;
    reader->left = 0;
}

static void malformed(hmv_reader *reader) { fail(reader, HMV_MALFORMED); }

void hmv_open(hmv_reader *reader, const hmv_bytes *bytes, hmv_parse *parse) {
    reader->data = bytes->data;
    reader->left = bytes->size;
    reader->parse = parse;
}

void hmv_end(const hmv_reader *reader) {
    if (reader->left != 0) hmv_fault(reader->parse, HMV_MALFORMED);
}

/* The next SIZE octets. NULL, if they are not there or there was a fault. */
static const uint8_t *take(hmv_reader *reader, size_t size) {
    const uint8_t *taken = reader->data;
    if (reader->parse->fault != HMV_UNDECIDED || reader->left < size) {
        malformed(reader);
        return NULL;
    }
    reader->data += size;
    reader->left -= size;
    return taken;
}

/* A head as it is encoded, whatever it announces: the argument stands in the first octet, or in 1, 2, 4 or 8 more, and
 * never in more than it needs. */
static void read_head(hmv_reader *reader) {
    const uint8_t *octets = take(reader, 1);
    hmv_parse *parse = reader->parse;
    uint32_t size;
    if (octets == NULL) return;
    parse->major = *octets >> 5;
    size = *octets & 31u;
    parse->number = size;
    if (size < 24) return;
    size = 1u << (size & 7);
    octets = take(reader, size);
    if (octets == NULL) return;
    parse->number = 0;
    for (uint32_t i = 0; i < size; i++) {
        if (2 * i == size && parse->number == 0) malformed(reader); /* half of them would do */
        parse->number = parse->number << 8 | octets[i];
    }
    if (size > 8 || parse->number < 24) malformed(reader);
}

size_t hmv_head(hmv_reader *reader) {
    const hmv_parse *parse = reader->parse;
    size_t argument;
    read_head(reader);
    argument = parse->number > SIZE_MAX ? SIZE_MAX : (size_t)parse->number;
    if (parse->major == HMV_MAJOR_SIMPLE ? argument - 20 > 2
                                         : parse->major >= HMV_MAJOR_BYTES && argument > reader->left)
        malformed(reader);
    if (parse->major > HMV_MAJOR_MAP && parse->major != HMV_MAJOR_SIMPLE) malformed(reader);
    return parse->fault == HMV_UNDECIDED ? argument : 0;
}

uint64_t hmv_string_size(const uint8_t *head, size_t size, hmv_parse *parse) {
    hmv_reader reader = {head, size, parse};
    read_head(&reader);
    if (parse->major != HMV_MAJOR_BYTES) malformed(&reader);
    hmv_end(&reader);
    return parse->number;
}

void hmv_expect(hmv_reader *reader, const uint8_t *octets, size_t size) {
    const uint8_t *taken = take(reader, size);
    if (taken == NULL || memcmp(taken, octets, size) != 0) malformed(reader);
}

/* What is behind the head of an item that announces ARGUMENT: a string's octets, and as many items as the answer says.
 */
static size_t behind_head(hmv_reader *reader, size_t argument) {
    uint32_t major = reader->parse->major;
    if (major == HMV_MAJOR_BYTES || major == HMV_MAJOR_TEXT) take(reader, argument);
    if (major == HMV_MAJOR_ARRAY) return argument;
    return major == HMV_MAJOR_MAP ? 2 * argument : 0;
}

/* ITEMS items with all that is in them. They are counted, not descended into: no recursion. */
static void skip(hmv_reader *reader, size_t items) {
    while (items > 0 && reader->parse->fault == HMV_UNDECIDED) items += behind_head(reader, hmv_head(reader)) - 1;
}

static void check_text(hmv_reader *reader, const uint8_t *text, const uint8_t *end) {
    for (; text < end; text++)
        if (*text < ' ' || *text > '~') malformed(reader);
}

void hmv_read_bytes(hmv_reader *reader, uint8_t size, hmv_bytes *to) {
    to->size = hmv_head(reader);
    if (reader->parse->major != HMV_MAJOR_BYTES || (size != 0 && to->size != size)) malformed(reader);
    to->data = take(reader, to->size);
    if (to->data == NULL) to->size = 0;
}

void hmv_match(hmv_reader *reader, const uint8_t *shape, hmv_bytes *to) {
    for (;;) {
        hmv_expect(reader, &shape[1], shape[0]);
        shape += 1 + shape[0];
        if (*shape == HMV_SHAPE_END) return;
        hmv_read_bytes(reader, *shape++, to++);
    }
}

static void check_bounds(hmv_reader *reader, const hmv_field *field, size_t argument) {
    uint32_t major = reader->parse->major;
    if (argument < field->least) malformed(reader);
    if (argument > field->most && field->most != NO_BOUND)
        fail(reader, major >= HMV_MAJOR_BYTES && major <= HMV_MAJOR_ARRAY && field->least != field->most
                         ? HMV_TOO_LARGE
                         : HMV_MALFORMED);
}

static void store_number(hmv_reader *reader, unsigned type, void *to) {
    uint64_t number = reader->parse->number;
    if (type == HMV_UINT) {
        *(uint64_t *)to = number;
        return;
    }
    if (number > (type == HMV_NINT ? KEY_END : UINT32_MAX)) malformed(reader);
    if (type == HMV_VERSION) {
        if (number != 1) fail(reader, HMV_UNKNOWN_VERSION);
        return;
    }
    *(uint32_t *)to = type == HMV_NINT ? ~(uint32_t)number : (uint32_t)number;
}

void hmv_read(hmv_reader *reader, const hmv_field *field, void *to) {
    const uint8_t *item = reader->data;
    unsigned type = field->type & (HMV_OPTIONAL - 1u);
    size_t argument = hmv_head(reader);
    uint32_t major = reader->parse->major;
    hmv_bytes *view = (void *)((uint8_t *)to + field->offset), element;
    if (type == HMV_CHAIN && major == HMV_MAJOR_BYTES) type = HMV_ITEM;
    if (type != HMV_ITEM) {
        if (major != type >> 4) malformed(reader);
        check_bounds(reader, field, argument);
        if (major < HMV_MAJOR_BYTES || major == HMV_MAJOR_SIMPLE) {
            store_number(reader, type, view);
            return;
        }
    }
    if (type == HMV_BYTES || type == HMV_TEXT) item = reader->data;
    if (type >= HMV_LIST && type <= HMV_CHAIN)
        for (; argument > 0 && reader->parse->fault == HMV_UNDECIDED; argument--)
            hmv_read_bytes(reader, (uint8_t)((type & 3) * 16), &element);
    else
        skip(reader, behind_head(reader, argument));
    if (reader->parse->fault != HMV_UNDECIDED) return;
    if (type == HMV_TEXT) check_text(reader, item, reader->data);
    /* Fields that have one place are joined: the first one's beginning, the last one's end. */
    if (view->data == NULL) view->data = item;
    view->size = (size_t)(reader->data - view->data);
}

void hmv_enter(hmv_reader *reader, const hmv_bytes *item, hmv_parse *parse) {
    hmv_open(reader, item, parse);
    if (item->size > 0) hmv_head(reader);
}

/* Where a key stands in deterministic order: 0, 1, 2, … before -1, -2, …; there are 2^31 - 1 of each. */
static uint32_t rank_of(const hmv_field *field) {
    int32_t key = field->key;
    return key < 0 ? NEGATIVE_KEYS | (uint32_t)~key : (uint32_t)key;
}

static uint32_t read_rank(hmv_reader *reader) {
    size_t argument = hmv_head(reader);
    if (reader->parse->major > HMV_MAJOR_NINT || argument >= KEY_END) malformed(reader);
    return (uint32_t)argument | reader->parse->major << 31;
}

/* The value of a key that the table does not know: a number, bytes or text. */
static void read_note(hmv_reader *reader) {
    size_t argument = hmv_head(reader);
    if (reader->parse->major == HMV_MAJOR_NINT || reader->parse->major > HMV_MAJOR_TEXT) malformed(reader);
    behind_head(reader, argument);
}

static void decode_map(hmv_reader *reader, const hmv_field *table, size_t pairs, void *to) {
    const hmv_field *field = &table[1], *end = field + table->key;
    uint32_t next = 0, rank, wanted;
    do {
        rank = pairs > 0 ? read_rank(reader) : NO_RANK;
        if (rank < next) malformed(reader);
        next = rank + 1;
        for (; (wanted = field < end ? rank_of(field) : NO_RANK) < rank; field++)
            if ((field->type & HMV_OPTIONAL) == 0) malformed(reader);
        if (rank == NO_RANK) return; /* no pairs are left; or a key that is none, which is malformed */
        if (wanted == rank)
            hmv_read(reader, field++, to);
        else if (table->least != 0 && rank >= NEGATIVE_KEYS)
            read_note(reader);
        else
            fail(reader, HMV_UNKNOWN_CRITICAL);
        pairs--;
    } while (reader->parse->fault == HMV_UNDECIDED);
}

void hmv_decode(hmv_reader *reader, const hmv_field *table, void *to) {
    const hmv_field *field = &table[1], *end = field + table->key;
    size_t count;
    memset(to, 0, table->most);
    if (table->type != HMV_MAJOR_BYTES) {
        count = hmv_head(reader);
        if (reader->parse->major != table->type) malformed(reader);
        if (table->type == HMV_MAJOR_MAP) {
            decode_map(reader, table, count, to);
            return;
        }
        if (count != (size_t)table->key) malformed(reader);
    }
    while (field < end) hmv_read(reader, field++, to);
}

int hmv_is_same(const hmv_bytes *a, const hmv_bytes *b) {
    return a->size == b->size && a->size > 0 && hmv_same(a->data, b->data, a->size) == HMV_GOOD;
}

void hmv_need_same(hmv_parse *parse, hmv_reason reason, const hmv_bytes *a, const hmv_bytes *b) {
    if (!hmv_is_same(a, b)) hmv_fault(parse, reason);
}

void hmv_need_least(hmv_parse *parse, hmv_reason reason, const uint64_t *number, const uint64_t *least) {
    if (*number < *least) hmv_fault(parse, reason);
}

const hmv_field hmv_byte_string[] = {
    HMV_SINGLE_VALUE,
    {0, HMV_BYTES, 0, 255, 0},
};

int hmv_find(hmv_parse *parse, const hmv_bytes *array, const hmv_field *table, const hmv_bytes *name, void *to) {
    hmv_reader reader;
    hmv_enter(&reader, array, parse);
    while (reader.left > 0) {
        hmv_decode(&reader, table, to);
        if (hmv_is_same(to, name)) return parse->fault == HMV_UNDECIDED;
    }
    return 0;
}

uint32_t hmv_check_once(hmv_parse *parse, const hmv_bytes *array, const hmv_field *table) {
    hmv_element each, other;
    const hmv_bytes *name = &each.name, *first = &other.name;
    hmv_reader reader;
    uint32_t count = 0;
    for (hmv_enter(&reader, array, parse); reader.left > 0; count++) {
        hmv_decode(&reader, table, &each);
        if (hmv_find(parse, array, table, name, &other) && first->data != name->data) hmv_fault(parse, HMV_TWICE);
    }
    return count;
}
