#include "name.h"

#include "oid.h"

#include <pki/der.h>

#include <limits.h>
#include <openssl/asn1.h>

enum { CHARACTERS_MAX = 64 }; /* ub-common-name, ub-organization-name, ub-organizational-unit-name (RFC 5280 A.1) */

static bool is_control(unsigned long character) { return character < 0x20 || (character >= 0x7f && character < 0xa0); }

static hm_err check_string(const char *what, hm_bytes text) {
    hm_reader reader = hm_reader_of(text);
    size_t characters = 0;
    for (; reader.rest.len; characters++) {
        unsigned long character;
        int limit = reader.rest.len > INT_MAX ? INT_MAX : (int)reader.rest.len;
        int octets = UTF8_getc(reader.rest.data, limit, &character);
        if (octets <= 0) return hm_misuse("the %s is not UTF-8", what);
        if (is_control(character)) return hm_misuse("the %s holds a control character", what);
        HM_TRY(hm_read_skip(&reader, (size_t)octets));
    }
    if (characters == 0) return hm_misuse("the %s is empty", what);
    if (characters > CHARACTERS_MAX) return hm_misuse("the %s is longer than %d characters", what, CHARACTERS_MAX);
    return HM_OK;
}

static hm_err put_part(hm_buf *der, hm_bytes type, const char *what, const char *text) {
    size_t set, attribute;
    if (!text) return HM_OK;
    HM_TRY(check_string(what, hm_text(text)));
    HM_TRY(hm_der_open(der, HM_DER_SET, &set));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &attribute));
    HM_TRY(hm_der_put(der, HM_DER_OID, type));
    HM_TRY(hm_der_put(der, HM_DER_UTF8_STRING, hm_text(text)));
    HM_TRY(hm_der_close(der, attribute));
    return hm_der_close(der, set);
}

hm_err hm_put_name(hm_buf *der, const hm_cert_name *name) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(put_part(der, hm_oid_organization, "organization", name->organization));
    HM_TRY(put_part(der, hm_oid_organizational_unit, "product", name->product));
    HM_TRY(put_part(der, hm_oid_common_name, "common name", name->common_name));
    return hm_der_close(der, mark);
}
