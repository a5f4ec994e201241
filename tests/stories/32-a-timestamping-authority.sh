#!/bin/sh
# An isolated plant has no timestamping authority but its own office. Programs that know nothing of hallmark ask it, and
# verify what it gives; it gives nothing while its clock is off.
# shellcheck disable=SC2086,SC2154  # lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "a timestamping authority"

. "$root/tests/stories/served.sh"

python=/usr/bin/python3
clock=
end_helpers() {
    for pid in $clock $server; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
    clock=
    server=
}
trap 'end_helpers; end_story' EXIT

# query FILE OPTIONS...
query() {
    file=$1
    shift
    openssl ts -query -data data "$@" -out "$file" 2>/dev/null
}
# The text of a reply
said() { openssl ts -reply -in "$1" -text 2>/dev/null; }
serial_of() { said "$1" | sed -n 's/^Serial number: //p'; }
verify() { openssl ts -verify -CAfile trust.pem "$@"; }
reply() { hallmark tsa reply "$@"; }

echo "batch 7 left the line" >data
echo "batch 8 left the line" >other

# ---- an office that says whether it stamps ----

step "an office" hallmark init --org "Example Plant"
step "whoever trusts it has its root" hallmark trust export -o trust.pem
step "a request for a timestamp, by openssl" query q.tsq -sha256 -cert
expect_refused "has no timestamping authority" "an office stamps once it was said so" reply q.tsq -o r.tsr
expect_output "Failure info: the TSA's time source is not available" "the refusal is a response, too" said r.tsr
expect_output "has no timestamping authority" "hallmark says so, too" hallmark tsa show
expect_fault 2 "by which clock?" "a clock must be named" hallmark tsa enable
expect_fault 2 "is no time source" "a time source that there is" hallmark tsa enable --time-source sundial
expect_fault 2 "is no address" "an address, and not a name" hallmark tsa enable --time-source sntp:time.example.org
expect_fault 2 "is no time like" "what a clock may be off is a time" hallmark tsa enable --time-source none --max-offset soon
expect_fault 2 "more than a minute" "and a short one" hallmark tsa enable --time-source none --max-offset 2000s
step "a clock that nobody checks, for development" hallmark tsa enable --time-source none
if grep -q "nobody checks this office's clock" "$scratch/errors"; then
    passes "which is said"
else
    fails "which is said" "nothing was"
fi

# ---- what openssl makes of it ----

step "a response to the file" reply q.tsq -o r.tsr --replace
step "openssl verifies it against the request" verify -queryfile q.tsq -in r.tsr
step "and against the data" verify -data data -in r.tsr
expect_fault 1 "message imprint mismatch" "not against other data" verify -data other -in r.tsr
step "the same asked again" query again.tsq -sha256 -cert
expect_fault 1 "nonce mismatch" "is another question" verify -queryfile again.tsq -in r.tsr
step "a request without nonce and certificate" query bare.tsq -sha384 -no_nonce
step "is answered" reply bare.tsq -o bare.tsr
step "with a token that openssl verifies if it has the certificate" sh -c '
    hallmark tsa show >show && hallmark log show >log &&
    openssl ts -reply -in r.tsr -token_out -out r.tok 2>/dev/null &&
    openssl pkcs7 -inform DER -in r.tok -print_certs -out tsa.pem &&
    openssl ts -verify -queryfile bare.tsq -in bare.tsr -CAfile trust.pem -untrusted tsa.pem'
step "a request by SHA-1" query sha1.tsq -sha1
expect_refused "SHA-1 is too weak" "is refused" reply sha1.tsq -o x.tsr
expect_output "unrecognized or unsupported algorithm" "which the response says" said x.tsr
step "a request for another policy" query policy.tsq -sha256 -tspolicy 1.2.3.4
expect_refused "another policy" "is refused" reply policy.tsq -o x.tsr --replace
expect_fault 1 "policy mismatch" "nor does openssl take a token of one policy for another's" sh -c '
    openssl ts -query -data data -sha256 -no_nonce -tspolicy 1.2.3.4 -out p.tsq 2>/dev/null
    openssl ts -verify -CAfile trust.pem -queryfile p.tsq -in r.tsr'
expect_refused "timestamp request" "what is no request is refused" reply data -o x.tsr --replace
expect_refused "is there already" "what is there is not written over" reply q.tsq -o r.tsr
expect_fault 2 "where to?" "a response is a file" reply q.tsq

# ---- its numbers ----

many() {
    for i in 1 2 3 4 5 6 7 8; do hallmark tsa reply q.tsq -o "$1-$i.tsr" || return 1; done
}
three_at_once() {
    many a & one=$!
    many b & two=$!
    many c && wait $one && wait $two
}
step "three processes stamp at once" three_at_once
# Killed at any moment of a token.
killed() {
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        hallmark tsa reply q.tsq -o "k-$i.tsr" 2>/dev/null &
        victim=$!
        sleep "0.00$((i % 10))"
        kill -9 $victim 2>/dev/null
        wait $victim 2>/dev/null
    done
    hallmark tsa reply q.tsq -o k-last.tsr
}
step "others are killed" killed
numbers_differ() {
    for file in r.tsr bare.tsr [abck]-*.tsr; do [ -s "$file" ] && serial_of "$file"; done >numbers
    [ "$(wc -l <numbers)" -ge 27 ] && [ -z "$(sort numbers | uniq -d)" ]
}
step "no two tokens have one number" numbers_differ
expect_output "log: good" "each is on record" hallmark log check

# ---- a clock that is checked ----

: >behaves
clock_begins() {
    $python "$root/tests/stories/sntp_server.py" behaves >clock.port &
    clock=$!
    for _ in $(seq 100); do
        [ -s clock.port ] && return 0
        sleep 0.1
    done
    return 1
}
expect_fault 0 "note: it does not stamp yet" "a clock that nobody answers for is told of" \
    hallmark tsa enable --time-source sntp:127.0.0.1:9
step "a time server" clock_begins
source=sntp:127.0.0.1:$(cat clock.port)
step "by which the office's clock is held" hallmark tsa enable --time-source $source --max-offset 1s
expect_output "stamps:      yes" "it is right" hallmark tsa show
step "and stamps" reply q.tsq -o clock.tsr
step "with a token that openssl verifies" verify -queryfile q.tsq -in clock.tsr
expect_output "Accuracy: 0x01 seconds" "and that says how exact it is" said clock.tsr
# lies SENTENCE TEXT BEHAVIOUR
lies() {
    echo "$3" >behaves
    expect_refused "$2" "$1: nothing is stamped" reply q.tsq -o lies.tsr --replace
    expect_output "Failure info: the TSA's time source is not available" "$1: which the response says" said lies.tsr
}
lies "a clock that is an hour off" "may be off by 3" "ahead 3600"
lies "an hour off the other way" "may be off by 3" "ahead -3600"
lies "a server that does not know the time itself" "own clock is not set" "leap 3"
lies "a server that wants to be left alone" "does not want to be asked" "stratum 0"
lies "an answer to another question" "does not answer" "forge"
lies "a server that is silent" "does not answer" "silent"
expect_output '"stamps":false' "which can be asked" hallmark tsa show --json
: >behaves
step "once it is right again, it stamps" reply q.tsq -o lies.tsr --replace
expect_output "log: good" "all of it is on record" hallmark log check
expect_output "the clock may be off" "that it was refused, too" sh -c 'hallmark log show --count 30'

# ---- through a server ----

step "a certificate for a server" make_tls_certificate
serve() { serve_office "$HALLMARK_OFFICE" --drain 1 "$@" && https=https://localhost:$port; }
strangers_ask() {
    until_port "hallmarkd: http://127.0.0.1:" && url=$(sed -n 's/^hallmarkd: \(http:.*\)/\1/p' server.log)
}
stop() { kill "$server" && wait "$server"; server=; }
post() { curl -s -S -H "Content-Type: application/timestamp-query" --data-binary "@$1" -o "$2" -w '%{http_code}' "$3"; }
if need curl "timestamps over HTTP"; then
    export CURL_CA_BUNDLE=tls.pem
    step "a server that was told nothing of timestamps" serve
    expect_output 404 "gives strangers none" post q.tsq x.tsr "$https/tsa"
    step "it ends" stop
    step "a server for strangers" serve --tsa public --tsa-rate 40 --tsa-listen 127.0.0.1:0
    step "and says where" strangers_ask
    expect_output 200 "openssl's request by curl" post q.tsq curl.tsr $url
    step "and openssl verifies the answer" verify -queryfile q.tsq -in curl.tsr
    expect_output 200 "the same by https" post q.tsq curl.tsr "$https/tsa"
    expect_output 200 "what is refused is answered by a response" post sha1.tsq x.tsr $url
    expect_output "Status: Rejected." "that says so" said x.tsr
    expect_output 405 "to look is not to ask" curl -s -o x -w '%{http_code}' $url
    expect_output 400 "what is no request is none" curl -s -o x -w '%{http_code}' -d x $url
    expect_output 404 "in plain HTTP there is nothing else" curl -s -o x -w '%{http_code}' "${url%/tsa}/v1/products"
    head -c 4097 /dev/zero >large
    expect_output 413 "nor is anything large looked at" post large x $url
    if need osslsigncode "osslsigncode asks for timestamps"; then
        exe=/usr/lib/python3/dist-packages/distlib/t64.exe
        if [ -f $exe ]; then
            cp $exe tool.exe
            step "a product" hallmark product add tool
            step "a program is signed" hallmark sign --product tool tool.exe
            step "osslsigncode has it stamped" osslsigncode add -ts $url -in tool.exe -out stamped.exe
            step "and verifies it" osslsigncode verify -CAfile trust.pem -TSA-CAfile trust.pem stamped.exe
            expect_output "imestamp" "hallmark sees the timestamp" hallmark inspect stamped.exe
        else
            skip "a program is stamped" "python3-distlib is not installed"
        fi
    fi
    # Twice as many and more: a minute may end among them.
    flood() {
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do post q.tsq x $url; done
    }
    expect_output 429 "one address has so many in a minute, and no more" flood
    step "the server ends" stop
    step "a server that gives strangers four in a minute" serve --tsa public --tsa-rate 4 --tsa-listen 127.0.0.1:0
    step "and says where" strangers_ask
    crowd() {
        for i in 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
            curl -s -S --interface 127.0.0.$i -H "Content-Type: application/timestamp-query" --data-binary @q.tsq \
                -o crowd.tsr -w '%{http_code} ' $url || return
        done
    }
    expect_output "200 503 503 503" "from however many addresses" crowd
    expect_output "too many timestamps in this minute" "which is said" cat crowd.tsr
    step "the server ends" stop
    expect_output "log: good" "the log is good behind all" hallmark log check
fi

# ---- its key ----

key=$(hallmark key list | sed -n 's/^\([0-9a-f]*\)  rsa3072  timestamping.*/\1/p')
step "the authority's key is stopped" hallmark key deactivate "$key" --reason "the plant moves"
expect_refused "is deactivated: the plant moves" "then it stamps nothing" reply q.tsq -o x.tsr --replace
step "until it has another" hallmark tsa enable --time-source none
step "by which it stamps" reply q.tsq -o x.tsr --replace
step "as openssl sees" verify -queryfile q.tsq -in x.tsr
step "what the former one stamped is good still" verify -queryfile q.tsq -in r.tsr

# ---- an office with founders ----

HALLMARK_OFFICE=$scratch/governed
for who in alice bob; do
    step "$who makes a key" hallmark principal keygen $who.key
done
step "an office of founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub
expect_refused "" "has it stamp by an administrator only" hallmark tsa enable --time-source none
two="--key alice.key --key bob.key"
step "somebody" hallmark principal add carol --unix-user "$(id -u)" $two
expect_refused "administrator" "not just anybody" hallmark tsa enable --time-source none
step "an administrator" hallmark grant add carol administrator $two
step "may" hallmark tsa enable --time-source none
step "and it stamps" reply q.tsq -o governed.tsr
step "under its own root" sh -c 'hallmark trust export -o own.pem && openssl ts -verify -queryfile q.tsq -in governed.tsr -CAfile own.pem'
expect_output "log: good" "on record" hallmark log check
step "dave makes a key" hallmark principal keygen dave.key
step "and is known by it" hallmark principal add dave --public-key dave.key.pub $two
if need curl "the same through a server"; then
    step "the office is served, and strangers get nothing" serve
    remote() { hallmark "$@" --office "$https" --ca tls.pem --as dave.key; }
    step "who is known asks from elsewhere" remote tsa reply q.tsq -o far.tsr
    step "and openssl verifies it" openssl ts -verify -queryfile q.tsq -in far.tsr -CAfile own.pem
    expect_output "time source: none" "and by which clock" remote tsa show
    expect_refused "administrator" "who is known is no administrator" remote tsa disable
    expect_output 404 "a stranger gets none" post q.tsq x.tsr "$https/tsa"
    step "the server ends" stop
    expect_output "dave" "the log has his name" hallmark log show --count 8
fi
step "until it is stopped" hallmark tsa disable
expect_refused "has no timestamping authority" "then it does not" reply q.tsq -o x.tsr --replace
finish
