/* Every byte of a structure matters, or is on the published list of those that do not.
 *
 * A changed structure must be refused, unless the change lies in what no signature covers:
 *   - the values of unsigned attributes (timestamps not yet judged, nested signatures as far as the outer one goes);
 *   - certificates that no signer's path needs (copies of others among them), and revocation lists.
 * A structure of ours without such parts has no byte that could be changed. And whatever is changed, other content than
 * the signed is never accepted. */
#include "pki_fixture.h"

#include "oid.h"

typedef struct {
    hm_structure structure;
    test_office office;
    hm_buf der;
    hm_digest content, other;
} subject;

static void build(hm_structure structure, subject *made) {
    uint8_t hash[HM_SHA256_LEN];
    *made = (subject){.structure = structure};
    office_make(&made->office, HM_KEY_ES256);
    made->content = digest_of_text(HM_SHA256, "content");
    made->other = digest_of_text(HM_SHA256, "other content");
    HM_MUST(hm_signed_build(structure, &made->content, &made->office.chain, TEST_NOW,
                            software_signer_of(made->office.leaf_key), &made->der, hash));
}

static void subject_clear(subject *made) {
    office_clear(&made->office);
    hm_buf_clear(&made->der);
}
#define SUBJECT __attribute__((cleanup(subject_clear))) subject

/* Signer INDEX over CONTENT. A refusal is the only fault there may be, a mistaken digest apart. */
static bool accepts(const subject *s, const hm_signed *parsed, size_t index, const hm_digest *content) {
    hm_verdict verdict;
    hm_verify_rules rules = office_rules(&s->office);
    hm_err err = hm_signed_verify(parsed, index, content, &rules, &verdict);
    if (hm_failed(err) && err.class != HM_REFUSED && !strstr(hm_err_sentence(), "not of the algorithm"))
        fail_msg("class %d: %s", err.class, hm_err_sentence());
    return !hm_failed(err);
}

/* Parse DER, which may be refused, and make sure that no signer of it accepts other content. */
static void parse_changed(const subject *s, hm_bytes der, hm_signed **parsed) {
    hm_err err = hm_signed_parse(s->structure, der, parsed);
    if (hm_failed(err)) {
        assert_int_equal(err.class, HM_REFUSED);
        assert_null(*parsed);
        return;
    }
    for (size_t i = 0; i < hm_signed_count(*parsed); i++) assert_false(accepts(s, *parsed, i, &s->other));
}

/* Is any signer of DER accepted? */
static bool accepted(const subject *s, hm_bytes der) {
    HM_SIGNED *parsed = NULL;
    bool any = false;
    parse_changed(s, der, &parsed);
    for (size_t i = 0; parsed && i < hm_signed_count(parsed); i++) any |= accepts(s, parsed, i, &s->content);
    return any;
}

/* Change every byte in two ways. A change outside [FROM, FROM + LEN) must be refused; those inside may pass. */
static void flip_every_byte(const subject *s, size_t from, size_t len) {
    static const uint8_t changes[] = {0x01, 0xa0};
    size_t inside = 0;
    for (size_t at = 0; at < s->der.len; at++)
        for (size_t i = 0; i < sizeof changes; i++) {
            s->der.data[at] ^= changes[i];
            bool passes = accepted(s, hm_buf_bytes(&s->der));
            if (passes && (at < from || at - from >= len)) fail_msg("byte %zu ^ %02x passes", at, changes[i]);
            inside += passes;
            s->der.data[at] ^= changes[i];
        }
    assert_true(accepted(s, hm_buf_bytes(&s->der)));
    assert_int_equal(inside != 0, len != 0);
}

static void no_byte_of_a_cms_signature_can_change(void **state) {
    (void)state;
    SUBJECT s;
    build(HM_STRUCTURE_CMS, &s);
    flip_every_byte(&s, 0, 0);
}

static void no_byte_of_an_authenticode_signature_can_change(void **state) {
    (void)state;
    SUBJECT s;
    build(HM_STRUCTURE_AUTHENTICODE_PE, &s);
    flip_every_byte(&s, 0, 0);
}

/* Does AT lie inside a copy of CERTIFICATE that stands in DER? */
static bool lies_in(hm_bytes der, size_t at, const hm_buf *certificate) {
    for (size_t from = at < certificate->len ? 0 : at - certificate->len + 1; from <= at; from++)
        if (der.len - from >= certificate->len && memcmp(&der.data[from], certificate->data, certificate->len) == 0)
            return true;
    return false;
}

/* The certificates are the leaf and the CA behind a header of four octets (whose tag may come to say "CRLs"). */
static bool lies_in_certificates(const subject *s, hm_bytes der, size_t at) {
    return lies_in(der, at, &s->office.leaf) || lies_in(der, at, &s->office.ca) ||
           (der.len - at > 4 && lies_in(der, at + 4, &s->office.leaf));
}

/* Each signature stands for itself: a change in one is not seen by the other. Both look for certificates among all that
 * are there, so a change in one's copy of a certificate may be made good by the other's. */
static void a_change_in_one_of_two_signatures_is_seen_by_that_one(void **state) {
    (void)state;
    SUBJECT s;
    HM_BUF both = HM_BUF_EMPTY;
    HM_BUF changed = HM_BUF_EMPTY;
    build(HM_STRUCTURE_AUTHENTICODE_PE, &s);
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&s.der), hm_buf_bytes(&s.der), &both));
    HM_MUST(hm_put(&changed, hm_buf_bytes(&both)));
    size_t passed_by_other = 0;
    for (size_t at = 0; at < both.len; at++) {
        HM_SIGNED *parsed = NULL;
        bool in_nested = at >= both.len - s.der.len;
        changed.data[at] ^= 1;
        parse_changed(&s, hm_buf_bytes(&changed), &parsed);
        if (parsed && hm_signed_count(parsed) == 2) {
            bool passes = accepts(&s, parsed, in_nested, &s.content);
            if (passes && !lies_in_certificates(&s, hm_buf_bytes(&both), at)) fail_msg("byte %zu passes", at);
            passed_by_other += accepts(&s, parsed, !in_nested, &s.content);
        }
        changed.data[at] ^= 1;
    }
    assert_in_range(passed_by_other, 1, both.len);
}

/* Give the structure an unsigned attribute of a type that means nothing to us. */
static void add_unsigned(subject *s) {
    HM_BUF nested = HM_BUF_EMPTY;
    /* Nesting is the only writer of unsigned attributes: have it write, then give the attribute another type. */
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&s->der), hm_buf_bytes(&s->der), &nested));
    uint8_t *type = memmem(nested.data, nested.len, hm_oid_spc_nested.data, hm_oid_spc_nested.len);
    assert_non_null(type);
    type[hm_oid_spc_nested.len - 1] = 9;
    s->der.len = 0;
    HM_MUST(hm_put(&s->der, hm_buf_bytes(&nested)));
}

static void only_values_of_unsigned_attributes_can_change(void **state) {
    (void)state;
    SUBJECT s;
    build(HM_STRUCTURE_AUTHENTICODE_PE, &s);
    size_t len = s.der.len;
    add_unsigned(&s);
    /* The value, and the attribute's type in front of it: tag and length of the SET between them. */
    size_t attribute_len = len + 4 + 10;
    flip_every_byte(&s, s.der.len - attribute_len, attribute_len);
}

static void refuses_every_truncation(void **state) {
    (void)state;
    const hm_structure structures[] = {HM_STRUCTURE_CMS, HM_STRUCTURE_AUTHENTICODE_PE};
    for (size_t n = 0; n < 2; n++) {
        SUBJECT s;
        build(structures[n], &s);
        for (size_t len = 0; len < s.der.len; len++) {
            /* In memory of exactly this length, so that a sanitizer sees a read behind it. */
            uint8_t *exact = malloc(len ? len : 1);
            assert_non_null(exact);
            memcpy(exact, s.der.data, len);
            HM_SIGNED *parsed = NULL;
            assert_int_equal(hm_signed_parse(s.structure, HM_BYTES(exact, len), &parsed).class, HM_REFUSED);
            assert_null(parsed);
            free(exact);
        }
    }
}

static void refuses_every_repeated_or_missing_byte(void **state) {
    (void)state;
    SUBJECT s;
    build(HM_STRUCTURE_CMS, &s);
    for (size_t at = 0; at < s.der.len; at++) {
        HM_BUF longer = HM_BUF_EMPTY;
        HM_BUF shorter = HM_BUF_EMPTY;
        HM_MUST(hm_put(&longer, hm_buf_bytes(&s.der)));
        HM_MUST(hm_buf_insert(&longer, at, 1));
        longer.data[at] = s.der.data[at];
        assert_false(accepted(&s, hm_buf_bytes(&longer)));
        HM_MUST(hm_put(&shorter, HM_BYTES(s.der.data, at)));
        HM_MUST(hm_put(&shorter, HM_BYTES(&s.der.data[at + 1], s.der.len - at - 1)));
        assert_false(accepted(&s, hm_buf_bytes(&shorter)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_byte_of_a_cms_signature_can_change),
        cmocka_unit_test(no_byte_of_an_authenticode_signature_can_change),
        cmocka_unit_test(a_change_in_one_of_two_signatures_is_seen_by_that_one),
        cmocka_unit_test(only_values_of_unsigned_attributes_can_change),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_every_repeated_or_missing_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
