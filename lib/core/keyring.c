/* The keys that sign for products, with their certificates. To find one takes the database, the token and a parse; a
 * core that serves many sessions does it once. */
#include "office.h"
#include "tsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CERTIFICATE: of the one key that is named by it; empty: the newest. */
static bool is_of(const hm_keyring *ring, int64_t product, hm_bytes release, hm_bytes certificate) {
    hm_bytes named = ring->is_named ? HM_ARRAY(ring->named) : HM_NO_BYTES;
    return ring->product == product && hm_bytes_equal(hm_text(ring->release), release) &&
           hm_bytes_equal(named, certificate);
}

static hm_err ring_of(hm_office *office, int64_t product, hm_bytes release, hm_bytes certificate, hm_keyring **ring) {
    for (*ring = office->keyrings; *ring; *ring = (*ring)->next)
        if (is_of(*ring, product, release, certificate)) return HM_OK;
    *ring = calloc(1, sizeof **ring);
    if (!*ring) return hm_no_memory();
    **ring = (hm_keyring){.next = office->keyrings, .product = product};
    snprintf((*ring)->release, sizeof(*ring)->release, "%.*s", (int)release.len, (const char *)release.data);
    (*ring)->is_named = certificate.len == sizeof(*ring)->named;
    if ((*ring)->is_named) memcpy((*ring)->named, certificate.data, certificate.len);
    office->keyrings = *ring;
    return HM_OK;
}

hm_err hm_keyring_has(hm_office *office, hm_key_algorithm algorithm, bool *has) {
    const hm_product *product = &office->session->product;
    const hm_keyring *ring = office->keyrings;
    hm_bytes release;
    HM_TRY(hm_key_release(office, hm_text(product->name), hm_text(office->session->release), &release));
    while (ring && !is_of(ring, product->id, release, HM_NO_BYTES)) ring = ring->next;
    *has = ring && ring->signing[algorithm].ready;
    return *has ? HM_OK : hm_ceremony_has_key(office, product, algorithm, release, has);
}

hm_err hm_keyring_get(hm_office *office, hm_key_algorithm algorithm, hm_signing_key **key) {
    hm_keyring *ring;
    hm_bytes release;
    HM_TRY(hm_key_release(office, hm_text(office->session->product.name), hm_text(office->session->release), &release));
    HM_TRY(ring_of(office, office->session->product.id, release, HM_NO_BYTES, &ring));
    *key = &ring->signing[algorithm];
    return (*key)->ready ? HM_OK : hm_ceremony_signing_key(office, &office->session->product, algorithm, release, *key);
}

hm_err hm_keyring_get_announced(hm_office *office, hm_key_algorithm algorithm, hm_bytes certificate,
                                hm_signing_key **key) {
    hm_keyring *ring;
    hm_bytes release;
    if (certificate.len && certificate.len != HM_SHA256_LEN)
        return hm_refuse("core language: a certificate is named by its SHA-256");
    hm_err err = hm_keyring_get(office, algorithm, key);
    if (!certificate.len) return err;
    /* That the newest cannot be had says nothing of the one that was announced. */
    if (!hm_failed(err) && hm_bytes_equal(HM_ARRAY((*key)->certificate_sha256), certificate)) return HM_OK;
    HM_TRY(hm_key_release(office, hm_text(office->session->product.name), hm_text(office->session->release), &release));
    HM_TRY(ring_of(office, office->session->product.id, release, certificate, &ring));
    *key = &ring->signing[algorithm];
    return (*key)->ready
               ? HM_OK
               : hm_ceremony_announced_key(office, &office->session->product, algorithm, release, certificate, *key);
}

void hm_keyring_forget(hm_office *office) {
    hm_tsa_forget_key(office);
    while (office->keyrings) {
        hm_keyring *ring = office->keyrings;
        office->keyrings = ring->next;
        for (size_t i = 0; i <= HM_KEY_ALGORITHMS; i++) hm_buf_clear(&ring->signing[i].material);
        free(ring);
    }
}
