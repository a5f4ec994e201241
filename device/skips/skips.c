/* Leaves out single instructions of a program that refuses, one in each trial, and says what comes of it.
 *
 *     skips JOB [SAMPLE SEED]      all that are to be tried, or about SAMPLE of them
 *
 * Prints "clean OUTCOME CANDIDATES", each finding as "found OUTCOME ADDRESS TIME END", and "OUTCOME COUNT" of each;
 * SAME: the program was back in its own run. Tried are: outside primitives every instruction each time it is executed;
 * inside, the first, the middle and the last time. An instruction is left out by going on behind it, with the state of
 * an IT block that would then hold. */
#include "pure.h"
#include "trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t endless = UINT64_C(1) << 40;

typedef struct walk {
    const job *job;
    content content;
    machine machine;
    uint32_t *total, *seen; /* of each halfword of code: how often it is executed, in all and so far */
    uint8_t *it;            /* of each: the IT state that it is executed in */
    int surveying;
    place place;
    registers called; /* as the pure function that it is in was called */
    result result;    /* what that must come to */
    uint64_t candidates, tried, sample, seed;
    double share; /* of a sample, that each instruction has */
    uint64_t count[OUTCOMES];
} walk;

static uint32_t code_halfword(const walk *it, uint32_t address) {
    const uint8_t *code = it->job->memory[0].first + (address - it->job->memory[0].where.at);
    return (uint32_t)(code[0] | code[1] << 8);
}

static uint32_t place_of(const walk *it, uint32_t address) { return (address - it->job->memory[0].where.at) / 2; }

static uint32_t size_of(uint32_t halfword) { return halfword >> 11 >= 0x1d ? 4 : 2; }

static int is_it(uint32_t halfword) { return halfword >> 8 == 0xbf && (halfword & 15) != 0; }

/* ITAdvance (ARMv7-M section A7.3.3). */
static uint8_t advance(uint8_t it) { return (it & 7) == 0 ? 0 : (uint8_t)((it & 0xe0) | (it << 1 & 0x1f)); }

static void note_it_block(walk *it, uint32_t address) {
    uint8_t state = (uint8_t)code_halfword(it, address);
    for (address += 2; state != 0; state = advance(state)) {
        it->it[place_of(it, address)] = state;
        address += size_of(code_halfword(it, address));
    }
}

static int is_primitive(const job *job, uint32_t address) {
    for (uint32_t i = 0; i < job->primitives; i++)
        if (is_in(job->primitive[i], address)) return 1;
    return 0;
}

static int is_candidate(const walk *it, uint32_t address) {
    uint32_t seen = it->seen[place_of(it, address)], total = it->total[place_of(it, address)];
    return !is_primitive(it->job, address) || seen == 0 || seen == total / 2 || seen + 1 == total;
}

/* SplitMix64 (Steele et al., 2014). */
static uint64_t chance(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* How often the instruction there is a candidate. */
static uint32_t candidates_at(const walk *it, uint32_t halfword) {
    uint32_t total = it->total[halfword];
    return is_primitive(it->job, it->job->memory[0].where.at + 2 * halfword) && total > 3 ? 3 : total;
}

/* Of a sample every instruction gets the same share, however often it is executed: loops are most of the run and least
 * of the decision. */
static int is_chosen(const walk *it, uint32_t address, uint64_t number) {
    double die = (double)(chance(it->seed ^ chance(number)) >> 11) / (double)(UINT64_C(1) << 53);
    return it->sample == 0 || die * candidates_at(it, place_of(it, address)) < it->share;
}

static void set_it(registers *at, uint32_t state) {
    at->at[FLAGS] = (at->at[FLAGS] & 0xf9ff03ffu) | (state & 3) << 25 | (state & 0xfc) << 8;
}

static void leave_out(walk *it, uint32_t address) {
    uint32_t halfword = code_halfword(it, address);
    place place = it->place;
    machine_get(&it->machine, &place.registers);
    place.registers.at[PC] = address + size_of(halfword);
    set_it(&place.registers, is_it(halfword) ? 0 : advance(it->it[place_of(it, address)]));
    outcome outcome = trial(it->job, &place, &it->content);
    it->count[outcome]++;
    if (outcome == ACCEPTED || outcome == ASTRAY || outcome == LATER)
        printf("found %s %" PRIx32 " %" PRIu32 " %" PRIx32 "\n", outcome_names[outcome], address,
               it->seen[place_of(it, address)], trial_end());
}

static void leave_call(walk *it, uint32_t address) {
    uint32_t pure = (uint32_t)it->place.inside;
    registers at;
    if (address != (it->called.at[LR] & ~1u)) return;
    machine_get(&it->machine, &at);
    if (at.at[SP] != it->called.at[SP]) return;
    it->place.inside = -1;
    if (!it->surveying) return;
    if (!pure_agrees(it->job, &it->content, pure, &it->result, &it->called, &at))
        fail("is not what it is said to be", "pure");
    trials_note_return(pure, &at);
}

static void enter_call(walk *it, uint32_t address, uint32_t pure) {
    machine_get(&it->machine, &it->called);
    it->called.at[PC] = address;
    it->place.inside = (int)pure;
    it->place.calls++;
    if (!it->surveying) return;
    trials_note_call(it->job, &it->called, &it->content, pure);
    if (!pure_work_out(it->job, &it->content, pure, &it->called, &it->result)) fail("cannot be worked out", "pure");
}

static void follow_calls(walk *it, uint32_t address) {
    if (it->place.inside >= 0) leave_call(it, address);
    for (uint32_t i = 0; i < it->job->pures && it->place.inside < 0; i++)
        if (it->job->pure[i].entry == address) enter_call(it, address, i);
}

static void on_instruction(uc_engine *engine, uint64_t wide, uint32_t size, void *context) {
    walk *it = context;
    uint32_t address = (uint32_t)wide;
    (void)engine, (void)size;
    follow_calls(it, address);
    if (it->surveying) {
        it->total[place_of(it, address)]++;
        if (is_it(code_halfword(it, address))) note_it_block(it, address);
    } else if (is_candidate(it, address) && is_chosen(it, address, it->tried++))
        leave_out(it, address);
    it->seen[place_of(it, address)]++;
}

static outcome walk_through(walk *it) {
    registers at = {.at = {[SP] = it->job->sp, [LR] = UINT32_MAX, [PC] = it->job->start, [FLAGS] = 1u << 24}};
    memset(it->seen, 0, it->job->memory[0].where.size / 2 * sizeof *it->seen);
    content_reset(&it->content, it->job);
    machine_reset(&it->machine);
    it->place = (place){.inside = -1};
    uc_err error = machine_run(&it->machine, &at, endless);
    return judge(it->job, &it->machine, error, &at, &it->content);
}

static double expected(const walk *it, double share) {
    double sum = 0;
    for (uint32_t i = 0; i < it->job->memory[0].where.size / 2; i++) {
        double most = candidates_at(it, i);
        sum += most < share ? most : share;
    }
    return sum;
}

static void count_candidates(walk *it) {
    double least = 0, most = 1e9;
    for (uint32_t i = 0; i < it->job->memory[0].where.size / 2; i++) it->candidates += candidates_at(it, i);
    for (int i = 0; i < 60; i++) {
        it->share = (least + most) / 2;
        *(expected(it, it->share) < (double)it->sample ? &least : &most) = it->share;
    }
}

static void walk_new(walk *it, const job *job) {
    uint64_t exits[STOPS];
    uc_hook hook;
    size_t halfwords = job->memory[0].where.size / 2;
    it->job = job;
    it->total = calloc(halfwords, sizeof *it->total);
    it->seen = calloc(halfwords, sizeof *it->seen);
    it->it = calloc(halfwords + 16, 1);
    if (!it->total || !it->seen || !it->it) fail("no memory", "walk");
    for (uint32_t i = 0; i < job->stops; i++) exits[i] = job->stop[i];
    content_new(&it->content, job);
    machine_new(&it->machine, job, &it->content, exits, job->stops);
    if (uc_hook_add(it->machine.engine, &hook, UC_HOOK_CODE, (void *)on_instruction, it, 1, 0) != UC_ERR_OK)
        fail("hook", "walk");
}

int main(int argc, char **argv) {
    static job job;
    static walk walk;
    if (argc != 2 && argc != 4) fail("JOB [SAMPLE SEED]", argv[0]);
    job_read(&job, argv[1]);
    walk_new(&walk, &job);
    walk.sample = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
    walk.seed = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
    walk.surveying = 1;
    outcome clean = walk_through(&walk);
    count_candidates(&walk);
    printf("clean %s %" PRIu64 "\n", outcome_names[clean], walk.candidates);
    if (clean != REFUSED) return 0;
    trials_note_end(&job, &walk.content);
    trials_begin(&job);
    walk.surveying = 0;
    if (walk_through(&walk) != REFUSED) fail("the second run is not as the first", argv[1]);
    for (int i = 0; i < OUTCOMES; i++) printf("%s %" PRIu64 "\n", outcome_names[i], walk.count[i]);
    return 0;
}
