#!/bin/sh
# Publishing is an act of its own: by its own role, with approvals of its own, of what was signed for this product and release and
# nothing else. What is published lies in the office's download area, with a SHA256SUMS.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "What was signed is published"

me=$(id -u)
for who in alice bob carol dan; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "ci is this user" hallmark principal add ci --unix-user $me $two
step "who makes the products first" hallmark grant add ci administrator $two
step "the pump" hallmark product add pump
step "and the valve" hallmark product add valve
step "and then no more" hallmark grant withdraw ci administrator --key alice.key
step "but asks for signatures" hallmark grant add ci requester $two
for who in carol dan; do
    step "$who is known by a key" hallmark principal add $who --public-key $who.key.pub $two
    step "$who approves" hallmark grant add $who approver --product pump $two
done
cat >pump.policy <<'END'
group qa = carol, dan, ci
rule release
  request by ci
  releases 2.*
  formats cms, native
  publish 1 of qa
rule beta
  request by ci
  releases beta
  formats cms, native
END
sed 's/, dan, ci/, dan/' pump.policy >valve.policy
step "the pump's policy wants one of qa for publishing" hallmark policy edit pump.policy --product pump $two
step "the valve's too" hallmark policy edit valve.policy --product valve $two
echo "firmware" >main.bin
echo "a manual" >manual.txt
echo "nobody's" >unsigned.bin
area=$HALLMARK_OFFICE/published
step "a beta is signed" hallmark sign --product pump --release beta manual.txt
pub="hallmark publish --product pump"

# ---- who ----

expect_refused "ci is not publisher of pump" "who signs does not publish" $pub --release beta manual.txt
step "nothing is there" test ! -e "$area"
step "it is a role of its own" hallmark grant add ci publisher --product pump $two
expect_refused "ci is not publisher of valve" "for each product" \
    hallmark publish --product valve --release beta manual.txt

# ---- what ----

expect_output "nothing is published" "nothing yet" hallmark publish --list
expect_refused "unsigned.bin" "what is not signed is not published" $pub --release beta unsigned.bin
expect_refused "signed for release beta, not for gamma" "nor as another release" $pub --release gamma manual.txt
expect_refused "letters, digits" "nor under a name that leads elsewhere" $pub --release ../up manual.txt
expect_fault 2 "which release" "a release has a name" $pub manual.txt
expect_fault 2 "needs FILE" "and files" $pub --release beta
cp manual.txt kept.txt && echo more >>manual.txt
expect_refused "manual.txt" "nor what was changed since" $pub --release beta manual.txt
cp kept.txt manual.txt
cp manual.txt other.txt
step "the valve's file" hallmark sign --product valve --release beta other.txt
expect_refused "other.txt" "another product's is not the pump's" $pub --release beta other.txt
step "nothing was published by all that" sh -c 'test -z "$(find "$0" -type f 2>/dev/null)"' "$area"
expect_output "pump beta is published" "what needs no approval is published at once" $pub --release beta manual.txt
expect_same manual.txt "$area/pump/beta/manual.txt" "the file is there"
expect_same manual.txt.p7s "$area/pump/beta/manual.txt.p7s" "its signature, too"
step "a SHA256SUMS fits" sh -c 'cd "$0/pump/beta" && sha256sum --quiet -c SHA256SUMS && test "$(wc -l <SHA256SUMS)" = 2' "$area"
step "who fetches it" cp -r "$area/pump/beta" fetched
step "verifies it" hallmark verify --product pump fetched/manual.txt
step "others can read it" sh -c 'test "$(stat -c %a "$0/pump/beta" "$0/pump/beta/manual.txt" | tr "\n" " ")" = "755 644 "' "$area"
expect_output "pump beta: published" "the list says so" hallmark publish --list
expect_output "$(sha256sum manual.txt | cut -d' ' -f1)  manual.txt" "with digests" hallmark publish --list --product pump
expect_output '"release":"beta"' "in JSON, too" hallmark publish --list --json
expect_output "nothing is published" "nothing of the valve" hallmark publish --list --product valve
step "the log has it" sh -c 'hallmark log show | grep -q "publication  publish for pump beta, by ci"'
expect_output "is published" "once more changes nothing" $pub --release beta manual.txt manual.txt.p7s
echo "another manual" >manual.txt
step "another file of that name is signed" hallmark sign --product pump --release beta --replace manual.txt
expect_refused "is published already, with other content" "and does not take its place" $pub --release beta manual.txt
expect_same kept.txt "$area/pump/beta/manual.txt" "what was published stays"

# ---- approvals for publishing ----

step "a native release is signed" hallmark sign --format native --product pump --release 2.0 main.bin
expect_refused "approvals are missing" "the policy wants one of qa" $pub --release 2.0 main.bin.cose
waiting() { hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p' | tail -1; }
number=$(waiting)
expect_output "open: publish pump 2.0, 2 files" "there is a request, to publish" hallmark status
expect_output '"act":"publish"' "and says so" hallmark status --json
expect_output "main.bin.cose" "it names the files" hallmark status "$number"
expect_refused "approvals are missing" "again it is the same request" $pub --release 2.0 main.bin.cose
step "there is one" sh -c 'test "$(hallmark status | grep -c open)" = 1'
step "nothing is published" test ! -e "$area/pump/2.0"
expect_refused "alice is not approver" "a founder does not approve it" \
    hallmark approve "$number" main.bin.cose --key alice.key
step "the firmware's own signature" hallmark sign --product pump --release 2.0 main.bin
expect_refused "not what the request asks for" "an approver compares the files" \
    hallmark approve "$number" main.bin --key carol.key
expect_refused "was not looked at" "all of them" hallmark approve "$number" main.bin.cose --envelope-only --key carol.key
expect_output "approved" "carol approves" hallmark approve "$number" main.bin.cose --key carol.key
expect_output "approved: hallmark publish publishes it" "status says what comes next" hallmark status
expect_refused "approvals are missing" "an approval is for those files" $pub --release 2.0 main.bin.cose main.bin
step "which was another request" hallmark cancel "$(waiting)"
cp main.bin kept.bin && echo changed >>main.bin
expect_refused "main.bin" "changed since" $pub --release 2.0 main.bin.cose
cp kept.bin main.bin
expect_output "pump 2.0 is published" "now it is published" $pub --release 2.0 main.bin.cose
step "envelope and payload are there" sh -c 'cmp main.bin.cose "$0/pump/2.0/main.bin.cose" && cmp main.bin "$0/pump/2.0/main.bin"' "$area"
step "who fetches them" cp -r "$area/pump/2.0" fetched2
step "verifies them" hallmark verify --product pump fetched2/main.bin.cose
expect_output "done: publish pump 2.0" "the request is done" hallmark status
entries() { hallmark log show | wc -l; }
before=$(entries)
expect_output "pump 2.0 is published already" "once more is no new request" $pub --release 2.0 main.bin.cose
expect_output '"already":true' "in JSON, too" $pub --wait --json --release 2.0 main.bin.cose
expect_output "is published already" "nor is a part of it" $pub --release 2.0 main.bin.cose --envelope-only
step "nothing is logged for that" test "$(entries)" = "$before"
expect_refused "approvals are missing" "an approval is used once, and another file needs its own" \
    $pub --release 2.0 main.bin.cose main.bin
step "that is given up" hallmark cancel "$(waiting)"

# ---- an approval for one is none for the other ----

sed 's/^  publish 1 of qa/  publish 1 of qa\n  approve 1 of qa/' pump.policy >both.policy
step "the policy wants approvals for both" hallmark policy edit both.policy --product pump $two
step "a signature is requested" hallmark request --product pump --release 2.1 main.bin --replace
number=$(waiting)
step "and approved" hallmark approve "$number" main.bin --key carol.key
rm main.bin.p7s
step "and made" hallmark sign --product pump --release 2.1 main.bin
expect_refused "approvals are missing" "which publishes nothing" $pub --release 2.1 main.bin
number=$(waiting)
step "to publish is approved by itself" hallmark approve "$number" main.bin --key dan.key
mv main.bin.p7s kept.p7s
expect_refused "its request was used" "and signs nothing" hallmark sign --product pump --release 2.1 main.bin
mv kept.p7s main.bin.p7s
expect_output "is published" "only publishes" $pub --release 2.1 main.bin

# ---- a pipeline waits ----

echo later >later.bin
step "back to publishing alone" hallmark policy edit pump.policy --product pump $two
step "signed" hallmark sign --product pump --release 2.2 later.bin
(
    sleep 1
    hallmark approve "$(waiting)" later.bin --key dan.key
) >approvers.log 2>&1 &
expect_output "pump 2.2 is published" "publish --wait comes back when it is published" $pub --wait --release 2.2 later.bin
wait $!
step "signed again" hallmark sign --product pump --release 2.3 --replace later.bin
(
    sleep 1
    hallmark reject "$(waiting)" --key dan.key
) >approvers.log 2>&1 &
expect_fault 4 "was rejected" "or tells that it was rejected" $pub --wait --release 2.3 later.bin
wait $!
step "nothing was published" test ! -e "$area/pump/2.3"

# ---- taken back ----

expect_refused "release 2.3 of pump is not published" "what is not published is not taken back" \
    $pub --withdraw --release 2.3
expect_output "pump 2.0 is withdrawn" "a release is taken back" $pub --withdraw --release 2.0
step "it is gone" test ! -e "$area/pump/2.0"
step "the others are not" test -e "$area/pump/2.1/main.bin"
expect_refused "is not published" "once" $pub --withdraw --release 2.0
expect_refused "approvals are missing" "what was taken back is not there already" $pub --release 2.0 main.bin.cose
step "and is asked for anew" hallmark cancel "$(waiting)"
step "the list does not say it any more" sh -c '! hallmark publish --list | grep "^pump 2.0"'
step "the log has that, too" sh -c 'hallmark log show | grep -q "publication  withdraw for pump 2.0, by ci"'
expect_output "log: good" "and is good" hallmark log check
step "the role is taken away" hallmark grant withdraw ci publisher --product pump --key alice.key
expect_refused "ci is not publisher of pump" "then nothing is taken back" $pub --withdraw --release 2.1
expect_refused "ci is not publisher of pump" "nor published" $pub --release beta manual.txt
step "refusals are on record" sh -c 'hallmark log show | grep -q "refusal .*publish-begin.*ci is not publisher"'
step "nothing is left behind" sh -c 'test -z "$(find "$0" -name ".staging*")"' "$area"

# ---- an office without founders ----

HALLMARK_OFFICE=$scratch/own
step "an office of one's own" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "its product" hallmark product add pump
step "is signed" hallmark sign --product pump --release 1.0 --replace unsigned.bin
expect_output "is published" "and published by its owner" $pub --release 1.0 unsigned.bin
step "and taken back" $pub --withdraw --release 1.0
expect_output "log: good" "the log is good" hallmark log check
finish
