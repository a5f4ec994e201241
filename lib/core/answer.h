/* The answers, apart by what they are about. Each answers QUESTION of its type, or raises why not. */
#ifndef HM_CORE_ANSWER_H
#define HM_CORE_ANSWER_H

#include "peer.h"

HM_MUST_USE hm_err hm_peer_send_done(hm_peer *peer);
HM_MUST_USE hm_err hm_peer_send_bytes(hm_peer *peer, hm_bytes content);

/* answer_keys.c */
HM_MUST_USE hm_err hm_answer_product_list(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_product_add(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_key_list(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_key_generate(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_key_import(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_cert_request(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_cert_import(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_log_list(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_log_publish(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_log_prove(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_log_receipt(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_log_audit(hm_peer *peer, const hm_message *question);
/* answer_search.c: what comes of it is said by hm_peer_search_on. */
HM_MUST_USE hm_err hm_answer_log_search(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_log_include(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_trust(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_public_key(hm_peer *peer, hm_key_role role);
HM_MUST_USE hm_err hm_answer_narrow_list(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_trust_sign(hm_peer *peer, const hm_message *question);

/* answer_certificates.c */
HM_MUST_USE hm_err hm_answer_cert_list(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_cert_revoke(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_cert_renew(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_crl(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_expiries(hm_peer *peer, const hm_message *question);

/* answer_people.c */
HM_MUST_USE hm_err hm_answer_statement_next(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_alarms(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_statement_add(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_statement_list(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_request_begin(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_request_close(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_request_list(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_request_decide(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_publish_begin(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_publish_file(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_publish_close(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_publish_put(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_publish_commit(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_publish_withdraw(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_publish_list(hm_peer *peer, const hm_message *question);

/* answer_tsa.c */
HM_MUST_USE hm_err hm_answer_timestamp(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_tsa_set(hm_peer *peer, const hm_message *question);
HM_MUST_USE hm_err hm_answer_tsa_show(hm_peer *peer, const hm_message *question);

#endif
