/* Lets one allocation of one process fail: a library for LD_PRELOAD.
 *
 * HALLMARK_ALLOCATIONS names a file of sizeof(shared) bytes that all processes of a command share: which allocation is
 * to fail goes in, what was counted comes out. Allocations that our own program asks for and those of the libraries it
 * uses are counted apart, for each process apart: 0 the command, 1 its first child, 2 its second. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROLES = 3 };

/* faults/memory.py knows this layout. */
typedef struct {
    uint64_t role, others, at; /* fails: the AT-th of ROLE, of our own or of others; at 0: none */
    uint64_t hit;
    _Atomic uint64_t count[ROLES][2];
} shared;

static shared *plan;
static unsigned role, children;
static uintptr_t program_begin, program_end;

/* What our program has OpenSSL allocate with: it asks in OpenSSL's name. */
enum { LONGEST = 128 };
static uintptr_t for_openssl[2];

/* The C library's own, under the names that it keeps for replacements like this one. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern pid_t __fork(void);

/* The first object that is listed is the program. */
static int take_program(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    (void)context;
    program_begin = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
        uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, end = begin + info->dlpi_phdr[i].p_memsz;
        if (begin < program_begin) program_begin = begin;
        if (end > program_end) program_end = end;
    }
    return 1;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("HALLMARK_ALLOCATIONS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *page = mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    dl_iterate_phdr(take_program, NULL);
    if (page != MAP_FAILED) plan = page;
}

static bool fails(const void *caller) {
    if (!plan || role >= ROLES) return false;
    uintptr_t at = (uintptr_t)caller;
    unsigned others = at < program_begin || at >= program_end;
    for (size_t i = 0; i < 2; i++) others |= at - for_openssl[i] < LONGEST;
    uint64_t n = atomic_fetch_add(&plan->count[role][others], 1) + 1;
    if (role != plan->role || others != plan->others || n != plan->at) return false;
    plan->hit = 1;
    errno = ENOMEM;
    return true;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *malloc(size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size); }

EXPORTED void *calloc(size_t count, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

EXPORTED void *realloc(void *old, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

typedef void *(*allocator)(size_t, const char *, int);
typedef void *(*resizer)(void *, size_t, const char *, int);
typedef void (*releaser)(void *, const char *, int);

/* OpenSSL's, whose header nothing else here needs. */
int CRYPTO_set_mem_functions(allocator allocate, resizer resize, releaser release);
EXPORTED int CRYPTO_set_mem_functions(allocator allocate, resizer resize, releaser release) {
    int (*set)(allocator, resizer, releaser);
    void *next = dlsym(RTLD_NEXT, "CRYPTO_set_mem_functions");
    memcpy(&set, &next, sizeof set);
    for_openssl[0] = (uintptr_t)allocate;
    for_openssl[1] = (uintptr_t)resize;
    return set ? set(allocate, resize, release) : 0;
}

EXPORTED pid_t fork(void) {
    unsigned child_role = role ? ROLES : children + 1;
    pid_t pid = __fork();
    if (pid == 0) role = child_role;
    if (pid > 0) children++;
    return pid;
}
