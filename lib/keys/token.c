/* Opening and closing a token. */
#include "private.h"

#include <base/io.h>

#include <stdlib.h>
#include <string.h>

/* Tokens that say of themselves that keys lie in a file. A lie in the other direction cannot be told by software. */
static const char *const software_makers[] = {"SoftHSM project", "Mozilla Foundation", "Kryoptic Project"};

static bool is_software(const hm_token_info *info) {
    for (size_t i = 0; i < sizeof software_makers / sizeof software_makers[0]; i++)
        if (strcmp(info->manufacturer, software_makers[i]) == 0) return true;
    return strcmp(info->manufacturer, "IBM") == 0 && strcmp(info->model, "Soft") == 0; /* openCryptoki */
}

/* What the token's flags say about tries that are left (2.40 section 3.3). */
static const char *tries_left(const hm_token *token) {
    CK_TOKEN_INFO raw;
    memset(&raw, 0, sizeof raw);
    if (token->module.call->C_GetTokenInfo(token->slot, &raw) != CKR_OK) return "";
    if (raw.flags & CKF_USER_PIN_LOCKED) return ", and it is now locked (the token's security officer must reset it)";
    if (raw.flags & CKF_USER_PIN_FINAL_TRY) return ", and one try is left before the token locks itself";
    if (raw.flags & CKF_USER_PIN_COUNT_LOW) return ", and few tries are left before the token locks itself";
    return "";
}

static hm_err log_in(hm_token *token, const hm_secret *pin) {
    unsigned char text[HM_SECRET_MAX];
    size_t len = pin ? pin->len : 0;
    if (!(token->flags & CKF_LOGIN_REQUIRED)) return HM_OK;
    if (!pin && !(token->flags & CKF_PROTECTED_AUTHENTICATION_PATH))
        return hm_could_not("the token \"%s\" needs a PIN", token->info.label);
    if (len > sizeof text) return hm_misuse("the PIN is too long");
    /* The module gets a copy of its own: the interface takes the PIN as writable memory. */
    if (len) memcpy(text, pin->data, len);
    CK_RV rv = token->module.call->C_Login(token->session, CKU_USER, pin ? text : NULL, len);
    hm_wipe(text, sizeof text);
    if (rv == CKR_USER_ALREADY_LOGGED_IN) return HM_OK;
    if (rv != CKR_PIN_INCORRECT) return hm_in(hm_ckr(rv, "be opened"), "\"%s\"", token->info.label);
    return hm_could_not("\"%s\": the PIN is wrong%s", token->info.label, tries_left(token));
}

static hm_err start(hm_token *token, const hm_token_selector *selector, const hm_secret *pin) {
    HM_FD lock = -1;
    HM_TRY(hm_lock_take(selector->lock_path, &lock));
    HM_TRY(hm_module_initialize(&token->module));
    HM_TRY(hm_slot_find(token, selector));
    CK_RV rv = token->module.call->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                                 &token->session);
    HM_TRY(hm_in(hm_ckr(rv, "open a session"), "\"%s\"", token->info.label));
    return log_in(token, pin);
}

hm_err hm_token_open(const hm_token_selector *selector, const hm_secret *pin, hm_token **token) {
    *token = NULL;
    if (!selector->module_path) return hm_misuse("no PKCS#11 module is named");
    HM_TOKEN *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return hm_no_memory();
    HM_TRY(hm_module_load(selector->module_path, &fresh->module));
    HM_TRY(start(fresh, selector, pin));
    *token = fresh;
    fresh = NULL;
    return HM_OK;
}

static void free_keys(hm_token *token) {
    while (token->keys) {
        hm_key *key = token->keys;
        token->keys = key->next;
        hm_buf_clear(&key->spki);
        free(key);
    }
}

/* C_Finalize ends the session and the log-in with it (2.40 section 5.4). */
void hm_token_close(hm_token **token) {
    if (!*token) return;
    hm_module_finalize(&(*token)->module);
    free_keys(*token);
    free(*token);
    *token = NULL;
}

static bool can(const hm_token *token, CK_MECHANISM_TYPE mechanism, CK_FLAGS what) {
    CK_MECHANISM_INFO info = {0};
    return token->module.call->C_GetMechanismInfo(token->slot, mechanism, &info) == CKR_OK && (info.flags & what);
}

void hm_token_describe(const hm_token *token, hm_token_info *info) {
    *info = token->info;
    info->software = is_software(info);
    info->has_ed25519 =
        can(token, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR) && can(token, CKM_EDDSA, CKF_SIGN);
}
