#include "supervise.h"

#include "front.h"
#include "tokens.h"

#include <base/file.h>
#include <base/io.h>
#include <base/sandbox.h>
#include <core/core.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    DESCRIPTORS = 8192,
    CORE_END_SECONDS = 30,
    SHORT_LIFE_SECONDS = 2,
    SHORT_LIVES_MAX = 5,
    REST_NANOSECONDS = 200000000
};

typedef struct {
    pid_t pid;
    int stop; /* to tell it to end */
} child;

typedef struct {
    hm_config *config;
    int folder, lock, local, listener, metrics, tsa, signals;
    int fronts[2], tokens[2];         /* of the core, of the other */
    child core, front, judge, former; /* FORMER: a front that is ending */
    int64_t began, started;           /* monotonic seconds: the server; what was started last */
    int64_t issuers_time;             /* of the file that the judge has read */
    unsigned short_lives;             /* of processes, one after another */
    bool ends;
} server;

static int64_t seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void say(const char *what) { (void)!dprintf(2, "hallmarkd: %s\n", what); }

/* ---- sockets ---- */

static hm_err listen_local(server *s) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    s->lock = openat(s->folder, "server.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0) return hm_could_not("%s/server.lock: %s", s->config->office, strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        return hm_could_not("%s: another hallmarkd serves this office", s->config->office);
    s->local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" HM_CORE_SOCKET, s->folder);
    (void)unlinkat(s->folder, HM_CORE_SOCKET, 0);
    /* Who may come in at all is the folder's affair; who may do what is the core's. */
    mode_t before = umask(0111);
    bool bound = s->local >= 0 && bind(s->local, (struct sockaddr *)&address, sizeof address) == 0;
    umask(before);
    return bound && listen(s->local, BACKLOG) == 0
               ? HM_OK
               : hm_could_not("%s/" HM_CORE_SOCKET ": %s", s->config->office, strerror(errno));
}

static hm_err listen_tcp(const char *text, int *fd) {
    char host[64];
    uint16_t port;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    int yes = 1;
    if (!text[0]) return HM_OK;
    HM_TRY(hm_config_address(text, host, &port));
    v4.sin_port = v6.sin6_port = htons(port);
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    (void)!inet_pton(AF_INET6, host, &v6.sin6_addr); /* it is one of them */
    *fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* What accept gives inherits both. */
    if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0 ||
        bind(*fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, is_v4 ? sizeof v4 : sizeof v6) != 0 ||
        listen(*fd, BACKLOG) != 0)
        return hm_could_not("%s: %s", text, strerror(errno));
    return HM_OK;
}

/* ---- processes ---- */

static _Noreturn void end_child(const char *name, hm_err err) {
    if (hm_failed(err)) (void)!dprintf(2, "hallmarkd: %s: %s\n", name, hm_err_sentence());
    _exit((int)err.class);
}

/* Fork; *STOP is the parent's end of a pipe that tells the child to end. In the child *STOP is its own end, signals are
 * as they were, and it dies with its parent. */
static hm_err fork_child(server *s, child *c) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return hm_could_not("pipe: %s", strerror(errno));
    pid_t parent = getpid();
    c->pid = fork();
    if (c->pid < 0) return close(pipe_ends[0]), close(pipe_ends[1]), hm_could_not("fork: %s", strerror(errno));
    if (c->pid > 0) return close(pipe_ends[0]), c->stop = pipe_ends[1], HM_OK;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(HM_COULD_NOT);
    close(pipe_ends[1]);
    close(s->signals);
    /* Who holds a pipe's end could tell its reader to end. */
    child *const others[] = {&s->core, &s->front, &s->judge, &s->former};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i] != c) hm_fd_close(&others[i]->stop);
    c->stop = pipe_ends[0];
    return HM_OK;
}

static hm_err start_core(server *s) {
    HM_TRY(fork_child(s, &s->core));
    if (s->core.pid) return HM_OK;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NAME, "hallmark-core");
    hm_fd_close(&s->listener);
    hm_fd_close(&s->metrics);
    hm_fd_close(&s->tsa);
    hm_core_doors doors = {.local = s->local,
                           .fronts = s->fronts[0],
                           .identity = s->config->issuers[0] ? s->tokens[0] : -1,
                           .stop = s->core.stop,
                           .strangers_stamps = s->config->strangers_stamps};
    close(s->fronts[1]);
    close(s->tokens[1]);
    signal(SIGPIPE, SIG_IGN);
    end_child("core", hm_core_serve_office(s->config->office, &doors));
}

static hm_err start_front(server *s) {
    if (s->listener < 0) return HM_OK;
    HM_TRY(fork_child(s, &s->front));
    if (s->front.pid) return HM_OK;
    hm_front_plan plan = {.config = s->config,
                          .listener = s->listener,
                          .metrics = s->metrics,
                          .tsa = s->tsa,
                          .core = s->fronts[1],
                          .log = openat(s->folder, "log", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW),
                          .published = openat(s->folder, "published", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW),
                          .lists = openat(s->folder, "crl", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW),
                          .stop = s->front.stop};
    const int keep[] = {plan.listener, plan.metrics,   plan.tsa,   plan.core,
                        plan.log,      plan.published, plan.lists, plan.stop};
    hm_err err = hm_sandbox_close_others(keep, sizeof keep / sizeof keep[0]);
    end_child("front", hm_failed(err) ? err : hm_front_run(&plan));
}

static hm_err start_judge(server *s) {
    if (!s->config->issuers[0]) return HM_OK;
    HM_TRY(fork_child(s, &s->judge));
    if (s->judge.pid) return HM_OK;
    const int keep[] = {s->tokens[1]};
    hm_err err = hm_sandbox_close_others(keep, 1);
    end_child("tokens", hm_failed(err) ? err : hm_tokens_run(s->config, s->tokens[1]));
}

/* When the issuers' file was written; 0: there is none. */
static int64_t issuers_time(const server *s) {
    struct stat st;
    if (!s->config->issuers[0] || stat(s->config->issuers, &st) != 0) return 0;
    return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static hm_err start_all(server *s) {
    s->started = seconds();
    s->issuers_time = issuers_time(s);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s->fronts) != 0)
        return hm_could_not("socketpair: %s", strerror(errno));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->tokens) != 0)
        return hm_could_not("socketpair: %s", strerror(errno));
    HM_TRY(start_core(s));
    HM_TRY(start_judge(s));
    return start_front(s);
}

/* BYTE is a front's (front.h); the core looks at none. */
static void tell(child *c, char byte) {
    if (c->pid > 0 && c->stop >= 0) (void)!write(c->stop, &byte, 1);
}

static void tell_to_end(child *c) { tell(c, HM_FRONT_END); }

/* Wait until it has ended, or SECONDS have passed: then it is ended. */
static int wait_for(child *c, unsigned seconds) {
    int status = 0;
    const struct timespec moment = {0, 20000000};
    if (c->pid <= 0) return 0;
    for (unsigned i = 0; i < seconds * 50; i++) {
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) goto ended;
        nanosleep(&moment, NULL);
    }
    kill(c->pid, SIGKILL);
    waitpid(c->pid, &status, 0);
ended:
    hm_fd_close(&c->stop);
    c->pid = 0;
    return status;
}

/* Fronts first, so that what is under way is answered. */
static void end_all(server *s, unsigned seconds) {
    tell_to_end(&s->front);
    tell_to_end(&s->former);
    (void)wait_for(&s->front, seconds);
    (void)wait_for(&s->former, seconds);
    (void)wait_for(&s->judge, 0); /* it has nothing to finish */
    tell_to_end(&s->core);
    (void)wait_for(&s->core, CORE_END_SECONDS);
    hm_fd_close(&s->fronts[0]);
    hm_fd_close(&s->fronts[1]);
    hm_fd_close(&s->tokens[0]);
    hm_fd_close(&s->tokens[1]);
}

/* A process that ends at once each time is not started over and over; one that was ended is missed at once. */
static void rest(server *s) {
    if (seconds() - s->started >= SHORT_LIFE_SECONDS)
        s->short_lives = 0;
    else if (++s->short_lives > SHORT_LIVES_MAX)
        nanosleep(&(struct timespec){0, REST_NANOSECONDS}, NULL);
}

static hm_err restart(server *s, hm_err (*start)(server *)) {
    rest(s);
    s->started = seconds();
    return start(s);
}

/* What cannot begin does not take the place of what works, and what was begun in its sessions goes on in the former
 * front: a second reload ends that. The judge of tokens begins anew only for other issuers: it
 * remembers which tokens were used. */
static hm_err reload(server *s) {
    if (s->front.pid <= 0) return HM_OK;
    if (hm_failed(hm_front_check(s->config)) || hm_failed(hm_tokens_check(s->config)))
        return (void)!dprintf(2, "hallmarkd: reload: %s; the front before goes on\n", hm_err_sentence()), HM_OK;
    say("reload: a new front begins");
    if (s->judge.pid > 0 && issuers_time(s) != s->issuers_time) {
        (void)wait_for(&s->judge, 0);
        HM_TRY(start_judge(s));
    }
    s->issuers_time = issuers_time(s);
    s->started = seconds();
    if (s->former.pid > 0) (void)wait_for(&s->former, 0);
    s->former = s->front;
    s->front = (child){.stop = -1};
    tell(&s->former, HM_FRONT_LEAVE);
    return start_front(s);
}

static bool was(child *c, pid_t pid) {
    if (pid != c->pid) return false;
    hm_fd_close(&c->stop);
    c->pid = 0;
    return true;
}

static hm_err reap(server *s) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (was(&s->former, pid)) continue;
        if (was(&s->core, pid)) {
            /* It said why. An office that cannot be opened is not tried forever. */
            if (WIFEXITED(status) && seconds() - s->started < SHORT_LIFE_SECONDS)
                return s->ends = true, hm_could_not("the office cannot be served");
            say("the core has ended; everything begins anew");
            end_all(s, 0);
            rest(s);
            return start_all(s);
        }
        bool judges = was(&s->judge, pid);
        if (!judges && !was(&s->front, pid)) continue;
        /* Only a server that has just begun ends with it. */
        if (WIFEXITED(status) && WEXITSTATUS(status) && seconds() - s->began < SHORT_LIFE_SECONDS)
            return s->ends = true, hm_could_not("the office cannot be served");
        say(judges ? "the process that judges tokens has ended; another one begins"
                   : "a front has ended; another one begins");
        HM_TRY(restart(s, judges ? start_judge : start_front));
    }
    return HM_OK;
}

/* sd_notify(3), which is one datagram. */
static void notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path) return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    close(fd);
}

static hm_err watch(server *s) {
    struct signalfd_siginfo signal;
    while (!s->ends) {
        if (read(s->signals, &signal, sizeof signal) != sizeof signal) {
            if (errno == EINTR) continue;
            return hm_could_not("signals: %s", strerror(errno));
        }
        if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT) s->ends = true;
        if (signal.ssi_signo == SIGHUP) HM_TRY(reload(s));
        HM_TRY(reap(s));
    }
    return HM_OK;
}

static hm_err block_signals(int *fd) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *fd = signalfd(-1, &set, SFD_CLOEXEC);
    return *fd >= 0 ? HM_OK : hm_could_not("signalfd: %s", strerror(errno));
}

/* Where it listens; of port 0 the system chose one. */
static void say_address(int fd, const char *scheme, const char *path) {
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN];
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0) return;
    bool is_v4 = address.ss_family == AF_INET;
    const void *number = is_v4 ? (void *)&((struct sockaddr_in *)&address)->sin_addr
                               : (void *)&((struct sockaddr_in6 *)&address)->sin6_addr;
    in_port_t port = is_v4 ? ((struct sockaddr_in *)&address)->sin_port : ((struct sockaddr_in6 *)&address)->sin6_port;
    if (!inet_ntop(address.ss_family, number, host, sizeof host)) return;
    (void)!dprintf(2, is_v4 ? "hallmarkd: %s://%s:%u%s\n" : "hallmarkd: %s://[%s]:%u%s\n", scheme, host, ntohs(port),
                   path);
}

static void say_ready(const server *s) {
    (void)!dprintf(2, "hallmarkd: serves %s\n", s->config->office);
    say_address(s->listener, "https", "");
    say_address(s->metrics, "http", "/metrics");
    say_address(s->tsa, "http", "/tsa");
}

/* Each session is one in the front and one in the core, each connection one in the front. */
static void take_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS) return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static hm_err open_server(server *s) {
    take_descriptors();
    char whole[PATH_MAX];
    if (!realpath(s->config->office, whole) || strlen(whole) > HM_CONFIG_VALUE_MAX)
        return hm_could_not("%s: %s", s->config->office, strerror(errno));
    memcpy(s->config->office, whole, strlen(whole) + 1);
    s->folder = open(s->config->office, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0) return hm_could_not("%s: %s", s->config->office, strerror(errno));
    (void)mkdirat(s->folder, "published", 0755); /* so that the front has it, whenever something comes into it */
    (void)mkdirat(s->folder, "crl", 0755);       /* the same */
    HM_TRY(block_signals(&s->signals));
    HM_TRY(listen_tcp(s->config->listen, &s->listener));
    HM_TRY(listen_tcp(s->config->metrics, &s->metrics));
    HM_TRY(listen_tcp(s->config->tsa_listen, &s->tsa));
    return listen_local(s);
}

hm_err hm_supervise_check(const hm_config *config) {
    char database[HM_CONFIG_VALUE_MAX + 16];
    if (config->listen[0]) HM_TRY(hm_front_check(config));
    HM_TRY(hm_tokens_check(config));
    snprintf(database, sizeof database, "%s/office.db", config->office);
    if (access(database, R_OK | W_OK) == 0) return HM_OK;
    return hm_could_not("%s: %s (the office's folder is made by hallmark init)", database, strerror(errno));
}

hm_err hm_supervise(hm_config *config) {
    server s = {.config = config,
                .folder = -1,
                .lock = -1,
                .local = -1,
                .listener = -1,
                .metrics = -1,
                .tsa = -1,
                .signals = -1,
                .fronts = {-1, -1},
                .tokens = {-1, -1},
                .core = {.stop = -1},
                .front = {.stop = -1},
                .judge = {.stop = -1},
                .former = {.stop = -1}};
    hm_err err = open_server(&s);
    s.began = seconds();
    if (!hm_failed(err)) err = start_all(&s);
    if (!hm_failed(err)) {
        say_ready(&s);
        notify("READY=1");
        err = watch(&s);
        notify("STOPPING=1");
    }
    hm_fault fault = hm_fault_keep(err);
    end_all(&s, config->drain_seconds);
    if (s.local >= 0) (void)unlinkat(s.folder, HM_CORE_SOCKET, 0);
    hm_fd_close(&s.local);
    hm_fd_close(&s.lock);
    return hm_fault_raise(&fault);
}
