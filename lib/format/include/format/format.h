/* File formats: pure transformations. A module never sees a key, prints nothing, reads no command-line option.
 *
 * One order of events for signing and for verifying, whatever the format:
 *
 *   open        parse once into the module's own checked structure (an hm_subject)
 *   signatures  what signatures the subject carries already (DER, views owned by the subject)
 *   digest      compute the format's own digest(s) over the bytes that are covered, in one pass; when signing, the same
 * pass copies the bytes that it hashed to the output, so what is signed is what is written embed       put a new
 * signature in: the rest of the output, its patches, or the detached file
 *
 * The verdict on a signature against a digest is lib/pki's. */
#ifndef HM_FORMAT_FORMAT_H
#define HM_FORMAT_FORMAT_H

#include <base/io.h>
#include <base/json.h>
#include <pki/signed.h>

typedef enum {
    HM_FORMAT_CMS = 1,
    HM_FORMAT_CATALOGUE = 2,
    HM_FORMAT_PE = 3,
    HM_FORMAT_NATIVE = 4
} hm_format_id; /* stored in the log */

/* A folder, as the process that opens files shows it. Entries come depth first, the names of one folder in byte order.
 */
typedef enum { HM_ENTRY_FILE, HM_ENTRY_FOLDER, HM_ENTRY_LINK, HM_ENTRY_OTHER } hm_entry_kind;
typedef struct {
    hm_entry_kind kind;
    hm_bytes path;     /* relative, no leading "./"; valid until the next call */
    uint32_t mode;     /* permission bits 07777 */
    hm_bytes target;   /* of a link */
    hm_source content; /* of a file; valid until the next call */
} hm_entry;
typedef struct {
    void *context;
    /* *MORE is false behind the last entry. */
    hm_err (*next)(void *context, hm_entry *entry, bool *more);
} hm_tree;

/* The payloads of an envelope, which lie outside it, as the caller finds them. */
typedef struct {
    void *context;
    /* A refusal if the user named a file that is none of them: nobody shall think that it was verified. FILES are the
     * names that the signer gave the COUNT payloads; empty: none. NULL: no file can be named. */
    hm_err (*check)(void *context, const hm_bytes *files, size_t count);
    /* The payload of component number INDEX. *FOUND false if it is not there. *NAMED: what the user called the file
     * that is taken for it, if the signer did not call it so; NULL otherwise. CONTENT is valid until the next call. */
    hm_err (*find)(void *context, const hm_bytes *files, size_t count, size_t index, hm_source *content,
                   const char **named, bool *found);
    bool partial; /* signatures may still be to come: who co-signs looks at the envelope before it is whole */
} hm_payloads;

/* What is to be signed or verified. */
typedef struct {
    hm_source content;           /* the file itself; for a catalogue of a folder: unused */
    const hm_tree *tree;         /* the folder; NULL unless the format takes folders */
    const hm_source *detached;   /* FILE.p7s where one exists; NULL otherwise */
    const hm_source *catalogue;  /* SHA256SUMS where one exists; NULL otherwise */
    const hm_payloads *payloads; /* of a native envelope; NULL: only the envelope itself is looked at */
} hm_input;

/* A finding about one part of a subject that is not as signed: reported by catalogues ("added: PATH"). */
typedef void (*hm_finding)(void *context, const char *text);

typedef struct hm_format hm_format;
typedef struct hm_subject hm_subject; /* each module defines its own; the first member is the module's hm_format */

enum { HM_DIGESTS_MAX = 3 };
typedef struct {
    size_t count;
    hm_digest digest[HM_DIGESTS_MAX]; /* by caller: .algorithm asks; by callee: value filled */
} hm_digests;

struct hm_format {
    hm_format_id id;
    const char *name;        /* --format NAME */
    const char *description; /* one line for --help and inspect */
    hm_structure structure;
    bool takes_folder;
    bool detached;      /* the signature is a file of its own, SUFFIX behind the name */
    const char *suffix; /* ".p7s" */
    bool several;       /* the format holds several signatures */
    /* Key algorithms that the format's verifiers accept, best first, zero-terminated. Called on an opened subject
     * because EFI and Windows images differ. */
    const hm_key_algorithm *(*algorithms)(const hm_subject *subject);
    /* What a signature does not cover, a sentence each, NULL-terminated: `inspect` prints it, the mutation test uses
     * it. */
    const char *const *uncovered;

    /* Does this format claim a file that begins with HEAD (up to 4 KiB)? */
    bool (*probe)(hm_bytes head, uint64_t size);
    HM_MUST_USE hm_err (*open)(const hm_input *input, hm_subject **subject);
    void (*close)(hm_subject *subject);
    size_t (*signatures)(const hm_subject *subject);
    hm_bytes (*signature)(const hm_subject *subject, size_t index);
    /* Compute DIGESTS, and PLAIN (SHA-256 of the file as it is; NULL when not wanted) in one pass. COPY, when not NULL,
     * receives the content that will carry the signature. FINDING may be called for parts not as signed (a fault
     * follows). */
    HM_MUST_USE hm_err (*digest)(hm_subject *subject, hm_digests *digests, hm_digest *plain, hm_sink *copy,
                                 hm_finding finding, void *context);
    /* Write what completes the output after `digest` copied the content: COPY is the same sink (embedded formats) or
     * the sink of the detached file. REPLACE: drop the signatures that are there instead of adding to them. */
    HM_MUST_USE hm_err (*embed)(hm_subject *subject, hm_bytes signature, bool replace, hm_sink *sink);
    /* The part of inspect that only this format knows, as lines of text; may be NULL. */
    HM_MUST_USE hm_err (*describe)(const hm_subject *subject, hm_buf *lines);
    /* The same as members of an object; may be NULL. */
    void (*describe_json)(const hm_subject *subject, hm_json *json);
};

extern const hm_format hm_format_cms, hm_format_catalogue, hm_format_pe, hm_format_native;

/* All formats, most specific first, NULL-terminated. */
extern const hm_format *const hm_formats[];
const hm_format *hm_format_by_name(const char *name);                     /* NULL if unknown */
const hm_format *hm_format_of(hm_bytes head, uint64_t size, bool folder); /* never NULL */

#endif
