/* The issuers whose tokens an office takes, as a small text:
 *
 *     issuer https://token.actions.githubusercontent.com
 *       audience https://sign.example.com
 *       keys https://token.actions.githubusercontent.com/.well-known/jwks      or: keys file:///etc/hallmark/jwks.json
 *       max-lifetime 3600              seconds a token may be valid in all, 60 to 86400; without the line: 86400
 *       tokens once                    or until-expiry; without the line: once, a token opens one session
 *
 * '#' begins a comment; what stands before a line's first word does not count. `audience` and `keys` are needed. The
 * audience is what the office is called in tokens: a job asks for it, so a token for somebody else is refused here. */
#ifndef HM_IDENTITY_ISSUERS_H
#define HM_IDENTITY_ISSUERS_H

#include <base/claim.h>

enum {
    HM_ISSUERS_MAX = 32,
    HM_ISSUERS_TEXT_MAX = 65536,
    HM_AUDIENCE_MAX = 256,
    HM_KEYS_URL_MAX = 1024,
    HM_LIFETIME_MIN = 60,
    HM_LIFETIME_MAX = 86400
};

/* Views of the text. */
typedef struct {
    hm_bytes url, audience;
    hm_bytes keys; /* an https URL, or of file: the absolute path alone */
    bool keys_in_file;
    bool once;
    uint32_t max_lifetime; /* seconds */
    uint32_t line;         /* where it begins */
} hm_issuer;

typedef struct {
    size_t count;
    hm_issuer issuer[HM_ISSUERS_MAX];
} hm_issuers;

/* Read TEXT, which must outlive ISSUERS. A refusal "line N: ..." for whatever is not exactly that: a word that is none,
 * a line or an issuer given twice, a number outside its bounds, a tab, a last line without its end, no issuer at all.
 * On a fault ISSUERS has none. */
HM_MUST_USE hm_err hm_issuers_read(hm_bytes text, hm_issuers *issuers);
/* The issuer with exactly that URL; NULL: none. *INDEX, unless NULL, is its number. */
const hm_issuer *hm_issuers_find(const hm_issuers *issuers, hm_bytes url, size_t *index);

#endif
