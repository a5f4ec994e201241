#include "policy.h"

#include "manifest.h"
#include "receipt.h"
#include "trust.h"

/* The marks of these steps; release.c has the others. */
enum { MARK_SIGNERS = 4, MARK_RECEIPTS = 5, MARK_DEVICE = 6, MARK_COMPONENTS = 7, MARK_DEPENDENCIES = 8 };

static int find_publisher(hmv_pass *pass, hmv_publisher *publisher) {
    int found = hmv_publisher_find(pass->trust, pass->release->publisher, &pass->fault, publisher);
    if (!found) hmv_fault(&pass->fault, HMV_UNKNOWN_PUBLISHER);
    return found;
}

static int has_key(hmv_pass *pass, hmv_bytes keys, hmv_bytes kid) {
    hmv_cose_key key;
    return hmv_key_find(keys, kid, &pass->fault, &key);
}

/* A signature of the envelope and its place in the manifest's list. 1 if it counts. */
static uint32_t check_signer(hmv_pass *pass, const hmv_publisher *publisher, hmv_bytes kid, hmv_bytes listed) {
    if (hmv_same_bytes(kid, listed) != HMV_GOOD) hmv_fault(&pass->fault, HMV_SIGNERS_DIFFER);
    if (hmv_keys_with(pass->trust, kid, &pass->fault).size > 0)
        hmv_revoked_check(pass->trust, kid, pass->payload, &pass->fault);
    return has_key(pass, publisher->keys, kid) ? 1 : 0;
}

void hmv_policy_signers(hmv_pass *pass) {
    hmv_reader reader = hmv_elements(pass->signatures, &pass->fault);
    hmv_reader listed = hmv_elements(pass->release->signer_ids, &pass->fault);
    hmv_publisher publisher;
    hmv_signature signature;
    uint64_t counted = 0;
    if (!find_publisher(pass, &publisher)) return;
    while (reader.left > 0 && pass->fault == HMV_UNDECIDED) {
        const hmv_bytes none = {NULL, 0};
        hmv_signature_read(&reader, &signature);
        counted +=
            check_signer(pass, &publisher, signature.kid, listed.left > 0 ? hmv_read_bytes(&listed, 0, 255) : none);
    }
    if (listed.left > 0) hmv_fault(&pass->fault, HMV_SIGNERS_DIFFER);
    if (counted < publisher.threshold) hmv_fault(&pass->fault, HMV_TOO_FEW_SIGNATURES);
    hmv_mark(pass, MARK_SIGNERS);
}

/* Must a signature by KID have a receipt? */
static HMV_APART int needs_receipt(hmv_pass *pass, hmv_bytes kid) {
    hmv_publisher publisher;
    return find_publisher(pass, &publisher) && publisher.receipts != HMV_FALSE && has_key(pass, publisher.keys, kid);
}

void hmv_policy_receipts(hmv_pass *pass) {
    hmv_reader reader = hmv_elements(pass->signatures, &pass->fault);
    hmv_signature signature;
    while (reader.left > 0) {
        hmv_signature_read(&reader, &signature);
        if (!hmv_receipts_check(pass, &signature, pass->release->publisher) && needs_receipt(pass, signature.kid))
            hmv_fault(&pass->fault, HMV_NO_RECEIPT);
    }
    hmv_mark(pass, MARK_RECEIPTS);
}

static void check_act(hmv_pass *pass, const hmv_publisher *publisher) {
    if (pass->act == HMV_INSTALL) {
        if (publisher->state != HMV_ACTIVE) hmv_fault(&pass->fault, HMV_RETIRED_PUBLISHER);
    } else if (pass->act != HMV_BOOT)
        hmv_fault(&pass->fault, HMV_UNKNOWN_ACT);
}

static void check_purpose(hmv_pass *pass, const hmv_publisher *publisher) {
    uint32_t purpose = pass->release->purpose; /* 1 or 2: bits 0 and 1 of the publisher's purposes */
    if ((publisher->purposes & purpose) == 0 ||
        (purpose != HMV_PURPOSE_PRODUCTION && pass->config->device->development != HMV_GOOD))
        hmv_fault(&pass->fault, HMV_DEVELOPMENT);
}

void hmv_policy_device(hmv_pass *pass) {
    const hmv_device *device = pass->config->device;
    const hmv_release *release = pass->release;
    const hmv_bytes vendor = {device->vendor, HMV_UUID_SIZE}, class_id = {device->class_id, HMV_UUID_SIZE};
    hmv_publisher publisher;
    if (!find_publisher(pass, &publisher)) return;
    check_act(pass, &publisher);
    if (hmv_same_bytes(release->vendor, vendor) != HMV_GOOD) hmv_fault(&pass->fault, HMV_OTHER_VENDOR);
    if (hmv_same_bytes(release->class_id, class_id) != HMV_GOOD ||
        !hmv_list_has(publisher.classes, class_id, &pass->fault))
        hmv_fault(&pass->fault, HMV_OTHER_CLASS);
    check_purpose(pass, &publisher);
    if (release->minimum_list > pass->trust->version) hmv_fault(&pass->fault, HMV_OLD_TRUST_LIST);
    if (release->exception.size > 0 && hmv_same_bytes(release->exception, device->id) != HMV_GOOD)
        hmv_fault(&pass->fault, HMV_OTHER_DEVICE);
    hmv_mark(pass, MARK_DEVICE);
}

/* What the platform knows of a component. It is written over values that refuse: SEQUENCE by its caller's choice. */
static void ask(hmv_pass *pass, hmv_bytes publisher, hmv_bytes component, uint64_t *sequence, uint64_t *counter) {
    const hmv_platform *platform = pass->config->platform;
    volatile hmv_verdict verdict = HMV_BAD;
    verdict = platform->state(platform->context, publisher, component, sequence);
    if (verdict != HMV_GOOD) hmv_fault(&pass->fault, HMV_STATE_FAULT);
    verdict = HMV_BAD;
    verdict = platform->counter(platform->context, publisher, component, counter);
    if (verdict != HMV_GOOD) hmv_fault(&pass->fault, HMV_STATE_FAULT);
}

static void check_component(hmv_pass *pass, const hmv_component *component) {
    const hmv_release *release = pass->release;
    uint64_t sequence = UINT64_MAX, counter = UINT64_MAX;
    int exception = release->exception.size > 0; /* and it is this device: hmv_policy_device */
    ask(pass, release->publisher, component->id, &sequence, &counter);
    if (pass->act == HMV_BOOT ? exception && release->sequence < sequence : release->sequence <= sequence)
        hmv_fault(&pass->fault, HMV_OLD_SEQUENCE);
    if (!exception && component->security_version < counter) hmv_fault(&pass->fault, HMV_OLD_SECURITY_VERSION);
    if (component->security_version < hmv_minimum_of(pass->trust, release->publisher, component->id, &pass->fault))
        hmv_fault(&pass->fault, HMV_BELOW_MINIMUM);
}

void hmv_policy_components(hmv_pass *pass) {
    const hmv_release *release = pass->release;
    hmv_publisher publisher;
    size_t checked = 0;
    if (!find_publisher(pass, &publisher)) return;
    for (; checked < release->components && pass->fault == HMV_UNDECIDED; checked++) {
        const hmv_component *component = &release->component[checked];
        if (((uint32_t)publisher.kinds >> component->kind & 1) == 0) hmv_fault(&pass->fault, HMV_KIND_NOT_ALLOWED);
        check_component(pass, component);
    }
    hmv_mark(pass, MARK_COMPONENTS);
}

static int is_in_release(const hmv_release *release, const hmv_dependency *dependency) {
    if (hmv_same_bytes(dependency->publisher, release->publisher) != HMV_GOOD) return 0;
    if (release->sequence < dependency->sequence) return 0;
    for (size_t i = 0; i < release->components; i++)
        if (hmv_same_bytes(dependency->component, release->component[i].id) == HMV_GOOD)
            return release->component[i].security_version >= dependency->security_version;
    return 0;
}

static void check_dependency(hmv_pass *pass, const hmv_dependency *dependency) {
    uint64_t sequence = 0, counter = 0;
    if (is_in_release(pass->release, dependency)) return;
    ask(pass, dependency->publisher, dependency->component, &sequence, &counter);
    if (sequence < dependency->sequence || counter < dependency->security_version)
        hmv_fault(&pass->fault, HMV_MISSING_DEPENDENCY);
}

void hmv_policy_dependencies(hmv_pass *pass) {
    hmv_reader reader = hmv_elements(pass->release->dependencies, &pass->fault);
    hmv_dependency dependency;
    while (reader.left > 0 && pass->act != HMV_BOOT) {
        hmv_dependency_read(&reader, &dependency);
        check_dependency(pass, &dependency);
    }
    hmv_mark(pass, MARK_DEPENDENCIES);
}
