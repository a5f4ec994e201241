/* Policies: who may have what of a product signed, as a small text, and what that text says of one request.
 *
 *     cryptoperiod 365 days              a key signs so long, or so often (signatures); without the line: always
 *     rotate after 90 days               then another takes its place; or after so many signatures
 *     key per release                    each release has a key of its own
 *     no imported keys                   none that was made elsewhere signs, or is brought in
 *     certificates 398 days              of signing keys, live so long; or cab-code-signing, which is a profile
 *     revocation list at http://crl.example.com/pump.crl    is what certificates say
 *     group qa = bob, carol, dan
 *     rule release
 *       request by ci-main, alice        principals, or groups
 *       releases 2.*, 3.*                '*' is any run of characters; without the line: any release, and none
 *       formats native, pe               cms, catalogue, pe, native
 *       algorithms es256, rsa3072        without the line: any
 *       keys not-imported, not-software  without the line: any
 *       needs sbom, provenance           what is signed names such files; without the line: it need not
 *       approve 2 of qa                  several lines: all of them, each place filled by another person
 *       publish 1 of qa                  the same, for publishing
 *       window mon-fri 08:00-16:00       UTC; several lines: any of them; 22:00-04:00 ends on the next day
 *       quota 200 per day                signatures by one principal under this rule; minute, hour, day
 *       quota 1000 per day of key        by everyone, under any rule, with one key
 *       expires 3 days                   hours or days; without the line: 7 days
 *
 * Pure: text and facts in, decision and explanation out; no clock, no file, no database. docs/policy.md is the same for
 * security officers. What is not allowed is denied. */
#ifndef HM_POLICY_POLICY_H
#define HM_POLICY_POLICY_H

#include <crypto/algorithm.h>
#include <policy/role.h>
#include <policy/statement.h>

/* Bounds of a text. */
enum {
    HM_POLICY_TEXT_MAX = HM_STATED_POLICY_MAX, /* bytes */
    HM_POLICY_GROUPS = 32,
    HM_POLICY_RULES = 32,
    HM_POLICY_LIST_MAX = 64, /* members of a group, names of a `request by`, patterns of a `releases` */
    HM_POLICY_NAMES = 1024,  /* in all lists of a text together */
    HM_POLICY_APPROVALS = 8, /* `approve` lines of a rule; as many `publish` lines */
    HM_POLICY_WINDOWS = 8,   /* of a rule */
    HM_POLICY_QUOTAS = 6,    /* of a rule: minute, hour and day, of a principal and of a key */
    HM_POLICY_PATTERN_MAX = 64,
    HM_POLICY_QUOTA_MAX = 1000000000,
    HM_POLICY_EXPIRES_DAYS_MAX = 366,
    HM_POLICY_TERM_DAYS_MAX = 7320, /* of a key: twenty years */
    HM_POLICY_CERTIFICATE_DAYS_MAX = 3653,
    HM_POLICY_CAB_DAYS = 460,
    HM_POLICY_URL_MAX = 200
};

/* The formats that a policy names. The numbers are those of the log, HM_LOGGED_* in core/wire.h, where a static
 * assertion holds the two together. A trust list is no matter of a policy: its custodians sign it, M of N. */
enum { HM_POLICY_CMS = 1, HM_POLICY_CATALOGUE = 2, HM_POLICY_PE = 3, HM_POLICY_NATIVE = 4, HM_POLICY_FORMATS = 4 };
/* "cms" ...; NULL for what is none. */
const char *hm_policy_format_name(unsigned format);

/* Part of hm_policy.name. */
typedef struct {
    uint16_t first, count;
} hm_policy_list;

typedef struct {
    hm_bytes name;
    hm_policy_list members; /* principals */
} hm_policy_group;

/* COUNT (at least 1) of the group with that index. */
typedef struct {
    uint16_t count, group;
} hm_policy_approval;

typedef struct {
    hm_bytes text;     /* "mon-fri 08:00-16:00" */
    uint8_t days;      /* on which it begins; bit 0: Monday */
    uint16_t from, to; /* minutes of the day, to 1440; FROM is in it, TO is not. TO < FROM: of the next day */
} hm_policy_window;

typedef struct {
    hm_bytes text; /* "200 per day" */
    uint32_t most;
    uint32_t seconds;
    bool of_key;
} hm_policy_quota;

typedef struct {
    hm_bytes name;
    uint32_t line;             /* of the text, where it begins */
    hm_policy_list requesters; /* principals and groups */
    hm_policy_list releases;   /* patterns; none: any release */
    uint32_t formats;          /* bit n: format n */
    uint32_t algorithms;       /* bit n: hm_key_algorithm n */
    bool not_imported, not_software;
    bool needs_sbom, needs_provenance;
    uint32_t expires; /* seconds from the request, after which nothing comes of it */
    size_t approvals, publishings, windows, quotas;
    hm_policy_approval approval[HM_POLICY_APPROVALS];
    hm_policy_approval publishing[HM_POLICY_APPROVALS];
    hm_policy_window window[HM_POLICY_WINDOWS];
    hm_policy_quota quota[HM_POLICY_QUOTAS];
} hm_policy_rule;

/* How long a key of the product serves; 0: no bound. */
typedef struct {
    uint32_t period, rotate;                       /* seconds from when it was made */
    uint32_t period_signatures, rotate_signatures; /* made with it */
    bool per_release, no_imported;
    uint32_t certificate; /* seconds that a new certificate lives; 0: as long as the office thinks right */
    hm_bytes crl;         /* the address of the revocation list that it names; a view of the text */
    bool cab;             /* and is by the Baseline Requirements for Code Signing of the CA/Browser Forum */
} hm_key_terms;

/* About 33 KiB, and it owns nothing: the names are views of the text, which must outlive it. */
typedef struct {
    hm_key_terms terms;
    size_t groups, rules, names;
    hm_policy_group group[HM_POLICY_GROUPS];
    hm_policy_rule rule[HM_POLICY_RULES];
    hm_bytes name[HM_POLICY_NAMES];
} hm_policy;

/* Read TEXT. A refusal "line N: ..." for whatever is not exactly a policy: a word that is none, a line or name given
 * twice, a group that is not there, approvals that its groups could never give, a number outside its bounds, a tab, a
 * last line without its end. A text without a rule is a policy that denies everything. After a fault POLICY holds no
 * rule. */
HM_MUST_USE hm_err hm_policy_read(hm_bytes text, hm_policy *policy);

/* What is known of a request. Who speaks, and for whom, is the caller's to prove: names count here as they are. */
typedef struct {
    hm_bytes requester;
    hm_bytes release; /* empty: none was named */
    unsigned format;  /* HM_POLICY_... */
    hm_key_algorithm algorithm;
    bool imported;             /* the key was made elsewhere */
    bool software;             /* the token is software */
    bool sbom, provenance;     /* such a file is named with it */
    bool owner;                /* the office has no founders: who owns it signs, and the policy is of keys alone */
    int64_t time;              /* seconds since 1970-01-01, UTC; a negative one is refused */
    const hm_bytes *approvers; /* who approved exactly this request (or, for publishing, its publication); may be
                                  revoked or unknown people: only members of the groups count */
    size_t approver_count;
    uint64_t wanted; /* signatures asked for now, at least 1; those that count in USED are not among them */
    /* *COUNT: signatures made, or promised, in the last SECONDS: by this requester under the rule named RULE, or
     * OF_KEY: by everyone with this key, under any rule. Asked for rules with quotas only; a fault is passed up, and
     * without a function a quota is a refusal. */
    hm_err (*used)(void *context, hm_bytes rule, uint32_t seconds, bool of_key, uint64_t *count);
    /* Is NAME an approver now? Only those are named as people whose approval would help; NULL: all are. */
    bool (*is_approver)(void *context, hm_bytes name);
    void *context;
} hm_policy_request;

/* Zero denies. */
typedef enum {
    HM_POLICY_DENIED = 0,          /* and no approval would change it */
    HM_POLICY_NEEDS_APPROVALS = 1, /* nothing else is missing */
    HM_POLICY_ALLOWED = 2
} hm_policy_verdict;

typedef struct {
    hm_policy_verdict verdict;
    const hm_policy_rule *rule;     /* the one that decided; NULL: none fits */
    unsigned missing;               /* approvals, if they are all that is missing */
    char sentence[HM_SENTENCE_MAX]; /* for hm_refuse(), why not; empty if allowed */
} hm_policy_decision;

/* Judge REQUEST. The first rule of the text that fits requester, release, format and algorithm decides, even if a later
 * one would allow more. Its keys, windows and quotas must all hold. Approvals by the requester, by people outside the
 * groups, and second ones of the same person do not count, and one person fills one place only: who stands in two
 * groups counts where it helps most. Approvals that the groups could not give without the requester deny.
 *
 * WHY, unless NULL, gets a line for each thing judged, in that order, which begins with "yes: " or "no: ". Text is
 * appended, readable (base/readable.h) whatever the facts hold. A fault (facts that are none, USED's, memory) leaves
 * DECISION denied, and WHY perhaps with some lines. */
HM_MUST_USE hm_err hm_policy_decide(const hm_policy *policy, const hm_policy_request *request,
                                    hm_policy_decision *decision, hm_buf *why);

/* May what was signed so be published? Judged as above, by the deciding rule's `publish` lines in place of `approve`,
 * and without keys, windows and quotas, which were for the signing. No such line: allowed, to whoever has the role. A
 * release with artifacts of several formats or algorithms is judged for each. */
HM_MUST_USE hm_err hm_policy_decide_publish(const hm_policy *policy, const hm_policy_request *request,
                                            hm_policy_decision *decision, hm_buf *why);

#endif
