/* Verification of whatever parses, against the root that stands behind the corpus (its keys are gone). */
#ifndef HM_FUZZ_SIGNED_H
#define HM_FUZZ_SIGNED_H

#include <pki/signed.h>

#include <stdlib.h>
#include <string.h>

static const char fuzz_root[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIBzzCCAXagAwIBAgIQErVHv5I/NiS2+z4DgFij0jAKBggqhkjOPQQDAjAjMQ0w\n"
                                "CwYDVQQKDARBY21lMRIwEAYDVQQDDAlBY21lIHJvb3QwHhcNMjUwOTIxMTQxMzIw\n"
                                "WhcNNDUxMTIwMTQxMzIwWjAjMQ0wCwYDVQQKDARBY21lMRIwEAYDVQQDDAlBY21l\n"
                                "IHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAReTtRmMZMtp111kaoFtu9E\n"
                                "my6gHY2iNLJ4VOT0+ptjgCCcZiz2+IsZopRdLM5eYy7W0whkJOOSKN3dyQ7rTymJ\n"
                                "o4GLMIGIMBIGA1UdEwEB/wQIMAYBAf8CAQEwDgYDVR0PAQH/BAQDAgEGMCIGA1Ud\n"
                                "IAQbMBkwFwYVaYPwnafrz97gx6GnssCUjMj513YBMB0GA1UdDgQWBBTsj4TwXfou\n"
                                "Fuc3ZQGzKEyNGDAG4jAfBgNVHSMEGDAWgBTsj4TwXfouFuc3ZQGzKEyNGDAG4jAK\n"
                                "BggqhkjOPQQDAgNHADBEAiAUofK8o1ZeLuCvWZdYJccndWyOx3FCZ+XjrwQptljv\n"
                                "EQIgJ7ahGkcyhFV07pe/aYErvMJLzZcEHQ1SgQIFVhZZ+1w=\n"
                                "-----END CERTIFICATE-----\n";

static inline const hm_trust *fuzz_trust(void) {
    static hm_trust *trust;
    if (!trust && hm_failed(hm_trust_from_pem(hm_text(fuzz_root), &trust))) abort();
    return trust;
}

/* What the corpus signs is "content"; whatever else the fuzzer makes of it, it must never get "other content" signed.
 */
static inline void fuzz_verify(const hm_signed *parsed, size_t index) {
    const hm_signer_info *info = hm_signed_at(parsed, index);
    hm_verify_rules rules = {.trust = fuzz_trust(), .now = 1790000000, .product = NULL};
    hm_digest content, other;
    hm_verdict verdict;
    hm_digest_algorithm digest = info->known ? info->digest : HM_SHA256;
    hm_digest_of(digest, hm_text("content"), &content);
    hm_digest_of(digest, hm_text("other content"), &other);
    hm_err err = hm_signed_verify(parsed, index, &content, &rules, &verdict);
    if (!hm_failed(err) && (verdict.chain_len < 1 || verdict.chain_len > HM_CHAIN_MAX || !info->known)) abort();
    if (!hm_failed(hm_signed_verify(parsed, index, &other, &rules, &verdict))) abort();
}

static inline void fuzz_signed(hm_structure structure, hm_bytes der) {
    HM_SIGNED *parsed = NULL;
    if (hm_failed(hm_signed_parse(structure, der, &parsed))) {
        if (parsed) abort();
        return;
    }
    size_t count = hm_signed_count(parsed);
    if (count < 1 || count > HM_SIGNERS_MAX) abort();
    for (size_t i = 0; i < count; i++) {
        const hm_signer_info *info = hm_signed_at(parsed, i);
        if (memchr(info->why, 0, sizeof info->why) == NULL || info->known == (info->why[0] != 0)) abort();
        fuzz_verify(parsed, i);
    }
}

#endif
