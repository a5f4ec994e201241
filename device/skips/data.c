/* Instructions that work on registers. */
#include "decode.h"

enum shift { LSL, LSR, ASR, ROR, RRX };
enum operation { AND, BIC, ORR, ORN, EOR, ADD, ADC, SBC, SUB, RSB, MOV, MVN };
enum { NOWHERE = PC, CARRY_STAYS = 2 };

static inline int sets(const cpu *it, const insn *i) {
    return i->set == SET_ALWAYS || (i->set == SET_OUTSIDE_IT && it->at.it == 0);
}

static inline void set_nz(cpu *it, uint32_t value) {
    it->at.n = (uint8_t)(value >> 31);
    it->at.z = value == 0;
}

/* AddWithCarry (A2.2.1). */
static inline uint32_t add(cpu *it, uint32_t a, uint32_t b, uint32_t carry, int set) {
    uint64_t sum = (uint64_t)a + b + carry;
    uint32_t value = (uint32_t)sum;
    if (!set) return value;
    set_nz(it, value);
    it->at.c = (uint8_t)(sum >> 32);
    it->at.v = (uint8_t)(((a ^ value) & (b ^ value)) >> 31);
    return value;
}

/* Shift_C (A7.4.2). */
static inline uint32_t shifted(uint32_t value, enum shift shift, uint32_t by, uint32_t *carry) {
    uint64_t wide = value;
    uint32_t was = *carry, sign = value >> 31 ? UINT32_MAX : 0;
    if (by == 0) return value;
    switch (shift) {
    case LSL:
        wide = by > 32 ? 0 : wide << by;
        *carry = (uint32_t)(wide >> 32) & 1;
        return (uint32_t)wide;
    case LSR:
        *carry = by > 32 ? 0 : (uint32_t)(wide >> (by - 1)) & 1;
        return by > 31 ? 0 : value >> by;
    case ASR:
        *carry = by > 31 ? sign & 1 : value >> (by - 1) & 1;
        return by > 31 ? sign : value >> by | sign << 1 << (31 - by);
    case ROR:
        by &= 31;
        value = by ? value >> by | value << (32 - by) : value;
        *carry = value >> 31;
        return value;
    default:
        *carry = value & 1;
        return value >> 1 | was << 31;
    }
}

static inline uint32_t logical(enum operation what, uint32_t a, uint32_t b) {
    switch (what) {
    case AND:
        return a & b;
    case BIC:
        return a & ~b;
    case ORR:
        return a | b;
    case ORN:
        return a | ~b;
    case EOR:
        return a ^ b;
    case MOV:
        return b;
    default:
        return ~b;
    }
}

static inline stop work(cpu *it, const insn *i, enum operation what, uint32_t b, uint32_t carry) {
    int set = sets(it, i);
    uint32_t a = it->at.r[i->n], value = 0, c = it->at.c;
    switch (what) {
    case ADD:
        value = add(it, a, b, 0, set);
        break;
    case ADC:
        value = add(it, a, b, c, set);
        break;
    case SBC:
        value = add(it, a, ~b, c, set);
        break;
    case SUB:
        value = add(it, a, ~b, 1, set);
        break;
    case RSB:
        value = add(it, ~a, b, 1, set);
        break;
    default:
        value = logical(what, a, b);
        if (set) set_nz(it, value), it->at.c = (uint8_t)carry;
    }
    if (i->d != NOWHERE) it->at.r[i->d] = value;
    return GOING;
}

#define OPERATION(what)                                                                                                \
    static stop what##_imm(cpu *it, const insn *i) {                                                                   \
        return work(it, i, what, i->imm, i->carry == CARRY_STAYS ? it->at.c : i->carry);                               \
    }                                                                                                                  \
    static stop what##_reg(cpu *it, const insn *i) {                                                                   \
        uint32_t carry = it->at.c, b = shifted(it->at.r[i->m], i->shift, i->by, &carry);                               \
        return work(it, i, what, b, carry);                                                                            \
    }
OPERATION(AND)
OPERATION(BIC)
OPERATION(ORR)
OPERATION(ORN)
OPERATION(EOR)
OPERATION(ADD)
OPERATION(ADC)
OPERATION(SBC)
OPERATION(SUB)
OPERATION(RSB)
OPERATION(MOV)
OPERATION(MVN)

static stop shift_by_register(cpu *it, const insn *i) {
    uint32_t carry = it->at.c, value = shifted(it->at.r[i->n], i->shift, it->at.r[i->m] & 0xff, &carry);
    if (sets(it, i)) set_nz(it, value), it->at.c = (uint8_t)carry;
    it->at.r[i->d] = value;
    return GOING;
}

static stop multiply(cpu *it, const insn *i) {
    it->at.r[i->d] = it->at.r[i->n] * it->at.r[i->m];
    if (sets(it, i)) set_nz(it, it->at.r[i->d]);
    return GOING;
}

static stop multiply_add(cpu *it, const insn *i) {
    it->at.r[i->d] = it->at.r[i->a] + it->at.r[i->n] * it->at.r[i->m];
    return GOING;
}

static stop multiply_subtract(cpu *it, const insn *i) {
    it->at.r[i->d] = it->at.r[i->a] - it->at.r[i->n] * it->at.r[i->m];
    return GOING;
}

/* To A (low) and D (high). */
static stop put_wide(cpu *it, const insn *i, uint64_t value) {
    it->at.r[i->a] = (uint32_t)value;
    it->at.r[i->d] = (uint32_t)(value >> 32);
    return GOING;
}

static uint64_t wide_of(const cpu *it, const insn *i) { return (uint64_t)it->at.r[i->d] << 32 | it->at.r[i->a]; }
static uint64_t product(const cpu *it, const insn *i) { return (uint64_t)it->at.r[i->n] * it->at.r[i->m]; }
static uint64_t signed_product(const cpu *it, const insn *i) {
    return (uint64_t)((int64_t)(int32_t)it->at.r[i->n] * (int32_t)it->at.r[i->m]);
}

static stop umull(cpu *it, const insn *i) { return put_wide(it, i, product(it, i)); }
static stop smull(cpu *it, const insn *i) { return put_wide(it, i, signed_product(it, i)); }
static stop umlal(cpu *it, const insn *i) { return put_wide(it, i, product(it, i) + wide_of(it, i)); }
static stop smlal(cpu *it, const insn *i) { return put_wide(it, i, signed_product(it, i) + wide_of(it, i)); }
static stop umaal(cpu *it, const insn *i) { return put_wide(it, i, product(it, i) + it->at.r[i->a] + it->at.r[i->d]); }

static stop udiv(cpu *it, const insn *i) {
    uint32_t by = it->at.r[i->m];
    it->at.r[i->d] = by ? it->at.r[i->n] / by : 0;
    return GOING;
}

static stop sdiv(cpu *it, const insn *i) {
    int64_t by = (int32_t)it->at.r[i->m], value = (int32_t)it->at.r[i->n];
    it->at.r[i->d] = by ? (uint32_t)(value / by) : 0;
    return GOING;
}

static stop count_zeros(cpu *it, const insn *i) {
    uint32_t value = it->at.r[i->m];
    it->at.r[i->d] = value ? (uint32_t)__builtin_clz(value) : 32;
    return GOING;
}

/* SHIFT: 0 to 3: words, halfwords, bits, a signed halfword. */
static stop reverse(cpu *it, const insn *i) {
    uint32_t value = it->at.r[i->m], swapped = __builtin_bswap32(value), bit = 0;
    switch (i->shift) {
    case 0:
        value = swapped;
        break;
    case 1:
        value = swapped << 16 | swapped >> 16;
        break;
    case 2:
        for (int j = 0; j < 32; j++) bit |= (value >> j & 1) << (31 - j);
        value = bit;
        break;
    default:
        value = sign_extend(swapped >> 16, 16);
    }
    it->at.r[i->d] = value;
    return GOING;
}

/* BY: rotation. SHIFT: bits. CARRY: 1 if signed. N: added to it, or NOWHERE. */
static stop extend(cpu *it, const insn *i) {
    uint32_t carry, value = shifted(it->at.r[i->m], ROR, i->by, &carry);
    value = i->carry ? sign_extend(value, i->shift) : value & ((1u << i->shift) - 1);
    it->at.r[i->d] = value + (i->n == NOWHERE ? 0 : it->at.r[i->n]);
    return GOING;
}

static stop move_top(cpu *it, const insn *i) {
    it->at.r[i->d] = (it->at.r[i->d] & 0xffff) | i->imm << 16;
    return GOING;
}

/* SHIFT: the lowest bit. BY: how many. */
static stop field_of(cpu *it, const insn *i) {
    uint64_t value = it->at.r[i->n] >> i->shift;
    uint32_t field = (uint32_t)(value & ((UINT64_C(1) << i->by) - 1));
    it->at.r[i->d] = i->carry ? sign_extend(field, i->by) : field;
    return GOING;
}

static stop field_insert(cpu *it, const insn *i) {
    uint32_t mask = (uint32_t)((UINT64_C(1) << i->by) - 1) << i->shift;
    uint32_t field = i->n == NOWHERE ? 0 : it->at.r[i->n] << i->shift;
    it->at.r[i->d] = (it->at.r[i->d] & ~mask) | (field & mask);
    return GOING;
}

/* ---- 16 bits (A5.2) ---- */

static void decode_shift(insn *it, uint32_t type, uint32_t by) {
    it->shift = (uint8_t)type;
    it->by = (uint8_t)by;
    if (by == 0 && type == ROR) it->shift = RRX, it->by = 1;
    if (by == 0 && (type == LSR || type == ASR)) it->by = 32;
}

static int narrow_shift(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = MOV_reg;
    it->set = SET_OUTSIDE_IT;
    it->d = (uint8_t)bits(word, 0, 3), it->m = (uint8_t)bits(word, 3, 3);
    decode_shift(it, bits(word, 11, 2), bits(word, 6, 5));
    return 1;
}

static int narrow_add_three(insn *it, uint32_t address, uint32_t word) {
    static execute *const runs[] = {ADD_reg, SUB_reg, ADD_imm, SUB_imm};
    (void)address;
    it->run = runs[bits(word, 9, 2)];
    it->set = SET_OUTSIDE_IT;
    it->d = (uint8_t)bits(word, 0, 3), it->n = (uint8_t)bits(word, 3, 3), it->m = (uint8_t)bits(word, 6, 3);
    it->imm = it->m;
    return 1;
}

static int narrow_immediate(insn *it, uint32_t address, uint32_t word) {
    static execute *const runs[] = {MOV_imm, SUB_imm, ADD_imm, SUB_imm};
    uint32_t what = bits(word, 11, 2);
    (void)address;
    it->run = runs[what];
    it->set = what == 1 ? SET_ALWAYS : SET_OUTSIDE_IT;
    it->n = (uint8_t)bits(word, 8, 3);
    it->d = what == 1 ? NOWHERE : it->n;
    it->imm = bits(word, 0, 8);
    return 1;
}

static int narrow_data(insn *it, uint32_t address, uint32_t word) {
    static const struct {
        execute *run;
        uint8_t shift, set, compares;
    } all[16] = {{AND_reg, 0, SET_OUTSIDE_IT, 0},
                 {EOR_reg, 0, SET_OUTSIDE_IT, 0},
                 {shift_by_register, LSL, SET_OUTSIDE_IT, 0},
                 {shift_by_register, LSR, SET_OUTSIDE_IT, 0},
                 {shift_by_register, ASR, SET_OUTSIDE_IT, 0},
                 {ADC_reg, 0, SET_OUTSIDE_IT, 0},
                 {SBC_reg, 0, SET_OUTSIDE_IT, 0},
                 {shift_by_register, ROR, SET_OUTSIDE_IT, 0},
                 {AND_reg, 0, SET_ALWAYS, 1},
                 {RSB_imm, 0, SET_OUTSIDE_IT, 0},
                 {SUB_reg, 0, SET_ALWAYS, 1},
                 {ADD_reg, 0, SET_ALWAYS, 1},
                 {ORR_reg, 0, SET_OUTSIDE_IT, 0},
                 {multiply, 0, SET_OUTSIDE_IT, 0},
                 {BIC_reg, 0, SET_OUTSIDE_IT, 0},
                 {MVN_reg, 0, SET_OUTSIDE_IT, 0}};
    uint32_t what = bits(word, 6, 4);
    (void)address;
    it->run = all[what].run, it->set = all[what].set;
    it->m = (uint8_t)bits(word, 3, 3), it->n = (uint8_t)bits(word, 0, 3);
    it->d = all[what].compares ? NOWHERE : it->n;
    if (it->run == RSB_imm) it->n = it->m;
    if (it->run == shift_by_register) it->shift = all[what].shift;
    return 1;
}

/* ADD, CMP and MOV with high registers. What has to do with pc is a branch's affair. */
static int narrow_high(insn *it, uint32_t address, uint32_t word) {
    static execute *const runs[] = {ADD_reg, SUB_reg, MOV_reg};
    uint32_t what = bits(word, 8, 2), d = bits(word, 7, 1) << 3 | bits(word, 0, 3), m = bits(word, 3, 4);
    if (d == PC) return 0;
    it->run = runs[what];
    it->set = what == 1 ? SET_ALWAYS : SET_NEVER;
    it->n = (uint8_t)d, it->m = (uint8_t)m;
    it->d = what == 1 ? NOWHERE : (uint8_t)d;
    if (m != PC) return 1;
    it->run = what == 0 ? ADD_imm : MOV_imm;
    it->imm = address + 4;
    return what != 1;
}

static int narrow_address(insn *it, uint32_t address, uint32_t word) {
    uint32_t offset = bits(word, 0, 8) * 4;
    it->run = bits(word, 11, 1) ? ADD_imm : MOV_imm;
    it->d = (uint8_t)bits(word, 8, 3), it->n = SP;
    it->imm = bits(word, 11, 1) ? offset : (address & ~3u) + 4 + offset;
    return 1;
}

static int narrow_stack(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = bits(word, 7, 1) ? SUB_imm : ADD_imm;
    it->d = it->n = SP;
    it->imm = bits(word, 0, 7) * 4;
    return 1;
}

static int narrow_extend(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = extend;
    it->d = (uint8_t)bits(word, 0, 3), it->m = (uint8_t)bits(word, 3, 3), it->n = NOWHERE;
    it->shift = bits(word, 6, 1) ? 8 : 16;
    it->carry = !bits(word, 7, 1);
    return 1;
}

static int narrow_reverse(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = reverse;
    it->d = (uint8_t)bits(word, 0, 3), it->m = (uint8_t)bits(word, 3, 3);
    it->shift = (uint8_t)bits(word, 6, 2);
    return it->shift != 2;
}

const form data_narrow[] = {
    {0xf800, 0x1800, narrow_add_three}, {0xe000, 0x0000, narrow_shift},   {0xe000, 0x2000, narrow_immediate},
    {0xfc00, 0x4000, narrow_data},      {0xff00, 0x4400, narrow_high},    {0xff00, 0x4500, narrow_high},
    {0xff00, 0x4600, narrow_high},      {0xf000, 0xa000, narrow_address}, {0xff00, 0xb000, narrow_stack},
    {0xff00, 0xb200, narrow_extend},    {0xff00, 0xba00, narrow_reverse}, {0, 0, NULL}};

/* ---- 32 bits (A5.3) ---- */

/* By bits 24 to 21, of a modified immediate and of a shifted register alike. */
static const struct {
    execute *imm, *reg;
} operations[16] = {
    [0] = {AND_imm, AND_reg},  [1] = {BIC_imm, BIC_reg},  [2] = {ORR_imm, ORR_reg},  [3] = {ORN_imm, ORN_reg},
    [4] = {EOR_imm, EOR_reg},  [8] = {ADD_imm, ADD_reg},  [10] = {ADC_imm, ADC_reg}, [11] = {SBC_imm, SBC_reg},
    [13] = {SUB_imm, SUB_reg}, [14] = {RSB_imm, RSB_reg},
};

/* ORR and ORN with nothing are MOV and MVN. Without a destination: tests, which are nothing unless they set flags. */
static int wide_operation(insn *it, uint32_t word, int immediate) {
    uint32_t what = bits(word, 21, 4);
    it->set = bits(word, 20, 1) ? SET_ALWAYS : SET_NEVER;
    it->n = (uint8_t)bits(word, 16, 4), it->d = (uint8_t)bits(word, 8, 4);
    it->run = immediate ? operations[what].imm : operations[what].reg;
    if (it->n == PC && what == 2) it->run = immediate ? MOV_imm : MOV_reg;
    if (it->n == PC && what == 3) it->run = immediate ? MVN_imm : MVN_reg;
    int is_test = what == 0 || what == 4 || what == 8 || what == 13;
    return it->run && (it->d != PC || (is_test && it->set)) && (it->n != PC || what == 2 || what == 3);
}

/* ThumbExpandImm_C (A5.3.2). */
static void expand(insn *it, uint32_t imm) {
    uint32_t low = bits(imm, 0, 8), by = bits(imm, 7, 5);
    static const uint32_t times[] = {1, 0x00010001, 0x01000100, 0x01010101};
    if (bits(imm, 10, 2) == 0) {
        it->imm = low * times[bits(imm, 8, 2)];
        return;
    }
    low = (low & 0x7f) | 0x80;
    it->imm = low >> by | low << (32 - by);
    it->carry = (uint8_t)(it->imm >> 31);
}

static uint32_t immediate_of(uint32_t word) {
    return bits(word, 26, 1) << 11 | bits(word, 12, 3) << 8 | bits(word, 0, 8);
}

static int wide_immediate(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    expand(it, immediate_of(word));
    return wide_operation(it, word, 1);
}

static int wide_shifted(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->m = (uint8_t)bits(word, 0, 4);
    decode_shift(it, bits(word, 4, 2), bits(word, 12, 3) << 2 | bits(word, 6, 2));
    return it->m != PC && wide_operation(it, word, 0);
}

static int wide_add_plain(insn *it, uint32_t address, uint32_t word) {
    int subtracts = bits(word, 23, 1);
    it->run = subtracts ? SUB_imm : ADD_imm;
    it->n = (uint8_t)bits(word, 16, 4), it->d = (uint8_t)bits(word, 8, 4);
    it->imm = immediate_of(word);
    if (it->n != PC) return it->d != PC;
    it->run = MOV_imm;
    it->imm = ((address + 4) & ~3u) + (subtracts ? 0 - it->imm : it->imm);
    return it->d != PC;
}

static int wide_move(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = bits(word, 23, 1) ? move_top : MOV_imm;
    it->d = (uint8_t)bits(word, 8, 4);
    it->imm = bits(word, 16, 4) << 12 | immediate_of(word);
    return it->d != PC;
}

static int wide_field(insn *it, uint32_t address, uint32_t word) {
    uint32_t what = bits(word, 20, 5), low = bits(word, 12, 3) << 2 | bits(word, 6, 2), last = bits(word, 0, 5);
    (void)address;
    it->run = what == 0x16 ? field_insert : field_of;
    it->n = (uint8_t)bits(word, 16, 4), it->d = (uint8_t)bits(word, 8, 4);
    it->shift = (uint8_t)low;
    it->by = (uint8_t)(what == 0x16 ? last - low + 1 : last + 1);
    it->carry = what == 0x14;
    return it->d != PC && low + it->by <= 32 && (what == 0x16 ? last >= low : it->n != PC);
}

static int wide_shift_by_register(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = shift_by_register;
    it->set = bits(word, 20, 1) ? SET_ALWAYS : SET_NEVER;
    it->shift = (uint8_t)bits(word, 21, 2);
    it->n = (uint8_t)bits(word, 16, 4), it->d = (uint8_t)bits(word, 8, 4), it->m = (uint8_t)bits(word, 0, 4);
    return it->d != PC;
}

static int wide_extend(insn *it, uint32_t address, uint32_t word) {
    uint32_t what = bits(word, 20, 3);
    (void)address;
    it->run = extend;
    it->n = (uint8_t)bits(word, 16, 4), it->d = (uint8_t)bits(word, 8, 4), it->m = (uint8_t)bits(word, 0, 4);
    it->by = (uint8_t)(bits(word, 4, 2) * 8);
    it->shift = what < 2 ? 16 : 8;
    it->carry = !(what & 1);
    return (what < 2 || what == 4 || what == 5) && it->d != PC;
}

static int wide_reverse(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = reverse;
    it->d = (uint8_t)bits(word, 8, 4), it->m = (uint8_t)bits(word, 0, 4);
    it->shift = (uint8_t)bits(word, 4, 2);
    return it->d != PC;
}

static int wide_count_zeros(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->run = count_zeros;
    it->d = (uint8_t)bits(word, 8, 4), it->m = (uint8_t)bits(word, 0, 4);
    return it->d != PC;
}

static int wide_multiply(insn *it, uint32_t address, uint32_t word) {
    (void)address;
    it->n = (uint8_t)bits(word, 16, 4), it->a = (uint8_t)bits(word, 12, 4);
    it->d = (uint8_t)bits(word, 8, 4), it->m = (uint8_t)bits(word, 0, 4);
    it->run = bits(word, 4, 1) ? multiply_subtract : it->a == PC ? multiply : multiply_add;
    return it->d != PC && (it->a != PC || it->run == multiply);
}

static int wide_long(insn *it, uint32_t address, uint32_t word) {
    static const struct {
        uint32_t value; /* bits 22 to 20, 7 to 4 */
        execute *run;
    } all[] = {{0x00, smull}, {0x1f, sdiv}, {0x20, umull}, {0x3f, udiv}, {0x40, smlal}, {0x60, umlal}, {0x66, umaal}};
    (void)address;
    it->n = (uint8_t)bits(word, 16, 4), it->a = (uint8_t)bits(word, 12, 4);
    it->d = (uint8_t)bits(word, 8, 4), it->m = (uint8_t)bits(word, 0, 4);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].value == (bits(word, 20, 3) << 4 | bits(word, 4, 4))) it->run = all[i].run;
    int divides = it->run == sdiv || it->run == udiv;
    return it->run && it->d != PC && (it->a == PC) == divides;
}

const form data_wide[] = {{0xfa008000, 0xf0000000, wide_immediate},
                          {0xfe000000, 0xea000000, wide_shifted},
                          {0xfbf08000, 0xf2000000, wide_add_plain},
                          {0xfbf08000, 0xf2a00000, wide_add_plain},
                          {0xfb708000, 0xf2400000, wide_move},
                          {0xfbf08000, 0xf3400000, wide_field},
                          {0xfbf08000, 0xf3600000, wide_field},
                          {0xfbf08000, 0xf3c00000, wide_field},
                          {0xff80f0f0, 0xfa00f000, wide_shift_by_register},
                          {0xff80f0c0, 0xfa00f080, wide_extend},
                          {0xfff0f0c0, 0xfa90f080, wide_reverse},
                          {0xfff0f0f0, 0xfab0f080, wide_count_zeros},
                          {0xfff000e0, 0xfb000000, wide_multiply},
                          {0xff800000, 0xfb800000, wide_long},
                          {0, 0, NULL}};
