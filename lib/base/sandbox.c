#include <base/sandbox.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The filter is written as the kernel's instructions: libseccomp would cost more at start-up (0.2 ms against 0.06) than
 * the parser needs for a small file. */

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error "the sandbox does not know this architecture's system call numbers"
#endif

/* Under AddressSanitizer and its like the run-time library makes calls of its own at any moment, opening files among
 * them: such builds are for finding faults, not for use, and run without the filter. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Work on descriptors that are held, memory, time, randomness, ending. */
static const int allowed[] = {
    __NR_read,      __NR_write,       __NR_pread64,         __NR_pwrite64,       __NR_readv,
    __NR_writev,    __NR_lseek,       __NR_close,           __NR_sendmsg,        __NR_recvmsg,
    __NR_sendto,    __NR_recvfrom,    __NR_ppoll,           __NR_munmap,         __NR_mremap,
    __NR_brk,       __NR_madvise,     __NR_futex,           __NR_getrandom,      __NR_clock_gettime,
    __NR_exit,      __NR_exit_group,  __NR_rt_sigreturn,    __NR_rt_sigprocmask, __NR_getpid,
    __NR_gettid,    __NR_sched_yield, __NR_restart_syscall, __NR_fstat,          __NR_shutdown,
    __NR_fadvise64, __NR_getcpu,      __NR_fsync,           __NR_fdatasync,
#ifdef __NR_poll
    __NR_poll,
#endif
};

/* What reading a folder by name asks for besides. Landlock judges the opening. */
static const int allowed_in_folder[] = {__NR_faccessat, __NR_faccessat2, __NR_newfstatat, __NR_getdents64};

/* What serving asks for besides. */
static const int allowed_in_server[] = {
    __NR_accept4,     __NR_socketpair, __NR_getsockopt,   __NR_setsockopt, __NR_getsockname,
    __NR_getpeername, __NR_epoll_ctl,  __NR_epoll_pwait,  __NR_openat2,    __NR_fcntl,
    __NR_newfstatat,  __NR_sendfile,   __NR_clock_getres,
#ifdef __NR_epoll_wait
    __NR_epoll_wait,
#endif
};

/* Refused with an error rather than with death: the C library asks for these and can do without (time zone, locale). */
static const int denied[] = {
    __NR_openat, __NR_readlinkat, __NR_newfstatat, __NR_faccessat, __NR_faccessat2,
    __NR_ioctl,  __NR_prctl,      __NR_fcntl,      __NR_tgkill,
#ifdef __NR_open
    __NR_open,   __NR_stat,       __NR_lstat,      __NR_access,    __NR_readlink,
#endif
};

enum { FILTER_MAX = 200 };
typedef struct {
    struct sock_filter code[FILTER_MAX];
    size_t len;
} filter;

static void add(filter *f, uint16_t operation, uint8_t yes, uint8_t no, uint32_t operand) {
    if (f->len < FILTER_MAX) f->code[f->len] = (struct sock_filter){operation, yes, no, operand};
    f->len++;
}

static void load(filter *f, size_t offset) { add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset); }
static void answer(filter *f, uint32_t verdict) { add(f, BPF_RET | BPF_K, 0, 0, verdict); }

/* If the call is NUMBER, VERDICT. */
static void rule(filter *f, int number, uint32_t verdict) {
    add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number);
    answer(f, verdict);
}

/* If the call is NUMBER, allowed as long as its third argument does not ask for executable memory. */
static void rule_without_execution(filter *f, int number) {
    add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)number);
    load(f, offsetof(struct seccomp_data, args[2]));
    add(f, BPF_JMP | BPF_JSET | BPF_K, 0, 1, PROT_EXEC);
    answer(f, SECCOMP_RET_KILL_PROCESS);
    answer(f, SECCOMP_RET_ALLOW);
}

/* If the call is NUMBER, allowed as long as its third argument asks for reading only and creates nothing. */
static void rule_for_reading(filter *f, int number) {
    add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)number);
    load(f, offsetof(struct seccomp_data, args[2]));
    add(f, BPF_JMP | BPF_JSET | BPF_K, 0, 1, O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
    answer(f, SECCOMP_RET_ERRNO | EACCES);
    answer(f, SECCOMP_RET_ALLOW);
}

typedef enum { NOTHING_MORE, READS_FOLDER, SERVES } extent;

static void allow(filter *f, const int *calls, size_t count) {
    for (size_t i = 0; i < count; i++) rule(f, calls[i], SECCOMP_RET_ALLOW);
}

static void build(filter *f, extent to) {
    load(f, offsetof(struct seccomp_data, arch));
    add(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE_ARCHITECTURE);
    answer(f, SECCOMP_RET_KILL_PROCESS);
    load(f, offsetof(struct seccomp_data, nr));
    allow(f, allowed, sizeof allowed / sizeof allowed[0]);
    /* Only with O_RDONLY, whose value is 0, in the access mode. */
    if (to == READS_FOLDER) rule_for_reading(f, __NR_openat);
    if (to == READS_FOLDER) allow(f, allowed_in_folder, sizeof allowed_in_folder / sizeof allowed_in_folder[0]);
    if (to == SERVES) allow(f, allowed_in_server, sizeof allowed_in_server / sizeof allowed_in_server[0]);
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) rule(f, denied[i], SECCOMP_RET_ERRNO | EACCES);
    rule_without_execution(f, __NR_mmap);
    rule_without_execution(f, __NR_mprotect);
    answer(f, SECCOMP_RET_KILL_PROCESS);
}

static hm_err enter_seccomp(extent to) {
    filter f = {.len = 0};
    build(&f, to);
    if (f.len > FILTER_MAX) return hm_could_not("the sandbox's filter is too long");
    struct sock_fprog program = {(unsigned short)f.len, f.code};
    if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        return hm_could_not("the sandbox cannot be entered: %s (the kernel needs seccomp)", strerror(errno));
    return HM_OK;
}

/* Nothing in the file system is left but what lies below the folders, to be read. The first seven years of
 * Landlock have changed what it can forbid; what the running kernel does not know is left out, seccomp forbids it
 * anyway. */
static void enter_landlock(const int *folders, size_t count) {
    struct landlock_ruleset_attr attributes = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int ruleset = (int)syscall(__NR_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
    if (ruleset < 0) return;
    for (size_t i = 0; i < count; i++) {
        struct landlock_path_beneath_attr beneath = {
            .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR, .parent_fd = folders[i]};
        if (folders[i] >= 0) syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    }
    syscall(__NR_landlock_restrict_self, ruleset, 0);
    close(ruleset);
}

hm_err hm_sandbox_keep_folders(const int *folders, size_t count) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return hm_could_not("the sandbox cannot be entered: %s", strerror(errno));
    if (!SANITIZED) enter_landlock(folders, count);
    return HM_OK;
}

/* For a process that connects to others, but not to those of this machine by a name in the file system, which Landlock
 * does not judge. */
hm_err hm_sandbox_no_local_sockets(void) {
    filter f = {.len = 0};
    if (SANITIZED) return HM_OK;
    load(&f, offsetof(struct seccomp_data, arch));
    add(&f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE_ARCHITECTURE);
    answer(&f, SECCOMP_RET_KILL_PROCESS);
    load(&f, offsetof(struct seccomp_data, nr));
    rule(&f, __NR_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS);
    add(&f, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, __NR_socket);
    load(&f, offsetof(struct seccomp_data, args[0]));
    add(&f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, AF_UNIX);
    answer(&f, SECCOMP_RET_ERRNO | EACCES);
    answer(&f, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)f.len, f.code};
    if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        return hm_could_not("the sandbox cannot be entered: %s (the kernel needs seccomp)", strerror(errno));
    return HM_OK;
}

static hm_err enter(extent to, const int *folders, size_t count) {
    HM_TRY(hm_sandbox_keep_folders(folders, count));
    return SANITIZED ? HM_OK : enter_seccomp(to);
}

hm_err hm_sandbox_enter(void) { return enter(NOTHING_MORE, NULL, 0); }
hm_err hm_sandbox_enter_folder(int folder) { return enter(READS_FOLDER, &folder, 1); }
hm_err hm_sandbox_enter_server(const int *folders, size_t count) { return enter(SERVES, folders, count); }

static bool is_kept(int fd, const int *keep, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (keep[i] == fd) return true;
    return false;
}

static hm_err make_null(int last) {
    int null = open("/dev/null", O_RDWR);
    if (null < 0) return hm_could_not("/dev/null: %s", strerror(errno));
    for (int fd = 0; fd <= last; fd++)
        if (dup2(null, fd) < 0) return hm_could_not("/dev/null: %s", strerror(errno));
    return HM_OK;
}

static hm_err close_above_2(const int *keep, size_t count) {
    int highest = 2;
    for (size_t i = 0; i < count; i++)
        if (keep[i] > highest) highest = keep[i];
    for (int fd = 3; fd < highest; fd++)
        if (!is_kept(fd, keep, count)) close(fd);
    if (syscall(__NR_close_range, (unsigned)highest + 1, ~0u, 0) != 0)
        return hm_could_not("descriptors cannot be closed: %s", strerror(errno));
    return HM_OK;
}

hm_err hm_sandbox_close_files(const int *keep, size_t count) {
    HM_TRY(make_null(2));
    return close_above_2(keep, count);
}

hm_err hm_sandbox_close_others(const int *keep, size_t count) {
    HM_TRY(make_null(0));
    return close_above_2(keep, count);
}
