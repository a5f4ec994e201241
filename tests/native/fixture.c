#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 64 };

static struct {
    char name[64];
    hmv_bytes bytes;
} files[FILES_MAX];
static size_t count;

hmv_bytes fixture(const char *name) {
    char path[512];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i].name, name) == 0) return files[i].bytes;
    }
    (void)snprintf(path, sizeof path, "%s/tests/vectors/native/%s", HALLMARK_SOURCE, name);
    hmv_bytes bytes = bytes_of_file(path);
    if (!bytes.data || count == FILES_MAX || strlen(name) >= sizeof files[0].name) fail_msg("%s cannot be read", path);
    memcpy(files[count].name, name, strlen(name) + 1);
    files[count++].bytes = bytes;
    return bytes;
}

void fixtures_free(void) {
    while (count) bytes_free(files[--count].bytes);
}

bool is_reason(hmv_reason answer) {
    return answer != HMV_UNDECIDED && answer != HMV_ACCEPTED && strcmp(hmv_reason_text(answer), "unknown reason") != 0;
}

const char *reason_name(hmv_reason answer) { return answer == HMV_ACCEPTED ? "accepted" : hmv_reason_text(answer); }
