#include "gather.h"
#include "native_file.h"
#include "parse_pack.h"
#include "trust_file.h"

#include <base/cbor.h>
#include <base/io.h>

#include <string.h>

enum { SELF_DESCRIBED = 55799 };

typedef struct {
    const hm_pack_orders *orders;
    hm_native_file file;
    const hm_job *payload[HMV_COMPONENTS_MAX]; /* by component */
    size_t certificates;                       /* left out */
    uint64_t size;                             /* of the payloads */
} packing;

/* Which operand is which component's payload? */

static bool is_called(const hm_job *job, hm_bytes name) { return name.len && hm_bytes_equal(hm_text(job->name), name); }

/* The operand with the name that the signer noted, or with the component's id for a name. */
static hm_err find_by_name(const packing *p, const hm_gathered *gathered, size_t component, const hm_job **found) {
    hm_bytes note, id = hm_native_bytes(p->file.release.component[component].id);
    *found = NULL;
    HM_TRY(hm_native_file_name(&p->file.release, component, &note));
    for (size_t i = 1; i < gathered->count && !*found; i++)
        if (is_called(&gathered->job[i], note) || is_called(&gathered->job[i], id)) *found = &gathered->job[i];
    return HM_OK;
}

static bool is_used_before(const packing *p, size_t component) {
    for (size_t i = 0; i < component; i++)
        if (p->payload[i] == p->payload[component]) return true;
    return false;
}

/* All of them by their names; else the order is the manifest's. */
static hm_err assign(packing *p, const hm_gathered *gathered) {
    size_t components = p->file.release.components;
    bool named = true;
    if (gathered->count != components + 1)
        return hm_misuse("the manifest has %zu component%s, and %zu payload%s given", components,
                         components == 1 ? "" : "s", gathered->count - 1, gathered->count == 2 ? " is" : "s are");
    for (size_t i = 0; i < components; i++) {
        HM_TRY(find_by_name(p, gathered, i, &p->payload[i]));
        if (!p->payload[i] || is_used_before(p, i)) named = false;
    }
    for (size_t i = 0; !named && i < components; i++) p->payload[i] = &gathered->job[i + 1];
    return HM_OK;
}

static hm_err check_sizes(packing *p) {
    for (size_t i = 0; i < p->file.release.components; i++) {
        const hmv_component *c = &p->file.release.component[i];
        if (p->payload[i]->content.size != c->size)
            return hm_refuse("component %.*s has %llu bytes, and %s has %llu", (int)c->id.size,
                             (const char *)c->id.data, (unsigned long long)c->size, p->payload[i]->shown,
                             (unsigned long long)p->payload[i]->content.size);
        p->size += c->size;
    }
    return HM_OK;
}

/* The envelope as devices need it. What is left out is not signed and nothing that a device looks at. */
static hm_err put_envelope(packing *p, hm_bytes whole, hm_buf *envelope) {
    HM_BUF storage = HM_BUF_EMPTY;
    size_t end[HM_COSE_SIGNATURES_MAX], count = p->file.envelope.signatures;
    hm_bytes signatures[HM_COSE_SIGNATURES_MAX];
    if (p->orders->keep_chain) return hm_put(envelope, whole);
    for (size_t i = 0; i < count; i++) {
        hm_cose_signature bare = p->file.envelope.signature[i];
        p->certificates += bare.chain.count;
        bare.chain.count = 0;
        HM_TRY(hm_cose_signature_put(&bare, &storage));
        end[i] = storage.len;
    }
    for (size_t i = 0; i < count; i++) {
        size_t start = i ? end[i - 1] : 0;
        HM_TRY(hm_bytes_part(hm_buf_bytes(&storage), start, end[i] - start, &signatures[i]));
    }
    return hm_cose_envelope_put(p->file.envelope.payload, signatures, count, envelope);
}

/* Read once: what is hashed is what is written. */
static hm_err copy_payload(const hm_job *job, const hmv_component *component, int fd) {
    static uint8_t block[HM_IO_BLOCK];
    hm_native_payload payload;
    HM_BUF head = HM_BUF_EMPTY;
    HM_TRY(hm_cbor_put_bytes_head(&head, component->size));
    HM_TRY(hm_fd_write(fd, hm_buf_bytes(&head)));
    hm_native_payload_begin(&payload, component);
    for (uint64_t at = 0; at < component->size;) {
        size_t len = component->size - at < sizeof block ? (size_t)(component->size - at) : sizeof block;
        HM_TRY(hm_in(hm_source_read(&job->content, at, block, len), "%s", job->shown));
        hm_native_payload_take(&payload, HM_BYTES(block, len));
        HM_TRY(hm_fd_write(fd, HM_BYTES(block, len)));
        at += len;
    }
    return hm_in(hm_native_payload_end(&payload), "%s", job->shown);
}

static hm_err write_pack(hm_parser *parser, packing *p, const hm_job *first, hm_bytes whole) {
    HM_FD fd = -1;
    HM_BUF envelope = HM_BUF_EMPTY, head = HM_BUF_EMPTY;
    HM_TRY(put_envelope(p, whole, &envelope));
    HM_TRY(hm_cbor_put_tag(&head, SELF_DESCRIBED));
    HM_TRY(hm_cbor_put_array(&head, 1 + p->file.release.components));
    HM_TRY(hm_cbor_put_bytes(&head, hm_buf_bytes(&envelope)));
    HM_TRY(hm_parser_output(parser, first, HM_PART_CONTENT, &fd));
    HM_TRY(hm_fd_write(fd, hm_buf_bytes(&head)));
    for (size_t i = 0; i < p->file.release.components; i++)
        HM_TRY(copy_payload(p->payload[i], &p->file.release.component[i], fd));
    return HM_OK;
}

static hm_err put_members(const packing *p, hm_buf *text) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "output", p->orders->output);
    hm_json_number(&json, "payloads", (int64_t)p->file.release.components);
    hm_json_number(&json, "bytes", (int64_t)p->size);
    hm_json_number(&json, "certificates_left_out", (int64_t)p->certificates);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_json_inside(text);
}

static hm_err report(hm_parser *parser, const packing *p, const hm_job *first) {
    HM_BUF text = HM_BUF_EMPTY;
    size_t components = p->file.release.components;
    unsigned long long size = p->size;
    if (parser->json) {
        HM_TRY(put_members(p, &text));
    } else {
        HM_TRY(hm_put_format(&text, "%s: packed into %s: %zu payload%s, %llu bytes\n", first->shown, p->orders->output,
                             components, components == 1 ? "" : "s", size));
        if (p->certificates)
            HM_TRY(hm_put_format(&text,
                                 "  left out: %zu certificate%s, which devices do not need (--keep-chain keeps them)\n",
                                 p->certificates, p->certificates == 1 ? "" : "s"));
    }
    hm_parser_report(parser, first, &text);
    return HM_OK;
}

static hm_err make(hm_parser *parser, const void *context, const hm_gathered *gathered) {
    const hm_pack_orders *orders = context;
    packing p = {.orders = orders};
    HM_BUF whole = HM_BUF_EMPTY;
    const hm_job *first = &gathered->job[0];
    if (first->content.size > HM_COSE_ENVELOPE_MAX)
        return hm_refuse("is no envelope: it is larger than %d bytes (the envelope comes first)", HM_COSE_ENVELOPE_MAX);
    HM_TRY(hm_job_read(first, HM_COSE_ENVELOPE_MAX, &whole));
    HM_TRY(hm_native_file_open(hm_buf_bytes(&whole), &p.file));
    HM_TRY(hm_native_check_complete(&p.file));
    HM_TRY(assign(&p, gathered));
    HM_TRY(check_sizes(&p));
    HM_TRY(write_pack(parser, &p, first, hm_buf_bytes(&whole)));
    return report(parser, &p, first);
}

hm_err hm_parse_pack(hm_parser *parser, void *context) {
    const hm_pack_orders *orders = context;
    return hm_gather_do(parser, orders->operands, make, orders);
}
