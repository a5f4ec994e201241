/* libhallmark-verify: is this update from the expected publisher for this product, unmodified, new enough, not revoked
 * and logged? Decided without network, clock or allocation. docs/manifest.md defines every byte, docs/device.md is the
 * integrator's guide, STDLIB.md lists the outside symbols.
 *
 *     1. hmv_trust_open       the trust list that the device holds is genuine
 *     2. hmv_release_verify   the envelope's signatures, manifest, receipts and the device's policy: an hmv_release
 *     3. hmv_payload_*        each component's bytes are those that the release names
 *        or hmv_stream_*      2 and 3 over a packed stream, as it arrives
 *     4. the device installs or boots, and when the new image has confirmed itself raises its counters (P7)
 *
 * Everything is a view into bytes that the caller holds and that must not change while a decision is made and used: a
 * flash that somebody else can write is copied to RAM first. Nothing that was read is believed before the signatures
 * over it have been verified.
 *
 * Against a skipped instruction: a decision is made twice, each time from the bytes; an accepting answer is one value
 * that no single fault produces (HMV_ACCEPTED, 32 bits, far from every reason, from zero and from all ones); every step
 * that must happen leaves its mark in a flow counter that the answer is made of. The caller's own test of the answer
 * is the last link: HMV_IS_ACCEPTED tests it twice. */
#ifndef HALLMARK_VERIFY_H
#define HALLMARK_VERIFY_H

#include <hallmark/verify_algorithm.h>

/* Bounds of the format, version 1. */
enum {
    HMV_ENVELOPE_MAX = 16384, /* bytes */
    HMV_TRUST_MAX = 16384,
    HMV_SIGNATURES_MAX = 4,
    HMV_COMPONENTS_MAX = 8,
    HMV_DEPENDENCIES_MAX = 8,
    HMV_ROOTS_MAX = 8,
    HMV_UUID_SIZE = 16,
    HMV_KID_SIZE = 32, /* COSE Key Thumbprint with SHA-256, RFC 9679 */
    HMV_ID_MAX = 32,
    HMV_TEXT_MAX = 64
};

/* Why not. Small numbers, never reused; hmv_reason_text (reason.c) has a sentence for each. */
typedef uint32_t hmv_reason;
#define HMV_ACCEPTED ((hmv_reason)HMV_GOOD)
enum {
    HMV_UNDECIDED = 0, /* what an answer is before it is one */
    HMV_MORE = 1,      /* hmv_stream: so far nothing is wrong, and nothing is accepted */
    /* the encoding */
    HMV_TOO_LARGE = 2, /* over one of the format's bounds, or over the caller's buffer */
    HMV_MALFORMED = 3, /* not CBOR, not deterministic CBOR, not the structure of docs/manifest.md, or bytes left over */
    HMV_UNKNOWN_VERSION = 4,
    HMV_UNKNOWN_CRITICAL = 5, /* a field or header that must be understood is not */
    /* signatures */
    HMV_NO_SIGNATURE = 10,       /* none by a key that the trust list knows */
    HMV_BAD_SIGNATURE = 11,      /* one by a known key does not verify */
    HMV_UNKNOWN_ALGORITHM = 12,  /* a known key's algorithm is not in the table, or the signature's is another */
    HMV_SIGNERS_DIFFER = 13,     /* the signatures are not those that the manifest lists */
    HMV_TOO_FEW_SIGNATURES = 14, /* fewer than the trust list asks of this publisher, or of the roots */
    HMV_REVOKED_KEY = 15,
    HMV_TWICE = 16, /* the same key signs, or the same thing is listed, twice */
    /* the receipt */
    HMV_NO_RECEIPT = 20, /* the trust list asks for one */
    HMV_BAD_RECEIPT = 21,
    /* the release and this device */
    HMV_UNKNOWN_PUBLISHER = 30,
    HMV_RETIRED_PUBLISHER = 31, /* nothing new of a retired publisher installs; what is installed still boots */
    HMV_OTHER_VENDOR = 32,
    HMV_OTHER_CLASS = 33,
    HMV_KIND_NOT_ALLOWED = 34, /* the publisher may not sign this kind of component */
    HMV_DEVELOPMENT = 35,      /* a purpose that device or publisher are not for, mostly: development */
    HMV_OLD_SEQUENCE = 36,
    HMV_OLD_SECURITY_VERSION = 37, /* below the device's counter */
    HMV_BELOW_MINIMUM = 38,        /* below the trust list's minimum */
    HMV_OTHER_DEVICE = 39,         /* a downgrade exception for another device */
    HMV_OLD_TRUST_LIST = 40,       /* the release asks for a newer list than the device holds */
    HMV_MISSING_DEPENDENCY = 41,
    HMV_STATE_FAULT = 42, /* the platform could not tell its state or counter */
    HMV_UNKNOWN_ACT = 43, /* the caller asked for neither HMV_INSTALL nor HMV_BOOT */
    /* payloads */
    HMV_READ_FAULT = 50,
    HMV_SHORT_PAYLOAD = 51,
    HMV_LONG_PAYLOAD = 52,
    HMV_OTHER_PAYLOAD = 53, /* the digest is another */
    HMV_WRITE_FAULT = 54,
    /* trust lists */
    HMV_OLD_LIST = 60,          /* older than the one in force, or than the least that the device opens */
    HMV_SAME_LIST = 61,         /* it is in force already: nothing to do */
    HMV_LIST_FORK = 62,         /* another list of the same version */
    HMV_OTHER_ROOTS = 63,       /* not of the root set that the device holds */
    HMV_ROOTS_UNKNOWN = 64,     /* signed by roots of which the device knows too few: lists between are missing */
    HMV_NEW_ROOTS_SIGN_NOT = 65 /* the new roots' own threshold is not met */
};
#define HMV_IS_ACCEPTED(answer) (hmv_is_accepted(&(answer)) == HMV_GOOD && hmv_is_accepted(&(answer)) == HMV_GOOD)
hmv_verdict hmv_is_accepted(const volatile hmv_reason *answer);
/* One sentence in English, for a console; "unknown reason" for others. In a file of its own, which a product may leave
 * out. */
const char *hmv_reason_text(hmv_reason reason);

/* A digest algorithm for payloads (COSE numbers: SHA-256 -16, SHA-384 -43, SHA-512 -44). */
typedef union hmv_hash {
    hmv_sha256 sha256;
    hmv_sha512 sha512;
} hmv_hash;
typedef struct hmv_digest {
    int32_t id;
    uint32_t size;
    void (*init)(hmv_hash *hash);
    void (*update)(hmv_hash *hash, const uint8_t *data, size_t size);
    void (*final)(hmv_hash *hash, uint8_t digest[HMV_DIGEST_MAX]);
} hmv_digest;
extern const hmv_digest hmv_digest_sha256, hmv_digest_sha384, hmv_digest_sha512;

/* What the device is. */
typedef struct hmv_device {
    uint8_t vendor[HMV_UUID_SIZE];
    uint8_t class_id[HMV_UUID_SIZE];
    hmv_bytes id;            /* 1 to 32 bytes, for downgrade exceptions; size 0: none is ever accepted */
    hmv_verdict development; /* HMV_GOOD: development releases may be accepted; anything else: production */
} hmv_device;

/* What the device remembers and can read. Any answer but HMV_GOOD refuses. */
typedef struct hmv_platform {
    void *context;
    /* The sequence number last installed of COMPONENT of PUBLISHER; 0: none yet. */
    hmv_verdict (*state)(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *sequence);
    /* Its rollback counter: the security version below which nothing is accepted; 0: none yet. */
    hmv_verdict (*counter)(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *security_version);
    /* Bytes of the payload of component number INDEX of the release. May be NULL if hmv_payload_read is not used. */
    hmv_verdict (*read)(void *context, size_t index, uint64_t offset, uint8_t *data, size_t size);
} hmv_platform;

/* The verifier as a product puts it together; constant. */
typedef struct hmv_config {
    const hmv_algorithm *const *algorithms; /* NULL-terminated */
    const hmv_digest *const *digests;       /* NULL-terminated */
    const hmv_device *device;
    const hmv_platform *platform;
} hmv_config;

/* A trust list that was found genuine: views into its bytes. */
typedef struct hmv_trust {
    uint64_t version;
    hmv_bytes list;       /* the signed payload */
    uint64_t threshold;   /* of the roots */
    hmv_bytes root_set;   /* CBOR: [threshold, [+ COSE_Key]] */
    hmv_bytes roots;      /* CBOR: the array of COSE_Keys */
    hmv_bytes publishers; /* CBOR: the arrays of docs/manifest.md */
    hmv_bytes revoked;
    hmv_bytes minimums;
    hmv_bytes logs;
} hmv_trust;

/* Is ENVELOPE a trust list signed by a threshold of its own roots, are those the roots whose root-set has the SHA-256
 * ROOTS, and is it of LEAST_VERSION or newer (HMV_OLD_LIST)? On acceptance TRUST is filled; otherwise it is all zero.
 * The device keeps ROOTS and LEAST_VERSION where nobody else can write: the version of each list that it takes becomes
 * the least. An older list by the same roots is as genuine as the one in force, and would undo what that revokes; with
 * LEAST_VERSION 0 nothing tells them apart. */
hmv_reason hmv_trust_open(const hmv_config *config, hmv_bytes envelope, const uint8_t roots[HMV_SHA256_SIZE],
                          uint64_t least_version, hmv_trust *trust);
/* May ENVELOPE take the place of CURRENT? A higher version; signed by the threshold of the current roots and by that of
 * its own. A device that missed lists is given each of them in order. On acceptance NEXT is filled; ROOTS and
 * NEXT->version are what hmv_trust_open will be given from now on. Otherwise both are all zero and CURRENT stays in
 * force. HMV_ROOTS_UNKNOWN: also, whatever is offered, if CURRENT is none that was accepted (all zero: it has no
 * roots), and if NEXT is CURRENT itself, which is then left as it is. */
hmv_reason hmv_trust_update(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope, hmv_trust *next,
                            uint8_t roots[HMV_SHA256_SIZE]);

typedef enum hmv_kind {
    HMV_KIND_FIRMWARE = 1,
    HMV_KIND_BOOTLOADER = 2,
    HMV_KIND_APPLICATION = 3,
    HMV_KIND_CONFIGURATION = 4,
    HMV_KIND_SCRIPT = 5,
    HMV_KIND_PARAMETERS = 6,
    HMV_KIND_TRUST_LIST = 7
} hmv_kind;
enum { HMV_PURPOSE_PRODUCTION = 1, HMV_PURPOSE_DEVELOPMENT = 2 };

typedef struct hmv_component {
    hmv_bytes id; /* text */
    uint32_t kind;
    uint64_t size; /* of the payload, bytes */
    const hmv_digest *digest_algorithm;
    hmv_bytes digest;
    hmv_bytes version; /* text, for people */
    uint64_t security_version;
    hmv_bytes destination; /* text; the device's own name of the place; may be empty */
} hmv_component;

/* A release that was accepted: views into the envelope. */
typedef struct hmv_release {
    hmv_bytes manifest;
    hmv_bytes publisher, vendor, class_id;
    hmv_bytes version; /* text */
    uint64_t sequence;
    uint32_t purpose;
    size_t signers;
    size_t unknown_signers; /* signatures by keys that the trust list does not know: skipped, and here to be reported */
    hmv_bytes exception;    /* the one device that may go back; empty: none */
    uint64_t minimum_list;
    hmv_bytes signer_ids, component_list, dependencies; /* CBOR arrays; no dependencies: size 0 */
    size_t components;
    hmv_component component[HMV_COMPONENTS_MAX];
} hmv_release;

/* What is asked: to install asks for a sequence number above the installed one, an active publisher, satisfied
 * dependencies and the counters; to boot asks for the counters, for what was installed before. Both ask for signatures,
 * revocation, receipts, device and minimum versions. */
typedef uint32_t hmv_act;
#define HMV_INSTALL ((hmv_act)0x6996A55Au)
#define HMV_BOOT ((hmv_act)0x96695AA5u)

/* The decision, over all components of the release together. On acceptance RELEASE is filled; otherwise it is all zero.
 * An act that is neither refuses. At boot too one component below its counter or minimum refuses the release, also
 * where another release has replaced that component since: what is updated alone needs releases of its own, of one
 * component (docs/device.md). */
hmv_reason hmv_release_verify(const hmv_config *config, const hmv_trust *trust, hmv_act act, hmv_bytes envelope,
                              hmv_release *release);

/* For tools that build, show and archive releases and trust lists: the parsers alone. They decide nothing: no
 * signature, trust list, device or state is looked at. HMV_ACCEPTED means here: MANIFEST (the payload of an envelope),
 * or LIST (that of a trust list's envelope), is as docs/manifest.md says, all of it, and RELEASE or TRUST holds views
 * into it. Of RELEASE `unknown_signers` is 0. A payload's digest must be one of DIGESTS (NULL-terminated). */
hmv_reason hmv_manifest_read(const hmv_digest *const *digests, hmv_bytes manifest, hmv_release *release);
hmv_reason hmv_trust_read(hmv_bytes list, hmv_trust *trust);

/* One payload, piece by piece. `final` accepts only if exactly the component's size was seen, with its digest. */
typedef struct hmv_payload {
    const hmv_component *component;
    uint64_t seen;
    hmv_reason fault;
    hmv_hash hash;
} hmv_payload;
void hmv_payload_init(hmv_payload *payload, const hmv_component *component);
void hmv_payload_update(hmv_payload *payload, const uint8_t *data, size_t size);
hmv_reason hmv_payload_final(hmv_payload *payload);
/* The same, reading component number INDEX through the platform by BUFFER. */
hmv_reason hmv_payload_read(const hmv_config *config, const hmv_release *release, size_t index, hmv_payload *payload,
                            uint8_t *buffer, size_t size);

/* A packed stream (docs/manifest.md): envelope, then each payload. The envelope is gathered in BUFFER and decided on
 * before the first payload byte is handed on. WRITE gets every payload byte once, in order; what it was given counts
 * for nothing before `feed` has answered HMV_ACCEPTED, which it does exactly once: with the stream's last byte. */
typedef struct hmv_stream {
    const hmv_config *config;
    const hmv_trust *trust;
    hmv_act act;
    uint8_t *buffer;
    size_t buffer_size;
    hmv_verdict (*write)(void *context, const hmv_release *release, size_t index, uint64_t offset, const uint8_t *data,
                         size_t size);
    void *write_context;
    /* The rest is the stream's own. */
    hmv_reason answer, joined;
    uint32_t phase;
    uint8_t head[16];
    size_t head_size, items;
    size_t envelope_size, gathered;
    size_t index;
    hmv_payload payload;
    hmv_release release;
} hmv_stream;
/* The public members are set before. */
void hmv_stream_init(hmv_stream *stream);
/* HMV_MORE, HMV_ACCEPTED, or the reason; a refusal is final, and so is acceptance: a byte behind it is refused. */
hmv_reason hmv_stream_feed(hmv_stream *stream, const uint8_t *data, size_t size);

#endif
