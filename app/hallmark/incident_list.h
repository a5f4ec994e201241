/* What the log holds of an incident, in files that others can check against the published log. */
#ifndef HM_APP_INCIDENT_LIST_H
#define HM_APP_INCIDENT_LIST_H

#include "incident.h"

#include <client/office.h>

/* Read the log of OFFICE, and write into FOLDER what it holds of INCIDENT (signatures.jsonl, acts.jsonl), the details
 * that show it (disclosed.jsonl), and a checkpoint over that. */
HM_MUST_USE hm_err hm_incident_write_list(hm_incident *incident, hm_connection *office, int folder);

#endif
