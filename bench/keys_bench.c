/* What the key layer costs over PKCS#11: ECDSA P-256 signatures per second of hm_key_signer against a bare loop of
 * C_SignInit and C_Sign on the same token, in one process and in two at once. The two take turns, so that whatever else
 * the machine does strikes both; the ratio is of processor time. Prints one figure a line: name, value, unit. */
#include <keys/token.h>

#include <dlfcn.h>
#include <ftw.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 9, SIGNATURES = 6000, WARM_UP = 200, PROCESSES_MAX = 2, MESSAGE_LEN = 32 };

typedef enum { BARE, LAYER, WAYS } way;

static const uint8_t key_id[HM_KEY_ID_LEN] = "keys_bench";
static char folder[] = "/tmp/hallmark-bench-XXXXXX";

static void must(hm_err err) {
    if (!hm_failed(err)) return;
    fprintf(stderr, "keys_bench: %s\n", hm_err_sentence());
    _exit(3);
}

static void must_be(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "keys_bench: %s\n", what);
    _exit(3);
}

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static hm_token *open_token(void) {
    char path[80];
    HM_BUF storage = HM_BUF_EMPTY;
    HM_SECRET *pin = NULL;
    hm_token_selector selector;
    hm_token *token = NULL;
    must(hm_softhsm_select(folder, &storage, &selector));
    snprintf(path, sizeof path, "%s/pin", folder);
    must(hm_secret_from_file(path, &pin));
    must(hm_token_open(&selector, pin, &token));
    return token;
}

/* The bare loop uses the module that the layer has loaded and logged in, with a session of its own. */
typedef struct {
    CK_FUNCTION_LIST *call;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
} bare;

static void bare_open(bare *b) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    must(hm_softhsm_select(folder, &storage, &selector));
    void *library = dlopen(selector.module_path, RTLD_NOW | RTLD_LOCAL);
    must_be(library != NULL, "the module cannot be loaded");
    CK_C_GetFunctionList get_list;
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    must_be(get_list && get_list(&b->call) == CKR_OK, "the module gives no functions");
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    must_be(b->call->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK &&
                b->call->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &b->session) == CKR_OK &&
                b->call->C_FindObjectsInit(b->session, &template, 1) == CKR_OK &&
                b->call->C_FindObjects(b->session, &b->key, 1, &count) == CKR_OK && count == 1 &&
                b->call->C_FindObjectsFinal(b->session) == CKR_OK,
            "the key cannot be found");
}

static void sign_bare(const bare *b, uint8_t *digest, unsigned count) {
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    unsigned char signature[64];
    for (unsigned i = 0; i < count; i++) {
        CK_ULONG len = sizeof signature;
        digest[0] = (uint8_t)i;
        must_be(b->call->C_SignInit(b->session, &mechanism, b->key) == CKR_OK &&
                    b->call->C_Sign(b->session, digest, MESSAGE_LEN, signature, &len) == CKR_OK,
                "a signature failed");
    }
}

static void sign_layer(const hm_signer *signer, uint8_t *message, unsigned count) {
    HM_BUF signature = HM_BUF_EMPTY;
    for (unsigned i = 0; i < count; i++) {
        message[0] = (uint8_t)i;
        signature.len = 0;
        must(signer->sign(signer->key, HM_SCHEME_ECDSA_SHA256, HM_BYTES(message, MESSAGE_LEN), &signature));
    }
}

typedef struct {
    double rate; /* signatures per second of wall time */
    double used; /* seconds of processor time */
} cost;

/* One worker: for every round, for both ways, wait for the word, sign, and write the cost back. */
static void work(int begin, int result) {
    hm_token *token = open_token();
    hm_key *key;
    bare b;
    uint8_t message[MESSAGE_LEN] = {0};
    must(hm_token_find(token, HM_KEY_ES256, key_id, HM_NO_BYTES, &key));
    hm_signer signer = hm_key_signer(key);
    bare_open(&b);
    sign_bare(&b, message, WARM_UP);
    sign_layer(&signer, message, WARM_UP);
    char word;
    while (read(begin, &word, 1) == 1) {
        double start = seconds(CLOCK_MONOTONIC), start_used = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (word == BARE)
            sign_bare(&b, message, SIGNATURES);
        else
            sign_layer(&signer, message, SIGNATURES);
        cost spent = {SIGNATURES / (seconds(CLOCK_MONOTONIC) - start), seconds(CLOCK_PROCESS_CPUTIME_ID) - start_used};
        must_be(write(result, &spent, sizeof spent) == sizeof spent, "a result is lost");
    }
    hm_token_close(&token);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[static ROUNDS]) {
    qsort(values, ROUNDS, sizeof values[0], by_size);
    return values[ROUNDS / 2];
}

typedef struct {
    int begin[2], result[2];
} worker;

/* All workers at once, one way; the sums of their costs. */
static cost measure(const worker *workers, int processes, way how) {
    cost sum = {0}, one;
    char word = (char)how;
    for (int i = 0; i < processes; i++) must_be(write(workers[i].begin[1], &word, 1) == 1, "a worker is gone");
    for (int i = 0; i < processes; i++) {
        must_be(read(workers[i].result[0], &one, sizeof one) == sizeof one, "a worker is gone");
        sum.rate += one.rate;
        sum.used += one.used;
    }
    return sum;
}

static void bench(int processes) {
    worker workers[PROCESSES_MAX];
    for (int i = 0; i < processes; i++) {
        must_be(pipe(workers[i].begin) == 0 && pipe(workers[i].result) == 0, "no pipe");
        if (fork() == 0) {
            for (int k = 0; k <= i; k++) close(workers[k].begin[1]);
            work(workers[i].begin[0], workers[i].result[1]);
            _exit(0);
        }
        close(workers[i].begin[0]);
        close(workers[i].result[1]);
    }
    double rates[WAYS][ROUNDS], used[ROUNDS], ratios[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        way first = round % 2 ? LAYER : BARE;
        cost spent[WAYS];
        spent[first] = measure(workers, processes, first);
        spent[!first] = measure(workers, processes, !first);
        for (way how = BARE; how < WAYS; how++) rates[how][round] = spent[how].rate;
        used[round] = spent[BARE].used / (SIGNATURES * processes);
        ratios[round] = spent[BARE].used / spent[LAYER].used;
    }
    for (int i = 0; i < processes; i++) close(workers[i].begin[1]);
    while (wait(NULL) > 0) {
    }
    printf("keys_bare_%d %.0f signatures/s\n", processes, median(rates[BARE]));
    printf("keys_bare_processor_%d %.1f us\n", processes, median(used) * 1e6);
    printf("keys_layer_%d %.0f signatures/s\n", processes, median(rates[LAYER]));
    printf("keys_layer_to_bare_%d %.3f ratio\n", processes, median(ratios));
    fflush(stdout);
}

/* In a child, so that the parent that forks the workers has never loaded the module. */
static void make_token(void) {
    pid_t child = fork();
    if (child == 0) {
        hm_key *key;
        must(hm_softhsm_create(folder, "Bench"));
        hm_token *token = open_token();
        must(hm_token_generate(token, HM_KEY_ES256, key_id, "bench", &key));
        hm_token_close(&token);
        _exit(0);
    }
    int status;
    must_be(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, "no token");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int main(void) {
    must_be(mkdtemp(folder) != NULL, "no temporary folder");
    make_token();
    for (int processes = 1; processes <= PROCESSES_MAX; processes++) bench(processes);
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
