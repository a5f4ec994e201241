#include <core/wire.h>

/* Bounds that several fields share. */
enum {
    PRODUCT = 64,
    RELEASE = 64,
    NAME = 1024,
    CERTIFICATE = 65535,
    CHAIN = 8 * 65536,
    STRUCTURE = 512 * 1024,
    STATEMENT = 8192,
    LIST = 16384,
    ENVELOPE = 16384
};

#define NUMBER(name, most)                                                                                             \
    { name, HM_WIRE_NUMBER, 0, most }
#define TEXT(name, least, most)                                                                                        \
    { name, HM_WIRE_TEXT, least, most }
#define BYTES(name, least, most)                                                                                       \
    { name, HM_WIRE_BYTES, least, most }
#define ANY_NUMBER UINT64_MAX

const hm_wire_rule hm_wire_rules[] = {
    {HM_MSG_HELLO, "hello", {NUMBER("version", 65535)}},
    {HM_MSG_WELCOME,
     "welcome",
     {NUMBER("version", 65535), BYTES("office", 16, 16), TEXT("organization", 1, 64), TEXT("origin", 1, 127),
      NUMBER("development", 1)}},
    {HM_MSG_DONE, "done", {{0}}},
    {HM_MSG_FAULT, "fault", {NUMBER("tag", ANY_NUMBER), NUMBER("class", 4), TEXT("sentence", 0, 700)}},
    {HM_MSG_BYTES, "bytes", {BYTES("content", 0, STRUCTURE)}},
    {HM_MSG_CLOSING, "closing", {NUMBER("unpublished", 1)}},
    {HM_MSG_NARROW,
     "narrow",
     {TEXT("product", 0, PRODUCT), TEXT("release", 0, RELEASE), NUMBER("formats", 65535),
      NUMBER("signatures", 10000000), NUMBER("sequence", ANY_NUMBER), NUMBER("security-version", ANY_NUMBER),
      BYTES("cosign", 0, ENVELOPE), NUMBER("proofs", 160000000)}},
    {HM_MSG_PREPARE, "prepare", {NUMBER("structure", 255), BYTES("algorithms", 1, 16)}},
    {HM_MSG_PREPARED,
     "prepared",
     {NUMBER("algorithm", 255), BYTES("certificate", 1, CERTIFICATE), NUMBER("sequence", ANY_NUMBER)}},
    {HM_MSG_SIGN,
     "sign",
     {NUMBER("tag", ANY_NUMBER), NUMBER("format", 255), NUMBER("structure", 255), NUMBER("algorithm", 255),
      TEXT("name", 1, NAME), NUMBER("size", INT64_MAX), BYTES("plain", 32, 32), BYTES("content", 32, 64),
      BYTES("statement", 0, STATEMENT)}},
    {HM_MSG_SIGNED,
     "signed",
     {NUMBER("tag", ANY_NUMBER), NUMBER("intent", ANY_NUMBER), NUMBER("outcome", ANY_NUMBER),
      BYTES("structure", 1, STRUCTURE), TEXT("remark", 0, 700)}},
    {HM_MSG_PRODUCT_ADD, "product-add", {TEXT("name", 1, PRODUCT), NUMBER("algorithms", 65535)}},
    {HM_MSG_PRODUCT_LIST, "product-list", {TEXT("name", 0, PRODUCT)}},
    {HM_MSG_PRODUCT,
     "product",
     {TEXT("name", 1, PRODUCT), BYTES("vendor", 16, 16), BYTES("class", 16, 16), NUMBER("algorithms", 65535),
      NUMBER("created", ANY_NUMBER)}},
    {HM_MSG_KEY_LIST, "key-list", {TEXT("product", 0, PRODUCT)}},
    {HM_MSG_KEY,
     "key",
     {TEXT("product", 0, PRODUCT), NUMBER("role", 255), NUMBER("algorithm", 255), BYTES("token-id", 16, 16),
      BYTES("spki", 1, 2048), BYTES("certificate", 0, CERTIFICATE), BYTES("chain", 0, CHAIN), NUMBER("imported", 1),
      NUMBER("created", ANY_NUMBER)}},
    {HM_MSG_KEY_GENERATE, "key-generate", {TEXT("product", 1, PRODUCT), NUMBER("algorithm", 255)}},
    {HM_MSG_CERT_REQUEST, "cert-request", {TEXT("product", 1, PRODUCT), NUMBER("algorithm", 255)}},
    {HM_MSG_CERT_IMPORT,
     "cert-import",
     {TEXT("product", 1, PRODUCT), NUMBER("algorithm", 255), BYTES("chain", 1, CHAIN)}},
    {HM_MSG_LOG_PUBLISH, "log-publish", {{0}}},
    {HM_MSG_LOG_LIST, "log-list", {NUMBER("from", ANY_NUMBER), NUMBER("count", ANY_NUMBER)}},
    {HM_MSG_LOG_ENTRY,
     "log-entry",
     {NUMBER("index", ANY_NUMBER), BYTES("leaf", 1, 1024), BYTES("salt", 0, 32), BYTES("details", 0, 65536)}},
    {HM_MSG_LOG_PROVE, "log-prove", {BYTES("signature", 32, 32), BYTES("content", 32, 64)}},
    {HM_MSG_LOG_RECEIPT, "log-receipt", {BYTES("signature", 32, 32), BYTES("content", 32, 64)}},
    {HM_MSG_LOG_AUDIT, "log-audit", {{0}}},
    {HM_MSG_LOG_AUDITED,
     "log-audited",
     {NUMBER("size", ANY_NUMBER), BYTES("root", 32, 32), NUMBER("signatures", ANY_NUMBER), NUMBER("open", ANY_NUMBER),
      NUMBER("erased", ANY_NUMBER), NUMBER("entries", ANY_NUMBER)}},
    {HM_MSG_TRUST, "trust", {{0}}},
    {HM_MSG_TRUST_KEY, "trust-key", {{0}}},
    {HM_MSG_LOG_KEY, "log-key", {{0}}},
    {HM_MSG_NARROW_LIST, "narrow-list", {BYTES("file", 32, 32), BYTES("old", 32, 32)}},
    {HM_MSG_TRUST_SIGN, "trust-sign", {BYTES("list", 1, LIST), BYTES("old", 0, LIST)}},
    {0, NULL, {{0}}},
};
