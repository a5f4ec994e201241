/* The least that verifying files can cost: hash_bench PROCESSES < NAMES opens, reads and hashes (SHA-256) every file
 * named on a line of standard input, in so many processes at once, and prints how many bytes that were. The files are
 * dealt out one by one as processes come free. */
#include <openssl/evp.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 128 * 1024, PROCESSES_MAX = 256 };

typedef struct {
    atomic_size_t next;
    atomic_ullong bytes;
} tally;

static void must_be(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "hash_bench: %s\n", what);
    exit(3);
}

static char **read_names(size_t *count) {
    char **names = NULL, *line = NULL;
    size_t room = 0, line_room = 0;
    ssize_t len;
    *count = 0;
    while ((len = getline(&line, &line_room, stdin)) > 0) {
        line[len - 1] = 0;
        if (*count == room) names = realloc(names, (room = room ? 2 * room : 64) * sizeof *names);
        must_be(names != NULL, "out of memory");
        names[(*count)++] = strdup(line);
    }
    free(line);
    return names;
}

static unsigned long long hash(const char *name, EVP_MD_CTX *context, const EVP_MD *algorithm) {
    static unsigned char block[BLOCK];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned long long total = 0;
    ssize_t len;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    must_be(fd >= 0, name);
    must_be(EVP_DigestInit_ex(context, algorithm, NULL) == 1, "no digest");
    while ((len = read(fd, block, sizeof block)) > 0) {
        must_be(EVP_DigestUpdate(context, block, (size_t)len) == 1, "no digest");
        total += (unsigned long long)len;
    }
    must_be(len == 0 && EVP_DigestFinal_ex(context, digest, NULL) == 1, name);
    close(fd);
    return total;
}

static void work(char *const *names, size_t count, tally *shared) {
    EVP_MD *algorithm = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must_be(algorithm && context, "out of memory");
    for (size_t i; (i = atomic_fetch_add(&shared->next, 1)) < count;)
        atomic_fetch_add(&shared->bytes, hash(names[i], context, algorithm));
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
}

int main(int argc, char **argv) {
    size_t count;
    int processes = argc == 2 ? atoi(argv[1]) : 0;
    must_be(processes >= 1 && processes <= PROCESSES_MAX, "usage: hash_bench PROCESSES < NAMES");
    char **names = read_names(&count);
    tally *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must_be(shared != MAP_FAILED, "out of memory");
    for (int i = 1; i < processes; i++) {
        if (fork() != 0) continue;
        work(names, count, shared);
        _exit(0);
    }
    work(names, count, shared);
    int status;
    while (wait(&status) > 0) must_be(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process failed");
    printf("hashed %llu bytes\n", (unsigned long long)atomic_load(&shared->bytes));
    return 0;
}
