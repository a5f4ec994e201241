#include "registry_parts.h"

#include <stdlib.h>
#include <string.h>

hm_err hm_registry_new(const uint8_t office[static 16], hm_registry **registry) {
    *registry = calloc(1, sizeof **registry);
    if (!*registry) return hm_no_memory();
    memcpy((*registry)->office, office, sizeof(*registry)->office);
    return HM_OK;
}

void hm_registry_rehearse(hm_registry *registry) { registry->rehearsal = true; }

void hm_registry_free(hm_registry **registry) {
    hm_registry *r = *registry;
    if (!r) return;
    for (size_t i = 0; i < r->taken_count; i++) hm_buf_clear(&r->taken[i]);
    free(r->taken);
    free(r->principal);
    free(r->grant);
    free(r->policy);
    free(r->key);
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
    HM_TRY(room_for_one((void **)&r->key, r->keys, &r->keys_room, sizeof *r->key));
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

bool hm_registry_is_revoked(const hm_principal *p) { return !p->keys && !p->has_unix && !p->issuer.len; }

hm_principal *hm_registry_find_name(const hm_registry *r, hm_bytes name) {
    for (size_t i = 0; i < r->principals; i++)
        if (hm_bytes_equal(r->principal[i].name, name)) return &r->principal[i];
    return NULL;
}

/* Whose key is number I? */
const hm_principal *hm_registry_key_holder(const hm_registry *r, size_t i, hm_bytes *spki) {
    for (size_t p = 0; p < r->principals; p++) {
        if (i < r->principal[p].keys) {
            *spki = r->principal[p].key[i];
            return &r->principal[p];
        }
        i -= r->principal[p].keys;
    }
    return NULL;
}

bool hm_registry_key(const hm_registry *registry, size_t i, hm_bytes *spki) {
    return hm_registry_key_holder(registry, i, spki);
}

bool hm_registry_holder(const hm_registry *registry, size_t i, hm_principal *principal) {
    hm_bytes spki;
    const hm_principal *found = hm_registry_key_holder(registry, i, &spki);
    if (found) *principal = *found;
    return found;
}

bool hm_registry_principal(const hm_registry *registry, size_t i, hm_principal *principal) {
    if (i >= registry->principals) return false;
    *principal = registry->principal[i];
    return true;
}

hm_err hm_registry_by_name(const hm_registry *registry, hm_bytes name, hm_principal *principal) {
    const hm_principal *found = hm_registry_find_name(registry, name);
    if (!found) return hm_refuse("there is no principal %.*s", (int)name.len, (const char *)name.data);
    if (hm_registry_is_revoked(found))
        return hm_refuse("principal %.*s was revoked", (int)name.len, (const char *)name.data);
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
bool hm_registry_all_among(const hm_claim *part, size_t count, const hm_claim *all, size_t all_count) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < all_count; k++)
            found += hm_bytes_equal(part[i].name, all[k].name) && hm_bytes_equal(part[i].value, all[k].value);
    return found == count;
}

static bool fits(const hm_principal *p, hm_bytes issuer, const hm_claim *claims, size_t count) {
    return p->issuer.len && p->claims && hm_bytes_equal(p->issuer, issuer) &&
           hm_registry_all_among(p->claim, p->claims, claims, count);
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

hm_grant *hm_registry_find_grant(const hm_registry *r, hm_bytes name, hm_role role, hm_bytes product) {
    for (size_t i = 0; i < r->grants; i++) {
        hm_grant *grant = &r->grant[i];
        if (grant->role == role && hm_bytes_equal(grant->name, name) && hm_bytes_equal(grant->product, product))
            return grant;
    }
    return NULL;
}

bool hm_registry_holds(const hm_registry *r, hm_bytes name, hm_role role, hm_bytes product, int64_t now) {
    const hm_grant *all = hm_registry_find_grant(r, name, role, HM_NO_BYTES);
    const hm_grant *one = product.len ? hm_registry_find_grant(r, name, role, product) : NULL;
    return (all && all->until > now) || (one && one->until > now);
}

hm_err hm_registry_allows(const hm_registry *registry, hm_bytes name, hm_role role, hm_bytes product, int64_t now) {
    hm_principal principal;
    HM_TRY(hm_registry_by_name(registry, name, &principal));
    if (role == HM_ROLE_ADMINISTRATOR && principal.founder) return HM_OK;
    if (hm_registry_holds(registry, name, role, product, now)) return HM_OK;
    hm_bytes of = product.len ? product : hm_text("the whole office");
    return hm_refuse("%.*s is not %s of %.*s", (int)name.len, (const char *)name.data, hm_role_name(role), (int)of.len,
                     (const char *)of.data);
}

hm_stated_policy *hm_registry_find_policy(const hm_registry *r, hm_bytes product) {
    for (size_t i = 0; i < r->policies; i++)
        if (hm_bytes_equal(r->policy[i].product, product)) return &r->policy[i];
    return NULL;
}

/* A clock that was put back lengthens nothing: it is held against the statement and the checkpoint. */
static bool is_broken(const hm_registry *r, const hm_glass *glass, int64_t now) {
    int64_t when = now > r->earliest ? now : r->earliest;
    return when < glass->until && now >= glass->since - HM_CLOCKS_DIFFER;
}

hm_err hm_registry_policy(const hm_registry *registry, hm_bytes product, int64_t now, hm_bytes *text) {
    const hm_stated_policy *found = hm_registry_find_policy(registry, product);
    bool broken = found && is_broken(registry, &found->glass, now);
    if (!found || (!broken && !found->text.len))
        return hm_refuse("%.*s has no policy, so nothing of it is signed", (int)product.len,
                         (const char *)product.data);
    *text = broken ? found->glass.text : found->text;
    return HM_OK;
}

hm_bytes hm_registry_own_policy(const hm_registry *registry, hm_bytes product) {
    const hm_stated_policy *found = hm_registry_find_policy(registry, product);
    return found ? found->text : HM_NO_BYTES;
}

bool hm_registry_glass(const hm_registry *registry, size_t i, int64_t now, hm_glass *glass) {
    for (size_t k = 0; k < registry->policies; k++) {
        if (!is_broken(registry, &registry->policy[k].glass, now) || i--) continue;
        *glass = registry->policy[k].glass;
        return true;
    }
    return false;
}

bool hm_registry_glass_of(const hm_registry *registry, hm_bytes product, int64_t now, hm_glass *glass) {
    const hm_stated_policy *found = hm_registry_find_policy(registry, product);
    if (!found || !is_broken(registry, &found->glass, now)) return false;
    *glass = found->glass;
    return true;
}

hm_stated_key *hm_registry_find_key(const hm_registry *r, const uint8_t token_id[static 16]) {
    for (size_t i = 0; i < r->keys; i++)
        if (memcmp(r->key[i].token_id, token_id, sizeof r->key[i].token_id) == 0) return &r->key[i];
    return NULL;
}

bool hm_registry_key_state(const hm_registry *registry, const uint8_t token_id[static 16], hm_stated_key *key) {
    const hm_stated_key *found = hm_registry_find_key(registry, token_id);
    if (found) *key = *found;
    return found;
}

/* ---- what statements change; make_room was here before ---- */

/* Whose keys have signed. */
typedef struct {
    const size_t *signers;
    size_t count;
} taking;

static void take_charter(hm_registry *r, const hm_statement *s) {
    r->quorum = s->quorum;
    for (size_t i = 0; i < s->founders; i++)
        r->principal[r->principals++] =
            (hm_principal){.name = s->founder[i].name, .founder = true, .keys = 1, .key = {s->founder[i].spki}};
}

static void take_principal(hm_registry *r, const hm_statement *s) {
    hm_principal *p = hm_registry_find_name(r, s->name);
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
    for (size_t i = 0; hm_registry_is_revoked(p) && i < r->grants; i++)
        if (hm_bytes_equal(r->grant[i].name, s->name)) r->grant[i].until = 0;
}

static void take_grant(hm_registry *r, const hm_statement *s) {
    hm_grant *grant = hm_registry_find_grant(r, s->name, s->role, s->product);
    if (!grant) grant = &r->grant[r->grants++];
    *grant = (hm_grant){.name = s->name, .product = s->product, .role = s->role, .until = s->until};
}

/* Officers by the statement's own time: whenever it is read again, they are the same. */
static void add_officer(const hm_registry *r, const hm_principal *signer, hm_glass *glass) {
    bool counts = signer && (signer->founder ||
                             hm_registry_holds(r, signer->name, HM_ROLE_ADMINISTRATOR, glass->product, glass->since));
    for (size_t i = 0; counts && i < glass->officers; i++) counts = !hm_bytes_equal(glass->officer[i], signer->name);
    if (counts) glass->officer[glass->officers++] = signer->name;
}

static void take_glass(const hm_registry *r, const hm_statement *s, const taking *t, hm_glass *glass) {
    *glass =
        (hm_glass){.product = s->product, .text = s->policy, .reason = s->reason, .since = s->time, .until = s->until};
    for (size_t i = 0; i < t->count && i < HM_STATEMENT_SIGNERS_MAX; i++) {
        hm_bytes spki;
        add_officer(r, hm_registry_key_holder(r, t->signers[i], &spki), glass);
    }
}

static void take_policy(hm_registry *r, const hm_statement *s, const taking *t) {
    hm_stated_policy *policy = hm_registry_find_policy(r, s->product);
    if (!policy) {
        policy = &r->policy[r->policies++];
        *policy = (hm_stated_policy){.product = s->product};
    }
    if (s->temporary)
        take_glass(r, s, t, &policy->glass);
    else
        policy->text = s->policy;
}

static void take_key(hm_registry *r, const hm_statement *s) {
    hm_stated_key *key = hm_registry_find_key(r, s->token_id);
    bool was = key && key->compromised;
    int64_t since = was ? key->since : s->since; /* nothing is stated of it any more but that it is destroyed */
    if (!key) key = &r->key[r->keys++];
    *key = (hm_stated_key){.product = s->product,
                           .reason = s->reason,
                           .state = s->state,
                           .compromised = was || s->state == HM_KEY_COMPROMISED,
                           .time = s->time,
                           .since = since};
    memcpy(key->token_id, s->token_id, sizeof key->token_id);
}

static void change(hm_registry *r, const hm_statement *s, const taking *t) {
    if (s->act == HM_ACT_CHARTER)
        take_charter(r, s);
    else if (s->act == HM_ACT_PRINCIPAL)
        take_principal(r, s);
    else if (s->act == HM_ACT_GRANT)
        take_grant(r, s);
    else if (s->act == HM_ACT_KEY)
        take_key(r, s);
    else
        take_policy(r, s, t);
}

hm_err hm_registry_take(hm_registry *registry, hm_bytes cbor, const size_t *signers, size_t count, int64_t now) {
    HM_BUF own = HM_BUF_EMPTY;
    hm_statement s;
    HM_TRY(hm_put(&own, cbor));
    HM_TRY(hm_statement_get(hm_buf_bytes(&own), &s));
    HM_TRY(hm_in(hm_registry_judge(registry, &s, signers, count, now), "statement %llu", (unsigned long long)s.number));
    HM_TRY(make_room(registry));
    change(registry, &s, &(taking){signers, count});
    hm_sha256(hm_buf_bytes(&own), registry->last);
    registry->time = s.time;
    registry->taken[registry->taken_count++] = own;
    own = HM_BUF_EMPTY;
    return HM_OK;
}
