#!/bin/sh
# P1, P3: what attackers tried at a served office, on both sides of the wire: as a server that was taken over, and lies to approvers
# and publishers; and as a client that sends what no client of ours sends. None of it may come about again.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "What attackers tried at a server"

python=/usr/bin/python3
processes=
end_processes() {
    for process in $processes; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null; done
    processes=
}
trap 'end_processes; end_story' EXIT
issuer_py=$root/tests/stories/issuer.py
hallmarkd=$HALLMARK_BUILD/app/hallmarkd/hallmarkd
# a line of the file $2 that holds $1
until_said() {
    for _ in $(seq 200); do
        grep -qF -e "$1" "$2" && return 0
        sleep 0.1
    done
    return 1
}
# a port that $2 says behind the text $1
until_port() {
    for _ in $(seq 200); do
        port=$(sed -n "s,^$1\([0-9][0-9]*\).*,\1,p" "$2" | head -n 1)
        [ -n "$port" ] && return 0
        sleep 0.1
    done
    return 1
}

# ---- an office, served ----

for who in alice bob carol; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "a certificate for the server" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key \
    -out tls.pem -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
cat tls.key tls.pem >both.pem
mkdir issuer liar
step "a CI service with a key" $python "$issuer_py" keys issuer
ci=https://ci.example
cat >issuers <<END
issuer $ci
  audience https://sign.example
  keys file://$PWD/issuer/jwks.json
  max-lifetime 3600
END
folder=$HALLMARK_OFFICE
"$hallmarkd" --office "$folder" --listen 127.0.0.1:0 --certificate tls.pem --key tls.key --issuers issuers 2>server.log &
server=$!
processes="$processes $server"
step "the office is served" until_port "hallmarkd: https://127.0.0.1:" server.log
office_port=$port
HALLMARK_OFFICE=https://localhost:$office_port
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA
token() { $python "$issuer_py" token issuer $ci https://sign.example "{\"repository_id\":\"41\",\"exp\":$(($(date +%s) + 3000))}"; }
job() {
    id_token=$(token)
    HALLMARK_ID_TOKEN=$id_token hallmark "$@"
}
as() {
    key=$1
    shift
    hallmark "$@" --as "$key.key"
}
step "a pipeline is known by its repository" as alice principal add ci --oidc $ci --claim repository_id=41 $two
step "carol by a key" as alice principal add carol --public-key carol.key.pub $two
step "she makes the product first" as alice grant add carol administrator $two
step "of this name" as carol product add pump
step "and then no more" as alice grant withdraw carol administrator --key alice.key
step "but approves" as alice grant add carol approver --product pump $two
step "ci asks" as alice grant add ci requester --product pump $two
step "and publishes" as alice grant add ci publisher --product pump $two
cat >pump.policy <<'END'
group qa = carol
rule release
  request by ci
  releases 2.*
  formats cms, native
  approve 1 of qa
rule published
  request by ci
  releases 1.*
  formats cms
  publish 1 of qa
rule nightly
  request by ci
  releases nightly
  formats cms
END
step "the policy wants her for releases" as alice policy edit pump.policy --product pump $two

# ---- a server that says that everything matches ----

echo '{}' >liar/lie
lying_token=$(token)
HALLMARK_ID_TOKEN=$lying_token $python "$root/tests/stories/lying_server.py" both.pem "$office_port" liar >liar.port 2>liar.log &
processes="$processes $!"
step "somebody has taken the server over" until_port "" liar.port
liar=https://localhost:$port
waiting() { as carol status --json | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p' | tail -n 1; }
lied_to() {
    : >liar/decisions
    as carol --office "$liar" approve "$@" --key carol.key
}
got_none() { test ! -s liar/decisions; }
mkdir evil
echo "good firmware" >firmware.bin
echo "evil firmware" >evil/firmware.bin
step "a signature is requested for an evil file" job request --product pump --release 2.0 evil/firmware.bin
number=$(waiting)
expect_refused "not what the request asks for" "who has the good one does not approve it" lied_to "$number" firmware.bin
step "and has approved nothing" got_none
expect_output "approved" "of the file that it is for, he is" lied_to "$number" evil/firmware.bin
step "which is how an approval would have got there" test -s liar/decisions
step "a native release is requested with an evil payload" job request --format native --product pump --release 2.1 \
    --component main=evil/firmware.bin,security-version=1
number=$(waiting)
expect_refused "not what the request asks for" "nor of a release" lied_to "$number" firmware.bin
step "and has approved nothing" got_none
expect_output "approved" "of the payload that it is for, he is" lied_to "$number" evil/firmware.bin
step "a file is signed" job sign --product pump --release 1.0 firmware.bin
step "and an evil one" job sign --product pump --release 1.0 evil/firmware.bin
expect_refused "approvals are missing" "that is to be published" job publish --product pump --release 1.0 evil/firmware.bin
number=$(waiting)
expect_refused "not what the request asks for" "nor for publishing" lied_to "$number" firmware.bin
step "and has approved nothing" got_none
cp evil/firmware.bin evil/renamed.bin && cp evil/firmware.bin.p7s evil/renamed.bin.p7s
expect_refused "not what the request asks for" "nor under another name" lied_to "$number" evil/renamed.bin
step "and has approved nothing" got_none
expect_output "approved" "of the one that it is for, he is" lied_to "$number" evil/firmware.bin
echo "good firmware" >one.bin && echo "more firmware" >two.bin && cp one.bin one-again.bin
step "two files are requested" job request --product pump --release 2.2 one.bin two.bin
number=$(waiting)
expect_refused "not what the request asks for" "one of them twice is not both" lied_to "$number" one.bin one-again.bin
step "and has approved nothing" got_none
step "two are signed" job sign --product pump --release 1.1 one.bin two.bin
expect_refused "approvals are missing" "and are to be published" job publish --product pump --release 1.1 one.bin two.bin
number=$(waiting)
expect_refused "two.bin is in the request, too" "one of them is not both" lied_to "$number" one.bin
step "and has approved nothing" got_none
expect_output "approved" "who looked at both approves" lied_to "$number" one.bin two.bin

# ---- a server that lies about a stolen key ----

stolen_key=$(as alice key list --product pump --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
compromise_at_liar() { as alice --office "$liar" compromise "$stolen_key" --since always -o stolen $two; }
echo '{"path":"/v1/keys","says":["\"active\"","\"compromised\""]}' >liar/lie
expect_refused "its statements do not: it lies" "that it was stopped before is believed of its statements alone" compromise_at_liar
echo '{"path":"/v1/keys","says":["\"pump\"","\"../../pump\""]}' >liar/lie
expect_refused "a product as none can be named" "a product is no path" compromise_at_liar
echo '{"path":"/v1/keys","says":["\"pump\"","\"<script>\""]}' >liar/lie
expect_refused "a product as none can be named" "nor a program for who reads the page" compromise_at_liar
step "there is no report" sh -c '! ls stolen/report.* pump.crl ../pump.crl ../../pump.crl 2>/dev/null | grep .'
expect_output '"state":"active"' "and the key is as it was" sh -c 'hallmark key list --json --as alice.key | grep "$0"' "$stolen_key"

# ---- a server that wants other files ----

publish_to_liar() {
    : >liar/uploaded
    as carol --office "$liar" publish --product pump --release nightly "$@"
}
# wanted SENTENCE JSON: a member of what the server wants beside what it is given
wanted() {
    printf '{"wanted":[{"operand":0,"name":"firmware.bin"},%s]}' "$2" >liar/lie
    observe publish_to_liar firmware.bin
    if [ "$status" -ne 0 ] && [ ! -s liar/uploaded ]; then
        passes "$1"
    else
        fails "$1" "status $status; $(wc -c <liar/uploaded) bytes went"
    fi
}
echo "a secret" >secret.key
mkdir sub && echo "a secret" >sub/secret.key
wanted "a neighbour is not handed out" '{"operand":0,"name":"secret.key"}'
wanted "nor a file of another folder" '{"operand":0,"name":"../work/secret.key"}'
wanted "nor of one below" '{"operand":0,"name":"sub/secret.key"}'
wanted "nor of the whole machine" '{"operand":0,"name":"../../../../../../../../etc/hostname"}'
wanted "nor what is named by its whole path" "{\"operand\":0,\"name\":\"$PWD/secret.key\"}"
wanted "nor the folder itself" '{"operand":0,"name":"."}'
wanted "nor for an operand that there is not" '{"operand":7,"name":"firmware.bin"}'
wanted "nor for one beyond all numbers" '{"operand":4294967295,"name":"firmware.bin"}'
wanted "nor for one that is no number" '{"operand":"first","name":"firmware.bin"}'
wanted "nor for none" '{"name":"firmware.bin"}'
wanted "nor without a name" '{"operand":0}'
wanted "nor in another operand's folder" '{"operand":0,"name":"firmware.bin","operand":1}'
echo '{}' >liar/lie
expect_output "is published" "what is named goes" publish_to_liar firmware.bin
cat firmware.bin firmware.bin.p7s >both.bin
step "and nothing else" cmp both.bin liar/uploaded

# ---- a server that speaks to the terminal ----

printf '%s' '{"detail":"seems\u001b[2J\u001b[31m good\nhallmark: \u009b31m\u202egnp.exe \u2066\u0007\u007f as ever"}' >liar/lie
expect_refused "as ever" "what a server says is told" as carol --office "$liar" product list
cp "$scratch/errors" said
step "in one line, in which nothing moves the cursor or turns the text around" $python -c '
import sys
said = open(sys.argv[1], "rb").read()
assert b"gnp.exe" in said, said
assert said.endswith(b"\n") and said.count(b"\n") == 1, said
for c in map(ord, said[:-1].decode(errors="replace")):
    assert c >= 32 and not 127 <= c < 160 and not 0x202a <= c <= 0x202e and not 0x2066 <= c <= 0x2069, said' said

# ---- a client that sends too much, or what has two meanings ----

rough() {
    act=$1
    shift
    HALLMARK_ID_TOKENS="$(token) $(token)" $python "$root/tests/stories/rough_client.py" $act "$office_port" tls.pem "$@"
}
front() {
    tr ' ' '\n' <"/proc/$server/task/$server/children" | while read -r process; do
        grep -qx hallmark-front "/proc/$process/comm" && echo "$process"
    done
}
step "there is a front" test -n "$(front)"
if sanitized; then
    skip "8 MiB of small values" "this build takes more memory for everything"
else
    step "8 MiB of small values cost the front no 40 MiB, and are refused" rough memory "$(front)"
fi
step "a request that a proxy may read otherwise is refused, and what is behind it is not answered" rough ambiguous
step "a request that is named by nothing is malformed" rough malformed
step "what is asked twice by one key is signed once, in one call and in two sessions" rough twice
step "it serves" as carol product list

# ---- a server that shows less of the log than there is ----

step "the key is stolen" as alice compromise "$stolen_key" --since always -o truly $two
at_liar() {
    rm -rf stolen
    as alice --office "$liar" compromise "$stolen_key" --since always -o stolen
}
echo '{}' >liar/lie
expect_output "the office says that the log holds no others" "nobody lies, but who knows" at_liar
echo '{"path":"/v1/log/search","says":["\"salt\": \"[^\",]{4}","\"salt\": \"0000"]}' >liar/lie
expect_refused "its details are not those that the log holds" "one of other files" at_liar
echo '{"path":"/v1/log/search","says":["\\"leaf\\"","\\"leave\\""]}' >liar/lie
expect_fault 3 "the server's answer" "one that cannot be read" at_liar
echo '{"path":"/v1/log/search","says":["\"first\": 0","\"first\": 1"]}' >liar/lie
expect_refused "the list may lack something" "a list that begins later" at_liar
echo '{"path":"/v1/log/search","says":["\"root\": \"[^\",]{4}","\"root\": \"0000"]}' >liar/lie
expect_refused "under another log" "one that was made under another root" at_liar

# ---- what it begins with ----

serve_check() { "$hallmarkd" --check "$@"; }
good="--certificate tls.pem --key tls.key"
step "what is good is found good" serve_check --office "$folder" --listen 127.0.0.1:0 $good --issuers issuers
cp issuers issuers.good
checks_issuers() { serve_check --office "$folder" --listen 127.0.0.1:0 $good --issuers issuers; }
printf 'issuer https://ci.exam' >issuers
expect_fault 1 "issuers" "half an issuers file is found" checks_issuers
: >issuers
expect_fault 1 "issuers" "and an empty one" checks_issuers
mv issuers issuers.empty
expect_fault 3 "issuers" "and one that is not there" checks_issuers
printf 'issuer https://ci.exam' >issuers
expect_fault 3 "nothing" "an office that is not there" serve_check --office nothing --listen 127.0.0.1:0 $good
expect_fault 3 "issuer/office.db" "a folder that is none" serve_check --office issuer --listen 127.0.0.1:0 $good
expect_fault 3 "nothing.pem" "a certificate that is not there" serve_check --office "$folder" --listen 127.0.0.1:0 \
    --certificate nothing.pem --key tls.key
expect_fault 3 "No such file" "and says why" serve_check --office "$folder" --listen 127.0.0.1:0 --certificate nothing.pem \
    --key tls.key
expect_fault 3 "nothing.key" "a key that is not there" serve_check --office "$folder" --listen 127.0.0.1:0 --certificate tls.pem \
    --key nothing.key
expect_fault 2 "localhost: is no address" "a name for an address" serve_check --office "$folder" --listen localhost:1 $good
expect_fault 2 "localhost: is no address" "and for the metrics'" serve_check --office "$folder" --listen 127.0.0.1:0 $good \
    --metrics localhost:1

# ---- half an issuers file, while it serves ----

before=$(front)
kill -HUP $server
step "a reload finds it" until_said "reload: issuers" server.log
sleep 3
step "the server goes on" kill -0 $server
step "with the front that it had" test "$(front)" = "$before"
step "and with tokens" job product list
cp issuers.good issuers
kill -HUP $server
step "a reload with a whole one begins a new front" until_said "reload: a new front begins" server.log
step "which takes tokens" job product list
step "the log is good" hallmark --office "$folder" log check
kill $server
wait $server
step "the server ends as it is told" test $? = 0
finish
