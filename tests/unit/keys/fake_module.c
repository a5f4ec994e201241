/* A PKCS#11 module that forwards to a real one and fails when told to. For tests of what a device does that is removed,
 * full, broken or hostile.
 *
 *   HALLMARK_FAKE_REAL    path of the real module
 *   HALLMARK_FAKE_FAULTS  a file, read anew at every call, of lines "FUNCTION EFFECT VALUE AFTER": the first AFTER
 * calls of FUNCTION since the file changed pass, then EFFECT happens. Numbers as strtoul reads them.
 *
 * Effects: return (do nothing, return VALUE) · length, count (forward, then claim VALUE) · garbage (forward, then spoil
 * what came out) · zero (forward, then clear it) · flags (C_GetTokenInfo: add VALUE) · sleep (VALUE milliseconds, then
 * forward) · crash · for C_GetFunctionList: null, hole, version. */
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST fake;

typedef struct {
    char effect[16];
    unsigned long value;
} fault;

static bool is(const fault *f, const char *effect) { return strcmp(f->effect, effect) == 0; }

/* Orders that differ from the last ones count anew. */
static unsigned long generation;
static char orders[2000];

static void read_orders(void) {
    char now[sizeof orders] = "";
    const char *path = getenv("HALLMARK_FAKE_FAULTS");
    FILE *file = path ? fopen(path, "re") : NULL;
    if (file) {
        now[fread(now, 1, sizeof now - 1, file)] = 0;
        fclose(file);
    }
    if (strcmp(now, orders) == 0) return;
    memcpy(orders, now, sizeof orders);
    generation++;
}

typedef struct {
    unsigned long generation, calls;
} counter;

/* The fault that is ordered for this call of FUNCTION; an empty one if none. */
static fault fault_of(const char *function, counter *count) {
    fault found = {"", 0};
    read_orders();
    if (count->generation != generation) *count = (counter){generation, 0};
    unsigned long call = count->calls++;
    char copy[sizeof orders], name[64], effect[16], value[32], after[32], *rest = copy;
    memcpy(copy, orders, sizeof copy);
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        if (sscanf(line, "%63s %15s %31s %31s", name, effect, value, after) == 4 && strcmp(name, function) == 0 &&
            call >= strtoul(after, NULL, 0)) {
            memcpy(found.effect, effect, sizeof effect);
            found.value = strtoul(value, NULL, 0);
        }
    if (is(&found, "crash")) abort();
    if (is(&found, "sleep")) usleep((useconds_t)(found.value * 1000));
    return found;
}

/* Count the call, and leave with the ordered return value if that is the effect. */
#define FAULT(function)                                                                                                \
    static counter seen;                                                                                               \
    const fault f = fault_of(#function, &seen);                                                                        \
    if (is(&f, "return")) return f.value

static void spoil(const fault *f, void *bytes, size_t len) {
    if (is(f, "zero")) memset(bytes, 0, len);
    if (is(f, "garbage")) memset(bytes, 0xa5, len);
}

static CK_RV fake_initialize(void *args) {
    FAULT(C_Initialize);
    return real->C_Initialize(args);
}

static CK_RV fake_get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count) {
    FAULT(C_GetSlotList);
    CK_RV rv = real->C_GetSlotList(present, slots, count);
    if (is(&f, "count")) *count = f.value;
    return rv;
}

static CK_RV fake_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
    FAULT(C_GetTokenInfo);
    CK_RV rv = real->C_GetTokenInfo(slot, info);
    if (is(&f, "flags")) info->flags |= f.value;
    spoil(&f, info->label, sizeof info->label);
    spoil(&f, info->manufacturerID, sizeof info->manufacturerID);
    spoil(&f, info->model, sizeof info->model);
    if (is(&f, "garbage")) memset(info->serialNumber, '\n', sizeof info->serialNumber);
    return rv;
}

static CK_RV fake_get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO *info) {
    FAULT(C_GetMechanismInfo);
    return real->C_GetMechanismInfo(slot, mechanism, info);
}

static CK_RV fake_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                               CK_SESSION_HANDLE *session) {
    FAULT(C_OpenSession);
    return real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV fake_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len) {
    FAULT(C_Login);
    return real->C_Login(session, user, pin, len);
}

static CK_RV fake_generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public, CK_ULONG publics,
                           CK_ATTRIBUTE *private, CK_ULONG privates, CK_OBJECT_HANDLE *public_object,
                           CK_OBJECT_HANDLE *private_object) {
    FAULT(C_GenerateKeyPair);
    return real->C_GenerateKeyPair(session, mechanism, public, publics, private, privates, public_object,
                                   private_object);
}

static CK_RV fake_destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
    FAULT(C_DestroyObject);
    return real->C_DestroyObject(session, object);
}

static CK_RV fake_find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count) {
    FAULT(C_FindObjectsInit);
    return real->C_FindObjectsInit(session, template, count);
}

static CK_RV fake_find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count) {
    FAULT(C_FindObjects);
    CK_RV rv = real->C_FindObjects(session, objects, max, count);
    if (is(&f, "count")) *count = f.value;
    return rv;
}

static CK_RV fake_find_final(CK_SESSION_HANDLE session) {
    FAULT(C_FindObjectsFinal);
    return real->C_FindObjectsFinal(session);
}

static CK_RV fake_get_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                CK_ULONG count) {
    FAULT(C_GetAttributeValue);
    CK_RV rv = real->C_GetAttributeValue(session, object, template, count);
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        spoil(&f, template[i].pValue, template[i].ulValueLen);
        if (is(&f, "length")) template[i].ulValueLen = f.value;
    }
    return rv;
}

static CK_RV fake_set_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                CK_ULONG count) {
    FAULT(C_SetAttributeValue);
    return real->C_SetAttributeValue(session, object, template, count);
}

static CK_RV fake_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
    FAULT(C_SignInit);
    return real->C_SignInit(session, mechanism, key);
}

static CK_RV fake_sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG data_len, unsigned char *signature,
                       CK_ULONG *signature_len) {
    FAULT(C_Sign);
    CK_RV rv = real->C_Sign(session, data, data_len, signature, signature_len);
    if (rv == CKR_OK) spoil(&f, signature, *signature_len);
    if (is(&f, "length")) *signature_len = f.value;
    return rv;
}

static CK_RV load_real(void) {
    const char *path = getenv("HALLMARK_FAKE_REAL");
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_C_GetFunctionList get_list = NULL;
    if (library) *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    return get_list ? get_list(&real) : CKR_GENERAL_ERROR;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
    FAULT(C_GetFunctionList);
    if (!real && load_real() != CKR_OK) return CKR_GENERAL_ERROR;
    fake = *real;
    fake.C_Initialize = fake_initialize;
    fake.C_GetSlotList = fake_get_slot_list;
    fake.C_GetTokenInfo = fake_get_token_info;
    fake.C_GetMechanismInfo = fake_get_mechanism_info;
    fake.C_OpenSession = fake_open_session;
    fake.C_Login = fake_login;
    fake.C_GenerateKeyPair = fake_generate;
    fake.C_DestroyObject = fake_destroy;
    fake.C_FindObjectsInit = fake_find_init;
    fake.C_FindObjects = fake_find;
    fake.C_FindObjectsFinal = fake_find_final;
    fake.C_GetAttributeValue = fake_get_attribute;
    fake.C_SetAttributeValue = fake_set_attribute;
    fake.C_SignInit = fake_sign_init;
    fake.C_Sign = fake_sign;
    if (is(&f, "hole")) fake.C_Sign = NULL;
    if (is(&f, "version")) fake.version.major = (unsigned char)f.value;
    *list = is(&f, "null") ? NULL : &fake;
    return CKR_OK;
}
