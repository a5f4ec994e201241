/* Loads and stores. */
#include "decode.h"

enum mode { OFFSET, BEFORE, AFTER, LITERAL, REGISTER };
enum { DECREMENT = 1 };

static inline uint32_t base(const cpu *it, const insn *i, enum mode mode) {
    if (mode == LITERAL) return i->imm;
    if (mode == REGISTER) return it->at.r[i->n] + (it->at.r[i->m] << i->by);
    return it->at.r[i->n] + (mode == AFTER ? 0 : i->imm);
}

static inline void write_back(cpu *it, const insn *i, enum mode mode) {
    if (mode == BEFORE || mode == AFTER) it->at.r[i->n] += i->imm;
}

static inline stop load(cpu *it, const insn *i, enum mode mode, uint32_t size, int is_signed) {
    uint32_t value;
    stop stop = cpu_load(it, base(it, i, mode), size, &value);
    if (stop) return stop;
    write_back(it, i, mode);
    if (size == 4 && i->d == PC) return cpu_jump(it, value);
    it->at.r[i->d] = is_signed ? sign_extend(value, size * 8) : value;
    return GOING;
}

static inline stop store(cpu *it, const insn *i, enum mode mode, uint32_t size) {
    stop stop = cpu_store(it, base(it, i, mode), size, it->at.r[i->d]);
    if (stop == GOING) write_back(it, i, mode);
    return stop;
}

#define IN_MODE(mode)                                                                                                  \
    static stop ldr_##mode(cpu *it, const insn *i) { return load(it, i, mode, 4, 0); }                                 \
    static stop ldrh_##mode(cpu *it, const insn *i) { return load(it, i, mode, 2, 0); }                                \
    static stop ldrb_##mode(cpu *it, const insn *i) { return load(it, i, mode, 1, 0); }                                \
    static stop ldrsh_##mode(cpu *it, const insn *i) { return load(it, i, mode, 2, 1); }                               \
    static stop ldrsb_##mode(cpu *it, const insn *i) { return load(it, i, mode, 1, 1); }
#define STORE_IN_MODE(mode)                                                                                            \
    static stop str_##mode(cpu *it, const insn *i) { return store(it, i, mode, 4); }                                   \
    static stop strh_##mode(cpu *it, const insn *i) { return store(it, i, mode, 2); }                                  \
    static stop strb_##mode(cpu *it, const insn *i) { return store(it, i, mode, 1); }
IN_MODE(OFFSET)
IN_MODE(BEFORE)
IN_MODE(AFTER)
IN_MODE(LITERAL)
IN_MODE(REGISTER)
STORE_IN_MODE(OFFSET)
STORE_IN_MODE(BEFORE)
STORE_IN_MODE(AFTER)
STORE_IN_MODE(REGISTER)

/* LDRD and STRD: D and A. */
static stop pair(cpu *it, const insn *i, uint32_t address, int loads) {
    uint32_t first = it->at.r[i->d], second = it->at.r[i->a];
    if (address & 3) return FAULTED;
    stop stop = loads ? cpu_load(it, address, 4, &first) : cpu_store(it, address, 4, first);
    if (stop == GOING) stop = loads ? cpu_load(it, address + 4, 4, &second) : cpu_store(it, address + 4, 4, second);
    if (stop != GOING || !loads) return stop;
    it->at.r[i->d] = first;
    it->at.r[i->a] = second;
    return GOING;
}

/* BY: P and W. SET: loads. */
static stop transfer_pair(cpu *it, const insn *i) {
    uint32_t n = it->at.r[i->n], address = n + (i->by & 2 ? i->imm : 0);
    if (i->n == PC) return pair(it, i, i->imm, i->set);
    stop stop = pair(it, i, address, i->set);
    if (stop == GOING && i->by & 1) it->at.r[i->n] = n + i->imm;
    return stop;
}

static stop load_many(cpu *it, const insn *i, uint32_t address) {
    uint32_t values[REGISTERS];
    for (uint32_t k = 0; k < REGISTERS; k++) {
        if (!(i->imm >> k & 1)) continue;
        stop stop = cpu_load(it, address, 4, &values[k]);
        if (stop != GOING) return stop;
        address += 4;
    }
    for (uint32_t k = 0; k < PC; k++)
        if (i->imm >> k & 1) it->at.r[k] = values[k];
    return i->imm >> PC & 1 ? cpu_jump(it, values[PC]) : GOING;
}

static stop store_many(cpu *it, const insn *i, uint32_t address) {
    for (uint32_t k = 0; k < PC; k++) {
        if (!(i->imm >> k & 1)) continue;
        stop stop = cpu_store(it, address, 4, it->at.r[k]);
        if (stop != GOING) return stop;
        address += 4;
    }
    return GOING;
}

/* IMM: which. SHIFT: DECREMENT or 0. BY: writes back. SET: loads. */
static stop transfer_many(cpu *it, const insn *i) {
    uint32_t n = it->at.r[i->n], size = (uint32_t)__builtin_popcount(i->imm) * 4;
    uint32_t after = i->shift == DECREMENT ? n - size : n + size, first = i->shift == DECREMENT ? after : n;
    if (first & 3) return FAULTED;
    if (!i->set) {
        stop stop = store_many(it, i, first);
        if (stop == GOING && i->by) it->at.r[i->n] = after;
        return stop;
    }
    if (i->by && !(i->imm >> i->n & 1)) it->at.r[i->n] = after;
    return load_many(it, i, first);
}

/* TBB and TBH: BY is 0 or 1. */
static stop table_branch(cpu *it, const insn *i) {
    uint32_t offset, from = i->n == PC ? i->imm : it->at.r[i->n];
    stop stop = cpu_load(it, from + (it->at.r[i->m] << i->by), 1u << i->by, &offset);
    it->at.r[PC] = i->imm + 2 * offset;
    return stop;
}

static stop nothing(cpu *it, const insn *insn) {
    (void)it, (void)insn;
    return GOING;
}

/* ---- 16 bits ---- */

static void narrow_registers(insn *it, uint32_t word) {
    it->d = (uint8_t)bits(word, 0, 3), it->n = (uint8_t)bits(word, 3, 3), it->m = (uint8_t)bits(word, 6, 3);
}

static int narrow_register(insn *it, uint32_t address, uint32_t word) {
    static execute *const runs[] = {str_REGISTER, strh_REGISTER, strb_REGISTER, ldrsb_REGISTER,
                                    ldr_REGISTER, ldrh_REGISTER, ldrb_REGISTER, ldrsh_REGISTER};
    (void)address;
    narrow_registers(it, word);
    it->run = runs[bits(word, 9, 3)];
    return 1;
}

static int narrow_offset(insn *it, uint32_t address, uint32_t word) {
    static execute *const runs[] = {str_OFFSET, ldr_OFFSET, strb_OFFSET, ldrb_OFFSET, strh_OFFSET, ldrh_OFFSET};
    static const uint8_t shifts[] = {2, 2, 0, 0, 1, 1};
    uint32_t what = bits(word, 11, 5) - 0xc;
    (void)address;
    narrow_registers(it, word);
    it->run = runs[what];
    it->imm = bits(word, 6, 5) << shifts[what];
    return 1;
}

static int narrow_stack(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = bits(word, 11, 1) ? ldr_OFFSET : str_OFFSET;
    it->d = (uint8_t)bits(word, 8, 3), it->n = SP;
    it->imm = bits(word, 0, 8) * 4;
    return 1;
}

static int narrow_literal(insn *it, uint32_t address, uint32_t word) {
    it->run = ldr_LITERAL;
    it->d = (uint8_t)bits(word, 8, 3);
    it->imm = ((address + 4) & ~3u) + bits(word, 0, 8) * 4;
    return 1;
}

static int narrow_push(insn *it, uint32_t address, uint32_t word) {
    uint32_t pops = bits(word, 11, 1);
    (void)address;
    it->run = transfer_many;
    it->n = SP, it->by = 1, it->set = (uint8_t)pops, it->shift = pops ? 0 : DECREMENT;
    it->imm = bits(word, 0, 8) | bits(word, 8, 1) << (pops ? PC : LR);
    return it->imm != 0;
}

static int narrow_many(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = transfer_many;
    it->n = (uint8_t)bits(word, 8, 3), it->by = 1, it->set = (uint8_t)bits(word, 11, 1);
    it->imm = bits(word, 0, 8);
    return it->imm != 0;
}

const form transfer_narrow[] = {{0xf000, 0x5000, narrow_register}, {0xe000, 0x6000, narrow_offset},
                                {0xf000, 0x8000, narrow_offset},   {0xf000, 0x9000, narrow_stack},
                                {0xf800, 0x4800, narrow_literal},  {0xf600, 0xb400, narrow_push},
                                {0xf000, 0xc000, narrow_many},     {0, 0, NULL}};

/* ---- 32 bits ---- */

/* By whether it is a load, whether it extends the sign, and its size. */
static const struct {
    execute *in[5];
} loads[2][4] = {{{{ldrb_OFFSET, ldrb_BEFORE, ldrb_AFTER, ldrb_LITERAL, ldrb_REGISTER}},
                  {{ldrh_OFFSET, ldrh_BEFORE, ldrh_AFTER, ldrh_LITERAL, ldrh_REGISTER}},
                  {{ldr_OFFSET, ldr_BEFORE, ldr_AFTER, ldr_LITERAL, ldr_REGISTER}}},
                 {{{ldrsb_OFFSET, ldrsb_BEFORE, ldrsb_AFTER, ldrsb_LITERAL, ldrsb_REGISTER}},
                  {{ldrsh_OFFSET, ldrsh_BEFORE, ldrsh_AFTER, ldrsh_LITERAL, ldrsh_REGISTER}}}},
  stores[4] = {{{strb_OFFSET, strb_BEFORE, strb_AFTER, NULL, strb_REGISTER}},
               {{strh_OFFSET, strh_BEFORE, strh_AFTER, NULL, strh_REGISTER}},
               {{str_OFFSET, str_BEFORE, str_AFTER, NULL, str_REGISTER}}};

/* Bits 11 to 8 of an immediate of 8 bits: 1, before or not, up or down, written back. */
static enum mode short_offset(insn *it, uint32_t word) {
    uint32_t offset = bits(word, 0, 8);
    it->imm = bits(word, 9, 1) ? offset : 0 - offset;
    return !bits(word, 8, 1) ? OFFSET : bits(word, 10, 1) ? BEFORE : AFTER;
}

static enum mode mode_of(insn *it, uint32_t address, uint32_t word) {
    uint32_t offset = bits(word, 0, 12);
    it->imm = offset;
    if (it->n == PC) {
        it->imm = ((address + 4) & ~3u) + (bits(word, 23, 1) ? offset : 0 - offset);
        return LITERAL;
    }
    if (bits(word, 23, 1)) return OFFSET;
    if (bits(word, 11, 1)) return short_offset(it, word);
    it->m = (uint8_t)bits(word, 0, 4), it->by = (uint8_t)bits(word, 4, 2);
    return REGISTER;
}

static int wide_single(insn *it, uint32_t address, uint32_t word) {
    uint32_t size = bits(word, 21, 2), is_load = bits(word, 20, 1), is_signed = bits(word, 24, 1);
    it->n = (uint8_t)bits(word, 16, 4), it->d = (uint8_t)bits(word, 12, 4);
    enum mode mode = mode_of(it, address, word);
    if (mode == REGISTER && (bits(word, 6, 6) != 0 || it->m == PC)) return 0;
    it->run = is_load ? loads[is_signed][size].in[mode] : is_signed ? NULL : stores[size].in[mode];
    if (it->d == PC && is_load && size != 2) it->run = nothing; /* PLD, PLI */
    return it->run && (is_load || it->d != PC);
}

static int wide_pair(insn *it, uint32_t address, uint32_t word) {
    uint32_t offset = bits(word, 0, 8) * 4;
    it->run = transfer_pair;
    it->n = (uint8_t)bits(word, 16, 4), it->d = (uint8_t)bits(word, 12, 4), it->a = (uint8_t)bits(word, 8, 4);
    it->by = (uint8_t)(bits(word, 24, 1) << 1 | bits(word, 21, 1)), it->set = (uint8_t)bits(word, 20, 1);
    it->imm = bits(word, 23, 1) ? offset : 0 - offset;
    if (it->n == PC) it->imm += (address + 4) & ~3u;
    return it->by != 0 && it->d != PC && it->a != PC && (it->n != PC || it->set);
}

static int wide_many(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = transfer_many;
    it->n = (uint8_t)bits(word, 16, 4), it->by = (uint8_t)bits(word, 21, 1), it->set = (uint8_t)bits(word, 20, 1);
    it->shift = bits(word, 23, 2) == 2 ? DECREMENT : 0;
    it->imm = bits(word, 0, 16);
    return it->n != PC && it->imm != 0 && (it->set || !(it->imm >> PC & 1)) && !(it->imm >> SP & 1);
}

static int wide_table(insn *it, uint32_t address, uint32_t word) {
    it->run = table_branch;
    it->n = (uint8_t)bits(word, 16, 4), it->m = (uint8_t)bits(word, 0, 4), it->by = (uint8_t)bits(word, 4, 1);
    it->imm = address + 4;
    return it->m != PC;
}

const form transfer_wide[] = {{0xfe000000, 0xf8000000, wide_single}, {0xfff0ffe0, 0xe8d0f000, wide_table},
                              {0xfe400000, 0xe8400000, wide_pair},   {0xffc00000, 0xe8800000, wide_many},
                              {0xffc00000, 0xe9000000, wide_many},   {0, 0, NULL}};
