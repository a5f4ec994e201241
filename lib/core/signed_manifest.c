/* Manifests: the one thing that the core reads of what it signs, with the reader that devices have, which is
 * freestanding, takes no memory and follows no pointer of the input. What a manifest claims must be what this session
 * may have signed, because a device believes it. */
#include "office.h"

#include <crypto/uuid.h>
#include <pki/cose.h>
#include <pki/manifest.h>

#include <base/cbor.h>

#include <string.h>

/* As high as a number in JSON goes that everybody reads alike (RFC 8785 section 3.2.2.3); a sequence number at the end
 * of its range would be a product's last release, too. */
static const uint64_t number_max = UINT64_C(1) << 53;

static hm_bytes of(hmv_bytes bytes) { return HM_BYTES(bytes.data, bytes.size); }

hm_err hm_signed_manifest_read(hm_bytes statement, hm_bytes content, hmv_release *release) {
    static const hmv_digest *const digests[] = {&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL};
    uint8_t digest[HM_SHA256_LEN];
    hm_sha256(statement, digest);
    memset(release, 0, sizeof *release);
    if (!statement.len) return hm_refuse("there is no manifest to sign");
    if (!hm_bytes_equal(content, HM_ARRAY(digest))) return hm_refuse("the digest is not the manifest's");
    hmv_reason reason = hmv_manifest_read(digests, (hmv_bytes){statement.data, statement.len}, release);
    if (HMV_IS_ACCEPTED(reason)) return HM_OK;
    memset(release, 0, sizeof *release);
    return hm_refuse("no device would take the manifest: %s", hmv_reason_text(reason));
}

static hm_err check_publisher(const hm_office *office, const hmv_release *release) {
    bool own = hm_bytes_equal(of(release->publisher), HM_ARRAY(office->row.uuid));
    if (own == !office->session->cosign) return HM_OK;
    return own ? hm_refuse("the manifest is this office's own: there is nothing to co-sign")
               : hm_refuse("the manifest's publisher is another office (--cosign signs beside its publisher)");
}

static hm_err check_product(const hm_office *office, const hmv_release *release) {
    const hm_product *product = &office->session->product;
    if (!hm_bytes_equal(of(release->vendor), HM_ARRAY(product->vendor)))
        return hm_refuse("the manifest is for devices of another vendor than %s", product->name);
    return hm_bytes_equal(of(release->class_id), HM_ARRAY(product->class))
               ? HM_OK
               : hm_refuse("the manifest is for another class of devices than %s", product->name);
}

static hm_err check_purpose(const hm_office *office, const hmv_release *release) {
    if (release->purpose == HMV_PURPOSE_DEVELOPMENT) return HM_OK;
    return office->row.development
               ? hm_refuse(
                     "an office for development signs nothing for production (its keys are not held safely enough)")
               : HM_OK;
}

static hm_err check_numbers(const hmv_release *release) {
    if (!release->sequence || release->sequence > number_max)
        return hm_refuse("the sequence number must lie between 1 and 2^53");
    for (size_t i = 0; i < release->components; i++) {
        const hmv_component *component = &release->component[i];
        if (component->security_version > number_max || component->size > number_max)
            return hm_refuse("a component's size or security version is beyond 2^53");
        if (!component->size) return hm_refuse("a component is empty");
    }
    return HM_OK;
}

/* A signature by a key that the manifest does not name would be refused by every device. */
static hm_err check_signer(const hmv_release *release, const hm_signer *key) {
    uint8_t kid[HM_KID_LEN];
    hm_reader reader = hm_reader_of(of(release->signer_ids));
    uint64_t count;
    hm_bytes named;
    HM_TRY(hm_cose_kid(key->spki, kid));
    HM_TRY(hm_cbor_get_array(&reader, &count));
    while (count--) {
        HM_TRY(hm_cbor_get_bytes(&reader, &named));
        if (hm_bytes_equal(named, HM_ARRAY(kid))) return HM_OK;
    }
    return hm_refuse("the manifest's signers do not include the key that is asked to sign");
}

hm_err hm_signed_manifest_check(const hm_office *office, const hmv_release *release, const hm_signer *key) {
    HM_TRY(check_publisher(office, release));
    HM_TRY(check_product(office, release));
    HM_TRY(check_purpose(office, release));
    HM_TRY(check_numbers(release));
    if (office->session->release[0] && !hm_bytes_equal(of(release->version), hm_text(office->session->release)))
        return hm_refuse("the manifest is of release %.*s, this session is for %s", (int)release->version.size,
                         (const char *)release->version.data, office->session->release);
    return check_signer(release, key);
}

static void describe_component(const hmv_component *component, hm_json *json) {
    const char *kind = hm_component_kind_name(component->kind);
    hm_json_object(json, NULL);
    hm_json_hex(json, "digest", of(component->digest));
    hm_json_text(json, "id", of(component->id));
    hm_json_string(json, "kind", kind ? kind : "unknown");
    hm_json_number(json, "security_version", (int64_t)component->security_version);
    hm_json_number(json, "size", (int64_t)component->size);
    hm_json_text(json, "version", of(component->version));
    hm_json_close_object(json);
}

/* Numbers that are too large for JSON stand only in manifests that were refused. */
static bool fits_json(const hmv_release *release) {
    for (size_t i = 0; i < release->components; i++)
        if (release->component[i].security_version > number_max || release->component[i].size > number_max)
            return false;
    return release->sequence <= number_max;
}

void hm_signed_manifest_describe(const hmv_release *release, hm_json *json) {
    char publisher[HM_UUID_TEXT];
    if (!release->components || !fits_json(release)) return;
    hm_uuid_text(release->publisher.data, publisher);
    hm_json_object(json, "manifest");
    hm_json_array(json, "components");
    for (size_t i = 0; i < release->components; i++) describe_component(&release->component[i], json);
    hm_json_close_array(json);
    if (release->exception.size) hm_json_hex(json, "device", of(release->exception));
    hm_json_string(json, "publisher", publisher);
    hm_json_string(json, "purpose", release->purpose == HMV_PURPOSE_DEVELOPMENT ? "development" : "production");
    hm_json_number(json, "sequence", (int64_t)release->sequence);
    hm_json_text(json, "version", of(release->version));
    hm_json_close_object(json);
}
