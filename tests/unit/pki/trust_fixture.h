/* What the tests of trust lists share: keys, publishers, and a list to begin with. */
#ifndef HM_TEST_TRUST_FIXTURE_H
#define HM_TEST_TRUST_FIXTURE_H

#include "pki_fixture.h"

#include <pki/cose.h>
#include <pki/trust_edit.h>

#define WORKS(expression) HM_MUST(expression)
#define FAILS(fault_class, words, expression) assert_fault(expression, fault_class, words)

/* Ed25519 keys that nobody has the other half of: a kid is all that the model asks of them. */
hm_list_key key_numbered(unsigned number);
/* P-256, of the office "log's office....". */
hm_list_log a_log(void);
/* KEYS keys from FIRST_KEY on, one of which signs firmware for production; the UUID is NAME's first letter, sixteen
 * times. free() it. */
hm_publisher_file *publisher_file(const char *name, unsigned first_key, size_t keys);
/* Version 5: 2 of the 3 roots 1, 2, 3; Maker with the keys 10 and 11, Hospital with the key 20. */
hm_trust_list *usual_list(void);

/* In hexadecimal digits, as operations on a list name keys. */
typedef struct {
    char text[2 * HM_LIST_KID_LEN + 1];
} kid_text;
kid_text kid_of(const hm_list_key *key);

/* Revoke KEY, of which the RELEASE with this digest stays good. */
hm_list_revoked *revoke_but_keep(hm_trust_list *list, const hm_list_key *key, const uint8_t release[static 32]);

#endif
