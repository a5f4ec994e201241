#include "algorithm_id.h"

#include "oid.h"

#include <stdio.h>

static const uint8_t null_octets[] = {HM_DER_NULL, 0};
static const hm_bytes null_parameters = {null_octets, sizeof null_octets};

/* RSASSA-PSS-params with SHA-256, MGF1 with SHA-256 and a salt of 32 octets (RFC 4055 section 3.1); the parameters of
 * the inner SHA-256 NULL or absent. */
static const uint8_t pss_with_null[] = {
    0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d,
    0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20};
static const uint8_t pss_without_null[] = {0x30, 0x30, 0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
                                           0x03, 0x04, 0x02, 0x01, 0xa1, 0x1a, 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                           0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                           0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0xa2, 0x03, 0x02, 0x01, 0x20};

static const struct {
    const hm_bytes *oid;
    hm_digest_algorithm digest; /* 0: named only to be refused */
    const char *name;
} digests[] = {
    {&hm_oid_sha256, HM_SHA256, "SHA-256"},
    {&hm_oid_sha384, HM_SHA384, "SHA-384"},
    {&hm_oid_sha512, HM_SHA512, "SHA-512"},
    {&hm_oid_sha1, 0, "SHA-1"},
    {&hm_oid_md5, 0, "MD5"},
};

/* What a SignerInfo may say. DIGEST 0: any digest fits, and the digest algorithm decides the scheme. */
static const struct {
    const hm_bytes *oid;
    bool null_allowed; /* the parameters may be NULL */
    hm_digest_algorithm digest;
    hm_scheme scheme;
} schemes[] = {
    {&hm_oid_rsa, true, HM_SHA256, HM_SCHEME_RSA_SHA256},
    {&hm_oid_rsa, true, HM_SHA384, HM_SCHEME_RSA_SHA384},
    {&hm_oid_rsa, true, HM_SHA512, HM_SCHEME_RSA_SHA512},
    {&hm_oid_rsa_sha256, true, HM_SHA256, HM_SCHEME_RSA_SHA256},
    {&hm_oid_rsa_sha384, true, HM_SHA384, HM_SCHEME_RSA_SHA384},
    {&hm_oid_rsa_sha512, true, HM_SHA512, HM_SCHEME_RSA_SHA512},
    {&hm_oid_ecdsa_sha256, false, HM_SHA256, HM_SCHEME_ECDSA_SHA256},
    {&hm_oid_ecdsa_sha384, false, HM_SHA384, HM_SCHEME_ECDSA_SHA384},
    {&hm_oid_ecdsa_sha512, false, HM_SHA512, HM_SCHEME_ECDSA_SHA512},
    {&hm_oid_ed25519, false, HM_SHA512, HM_SCHEME_ED25519},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static hm_err put_id(hm_buf *der, hm_bytes oid, bool null) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put(der, HM_DER_OID, oid));
    if (null) HM_TRY(hm_put(der, null_parameters));
    return hm_der_close(der, mark);
}

hm_err hm_put_certificate_algorithm(hm_buf *der, hm_scheme scheme) {
    if (scheme == HM_SCHEME_RSA_SHA256) return put_id(der, hm_oid_rsa_sha256, true);
    return hm_put_signer_algorithm(der, scheme);
}

hm_err hm_put_signer_algorithm(hm_buf *der, hm_scheme scheme) {
    switch (scheme) {
    case HM_SCHEME_RSA_SHA256:
        return put_id(der, hm_oid_rsa, true);
    case HM_SCHEME_ECDSA_SHA256:
        return put_id(der, hm_oid_ecdsa_sha256, false);
    case HM_SCHEME_ECDSA_SHA384:
        return put_id(der, hm_oid_ecdsa_sha384, false);
    case HM_SCHEME_ED25519:
        return put_id(der, hm_oid_ed25519, false);
    default:
        return hm_misuse("no key of ours signs with scheme %d", (int)scheme);
    }
}

hm_err hm_put_digest_algorithm(hm_buf *der, hm_digest_algorithm algorithm) {
    for (size_t i = 0; i < COUNT(digests); i++)
        if (digests[i].digest && digests[i].digest == algorithm) return put_id(der, *digests[i].oid, true);
    return hm_misuse("unknown digest algorithm %d", (int)algorithm);
}

hm_err hm_read_algorithm_id(hm_reader *reader, const char *what, hm_algorithm_id *id) {
    hm_reader inside;
    hm_tlv oid, parameters = {0, HM_NO_BYTES, HM_NO_BYTES};
    HM_TRY(hm_tlv_enter(reader, HM_DER_SEQUENCE, what, &inside));
    HM_TRY(hm_tlv_expect(&inside, HM_DER_OID, what, &oid));
    if (inside.rest.len) HM_TRY(hm_in(hm_tlv_read(&inside, &parameters), "%s", what));
    HM_TRY(hm_in(hm_read_end(&inside), "%s", what));
    *id = (hm_algorithm_id){oid.content, parameters.whole};
    return HM_OK;
}

static bool parameters_are_null_or_absent(const hm_algorithm_id *id) {
    return !id->parameters.len || hm_bytes_equal(id->parameters, null_parameters);
}

static void say_unknown(const char *what, hm_bytes oid, char *why, size_t size) {
    char dotted[64];
    hm_oid_text(oid, dotted, sizeof dotted);
    snprintf(why, size, "its %s algorithm %s is not known", what, dotted);
}

bool hm_digest_of_id(const hm_algorithm_id *id, hm_digest_algorithm *digest, char *why, size_t size) {
    for (size_t i = 0; i < COUNT(digests); i++) {
        if (!hm_bytes_equal(id->oid, *digests[i].oid)) continue;
        *digest = digests[i].digest;
        if (!digests[i].digest)
            snprintf(why, size, "its digest %s is too weak", digests[i].name);
        else if (!parameters_are_null_or_absent(id))
            snprintf(why, size, "its digest algorithm has odd parameters");
        else
            return true;
        return false;
    }
    say_unknown("digest", id->oid, why, size);
    return false;
}

static bool pss_scheme(const hm_algorithm_id *signature, hm_digest_algorithm digest, hm_scheme *scheme, char *why,
                       size_t size) {
    *scheme = HM_SCHEME_RSA_PSS_SHA256;
    if (digest == HM_SHA256 && (hm_bytes_equal(signature->parameters, HM_ARRAY(pss_with_null)) ||
                                hm_bytes_equal(signature->parameters, HM_ARRAY(pss_without_null))))
        return true;
    snprintf(why, size, "its RSA-PSS parameters are not SHA-256, MGF1 with SHA-256 and a salt of 32 bytes");
    return false;
}

bool hm_scheme_of_ids(const hm_algorithm_id *signature, hm_digest_algorithm digest, hm_scheme *scheme, char *why,
                      size_t size) {
    if (hm_bytes_equal(signature->oid, hm_oid_rsa_pss)) return pss_scheme(signature, digest, scheme, why, size);
    bool seen = false;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        if (!hm_bytes_equal(signature->oid, *schemes[i].oid)) continue;
        seen = true;
        if (schemes[i].digest != digest) continue;
        *scheme = schemes[i].scheme;
        if (!signature->parameters.len || (schemes[i].null_allowed && parameters_are_null_or_absent(signature)))
            return true;
        snprintf(why, size, "its signature algorithm has odd parameters");
        return false;
    }
    if (seen)
        snprintf(why, size, "its signature algorithm does not fit its digest algorithm");
    else
        say_unknown("signature", signature->oid, why, size);
    return false;
}
