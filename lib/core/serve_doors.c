#include "serve_doors.h"

#include <base/file.h>

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int hm_door_local(int door, uint32_t *user) {
    struct ucred caller;
    socklen_t len = sizeof caller;
    int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return -1; /* it went away again */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &caller, &len) != 0 || len != sizeof caller) return close(fd), -1;
    *user = caller.uid;
    return fd;
}

static bool is_stream_of_this_machine(int fd) {
    int domain, type;
    socklen_t len = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 || domain != AF_UNIX) return false;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* Nothing lingers, which would keep everybody waiting. */
static void close_unwanted(int fd) {
    const struct linger none = {.l_onoff = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

enum { DESCRIPTORS_MAX = 2 }; /* that CMSG_SPACE of one has room for */

/* A packet of a front is one end of a new session's socket; of one that was taken over, anything. */
int hm_door_fronts(int *door) {
    char byte;
    int fd[DESCRIPTORS_MAX];
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {&byte, 1};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(*door, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n == 0) hm_fd_close(door);
    if (n <= 0) return -1;
    struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) return -1;
    size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (count > DESCRIPTORS_MAX) count = DESCRIPTORS_MAX;
    memcpy(fd, CMSG_DATA(head), count * sizeof fd[0]);
    if (count == 1 && is_stream_of_this_machine(fd[0])) return fd[0];
    for (size_t i = 0; i < count; i++) close_unwanted(fd[i]);
    return -1;
}
