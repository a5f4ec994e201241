/* key list, product show: keys, for people and for machines. */
#include "keys.h"
#include "office_access.h"
#include "officer.h"

#include <base/json.h>
#include <crypto/algorithm.h>
#include <pki/cert.h>
#include <pki/cose.h>
#include <policy/key_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROLE_SIGNING = 4, ID_LEN = 16 };

const char *hm_key_role_word(uint64_t role) {
    static const char *const names[] = {"?",       "root CA", "log",        "product CA",
                                        "signing", "receipt", "trust root", "timestamping"};
    return role < sizeof names / sizeof names[0] ? names[role] : "?";
}

/* ---- how often they have signed ---- */

/* Of a key that serves, what its policy limits: hm_each_key takes no context. */
typedef struct {
    uint8_t id[ID_LEN];
    uint64_t used, most; /* MOST 0: it is not limited */
    bool rotates;        /* another takes its place then, and it may go on */
} limited;
static limited *limit;
static size_t limits;

static const limited *find_limit(hm_bytes id) {
    for (size_t i = 0; i < limits; i++)
        if (hm_bytes_equal(id, HM_ARRAY(limit[i].id))) return &limit[i];
    return NULL;
}

/* Of the end and the change of a key the end counts more, and comes first. */
static hm_err keep_limit(const hm_message *expiry) {
    uint64_t kind = expiry->field[HM_EXPIRY_KIND].number, most = expiry->field[HM_EXPIRY_MOST].number;
    hm_bytes id = expiry->field[HM_EXPIRY_KEY].bytes;
    bool rotates = kind == HM_EXPIRY_ROTATION_COUNT;
    if ((!rotates && kind != HM_EXPIRY_PERIOD_COUNT) || !most || id.len != ID_LEN || find_limit(id)) return HM_OK;
    limited *larger = reallocarray(limit, limits + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    limit = larger;
    limited *l = &larger[limits++];
    *l = (limited){.used = expiry->field[HM_EXPIRY_USED].number, .most = most, .rotates = rotates};
    memcpy(l->id, id.data, ID_LEN);
    return HM_OK;
}

static hm_err fetch_limits(hm_connection *office) {
    hm_message question = {.type = HM_MSG_EXPIRIES}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more = true;;) {
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_EXPIRY, &more));
        if (!more) return HM_OK;
        HM_TRY(keep_limit(&answer));
        HM_TRY(hm_listen(office, &answer));
    }
}

/* ---- one of them ---- */

/* A key as both are told of it. */
typedef struct {
    const hm_message *message;
    const char *algorithm, *role, *state;
    hm_bytes product, release;
    uint8_t kid[HM_KID_LEN];
    bool is_signing, signs, imported, revoked; /* REVOKED: its certificate */
    int64_t created, not_after;                /* 0: it has no certificate */
    const limited *limit;
} listed;

static hm_err take(const hm_message *key, listed *l) {
    const hm_wire_field *field = key->field;
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)field[HM_KEY_ALGORITHM].number);
    const char *state = hm_key_state_name((unsigned)field[HM_KEY_STATE].number);
    hm_cert_info info;
    *l = (listed){.message = key,
                  .algorithm = algorithm ? algorithm : "?",
                  .role = hm_key_role_word(field[HM_KEY_ROLE].number),
                  .state = state ? state : "?",
                  .product = field[HM_KEY_PRODUCT].bytes,
                  .release = field[HM_KEY_RELEASE].bytes,
                  .is_signing = field[HM_KEY_ROLE].number == ROLE_SIGNING,
                  .signs = field[HM_KEY_SIGNS].number != 0,
                  .imported = field[HM_KEY_MARKS].number & HM_KEY_IMPORTED,
                  .revoked = field[HM_KEY_MARKS].number & HM_KEY_CERTIFICATE_REVOKED,
                  .created = (int64_t)field[HM_KEY_CREATED].number,
                  .limit = find_limit(field[HM_KEY_TOKEN_ID].bytes)};
    HM_TRY(hm_cose_kid(field[HM_KEY_SPKI].bytes, l->kid));
    if (!field[HM_KEY_CERTIFICATE].bytes.len) return HM_OK;
    HM_TRY(hm_cert_describe(field[HM_KEY_CERTIFICATE].bytes, &info));
    l->not_after = info.not_after;
    return HM_OK;
}

static void print_times(const listed *l) {
    char made[16], until[16];
    hm_officer_put_date(l->created, made);
    hm_officer_put_date(l->not_after, until);
    printf("  made %s", made);
    if (l->not_after) printf(", certificate %s%s", l->revoked ? "revoked" : "until ", l->revoked ? "" : until);
    if (l->limit)
        printf(", %llu of %llu signatures made%s", (unsigned long long)l->limit->used,
               (unsigned long long)l->limit->most, l->limit->rotates ? " until the next key" : "");
    printf("\n");
}

static hm_err print_text(const listed *l) {
    HM_BUF id = HM_BUF_EMPTY, named = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&id, l->message->field[HM_KEY_TOKEN_ID].bytes));
    HM_TRY(hm_put_hex(&named, HM_ARRAY(l->kid)));
    printf("%.*s  %-8s %-10s %.*s%s%.*s  %s%s%s\n  kid %.*s\n", (int)id.len, (const char *)id.data, l->algorithm,
           l->role, (int)l->product.len, (const char *)l->product.data, l->release.len ? " " : "", (int)l->release.len,
           (const char *)l->release.data, l->state, l->signs ? "  signs" : "", l->imported ? "  imported" : "",
           (int)named.len, (const char *)named.data);
    print_times(l);
    return HM_OK;
}

static hm_err print_json(const listed *l) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_hex(&json, "key", l->message->field[HM_KEY_TOKEN_ID].bytes);
    hm_json_string(&json, "algorithm", l->algorithm);
    hm_json_string(&json, "role", l->role);
    hm_json_text(&json, "product", l->product);
    if (l->release.len) hm_json_text(&json, "release", l->release);
    hm_json_string(&json, "state", l->state);
    if (l->is_signing) hm_json_bool(&json, "signs", l->signs);
    hm_json_string(&json, "origin", l->imported ? "imported" : "token");
    hm_json_hex(&json, "kid", HM_ARRAY(l->kid));
    hm_json_number(&json, "created", l->created);
    if (l->not_after) hm_json_number(&json, "certificate_expires", l->not_after);
    if (l->not_after) hm_json_bool(&json, "certificate_revoked", l->revoked);
    if (l->limit) hm_json_number(&json, "signatures", (int64_t)l->limit->used);
    if (l->limit) hm_json_number(&json, "of", (int64_t)l->limit->most);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err print_key(const hm_options *options, const hm_message *key) {
    listed l;
    HM_TRY(take(key, &l));
    return options->json ? print_json(&l) : print_text(&l);
}

hm_err hm_list_keys(const hm_options *options, hm_connection *office, const char *product) {
    hm_err err = fetch_limits(office);
    /* An office that cannot tell has keys all the same. */
    if (err.class == HM_DONE || err.class == HM_REFUSED) err = hm_each_key(options, office, product, print_key);
    free(limit);
    limit = NULL;
    limits = 0;
    return err;
}
