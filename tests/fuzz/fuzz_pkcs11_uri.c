/* layers: base crypto keys */
/* The URI of a token comes from a configuration or a command line that somebody else may have written. What is accepted
 * must hold only whole, printable, non-empty strings. */
#include <keys/token.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t max) {
    if (!text) return;
    size_t len = strlen(text);
    if (len == 0 || len > max) abort();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *uri = malloc(size + 1);
    if (!uri) return 0;
    if (size) memcpy(uri, data, size);
    uri[size] = 0;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    const char *pin_path;
    hm_err err = hm_token_selector_from_uri(uri, &storage, &selector, &pin_path);
    if (hm_failed(err) ? selector.module_path || pin_path : !selector.module_path || selector.module_path[0] != '/')
        abort();
    check(selector.module_path, 4000);
    check(selector.token_label, 32);
    check(selector.manufacturer, 32);
    check(selector.model, 16);
    check(selector.serial, 16);
    check(pin_path, 4000);
    if (pin_path && pin_path[0] != '/') abort();
    free(uri);
    return 0;
}
