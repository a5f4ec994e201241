/* Files of the emulator's host (Arm semihosting). Only the model of the flash and the example application use it. */
#ifndef HALLMARK_MPS2_SEMIHOST_H
#define HALLMARK_MPS2_SEMIHOST_H

#include <stddef.h>
#include <stdint.h>

enum { SEMIHOST_READ = 1, SEMIHOST_UPDATE = 3, SEMIHOST_CREATE = 5 };

/* The handle, or -1. */
int32_t semihost_open(const char *name, uint32_t mode);
int32_t semihost_size(int32_t file);
/* 0: all SIZE bytes at AT were read or written. */
int32_t semihost_read(int32_t file, uint32_t at, void *data, size_t size);
int32_t semihost_write(int32_t file, uint32_t at, const void *data, size_t size);
void semihost_close(int32_t file);
/* The words that the emulator was given for the program. */
void semihost_words(char *text, size_t size);
_Noreturn void semihost_exit(uint32_t status);

#endif
