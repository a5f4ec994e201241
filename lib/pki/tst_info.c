#include "tst_info.h"

#include "signed_content.h"

enum { SERIAL_MAX = 20, FRACTION_MAX = 9, MICROSECOND_DIGITS = 6 };

/* "." and digits, the last of which is not 0 (X.690 section 11.7). What is finer than microseconds is left out. */
static hm_err read_fraction(hm_reader *reader, uint32_t *microseconds) {
    uint8_t digit = '0';
    size_t digits = 0;
    HM_TRY(hm_read_skip(reader, 1));
    while (reader->rest.len && reader->rest.data[0] != 'Z') {
        HM_TRY(hm_read_u8(reader, &digit));
        if (digit < '0' || digit > '9' || digits == FRACTION_MAX) return hm_refuse("not a date");
        if (digits++ < MICROSECOND_DIGITS) *microseconds = *microseconds * 10 + (uint32_t)(digit - '0');
    }
    if (digit == '0') return hm_refuse("not DER: a fraction of a second ends in zero");
    for (; digits < MICROSECOND_DIGITS; digits++) *microseconds *= 10;
    return HM_OK;
}

static hm_err read_time(hm_reader *inside, hm_tst_info *info) {
    hm_tlv time;
    uint8_t zone;
    HM_TRY(hm_tlv_expect(inside, HM_DER_GENERALIZED_TIME, "time", &time));
    hm_reader reader = hm_reader_of(time.content);
    HM_TRY(hm_read_date_and_time(&reader, false, &info->time));
    if (reader.rest.len && reader.rest.data[0] == '.') HM_TRY(read_fraction(&reader, &info->microseconds));
    HM_TRY(hm_read_u8(&reader, &zone));
    HM_TRY(hm_read_end(&reader));
    return zone == 'Z' ? HM_OK : hm_refuse("not a date");
}

static hm_err read_imprint(hm_reader *inside, hm_tst_info *info) {
    hm_reader imprint;
    hm_tlv hash;
    HM_TRY(hm_tlv_enter(inside, HM_DER_SEQUENCE, "imprint", &imprint));
    HM_TRY(hm_read_algorithm_id(&imprint, "imprint's algorithm", &info->imprint_algorithm));
    HM_TRY(hm_tlv_expect(&imprint, HM_DER_OCTET_STRING, "imprint", &hash));
    info->imprint = hash.content;
    return hm_in(hm_read_end(&imprint), "imprint");
}

static hm_err read_serial(hm_reader *inside, hm_tst_info *info) {
    hm_tlv serial;
    HM_TRY(hm_tlv_expect(inside, HM_DER_INTEGER, "serial number", &serial));
    info->serial = serial.content;
    return serial.content.len <= SERIAL_MAX ? HM_OK : hm_refuse("the serial number is too long");
}

/* An INTEGER under the IMPLICIT tag TAG, between 0 and 999; 0 if it is left out. */
static hm_err read_thousandths(hm_reader *inside, uint8_t tag, uint32_t *value) {
    hm_tlv number;
    *value = 0;
    if (!hm_tlv_follows(inside, tag)) return HM_OK;
    HM_TRY(hm_tlv_expect(inside, tag, "accuracy", &number));
    for (size_t i = 0; i < number.content.len && i < 3; i++) *value = *value << 8 | number.content.data[i];
    bool minimal = number.content.len == 1 || (number.content.len == 2 && *value > 0x7f);
    return minimal && *value <= 999 ? HM_OK : hm_refuse("the accuracy is malformed");
}

static hm_err read_accuracy(hm_reader *inside, hm_tst_info *info) {
    hm_reader accuracy;
    uint32_t seconds = 0, millis, micros;
    if (!hm_tlv_follows(inside, HM_DER_SEQUENCE)) return HM_OK;
    HM_TRY(hm_tlv_enter(inside, HM_DER_SEQUENCE, "accuracy", &accuracy));
    if (hm_tlv_follows(&accuracy, HM_DER_INTEGER)) HM_TRY(hm_tlv_read_small(&accuracy, "accuracy", &seconds));
    HM_TRY(read_thousandths(&accuracy, HM_DER_CONTEXT + 0, &millis));
    HM_TRY(read_thousandths(&accuracy, HM_DER_CONTEXT + 1, &micros));
    info->accuracy = seconds * UINT64_C(1000000) + millis * UINT64_C(1000) + micros;
    return hm_in(hm_read_end(&accuracy), "accuracy");
}

/* Extension { extnID, critical DEFAULT FALSE, extnValue } */
static hm_err check_extensions(hm_reader *inside) {
    hm_reader extensions, extension;
    hm_tlv type, critical;
    if (!hm_tlv_follows(inside, HM_DER_CONTEXT_CONSTRUCTED + 1)) return HM_OK;
    HM_TRY(hm_tlv_enter(inside, HM_DER_CONTEXT_CONSTRUCTED + 1, "extensions", &extensions));
    while (extensions.rest.len) {
        HM_TRY(hm_tlv_enter(&extensions, HM_DER_SEQUENCE, "extension", &extension));
        HM_TRY(hm_tlv_expect(&extension, HM_DER_OID, "extension's type", &type));
        if (!hm_tlv_follows(&extension, HM_DER_BOOLEAN)) continue;
        HM_TRY(hm_tlv_expect(&extension, HM_DER_BOOLEAN, "extension", &critical));
        if (critical.content.data[0]) return hm_refuse("it has a critical extension that is not known");
    }
    return HM_OK;
}

/* What may be left out, in its order. */
static hm_err read_optional(hm_reader *inside, hm_tst_info *info) {
    hm_tlv ordering, nonce, tsa, name;
    HM_TRY(read_accuracy(inside, info));
    /* Whether tokens of one authority are in order by their times alone is nothing to us. */
    if (hm_tlv_follows(inside, HM_DER_BOOLEAN)) HM_TRY(hm_tlv_read(inside, &ordering));
    if (hm_tlv_follows(inside, HM_DER_INTEGER)) {
        HM_TRY(hm_tlv_read(inside, &nonce));
        info->nonce = nonce.content;
    }
    if (hm_tlv_follows(inside, HM_DER_CONTEXT_CONSTRUCTED + 0)) {
        HM_TRY(hm_tlv_read(inside, &tsa));
        hm_reader names = hm_reader_of(tsa.content);
        HM_TRY(hm_tlv_read(&names, &name));
        HM_TRY(hm_read_end(&names));
        info->tsa = name.whole;
    }
    HM_TRY(check_extensions(inside));
    return hm_read_end(inside);
}

static hm_err read(hm_bytes der, hm_tst_info *info) {
    hm_tlv whole, policy;
    uint32_t version;
    HM_TRY(hm_tlv_check(der));
    HM_TRY(hm_tlv_only(der, HM_DER_SEQUENCE, "content", &whole));
    hm_reader inside = hm_reader_of(whole.content);
    HM_TRY(hm_tlv_read_small(&inside, "version", &version));
    if (version != 1) return hm_refuse("version %u is not understood", version);
    HM_TRY(hm_tlv_expect(&inside, HM_DER_OID, "policy", &policy));
    info->policy = policy.content;
    HM_TRY(read_imprint(&inside, info));
    HM_TRY(read_serial(&inside, info));
    HM_TRY(read_time(&inside, info));
    return read_optional(&inside, info);
}

hm_err hm_tst_info_read(hm_bytes der, hm_tst_info *info) {
    *info = (hm_tst_info){.policy = HM_NO_BYTES};
    return hm_in(read(der, info), "TSTInfo");
}
