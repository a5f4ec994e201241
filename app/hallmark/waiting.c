#include "waiting.h"

#include "office_access.h"
#include "request_list.h"

#include <client/remote.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_EVERY = 2, LOOK_SELDOM = 30 }; /* seconds */

/* What hm_with_office's work has to know; it takes no context. */
static unsigned long long awaited;

static hm_err take_state(const hm_options *options, hm_connection *office) {
    (void)options;
    return hm_fetch_request(office, awaited);
}

/* ---- interrupted ---- */

static char farewell[160];
static pid_t waiter; /* forks have this handler, too */

static void say_farewell(int number) {
    if (getpid() == waiter) (void)!write(STDERR_FILENO, farewell, strlen(farewell));
    signal(number, SIG_DFL);
    raise(number);
}

static void catch (int number, void (*handler)(int)) {
    struct sigaction now, wanted = {.sa_handler = handler, .sa_flags = SA_RESTART};
    if (sigaction(number, NULL, &now) != 0 || now.sa_handler == SIG_IGN) return;
    sigaction(number, &wanted, NULL);
}

static void catch_interrupts(void (*handler)(int)) {
    snprintf(farewell, sizeof farewell,
             "hallmark: request %llu stays open (the same command goes on waiting; hallmark cancel %llu ends it)\n",
             awaited, awaited);
    waiter = getpid();
    catch (SIGINT, handler);
    catch (SIGTERM, handler);
}

/* ---- looking ---- */

static hm_err is_elsewhere(const hm_options *options, bool *elsewhere) {
    HM_STRING *directory = NULL;
    HM_TRY(hm_office_directory(options, &directory));
    *elsewhere = hm_remote_is(directory);
    return HM_OK;
}

/* *AWAY counts the looks at which the server was away. What it refuses is its answer. */
static hm_err look(const hm_options *options, unsigned *away) {
    bool elsewhere;
    HM_TRY(is_elsewhere(options, &elsewhere));
    hm_err err = hm_with_office(options, take_state);
    bool is_away = elsewhere && err.class == HM_COULD_NOT;
    if (is_away && !*away)
        fprintf(stderr, "hallmark: %s (asked again until it answers; request %llu stays open)\n", hm_err_sentence(),
                awaited);
    *away = is_away ? *away + 1 : 0;
    return is_away ? HM_OK : err;
}

static unsigned pause_after(unsigned away) {
    unsigned seconds = LOOK_EVERY;
    for (unsigned i = 0; i < away && seconds < LOOK_SELDOM; i++) seconds *= 2;
    return seconds < LOOK_SELDOM ? seconds : LOOK_SELDOM;
}

static hm_err tell_closed(const hm_options *options) {
    if (options->json) HM_TRY(hm_print_request_json());
    if (strcmp(hm_shown.state, "rejected") == 0)
        return HM_RAISE(HM_DENIED, "request %llu was rejected by %s (hallmark status %llu)", awaited, hm_shown.closer,
                        awaited);
    return strcmp(hm_shown.state, "expired") == 0
               ? HM_RAISE(HM_DENIED, "nobody approved in time: request %llu has expired", awaited)
               : HM_RAISE(HM_DENIED, "request %llu was cancelled", awaited);
}

static hm_err wait_for_approvals(const hm_options *options) {
    for (unsigned away = 0;; sleep(pause_after(away))) {
        HM_TRY(look(options, &away));
        if (away) continue;
        if (hm_shown_is_open() && !hm_shown.awaits[0]) return HM_OK;
        if (strcmp(hm_shown.state, "done") == 0) return HM_OK;
        if (!hm_shown_is_open()) return tell_closed(options);
    }
}

hm_err hm_wait_for_request(const hm_options *options, unsigned long long number) {
    awaited = number;
    fflush(stdout);
    catch_interrupts(say_farewell);
    hm_err err = wait_for_approvals(options);
    hm_fault fault = hm_fault_keep(err);
    catch_interrupts(SIG_DFL);
    if (fault.class != HM_DONE && fault.class != HM_DENIED) fputs(farewell, stderr);
    return hm_fault_raise(&fault);
}

/* ---- before ---- */

static hm_err nothing(const hm_options *options, hm_connection *office) {
    (void)options, (void)office;
    return HM_OK;
}

hm_err hm_wait_foresee(const hm_options *options) {
    const char *token = getenv("HALLMARK_ID_TOKEN");
    bool elsewhere;
    HM_TRY(is_elsewhere(options, &elsewhere));
    if (!elsewhere || options->as || getenv("HALLMARK_AS") || !token) return HM_OK;
    HM_TRY(hm_with_office(options, nothing));
    hm_err err = hm_with_office(options, nothing);
    hm_fault fault = hm_fault_keep(err);
    return fault.class == HM_REFUSED
               ? hm_refuse(
                     "%s (--wait opens several sessions: HALLMARK_ID_TOKEN_COMMAND gets a token for each; nothing "
                     "was requested)",
                     fault.sentence)
               : hm_fault_raise(&fault);
}
