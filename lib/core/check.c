/* Whether an office is in order: what is found, part by part. */
#include "certificates.h"
#include "folder.h"

#include <base/file.h>
#include <base/json.h>
#include <core/backup.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

enum {
    TRUST_MAX = 1 << 20,
    ROOM_LEAST = 256, /* MiB */
    NAMES_LEAST = 1000,
    SOON_DAYS = 30,
    DAY = 86400,
    SKEW = 300 /* seconds that a clock may have been put back without anybody's noticing */
};

typedef struct {
    hm_office office;
    hm_session session;
    const char *directory;
    bool backup;
    hm_checked_log *log;
    char remark[HM_SENTENCE_MAX]; /* of a part that is good */
} looking;

/* ---- files ---- */

static bool is_secret(const char *path) {
    return strncmp(path, "office.db", 9) == 0 || strncmp(path, "search.db", 9) == 0 || strcmp(path, "token") == 0 ||
           strncmp(path, "token/", 6) == 0;
}

static hm_err check_part(void *context, hm_folder_part *part) {
    uint64_t *count = context;
    ++*count;
    if (!S_ISREG(part->st.st_mode) && !S_ISDIR(part->st.st_mode) && strcmp(part->path, HM_CORE_SOCKET) != 0)
        return hm_refuse("%s: is no file and no folder (a link?)", part->path);
    if (part->st.st_uid != geteuid()) return hm_refuse("%s: belongs to somebody else", part->path);
    if (!S_ISSOCK(part->st.st_mode) && part->st.st_mode & 022)
        return hm_refuse("%s: others can write to it (chmod go-w)", part->path);
    if (is_secret(part->path) && part->st.st_mode & 077)
        return hm_refuse("%s: others can read it (chmod go-rwx)", part->path);
    return HM_OK;
}

static hm_err check_files(looking *l) {
    uint64_t count = 0;
    HM_TRY(hm_folder_walk(l->office.dirfd, check_part, &count, NULL));
    snprintf(l->remark, sizeof l->remark, "%" PRIu64 " files and folders, with the owner and modes that they need",
             count);
    return HM_OK;
}

static hm_err check_sums(looking *l) {
    uint64_t files;
    HM_TRY(hm_folder_compare(l->office.dirfd, -1, &files));
    snprintf(l->remark, sizeof l->remark, "%" PRIu64 " files are as they were copied", files);
    return HM_OK;
}

static hm_err check_trust(looking *l) {
    HM_BUF ours = HM_BUF_EMPTY, file = HM_BUF_EMPTY;
    HM_TRY(hm_office_trust(&l->office, &ours));
    HM_TRY(hm_file_read(l->office.dirfd, "trust.pem", TRUST_MAX, &file));
    if (!hm_bytes_equal(hm_buf_bytes(&ours), hm_buf_bytes(&file)))
        return hm_refuse("trust.pem is not this office's (hallmark trust export -o makes it again)");
    snprintf(l->remark, sizeof l->remark, "trust.pem is this office's");
    return HM_OK;
}

/* ---- database and log ---- */

static hm_err check_database(looking *l) {
    HM_TRY(hm_store_check(l->office.store));
    snprintf(l->remark, sizeof l->remark, "office.db is whole");
    return HM_OK;
}

static hm_err check_log(looking *l) {
    hm_message answer = {.type = HM_MSG_LOG_AUDITED};
    hm_checked_log *log = l->log;
    HM_TRY(hm_log_check_founded(&l->office));
    HM_TRY(hm_log_check_head(&l->office));
    HM_TRY(hm_audit(&l->office, &answer, log->root));
    log->size = answer.field[HM_LOG_AUDITED_SIZE].number;
    log->entries = answer.field[HM_LOG_AUDITED_ENTRIES].number;
    log->signatures = answer.field[HM_LOG_AUDITED_SIGNATURES].number;
    log->open = answer.field[HM_LOG_AUDITED_OPEN].number;
    log->erased = answer.field[HM_LOG_AUDITED_ERASED].number;
    log->known = true;
    snprintf(l->remark, sizeof l->remark,
             "%" PRIu64 " entries, %" PRIu64 " signatures with intent and outcome, %" PRIu64 " intents without one",
             log->entries, log->signatures, log->open);
    return HM_OK;
}

/* ---- token and certificates ---- */

static hm_err check_token(looking *l) {
    HM_TRY(hm_office_token(&l->office));
    snprintf(l->remark, sizeof l->remark, "%s answers", l->office.token_name);
    return HM_OK;
}

typedef struct {
    looking *l;
    uint64_t count, soon, destroyed;
    int64_t first;
} counting;

/* Officers had it destroyed: a token that came back from a copy has it again. */
static hm_err check_destroyed(counting *c, const hm_key_row *row) {
    bool there;
    HM_TRY(hm_token_has(c->l->office.token, (hm_key_algorithm)row->algorithm, row->token_id, &there));
    c->destroyed++;
    return there ? hm_refuse("the key of number %" PRId64
                             " is stated to be destroyed, and the token has it (any statement has it destroyed again)",
                             row->id)
                 : HM_OK;
}

static hm_err check_key(void *context, const hm_key_row *row) {
    counting *c = context;
    hm_key *key;
    hm_key_origin origin;
    if (hm_key_state_of(&c->l->office, row->token_id) == HM_KEY_DESTROYED) return check_destroyed(c, row);
    /* What the database says of the key is not handed down: the token's own word counts. */
    HM_TRY(hm_token_find(c->l->office.token, (hm_key_algorithm)row->algorithm, row->token_id, HM_NO_BYTES, &key));
    if (!hm_bytes_equal(hm_key_signer(key).spki, row->spki))
        return hm_refuse("the token's key of number %" PRId64 " is not the one that the database names", row->id);
    HM_TRY(hm_key_inspect(key, &origin));
    if (!origin.sensitive) return hm_refuse("the token would give away the key of number %" PRId64, row->id);
    c->count++;
    return HM_OK;
}

static hm_err check_keys(looking *l) {
    counting c = {.l = l};
    size_t found;
    if (!l->office.token) return hm_could_not("cannot be looked for without the token");
    HM_TRY(hm_statements_load(&l->office));
    HM_TRY(hm_store_keys(l->office.store, -1, 0, 0, check_key, &c, &found));
    snprintf(l->remark, sizeof l->remark, "%" PRIu64 " keys of the database are in the token", c.count);
    if (c.destroyed) {
        size_t len = strlen(l->remark);
        snprintf(l->remark + len, sizeof l->remark - len, ", and %" PRIu64 " that were destroyed are not", c.destroyed);
    }
    return HM_OK;
}

static hm_err check_certificate(void *context, const hm_key_row *row) {
    counting *c = context;
    hm_key_state state = hm_key_state_of(&c->l->office, row->token_id);
    /* What signs nothing any more needs no new certificate. */
    bool over = state == HM_KEY_DEACTIVATED || state == HM_KEY_COMPROMISED || state == HM_KEY_DESTROYED;
    if (!row->certificate.len || over) return HM_OK;
    c->count++;
    if (!c->first || row->not_after < c->first) c->first = row->not_after;
    c->soon += row->not_after < hm_now() + (int64_t)SOON_DAYS * DAY;
    return HM_OK;
}

static hm_err check_certificates(looking *l) {
    counting c = {.l = l};
    size_t found;
    HM_TRY(hm_store_keys(l->office.store, -1, 0, 0, check_certificate, &c, &found));
    int64_t days = c.count ? (c.first - hm_now()) / DAY : 0;
    if (c.soon)
        return hm_refuse("%" PRIu64 " of %" PRIu64 " have expired or will within %d days, the first in %" PRId64
                         " (hallmark cert list)",
                         c.soon, c.count, SOON_DAYS, days);
    snprintf(l->remark, sizeof l->remark, "%" PRIu64 ", the first to expire does so in %" PRId64 " days", c.count,
             days);
    return HM_OK;
}

typedef struct {
    size_t count;
    int64_t first; /* to become stale */
} stalest;

static hm_err take_list(void *context, const hm_crl_made *made) {
    stalest *s = context;
    if (!s->count++ || made->next_update < s->first) s->first = made->next_update;
    return HM_OK;
}

static hm_err check_lists(looking *l) {
    stalest s = {.count = 0};
    size_t files;
    HM_TRY(hm_crls_made(&l->office, take_list, &s));
    HM_TRY(hm_crls_check(&l->office, &files));
    if (s.count && s.first <= hm_now())
        return hm_refuse("a revocation list is stale since %" PRId64 " days: whoever judges by it refuses everything "
                         "(hallmark cert crl makes a new one)",
                         (hm_now() - s.first) / DAY);
    if (s.count)
        snprintf(l->remark, sizeof l->remark, "%zu, the newest that were made; the first is stale in %" PRId64 " days",
                 s.count, (s.first - hm_now()) / DAY);
    else
        snprintf(l->remark, sizeof l->remark, "none was made yet");
    return HM_OK;
}

/* ---- the machine ---- */

static hm_err check_room(looking *l) {
    struct statvfs fs;
    if (fstatvfs(l->office.dirfd, &fs) != 0) return hm_could_not("%s", strerror(errno));
    uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
    if (room < ROOM_LEAST) return hm_refuse("%" PRIu64 " MiB are free, less than %d", room, ROOM_LEAST);
    /* Some file systems count no names. */
    if (fs.f_files && fs.f_favail < NAMES_LEAST)
        return hm_refuse("the file system has room for %llu files only", (unsigned long long)fs.f_favail);
    snprintf(l->remark, sizeof l->remark, "%" PRIu64 " MiB are free", room);
    return HM_OK;
}

static hm_err take_time(void *context, const hm_entry_row *row) {
    int64_t *newest = context;
    hm_bytes text;
    bool found;
    uint64_t time;
    hm_json_member(row->details, "time", &text, &found);
    if (found && !hm_failed(hm_decimal_decode(text, &time)) && (int64_t)time > *newest) *newest = (int64_t)time;
    return HM_OK;
}

static hm_err check_clock(looking *l) {
    enum { LAST = 256 };
    int64_t newest = l->office.row.created, now = hm_now();
    uint64_t size;
    struct timex clock = {.modes = 0};
    HM_TRY(hm_store_log_size(l->office.store, &size));
    HM_TRY(hm_store_entries(l->office.store, size > LAST ? size - LAST : 0, LAST, take_time, &newest));
    if (now + SKEW < newest)
        return hm_refuse("it is %" PRId64 " seconds behind the newest entries: it was put back, or was ahead before",
                         newest - now);
    bool kept = adjtimex(&clock) >= 0 && !(clock.status & STA_UNSYNC);
    snprintf(l->remark, sizeof l->remark, "not behind the newest entry%s",
             kept ? ", and kept by a time service" : "; no time service keeps it, as far as the kernel knows");
    return HM_OK;
}

/* ---- all of it ---- */

static const struct {
    const char *what;
    hm_err (*look)(looking *l);
    bool live, backup; /* of what is it asked? */
} parts[] = {
    {"copy", check_sums, false, true},        {"files", check_files, true, true},
    {"database", check_database, true, true}, {"log", check_log, true, true},
    {"trust", check_trust, true, true},       {"token", check_token, true, false},
    {"keys", check_keys, true, false},        {"certificates", check_certificates, true, false},
    {"revocation", check_lists, true, false}, {"disk", check_room, true, false},
    {"clock", check_clock, true, false},
};

static void look_at_all(looking *l, hm_check_say say, void *context) {
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (l->backup ? !parts[i].backup : !parts[i].live) continue;
        hm_err found = parts[i].look(l);
        say(context, parts[i].what, found, hm_failed(found) ? hm_err_sentence() : l->remark);
    }
}

void hm_office_check(const char *directory, hm_check_say say, void *context, hm_checked_log *log) {
    looking l = {.directory = directory, .backup = hm_backup_is(directory), .log = log};
    *log = (hm_checked_log){.known = false};
    hm_err opened = hm_office_open(directory, &l.session, &l.office);
    if (hm_failed(opened))
        say(context, "office", opened, hm_err_sentence());
    else
        look_at_all(&l, say, context);
    hm_office_close(&l.office);
    hm_session_clear(&l.session);
}
