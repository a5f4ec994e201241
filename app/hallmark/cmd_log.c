/* log show, log check: the log itself. */
#include "commands.h"
#include "log_entry.h"
#include "log_files.h"
#include "office_access.h"

#include <base/file.h>
#include <base/sandbox.h>
#include <tlog/tiles.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKPOINT_MAX = 16384 };

static hm_err office_log_key(const hm_options *options, hm_note_key *key) {
    HM_BUF trust = HM_BUF_EMPTY;
    bool found;
    hm_options own = *options;
    own.trust = NULL;
    HM_TRY(hm_read_trust(&own, &trust));
    HM_TRY(hm_log_key_of_trust(hm_buf_bytes(&trust), key, &found));
    return found ? HM_OK
                 : hm_refuse("trust.pem names no log key (it was changed; hallmark trust export makes it again)");
}

static hm_err show(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_LOG_LIST}, answer;
    uint64_t count = UINT64_MAX;
    if (options->count && hm_failed(hm_decimal_decode(hm_text(options->count), &count)))
        return hm_misuse("--count needs a number");
    question.field[HM_LOG_LIST_FROM].number = options->count ? UINT64_MAX : 0;
    question.field[HM_LOG_LIST_COUNT].number = count;
    HM_TRY(hm_ask(office, &question, &answer));
    while (answer.type == HM_MSG_LOG_ENTRY) {
        HM_TRY(hm_print_log_entry(options, &answer));
        HM_TRY(hm_listen(office, &answer));
    }
    return HM_OK;
}

hm_err hm_command_log_show(const hm_options *options) { return hm_with_office(options, show); }

/* What the core found in its database. */
typedef struct {
    uint64_t size, entries, signatures, open, erased;
    uint8_t root[HM_HASH_LEN];
} audit_result;

static audit_result audited;

static hm_err ask_for_audit(const hm_options *options, hm_connection *office) {
    (void)options;
    hm_message question = {.type = HM_MSG_LOG_AUDIT}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    audited.size = answer.field[HM_LOG_AUDITED_SIZE].number;
    audited.entries = answer.field[HM_LOG_AUDITED_ENTRIES].number;
    audited.signatures = answer.field[HM_LOG_AUDITED_SIGNATURES].number;
    audited.open = answer.field[HM_LOG_AUDITED_OPEN].number;
    audited.erased = answer.field[HM_LOG_AUDITED_ERASED].number;
    memcpy(audited.root, answer.field[HM_LOG_AUDITED_ROOT].bytes.data, sizeof audited.root);
    return HM_OK;
}

static hm_err open_log(const hm_options *options, int *dirfd) {
    char *directory;
    HM_TRY(hm_office_directory(options, &directory));
    HM_BUF path = HM_BUF_EMPTY;
    const char *log;
    hm_err err = hm_put_format(&path, "%s/log", directory);
    free(directory);
    HM_TRY(err);
    HM_TRY(hm_buf_string(&path, &log));
    return hm_folder_open(AT_FDCWD, log, dirfd);
}

/* A checkpoint as large as what was before must be the same; a larger one, by somebody who signed meanwhile, must
 * continue it. */
static hm_err check_continues(hm_tile_reader *reader, const hm_checkpoint *checkpoint, const audit_result *audit) {
    hm_merkle_hash before;
    hm_merkle_proof proof = {.count = 0};
    memcpy(&before, audit->root, sizeof before);
    if (checkpoint->size > audit->size) HM_TRY(hm_in(hm_tiles_consistency(reader, audit->size, &proof), "log"));
    hm_err err = hm_merkle_check_consistency(audit->size, checkpoint->size, &before, &checkpoint->root, &proof);
    return hm_failed(err) ? hm_refuse("log/checkpoint and the database disagree at %llu entries: the log has forked",
                                      (unsigned long long)audit->size)
                          : HM_OK;
}

/* The published files against the database. They may have been written by anybody: this process gives up all but
 * reading them before it looks. */
static hm_err check_published(const hm_options *options, const audit_result *audit) {
    HM_BUF note = HM_BUF_EMPTY;
    HM_FD dirfd = -1;
    hm_note_key key;
    hm_checkpoint checkpoint;
    HM_TRY(open_log(options, &dirfd));
    HM_TRY(office_log_key(options, &key));
    HM_TRY(hm_sandbox_enter_folder(dirfd));
    HM_TRY(hm_in(hm_file_read(dirfd, "checkpoint", CHECKPOINT_MAX, &note), "log"));
    HM_TRY(hm_in(hm_checkpoint_open(hm_buf_bytes(&note), &key, &checkpoint), "log/checkpoint"));
    if (checkpoint.size < audit->size)
        return hm_refuse("log/checkpoint is older than what was published (%llu entries of %llu): it was put back",
                         (unsigned long long)checkpoint.size, (unsigned long long)audit->size);
    HM_TILE_READER *reader = NULL;
    HM_TRY(hm_tile_reader_new(dirfd, &checkpoint, &reader));
    HM_TRY(hm_in(hm_tiles_audit(reader, NULL, NULL), "log"));
    return check_continues(reader, &checkpoint, audit);
}

hm_err hm_check_log_files(const hm_options *options, uint64_t size, const uint8_t root[static 32]) {
    audit_result audit = {.size = size};
    memcpy(audit.root, root, sizeof audit.root);
    return check_published(options, &audit);
}

static void print_audit(const hm_options *options, const audit_result *audit) {
    unsigned long long size = audit->entries, signatures = audit->signatures, open = audit->open,
                       erased = audit->erased;
    if (options->json) {
        printf(
            "{\"status\":\"good\",\"entries\":%llu,\"signatures\":%llu,\"open_intents\":%llu,\"erased_details\":%llu}\n",
            size, signatures, open, erased);
        return;
    }
    printf("log: good: %llu entries, %llu signatures with intent and outcome", size, signatures);
    if (open) printf(", %llu intents without outcome (nothing was released for them)", open);
    if (erased) printf(", details of %llu entries erased", erased);
    printf("\n");
}

hm_err hm_command_log_check(const hm_options *options) {
    if (options->operand_count) return hm_check_files_against_log(options, false);
    HM_TRY(hm_with_office(options, ask_for_audit));
    HM_TRY(check_published(options, &audited));
    print_audit(options, &audited);
    return HM_OK;
}
