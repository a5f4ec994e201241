/* compromise: the bad day. What is known to the office is asked of it each time, so a command that was cut off is run
 * again and goes on; the files are written anew. */
#include "commands.h"
#include "incident.h"
#include "incident_certificates.h"
#include "incident_list.h"
#include "interrupted.h"
#include "keys.h"
#include "office_access.h"
#include "officer.h"
#include "request_list.h"
#include "self_run.h"

#include <base/file.h>
#include <base/json.h>
#include <base/name.h>
#include <client/remote.h>
#include <core/backup.h>
#include <core/statement_envelope.h>
#include <crypto/algorithm.h>
#include <pki/cert.h>
#include <pki/cose.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PREFIX_LEAST = 8, DIGEST_HEX = 64, ARGUMENTS = 560 };

/* hm_with_office takes no context. */
static hm_incident incident;
static uint64_t key_state;
static bool always; /* --since always */

/* ---- whose it is ---- */

static struct {
    const char *wanted;
    size_t keys;
} search;

static bool is_of_certificate(const hm_message *key, const char *wanted) {
    hm_cert_info info;
    hm_bytes spki;
    HM_BUF hex = HM_BUF_EMPTY;
    const char *sha256;
    hm_bytes der = key->field[HM_KEY_CERTIFICATE].bytes;
    if (!der.len || hm_failed(hm_cert_describe(der, &info))) return false;
    /* What the office says of whose it is counts only if the certificate says so, too. */
    if (hm_failed(hm_cert_spki(der, &spki)) || !hm_bytes_equal(spki, key->field[HM_KEY_SPKI].bytes)) return false;
    if (hm_failed(hm_put_hex(&hex, HM_ARRAY(info.sha256))) || hm_failed(hm_buf_string(&hex, &sha256))) return false;
    return strncmp(info.serial, wanted, strlen(wanted)) == 0 || strncmp(sha256, wanted, strlen(wanted)) == 0;
}

/* It becomes a file's name, and another machine may have named it. */
static hm_err take_product(hm_bytes name) {
    if (name.len && hm_failed(hm_name_check(name, sizeof incident.product - 1, "a product's name")))
        return hm_refuse("the office names a product as none can be named: it lies, or was changed");
    hm_text_copy(incident.product, sizeof incident.product, name);
    return HM_OK;
}

/* A key that has signed nothing yet has one, too. */
static hm_err note_certificate(hm_bytes der) {
    hm_cert_info info;
    if (!der.len) return HM_OK;
    HM_TRY(hm_cert_describe(der, &info));
    return hm_incident_note_certificate(&incident, HM_ARRAY(info.sha256));
}

static hm_err look_at_key(const hm_options *options, const hm_message *key) {
    HM_BUF hex = HM_BUF_EMPTY, named = HM_BUF_EMPTY;
    const char *id;
    uint8_t kid[HM_KID_LEN];
    (void)options;
    HM_TRY(hm_put_hex(&hex, key->field[HM_KEY_TOKEN_ID].bytes));
    HM_TRY(hm_buf_string(&hex, &id));
    if (strncmp(id, search.wanted, strlen(search.wanted)) != 0 && !is_of_certificate(key, search.wanted)) return HM_OK;
    search.keys++;
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)key->field[HM_KEY_ALGORITHM].number);
    snprintf(incident.subject, sizeof incident.subject, "%s", id);
    memcpy(incident.token_id, key->field[HM_KEY_TOKEN_ID].bytes.data, sizeof incident.token_id);
    key_state = key->field[HM_KEY_STATE].number;
    incident.role_number = key->field[HM_KEY_ROLE].number;
    incident.imported = key->field[HM_KEY_MARKS].number & HM_KEY_IMPORTED;
    HM_TRY(take_product(key->field[HM_KEY_PRODUCT].bytes));
    hm_text_copy(incident.release, sizeof incident.release, key->field[HM_KEY_RELEASE].bytes);
    snprintf(incident.role, sizeof incident.role, "%s", hm_key_role_word(incident.role_number));
    snprintf(incident.algorithm, sizeof incident.algorithm, "%s", algorithm ? algorithm : "?");
    hm_sha256(key->field[HM_KEY_SPKI].bytes, incident.spki_sha256);
    HM_TRY(hm_cose_kid(key->field[HM_KEY_SPKI].bytes, kid));
    HM_TRY(hm_put_hex(&named, HM_ARRAY(kid)));
    hm_text_copy(incident.kid, sizeof incident.kid, hm_buf_bytes(&named));
    return note_certificate(key->field[HM_KEY_CERTIFICATE].bytes);
}

static bool is_principal(hm_connection *office, const char *name) {
    HM_REGISTRY *registry = NULL;
    hm_principal principal;
    if (hm_failed(hm_officer_registry(office, &registry))) return false;
    for (size_t i = 0; hm_registry_principal(registry, i, &principal); i++)
        if (hm_bytes_equal(principal.name, hm_text(name))) return true;
    return false;
}

/* Whoever gave it to the office. */
static hm_err note_if_signed(void *context, const hm_registry *registry, uint64_t index, hm_bytes envelope) {
    hm_cose_envelope read;
    (void)context;
    HM_TRY(hm_cose_draft_get(envelope, &read));
    for (size_t i = 0; i < read.signatures; i++) {
        hm_principal signer;
        hm_bytes spki;
        size_t key;
        if (hm_failed(hm_statement_signer(registry, read.signature[i].kid, &key, &spki))) continue;
        if (hm_registry_holder(registry, key, &signer) && hm_bytes_equal(signer.name, hm_text(incident.subject)))
            return hm_incident_note_statement(&incident, index, envelope);
    }
    return HM_OK;
}

static hm_err take_principal(hm_connection *office, const char *name) {
    HM_REGISTRY *registry = NULL;
    snprintf(incident.subject, sizeof incident.subject, "%s", name);
    return hm_officer_each_statement(office, &registry, note_if_signed, NULL);
}

static hm_err find_subject(const hm_options *options, hm_connection *office) {
    const char *word = options->operands[0];
    hm_incident_forget_statements(&incident); /* a rehearsal asks a second time */
    search.wanted = word;
    search.keys = 0;
    if (strlen(word) >= PREFIX_LEAST) HM_TRY(hm_each_key(options, office, NULL, look_at_key));
    incident.is_principal = is_principal(office, word);
    if (incident.is_principal && search.keys)
        return hm_misuse("%s: is a principal, and how a key's id begins (give more digits)", word);
    if (incident.is_principal) return take_principal(office, word);
    if (search.keys > 1)
        return hm_misuse("%s: %zu keys or certificates begin so (give more digits)", word, search.keys);
    return search.keys ? HM_OK
                       : hm_refuse("%s: there is no such key, certificate or principal (hallmark key list, cert list, "
                                   "principal list; of an id the first %d digits at least)",
                                   word, PREFIX_LEAST);
}

/* ---- stopped ---- */

static bool is_over(uint64_t state) { return state == HM_KEY_COMPROMISED || state == HM_KEY_DESTROYED; }

/* What officers have signed counts, and not what the office says of that. Nobody has signed what is stated in a
 * rehearsal. */
static hm_err find_stated(hm_connection *office, uint64_t *state) {
    HM_REGISTRY *registry = NULL;
    hm_stated_key stated;
    *state = key_state;
    if (incident.rehearsal) return HM_OK;
    HM_TRY(hm_officer_statements(office, &registry));
    *state = hm_registry_key_state(registry, incident.token_id, &stated) ? stated.state : HM_KEY_ACTIVE;
    return is_over(key_state) && !is_over(*state)
               ? hm_refuse("the office says that the key is %s, and its statements do not: it lies, or was changed",
                           hm_key_state_name((unsigned)key_state))
               : HM_OK;
}

static hm_err stop_key(const hm_options *options, hm_connection *office) {
    hm_statement statement = {.act = HM_ACT_KEY, .state = HM_KEY_COMPROMISED, .since = incident.since};
    uint64_t state;
    HM_TRY(find_stated(office, &state));
    incident.destroyed = state == HM_KEY_DESTROYED;
    if (incident.destroyed) return HM_OK; /* nothing more can be stated of it */
    if (state == HM_KEY_COMPROMISED) {
        fprintf(stderr, "hallmark: note: the key was stated to be compromised before; what was stated then stands\n");
        return HM_OK;
    }
    memcpy(statement.token_id, incident.token_id, sizeof statement.token_id);
    statement.product = hm_text(incident.product);
    if (options->reason) statement.reason = hm_text(options->reason);
    return hm_officer_state(options, office, &statement);
}

static hm_err stop_principal(const hm_options *options, hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    hm_principal principal;
    hm_statement statement = {.act = HM_ACT_PRINCIPAL, .name = hm_text(incident.subject)};
    HM_TRY(hm_officer_registry(office, &registry));
    if (!hm_failed(hm_registry_by_name(registry, statement.name, &principal)))
        return hm_officer_state(options, office, &statement);
    fprintf(stderr, "hallmark: note: %s is revoked already\n", incident.subject);
    return HM_OK;
}

/* The office took the statement, or says so: then it has it. */
static hm_err take_stated(hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    hm_stated_key stated;
    HM_TRY(hm_officer_statements(office, &registry));
    if (!hm_registry_key_state(registry, incident.token_id, &stated) || !is_over(stated.state))
        return hm_refuse("the office says that the key is compromised, and its statements do not: it lies, or was "
                         "changed");
    hm_text_copy(incident.reason, sizeof incident.reason, stated.reason);
    if (stated.compromised) hm_incident_keep_since(&incident, stated.since);
    return HM_OK;
}

static hm_err stop(const hm_options *options, hm_connection *office) {
    if (incident.is_principal) return stop_principal(options, office);
    HM_TRY(stop_key(options, office));
    return incident.rehearsal ? HM_OK : take_stated(office);
}

/* ---- the devices' list ---- */

static const char *given(const hm_options *options, const char *name) {
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, name) == 0) return options->given[i].value;
    return NULL;
}

static hm_err run_trust_update(const hm_options *options, const char *list, const char *path, int *status) {
    const char *words[ARGUMENTS] = {"trust", "update", list, "-o", path, "--revoke-key", incident.kid};
    HM_BUF unsaid = HM_BUF_EMPTY; /* how to have it signed */
    size_t count = 7;
    for (size_t i = 0; i < options->given_count && count + 2 < ARGUMENTS; i++) {
        if (strcmp(options->given[i].name, "--keep") != 0) continue;
        words[count++] = "--keep";
        words[count++] = options->given[i].value;
    }
    return hm_self_run(words, incident.rehearsal ? &unsaid : NULL, status);
}

/* It names the key itself: a rehearsal's would be as good if the roots signed it. One that is there may be signed. */
static hm_err write_trust_list(const hm_options *options, const char *list, const char *directory) {
    const char *name = incident.rehearsal ? "trust-list.rehearsal" : "trust-list";
    char path[4096];
    int status = 0;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    snprintf(incident.trust_list, sizeof incident.trust_list, "%s", name);
    if (access(path, F_OK) == 0)
        fprintf(stderr, "hallmark: note: %s is there already, and left as it is (of another list: -o another folder)\n",
                path);
    else
        HM_TRY(run_trust_update(options, list, path, &status));
    return !status ? HM_OK
                   : hm_refuse("the next trust list was not made, and nothing was stopped: mend that, or leave "
                               "--trust-list for later");
}

/* What is misspelt here is found before anything is stopped, which cannot be taken back: the list needs no office. */
static hm_err make_trust_list(const hm_options *options, const char *directory) {
    const char *list = given(options, "--trust-list");
    if (list && incident.is_principal)
        return hm_misuse("--trust-list: devices trust keys, and %s is a principal", incident.subject);
    if (list) return write_trust_list(options, list, directory);
    return given(options, "--keep")
               ? hm_misuse("--keep: is for the next trust list (--trust-list names the one in force)")
               : HM_OK;
}

/* ---- the whole ---- */

static hm_err write_reports(int folder) {
    HM_BUF json = HM_BUF_EMPTY, html = HM_BUF_EMPTY;
    HM_TRY(hm_incident_json(&incident, &json));
    HM_TRY(hm_incident_html(&incident, &html));
    HM_TRY(hm_file_write(folder, "report.html", hm_buf_bytes(&html), 0600));
    return hm_file_write(folder, "report.json", hm_buf_bytes(&json), 0600);
}

/* Where files were signed by, or under, what was stolen. */
static hm_err print_next(const char *directory, bool followed) {
    HM_BUF rotate = HM_BUF_EMPTY;
    const char *command;
    HM_TRY(hm_incident_put_rotate(&incident, &rotate));
    HM_TRY(hm_buf_string(&rotate, &command));
    if (strcmp(incident.role, "signing") == 0)
        printf("Next: %s%shallmark resign %s FILE...\n", followed ? "" : command, followed ? "" : ", then ", directory);
    else if (strcmp(incident.role, "product CA") == 0)
        printf(
            "Next: hallmark product add, and sign there what somebody has looked at: nothing under this authority is "
            "good any more\n");
    else if (strcmp(incident.role, "root CA") == 0)
        printf("Next: found the office anew (hallmark init), and take this root out of every trust store\n");
    return HM_OK;
}

static void print_end(const hm_options *options, const char *directory, bool followed) {
    if (options->json) {
        HM_BUF json = HM_BUF_EMPTY;
        if (!hm_failed(hm_incident_json(&incident, &json))) printf("%.*s", (int)json.len, (const char *)json.data);
        return;
    }
    printf("%llu signature%s in doubt, %llu made before%s\n", (unsigned long long)incident.in_doubt,
           incident.in_doubt == 1 ? "" : "s", (unsigned long long)(incident.signatures - incident.in_doubt),
           !incident.complete   ? "; THE LIST MAY LACK SOMETHING"
           : incident.elsewhere ? "; the office says that the log holds no others"
                                : "; the log holds no others");
    if (incident.approved)
        printf("%llu of them others asked for, and %s approved\n", (unsigned long long)incident.approved,
               incident.subject);
    if (incident.is_principal)
        printf("%llu other act%s in doubt: what was asked for, approved, stated, published or tried in this name\n",
               (unsigned long long)incident.acts_in_doubt, incident.acts_in_doubt == 1 ? "" : "s");
    if (incident.unfinished)
        printf("%llu were begun, and the log does not say how they ended\n", (unsigned long long)incident.unfinished);
    printf("%s: report.html, report.json, signatures.jsonl%s%s%s%s%s\n", directory,
           incident.is_principal ? ", acts.jsonl" : "", incident.crl[0] ? ", " : "", incident.crl,
           incident.trust_list[0] ? ", " : "", incident.trust_list);
    hm_incident_print_to_ask(&incident);
    if (incident.rehearsal)
        printf("This was a rehearsal, on a copy that is gone: nothing was stopped, revoked or published\n");
    else
        (void)!hm_failed(print_next(directory, followed));
}

static hm_err take_office(const hm_connection *office) {
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(office->uuid)));
    hm_text_copy(incident.office, sizeof incident.office, hm_buf_bytes(&hex));
    snprintf(incident.organization, sizeof incident.organization, "%s", office->organization);
    incident.made = time(NULL);
    return HM_OK;
}

/* *LISTED: a revocation list could be made. *FOLLOWED: another key signs in its place. */
static hm_err stop_and_tell(const hm_options *options, hm_connection *office, const hm_incident_folder *folder,
                            bool *listed, bool *followed) {
    HM_TRY(make_trust_list(options, folder->path));
    HM_TRY(stop(options, office));
    if (incident.destroyed) HM_TRY(hm_incident_revoke_destroyed(&incident, office));
    if (!incident.is_principal) HM_TRY(hm_incident_try_crl(&incident, office, folder->fd, listed));
    HM_TRY(hm_incident_write_list(&incident, office, folder->fd));
    if (!incident.is_principal) HM_TRY(hm_incident_list_certificates(&incident, office));
    HM_TRY(write_reports(folder->fd));
    return !incident.rehearsal && strcmp(incident.role, "signing") == 0
               ? hm_key_tell_successor(options, office, incident.token_id, followed)
               : HM_OK;
}

static hm_err find_place(const hm_options *options) {
    HM_STRING *place = NULL;
    HM_TRY(hm_office_directory(options, &place));
    incident.elsewhere = !incident.rehearsal && hm_remote_is(place);
    return HM_OK;
}

static hm_err compromise(const hm_options *options, hm_connection *office) {
    HM_INCIDENT_FOLDER folder = {.fd = -1};
    bool listed = true, followed = false;
    HM_TRY(take_office(office));
    HM_TRY(find_place(options));
    if (options->reason) snprintf(incident.reason, sizeof incident.reason, "%s", options->reason);
    HM_TRY(find_subject(options, office));
    /* Not when the office says that the key was made: it may lie, and what is stated stands. */
    if (always) incident.since = HM_INCIDENT_ALWAYS;
    HM_TRY(hm_incident_folder_open(&incident, options->output, &folder));
    hm_err err = stop_and_tell(options, office, &folder, &listed, &followed);
    if (hm_failed(err)) return hm_incident_folder_leave(&folder, err);
    print_end(options, folder.path, followed);
    if (!incident.complete) return hm_refuse("the list may lack something: %s", incident.why);
    return listed ? HM_OK : hm_already_reported(HM_REFUSED);
}

/* ---- rehearsed ---- */

static hm_err in_copy(const hm_options *options, const char *copy, hm_office_work work) {
    hm_connection office = HM_CONNECTION_NONE;
    HM_TRY(hm_connect_rehearsal(copy, &office));
    hm_fault fault = hm_fault_keep(work(options, &office));
    hm_err ended = hm_disconnect(&office);
    return fault.class == HM_DONE ? ended : hm_fault_raise(&fault);
}

typedef struct {
    const hm_options *options;
    const char *directory;
    char folder[4096], copy[4200];
} rehearsal;

static hm_err make_place(void *context) {
    rehearsal *r = context;
    if (!mkdtemp(r->folder)) return hm_could_not("%s: %s", r->folder, strerror(errno));
    snprintf(r->copy, sizeof r->copy, "%s/office", r->folder);
    return HM_OK;
}

/* Which authorities the copy needs keys for depends on whose key it is. */
static hm_err rehearse_in(void *context) {
    const rehearsal *r = context;
    HM_TRY(hm_rehearsal_make(r->directory, r->copy));
    HM_TRY(in_copy(r->options, r->copy, find_subject));
    HM_TRY(hm_rehearsal_take_keys(r->copy, incident.product));
    return in_copy(r->options, r->copy, compromise);
}

static void remove_copy(void *context) { hm_rehearsal_remove(((rehearsal *)context)->folder); }

static hm_err rehearse(const hm_options *options) {
    rehearsal r = {.options = options};
    HM_STRING *directory = NULL;
    const char *where = getenv("TMPDIR");
    incident.rehearsal = true;
    HM_TRY(hm_office_directory(options, &directory));
    if (hm_remote_is(directory))
        return hm_misuse("an office elsewhere is rehearsed on its own machine (--office DIR), of which a copy is made");
    r.directory = directory;
    snprintf(r.folder, sizeof r.folder, "%s/hallmark-rehearsal.XXXXXX", where && where[0] == '/' ? where : "/tmp");
    fprintf(stderr, "hallmark: note: a rehearsal: what is said now is said of a copy\n");
    return hm_run_interruptible(&(hm_interruptible){make_place, rehearse_in, remove_copy}, &r);
}

hm_err hm_command_compromise(const hm_options *options) {
    if (options->reason && strlen(options->reason) > HM_STATED_REASON_MAX)
        return hm_misuse("--reason: it has at most %d bytes", HM_STATED_REASON_MAX);
    if (!options->since)
        return hm_misuse("since when? (--since 8h, 2027-01-31T18:00Z, or always: since there is a key, or principal)");
    always = strcmp(options->since, "always") == 0;
    if (!always) HM_TRY(hm_take_since(options->since, &incident.since));
    hm_err err = options->rehearse ? rehearse(options) : hm_with_office(options, compromise);
    hm_incident_clear(&incident);
    return err;
}
