#include "pure.h"

#include "p256.c" /* and not its header: its static functions are wanted */

#include <string.h>

enum { STATE = 32, BLOCK = 64, ALL = 5 * BYTES, KNOWN = 1 << 12, STEPS = 64, ARGUMENTS = 4 };
enum { LENGTH = 64 }; /* instructions for which a call counts */

/* Arguments in this machine's memory, as they were before the call. */
typedef struct call {
    const cpu *cpu;
    const uint32_t *r;
    uint8_t in[ARGUMENTS][sizeof(workspace)];
    expectation *out;
} call;

/* Argument I: SIZE bytes of memory. */
static int take(call *it, uint32_t i, uint32_t size) {
    const uint8_t *memory = cpu_memory(it->cpu, it->r[i], size);
    if (memory) memcpy(it->in[i], memory, size);
    return memory != NULL;
}

/* The result goes to where argument 0 leads. It is worked out as a whole, which is the same unless it overlaps another
 * argument in part. */
static int give(call *it, const void *result, uint32_t size) {
    uint8_t *memory = cpu_memory(it->cpu, it->r[0], size);
    if (!memory || cpu_offset(it->cpu, memory) == UINT32_MAX) return 0;
    it->out->at = it->r[0];
    it->out->size = size;
    memcpy(it->out->bytes, result, size);
    return 1;
}

static int answer(call *it, uint32_t value) {
    it->out->answers = 1;
    it->out->answer = value;
    return 1;
}

static int is_apart(const call *it, uint32_t i) {
    uint32_t distance = it->r[i] - it->r[0];
    return distance == 0 || (distance >= BYTES && 0 - distance >= BYTES);
}

static int take_numbers(call *it, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++)
        if (!take(it, i, BYTES) || !is_apart(it, i)) return 0;
    return 1;
}

static const uint32_t *number_in(const call *it, uint32_t i) { return (const uint32_t *)(const void *)it->in[i]; }

static int compress(call *it) {
    hmv_sha256 hash = {.length = 0};
    if (!take(it, 0, STATE) || !take(it, 1, BLOCK)) return 0;
    memcpy(hash.state, it->in[0], STATE);
    hmv_sha256_update(&hash, it->in[1], BLOCK);
    return give(it, hash.state, STATE);
}

/* Most trials ask again for what was asked for before. */
static uint32_t remembered(const uint8_t all[ALL]) {
    static struct {
        uint8_t all[ALL];
        uint32_t verdict, is_known;
    } known[KNOWN];
    uint64_t hash = 0, part;
    for (size_t i = 0; i < ALL; i += sizeof part) {
        memcpy(&part, all + i, sizeof part);
        hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    size_t place = hash % KNOWN;
    if (known[place].is_known && memcmp(known[place].all, all, ALL) == 0) return known[place].verdict;
    memcpy(known[place].all, all, ALL);
    known[place].is_known = 1;
    known[place].verdict = verify_digest(all, all + BYTES, all + 2 * BYTES, all + 3 * BYTES);
    return known[place].verdict;
}

static int whole_signature(call *it) {
    uint8_t all[ALL];
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t size = i == 3 ? 2 * BYTES : BYTES;
        if (!take(it, i, size)) return 0;
        memcpy(all + i * BYTES, it->in[i], size);
    }
    return answer(it, remembered(all));
}

static int product(call *it) {
    number r;
    if (!take_numbers(it, 1, 2)) return 0;
    multiply(r, number_in(it, 1), number_in(it, 2));
    return give(it, r, BYTES);
}

static int sum(call *it) {
    number r;
    return take_numbers(it, 1, 2) && answer(it, add_words(r, number_in(it, 1), number_in(it, 2))) && give(it, r, BYTES);
}

static int rest(call *it) {
    number r;
    return take_numbers(it, 1, 2) && answer(it, subtract_words(r, number_in(it, 1), number_in(it, 2))) &&
           give(it, r, BYTES);
}

static int half(call *it) {
    number r;
    if (!take(it, 0, BYTES)) return 0;
    memcpy(r, it->in[0], BYTES);
    shift_right(r, it->r[1]);
    return give(it, r, BYTES);
}

static int is_less(call *it) {
    return take_numbers(it, 0, 1) && take(it, 1, BYTES) &&
           answer(it, (uint32_t)less(number_in(it, 0), number_in(it, 1)));
}

static int has_bit(call *it) { return take_numbers(it, 0, 1) && answer(it, any_bit(number_in(it, 0))); }

/* The table's own steps, as far as they stay inside the workspace. */
static int calculation(call *it) {
    uint16_t steps[STEPS];
    workspace f;
    if (!take(it, 0, sizeof f)) return 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        const uint8_t *memory = cpu_memory(it->cpu, it->r[1] + 2 * i, 2);
        if (!memory || cpu_offset(it->cpu, memory) != UINT32_MAX) return 0;
        memcpy(&steps[i], memory, 2);
        if ((steps[i] >> 8 & 15) >= PLACES || (steps[i] >> 4 & 15) >= PLACES || (steps[i] & 15) >= PLACES) return 0;
        if (steps[i] >> 12 < STOP_AT) continue;
        memcpy(&f, it->in[0], sizeof f);
        calculate(&f, steps);
        return give(it, &f, sizeof f);
    }
    return 0;
}

static const struct {
    const char *name;
    int (*work_out)(call *it);
    int is_step;
} kinds[] = {{"compress", compress, 1}, {"verify_digest", whole_signature, 0},
             {"multiply", product, 1},  {"calculate", calculation, 1},
             {"add_words", sum, 1},     {"subtract_words", rest, 1},
             {"shift_right", half, 1},  {"less", is_less, 1},
             {"any_bit", has_bit, 1}};

uint32_t pure_kind(const char *name) {
    for (uint32_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0) return i;
    fail("no such function", name);
}

int pure_is_step(const pure *it) { return kinds[it->kind].is_step; }

int pure_next(const cpu *cpu) {
    uint8_t mark = cpu_marked(cpu);
    return mark >= FIRST_PURE ? mark - FIRST_PURE : NO_PURE;
}

static int has_had(const habits *it, uint32_t sp) {
    uint32_t i = 0;
    while (i < it->stacks && it->sp[i] != sp) i++;
    return i < it->stacks;
}

void pure_learn(habits *it, const registers *called, const registers *returned) {
    if (!has_had(it, called->r[SP]) && it->stacks < STACKS) it->sp[it->stacks++] = called->r[SP];
    for (int i = 0; i < PC; i++) it->clobbers |= (uint32_t)(called->r[i] != returned->r[i]) << i;
    it->last = *returned;
}

int pure_expect(const pure *it, const cpu *cpu, expectation *expectation) {
    call call;
    call.cpu = cpu, call.r = cpu->at.r, call.out = expectation;
    expectation->size = expectation->answers = 0;
    return cpu->at.r[LR] & 1 && cpu->at.it == 0 && kinds[it->kind].work_out(&call);
}

int pure_work_out(const pure *it, cpu *cpu, const habits *habits) {
    expectation is;
    if (!has_had(habits, cpu->at.r[SP]) || !pure_expect(it, cpu, &is)) return 0;
    uint8_t *memory = is.size ? cpu_memory(cpu, is.at, is.size) : NULL;
    if (memory) cpu_touch(cpu, cpu_offset(cpu, memory), is.size), memcpy(memory, is.bytes, is.size);
    registers at = habits->last;
    for (int i = 0; i < PC; i++)
        if (!(habits->clobbers >> i & 1)) at.r[i] = cpu->at.r[i];
    if (is.answers) at.r[0] = is.answer;
    at.r[PC] = cpu->at.r[LR] & ~1u;
    cpu->at = at;
    cpu->executed += LENGTH;
    return 1;
}

int pure_has_returned(const cpu *cpu, const registers *called) {
    return cpu->at.r[PC] == (called->r[LR] & ~1u) && cpu->at.r[SP] == called->r[SP];
}

int pure_agrees(const cpu *cpu, const expectation *is) {
    const uint8_t *memory = is->size ? cpu_memory(cpu, is->at, is->size) : NULL;
    return (!is->answers || cpu->at.r[0] == is->answer) && (!memory || memcmp(memory, is->bytes, is->size) == 0);
}
