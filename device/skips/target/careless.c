/* What the tool must find something in: a signature's verdict tested once, as everybody writes it at first. */
#include <stdint.h>
#include <string.h>

extern uint32_t stack_top[];
void reset(void);
void stopped(void);

static const uint32_t accepted = 0x3CA5965A;
volatile uint32_t answer_release;
static const uint8_t wanted[] = {0, 0, 1};
static volatile uint8_t found[sizeof wanted];

static int differs(const volatile uint8_t *a, const uint8_t *b, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i]) return 1;
    return 0;
}

__attribute__((noinline, used)) void stopped(void) {
    for (;;) continue;
}

void reset(void) {
    answer_release = 0;
    if (!differs(found, wanted, sizeof wanted)) answer_release = accepted;
    stopped();
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*reset)(void);
} vectors = {stack_top, reset};
