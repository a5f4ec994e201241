#!/bin/sh
# What somebody new tried with updates, and what went wrong or was not said: a co-signer who signs what is broken, sequence numbers that
# do not rise, messages that send the reader the wrong way.
# shellcheck disable=SC2016,SC2154  # the dollars are of the shells inside; $output is lib.sh's
. "$(dirname "$0")/lib.sh"
story "What a new user tried with updates"

step "an office is made" hallmark init --org "Pump Works" "$HALLMARK_OFFICE"
step "with a product" hallmark product add pump
step "a second office of the same maker" hallmark init --org "Pump Works" "$scratch/second"
second() { hallmark --office "$scratch/second" "$@"; }
step "with the same product" second product add pump
step "and a key" second key generate --product pump --algorithm es256
kid=$(second key list --product pump --json | sed -n 's/.*"role":"signing".*"kid":"\([0-9a-f]*\)".*/\1/p')
head -c 70000 /dev/urandom > fw.bin
head -c 5000 /dev/urandom > app.bin
native() { hallmark sign --format native --product pump "$@"; }
cosign() { second sign --format native --product pump --cosign "$@"; }

# Who co-signs sees first whether what is there is good.
step "an update that two offices sign" native --release 1.0 --signer "$kid" --component main=fw.bin --component app=app.bin -o up.cose
cp up.cose bent.cose
flip bent.cose "$(grep -obUa 'app.bin' bent.cose | sed 's/:.*//;1q')"
expect_refused "signature 1: " "a manifest that was changed is not co-signed" cosign bent.cose
step "nor is the envelope touched" sh -c '[ "$(wc -c < bent.cose)" -eq "$(wc -c < up.cose)" ]'
cp fw.bin fw.good
flip fw.bin 7
expect_refused "of its 2 payloads 1 is not what was signed" "nor one whose payload is another" cosign up.cose
rm fw.bin
expect_refused "of its 2 payloads 1 is not here" "nor one without its payload" cosign up.cose
cp fw.good elsewhere.bin
expect_refused "elsewhere.bin is none of its payloads" "nor with a file that is none" cosign up.cose app.bin fw.good elsewhere.bin
cp fw.good fw.bin
cp up.cose only.cose
expect_output "ENVELOPE ONLY" "unless that is said" cosign --envelope-only -o only2.cose only.cose
expect_fault 2 "does not go with payloads" "and then no payload is named" cosign --envelope-only only.cose fw.bin
step "without certificates" native --release 1.0 --signer "$kid" --no-chain --component main=fw.bin --component app=app.bin -o bare.cose
expect_refused "carries no certificate, so it cannot be verified" "who cannot be known is not signed beside" cosign bare.cose
step "a root of the trust list" hallmark trust key -o root.key
step "the publisher's file" hallmark trust publisher --product pump -o pump.publisher
step "a list" hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher \
    --publisher "Pump Works" --require-receipts yes -o list
expect_refused "the trust list list: unsigned: 0 of 1 root has signed" "a list that nobody signed names no keys" cosign --trust list bare.cose
cp list unsigned
step "signed" hallmark trust update list --sign
expect_output "signature 1: good, by Pump Works of trust list 1" "with a list that knows the key" cosign --trust list bare.cose
second sign --format native --product pump --release 0.9 --component main=fw.bin -o foreign.cose > /dev/null
expect_refused "does not name a key of this product" "nobody signs who is not named" \
    hallmark sign --format native --product pump --cosign foreign.cose
expect_fault 2 "is no trust list" "certificates are not taken for one" sh -c 'hallmark trust export -o roots.pem
    hallmark --office ../second sign --format native --product pump --cosign --trust roots.pem up.cose'
expect_fault 2 "--trust is for --cosign" "nor is a list asked when the first signature is made" native --release 1.0 --trust list fw.bin
publisher=$(hallmark inspect up.cose | sed -n 's/^ *publisher //p')
expect_output "of publisher $publisher" "it says what it signs, and for whom" cosign -o whole.cose up.cose
said=$output
tells() { printf '%s\n' "$said" | grep -q "$1"; }
step "every component" tells "component app: version 1.0, sha256 $(sha256sum app.bin | cut -d' ' -f1)"
step "and who signed before" tells "signature 1: good, by .*(Pump Works), DEVELOPMENT, whose certificate was not judged"
expect_output "verified" "and it is whole" hallmark verify whole.cose
expect_output '"release":"1.0","sequence":' "to machines, too" cosign --json -o json.cose up.cose

expect_refused "the trust list unsigned: unsigned: 0 of 1 root has signed" "verify, too, says that the list is at fault" \
    hallmark verify --trust unsigned whole.cose

# Numbers rise with every release, whatever the clock says.
mkdir out
number() { hallmark inspect "$1" | sed -n 's/.*sequence number \([0-9]*\).*/\1/p'; }
step "three releases in a row" sh -c 'for v in 1 2 3; do
    hallmark sign --format native --product pump --release 2.$v --security-version 3 -o out/$v.cose fw.bin || exit 1; done'
step "rise" sh -c '[ "$1" -lt "$2" ] && [ "$2" -lt "$3" ]' sh "$(number out/1.cose)" "$(number out/2.cose)" "$(number out/3.cose)"
step "a number far ahead" native --release 2.4 --sequence 4000000000 --security-version 3 -o out/4.cose fw.bin
expect_output "release 2.5, sequence 4000000001, component main, in out/5.cose" "is followed by the next" \
    native --release 2.5 --security-version 3 -o out/5.cose fw.bin
warns() { sentence=$1 text=$2; shift 2; expect_status 0 "$sentence" sh -c '"$@" 2> warned && cat warned && grep -qF -e "$0" warned' "$text" "$@"; }
warns "one that is lower is signed, with a warning" "warning: sequence number 17 is not above 4000000001, which release 2.5 was given" \
    hallmark sign --format native --product pump --release 2.6 --sequence 17 --security-version 3 -o out/6.cose fw.bin
warns "a security version that falls is, too" "component main: security version 2 is below 3, which release 2.6 had" \
    hallmark sign --format native --product pump --release 2.7 --security-version 2 -o out/7.cose fw.bin
expect_output '"warning":"sequence number 18' "machines see it" native --release 2.8 --sequence 18 --security-version 3 --json -o out/8.cose fw.bin
expect_output '"output":"out/9.cose","release":"2.9","sequence":4000000003,' "and the envelope's name, release and number" \
    native --release 2.9 --security-version 3 --json -o out/9.cose fw.bin
step "a way back falls behind on purpose" native --release 1.9 --sequence 5 --security-version 1 --device A12 -o out/back.cose fw.bin
expect_status 0 "and nobody is warned" sh -c 'hallmark sign --format native --product pump --release 1.9 --sequence 6 --device A12 -o out/back.cose --replace fw.bin 2> warned && [ ! -s warned ]'
expect_output "release 1.9, sequence 6, only for device A12, a way back, component main, signed by" "verify says what it is" \
    hallmark verify out/back.cose fw.bin
expect_output '"release":"1.9","sequence":6,"publisher":"'"$publisher"'","vendor":"' "and to machines" hallmark verify --json out/back.cose fw.bin
expect_output '"device":"413132","components":[{"id":"main","kind":"firmware","version":"1.9"' "for which device" hallmark verify --json out/back.cose fw.bin
expect_output "release 1.9, sequence 6, only for device A12, a way back, component main, as devices with trust list 1 do" \
    "as a device sees it" hallmark verify --trust list --device A12 out/back.cose fw.bin
expect_fault 2 "is one of the files that are signed" "an input is no output" native --release 3.0 -o fw.bin fw.bin
printf '\357\273\277{ "components": [ { "id": "main", "file": "fw.bin", "security-version": 3 } ] }\n' > bom.json
step "a description may begin with a byte order mark" native --release 3.0 --manifest bom.json
for group in trust key log product cert; do
    expect_output "hallmark $group COMMAND --help tells more" "$group --help lists its commands" hallmark "$group" --help
done
expect_fault 2 "there is no command" "of a word that is none it does not" hallmark tru --help
# Messages that lead on.
step "a release" native --release 3.1 --security-version 3 fw.bin
expect_refused "hallmark verify fw.bin.cose" "who verifies the payload is sent to the envelope" hallmark verify fw.bin
step "packed" hallmark pack -o fw.pack fw.bin.cose fw.bin
expect_refused "is a packed stream: hallmark unpack verifies it" "who verifies a pack, to unpack" hallmark verify fw.pack
expect_refused "is an envelope itself" "an envelope is no firmware" native --release 3.2 -o x.cose fw.bin.cose
expect_refused "is a pack itself" "nor is a pack" native --release 3.2 -o x.cose fw.pack
expect_refused "is a publisher's file itself" "nor a publisher" native --release 3.2 -o x.cose pump.publisher
expect_refused "is a key file itself" "nor a key" native --release 3.2 -o x.cose root.key
step "unless it is named" native --release 3.2 --component list=list,kind=trust-list -o x.cose
expect_fault 3 "another file cannot be read, so nothing was done" "what is missing is said of verifying, too" \
    hallmark verify fw.bin.cose gone.bin
expect_output "log: good" "the log is in order" hallmark log check

finish
