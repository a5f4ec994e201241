/* What each subcommand does, one function each. */
#ifndef HM_APP_COMMANDS_H
#define HM_APP_COMMANDS_H

#include "options.h"

#include <base/bytes.h>
#include <client/office.h>
#include <tlog/note.h>

HM_MUST_USE hm_err hm_command_init(const hm_options *options);
HM_MUST_USE hm_err hm_command_product_add(const hm_options *options);
HM_MUST_USE hm_err hm_command_product_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_product_show(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_generate(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_export(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_request(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_import(const hm_options *options);
HM_MUST_USE hm_err hm_command_sign(const hm_options *options);
HM_MUST_USE hm_err hm_command_verify(const hm_options *options);
HM_MUST_USE hm_err hm_command_inspect(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_show(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_check(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_prove(const hm_options *options);
HM_MUST_USE hm_err hm_command_trust_export(const hm_options *options);

/* Shared by them. */
/* Disconnect, whatever came of the work: its fault first, else how the core ended. If entries wait for a checkpoint, a
 * process is left behind that asks for one within a second (late.h). */
HM_MUST_USE hm_err hm_close_office(const hm_options *options, hm_connection *connection, hm_err err);
HM_MUST_USE hm_err hm_connect_to_office(const hm_options *options, hm_connection *connection);
/* The log key that a trust file names; *FOUND false if it names none. */
HM_MUST_USE hm_err hm_log_key_of_trust(hm_bytes pem, hm_note_key *key, bool *found);
/* --trust FILE, or the office's own trust.pem. */
HM_MUST_USE hm_err hm_read_trust(const hm_options *options, hm_buf *pem);
/* log check FILE... */
HM_MUST_USE hm_err hm_check_files_against_log(const hm_options *options, bool write_proofs);
/* Write TEXT to -o, or to standard output. */
HM_MUST_USE hm_err hm_put_result(const hm_options *options, hm_bytes text);

#endif
