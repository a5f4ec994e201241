#include "publish_already.h"

#include "front.h"
#include "office_access.h"
#include "parse_publish.h"
#include "revocation_files.h"

#include <policy/request.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void forget(hm_published_files *files) { free(files->file); }
#define PUBLISHED_FILES __attribute__((cleanup(forget))) hm_published_files

static struct hm_published_file *find(const hm_published_files *files, hm_bytes name) {
    for (size_t i = 0; i < files->count; i++)
        if (hm_bytes_equal(hm_text(files->file[i].name), name)) return &files->file[i];
    return NULL;
}

static hm_err add(hm_published_files *files, const hm_artifact *artifact, uint64_t entry) {
    struct hm_published_file *file = find(files, artifact->name);
    if (artifact->name.len >= sizeof file->name || artifact->plain.len != HM_SHA256_LEN)
        return hm_could_not("the core names a published file that can be none");
    if (!file) {
        file = reallocarray(files->file, files->count + 1, sizeof *file);
        if (!file) return hm_no_memory();
        files->file = file;
        file = &files->file[files->count++];
    }
    memset(file, 0, sizeof *file);
    memcpy(file->name, artifact->name.data, artifact->name.len);
    memcpy(file->sha256, artifact->plain.data, HM_SHA256_LEN);
    file->entry = entry;
    return HM_OK;
}

/* One of the list's entries, which are in the log's order: a release that was taken back is empty again. */
static hm_err take_entry(const hm_options *options, const hm_message *entry, hm_published_files *files) {
    static hm_request request; /* too large for a stack */
    hm_bytes body = entry->field[HM_PUBLISHED_BODY].bytes;
    if (!hm_bytes_equal(entry->field[HM_PUBLISHED_PRODUCT].bytes, hm_text(options->product)) ||
        !hm_bytes_equal(entry->field[HM_PUBLISHED_RELEASE].bytes, hm_text(options->release)))
        return HM_OK;
    if (!body.len) {
        files->count = 0;
        return HM_OK;
    }
    HM_TRY(hm_request_get(body, &request));
    for (size_t i = 0; i < request.artifacts; i++)
        HM_TRY(add(files, &request.artifact[i], entry->field[HM_PUBLISHED_INDEX].number));
    return HM_OK;
}

static hm_err take_list(const hm_options *options, hm_connection *office, hm_published_files *files) {
    hm_message question = {.type = HM_MSG_PUBLISH_LIST}, answer;
    question.field[HM_PUBLISH_LIST_PRODUCT].bytes = hm_text(options->product);
    HM_TRY(hm_ask(office, &question, &answer));
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_PUBLISHED, &more));
        if (!more) return HM_OK;
        HM_TRY(take_entry(options, &answer, files));
        HM_TRY(hm_listen(office, &answer));
    }
}

static hm_err compare(const hm_options *options, const hm_published_files *files, bool *already) {
    HM_BUF trust = HM_BUF_EMPTY, revocations = HM_BUF_EMPTY;
    HM_TRY(hm_read_trust(options, &trust));
    HM_TRY(hm_revocation_files(options, false, &revocations));
    hm_check_orders orders = {.product = options->product,
                              .trust = hm_buf_bytes(&trust),
                              .crls = hm_buf_bytes(&revocations),
                              .crl_required = options->crl_required,
                              .now = time(NULL),
                              .payloads = !options->envelope_only,
                              .published = files};
    bool *same = calloc(options->operand_count, sizeof *same);
    if (!same) return hm_no_memory();
    hm_front front = {.options = options,
                      .parser = hm_parse_publish,
                      .context = &orders,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "named",
                      .siblings = !options->envelope_only,
                      .same = same};
    hm_err err = hm_front_run(&front);
    *already = !hm_failed(err);
    for (size_t i = 0; i < options->operand_count; i++) *already = *already && same[i];
    free(same);
    return err;
}

hm_err hm_is_published(const hm_options *files, hm_connection *office, bool *already, uint64_t *entry) {
    PUBLISHED_FILES there = {0};
    *already = false;
    *entry = 0;
    HM_TRY(take_list(files, office, &there));
    if (!there.count) return HM_OK;
    for (size_t i = 0; i < there.count; i++)
        if (there.file[i].entry > *entry) *entry = there.file[i].entry;
    return compare(files, &there, already);
}
