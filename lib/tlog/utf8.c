#include "utf8.h"

/* How many bytes follow a first byte, which bits of it count, and the least code point that may be written so. */
typedef struct {
    uint8_t mask, pattern, bits;
    uint8_t following;
    uint32_t least;
} form;
static const form forms[] = {
    {0x80, 0x00, 0x7f, 0, 0x0},
    {0xe0, 0xc0, 0x1f, 1, 0x80},
    {0xf0, 0xe0, 0x0f, 2, 0x800},
    {0xf8, 0xf0, 0x07, 3, 0x10000},
};

static const form *form_of(uint8_t first) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if ((first & forms[i].mask) == forms[i].pattern) return &forms[i];
    return NULL;
}

hm_err hm_tlog_read_utf8(hm_reader *reader, uint32_t *code_point) {
    uint8_t byte;
    HM_TRY(hm_read_u8(reader, &byte));
    const form *shape = form_of(byte);
    if (!shape) return hm_refuse("text is not UTF-8");
    uint32_t value = byte & shape->bits;
    for (unsigned i = 0; i < shape->following; i++) {
        HM_TRY(hm_read_u8(reader, &byte));
        if ((byte & 0xc0) != 0x80) return hm_refuse("text is not UTF-8");
        value = value << 6 | (byte & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < shape->least || value > 0x10ffff || surrogate) return hm_refuse("text is not UTF-8");
    *code_point = value;
    return HM_OK;
}

bool hm_tlog_is_space(uint32_t c) {
    static const uint32_t single[] = {0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000};
    if ((c >= 0x09 && c <= 0x0d) || (c >= 0x2000 && c <= 0x200a)) return true;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (c == single[i]) return true;
    return false;
}
