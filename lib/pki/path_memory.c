#include "path_memory.h"

#include <pthread.h>
#include <stdlib.h>

enum { KEPT = 8 };

typedef struct {
    STACK_OF(X509) * path; /* NULL: free */
    hm_path_purpose purpose;
    int64_t from, until; /* valid while FROM <= now < UNTIL, as OpenSSL judges dates */
    hm_verdict verdict;
} kept_path;

struct hm_path_memory {
    pthread_mutex_t lock;
    size_t oldest;
    kept_path kept[KEPT];
};

hm_err hm_path_memory_new(hm_path_memory **memory) {
    *memory = calloc(1, sizeof **memory);
    if (!*memory) return hm_no_memory();
    pthread_mutex_init(&(*memory)->lock, NULL);
    return HM_OK;
}

static void clear(kept_path *place) { sk_X509_pop_free(place->path, X509_free); }

void hm_path_memory_free(hm_path_memory **memory) {
    if (!*memory) return;
    for (size_t i = 0; i < KEPT; i++) clear(&(*memory)->kept[i]);
    pthread_mutex_destroy(&(*memory)->lock);
    free(*memory);
    *memory = NULL;
}

static bool holds(const STACK_OF(X509) * certificates, const X509 *wanted) {
    for (int i = 0; i < sk_X509_num(certificates); i++)
        if (sk_X509_value(certificates, i) == wanted) return true;
    return false;
}

static bool is_given(const STACK_OF(X509) * path, const STACK_OF(X509) * given) {
    for (int i = 1; i < sk_X509_num(path) - 1; i++)
        if (!holds(given, sk_X509_value(path, i))) return false;
    return true;
}

static bool find(const hm_path_memory *memory, hm_path_purpose purpose, const X509 *leaf, const STACK_OF(X509) * given,
                 int64_t now, STACK_OF(X509) * *path, hm_verdict *verdict) {
    for (size_t i = 0; i < KEPT; i++) {
        const kept_path *kept = &memory->kept[i];
        if (!kept->path || sk_X509_value(kept->path, 0) != leaf || now < kept->from || now >= kept->until) continue;
        if (kept->purpose != purpose || !is_given(kept->path, given)) continue;
        *path = X509_chain_up_ref(kept->path);
        *verdict = kept->verdict;
        return *path != NULL;
    }
    return false;
}

bool hm_path_recall(hm_path_memory *memory, hm_path_purpose purpose, const X509 *leaf, const STACK_OF(X509) * given,
                    int64_t now, STACK_OF(X509) * *path, hm_verdict *verdict) {
    pthread_mutex_lock(&memory->lock);
    bool found = find(memory, purpose, leaf, given, now, path, verdict);
    pthread_mutex_unlock(&memory->lock);
    return found;
}

void hm_path_keep(hm_path_memory *memory, hm_path_purpose purpose, STACK_OF(X509) * path, const hm_verdict *verdict) {
    kept_path kept = {.path = X509_chain_up_ref(path),
                      .purpose = purpose,
                      .from = INT64_MIN,
                      .until = INT64_MAX,
                      .verdict = *verdict};
    if (!kept.path) return;
    for (size_t i = 0; i < verdict->chain_len; i++) {
        const hm_cert_info *info = &verdict->chain[i];
        if (info->not_before > kept.from) kept.from = info->not_before;
        if (info->not_after < kept.until) kept.until = info->not_after;
    }
    pthread_mutex_lock(&memory->lock);
    kept_path *place = &memory->kept[memory->oldest];
    memory->oldest = (memory->oldest + 1) % KEPT;
    clear(place);
    *place = kept;
    pthread_mutex_unlock(&memory->lock);
}
