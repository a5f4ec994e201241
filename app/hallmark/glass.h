/* Temporary policies that are in force: nobody who asks about policies, requests or signatures is to overlook one. */
#ifndef HM_APP_GLASS_H
#define HM_APP_GLASS_H

#include "options.h"

#include <base/json.h>
#include <client/office.h>
#include <policy/registry.h>

/* To standard error: a line for each that is in force now, for people. */
HM_MUST_USE hm_err hm_glass_warn(const hm_registry *registry);
/* The same of PRODUCT alone. */
HM_MUST_USE hm_err hm_glass_warn_of(const hm_registry *registry, const char *product);
/* A member "break_glass" of the object that is being written. */
void hm_glass_json(hm_json *json, const hm_glass *glass);

/* Ask the office, and tell of all: lines for people, or one JSON object {"break_glass":...} a line. Nothing in an
 * office without founders. */
HM_MUST_USE hm_err hm_glass_tell(const hm_options *options, hm_connection *office);

#endif
