/* The return values of PKCS#11 2.40 section 5.1 in words. */
#include "private.h"

#define PLAIN(name)                                                                                                    \
    { name, #name, NULL }
#define SAID(name, sentence)                                                                                           \
    { name, #name, sentence }

static const struct {
    CK_RV rv;
    const char *name;
    const char *sentence; /* what is wrong (what to do), where a person can do something */
} values[] = {
    PLAIN(CKR_CANCEL),
    SAID(CKR_HOST_MEMORY, "its module has no memory left"),
    SAID(CKR_SLOT_ID_INVALID, "its slot is gone (is the device still connected?)"),
    SAID(CKR_GENERAL_ERROR, "it reports a general error (its module's own log may say more)"),
    SAID(CKR_FUNCTION_FAILED, "it reports a failure (its module's own log may say more)"),
    PLAIN(CKR_ARGUMENTS_BAD),
    PLAIN(CKR_NO_EVENT),
    PLAIN(CKR_NEED_TO_CREATE_THREADS),
    PLAIN(CKR_CANT_LOCK),
    PLAIN(CKR_ATTRIBUTE_READ_ONLY),
    PLAIN(CKR_ATTRIBUTE_SENSITIVE),
    SAID(CKR_ATTRIBUTE_TYPE_INVALID, "it does not know a property that we need"),
    SAID(CKR_ATTRIBUTE_VALUE_INVALID, "it does not take a property that we need"),
    PLAIN(CKR_ACTION_PROHIBITED),
    PLAIN(CKR_DATA_INVALID),
    PLAIN(CKR_DATA_LEN_RANGE),
    SAID(CKR_DEVICE_ERROR, "the device reports an error (reconnect it and try again)"),
    SAID(CKR_DEVICE_MEMORY, "the device is full (remove objects that are no longer needed)"),
    SAID(CKR_DEVICE_REMOVED, "the device has been removed (connect it and try again)"),
    PLAIN(CKR_ENCRYPTED_DATA_INVALID),
    PLAIN(CKR_ENCRYPTED_DATA_LEN_RANGE),
    SAID(CKR_FUNCTION_CANCELED, "it was cancelled at the device"),
    PLAIN(CKR_FUNCTION_NOT_PARALLEL),
    SAID(CKR_FUNCTION_NOT_SUPPORTED, "its module does not support that"),
    SAID(CKR_KEY_HANDLE_INVALID, "the key is no longer there"),
    PLAIN(CKR_KEY_SIZE_RANGE),
    PLAIN(CKR_KEY_TYPE_INCONSISTENT),
    PLAIN(CKR_KEY_NOT_NEEDED),
    PLAIN(CKR_KEY_CHANGED),
    PLAIN(CKR_KEY_NEEDED),
    PLAIN(CKR_KEY_INDIGESTIBLE),
    SAID(CKR_KEY_FUNCTION_NOT_PERMITTED, "the key may not be used for that"),
    PLAIN(CKR_KEY_NOT_WRAPPABLE),
    SAID(CKR_KEY_UNEXTRACTABLE, "the key cannot leave the token"),
    SAID(CKR_MECHANISM_INVALID, "it does not support the algorithm (choose another for this product)"),
    SAID(CKR_MECHANISM_PARAM_INVALID, "it does not support the algorithm's parameters"),
    SAID(CKR_OBJECT_HANDLE_INVALID, "the key is no longer there"),
    PLAIN(CKR_OPERATION_ACTIVE),
    PLAIN(CKR_OPERATION_NOT_INITIALIZED),
    SAID(CKR_PIN_INCORRECT, "the PIN is wrong"),
    SAID(CKR_PIN_INVALID, "the PIN has characters that the token does not take"),
    SAID(CKR_PIN_LEN_RANGE, "the PIN is too long or too short for the token"),
    SAID(CKR_PIN_EXPIRED, "the PIN has expired (set a new one with the token's own tool)"),
    SAID(CKR_PIN_LOCKED, "the PIN is locked after wrong tries (the token's security officer must reset it)"),
    SAID(CKR_SESSION_CLOSED, "it has closed the session (was the device reconnected or restarted?)"),
    SAID(CKR_SESSION_COUNT, "too many sessions are open (close other programs that use the token)"),
    SAID(CKR_SESSION_HANDLE_INVALID, "the session is gone (was the device reconnected or restarted?)"),
    PLAIN(CKR_SESSION_PARALLEL_NOT_SUPPORTED),
    SAID(CKR_SESSION_READ_ONLY, "the session may only read"),
    PLAIN(CKR_SESSION_EXISTS),
    PLAIN(CKR_SESSION_READ_ONLY_EXISTS),
    SAID(CKR_SESSION_READ_WRITE_SO_EXISTS, "its security officer is logged in elsewhere"),
    PLAIN(CKR_SIGNATURE_INVALID),
    PLAIN(CKR_SIGNATURE_LEN_RANGE),
    PLAIN(CKR_TEMPLATE_INCOMPLETE),
    SAID(CKR_TEMPLATE_INCONSISTENT, "it refuses keys with these properties"),
    SAID(CKR_TOKEN_NOT_PRESENT, "it is not connected (connect it and try again)"),
    SAID(CKR_TOKEN_NOT_RECOGNIZED, "it is not recognised by its module"),
    SAID(CKR_TOKEN_WRITE_PROTECTED, "it is write-protected"),
    PLAIN(CKR_UNWRAPPING_KEY_HANDLE_INVALID),
    PLAIN(CKR_UNWRAPPING_KEY_SIZE_RANGE),
    PLAIN(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT),
    PLAIN(CKR_USER_ALREADY_LOGGED_IN),
    SAID(CKR_USER_NOT_LOGGED_IN, "it wants the PIN again (keys that ask before every use are not supported)"),
    SAID(CKR_USER_PIN_NOT_INITIALIZED, "it has no user PIN yet (set one with the token's own tool)"),
    PLAIN(CKR_USER_TYPE_INVALID),
    SAID(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "another user is logged in"),
    SAID(CKR_USER_TOO_MANY_TYPES, "too many users are logged in"),
    PLAIN(CKR_WRAPPED_KEY_INVALID),
    PLAIN(CKR_WRAPPED_KEY_LEN_RANGE),
    PLAIN(CKR_WRAPPING_KEY_HANDLE_INVALID),
    PLAIN(CKR_WRAPPING_KEY_SIZE_RANGE),
    PLAIN(CKR_WRAPPING_KEY_TYPE_INCONSISTENT),
    PLAIN(CKR_RANDOM_SEED_NOT_SUPPORTED),
    PLAIN(CKR_RANDOM_NO_RNG),
    SAID(CKR_DOMAIN_PARAMS_INVALID, "it does not know the curve (choose another algorithm for this product)"),
    SAID(CKR_CURVE_NOT_SUPPORTED, "it does not know the curve (choose another algorithm for this product)"),
    PLAIN(CKR_BUFFER_TOO_SMALL),
    PLAIN(CKR_SAVED_STATE_INVALID),
    PLAIN(CKR_INFORMATION_SENSITIVE),
    PLAIN(CKR_STATE_UNSAVEABLE),
    SAID(CKR_CRYPTOKI_NOT_INITIALIZED, "its module was closed"),
    SAID(CKR_CRYPTOKI_ALREADY_INITIALIZED, "its module is in use in this process already"),
    PLAIN(CKR_MUTEX_BAD),
    PLAIN(CKR_MUTEX_NOT_LOCKED),
    PLAIN(CKR_FUNCTION_REJECTED),
    PLAIN(CKR_PIN_TOO_WEAK),
    SAID(CKR_LIBRARY_LOAD_FAILED, "its module lacks a library (is the vendor's package complete?)"),
    SAID(CKR_FIPS_SELF_TEST_FAILED, "its self-test has failed (do not use the device)"),
};

const char *hm_ckr_name(CK_RV rv) {
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (values[i].rv == rv) return values[i].name;
    return NULL;
}

hm_err hm_ckr(CK_RV rv, const char *doing) {
    if (rv == CKR_OK) return HM_OK;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i].rv != rv) continue;
        if (values[i].sentence)
            return hm_could_not("the token could not %s: %s [%s]", doing, values[i].sentence, values[i].name);
        return hm_could_not("the token could not %s: %s (0x%lx)", doing, values[i].name, rv);
    }
    return hm_could_not("the token could not %s: 0x%lx, which only its maker can explain", doing, rv);
}
