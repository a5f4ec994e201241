#include "time_source.h"

#include "sntp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

enum { NTP_PORT = 123, WAIT = 1000, FRESH = 64 * 1000, OLD = 600 * 1000, PAUSE = 5000 }; /* milliseconds */

static int64_t milliseconds_by(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t hm_now_milliseconds(void) { return milliseconds_by(CLOCK_REALTIME); }

/* ---- what it is called ---- */

static hm_err take_address(const char *host, uint16_t port, hm_time_source *source) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)&source->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&source->address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return source->address_len = sizeof *v4, HM_OK;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    source->address_len = sizeof *v6;
    return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1
               ? HM_OK
               : hm_misuse("sntp:%s: is no address (a number like 192.0.2.1 or [2001:db8::1], not a name)", host);
}

/* "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT" */
static hm_err read_address(char *text, hm_time_source *source) {
    uint64_t port = NTP_PORT;
    char *end = text[0] == '[' ? strchr(text, ']') : NULL;
    char *colon = strchr(end ? end : text, ':');
    if (colon && (hm_failed(hm_decimal_decode(hm_text(colon + 1), &port)) || !port || port > 65535))
        return hm_misuse("sntp:%s: is no address and port", text);
    if (colon) *colon = 0;
    if (text[0] != '[') return take_address(text, (uint16_t)port, source);
    if (!end || end[1]) return hm_misuse("sntp:%s: is no address", text);
    *end = 0;
    return take_address(text + 1, (uint16_t)port, source);
}

hm_err hm_time_source_read(hm_bytes text, uint64_t max_offset, hm_time_source *source) {
    static const char sntp[] = "sntp:";
    char word[HM_TIME_SOURCE_MAX + 1];
    memset(source, 0, sizeof *source);
    if (!max_offset || max_offset > HM_MAX_OFFSET_MAX)
        return hm_misuse("the clock may be off by 1 to %d milliseconds", HM_MAX_OFFSET_MAX);
    source->max_offset = (unsigned)max_offset;
    if (!text.len || text.len > HM_TIME_SOURCE_MAX || memchr(text.data, 0, text.len))
        return hm_misuse("that is no time source");
    memcpy(word, text.data, text.len);
    word[text.len] = 0;
    if (strcmp(word, "kernel") == 0) return source->kind = HM_TIME_KERNEL, HM_OK;
    if (strcmp(word, "none") == 0) return source->kind = HM_TIME_UNCHECKED, HM_OK;
    source->kind = HM_TIME_SNTP;
    return strncmp(word, sntp, sizeof sntp - 1) == 0
               ? read_address(word + sizeof sntp - 1, source)
               : hm_misuse("%s: is no time source (there are kernel, sntp:ADDRESS:PORT and none)", word);
}

/* ---- is the clock right ---- */

/* adjtimex(2) sets nothing when it is asked for nothing. */
static hm_err check_kernel(const hm_time_source *source) {
    struct timex state = {.modes = 0};
    int clock = adjtimex(&state);
    if (clock < 0)
        return hm_refuse("the kernel does not say whether its clock is set: %s (a service may be denied the question: "
                         "docs/server.md)",
                         strerror(errno));
    if (clock == TIME_ERROR || state.status & STA_UNSYNC)
        return hm_refuse(
            "the kernel says that nobody keeps its clock (a service like chrony or systemd-timesyncd does)");
    if (state.maxerror > (long)source->max_offset * 1000)
        return hm_refuse("the kernel says that its clock may be off by %ld ms, and %u are allowed",
                         state.maxerror / 1000, source->max_offset);
    return HM_OK;
}

/* Microseconds that the clock may be off at most, by the last answer: it may have been set since. */
static int64_t error_now(const hm_clock *clock) {
    int64_t set = (milliseconds_by(CLOCK_REALTIME) - clock->real) - (milliseconds_by(CLOCK_BOOTTIME) - clock->boot);
    return llabs(clock->offset - set * 1000) + clock->distance;
}

static bool is_off(const hm_time_source *source, const hm_clock *clock) {
    return error_now(clock) > (int64_t)source->max_offset * 1000;
}

static int64_t age(const hm_clock *clock) { return milliseconds_by(CLOCK_BOOTTIME) - clock->boot; }

/* A server that says that it knows no time takes back what it said before; one that is silent does not. After whatever
 * does not help, the next question has to wait: who said that it does not want to be asked is not asked by every stamp
 * (RFC 5905 section 7.4). */
static void ask(const hm_time_source *source, hm_clock *clock) {
    hm_sntp_time time;
    hm_err err = hm_sntp_ask((const struct sockaddr *)&source->address, source->address_len, WAIT, &time);
    clock->why = hm_fault_keep(err);
    clock->pause_until = milliseconds_by(CLOCK_BOOTTIME) + PAUSE;
    if (err.class == HM_REFUSED) clock->answered = false;
    if (hm_failed(err)) return;
    clock->answered = true;
    clock->boot = milliseconds_by(CLOCK_BOOTTIME);
    clock->real = milliseconds_by(CLOCK_REALTIME);
    clock->offset = time.offset;
    clock->distance = time.distance;
    if (!is_off(source, clock)) clock->pause_until = 0;
}

static hm_err check_sntp(const hm_time_source *source, hm_clock *clock) {
    bool good = clock->answered && age(clock) < FRESH && !is_off(source, clock);
    if (!good && milliseconds_by(CLOCK_BOOTTIME) >= clock->pause_until) ask(source, clock);
    if (!clock->answered || age(clock) > OLD) {
        const char *why = clock->why.class == HM_DONE ? "the time source has not answered" : clock->why.sentence;
        return hm_refuse("the clock cannot be relied on: %s", why);
    }
    if (!is_off(source, clock)) return HM_OK;
    return hm_refuse("the clock may be off by %lld ms by the time source, and %u are allowed",
                     (long long)error_now(clock) / 1000, source->max_offset);
}

hm_err hm_clock_check(const hm_time_source *source, hm_clock *clock) {
    switch (source->kind) {
    case HM_TIME_KERNEL:
        return check_kernel(source);
    case HM_TIME_SNTP:
        return check_sntp(source, clock);
    case HM_TIME_UNCHECKED:
        return HM_OK;
    }
    return hm_refuse("there is no time source");
}
