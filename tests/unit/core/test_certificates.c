/* How certificates end: renewal, revocation, and the lists that say so. */
#include "one_person_fixture.h"

#include "../software_signer.h"

#include <pki/crl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <base/file.h>

#include "clock_fixture.h"

enum { DAY = 86400, CERTIFICATES_MAX = 16 };

typedef struct {
    char role[17], serial[49];
    uint8_t sha256[32];
    uint64_t marks, reason, revoked, invalidity;
} certificate;

/* All on record of PRODUCT, oldest first. */
static size_t list(office *o, const char *product, certificate *found) {
    hm_message question = {.type = HM_MSG_CERT_LIST}, answer;
    size_t count = 0;
    question.field[HM_CERT_LIST_PRODUCT].bytes = hm_text(product);
    for (answer = ask(o, &question); answer.type == HM_MSG_CERT; answer = hear(o)) {
        certificate *c = &found[count++];
        assert_true(count <= CERTIFICATES_MAX);
        hm_bytes role = answer.field[HM_CERT_ROLE].bytes, serial = answer.field[HM_CERT_SERIAL].bytes;
        snprintf(c->role, sizeof c->role, "%.*s", (int)role.len, (const char *)role.data);
        snprintf(c->serial, sizeof c->serial, "%.*s", (int)serial.len, (const char *)serial.data);
        memcpy(c->sha256, answer.field[HM_CERT_CERTIFICATE].bytes.data, sizeof c->sha256);
        c->marks = answer.field[HM_CERT_MARKS].number;
        c->reason = answer.field[HM_CERT_REASON].number;
        c->revoked = answer.field[HM_CERT_REVOKED].number;
        c->invalidity = answer.field[HM_CERT_INVALIDITY].number;
    }
    assert_int_equal(answer.type, HM_MSG_DONE);
    return count;
}

/* The first of ROLE. */
static certificate the(office *o, const char *product, const char *role) {
    certificate found[CERTIFICATES_MAX];
    size_t count = list(o, product, found);
    for (size_t i = 0; i < count; i++)
        if (strcmp(found[i].role, role) == 0) return found[i];
    fail_msg("there is no %s certificate", role);
    return found[0];
}

static hm_message renew_message(const char *product, hm_key_algorithm algorithm, uint64_t days) {
    hm_message message = product_message(HM_MSG_CERT_RENEW, product, algorithm);
    message.field[HM_CERT_RENEW_DAYS].number = days;
    return message;
}

static hm_message revoke_message(const certificate *c, hm_crl_reason reason, uint64_t invalidity) {
    hm_message message = {.type = HM_MSG_CERT_REVOKE};
    message.field[HM_CERT_REVOKE_CERTIFICATE].bytes = HM_ARRAY(c->sha256);
    message.field[HM_CERT_REVOKE_REASON].number = (uint64_t)reason;
    message.field[HM_CERT_REVOKE_INVALIDITY].number = invalidity;
    return message;
}

static hm_message crl_message(const char *product, uint64_t days, bool renew) {
    hm_message message = {.type = HM_MSG_CRL};
    message.field[HM_CRL_PRODUCT].bytes = hm_text(product);
    message.field[HM_CRL_DAYS_FIELD].number = days;
    message.field[HM_CRL_RENEW].number = renew;
    return message;
}

/* The list that is given out, and what stands in it. */
typedef struct {
    hm_buf der;
    hm_crl_info info;
    unsigned long long number;
} crl;
static void crl_clear(crl *c) { hm_buf_clear(&c->der); }
#define CRL __attribute__((cleanup(crl_clear))) crl

static void get_crl(office *o, const char *product, uint64_t days, bool renew, crl *c) {
    hm_message question = crl_message(product, days, renew), answer = ask(o, &question);
    assert_int_equal(answer.type, HM_MSG_BYTES);
    c->der.len = 0;
    WORKS(hm_put(&c->der, answer.field[HM_BYTES_CONTENT].bytes));
    WORKS(hm_crl_describe(hm_buf_bytes(&c->der), &c->info));
    assert_int_equal(sscanf(c->info.number, "%llu", &c->number), 1);
}

static bool same(const crl *a, const crl *b) { return hm_bytes_equal(hm_buf_bytes(&a->der), hm_buf_bytes(&b->der)); }

static hm_err audit(office *o) {
    hm_message answer;
    return hm_ask(&o->core, &(hm_message){.type = HM_MSG_LOG_AUDIT}, &answer);
}

/* ---- lists ---- */

static void a_list_is_the_same_as_long_as_it_is_true(void **state) {
    (void)state;
    OFFICE o;
    CRL first = {0}, second = {0}, renewed = {0};
    office_open(&o);
    get_crl(&o, "pump", 0, false, &first);
    assert_int_equal(first.info.count, 0);
    assert_int_equal(first.info.next_update - first.info.this_update, 90 * DAY);
    uint64_t entries = entries_in(&o);
    get_crl(&o, "pump", 0, false, &second);
    assert_true(same(&first, &second));
    assert_int_equal(entries_in(&o), entries);
    get_crl(&o, "pump", 0, true, &renewed);
    assert_true(renewed.number > first.number);
    assert_int_equal(entries_in(&o), entries + 3); /* intent, outcome, and that it was made */
    WORKS(audit(&o));
}

static void a_list_is_signed_by_the_products_own_authority(void **state) {
    (void)state;
    OFFICE o;
    CRL root = {0}, pump = {0};
    office_open(&o);
    get_crl(&o, "", 0, false, &root);
    get_crl(&o, "pump", 0, false, &pump);
    assert_non_null(strstr(root.info.issuer, "root"));
    assert_non_null(strstr(pump.info.issuer, "CN=pump CA"));
}

static void a_list_that_is_stale_is_followed_by_one_as_long(void **state) {
    (void)state;
    OFFICE o;
    CRL first = {0}, second = {0}, third = {0};
    office_open(&o);
    get_crl(&o, "pump", 7, false, &first);
    assert_int_equal(first.info.next_update - first.info.this_update, 7 * DAY);
    clock_forward(7 * DAY - 1);
    get_crl(&o, "pump", 0, false, &second);
    assert_true(same(&first, &second));
    clock_forward(1);
    get_crl(&o, "pump", 0, false, &third);
    assert_int_equal(third.info.next_update - third.info.this_update, 7 * DAY);
    assert_true(third.number > first.number);
}

/* Whoever signs in an office that nobody serves. */
static void a_list_is_made_anew_in_time_by_who_signs(void **state) {
    (void)state;
    OFFICE o;
    CRL first = {0}, second = {0}, third = {0};
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    office_open(&o);
    get_crl(&o, "pump", 10, false, &first);
    office_disconnect(&o);
    clock_forward(5 * DAY - 10);
    sign_once(&o, &intent, &outcome, hash);
    office_connect(&o);
    get_crl(&o, "pump", 0, false, &second);
    assert_true(same(&first, &second));
    office_disconnect(&o);
    clock_forward(20);
    sign_once(&o, &intent, &outcome, hash);
    office_connect(&o);
    uint64_t entries = entries_in(&o);
    get_crl(&o, "pump", 0, false, &third);
    assert_false(same(&first, &third));
    assert_int_equal(entries_in(&o), entries);
    assert_int_equal(third.info.next_update - third.info.this_update, 10 * DAY);
}

static void a_file_that_was_taken_away_or_put_back_is_told_of_and_made_again(void **state) {
    (void)state;
    OFFICE o;
    CRL first = {0}, second = {0}, third = {0};
    HM_FD folder = -1;
    office_open(&o);
    get_crl(&o, "pump", 0, false, &first);
    get_crl(&o, "pump", 0, true, &second);
    WORKS(hm_folder_open(AT_FDCWD, office_file(&o, "crl"), &folder));
    WORKS(hm_file_write(folder, "pump.crl", hm_buf_bytes(&first.der), 0644));
    FAILS(HM_REFUSED, "the revocation list of pump is not the newest", audit(&o));
    get_crl(&o, "pump", 0, false, &third);
    assert_true(third.number > second.number);
    WORKS(audit(&o));
    assert_int_equal(unlinkat(folder, "pump.crl", 0), 0);
    FAILS(HM_REFUSED, "is not the newest", audit(&o));
    get_crl(&o, "pump", 0, false, &third);
    WORKS(audit(&o));
}

static void a_token_that_fails_makes_no_list_and_leaves_the_one_there_is(void **state) {
    (void)state;
    OFFICE o;
    CRL first = {0}, second = {0};
    office_open(&o);
    get_crl(&o, "pump", 0, false, &first);
    hm_message question = crl_message("pump", 0, true);
    expect_token_fault(&o, "C_Sign garbage 0 0\n", "does not fit its key", &question);
    WORKS(audit(&o));
    get_crl(&o, "pump", 0, false, &second);
    assert_true(same(&first, &second));
}

static void refuses_a_list_of_no_product(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    hm_message question = crl_message("fridge", 0, false);
    expect_fault(&o, HM_REFUSED, "there is no product fridge", &question);
}

static void a_product_named_root_has_a_file_of_its_own(void **state) {
    (void)state;
    OFFICE o;
    CRL root = {0}, product = {0};
    hm_message add = {.type = HM_MSG_PRODUCT_ADD};
    office_open(&o);
    add.field[HM_PRODUCT_ADD_NAME].bytes = hm_text("root");
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = 1u << HM_KEY_ES256;
    assert_int_equal(ask(&o, &add).type, HM_MSG_DONE);
    get_crl(&o, "", 0, false, &root);
    get_crl(&o, "root", 0, false, &product);
    assert_int_equal(access(office_file(&o, "crl/_root.crl"), R_OK), 0);
    WORKS(audit(&o));
}

/* ---- renewal ---- */

static void what_was_renewed_is_on_record_still(void **state) {
    (void)state;
    OFFICE o;
    certificate before, after[CERTIFICATES_MAX];
    hm_message renew = renew_message("pump", HM_KEY_ES256, 30);
    office_open(&o);
    before = the(&o, "pump", "signing");
    assert_int_equal(before.marks, HM_CERT_CURRENT);
    size_t count = list(&o, "pump", after);
    assert_int_equal(ask(&o, &renew).type, HM_MSG_DONE);
    assert_int_equal(list(&o, "pump", after), count + 1);
    assert_string_equal(after[count - 1].serial, before.serial);
    assert_int_equal(after[count - 1].marks, 0);
    assert_int_equal(after[count].marks, HM_CERT_CURRENT);
    assert_string_not_equal(after[count].serial, before.serial);
    WORKS(audit(&o));
}

static void refuses_to_renew_what_there_is_not(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    hm_message no_product = renew_message("fridge", HM_KEY_ES256, 0), no_key = renew_message("pump", HM_KEY_RSA4096, 0),
               no_algorithm = renew_message("pump", (hm_key_algorithm)99, 0);
    expect_fault(&o, HM_REFUSED, "there is no product fridge", &no_product);
    expect_fault(&o, HM_REFUSED, "no rsa4096 certificate to renew", &no_key);
    expect_fault(&o, HM_REFUSED, "there is no key algorithm 99", &no_algorithm);
}

/* ---- revocation ---- */

static void a_revocation_is_in_the_list_at_once(void **state) {
    (void)state;
    OFFICE o;
    CRL before = {0}, after = {0}, root = {0};
    office_open(&o);
    get_crl(&o, "pump", 0, false, &before);
    certificate leaf = the(&o, "pump", "signing");
    hm_message revoke = revoke_message(&leaf, HM_CRL_SUPERSEDED, 1000000000);
    assert_int_equal(ask(&o, &revoke).type, HM_MSG_DONE);
    uint64_t entries = entries_in(&o);
    get_crl(&o, "pump", 0, false, &after);
    assert_int_equal(after.info.count, 1);
    assert_true(after.number > before.number);
    assert_int_equal(entries_in(&o), entries); /* it was made with the revocation */
    get_crl(&o, "", 0, false, &root);
    assert_int_equal(root.info.count, 0);
    leaf = the(&o, "pump", "signing");
    assert_int_equal(leaf.reason, HM_CRL_SUPERSEDED);
    assert_int_equal(leaf.invalidity, 1000000000);
    assert_true(leaf.revoked > 1000000000);
    WORKS(audit(&o));
}

static void nothing_is_signed_with_a_revoked_certificate_until_it_is_renewed(void **state) {
    (void)state;
    OFFICE o;
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    hm_message revoke = revoke_message(&leaf, HM_CRL_SUPERSEDED, 0), renew = renew_message("pump", HM_KEY_ES256, 0),
               sign = sign_message(1, HM_KEY_ES256, DIGEST);
    assert_int_equal(ask(&o, &revoke).type, HM_MSG_DONE);
    narrow(&o, 1);
    expect_fault(&o, HM_REFUSED, "its certificate is revoked", &sign);
    office_disconnect(&o);
    office_connect(&o);
    assert_int_equal(ask(&o, &renew).type, HM_MSG_DONE);
    office_disconnect(&o);
    sign_once(&o, &intent, &outcome, hash);
}

static void a_product_ca_stands_in_the_roots_list(void **state) {
    (void)state;
    OFFICE o;
    CRL root = {0}, pump = {0};
    office_open(&o);
    certificate ca = the(&o, "pump", "product CA");
    hm_message revoke = revoke_message(&ca, HM_CRL_CESSATION_OF_OPERATION, 0);
    assert_int_equal(ask(&o, &revoke).type, HM_MSG_DONE);
    get_crl(&o, "", 0, false, &root);
    get_crl(&o, "pump", 0, false, &pump);
    assert_int_equal(root.info.count, 1);
    assert_int_equal(pump.info.count, 0);
    hm_message sign = sign_message(1, HM_KEY_ES256, DIGEST);
    narrow(&o, 1);
    expect_fault(&o, HM_REFUSED, "the authority of its key: its certificate is revoked", &sign);
}

/* REVOKE is refused with WORDS, that is on record, and nothing is revoked. */
static void expect_not_revoked(office *o, const char *words, const hm_message *revoke) {
    uint64_t entries = entries_in(o);
    expect_fault(o, HM_REFUSED, words, revoke);
    expect_refusals(o, entries, 1);
    assert_int_equal(the(o, "pump", "signing").revoked, 0);
}

static void refuses_reasons_that_are_not_a_certificates(void **state) {
    static const int reasons[] = {1, 2, 6, 7, 8, 10};
    (void)state;
    OFFICE o;
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        hm_message revoke = revoke_message(&leaf, (hm_crl_reason)reasons[i], 0);
        expect_not_revoked(&o, reasons[i] < 3 ? "hallmark key compromise" : "is not revoked for reason", &revoke);
    }
}

static void refuses_what_is_unknown_a_root_and_the_future(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing"), root = the(&o, "", "root CA"), unknown = leaf;
    unknown.sha256[0] ^= 1;
    hm_message of_unknown = revoke_message(&unknown, HM_CRL_SUPERSEDED, 0),
               of_root = revoke_message(&root, HM_CRL_SUPERSEDED, 0),
               of_future = revoke_message(&leaf, HM_CRL_SUPERSEDED, 4000000000);
    expect_not_revoked(&o, "no such certificate is on record", &of_unknown);
    expect_not_revoked(&o, "a root is not revoked", &of_root);
    expect_not_revoked(&o, "still to come", &of_future);
}

static void refuses_to_revoke_twice(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    hm_message revoke = revoke_message(&leaf, HM_CRL_SUPERSEDED, 0),
               again = revoke_message(&leaf, HM_CRL_UNSPECIFIED, 0);
    assert_int_equal(ask(&o, &revoke).type, HM_MSG_DONE);
    expect_fault(&o, HM_REFUSED, "revoked already, for superseded", &again);
}

/* The key of pump's certificate with this SHA-256 becomes TO. */
static void state_its_key(office *o, const certificate *c, hm_key_state to) {
    hm_statement s = place_of(o);
    hm_message question = {.type = HM_MSG_KEY_LIST}, answer;
    uint8_t sha256[HM_SHA256_LEN];
    bool found = false;
    for (answer = ask(o, &question); answer.type == HM_MSG_KEY; answer = hear(o)) {
        hm_sha256(answer.field[HM_KEY_CERTIFICATE].bytes, sha256);
        if (memcmp(sha256, c->sha256, sizeof sha256) != 0) continue;
        memcpy(s.token_id, answer.field[HM_KEY_TOKEN_ID].bytes.data, sizeof s.token_id);
        found = true;
    }
    assert_true(found);
    s.act = HM_ACT_KEY;
    s.product = hm_text("pump");
    s.state = to;
    WORKS(hand_in(o, &s));
}

static void a_destroyed_keys_certificate_is_revoked_for_compromise(void **state) {
    (void)state;
    OFFICE o;
    CRL list_of_pump = {0};
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    state_its_key(&o, &leaf, HM_KEY_DESTROYED);
    hm_message superseded = revoke_message(&leaf, HM_CRL_SUPERSEDED, 0),
               revoke = revoke_message(&leaf, HM_CRL_KEY_COMPROMISE, 1000000000);
    assert_int_equal(ask(&o, &superseded).type, HM_MSG_DONE);
    assert_int_equal(ask(&o, &revoke).type, HM_MSG_DONE);
    leaf = the(&o, "pump", "signing");
    assert_int_equal(leaf.reason, HM_CRL_KEY_COMPROMISE);
    assert_int_equal(leaf.invalidity, 1000000000);
    get_crl(&o, "pump", 0, false, &list_of_pump);
    assert_int_equal(list_of_pump.info.count, 1);
    expect_fault(&o, HM_REFUSED, "revoked already, for", &revoke);
    WORKS(audit(&o));
}

/* An entry more of certificate LEAF, as if it had been brought in, as an older office let one do. */
static void bring_in_again(office *o, const certificate *leaf) {
    static const uint64_t tag = UINT64_C(0x6365727469666963);
    static const char issued[] = "certificate issued", brought[] = "certificate brought in";
    hm_store *store = NULL;
    uint64_t at = entries_in(o), index;
    HM_BUF details = HM_BUF_EMPTY, cbor = HM_BUF_EMPTY;
    ENTRY e = {0};
    do entry_read(o, --at, &e);
    while (e.leaf.digest_len != 32 || memcmp(e.leaf.digest, leaf->sha256, 32) != 0 || !details_hold(&e, issued));
    const uint8_t *found = memmem(e.details.data, e.details.len, issued, strlen(issued));
    size_t before = (size_t)(found - e.details.data), behind = before + strlen(issued);
    WORKS(hm_put(&details, HM_BYTES(e.details.data, before)));
    WORKS(hm_put_text(&details, brought));
    WORKS(hm_put(&details, HM_BYTES(found + strlen(issued), e.details.len - behind)));
    hm_leaf_details_hash(e.salt.data, hm_buf_bytes(&details), e.leaf.details_hash);
    WORKS(hm_leaf_put(&e.leaf, &cbor));
    hm_entry_row row = {
        .leaf = hm_buf_bytes(&cbor), .salt = hm_buf_bytes(&e.salt), .details = hm_buf_bytes(&details), .tag = tag};
    WORKS(hm_store_open(office_file(o, "office.db"), &store));
    WORKS(hm_store_begin(store));
    WORKS(hm_store_append(store, &row, &index));
    WORKS(hm_store_commit(store));
    hm_store_close(&store);
}

static void what_the_office_has_issued_is_its_own_whoever_brought_it_in(void **state) {
    (void)state;
    OFFICE o;
    CRL list_of_pump = {0};
    certificate before[CERTIFICATES_MAX] = {0}, after[CERTIFICATES_MAX] = {0};
    office_open(&o);
    size_t count = list(&o, "pump", before);
    certificate leaf = the(&o, "pump", "signing");
    office_disconnect(&o);
    bring_in_again(&o, &leaf);
    office_connect(&o);
    assert_int_equal(list(&o, "pump", after), count);
    assert_memory_equal(after, before, count * sizeof *after);
    state_its_key(&o, &leaf, HM_KEY_COMPROMISED);
    get_crl(&o, "pump", 0, false, &list_of_pump);
    assert_int_equal(list_of_pump.info.count, 1);
}

/* What was stamped before nobody knows when is not good. */
static void a_theft_of_unknown_time_reaches_back_to_the_beginning(void **state) {
    (void)state;
    OFFICE o;
    CRL list_of_pump = {0};
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    state_its_key(&o, &leaf, HM_KEY_COMPROMISED);
    get_crl(&o, "pump", 0, false, &list_of_pump);
    assert_int_equal(list_of_pump.info.count, 1);
    assert_int_equal(the(&o, "pump", "signing").invalidity, 1);
}

static void nor_is_what_a_destroyed_key_signed_when_nobody_says_since_when(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    state_its_key(&o, &leaf, HM_KEY_DESTROYED);
    hm_message revoke = revoke_message(&leaf, HM_CRL_KEY_COMPROMISE, 0),
               later = revoke_message(&leaf, HM_CRL_KEY_COMPROMISE, 1000000000);
    assert_int_equal(ask(&o, &revoke).type, HM_MSG_DONE);
    assert_int_equal(the(&o, "pump", "signing").invalidity, 1);
    expect_fault(&o, HM_REFUSED, "revoked already, for", &later);
}

static void refuses_compromise_of_keys_of_which_that_can_be_stated(void **state) {
    static const hm_key_state states[] = {HM_KEY_SUSPENDED, HM_KEY_DEACTIVATED};
    (void)state;
    OFFICE o;
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        hm_message revoke = revoke_message(&leaf, HM_CRL_KEY_COMPROMISE, 0);
        state_its_key(&o, &leaf, states[i]);
        expect_not_revoked(&o, "hallmark key compromise", &revoke);
    }
}

static void a_narrowed_session_revokes_and_lists_nothing(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    office_disconnect(&o);
    office_connect(&o);
    narrow(&o, 1);
    hm_message revoke = revoke_message(&leaf, HM_CRL_SUPERSEDED, 0), give = crl_message("pump", 0, false),
               renew = renew_message("pump", HM_KEY_ES256, 0), certs = {.type = HM_MSG_CERT_LIST};
    expect_fault(&o, HM_REFUSED, "may only sign", &revoke);
    expect_fault(&o, HM_REFUSED, "may only sign", &give);
    expect_fault(&o, HM_REFUSED, "may only sign", &renew);
    expect_fault(&o, HM_REFUSED, "may only sign", &certs);
}

/* ---- an edited database ---- */

static void a_revocation_that_cannot_be_found_is_told_of(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    certificate leaf = the(&o, "pump", "signing");
    hm_message revoke = revoke_message(&leaf, HM_CRL_SUPERSEDED, 0);
    assert_int_equal(ask(&o, &revoke).type, HM_MSG_DONE);
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET tag=0 WHERE tag=8243124913886815265"); /* HM_REVOKED_TAG */
    office_connect(&o);
    assert_int_equal(the(&o, "pump", "signing").revoked, 0);
    FAILS(HM_REFUSED, "cannot be found as one", audit(&o));
}

static void another_certificate_in_the_database_is_not_what_the_log_has(void **state) {
    (void)state;
    OFFICE o;
    certificate found[CERTIFICATES_MAX];
    office_open(&o);
    size_t count = list(&o, "pump", found);
    office_disconnect(&o);
    /* Another product's in place of ours: it is on record as that other's, and ours is current no more. */
    office_sql(&o, "update key set certificate = (select certificate from key where role = 4 and algorithm = 3) "
                   "where role = 4 and algorithm = 1");
    office_connect(&o);
    assert_int_equal(list(&o, "pump", found), count);
    assert_int_equal(the(&o, "pump", "signing").marks, 0);
}

/* ---- what expires ---- */

static void what_expires_is_told_of(void **state) {
    (void)state;
    OFFICE o;
    CRL list_of_root = {0};
    hm_message question = {.type = HM_MSG_EXPIRIES}, answer;
    size_t certificates = 0, lists = 0;
    office_open(&o);
    get_crl(&o, "", 5, false, &list_of_root);
    for (answer = ask(&o, &question); answer.type == HM_MSG_EXPIRY; answer = hear(&o)) {
        assert_true(answer.field[HM_EXPIRY_EXPIRES].number > answer.field[HM_EXPIRY_BEGAN].number);
        if (answer.field[HM_EXPIRY_KIND].number == HM_EXPIRY_CERTIFICATE) {
            certificates++;
            continue;
        }
        lists++;
        assert_int_equal(answer.field[HM_EXPIRY_EXPIRES].number, list_of_root.info.next_update);
        assert_int_equal(answer.field[HM_EXPIRY_PRODUCT].bytes.len, 0);
    }
    assert_int_equal(answer.type, HM_MSG_DONE);
    assert_int_equal(lists, 1);
    assert_int_equal(certificates, 5); /* the root's, two CAs', two keys' */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(a_list_is_the_same_as_long_as_it_is_true),
        OFFICE_TEST(a_list_is_signed_by_the_products_own_authority),
        OFFICE_TEST(a_list_that_is_stale_is_followed_by_one_as_long),
        OFFICE_TEST(a_list_is_made_anew_in_time_by_who_signs),
        OFFICE_TEST(a_file_that_was_taken_away_or_put_back_is_told_of_and_made_again),
        OFFICE_TEST(a_token_that_fails_makes_no_list_and_leaves_the_one_there_is),
        OFFICE_TEST(refuses_a_list_of_no_product),
        OFFICE_TEST(a_product_named_root_has_a_file_of_its_own),
        OFFICE_TEST(what_was_renewed_is_on_record_still),
        OFFICE_TEST(refuses_to_renew_what_there_is_not),
        OFFICE_TEST(a_revocation_is_in_the_list_at_once),
        OFFICE_TEST(nothing_is_signed_with_a_revoked_certificate_until_it_is_renewed),
        OFFICE_TEST(a_product_ca_stands_in_the_roots_list),
        OFFICE_TEST(refuses_reasons_that_are_not_a_certificates),
        OFFICE_TEST(refuses_what_is_unknown_a_root_and_the_future),
        OFFICE_TEST(refuses_to_revoke_twice),
        OFFICE_TEST(a_destroyed_keys_certificate_is_revoked_for_compromise),
        OFFICE_TEST(what_the_office_has_issued_is_its_own_whoever_brought_it_in),
        OFFICE_TEST(a_theft_of_unknown_time_reaches_back_to_the_beginning),
        OFFICE_TEST(nor_is_what_a_destroyed_key_signed_when_nobody_says_since_when),
        OFFICE_TEST(refuses_compromise_of_keys_of_which_that_can_be_stated),
        OFFICE_TEST(a_narrowed_session_revokes_and_lists_nothing),
        OFFICE_TEST(a_revocation_that_cannot_be_found_is_told_of),
        OFFICE_TEST(another_certificate_in_the_database_is_not_what_the_log_has),
        OFFICE_TEST(what_expires_is_told_of),
    };
    clock_stop();
    return RUN_WITH_OFFICE(tests);
}
