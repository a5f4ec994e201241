#include "comparison.h"

#include <crypto/digest.h>

#include <string.h>

static hm_err find_body(const json_t *listed, hm_bytes hash, hm_buf *body) {
    const json_t *items = json_object_get(listed, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *text = json_object_get(json_array_get(items, i), "body");
        uint8_t sha256[HM_SHA256_LEN];
        body->len = 0;
        if (!json_is_string(text) || hm_failed(hm_base64_decode(hm_text(json_string_value(text)), body))) continue;
        hm_sha256(hm_buf_bytes(body), sha256);
        if (hm_bytes_equal(HM_ARRAY(sha256), hash)) return HM_OK;
    }
    return hm_refuse("the server did not list the request that is compared with (hallmark status)");
}

hm_err hm_comparison_begin(hm_comparison *c, const json_t *listed, hm_bytes hash) {
    HM_TRY(find_body(listed, hash, &c->body));
    HM_TRY(hm_in(hm_request_get(hm_buf_bytes(&c->body), &c->request), "the server's request"));
    memset(c->matched, 0, sizeof c->matched);
    c->begun = true;
    return HM_OK;
}

hm_err hm_comparison_sign(hm_comparison *c, const hm_message *question) {
    const hm_artifact artifact = {.format = (unsigned)question->field[HM_SIGN_FORMAT].number,
                                  .algorithm = (hm_key_algorithm)question->field[HM_SIGN_ALGORITHM].number,
                                  .name = question->field[HM_SIGN_NAME].bytes,
                                  .size = question->field[HM_SIGN_SIZE].number,
                                  .plain = question->field[HM_SIGN_PLAIN].bytes,
                                  .content = question->field[HM_SIGN_CONTENT].bytes};
    return c->request.publish ? hm_refuse("the request is for publishing, and not for signatures")
                              : hm_request_match(&c->request, &artifact, c->matched);
}

hm_err hm_comparison_differs(void) {
    return hm_refuse("is not what the request asks for (another file, or it was changed)");
}

/* Format and algorithm, which the office's log knows, are the request's. Of a file that carries several signatures, or
 * is an update's payload as well, the request names one. */
hm_err hm_comparison_publish(hm_comparison *c, const hm_message *question) {
    hm_bytes name = question->field[HM_PUBLISH_FILE_NAME].bytes, plain = question->field[HM_PUBLISH_FILE_PLAIN].bytes,
             content = question->field[HM_PUBLISH_FILE_CONTENT].bytes;
    bool named = false;
    if (!c->request.publish) return hm_refuse("the request is for signatures, and not for publishing");
    for (size_t i = 0; i < c->request.artifacts; i++) {
        const hm_artifact *a = &c->request.artifact[i];
        bool same = hm_bytes_equal(a->name, name) && hm_bytes_equal(a->plain, plain) &&
                    a->size == question->field[HM_PUBLISH_FILE_SIZE].number;
        if (same && hm_bytes_equal(a->content, content)) return hm_request_match(&c->request, a, c->matched);
        named = named || same;
    }
    return named ? HM_OK : hm_comparison_differs();
}

hm_err hm_comparison_end(const hm_comparison *c) { return hm_request_matched(&c->request, c->matched); }
