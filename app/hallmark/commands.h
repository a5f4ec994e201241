/* What each subcommand does, one function each. */
#ifndef HM_APP_COMMANDS_H
#define HM_APP_COMMANDS_H

#include "options.h"

#include <base/bytes.h>

HM_MUST_USE hm_err hm_command_init(const hm_options *options);
HM_MUST_USE hm_err hm_command_product_add(const hm_options *options);
HM_MUST_USE hm_err hm_command_product_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_product_show(const hm_options *options);
HM_MUST_USE hm_err hm_command_principal_keygen(const hm_options *options);
HM_MUST_USE hm_err hm_command_principal_add(const hm_options *options);
HM_MUST_USE hm_err hm_command_principal_revoke(const hm_options *options);
HM_MUST_USE hm_err hm_command_principal_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_grant_add(const hm_options *options);
HM_MUST_USE hm_err hm_command_grant_withdraw(const hm_options *options);
HM_MUST_USE hm_err hm_command_grant_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_policy_edit(const hm_options *options);
HM_MUST_USE hm_err hm_command_policy_diff(const hm_options *options);
HM_MUST_USE hm_err hm_command_policy_break_glass(const hm_options *options);
HM_MUST_USE hm_err hm_command_policy_show(const hm_options *options);
HM_MUST_USE hm_err hm_command_policy_test(const hm_options *options);
HM_MUST_USE hm_err hm_command_request(const hm_options *options);
HM_MUST_USE hm_err hm_command_approve(const hm_options *options);
HM_MUST_USE hm_err hm_command_reject(const hm_options *options);
HM_MUST_USE hm_err hm_command_cancel(const hm_options *options);
HM_MUST_USE hm_err hm_command_publish(const hm_options *options);
HM_MUST_USE hm_err hm_command_status(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_generate(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_rotate(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_import(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_suspend(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_activate(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_deactivate(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_compromise(const hm_options *options);
HM_MUST_USE hm_err hm_command_key_destroy(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_list(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_revoke(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_crl(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_renew(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_export(const hm_options *options);
HM_MUST_USE hm_err hm_command_compromise(const hm_options *options);
HM_MUST_USE hm_err hm_command_resign(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_request(const hm_options *options);
HM_MUST_USE hm_err hm_command_cert_import(const hm_options *options);
HM_MUST_USE hm_err hm_command_sign(const hm_options *options);
HM_MUST_USE hm_err hm_command_verify(const hm_options *options);
HM_MUST_USE hm_err hm_command_inspect(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_show(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_search(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_check(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_monitor(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_prove(const hm_options *options);
HM_MUST_USE hm_err hm_command_pack(const hm_options *options);
HM_MUST_USE hm_err hm_command_unpack(const hm_options *options);
HM_MUST_USE hm_err hm_command_log_key(const hm_options *options);
HM_MUST_USE hm_err hm_command_trust_export(const hm_options *options);
HM_MUST_USE hm_err hm_command_trust_key(const hm_options *options);
HM_MUST_USE hm_err hm_command_trust_publisher(const hm_options *options);
HM_MUST_USE hm_err hm_command_trust_update(const hm_options *options);
HM_MUST_USE hm_err hm_command_trust_show(const hm_options *options);
HM_MUST_USE hm_err hm_command_trust_bundle(const hm_options *options);
HM_MUST_USE hm_err hm_command_tsa_enable(const hm_options *options);
HM_MUST_USE hm_err hm_command_tsa_disable(const hm_options *options);
HM_MUST_USE hm_err hm_command_tsa_show(const hm_options *options);
HM_MUST_USE hm_err hm_command_tsa_reply(const hm_options *options);
HM_MUST_USE hm_err hm_command_office_backup(const hm_options *options);
HM_MUST_USE hm_err hm_command_office_restore(const hm_options *options);
HM_MUST_USE hm_err hm_command_office_check(const hm_options *options);
HM_MUST_USE hm_err hm_command_serve(const hm_options *options);

/* The session's files, signed; or, for a request, noted by the core or compared. PAGE of hm_connect_with_pending, NULL
 * when nothing is written. */
struct hm_connection;
/* The session's signatures are noted for a request, or compared with the REQUEST of this hash; narrow comes next. */
HM_MUST_USE hm_err hm_begin_request(struct hm_connection *office, hm_bytes request);
/* Request the operands' signatures, and come back when they may be signed. */
HM_MUST_USE hm_err hm_wait_for_approvals(const hm_options *options);
HM_MUST_USE hm_err hm_sign_files(const hm_options *options, struct hm_connection *office, char *page, bool noted);
/* log check FILE..., log prove FILE... */
HM_MUST_USE hm_err hm_check_files_against_log(const hm_options *options, bool write_proofs);

#endif
