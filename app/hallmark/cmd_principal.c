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

static hm_err fill_person(const hm_options *options, person *p) {
    p->statement.act = HM_ACT_PRINCIPAL;
    p->statement.name = hm_text(options->operands[0]);
    HM_TRY(hm_name_check(p->statement.name, HM_PRINCIPAL_NAME_MAX, "a principal's name"));
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--public-key") == 0) HM_TRY(take_key(options->given[i].value, p));
    return options->unix_user ? take_user(options->unix_user, &p->statement) : HM_OK;
}

static hm_err add(const hm_options *options, hm_connection *office) {
    PERSON p = {.statement = {.keys = 0}};
    HM_TRY(fill_person(options, &p));
    if (!p.statement.keys && !p.statement.has_unix)
        return hm_misuse("--public-key FILE or --unix-user USER is missing: how the principal is known");
    return hm_officer_state(options, office, &p.statement);
}

static hm_err revoke(const hm_options *options, hm_connection *office) {
    hm_statement statement = {.act = HM_ACT_PRINCIPAL, .name = hm_text(options->operands[0])};
    return hm_officer_state(options, office, &statement);
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
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err print_principal(const hm_options *options, const hm_principal *principal) {
    if (options->json) return print_json(principal);
    printf("%.*s%s", (int)principal->name.len, (const char *)principal->name.data,
           principal->founder ? " (founder)" : "");
    if (!principal->keys && !principal->has_unix) printf(": revoked");
    if (principal->has_unix) printf(": user %u", principal->unix_user);
    for (size_t i = 0; i < principal->keys; i++) {
        HM_BUF hex = HM_BUF_EMPTY;
        uint8_t digest[HM_SHA256_LEN];
        hm_sha256(principal->key[i], digest);
        HM_TRY(hm_put_hex(&hex, HM_ARRAY(digest)));
        printf("%s key %.16s", i || principal->has_unix ? "," : ":", (const char *)hex.data);
    }
    printf("\n");
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
