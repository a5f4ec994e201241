/* What is to be thought of a log: everything that came from it is read here, in the sandbox. */
#include "monitor.h"

#include <base/sandbox.h>
#include <crypto/process.h>
#include <tlog/tiles.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A log that holds many watched entries could not otherwise be read to its end. */
enum { ALARMS_MAX = 100, INTENTS_KEPT = 4096, CHECKPOINT_MAX = 65536 };

typedef struct {
    const hm_monitor_case *look;
    int socket;
    hm_monitor_message answer;
    hm_class source_fault; /* of the last file that could not be had */
    hm_buf served;         /* the checkpoint */
    hm_checkpoint head, held;
    hm_tile_reader *reader;
    uint64_t alarms;
    hm_buf alarm[ALARMS_MAX]; /* sentences, not given before the tree was found right */
    hm_alarm_kind kind[ALARMS_MAX];
    uint64_t entry[ALARMS_MAX];
    /* Intents come shortly before their outcomes. */
    struct {
        bool there, known;
        uint64_t index;
        hm_leaf leaf;
    } intent[INTENTS_KEPT];
} judge;

/* ---- files ---- */

static hm_err fetch(void *context, const char *path, size_t limit, hm_buf *content, bool *found) {
    judge *j = context;
    content->len = 0;
    HM_TRY(hm_monitor_say(j->socket, HM_MONITOR_ASK, limit, 0, hm_text(path)));
    HM_TRY(hm_monitor_hear(j->socket, &j->answer));
    if (j->answer.word == HM_MONITOR_FAULT) {
        const char *sentence;
        hm_class class = j->answer.a == HM_REFUSED ? HM_REFUSED : HM_COULD_NOT;
        /* A folder's file that is no file, or too long, is as bad as one with a wrong content. */
        j->source_fault = class == HM_REFUSED && !j->answer.b ? HM_DONE : class;
        HM_TRY(hm_buf_string(&j->answer.text, &sentence));
        return hm_raise_again(class, sentence);
    }
    if (j->answer.word != HM_MONITOR_FILE || j->answer.text.len > limit)
        return hm_could_not("the watcher answers oddly");
    *found = j->answer.a != 0;
    return *found ? hm_put(content, hm_buf_bytes(&j->answer.text)) : HM_OK;
}

/* ---- verdicts ---- */

static hm_err alarm_now(const judge *j, hm_alarm_kind kind, hm_bytes sentence) {
    HM_TRY(hm_monitor_say(j->socket, HM_MONITOR_ALARM, kind, UINT64_MAX, sentence));
    return hm_monitor_say(j->socket, HM_MONITOR_BAD, 0, 0, HM_NO_BYTES);
}

static hm_err raise_alarm(const judge *j, hm_alarm_kind kind, const char *format, ...) HM_PRINTF(3, 4);
static hm_err raise_alarm(const judge *j, hm_alarm_kind kind, const char *format, ...) {
    char sentence[HM_SENTENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return alarm_now(j, kind, hm_text(sentence));
}

/* What could not be read is no alarm, unless trust said no; what was read and is wrong is one. */
static hm_err end_with(const judge *j, hm_alarm_kind kind, hm_err err, const char *advice) {
    hm_fault fault = hm_fault_keep(err);
    if (j->source_fault == HM_REFUSED) return alarm_now(j, HM_ALARM_SERVER, hm_text(fault.sentence));
    if (fault.class == HM_REFUSED) return raise_alarm(j, kind, "%s%s", fault.sentence, advice);
    return hm_monitor_say(j->socket, HM_MONITOR_FAULT, HM_COULD_NOT, 0, hm_text(fault.sentence));
}

/* ---- entries ---- */

static hm_err note_alarm(judge *j, hm_alarm_kind kind, uint64_t entry, const char *what, const hm_leaf *leaf) {
    uint64_t number = j->alarms++;
    if (number >= ALARMS_MAX) return HM_OK;
    j->kind[number] = kind;
    j->entry[number] = entry;
    hm_buf *text = &j->alarm[number];
    HM_TRY(hm_put_format(text, "entry %" PRIu64 " %s", entry, what));
    return leaf ? hm_put_leaf(text, leaf) : HM_OK;
}

static hm_err read_intent(judge *j, uint64_t index, hm_leaf *leaf) {
    HM_BUF entry = HM_BUF_EMPTY;
    HM_TRY(hm_tiles_entry(j->reader, index, &entry));
    return hm_leaf_get(hm_buf_bytes(&entry), leaf);
}

/* Is the intent of an outcome one whose content is known? *GOOD is false if it is no intent of that outcome. */
static hm_err look_up_intent(judge *j, const hm_leaf *outcome, bool *good, bool *known) {
    size_t slot = outcome->intent % INTENTS_KEPT;
    hm_leaf intent = {.type = 0};
    if (j->intent[slot].there && j->intent[slot].index == outcome->intent) {
        intent = j->intent[slot].leaf;
    } else {
        hm_err err = read_intent(j, outcome->intent, &intent);
        if (hm_failed(err) && (j->source_fault || err.class != HM_REFUSED)) return err;
    }
    *good = intent.type == HM_LEAF_INTENT && !memcmp(intent.office, outcome->office, sizeof intent.office) &&
            intent.has_product == outcome->has_product && intent.format == outcome->format &&
            !memcmp(intent.product_class, outcome->product_class, sizeof intent.product_class);
    *known = *good && hm_watch_knows(j->look->watch, HM_BYTES(intent.digest, intent.digest_len));
    return HM_OK;
}

static hm_err judge_outcome(judge *j, uint64_t index, const hm_leaf *leaf) {
    bool good = false, known = false;
    if (leaf->intent < index) HM_TRY(look_up_intent(j, leaf, &good, &known));
    if (!good) return note_alarm(j, HM_ALARM_UNKNOWN, index, "is a signature without an intent of its own: ", leaf);
    if (known || hm_watch_knows(j->look->watch, HM_BYTES(leaf->digest, leaf->digest_len))) return HM_OK;
    return note_alarm(j, HM_ALARM_UNKNOWN, index, "is a signature that is not in the list of known ones: ", leaf);
}

static void keep_intent(judge *j, uint64_t index, const hm_leaf *leaf) {
    size_t slot = index % INTENTS_KEPT;
    j->intent[slot].there = true;
    j->intent[slot].index = index;
    j->intent[slot].leaf = *leaf;
}

static hm_err visit(void *context, uint64_t index, hm_bytes entry) {
    judge *j = context;
    const hm_watch *watch = j->look->watch;
    hm_leaf leaf;
    if (hm_failed(hm_leaf_get(entry, &leaf)))
        return note_alarm(j, HM_ALARM_ENTRY, index, "cannot be read: it is no entry of an office's log", NULL);
    if (leaf.type == HM_LEAF_INTENT) keep_intent(j, index, &leaf);
    if (hm_watch_wants(watch, &leaf)) HM_TRY(note_alarm(j, HM_ALARM_ENTRY, index, "is watched for: ", &leaf));
    return watch->known_file && leaf.type == HM_LEAF_OUTCOME ? judge_outcome(j, index, &leaf) : HM_OK;
}

static hm_err give_entry_alarms(judge *j) {
    uint64_t given = j->alarms < ALARMS_MAX ? j->alarms : ALARMS_MAX;
    for (uint64_t i = 0; i < given; i++)
        HM_TRY(hm_monitor_say(j->socket, HM_MONITOR_ALARM, j->kind[i], j->entry[i], hm_buf_bytes(&j->alarm[i])));
    if (given == j->alarms) return HM_OK;
    char sentence[96];
    snprintf(sentence, sizeof sentence, "and %" PRIu64 " entries more of that kind, up to entry %" PRIu64,
             j->alarms - given, j->head.size - 1);
    return hm_monitor_say(j->socket, HM_MONITOR_ALARM, HM_ALARM_ENTRY, UINT64_MAX, hm_text(sentence));
}

/* ---- the tree ---- */

static hm_err judge_entries(judge *j) {
    const hm_checkpoint nothing = {.root = hm_merkle_empty()};
    const hm_checkpoint *known = j->look->whole ? &nothing : &j->held;
    hm_err err = hm_tiles_audit_since(j->reader, known, hm_watch_reads_leaves(j->look->watch) ? visit : NULL, j);
    if (hm_failed(err)) return end_with(j, HM_ALARM_FILES, err, " (damaged, changed or served wrongly)");
    HM_TRY(give_entry_alarms(j));
    return hm_monitor_say(j->socket, HM_MONITOR_GOOD, j->head.size, j->head.size - j->held.size,
                          HM_ARRAY(j->head.root.byte));
}

static hm_err forked(const judge *j) {
    return raise_alarm(
        j, HM_ALARM_FORK,
        "the log has forked: its checkpoint of %" PRIu64 " entries does not continue the one of %" PRIu64
        " entries that was verified before; the log's key signed both, which proves that it was shown in two "
        "versions or rewritten: keep both checkpoints",
        j->head.size, j->held.size);
}

/* The tiles contradict the new root. An audit says which of them, if it is one of those with new entries. */
static hm_err name_file(judge *j, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    if (!j->source_fault && fault.class == HM_REFUSED) {
        hm_err named = hm_tiles_audit_since(j->reader, &j->held, NULL, NULL);
        if (named.class == HM_REFUSED && !j->source_fault && strstr(hm_err_sentence(), "tile/")) return named;
        j->source_fault = HM_DONE;
    }
    return hm_fault_raise(&fault);
}

/* The held head against the served one: sizes, roots, and the tree between them. */
static hm_err judge_history(judge *j) {
    hm_merkle_proof proof = {.count = 0};
    if (j->head.size < j->held.size)
        return raise_alarm(j, HM_ALARM_ROLLBACK,
                           "the log was rolled back: it shows a checkpoint of %" PRIu64 " entries, and had %" PRIu64
                           " before (an old copy is served, or entries are being hidden): keep both checkpoints",
                           j->head.size, j->held.size);
    if (j->held.size && j->head.size > j->held.size) {
        hm_err err = hm_tiles_consistency(j->reader, j->held.size, &proof);
        if (hm_failed(err))
            return end_with(j, HM_ALARM_FILES, name_file(j, err),
                            " (damaged, changed or served wrongly; --all looks closer)");
    }
    bool same_size = j->head.size == j->held.size;
    if ((j->held.size || same_size) &&
        hm_failed(hm_merkle_check_consistency(j->held.size, j->head.size, &j->held.root, &j->head.root, &proof)))
        return forked(j);
    return judge_entries(j);
}

/* ---- the checkpoint ---- */

/* "time N", which governed offices put behind the root. */
static hm_err time_of(const judge *j, bool *said, uint64_t *time) {
    hm_bytes text, line, word;
    HM_TRY(hm_note_open(hm_buf_bytes(&j->served), &j->look->key, &text));
    hm_reader reader = hm_reader_of(text);
    *said = false;
    for (unsigned number = 0; reader.rest.len; number++) {
        HM_TRY(hm_read_line(&reader, &line));
        if (number < 3 || line.len <= 5) continue;
        HM_TRY(hm_bytes_part(line, 0, 5, &word));
        if (!hm_bytes_equal(word, hm_text("time "))) continue;
        HM_TRY(hm_bytes_part(line, 5, line.len - 5, &word));
        *said = true;
        return hm_decimal_decode(word, time);
    }
    return HM_OK;
}

static hm_err judge_age(judge *j) {
    uint64_t time = 0, now = j->look->now, most = j->look->max_age;
    bool said = false;
    hm_err err = most ? time_of(j, &said, &time) : HM_OK;
    if (hm_failed(err)) return end_with(j, HM_ALARM_CHECKPOINT, err, "");
    if (most && !said)
        return raise_alarm(
            j, HM_ALARM_AGE,
            "the checkpoint does not say when it was signed, so --max-age cannot be kept (only offices with "
            "founders say it)");
    if (most && time < now && now - time > most)
        return raise_alarm(j, HM_ALARM_AGE,
                           "the checkpoint was signed %" PRIu64 " seconds ago, and --max-age allows %" PRIu64
                           " (the office has stopped, or newer entries are held back)",
                           now - time, most);
    if (most && time > now && time - now > most)
        return raise_alarm(j, HM_ALARM_AGE,
                           "the checkpoint is dated %" PRIu64 " seconds in the future (one of the clocks is wrong)",
                           time - now);
    return judge_history(j);
}

static hm_err judge_checkpoint(judge *j) {
    bool found;
    hm_err err = fetch(j, "checkpoint", CHECKPOINT_MAX, &j->served, &found);
    if (hm_failed(err)) return end_with(j, HM_ALARM_CHECKPOINT, err, "");
    if (!found) return raise_alarm(j, HM_ALARM_CHECKPOINT, "there is no checkpoint (is this the address of a log?)");
    err = hm_checkpoint_open(hm_buf_bytes(&j->served), &j->look->key, &j->head);
    if (hm_failed(err))
        return end_with(j, HM_ALARM_CHECKPOINT, err, " (what is served is not the log that this key signs)");
    HM_TRY(hm_tile_reader_over((hm_tile_source){j, fetch}, &j->head, &j->reader));
    return judge_age(j);
}

static hm_err judge_all(judge *j) {
    const hm_monitor_case *look = j->look;
    j->held.root = hm_merkle_empty(); /* where every log begins */
    if (look->held.len && hm_failed(hm_checkpoint_open(look->held, &look->key, &j->held)))
        return raise_alarm(
            j, HM_ALARM_STATE,
            "%s: holds no checkpoint of this log, so nothing can be compared: it was damaged, or belongs to "
            "another log (put a copy back; only who removes it accepts any history from then on)",
            look->state);
    return judge_checkpoint(j);
}

void hm_monitor_judge(const hm_monitor_case *look, int socket) {
    judge *j = calloc(1, sizeof *j);
    hm_err err = j ? hm_crypto_begin() : hm_no_memory();
    if (!hm_failed(err)) err = hm_sandbox_enter();
    if (!hm_failed(err)) {
        j->look = look;
        j->socket = socket;
        err = judge_all(j);
    }
    if (hm_failed(err))
        (void)!hm_failed(hm_monitor_say(socket, HM_MONITOR_FAULT, HM_COULD_NOT, 0, hm_text(hm_err_sentence())));
}
