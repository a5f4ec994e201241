/* principal keygen, add, revoke, list: the people of an office, and the keys they sign with. */
#include "commands.h"
#include "office_access.h"
#include "officer.h"

#include <base/file.h>
#include <base/json.h>
#include <base/name.h>
#include <crypto/key_file.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* A key of one's own. Needs no office: it is made where its owner is, and only the public key goes anywhere. */

static hm_err one_algorithm(const hm_options *options, hm_key_algorithm *algorithm) {
    *algorithm = HM_KEY_ES256;
    if (!options->algorithms) return HM_OK;
    if (options->algorithms & (options->algorithms - 1)) return hm_misuse("a key has one --algorithm");
    while (!(options->algorithms >> *algorithm & 1)) ++*algorithm;
    if (*algorithm == HM_KEY_RSA3072 || *algorithm == HM_KEY_RSA4096)
        return hm_misuse("--algorithm %s: a person's key is es256, es384 or ed25519",
                         hm_key_algorithm_name(*algorithm));
    return HM_OK;
}

static hm_err check_free(const char *path) {
    struct stat there;
    if (lstat(path, &there) == 0) return hm_refuse("%s: is there already", path);
    return errno == ENOENT ? HM_OK : hm_could_not("%s: %s", path, strerror(errno));
}

static hm_err write_public(const char *path, hm_bytes spki) {
    HM_OUTFILE out = HM_OUTFILE_NONE;
    HM_BUF pem = HM_BUF_EMPTY;
    HM_TRY(hm_public_key_put(spki, &pem));
    HM_TRY(hm_outfile_open(AT_FDCWD, path, 0644, &out));
    HM_TRY(hm_in(hm_fd_write(out.fd, hm_buf_bytes(&pem)), "%s", path));
    return hm_outfile_commit_new(&out);
}

/* A key that was made is never removed again: somebody may have it by now. */
static hm_err make_pair(const char *file, const char *public_file, hm_key_algorithm algorithm, hm_buf *spki) {
    HM_TRY(check_free(file));
    HM_TRY(check_free(public_file));
    /* Nobody traces who makes a key, and no core dump holds it. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return hm_could_not("this process can be traced: %s", strerror(errno));
    HM_TRY(hm_key_file_make(file, algorithm, spki));
    return hm_in(write_public(public_file, hm_buf_bytes(spki)),
                 "%s is made, but not its public key (openssl pkey -in %s -pubout writes it)", file, file);
}

static hm_err print_pair(const hm_options *options, const char *public_file, hm_key_algorithm algorithm,
                         hm_bytes spki) {
    const char *file = options->operands[0], *name = hm_key_algorithm_name(algorithm);
    uint8_t digest[HM_SHA256_LEN];
    HM_BUF text = HM_BUF_EMPTY;
    hm_sha256(spki, digest);
    if (options->json) {
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_json_string(&json, "key", file);
        hm_json_string(&json, "public_key", public_file);
        hm_json_string(&json, "algorithm", name);
        hm_json_hex(&json, "sha256", HM_ARRAY(digest));
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
    } else {
        HM_TRY(hm_put_format(&text, "%s: your %s key, for nobody else; %s is for the office, SHA-256 ", file, name,
                             public_file));
        HM_TRY(hm_put_hex(&text, HM_ARRAY(digest)));
    }
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

hm_err hm_command_principal_keygen(const hm_options *options) {
    const char *file = options->operands[0], *public_file;
    hm_key_algorithm algorithm;
    HM_BUF spki = HM_BUF_EMPTY, name = HM_BUF_EMPTY;
    if (!file[0]) return hm_misuse("the key's file has an empty name");
    HM_TRY(one_algorithm(options, &algorithm));
    HM_TRY(hm_put_format(&name, "%s.pub", file));
    HM_TRY(hm_buf_string(&name, &public_file));
    HM_TRY(make_pair(file, public_file, algorithm, &spki));
    return print_pair(options, public_file, algorithm, hm_buf_bytes(&spki));
}

/* Statements about principals. */

typedef struct {
    hm_statement statement;
    hm_buf spki[HM_PRINCIPAL_KEYS_MAX]; /* which STATEMENT views */
} person;

static void person_clear(person *p) {
    for (size_t i = 0; i < HM_PRINCIPAL_KEYS_MAX; i++) hm_buf_clear(&p->spki[i]);
}
#define PERSON __attribute__((cleanup(person_clear))) person

static hm_err take_key(const char *path, person *p) {
    size_t i = p->statement.keys;
    if (i == HM_PRINCIPAL_KEYS_MAX) return hm_misuse("a principal has at most %d keys", HM_PRINCIPAL_KEYS_MAX);
    HM_TRY(hm_public_key_read(path, &p->spki[i]));
    p->statement.key[i] = hm_buf_bytes(&p->spki[i]);
    p->statement.keys++;
    return HM_OK;
}

/* A name, or a number: of a user that is not known here. */
static hm_err take_user(const char *name, hm_statement *statement) {
    struct passwd user, *found = NULL;
    char room[4096];
    int lookup = getpwnam_r(name, &user, room, sizeof room, &found);
    uint64_t number = found ? user.pw_uid : 0;
    if (lookup == ERANGE) return hm_could_not("--unix-user %s: %s", name, strerror(lookup));
    if (!found && hm_failed(hm_decimal_decode(hm_text(name), &number)))
        return hm_misuse("--unix-user %s: there is no such user", name);
    if (number >= UINT32_MAX) return hm_misuse("--unix-user %s: is no user's number", name);
    statement->has_unix = true;
    statement->unix_user = (uint32_t)number;
    return HM_OK;
}

/* Kept in the order of their names, as statements have them. */
static hm_err insert_claim(const hm_claim *claim, hm_statement *s) {
    size_t at = s->claims;
    if (at == HM_PRINCIPAL_CLAIMS_MAX) return hm_misuse("--claim: a principal has at most %d", HM_PRINCIPAL_CLAIMS_MAX);
    for (size_t i = 0; i < s->claims; i++)
        if (hm_bytes_equal(s->claim[i].name, claim->name))
            return hm_misuse("--claim %.*s is given twice (all claims must be there, so one has one value)",
                             (int)claim->name.len, (const char *)claim->name.data);
    for (; at && hm_bytes_compare(claim->name, s->claim[at - 1].name) < 0; at--) s->claim[at] = s->claim[at - 1];
    s->claim[at] = *claim;
    s->claims++;
    return HM_OK;
}

/* A statement may have an empty value; on a command line it is a variable that was not set. */
static hm_err take_claim(const char *given, hm_statement *s) {
    const char *equals = strchr(given, '=');
    if (!equals) return hm_misuse("--claim %s: is given as NAME=VALUE", given);
    hm_claim claim = {HM_BYTES(given, (size_t)(equals - given)), hm_text(equals + 1)};
    if (!claim.value.len) return hm_misuse("--claim %s: has no value", given);
    hm_err err = hm_claim_check(&claim);
    if (hm_failed(err)) return hm_misuse("--claim %s: %s", given, hm_fault_keep(err).sentence);
    return insert_claim(&claim, s);
}

/* What a workload is known by. */
static hm_err take_workload(const hm_options *options, hm_statement *s) {
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--claim") == 0) HM_TRY(take_claim(options->given[i].value, s));
    if (!options->oidc)
        return s->claims ? hm_misuse("--claim needs --oidc ISSUER: whose tokens have that claim") : HM_OK;
    s->issuer = hm_text(options->oidc);
    hm_err err = hm_issuer_check(s->issuer);
    if (hm_failed(err)) return hm_misuse("--oidc %s: %s", options->oidc, hm_fault_keep(err).sentence);
    return s->claims ? HM_OK
                     : hm_misuse("--oidc needs --claim NAME=VALUE: everybody who has a token of that issuer would be "
                                 "this principal");
}

static void note_names_alone(const hm_statement *s) {
    if (s->claims != 1 || !hm_bytes_equal(s->claim[0].name, hm_text("sub"))) return;
    fprintf(stderr, "hallmark: note: \"sub\" is put together from names, which change hands; ids like repository_id or "
                    "project_id do not\n");
}

static hm_err fill_person(const hm_options *options, person *p) {
    p->statement.act = HM_ACT_PRINCIPAL;
    p->statement.name = hm_text(options->operands[0]);
    HM_TRY(hm_name_check(p->statement.name, HM_PRINCIPAL_NAME_MAX, "a principal's name"));
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--public-key") == 0) HM_TRY(take_key(options->given[i].value, p));
    HM_TRY(take_workload(options, &p->statement));
    return options->unix_user ? take_user(options->unix_user, &p->statement) : HM_OK;
}

static hm_err add(const hm_options *options, hm_connection *office) {
    PERSON p = {.statement = {.keys = 0}};
    HM_TRY(fill_person(options, &p));
    if (!p.statement.keys && !p.statement.has_unix && !p.statement.claims)
        return hm_misuse("--public-key FILE, --unix-user USER or --oidc ISSUER is missing: how the principal is known");
    note_names_alone(&p.statement);
    return hm_officer_state(options, office, &p.statement);
}

static hm_err revoke(const hm_options *options, hm_connection *office) {
    hm_statement statement = {.act = HM_ACT_PRINCIPAL, .name = hm_text(options->operands[0])};
    return hm_officer_state(options, office, &statement);
}

static void put_workload_json(const hm_principal *principal, hm_json *json) {
    char name[HM_CLAIM_NAME_MAX + 1];
    hm_json_text(json, "issuer", principal->issuer);
    hm_json_object(json, "claims");
    for (size_t i = 0; i < principal->claims; i++) {
        const hm_claim *claim = &principal->claim[i];
        snprintf(name, sizeof name, "%.*s", (int)claim->name.len, (const char *)claim->name.data);
        hm_json_text(json, name, claim->value);
    }
    hm_json_close_object(json);
}

static hm_err print_json(const hm_principal *principal) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_text(&json, "principal", principal->name);
    hm_json_bool(&json, "founder", principal->founder);
    hm_json_array(&json, "keys");
    for (size_t i = 0; i < principal->keys; i++) {
        uint8_t digest[HM_SHA256_LEN];
        hm_sha256(principal->key[i], digest);
        hm_json_hex(&json, NULL, HM_ARRAY(digest));
    }
    hm_json_close_array(&json);
    if (principal->has_unix) hm_json_number(&json, "unix_user", principal->unix_user);
    if (principal->issuer.len) put_workload_json(principal, &json);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

/* *SEPARATOR stands before what comes next. */
static hm_err put_keys(const hm_principal *principal, const char **separator, hm_buf *line) {
    for (size_t i = 0; i < principal->keys; i++) {
        uint8_t digest[HM_SHA256_LEN];
        hm_sha256(principal->key[i], digest);
        HM_TRY(hm_put_format(line, "%s key ", *separator));
        HM_TRY(hm_put_hex(line, HM_BYTES(digest, 8)));
        *separator = ",";
    }
    return HM_OK;
}

static hm_err put_workload(const hm_principal *principal, const char *separator, hm_buf *line) {
    HM_TRY(hm_put_format(line, "%s job of ", separator));
    HM_TRY(hm_put(line, principal->issuer));
    for (size_t i = 0; i < principal->claims; i++) {
        HM_TRY(hm_put_text(line, i ? ", " : " with "));
        HM_TRY(hm_put_claim(line, &principal->claim[i]));
    }
    return HM_OK;
}

static hm_err print_principal(const hm_options *options, const hm_principal *principal) {
    HM_BUF line = HM_BUF_EMPTY;
    const char *separator = ":";
    if (options->json) return print_json(principal);
    HM_TRY(hm_put(&line, principal->name));
    HM_TRY(hm_put_text(&line, principal->founder ? " (founder)" : ""));
    if (!principal->keys && !principal->has_unix && !principal->issuer.len) HM_TRY(hm_put_text(&line, ": revoked"));
    if (principal->has_unix) {
        HM_TRY(hm_put_format(&line, ": user %u", principal->unix_user));
        separator = ",";
    }
    HM_TRY(put_keys(principal, &separator, &line));
    if (principal->issuer.len) HM_TRY(put_workload(principal, separator, &line));
    printf("%.*s\n", (int)line.len, (const char *)line.data);
    return HM_OK;
}

static hm_err list(const hm_options *options, hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    hm_principal principal;
    HM_TRY(hm_officer_registry(office, &registry));
    for (size_t i = 0; hm_registry_principal(registry, i, &principal); i++)
        HM_TRY(print_principal(options, &principal));
    return HM_OK;
}

hm_err hm_command_principal_add(const hm_options *options) { return hm_with_office(options, add); }
hm_err hm_command_principal_revoke(const hm_options *options) { return hm_with_office(options, revoke); }
hm_err hm_command_principal_list(const hm_options *options) { return hm_with_office(options, list); }
