#include <policy/registry.h>

#include <stdlib.h>
#include <string.h>

/* An officer's clock may differ from the office's by so much. */
enum { CLOCKS_DIFFER = 300, SIGNED_WITHIN = 24 * 3600 };

typedef struct {
    hm_bytes product, text;
} stated_policy;

/* Everything here is views into the statements that were taken, which TAKEN owns. */
struct hm_registry {
    uint8_t office[16];
    uint8_t last[HM_SHA256_LEN];
    int64_t time; /* of the last statement */
    int64_t earliest, latest;
    uint64_t quorum;
    hm_buf *taken;
    size_t taken_count, taken_room;
    hm_principal *principal;
    size_t principals, principals_room;
    hm_grant *grant;
    size_t grants, grants_room;
    stated_policy *policy;
    size_t policies, policies_room;
};

hm_err hm_registry_new(const uint8_t office[static 16], hm_registry **registry) {
    *registry = calloc(1, sizeof **registry);
    if (!*registry) return hm_no_memory();
    memcpy((*registry)->office, office, sizeof(*registry)->office);
    return HM_OK;
}

void hm_registry_free(hm_registry **registry) {
    hm_registry *r = *registry;
    if (!r) return;
    for (size_t i = 0; i < r->taken_count; i++) hm_buf_clear(&r->taken[i]);
    free(r->taken);
    free(r->principal);
    free(r->grant);
    free(r->policy);
    free(r);
    *registry = NULL;
}

/* Room for one more in each table, before anything is changed: then nothing can fail half-way. */
static hm_err room_for_one(void **table, size_t count, size_t *room, size_t size) {
    if (count < *room) return HM_OK;
    size_t more = 2 * *room + HM_FOUNDERS_MAX;
    void *larger = reallocarray(*table, more, size);
    if (!larger) return hm_no_memory();
    *table = larger;
    *room = more;
    return HM_OK;
}

static hm_err make_room(hm_registry *r) {
    HM_TRY(room_for_one((void **)&r->taken, r->taken_count, &r->taken_room, sizeof *r->taken));
    HM_TRY(room_for_one((void **)&r->principal, r->principals + HM_FOUNDERS_MAX - 1, &r->principals_room,
                        sizeof *r->principal));
    HM_TRY(room_for_one((void **)&r->grant, r->grants, &r->grants_room, sizeof *r->grant));
    return room_for_one((void **)&r->policy, r->policies, &r->policies_room, sizeof *r->policy);
}

uint64_t hm_registry_size(const hm_registry *registry) { return registry->taken_count; }
uint64_t hm_registry_quorum(const hm_registry *registry) { return registry->quorum; }
void hm_registry_last(const hm_registry *registry, uint8_t sha256[static HM_SHA256_LEN]) {
    memcpy(sha256, registry->last, HM_SHA256_LEN);
}

void hm_registry_between(hm_registry *registry, int64_t earliest, int64_t latest) {
    if (earliest > registry->earliest) registry->earliest = earliest;
    if (latest > registry->latest) registry->latest = latest;
}

/* ---- who is who ---- */

static bool is_revoked(const hm_principal *p) { return !p->keys && !p->has_unix && !p->issuer.len; }

static hm_principal *find_name(const hm_registry *r, hm_bytes name) {
    for (size_t i = 0; i < r->principals; i++)
        if (hm_bytes_equal(r->principal[i].name, name)) return &r->principal[i];
    return NULL;
}

/* Whose key is number I? */
static const hm_principal *holder(const hm_registry *r, size_t i, hm_bytes *spki) {
    for (size_t p = 0; p < r->principals; p++) {
        if (i < r->principal[p].keys) {
            *spki = r->principal[p].key[i];
            return &r->principal[p];
        }
        i -= r->principal[p].keys;
    }
    return NULL;
}

bool hm_registry_key(const hm_registry *registry, size_t i, hm_bytes *spki) { return holder(registry, i, spki); }

bool hm_registry_holder(const hm_registry *registry, size_t i, hm_principal *principal) {
    hm_bytes spki;
    const hm_principal *found = holder(registry, i, &spki);
    if (found) *principal = *found;
    return found;
}

bool hm_registry_principal(const hm_registry *registry, size_t i, hm_principal *principal) {
    if (i >= registry->principals) return false;
    *principal = registry->principal[i];
    return true;
}

hm_err hm_registry_by_name(const hm_registry *registry, hm_bytes name, hm_principal *principal) {
    const hm_principal *found = find_name(registry, name);
    if (!found) return hm_refuse("there is no principal %.*s", (int)name.len, (const char *)name.data);
    if (is_revoked(found)) return hm_refuse("principal %.*s was revoked", (int)name.len, (const char *)name.data);
    *principal = *found;
    return HM_OK;
}

hm_err hm_registry_by_unix(const hm_registry *registry, uint32_t user, hm_principal *principal) {
    for (size_t i = 0; i < registry->principals; i++) {
        if (!registry->principal[i].has_unix || registry->principal[i].unix_user != user) continue;
        *principal = registry->principal[i];
        return HM_OK;
    }
    return hm_refuse("user %u is no principal of this office (hallmark principal add NAME --unix-user %u)", user, user);
}

/* Is each of the COUNT claims PART among the claims ALL? */
static bool all_among(const hm_claim *part, size_t count, const hm_claim *all, size_t all_count) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < all_count; k++)
            found += hm_bytes_equal(part[i].name, all[k].name) && hm_bytes_equal(part[i].value, all[k].value);
    return found == count;
}

static bool fits(const hm_principal *p, hm_bytes issuer, const hm_claim *claims, size_t count) {
    return p->issuer.len && p->claims && hm_bytes_equal(p->issuer, issuer) &&
           all_among(p->claim, p->claims, claims, count);
}

hm_err hm_registry_by_claims(const hm_registry *registry, hm_bytes issuer, const hm_claim *claims, size_t count,
                             hm_principal *principal) {
    const hm_principal *found = NULL;
    for (size_t i = 0; i < registry->principals; i++) {
        const hm_principal *p = &registry->principal[i];
        if (!fits(p, issuer, claims, count)) continue;
        if (found)
            return hm_refuse("the token's claims are those of %.*s and of %.*s: state claims that tell them apart",
                             (int)found->name.len, (const char *)found->name.data, (int)p->name.len,
                             (const char *)p->name.data);
        found = p;
    }
    if (!found)
        return hm_refuse("no principal of this office has the claims of this token of %.*s (hallmark principal list)",
                         (int)issuer.len, (const char *)issuer.data);
    *principal = *found;
    return HM_OK;
}

/* ---- who may do what ---- */

bool hm_registry_grant(const hm_registry *registry, size_t i, hm_grant *grant) {
    if (i >= registry->grants) return false;
    *grant = registry->grant[i];
    return true;
}

static hm_grant *find_grant(const hm_registry *r, hm_bytes name, hm_role role, hm_bytes product) {
    for (size_t i = 0; i < r->grants; i++) {
        hm_grant *grant = &r->grant[i];
        if (grant->role == role && hm_bytes_equal(grant->name, name) && hm_bytes_equal(grant->product, product))
            return grant;
    }
    return NULL;
}

static bool holds(const hm_registry *r, hm_bytes name, hm_role role, hm_bytes product, int64_t now) {
    const hm_grant *all = find_grant(r, name, role, HM_NO_BYTES);
    const hm_grant *one = product.len ? find_grant(r, name, role, product) : NULL;
    return (all && all->until > now) || (one && one->until > now);
}

hm_err hm_registry_allows(const hm_registry *registry, hm_bytes name, hm_role role, hm_bytes product, int64_t now) {
    hm_principal principal;
    HM_TRY(hm_registry_by_name(registry, name, &principal));
    if (role == HM_ROLE_ADMINISTRATOR && principal.founder) return HM_OK;
    if (holds(registry, name, role, product, now)) return HM_OK;
    hm_bytes of = product.len ? product : hm_text("the whole office");
    return hm_refuse("%.*s is not %s of %.*s", (int)name.len, (const char *)name.data, hm_role_name(role), (int)of.len,
                     (const char *)of.data);
}

static stated_policy *find_policy(const hm_registry *r, hm_bytes product) {
    for (size_t i = 0; i < r->policies; i++)
        if (hm_bytes_equal(r->policy[i].product, product)) return &r->policy[i];
    return NULL;
}

hm_err hm_registry_policy(const hm_registry *registry, hm_bytes product, hm_bytes *text) {
    const stated_policy *found = find_policy(registry, product);
    if (!found || !found->text.len)
        return hm_refuse("%.*s has no policy, so nothing of it is signed", (int)product.len,
                         (const char *)product.data);
    *text = found->text;
    return HM_OK;
}

/* ---- what statements are judged by ---- */

static bool makes_officer(hm_role role) { return role == HM_ROLE_ADMINISTRATOR || role == HM_ROLE_KEY_OFFICER; }

/* Was this one ever made an officer? Then his keys are the founders' matter, also when the grant has run out: it could
 * be renewed with keys that somebody else had chosen. */
static bool was_officer(const hm_registry *r, hm_bytes name) {
    const hm_principal *principal = find_name(r, name);
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
    return s->act == HM_ACT_PRINCIPAL && !s->keys && !s->has_unix && !s->issuer.len;
}

static bool may_sign(const hm_registry *r, const hm_principal *signer, const hm_statement *s, int64_t now) {
    bool himself = s->act == HM_ACT_GRANT && hm_bytes_equal(signer->name, s->name);
    if (himself && !takes_away(s)) return false;
    if (signer->founder) return true;
    if (only_founders(r, s)) return false;
    /* A principal is the whole office's. */
    hm_bytes scope = s->act == HM_ACT_PRINCIPAL ? HM_NO_BYTES : s->product;
    int64_t when = s->time > r->earliest ? s->time : r->earliest;
    return holds(r, signer->name, HM_ROLE_ADMINISTRATOR, scope, when > now ? when : now);
}

/* Several keys of one officer count once. */
static uint64_t count_officers(const hm_registry *r, const hm_statement *s, const size_t *signers, size_t count,
                               int64_t now) {
    const hm_principal *counted[HM_STATEMENT_SIGNERS_MAX];
    size_t officers = 0;
    for (size_t i = 0; i < count && i < HM_STATEMENT_SIGNERS_MAX; i++) {
        hm_bytes spki;
        const hm_principal *signer = holder(r, signers[i], &spki);
        bool again = !signer || !may_sign(r, signer, s, now);
        for (size_t k = 0; k < officers; k++) again |= counted[k] == signer;
        if (!again) counted[officers++] = signer;
    }
    return officers;
}

static hm_err check_signers(const hm_registry *r, const hm_statement *s, const size_t *signers, size_t count,
                            int64_t now) {
    uint64_t wanted = takes_away(s) ? 1 : r->quorum, officers = count_officers(r, s, signers, count, now);
    if (officers >= wanted) return HM_OK;
    return hm_refuse("this takes the signatures of %llu %s, and has %llu%s", (unsigned long long)wanted,
                     only_founders(r, s) ? (wanted == 1 ? "founder" : "founders")
                                         : (wanted == 1 ? "officer" : "officers"),
                     (unsigned long long)officers, s->act == HM_ACT_GRANT ? " (nobody counts for himself)" : "");
}

static hm_err check_time(const hm_registry *r, const hm_statement *s, int64_t now) {
    if (s->time < r->time) return hm_refuse("its time lies before that of the statement before it");
    int64_t earliest = now > r->earliest ? now : r->earliest, latest = now ? now : r->latest;
    if (latest && s->time > latest + CLOCKS_DIFFER) return hm_refuse("its time lies in the future");
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

static bool overlap(hm_bytes a, hm_bytes b) { return !a.len || !b.len || hm_bytes_equal(a, b); }

/* Who administers a product signs nothing of it, nor the other way round. */
static hm_err check_duties(const hm_registry *r, const hm_statement *s) {
    const hm_principal *principal = find_name(r, s->name);
    bool administers = s->role == HM_ROLE_ADMINISTRATOR, signs = hm_role_signs(s->role), conflict = false;
    if (!principal || is_revoked(principal))
        return hm_refuse("there is no principal %.*s", (int)s->name.len, (const char *)s->name.data);
    if (s->until <= s->time) return hm_refuse("the grant would be over before it begins");
    for (size_t i = 0; i < r->grants; i++) {
        const hm_grant *other = &r->grant[i];
        bool opposite = (signs && other->role == HM_ROLE_ADMINISTRATOR) || (administers && hm_role_signs(other->role));
        /* By the office's clock it may be some minutes earlier than the statement says. */
        conflict |= opposite && other->until > s->time - CLOCKS_DIFFER && hm_bytes_equal(other->name, s->name) &&
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
    return all_among(s->claim, s->claims, p->claim, p->claims) || all_among(p->claim, p->claims, s->claim, s->claims);
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

/* Founders who cannot be outvoted by nobody: enough must keep a key. */
static hm_err check_principal(const hm_registry *r, const hm_statement *s) {
    const hm_principal *principal = find_name(r, s->name);
    uint64_t left = 0;
    HM_TRY(check_nobody_twice(r, s));
    if (!principal) return takes_away(s) ? hm_refuse("there is no such principal to revoke") : HM_OK;
    for (size_t i = 0; i < r->principals; i++)
        left += r->principal[i].founder && r->principal[i].keys && &r->principal[i] != principal;
    return principal->founder && !s->keys && left < r->quorum
               ? hm_refuse("too few founders would be left to sign anything")
               : HM_OK;
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
        return find_grant(r, s->name, s->role, s->product)
                   ? HM_OK
                   : hm_refuse("there is no such grant to withdraw (hallmark grant list)");
    case HM_ACT_POLICY:
        return HM_OK;
    default:
        return hm_refuse("there is no such act");
    }
}

/* ---- what statements change; make_room was here before ---- */

static void take_charter(hm_registry *r, const hm_statement *s) {
    r->quorum = s->quorum;
    for (size_t i = 0; i < s->founders; i++)
        r->principal[r->principals++] =
            (hm_principal){.name = s->founder[i].name, .founder = true, .keys = 1, .key = {s->founder[i].spki}};
}

static void take_principal(hm_registry *r, const hm_statement *s) {
    hm_principal *p = find_name(r, s->name);
    bool founder = p && p->founder;
    if (!p) p = &r->principal[r->principals++];
    *p = (hm_principal){.name = s->name,
                        .founder = founder,
                        .keys = s->keys,
                        .has_unix = s->has_unix,
                        .unix_user = s->unix_user,
                        .issuer = s->issuer,
                        .claims = s->claims};
    memcpy(p->key, s->key, sizeof p->key);
    memcpy(p->claim, s->claim, sizeof p->claim);
    /* Who comes back gets his roles anew: nobody should be surprised by what an old name may do. */
    for (size_t i = 0; takes_away(s) && i < r->grants; i++)
        if (hm_bytes_equal(r->grant[i].name, s->name)) r->grant[i].until = 0;
}

static void take_grant(hm_registry *r, const hm_statement *s) {
    hm_grant *grant = find_grant(r, s->name, s->role, s->product);
    if (!grant) grant = &r->grant[r->grants++];
    *grant = (hm_grant){.name = s->name, .product = s->product, .role = s->role, .until = s->until};
}

static void take_policy(hm_registry *r, const hm_statement *s) {
    stated_policy *policy = find_policy(r, s->product);
    if (!policy) policy = &r->policy[r->policies++];
    *policy = (stated_policy){s->product, s->policy};
}

static void change(hm_registry *r, const hm_statement *s) {
    if (s->act == HM_ACT_CHARTER)
        take_charter(r, s);
    else if (s->act == HM_ACT_PRINCIPAL)
        take_principal(r, s);
    else if (s->act == HM_ACT_GRANT)
        take_grant(r, s);
    else
        take_policy(r, s);
}

static hm_err judge(const hm_registry *r, const hm_statement *s, const size_t *signers, size_t count, int64_t now) {
    HM_TRY(check_chain(r, s));
    HM_TRY(check_time(r, s, now));
    if (s->act != HM_ACT_CHARTER) HM_TRY(check_signers(r, s, signers, count, now));
    return check_content(r, s);
}

hm_err hm_registry_take(hm_registry *registry, hm_bytes cbor, const size_t *signers, size_t count, int64_t now) {
    HM_BUF own = HM_BUF_EMPTY;
    hm_statement s;
    HM_TRY(hm_put(&own, cbor));
    HM_TRY(hm_statement_get(hm_buf_bytes(&own), &s));
    HM_TRY(hm_in(judge(registry, &s, signers, count, now), "statement %llu", (unsigned long long)s.number));
    HM_TRY(make_room(registry));
    change(registry, &s);
    hm_sha256(hm_buf_bytes(&own), registry->last);
    registry->time = s.time;
    registry->taken[registry->taken_count++] = own;
    own = HM_BUF_EMPTY;
    return HM_OK;
}
