#include <policy/statement.h>

#include <base/cbor.h>
#include <base/name.h>
#include <base/readable.h>

#include <string.h>

enum { VERSION = 1, SPKI_MAX = 1024 };

/* Map keys, in the order in which they stand. */
enum {
    KEY_VERSION = 1,
    KEY_OFFICE,
    KEY_NUMBER,
    KEY_PREVIOUS,
    KEY_TIME,
    KEY_ACT,
    KEY_QUORUM,
    KEY_FOUNDERS,
    KEY_NAME,
    KEY_KEYS,
    KEY_UNIX,
    KEY_ROLE,
    KEY_PRODUCT,
    KEY_UNTIL,
    KEY_POLICY,
    KEY_ISSUER,
    KEY_CLAIMS,
    KEY_REASON,
    KEY_TOKEN_ID,
    KEY_STATE,
    KEY_SINCE,
    KEYS
};

#define BIT(key) (1u << (key))
static const uint32_t every_act = BIT(KEY_VERSION) | BIT(KEY_OFFICE) | BIT(KEY_NUMBER) | BIT(KEY_TIME) | BIT(KEY_ACT);
/* What an act has beside that, and what it may have. */
static const struct {
    uint32_t has, may;
} members[HM_ACTS + 1] = {
    [HM_ACT_CHARTER] = {BIT(KEY_QUORUM) | BIT(KEY_FOUNDERS), 0},
    [HM_ACT_PRINCIPAL] = {BIT(KEY_PREVIOUS) | BIT(KEY_NAME) | BIT(KEY_KEYS),
                          BIT(KEY_UNIX) | BIT(KEY_ISSUER) | BIT(KEY_CLAIMS)},
    [HM_ACT_GRANT] = {BIT(KEY_PREVIOUS) | BIT(KEY_NAME) | BIT(KEY_ROLE) | BIT(KEY_UNTIL), BIT(KEY_PRODUCT)},
    [HM_ACT_POLICY] = {BIT(KEY_PREVIOUS) | BIT(KEY_PRODUCT), BIT(KEY_UNTIL) | BIT(KEY_POLICY) | BIT(KEY_REASON)},
    [HM_ACT_KEY] = {BIT(KEY_PREVIOUS) | BIT(KEY_TOKEN_ID) | BIT(KEY_STATE),
                    BIT(KEY_PRODUCT) | BIT(KEY_REASON) | BIT(KEY_SINCE)},
};

/* Which of what it may have a statement has. */
static uint32_t present(const hm_statement *s) {
    uint32_t here = (s->has_unix ? BIT(KEY_UNIX) : 0) | (s->product.len ? BIT(KEY_PRODUCT) : 0) |
                    (s->policy.len ? BIT(KEY_POLICY) : 0) | (s->issuer.len ? BIT(KEY_ISSUER) : 0) |
                    (s->claims ? BIT(KEY_CLAIMS) : 0) | (s->temporary ? BIT(KEY_UNTIL) : 0) |
                    (s->reason.len ? BIT(KEY_REASON) : 0) | (s->since ? BIT(KEY_SINCE) : 0);
    return every_act | members[s->act].has | (members[s->act].may & here);
}

static hm_err put_founders(const hm_statement *s, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, s->founders));
    for (size_t i = 0; i < s->founders; i++) {
        HM_TRY(hm_cbor_put_array(cbor, 2));
        HM_TRY(hm_cbor_put_text(cbor, s->founder[i].name));
        HM_TRY(hm_cbor_put_bytes(cbor, s->founder[i].spki));
    }
    return HM_OK;
}

static hm_err put_keys(const hm_statement *s, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, s->keys));
    for (size_t i = 0; i < s->keys; i++) HM_TRY(hm_cbor_put_bytes(cbor, s->key[i]));
    return HM_OK;
}

static hm_err put_claims(const hm_statement *s, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, s->claims));
    for (size_t i = 0; i < s->claims; i++) {
        HM_TRY(hm_cbor_put_array(cbor, 2));
        HM_TRY(hm_cbor_put_text(cbor, s->claim[i].name));
        HM_TRY(hm_cbor_put_text(cbor, s->claim[i].value));
    }
    return HM_OK;
}

static hm_err put_member(const hm_statement *s, int key, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_uint(cbor, (uint64_t)key));
    switch (key) {
    case KEY_VERSION:
        return hm_cbor_put_uint(cbor, VERSION);
    case KEY_OFFICE:
        return hm_cbor_put_bytes(cbor, HM_ARRAY(s->office));
    case KEY_NUMBER:
        return hm_cbor_put_uint(cbor, s->number);
    case KEY_PREVIOUS:
        return hm_cbor_put_bytes(cbor, HM_ARRAY(s->previous));
    case KEY_TIME:
        return hm_cbor_put_uint(cbor, (uint64_t)s->time);
    case KEY_ACT:
        return hm_cbor_put_uint(cbor, (uint64_t)s->act);
    case KEY_QUORUM:
        return hm_cbor_put_uint(cbor, s->quorum);
    case KEY_FOUNDERS:
        return put_founders(s, cbor);
    case KEY_NAME:
        return hm_cbor_put_text(cbor, s->name);
    case KEY_KEYS:
        return put_keys(s, cbor);
    case KEY_UNIX:
        return hm_cbor_put_uint(cbor, s->unix_user);
    case KEY_ROLE:
        return hm_cbor_put_uint(cbor, (uint64_t)s->role);
    case KEY_PRODUCT:
        return hm_cbor_put_text(cbor, s->product);
    case KEY_UNTIL:
        return hm_cbor_put_uint(cbor, (uint64_t)s->until);
    case KEY_ISSUER:
        return hm_cbor_put_text(cbor, s->issuer);
    case KEY_CLAIMS:
        return put_claims(s, cbor);
    case KEY_REASON:
        return hm_cbor_put_text(cbor, s->reason);
    case KEY_TOKEN_ID:
        return hm_cbor_put_bytes(cbor, HM_ARRAY(s->token_id));
    case KEY_STATE:
        return hm_cbor_put_uint(cbor, (uint64_t)s->state);
    case KEY_SINCE:
        return hm_cbor_put_uint(cbor, (uint64_t)s->since);
    default:
        return hm_cbor_put_text(cbor, s->policy);
    }
}

static hm_err put_members(const hm_statement *s, hm_buf *cbor) {
    uint32_t here = present(s);
    HM_TRY(hm_cbor_put_map(cbor, (uint64_t)__builtin_popcount(here)));
    for (int key = KEY_VERSION; key < KEYS; key++)
        if (here & BIT(key)) HM_TRY(put_member(s, key, cbor));
    return HM_OK;
}

hm_err hm_statement_put(const hm_statement *statement, hm_buf *cbor) {
    HM_BUF fresh = HM_BUF_EMPTY;
    hm_statement again;
    if (statement->act < HM_ACT_CHARTER || (int)statement->act > HM_ACTS)
        return hm_refuse("a statement: there is no act %d", (int)statement->act);
    if (statement->founders > HM_FOUNDERS_MAX || statement->keys > HM_PRINCIPAL_KEYS_MAX ||
        statement->claims > HM_PRINCIPAL_CLAIMS_MAX)
        return hm_refuse("a statement: more founders, keys or claims than there may be");
    HM_TRY(put_members(statement, &fresh));
    HM_TRY(hm_statement_get(hm_buf_bytes(&fresh), &again));
    return hm_put(cbor, hm_buf_bytes(&fresh));
}

static hm_err get_number(hm_reader *reader, uint64_t most, uint64_t *number) {
    HM_TRY(hm_cbor_get_uint(reader, number));
    return *number <= most ? HM_OK : hm_refuse("a number is out of its range");
}

/* Seconds that a calendar has: to the end of the year 9999. */
static hm_err get_time(hm_reader *reader, int64_t *time) {
    uint64_t number;
    HM_TRY(get_number(reader, UINT64_C(253402300799), &number));
    *time = (int64_t)number;
    return HM_OK;
}

static hm_err get_exact(hm_reader *reader, uint8_t *to, size_t len) {
    hm_bytes bytes;
    HM_TRY(hm_cbor_get_bytes(reader, &bytes));
    if (bytes.len != len) return hm_refuse("a byte string has the wrong length");
    memcpy(to, bytes.data, len);
    return HM_OK;
}

static hm_err get_spki(hm_reader *reader, hm_bytes *spki) {
    HM_TRY(hm_cbor_get_bytes(reader, spki));
    return spki->len && spki->len <= SPKI_MAX ? HM_OK : hm_refuse("a key has no likely length");
}

/* In a statement a bad name is bad input, and nobody's wrong usage. */
static hm_err check_name(hm_bytes name, size_t most, const char *what) {
    hm_fault fault = hm_fault_keep(hm_name_check(name, most, what));
    if (fault.class != HM_DONE) fault.class = HM_REFUSED;
    return hm_fault_raise(&fault);
}

static hm_err get_name(hm_reader *reader, hm_bytes *name) {
    HM_TRY(hm_cbor_get_text(reader, name));
    return check_name(*name, HM_PRINCIPAL_NAME_MAX, "a principal's name");
}

static hm_err get_founders(hm_reader *reader, hm_statement *s) {
    uint64_t count, two;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (count > HM_FOUNDERS_MAX) return hm_refuse("there are at most %d founders", HM_FOUNDERS_MAX);
    for (s->founders = 0; s->founders < count; s->founders++) {
        hm_founder *founder = &s->founder[s->founders];
        HM_TRY(hm_cbor_get_array(reader, &two));
        if (two != 2) return hm_refuse("a founder is a name and a key");
        HM_TRY(get_name(reader, &founder->name));
        HM_TRY(get_spki(reader, &founder->spki));
    }
    return HM_OK;
}

static hm_err get_keys(hm_reader *reader, hm_statement *s) {
    uint64_t count;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (count > HM_PRINCIPAL_KEYS_MAX) return hm_refuse("a principal has at most %d keys", HM_PRINCIPAL_KEYS_MAX);
    for (s->keys = 0; s->keys < count; s->keys++) HM_TRY(get_spki(reader, &s->key[s->keys]));
    return HM_OK;
}

static hm_err get_unix(hm_reader *reader, hm_statement *s) {
    uint64_t user;
    HM_TRY(get_number(reader, UINT32_MAX - 1, &user)); /* (uid_t)-1 is nobody's */
    s->unix_user = (uint32_t)user;
    s->has_unix = true;
    return HM_OK;
}

static hm_err get_issuer(hm_reader *reader, hm_statement *s) {
    HM_TRY(hm_cbor_get_text(reader, &s->issuer));
    return hm_issuer_check(s->issuer);
}

static hm_err get_claim(hm_reader *reader, const hm_claim *before, hm_claim *claim) {
    uint64_t two;
    HM_TRY(hm_cbor_get_array(reader, &two));
    if (two != 2) return hm_refuse("a claim is a name and a value");
    HM_TRY(hm_cbor_get_text(reader, &claim->name));
    HM_TRY(hm_cbor_get_text(reader, &claim->value));
    HM_TRY(hm_claim_check(claim));
    return !before || hm_bytes_compare(before->name, claim->name) < 0
               ? HM_OK
               : hm_refuse("claims stand in the order of their names, each name once");
}

static hm_err get_claims(hm_reader *reader, hm_statement *s) {
    uint64_t count;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (!count || count > HM_PRINCIPAL_CLAIMS_MAX)
        return hm_refuse("a workload has 1 to %d claims", HM_PRINCIPAL_CLAIMS_MAX);
    for (s->claims = 0; s->claims < count; s->claims++)
        HM_TRY(get_claim(reader, s->claims ? &s->claim[s->claims - 1] : NULL, &s->claim[s->claims]));
    return HM_OK;
}

static hm_err get_role(hm_reader *reader, hm_statement *s) {
    uint64_t role;
    HM_TRY(get_number(reader, HM_ROLES, &role));
    s->role = (hm_role)role;
    return role ? HM_OK : hm_refuse("there is no role 0");
}

static hm_err get_product(hm_reader *reader, hm_bytes *product) {
    HM_TRY(hm_cbor_get_text(reader, product));
    return check_name(*product, HM_STATED_PRODUCT_MAX, "a product's name");
}

static hm_err get_policy(hm_reader *reader, hm_bytes *text) {
    HM_TRY(hm_cbor_get_text(reader, text));
    return text->len && text->len <= HM_STATED_POLICY_MAX
               ? HM_OK
               : hm_refuse("a policy has 1 to %d bytes", HM_STATED_POLICY_MAX);
}

static hm_err get_reason(hm_reader *reader, hm_bytes *reason) {
    HM_TRY(hm_cbor_get_text(reader, reason));
    return reason->len && reason->len <= HM_STATED_REASON_MAX && hm_is_readable(*reason)
               ? HM_OK
               : hm_refuse("a reason has 1 to %d readable bytes", HM_STATED_REASON_MAX);
}

static hm_err get_state(hm_reader *reader, hm_statement *s) {
    uint64_t state;
    HM_TRY(get_number(reader, HM_KEY_STATES, &state));
    s->state = (hm_key_state)state;
    return state ? HM_OK : hm_refuse("there is no state 0");
}

/* "Not known" is left out. */
static hm_err get_since(hm_reader *reader, hm_statement *s) {
    HM_TRY(get_time(reader, &s->since));
    return s->since ? HM_OK : hm_refuse("a time is 0");
}

static hm_err get_act(hm_reader *reader, hm_statement *s) {
    uint64_t act;
    HM_TRY(get_number(reader, HM_ACTS, &act));
    s->act = (hm_act)act;
    return act ? HM_OK : hm_refuse("there is no act 0");
}

static hm_err get_version(hm_reader *reader) {
    uint64_t version;
    HM_TRY(hm_cbor_get_uint(reader, &version));
    return version == VERSION ? HM_OK : hm_refuse("version %llu is not known", (unsigned long long)version);
}

static hm_err get_member(hm_reader *reader, int64_t key, hm_statement *s) {
    switch (key) {
    case KEY_VERSION:
        return get_version(reader);
    case KEY_OFFICE:
        return get_exact(reader, s->office, sizeof s->office);
    case KEY_NUMBER:
        return hm_cbor_get_uint(reader, &s->number);
    case KEY_PREVIOUS:
        return get_exact(reader, s->previous, sizeof s->previous);
    case KEY_TIME:
        return get_time(reader, &s->time);
    case KEY_ACT:
        return get_act(reader, s);
    case KEY_QUORUM:
        return get_number(reader, HM_FOUNDERS_MAX, &s->quorum);
    case KEY_FOUNDERS:
        return get_founders(reader, s);
    case KEY_NAME:
        return get_name(reader, &s->name);
    case KEY_KEYS:
        return get_keys(reader, s);
    case KEY_UNIX:
        return get_unix(reader, s);
    case KEY_ROLE:
        return get_role(reader, s);
    case KEY_PRODUCT:
        return get_product(reader, &s->product);
    case KEY_UNTIL:
        return get_time(reader, &s->until);
    case KEY_POLICY:
        return get_policy(reader, &s->policy);
    case KEY_ISSUER:
        return get_issuer(reader, s);
    case KEY_CLAIMS:
        return get_claims(reader, s);
    case KEY_REASON:
        return get_reason(reader, &s->reason);
    case KEY_TOKEN_ID:
        return get_exact(reader, s->token_id, sizeof s->token_id);
    case KEY_STATE:
        return get_state(reader, s);
    case KEY_SINCE:
        return get_since(reader, s);
    default:
        return hm_refuse("there is no member %lld", (long long)key);
    }
}

/* A policy for some hours has a text and a reason; the end of one has neither. */
static hm_err check_temporary(hm_statement *s, uint32_t here) {
    if (s->act != HM_ACT_POLICY) return HM_OK;
    s->temporary = here & BIT(KEY_UNTIL);
    bool begins = s->temporary && s->until;
    if (!(here & BIT(KEY_REASON)) == begins)
        return hm_refuse("a break-glass policy has a reason, and nothing else has");
    if (begins && !(here & BIT(KEY_POLICY))) return hm_refuse("a break-glass policy has a text");
    return s->temporary && !begins && here & BIT(KEY_POLICY) ? hm_refuse("the end of a break-glass policy has no text")
                                                             : HM_OK;
}

static hm_err check_members(hm_statement *s, uint32_t here) {
    if (!(here & BIT(KEY_ACT))) return hm_refuse("an act is missing");
    uint32_t must = every_act | members[s->act].has;
    if ((here & must) != must || (here & ~(must | members[s->act].may)))
        return hm_refuse("these are not the members of act %d", (int)s->act);
    if (!(here & BIT(KEY_ISSUER)) != !(here & BIT(KEY_CLAIMS)))
        return hm_refuse("an issuer and claims belong together");
    HM_TRY(check_temporary(s, here));
    if (s->since && s->state != HM_KEY_COMPROMISED) return hm_refuse("only a compromised key is so since a time");
    if ((s->act == HM_ACT_CHARTER) != (s->number == 0)) return hm_refuse("the first statement is the charter");
    bool is_quorum = s->quorum <= s->founders && (s->quorum || !s->founders);
    return s->act != HM_ACT_CHARTER || is_quorum ? HM_OK : hm_refuse("a quorum is of the founders");
}

static hm_err get_all(hm_bytes cbor, hm_statement *s) {
    hm_reader reader = hm_reader_of(cbor);
    hm_bytes previous_key = HM_NO_BYTES;
    uint64_t pairs;
    uint32_t here = 0;
    if (cbor.len > HM_STATEMENT_MAX) return hm_refuse("it is larger than %d bytes", HM_STATEMENT_MAX);
    HM_TRY(hm_cbor_get_map(&reader, &pairs));
    for (uint64_t i = 0; i < pairs; i++) {
        int64_t key;
        HM_TRY(hm_cbor_get_key(&reader, &previous_key, &key));
        HM_TRY(get_member(&reader, key, s));
        here |= BIT(key);
    }
    HM_TRY(hm_read_end(&reader));
    return check_members(s, here);
}

hm_err hm_statement_get(hm_bytes cbor, hm_statement *statement) {
    memset(statement, 0, sizeof *statement);
    hm_err err = hm_in(get_all(cbor, statement), "a statement");
    if (hm_failed(err)) memset(statement, 0, sizeof *statement);
    return err;
}
