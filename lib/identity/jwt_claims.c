#include "jwt_claims.h"

#include <stdlib.h>

static hm_err check_issuer(const json_t *claims, const hm_issuer *issuer, hm_workload *w) {
    bool there;
    HM_TRY(hm_json_get_text(claims, "iss", &w->issuer, &there));
    return there && hm_bytes_equal(w->issuer, issuer->url) ? HM_OK : hm_refuse("it is of another issuer");
}

static bool is_text(const json_t *value, hm_bytes text) {
    return json_is_string(value) && hm_bytes_equal(HM_BYTES(json_string_value(value), json_string_length(value)), text);
}

static hm_err check_audience(const json_t *claims, const hm_issuer *issuer) {
    json_t *audience = json_object_get(claims, "aud"), *one;
    size_t i;
    bool ours = is_text(audience, issuer->audience);
    if (!audience) return hm_refuse("it has no \"aud\"");
    json_array_foreach(audience, i, one) {
        if (!json_is_string(one)) return hm_refuse("its \"aud\" is no list of texts");
        ours |= is_text(one, issuer->audience);
    }
    if (ours) return HM_OK;
    return hm_refuse("it is not for this office: \"aud\" must be %.*s", (int)issuer->audience.len,
                     (const char *)issuer->audience.data);
}

static hm_err check_subject(const json_t *claims, hm_workload *w) {
    bool there;
    HM_TRY(hm_json_get_text(claims, "sub", &w->subject, &there));
    if (w->subject.len && w->subject.len <= HM_TOKEN_SUBJECT_MAX) return HM_OK;
    return hm_refuse("its \"sub\" %s", !there ? "is missing" : w->subject.len ? "is too long" : "is empty");
}

static hm_err check_lifetime(int64_t begin, int64_t end, const hm_issuer *issuer) {
    if (end <= begin) return hm_refuse("it is over before it begins");
    if (end - begin <= (int64_t)issuer->max_lifetime) return HM_OK;
    return hm_refuse("it is valid for %lld seconds, and may be for %u", (long long)(end - begin),
                     (unsigned)issuer->max_lifetime);
}

static hm_err check_times(const json_t *claims, const hm_issuer *issuer, int64_t now, hm_workload *w) {
    int64_t issued, begin;
    bool has_end, has_issued, has_begin;
    HM_TRY(hm_json_get_time(claims, "exp", &w->expiry, &has_end));
    HM_TRY(hm_json_get_time(claims, "iat", &issued, &has_issued));
    HM_TRY(hm_json_get_time(claims, "nbf", &begin, &has_begin));
    if (!has_end) return hm_refuse("it has no \"exp\": it would never be over");
    if (now - HM_TOKEN_SKEW >= w->expiry)
        return hm_refuse("it was valid until %lld seconds ago", (long long)(now - w->expiry));
    if (has_issued && issued > now + HM_TOKEN_SKEW) return hm_refuse("it was issued in the future (check the clocks)");
    if (has_begin && begin > now + HM_TOKEN_SKEW) return hm_refuse("it is not valid yet (check the clocks)");
    if (has_begin && begin >= w->expiry) return hm_refuse("it is over before it begins");
    int64_t elsewise = now < w->expiry ? now : w->expiry - 1; /* within the skew */
    return check_lifetime(has_issued ? issued : has_begin ? begin : elsewise, w->expiry, issuer);
}

static hm_err name_token(const json_t *claims, hm_bytes covered, hm_workload *w) {
    hm_bytes name;
    bool there;
    HM_TRY(hm_json_get_text(claims, "jti", &name, &there));
    if (!there) return hm_sha256(covered, w->id), HM_OK;
    /* No JSON text that was read holds a zero, so no other pair gives these bytes; and no token does, which is ASCII.
     */
    HM_BUF bytes = HM_BUF_EMPTY;
    HM_TRY(hm_put(&bytes, w->issuer));
    HM_TRY(hm_put_u8(&bytes, 0));
    HM_TRY(hm_put(&bytes, name));
    hm_sha256(hm_buf_bytes(&bytes), w->id);
    return HM_OK;
}

static int by_name(const void *a, const void *b) {
    return hm_bytes_compare(((const hm_claim *)a)->name, ((const hm_claim *)b)->name);
}

static hm_err take_claims(json_t *claims, hm_workload *w) {
    const char *name;
    json_t *value;
    json_object_foreach(claims, name, value) {
        if (!json_is_string(value)) continue;
        hm_claim claim = {hm_text(name), HM_BYTES(json_string_value(value), json_string_length(value))};
        if (hm_failed(hm_claim_check(&claim))) continue;
        if (w->claims == HM_TOKEN_CLAIMS_MAX) return hm_refuse("it has more than %d claims", HM_TOKEN_CLAIMS_MAX);
        w->claim[w->claims++] = claim;
    }
    qsort(w->claim, w->claims, sizeof w->claim[0], by_name);
    return HM_OK;
}

hm_err hm_jwt_claims_judge(const json_t *claims, hm_bytes covered, const hm_issuer *issuer, int64_t now,
                           hm_workload *workload) {
    HM_TRY(check_issuer(claims, issuer, workload));
    HM_TRY(check_audience(claims, issuer));
    HM_TRY(check_subject(claims, workload));
    HM_TRY(check_times(claims, issuer, now, workload));
    HM_TRY(name_token(claims, covered, workload));
    /* It changes nothing; jansson walks objects through pointers that are not const. */
    return take_claims((json_t *)(uintptr_t)claims, workload);
}
