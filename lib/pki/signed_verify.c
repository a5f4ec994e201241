/* The verdict on one signer: what was signed, with which key, and who stands behind the key. */
#include "signed_parsed.h"

#include "path.h"
#include "signed_content.h"
#include "trust.h"

#include <openssl/crypto.h>

/* A DER encoding that OpenSSL made for us. */
static inline void free_octets(unsigned char **octets) { OPENSSL_free(*octets); }
#define OCTETS __attribute__((cleanup(free_octets))) unsigned char

static hm_err refuse_content(void) {
    return hm_refuse("the content is not what was signed (changed since, or the signature is another file's)");
}

/* CONTENT, which the caller computed, against the digest that stands in the structure. */
static hm_err check_content(const hm_signed *parsed, const hm_parsed_signer *signer, const hm_digest *content) {
    hm_digest message;
    if (content->algorithm != signer->info.digest || content->len != hm_digest_len(content->algorithm))
        return hm_misuse("the content's digest is not of the algorithm that the signature names");
    hm_bytes digest = hm_digest_bytes(content);
    if (parsed->structure == HM_STRUCTURE_CMS)
        /* Without attributes there is nothing to compare; the signature itself is over the content. */
        return !signer->has_attributes || hm_bytes_equal(signer->message_digest, digest) ? HM_OK : refuse_content();
    hm_digest_of(signer->info.digest, signer->indirect_data, &message);
    if (!hm_bytes_equal(signer->message_digest, hm_digest_bytes(&message)))
        return hm_refuse("the signed attributes belong to other content");
    return hm_bytes_equal(signer->image_digest, digest) ? HM_OK : refuse_content();
}

static hm_err encode(X509 *certificate, unsigned char **octets, hm_bytes *der) {
    int len = i2d_X509(certificate, octets);
    if (len <= 0) return hm_no_memory();
    *der = HM_BYTES(*octets, (size_t)len);
    return HM_OK;
}

/* A signer's certificate that the verifier has and the structure has not. */
static hm_err find_in_trust(const hm_parsed_signer *signer, const hm_trust *trust, X509 **found) {
    for (int i = 0; i < sk_X509_num(trust->certificates); i++) {
        X509 *certificate = sk_X509_value(trust->certificates, i);
        OCTETS *octets = NULL;
        hm_bytes der;
        hm_cert_parts parts;
        HM_TRY(encode(certificate, &octets, &der));
        HM_TRY(hm_cert_cut(der, &parts));
        if (!hm_signer_is(signer, parts.issuer, parts.serial, certificate)) continue;
        *found = certificate;
        return HM_OK;
    }
    return hm_refuse("the signer's certificate is not in the signature, nor among those that are trusted");
}

static hm_err find_certificate(const hm_parsed_signer *signer, const hm_trust *trust, X509 **found) {
    if (!signer->certificate) return find_in_trust(signer, trust, found);
    *found = signer->certificate->x509;
    return HM_OK;
}

static hm_err encode_key(X509 *certificate, unsigned char **octets, hm_bytes *spki) {
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), octets);
    if (len <= 0) return hm_no_memory();
    *spki = HM_BYTES(*octets, (size_t)len);
    return HM_OK;
}

static hm_err check_signing_certificate(const hm_parsed_signer *signer, X509 *certificate) {
    OCTETS *octets = NULL;
    hm_bytes der;
    if (!signer->signing_certificate.len) return HM_OK;
    HM_TRY(encode(certificate, &octets, &der));
    return hm_attribute_check_signing_certificate(signer->signing_certificate, der);
}

static hm_err check_signature(const hm_parsed_signer *signer, X509 *certificate, const hm_digest *content) {
    HM_BUF attributes = HM_BUF_EMPTY;
    OCTETS *octets = NULL;
    hm_bytes spki;
    HM_TRY(encode_key(certificate, &octets, &spki));
    if (!signer->has_attributes) return hm_verify_digest(spki, signer->info.scheme, content, signer->signature);
    /* Signed as a SET OF, written with the tag [0] (RFC 5652 section 5.4). */
    HM_TRY(hm_der_put(&attributes, HM_DER_SET, signer->attributes));
    return hm_verify(spki, signer->info.scheme, hm_buf_bytes(&attributes), signer->signature);
}

static hm_err check_unit(X509 *certificate, const char *product) {
    char title[80], unit[65];
    if (hm_x509_name_has_unit(X509_get_subject_name(certificate), product)) return HM_OK;
    hm_x509_title(certificate, title, sizeof title);
    hm_x509_name_part(X509_get_subject_name(certificate), NID_organizationalUnitName, unit, sizeof unit);
    if (!unit[0]) return hm_refuse("certificate \"%s\" is not for product \"%s\"", title, product);
    return hm_refuse("certificate \"%s\" is for product \"%s\", not for \"%s\"", title, unit, product);
}

/* The signing certificate's word for its product counts only if the CA above may speak for that product. */
static hm_err check_product(const STACK_OF(X509) * path, const char *product) {
    HM_TRY(check_unit(sk_X509_value(path, 0), product));
    if (sk_X509_num(path) < 2) return hm_refuse("the signing certificate has no product CA above it");
    return check_unit(sk_X509_value(path, 1), product);
}

static hm_err describe_path(const STACK_OF(X509) * path, hm_verdict *verdict) {
    verdict->development = false;
    verdict->chain_len = 0;
    for (int i = 0; i < sk_X509_num(path); i++) {
        hm_cert_info *info = &verdict->chain[i];
        HM_TRY(hm_x509_describe(sk_X509_value(path, i), info));
        verdict->development |= info->development;
        verdict->chain_len++;
    }
    return HM_OK;
}

/* An office always signs attributes. A signature by its certificate without them was made from one with them: cut
 * loose, the attributes themselves pass for signed content (RFC 5652 section 5.4 has one key sign both). */
static hm_err check_attributes(const hm_parsed_signer *signer, const hm_verdict *verdict) {
    const hm_cert_info *leaf = &verdict->chain[0];
    if (signer->has_attributes || !(leaf->development || leaf->production)) return HM_OK;
    return hm_refuse("the signed attributes were taken away");
}

/* The path from CERTIFICATE to a trusted root, described. */
static hm_err judge_certificate(const hm_signed *parsed, X509 *certificate, const hm_verify_rules *rules,
                                STACK_OF(X509) * *path, hm_verdict *verdict) {
    const hm_trust *trust = rules->trust;
    hm_path_rules path_rules = {.anchors = trust->store, .untrusted = parsed->views, .now = rules->now};
    if (hm_path_recall(trust->paths, certificate, parsed->views, rules->now, path, verdict)) return HM_OK;
    HM_TRY(hm_path_find(certificate, &path_rules, path));
    HM_TRY(describe_path(*path, verdict));
    hm_path_keep(trust->paths, *path, verdict);
    return HM_OK;
}

/* Content and signature; CERTIFICATE is the signer's. */
static hm_err check_signed_data(const hm_signed *parsed, const hm_parsed_signer *signer, const hm_digest *content,
                                const hm_trust *trust, X509 **certificate) {
    HM_TRY(check_content(parsed, signer, content));
    HM_TRY(find_certificate(signer, trust, certificate));
    HM_TRY(check_signing_certificate(signer, *certificate));
    return check_signature(signer, *certificate, content);
}

/* An envelope names its signer by the key, so without a certificate there is nothing to lead to a root. */
static hm_err check_envelope(const hm_signed *parsed, const hm_parsed_signer *signer, const hm_digest *content,
                             X509 **certificate) {
    OCTETS *octets = NULL;
    hm_bytes spki;
    if (!signer->certificate)
        return hm_refuse("it carries no certificate of its signer (give the devices' trust list with --trust LIST)");
    *certificate = signer->certificate->x509;
    HM_TRY(encode_key(*certificate, &octets, &spki));
    return hm_signed_check_envelope(parsed, signer, spki, content);
}

hm_err hm_signed_verify(const hm_signed *parsed, size_t index, const hm_digest *content, const hm_verify_rules *rules,
                        hm_verdict *verdict) {
    X509 *certificate;
    HM_X509_PATH *path = NULL;
    if (index >= parsed->signer_count) return hm_misuse("there is no signature %zu", index + 1);
    const hm_parsed_signer *signer = &parsed->signer[index];
    if (!signer->info.known) return hm_refuse("the signature cannot be checked: %s", signer->info.why);
    HM_TRY(parsed->structure == HM_STRUCTURE_COSE
               ? check_envelope(parsed, signer, content, &certificate)
               : check_signed_data(parsed, signer, content, rules->trust, &certificate));
    HM_TRY(judge_certificate(parsed, certificate, rules, &path, verdict));
    if (rules->product) HM_TRY(check_product(path, rules->product));
    return check_attributes(signer, verdict);
}

hm_err hm_signed_covers(const hm_signed *parsed, size_t index, const hm_digest *content) {
    if (index >= parsed->signer_count) return hm_misuse("there is no signature %zu", index + 1);
    const hm_parsed_signer *signer = &parsed->signer[index];
    if (!signer->info.known) return hm_refuse("the signature cannot be checked: %s", signer->info.why);
    if (!signer->certificate || parsed->structure == HM_STRUCTURE_COSE)
        return hm_refuse("it carries no certificate of its signer");
    X509 *certificate = signer->certificate->x509;
    HM_TRY(check_content(parsed, signer, content));
    HM_TRY(check_signing_certificate(signer, certificate));
    return check_signature(signer, certificate, content);
}
