/* Reset for tests/native/judge.c: what the C library's own start expects, then that. */
#include <stdint.h>
#include <string.h>

extern uint32_t stack_top[];
extern uint8_t data_start[], data_end[], data_load[];
void _start(void);
void judge_reset(void);

void judge_reset(void) {
    memcpy(data_start, data_load, (size_t)(data_end - data_start));
    _start();
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*reset)(void);
} vectors = {stack_top, judge_reset};
