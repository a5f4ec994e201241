/* A device on the bench: the first stage and the application's library over the model of the flash, on this machine.
 * The releases and lists are those of tests/vectors/device/ (tests/device/images.py). */
#ifndef DEVICE_LAB_H
#define DEVICE_LAB_H

#include <download.h>
#include <nor.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct lab {
    nor nor;
    hmb_flash flash;
    hmb_identity identity;
    hmb_board board;
    hmb_boot boot;
    hma_device device;
    uint8_t *firmware, *parameters; /* the RAM where they are used, as large as the room in their slots */
    uint8_t *data;
} lab;

/* Set by lab_init: lab_layout.h's, or that of the port that is tried. */
extern hmb_layout lab_layout;

/* A file of tests/vectors/device/, read once; the test fails if it cannot be read. */
hmv_bytes lab_file(const char *name);

/* As it leaves the factory: first state, list-1, and the pack RELEASE in the firmware's first slot. */
void lab_init(lab *self, const char *release);
void lab_clear(lab *self);
/* The same flash in another lab. */
void lab_copy(lab *self, const lab *from);

/* A reset, and all that the first stage does up to the jump; then the flash is locked. What hmb_boot_decide or
 * hmb_boot_begin answered. */
hmv_reason lab_boot(lab *self);
/* What the firmware in RAM says it is ("v2"), judged by all of its bytes; "?" if it is none of the releases; "nothing"
 * if the first stage has none to jump to. */
const char *lab_running(const lab *self);
/* Likewise for the parameters. */
const char *lab_dose(const lab *self);
/* The counter of the bank's component. */
uint64_t lab_counter(const lab *self, size_t bank);

/* ---- what an application does ---- */
/* The pack, downloaded in pieces of STEP bytes. */
hmv_reason lab_download(lab *self, size_t bank, const char *pack, size_t step);
/* The pack as it is, written to the free slot by somebody who does not verify. */
hmv_verdict lab_force(lab *self, size_t bank, const char *pack);
hmv_verdict lab_force_at(lab *self, uint32_t slot_address, hmv_bytes pack);
/* Downloads, tries, boots, confirms, boots: each must work. */
void lab_update(lab *self, size_t bank, const char *pack);
void lab_take_list(lab *self, const char *list);

#define lab_asserts(self, wanted_running)                                                                              \
    do {                                                                                                               \
        hmv_reason answer_ = lab_boot(self);                                                                           \
        if (answer_ != HMV_ACCEPTED) fail_msg("nothing boots: %u, %s", answer_, hmb_reason_text(answer_));             \
        assert_string_equal(lab_running(self), wanted_running);                                                        \
        assert_int_equal((self)->nor.faults, 0);                                                                       \
    } while (0)

#endif
