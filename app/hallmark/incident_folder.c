/* The folder of an incident: whose it is stands in it, so that nobody's is taken for another's. */
#include "incident.h"

#include <base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char marker[] = ".hallmark-incident";
enum { MARKER_MAX = 400 };

/* How many names it has; many, if that cannot be told. */
static size_t names_in(int fd) {
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = again < 0 ? NULL : fdopendir(again);
    size_t names = 0;
    if (!folder) {
        hm_fd_close(&again);
        return SIZE_MAX;
    }
    for (const struct dirent *entry; (entry = readdir(folder));)
        names += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return names;
}

/* One that this command made before, for the same, is written anew; files of an interrupted one are, too. */
static hm_err check_marker(hm_incident_folder *folder, const char *mine) {
    HM_BUF theirs = HM_BUF_EMPTY;
    folder->marked = faccessat(folder->fd, marker, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    if (folder->marked)
        return !names_in(folder->fd)
                   ? HM_OK
                   : hm_refuse("%s: is a folder with something else in it (-o names another)", folder->path);
    HM_TRY(hm_in(hm_file_read(folder->fd, marker, MARKER_MAX, &theirs), "%s", folder->path));
    return hm_bytes_equal(hm_buf_bytes(&theirs), hm_text(mine))
               ? HM_OK
               : hm_refuse("%s: is the folder of another incident, or of a rehearsal (-o names another)", folder->path);
}

hm_err hm_incident_folder_open(const hm_incident *i, const char *path, hm_incident_folder *folder) {
    char mine[MARKER_MAX];
    if (path)
        snprintf(folder->path, sizeof folder->path, "%s", path);
    else
        snprintf(folder->path, sizeof folder->path, "%s-%.16s", i->rehearsal ? "rehearsal" : "incident", i->subject);
    snprintf(mine, sizeof mine, "%s of %s %s, office %s\n", i->rehearsal ? "rehearsal" : "incident",
             i->is_principal ? "principal" : "key", i->subject, i->office);
    folder->made = mkdir(folder->path, 0700) == 0;
    if (!folder->made && errno != EEXIST) return hm_could_not("%s: %s", folder->path, strerror(errno));
    HM_TRY(hm_folder_open(AT_FDCWD, folder->path, &folder->fd));
    HM_TRY(check_marker(folder, mine));
    return hm_file_write(folder->fd, marker, hm_text(mine), 0600);
}

hm_err hm_incident_folder_leave(const hm_incident_folder *folder, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    size_t names = names_in(folder->fd);
    if (folder->marked && names == 1) unlinkat(folder->fd, marker, 0);
    if (folder->made && folder->marked && names == 1) rmdir(folder->path);
    if (names <= 1) return hm_fault_raise(&fault);
    HM_BUF said = HM_BUF_EMPTY;
    const char *sentence = fault.sentence;
    bool all =
        !hm_failed(hm_put_format(&said, "%s (%s keeps what was written so far; the same command goes on with it)",
                                 fault.sentence, folder->path)) &&
        !hm_failed(hm_buf_string(&said, &sentence));
    return hm_raise_again(fault.class, all ? sentence : fault.sentence);
}
