#include "own_files.h"

#include <base/cbor.h>
#include <hallmark/verify.h>
#include <pki/cose.h>
#include <pki/trust_list.h>

#include <string.h>

enum { SELF_DESCRIBED = 55799, HEAD_MAX = HM_COSE_ENVELOPE_MAX + 16 };

/* A pack and a bundle both begin with an envelope; what that holds tells them apart. */
static const char *pack_or_bundle(hm_bytes head) {
    hm_reader reader = hm_reader_of(head);
    hm_cose_envelope envelope;
    hm_bytes bytes;
    uint64_t tag, items;
    hmv_trust list;
    if (hm_failed(hm_cbor_get_tag(&reader, &tag)) || tag != SELF_DESCRIBED) return NULL;
    if (hm_failed(hm_cbor_get_array(&reader, &items)) || hm_failed(hm_cbor_get_bytes(&reader, &bytes))) return NULL;
    if (hm_failed(hm_cose_envelope_get(bytes, &envelope))) return NULL;
    hmv_reason reason = hmv_trust_read((hmv_bytes){envelope.payload.data, envelope.payload.len}, &list);
    return HMV_IS_ACCEPTED(reason) ? "a bundle of trust lists" : "a pack";
}

static const char *labelled(hm_bytes head) {
    hm_reader reader = hm_reader_of(head);
    hm_bytes label;
    uint64_t items;
    if (hm_failed(hm_cbor_get_array(&reader, &items)) || hm_failed(hm_cbor_get_text(&reader, &label))) return NULL;
    if (hm_bytes_equal(label, hm_text("hallmark publisher 1"))) return "a publisher's file";
    bool key = hm_bytes_equal(label, hm_text("hallmark root 1")) || hm_bytes_equal(label, hm_text("hallmark log 1"));
    return key ? "a key file" : NULL;
}

const char *hm_own_file(const hm_source *content) {
    HM_BUF head = HM_BUF_EMPTY;
    hm_list_key key;
    size_t len = content->size < HEAD_MAX ? (size_t)content->size : HEAD_MAX;
    if (!len || hm_failed(hm_buf_reserve(&head, len)) || hm_failed(hm_source_read(content, 0, head.data, len)))
        return NULL;
    head.len = len;
    hm_bytes bytes = hm_buf_bytes(&head);
    if (hm_cose_is_envelope(bytes)) return "an envelope";
    const char *found = pack_or_bundle(bytes);
    if (!found) found = labelled(bytes);
    if (!found && content->size <= HM_LIST_KEY_MAX && !hm_failed(hm_list_key_read(bytes, &key))) found = "a key file";
    return found;
}
