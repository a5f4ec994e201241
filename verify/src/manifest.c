#include "manifest.h"

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
    HMV_OPEN_MAP(7, sizeof(hmv_component)),
    ROW(0, HMV_TEXT, 1, HMV_ID_MAX, id),
    ROW(1, HMV_SMALL, HMV_KIND_FIRMWARE, HMV_KIND_TRUST_LIST, kind),
    ROW(2, HMV_UINT, 1, 255, size),
    ROW(3, HMV_ARRAY, 2, 2, digest),
    ROW(4, HMV_TEXT, 1, HMV_TEXT_MAX, version),
    ROW(5, HMV_UINT, 0, 255, security_version),
    ROW(6, HMV_TEXT | HMV_OPTIONAL, 1, HMV_TEXT_MAX, destination),
};
#undef ROW

#define ROW(key, type, least, most, member)                                                                            \
    { (key), (type), (least), (most), offsetof(hmv_dependency, member) }
const hmv_field hmv_dependency_array[] = {
    HMV_FIXED_ARRAY(4, sizeof(hmv_dependency)), ROW(0, HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, publisher),
    ROW(1, HMV_TEXT, 1, HMV_ID_MAX, component), ROW(2, HMV_UINT, 0, 255, security_version),
    ROW(3, HMV_UINT, 0, 255, sequence),
};
#undef ROW

/* [algorithm, digest]: the digest is of the algorithm's own size. */
static void read_digest(const hmv_digest *const *digests, hmv_component *component, hmv_parse *parse) {
    static const hmv_field algorithm = {0, HMV_NINT, 0, 255, 0};
    hmv_reader reader;
    hmv_enter(&reader, &component->digest, parse);
    int32_t id = 0;
    hmv_read(&reader, &algorithm, &id);
    hmv_read_bytes(&reader, 0, &component->digest);
    while (*digests != NULL && (*digests)->id != id) digests++;
    component->digest_algorithm = *digests;
    if (*digests == NULL)
        hmv_fault(parse, HMV_UNKNOWN_ALGORITHM);
    else if ((*digests)->size != component->digest.size)
        hmv_fault(parse, HMV_MALFORMED);
}

static void read_components(const hmv_digest *const *digests, hmv_release *release, hmv_parse *parse) {
    hmv_reader reader;
    hmv_enter(&reader, &release->component_list, parse);
    /* There are no more than fit: that is the bound of the field 8. It is tested again where it matters. */
    while (reader.left > 0 && release->components < HMV_COMPONENTS_MAX) {
        hmv_component *component = &release->component[release->components++];
        hmv_decode(&reader, component_map, component);
        read_digest(digests, component, parse);
    }
    hmv_end(&reader);
}

void hmv_manifest_parse(const hmv_digest *const *digests, const hmv_bytes *manifest, hmv_release *release,
                        hmv_parse *parse) {
    hmv_reader reader;
    hmv_open(&reader, manifest, parse);
    hmv_dependency dependency;
    const hmv_bytes none = {NULL, 0};
    release->manifest = *manifest;
    hmv_decode(&reader, manifest_map, release);
    hmv_end(&reader);
    read_components(digests, release, parse);
    release->signers = hmv_check_once(parse, &release->signer_ids, hmv_byte_string);
    hmv_check_once(parse, &release->component_list, component_map);
    hmv_find(parse, &release->dependencies, hmv_dependency_array, &none, &dependency); /* each is looked at */
}

hmv_reason hmv_manifest_read(const hmv_digest *const *digests, hmv_bytes manifest, hmv_release *release) {
    hmv_parse parse = {.fault = manifest.size > HMV_ENVELOPE_MAX ? HMV_TOO_LARGE : HMV_UNDECIDED};
    memset(release, 0, sizeof *release);
    hmv_manifest_parse(digests, &manifest, release, &parse);
    if (parse.fault == HMV_UNDECIDED) return HMV_ACCEPTED;
    memset(release, 0, sizeof *release);
    return parse.fault;
}
