#include "post.h"

#include <base/io.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 4 * sizeof(uint32_t) };

/* Room for one descriptor, aligned as the kernel wants it. */
typedef union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
} control;

void hm_post_start(hm_post *post, hm_post_kind kind, uint32_t job, uint32_t a, uint32_t b) {
    post->kind = kind;
    post->job = job;
    post->a = a;
    post->b = b;
    post->fd = -1;
    post->text_len = 0;
}

void hm_post_copy(hm_post *to, const hm_post *from) { memcpy(to, from, offsetof(hm_post, text) + from->text_len); }

/* 0, or an error number. */
static int send_post(int socket, const hm_post *post) {
    uint32_t head[4] = {(uint32_t)post->kind, post->job, post->a, post->b};
    /* The kernel only reads it; iovec has no const. */
    struct iovec parts[2] = {{head, HEAD}, {(void *)(uintptr_t)post->text, post->text_len}};
    control room = {.bytes = {0}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (post->fd >= 0) {
        message.msg_control = room.bytes;
        message.msg_controllen = sizeof room.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &post->fd, sizeof(int));
    }
    ssize_t n;
    do n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : 0;
}

hm_err hm_post_send(int socket, const hm_post *post) {
    int error = send_post(socket, post);
    return error ? hm_could_not("the parsing process cannot be reached: %s", strerror(error)) : HM_OK;
}

hm_err hm_post_answer(int socket, const hm_post *post) {
    int error = send_post(socket, post);
    if (!error || error == EPIPE || error == ECONNRESET) return HM_OK;
    return hm_could_not("the parsing process cannot be reached: %s", strerror(error));
}

static int take_descriptor(struct msghdr *message) {
    int fd = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        if (header->cmsg_len == CMSG_LEN(sizeof(int))) memcpy(&fd, CMSG_DATA(header), sizeof(int));
    }
    return fd;
}

static hm_err receive(int socket, hm_post *post, bool with_descriptor, bool *waits, bool *closed) {
    uint32_t head[4];
    struct iovec parts[2] = {{head, HEAD}, {post->text, sizeof post->text}};
    control room = {.bytes = {0}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = with_descriptor ? room.bytes : NULL,
                             /* without the padding, in which there would be room for a second one */
                             .msg_controllen = with_descriptor ? CMSG_LEN(sizeof(int)) : 0};
    ssize_t n;
    /* A peer that went with something unread is told of once, before what it said last. */
    do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (waits ? MSG_DONTWAIT : 0));
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    bool none = waits && n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (waits) *waits = !none;
    *closed = n == 0;
    post->fd = -1;
    if (*closed || none) return HM_OK;
    if (n < 0) return hm_could_not("the parsing process cannot be heard: %s", strerror(errno));
    post->fd = with_descriptor ? take_descriptor(&message) : -1;
    if ((size_t)n < HEAD || (message.msg_flags & (with_descriptor ? MSG_TRUNC | MSG_CTRUNC : MSG_TRUNC))) {
        hm_fd_close(&post->fd);
        return hm_could_not("the parsing process sent something malformed");
    }
    post->kind = (hm_post_kind)head[0];
    post->job = head[1];
    post->a = head[2];
    post->b = head[3];
    post->text_len = (size_t)n - HEAD;
    return HM_OK;
}

hm_err hm_post_receive(int socket, hm_post *post, bool *closed) { return receive(socket, post, true, NULL, closed); }

hm_err hm_post_receive_plain(int socket, hm_post *post, bool *waits, bool *closed) {
    return receive(socket, post, false, waits, closed);
}

void hm_post_set_text(hm_post *post, hm_bytes text) {
    post->text_len = text.len < sizeof post->text ? text.len : sizeof post->text;
    if (post->text_len) memcpy(post->text, text.data, post->text_len);
}
