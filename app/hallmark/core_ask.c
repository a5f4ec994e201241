#include "core_ask.h"

hm_err hm_core_ask(const hm_parser *parser, const hm_message *question, hm_message_type wanted, hm_buf *storage,
                   hm_message *answer) {
    bool closed;
    HM_TRY(hm_wire_send(parser->core, question));
    HM_TRY(hm_wire_receive(parser->core, storage, answer, &closed));
    if (closed) return hm_could_not("the office's core has ended (run hallmark log check)");
    if (answer->type == HM_MSG_FAULT) return hm_wire_raise(answer);
    return answer->type == wanted ? HM_OK : hm_could_not("core language: an answer to something else");
}
