/* Certificates on record, and their revocation. */
#include "certificates.h"

#include <base/file.h>
#include <base/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANOTHER_PRODUCT "hallmark product add makes another product"

/* ---- what there is ---- */

/* Seconds since 1970, before anything was certified. */
enum { ALWAYS = 1 };

/* A revocation, as its entry has it. */
typedef struct {
    uint8_t sha256[HM_SHA256_LEN];
    hm_crl_reason reason;
    int64_t at, invalidity;
} revocation;

/* What a key signs with now. */
typedef struct {
    uint8_t sha256[HM_SHA256_LEN], token_id[HM_KEY_ID_LEN];
    bool on_record;
} current_certificate;

typedef struct {
    hm_office *office;
    hm_bytes product; /* empty: all */
    hm_certificate_visit visit;
    void *context;
    hm_certificate_entries entries;
    revocation *revoked;
    size_t revocations;
    current_certificate *current;
    size_t currents;
} listing;

static uint64_t number_of(hm_bytes details, const char *member) {
    uint64_t number;
    return hm_failed(hm_decimal_decode(hm_json_text_of(details, member), &number)) ? 0 : number;
}

static hm_err keep_revocation(void *context, const hm_entry_row *entry) {
    listing *l = context;
    hm_leaf leaf;
    HM_TRY(hm_certificate_entry_open(entry, &leaf));
    if (leaf.type != HM_LEAF_CEREMONY || leaf.digest_len != HM_SHA256_LEN) return HM_OK;
    revocation *larger = reallocarray(l->revoked, l->revocations + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    l->revoked = larger;
    revocation *r = &larger[l->revocations++];
    *r = (revocation){.reason = (hm_crl_reason)number_of(entry->details, "reason"),
                      .at = (int64_t)number_of(entry->details, "time"),
                      .invalidity = (int64_t)number_of(entry->details, "invalidity")};
    memcpy(r->sha256, leaf.digest, sizeof r->sha256);
    return HM_OK;
}

static hm_err keep_current(void *context, const hm_key_row *row) {
    listing *l = context;
    if (!row->certificate.len) return HM_OK;
    current_certificate *larger = reallocarray(l->current, l->currents + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    l->current = larger;
    larger[l->currents].on_record = false;
    hm_sha256(row->certificate, larger[l->currents].sha256);
    memcpy(larger[l->currents++].token_id, row->token_id, sizeof row->token_id);
    return HM_OK;
}

static int by_sha256(const void *a, const void *b) {
    return memcmp(((const current_certificate *)a)->sha256, ((const current_certificate *)b)->sha256, HM_SHA256_LEN);
}

/* A key that somebody else may have, nobody knows since when, was never good. */
static int64_t bad_since(const revocation *r) {
    bool theft = r->reason == HM_CRL_KEY_COMPROMISE || r->reason == HM_CRL_CA_COMPROMISE;
    return !r->invalidity && theft ? ALWAYS : r->invalidity;
}

/* Of several revocations the one that reaches back furthest, else the first: a later one cannot take anything back. */
static void judge(listing *l, hm_certificate *c) {
    for (size_t i = 0; i < l->revocations; i++) {
        const revocation *r = &l->revoked[i];
        if (memcmp(r->sha256, c->sha256, sizeof r->sha256) != 0) continue;
        bool graver = r->reason == HM_CRL_KEY_COMPROMISE || r->reason == HM_CRL_CA_COMPROMISE;
        int64_t at = c->revoked ? c->revoked_at : r->at, since = bad_since(r);
        if (!c->revoked || graver) c->reason = r->reason;
        c->revoked = true;
        c->revoked_at = at;
        if (since && (!c->invalidity || since < c->invalidity)) c->invalidity = since;
    }
    current_certificate key;
    memcpy(key.sha256, c->sha256, sizeof key.sha256);
    current_certificate *current =
        l->currents ? bsearch(&key, l->current, l->currents, sizeof *l->current, by_sha256) : NULL;
    if (!current) return;
    while (current > l->current && by_sha256(current - 1, &key) == 0) current--;
    c->current = c->has_key = true;
    memcpy(c->key, current->token_id, sizeof c->key);
    /* Several only if somebody has edited the database. */
    for (; current < l->current + l->currents && by_sha256(current, &key) == 0; current++) current->on_record = true;
}

static bool take_key(hm_bytes hex, uint8_t key[static HM_KEY_ID_LEN]) {
    HM_BUF bytes = HM_BUF_EMPTY;
    if (hm_failed(hm_hex_decode(hex, &bytes)) || bytes.len != HM_KEY_ID_LEN) return false;
    memcpy(key, bytes.data, HM_KEY_ID_LEN);
    return true;
}

static hm_err visit_entry(void *context, const hm_entry_row *entry) {
    listing *l = context;
    hm_leaf leaf;
    HM_TRY(hm_certificate_entry_open(entry, &leaf));
    if (leaf.type != HM_LEAF_CEREMONY || leaf.digest_len != HM_SHA256_LEN) return HM_OK;
    if (!hm_certificate_entry_counts(&l->entries, leaf.digest, entry->index)) return HM_OK;
    hm_bytes details = entry->details;
    hm_certificate c = {.product = hm_json_text_of(details, "product"),
                        .role = hm_json_text_of(details, "role"),
                        .serial = hm_json_text_of(details, "serial"),
                        .subject = hm_json_text_of(details, "subject"),
                        .issuer = hm_json_text_of(details, "issuer"),
                        .issued = (int64_t)number_of(details, "time"),
                        .not_after = (int64_t)number_of(details, "not_after"),
                        .imported = hm_certificate_entry_is_imported(entry)};
    c.has_key = take_key(hm_json_text_of(details, "key"), c.key);
    memcpy(c.sha256, leaf.digest, sizeof c.sha256);
    judge(l, &c);
    if (l->product.len && !hm_bytes_equal(l->product, c.product)) return HM_OK;
    return l->visit(l->context, &c);
}

static hm_err name_product(void *context, const hm_product_row *row) {
    hm_product *product = context;
    if (row->id == product->id)
        snprintf(product->name, sizeof product->name, "%.*s", (int)row->name.len, (const char *)row->name.data);
    return HM_OK;
}

static hm_err visit_row(listing *l, const hm_key_row *row) {
    hm_product product = {.id = row->product};
    hm_cert_info info;
    size_t found;
    HM_TRY(hm_store_products(l->office->store, NULL, name_product, &product, &found));
    if (l->product.len && !hm_bytes_equal(l->product, hm_text(product.name))) return HM_OK;
    HM_TRY(hm_cert_describe(row->certificate, &info));
    hm_certificate c = {.product = hm_text(product.name),
                        .role = hm_text(hm_key_role_name(row->role)),
                        .serial = hm_text(info.serial),
                        .subject = hm_text(info.subject),
                        .issuer = hm_text(info.issuer),
                        .issued = info.not_before,
                        .not_after = info.not_after,
                        .imported = row->imported_chain};
    memcpy(c.sha256, info.sha256, sizeof c.sha256);
    judge(l, &c);
    return l->visit(l->context, &c);
}

/* What was issued before entries could be found by this tag. */
static hm_err visit_unrecorded(void *context, const hm_key_row *row) {
    listing *l = context;
    for (size_t i = 0; row->certificate.len && i < l->currents; i++)
        if (memcmp(l->current[i].token_id, row->token_id, sizeof row->token_id) == 0 && !l->current[i].on_record)
            return visit_row(l, row);
    return HM_OK;
}

static hm_err run(listing *l) {
    size_t found;
    HM_TRY(hm_certificate_entries_find(l->office, &l->entries));
    HM_TRY(hm_store_entries_tagged(l->office->store, HM_REVOKED_TAG, keep_revocation, l));
    HM_TRY(hm_store_keys(l->office->store, -1, 0, 0, keep_current, l, &found));
    if (l->currents) qsort(l->current, l->currents, sizeof *l->current, by_sha256);
    HM_TRY(hm_store_entries_tagged(l->office->store, HM_CERTIFICATES_TAG, visit_entry, l));
    for (size_t i = 0; i < l->currents; i++)
        if (!l->current[i].on_record) return hm_store_keys(l->office->store, -1, 0, 0, visit_unrecorded, l, &found);
    return HM_OK;
}

hm_err hm_certificates_list(hm_office *office, const hm_product *product, hm_certificate_visit visit, void *context) {
    listing l = {.office = office,
                 .product = product ? hm_text(product->name) : HM_NO_BYTES,
                 .visit = visit,
                 .context = context};
    hm_err err = run(&l);
    hm_certificate_entries_clear(&l.entries);
    free(l.revoked);
    free(l.current);
    return err;
}

/* ---- revoking ---- */

/* A copy that outlives the visit. */
typedef struct {
    hm_bytes wanted; /* SHA-256 */
    bool found;
    hm_certificate certificate;
    hm_buf text; /* product, serial, role */
} search;
static void search_clear(search *s) { hm_buf_clear(&s->text); }
#define SEARCH __attribute__((cleanup(search_clear))) search

static hm_err keep_wanted(void *context, const hm_certificate *c) {
    search *s = context;
    if (!hm_bytes_equal(HM_ARRAY(c->sha256), s->wanted)) return HM_OK;
    s->found = true;
    s->certificate = *c;
    s->text.len = 0;
    HM_TRY(hm_put(&s->text, c->product));
    HM_TRY(hm_put(&s->text, c->serial));
    HM_TRY(hm_put(&s->text, c->role));
    hm_bytes all = hm_buf_bytes(&s->text);
    HM_TRY(hm_bytes_part(all, 0, c->product.len, &s->certificate.product));
    HM_TRY(hm_bytes_part(all, c->product.len, c->serial.len, &s->certificate.serial));
    return hm_bytes_part(all, c->product.len + c->serial.len, c->role.len, &s->certificate.role);
}

hm_err hm_certificate_is_issued(hm_office *office, hm_bytes sha256, bool *is) {
    SEARCH s = {.wanted = sha256};
    HM_TRY(hm_certificates_list(office, NULL, keep_wanted, &s));
    *is = s.found && !s.certificate.imported;
    return HM_OK;
}

static hm_err log_revoked(hm_office *office, const hm_certificate *c, const hm_product *product, hm_crl_reason reason,
                          int64_t invalidity) {
    HM_BUF details = HM_BUF_EMPTY;
    uint64_t index;
    hm_json json = hm_log_act(office, "certificate revoked", &details);
    hm_json_hex(&json, "certificate", HM_ARRAY(c->sha256));
    if (invalidity) hm_json_number(&json, "invalidity", invalidity);
    if (c->has_key) hm_json_hex(&json, "key", HM_ARRAY(c->key));
    if (product) hm_json_string(&json, "product", product->name);
    hm_json_number(&json, "reason", (int64_t)reason);
    hm_json_text(&json, "serial", c->serial);
    hm_json_number(&json, "time", hm_now());
    hm_json_string(&json, "why", hm_crl_reason_word((uint64_t)reason));
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY,
                        .product = product,
                        .digest = HM_ARRAY(c->sha256),
                        .details = hm_buf_bytes(&details),
                        .tag = HM_REVOKED_TAG};
    return hm_log_now(office, &record, &index);
}

static bool is_compromise(uint64_t reason) { return reason == HM_CRL_KEY_COMPROMISE || reason == HM_CRL_CA_COMPROMISE; }

static bool is_authority(const hm_certificate *c) {
    return hm_bytes_equal(c->role, hm_text("product CA")) || hm_bytes_equal(c->role, hm_text("root CA"));
}

/* Of what is destroyed nothing more can be stated: somebody may have had a copy all the same, so its certificates are
 * revoked one by one. */
static hm_err check_reason(const hm_office *office, const hm_certificate *c, uint64_t reason) {
    if (is_compromise(reason) && c->has_key && hm_key_state_of(office, c->key) == HM_KEY_DESTROYED) return HM_OK;
    if (is_compromise(reason))
        return hm_refuse("that is a key's matter: what it signed is in doubt, and not this certificate alone (hallmark "
                         "key compromise KEY --since TIME)");
    bool known = reason == HM_CRL_UNSPECIFIED || reason == HM_CRL_AFFILIATION_CHANGED || reason == HM_CRL_SUPERSEDED ||
                 reason == HM_CRL_CESSATION_OF_OPERATION || reason == HM_CRL_PRIVILEGE_WITHDRAWN;
    return known ? HM_OK : hm_refuse("a certificate is not revoked for reason %llu here", (unsigned long long)reason);
}

/* A graver reason counts also behind another, and so does an earlier time (judge); a later one takes nothing back. */
static bool is_known(const hm_certificate *c, uint64_t reason, uint64_t invalidity) {
    int64_t said = c->invalidity ? c->invalidity : c->revoked_at, wanted = invalidity ? (int64_t)invalidity : ALWAYS;
    if (!c->revoked || !is_compromise(reason)) return c->revoked;
    return is_compromise((uint64_t)c->reason) && wanted >= said;
}

static hm_err check_certificate(const search *s, uint64_t reason, uint64_t invalidity) {
    const hm_certificate *c = &s->certificate;
    if (!s->found) return hm_refuse("no such certificate is on record (hallmark cert list shows them)");
    if (c->imported) return hm_refuse("another's authority has issued it: ask there for its revocation");
    if (hm_bytes_equal(c->role, hm_text("root CA")))
        return hm_refuse("a root is not revoked by a list that it signs itself: who trusts it must stop to (hallmark "
                         "trust export)");
    if (is_known(c, reason, invalidity))
        return hm_refuse("it is revoked already, for %s", hm_crl_reason_word((uint64_t)c->reason));
    if (invalidity > (uint64_t)hm_now()) return hm_refuse("it cannot be bad since a time that is still to come");
    return HM_OK;
}

/* What ends all that is signed for a product, and what officers have stated together, is no one officer's matter. A
 * destroyed authority is: nothing is stated of it any more. */
static hm_err check_officers(const hm_office *office, const hm_certificate *c, uint64_t reason, uint64_t invalidity) {
    hm_stated_key stated = {.state = HM_KEY_ACTIVE};
    if (!office->governed) return HM_OK;
    if (c->has_key) (void)hm_registry_key_state(office->registry, c->key, &stated);
    if (is_authority(c) && stated.state != HM_KEY_DESTROYED)
        return hm_refuse("an authority ends with all that it certified, which one officer alone does not decide: what "
                         "two state of its key revokes it (hallmark key compromise KEY --since TIME)");
    bool earlier = (invalidity ? (int64_t)invalidity : ALWAYS) < (stated.since ? stated.since : ALWAYS);
    return is_compromise(reason) && stated.compromised && earlier
               ? hm_refuse("officers have stated since when its key may be somebody else's, which stands")
               : HM_OK;
}

hm_err hm_certificate_revoke(hm_office *office, hm_bytes sha256, uint64_t reason, uint64_t invalidity) {
    SEARCH s = {.wanted = sha256};
    HM_FD lock = -1;
    hm_product product;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(hm_statements_load(office));
    HM_TRY(hm_certificates_list(office, NULL, keep_wanted, &s));
    bool of_product = s.certificate.product.len != 0;
    HM_TRY(hm_rule_allows_key_officer(office, s.certificate.product));
    HM_TRY(check_reason(office, &s.certificate, reason));
    HM_TRY(check_certificate(&s, reason, invalidity));
    HM_TRY(check_officers(office, &s.certificate, reason, invalidity));
    if (is_compromise(reason)) reason = is_authority(&s.certificate) ? HM_CRL_CA_COMPROMISE : HM_CRL_KEY_COMPROMISE;
    if (of_product) HM_TRY(hm_product_find(office, s.certificate.product, &product));
    HM_TRY(
        log_revoked(office, &s.certificate, of_product ? &product : NULL, (hm_crl_reason)reason, (int64_t)invalidity));
    hm_keyring_forget(office); /* it may hold this one */
    return HM_OK;
}

typedef struct {
    hm_bytes sha256;
    bool found;
} revoked_search;

static hm_err match_revoked(void *context, const hm_entry_row *entry) {
    revoked_search *looking = context;
    hm_leaf leaf;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    looking->found |=
        leaf.type == HM_LEAF_CEREMONY && hm_bytes_equal(HM_BYTES(leaf.digest, leaf.digest_len), looking->sha256);
    return HM_OK;
}

hm_err hm_certificate_is_revoked(hm_office *office, hm_bytes sha256, bool *is) {
    revoked_search looking = {.sha256 = sha256};
    HM_TRY(hm_store_entries_tagged(office->store, HM_REVOKED_TAG, match_revoked, &looking));
    *is = looking.found;
    return HM_OK;
}

static hm_err is_revoked(hm_office *office, hm_bytes certificate, bool *is) {
    uint8_t sha256[HM_SHA256_LEN];
    hm_sha256(certificate, sha256);
    return hm_certificate_is_revoked(office, HM_ARRAY(sha256), is);
}

hm_err hm_key_certificate_is_revoked(hm_office *office, const hm_key_row *row, bool *is) {
    *is = false;
    return row->certificate.len ? is_revoked(office, row->certificate, is) : HM_OK;
}

static hm_err check_not_revoked(hm_office *office, hm_bytes certificate, const char *way_on) {
    bool is;
    HM_TRY(is_revoked(office, certificate, &is));
    return is ? hm_refuse("its certificate is revoked (%s)", way_on) : HM_OK;
}

static const char *way_on(const hm_key_row *row) {
    if (row->role == HM_KEY_ROLE_PRODUCT_CA) return ANOTHER_PRODUCT;
    if (row->role == HM_KEY_ROLE_TSA) return "hallmark tsa enable makes another key";
    return row->release.len ? "hallmark key rotate --release makes another key"
                            : "hallmark cert renew gives the key another, hallmark key rotate makes another key";
}

hm_err hm_certificate_may_sign(hm_office *office, const hm_key_row *row) {
    hm_chain above;
    HM_TRY(check_not_revoked(office, row->certificate, way_on(row)));
    HM_TRY(hm_chain_from_der(row->chain, &above));
    for (size_t i = 0; i < above.count; i++)
        HM_TRY(hm_in(check_not_revoked(office, above.cert[i], ANOTHER_PRODUCT), "the authority of its key"));
    return HM_OK;
}

/* ---- what follows from a key's state ---- */

typedef struct {
    hm_office *office;
    size_t count;
    search *found; /* each a certificate of a compromised key that is not revoked for that */
} compromised;

static bool is_compromised(const hm_office *office, const uint8_t key[static HM_KEY_ID_LEN], int64_t *since) {
    hm_stated_key stated;
    if (!office->registry || !hm_registry_key_state(office->registry, key, &stated)) return false;
    *since = stated.since;
    return stated.compromised;
}

static hm_err keep_compromised(void *context, const hm_certificate *c) {
    compromised *k = context;
    int64_t since;
    if (c->imported || !c->has_key || !is_compromised(k->office, c->key, &since)) return HM_OK;
    if (is_known(c, HM_CRL_KEY_COMPROMISE, (uint64_t)since)) return HM_OK;
    search *larger = reallocarray(k->found, k->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    k->found = larger;
    search *s = &larger[k->count++];
    *s = (search){.wanted = HM_ARRAY(c->sha256)};
    HM_TRY(keep_wanted(s, c));
    s->certificate.invalidity = since;
    return HM_OK;
}

static hm_err revoke_compromised(hm_office *office, const hm_certificate *c) {
    hm_product product;
    if (c->product.len) HM_TRY(hm_product_find(office, c->product, &product));
    return log_revoked(office, c, c->product.len ? &product : NULL,
                       is_authority(c) ? HM_CRL_CA_COMPROMISE : HM_CRL_KEY_COMPROMISE, c->invalidity);
}

hm_err hm_certificates_follow_keys(hm_office *office) {
    compromised k = {.office = office};
    HM_TRY(hm_statements_load(office));
    hm_err err = hm_certificates_list(office, NULL, keep_compromised, &k);
    for (size_t i = 0; i < k.count; i++) {
        if (!hm_failed(err)) err = revoke_compromised(office, &k.found[i].certificate);
        search_clear(&k.found[i]);
    }
    free(k.found);
    return err;
}
