/* Private to lib/tlog: names of logs and note keys. */
#ifndef HM_TLOG_NOTE_NAMES_H
#define HM_TLOG_NOTE_NAMES_H

#include <tlog/note.h>

/* A refusal unless NAME is what C2SP signed-note allows, of whatever length. */
HM_MUST_USE hm_err hm_tlog_check_any_name(hm_bytes name);
/* A refusal unless, besides, it fits HM_NOTE_NAME_MAX with its terminator. */
HM_MUST_USE hm_err hm_tlog_check_name(hm_bytes name);
/* NAME has been checked. */
void hm_tlog_copy_name(hm_bytes name, char to[static HM_NOTE_NAME_MAX]);

#endif
