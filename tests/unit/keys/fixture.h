/* A SoftHSM token in a temporary folder, and the raw interface beside it for what the layer does not offer. */
#ifndef HM_TESTS_KEYS_FIXTURE_H
#define HM_TESTS_KEYS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <keys/token.h>

#include <dlfcn.h>
#include <ftw.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKS(expression)                                                                                              \
    do {                                                                                                               \
        if (hm_failed(expression)) fail_msg("%s: %s", #expression, hm_err_sentence());                                 \
    } while (0)
#define FAILS(class_, part, expression)                                                                                \
    do {                                                                                                               \
        hm_err fails_err = (expression);                                                                               \
        if (fails_err.class != (class_)) fail_msg("%s: class %d", #expression, fails_err.class);                       \
        if (!strstr(hm_err_sentence(), part)) fail_msg("\"%s\" does not say \"%s\"", hm_err_sentence(), part);         \
    } while (0)

/* SoftHSM 2.6.1 loses 37 octets with every Ed25519 signature. That is not ours to find, but needs whole stacks to be
 * told apart. LeakSanitizer calls these; without it nobody does. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) { return "leak:libsofthsm2.so"; }
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void) { return "fast_unwind_on_malloc=0"; }

static const uint8_t some_id[HM_KEY_ID_LEN] = "fixture key id ";

typedef struct {
    char folder[64];
    char pin_path[80];
    hm_buf storage;
    hm_token_selector selector;
    hm_secret *pin;
} fixture;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline int fixture_new(void **state) {
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/hallmark-keys-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->pin_path, sizeof f->pin_path, "%s/token/pin", f->folder);
    char token[80];
    snprintf(token, sizeof token, "%s/token", f->folder);
    WORKS(hm_softhsm_create(token, "Test token"));
    WORKS(hm_softhsm_select(token, &f->storage, &f->selector));
    WORKS(hm_secret_from_file(f->pin_path, &f->pin));
    setenv("HALLMARK_FAKE_REAL", f->selector.module_path, 1);
    unsetenv("HALLMARK_FAKE_FAULTS");
    *state = f;
    return 0;
}

static inline int fixture_free(void **state) {
    fixture *f = *state;
    nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    hm_buf_clear(&f->storage);
    hm_secret_free(&f->pin);
    free(f);
    return 0;
}

/* The module without the layer: loaded, started, to be ended by raw_end. */
static inline CK_FUNCTION_LIST *raw_start(const fixture *f) {
    void *library = dlopen(f->selector.module_path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    CK_C_GetFunctionList get_list;
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    CK_FUNCTION_LIST *call;
    assert_int_equal(get_list(&call), CKR_OK);
    assert_int_equal(call->C_Initialize(NULL), CKR_OK);
    return call;
}

static inline CK_SESSION_HANDLE raw_log_in(const fixture *f, CK_FUNCTION_LIST *call) {
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_SESSION_HANDLE session;
    assert_int_equal(call->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    assert_int_equal(call->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), CKR_OK);
    assert_int_equal(call->C_Login(session, CKU_USER, f->pin->data, f->pin->len), CKR_OK);
    return session;
}

static inline void raw_end(CK_FUNCTION_LIST *call) { assert_int_equal(call->C_Finalize(NULL), CKR_OK); }

#endif
