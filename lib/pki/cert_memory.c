#include "cert_memory.h"

#include <pthread.h>

enum {
    KEPT = 16,
    KEPT_LEN_MAX = 4096 /* octets of one certificate; what is larger is decoded each time */
};

typedef struct {
    hm_buf der; /* empty: free */
    X509 *certificate;
    hm_cert_info info;
} kept_certificate;

/* Never freed: it lives as long as the process. */
static kept_certificate kept[KEPT];
static size_t oldest;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool find(hm_bytes der, X509 **certificate, hm_cert_info *info) {
    for (size_t i = 0; i < KEPT; i++) {
        if (!kept[i].certificate || !hm_bytes_equal(hm_buf_bytes(&kept[i].der), der)) continue;
        if (!X509_up_ref(kept[i].certificate)) return false;
        *certificate = kept[i].certificate;
        *info = kept[i].info;
        return true;
    }
    return false;
}

/* Not being able to keep is no fault: the caller has what it asked for. */
static void keep(hm_bytes der, X509 *certificate, const hm_cert_info *info) {
    hm_buf copy = HM_BUF_EMPTY;
    if (der.len > KEPT_LEN_MAX || hm_failed(hm_put(&copy, der)) || !X509_up_ref(certificate)) {
        hm_buf_clear(&copy);
        return;
    }
    kept_certificate *place = &kept[oldest];
    oldest = (oldest + 1) % KEPT;
    hm_buf_clear(&place->der);
    X509_free(place->certificate);
    *place = (kept_certificate){copy, certificate, *info};
}

hm_err hm_cert_recall(hm_bytes der, X509 **certificate, hm_cert_info *info) {
    *certificate = NULL;
    pthread_mutex_lock(&lock);
    bool found = find(der, certificate, info);
    pthread_mutex_unlock(&lock);
    if (found) return HM_OK;
    HM_X509 *parsed = NULL;
    HM_TRY(hm_x509_parse(der, &parsed));
    HM_TRY(hm_x509_describe(parsed, info));
    pthread_mutex_lock(&lock);
    keep(der, parsed, info);
    pthread_mutex_unlock(&lock);
    *certificate = parsed;
    parsed = NULL;
    return HM_OK;
}
