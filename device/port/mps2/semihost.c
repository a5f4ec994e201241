#include "semihost.h"

#include <string.h>

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0A,
    SYS_FLEN = 0x0C,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};
static const uintptr_t application_exit = 0x20026;

static int32_t call(uint32_t operation, const uintptr_t *arguments) {
    register uint32_t r0 __asm__("r0") = operation;
    register const uintptr_t *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

int32_t semihost_open(const char *name, uint32_t mode) {
    const uintptr_t arguments[] = {(uintptr_t)name, mode, strlen(name)};
    return call(SYS_OPEN, arguments);
}

int32_t semihost_size(int32_t file) {
    const uintptr_t arguments[] = {(uintptr_t)file};
    return call(SYS_FLEN, arguments);
}

static int32_t transfer(uint32_t operation, int32_t file, uint32_t at, uintptr_t data, size_t size) {
    const uintptr_t where[] = {(uintptr_t)file, at}, what[] = {(uintptr_t)file, data, size};
    int32_t moved = call(SYS_SEEK, where);
    return moved < 0 ? moved : call(operation, what);
}

int32_t semihost_read(int32_t file, uint32_t at, void *data, size_t size) {
    return transfer(SYS_READ, file, at, (uintptr_t)data, size);
}

int32_t semihost_write(int32_t file, uint32_t at, const void *data, size_t size) {
    return transfer(SYS_WRITE, file, at, (uintptr_t)data, size);
}

void semihost_close(int32_t file) {
    const uintptr_t arguments[] = {(uintptr_t)file};
    (void)call(SYS_CLOSE, arguments);
}

void semihost_words(char *text, size_t size) {
    const uintptr_t arguments[] = {(uintptr_t)text, size};
    memset(text, 0, size);
    if (call(SYS_GET_CMDLINE, arguments) != 0) text[0] = 0;
}

_Noreturn void semihost_exit(uint32_t status) {
    const uintptr_t arguments[] = {application_exit, status};
    for (;;) (void)call(SYS_EXIT_EXTENDED, arguments);
}
