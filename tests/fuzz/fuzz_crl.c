/* layers: base crypto pki */
/* Revocation lists, taken into a set; the words of one must be fit for a terminal, and what is refused leaves the set
 * as it was. */
#include <pki/crl.h>

#include <stdlib.h>
#include <string.h>

static void check_words(const char *text, size_t size) {
    size_t len = strnlen(text, size);
    if (len == size) abort();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) abort();
}

static bool describe(hm_bytes der) {
    hm_crl_info info;
    if (hm_failed(hm_crl_describe(der, &info))) return false;
    check_words(info.issuer, sizeof info.issuer);
    check_words(info.number, sizeof info.number);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    HM_CRLS *crls = NULL;
    hm_bytes file = HM_BYTES(data, size);
    if (hm_failed(hm_crls_new(&crls))) return 0;
    bool taken = !hm_failed(hm_crls_add(crls, file));
    size_t count = hm_crls_count(crls);
    if (taken != (count != 0)) abort();
    /* A list in DER is taken just when it can be told of. */
    if (size && data[0] == 0x30 && describe(file) != taken) abort();
    if (taken && (hm_failed(hm_crls_add(crls, file)) || hm_crls_count(crls) != 2 * count)) abort();
    return 0;
}
