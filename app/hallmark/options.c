#include "options.h"

#include <base/closest.h>
#include <crypto/algorithm.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum { FLAG, VALUE, ALGORITHM, GIVEN } option_kind;
typedef struct {
    const char *name;
    option_kind kind;
    size_t offset;
    const char *value, *help;
} option_rule;

#define AT(member) offsetof(hm_options, member)

enum { COMMON = 5 };
static const option_rule rules[] = {
    {"--office", VALUE, AT(office), "DIR|URL", "the office (default: $HALLMARK_OFFICE, else ~/.local/share/hallmark)"},
    {"--as", VALUE, AT(as), "FILE", "an office at https://...: your own key, by which it knows who asks"},
    {"--ca", VALUE, AT(ca), "FILE", "https: trust these authorities (PEM) and no others"},
    {"--json", FLAG, AT(json), NULL, "output for machines: one JSON object a line"},
    {"--debug", FLAG, AT(debug), NULL, "say where in the source an error was raised"},
    {"--product", VALUE, AT(product), "NAME",
     "the product: that is signed for, must have signed, or is meant (grants: without it, all)"},
    {"--release", VALUE, AT(release), "VERSION", "the product's version, for the log"},
    {"--format", VALUE, AT(format), "NAME", "cms, catalogue, pe or native, instead of judging by content"},
    {"-o", VALUE, AT(output), "OUT", "write here: a file, or an existing folder when there are several"},
    {"--replace", FLAG, AT(replace), NULL, "replace what is there: the file that is written, or signatures by others"},
    {"--trust", VALUE, AT(trust), "FILE",
     "trust these root certificates (PEM) instead of the office's own, or judge as a device with this trust list"},
    {"--tsa-trust", VALUE, AT(tsa_trust), "FILE",
     "trust timestamping authorities under these root certificates (PEM; default: those of --trust, or the office's)"},
    {"--signature", VALUE, AT(signature), "FILE", "the detached signature (default: FILE.p7s)"},
    {"--proof", VALUE, AT(proof), "FILE",
     "the log proof (default: FILE.tlog-proof); log search: a folder for a proof of each entry"},
    {"--crl", GIVEN, 0, "FILE", "judge by this revocation list, too (PEM or DER); may be repeated"},
    {"--crl-required", FLAG, AT(crl_required), NULL,
     "refuse a certificate of whose authority there is no revocation list"},
    {"--require-log", FLAG, AT(require_log), NULL,
     "refuse without a proof that the signature is logged (FILE.tlog-proof)"},
    {"--org", VALUE, AT(organization), "NAME", "the organization's name, which stays in all certificates"},
    {"--token", VALUE, AT(token), "TOKEN", "softhsm, or the pkcs11: URI of a token"},
    {"--pin-file", VALUE, AT(pin_file), "FILE", "a file with the token's PIN that only you can read"},
    {"--algorithm", ALGORITHM, AT(algorithm), "NAME", "es256, es384, rsa3072, rsa4096 or ed25519; may be repeated"},
    {"--founder", GIVEN, 0, "NAME=FILE",
     "a founder, and the public key that is his; the office is governed by founders"},
    {"--quorum", GIVEN, 0, "M",
     "so many officers must sign what gives anybody something (default: 2, of one founder 1)"},
    {"--key", GIVEN, 0, "FILE",
     "the private key of an officer, who states this; once for each of them; log search: the first digits of a key's id"},
    {"--sbom", GIVEN, 0, "FILE",
     "an SBOM that goes with the release: its name and SHA-256 are on record; may be repeated"},
    {"--provenance", GIVEN, 0, "FILE", "the same of a file that says how it was built; may be repeated"},
    {"--timestamp", GIVEN, 0, "URL",
     "have a timestamping authority (RFC 3161) stamp it, or `office`; tried in order (default: $HALLMARK_TIMESTAMP)"},
    {"--wait", FLAG, AT(wait), NULL, "request what needs approval, and wait for it"},
    {"--withdraw", FLAG, AT(withdraw), NULL, "take the release back: it is published no more"},
    {"--list", FLAG, AT(list), NULL, "say what is published"},
    {"--open", FLAG, AT(open), NULL, "only those that are open"},
    {"--digest-only", FLAG, AT(digest_only), NULL, "approve without looking at the files; the log says so"},
    {"--public-key", GIVEN, 0, "FILE",
     "a key of the principal's (hallmark principal keygen makes one); may be repeated"},
    {"--unix-user", VALUE, AT(unix_user), "USER", "the user of this machine who the principal is"},
    {"--oidc", VALUE, AT(oidc), "ISSUER",
     "the principal is a CI job with a token of this issuer (its URL, as in `iss`)"},
    {"--claim", GIVEN, 0, "NAME=VALUE", "in which this claim has exactly this value; 1 to 8 of them"},
    {"--until", VALUE, AT(until), "DATE",
     "the role ends then, 2027-01-31 (default: in a year); break-glass: 8h, 45m or 2027-01-31T18:00Z"},
    {"--reason", VALUE, AT(reason), "TEXT", "why, in a few words: everybody who meets it is told"},
    {"--time-source", VALUE, AT(time_source), "SOURCE",
     "by what the clock is held that timestamps say: kernel, sntp:ADDRESS:PORT, or none (development)"},
    {"--max-offset", VALUE, AT(max_offset), "TIME", "what that clock may be off: 1s (the default), 250ms"},
    {"--since", VALUE, AT(since), "TIME",
     "since when: 3d, 8h (ago), 2027-01-31 or 2027-01-31T18:00Z; compromise: or always (since there is the key, or principal)"},
    {"--rehearse", FLAG, AT(rehearse), NULL, "on a copy of the office that is removed again, with keys of its own"},
    {"--imported", FLAG, AT(imported), NULL, "as if the key had been made elsewhere"},
    {"--in-doubt", FLAG, AT(in_doubt), NULL, "also what was signed when somebody else may have had the key"},
    {"--superseded", FLAG, AT(superseded), NULL,
     "also updates that a later one of the product has followed, in their order"},
    {"--trust-list", GIVEN, 0, "LIST", "the devices' list in force: the next one revokes the key"},
    {"--days", VALUE, AT(days), "N", "how many days the certificate, or the list, counts"},
    {"--renew", FLAG, AT(renew), NULL, "a new list, even if the one there is is still true"},
    {"--der", FLAG, AT(der), NULL, "write DER instead of PEM"},
    {"--profile", VALUE, AT(profile), "NAME",
     "cab-code-signing: as the CA/Browser Forum wants it (460 days at most, RSA from 3072, ECDSA)"},
    {"--within", VALUE, AT(within), "TIME", "tell of what expires so soon (default: 30d)"},
    {"--end", FLAG, AT(end), NULL, "end it now; one officer is enough"},
    {"--requester", GIVEN, 0, "NAME", "the principal who would ask"},
    {"--approver", GIVEN, 0, "NAME", "a principal who would have approved; may be repeated"},
    {"--new", FLAG, AT(new_list), NULL, "a first list, whose roots are the operands"},
    {"--sign", FLAG, AT(sign_list), NULL, "sign the list in place with this office's root key"},
    {"--old", VALUE, AT(old_list), "LIST", "the list that is in force now"},
    {"--add-root", GIVEN, 0, "KEYFILE", "one root more (hallmark trust key writes KEYFILE)"},
    {"--remove-root", GIVEN, 0, "KID", "one root less"},
    {"--threshold", GIVEN, 0, "M", "so many roots must sign"},
    {"--add-publisher", GIVEN, 0, "FILE", "a publisher (hallmark trust publisher writes FILE), or more of one"},
    {"--publisher", GIVEN, 0, "NAME", "the publisher, by name or UUID, that the options behind this one are about"},
    {"--retire-publisher", GIVEN, 0, "NAME", "nothing new of this publisher is installed any more"},
    {"--allow-kind", GIVEN, 0, "KINDS", "the publisher signs these: firmware,configuration,... and no others"},
    {"--purposes", GIVEN, 0, "PURPOSES", "the publisher signs for production, development or both"},
    {"--publisher-threshold", GIVEN, 0, "M", "so many of the publisher's keys must sign"},
    {"--require-receipts", GIVEN, 0, "YES", "yes: its signatures need receipts of a log; no: they do not"},
    {"--add-class", GIVEN, 0, "UUID", "the publisher signs for one class of devices more"},
    {"--remove-class", GIVEN, 0, "UUID", "or one less"},
    {"--add-key", GIVEN, 0, "KEYFILE",
     "the publisher has one key more, or those of a second office (its publisher file)"},
    {"--remove-key", GIVEN, 0, "KID", "or one less"},
    {"--revoke-key", GIVEN, 0, "KID", "what this key signed is refused from now on"},
    {"--keep", GIVEN, 0, "ENVELOPE", "but for this release (a file, or the manifest's SHA-256), which stays good"},
    {"--minimum", GIVEN, 0, "PUBLISHER/COMPONENT=N", "security versions below N are refused"},
    {"--add-log", GIVEN, 0, "KEYFILE", "a log whose receipts count (hallmark log key writes KEYFILE)"},
    {"--remove-log", GIVEN, 0, "KID", "or one whose receipts do not count any more"},
    {"--component", GIVEN, 0, "ID=FILE[,kind=K][,version=V][,security-version=N][,to=PLACE]",
     "native: one component of the update; may be repeated"},
    {"--kind", GIVEN, 0, "KIND", "native: what the one file is (default: firmware)"},
    {"--security-version", GIVEN, 0, "N", "native: its rollback counter (default: 0)"},
    {"--to", GIVEN, 0, "PLACE", "native: where it goes, in the device's own words"},
    {"--manifest", GIVEN, 0, "FILE", "native: the whole description as JSON instead of options"},
    {"--sequence", GIVEN, 0, "N",
     "native: rises with every release (default: the time in seconds, or one above the last)"},
    {"--follows", GIVEN, 0, "N", "native: only if N is still the highest sequence number that the product was given"},
    {"--digest", GIVEN, 0, "NAME",
     "native: sha256, sha384 or sha512 of the payloads (default: sha256); log search: of a file, of what was signed, or of a signature (hex)"},
    {"--device", GIVEN, 0, "ID", "native: the one device that may go back to this release (text, or hex:...)"},
    {"--minimum-list", GIVEN, 0, "N", "native: the least version of the device's trust list"},
    {"--signer", GIVEN, 0, "KID", "native: another office's key that will co-sign; may be repeated"},
    {"--cosign", FLAG, AT(cosign), NULL,
     "native: verify another publisher's envelope and payloads, and add this office's signature"},
    {"--no-receipt", FLAG, AT(no_receipt), NULL, "native: without a receipt of the log"},
    {"--no-chain", FLAG, AT(no_chain), NULL, "native: without certificates, which devices do not need"},
    {"--envelope-only", FLAG, AT(envelope_only), NULL, "native: do not ask for the payloads"},
    {"-C", VALUE, AT(folder), "FOLDER", "write into this folder"},
    {"--keep-chain", FLAG, AT(keep_chain), NULL, "keep the certificates, which devices do not need"},
    {"--log-key", VALUE, AT(log_key), "VKEY", "the log's verifier key, NAME+ID+KEY, instead of a trust file's"},
    {"--state", VALUE, AT(state), "FILE", "the last verified checkpoint is kept here"},
    {"--once", FLAG, AT(once), NULL, "one look, then exit (the default)"},
    {"--interval", VALUE, AT(interval), "TIME", "a look every TIME (90, 15m, 36h, 7d), until SIGTERM"},
    {"--all", FLAG, AT(whole_log), NULL, "read the whole log at each look, and not only what is new"},
    {"--max-age", VALUE, AT(max_age), "TIME", "alarm if the checkpoint was signed longer ago"},
    {"--watch-type", GIVEN, 0, "TYPE",
     "alarm at each intent, outcome, refusal, ceremony, failure or request; may be repeated"},
    {"--watch-product", GIVEN, 0, "UUID", "alarm at each entry about this product class; may be repeated"},
    {"--watch-format", GIVEN, 0, "NAME", "alarm at each entry of this format; may be repeated"},
    {"--watch-digest", GIVEN, 0, "HEX", "alarm at each entry with this digest; may be repeated"},
    {"--known", VALUE, AT(known), "FILE", "alarm at each signature that these digests do not account for"},
    {"--on-alarm", VALUE, AT(on_alarm), "COMMAND", "run this program with the alarm's sentence as its argument"},
    {"--with-token", FLAG, AT(with_token), NULL, "copy the SoftHSM token too, with its PIN"},
    {"--against", VALUE, AT(against), "FILE",
     "a checkpoint that somebody kept, a monitor's state or a log proof: what is restored must continue it"},
    {"--principal", GIVEN, 0, "NAME",
     "log search: who asked, approved or rejected; in an office without founders the actor, as unix:1000"},
    {"--type", GIVEN, 0, "TYPE", "log search: intent, outcome, refusal, ceremony, failure, request or publication"},
    {"--file", GIVEN, 0, "FILE", "log search: the digest is the SHA-256 of this file"},
    {"--limit", VALUE, AT(limit), "N", "no more than N entries"},
    {"--complete", FLAG, AT(complete), NULL,
     "read every entry from --since on, and not only those that the index names"},
    {"--count", VALUE, AT(count), "N", "only the last N entries"},
};

enum { RULES = sizeof rules / sizeof rules[0] };

static bool reported;

hm_err hm_already_reported(hm_class class) {
    reported = true;
    return hm_raise_again(class, "");
}

bool hm_is_already_reported(void) { return reported; }

static const option_rule *rule_named(const char *name, size_t len) {
    for (size_t i = 0; i < RULES; i++)
        if (strlen(rules[i].name) == len && strncmp(rules[i].name, name, len) == 0) return &rules[i];
    return NULL;
}

/* Every command takes the common ones, which stand first. */
static bool command_takes(const hm_command *command, const option_rule *rule) {
    if (rule <= &rules[COMMON - 1]) return true;
    const char *at = command->options;
    size_t len = strlen(rule->name);
    while ((at = strstr(at, rule->name)) != NULL) {
        if (at[len] == ' ' || at[len] == 0) return true;
        at += len;
    }
    return false;
}

static void print_options(const hm_command *command) {
    printf("\nOptions:\n");
    for (size_t i = 0; i < RULES; i++) {
        if (!command_takes(command, &rules[i])) continue;
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", rules[i].name, rules[i].value ? " " : "",
                 rules[i].value ? rules[i].value : "");
        printf("  %-22s %s\n", left, rules[i].help);
    }
}

static void print_command_help(const hm_command *command) {
    printf("usage: hallmark %s [OPTIONS]%s%s\n\n%s.\n", command->name, command->operands[0] ? " " : "",
           command->operands, command->summary);
    print_options(command);
}

static void print_summary(const hm_command *command) {
    char left[48];
    snprintf(left, sizeof left, "%s %s", command->name, command->operands);
    printf("  %-30s %s\n", left, command->summary);
}

static void print_group(const char *word) {
    size_t len = strlen(word);
    printf("usage: hallmark %s COMMAND [OPTIONS]\n\n", word);
    for (const hm_command *c = hm_commands; c->name; c++)
        if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ') print_summary(c);
    printf("\nhallmark %s COMMAND --help tells more.\n", word);
}

static void print_help(void) {
    printf("hallmark: sign code for devices, verify it, and keep the record.\n\nusage: hallmark COMMAND [OPTIONS] "
           "[FILE...]\n\n");
    for (const hm_command *c = hm_commands; c->name; c++) print_summary(c);
    printf("\nhallmark COMMAND --help tells more. A first office:\n\n"
           "  hallmark init --org \"Example Medical\"\n"
           "  hallmark product add infusion-pump\n"
           "  hallmark sign --product infusion-pump firmware.bin\n"
           "  hallmark verify firmware.bin\n\n"
           "Exit status: 0 done or verified, 1 refused, 2 wrong usage, 3 could not, 4 denied by an approver.\n");
}

/* The command whose words WORDS begin with, the longest first; *USED says how many. */
static const hm_command *find_command(int count, char **words, int *used) {
    for (*used = 2; *used >= 1; --*used) {
        if (count < *used) continue;
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", words[0], *used == 2 ? " " : "", *used == 2 ? words[1] : "");
        for (const hm_command *c = hm_commands; c->name; c++)
            if (strcmp(c->name, name) == 0) return c;
    }
    return NULL;
}

/* "hallmark log" alone: say what can follow. */
static hm_err unknown_command(const char *word) {
    hm_closest closest = hm_closest_begin(hm_text(word));
    char list[256] = "", hint[HM_HINT_MAX];
    size_t len = strlen(word), used = 0;
    for (const hm_command *c = hm_commands; c->name; c++)
        if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ')
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", c->name);
    if (list[0]) return hm_misuse("%s is not a whole command (there are: %s)", word, list);
    for (const hm_command *c = hm_commands; c->name; c++) hm_closest_try(&closest, c->name);
    return hm_misuse("there is no command %s%s (hallmark --help lists them)", word, hm_closest_hint(&closest, hint));
}

static hm_err unknown_algorithm(const char *name) {
    hm_closest closest = hm_closest_begin(hm_text(name));
    char hint[HM_HINT_MAX];
    for (unsigned a = 1; a <= HM_KEY_ALGORITHMS; a++)
        hm_closest_try(&closest, hm_key_algorithm_name((hm_key_algorithm)a));
    return hm_misuse("--algorithm %s: there are es256, es384, rsa3072, rsa4096 and ed25519%s", name,
                     hm_closest_hint(&closest, hint));
}

static hm_err add_algorithm(hm_options *options, const char *names) {
    char name[16];
    while (*names) {
        size_t len = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)(len < 15 ? len : 15), names);
        hm_key_algorithm algorithm;
        if (hm_failed(hm_key_algorithm_by_name(name, &algorithm))) return unknown_algorithm(name);
        options->algorithms |= 1u << algorithm;
        names += len + (names[len] == ',');
    }
    return HM_OK;
}

static hm_err add_given(hm_options *options, const char *name, const char *value) {
    if (options->given_count == HM_GIVEN_MAX)
        return hm_misuse("more than %d options at once (a list can be changed in several steps)", HM_GIVEN_MAX);
    options->given[options->given_count++] = (hm_given){name, value};
    return HM_OK;
}

static hm_err set_option(hm_options *options, const option_rule *rule, const char *value) {
    char *member = (char *)options + rule->offset;
    if (rule->kind == FLAG) {
        bool yes = true;
        memcpy(member, &yes, sizeof yes);
        return HM_OK;
    }
    if (!value || !value[0]) return hm_misuse("%s needs a value that is not empty", rule->name);
    if (rule->kind == GIVEN) return add_given(options, rule->name, value);
    const char *before;
    memcpy(&before, member, sizeof before);
    if (before && rule->kind == VALUE) return hm_misuse("%s is given twice", rule->name);
    memcpy(member, &value, sizeof value);
    return rule->kind == ALGORITHM ? add_algorithm(options, value) : HM_OK;
}

static hm_err unknown_option(const hm_command *command, hm_bytes word) {
    hm_closest closest = hm_closest_begin(word);
    char hint[HM_HINT_MAX];
    for (size_t i = 0; i < RULES; i++)
        if (command_takes(command, &rules[i])) hm_closest_try(&closest, rules[i].name);
    return hm_misuse("%s does not take %.*s%s (hallmark %s --help)", command->name, (int)word.len,
                     (const char *)word.data, hm_closest_hint(&closest, hint), command->name);
}

/* One word that begins with '-'. *AT moves on if the value is the next word. */
static hm_err parse_option(const hm_command *command, int count, char **words, int *at, hm_options *options) {
    const char *word = words[*at];
    const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const option_rule *rule = rule_named(word, len);
    if (!rule || !command_takes(command, rule)) return unknown_option(command, HM_BYTES(word, len));
    if (rule->kind == FLAG) {
        if (equals) return hm_misuse("%s takes no value", rule->name);
        return set_option(options, rule, NULL);
    }
    if (equals) return set_option(options, rule, equals + 1);
    if (*at + 1 >= count) return hm_misuse("%s needs a value: %s", rule->name, rule->value);
    return set_option(options, rule, words[++*at]);
}

static hm_err parse_words(const hm_command *command, int count, char **words, hm_options *options, bool *help) {
    size_t operands = 0;
    bool only_operands = false;
    bool passes = strcmp(command->options, "*") == 0;
    for (int i = 0; i < count; i++) {
        if (passes || only_operands || words[i][0] != '-' || !words[i][1]) {
            words[operands++] = words[i];
        } else if (strcmp(words[i], "--") == 0) {
            only_operands = true;
        } else if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
            *help = true;
            return HM_OK;
        } else {
            HM_TRY(parse_option(command, count, words, &i, options));
        }
    }
    options->operands = (const char *const *)words;
    options->operand_count = operands;
    if (operands < command->least)
        return hm_misuse("%s needs %s (hallmark %s --help)", command->name, command->operands, command->name);
    if (operands > command->most) return hm_misuse("%s: one operand too many: %s", command->name, words[command->most]);
    return HM_OK;
}

/* "hallmark --office DIR sign ..." is as good as "hallmark sign --office DIR ...": how many words stand before the
 * command? */
static int leading_options(int count, char **words) {
    int leading = 0;
    while (leading < count && words[leading][0] == '-') {
        const option_rule *rule = rule_named(words[leading], strlen(words[leading]));
        leading += rule && rule->kind != FLAG ? 2 : 1;
    }
    return leading < count ? leading : 0;
}

/* "trust --help": the commands that begin so. */
static bool asks_for_group(int count, char **words) {
    size_t len = count == 2 ? strlen(words[0]) : 0;
    if (!len || (strcmp(words[1], "--help") != 0 && strcmp(words[1], "-h") != 0)) return false;
    for (const hm_command *c = hm_commands; c->name; c++)
        if (strncmp(c->name, words[0], len) == 0 && c->name[len] == ' ') return true;
    return false;
}

hm_err hm_options_parse(int count, char **words, const hm_command **command, hm_options *options) {
    *command = NULL;
    memset(options, 0, sizeof *options);
    if (!count || strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0 || strcmp(words[0], "help") == 0) {
        print_help();
        return HM_OK;
    }
    if (strcmp(words[0], "--version") == 0) {
        printf("hallmark %s\n", HALLMARK_VERSION);
        return HM_OK;
    }
    int used, leading = leading_options(count, words);
    const hm_command *found = find_command(count - leading, words + leading, &used);
    if (!found && asks_for_group(count - leading, words + leading)) {
        print_group(words[leading]);
        return HM_OK;
    }
    if (!found) return unknown_command(words[leading]);
    for (int i = 0; i < leading; i++) HM_TRY(parse_option(found, leading, words, &i, options));
    bool help = false;
    HM_TRY(parse_words(found, count - leading - used, words + leading + used, options, &help));
    if (help)
        print_command_help(found);
    else
        *command = found;
    return HM_OK;
}
