#include "expiring.h"

#include "office_access.h"
#include "officer.h"

#include <base/json.h>
#include <crypto/algorithm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400, SOON_DAYS = 30, LIST_SOON_DAYS = 7, SOON_PERCENT = 90 };

typedef struct {
    bool list;
    uint64_t kind;
    char product[65], role[17], serial[49], key[33], release[65];
    uint64_t algorithm, used, most;
    int64_t began, expires;
} expiry;

typedef struct {
    expiry *expiry;
    size_t count;
} expiries;
static void expiries_clear(expiries *e) { free(e->expiry); }
#define EXPIRIES __attribute__((cleanup(expiries_clear))) expiries

static void copy(char *to, size_t size, hm_bytes from) {
    snprintf(to, size, "%.*s", (int)from.len, (const char *)from.data);
}

static hm_err keep(expiries *e, const hm_message *message) {
    HM_BUF key = HM_BUF_EMPTY;
    expiry *larger = reallocarray(e->expiry, e->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    e->expiry = larger;
    expiry *x = &larger[e->count++];
    HM_TRY(hm_put_hex(&key, message->field[HM_EXPIRY_KEY].bytes));
    *x = (expiry){.kind = message->field[HM_EXPIRY_KIND].number,
                  .list = message->field[HM_EXPIRY_KIND].number == HM_EXPIRY_CRL,
                  .used = message->field[HM_EXPIRY_USED].number,
                  .most = message->field[HM_EXPIRY_MOST].number,
                  .algorithm = message->field[HM_EXPIRY_ALGORITHM].number,
                  .began = (int64_t)message->field[HM_EXPIRY_BEGAN].number,
                  .expires = (int64_t)message->field[HM_EXPIRY_EXPIRES].number};
    copy(x->product, sizeof x->product, message->field[HM_EXPIRY_PRODUCT].bytes);
    copy(x->role, sizeof x->role, message->field[HM_EXPIRY_ROLE].bytes);
    copy(x->key, sizeof x->key, hm_buf_bytes(&key));
    copy(x->release, sizeof x->release, message->field[HM_EXPIRY_RELEASE].bytes);
    copy(x->serial, sizeof x->serial, message->field[HM_EXPIRY_SERIAL].bytes);
    return HM_OK;
}

static hm_err fetch(hm_connection *office, expiries *e) {
    hm_message question = {.type = HM_MSG_EXPIRIES}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more = true;;) {
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_EXPIRY, &more));
        if (!more) return HM_OK;
        HM_TRY(keep(e, &answer));
        HM_TRY(hm_listen(office, &answer));
    }
}

static bool is_signing(const expiry *x) { return x->kind == HM_EXPIRY_CERTIFICATE && strcmp(x->role, "signing") == 0; }

/* What the policy says of a key. */
static bool is_term(const expiry *x) { return x->kind >= HM_EXPIRY_PERIOD && x->kind <= HM_EXPIRY_ROTATION_COUNT; }

static bool is_count(const expiry *x) {
    return x->kind == HM_EXPIRY_PERIOD_COUNT || x->kind == HM_EXPIRY_ROTATION_COUNT;
}

static bool has_stopped(const expiry *x) { return x->kind >= HM_EXPIRY_SUSPENDED && x->kind <= HM_EXPIRY_REVOKED; }

static bool is_role(const expiry *x, const char *role) { return strcmp(x->role, role) == 0; }

/* Does the authority of ROLE, of PRODUCT or the office's own, certify nothing any more? */
static bool has_ended(const expiries *e, const char *role, const char *product) {
    for (size_t i = 0; i < e->count; i++) {
        const expiry *x = &e->expiry[i];
        if (has_stopped(x) && x->kind != HM_EXPIRY_SUSPENDED && is_role(x, role) && strcmp(x->product, product) == 0)
            return true;
    }
    return false;
}

/* Is there another key, or a newer certificate, for the same? Then this one is on its way out, and nobody waits. */
static bool is_followed(const expiries *e, const expiry *x) {
    for (size_t i = 0; i < e->count; i++) {
        const expiry *other = &e->expiry[i];
        if ((is_term(x) ? other->kind == x->kind : is_signing(other)) && other->algorithm == x->algorithm &&
            strcmp(other->product, x->product) == 0 && strcmp(other->release, x->release) == 0 &&
            other->began > x->began)
            return true;
    }
    return false;
}

static hm_err within(const hm_options *options, int64_t *seconds) {
    char *end;
    *seconds = (int64_t)SOON_DAYS * DAY;
    if (!options->within) return HM_OK;
    long number = strtol(options->within, &end, 10);
    int64_t unit = strcmp(end, "d") == 0 ? DAY : strcmp(end, "h") == 0 ? 3600 : 0;
    if (options->within[0] < '0' || options->within[0] > '9' || !unit || number > 36600)
        return hm_misuse("--within %s: a number of days or hours, as 90d or 36h", options->within);
    *seconds = number * unit;
    return HM_OK;
}

static const char *judge_count(const expiry *x) {
    uint64_t percent = x->most ? x->used * 100 / x->most : 100;
    if (x->kind == HM_EXPIRY_ROTATION_COUNT) return percent >= 100 ? "rotation-overdue" : NULL;
    return percent >= 100 ? "period-over" : percent >= SOON_PERCENT ? "period-over-soon" : NULL;
}

static const char *judge_stopped(const expiry *x) {
    if (x->kind == HM_EXPIRY_SUSPENDED) return "suspended";
    if (x->kind == HM_EXPIRY_REVOKED) return "authority-revoked";
    if (is_role(x, "product CA")) return "authority-stopped";
    if (is_role(x, "root CA")) return "root-stopped";
    return is_role(x, "timestamping") ? "no-timestamps" : "no-key-signs";
}

/* Why a person is needed; NULL: nobody is. */
static const char *judge(const expiries *e, const expiry *x, int64_t now, int64_t soon) {
    int64_t left = x->expires - now;
    if (has_stopped(x)) return judge_stopped(x);
    if (x->list && soon > (int64_t)LIST_SOON_DAYS * DAY) soon = (int64_t)LIST_SOON_DAYS * DAY;
    if ((is_signing(x) || is_term(x)) && is_followed(e, x)) return NULL;
    if (is_count(x)) return judge_count(x);
    if (x->kind == HM_EXPIRY_ROTATION) return left <= 0 ? "rotation-overdue" : NULL;
    /* A short period has a short end. */
    if (is_term(x) && soon > (x->expires - x->began) / 4) soon = (x->expires - x->began) / 4;
    if (x->kind == HM_EXPIRY_PERIOD) return left <= 0 ? "period-over" : left < soon ? "period-over-soon" : NULL;
    if (left <= 0) return x->list ? "stale" : "expired";
    if (left < soon) return x->list ? "soon-stale" : "expires-soon";
    return is_signing(x) && now - x->began > left ? "not-rotated" : NULL;
}

static bool is_key(const expiry *x) { return is_term(x) || has_stopped(x); }

static hm_err print_json(const expiry *x, const char *why) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)x->algorithm);
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "due", why);
    hm_json_string(&json, "what", x->list ? "revocation list" : is_key(x) ? "key" : "certificate");
    hm_json_string(&json, "product", x->product);
    if (x->release[0]) hm_json_string(&json, "release", x->release);
    if (!x->list) hm_json_string(&json, "role", x->role);
    if (!x->list) hm_json_string(&json, "algorithm", algorithm ? algorithm : "?");
    if (!x->list) hm_json_string(&json, "key", x->key);
    if (x->release[0]) hm_json_string(&json, "release", x->release);
    if (!is_key(x)) hm_json_string(&json, x->list ? "number" : "serial", x->serial);
    if (is_count(x) && x->most) hm_json_number(&json, "signatures", (int64_t)x->used);
    if (is_count(x) && x->most) hm_json_number(&json, "of", (int64_t)x->most);
    if (x->kind == HM_EXPIRY_SUSPENDED) hm_json_number(&json, "since", x->began);
    if (x->expires) hm_json_number(&json, "expires", x->expires);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static const char *what_to_do(const expiry *x, const char *why) {
    if (x->list) return "hallmark cert crl --renew";
    if (is_term(x)) return "hallmark key rotate";
    if (strcmp(why, "not-rotated") == 0) return "hallmark key rotate";
    return is_signing(x) ? "hallmark cert renew, or key rotate" : "no command renews it yet";
}

/* What takes the place of an authority, which has no successor. */
static const char *another_authority(const expiries *e) {
    return has_ended(e, "root CA", "") ? "the root has stopped: hallmark init makes another office"
                                       : "hallmark product add makes another product";
}

static void print_no_key(const expiries *e, const expiry *x, const char *algorithm) {
    bool own = x->release[0];
    printf("DUE: no key signs for %s%s%s%s (%s) (", own ? "release " : "", x->release, own ? " of " : "", x->product,
           algorithm);
    if (has_ended(e, "product CA", x->product))
        printf("nor is one certified: %s)\n", another_authority(e));
    else
        printf("hallmark key rotate --product %s%s%s --algorithm %s%s)\n", x->product, own ? " --release " : "",
               x->release, algorithm, own ? "; key destroy, if nothing of it is to be signed" : "");
}

static void print_what_to_do(const expiry *x, const char *why) {
    printf(" (%s%s%s)\n", what_to_do(x, why), x->release[0] ? ", with --release " : "", x->release);
}

static void print_suspended(const expiry *x, const char *owner, const char *algorithm) {
    char date[16];
    hm_officer_put_date(x->began, date);
    printf("DUE: the %s key %s of %s (%s) is suspended since %s, and nothing is signed with it (hallmark key "
           "activate, or deactivate)\n",
           x->role, x->key, owner, algorithm, date);
}

static void print_stopped(const expiries *e, const expiry *x, const char *owner, const char *algorithm) {
    if (x->kind == HM_EXPIRY_SUSPENDED)
        print_suspended(x, owner, algorithm);
    else if (x->kind == HM_EXPIRY_REVOKED)
        printf("DUE: nothing is signed for %s: the certificate of its authority is revoked (%s)\n", owner,
               another_authority(e));
    else if (is_role(x, "product CA"))
        printf("DUE: the key of the authority of %s signs no more, so none of its keys gets another certificate (%s)\n",
               owner, another_authority(e));
    else if (is_role(x, "root CA"))
        printf("DUE: the root's key signs no more, so no new product and no timestamping authority is certified "
               "(hallmark init makes another office)\n");
    else if (is_role(x, "timestamping"))
        printf("DUE: the office gives no timestamps: the key for them signs no more, or its certificate is revoked "
               "(%s)\n",
               has_ended(e, "root CA", "") ? another_authority(e) : "hallmark tsa enable makes another key");
    else
        print_no_key(e, x, algorithm);
}

/* By the count of what a key has signed. */
static void print_count(const expiry *x, const char *why) {
    unsigned long long used = x->used, most = x->most;
    if (!most)
        printf("signs nothing any more: the log cannot say how often it has");
    else if (x->kind == HM_EXPIRY_ROTATION_COUNT)
        printf("was to be followed by another after %llu signatures, and has made %llu", most, used);
    else if (used >= most)
        printf("signs nothing any more, by the policy: it has made %llu signatures of %llu", used, most);
    else
        printf("has made %llu signatures of the %llu that the policy lets it make", used, most);
    print_what_to_do(x, why);
}

static void print_term(const expiry *x, const char *why, const char *owner, const char *algorithm, int64_t now) {
    char date[16];
    hm_officer_put_date(x->expires, date);
    printf("DUE: the key of %s (%s) ", owner, algorithm);
    if (is_count(x)) {
        print_count(x, why);
        return;
    }
    printf("%s %s",
           x->kind == HM_EXPIRY_ROTATION ? "was to be followed by another on"
           : x->expires <= now           ? "signs nothing any more, by the policy, since"
                                         : "signs, by the policy, until",
           date);
    print_what_to_do(x, why);
}

static void print_certificate(const expiry *x, const char *why, const char *owner, const char *algorithm, int64_t now) {
    char date[16];
    long long days = (x->expires - now) / DAY;
    hm_officer_put_date(x->expires, date);
    if (x->list)
        printf("DUE: the revocation list of %s ", x->product[0] ? x->product : "the root");
    else
        printf("DUE: the %s certificate of %s (%s) ", x->role, owner, algorithm);
    if (x->expires <= now)
        printf("%s %s", x->list ? "is stale since" : "has expired on", date);
    else if (strcmp(why, "not-rotated") == 0)
        printf("is past half of its time, and its key was never followed by another; it expires on %s", date);
    else
        printf("%s in %lld day%s, on %s", x->list ? "is stale" : "expires", days, days == 1 ? "" : "s", date);
    print_what_to_do(x, why);
}

static void print_line(const expiries *e, const expiry *x, const char *why, int64_t now) {
    const char *known = hm_key_algorithm_name((hm_key_algorithm)x->algorithm), *algorithm = known ? known : "?",
               *product = x->product[0] ? x->product : "the office";
    char owner[sizeof x->product + sizeof x->release + 1];
    snprintf(owner, sizeof owner, "%s%s%s", product, x->release[0] ? " " : "", x->release);
    if (has_stopped(x))
        print_stopped(e, x, owner, algorithm);
    else if (is_term(x))
        print_term(x, why, owner, algorithm, now);
    else
        print_certificate(x, why, owner, algorithm, now);
}

static int by_time(const void *a, const void *b) {
    int64_t one = ((const expiry *)a)->expires, other = ((const expiry *)b)->expires;
    return one < other ? -1 : one > other;
}

hm_err hm_expiring_tell(const hm_options *options, hm_connection *office, bool *any) {
    EXPIRIES e = {0};
    int64_t now = time(NULL), soon;
    *any = false;
    HM_TRY(within(options, &soon));
    HM_TRY(fetch(office, &e));
    if (e.count) qsort(e.expiry, e.count, sizeof *e.expiry, by_time);
    for (size_t i = 0; i < e.count; i++) {
        const expiry *x = &e.expiry[i];
        if (options->product && strcmp(options->product, x->product) != 0) continue;
        const char *why = judge(&e, x, now, soon);
        if (!why) continue;
        *any = true;
        if (options->json)
            HM_TRY(print_json(x, why));
        else
            print_line(&e, x, why, now);
    }
    return HM_OK;
}
