#include "request.h"

static hmv_verdict ask(const hma_device *device, uint32_t kind, uint32_t argument) {
    return hmb_mailbox_put(device->flash, device->boot->board->layout->mailbox, kind, argument);
}

hmv_verdict hma_confirm(const hma_device *device) { return ask(device, HMB_CONFIRM, 0); }

int hma_on_trial(const hma_device *device) {
    int found = 0;
    for (size_t bank = 0; bank < HMB_BANKS; bank++) found = found || device->boot->record.bank[bank].trial == 1;
    return found;
}

hmv_verdict hma_try(const hma_device *device, uint32_t banks) { return ask(device, HMB_TRY, banks); }

/* The header comes last: an area without one is empty. */
hmv_verdict hma_take_list(const hma_device *device, hmv_bytes list) {
    uint32_t area = hmb_free_area(&device->boot->state), at = device->boot->board->layout->list[area];
    if (list.size == 0 || list.size > HMB_LIST_MAX) return HMV_BAD;
    if (hmb_flash_erase(device->flash, at, HMB_LIST_AREA_SIZE) != HMV_GOOD) return HMV_BAD;
    if (hmb_flash_write(device->flash, at + HMB_WORDS_SIZE, list.data, list.size) != HMV_GOOD) return HMV_BAD;
    if (hmb_words_write(device->flash, at, HMB_LIST_MAGIC, (uint32_t)list.size) != HMV_GOOD) return HMV_BAD;
    return ask(device, HMB_TAKE_LIST, 0);
}

hmv_verdict hma_leave_development(const hma_device *device) { return ask(device, HMB_LEAVE_DEVELOPMENT, 0); }
