/* A TimeStampReq (RFC 3161 section 2.4.1), read strictly: whoever asks chooses every byte. */
#include <pki/timestamp_make.h>

#include "algorithm_id.h"

#include <string.h>

/* Raises why, and says of which kind. */
#define REFUSE(kind, ...) (*failure = (kind), hm_refuse(__VA_ARGS__))

static hm_err read_version(hm_reader *reader, hm_tsa_failure *failure) {
    uint32_t version;
    HM_TRY(hm_tlv_read_small(reader, "version", &version));
    return version == 1 ? HM_OK : REFUSE(HM_TSA_BAD_REQUEST, "version %u of the request is not known", version);
}

static hm_err read_imprint(hm_reader *reader, hm_timestamp_query *query, hm_tsa_failure *failure) {
    hm_tlv whole, digest;
    hm_algorithm_id algorithm;
    char why[96];
    HM_TRY(hm_tlv_expect(reader, HM_DER_SEQUENCE, "messageImprint", &whole));
    hm_reader inside = hm_reader_of(whole.content);
    HM_TRY(hm_read_algorithm_id(&inside, "hashAlgorithm", &algorithm));
    HM_TRY(hm_tlv_expect(&inside, HM_DER_OCTET_STRING, "hashedMessage", &digest));
    HM_TRY(hm_in(hm_read_end(&inside), "messageImprint"));
    if (!hm_digest_of_id(&algorithm, &query->imprint.algorithm, why, sizeof why))
        return REFUSE(HM_TSA_BAD_ALGORITHM, "messageImprint: %s", why);
    query->imprint.len = hm_digest_len(query->imprint.algorithm);
    if (digest.content.len != query->imprint.len)
        return hm_refuse("hashedMessage has %zu bytes, and its algorithm %zu", digest.content.len, query->imprint.len);
    memcpy(query->imprint.value, digest.content.data, digest.content.len);
    query->imprint_der = whole.whole;
    return HM_OK;
}

static hm_err read_options(hm_reader *reader, hm_timestamp_query *query, hm_tsa_failure *failure) {
    hm_tlv field;
    if (hm_tlv_follows(reader, HM_DER_OID)) {
        HM_TRY(hm_tlv_read(reader, &field));
        query->policy = field.content;
        if (!field.content.len || field.content.len > HM_TSA_POLICY_MAX)
            return REFUSE(HM_TSA_UNACCEPTED_POLICY, "reqPolicy is no policy of this authority");
    }
    if (hm_tlv_follows(reader, HM_DER_INTEGER)) {
        HM_TRY(hm_tlv_read(reader, &field));
        query->nonce = field.content;
        if (field.content.len > HM_TSA_NONCE_MAX)
            return REFUSE(HM_TSA_BAD_REQUEST, "the nonce is longer than %d bytes", HM_TSA_NONCE_MAX);
    }
    if (!hm_tlv_follows(reader, HM_DER_BOOLEAN)) return HM_OK;
    HM_TRY(hm_tlv_read(reader, &field));
    query->wants_certificate = field.content.data[0] != 0;
    /* X.690 section 11.5 */
    return query->wants_certificate ? HM_OK : hm_refuse("not DER: certReq is FALSE, which is left out");
}

static hm_err read_query(hm_bytes der, hm_timestamp_query *query, hm_tsa_failure *failure) {
    hm_tlv whole;
    HM_TRY(hm_tlv_only(der, HM_DER_SEQUENCE, "TimeStampReq", &whole));
    HM_TRY(hm_tlv_check(der));
    hm_reader reader = hm_reader_of(whole.content);
    HM_TRY(read_version(&reader, failure));
    HM_TRY(read_imprint(&reader, query, failure));
    HM_TRY(read_options(&reader, query, failure));
    if (hm_tlv_follows(&reader, HM_DER_CONTEXT_CONSTRUCTED + 0))
        return REFUSE(HM_TSA_UNACCEPTED_EXTENSION, "no extension is known here");
    return hm_read_end(&reader);
}

hm_err hm_timestamp_query_read(hm_bytes der, hm_timestamp_query *query, hm_tsa_failure *failure) {
    memset(query, 0, sizeof *query);
    *failure = HM_TSA_BAD_FORMAT;
    return hm_in(read_query(der, query, failure), "timestamp request");
}
