/* The manifest of the native update format, as its maker fills it in: docs/manifest.md has the CDDL, RFC 9124 the
 * meaning of each field. Reading one is libhallmark-verify's business. */
#ifndef HM_PKI_MANIFEST_H
#define HM_PKI_MANIFEST_H

#include <pki/cose.h>

enum {
    HM_MANIFEST_MAX = 8192, /* bytes, encoded: what a core takes */
    HM_MANIFEST_COMPONENTS = 8,
    HM_MANIFEST_DEPENDENCIES = 8,
    HM_MANIFEST_SIGNERS = 4,
    HM_MANIFEST_NOTES = 16,
    HM_MANIFEST_ID = 32, /* characters */
    HM_MANIFEST_TEXT = 64,
    HM_MANIFEST_DEVICE = 32 /* bytes */
};

/* Numbers below zero that tools give a meaning; devices skip them. */
enum { HM_NOTE_FILE = -1 /* of a component: the payload's file name */ };

typedef enum {
    HM_COMPONENT_FIRMWARE = 1,
    HM_COMPONENT_BOOTLOADER = 2,
    HM_COMPONENT_APPLICATION = 3,
    HM_COMPONENT_CONFIGURATION = 4,
    HM_COMPONENT_SCRIPT = 5,
    HM_COMPONENT_PARAMETERS = 6,
    HM_COMPONENT_TRUST_LIST = 7
} hm_component_kind;
/* "firmware" ... "trust-list"; NULL, or a refusal that lists them. */
const char *hm_component_kind_name(uint64_t kind);
HM_MUST_USE hm_err hm_component_kind_by_name(hm_bytes name, hm_component_kind *kind);

typedef enum { HM_PURPOSE_PRODUCTION = 1, HM_PURPOSE_DEVELOPMENT = 2 } hm_manifest_purpose;

/* Strings are views; printable ASCII without control characters, 1 to HM_MANIFEST_ID or HM_MANIFEST_TEXT. */
typedef struct {
    hm_bytes id;
    hm_component_kind kind;
    uint64_t size; /* of the payload */
    hm_digest digest;
    hm_bytes version;
    uint64_t security_version;
    hm_bytes destination; /* empty: none */
    hm_bytes file;        /* HM_NOTE_FILE, UTF-8; empty: none */
} hm_manifest_component;

typedef struct {
    uint8_t publisher[HM_UUID_LEN];
    hm_bytes component;
    uint64_t security_version, sequence; /* at least */
} hm_manifest_dependency;

typedef struct {
    int64_t number; /* below zero */
    bool is_text;
    hm_bytes text;
    uint64_t value;
} hm_manifest_note;

typedef struct {
    uint8_t publisher[HM_UUID_LEN], vendor[HM_UUID_LEN], class_id[HM_UUID_LEN];
    hm_bytes version;
    uint64_t sequence;
    hm_manifest_purpose purpose;
    size_t signers;
    uint8_t signer[HM_MANIFEST_SIGNERS][HM_KID_LEN];
    size_t components;
    hm_manifest_component component[HM_MANIFEST_COMPONENTS];
    size_t dependencies;
    hm_manifest_dependency dependency[HM_MANIFEST_DEPENDENCIES];
    bool has_minimum_list;
    uint64_t minimum_list;
    hm_bytes device; /* downgrade exception; empty: none */
    size_t notes;
    hm_manifest_note note[HM_MANIFEST_NOTES]; /* in any order */
} hm_manifest;

/* Append the encoding of MANIFEST; a refusal that names the field if it is not one that a device takes: bounds, texts,
 * an id or a signer twice, an empty payload. */
HM_MUST_USE hm_err hm_manifest_put(const hm_manifest *manifest, hm_buf *cbor);

#endif
