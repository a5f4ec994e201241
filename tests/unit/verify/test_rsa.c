/* PS256 and RS256: published signatures, Wycheproof's attacks, OpenSSL's verdicts, and encoded messages that are nearly
 * right. */
#include "rsa_vectors.h"
#include "wycheproof_test.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

static signature_case published(const char *modulus, const char *message, const char *signature) {
    return (signature_case){.a = from_hex(modulus),
                            .b = from_hex("010001"),
                            .message = from_hex(message),
                            .signature = from_hex(signature)};
}

static signature_case rfc7515(void) { return published(rfc7515_modulus, rfc7515_message, rfc7515_signature); }

static signature_case cose_pss(void) { return published(cose_pss_modulus, cose_pss_message, cose_pss_signature); }

static void check_published(const hmv_algorithm *algorithm, const hmv_algorithm *other, signature_case is) {
    assert_good(algorithm, &is);
    assert_bad(other, &is);
    assert_flips_are_bad(algorithm, &is, &is.a, 0, 1);
    assert_flips_are_bad(algorithm, &is, &is.b, 0, 1);
    assert_flips_are_bad(algorithm, &is, &is.message, 0, 1);
    assert_flips_are_bad(algorithm, &is, &is.signature, 0, 1);
    assert_sizes_are_bad(algorithm, &is, &is.a);
    assert_sizes_are_bad(algorithm, &is, &is.b);
    assert_sizes_are_bad(algorithm, &is, &is.message);
    assert_sizes_are_bad(algorithm, &is, &is.signature);
    case_clear(&is);
}

static void rfc_7515_rs256_is_good_and_each_octet_of_it_matters(void **state) {
    (void)state;
    check_published(&hmv_rs256, &hmv_ps256, rfc7515());
}

static void the_cose_example_of_ps256_is_good_and_each_octet_of_it_matters(void **state) {
    (void)state;
    check_published(&hmv_ps256, &hmv_rs256, cose_pss());
}

static void put(octets *part, const char *hex) {
    free(part->data);
    *part = from_hex(hex);
}

static void exponents_that_are_even_small_padded_or_long_are_bad(void **state) {
    (void)state;
    static const char *const bad[] = {"",     "00",     "01",     "02",       "03",         "11",        "0101",
                                      "ffff", "010000", "010002", "00010001", "0000010001", "0100010001"};
    signature_case is = rfc7515();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(&is.b, bad[i]);
        assert_bad(&hmv_rs256, &is);
    }
    put(&is.b, "010001");
    assert_good(&hmv_rs256, &is);
    case_clear(&is);
}

/* Signature 0 opens to 0, 1 to 1, n - 1 to n - 1, and n is not a signature at all. */
static void signatures_that_open_to_themselves_are_bad(void **state) {
    (void)state;
    signature_case is = rfc7515();
    memset(is.signature.data, 0, is.signature.size);
    assert_bad(&hmv_rs256, &is), assert_bad(&hmv_ps256, &is);
    is.signature.data[is.signature.size - 1] = 1;
    assert_bad(&hmv_rs256, &is), assert_bad(&hmv_ps256, &is);
    memcpy(is.signature.data, is.a.data, is.a.size);
    assert_bad(&hmv_rs256, &is), assert_bad(&hmv_ps256, &is);
    is.signature.data[is.signature.size - 1]--;
    assert_bad(&hmv_rs256, &is), assert_bad(&hmv_ps256, &is);
    memset(is.signature.data, 0xFF, is.signature.size);
    assert_bad(&hmv_rs256, &is), assert_bad(&hmv_ps256, &is);
    case_clear(&is);
}

static bool rsa_key(json_t *group, signature_case *is) {
    json_t *key = json_object_get(group, "publicKey");
    const char *type = json_string_value(json_object_get(group, "type"));
    if (strcmp(json_string_value(json_object_get(group, "sha")), "SHA-256") != 0) return false;
    if (strcmp(type, "RsassaPssVerify") == 0 &&
        (json_integer_value(json_object_get(group, "sLen")) != 32 ||
         strcmp(json_string_value(json_object_get(group, "mgfSha")), "SHA-256") != 0))
        return false;
    is->a = wycheproof_octets(key, "modulus");
    is->b = wycheproof_octets(key, "publicExponent");
    if (is->a.data[0] == 0) memmove(is->a.data, &is->a.data[1], --is->a.size);
    if (is->b.data[0] == 0) memmove(is->b.data, &is->b.data[1], --is->b.size);
    return true;
}

static bool has_small_exponent(json_t *group) {
    const char *hex = json_string_value(json_object_get(json_object_get(group, "publicKey"), "publicExponent"));
    return strtoul(hex, NULL, 16) <= 65536;
}

static void wycheproof_pss_is_as_published(void **state) {
    (void)state;
    const wycheproof_rules rules = {&hmv_ps256, rsa_key, has_small_exponent};
    wycheproof_file("rsa_pss_2048_sha256_mgf1_32_test.json", &rules);
    wycheproof_file("rsa_pss_3072_sha256_mgf1_32_test.json", &rules);
    wycheproof_file("rsa_pss_4096_sha256_mgf1_32_test.json", &rules);
}

static void wycheproof_pkcs1_is_as_published_but_for_exponent_3(void **state) {
    (void)state;
    const wycheproof_rules rules = {&hmv_rs256, rsa_key, has_small_exponent};
    assert_int_equal(wycheproof_file("rsa_signature_2048_sha256_test.json", &rules).policy, 2);
    assert_int_equal(wycheproof_file("rsa_signature_3072_sha256_test.json", &rules).policy, 1);
    assert_int_equal(wycheproof_file("rsa_signature_4096_sha256_test.json", &rules).policy, 0);
}

/* From here on: OpenSSL makes keys and signatures, and has the last word. */

typedef struct rsa_pair {
    EVP_PKEY *pkey;
    octets n, e;
} rsa_pair;

static octets number_of(EVP_PKEY *pkey, const char *name) {
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    octets own = {malloc((size_t)BN_num_bytes(number)), (size_t)BN_num_bytes(number)};
    BN_bn2bin(number, own.data);
    BN_free(number);
    return own;
}

static rsa_pair new_pair(unsigned bits, unsigned long exponent) {
    rsa_pair pair = {0};
    BIGNUM *e = BN_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(BN_set_word(e, exponent), 1);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e), 1);
    assert_int_equal(EVP_PKEY_generate(context, &pair.pkey), 1);
    pair.n = number_of(pair.pkey, "n");
    pair.e = number_of(pair.pkey, "e");
    EVP_PKEY_CTX_free(context);
    BN_free(e);
    return pair;
}

static void pair_free(rsa_pair *pair) {
    EVP_PKEY_free(pair->pkey);
    free(pair->n.data), free(pair->e.data);
}

/* SALT -1 is PKCS #1. */
static void set_padding(EVP_PKEY_CTX *context, int salt) {
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, salt < 0 ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING), 1);
    if (salt >= 0) assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt), 1);
}

static octets sign(const rsa_pair *pair, int salt, const EVP_MD *hash, const octets *message) {
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context;
    octets signature = {malloc(pair->n.size), pair->n.size};
    assert_int_equal(EVP_DigestSignInit(digest, &context, hash, NULL, pair->pkey), 1);
    set_padding(context, salt);
    assert_int_equal(EVP_DigestSign(digest, signature.data, &signature.size, message->data, message->size), 1);
    EVP_MD_CTX_free(digest);
    return signature;
}

static bool openssl_says_good(const rsa_pair *pair, bool pss, const signature_case *is) {
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context;
    assert_int_equal(EVP_DigestVerifyInit(digest, &context, EVP_sha256(), NULL, pair->pkey), 1);
    set_padding(context, pss ? 32 : -1);
    int good = EVP_DigestVerify(digest, is->signature.data, is->signature.size, is->message.data, is->message.size);
    EVP_MD_CTX_free(digest);
    return good == 1;
}

/* Returns whether both say good. */
static bool compare(const rsa_pair *pair, bool pss, signature_case *is, const char *what) {
    hmv_verdict expected = openssl_says_good(pair, pss, is) ? HMV_GOOD : HMV_BAD;
    if (ask(pss ? &hmv_ps256 : &hmv_rs256, is) != expected)
        fail_msg("%s, %zu octets, %s: OpenSSL says %s", pss ? "PSS" : "PKCS #1", pair->n.size, what,
                 expected == HMV_GOOD ? "good" : "bad");
    return expected == HMV_GOOD;
}

/* The RSA operation alone, forwards and backwards: any encoded message gets its signature. */
static void apply_key(const rsa_pair *pair, bool private, const uint8_t *from, uint8_t *to) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair->pkey, NULL);
    size_t size = pair->n.size;
    assert_int_equal(private ? EVP_PKEY_decrypt_init(context) : EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
    assert_int_equal(private ? EVP_PKEY_decrypt(context, to, &size, from, size)
                             : EVP_PKEY_encrypt(context, to, &size, from, size),
                     1);
    EVP_PKEY_CTX_free(context);
}

/* What the signature opens to, with BITS of the octet AT another, signed anew. */
static void change_encoding(const rsa_pair *pair, signature_case *is, size_t at, uint8_t bits) {
    uint8_t encoded[512];
    apply_key(pair, false, is->signature.data, encoded);
    encoded[at] ^= bits;
    if (memcmp(encoded, pair->n.data, pair->n.size) >= 0) encoded[0] &= 0x7F;
    apply_key(pair, true, encoded, is->signature.data);
}

/* The signature with n added to it, if that fits. */
static void add_modulus(const rsa_pair *pair, octets *signature) {
    unsigned carry = 0;
    octets sum = octets_of(signature->data, signature->size);
    for (size_t i = sum.size; i-- > 0; carry >>= 8) sum.data[i] = (uint8_t)(carry += sum.data[i] + pair->n.data[i]);
    if (carry == 0) memcpy(signature->data, sum.data, sum.size);
    free(sum.data);
}

static void flip(octets *part) { part->data[(size_t)rand() % part->size] ^= (uint8_t)(1u << rand() % 8); }

/* One signature, its good verdict, and the verdict after one change. Returns how many of the two last were good. */
static unsigned differ_once(const rsa_pair *pair, bool pss) {
    uint8_t message[70];
    size_t size = (size_t)rand() % sizeof message;
    for (size_t i = 0; i < size; i++) message[i] = (uint8_t)rand();
    signature_case is = {.a = pair->n, .b = pair->e, .message = octets_of(message, size)};
    static const int salts[] = {0, 20, 31, 33, 64};
    unsigned change = (unsigned)rand() % 7;
    if (change == 0) /* another salt, or another hash */
        is.signature = sign(pair, pss ? salts[rand() % 5] : -1, pss ? EVP_sha256() : EVP_sha384(), &is.message);
    else {
        is.signature = sign(pair, pss ? 32 : -1, EVP_sha256(), &is.message);
        assert_good(pss ? &hmv_ps256 : &hmv_rs256, &is);
    }
    if (change == 1 && size > 0) flip(&is.message);
    if (change == 2) flip(&is.signature);
    if (change == 3) add_modulus(pair, &is.signature);
    if (change == 4) change_encoding(pair, &is, (size_t)rand() % pair->n.size, (uint8_t)(1u << rand() % 8));
    if (change == 5) change_encoding(pair, &is, (size_t)rand() % 3 * (pair->n.size - 1) / 2, (uint8_t)rand());
    unsigned good = compare(pair, pss, &is, "changed") + compare(pair, !pss, &is, "taken for the other");
    free(is.message.data), free(is.signature.data);
    return good;
}

static void openssl_agrees(bool pss) {
    srand(test_seed());
    const unsigned count = whole_sweeps() ? 100000 : 1000;
    rsa_pair pairs[] = {new_pair(2048, 65537), new_pair(2056, 0xFFFFFFFBul), new_pair(2064, 65539),
                        new_pair(3072, 65537), new_pair(3096, 0x80000001ul), new_pair(4096, 65537)};
    const unsigned kinds = sizeof pairs / sizeof *pairs;
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++) good += differ_once(&pairs[i % 16 < 10 ? 0 : i % kinds], pss);
    print_message("%u signatures, %u verdicts on mutations, %u of them good\n", count, 2 * count, good);
    assert_in_range(good, count / 100, count);
    for (unsigned i = 0; i < kinds; i++) pair_free(&pairs[i]);
}

static void openssl_agrees_about_ps256(void **state) {
    (void)state;
    openssl_agrees(true);
}

static void openssl_agrees_about_rs256(void **state) {
    (void)state;
    openssl_agrees(false);
}

/* Every octet of what a signature opens to, changed and signed again with the private key. */
static void each_octet_of_the_encoded_message_matters(void **state) {
    (void)state;
    rsa_pair pair = new_pair(2048, 65537);
    octets message = octets_of("message", 7);
    for (int pss = 0; pss < 2; pss++)
        for (size_t i = 0; i < pair.n.size; i++) {
            signature_case is = {.a = pair.n, .b = pair.e, .message = message};
            is.signature = sign(&pair, pss ? 32 : -1, EVP_sha256(), &message);
            change_encoding(&pair, &is, i, (uint8_t)(1u << i % 7));
            if (ask(pss ? &hmv_ps256 : &hmv_rs256, &is) != HMV_BAD) fail_msg("octet %zu does not matter", i);
            free(is.signature.data);
        }
    free(message.data);
    pair_free(&pair);
}

/* FIPS 186-5 asks for 2048 bits; above 4096 there is no room; and a modulus fills its octets. */
static void moduli_of_other_sizes_are_bad(void **state) {
    (void)state;
    static const struct {
        unsigned bits;
        hmv_verdict verdict;
    } sizes[] = {{1024, HMV_BAD}, {2040, HMV_BAD},  {2046, HMV_BAD},  {2048, HMV_GOOD}, {2050, HMV_BAD},
                 {2054, HMV_BAD}, {2056, HMV_GOOD}, {4096, HMV_GOOD}, {4104, HMV_BAD}};
    octets message = octets_of("message", 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rsa_pair pair = new_pair(sizes[i].bits, 65537);
        for (int pss = 0; pss < 2; pss++) {
            signature_case is = {.a = pair.n, .b = pair.e, .message = message};
            is.signature = sign(&pair, pss ? 32 : -1, EVP_sha256(), &message);
            assert_int_equal(ask(pss ? &hmv_ps256 : &hmv_rs256, &is), sizes[i].verdict);
            free(is.signature.data);
        }
        pair_free(&pair);
    }
    free(message.data);
}

static void the_identifiers_are_those_of_rfc_8230_and_rfc_8812(void **state) {
    (void)state;
    assert_int_equal(hmv_ps256.id, -37);
    assert_int_equal(hmv_ps256.alias, -37);
    assert_int_equal(hmv_rs256.id, -257);
    assert_int_equal(hmv_rs256.alias, -257);
    assert_int_equal(hmv_ps256.key_type, 3);
    assert_int_equal(hmv_rs256.key_type, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_7515_rs256_is_good_and_each_octet_of_it_matters),
        cmocka_unit_test(the_cose_example_of_ps256_is_good_and_each_octet_of_it_matters),
        cmocka_unit_test(exponents_that_are_even_small_padded_or_long_are_bad),
        cmocka_unit_test(signatures_that_open_to_themselves_are_bad),
        cmocka_unit_test(wycheproof_pss_is_as_published),
        cmocka_unit_test(wycheproof_pkcs1_is_as_published_but_for_exponent_3),
        cmocka_unit_test(openssl_agrees_about_ps256),
        cmocka_unit_test(openssl_agrees_about_rs256),
        cmocka_unit_test(each_octet_of_the_encoded_message_matters),
        cmocka_unit_test(moduli_of_other_sizes_are_bad),
        cmocka_unit_test(the_identifiers_are_those_of_rfc_8230_and_rfc_8812),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
