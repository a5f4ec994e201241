#include "job.h"

#include "pure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 512, WORDS = 8, PAGE = 4096 };

_Noreturn void fail(const char *what, const char *which) {
    (void)fprintf(stderr, "skips: %s: %s\n", which, what);
    exit(3);
}

static uint32_t number(const char *word) {
    char *end = NULL;
    unsigned long value = word ? strtoul(word, &end, 16) : 0;
    if (!word || *end || value > UINT32_MAX) fail("a hexadecimal number is missing", word ? word : "job");
    return (uint32_t)value;
}

static void load(memory *it, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("cannot be opened", path);
    if (fread(it->first, 1, it->where.size, file) == 0 || fgetc(file) != EOF) fail("is empty or too large", path);
    (void)fclose(file);
}

static void add_memory(job *job, char *words[WORDS]) {
    if (job->memories == MEMORIES || !words[3] || !words[4]) fail("too many memories, or words missing", words[0]);
    memory *it = &job->memory[job->memories++];
    it->where = (range){number(words[1]), number(words[2])};
    it->access = strcmp(words[3], "code") == 0 ? CODE : strcmp(words[3], "read") == 0 ? READ : WRITE;
    it->first = aligned_alloc(PAGE, it->where.size);
    if (!it->first || it->where.size % PAGE) fail("no memory for it, or not whole pages", words[1]);
    memset(it->first, 0, it->where.size);
    if (strcmp(words[4], "-") != 0) load(it, words[4]);
}

static void add_pure(job *job, char *words[WORDS]) {
    if (job->pures == PURES || !words[2]) fail("too many, or a word is missing", words[0]);
    pure *it = &job->pure[job->pures++];
    it->entry = number(words[1]);
    it->kind = pure_kind(words[2]);
}

static void take(job *job, char *words[WORDS]) {
    const char *kind = words[0];
    if (strcmp(kind, "memory") == 0)
        add_memory(job, words);
    else if (strcmp(kind, "start") == 0)
        job->start = number(words[1]), job->sp = number(words[2]);
    else if (strcmp(kind, "stop") == 0 && job->stops < STOPS)
        job->stop[job->stops++] = number(words[1]);
    else if (strcmp(kind, "image") == 0)
        job->image = (range){number(words[1]), number(words[2])};
    else if (strcmp(kind, "answer") == 0)
        job->answer = number(words[1]);
    else if (strcmp(kind, "closed") == 0)
        job->closed = number(words[1]), job->closed_value = number(words[2]);
    else if (strcmp(kind, "lasting") == 0)
        job->lasting = (range){number(words[1]), number(words[2])};
    else if (strcmp(kind, "stack") == 0)
        job->stack = (range){number(words[1]), number(words[2])};
    else if (strcmp(kind, "primitive") == 0 && job->primitives < PRIMITIVES)
        job->primitive[job->primitives++] = (range){number(words[1]), number(words[2])};
    else if (strcmp(kind, "pure") == 0)
        add_pure(job, words);
    else
        fail("no such line, or too many", kind);
}

void job_read(job *it, const char *path) {
    char line[TEXT];
    FILE *file = fopen(path, "r");
    if (!file) fail("cannot be opened", path);
    memset(it, 0, sizeof *it);
    while (fgets(line, sizeof line, file)) {
        char *words[WORDS] = {NULL}, *rest = NULL;
        words[0] = strtok_r(line, " \n", &rest);
        for (size_t i = 1; i < WORDS && words[i - 1]; i++) words[i] = strtok_r(NULL, " \n", &rest);
        if (words[0]) take(it, words);
    }
    (void)fclose(file);
}
