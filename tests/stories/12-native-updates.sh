#!/bin/sh
# An update for devices: components, one manifest, one envelope. Signed for a product and logged before it is signed; verified by the
# certificates, as a host does, and by a trust list, as a device does. Then what an attacker would change, and a second office
# that signs beside the first.
# shellcheck disable=SC2154  # $output is lib.sh's
. "$(dirname "$0")/lib.sh"
story "An update for devices"

step "an office is made" hallmark init --org "Pump Works" "$HALLMARK_OFFICE"
step "with a product" hallmark product add pump
step "and another" hallmark product add valve
head -c 70000 /dev/urandom > fw.bin
head -c 5000 /dev/urandom > app.bin
printf 'limit=7\n' > limits.conf

# One file.
expect_fault 2 "--release" "devices see which release it is, so it must be said" \
    hallmark sign --format native --product pump fw.bin
expect_output "release 2.1.0, sequence " "one file is signed as an update" \
    hallmark sign --format native --product pump --release 2.1.0 --security-version 3 fw.bin
step "the envelope lies beside it" test -s fw.bin.cose
expect_output "verified: native" "it verifies; the payload is found beside it" hallmark verify fw.bin.cose
expect_output "verified: native" "or is named" hallmark verify fw.bin.cose fw.bin
expect_output "unchanged" "signed again, nothing changes" \
    hallmark sign --format native --product pump --release 2.1.0 --security-version 3 fw.bin
expect_output "release 2.1.1" "the next release takes its place" \
    hallmark sign --format native --product pump --release 2.1.1 --security-version 3 fw.bin
expect_output "component main: firmware, version 2.1.1, security version 3, 70000 bytes, file fw.bin" \
    "inspect tells what it says" hallmark inspect fw.bin.cose
expect_output '"manifest":{"publisher":' "to machines too" hallmark inspect --json fw.bin.cose
expect_output "logged: intent" "the signature is in the log" hallmark log check fw.bin.cose
expect_output '"manifest":{"components":[{"digest":' "with what the core read in the manifest" hallmark log show --json
step "a proof can be had" hallmark log prove fw.bin.cose
expect_output "logged (log of" "and asked for" hallmark verify --require-log fw.bin.cose
expect_output "skipped" "an envelope is not signed as a file when somebody says sign *" \
    hallmark sign --product pump fw.bin.cose

# Several components.
update() {
    hallmark sign --format native --product pump --release 3.0 --component main=fw.bin,security-version=4,to=slot-a \
        --component app=app.bin,kind=application,version=1.9 --component limits=limits.conf,kind=configuration "$@"
}
expect_output "components main, app and limits, in up.cose" "several files are one update" update -o up.cose
expect_output "verified" "which verifies as one" hallmark verify up.cose
expect_output "es256 and rsa3072" "two keys of the product may sign it" \
    update --algorithm es256 --algorithm rsa3072 --digest sha512 -o both.cose
expect_output "signature 1 of 2" "and both signatures are in it" hallmark verify both.cose
expect_fault 2 "name each with --component" "files without names are no components" \
    hallmark sign --format native --product pump --release 3.0 fw.bin app.bin
expect_refused "the id is there twice" "an id stands for one component" \
    hallmark sign --format native --product pump --release 3.0 --component a=fw.bin --component a=app.bin -o x.cose
expect_fault 2 "at most 8 components" "there is a limit" \
    hallmark sign --format native --product pump --release 3.0 --component a=fw.bin --component b=fw.bin \
    --component c=fw.bin --component d=fw.bin --component e=fw.bin --component f=fw.bin --component g=fw.bin \
    --component h=fw.bin --component i=fw.bin -o x.cose
: > empty.bin
expect_refused "empty.bin: is empty" "nothing is no payload" \
    hallmark sign --format native --product pump --release 3.0 --component a=fw.bin --component b=empty.bin -o x.cose
expect_fault 3 "another file cannot be read" "every file must be there" \
    hallmark sign --format native --product pump --release 3.0 --component a=fw.bin --component b=gone.bin -o x.cose
step "none of that left a file" test ! -e x.cose

# A description instead of options.
mkdir parts
cp limits.conf parts/
cat > update.json << 'JSON'
{ "components": [ { "id": "main", "file": "fw.bin", "security-version": 4 },
                  { "id": "limits", "file": "parts/limits.conf", "kind": "configuration", "to": "etc" } ],
  "sequence": 17, "notes": { "-10": "built by the night shift" } }
JSON
expect_output "sequence 17, components main and limits" "an update is described by a file" \
    hallmark sign --format native --product pump --release 4.0 --manifest update.json
expect_output "verified" "and found beside it again" hallmark verify update.json.cose
expect_output "note -10: built by the night shift" "with its notes" hallmark inspect update.json.cose
describe() {
    printf '%s\n' "$1" > bad.json
    hallmark sign --format native --product pump --release 4.0 --manifest bad.json
}
expect_refused "duplicate object key" "no member is there twice" \
    describe '{ "components": [ { "id": "a", "id": "b", "file": "fw.bin" } ] }'
expect_refused 'no member "fiel"' "none is unknown" describe '{ "components": [ { "id": "a", "fiel": "fw.bin" } ] }'
expect_refused "leads elsewhere" "no path leads out of the folder" \
    describe '{ "components": [ { "id": "a", "file": "../office/office.db" } ] }'
expect_refused "leads elsewhere" "from the root neither" describe '{ "components": [ { "id": "a", "file": "/etc/passwd" } ] }'
ln -s /etc/passwd link.bin
expect_fault 3 "is not there" "nor through a link" describe '{ "components": [ { "id": "a", "file": "link.bin" } ] }'
expect_fault 2 "given twice" "there is one sequence number" \
    hallmark sign --format native --product pump --release 4.0 --sequence 3 --manifest update.json

# What is not as it was signed.
cp app.bin app.good
flip app.bin 100
expect_refused "of its 3 payloads 1 is not what was signed" "a changed payload" hallmark verify up.cose
expect_refused "component app: its payload is not what was signed" "and which one it is" hallmark verify up.cose fw.bin
rm app.bin
expect_refused "component app: its payload is not here" "a missing one" hallmark verify up.cose
cp app.good app.bin
cp limits.conf other.conf
expect_refused "other.conf is none of its payloads" "a file that is named and not meant" \
    hallmark verify up.cose fw.bin app.bin limits.conf other.conf
flip app.bin 100
expect_refused "other.conf is none of its payloads" "first of all" \
    hallmark verify up.cose fw.bin app.bin limits.conf other.conf
cp app.good app.bin
echo one >z1.bin && echo two >z2.bin && echo three >z3.bin
step "another update" hallmark sign --format native --product pump --release 5.0 z1.bin
step "and a file beside it that is signed by itself" hallmark sign --product pump z2.bin
step "the one is good" hallmark verify z1.bin.cose
step "so is the other" hallmark verify z2.bin
expect_refused "is not what was signed: z2.bin was taken for it" "together the second would be the payload: it is named" \
    hallmark verify z1.bin.cose z2.bin
expect_refused "component main: its payload is not what was signed (z1.bin; z2.bin was taken for it)" "it was compared" \
    hallmark verify z1.bin.cose z2.bin
expect_refused "z2.bin is none of its payloads" "of more files than payloads one is named" \
    hallmark verify z1.bin.cose z1.bin z2.bin
expect_refused "z3.bin is none of its payloads" "and if none of them is a payload" hallmark verify z1.bin.cose z2.bin z3.bin
mkdir alone
cp up.cose alone/
expect_refused "only the envelope is here" "an envelope alone is not verified" hallmark verify alone/up.cose
expect_output "ENVELOPE ONLY" "unless that is said" hallmark verify --envelope-only alone/up.cose
expect_refused "is not signed" "what only has the name of an envelope" sh -c "cp fw.bin fake.cose && hallmark verify fake.cose app.bin"
size=$(wc -c < up.cose)
at=0
quiet=
while [ "$at" -lt "$size" ]; do
    cp up.cose bent.cose
    flip bent.cose "$at"
    hallmark verify bent.cose fw.bin app.bin limits.conf > bent.out 2>&1 && quiet="$quiet $at"
    at=$((at + 101))
done
echo "$quiet" > quiet
# Bits of the receipt and of the certificate above the signer's are judged by those who use them.
# shellcheck disable=SC2016  # expanded by that shell
step "bits all over the envelope are noticed, but for what stands beside the signature" \
    sh -c 'for at in $(cat quiet); do [ "$at" -gt 500 ] || exit 1; done'
expect_refused "not for \"valve\"" "another product's" hallmark verify --product valve up.cose

# As a device.
step "the office's root of the trust list is made" hallmark trust key -o root.key
step "and the publisher's file" hallmark trust publisher --product pump -o pump.publisher
step "a list is made" hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher \
    --publisher "Pump Works" --require-receipts yes -o list
step "and signed" hallmark trust update list --sign
expect_output "trust list 1, signed" "inspect tells what it says" hallmark inspect list
step "the update is packed" hallmark pack -o up.pack up.cose fw.bin app.bin limits.conf
expect_output "a pack: an envelope and 3 payloads" "inspect tells of packs too" hallmark inspect up.pack
expect_output "as devices with trust list 1 do" "a device takes the update: signature, receipt, class" \
    hallmark verify --trust list up.cose
expect_output "as devices" "of that product" hallmark verify --trust list --product pump up.cose
expect_refused "another class" "of no other" hallmark verify --trust list --product valve up.cose
step "without a receipt" update --no-receipt -o bare.cose
expect_refused "asks for a receipt" "it does not" hallmark verify --trust list bare.cose
expect_output "verified" "though a host does" hallmark verify bare.cose
cp bare.cose before.cose
expect_output "put 1 receipt of the log into bare.cose" "signing the same release again puts it in" update -o bare.cose
expect_output "as devices with trust list 1 do" "and then a device takes it" hallmark verify --trust list bare.cose
cp bare.cose whole.cose
expect_output "over the same content, sequence" "a third time nothing is left to do" update -o bare.cose
expect_same bare.cose whole.cose "and nothing is done"
cp before.cose bare.cose
expect_output "over the same content, sequence" "nor with --no-receipt" update --no-receipt -o bare.cose
expect_same bare.cose before.cose "which leaves it without"
step "without certificates" update --no-chain -o lean.cose
expect_output "as devices" "it does" hallmark verify --trust list lean.cose
expect_refused "no certificate" "and a host does not" hallmark verify lean.cose
step "a way back for one device" update --device A12 -o back.cose
expect_refused "another device" "is for no other" hallmark verify --trust list --device B7 back.cose
expect_output "only for device A12, a way back" "but for that one" hallmark verify --trust list --device A12 back.cose
flip app.bin 9
expect_refused "not what was signed" "payloads count here too" hallmark verify --trust list up.cose
cp app.good app.bin
step "a file is signed by itself" hallmark sign --product pump limits.conf
expect_refused "a trust list is about those alone" "a list says nothing of that" hallmark verify --trust list limits.conf

# A second office signs beside the first.
step "a second office of the same maker" hallmark init --org "Pump Works" "$scratch/second"
second() { hallmark --office "$scratch/second" "$@"; }
step "with the same product" second product add pump
step "and a key" second key generate --product pump --algorithm es256
kid=$(second key list --product pump --json | sed -n 's/.*"role":"signing".*"kid":"\([0-9a-f]*\)".*/\1/p')
expect_output "1 signature of others is still to come" "the manifest names both" \
    hallmark sign --format native --product pump --release 5.0 --signer "$kid" -o two.cose fw.bin
expect_refused "still to come" "half an envelope is none" hallmark verify two.cose fw.bin
expect_refused "does not name a key of this product" "nobody signs who is not named" \
    second sign --format native --product pump --cosign up.cose
expect_refused "nothing to co-sign" "its publisher does not co-sign" \
    sh -c "cp two.cose own.cose && hallmark sign --format native --product pump --replace --cosign own.cose"
expect_fault 2 "the manifest says which one it is" "the release is its publisher's to say" \
    second sign --format native --product pump --release 5.0 --cosign two.cose
expect_fault 2 "is for --format native" "what only updates have is said for nothing else" \
    hallmark sign --product pump --security-version 3 fw.bin
expect_output "es256, signature 2 of 2" "the second office signs" \
    second sign --format native --product pump --cosign two.cose
expect_output "verified" "now it is whole, to the first" hallmark verify two.cose fw.bin
expect_output "verified" "and to the second" second verify two.cose fw.bin
expect_output "signature 2 of 2" "each has its own in its log" second log check two.cose
cp two.cose whole.cose
expect_refused "somebody else signed, too" "what another has signed is not replaced unasked" \
    hallmark sign --format native --product pump --release 5.1 -o two.cose fw.bin
expect_same two.cose whole.cose "and stays as it was"
expect_output "keys that the list does not know" "a device counts those that it knows" \
    hallmark verify --trust list two.cose fw.bin
expect_output "log: good" "and the log is in order" hallmark log check
finish
