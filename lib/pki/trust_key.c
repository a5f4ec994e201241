/* COSE_Keys as trust lists carry them: copies, with their names. */
#include <pki/trust_list.h>

#include <pki/cose.h>

#include <string.h>

hm_err hm_list_key_get(hm_reader *reader, hm_list_key *key) {
    hm_bytes before = reader->rest, cose;
    hm_cose_key parsed;
    HM_TRY(hm_cose_key_get(reader, &parsed));
    HM_TRY(hm_bytes_part(before, 0, before.len - reader->rest.len, &cose));
    if (cose.len > sizeof key->cose) return hm_refuse("COSE key: it is too large (%zu bytes)", cose.len);
    memset(key, 0, sizeof *key);
    memcpy(key->kid, parsed.kid, sizeof key->kid);
    memcpy(key->cose, cose.data, cose.len);
    key->len = cose.len;
    return HM_OK;
}

hm_err hm_list_key_read(hm_bytes cose, hm_list_key *key) {
    hm_reader reader = hm_reader_of(cose);
    HM_TRY(hm_list_key_get(&reader, key));
    return hm_in(hm_read_end(&reader), "COSE key");
}

static const char *name_of(const hm_list_key *key) {
    hm_reader reader = hm_reader_of(HM_BYTES(key->cose, key->len));
    hm_cose_key parsed;
    return hm_failed(hm_cose_key_get(&reader, &parsed)) ? NULL : hm_cose_algorithm_name(parsed.algorithm);
}

const char *hm_list_key_name(const hm_list_key *key) {
    const char *name = name_of(key);
    return name ? name : "?";
}
