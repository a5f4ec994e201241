#include "office_fixture.h"

#include <base/file.h>
#include <keys/token.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* SoftHSM loses a few octets with every Ed25519 signature, which is not ours to find. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) { return "leak:libsofthsm2.so"; }
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void) { return "fast_unwind_on_malloc=0"; }

static char folder[64], faults[96], pin[96], uri[512];
static office original;
static bool no_softhsm;

const char *office_group_folder(void) { return folder; }
const char *office_token_uri(void) { return uri; }
const char *office_pin_path(void) { return pin; }

void token_faults(const char *orders) {
    HM_FD fd = open(faults, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    WORKS(hm_fd_write(fd, hm_text(orders)));
}

/* A SoftHSM token, and the URI of it as the fake module shows it. */
static hm_err make_token(void) {
    char token[96];
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    snprintf(token, sizeof token, "%s/token", folder);
    snprintf(pin, sizeof pin, "%s/token/pin", folder);
    snprintf(faults, sizeof faults, "%s/faults", folder);
    snprintf(uri, sizeof uri, "pkcs11:token=hallmark?module-path=%s", FAKE_MODULE);
    HM_TRY(hm_softhsm_create(token, "hallmark"));
    HM_TRY(hm_softhsm_select(token, &storage, &selector));
    setenv("HALLMARK_FAKE_REAL", selector.module_path, 1);
    setenv("HALLMARK_FAKE_FAULTS", faults, 1);
    token_faults("");
    return HM_OK;
}

static void add_product(const char *name, uint64_t algorithms, hm_key_algorithm ready) {
    hm_message add = {.type = HM_MSG_PRODUCT_ADD}, generate = product_message(HM_MSG_KEY_GENERATE, name, ready);
    add.field[HM_PRODUCT_ADD_NAME].bytes = hm_text(name);
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = algorithms;
    assert_int_equal(ask(&original, &add).type, HM_MSG_DONE);
    assert_int_equal(ask(&original, &generate).type, HM_MSG_DONE);
}

int office_group_make(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the front does */
    snprintf(folder, sizeof folder, "/tmp/hallmark-core-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    original.core = HM_CONNECTION_NONE;
    snprintf(original.directory, sizeof original.directory, "%s/office", folder);
    hm_err err = make_token();
    no_softhsm = hm_failed(err) && strstr(hm_err_sentence(), "not installed");
    if (no_softhsm) return 0;
    WORKS(err);
    hm_office_plan plan = {.directory = original.directory, .organization = "Example", .token = uri, .pin_path = pin};
    WORKS(hm_office_create(&plan));
    office_connect(&original);
    add_product("pump", 1u << HM_KEY_ES256 | 1u << HM_KEY_ED25519, HM_KEY_ES256);
    add_product("valve", 1u << HM_KEY_RSA3072, HM_KEY_RSA3072);
    /* Everything is published, whatever the time of the last checkpoint. */
    ask(&original, &(hm_message){.type = HM_MSG_LOG_PUBLISH});
    office_disconnect(&original);
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_folder(const char *path) { nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

int office_group_remove(void **state) {
    (void)state;
    remove_folder(folder);
    return 0;
}

int office_needed(void **state) {
    (void)state;
    if (no_softhsm) skip();
    token_faults("");
    return 0;
}

/* nftw gives its visitor no context. */
static const char *copied_from, *copied_to;

static int copy_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
    char to[256];
    (void)at;
    snprintf(to, sizeof to, "%s%s", copied_to, &path[strlen(copied_from)]);
    if (type == FTW_D) return mkdir(to, st->st_mode & 07777);
    HM_BUF content = HM_BUF_EMPTY;
    HM_FD fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 07777);
    return fd < 0 || hm_failed(hm_file_read(AT_FDCWD, path, 1 << 24, &content)) ||
           hm_failed(hm_fd_write(fd, hm_buf_bytes(&content)));
}

static void copy_folder(const char *from, const char *to) {
    copied_from = from;
    copied_to = to;
    assert_int_equal(nftw(from, copy_entry, 16, FTW_PHYS), 0);
}

void office_copy(office *copy) {
    static unsigned copies;
    copy->core = HM_CONNECTION_NONE;
    snprintf(copy->directory, sizeof copy->directory, "%.60s/copy-%u", folder, copies++);
    copy_folder(original.directory, copy->directory);
    office_age_checkpoint(copy);
}

void office_restore(const office *from, office *to) {
    assert_int_equal(to->core.fd, -1);
    remove_folder(to->directory);
    copy_folder(from->directory, to->directory);
}

void office_clear(office *copy) {
    (void)!hm_failed(hm_disconnect(&copy->core));
    remove_folder(copy->directory);
}

void office_connect(office *o) { WORKS(hm_connect(o->directory, NULL, NULL, &o->core)); }
void office_disconnect(office *o) { WORKS(hm_disconnect(&o->core)); }

void office_reconnect(office *o) {
    office_disconnect(o);
    office_connect(o);
}

void office_open(office *copy) {
    office_copy(copy);
    office_connect(copy);
}

void office_open_narrowed(office *copy, uint64_t signatures) {
    office_open(copy);
    narrow(copy, signatures);
}

const char *office_file(const office *o, const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", o->directory, name);
    return path;
}

void office_sql(const office *o, const char *text) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(office_file(o, "office.db"), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* An index whose expression has no value for them: SQLite runs no triggers of a database for the store. */
void office_break_entries(const office *o, const char *prefix) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *string;
    WORKS(hm_put_format(&text,
                        "CREATE INDEX broken ON entry((CASE WHEN idx>=%llu AND hex(leaf) LIKE '%s%%' THEN "
                        "abs(-9223372036854775807-1) END))",
                        (unsigned long long)entries_in(o), prefix));
    WORKS(hm_buf_string(&text, &string));
    office_sql(o, string);
}

void office_mend(const office *o) { office_sql(o, "DROP INDEX broken"); }

void office_age_checkpoint(const office *o) {
    struct timespec now, dates[2];
    clock_gettime(CLOCK_REALTIME, &now);
    dates[0] = dates[1] = (struct timespec){.tv_sec = now.tv_sec - 3600};
    assert_int_equal(utimensat(AT_FDCWD, office_file(o, "log/checkpoint"), dates, 0), 0);
}

hm_message ask(office *o, const hm_message *question) {
    hm_message answer;
    WORKS(hm_ask(&o->core, question, &answer));
    return answer;
}

hm_message hear(office *o) {
    hm_message answer;
    WORKS(hm_listen(&o->core, &answer));
    return answer;
}

void expect_fault(office *o, hm_class class, const char *words, const hm_message *question) {
    hm_message answer;
    FAILS(class, words, hm_ask(&o->core, question, &answer));
}

void expect_token_fault(office *o, const char *orders, const char *words, const hm_message *question) {
    token_faults(orders);
    expect_fault(o, HM_COULD_NOT, words, question);
    token_faults("");
}

hm_message narrow_message(const char *product, uint64_t signatures) {
    hm_message message = {.type = HM_MSG_NARROW};
    message.field[HM_NARROW_PRODUCT].bytes = hm_text(product);
    message.field[HM_NARROW_RELEASE].bytes = LITERAL("1.0");
    if (signatures)
        message.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS | 1u << HM_LOGGED_CATALOGUE | 1u << HM_LOGGED_PE;
    message.field[HM_NARROW_SIGNATURES].number = signatures;
    return message;
}

void narrow(office *o, uint64_t signatures) {
    hm_message message = narrow_message("pump", signatures);
    assert_int_equal(ask(o, &message).type, HM_MSG_DONE);
}

hm_message sign_message(uint64_t tag, hm_key_algorithm algorithm, hm_bytes content) {
    hm_message message = {.type = HM_MSG_SIGN};
    message.field[HM_SIGN_TAG].number = tag;
    message.field[HM_SIGN_FORMAT].number = 1;
    message.field[HM_SIGN_STRUCTURE].number = HM_STRUCTURE_CMS;
    message.field[HM_SIGN_ALGORITHM].number = algorithm;
    message.field[HM_SIGN_NAME].bytes = LITERAL("firmware.bin");
    message.field[HM_SIGN_SIZE].number = 1234;
    message.field[HM_SIGN_PLAIN].bytes = LITERAL("0123456789abcdef0123456789abcdef");
    message.field[HM_SIGN_CONTENT].bytes = content;
    return message;
}

hm_message product_message(hm_message_type type, const char *product, uint64_t algorithm) {
    /* The fields stand in the same places. */
    hm_message message = {.type = type};
    message.field[HM_KEY_GENERATE_PRODUCT].bytes = hm_text(product);
    message.field[HM_KEY_GENERATE_ALGORITHM].number = algorithm;
    return message;
}

void structure_hash(hm_structure kind, hm_bytes structure, uint8_t signature_hash[static HM_SHA256_LEN]) {
    HM_SIGNED *parsed = NULL;
    WORKS(hm_signed_parse(kind, structure, &parsed));
    assert_int_equal(hm_signed_count(parsed), 1);
    memcpy(signature_hash, hm_signed_at(parsed, 0)->signature_hash, HM_SHA256_LEN);
}

void sign_once(office *o, uint64_t *intent, uint64_t *outcome, uint8_t signature_hash[static HM_SHA256_LEN]) {
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    office_connect(o);
    narrow(o, 1);
    hm_message answer = ask(o, &question);
    *intent = answer.field[HM_SIGNED_INTENT].number;
    *outcome = answer.field[HM_SIGNED_OUTCOME].number;
    structure_hash(HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, signature_hash);
    office_disconnect(o);
}

static void read_trust(const office *o, hm_buf *pem) {
    WORKS(hm_file_read(AT_FDCWD, office_file(o, "trust.pem"), 1 << 16, pem));
}

hm_err check_structure(office *o, hm_structure kind, hm_bytes structure, const char *product,
                       hm_digest_algorithm algorithm, hm_bytes content) {
    HM_BUF pem = HM_BUF_EMPTY;
    HM_TRUST *trust = NULL;
    HM_SIGNED *parsed = NULL;
    hm_verdict verdict;
    read_trust(o, &pem);
    WORKS(hm_trust_from_pem(hm_buf_bytes(&pem), &trust));
    hm_verify_rules rules = {.trust = trust, .now = time(NULL), .product = product};
    hm_digest digest = {.algorithm = algorithm, .len = content.len};
    memcpy(digest.value, content.data, content.len);
    HM_TRY(hm_signed_parse(kind, structure, &parsed));
    return hm_signed_verify(parsed, 0, &digest, &rules, &verdict);
}

void log_key(const office *o, hm_note_key *key) {
    static const char title[] = "hallmark-log-key: ";
    HM_BUF pem = HM_BUF_EMPTY;
    read_trust(o, &pem);
    hm_reader reader = hm_reader_of(hm_buf_bytes(&pem));
    for (hm_bytes line, vkey; reader.rest.len;) {
        WORKS(hm_read_line(&reader, &line));
        if (line.len < sizeof title || memcmp(line.data, title, sizeof title - 1) != 0) continue;
        WORKS(hm_bytes_part(line, sizeof title - 1, line.len - sizeof title + 1, &vkey));
        WORKS(hm_note_key_parse(vkey, key));
        return;
    }
    fail_msg("trust.pem names no log key");
}

/* The database, for as long as it is needed: no connection is open where a process is forked. */
static hm_store *open_store(const office *o) {
    hm_store *store = NULL;
    WORKS(hm_store_open(office_file(o, "office.db"), &store));
    return store;
}

uint64_t entries_in(const office *o) {
    uint64_t size = 0;
    hm_store *store = open_store(o);
    hm_err err = hm_store_log_size(store, &size);
    hm_store_close(&store);
    WORKS(err);
    return size;
}

void entry_clear(entry *e) {
    hm_buf_clear(&e->cbor);
    hm_buf_clear(&e->salt);
    hm_buf_clear(&e->details);
}

static hm_err keep_entry(void *context, const hm_entry_row *row) {
    entry *e = context;
    HM_TRY(hm_put(&e->cbor, row->leaf));
    HM_TRY(hm_put(&e->salt, row->salt));
    HM_TRY(hm_put(&e->details, row->details));
    return hm_leaf_get(row->leaf, &e->leaf);
}

void entry_read(const office *o, uint64_t index, entry *e) {
    entry_clear(e);
    hm_store *store = open_store(o);
    hm_err err = hm_store_entries(store, index, 1, keep_entry, e);
    hm_store_close(&store);
    WORKS(err);
    assert_true(e->cbor.len > 0);
}

void expect_refusals(const office *o, uint64_t from, uint64_t count) {
    ENTRY e = {0};
    assert_int_equal(entries_in(o), from + count);
    for (uint64_t i = from; i < from + count; i++) {
        entry_read(o, i, &e);
        assert_int_equal(e.leaf.type, HM_LEAF_REFUSAL);
    }
}

bool details_hold(const entry *e, const char *text) {
    return e->details.len && memmem(e->details.data, e->details.len, text, strlen(text)) != NULL;
}

static hm_err append_leaf(hm_store *store, const hm_leaf *leaf, uint64_t *index) {
    HM_BUF cbor = HM_BUF_EMPTY;
    static const uint8_t salt[HM_SALT_LEN];
    hm_leaf whole = *leaf;
    hm_leaf_details_hash(salt, LITERAL("{}"), whole.details_hash);
    HM_TRY(hm_leaf_put(&whole, &cbor));
    hm_entry_row row = {.leaf = hm_buf_bytes(&cbor), .salt = HM_ARRAY(salt), .details = LITERAL("{}")};
    hm_reader signature_hash = hm_reader_of(HM_BYTES(leaf->digest, leaf->digest_len));
    if (leaf->type == HM_LEAF_OUTCOME) HM_TRY(hm_read_u64be(&signature_hash, &row.tag));
    HM_TRY(hm_store_begin(store));
    HM_TRY(hm_store_append(store, &row, index));
    return hm_store_commit(store);
}

uint64_t entry_forge(const office *o, const hm_leaf *leaf) {
    uint64_t index = 0;
    hm_store *store = open_store(o);
    hm_err err = append_leaf(store, leaf, &index);
    hm_store_close(&store);
    WORKS(err);
    return index;
}
