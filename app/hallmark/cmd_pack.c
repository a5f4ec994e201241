/* pack, unpack: envelope and payloads as one stream, and back. */
#include "cmd_native.h"
#include "commands.h"
#include "front.h"
#include "native_plan.h"
#include "office_access.h"
#include "output_check.h"
#include "parse_pack.h"
#include "revocation_files.h"
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

/* There is one standard input, and it can be read once. */
static hm_err check_stdin(const hm_options *options) {
    size_t count = 0;
    for (size_t i = 0; i < options->operand_count; i++) count += strcmp(options->operands[i], "-") == 0;
    return count > 1 ? hm_misuse("- is standard input, and can be given once") : HM_OK;
}

/* What goes into a pipe cannot be taken back, and whether a payload is the one that was signed is known at its end. */
static hm_err check_pack(const hm_options *options) {
    if (!options->output) return hm_misuse("where to? (-o FILE)");
    if (strcmp(options->output, "-") == 0)
        return hm_misuse(
            "-o -: a pack is there whole or not at all, and a pipe would be given one that is wrong at its "
            "end (-o FILE)");
    return check_stdin(options);
}

hm_err hm_command_pack(const hm_options *options) {
    HM_TRY(check_pack(options));
    HM_TRY(hm_output_check_operands(options));
    HM_STRING *directory = possible_office(options);
    hm_pack_orders orders = {
        .operands = options->operand_count, .output = options->output, .keep_chain = options->keep_chain};
    hm_front front = {.options = options,
                      .parser = hm_parse_pack,
                      .context = &orders,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "packed",
                      .spool = options->output,
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

/* A trust list or bundle begins with a CBOR tag, which is no character of PEM. */
enum { FIRST_TAG = 0xc0 };
static bool is_list(hm_bytes trust) { return trust.len && trust.data[0] >= FIRST_TAG; }

static hm_unpack_orders meant; /* hm_with_office takes no context */

static hm_err take_class(const hm_options *options, hm_connection *office) {
    uint32_t ignored;
    meant.has_class = true;
    return hm_ask_product(office, options->product, meant.vendor, meant.class_id, &ignored);
}

/* Which device is to take it? The office says what devices of the product are. */
static hm_err take_device(const hm_options *options) {
    static uint8_t device[HM_MANIFEST_DEVICE];
    const char *id = hm_given_value(options, "--device");
    bool list = is_list(meant.trust);
    if (id && !list) return hm_misuse("--device goes with a trust list (--trust LIST)");
    if (id) HM_TRY(hm_device_id(id, device, &meant.device));
    return list && options->product ? hm_with_office(options, take_class) : HM_OK;
}

hm_err hm_command_unpack(const hm_options *options) {
    HM_BUF trust = HM_BUF_EMPTY, revocations = HM_BUF_EMPTY;
    HM_STRING *directory = possible_office(options);
    const char *folder = options->folder ? options->folder : ".";
    HM_TRY(check_folder(folder));
    HM_TRY(read_trust(options, &trust));
    HM_TRY(hm_revocation_files(options, is_list(hm_buf_bytes(&trust)), &revocations));
    meant = (hm_unpack_orders){.trust = hm_buf_bytes(&trust),
                               .trust_name = options->trust,
                               .product = options->product,
                               .crls = hm_buf_bytes(&revocations),
                               .crl_required = options->crl_required,
                               .folder = folder,
                               .now = time(NULL)};
    HM_TRY(take_device(options));
    HM_BUF spool = HM_BUF_EMPTY;
    const char *beside;
    HM_TRY(hm_put_format(&spool, "%s/-", folder));
    HM_TRY(hm_buf_string(&spool, &beside));
    hm_front front = {.options = options,
                      .parser = hm_parse_unpack,
                      .context = &meant,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "unpacked",
                      .into = folder,
                      .spool = beside,
                      .office = directory};
    return hm_front_run(&front);
}
