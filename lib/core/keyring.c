/* The keys that sign for products, with their certificates. To find one takes the database, the token and a parse; a
 * core that serves many sessions does it once. */
#include "office.h"

#include <stdlib.h>

static hm_err ring_of(hm_office *office, int64_t product, hm_keyring **ring) {
    for (*ring = office->keyrings; *ring; *ring = (*ring)->next)
        if ((*ring)->product == product) return HM_OK;
    *ring = calloc(1, sizeof **ring);
    if (!*ring) return hm_no_memory();
    **ring = (hm_keyring){.next = office->keyrings, .product = product};
    office->keyrings = *ring;
    return HM_OK;
}

hm_err hm_keyring_get(hm_office *office, hm_key_algorithm algorithm, hm_signing_key **key) {
    hm_keyring *ring;
    HM_TRY(ring_of(office, office->session->product.id, &ring));
    *key = &ring->signing[algorithm];
    return (*key)->ready ? HM_OK : hm_ceremony_signing_key(office, &office->session->product, algorithm, *key);
}

void hm_keyring_forget(hm_office *office) {
    while (office->keyrings) {
        hm_keyring *ring = office->keyrings;
        office->keyrings = ring->next;
        for (size_t i = 0; i <= HM_KEY_ALGORITHMS; i++) hm_buf_clear(&ring->signing[i].material);
        free(ring);
    }
}
