/* Verifying, inspecting, and holding a signature against the log, as the parsing process does it. */
#ifndef HM_APP_PARSE_CHECK_H
#define HM_APP_PARSE_CHECK_H

#include "parser.h"

#include <tlog/note.h>

typedef struct {
    const char *format, *product;
    hm_bytes trust;         /* PEM, or if LIST is set a trust list or bundle */
    hm_bytes tsa_trust;     /* PEM, the roots of timestamping authorities; empty: those in TRUST */
    const char *trust_name; /* as the user wrote it; NULL: the office's own */
    bool list;
    bool has_class; /* with a list: the devices that are meant; otherwise those of the envelope */
    uint8_t vendor[HM_UUID_LEN], class_id[HM_UUID_LEN];
    hm_bytes device; /* with a list: whose downgrade exception counts; empty: nobody's */
    bool require_log;
    hm_bytes crls; /* files of revocation lists: u32 length and content each (revocation_files.h) */
    bool crl_required;
    bool has_log_key;
    hm_note_key log_key;
    int64_t now;
    bool write_proof;            /* log prove */
    hm_bytes keys;               /* for the log: the office's signing keys, u16 length and SubjectPublicKeyInfo each */
    bool payloads;               /* of envelopes are verified too */
    const bool *envelope_beside; /* by operand: is FILE.cose there? */
    size_t gather;               /* so many operands: an envelope and payloads of it; 0: each is for itself */
    const struct hm_published_files *published; /* publish: only say whether a file is among them; or NULL */
} hm_check_orders;

HM_MUST_USE hm_err hm_parse_verify(hm_parser *parser, void *orders);
HM_MUST_USE hm_err hm_parse_inspect(hm_parser *parser, void *orders);
/* log check FILE, log prove FILE: asks the core for the proof, checks it, and writes it if that is wanted. */
HM_MUST_USE hm_err hm_parse_logged(hm_parser *parser, void *orders);

#endif
