#include <base/io.h>
#include <base/secret.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void hm_wipe(void *memory, size_t len) { explicit_bzero(memory, len); }

hm_err hm_random(void *to, size_t len) {
    uint8_t *at = to;
    while (len) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return hm_could_not("the kernel gives no random bytes: %s", strerror(errno));
        at += n;
        len -= (size_t)n;
    }
    return HM_OK;
}

hm_err hm_secret_new(hm_secret **secret) {
    void *page = mmap(NULL, sizeof(hm_secret), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return hm_no_memory();
    /* Locking can be forbidden by a resource limit; leaving it out of dumps cannot. */
    (void)mlock(page, sizeof(hm_secret));
    madvise(page, sizeof(hm_secret), MADV_DONTDUMP);
    *secret = page;
    return HM_OK;
}

void hm_secret_free(hm_secret **secret) {
    if (!*secret) return;
    hm_wipe(*secret, sizeof **secret);
    munmap(*secret, sizeof **secret);
    *secret = NULL;
}

static hm_err read_line(int fd, hm_secret *secret) {
    while (secret->len < HM_SECRET_MAX) {
        ssize_t n = read(fd, secret->data + secret->len, HM_SECRET_MAX - secret->len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return hm_could_not("the secret cannot be read: %s", strerror(errno));
        secret->len += (size_t)n;
        const uint8_t *end = memchr(secret->data, '\n', secret->len);
        if (end || n == 0) {
            size_t len = end ? (size_t)(end - secret->data) : secret->len;
            if (!len) return hm_refuse("the secret is empty");
            if (len >= HM_SECRET_MAX) break;
            hm_wipe(secret->data + len, HM_SECRET_MAX - len);
            secret->len = len;
            return HM_OK;
        }
    }
    return hm_refuse("the secret is longer than %d bytes", HM_SECRET_MAX - 1);
}

hm_err hm_secret_from_fd(int fd, hm_secret **secret) {
    HM_SECRET *fresh = NULL;
    HM_TRY(hm_secret_new(&fresh));
    HM_TRY(read_line(fd, fresh));
    *secret = fresh;
    fresh = NULL;
    return HM_OK;
}

hm_err hm_secret_from_file(const char *path, hm_secret **secret) {
    HM_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return hm_could_not("%s: the secret cannot be opened: %s", path, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) != 0) return hm_could_not("%s: cannot be examined: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) return hm_refuse("%s: is not a regular file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return hm_refuse("%s: belongs to somebody else (a secret's file must belong to you)", path);
    if (st.st_mode & 077) return hm_refuse("%s: others can read it (chmod 600 %s)", path, path);
    return hm_in(hm_secret_from_fd(fd, secret), "%s", path);
}
