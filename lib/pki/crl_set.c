/* Revocation lists of others: read strictly, and judged by. */
#include "crl_set.h"

#include "tlv.h"

#include <crypto/process.h>

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LISTS_MAX = 256, TITLE_LEN = 80 };

typedef struct {
    X509_CRL *crl;
    AUTHORITY_KEYID *issuer_key; /* NULL: not named */
    ASN1_INTEGER *number;        /* NULL: it has none */
    int64_t this_update, next_update;
    X509 *verified_by; /* under the lock */
} revocation_list;

struct hm_crls {
    size_t count;
    revocation_list list[LISTS_MAX];
    pthread_mutex_t *lock; /* of what is remembered of them */
    pthread_mutex_t storage;
};

static void clear_list(revocation_list *list) {
    X509_CRL_free(list->crl);
    AUTHORITY_KEYID_free(list->issuer_key);
    ASN1_INTEGER_free(list->number);
    X509_free(list->verified_by);
}
#define LIST __attribute__((cleanup(clear_list))) revocation_list

hm_err hm_crls_new(hm_crls **crls) {
    *crls = calloc(1, sizeof **crls);
    if (!*crls) return hm_no_memory();
    (*crls)->lock = &(*crls)->storage;
    pthread_mutex_init((*crls)->lock, NULL);
    return HM_OK;
}

void hm_crls_free(hm_crls **crls) {
    if (!*crls) return;
    for (size_t i = 0; i < (*crls)->count; i++) clear_list(&(*crls)->list[i]);
    pthread_mutex_destroy((*crls)->lock);
    free(*crls);
    *crls = NULL;
}

size_t hm_crls_count(const hm_crls *crls) { return crls ? crls->count : 0; }

/* ---- reading ---- */

static hm_err parse(hm_bytes der, X509_CRL **crl) {
    hm_tlv whole;
    HM_TRY(hm_tlv_only(der, HM_DER_SEQUENCE, "revocation list", &whole));
    HM_TRY(hm_tlv_check(der));
    if (der.len > INT_MAX) return hm_refuse("a revocation list is too large");
    HM_TRY(hm_crypto_begin());
    const unsigned char *at = der.data;
    *crl = d2i_X509_CRL(NULL, &at, (long)der.len);
    ERR_clear_error();
    if (!*crl) return hm_refuse("not a revocation list");
    return at == der.data + der.len ? HM_OK : hm_refuse("a revocation list has bytes behind its end");
}

/* An extension that may stand once at most; *VALUE is NULL if it does not. */
static hm_err take_extension(const X509_CRL *crl, int nid, void **value) {
    int critical;
    *value = X509_CRL_get_ext_d2i(crl, nid, &critical, NULL);
    ERR_clear_error();
    return *value || critical == -1 ? HM_OK : hm_refuse("an extension of a revocation list is malformed");
}

/* RFC 5280 section 5.2. */
static hm_err check_extensions(const X509_CRL *crl) {
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        if (nid == NID_delta_crl)
            return hm_refuse("a delta revocation list says nothing by itself (give a complete one)");
        if (nid == NID_issuing_distribution_point)
            return hm_refuse("a revocation list that is of a part, or of other issuers (indirect), is not judged by "
                             "(give a complete one)");
        if (X509_EXTENSION_get_critical(extension))
            return hm_refuse("a revocation list has a critical extension that is not known");
    }
    return HM_OK;
}

/* RFC 5280 section 5.3: what cannot be understood of an entry could change whom it means. */
static hm_err check_entry(X509_REVOKED *entry) {
    for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++)
        if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, i)))
            return hm_refuse("a revocation list has a critical extension of an entry (it is indirect?)");
    return HM_OK;
}

/* In the order of their numbers, in which OpenSSL puts them anyway when it first looks for one. */
static hm_err check_entries(X509_CRL *crl) {
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
    const X509_REVOKED *before = NULL;
    sk_X509_REVOKED_sort(entries);
    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
        HM_TRY(check_entry(entry));
        if (before &&
            ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(before), X509_REVOKED_get0_serialNumber(entry)) == 0)
            return hm_refuse("a revocation list names a serial number twice");
        before = entry;
    }
    return HM_OK;
}

/* LIST is cleared by the caller, whatever comes of it. */
static hm_err read_list(hm_bytes der, revocation_list *list) {
    void *value;
    HM_TRY(parse(der, &list->crl));
    HM_TRY(check_extensions(list->crl));
    HM_TRY(take_extension(list->crl, NID_authority_key_identifier, &value));
    list->issuer_key = value;
    HM_TRY(take_extension(list->crl, NID_crl_number, &value));
    list->number = value;
    if (!X509_CRL_get0_nextUpdate(list->crl)) return hm_refuse("a revocation list does not say until when it counts");
    HM_TRY(hm_x509_time(X509_CRL_get0_lastUpdate(list->crl), &list->this_update));
    HM_TRY(hm_x509_time(X509_CRL_get0_nextUpdate(list->crl), &list->next_update));
    return check_entries(list->crl);
}

static hm_err add_der(hm_crls *crls, hm_bytes der) {
    LIST list = {0};
    HM_TRY(read_list(der, &list));
    if (crls->count == LISTS_MAX) return hm_refuse("more than %d revocation lists", LISTS_MAX);
    crls->list[crls->count++] = list;
    list = (revocation_list){0};
    return HM_OK;
}

static inline void free_bio(BIO **bio) { BIO_free(*bio); }

static hm_err add_block(hm_crls *crls, BIO *text, size_t *found, bool *more) {
    char *label = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    *more = PEM_read_bio(text, &label, &header, &data, &len) == 1;
    bool at_end = !*more && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    hm_err err = *more || at_end ? HM_OK : hm_refuse("PEM text is damaged");
    ERR_clear_error();
    if (*more && strcmp(label, PEM_STRING_X509_CRL) == 0) {
        err = add_der(crls, HM_BYTES(data, (size_t)len));
        ++*found;
    }
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(data);
    return err;
}

static hm_err add_pem(hm_crls *crls, hm_bytes pem) {
    size_t found = 0;
    HM_TRY(hm_crypto_begin());
    if (pem.len > INT_MAX) return hm_refuse("PEM text is too large");
    __attribute__((cleanup(free_bio))) BIO *text = BIO_new_mem_buf(pem.len ? (const void *)pem.data : "", (int)pem.len);
    if (!text) return hm_no_memory();
    for (bool more = true; more;) HM_TRY(add_block(crls, text, &found, &more));
    return found ? HM_OK : hm_refuse("no revocation list in it (DER, or PEM with X509 CRL, is expected)");
}

hm_err hm_crls_add(hm_crls *crls, hm_bytes file) {
    size_t before = crls->count;
    bool der = file.len && file.data[0] == HM_DER_SEQUENCE;
    hm_err err = hm_crypto_settle(der ? add_der(crls, file) : add_pem(crls, file));
    while (hm_failed(err) && crls->count > before) clear_list(&crls->list[--crls->count]);
    return err;
}

static void describe_number(const ASN1_INTEGER *number, char *text, size_t size) {
    static const char digits[] = "0123456789abcdef";
    uint64_t value;
    text[0] = 0;
    if (!number) return;
    if (ASN1_INTEGER_get_uint64(&value, number)) {
        snprintf(text, size, "%llu", (unsigned long long)value);
        return;
    }
    ERR_clear_error();
    hm_bytes magnitude = HM_BYTES(ASN1_STRING_get0_data(number), (size_t)ASN1_STRING_length(number));
    size_t at = (size_t)snprintf(text, size, "%s0x", ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : "");
    for (size_t i = 0; i < magnitude.len && at + 2 < size; i++) {
        text[at++] = digits[magnitude.data[i] >> 4];
        text[at++] = digits[magnitude.data[i] & 15];
    }
    text[at] = 0;
}

hm_err hm_crl_describe(hm_bytes der, hm_crl_info *info) {
    LIST list = {0};
    HM_TRY(hm_crypto_settle(read_list(der, &list)));
    *info = (hm_crl_info){.this_update = list.this_update, .next_update = list.next_update};
    hm_x509_name_text(X509_CRL_get_issuer(list.crl), info->issuer, sizeof info->issuer);
    describe_number(list.number, info->number, sizeof info->number);
    int count = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list.crl));
    info->count = count > 0 ? (size_t)count : 0;
    return hm_crypto_settle(HM_OK);
}

/* ---- judging ---- */

/* Lists of a CA that has changed its key, of the same name, stand beside each other. */
static bool is_by(const revocation_list *list, X509 *issuer) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list->crl), X509_get_subject_name(issuer)) != 0) return false;
    return !list->issuer_key || X509_check_akid(issuer, list->issuer_key) == X509_V_OK;
}

static int compare_numbers(const ASN1_INTEGER *a, const ASN1_INTEGER *b) {
    if (!a || !b) return (a != NULL) - (b != NULL);
    return ASN1_INTEGER_cmp(a, b);
}

static bool is_newer(const revocation_list *list, const revocation_list *other) {
    int order = compare_numbers(list->number, other->number);
    return order > 0 || (order == 0 && list->this_update > other->this_update);
}

static revocation_list *newest_by(const hm_crls *crls, X509 *issuer) {
    const revocation_list *newest = NULL;
    for (size_t i = 0; i < crls->count; i++)
        if (is_by(&crls->list[i], issuer) && (!newest || is_newer(&crls->list[i], newest))) newest = &crls->list[i];
    /* What is remembered of it changes, under the lock. */
    union {
        const revocation_list *constant;
        revocation_list *plain;
    } found = {newest};
    return found.plain;
}

static bool is_strong(const X509_CRL *crl) {
    int digest, key;
    int nid = X509_CRL_get_signature_nid(crl);
    if (nid == NID_ED25519) return true;
    if (!OBJ_find_sigid_algs(nid, &digest, &key)) return false;
    return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
}

static hm_err verify_list(const revocation_list *list, X509 *issuer, const char *title) {
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    if (!(X509_get_key_usage(issuer) & KU_CRL_SIGN))
        return hm_refuse("certificate \"%s\" may not sign revocation lists, and there is one by its name", title);
    if (!is_strong(list->crl))
        return hm_refuse("the revocation list of \"%s\" is signed with an algorithm that is too weak or not known",
                         title);
    bool good = key && X509_CRL_verify(list->crl, key) == 1;
    ERR_clear_error();
    return good ? HM_OK : hm_refuse("the revocation list in the name of \"%s\" was not signed by it", title);
}

/* Once is enough. */
static hm_err check_signature(const hm_crls *crls, revocation_list *list, X509 *issuer, const char *title) {
    pthread_mutex_lock(crls->lock);
    bool known = list->verified_by == issuer;
    pthread_mutex_unlock(crls->lock);
    if (known) return HM_OK;
    HM_TRY(verify_list(list, issuer, title));
    pthread_mutex_lock(crls->lock);
    if (X509_up_ref(issuer)) {
        X509_free(list->verified_by);
        list->verified_by = issuer;
    }
    pthread_mutex_unlock(crls->lock);
    return HM_OK;
}

static const char *date_text(int64_t seconds, char text[static 24]) {
    struct tm tm;
    time_t time = seconds;
    if (!gmtime_r(&time, &tm) || !strftime(text, 24, "%Y-%m-%d %H:%M UTC", &tm)) return "an unreadable date";
    return text;
}

static hm_err check_dates(const revocation_list *list, int64_t now, const char *title) {
    char date[24];
    if (now < list->this_update)
        return hm_refuse("the revocation list of \"%s\" is not in force before %s", title,
                         date_text(list->this_update, date));
    if (now >= list->next_update)
        return hm_refuse("the revocation list of \"%s\" is stale since %s (get a newer one)", title,
                         date_text(list->next_update, date));
    return HM_OK;
}

/* The invalidity date may lie before the revocation, never after it. */
static hm_err read_entry(X509_REVOKED *entry, hm_revocation *about) {
    int critical, reason_critical;
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &reason_critical, NULL);
    ASN1_GENERALIZEDTIME *invalidity = X509_REVOKED_get_ext_d2i(entry, NID_invalidity_date, &critical, NULL);
    int64_t since;
    hm_err err = HM_OK;
    about->reason = reason ? (hm_crl_reason)ASN1_ENUMERATED_get(reason) : HM_CRL_UNSPECIFIED;
    bool malformed = (!reason && reason_critical != -1) || (!invalidity && critical != -1);
    if (malformed) err = hm_refuse("an entry of a revocation list is malformed");
    if (!hm_failed(err)) err = hm_x509_time(X509_REVOKED_get0_revocationDate(entry), &about->since);
    if (!hm_failed(err) && invalidity) err = hm_x509_time(invalidity, &since);
    if (!hm_failed(err) && invalidity && since < about->since) about->since = since;
    ASN1_ENUMERATED_free(reason);
    ASN1_GENERALIZEDTIME_free(invalidity);
    ERR_clear_error();
    return err;
}

static hm_err refuse_revoked(X509 *certificate, const hm_revocation *about, bool stamped) {
    char title[TITLE_LEN], date[24];
    const char *word = hm_crl_reason_word((uint64_t)about->reason);
    hm_x509_title(certificate, title, sizeof title);
    date_text(about->since, date);
    if (about->reason == HM_CRL_CERTIFICATE_HOLD)
        return hm_refuse("certificate \"%s\" is on hold since %s", title, date);
    return hm_refuse("certificate \"%s\" is revoked since %s (%s)%s", title, date, word ? word : "unknown reason",
                     stamped ? ", which is not certain to be after the time of the timestamp" : "");
}

/* What was certainly signed before the certificate became bad stays good (RFC 3161 section 1, appendix A). */
static hm_err judge_entry(const hm_revocation_rules *rules, X509 *certificate, X509_REVOKED *entry,
                          hm_revocation *found) {
    hm_revocation about = {0};
    HM_TRY(read_entry(entry, &about));
    if (!rules->stamped || rules->at >= about.since) return refuse_revoked(certificate, &about, rules->stamped);
    if (!found->revoked_since || about.since < found->since) {
        found->reason = about.reason;
        found->since = about.since;
    }
    found->revoked_since = true;
    return HM_OK;
}

static hm_err judge(const hm_revocation_rules *rules, X509 *certificate, X509 *issuer, hm_revocation *found) {
    char title[TITLE_LEN];
    X509_REVOKED *entry = NULL;
    revocation_list *list = rules->crls ? newest_by(rules->crls, issuer) : NULL;
    hm_x509_title(issuer, title, sizeof title);
    if (!list && rules->required)
        return hm_refuse("there is no revocation list of \"%s\" (give one with --crl FILE)", title);
    if (!list) return HM_OK;
    HM_TRY(check_signature(rules->crls, list, issuer, title));
    HM_TRY(check_dates(list, rules->now, title));
    found->judged++;
    /* 2: taken off a list again, which a complete one has no need to say. */
    int at = X509_CRL_get0_by_cert(list->crl, &entry, certificate);
    ERR_clear_error();
    return at == 1 ? judge_entry(rules, certificate, entry, found) : HM_OK;
}

static hm_err judge_path(const hm_revocation_rules *rules, const STACK_OF(X509) * path, hm_revocation *found) {
    for (int i = 0; i + 1 < sk_X509_num(path); i++)
        HM_TRY(judge(rules, sk_X509_value(path, i), sk_X509_value(path, i + 1), found));
    return HM_OK;
}

hm_err hm_crls_judge(const hm_revocation_rules *rules, const STACK_OF(X509) * path, hm_revocation *found) {
    *found = (hm_revocation){0};
    if (!rules->required && !hm_crls_count(rules->crls)) return HM_OK;
    return hm_crypto_settle(judge_path(rules, path, found));
}
