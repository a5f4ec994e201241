#include <base/io.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

hm_source hm_source_of_memory(hm_bytes memory) { return (hm_source){-1, memory, memory.len}; }

hm_err hm_source_of_file(int fd, hm_source *source) {
    struct stat st;
    /* The C library's fstat is a call by path, which a sandboxed parser may not make. */
    if (syscall(SYS_fstat, fd, &st) != 0) return hm_could_not("cannot be examined: %s", strerror(errno));
    if (!S_ISREG(st.st_mode)) return hm_refuse("is not a regular file");
    *source = (hm_source){fd, HM_NO_BYTES, (uint64_t)st.st_size};
    return HM_OK;
}

static _Atomic uint64_t *read_counter;

void hm_source_count(_Atomic uint64_t *counter) { read_counter = counter; }

static hm_err read_file_part(int fd, uint64_t offset, uint8_t *to, size_t len) {
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, to + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return hm_could_not("cannot be read: %s", strerror(errno));
        if (n == 0) return hm_could_not("became shorter while it was read (is something else writing it?)");
        done += (size_t)n;
    }
    if (read_counter) atomic_fetch_add_explicit(read_counter, len, memory_order_relaxed);
    return HM_OK;
}

hm_err hm_source_read(const hm_source *source, uint64_t offset, void *to, size_t len) {
    if (offset > source->size || len > source->size - offset)
        return hm_refuse("ends early: %zu bytes at %llu of %llu", len, (unsigned long long)offset,
                         (unsigned long long)source->size);
    if (!len) return HM_OK;
    if (source->fd >= 0) return read_file_part(source->fd, offset, to, len);
    memcpy(to, source->memory.data + offset, len);
    return HM_OK;
}

hm_err hm_source_read_all(const hm_source *source, size_t limit, hm_buf *buf) {
    if (source->size > limit) return hm_refuse("is larger than the %zu bytes that are allowed here", limit);
    size_t len = (size_t)source->size;
    if (!len) return HM_OK;
    HM_TRY(hm_buf_reserve(buf, len));
    HM_TRY(hm_source_read(source, 0, buf->data + buf->len, len));
    buf->len += len;
    return HM_OK;
}

hm_sink hm_sink_to_buf(hm_buf *buf) { return (hm_sink){-1, buf, 0}; }
hm_sink hm_sink_to_file(int fd) { return (hm_sink){fd, NULL, 0}; }
hm_sink hm_sink_to_nothing(void) { return (hm_sink){-1, NULL, 0}; }

hm_err hm_sink_write(hm_sink *sink, hm_bytes bytes) {
    if (sink->fd >= 0)
        HM_TRY(hm_fd_write(sink->fd, bytes));
    else if (sink->buf)
        HM_TRY(hm_put(sink->buf, bytes));
    sink->written += bytes.len;
    return HM_OK;
}

hm_err hm_sink_patch(hm_sink *sink, uint64_t offset, hm_bytes bytes) {
    if (offset > sink->written || bytes.len > sink->written - offset)
        return hm_refuse("a patch lies outside the output");
    if (!bytes.len) return HM_OK;
    if (sink->fd < 0 && !sink->buf) return HM_OK;
    if (sink->fd < 0) {
        memcpy(sink->buf->data + (sink->buf->len - sink->written) + offset, bytes.data, bytes.len);
        return HM_OK;
    }
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = pwrite(sink->fd, bytes.data + done, bytes.len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return hm_could_not("cannot be written: %s", strerror(n ? errno : EIO));
        done += (size_t)n;
    }
    return HM_OK;
}

hm_err hm_fd_read(int fd, void *to, size_t len) {
    uint8_t *at = to;
    while (len) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return hm_could_not("cannot read: %s", strerror(errno));
        if (n == 0) return hm_could_not("the other side has closed");
        at += n;
        len -= (size_t)n;
    }
    return HM_OK;
}

hm_err hm_fd_write(int fd, hm_bytes bytes) {
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = write(fd, bytes.data + done, bytes.len - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return hm_could_not("cannot be written: %s", strerror(n ? errno : EIO));
        done += (size_t)n;
    }
    return HM_OK;
}

void hm_fd_close(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}
