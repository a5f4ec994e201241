#include "http_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static hm_curl loaded;
static hm_fault fault;

/* A function's address, copied because C has no cast from an object's pointer to it. */
static bool find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static hm_err find_all(void *library) {
    const struct {
        const char *name;
        void *function;
    } wanted[] = {
        {"curl_easy_init", &loaded.init},           {"curl_easy_setopt", &loaded.set},
        {"curl_easy_perform", &loaded.perform},     {"curl_easy_getinfo", &loaded.info},
        {"curl_easy_reset", &loaded.reset},         {"curl_easy_cleanup", &loaded.cleanup},
        {"curl_easy_header", &loaded.header},       {"curl_easy_strerror", &loaded.text},
        {"curl_slist_append", &loaded.list_append}, {"curl_slist_free_all", &loaded.list_free},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!find(library, wanted[i].name, wanted[i].function))
            return hm_could_not("libcurl.so.4 has no %s (7.85 or later is needed)", wanted[i].name);
    find(library, "SSL_export_keying_material", &loaded.export_keying_material);
    return HM_OK;
}

static hm_err load(void) {
    CURLcode (*start)(long flags);
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return hm_could_not("libcurl.so.4 cannot be loaded: %s (install libcurl4)", dlerror());
    HM_TRY(find_all(library));
    if (!find(library, "curl_global_init", &start) || start(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return hm_could_not("libcurl does not start");
    return HM_OK;
}

static void load_once(void) { fault = hm_fault_keep(load()); }

hm_err hm_curl_load(const hm_curl **curl) {
    *curl = &loaded;
    if (pthread_once(&once, load_once) != 0) return hm_could_not("libcurl cannot be loaded");
    return hm_fault_raise(&fault);
}
