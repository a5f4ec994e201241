#!/bin/sh
# From a key's birth to its destruction, as officers state it (NIST SP 800-57 Part 1): what is not active signs nothing.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P2, P3: the life of a key"

for who in alice bob carol; do
    step "$who makes a key of her own" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub office
HALLMARK_OFFICE=office
export HALLMARK_OFFICE
step "I am somebody in it" hallmark principal add me --unix-user "$(id -u)" $two
step "who makes the product first" hallmark grant add me administrator $two
step "of this name" hallmark product add pump
step "and then no more" hallmark grant withdraw me administrator --key alice.key
step "but asks for signatures" hallmark grant add me requester --product pump $two
step "and sees to its keys" hallmark grant add me key-officer --product pump $two
printf 'rule all\n  request by me\n  formats cms\n' >pump.policy
step "with a policy" hallmark policy edit pump.policy --product pump $two

signing_keys() { hallmark key list --product pump --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p'; }
signs_of() { hallmark key list --json | sed -n "/\"key\":\"$1\"/s/.*\"signs\":\([a-z]*\).*/\1/p"; }
state_of() { hallmark key list --json | sed -n "/\"key\":\"$1\"/s/.*\"state\":\"\([a-z-]*\)\".*/\1/p"; }

echo firmware >first.bin
step "a first signature makes the first key" hallmark sign --product pump --release 1.0 first.bin
first=$(signing_keys)
expect_output active "which is active" state_of $first
expect_output "signing    pump  active  signs" "and signs" hallmark key list --product pump
expect_output true "as machines are told" signs_of $first
until=$(openssl pkcs7 -inform DER -in first.bin.p7s -print_certs | openssl x509 -noout -enddate | sed 's/.*=//')
expect_output "  made $(date -u -r first.bin +%Y)-" "since when is told" hallmark key list --product pump
expect_output ", certificate until $(date -u -d "$until" +%Y-%m-%d)" "and until when it is certified" hallmark key list --product pump
expect_output "\"certificate_expires\":$(date -u -d "$until" +%s)" "in numbers, too" hallmark key list --json

# ---- stopped and let go again ----

expect_refused "no principal's" "nor does a stranger" hallmark key suspend $first --key carol.key
step "one officer does" hallmark key suspend $first --key bob.key --reason "is it still ours?"
expect_output suspended "it is suspended" state_of $first
expect_output false "it does not sign" signs_of $first
echo more >second.bin
expect_refused "is suspended: is it still ours?" "and signs nothing" hallmark sign --product pump --release 1.0 second.bin
step "there is no signature" test ! -e second.bin.p7s
expect_output "DUE: the signing key $first of pump (es256) is suspended since $(date -u +%Y)-" "who looks is told" hallmark status
expect_output "\"due\":\"suspended\",\"what\":\"key\",\"product\":\"pump\"" "and so are machines" hallmark status --json
step "what it signed is as good as before" hallmark verify first.bin
expect_refused "takes the signatures of 2 officers, and has 1" "one does not let it go again" \
    hallmark key activate $first --key alice.key
step "two do" hallmark key activate $first $two
step "and it signs" hallmark sign --product pump --release 1.0 second.bin
expect_output true "it is the one again" signs_of $first
step "nothing is due any more" sh -c '! hallmark status | grep DUE'

# ---- rotation ----

step "another key" hallmark key rotate --product pump
second=$(signing_keys | tail -1)
step "there are two" test "$(signing_keys | wc -l)" = 2
expect_output false "of which the first does not sign now" signs_of $first
expect_output true "but the second" signs_of $second
echo again >third.bin
step "which signs from now on" hallmark sign --product pump --release 1.1 third.bin
expect_output $second "as the log says" sh -c 'hallmark log show --json --count 2'
step "both verify" hallmark verify first.bin third.bin
hallmark cert export --product pump -o chain.pem
step "cert export gives the newest" sh -c '! openssl x509 -in chain.pem -noout -serial | grep -q "$(openssl pkcs7 -inform DER -in first.bin.p7s -print_certs | openssl x509 -noout -serial)"'
step "the old one is deactivated" hallmark key deactivate $first --key alice.key
expect_refused "deactivated does not become active" "for good" hallmark key activate $first $two
expect_refused "deactivated does not become suspended" "whatever is stated" hallmark key suspend $first $two
step "what it signed verifies" hallmark verify first.bin

# ---- theft and end ----

expect_refused "takes the signatures of 2 officers, and has 1" "nobody alone says that a key is stolen" \
    hallmark key compromise $second --since 1h --key alice.key
expect_fault 2 "since when?" "nor without saying since when" hallmark key compromise $second $two
expect_fault 2 "has not been yet" "nor that it will be" hallmark key compromise $second $two --since 2999-01-01T00:00Z
step "two say since when" hallmark key compromise $second $two --since 1h --reason "a laptop was stolen"
expect_refused "is compromised: a laptop was stolen" "nothing is signed with it" \
    hallmark sign --product pump --release 1.2 --replace third.bin
expect_output "DUE: no key signs for pump (es256) (hallmark key rotate --product pump --algorithm es256)" \
    "which does not only come out when something is to be signed" hallmark status
expect_output '"due":"no-key-signs"' "nor for machines" hallmark status --json --product pump
step "until there is a next one" hallmark key rotate --product pump
step "and then it is not said any more" sh -c '! hallmark status | grep DUE'
step "which signs" hallmark sign --product pump --release 1.2 --replace third.bin
third=$(signing_keys | tail -1)
expect_refused "takes the signatures of 2 officers" "nobody alone destroys a key" hallmark key destroy $first --key bob.key
step "two do" hallmark key destroy $first $two --reason "its time is over"
expect_output destroyed "it is stated" state_of $first
expect_output '"act":"key destroyed"' "and done" sh -c 'hallmark log show --json --count 3'
expect_output "key destroyed, product pump, key $first, by " "and which it was" hallmark log show --count 3
# told_of KEY SEARCH...: what the log says was made, stated and done with it
told_of() { hallmark log search --key "$@" --type ceremony | sed -n "s/.*\(key generated\).*/\1/p; s/.*\(key destroyed\).*/\1/p; s/.*key $1 of pump: \([a-z]*\).*/\1/p" | tr '\n' ','; }
life="key generated,suspended,active,deactivated,destroyed,key destroyed,"
step "a search for the key finds its whole life, and what officers stated" test "$(told_of $first)" = "$life"
step "and nothing is missing from that" test "$(told_of $first --complete)" = "$life"
step "statements are the product's, too" test "$(told_of $first --product pump)" = "$life"
step "by index or not" test "$(told_of $first --product pump --complete)" = "$life"
expect_output "key $second of pump: compromised" "of a stolen one, too, by the digits that it begins with" \
    hallmark log search --key "$(echo "$second" | cut -c1-8)"
if need pkcs11-tool "the token's own word"; then
    SOFTHSM2_CONF=office/token/softhsm2.conf pkcs11-tool --module "$(find /usr/lib -name libsofthsm2.so | head -1)" \
        --login --pin "$(cat office/token/pin)" --list-objects --type privkey >objects 2>/dev/null
    step "the token has the last one" grep -q $third objects
    step "and the one in between" grep -q $second objects
    expect_status 1 "but the first one no more" grep -q $first objects
fi
expect_output "and 1 that were destroyed are not" "the office is as it should be" \
    sh -c 'hallmark office check --office office | grep "^keys: good"'
step "what it signed verifies still" hallmark verify first.bin
expect_refused "destroyed does not become compromised" "there is no way from there" hallmark key compromise $first --since always $two

# ---- what is no key, or none that may be stopped ----

expect_refused "there is no key 00000000" "a key that is not there" hallmark key suspend 00000000 --key alice.key
expect_fault 2 "first 8 digits" "a name that is too short" hallmark key suspend 4d --key alice.key
expect_fault 2 "first 8 digits" "or not long enough to be one" hallmark key suspend 484d4b --key alice.key
log=$(hallmark key list --json | sed -n '/"role":"log"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
expect_refused "the log's own key" "the log goes on" hallmark key suspend $log --key alice.key
step "a suspended authority" hallmark key suspend \
    "$(hallmark key list --json | sed -n '/"role":"product CA"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')" --key alice.key
expect_refused "is suspended" "certifies nothing" hallmark key rotate --product pump
expect_output "DUE: the product CA key" "as is said" hallmark status
step "and the key that it certified signs" hallmark sign --product pump --release 1.3 --replace third.bin
expect_output active "as before" state_of $third
step "refusals are entries" sh -c 'hallmark log show --count 100 | grep -c "refus" | grep -q "^[1-9]"'
step "the log is good" hallmark log check
unset HALLMARK_OFFICE
# ---- an office of one person ----

step "an office without founders" hallmark init --org Solo solo
HALLMARK_OFFICE=solo
export HALLMARK_OFFICE
step "with a product" hallmark product add pump
echo x >x.bin
step "signs" hallmark sign --product pump x.bin
only=$(signing_keys)
expect_fault 2 "nobody's key says more" "its owner needs no officer's key" hallmark key suspend $only --key alice.key
step "to stop it" hallmark key suspend $only --reason "looking at the audit log"
echo y >y.bin
expect_refused "is suspended: looking at the audit log" "and it is stopped" hallmark sign --product pump y.bin
step "and let it go again" hallmark key activate $only
step "it signs" hallmark sign --product pump y.bin
step "another one" hallmark key rotate --product pump
step "the first one is destroyed" hallmark key destroy $only --reason "its time is over"
expect_refused "what is destroyed does not become active" "for good" hallmark key activate $only
expect_refused "has no founders" "roles are given to nobody" hallmark grant add me requester
serial_of() { hallmark cert list --json | sed -n "/\"key_id\":\"$1\"/s/.*\"serial\":\"\([0-9a-f]*\)\".*/\1/p"; }
standing_of() { hallmark cert list | sed -n "s/^  key $1, //p"; }
older=$(signing_keys | tail -1)
step "once more another one" hallmark key rotate --product pump
newer=$(signing_keys | tail -1)
step "the certificate of the one before has served" hallmark cert revoke "$(serial_of $older)" --reason superseded
step "which does not sign, so nothing is due" sh -c '! hallmark status | grep DUE'
step "and signs nothing" test "$(standing_of $older)" = revoked
step "the newest one is stolen" hallmark key compromise $newer --since 1h --reason "it was copied"
step "its certificate is current no more" test "$(standing_of $newer)" = compromised
step "nor that of one that is destroyed" test "$(standing_of $only)" = destroyed
expect_refused "key $newer is compromised: it was copied (hallmark key rotate" "which is why nothing is signed" \
    hallmark sign --product pump --replace y.bin
expect_refused "key $newer is compromised: it was copied (hallmark key rotate" "the older one is not put back to use" \
    hallmark cert renew --product pump
step "it is as it was" test "$(standing_of $older)" = revoked
step "another key helps" hallmark key rotate --product pump
step "and signs" hallmark sign --product pump --replace y.bin
step "nothing is due" sh -c '! hallmark status | grep DUE'

# ---- authorities, which have no successor ----

key_of() { hallmark key list --json | sed -n "/\"role\":\"$1\",\"product\":\"$2\"/s/.*\"key\":\"\([0-9a-f]*\)\".*/\1/p"; }
step "a second product" hallmark product add gate
step "with a key" hallmark key generate --product gate --algorithm es256
step "whose authority's key is put away" hallmark key deactivate "$(key_of 'product CA' gate)"
expect_output "DUE: the key of the authority of gate signs no more" "which is told before a certificate is due" hallmark status
expect_output '"due":"authority-stopped"' "and to machines" hallmark status --json --product gate
expect_refused "(hallmark product add makes another product)" "another key is none" hallmark key rotate --product gate
step "what it certified signs" hallmark sign --product gate x.bin --replace
step "until its key is put away, too" hallmark key deactivate "$(key_of signing gate)"
expect_output "DUE: no key signs for gate (es256) (nor is one certified: hallmark product add makes another product)" \
    "and then no key helps" hallmark status
step "the authority of the other one is stolen" hallmark compromise "$(key_of 'product CA' pump)" --since 1h -o stolen
expect_refused "(hallmark product add makes another product)" "nothing is signed under it" \
    hallmark sign --product pump --replace y.bin
expect_output "DUE: nothing is signed for pump: the certificate of its authority is revoked (hallmark product add" \
    "which a person should know, and what helps" hallmark status --product pump
expect_output '"due":"authority-revoked"' "machines, too" hallmark status --json --product pump
step "the root is destroyed" hallmark key destroy "$(key_of 'root CA' '')"
expect_output "DUE: the root's key signs no more" "that is told" hallmark status
expect_output '"due":"root-stopped"' "to machines, too" hallmark status --json
expect_output "the certificate of its authority is revoked (the root has stopped: hallmark init" \
    "and that no product helps any more" hallmark status --product pump
step "office check finds everything in its place" hallmark office check
step "P9: and so does the log's" hallmark log check
finish
