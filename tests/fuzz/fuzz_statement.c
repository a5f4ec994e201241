/* layers: base crypto policy */
/* A statement that is read is written as it was, and described in one line; one that is refused is nothing. */
#include <policy/statement.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

static void refused(const hm_statement *s) {
    static const hm_statement nothing;
    must(memcmp(s, &nothing, sizeof nothing) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hm_statement s;
    HM_BUF again = HM_BUF_EMPTY, line = HM_BUF_EMPTY;
    if (hm_failed(hm_statement_get(HM_BYTES(data, size), &s))) return refused(&s), 0;
    must(!hm_failed(hm_statement_put(&s, &again)));
    must(hm_bytes_equal(hm_buf_bytes(&again), HM_BYTES(data, size)));
    must(!hm_failed(hm_statement_describe(&s, &line)));
    must(line.len && !memchr(line.data, '\n', line.len));
    return 0;
}
