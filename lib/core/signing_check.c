/* What may be signed, and with which key: asked before anything is written or signed. */
#include "certificates.h"
#include "pair.h"
#include "signing_job.h"

#include <base/json.h>

#include <string.h>

static bool product_allows(const hm_product *product, uint64_t algorithm) {
    return algorithm >= 1 && algorithm <= HM_KEY_ALGORITHMS && (product->algorithms >> algorithm & 1);
}

/* FORMATS: bit n: something is to be signed with it that is logged as format n. */
static hm_err ready_key(hm_office *office, hm_key_algorithm algorithm, uint32_t formats, hm_bytes announced,
                        hm_signing_key **key) {
    bool there, compared = office->session->noting == HM_NOTING_COMPARED;
    HM_TRY(hm_keyring_has(office, algorithm, &there));
    /* Who only compares has no role, and makes no key. */
    if (!there && compared) return hm_refuse("is not what the request asks for: there is no key of that algorithm yet");
    if (!there) HM_TRY(hm_rule_allows_new_key(office, algorithm, formats));
    HM_TRY(hm_keyring_get_announced(office, algorithm, announced, key));
    return compared ? HM_OK : hm_key_serves(office, &office->session->product, *key, hm_now());
}

hm_err hm_signing_prepare(hm_office *office, const hm_message *question, hm_message *answer) {
    if (!office->session->product.id) return hm_refuse("core language: prepare comes after narrow");
    hm_bytes wanted = question->field[HM_PREPARE_ALGORITHMS].bytes;
    uint64_t structure = question->field[HM_PREPARE_STRUCTURE].number;
    uint32_t formats = hm_narrow_formats(office, structure);
    HM_BUF names = HM_BUF_EMPTY;
    if (!formats) return hm_refuse("this session signs nothing of structure %llu", (unsigned long long)structure);
    for (size_t i = 0; i < wanted.len; i++) {
        hm_key_algorithm algorithm = (hm_key_algorithm)wanted.data[i];
        if (product_allows(&office->session->product, algorithm)) {
            hm_signing_key *key;
            HM_TRY(ready_key(office, algorithm, formats, HM_NO_BYTES, &key));
            answer->field[HM_PREPARED_ALGORITHM].number = algorithm;
            answer->field[HM_PREPARED_CERTIFICATE].bytes = key->chain.cert[0];
            return structure == HM_STRUCTURE_COSE
                       ? hm_releases_highest(office, &answer->field[HM_PREPARED_SEQUENCE].number)
                       : HM_OK;
        }
        const char *name = hm_key_algorithm_name(algorithm);
        HM_TRY(hm_put_format(&names, "%s%s", i ? ", " : "", name ? name : "?"));
    }
    const char *list;
    HM_TRY(hm_buf_string(&names, &list));
    return hm_refuse(
        "%s has no key of an algorithm that this format's verifiers accept (they accept %s; a product's algorithms are fixed by hallmark "
        "product add --algorithm)",
        office->session->product.name, list);
}

/* A digest is signed as it is given: it must be what the structure's scheme signs. */
static hm_err take_content(hm_signing_job *job, hm_key_algorithm algorithm) {
    hm_bytes content = hm_job_bytes(job, HM_SIGN_CONTENT);
    if (hm_job_bytes(job, HM_SIGN_STATEMENT).len)
        return hm_refuse("core language: a manifest is signed as COSE, and nothing else is");
    job->content.algorithm = hm_scheme_digest(hm_key_scheme(algorithm));
    job->content.len = hm_digest_len(job->content.algorithm);
    if (content.len != job->content.len) return hm_refuse("the digest has the wrong length for the key's algorithm");
    memcpy(job->content.value, content.data, content.len);
    return HM_OK;
}

/* What the log says of the file is what the core has seen itself. */
static hm_err read_statement(hm_signing_job *job) {
    hm_bytes statement = hm_job_bytes(job, HM_SIGN_STATEMENT), content = hm_job_bytes(job, HM_SIGN_CONTENT);
    HM_TRY(hm_signed_manifest_read(statement, content, &job->release));
    return hm_bytes_equal(hm_job_bytes(job, HM_SIGN_PLAIN), content) &&
                   hm_job_number(job, HM_SIGN_SIZE) == statement.len
               ? HM_OK
               : hm_refuse("core language: size and digest are not the manifest's");
}

/* With roles the key for receipts is made for who may sign. Over HTTPS a receipt is asked for outside of the session
 * that signed, when it would be too late to find that there is no key for it. */
static hm_err ready_receipts(hm_office *office, hm_key_algorithm algorithm) {
    hm_office_key key = {.found = false};
    bool there;
    if (!office->governed || office->session->noting != HM_NOTING_NOTHING) return HM_OK;
    HM_TRY(hm_ceremony_has_office_key(office, HM_KEY_ROLE_RECEIPT, HM_KEY_ES256, &there));
    if (there) return HM_OK;
    HM_TRY(hm_rule_allows_new_key(office, algorithm, 1u << HM_LOGGED_MANIFEST));
    hm_err err = hm_ceremony_office_key(office, HM_KEY_ROLE_RECEIPT, HM_KEY_ES256, true, &key);
    hm_buf_clear(&key.spki);
    return hm_in(err, "the key for receipts");
}

hm_err hm_job_check(hm_office *office, hm_signing_job *job) {
    if (!office->session->product.id) return hm_refuse("core language: sign comes after narrow");
    if (!office->session->signatures_left)
        return hm_refuse("this session has used up the signatures it was opened for");
    uint64_t algorithm = hm_job_number(job, HM_SIGN_ALGORITHM);
    if (!product_allows(&office->session->product, algorithm))
        return hm_refuse("%s does not sign with that algorithm", office->session->product.name);
    HM_TRY(hm_narrow_allows(office, hm_job_number(job, HM_SIGN_STRUCTURE), hm_job_number(job, HM_SIGN_FORMAT)));
    HM_TRY(hm_job_is_cose(job) ? read_statement(job) : take_content(job, (hm_key_algorithm)algorithm));
    if (hm_job_is_cose(job))
        HM_TRY(hm_narrow_allows_release(office, &job->release, hm_job_bytes(job, HM_SIGN_CONTENT)));
    /* Last, because a key that is not there yet is made. */
    HM_TRY(ready_key(office, (hm_key_algorithm)algorithm, 1u << hm_job_number(job, HM_SIGN_FORMAT),
                     hm_job_bytes(job, HM_SIGN_CERTIFICATE), &job->key));
    if (hm_job_is_cose(job)) {
        hm_signer signer = hm_key_signer(job->key->key);
        HM_TRY(hm_signed_manifest_check(office, &job->release, &signer));
    }
    if (job->key->not_after < job->time)
        return hm_refuse(
            "the signing certificate of %s has expired (hallmark cert renew gives the key another; one that came from elsewhere: cert request, cert import)",
            office->session->product.name);
    if (hm_job_is_cose(job)) HM_TRY(ready_receipts(office, (hm_key_algorithm)algorithm));
    office->session->signatures_left--;
    return HM_OK;
}

hm_err hm_job_look_at_present(hm_office *office, hm_signing_job *job) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_pair pair = {.details = &details};
    hm_bytes present = hm_job_bytes(job, HM_SIGN_PRESENT);
    if (!present.len || office->session->noting == HM_NOTING_COMPARED) return HM_OK;
    if (present.len != HM_SHA256_LEN) return hm_refuse("core language: a signature is named by its SHA-256");
    HM_TRY(hm_rule_allows_requester(office));
    hm_err err = hm_pair_find(office, present, hm_job_bytes(job, HM_SIGN_CONTENT), &pair);
    if (!hm_failed(err)) err = hm_pair_check_release(office, &pair);
    hm_fault fault = hm_fault_keep(err);
    if (fault.class == HM_REFUSED) return hm_refuse("%s (--replace signs it anew)", fault.sentence);
    HM_TRY(hm_fault_raise(&fault));
    /* By a key that has been stolen since, or a certificate that was revoked: it is signed anew. */
    bool revoked = false;
    HM_BUF certificate = HM_BUF_EMPTY;
    HM_TRY(hm_hex_decode(hm_json_text_of(hm_buf_bytes(&details), "certificate"), &certificate));
    HM_TRY(hm_certificate_is_revoked(office, hm_buf_bytes(&certificate), &revoked));
    job->intent = pair.intent;
    job->outcome = pair.outcome;
    job->kept = !revoked;
    return HM_OK;
}
