#include <core/statement_envelope.h>

#include <crypto/public_key.h>
#include <pki/cose.h>

_Static_assert((int)HM_COSE_SIGNATURES_MAX == (int)HM_STATEMENT_SIGNERS_MAX, "every signature of an envelope counts");

hm_err hm_statement_signer(const hm_registry *registry, hm_bytes kid, size_t *number, hm_bytes *spki) {
    uint8_t own[HM_KID_LEN];
    for (*number = 0; hm_registry_key(registry, *number, spki); ++*number) {
        HM_TRY(hm_cose_kid(*spki, own));
        if (hm_bytes_equal(kid, HM_ARRAY(own))) return HM_OK;
    }
    return hm_refuse("the key that signs is no principal's of this office");
}

/* A key that is none would leave its holder's name standing, and every signature that follows unread. */
static hm_err check_keys(hm_bytes payload) {
    hm_statement s;
    HM_TRY(hm_statement_get(payload, &s));
    for (size_t i = 0; i < s.founders; i++)
        HM_TRY(hm_in(hm_public_key_check(s.founder[i].spki), "the key of %.*s", (int)s.founder[i].name.len,
                     (const char *)s.founder[i].name.data));
    for (size_t i = 0; i < s.keys; i++)
        HM_TRY(hm_in(hm_public_key_check(s.key[i]), "a key of %.*s", (int)s.name.len, (const char *)s.name.data));
    return HM_OK;
}

hm_err hm_statement_envelope_take(hm_registry *registry, hm_bytes envelope, bool verify, int64_t now) {
    hm_cose_envelope read;
    size_t number[HM_STATEMENT_SIGNERS_MAX];
    HM_TRY(hm_cose_draft_get(envelope, &read));
    for (size_t i = 0; i < read.signatures; i++) {
        hm_bytes spki;
        HM_TRY(hm_statement_signer(registry, read.signature[i].kid, &number[i], &spki));
        if (verify) HM_TRY(hm_cose_verify(HM_COSE_STATEMENT, read.payload, &read.signature[i], spki));
    }
    if (verify) HM_TRY(check_keys(read.payload));
    return hm_registry_take(registry, read.payload, number, read.signatures, now);
}

hm_err hm_statement_envelope_put(hm_bytes statement, const hm_signer *signers, size_t count, hm_buf *envelope) {
    hm_buf signature[HM_STATEMENT_SIGNERS_MAX] = {0};
    hm_bytes view[HM_STATEMENT_SIGNERS_MAX];
    uint8_t hash[HM_SHA256_LEN];
    hm_err err = count <= HM_STATEMENT_SIGNERS_MAX
                     ? HM_OK
                     : hm_misuse("at most %d officers sign a statement", HM_STATEMENT_SIGNERS_MAX);
    for (size_t i = 0; !hm_failed(err) && i < count; i++) {
        err = hm_cose_sign(HM_COSE_STATEMENT, statement, NULL, &signers[i], &signature[i], hash);
        view[i] = hm_buf_bytes(&signature[i]);
    }
    if (!hm_failed(err)) err = hm_cose_draft_put(statement, view, count, envelope);
    for (size_t i = 0; i < HM_STATEMENT_SIGNERS_MAX; i++) hm_buf_clear(&signature[i]);
    return err;
}
