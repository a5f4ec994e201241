#include "monitor.h"

#include <base/file.h>
#include <crypto/digest.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { STATE_MAX = 65536, ID_LEN = 8 };

static hm_err name_beside(const char *state, const char *ending, hm_buf *name, const char **string) {
    HM_TRY(hm_put_format(name, "%s%s", state, ending));
    return hm_buf_string(name, string);
}

hm_err hm_monitor_state_lock(const char *state) {
    HM_BUF name = HM_BUF_EMPTY;
    const char *path;
    HM_TRY(name_beside(state, ".lock", &name, &path));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return hm_could_not("%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return HM_OK; /* until this process ends */
    hm_err err = errno == EWOULDBLOCK ? hm_could_not("%s: another monitor is at work with this state", state)
                                      : hm_could_not("%s: %s", path, strerror(errno));
    hm_fd_close(&fd);
    return err;
}

hm_err hm_monitor_state_read(const char *state, hm_buf *held) {
    held->len = 0;
    if (faccessat(AT_FDCWD, state, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) return HM_OK;
    HM_TRY(hm_file_read(AT_FDCWD, state, STATE_MAX, held));
    /* An empty file is no head that was never held. */
    return held->len ? HM_OK : hm_put_u8(held, '\n');
}

hm_err hm_monitor_state_write(const char *state, hm_bytes checkpoint) {
    return hm_file_write(AT_FDCWD, state, checkpoint, 0644);
}

static hm_err pair_id(hm_bytes held, hm_bytes served, hm_buf *id) {
    hm_hash hash;
    hm_digest digest;
    uint8_t first[HM_SHA256_LEN];
    hm_sha256(held, first); /* so that the border between the two is part of it */
    hm_hash_init(&hash, HM_SHA256);
    hm_hash_update(&hash, HM_ARRAY(first));
    hm_hash_update(&hash, served);
    hm_hash_final(&hash, &digest);
    return hm_put_hex(id, HM_BYTES(digest.value, ID_LEN));
}

static hm_err keep(const char *state, hm_bytes id, const char *which, hm_bytes checkpoint, hm_buf *name) {
    const char *path;
    HM_TRY(hm_put_format(name, "%s.evidence-%.*s.%s", state, (int)id.len, (const char *)id.data, which));
    HM_TRY(hm_buf_string(name, &path));
    return hm_file_write(AT_FDCWD, path, checkpoint, 0644);
}

hm_err hm_monitor_keep_evidence(const char *state, hm_bytes held, hm_bytes served, hm_buf *held_name,
                                hm_buf *served_name) {
    static unsigned kept;
    HM_BUF id = HM_BUF_EMPTY;
    if (kept == HM_EVIDENCE_MAX) return HM_OK;
    kept++;
    HM_TRY(pair_id(held, served, &id));
    HM_TRY(keep(state, hm_buf_bytes(&id), "held", held, held_name));
    return keep(state, hm_buf_bytes(&id), "served", served, served_name);
}
