/* Clients of a server over mTLS, as many as processor time allows on the same machine.
 *
 *   server_load sign PORT CA CERTIFICATE KEY TOKEN PROCESSES CONNECTIONS ITEMS SECONDS
 *   server_load connect PORT CA CERTIFICATE KEY PATH PROCESSES SECONDS
 *   server_load post PORT CA CERTIFICATE KEY PATH PROCESSES CONNECTIONS BODY SECONDS
 *
 * sign: each process keeps CONNECTIONS alive, each with a session that the token in the file TOKEN opens; it sends a
 * request of ITEMS digests over each, then reads all answers, until SECONDS have passed. connect: each process makes
 * one connection after another, with one request for PATH each. post: as sign, but each request is what the file BODY
 * holds, to PATH of a server that knows no sessions. Prints lines of name, value, unit. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES_MAX = 16, CONNECTIONS_MAX = 256, ITEMS_MAX = 64, ANSWER_MAX = 1 << 20, WAITS_MAX = 1 << 20 };
enum { REQUEST_MAX = 512 + ITEMS_MAX * 300 };

typedef struct {
    SSL *tls;
    char session[65];
} client;

typedef struct {
    uint64_t done, waits;
    double wait[WAITS_MAX]; /* seconds, of one request */
} shared;

static SSL_CTX *context;
static uint16_t port;
static char answer[ANSWER_MAX + 1];

static _Noreturn void stop(const char *what) {
    fprintf(stderr, "server_load: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void open_connection(client *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) stop(strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->tls = SSL_new(context);
    if (!c->tls || SSL_set_fd(c->tls, fd) != 1 || SSL_connect(c->tls) != 1) stop("no connection");
}

static void close_connection(client *c) {
    int fd = SSL_get_fd(c->tls);
    SSL_shutdown(c->tls);
    SSL_free(c->tls);
    close(fd);
}

static void send_all(client *c, const char *text, size_t len) {
    if (SSL_write(c->tls, text, (int)len) != (int)len) stop("the server does not listen");
}

/* A whole answer of status 200; its body. */
static const char *receive(client *c) {
    size_t have = 0, whole = SIZE_MAX;
    while (have < whole) {
        int n = have < ANSWER_MAX ? SSL_read(c->tls, answer + have, (int)(ANSWER_MAX - have)) : 0;
        if (n <= 0) stop("no whole answer");
        have += (size_t)n;
        answer[have] = 0;
        const char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "\r\ncontent-length:");
        if (whole == SIZE_MAX && end && length)
            whole = (size_t)(end + 4 - answer) + strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    }
    if (strncmp(answer, "HTTP/1.1 200", 12) != 0) stop(answer);
    return strstr(answer, "\r\n\r\n") + 4;
}

static void post(client *c, const char *path, const char *body, size_t len) {
    static char request[REQUEST_MAX + 20000];
    int n =
        snprintf(request, sizeof request,
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n%.*s",
                 path, c->session, len, (int)len, body);
    if (n < 0 || (size_t)n >= sizeof request) stop("a request is too long");
    send_all(c, request, (size_t)n);
}

static void open_session(client *c, const char *token) {
    char body[17000];
    open_connection(c);
    post(c, "/v1/sessions", "{}", 2);
    const char *id = strstr(receive(c), "\"session\":\"");
    if (!id) stop("no session");
    memcpy(c->session, id + strlen("\"session\":\""), 64);
    int n = snprintf(body, sizeof body, "{\"token\":\"%s\"}", token);
    post(c, "/v1/sessions/current/token", body, (size_t)n);
    receive(c);
}

static void ask_to_sign(client *c, unsigned items, uint64_t *number) {
    static char body[REQUEST_MAX];
    int n = snprintf(body, sizeof body, "{\"product\":\"pump\",\"release\":\"1.0\",\"formats\":[\"cms\"],\"items\":[");
    for (unsigned i = 0; i < items; i++, ++*number)
        n += snprintf(
            body + n, sizeof body - (size_t)n,
            "%s{\"format\":\"cms\",\"structure\":\"cms\",\"algorithm\":\"es256\",\"name\":\"f.bin\",\"size\":7,"
            "\"plain\":\"%032x%032llx\",\"content\":\"%032x%032llx\"}",
            i ? "," : "", getpid(), (unsigned long long)*number, getpid(), (unsigned long long)*number);
    n += snprintf(body + n, sizeof body - (size_t)n, "]}");
    post(c, "/v1/signatures", body, (size_t)n);
}

/* What is posted over and over; PATH NULL: signatures are asked for. */
typedef struct {
    const char *path, *token;
    char body[16384];
    unsigned connections, items;
    double seconds;
} orders;

static void ask_again(shared *all, const orders *o) {
    static client c[CONNECTIONS_MAX];
    double sent[CONNECTIONS_MAX];
    uint64_t number = 0;
    for (unsigned i = 0; i < o->connections; i++) {
        if (o->path)
            open_connection(&c[i]);
        else
            open_session(&c[i], o->token);
    }
    for (double end = now() + o->seconds; now() < end;) {
        for (unsigned i = 0; i < o->connections; i++) {
            sent[i] = now();
            if (o->path)
                post(&c[i], o->path, o->body, strlen(o->body));
            else
                ask_to_sign(&c[i], o->items, &number);
        }
        for (unsigned i = 0; i < o->connections; i++) {
            receive(&c[i]);
            if (all->waits < WAITS_MAX) all->wait[all->waits++] = now() - sent[i];
        }
        all->done += (uint64_t)o->connections * o->items;
    }
    for (unsigned i = 0; i < o->connections; i++) close_connection(&c[i]);
}

static void connect_often(shared *all, const char *path, double seconds) {
    char request[256];
    client c;
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    for (double end = now() + seconds; now() < end; all->done++) {
        open_connection(&c);
        send_all(&c, request, (size_t)n);
        receive(&c);
        close_connection(&c);
    }
}

/* The first line of a file. */
static void read_line(const char *name, char line[static 16384]) {
    FILE *file = fopen(name, "r");
    if (!file || !fgets(line, 16384, file)) stop(name);
    line[strcspn(line, "\n")] = 0;
    fclose(file);
}

static void make_context(char **files) {
    context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_load_verify_locations(context, files[0], NULL) != 1 ||
        SSL_CTX_use_certificate_file(context, files[1], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, files[2], SSL_FILETYPE_PEM) != 1)
        stop("certificates or key cannot be read");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(shared *const *all, unsigned processes, double seconds) {
    uint64_t done = 0, waits = 0;
    double *wait = calloc(WAITS_MAX, sizeof *wait);
    for (unsigned i = 0; wait && i < processes; i++) {
        done += all[i]->done;
        for (uint64_t j = 0; j < all[i]->waits && waits < WAITS_MAX; j++) wait[waits++] = all[i]->wait[j];
    }
    if (wait) qsort(wait, waits, sizeof *wait, compare);
    printf("load_done %llu\nload_rate %.1f /s\n", (unsigned long long)done, (double)done / seconds);
    if (wait && waits) printf("load_median %.6f s\nload_99 %.6f s\n", wait[waits / 2], wait[waits * 99 / 100]);
    free(wait);
}

int main(int argc, char **argv) {
    static char token[16384];
    static orders o = {.connections = 1, .items = 1, .token = token};
    bool signs = argc == 11 && strcmp(argv[1], "sign") == 0, posts = argc == 11 && strcmp(argv[1], "post") == 0;
    if (!signs && !posts && !(argc == 9 && strcmp(argv[1], "connect") == 0)) stop("wrong usage");
    port = (uint16_t)atoi(argv[2]);
    make_context(argv + 3);
    unsigned processes = (unsigned)atoi(argv[7]);
    o.seconds = atof(argv[argc - 1]);
    if (signs || posts) o.connections = (unsigned)atoi(argv[8]);
    if (signs) read_line(argv[6], token), o.items = (unsigned)atoi(argv[9]);
    if (posts) read_line(argv[9], o.body), o.path = argv[6];
    shared *all[PROCESSES_MAX];
    if (!processes || processes > PROCESSES_MAX || o.connections > CONNECTIONS_MAX || o.items > ITEMS_MAX)
        stop("wrong usage");
    for (unsigned i = 0; i < processes; i++) {
        all[i] = mmap(NULL, sizeof *all[i], PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (all[i] == MAP_FAILED) stop("no memory");
        if (fork() != 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (signs || posts)
            ask_again(all[i], &o);
        else
            connect_often(all[i], argv[6], o.seconds);
        _exit(0);
    }
    int status = 0;
    while (wait(&status) > 0)
        if (status != 0) return 1;
    report(all, processes, o.seconds);
    return 0;
}
