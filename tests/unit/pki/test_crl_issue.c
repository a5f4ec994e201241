/* Revocation lists of ours, as OpenSSL reads them and as we judge by them. */
#include "crl_fixture.h"

static const uint8_t serial[] = {0x80, 1, 2, 3};

static hm_crl_request request_of(const hm_crl_entry *entry, size_t count) {
    return (hm_crl_request){.this_update = TEST_NOW - DAY,
                            .next_update = TEST_NOW + 90 * DAY,
                            .number = UINT64_C(0x80000000),
                            .count = count,
                            .entry = entry};
}

static void openssl_reads_and_verifies_ours(void **state) {
    OFFICE office;
    BENCH bench = bench_make();
    HM_BUF der = HM_BUF_EMPTY, text = HM_BUF_EMPTY, pem = HM_BUF_EMPTY;
    const hm_crl_entry entries[] = {
        {HM_ARRAY(serial), REVOKED_AT, HM_CRL_KEY_COMPROMISE, INVALID_SINCE},
        {HM_BYTES(serial + 1, 3), REVOKED_AT, HM_CRL_UNSPECIFIED, 0},
        {HM_BYTES(serial + 1, 2), REVOKED_AT, HM_CRL_SUPERSEDED, 0},
    };
    const char *printed;
    (void)state;
    office_make(&office, HM_KEY_ES256);
    hm_crl_request request = request_of(entries, 3);
    HM_MUST(hm_crl_issue(&request, hm_buf_bytes(&office.ca), software_signer_of(office.ca_key), &der));
    bench_put(&bench, "list.crl", hm_buf_bytes(&der));
    bench_put_pem(&bench, "ca.pem", hm_buf_bytes(&office.ca));
    bench_put_pem(&bench, "root.pem", hm_buf_bytes(&office.root));
    HM_MUST(hm_put(&pem, HM_NO_BYTES));
    bench_must(&bench, "cat ca.pem root.pem > both.pem; openssl crl -inform DER -in list.crl -CAfile both.pem -verify "
                       "-text -noout > text 2>&1");
    bench_get(&bench, "text", &text);
    HM_MUST(hm_buf_string(&text, &printed));
    assert_non_null(strstr(printed, "verify OK"));
    assert_non_null(strstr(printed, "Version 2 (0x1)"));
    assert_non_null(strstr(printed, "Serial Number: 80010203"));
    assert_non_null(strstr(printed, "Key Compromise"));
    assert_non_null(strstr(printed, "Invalidity Date"));
    assert_non_null(strstr(printed, "Superseded"));
    assert_null(strstr(printed, "Unspecified"));
    assert_non_null(strstr(printed, "Authority Key Identifier"));
    assert_non_null(strstr(printed, "CRL Number"));
    assert_non_null(strstr(printed, "2147483648"));
}

static void ours_are_judged_by(void **state) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_info leaf;
    HM_BUF number = HM_BUF_EMPTY;
    hm_crl_info info;
    (void)state;
    scene_make(&s);
    HM_MUST(hm_cert_describe(hm_buf_bytes(&s.office.leaf), &leaf));
    HM_MUST(hm_hex_decode(hm_text(leaf.serial), &number));
    const hm_crl_entry entry = {hm_buf_bytes(&number), REVOKED_AT, HM_CRL_SUPERSEDED, 0};
    hm_crl_request request = request_of(&entry, 1);
    HM_MUST(hm_crl_issue(&request, hm_buf_bytes(&s.office.ca), software_signer_of(s.office.ca_key), &der));
    HM_MUST(hm_crl_describe(hm_buf_bytes(&der), &info));
    assert_string_equal(info.number, "2147483648");
    assert_int_equal(info.count, 1);
    assert_int_equal(info.next_update, request.next_update);
    HM_MUST(hm_crls_add(s.crls, hm_buf_bytes(&der)));
    refuses(&s, "(superseded)");
}

static void refuses_to_issue_what_is_no_list(void **state) {
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    static const uint8_t long_serial[21] = {1};
    (void)state;
    office_make(&office, HM_KEY_ES256);
    const hm_signer *key = software_signer_of(office.ca_key);
    hm_crl_entry entry = {HM_ARRAY(serial), REVOKED_AT, HM_CRL_SUPERSEDED, 0};
    hm_crl_request request = request_of(&entry, 1);
    assert_refused(hm_crl_issue(&request, hm_buf_bytes(&office.root), key, &der), "not that of the issuer");
    request.next_update = request.this_update;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "end before it begins");
    request = request_of(&entry, 1);
    entry.reason = (hm_crl_reason)7;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "for reason 7");
    entry.reason = HM_CRL_REMOVE_FROM_CRL;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "for reason 8");
    entry = (hm_crl_entry){HM_ARRAY(long_serial), REVOKED_AT, HM_CRL_SUPERSEDED, 0};
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "1 to 20 octets");
    entry.serial = HM_NO_BYTES;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "1 to 20 octets");
    assert_int_equal(der.len, 0);
}

static void words_and_reasons_are_one_to_one(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 16; i++) {
        hm_crl_reason reason;
        const char *word = hm_crl_reason_word(i);
        assert_int_equal(word != NULL, i <= 10 && i != 7);
        if (!word) continue;
        assert_true(hm_crl_reason_of_word(word, &reason));
        assert_int_equal(reason, i);
    }
    hm_crl_reason ignored;
    assert_false(hm_crl_reason_of_word("keyCompromise", &ignored));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_reads_and_verifies_ours),
        cmocka_unit_test(ours_are_judged_by),
        cmocka_unit_test(refuses_to_issue_what_is_no_list),
        cmocka_unit_test(words_and_reasons_are_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
