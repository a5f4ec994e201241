/* Finding the token among a module's slots. */
#include "private.h"

#include <string.h>

enum { SLOTS_MAX = 256 };

void hm_trim(const unsigned char *field, size_t field_len, char *text) {
    size_t len = 0;
    for (size_t i = 0; i < field_len && field[i] != 0; i++) {
        text[i] = field[i] < 0x20 || field[i] == 0x7f ? '?' : (char)field[i];
        if (field[i] != ' ') len = i + 1;
    }
    text[len] = 0;
}

static void describe(const CK_TOKEN_INFO *from, hm_token_info *info) {
    *info = (hm_token_info){0};
    hm_trim(from->label, sizeof from->label, info->label);
    hm_trim(from->manufacturerID, sizeof from->manufacturerID, info->manufacturer);
    hm_trim(from->model, sizeof from->model, info->model);
    hm_trim(from->serialNumber, sizeof from->serialNumber, info->serial);
}

static bool same(const char *wanted, const char *is) { return !wanted || strcmp(wanted, is) == 0; }

static bool fits(const hm_token_selector *selector, CK_SLOT_ID slot, const hm_token_info *info) {
    return same(selector->token_label, info->label) && same(selector->manufacturer, info->manufacturer) &&
           same(selector->model, info->model) && same(selector->serial, info->serial) &&
           (!selector->has_slot_id || selector->slot_id == slot);
}

/* What the search has seen: for the sentence when it is not exactly one. */
typedef struct {
    size_t fitting;
    hm_buf names; /* of the fitting tokens, or while there is none of all tokens */
} search;

static void search_clear(search *seen) { hm_buf_clear(&seen->names); }

static hm_err note_name(search *seen, const hm_token_info *info) {
    return hm_put_format(&seen->names, "%s\"%s\" (serial %s)", seen->names.len ? ", " : "", info->label, info->serial);
}

static hm_err consider(hm_token *token, const hm_token_selector *selector, CK_SLOT_ID slot, search *seen) {
    CK_TOKEN_INFO raw;
    memset(&raw, 0, sizeof raw);
    CK_RV rv = token->module.call->C_GetTokenInfo(slot, &raw);
    if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED) return HM_OK;
    HM_TRY(hm_ckr(rv, "describe itself"));
    if (!(raw.flags & CKF_TOKEN_INITIALIZED)) return HM_OK;
    hm_token_info info;
    describe(&raw, &info);
    if (!fits(selector, slot, &info)) return seen->fitting ? HM_OK : note_name(seen, &info);
    if (seen->fitting++ == 0) {
        hm_buf_clear(&seen->names);
        token->slot = slot;
        token->info = info;
        token->flags = raw.flags;
    }
    return note_name(seen, &info);
}

static hm_err judge(const hm_token_selector *selector, search *seen) {
    if (seen->fitting == 1) return HM_OK;
    const char *names = "none";
    if (seen->names.len) HM_TRY(hm_buf_string(&seen->names, &names));
    if (seen->fitting) return hm_could_not("more than one token fits (name it by its serial): %s", names);
    if (selector->token_label)
        return hm_could_not("no token \"%s\" in %s (there is: %s)", selector->token_label, selector->module_path,
                            names);
    return hm_could_not("no such token in %s (there is: %s)", selector->module_path, names);
}

hm_err hm_slot_find(hm_token *token, const hm_token_selector *selector) {
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_RV rv = token->module.call->C_GetSlotList(CK_TRUE, slots, &count);
    if (rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && count > SLOTS_MAX))
        return hm_could_not("the PKCS#11 module %s has more than %d tokens", selector->module_path, SLOTS_MAX);
    HM_TRY(hm_ckr(rv, "be found"));
    __attribute__((cleanup(search_clear))) search seen = {0, HM_BUF_EMPTY};
    for (CK_ULONG i = 0; i < count; i++) HM_TRY(consider(token, selector, slots[i], &seen));
    return judge(selector, &seen);
}
