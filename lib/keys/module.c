/* Loading the one module that was named. p11-kit would load every module that the machine has configured, which costs
 * more than the signature. */
#include "private.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A module may leave out a function by a NULL in its list, although the standard forbids it (2.40 section 3.6). */
static bool list_is_whole(const CK_FUNCTION_LIST *list) {
    return list->C_Initialize && list->C_Finalize && list->C_GetSlotList && list->C_GetTokenInfo &&
           list->C_GetMechanismInfo && list->C_OpenSession && list->C_CloseSession && list->C_Login && list->C_Logout &&
           list->C_InitToken && list->C_InitPIN && list->C_GenerateKeyPair && list->C_DestroyObject &&
           list->C_FindObjectsInit && list->C_FindObjects && list->C_FindObjectsFinal && list->C_GetAttributeValue &&
           list->C_SetAttributeValue && list->C_SignInit && list->C_Sign;
}

static hm_err not_a_module(const char *path) { return hm_could_not("%s is not a PKCS#11 module", path); }

/* A module is code that runs with the keys: nobody but root and this user may have been able to put it, or anything on
 * the way to it, where it is. A folder in which others may only add (sticky) is no way to replace it. */
static hm_err check_part(const char *module, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0)
        return hm_could_not("the PKCS#11 module %s cannot be examined: %s", module, strerror(errno));
    bool ours = st.st_uid == 0 || st.st_uid == geteuid();
    bool closed = !(st.st_mode & 022) || (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX));
    return ours && closed ? HM_OK
                          : hm_refuse("the PKCS#11 module %s is not loaded: others can write to %s", module, path);
}

static hm_err check_place(const char *path) {
    char resolved[PATH_MAX];
    if (!realpath(path, resolved))
        return hm_could_not("the PKCS#11 module %s cannot be opened: %s", path, strerror(errno));
    HM_TRY(check_part(path, resolved));
    for (char *slash = strrchr(resolved, '/'); slash && slash != resolved; slash = strrchr(resolved, '/')) {
        *slash = 0;
        HM_TRY(check_part(path, resolved));
    }
    return check_part(path, "/");
}

static hm_err load_library(const char *path, void **library) {
    if (path[0] != '/') return hm_misuse("the PKCS#11 module \"%s\" must be given with its whole path", path);
    struct stat st;
    if (stat(path, &st) != 0) return hm_could_not("the PKCS#11 module %s cannot be opened: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) return not_a_module(path);
    HM_TRY(check_place(path));
    /* Lazily: binding every name that a module and its libraries might call takes longer than signing. */
    *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (*library) return HM_OK;
    const char *why = dlerror();
    return hm_could_not("the PKCS#11 module %s cannot be loaded: %s", path, why ? why : "no reason given");
}

hm_err hm_module_load(const char *path, hm_module *module) {
    *module = (hm_module){0};
    void *library;
    HM_TRY(load_library(path, &library));
    CK_C_GetFunctionList get_list;
    /* POSIX gives functions as data pointers; ISO C has no cast between them (dlsym(3)). */
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    if (!get_list) return dlclose(library), not_a_module(path);
    CK_FUNCTION_LIST *list = NULL;
    HM_TRY(hm_in(hm_ckr(get_list(&list), "give its functions"), "%s", path));
    if (!list || (list->version.major != 2 && list->version.major != 3) || !list_is_whole(list))
        return hm_could_not("%s is not a whole PKCS#11 module", path);
    *module = (hm_module){.library = library, .call = list};
    return HM_OK;
}

/* Without arguments: this process uses the module from one thread (2.40 section 5.4). */
hm_err hm_module_initialize(hm_module *module) {
    HM_TRY(hm_ckr(module->call->C_Initialize(NULL), "start"));
    module->initialized = true;
    return HM_OK;
}

void hm_module_finalize(hm_module *module) {
    if (module->initialized) module->call->C_Finalize(NULL);
    module->initialized = false;
}

hm_err hm_lock_take(const char *path, int *fd) {
    *fd = -1;
    if (!path) return HM_OK;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0) return hm_could_not("the token's lock %s cannot be opened: %s", path, strerror(errno));
    while (flock(*fd, LOCK_EX) != 0)
        if (errno != EINTR) return hm_could_not("the token's lock %s cannot be taken: %s", path, strerror(errno));
    return HM_OK;
}
