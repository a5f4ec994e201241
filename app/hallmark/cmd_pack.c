/* pack, unpack: envelope and payloads as one stream, and back. */
#include "commands.h"
#include "front.h"
#include "office_access.h"
#include "parse_pack.h"
#include "trust_file.h"

#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static char *possible_office(const hm_options *options) {
    char *directory = NULL;
    return hm_failed(hm_office_directory(options, &directory)) ? NULL : directory;
}

/* What is written over must not be what is read. */
static hm_err check_apart(const hm_options *options) {
    HM_STRING *output = realpath(options->output, NULL);
    for (size_t i = 0; output && i < options->operand_count; i++) {
        HM_STRING *operand = realpath(options->operands[i], NULL);
        if (operand && strcmp(operand, output) == 0)
            return hm_misuse("-o %s: would overwrite what it is made of", options->output);
    }
    return HM_OK;
}

hm_err hm_command_pack(const hm_options *options) {
    if (!options->output) return hm_misuse("where to? (-o FILE)");
    HM_TRY(check_apart(options));
    HM_STRING *directory = possible_office(options);
    hm_pack_orders orders = {
        .operands = options->operand_count, .output = options->output, .keep_chain = options->keep_chain};
    hm_front front = {.options = options,
                      .parser = hm_parse_pack,
                      .context = &orders,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "packed",
                      .gather = true,
                      .outputs = 1u << HM_PART_CONTENT,
                      .office = directory};
    return hm_front_run(&front);
}

/* A trust list is no text, and may be a bundle; both are read as bytes, and looked at in the parser. */
static hm_err read_trust(const hm_options *options, hm_buf *trust) {
    return options->trust ? hm_file_read(AT_FDCWD, options->trust, 1 << 20, trust) : hm_read_trust(options, trust);
}

static hm_err check_folder(const char *folder) {
    struct stat st;
    if (stat(folder, &st) != 0) return hm_could_not("-C %s: %s", folder, strerror(errno));
    return S_ISDIR(st.st_mode) ? HM_OK : hm_misuse("-C %s: is no folder", folder);
}

/* --device, as sign takes it: text, or hex: and digits. */
static hm_err device_id(const hm_options *options, hm_buf *id) {
    const char *value = NULL;
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--device") == 0) value = options->given[i].value;
    if (!value) return HM_OK;
    if (strncmp(value, "hex:", 4) != 0) return hm_put_text(id, value);
    return hm_failed(hm_hex_decode(hm_text(value + 4), id))
               ? hm_misuse("--device %s: these are no hexadecimal digits", value)
               : HM_OK;
}

hm_err hm_command_unpack(const hm_options *options) {
    HM_BUF trust = HM_BUF_EMPTY, device = HM_BUF_EMPTY;
    HM_STRING *directory = possible_office(options);
    const char *folder = options->folder ? options->folder : ".";
    HM_TRY(check_folder(folder));
    HM_TRY(read_trust(options, &trust));
    HM_TRY(device_id(options, &device));
    hm_unpack_orders orders = {.trust = hm_buf_bytes(&trust),
                               .product = options->product,
                               .device = hm_buf_bytes(&device),
                               .folder = folder,
                               .now = time(NULL)};
    hm_front front = {.options = options,
                      .parser = hm_parse_unpack,
                      .context = &orders,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "unpacked",
                      .into = folder,
                      .office = directory};
    return hm_front_run(&front);
}
