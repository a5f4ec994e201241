/* A strict, bounded reader of deterministic CBOR (RFC 8949 section 4.2.1), and a decoder of maps and arrays that is
 * driven by tables: one row a field, as docs/manifest.md has one line for it.
 *
 * Nothing here returns an error that a caller could forget. The first thing that is wrong is kept in one place for
 * everything that is read in one pass of a decision (hmv_parse); from then on every read gives nothing, and every loop
 * over what is left ends. */
#ifndef HALLMARK_VERIFY_CBOR_H
#define HALLMARK_VERIFY_CBOR_H

#include <hallmark/verify.h>

typedef struct hmv_parse {
    hmv_reason fault; /* HMV_UNDECIDED: none so far */
    uint32_t major;   /* of the last head; no major type after a fault */
    uint64_t number;  /* the last head's argument */
} hmv_parse;

typedef struct hmv_reader {
    const uint8_t *data;
    size_t left;
    hmv_parse *parse;
} hmv_reader;

/* Major types (RFC 8949 section 3.1). Tags occur only where the format fixes them, as part of fixed octets. */
enum {
    HMV_MAJOR_UINT = 0,
    HMV_MAJOR_NINT = 1,
    HMV_MAJOR_BYTES = 2,
    HMV_MAJOR_TEXT = 3,
    HMV_MAJOR_ARRAY = 4,
    HMV_MAJOR_MAP = 5,
    HMV_MAJOR_SIMPLE = 7
};

/* What a field may be, and what is stored of it. The first hexadecimal digit is the major type, save for HMV_ITEM. */
enum {
    HMV_UINT = 0x00,       /* uint64_t */
    HMV_SMALL = 0x01,      /* uint32_t */
    HMV_VERSION = 0x02,    /* must be 1; nothing is stored */
    HMV_ITEM = 0x0F,       /* hmv_bytes: any item, whole; somebody else looks at it */
    HMV_NINT = 0x10,       /* int32_t */
    HMV_BYTES = 0x20,      /* hmv_bytes: the content */
    HMV_BYTES_ITEM = 0x21, /* hmv_bytes: the content with its head */
    HMV_TEXT = 0x30,       /* hmv_bytes: the content, printable ASCII */
    HMV_ARRAY = 0x40,      /* hmv_bytes: the whole item, whose elements somebody else looks at */
    HMV_LIST = 0x44,       /* hmv_bytes: the whole item, an array of byte strings */
    HMV_LIST_16 = 0x45,    /* of 16 bytes each */
    HMV_LIST_32 = 0x46,    /* of 32 bytes each */
    HMV_CHAIN = 0x48,      /* a list, or a single byte string in its place (x5chain) */
    HMV_BOOL = 0x70,       /* uint32_t: 20 false, 21 true */
    HMV_OPTIONAL = 0x80    /* added to one of the others: a map may lack it, its place stays zero */
};

/* One field. LEAST and MOST bound a number's value, a string's size, an array's count; 255: no bound. */
typedef struct hmv_field {
    int16_t key;
    uint8_t type;
    uint8_t least;
    uint8_t most;
    uint8_t offset;
} hmv_field;

/* A table begins with a row that says what is to come: key = number of fields; type = HMV_MAJOR_MAP (fields in
 * ascending order of keys, as they are encoded) or HMV_MAJOR_ARRAY, or, for a single value, HMV_MAJOR_BYTES; least =
 * may unknown negative keys be there (`* nint`); most = bytes of the structure, which are set to zero before; 0: they
 * are not. */
#define HMV_OPEN_MAP(fields, size)                                                                                     \
    { (fields), HMV_MAJOR_MAP, 1, (size), 0 }
#define HMV_CLOSED_MAP(fields, size)                                                                                   \
    { (fields), HMV_MAJOR_MAP, 0, (size), 0 }
#define HMV_FIXED_ARRAY(fields, size)                                                                                  \
    { (fields), HMV_MAJOR_ARRAY, 0, (size), 0 }
#define HMV_SINGLE_VALUE                                                                                               \
    { 1, HMV_MAJOR_BYTES, 0, sizeof(hmv_bytes), 0 }

/* The first fault counts. */
void hmv_fault(hmv_parse *parse, hmv_reason reason);

void hmv_open(hmv_reader *reader, const hmv_bytes *bytes, hmv_parse *parse);
/* What is behind the head of an item: an array's elements, to be read while `left` is not 0; a string's content. Of an
 * absent item: nothing. */
void hmv_enter(hmv_reader *reader, const hmv_bytes *item, hmv_parse *parse);

/* The next head's argument, SIZE_MAX if it is larger; the exact one and the major type are in the parse. A string's
 * size, an array's count and a map's count are at most what is left. */
size_t hmv_head(hmv_reader *reader);
/* The size in a byte string's HEAD of SIZE octets, for strings that are not in memory: there is no bound. */
uint64_t hmv_string_size(const uint8_t *head, size_t size, hmv_parse *parse);
/* The next octets must be these. */
void hmv_expect(hmv_reader *reader, const uint8_t *octets, size_t size);
/* The next item must be as FIELD says (its key aside); stored at its offset in TO. */
void hmv_read(hmv_reader *reader, const hmv_field *field, void *to);
/* The next item, a byte string; of SIZE bytes, if that is not 0. After a fault there is none, and TO is empty. */
void hmv_read_bytes(hmv_reader *reader, uint8_t size, hmv_bytes *to);
/* What has one shape is compared with it: SHAPE is groups of a count, as many octets that must come next, and the size
 * of the byte string behind them (0: any), which is stored at TO, the next one behind it. HMV_SHAPE_END in place of a
 * size. */
void hmv_match(hmv_reader *reader, const uint8_t *shape, hmv_bytes *to);
enum { HMV_SHAPE_END = 255 };
/* The next item must be as TABLE says. */
void hmv_decode(hmv_reader *reader, const hmv_field *table, void *to);
/* Nothing may be left. */
void hmv_end(const hmv_reader *reader);

/* Are the bytes the same, and any at all? */
int hmv_is_same(const hmv_bytes *a, const hmv_bytes *b);
/* REASON, if they are not. */
void hmv_need_same(hmv_parse *parse, hmv_reason reason, const hmv_bytes *a, const hmv_bytes *b);
/* REASON, if NUMBER is less than LEAST. */
void hmv_need_least(hmv_parse *parse, hmv_reason reason, const uint64_t *number, const uint64_t *least);
/* ARRAY's elements are as TABLE says, and begin with an hmv_bytes that names them. The first with that NAME: 1, and it
 * is in TO. None, or a fault: 0. */
int hmv_find(hmv_parse *parse, const hmv_bytes *array, const hmv_field *table, const hmv_bytes *name, void *to);
/* Any byte string, as an element: it names itself. */
extern const hmv_field hmv_byte_string[];
/* Each element of ARRAY is as TABLE says, and its name is there once. How many there are. */
uint32_t hmv_check_once(hmv_parse *parse, const hmv_bytes *array, const hmv_field *table);
/* Room for an element of any array that is checked so. */
typedef union hmv_element {
    hmv_bytes name;
    uint64_t room[sizeof(hmv_component) / sizeof(uint64_t)];
} hmv_element;

#endif
