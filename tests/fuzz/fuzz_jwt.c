/* layers: base crypto identity */
/* A token, a line end, a key set: whatever is read is judged without a fault of ours; who verifies has an answer that
 * the other side reads as it was written. */
#include <identity/answer.h>
#include <identity/jwt.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

static void check_answer(const hm_workload *w) {
    HM_BUF message = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_workload read;
    must(!hm_failed(hm_identity_answer_put(7, w, &message)));
    must(message.len <= HM_IDENTITY_ANSWER_MAX);
    must(!hm_failed(hm_identity_answer_get(hm_buf_bytes(&message), &read)));
    must(!hm_failed(hm_identity_answer_put(7, &read, &again)));
    must(hm_bytes_equal(hm_buf_bytes(&message), hm_buf_bytes(&again)));
}

static void check_token(hm_bytes token, const hm_jwks *jwks) {
    const hm_issuer issuer = {.url = hm_text("https://ci.example.com"),
                              .audience = hm_text("https://sign.example.com"),
                              .max_lifetime = HM_LIFETIME_MAX};
    HM_JWT *jwt = NULL;
    hm_workload w;
    hm_err err = hm_jwt_read(token, &jwt);
    must(hm_failed(err) == !jwt);
    if (!jwt) return;
    must(token.len <= HM_TOKEN_MAX);
    must(hm_failed(hm_jwt_judge(jwt, &issuer, 1700000000, &w)) && !w.claims);
    if (hm_failed(hm_jwt_verify(jwt, jwks))) return;
    if (!hm_failed(hm_jwt_judge(jwt, &issuer, 1700000000, &w))) check_answer(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    HM_JWKS jwks = {.count = 0};
    hm_err err = hm_jwks_read(end ? HM_BYTES(end + 1, size - len - 1) : HM_NO_BYTES, &jwks);
    must(hm_failed(err) == !jwks.count && jwks.count <= HM_JWKS_KEYS_MAX);
    check_token(HM_BYTES(data, len), &jwks);
    return 0;
}
