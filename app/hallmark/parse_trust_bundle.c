#include "gather.h"
#include "parse_trust.h"
#include "trust_device.h"
#include "trust_file.h"

#include <base/cbor.h>

#include <stdlib.h>
#include <string.h>

enum { SELF_DESCRIBED = 55799 };

/* What is to be bundled: the lists of all files, in ascending order. */
typedef struct {
    hm_buf content[HM_GATHER_MAX]; /* of the files */
    size_t count;
    hm_list_file list[HM_BUNDLE_LISTS_MAX];
    const char *shown[HM_BUNDLE_LISTS_MAX]; /* the file that it came from */
} bundling;

static void bundling_free(bundling **b) {
    if (!*b) return;
    for (size_t i = 0; i < HM_GATHER_MAX; i++) hm_buf_clear(&(*b)->content[i]);
    for (size_t i = 0; i < (*b)->count; i++) hm_list_file_clear(&(*b)->list[i]);
    free(*b);
}
#define BUNDLING __attribute__((cleanup(bundling_free))) bundling

/* Behind those that are older. A list that is there twice is one. */
static hm_err insert(bundling *b, const hm_list_file *file, const char *shown, bool *taken) {
    size_t at = b->count;
    while (at && b->list[at - 1].list->version > file->list->version) at--;
    bool there = at && hm_bytes_equal(b->list[at - 1].bytes, file->bytes);
    if (there) return HM_OK;
    if (b->count == HM_BUNDLE_LISTS_MAX) return hm_misuse("a bundle holds at most %d lists", HM_BUNDLE_LISTS_MAX);
    memmove(&b->list[at + 1], &b->list[at], (b->count - at) * sizeof b->list[0]);
    memmove(&b->shown[at + 1], &b->shown[at], (b->count - at) * sizeof b->shown[0]);
    b->list[at] = *file;
    b->shown[at] = shown;
    b->count++;
    *taken = true;
    return HM_OK;
}

static hm_err add_list(bundling *b, hm_bytes bytes, const char *shown) {
    hm_list_file file;
    bool taken = false;
    hm_err err = hm_list_file_open(bytes, &file);
    if (!hm_failed(err)) err = insert(b, &file, shown, &taken);
    if (!taken) hm_list_file_clear(&file);
    return err;
}

static hm_err add_file(bundling *b, const hm_job *job, hm_buf *content) {
    hm_list_files files;
    HM_TRY(hm_job_read(job, HM_BUNDLE_MAX, content));
    HM_TRY(hm_list_files_of(hm_buf_bytes(content), &files));
    for (size_t i = 0; i < files.count; i++) HM_TRY(add_list(b, files.list[i], job->shown));
    return HM_OK;
}

/* Which one lacks signatures of its own roots? The device's answer names none. */
static hm_err check_signed(const bundling *b) {
    for (size_t i = 0; i < b->count; i++) HM_TRY(hm_in(hm_list_check_signed(&b->list[i]), "%s", b->shown[i]));
    return HM_OK;
}

/* A device that holds the first must take each of the others, one after another. */
static hm_err check_links(const bundling *b) {
    hm_device_list device;
    hm_reason_text why;
    HM_TRY(hm_in(hm_device_hold(&device, b->list[0].bytes, b->list[0].root_set), "list %llu",
                 (unsigned long long)b->list[0].list->version));
    for (size_t i = 1; i < b->count; i++) {
        HM_TRY(hm_device_offer(&device, b->list[i].bytes, &why));
        if (!why.accepted)
            return hm_refuse("a device with list %llu does not take list %llu: %s",
                             (unsigned long long)b->list[i - 1].list->version,
                             (unsigned long long)b->list[i].list->version, why.sentence);
    }
    return HM_OK;
}

static hm_err put_bundle(const bundling *b, hm_buf *bundle) {
    HM_TRY(hm_cbor_put_tag(bundle, SELF_DESCRIBED));
    HM_TRY(hm_cbor_put_array(bundle, b->count));
    for (size_t i = 0; i < b->count; i++) HM_TRY(hm_cbor_put_bytes(bundle, b->list[i].bytes));
    return HM_OK;
}

static hm_err put_members(const hm_trust_orders *orders, const bundling *b, hm_buf *text) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "output", orders->output);
    hm_json_number(&json, "lists", (int64_t)b->count);
    hm_json_number(&json, "first", (int64_t)b->list[0].list->version);
    hm_json_number(&json, "last", (int64_t)b->list[b->count - 1].list->version);
    hm_json_hex(&json, "root_set_sha256", HM_ARRAY(b->list[0].root_set));
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_json_inside(text);
}

static hm_err put_lines(const hm_trust_orders *orders, const bundling *b, hm_buf *text) {
    HM_TRY(hm_put_format(text, "%s holds %zu list%s, %llu to %llu\n  SHA-256 of the first root set: ", orders->output,
                         b->count, b->count == 1 ? "" : "s", (unsigned long long)b->list[0].list->version,
                         (unsigned long long)b->list[b->count - 1].list->version));
    HM_TRY(hm_put_hex(text, HM_ARRAY(b->list[0].root_set)));
    return hm_put_text(text, "\n");
}

static hm_err report(hm_parser *parser, const hm_job *job, const hm_trust_orders *orders, const bundling *b) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(parser->json ? put_members(orders, b, &text) : put_lines(orders, b, &text));
    hm_parser_report(parser, job, &text);
    return HM_OK;
}

static hm_err make(hm_parser *parser, const void *context, const hm_gathered *gathered) {
    const hm_trust_orders *orders = context;
    BUNDLING *b = calloc(1, sizeof *b);
    HM_BUF bundle = HM_BUF_EMPTY;
    if (!b) return hm_no_memory();
    for (size_t i = 0; i < gathered->count; i++)
        HM_TRY(hm_in(add_file(b, &gathered->job[i], &b->content[i]), "%s", gathered->job[i].shown));
    HM_TRY(check_signed(b));
    HM_TRY(check_links(b));
    HM_TRY(put_bundle(b, &bundle));
    HM_TRY(hm_job_write(parser, &gathered->job[0], hm_buf_bytes(&bundle)));
    return report(parser, &gathered->job[0], orders, b);
}

hm_err hm_parse_trust_bundle(hm_parser *parser, void *context) {
    const hm_trust_orders *orders = context;
    return hm_gather_do(parser, orders->operands, make, orders);
}
