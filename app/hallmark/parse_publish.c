#include "parse_publish.h"

#include "core_ask.h"
#include "native_file.h"
#include "parse_checked.h"
#include "trust_device.h"

#include <format/release.h>

#include <string.h>

typedef struct {
    hm_parser *parser;
    const hm_check_orders *orders;
    hm_checked *c;
    hm_buf text; /* what is told of the file */
} naming;

static hm_err digest_of(const hm_source *content, uint8_t sha256[static HM_SHA256_LEN]) {
    static uint8_t block[HM_IO_BLOCK];
    hm_hash hash;
    hm_digest digest;
    hm_hash_init(&hash, HM_SHA256);
    for (uint64_t at = 0; at < content->size;) {
        size_t len = content->size - at < sizeof block ? (size_t)(content->size - at) : sizeof block;
        HM_TRY(hm_source_read(content, at, block, len));
        hm_hash_update(&hash, HM_BYTES(block, len));
        at += len;
    }
    hm_hash_final(&hash, &digest);
    memcpy(sha256, digest.value, HM_SHA256_LEN);
    return HM_OK;
}

static hm_err look_for(const hm_published_files *published, hm_bytes name, hm_bytes plain) {
    for (size_t i = 0; i < published->count; i++)
        if (hm_bytes_equal(hm_text(published->file[i].name), name) &&
            hm_bytes_equal(HM_ARRAY(published->file[i].sha256), plain))
            return HM_OK;
    return hm_refuse("%.*s is not published", (int)name.len, (const char *)name.data);
}

/* One file for the core, by the signature that was verified. */
static hm_err name_file(naming *n, hm_bytes name, uint64_t size, hm_bytes plain, bool carries) {
    const hm_signer_info *info = n->c->signatures.signer[n->c->signer].info;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message message = {.type = HM_MSG_PUBLISH_FILE}, answer;
    if (n->orders->published) return look_for(n->orders->published, name, plain);
    message.field[HM_PUBLISH_FILE_OPERAND].number = n->c->opened.job.number;
    message.field[HM_PUBLISH_FILE_NAME].bytes = name;
    message.field[HM_PUBLISH_FILE_SIZE].number = size;
    message.field[HM_PUBLISH_FILE_PLAIN].bytes = plain;
    message.field[HM_PUBLISH_FILE_SIGNATURE].bytes = HM_ARRAY(info->signature_hash);
    message.field[HM_PUBLISH_FILE_CONTENT].bytes = hm_digest_bytes(hm_digests_find(&n->c->digests, info->digest));
    message.field[HM_PUBLISH_FILE_CARRIES].number = carries;
    HM_TRY(hm_in(hm_core_ask(n->parser, &message, HM_MSG_DONE, &storage, &answer), "%.*s", (int)name.len,
                 (const char *)name.data));
    HM_TRY(hm_put_hex(&n->text, plain));
    return hm_put_format(&n->text, "  %.*s\n", (int)name.len, (const char *)name.data);
}

static hm_err name_content(naming *n, bool carries) {
    uint8_t plain[HM_SHA256_LEN];
    const hm_job *job = &n->c->opened.job;
    HM_TRY(digest_of(&job->content, plain));
    return name_file(n, hm_text(job->name), job->content.size, HM_ARRAY(plain), carries);
}

/* FILE.p7s beside FILE. */
static hm_err name_signature(naming *n) {
    HM_FD fd = -1;
    hm_source content;
    uint8_t plain[HM_SHA256_LEN];
    HM_BUF name = HM_BUF_EMPTY;
    HM_TRY(hm_parser_companion(n->parser, &n->c->opened.job, HM_PART_SIGNATURE, &fd));
    if (fd < 0) return hm_could_not("its signature is not there any more");
    HM_TRY(hm_source_of_file(fd, &content));
    HM_TRY(digest_of(&content, plain));
    HM_TRY(hm_put_format(&name, "%s.p7s", n->c->opened.job.name));
    return name_file(n, hm_buf_bytes(&name), content.size, HM_ARRAY(plain), true);
}

static hm_bytes last_part(hm_bytes path) {
    const uint8_t *slash = path.len ? memrchr(path.data, '/', path.len) : NULL;
    hm_bytes part = path;
    size_t from = slash ? (size_t)(slash - path.data) + 1 : 0;
    return hm_failed(hm_bytes_part(path, from, path.len - from, &part)) ? path : part;
}

/* They were read and found to be those of the manifest when the envelope was digested. */
static hm_err name_payloads(naming *n) {
    hm_cose_envelope envelope;
    hmv_release release;
    HM_TRY(hm_cose_envelope_get(n->c->opened.format->signature(n->c->opened.subject, 0), &envelope));
    hmv_reason reason =
        hmv_manifest_read(hm_every_digest, (hmv_bytes){envelope.payload.data, envelope.payload.len}, &release);
    if (!HMV_IS_ACCEPTED(reason)) return hm_refuse("%s", hmv_reason_text(reason));
    for (size_t i = 0; i < release.components; i++) {
        hm_bytes file;
        HM_TRY(hm_native_file_name(&release, i, &file));
        if (!file.len || last_part(file).len != file.len)
            return hm_refuse("a payload's file has no name beside the envelope (--envelope-only publishes it alone)");
        if (hm_native_digest(&release.component[i]) != HM_SHA256)
            return hm_refuse("its payloads' digests are no SHA-256 (--envelope-only publishes it alone)");
        HM_TRY(name_file(n, file, release.component[i].size, hm_native_bytes(release.component[i].digest), false));
    }
    return HM_OK;
}

static hm_err name_files(naming *n) {
    const hm_opened *opened = &n->c->opened;
    if (opened->job.folder) return hm_refuse("is a folder (publish an archive of it that is signed)");
    HM_TRY(name_content(n, !opened->format->detached));
    if (opened->format->detached) return name_signature(n);
    return opened->format->id == HM_FORMAT_NATIVE && n->parser->payloads ? name_payloads(n) : HM_OK;
}

/* The first signature that leads to the trusted root, by this product's certificate. */
static hm_err publish_one(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                          hm_checked *c) {
    naming n = {.parser = parser, .orders = orders, .c = c, .text = HM_BUF_EMPTY};
    hm_err err = hm_refuse("has no signature");
    HM_TRY(hm_checked_digest(parser, c));
    for (c->signer = 0; c->signer < c->signatures.signers; c->signer++) {
        err = hm_checked_signer(c, rules, c->signer);
        if (!hm_failed(err)) break;
    }
    HM_TRY(err);
    err = name_files(&n);
    if (!hm_failed(err) && orders->published)
        hm_parser_print(parser, &c->opened.job, HM_STREAM_STATUS, hm_text("unchanged"));
    if (!hm_failed(err) && !parser->json) hm_parser_print(parser, &c->opened.job, HM_STREAM_OUT, hm_buf_bytes(&n.text));
    hm_buf_clear(&n.text);
    return err;
}

hm_err hm_parse_publish(hm_parser *parser, void *context) {
    const hm_check_orders *orders = context;
    return hm_checked_run(parser, orders, publish_one, false);
}
