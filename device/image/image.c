#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include PORT_LAYOUT

const hmb_layout *const image_layout = &port_layout;
const hmv_algorithm *const image_algorithms[] = {PORT_ALGORITHMS, NULL};
const hmv_digest *const image_digests[] = {PORT_DIGESTS, NULL};

_Noreturn void image_end(int status, const char *file, const char *why) {
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", file, why);
    exit(status);
}

static uint8_t *allocate(size_t size) {
    uint8_t *data = malloc(size ? size : 1);
    if (!data) image_end(IMAGE_COULD_NOT, "memory", "there is not enough");
    return data;
}

hmv_bytes image_read(const char *path, size_t most) {
    uint8_t *data = allocate(most + 1);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(data, 1, most + 1, file) : 0;
    if (!file || ferror(file)) image_end(IMAGE_COULD_NOT, path, "cannot be read");
    (void)fclose(file);
    if (size > most) image_end(IMAGE_REFUSED, path, "is larger than what it is for");
    return (hmv_bytes){data, size};
}

void image_begin(image_device *self) {
    memset(self, 0, sizeof *self);
    self->data = allocate(image_layout->end);
    memset(self->data, 0xff, image_layout->end);
    self->nor = (nor){.data = self->data, .size = image_layout->end};
    self->flash = nor_interface(&self->nor);
    self->board = (hmb_board){.flash = &self->flash,
                              .layout = image_layout,
                              .identity = &self->identity,
                              .algorithms = image_algorithms,
                              .digests = image_digests};
    for (size_t i = 0; i < HMB_BANKS; i++) {
        self->board.memory[i].size = image_layout->bank[i].payload_size;
        self->board.memory[i].data = allocate(self->board.memory[i].size);
    }
    self->device = (hma_device){&self->boot, &self->flash, image_algorithms, image_digests};
    hmv_reason answer = hmb_layout_check(&self->board);
    if (answer != HMV_ACCEPTED) image_end(IMAGE_REFUSED, PORT_LAYOUT, hmb_reason_text(answer));
}

static void print_area(const char *name, uint32_t from, uint32_t size) {
    printf("%#010x  %#9x  %s\n", (unsigned)from, (unsigned)size, name);
}

/* What lies where, and what it costs. */
int image_areas(char **words) {
    static const char *const banks[HMB_BANKS] = {"firmware", "parameters"}, *const slots[HMB_SLOTS] = {"A", "B"};
    image_device self;
    char name[64];
    (void)words;
    image_begin(&self);
    printf("%-10s  %9s  erase blocks of %d bytes, units of %d\n", "from", "size", HMB_ERASE_SIZE, HMB_UNIT_SIZE);
    print_area("state", image_layout->state, HMB_JOURNAL_SIZE);
    print_area("boot records", image_layout->records, HMB_JOURNAL_SIZE);
    print_area("mailbox", image_layout->mailbox, HMB_MAILBOX_SIZE);
    for (size_t i = 0; i < HMB_LISTS; i++) print_area("trust list", image_layout->list[i], HMB_LIST_AREA_SIZE);
    for (size_t i = 0; i < HMB_BANKS; i++)
        for (size_t slot = 0; slot < HMB_SLOTS; slot++) {
            (void)snprintf(name, sizeof name, "%s, slot %s: payloads of up to %u bytes", banks[i], slots[slot],
                           (unsigned)image_layout->bank[i].payload_size);
            print_area(name, image_layout->bank[i].slot[slot], HMB_SLOT_PAYLOAD + image_layout->bank[i].payload_size);
        }
    print_area("end", image_layout->end, 0);
    return IMAGE_DONE;
}

static const struct {
    const char *name;
    int words;
    int (*run)(char **words);
} commands[] = {{"make", 6, image_make}, {"show", 1, image_show}, {"areas", 0, image_areas}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc == 2 + commands[i].words) return commands[i].run(argv + 2);
    image_end(IMAGE_MISUSED, "image",
              "make FLASH IDENTITY LIFE LIST FIRMWARE PARAMETERS ('-': none) | show FLASH | areas");
}
