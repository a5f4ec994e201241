/* What is said of two trust lists that differ. */
#include "trust_fixture.h"

#include <base/cbor.h>
#include <pki/trust_compare.h>

/* For RS256, as keys are written, or PS256. */
static hm_list_key rsa_key(bool pss) {
    enum { ALGORITHM_AT = 39, RS256_LEN = 3 }; /* behind kty, kid and the label */
    HM_BUF spki = HM_BUF_EMPTY, cose = HM_BUF_EMPTY, other = HM_BUF_EMPTY;
    static const uint8_t ps256[] = {0x38, 0x24}, exponent[] = {1, 0, 1};
    uint8_t modulus[384];
    hm_list_key key;
    memset(modulus, 0xb7, sizeof modulus);
    WORKS(hm_spki_from_rsa(HM_ARRAY(modulus), HM_ARRAY(exponent), &spki));
    WORKS(hm_cose_key_put(hm_buf_bytes(&spki), &cose));
    WORKS(hm_put(&other, HM_BYTES(cose.data, ALGORITHM_AT)));
    WORKS(hm_put(&other, HM_ARRAY(ps256)));
    size_t behind = ALGORITHM_AT + RS256_LEN;
    WORKS(hm_put(&other, HM_BYTES(&cose.data[behind], cose.len - behind)));
    WORKS(hm_list_key_read(pss ? hm_buf_bytes(&other) : hm_buf_bytes(&cose), &key));
    return key;
}

static hm_err collect(void *context, const char *sentence) { return hm_put_format(context, "%s\n", sentence); }

static void assert_difference(const hm_trust_list *a, const hm_trust_list *b, const char *words) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *string;
    WORKS(hm_trust_list_compare(a, b, collect, &text));
    WORKS(hm_buf_string(&text, &string));
    if (words[0] ? !strstr(string, words) : text.len != 0) fail_msg("'%s' is not in: %s", words, string);
}

static void every_operation_is_a_difference(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    hm_list_revoked *revoked;
    hm_list_log log = a_log();
    hm_list_key key = key_numbered(60);
    uint8_t digest[32] = {1};
    assert_difference(a, b, "");
    WORKS(hm_list_add_root(b, &key));
    assert_difference(a, b, " is new\n2 of 4 roots must sign, instead of 2 of 3");
    assert_difference(b, a, " is gone\n2 of 3 roots must sign, instead of 2 of 4");
    WORKS(hm_list_retire(&b->publisher[0]));
    assert_difference(a, b, "Maker is retired");
    b->publisher[1].kinds = 4;
    assert_difference(a, b, "Hospital signs bootloader");
    b->publisher[1].purposes = 2;
    assert_difference(a, b, "Hospital signs for development");
    b->publisher[1].receipts = true;
    assert_difference(a, b, "need receipts");
    WORKS(hm_list_add_class(&b->publisher[1], "0a0a0a0a-0707-0707-0707-070707070707"));
    assert_difference(a, b, "Hospital: class 0a0a0a0a-0707-0707-0707-070707070707 is new");
    WORKS(hm_list_remove_key(&b->publisher[0], kid_of(&b->publisher[0].key[0]).text));
    assert_difference(a, b, "Maker: key ");
    WORKS(hm_list_revoke(b, kid_of(&a->publisher[0].key[0]).text, &revoked));
    assert_difference(a, b, " is revoked\n");
    WORKS(hm_list_keep(b, revoked, digest));
    assert_difference(a, b, " release 0100000000000000000000000000000000000000000000000000000000000000 stays good\n");
    assert_difference(b, a, "revoked no more");
    WORKS(hm_list_set_minimum(b, "Maker/main=3"));
    assert_difference(a, b, "security version of main is 3, instead of 0");
    WORKS(hm_list_add_log(b, &log));
    assert_difference(a, b, "log ");
    b->publishers = 1;
    assert_difference(a, b, "publisher Hospital is gone");
    assert_difference(b, a, "publisher Hospital is new");
}

/* What two lists have in equal number, and is not the same. */

static void another_release_that_stays_good_is_a_difference(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    uint8_t first[32] = {1}, second[32] = {2};
    revoke_but_keep(a, &a->publisher[0].key[0], first);
    revoke_but_keep(b, &b->publisher[0].key[0], second);
    assert_difference(a, b,
                      " release 0100000000000000000000000000000000000000000000000000000000000000 stays good no more");
    assert_difference(a, b, " release 0200000000000000000000000000000000000000000000000000000000000000 stays good\n");
    assert_difference(b, b, "");
}

static void a_log_of_another_office_is_a_difference(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    hm_list_log log = a_log();
    WORKS(hm_list_add_log(a, &log));
    memset(log.office, 0x0a, sizeof log.office);
    WORKS(hm_list_add_log(b, &log));
    assert_difference(a, b, " of office 6c6f6727-7320-6f66-6669-63652e2e2e2e is gone");
    assert_difference(a, b, " of office 0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a is new");
    assert_difference(b, b, "");
}

/* A kid is the same for RS256 and PS256. */
static void another_algorithm_of_a_key_is_a_difference(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    a->root[0] = b->root[0] = rsa_key(false);
    b->root[0] = rsa_key(true);
    assert_memory_equal(a->root[0].kid, b->root[0].kid, sizeof a->root[0].kid);
    assert_difference(a, b, " is for PS256, instead of RS256");
    a->publisher[0].key[1] = b->publisher[0].key[1] = b->root[0];
    b->root[0] = a->root[0];
    assert_difference(a, b, "");
    b->publisher[0].key[1] = a->root[0];
    assert_difference(a, b, "Maker: key ");
    assert_difference(a, b, " is for RS256, instead of PS256");
}

static void set_notes(hm_trust_list *list, const char *pairs, size_t len, size_t count) {
    memcpy(list->note, pairs, len);
    list->notes = count;
    list->notes_len = len;
}

static void notes_are_compared(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    set_notes(b, "\x20\x62hi", 4, 1);
    assert_difference(a, b, "note -1 is new: hi\n");
    assert_difference(b, a, "note -1 is gone: hi\n");
    set_notes(a, "\x20\x62ho\x21\x41\xff", 7, 2);
    assert_difference(a, b, "note -1 said: ho\n");
    assert_difference(a, b, "note -1 says now: hi\n");
    assert_difference(a, b, "note -2 is gone: 41ff\n");
    assert_difference(a, a, "");
}

static void a_note_is_one_line_of_bounded_length(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    HM_BUF pair = HM_BUF_EMPTY;
    uint8_t words[300];
    set_notes(b, "\x20\x63x\ny", 5, 1);
    assert_difference(a, b, "note -1 is new: x\\x0ay\n");
    memset(words, 'w', sizeof words);
    WORKS(hm_cbor_put_int(&pair, -1));
    WORKS(hm_cbor_put_text(&pair, HM_ARRAY(words)));
    set_notes(b, (const char *)pair.data, pair.len, 1);
    assert_difference(a, b, "www ...\n");
}

static void another_order_is_a_difference(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    hm_list_key first = b->root[0];
    b->root[0] = b->root[1];
    b->root[1] = first;
    assert_difference(a, b, "it differs in something that this program does not describe\n");
}

static void another_version_alone_is_none(void **state) {
    (void)state;
    HM_TRUST_LIST *a = usual_list(), *b = usual_list();
    b->version++;
    assert_difference(a, b, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_a_difference),
        cmocka_unit_test(another_release_that_stays_good_is_a_difference),
        cmocka_unit_test(a_log_of_another_office_is_a_difference),
        cmocka_unit_test(another_algorithm_of_a_key_is_a_difference),
        cmocka_unit_test(notes_are_compared),
        cmocka_unit_test(a_note_is_one_line_of_bounded_length),
        cmocka_unit_test(another_order_is_a_difference),
        cmocka_unit_test(another_version_alone_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
