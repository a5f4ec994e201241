/* Kinds, purposes and UUIDs in words. */
#include <pki/trust_edit.h>

#include <string.h>

/* The number of a word is its place; bit n of a set stands for number n. */
static const char *const kinds[] = {"?",      "firmware",   "bootloader", "application", "configuration",
                                    "script", "parameters", "trust-list"};
static const char *const purposes[] = {"production", "development"};

enum { KINDS = sizeof kinds / sizeof kinds[0], PURPOSES = sizeof purposes / sizeof purposes[0] };

static bool find_word(const char *const *words, size_t count, const char *word, size_t len, size_t *number) {
    for (*number = 0; *number < count; ++*number)
        if (strlen(words[*number]) == len && strncmp(words[*number], word, len) == 0) return true;
    return false;
}

static hm_err read_set(const char *const *words, size_t count, const char *what, const char *text, uint64_t *set) {
    HM_BUF known = HM_BUF_EMPTY;
    const char *list;
    for (size_t i = 0; i < count; i++)
        if (words[i][0] != '?') HM_TRY(hm_put_format(&known, "%s%s", known.len ? ", " : "", words[i]));
    HM_TRY(hm_buf_string(&known, &list));
    *set = 0;
    for (;;) {
        size_t len = strcspn(text, ","), number;
        if (!find_word(words, count, text, len, &number) || words[number][0] == '?')
            return hm_misuse("there is no %s %.*s (there are %s)", what, (int)len, text, list);
        *set |= UINT64_C(1) << number;
        if (!text[len]) return HM_OK;
        text += len + 1;
    }
}

static hm_err put_set(const char *const *words, size_t count, uint64_t set, hm_buf *text) {
    bool first = true;
    for (size_t i = 0; i < 64; i++) {
        if (!(set >> i & 1)) continue;
        HM_TRY(hm_put_text(text, first ? "" : ","));
        HM_TRY(i < count && words[i][0] != '?' ? hm_put_text(text, words[i]) : hm_put_format(text, "%zu", i));
        first = false;
    }
    return first ? hm_put_text(text, "none") : HM_OK;
}

hm_err hm_list_kinds_read(const char *words, uint64_t *set) { return read_set(kinds, KINDS, "kind", words, set); }
hm_err hm_list_purposes_read(const char *words, uint64_t *set) {
    return read_set(purposes, PURPOSES, "purpose", words, set);
}
hm_err hm_list_kinds_put(uint64_t set, hm_buf *words) { return put_set(kinds, KINDS, set, words); }
hm_err hm_list_purposes_put(uint64_t set, hm_buf *words) { return put_set(purposes, PURPOSES, set, words); }

static char lower(char c) { return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c; }

hm_err hm_list_uuid_read(const char *text, uint8_t uuid[static HM_LIST_UUID_LEN]) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    HM_BUF digits = HM_BUF_EMPTY, octets = HM_BUF_EMPTY;
    bool fits = strlen(text) == sizeof form - 1;
    for (size_t i = 0; fits && form[i]; i++) {
        if (form[i] == '-')
            fits = text[i] == '-';
        else
            HM_TRY(hm_put_u8(&digits, (uint8_t)lower(text[i])));
    }
    if (!fits || hm_failed(hm_hex_decode(hm_buf_bytes(&digits), &octets)) || octets.len != HM_LIST_UUID_LEN)
        return hm_misuse("%s is no UUID (8-4-4-4-12 hexadecimal digits)", text);
    memcpy(uuid, octets.data, HM_LIST_UUID_LEN);
    return HM_OK;
}
