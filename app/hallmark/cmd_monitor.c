/* log monitor: the watcher's side (monitor.h). */
#include "commands.h"
#include "monitor.h"
#include "office_access.h"

#include <base/io.h>
#include <base/json.h>
#include <base/readable.h>
#include <base/sandbox.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SENTENCES_KEPT = 8 };

typedef struct {
    const hm_options *options;
    hm_monitor_source *source;
    hm_watch watch;
    hm_monitor_case look;
    uint64_t interval; /* 0: one look */
    hm_buf held;       /* the head, a note */
    hm_buf served;     /* the checkpoint of this look */
    bool alarmed;      /* in this look */
    bool undelivered;  /* a command failed in this look */
    bool said_good;
    char said[SENTENCES_KEPT][HM_SENTENCE_MAX]; /* what was said already and need not be again */
    size_t next_said;
} watcher;

static volatile sig_atomic_t stopped;
static void stop_soon(int number) {
    (void)number;
    stopped = 1;
}

/* ---- what is printed ---- */

static hm_err print_good(watcher *w, uint64_t size, uint64_t fresh, hm_bytes root) {
    HM_BUF text = HM_BUF_EMPTY;
    if (w->said_good && !fresh && w->interval) return HM_OK;
    w->said_good = true;
    if (w->options->json) {
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_json_string(&json, "event", "head");
        hm_json_number(&json, "size", (int64_t)size);
        hm_json_number(&json, "new", (int64_t)fresh);
        hm_json_hex(&json, "root", root);
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
    } else {
        HM_TRY(hm_put_format(&text, "log: %s%llu entries, %llu of them new, root ",
                             w->alarmed ? "" : "good: ", (unsigned long long)size, (unsigned long long)fresh));
        HM_TRY(hm_put_hex(&text, root));
        if (!w->held.len) HM_TRY(hm_put_text(&text, " (a first look: no earlier head to compare with)"));
    }
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    fflush(stdout);
    return HM_OK;
}

/* While it goes on following, what lasts is said once. */
static bool was_said(watcher *w, const char *sentence) {
    if (!w->interval) return false;
    for (size_t i = 0; i < SENTENCES_KEPT; i++)
        if (strcmp(w->said[i], sentence) == 0) return true;
    return false;
}

static void note_said(watcher *w, const char *sentence) {
    snprintf(w->said[w->next_said++ % SENTENCES_KEPT], HM_SENTENCE_MAX, "%s", sentence);
}

static void say_fault(watcher *w) {
    char sentence[HM_SENTENCE_MAX];
    snprintf(sentence, sizeof sentence, "%s", hm_err_sentence());
    if (was_said(w, sentence)) return;
    note_said(w, sentence);
    fprintf(stderr, "hallmark: %s\n", sentence);
}

/* ---- what the judge says ---- */

static hm_err serve_file(watcher *w, int socket, const hm_monitor_message *question) {
    HM_BUF content = HM_BUF_EMPTY;
    bool found = false;
    size_t limit = question->a < HM_MONITOR_TEXT_MAX ? (size_t)question->a : HM_MONITOR_TEXT_MAX;
    hm_bytes path = hm_buf_bytes(&question->text);
    hm_err err = stopped ? hm_could_not("stopped") : hm_monitor_source_read(w->source, path, limit, &content, &found);
    if (hm_failed(err))
        return hm_monitor_say(socket, HM_MONITOR_FAULT, err.class, strstr(w->options->operands[0], "://") != NULL,
                              hm_text(hm_err_sentence()));
    if (found && hm_bytes_equal(path, hm_text("checkpoint"))) {
        w->served.len = 0;
        HM_TRY(hm_put(&w->served, hm_buf_bytes(&content)));
    }
    return hm_monitor_say(socket, HM_MONITOR_FILE, found, 0, hm_buf_bytes(&content));
}

/* An alarm counts as given when the command has heard it: until then the head does not move past its entry. */
static hm_err take_alarm(watcher *w, hm_monitor_message *message) {
    HM_BUF held = HM_BUF_EMPTY, served = HM_BUF_EMPTY;
    hm_alarm alarm = {.kind = (hm_alarm_kind)message->a, .entry = message->b, .held = "", .served = ""};
    if (!message->a || message->a > HM_ALARM_KINDS) return hm_could_not("the judge said something malformed");
    hm_make_harmless(&message->text);
    HM_TRY(hm_buf_string(&message->text, &alarm.sentence));
    w->alarmed = true;
    if (was_said(w, alarm.sentence)) return HM_OK;
    if (alarm.kind == HM_ALARM_FORK || alarm.kind == HM_ALARM_ROLLBACK)
        HM_TRY(hm_monitor_keep_evidence(w->options->state, hm_buf_bytes(&w->held), hm_buf_bytes(&w->served), &held,
                                        &served));
    if (served.len) {
        HM_TRY(hm_buf_string(&held, &alarm.held));
        HM_TRY(hm_buf_string(&served, &alarm.served));
    }
    hm_err err = hm_alarm_deliver(&alarm, w->options->json, w->options->on_alarm);
    if (!hm_failed(err)) {
        note_said(w, alarm.sentence);
        return HM_OK;
    }
    w->undelivered = true;
    say_fault(w);
    return HM_OK;
}

static hm_err take_good(watcher *w, const hm_monitor_message *message) {
    if (message->text.len != HM_HASH_LEN || !w->served.len) return hm_could_not("the judge said something malformed");
    if (w->undelivered) return HM_OK;
    if (!w->alarmed) memset(w->said, 0, sizeof w->said); /* what comes again is news */
    HM_TRY(print_good(w, message->a, message->b, hm_buf_bytes(&message->text)));
    if (hm_bytes_equal(hm_buf_bytes(&w->held), hm_buf_bytes(&w->served))) return HM_OK;
    HM_TRY(hm_monitor_state_write(w->options->state, hm_buf_bytes(&w->served)));
    w->held.len = 0;
    return hm_put(&w->held, hm_buf_bytes(&w->served));
}

static hm_err take_fault(hm_monitor_message *message) {
    const char *sentence;
    hm_make_harmless(&message->text);
    HM_TRY(hm_buf_string(&message->text, &sentence));
    return hm_raise_again(HM_COULD_NOT, sentence);
}

static hm_err hear_judge(watcher *w, int socket) {
    HM_MONITOR_MESSAGE message = HM_MONITOR_MESSAGE_NONE;
    for (;;) {
        HM_TRY(hm_in(hm_monitor_hear(socket, &message), "the process that reads the log ended early"));
        switch (message.word) {
        case HM_MONITOR_ASK:
            HM_TRY(serve_file(w, socket, &message));
            break;
        case HM_MONITOR_ALARM:
            HM_TRY(take_alarm(w, &message));
            break;
        case HM_MONITOR_GOOD:
            return take_good(w, &message);
        case HM_MONITOR_BAD:
            return HM_OK;
        case HM_MONITOR_FAULT:
            return take_fault(&message);
        default:
            return hm_could_not("the judge said something malformed");
        }
    }
}

/* ---- one look ---- */

/* In the child. Signals for the watcher are not for it: it ends when the watcher closes the socket. */
static void become_judge(const watcher *w, int socket) {
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (!hm_failed(hm_sandbox_close_files(&socket, 1))) hm_monitor_judge(&w->look, socket);
    _exit(0);
}

static hm_err look_with_judge(watcher *w) {
    int pair[2], status;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return hm_could_not("no socket for the judge: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) become_judge(w, pair[1]);
    hm_fd_close(&pair[1]);
    hm_err err = pid > 0 ? hear_judge(w, pair[0]) : hm_could_not("no process for the judge: %s", strerror(errno));
    hm_fault fault = hm_fault_keep(err);
    hm_fd_close(&pair[0]);
    if (pid > 0) kill(pid, SIGKILL);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return hm_fault_raise(&fault);
}

static hm_err look(watcher *w) {
    w->alarmed = w->undelivered = false;
    w->served.len = 0;
    HM_TRY(hm_monitor_state_read(w->options->state, &w->held));
    HM_TRY(hm_watch_load_known(&w->watch));
    w->look.held = hm_buf_bytes(&w->held);
    w->look.now = (uint64_t)time(NULL);
    return look_with_judge(w);
}

static hm_err look_once(watcher *w) {
    HM_TRY(look(w));
    if (w->undelivered && !w->alarmed) return hm_already_reported(HM_COULD_NOT);
    return w->alarmed ? hm_already_reported(HM_REFUSED) : HM_OK;
}

static hm_err follow(watcher *w) {
    const struct timespec pause = {.tv_sec = (time_t)w->interval};
    while (!stopped) {
        if (hm_failed(look(w)) && !stopped) say_fault(w);
        if (!stopped) nanosleep(&pause, NULL);
    }
    return HM_OK;
}

/* ---- options ---- */

/* 90, 90s, 15m, 36h, 7d. */
static hm_err read_seconds(const char *option, const char *text, uint64_t *seconds) {
    static const char units[] = "smhd";
    static const uint64_t worth[] = {1, 60, 3600, 86400};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] ? strchr(units, text[digits]) : units;
    bool good = unit && (!text[digits] || !text[digits + 1]) &&
                !hm_failed(hm_decimal_decode(HM_BYTES(text, digits), seconds)) && *seconds && *seconds <= 1000000000;
    if (!good) return hm_misuse("%s needs a time like 90, 15m, 36h or 7d", option);
    *seconds *= worth[unit - units];
    return HM_OK;
}

static hm_err read_log_key(const hm_options *options, hm_note_key *key) {
    HM_BUF trust = HM_BUF_EMPTY;
    bool found;
    if (options->log_key && options->trust) return hm_misuse("--log-key or --trust, not both");
    if (options->log_key) {
        hm_err err = hm_note_key_parse(hm_text(options->log_key), key);
        return hm_failed(err) ? hm_misuse("--log-key: %s", hm_err_sentence()) : HM_OK;
    }
    HM_TRY(hm_read_trust(options, &trust));
    HM_TRY(hm_log_key_of_trust(hm_buf_bytes(&trust), key, &found));
    return found ? HM_OK
                 : hm_misuse(
                       "the trust file names no log key (hallmark trust export writes one that does; or --log-key)");
}

static hm_err open_source(watcher *w) {
    const char *source = w->options->operands[0];
    hm_tls_files tls;
    if (w->options->ca && !strstr(source, "://")) return hm_misuse("--ca is for https (%s is a folder)", source);
    HM_TRY(hm_tls_files_given(w->options, &tls));
    return hm_monitor_source_open(source, &tls, &stopped, &w->source);
}

static hm_err prepare(watcher *w) {
    const hm_options *o = w->options;
    if (!o->state) return hm_misuse("where is the head kept between two looks? (--state FILE)");
    if (o->once && o->interval) return hm_misuse("--once or --interval, not both");
    if (o->interval) HM_TRY(read_seconds("--interval", o->interval, &w->interval));
    if (o->max_age) HM_TRY(read_seconds("--max-age", o->max_age, &w->look.max_age));
    HM_TRY(hm_watch_of(o, &w->watch));
    HM_TRY(open_source(w));
    HM_TRY(read_log_key(o, &w->look.key));
    w->look.state = o->state;
    w->look.whole = o->whole_log;
    w->look.watch = &w->watch;
    return hm_monitor_state_lock(o->state);
}

static void listen_for_the_end(void) {
    struct sigaction action = {.sa_handler = stop_soon}; /* no restart: a pause or a request ends */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

hm_err hm_command_log_monitor(const hm_options *options) {
    static watcher w;
    w = (watcher){.options = options};
    hm_err err = prepare(&w);
    if (!hm_failed(err) && w.interval) listen_for_the_end();
    if (!hm_failed(err)) err = w.interval ? follow(&w) : look_once(&w);
    hm_fault fault = hm_fault_keep(err);
    hm_monitor_source_close(&w.source);
    hm_watch_clear(&w.watch);
    hm_buf_clear(&w.held);
    hm_buf_clear(&w.served);
    return hm_fault_raise(&fault);
}
