#include "cpu.h"

#include "decode.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, PAGES = 1 << 20 };

static void *some(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) fail("no memory", "processor");
    return memory;
}

static void add_pages(cpu *it, range where, uint8_t *first) {
    for (uint32_t at = 0; at < where.size; at += PAGE) it->page[(where.at + at) / PAGE] = first + at;
}

static void decode_all(cpu *it, const uint8_t *code) {
    uint32_t count = it->code_size / 2;
    it->code = some(count, sizeof *it->code);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = code + 2 * (size_t)i;
        uint32_t second = i + 1 < count ? (uint32_t)(at[2] | at[3] << 8) : 0xffff;
        decode_insn(&it->code[i], it->code_at + 2 * i, (uint32_t)(at[0] | at[1] << 8), second);
    }
}

void cpu_new(cpu *it, const job *job) {
    memset(it, 0, sizeof *it);
    it->page = some(PAGES, sizeof *it->page);
    for (uint32_t i = 0; i < job->memories; i++)
        if (job->memory[i].access == WRITE) it->arena_size += job->memory[i].where.size;
    it->arena = some(it->arena_size, 1);
    it->dirty = some(it->arena_size / LINE, 1);
    it->lines = some(it->arena_size / LINE, sizeof *it->lines);
    uint8_t *next = it->arena;
    for (uint32_t i = 0; i < job->memories; i++) {
        const memory *memory = &job->memory[i];
        int is_own = memory->access == WRITE;
        add_pages(it, memory->where, is_own ? next : memory->first);
        next += is_own ? memory->where.size : 0;
    }
    it->until = 1;
    it->code_at = job->memory[0].where.at;
    it->code_size = job->memory[0].where.size;
    decode_all(it, job->memory[0].first);
    cpu_reset(it, job);
}

void cpu_reset(cpu *it, const job *job) {
    uint8_t *next = it->arena;
    for (uint32_t i = 0; i < job->memories; i++) {
        const memory *memory = &job->memory[i];
        if (memory->access != WRITE) continue;
        memcpy(next, memory->first, memory->where.size);
        next += memory->where.size;
    }
    it->at = (registers){.r = {[SP] = job->sp, [LR] = UINT32_MAX, [PC] = job->start}};
}

uint8_t *cpu_memory(const cpu *it, uint32_t address, uint32_t size) {
    uint8_t *first = it->page[address / PAGE], *last = it->page[(address + size - 1) / PAGE];
    uint32_t pages = (address + size - 1) / PAGE - address / PAGE;
    if (!first || size > UINT32_MAX - address || last != first + (size_t)pages * PAGE) return NULL;
    return first + address % PAGE;
}

uint32_t cpu_offset(const cpu *it, const uint8_t *memory) {
    uintptr_t offset = (uintptr_t)memory - (uintptr_t)it->arena;
    return offset < it->arena_size ? (uint32_t)offset : UINT32_MAX;
}

uint32_t cpu_word(const cpu *it, uint32_t address) {
    uint32_t word = 0;
    const uint8_t *bytes = address != 0 ? cpu_memory(it, address, sizeof word) : NULL;
    if (bytes) memcpy(&word, bytes, sizeof word);
    return word;
}

static void touch_line(cpu *it, uint32_t line) {
    if (it->dirty[line]) return;
    it->dirty[line] = 1;
    it->lines[it->line_count++] = line;
}

void cpu_touch(cpu *it, uint32_t offset, uint32_t size) {
    for (uint32_t line = offset / LINE; line <= (offset + size - 1) / LINE; line++) touch_line(it, line);
}

stop cpu_load(cpu *it, uint32_t address, uint32_t size, uint32_t *value) {
    const uint8_t *memory = it->page[address / PAGE];
    *value = 0;
    if (!memory) return FAULTED;
    memory = address % PAGE + size <= PAGE ? memory + address % PAGE : cpu_memory(it, address, size);
    if (!memory) return FAULTED;
    if (it->watch && cpu_offset(it, memory) != UINT32_MAX) it->watch(it->context, cpu_offset(it, memory), size, 0);
    switch (size) {
    case 1:
        *value = *memory;
        break;
    case 2:
        memcpy(value, memory, 2);
        break;
    default:
        memcpy(value, memory, 4);
    }
    return GOING;
}

stop cpu_store(cpu *it, uint32_t address, uint32_t size, uint32_t value) {
    uint8_t *memory = it->page[address / PAGE];
    if (!memory) return FAULTED;
    memory = address % PAGE + size <= PAGE ? memory + address % PAGE : cpu_memory(it, address, size);
    uint32_t offset = memory ? cpu_offset(it, memory) : UINT32_MAX;
    if (offset == UINT32_MAX) return FAULTED;
    if (it->watch) it->watch(it->context, offset, size, 1);
    touch_line(it, offset / LINE);
    touch_line(it, (offset + size - 1) / LINE);
    switch (size) {
    case 1:
        *memory = (uint8_t)value;
        break;
    case 2:
        memcpy(memory, &value, 2);
        break;
    default:
        memcpy(memory, &value, 4);
    }
    return GOING;
}

/* ITAdvance (A7.3.3). */
static uint8_t advance(uint8_t it) { return (it & 7) == 0 ? 0 : (uint8_t)((it & 0xe0) | (it << 1 & 0x1f)); }

static stop run_in_it(cpu *it, const insn *insn, execute *run) {
    uint8_t state = it->at.it;
    stop stop = cpu_passes(&it->at, state >> 4) ? run(it, insn) : GOING;
    if (stop != MARKED) it->at.it = advance(state);
    return stop;
}

static stop step(cpu *it, const insn *insn, execute *run) {
    uint32_t address = it->at.r[PC];
    it->at.r[PC] = address + insn->size;
    stop stop = it->at.it == 0 ? run(it, insn) : run_in_it(it, insn, run);
    if (stop == MARKED) it->at.r[PC] = address;
    return stop;
}

stop cpu_run(cpu *it, uint64_t count) {
    stop stop = GOING;
    uint64_t left = count;
    for (; left && stop == GOING; left--) {
        uint32_t place = it->at.r[PC] - it->code_at;
        if (place >= it->code_size || it->at.r[PC] == it->until) {
            stop = place >= it->code_size ? AWAY : MARKED;
            break;
        }
        const insn *insn = &it->code[place / 2];
        stop = step(it, insn, insn->run);
    }
    it->executed += count - left;
    return stop;
}

stop cpu_step_marked(cpu *it) {
    const insn *insn = cpu_insn(it, it->at.r[PC]);
    it->executed++;
    return insn ? step(it, insn, insn->marked ? insn->marked : insn->run) : AWAY;
}

const insn *cpu_insn(const cpu *it, uint32_t address) {
    uint32_t place = address - it->code_at;
    return place < it->code_size ? &it->code[place / 2] : NULL;
}

static stop marked(cpu *it, const insn *insn) {
    (void)it, (void)insn;
    return MARKED;
}

void cpu_mark(cpu *it, uint32_t address, uint8_t mark) {
    insn *insn = &it->code[(address - it->code_at) / 2];
    insn->mark = mark;
    if (insn->run == marked) return;
    insn->marked = insn->run;
    insn->run = marked;
}

uint8_t cpu_marked(const cpu *it) {
    const insn *insn = cpu_insn(it, it->at.r[PC]);
    return insn ? insn->mark : 0;
}

void cpu_leave_out(cpu *it) {
    const insn *insn = cpu_insn(it, it->at.r[PC]);
    it->at.r[PC] += insn->size;
    it->at.it = advance(it->at.it);
}
