/* layers: verify */
/* The device verifier's signature algorithms. Input: which (1 octet), the sizes of the key's parts and of the signature
 * (2 octets each, big-endian), these three, and the message. Each stands in a heap block of its own, so that an octet
 * read too many is seen. */
#include <hallmark/verify_algorithm.h>

#include <stdlib.h>
#include <string.h>

static const hmv_algorithm *const algorithms[] = {&hmv_esp256, &hmv_esp384, &hmv_ed25519,
                                                  &hmv_ps256,  &hmv_rs256,  &hmv_hss_lms};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms, PREFIX = 7 };

typedef struct part {
    uint8_t *data;
    size_t size;
} part;

static void must(int holds) {
    if (!holds) abort();
}

/* The first SIZE octets of *INPUT, or what is left of it. */
static part take(const uint8_t **input, size_t *left, size_t size) {
    part taken = {NULL, size < *left ? size : *left};
    taken.data = malloc(taken.size + (taken.size == 0));
    must(taken.data != NULL);
    memcpy(taken.data, *input, taken.size);
    *input += taken.size;
    *left -= taken.size;
    return taken;
}

static hmv_verdict ask(const hmv_algorithm *algorithm, const part parts[4], size_t cut) {
    const hmv_key key = {{parts[0].data, parts[0].size}, {parts[1].data, parts[1].size}};
    const hmv_bytes pieces[] = {{parts[3].data, cut}, {parts[3].data + cut, parts[3].size - cut}};
    hmv_verdict verdict = algorithm->verify(&key, pieces, 2, (hmv_bytes){parts[2].data, parts[2].size});
    must(verdict == HMV_GOOD || verdict == HMV_BAD);
    return verdict;
}

/* What is good stays good however the message is cut, and is bad with a bit of the signature or message another. */
static void check_good(const hmv_algorithm *algorithm, const part parts[4]) {
    must(ask(algorithm, parts, parts[3].size / 2) == HMV_GOOD);
    for (int i = 2; i < 4; i++) {
        if (parts[i].size == 0) continue;
        uint8_t *octet = &parts[i].data[parts[i].size / 2];
        *octet ^= 0x10;
        must(ask(algorithm, parts, 0) == HMV_BAD);
        *octet ^= 0x10;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < PREFIX) return 0;
    const hmv_algorithm *algorithm = algorithms[data[0] % ALGORITHMS];
    const uint8_t *input = &data[PREFIX];
    size_t left = size - PREFIX;
    part parts[4];
    for (int i = 0; i < 3; i++) parts[i] = take(&input, &left, (size_t)data[1 + 2 * i] << 8 | data[2 + 2 * i]);
    parts[3] = take(&input, &left, left);
    if (ask(algorithm, parts, 0) == HMV_GOOD) check_good(algorithm, parts);
    for (int i = 0; i < 4; i++) free(parts[i].data);
    return 0;
}
