#include <identity/replay.h>

#include <stdlib.h>
#include <string.h>

/* A table of chains. An id is a digest, so its first bytes choose the chain well enough; who could make many ids with
 * the same ones would have to be the issuer. Places are numbered from 1; 0 ends a chain. */
enum { CHAINS = HM_REPLAY_MAX };

typedef struct {
    uint8_t id[HM_SHA256_LEN];
    int64_t until;
    uint32_t next;
} used;

struct hm_replay {
    uint32_t chain[CHAINS];
    used place[HM_REPLAY_MAX];
    uint32_t count;   /* the places that hold an id are the first ones */
    int64_t earliest; /* nothing is over before */
};

hm_err hm_replay_new(hm_replay **replay) {
    *replay = calloc(1, sizeof **replay);
    return *replay ? HM_OK : hm_no_memory();
}

void hm_replay_free(hm_replay **replay) {
    free(*replay);
    *replay = NULL;
}

static uint32_t *chain_of(hm_replay *r, const uint8_t id[static HM_SHA256_LEN]) {
    return &r->chain[(size_t)id[0] << 8 | id[1]];
}

static void link_place(hm_replay *r, uint32_t number) {
    used *u = &r->place[number - 1];
    uint32_t *chain = chain_of(r, u->id);
    u->next = *chain;
    *chain = number;
}

/* Forget what is over, and link the rest anew. */
static void sweep(hm_replay *r, int64_t now) {
    uint32_t kept = 0;
    memset(r->chain, 0, sizeof r->chain);
    r->earliest = INT64_MAX;
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->place[i].until < now) continue;
        r->place[kept++] = r->place[i];
        if (r->place[kept - 1].until < r->earliest) r->earliest = r->place[kept - 1].until;
        link_place(r, kept);
    }
    r->count = kept;
}

static bool was_used(hm_replay *r, const uint8_t id[static HM_SHA256_LEN]) {
    for (uint32_t at = *chain_of(r, id); at; at = r->place[at - 1].next)
        if (memcmp(r->place[at - 1].id, id, HM_SHA256_LEN) == 0) return true;
    return false;
}

hm_err hm_replay_use(hm_replay *replay, const uint8_t id[static HM_SHA256_LEN], int64_t until, int64_t now) {
    if (was_used(replay, id)) return hm_refuse("the token was used before (a token opens one session: get a new one)");
    if (until < now) return hm_refuse("the token is over");
    if (replay->count == HM_REPLAY_MAX && replay->earliest < now) sweep(replay, now);
    if (replay->count == HM_REPLAY_MAX)
        return hm_could_not("%d tokens were used that are still valid, and no more are taken (try later)",
                            HM_REPLAY_MAX);
    if (!replay->count || until < replay->earliest) replay->earliest = until;
    used *u = &replay->place[replay->count++];
    memcpy(u->id, id, HM_SHA256_LEN);
    u->until = until;
    link_place(replay, replay->count);
    return HM_OK;
}
