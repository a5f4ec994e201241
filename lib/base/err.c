#include <base/err.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char sentence[HM_SENTENCE_MAX];
static _Thread_local char origin[80];

/* Sentences quote names and certificate fields that an attacker chooses: no escape sequence may reach a terminal. */
static void make_printable(char *text) {
    for (unsigned char before = 0; *text; text++) {
        unsigned char c = (unsigned char)*text;
        /* C2 80 to C2 9F are U+0080 to U+009F, which some terminals obey as well. */
        if (c < 0x20 || c == 0x7f || (before == 0xc2 && c >= 0x80 && c < 0xa0)) *text = '?';
        before = c;
    }
}

void hm_err_set(const char *file, int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    make_printable(sentence);
    snprintf(origin, sizeof origin, "%s:%d", file, line);
}

hm_err hm_raise_again(hm_class class, const char *text) {
    char copy[HM_SENTENCE_MAX];
    snprintf(copy, sizeof copy, "%s", text);
    memcpy(sentence, copy, sizeof sentence);
    make_printable(sentence);
    snprintf(origin, sizeof origin, "another process");
    return (hm_err){class == HM_DONE ? HM_COULD_NOT : class};
}

hm_err hm_in(hm_err err, const char *format, ...) {
    if (!hm_failed(err)) return err;
    char before[HM_SENTENCE_MAX], copy[HM_SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(before, sizeof before, format, args);
    va_end(args);
    memcpy(copy, sentence, sizeof copy);
    int n = snprintf(sentence, sizeof sentence, "%s: ", before);
    if (n > 0 && (size_t)n < sizeof sentence) snprintf(sentence + n, sizeof sentence - (size_t)n, "%s", copy);
    make_printable(sentence);
    return err;
}

hm_fault hm_fault_keep(hm_err err) {
    hm_fault fault = {.class = err.class};
    if (hm_failed(err)) memcpy(fault.sentence, sentence, sizeof fault.sentence);
    return fault;
}

hm_err hm_fault_raise(const hm_fault *fault) {
    return fault->class == HM_DONE ? HM_OK : hm_raise_again(fault->class, fault->sentence);
}

const char *hm_err_sentence(void) { return sentence; }
const char *hm_err_origin(void) { return origin; }
