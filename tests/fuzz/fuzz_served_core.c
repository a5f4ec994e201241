/* layers: base crypto pki policy core */
/* A served core whose front was taken over and says anything at all, in a session of nobody's or in one through which a
 * principal passes: the answers are well-formed, nobody gets a signature, the principal no more than the quota, and
 * nothing that needs approval. */
#include <core/core.h>
#include <core/statement_envelope.h>
#include <crypto/key_file.h>
#include <pki/cose.h>

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { QUOTA = 40, INPUT_MAX = 16384 };
static const char policy_text[] = "group qa = carol\nrule free\n  request by ci\n  formats cms\n  quota 40 per day\n"
                                  "rule release\n  request by ci\n  formats catalogue, pe, native\n  approve 1 of qa\n";

static char folder[64], directory[80];
static hm_key_file *alice, *ci;
static uint8_t office_id[16];
static hm_core_doors doors = {.local = -1, .identity = -1};
static int front;
static size_t signatures;

/* SoftHSM loses a few octets with every Ed25519 signature (fuzz_core.c). */
int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void) { return 1; }

static void must(bool holds) {
    if (!holds) abort();
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_folder(void) { nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

static hm_message ask(int fd, const hm_message *question, hm_buf *storage) {
    hm_message answer;
    bool closed;
    must(!hm_failed(hm_wire_send(fd, question)));
    must(!hm_failed(hm_wire_receive(fd, storage, &answer, &closed)) && !closed);
    if (answer.type == HM_MSG_FAULT)
        fprintf(stderr, "%.*s\n", (int)answer.field[2].bytes.len, answer.field[2].bytes.data);
    must(answer.type != HM_MSG_FAULT);
    return answer;
}

static hm_message greet(int fd, hm_buf *storage) {
    hm_message hello = {.type = HM_MSG_HELLO};
    hello.field[HM_HELLO_VERSION].number = HM_WIRE_VERSION;
    return ask(fd, &hello, storage);
}

/* ---- the office ---- */

static void *serve_one(void *context) {
    int *fd = context;
    (void)!hm_failed(hm_core_serve(*fd, directory));
    close(*fd);
    return NULL;
}

/* Ask one question as this machine's user, in a session of its own. */
static void act(hm_message (*write)(int fd, void *context, hm_buf *storage, hm_buf *bytes), void *context) {
    int pair[2];
    pthread_t thread;
    HM_BUF storage = HM_BUF_EMPTY, bytes = HM_BUF_EMPTY, last = HM_BUF_EMPTY;
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    must(pthread_create(&thread, NULL, serve_one, &pair[1]) == 0);
    memcpy(office_id, greet(pair[0], &storage).field[HM_WELCOME_UUID].bytes.data, sizeof office_id);
    hm_message question = write(pair[0], context, &storage, &bytes);
    ask(pair[0], &question, &last);
    close(pair[0]);
    must(pthread_join(thread, NULL) == 0);
}

static hm_message write_statement(int fd, void *context, hm_buf *storage, hm_buf *envelope) {
    hm_statement s = *(const hm_statement *)context;
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_message place = ask(fd, &(hm_message){.type = HM_MSG_STATEMENT_NEXT}, storage),
               add = {HM_MSG_STATEMENT_ADD, {{0}}};
    hm_signer signer = hm_key_file_signer(alice);
    memcpy(s.office, office_id, sizeof s.office);
    s.number = place.field[HM_STATEMENT_PLACE_NUMBER].number;
    memcpy(s.previous, place.field[HM_STATEMENT_PLACE_PREVIOUS].bytes.data, sizeof s.previous);
    s.time = time(NULL);
    must(!hm_failed(hm_statement_put(&s, &cbor)));
    must(!hm_failed(hm_statement_envelope_put(hm_buf_bytes(&cbor), &signer, 1, envelope)));
    add.field[HM_STATEMENT_ADD_ENVELOPE].bytes = hm_buf_bytes(envelope);
    return add;
}

static hm_message write_product(int fd, void *context, hm_buf *storage, hm_buf *bytes) {
    (void)fd, (void)context, (void)storage, (void)bytes;
    hm_message add = {.type = HM_MSG_PRODUCT_ADD};
    add.field[HM_PRODUCT_ADD_NAME].bytes = hm_text("pump");
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = 1u << HM_KEY_ES256;
    return add;
}

static void state(hm_statement statement) { act(write_statement, &statement); }

static hm_statement grant(const char *name, hm_role role, const char *product, int64_t until) {
    return (hm_statement){
        .act = HM_ACT_GRANT, .name = hm_text(name), .role = role, .product = hm_text(product), .until = until};
}

static hm_key_file *make_key(const char *name, hm_buf *spki) {
    char path[96];
    hm_key_file *key = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    must(!hm_failed(hm_key_file_make(path, HM_KEY_ES256, spki)) && !hm_failed(hm_key_file_open(path, &key)));
    return key;
}

static void make_office(void) {
    HM_BUF alice_spki = HM_BUF_EMPTY, ci_spki = HM_BUF_EMPTY;
    snprintf(folder, sizeof folder, "%s/hallmark-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(folder) != NULL);
    atexit(remove_folder);
    snprintf(directory, sizeof directory, "%s/office", folder);
    alice = make_key("alice", &alice_spki);
    ci = make_key("ci", &ci_spki);
    hm_statement charter = {.quorum = 1, .founders = 1};
    charter.founder[0] = (hm_founder){hm_text("alice"), hm_buf_bytes(&alice_spki)};
    hm_office_plan plan = {.directory = directory, .organization = "Example", .token = "softhsm", .founders = &charter};
    if (hm_failed(hm_office_create(&plan))) {
        fprintf(stderr, "no office to talk to: %s\n", hm_err_sentence());
        exit(1);
    }
    hm_statement us = {.act = HM_ACT_PRINCIPAL, .name = hm_text("us"), .has_unix = true, .unix_user = getuid()};
    hm_statement job = {.act = HM_ACT_PRINCIPAL, .name = hm_text("ci"), .keys = 1};
    job.key[0] = hm_buf_bytes(&ci_spki);
    state(us);
    state(grant("us", HM_ROLE_ADMINISTRATOR, "", 4000000000));
    act(write_product, NULL);
    state(job);
    state(grant("ci", HM_ROLE_REQUESTER, "pump", 4000000000));
    state((hm_statement){.act = HM_ACT_POLICY, .product = hm_text("pump"), .policy = hm_text(policy_text)});
}

/* ---- the front ---- */

static void *serve(void *context) {
    (void)context;
    must(!hm_failed(hm_core_serve_office(directory, &doors)));
    return NULL;
}

static int open_session(void) {
    int pair[2];
    char byte = 0;
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec part = {&byte, 1};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    memcpy(CMSG_DATA(&control.head), &pair[1], sizeof pair[1]);
    must(sendmsg(front, &packet, 0) == 1);
    close(pair[1]);
    return pair[0];
}

static void prove(int fd, const hm_message *welcome) {
    static const uint8_t binding[32] = "the connection";
    HM_BUF proved = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    hm_message question = {.type = HM_MSG_PROVE_KEY};
    hm_signer signer = hm_key_file_signer(ci);
    must(!hm_failed(hm_put(&proved, welcome->field[HM_WELCOME_UUID].bytes)));
    must(!hm_failed(hm_put(&proved, welcome->field[HM_WELCOME_CHALLENGE].bytes)));
    must(!hm_failed(hm_put(&proved, HM_ARRAY(binding))));
    must(!hm_failed(hm_cose_sign(HM_COSE_SESSION, hm_buf_bytes(&proved), NULL, &signer, &signature, hash)));
    question.field[HM_PROVE_KEY_BINDING].bytes = HM_ARRAY(binding);
    question.field[HM_PROVE_KEY_SIGNATURE].bytes = hm_buf_bytes(&signature);
    ask(fd, &question, &storage);
}

static void narrow(int fd) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question = {.type = HM_MSG_NARROW};
    question.field[HM_NARROW_PRODUCT].bytes = hm_text("pump");
    question.field[HM_NARROW_FORMATS].number =
        1u << HM_LOGGED_CMS | 1u << HM_LOGGED_CATALOGUE | 1u << HM_LOGGED_PE | 1u << HM_LOGGED_MANIFEST;
    question.field[HM_NARROW_SIGNATURES].number = 1000;
    question.field[HM_NARROW_SECURITY_VERSION].number = 100;
    ask(fd, &question, &storage);
}

/* Everything that is answered until the core closes. */
static void hear_all(int fd, bool nobody) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message answer;
    for (bool closed = false;;) {
        if (hm_failed(hm_wire_receive(fd, &storage, &answer, &closed)) || closed) return;
        must(answer.type % 2 == 0);
        if (answer.type != HM_MSG_SIGNED) continue;
        must(!nobody && ++signatures <= QUOTA);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    int pair[2], stop[2];
    pthread_t thread;
    make_office();
    must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && pipe(stop) == 0);
    doors.fronts = pair[0];
    doors.stop = stop[0];
    front = pair[1];
    must(pthread_create(&thread, NULL, serve, NULL) == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    HM_BUF storage = HM_BUF_EMPTY;
    if (!size || size > INPUT_MAX) return 0;
    int fd = open_session();
    hm_message welcome = greet(fd, &storage);
    if (data[0] & 1) prove(fd, &welcome);
    if ((data[0] & 3) == 3) narrow(fd);
    must(send(fd, data + 1, size - 1, MSG_NOSIGNAL) == (ssize_t)size - 1);
    shutdown(fd, SHUT_WR);
    hear_all(fd, !(data[0] & 1));
    close(fd);
    return 0;
}
