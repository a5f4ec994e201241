/* A device as it leaves the factory: the first trust list, the first releases on trial, the first snapshot. Nothing is
 * written for it that the device itself would not take: releases are put into the slots by the application's download,
 * and the first boot is tried here. */
#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACK_MORE = 1 << 16 }; /* envelope and heads of a pack, beside its payload */

static void put_list(image_device *self, const char *path) {
    hmv_bytes list = image_read(path, HMB_LIST_MAX);
    uint32_t at = image_layout->list[0];
    hmb_list *state = &self->boot.state.list;
    hmv_trust trust;
    hmv_sha256 hash;
    hmv_reason answer = hmv_trust_open(&self->boot.config, list, self->identity.roots, 0, &trust);
    if (!HMV_IS_ACCEPTED(answer)) image_end(IMAGE_REFUSED, path, hmb_reason_text(answer));
    if (hmb_flash_write(&self->flash, at + HMB_WORDS_SIZE, list.data, list.size) != HMV_GOOD ||
        hmb_words_write(&self->flash, at, HMB_LIST_MAGIC, (uint32_t)list.size) != HMV_GOOD)
        image_end(IMAGE_COULD_NOT, path, "cannot be written");
    *state = (hmb_list){.area = 0, .version = trust.version};
    hmv_sha256_init(&hash);
    hmv_sha256_update(&hash, list.data, list.size);
    hmv_sha256_final(&hash, state->digest);
}

/* A state in which nothing is there: what the download needs to find a free slot. */
static void begin_state(image_device *self, uint32_t life) {
    hmb_state *state = &self->boot.state;
    (void)hmb_state_load(&self->boot.journal, &self->flash, image_layout->state, state); /* there is none */
    memset(state, 0, sizeof *state);
    for (size_t i = 0; i < HMB_BANKS; i++) {
        state->bank[i].active = state->bank[i].trial = HMB_NONE;
        state->bank[i].earlier.area = HMB_NONE;
    }
    hmb_set_life(&self->boot, life);
}

static void put_release(image_device *self, size_t bank, const char *path) {
    static hma_download download;
    hmv_bytes pack = image_read(path, (size_t)image_layout->bank[bank].payload_size + PACK_MORE);
    hmv_reason answer = hma_download_open(&download, &self->device, bank);
    if (answer == HMV_MORE) answer = hma_download_feed(&download, pack.data, pack.size);
    if (answer == HMV_MORE) answer = HMV_SHORT_PAYLOAD;
    if (!HMV_IS_ACCEPTED(answer)) image_end(IMAGE_REFUSED, path, hmb_reason_text(answer));
}

/* What the first boot would do with it, on a copy. */
static void try_it(const image_device *self) {
    static image_device copy;
    const hmb_bank_record *firmware = &copy.boot.record.bank[HMB_FIRMWARE];
    image_begin(&copy);
    memcpy(copy.data, self->data, image_layout->end);
    copy.identity = self->identity;
    hmv_reason answer = hmb_boot_begin(&copy.boot, &copy.board);
    if (answer == HMV_ACCEPTED) answer = hmb_boot_decide(&copy.boot);
    if (answer != HMV_ACCEPTED) image_end(IMAGE_REFUSED, "the first boot", hmb_reason_text(answer));
    printf("%s, trust list %llu; will start firmware %s, sequence %llu, security version %llu, on trial\n",
           copy.boot.record.life == HMB_DEVELOPMENT ? "development" : "production",
           (unsigned long long)copy.boot.record.list, firmware->version, (unsigned long long)firmware->sequence,
           (unsigned long long)firmware->security_version);
}

static void write_file(const char *path, const uint8_t *data, size_t size) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        image_end(IMAGE_COULD_NOT, path, "cannot be written");
}

/* WORDS: flash, identity, life, list, firmware, parameters. */
int image_make(char **words) {
    static image_device self;
    image_begin(&self);
    hmv_bytes identity = image_read(words[1], sizeof self.identity);
    if (identity.size != sizeof self.identity) image_end(IMAGE_REFUSED, words[1], "is no identity");
    memcpy(&self.identity, identity.data, identity.size);
    (void)hmb_boot_begin(&self.boot, &self.board); /* it has no state yet; the rest of SELF.boot is set up */
    memset(self.data, 0xff, image_layout->end);    /* and that was noted */
    begin_state(&self, strcmp(words[2], "development") == 0 ? HMB_DEVELOPMENT : HMB_PRODUCTION);
    put_list(&self, words[3]);
    self.boot.opened = hmb_list_open(&self.boot);
    for (size_t bank = 0; bank < HMB_BANKS; bank++)
        if (strcmp(words[4 + bank], "-") != 0) put_release(&self, bank, words[4 + bank]);
    for (size_t bank = 0; bank < HMB_BANKS; bank++)
        if (strcmp(words[4 + bank], "-") != 0) self.boot.state.bank[bank].trial = 0;
    self.boot.state.attempts = HMB_ATTEMPTS;
    if (hmb_state_store(&self.boot.journal, &self.boot.state) != HMV_GOOD)
        image_end(IMAGE_COULD_NOT, "the state", "cannot be written");
    try_it(&self);
    write_file(words[0], self.data, image_layout->end);
    return IMAGE_DONE;
}
