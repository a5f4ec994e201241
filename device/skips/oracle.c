#include "oracle.h"

#include "pure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum { PAGE = 4096, NAMES = 17, FLAGS = 16 };
static int names[NAMES] = {UC_ARM_REG_R0,  UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R4,  UC_ARM_REG_R5,
                           UC_ARM_REG_R6,  UC_ARM_REG_R7, UC_ARM_REG_R8, UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
                           UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR, UC_ARM_REG_PC, UC_ARM_REG_XPSR};
static const uint32_t thumb = 1u << 24;

static struct {
    uc_engine *engine;
    uc_context *fresh;
    uint8_t *arena;
    cpu *cpu;
    uint64_t left;
    stop stop;
    int is_over;
} it;

static void must(uc_err error, const char *what) {
    if (error != UC_ERR_OK) fail(uc_strerror(error), what);
}

static uint32_t flags_of(const registers *at) {
    return (uint32_t)at->n << 31 | (uint32_t)at->z << 30 | (uint32_t)at->c << 29 | (uint32_t)at->v << 28;
}

static void get(uint32_t values[NAMES]) {
    void *places[NAMES];
    for (size_t i = 0; i < NAMES; i++) places[i] = &values[i];
    must(uc_reg_read_batch(it.engine, names, places, NAMES), "registers");
}

static void put(const registers *at) {
    uint32_t values[NAMES];
    void *places[NAMES];
    for (size_t i = 0; i < NAMES; i++) places[i] = &values[i];
    memcpy(values, at->r, sizeof at->r);
    values[PC] |= 1;
    values[FLAGS] = flags_of(at) | thumb | (uint32_t)(at->it & 3) << 25 | (uint32_t)(at->it & 0xfc) << 8;
    must(uc_reg_write_batch(it.engine, names, places, NAMES), "registers");
}

static _Noreturn void differ(const char *what, uint32_t address, uint32_t own, uint32_t theirs) {
    (void)fprintf(stderr, "skips: before %#" PRIx32 ": %s: %#" PRIx32 ", and unicorn %#" PRIx32 "\n", address, what,
                  own, theirs);
    exit(3);
}

static void compare_registers(uint32_t address) {
    static const char *const said[] = {"r0", "r1", "r2",  "r3",  "r4",  "r5", "r6", "r7",
                                       "r8", "r9", "r10", "r11", "r12", "sp", "lr"};
    const registers *at = &it.cpu->at;
    uint32_t values[NAMES];
    get(values);
    if (address != at->r[PC]) differ("pc", address, at->r[PC], address);
    for (size_t i = 0; i < PC; i++)
        if (at->r[i] != values[i]) differ(said[i], address, at->r[i], values[i]);
    if (flags_of(at) != (values[FLAGS] & 0xf0000000u)) differ("flags", address, flags_of(at), values[FLAGS]);
}

/* Unicorn does not tell of instructions of an IT block that are not executed. */
static void pass_by(uint32_t address) {
    const registers *at = &it.cpu->at;
    while (at->r[PC] != address && at->it != 0 && !cpu_passes(at, at->it >> 4)) (void)cpu_step_marked(it.cpu);
}

static void on_instruction(uc_engine *engine, uint64_t address, uint32_t size, void *context) {
    (void)size, (void)context;
    if (it.is_over) return; /* it stops a little later than it is told */
    pass_by((uint32_t)address);
    if (it.stop == GOING) compare_registers((uint32_t)address);
    if (it.stop == GOING && cpu_marked(it.cpu) == STOP_HERE) it.stop = MARKED;
    if (it.stop == GOING && it.left > 0) {
        it.left--;
        it.stop = cpu_step_marked(it.cpu);
    } else
        it.is_over = 1;
    it.is_over |= it.stop != GOING;
    if (it.is_over) (void)uc_emu_stop(engine);
}

static void map(const job *job) {
    uint8_t *next = it.arena;
    for (uint32_t i = 0; i < job->memories; i++) {
        const memory *memory = &job->memory[i];
        uint32_t may = memory->access == CODE ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_READ;
        if (memory->access == WRITE) may |= UC_PROT_WRITE;
        uint8_t *first = memory->access == WRITE ? next : memory->first;
        must(uc_mem_map_ptr(it.engine, memory->where.at, memory->where.size, may, first), "uc_mem_map_ptr");
        next += memory->access == WRITE ? memory->where.size : 0;
    }
}

static void begin(cpu *cpu, const job *job) {
    uc_hook hook;
    it.cpu = cpu;
    it.arena = aligned_alloc(PAGE, cpu->arena_size);
    if (!it.arena) fail("no memory", "oracle");
    must(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &it.engine), "uc_open");
    must(uc_ctl_set_cpu_model(it.engine, UC_CPU_ARM_CORTEX_M4), "Cortex-M4");
    map(job);
    must(uc_hook_add(it.engine, &hook, UC_HOOK_CODE, (void *)on_instruction, NULL, 1, 0), "hook");
    must(uc_context_alloc(it.engine, &it.fresh), "context");
    must(uc_context_save(it.engine, it.fresh), "context");
}

stop oracle_run(cpu *cpu, const job *job, uint64_t count) {
    if (!it.engine) begin(cpu, job);
    memcpy(it.arena, cpu->arena, cpu->arena_size);
    must(uc_context_restore(it.engine, it.fresh), "context");
    put(&cpu->at);
    it.left = count;
    it.stop = GOING;
    it.is_over = 0;
    uc_err error = uc_emu_start(it.engine, cpu->at.r[PC] | 1, 1ull << 32, 0, 0);
    if (it.is_over && it.stop == MARKED && memcmp(it.arena, cpu->arena, cpu->arena_size) != 0)
        differ("memory", cpu->at.r[PC], 0, 0);
    if (it.is_over) return it.stop;
    if (cpu_insn(cpu, cpu->at.r[PC])) differ(uc_strerror(error), cpu->at.r[PC], 0, 0);
    return AWAY;
}
