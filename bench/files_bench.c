/* What does the file system take for new files that are durable? files_bench FOLDER COUNT SIZE
 *
 * COUNT files of SIZE octets in FOLDER, made as the front makes outputs: without a name first, a handful written,
 * synced, then named, then the folder synced. Prints nothing: bench/spend measures it. */
#include "bench.h"

#include <base/file.h>

#include <fcntl.h>

enum { HANDFUL = 32, LARGEST = 65536 };

static void make(const char *folder, uint64_t first, size_t count, hm_bytes content) {
    hm_outfile out[HANDFUL];
    char path[4096];
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%llu", folder, (unsigned long long)first + i);
        must(hm_outfile_open(AT_FDCWD, path, 0644, &out[i]));
        must(hm_fd_write(out[i].fd, content));
    }
    for (size_t i = 0; i < count; i++) hm_outfile_start_sync(&out[i]);
    for (size_t i = 0; i < count; i++) hm_outfile_await_sync(&out[i]);
    for (size_t i = 0; i < count; i++) must(hm_outfile_sync(&out[i]));
    for (size_t i = 0; i < count; i++) must(hm_outfile_name(&out[i]));
    must(hm_outfile_sync_folder(&out[0]));
    for (size_t i = 0; i < count; i++) hm_outfile_discard(&out[i]);
}

int main(int argc, char **argv) {
    static uint8_t content[LARGEST];
    uint64_t count, size;
    if (argc != 4 || hm_failed(hm_decimal_decode(hm_text(argv[2]), &count)) ||
        hm_failed(hm_decimal_decode(hm_text(argv[3]), &size)) || size > sizeof content) {
        fprintf(stderr, "files_bench: usage: files_bench FOLDER COUNT SIZE\n");
        return HM_MISUSED;
    }
    for (uint64_t i = 0; i < count; i += HANDFUL)
        make(argv[1], i, count - i < HANDFUL ? (size_t)(count - i) : HANDFUL, HM_BYTES(content, size));
    return HM_DONE;
}
