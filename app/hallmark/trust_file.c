#include "trust_file.h"

#include <base/cbor.h>

#include <string.h>

enum { SELF_DESCRIBED = 55799 };

hm_err hm_list_file_open(hm_bytes bytes, hm_list_file *file) {
    HM_BUF root_set = HM_BUF_EMPTY;
    memset(file, 0, sizeof *file);
    file->bytes = bytes;
    HM_TRY(hm_in(hm_cose_draft_get(bytes, &file->envelope), "is no trust list"));
    HM_TRY(hm_trust_list_new(&file->list));
    HM_TRY(hm_trust_list_read(file->envelope.payload, file->list));
    HM_TRY(hm_list_roots_put(file->list, &root_set));
    hm_sha256(hm_buf_bytes(&root_set), file->root_set);
    return HM_OK;
}

void hm_list_file_clear(hm_list_file *file) { hm_trust_list_free(&file->list); }

/* The signature that names KEY; NULL if none does. */
static const hm_cose_signature *signature_of(const hm_cose_envelope *envelope, const hm_list_key *key) {
    for (size_t i = 0; i < envelope->signatures; i++)
        if (hm_bytes_equal(envelope->signature[i].kid, HM_ARRAY(key->kid))) return &envelope->signature[i];
    return NULL;
}

static hm_err verify(const hm_list_file *file, const hm_list_key *key, const hm_cose_signature *signature) {
    HM_BUF spki = HM_BUF_EMPTY;
    hm_cose_key parsed;
    hm_reader reader = hm_reader_of(HM_BYTES(key->cose, key->len));
    HM_TRY(hm_cose_key_get(&reader, &parsed));
    if (signature->algorithm != parsed.algorithm) return hm_refuse("its algorithm is not the key's");
    HM_TRY(hm_cose_key_spki(&parsed, &spki));
    return hm_cose_verify(HM_COSE_TRUST_LIST, file->envelope.payload, signature, hm_buf_bytes(&spki));
}

hm_err hm_list_tally(const hm_list_file *file, const hm_trust_list *roots, hm_tally *tally) {
    memset(tally, 0, sizeof *tally);
    tally->threshold = roots->threshold;
    for (size_t i = 0; i < roots->roots; i++) {
        const hm_cose_signature *signature = signature_of(&file->envelope, &roots->root[i]);
        if (!signature) continue;
        hm_err err = verify(file, &roots->root[i], signature);
        if (hm_failed(err) && err.class != HM_REFUSED) return err;
        tally->root[i] = hm_failed(err) ? HM_ROOT_WRONG : HM_ROOT_SIGNED;
        tally->wrong += hm_failed(err);
        tally->good += !hm_failed(err);
    }
    return HM_OK;
}

hm_err hm_list_check_signed(const hm_list_file *file) {
    hm_tally tally;
    unsigned long long version = file->list->version;
    HM_TRY(hm_list_tally(file, file->list, &tally));
    if (hm_tally_is_enough(&tally)) return HM_OK;
    if (tally.wrong) return hm_refuse("a signature of trust list %llu is wrong", version);
    return hm_refuse("trust list %llu has %zu of %llu root signatures", version, tally.good,
                     (unsigned long long)tally.threshold);
}

static hm_err take_bundle(hm_bytes content, hm_list_files *files) {
    hm_reader reader = hm_reader_of(content);
    uint64_t tag, count;
    files->bundle = true;
    HM_TRY(hm_cbor_get_tag(&reader, &tag));
    if (tag != SELF_DESCRIBED) return hm_refuse("is neither a trust list nor a bundle of them");
    HM_TRY(hm_cbor_get_array(&reader, &count));
    if (!count || count > HM_BUNDLE_LISTS_MAX) return hm_refuse("a bundle holds 1 to %d lists", HM_BUNDLE_LISTS_MAX);
    for (; files->count < count; files->count++) HM_TRY(hm_cbor_get_bytes(&reader, &files->list[files->count]));
    return hm_read_end(&reader);
}

hm_err hm_list_files_of(hm_bytes content, hm_list_files *files) {
    *files = (hm_list_files){.count = 0};
    if (hm_cbor_next(&(hm_reader){content}) != HM_CBOR_TAG)
        return hm_refuse("is neither a trust list nor a bundle of them");
    if (!hm_cose_is_envelope(content)) return hm_in(take_bundle(content, files), "bundle");
    files->list[files->count++] = content;
    return HM_OK;
}

hm_err hm_json_inside(hm_buf *object) {
    hm_bytes inside;
    HM_TRY(hm_bytes_part(hm_buf_bytes(object), 1, object->len - 2, &inside));
    memmove(object->data, inside.data, inside.len);
    object->len = inside.len;
    return HM_OK;
}
