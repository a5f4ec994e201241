#include "incident_list.h"

#include "request_list.h"
#include "office_access.h"

#include <base/file.h>
#include <base/json.h>
#include <tlog/note.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    hm_outfile out;
    FILE *file;
} written;

static void written_clear(written *w) {
    if (w->file) fclose(w->file);
    hm_outfile_discard(&w->out);
}
#define WRITTEN __attribute__((cleanup(written_clear))) written

static hm_err written_open(int folder, const char *name, written *w) {
    HM_TRY(hm_outfile_open(folder, name, 0600, &w->out));
    int copy = fcntl(w->out.fd, F_DUPFD_CLOEXEC, 3);
    w->file = copy < 0 ? NULL : fdopen(copy, "w");
    if (w->file) return HM_OK;
    hm_err err = hm_could_not("%s: %s", name, strerror(errno));
    if (copy >= 0) close(copy);
    return err;
}

static hm_err written_commit(written *w) {
    bool bad = fflush(w->file) != 0 || ferror(w->file);
    bad |= fclose(w->file) != 0;
    w->file = NULL;
    return bad ? hm_could_not("%s: %s", w->out.path, strerror(errno)) : hm_outfile_commit(&w->out);
}

/* PAGE: from 0 on, read from entry FROM on. One that lacks something spoils them all. */
static hm_err take_searched(hm_incident *i, const hm_message *answer, size_t page, uint64_t from) {
    hm_bytes root = answer->field[HM_LOG_SEARCHED_ROOT].bytes;
    i->complete = (!page || i->complete) && answer->field[HM_LOG_SEARCHED_COMPLETE].number != 0 &&
                  answer->field[HM_LOG_SEARCHED_FIRST].number == from && root.len == sizeof i->log_root;
    i->log_size = answer->field[HM_LOG_SEARCHED_SIZE].number;
    if (root.len == sizeof i->log_root) memcpy(i->log_root, root.data, root.len);
    if (!i->why[0]) hm_text_copy(i->why, sizeof i->why, answer->field[HM_LOG_SEARCHED_WHY].bytes);
    return HM_OK;
}

/* One question: over HTTPS the list comes in pages, each of which leads to the root. */
static hm_err read_page(hm_incident *i, hm_connection *office, const hm_incident_files *files, uint64_t *from,
                        const hm_message *question, size_t page, bool *more) {
    hm_message answer;
    uint64_t next = 0;
    HM_TRY(hm_ask(office, question, &answer));
    while (answer.type != HM_MSG_DONE) {
        if (answer.type == HM_MSG_LOG_ENTRY) HM_TRY(hm_incident_take(i, &answer, files));
        if (answer.type == HM_MSG_LOG_SEARCHED) {
            HM_TRY(take_searched(i, &answer, page, *from));
            next = answer.field[HM_LOG_SEARCHED_NEXT].number;
        }
        HM_TRY(hm_listen(office, &answer));
    }
    *more = next < i->log_size;
    if (!next || (*more && next <= *from)) return hm_could_not("core language: an answer is missing");
    *from = next;
    return HM_OK;
}

/* A clock that is put back makes nothing older: what stands behind an entry of then, of whatever product, was made
 * later. */
static hm_err find_since(hm_incident *i, hm_connection *office) {
    hm_message question = {.type = HM_MSG_LOG_SEARCH}, answer;
    if (i->since <= HM_INCIDENT_ALWAYS) return HM_OK;
    question.field[HM_LOG_SEARCH_SINCE].number = (uint64_t)i->since;
    question.field[HM_LOG_SEARCH_LIMIT].number = 1;
    HM_TRY(hm_ask(office, &question, &answer));
    while (answer.type != HM_MSG_DONE) {
        if (answer.type == HM_MSG_LOG_ENTRY && !i->since_met) HM_TRY(hm_incident_note_since(i, &answer));
        HM_TRY(hm_listen(office, &answer));
    }
    return HM_OK;
}

/* Every entry of its product (of a principal, or of a key that is none's: every one), from the log's first on: that the
 * key's making is among them shows that the product is the right one. An intent of another product cannot be this
 * key's, which its id and the core's checks see to. Times are no condition: clocks are put back. */
static hm_err read_log(hm_incident *i, hm_connection *office, const hm_incident_files *files) {
    hm_message question = {.type = HM_MSG_LOG_SEARCH};
    bool more = true;
    HM_TRY(find_since(i, office));
    question.field[HM_LOG_SEARCH_COMPLETE].number = 1;
    if (!i->is_principal) question.field[HM_LOG_SEARCH_PRODUCT].bytes = hm_text(i->product);
    for (size_t page = 0; more; page++)
        HM_TRY(read_page(i, office, files, &question.field[HM_LOG_SEARCH_FROM].number, &question, page, &more));
    return hm_incident_end(i);
}

/* What the list was made under is what the log's key signed. A checkpoint that went on meanwhile is held against it by
 * who has the published log. */
static hm_err hold_checkpoint(hm_incident *i, hm_connection *office, hm_bytes note) {
    hm_message question = {.type = HM_MSG_TRUST}, answer;
    hm_note_key key;
    hm_checkpoint checkpoint;
    bool found;
    HM_TRY(hm_ask(office, &question, &answer));
    HM_TRY(hm_log_key_of_trust(answer.field[HM_BYTES_CONTENT].bytes, &key, &found));
    if (!found) return hm_refuse("the office names no log key: it was changed (hallmark log check)");
    HM_TRY(hm_in(hm_checkpoint_open(note, &key, &checkpoint), "the office's checkpoint"));
    bool other = checkpoint.size == i->log_size && memcmp(checkpoint.root.byte, i->log_root, sizeof i->log_root) != 0;
    return other || checkpoint.size < i->log_size
               ? hm_refuse("the list was made under another log than the office's checkpoint is of: it lies, or was "
                           "changed")
               : HM_OK;
}

hm_err hm_incident_write_list(hm_incident *i, hm_connection *office, int folder) {
    WRITTEN list = {HM_OUTFILE_NONE, NULL}, disclosed = {HM_OUTFILE_NONE, NULL}, acts = {HM_OUTFILE_NONE, NULL};
    HM_BUF note = HM_BUF_EMPTY;
    hm_message question = {.type = HM_MSG_LOG_PUBLISH}, answer;
    HM_TRY(written_open(folder, "signatures.jsonl", &list));
    HM_TRY(written_open(folder, "disclosed.jsonl", &disclosed));
    if (i->is_principal) HM_TRY(written_open(folder, "acts.jsonl", &acts));
    HM_TRY(read_log(i, office, &(hm_incident_files){list.file, disclosed.file, acts.file}));
    if (acts.file) HM_TRY(written_commit(&acts));
    HM_TRY(written_commit(&disclosed));
    HM_TRY(written_commit(&list));
    HM_TRY(hm_ask(office, &question, &answer));
    HM_TRY(hm_put(&note, answer.field[HM_BYTES_CONTENT].bytes));
    HM_TRY(hold_checkpoint(i, office, hm_buf_bytes(&note)));
    return hm_file_write(folder, "checkpoint", hm_buf_bytes(&note), 0600);
}
