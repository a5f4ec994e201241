/* approve, of a native release: the files are hashed anew, and the manifest that they make is held against the one that
 * was requested. What else it says (versions, security versions, sequence number) is not in files: the approver has
 * seen it, and signs it. */
#include "parse_native.h"

#include "gather.h"
#include "native_file.h"
#include "trust_device.h"

#include <hallmark/verify.h>

#include <string.h>

typedef struct {
    hm_parser *parser;
    const hm_compare_orders *orders;
    hm_gathered gathered;
    uint8_t manifest[HM_MANIFEST_MAX]; /* the requested one, with the digests of these files */
    hmv_release release;               /* views of that */
    hm_payload_finder finder;
    char differs[HM_MANIFEST_ID + 1]; /* a component whose payload is another; none: "" */
} comparing;

static hm_err read_manifest(comparing *c) {
    hm_bytes requested = c->orders->manifest;
    if (requested.len > sizeof c->manifest) return hm_refuse("the request's manifest is too long");
    memcpy(c->manifest, requested.data, requested.len);
    hmv_reason reason = hmv_manifest_read(hm_every_digest, (hmv_bytes){c->manifest, requested.len}, &c->release);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("the request's manifest: %s", hmv_reason_text(reason));
}

/* The digest's place is in our own copy, which the reader only views. */
static uint8_t *place_of(comparing *c, const hmv_component *component) {
    return &c->manifest[(size_t)(component->digest.data - c->manifest)];
}

static hm_err take_payload(comparing *c, const hm_payloads *payloads, const hm_bytes *files, size_t index) {
    const hmv_component *component = &c->release.component[index];
    hm_source content;
    hm_digest digest;
    const char *named;
    bool found;
    HM_TRY(payloads->find(payloads->context, files, c->release.components, index, &content, &named, &found));
    if (!found) return hm_refuse("no file was named for it");
    HM_TRY(hm_hash_payload(&content, hm_native_digest(component), &digest));
    /* Of another size, too: its digest is another then. */
    if (!hm_bytes_equal(hm_digest_bytes(&digest), hm_native_bytes(component->digest)) && !c->differs[0])
        memcpy(c->differs, component->id.data,
               component->id.size < HM_MANIFEST_ID ? component->id.size : HM_MANIFEST_ID);
    memcpy(place_of(c, component), digest.value, component->digest.size);
    return HM_OK;
}

static hm_err take_payloads(comparing *c) {
    hm_bytes files[HM_MANIFEST_COMPONENTS];
    c->parser->named = c->gathered.job;
    c->parser->named_count = c->gathered.count;
    hm_payloads payloads = hm_payloads_of(&c->finder, c->parser, &c->gathered.job[0]);
    for (size_t i = 0; i < c->release.components; i++) HM_TRY(hm_native_file_name(&c->release, i, &files[i]));
    HM_TRY(payloads.check(payloads.context, files, c->release.components));
    for (size_t i = 0; i < c->release.components; i++)
        HM_TRY(hm_in(take_payload(c, &payloads, files, i), "component %.*s", (int)c->release.component[i].id.size,
                     (const char *)c->release.component[i].id.data));
    return HM_OK;
}

/* The core says whether it is what was asked for, and keeps a record of it if not. */
static hm_err ask(const comparing *c) {
    for (size_t i = 0; i < c->orders->algorithms; i++)
        HM_TRY(hm_native_note(c->parser, c->orders->algorithm[i], c->orders->name,
                              HM_BYTES(c->manifest, c->orders->manifest.len)));
    return HM_OK;
}

static hm_err compare(comparing *c) {
    HM_BUF text = HM_BUF_EMPTY;
    const hm_job *job = &c->gathered.job[0];
    HM_TRY(read_manifest(c));
    HM_TRY(take_payloads(c));
    HM_TRY(c->differs[0] ? hm_in(ask(c), "component %s", c->differs) : ask(c));
    if (c->parser->json) return HM_OK;
    HM_TRY(hm_put_format(&text, "%s: the payloads are those of the request\n", job->shown));
    hm_parser_print(c->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    return HM_OK;
}

hm_err hm_parse_compare(hm_parser *parser, void *orders) {
    static comparing c;
    hm_err err;
    c = (comparing){.parser = parser, .orders = orders, .finder = {.fd = -1}};
    HM_TRY(hm_gather(parser, c.orders->operands, &c.gathered, &err));
    if (!hm_failed(err)) err = compare(&c);
    hm_payload_finder_clear(&c.finder);
    return hm_gather_finish(parser, &c.gathered, err, false);
}
