/* The path to the place is a chain of elements, each of which grows; everything beside the path is copied as it stands:
 *
 *   ContentInfo > [0] > SignedData > signerInfos > SignerInfo > [1] unsignedAttrs > Attribute > SET OF values */
#include "unsigned_attributes.h"

#include "signed_content.h"
#include "signer_parse.h"

typedef struct {
    const hm_unsigned_edit *edit;
    size_t seen; /* values of its type */
    bool done;
} work;

/* Copy elements from READER to DER up to the last one, whose content READER is then about. */
static hm_err copy_and_enter_last(hm_reader *reader, hm_buf *der, size_t *mark) {
    hm_tlv tlv;
    HM_TRY(hm_tlv_read(reader, &tlv));
    while (reader->rest.len) {
        HM_TRY(hm_put(der, tlv.whole));
        HM_TRY(hm_tlv_read(reader, &tlv));
    }
    *reader = hm_reader_of(tlv.content);
    return hm_der_open(der, tlv.tag, mark);
}

static hm_err put_values(work *w, hm_buf *der, hm_reader values) {
    while (values.rest.len) {
        hm_tlv value;
        HM_TRY(hm_tlv_read(&values, &value));
        bool here = w->edit->instead && w->seen++ == w->edit->at;
        w->done |= here;
        HM_TRY(hm_put(der, here ? w->edit->value : value.whole));
    }
    return HM_OK;
}

/* Attribute { type, SET { values } }, changed. */
static hm_err put_attribute(work *w, hm_buf *der, hm_reader values) {
    hm_attribute_marks marks;
    HM_TRY(hm_attribute_open(der, w->edit->type, &marks));
    HM_TRY(w->edit->instead ? put_values(w, der, values) : hm_put(der, values.rest));
    if (!w->edit->instead && !w->done) {
        HM_TRY(hm_put(der, w->edit->value));
        w->done = true;
    }
    return hm_attribute_close(der, marks);
}

static hm_err put_attributes(work *w, hm_buf *der, hm_reader attributes) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 1, &mark));
    while (attributes.rest.len) {
        hm_reader at = attributes, values;
        hm_bytes type;
        hm_tlv attribute;
        HM_TRY(hm_tlv_read(&attributes, &attribute));
        HM_TRY(hm_attribute_read(&at, &type, &values));
        HM_TRY(hm_bytes_equal(type, w->edit->type) ? put_attribute(w, der, values) : hm_put(der, attribute.whole));
    }
    if (!w->done && !w->edit->instead) HM_TRY(put_attribute(w, der, hm_reader_of(HM_NO_BYTES)));
    if (!w->done) return hm_misuse("there is no such unsigned attribute");
    return hm_der_close(der, mark);
}

/* SignerInfo: everything up to the signature, then the attributes. */
static hm_err put_signer_info(work *w, hm_buf *der, hm_reader signer_info) {
    hm_reader attributes = hm_reader_of(HM_NO_BYTES);
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    while (signer_info.rest.len && !hm_tlv_follows(&signer_info, HM_DER_CONTEXT_CONSTRUCTED + 1)) {
        hm_tlv field;
        HM_TRY(hm_tlv_read(&signer_info, &field));
        HM_TRY(hm_put(der, field.whole));
    }
    if (signer_info.rest.len)
        HM_TRY(hm_tlv_enter(&signer_info, HM_DER_CONTEXT_CONSTRUCTED + 1, "unsigned attributes", &attributes));
    HM_TRY(put_attributes(w, der, attributes));
    return hm_der_close(der, mark);
}

static hm_err put_signer_infos(work *w, hm_buf *der, hm_reader signer_infos) {
    for (size_t i = 0; signer_infos.rest.len; i++) {
        hm_tlv signer_info;
        HM_TRY(hm_tlv_read(&signer_infos, &signer_info));
        HM_TRY(i == w->edit->signer ? put_signer_info(w, der, hm_reader_of(signer_info.content))
                                    : hm_put(der, signer_info.whole));
    }
    return w->done ? HM_OK : hm_misuse("there is no signature %zu", w->edit->signer + 1);
}

enum { LEVELS = 4 }; /* ContentInfo to signerInfos: each is the last element of the one above */

hm_err hm_unsigned_put(hm_bytes outer, const hm_unsigned_edit *edit, hm_buf *der) {
    HM_BUF built = HM_BUF_EMPTY;
    hm_reader reader = hm_reader_of(outer);
    size_t mark[LEVELS];
    work w = {.edit = edit};
    for (size_t i = 0; i < LEVELS; i++) HM_TRY(copy_and_enter_last(&reader, &built, &mark[i]));
    HM_TRY(put_signer_infos(&w, &built, reader));
    for (size_t i = LEVELS; i > 0; i--) HM_TRY(hm_der_close(&built, mark[i - 1]));
    return hm_put(der, hm_buf_bytes(&built));
}
