#!/bin/sh
# P1, P3: SBOM and provenance go with a release: what was approved names them, and so does each signature's entry.
# shellcheck disable=SC2016,SC2086,SC2154  # $two is two options; lib.sh sets errors
. "$(dirname "$0")/lib.sh"
story "P3: what a release is made of"

server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; end_story' EXIT
me=$(id -u)
for who in alice bob carol dan; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "ci is this user" hallmark principal add ci --unix-user $me $two
step "who makes the product" hallmark grant add ci administrator $two
step "of this name" hallmark product add pump
step "and then no more" hallmark grant withdraw ci administrator --key alice.key
step "but asks for signatures" hallmark grant add ci requester --product pump $two
step "carol is known by a key" hallmark principal add carol --public-key carol.key.pub $two
step "and approves" hallmark grant add carol approver --product pump $two
cat >pump.policy <<'END'
group qa = carol
rule nightly
  request by ci, dan
  releases nightly
  formats cms
  needs sbom
rule release
  request by ci
  formats cms, native
  needs sbom, provenance
  approve 1 of qa
END
judged() {
    hallmark policy test pump.policy --requester ci --release 2.0 --format cms "$@" || test $? = 1
}
expect_output "no: the rule needs an SBOM" "the policy asks for both" judged
expect_output "no: the rule needs provenance" "each of them" judged --sbom sbom.json
expect_output "allowed" "a nightly build for one" \
    hallmark policy test pump.policy --requester ci --release nightly --format cms --sbom sbom.json
step "that is the policy" hallmark policy edit pump.policy --product pump $two
echo firmware >firmware.bin
echo '{"components":["libfoo 1.2"]}' >sbom.json
echo '{"builder":"ci 7"}' >build.json
echo '{"components":[]}' >other.json
with="--sbom sbom.json --provenance build.json"

# ---- needed ----

expect_refused "the rule needs an SBOM, and none is named (--sbom)" "without them nothing is signed" \
    hallmark sign --product pump --release nightly firmware.bin
expect_refused "the rule needs an SBOM" "nor requested" hallmark request --product pump --release 2.0 firmware.bin
expect_refused "the rule needs provenance" "nor with one of them" \
    hallmark request --product pump --release 2.0 --sbom sbom.json firmware.bin
expect_fault 3 "nothing.json" "a file that is not there is none" \
    hallmark sign --product pump --release nightly --sbom nothing.json firmware.bin
expect_refused "named twice" "nor is one two" \
    hallmark sign --product pump --release nightly --sbom sbom.json --sbom sbom.json firmware.bin
step "with it a nightly build is signed" hallmark sign --product pump --release nightly --sbom sbom.json firmware.bin
sum=$(sha256sum sbom.json | cut -d' ' -f1)
expect_output "\"documents\":[{\"kind\":\"sbom\",\"name\":\"sbom.json\",\"sha256\":\"$sum\"}]" "which the log names" \
    hallmark log show --json
rm firmware.bin.p7s

# ---- requested, approved, signed ----

expect_output "waits for approvals" "a release is requested with both" \
    hallmark request --product pump --release 2.0 $with firmware.bin
number=$(hallmark status --json | sed 's/.*"request":\([0-9]*\),.*/\1/')
expect_output "$sum  sbom  sbom.json" "status names them" hallmark status "$number"
expect_output "\"kind\":\"provenance\",\"name\":\"build.json\"" "to machines, too" hallmark status "$number" --json
expect_refused "is none that the request names" "an approver's other file is found" \
    hallmark approve "$number" firmware.bin --sbom other.json --key carol.key
expect_refused "is none that the request names" "also when it is one of the other kind" \
    hallmark approve "$number" firmware.bin --sbom build.json --key carol.key
step "carol looks at the file and its SBOM" hallmark approve "$number" firmware.bin --sbom sbom.json --key carol.key
step "and is told what she did not look at" \
    sh -c 'case "$0" in *"provenance build.json was not looked at"*) ;; *) exit 1 ;; esac' "$errors"
expect_output '"documents_checked":false,"files_checked":true' "which the log says" hallmark log show --json
expect_refused "names other SBOM or provenance files" "the approval is not for another SBOM" \
    hallmark sign --product pump --release 2.0 --sbom other.json --provenance build.json firmware.bin
expect_refused "the rule needs an SBOM" "nor for none" hallmark sign --product pump --release 2.0 firmware.bin
step "with both it is signed" hallmark sign --product pump --release 2.0 $with firmware.bin
step "and verified" hallmark verify --product pump firmware.bin
rm firmware.bin.p7s
(
    sleep 1
    waiting=$(hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p')
    hallmark approve "$waiting" firmware.bin $with --key carol.key
) >approver.log 2>&1 &
step "a pipeline waits with them" hallmark sign --wait --product pump --release 2.1 $with firmware.bin
wait $!
expect_output '"documents_checked":true,"files_checked":true' "carol looked at all of it" hallmark log show --json
rm firmware.bin.p7s
step "a native release has them, too" hallmark request --format native --product pump --release 2.2 $with firmware.bin
number=$(hallmark status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p')
step "carol approves" hallmark approve "$number" firmware.bin $with --key carol.key
step "it is signed" hallmark sign --format native --product pump --release 2.2 $with firmware.bin
expect_fault 2 "does not go with --cosign" "whose SBOM is named by who made it" \
    hallmark sign --format native --cosign --product pump --sbom sbom.json firmware.bin.cose
step "the log is good" hallmark log check

# ---- the same of an office elsewhere ----

step "dan asks from elsewhere" hallmark principal add dan --public-key dan.key.pub $two
step "for signatures" hallmark grant add dan requester --product pump $two
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
hallmark serve --listen 127.0.0.1:0 --certificate tls.pem --key tls.key >server.log 2>&1 &
server=$!
for _ in $(seq 100); do
    url=$(sed -n 's,^hallmarkd: https://127.0.0.1:\([0-9]*\).*,https://localhost:\1,p' server.log)
    [ -n "$url" ] && break
    sleep 0.1
done
local=$HALLMARK_OFFICE
HALLMARK_OFFICE=$url
HALLMARK_CA=tls.pem
export HALLMARK_CA
expect_refused "the rule needs an SBOM" "it asks for them as well" \
    hallmark sign --product pump --release nightly --as dan.key firmware.bin
step "and signs with them" hallmark sign --product pump --release nightly --sbom other.json --as dan.key firmware.bin
HALLMARK_OFFICE=$local
expect_output "\"name\":\"other.json\",\"sha256\":\"$(sha256sum other.json | cut -d' ' -f1)\"" "the log names them" \
    hallmark log show --json
kill $server
wait $server
server=
finish
