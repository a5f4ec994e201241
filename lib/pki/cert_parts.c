#include "cert_parts.h"

#include <pki/cert.h>

static hm_err cut_tbs(hm_reader tbs, hm_cert_parts *parts) {
    hm_tlv serial, skipped, issuer, subject, spki;
    if (hm_tlv_follows(&tbs, HM_DER_CONTEXT_CONSTRUCTED)) HM_TRY(hm_tlv_read(&tbs, &skipped)); /* version 2 or 3 */
    HM_TRY(hm_tlv_expect(&tbs, HM_DER_INTEGER, "serial number", &serial));
    HM_TRY(hm_tlv_expect(&tbs, HM_DER_SEQUENCE, "signature algorithm", &skipped));
    HM_TRY(hm_tlv_expect(&tbs, HM_DER_SEQUENCE, "issuer", &issuer));
    HM_TRY(hm_tlv_expect(&tbs, HM_DER_SEQUENCE, "validity", &skipped));
    HM_TRY(hm_tlv_expect(&tbs, HM_DER_SEQUENCE, "subject", &subject));
    HM_TRY(hm_tlv_expect(&tbs, HM_DER_SEQUENCE, "public key", &spki));
    *parts = (hm_cert_parts){serial.whole, issuer.whole, subject.whole, spki.whole};
    return HM_OK;
}

static hm_err cut(hm_bytes der, hm_cert_parts *parts) {
    hm_tlv certificate;
    hm_reader tbs;
    HM_TRY(hm_tlv_only(der, HM_DER_SEQUENCE, "its body", &certificate));
    HM_TRY(hm_tlv_check(der));
    hm_reader inside = hm_reader_of(certificate.content);
    HM_TRY(hm_tlv_enter(&inside, HM_DER_SEQUENCE, "its body", &tbs));
    return cut_tbs(tbs, parts);
}

hm_err hm_cert_cut(hm_bytes der, hm_cert_parts *parts) { return hm_in(cut(der, parts), "certificate"); }

bool hm_cert_is_self_issued(const hm_cert_parts *parts) { return hm_bytes_equal(parts->issuer, parts->subject); }

hm_err hm_cert_spki(hm_bytes der, hm_bytes *spki) {
    hm_cert_parts parts;
    HM_TRY(hm_cert_cut(der, &parts));
    *spki = parts.spki;
    return HM_OK;
}
