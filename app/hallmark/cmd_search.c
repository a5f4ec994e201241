/* log search: which entries are about this, and that they are in the log. */
#include "commands.h"
#include "documents.h"
#include "log_entry.h"
#include "office_access.h"
#include "officer.h"

#include <base/file.h>
#include <base/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 1000, DIGEST_LEN_MAX = 64, PROOF_NAME = 40 };

/* What a proof of a hit is asked for with. */
typedef struct {
    uint64_t index, intent;
    bool is_outcome;
    uint8_t signature[32];
} hit;

/* hm_with_office takes no context. */
static struct {
    hm_message question;
    uint8_t digest[DIGEST_LEN_MAX];
    uint64_t limit; /* 0: none */
    uint64_t found;
    hit *hit; /* with --proof */
    size_t room;
    bool progress_shown;
} search;

/* ---- what is asked for ---- */

/* "2026-11-17", "2026-11-17T08:00Z", or "8h": so long ago. */
static hm_err take_time(const char *option, const char *text, uint64_t *seconds) {
    int64_t when;
    HM_TRY(hm_in(hm_officer_past(text, &when), "%s", option));
    if (when <= 0) return hm_misuse("%s %s: was before there were logs", option, text);
    *seconds = (uint64_t)when;
    return HM_OK;
}

static hm_err take_digest(const char *text, hm_bytes *digest) {
    HM_BUF bytes = HM_BUF_EMPTY;
    bool right =
        !hm_failed(hm_hex_decode(hm_text(text), &bytes)) && (bytes.len == 32 || bytes.len == 48 || bytes.len == 64);
    if (!right) return hm_misuse("--digest %s: is no digest in hexadecimal, of 64, 96 or 128 digits", text);
    memcpy(search.digest, bytes.data, bytes.len);
    *digest = HM_BYTES(search.digest, bytes.len);
    return HM_OK;
}

static hm_err take_file(const char *path, hm_bytes *digest) {
    HM_TRY(hm_hash_file(path, search.digest));
    *digest = HM_BYTES(search.digest, HM_SHA256_LEN);
    return HM_OK;
}

static hm_err take_given(const hm_given *given, hm_wire_field *field) {
    bool digest = strcmp(given->name, "--digest") == 0 || strcmp(given->name, "--file") == 0;
    hm_bytes *to = digest                                    ? &field[HM_LOG_SEARCH_DIGEST].bytes
                   : strcmp(given->name, "--key") == 0       ? &field[HM_LOG_SEARCH_KEY].bytes
                   : strcmp(given->name, "--principal") == 0 ? &field[HM_LOG_SEARCH_PRINCIPAL].bytes
                                                             : &field[HM_LOG_SEARCH_TYPE].bytes;
    if (to->len) return hm_misuse("%s: one at a time (--digest and --file are one condition)", given->name);
    if (strcmp(given->name, "--digest") == 0) return take_digest(given->value, to);
    if (strcmp(given->name, "--file") == 0) return take_file(given->value, to);
    *to = hm_text(given->value);
    return HM_OK;
}

static hm_err take_conditions(const hm_options *options) {
    hm_wire_field *field = search.question.field;
    search.question.type = HM_MSG_LOG_SEARCH;
    for (size_t i = 0; i < options->given_count; i++) HM_TRY(take_given(&options->given[i], field));
    if (options->product) field[HM_LOG_SEARCH_PRODUCT].bytes = hm_text(options->product);
    if (options->release) field[HM_LOG_SEARCH_RELEASE].bytes = hm_text(options->release);
    if (options->since) HM_TRY(take_time("--since", options->since, &field[HM_LOG_SEARCH_SINCE].number));
    if (options->until) HM_TRY(take_time("--until", options->until, &field[HM_LOG_SEARCH_UNTIL].number));
    if (options->limit && (hm_failed(hm_decimal_decode(hm_text(options->limit), &search.limit)) || !search.limit))
        return hm_misuse("--limit needs a number");
    if (options->limit && options->complete)
        return hm_misuse("--complete lists all there are: --limit does not go with it");
    field[HM_LOG_SEARCH_COMPLETE].number = options->complete;
    return HM_OK;
}

/* ---- what is found ---- */

static hm_err keep_hit(const hm_message *entry) {
    hm_leaf leaf;
    if (search.found > search.room) return hm_could_not("too many entries");
    if (search.found == search.room) {
        size_t room = 2 * search.room + 64;
        hit *larger = reallocarray(search.hit, room, sizeof *larger);
        if (!larger) return hm_no_memory();
        search.hit = larger;
        search.room = room;
    }
    HM_TRY(hm_leaf_get(entry->field[HM_LOG_ENTRY_LEAF].bytes, &leaf));
    hit *h = &search.hit[search.found];
    *h = (hit){.index = entry->field[HM_LOG_ENTRY_INDEX].number,
               .intent = leaf.intent,
               .is_outcome = leaf.type == HM_LEAF_OUTCOME};
    memcpy(h->signature, leaf.digest, sizeof h->signature);
    return HM_OK;
}

static void show_progress(const hm_options *options, const hm_message *answer) {
    if (options->json || !isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\rhallmark: %llu of %llu entries ",
            (unsigned long long)answer->field[HM_LOG_SEARCHING_DONE].number,
            (unsigned long long)answer->field[HM_LOG_SEARCHING_ALL].number);
    search.progress_shown = true;
}

static void hide_progress(void) {
    if (search.progress_shown) fprintf(stderr, "\r\033[K");
    search.progress_shown = false;
}

static hm_err take_hit(const hm_options *options, const hm_message *entry) {
    hide_progress();
    HM_TRY(hm_print_log_entry(options, entry));
    if (options->proof) HM_TRY(keep_hit(entry));
    search.found++;
    return HM_OK;
}

/* One question and its answers up to the end; SEARCHED's root goes to ROOT. */
static hm_err ask_page(const hm_options *options, hm_connection *office, hm_message *searched, hm_buf *root,
                       hm_buf *why) {
    hm_message answer;
    HM_TRY(hm_ask(office, &search.question, &answer));
    while (answer.type != HM_MSG_DONE) {
        if (answer.type == HM_MSG_LOG_SEARCHING) {
            show_progress(options, &answer);
        } else if (answer.type == HM_MSG_LOG_ENTRY) {
            HM_TRY(take_hit(options, &answer));
        } else if (answer.type == HM_MSG_LOG_SEARCHED) {
            *searched = answer;
            HM_TRY(hm_put(root, answer.field[HM_LOG_SEARCHED_ROOT].bytes));
            HM_TRY(hm_put(why, answer.field[HM_LOG_SEARCHED_WHY].bytes));
        } else {
            return hm_could_not("core language: an answer to something else");
        }
        HM_TRY(hm_listen(office, &answer));
    }
    hide_progress();
    return searched->type == HM_MSG_LOG_SEARCHED ? HM_OK : hm_could_not("core language: an answer is missing");
}

/* What all pages of a complete list come to: as far back as the first, as good as the worst. */
static void join_pages(const hm_message *first, hm_message *last) {
    if (first->type != HM_MSG_LOG_SEARCHED) return;
    last->field[HM_LOG_SEARCHED_FIRST].number = first->field[HM_LOG_SEARCHED_FIRST].number;
    last->field[HM_LOG_SEARCHED_COMPLETE].number &= first->field[HM_LOG_SEARCHED_COMPLETE].number;
    last->field[HM_LOG_SEARCHED_ERASED].number += first->field[HM_LOG_SEARCHED_ERASED].number;
}

static hm_err ask_all(const hm_options *options, hm_connection *office, hm_message *searched, hm_buf *root,
                      hm_buf *why) {
    hm_wire_field *field = search.question.field;
    searched->type = HM_MSG_DONE;
    for (bool more = true; more;) {
        hm_message before = *searched;
        uint64_t left = search.limit - search.found;
        root->len = 0;
        if (!options->complete || searched->field[HM_LOG_SEARCHED_COMPLETE].number) why->len = 0;
        searched->type = HM_MSG_DONE;
        field[HM_LOG_SEARCH_LIMIT].number = search.limit ? (left < PAGE ? left : PAGE) : 0;
        HM_TRY(ask_page(options, office, searched, root, why));
        if (options->complete) join_pages(&before, searched);
        uint64_t next = searched->field[HM_LOG_SEARCHED_NEXT].number;
        more = next < searched->field[HM_LOG_SEARCHED_SIZE].number && next > field[HM_LOG_SEARCH_FROM].number &&
               (!search.limit || search.found < search.limit);
        field[HM_LOG_SEARCH_FROM].number = next;
    }
    return HM_OK;
}

/* ---- proofs ---- */

static hm_err find_content(hm_connection *office, uint64_t intent, hm_leaf *leaf) {
    hm_message question = {.type = HM_MSG_LOG_LIST}, answer;
    bool found = false;
    question.field[HM_LOG_LIST_FROM].number = intent;
    question.field[HM_LOG_LIST_COUNT].number = 1;
    HM_TRY(hm_ask(office, &question, &answer));
    while (answer.type == HM_MSG_LOG_ENTRY) {
        found = answer.field[HM_LOG_ENTRY_INDEX].number == intent;
        HM_TRY(hm_leaf_get(answer.field[HM_LOG_ENTRY_LEAF].bytes, leaf));
        HM_TRY(hm_listen(office, &answer));
    }
    return found ? HM_OK : hm_refuse("entry %llu is not there", (unsigned long long)intent);
}

static hm_err ask_for_proof(hm_connection *office, const hit *h, hm_buf *proof) {
    hm_message question = {.type = HM_MSG_LOG_INCLUDE}, answer;
    hm_leaf intent;
    question.field[HM_LOG_INCLUDE_INDEX].number = h->index;
    if (h->is_outcome) {
        HM_TRY(find_content(office, h->intent, &intent));
        question.type = HM_MSG_LOG_PROVE;
        question.field[HM_LOG_PROVE_SIGNATURE].bytes = HM_ARRAY(h->signature);
        question.field[HM_LOG_PROVE_CONTENT].bytes = HM_BYTES(intent.digest, intent.digest_len);
    }
    HM_TRY(hm_ask(office, &question, &answer));
    return hm_put(proof, answer.field[HM_BYTES_CONTENT].bytes);
}

static hm_err write_proofs(const hm_options *options, hm_connection *office) {
    HM_FD folder = -1;
    if (mkdir(options->proof, 0755) != 0 && errno != EEXIST)
        return hm_could_not("%s: %s", options->proof, strerror(errno));
    HM_TRY(hm_folder_open(AT_FDCWD, options->proof, &folder));
    for (uint64_t i = 0; i < search.found; i++) {
        HM_BUF proof = HM_BUF_EMPTY;
        char name[PROOF_NAME];
        snprintf(name, sizeof name, "%llu.tlog-proof", (unsigned long long)search.hit[i].index);
        HM_TRY(hm_in(ask_for_proof(office, &search.hit[i], &proof), "entry %llu",
                     (unsigned long long)search.hit[i].index));
        HM_TRY(hm_in(hm_file_write(folder, name, hm_buf_bytes(&proof), 0644), "%s", options->proof));
    }
    return HM_OK;
}

/* ---- what it amounts to ---- */

static hm_err print_complete_json(const hm_message *searched, hm_bytes root, hm_bytes why) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_bool(&json, "complete", searched->field[HM_LOG_SEARCHED_COMPLETE].number != 0);
    hm_json_number(&json, "found", (int64_t)search.found);
    hm_json_number(&json, "first", (int64_t)searched->field[HM_LOG_SEARCHED_FIRST].number);
    hm_json_number(&json, "size", (int64_t)searched->field[HM_LOG_SEARCHED_SIZE].number);
    hm_json_hex(&json, "root", root);
    hm_json_number(&json, "erased", (int64_t)searched->field[HM_LOG_SEARCHED_ERASED].number);
    hm_json_text(&json, "why", why);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err print_complete(const hm_message *searched, hm_bytes root) {
    HM_BUF hex = HM_BUF_EMPTY;
    unsigned long long found = search.found, first = searched->field[HM_LOG_SEARCHED_FIRST].number,
                       size = searched->field[HM_LOG_SEARCHED_SIZE].number;
    HM_TRY(hm_put_hex(&hex, root));
    printf("%llu %s, and no other: entries %llu to %llu were read, all under the root %.*s\n", found,
           found == 1 ? "entry" : "entries", first, size ? size - 1 : 0, (int)hex.len, (const char *)hex.data);
    if (first)
        printf("entries before %llu were not: by the index, each says an earlier time (without --since all are read)\n",
               first);
    return HM_OK;
}

static hm_err sum_up(const hm_options *options, const hm_message *searched, hm_bytes root, hm_bytes why) {
    uint64_t next = searched->field[HM_LOG_SEARCHED_NEXT].number, size = searched->field[HM_LOG_SEARCHED_SIZE].number;
    if (options->complete && options->json) HM_TRY(print_complete_json(searched, root, why));
    if (options->complete && !searched->field[HM_LOG_SEARCHED_COMPLETE].number)
        return hm_refuse("the list is not complete: %.*s", (int)why.len, (const char *)why.data);
    if (options->json) return HM_OK;
    if (options->complete) return print_complete(searched, root);
    printf("%llu %s%s\n", (unsigned long long)search.found, search.found == 1 ? "entry" : "entries",
           next < size ? ", and there may be more (--limit)" : "");
    return HM_OK;
}

static hm_err look(const hm_options *options, hm_connection *office) {
    hm_message searched = {.type = HM_MSG_DONE};
    HM_BUF root = HM_BUF_EMPTY, why = HM_BUF_EMPTY;
    HM_TRY(ask_all(options, office, &searched, &root, &why));
    if (options->proof) HM_TRY(write_proofs(options, office));
    if (!search.found && (search.question.field[HM_LOG_SEARCH_KEY].bytes.len ||
                          search.question.field[HM_LOG_SEARCH_PRINCIPAL].bytes.len))
        fprintf(stderr,
                "hallmark: note: who or what is misspelt is in no entry either (key list has keys' ids, principal "
                "list names)\n");
    return sum_up(options, &searched, hm_buf_bytes(&root), hm_buf_bytes(&why));
}

hm_err hm_command_log_search(const hm_options *options) {
    HM_TRY(take_conditions(options));
    hm_err err = hm_with_office(options, look);
    hide_progress();
    free(search.hit);
    return err;
}
