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

static bool is_empty(const char *directory) {
    DIR *folder = opendir(directory);
    size_t names = 0;
    if (!folder) return false;
    for (const struct dirent *entry; (entry = readdir(folder));)
        names += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return !names;
}

/* One that this command made before, for the same, is written anew; files of an interrupted one are, too. */
static hm_err check_marker(const char *directory, int folder, const char *mine) {
    HM_BUF theirs = HM_BUF_EMPTY;
    if (faccessat(folder, marker, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return is_empty(directory)
                   ? HM_OK
                   : hm_refuse("%s: is a folder with something else in it (-o names another)", directory);
    HM_TRY(hm_in(hm_file_read(folder, marker, MARKER_MAX, &theirs), "%s", directory));
    return hm_bytes_equal(hm_buf_bytes(&theirs), hm_text(mine))
               ? HM_OK
               : hm_refuse("%s: is the folder of another incident, or of a rehearsal (-o names another)", directory);
}

hm_err hm_incident_folder(const hm_incident *i, const char *path, char *directory, size_t size, int *folder) {
    char mine[MARKER_MAX];
    if (path)
        snprintf(directory, size, "%s", path);
    else
        snprintf(directory, size, "%s-%.16s", i->rehearsal ? "rehearsal" : "incident", i->subject);
    snprintf(mine, sizeof mine, "%s of %s %s, office %s\n", i->rehearsal ? "rehearsal" : "incident",
             i->is_principal ? "principal" : "key", i->subject, i->office);
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) return hm_could_not("%s: %s", directory, strerror(errno));
    HM_TRY(hm_folder_open(AT_FDCWD, directory, folder));
    HM_TRY(check_marker(directory, *folder, mine));
    return hm_file_write(*folder, marker, hm_text(mine), 0600);
}
