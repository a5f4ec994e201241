/* An approver's own comparison: what the server says of his files is not asked, and what it says of the request counts
 * by its hash alone. */
#include "../core/core_test.h"

#include "comparison.h"

#include <crypto/digest.h>

#include <stdio.h>
#include <stdlib.h>

static const uint8_t plains[3][32] = {"the first file", "the second file", "the third file"};
static const uint8_t signed_of[3][32] = {"what is signed of the first", "of the second", "of the third"};
static const char *const names[3] = {"a.bin", "b.bin", "c.bin"};

/* Of the first two files. */
static void make_request(hm_request *r, bool publish) {
    *r = (hm_request){.requester = hm_text("ci"),
                      .product = hm_text("pump"),
                      .release = hm_text("2.0"),
                      .rule = hm_text("release"),
                      .time = 1700000000,
                      .expires = 1700600000,
                      .statements = 12,
                      .artifacts = 2,
                      .publish = publish,
                      .by = publish ? hm_text("ci") : HM_NO_BYTES};
    memcpy(r->office, "an office of us", 16);
    for (size_t i = 0; i < 2; i++)
        r->artifact[i] = (hm_artifact){.format = HM_LOGGED_CMS,
                                       .algorithm = HM_KEY_ES256,
                                       .name = hm_text(names[i]),
                                       .size = 3,
                                       .plain = HM_ARRAY(plains[i]),
                                       .content = HM_ARRAY(signed_of[i])};
}

/* As the server lists it; HASH is what the approver will sign. */
static void list(const hm_request *r, json_t *listed, uint8_t hash[static HM_SHA256_LEN]) {
    HM_BUF body = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY;
    assert_done(hm_request_put(r, &body));
    hm_sha256(hm_buf_bytes(&body), hash);
    assert_done(hm_put_base64(&base64, hm_buf_bytes(&body)));
    json_t *item = json_pack("{s:s%}", "body", (const char *)base64.data, base64.len);
    assert_int_equal(json_array_append_new(json_object_get(listed, "items"), item), 0);
}

typedef struct {
    json_t *listed;
    uint8_t hash[HM_SHA256_LEN];
    hm_comparison *c;
} fixture;

static void begin_listed(fixture *f, bool publish) {
    static hm_request r; /* too large for a stack */
    f->listed = json_pack("{s:[]}", "items");
    f->c = calloc(1, sizeof *f->c);
    assert_non_null(f->c);
    make_request(&r, publish);
    list(&r, f->listed, f->hash);
}
static void begin(fixture *f, bool publish) {
    begin_listed(f, publish);
    assert_done(hm_comparison_begin(f->c, f->listed, HM_ARRAY(f->hash)));
    assert_true(f->c->begun);
}
static void clear(fixture *f) {
    json_decref(f->listed);
    hm_buf_clear(&f->c->body);
    free(f->c);
}
#define FIXTURE __attribute__((cleanup(clear))) fixture

static hm_message to_sign(size_t i) {
    hm_message q = {.type = HM_MSG_SIGN};
    q.field[HM_SIGN_FORMAT].number = HM_LOGGED_CMS;
    q.field[HM_SIGN_STRUCTURE].number = 1;
    q.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    q.field[HM_SIGN_NAME].bytes = hm_text(names[i]);
    q.field[HM_SIGN_SIZE].number = 3;
    q.field[HM_SIGN_PLAIN].bytes = HM_ARRAY(plains[i]);
    q.field[HM_SIGN_CONTENT].bytes = HM_ARRAY(signed_of[i]);
    return q;
}
static hm_message to_publish(size_t i) {
    hm_message q = {.type = HM_MSG_PUBLISH_FILE};
    q.field[HM_PUBLISH_FILE_NAME].bytes = hm_text(names[i]);
    q.field[HM_PUBLISH_FILE_SIZE].number = 3;
    q.field[HM_PUBLISH_FILE_PLAIN].bytes = HM_ARRAY(plains[i]);
    q.field[HM_PUBLISH_FILE_SIGNATURE].bytes = HM_ARRAY(signed_of[2]);
    q.field[HM_PUBLISH_FILE_CONTENT].bytes = HM_ARRAY(signed_of[i]);
    return q;
}

static hm_err sign_file(fixture *f, size_t i) {
    hm_message q = to_sign(i);
    return hm_comparison_sign(f->c, &q);
}
static hm_err publish_file(fixture *f, size_t i) {
    hm_message q = to_publish(i);
    return hm_comparison_publish(f->c, &q);
}

/* ---- the request ---- */

static void the_request_is_the_one_that_will_be_signed(void **state) {
    (void)state;
    static hm_request other;
    FIXTURE f;
    uint8_t ignored[HM_SHA256_LEN];
    begin_listed(&f, false);
    /* In the middle of others, and of what is none. */
    json_t *items = json_object_get(f.listed, "items");
    json_array_insert_new(items, 0, json_null());
    json_array_insert_new(items, 0, json_pack("{s:s}", "body", "no base64"));
    json_array_insert_new(items, 0, json_pack("{s:i}", "body", 7));
    make_request(&other, false);
    other.release = hm_text("9.9");
    list(&other, f.listed, ignored);
    assert_done(hm_comparison_begin(f.c, f.listed, HM_ARRAY(f.hash)));
    assert_true(hm_bytes_equal(f.c->request.release, hm_text("2.0")));
}

static void a_request_that_the_server_did_not_list_is_not_compared_with(void **state) {
    (void)state;
    static const char *const bad[] = {"{}", "{\"items\":[]}", "{\"items\":{}}", "{\"items\":[{}]}", "[]", "7"};
    FIXTURE f;
    begin_listed(&f, false);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *listed = json_loads(bad[i], JSON_DECODE_ANY, NULL);
        assert_non_null(listed);
        assert_refused(hm_comparison_begin(f.c, listed, HM_ARRAY(f.hash)));
        json_decref(listed);
    }
    assert_refused(hm_comparison_begin(f.c, NULL, HM_ARRAY(f.hash)));
    f.hash[31] ^= 1;
    assert_refused(hm_comparison_begin(f.c, f.listed, HM_ARRAY(f.hash)));
    assert_said("did not list");
    f.hash[31] ^= 1;
    assert_refused(hm_comparison_begin(f.c, f.listed, HM_BYTES(f.hash, 31)));
    assert_refused(hm_comparison_begin(f.c, f.listed, HM_NO_BYTES));
    assert_false(f.c->begun);
}

static void what_is_no_request_is_not_compared_with_whatever_its_hash(void **state) {
    (void)state;
    FIXTURE f;
    begin_listed(&f, false);
    hm_sha256(hm_text("no request"), f.hash);
    json_t *item = json_pack("{s:s}", "body", "bm8gcmVxdWVzdA==");
    json_array_append_new(json_object_get(f.listed, "items"), item);
    assert_true(hm_failed(hm_comparison_begin(f.c, f.listed, HM_ARRAY(f.hash))));
    assert_said("the server's request");
    assert_false(f.c->begun);
}

/* ---- for signatures ---- */

static void a_file_to_sign_is_one_of_the_requests(void **state) {
    (void)state;
    FIXTURE f;
    begin(&f, false);
    assert_refused(hm_comparison_end(f.c));
    assert_done(sign_file(&f, 1));
    assert_refused(sign_file(&f, 1));
    assert_refused(sign_file(&f, 2));
    assert_refused(hm_comparison_end(f.c));
    assert_said("a.bin is in the request, too");
    assert_done(sign_file(&f, 0));
    assert_done(hm_comparison_end(f.c));
}

static void a_file_that_differs_in_anything_is_none_of_them(void **state) {
    (void)state;
    FIXTURE f;
    begin(&f, false);
    for (int i = 0; i < 5; i++) {
        hm_message q = to_sign(0);
        if (i == 0) q.field[HM_SIGN_FORMAT].number = HM_LOGGED_PE;
        if (i == 1) q.field[HM_SIGN_ALGORITHM].number = HM_KEY_ED25519;
        if (i == 2) q.field[HM_SIGN_SIZE].number = 4;
        if (i == 3) q.field[HM_SIGN_PLAIN].bytes = HM_ARRAY(plains[1]);
        if (i == 4) q.field[HM_SIGN_CONTENT].bytes = HM_ARRAY(signed_of[1]);
        assert_refused(hm_comparison_sign(f.c, &q));
        assert_said("not what the request asks for");
    }
    assert_done(sign_file(&f, 0));
}

static void a_request_to_publish_is_none_for_signatures_and_the_other_way_round(void **state) {
    (void)state;
    FIXTURE f, g;
    begin(&f, true);
    begin(&g, false);
    assert_refused(sign_file(&f, 0));
    assert_said("for publishing, and not for signatures");
    assert_refused(publish_file(&g, 0));
    assert_said("for signatures, and not for publishing");
    assert_refused(hm_comparison_end(f.c));
    assert_refused(hm_comparison_end(g.c));
}

/* ---- for publishing ---- */

static void a_file_to_publish_is_one_of_the_requests(void **state) {
    (void)state;
    FIXTURE f;
    begin(&f, true);
    assert_done(publish_file(&f, 0));
    assert_refused(publish_file(&f, 2));
    assert_said("not what the request asks for");
    assert_refused(hm_comparison_end(f.c));
    assert_said("b.bin is in the request, too");
    assert_done(publish_file(&f, 1));
    assert_done(hm_comparison_end(f.c));
}

static void a_file_to_publish_that_differs_is_none_of_them(void **state) {
    (void)state;
    FIXTURE f;
    begin(&f, true);
    for (int i = 0; i < 4; i++) {
        hm_message q = to_publish(0);
        if (i == 0) q.field[HM_PUBLISH_FILE_NAME].bytes = hm_text("renamed.bin");
        if (i == 1) q.field[HM_PUBLISH_FILE_NAME].bytes = hm_text("b.bin");
        if (i == 2) q.field[HM_PUBLISH_FILE_SIZE].number = 4;
        if (i == 3) q.field[HM_PUBLISH_FILE_PLAIN].bytes = HM_ARRAY(plains[1]);
        assert_refused(hm_comparison_publish(f.c, &q));
        assert_said("not what the request asks for");
    }
    assert_false(f.c->matched[0] || f.c->matched[1]);
}

/* A file that carries several signatures is asked for by each; the request names one. */
static void another_signature_of_a_file_is_no_difference_and_no_match(void **state) {
    (void)state;
    FIXTURE f;
    begin(&f, true);
    hm_message q = to_publish(0);
    q.field[HM_PUBLISH_FILE_CONTENT].bytes = HM_ARRAY(signed_of[2]);
    assert_done(hm_comparison_publish(f.c, &q));
    assert_false(f.c->matched[0]);
    assert_done(publish_file(&f, 1));
    assert_refused(hm_comparison_end(f.c));
    assert_said("a.bin is in the request, too");
    assert_done(publish_file(&f, 0));
    assert_done(hm_comparison_end(f.c));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_the_one_that_will_be_signed),
        cmocka_unit_test(a_request_that_the_server_did_not_list_is_not_compared_with),
        cmocka_unit_test(what_is_no_request_is_not_compared_with_whatever_its_hash),
        cmocka_unit_test(a_file_to_sign_is_one_of_the_requests),
        cmocka_unit_test(a_file_that_differs_in_anything_is_none_of_them),
        cmocka_unit_test(a_request_to_publish_is_none_for_signatures_and_the_other_way_round),
        cmocka_unit_test(a_file_to_publish_is_one_of_the_requests),
        cmocka_unit_test(a_file_to_publish_that_differs_is_none_of_them),
        cmocka_unit_test(another_signature_of_a_file_is_no_difference_and_no_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
