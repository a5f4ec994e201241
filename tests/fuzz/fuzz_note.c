/* layers: base crypto tlog */
/* Verifier keys, signed notes and checkpoints. */
#include <tlog/note.h>

#include <stdlib.h>
#include <string.h>

static const char *const vkeys[] = {
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
    "example.com/log+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
};

static void must(bool holds) {
    if (!holds) abort();
}

/* What is read as a key has one text form. */
static void try_key(hm_bytes input) {
    hm_note_key key;
    HM_BUF again = HM_BUF_EMPTY;
    if (hm_failed(hm_note_key_parse(input, &key))) return;
    must(!hm_failed(hm_note_key_put(&key, &again)));
    must(hm_bytes_equal(input, hm_buf_bytes(&again)));
}

static void try_note(hm_bytes input, const char *vkey) {
    hm_note_key key;
    hm_bytes text;
    hm_checkpoint checkpoint;
    must(!hm_failed(hm_note_key_parse(hm_text(vkey), &key)));
    bool opened = !hm_failed(hm_note_open(input, &key, &text));
    if (opened) must(text.data == input.data && text.len < input.len && text.data[text.len - 1] == '\n');
    if (!hm_failed(hm_checkpoint_open(input, &key, &checkpoint))) must(opened && !strcmp(checkpoint.origin, key.name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_bytes input = HM_BYTES(data, size);
    try_key(input);
    for (size_t i = 0; i < sizeof vkeys / sizeof *vkeys; i++) try_note(input, vkeys[i]);
    return 0;
}
