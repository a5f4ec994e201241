#include "parse_device.h"

#include "list_hold.h"
#include "native_words.h"
#include "trust_file.h"

#include <pki/cose.h>

#include <string.h>

/* One list for all files. */
static hm_device_list held;

hm_err hm_parse_hold(const hm_check_orders *orders) { return hm_list_hold(&held, orders->trust, orders->trust_name); }

/* What the manifest claims of itself, before anything is believed. */
typedef struct {
    hmv_release claims;
} virtual_device;

static bool same(hmv_bytes a, hmv_bytes b) { return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size)); }

/* Of the release's own components nothing is installed; what it needs beside them is there. */
static uint64_t known_of(const virtual_device *device, hmv_bytes publisher, hmv_bytes component) {
    if (!same(publisher, device->claims.publisher)) return UINT64_MAX;
    for (size_t i = 0; i < device->claims.components; i++)
        if (same(component, device->claims.component[i].id)) return 0;
    return UINT64_MAX;
}

static hmv_verdict tell(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *value) {
    *value = known_of(context, publisher, component);
    return HMV_GOOD;
}

static hm_err read_claims(const hm_checked *c, hm_bytes *envelope, virtual_device *device) {
    hm_cose_envelope parts;
    *envelope = c->opened.format->signature(c->opened.subject, 0);
    HM_TRY(hm_cose_envelope_get(*envelope, &parts));
    hmv_reason reason =
        hmv_manifest_read(hm_every_digest, (hmv_bytes){parts.payload.data, parts.payload.len}, &device->claims);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("%s", hmv_reason_text(reason));
}

static hm_err decide(const hm_check_orders *orders, hm_bytes envelope, virtual_device *claimed, hmv_release *release) {
    hmv_device device = {.id = {orders->device.data, orders->device.len}, .development = HMV_GOOD};
    const hmv_platform platform = {.context = claimed, .state = tell, .counter = tell};
    const hmv_config config = {hm_every_algorithm, hm_every_digest, &device, &platform};
    memcpy(device.vendor, orders->has_class ? orders->vendor : claimed->claims.vendor.data, sizeof device.vendor);
    memcpy(device.class_id, orders->has_class ? orders->class_id : claimed->claims.class_id.data,
           sizeof device.class_id);
    hmv_reason reason =
        hmv_release_verify(&config, &held.trust, HMV_INSTALL, (hmv_bytes){envelope.data, envelope.len}, release);
    return HMV_IS_ACCEPTED(reason) ? HM_OK
                                   : hm_refuse("a device with trust list %llu would not take it: %s",
                                               (unsigned long long)held.trust.version, hmv_reason_text(reason));
}

static hm_err check_payloads(hm_parser *parser, hm_checked *c) {
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    hm_differences differences = {parser, &c->opened.job, HM_BUF_EMPTY, HM_OK};
    hm_err err = c->opened.format->digest(c->opened.subject, &digests, NULL, NULL, hm_difference, &differences);
    hm_buf_clear(&differences.json);
    return err;
}

static hm_err report(hm_parser *parser, const hm_checked *c, const hmv_release *release) {
    HM_BUF text = HM_BUF_EMPTY;
    bool development = release->purpose == HMV_PURPOSE_DEVELOPMENT, payloads = c->opened.input.payloads != NULL;
    unsigned long long list = held.trust.version;
    if (parser->json) {
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_json_string(&json, "format", "native");
        hm_json_number(&json, "trust_list", (int64_t)list);
        hm_release_json(&json, release);
        hm_json_number(&json, "signers", (int64_t)release->signers);
        hm_json_number(&json, "unknown_signers", (int64_t)release->unknown_signers);
        hm_json_bool(&json, "development", development);
        hm_json_bool(&json, "payloads", payloads);
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
        HM_TRY(hm_json_inside(&text));
    } else {
        HM_TRY(hm_put_format(&text, "%s: verified: native, ", c->opened.job.shown));
        HM_TRY(hm_put_release(&text, release));
        HM_TRY(hm_put_components(&text, release));
        HM_TRY(
            hm_put_format(&text, ", as devices with trust list %llu do%s", list, development ? ", DEVELOPMENT" : ""));
        if (release->unknown_signers)
            HM_TRY(hm_put_format(&text, ", %zu of its signatures by keys that the list does not know",
                                 release->unknown_signers));
        HM_TRY(hm_put_text(&text, payloads ? "\n" : "; ENVELOPE ONLY: its payloads were not looked at\n"));
    }
    hm_parser_report(parser, &c->opened.job, &text);
    return HM_OK;
}

hm_err hm_parse_judge(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules, hm_checked *c) {
    virtual_device device = {.claims = {.sequence = 0}};
    hmv_release release;
    hm_bytes envelope;
    (void)rules;
    if (c->opened.format->id != HM_FORMAT_NATIVE)
        return hm_refuse(
            "is no envelope, and a trust list is about those alone (other formats need root certificates)");
    HM_TRY(read_claims(c, &envelope, &device));
    HM_TRY(decide(orders, envelope, &device, &release));
    HM_TRY(check_payloads(parser, c));
    return report(parser, c, &release);
}
