#include "policy.h"

#include "manifest.h"
#include "memory.h"
#include "receipt.h"
#include "trust.h"

enum { MARK_SIGNERS = 0x10, MARK_DEVICE = 0x20, MARK_COMPONENTS = 0x30, MARK_DEPENDENCIES = 0x40 };

/* The signatures are those that the manifest lists; enough are by the publisher's keys; none is by a revoked key. */
static void check_signers(hmv_pass *pass, const hmv_release *release, const hmv_publisher *publisher) {
    hmv_reader reader;
    hmv_enter(&reader, &pass->signatures, &pass->parse);
    hmv_reader listed;
    hmv_enter(&listed, &release->signer_ids, &pass->parse);
    hmv_signature signature;
    hmv_cose_key key;
    uint32_t counted = 0;
    for (uint32_t bit = 1; reader.left > 0; bit <<= 1) {
        hmv_bytes wanted = {NULL, 0};
        hmv_signature_read(&reader, &signature);
        if (listed.left > 0) hmv_read_bytes(&listed, 0, &wanted);
        hmv_need_same(&pass->parse, HMV_SIGNERS_DIFFER, &signature.kid, &wanted);
        hmv_revoked_check(pass, &signature.kid);
        if (!hmv_find(&pass->parse, &publisher->keys, hmv_cose_key_map, &signature.kid, &key) ||
            key.algorithm != signature.algorithm)
            continue;
        counted++;
        if (publisher->receipts != HMV_FALSE) pass->need_receipts |= bit;
    }
    if (listed.left > 0) hmv_fault(&pass->parse, HMV_SIGNERS_DIFFER);
    if (counted < publisher->threshold) hmv_fault(&pass->parse, HMV_TOO_FEW_SIGNATURES);
    hmv_mark(pass, MARK_SIGNERS);
}

static void check_device(hmv_pass *pass, hmv_act act, const hmv_release *release, const hmv_publisher *publisher) {
    const hmv_device *device = pass->config->device;
    const hmv_bytes vendor = {device->vendor, HMV_UUID_SIZE}, class_id = {device->class_id, HMV_UUID_SIZE};
    hmv_parse *parse = &pass->parse;
    if (act != HMV_INSTALL && act != HMV_BOOT) hmv_fault(parse, HMV_UNKNOWN_ACT);
    if (act != HMV_BOOT && publisher->state != HMV_ACTIVE) hmv_fault(parse, HMV_RETIRED_PUBLISHER);
    hmv_need_same(parse, HMV_OTHER_VENDOR, &release->vendor, &vendor);
    hmv_need_same(parse, HMV_OTHER_CLASS, &release->class_id, &class_id);
    if (!hmv_list_has(parse, &publisher->classes, &class_id)) hmv_fault(parse, HMV_OTHER_CLASS);
    /* The purposes 1 and 2 are the bits 0 and 1 of the publisher's. */
    if ((publisher->purposes & release->purpose) == 0 ||
        (release->purpose != HMV_PURPOSE_PRODUCTION && device->development != HMV_GOOD))
        hmv_fault(parse, HMV_DEVELOPMENT);
    hmv_need_least(parse, HMV_OLD_TRUST_LIST, &pass->trust->version, &release->minimum_list);
    if (release->exception.size > 0) hmv_need_same(parse, HMV_OTHER_DEVICE, &release->exception, &device->id);
    hmv_mark(pass, MARK_DEVICE);
}

enum { SEQUENCE, COUNTER };

/* What the platform knows of a component, written over values that refuse, which are the caller's choice. */
static void ask(hmv_pass *pass, const hmv_bytes *publisher, const hmv_bytes *component, uint64_t known[2]) {
    const hmv_platform *platform = pass->config->platform;
    volatile hmv_verdict state = HMV_BAD, count = HMV_BAD;
    state = platform->state(platform->context, *publisher, *component, &known[SEQUENCE]);
    count = platform->counter(platform->context, *publisher, *component, &known[COUNTER]);
    if ((state & count) != HMV_GOOD) hmv_fault(&pass->parse, HMV_STATE_FAULT);
}

static void check_component(hmv_pass *pass, hmv_act act, const hmv_release *release, const hmv_component *component) {
    uint64_t known[2], least;
    /* It names this device: check_device. */
    int exception = release->exception.size > 0;
    hmv_parse *parse = &pass->parse;
    memset(known, 0xFF, sizeof known);
    ask(pass, &release->publisher, &component->id, known);
    if (act != HMV_BOOT && release->sequence == known[SEQUENCE]) hmv_fault(parse, HMV_OLD_SEQUENCE);
    if (act != HMV_BOOT || exception) hmv_need_least(parse, HMV_OLD_SEQUENCE, &release->sequence, &known[SEQUENCE]);
    if (!exception) hmv_need_least(parse, HMV_OLD_SECURITY_VERSION, &component->security_version, &known[COUNTER]);
    least = hmv_minimum_of(pass, &release->publisher, &component->id);
    hmv_need_least(parse, HMV_BELOW_MINIMUM, &component->security_version, &least);
}

static void check_components(hmv_pass *pass, hmv_act act, const hmv_release *release, const hmv_publisher *publisher) {
    for (size_t i = 0; i < release->components; i++) {
        const hmv_component *component = &release->component[i];
        if (((uint32_t)publisher->kinds >> component->kind & 1) == 0) hmv_fault(&pass->parse, HMV_KIND_NOT_ALLOWED);
        check_component(pass, act, release, component);
    }
    hmv_mark(pass, MARK_COMPONENTS);
}

static int is_in_release(const hmv_release *release, const hmv_dependency *dependency) {
    if (!hmv_is_same(&dependency->publisher, &release->publisher) || release->sequence < dependency->sequence) return 0;
    for (const hmv_component *it = release->component; it < &release->component[release->components]; it++)
        if (hmv_is_same(&dependency->component, &it->id)) return it->security_version >= dependency->security_version;
    return 0;
}

static void check_dependencies(hmv_pass *pass, hmv_act act, const hmv_release *release) {
    hmv_reader reader;
    hmv_enter(&reader, &release->dependencies, &pass->parse);
    hmv_dependency it;
    while (reader.left > 0 && act != HMV_BOOT) {
        uint64_t known[2] = {0, 0};
        hmv_decode(&reader, hmv_dependency_array, &it);
        if (is_in_release(release, &it)) continue;
        ask(pass, &it.publisher, &it.component, known);
        hmv_need_least(&pass->parse, HMV_MISSING_DEPENDENCY, &known[SEQUENCE], &it.sequence);
        hmv_need_least(&pass->parse, HMV_MISSING_DEPENDENCY, &known[COUNTER], &it.security_version);
    }
    hmv_mark(pass, MARK_DEPENDENCIES);
}

HMV_APART void hmv_policy_check(hmv_pass *pass, hmv_act act, const hmv_release *release) {
    hmv_publisher publisher;
    if (!hmv_find(&pass->parse, &pass->trust->publishers, hmv_publisher_map, &release->publisher, &publisher)) {
        hmv_fault(&pass->parse, HMV_UNKNOWN_PUBLISHER);
        return;
    }
    check_signers(pass, release, &publisher);
    check_device(pass, act, release, &publisher);
    check_components(pass, act, release, &publisher);
    check_dependencies(pass, act, release);
}

void hmv_policy_receipts(hmv_pass *pass, const hmv_release *release) {
    hmv_reader reader;
    hmv_enter(&reader, &pass->signatures, &pass->parse);
    hmv_signature signature;
    for (uint32_t needed = pass->need_receipts; reader.left > 0; needed >>= 1) {
        hmv_signature_read(&reader, &signature);
        if (!hmv_receipts_check(pass, &signature, release) && (needed & 1) != 0)
            hmv_fault(&pass->parse, HMV_NO_RECEIPT);
    }
    hmv_mark(pass, HMV_RECEIPT_MARK);
}
