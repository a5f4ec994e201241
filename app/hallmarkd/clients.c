/* Connections over TLS: how many there may be, and how long each may take over what it says. evhttp has a time for each
 * read, which one octet now and then keeps from ever running out, and none for all of them. */
#include "front.h"

#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Seconds until a handshake is over; until a request is there whole, from the connection's beginning or the answer
 * before. */
enum { HANDSHAKE_SECONDS = 10, REQUEST_SECONDS = 60 };
enum { CLIENTS_MAX = 4000, CLIENTS_LEAST = 64, OF_ONE_ADDRESS = 256, BACKLOG = 1024, OTHER_DESCRIPTORS = 64 };
/* What requests that are not there whole may hold of memory, together. */
enum { PENDING_MAX = 64 * 1024 * 1024 };

struct hm_client {
    hm_front *front;
    hm_client *next, **self;
    SSL *tls;
    hm_address address;
    time_t since;
    uint64_t read; /* octets, when the last request was whole */
    size_t busy;   /* requests that are being answered */
    bool placed, known, ended;
};

static int ex_index = -1;

static time_t seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* When the connection is freed, whoever does it. */
static void forget(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long number, void *pointer) {
    (void)parent, (void)data, (void)index, (void)number, (void)pointer;
    hm_client *client = value;
    if (!client) return;
    *client->self = client->next;
    if (client->next) client->next->self = client->self;
    client->front->clients--;
    free(client);
}

static hm_address address_of(int fd) {
    hm_address address = {{0}};
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    if (getpeername(fd, (struct sockaddr *)&from, &len) != 0) return address;
    if (from.ss_family == AF_INET)
        memcpy(address.octet, &((struct sockaddr_in *)&from)->sin_addr, 4);
    else /* Who has one has 2^64 of them. */
        memcpy(address.octet, &((struct sockaddr_in6 *)&from)->sin6_addr, 8);
    return address;
}

/* evhttp notices, and frees it. */
static void end(hm_client *client) {
    client->ended = true;
    shutdown(SSL_get_fd(client->tls), SHUT_RDWR);
}

static bool is_of(const hm_client *client, const hm_address *address) {
    return !client->ended && client->placed && (!address || memcmp(&client->address, address, sizeof *address) == 0);
}

/* Of ADDRESS, or of any: the one that has been there longest without anybody's having been known to speak in it. */
static hm_client *oldest_stranger(hm_front *front, const hm_address *address) {
    hm_client *oldest = NULL;
    for (hm_client *client = front->client; client; client = client->next) /* youngest first */
        if (is_of(client, address) && !client->known && !client->busy) oldest = client;
    return oldest;
}

static size_t count_of(const hm_front *front, const hm_address *address) {
    size_t count = 0;
    for (const hm_client *client = front->client; client; client = client->next) count += is_of(client, address);
    return count;
}

/* A new one takes the place of a stranger, if there are too many; if all are known, none. */
static void place(hm_client *client) {
    hm_front *front = client->front;
    client->placed = true;
    client->address = address_of(SSL_get_fd(client->tls));
    if (count_of(front, &client->address) > OF_ONE_ADDRESS) end(oldest_stranger(front, &client->address));
    if (!client->ended && count_of(front, NULL) > front->clients_max) end(oldest_stranger(front, NULL));
}

/* evhttp gives a connection its socket after it has asked for it. */
static void on_place(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    const hm_front *front = context;
    for (hm_client *client = front->client, *next; client; client = next) {
        next = client->next;
        if (!client->placed) place(client);
    }
}

static hm_client *add(hm_front *front, SSL *tls) {
    hm_client *client = calloc(1, sizeof *client);
    if (!client) return NULL;
    *client =
        (hm_client){.front = front, .tls = tls, .since = seconds(), .next = front->client, .self = &front->client};
    if (client->next) client->next->self = &client->next;
    front->client = client;
    front->clients++;
    return client;
}

struct bufferevent *hm_clients_new(struct event_base *base, void *context) {
    hm_front *front = context;
    SSL *tls = SSL_new(front->tls);
    hm_client *client = tls ? add(front, tls) : NULL;
    struct bufferevent *bev = NULL;
    if (client && SSL_set_ex_data(tls, ex_index, client) == 1)
        bev = bufferevent_openssl_socket_new(base, -1, tls, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    /* Without one evhttp would speak HTTP in the clear. */
    if (!bev) _exit(HM_COULD_NOT);
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    event_active(front->placing, 0, 0);
    return bev;
}

static uint64_t octets_read(const hm_client *client) {
    BIO *bio = SSL_get_rbio(client->tls);
    return bio ? BIO_number_read(bio) : 0;
}

static uint64_t pending(const hm_client *client) {
    return client->busy || client->ended ? 0 : octets_read(client) - client->read;
}

bool hm_clients_ask(const hm_front *front) {
    for (const hm_client *client = front->client; client; client = client->next)
        if (client->known && pending(client)) return true;
    return false;
}

/* Those that hold most go first. */
static void end_largest(hm_front *front) {
    for (;;) {
        uint64_t sum = 0;
        hm_client *largest = NULL;
        for (hm_client *client = front->client; client; client = client->next) {
            sum += pending(client);
            if (!largest || pending(client) > pending(largest)) largest = client;
        }
        if (sum <= PENDING_MAX || !largest) return;
        end(largest);
    }
}

void hm_clients_expire(hm_front *front) {
    time_t now = seconds();
    for (hm_client *client = front->client; client; client = client->next) {
        time_t most = SSL_is_init_finished(client->tls) ? REQUEST_SECONDS : HANDSHAKE_SECONDS;
        if (!client->ended && !client->busy && now - client->since > most) end(client);
    }
    end_largest(front);
}

/* ---- requests ---- */

static hm_client *client_of(struct evhttp_request *request) {
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    SSL *tls = connection ? bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(connection)) : NULL;
    return tls ? SSL_get_ex_data(tls, ex_index) : NULL;
}

static void on_complete(struct evhttp_request *request, void *context) {
    (void)request;
    hm_client *client = context;
    client->busy--;
    client->since = seconds();
}

void hm_client_asks(struct evhttp_request *request) {
    hm_client *client = client_of(request);
    if (!client) return;
    client->busy++;
    client->read = octets_read(client);
    evhttp_request_set_on_complete_cb(request, on_complete, client);
}

void hm_client_is_known(struct evhttp_request *request) {
    hm_client *client = client_of(request);
    if (client) client->known = true;
}

hm_address hm_client_address(struct evhttp_request *request) {
    const hm_client *client = client_of(request);
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    if (client || !connection) return client ? client->address : (hm_address){{0}};
    return address_of(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)));
}

hm_err hm_clients_begin(hm_front *front) {
    struct rlimit descriptors = {0};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    size_t others = HM_WEB_SESSIONS_MAX + BACKLOG + OTHER_DESCRIPTORS, most = descriptors.rlim_cur;
    front->clients_max = most < others + CLIENTS_LEAST ? CLIENTS_LEAST
                         : most < others + CLIENTS_MAX ? most - others
                                                       : CLIENTS_MAX;
    ex_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, forget);
    front->placing = event_new(front->base, -1, 0, on_place, front);
    return ex_index >= 0 && front->placing ? HM_OK : hm_no_memory();
}
