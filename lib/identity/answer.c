#include <identity/answer.h>
#include <identity/jwt.h>

#include <string.h>

_Static_assert(HM_IDENTITY_QUESTION_MAX == 8 + HM_TOKEN_MAX, "the question of the longest token");
_Static_assert(8 + 1 + 8 + HM_SHA256_LEN + 2 + HM_ISSUER_MAX + 2 + HM_TOKEN_SUBJECT_MAX + 2 +
                       HM_TOKEN_CLAIMS_MAX * (4 + HM_CLAIM_NAME_MAX + HM_CLAIM_VALUE_MAX) <=
                   HM_IDENTITY_ANSWER_MAX,
               "the answer of the largest workload");

hm_err hm_identity_question_put(uint64_t tag, hm_bytes token, hm_buf *message) {
    if (!token.len) return hm_refuse("the token is empty");
    if (token.len > HM_TOKEN_MAX) return hm_refuse("the token: it has more than %d bytes", HM_TOKEN_MAX);
    HM_TRY(hm_buf_reserve(message, 8 + token.len));
    HM_TRY(hm_put_u64be(message, tag));
    return hm_put(message, token);
}

hm_err hm_identity_question_get(hm_bytes message, uint64_t *tag, hm_bytes *token) {
    hm_reader reader = hm_reader_of(message);
    HM_TRY(hm_read_u64be(&reader, tag));
    *token = reader.rest;
    if (!token->len) return hm_refuse("the token is empty");
    return token->len <= HM_TOKEN_MAX ? HM_OK : hm_refuse("the token: it has more than %d bytes", HM_TOKEN_MAX);
}

/* ---- writing ---- */

static hm_err put_text(hm_bytes text, hm_buf *message) {
    if (text.len > UINT16_MAX) return hm_refuse("a text is too long");
    HM_TRY(hm_put_u16be(message, (uint16_t)text.len));
    return hm_put(message, text);
}

static hm_err put_claims(const hm_workload *w, hm_buf *message) {
    if (w->claims > HM_TOKEN_CLAIMS_MAX) return hm_refuse("there are more than %d claims", HM_TOKEN_CLAIMS_MAX);
    HM_TRY(hm_put_u16be(message, (uint16_t)w->claims));
    for (size_t i = 0; i < w->claims; i++) {
        HM_TRY(put_text(w->claim[i].name, message));
        HM_TRY(put_text(w->claim[i].value, message));
    }
    return HM_OK;
}

static hm_err put_workload(uint64_t tag, const hm_workload *w, hm_buf *message) {
    HM_TRY(hm_put_u64be(message, tag));
    HM_TRY(hm_put_u8(message, HM_DONE));
    HM_TRY(hm_put_u64be(message, (uint64_t)w->expiry));
    HM_TRY(hm_put(message, HM_ARRAY(w->id)));
    HM_TRY(put_text(w->issuer, message));
    HM_TRY(put_text(w->subject, message));
    return put_claims(w, message);
}

hm_err hm_identity_answer_put(uint64_t tag, const hm_workload *workload, hm_buf *message) {
    HM_BUF fresh = HM_BUF_EMPTY;
    hm_workload again;
    HM_TRY(put_workload(tag, workload, &fresh));
    HM_TRY(hm_identity_answer_get(hm_buf_bytes(&fresh), &again));
    return hm_put(message, hm_buf_bytes(&fresh));
}

hm_err hm_identity_fault_put(uint64_t tag, const hm_fault *fault, hm_buf *message) {
    if (fault->class < HM_REFUSED || fault->class > HM_DENIED) return hm_could_not("no fault to answer with");
    size_t len = strnlen(fault->sentence, sizeof fault->sentence - 1);
    HM_TRY(hm_buf_reserve(message, 9 + HM_SENTENCE_MAX));
    HM_TRY(hm_put_u64be(message, tag));
    HM_TRY(hm_put_u8(message, (uint8_t)fault->class));
    return len ? hm_put(message, HM_BYTES(fault->sentence, len)) : hm_put_text(message, "refused");
}

/* ---- reading ---- */

static hm_err get_text(hm_reader *reader, size_t most, hm_bytes *text) {
    uint16_t len;
    HM_TRY(hm_read_u16be(reader, &len));
    if (len > most) return hm_refuse("a text is longer than %zu bytes", most);
    return hm_read_bytes(reader, len, text);
}

static hm_err get_claims(hm_reader *reader, hm_workload *w) {
    uint16_t count;
    HM_TRY(hm_read_u16be(reader, &count));
    if (count > HM_TOKEN_CLAIMS_MAX) return hm_refuse("there are more than %d claims", HM_TOKEN_CLAIMS_MAX);
    for (; w->claims < count; w->claims++) {
        hm_claim *claim = &w->claim[w->claims];
        HM_TRY(get_text(reader, HM_CLAIM_NAME_MAX, &claim->name));
        HM_TRY(get_text(reader, HM_CLAIM_VALUE_MAX, &claim->value));
        HM_TRY(hm_claim_check(claim));
        if (w->claims && hm_bytes_compare(w->claim[w->claims - 1].name, claim->name) >= 0)
            return hm_refuse("claims are not in order");
    }
    return HM_OK;
}

static hm_err get_workload(hm_reader *reader, hm_workload *w) {
    uint64_t expiry;
    HM_TRY(hm_read_u64be(reader, &expiry));
    if (expiry > INT64_MAX) return hm_refuse("its expiry is out of range");
    w->expiry = (int64_t)expiry;
    HM_TRY(hm_read_copy(reader, w->id, sizeof w->id));
    HM_TRY(get_text(reader, HM_ISSUER_MAX, &w->issuer));
    HM_TRY(hm_issuer_check(w->issuer));
    HM_TRY(get_text(reader, HM_TOKEN_SUBJECT_MAX, &w->subject));
    if (!w->subject.len) return hm_refuse("it has no subject");
    HM_TRY(get_claims(reader, w));
    return hm_read_end(reader);
}

/* READER stands behind the status. */
static hm_err get_fault(const hm_reader *reader, uint8_t status) {
    char sentence[HM_SENTENCE_MAX];
    size_t len = reader->rest.len;
    if (status > HM_DENIED || !len || len >= sizeof sentence) return hm_could_not("no answer of the identity process");
    memcpy(sentence, reader->rest.data, len);
    sentence[len] = 0;
    return hm_raise_again((hm_class)status, sentence);
}

/* A bad answer is this office's fault, not the token's. */
static hm_err not_an_answer(hm_err why) {
    hm_fault fault = hm_fault_keep(why);
    return hm_could_not("no answer of the identity process: %s", fault.sentence);
}

hm_err hm_identity_answer_tag(hm_bytes message, uint64_t *tag) {
    hm_reader reader = hm_reader_of(message);
    return hm_read_u64be(&reader, tag);
}

hm_err hm_identity_answer_get(hm_bytes message, hm_workload *workload) {
    hm_reader reader = hm_reader_of(message);
    uint64_t tag;
    uint8_t status;
    *workload = (hm_workload){.claims = 0};
    if (hm_failed(hm_read_u64be(&reader, &tag)) || hm_failed(hm_read_u8(&reader, &status)))
        return hm_could_not("no answer of the identity process: it is cut short");
    if (status != HM_DONE) return get_fault(&reader, status);
    hm_err err = get_workload(&reader, workload);
    if (!hm_failed(err)) return HM_OK;
    *workload = (hm_workload){.claims = 0};
    return not_an_answer(err);
}
