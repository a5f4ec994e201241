/* How long keys serve: their cryptoperiod (NIST SP 800-57 Part 1, section 5.3), by time and by number of signatures;
 * when another takes their place; whether each release has one of its own, and whether one may have been made
 * elsewhere. The product's own policy says it, also while a temporary one is in force. */
#include "usage.h"

#include <policy/policy.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400 };

/* A text is read once, as long as it is the same. */
hm_err hm_key_terms_of(hm_office *office, hm_bytes product, hm_key_terms *terms) {
    static hm_policy policy;                 /* one core per process; too large for a stack */
    static uint8_t text[HM_POLICY_TEXT_MAX]; /* which it views */
    static size_t len;
    static bool is_read;
    *terms = (hm_key_terms){0};
    HM_TRY(hm_statements_load(office));
    if (!office->stated) return HM_OK;
    hm_bytes own = hm_registry_own_policy(office->registry, product);
    if (!own.len) return HM_OK;
    if (!is_read || !hm_bytes_equal(own, HM_BYTES(text, len))) {
        is_read = false;
        if (own.len > sizeof text) return hm_refuse("the policy is too long");
        memcpy(text, own.data, own.len);
        len = own.len;
        HM_TRY(hm_in(hm_policy_read(HM_BYTES(text, len), &policy), "the policy of %.*s", (int)product.len,
                     (const char *)product.data));
        is_read = true;
    }
    *terms = policy.terms;
    return HM_OK;
}

static hm_err session_terms(hm_office *office, hm_key_terms *terms) {
    return hm_key_terms_of(office, hm_text(office->session->product.name), terms);
}

hm_err hm_key_release(hm_office *office, hm_bytes product, hm_bytes named, hm_bytes *release) {
    hm_key_terms terms;
    *release = HM_NO_BYTES;
    HM_TRY(hm_key_terms_of(office, product, &terms));
    if (!terms.per_release) return HM_OK;
    *release = named;
    return named.len ? HM_OK
                     : hm_refuse("each release of %.*s has a key of its own, by its policy: name the release "
                                 "(--release)",
                                 (int)product.len, (const char *)product.data);
}

hm_err hm_key_of_release(hm_office *office, hm_bytes product, hm_bytes named, hm_bytes *release) {
    HM_TRY(hm_key_release(office, product, named, release));
    return !named.len || release->len
               ? HM_OK
               : hm_refuse("a release of %.*s has no key of its own (the line \"key per release\" "
                           "in its policy gives it one)",
                           (int)product.len, (const char *)product.data);
}

hm_err hm_key_uses(hm_office *office, const hm_product *product, const uint8_t token_id[static HM_KEY_ID_LEN],
                   int64_t created, int64_t time, uint64_t *uses) {
    int64_t age = time - created;
    uint32_t window = age < 0 ? 1 : age < UINT32_MAX - DAY ? (uint32_t)age + DAY : UINT32_MAX;
    return hm_usage_of_key(office, product, token_id, time, window, uses);
}

static hm_err end_of_time(const hm_product *product, const uint8_t *token_id, int64_t made_at,
                          const hm_key_terms *terms) {
    HM_BUF id = HM_BUF_EMPTY;
    char made[32];
    time_t created = made_at;
    struct tm tm;
    HM_TRY(hm_put_hex(&id, HM_BYTES(token_id, HM_KEY_ID_LEN)));
    if (!gmtime_r(&created, &tm) || !strftime(made, sizeof made, "%Y-%m-%d", &tm)) made[0] = 0;
    return hm_refuse("key %.*s was made on %s, and the policy lets a key of %s serve %u days (hallmark key rotate "
                     "makes the next one)",
                     (int)id.len, (const char *)id.data, made, product->name, (unsigned)(terms->period / DAY));
}

/* The database may have been changed: the token's word counts as well, where it is at hand. */
static hm_err check_origin(const hm_product *product, const hm_signing_key *key) {
    hm_key_origin origin = {.local = true};
    if (key->key) HM_TRY(hm_key_inspect(key->key, &origin));
    return key->imported || !origin.local
               ? hm_refuse("the key was imported, and the policy of %s says \"no imported keys\" (hallmark key rotate "
                           "makes another one)",
                           product->name)
               : HM_OK;
}

hm_err hm_key_serves(hm_office *office, const hm_product *product, const hm_signing_key *key, int64_t time) {
    hm_key_terms terms;
    uint64_t uses;
    HM_TRY(hm_key_terms_of(office, hm_text(product->name), &terms));
    if (terms.no_imported) HM_TRY(check_origin(product, key));
    if (terms.period && time - key->created >= (int64_t)terms.period)
        return end_of_time(product, key->token_id, key->created, &terms);
    if (!terms.period_signatures) return HM_OK;
    HM_TRY(hm_key_uses(office, product, key->token_id, key->created, time, &uses));
    if (uses < terms.period_signatures) return HM_OK;
    return hm_refuse("the key has made %llu signatures, and the policy lets a key of %s make %u (hallmark key rotate "
                     "makes the next one)",
                     (unsigned long long)uses, product->name, (unsigned)terms.period_signatures);
}

/* ---- rotation ---- */

static hm_err is_due(hm_office *office, const uint8_t *token_id, int64_t created, bool *due) {
    hm_key_terms terms;
    uint64_t uses = 0;
    int64_t now = hm_now();
    HM_TRY(session_terms(office, &terms));
    *due = terms.rotate && now - created >= (int64_t)terms.rotate;
    if (*due || !terms.rotate_signatures) return HM_OK;
    HM_TRY(hm_key_uses(office, &office->session->product, token_id, created, now, &uses));
    *due = uses >= terms.rotate_signatures;
    return HM_OK;
}

/* Whom the policy lets sign nothing has no key made, either. */
static hm_err rotate(hm_office *office, hm_key_algorithm algorithm) {
    HM_TRY(hm_rule_allows_new_key(office, algorithm, office->session->formats));
    return hm_ceremony_rotate(office, &office->session->product, algorithm, is_due);
}

hm_err hm_keys_rotate(hm_office *office) {
    hm_key_terms terms;
    HM_TRY(session_terms(office, &terms));
    if (!terms.rotate && !terms.rotate_signatures) return HM_OK;
    for (unsigned algorithm = 1; algorithm <= HM_KEY_ALGORITHMS; algorithm++) {
        if (!(office->session->product.algorithms >> algorithm & 1)) continue;
        hm_err err = rotate(office, (hm_key_algorithm)algorithm);
        /* It goes on with the key that there is, as long as that may serve; status tells that it is overdue. */
        if (hm_failed(err) && err.class != HM_REFUSED && err.class != HM_COULD_NOT) return err;
    }
    return HM_OK;
}
