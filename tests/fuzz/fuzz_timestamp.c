/* layers: base crypto pki */
/* Timestamps: the first octet says whether a token ('t') or an authority's answer follows. The corpus is about "a
 * signature value", at one time, by an authority whose keys are gone: no other time may ever be proved, and nothing
 * about another value. */
#include <crypto/digest.h>
#include <pki/timestamp.h>

#include <stdlib.h>
#include <string.h>

static const char root[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBezCCASCgAwIBAgICA+gwCgYIKoZIzj0EAwIwJDEPMA0GA1UECgwGU3RhbXBz\n"
                           "MREwDwYDVQQDDAh0c2Egcm9vdDAeFw0xNTEwMDkxNDEzMjBaFw00NTExMjAxNDEz\n"
                           "MjBaMCQxDzANBgNVBAoMBlN0YW1wczERMA8GA1UEAwwIdHNhIHJvb3QwWTATBgcq\n"
                           "hkjOPQIBBggqhkjOPQMBBwNCAARfSIxiOK+FQARq7vSiRYed7IXjaqdpuToYkTsl\n"
                           "9PEWrUyhnpTtd8QxM/SkByhK+cwcglVamqy2Bfkx8MhCXAb3o0IwQDAPBgNVHRMB\n"
                           "Af8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUZzWY4sDJOjXDIgGd\n"
                           "77cNdXClHkYwCgYIKoZIzj0EAwIDSQAwRgIhAI+NnuBt0gpEy5ItSrmFhs2j1p+5\n"
                           "YyTmdibh1q1rwYoSAiEAqHu8s+VPZkeFKdGAiYsrpMXB+BLAmdtv9Hkzv7GAWBQ=\n"
                           "-----END CERTIFICATE-----\n";

enum { NOW = 1790000000 };

static const hm_trust *trust(void) {
    static hm_trust *made;
    if (!made && hm_failed(hm_trust_from_pem(hm_text(root), &made))) abort();
    return made;
}

static void check_stamp(hm_err err, const hm_stamp *stamp) {
    if (!memchr(stamp->why, 0, sizeof stamp->why) || !memchr(stamp->policy, 0, sizeof stamp->policy)) abort();
    if (hm_failed(err) != (stamp->standing != HM_STAMP_GOOD && stamp->standing != HM_STAMP_UNTRUSTED)) abort();
    if (stamp->standing == HM_STAMP_GOOD && (stamp->time != NOW || !stamp->has_authority)) abort();
}

static void fuzz_token(hm_bytes token) {
    hm_stamp stamp;
    hm_err err = hm_timestamp_check(token, hm_text("a signature value"), trust(), NOW, &stamp);
    check_stamp(err, &stamp);
    err = hm_timestamp_check(token, hm_text("another value"), trust(), NOW, &stamp);
    check_stamp(err, &stamp);
    if (stamp.standing == HM_STAMP_GOOD) abort();
}

static void fuzz_response(hm_bytes response) {
    static const uint8_t forty_one[HM_TIMESTAMP_NONCE] = {0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41,
                                                          0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41};
    hm_timestamp_request request = {.policy = NULL};
    const hm_verify_rules rules = {.tsa = trust(), .now = NOW};
    hm_bytes token = HM_NO_BYTES;
    hm_stamp stamp;
    memcpy(request.nonce, forty_one, sizeof request.nonce);
    hm_sha256(hm_text("a signature value"), request.signature_hash);
    hm_err err = hm_timestamp_take(response, &request, &rules, &token, &stamp);
    check_stamp(err, &stamp);
    if (!hm_failed(err) && (!token.len || token.data < response.data)) abort();
    request.nonce[3] ^= 1;
    if (!hm_failed(hm_timestamp_take(response, &request, &rules, &token, &stamp))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    hm_bytes rest = HM_BYTES(data + 1, size - 1);
    if (data[0] == 't')
        fuzz_token(rest);
    else
        fuzz_response(rest);
    return 0;
}
