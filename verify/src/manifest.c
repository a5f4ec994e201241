#include "manifest.h"

#include "cose.h"
#include "memory.h"

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_release, member) }
static const hmv_field manifest_map[] = {
    HMV_OPEN_MAP(12, 0),
    {0, HMV_VERSION, 0, 255, 0},
    ROW(1, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, publisher),
    ROW(2, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, vendor),
    ROW(3, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, class_id),
    ROW(4, HMV_TEXT, 1, HMV_TEXT_MAX, version),
    ROW(5, HMV_UINT, 0, 255, sequence),
    ROW(6, HMV_SMALL, HMV_PURPOSE_PRODUCTION, HMV_PURPOSE_DEVELOPMENT, purpose),
    ROW(7, HMV_LIST_32, 1, HMV_SIGNATURES_MAX, signer_ids),
    ROW(8, HMV_ARRAY, 1, HMV_COMPONENTS_MAX, component_list),
    ROW(9, HMV_ARRAY | HMV_OPTIONAL, 1, HMV_DEPENDENCIES_MAX, dependencies),
    ROW(10, HMV_UINT | HMV_OPTIONAL, 0, 255, minimum_list),
    ROW(11, HMV_BYTES | HMV_OPTIONAL, 1, HMV_ID_MAX, exception),
};
#undef ROW

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_component, member) }
static const hmv_field component_map[] = {
    HMV_OPEN_MAP(7, 0),
    ROW(0, HMV_TEXT, 1, HMV_ID_MAX, id),
    ROW(1, HMV_SMALL, HMV_KIND_FIRMWARE, HMV_KIND_TRUST_LIST, kind),
    ROW(2, HMV_UINT, 0, 255, size),
    ROW(3, HMV_ARRAY, 2, 2, digest),
    ROW(4, HMV_TEXT, 1, HMV_TEXT_MAX, version),
    ROW(5, HMV_UINT, 0, 255, security_version),
    ROW(6, HMV_TEXT | HMV_OPTIONAL, 1, HMV_TEXT_MAX, destination),
};
#undef ROW

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_dependency, member) }
static const hmv_field dependency_array[] = {
    HMV_FIXED_ARRAY(4, sizeof(hmv_dependency)), ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, publisher),
    ROW(1, HMV_TEXT, 1, HMV_ID_MAX, component), ROW(2, HMV_UINT, 0, 255, security_version),
    ROW(3, HMV_UINT, 0, 255, sequence),
};
#undef ROW

void hmv_dependency_read(hmv_reader *reader, hmv_dependency *dependency) {
    hmv_decode(reader, dependency_array, dependency);
}

static const hmv_digest *digest_of(const hmv_digest *const *digests, int32_t id) {
    while (*digests != NULL && (*digests)->id != id) digests++;
    return *digests;
}

/* [algorithm, digest]: the digest is of the algorithm's own size. */
static void read_digest(const hmv_digest *const *digests, hmv_component *component, hmv_reason *fault) {
    static const hmv_field algorithm = {0, HMV_NINT, 0, 255, 0};
    hmv_reader reader = hmv_elements(component->digest, fault);
    int32_t id = 0;
    hmv_read(&reader, &algorithm, &id);
    component->digest = hmv_read_bytes(&reader, 0, HMV_DIGEST_MAX);
    component->digest_algorithm = digest_of(digests, id);
    if (component->digest_algorithm == NULL)
        hmv_fault(fault, HMV_UNKNOWN_ALGORITHM);
    else if (component->digest_algorithm->size != component->digest.size)
        hmv_fault(fault, HMV_MALFORMED);
}

static void read_components(const hmv_digest *const *digests, hmv_release *release, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(release->component_list, fault);
    /* There are no more than fit: that is the bound of the field 8. It is tested again where it matters. */
    while (reader.left > 0 && release->components < HMV_COMPONENTS_MAX) {
        hmv_component *component = &release->component[release->components++];
        hmv_decode(&reader, component_map, component);
        read_digest(digests, component, fault);
        if (component->size == 0) hmv_fault(fault, HMV_MALFORMED);
        for (const hmv_component *other = release->component; other < component; other++)
            if (hmv_same_bytes(other->id, component->id) == HMV_GOOD) hmv_fault(fault, HMV_TWICE);
    }
    hmv_end(&reader);
}

static void check_signers(hmv_release *release, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(release->signer_ids, fault);
    while (reader.left > 0) {
        hmv_bytes kid = hmv_read_bytes(&reader, 0, 255);
        hmv_reader others = reader;
        release->signers++;
        while (others.left > 0)
            if (hmv_same_bytes(kid, hmv_read_bytes(&others, 0, 255)) == HMV_GOOD) hmv_fault(fault, HMV_TWICE);
    }
}

static void check_dependencies(const hmv_release *release, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(release->dependencies, fault);
    hmv_dependency dependency;
    while (reader.left > 0) hmv_dependency_read(&reader, &dependency);
}

void hmv_manifest_parse(const hmv_digest *const *digests, hmv_bytes manifest, hmv_release *release, hmv_reason *fault) {
    hmv_reader reader = hmv_reader_of(manifest, fault);
    release->manifest = manifest;
    hmv_decode(&reader, manifest_map, release);
    hmv_end(&reader);
    read_components(digests, release, fault);
    check_signers(release, fault);
    check_dependencies(release, fault);
}

hmv_reason hmv_manifest_read(const hmv_digest *const *digests, hmv_bytes manifest, hmv_release *release) {
    hmv_reason fault = HMV_UNDECIDED;
    memset(release, 0, sizeof *release);
    if (manifest.size > HMV_ENVELOPE_MAX) fault = HMV_TOO_LARGE;
    hmv_manifest_parse(digests, manifest, release, &fault);
    if (fault == HMV_UNDECIDED) return HMV_ACCEPTED;
    memset(release, 0, sizeof *release);
    return fault;
}
