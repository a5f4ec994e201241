/* What a statement says, in a line for people. */
#include "stated_time.h"

#include <policy/statement.h>

static hm_err describe_charter(const hm_statement *s, hm_buf *line) {
    if (!s->founders) return hm_put_text(line, "charter: no founders");
    HM_TRY(hm_put_text(line, "charter: founders "));
    for (size_t i = 0; i < s->founders; i++) {
        HM_TRY(hm_put_text(line, i ? ", " : ""));
        HM_TRY(hm_put(line, s->founder[i].name));
    }
    return hm_put_format(line, "; quorum %llu", (unsigned long long)s->quorum);
}

static hm_err describe_workload(const hm_statement *s, hm_buf *line) {
    HM_TRY(hm_put_text(line, "job of "));
    HM_TRY(hm_put(line, s->issuer));
    for (size_t i = 0; i < s->claims; i++) {
        HM_TRY(hm_put_text(line, i ? ", " : " with "));
        HM_TRY(hm_put_claim(line, &s->claim[i]));
    }
    return HM_OK;
}

static hm_err describe_principal(const hm_statement *s, hm_buf *line) {
    HM_TRY(hm_put(line, s->name));
    if (!s->keys && !s->has_unix && !s->issuer.len) return hm_put_text(line, ": revoked");
    HM_TRY(hm_put_text(line, ": "));
    if (s->has_unix) HM_TRY(hm_put_format(line, "user %u%s", s->unix_user, s->keys || s->issuer.len ? ", " : ""));
    if (s->keys)
        HM_TRY(hm_put_format(line, "%zu %s%s", s->keys, s->keys == 1 ? "key" : "keys", s->issuer.len ? ", " : ""));
    return s->issuer.len ? describe_workload(s, line) : HM_OK;
}

static hm_err describe_grant(const hm_statement *s, hm_buf *line) {
    HM_TRY(hm_put(line, s->name));
    HM_TRY(hm_put_format(line, ": %s%s of ", s->until ? "" : "no longer ", hm_role_name(s->role)));
    HM_TRY(s->product.len ? hm_put(line, s->product) : hm_put_text(line, "everything"));
    if (!s->until) return HM_OK;
    HM_TRY(hm_put_text(line, " until "));
    return hm_put_stated_time(s->until, line);
}

static hm_err describe_temporary(const hm_statement *s, hm_buf *line) {
    HM_TRY(hm_put_text(line, "BREAK-GLASS of "));
    HM_TRY(hm_put(line, s->product));
    if (!s->until) return hm_put_text(line, " ended");
    HM_TRY(hm_put_text(line, " until "));
    HM_TRY(hm_put_stated_time(s->until, line));
    HM_TRY(hm_put_format(line, ": policy of %zu bytes, because: ", s->policy.len));
    return hm_put(line, s->reason);
}

static hm_err describe_policy(const hm_statement *s, hm_buf *line) {
    if (s->temporary) return describe_temporary(s, line);
    HM_TRY(hm_put(line, s->product));
    return s->policy.len ? hm_put_format(line, ": policy of %zu bytes", s->policy.len)
                         : hm_put_text(line, ": policy withdrawn");
}

/* So it is said where the time is asked for. */
enum { ALWAYS = 1 };

/* A key is called by its id, as key list calls it. */
static hm_err describe_key(const hm_statement *s, hm_buf *line) {
    HM_TRY(hm_put_text(line, "key "));
    HM_TRY(hm_put_hex(line, HM_ARRAY(s->token_id)));
    HM_TRY(hm_put_text(line, s->product.len ? " of " : ""));
    HM_TRY(hm_put(line, s->product));
    HM_TRY(hm_put_format(line, ": %s", hm_key_state_name(s->state)));
    if (s->since) HM_TRY(hm_put_text(line, " since "));
    if (s->since == ALWAYS)
        HM_TRY(hm_put_text(line, "always"));
    else if (s->since)
        HM_TRY(hm_put_stated_time(s->since, line));
    HM_TRY(hm_put_text(line, s->reason.len ? ", because: " : ""));
    return hm_put(line, s->reason);
}

hm_err hm_statement_describe(const hm_statement *statement, hm_buf *line) {
    switch (statement->act) {
    case HM_ACT_CHARTER:
        return describe_charter(statement, line);
    case HM_ACT_PRINCIPAL:
        return describe_principal(statement, line);
    case HM_ACT_GRANT:
        return describe_grant(statement, line);
    case HM_ACT_POLICY:
        return describe_policy(statement, line);
    case HM_ACT_KEY:
        return describe_key(statement, line);
    default:
        return hm_refuse("a statement: there is no act %d", (int)statement->act);
    }
}
