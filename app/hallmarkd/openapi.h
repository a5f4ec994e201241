/* docs/openapi.json, made of the tables that the server works by (client/routes.h, core/wire.h). */
#ifndef HM_HALLMARKD_OPENAPI_H
#define HM_HALLMARKD_OPENAPI_H

#include <jansson.h>

/* An OpenAPI 3.1 document; NULL without memory. */
json_t *hm_openapi(void);

#endif
