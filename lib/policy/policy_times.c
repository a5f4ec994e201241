#include "policy_times.h"

#include "policy_words.h"

#include <string.h>

static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
enum { WEEK = 7, THURSDAY = 3 /* 1970-01-01 was one */, HOUR = 3600, MINUTE = 60 };

unsigned hm_policy_weekday(int64_t time) { return (unsigned)((time / HM_POLICY_DAY + THURSDAY) % WEEK); }
const char *hm_policy_weekday_name(unsigned weekday) { return days[weekday % WEEK]; }
unsigned hm_policy_minute(int64_t time) { return (unsigned)(time % HM_POLICY_DAY / MINUTE); }

bool hm_policy_window_open(const hm_policy_window *window, int64_t time) {
    unsigned today = hm_policy_weekday(time), minute = hm_policy_minute(time);
    bool begins_today = window->days >> today & 1, began_yesterday = window->days >> (today + WEEK - 1) % WEEK & 1;
    if (window->from < window->to) return begins_today && minute >= window->from && minute < window->to;
    return (begins_today && minute >= window->from) || (began_yesterday && minute < window->to);
}

/* What stands in REST, without the spaces around it. */
static hm_bytes trimmed(hm_bytes rest) {
    hm_bytes word = hm_policy_word(&rest);
    size_t len = word.len + rest.len;
    while (len && word.data[len - 1] == ' ') len--;
    return HM_BYTES(word.data, len);
}

/* Split a word at SIGN, which it holds once; both parts as words of their own. */
static bool split(hm_bytes word, uint8_t sign, hm_bytes *left, hm_bytes *right) {
    const uint8_t *at = word.len ? memchr(word.data, sign, word.len) : NULL;
    size_t len = at ? (size_t)(at - word.data) : word.len;
    *left = HM_BYTES(word.data, len);
    *right = at ? HM_BYTES(at + 1, word.len - len - 1) : HM_NO_BYTES;
    return at != NULL;
}

/* "mon", or "mon-fri"; a range may go round the week's end. */
static hm_err read_days(hm_bytes word, uint8_t *bits) {
    hm_bytes from, to;
    size_t first, last;
    bool range = split(word, '-', &from, &to);
    HM_TRY(hm_policy_take_named(&from, days, WEEK, "day", &first));
    last = first;
    if (range) HM_TRY(hm_policy_take_named(&to, days, WEEK, "day", &last));
    if (range && first == last) return hm_refuse("%s alone is that day", days[first]);
    for (size_t day = first;; day = (day + 1) % WEEK) {
        *bits |= (uint8_t)(1u << day);
        if (day == last) return HM_OK;
    }
}

/* Two digits, at most MOST. */
static bool two_digits(hm_bytes word, unsigned most, unsigned *value) {
    if (word.len != 2) return false;
    unsigned tens = word.data[0] - '0', ones = word.data[1] - '0';
    *value = tens * 10 + ones;
    return tens <= 9 && ones <= 9 && *value <= most;
}

/* "08:00"; 24:00 is the end of a day. */
static hm_err read_minute(hm_bytes word, uint16_t *minute) {
    hm_bytes left, right;
    unsigned hours, minutes;
    bool fits = split(word, ':', &left, &right) && two_digits(left, 24, &hours) && two_digits(right, 59, &minutes);
    if (!fits || hours * 60 + minutes > HM_POLICY_DAY_MINUTES)
        return hm_refuse("\"%.*s\" is no time of day like 08:00", HM_POLICY_SHOWN(word));
    *minute = (uint16_t)(hours * 60 + minutes);
    return HM_OK;
}

static hm_err read_hours(hm_bytes word, hm_policy_window *window) {
    hm_bytes from, to;
    if (!word.len) return hm_refuse("ends where hours are expected, like 08:00-16:00");
    if (!split(word, '-', &from, &to))
        return hm_refuse("\"%.*s\" are no hours like 08:00-16:00", HM_POLICY_SHOWN(word));
    HM_TRY(read_minute(from, &window->from));
    HM_TRY(read_minute(to, &window->to));
    if (window->from == HM_POLICY_DAY_MINUTES) return hm_refuse("a window does not begin at 24:00");
    if (window->from == window->to) return hm_refuse("a window of no length (a whole day is 00:00-24:00)");
    return HM_OK;
}

hm_err hm_policy_read_window(hm_bytes rest, hm_policy_rule *rule) {
    hm_policy_window window = {.text = trimmed(rest)};
    hm_bytes word = hm_policy_word(&rest);
    if (!word.len) return hm_refuse("ends where days are expected, like mon-fri");
    HM_TRY(read_days(word, &window.days));
    HM_TRY(read_hours(hm_policy_word(&rest), &window));
    HM_TRY(hm_policy_take_end(rest));
    for (size_t i = 0; i < rule->windows; i++) {
        const hm_policy_window *other = &rule->window[i];
        if (other->days == window.days && other->from == window.from && other->to == window.to)
            return hm_refuse("the same window a second time");
    }
    if (rule->windows == HM_POLICY_WINDOWS) return hm_refuse("a rule has at most %d windows", HM_POLICY_WINDOWS);
    rule->window[rule->windows++] = window;
    return HM_OK;
}

static hm_err read_quota_unit(hm_bytes *rest, uint32_t *seconds) {
    static const char *const units[] = {"minute", "hour", "day"};
    static const uint32_t lengths[] = {MINUTE, HOUR, HM_POLICY_DAY};
    size_t unit;
    HM_TRY(hm_policy_take_named(rest, units, sizeof units / sizeof units[0], "unit", &unit));
    *seconds = lengths[unit];
    return HM_OK;
}

static hm_err add_quota(const hm_policy_quota *quota, hm_policy_rule *rule) {
    for (size_t i = 0; i < rule->quotas; i++)
        if (rule->quota[i].seconds == quota->seconds && rule->quota[i].of_key == quota->of_key)
            return hm_refuse("a second quota of that kind: only the smaller would count");
    if (rule->quotas == HM_POLICY_QUOTAS) return hm_refuse("a rule has at most %d quotas", HM_POLICY_QUOTAS);
    rule->quota[rule->quotas++] = *quota;
    return HM_OK;
}

hm_err hm_policy_read_quota(hm_bytes rest, hm_policy_rule *rule) {
    hm_policy_quota quota = {.text = trimmed(rest)};
    HM_TRY(hm_policy_take_number(&rest, HM_POLICY_QUOTA_MAX, &quota.most));
    HM_TRY(hm_policy_take(&rest, "per"));
    HM_TRY(read_quota_unit(&rest, &quota.seconds));
    hm_bytes more = rest;
    quota.of_key = hm_policy_word(&more).len != 0;
    if (quota.of_key) HM_TRY(hm_policy_take(&rest, "of"));
    if (quota.of_key) HM_TRY(hm_policy_take(&rest, "key"));
    HM_TRY(hm_policy_take_end(rest));
    return add_quota(&quota, rule);
}

hm_err hm_policy_read_expires(hm_bytes rest, hm_policy_rule *rule) {
    static const char *const units[] = {"hour", "hours", "day", "days"};
    uint32_t count;
    size_t unit;
    HM_TRY(hm_policy_take_number(&rest, HM_POLICY_EXPIRES_DAYS_MAX * 24, &count));
    HM_TRY(hm_policy_take_named(&rest, units, sizeof units / sizeof units[0], "unit", &unit));
    uint32_t seconds = unit < 2 ? HOUR : HM_POLICY_DAY;
    if (count > (uint32_t)HM_POLICY_EXPIRES_DAYS_MAX * HM_POLICY_DAY / seconds)
        return hm_refuse("a request expires in %d days at the latest", HM_POLICY_EXPIRES_DAYS_MAX);
    rule->expires = count * seconds;
    return hm_policy_take_end(rest);
}

/* "90 days" or "50000 signatures". */
static hm_err read_term(hm_bytes rest, uint32_t *seconds, uint32_t *signatures) {
    static const char *const units[] = {"day", "days", "signature", "signatures"};
    uint32_t count;
    size_t unit;
    HM_TRY(hm_policy_take_number(&rest, HM_POLICY_QUOTA_MAX, &count));
    HM_TRY(hm_policy_take_named(&rest, units, sizeof units / sizeof units[0], "unit", &unit));
    uint32_t *term = unit < 2 ? seconds : signatures;
    if (*term) return hm_refuse("a second line of that kind: only the shorter would count");
    if (unit < 2 && count > HM_POLICY_TERM_DAYS_MAX)
        return hm_refuse("a key serves %d days at most", HM_POLICY_TERM_DAYS_MAX);
    *term = unit < 2 ? count * HM_POLICY_DAY : count;
    return hm_policy_take_end(rest);
}

hm_err hm_policy_read_period(hm_bytes rest, hm_key_terms *terms) {
    return read_term(rest, &terms->period, &terms->period_signatures);
}

/* Sections 6.1.5 and 6.3.2 of those requirements. */
hm_err hm_policy_read_certificates(hm_bytes rest, hm_key_terms *terms) {
    static const char *const units[] = {"day", "days"};
    hm_bytes named = rest;
    uint32_t count = HM_POLICY_CAB_DAYS;
    size_t unit;
    if (terms->certificate) return hm_refuse("a second line of that kind: only the shorter would count");
    terms->cab = hm_policy_word_is(hm_policy_word(&named), "cab-code-signing");
    if (terms->cab) rest = named;
    if (!terms->cab) HM_TRY(hm_policy_take_number(&rest, HM_POLICY_CERTIFICATE_DAYS_MAX, &count));
    if (!terms->cab) HM_TRY(hm_policy_take_named(&rest, units, sizeof units / sizeof units[0], "unit", &unit));
    terms->certificate = count * HM_POLICY_DAY;
    return hm_policy_take_end(rest);
}

hm_err hm_policy_read_rotate(hm_bytes rest, hm_key_terms *terms) {
    HM_TRY(hm_policy_take(&rest, "after"));
    return read_term(rest, &terms->rotate, &terms->rotate_signatures);
}
