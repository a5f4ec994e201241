#include "front_fixture.h"

#include <sys/mman.h>

/* The front's own are in options.c, which has the table of all commands. */
hm_err hm_already_reported(hm_class class) { return hm_raise_again(class, "reported"); }

static char folder[64];
sight *seen;
char printed[65536], complained[65536];

void *begin_group(size_t len) {
    signal(SIGPIPE, SIG_IGN);
    void *shared = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? NULL : shared;
}

int enter_folder(void) {
    snprintf(folder, sizeof folder, "/tmp/hallmark-front-XXXXXX");
    return !mkdtemp(folder) || chdir(folder) != 0;
}

int leave_folder(void) { return chdir("/") != 0 || rmdir(folder) != 0; }

int discard_folder(void **state) {
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return chdir("/") != 0 || system(command) != 0;
}

int write_file(const char *name) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int failed = fd < 0 || write(fd, "content", 7) != 7;
    close(fd);
    return failed;
}

bool is_there(const char *name) { return access(name, F_OK) == 0; }

int make_group(void **state) {
    (void)state;
    seen = begin_group(sizeof *seen);
    return !seen;
}

int begin(void **state) {
    (void)state;
    memset(seen, 0, sizeof *seen);
    return enter_folder() || write_file("a.bin") || write_file("b.bin");
}

int finish(void **state) {
    (void)state;
    static const char *const names[] = {"a.bin", "b.bin", "a.bin.p7s", "b.bin.p7s", "a.bin.tlog-proof", "SHA256SUMS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(names[i]);
    return leave_folder();
}

/* Standard output and error, read back from where they went meanwhile. */
static int divert(int fd, FILE *stream, char name[static 32]) {
    snprintf(name, 32, "/tmp/hallmark-said-XXXXXX");
    fflush(stream);
    int kept = dup(fd), to = mkstemp(name);
    assert_true(kept >= 0 && to >= 0 && dup2(to, fd) == fd);
    close(to);
    return kept;
}

static void restore(int fd, FILE *stream, int kept, const char *name, char text[static 65536]) {
    fflush(stream);
    lseek(fd, 0, SEEK_SET);
    ssize_t len = read(fd, text, 65535);
    text[len > 0 ? len : 0] = 0;
    dup2(kept, fd);
    close(kept);
    unlink(name);
}

hm_err run_with(hm_front front, bool json, const char *const *operands, size_t count) {
    hm_options options = {.operands = operands, .operand_count = count, .json = json};
    front.options = &options;
    char out[32], err[32];
    int kept_out = divert(STDOUT_FILENO, stdout, out), kept_err = divert(STDERR_FILENO, stderr, err);
    hm_err result = hm_front_run(&front);
    restore(STDERR_FILENO, stderr, kept_err, err, complained);
    restore(STDOUT_FILENO, stdout, kept_out, out, printed);
    return result;
}

hm_err run(hm_parser_run parser, bool json, unsigned outputs) {
    static const char *const operands[] = {"a.bin", "b.bin"};
    hm_front front = {.parser = parser, .core_fd = -1, .parsers = 1, .done = "verified", .outputs = outputs};
    return run_with(front, json, operands, 2);
}

hm_err next_job(hm_parser *parser, hm_job *job) {
    bool more;
    return hm_parser_next(parser, job, &more);
}

hm_err next_signature(hm_parser *parser, hm_job *job, int *fd) {
    HM_TRY(next_job(parser, job));
    return hm_parser_output(parser, job, HM_PART_SIGNATURE, fd);
}
