#!/bin/sh
# P3: a native release is requested with its manifest. What approvers sign is that manifest, and what is signed then is that manifest
# again: the same files, versions, security versions, options, and the sequence number that was fixed when it was requested.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P3: native releases that need approval"

me=$(id -u)
for who in alice bob carol dan; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "ci is this user" hallmark principal add ci --unix-user $me $two
step "who makes the product first" hallmark grant add ci administrator $two
step "of this name" hallmark product add pump
step "and then no more" hallmark grant withdraw ci administrator --key alice.key
step "but asks for signatures" hallmark grant add ci requester --product pump $two
for who in carol dan; do
    step "$who is known by a key" hallmark principal add $who --public-key $who.key.pub $two
    step "$who approves" hallmark grant add $who approver --product pump $two
done
cat >pump.policy <<'END'
group qa = carol, dan
rule release
  request by ci
  releases 2.*
  formats native, cms
  approve 2 of qa
rule nightly
  request by ci
  releases nightly
  formats native
END
step "the policy wants two of qa" hallmark policy edit pump.policy --product pump $two
echo "the pump's firmware" >main.bin
echo "the radio's firmware" >radio.bin
waiting() { hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p' | tail -1; }
native="--format native --product pump"
of2="--release 2.0 --component main=main.bin,security-version=3 --component radio=radio.bin,version=7.1,to=bank-b"

# ---- asked for ----

expect_refused "wants no approval" "what needs no approval is not requested" \
    hallmark request $native --release nightly main.bin
expect_refused "needs 2 more of qa (carol, dan) (hallmark request asks for them)" "a release is not signed just so" \
    hallmark sign $native $of2
expect_fault 2 "which release" "a release has a version" hallmark request $native main.bin
expect_fault 3 "nothing" "and files that are there" hallmark request $native --release 2.0 nothing.bin
expect_fault 2 "is for --format native" "components are a native release's" \
    hallmark request --product pump --release 2.0 --component main=main.bin
expect_fault 2 "needs FILE" "something is requested" hallmark request --product pump --release 2.0
expect_output "components main and radio" "it is requested" hallmark request $native $of2
number=$(waiting)
sleep 1.1
expect_output "request $number waits" "once more, a second later, it is the same request" hallmark request $native $of2
step "there is one" sh -c 'test "$(hallmark status | grep -c open)" = 1'
step "nothing was signed" test ! -e main.bin.cose

# ---- what approvers see ----

sequence=$(hallmark status --json | sed 's/.*"sequence":\([0-9]*\).*/\1/')
expect_output "release 2.0, sequence $sequence, for development" "its numbers" hallmark status "$number"
expect_output "component main: firmware 2.0, security version 3, $(stat -c %s main.bin) bytes, sha256 $(sha256sum main.bin | cut -d' ' -f1)" \
    "each component" hallmark status "$number"
expect_output "component radio: firmware 7.1, security version 0, to bank-b" "with its own version and place" \
    hallmark status "$number"
expect_output '"manifest":{"release":"2.0","sequence":' "in JSON, too" hallmark status --json "$number"

# ---- approved, for these payloads ----

expect_fault 2 "2 components, and 1 files are named" "an approver looks at all of them" \
    hallmark approve "$number" main.bin --key carol.key
echo tampered >other.bin
expect_refused "component radio: is not what the request asks for" "another payload is not approved" \
    hallmark approve "$number" main.bin other.bin --key carol.key
cp main.bin renamed.bin && echo >>renamed.bin
expect_refused "component main" "nor one that has grown" hallmark approve "$number" renamed.bin radio.bin --key carol.key
step "which is on record" sh -c 'hallmark log show | grep -q "refused: approve.*not what the request asks for\|refusal .*approve.*not what the request asks for"'
expect_output "payloads are those of the request" "carol approves" \
    hallmark approve "$number" radio.bin main.bin --key carol.key
expect_refused "carol has approved this already" "once" hallmark approve "$number" main.bin radio.bin --key carol.key
expect_refused "needs 1 more of qa (dan)" "one is not two" hallmark sign $native $of2
step "dan approves" hallmark approve "$number" main.bin radio.bin --key dan.key

# ---- what differs is not signed ----

differs="another file, version or option than its request has"
refused() {
    expect_refused "$differs" "$1" hallmark sign $native $2
}
refused "another file" "--release 2.0 --component main=other.bin,security-version=3 --component radio=radio.bin,version=7.1,to=bank-b"
refused "another security version" "--release 2.0 --component main=main.bin,security-version=4 --component radio=radio.bin,version=7.1,to=bank-b"
refused "another version" "--release 2.0 --component main=main.bin,security-version=3 --component radio=radio.bin,version=7.2,to=bank-b"
refused "another place" "--release 2.0 --component main=main.bin,security-version=3 --component radio=radio.bin,version=7.1,to=bank-a"
refused "a component less" "--release 2.0 --component main=main.bin,security-version=3"
refused "another kind" "--release 2.0 --component main=main.bin,security-version=3,kind=application --component radio=radio.bin,version=7.1,to=bank-b"
refused "one device's" "$of2 --device A12"
refused "another trust list's" "$of2 --minimum-list 4"
refused "another sequence number" "$of2 --sequence 99"
refused "another digest" "$of2 --digest sha384"
refused "one more key" "$of2 --algorithm es256,rsa3072"
expect_refused "hallmark request asks for them" "another release" hallmark sign $native --release 2.1 \
    --component main=main.bin,security-version=3 --component radio=radio.bin,version=7.1,to=bank-b
expect_refused "hallmark request asks for them" "and not its files by themselves" \
    hallmark sign --product pump --release 2.0 main.bin
step "nothing was signed" test ! -e main.bin.cose

# ---- signed, once ----

expect_output "sequence $sequence" "now it is signed, with the sequence number of the request" hallmark sign $native $of2
step "and verified" hallmark verify --product pump main.bin.cose
expect_output "unchanged" "again changes nothing" hallmark sign $native $of2
mv main.bin.cose kept.cose
expect_refused "its request was used" "not a second time" hallmark sign $native $of2
expect_output "done: pump 2.0" "the request is done" hallmark status
expect_refused "the request is done" "and not approved any more" hallmark approve "$number" --digest-only --key carol.key
mv kept.cose main.bin.cose

# ---- a pipeline waits ----

(
    sleep 1
    hallmark approve "$(waiting)" --digest-only --key carol.key
    hallmark approve "$(waiting)" main.bin --key dan.key
) >approvers.log 2>&1 &
step "sign --wait comes back when it is signed" hallmark sign --wait $native --release 2.1 main.bin
wait $!
step "verified too" hallmark verify --product pump main.bin.cose
expect_output "release 2.1" "it is that release" hallmark verify --product pump main.bin.cose
(
    sleep 1
    hallmark reject "$(waiting)" --key carol.key
) >approvers.log 2>&1 &
rm main.bin.cose
expect_fault 4 "was rejected" "or tells that it was rejected" hallmark sign --wait $native --release 2.2 main.bin
wait $!
step "nothing was signed" test ! -e main.bin.cose
expect_fault 2 "co-signature" "a co-signature is not requested" hallmark sign --wait $native --cosign main.bin.cose
cat >release.json <<'END'
{"components": [{"id": "main", "file": "main.bin", "security-version": 5}]}
END
step "a description is requested like options" hallmark request $native --release 2.3 --manifest release.json
number=$(waiting)
step "carol approves" hallmark approve "$number" main.bin --key carol.key
step "dan approves" hallmark approve "$number" main.bin --key dan.key
sed 's/5}/6}/' release.json >later.json
expect_refused "$differs" "another description is not signed" \
    hallmark sign $native --release 2.3 --manifest later.json
expect_output "release 2.3" "this one is" hallmark sign $native --release 2.3 --manifest release.json
step "what needs no approval does not wait" hallmark sign --wait $native --release nightly radio.bin
step "the log is good" hallmark log check
finish
