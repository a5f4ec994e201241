/* Who may fill, and who fills, the places that `approve` or `publish` lines ask for: one person one place, found as a
 * matching of people to lines, so that it never depends on the order in which people came. */
#ifndef HM_POLICY_PEOPLE_H
#define HM_POLICY_PEOPLE_H

#include <policy/policy.h>

enum { HM_POLICY_PEOPLE = HM_POLICY_APPROVALS * HM_POLICY_LIST_MAX, HM_POLICY_NOWHERE = -1 };

typedef struct {
    hm_bytes name;
    uint8_t lines; /* bit n: member of line n's group */
    bool approved;
    int place; /* the line where the person counts, or HM_POLICY_NOWHERE */
} hm_policy_person;

typedef struct {
    size_t lines, count;
    unsigned need[HM_POLICY_APPROVALS], have[HM_POLICY_APPROVALS];
    hm_policy_person person[HM_POLICY_PEOPLE];
} hm_policy_people;

/* The members of all groups that LINE names, each once, but for EXCEPT. Nobody has approved. */
void hm_policy_people_gather(const hm_policy *policy, const hm_policy_approval *line, size_t lines, hm_bytes except,
                             hm_policy_people *people);
/* False: NAME is none of them. */
bool hm_policy_people_approve(hm_policy_people *people, hm_bytes name);
/* Seat as many as can be seated, of those who approved or of all. Nobody who has a place loses it, though it may move
 * to another line. How many places stay empty. */
unsigned hm_policy_people_seat(hm_policy_people *people, bool approved_only);
/* The lines of which any member, newly approving, would fill a place of LINE, itself among them: by taking the place of
 * somebody who can move. Bit n: line n. */
uint8_t hm_policy_people_helpful(const hm_policy_people *people, size_t line);

#endif
