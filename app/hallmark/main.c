#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const hm_command hm_commands[] = {
    {"init", "[DIR]", "Make an office: token, root key and certificate, log",
     "--token --pin-file --org --founder --quorum", 0, 1, hm_command_init},
    {"product add", "NAME", "Add a product, with a certificate authority of its own", "--algorithm", 1, 1,
     hm_command_product_add},
    {"product list", "", "List the products", "", 0, 0, hm_command_product_list},
    {"product show", "NAME", "Show a product and its keys", "", 1, 1, hm_command_product_show},
    {"sign", "FILE...", "Sign files and folders for a product",
     "--product --release --format -o --replace --algorithm --component --kind --security-version --to --manifest --sequence --follows --digest "
     "--device --minimum-list --signer --cosign --trust --envelope-only --no-receipt --no-chain --sbom --provenance --timestamp --tsa-trust --wait",
     0, SIZE_MAX, hm_command_sign},
    {"request", "FILE...", "Ask for signatures that need approval",
     "--product --release --format --replace --algorithm --component --kind --security-version --to --manifest --sequence --follows --digest "
     "--device --minimum-list --signer --sbom --provenance",
     0, SIZE_MAX, hm_command_request},
    {"status", "[REQUEST]", "Say what is due, and list the requests; or show one", "--product --open --within", 0, 1,
     hm_command_status},
    {"approve", "REQUEST FILE...", "Approve a request, after its files were compared with it",
     "--key --digest-only --envelope-only --sbom --provenance", 1, SIZE_MAX, hm_command_approve},
    {"reject", "REQUEST", "Reject a request", "--key", 1, 1, hm_command_reject},
    {"cancel", "REQUEST", "Cancel a request of your own", "", 1, 1, hm_command_cancel},
    {"publish", "FILE...", "Let out what was signed, into the office's download area",
     "--product --release --wait --trust --crl --crl-required --envelope-only --withdraw --list", 0, SIZE_MAX,
     hm_command_publish},
    {"verify", "FILE...", "Verify what is signed, by us or others",
     "--trust --tsa-trust --crl --crl-required --format --product --signature --require-log --proof --device "
     "--envelope-only",
     1, SIZE_MAX, hm_command_verify},
    {"inspect", "FILE...", "Say what is signed, by whom, over what, and what is not covered", "--format --signature", 1,
     SIZE_MAX, hm_command_inspect},
    {"pack", "ENVELOPE PAYLOAD...", "Join a signed envelope and its payloads in one stream",
     "-o --replace --keep-chain", 2, SIZE_MAX, hm_command_pack},
    {"unpack", "FILE", "Verify such a stream, and write what is in it",
     "--trust --crl --crl-required --product --device -C --replace", 1, 1, hm_command_unpack},
    {"principal keygen", "FILE", "Make a key of your own in FILE, and FILE.pub for the office", "--algorithm", 1, 1,
     hm_command_principal_keygen},
    {"principal add", "NAME", "State who a principal is from now on: by keys, a user of this machine, a CI job's token",
     "--public-key --unix-user --oidc --claim --key", 1, 1, hm_command_principal_add},
    {"principal revoke", "NAME", "State that a principal is nobody any more", "--key", 1, 1,
     hm_command_principal_revoke},
    {"principal list", "", "List the principals", "", 0, 0, hm_command_principal_list},
    {"grant add", "PRINCIPAL ROLE",
     "Give a role: requester, approver, publisher, key-officer, auditor or administrator", "--product --until --key", 2,
     2, hm_command_grant_add},
    {"grant withdraw", "PRINCIPAL ROLE", "Take a role away", "--product --key", 2, 2, hm_command_grant_withdraw},
    {"grant list", "", "List who holds which role", "--product", 0, 0, hm_command_grant_list},
    {"policy edit", "FILE", "State a product's policy; an empty FILE withdraws it", "--product --key", 1, 1,
     hm_command_policy_edit},
    {"policy show", "", "Write a product's policy", "--product -o --replace", 0, 0, hm_command_policy_show},
    {"policy diff", "FILE", "Show what FILE would change; status 1 if anything", "--product", 1, 1,
     hm_command_policy_diff},
    {"policy break-glass", "[FILE]", "State another policy for some hours, by two officers; or end that (--end)",
     "--product --until --reason --end --key", 0, 1, hm_command_policy_break_glass},
    {"policy test", "[FILE]", "Say what a policy would make of a request, and why",
     "--product --requester --release --format --algorithm --approver --sbom --provenance --imported", 0, 1,
     hm_command_policy_test},
    {"key list", "", "List the keys and where they live", "--product", 0, 0, hm_command_key_list},
    {"key generate", "", "Make a product's signing key now instead of at first need", "--product --algorithm --release",
     0, 0, hm_command_key_generate},
    {"key rotate", "", "Make another signing key, which signs from now on", "--product --algorithm --release", 0, 0,
     hm_command_key_rotate},
    {"key import", "ID", "Take a key pair that is in the token already: it signs from now on", "--product --algorithm",
     1, 1, hm_command_key_import},
    {"key suspend", "[KEY]", "Stop a key for now", "--key --reason --product --release", 0, 1, hm_command_key_suspend},
    {"key activate", "[KEY]", "Let a suspended key, or one that was held back, sign",
     "--key --reason --product --release", 0, 1, hm_command_key_activate},
    {"key deactivate", "[KEY]", "Stop a key for good; what it signed stays good", "--key --reason --product --release",
     0, 1, hm_command_key_deactivate},
    {"key compromise", "[KEY]", "State that somebody else may have a key; two officers",
     "--key --since --reason --product --release", 0, 1, hm_command_key_compromise},
    {"key destroy", "[KEY]", "Destroy a key in the token; two officers", "--key --reason --product --release", 0, 1,
     hm_command_key_destroy},
    {"compromise", "KEY|CERTIFICATE|PRINCIPAL",
     "Stop what somebody else may have, revoke it, list what it signed, report",
     "--since --reason --key --trust-list --keep --rehearse -o", 1, 1, hm_command_compromise},
    {"resign", "FOLDER FILE...", "Sign again what a compromised key had signed while it was good",
     "--in-doubt --superseded --wait --timestamp --sbom --provenance", 2, SIZE_MAX, hm_command_resign},
    {"cert list", "", "List the certificates and how long they live", "--product", 0, 0, hm_command_cert_list},
    {"cert revoke", "CERTIFICATE", "Revoke a certificate; its number or SHA-256, or how that begins",
     "--reason --since", 1, 1, hm_command_cert_revoke},
    {"cert crl", "", "Write the revocation list of a product's authority, or of the root",
     "--product --days --renew --der -o --replace", 0, 0, hm_command_cert_crl},
    {"cert renew", "", "Give a signing key a new certificate", "--product --release --algorithm --days --profile", 0, 0,
     hm_command_cert_renew},
    {"cert export", "", "Write a signing certificate and its chain as PEM",
     "--product --release --algorithm -o --replace", 0, 0, hm_command_cert_export},
    {"cert request", "", "Write a certificate request (PKCS#10) for a public CA", "--product --algorithm -o --replace",
     0, 0, hm_command_cert_request},
    {"cert import", "FILE", "Bring in the certificate chain that a public CA issued", "--product --algorithm", 1, 1,
     hm_command_cert_import},
    {"log show", "", "Show the log's entries", "--count", 0, 0, hm_command_log_show},
    {"log search", "", "List the entries about a key, principal, product, release, digest or time",
     "--key --principal --product --release --digest --file --since --until --type --limit --complete --proof", 0, 0,
     hm_command_log_search},
    {"log check", "[FILE...]", "Check the whole log, or that these files' signatures are in it",
     "--format --signature --product", 0, SIZE_MAX, hm_command_log_check},
    {"log prove", "FILE...", "Write FILE.tlog-proof: that its signature is logged",
     "--format --signature --product -o --replace", 1, SIZE_MAX, hm_command_log_prove},
    {"log monitor", "SOURCE", "Follow a log, here or at https://HOST/log/, and raise the alarm",
     "--trust --log-key --ca --state --once --interval --all --max-age --watch-type --watch-product --watch-format "
     "--watch-digest --known --on-alarm",
     1, 1, hm_command_log_monitor},
    {"log key", "", "Write the log's key for receipts, which trust lists name", "-o --replace", 0, 0,
     hm_command_log_key},
    {"trust export", "", "Write the root certificate and the log's key as PEM", "-o --replace", 0, 0,
     hm_command_trust_export},
    {"trust key", "", "Write this office's root key of the trust list", "-o --replace", 0, 0, hm_command_trust_key},
    {"trust publisher", "", "Write what a trust list says about this office's product",
     "--product --algorithm -o --replace", 0, 0, hm_command_trust_publisher},
    {"trust update", "FILE...", "Make a trust list, change it, or sign it (--sign)",
     "-o --replace --new --sign --old --add-root --remove-root --threshold --add-publisher --publisher --retire-publisher "
     "--allow-kind --purposes --publisher-threshold --require-receipts --add-class --remove-class --add-key "
     "--remove-key --revoke-key --keep --minimum --add-log --remove-log",
     1, SIZE_MAX, hm_command_trust_update},
    {"trust show", "LIST...", "Say what trust lists hold and who signed them", "--old", 1, SIZE_MAX,
     hm_command_trust_show},
    {"trust bundle", "LIST...", "Make one file of lists for devices that missed some", "-o --replace", 1, SIZE_MAX,
     hm_command_trust_bundle},
    {"tsa enable", "", "Have the office give timestamps (RFC 3161), by a clock that is checked",
     "--time-source --max-offset", 0, 0, hm_command_tsa_enable},
    {"tsa disable", "", "Have it give none any more", "", 0, 0, hm_command_tsa_disable},
    {"tsa show", "", "Say whether it gives timestamps, and by which clock", "", 0, 0, hm_command_tsa_show},
    {"tsa reply", "QUERY", "Answer the timestamp request in a file", "-o --replace", 1, 1, hm_command_tsa_reply},
    {"office backup", "DIR", "Copy the office into the new folder DIR, while it is in use", "--with-token", 1, 1,
     hm_command_office_backup},
    {"office restore", "DIR", "Make an office (--office, new or empty) out of the backup in DIR", "--against", 1, 1,
     hm_command_office_restore},
    {"office check", "[DIR]", "Look over an office or a backup: files, database, log, token, certificates, disk, clock",
     "", 0, 1, hm_command_office_check},
    {"serve", "[OPTIONS]", "Serve the office: hallmarkd in the foreground, which has the options", "*", 0, SIZE_MAX,
     hm_command_serve},
    {0},
};

/* Who pipes into head knows that the rest was not wanted. */
static hm_err output_lost(void) {
    return errno == EPIPE ? hm_already_reported(HM_COULD_NOT)
                          : hm_could_not("standard output cannot be written: %s", strerror(errno));
}

/* What is opened later must not become standard output because somebody closed that. */
static void keep_standard_files(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) _exit(HM_COULD_NOT);
}

int main(int argc, char **argv) {
    keep_standard_files();
    signal(SIGPIPE, SIG_IGN);
    const hm_command *command;
    hm_options options = {0};
    hm_err err = hm_options_parse(argc - 1, argv + 1, &command, &options);
    if (!hm_failed(err) && command) err = command->run(&options);
    if (!hm_failed(err) && (fflush(stdout) != 0 || ferror(stdout))) err = output_lost();
    if (hm_failed(err) && !hm_is_already_reported()) {
        fprintf(stderr, "hallmark: %s\n", hm_err_sentence());
        if (options.debug) fprintf(stderr, "hallmark: raised at %s\n", hm_err_origin());
    }
    return (int)err.class;
}
