/* The language of the core: what a front may say to the process that holds token, database and log, and what it hears.
 *
 * A frame is u32 BE length (of what follows) and a message: u16 BE type, then the type's fields in order; a number is
 * u64 BE, bytes and text are u32 BE length and content. The table in wire_table.c says which fields each type has and
 * how long each may be; docs/core-language.md is that table for readers, and a test holds the two together. Anything
 * else (an unknown type, a field too long or too short, bytes left over) is a fault, and the core closes the
 * connection. */
#ifndef HM_CORE_WIRE_H
#define HM_CORE_WIRE_H

#include <base/bytes.h>

enum { HM_WIRE_VERSION = 11, HM_WIRE_FIELDS = 12, HM_WIRE_FRAME_MAX = 1 << 20 };

/* Types. Questions are odd, answers are even. */
typedef enum {
    HM_MSG_HELLO = 1,
    HM_MSG_WELCOME = 2,
    HM_MSG_DONE = 4,
    HM_MSG_FAULT = 6,
    HM_MSG_BYTES = 8,    /* answers to several questions */
    HM_MSG_CLOSING = 10, /* the last word, when the peer has finished */
    HM_MSG_NARROW = 11,
    HM_MSG_PREPARE = 13,
    HM_MSG_PREPARED = 14,
    HM_MSG_SIGN = 15,
    HM_MSG_SIGNED = 16,
    HM_MSG_PRODUCT_ADD = 21,
    HM_MSG_PRODUCT_LIST = 23,
    HM_MSG_PRODUCT = 24,
    HM_MSG_KEY_LIST = 31,
    HM_MSG_KEY = 32,
    HM_MSG_KEY_GENERATE = 33,
    HM_MSG_KEY_IMPORT = 35,
    HM_MSG_CERT_LIST = 37,
    HM_MSG_CERT = 38,
    HM_MSG_CERT_REQUEST = 41,
    HM_MSG_CERT_IMPORT = 43,
    HM_MSG_CERT_REVOKE = 45,
    HM_MSG_CRL = 47,
    HM_MSG_CERT_RENEW = 49,
    HM_MSG_LOG_PUBLISH = 51,
    HM_MSG_LOG_LIST = 53,
    HM_MSG_LOG_ENTRY = 54,
    HM_MSG_LOG_PROVE = 55,
    HM_MSG_LOG_AUDIT = 57,
    HM_MSG_LOG_AUDITED = 58,
    HM_MSG_LOG_RECEIPT = 59,
    HM_MSG_TRUST = 61,
    HM_MSG_TRUST_KEY = 63,
    HM_MSG_NARROW_LIST = 65,
    HM_MSG_TRUST_SIGN = 67,
    HM_MSG_LOG_KEY = 69,
    HM_MSG_STATEMENT_NEXT = 71,
    HM_MSG_STATEMENT_PLACE = 72,
    HM_MSG_STATEMENT_ADD = 73,
    HM_MSG_STATEMENT_LIST = 75,
    HM_MSG_STATEMENT = 76,
    HM_MSG_REQUEST_BEGIN = 77,
    HM_MSG_NOTED = 78,
    HM_MSG_REQUEST_CLOSE = 79,
    HM_MSG_REQUEST_MADE = 80,
    HM_MSG_REQUEST_LIST = 81,
    HM_MSG_REQUEST = 82,
    HM_MSG_REQUEST_DECIDE = 83,
    HM_MSG_PUBLISH_BEGIN = 85,
    HM_MSG_PUBLISH_FILE = 87,
    HM_MSG_PUBLISH_CLOSE = 89,
    HM_MSG_PUBLISH_WANTED = 90,
    HM_MSG_PUBLISH_PUT = 91,
    HM_MSG_PUBLISH_COMMIT = 93,
    HM_MSG_PUBLISH_MADE = 94,
    HM_MSG_PUBLISH_WITHDRAW = 95,
    HM_MSG_PUBLISH_LIST = 97,
    HM_MSG_PUBLISHED = 98,
    HM_MSG_PROVE_KEY = 101,
    HM_MSG_KNOWN = 102,
    HM_MSG_PROVE_TOKEN = 103,
    HM_MSG_WIDEN = 105,
    HM_MSG_REPEATABLE = 107,
    HM_MSG_ALARMS = 109,
    HM_MSG_ALARMED = 110,
    HM_MSG_TIMESTAMP = 111,
    HM_MSG_LOG_SEARCH = 113,
    HM_MSG_LOG_SEARCHED = 114,
    HM_MSG_LOG_INCLUDE = 115,
    HM_MSG_LOG_SEARCHING = 116,
    HM_MSG_TSA_SET = 121,
    HM_MSG_TSA_SHOW = 123,
    HM_MSG_TSA = 124,
    HM_MSG_EXPIRIES = 127,
    HM_MSG_EXPIRY = 128
} hm_message_type;

/* Field numbers by type. */
enum { HM_HELLO_VERSION };
enum {
    HM_WELCOME_VERSION,
    HM_WELCOME_UUID,
    HM_WELCOME_ORGANIZATION,
    HM_WELCOME_ORIGIN,
    HM_WELCOME_DEVELOPMENT,
    HM_WELCOME_CHALLENGE /* of this session: what is signed by who proves that a key is his */
};
enum { HM_FAULT_TAG, HM_FAULT_CLASS, HM_FAULT_SENTENCE };
enum { HM_BYTES_CONTENT }; /* of log-prove: empty when no entry names the signature */
enum {
    HM_CLOSING_UNPUBLISHED
}; /* 1: entries are behind the checkpoint; somebody should ask for log-publish in a second */
/* No product: 0 signatures, only PROOFS. */
enum {
    HM_NARROW_PRODUCT,
    HM_NARROW_RELEASE,
    HM_NARROW_FORMATS, /* bit n: entries of format n, and what goes with it */
    HM_NARROW_SIGNATURES,
    HM_NARROW_SEQUENCE,         /* of the manifests; 0: nobody chose it */
    HM_NARROW_SECURITY_VERSION, /* no component's is higher */
    HM_NARROW_COSIGN,           /* an envelope: its manifest, of another publisher, and no other; empty: our own */
    HM_NARROW_PROOFS,           /* so many times log-prove; with a product 0 */
    HM_NARROW_DOCUMENTS         /* that go with what is signed: hm_documents (policy/request.h) */
};
enum { HM_PREPARE_STRUCTURE, HM_PREPARE_ALGORITHMS }; /* one octet per key algorithm, best first */
/* SEQUENCE: of manifests, the highest number that the product has given so far. */
enum { HM_PREPARED_ALGORITHM, HM_PREPARED_CERTIFICATE, HM_PREPARED_SEQUENCE };
enum {
    HM_SIGN_TAG,
    HM_SIGN_FORMAT,
    HM_SIGN_STRUCTURE,
    HM_SIGN_ALGORITHM,
    HM_SIGN_NAME,
    HM_SIGN_SIZE,
    HM_SIGN_PLAIN,
    HM_SIGN_CONTENT,
    HM_SIGN_STATEMENT,  /* the manifest, for COSE; otherwise empty */
    HM_SIGN_PRESENT,    /* SHA-256 of the signature that is there already, if that will do for this release; or empty */
    HM_SIGN_CERTIFICATE /* SHA-256 of the one that was announced, whose key signs, also when another follows it; or
                           empty */
};
/* REMARK: for who has it signed; empty: nothing. */
enum { HM_SIGNED_TAG, HM_SIGNED_INTENT, HM_SIGNED_OUTCOME, HM_SIGNED_STRUCTURE, HM_SIGNED_REMARK };
enum { HM_PRODUCT_ADD_NAME, HM_PRODUCT_ADD_ALGORITHMS }; /* bit n: key algorithm n */
enum { HM_PRODUCT_LIST_NAME };                           /* empty: all */
enum { HM_PRODUCT_NAME, HM_PRODUCT_VENDOR, HM_PRODUCT_CLASS, HM_PRODUCT_ALGORITHMS, HM_PRODUCT_CREATED };
enum { HM_KEY_LIST_PRODUCT }; /* empty: all */
enum {
    HM_KEY_PRODUCT,
    HM_KEY_ROLE,
    HM_KEY_ALGORITHM,
    HM_KEY_TOKEN_ID,
    HM_KEY_SPKI,
    HM_KEY_CERTIFICATE,
    HM_KEY_CHAIN,
    HM_KEY_MARKS, /* hm_key_mark */
    HM_KEY_CREATED,
    HM_KEY_STATE,   /* policy/key_state.h */
    HM_KEY_RELEASE, /* whose alone it is; empty: it is not a release's */
    HM_KEY_SIGNS    /* the next signature of its product and algorithm is made with it */
};
/* Its certificate comes from another authority; it was made elsewhere; its certificate is revoked. */
typedef enum { HM_KEY_CHAIN_IMPORTED = 1, HM_KEY_IMPORTED = 2, HM_KEY_CERTIFICATE_REVOKED = 4 } hm_key_mark;
enum { HM_KEY_GENERATE_PRODUCT, HM_KEY_GENERATE_ALGORITHM, HM_KEY_GENERATE_NEXT, HM_KEY_GENERATE_RELEASE };
enum { HM_KEY_IMPORT_PRODUCT, HM_KEY_IMPORT_ALGORITHM, HM_KEY_IMPORT_WAS }; /* WAS: its CKA_ID in the token */
enum { HM_CERT_REQUEST_PRODUCT, HM_CERT_REQUEST_ALGORITHM };
enum { HM_CERT_IMPORT_PRODUCT, HM_CERT_IMPORT_ALGORITHM, HM_CERT_IMPORT_CHAIN };
enum { HM_CERT_LIST_PRODUCT }; /* empty: all */
/* Each that is on record, oldest first. */
enum {
    HM_CERT_PRODUCT,
    HM_CERT_ROLE,
    HM_CERT_SERIAL,
    HM_CERT_SUBJECT,
    HM_CERT_CERTIFICATE, /* SHA-256 of its DER */
    HM_CERT_NOT_AFTER,
    HM_CERT_MARKS,      /* hm_cert_mark */
    HM_CERT_REASON,     /* of its revocation: pki/crl.h */
    HM_CERT_REVOKED,    /* when; 0: it is not */
    HM_CERT_INVALIDITY, /* since when it may have been bad; 0: not said */
    HM_CERT_KEY         /* its key's id in the token; empty: an entry of an older version does not say */
};
typedef enum { HM_CERT_CURRENT = 1, HM_CERT_IMPORTED = 2 } hm_cert_mark;
enum { HM_CERT_REVOKE_CERTIFICATE, HM_CERT_REVOKE_REASON, HM_CERT_REVOKE_INVALIDITY };
/* PRODUCT empty: the root's list. DAYS: how long a new one counts, 0: as usual. The answer is DER. */
enum { HM_CRL_PRODUCT, HM_CRL_DAYS_FIELD, HM_CRL_RENEW };
/* DAYS 0: as usual */
enum { HM_CERT_RENEW_PRODUCT, HM_CERT_RENEW_ALGORITHM, HM_CERT_RENEW_DAYS, HM_CERT_RENEW_RELEASE };
enum { HM_LOG_LIST_FROM, HM_LOG_LIST_COUNT }; /* from 2^64-1: the last COUNT */
enum { HM_LOG_ENTRY_INDEX, HM_LOG_ENTRY_LEAF, HM_LOG_ENTRY_SALT, HM_LOG_ENTRY_DETAILS };
/* Conditions, all of which must hold; empty, or 0: none. TYPE: a word of docs/log.md. SINCE <= time < UNTIL. FROM:
 * entries with lower numbers are passed over. LIMIT: of hits; 0: none, for a front as many as there may be. COMPLETE:
 * every entry is read, from the first of the window on. */
enum {
    HM_LOG_SEARCH_KEY,
    HM_LOG_SEARCH_PRINCIPAL,
    HM_LOG_SEARCH_PRODUCT,
    HM_LOG_SEARCH_RELEASE,
    HM_LOG_SEARCH_DIGEST,
    HM_LOG_SEARCH_TYPE,
    HM_LOG_SEARCH_SINCE,
    HM_LOG_SEARCH_UNTIL,
    HM_LOG_SEARCH_FROM,
    HM_LOG_SEARCH_LIMIT,
    HM_LOG_SEARCH_COMPLETE
};
/* Behind the hits. NEXT: more may follow from there on; SIZE: none do. The rest is of complete searches
 * (core/search.h). */
enum {
    HM_LOG_SEARCHED_NEXT,
    HM_LOG_SEARCHED_SIZE,
    HM_LOG_SEARCHED_COMPLETE,
    HM_LOG_SEARCHED_FIRST,
    HM_LOG_SEARCHED_ROOT,
    HM_LOG_SEARCHED_ERASED,
    HM_LOG_SEARCHED_WHY
};
enum { HM_LOG_SEARCHING_DONE, HM_LOG_SEARCHING_ALL }; /* entries: how far it has come, once a second */
enum { HM_LOG_INCLUDE_INDEX };                        /* an entry: that it is in the tree, as a C2SP tlog-proof */
enum { HM_LOG_PROVE_SIGNATURE, HM_LOG_PROVE_CONTENT };
enum { HM_LOG_RECEIPT_SIGNATURE, HM_LOG_RECEIPT_CONTENT };
enum {
    HM_LOG_AUDITED_SIZE,
    HM_LOG_AUDITED_ROOT,
    HM_LOG_AUDITED_SIGNATURES,
    HM_LOG_AUDITED_OPEN,
    HM_LOG_AUDITED_ERASED,
    HM_LOG_AUDITED_ENTRIES
};

/* The front names the files that the user named by their SHA-256, and a parser gets no other list signed, nor against
 * another old one. Without an old list: the SHA-256 of nothing. */
enum { HM_NARROW_LIST_FILE, HM_NARROW_LIST_OLD };
enum { HM_TRUST_SIGN_LIST, HM_TRUST_SIGN_OLD }; /* envelopes; OLD is empty, or the list that this one replaces */

/* The place of the next statement: its number, and SHA-256 of the one before. Not GOVERNED: there can be none. */
enum { HM_STATEMENT_PLACE_GOVERNED, HM_STATEMENT_PLACE_NUMBER, HM_STATEMENT_PLACE_PREVIOUS };
enum { HM_STATEMENT_ADD_ENVELOPE };
enum { HM_STATEMENT_INDEX, HM_STATEMENT_ENVELOPE }; /* INDEX: its entry in the log */

/* Before narrow: what the session would have signed is noted, and becomes a request; or is compared with the request
 * that is named by its SHA-256. */
enum { HM_REQUEST_BEGIN_REQUEST };
enum { HM_NOTED_TAG };
enum { HM_REQUEST_MADE_INDEX, HM_REQUEST_MADE_HASH };
/* STATE: hm_request_state of the core, a word; APPROVERS: names, separated by spaces; of one that is closed or was used
 * REVOKED and ENDED name those who approved it and may not any more: who is no principal now, and who is, with another
 * key or without the role. */
enum {
    HM_REQUEST_INDEX,
    HM_REQUEST_BODY,
    HM_REQUEST_STATE,
    HM_REQUEST_CLOSER,
    HM_REQUEST_APPROVERS,
    HM_REQUEST_SIGNATURES,
    HM_REQUEST_AWAITS, /* of an open one: what is missing; empty: it can be signed */
    HM_REQUEST_REVOKED,
    HM_REQUEST_ENDED
};
/* CHECKED: the approver's client has computed the digests from the files anew; it says so. DOCUMENTS_CHECKED: so it has
 * of all SBOM and provenance files that the request names. */
enum {
    HM_REQUEST_DECIDE_REQUEST,
    HM_REQUEST_DECIDE_DECISION,
    HM_REQUEST_DECIDE_SIGNATURE,
    HM_REQUEST_DECIDE_CHECKED,
    HM_REQUEST_DECIDE_DOCUMENTS_CHECKED
};
typedef enum { HM_DECISION_APPROVE = 1, HM_DECISION_REJECT = 2, HM_DECISION_CANCEL = 3 } hm_decision;

/* Who speaks in a session that a front brought: a principal's key signs the session's challenge and BINDING, which the
 * front took from the connection (RFC 9266 and RFC 8446 section 7.5) and so names the connection's other end; or the
 * token of a workload is judged by the process that knows its issuer. */
enum { HM_PROVE_KEY_BINDING, HM_PROVE_KEY_SIGNATURE };
enum { HM_PROVE_TOKEN_TOKEN };
/* What the session asks to sign from here on until it is widened may have been asked before under this key, by the same
 * principal: then the answer is the one of then, and nothing is done twice. For a day. CALL: SHA-256 of all that is
 * asked under the key, as the front counts it; a key under which something was signed is refused (HM_MISUSED) for
 * another call. */
enum { HM_REPEATABLE_KEY, HM_REPEATABLE_CALL };
enum { HM_KNOWN_PRINCIPAL, HM_KNOWN_EXPIRES }; /* seconds since 1970; 0: with the session */

/* What everybody who runs the office should know: so many temporary policies are in force. */
enum { HM_ALARMED_BREAK_GLASS };
/* What a person should know of before it stops signatures: what ends one day by itself, and keys that have stopped. */
enum {
    HM_EXPIRY_KIND, /* hm_expiry_kind */
    HM_EXPIRY_PRODUCT,
    HM_EXPIRY_ROLE, /* of the key; of a list empty */
    HM_EXPIRY_ALGORITHM,
    HM_EXPIRY_BEGAN,
    HM_EXPIRY_EXPIRES,
    HM_EXPIRY_SERIAL, /* of a list its number */
    HM_EXPIRY_KEY,    /* its id in the token; of a list empty */
    HM_EXPIRY_USED,   /* of the counts: signatures */
    HM_EXPIRY_MOST,   /* 0: the log cannot say how many, so nothing is signed */
    HM_EXPIRY_RELEASE /* whose alone the key is; empty: it is not a release's */
};
/* PERIOD: the key may not sign any more (policy: cryptoperiod). ROTATION: another is to take its place (rotate). Both
 * by time, or by a count of signatures. SUSPENDED: since BEGAN. STOPPED: it will not sign (its policy may not take it),
 * and no other does in its place: the newest for its product and algorithm, or of a release that was not put away; a
 * product's authority, so that no key of it is certified any more; the root; what timestamps are made with while they
 * are enabled. REVOKED: the certificate of a product's authority is, so that every signature is refused. */
typedef enum {
    HM_EXPIRY_CERTIFICATE = 1,
    HM_EXPIRY_CRL = 2,
    HM_EXPIRY_PERIOD = 3,
    HM_EXPIRY_ROTATION = 4,
    HM_EXPIRY_PERIOD_COUNT = 5,
    HM_EXPIRY_ROTATION_COUNT = 6,
    HM_EXPIRY_SUSPENDED = 7,
    HM_EXPIRY_STOPPED = 8,
    HM_EXPIRY_REVOKED = 9
} hm_expiry_kind;

/* A TimeStampReq (RFC 3161), answered by a TimeStampResp: also what the authority refuses is an answer, not a fault. */
enum { HM_TIMESTAMP_REQUEST };
/* Whether the office stamps, and by which time source its clock is held (docs/security-officer.md). SOURCE "": it does
 * not. MAX_OFFSET: milliseconds that the clock may be off. */
enum { HM_TSA_SET_SOURCE, HM_TSA_SET_MAX_OFFSET };
/* CLOCK: why it would refuse at this moment, a sentence; "": it would not. */
enum { HM_TSA_SOURCE, HM_TSA_MAX_OFFSET, HM_TSA_SINCE, HM_TSA_CLOCK, HM_TSA_CERTIFICATE };

/* A session for publishing files of one release, or, with a request's SHA-256, for comparing files with it. */
enum { HM_PUBLISH_BEGIN_PRODUCT, HM_PUBLISH_BEGIN_RELEASE, HM_PUBLISH_BEGIN_REQUEST };
/* One file, by whichever of its signatures the log has. CARRIES: it holds that signature; otherwise it is what was
 * signed, and its digest stands in the intent. OPERAND: the asker's own number for it, which is given back. */
enum {
    HM_PUBLISH_FILE_OPERAND,
    HM_PUBLISH_FILE_NAME,
    HM_PUBLISH_FILE_SIZE,
    HM_PUBLISH_FILE_PLAIN,
    HM_PUBLISH_FILE_SIGNATURE,
    HM_PUBLISH_FILE_CONTENT,
    HM_PUBLISH_FILE_CARRIES
};
/* Close is answered by request-made, if approvals are missing; otherwise by each file that is wanted now, and done. */
enum { HM_PUBLISH_WANTED_OPERAND, HM_PUBLISH_WANTED_NAME };
enum { HM_PUBLISH_PUT_BYTES }; /* of the files that are wanted, one behind the other */
enum { HM_PUBLISH_MADE_INDEX };
enum { HM_PUBLISH_WITHDRAW_PRODUCT, HM_PUBLISH_WITHDRAW_RELEASE };
enum { HM_PUBLISH_LIST_PRODUCT }; /* empty: all */
/* BODY: a request (docs/statements.md) that says which files; empty: the release was withdrawn. */
enum {
    HM_PUBLISHED_INDEX,
    HM_PUBLISHED_PRODUCT,
    HM_PUBLISHED_RELEASE,
    HM_PUBLISHED_TIME,
    HM_PUBLISHED_ACTOR,
    HM_PUBLISHED_BODY
};

/* Formats of entries. Of the last two the core has read what it signs. */
enum { HM_LOGGED_CMS = 1, HM_LOGGED_CATALOGUE = 2, HM_LOGGED_PE = 3, HM_LOGGED_MANIFEST = 4, HM_LOGGED_TRUST_LIST = 5 };
enum { HM_LOGGED_STATEMENT = 6 }; /* of officers: nothing that is signed here */
enum { HM_LOGGED_TIMESTAMP = 7 }; /* a token (RFC 3161); as a ceremony: what was stated of the authority */

typedef union {
    uint64_t number;
    hm_bytes bytes;
} hm_wire_field;

typedef struct {
    hm_message_type type;
    hm_wire_field field[HM_WIRE_FIELDS];
} hm_message;

typedef enum {
    HM_WIRE_NUMBER = 1,
    HM_WIRE_BYTES,
    HM_WIRE_TEXT /* no control characters; meant as UTF-8, which file names need not be */
} hm_wire_kind;
typedef struct {
    const char *name;
    hm_wire_kind kind;
    uint64_t least, most; /* value of a number, length of bytes and text */
} hm_wire_field_rule;
typedef struct {
    hm_message_type type;
    const char *name;
    hm_wire_field_rule field[HM_WIRE_FIELDS]; /* ends at the first without a name */
} hm_wire_rule;
/* The table, ended by a rule without a name. */
extern const hm_wire_rule hm_wire_rules[];

/* What the table calls a type; "?" if it knows none. */
const char *hm_wire_name(hm_message_type type);

/* Append the frame of MESSAGE. A fault if a field breaks its rule. */
HM_MUST_USE hm_err hm_wire_put(const hm_message *message, hm_buf *frame);
/* Decode what stands in a frame behind its length. Views point into BYTES. */
HM_MUST_USE hm_err hm_wire_get(hm_bytes bytes, hm_message *message);

/* The fault that an HM_MSG_FAULT tells of, raised here. */
HM_MUST_USE hm_err hm_wire_raise(const hm_message *fault);

/* A fault amid a frame leaves the two sides out of step: that direction of the socket is shut down, so that neither
 * waits for the other. */
HM_MUST_USE hm_err hm_wire_send(int fd, const hm_message *message);
/* Several that hm_wire_put made. */
HM_MUST_USE hm_err hm_wire_send_frames(int fd, hm_bytes frames);
/* Receive one frame into STORAGE (replaced) and decode it. *CLOSED: the peer closed between frames. */
HM_MUST_USE hm_err hm_wire_receive(int fd, hm_buf *storage, hm_message *message, bool *closed);

#endif
