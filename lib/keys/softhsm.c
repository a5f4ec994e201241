/* The default token: SoftHSM in a folder of the office's. */
#include "private.h"

#include <base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIGURATION_MAX = 3 * PATH_MAX, PIN_RANDOM_LEN = 16, DESCRIPTION_MAX = 65536 };

/* Debian's and its multi-arch folder, Fedora's, and a build of one's own. */
static const char *const module_paths[] = {
    "/usr/lib/softhsm/libsofthsm2.so",
    HM_LIBRARY_FOLDER "/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
};

static hm_err find_module(const char **path) {
    for (size_t i = 0; i < sizeof module_paths / sizeof module_paths[0]; i++) {
        if (access(module_paths[i], R_OK) != 0) continue;
        *path = module_paths[i];
        return HM_OK;
    }
    return hm_could_not("SoftHSM is not installed (install the package softhsm2)");
}

/* The folder's whole path: SoftHSM's configuration knows nothing relative to itself. */
static hm_err whole_path(const char *directory, char whole[static PATH_MAX]) {
    if (!realpath(directory, whole)) return hm_could_not("%s: %s", directory, strerror(errno));
    /* Its syntax has no quotes: a line end would begin another setting. */
    if (strpbrk(whole, "\r\n#"))
        return hm_could_not("%s: a SoftHSM token cannot lie in a folder of this name", directory);
    return HM_OK;
}

static hm_err put_configuration(const char *whole, hm_buf *text) {
    return hm_put_format(text,
                         "# Written by hallmark, which corrects it when the folder is moved.\n"
                         "directories.tokendir = %s/tokens\n"
                         "objectstore.backend = file\n"
                         "log.level = ERROR\n"
                         "slots.removable = false\n",
                         whole);
}

/* Make softhsm2.conf name this folder, and this process read it. */
static hm_err configure(const char *whole) {
    HM_BUF path = HM_BUF_EMPTY, right = HM_BUF_EMPTY, is = HM_BUF_EMPTY;
    const char *name;
    HM_TRY(hm_put_format(&path, "%s/softhsm2.conf", whole));
    HM_TRY(hm_buf_string(&path, &name));
    HM_TRY(put_configuration(whole, &right));
    bool read = !hm_failed(hm_file_read(AT_FDCWD, name, CONFIGURATION_MAX, &is));
    if (!read || !hm_bytes_equal(hm_buf_bytes(&is), hm_buf_bytes(&right)))
        HM_TRY(hm_file_write(AT_FDCWD, name, hm_buf_bytes(&right), 0600));
    if (setenv("SOFTHSM2_CONF", name, 1) != 0) return hm_no_memory();
    return HM_OK;
}

static hm_err make_tokens_folder(const char *whole) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *name;
    HM_TRY(hm_put_format(&path, "%s/tokens", whole));
    HM_TRY(hm_buf_string(&path, &name));
    if (mkdir(name, 0700) == 0) return HM_OK;
    if (errno == EEXIST) return hm_could_not("%s: there is a token already", whole);
    return hm_could_not("%s: %s", name, strerror(errno));
}

/* 128 random bits as text, written to FOLDER/NAME before the token knows them. */
static hm_err make_pin(const char *folder, const char *name, hm_secret **pin) {
    uint8_t random[PIN_RANDOM_LEN];
    char path[PATH_MAX + 16];
    HM_TRY(hm_secret_new(pin));
    HM_TRY(hm_random(random, sizeof random));
    for (size_t i = 0; i < sizeof random; i++) {
        (*pin)->data[(*pin)->len++] = (uint8_t)("0123456789abcdef"[random[i] >> 4]);
        (*pin)->data[(*pin)->len++] = (uint8_t)("0123456789abcdef"[random[i] & 15]);
    }
    hm_wipe(random, sizeof random);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    (*pin)->data[(*pin)->len] = '\n';
    hm_err err = hm_file_write(AT_FDCWD, path, HM_BYTES((*pin)->data, (*pin)->len + 1), 0600);
    (*pin)->data[(*pin)->len] = 0;
    return err;
}

/* SoftHSM shows an empty slot only to a caller that first asks how many there are. */
static hm_err empty_slot(const hm_module *module, CK_SLOT_ID *slot) {
    CK_ULONG count = 0;
    HM_TRY(hm_ckr(module->call->C_GetSlotList(CK_TRUE, NULL, &count), "be found"));
    if (count != 1) return hm_could_not("SoftHSM shows %lu slots in a new folder", count);
    return hm_ckr(module->call->C_GetSlotList(CK_TRUE, slot, &count), "be found");
}

static hm_err set_pins(const hm_module *module, CK_SLOT_ID slot, const char *label, hm_secret *officer,
                       hm_secret *user) {
    unsigned char padded[32];
    CK_SESSION_HANDLE session;
    memset(padded, ' ', sizeof padded);
    for (size_t i = 0; label[i]; i++) padded[i] = (unsigned char)label[i];
    HM_TRY(hm_ckr(module->call->C_InitToken(slot, officer->data, officer->len, padded), "be created"));
    HM_TRY(hm_ckr(module->call->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
                  "open a session"));
    HM_TRY(hm_ckr(module->call->C_Login(session, CKU_SO, officer->data, officer->len), "be opened"));
    return hm_ckr(module->call->C_InitPIN(session, user->data, user->len), "take its PIN");
}

static hm_err create_token(const char *module_path, const char *whole, const char *label) {
    HM_SECRET *officer = NULL, *user = NULL;
    __attribute__((cleanup(hm_module_finalize))) hm_module module = {0};
    CK_SLOT_ID slot;
    HM_TRY(hm_module_load(module_path, &module));
    HM_TRY(make_pin(whole, "so-pin", &officer));
    HM_TRY(make_pin(whole, "pin", &user));
    HM_TRY(hm_module_initialize(&module));
    HM_TRY(empty_slot(&module, &slot));
    return set_pins(&module, slot, label, officer, user);
}

/* SoftHSM writes a token's description, without which none of its keys is found, anew and in place at every log-in: a
 * crash or a full disk in that instant leaves an empty file. A copy from the token's making stands beside it for that
 * case. All that changes in it later is a counter, which may repeat. */
static hm_err description_path(const char *whole, hm_buf *path) {
    HM_TRY(hm_put_format(path, "%s/tokens", whole));
    const char *name;
    HM_TRY(hm_buf_string(path, &name));
    DIR *folder = opendir(name);
    const struct dirent *entry = folder ? readdir(folder) : NULL;
    while (entry && entry->d_name[0] == '.') entry = readdir(folder);
    hm_err err = entry ? hm_put_format(path, "/%s/token.object", entry->d_name)
                       : hm_could_not("%s: there is no token in it", name);
    if (folder) closedir(folder);
    return err;
}

static hm_err copy_description(const char *from, const char *to) {
    HM_BUF content = HM_BUF_EMPTY;
    HM_TRY(hm_file_read(AT_FDCWD, from, DESCRIPTION_MAX, &content));
    return content.len ? hm_file_write(AT_FDCWD, to, hm_buf_bytes(&content), 0600) : HM_OK;
}

/* Keep the copy if there is none, put it back if it is needed. */
static hm_err mend_description(const char *whole) {
    HM_BUF path = HM_BUF_EMPTY, kept_path = HM_BUF_EMPTY;
    const char *description, *kept;
    struct stat st;
    HM_TRY(description_path(whole, &path));
    HM_TRY(hm_put_format(&kept_path, "%s/token.object.kept", whole));
    HM_TRY(hm_buf_string(&path, &description));
    HM_TRY(hm_buf_string(&kept_path, &kept));
    if (stat(description, &st) != 0) return hm_could_not("%s: %s", description, strerror(errno));
    if (!st.st_size) return copy_description(kept, description);
    return access(kept, F_OK) != 0 ? copy_description(description, kept) : HM_OK;
}

hm_err hm_softhsm_create(const char *directory, const char *label) {
    char whole[PATH_MAX];
    const char *module_path;
    size_t label_len = strlen(label);
    if (label_len == 0 || label_len > 32) return hm_misuse("a token's label has 1 to 32 characters");
    HM_TRY(find_module(&module_path));
    HM_TRY(hm_folder_make(directory, 0700));
    HM_TRY(whole_path(directory, whole));
    HM_TRY(make_tokens_folder(whole));
    HM_TRY(configure(whole));
    HM_TRY(hm_in(create_token(module_path, whole, label), "%s", directory));
    return mend_description(whole);
}

hm_err hm_softhsm_select(const char *directory, hm_buf *storage, hm_token_selector *selector) {
    char whole[PATH_MAX];
    const char *module_path;
    *selector = (hm_token_selector){0};
    HM_TRY(find_module(&module_path));
    HM_TRY(whole_path(directory, whole));
    HM_TRY(configure(whole));
    HM_TRY(mend_description(whole));
    size_t at = storage->len;
    HM_TRY(hm_put_format(storage, "%s/softhsm2.lock", whole));
    HM_TRY(hm_put_u8(storage, 0));
    selector->module_path = module_path;
    selector->lock_path = (const char *)&storage->data[at];
    return HM_OK;
}
