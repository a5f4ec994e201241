/* What statements are judged by. */
#include "registry_parts.h"

#include <string.h>

enum { SIGNED_WITHIN = 24 * 3600 };

static bool makes_officer(hm_role role) { return role == HM_ROLE_ADMINISTRATOR || role == HM_ROLE_KEY_OFFICER; }

/* Was this one ever made an officer? Then his keys are the founders' matter, also when the grant has run out: it could
 * be renewed with keys that somebody else had chosen. */
static bool was_officer(const hm_registry *r, hm_bytes name) {
    const hm_principal *principal = hm_registry_find_name(r, name);
    bool officer = principal && principal->founder;
    for (size_t i = 0; i < r->grants; i++)
        officer |= makes_officer(r->grant[i].role) && hm_bytes_equal(r->grant[i].name, name);
    return officer;
}

static bool only_founders(const hm_registry *r, const hm_statement *s) {
    if (s->act == HM_ACT_GRANT) return makes_officer(s->role) || was_officer(r, s->name);
    return s->act == HM_ACT_PRINCIPAL && was_officer(r, s->name);
}

static bool takes_away(const hm_statement *s) {
    if (s->act == HM_ACT_GRANT) return !s->until;
    if (s->act == HM_ACT_POLICY) return s->temporary && !s->until;
    if (s->act == HM_ACT_KEY) return hm_key_state_officers(s->state, 2) == 1;
    return s->act == HM_ACT_PRINCIPAL && !s->keys && !s->has_unix && !s->issuer.len;
}

static bool may_sign(const hm_registry *r, const hm_principal *signer, const hm_statement *s, int64_t now) {
    bool himself = s->act == HM_ACT_GRANT && hm_bytes_equal(signer->name, s->name);
    if (himself && !takes_away(s)) return false;
    if (signer->founder) return true;
    if (only_founders(r, s)) return false;
    /* A principal is the whole office's. */
    hm_bytes scope = s->act == HM_ACT_PRINCIPAL ? HM_NO_BYTES : s->product;
    int64_t when = s->time > r->earliest ? s->time : r->earliest, latest = when > now ? when : now;
    if (s->act == HM_ACT_KEY && hm_registry_holds(r, signer->name, HM_ROLE_KEY_OFFICER, scope, latest)) return true;
    return hm_registry_holds(r, signer->name, HM_ROLE_ADMINISTRATOR, scope, latest);
}

/* Several keys of one officer count once. */
static uint64_t count_officers(const hm_registry *r, const hm_statement *s, const size_t *signers, size_t count,
                               int64_t now) {
    const hm_principal *counted[HM_STATEMENT_SIGNERS_MAX];
    size_t officers = 0;
    for (size_t i = 0; i < count && i < HM_STATEMENT_SIGNERS_MAX; i++) {
        hm_bytes spki;
        const hm_principal *signer = hm_registry_key_holder(r, signers[i], &spki);
        bool again = !signer || !may_sign(r, signer, s, now);
        for (size_t k = 0; k < officers; k++) again |= counted[k] == signer;
        if (!again) counted[officers++] = signer;
    }
    return officers;
}

/* In an office without founders: who owns it does it, and who he is the log says. */
static hm_err check_of_one(const hm_statement *s) {
    bool of_one = s->act == HM_ACT_KEY || (s->act == HM_ACT_POLICY && !s->temporary);
    return of_one ? HM_OK
                  : hm_refuse("this office has no founders, so who owns it may do everything, and there is nobody to "
                              "give roles to (hallmark init --founder makes one that has)");
}

static hm_err check_signers(const hm_registry *r, const hm_statement *s, const size_t *signers, size_t count,
                            int64_t now) {
    if (!r->quorum) return check_of_one(s);
    if (r->rehearsal && !count && (s->act == HM_ACT_KEY || s->act == HM_ACT_PRINCIPAL)) return HM_OK;
    uint64_t wanted = takes_away(s) ? 1 : r->quorum, officers = count_officers(r, s, signers, count, now);
    if (s->temporary && s->until && wanted < HM_GLASS_OFFICERS) wanted = HM_GLASS_OFFICERS;
    if (s->act == HM_ACT_KEY) wanted = hm_key_state_officers(s->state, r->quorum);
    if (officers >= wanted) return HM_OK;
    return hm_refuse("this takes the signatures of %llu %s, and has %llu%s", (unsigned long long)wanted,
                     only_founders(r, s) ? (wanted == 1 ? "founder" : "founders")
                                         : (wanted == 1 ? "officer" : "officers"),
                     (unsigned long long)officers, s->act == HM_ACT_GRANT ? " (nobody counts for himself)" : "");
}

static hm_err check_time(const hm_registry *r, const hm_statement *s, int64_t now) {
    if (s->time < r->time) return hm_refuse("its time lies before that of the statement before it");
    int64_t earliest = now > r->earliest ? now : r->earliest, latest = now ? now : r->latest;
    if (latest && s->time > latest + HM_CLOCKS_DIFFER) return hm_refuse("its time lies in the future");
    return s->time >= earliest - SIGNED_WITHIN ? HM_OK : hm_refuse("it was made more than a day ago (make it again)");
}

static hm_err check_chain(const hm_registry *r, const hm_statement *s) {
    if (memcmp(s->office, r->office, sizeof s->office) != 0) return hm_refuse("it is of another office");
    if (s->number != r->taken_count)
        return hm_refuse("it is number %llu, and number %zu comes next (another statement came between: make it again)",
                         (unsigned long long)s->number, r->taken_count);
    return memcmp(s->previous, r->last, sizeof s->previous) == 0
               ? HM_OK
               : hm_refuse("it follows another statement than the one that was taken last");
}

/* Whether a temporary policy lasts is judged here by the statements' own times alone: read again, they say the same. */
static bool lasts(const hm_glass *glass, const hm_statement *s) { return s->time < glass->until; }

/* Has who gets a role signed a temporary policy of that product that lasts? */
static bool broke_glass(const hm_registry *r, const hm_statement *s) {
    bool did = false;
    for (size_t i = 0; i < r->policies; i++) {
        const hm_glass *glass = &r->policy[i].glass;
        bool meant = lasts(glass, s) && (!s->product.len || hm_bytes_equal(glass->product, s->product));
        for (size_t k = 0; meant && k < glass->officers; k++) did |= hm_bytes_equal(glass->officer[k], s->name);
    }
    return did;
}

static bool overlap(hm_bytes a, hm_bytes b) { return !a.len || !b.len || hm_bytes_equal(a, b); }

/* Who administers a product signs nothing of it, nor the other way round. */
static hm_err check_duties(const hm_registry *r, const hm_statement *s) {
    const hm_principal *principal = hm_registry_find_name(r, s->name);
    bool administers = s->role == HM_ROLE_ADMINISTRATOR, signs = hm_role_signs(s->role), conflict = false;
    if (!principal || hm_registry_is_revoked(principal))
        return hm_refuse("there is no principal %.*s", (int)s->name.len, (const char *)s->name.data);
    if (s->until <= s->time) return hm_refuse("the grant would be over before it begins");
    if (signs && broke_glass(r, s))
        return hm_refuse("%.*s has signed a break-glass policy that is in force, and gets nothing out of it",
                         (int)s->name.len, (const char *)s->name.data);
    for (size_t i = 0; i < r->grants; i++) {
        const hm_grant *other = &r->grant[i];
        bool opposite = (signs && other->role == HM_ROLE_ADMINISTRATOR) || (administers && hm_role_signs(other->role));
        /* By the office's clock it may be some minutes earlier than the statement says. */
        conflict |= opposite && other->until > s->time - HM_CLOCKS_DIFFER && hm_bytes_equal(other->name, s->name) &&
                    overlap(other->product, s->product);
    }
    return conflict || (signs && principal->founder)
               ? hm_refuse("%.*s cannot be %s: who administers a product signs nothing of it", (int)s->name.len,
                           (const char *)s->name.data, hm_role_name(s->role))
               : HM_OK;
}

static bool has_key(const hm_principal *p, hm_bytes spki) {
    for (size_t i = 0; i < p->keys; i++)
        if (hm_bytes_equal(p->key[i], spki)) return true;
    return false;
}

/* Every token of the one would be the other's as well. */
static bool overlap_as_workloads(const hm_statement *s, const hm_principal *p) {
    if (!s->issuer.len || !hm_bytes_equal(s->issuer, p->issuer)) return false;
    return hm_registry_all_among(s->claim, s->claims, p->claim, p->claims) ||
           hm_registry_all_among(p->claim, p->claims, s->claim, s->claims);
}

/* Nobody is two principals: his second name could approve what the first one asks for. */
static hm_err check_nobody_twice(const hm_registry *r, const hm_statement *s) {
    for (size_t k = 1; k < s->keys; k++)
        for (size_t j = 0; j < k; j++)
            if (hm_bytes_equal(s->key[j], s->key[k])) return hm_refuse("a key is named twice");
    for (size_t i = 0; i < r->principals; i++) {
        const hm_principal *other = &r->principal[i];
        if (hm_bytes_equal(other->name, s->name)) continue;
        bool same = s->has_unix && other->has_unix && s->unix_user == other->unix_user;
        for (size_t k = 0; k < s->keys; k++) same |= has_key(other, s->key[k]);
        if (same)
            return hm_refuse("%.*s is that key's or user's principal already", (int)other->name.len,
                             (const char *)other->name.data);
        if (overlap_as_workloads(s, other))
            return hm_refuse("a token could be this principal's and that of %.*s: both need a claim that differs",
                             (int)other->name.len, (const char *)other->name.data);
    }
    return HM_OK;
}

/* Statement I, which was read when it was taken. */
static bool past_statement(const hm_registry *r, size_t i, hm_statement *past) {
    return !hm_failed(hm_statement_get(hm_buf_bytes(&r->taken[i]), past));
}

/* Whom PAST gives the key; empty: nobody. */
static hm_bytes given_to(const hm_statement *past, hm_bytes spki) {
    for (size_t k = 0; k < past->founders; k++)
        if (hm_bytes_equal(past->founder[k].spki, spki)) return past->founder[k].name;
    for (size_t k = 0; k < past->keys; k++)
        if (hm_bytes_equal(past->key[k], spki)) return past->name;
    return HM_NO_BYTES;
}

static bool is_revoked_behind(const hm_registry *r, size_t i, hm_bytes name) {
    hm_statement later;
    while (++i < r->taken_count)
        if (past_statement(r, i, &later) && later.act == HM_ACT_PRINCIPAL && takes_away(&later) &&
            hm_bytes_equal(later.name, name))
            return true;
    return false;
}

/* Why somebody was revoked is not stated, so every key that was ever his may be a thief's: nobody is given one, himself
 * included. What a principal has now he keeps: it gives nobody anything. */
static hm_err check_no_lost_key(const hm_registry *r, const hm_statement *s) {
    const hm_principal *now = hm_registry_find_name(r, s->name);
    hm_statement past;
    for (size_t i = 0; i < r->taken_count; i++) {
        if (!past_statement(r, i, &past)) continue;
        for (size_t k = 0; k < s->keys; k++) {
            hm_bytes holder = given_to(&past, s->key[k]);
            if (holder.len && !(now && has_key(now, s->key[k])) && is_revoked_behind(r, i, holder))
                return hm_refuse("its key was that of %.*s, who was revoked: somebody else may have it (hallmark "
                                 "principal keygen makes another)",
                                 (int)holder.len, (const char *)holder.data);
        }
    }
    return HM_OK;
}

/* Founders who cannot be outvoted by nobody: enough must keep a key. */
static hm_err check_principal(const hm_registry *r, const hm_statement *s) {
    const hm_principal *principal = hm_registry_find_name(r, s->name);
    uint64_t left = 0;
    HM_TRY(check_nobody_twice(r, s));
    if (!principal) return takes_away(s) ? hm_refuse("there is no such principal to revoke") : HM_OK;
    for (size_t i = 0; i < r->principals; i++)
        left += r->principal[i].founder && r->principal[i].keys && &r->principal[i] != principal;
    return principal->founder && !s->keys && left < r->quorum
               ? hm_refuse("too few founders would be left to sign anything")
               : HM_OK;
}

static hm_err check_policy(const hm_registry *r, const hm_statement *s) {
    const hm_stated_policy *found = hm_registry_find_policy(r, s->product);
    if (!s->temporary) return HM_OK;
    if (!s->until) return found && lasts(&found->glass, s) ? HM_OK : hm_refuse("there is no break-glass policy to end");
    if (s->until <= s->time) return hm_refuse("the break-glass policy would be over before it begins");
    return s->until - s->time <= HM_GLASS_SECONDS
               ? HM_OK
               : hm_refuse("a break-glass policy lasts %d hours at most", HM_GLASS_SECONDS / 3600);
}

static hm_err check_key(const hm_registry *r, const hm_statement *s) {
    const hm_stated_key *key = hm_registry_find_key(r, s->token_id);
    hm_key_state before = key ? key->state : HM_KEY_ACTIVE;
    if (key && !hm_bytes_equal(key->product, s->product)) return hm_refuse("the key is another product's");
    if (s->since > s->time) return hm_refuse("the compromise would lie in the future");
    /* One that was only just made is held back so, before it has signed anything: whether it has is not seen here. */
    if (!key && s->state == HM_KEY_PRE_ACTIVATION) return HM_OK;
    return hm_key_state_may_become(before, s->state)
               ? HM_OK
               : hm_refuse("the key is %s, and what is %s does not become %s (NIST SP 800-57)",
                           hm_key_state_name(before), hm_key_state_name(before), hm_key_state_name(s->state));
}

static hm_err check_charter(const hm_statement *s) {
    for (size_t k = 1; k < s->founders; k++)
        for (size_t j = 0; j < k; j++)
            if (hm_bytes_equal(s->founder[j].name, s->founder[k].name) ||
                hm_bytes_equal(s->founder[j].spki, s->founder[k].spki))
                return hm_refuse("a founder is named twice");
    return HM_OK;
}

static hm_err check_content(const hm_registry *r, const hm_statement *s) {
    switch (s->act) {
    case HM_ACT_CHARTER:
        return check_charter(s);
    case HM_ACT_PRINCIPAL:
        return check_principal(r, s);
    case HM_ACT_GRANT:
        if (s->until) return check_duties(r, s);
        return hm_registry_find_grant(r, s->name, s->role, s->product)
                   ? HM_OK
                   : hm_refuse("there is no such grant to withdraw (hallmark grant list)");
    case HM_ACT_POLICY:
        return check_policy(r, s);
    case HM_ACT_KEY:
        return check_key(r, s);
    default:
        return hm_refuse("there is no such act");
    }
}

hm_err hm_registry_judge(const hm_registry *r, const hm_statement *s, const size_t *signers, size_t count,
                         int64_t now) {
    HM_TRY(check_chain(r, s));
    HM_TRY(check_time(r, s, now));
    if (s->act != HM_ACT_CHARTER) HM_TRY(check_signers(r, s, signers, count, now));
    HM_TRY(check_content(r, s));
    /* What releases before this rule took stays taken. */
    return now && s->act == HM_ACT_PRINCIPAL ? check_no_lost_key(r, s) : HM_OK;
}
