/* A key of the caller's own choice names one call, and no other (draft-ietf-httpapi-idempotency-key-header, section
 * 2.2). */
#include "office.h"

#include <stdio.h>
#include <string.h>

/* Beside the answers, whose names are made of more parts (name_answer of signing.c). */
static hm_err name_call(const hm_session *session, uint8_t name[static HM_SHA256_LEN]) {
    HM_BUF all = HM_BUF_EMPTY;
    const hm_bytes parts[] = {hm_text(session->principal[0] ? session->principal : session->actor),
                              hm_text(session->repeatable)};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        HM_TRY(hm_put_u32be(&all, (uint32_t)parts[i].len));
        HM_TRY(hm_put(&all, parts[i]));
    }
    hm_sha256(hm_buf_bytes(&all), name);
    return HM_OK;
}

hm_err hm_repeatable_begin(hm_office *office, hm_bytes key, hm_bytes call) {
    hm_session *session = office->session;
    HM_BUF before = HM_BUF_EMPTY;
    uint8_t name[HM_SHA256_LEN];
    bool found;
    snprintf(session->repeatable, sizeof session->repeatable, "%.*s", (int)key.len, (const char *)key.data);
    memcpy(session->call, call.data, sizeof session->call);
    HM_TRY(name_call(session, name));
    HM_TRY(hm_store_get_answer(office->store, name, &before, &found));
    return !found || hm_bytes_equal(hm_buf_bytes(&before), call)
               ? HM_OK
               : hm_misuse("this Idempotency-Key was used for another call (each call has one of its own)");
}

hm_err hm_repeatable_keep(hm_office *office, int64_t time) {
    uint8_t name[HM_SHA256_LEN];
    HM_TRY(name_call(office->session, name));
    return hm_store_put_answer(office->store, name, HM_ARRAY(office->session->call), time);
}
