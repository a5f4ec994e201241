/* One question to the core from the parsing process, whose session was narrowed before. */
#ifndef HM_APP_CORE_ASK_H
#define HM_APP_CORE_ASK_H

#include "parser.h"

#include <core/wire.h>

/* A fault that the core answers with is raised here; an answer of another type than WANTED is one too. ANSWER's views
 * point into STORAGE, whose content is replaced. */
HM_MUST_USE hm_err hm_core_ask(const hm_parser *parser, const hm_message *question, hm_message_type wanted,
                               hm_buf *storage, hm_message *answer);

#endif
