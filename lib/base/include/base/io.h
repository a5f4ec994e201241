/* Where bytes come from and go to.
 *
 * hm_source is a file of known size that is read by offset, or a piece of memory. hm_sink is where output goes: a file
 * descriptor written in sequence (and patched by offset before it is handed on), or a buffer. Neither knows names: the
 * process that opens files (app/) is not the one that reads them. */
#ifndef HM_BASE_IO_H
#define HM_BASE_IO_H

#include <base/bytes.h>

/* Big files are read in blocks of this size: read() of 64 to 256 KiB beats mmap. */
enum { HM_IO_BLOCK = 128 * 1024 };

typedef struct {
    int fd; /* -1: memory */
    hm_bytes memory;
    uint64_t size;
} hm_source;

hm_source hm_source_of_memory(hm_bytes memory);
/* FD stays the caller's and must outlive the source. A fault unless it is a regular file. */
HM_MUST_USE hm_err hm_source_of_file(int fd, hm_source *source);
/* Exactly LEN bytes from OFFSET; a file that has become shorter is a fault. */
HM_MUST_USE hm_err hm_source_read(const hm_source *source, uint64_t offset, void *to, size_t len);
/* The whole content appended to BUF; a fault if it is larger than LIMIT. */
HM_MUST_USE hm_err hm_source_read_all(const hm_source *source, size_t limit, hm_buf *buf);

/* From now on this process adds what it reads from files to *COUNTER, in shared memory: so that another can show how
 * far it has come. */
void hm_source_count(_Atomic uint64_t *counter);

typedef struct {
    int fd;      /* -1: buffer */
    hm_buf *buf; /* neither: only counted */
    uint64_t written;
} hm_sink;

hm_sink hm_sink_to_buf(hm_buf *buf);
hm_sink hm_sink_to_file(int fd);
hm_sink hm_sink_to_nothing(void);
HM_MUST_USE hm_err hm_sink_write(hm_sink *sink, hm_bytes bytes);
/* Overwrite bytes that were written already. */
HM_MUST_USE hm_err hm_sink_patch(hm_sink *sink, uint64_t offset, hm_bytes bytes);

/* Read or write all of LEN bytes on a socket, pipe or file, going on after EINTR. A closed peer is a fault. */
HM_MUST_USE hm_err hm_fd_read(int fd, void *to, size_t len);
HM_MUST_USE hm_err hm_fd_write(int fd, hm_bytes bytes);

void hm_fd_close(int *fd);
#define HM_FD __attribute__((cleanup(hm_fd_close))) int

#endif
