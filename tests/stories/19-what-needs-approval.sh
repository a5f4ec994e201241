#!/bin/sh
# P3: what a policy wants approved is signed when those have approved it who may, over exactly those files, and once.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P3: what needs approval"

me=$(id -u)
for who in alice bob carol dan erin; do
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
for who in carol dan erin; do
    step "$who is known by a key" hallmark principal add $who --public-key $who.key.pub $two
done
for who in carol dan; do
    step "$who approves" hallmark grant add $who approver --product pump $two
done
cat >pump.policy <<'END'
group qa = carol, dan
rule release
  request by ci
  releases 2.*
  formats cms, catalogue
  approve 2 of qa
rule nightly
  request by ci
  releases nightly
  formats cms
END
step "the policy wants two of qa" hallmark policy edit pump.policy --product pump $two
echo firmware >firmware.bin
mkdir web && echo page >web/index.html

# ---- asked for ----

step "what needs no approval is signed" hallmark sign --product pump --release nightly firmware.bin
rm firmware.bin.p7s
expect_refused "wants no approval" "and not requested" hallmark request --product pump --release nightly firmware.bin
expect_refused "needs 2 more of qa (carol, dan) (hallmark request asks for them)" "a release is not signed just so" \
    hallmark sign --product pump --release 2.0 firmware.bin
expect_refused "3.0 is none of" "no rule, no request" hallmark request --product pump --release 3.0 firmware.bin
expect_fault 3 "nothing" "of files that are there" hallmark request --product pump --release 2.0 nothing.bin
expect_output "waits for approvals" "so it is requested" \
    hallmark request --product pump --release 2.0 firmware.bin web
expect_output "waits for approvals" "once more, which is the same request" \
    hallmark request --product pump --release 2.0 firmware.bin web
step "there is one" sh -c 'test "$(hallmark status | grep -c open)" = 1'
step "nothing was signed" test ! -e firmware.bin.p7s
number=$(hallmark status --json | sed 's/.*"request":\([0-9]*\),.*/\1/')
expect_output "$(sha256sum firmware.bin | cut -d' ' -f1)" "it names the files by their digests" hallmark status "$number"

# ---- who approves ----

expect_fault 2 "which files" "an approver looks at the files" hallmark approve "$number" --key carol.key
expect_fault 2 "of 2 files, and 1 are named" "at all of them" hallmark approve "$number" firmware.bin --key carol.key
expect_refused "alice is not approver" "a founder is no approver" \
    hallmark approve "$number" firmware.bin web --key alice.key
expect_refused "erin is not approver" "nor who was given no role" \
    hallmark approve "$number" firmware.bin web --key erin.key
echo tampered >other.bin
expect_refused "not what the request asks for" "another file is not approved" \
    hallmark approve "$number" other.bin web --key carol.key
cp firmware.bin twin.bin
expect_refused "named before" "nor one twice" hallmark approve "$number" firmware.bin twin.bin --key carol.key
expect_output "approved" "carol approves" hallmark approve "$number" firmware.bin web --key carol.key
expect_refused "carol has approved this already" "once" hallmark approve "$number" firmware.bin web --key carol.key
expect_refused "needs 1 more of qa (dan)" "one is not two" hallmark sign --product pump --release 2.0 firmware.bin
expect_output "approved by carol" "status says who, and what is missing" hallmark status
expect_output "approved" "dan approves, and does not look" hallmark approve "$number" --digest-only --key dan.key
expect_output '"files_checked":false' "which the log says of him" \
    sh -c 'hallmark log show --json | grep "\"who\":\"dan\""'

# ---- signed, once ----

expect_refused "needs 2 more" "an approval is for its release" hallmark sign --product pump --release 2.1 firmware.bin
expect_refused "needs 2 more" "and for its files" hallmark sign --product pump --release 2.0 other.bin
cp firmware.bin kept.bin
echo more >>firmware.bin
expect_refused "needs 2 more" "which nobody changes afterwards" hallmark sign --product pump --release 2.0 firmware.bin
cp kept.bin firmware.bin
step "now it is signed" hallmark sign --product pump --release 2.0 firmware.bin web
step "and verified" hallmark verify --product pump firmware.bin web
rm firmware.bin.p7s
expect_refused "its request was used" "not a second time" hallmark sign --product pump --release 2.0 firmware.bin
expect_output "done: pump 2.0" "the request is done" hallmark status
expect_refused "the request is done" "and not approved any more" \
    hallmark approve "$number" --digest-only --key carol.key

# ---- a pipeline waits ----

(
    sleep 1
    waiting=$(hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p')
    hallmark approve "$waiting" --digest-only --key carol.key
    hallmark approve "$waiting" firmware.bin --key dan.key
) >approvers.log 2>&1 &
step "sign --wait comes back when it is signed" hallmark sign --wait --product pump --release 2.1 firmware.bin
wait $!
step "verified too" hallmark verify firmware.bin
requests=$(hallmark status --json | wc -l)
expect_output unchanged "the job runs again, and nobody has to approve again" \
    hallmark sign --wait --product pump --release 2.1 firmware.bin
expect_output unchanged "nor if no release is named" hallmark sign --wait --product pump firmware.bin
expect_output "$requests" "there is no new request" sh -c 'hallmark status --json | wc -l'
expect_refused "was signed for release 2.1, not for 2.2 (--replace" "and no green job for a release that was not signed" \
    hallmark sign --wait --product pump --release 2.2 firmware.bin
rm firmware.bin.p7s
(
    sleep 1
    waiting=$(hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p')
    hallmark reject "$waiting" --key carol.key
) >approvers.log 2>&1 &
expect_fault 4 "was rejected" "or tells that it was rejected" \
    hallmark sign --wait --product pump --release 2.2 firmware.bin
wait $!
step "nothing was signed" test ! -e firmware.bin.p7s
step "what needs no approval does not wait" hallmark sign --wait --product pump --release nightly firmware.bin

# ---- given up ----

step "a request" hallmark request --product pump --release 2.3 other.bin
number=$(hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p')
step "is approved by one" hallmark approve "$number" other.bin --key dan.key
step "cancelled by who asked" hallmark cancel "$number"
expect_refused "the request is cancelled" "and approved by nobody then" \
    hallmark approve "$number" other.bin --key carol.key
expect_refused "there is no request 4711" "what is not there is not decided" hallmark reject 4711 --key carol.key
expect_fault 2 "named by its number" "a request has a number" hallmark cancel first
step "a request again" hallmark request --product pump --release 2.4 other.bin
number=$(hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p')
step "carol approves" hallmark approve "$number" other.bin --key carol.key
step "dan approves" hallmark approve "$number" other.bin --key dan.key
step "dan is revoked" hallmark principal revoke dan --key bob.key
expect_refused "needs 1 more of qa" "what he approved counts no more" \
    hallmark sign --product pump --release 2.4 other.bin
expect_output "nobody else there is an approver now" "and nobody waits for him" hallmark status "$number"
step "the log is good" hallmark log check
finish
