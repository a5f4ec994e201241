/* A copy of an office to try the bad day on. It must be good for nothing else: none of its signatures may be taken for
 * the office's, least of all a checkpoint, which would be a fork of the log. So it gets other keys before anything is
 * signed, and what officers would have to sign nobody signs: a statement of theirs would be as good in the office. */
#include <core/backup.h>

#include "folder.h"
#include "office.h"

#include <base/file.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the copy, and in no office. */
#define MARK "REHEARSAL"

static void office_clear(hm_office *office) { hm_office_close(office); }
#define OFFICE __attribute__((cleanup(office_clear))) hm_office
static void session_clear(hm_session *session) { hm_session_clear(session); }
#define SESSION __attribute__((cleanup(session_clear))) hm_session

hm_err hm_rehearsal_check(const hm_office *office) {
    return faccessat(office->dirfd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && strcmp(office->row.token, "softhsm") == 0
               ? HM_OK
               : hm_refuse("%s: is no copy that was made for a rehearsal", office->directory);
}

/* ---- other keys ---- */

typedef struct {
    int64_t product; /* whose authority is needed; 0: nobody's */
    size_t count;
    hm_key_row *row; /* without its views */
} keys;

static bool is_needed(const keys *k, const hm_key_row *row) {
    return row->role == HM_KEY_ROLE_LOG || row->role == HM_KEY_ROLE_ROOT ||
           (row->role == HM_KEY_ROLE_PRODUCT_CA && row->product == k->product);
}

static hm_err keep_needed(void *context, const hm_key_row *row) {
    keys *k = context;
    if (!is_needed(k, row)) return HM_OK;
    hm_key_row *larger = reallocarray(k->row, k->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    k->row = larger;
    k->row[k->count++] = *row;
    return HM_OK;
}

static hm_err replace_key(hm_office *office, const hm_key_row *row) {
    hm_key *key;
    HM_TRY(hm_token_generate(office->token, (hm_key_algorithm)row->algorithm, row->token_id, "rehearsal", &key));
    return hm_store_replace_key(office->store, row->id, hm_key_signer(key).spki);
}

static hm_err replace_keys(hm_office *office, const char *product) {
    keys k = {.product = 0};
    hm_product found;
    size_t count;
    if (product && product[0]) {
        HM_TRY(hm_product_find(office, hm_text(product), &found));
        k.product = found.id;
    }
    hm_err err = hm_store_keys(office->store, -1, 0, 0, keep_needed, &k, &count);
    for (size_t i = 0; !hm_failed(err) && i < k.count; i++) err = replace_key(office, &k.row[i]);
    free(k.row);
    return err;
}

/* Its own token first, and the database names it, before a key is looked for. */
static hm_err take_own_token(const char *to) {
    SESSION session = {.who = HM_WHO_NOBODY};
    OFFICE office = {.dirfd = -1, .log_dirfd = -1};
    HM_BUF folder = HM_BUF_EMPTY;
    const char *token;
    HM_TRY(hm_office_open(to, &session, &office));
    HM_TRY(hm_file_write(office.dirfd, MARK, hm_text("This is no office.\n"), 0600));
    HM_TRY(hm_office_path(&office, "token", &folder, &token));
    hm_folder_remove(token);
    HM_TRY(hm_folder_make(token, 0700));
    HM_TRY(hm_softhsm_create(token, "hallmark"));
    return hm_store_take_own_token(office.store);
}

/* The authorities' certificates name the keys that were there before: they get others. */
static hm_err certify_again(hm_office *office, const char *product) {
    hm_product found;
    if (!product || !product[0]) return hm_ceremony_root(office);
    HM_TRY(hm_product_find(office, hm_text(product), &found));
    return hm_ceremony_product(office, &found);
}

hm_err hm_rehearsal_take_keys(const char *to, const char *product) {
    SESSION session = {.who = HM_WHO_NOBODY};
    OFFICE office = {.dirfd = -1, .log_dirfd = -1};
    HM_TRY(hm_office_open(to, &session, &office));
    HM_TRY(hm_rehearsal_check(&office));
    HM_TRY(hm_office_token(&office));
    HM_TRY(replace_keys(&office, product));
    HM_TRY(hm_log_sign_again(&office));
    return certify_again(&office, product);
}

hm_err hm_rehearsal_make(const char *directory, const char *to) {
    char backup[PATH_MAX];
    hm_backup done;
    int len = snprintf(backup, sizeof backup, "%s.backup", to);
    if (len < 0 || (size_t)len >= sizeof backup) return hm_misuse("%s: the name is too long", to);
    hm_err err = hm_office_backup(directory, backup, false, &done);
    if (!hm_failed(err)) err = hm_office_restore(backup, to, HM_NO_BYTES, &done);
    hm_folder_remove(backup);
    HM_TRY(err);
    return take_own_token(to);
}

void hm_rehearsal_remove(const char *to) { hm_folder_remove(to); }
