/* A bare loop of C_SignInit and C_Sign with the first EC private key of a PKCS#11 module, for peers that are modules.
 *
 *   module_load MODULE PINFILE SECONDS
 *
 * Prints lines of name, value, unit. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS_MAX = 16, WARM_UP = 200, AT_ONCE = 100 };

static CK_FUNCTION_LIST *call;

static void must_be(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "module_load: %s\n", what);
    exit(3);
}

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool find_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key) {
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_EC;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}};
    CK_ULONG count = 0;
    bool found = call->C_FindObjectsInit(session, template, 2) == CKR_OK &&
                 call->C_FindObjects(session, key, 1, &count) == CKR_OK && count == 1;
    return call->C_FindObjectsFinal(session) == CKR_OK && found;
}

/* The first slot whose token has such a key. */
static bool open_key(char *pin, CK_SESSION_HANDLE *session, CK_OBJECT_HANDLE *key) {
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    must_be(call->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK, "no slots");
    for (CK_ULONG i = 0; i < count; i++) {
        if (call->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, session) != CKR_OK) continue;
        CK_RV logged = call->C_Login(*session, CKU_USER, (unsigned char *)pin, strlen(pin));
        if ((logged == CKR_OK || logged == CKR_USER_ALREADY_LOGGED_IN) && find_key(*session, key)) return true;
        call->C_CloseSession(*session);
    }
    return false;
}

static void sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, uint64_t *number, unsigned count) {
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    unsigned char digest[32] = {0}, signature[64];
    for (unsigned i = 0; i < count; i++, ++*number) {
        CK_ULONG len = sizeof signature;
        memcpy(digest, number, sizeof *number);
        must_be(call->C_SignInit(session, &mechanism, key) == CKR_OK &&
                    call->C_Sign(session, digest, sizeof digest, signature, &len) == CKR_OK,
                "a signature failed");
    }
}

int main(int argc, char **argv) {
    char pin[256] = "";
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_C_GetFunctionList get_list;
    uint64_t done = 0;
    must_be(argc == 4, "module_load MODULE PINFILE SECONDS");
    FILE *file = fopen(argv[2], "r");
    must_be(file && fgets(pin, sizeof pin, file), "no PIN");
    pin[strcspn(pin, "\n")] = 0;
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    must_be(library != NULL, "the module cannot be loaded");
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    must_be(get_list && get_list(&call) == CKR_OK && call->C_Initialize(NULL) == CKR_OK, "the module does not begin");
    must_be(open_key(pin, &session, &key), "there is no EC key");
    sign(session, key, &done, WARM_UP);
    done = 0;
    double begun = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID), seconds = atof(argv[3]), taken;
    do {
        sign(session, key, &done, AT_ONCE);
        taken = now(CLOCK_MONOTONIC) - begun;
    } while (taken < seconds);
    used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
    printf("load_done %llu\nload_rate %.1f /s\nload_used %.9f s\n", (unsigned long long)done, (double)done / taken,
           used);
    call->C_Finalize(NULL);
    return 0;
}
