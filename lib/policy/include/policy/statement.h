/* Officers' statements: who is a principal, who holds which role, which policy a product has. Each is a map in
 * deterministic CBOR (RFC 8949 section 4.2), signed by officers (COSE_Sign, RFC 9052) outside of this layer; they are
 * numbered, and each names the one before it, so none can be left out, put in, or moved. docs/statements.md has the
 * CDDL.
 *
 * What a statement says is data here; whether it holds is the registry's to judge. */
#ifndef HM_POLICY_STATEMENT_H
#define HM_POLICY_STATEMENT_H

#include <base/claim.h>
#include <crypto/digest.h>
#include <policy/key_state.h>
#include <policy/role.h>

/* Stored: never reuse a number. */
typedef enum {
    HM_ACT_CHARTER = 1,   /* the first statement: the founders, and how many officers it takes; or none of both */
    HM_ACT_PRINCIPAL = 2, /* who a principal is from now on; without keys, user and issuer: nobody */
    HM_ACT_GRANT = 3,     /* a role, until when; until 0: not any more */
    HM_ACT_POLICY = 4,    /* a product's policy; without text: none. Or one that is in force for some hours */
    HM_ACT_KEY = 5        /* a key's state from now on */
} hm_act;
enum { HM_ACTS = 5 };

enum {
    HM_FOUNDERS_MAX = 16,
    HM_PRINCIPAL_KEYS_MAX = 4,
    HM_PRINCIPAL_CLAIMS_MAX = 8,
    HM_STATED_PRODUCT_MAX = 64,
    HM_STATED_POLICY_MAX = 12288,
    HM_STATED_REASON_MAX = 200,
    HM_STATEMENT_MAX = 14336 /* of the CBOR, which fits into an envelope with its signatures */
};

typedef struct {
    hm_bytes name;
    hm_bytes spki; /* DER SubjectPublicKeyInfo */
} hm_founder;

/* Views of what was read, or of what is to be written. Members that an act does not have are zero. */
typedef struct {
    uint8_t office[16];
    uint64_t number;                 /* 0: the charter */
    uint8_t previous[HM_SHA256_LEN]; /* of the statement before; of the charter zero, and not written */
    int64_t time;                    /* Unix seconds UTC, as the officer who wrote it has it */
    hm_act act;
    /* charter */
    uint64_t quorum; /* so many officers give anything: roles, principals, policies; 0: there are no founders */
    size_t founders;
    hm_founder founder[HM_FOUNDERS_MAX];
    /* principal, grant: whom it is about */
    hm_bytes name;
    /* principal */
    size_t keys;
    hm_bytes key[HM_PRINCIPAL_KEYS_MAX]; /* DER SubjectPublicKeyInfo */
    bool has_unix;
    uint32_t unix_user; /* numeric user, as the kernel names who calls */
    /* principal that is a workload: who has a token of this issuer (hm_issuer_check) in which each of these claims
     * stands, with exactly this value. Empty and 0, or neither. By name in ascending order, each name once */
    hm_bytes issuer;
    size_t claims;
    hm_claim claim[HM_PRINCIPAL_CLAIMS_MAX];
    /* grant */
    hm_role role;
    int64_t until; /* Unix seconds; 0: withdrawn. Of a temporary policy the same; 0: ended, without text and reason */
    /* grant: for this product, empty for all of them and the office itself; policy: of this product; key: the same,
     * empty for one of the office's own */
    hm_bytes product;
    /* policy */
    hm_bytes policy;
    bool temporary;  /* break-glass: in force until UNTIL, in place of the product's own */
    hm_bytes reason; /* of a temporary one, and perhaps of a key's state: readable, 1 to HM_STATED_REASON_MAX bytes */
    /* key */
    uint8_t token_id[16]; /* CKA_ID: the key's name in the token and in the log */
    hm_key_state state;
    int64_t since; /* of a compromised one: what it signed from then on is in doubt; 0: it is not known since when */
} hm_statement;

/* Append the CBOR of STATEMENT. A refusal, with nothing appended, if it could not be read again. */
HM_MUST_USE hm_err hm_statement_put(const hm_statement *statement, hm_buf *cbor);
/* CBOR is exactly one statement: views into it. Strict: names, bounds, the members that its act has and no others. */
HM_MUST_USE hm_err hm_statement_get(hm_bytes cbor, hm_statement *statement);
/* One line for people: "erin: approver of pump-x until 2027-01-01". */
HM_MUST_USE hm_err hm_statement_describe(const hm_statement *statement, hm_buf *line);

#endif
