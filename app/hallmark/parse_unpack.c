#include "list_hold.h"
#include "native_file.h"
#include "parse_crls.h"
#include "parse_pack.h"
#include "trust_file.h"

#include <base/cbor.h>
#include <base/io.h>
#include <pki/signed.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SELF_DESCRIBED = 55799, MEMBER_NAME = 40, HEAD_MAX = 16, OUTPUTS = HMV_COMPONENTS_MAX };

static const char envelope_name[] = "ENVELOPE.cose";

typedef struct {
    hm_parser *parser;
    const hm_unpack_orders *orders;
    const hm_job *job;
    hm_buf front;         /* the stream's beginning, which is read once: what is verified is what is used */
    hm_bytes envelope;    /* in FRONT */
    uint64_t payloads_at; /* where the first payload's head stands */
    hm_native_file file;
    char name[OUTPUTS][MEMBER_NAME + 1]; /* of the payloads' files */
    int fd[OUTPUTS];
    hm_fault fault; /* of writing, which the library reports without its reason */
    hm_buf verdict; /* who says that it is good */
} unpacking;

/* The front of the stream, up to the payloads. */
static hm_err read_front(unpacking *u) {
    const hm_source *content = &u->job->content;
    size_t len =
        content->size < HM_COSE_ENVELOPE_MAX + HEAD_MAX ? (size_t)content->size : HM_COSE_ENVELOPE_MAX + HEAD_MAX;
    uint64_t tag, items;
    HM_TRY(hm_buf_reserve(&u->front, len));
    HM_TRY(hm_source_read(content, 0, u->front.data, len));
    u->front.len = len;
    hm_reader reader = hm_reader_of(hm_buf_bytes(&u->front));
    if (hm_failed(hm_cbor_get_tag(&reader, &tag)) || tag != SELF_DESCRIBED)
        return hm_refuse("is no packed release (hallmark pack makes one)");
    HM_TRY(hm_cbor_get_array(&reader, &items));
    HM_TRY(hm_cbor_get_bytes(&reader, &u->envelope));
    u->payloads_at = len - reader.rest.len;
    HM_TRY(hm_native_file_open(u->envelope, &u->file));
    return items == 1 + u->file.release.components ? HM_OK
                                                   : hm_refuse("it holds another number of payloads than its manifest");
}

/* Names of files, made of the components' ids: what is not harmless in a name is replaced, and none comes twice. */

static char harmless(uint8_t c, bool first) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return letter || (!first && (c == '.' || c == '-')) ? (char)c : '_';
}

static bool is_taken(const unpacking *u, size_t index) {
    bool taken = strcasecmp(u->name[index], envelope_name) == 0;
    for (size_t i = 0; i < index; i++) taken |= strcasecmp(u->name[i], u->name[index]) == 0;
    return taken;
}

/* A number behind it tells it from the others; one that still collides gets the next. */
static hm_err name_outputs(unpacking *u) {
    for (size_t i = 0; i < u->file.release.components; i++) {
        hm_bytes id = hm_native_bytes(u->file.release.component[i].id);
        size_t len = 0;
        for (; len < id.len && len < MEMBER_NAME - 4; len++) u->name[i][len] = harmless(id.data[len], len == 0);
        for (unsigned number = 2; is_taken(u, i) && number < 100; number++)
            snprintf(&u->name[i][len], sizeof u->name[i] - len, "-%u", number);
        if (is_taken(u, i)) return hm_refuse("its components cannot be told apart by name");
    }
    return HM_OK;
}

static hm_err write_payload(unpacking *u, size_t index, hm_bytes bytes) {
    if (u->fd[index] < 0) HM_TRY(hm_parser_member(u->parser, u->job, hm_text(u->name[index]), &u->fd[index]));
    return hm_fd_write(u->fd[index], bytes);
}

static hm_err write_envelope(unpacking *u) {
    HM_FD fd = -1;
    HM_TRY(hm_parser_member(u->parser, u->job, hm_text(envelope_name), &fd));
    return hm_fd_write(fd, u->envelope);
}

/* By a trust list: the decision is libhallmark-verify's, for a device that has nothing installed yet. */

static hmv_verdict nothing_installed(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *number) {
    (void)context;
    (void)publisher;
    (void)component;
    *number = 0;
    return HMV_GOOD;
}

static hmv_verdict take_payload(void *context, const hmv_release *release, size_t index, uint64_t offset,
                                const uint8_t *data, size_t size) {
    unpacking *u = context;
    (void)release;
    (void)offset;
    u->fault = hm_fault_keep(write_payload(u, index, HM_BYTES(data, size)));
    return u->fault.class == HM_DONE ? HMV_GOOD : HMV_BAD;
}

/* The file may change meanwhile, and its names and envelope are those of the front: so nothing of it is read again.
 * What stands behind an accepted stream is fed too: it spoils it. */
static hm_err feed_all(const unpacking *u, hmv_stream *stream, hmv_reason *answer) {
    static uint8_t block[HM_IO_BLOCK];
    const hm_source *content = &u->job->content;
    *answer = hmv_stream_feed(stream, u->front.data, u->front.len);
    for (uint64_t at = u->front.len; at < content->size && (*answer == HMV_MORE || HMV_IS_ACCEPTED(*answer));) {
        size_t len = content->size - at < sizeof block ? (size_t)(content->size - at) : sizeof block;
        HM_TRY(hm_source_read(content, at, block, len));
        *answer = hmv_stream_feed(stream, block, len);
        at += len;
    }
    return HM_OK;
}

static hm_err describe_decision(unpacking *u, const hmv_trust *trust, const hmv_release *release) {
    HM_TRY(hm_put_format(&u->verdict, "trust list %llu accepts release %.*s%s", (unsigned long long)trust->version,
                         (int)release->version.size, (const char *)release->version.data,
                         release->purpose == HMV_PURPOSE_DEVELOPMENT ? ", DEVELOPMENT" : ""));
    return release->unknown_signers
               ? hm_put_format(&u->verdict, " (%zu of its signers unknown to the list)", release->unknown_signers)
               : HM_OK;
}

static hm_err decide(unpacking *u, const hmv_config *config, const hmv_trust *trust) {
    static uint8_t buffer[HM_COSE_ENVELOPE_MAX];
    static hmv_stream stream;
    hmv_reason answer;
    stream = (hmv_stream){.config = config,
                          .trust = trust,
                          .act = HMV_INSTALL,
                          .buffer = buffer,
                          .buffer_size = sizeof buffer,
                          .write = take_payload,
                          .write_context = u};
    hmv_stream_init(&stream);
    HM_TRY(feed_all(u, &stream, &answer));
    if (u->fault.class != HM_DONE) return hm_fault_raise(&u->fault);
    if (answer == HMV_MORE) return hm_refuse("is cut off");
    if (!HMV_IS_ACCEPTED(answer)) return hm_refuse("%s", hmv_reason_text(answer));
    return describe_decision(u, trust, &stream.release);
}

static hm_err unpack_by_list(unpacking *u) {
    const hmv_release *claims = &u->file.release;
    hmv_device device = {.id = {u->orders->device.data, u->orders->device.len}, .development = HMV_GOOD};
    hmv_platform platform = {.state = nothing_installed, .counter = nothing_installed};
    hmv_config config = {hm_every_algorithm, hm_fast_digest, &device, &platform};
    hm_device_list list;
    HM_TRY(hm_list_hold(&list, u->orders->trust, u->orders->trust_name));
    /* Without a product: the kind of device that the release says it is for. */
    memcpy(device.vendor, u->orders->has_class ? u->orders->vendor : claims->vendor.data, sizeof device.vendor);
    memcpy(device.class_id, u->orders->has_class ? u->orders->class_id : claims->class_id.data, sizeof device.class_id);
    return decide(u, &config, &list.trust);
}

/* By certificates, as verify wants them: every signature that comes with one fits it, and one of them leads to a
 * trusted root; then the payloads. */

static hm_err check_chain(unpacking *u, const hm_trust *trust, const hm_crls *crls) {
    HM_SIGNED *parsed = NULL;
    hm_digest manifest;
    hm_verify_rules rules = {.trust = trust,
                             .now = u->orders->now,
                             .product = u->orders->product,
                             .crls = crls,
                             .crl_required = u->orders->crl_required};
    hm_verdict verdict;
    hm_fault first = {.class = HM_DONE};
    hm_digest_of(HM_SHA256, u->file.envelope.payload, &manifest);
    HM_TRY(hm_signed_parse(HM_STRUCTURE_COSE, u->envelope, &parsed));
    for (size_t i = 0; i < hm_signed_count(parsed); i++) {
        hm_err err = hm_signed_verify(parsed, i, &manifest, &rules, &verdict);
        if (!hm_failed(err))
            return hm_put_format(&u->verdict, "signed by %s (%s)%s", verdict.chain[0].common_name,
                                 verdict.chain[0].organization, verdict.development ? ", DEVELOPMENT" : "");
        if (err.class != HM_REFUSED) return err;
        if (first.class == HM_DONE) first = hm_fault_keep(err);
    }
    return hm_fault_raise(&first);
}

static hm_err check_certificates(const unpacking *u) {
    for (size_t i = 0; i < u->file.envelope.signatures; i++)
        if (u->file.envelope.signature[i].chain.count) return HM_OK;
    return hm_refuse("carries no certificates (verify it with --trust LIST; pack --keep-chain keeps them)");
}

/* *AT moves behind the payload. */
static hm_err copy_payload(unpacking *u, size_t index, uint64_t *at) {
    static uint8_t block[HM_IO_BLOCK];
    const hmv_component *component = &u->file.release.component[index];
    const hm_source *content = &u->job->content;
    hm_native_payload payload;
    uint64_t size;
    size_t head = content->size - *at < 9 ? (size_t)(content->size - *at) : 9;
    HM_TRY(hm_source_read(content, *at, block, head));
    hm_reader reader = hm_reader_of(HM_BYTES(block, head));
    HM_TRY(hm_cbor_get_bytes_head(&reader, &size));
    *at += head - reader.rest.len;
    if (size != component->size || content->size - *at < size)
        return hm_refuse("component %.*s is not as long as the manifest says", (int)component->id.size,
                         (const char *)component->id.data);
    hm_native_payload_begin(&payload, component);
    for (uint64_t end = *at + size; *at < end;) {
        size_t len = end - *at < sizeof block ? (size_t)(end - *at) : sizeof block;
        HM_TRY(hm_source_read(content, *at, block, len));
        hm_native_payload_take(&payload, HM_BYTES(block, len));
        HM_TRY(write_payload(u, index, HM_BYTES(block, len)));
        *at += len;
    }
    return hm_native_payload_end(&payload);
}

static hm_err unpack_by_roots(unpacking *u) {
    HM_TRUST *trust = NULL;
    HM_CRLS *crls = NULL;
    uint64_t at = u->payloads_at;
    HM_TRY(check_certificates(u));
    HM_TRY(hm_native_check_complete(&u->file));
    HM_TRY(hm_cose_envelope_check(&u->file.envelope));
    HM_TRY(hm_in(hm_trust_from_pem(u->orders->trust, &trust), "the trust file"));
    HM_TRY(hm_parse_crls(u->orders->crls, &crls));
    HM_TRY(check_chain(u, trust, crls));
    for (size_t i = 0; i < u->file.release.components; i++) HM_TRY(copy_payload(u, i, &at));
    return at == u->job->content.size ? HM_OK : hm_refuse("there is something behind its last payload");
}

/* One job. */

static hm_err put_members(const unpacking *u, hm_buf *text) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_text(&json, "verdict", hm_buf_bytes(&u->verdict));
    hm_json_array(&json, "files");
    for (size_t i = 0; i < u->file.release.components; i++) {
        hm_json_object(&json, NULL);
        hm_json_string(&json, "name", u->name[i]);
        hm_json_text(&json, "component", hm_native_bytes(u->file.release.component[i].id));
        hm_json_number(&json, "size", (int64_t)u->file.release.component[i].size);
        hm_json_close_object(&json);
    }
    hm_json_close_array(&json);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_json_inside(text);
}

static hm_err put_lines(const unpacking *u, hm_buf *text) {
    HM_TRY(hm_put_format(text, "%s: verified: %.*s; unpacked into %s:\n", u->job->shown, (int)u->verdict.len,
                         (const char *)u->verdict.data, u->orders->folder));
    for (size_t i = 0; i < u->file.release.components; i++)
        HM_TRY(hm_put_format(text, "  %s  %llu bytes\n", u->name[i],
                             (unsigned long long)u->file.release.component[i].size));
    return hm_put_format(text, "  %s\n", envelope_name);
}

static hm_err unpack(unpacking *u) {
    HM_BUF text = HM_BUF_EMPTY;
    if (u->job->folder) return hm_misuse("is a folder");
    HM_TRY(read_front(u));
    HM_TRY(name_outputs(u));
    bool list = hm_cbor_next(&(hm_reader){u->orders->trust}) == HM_CBOR_TAG;
    HM_TRY(list ? unpack_by_list(u) : unpack_by_roots(u));
    HM_TRY(write_envelope(u));
    HM_TRY(u->parser->json ? put_members(u, &text) : put_lines(u, &text));
    hm_parser_report(u->parser, u->job, &text);
    return HM_OK;
}

static void unpacking_clear(unpacking *u) {
    for (size_t i = 0; i < OUTPUTS; i++) hm_fd_close(&u->fd[i]);
    hm_buf_clear(&u->front);
    hm_buf_clear(&u->verdict);
}

hm_err hm_parse_unpack(hm_parser *parser, void *context) {
    for (;;) {
        hm_job job;
        bool more;
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (!more) return HM_OK;
        unpacking u = {.parser = parser, .orders = context, .job = &job};
        for (size_t i = 0; i < OUTPUTS; i++) u.fd[i] = -1;
        hm_err err = job.folder ? HM_OK : hm_source_of_file(job.fd, &job.content);
        if (!hm_failed(err)) err = unpack(&u);
        unpacking_clear(&u);
        HM_TRY(hm_parser_finish(parser, &job, err, true));
    }
}
