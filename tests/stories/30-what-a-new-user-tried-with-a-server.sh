#!/bin/sh
# What somebody ran into who served an office for the first time, from the command line's side: files that are not there, a server
# that is away while a job waits, one that wants to see a certificate, a job that is started once more.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "What a new user tried with a server"

server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; end_story' EXIT
unset HALLMARK_CLIENT_CERT HALLMARK_CLIENT_KEY

serve() {
    hallmark --office office serve --listen "127.0.0.1:$port" --certificate tls.pem --key tls.key "$@" >server.log 2>&1 &
    server=$!
    for _ in $(seq 100); do
        url=$(sed -n 's,^hallmarkd: https://127.0.0.1:\([0-9]*\).*,https://localhost:\1,p' server.log 2>/dev/null)
        [ -n "$url" ] && break
        sleep 0.1
    done
    port=${url##*:}
}
stop() {
    kill $server
    wait $server
    server=
}
wait_for() {
    for _ in $(seq 150); do
        sh -c "$1" && return 0
        sleep 0.1
    done
    return 1
}

for who in alice bob carol eve; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub office
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mine.key -out mine.pem -days 2 \
    -subj /CN=workstation 2>/dev/null
port=0
serve
step "it is served" test -n "$url"
HALLMARK_OFFICE=$url
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA
step "a product" hallmark product add pump --as alice.key
hallmark principal keygen ci.key >/dev/null
step "carol is known" hallmark principal add carol --public-key carol.key.pub $two --as alice.key
step "ci, too" hallmark principal add ci --public-key ci.key.pub $two --as alice.key
step "she approves" hallmark grant add carol approver --product pump $two --as alice.key
step "it asks" hallmark grant add ci requester --product pump $two --as alice.key
step "and publishes" hallmark grant add ci publisher --product pump $two --as alice.key
cat >pump.policy <<'END'
group qa = carol
rule release
  request by ci
  releases 2.*
  formats cms, native
  approve 1 of qa
END
step "a policy" hallmark policy edit pump.policy --product pump $two --as alice.key

# ---- what is wrong is named ----

expect_fault 3 "nix.pem: No such file" "an authority's file that is not there" hallmark product list --as carol.key --ca nix.pem
expect_fault 2 ".pub names a public one" "the public half says nobody's name" hallmark product list --as carol.key.pub
expect_refused "eve.key: the key that signs is no principal's" "a stranger's key is named" hallmark product list --as eve.key
expect_refused "eve.key: this key is no principal's" "among several, too" \
    hallmark grant add carol requester --product pump --key alice.key --key eve.key --as alice.key
expect_refused "hallmark log monitor $url/log/" "the whole log is looked at in another way" hallmark log check --as carol.key
expect_refused "no release is named" "a release that was forgotten" hallmark request --product pump --as ci.key pump.policy
expect_refused "there is no product pmup" "a slip in a product's name" hallmark sign --product pmup --as ci.key pump.policy
expect_refused "there is no product pmup" "when it is to be published, too" \
    hallmark publish --withdraw --product pmup --release 1.0 --as ci.key
printf 'rule x\n  nonsense\n' >bad.policy
expect_fault 1 "bad.policy is no policy: line 2" "a text that is no policy is said to be none" \
    hallmark policy diff bad.policy --product pump --as carol.key
step "in JSON, too" sh -c 'hallmark policy diff bad.policy --product pump --json --as carol.key | grep -q "\"problem\":\"line 2"'
expect_fault 2 "given together" "a certificate has a key" env HALLMARK_CLIENT_CERT=mine.pem hallmark product list --as carol.key

# ---- a job waits, and the server is away ----

echo firmware >firmware.bin
HALLMARK_AS=ci.key hallmark sign --wait --product pump --release 2.0 firmware.bin >job.log 2>job.err &
job=$!
step "a job waits" wait_for 'grep -q "waits for approvals" job.log'
number=$(sed -n 's/^request \([0-9]*\) .*/\1/p' job.log)
expect_output "$number: open" "its request is open" hallmark status --open --product pump --as carol.key
expect_refused "there is no product valve" "a product that there is not has none" hallmark status --open --product valve --as carol.key
expect_output '"approvers":[]' "nobody has approved" hallmark status --json --as carol.key
stop
step "without a server it goes on, and says so" wait_for 'grep -q "asked again until it answers" job.err'
step "it is still there" kill -0 $job
serve
step "the server is back" test "$url" = "$HALLMARK_OFFICE"
step "carol approves" hallmark approve "$number" firmware.bin --key carol.key --as carol.key
wait $job
step "the job signs" test $? = 0
step "having said it once" test "$(grep -c 'asked again' job.err)" = 1
expect_output '"approvers":["carol"]' "who approved is a list" hallmark status "$number" --json --as carol.key
export HALLMARK_AS=ci.key
expect_output "unchanged" "the job once more asks nobody" hallmark sign --wait --product pump --release 2.0 firmware.bin
expect_output "no open requests" "there is no request" hallmark status --open
hallmark trust export -o trust.pem
expect_output "is published, log entry" "it publishes" hallmark publish --product pump --release 2.0 firmware.bin
expect_output "is published already" "once more it has" hallmark publish --wait --product pump --release 2.0 firmware.bin
step "there is one entry for it" test "$(hallmark log show | grep -c 'publish for pump 2.0')" = 1
step "a native release is requested" sh -c '
    hallmark sign --wait --format native --product pump --release 2.1 firmware.bin >native.log 2>&1 & job=$!
    for i in $(seq 100); do grep -q "waits for approvals" native.log && break; sleep 0.1; done
    number=$(sed -n "s/^request \([0-9]*\) .*/\1/p" native.log)
    hallmark approve "$number" firmware.bin --key carol.key --as carol.key && wait $job || { cat native.log; exit 1; }'
expect_output "unchanged" "and it, too, once" hallmark sign --wait --format native --product pump --release 2.1 firmware.bin
expect_output "no open requests" "without a request" hallmark status --open
expect_refused "key-officer" "the office's own keys are not a product's requester's to make" hallmark log key -o log.key

# ---- too many ----

mkdir many
for i in $(seq 257); do echo "$i" >many/f$i.txt; done
expect_fault 2 "a request has at most 256 files" "a request has its limit, which is told first" \
    sh -c 'hallmark request --product pump --release 2.9 many/*'
step "before any digest" test ! -s "$scratch/output"
for i in $(seq 129); do echo "$i" >many/f$i.txt.p7s; done
expect_fault 2 "at most 256 files are published at once" "and so has what is published" \
    sh -c 'hallmark publish --product pump --release 2.9 many/*.txt'

# ---- it does not come about ----

echo next >next.bin
hallmark sign --wait --json --product pump --release 2.2 next.bin >job.log 2>job.err &
job=$!
step "another waits" wait_for 'grep -q "\"request\":" job.log'
number=$(sed -n 's/^{"request":\([0-9]*\),.*/\1/p' job.log)
step "and is rejected" hallmark reject "$number" --key carol.key --as carol.key
wait $job
step "that is a status of its own" test $? = 4
step "an object" grep -q '"state":"rejected".*"closed_by":"carol"' job.log
step "and a sentence" grep -q "was rejected by carol" job.err
step "of which status says no more than that" sh -c '! hallmark status $0 | grep "not approved yet"' "$number"
hallmark sign --wait --product pump --release 2.3 next.bin >job.log 2>job.err &
job=$!
step "one more waits" wait_for 'grep -q "waits for approvals" job.log'
number=$(sed -n 's/^request \([0-9]*\) .*/\1/p' job.log)
step "it is interrupted" kill -TERM $job
wait $job
step "which ends it" test $? = 143
step "and says that its request stays" grep -q "request $number stays open" job.err
expect_output "cancelled" "it is given up" hallmark cancel "$number"

# ---- a server that wants to see a certificate ----

stop
serve --clients mine.pem
step "who has none is told" sh -c '! hallmark product list 2>said && grep -q HALLMARK_CLIENT_CERT said'
step "who has one comes in" env HALLMARK_CLIENT_CERT=mine.pem HALLMARK_CLIENT_KEY=mine.key hallmark product list
expect_fault 3 "nowhere.key: No such file" "its key has to be there" \
    env HALLMARK_CLIENT_CERT=mine.pem HALLMARK_CLIENT_KEY=nowhere.key hallmark product list
step "another's is not enough, and is named" sh -c '! env HALLMARK_CLIENT_CERT=tls.pem HALLMARK_CLIENT_KEY=tls.key \
    hallmark product list 2>said && grep -q tls.pem said'
step "a monitor needs no more than the environment" \
    env HALLMARK_CLIENT_CERT=mine.pem HALLMARK_CLIENT_KEY=mine.key hallmark log monitor "$url/log/" --state state --trust trust.pem
expect_fault 2 "--ca is for https" "and no authority for a folder" hallmark log monitor office/log --ca tls.pem --state other --trust trust.pem
step "which the environment may name all the same" hallmark log monitor office/log --state other --trust trust.pem
stop
finish
