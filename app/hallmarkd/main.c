/* hallmarkd: serves one office, to the processes of its machine and over HTTPS. */
#include "openapi.h"
#include "supervise.h"

#include <base/file.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { CONFIG_MAX = 65536 };

static const char usage[] =
    "hallmarkd [--config FILE] [--office DIR] [--listen ADDRESS:PORT --certificate FILE --key FILE] [--issuers FILE]\n"
    "          [--authorities FILE] [--clients FILE] [--metrics ADDRESS:PORT] [--drain SECONDS] [--check | --openapi]\n"
    "          [--tsa public [--tsa-rate N] [--tsa-listen ADDRESS:PORT]]\n"
    "\n"
    "Serves an office: to the processes of this machine, which join it instead of opening the office themselves, and\n"
    "with --listen over HTTPS. The configuration file has a line \"word value\" for each of these options.\n";

static hm_err read_file(const char *name, hm_config *config) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_file_read(AT_FDCWD, name, CONFIG_MAX, &text));
    return hm_in(hm_config_read(hm_buf_bytes(&text), config), "%s", name);
}

static hm_err print_openapi(void) {
    json_t *document = hm_openapi();
    bool printed =
        document && json_dumpf(document, stdout, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 && putchar('\n') != EOF;
    json_decref(document);
    return printed ? HM_OK : hm_could_not("the document cannot be written");
}

/* An option is a line. */
static hm_err take_option(const char *word, const char *value, hm_config *config) {
    HM_BUF line = HM_BUF_EMPTY;
    if (!value) return hm_misuse("--%s: a value is missing", word);
    HM_TRY(hm_put_format(&line, "%s %s\n", word, value));
    return hm_in(hm_config_read(hm_buf_bytes(&line), config), "--%s", word);
}

static hm_err run(int argc, char **argv) {
    static hm_config config;
    bool check = false;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) HM_TRY(read_file(argv[i + 1], &config));
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), HM_OK;
        if (strcmp(argv[i], "--openapi") == 0) return print_openapi();
        if (strcmp(argv[i], "--check") == 0) {
            check = true;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            if (strcmp(argv[i], "--config") != 0) HM_TRY(take_option(argv[i] + 2, argv[i + 1], &config));
            i++;
        } else {
            return hm_misuse("%s: hallmarkd takes options only (hallmarkd --help)", argv[i]);
        }
    }
    HM_TRY(hm_config_check(&config));
    return check ? hm_supervise_check(&config) : hm_supervise(&config);
}

int main(int argc, char **argv) {
    hm_err err = run(argc, argv);
    if (hm_failed(err)) fprintf(stderr, "hallmarkd: %s\n", hm_err_sentence());
    return (int)err.class;
}
