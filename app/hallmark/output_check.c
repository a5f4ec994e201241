#include "output_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* By what they are, not by what they are called: a file has many paths, and may have many names. */
static hm_err check_inputs(const char *output, const char *const *inputs, size_t count) {
    struct stat there, input;
    if (stat(output, &there) != 0) return HM_OK;
    for (size_t i = 0; i < count; i++)
        if (stat(inputs[i], &input) == 0 && is_same(&there, &input))
            return hm_misuse("-o %s: would overwrite what it is made of", output);
    return HM_OK;
}

hm_err hm_output_check(const hm_options *options, const char *const *inputs, size_t count) {
    const char *output = options->output;
    struct stat there;
    if (!output) return HM_OK;
    HM_TRY(check_inputs(output, inputs, count));
    if (lstat(output, &there) != 0) return errno == ENOENT ? HM_OK : hm_could_not("-o %s: %s", output, strerror(errno));
    if (S_ISDIR(there.st_mode)) return hm_misuse("-o %s: is a folder (name a file)", output);
    if (S_ISREG(there.st_mode) && options->replace) return HM_OK;
    return hm_refuse("-o %s: is there already%s", output, S_ISREG(there.st_mode) ? " (--replace replaces it)" : "");
}

hm_err hm_output_check_operands(const hm_options *options) {
    return hm_output_check(options, options->operands, options->operand_count);
}
