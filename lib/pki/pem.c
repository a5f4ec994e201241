/* PEM (RFC 7468): certificates out of it. */
#include "pem.h"

#include "tlv.h"

#include <crypto/process.h>

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

static inline void free_bio(BIO **bio) { BIO_free(*bio); }

/* The next block of any kind. *MORE is false when there is none. The caller frees the three with OPENSSL_free. */
static hm_err read_block(BIO *text, char **label, char **header, unsigned char **data, long *len, bool *more) {
    *more = PEM_read_bio(text, label, header, data, len) == 1;
    if (*more) return HM_OK;
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return at_end ? HM_OK : hm_refuse("PEM text is damaged");
}

static bool is_certificate(const char *label) {
    return strcmp(label, PEM_STRING_X509) == 0 || strcmp(label, PEM_STRING_X509_OLD) == 0;
}

static hm_err take_certificate(hm_bytes der, size_t limit, size_t *count, hm_buf *out) {
    hm_tlv whole;
    HM_TRY(hm_tlv_only(der, HM_DER_SEQUENCE, "certificate", &whole));
    if (*count == limit) return hm_refuse("more than %zu certificates", limit);
    ++*count;
    return hm_put(out, der);
}

static hm_err take_block(BIO *text, size_t limit, size_t *count, hm_buf *out, bool *more) {
    char *label = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    hm_err err = read_block(text, &label, &header, &data, &len, more);
    if (!hm_failed(err) && *more && is_certificate(label))
        err = take_certificate(HM_BYTES(data, (size_t)len), limit, count, out);
    OPENSSL_free(label);
    OPENSSL_free(header);
    /* A file of certificates may hold its owner's key as well. */
    OPENSSL_clear_free(data, (size_t)len);
    return err;
}

static hm_err read_certificates(hm_bytes pem, size_t limit, hm_buf *der, size_t *count) {
    HM_TRY(hm_crypto_begin());
    if (pem.len > INT_MAX) return hm_refuse("PEM text is too large");
    __attribute__((cleanup(free_bio))) BIO *text = BIO_new_mem_buf(pem.len ? (const void *)pem.data : "", (int)pem.len);
    if (!text) return hm_no_memory();
    *count = 0;
    for (bool more = true; more;) HM_TRY(take_block(text, limit, count, der, &more));
    return *count ? HM_OK : hm_refuse("no certificate in it (PEM text is expected)");
}

hm_err hm_pem_certificates(hm_bytes pem, size_t limit, hm_buf *der, size_t *count) {
    return hm_crypto_settle(read_certificates(pem, limit, der, count));
}

hm_err hm_chain_from_pem(hm_bytes pem, hm_buf *der, hm_chain *chain) {
    size_t before = der->len, count;
    HM_TRY(hm_pem_certificates(pem, HM_CHAIN_MAX, der, &count));
    hm_bytes added;
    HM_TRY(hm_bytes_part(hm_buf_bytes(der), before, der->len - before, &added));
    hm_reader reader = hm_reader_of(added);
    for (size_t i = 0; i < count; i++) {
        hm_tlv certificate;
        HM_TRY(hm_tlv_read(&reader, &certificate));
        chain->cert[i] = certificate.whole;
    }
    chain->count = count;
    return HM_OK;
}

hm_err hm_chain_from_der(hm_bytes der, hm_chain *chain) {
    hm_reader reader = hm_reader_of(der);
    chain->count = 0;
    while (reader.rest.len) {
        hm_tlv certificate;
        if (chain->count == HM_CHAIN_MAX) return hm_refuse("more than %d certificates in a chain", HM_CHAIN_MAX);
        HM_TRY(hm_tlv_expect(&reader, HM_DER_SEQUENCE, "certificate", &certificate));
        chain->cert[chain->count++] = certificate.whole;
    }
    return HM_OK;
}
