/* Envelopes as files: which signatures must be there, which payloads are theirs. The verdict on a signature is
 * lib/pki's; here they are octets. */
#include "folder_test.h"

#include <pki/manifest.h>

/* What the envelope's payloads are said to be; NULL: not there. */
typedef struct {
    const char *content[2];
    hm_bytes asked[2]; /* the names that were asked for */
    const char *named; /* what the user called each */
} shelf;

static hm_err find(void *context, const hm_bytes *files, size_t count, size_t index, hm_source *content,
                   const char **named, bool *found) {
    shelf *s = context;
    assert_true(index < count && count <= 2);
    s->asked[index] = files[index];
    *named = s->named;
    *found = s->content[index] != NULL;
    if (*found) *content = hm_source_of_memory(hm_text(s->content[index]));
    return HM_OK;
}

static const char *free_text; /* as a note, and in the name of the first payload's file; NULL: no note */

static void put_manifest(size_t signers, hm_buf *cbor) {
    hm_manifest m = {.version = hm_text("2.1"), .sequence = 7, .purpose = HM_PURPOSE_DEVELOPMENT, .components = 2};
    m.component[0] = (hm_manifest_component){.id = hm_text("main"),
                                             .kind = HM_COMPONENT_FIRMWARE,
                                             .size = 5,
                                             .version = hm_text("2.1"),
                                             .file = hm_text("parts/main.bin")};
    m.component[1] = (hm_manifest_component){
        .id = hm_text("conf"), .kind = HM_COMPONENT_CONFIGURATION, .size = 4, .version = hm_text("1")};
    if (free_text) {
        m.component[0].file = hm_text(free_text);
        m.notes = 2;
        m.note[0] = (hm_manifest_note){.number = -10, .is_text = true, .text = hm_text(free_text)};
        m.note[1] = (hm_manifest_note){.number = -11, .value = 7};
    }
    hm_digest_of(HM_SHA256, hm_text("image"), &m.component[0].digest);
    hm_digest_of(HM_SHA512, hm_text("conf"), &m.component[1].digest);
    m.signers = signers;
    for (size_t i = 0; i < signers; i++) memset(m.signer[i], (int)i + 1, HM_KID_LEN);
    HM_MUST(hm_manifest_put(&m, cbor));
}

/* An envelope of SIGNERS whose signatures are by the keys of WHO, one digit each. */
static void put_envelope(size_t signers, const char *who, hm_buf *envelope) {
    HM_BUF manifest = HM_BUF_EMPTY;
    hm_buf bytes[4] = {HM_BUF_EMPTY, HM_BUF_EMPTY, HM_BUF_EMPTY, HM_BUF_EMPTY};
    hm_bytes views[4];
    uint8_t kid[HM_KID_LEN];
    size_t count = strlen(who);
    put_manifest(signers, &manifest);
    for (size_t i = 0; i < count; i++) {
        memset(kid, who[i] - '0', sizeof kid);
        hm_cose_signature signature = {.algorithm = HM_COSE_ESP256, .kid = HM_ARRAY(kid), .value = hm_text("octets")};
        HM_MUST(hm_cose_signature_put(&signature, &bytes[i]));
        views[i] = hm_buf_bytes(&bytes[i]);
    }
    HM_MUST(hm_cose_envelope_put(hm_buf_bytes(&manifest), views, count, envelope));
    for (size_t i = 0; i < 4; i++) hm_buf_clear(&bytes[i]);
}

static hm_err check(hm_bytes envelope, shelf *s, hm_digest *digest) {
    hm_subject *subject = NULL;
    hm_payloads payloads = {.context = s, .find = find};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    hm_input input = {.content = hm_source_of_memory(envelope), .payloads = s ? &payloads : NULL};
    HM_TRY(hm_format_native.open(&input, &subject));
    hm_err err = hm_format_native.digest(subject, &digests, NULL, NULL, NULL, NULL);
    hm_format_native.close(subject);
    *digest = digests.digest[0];
    return err;
}

static void its_digest_is_the_manifests_if_the_payloads_fit(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY, manifest = HM_BUF_EMPTY;
    shelf s = {.content = {"image", "conf"}};
    hm_digest digest, expected;
    put_envelope(1, "1", &envelope);
    put_manifest(1, &manifest);
    hm_digest_of(HM_SHA256, hm_buf_bytes(&manifest), &expected);
    HM_MUST(check(hm_buf_bytes(&envelope), &s, &digest));
    assert_true(hm_digest_equal(&digest, &expected));
    assert_true(hm_format_native.probe(hm_buf_bytes(&envelope), envelope.len));
}

static void asks_for_payloads_by_the_signers_names(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY;
    shelf s = {.content = {"image", NULL}};
    hm_subject *subject = NULL;
    hm_payloads payloads = {.context = &s, .find = find};
    hm_digests digests = {.count = 0};
    put_envelope(1, "1", &envelope);
    hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&envelope)), .payloads = &payloads};
    HM_MUST(hm_format_native.open(&input, &subject));
    assert_sentence(hm_format_native.digest(subject, &digests, NULL, NULL, NULL, NULL), HM_REFUSED, "1 is not here");
    assert_true(hm_bytes_equal(s.asked[0], hm_text("parts/main.bin")));
    assert_int_equal(s.asked[1].len, 0);
    hm_format_native.close(subject);
}

static void refuses_payloads_that_differ_or_are_missing(void **state) {
    (void)state;
    static const struct {
        const char *main, *conf, *why;
    } cases[] = {
        {"imagE", "conf", "payloads 1 is not what was signed"},
        {"images", "conf", "payloads 1 is not what was signed"},
        {"image", NULL, "payloads 1 is not here"},
        {"conf", "image", "payloads 2 are not what was signed"},
        {"", NULL, "1 is not what was signed, and 1 is not here"},
        {NULL, NULL, "only the envelope is here"},
    };
    HM_BUF envelope = HM_BUF_EMPTY;
    hm_digest digest;
    put_envelope(1, "1", &envelope);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        shelf s = {.content = {cases[i].main, cases[i].conf}};
        assert_sentence(check(hm_buf_bytes(&envelope), &s, &digest), HM_REFUSED, cases[i].why);
    }
    HM_MUST(check(hm_buf_bytes(&envelope), NULL, &digest)); /* who asks for the envelope alone gets that */
}

static void every_signer_that_is_named_has_signed_in_that_order(void **state) {
    (void)state;
    static const struct {
        size_t signers;
        const char *who, *why;
    } cases[] = {
        {2, "1", "1 of the signatures"}, {2, "2", "1 of the signatures"}, {3, "13", "1 of the signatures"},
        {2, "21", "does not name"},      {1, "2", "does not name"},       {1, "11", "does not name"},
        {2, "122", "does not name"},     {2, "123", "does not name"},
    };
    shelf s = {.content = {"image", "conf"}};
    hm_digest digest;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        HM_BUF envelope = HM_BUF_EMPTY;
        put_envelope(cases[i].signers, cases[i].who, &envelope);
        assert_sentence(check(hm_buf_bytes(&envelope), &s, &digest), HM_REFUSED, cases[i].why);
    }
    HM_BUF whole = HM_BUF_EMPTY;
    put_envelope(3, "123", &whole);
    HM_MUST(check(hm_buf_bytes(&whole), &s, &digest));
}

static void refuses_what_is_no_envelope(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY, large = HM_BUF_EMPTY;
    shelf s = {.content = {"image", "conf"}};
    hm_digest digest;
    put_envelope(1, "1", &envelope);
    for (size_t len = 0; len < envelope.len; len++)
        assert_int_equal(check(HM_BYTES(envelope.data, len), &s, &digest).class, HM_REFUSED);
    HM_MUST(hm_put(&large, hm_buf_bytes(&envelope)));
    HM_MUST(hm_put_u8(&large, 0));
    assert_int_equal(check(hm_buf_bytes(&large), &s, &digest).class, HM_REFUSED);
    HM_MUST(hm_put_zeros(&large, HM_COSE_ENVELOPE_MAX));
    assert_sentence(check(hm_buf_bytes(&large), &s, &digest), HM_REFUSED, "larger than 16384");
    assert_false(hm_format_native.probe(hm_buf_bytes(&large), large.len));
    assert_false(hm_format_native.probe(hm_text("text"), 4));
}

/* Every byte of the manifest counts, whatever a signature would say. */
static void a_manifest_with_a_flipped_bit_is_another(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY, manifest = HM_BUF_EMPTY;
    shelf s = {.content = {"image", "conf"}};
    hm_digest good, other;
    put_envelope(1, "1", &envelope);
    put_manifest(1, &manifest);
    HM_MUST(check(hm_buf_bytes(&envelope), &s, &good));
    size_t end = 5 + 3 + manifest.len; /* behind the frame and the head of the byte string */
    assert_memory_equal(envelope.data + end - manifest.len, manifest.data, manifest.len);
    for (size_t i = 0; i < end; i++) {
        envelope.data[i] ^= (uint8_t)(1u << i % 8);
        if (!hm_failed(check(hm_buf_bytes(&envelope), &s, &other)) && hm_digest_equal(&good, &other))
            fail_msg("byte %zu", i);
        envelope.data[i] ^= (uint8_t)(1u << i % 8);
    }
}

static void is_not_signed_as_a_file(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY, copied = HM_BUF_EMPTY;
    hm_sink sink = hm_sink_to_buf(&copied);
    hm_subject *subject = NULL;
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    put_envelope(1, "1", &envelope);
    hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&envelope))};
    HM_MUST(hm_format_native.open(&input, &subject));
    assert_sentence(hm_format_native.digest(subject, &digests, NULL, &sink, NULL, NULL), HM_MISUSED, "--cosign");
    assert_sentence(hm_format_native.embed(subject, hm_text("signature"), true, &sink), HM_MISUSED, "written whole");
    digests.digest[0].algorithm = HM_SHA384;
    assert_sentence(hm_format_native.digest(subject, &digests, NULL, NULL, NULL, NULL), HM_MISUSED, "SHA-256");
    hm_format_native.close(subject);
    assert_int_equal(copied.len, 0);
}

static void says_what_is_in_it(void **state) {
    (void)state;
    static const char *const said[] = {
        "release 2.1, sequence number 7, for DEVELOPMENT",
        "component main: firmware, version 2.1, security version 0, 5 bytes, file parts/main.bin",
        "component conf: configuration",
        "sha512 ",
        "ESP256",
        "its signature is still to come"};
    HM_BUF envelope = HM_BUF_EMPTY, lines = HM_BUF_EMPTY;
    hm_subject *subject = NULL;
    const char *text;
    put_envelope(2, "1", &envelope);
    hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&envelope))};
    HM_MUST(hm_format_native.open(&input, &subject));
    HM_MUST(hm_format_native.describe(subject, &lines));
    HM_MUST(hm_buf_string(&lines, &text));
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (!strstr(text, said[i])) fail_msg("not said: %s", said[i]);
    hm_format_native.close(subject);
}

static void describe_free_text(hm_buf *lines, hm_buf *members) {
    HM_BUF envelope = HM_BUF_EMPTY;
    hm_subject *subject = NULL;
    hm_json json = hm_json_plain(members);
    free_text = "x\nsigner 1: key\xe2\x80\xae";
    put_envelope(1, "1", &envelope);
    free_text = NULL;
    hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&envelope))};
    HM_MUST(hm_format_native.open(&input, &subject));
    HM_MUST(hm_format_native.describe(subject, lines));
    hm_json_object(&json, NULL);
    hm_format_native.describe_json(subject, &json);
    hm_json_close_object(&json);
    HM_MUST(hm_json_end(&json));
    hm_format_native.close(subject);
}

static void free_text_forges_no_line(void **state) {
    (void)state;
    HM_BUF lines = HM_BUF_EMPTY, members = HM_BUF_EMPTY;
    const char *text;
    describe_free_text(&lines, &members);
    HM_MUST(hm_buf_string(&lines, &text));
    assert_non_null(strstr(text, "note -10: x\\x0asigner 1: key\\xe2\\x80\\xae\n"));
    assert_non_null(strstr(text, "note -11: 07\n"));
    assert_non_null(strstr(text, ", file x\\x0asigner 1: key\\xe2\\x80\\xae\n"));
    const char *signer = strstr(text, "\nsigner 1: key ");
    assert_non_null(signer);
    assert_null(strstr(signer + 1, "\nsigner 1"));
}

static void notes_are_said_to_machines_too(void **state) {
    (void)state;
    HM_BUF lines = HM_BUF_EMPTY, members = HM_BUF_EMPTY;
    const char *text;
    describe_free_text(&lines, &members);
    HM_MUST(hm_buf_string(&members, &text));
    assert_non_null(strstr(text, "\"notes\":[{\"key\":-10,\"text\":\"x\\nsigner 1: key"));
    assert_non_null(strstr(text, "{\"key\":-11,\"cbor\":\"07\"}]"));
}

static void a_file_name_forges_no_line_of_a_finding(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY, found = HM_BUF_EMPTY;
    hm_subject *subject = NULL;
    shelf s = {.content = {"other", "conf"}};
    hm_payloads payloads = {.context = &s, .find = find};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    free_text = "x\ny";
    put_envelope(1, "1", &envelope);
    free_text = NULL;
    hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&envelope)), .payloads = &payloads};
    HM_MUST(hm_format_native.open(&input, &subject));
    assert_int_equal(hm_format_native.digest(subject, &digests, NULL, NULL, keep_finding, &found).class, HM_REFUSED);
    hm_format_native.close(subject);
    assert_true(hm_bytes_equal(hm_buf_bytes(&found),
                               hm_text("component main: its payload is not what was signed (x\\x0ay)\n")));
}

static void names_the_file_that_was_taken_for_a_payload(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY, found = HM_BUF_EMPTY;
    hm_subject *subject = NULL;
    shelf s = {.content = {"other", "conf"}, .named = "mine.bin"};
    hm_payloads payloads = {.context = &s, .find = find};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    put_envelope(1, "1", &envelope);
    hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&envelope)), .payloads = &payloads};
    HM_MUST(hm_format_native.open(&input, &subject));
    assert_int_equal(hm_format_native.digest(subject, &digests, NULL, NULL, keep_finding, &found).class, HM_REFUSED);
    hm_format_native.close(subject);
    assert_true(hm_bytes_equal(
        hm_buf_bytes(&found),
        hm_text("component main: its payload is not what was signed (parts/main.bin; mine.bin was taken for it)\n")));
}

static hm_err refuse_names(void *context, const hm_bytes *files, size_t count) {
    (void)context;
    assert_int_equal(count, 2);
    assert_true(hm_bytes_equal(files[0], hm_text("parts/main.bin")));
    return hm_refuse("more.bin is none of its payloads");
}

static void compares_nothing_where_a_file_is_no_payload(void **state) {
    (void)state;
    HM_BUF envelope = HM_BUF_EMPTY;
    hm_subject *subject = NULL;
    shelf s = {.content = {"other", "conf"}};
    hm_payloads payloads = {.context = &s, .check = refuse_names, .find = find};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    put_envelope(1, "1", &envelope);
    hm_input input = {.content = hm_source_of_memory(hm_buf_bytes(&envelope)), .payloads = &payloads};
    HM_MUST(hm_format_native.open(&input, &subject));
    assert_sentence(hm_format_native.digest(subject, &digests, NULL, NULL, NULL, NULL), HM_REFUSED, "more.bin is none");
    hm_format_native.close(subject);
    assert_int_equal(s.asked[0].len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_digest_is_the_manifests_if_the_payloads_fit),
        cmocka_unit_test(asks_for_payloads_by_the_signers_names),
        cmocka_unit_test(refuses_payloads_that_differ_or_are_missing),
        cmocka_unit_test(every_signer_that_is_named_has_signed_in_that_order),
        cmocka_unit_test(refuses_what_is_no_envelope),
        cmocka_unit_test(a_manifest_with_a_flipped_bit_is_another),
        cmocka_unit_test(is_not_signed_as_a_file),
        cmocka_unit_test(says_what_is_in_it),
        cmocka_unit_test(free_text_forges_no_line),
        cmocka_unit_test(notes_are_said_to_machines_too),
        cmocka_unit_test(a_file_name_forges_no_line_of_a_finding),
        cmocka_unit_test(names_the_file_that_was_taken_for_a_payload),
        cmocka_unit_test(compares_nothing_where_a_file_is_no_payload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
