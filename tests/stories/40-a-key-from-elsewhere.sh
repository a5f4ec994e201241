#!/bin/sh
# A key that devices in the field know already, and that was not made here: the maker's own tools put it into the token,
# the office takes it, signs with it, and never forgets where it came from. In an office of one person, then with founders
# and over HTTPS.
# shellcheck disable=SC2016,SC2046,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "a key from elsewhere"

. "$root/tests/stories/served.sh"

if ! need pkcs11-tool "a key is put into the token by another's tool"; then finish; fi
module=$(find /usr/lib -name libsofthsm2.so | head -n 1)
# The token of the office in $HALLMARK_OFFICE, as its maker's tools see it.
token() { SOFTHSM2_CONF=$HALLMARK_OFFICE/token/softhsm2.conf pkcs11-tool --module "$module" --login --pin "$(cat "$HALLMARK_OFFICE/token/pin")" "$@"; }
# put NAME ID [OPTION...]: the key pair NAME.pem, with this id.
put() {
    name=$1 id=$2
    shift 2
    openssl pkey -in $name.pem -outform DER -out $name.der
    openssl pkey -in $name.pem -pubout -outform DER -out $name.pub.der
    token --write-object $name.der --type privkey --id $id "$@"
    token --write-object $name.pub.der --type pubkey --id $id
}
# mark NAME: this member of pump's newest signing key of the algorithm.
mark() { hallmark key list --product pump --json | grep '"role":"signing"' | grep "\"algorithm\":\"${2:-es256}\"" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | tail -n 1; }

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out field.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out stranger.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out other.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out coin.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out long.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out short.pem 2>/dev/null

HALLMARK_OFFICE=$scratch/office
export HALLMARK_OFFICE
step "an office" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "with a product" hallmark product add pump
echo firmware >firmware.bin
step "which has a key already" hallmark sign --product pump --release 1.0 firmware.bin
expect_output token "made in the token" mark origin
made=$(mark key)

# ---- what is not taken ----

expect_fault 2 "which product?" "a product is to be named" hallmark key import 01
expect_fault 2 "is no id of a key" "and an id" hallmark key import mine --product pump
expect_refused "has no es256 key with the id 01" "that is there" hallmark key import 01 --product pump
step "a key is put in that can leave" put field 01 --sensitive --extractable
expect_refused "is CKA_EXTRACTABLE" "is not taken" hallmark key import 01 --product pump
step "it is taken out" token --delete-object --type privkey --id 01
step "whole" token --delete-object --type pubkey --id 01
step "half a key" token --write-object field.der --type privkey --id 01 --sensitive
expect_refused "without its public key" "is not taken" hallmark key import 01 --product pump
step "a key of another curve" put coin 03 --sensitive
expect_refused "it is no es256 key" "is not taken" hallmark key import 03 --product pump
step "one of another length" put short 04 --sensitive
expect_refused "it is no rsa3072 key" "is not either" hallmark key import 04 --product pump --algorithm rsa3072
step "one half of a key" token --write-object field.der --type privkey --id 07 --sensitive
openssl pkey -in stranger.pem -pubout -outform DER -out stranger.der
step "and one of another" token --write-object stranger.der --type pubkey --id 07
expect_fault 3 "do not belong together" "are no pair" hallmark key import 07 --product pump
step "one of another algorithm" put other 05 --sensitive
expect_refused "does not sign with es384" "which the product has not" hallmark key import 05 --product pump --algorithm es384
expect_refused "it is no es256 key" "nor is it another one" hallmark key import 05 --product pump
expect_refused "one of the office's already" "nor is one of the office's own" hallmark key import $made --product pump
expect_output $made "nothing has changed" mark key

# ---- one that is ----

step "the other half" token --write-object field.pub.der --type pubkey --id 01
expect_output imported "is taken" hallmark key import 01 --product pump
expect_output imported "says so for machines" mark origin
expect_output '"act":"key imported"' "the log says it" hallmark log show --json
expect_output '"was":"01"' "with the id that it came with" hallmark log show --json
expect_refused "one of the office's already" "once" hallmark key import 01 --product pump
expect_output "$(mark key)" "in the token it has the office's id" token --list-objects --type privkey
cp "$scratch/output" shown
step "and no other" sh -c 'grep -q "ID: *03$" shown && ! grep -q "ID: *01$" shown'
echo more >>firmware.bin
step "it signs" hallmark sign --product pump --release 1.1 --replace firmware.bin
step "the office's verifier takes it" hallmark verify --trust "$HALLMARK_OFFICE/trust.pem" firmware.bin
step "so does OpenSSL" openssl cms -verify -binary -inform DER -in firmware.bin.p7s -content firmware.bin -CAfile "$HALLMARK_OFFICE/trust.pem" -purpose any -out verified
openssl cms -verify -binary -inform DER -in firmware.bin.p7s -content firmware.bin -CAfile "$HALLMARK_OFFICE/trust.pem" -purpose any -signer signer.pem -out verified 2>/dev/null
openssl x509 -in signer.pem -pubkey -noout >signed-by
openssl pkey -in field.pem -pubout >known-in-the-field
expect_same signed-by known-in-the-field "by the key that the field knows"
step "an RSA key" put long 06 --sensitive
expect_output imported "as well" hallmark key import 06 --product pump --algorithm rsa3072
expect_output imported "of its algorithm" mark origin rsa3072
step "the log is good" hallmark log check
step "and the office" hallmark office check

# ---- what a policy says of it ----

echo 'no imported keys' >strict.policy
step "a policy without such keys" hallmark policy edit strict.policy --product pump
expect_refused 'the policy of pump says "no imported keys"' "takes none" hallmark key import 03 --product pump
echo again >>firmware.bin
expect_refused "the key was imported" "nor signs with one" hallmark sign --product pump --release 1.2 --replace firmware.bin
printf 'no imported keys\nrule all\n  request by ci\n  formats cms\n' >tested.policy
expect_output "yes: the key was not imported" "which policy test shows" hallmark policy test tested.policy --requester ci --format cms
observe hallmark policy test tested.policy --requester ci --format cms --imported
cp "$scratch/output" said
step "of such a key, too" grep -q "^no: the key was imported, and the policy says no imported keys" said
expect_output "no key signs for pump (es256)" "and status" hallmark status
step "the next key is made in the token" hallmark key rotate --product pump
step "then one does" sh -c '! hallmark status | grep "no key signs for pump (es256)"'
expect_output token "and says so" mark origin
step "it signs" hallmark sign --product pump --release 1.2 --replace firmware.bin
: >none.policy
step "without the policy" hallmark policy edit none.policy --product pump

# ---- the bad day ----

stolen=$(hallmark key list --product pump --json | sed -n '/"origin":"imported"/s/.*"key":"\([0-9a-f]*\)".*/\1/p' | head -n 1)
step "it is stolen" hallmark compromise $stolen --since always --reason "a copy was left where it came from" -o incident
expect_output "was made elsewhere and imported" "the report says what the log cannot" cat incident/report.html
expect_output '"imported":true' "for machines, too" cat incident/report.json
expect_output '"complete":true' "its list is complete from the import on" cat incident/report.json
expect_output '"since":1,' "always is before the import" cat incident/report.json
step "with its one signature of a file" grep -q '"release":"1.1"' incident/signatures.jsonl
step "an independent reader agrees" python3 "$root/tests/oracles/incident_checker.py" incident "$HALLMARK_OFFICE/log" "$HALLMARK_OFFICE/trust.pem"
expect_refused "one of the office's already" "it does not come back" sh -c 'hallmark key import "$1" --product pump' - $stolen
step "the log is good" hallmark log check
cp "$HALLMARK_OFFICE/office.db" kept.db
step "somebody edits what it was" python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute("UPDATE key SET origin=0"); db.commit()' "$HALLMARK_OFFICE/office.db"
expect_refused "was imported, and the database does not" "which is found" hallmark log check

# ---- in an office with founders, which is served ----

for who in alice bob carol; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
HALLMARK_OFFICE=$scratch/governed
step "an office with founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "this user is ci" hallmark principal add ci --unix-user $(id -u) $two
step "and carol comes by the network" hallmark principal add carol --public-key carol.key.pub $two
step "ci makes the product" sh -c "hallmark grant add ci administrator $two && hallmark product add pump && hallmark grant withdraw ci administrator --key alice.key"
step "a key is put in" put field 01 --sensitive
expect_refused "ci is not key-officer of pump" "not everybody has it imported" hallmark key import 01 --product pump
for who in ci carol; do
    step "$who is key-officer" hallmark grant add $who key-officer --product pump $two
done
printf 'rule all\n  request by ci\n  formats cms\n' >pump.policy
step "with a policy" hallmark policy edit pump.policy --product pump $two
step "ci may ask" hallmark grant add ci requester --product pump $two
step "a certificate for its server" make_tls_certificate
step "which is served" serve_office "$HALLMARK_OFFICE" --drain 1
expect_refused "it is for who has the office's folder" "over HTTPS no key is imported" \
    hallmark key import 01 --product pump --office https://localhost:$port --ca tls.pem --as carol.key
expect_output imported "here it is" hallmark key import 01 --product pump
expect_output 484d4b "with an id that the founders vouch for" mark key
echo governed >governed.bin
step "it signs" hallmark sign --product pump --release 1.0 governed.bin
expect_output '"origin":"imported"' "who asks over HTTPS is told what it is" \
    hallmark key list --product pump --json --office https://localhost:$port --ca tls.pem --as carol.key
printf 'no imported keys\nrule all\n  request by ci\n  formats cms\n' >pump.policy
step "the policy becomes strict" hallmark policy edit pump.policy --product pump $two
echo again >>governed.bin
expect_refused "the key was imported" "and it signs nothing more" hallmark sign --product pump --release 1.0 --replace governed.bin
end_server
step "the log is good" hallmark log check
step "and the office" hallmark office check
finish
