/* How commands reach the office: its folder, its core, its trust file. */
#ifndef HM_APP_OFFICE_ACCESS_H
#define HM_APP_OFFICE_ACCESS_H

#include "options.h"
#include "tls_files.h"

#include <client/office.h>
#include <tlog/note.h>

/* The office's folder as an absolute path: --office, $HALLMARK_OFFICE, ~/.local/share/hallmark; or its URL. The caller
 * frees it. */
HM_MUST_USE hm_err hm_office_directory(const hm_options *options, char **directory);

/* Connect to the office: join or fork the core of a folder (SURVIVOR as in hm_connect), or go to a URL. */
HM_MUST_USE hm_err hm_connect_office(const hm_options *options, void (*survivor)(void *context), void *context,
                                     hm_connection *office);
/* Connect, work, close. */
typedef hm_err (*hm_office_work)(const hm_options *options, hm_connection *office);
HM_MUST_USE hm_err hm_with_office(const hm_options *options, hm_office_work work);
/* Disconnect, whatever came of the work: its fault first, else how the core ended. If entries wait for a checkpoint, a
 * process is left behind that asks for one within a second (late.h). */
HM_MUST_USE hm_err hm_close_office(const hm_options *options, hm_connection *connection, hm_err err);
/* Of a list's answers: is this one more, or the end? */
HM_MUST_USE hm_err hm_listen_until_done(const hm_message *answer, hm_message_type wanted, bool *more);

/* --trust FILE, or the office's own trust.pem. */
HM_MUST_USE hm_err hm_read_trust(const hm_options *options, hm_buf *pem);
/* The log key that a trust file names; *FOUND false if it names none. */
HM_MUST_USE hm_err hm_log_key_of_trust(hm_bytes pem, hm_note_key *key, bool *found);
/* Write TEXT to -o, or to standard output. */
HM_MUST_USE hm_err hm_put_result(const hm_options *options, hm_bytes text);

#endif
