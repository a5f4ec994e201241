/* What differs between two trust lists, in words. */
#ifndef HM_PKI_TRUST_COMPARE_H
#define HM_PKI_TRUST_COMPARE_H

#include <pki/trust_list.h>

typedef hm_err (*hm_list_difference)(void *context, const char *sentence);
/* Call REPORT for each difference but the version, in the order of the list: roots, publishers, revoked keys, minimums,
 * logs, notes. Lists whose bytes differ are never said to be the same: if only their order is another, say, REPORT is
 * told that something differs. */
HM_MUST_USE hm_err hm_trust_list_compare(const hm_trust_list *old, const hm_trust_list *fresh,
                                         hm_list_difference report, void *context);

#endif
