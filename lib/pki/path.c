#include "path.h"

#include <crypto/process.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <time.h>

enum {
    SECURITY_LEVEL = 2, /* OpenSSL's: 112 bits, so RSA and DH from 2048 bits, no SHA-1 */
    TITLE_LEN = 80
};

static inline void free_context(X509_STORE_CTX **context) { X509_STORE_CTX_free(*context); }

static const char *date_text(const ASN1_TIME *time, char text[static 16]) {
    int64_t seconds;
    struct tm tm;
    if (hm_failed(hm_x509_time(time, &seconds)) || !gmtime_r(&(time_t){seconds}, &tm) ||
        !strftime(text, 16, "%Y-%m-%d", &tm))
        return "an unreadable date";
    return text;
}

static const struct {
    int error;
    const char *clause; /* behind "certificate NAME " */
} clauses[] = {
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "was not signed by its issuer"},
    {X509_V_ERR_INVALID_CA, "is used as a certification authority without being one"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "lies deeper than the path length of its issuers allows"},
    {X509_V_ERR_PERMITTED_VIOLATION, "has a name that its issuer's name constraints do not permit"},
    {X509_V_ERR_EXCLUDED_VIOLATION, "has a name that its issuer's name constraints exclude"},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "has a critical extension that is not known"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "has a key that is too short"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "has a key that is too short"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "is signed with a digest that is too weak"},
    {X509_V_ERR_INVALID_EXTENSION, "has a malformed extension"},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, "has a chain that is too long"},
};

static const int untrusted_errors[] = {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
                                       X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                       X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                                       X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE};

static bool is_untrusted(int error) {
    for (size_t i = 0; i < sizeof untrusted_errors / sizeof untrusted_errors[0]; i++)
        if (untrusted_errors[i] == error) return true;
    return false;
}

static hm_err refuse_path(X509_STORE_CTX *context, X509 *leaf) {
    char title[TITLE_LEN], date[16];
    int error = X509_STORE_CTX_get_error(context);
    X509 *current = X509_STORE_CTX_get_current_cert(context);
    X509 *at = current ? current : leaf;
    ERR_clear_error();
    hm_x509_title(at, title, sizeof title);
    if (error == X509_V_ERR_OUT_OF_MEM) return hm_no_memory();
    if (is_untrusted(error)) return hm_refuse("certificate \"%s\" does not lead to a trusted root", title);
    if (error == X509_V_ERR_CERT_NOT_YET_VALID)
        return hm_refuse("certificate \"%s\" is not valid before %s", title, date_text(X509_get0_notBefore(at), date));
    if (error == X509_V_ERR_CERT_HAS_EXPIRED)
        return hm_refuse("certificate \"%s\" expired on %s", title, date_text(X509_get0_notAfter(at), date));
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++)
        if (clauses[i].error == error) return hm_refuse("certificate \"%s\" %s", title, clauses[i].clause);
    return hm_refuse("certificate \"%s\": %s", title, X509_verify_cert_error_string(error));
}

static hm_err set_rules(X509_STORE_CTX *context, const hm_path_rules *rules) {
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(parameters, HM_CHAIN_MAX - 2); /* certificates between leaf and anchor */
    X509_VERIFY_PARAM_set_time(parameters, (time_t)rules->now);
    if (rules->any_anchor && !X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN)) return hm_no_memory();
    return HM_OK;
}

/* SHA-256 or better. OpenSSL's level lets SHA-224 pass. Ed25519 has no digest to choose. */
static hm_err check_digest(X509 *certificate, const char *title) {
    int digest, key;
    if (!X509_get_signature_info(certificate, &digest, &key, NULL, NULL))
        return hm_refuse("certificate \"%s\" is signed with an unknown algorithm", title);
    if (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512 || key == NID_ED25519) return HM_OK;
    return hm_refuse("certificate \"%s\" is signed with a digest that is too weak or unknown", title);
}

static const struct {
    uint32_t usage; /* OpenSSL's bit */
    const char *name;
} purposes[] = {
    [HM_FOR_CODE_SIGNING] = {XKU_CODE_SIGN, "code signing"},
    [HM_FOR_TIME_STAMPING] = {XKU_TIMESTAMP, "time stamping"},
};

/* An EKU in a CA certificate limits what it certifies, as CAs, browsers and Windows read it. */
static hm_err check_issuer(X509 *certificate, hm_path_purpose purpose, const char *title) {
    uint32_t usages = X509_get_extended_key_usage(certificate);
    if (X509_check_ca(certificate) != 1)
        return hm_refuse("certificate \"%s\" is used as a certification authority without being one", title);
    if (usages != UINT32_MAX && !(usages & (purposes[purpose].usage | XKU_ANYEKU)))
        return hm_refuse("certificate \"%s\" may not issue certificates for %s", title, purposes[purpose].name);
    return HM_OK;
}

/* RFC 3161 section 2.3: a key that stamps does nothing else, and says so in a way that nobody may overlook. OpenSSL's
 * bits leave out purposes that it does not know. */
static hm_err check_stamps_only(X509 *leaf, const char *title) {
    int critical;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(leaf, NID_ext_key_usage, &critical, NULL);
    int count = sk_ASN1_OBJECT_num(usages);
    sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
    ERR_clear_error();
    if (count != 1) return hm_refuse("certificate \"%s\" is not for time stamping alone", title);
    if (critical != 1)
        return hm_refuse("certificate \"%s\" is for time stamping, but its extended key usage is not critical", title);
    uint32_t usage = X509_get_key_usage(leaf);
    if (usage != UINT32_MAX && usage & ~(uint32_t)(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
        return hm_refuse("certificate \"%s\" is for more than signatures (by its key usage)", title);
    return HM_OK;
}

static hm_err check_leaf(X509 *leaf, hm_path_purpose purpose, const char *title) {
    const char *name = purposes[purpose].name;
    uint32_t usages = X509_get_extended_key_usage(leaf), usage = X509_get_key_usage(leaf);
    if (X509_get_extension_flags(leaf) & EXFLAG_INVALID) return hm_refuse("certificate \"%s\" is malformed", title);
    if (usages == UINT32_MAX) return hm_refuse("certificate \"%s\" is not for %s (no extended key usage)", title, name);
    if (!(usages & purposes[purpose].usage))
        return hm_refuse("certificate \"%s\" is not for %s (by its extended key usage)", title, name);
    if (purpose == HM_FOR_TIME_STAMPING) HM_TRY(check_stamps_only(leaf, title));
    /* Without the extension every use is allowed (RFC 5280 section 4.2.1.3). */
    uint32_t signatures = KU_DIGITAL_SIGNATURE | (purpose == HM_FOR_TIME_STAMPING ? KU_NON_REPUDIATION : 0);
    if (!(usage & signatures))
        return hm_refuse("certificate \"%s\" is not for digital signatures (by its key usage)", title);
    return HM_OK;
}

hm_err hm_path_check_leaf(X509 *leaf, hm_path_purpose purpose) {
    char title[TITLE_LEN];
    hm_x509_title(leaf, title, sizeof title);
    return hm_crypto_settle(check_leaf(leaf, purpose, title));
}

static hm_err check_path(const STACK_OF(X509) * path, hm_path_purpose purpose) {
    char title[TITLE_LEN];
    int count = sk_X509_num(path);
    for (int i = 0; i < count; i++) {
        X509 *certificate = sk_X509_value(path, i);
        hm_x509_title(certificate, title, sizeof title);
        HM_TRY(i == 0 ? check_leaf(certificate, purpose, title) : check_issuer(certificate, purpose, title));
        /* The anchor's own signature proves nothing and is not looked at. */
        if (i + 1 < count) HM_TRY(check_digest(certificate, title));
    }
    return HM_OK;
}

static hm_err begin_search(X509_STORE_CTX *context, X509 *leaf, const hm_path_rules *rules) {
    /* OpenSSL takes the untrusted certificates without const, and only looks at them. */
    union {
        const STACK_OF(X509) * constant;
        STACK_OF(X509) * plain;
    } untrusted = {rules->untrusted};
    if (!context || !X509_STORE_CTX_init(context, rules->anchors, leaf, untrusted.plain)) return hm_no_memory();
    return set_rules(context, rules);
}

hm_err hm_path_leads_to_anchor(X509 *leaf, const hm_path_rules *rules, bool *does) {
    __attribute__((cleanup(free_context))) X509_STORE_CTX *context = X509_STORE_CTX_new();
    HM_TRY(begin_search(context, leaf, rules));
    *does = X509_verify_cert(context) == 1 || !is_untrusted(X509_STORE_CTX_get_error(context));
    ERR_clear_error();
    return hm_crypto_settle(HM_OK);
}

static hm_err find(X509 *leaf, const hm_path_rules *rules, STACK_OF(X509) * *path) {
    __attribute__((cleanup(free_context))) X509_STORE_CTX *context = X509_STORE_CTX_new();
    HM_TRY(begin_search(context, leaf, rules));
    if (X509_verify_cert(context) != 1) return refuse_path(context, leaf);
    ERR_clear_error();
    HM_TRY(check_path(X509_STORE_CTX_get0_chain(context), rules->purpose));
    *path = X509_STORE_CTX_get1_chain(context);
    return *path ? HM_OK : hm_no_memory();
}

hm_err hm_path_find(X509 *leaf, const hm_path_rules *rules, STACK_OF(X509) * *path) {
    *path = NULL;
    hm_err err = hm_crypto_settle(find(leaf, rules, path));
    if (hm_failed(err)) hm_x509_path_clear(path);
    return err;
}
