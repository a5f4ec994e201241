#include "native_plan.h"

#include <base/closest.h>

#include <stdlib.h>
#include <string.h>

const char *hm_given_value(const hm_options *options, const char *name) {
    for (size_t i = options->given_count; i-- > 0;)
        if (strcmp(options->given[i].name, name) == 0) return options->given[i].value;
    return NULL;
}

static hm_err number_of(const char *what, hm_bytes text, uint64_t *value) {
    return hm_failed(hm_decimal_decode(text, value))
               ? hm_misuse("%s needs a number, not %.*s", what, (int)text.len, (const char *)text.data)
               : HM_OK;
}

static hm_err given_number(const hm_options *options, const char *name, uint64_t *value, bool *given) {
    const char *text = hm_given_value(options, name);
    *given = text != NULL;
    return text ? number_of(name, hm_text(text), value) : HM_OK;
}

/* A comma in a file's name looks like the beginning of a member. */
static hm_err unknown_member(hm_bytes name) {
    static const char *const members[] = {"kind", "version", "security-version", "to"};
    hm_closest closest = hm_closest_begin(name);
    char hint[HM_HINT_MAX];
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) hm_closest_try(&closest, members[i]);
    return hm_misuse("--component: behind a comma there are kind, version, security-version and to, but no %.*s%s%s",
                     (int)name.len, (const char *)name.data, hm_closest_hint(&closest, hint),
                     closest.name ? "" : " (a file whose name has a comma is described with --manifest FILE)");
}

/* One of the members behind ID=FILE. */
static hm_err set_member(hm_manifest_component *component, hm_bytes name, hm_bytes value) {
    if (hm_bytes_equal(name, hm_text("kind"))) return hm_component_kind_by_name(value, &component->kind);
    if (hm_bytes_equal(name, hm_text("version"))) component->version = value;
    if (hm_bytes_equal(name, hm_text("to"))) component->destination = value;
    if (hm_bytes_equal(name, hm_text("version")) || hm_bytes_equal(name, hm_text("to"))) return HM_OK;
    if (hm_bytes_equal(name, hm_text("security-version")))
        return number_of("security-version", value, &component->security_version);
    return unknown_member(name);
}

/* The text up to SEPARATOR, which is consumed, or all that is left. */
static hm_bytes cut(hm_bytes *text, char separator) {
    const uint8_t *at = text->len ? memchr(text->data, separator, text->len) : NULL;
    hm_bytes part = HM_BYTES(text->data, at ? (size_t)(at - text->data) : text->len);
    size_t used = part.len + (at != NULL);
    if (hm_failed(hm_bytes_part(*text, used, text->len - used, text))) *text = HM_NO_BYTES;
    return part;
}

/* ID=FILE[,NAME=VALUE]...: FILE's own copy is for the front, which opens it. */
static hm_err add_component(const char *text, hm_native_plan *plan) {
    hm_bytes rest = hm_text(text), member, file;
    size_t index = plan->manifest.components;
    if (index == HM_MANIFEST_COMPONENTS)
        return hm_misuse("--component %s: an update has at most %d components", text, HM_MANIFEST_COMPONENTS);
    hm_manifest_component *component = &plan->manifest.component[index];
    *component = (hm_manifest_component){.kind = HM_COMPONENT_FIRMWARE, .version = plan->manifest.version};
    component->id = cut(&rest, '=');
    file = cut(&rest, ',');
    if (!component->id.len || !file.len)
        return hm_misuse("--component %s: needs ID=FILE[,kind=K][,version=V][,security-version=N][,to=PLACE]", text);
    while (rest.len) {
        member = cut(&rest, ',');
        hm_bytes name = cut(&member, '=');
        HM_TRY(set_member(component, name, member));
    }
    /* Lives as long as the command. */
    plan->operand[index] = strndup((const char *)file.data, file.len);
    if (!plan->operand[index]) return hm_no_memory();
    plan->manifest.components = plan->operands = index + 1;
    return HM_OK;
}

/* One file, described by options of its own. */
static hm_err take_only_file(const hm_options *options, hm_native_plan *plan) {
    hm_manifest_component *component = &plan->manifest.component[0];
    const char *kind = hm_given_value(options, "--kind"), *to = hm_given_value(options, "--to");
    bool given;
    if (options->operand_count > 1)
        return hm_misuse("several files are one update: name each with --component ID=FILE, or describe them with "
                         "--manifest FILE");
    *component = (hm_manifest_component){
        .id = hm_text("main"), .kind = HM_COMPONENT_FIRMWARE, .version = plan->manifest.version};
    if (kind) HM_TRY(hm_component_kind_by_name(hm_text(kind), &component->kind));
    if (to) component->destination = hm_text(to);
    HM_TRY(given_number(options, "--security-version", &component->security_version, &given));
    plan->plain = true;
    plan->operand[0] = options->operands[0];
    plan->manifest.components = plan->operands = 1;
    return HM_OK;
}

static hm_err take_components(const hm_options *options, hm_native_plan *plan) {
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--component") == 0) HM_TRY(add_component(options->given[i].value, plan));
    if (plan->described && plan->manifest.components)
        return hm_misuse("--manifest describes the components: --component does not go with it");
    if ((plan->described || plan->manifest.components) && options->operand_count)
        return hm_misuse("%s: files are named by %s alone", options->operands[0],
                         plan->described ? "--manifest" : "--component");
    if (plan->described || plan->manifest.components) {
        static const char *const single[] = {"--kind", "--to", "--security-version"};
        for (size_t i = 0; i < sizeof single / sizeof single[0]; i++)
            if (hm_given_value(options, single[i]))
                return hm_misuse("%s is for one file that is an operand", single[i]);
        return HM_OK;
    }
    if (!options->operand_count) return hm_misuse("sign needs FILE... (hallmark sign --help)");
    return take_only_file(options, plan);
}

static hm_err add_cosigner(const char *text, hm_native_plan *plan) {
    HM_BUF kid = HM_BUF_EMPTY;
    if (plan->cosigners == HM_MANIFEST_SIGNERS - 1)
        return hm_misuse("--signer: at most %d others can sign", HM_MANIFEST_SIGNERS - 1);
    if (hm_failed(hm_hex_decode(hm_text(text), &kid)) || kid.len != HM_KID_LEN)
        return hm_misuse("--signer %s: a key is named by its kid, %d hexadecimal digits (hallmark key list shows it)",
                         text, HM_KID_LEN * 2);
    memcpy(plan->cosigner[plan->cosigners++], kid.data, HM_KID_LEN);
    return HM_OK;
}

hm_err hm_device_id(const char *text, uint8_t device[static HM_MANIFEST_DEVICE], hm_bytes *id) {
    HM_BUF raw = HM_BUF_EMPTY;
    bool hex = strncmp(text, "hex:", 4) == 0;
    if (hex && hm_failed(hm_hex_decode(hm_text(text + 4), &raw)))
        return hm_misuse("--device %s: is no hexadecimal number", text);
    if (!hex) HM_TRY(hm_put_text(&raw, text));
    if (!raw.len || raw.len > HM_MANIFEST_DEVICE)
        return hm_misuse("--device %s: a device's id has 1 to %d bytes", text, HM_MANIFEST_DEVICE);
    memcpy(device, raw.data, raw.len);
    *id = HM_BYTES(device, raw.len);
    return HM_OK;
}

static hm_err take_digest(const char *name, hm_native_plan *plan) {
    hm_closest closest = hm_closest_begin(hm_text(name ? name : ""));
    char hint[HM_HINT_MAX];
    plan->digest = HM_SHA256;
    for (hm_digest_algorithm a = HM_SHA256; name && a <= HM_SHA512; a++) {
        hm_closest_try(&closest, hm_digest_name(a));
        if (strcmp(name, hm_digest_name(a)) != 0) continue;
        plan->digest = a;
        return HM_OK;
    }
    return name ? hm_misuse("--digest %s: there are sha256, sha384 and sha512%s", name, hm_closest_hint(&closest, hint))
                : HM_OK;
}

hm_err hm_native_plan_make(const hm_options *options, int64_t now, hm_native_plan *plan) {
    hm_manifest *manifest = &plan->manifest;
    const char *description = hm_given_value(options, "--manifest"), *device = hm_given_value(options, "--device");
    memset(plan, 0, sizeof *plan);
    if (!options->release) return hm_misuse("which release? (--release VERSION: devices and people see it)");
    manifest->version = hm_text(options->release);
    plan->described = description != NULL;
    HM_TRY(take_components(options, plan));
    if (description) {
        plan->operand[0] = description;
        plan->operands = 1;
    }
    HM_TRY(take_digest(hm_given_value(options, "--digest"), plan));
    HM_TRY(given_number(options, "--sequence", &manifest->sequence, &plan->has_sequence));
    if (!plan->has_sequence) manifest->sequence = (uint64_t)now;
    HM_TRY(given_number(options, "--follows", &plan->follows, &plan->has_follows));
    HM_TRY(given_number(options, "--minimum-list", &manifest->minimum_list, &manifest->has_minimum_list));
    if (device) HM_TRY(hm_device_id(device, plan->device, &manifest->device));
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--signer") == 0) HM_TRY(add_cosigner(options->given[i].value, plan));
    return HM_OK;
}
