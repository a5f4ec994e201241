#include "trial.h"

#include "pure.h"

#include <stdlib.h>
#include <string.h>

enum { CALLS = 4096, RETURNS = 8, SEEN = 1 << 16 };
/* Bytes of code after which a loop counts as endless: some times what the program's own run needs outside the pure
 * functions, and what P-256 needs. */
static const uint64_t budget = 5000000, budget_inside = 20000000;
static const uint32_t accepted_word = 0x3CA5965A, thumb = 1u << 24;
const char *const outcome_names[OUTCOMES] = {"refused", "same", "fault", "endless", "astray", "accepted", "later"};

/* The state at each call; content that has not changed since the call before is shared with it. */
static struct {
    registers registers;
    content content;
} calls[CALLS];
static uint32_t call_count;
static struct {
    uint64_t at[RETURNS];
    size_t count;
    registers last;
} returns[PURES];
static uint8_t *lasting_at_end;

static machine fast, slow[PURES]; /* works pure functions out; stops where calls of one of them return */
static content tried;
static const job *now;
static uint32_t next_call;
static int same;
static uint32_t ended;

static void keep(content *kept, const content *last, const content *content, const job *job) {
    for (uint32_t i = 0; i < job->memories; i++) {
        uint32_t size = job->memory[i].where.size;
        kept->of[i] = job->memory[i].first;
        if (job->memory[i].access != WRITE) continue;
        kept->of[i] = last ? last->of[i] : NULL;
        if (kept->of[i] && memcmp(kept->of[i], content->of[i], size) == 0) continue;
        kept->of[i] = malloc(size);
        if (!kept->of[i]) fail("no memory", "calls");
        memcpy(kept->of[i], content->of[i], size);
    }
}

static void note_return(uint32_t pure, uint32_t address) {
    size_t i = 0;
    while (i < returns[pure].count && returns[pure].at[i] != address) i++;
    if (i == RETURNS) fail("is called from too many places", "pure");
    if (i == returns[pure].count) returns[pure].count++;
    returns[pure].at[i] = address;
}

void trials_note_call(const job *job, const registers *at, const content *content, uint32_t pure) {
    if (call_count == CALLS) fail("too many", "calls");
    keep(&calls[call_count].content, call_count ? &calls[call_count - 1].content : NULL, content, job);
    calls[call_count++].registers = *at;
    note_return(pure, at->at[LR] & ~1u);
}

void trials_note_return(uint32_t pure, const registers *at) { returns[pure].last = *at; }

void trials_note_end(const job *job, const content *content) {
    if (job->lasting.size == 0) return;
    lasting_at_end = malloc(job->lasting.size);
    if (!lasting_at_end) fail("no memory", "lasting");
    memcpy(lasting_at_end, content_at(content, job, job->lasting.at, job->lasting.size), job->lasting.size);
}

static const memory *stack_memory(const job *job, uint32_t *number) {
    *number = 0;
    while (!is_in(job->memory[*number].where, job->stack.at)) ++*number;
    return &job->memory[*number];
}

static void on_call(uc_engine *engine, uint64_t address, uint32_t size, void *context);

void trials_begin(const job *job) {
    uint64_t exits[STOPS + RETURNS];
    uc_hook hook;
    now = job;
    content_new(&tried, job);
    for (uint32_t i = 0; i < job->stops; i++) exits[i] = job->stop[i];
    machine_new(&fast, job, &tried, exits, job->stops);
    for (uint32_t i = 0; i < job->pures; i++) {
        uint32_t entry = job->pure[i].entry;
        memcpy(exits + job->stops, returns[i].at, returns[i].count * sizeof exits[0]);
        machine_new(&slow[i], job, &tried, exits, job->stops + returns[i].count);
        if (uc_hook_add(fast.engine, &hook, UC_HOOK_CODE, (void *)on_call, NULL, entry, entry) != UC_ERR_OK)
            fail("hook", "trials");
    }
}

static uint32_t word_at(const job *job, const content *content, uint32_t address) {
    uint32_t word = 0;
    const uint8_t *bytes = address != 0 ? content_at(content, job, address, sizeof word) : NULL;
    if (bytes) memcpy(&word, bytes, sizeof word);
    return word;
}

/* ERROR is a fault on the processor too: an even address was jumped to (INVSTATE), or one where nothing may be
 * executed. */
static int is_fault(const job *job, uc_err error, const registers *at, const content *content) {
    if (error == UC_ERR_OK) return 0;
    if (!(at->at[FLAGS] & thumb)) return 1;
    return job->closed != 0 && word_at(job, content, job->closed) == job->closed_value;
}

outcome judge(const job *job, const machine *machine, uc_err error, const registers *at, const content *content) {
    uint32_t pc = at->at[PC], answer = word_at(job, content, job->answer);
    if (machine->endless) return ENDLESS;
    if (is_fault(job, error, at, content)) return FAULT;
    if (is_in(job->image, pc)) return ACCEPTED;
    for (uint32_t i = 0; i < job->stops; i++)
        if (error == UC_ERR_OK && job->stop[i] == pc) return answer == accepted_word ? ACCEPTED : REFUSED;
    for (uint32_t i = 0; i < job->memories; i++)
        if (job->memory[i].access != CODE && is_in(job->memory[i].where, pc)) return ASTRAY;
    return FAULT;
}

/* Is this what the program's own run had at its call number NUMBER? What a function may not read does not count. */
static int is_same(const job *job, const registers *at, uint32_t number, uint32_t pure) {
    const registers *own = &calls[number].registers;
    uint32_t stack, dead = at->at[SP] - job->stack.at;
    uint32_t arguments = job->pure[pure].what == P256_VERIFY ? 4 : 2;
    if (memcmp(at->at, own->at, arguments * sizeof at->at[0]) != 0) return 0;
    if (memcmp(at->at + 4, own->at + 4, 8 * sizeof at->at[0]) != 0) return 0;
    if (memcmp(at->at + SP, own->at + SP, 3 * sizeof at->at[0]) != 0 || !is_in(job->stack, at->at[SP])) return 0;
    uint32_t below = job->stack.at - stack_memory(job, &stack)->where.at;
    for (uint32_t i = 0; i < job->memories; i++) {
        const uint8_t *a = tried.of[i], *b = calls[number].content.of[i];
        uint32_t size = job->memory[i].where.size, from = i == stack ? below + dead : 0;
        if (job->memory[i].access != WRITE) continue;
        if (memcmp(a + from, b + from, size - from) != 0) return 0;
        if (i == stack && memcmp(a, b, below) != 0) return 0;
    }
    return 1;
}

static int pure_at(const job *job, uint32_t address) {
    for (uint32_t i = 0; i < job->pures; i++)
        if (job->pure[i].entry == address) return (int)i;
    return -1;
}

static int is_return(int pure, uint32_t address) {
    for (size_t i = 0; i < returns[pure].count; i++)
        if (returns[pure].at[i] == address) return 1;
    return 0;
}

static void on_call(uc_engine *engine, uint64_t address, uint32_t size, void *context) {
    int pure = pure_at(now, (uint32_t)address);
    uint32_t number = next_call++;
    registers at;
    result result;
    (void)size, (void)context;
    machine_get(&fast, &at);
    at.at[PC] = (uint32_t)address;
    same = number < call_count && is_same(now, &at, number, (uint32_t)pure);
    if (same)
        (void)uc_emu_stop(engine);
    else if (pure_work_out(now, &tried, (uint32_t)pure, &at, &result)) {
        pure_put(now, &tried, (uint32_t)pure, &result, &returns[pure].last, &at);
        machine_put(&fast, &at);
    }
}

/* To the end. CALL: the number that the next call of a pure function has. */
static outcome run(const job *job, registers *at, uint32_t call) {
    next_call = call;
    same = 0;
    uc_err error = machine_run(&fast, at, budget);
    return same ? SAME : judge(job, &fast, error, at, &tried);
}

/* 0: this was seen before. */
static int is_new(const uint8_t *data, uint32_t size) {
    static uint64_t seen[SEEN];
    uint64_t hash = 14695981039346656037u;
    for (uint32_t i = 0; i < size; i++) hash = (hash ^ data[i]) * 1099511628211u;
    uint64_t *place = &seen[(hash >> 20) % SEEN];
    if (*place == hash) return 0;
    *place = hash;
    return 1;
}

/* The next reset finds what this run has left behind, and nothing is left out any more. */
static outcome boot_again(const job *job, outcome first) {
    const range lasting = job->lasting;
    uint8_t *now = lasting.size ? content_at(&tried, job, lasting.at, lasting.size) : NULL;
    if (!now || memcmp(now, lasting_at_end, lasting.size) == 0 || !is_new(now, lasting.size)) return first;
    uint8_t *left = malloc(lasting.size);
    if (!left) fail("no memory", "lasting");
    memcpy(left, now, lasting.size);
    content_reset(&tried, job);
    memcpy(now, left, lasting.size);
    free(left);
    registers at = {.at = {[SP] = job->sp, [LR] = UINT32_MAX, [PC] = job->start, [FLAGS] = 1u << 24}};
    machine_reset(&fast);
    for (uint32_t i = 0; i < job->pures; i++) machine_reset(&slow[i]);
    outcome second = run(job, &at, CALLS);
    return second == ACCEPTED || second == ASTRAY ? LATER : first;
}

static outcome first_run(const job *job, const place *place, registers *at) {
    if (place->inside >= 0) {
        machine *machine = &slow[place->inside];
        uc_err error = machine_run(machine, at, budget_inside);
        if (error != UC_ERR_OK || machine->endless || !is_return(place->inside, at->at[PC]))
            return judge(job, machine, error, at, &tried);
    }
    return run(job, at, place->calls);
}

outcome trial(const job *job, const place *place, const content *content) {
    registers at = place->registers;
    content_copy(&tried, content, job);
    machine_reset(&fast);
    for (uint32_t i = 0; i < job->pures; i++) machine_reset(&slow[i]);
    outcome first = first_run(job, place, &at);
    ended = at.at[PC];
    return first == SAME || first == ACCEPTED || first == ASTRAY ? first : boot_again(job, first);
}

uint32_t trial_end(void) { return ended; }
