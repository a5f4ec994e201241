#include "native_core.h"

#include "core_ask.h"

void hm_native_key_clear(hm_native_key *key) { hm_buf_clear(&key->spki); }

void hm_native_signature_clear(hm_native_signature *signature) {
    hm_buf_clear(&signature->bytes);
    hm_buf_clear(&signature->remark);
}

hm_err hm_native_key_of(const hm_parser *parser, const hm_key_algorithm *algorithms, size_t count, hm_native_key *key) {
    HM_BUF storage = HM_BUF_EMPTY;
    uint8_t wanted[16];
    hm_bytes spki;
    for (size_t i = 0; i < count; i++) wanted[i] = (uint8_t)algorithms[i];
    hm_message message = {.type = HM_MSG_PREPARE}, answer;
    message.field[HM_PREPARE_STRUCTURE].number = HM_STRUCTURE_COSE;
    message.field[HM_PREPARE_ALGORITHMS].bytes = HM_BYTES(wanted, count);
    HM_TRY(hm_core_ask(parser, &message, HM_MSG_PREPARED, &storage, &answer));
    key->algorithm = (hm_key_algorithm)answer.field[HM_PREPARED_ALGORITHM].number;
    key->sequence = answer.field[HM_PREPARED_SEQUENCE].number;
    hm_sha256(answer.field[HM_PREPARED_CERTIFICATE].bytes, key->certificate);
    HM_TRY(hm_cert_spki(answer.field[HM_PREPARED_CERTIFICATE].bytes, &spki));
    HM_TRY(hm_cose_kid(spki, key->kid));
    return hm_put(&key->spki, spki);
}

/* WANTED: signed, or noted. */
static hm_err ask_for_signature(const hm_parser *parser, hm_key_algorithm algorithm, hm_bytes certificate,
                                hm_bytes name, hm_bytes statement, hm_message_type wanted, hm_buf *storage,
                                hm_message *answer) {
    hm_digest digest;
    hm_digest_of(HM_SHA256, statement, &digest);
    hm_message message = {.type = HM_MSG_SIGN};
    message.field[HM_SIGN_TAG].number = 1;
    message.field[HM_SIGN_FORMAT].number = HM_FORMAT_NATIVE;
    message.field[HM_SIGN_STRUCTURE].number = HM_STRUCTURE_COSE;
    message.field[HM_SIGN_ALGORITHM].number = algorithm;
    message.field[HM_SIGN_NAME].bytes = name;
    message.field[HM_SIGN_SIZE].number = statement.len;
    message.field[HM_SIGN_PLAIN].bytes = hm_digest_bytes(&digest);
    message.field[HM_SIGN_CONTENT].bytes = hm_digest_bytes(&digest);
    message.field[HM_SIGN_STATEMENT].bytes = statement;
    message.field[HM_SIGN_CERTIFICATE].bytes = certificate;
    return hm_core_ask(parser, &message, wanted, storage, answer);
}

hm_err hm_native_note(const hm_parser *parser, hm_key_algorithm algorithm, hm_bytes name, hm_bytes statement) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message answer;
    return ask_for_signature(parser, algorithm, HM_NO_BYTES, name, statement, HM_MSG_NOTED, &storage, &answer);
}

static hm_err ask_for_receipt(const hm_parser *parser, hm_bytes statement, hm_bytes value, hm_buf *receipt) {
    HM_BUF storage = HM_BUF_EMPTY;
    uint8_t content[HM_SHA256_LEN], hash[HM_SHA256_LEN];
    hm_sha256(statement, content);
    hm_sha256(value, hash);
    hm_message message = {.type = HM_MSG_LOG_RECEIPT}, answer;
    message.field[HM_LOG_RECEIPT_SIGNATURE].bytes = HM_ARRAY(hash);
    message.field[HM_LOG_RECEIPT_CONTENT].bytes = HM_ARRAY(content);
    HM_TRY(hm_core_ask(parser, &message, HM_MSG_BYTES, &storage, &answer));
    hm_bytes found = answer.field[HM_BYTES_CONTENT].bytes;
    return found.len ? hm_put(receipt, found)
                     : hm_refuse("its signature is not in this office's log (hallmark log check says more)");
}

hm_err hm_native_sign(const hm_parser *parser, const hm_native_key *key, const char *name, hm_bytes statement,
                      const hm_native_extras *extras, hm_native_signature *signature) {
    HM_BUF storage = HM_BUF_EMPTY, receipt = HM_BUF_EMPTY;
    hm_message answer;
    hm_cose_signature made;
    HM_TRY(ask_for_signature(parser, key->algorithm, HM_ARRAY(key->certificate), hm_text(name), statement,
                             HM_MSG_SIGNED, &storage, &answer));
    signature->intent = answer.field[HM_SIGNED_INTENT].number;
    signature->outcome = answer.field[HM_SIGNED_OUTCOME].number;
    HM_TRY(hm_put(&signature->remark, answer.field[HM_SIGNED_REMARK].bytes));
    HM_TRY(hm_cose_signature_get(answer.field[HM_SIGNED_STRUCTURE].bytes, &made));
    HM_TRY(hm_in(hm_cose_verify(HM_COSE_MANIFEST, statement, &made, hm_buf_bytes(&key->spki)),
                 "the token signed wrongly"));
    if (!extras->chain) made.chain.count = 0;
    if (extras->receipt) {
        HM_TRY(ask_for_receipt(parser, statement, made.value, &receipt));
        made.receipts = 1;
        made.receipt[0] = hm_buf_bytes(&receipt);
    }
    return hm_cose_signature_put(&made, &signature->bytes);
}

/* Whose log could have it? A signature of others, or one that has a receipt, stays as it is. */
static bool lacks_receipt(const hm_cose_envelope *envelope, size_t index, const hm_native_key *keys, size_t count) {
    for (size_t i = 0; i < count && !envelope->signature[index].receipts; i++)
        if (hm_bytes_equal(envelope->signature[index].kid, HM_ARRAY(keys[i].kid))) return true;
    return false;
}

static hm_err put_with_receipt(const hm_parser *parser, const hm_cose_envelope *envelope, size_t index, hm_buf *bytes) {
    HM_BUF receipt = HM_BUF_EMPTY;
    hm_cose_signature with = envelope->signature[index];
    HM_TRY(ask_for_receipt(parser, envelope->payload, with.value, &receipt));
    with.receipts = 1;
    with.receipt[0] = hm_buf_bytes(&receipt);
    return hm_cose_signature_put(&with, bytes);
}

hm_err hm_native_complete(const hm_parser *parser, const hm_native_key *keys, size_t count, hm_bytes whole,
                          hm_buf *completed, size_t *added) {
    static hm_cose_envelope envelope;
    HM_BUF storage = HM_BUF_EMPTY;
    size_t end[HM_COSE_SIGNATURES_MAX + 1] = {0};
    hm_bytes signatures[HM_COSE_SIGNATURES_MAX];
    *added = 0;
    HM_TRY(hm_cose_envelope_get(whole, &envelope));
    for (size_t i = 0; i < envelope.signatures; i++) {
        bool lacks = lacks_receipt(&envelope, i, keys, count);
        HM_TRY(lacks ? put_with_receipt(parser, &envelope, i, &storage)
                     : hm_put(&storage, envelope.signature[i].whole));
        end[i + 1] = storage.len;
        *added += lacks;
    }
    for (size_t i = 0; i < envelope.signatures; i++)
        HM_TRY(hm_bytes_part(hm_buf_bytes(&storage), end[i], end[i + 1] - end[i], &signatures[i]));
    return *added ? hm_cose_envelope_put(envelope.payload, signatures, envelope.signatures, completed) : HM_OK;
}
