/* layers: base crypto identity */
/* Issuers that are read have all that one needs, each of them once. */
#include <identity/issuers.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hm_issuers issuers;
    hm_err err = hm_issuers_read(HM_BYTES(data, size), &issuers);
    must(hm_failed(err) == !issuers.count && issuers.count <= HM_ISSUERS_MAX);
    for (size_t i = 0; i < issuers.count; i++) {
        const hm_issuer *issuer = &issuers.issuer[i];
        size_t index;
        must(!hm_failed(hm_issuer_check(issuer->url)) && issuer->audience.len && issuer->keys.len);
        must(issuer->keys_in_file == (issuer->keys.data[0] == '/'));
        must(issuer->max_lifetime >= HM_LIFETIME_MIN && issuer->max_lifetime <= HM_LIFETIME_MAX && issuer->line);
        must(hm_issuers_find(&issuers, issuer->url, &index) == issuer && index == i);
    }
    return 0;
}
