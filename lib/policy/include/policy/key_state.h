/* The states of a key, and from which one into which it may pass: NIST SP 800-57 Part 1 Rev. 5, section 7, figure 3. */
#ifndef HM_POLICY_KEY_STATE_H
#define HM_POLICY_KEY_STATE_H

#include <base/bytes.h>

/* Stored in statements: never reuse a number. */
typedef enum {
    HM_KEY_PRE_ACTIVATION = 1, /* made, and not to be used yet */
    HM_KEY_ACTIVE = 2,         /* signs; the state of a key of which nothing was stated */
    HM_KEY_SUSPENDED = 3,      /* signs nothing for now */
    HM_KEY_DEACTIVATED = 4,    /* signs nothing any more; what it signed stays good */
    HM_KEY_COMPROMISED = 5,    /* somebody else may have it */
    HM_KEY_DESTROYED = 6       /* is not in the token any more */
} hm_key_state;
enum { HM_KEY_STATES = 6 };

/* "pre-activation", "active" ...; NULL for what is none. */
const char *hm_key_state_name(unsigned state);
/* A refusal that says which there are, and which was probably meant. */
HM_MUST_USE hm_err hm_key_state_by_name(hm_bytes name, hm_key_state *state);
/* The fourteen transitions of the figure between states (a key enters pre-activation, or here active, by being made).
 */
bool hm_key_state_may_become(hm_key_state from, hm_key_state to);
/* To give a key back its use takes the quorum; to stop it takes one officer; what cannot be undone takes two at least:
 * compromised and destroyed. */
uint64_t hm_key_state_officers(hm_key_state to, uint64_t quorum);

#endif
