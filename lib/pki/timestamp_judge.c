/* The verdict on a timestamp: what it says, that it is about this signature, and whose word it is. */
#include <pki/timestamp.h>

#include "oid.h"
#include "signed_parsed.h"
#include "timestamp_token.h"
#include "trust.h"

#include <crypto/process.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TOKENS_MAX = 8 /* of one signer are judged */ };
#define ACCURACY_MAX (UINT64_C(3600) * 1000000)

void hm_stamp_time(int64_t unix_seconds, char text[static HM_STAMP_TIME]) {
    time_t seconds = unix_seconds;
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || !strftime(text, HM_STAMP_TIME, "%Y-%m-%d %H:%M:%S UTC", &utc))
        snprintf(text, HM_STAMP_TIME, "at an unreadable time");
}

static void put_hex(hm_bytes octets, char *text, size_t size) {
    size_t at = 0;
    text[0] = 0;
    for (size_t i = 0; i < octets.len && at + 2 < size; i++)
        at += (size_t)snprintf(&text[at], size - at, "%02x", octets.data[i]);
}

static void describe(const hm_tst_info *info, hm_stamp *stamp) {
    stamp->read = true;
    stamp->time = info->time;
    stamp->microseconds = info->microseconds;
    stamp->accuracy = info->accuracy;
    hm_oid_text(info->policy, stamp->policy, sizeof stamp->policy);
    put_hex(info->serial, stamp->serial, sizeof stamp->serial);
}

static hm_err check_imprint(const hm_tst_info *info, const hm_stamped *stamped) {
    hm_digest_algorithm algorithm;
    hm_digest digest;
    char why[96];
    if (!hm_digest_of_id(&info->imprint_algorithm, &algorithm, why, sizeof why)) return hm_refuse("%s", why);
    hm_digest_of(algorithm, stamped->signature, &digest);
    bool fits = stamped->sha256
                    ? algorithm == HM_SHA256 && hm_bytes_equal(info->imprint, HM_BYTES(stamped->sha256, HM_SHA256_LEN))
                    : hm_bytes_equal(info->imprint, hm_digest_bytes(&digest));
    return fits ? HM_OK : hm_refuse("it is of another signature");
}

static hm_err check_time(const hm_tst_info *info, int64_t now) {
    char time[HM_STAMP_TIME];
    if (info->accuracy > ACCURACY_MAX) return hm_refuse("its time may be wrong by more than an hour, as it says");
    hm_stamp_time(info->time, time);
    return info->time <= now + HM_STAMP_SKEW ? HM_OK : hm_refuse("its time lies in the future, %s", time);
}

static bool is_subject(X509 *certificate, const GENERAL_NAME *name) {
    return name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, X509_get_subject_name(certificate)) == 0;
}

static bool is_alternative(X509 *certificate, GENERAL_NAME *name) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        found |= GENERAL_NAME_cmp(name, sk_GENERAL_NAME_value(names, i)) == 0;
    GENERAL_NAMES_free(names);
    return found;
}

/* RFC 3161 section 2.4.2: the name must be one of the certificate's. */
static hm_err check_name(const hm_tst_info *info, X509 *certificate) {
    if (!info->tsa.len) return HM_OK;
    const unsigned char *at = info->tsa.data;
    GENERAL_NAME *name = d2i_GENERAL_NAME(NULL, &at, (long)info->tsa.len);
    bool fits = name && (is_subject(certificate, name) || is_alternative(certificate, name));
    GENERAL_NAME_free(name);
    ERR_clear_error();
    return fits ? HM_OK : hm_refuse("the authority that it names is not the one that signed it");
}

/* A stamp counts for every product, so whoever may certify for one of them has no say in it unless somebody named
 * authorities of their own. */
static hm_err check_certifier(const STACK_OF(X509) * path) {
    for (int i = 1; i + 1 < sk_X509_num(path); i++) {
        char title[80], unit[65];
        X509 *authority = sk_X509_value(path, i);
        hm_x509_name_part(X509_get_subject_name(authority), NID_organizationalUnitName, unit, sizeof unit);
        if (!unit[0]) continue;
        hm_x509_title(authority, title, sizeof title);
        return hm_refuse("its authority was certified by \"%s\", which is for product \"%s\"", title, unit);
    }
    return HM_OK;
}

static hm_err find_authority(const hm_signed *parsed, X509 *certificate, const hm_verify_rules *rules,
                             const hm_stamp *stamp) {
    HM_X509_PATH *path = NULL;
    hm_verdict ignored;
    if (!rules->tsa) return hm_refuse("its authority was not judged");
    HM_TRY(hm_signed_find_path(parsed, HM_FOR_TIME_STAMPING, rules->tsa, stamp->time, certificate, &path, &ignored));
    if (rules->tsa == rules->trust) HM_TRY(check_certifier(path));
    return hm_signed_check_authority(path, rules, stamp);
}

static hm_err check_stranger(const hm_signed *parsed, X509 *certificate, const hm_verify_rules *rules,
                             hm_stamp *stamp) {
    bool known = false;
    if (rules->tsa) {
        const hm_path_rules by = {.purpose = HM_FOR_TIME_STAMPING,
                                  .anchors = rules->tsa->store,
                                  .untrusted = parsed->views,
                                  .now = stamp->time};
        HM_TRY(hm_path_leads_to_anchor(certificate, &by, &known));
    }
    stamp->stranger = !known;
    return HM_OK;
}

/* Whose word is it? A path that cannot be found leaves a token that is right otherwise. */
static hm_err judge_path(const hm_signed *parsed, X509 *certificate, const hm_verify_rules *rules, hm_stamp *stamp) {
    hm_err err = find_authority(parsed, certificate, rules, stamp);
    if (err.class == HM_REFUSED) {
        stamp->standing = HM_STAMP_UNTRUSTED;
        snprintf(stamp->why, sizeof stamp->why, "%s", hm_err_sentence());
        return check_stranger(parsed, certificate, rules, stamp);
    }
    if (!hm_failed(err)) stamp->standing = HM_STAMP_GOOD;
    return err;
}

static hm_err check_content(const hm_tst_info *info, const hm_stamped *stamped, int64_t now) {
    HM_TRY(check_imprint(info, stamped));
    return check_time(info, now);
}

static hm_err check(hm_bytes token, const hm_stamped *stamped, const hm_verify_rules *rules, hm_token_check more,
                    const void *context, hm_stamp *stamp) {
    HM_SIGNED *parsed = NULL;
    X509 *certificate;
    hm_tst_info info;
    HM_TRY(hm_signed_parse_token(token, &parsed));
    HM_TRY(hm_tst_info_read(parsed->payload, &info));
    describe(&info, stamp);
    stamp->has_authority = parsed->signer[0].info.has_certificate;
    if (stamp->has_authority) stamp->authority = parsed->signer[0].info.certificate;
    HM_TRY(check_content(&info, stamped, rules->now));
    if (more) HM_TRY(more(&info, context));
    HM_TRY(hm_signed_check_token(parsed, rules->tsa, &certificate));
    HM_TRY(hm_path_check_leaf(certificate, HM_FOR_TIME_STAMPING));
    HM_TRY(check_name(&info, certificate));
    stamp->has_authority = true;
    HM_TRY(hm_x509_describe(certificate, &stamp->authority));
    return judge_path(parsed, certificate, rules, stamp);
}

hm_err hm_token_judge(hm_bytes token, const hm_stamped *stamped, const hm_verify_rules *rules, hm_token_check more,
                      const void *context, hm_stamp *stamp) {
    memset(stamp, 0, sizeof *stamp);
    stamp->standing = HM_STAMP_WRONG;
    hm_err err = hm_crypto_settle(check(token, stamped, rules, more, context, stamp));
    if (!hm_failed(err)) return HM_OK;
    stamp->standing = HM_STAMP_WRONG;
    snprintf(stamp->why, sizeof stamp->why, "%s", hm_err_sentence());
    return err;
}

hm_err hm_timestamp_check(hm_bytes token, hm_bytes signature, const hm_trust *tsa, int64_t now, hm_stamp *stamp) {
    const hm_stamped stamped = {.signature = signature};
    const hm_verify_rules rules = {.tsa = tsa, .now = now};
    return hm_in(hm_token_judge(token, &stamped, &rules, NULL, NULL, stamp), "timestamp");
}

/* Is NEW worth more than OLD? Of several good ones the earliest proves the most. */
static bool is_better(const hm_stamp *new, const hm_stamp *old) {
    if (new->standing != old->standing) return new->standing > old->standing;
    return new->standing == HM_STAMP_GOOD &&new->time < old->time;
}

/* Each value of one attribute. What is no DER ends it. */
static hm_err judge_values(hm_bytes values, const hm_stamped *stamped, const hm_verify_rules *rules, size_t *count,
                           hm_stamp *best) {
    hm_reader reader = hm_reader_of(values);
    do {
        hm_stamp stamp;
        hm_tlv token = {.whole = reader.rest};
        if (++*count > TOKENS_MAX) return HM_OK;
        if (hm_failed(hm_tlv_read(&reader, &token))) reader.rest = HM_NO_BYTES;
        hm_err err = hm_token_judge(token.whole, stamped, rules, NULL, NULL, &stamp);
        if (hm_failed(err) && err.class != HM_REFUSED) return err;
        if (is_better(&stamp, best)) *best = stamp;
    } while (reader.rest.len);
    return HM_OK;
}

hm_err hm_signed_stamp(const hm_signed *parsed, size_t index, const hm_verify_rules *rules, hm_stamp *stamp) {
    size_t count = 0;
    memset(stamp, 0, sizeof *stamp);
    if (index >= parsed->signer_count) return hm_misuse("there is no signature %zu", index + 1);
    const hm_parsed_signer *signer = &parsed->signer[index];
    const hm_stamped stamped = {.signature = signer->signature};
    for (size_t i = 0; i < signer->stamps; i++) HM_TRY(judge_values(signer->stamp[i], &stamped, rules, &count, stamp));
    return HM_OK;
}
