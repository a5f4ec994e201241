#include "../base/folder_fixture.h"

#include <base/file.h>
#include <base/pem.h>
#include <crypto/key_file.h>

static void run(folder *f, const char *command) {
    char line[1000];
    snprintf(line, sizeof line, "{ cd %s && %s; } >/dev/null 2>%s/errors", f->path, command, f->path);
    if (system(line) != 0) fail_msg("%s failed", command);
    unlinkat(f->fd, "errors", 0);
}

typedef struct {
    char text[200];
} path;
static path in(folder *f, const char *name) {
    path made;
    snprintf(made.text, sizeof made.text, "%s/%s", f->path, name);
    return made;
}

static hm_err open_key(folder *f, const char *name, hm_key_file **key) {
    return hm_key_file_open(in(f, name).text, key);
}

static void read_whole(folder *f, const char *name, hm_buf *content) {
    assert_done(hm_file_read(f->fd, name, 100000, content));
}

static void assert_says(const char *why) {
    if (!strstr(hm_err_sentence(), why)) fail_msg("\"%s\" does not say \"%s\"", hm_err_sentence(), why);
}

static void assert_not_opened(folder *f, const char *name, const char *why) {
    hm_key_file *key = (hm_key_file *)f; /* must become NULL */
    assert_refused(open_key(f, name, &key));
    assert_null(key);
    assert_says(why);
}

/* The file that COMMAND makes as "key" is refused. */
static void assert_not_taken(folder *f, const char *command, const char *why) {
    unlinkat(f->fd, "key", 0);
    run(f, command);
    assert_int_equal(fchmodat(f->fd, "key", 0600, 0), 0);
    assert_not_opened(f, "key", why);
}

static const struct kind {
    hm_key_algorithm algorithm;
    const char *make, *verify;
    size_t der_len;
} kinds[] = {
    {HM_KEY_ES256, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key",
     "openssl dgst -sha256 -verify pub -signature signature message", 138},
    {HM_KEY_ES384, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key",
     "openssl dgst -sha384 -verify pub -signature signature message", 185},
    {HM_KEY_ED25519, "openssl genpkey -algorithm ED25519 -out key",
     "openssl pkeyutl -verify -rawin -pubin -inkey pub -in message -sigfile signature", 48},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void make_with_openssl(folder *f, const struct kind *kind) {
    unlinkat(f->fd, "key", 0);
    run(f, kind->make);
}

/* What verifies is the public key that openssl finds in the file. */
static void assert_signs(folder *f, const struct kind *kind, hm_bytes message) {
    HM_KEY_FILE *key = NULL;
    HM_BUF signature = HM_BUF_EMPTY, spki = HM_BUF_EMPTY;
    assert_done(open_key(f, "key", &key));
    hm_signer signer = hm_key_file_signer(key);
    assert_int_equal(signer.algorithm, kind->algorithm);
    assert_done(signer.sign(signer.key, hm_key_scheme(kind->algorithm), message, &signature));
    run(f, "openssl pkey -in key -pubout -out pub");
    assert_done(hm_public_key_read(in(f, "pub").text, &spki));
    assert_true(hm_bytes_equal(signer.spki, hm_buf_bytes(&spki)));
    assert_done(hm_verify(signer.spki, hm_key_scheme(kind->algorithm), message, hm_buf_bytes(&signature)));
    put_file(f->fd, "message", message, 0600);
    put_file(f->fd, "signature", hm_buf_bytes(&signature), 0600);
    if (message.len) run(f, kind->verify); /* pkeyutl takes no empty file */
}

static void keys_of_openssl_sign_what_openssl_verifies(void **state) {
    static uint8_t much[100000];
    for (size_t i = 0; i < KINDS; i++) {
        make_with_openssl(*state, &kinds[i]);
        assert_signs(*state, &kinds[i], LITERAL("message"));
        assert_signs(*state, &kinds[i], HM_ARRAY(much));
        assert_signs(*state, &kinds[i], HM_NO_BYTES);
    }
}

static void keys_of_ours_are_as_openssl_writes_them(void **state) {
    folder *f = *state;
    for (size_t i = 0; i < KINDS; i++) {
        HM_BUF spki = HM_BUF_EMPTY, pem = HM_BUF_EMPTY;
        unlinkat(f->fd, "key", 0);
        assert_done(hm_key_file_make(in(f, "key").text, kinds[i].algorithm, &spki));
        run(f, "openssl pkey -in key -check -noout");
        run(f, "openssl pkey -in key -out again && cmp key again");
        assert_done(hm_public_key_put(hm_buf_bytes(&spki), &pem));
        put_file(f->fd, "ours", hm_buf_bytes(&pem), 0600);
        run(f, "openssl pkey -in key -pubout -out theirs && cmp ours theirs");
        assert_signs(f, &kinds[i], LITERAL("message"));
    }
}

static void a_new_key_is_its_owners_alone_whatever_the_umask(void **state) {
    folder *f = *state;
    HM_BUF spki = HM_BUF_EMPTY;
    struct stat st;
    mode_t before = umask(0);
    assert_done(hm_key_file_make(in(f, "key").text, HM_KEY_ES256, &spki));
    umask(before);
    assert_int_equal(fstatat(f->fd, "key", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(count_names(f->fd), 1);
}

static void two_new_keys_differ(void **state) {
    for (size_t i = 0; i < KINDS; i++) {
        HM_BUF one = HM_BUF_EMPTY, other = HM_BUF_EMPTY;
        char names[2][20];
        snprintf(names[0], sizeof names[0], "one%zu", i);
        snprintf(names[1], sizeof names[1], "other%zu", i);
        assert_done(hm_key_file_make(in(*state, names[0]).text, kinds[i].algorithm, &one));
        assert_done(hm_key_file_make(in(*state, names[1]).text, kinds[i].algorithm, &other));
        assert_false(hm_bytes_equal(hm_buf_bytes(&one), hm_buf_bytes(&other)));
    }
}

static void a_new_key_replaces_nothing(void **state) {
    folder *f = *state;
    HM_BUF spki = HM_BUF_EMPTY, content = HM_BUF_EMPTY;
    put_file(f->fd, "file", LITERAL("old"), 0600);
    assert_int_equal(symlinkat("nowhere", f->fd, "link"), 0);
    assert_int_equal(mkdirat(f->fd, "folder", 0700), 0);
    static const char *const there[] = {"file", "link", "folder"};
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        assert_refused(hm_key_file_make(in(f, there[i]).text, HM_KEY_ES256, &spki));
        assert_says("is there already");
    }
    read_whole(f, "file", &content);
    assert_bytes(hm_buf_bytes(&content), "old");
    assert_int_equal(count_names(f->fd), 3);
    assert_int_equal(spki.len, 0);
}

static void makes_no_keys_of_other_algorithms(void **state) {
    folder *f = *state;
    HM_BUF spki = HM_BUF_EMPTY;
    static const hm_key_algorithm others[] = {HM_KEY_RSA3072, HM_KEY_RSA4096};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(hm_key_file_make(in(f, "key").text, others[i], &spki).class, HM_MISUSED);
    assert_could_not(hm_key_file_make(in(f, "nowhere/key").text, HM_KEY_ES256, &spki));
    assert_int_equal(count_names(f->fd), 0);
    assert_int_equal(spki.len, 0);
}

static void only_ed25519_signs_the_same_way_twice(void **state) {
    for (size_t i = 0; i < KINDS; i++) {
        HM_KEY_FILE *key = NULL;
        HM_BUF one = HM_BUF_EMPTY, other = HM_BUF_EMPTY;
        make_with_openssl(*state, &kinds[i]);
        assert_done(open_key(*state, "key", &key));
        hm_signer signer = hm_key_file_signer(key);
        hm_scheme scheme = hm_key_scheme(signer.algorithm);
        assert_done(signer.sign(signer.key, scheme, LITERAL("message"), &one));
        assert_done(signer.sign(signer.key, scheme, LITERAL("message"), &other));
        bool same = hm_bytes_equal(hm_buf_bytes(&one), hm_buf_bytes(&other));
        assert_int_equal(same, signer.algorithm == HM_KEY_ED25519);
    }
}

static void refuses_to_sign_by_another_scheme(void **state) {
    for (size_t i = 0; i < KINDS; i++) {
        HM_KEY_FILE *key = NULL;
        HM_BUF signature = HM_BUF_EMPTY;
        make_with_openssl(*state, &kinds[i]);
        assert_done(open_key(*state, "key", &key));
        hm_signer signer = hm_key_file_signer(key);
        for (int scheme = 0; scheme <= HM_SCHEME_ECDSA_SHA512 + 1; scheme++)
            if ((hm_scheme)scheme != hm_key_scheme(signer.algorithm))
                assert_refused(signer.sign(signer.key, (hm_scheme)scheme, LITERAL("message"), &signature));
        assert_int_equal(signature.len, 0);
    }
}

static void refuses_a_file_that_others_can_read(void **state) {
    folder *f = *state;
    make_with_openssl(f, &kinds[0]);
    static const mode_t modes[] = {0640, 0604, 0660, 0610, 0601, 0620, 0602, 0644, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(fchmodat(f->fd, "key", modes[i], 0), 0);
        assert_not_opened(f, "key", "chmod 600");
    }
    HM_KEY_FILE *key = NULL;
    assert_int_equal(fchmodat(f->fd, "key", 0400, 0), 0);
    assert_done(open_key(f, "key", &key));
}

static void refuses_a_file_of_somebody_else(void **state) {
    folder *f = *state;
    make_with_openssl(f, &kinds[0]);
    if (fchownat(f->fd, "key", 65534, 65534, 0) != 0) skip();
    assert_not_opened(f, "key", "somebody else");
}

static void refuses_links_pipes_and_folders(void **state) {
    folder *f = *state;
    hm_key_file *key;
    make_with_openssl(f, &kinds[0]);
    assert_int_equal(symlinkat("key", f->fd, "link"), 0);
    assert_int_equal(mkfifoat(f->fd, "pipe", 0600), 0);
    assert_not_opened(f, "link", "is a link");
    assert_not_opened(f, "pipe", "not a regular file");
    assert_not_opened(f, ".", "not a regular file");
    assert_could_not(open_key(f, "nowhere", &key));
    assert_null(key);
}

static void refuses_files_that_are_empty_or_too_large(void **state) {
    folder *f = *state;
    static uint8_t much[HM_KEY_FILE_MAX + 1];
    put_file(f->fd, "key", HM_NO_BYTES, 0600);
    assert_not_opened(f, "key", "is empty");
    put_file(f->fd, "key", HM_ARRAY(much), 0600);
    assert_not_opened(f, "key", "larger than the 16384");
    put_file(f->fd, "key", HM_BYTES(much, HM_KEY_FILE_MAX), 0600);
    assert_not_opened(f, "key", "does not begin");
}

static void refuses_encrypted_keys(void **state) {
    assert_not_taken(*state, "openssl genpkey -algorithm ED25519 -aes256 -pass pass:hunter2 -out key", "is encrypted");
    assert_says("openssl pkey");
    assert_not_taken(*state, "openssl ecparam -name P-256 -genkey -noout | openssl ec -aes128 -passout pass:x -out key",
                     "older form");
}

static void refuses_what_is_no_private_key(void **state) {
    assert_not_taken(*state, "openssl genpkey -algorithm ED25519 | openssl pkey -pubout -out key", "is a public key");
    assert_not_taken(*state, "openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -subj /CN=x -out key",
                     "is a certificate");
    assert_not_taken(*state, "openssl req -newkey ed25519 -nodes -keyout /dev/null -subj /CN=x -out key",
                     "another kind");
    assert_not_taken(*state, "openssl genpkey -algorithm ED25519 -outform DER -out key", "does not begin");
    assert_not_taken(*state, "echo hello >key", "does not begin");
}

static void refuses_two_keys_and_what_stands_around_one(void **state) {
    folder *f = *state;
    make_with_openssl(f, &kinds[0]);
    run(f, "cp key one && openssl pkey -in one -pubout -out pub");
    assert_not_taken(f, "cat one one >key", "more than one");
    assert_not_taken(f, "cat one pub >key", "more than one");
    assert_not_taken(f, "(cat one; echo) >key", "behind the end");
    assert_not_taken(f, "(cat one; echo garbage) >key", "behind the end");
    assert_not_taken(f, "(echo comment; cat one) >key", "does not begin");
    assert_not_taken(f, "openssl pkey -in one -text -out key", "behind the end");
}

static void refuses_other_algorithms_and_curves(void **state) {
    assert_not_taken(*state, "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key", "RSA");
    assert_not_taken(*state, "openssl genrsa -traditional 2048 >key", "RSA");
    assert_not_taken(*state, "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out key", "RSA");
    assert_not_taken(*state, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out key",
                     "another curve");
    assert_not_taken(*state, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out key",
                     "another curve");
    assert_not_taken(*state, "openssl genpkey -algorithm X25519 -out key", "another algorithm");
    assert_not_taken(*state, "openssl genpkey -algorithm ED448 -out key", "another algorithm");
}

static void what_is_advised_for_other_forms_helps(void **state) {
    folder *f = *state;
    static const struct {
        const char *make, *why, *advice;
    } forms[] = {
        {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out key",
         "spells out", "openssl pkey -ec_param_enc named_curve -in key -out new"},
        {"openssl ecparam -name P-384 -genkey -noout -out key", "older form", "openssl pkey -in key -out new"},
        {"openssl ecparam -name P-256 -genkey -out key", "more than the key", "openssl pkey -in key -out new"},
        {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -ec_conv_form compressed "
         "-out key",
         "form that openssl genpkey writes", "openssl pkey -ec_conv_form uncompressed -in key -out new"},
        {"openssl genpkey -algorithm ED25519 -aes256 -pass pass:x -out key", "is encrypted",
         "openssl pkey -passin pass:x -in key -out new"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        HM_KEY_FILE *key = NULL;
        assert_not_taken(f, forms[i].make, forms[i].why);
        run(f, forms[i].advice);
        assert_done(open_key(f, "new", &key));
    }
}

static void refuses_a_key_without_its_public_part(void **state) {
    assert_not_taken(
        *state,
        "openssl ecparam -name P-256 -genkey -noout | openssl ec -no_public | openssl pkcs8 -topk8 -nocrypt -out key",
        "form that openssl genpkey writes");
}

/* The key as DER, and DER as a key. */
static void content_of_key(folder *f, hm_buf *der) {
    HM_BUF pem = HM_BUF_EMPTY;
    hm_bytes label;
    read_whole(f, "key", &pem);
    hm_reader reader = hm_reader_of(hm_buf_bytes(&pem));
    assert_done(hm_pem_read_label(&reader, &label));
    assert_done(hm_pem_read_content(&reader, label, der));
}

static hm_err take_der(hm_bytes der, hm_key_file **key) {
    HM_BUF pem = HM_BUF_EMPTY;
    assert_done(hm_pem_put(&pem, "PRIVATE KEY", der));
    return hm_key_file_from_pem(hm_buf_bytes(&pem), key);
}

static void assert_der_refused(hm_bytes der) {
    hm_key_file *key;
    assert_refused(take_der(der, &key));
    assert_null(key);
}

/* Every bit belongs to the constants, to the number or to its point. The seed of Ed25519 has no point beside it. */
static void no_bit_of_a_key_can_be_changed(void **state) {
    for (size_t i = 0; i < KINDS; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        make_with_openssl(*state, &kinds[i]);
        content_of_key(*state, &der);
        assert_int_equal(der.len, kinds[i].der_len);
        size_t end = kinds[i].algorithm == HM_KEY_ED25519 ? der.len - 32 : der.len;
        for (size_t bit = 0; bit < 8 * end; bit++) {
            der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_der_refused(hm_buf_bytes(&der));
            der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void refuses_a_key_that_is_cut_off_or_continued(void **state) {
    for (size_t i = 0; i < KINDS; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        make_with_openssl(*state, &kinds[i]);
        content_of_key(*state, &der);
        for (size_t len = 0; len < der.len; len++) assert_der_refused(HM_BYTES(der.data, len));
        assert_done(hm_put_u8(&der, 0));
        assert_der_refused(hm_buf_bytes(&der));
        assert_says("behind the key");
    }
}

static void refuses_the_public_part_of_another_key(void **state) {
    for (size_t i = 0; i < 2; i++) {
        HM_BUF one = HM_BUF_EMPTY, other = HM_BUF_EMPTY;
        make_with_openssl(*state, &kinds[i]);
        content_of_key(*state, &one);
        make_with_openssl(*state, &kinds[i]);
        content_of_key(*state, &other);
        size_t point = i == 0 ? 65 : 97;
        memcpy(&one.data[one.len - point], &other.data[other.len - point], point);
        assert_der_refused(hm_buf_bytes(&one));
        assert_says("do not belong together");
    }
}

/* The order of P-256 (SP 800-186), and what is next to it. */
static void refuses_numbers_outside_of_the_group(void **state) {
    HM_BUF der = HM_BUF_EMPTY, order = HM_BUF_EMPTY;
    make_with_openssl(*state, &kinds[0]);
    content_of_key(*state, &der);
    assert_done(hm_hex_decode(hm_text("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"), &order));
    memcpy(&der.data[36], order.data, 32);
    assert_der_refused(hm_buf_bytes(&der));
    der.data[67]++;
    assert_der_refused(hm_buf_bytes(&der));
    memset(&der.data[36], 0, 32);
    assert_der_refused(hm_buf_bytes(&der));
    memset(&der.data[36], 0xff, 32);
    assert_der_refused(hm_buf_bytes(&der));
}

static void no_fault_quotes_the_file(void **state) {
    folder *f = *state;
    static const char *const texts[] = {"hunter2\n", "-----BEGIN hunter2-----\nhunter2\n-----END hunter2-----\n",
                                        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        HM_BUF spki = HM_BUF_EMPTY;
        put_file(f->fd, "key", hm_text(texts[i]), 0600);
        assert_not_opened(f, "key", "key: ");
        assert_null(strstr(hm_err_sentence(), "hunter2"));
        assert_refused(hm_public_key_read(in(f, "key").text, &spki));
        assert_null(strstr(hm_err_sentence(), "hunter2"));
    }
}

static void freeing_nothing_is_harmless(void **state) {
    (void)state;
    hm_key_file *key = NULL;
    hm_key_file_free(&key);
    assert_null(key);
}

/* Public keys. */

static void assert_public_refused(folder *f, const char *command, const char *why) {
    HM_BUF spki = HM_BUF_EMPTY;
    unlinkat(f->fd, "key", 0);
    run(f, command);
    assert_refused(hm_public_key_read(in(f, "key").text, &spki));
    assert_says(why);
    assert_int_equal(spki.len, 0);
}

static void refuses_what_is_no_public_key(void **state) {
    folder *f = *state;
    HM_BUF spki = HM_BUF_EMPTY;
    for (size_t i = 0; i < KINDS; i++) assert_public_refused(f, kinds[i].make, "is a private key");
    assert_says("-pubout");
    assert_public_refused(f, "openssl genpkey -algorithm ED25519 -aes256 -pass pass:x -out key", "is a private key");
    assert_public_refused(f, "openssl ecparam -name P-256 -genkey -noout -out key", "is a private key");
    assert_public_refused(f, "openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -subj /CN=x -out key",
                          "is a certificate");
    assert_public_refused(f, "echo hello >key", "does not begin");
    assert_public_refused(f, "head -c 20000 /dev/zero >key", "larger than");
    assert_public_refused(f, ": >key", "is empty");
    assert_public_refused(f, "mkfifo key", "regular file");
    assert_could_not(hm_public_key_read(in(f, "nowhere").text, &spki));
}

static void refuses_other_public_keys(void **state) {
    folder *f = *state;
    assert_public_refused(f, "openssl genrsa 3072 | openssl pkey -pubout -out key", "RSA");
    assert_public_refused(f, "openssl genrsa 2048 | openssl rsa -RSAPublicKey_out -out key", "RSA");
    static const char *const others[] = {"ec_paramgen_curve:P-521", "ec_paramgen_curve:secp256k1",
                                         "ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char command[300];
        snprintf(command, sizeof command, "openssl genpkey -algorithm EC -pkeyopt %s | openssl pkey -pubout -out key",
                 others[i]);
        assert_public_refused(f, command, "key: ");
    }
    assert_public_refused(f, "openssl genpkey -algorithm ED448 | openssl pkey -pubout -out key", "key: ");
    assert_public_refused(
        f,
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout -ec_conv_form compressed -out key",
        "key: ");
}

static void refuses_a_public_key_with_something_around_it(void **state) {
    folder *f = *state;
    run(f, "openssl genpkey -algorithm ED25519 -out one && openssl pkey -in one -pubout -out pub");
    assert_public_refused(f, "cat pub pub >key", "more than one");
    assert_public_refused(f, "cat pub one >key", "more than one");
    assert_public_refused(f, "(cat pub; echo x) >key", "behind the end");
    assert_public_refused(f, "(echo x; cat pub) >key", "does not begin");
}

static void refuses_a_point_that_is_not_on_its_curve(void **state) {
    (void)state;
    static const struct {
        hm_key_algorithm algorithm;
        size_t len;
    } curves[] = {{HM_KEY_ES256, 65}, {HM_KEY_ES384, 97}};
    for (size_t i = 0; i < 2; i++) {
        uint8_t point[97] = {0x04};
        HM_BUF spki = HM_BUF_EMPTY, pem = HM_BUF_EMPTY, read = HM_BUF_EMPTY;
        point[40] = 1;
        assert_done(hm_spki_from_ec_point(curves[i].algorithm, HM_BYTES(point, curves[i].len), &spki));
        assert_refused(hm_public_key_put(hm_buf_bytes(&spki), &pem));
        assert_int_equal(pem.len, 0);
        assert_done(hm_pem_put(&pem, "PUBLIC KEY", hm_buf_bytes(&spki)));
        assert_refused(hm_public_key_from_pem(hm_buf_bytes(&pem), &read));
        assert_int_equal(read.len, 0);
    }
}

static void writes_no_public_key_that_it_would_not_read(void **state) {
    (void)state;
    HM_BUF pem = HM_BUF_EMPTY;
    assert_refused(hm_public_key_put(HM_NO_BYTES, &pem));
    assert_refused(hm_public_key_put(LITERAL("hello"), &pem));
    assert_int_equal(pem.len, 0);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(keys_of_openssl_sign_what_openssl_verifies),
        IN_A_FOLDER(keys_of_ours_are_as_openssl_writes_them),
        IN_A_FOLDER(a_new_key_is_its_owners_alone_whatever_the_umask),
        IN_A_FOLDER(two_new_keys_differ),
        IN_A_FOLDER(a_new_key_replaces_nothing),
        IN_A_FOLDER(makes_no_keys_of_other_algorithms),
        IN_A_FOLDER(only_ed25519_signs_the_same_way_twice),
        IN_A_FOLDER(refuses_to_sign_by_another_scheme),
        IN_A_FOLDER(refuses_a_file_that_others_can_read),
        IN_A_FOLDER(refuses_a_file_of_somebody_else),
        IN_A_FOLDER(refuses_links_pipes_and_folders),
        IN_A_FOLDER(refuses_files_that_are_empty_or_too_large),
        IN_A_FOLDER(refuses_encrypted_keys),
        IN_A_FOLDER(refuses_what_is_no_private_key),
        IN_A_FOLDER(refuses_two_keys_and_what_stands_around_one),
        IN_A_FOLDER(refuses_other_algorithms_and_curves),
        IN_A_FOLDER(what_is_advised_for_other_forms_helps),
        IN_A_FOLDER(refuses_a_key_without_its_public_part),
        IN_A_FOLDER(no_bit_of_a_key_can_be_changed),
        IN_A_FOLDER(refuses_a_key_that_is_cut_off_or_continued),
        IN_A_FOLDER(refuses_the_public_part_of_another_key),
        IN_A_FOLDER(refuses_numbers_outside_of_the_group),
        IN_A_FOLDER(no_fault_quotes_the_file),
        cmocka_unit_test(freeing_nothing_is_harmless),
        IN_A_FOLDER(refuses_what_is_no_public_key),
        IN_A_FOLDER(refuses_other_public_keys),
        IN_A_FOLDER(refuses_a_public_key_with_something_around_it),
        cmocka_unit_test(refuses_a_point_that_is_not_on_its_curve),
        cmocka_unit_test(writes_no_public_key_that_it_would_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
