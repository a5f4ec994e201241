/* A device's flash as a file, made and read on this machine with the first stage's own code: what a factory writes, and
 * what a service bench finds. Built for one layout (-DPORT_LAYOUT="port_layout.h") by device/layout.py. */
#ifndef DEVICE_IMAGE_H
#define DEVICE_IMAGE_H

#include <download.h>
#include <nor.h>
#include <parts.h>

enum { IMAGE_DONE = 0, IMAGE_REFUSED = 1, IMAGE_MISUSED = 2, IMAGE_COULD_NOT = 3 };

/* The layout and the algorithms of the port. */
extern const hmb_layout *const image_layout;
extern const hmv_algorithm *const image_algorithms[];
extern const hmv_digest *const image_digests[];

/* A device that is only a file: nothing in it is written but by the first stage's code. */
typedef struct image_device {
    uint8_t *data;
    nor nor;
    hmb_flash flash;
    hmb_identity identity;
    hmb_board board;
    hmb_boot boot;
    hma_device device;
} image_device;

/* Erased flash and empty memory, as large as the layout says; ends the program if there is no room. */
void image_begin(image_device *self);

/* Prints "image: FILE: WHY" and ends the program. */
_Noreturn void image_end(int status, const char *file, const char *why);
/* The whole file, never freed; at most MOST bytes. */
hmv_bytes image_read(const char *path, size_t most);

/* The commands; their status. */
int image_make(char **words);
int image_show(char **words);
int image_areas(char **words);

#endif
