#include "decode.h"

static stop unknown(cpu *it, const insn *insn) {
    (void)it, (void)insn;
    return UNKNOWN;
}

static int find(const form *forms, insn *it, uint32_t address, uint32_t word) {
    for (; forms->decode; forms++)
        if ((word & forms->mask) == forms->value && forms->decode(it, address, word)) return 1;
    return 0;
}

void decode_insn(insn *it, uint32_t address, uint32_t first, uint32_t second) {
    static const form *const narrow[] = {data_narrow, transfer_narrow, branch_narrow}, *const wide[] = {data_wide,
                                                                                                        transfer_wide,
                                                                                                        branch_wide};
    int is_wide = first >> 11 >= 0x1d;
    uint32_t word = is_wide ? first << 16 | second : first;
    for (size_t i = 0; i < 3; i++) {
        *it = (insn){.run = unknown, .size = is_wide ? 4 : 2, .carry = 2};
        if (find(is_wide ? wide[i] : narrow[i], it, address, word)) return;
    }
    it->run = unknown;
}
