/* NOR flash as it really is, over an array: for tests and emulators, where flash is plain RAM.
 *
 * Erasing makes a block all ones; programming clears bits, in units, each of which may be programmed once between two
 * erases (as parts with an error-correcting code per unit demand). Each unit programmed and each block erased is one
 * operation. Power can be made to fail in the midst of a chosen operation: a unit is then programmed in part, a block
 * erased in part, by chance from a seed. Afterwards nothing works until nor_reset. An operation can also be made to
 * fail by itself, once or from then on: it leaves the same mixture and says so, and power stays on. Wear is counted per
 * block. */
#ifndef HALLMARK_MODEL_NOR_H
#define HALLMARK_MODEL_NOR_H

#include "flash.h"

enum { NOR_WRITABLE_MAX = 8 };

typedef enum nor_fault {
    NOR_NO_FAULT,
    NOR_OUTSIDE,    /* an address that there is not, or that is none of a unit or block */
    NOR_PROGRAMMED, /* a unit that is not blank was programmed */
    NOR_LOCKED      /* written where it was locked: the part refuses */
} nor_fault;

/* What follows on the operation that is chosen to fail. */
typedef enum nor_failing {
    NOR_FAILS_ONCE,
    NOR_FAILS_THERE, /* every operation in that erase block, from then on */
    NOR_FAILS_ALWAYS /* every operation */
} nor_failing;

typedef struct nor {
    uint8_t *data;
    uint32_t size;  /* whole blocks */
    uint32_t *wear; /* erases of each block; may be NULL */
    /* Told of every change as it happens; may be NULL. */
    void (*changed)(void *context, uint32_t at, const uint8_t *data, size_t size);
    /* Told that power has failed; may be NULL, and need not return. */
    void (*failed)(void *context);
    void *context;
    uint64_t operations; /* since the beginning */
    uint64_t cut;        /* power fails in this operation; 0: never */
    uint64_t fail;       /* this operation fails, with power on; 0: none */
    nor_failing failing;
    uint32_t worn;     /* the erase block in which it did */
    uint32_t failures; /* operations that failed so */
    uint32_t seed;     /* of what a failing operation leaves; changes as it is used */
    uint32_t off;      /* 1: power has failed */
    uint32_t faults;   /* NOR_PROGRAMMED and NOR_OUTSIDE: faults of the program */
    uint32_t refused;  /* NOR_LOCKED */
    nor_fault last_fault;
    uint32_t locked; /* 1: only WRITABLE can be written */
    uint32_t writable_count;
    hmb_range writable[NOR_WRITABLE_MAX];
} nor;

/* Power comes back, or the processor is reset: locks are gone. What is stored, wear and counts stay. */
void nor_reset(nor *flash);
/* Until the next reset, nothing outside these ranges can be written. */
void nor_lock(nor *flash, const hmb_range *writable, size_t count);
/* The interface to it; the context is the nor. */
hmb_flash nor_interface(nor *flash);

#endif
