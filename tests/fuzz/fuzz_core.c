/* layers: base crypto core */
/* A core whose peer, a parser that was taken over, says anything at all in a narrowed session: the answers are
 * well-formed, there are no more signatures than were announced, and the log stays whole. */
#include <core/core.h>
#include <crypto/algorithm.h>

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIGNATURES = 2, INPUT_MAX = 16384, AUDIT_EVERY = 512 };

static char folder[64], directory[80];

/* SoftHSM loses a few octets with every Ed25519 signature. To tell those from ours takes whole stacks, which make a
 * session three times as long; our leaks are looked for where the core's tests run under the sanitizers. */
int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void) { return 1; }

static void must(bool holds) {
    if (!holds) abort();
}

/* Reads the answers, so that the core never waits for room, and counts them. */
typedef struct {
    int fd;
    size_t signatures;
    uint64_t open;
    bool audited;
} listener;

static void *listen_to_core(void *context) {
    listener *l = context;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message answer;
    for (bool closed = false;;) {
        must(!hm_failed(hm_wire_receive(l->fd, &storage, &answer, &closed)));
        if (closed) return NULL;
        must(answer.type % 2 == 0);
        l->signatures += answer.type == HM_MSG_SIGNED;
        if (answer.type != HM_MSG_LOG_AUDITED) continue;
        l->audited = true;
        l->open = answer.field[HM_LOG_AUDITED_OPEN].number;
    }
}

/* One session in which FRAMES are all that is said. */
static listener converse(const hm_buf *frames) {
    int pair[2];
    pthread_t thread;
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    listener l = {.fd = pair[0]};
    must(pthread_create(&thread, NULL, listen_to_core, &l) == 0);
    must(write(pair[0], frames->data, frames->len) == (ssize_t)frames->len);
    shutdown(pair[0], SHUT_WR);
    (void)!hm_failed(hm_core_serve(pair[1], directory));
    close(pair[1]);
    must(pthread_join(thread, NULL) == 0);
    close(pair[0]);
    return l;
}

static void put_hello(hm_buf *frames) {
    hm_message hello = {.type = HM_MSG_HELLO};
    hello.field[HM_HELLO_VERSION].number = HM_WIRE_VERSION;
    must(!hm_failed(hm_wire_put(&hello, frames)));
}

static void put_narrow(hm_buf *frames) {
    hm_message narrow = {.type = HM_MSG_NARROW};
    narrow.field[HM_NARROW_PRODUCT].bytes = hm_text("pump");
    narrow.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS | 1u << HM_LOGGED_PE | 1u << HM_LOGGED_MANIFEST;
    narrow.field[HM_NARROW_SIGNATURES].number = SIGNATURES;
    narrow.field[HM_NARROW_SECURITY_VERSION].number = 100;
    must(!hm_failed(hm_wire_put(&narrow, frames)));
}

static void add_product(void) {
    HM_BUF frames = HM_BUF_EMPTY;
    hm_message add = {.type = HM_MSG_PRODUCT_ADD};
    add.field[HM_PRODUCT_ADD_NAME].bytes = hm_text("pump");
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = 1u << HM_KEY_ES256;
    put_hello(&frames);
    must(!hm_failed(hm_wire_put(&add, &frames)));
    converse(&frames);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_folder(void) { nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

/* Memory where there is some: every signing waits for fsync. */
static void make_office(void) {
    snprintf(folder, sizeof folder, "%s/hallmark-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(folder) != NULL);
    atexit(remove_folder);
    snprintf(directory, sizeof directory, "%s/office", folder);
    hm_office_plan plan = {.directory = directory, .organization = "Example", .token = "softhsm"};
    if (hm_failed(hm_office_create(&plan))) {
        fprintf(stderr, "no office to talk to: %s\n", hm_err_sentence());
        exit(1);
    }
    add_product();
}

static void check_log(void) {
    HM_BUF frames = HM_BUF_EMPTY;
    put_hello(&frames);
    must(!hm_failed(hm_wire_put(&(hm_message){.type = HM_MSG_LOG_AUDIT}, &frames)));
    listener l = converse(&frames);
    must(l.audited && l.open == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    make_office();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static unsigned runs;
    if (size > INPUT_MAX) return 0;
    HM_BUF frames = HM_BUF_EMPTY;
    put_hello(&frames);
    put_narrow(&frames);
    must(!hm_failed(hm_put(&frames, HM_BYTES(data, size))));
    must(converse(&frames).signatures <= SIGNATURES);
    if (runs++ % AUDIT_EVERY == 0) check_log();
    return 0;
}
