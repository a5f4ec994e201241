#include "stories.h"

enum { PIECE = 700 };

const story stories[] = {
    {"the factory's release confirms itself", {{STEP_END, NULL, NULL, 0}}, "v2", "nothing", 2, 1},
    {"the application crashes at once and the old one comes back",
     {{STEP_FAILING, "crash.pack", NULL, 0}},
     "v2",
     "nothing",
     2,
     1},
    {"roots rotate, the key is revoked, the new key's release installs",
     {{STEP_LIST, "list-2.list", NULL, 2}, {STEP_FIRMWARE, "v21.pack", "2.1.0", 0}},
     "v21",
     "nothing",
     3,
     2},
    {"two lists in a row while the release still needs the first",
     {{STEP_PARAMETERS, "limits-1.pack", "A", 0},
      {STEP_LIST, "list-2.list", NULL, 2},
      {STEP_LIST, "list-3.list", NULL, 3},
      {STEP_PARAMETERS, "limits-new.pack", "D", 0},
      {STEP_FIRMWARE, "v21.pack", "2.1.0", 0}},
     "v21",
     "limits-3",
     3,
     3},
    {"therapy limits are updated alone, and refused when tampered with",
     {{STEP_PARAMETERS, "limits-1.pack", "A", 0},
      {STEP_PARAMETERS, "limits-2.pack", "B", 0},
      {STEP_FORCED, "limits-flipped.pack", NULL, 0}},
     "v2",
     "limits-2",
     2,
     1},
    {"production, and a development release is refused",
     {{STEP_PRODUCTION, NULL, NULL, 0}, {STEP_FORCED, "development.pack", NULL, 0}},
     "v2",
     "nothing",
     2,
     1},
    {"a flipped bit is refused", {{STEP_FORCED, "v2-flipped.pack", NULL, 0}}, "v2", "nothing", 2, 1},
    {"an older release is refused", {{STEP_FORCED, "v1.pack", NULL, 0}}, "v2", "nothing", 2, 1},
    {"a release without a receipt is refused", {{STEP_FORCED, "unlogged.pack", NULL, 0}}, "v2", "nothing", 2, 1},
    {"a stranger's release is refused", {{STEP_FORCED, "stranger.pack", NULL, 0}}, "v2", "nothing", 2, 1},
    {"another product's release is refused", {{STEP_FORCED, "other-product.pack", NULL, 0}}, "v2", "nothing", 2, 1},
    {"an exception brings the device back",
     {{STEP_LIST, "list-2-both.list", NULL, 2},
      {STEP_FIRMWARE, "v21.pack", "2.1.0", 0},
      {STEP_FIRMWARE, "exception.pack", "2.0.0-back", 0}},
     "v2",
     "nothing",
     3,
     2},
};
const size_t story_count = sizeof stories / sizeof stories[0];

static int runs(const lab *device, size_t bank, const char *version) {
    const hmb_bank_record *record = &device->boot.record.bank[bank];
    return record->slot != HMB_NONE && record->trial == 0 && strcmp(record->version, version) == 0;
}

static int is_done(const story_step *step, const lab *device, int tried) {
    switch (step->kind) {
    case STEP_FIRMWARE:
        /* The exception's release may follow it. */
        return runs(device, HMB_FIRMWARE, step->version) || tried == 2;
    case STEP_PARAMETERS:
        return runs(device, HMB_PARAMETERS, step->version) || tried == 2;
    case STEP_LIST:
        return device->boot.state.list.version >= step->list;
    case STEP_PRODUCTION:
        return device->boot.state.life == HMB_PRODUCTION;
    default:
        return tried;
    }
}

static size_t bank_of(const story_step *step) {
    return step->kind == STEP_PARAMETERS || (step->file && strncmp(step->file, "limits", 6) == 0) ? HMB_PARAMETERS
                                                                                                  : HMB_FIRMWARE;
}

static hmv_verdict install(lab *device, const story_step *step, size_t bank) {
    hmv_reason answer = lab_download(device, bank, step->file, PIECE);
    if (answer == HMV_ACCEPTED) return hma_try(&device->device, 1u << bank);
    (void)hma_download_forget(&device->device, bank); /* another release was there, or power has failed */
    return HMV_BAD;
}

static void take(const story_step *step, lab *device, int *tried) {
    size_t bank = bank_of(step);
    switch (step->kind) {
    case STEP_FIRMWARE:
    case STEP_PARAMETERS:
        (void)install(device, step, bank);
        return;
    case STEP_FAILING:
        *tried = install(device, step, bank) == HMV_GOOD;
        return;
    case STEP_FORCED:
        *tried = lab_force(device, bank, step->file) == HMV_GOOD && hma_try(&device->device, 1u << bank) == HMV_GOOD;
        return;
    case STEP_LIST:
        (void)hma_take_list(&device->device, lab_file(step->file));
        return;
    default:
        (void)hma_leave_development(&device->device);
    }
}

int story_live(const story *self, lab *device, caretaker *memory) {
    if (hma_on_trial(&device->device)) {
        if (strcmp(lab_running(device), "crash") != 0) (void)hma_confirm(&device->device);
        return 1;
    }
    for (size_t i = 0; i < STEPS_MAX && self->steps[i].kind != STEP_END; i++) {
        const story_step *step = &self->steps[i];
        if (is_done(step, device, memory->tried[i])) {
            if (step->version) memory->tried[i] = 2;
            continue;
        }
        take(step, device, &memory->tried[i]);
        return 1;
    }
    return 0;
}
