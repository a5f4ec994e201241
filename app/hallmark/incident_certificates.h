/* What an incident's key was certified by, and that it is revoked. */
#ifndef HM_APP_INCIDENT_CERTIFICATES_H
#define HM_APP_INCIDENT_CERTIFICATES_H

#include "incident.h"

#include <client/office.h>

/* What was SAID first counts, also when the command is given again with another time; a note tells so. */
void hm_incident_keep_since(hm_incident *incident, int64_t said);
/* All that the office has issued for the key, or was brought in, with those that were noted, and what it says of them.
 */
HM_MUST_USE hm_err hm_incident_list_certificates(hm_incident *incident, hm_connection *office);
/* Nothing more can be stated of a key that is destroyed, so its certificates are revoked one by one. */
HM_MUST_USE hm_err hm_incident_revoke_destroyed(hm_incident *incident, hm_connection *office);
/* What another's authority has issued for the key is not revoked until that authority does it. */
void hm_incident_print_to_ask(const hm_incident *incident);
/* The new list in FOLDER. An authority that is stopped, too, signs none, which is told: *MADE is false then, and what
 * was signed is to be known all the same. */
HM_MUST_USE hm_err hm_incident_try_crl(hm_incident *incident, hm_connection *office, int folder, bool *made);

#endif
