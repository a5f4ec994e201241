/* One request has one encoding, and nothing else is read as one. */
#include "base_test.h"

#include <crypto/digest.h>
#include <policy/request.h>

static uint8_t digests[HM_REQUEST_ARTIFACTS][64];

/* COUNT artifacts that differ in their digests only. */
static hm_request make(size_t count) {
    hm_request r = {.requester = hm_text("ci"),
                    .product = hm_text("pump"),
                    .release = hm_text("2.0.0"),
                    .rule = hm_text("release"),
                    .time = 1700000000,
                    .expires = 1700600000,
                    .statements = 12,
                    .artifacts = count};
    memcpy(r.office, "an office of us", 16);
    for (size_t i = 0; i < count; i++) {
        memset(digests[i], (int)(i % 251), sizeof digests[i]);
        digests[i][0] = (uint8_t)(i / 251);
        r.artifact[i] = (hm_artifact){.format = 1,
                                      .algorithm = HM_KEY_ES256,
                                      .name = hm_text("f.bin"),
                                      .size = 3,
                                      .plain = HM_BYTES(digests[i], 32),
                                      .content = HM_BYTES(digests[i], 32)};
    }
    return r;
}

static void comes_back_as_it_was(void **state) {
    (void)state;
    static hm_request r, read;
    static const size_t counts[] = {1, 2, 200};
    for (size_t c = 0; c < 3; c++) {
        HM_BUF cbor = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
        r = make(counts[c]);
        assert_done(hm_request_put(&r, &cbor));
        assert_done(hm_request_get(hm_buf_bytes(&cbor), &read));
        assert_int_equal(read.artifacts, counts[c]);
        assert_true(hm_artifact_same(&read.artifact[0], &r.artifact[0]));
        assert_done(hm_request_put(&read, &again));
        assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
    }
}

static void every_prefix_is_refused_and_every_bit_counts(void **state) {
    (void)state;
    static hm_request r, read;
    HM_BUF cbor = HM_BUF_EMPTY;
    r = make(2);
    assert_done(hm_request_put(&r, &cbor));
    for (size_t len = 0; len < cbor.len; len++) assert_refused(hm_request_get(HM_BYTES(cbor.data, len), &read));
    assert_int_equal(read.artifacts, 0);
    for (size_t bit = 0; bit < 8 * cbor.len; bit++) {
        HM_BUF again = HM_BUF_EMPTY;
        cbor.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!hm_failed(hm_request_get(hm_buf_bytes(&cbor), &read))) {
            assert_done(hm_request_put(&read, &again));
            assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
        }
        cbor.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_done(hm_put_u8(&cbor, 0));
    assert_refused(hm_request_get(hm_buf_bytes(&cbor), &read));
}

static uint8_t sums[HM_REQUEST_DOCUMENTS + 1][32];

static hm_document document(hm_document_kind kind, uint8_t first, const char *name) {
    memset(sums[first], 0x77, sizeof sums[first]);
    sums[first][0] = first;
    return (hm_document){kind, hm_text(name), HM_ARRAY(sums[first])};
}

static hm_request with_documents(void) {
    hm_request r = make(1);
    hm_document list[] = {document(HM_DOCUMENT_PROVENANCE, 1, "build.json"), document(HM_DOCUMENT_SBOM, 3, "b.json"),
                          document(HM_DOCUMENT_SBOM, 2, "a.json")};
    for (size_t i = 0; i < 3; i++) assert_done(hm_documents_add(&r.documents, &list[i]));
    return r;
}

static void documents_come_back_in_their_order(void **state) {
    (void)state;
    static hm_request r, read;
    HM_BUF cbor = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    r = with_documents();
    assert_done(hm_request_put(&r, &cbor));
    assert_done(hm_request_get(hm_buf_bytes(&cbor), &read));
    assert_int_equal(read.documents.count, 3);
    assert_bytes(read.documents.document[0].name, "a.json");
    assert_bytes(read.documents.document[1].name, "b.json");
    assert_int_equal(read.documents.document[2].kind, HM_DOCUMENT_PROVENANCE);
    assert_true(hm_documents_same(&read.documents, &r.documents));
    assert_done(hm_request_put(&read, &again));
    assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
    for (size_t bit = 0; bit < 8 * cbor.len; bit++) {
        again.len = 0;
        cbor.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!hm_failed(hm_request_get(hm_buf_bytes(&cbor), &read))) {
            assert_done(hm_request_put(&read, &again));
            assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
        }
        cbor.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void documents_are_the_same_by_kind_and_digest(void **state) {
    (void)state;
    hm_documents a = {.count = 0}, b = {.count = 0}, none = {.count = 0};
    hm_document one = document(HM_DOCUMENT_SBOM, 1, "a.json"), renamed = document(HM_DOCUMENT_SBOM, 1, "b.json"),
                other = document(HM_DOCUMENT_PROVENANCE, 1, "a.json");
    assert_done(hm_documents_add(&a, &one));
    assert_refused(hm_documents_add(&a, &renamed));
    assert_done(hm_documents_add(&b, &renamed));
    assert_true(hm_documents_same(&a, &b));
    assert_false(hm_documents_same(&a, &none));
    assert_true(hm_documents_have(&a, HM_DOCUMENT_SBOM));
    assert_false(hm_documents_have(&a, HM_DOCUMENT_PROVENANCE));
    assert_done(hm_documents_add(&b, &other));
    assert_false(hm_documents_same(&a, &b));
    for (uint8_t i = 2; b.count < HM_REQUEST_DOCUMENTS; i++) {
        other = document(HM_DOCUMENT_SBOM, i, "x");
        assert_done(hm_documents_add(&b, &other));
    }
    other = document(HM_DOCUMENT_SBOM, HM_REQUEST_DOCUMENTS, "x");
    assert_refused(hm_documents_add(&b, &other));
}

/* What the core is told of them, before anything else of it is looked at. */
static void documents_by_themselves_are_as_strict(void **state) {
    (void)state;
    hm_documents read;
    HM_BUF cbor = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_request r = with_documents();
    assert_done(hm_documents_put(&r.documents, &cbor));
    assert_done(hm_documents_get(hm_buf_bytes(&cbor), &read));
    assert_true(hm_documents_same(&read, &r.documents));
    for (size_t len = 1; len < cbor.len; len++) assert_refused(hm_documents_get(HM_BYTES(cbor.data, len), &read));
    assert_int_equal(read.count, 0);
    assert_done(hm_documents_get(HM_NO_BYTES, &read));
    assert_int_equal(read.count, 0);
    assert_done(hm_put_u8(&cbor, 0));
    assert_refused(hm_documents_get(hm_buf_bytes(&cbor), &read));
    assert_refused(hm_documents_get(HM_BYTES("\x80", 1), &read));
    r.documents.count = 0;
    assert_done(hm_documents_put(&r.documents, &again));
    assert_int_equal(again.len, 0);
}

#define assert_not_put_with(...)                                                                                       \
    do {                                                                                                               \
        HM_BUF cbor = HM_BUF_EMPTY;                                                                                    \
        static hm_request r;                                                                                           \
        r = with_documents();                                                                                          \
        __VA_ARGS__;                                                                                                   \
        assert_refused(hm_request_put(&r, &cbor));                                                                     \
        assert_int_equal(cbor.len, 0);                                                                                 \
    } while (0)

static void documents_that_are_none_are_not_written(void **state) {
    (void)state;
    static char longer[HM_REQUEST_NAME_MAX + 1];
    memset(longer, 'x', sizeof longer);
    hm_document first;
    assert_not_put_with(r.documents.document[0].kind = (hm_document_kind)0);
    assert_not_put_with(r.documents.document[2].kind = (hm_document_kind)(HM_DOCUMENT_KINDS + 1));
    assert_not_put_with(r.documents.document[0].name = HM_NO_BYTES);
    assert_not_put_with(r.documents.document[0].name = HM_ARRAY(longer));
    assert_not_put_with(r.documents.document[0].name = hm_text("a\nb"));
    assert_not_put_with(r.documents.document[0].sha256.len = 31);
    assert_not_put_with(r.documents.document[0].sha256 = HM_NO_BYTES);
    assert_not_put_with(r.documents.document[1] = r.documents.document[0]);
    assert_not_put_with(first = r.documents.document[0], r.documents.document[0] = r.documents.document[1],
                        r.documents.document[1] = first);
    assert_not_put_with(r.documents.count = HM_REQUEST_DOCUMENTS + 1);
    assert_not_put_with(r.publish = true, r.by = hm_text("ci"));
}

#define assert_not_put(...)                                                                                            \
    do {                                                                                                               \
        HM_BUF cbor = HM_BUF_EMPTY;                                                                                    \
        static hm_request r;                                                                                           \
        r = make(2);                                                                                                   \
        __VA_ARGS__;                                                                                                   \
        assert_refused(hm_request_put(&r, &cbor));                                                                     \
        assert_int_equal(cbor.len, 0);                                                                                 \
    } while (0)

static void what_is_out_of_bounds_is_not_written(void **state) {
    (void)state;
    static char large[300];
    memset(large, 'x', sizeof large);
    assert_not_put(r.artifacts = 0);
    assert_not_put(r.artifacts = HM_REQUEST_ARTIFACTS + 1);
    assert_not_put(r.requester = HM_NO_BYTES);
    assert_not_put(r.requester = hm_text("c i"));
    assert_not_put(r.product = hm_text("../pump"));
    assert_not_put(r.release = HM_BYTES(large, HM_REQUEST_RELEASE_MAX + 1));
    assert_not_put(r.release = hm_text("2\n0"));
    assert_not_put(r.rule = HM_BYTES(large, 65));
    assert_not_put(r.time = -1);
    assert_not_put(r.expires = r.time);
    assert_not_put(r.expires = INT64_C(253402300800));
    assert_not_put(r.artifact[0].format = 0);
    assert_not_put(r.artifact[0].format = 256);
    assert_not_put(r.artifact[0].algorithm = (hm_key_algorithm)0);
    assert_not_put(r.artifact[0].algorithm = (hm_key_algorithm)(HM_KEY_ALGORITHMS + 1));
    assert_not_put(r.artifact[0].name = HM_BYTES(large, HM_REQUEST_NAME_MAX + 1));
    assert_not_put(r.artifact[0].name = hm_text("\x1b[31m"));
    assert_not_put(r.artifact[0].size = (uint64_t)INT64_MAX + 1);
    assert_not_put(r.artifact[0].plain.len = 48);
    assert_not_put(r.artifact[0].content.len = 31);
    assert_not_put(r.artifact[0].content.len = 33);
}

static void an_artifact_stands_in_it_once(void **state) {
    (void)state;
    assert_not_put(r.artifact[1] = r.artifact[0]);
    assert_not_put(r.artifact[1] = r.artifact[0]; r.artifact[1].name = hm_text("another name"));
}

static void a_file_may_be_signed_by_two_keys(void **state) {
    (void)state;
    static hm_request r;
    HM_BUF cbor = HM_BUF_EMPTY;
    r = make(2);
    r.artifact[1] = r.artifact[0];
    r.artifact[1].algorithm = HM_KEY_ED25519;
    assert_done(hm_request_put(&r, &cbor));
}

static void what_is_signed_otherwise_is_another_artifact(void **state) {
    (void)state;
    hm_request r = make(2);
    hm_artifact a = r.artifact[0], b = a;
    assert_true(hm_artifact_same(&a, &b));
    b.name = hm_text("another");
    assert_true(hm_artifact_same(&a, &b));
    b = a, b.format = 2;
    assert_false(hm_artifact_same(&a, &b));
    b = a, b.algorithm = HM_KEY_ES384;
    assert_false(hm_artifact_same(&a, &b));
    b = a, b.size = 4;
    assert_false(hm_artifact_same(&a, &b));
    b = a, b.plain = r.artifact[1].plain;
    assert_false(hm_artifact_same(&a, &b));
    b = a, b.content = r.artifact[1].content;
    assert_false(hm_artifact_same(&a, &b));
}

static uint8_t a_manifest[40], its_digest[HM_SHA256_LEN];

/* One manifest, to be signed by two keys. */
static hm_request make_native(void) {
    hm_request r = make(2);
    memset(a_manifest, 0x55, sizeof a_manifest);
    hm_sha256(HM_ARRAY(a_manifest), its_digest);
    r.manifest = HM_ARRAY(a_manifest);
    for (size_t i = 0; i < 2; i++) {
        r.artifact[i].format = 4;
        r.artifact[i].size = sizeof a_manifest;
        r.artifact[i].plain = r.artifact[i].content = HM_ARRAY(its_digest);
    }
    r.artifact[1].algorithm = HM_KEY_RSA3072;
    return r;
}

static void a_native_release_has_its_manifest_in_it(void **state) {
    (void)state;
    static hm_request r, read;
    HM_BUF cbor = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    r = make_native();
    assert_done(hm_request_put(&r, &cbor));
    for (size_t len = 0; len < cbor.len; len++) assert_refused(hm_request_get(HM_BYTES(cbor.data, len), &read));
    assert_done(hm_request_get(hm_buf_bytes(&cbor), &read));
    assert_true(hm_bytes_equal(read.manifest, HM_ARRAY(a_manifest)));
    assert_done(hm_request_put(&read, &again));
    assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
}

#define assert_not_native(...)                                                                                         \
    do {                                                                                                               \
        HM_BUF cbor = HM_BUF_EMPTY;                                                                                    \
        static hm_request r;                                                                                           \
        r = make_native();                                                                                             \
        __VA_ARGS__;                                                                                                   \
        assert_refused(hm_request_put(&r, &cbor));                                                                     \
    } while (0)

static void a_manifest_is_what_every_artifact_is(void **state) {
    (void)state;
    static uint8_t large[HM_REQUEST_MANIFEST_MAX + 1];
    assert_not_native(r.artifact[1].format = 1);
    assert_not_native(r.artifact[1].size++);
    assert_not_native(r.artifact[1].plain = HM_BYTES(digests[0], 32));
    assert_not_native(r.artifact[1].content = HM_BYTES(digests[0], 32));
    assert_not_native(a_manifest[39] ^= 1);
    assert_not_native(r.manifest = HM_NO_BYTES);
    assert_not_native(r.manifest.len--);
    assert_not_native(r.manifest = HM_ARRAY(large));
}

/* A map whose members were put together by hand: those of LAST, then KEY with an empty byte string. */
static void a_member_that_nobody_knows_is_refused(void **state) {
    (void)state;
    static hm_request r, read;
    static const uint8_t tails[][3] = {{14, 0x40, 0}, {10, 0x40, 0}, {23, 0x40, 0}};
    for (size_t i = 0; i < 3; i++) {
        HM_BUF cbor = HM_BUF_EMPTY;
        r = make(1);
        assert_done(hm_request_put(&r, &cbor));
        assert_int_equal(cbor.data[0], 0xaa);
        cbor.data[0] = 0xab;
        assert_done(hm_put(&cbor, HM_BYTES(tails[i], 2)));
        assert_refused(hm_request_get(hm_buf_bytes(&cbor), &read));
    }
}

static hm_request make_publication(void) {
    hm_request r = make(3);
    r.publish = true;
    r.by = hm_text("ci");
    r.artifact[0].format = 4;
    r.artifact[0].name = hm_text("a.cose"), r.artifact[1].name = hm_text("b.p7s"), r.artifact[2].name = hm_text("b");
    return r;
}

#define assert_not_published(...)                                                                                      \
    do {                                                                                                               \
        HM_BUF cbor = HM_BUF_EMPTY;                                                                                    \
        static hm_request r;                                                                                           \
        r = make_publication();                                                                                        \
        __VA_ARGS__;                                                                                                   \
        assert_refused(hm_request_put(&r, &cbor));                                                                     \
    } while (0)

static void a_publication_says_that_it_is_one(void **state) {
    (void)state;
    static hm_request r, read;
    HM_BUF cbor = HM_BUF_EMPTY, to_sign = HM_BUF_EMPTY;
    r = make_publication();
    assert_done(hm_request_put(&r, &cbor));
    assert_done(hm_request_get(hm_buf_bytes(&cbor), &read));
    assert_true(read.publish);
    assert_true(hm_bytes_equal(read.by, hm_text("ci")));
    r.artifact[2] = r.artifact[1], r.artifact[2].name = hm_text("the same bytes");
    assert_done(hm_request_put(&r, &cbor));
    r = make(1);
    assert_done(hm_request_put(&r, &to_sign));
    assert_done(hm_request_get(hm_buf_bytes(&to_sign), &read));
    assert_false(read.publish);
}

static void a_publication_is_whole(void **state) {
    (void)state;
    assert_not_published(r.publish = false);
    assert_not_published(r.by = HM_NO_BYTES);
    assert_not_published(r.by = hm_text("c i"));
    assert_not_published(r.artifact[2].name = hm_text("b.p7s"));
    assert_not_native(r.publish = true; r.by = hm_text("ci"));
}

/* What an approver's client found in his files, one after another. */
static void an_artifact_is_matched_once_and_whatever_it_is_called(void **state) {
    (void)state;
    static hm_request r;
    bool matched[HM_REQUEST_ARTIFACTS] = {false};
    r = make(3);
    hm_artifact a = r.artifact[1];
    a.name = hm_text("renamed.bin");
    assert_done(hm_request_match(&r, &a, matched));
    assert_true(matched[1]);
    assert_false(matched[0] || matched[2]);
    assert_refused(hm_request_match(&r, &a, matched));
    assert_refused(hm_request_match(&r, &r.artifact[1], matched));
    assert_done(hm_request_match(&r, &r.artifact[2], matched));
    assert_done(hm_request_match(&r, &r.artifact[0], matched));
}

/* CHANGE makes another artifact of a. */
#define assert_no_match(change)                                                                                        \
    do {                                                                                                               \
        hm_artifact a = r.artifact[0];                                                                                 \
        bool none[HM_REQUEST_ARTIFACTS] = {false};                                                                     \
        change;                                                                                                        \
        assert_refused(hm_request_match(&r, &a, none));                                                                \
        for (size_t i = 0; i < HM_REQUEST_ARTIFACTS; i++) assert_false(none[i]);                                       \
    } while (0)

static void what_differs_in_anything_that_is_signed_is_no_match(void **state) {
    (void)state;
    static hm_request r;
    static const uint8_t other[64] = "another digest";
    r = make(2);
    assert_no_match(a.format = 3);
    assert_no_match(a.algorithm = HM_KEY_ES384);
    assert_no_match(a.size++);
    assert_no_match(a.plain = HM_BYTES(other, 32));
    assert_no_match(a.content = HM_BYTES(other, 32));
    assert_no_match(a.content = HM_BYTES(a.content.data, 31));
    assert_no_match((a.plain = r.artifact[1].plain, a.size = 3));
    assert_no_match(a.content = r.artifact[1].content);
    r = make(0);
    assert_no_match(a.size = 3);
}

static void a_file_that_is_let_out_is_matched_by_its_name_as_well(void **state) {
    (void)state;
    static hm_request r;
    bool matched[HM_REQUEST_ARTIFACTS] = {false};
    r = make(2);
    r.publish = true;
    r.by = hm_text("ci");
    r.artifact[1].name = hm_text("g.bin");
    assert_no_match(a.name = hm_text("h.bin"));
    assert_no_match(a.name = hm_text("g.bin"));
    assert_no_match(a.name = HM_NO_BYTES);
    assert_done(hm_request_match(&r, &r.artifact[1], matched));
    assert_true(matched[1]);
}

static void assert_not_looked_at(const hm_request *r, const bool *matched, const char *name) {
    assert_refused(hm_request_matched(r, matched));
    if (strncmp(hm_err_sentence(), name, strlen(name)) != 0) fail_msg("does not name %s: %s", name, hm_err_sentence());
}

static void what_was_not_looked_at_is_named(void **state) {
    (void)state;
    static hm_request r;
    bool matched[HM_REQUEST_ARTIFACTS] = {false};
    r = make(3);
    r.artifact[1].name = hm_text("second.bin");
    r.artifact[2].name = hm_text("third.bin");
    assert_not_looked_at(&r, matched, "f.bin is in the request, too");
    matched[0] = matched[2] = true;
    assert_not_looked_at(&r, matched, "second.bin is in the request, too");
    matched[1] = true, matched[2] = false;
    assert_not_looked_at(&r, matched, "third.bin is in the request, too");
    matched[2] = true;
    assert_done(hm_request_matched(&r, matched));
    r.artifacts = HM_REQUEST_ARTIFACTS;
    assert_refused(hm_request_matched(&r, matched));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(documents_come_back_in_their_order),
        cmocka_unit_test(documents_are_the_same_by_kind_and_digest),
        cmocka_unit_test(documents_by_themselves_are_as_strict),
        cmocka_unit_test(documents_that_are_none_are_not_written),
        cmocka_unit_test(every_prefix_is_refused_and_every_bit_counts),
        cmocka_unit_test(what_is_out_of_bounds_is_not_written),
        cmocka_unit_test(an_artifact_stands_in_it_once),
        cmocka_unit_test(a_file_may_be_signed_by_two_keys),
        cmocka_unit_test(what_is_signed_otherwise_is_another_artifact),
        cmocka_unit_test(a_native_release_has_its_manifest_in_it),
        cmocka_unit_test(a_manifest_is_what_every_artifact_is),
        cmocka_unit_test(a_publication_says_that_it_is_one),
        cmocka_unit_test(a_publication_is_whole),
        cmocka_unit_test(a_member_that_nobody_knows_is_refused),
        cmocka_unit_test(an_artifact_is_matched_once_and_whatever_it_is_called),
        cmocka_unit_test(what_differs_in_anything_that_is_signed_is_no_match),
        cmocka_unit_test(a_file_that_is_let_out_is_matched_by_its_name_as_well),
        cmocka_unit_test(what_was_not_looked_at_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
