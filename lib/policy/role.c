#include <policy/role.h>

#include <base/closest.h>

static const char *const names[HM_ROLES + 1] = {NULL,          "requester", "approver",     "publisher",
                                                "key-officer", "auditor",   "administrator"};

const char *hm_role_name(hm_role role) { return (unsigned)role <= HM_ROLES ? names[role] : NULL; }

hm_err hm_role_by_name(hm_bytes name, hm_role *role) {
    hm_closest closest = hm_closest_begin(name);
    char hint[HM_HINT_MAX];
    for (int i = 1; i <= HM_ROLES; i++) {
        *role = (hm_role)i;
        if (hm_bytes_equal(name, hm_text(names[i]))) return HM_OK;
        hm_closest_try(&closest, names[i]);
    }
    return hm_misuse("there is no role %.*s%s: requester, approver, publisher, key-officer, auditor, administrator",
                     (int)name.len, (const char *)name.data, hm_closest_hint(&closest, hint));
}

bool hm_role_signs(hm_role role) {
    return role == HM_ROLE_REQUESTER || role == HM_ROLE_APPROVER || role == HM_ROLE_PUBLISHER;
}
