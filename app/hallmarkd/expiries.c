/* Until when certificates and revocation lists count, for the metrics: what the core has told last. */
#include "expiries.h"

#include <core/wire.h>
#include <crypto/algorithm.h>

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8192 };

typedef struct {
    uint64_t kind;
    char product[65], role[17];
    uint64_t algorithm, expires;
} expiry;

struct hm_expiries {
    size_t known, coming; /* EXPIRY[0..KNOWN) were told whole; behind them those that are being told */
    size_t room;
    expiry *expiry;
};

static void copy(char *to, size_t size, hm_bytes from) {
    snprintf(to, size, "%.*s", (int)from.len, (const char *)from.data);
}

static bool make_room(hm_expiries *e) {
    size_t used = e->known + e->coming, room = 2 * e->room + 16;
    if (used < e->room) return true;
    expiry *larger = e->coming < MOST ? reallocarray(e->expiry, room, sizeof *larger) : NULL;
    if (!larger) return false;
    e->expiry = larger;
    e->room = room;
    return true;
}

static bool same(const expiry *a, const expiry *b) {
    return a->kind == b->kind && a->algorithm == b->algorithm && strcmp(a->product, b->product) == 0 &&
           strcmp(a->role, b->role) == 0;
}

/* Of those that have the same labels the earliest; of keys that follow one another the last one signs. */
void hm_expiries_take(hm_expiries **expiries, const hm_message *message) {
    if (!*expiries) *expiries = calloc(1, sizeof **expiries);
    hm_expiries *e = *expiries;
    expiry told = {.kind = message->field[HM_EXPIRY_KIND].number,
                   .algorithm = message->field[HM_EXPIRY_ALGORITHM].number,
                   .expires = message->field[HM_EXPIRY_EXPIRES].number};
    copy(told.product, sizeof told.product, message->field[HM_EXPIRY_PRODUCT].bytes);
    copy(told.role, sizeof told.role, message->field[HM_EXPIRY_ROLE].bytes);
    bool ends = told.kind <= HM_EXPIRY_ROTATION; /* the others have no time that lies ahead */
    if (!e || !ends || !make_room(e)) return;
    for (size_t i = e->known; i < e->known + e->coming; i++) {
        if (!same(&e->expiry[i], &told)) continue;
        bool earlier = told.expires<e->expiry[i].expires, last = told.kind> HM_EXPIRY_CRL;
        if (earlier != last) e->expiry[i].expires = told.expires;
        return;
    }
    e->expiry[e->known + e->coming++] = told;
}

void hm_expiries_done(hm_expiries *e) {
    if (!e) return;
    if (e->coming) memmove(e->expiry, &e->expiry[e->known], e->coming * sizeof *e->expiry);
    e->known = e->coming;
    e->coming = 0;
}

static const struct {
    hm_expiry_kind kind;
    const char *name, *help;
} gauges[] = {
    {HM_EXPIRY_CERTIFICATE, "hallmark_certificate_expiry_seconds", "at which the first certificate ends"},
    {HM_EXPIRY_CRL, "hallmark_crl_expiry_seconds", "at which the revocation list is stale"},
    {HM_EXPIRY_PERIOD, "hallmark_key_period_seconds", "at which the policy ends the key's use"},
    {HM_EXPIRY_ROTATION, "hallmark_key_rotation_seconds", "at which another key is to follow"},
};

static void put(const expiry *x, const char *name, struct evbuffer *out) {
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)x->algorithm);
    unsigned long long expires = x->expires;
    evbuffer_add_printf(out, "%s{product=\"%s\"", name, x->product);
    if (x->kind != HM_EXPIRY_CRL)
        evbuffer_add_printf(out, ",role=\"%s\",algorithm=\"%s\"", x->role, algorithm ? algorithm : "");
    evbuffer_add_printf(out, "} %llu\n", expires);
}

void hm_expiries_put(const hm_expiries *e, struct evbuffer *out) {
    for (size_t g = 0; e && g < sizeof gauges / sizeof gauges[0]; g++) {
        bool any = false;
        for (size_t i = 0; i < e->known; i++) {
            if (e->expiry[i].kind != gauges[g].kind) continue;
            if (!any)
                evbuffer_add_printf(out, "# HELP %s Unix time %s.\n# TYPE %s gauge\n", gauges[g].name, gauges[g].help,
                                    gauges[g].name);
            any = true;
            put(&e->expiry[i], gauges[g].name, out);
        }
    }
}

void hm_expiries_free(hm_expiries **e) {
    if (*e) free((*e)->expiry);
    free(*e);
    *e = NULL;
}
