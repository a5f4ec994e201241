#include <identity/keys.h>

#include <stdlib.h>

typedef struct {
    hm_jwks set;
    bool has_set, tried;
    int64_t fetched;   /* when SET came */
    int64_t last;      /* when a fetch was last tried */
    uint32_t failures; /* of the last fetches, in a row */
} known;

struct hm_keys {
    const hm_issuers *issuers;
    hm_keys_fetch fetch;
    void *context;
    known of[HM_ISSUERS_MAX];
};

hm_err hm_keys_new(const hm_issuers *issuers, hm_keys_fetch fetch, void *context, hm_keys **keys) {
    *keys = calloc(1, sizeof **keys);
    if (!*keys) return hm_no_memory();
    (*keys)->issuers = issuers;
    (*keys)->fetch = fetch;
    (*keys)->context = context;
    return HM_OK;
}

void hm_keys_free(hm_keys **keys) {
    if (!*keys) return;
    for (size_t i = 0; i < HM_ISSUERS_MAX; i++) hm_jwks_clear(&(*keys)->of[i].set);
    free(*keys);
    *keys = NULL;
}

/* How long nothing is fetched after so many failures in a row. */
static int64_t wait_after(uint32_t failures) {
    int64_t wait = failures ? HM_KEYS_WAIT_FIRST : 0;
    for (uint32_t i = 1; i < failures && wait < HM_KEYS_WAIT_MOST; i++) wait *= 2;
    return wait < HM_KEYS_WAIT_MOST ? wait : HM_KEYS_WAIT_MOST;
}

static bool waited(const known *k, int64_t now, int64_t least) {
    int64_t wait = wait_after(k->failures);
    return !k->tried || now - k->last >= (wait > least ? wait : least);
}

/* The old set stays unless the new one is a set with a key. */
static hm_err fetch(hm_keys *keys, size_t index, int64_t now) {
    known *k = &keys->of[index];
    HM_BUF body = HM_BUF_EMPTY;
    hm_jwks fresh = {.count = 0};
    k->tried = true;
    k->last = now;
    hm_err err = keys->fetch(keys->context, &keys->issuers->issuer[index], &body);
    if (!hm_failed(err)) err = hm_jwks_read(hm_buf_bytes(&body), &fresh);
    if (hm_failed(err)) {
        if (k->failures < UINT32_MAX) k->failures++;
        return err;
    }
    hm_jwks_clear(&k->set);
    k->set = fresh;
    k->has_set = true;
    k->fetched = now;
    k->failures = 0;
    return HM_OK;
}

/* A clock that has run back all the same makes keys stale, not young. */
static bool is_younger(const known *k, int64_t now, int64_t age) {
    return k->has_set && now >= k->fetched && now - k->fetched < age;
}

static hm_err unavailable(const hm_keys *keys, size_t index, hm_err why) {
    const hm_bytes url = keys->issuers->issuer[index].url;
    hm_fault fault = hm_fault_keep(why);
    return hm_could_not("the keys of %.*s %s%s%s", (int)url.len, (const char *)url.data,
                        keys->of[index].has_set ? "are stale" : "are not known",
                        fault.class == HM_DONE ? ", and were asked for just now" : ": ",
                        fault.class == HM_DONE ? "" : fault.sentence);
}

/* Keys that may be used, fetched anew if it is time. */
static hm_err refresh(hm_keys *keys, size_t index, int64_t now) {
    known *k = &keys->of[index];
    if (is_younger(k, now, HM_KEYS_FRESH)) return HM_OK;
    hm_err err = waited(k, now, 0) ? fetch(keys, index, now) : HM_OK;
    return is_younger(k, now, HM_KEYS_STALE) ? HM_OK : unavailable(keys, index, err);
}

static hm_err find(const known *k, const hm_jws *jws) {
    hm_bytes kid = hm_buf_bytes(&jws->kid), spki;
    return hm_jwks_find(&k->set, jws->algorithm, jws->has_kid ? &kid : NULL, &spki);
}

hm_err hm_keys_for(hm_keys *keys, size_t index, const hm_jws *jws, int64_t now, const hm_jwks **jwks) {
    *jwks = NULL;
    if (index >= keys->issuers->count) return hm_refuse("there is no issuer %zu", index);
    known *k = &keys->of[index];
    HM_TRY(refresh(keys, index, now));
    hm_err err = find(k, jws);
    /* The issuer may have a new key by now. A fetch that fails leaves the answer as it is. */
    if (hm_failed(err) && waited(k, now, HM_KEYS_UNKNOWN_EVERY)) {
        hm_fault fault = hm_fault_keep(err);
        err = hm_failed(fetch(keys, index, now)) ? hm_fault_raise(&fault) : find(k, jws);
    }
    if (!hm_failed(err)) *jwks = &k->set;
    return hm_in(err, "the token");
}
