/* A token from its bytes to a workload: the issuer's keys, the judgement, the memory of used tokens. */
#include <identity/keys.h>
#include <identity/replay.h>
#include <identity/serve.h>

#include <base/file.h>
#include <base/readable.h>

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

struct hm_identity {
    hm_buf configuration; /* which ISSUERS views */
    hm_issuers issuers;
    hm_identity_outside outside;
    hm_keys *keys;
    hm_replay *replay;
};

static hm_err fetch(void *context, const hm_issuer *issuer, hm_buf *body) {
    const hm_identity *identity = context;
    HM_BUF name = HM_BUF_EMPTY;
    const char *string;
    HM_TRY(hm_put(&name, issuer->keys));
    HM_TRY(hm_buf_string(&name, &string));
    if (issuer->keys_in_file) return hm_file_read(AT_FDCWD, string, HM_JWKS_MAX, body);
    if (!identity->outside.fetch) return hm_could_not("%s: nothing is fetched by https here", string);
    return identity->outside.fetch(identity->outside.context, string, body);
}

static void system_clock(void *context, int64_t *wall, int64_t *uptime) {
    struct timespec now = {.tv_sec = 0};
    (void)context;
    *wall = (int64_t)time(NULL);
    *uptime = clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? (int64_t)now.tv_sec : *wall;
}

static hm_err fill(hm_bytes configuration, hm_identity *identity) {
    HM_TRY(hm_put(&identity->configuration, configuration));
    HM_TRY(hm_issuers_read(hm_buf_bytes(&identity->configuration), &identity->issuers));
    HM_TRY(hm_replay_new(&identity->replay));
    return hm_keys_new(&identity->issuers, fetch, identity, &identity->keys);
}

hm_err hm_identity_new(hm_bytes configuration, const hm_identity_outside *outside, hm_identity **identity) {
    *identity = calloc(1, sizeof **identity);
    if (!*identity) return hm_no_memory();
    (*identity)->outside = *outside;
    if (!outside->clock) (*identity)->outside.clock = system_clock;
    hm_err err = fill(configuration, *identity);
    if (hm_failed(err)) hm_identity_free(identity);
    return hm_in(err, "issuers");
}

void hm_identity_free(hm_identity **identity) {
    if (!*identity) return;
    hm_keys_free(&(*identity)->keys);
    hm_replay_free(&(*identity)->replay);
    hm_buf_clear(&(*identity)->configuration);
    free(*identity);
    *identity = NULL;
}

static hm_err unknown_issuer(hm_bytes url) {
    HM_BUF shown = HM_BUF_EMPTY;
    HM_TRY(hm_put_readable(&shown, HM_BYTES(url.data, url.len < HM_ISSUER_MAX ? url.len : HM_ISSUER_MAX)));
    return hm_refuse("the token: its issuer \"%.*s\" is not one of this office's", (int)shown.len,
                     (const char *)shown.data);
}

static hm_err verify(hm_identity *identity, hm_jwt *jwt, hm_workload *workload) {
    hm_bytes url = hm_jwt_issuer(jwt);
    const hm_jwks *jwks;
    int64_t now, uptime;
    size_t index;
    const hm_issuer *issuer = hm_issuers_find(&identity->issuers, url, &index);
    if (!issuer) return unknown_issuer(url);
    identity->outside.clock(identity->outside.context, &now, &uptime);
    HM_TRY(hm_keys_for(identity->keys, index, hm_jwt_jws(jwt), uptime, &jwks));
    HM_TRY(hm_jwt_verify(jwt, jwks));
    /* Fetching may have taken its time. */
    identity->outside.clock(identity->outside.context, &now, &uptime);
    HM_TRY(hm_jwt_judge(jwt, issuer, now, workload));
    /* Last: a token that is refused for something else is not used up. */
    return issuer->once ? hm_replay_use(identity->replay, workload->id, workload->expiry + HM_TOKEN_SKEW, now) : HM_OK;
}

hm_err hm_identity_of(hm_identity *identity, hm_bytes token, hm_jwt **jwt, hm_workload *workload) {
    *workload = (hm_workload){.claims = 0};
    HM_TRY(hm_jwt_read(token, jwt));
    hm_err err = verify(identity, *jwt, workload);
    if (!hm_failed(err)) return HM_OK;
    *workload = (hm_workload){.claims = 0};
    hm_jwt_free(jwt);
    return err;
}
