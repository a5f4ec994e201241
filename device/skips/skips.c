/* Leaves out single instructions of a program that refuses, one in each trial, and says what comes of it.
 *
 *     skips JOB [SAMPLE SEED]          all that are to be tried, or about SAMPLE of them
 *     skips JOB SAMPLE SEED COUNT      the sample a second time, and the program's own run, beside unicorn: each for at
 *                                      most COUNT instructions. What differs ends the program
 *
 * Prints "clean OUTCOME CANDIDATES", each finding as "found OUTCOME ADDRESS TIME END", and "OUTCOME COUNT" of each;
 * SAME: the program was back in its own run. Tried are: outside primitives every instruction each time it is executed;
 * inside, the first, the middle and the last time. An instruction is left out by going on behind it, with the state of
 * an IT block that would then hold. */
#include "oracle.h"
#include "trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct walk {
    trials trials;
    const job *job;
    uint32_t *seen; /* of each halfword of code: how often it was executed so far */
    uint64_t candidates, numbered, sample, seed, beside; /* BESIDE: COUNT, or 0 */
    double share;                                        /* of a sample, that each instruction has */
    uint64_t compared, count[OUTCOMES];
} walk;

static uint32_t place_of(const walk *it, uint32_t address) { return (address - it->trials.cpu.code_at) / 2; }
static uint32_t places(const walk *it) { return it->trials.cpu.code_size / 2; }

static int is_primitive(const job *job, uint32_t address) {
    for (uint32_t i = 0; i < job->primitives; i++)
        if (is_in(job->primitive[i], address)) return 1;
    return 0;
}

static int is_candidate(const walk *it, uint32_t address) {
    uint32_t seen = it->seen[place_of(it, address)], total = it->trials.own.total[place_of(it, address)];
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
static uint32_t candidates_at(const walk *it, uint32_t place) {
    uint32_t total = it->trials.own.total[place];
    return total > 3 && is_primitive(it->job, it->trials.cpu.code_at + 2 * place) ? 3 : total;
}

/* Of a sample every instruction gets the same share, however often it is executed: loops are most of the run and least
 * of the decision. */
static int is_chosen(walk *it, uint32_t address) {
    if (!is_candidate(it, address)) return 0;
    double die = (double)(chance(it->seed ^ chance(it->numbered++)) >> 11) / (double)(UINT64_C(1) << 53);
    return it->sample == 0 || die * candidates_at(it, place_of(it, address)) < it->share;
}

static void note(walk *it, uint32_t address, outcome outcome) {
    it->count[outcome]++;
    if (outcome < ASTRAY) return;
    printf("found %s %" PRIx32 " %" PRIu32 " %" PRIx32 "\n", outcome_names[outcome], address,
           it->seen[place_of(it, address)], it->trials.ended);
}

/* It is refused, whether it was followed to the end or seen to have come back to its own run. */
static outcome simply(outcome outcome) { return outcome == SAME ? REFUSED : outcome; }

static void try(walk *it, uint32_t address, uint32_t step) {
    outcome outcome = trial_at(&it->trials, step);
    note(it, address, outcome);
    if (it->beside == 0) return;
    enum outcome plain = trial_plain(&it->trials, step, it->beside);
    if (plain != LATER && outcome != LATER && plain != simply(outcome)) {
        (void)fprintf(stderr, "skips: %" PRIx32 " at step %" PRIu32 ": %s, but %s\n", address, step,
                      outcome_names[outcome], outcome_names[plain]);
        exit(3);
    }
    it->compared += plain != LATER;
}

/* Through the call of a pure function. */
static void walk_inside(walk *it, uint32_t step) {
    cpu *cpu = &it->trials.cpu;
    const registers called = it->trials.own.at[step];
    trials_move(&it->trials, step);
    cpu->at = called;
    do {
        uint32_t address = cpu->at.r[PC];
        if (is_chosen(it, address)) note(it, address, trial_inside(&it->trials, step));
        it->seen[place_of(it, address)]++;
        if (cpu_step_marked(cpu) != GOING) fail("is not as it was", "pure");
    } while (!pure_has_returned(cpu, &called));
    trials_move(&it->trials, step);
}

static int is_call(const walk *it, uint32_t address) {
    const insn *insn = cpu_insn(&it->trials.cpu, address);
    return insn->mark >= FIRST_PURE && pure_is_step(&it->job->pure[insn->mark - FIRST_PURE]);
}

static void walk_through(walk *it) {
    const own *own = &it->trials.own;
    for (uint32_t step = 0; step < own->steps; step++) {
        uint32_t address = own->at[step].r[PC];
        if (is_call(it, address)) {
            walk_inside(it, step);
            continue;
        }
        if (is_chosen(it, address)) try(it, address, step);
        it->seen[place_of(it, address)]++;
    }
}

static double expected(const walk *it, double share) {
    double sum = 0;
    for (uint32_t i = 0; i < places(it); i++) {
        double most = candidates_at(it, i);
        sum += most < share ? most : share;
    }
    return sum;
}

static void count_candidates(walk *it) {
    double least = 0, most = 1e9;
    for (uint32_t i = 0; i < places(it); i++) it->candidates += candidates_at(it, i);
    for (int i = 0; i < 60; i++) {
        it->share = (least + most) / 2;
        *(expected(it, it->share) < (double)it->sample ? &least : &most) = it->share;
    }
}

static void run_beside(walk *it) {
    trials_move(&it->trials, 0);
    it->trials.cpu.at = it->trials.own.at[0];
    cpu_touch(&it->trials.cpu, 0, it->trials.cpu.arena_size);
    (void)oracle_run(&it->trials.cpu, it->job, it->beside);
}

int main(int argc, char **argv) {
    static job job;
    static walk walk;
    if (argc != 2 && argc != 4 && argc != 5) fail("JOB [SAMPLE SEED [COUNT]]", argv[0]);
    job_read(&job, argv[1]);
    walk.job = &job;
    walk.sample = argc >= 4 ? strtoull(argv[2], NULL, 10) : 0;
    walk.seed = argc >= 4 ? strtoull(argv[3], NULL, 10) : 0;
    walk.beside = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;
    outcome clean = trials_new(&walk.trials, &job);
    walk.seen = calloc(places(&walk), sizeof *walk.seen);
    if (!walk.seen) fail("no memory", "walk");
    count_candidates(&walk);
    printf("clean %s %" PRIu64 "\n", outcome_names[clean], walk.candidates);
    if (clean != REFUSED) return 0;
    if (walk.beside) run_beside(&walk);
    walk_through(&walk);
    if (walk.beside) printf("compared %" PRIu64 "\n", walk.compared);
    for (int i = 0; i < OUTCOMES; i++) printf("%s %" PRIu64 "\n", outcome_names[i], walk.count[i]);
    return 0;
}
