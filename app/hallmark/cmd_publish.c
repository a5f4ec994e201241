/* publish: what was signed is let out of the office, or taken back.
 *
 * A parser says which files they are; the core looks for their signatures in its log, and asks the policy. Then the
 * bytes follow, which nobody parses any more: the core hashes them, and puts them into the download area. */
#include "cmd_publish.h"
#include "commands.h"
#include "front.h"
#include "glass.h"
#include "office_access.h"
#include "parse_publish.h"
#include "publish_already.h"
#include "request_list.h"
#include "revocation_files.h"
#include "waiting.h"

#include <base/io.h>
#include <base/readable.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024 };

static hm_err begin(const hm_options *options, hm_connection *office, hm_bytes request) {
    hm_message question = {.type = HM_MSG_PUBLISH_BEGIN}, answer;
    question.field[HM_PUBLISH_BEGIN_PRODUCT].bytes = hm_text(options->product);
    question.field[HM_PUBLISH_BEGIN_RELEASE].bytes = hm_text(options->release);
    question.field[HM_PUBLISH_BEGIN_REQUEST].bytes = request;
    return hm_ask(office, &question, &answer);
}

/* The session's files, named to the core by a parser. */
static hm_err name_files(const hm_options *options, hm_connection *office) {
    HM_BUF trust = HM_BUF_EMPTY, revocations = HM_BUF_EMPTY;
    HM_TRY(hm_read_trust(options, &trust));
    HM_TRY(hm_revocation_files(options, false, &revocations));
    hm_check_orders orders = {.product = options->product,
                              .trust = hm_buf_bytes(&trust),
                              .crls = hm_buf_bytes(&revocations),
                              .crl_required = options->crl_required,
                              .now = time(NULL),
                              .payloads = !options->envelope_only};
    hm_front front = {.options = options,
                      .parser = hm_parse_publish,
                      .context = &orders,
                      .core_fd = office->fd,
                      .parsers = 1,
                      .done = "named",
                      .siblings = !options->envelope_only};
    return hm_front_run(&front);
}

/* FILE.p7s goes with FILE, which may be named too. */
static hm_err take_operands(const hm_options *options, hm_options *files) {
    const char **names = calloc(options->operand_count + 1, sizeof *names); /* as long as the command */
    if (!names) return hm_no_memory();
    *files = *options;
    files->operands = names;
    files->operand_count = 0;
    for (size_t i = 0; i < options->operand_count; i++) {
        size_t len = strlen(options->operands[i]);
        bool signature = len > 4 && strcmp(options->operands[i] + len - 4, ".p7s") == 0, there = false;
        char *name = strndup(options->operands[i], signature ? len - 4 : len);
        if (!name) return hm_no_memory();
        for (size_t k = 0; k < files->operand_count; k++) there = there || strcmp(names[k], name) == 0;
        if (there)
            free(name);
        else
            names[files->operand_count++] = name;
    }
    return HM_OK;
}

/* With the signatures that lie beside them; before the first of so many files is read. */
static hm_err check_count(const hm_options *files) {
    size_t count = 0;
    for (size_t i = 0; i < files->operand_count; i++) {
        char path[PATH_MAX];
        bool fits = snprintf(path, sizeof path, "%s.p7s", files->operands[i]) < PATH_MAX;
        count += 1 + (fits && access(path, F_OK) == 0);
        if (count > HM_REQUEST_ARTIFACTS)
            return hm_misuse("at most %d files are published at once, a file and its .p7s being two: %s and those "
                             "behind it are too many (publish them in several steps)",
                             HM_REQUEST_ARTIFACTS, files->operands[i]);
    }
    return HM_OK;
}

hm_err hm_compare_publication(const hm_options *options, hm_connection *office, hm_bytes request) {
    hm_options files;
    hm_message question = {.type = HM_MSG_PUBLISH_CLOSE}, answer;
    HM_TRY(take_operands(options, &files));
    HM_TRY(begin(&files, office, request));
    HM_TRY(name_files(&files, office));
    return hm_ask(office, &question, &answer);
}

/* ---- the bytes ---- */

typedef struct {
    size_t count;
    struct {
        uint64_t operand;
        char name[256];
    } file[HM_REQUEST_ARTIFACTS];
} wanted_files;
static wanted_files wanted; /* one publication at a time */

/* A file has the folder of the operand with which it goes. */
static hm_err open_wanted(const hm_options *files, size_t i, int *fd) {
    char path[PATH_MAX];
    if (wanted.file[i].operand >= files->operand_count || strchr(wanted.file[i].name, '/'))
        return hm_could_not("core language: there is no such operand");
    const char *operand = files->operands[wanted.file[i].operand], *slash = strrchr(operand, '/');
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - operand) + 1 : 0, operand, wanted.file[i].name);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? hm_could_not("%s: %s", path, strerror(errno)) : HM_OK;
}

static hm_err put_file(const hm_options *files, hm_connection *office, size_t i) {
    static uint8_t block[BLOCK];
    HM_FD fd = -1;
    HM_TRY(open_wanted(files, i, &fd));
    for (;;) {
        hm_message question = {.type = HM_MSG_PUBLISH_PUT}, answer;
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return hm_could_not("%s: %s", wanted.file[i].name, strerror(errno));
        if (n == 0) return HM_OK;
        question.field[HM_PUBLISH_PUT_BYTES].bytes = HM_BYTES(block, (size_t)n);
        HM_TRY(hm_ask(office, &question, &answer));
    }
}

static hm_err take_wanted(hm_connection *office, hm_message *answer) {
    wanted.count = 0;
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(answer, HM_MSG_PUBLISH_WANTED, &more));
        if (!more) return HM_OK;
        if (wanted.count == HM_REQUEST_ARTIFACTS) return hm_could_not("core language: too many files are wanted");
        wanted.file[wanted.count].operand = answer->field[HM_PUBLISH_WANTED_OPERAND].number;
        hm_text_copy(wanted.file[wanted.count].name, sizeof wanted.file[0].name,
                     answer->field[HM_PUBLISH_WANTED_NAME].bytes);
        wanted.count++;
        HM_TRY(hm_listen(office, answer));
    }
}

static hm_err put_all(const hm_options *files, hm_connection *office, hm_message *answer) {
    hm_message question = {.type = HM_MSG_PUBLISH_COMMIT};
    HM_TRY(take_wanted(office, answer));
    for (size_t i = 0; i < wanted.count; i++) HM_TRY(put_file(files, office, i));
    HM_TRY(hm_ask(office, &question, answer));
    unsigned long long index = answer->field[HM_PUBLISH_MADE_INDEX].number;
    printf(files->json ? "{\"published\":true,\"product\":\"%s\",\"release\":\"%s\",\"entry\":%llu}\n"
                       : "%s %s is published, log entry %llu\n",
           files->product, files->release, index);
    return HM_OK;
}

/* ---- publish ---- */

static struct {
    bool needed;
    unsigned long long request;
} outcome; /* hm_with_office gives nothing back */

static hm_err tell_request(const hm_options *options) {
    if (options->json)
        printf("{\"published\":false,\"request\":%llu}\n", outcome.request);
    else
        printf("request %llu to publish waits for approvals (hallmark approve %llu FILE... --key FILE)\n",
               outcome.request, outcome.request);
    fflush(stdout);
    return HM_OK;
}

static hm_err tell_already(const hm_options *options, uint64_t entry) {
    printf(options->json
               ? "{\"published\":true,\"already\":true,\"product\":\"%s\",\"release\":\"%s\",\"entry\":%llu}\n"
               : "%s %s is published already, with these files, log entry %llu\n",
           options->product, options->release, (unsigned long long)entry);
    return HM_OK;
}

static hm_err publish(const hm_options *options, hm_connection *office) {
    hm_options files;
    bool already;
    uint64_t entry;
    hm_message question = {.type = HM_MSG_PUBLISH_CLOSE}, answer;
    HM_TRY(take_operands(options, &files));
    HM_TRY(check_count(&files));
    HM_TRY(hm_is_published(&files, office, &already, &entry));
    outcome.needed = false;
    if (already) return tell_already(options, entry);
    HM_TRY(hm_glass_tell(options, office)); /* before the session is for this alone */
    HM_TRY(begin(&files, office, HM_NO_BYTES));
    HM_TRY(name_files(&files, office));
    HM_TRY(hm_ask(office, &question, &answer));
    outcome.needed = answer.type == HM_MSG_REQUEST_MADE;
    if (!outcome.needed) return put_all(&files, office, &answer);
    outcome.request = answer.field[HM_REQUEST_MADE_INDEX].number;
    return tell_request(options);
}

static hm_err withdraw(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_PUBLISH_WITHDRAW}, answer;
    question.field[HM_PUBLISH_WITHDRAW_PRODUCT].bytes = hm_text(options->product);
    question.field[HM_PUBLISH_WITHDRAW_RELEASE].bytes = hm_text(options->release);
    HM_TRY(hm_ask(office, &question, &answer));
    printf(options->json ? "{\"published\":false,\"product\":\"%s\",\"release\":\"%s\",\"entry\":%llu}\n"
                         : "%s %s is withdrawn, log entry %llu\n",
           options->product, options->release, (unsigned long long)answer.field[HM_PUBLISH_MADE_INDEX].number);
    return HM_OK;
}

/* ---- --list ---- */

typedef struct {
    char product[65], release[65];
    uint64_t index; /* of the withdrawal */
} taken_back;
static struct {
    taken_back *release;
    size_t count, printed;
    bool print, json;
} listing;

static hm_err note_withdrawal(const hm_message *entry) {
    taken_back *larger = reallocarray(listing.release, listing.count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    listing.release = larger;
    taken_back *last = &listing.release[listing.count++];
    hm_text_copy(last->product, sizeof last->product, entry->field[HM_PUBLISHED_PRODUCT].bytes);
    hm_text_copy(last->release, sizeof last->release, entry->field[HM_PUBLISHED_RELEASE].bytes);
    last->index = entry->field[HM_PUBLISHED_INDEX].number;
    return HM_OK;
}

static bool is_taken_back(const hm_message *entry) {
    for (size_t i = 0; i < listing.count; i++) {
        const taken_back *one = &listing.release[i];
        if (one->index > entry->field[HM_PUBLISHED_INDEX].number &&
            hm_bytes_equal(hm_text(one->product), entry->field[HM_PUBLISHED_PRODUCT].bytes) &&
            hm_bytes_equal(hm_text(one->release), entry->field[HM_PUBLISHED_RELEASE].bytes))
            return true;
    }
    return false;
}

static void put_time(uint64_t seconds, char text[static 24]) {
    struct tm utc;
    time_t time = (time_t)seconds;
    if (!gmtime_r(&time, &utc) || !strftime(text, 24, "%Y-%m-%d %H:%M:%SZ", &utc)) snprintf(text, 24, "?");
}

static hm_err print_files(const hm_request *request) {
    for (size_t i = 0; i < request->artifacts; i++) {
        HM_BUF line = HM_BUF_EMPTY;
        HM_TRY(hm_put_hex(&line, request->artifact[i].plain));
        HM_TRY(hm_put_text(&line, "  "));
        HM_TRY(hm_put_readable(&line, request->artifact[i].name));
        printf("  %.*s\n", (int)line.len, (const char *)line.data);
    }
    return HM_OK;
}

static hm_err print_json(const hm_message *entry, const hm_request *request) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_text(&json, "product", entry->field[HM_PUBLISHED_PRODUCT].bytes);
    hm_json_text(&json, "release", entry->field[HM_PUBLISHED_RELEASE].bytes);
    hm_json_number(&json, "entry", (int64_t)entry->field[HM_PUBLISHED_INDEX].number);
    hm_json_number(&json, "time", (int64_t)entry->field[HM_PUBLISHED_TIME].number);
    hm_json_text(&json, "actor", entry->field[HM_PUBLISHED_ACTOR].bytes);
    hm_json_array(&json, "files");
    for (size_t i = 0; i < request->artifacts; i++) {
        hm_json_object(&json, NULL);
        hm_json_text(&json, "name", request->artifact[i].name);
        hm_json_number(&json, "size", (int64_t)request->artifact[i].size);
        hm_json_hex(&json, "sha256", request->artifact[i].plain);
        hm_json_close_object(&json);
    }
    hm_json_close_array(&json);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err print_published(const hm_message *entry) {
    static hm_request request; /* too large for a stack */
    char when[24];
    HM_BUF line = HM_BUF_EMPTY;
    HM_TRY(hm_request_get(entry->field[HM_PUBLISHED_BODY].bytes, &request));
    listing.printed++;
    if (listing.json) return print_json(entry, &request);
    put_time(entry->field[HM_PUBLISHED_TIME].number, when);
    HM_TRY(hm_put_readable(&line, entry->field[HM_PUBLISHED_PRODUCT].bytes));
    HM_TRY(hm_put_text(&line, " "));
    HM_TRY(hm_put_readable(&line, entry->field[HM_PUBLISHED_RELEASE].bytes));
    HM_TRY(hm_put_format(&line, ": published %s by ", when));
    HM_TRY(hm_put_readable(&line, entry->field[HM_PUBLISHED_ACTOR].bytes));
    printf("%.*s, log entry %llu\n", (int)line.len, (const char *)line.data,
           (unsigned long long)entry->field[HM_PUBLISHED_INDEX].number);
    return print_files(&request);
}

static hm_err each_entry(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_PUBLISH_LIST}, answer;
    question.field[HM_PUBLISH_LIST_PRODUCT].bytes = hm_text(options->product ? options->product : "");
    HM_TRY(hm_ask(office, &question, &answer));
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_PUBLISHED, &more));
        if (!more) return HM_OK;
        bool withdrawal = !answer.field[HM_PUBLISHED_BODY].bytes.len;
        if (withdrawal && !listing.print) HM_TRY(note_withdrawal(&answer));
        if (!withdrawal && listing.print && !is_taken_back(&answer)) HM_TRY(print_published(&answer));
        HM_TRY(hm_listen(office, &answer));
    }
}

/* What was taken back is known first. */
static hm_err list(const hm_options *options, hm_connection *office) {
    listing.json = options->json;
    HM_TRY(each_entry(options, office));
    listing.print = true;
    HM_TRY(each_entry(options, office));
    free(listing.release);
    if (!listing.printed && !options->json) printf("nothing is published\n");
    return HM_OK;
}

/* ---- the command ---- */

static hm_err publish_or_wait(const hm_options *options) {
    if (options->wait) HM_TRY(hm_wait_foresee(options));
    HM_TRY(hm_with_office(options, publish));
    if (!outcome.needed) return HM_OK;
    if (!options->wait)
        return hm_refuse("not published yet: approvals are missing (--wait waits for them; hallmark publish again "
                         "publishes it then)");
    HM_TRY(hm_wait_for_request(options, outcome.request));
    HM_TRY(hm_with_office(options, publish));
    return outcome.needed ? hm_raise_again(HM_DENIED, "not published: another request is needed by now") : HM_OK;
}

hm_err hm_command_publish(const hm_options *options) {
    if (options->list) {
        if (options->operand_count || options->withdraw) return hm_misuse("--list stands by itself");
        return hm_with_office(options, list);
    }
    if (!options->product) return hm_misuse("which product? (--product NAME; hallmark product list shows them)");
    if (!options->release) return hm_misuse("which release? (--release VERSION, under which it was signed)");
    if (options->withdraw && options->operand_count)
        return hm_misuse("--withdraw takes the whole release back, and %s is named", options->operands[0]);
    if (options->withdraw) return hm_with_office(options, withdraw);
    if (!options->operand_count) return hm_misuse("publish needs FILE... (hallmark publish --help)");
    return publish_or_wait(options);
}
