/* Roles: what a principal may do for a product, or for all of an office. */
#ifndef HM_POLICY_ROLE_H
#define HM_POLICY_ROLE_H

#include <base/bytes.h>

/* Principals, and the groups of a policy, are named. */
enum { HM_PRINCIPAL_NAME_MAX = 64 };

/* Stored in statements: never reuse a number. */
typedef enum {
    HM_ROLE_REQUESTER = 1,    /* asks for signatures */
    HM_ROLE_APPROVER = 2,     /* approves what somebody else asked for */
    HM_ROLE_PUBLISHER = 3,    /* lets a release out */
    HM_ROLE_KEY_OFFICER = 4,  /* keys, certificates, trust lists */
    HM_ROLE_AUDITOR = 5,      /* reads */
    HM_ROLE_ADMINISTRATOR = 6 /* principals, grants, policies; signs nothing */
} hm_role;
enum { HM_ROLES = 6 };

/* "key-officer" ...; NULL for what is none. */
const char *hm_role_name(hm_role role);
/* A refusal that says which there are, and which was probably meant. */
HM_MUST_USE hm_err hm_role_by_name(hm_bytes name, hm_role *role);
/* Roles of which one person holds one kind only, for the same product: who administers signs nothing (P3). */
bool hm_role_signs(hm_role role); /* requester, approver, publisher */

#endif
