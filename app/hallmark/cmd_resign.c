/* resign: what a compromised key had signed while it was good is signed again, with the key that signs now, for the
 * release it was signed for and as the policy says. Which files are done is asked of the log each time: a command that
 * was cut off is given again, and goes on. */
#include "commands.h"
#include "documents.h"
#include "resign_update.h"
#include "self_run.h"

#include <base/file.h>
#include <base/json.h>
#include <base/name.h>
#include <base/readable.h>
#include <core/wire.h>
#include <crypto/digest.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_MAX = 64 << 20, AT_ONCE = 200, COMMON = 8, EXTRA = 64, RELEASE_MAX = 64 };

/* ---- what the key had signed ---- */

typedef struct {
    uint64_t outcome;
    uint32_t release; /* in the table */
    uint8_t format;
    bool in_doubt;
    uint8_t plain[HM_SHA256_LEN]; /* of a file that has its signature beside it, or of a manifest */
} signature;

typedef struct {
    char key[40], product[65], algorithm[16];
    size_t count, room;
    signature *of; /* by outcome, ascending */
    size_t releases, releases_room;
    char (*release)[RELEASE_MAX + 1];
} list;

static void list_clear(list *l) {
    free(l->of);
    free(l->release);
}
#define LIST __attribute__((cleanup(list_clear))) list

static hm_err release_of(list *l, hm_bytes name, uint32_t *at) {
    if (name.len > RELEASE_MAX) return hm_refuse("signatures.jsonl: a release's name is too long");
    for (size_t i = l->releases; i-- > 0;)
        if (hm_bytes_equal(hm_text(l->release[i]), name)) return *at = (uint32_t)i, HM_OK;
    if (l->releases == l->releases_room) {
        l->releases_room = 2 * l->releases_room + 16;
        void *larger = reallocarray(l->release, l->releases_room, sizeof *l->release);
        if (!larger) return hm_no_memory();
        l->release = larger;
    }
    snprintf(l->release[l->releases], sizeof *l->release, "%.*s", (int)name.len, (const char *)name.data);
    *at = (uint32_t)l->releases++;
    return HM_OK;
}

/* What a string means that stands so in JSON; names seldom have anything to be undone. */
static hm_err unescape(hm_bytes string, hm_buf *text) {
    HM_BUF quoted = HM_BUF_EMPTY;
    if (!string.len || !memchr(string.data, '\\', string.len)) return hm_put(text, string);
    HM_TRY(hm_put_format(&quoted, "\"%.*s\"", (int)string.len, (const char *)string.data));
    json_t *value = json_loadb((const char *)quoted.data, quoted.len, JSON_DECODE_ANY, NULL);
    hm_err err = json_is_string(value) ? hm_put(text, HM_BYTES(json_string_value(value), json_string_length(value)))
                                       : hm_refuse("signatures.jsonl: is not as hallmark compromise wrote it");
    json_decref(value);
    return err;
}

static hm_err take_release(list *l, hm_bytes string, uint32_t *at) {
    HM_BUF name = HM_BUF_EMPTY;
    HM_TRY(unescape(string, &name));
    return release_of(l, hm_buf_bytes(&name), at);
}

static hm_err take_plain(hm_bytes line, signature *s) {
    HM_BUF plain = HM_BUF_EMPTY;
    if (hm_failed(hm_hex_decode(hm_json_text_of(line, "plain"), &plain)) || plain.len != sizeof s->plain)
        return hm_refuse("signatures.jsonl: is not as hallmark compromise wrote it");
    memcpy(s->plain, plain.data, sizeof s->plain);
    return HM_OK;
}

static hm_err take_signature(list *l, hm_bytes line) {
    uint64_t outcome, format;
    if (!hm_json_text_of(line, "name").len) return HM_OK; /* a certificate, and the like */
    if (hm_failed(hm_decimal_decode(hm_json_text_of(line, "outcome"), &outcome)) ||
        hm_failed(hm_decimal_decode(hm_json_text_of(line, "format"), &format)) || format > UINT8_MAX)
        return hm_refuse("signatures.jsonl: is not as hallmark compromise wrote it");
    if (l->count && outcome <= l->of[l->count - 1].outcome) return hm_refuse("signatures.jsonl: is not in its order");
    if (l->count == l->room) {
        l->room = 2 * l->room + 256;
        signature *larger = reallocarray(l->of, l->room, sizeof *larger);
        if (!larger) return hm_no_memory();
        l->of = larger;
    }
    signature *s = &l->of[l->count];
    *s = (signature){.outcome = outcome, .format = (uint8_t)format};
    s->in_doubt = !hm_bytes_equal(hm_json_text_of(line, "in_doubt"), hm_text("false"));
    if (s->format == HM_LOGGED_CMS || s->format == HM_LOGGED_MANIFEST) HM_TRY(take_plain(line, s));
    HM_TRY(take_release(l, hm_json_text_of(line, "release"), &s->release));
    l->count++;
    return HM_OK;
}

static hm_err read_signatures(int folder, list *l) {
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int fd = openat(folder, "signatures.jsonl", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file && fd >= 0) close(fd);
    if (!file) return hm_could_not("signatures.jsonl: %s", strerror(errno));
    hm_err err = HM_OK;
    while (!hm_failed(err) && (len = getline(&line, &room, file)) > 0)
        err = take_signature(l, HM_BYTES(line, (size_t)len));
    free(line);
    fclose(file);
    return err;
}

/* Nothing stands in the place of a key that signs no files. */
static hm_err check_role(hm_bytes role) {
    if (hm_bytes_equal(role, hm_text("signing"))) return HM_OK;
    if (hm_bytes_equal(role, hm_text("product CA")))
        return hm_refuse("is about a product's authority: whatever is signed under it is refused everywhere (hallmark "
                         "product add makes another product: sign there what somebody has looked at)");
    return hm_refuse("is about a key that signs no files (report.html says what helps)");
}

static hm_err read_list(const char *directory, list *l) {
    HM_FD folder = -1;
    HM_BUF report = HM_BUF_EMPTY;
    HM_TRY(hm_in(hm_folder_open(AT_FDCWD, directory, &folder), "%s", directory));
    HM_TRY(hm_in(hm_file_read(folder, "report.json", REPORT_MAX, &report), "%s", directory));
    hm_bytes text = hm_buf_bytes(&report), key = hm_json_text_of(text, "key"),
             product = hm_json_text_of(text, "product"), algorithm = hm_json_text_of(text, "algorithm");
    if (!hm_bytes_equal(hm_json_text_of(text, "incident"), hm_text("key")))
        return hm_refuse("%s: is not about a key: there is nothing to be signed again", directory);
    if (hm_bytes_equal(hm_json_text_of(text, "rehearsal"), hm_text("true")))
        return hm_refuse("%s: is a rehearsal", directory);
    HM_TRY(hm_in(check_role(hm_json_text_of(text, "role")), "%s", directory));
    if (!key.len || key.len >= sizeof l->key || algorithm.len >= sizeof l->algorithm ||
        hm_failed(hm_name_check(product, sizeof l->product - 1, "a product")))
        return hm_refuse("%s: the report is not as hallmark compromise wrote it, or the key is no product's",
                         directory);
    memcpy(l->key, key.data, key.len);
    memcpy(l->product, product.data, product.len);
    if (algorithm.len) memcpy(l->algorithm, algorithm.data, algorithm.len);
    return hm_in(read_signatures(folder, l), "%s", directory);
}

static const signature *find(const list *l, uint64_t outcome) {
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->of[middle].outcome < outcome)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->of[low].outcome == outcome ? &l->of[low] : NULL;
}

/* ---- the files ---- */

typedef struct {
    const hm_options *options;
    list *list;
    const signature **of;                  /* by operand; NULL: it is not signed again */
    size_t done, left, signed_now, unsure; /* UNSURE: in batches of which something was not signed */
    hm_class worst;
} work;

static void worse(work *w, hm_class class) {
    /* As of several files: refused before could not before denied. */
    if (w->worst == HM_DONE || class == HM_REFUSED) w->worst = class;
}

static void tell(work *w, const char *file, hm_class class, const char *what) {
    HM_BUF said = HM_BUF_EMPTY;
    /* It may name what an envelope names. */
    if (hm_failed(hm_put_readable(&said, hm_text(what)))) said.len = 0;
    fprintf(stderr, "hallmark: %s: %.*s\n", file, (int)said.len, (const char *)said.data);
    w->left++;
    worse(w, class);
}

static size_t put_common(const hm_options *options, const char **words, size_t at) {
    const char *const common[][2] = {{"--office", options->office}, {"--as", options->as}, {"--ca", options->ca}};
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        if (!common[i][1]) continue;
        words[at++] = common[i][0];
        words[at++] = common[i][1];
    }
    return at;
}

static const signature *find_one(const list *l, const json_t *outcomes) {
    const signature *s = NULL;
    for (size_t i = 0; !s && i < json_array_size(outcomes); i++)
        s = find(l, (uint64_t)json_integer_value(json_array_get(outcomes, i)));
    return s;
}

static void judge_signed(work *w, size_t operand, const json_t *said) {
    const char *file = w->options->operands[operand];
    const signature *s = find_one(w->list, json_object_get(said, "outcomes"));
    if (!s) {
        w->done++;
        return;
    }
    if (json_integer_value(json_object_get(said, "signatures")) != 1)
        return tell(w, file, HM_REFUSED,
                    "holds signatures by others, too, which would be lost: sign it again by hand, and have the others "
                    "do so (hallmark sign --replace)");
    if (s->in_doubt && !w->options->in_doubt)
        return tell(w, file, HM_REFUSED,
                    "was signed when somebody else may have had the key: look at it first (--in-doubt signs it again)");
    w->of[operand] = s;
}

static void judge(work *w, size_t operand, hm_bytes line) {
    json_t *said = json_loadb((const char *)line.data, line.len, 0, NULL);
    const char *reason = json_string_value(json_object_get(said, "reason")),
               *status = json_string_value(json_object_get(said, "status"));
    if (json_object_get(said, "outcomes"))
        judge_signed(w, operand, said);
    else
        tell(w, w->options->operands[operand], status && strcmp(status, "could not") == 0 ? HM_COULD_NOT : HM_REFUSED,
             reason ? reason : "hallmark log check says what cannot be read");
    json_decref(said);
}

/* The line of each file, in their order. */
static hm_err judge_all(work *w, size_t from, size_t count, hm_bytes output) {
    hm_reader reader = hm_reader_of(output);
    hm_bytes line;
    size_t at = 0;
    while (reader.rest.len) {
        HM_TRY(hm_read_line(&reader, &line));
        if (at == count) return hm_could_not("log check says more than it was asked");
        judge(w, from + at++, line);
    }
    return at == count ? HM_OK : hm_could_not("log check has said nothing of %s", w->options->operands[from + at]);
}

static hm_err check_in_log(const work *w, const char *const *files, size_t count, hm_buf *output) {
    const char *words[COMMON + AT_ONCE + 8] = {"log", "check", "--json"};
    int status;
    size_t at = put_common(w->options, words, 3);
    words[at++] = "--";
    for (size_t i = 0; i < count; i++) words[at++] = files[i];
    return hm_self_run(words, output, &status);
}

static hm_err look_up(work *w, size_t from, size_t count) {
    HM_BUF output = HM_BUF_EMPTY;
    HM_TRY(check_in_log(w, (const char *const *)w->options->operands + from, count, &output));
    return judge_all(w, from, count, hm_buf_bytes(&output));
}

/* ---- signed again ---- */

/* Updates for devices have receipts, and no timestamps. */
static size_t put_extra(const hm_options *options, bool stamped, const char **words, size_t at) {
    for (size_t i = 0, put = 0; i < options->given_count && put < EXTRA / 2; i++) {
        bool stamps = strcmp(options->given[i].name, "--timestamp") == 0;
        if (stamps ? !stamped : !hm_is_document_option(options->given[i].name)) continue;
        words[at++] = options->given[i].name;
        words[at++] = options->given[i].value;
        put++;
    }
    if (options->wait) words[at++] = "--wait";
    if (options->json) words[at++] = "--json";
    return at;
}

static const char *format_name(uint8_t format) {
    static const char *const names[] = {NULL, "cms", "catalogue", "pe"};
    return format < sizeof names / sizeof names[0] ? names[format] : NULL;
}

typedef struct {
    const char *file;
    const signature *was;
} item;

static void tell_changed(work *w, const char *file) {
    tell(w, file, HM_REFUSED, "was changed since it was looked up in the log, and is not signed");
}

/* It was looked at some time ago: is it what was signed still? */
static bool is_same(work *w, const item *it) {
    uint8_t sha256[HM_SHA256_LEN];
    hm_err err = hm_hash_file(it->file, sha256);
    if (hm_failed(err)) {
        tell(w, it->file, err.class, hm_err_sentence());
        return false;
    }
    if (memcmp(sha256, it->was->plain, sizeof sha256) == 0) return true;
    tell_changed(w, it->file);
    return false;
}

static bool is_logged_as(hm_bytes line, const signature *was) {
    uint64_t outcome;
    return !hm_failed(hm_decimal_decode(hm_json_text_of(line, "outcome"), &outcome)) && outcome == was->outcome &&
           hm_bytes_equal(hm_json_text_of(line, "signatures"), hm_text("1"));
}

/* What has its signature in it is looked up once more. */
static hm_err keep_logged(work *w, item *items, size_t *count) {
    HM_BUF output = HM_BUF_EMPTY;
    const char *files[AT_ONCE];
    size_t kept = 0;
    hm_bytes line;
    for (size_t i = 0; i < *count; i++) files[i] = items[i].file;
    HM_TRY(check_in_log(w, files, *count, &output));
    hm_reader lines = hm_reader_of(hm_buf_bytes(&output));
    for (size_t i = 0; i < *count; i++) {
        HM_TRY(hm_read_line(&lines, &line));
        if (is_logged_as(line, items[i].was))
            items[kept++] = items[i];
        else
            tell_changed(w, items[i].file);
    }
    *count = kept;
    return HM_OK;
}

static hm_err keep_same(work *w, item *items, size_t *count) {
    size_t kept = 0;
    if (*count && items->was->format != HM_LOGGED_CMS) return keep_logged(w, items, count);
    for (size_t i = 0; i < *count; i++)
        if (is_same(w, &items[i])) items[kept++] = items[i];
    *count = kept;
    return HM_OK;
}

static hm_err sign_some(work *w, const signature *like, item *items, size_t count) {
    const char *release = w->list->release[like->release], *format = format_name(like->format);
    const char *words[COMMON + AT_ONCE + EXTRA + 16] = {"sign", "--product", w->list->product, "--replace"};
    size_t at = 4;
    int status;
    HM_TRY(keep_same(w, items, &count));
    if (!count) return HM_OK;
    if (!format) return hm_refuse("signatures.jsonl: there is no format %u", (unsigned)like->format);
    if (release[0]) words[at++] = "--release";
    if (release[0]) words[at++] = release;
    words[at++] = "--format";
    words[at++] = format;
    at = put_extra(w->options, true, words, put_common(w->options, words, at));
    words[at++] = "--";
    for (size_t i = 0; i < count; i++) words[at++] = items[i].file;
    HM_TRY(hm_self_run(words, NULL, &status));
    *(status ? &w->unsure : &w->signed_now) += count;
    if (status) worse(w, (hm_class)status);
    return HM_OK;
}

typedef struct {
    const char *file;
    const signature *was;
    uint64_t sequence;
} update;

/* By a key of the algorithm that the stolen one has: devices have code for that one. */
static hm_err sign_update(work *w, const update *u) {
    const char *release = w->list->release[u->was->release];
    const char *words[COMMON + EXTRA + HM_UPDATE_WORDS + 20] = {
        "sign",        "--format",         "native",    "--product", w->list->product, "--release", release,
        "--algorithm", w->list->algorithm, "--replace", "-o",        u->file};
    size_t at = put_extra(w->options, false, words, put_common(w->options, words, 12));
    HM_UPDATE_OPTIONS again = {.count = 0};
    char follows[24];
    int status;
    hm_err err = hm_update_again(u->file, u->was->plain, &again);
    if (hm_failed(err)) return tell(w, u->file, err.class, hm_err_sentence()), HM_OK;
    for (size_t i = 0; i < again.count; i++) words[at++] = again.word[i];
    snprintf(follows, sizeof follows, "%llu", (unsigned long long)u->sequence);
    if (!w->options->superseded) words[at++] = "--follows";
    if (!w->options->superseded) words[at++] = follows;
    HM_TRY(hm_self_run(words, NULL, &status));
    ++*(status ? &w->unsure : &w->signed_now);
    if (status) worse(w, (hm_class)status);
    return HM_OK;
}

static int by_sequence(const void *a, const void *b) {
    uint64_t left = ((const update *)a)->sequence, right = ((const update *)b)->sequence;
    return (left > right) - (left < right);
}

/* In their order: an earlier one must not become a later one's successor. */
static hm_err sign_in_order(work *w, update *updates) {
    size_t count = 0;
    for (size_t i = 1; i < w->options->operand_count; i++) {
        const signature *s = w->of[i];
        if (!s || s->format != HM_LOGGED_MANIFEST) continue;
        update *u = &updates[count];
        *u = (update){.file = w->options->operands[i], .was = s};
        w->of[i] = NULL;
        hm_err err = hm_update_sequence(u->file, &u->sequence);
        if (hm_failed(err))
            tell(w, u->file, err.class, hm_err_sentence());
        else
            count++;
    }
    qsort(updates, count, sizeof *updates, by_sequence);
    for (size_t i = 0; i < count; i++) HM_TRY(sign_update(w, &updates[i]));
    return HM_OK;
}

static hm_err sign_updates(work *w) {
    update *updates = calloc(w->options->operand_count, sizeof *updates);
    if (!updates) return hm_no_memory();
    hm_err err = sign_in_order(w, updates);
    free(updates);
    return err;
}

/* Those that go with LIKE: of one release, in one format. */
static hm_err sign_group(work *w, const signature *like) {
    item items[AT_ONCE];
    size_t count = 0;
    for (size_t i = 1; i < w->options->operand_count; i++) {
        const signature *s = w->of[i];
        if (!s || s->release != like->release || s->format != like->format) continue;
        items[count++] = (item){w->options->operands[i], s};
        w->of[i] = NULL;
        if (count < AT_ONCE) continue;
        HM_TRY(sign_some(w, like, items, count));
        count = 0;
    }
    return count ? sign_some(w, like, items, count) : HM_OK;
}

/* ---- with which key ---- */

static bool is_other(const list *l, hm_bytes line) {
    return !hm_bytes_equal(hm_json_text_of(line, "key"), hm_text(l->key)) &&
           hm_bytes_equal(hm_json_text_of(line, "role"), hm_text("signing")) &&
           hm_bytes_equal(hm_json_text_of(line, "state"), hm_text("active"));
}

/* Whose own key it is; empty: it is not a release's. */
static hm_bytes its_release(const list *l, hm_bytes keys) {
    hm_bytes line;
    for (hm_reader r = hm_reader_of(keys); r.rest.len && !hm_failed(hm_read_line(&r, &line));)
        if (hm_bytes_equal(hm_json_text_of(line, "key"), hm_text(l->key))) return hm_json_text_of(line, "release");
    return HM_NO_BYTES;
}

/* Is there, among KEYS (lines of JSON), one that could sign in its place? Of RELEASE's own key only that release's. */
static bool has_successor(const list *l, hm_bytes keys, hm_bytes release) {
    hm_bytes line;
    for (hm_reader r = hm_reader_of(keys); r.rest.len && !hm_failed(hm_read_line(&r, &line));)
        if (is_other(l, line) && (!release.len || hm_bytes_equal(hm_json_text_of(line, "release"), release)))
            return true;
    return false;
}

/* Said once, and not of each file. Who may not see the keys is told by sign. */
static hm_err check_successor(const work *w) {
    const char *words[COMMON + 8] = {"key", "list", "--json", "--product", w->list->product};
    HM_BUF output = HM_BUF_EMPTY, named = HM_BUF_EMPTY;
    int status;
    put_common(w->options, words, 5);
    HM_TRY(hm_self_run(words, &output, &status));
    hm_bytes release = its_release(w->list, hm_buf_bytes(&output));
    if (status || has_successor(w->list, hm_buf_bytes(&output), release)) return HM_OK;
    if (release.len) HM_TRY(hm_put_text(&named, " --release "));
    HM_TRY(unescape(release, &named));
    return hm_refuse("there is no key yet that signs in place of %s (hallmark key rotate --product %s --algorithm %s"
                     "%.*s)",
                     w->list->key, w->list->product, w->list->algorithm, (int)named.len, (const char *)named.data);
}

static void warn_of_timestamps(const hm_options *options) {
    const char *standing = getenv("HALLMARK_TIMESTAMP");
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--timestamp") == 0) return;
    if (!standing || !standing[0])
        fprintf(stderr, "hallmark: note: timestamps that files have are not taken over (--timestamp)\n");
}

static hm_err prepare(const work *w) {
    bool any = false;
    for (size_t i = 1; i < w->options->operand_count; i++) any |= w->of[i] != NULL;
    if (!any) return HM_OK;
    HM_TRY(check_successor(w));
    warn_of_timestamps(w->options);
    return HM_OK;
}

static hm_err resign(work *w) {
    for (size_t i = 1; i < w->options->operand_count; i += AT_ONCE) {
        size_t left = w->options->operand_count - i;
        HM_TRY(look_up(w, i, left < AT_ONCE ? left : AT_ONCE));
    }
    HM_TRY(prepare(w));
    HM_TRY(sign_updates(w));
    for (size_t i = 1; i < w->options->operand_count; i++)
        if (w->of[i]) HM_TRY(sign_group(w, w->of[i]));
    return HM_OK;
}

static void print_totals(const work *w) {
    printf("%zu signed again, %zu were not this key's or are done", w->signed_now, w->done);
    if (w->left) printf(", %zu were left as they are", w->left);
    if (w->unsure) printf(", of %zu not all were signed (give the command again)", w->unsure);
    printf("\n");
}

hm_err hm_command_resign(const hm_options *options) {
    LIST l = {.count = 0};
    work w = {.options = options, .list = &l};
    HM_TRY(read_list(options->operands[0], &l));
    w.of = calloc(options->operand_count, sizeof *w.of);
    if (!w.of) return hm_no_memory();
    hm_err err = resign(&w);
    free(w.of);
    HM_TRY(err);
    if (!options->json) print_totals(&w);
    return w.worst == HM_DONE ? HM_OK : hm_already_reported(w.worst);
}
