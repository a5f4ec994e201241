/* An open office, shared by the files of the core only. */
#ifndef HM_CORE_OFFICE_H
#define HM_CORE_OFFICE_H

#include <base/json.h>
#include <core/core.h>
#include <hallmark/verify.h>
#include <keys/token.h>
#include <pki/cose.h>
#include <pki/signed.h>
#include <policy/policy.h>
#include <policy/registry.h>
#include <policy/request.h>
#include <store/store.h>
#include <tlog/leaf.h>
#include <tlog/proof.h>
#include <tlog/tiles.h>

/* A session that has been refused so often beyond once for each file that it was opened for is ended: it would only
 * fill the log. */
enum { HM_BATCH_MAX = 64, HM_REFUSALS_MAX = 16 };

typedef struct {
    int64_t id;
    char name[65];
    uint8_t vendor[16], class[16];
    uint32_t algorithms;
} hm_product;

/* A key with what signing needs of it; filled once per run. */
typedef struct {
    bool ready;
    uint8_t token_id[HM_KEY_ID_LEN];
    hm_key *key;
    hm_buf material; /* certificate and chain DER, which CHAIN views */
    hm_chain chain;
    uint8_t certificate_sha256[32];
    int64_t created, not_after;
    bool imported; /* by the database */
} hm_signing_key;

/* keyring.c: the signing keys of a product, as far as they were asked for. */
typedef struct hm_keyring {
    struct hm_keyring *next;
    int64_t product;
    char release[65]; /* whose alone they are; "": not a release's */
    bool is_named;    /* it has the one key with this certificate, which need not be the newest */
    uint8_t named[HM_SHA256_LEN];
    hm_signing_key signing[HM_KEY_ALGORITHMS + 1]; /* by key algorithm */
} hm_keyring;

enum { HM_CHALLENGE_LEN = 32 };
/* One peer's conversation: who speaks, and what for. */
typedef struct hm_noting hm_noting;
typedef struct {
    enum { HM_WHO_NOBODY, HM_WHO_USER, HM_WHO_KEY, HM_WHO_WORKLOAD } who;
    uint32_t user;           /* who called, as the kernel names him */
    uint8_t kid[HM_KID_LEN]; /* of who has proved that a key is his */
    hm_buf workload;         /* of who has proved that by a token: the answer about it (identity/answer.h) */
    uint8_t challenge[HM_CHALLENGE_LEN];
    uint64_t identified; /* by so many statements, plus one, PRINCIPAL and ACTOR were found; 0: not yet */
    int64_t expires;     /* of a workload: its token */
    char actor[256];     /* the same for the log; in a governed office with the principal's name */
    char principal[HM_PRINCIPAL_NAME_MAX + 1];
    enum { HM_NOTING_NOTHING, HM_NOTING_NEW, HM_NOTING_COMPARED, HM_NOTING_DONE } noting;
    hm_noting *noted;    /* requests.c; NULL until something is noted */
    bool any_kept;       /* something of what was named carries its signature already */
    bool never_began;    /* what was to come before narrow was refused */
    bool spoilt;         /* a front's narrow was refused: what it sent behind it, not knowing, is too, and is no act */
    char repeatable[65]; /* what is signed may be asked for again under this key; "": not */
    uint8_t call[HM_SHA256_LEN]; /* that is made under it */
    bool narrowed;
    hm_product product;
    char release[65];
    uint64_t signatures_left, signatures_granted, receipts_left, stamps_left, proofs_left;
    uint64_t borne;            /* of what was granted before it was widened: so many refusals more are borne */
    uint32_t formats;          /* bit n: it may sign what is logged as format n */
    uint64_t sequence;         /* of its manifests; 0: nobody chose it */
    uint64_t security_version; /* that no component goes beyond */
    bool cosign;               /* a manifest of another publisher, and none of our own: the one with this hash */
    uint8_t cosign_sha256[32];
    bool for_list;               /* and nothing else, of one file: */
    bool list_left;              /* the one trust list may still be signed */
    uint8_t list_sha256[32];     /* of that file */
    uint8_t old_list_sha256[32]; /* of the list that it replaces; of nothing if there is none */
    size_t refusals;
    bool floods;      /* its principal's refusals were too many for one minute */
    hm_buf documents; /* as CBOR, what goes with its signatures (policy/request.h) */
} hm_session;

/* Whose refusals there were in one minute (refusals.c). */
enum { HM_REFUSED_NAMES = 64 };
typedef struct {
    int64_t minute;
    size_t names;
    struct {
        char name[HM_PRINCIPAL_NAME_MAX + 1];
        unsigned count;
    } of[HM_REFUSED_NAMES];
} hm_refusals;

typedef struct {
    const char *directory; /* absolute */
    int dirfd;
    int log_dirfd;
    hm_store *store;
    hm_buf strings;
    hm_office_row row;
    /* Once statements were found (statements.c): there are some, and by founders. */
    bool stated, governed;
    uint8_t charter[HM_SHA256_LEN]; /* of the first statement */
    hm_registry *registry;          /* NULL until first needed */
    uint64_t statements_next;       /* entries with lower numbers were looked at */
    int registry_version;           /* of the database whose statements were all taken; 0: unknown */
    hm_token *token;                /* NULL until first needed */
    char token_name[96];            /* for the log */
    bool rehearsal;                 /* a copy, to try something on (rehearsal.c) */
    bool logged;                    /* something was appended since the last checkpoint */
    hm_session *session;            /* whose question is being answered */
    int64_t forgotten;              /* when old answers were, last */
    hm_refusals refusals;
    hm_keyring *keyrings;   /* keyring.c */
    struct hm_usage *usage; /* usage.c; NULL until a quota is counted */
    struct hm_tsa *tsa;     /* tsa.c; NULL until a timestamp is asked for */
    /* Who has not said who he is has so many timestamps in a minute, all of them together; 0: none. */
    unsigned strangers_stamps;
    struct hm_search_indexing *indexing; /* search_catch_up.c; NULL until something is searched */
} hm_office;

/* For USER, as the kernel names him. */
void hm_session_init(hm_session *session, uint32_t user);
/* For who is still to prove who he is. */
HM_MUST_USE hm_err hm_session_of_nobody(hm_session *session);
/* As it was before narrow, but for who speaks in it. */
void hm_session_widen(hm_session *session);
void hm_session_clear(hm_session *session);

/* refusals.c */
/* How many refusals a session bears: each of its files may be one, and a few acts beside them. */
static inline uint64_t hm_refusals_borne(const hm_session *session) {
    return session->borne + session->signatures_granted + HM_REFUSALS_MAX;
}
/* One more, of the session's; is it to be logged? */
bool hm_refusal_is_logged(hm_office *office);
/* One more in NAME's; is it one of the first MOST of this minute? */
bool hm_refusals_in_minute(hm_office *office, const char *name, unsigned most);
/* A refusal if nobody has to hear this session any longer. */
HM_MUST_USE hm_err hm_refusals_check(const hm_session *session);

/* SESSION: whose questions are answered until another is put in its place; of the user who runs this process. */
HM_MUST_USE hm_err hm_office_open(const char *directory, hm_session *session, hm_office *office);
void hm_office_close(hm_office *office);
/* "DIR/NAME" */
HM_MUST_USE hm_err hm_office_path(const hm_office *office, const char *name, hm_buf *path, const char **string);
/* Open the token and log in, once. */
HM_MUST_USE hm_err hm_office_token(hm_office *office);
int64_t hm_now(void);

/* keyring.c */
/* Is there that key, or would one be made? */
HM_MUST_USE hm_err hm_keyring_has(hm_office *office, hm_key_algorithm algorithm, bool *has);
/* The session's product's signing key of ALGORITHM: found, or made and certified now. Lasts until hm_keyring_forget. */
HM_MUST_USE hm_err hm_keyring_get(hm_office *office, hm_key_algorithm algorithm, hm_signing_key **key);
/* The one whose certificate has the SHA-256 CERTIFICATE; empty: the same as above. A refusal if it signs no more. */
HM_MUST_USE hm_err hm_keyring_get_announced(hm_office *office, hm_key_algorithm algorithm, hm_bytes certificate,
                                            hm_signing_key **key);
/* After somebody changed keys or certificates in the database. */
void hm_keyring_forget(hm_office *office);

/* A lock that serialises acts of several steps between processes ("publish.lock", "ceremony.lock"). */
HM_MUST_USE hm_err hm_office_lock(const hm_office *office, const char *name, int *fd);

/* statements.c -- what officers state, in a governed office; in another one what its owner states of keys and policies
 */
/* Are there statements, and founders? Opens no token. */
HM_MUST_USE hm_err hm_statements_find(hm_office *office);
/* Read the registry, against the log's key in the token; and whenever it is asked for again, what came meanwhile.
 * Nothing to do in an office without statements. */
HM_MUST_USE hm_err hm_statements_load(hm_office *office);
/* The same without a token, every signature verified; the registry is not kept. */
HM_MUST_USE hm_err hm_statements_audit(hm_office *office);
/* The charter, of which quorum and founders are given, within the store's open transaction. */
HM_MUST_USE hm_err hm_statements_found(hm_office *office, const hm_statement *founders);
/* Does a checkpoint (a note, or its text) say that there are statements? */
bool hm_statements_named(hm_bytes note);
/* The number and the predecessor's hash that the next statement names. */
HM_MUST_USE hm_err hm_statements_place(hm_office *office, uint64_t *number, uint8_t previous[static HM_SHA256_LEN]);
/* Take a statement that officers have signed, and publish the log with it. */
HM_MUST_USE hm_err hm_statements_add(hm_office *office, hm_bytes envelope);
HM_MUST_USE hm_err hm_statements_list(hm_office *office,
                                      hm_err (*visit)(void *context, uint64_t index, hm_bytes envelope), void *context);
/* The line of a checkpoint over SIZE entries that says which statements they hold; none for other offices. */
HM_MUST_USE hm_err hm_statements_put_head(hm_office *office, uint64_t size, hm_buf *text);

/* key_id.c -- PRODUCT NULL: the office's own */
/* A new key's id; ROW has its role, algorithm and time. */
HM_MUST_USE hm_err hm_key_id_new(const hm_office *office, const hm_product *product, hm_key_row *row);
/* Is the key that ROW names the one that was made for this? To be asked before a key is used. */
HM_MUST_USE hm_err hm_key_id_check(const hm_office *office, const hm_product *product, const hm_key_row *row);

/* requests.c: what stands in the log about a request */
typedef enum {
    HM_REQUEST_OPEN,
    HM_REQUEST_REJECTED,
    HM_REQUEST_CANCELLED,
    HM_REQUEST_EXPIRED,
    HM_REQUEST_DONE /* all of it was signed */
} hm_request_state;
const char *hm_request_state_word(hm_request_state state);
enum { HM_APPROVERS_MAX = 32 };
/* A request and what became of it, by what verifies now. */
typedef struct {
    uint64_t index; /* its entry */
    hm_bytes body;
    uint8_t hash[HM_SHA256_LEN]; /* of the body: its name */
    const hm_request *request;
    hm_request_state state;
    hm_bytes closer; /* who rejected it */
    size_t approvers;
    hm_bytes approver[HM_APPROVERS_MAX]; /* who approved it and may still */
    size_t formers;
    hm_bytes former[HM_APPROVERS_MAX]; /* of one that is closed or was used: who approved it and may not any more */
    bool checked;                      /* of a decision that is made: with the files at hand */
    bool documents_checked;            /* and with all SBOM and provenance files */
    size_t signatures;
    bool used[HM_REQUEST_ARTIFACTS]; /* signed under it */
    char awaits[HM_SENTENCE_MAX];    /* of an open one: what is missing; empty: nothing */
} hm_standing;

/* key_states.c */
/* By the statements that were loaded last; 0: none were. */
hm_key_state hm_key_state_of(const hm_office *office, const uint8_t token_id[static HM_KEY_ID_LEN]);
/* A refusal if officers have stated that it is not active. */
HM_MUST_USE hm_err hm_key_may_sign(hm_office *office, const uint8_t token_id[static HM_KEY_ID_LEN]);
/* Is what S states of a key about one that there is, and that this can be stated of? */
HM_MUST_USE hm_err hm_key_state_check(hm_office *office, const hm_statement *s);
/* Those that are stated to be destroyed are destroyed in the token, if it has them still. */
HM_MUST_USE hm_err hm_keys_destroy(hm_office *office);

/* key_terms.c: how long the keys of a product serve, as its policy says */
/* Of which release's own key signs what is NAMED so: of that, or of none: then it is the product's. A refusal if a
 * release must be named and is not. */
HM_MUST_USE hm_err hm_key_release(hm_office *office, hm_bytes product, hm_bytes named, hm_bytes *release);
/* The same, and a refusal if a release is named that has no key of its own. */
HM_MUST_USE hm_err hm_key_of_release(hm_office *office, hm_bytes product, hm_bytes named, hm_bytes *release);
/* What the policy of PRODUCT says of its keys; all zero: nothing. */
HM_MUST_USE hm_err hm_key_terms_of(hm_office *office, hm_bytes product, hm_key_terms *terms);
/* A refusal if a key of PRODUCT has served its time, has signed as often as it may, or was imported and may not have
 * been. Of KEY its id and what the database says are looked at, and the token is asked of it if it is loaded. */
HM_MUST_USE hm_err hm_key_serves(hm_office *office, const hm_product *product, const hm_signing_key *key, int64_t time);
/* How often a key of PRODUCT has signed since it was made. */
HM_MUST_USE hm_err hm_key_uses(hm_office *office, const hm_product *product,
                               const uint8_t token_id[static HM_KEY_ID_LEN], int64_t created, int64_t time,
                               uint64_t *uses);
/* Make the successors of those keys of the session's product that are due. */
HM_MUST_USE hm_err hm_keys_rotate(hm_office *office);

/* usage.c */
/* What was counted for quotas, if entries that were appended are taken back. */
void hm_usage_forget(hm_office *office);

/* rule.c */
/* Is who speaks a requester of the session's product, at this moment? */
HM_MUST_USE hm_err hm_rule_allows_requester(hm_office *office);
/* May who speaks ask for this act? */
HM_MUST_USE hm_err hm_rule_allows_act(hm_office *office, const hm_message *question);
/* One signature that is asked for by the session, for its product and release. */
typedef struct hm_rule_request {
    const hm_artifact *artifact;
    const hm_signing_key *key; /* NULL: there is none yet that would sign */
    int64_t time;
    hm_bytes manifest; /* of a native release: what ARTIFACT's digests are of; otherwise empty */
} hm_rule_request;
/* May it be made? Within the transaction that records it, so that quotas hold for all who sign at once. RULE gets the
 * name of the policy's rule that decided, "" if none. */
enum { HM_RULE_NAME = 65 };
/* What the log calls the policy in force: how many statements there are; 1 in an office without founders. */
uint64_t hm_rule_version(const hm_office *office);
typedef struct {
    char rule[HM_RULE_NAME];
    uint32_t expires;     /* seconds that a request under it has */
    bool needs_approvals; /* of a request: and nothing else is missing */
    bool break_glass;     /* a temporary policy has decided */
    bool by_request;      /* the approvals of this one let it through */
    uint8_t request[HM_SHA256_LEN];
} hm_rule_answer;
/* MAY_WAIT: it is to be requested, not made. */
HM_MUST_USE hm_err hm_rule_decide(hm_office *office, const hm_rule_request *request, bool may_wait,
                                  hm_rule_answer *answer);
/* May a key of ALGORITHM be made to sign the session's files of FORMATS (bit n: what is logged as format n)? Not if its
 * policy allows none of them, whoever approves. */
HM_MUST_USE hm_err hm_rule_allows_new_key(hm_office *office, hm_key_algorithm algorithm, uint32_t formats);
/* May what REQUEST says be let out, as it was signed? MAY_WAIT: approvals may be missing, which the answer says. */
HM_MUST_USE hm_err hm_rule_decide_publish(hm_office *office, const hm_request *request, bool may_wait,
                                          hm_rule_answer *answer);
/* Append what is told of the temporary policy of the session's product; nothing if there is none. */
HM_MUST_USE hm_err hm_rule_glass(const hm_office *office, int64_t time, hm_buf *line);
/* What the policy in force still wants of an open request: STANDING->awaits. */
HM_MUST_USE hm_err hm_rule_awaits(hm_office *office, hm_standing *standing);

/* identify.c */
/* Who speaks: office->session->principal, or a refusal. */
HM_MUST_USE hm_err hm_identify(hm_office *office);
/* From now on a principal speaks whose key has made SIGNATURE (a COSE_Signature) over the session's challenge and
 * BINDING. */
HM_MUST_USE hm_err hm_prove_key(hm_office *office, hm_bytes binding, hm_bytes signature);
/* From now on the workload speaks that ANSWER (identity/answer.h) is about. *EXPIRES: until then. */
HM_MUST_USE hm_err hm_prove_workload(hm_office *office, hm_bytes answer, int64_t *expires);
/* A proof that was refused: on record, as long as these are few; who cannot prove anything must not fill the log. */
HM_MUST_USE hm_err hm_log_refused_proof(hm_office *office, hm_err err);
/* May this session still prove who speaks in it? */
HM_MUST_USE hm_err hm_prove_allowed(const hm_office *office);

/* requests.c */
typedef hm_err (*hm_standing_visit)(void *context, const hm_standing *standing);
HM_MUST_USE hm_err hm_requests_list(hm_office *office, hm_standing_visit visit, void *context);
/* From now on the session's signatures are noted for a request, not made; REQUEST: they are compared with this one. */
HM_MUST_USE hm_err hm_requests_begin(hm_office *office, hm_bytes request);
HM_MUST_USE hm_err hm_requests_note(hm_office *office, const hm_rule_request *asked);
/* What was noted is forgotten, and the session signs again. */
void hm_requests_end(hm_session *session);
/* Make the request of what was noted. Not NEEDED: all of it can be signed as it is, and there is none. */
HM_MUST_USE hm_err hm_requests_close(hm_office *office, bool *needed, uint64_t *index,
                                     uint8_t hash[static HM_SHA256_LEN]);
HM_MUST_USE hm_err hm_requests_decide(hm_office *office, hm_bytes request, hm_decision decision, hm_bytes signature,
                                      bool checked, bool documents_checked);
/* The approvals under which the session may have ARTIFACT signed. */
typedef struct {
    bool found;
    const char *why; /* there is none that counts, if there is a reason worth telling */
    uint8_t request[HM_SHA256_LEN];
    size_t approvers;
    hm_bytes approver[HM_APPROVERS_MAX];
} hm_approval;
HM_MUST_USE hm_err hm_requests_find(hm_office *office, const hm_artifact *artifact, hm_approval *approval);
/* The approvals under which the session may let out what WANTED says. */
HM_MUST_USE hm_err hm_requests_find_publication(hm_office *office, const hm_request *wanted, hm_approval *approval);
/* What finds what was decided about a request, and signed under it. */
uint64_t hm_requests_tag(const uint8_t request[static HM_SHA256_LEN]);

/* publish.c: in this order, and nothing else in such a session */
HM_MUST_USE hm_err hm_publish_begin(hm_office *office, const hm_message *message);
HM_MUST_USE hm_err hm_publish_file(hm_office *office, const hm_message *message);
/* NEEDED: approvals are missing, and there is a request for them. Otherwise the files' bytes are wanted. */
HM_MUST_USE hm_err hm_publish_close(hm_office *office, bool *needed, uint64_t *index,
                                    uint8_t hash[static HM_SHA256_LEN]);
HM_MUST_USE hm_err hm_publish_wanted(hm_office *office, hm_err (*visit)(void *context, uint32_t operand, hm_bytes name),
                                     void *context);
HM_MUST_USE hm_err hm_publish_put(hm_office *office, hm_bytes bytes);
HM_MUST_USE hm_err hm_publish_commit(hm_office *office, uint64_t *index);
/* A release is taken back. */
HM_MUST_USE hm_err hm_publish_withdraw(hm_office *office, hm_bytes product, hm_bytes release, uint64_t *index);
/* One entry; BODY empty: the release was taken back. */
typedef struct {
    uint64_t index;
    hm_bytes product, release, actor, body;
    int64_t time;
} hm_published;
typedef hm_err (*hm_published_visit)(void *context, const hm_published *published);
/* In the order in which it happened. PRODUCT empty: all. */
HM_MUST_USE hm_err hm_publish_list(hm_office *office, hm_bytes product, hm_published_visit visit, void *context);

/* log.c -- entries */
typedef struct {
    hm_leaf_type type;
    const hm_product *product; /* NULL: the office's own affairs */
    unsigned format;
    hm_bytes digest;
    bool has_intent;
    uint64_t intent;
    hm_bytes details; /* canonical JSON */
    uint64_t tag;     /* 0: it cannot be found. Outcomes have one of their own */
} hm_record;
/* Outcomes are found by the first eight bytes of the hash of the signature that somebody holds. */
uint64_t hm_log_outcome_tag(hm_bytes signature_hash);
/* Append within the store's open transaction. */
HM_MUST_USE hm_err hm_log_append(hm_office *office, const hm_record *record, uint64_t *index);
/* Append in a transaction of its own: durable when it returns. */
HM_MUST_USE hm_err hm_log_now(hm_office *office, const hm_record *record, uint64_t *index);
/* What came of OUTCOME's intent: if SIGNED_ERR is a fault, which then was the last one, a failure with its sentence;
 * otherwise the outcome, of which product, format, digest and intent are given. */
HM_MUST_USE hm_err hm_log_result(hm_office *office, const hm_record *outcome, hm_err signed_err);
/* Begin the details of an act: what it is, and who does it. The caller puts the other members, and ends the object. */
hm_json hm_log_act(const hm_office *office, const char *act, hm_buf *details);
/* An act other than signing that was refused. */
HM_MUST_USE hm_err hm_log_refused_act(hm_office *office, const char *act, const char *reason);
/* A fault if the office was never finished: the first checkpoint is the last thing that founding it makes. */
HM_MUST_USE hm_err hm_log_check_founded(hm_office *office);
/* Refuse to go on if log/checkpoint was signed over entries that the database does not hold: it was put back from a
 * backup, and to go on would fork the log (P9). Cheap while file and database agree. */
HM_MUST_USE hm_err hm_log_check_head(hm_office *office);
/* Write tiles and a signed checkpoint for everything that is in the store. CHECKPOINT may be NULL. */
HM_MUST_USE hm_err hm_log_publish(hm_office *office, hm_buf *checkpoint);
/* Does something lie behind the last checkpoint, of a core that was killed? Then one is due. */
HM_MUST_USE hm_err hm_log_look_behind(hm_office *office);
/* Are the entries those that NOTE, a checkpoint over *SIZE entries that somebody kept, was signed over, and maybe more?
 */
HM_MUST_USE hm_err hm_log_continues(hm_office *office, hm_bytes note, uint64_t *size);
/* The stored checkpoint, signed by the log's key as the token has it now: of a copy that got other keys. */
HM_MUST_USE hm_err hm_log_sign_again(hm_office *office);
/* Write all tiles and the stored checkpoint, which is over *SIZE entries, out of the database. Nothing is signed. */
HM_MUST_USE hm_err hm_log_write_anew(hm_office *office, uint64_t *size);
/* Was the last checkpoint signed less than a second ago? Then the next may wait that long. */
bool hm_log_published_just_now(const hm_office *office);
/* The log's verifier key. */
HM_MUST_USE hm_err hm_log_key(hm_office *office, hm_note_key *key);

/* A signer that writes the intent before the token is asked and the outcome before the signature is returned (P1). For
 * what the office signs for itself: certificates and requests. */
typedef struct {
    hm_office *office;
    hm_signer token;
    const hm_product *product;
    const char *purpose; /* "certificate of ..." */
    uint8_t token_id[HM_KEY_ID_LEN];
} hm_logged_signer;
hm_signer hm_logged(hm_logged_signer *logged);

/* ceremony_office.c: the office's own keys, and certificate authorities */
HM_MUST_USE hm_err hm_ceremony_root(hm_office *office);
HM_MUST_USE hm_err hm_ceremony_product(hm_office *office, const hm_product *product);
/* The timestamping authority's key, certified by the root. Without MAKE, if there is none, *SIGNING is left as it is;
 * with it a new one is made also if the one there is signs no more, or its certificate is revoked or ends within a
 * year. */
HM_MUST_USE hm_err hm_ceremony_tsa_key(hm_office *office, bool make, hm_signing_key *signing);
/* A key of the office's own that nobody certifies: what it is for, and what its name is, stands in a trust list. */
typedef struct {
    bool found;
    uint8_t token_id[HM_KEY_ID_LEN];
    hm_key *key;
    hm_buf spki; /* the caller clears it */
} hm_office_key;
/* Is there one of ROLE, in whatever state? */
HM_MUST_USE hm_err hm_ceremony_has_office_key(hm_office *office, hm_key_role role, hm_key_algorithm algorithm,
                                              bool *there);
/* Find the office's key of ROLE, or if MAKE is set make it. */
HM_MUST_USE hm_err hm_ceremony_office_key(hm_office *office, hm_key_role role, hm_key_algorithm algorithm, bool make,
                                          hm_office_key *key);
/* The root certificate and the log's key as text (trust.pem). */
HM_MUST_USE hm_err hm_office_trust(hm_office *office, hm_buf *text);

/* ceremony_signing.c: signing keys and their certificates */
/* The product's signing key of ALGORITHM (RELEASE's alone, if that is not empty): found, or made and certified now. */
HM_MUST_USE hm_err hm_ceremony_signing_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                           hm_bytes release, hm_signing_key *signing);
/* The one with this certificate: a refusal if there is none. */
HM_MUST_USE hm_err hm_ceremony_announced_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                             hm_bytes release, hm_bytes certificate, hm_signing_key *signing);
/* Make another signing key, which takes the place of the one there is. */
HM_MUST_USE hm_err hm_ceremony_next_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                        hm_bytes release);
/* The same with a key that is in the token already. HOW->id and ->label are filled in. */
HM_MUST_USE hm_err hm_ceremony_adopt(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                     hm_adoption *how);
/* The same, if the one that signs is due. */
typedef hm_err (*hm_key_is_due)(hm_office *office, const uint8_t *token_id, int64_t created, bool *due);
HM_MUST_USE hm_err hm_ceremony_rotate(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                      hm_key_is_due is_due);
/* Is there one already? */
HM_MUST_USE hm_err hm_ceremony_has_key(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                       hm_bytes release, bool *there);
HM_MUST_USE hm_err hm_ceremony_request(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                       hm_buf *csr);
HM_MUST_USE hm_err hm_ceremony_import(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                      hm_bytes certificates);

/* key_id.c: is it the id of a key of an office with founders, this one or another? */
bool hm_key_id_is_governed(hm_bytes id);
/* key_import.c */
/* The key pair whose CKA_ID is WAS in the office's token becomes PRODUCT's signing key of ALGORITHM. */
HM_MUST_USE hm_err hm_key_import(hm_office *office, const hm_product *product, hm_key_algorithm algorithm,
                                 hm_bytes was);
/* product.c */
HM_MUST_USE hm_err hm_product_add(hm_office *office, hm_bytes name, uint32_t algorithms);

HM_MUST_USE hm_err hm_product_find(hm_office *office, hm_bytes name, hm_product *product);
/* Whose key it is; all zero: the office's own. */
HM_MUST_USE hm_err hm_product_of_row(hm_office *office, const hm_key_row *row, hm_product *product);

/* narrow.c: what a session is for, fixed before a process that parses files speaks in it */
HM_MUST_USE hm_err hm_narrow(hm_office *office, const hm_message *message);
/* What goes with the session's signatures: views into the session. */
HM_MUST_USE hm_err hm_session_documents(const hm_office *office, hm_documents *documents);
/* May this session have STRUCTURE signed, and logged as FORMAT? */
HM_MUST_USE hm_err hm_narrow_allows(const hm_office *office, uint64_t structure, uint64_t format);
/* Of the formats that the session may sign, those that STRUCTURE is of. */
uint32_t hm_narrow_formats(const hm_office *office, uint64_t structure);
/* May this session have this manifest signed, as far as its numbers and its bytes (their hash) go? */
HM_MUST_USE hm_err hm_narrow_allows_release(const hm_office *office, const hmv_release *release, hm_bytes content);

/* repeatable.c: the session's calls under KEY, of which CALL is the SHA-256. Misuse if another was answered under that
 * key. */
HM_MUST_USE hm_err hm_repeatable_begin(hm_office *office, hm_bytes key, hm_bytes call);
/* signing_check.c: which of the algorithms that a file may have is the product's, and with what certificate */
HM_MUST_USE hm_err hm_signing_prepare(hm_office *office, const hm_message *question, hm_message *answer);

/* trust_root.c */
/* The office's key of ROLE, on P-256, as a COSE_Key; made when first asked for. */
HM_MUST_USE hm_err hm_public_key(hm_office *office, hm_key_role role, hm_buf *cose);
/* From now on the session may have the trust list in this one file signed, and nothing else. */
HM_MUST_USE hm_err hm_trust_root_narrow(hm_office *office, const hm_message *message);
/* The root's COSE_Signature over the list in question. */
HM_MUST_USE hm_err hm_trust_root_sign(hm_office *office, const hm_message *question, hm_buf *signature);

/* audit.c */
/* What finds the intents of trust lists among the entries; outcomes are found by their signature's hash. No leaf holds
 * it, so what counts rests on leaves alone. */
#define HM_LISTS_TAG UINT64_C(0x7472757374)
/* Are ENTRY's details those that its leaf was made over? *ERASED: there are none any more. */
HM_MUST_USE hm_err hm_audit_details(const hm_leaf *leaf, const hm_entry_row *entry, bool *erased);
/* What finds requests; what was decided about one, and signed because of it, is found by hm_requests_tag. */
#define HM_REQUESTS_TAG UINT64_C(0x7265717565737473)
/* What finds publications. */
#define HM_PUBLISHED_TAG UINT64_C(0x7075626c69736864)
/* What finds officers' statements. */
#define HM_STATEMENTS_TAG UINT64_C(0x73746174656d656e)
/* What finds that a key was destroyed. */
#define HM_DESTROYED_TAG UINT64_C(0x64657374726f7965)
/* What finds the intents of timestamps, and what was stated of the authority. */
#define HM_STAMPS_TAG UINT64_C(0x74696d657374616d)
#define HM_TSA_TAG UINT64_C(0x7473612073746174)
bool hm_audit_is_statement(const hm_leaf *leaf);
/* Is this the intent of a trust list, by the office's root? */
bool hm_audit_is_list(const hm_leaf *leaf);
HM_MUST_USE hm_err hm_audit(hm_office *office, hm_message *answer, uint8_t root[static 32]);

/* rehearsal.c */
/* A refusal if it is an office, and no copy that was made for a rehearsal. */
HM_MUST_USE hm_err hm_rehearsal_check(const hm_office *office);

/* prove.c: that the signature with this hash, over CONTENT, is logged, publishing first if need be. Nothing is put out
 * if no entry names the signature. */
HM_MUST_USE hm_err hm_prove(hm_office *office, hm_bytes signature_hash, hm_bytes content, hm_buf *proof);
/* That this entry is in the tree, whatever it is. */
HM_MUST_USE hm_err hm_prove_entry(hm_office *office, uint64_t index, hm_buf *proof);
/* The same as a receipt (docs/manifest.md), signed by a key of its own, which is made when first needed. Like a
 * checkpoint's, its signature is over the log's head and no entry of it. */
HM_MUST_USE hm_err hm_receipt(hm_office *office, hm_bytes signature_hash, hm_bytes content, hm_buf *cbor);

/* signed_manifest.c: manifests, read by the device's own reader. RELEASE is views into STATEMENT, whose digest CONTENT
 * is; all zero on a fault. */
HM_MUST_USE hm_err hm_signed_manifest_read(hm_bytes statement, hm_bytes content, hmv_release *release);
/* May this session have it signed by KEY? */
HM_MUST_USE hm_err hm_signed_manifest_check(const hm_office *office, const hmv_release *release, const hm_signer *key);
/* releases.c: what the product's releases were given before, as the log tells. */
uint64_t hm_releases_tag(const hm_product *product); /* of their intents */
/* The highest sequence number; 0 if there was none. */
HM_MUST_USE hm_err hm_releases_highest(const hm_office *office, uint64_t *sequence);
/* In what RELEASE, whose manifest has the digest CONTENT, falls behind them: a sentence, or nothing. That is no fault;
 * a downgrade exception is meant to. */
HM_MUST_USE hm_err hm_releases_compare(const hm_office *office, const hmv_release *release, hm_bytes content,
                                       hm_buf *remark);
/* The member "manifest" of an intent's details. */
void hm_signed_manifest_describe(const hmv_release *release, hm_json *json);

#endif
