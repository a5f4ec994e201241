/* Until when certificates and revocation lists count, for the metrics. */
#ifndef HM_HALLMARKD_EXPIRIES_H
#define HM_HALLMARKD_EXPIRIES_H

#include <core/wire.h>

struct evbuffer;
typedef struct hm_expiries hm_expiries;

/* One more, an HM_MSG_EXPIRY. *E is NULL before the first. */
void hm_expiries_take(hm_expiries **e, const hm_message *message);
/* That was the last one: what was told before is forgotten. */
void hm_expiries_done(hm_expiries *e);
/* In the text format of Prometheus; nothing of what is being told still. E may be NULL, here and above. */
void hm_expiries_put(const hm_expiries *e, struct evbuffer *out);
void hm_expiries_free(hm_expiries **e);

#endif
