/* The verdict on one signer: what was signed, with which key, and who stands behind the key. */
#include "signed_parsed.h"

#include "crl_set.h"
#include "signed_content.h"
#include "trust.h"

#include <crypto/process.h>
#include <pki/timestamp.h>

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
    if (!signer->certificate && trust) return find_in_trust(signer, trust, found);
    if (!signer->certificate) return hm_refuse("the signer's certificate is not in the signature");
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
    hm_bytes der, v1 = signer->signing_certificate_v1, v2 = signer->signing_certificate;
    if (!v1.len && !v2.len) return HM_OK;
    HM_TRY(encode(certificate, &octets, &der));
    if (v1.len) HM_TRY(hm_attribute_check_signing_certificate_v1(v1, der));
    return v2.len ? hm_attribute_check_signing_certificate(v2, der) : HM_OK;
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

hm_err hm_signed_find_path(const hm_signed *parsed, hm_path_purpose purpose, const hm_trust *trust, int64_t now,
                           X509 *certificate, STACK_OF(X509) * *path, hm_verdict *verdict) {
    hm_path_rules rules = {.purpose = purpose, .anchors = trust->store, .untrusted = parsed->views, .now = now};
    if (hm_path_recall(trust->paths, purpose, certificate, parsed->views, now, path, verdict)) return HM_OK;
    HM_TRY(hm_path_find(certificate, &rules, path));
    HM_TRY(describe_path(*path, verdict));
    hm_path_keep(trust->paths, purpose, *path, verdict);
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

/* The second within which what STAMP is of was there for certain, by its authority's own word. The accuracy is rounded
 * up to seconds, so the fraction of the time cannot reach the next one. */
static int64_t latest_time(const hm_stamp *stamp) {
    return stamp->time + (int64_t)((stamp->accuracy + 999999) / 1000000);
}

static hm_err check_revocation(const STACK_OF(X509) * path, const hm_verify_rules *rules, const hm_stamp *stamp,
                               hm_verdict *verdict) {
    hm_revocation_rules by = {.crls = rules->crls,
                              .now = rules->now,
                              .required = rules->crl_required,
                              .stamped = stamp != NULL,
                              .at = stamp ? latest_time(stamp) : verdict->at};
    hm_revocation found;
    HM_TRY(hm_crls_judge(&by, path, &found));
    verdict->crl_judged = found.judged;
    verdict->revoked_since = found.revoked_since;
    verdict->revoked_at = found.since;
    verdict->revoked_reason = found.reason;
    return HM_OK;
}

/* RFC 3161 section 4: what was stamped before a revocation for one of these reasons stays stamped. */
static bool is_harmless(hm_crl_reason reason) {
    return reason == HM_CRL_UNSPECIFIED || reason == HM_CRL_AFFILIATION_CHANGED || reason == HM_CRL_SUPERSEDED ||
           reason == HM_CRL_CESSATION_OF_OPERATION;
}

hm_err hm_signed_check_authority(const STACK_OF(X509) * path, const hm_verify_rules *rules, const hm_stamp *stamp) {
    hm_revocation_rules by = {.crls = rules->crls,
                              .now = rules->now,
                              .required = rules->crl_required,
                              .stamped = true,
                              .at = latest_time(stamp)};
    hm_revocation found;
    HM_TRY(hm_crls_judge(&by, path, &found));
    if (!found.revoked_since || is_harmless(found.reason)) return HM_OK;
    return hm_refuse("the authority's certificate was revoked since (%s)", hm_crl_reason_word(found.reason));
}

hm_err hm_signed_check_token(const hm_signed *parsed, const hm_trust *more, X509 **certificate) {
    const hm_parsed_signer *signer = &parsed->signer[0];
    hm_digest content;
    if (!signer->info.known) return hm_refuse("the signature cannot be checked: %s", signer->info.why);
    if (!signer->signing_certificate.len && !signer->signing_certificate_v1.len)
        return hm_refuse("it does not say by which certificate it is signed (RFC 3161 section 2.4.2)");
    hm_digest_of(signer->info.digest, parsed->payload, &content);
    return check_signed_data(parsed, signer, &content, more, certificate);
}

/* What depends on the time, that of STAMP or, if it is NULL, now: is the certificate good then, and for what? */
static hm_err judge_at(const hm_signed *parsed, const hm_parsed_signer *signer, X509 *certificate,
                       const hm_verify_rules *rules, const hm_stamp *stamp, hm_verdict *verdict) {
    HM_X509_PATH *path = NULL;
    const int64_t at = stamp ? stamp->time : rules->now;
    HM_TRY(hm_signed_find_path(parsed, HM_FOR_CODE_SIGNING, rules->trust, at, certificate, &path, verdict));
    verdict->stamped = stamp != NULL;
    verdict->at = at;
    HM_TRY(check_revocation(path, rules, stamp, verdict));
    if (rules->product) HM_TRY(check_product(path, rules->product));
    return check_attributes(signer, verdict);
}

/* A refusal, with what there is to say about the timestamp. */
static hm_err refuse_with_stamp(hm_err err, const hm_stamp *stamp) {
    if (err.class != HM_REFUSED || stamp->standing == HM_STAMP_NONE) return err;
    hm_fault fault = hm_fault_keep(err);
    char time[HM_STAMP_TIME];
    hm_stamp_time(stamp->time, time);
    if (stamp->standing == HM_STAMP_GOOD) return hm_refuse("%s (timestamped %s)", fault.sentence, time);
    return hm_refuse("%s (its timestamp does not count: %s)", fault.sentence, stamp->why);
}

/* At the time of the timestamp, or now: whoever holds a file that is good without its timestamp can take that away, so
 * a timestamp makes nothing worse. */
static hm_err judge_certificate(const hm_signed *parsed, const hm_parsed_signer *signer, X509 *certificate,
                                const hm_verify_rules *rules, hm_verdict *verdict) {
    hm_stamp stamp = verdict->stamp;
    bool stamped = stamp.standing == HM_STAMP_GOOD;
    hm_err err = judge_at(parsed, signer, certificate, rules, stamped ? &stamp : NULL, verdict);
    verdict->stamp = stamp; /* what is remembered of a path has another's */
    if (stamped && err.class == HM_REFUSED) {
        hm_fault first = hm_fault_keep(err);
        err = judge_at(parsed, signer, certificate, rules, NULL, verdict);
        verdict->stamp = stamp;
        if (err.class == HM_REFUSED) err = hm_fault_raise(&first);
    }
    return refuse_with_stamp(err, &stamp);
}

static hm_err verify(const hm_signed *parsed, size_t index, const hm_digest *content, const hm_verify_rules *rules,
                     hm_verdict *verdict) {
    X509 *certificate;
    if (index >= parsed->signer_count) return hm_misuse("there is no signature %zu", index + 1);
    const hm_parsed_signer *signer = &parsed->signer[index];
    if (!signer->info.known) return hm_refuse("the signature cannot be checked: %s", signer->info.why);
    HM_TRY(parsed->structure == HM_STRUCTURE_COSE
               ? check_envelope(parsed, signer, content, &certificate)
               : check_signed_data(parsed, signer, content, rules->trust, &certificate));
    HM_TRY(hm_signed_stamp(parsed, index, rules, &verdict->stamp));
    return judge_certificate(parsed, signer, certificate, rules, verdict);
}

hm_err hm_signed_verify(const hm_signed *parsed, size_t index, const hm_digest *content, const hm_verify_rules *rules,
                        hm_verdict *verdict) {
    return hm_crypto_settle(verify(parsed, index, content, rules, verdict));
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
