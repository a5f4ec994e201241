/* One entry of the log, for people or as JSON. */
#ifndef HM_APP_LOG_ENTRY_H
#define HM_APP_LOG_ENTRY_H

#include "options.h"

#include <core/wire.h>
#include <tlog/leaf.h>

/* "intent" ...; "?" for what is none. */
const char *hm_leaf_type_name(hm_leaf_type type);

/* ENTRY is an HM_MSG_LOG_ENTRY. */
HM_MUST_USE hm_err hm_print_log_entry(const hm_options *options, const hm_message *entry);

#endif
