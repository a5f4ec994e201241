/* Ids of keys (CKA_ID). A governed office's say what the key is for: they are a hash over the charter, the office as it
 * was founded, and the product, role, algorithm and time of the key. The token holds them and the database cannot
 * change them; so who edits the database can neither free a key from the founders' statements nor have it serve another
 * product or purpose, nor have it vouch for another organization's name, for other devices, or for production. */
#include "office.h"

#include <crypto/digest.h>

#include <string.h>

/* What a governed key's id begins with, and no other's. */
static const uint8_t mark[] = {'H', 'M', 'K'};

static hm_err governed_id(const hm_office *office, const hm_product *product, const hm_key_row *row,
                          uint8_t id[static HM_KEY_ID_LEN]) {
    HM_BUF text = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    HM_TRY(hm_put_text(&text, "hallmark key id\n"));
    HM_TRY(hm_put(&text, HM_ARRAY(office->charter)));
    HM_TRY(hm_put_u64be(&text, (uint64_t)row->created));
    HM_TRY(hm_put_u8(&text, (uint8_t)row->role));
    HM_TRY(hm_put_u8(&text, (uint8_t)row->algorithm));
    HM_TRY(hm_put_u8(&text, office->row.development));
    HM_TRY(hm_put_text(&text, office->row.organization));
    HM_TRY(hm_put_u8(&text, 0));
    if (product) {
        HM_TRY(hm_put(&text, HM_ARRAY(product->vendor)));
        HM_TRY(hm_put(&text, HM_ARRAY(product->class)));
        HM_TRY(hm_put_text(&text, product->name));
        if (row->release.len) HM_TRY(hm_put_u8(&text, 0));
        HM_TRY(hm_put(&text, row->release));
    }
    hm_sha256(hm_buf_bytes(&text), hash);
    memcpy(id, mark, sizeof mark);
    memcpy(id + sizeof mark, hash, HM_KEY_ID_LEN - sizeof mark);
    return HM_OK;
}

static bool is_marked(const uint8_t id[static HM_KEY_ID_LEN]) { return memcmp(id, mark, sizeof mark) == 0; }

bool hm_key_id_is_governed(hm_bytes id) { return id.len == HM_KEY_ID_LEN && is_marked(id.data); }

hm_err hm_key_id_new(const hm_office *office, const hm_product *product, hm_key_row *row) {
    if (office->governed) return governed_id(office, product, row, row->token_id);
    do HM_TRY(hm_random(row->token_id, sizeof row->token_id));
    while (is_marked(row->token_id));
    return HM_OK;
}

hm_err hm_key_id_check(const hm_office *office, const hm_product *product, const hm_key_row *row) {
    uint8_t id[HM_KEY_ID_LEN];
    if (!office->governed)
        return is_marked(row->token_id) ? hm_refuse("this key signs under its founders' statements, and the database "
                                                    "has none: it was changed")
                                        : HM_OK;
    HM_TRY(governed_id(office, product, row, id));
    return memcmp(id, row->token_id, sizeof id) == 0
               ? HM_OK
               : hm_refuse("the database names a key that was made for something else: it was changed");
}
