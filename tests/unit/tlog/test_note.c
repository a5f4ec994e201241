#include "fixture.h"

#include "../software_signer.h"

#include <stdio.h>

/* The example of Go's golang.org/x/mod/sumdb/note, where the format comes from. */
static const char neumann_key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char neumann_private[] = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
static const char neumann_text[] = "If you think cryptography is the answer to your problem,\n"
                                   "then you don't know what your problem is.\n";
static const char neumann_line[] =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static void compose(const char *text, const char *lines, hm_buf *note) {
    note->len = 0;
    assert_ok(hm_put_format(note, "%s\n%s", text, lines));
}

static void neumann(hm_note_key *key, hm_buf *note) {
    assert_ok(hm_note_key_parse(hm_text(neumann_key), key));
    compose(neumann_text, neumann_line, note);
}

static hm_err open_lines(const char *text, const char *lines) {
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    hm_bytes opened;
    assert_ok(hm_note_key_parse(hm_text(neumann_key), &key));
    compose(text, lines, &note);
    hm_err err = hm_note_open(hm_buf_bytes(&note), &key, &opened);
    if (hm_failed(err)) assert_null(opened.data);
    return err;
}

static void opens_the_note_of_the_go_implementation(void **state) {
    (void)state;
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    hm_bytes text;
    neumann(&key, &note);
    assert_ok(hm_note_open(hm_buf_bytes(&note), &key, &text));
    assert_true(hm_bytes_equal(text, hm_text(neumann_text)));
    assert_ptr_equal(text.data, note.data);
}

static void signs_as_the_go_implementation_does(void **state) {
    (void)state;
    HM_BUF seed = HM_BUF_EMPTY, note = HM_BUF_EMPTY, expected = HM_BUF_EMPTY;
    hm_note_key key;
    assert_ok(hm_base64_decode(hm_text(neumann_private), &seed));
    SOFTWARE_SIGNER *signer = software_signer_of_seed(&seed.data[1]);
    assert_ok(hm_note_key_make("PeterNeumann", software_signer_of(signer)->spki, &key));
    assert_ok(hm_note_sign(hm_text(neumann_text), &key, software_signer_of(signer), &note));
    compose(neumann_text, neumann_line, &expected);
    assert_true(hm_bytes_equal(hm_buf_bytes(&note), hm_buf_bytes(&expected)));
}

static void writes_a_verifier_key_as_it_read_it(void **state) {
    (void)state;
    hm_note_key key;
    HM_BUF vkey = HM_BUF_EMPTY;
    assert_ok(hm_note_key_parse(hm_text(neumann_key), &key));
    assert_int_equal(key.type, HM_NOTE_ED25519);
    assert_string_equal(key.name, "PeterNeumann");
    assert_ok(hm_note_key_put(&key, &vkey));
    assert_true(hm_bytes_equal(hm_buf_bytes(&vkey), hm_text(neumann_key)));
}

static void an_ecdsa_key_is_named_by_the_hash_of_its_spki(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ES256);
    hm_bytes spki = software_signer_of(signer)->spki, text;
    hm_note_key key, again;
    uint8_t digest[HM_SHA256_LEN];
    HM_BUF vkey = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    assert_ok(hm_note_key_make("example.com/log", spki, &key));
    hm_sha256(spki, digest);
    assert_memory_equal(key.id, digest, sizeof key.id);
    assert_ok(hm_note_key_put(&key, &vkey));
    assert_ok(hm_note_key_parse(hm_buf_bytes(&vkey), &again));
    assert_memory_equal(&key, &again, sizeof key);
    assert_ok(hm_note_sign(hm_text("text\n"), &key, software_signer_of(signer), &note));
    assert_ok(hm_note_open(hm_buf_bytes(&note), &again, &text));
    assert_true(hm_bytes_equal(text, hm_text("text\n")));
}

static void the_text_ends_at_the_last_empty_line(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ED25519);
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    hm_bytes text, wanted = hm_text("one\n\n— two three\n\n\nfour\n");
    assert_ok(hm_note_key_make("log", software_signer_of(signer)->spki, &key));
    assert_ok(hm_note_sign(wanted, &key, software_signer_of(signer), &note));
    assert_ok(hm_note_open(hm_buf_bytes(&note), &key, &text));
    assert_true(hm_bytes_equal(text, wanted));
}

static void refuses_every_byte_changed_and_every_prefix(void **state) {
    (void)state;
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    hm_bytes text;
    neumann(&key, &note);
    for (size_t i = 0; i < note.len; i++) {
        uint8_t kept = note.data[i];
        for (unsigned value = 0; value < 256; value++) {
            note.data[i] = (uint8_t)value;
            if (value != kept) assert_refused(hm_note_open(hm_buf_bytes(&note), &key, &text), "");
        }
        note.data[i] = kept;
    }
    for (size_t len = 0; len < note.len; len++) assert_refused(hm_note_open(HM_BYTES(note.data, len), &key, &text), "");
    assert_ok(hm_note_open(hm_buf_bytes(&note), &key, &text));
}

static void refuses_every_byte_of_an_ecdsa_note_changed(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ES256);
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    hm_bytes text;
    assert_ok(hm_note_key_make("log", software_signer_of(signer)->spki, &key));
    assert_ok(hm_note_sign(hm_text("text\n"), &key, software_signer_of(signer), &note));
    for (size_t i = 0; i < note.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            note.data[i] ^= (uint8_t)(1u << bit);
            assert_refused(hm_note_open(hm_buf_bytes(&note), &key, &text), "");
            note.data[i] ^= (uint8_t)(1u << bit);
        }
    for (size_t len = 0; len < note.len; len++) assert_refused(hm_note_open(HM_BYTES(note.data, len), &key, &text), "");
}

/* What may change in a note without its text losing its signature: other signatures. */
static void ignores_signatures_by_other_keys(void **state) {
    (void)state;
    char lines[4000];
    snprintf(lines, sizeof lines, "— PeterNeumann AAAAAAE=\n%s— other.example/x x08gowEC\n", neumann_line);
    assert_ok(open_lines(neumann_text, lines));
}

static void a_witness_may_have_a_long_name(void **state) {
    (void)state;
    HM_BUF lines = HM_BUF_EMPTY;
    const char *text;
    assert_ok(hm_put_format(&lines, "%s— %0500d.example AAAAAAE=\n", neumann_line, 0));
    assert_ok(hm_buf_string(&lines, &text));
    assert_ok(open_lines(neumann_text, text));
}

static void accepts_a_hundred_signatures_and_no_more(void **state) {
    (void)state;
    HM_BUF lines = HM_BUF_EMPTY;
    const char *text;
    for (unsigned i = 0; i < 99; i++) assert_ok(hm_put_format(&lines, "— witness%u.example AAAAAAE=\n", i));
    assert_ok(hm_put_text(&lines, neumann_line));
    assert_ok(hm_buf_string(&lines, &text));
    assert_ok(open_lines(neumann_text, text));
    assert_ok(hm_put_text(&lines, "— witness.example AAAAAAE=\n"));
    assert_ok(hm_buf_string(&lines, &text));
    assert_refused(open_lines(neumann_text, text), "more than 100 signatures");
}

static void refuses_a_failing_signature_beside_a_good_one(void **state) {
    (void)state;
    char lines[1000];
    snprintf(lines, sizeof lines, "%s— PeterNeumann x08gowECAwQ=\n", neumann_line);
    assert_refused(open_lines(neumann_text, lines), "PeterNeumann");
    snprintf(lines, sizeof lines, "— PeterNeumann x08gowECAwQ=\n%s", neumann_line);
    assert_refused(open_lines(neumann_text, lines), "PeterNeumann");
}

static void refuses_notes_without_a_signature_by_the_key(void **state) {
    (void)state;
    assert_refused(open_lines(neumann_text, ""), "not signed by the key of PeterNeumann");
    assert_refused(open_lines(neumann_text, "— other.example x08gowEC\n"), "not signed by the key of PeterNeumann");
    assert_refused(open_lines(neumann_text, "— PeterNeumann AAAAAAE=\n"), "not signed by the key of PeterNeumann");
    assert_refused(open_lines("", neumann_line), "no signature");
    assert_refused(open_lines("\n", neumann_line), "PeterNeumann");
}

static void refuses_malformed_signature_lines(void **state) {
    (void)state;
    static const char *const bad[] = {
        "- PeterNeumann AAAAAAE=\n",     /* not the dash */
        "\u2014PeterNeumann AAAAAAE=\n", /* no space behind it */
        "\u2014  AAAAAAE=\n",            /* no name */
        "\u2014 AAAAAAE=\n",             /* no name and no second space */
        "\u2014 a+b AAAAAAE=\n",         /* a plus sign in the name */
        "\u2014 a\u00a0b AAAAAAE=\n",    /* a no-break space in the name */
        "\u2014 a\u3000b AAAAAAE=\n",    /* an ideographic space in the name */
        "\u2014 a\u2028b AAAAAAE=\n",    /* a line separator in the name */
        "\u2014 name AAAAAAE\n",         /* base64 without padding */
        "\u2014 name AAAAAAF=\n",        /* base64 with bits behind its end */
        "\u2014 name AAAAAAE= \n",       /* a space behind it */
        "\u2014 name AAAA AAE=\n",       /* a space inside it */
        "\u2014 name AAAA-_E=\n",        /* the other alphabet */
        "\u2014 name AAAAAA==\n",        /* a key id and no signature */
        "\u2014 name AAAA\n",            /* less than a key id */
        "\u2014 name \n",                /* nothing */
        "\u2014 name AAAAAAE=",          /* no line feed */
        "name\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char lines[1000];
        snprintf(lines, sizeof lines, "%s%s", neumann_line, bad[i]);
        assert_refused(open_lines(neumann_text, lines), "signature line 2");
    }
}

static void refuses_control_characters_and_bytes_that_are_not_utf_8(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ED25519);
    static const char *const bad[] = {"tab\there\n", "return\r\n", "escape\x1b[0m\n"};
    static const char *const not_utf8[] = {
        "\xff\n",
        "\xc0\xaf\n",         /* overlong solidus */
        "\xed\xa0\x80\n",     /* surrogate */
        "\xf4\x90\x80\x80\n", /* behind the last code point */
        "\xe2\x80\n",         /* cut off */
        "\xe0\x80\x80\n",
        "\xf0\x80\x80\x80\n",
        "\x80\n",
        "\xf8\x88\x80\x80\x80\n",
    };
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    assert_ok(hm_note_key_make("log", software_signer_of(signer)->spki, &key));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(open_lines(bad[i], neumann_line), "control character");
        assert_refused(hm_note_sign(hm_text(bad[i]), &key, software_signer_of(signer), &note), "control character");
    }
    for (size_t i = 0; i < sizeof not_utf8 / sizeof *not_utf8; i++) {
        assert_refused(open_lines(not_utf8[i], neumann_line), "UTF-8");
        assert_refused(hm_note_sign(hm_text(not_utf8[i]), &key, software_signer_of(signer), &note), "UTF-8");
    }
    assert_int_equal(note.len, 0);
}

static void refuses_a_note_of_more_than_a_megabyte(void **state) {
    (void)state;
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    hm_bytes text;
    neumann(&key, &note);
    assert_ok(hm_buf_insert(&note, 0, 1000000));
    memset(note.data, 'a', 1000000);
    assert_refused(hm_note_open(hm_buf_bytes(&note), &key, &text), "longer than 1000000");
}

static void refuses_verifier_keys_that_are_not_canonical(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",                 /* no name */
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",    /* a space */
        "PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",     /* another name */
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",     /* another id */
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",     /* capitals */
        "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",      /* a short id */
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",     /* type 2, not an SPKI */
        "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",     /* a witness's type */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",     /* a short key */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA==", /* a long key */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        "PeterNeumann+c74f20a3+",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hm_note_key key;
        assert_refused(hm_note_key_parse(hm_text(bad[i]), &key), "");
        assert_int_equal(key.spki_len, 0);
    }
}

static void refuses_names_that_cannot_be_written(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ED25519);
    hm_bytes spki = software_signer_of(signer)->spki;
    char name[HM_NOTE_NAME_MAX + 1];
    hm_note_key key;
    memset(name, 'n', sizeof name);
    name[HM_NOTE_NAME_MAX] = 0;
    assert_refused(hm_note_key_make(name, spki, &key), "longer than 127");
    name[HM_NOTE_NAME_MAX - 1] = 0;
    assert_ok(hm_note_key_make(name, spki, &key));
    assert_refused(hm_note_key_make("", spki, &key), "empty");
    assert_refused(hm_note_key_make("a b", spki, &key), "space");
    assert_refused(hm_note_key_make("a+b", spki, &key), "plus");
    assert_refused(hm_note_key_make("a\nb", spki, &key), "control");
    assert_refused(hm_note_key_make("a\xff", spki, &key), "UTF-8");
    assert_int_equal(key.spki_len, 0);
}

static void refuses_keys_of_other_algorithms(void **state) {
    (void)state;
    SOFTWARE_SIGNER *es384 = software_signer_new(HM_KEY_ES384), *rsa = software_signer_new(HM_KEY_RSA3072);
    hm_note_key key;
    assert_refused(hm_note_key_make("log", software_signer_of(es384)->spki, &key), "neither");
    assert_refused(hm_note_key_make("log", software_signer_of(rsa)->spki, &key), "neither");
    assert_refused(hm_note_key_make("log", HM_NO_BYTES, &key), "neither");
}

static void does_not_sign_with_another_key_or_an_unfinished_text(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ED25519), *other = software_signer_new(HM_KEY_ED25519);
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    assert_ok(hm_note_key_make("log", software_signer_of(signer)->spki, &key));
    assert_int_equal(hm_note_sign(hm_text("text\n"), &key, software_signer_of(other), &note).class, HM_MISUSED);
    assert_int_equal(hm_note_sign(hm_text("text"), &key, software_signer_of(signer), &note).class, HM_MISUSED);
    assert_int_equal(hm_note_sign(HM_NO_BYTES, &key, software_signer_of(signer), &note).class, HM_MISUSED);
    assert_int_equal(note.len, 0);
}

static hm_err refuse_to_sign(void *key, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    (void)key, (void)scheme, (void)message, (void)signature;
    return hm_could_not("the token is gone");
}

static void writes_nothing_when_the_token_fails(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ED25519);
    hm_signer broken = *software_signer_of(signer);
    hm_note_key key;
    HM_BUF note = HM_BUF_EMPTY;
    broken.sign = refuse_to_sign;
    assert_ok(hm_note_key_make("log", broken.spki, &key));
    assert_int_equal(hm_note_sign(hm_text("text\n"), &key, &broken, &note).class, HM_COULD_NOT);
    assert_int_equal(note.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_the_note_of_the_go_implementation),
        cmocka_unit_test(signs_as_the_go_implementation_does),
        cmocka_unit_test(writes_a_verifier_key_as_it_read_it),
        cmocka_unit_test(an_ecdsa_key_is_named_by_the_hash_of_its_spki),
        cmocka_unit_test(the_text_ends_at_the_last_empty_line),
        cmocka_unit_test(refuses_every_byte_changed_and_every_prefix),
        cmocka_unit_test(refuses_every_byte_of_an_ecdsa_note_changed),
        cmocka_unit_test(ignores_signatures_by_other_keys),
        cmocka_unit_test(a_witness_may_have_a_long_name),
        cmocka_unit_test(accepts_a_hundred_signatures_and_no_more),
        cmocka_unit_test(refuses_a_failing_signature_beside_a_good_one),
        cmocka_unit_test(refuses_notes_without_a_signature_by_the_key),
        cmocka_unit_test(refuses_malformed_signature_lines),
        cmocka_unit_test(refuses_control_characters_and_bytes_that_are_not_utf_8),
        cmocka_unit_test(refuses_a_note_of_more_than_a_megabyte),
        cmocka_unit_test(refuses_verifier_keys_that_are_not_canonical),
        cmocka_unit_test(refuses_names_that_cannot_be_written),
        cmocka_unit_test(refuses_keys_of_other_algorithms),
        cmocka_unit_test(does_not_sign_with_another_key_or_an_unfinished_text),
        cmocka_unit_test(writes_nothing_when_the_token_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
