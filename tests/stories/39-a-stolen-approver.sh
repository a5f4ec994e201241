#!/bin/sh
# An approver's key is stolen. What was signed on its word is found, whoever asked for it, and what else was done in that name:
# from when on it is in doubt, and that the lists lack nothing.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P3, P10: a stolen approver"
. "$root/tests/stories/served.sh"

python=/usr/bin/python3
for who in alice bob carol dan ci; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub office
step "a certificate for its server" make_tls_certificate
step "which is served" serve_office office --drain 1
HALLMARK_OFFICE=https://localhost:$port
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA
for who in carol dan ci; do
    step "$who is known" as alice principal add $who --public-key $who.key.pub $two
done
step "carol is an administrator" as alice grant add carol administrator $two
step "a product" as carol product add pump
step "she is none any more" as alice grant withdraw carol administrator --key alice.key
step "she approves" as alice grant add carol approver --product pump $two
step "dan does, too" as alice grant add dan approver --product pump $two
step "carol is an officer besides" as alice grant add carol key-officer --product pump $two
step "ci asks" as alice grant add ci requester --product pump $two
printf 'group qa = carol, dan\nrule release\n  request by ci\n  formats cms\n  approve 1 of qa\n' >pump.policy
step "one of qa must approve" as alice policy edit pump.policy --product pump $two

# requested RELEASE: its number
requested() { as ci status --json | sed -n "/\"release\":\"$1\"/s/.*\"request\":\([0-9]*\),.*/\1/p"; }
# released RELEASE WHO: a file of it, asked for, approved by him, signed
released() {
    echo "content of $1" >"$1.bin"
    as ci request --product pump --release "$1" "$1.bin" &&
        hallmark approve "$(requested "$1")" "$1.bin" --key "$2.key" --as "$2.key" &&
        as ci sign --product pump --release "$1" "$1.bin"
}
step "carol approves a release" released 1.0 carol
step "and dan another" released 1.1 dan
echo "content of 1.2" >1.2.bin
step "one is asked for" as ci request --product pump --release 1.2 1.2.bin
step "which carol approves" hallmark approve "$(requested 1.2)" 1.2.bin --key carol.key --as carol.key
sleep 1.1
since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
# From here on it is somebody else who has carol's key.
step "it is signed afterwards" as ci sign --product pump --release 1.2 1.2.bin
step "the thief approves one" released 2.0 carol
step "dan approves one" released 2.1 dan
step "the thief rotates the key" as carol key rotate --product pump
first=$(as carol key list --product pump --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p' | head -n 1)
step "signs that the first one is suspended, and has somebody else hand that in" as dan key suspend "$first" --key carol.key
expect_refused "carol" "and tries what carol may not" as carol product add fridge

step "it is found out" sh -c 'exec hallmark compromise carol --since "$0" -o incident --as alice.key '"$two"' >said' "$since"
expect_output "3 of them others asked for, and carol approved" "what was signed on that word" cat said
count() { grep -c "$1" incident/signatures.jsonl; }
step "three releases are in the list" test "$(sed -n 's/.*"release":"\([^"]*\)".*/\1/p' incident/signatures.jsonl | tr '\n' ' ')" = "1.0 1.2 2.0 "
step "the thief's is in doubt" sh -c 'grep "\"release\":\"2.0\"" incident/signatures.jsonl | grep -q "\"in_doubt\":true"'
step "what was approved before is not, whenever it was signed" test "$(count '"in_doubt":true.*"approved":true')" = 1
acts() { sed -n "/\"in_doubt\":$1/s/.*\"act\":\"\([^\"]*\)\".*/\1/p" incident/acts.jsonl | sort -u | tr '\n' ','; }
step "in doubt is what the thief did himself" test "$(acts true)" = "approve,certificate issued,key generated,product-add,statement,"
step "and not what carol had done" test "$(acts false)" = "approve,certificate issued,key generated,product added,"
step "a statement is whose signature it bears" grep -q '"in_doubt":true.*"signed":true,"act":"statement".*suspended' incident/acts.jsonl
step "an approval names the request as people do, and its files" grep -q \
    "\"act\":\"approve\",.*\"release\":\"2.0\",.*\"request\":$(requested 2.0),\"files\":\[{\"name\":\"2.0.bin\",\"sha256\":\"$(sha256sum <2.0.bin | cut -d' ' -f1)\"}\]" incident/acts.jsonl
expect_output "request $(requested 2.0), 1 file" "the report, too" cat incident/report.html
expect_output "Other acts in doubt" "the report shows them" cat incident/report.html
expect_output '"acts_in_doubt":' "for machines, too" cat incident/report.json
expect_output "approved by carol (revoked since), 1 signed" "who approved what was signed is named still" \
    as ci status "$(requested 2.0)"
expect_output '"approvers":[],"approvers_revoked":["carol"]' "to machines, too" as ci status "$(requested 2.0)" --json
expect_output "approved by dan, 1 signed" "and dan as ever" as ci status "$(requested 2.1)"
expect_fault 1 "" "nothing more is approved in this name" released 3.0 carol
expect_refused "was that of carol, who was revoked" "nor does the stolen key come back with her" \
    as alice principal add carol --public-key carol.key.pub $two
expect_refused "was that of carol, who was revoked" "nor under another name" \
    as alice principal add caroline --public-key carol.key.pub $two
step "given again" sh -c 'exec hallmark compromise carol --since "$0" -o incident --as alice.key '"$two"' >again 2>/dev/null' "$since"
step "it comes to the same" sh -c 'grep -v "^carol: revoked" said | cmp - again'

step "a search by name finds approvals, too" test "$(as alice log search --principal carol --type request --json | grep -c '"type":"request"')" = 3
expect_output "is in no entry either" "and says of a name that is nowhere that it may be misspelt" \
    sh -c 'exec hallmark log search --principal carrol --as alice.key 2>&1'

# ---- by what the log says, and not by our word ----

sleep 1.2 # whoever publishes later has done so
check() { $python "$root/tests/oracles/incident_checker.py" "$1" office/log office/trust.pem; }
expect_output "good: " "who has the published log finds the lists complete" check incident
# spoilt SENTENCE WORDS SED FILE: a copy in which the file was changed is found out
spoilt() {
    rm -rf spoilt && cp -r incident spoilt
    sed -i "$3" "spoilt/$4"
    if cmp -s "incident/$4" "spoilt/$4"; then fails "$1" "nothing was changed"; else expect_fault 1 "$2" "$1" check spoilt; fi
}
spoilt "an act left out is found" "is it an act of his" '/"act":"approve"/d' acts.jsonl
spoilt "one that is nobody's" "acts that nobody did" '$s/\(.*\)"index":[0-9]*\(.*\)/&\n\1"index":999\2/' acts.jsonl
spoilt "one that is in doubt no more" "in doubt or not" 's/"in_doubt":true/"in_doubt":false/' acts.jsonl
spoilt "another act" "has another act" 's/"act":"approve"/"act":"reject"/' acts.jsonl
spoilt "another request" "on another request" 's/"request":[0-9]*/"request":1/' acts.jsonl
spoilt "another file" "on another request" 's/"name":"2.0.bin"/"name":"2.0.exe"/' acts.jsonl
spoilt "an approval of no request" "on another request" 's/,"request":.*\]//' acts.jsonl
spoilt "a statement that he is said to have signed" "in doubt or not" '1s/"type":"[a-z]*"/"type":"refusal"/' acts.jsonl
spoilt "an approval that is not disclosed" "not disclosed" '/"act":"approve"/d' disclosed.jsonl
spoilt "a signature on his approval left out" "the list has others" '/"release":"2.0"/d' signatures.jsonl
spoilt "acts that are counted otherwise" "miscounted" 's/"acts":[0-9]*/"acts":0/' report.json
end_server
HALLMARK_OFFICE=office
step "the log holds" hallmark log check
finish
