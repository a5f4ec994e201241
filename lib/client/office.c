#include <base/io.h>
#include <base/sandbox.h>
#include <client/office.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's whole life. An interrupt from the terminal ends the front; the core sees its peer close and finishes what
 * it is doing, so that no intent is left without what became of it. */
static _Noreturn void run_core(int fd, const char *directory, bool rehearsal, void (*survivor)(void *context),
                               void *context) {
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NAME, "hallmark-core");
    hm_err err = rehearsal ? hm_core_rehearse(fd, directory) : hm_core_serve(fd, directory);
    if (survivor) survivor(context);
    if (hm_failed(err)) {
        hm_message message = {.type = HM_MSG_FAULT};
        message.field[HM_FAULT_CLASS].number = err.class;
        message.field[HM_FAULT_SENTENCE].bytes = hm_text(hm_err_sentence());
        (void)!hm_failed(hm_wire_send(fd, &message));
    }
    _exit(hm_failed(err) ? 1 : 0);
}

static hm_err greet(hm_connection *connection) {
    hm_message question = {.type = HM_MSG_HELLO}, answer;
    question.field[HM_HELLO_VERSION].number = HM_WIRE_VERSION;
    HM_TRY(hm_ask(connection, &question, &answer));
    if (answer.type != HM_MSG_WELCOME) return hm_could_not("core language: no welcome");
    memcpy(connection->uuid, answer.field[HM_WELCOME_UUID].bytes.data, sizeof connection->uuid);
    hm_bytes organization = answer.field[HM_WELCOME_ORGANIZATION].bytes, origin = answer.field[HM_WELCOME_ORIGIN].bytes;
    snprintf(connection->organization, sizeof connection->organization, "%.*s", (int)organization.len,
             (const char *)organization.data);
    snprintf(connection->origin, sizeof connection->origin, "%.*s", (int)origin.len, (const char *)origin.data);
    connection->development = answer.field[HM_WELCOME_DEVELOPMENT].number != 0;
    return HM_OK;
}

/* The core of a server for this office, if one runs: its socket lies in the folder. *FD stays -1 if there is none.
 * Whose folder it is must be whose server it is. */
static hm_err join(const char *directory, int *fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat folder;
    struct ucred server;
    socklen_t len = sizeof server;
    HM_FD where = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (where < 0 || fstat(where, &folder) != 0) return HM_OK;
    /* By descriptor: a folder's name may be longer than a socket's may. */
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" HM_CORE_SOCKET, where);
    HM_FD made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0 || connect(made, (struct sockaddr *)&address, sizeof address) != 0)
        return errno == EACCES || errno == EAGAIN
                   ? hm_could_not("%s/" HM_CORE_SOCKET ": %s", directory, strerror(errno))
                   : HM_OK;
    if (getsockopt(made, SOL_SOCKET, SO_PEERCRED, &server, &len) != 0 ||
        (server.uid != folder.st_uid && server.uid != 0))
        return hm_refuse("%s/" HM_CORE_SOCKET ": a process of somebody else answers there", directory);
    *fd = made;
    made = -1;
    return HM_OK;
}

hm_err hm_connection_begin(hm_connection *connection) {
    hm_err err = greet(connection);
    if (!hm_failed(err)) return HM_OK;
    hm_fault fault = hm_fault_keep(err);
    (void)!hm_failed(hm_disconnect(connection));
    return hm_fault_raise(&fault);
}

static hm_err fork_core(const char *directory, bool rehearsal, void (*survivor)(void *context), void *context,
                        hm_connection *connection) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return hm_could_not("no socket for the core: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        run_core(pair[1], directory, rehearsal, survivor, context);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return hm_could_not("no process for the core: %s", strerror(errno));
    }
    connection->fd = pair[0];
    connection->core = pid;
    return hm_connection_begin(connection);
}

hm_err hm_connect(const char *directory, void (*survivor)(void *context), void *context, hm_connection *connection) {
    *connection = HM_CONNECTION_NONE;
    HM_TRY(join(directory, &connection->fd));
    if (connection->fd >= 0) return hm_connection_begin(connection);
    return fork_core(directory, false, survivor, context, connection);
}

hm_err hm_connect_rehearsal(const char *directory, hm_connection *connection) {
    *connection = HM_CONNECTION_NONE;
    return fork_core(directory, true, NULL, NULL, connection);
}

hm_err hm_listen(hm_connection *connection, hm_message *answer) {
    bool closed;
    HM_TRY(hm_wire_receive(connection->fd, &connection->storage, answer, &closed));
    if (closed || answer->type == HM_MSG_CLOSING) return hm_could_not("the office's core has ended (was it killed?)");
    return answer->type == HM_MSG_FAULT ? hm_wire_raise(answer) : HM_OK;
}

hm_err hm_ask(hm_connection *connection, const hm_message *question, hm_message *answer) {
    /* A question that cannot be written down is not sent, and no answer to it comes. */
    HM_BUF frame = HM_BUF_EMPTY;
    HM_TRY(hm_wire_put(question, &frame));
    /* A core that could not start has said why and closed: what it said is worth more than "broken pipe". */
    hm_err sent = hm_wire_send_frames(connection->fd, hm_buf_bytes(&frame));
    hm_err heard = hm_listen(connection, answer);
    return hm_failed(heard) ? heard : sent;
}

/* The last word counts. What comes before it are answers that nobody waited for. */
static hm_err hear_out(hm_connection *connection) {
    hm_err err = HM_OK;
    hm_message last;
    for (bool closed = false;;) {
        hm_err heard = hm_wire_receive(connection->fd, &connection->storage, &last, &closed);
        if (hm_failed(heard) || closed) return err;
        err = last.type == HM_MSG_FAULT ? hm_wire_raise(&last) : HM_OK;
        connection->unpublished = last.type == HM_MSG_CLOSING && last.field[HM_CLOSING_UNPUBLISHED].number;
    }
}

hm_err hm_disconnect(hm_connection *connection) {
    if (connection->fd < 0) return HM_OK;
    shutdown(connection->fd, SHUT_WR);
    hm_err err = hear_out(connection);
    hm_fd_close(&connection->fd);
    hm_buf_clear(&connection->storage);
    if (!connection->core) return err;
    int status = 0;
    while (waitpid(connection->core, &status, 0) < 0 && errno == EINTR) {
    }
    if (!hm_failed(err) && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        err = hm_could_not("the office's core has ended unexpectedly (run hallmark log check)");
    return err;
}
