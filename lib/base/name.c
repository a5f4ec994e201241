#include <base/name.h>

static bool is_plain(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

hm_err hm_name_check(hm_bytes name, size_t most, const char *what) {
    if (!name.len || name.len > most) return hm_misuse("%s has 1 to %zu characters", what, most);
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool mark = c == '.' || c == '_' || c == '-';
        if (!is_plain(c) && (i == 0 || !mark))
            return hm_misuse("%s is made of letters, digits, '.', '_' and '-', and begins with a letter or digit",
                             what);
    }
    return HM_OK;
}
