/* layers: base crypto pki */
/* A certificate, described; its words must be fit for a terminal. Then the same bytes as PEM text. */
#include <pki/cert.h>

#include <stdlib.h>
#include <string.h>

static void check_words(const char *text, size_t size) {
    size_t len = strnlen(text, size);
    if (len == size) abort();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) abort();
}

static void describe(hm_bytes der) {
    hm_cert_info info;
    if (hm_failed(hm_cert_describe(der, &info))) return;
    check_words(info.subject, sizeof info.subject);
    check_words(info.issuer, sizeof info.issuer);
    check_words(info.common_name, sizeof info.common_name);
    check_words(info.organization, sizeof info.organization);
    check_words(info.product, sizeof info.product);
    check_words(info.serial, sizeof info.serial);
    check_words(info.key, sizeof info.key);
}

static void read_pem(hm_bytes text) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_TRUST *trust = NULL;
    hm_chain chain;
    if (hm_failed(hm_chain_from_pem(text, &der, &chain))) return;
    if (chain.count < 1 || chain.count > HM_CHAIN_MAX) abort();
    for (size_t i = 0; i < chain.count; i++) describe(chain.cert[i]);
    if (hm_failed(hm_trust_from_pem(text, &trust)) && trust) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    describe(HM_BYTES(data, size));
    read_pem(HM_BYTES(data, size));
    return 0;
}
