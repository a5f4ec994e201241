/* What the owner of an office without founders states: nobody signs it. */
#ifndef HM_ONE_PERSON_FIXTURE_H
#define HM_ONE_PERSON_FIXTURE_H

#include "office_fixture.h"

#include <core/statement_envelope.h>

#include <string.h>

int64_t hm_now(void);

static inline hm_statement place_of(office *o) {
    hm_statement s = {.time = hm_now()};
    hm_message place = ask(o, &(hm_message){.type = HM_MSG_STATEMENT_NEXT});
    assert_int_equal(place.type, HM_MSG_STATEMENT_PLACE);
    assert_int_equal(place.field[HM_STATEMENT_PLACE_GOVERNED].number, 0);
    memcpy(s.office, o->core.uuid, sizeof s.office);
    s.number = place.field[HM_STATEMENT_PLACE_NUMBER].number;
    memcpy(s.previous, place.field[HM_STATEMENT_PLACE_PREVIOUS].bytes.data, sizeof s.previous);
    return s;
}

static inline hm_err hand_in(office *o, const hm_statement *s) {
    HM_BUF cbor = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    hm_message add = {.type = HM_MSG_STATEMENT_ADD}, answer;
    HM_TRY(hm_statement_put(s, &cbor));
    HM_TRY(hm_statement_envelope_put(hm_buf_bytes(&cbor), NULL, 0, &envelope));
    add.field[HM_STATEMENT_ADD_ENVELOPE].bytes = hm_buf_bytes(&envelope);
    return hm_ask(&o->core, &add, &answer);
}

/* Of pump. */
static inline void state_policy(office *o, const char *text) {
    hm_statement s = place_of(o);
    s.act = HM_ACT_POLICY;
    s.product = hm_text("pump");
    s.policy = hm_text(text);
    WORKS(hand_in(o, &s));
}

static inline hm_err sign(office *o) {
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), answer;
    return hm_ask(&o->core, &question, &answer);
}

#endif
