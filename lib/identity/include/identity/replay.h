/* Which tokens were used already. Nothing is forgotten before it is over, so there is a bound on how many tokens are
 * taken: when the memory is full, further ones are refused. It lives as long as its process. */
#ifndef HM_IDENTITY_REPLAY_H
#define HM_IDENTITY_REPLAY_H

#include <crypto/digest.h>

enum { HM_REPLAY_MAX = 65536 };

typedef struct hm_replay hm_replay;

/* About 4 MiB. */
HM_MUST_USE hm_err hm_replay_new(hm_replay **replay);
void hm_replay_free(hm_replay **replay);
#define HM_REPLAY __attribute__((cleanup(hm_replay_free))) hm_replay

/* Use the token ID at NOW, which is remembered until UNTIL has passed (Unix seconds: its expiry, and what clocks may
 * differ). A refusal if it was used before; HM_COULD_NOT if the memory is full. */
HM_MUST_USE hm_err hm_replay_use(hm_replay *replay, const uint8_t id[static HM_SHA256_LEN], int64_t until, int64_t now);

#endif
