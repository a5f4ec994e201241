#!/bin/sh
# P3: a job waits for its approvals. Each session takes a token of its own, which a command prints: a token opens one.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P3: a pipeline waits"

python=/usr/bin/python3
issuer_py=$root/tests/stories/issuer.py
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; end_story' EXIT

for who in alice bob carol; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub office
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
mkdir issuer
step "a CI service with a key" $python "$issuer_py" keys issuer
cat >issuers <<END
issuer https://ci.example
  audience https://sign.example
  keys file://$PWD/issuer/jwks.json
END

# ---- hallmark serve is hallmarkd ----

HALLMARK_OFFICE=https://localhost:1
expect_fault 2 "own machine" "an office elsewhere is not served from here" hallmark serve
HALLMARK_OFFICE=office
expect_fault 2 "none of its words" "hallmarkd judges what follows" hallmark serve --nonsense 1
expect_fault 2 "takes a certificate" "all of it" hallmark serve --listen 127.0.0.1:0
expect_fault 2 "certificate, key" "and that it goes together" hallmark serve --issuers issuers
expect_output "/v1" "it describes itself" hallmark serve --openapi
expect_fault 3 "hallmarkd" "without an office there is nothing to serve" hallmark serve --office nothing
hallmark --office office serve --listen 127.0.0.1:0 --certificate tls.pem --key tls.key --issuers issuers >server.log 2>&1 &
server=$!
for _ in $(seq 100); do
    url=$(sed -n 's,^hallmarkd: https://127.0.0.1:\([0-9]*\).*,https://localhost:\1,p' server.log 2>/dev/null)
    [ -n "$url" ] && break
    sleep 0.1
done
step "it listens" test -n "$url"
step "the process that was started is the server" sh -c 'tr "\0" " " <"/proc/$0/cmdline" | grep -q "^hallmarkd --office"' $server
HALLMARK_OFFICE=$url
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA

step "ci is known by its repository" hallmark principal add ci --oidc https://ci.example --claim repository_id=41 $two --as alice.key
step "carol by a key" hallmark principal add carol --public-key carol.key.pub $two --as alice.key
step "who makes the product first" hallmark grant add carol administrator $two --as alice.key
step "of this name" hallmark product add pump --as carol.key
step "and then no more" hallmark grant withdraw carol administrator --key alice.key --as alice.key
step "she approves" hallmark grant add carol approver --product pump $two --as alice.key
step "ci asks" hallmark grant add ci requester --product pump $two --as alice.key
cat >pump.policy <<'END'
group qa = carol
rule release
  request by ci
  formats cms
  approve 1 of qa
END
step "the policy wants her" hallmark policy edit pump.policy --product pump $two --as alice.key
echo firmware >firmware.bin

# ---- tokens ----

cat >id-token <<END
#!/bin/sh
echo asked >>asked
exec $python $issuer_py token issuer https://ci.example https://sign.example '{"repository_id":"41"}'
END
expect_refused "was used before" "with one token a job cannot wait" \
    env HALLMARK_ID_TOKEN="$(sh id-token)" hallmark sign --wait --product pump --release 1.0 firmware.bin
step "nothing was signed" test ! -e firmware.bin.p7s
expect_fault 3 "gave no token" "a command that fails gives none" \
    env HALLMARK_ID_TOKEN_COMMAND=false hallmark sign --product pump --release 1.0 firmware.bin
expect_fault 3 "gave no token" "nor one that says nothing" \
    env HALLMARK_ID_TOKEN_COMMAND=true hallmark sign --product pump --release 1.0 firmware.bin
expect_fault 3 "gave no token" "nor one that says too much" \
    env HALLMARK_ID_TOKEN_COMMAND="head -c 20000 /dev/zero" hallmark sign --product pump --release 1.0 firmware.bin
expect_refused "the token: its header" "and what is no token is refused" \
    env HALLMARK_ID_TOKEN_COMMAND="echo a.b.c" hallmark sign --product pump --release 1.0 firmware.bin
HALLMARK_ID_TOKEN_COMMAND="sh id-token"
export HALLMARK_ID_TOKEN_COMMAND
(
    for _ in $(seq 50); do
        number=$(hallmark status --json --as carol.key | sed -n '/"state":"open"/s/.*"request":\([0-9]*\),.*/\1/p')
        [ -n "$number" ] && break
        sleep 0.2
    done
    sleep 3
    hallmark approve "$number" firmware.bin --key carol.key --as carol.key
) >approver.log 2>&1 &
approver=$!
step "with one for each session it waits, and signs" hallmark sign --wait --product pump --release 1.0 firmware.bin
wait $approver
step "which took several" sh -c 'test "$(wc -l <asked)" -ge 3'
: >asked
step "a key of one's own needs none" hallmark product list --as carol.key
step "and asks for none" test ! -s asked
hallmark trust export -o trust.pem --as carol.key
step "what was signed is verified" env -u HALLMARK_OFFICE hallmark verify --trust trust.pem --product pump firmware.bin
kill $server
wait $server
step "the server ends as it is told" test $? = 0
server=
finish
