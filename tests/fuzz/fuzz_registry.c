/* layers: base crypto policy */
/* Statements made out of the input, some of them spoilt: whatever was taken, a key or user is one principal's, nobody
 * signs for what he administers, and what was refused changed nothing. */
#include <policy/registry.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t office[16] = "a fuzzed office";
static const char *const names[] = {"alice", "bob", "carol", "dan", "erin", "frank"};
static const char *const products[] = {"", "pump", "valve"};
static const char *const issuers[] = {"https://a", "https://b"};
static const char *const values[] = {"0", "1"};
static const char *const keys[] = {"key 0", "key 1", "key 2", "key 3", "key 4", "key 5", "key 6", "key 7"};
enum { NAMES = 6, KEYS = 8, STEPS = 64 };

static void must(bool holds) {
    if (!holds) abort();
}

static uint8_t take(hm_reader *rest) {
    uint8_t value;
    return hm_failed(hm_read_u8(rest, &value)) ? 0 : value;
}

/* ---- what must hold ---- */

/* Claims of which each is among the other's: a token of one would be the other's too. */
static bool contains(const hm_principal *all, const hm_principal *part) {
    size_t found = 0;
    for (size_t i = 0; i < part->claims; i++)
        for (size_t k = 0; k < all->claims; k++)
            found += hm_bytes_equal(all->claim[k].name, part->claim[i].name) &&
                     hm_bytes_equal(all->claim[k].value, part->claim[i].value);
    return part->issuer.len && hm_bytes_equal(all->issuer, part->issuer) && found == part->claims;
}

static bool same_person(const hm_principal *a, const hm_principal *b) {
    bool same = a->has_unix && b->has_unix && a->unix_user == b->unix_user;
    for (size_t i = 0; i < a->keys; i++)
        for (size_t k = 0; k < b->keys; k++) same |= hm_bytes_equal(a->key[i], b->key[k]);
    return same || hm_bytes_equal(a->name, b->name) || contains(a, b) || contains(b, a);
}

static void one_person_is_one_principal(const hm_registry *r) {
    hm_principal a, b;
    for (size_t i = 0; hm_registry_principal(r, i, &a); i++)
        for (size_t k = 0; k < i && hm_registry_principal(r, k, &b); k++) must(!same_person(&a, &b));
}

/* Every workload's own claims find it, and it alone. */
static void a_token_is_one_principals(const hm_registry *r) {
    hm_principal p, found;
    for (size_t i = 0; hm_registry_principal(r, i, &p); i++) {
        hm_err err = hm_registry_by_claims(r, p.issuer, p.claim, p.claims, &found);
        must(hm_failed(err) == !p.issuer.len);
        must(hm_failed(err) || hm_bytes_equal(p.name, found.name));
    }
}

static void who_administers_signs_nothing(const hm_registry *r, int64_t now) {
    hm_principal p;
    for (size_t i = 0; hm_registry_principal(r, i, &p); i++)
        for (size_t k = 0; k < sizeof products / sizeof products[0]; k++) {
            hm_bytes product = hm_text(products[k]);
            bool administers = !hm_failed(hm_registry_allows(r, p.name, HM_ROLE_ADMINISTRATOR, product, now));
            for (int role = 1; administers && role <= HM_ROLES; role++)
                must(!hm_role_signs((hm_role)role) ||
                     hm_failed(hm_registry_allows(r, p.name, (hm_role)role, product, now)));
        }
}

static void enough_founders_are_left(const hm_registry *r) {
    hm_principal p;
    uint64_t left = 0;
    for (size_t i = 0; hm_registry_principal(r, i, &p); i++) left += p.founder && p.keys;
    must(left >= hm_registry_quorum(r));
}

/* Two officers at least, a day at most, and nothing that they sign themselves. */
static void glass_is_broken_by_two(const hm_registry *r, int64_t now) {
    hm_glass glass;
    for (size_t i = 0; hm_registry_glass(r, i, now, &glass); i++) {
        must(glass.officers >= HM_GLASS_OFFICERS && glass.text.len && glass.reason.len);
        must(now < glass.until && glass.until - glass.since <= HM_GLASS_SECONDS);
        for (size_t k = 0; k < glass.officers; k++)
            for (int role = 1; role <= HM_ROLES; role++)
                must(!hm_role_signs((hm_role)role) ||
                     hm_failed(hm_registry_allows(r, glass.officer[k], (hm_role)role, glass.product, now)));
    }
}

static const uint8_t token_ids[][16] = {"the first key...", "the second key.."};
enum { TOKEN_IDS = sizeof token_ids / sizeof token_ids[0] };

static hm_key_state state_of(const hm_registry *r, const uint8_t id[static 16]) {
    hm_stated_key key;
    return hm_registry_key_state(r, id, &key) ? key.state : HM_KEY_ACTIVE;
}

/* There is no way back from what is final, and none around what is between. */
static void keys_pass_as_drawn(const hm_registry *r, const hm_statement *s, hm_key_state before, bool first) {
    if (s->act != HM_ACT_KEY) return;
    must(state_of(r, s->token_id) == s->state);
    must(hm_key_state_may_become(before, s->state) || (first && s->state == HM_KEY_PRE_ACTIVATION));
}

/* All that a registry shows. */
static hm_err picture(const hm_registry *r, int64_t now, hm_buf *all) {
    hm_principal p;
    hm_grant g;
    uint8_t last[HM_SHA256_LEN];
    hm_registry_last(r, last);
    HM_TRY(hm_put(all, HM_ARRAY(last)));
    HM_TRY(hm_put_u64be(all, hm_registry_size(r)));
    for (size_t i = 0; hm_registry_principal(r, i, &p); i++) {
        HM_TRY(hm_put(all, p.name));
        for (size_t k = 0; k < p.keys; k++) HM_TRY(hm_put(all, p.key[k]));
        HM_TRY(hm_put_u64be(all, p.has_unix ? p.unix_user : UINT64_MAX));
        HM_TRY(hm_put(all, p.issuer));
        for (size_t k = 0; k < p.claims; k++) HM_TRY(hm_put_claim(all, &p.claim[k]));
    }
    for (size_t i = 0; hm_registry_grant(r, i, &g); i++) {
        HM_TRY(hm_put(all, g.name));
        HM_TRY(hm_put(all, g.product));
        HM_TRY(hm_put_u64be(all, (uint64_t)g.role));
        HM_TRY(hm_put_u64be(all, (uint64_t)g.until));
    }
    hm_glass glass;
    for (size_t i = 0; i < TOKEN_IDS; i++) HM_TRY(hm_put_u8(all, (uint8_t)state_of(r, token_ids[i])));
    for (size_t i = 0; hm_registry_glass(r, i, now, &glass); i++) HM_TRY(hm_glass_describe(&glass, all));
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        hm_bytes text;
        if (!hm_failed(hm_registry_policy(r, hm_text(products[i]), now, &text))) HM_TRY(hm_put(all, text));
    }
    return HM_OK;
}

/* ---- statements ---- */

static void add_claims(hm_statement *s, uint8_t bits) {
    static const char *const claim[] = {"x", "y", "z"};
    s->issuer = hm_text(issuers[bits >> 6 & 1]);
    for (unsigned i = 0; i < 3; i++)
        if (bits >> i & 1) s->claim[s->claims++] = (hm_claim){hm_text(claim[i]), hm_text(values[bits >> (3 + i) & 1])};
}

static void make_temporary(int64_t time, uint8_t spoil, hm_statement *s) {
    s->temporary = true;
    s->until = spoil & 1 ? 0 : time + 800 * (spoil >> 2) - 800;
    if (s->until) s->reason = hm_text("why");
}

static hm_statement make(const hm_registry *r, int64_t time, hm_reader *rest) {
    uint8_t spoil = take(rest);
    hm_statement s = {.number = hm_registry_size(r) + (spoil == 255), .time = time - (spoil == 254)};
    memcpy(s.office, office, sizeof office);
    hm_registry_last(r, s.previous);
    if (spoil == 253) s.previous[0] ^= 1;
    if (spoil == 252) s.office[0] ^= 1;
    s.act = s.number ? (hm_act)(HM_ACT_PRINCIPAL + take(rest) % 4) : HM_ACT_CHARTER;
    if (s.act == HM_ACT_CHARTER) {
        s.founders = 1 + take(rest) % 3;
        s.quorum = 1 + take(rest) % s.founders;
        for (size_t i = 0; i < s.founders; i++)
            s.founder[i] = (hm_founder){hm_text(names[i]), hm_text(keys[spoil == 251 ? 0 : i])};
    }
    if (s.act == HM_ACT_PRINCIPAL || s.act == HM_ACT_GRANT) s.name = hm_text(names[take(rest) % NAMES]);
    if (s.act == HM_ACT_PRINCIPAL) {
        uint8_t bits = take(rest);
        for (s.keys = 0; s.keys < bits % 3; s.keys++) s.key[s.keys] = hm_text(keys[take(rest) % KEYS]);
        s.has_unix = bits & 0x80;
        s.unix_user = s.has_unix ? bits >> 4 & 3 : 0;
        if (bits & 0x40) add_claims(&s, take(rest));
    }
    if (s.act == HM_ACT_GRANT) {
        s.role = (hm_role)(1 + take(rest) % HM_ROLES);
        uint8_t until = take(rest);
        s.until = until ? time + 64 * until - 128 : 0;
    }
    if (s.act == HM_ACT_GRANT) s.product = hm_text(products[take(rest) % 3]);
    if (s.act == HM_ACT_POLICY) s.product = hm_text(products[1 + take(rest) % 2]);
    if (s.act == HM_ACT_POLICY) s.policy = hm_text(spoil & 1 ? "" : "rule all\n");
    if (s.act == HM_ACT_POLICY && spoil & 2) make_temporary(time, spoil, &s);
    if (s.act == HM_ACT_KEY) {
        uint8_t bits = take(rest);
        s.state = (hm_key_state)(1 + bits % HM_KEY_STATES);
        memcpy(s.token_id, token_ids[bits >> 6 & 1], sizeof s.token_id);
        s.product = hm_text(products[bits >> 4 & 1]);
        if (spoil & 1) s.since = time - 100 + spoil;
    }
    return s;
}

static bool step(hm_registry *r, hm_registry *again, int64_t now, hm_reader *rest) {
    HM_BUF cbor = HM_BUF_EMPTY, before = HM_BUF_EMPTY, after = HM_BUF_EMPTY;
    size_t signers[4], count = take(rest) % 5;
    uint64_t size = hm_registry_size(r);
    hm_statement s = make(r, now + take(rest) * 2 - 256, rest);
    for (size_t i = 0; i < count; i++) signers[i] = take(rest) % KEYS;
    hm_stated_key stated;
    bool first = s.act == HM_ACT_KEY && !hm_registry_key_state(r, s.token_id, &stated);
    hm_key_state was = state_of(r, s.token_id);
    if (hm_failed(hm_statement_put(&s, &cbor))) return true;
    if (hm_failed(picture(r, now, &before))) return false;
    if (hm_failed(hm_registry_take(r, hm_buf_bytes(&cbor), signers, count, now))) {
        if (hm_failed(picture(r, now, &after))) return false;
        must(hm_bytes_equal(hm_buf_bytes(&before), hm_buf_bytes(&after)));
        return true;
    }
    keys_pass_as_drawn(r, &s, was, first);
    uint8_t hash[HM_SHA256_LEN], last[HM_SHA256_LEN];
    hm_sha256(hm_buf_bytes(&cbor), hash);
    hm_registry_last(r, last);
    must(hm_registry_size(r) == size + 1 && memcmp(hash, last, sizeof hash) == 0);
    /* What was taken once is taken whenever it is read again, and makes the same. */
    before.len = 0;
    must(!hm_failed(hm_registry_take(again, hm_buf_bytes(&cbor), signers, count, 0)));
    if (hm_failed(picture(r, now, &after)) || hm_failed(picture(again, now, &before))) return false;
    must(hm_bytes_equal(hm_buf_bytes(&before), hm_buf_bytes(&after)));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    HM_REGISTRY *r = NULL, *again = NULL;
    hm_reader rest = hm_reader_of(HM_BYTES(data, size));
    int64_t now = 1700000000;
    if (hm_failed(hm_registry_new(office, &r)) || hm_failed(hm_registry_new(office, &again))) return 0;
    for (int i = 0; i < STEPS && rest.rest.len; i++) {
        now += take(&rest) * 16;
        if (!step(r, again, now, &rest)) return 0;
        one_person_is_one_principal(r);
        glass_is_broken_by_two(r, now);
        a_token_is_one_principals(r);
        who_administers_signs_nothing(r, now);
        enough_founders_are_left(r);
    }
    return 0;
}
