/* Branches, IT, and what is for the system. */
#include "decode.h"

static stop branch(cpu *it, const insn *i) {
    it->at.r[PC] = i->imm;
    return GOING;
}

static stop branch_if(cpu *it, const insn *i) {
    if (cpu_passes(&it->at, i->d)) it->at.r[PC] = i->imm;
    return GOING;
}

static stop branch_link(cpu *it, const insn *i) {
    it->at.r[LR] = it->at.r[PC] | 1;
    it->at.r[PC] = i->imm;
    return GOING;
}

/* BX and, if SET, BLX. */
static stop branch_to_register(cpu *it, const insn *i) {
    uint32_t target = it->at.r[i->m];
    if (i->set) it->at.r[LR] = it->at.r[PC] | 1;
    return cpu_jump(it, target);
}

/* CBZ and, if SET, CBNZ. */
static stop branch_if_zero(cpu *it, const insn *i) {
    if ((it->at.r[i->n] == 0) != i->set) it->at.r[PC] = i->imm;
    return GOING;
}

/* MOV to pc and, if SET, ADD. */
static stop move_to_pc(cpu *it, const insn *i) {
    it->at.r[PC] = (it->at.r[i->m] + (i->set ? i->imm : 0)) & ~1u;
    return GOING;
}

static stop if_then(cpu *it, const insn *i) {
    it->at.it = (uint8_t)i->imm;
    return GOING;
}

static stop nothing(cpu *it, const insn *insn) {
    (void)it, (void)insn;
    return GOING;
}

static stop trap(cpu *it, const insn *insn) {
    (void)it, (void)insn;
    return FAULTED;
}

/* There is one stack, and nobody asks for anything else. */
static stop write_stack(cpu *it, const insn *i) {
    it->at.r[SP] = it->at.r[i->n] & ~3u;
    return GOING;
}

static int target(insn *it, execute *run, uint32_t address, uint32_t offset, uint32_t width) {
    it->run = run;
    it->imm = address + 4 + sign_extend(offset, width);
    return 1;
}

static int narrow_branch(insn *it, uint32_t address, uint32_t word) {
    return target(it, branch, address, bits(word, 0, 11) * 2, 12);
}

static int narrow_if(insn *it, uint32_t address, uint32_t word) {
    it->d = (uint8_t)bits(word, 8, 4);
    return it->d < 14 && target(it, branch_if, address, bits(word, 0, 8) * 2, 9);
}

static int narrow_trap(insn *it, uint32_t address, uint32_t word) {
    (void)address, (void)word;
    it->run = trap;
    return 1;
}

/* No coprocessor is switched on, floating point neither (A5.3.18). */
static int wide_trap(insn *it, uint32_t address, uint32_t word) { return narrow_trap(it, address, word); }

static int narrow_zero(insn *it, uint32_t address, uint32_t word) {
    it->run = branch_if_zero;
    it->n = (uint8_t)bits(word, 0, 3), it->set = (uint8_t)bits(word, 11, 1);
    it->imm = address + 4 + (bits(word, 9, 1) << 6 | bits(word, 3, 5) << 1);
    return 1;
}

static int narrow_register(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = branch_to_register;
    it->m = (uint8_t)bits(word, 3, 4), it->set = (uint8_t)bits(word, 7, 1);
    return it->m != PC;
}

static int narrow_to_pc(insn *it, uint32_t address, uint32_t word) {
    it->run = move_to_pc;
    it->m = (uint8_t)bits(word, 3, 4), it->set = bits(word, 9, 1) == 0;
    it->imm = address + 4;
    return it->m != PC;
}

static int narrow_hint(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = bits(word, 0, 4) ? if_then : nothing;
    it->imm = bits(word, 0, 8);
    return 1;
}

const form branch_narrow[] = {{0xf800, 0xe000, narrow_branch}, {0xf000, 0xd000, narrow_if},
                              {0xfe00, 0xde00, narrow_trap},   {0xff00, 0xbe00, narrow_trap},
                              {0xf500, 0xb100, narrow_zero},   {0xff00, 0x4700, narrow_register},
                              {0xff87, 0x4487, narrow_to_pc},  {0xff87, 0x4687, narrow_to_pc},
                              {0xff00, 0xbf00, narrow_hint},   {0, 0, NULL}};

/* S, J1 and J2 make bits 24 to 22 (A7.7.12). */
static uint32_t far(uint32_t word) {
    uint32_t s = bits(word, 26, 1), i1 = !(bits(word, 13, 1) ^ s), i2 = !(bits(word, 11, 1) ^ s);
    return s << 24 | i1 << 23 | i2 << 22 | bits(word, 16, 10) << 12 | bits(word, 0, 11) << 1;
}

static int wide_branch(insn *it, uint32_t address, uint32_t word) {
    return target(it, bits(word, 14, 1) ? branch_link : branch, address, far(word), 25);
}

static int wide_if(insn *it, uint32_t address, uint32_t word) {
    uint32_t offset = bits(word, 26, 1) << 20 | bits(word, 11, 1) << 19 | bits(word, 13, 1) << 18 |
                      bits(word, 16, 6) << 12 | bits(word, 0, 11) << 1;
    it->d = (uint8_t)bits(word, 22, 4);
    return it->d < 14 && target(it, branch_if, address, offset, 21);
}

static int wide_hint(insn *it, uint32_t address, uint32_t word) {
    (void)address, (void)word;
    it->run = nothing;
    return 1;
}

static int wide_stack(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = write_stack;
    it->n = (uint8_t)bits(word, 16, 4);
    return it->n != PC;
}

/* NOP and its kind; DSB, DMB and ISB; MSR MSP. */
const form branch_wide[] = {{0xec000000, 0xec000000, wide_trap},   {0xf800d000, 0xf0009000, wide_branch},
                            {0xf800d000, 0xf000d000, wide_branch}, {0xfffff800, 0xf3af8000, wide_hint},
                            {0xffffff00, 0xf3bf8f00, wide_hint},   {0xfff0ffff, 0xf3808808, wide_stack},
                            {0xf800d000, 0xf0008000, wide_if},     {0, 0, NULL}};
