#include "machine.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

static int names[REGISTERS] = {UC_ARM_REG_R0,  UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3, UC_ARM_REG_R4,
                               UC_ARM_REG_R5,  UC_ARM_REG_R6,  UC_ARM_REG_R7,  UC_ARM_REG_R8, UC_ARM_REG_R9,
                               UC_ARM_REG_R10, UC_ARM_REG_R11, UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR,
                               UC_ARM_REG_PC,  UC_ARM_REG_XPSR};

void content_new(content *it, const job *job) {
    for (uint32_t i = 0; i < job->memories; i++) {
        const memory *memory = &job->memory[i];
        it->of[i] = memory->access == WRITE ? aligned_alloc(PAGE, memory->where.size) : memory->first;
        if (!it->of[i]) fail("no memory", "content");
    }
    content_reset(it, job);
}

void content_copy(const content *to, const content *from, const job *job) {
    for (uint32_t i = 0; i < job->memories; i++)
        if (job->memory[i].access == WRITE) memcpy(to->of[i], from->of[i], job->memory[i].where.size);
}

void content_reset(const content *to, const job *job) {
    for (uint32_t i = 0; i < job->memories; i++)
        if (job->memory[i].access == WRITE) memcpy(to->of[i], job->memory[i].first, job->memory[i].where.size);
}

uint8_t *content_at(const content *it, const job *job, uint32_t address, uint32_t size) {
    for (uint32_t i = 0; i < job->memories; i++) {
        range where = job->memory[i].where;
        if (is_in(where, address) && size <= where.size - (address - where.at)) return it->of[i] + (address - where.at);
    }
    return NULL;
}

static void on_block(uc_engine *engine, uint64_t address, uint32_t size, void *context) {
    machine *it = context;
    (void)address;
    it->endless = size > it->left;
    it->left -= it->endless ? 0 : size;
    if (it->endless) (void)uc_emu_stop(engine);
}

static void must(uc_err error, const char *what) {
    if (error != UC_ERR_OK) fail(uc_strerror(error), what);
}

void machine_new(machine *it, const job *job, const content *content, const uint64_t *exits, size_t count) {
    uc_hook hook;
    memset(it, 0, sizeof *it);
    must(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &it->engine), "uc_open");
    must(uc_ctl_set_cpu_model(it->engine, UC_CPU_ARM_CORTEX_M4), "Cortex-M4");
    for (uint32_t i = 0; i < job->memories; i++) {
        const memory *memory = &job->memory[i];
        uint32_t may = memory->access == CODE ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_READ;
        if (memory->access == WRITE) may |= UC_PROT_WRITE;
        must(uc_mem_map_ptr(it->engine, memory->where.at, memory->where.size, may, content->of[i]), "uc_mem_map_ptr");
    }
    must(uc_ctl_exits_enable(it->engine), "exits");
    /* Unicorn 2.0 does not change what it is given, but says so in no type. */
    uint64_t copy[STOPS + PURES + 8];
    memcpy(copy, exits, count * sizeof *exits);
    must(uc_ctl_set_exits(it->engine, copy, count), "exits");
    must(uc_hook_add(it->engine, &hook, UC_HOOK_BLOCK, (void *)on_block, it, 1, 0), "hook");
    must(uc_context_alloc(it->engine, &it->fresh), "context");
    must(uc_context_save(it->engine, it->fresh), "context");
}

void machine_reset(machine *it) { must(uc_context_restore(it->engine, it->fresh), "context"); }

void machine_get(const machine *it, registers *values) {
    void *places[REGISTERS];
    for (size_t i = 0; i < REGISTERS; i++) places[i] = &values->at[i];
    must(uc_reg_read_batch(it->engine, names, places, REGISTERS), "registers");
}

void machine_put(const machine *it, const registers *values) {
    registers copy = *values;
    void *places[REGISTERS];
    for (size_t i = 0; i < REGISTERS; i++) places[i] = &copy.at[i];
    copy.at[PC] |= 1;
    must(uc_reg_write_batch(it->engine, names, places, REGISTERS), "registers");
}

uc_err machine_run(machine *it, registers *values, uint64_t budget) {
    machine_put(it, values);
    it->left = budget;
    it->endless = 0;
    uc_err error = uc_emu_start(it->engine, values->at[PC] | 1, 0, 0, 0);
    machine_get(it, values);
    return error;
}
