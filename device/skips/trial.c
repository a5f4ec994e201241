#include "trial.h"

#include "oracle.h"

#include <stdlib.h>
#include <string.h>

enum { SEEN = 1 << 20, KNOWN = 1 << 21, DIFFERENCES = 2048, NEAR = 256, FIRST = 4, AGAIN = 32, LONGEST = 4096 };
/* Instructions after which a loop counts as endless: some times what the program's own run needs outside the pure
 * functions, and what P-256 needs. */
static const uint64_t budget = 5000000;
static const uint32_t accepted_word = 0x3CA5965A;
const char *const outcome_names[OUTCOMES] = {"refused", "same",     "fault", "endless",
                                             "astray",  "accepted", "later", "unknown"};

/* Outside the code the processor goes on only where memory can be executed. */
static outcome judge_away(const trials *it) {
    uint32_t pc = it->cpu.at.r[PC];
    const job *job = it->job;
    if (job->closed != 0 && cpu_word(&it->cpu, job->closed) == job->closed_value) return FAULT;
    if (is_in(job->image, pc)) return ACCEPTED;
    return cpu_memory(&it->cpu, pc, 2) ? ASTRAY : FAULT;
}

static outcome judge(const trials *it, stop stop) {
    switch (stop) {
    case GOING:
        return ENDLESS;
    case MARKED:
        return cpu_word(&it->cpu, it->job->answer) == accepted_word ? ACCEPTED : REFUSED;
    case AWAY:
        return judge_away(it);
    case UNKNOWN:
        return NOT_KNOWN;
    default:
        return FAULT;
    }
}

/* What the program comes to in at most COUNT instructions, pure functions worked out. */
static stop run(trials *it, uint64_t count) {
    cpu *cpu = &it->cpu;
    uint64_t from = cpu->executed, end = from + (count < it->left ? count : it->left);
    stop stop = GOING;
    while (stop == GOING && cpu->executed < end) {
        stop = cpu_run(cpu, end - cpu->executed);
        int pure = stop == MARKED ? pure_next(cpu) : NO_PURE;
        if (pure == NO_PURE) continue;
        int is_done = pure_work_out(&it->job->pure[pure], cpu, &it->own.habits[pure]);
        if (is_done && !pure_is_step(&it->job->pure[pure])) own_leave_remains(&it->own, cpu, it->own.now);
        stop = is_done ? GOING : cpu_step_marked(cpu);
    }
    it->left -= cpu->executed - from < it->left ? cpu->executed - from : it->left;
    return stop;
}

/* ---- coming back to the own run ---- */

typedef struct difference {
    uint32_t offset, until; /* the step that uses the byte next */
    uint8_t value;
} difference;

/* Bytes in which memory is not as before step OWN.NOW. */
typedef struct differences {
    difference at[DIFFERENCES];
    uint32_t count;
    int are_many;
} differences;

static int lasts(const trials *it, uint32_t offset) {
    const uint8_t *memory = it->cpu.arena + offset;
    return it->lasting && memory >= it->lasting && memory < it->lasting + it->job->lasting.size;
}

static void note_difference(const trials *it, differences *all, uint32_t offset) {
    all->are_many |= all->count == DIFFERENCES;
    if (!all->are_many) all->at[all->count++] = (difference){offset, 0, it->cpu.arena[offset]};
}

/* Below sp is what functions have left behind that have returned. Nothing reads it, since nothing is left out any more.
 */
static range free_stack(const trials *it) {
    range stack = it->job->stack;
    const uint8_t *memory = stack.size ? cpu_memory(&it->cpu, stack.at, stack.size) : NULL;
    if (!memory || !is_in(stack, it->cpu.at.r[SP])) return (range){0, 0};
    return (range){cpu_offset(&it->cpu, memory), it->cpu.at.r[SP] - stack.at};
}

static void compare(const trials *it, differences *all) {
    const cpu *cpu = &it->cpu;
    const range unused = free_stack(it);
    all->count = 0, all->are_many = 0;
    for (uint32_t i = 0; i < cpu->line_count && !all->are_many; i++) {
        uint32_t line = cpu->lines[i] * LINE;
        if (memcmp(cpu->arena + line, it->own.bytes + line, LINE) == 0) continue;
        for (uint32_t k = line; k < line + LINE; k++)
            if (cpu->arena[k] != it->own.bytes[k] && !is_in(unused, k)) note_difference(it, all, k);
    }
}

/* The step up to which the own run looks at nothing that is different: its last one, if only that is different which
 * lasts; UINT32_MAX, if nothing is that matters. */
static uint32_t first_read(const trials *it, differences *all) {
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < all->count; i++) {
        const use *use = own_next_use(&it->own, all->at[i].offset, it->own.now);
        uint32_t read = use                            ? use->is_write ? UINT32_MAX : use->step
                        : lasts(it, all->at[i].offset) ? it->own.steps
                                                       : UINT32_MAX;
        all->at[i].until = use ? use->step : UINT32_MAX;
        first = read < first ? read : first;
        if (first < it->own.now + NEAR && first < it->own.steps) break;
    }
    return first;
}

/* ---- what came of the same state before ---- */

static uint64_t mixed(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static struct {
    uint64_t key;
    uint8_t outcome;
} known[KNOWN];

/* The registers are those before step OWN.NOW, and this is all that is different. 1: *OUTCOME was found out before. */
static int remember(trials *it, const differences *all, outcome *outcome) {
    uint64_t key = mixed(it->own.now + 1 + ((uint64_t)it->is_next << 32));
    for (uint32_t i = 0; i < all->count; i++) key += mixed(1 + ((uint64_t)all->at[i].offset << 8 | all->at[i].value));
    if (known[key % KNOWN].key == key) {
        *outcome = known[key % KNOWN].outcome;
        return 1;
    }
    if (it->visits < VISITS) {
        it->visited[it->visits].key = key;
        it->visited[it->visits++].left = it->left;
    }
    return 0;
}

/* All that was visited from FROM on came to OUTCOME. A trial that came to a place late and then ran out of its budget
 * says nothing of one that comes there early. */
static void learn(trials *it, uint32_t from, outcome outcome) {
    for (uint32_t i = from; i < it->visits; i++) {
        uint64_t key = it->visited[i].key;
        if (outcome == ENDLESS && it->visited[i].left < budget / 2) continue;
        known[key % KNOWN].key = key;
        known[key % KNOWN].outcome = (uint8_t)outcome;
    }
    it->visits = from;
}

/* To before STEP, until which nothing looks at what is different. */
static void jump(trials *it, differences *all, uint32_t step) {
    cpu *cpu = &it->cpu;
    uint32_t kept = 0;
    own_move(&it->own, cpu, step);
    for (uint32_t i = 0; i < cpu->line_count; i++) {
        uint32_t line = cpu->lines[i] * LINE;
        memcpy(cpu->arena + line, it->own.bytes + line, LINE);
    }
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->at[i].until < step) continue;
        cpu->arena[all->at[i].offset] = all->at[i].value;
        if (it->own.bytes[all->at[i].offset] != all->at[i].value) all->at[kept++] = all->at[i];
    }
    all->count = kept;
    cpu->at = it->own.at[step];
}

/* The registers are those before STEP. 1: what comes of it is known. Otherwise *STEP is where it goes on. */
static int meet(trials *it, uint32_t *step, outcome *outcome) {
    static differences all;
    own_move(&it->own, &it->cpu, *step);
    compare(it, &all);
    if (all.are_many) return 0;
    *outcome = SAME;
    if (all.count == 0 || remember(it, &all, outcome)) return 1;
    uint32_t next = first_read(it, &all);
    if (next == UINT32_MAX) return 1;
    if (next < *step + NEAR && next != it->own.steps) return 0;
    jump(it, &all, next);
    *step = next;
    return remember(it, &all, outcome);
}

/* On from where the processor is, which may be before STEP. */
static outcome follow(trials *it, uint32_t near) {
    uint64_t interval = FIRST;
    outcome outcome;
    stop stop = GOING;
    it->left = budget;
    while (stop == GOING && it->left) {
        int64_t found = own_find(&it->own, &it->cpu.at, near);
        uint32_t step = (uint32_t)found;
        it->is_over = found != NO_STEP && meet(it, &step, &outcome);
        if (it->is_over) return outcome;
        if (found != NO_STEP && step != (uint32_t)found) interval = AGAIN;
        near = (found != NO_STEP ? step : near) + (uint32_t)interval;
        stop = run(it, interval);
        interval = interval < LONGEST ? interval + interval / 2 : LONGEST;
    }
    return judge(it, stop);
}

/* ---- what is left behind ---- */

/* 0: this was seen before. */
static int is_new(const uint8_t *data, uint32_t size) {
    static uint64_t seen[SEEN];
    uint64_t hash = 1, part;
    for (uint32_t i = 0; i < size; i += sizeof part) {
        memcpy(&part, data + i, sizeof part);
        hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    uint64_t *place = &seen[(hash >> 20) % SEEN];
    if (*place == hash) return 0;
    *place = hash;
    return 1;
}

/* The next reset finds what this run has left behind, and nothing is left out any more. */
static outcome boot_again(trials *it, outcome first) {
    uint32_t size = it->job->lasting.size;
    if (!it->next || !is_new(it->lasting, size)) return first;
    trials *next = it->next;
    trials_move(next, 0);
    cpu_touch(&next->cpu, cpu_offset(&next->cpu, next->lasting), size);
    memcpy(next->lasting, it->lasting, size);
    next->cpu.at = next->own.at[0];
    outcome second = follow(next, 0);
    learn(next, 0, second);
    it->executed += next->cpu.executed;
    next->cpu.executed = 0;
    return second == ACCEPTED || second == ASTRAY ? LATER : first;
}

static outcome judged(trials *it, outcome first) {
    it->ended = it->is_over ? 0 : it->cpu.at.r[PC]; /* 0: as another trial did, which was in the same state */
    int is_over = it->is_over || first == ACCEPTED || first == ASTRAY || first == NOT_KNOWN;
    outcome outcome = is_over ? first : boot_again(it, first);
    learn(it, 0, outcome);
    return outcome;
}

static void new (trials *it, const job *job) {
    memset(it, 0, sizeof *it);
    it->job = job;
    cpu_new(&it->cpu, job);
    for (uint32_t i = 0; i < job->stops; i++) cpu_mark(&it->cpu, job->stop[i], STOP_HERE);
    for (uint32_t i = 0; i < job->pures; i++) cpu_mark(&it->cpu, job->pure[i].entry, (uint8_t)(FIRST_PURE + i));
    it->lasting = job->lasting.size ? cpu_memory(&it->cpu, job->lasting.at, job->lasting.size) : NULL;
    it->saved = malloc(it->cpu.arena_size);
    if (!it->saved) fail("no memory", "trials");
    own_record(&it->own, &it->cpu, job);
}

/* The boot that finds what this one has left. */
static void begin_next(trials *it, trials *next, job *job) {
    *job = *it->job;
    for (uint32_t i = 0; i < job->memories; i++) {
        if (!is_in(job->memory[i].where, job->lasting.at)) continue;
        uint8_t *first = malloc(job->memory[i].where.size);
        if (!first) fail("no memory", "lasting");
        memcpy(first, job->memory[i].first, job->memory[i].where.size);
        memcpy(first + (job->lasting.at - job->memory[i].where.at), it->lasting, job->lasting.size);
        job->memory[i].first = first;
    }
    new (next, job);
    next->is_next = 1;
    it->next = next;
}

outcome trials_new(trials *it, const job *job) {
    static trials next;
    static struct job job_of_next;
    new (it, job);
    outcome outcome = judge(it, it->own.end);
    if (!it->lasting || outcome != REFUSED) return outcome;
    (void)is_new(it->lasting, job->lasting.size);
    begin_next(it, &next, &job_of_next);
    return judge(&next, next.own.end);
}

void trials_move(trials *it, uint32_t step) {
    cpu *cpu = &it->cpu;
    own_move(&it->own, cpu, step);
    for (uint32_t i = 0; i < cpu->line_count; i++) {
        uint32_t line = cpu->lines[i];
        memcpy(cpu->arena + line * LINE, it->own.bytes + line * LINE, LINE);
        cpu->dirty[line] = 0;
    }
    cpu->line_count = 0;
}

outcome trial_at(trials *it, uint32_t step) {
    uint64_t before = it->cpu.executed;
    trials_move(it, step);
    it->cpu.at = it->own.at[step];
    cpu_leave_out(&it->cpu);
    outcome outcome = judged(it, follow(it, step + 1));
    it->executed += it->cpu.executed - before;
    trials_move(it, step);
    return outcome;
}

outcome trial_plain(trials *it, uint32_t step, uint64_t count) {
    trials_move(it, step);
    it->cpu.at = it->own.at[step];
    cpu_leave_out(&it->cpu);
    cpu_touch(&it->cpu, 0, it->cpu.arena_size);
    stop stop = oracle_run(&it->cpu, it->job, count);
    outcome outcome = stop == GOING ? LATER : judge(it, stop);
    trials_move(it, step);
    return outcome;
}

/* To the end of the call that began in STEP, and on. */
static outcome finish_call(trials *it, uint32_t step) {
    const registers called = it->own.at[step];
    cpu *cpu = &it->cpu;
    stop stop = GOING;
    it->left = budget;
    it->is_over = 0;
    cpu->until = called.r[LR] & ~1u;
    while (stop == GOING && it->left && !pure_has_returned(cpu, &called)) {
        stop = run(it, it->left);
        if (stop == MARKED && cpu->at.r[PC] == cpu->until)
            stop = pure_has_returned(cpu, &called) ? GOING : cpu_step_marked(cpu);
    }
    cpu->until = 1;
    return stop == GOING && it->left ? follow(it, step + 1) : judge(it, stop);
}

outcome trial_inside(trials *it, uint32_t step) {
    cpu *cpu = &it->cpu;
    const registers at = cpu->at;
    uint64_t before = cpu->executed;
    memcpy(it->saved, cpu->arena, cpu->arena_size);
    cpu_touch(cpu, 0, cpu->arena_size);
    cpu_leave_out(cpu);
    outcome outcome = judged(it, finish_call(it, step));
    it->executed += cpu->executed - before;
    own_move(&it->own, cpu, step);
    memcpy(cpu->arena, it->saved, cpu->arena_size);
    cpu->at = at;
    return outcome;
}
