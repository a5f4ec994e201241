/* What would be wrong with a port's layout. */
#include "boot.h"

enum { AREAS_MAX = 3 + HMB_LISTS + HMB_BANKS * HMB_SLOTS };

typedef struct areas {
    hmb_range area[AREAS_MAX];
    size_t count;
} areas;

static void add(areas *all, uint32_t from, uint32_t size) { all->area[all->count++] = (hmb_range){from, size}; }

static void gather(const hmb_layout *layout, areas *all) {
    add(all, layout->state, HMB_JOURNAL_SIZE);
    add(all, layout->records, HMB_JOURNAL_SIZE);
    add(all, layout->mailbox, HMB_MAILBOX_SIZE);
    for (size_t i = 0; i < HMB_LISTS; i++) add(all, layout->list[i], HMB_LIST_AREA_SIZE);
    for (size_t i = 0; i < HMB_BANKS; i++)
        for (size_t slot = 0; slot < HMB_SLOTS; slot++)
            add(all, layout->bank[i].slot[slot], HMB_SLOT_PAYLOAD + layout->bank[i].payload_size);
}

static hmv_reason check_area(const hmb_range *area, uint32_t end) {
    if (area->from % HMB_ERASE_SIZE != 0 || area->size % HMB_ERASE_SIZE != 0) return HMB_LAYOUT_UNALIGNED;
    return area->size <= end && area->from <= end - area->size ? HMV_ACCEPTED : HMB_LAYOUT_OUTSIDE;
}

static int overlap(const hmb_range *a, const hmb_range *b) {
    return a->from < b->from + b->size && b->from < a->from + a->size;
}

static hmv_reason check_areas(const hmb_layout *layout) {
    areas all = {.count = 0};
    gather(layout, &all);
    for (size_t i = 0; i < all.count; i++) {
        hmv_reason answer = check_area(&all.area[i], layout->end);
        if (answer != HMV_ACCEPTED) return answer;
        for (size_t j = 0; j < i; j++)
            if (overlap(&all.area[i], &all.area[j])) return HMB_LAYOUT_OVERLAP;
    }
    return HMV_ACCEPTED;
}

/* A payload_size that is nearly 2^32 must not become a small size of the slot. */
static hmv_reason check_bank(const hmb_board *board, size_t number) {
    const hmb_bank *bank = &board->layout->bank[number];
    if (bank->component.size == 0 || bank->component.size > HMV_ID_MAX || bank->kind == 0) return HMB_LAYOUT_COMPONENT;
    if (bank->payload_size > UINT32_MAX - HMB_SLOT_PAYLOAD) return HMB_LAYOUT_OUTSIDE;
    return bank->payload_size <= board->memory[number].size ? HMV_ACCEPTED : HMB_LAYOUT_MEMORY;
}

hmv_reason hmb_layout_check(const hmb_board *board) {
    for (size_t i = 0; i < HMB_BANKS; i++) {
        hmv_reason answer = check_bank(board, i);
        if (answer != HMV_ACCEPTED) return answer;
    }
    return check_areas(board->layout);
}
