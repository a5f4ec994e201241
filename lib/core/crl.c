/* Revocation lists: made from the log, signed by the CA's key, kept as files. */
#include "certificates.h"

#include <base/file.h>
#include <base/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 86400, LIST_MAX = 1 << 19, FOLDER_MODE = 0755, FILE_MODE = 0644 };

/* No product's name begins so. */
static bool is_root_name(const hm_product *product) { return strcmp(product->name, "root") == 0; }

void hm_crl_file_name(const hm_product *product, char name[static HM_CRL_NAME_MAX]) {
    if (!product)
        snprintf(name, HM_CRL_NAME_MAX, "root.crl");
    else
        snprintf(name, HM_CRL_NAME_MAX, "%s%s.crl", is_root_name(product) ? "_" : "", product->name);
}

/* ---- what is to be said ---- */

typedef struct {
    hm_office *office;
    const hm_product *product; /* NULL: the root's */
    hm_buf serials;            /* which the entries view */
    hm_crl_entry *entry;
    size_t *serial_at;
    size_t count;
    uint8_t content[HM_SHA256_LEN]; /* of all that it says, and of the CA's certificate */
    hm_ca ca;
} revoked_list;

static void list_clear(revoked_list *l) {
    hm_buf_clear(&l->serials);
    hm_buf_clear(&l->ca.certificate);
    free(l->entry);
    free(l->serial_at);
}
#define LIST __attribute__((cleanup(list_clear))) revoked_list

/* The root has certified the office's own keys and the products' CAs, a product's CA its signing keys. */
static bool is_of(const revoked_list *l, const hm_certificate *c) {
    bool signing = hm_bytes_equal(c->role, hm_text("signing"));
    if (c->imported || hm_bytes_equal(c->role, hm_text("root CA"))) return false;
    return l->product ? signing : !signing;
}

static hm_err grow(revoked_list *l) {
    hm_crl_entry *entry = reallocarray(l->entry, l->count + 1, sizeof *entry);
    if (entry) l->entry = entry;
    size_t *at = reallocarray(l->serial_at, l->count + 1, sizeof *at);
    if (at) l->serial_at = at;
    return entry && at ? HM_OK : hm_no_memory();
}

static hm_err keep_revoked(void *context, const hm_certificate *c) {
    revoked_list *l = context;
    if (!c->revoked || !is_of(l, c)) return HM_OK;
    HM_TRY(grow(l));
    l->serial_at[l->count] = l->serials.len;
    HM_TRY(hm_in(hm_hex_decode(c->serial, &l->serials), "a serial number"));
    l->entry[l->count++] = (hm_crl_entry){.revoked = c->revoked_at, .reason = c->reason, .invalidity = c->invalidity};
    return HM_OK;
}

static hm_err sum_up(revoked_list *l) {
    HM_BUF all = HM_BUF_EMPTY;
    HM_TRY(hm_put(&all, hm_buf_bytes(&l->ca.certificate)));
    for (size_t i = 0; i < l->count; i++) {
        size_t end = i + 1 < l->count ? l->serial_at[i + 1] : l->serials.len;
        HM_TRY(hm_bytes_part(hm_buf_bytes(&l->serials), l->serial_at[i], end - l->serial_at[i], &l->entry[i].serial));
        HM_TRY(hm_put_u64be(&all, (uint64_t)l->entry[i].revoked));
        HM_TRY(hm_put_u64be(&all, (uint64_t)l->entry[i].reason));
        HM_TRY(hm_put_u64be(&all, (uint64_t)l->entry[i].invalidity));
        HM_TRY(hm_put_u64be(&all, l->entry[i].serial.len));
        HM_TRY(hm_put(&all, l->entry[i].serial));
    }
    hm_sha256(hm_buf_bytes(&all), l->content);
    return HM_OK;
}

static hm_err gather(revoked_list *l) {
    HM_TRY(hm_ceremony_ca(l->office, l->product, false, &l->ca));
    HM_TRY(hm_certificates_list(l->office, l->product, keep_revoked, l));
    return sum_up(l);
}

/* ---- what was said ---- */

typedef struct {
    bool found;
    hm_crl_made made;
    uint8_t content[HM_SHA256_LEN];
} last_list;

typedef struct {
    const hm_product *product; /* of the list that is looked for, NULL: the root's */
    last_list *last;
} last_search;

static uint64_t number_of(hm_bytes details, const char *member) {
    uint64_t number;
    return hm_failed(hm_decimal_decode(hm_json_text_of(details, member), &number)) ? 0 : number;
}

static hm_err open_made(const hm_entry_row *entry, hm_crl_made *made, uint8_t content[static HM_SHA256_LEN]) {
    HM_BUF sum = HM_BUF_EMPTY;
    hm_leaf leaf;
    bool erased;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    hm_bytes details = entry->details;
    *made = (hm_crl_made){.product = hm_json_text_of(details, "product"),
                          .index = entry->index,
                          .number = number_of(details, "number"),
                          .revoked = number_of(details, "revoked"),
                          .this_update = (int64_t)number_of(details, "time"),
                          .next_update = (int64_t)number_of(details, "next_update")};
    memcpy(made->sha256, leaf.digest, sizeof made->sha256);
    memset(content, 0, HM_SHA256_LEN);
    if (!hm_failed(hm_hex_decode(hm_json_text_of(details, "content"), &sum)) && sum.len == HM_SHA256_LEN)
        memcpy(content, sum.data, HM_SHA256_LEN);
    return HM_OK;
}

static hm_err keep_last(void *context, const hm_entry_row *entry) {
    last_search *search = context;
    hm_crl_made made;
    uint8_t content[HM_SHA256_LEN];
    HM_TRY(open_made(entry, &made, content));
    if (!hm_bytes_equal(made.product, search->product ? hm_text(search->product->name) : HM_NO_BYTES)) return HM_OK;
    made.product = HM_NO_BYTES; /* the view ends with the visit */
    *search->last = (last_list){.found = true, .made = made};
    memcpy(search->last->content, content, sizeof content);
    return HM_OK;
}

static hm_err find_last(hm_office *office, const hm_product *product, last_list *last) {
    last_search search = {.product = product, .last = last};
    *last = (last_list){.found = false};
    return hm_store_entries_tagged(office->store, HM_CRLS_TAG, keep_last, &search);
}

/* The file, if it is the one that was made last. */
static hm_err read_file(const hm_office *office, const hm_product *product, const last_list *last, hm_buf *der,
                        bool *there) {
    char name[HM_CRL_NAME_MAX], path[HM_CRL_NAME_MAX + sizeof HM_CRL_FOLDER];
    uint8_t sha256[HM_SHA256_LEN];
    struct stat st;
    size_t before = der->len;
    hm_bytes read;
    hm_crl_file_name(product, name);
    snprintf(path, sizeof path, HM_CRL_FOLDER "/%s", name);
    *there = false;
    if (fstatat(office->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) return HM_OK;
    HM_TRY(hm_file_read(office->dirfd, path, LIST_MAX, der));
    HM_TRY(hm_bytes_part(hm_buf_bytes(der), before, der->len - before, &read));
    hm_sha256(read, sha256);
    *there = last->found && memcmp(sha256, last->made.sha256, sizeof sha256) == 0;
    if (!*there) der->len = before;
    return HM_OK;
}

/* ---- making one ---- */

static hm_err log_made(hm_office *office, const hm_product *product, const hm_crl_request *request,
                       const uint8_t content[static HM_SHA256_LEN], hm_bytes der) {
    HM_BUF details = HM_BUF_EMPTY;
    uint8_t sha256[HM_SHA256_LEN];
    uint64_t index;
    hm_sha256(der, sha256);
    hm_json json = hm_log_act(office, "revocation list made", &details);
    hm_json_hex(&json, "content", HM_BYTES(content, HM_SHA256_LEN));
    hm_json_number(&json, "next_update", request->next_update);
    hm_json_number(&json, "number", (int64_t)request->number);
    if (product) hm_json_string(&json, "product", product->name);
    hm_json_number(&json, "revoked", (int64_t)request->count);
    hm_json_number(&json, "time", request->this_update);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY,
                        .product = product,
                        .digest = HM_ARRAY(sha256),
                        .details = hm_buf_bytes(&details),
                        .tag = HM_CRLS_TAG};
    return hm_log_now(office, &record, &index);
}

/* Under one name until it is whole, so that what a core leaves behind that is killed is the next one's to replace. */
static hm_err replace(int folder, const char *name, hm_bytes der) {
    static const char fresh[] = ".new";
    (void)unlinkat(folder, fresh, 0);
    HM_TRY(hm_file_write(folder, fresh, der, FILE_MODE));
    if (renameat(folder, fresh, folder, name) != 0 || fsync(folder) != 0)
        return hm_could_not("%s: cannot be replaced: %s", name, strerror(errno));
    return HM_OK;
}

static hm_err write_file(const hm_office *office, const hm_product *product, hm_bytes der) {
    char name[HM_CRL_NAME_MAX];
    HM_FD folder = -1;
    hm_crl_file_name(product, name);
    if (mkdirat(office->dirfd, HM_CRL_FOLDER, FOLDER_MODE) != 0 && errno != EEXIST)
        return hm_could_not(HM_CRL_FOLDER ": %s", strerror(errno));
    HM_TRY(hm_folder_open(office->dirfd, HM_CRL_FOLDER, &folder));
    return hm_in(replace(folder, name, der), HM_CRL_FOLDER);
}

/* How many entries the log had: each list adds some, so the number rises, and no two are the same. */
static hm_err make(revoked_list *l, int64_t lifetime, hm_buf *der) {
    HM_BUF fresh = HM_BUF_EMPTY;
    char purpose[128];
    hm_crl_request request = {.this_update = hm_now(), .count = l->count, .entry = l->entry};
    request.next_update = request.this_update + lifetime;
    HM_TRY(hm_store_log_size(l->office->store, &request.number));
    snprintf(purpose, sizeof purpose, "revocation list %llu of %s", (unsigned long long)request.number,
             l->product ? l->product->name : "the root");
    hm_logged_signer logged = {l->office, hm_key_signer(l->ca.key), l->product, purpose, {0}};
    memcpy(logged.token_id, l->ca.token_id, sizeof logged.token_id);
    hm_signer signer = hm_logged(&logged);
    HM_TRY(hm_crl_issue(&request, hm_buf_bytes(&l->ca.certificate), &signer, &fresh));
    if (fresh.len > LIST_MAX) return hm_refuse("the revocation list would have more than %d bytes", LIST_MAX);
    HM_TRY(log_made(l->office, l->product, &request, l->content, hm_buf_bytes(&fresh)));
    HM_TRY(write_file(l->office, l->product, hm_buf_bytes(&fresh)));
    return hm_put(der, hm_buf_bytes(&fresh));
}

static bool is_over(const last_list *last) { return !last->found || hm_now() >= last->made.next_update; }

static int64_t lifetime_of(const last_list *last, uint64_t days) {
    if (days) return (int64_t)days * DAY;
    return last->found ? last->made.next_update - last->made.this_update : (int64_t)HM_CRL_DAYS * DAY;
}

/* Under the ceremony lock, keys' states followed. */
static hm_err get(hm_office *office, const hm_product *product, uint64_t days, bool renew, hm_buf *der) {
    LIST l = {.office = office, .product = product};
    last_list last;
    bool there;
    HM_TRY(gather(&l));
    HM_TRY(find_last(office, product, &last));
    HM_TRY(read_file(office, product, &last, der, &there));
    if (there && !renew && !is_over(&last) && memcmp(last.content, l.content, sizeof l.content) == 0) return HM_OK;
    if (there) der->len = 0;
    HM_TRY(hm_office_token(office));
    HM_TRY(hm_ceremony_ca(office, product, true, &l.ca));
    return make(&l, lifetime_of(&last, days), der);
}

hm_err hm_crl_get(hm_office *office, const hm_product *product, uint64_t days, bool renew, hm_buf *der) {
    HM_FD lock = -1;
    der->len = 0;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(hm_certificates_follow_keys(office));
    return get(office, product, days, renew, der);
}

/* ---- keeping them ---- */

typedef struct {
    hm_product product; /* without an id: the root */
    bool due;           /* there is a list, or something to be said in one */
} authority;

typedef struct {
    size_t count;
    authority *authority; /* the root first */
} authorities;

static hm_err add_authority(authorities *a, const hm_product *product) {
    authority *larger = reallocarray(a->authority, a->count + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    a->authority = larger;
    larger[a->count++] = (authority){.product = *product};
    return HM_OK;
}

static hm_err take_product(void *context, const hm_product_row *row) {
    hm_product product = {.id = row->id, .algorithms = row->algorithms};
    snprintf(product.name, sizeof product.name, "%.*s", (int)row->name.len, (const char *)row->name.data);
    memcpy(product.vendor, row->vendor, sizeof product.vendor);
    memcpy(product.class, row->class, sizeof product.class);
    return add_authority(context, &product);
}

static hm_err find_authorities(hm_office *office, authorities *a) {
    const hm_product root = {.id = 0};
    size_t found;
    HM_TRY(add_authority(a, &root));
    return hm_store_products(office->store, NULL, take_product, a, &found);
}

/* NAME empty: the root. */
static void mark(authorities *a, hm_bytes name) {
    for (size_t i = 0; i < a->count; i++)
        a->authority[i].due |= hm_bytes_equal(hm_text(a->authority[i].product.name), name);
}

static hm_err mark_revoked(void *context, const hm_certificate *c) {
    bool signing = hm_bytes_equal(c->role, hm_text("signing"));
    if (c->revoked) mark(context, signing ? c->product : HM_NO_BYTES);
    return HM_OK;
}

static hm_err mark_made(void *context, const hm_entry_row *entry) {
    mark(context, hm_json_text_of(entry->details, "product"));
    return HM_OK;
}

/* Made anew when half of its time is over. */
static hm_err keep_one(hm_office *office, const hm_product *product) {
    HM_BUF der = HM_BUF_EMPTY;
    last_list last;
    HM_TRY(find_last(office, product, &last));
    bool half = last.found && hm_now() - last.made.this_update > last.made.next_update - hm_now();
    return get(office, product, 0, half, &der);
}

static hm_err keep_all(hm_office *office, authorities *a) {
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(hm_certificates_follow_keys(office));
    HM_TRY(find_authorities(office, a));
    HM_TRY(hm_certificates_list(office, NULL, mark_revoked, a));
    HM_TRY(hm_store_entries_tagged(office->store, HM_CRLS_TAG, mark_made, a));
    for (size_t i = 0; i < a->count; i++) /* one whose key is gone keeps nobody from the others */
        if (a->authority[i].due) (void)!hm_failed(keep_one(office, i ? &a->authority[i].product : NULL));
    return HM_OK;
}

typedef struct {
    authorities all;
    int64_t now;
} aging;

/* By entries alone: the newest of an authority counts. */
static hm_err mark_aged(void *context, const hm_entry_row *entry) {
    aging *a = context;
    hm_bytes name = hm_json_text_of(entry->details, "product");
    int64_t began = (int64_t)number_of(entry->details, "time"),
            ends = (int64_t)number_of(entry->details, "next_update");
    for (size_t i = 0; i < a->all.count; i++)
        if (hm_bytes_equal(hm_text(a->all.authority[i].product.name), name))
            a->all.authority[i].due = a->now - began > ends - a->now;
    return HM_OK;
}

static hm_err note_made(void *context, const hm_entry_row *entry) {
    (void)entry;
    *(bool *)context = true;
    return HM_OK;
}

static hm_err find_aged(hm_office *office, aging *a, bool *any) {
    bool made = false;
    HM_TRY(hm_store_entries_tagged(office->store, HM_CRLS_TAG, note_made, &made));
    if (!made) return HM_OK; /* as in most offices: a query, and no more */
    HM_TRY(find_authorities(office, &a->all));
    HM_TRY(hm_store_entries_tagged(office->store, HM_CRLS_TAG, mark_aged, a));
    for (size_t i = 0; i < a->all.count; i++) *any |= a->all.authority[i].due;
    return HM_OK;
}

void hm_crls_keep_aged(hm_office *office) {
    aging a = {.now = hm_now()};
    bool any = false;
    if (!hm_failed(find_aged(office, &a, &any)) && any) hm_crls_keep(office);
    free(a.all.authority);
}

void hm_crls_keep(hm_office *office) {
    authorities a = {0};
    (void)!hm_failed(keep_all(office, &a));
    free(a.authority);
}

/* ---- what was made ---- */

typedef struct {
    const char *name;
    hm_office *office;
    hm_crl_visit visit;
    void *context;
} visiting;

static hm_err visit_last(visiting *v, const hm_product *product) {
    last_list last;
    HM_TRY(find_last(v->office, product, &last));
    if (!last.found) return HM_OK;
    last.made.product = product ? hm_text(product->name) : HM_NO_BYTES;
    return v->visit(v->context, &last.made);
}

hm_err hm_crls_made(hm_office *office, hm_crl_visit visit, void *context) {
    visiting v = {.office = office, .visit = visit, .context = context};
    authorities a = {0};
    hm_err err = find_authorities(office, &a);
    if (!hm_failed(err)) err = hm_store_entries_tagged(office->store, HM_CRLS_TAG, mark_made, &a);
    for (size_t i = 0; i < a.count && !hm_failed(err); i++)
        if (a.authority[i].due) err = visit_last(&v, i ? &a.authority[i].product : NULL);
    free(a.authority);
    return err;
}

typedef struct {
    hm_office *office;
    size_t files;
} checking;

static hm_err check_made(void *context, const hm_crl_made *made) {
    checking *c = context;
    hm_product product = {.id = 0};
    HM_BUF der = HM_BUF_EMPTY;
    last_list last = {.found = true, .made = *made};
    bool there;
    if (made->product.len) HM_TRY(hm_product_find(c->office, made->product, &product));
    HM_TRY(read_file(c->office, made->product.len ? &product : NULL, &last, &der, &there));
    if (!there)
        return hm_refuse("the revocation list of %s is not the newest, number %llu (hallmark cert crl makes it again)",
                         made->product.len ? product.name : "the root", (unsigned long long)made->number);
    c->files++;
    return HM_OK;
}

hm_err hm_crls_check(hm_office *office, size_t *files) {
    checking c = {.office = office};
    HM_TRY(hm_crls_made(office, check_made, &c));
    *files = c.files;
    return HM_OK;
}
