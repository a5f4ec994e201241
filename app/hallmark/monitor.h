/* log monitor: following a log that somebody else keeps.
 *
 * Two processes. The *judge* (monitor_judge.c) is forked for each look, enters the sandbox, and reads all that comes
 * from the log: checkpoint, tiles, entries. It opens nothing: it asks the *watcher* for files by name. The watcher, the
 * process that was started, fetches files (monitor_source.c) and parses none of them, keeps the head (monitor_state.c)
 * and delivers alarms (monitor_alarm.c). A judge that was taken over by what it read can say that all is well or raise
 * a false alarm; it cannot run a command, or write anything but a head. */
#ifndef HM_APP_MONITOR_H
#define HM_APP_MONITOR_H

#include "monitor_watch.h"
#include "tls_files.h"

#include <base/bytes.h>
#include <tlog/note.h>

#include <signal.h>

/* ---- what the two say to each other ---- */

typedef enum {
    HM_MONITOR_ASK = 1, /* judge: the file TEXT, of at most A bytes -> FILE, or FAULT */
    HM_MONITOR_FILE,    /* watcher: TEXT is the content; A is 0 if there is no such file */
    HM_MONITOR_FAULT,   /* class A, sentence TEXT; B is 1 if a server was asked. From the judge: the end, the log could
                           not be judged */
    HM_MONITOR_ALARM,   /* judge: kind A, entry B (UINT64_MAX: none), sentence TEXT */
    HM_MONITOR_GOOD,    /* judge: the end. A entries, of which B are new; TEXT is the root */
    HM_MONITOR_BAD      /* judge: the end, behind an alarm: the head stays what it was */
} hm_monitor_word;

typedef enum {
    HM_ALARM_FORK = 1,   /* another history than the one that the held head stands for */
    HM_ALARM_ROLLBACK,   /* fewer entries than the held head has */
    HM_ALARM_CHECKPOINT, /* no checkpoint, or none of this log */
    HM_ALARM_AGE,        /* a checkpoint that is too old */
    HM_ALARM_FILES,      /* tiles or entries that the checkpoint does not stand for, or that are missing */
    HM_ALARM_ENTRY,      /* an entry that is watched for */
    HM_ALARM_UNKNOWN,    /* a signature that is not in the list of known ones */
    HM_ALARM_STATE,      /* the state file is not this monitor's */
    HM_ALARM_SERVER      /* trust in the server says no */
} hm_alarm_kind;
enum { HM_ALARM_KINDS = HM_ALARM_SERVER, HM_MONITOR_TEXT_MAX = 1 << 20 };

typedef struct {
    hm_monitor_word word;
    uint64_t a, b;
    hm_buf text;
} hm_monitor_message;
#define HM_MONITOR_MESSAGE_NONE ((hm_monitor_message){.word = 0})
void hm_monitor_message_clear(hm_monitor_message *message);
#define HM_MONITOR_MESSAGE __attribute__((cleanup(hm_monitor_message_clear))) hm_monitor_message

HM_MUST_USE hm_err hm_monitor_say(int socket, hm_monitor_word word, uint64_t a, uint64_t b, hm_bytes text);
HM_MUST_USE hm_err hm_monitor_hear(int socket, hm_monitor_message *message);

/* ---- the judge ---- */

typedef struct {
    hm_note_key key;
    hm_bytes held;     /* the held head, a note; empty: none yet */
    const char *state; /* the state file's name, for sentences */
    bool whole;        /* the whole log and not only what is new */
    uint64_t max_age;  /* seconds; 0: any */
    uint64_t now;      /* seconds since 1970 */
    const hm_watch *watch;
} hm_monitor_case;

/* One look, on SOCKET, to the end. */
void hm_monitor_judge(const hm_monitor_case *look, int socket);

/* ---- where the log is ---- */

typedef struct hm_monitor_source hm_monitor_source;
/* TEXT is a folder, or https://HOST/PATH, or http:// to a loopback address. TLS is for https. */
HM_MUST_USE hm_err hm_monitor_source_open(const char *text, const hm_tls_files *tls, const volatile sig_atomic_t *stop,
                                          hm_monitor_source **source);
void hm_monitor_source_close(hm_monitor_source **source);
/* Replaces CONTENT. PATH comes from the judge: what no log has is refused. */
HM_MUST_USE hm_err hm_monitor_source_read(hm_monitor_source *source, hm_bytes path, size_t limit, hm_buf *content,
                                          bool *found);

/* ---- the held head ---- */

/* The state file is the last checkpoint that was verified, as the log signed it. STATE.lock is held until this process
 * ends, so that two monitors do not take turns with one head. */
HM_MUST_USE hm_err hm_monitor_state_lock(const char *state);
/* HELD is empty if there is no state yet. */
HM_MUST_USE hm_err hm_monitor_state_read(const char *state, hm_buf *held);
/* Durable and atomic. */
HM_MUST_USE hm_err hm_monitor_state_write(const char *state, hm_bytes checkpoint);
/* Both checkpoints of a contradiction, beside the state. Their names, or empty text if so many were kept in this run
 * that no more are. The same pair has the same names. */
enum { HM_EVIDENCE_MAX = 16 };
HM_MUST_USE hm_err hm_monitor_keep_evidence(const char *state, hm_bytes held, hm_bytes served, hm_buf *held_name,
                                            hm_buf *served_name);

/* ---- alarms ---- */

typedef struct {
    hm_alarm_kind kind;
    uint64_t entry; /* UINT64_MAX: none */
    const char *sentence;
    const char *held, *served; /* files of evidence, or "" */
} hm_alarm;

/* Say it on standard error (and as JSON on standard output), and run COMMAND (NULL: none) with the sentence as its only
 * argument. A fault if the command could not be run, did not end with 0, or took more than a minute. */
HM_MUST_USE hm_err hm_alarm_deliver(const hm_alarm *alarm, bool json, const char *command);

#endif
