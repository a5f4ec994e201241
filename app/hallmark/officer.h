/* What officers do: a statement, signed with their own keys (--key), given to the office's core. */
#ifndef HM_APP_OFFICER_H
#define HM_APP_OFFICER_H

#include "options.h"

#include <client/office.h>
#include <crypto/key_file.h>
#include <policy/registry.h>

/* Have STATEMENT, of which the act and what it says are given, signed by each --key and taken by the office. */
HM_MUST_USE hm_err hm_officer_state(const hm_options *options, hm_connection *office, hm_statement *statement);
/* A statement, which is the office's entry number INDEX, by what REGISTRY was before it. */
typedef hm_err (*hm_officer_visit)(void *context, const hm_registry *registry, uint64_t index, hm_bytes envelope);
/* The same as hm_officer_statements, with each statement visited. */
HM_MUST_USE hm_err hm_officer_each_statement(hm_connection *office, hm_registry **registry, hm_officer_visit visit,
                                             void *context);
/* The registry that the office's statements make, perhaps of none. The caller frees it. */
HM_MUST_USE hm_err hm_officer_statements(hm_connection *office, hm_registry **registry);
/* The registry that the office's statements make; a refusal in an office without founders. The caller frees it. */
HM_MUST_USE hm_err hm_officer_registry(hm_connection *office, hm_registry **registry);
/* A refusal if there is no such product. */
HM_MUST_USE hm_err hm_officer_product(hm_connection *office, const char *name);

/* Open the key of who signs here. Nobody traces this process from then on, and no core dump holds the key. */
HM_MUST_USE hm_err hm_officer_key(const char *path, hm_key_file **key);

/* "2027-01-31": its first second, UTC. */
HM_MUST_USE hm_err hm_officer_date(const char *text, int64_t *seconds);
/* "2027-01-31T18:00Z", "2027-01-31T18:00:30Z", or "90s", "45m", "8h", "3d" behind NOW. */
HM_MUST_USE hm_err hm_officer_time(const char *text, int64_t now, int64_t *seconds);
/* A day, its first second; a time; or so long ago. */
HM_MUST_USE hm_err hm_officer_past(const char *text, int64_t *seconds);
/* --since: a time that has been; "8h" is eight hours ago, "always" HM_SINCE_ALWAYS. */
enum { HM_SINCE_ALWAYS = 1 };
HM_MUST_USE hm_err hm_take_since(const char *text, int64_t *since);
/* A date the other way. */
void hm_officer_put_date(int64_t seconds, char text[static 16]);

#endif
