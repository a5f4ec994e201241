#!/bin/sh
# What programs other than ours meet at a served office: methods, parts of files, sizes, the log of requests, a key that
# is used twice, a reload amid an upload.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "the outside of a server"

python=/usr/bin/python3
. "$root/tests/stories/served.sh"
issuer_py=$root/tests/stories/issuer.py
if ! need curl "what curl sees"; then
    finish
fi

# ---- an office, a person, a pipeline ----

for who in alice bob carol; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office" hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "a certificate for the server" make_tls_certificate
mkdir issuer
step "a CI service with a key" $python "$issuer_py" keys issuer
ci=https://ci.example
printf 'issuer %s\n  audience https://sign.example\n  keys file://%s/issuer/jwks.json\n  max-lifetime 3600\n' $ci "$PWD" >issuers
folder=$HALLMARK_OFFICE
serve() { serve_office "$folder" --issuers issuers --metrics 127.0.0.1:0 --drain 1 "$@"; }
step "the office is served" serve
url=https://localhost:$port
until_port "hallmarkd: http://127.0.0.1:"
metrics=http://127.0.0.1:$port
HALLMARK_OFFICE=$url
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA
token() { $python "$issuer_py" token issuer $ci https://sign.example "${1:-{\"repository_id\":\"41\"\}}"; }
job() {
    id_token=$(token)
    HALLMARK_ID_TOKEN=$id_token hallmark "$@"
}
step "carol is known" as alice principal add carol --public-key carol.key.pub $two
step "she makes products" as alice grant add carol administrator $two
step "the pump" as carol product add pump
step "a pipeline" as alice principal add ci --oidc $ci --claim repository_id=41 $two
for role in requester publisher; do
    step "it is $role" as alice grant add ci $role --product pump $two
done
printf 'rule all\n  request by ci\n  formats cms\n' >pump.policy
step "it signs the pump" as alice policy edit pump.policy --product pump $two
step "the roots" as carol trust export -o trust.pem
seq 100000 >image.bin
step "an image is signed" job sign --product pump --release 1 image.bin
step "and published" job publish --product pump --release 1 image.bin

# ---- methods ----

get() { curl -s --cacert tls.pem "$@"; }
# answers STATUS TEXT CURL-ARGUMENTS: of a problem the code and the headers hold TEXT
answers() {
    code=$1 text=$2
    shift 2
    got=$(get -D headers -o body -w '%{http_code}' "$@")
    tr -d '\r' <headers >heads
    [ "$got" = "$code" ] || { echo "answered $got" >&2; cat heads body >&2; return 1; }
    cat heads body | grep -qF -- "$text" || { cat heads body >&2; return 1; }
}
download=$url/v1/download/pump/1/image.bin
for method in PUT DELETE PATCH OPTIONS TRACE BREW; do
    step "$method is not a method of a list" answers 405 '"code":"method-not-allowed"' -X $method "$url/v1/products"
    step "which are named" grep -q '^Allow: GET, POST$' heads
    step "nor of a download" answers 405 'Allow: GET, HEAD' -X $method "$download"
done
step "a body of a method that has none is no second request" answers 405 'Connection: close' -X DELETE -d 'GET /healthz HTTP/1.1' "$url/v1/products"
step "what is only asked by POST" answers 405 'Allow: POST' "$url/v1/sessions"
step "what is not there has no methods" answers 404 '"code":"not-found"' -X PUT "$url/v1/nothing"
step "HEAD says how long a download is" answers 200 "Content-Length: $(wc -c <image.bin)" -I "$download"
step "and that it has parts" grep -q '^Accept-Ranges: bytes$' heads
step "HEAD of a log's tile" answers 200 "ETag: " -I "$url/log/checkpoint"
step "HEAD of what is not there" answers 404 "problem+json" -I "$url/log/nothing"
step "HEAD is not a method of the interface" answers 405 'Allow: GET, POST' -I "$url/v1/products"
step "two requests on a connection, HEAD first" sh -c 'curl -s --cacert tls.pem -I "$0" --next -s --cacert tls.pem -o whole.bin "$0" >/dev/null && cmp whole.bin image.bin' "$download"

# ---- parts of files ----

step "a part of a download" answers 206 "Content-Range: bytes 4099-8200/$(wc -c <image.bin)" -r 4099-8200 "$download"
tail -c +4100 image.bin | head -c 4102 >part
expect_same body part "is that part"
step "the last bytes" answers 206 "Content-Length: 7" -r -7 "$download"
tail -c 7 image.bin >part
expect_same body part "are those"
head -c 100001 image.bin >broken.bin
step "a download that broke off goes on" get -C - -o broken.bin "$download"
expect_same broken.bin image.bin "to its end"
step "behind the end is nothing" answers 416 "Content-Range: bytes */$(wc -c <image.bin)" -r 99999999- "$download"
step "several parts are the whole" answers 200 "Accept-Ranges" -r 0-1,5-6 "$download"
tag=$(sed -n 's/^ETag: //p' heads)
step "a part of the version that was begun" answers 206 "bytes 1-2/" -r 1-2 -H "If-Range: $tag" "$download"
step "of another version the whole" answers 200 "Accept-Ranges" -r 1-2 -H 'If-Range: "0"' "$download"
expect_same body image.bin "is sent"
step "who has it is told so" answers 304 "ETag: $tag" -H "If-None-Match: $tag" "$download"
step "a part of a tile" answers 206 "Content-Range: bytes 0-31/" -r 0-31 "$url/log/tile/0/000.p/$(get "$url/log/checkpoint" | sed -n 2p)"

# ---- sizes ----

head -c 9000000 /dev/zero | tr '\0' ' ' >large
step "a body too large is a problem as any other" answers 413 '"code":"too-large"' -H "Expect:" --data-binary @large "$url/v1/sessions"
cat large large >larger
step "one that is far too large is told so, too" answers 413 "" -H "Expect:" --data-binary @larger "$url/v1/sessions"

# ---- a session ----

session=$(get -d '{}' "$url/v1/sessions" | sed 's/.*"session":"\([0-9a-f]*\)".*/\1/')
bearer="Authorization: Bearer $session"
secret=$(token)
step "a session" answers 200 '"principal":"ci"' -H "$bearer" -d "{\"token\":\"$secret\"}" "$url/v1/sessions/current/token"
sum=$(sha256sum <image.bin | cut -d' ' -f1)
# ask NAME MEMBERS: what is asked to be signed, and one member of it left out or changed by sed
ask() {
    printf '{"product":"pump","release":"1","formats":["cms"],"items":[{"name":"%s","structure":"cms","algorithm":"es256","format":"cms","size":%s,"plain":"%s","content":"%s"}]}' \
        "$1" "$(wc -c <image.bin)" "$sum" "$sum" | sed "${2:-}" >ask.json
    shift
    [ $# -eq 0 ] || shift
    get -D headers -o body -w '%{http_code}' -H "$bearer" -d @ask.json "$@" "$url/v1/signatures" >status
}
says() { [ "$(cat status)" = "$1" ] && grep -qF -- "$2" body || { cat status body >&2; return 1; }; }
ask first.bin
step "it signs" says 200 '"structure"'
for member in format structure algorithm; do
    ask other.bin "s/\"$member\":\"[a-z0-9]*\",//"
    step "without $member is malformed" says 400 "items[0]: \\\"$member\\\": is missing"
done
ask other.bin 's/"cms","algorithm"/"cmsx","algorithm"/'
step "another word is malformed" says 400 'items[0]: \"structure\": is not one of its words'
ask other.bin 's/"release":"1",//'
step "without a release is malformed" says 400 '\"release\": is missing'
ask other.bin 's/"formats":\["cms"\]/"formats":[]/'
step "for no format is malformed" says 400 '\"formats\": is missing'
ask other.bin 's/"items":.*/"items":[]}/'
step "nothing to sign is malformed" says 400 '\"items\": is an array of 1 to 1000'

# ---- a key for one call ----

ask first.bin "" -H "Idempotency-Key: one"
step "a call with a key" says 200 '"structure"'
cp body first
ask first.bin "" -H "Idempotency-Key: one"
expect_same body first "is answered as it was"
ask second.bin "" -H "Idempotency-Key: one"
step "for another call it is not taken" says 422 '"code":"key-used"'
ask first.bin 's/"release":"1"/"release":"2"/' -H "Idempotency-Key: one"
step "nor for another release" says 422 '"code":"key-used"'
ask first.bin 's/{"product":"pump",\(.*\)}$/{\1,"product":"pump"}/' -H "Idempotency-Key: one"
expect_same body first "in another order it is the same call"
ask second.bin "" -H "Idempotency-Key: two"
step "another key is for another call" says 200 '"structure"'

# ---- the bytes of a release ----

step "octets are no JSON" answers 400 'application/octet-stream' -H "$bearer" -d '{"bytes":"AAAA"}' "$url/v1/publications/bytes"
step "and come behind what they are of" answers 403 '"code":"refused"' -H "$bearer" -H 'Content-Type: application/octet-stream' \
    --data-binary @image.bin "$url/v1/publications/bytes"
step "of nobody's session they are not taken" answers 401 '"code":"no-session"' -H 'Content-Type: application/octet-stream' \
    --data-binary @image.bin "$url/v1/publications/bytes"

# ---- the log of requests ----

step "a token that was used" sh -c '! HALLMARK_ID_TOKEN=$0 hallmark product list' "$secret"
step "another repository's" sh -c '! HALLMARK_ID_TOKEN=$0 hallmark product list' "$(token '{"repository_id":"42"}')"
cp image.bin other.bin
step "who does not sign" sh -c '! hallmark sign --product pump --release 1 --as carol.key other.bin'
in_log() {
    for _ in $(seq 30); do
        grep -qF -- "$1" server.log && return 0
        sleep 0.1
    done
    tail -n 5 server.log >&2
    return 1
}
step "the server's log says why" in_log '"status":401,'
step "and of whom it had heard before" in_log '"code":"unauthenticated","reason":"the token was used before'
step "and who nobody is" in_log 'no principal of this office has the claims'
step "and what somebody may not" in_log '"principal":"carol","code":"refused","reason":"carol is not requester of pump'
step "no token and no session is in it" sh -c '! grep -qE "eyJ|[0-9a-f]{64}|$0" server.log' "$session"

# ---- a reload amid an upload ----

until_port "hallmarkd: https://127.0.0.1:"
$python "$root/tests/stories/slow_proxy.py" "$port" 9000000 >proxy.port &
proxy=$!
until_file() {
    for _ in $(seq 300); do
        [ -s "$1" ] || [ -e "${2:-$1.}" ] && return 0
        sleep 0.1
    done
    return 1
}
until_file proxy.port
head -c 20000000 /dev/urandom >large.bin
step "a large file is signed" job sign --product pump --release 3 large.bin
id_token=$(token)
HALLMARK_ID_TOKEN=$id_token HALLMARK_OFFICE=https://localhost:$(cat proxy.port) \
    hallmark publish --product pump --release 3 large.bin >published 2>&1 &
publisher=$!
step "its upload is under way" until_file halted halted
kill -HUP $server
step "when a new front begins" in_log "reload: a new front begins"
step "which serves others" as carol product list
until_metrics() {
    for _ in $(seq 50); do
        curl -s "$metrics/healthz" | grep -qx ok || return 1
        sleep 0.02
    done
}
step "and is the only one that is asked how it is" until_metrics
sleep 3
touch go
step "the upload goes on, after a while longer than what is under way has" wait $publisher
expect_output "pump 3 is published" "to its end" cat published
step "a customer downloads it" get -o got.bin "$url/v1/download/pump/3/large.bin"
expect_same got.bin large.bin "whole"
kill $proxy
one_front() {
    for _ in $(seq 150); do
        [ "$(ps -o comm= --ppid $server | grep -c hallmark-front)" = 1 ] && return 0
        sleep 0.1
    done
    ps -o pid,comm --ppid $server >&2
    return 1
}
step "then the former front ends" one_front
finish
