#include "pe_signing.h"

#include "../software_signer.h"
#include "pe_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

struct pe_office {
    software_signer *root_key, *product_key, *keys[HM_KEY_ALGORITHMS + 1];
    hm_buf root, product, certificates[HM_KEY_ALGORITHMS + 1];
    hm_buf pem;
    hm_trust *trust;
    int64_t now;
};

static void must(hm_err err) {
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
}

static void issue(const pe_office *office, hm_cert_profile profile, hm_bytes spki, hm_bytes issuer,
                  const software_signer *issuer_key, hm_buf *der) {
    static const char *const names[] = {"", "Test Root", "Test Product CA", "Test Signing"};
    hm_cert_request request = {
        .profile = profile,
        .subject = {"Test Works", profile == HM_CERT_ROOT ? NULL : "pump", names[profile]},
        .spki = spki,
        .not_before = office->now - 3600,
        .not_after = office->now + 3600,
        .office = {1, 2, 3},
        .development = true,
    };
    must(hm_cert_issue(&request, issuer, software_signer_of(issuer_key), der));
}

static hm_bytes spki_of(const software_signer *key) { return software_signer_of(key)->spki; }

pe_office *pe_office_new(void) {
    pe_office *office = calloc(1, sizeof *office);
    assert_non_null(office);
    office->now = time(NULL);
    office->root_key = software_signer_new(HM_KEY_RSA3072);
    office->product_key = software_signer_new(HM_KEY_RSA3072);
    issue(office, HM_CERT_ROOT, spki_of(office->root_key), HM_NO_BYTES, office->root_key, &office->root);
    issue(office, HM_CERT_PRODUCT_CA, spki_of(office->product_key), hm_buf_bytes(&office->root), office->root_key,
          &office->product);
    static const hm_key_algorithm algorithms[] = {HM_KEY_ES256, HM_KEY_ES384, HM_KEY_RSA3072};
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        const hm_key_algorithm algorithm = algorithms[i];
        office->keys[algorithm] = software_signer_new(algorithm);
        issue(office, HM_CERT_SIGNING, spki_of(office->keys[algorithm]), hm_buf_bytes(&office->product),
              office->product_key, &office->certificates[algorithm]);
    }
    must(hm_pem_put(&office->pem, "CERTIFICATE", hm_buf_bytes(&office->root)));
    must(hm_trust_from_pem(hm_buf_bytes(&office->pem), &office->trust));
    return office;
}

void pe_office_free(pe_office *office) {
    for (size_t i = 0; i <= HM_KEY_ALGORITHMS; i++) {
        if (office->keys[i]) software_signer_free(&office->keys[i]);
        hm_buf_clear(&office->certificates[i]);
    }
    software_signer_free(&office->root_key);
    software_signer_free(&office->product_key);
    hm_buf_clear(&office->root);
    hm_buf_clear(&office->product);
    hm_buf_clear(&office->pem);
    hm_trust_free(&office->trust);
    free(office);
}

hm_bytes pe_office_root(const pe_office *office) { return hm_buf_bytes(&office->pem); }

hm_bytes pe_office_product(const pe_office *office) { return hm_buf_bytes(&office->product); }

void pe_office_sign(const pe_office *office, hm_key_algorithm algorithm, hm_bytes image, bool replace, hm_buf *out) {
    const hm_signer *signer = software_signer_of(office->keys[algorithm]);
    const hm_chain chain = {
        3,
        {hm_buf_bytes(&office->certificates[algorithm]), hm_buf_bytes(&office->product), hm_buf_bytes(&office->root)}};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = hm_scheme_digest(hm_key_scheme(algorithm))}}};
    uint8_t signature_hash[HM_SHA256_LEN];
    HM_BUF der = HM_BUF_EMPTY;
    hm_sink sink = hm_sink_to_buf(out);
    hm_subject *subject = pe_open_image(image);
    must(hm_format_pe.digest(subject, &digests, NULL, &sink, NULL, NULL));
    must(hm_signed_build(HM_STRUCTURE_AUTHENTICODE_PE, &digests.digest[0], &chain, office->now, signer, &der,
                         signature_hash));
    must(hm_format_pe.embed(subject, hm_buf_bytes(&der), replace, &sink));
    hm_format_pe.close(subject);
}

static hm_err verify_signature(const pe_office *office, hm_subject *subject, hm_bytes der, size_t *signers) {
    HM_SIGNED *parsed = NULL;
    HM_TRY(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, der, &parsed));
    const hm_verify_rules rules = {.trust = office->trust, .now = office->now, .product = "pump"};
    for (size_t i = 0; i < hm_signed_count(parsed); i++) {
        const hm_signer_info *info = hm_signed_at(parsed, i);
        if (!info->known) return hm_refuse("%s", info->why);
        hm_digests digests = {.count = 1, .digest = {{.algorithm = info->digest}}};
        hm_verdict verdict;
        HM_TRY(hm_format_pe.digest(subject, &digests, NULL, NULL, NULL, NULL));
        HM_TRY(hm_signed_verify(parsed, i, &digests.digest[0], &rules, &verdict));
        (*signers)++;
    }
    return HM_OK;
}

static hm_err verify_subject(const pe_office *office, hm_subject *subject, size_t *signers) {
    for (size_t i = 0; i < hm_format_pe.signatures(subject); i++)
        HM_TRY(verify_signature(office, subject, hm_format_pe.signature(subject, i), signers));
    return *signers ? HM_OK : hm_refuse("is not signed");
}

hm_err pe_office_verify(const pe_office *office, hm_bytes image, size_t *signers) {
    hm_input input = {.content = hm_source_of_memory(image)};
    hm_subject *subject;
    *signers = 0;
    HM_TRY(hm_format_pe.open(&input, &subject));
    hm_err err = verify_subject(office, subject, signers);
    hm_format_pe.close(subject);
    return err;
}
