#include "pass.h"

hm_err hm_pass_begin(hm_pass *pass, const hm_digests *digests, bool plain, hm_sink *copy) {
    *pass = (hm_pass){.copy = copy};
    if (digests->count > HM_DIGESTS_MAX) return hm_misuse("more than %d digests are asked for", HM_DIGESTS_MAX);
    for (size_t i = 0; i < digests->count; i++) {
        hm_digest_algorithm algorithm = digests->digest[i].algorithm;
        if (algorithm < HM_SHA256 || algorithm > HM_SHA512)
            return hm_refuse("an unknown digest algorithm is asked for");
        pass->wanted[algorithm - HM_SHA256] = true;
    }
    if (plain) pass->wanted[0] = true;
    for (size_t i = 0; i < HM_PASS_ALGORITHMS; i++)
        if (pass->wanted[i]) hm_hash_init(&pass->hash[i], (hm_digest_algorithm)(HM_SHA256 + i));
    return HM_OK;
}

hm_err hm_pass_write(hm_pass *pass, hm_bytes bytes) {
    for (size_t i = 0; i < HM_PASS_ALGORITHMS; i++)
        if (pass->wanted[i]) hm_hash_update(&pass->hash[i], bytes);
    if (pass->copy) HM_TRY(hm_sink_write(pass->copy, bytes));
    return HM_OK;
}

void hm_pass_end(hm_pass *pass, hm_digests *digests, hm_digest *plain) {
    hm_digest value[HM_PASS_ALGORITHMS];
    for (size_t i = 0; i < HM_PASS_ALGORITHMS; i++)
        if (pass->wanted[i]) hm_hash_final(&pass->hash[i], &value[i]);
    for (size_t i = 0; i < digests->count; i++) digests->digest[i] = value[digests->digest[i].algorithm - HM_SHA256];
    if (plain) *plain = value[0];
}

hm_err hm_each_block(const hm_source *source, hm_buf *block, hm_err (*take)(void *context, hm_bytes bytes),
                     void *context) {
    block->len = 0;
    HM_TRY(hm_buf_reserve(block, HM_IO_BLOCK));
    for (uint64_t offset = 0; offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < HM_IO_BLOCK ? (size_t)left : HM_IO_BLOCK;
        HM_TRY(hm_source_read(source, offset, block->data, len));
        HM_TRY(take(context, HM_BYTES(block->data, len)));
        offset += len;
    }
    return HM_OK;
}
