#include "pki_fixture.h"

#include <base/file.h>

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/wait.h>
#include <unistd.h>

void assert_fault(hm_err err, hm_class class, const char *part) {
    if (err.class != class) fail_msg("class %d instead of %d: %s", err.class, class, hm_err_sentence());
    if (!strstr(hm_err_sentence(), part)) fail_msg("\"%s\" does not say \"%s\"", hm_err_sentence(), part);
}

static const char *const common_names[] = {[HM_CERT_ROOT] = "Acme root",
                                           [HM_CERT_PRODUCT_CA] = "Acme Pump 3 CA",
                                           [HM_CERT_SIGNING] = "Acme Pump 3 signing",
                                           [HM_CERT_TSA] = "Acme timestamping"};

hm_cert_request office_request(hm_cert_profile profile, const software_signer *subject) {
    hm_cert_request request = {
        .profile = profile,
        .subject = {"Acme", profile == HM_CERT_ROOT ? NULL : "Pump 3", common_names[profile]},
        .spki = software_signer_of(subject)->spki,
        .not_before = TEST_NOW - 365 * (int64_t)DAY,
        .not_after = TEST_NOW + 7000 * (int64_t)DAY, /* tools that cannot be told the time judge it too */
        .office = {0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0, 0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6},
        .development = true,
    };
    return request;
}

static void issue(hm_cert_profile profile, const software_signer *subject, const hm_buf *issuer,
                  const software_signer *issuer_key, hm_buf *der) {
    hm_cert_request request = office_request(profile, subject);
    HM_MUST(hm_cert_issue(&request, issuer ? hm_buf_bytes(issuer) : HM_NO_BYTES, software_signer_of(issuer_key), der));
}

void office_make(test_office *made, hm_key_algorithm leaf_algorithm) {
    *made = (test_office){0};
    made->root_key = software_signer_new(HM_KEY_ES256);
    made->ca_key = software_signer_new(HM_KEY_ES256);
    made->leaf_key = software_signer_new(leaf_algorithm);
    issue(HM_CERT_ROOT, made->root_key, NULL, made->root_key, &made->root);
    issue(HM_CERT_PRODUCT_CA, made->ca_key, &made->root, made->root_key, &made->ca);
    issue(HM_CERT_SIGNING, made->leaf_key, &made->ca, made->ca_key, &made->leaf);
    made->chain = (hm_chain){2, {hm_buf_bytes(&made->leaf), hm_buf_bytes(&made->ca)}};
    made->trust = trust_of(hm_buf_bytes(&made->root));
}

void office_clear(test_office *made) {
    software_signer_free(&made->root_key);
    software_signer_free(&made->ca_key);
    software_signer_free(&made->leaf_key);
    hm_buf_clear(&made->root);
    hm_buf_clear(&made->ca);
    hm_buf_clear(&made->leaf);
    hm_trust_free(&made->trust);
}

hm_verify_rules office_rules(const test_office *made) {
    return (hm_verify_rules){.trust = made->trust, .now = TEST_NOW, .product = NULL};
}

hm_trust *trust_of(hm_bytes root) {
    HM_BUF pem = HM_BUF_EMPTY;
    hm_trust *trust;
    HM_MUST(hm_pem_put(&pem, "CERTIFICATE", root));
    HM_MUST(hm_trust_from_pem(hm_buf_bytes(&pem), &trust));
    return trust;
}

static void add_name(X509_NAME *name, const char *type, const char *text) {
    if (!text || !text[0]) return;
    assert_int_equal(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0), 1);
}

static void add_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value) {
    if (!value || !value[0]) return;
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
    if (!extension) fail_msg("OpenSSL does not make the extension %s", value);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Name constraints take their names from a section, so they come as DER of {O, OU}: "O=Acme,OU=Pump 3" is written by
 * the configuration that this builds. */
static void add_name_constraints(X509 *certificate, const char *value) {
    if (!value || !value[0]) return;
    char text[256];
    snprintf(text, sizeof text, "[e]\nnameConstraints=critical,permitted;dirName:n\n[n]\n%s\n", value);
    BIO *memory = BIO_new_mem_buf(text, -1);
    CONF *conf = NCONF_new(NULL);
    long line;
    assert_int_equal(NCONF_load_bio(conf, memory, &line), 1);
    X509V3_CTX context;
    X509V3_set_ctx(&context, NULL, certificate, NULL, NULL, 0);
    X509V3_set_nconf(&context, conf);
    assert_int_equal(X509V3_EXT_add_nconf(conf, &context, "e", certificate), 1);
    NCONF_free(conf);
    BIO_free(memory);
}

static void add_extensions(const cert_plan *plan, X509 *certificate, X509 *issuer) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    add_extension(certificate, &context, NID_basic_constraints, plan->basic_constraints);
    add_extension(certificate, &context, NID_key_usage, plan->key_usage);
    add_extension(certificate, &context, NID_ext_key_usage, plan->extended_key_usage);
    add_name_constraints(certificate, plan->name_constraints);
    add_extension(certificate, &context, NID_subject_key_identifier, "hash");
}

static void set_dates(const cert_plan *plan, X509 *certificate) {
    int64_t from = plan->not_before ? plan->not_before : TEST_NOW - 30 * (int64_t)DAY;
    int64_t to = plan->not_after ? plan->not_after : TEST_NOW + 30 * (int64_t)DAY;
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)to));
}

static const EVP_MD *digest_for(const cert_plan *plan) {
    if (!plan->digest) return EVP_sha256();
    return plan->digest[0] ? EVP_get_digestbyname(plan->digest) : NULL;
}

static X509 *parse(hm_bytes der) {
    const unsigned char *at = der.data;
    return d2i_X509(NULL, &at, (long)der.len);
}

static void put_x509(X509 *certificate, hm_buf *der) {
    unsigned char *octets = NULL;
    int len = i2d_X509(certificate, &octets);
    assert_true(len > 0);
    HM_MUST(hm_put(der, HM_BYTES(octets, (size_t)len)));
    OPENSSL_free(octets);
}

void cert_make(const cert_plan *plan, EVP_PKEY *subject_key, hm_bytes issuer_der, EVP_PKEY *issuer_key, hm_buf *der) {
    static long serial = 1000;
    X509 *certificate = X509_new();
    X509 *issuer = issuer_der.len ? parse(issuer_der) : NULL;
    X509_set_version(certificate, plan->version ? plan->version - 1 : X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    add_name(X509_get_subject_name(certificate), "O", plan->organization);
    add_name(X509_get_subject_name(certificate), "OU", plan->unit);
    add_name(X509_get_subject_name(certificate), "CN", plan->common_name);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
    set_dates(plan, certificate);
    X509_set_pubkey(certificate, subject_key);
    if (plan->version != 1) add_extensions(plan, certificate, issuer ? issuer : certificate);
    assert_true(X509_sign(certificate, issuer_key, digest_for(plan)) > 0);
    put_x509(certificate, der);
    X509_free(certificate);
    X509_free(issuer);
}

test_bench bench_make(void) {
    test_bench made = {"/tmp/hallmark-pki-XXXXXX"};
    if (!mkdtemp(made.path)) fail_msg("no folder under /tmp");
    return made;
}

void bench_clear(test_bench *made) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf -- '%s'", made->path);
    if (system(command) != 0) print_error("%s stays behind\n", made->path);
}

static void path_in(const test_bench *made, const char *name, char path[static 128]) {
    snprintf(path, 128, "%s/%s", made->path, name);
}

void bench_put(const test_bench *made, const char *name, hm_bytes content) {
    char path[128];
    path_in(made, name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(content.len ? fwrite(content.data, 1, content.len, file) : 0, content.len);
    assert_int_equal(fclose(file), 0);
}

void bench_put_pem(const test_bench *made, const char *name, hm_bytes certificate) {
    HM_BUF pem = HM_BUF_EMPTY;
    HM_MUST(hm_pem_put(&pem, "CERTIFICATE", certificate));
    bench_put(made, name, hm_buf_bytes(&pem));
}

void bench_put_key(const test_bench *made, const char *name, EVP_PKEY *key) {
    char path[128];
    path_in(made, name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

void bench_get(const test_bench *made, const char *name, hm_buf *content) {
    char path[128];
    path_in(made, name, path);
    HM_MUST(hm_file_read(AT_FDCWD, path, 16 << 20, content));
}

static int run(const test_bench *made, const char *command) {
    char whole[2048];
    int len = snprintf(whole, sizeof whole, "cd '%s' && { %s ; } >output 2>&1", made->path, command);
    assert_in_range(len, 1, sizeof whole - 1);
    int status = system(whole);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int bench_run(const test_bench *made, const char *format, ...) {
    char command[1536];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return run(made, command);
}

void bench_must(const test_bench *made, const char *format, ...) {
    char command[1536];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (run(made, command) == 0) return;
    HM_BUF output = HM_BUF_EMPTY;
    const char *text = "";
    bench_get(made, "output", &output);
    if (hm_failed(hm_buf_string(&output, &text))) text = "";
    fail_msg("%s\n%s", command, text);
}

bool bench_has(const char *program) {
    char command[128];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

hm_digest digest_of_text(hm_digest_algorithm algorithm, const char *text) {
    hm_digest digest;
    hm_digest_of(algorithm, hm_text(text), &digest);
    return digest;
}
