#include <base/readable.h>

#include <string.h>

/* How many bytes a UTF-8 sequence has that begins with FIRST, and the bits of FIRST that belong to the character
 * (RFC 3629 section 3). 0: no sequence begins so. */
static size_t sequence_len(uint8_t first, uint32_t *bits) {
    if (first < 0x80) return *bits = first, 1;
    if (first >= 0xc2 && first < 0xe0) return *bits = first & 0x1f, 2;
    if (first >= 0xe0 && first < 0xf0) return *bits = first & 0x0f, 3;
    if (first >= 0xf0 && first < 0xf5) return *bits = first & 0x07, 4;
    return 0;
}

static bool is_shown(uint32_t character, size_t len) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (character < least[len] || character > 0x10ffff) return false; /* longer than need be, or outside Unicode */
    if (character >= 0xd800 && character < 0xe000) return false;      /* surrogates */
    if (character < 0x20 || (character >= 0x7f && character < 0xa0) || character == '\\') return false;
    if (character == 0x061c) return false; /* the Arabic letter mark turns text as those behind it do */
    if (character >= 0x200b && character <= 0x200f) return false; /* zero width, direction marks */
    if (character >= 0x2028 && character <= 0x202e) return false; /* line separators, direction overrides */
    return !(character >= 0x2060 && character <= 0x206f) && character != 0xfeff;
}

/* Take one character that can be shown as it is; nothing is taken otherwise. */
static bool take_shown(hm_reader *name, hm_bytes *shown) {
    uint32_t character = 0;
    size_t len = sequence_len(name->rest.data[0], &character);
    hm_reader after = *name;
    if (!len || hm_failed(hm_read_bytes(&after, len, shown))) return false;
    for (size_t i = 1; i < len; i++) {
        if ((shown->data[i] & 0xc0) != 0x80) return false;
        character = character << 6 | (shown->data[i] & 0x3f);
    }
    if (!is_shown(character, len)) return false;
    *name = after;
    return true;
}

hm_err hm_put_readable(hm_buf *text, hm_bytes name) {
    hm_reader rest = hm_reader_of(name);
    while (rest.rest.len) {
        hm_bytes shown;
        uint8_t byte;
        if (take_shown(&rest, &shown)) {
            HM_TRY(hm_put(text, shown));
            continue;
        }
        HM_TRY(hm_read_u8(&rest, &byte));
        HM_TRY(hm_put_format(text, "\\x%02x", byte));
    }
    return HM_OK;
}

bool hm_is_readable(hm_bytes name) {
    hm_reader rest = hm_reader_of(name);
    hm_bytes shown;
    while (rest.rest.len && take_shown(&rest, &shown)) continue;
    return !rest.rest.len;
}

/* How many bytes the character at the beginning of TEXT has that changes the direction of what follows, or ends a line:
 * U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. 0: it is another. */
static size_t turning_len(hm_bytes text) {
    const uint8_t *c = text.data;
    if (text.len >= 2 && c[0] == 0xd8 && c[1] == 0x9c) return 2;
    if (text.len < 3 || c[0] != 0xe2 || (c[1] & 0xfe) != 0x80) return 0;
    bool marks = c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae));
    bool isolates = c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
    return marks || isolates ? 3 : 0;
}

void hm_make_harmless(hm_buf *text) {
    for (size_t i = 0; i < text->len; i++) {
        uint8_t *byte = &text->data[i];
        /* U+0080 to U+009F, which some terminals obey too, are C2 80 to C2 9F. */
        bool second = i > 0 && text->data[i - 1] == 0xc2 && *byte >= 0x80 && *byte < 0xa0;
        size_t turning = turning_len(HM_BYTES(byte, text->len - i));
        if (turning) memset(byte, '?', turning);
        if ((*byte < 0x20 && *byte != '\n') || *byte == 0x7f || second) *byte = '?';
    }
}
