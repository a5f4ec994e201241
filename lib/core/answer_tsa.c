/* Answers of the timestamping authority. */
#include "answer.h"
#include "tsa.h"

hm_err hm_answer_timestamp(hm_peer *peer, const hm_message *question) {
    HM_BUF reply = HM_BUF_EMPTY;
    hm_session *session = &peer->session;
    if (session->who == HM_WHO_NOBODY) HM_TRY(hm_tsa_admit_stranger(peer->office));
    if (session->narrowed && !session->stamps_left)
        return hm_refuse("this session has used up the timestamps it was opened for");
    if (session->narrowed) session->stamps_left--;
    HM_TRY(hm_tsa_reply(peer->office, question->field[HM_TIMESTAMP_REQUEST].bytes, &reply));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&reply));
}

hm_err hm_answer_tsa_set(hm_peer *peer, const hm_message *question) {
    HM_TRY(hm_tsa_state(peer->office, question->field[HM_TSA_SET_SOURCE].bytes,
                        question->field[HM_TSA_SET_MAX_OFFSET].number));
    return hm_peer_send_done(peer);
}

hm_err hm_answer_tsa_show(hm_peer *peer, const hm_message *question) {
    (void)question;
    hm_tsa_settings settings;
    hm_message message = {.type = HM_MSG_TSA};
    HM_BUF certificate = HM_BUF_EMPTY;
    hm_fault fault = {.class = HM_DONE};
    HM_TRY(hm_tsa_stated(peer->office, &settings));
    if (settings.enabled) {
        HM_TRY(hm_tsa_certificate(peer->office, &certificate));
        fault = hm_fault_keep(hm_tsa_check_clock(peer->office, &settings));
    }
    message.field[HM_TSA_SOURCE].bytes = hm_text(settings.source);
    message.field[HM_TSA_MAX_OFFSET].number = settings.max_offset;
    message.field[HM_TSA_SINCE].number = (uint64_t)settings.since;
    if (fault.class != HM_DONE) message.field[HM_TSA_CLOCK].bytes = hm_text(fault.sentence);
    message.field[HM_TSA_CERTIFICATE].bytes = hm_buf_bytes(&certificate);
    return hm_peer_send(peer, &message);
}
