/* docs/openapi.json, made of the tables that the server works by (client/routes.h, core/wire.h). */
#ifndef HM_HALLMARKD_OPENAPI_H
#define HM_HALLMARKD_OPENAPI_H

#include <core/wire.h>

#include <jansson.h>

/* An OpenAPI 3.1 document; NULL without memory. */
json_t *hm_openapi(void);
/* openapi_members.c: say what PROPERTIES, members of messages of TYPE, hold, where their schemas do not. */
void hm_openapi_describe(hm_message_type type, json_t *properties);

#endif
