/* The manifest (docs/manifest.md). */
#ifndef HALLMARK_VERIFY_MANIFEST_H
#define HALLMARK_VERIFY_MANIFEST_H

#include "cbor.h"

typedef struct hmv_dependency {
    hmv_bytes publisher, component;
    uint64_t security_version, sequence;
} hmv_dependency;
extern const hmv_field hmv_dependency_array[];

/* Fills RELEASE, which is all zero, from MANIFEST; every component, dependency and signer is looked at. */
void hmv_manifest_parse(const hmv_digest *const *digests, const hmv_bytes *manifest, hmv_release *release,
                        hmv_parse *parse);

#endif
