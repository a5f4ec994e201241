#include "mailbox.h"

uint32_t hmb_mailbox_extent(const hmb_flash *flash, uint32_t at) {
    uint32_t units = HMB_MAILBOX_UNITS;
    while (units > 0 && hmb_flash_blank(flash, at + (units - 1) * HMB_WORDS_SIZE, HMB_WORDS_SIZE) == HMV_GOOD) units--;
    return units;
}

hmv_verdict hmb_mailbox_put(const hmb_flash *flash, uint32_t at, uint32_t kind, uint32_t argument) {
    uint32_t extent = hmb_mailbox_extent(flash, at);
    if (extent >= HMB_MAILBOX_UNITS) return HMV_BAD;
    return hmb_words_write(flash, at + extent * HMB_WORDS_SIZE, kind, argument);
}
