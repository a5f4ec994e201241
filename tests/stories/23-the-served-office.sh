#!/bin/sh
# P1, P3, P8: an office for many. Pipelines without a stored secret, people with keys of their own, two products; what is
# approved is signed, published, downloaded and verified without us. Then everything that must not go.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P1, P3, P8: the served office"

python=/usr/bin/python3
processes=
end_processes() {
    for process in $processes; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null; done
    processes=
}
trap 'end_processes; end_story' EXIT
issuer_py=$root/tests/stories/issuer.py
# a port that $2 says behind the text $1
until_port() {
    for _ in $(seq 200); do
        port=$(sed -n "s,^$1\([0-9][0-9]*\).*,\1,p" "$2" | head -n 1)
        [ -n "$port" ] && return 0
        sleep 0.1
    done
    return 1
}

# ---- the machine in the server room ----

for who in alice bob carol dan erin frank maker; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "a certificate for the server" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key \
    -out tls.pem -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
cat tls.key tls.pem >both.pem
mkdir issuer
step "a CI service with a key" $python "$issuer_py" keys issuer
$python "$root/tests/stories/serve_folder.py" issuer both.pem >issuer.port 2>/dev/null &
processes="$processes $!"
step "it listens" until_port "" issuer.port
ci=https://localhost:$port
cat >issuers <<END
issuer $ci
  audience https://sign.example
  keys $ci/jwks.json
  max-lifetime 3600
END
folder=$HALLMARK_OFFICE
serve() {
    : >server.log
    "$HALLMARK_BUILD/app/hallmarkd/hallmarkd" --office "$folder" --listen 127.0.0.1:0 --certificate tls.pem --key tls.key \
        --issuers issuers --authorities tls.pem --metrics 127.0.0.1:0 "$@" 2>server.log &
    server=$!
    processes="$processes $server"
    until_port "hallmarkd: https://127.0.0.1:" server.log
    url=https://localhost:$port
}
step "the office is served" serve
step "a second server of it is refused" sh -c '! "$0" --office "$1" 2>second && grep -q "another hallmarkd" second' \
    "$HALLMARK_BUILD/app/hallmarkd/hallmarkd" "$folder"
HALLMARK_OFFICE=$url
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA
as() {
    key=$1
    shift
    hallmark "$@" --as "$key.key"
}
token() { $python "$issuer_py" token issuer $ci https://sign.example "${1:-{\"repository_id\":\"41\",\"ref\":\"refs/heads/main\"\}}"; }
# job CLAIMS COMMAND...: a pipeline's step, with a token of its own
job() {
    id_token=$(token "$1")
    shift
    HALLMARK_ID_TOKEN=$id_token hallmark "$@"
}
main='{"repository_id":"41","ref":"refs/heads/main"}'

# ---- six principals, two products ----

step "bob adds who makes products, for a moment" as bob principal add maker --public-key maker.key.pub $two
step "by a grant of both founders" as bob grant add maker administrator $two
for product in pump valve; do
    step "the product $product" as maker product add $product
done
step "and no longer" as alice principal revoke maker --key alice.key
step "a pipeline is known by its repository's number" as alice principal add ci --oidc $ci --claim repository_id=41 \
    --claim ref=refs/heads/main $two
step "another one by its own" as alice principal add nightly --oidc $ci --claim repository_id=42 $two
step "ci asks for the pump" as alice grant add ci requester --product pump $two
step "and publishes it" as alice grant add ci publisher --product pump $two
step "nightly asks for the valve" as alice grant add nightly requester --product valve $two
for who in carol dan; do
    step "$who is known by a key" as alice principal add $who --public-key $who.key.pub $two
    step "$who approves the pump" as alice grant add $who approver --product pump $two
done
cat >pump.policy <<'END'
group qa = carol, dan, ci
rule release
  request by ci
  releases 2.*
  formats cms, native
  approve 2 of qa
rule nightly
  request by ci
  releases nightly
  formats cms
  quota 2 per day
END
cat >valve.policy <<END
rule closed
  request by nightly
  releases 9.*
  formats cms
  window $(LC_ALL=C date -u -d '2 days' +%a | tr 'A-Z' 'a-z') 00:00-01:00
rule open
  request by nightly
  formats cms
END
step "frank keeps the keys" as alice principal add frank --public-key frank.key.pub $two
step "that is a role, too" as alice grant add frank key-officer $two
step "he makes the key for receipts" as frank log key -o log.key
step "the pump's policy" as alice policy edit pump.policy --product pump $two
step "the valve's" as alice policy edit valve.policy --product valve $two

# ---- a release, from the pipeline to the device maker's customer ----

echo "firmware 2.0" >firmware.bin
expect_refused "needs 2 more of qa" "the pipeline alone signs no release" job "$main" sign --product pump --release 2.0 firmware.bin
step "nothing was signed" test ! -e firmware.bin.p7s
expect_output "waits for approvals" "so it requests it" job "$main" request --product pump --release 2.0 firmware.bin
number=$(as carol status --json | sed -n 's/.*"request":\([0-9]*\),.*/\1/p' | tail -n 1)
expect_output "needs 2 more of qa" "everybody sees what is missing" as dan status "$number"
cp firmware.bin kept.bin && echo changed >>firmware.bin
expect_refused "not what the request asks for" "a file that was changed meanwhile is not approved" \
    as carol approve "$number" firmware.bin --key carol.key
cp kept.bin firmware.bin
expect_output "approved" "carol compares and approves" as carol approve "$number" firmware.bin --key carol.key
expect_refused "needs 1 more of qa" "one is not two" job "$main" sign --product pump --release 2.0 firmware.bin
expect_output "approved" "dan, too" as dan approve "$number" firmware.bin --key dan.key
expect_refused "firmware.bin: the policy of pump" "what was changed after that is not signed" \
    sh -c 'echo x >>firmware.bin; HALLMARK_ID_TOKEN=$0 hallmark sign --product pump --release 2.0 firmware.bin; s=$?; cp kept.bin firmware.bin; exit $s' "$(token "$main")"
expect_output "signed: cms" "then the pipeline signs it" job "$main" sign --product pump --release 2.0 firmware.bin
cp firmware.bin.p7s first.p7s
expect_refused "its request was used" "an approval is used once" job "$main" sign --product pump --release 2.0 --replace firmware.bin
expect_same firmware.bin.p7s first.p7s "what is signed stays as it is"
curl_get() { curl -sf --cacert tls.pem "$@"; }
if need curl "downloads with curl"; then
    expect_status 22 "what is not published is not downloaded" curl_get -o early.bin "$url/v1/download/pump/2.0/firmware.bin"
fi
expect_output "pump 2.0 is published" "the pipeline publishes it" job "$main" publish --product pump --release 2.0 firmware.bin
if need curl "downloads with curl"; then
    step "a customer downloads it" curl_get -o got.bin "$url/v1/download/pump/2.0/firmware.bin"
    step "and its signature" curl_get -o got.bin.p7s "$url/v1/download/pump/2.0/firmware.bin.p7s"
    expect_same got.bin firmware.bin "it is the file"
    expect_status 22 "no way leads out of the area" curl_get --path-as-is "$url/v1/download/../office.db"
    expect_status 22 "nor through the log's folder" curl_get --path-as-is "$url/log/../office.db"
    expect_status 22 "nor with an encoded one" curl_get "$url/log/%2e%2e/office.db"
else
    cp firmware.bin got.bin && cp firmware.bin.p7s got.bin.p7s
fi
step "the roots were given out before" as carol trust export -o trust.pem
step "openssl verifies it, without us" openssl cms -verify -binary -inform DER -in got.bin.p7s -content got.bin -CAfile trust.pem \
    -purpose any -out /dev/null
step "so do we" hallmark verify --trust trust.pem --product pump got.bin
expect_output "logged" "a proof of its entry is fetched" as carol log prove got.bin
step "which is checked offline" env -u HALLMARK_OFFICE hallmark verify --trust trust.pem --require-log got.bin
step "the log is followed from outside" hallmark log monitor "$url/log/" --trust trust.pem --state head --ca tls.pem

# ---- an update for a device ----

if need arm-none-eabi-gcc "a device is emulated" && need qemu-system-arm "a device is emulated"; then
    step "an example device's programs" "$root/device/build.py" built mps2-an386
    cp built/mps2-an386/app-2.0.0.bin main.bin
else
    echo "main code" >main.bin
fi
native="--format native --product pump --release 2.1 --component main=main.bin,security-version=1 --no-chain -o pump.cose"
step "a manifest is requested" job "$main" request --format native --product pump --release 2.1 --component main=main.bin,security-version=1
number=$(as carol status --json | sed -n 's/.*"request":\([0-9]*\),.*/\1/p' | tail -n 1)
step "carol approves it" as carol approve "$number" main.bin --key carol.key
step "dan approves it" as dan approve "$number" main.bin --key dan.key
expect_output "signed" "it is signed, with a receipt" job "$main" sign $native
step "and packed" hallmark pack pump.cose main.bin -o pump.pack
step "frank gives out the root of the trust list" as frank trust key -o root.key
step "and who publishes" as frank trust publisher --product pump -o pump.publisher
step "a list is made of both" env -u HALLMARK_OFFICE hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher \
    --require-receipts yes -o list-1
step "which frank has the office sign" as frank trust update list-1 --sign
step "the update is good under the list, receipt and all" hallmark verify --trust list-1 pump.cose main.bin
if [ -d built ]; then
    hallmark trust show list-1 | sed -n 's/.*SHA-256 of the root set: //p' >list-1.roots
    as carol product show --json pump >pump.json
    step "a device is made that trusts it" "$root/device/factory.py" --list list-1 --roots list-1.roots --product pump.json \
        --id pump-0001 --life development --firmware pump.pack --first-stage built/mps2-an386 -o device-1
    expect_output "firmware 2.1 from slot A" "it boots what was signed here" "$root/device/emulate.py" device-1
fi

# ---- what must not go ----

expect_refused "nightly is not requester of pump" "another repository's pipeline" job '{"repository_id":"42"}' sign --product pump --release nightly firmware.bin
expect_refused "no principal of this office has the claims" "a repository that nobody knows" \
    job '{"repository_id":"43","ref":"refs/heads/main"}' sign --product pump --release nightly firmware.bin
expect_refused "no principal of this office has the claims" "another branch" \
    job '{"repository_id":"41","ref":"refs/heads/evil"}' sign --product pump --release nightly firmware.bin
expect_refused "aud" "a token for somebody else" job '{"repository_id":"41","ref":"refs/heads/main","aud":"https://other.example"}' product list
expect_refused "it was valid until" "an old token" job '{"repository_id":"41","ref":"refs/heads/main","exp":1700000000,"iat":1699999000}' product list
used=$(token "$main")
step "a token opens a session" env HALLMARK_ID_TOKEN="$used" hallmark product list
expect_refused "was used before" "once" env HALLMARK_ID_TOKEN="$used" hallmark product list
cp firmware.bin valve.bin
expect_refused "outside" "a closed window" job '{"repository_id":"42"}' sign --product valve --release 9.1 valve.bin
cp firmware.bin n1.bin && cp firmware.bin n2.bin && cp firmware.bin n3.bin
step "the quota allows one" job "$main" sign --product pump --release nightly n1.bin
step "and two" job "$main" sign --product pump --release nightly n2.bin
expect_refused "quota 2 per day" "and not three" job "$main" sign --product pump --release nightly n3.bin
echo "firmware 2.2" >next.bin
step "a request" job "$main" request --product pump --release 2.2 next.bin
number=$(as carol status --json | sed -n 's/.*"request":\([0-9]*\),.*/\1/p' | tail -n 1)
expect_refused "is not approver of pump" "who has no role does not approve" as alice approve "$number" next.bin --key alice.key
step "ci is given a key, as well" as alice principal add ci --oidc $ci --claim repository_id=41 --claim ref=refs/heads/main --public-key erin.key.pub $two
step "and may approve" as alice grant add ci approver --product pump $two
step "and ask, as before" as alice grant add ci requester --product pump $two
expect_refused "asked for this, and cannot decide" "nobody approves what he asked for" as erin approve "$number" next.bin --key erin.key
step "carol approves" as carol approve "$number" next.bin --key carol.key
step "dan is revoked" as alice principal revoke dan --key alice.key
expect_refused "no principal's" "and approves nothing any more" as dan approve "$number" next.bin --key dan.key
expect_fault 2 "who asks" "who does not say who he is" hallmark product list
step "carol's key in another's hands names another connection" test -s carol.key
expect_refused "carol is not publisher of pump" "who does not publish" as carol publish --product pump --release nightly n1.bin
expect_refused "is not requester" "nor sign" as carol sign --product pump --release nightly n3.bin
expect_refused "not trusted" "a server that is another" env HALLMARK_CA="$scratch/work/issuer.crt" sh -c \
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out "$HALLMARK_CA" -subj /CN=x 2>/dev/null; exec hallmark product list --as carol.key'

id=$(head -1 "$folder/log/checkpoint" | sed 's,.*/,,')
step "whose id its log's origin says" test ${#id} = 36
step "the office that was meant" env HALLMARK_OFFICE_ID="$id" hallmark product list --as carol.key
expect_refused "and not of 00000000-0000-4000-8000-000000000000" "is told from another" \
    env HALLMARK_OFFICE_ID=00000000-0000-4000-8000-000000000000 hallmark product list --as carol.key

# ---- what is on record ----

step "everything that was refused is an entry" sh -c 'hallmark log show --count 1000 --as carol.key >entries &&
    for text in "needs 2 more of qa" "not what the request asks for" "was used" "nightly is not requester" \
        "was used before" "quota 2 per day" "cannot decide" "is not approver" "publisher of pump" "the claims" "outside" "key that signs is no principal"; do
        grep -q "refus.*$text" entries || { echo "not there: $text" >&2; exit 1; }
    done'
step "with the pipeline's repository as the one who asked" grep -q "by ci ($ci" entries
step "the log is good" hallmark --office "$folder" log check
step "the monitor sees it grow" hallmark log monitor "$url/log/" --trust trust.pem --state head --ca tls.pem

# ---- as a service ----

if need curl "the interface by curl"; then
    step "problems are JSON, with a code" sh -c 'curl -s --cacert tls.pem "$0/v1/products" | grep -q "\"code\":\"no-session\""' "$url"
    step "what is no JSON is malformed" sh -c 'curl -s --cacert tls.pem -d "{\"a\":1,\"a\":2}" "$0/v1/sessions" | grep -q malformed' "$url"
    step "what is not there is not found" sh -c 'curl -s --cacert tls.pem "$0/v1/nothing" | grep -q not-found' "$url"
    step "TLS 1.2 is too old" sh -c '! curl -s --cacert tls.pem --tls-max 1.2 "$0/healthz"' "$url"
    until_port "hallmarkd: http://127.0.0.1:" server.log
    step "metrics count" sh -c 'curl -s "http://127.0.0.1:$0/metrics" | grep -q "^hallmark_signatures_total [1-9]"' "$port"
fi
step "the interface's description is the server's" sh -c '"$0" --openapi | cmp - "$1/docs/openapi.json"' \
    "$HALLMARK_BUILD/app/hallmarkd/hallmarkd" "$root"
step "no token and no session is in its log" sh -c '! grep -qE "eyJ|[0-9a-f]{64}" server.log'
kill -HUP $server
sleep 1
step "after a reload it serves" as carol product list
expect_refused "was used before" "and remembers which tokens were used" env HALLMARK_ID_TOKEN="$used" hallmark product list
mv tls.key kept.key && echo broken >tls.key
expect_fault 3 "tls.key" "a broken key is found before it is needed" "$HALLMARK_BUILD/app/hallmarkd/hallmarkd" --check \
    --office "$folder" --listen 127.0.0.1:0 --certificate tls.pem --key tls.key
kill -HUP $server
sleep 1
step "a reload that cannot be leaves what works" as carol product list
mv kept.key tls.key
step "who edits the database gains nothing" $python -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/office.db")
db.execute("DELETE FROM entry WHERE idx = (SELECT max(idx) FROM entry WHERE tag = 8319381564205917550)")
db.commit()' "$folder"
kill $server
wait $server
serve_again() { ! serve || ! as carol sign --product pump --release nightly n3.bin; }
step "such an office is not served" serve_again
finish
