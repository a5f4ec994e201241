#include "revocation_files.h"

#include "native_plan.h"
#include "office_access.h"

#include <base/file.h>
#include <client/remote.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 16 << 20, FILES_MOST = 256 };

static hm_err put_file(hm_bytes content, hm_buf *files) {
    HM_TRY(hm_put_u32be(files, (uint32_t)content.len));
    return hm_put(files, content);
}

static hm_err take_file(int folder, const char *name, hm_buf *files) {
    HM_BUF content = HM_BUF_EMPTY;
    HM_TRY(hm_file_read(folder, name, FILE_MOST, &content));
    return put_file(hm_buf_bytes(&content), files);
}

static int is_list(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".crl") == 0;
}

static hm_err take_files(int folder, hm_buf *files) {
    struct dirent **list = NULL;
    int count = scandirat(folder, ".", &list, is_list, alphasort);
    if (count < 0) return hm_could_not("crl: %s", strerror(errno));
    hm_err err = count > FILES_MOST ? hm_could_not("crl: more than %d revocation lists (give those that count with "
                                                   "--crl)",
                                                   FILES_MOST)
                                    : HM_OK;
    for (int i = 0; i < count && !hm_failed(err); i++) err = hm_in(take_file(folder, list[i]->d_name, files), "crl");
    for (int i = 0; i < count; i++) free(list[i]);
    free(list);
    return err;
}

/* An office that made none has no folder. Whose it is was looked at with trust.pem. */
static hm_err take_own(const hm_options *options, hm_buf *files) {
    HM_STRING *directory = NULL;
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    HM_TRY(hm_office_directory(options, &directory));
    if (hm_remote_is(directory)) return HM_OK;
    HM_TRY(hm_put_format(&path, "%s/crl", directory));
    HM_TRY(hm_buf_string(&path, &string));
    HM_FD folder = open(string, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return errno == ENOENT ? HM_OK : hm_could_not("%s: %s", string, strerror(errno));
    return take_files(folder, files);
}

hm_err hm_revocation_files(const hm_options *options, bool list, hm_buf *files) {
    if (list && (options->crl_required || hm_given_value(options, "--crl")))
        return hm_misuse("--crl: a trust list says itself what is revoked");
    if (list) return HM_OK;
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--crl") == 0) HM_TRY(take_file(AT_FDCWD, options->given[i].value, files));
    return options->trust ? HM_OK : take_own(options, files);
}
