/* What a timestamping authority is asked, and whether what it answers is the answer. */
#include <pki/timestamp.h>

#include "oid.h"
#include "signed_content.h"
#include "timestamp_token.h"

#include <base/readable.h>
#include <base/secret.h>
#include <stdio.h>
#include <string.h>

/* ---- TimeStampReq (RFC 3161 section 2.4.1) ---- */

static hm_err put_imprint(hm_buf *der, hm_bytes sha256) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_put_digest_algorithm(der, HM_SHA256));
    HM_TRY(hm_der_put(der, HM_DER_OCTET_STRING, sha256));
    return hm_der_close(der, mark);
}

hm_err hm_timestamp_ask(const uint8_t signature_hash[static HM_SHA256_LEN], const char *policy,
                        hm_timestamp_request *request, hm_buf *der) {
    static const uint8_t yes = 0xff;
    HM_BUF built = HM_BUF_EMPTY;
    size_t mark;
    memcpy(request->signature_hash, signature_hash, sizeof request->signature_hash);
    request->policy = policy;
    HM_TRY(hm_random(request->nonce, sizeof request->nonce));
    /* Positive, and of full length: so its DER has one form. */
    request->nonce[0] = (uint8_t)((request->nonce[0] & 0x3f) | 0x40);
    HM_TRY(hm_der_open(&built, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put_uint(&built, 1));
    HM_TRY(put_imprint(&built, HM_ARRAY(request->signature_hash)));
    if (policy) HM_TRY(hm_der_put_oid(&built, policy));
    HM_TRY(hm_der_put(&built, HM_DER_INTEGER, HM_ARRAY(request->nonce)));
    HM_TRY(hm_der_put(&built, HM_DER_BOOLEAN, HM_BYTES(&yes, 1)));
    HM_TRY(hm_der_close(&built, mark));
    return hm_put(der, hm_buf_bytes(&built));
}

/* ---- TimeStampResp (RFC 3161 section 2.4.2) ---- */

enum { GRANTED, GRANTED_WITH_MODS, REJECTION, WAITING, REVOCATION_WARNING, REVOCATION_NOTIFICATION };
enum { WORDS_MAX = 200 };

static const char *const statuses[] = {
    [REJECTION] = "it refuses",
    [WAITING] = "it has nothing yet",
    [REVOCATION_WARNING] = "it is about to be revoked",
    [REVOCATION_NOTIFICATION] = "it has been revoked",
};

static const struct {
    unsigned bit;
    const char *words;
} failures[] = {
    {0, "the digest algorithm is not known to it"},
    {2, "the request is not permitted"},
    {5, "the request has the wrong form"},
    {14, "its source of time is not available"},
    {15, "it does not stamp by that policy"},
    {16, "it does not know an extension of the request"},
    {17, "it does not have additional information that was asked for"},
    {25, "it failed"},
};

static bool has_bit(hm_bytes bits, unsigned bit) {
    size_t octet = 1 + bit / 8; /* behind the number of unused bits */
    return octet < bits.len && bits.data[octet] >> (7 - bit % 8) & 1;
}

/* failInfo, a BIT STRING, in words. */
static hm_err put_failures(hm_reader *info, hm_buf *text) {
    hm_tlv bits;
    if (!info->rest.len) return HM_OK;
    HM_TRY(hm_tlv_expect(info, HM_DER_BIT_STRING, "failure", &bits));
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (has_bit(bits.content, failures[i].bit)) HM_TRY(hm_put_format(text, ": %s", failures[i].words));
    return HM_OK;
}

/* statusString, whose words are the authority's own. */
static hm_err put_words(hm_reader *info, hm_buf *text) {
    hm_reader strings;
    hm_tlv string;
    if (!hm_tlv_follows(info, HM_DER_SEQUENCE)) return HM_OK;
    HM_TRY(hm_tlv_enter(info, HM_DER_SEQUENCE, "status", &strings));
    for (const char *before = ", in its words: "; strings.rest.len; before = " ") {
        HM_TRY(hm_tlv_expect(&strings, HM_DER_UTF8_STRING, "status", &string));
        if (string.content.len > WORDS_MAX) string.content.len = WORDS_MAX;
        HM_TRY(hm_put_text(text, before));
        HM_TRY(hm_put_readable(text, string.content));
    }
    return HM_OK;
}

static hm_err refuse_status(uint32_t status, hm_reader *info) {
    HM_BUF words = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    HM_TRY(put_words(info, &words));
    HM_TRY(put_failures(info, &text));
    HM_TRY(hm_in(hm_read_end(info), "status"));
    HM_TRY(hm_put(&text, hm_buf_bytes(&words)));
    const char *name = status <= REVOCATION_NOTIFICATION ? statuses[status] : "its status is not known";
    return hm_refuse("no timestamp: %s%.*s", name, (int)(text.len < WORDS_MAX * 2 ? text.len : WORDS_MAX * 2),
                     text.len ? (const char *)text.data : "");
}

/* The view of the token in a response that grants one. */
static hm_err cut(hm_bytes response, hm_bytes *token) {
    hm_tlv whole, signed_data;
    hm_reader info;
    uint32_t status;
    if (response.len > HM_TIMESTAMP_RESPONSE_MAX) return hm_refuse("it is too long");
    HM_TRY(hm_tlv_only(response, HM_DER_SEQUENCE, "response", &whole));
    hm_reader inside = hm_reader_of(whole.content);
    HM_TRY(hm_tlv_enter(&inside, HM_DER_SEQUENCE, "status", &info));
    HM_TRY(hm_tlv_read_small(&info, "status", &status));
    if (status != GRANTED && status != GRANTED_WITH_MODS) return refuse_status(status, &info);
    HM_TRY(hm_tlv_expect(&inside, HM_DER_SEQUENCE, "token", &signed_data));
    *token = signed_data.whole;
    return hm_in(hm_read_end(&inside), "response");
}

typedef struct {
    const hm_timestamp_request *request;
    int64_t now;
} expectation;

static hm_err check_policy(const hm_tst_info *info, const char *policy) {
    HM_BUF der = HM_BUF_EMPTY;
    hm_tlv oid;
    if (!policy) return HM_OK;
    HM_TRY(hm_der_put_oid(&der, policy));
    HM_TRY(hm_tlv_only(hm_buf_bytes(&der), HM_DER_OID, "policy", &oid));
    return hm_bytes_equal(info->policy, oid.content) ? HM_OK : hm_refuse("it is by another policy than %s", policy);
}

static hm_err check_answers(const hm_tst_info *info, const void *context) {
    const expectation *expected = context;
    char time[HM_STAMP_TIME];
    hm_stamp_time(info->time, time);
    if (!hm_bytes_equal(info->nonce, HM_ARRAY(expected->request->nonce)))
        return hm_refuse("it answers another question (its nonce is not the one that was sent)");
    if (info->time < expected->now - HM_STAMP_SKEW)
        return hm_refuse("its time has passed, %s (one of the two clocks is wrong)", time);
    return check_policy(info, expected->request->policy);
}

/* What leads to one of the roots, and is not trusted, no verifier will trust who goes by them; of a stranger's
 * certificate it can be seen that it counts for nobody. */
static hm_err check_worth(const hm_stamp *stamp) {
    if (stamp->standing == HM_STAMP_GOOD) return HM_OK;
    if (!stamp->stranger) return hm_refuse("%s", stamp->why);
    bool valid = stamp->authority.not_before <= stamp->time && stamp->time <= stamp->authority.not_after;
    return valid ? HM_OK : hm_refuse("its authority's certificate was not valid then");
}

static hm_err judge(hm_bytes token, const hm_timestamp_request *request, const hm_verify_rules *rules,
                    hm_stamp *stamp) {
    const hm_stamped stamped = {.sha256 = request->signature_hash};
    const expectation expected = {request, rules->now};
    HM_TRY(hm_token_judge(token, &stamped, rules, check_answers, &expected, stamp));
    hm_err err = check_worth(stamp);
    if (!hm_failed(err)) return HM_OK;
    stamp->standing = HM_STAMP_WRONG;
    snprintf(stamp->why, sizeof stamp->why, "%s", hm_err_sentence());
    return err;
}

hm_err hm_timestamp_take(hm_bytes response, const hm_timestamp_request *request, const hm_verify_rules *rules,
                         hm_bytes *token, hm_stamp *stamp) {
    memset(stamp, 0, sizeof *stamp);
    HM_TRY(hm_in(cut(response, token), "the authority's answer"));
    return hm_in(judge(*token, request, rules, stamp), "the authority's timestamp");
}
