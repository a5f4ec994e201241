#include <base/closest.h>

#include <stdio.h>
#include <string.h>

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment: rows I of WORD, columns J of NAME; only three rows are looked at. */
static size_t distance(hm_bytes word, hm_bytes name) {
    size_t row[3][HM_CLOSEST_MAX + 1];
    for (size_t j = 0; j <= name.len; j++) row[0][j] = j;
    for (size_t i = 1; i <= word.len; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= name.len; j++) {
            size_t replaced = last[j - 1] + (word.data[i - 1] != name.data[j - 1]);
            now[j] = least(replaced, least(last[j], now[j - 1]) + 1);
            bool exchanged =
                i > 1 && j > 1 && word.data[i - 1] == name.data[j - 2] && word.data[i - 2] == name.data[j - 1];
            if (exchanged) now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return row[word.len % 3][name.len];
}

hm_closest hm_closest_begin(hm_bytes word) {
    return (hm_closest){.word = word, .distance = least(2, word.len / 3) + 1};
}

void hm_closest_try(hm_closest *closest, const char *name) {
    size_t len = strlen(name);
    if (closest->word.len > HM_CLOSEST_MAX || len > HM_CLOSEST_MAX) return;
    size_t found = distance(closest->word, HM_BYTES(name, len));
    if (found >= closest->distance) return;
    closest->name = name;
    closest->distance = found;
}

const char *hm_closest_hint(const hm_closest *closest, char text[static HM_HINT_MAX]) {
    text[0] = 0;
    if (closest->name) snprintf(text, HM_HINT_MAX, " (did you mean %s?)", closest->name);
    return text;
}
