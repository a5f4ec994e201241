/* What may be done to a trust list, one operation each. Every one refuses, or calls misuse, what would do nothing, what
 * names something that is not there, and what the format has no room for; then the list is as it was.
 *
 * A KID is 64 hexadecimal digits, or at least 8 that only one key begins with. A publisher is named by its UUID, or by
 * its name if no other has the same. */
#ifndef HM_PKI_TRUST_EDIT_H
#define HM_PKI_TRUST_EDIT_H

#include <pki/trust_list.h>

HM_MUST_USE hm_err hm_list_add_root(hm_trust_list *list, const hm_list_key *key);
HM_MUST_USE hm_err hm_list_remove_root(hm_trust_list *list, const char *kid);
HM_MUST_USE hm_err hm_list_set_threshold(hm_trust_list *list, uint64_t threshold);

/* A publisher that is there gets the classes and keys that it lacks; one that was retired is refused. */
HM_MUST_USE hm_err hm_list_add_publisher(hm_trust_list *list, const hm_publisher_file *file,
                                         hm_list_publisher **publisher);
HM_MUST_USE hm_err hm_list_find_publisher(hm_trust_list *list, const char *name, hm_list_publisher **publisher);
HM_MUST_USE hm_err hm_list_retire(hm_list_publisher *publisher);
HM_MUST_USE hm_err hm_list_add_class(hm_list_publisher *publisher, const char *uuid);
HM_MUST_USE hm_err hm_list_remove_class(hm_list_publisher *publisher, const char *uuid);
HM_MUST_USE hm_err hm_list_add_key(const hm_trust_list *list, hm_list_publisher *publisher, const hm_list_key *key);
HM_MUST_USE hm_err hm_list_remove_key(hm_list_publisher *publisher, const char *kid);

/* The key stays in the list of its publisher, so that the releases that stay good can be verified. What was revoked
 * stays so. *REVOKED is what hm_list_keep is about. */
HM_MUST_USE hm_err hm_list_revoke(hm_trust_list *list, const char *kid, hm_list_revoked **revoked);
/* DIGEST is SHA-256 of the manifest of a release that REVOKED's key signed. */
HM_MUST_USE hm_err hm_list_keep(hm_trust_list *list, hm_list_revoked *revoked,
                                const uint8_t digest[static HM_LIST_DIGEST_LEN]);

/* "PUBLISHER/COMPONENT=N". A minimum only ever rises. */
HM_MUST_USE hm_err hm_list_set_minimum(hm_trust_list *list, const char *text);

HM_MUST_USE hm_err hm_list_add_log(hm_trust_list *list, const hm_list_log *log);
HM_MUST_USE hm_err hm_list_remove_log(hm_trust_list *list, const char *kid);

/* Is the list one that can work: thresholds that can be met, publishers with keys and classes? To be asked when all
 * operations are done. */
HM_MUST_USE hm_err hm_trust_list_check(const hm_trust_list *list);

/* UUID text (RFC 9562), any case. */
HM_MUST_USE hm_err hm_list_uuid_read(const char *text, uint8_t uuid[static HM_LIST_UUID_LEN]);

#endif
