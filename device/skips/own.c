#include "own.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 1 << 22, CHANGES = 1 << 24, USES = 1 << 25, BUCKETS = 1 << 20, EVERY = 1 << 11, PROBES = 64, WORD = 4 };
static const uint64_t longest = 100000000; /* instructions */

/* What is written down as it happens. */
typedef struct recorder {
    own *own;
    cpu *cpu;
    const job *job;
    uint32_t changes, uses, written_count;
    struct {
        uint32_t word;
        use use;
    } * all; /* uses, in order of time */
    struct {
        uint32_t step, before;
        uint8_t used, is_written;
    } * word;          /* of the arena: in the last step that used it */
    uint32_t *written; /* words, in this step */
    uint64_t executed;
    registers called; /* the signature that is being verified, and what it must come to */
    int whole;
    expectation expectation;
} recorder;

static void *some(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) fail("no memory", "the program's own run");
    return memory;
}

static uint32_t value_of(const cpu *cpu, uint32_t word) {
    uint32_t value;
    memcpy(&value, cpu->arena + (size_t)word * WORD, WORD);
    return value;
}

/* Only the first use in a step tells whether what was there before mattered. */
static void note_use(recorder *it, uint32_t word, uint8_t mask, int is_write) {
    uint32_t step = it->own->steps;
    if (it->word[word].step != step + 1)
        it->word[word].step = step + 1, it->word[word].used = it->word[word].is_written = 0;
    if (is_write && !it->word[word].is_written) {
        it->word[word].is_written = 1;
        it->word[word].before = value_of(it->cpu, word);
        it->written[it->written_count++] = word;
    }
    mask &= (uint8_t)~it->word[word].used;
    if (mask == 0) return;
    if (it->uses == USES) fail("too many", "uses");
    it->word[word].used |= mask;
    it->all[it->uses].word = word;
    it->all[it->uses++].use = (use){step, mask, (uint8_t)is_write};
}

static void on_access(void *context, uint32_t offset, uint32_t size, int is_write) {
    for (uint32_t at = offset; at < offset + size;) {
        uint32_t in_word = at % WORD, count = WORD - in_word;
        if (count > offset + size - at) count = offset + size - at;
        note_use(context, at / WORD, (uint8_t)(((1u << count) - 1) << in_word), is_write);
        at += count;
    }
}

static void note_changes(recorder *it) {
    for (uint32_t i = 0; i < it->written_count; i++) {
        uint32_t word = it->written[i], before = it->word[word].before, after = value_of(it->cpu, word);
        if (before == after) continue;
        if (it->changes == CHANGES) fail("too many", "changes");
        it->own->change[it->changes++] = (change){word, before, after};
    }
    it->written_count = 0;
}

static stop execute_one(recorder *it) {
    uint32_t place = it->cpu->at.r[PC] - it->cpu->code_at;
    if (cpu_marked(it->cpu) == STOP_HERE) return MARKED;
    stop stop = cpu_step_marked(it->cpu);
    if (stop == GOING) it->own->total[place / 2]++;
    if (++it->executed > longest) fail("does not end", "the program's own run");
    return stop;
}

static stop one_call(recorder *it, uint32_t number) {
    const registers called = it->cpu->at;
    expectation expectation;
    stop stop = GOING;
    if (!pure_expect(&it->job->pure[number], it->cpu, &expectation)) fail("cannot be worked out", "pure");
    do stop = execute_one(it);
    while (stop == GOING && !pure_has_returned(it->cpu, &called));
    if (!pure_agrees(it->cpu, &expectation)) fail("is not what it is said to be", "pure");
    pure_learn(&it->own->habits[number], &called, &it->cpu->at);
    return stop;
}

static void begin_whole(recorder *it, int number) {
    it->whole = number;
    it->called = it->cpu->at;
    if (!pure_expect(&it->job->pure[number], it->cpu, &it->expectation)) fail("cannot be worked out", "pure");
}

static void end_whole(recorder *it) {
    if (!pure_agrees(it->cpu, &it->expectation)) fail("is not what it is said to be", "pure");
    pure_learn(&it->own->habits[it->whole], &it->called, &it->cpu->at);
    it->whole = NO_PURE;
    const uint8_t *below = cpu_memory(it->cpu, it->cpu->at.r[SP] - REMAINS, REMAINS);
    if (!below || it->own->signatures == SIGNATURES) fail("too many, or no stack", "signatures");
    remains *remains = &it->own->remains[it->own->signatures++];
    remains->step = it->own->steps;
    remains->sp = it->cpu->at.r[SP];
    memcpy(remains->bytes, below, REMAINS);
}

static void note_step(recorder *it) {
    own *own = it->own;
    if (own->steps + 1 == STEPS) fail("too many", "steps");
    own->at[own->steps] = it->cpu->at;
    own->first_change[own->steps] = it->changes;
    if (own->steps % EVERY == 0)
        memcpy(own->snapshots + (size_t)(own->steps / EVERY) * it->cpu->arena_size, it->cpu->arena,
               it->cpu->arena_size);
}

static void walk(recorder *it) {
    own *own = it->own;
    stop stop = GOING;
    it->whole = NO_PURE;
    for (own->steps = 0; stop == GOING; own->steps++) {
        if (it->whole != NO_PURE && pure_has_returned(it->cpu, &it->called)) end_whole(it);
        note_step(it);
        int pure = pure_next(it->cpu), is_call = pure != NO_PURE && pure_is_step(&it->job->pure[pure]);
        if (pure != NO_PURE && !is_call) begin_whole(it, pure);
        stop = is_call ? one_call(it, (uint32_t)pure) : execute_one(it);
        note_changes(it);
    }
    own->steps--;
    own->end = stop;
    own->at[own->steps] = it->cpu->at;
    own->first_change[own->steps + 1] = it->changes;
}

static void sort_uses(recorder *it) {
    own *own = it->own;
    uint32_t words = it->cpu->arena_size / WORD, *next = some(words + 1, sizeof *next);
    own->first_use = some(words + 1, sizeof *own->first_use);
    own->use = some(it->uses + 1, sizeof *own->use);
    for (uint32_t i = 0; i < it->uses; i++) own->first_use[it->all[i].word + 1]++;
    for (uint32_t i = 0; i < words; i++) own->first_use[i + 1] += own->first_use[i];
    memcpy(next, own->first_use, (words + 1) * sizeof *next);
    for (uint32_t i = 0; i < it->uses; i++) own->use[next[it->all[i].word]++] = it->all[i].use;
    free(next);
}

static uint32_t bucket(const registers *at) {
    uint64_t hash = 0, part;
    for (size_t i = 0; i + sizeof part <= sizeof *at; i += sizeof part) {
        memcpy(&part, (const uint8_t *)at + i, sizeof part);
        hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (uint32_t)(hash % BUCKETS);
}

/* Lists in order of time. */
static void list_steps(own *it) {
    memset(it->head, 0xff, BUCKETS * sizeof *it->head);
    for (uint32_t step = it->steps + 1; step-- > 0;) {
        uint32_t *head = &it->head[bucket(&it->at[step])];
        it->next[step] = *head;
        *head = step;
    }
}

static void new (own *it, const cpu *cpu) {
    memset(it, 0, sizeof *it);
    it->at = some(STEPS, sizeof *it->at);
    it->first_change = some(STEPS + 1, sizeof *it->first_change);
    it->change = some(CHANGES, sizeof *it->change);
    it->total = some(cpu->code_size / 2, sizeof *it->total);
    it->head = some(BUCKETS, sizeof *it->head);
    it->next = some(STEPS, sizeof *it->next);
    it->snapshots = some(STEPS / EVERY, cpu->arena_size);
    it->bytes = some(cpu->arena_size, 1);
}

void own_record(own *it, cpu *cpu, const job *job) {
    recorder recorder = {.own = it, .cpu = cpu, .job = job};
    new (it, cpu);
    cpu_reset(cpu, job);
    recorder.all = some(USES, sizeof *recorder.all);
    recorder.word = some(cpu->arena_size / WORD, sizeof *recorder.word);
    recorder.written = some(cpu->arena_size / WORD, sizeof *recorder.written);
    cpu->context = &recorder;
    cpu->watch = on_access;
    walk(&recorder);
    cpu->watch = NULL;
    uint8_t *answer = job->answer ? cpu_memory(cpu, job->answer, WORD) : NULL;
    if (answer) note_use(&recorder, cpu_offset(cpu, answer) / WORD, 15, 0);
    sort_uses(&recorder);
    list_steps(it);
    memcpy(it->bytes, cpu->arena, cpu->arena_size);
    it->now = it->steps;
    free(recorder.all);
    free(recorder.word);
    free(recorder.written);
}

int64_t own_find(const own *it, const registers *at, uint32_t near) {
    int64_t best = NO_STEP;
    uint32_t step = it->head[bucket(at)];
    for (int i = 0; step != UINT32_MAX && i < PROBES; i++, step = it->next[step]) {
        if (memcmp(&it->at[step], at, sizeof *at) != 0) continue;
        if (best == NO_STEP || llabs((int64_t)step - near) < llabs(best - near)) best = step;
    }
    return best;
}

static void apply(own *it, cpu *cpu, uint32_t word, uint32_t value) {
    memcpy(it->bytes + (size_t)word * WORD, &value, WORD);
    cpu_touch(cpu, word * WORD, WORD);
}

void own_move(own *it, cpu *cpu, uint32_t step) {
    uint32_t far = step > it->now ? step - it->now : it->now - step;
    if (far > 2 * EVERY) {
        it->now = step / EVERY * EVERY;
        memcpy(it->bytes, it->snapshots + (size_t)(it->now / EVERY) * cpu->arena_size, cpu->arena_size);
        cpu_touch(cpu, 0, cpu->arena_size);
    }
    uint32_t from = it->first_change[it->now], to = it->first_change[step];
    for (; from < to; from++) apply(it, cpu, it->change[from].word, it->change[from].after);
    for (; from > to; from--) apply(it, cpu, it->change[from - 1].word, it->change[from - 1].before);
    it->now = step;
}

const use *own_next_use(const own *it, uint32_t offset, uint32_t step) {
    uint32_t low = it->first_use[offset / WORD], end = it->first_use[offset / WORD + 1], high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (it->use[middle].step < step)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < end; low++)
        if (it->use[low].mask >> offset % WORD & 1) return &it->use[low];
    return NULL;
}

void own_leave_remains(const own *it, cpu *cpu, uint32_t step) {
    const remains *best = NULL;
    uint8_t *below = cpu_memory(cpu, cpu->at.r[SP] - REMAINS, REMAINS);
    for (uint32_t i = 0; i < it->signatures; i++) {
        const remains *one = &it->remains[i];
        if (one->sp != cpu->at.r[SP]) continue;
        if (!best || llabs((int64_t)one->step - step) < llabs((int64_t)best->step - step)) best = one;
    }
    if (!best || !below || cpu_offset(cpu, below) == UINT32_MAX) return;
    cpu_touch(cpu, cpu_offset(cpu, below), REMAINS);
    memcpy(below, best->bytes, REMAINS);
}
