/* The registry: who is who in an office, and who may do what, as its officers' statements made it. It is only ever
 * built by taking the statements in their order; each is judged by those before it, back to the charter.
 *
 * Officers are the founders, and who holds the role of administrator: for everything, or for one product. What officers
 * give (a principal's keys, a role, a policy) takes as many of them as the charter's quorum says; what they take away
 * takes one. A policy for some hours (break-glass) takes two of them at least, and no signing role is given meanwhile
 * to who has signed it. A key's state takes one officer or key-officer to stop it, the quorum to let it sign again, two
 * at least to call it compromised or have it destroyed. Founders alone give and take what makes an officer: the roles
 * administrator and key-officer, and the keys of whoever has them. Nobody counts for a role of his own. An officer
 * holds no role that signs (requester, approver, publisher) for what he administers. One key, and one user, is one
 * principal; and no workload's claims contain those of another of the same issuer, since a token of the one would be
 * the other's as well.
 *
 * Under a charter without founders the office is one person's: what he states nobody signs, and it is about keys and
 * products' policies alone, since there is nobody to give a role to.
 *
 * Signatures are the caller's to verify: it says whose keys have signed, by the keys that the registry shows it. */
#ifndef HM_POLICY_REGISTRY_H
#define HM_POLICY_REGISTRY_H

#include <policy/statement.h>

typedef struct hm_registry hm_registry;

HM_MUST_USE hm_err hm_registry_new(const uint8_t office[static 16], hm_registry **registry);
void hm_registry_free(hm_registry **registry);
#define HM_REGISTRY __attribute__((cleanup(hm_registry_free))) hm_registry

/* From now on it is a rehearsal's: what is stated of keys and principals needs nobody's signature. Nothing that such a
 * registry took may be taken for an office's. */
void hm_registry_rehearse(hm_registry *registry);

/* A signature that was verified, by the key with this number (hm_registry_key). */
enum { HM_STATEMENT_SIGNERS_MAX = 16 };

/* Take CBOR as the next statement, over which the COUNT keys SIGNERS have signed; none have to for the charter. NOW is
 * when it is taken for the first time (its own time must be near, and who signed must be an officer still), 0 when it
 * is read again. On a fault the registry is as it was. */
HM_MUST_USE hm_err hm_registry_take(hm_registry *registry, hm_bytes cbor, const size_t *signers, size_t count,
                                    int64_t now);

/* The statements that are taken from here on were made between EARLIEST (less the day that officers have to hand one
 * in) and LATEST, by those who were officers still at EARLIEST, whatever time they give: for who reads statements that
 * nobody vouches for. Neither bound moves back. */
void hm_registry_between(hm_registry *registry, int64_t earliest, int64_t latest);

/* How many statements were taken, and SHA-256 of the last one: what the next one names. */
uint64_t hm_registry_size(const hm_registry *registry);
void hm_registry_last(const hm_registry *registry, uint8_t sha256[static HM_SHA256_LEN]);
uint64_t hm_registry_quorum(const hm_registry *registry);

/* Key number I of all that principals hold now; false behind the last. */
bool hm_registry_key(const hm_registry *registry, size_t i, hm_bytes *spki);

/* A principal: views that last until the next statement is taken. */
typedef struct {
    hm_bytes name;
    bool founder;
    size_t keys;
    hm_bytes key[HM_PRINCIPAL_KEYS_MAX];
    bool has_unix;
    uint32_t unix_user;
    hm_bytes issuer; /* empty: he is no workload */
    size_t claims;
    hm_claim claim[HM_PRINCIPAL_CLAIMS_MAX]; /* by name in ascending order */
} hm_principal;
bool hm_registry_principal(const hm_registry *registry, size_t i, hm_principal *principal);
/* Whose is key number I (hm_registry_key)? */
bool hm_registry_holder(const hm_registry *registry, size_t i, hm_principal *principal);
/* A refusal if there is none, or he was revoked. */
HM_MUST_USE hm_err hm_registry_by_name(const hm_registry *registry, hm_bytes name, hm_principal *principal);
HM_MUST_USE hm_err hm_registry_by_unix(const hm_registry *registry, uint32_t user, hm_principal *principal);
/* The workload to which a token of ISSUER belongs whose texts are the COUNT CLAIMS, each name once: the one principal
 * of that issuer all of whose claims are among them, with exactly his values. Whether the token is good is the caller's
 * to know. A refusal if nobody fits; if two do, which names both: nobody is to be one or the other by chance. */
HM_MUST_USE hm_err hm_registry_by_claims(const hm_registry *registry, hm_bytes issuer, const hm_claim *claims,
                                         size_t count, hm_principal *principal);

typedef struct {
    hm_bytes name, product; /* product: empty for all */
    hm_role role;
    int64_t until; /* 0: withdrawn */
} hm_grant;
bool hm_registry_grant(const hm_registry *registry, size_t i, hm_grant *grant);
/* Does NAME hold ROLE for PRODUCT (empty: for the whole office) at NOW? A refusal that says what he lacks. */
HM_MUST_USE hm_err hm_registry_allows(const hm_registry *registry, hm_bytes name, hm_role role, hm_bytes product,
                                      int64_t now);
/* The policy of the product that is in force at NOW; a refusal if it has none. */
HM_MUST_USE hm_err hm_registry_policy(const hm_registry *registry, hm_bytes product, int64_t now, hm_bytes *text);

/* The same, whatever temporary policy there is; empty: it has none. */
hm_bytes hm_registry_own_policy(const hm_registry *registry, hm_bytes product);

/* What officers have stated of a key: views as of principals. False: nothing, so it is active. */
typedef struct {
    uint8_t token_id[16];
    hm_bytes product, reason; /* empty: an office's own key; none was given */
    hm_key_state state;
    bool compromised;    /* so it was stated, and it may be destroyed since */
    int64_t time, since; /* of the statement; of the compromise, 0: unknown */
} hm_stated_key;
bool hm_registry_key_state(const hm_registry *registry, const uint8_t token_id[static 16], hm_stated_key *key);

/* A temporary policy that officers have stated: for HM_GLASS_SECONDS at most, in place of the product's own. */
enum { HM_GLASS_SECONDS = 24 * 3600, HM_GLASS_OFFICERS = 2 };
typedef struct {
    hm_bytes product, text, reason;
    int64_t since, until;
    size_t officers;
    hm_bytes officer[HM_STATEMENT_SIGNERS_MAX]; /* who have signed it, each once */
} hm_glass;
/* Number I of those that are in force at NOW; false behind the last. Views as of principals. */
bool hm_registry_glass(const hm_registry *registry, size_t i, int64_t now, hm_glass *glass);
/* Is one in force for PRODUCT? */
bool hm_registry_glass_of(const hm_registry *registry, hm_bytes product, int64_t now, hm_glass *glass);
/* "BREAK-GLASS of PRODUCT until TIME, by OFFICERS: REASON": what everybody is told who meets it; under 640
 * bytes, of more than four officers the number. */
HM_MUST_USE hm_err hm_glass_describe(const hm_glass *glass, hm_buf *line);

#endif
