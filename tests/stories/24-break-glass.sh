#!/bin/sh
# P3: when approvals cannot be waited for, two officers put another policy in force for some hours; nobody overlooks it.
# shellcheck disable=SC2016,SC2086,SC2154  # $two is two options; lib.sh sets errors
. "$(dirname "$0")/lib.sh"
story "P3: break-glass"

server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; end_story' EXIT
me=$(id -u)
for who in alice bob carol; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub "$HALLMARK_OFFICE"
expect_output "no requests" "nothing to tell of yet" hallmark status
step "ci is this user" hallmark principal add ci --unix-user $me $two
step "who makes the product" hallmark grant add ci administrator $two
step "of this name" hallmark product add pump
step "and then no more" hallmark grant withdraw ci administrator --key alice.key
step "but asks for signatures" hallmark grant add ci requester --product pump $two
step "carol is known by a key" hallmark principal add carol --public-key carol.key.pub $two
step "and approves" hallmark grant add carol approver --product pump $two
cat >pump.policy <<'END'
group qa = carol
rule release
  request by ci
  formats cms
  approve 1 of qa
END
cat >recall.policy <<'END'
rule recall
  request by ci
  releases 2.0.1
  formats cms
END
step "the policy wants carol" hallmark policy edit pump.policy --product pump $two
echo firmware >firmware.bin
expect_refused "needs 1 more of qa" "who is not there tonight" hallmark sign --product pump --release 2.0.1 firmware.bin

# ---- what it takes ----

because="recall 17: pumps stop; qa cannot be reached"
glass() { hallmark policy break-glass recall.policy --product pump --reason "$because" "$@"; }
expect_fault 2 "two different officers" "one officer cannot" glass --until 1h --key alice.key
expect_refused "takes the signatures of 2 officers, and has 1" "not even with the same key twice" \
    glass --until 1h --key alice.key --key alice.key
expect_refused "takes the signatures of 2 officers, and has 1" "an approver is no officer" \
    glass --until 1h --key alice.key --key carol.key
expect_refused "24 hours at most" "not for longer than a day" glass --until 25h $two
expect_fault 2 "--until TIME is missing" "not without an end" glass $two
expect_fault 2 "a time is written" "that is a time" glass --until tomorrow $two
expect_refused "over before it begins" "and lies ahead" glass --until 2020-01-31T18:00Z $two
expect_fault 2 "--reason TEXT is missing" "not without a reason" \
    hallmark policy break-glass recall.policy --product pump --until 1h $two
expect_fault 2 "at most 200 bytes" "which is no story" hallmark policy break-glass recall.policy --product pump \
    --until 1h --reason "$(printf '%201s' x)" $two
expect_refused "readable bytes" "nor a trick" hallmark policy break-glass recall.policy --product pump \
    --until 1h --reason "$(printf 'a\033[2Jb')" $two
echo "rule nothing" >bad.policy
expect_refused "request by" "the text is a policy" hallmark policy break-glass bad.policy --product pump \
    --until 1h --reason "$because" $two
expect_refused "no product valve" "of a product that is there" hallmark policy break-glass recall.policy \
    --product valve --until 1h --reason "$because" $two
expect_refused "no break-glass policy to end" "nothing was broken yet" \
    hallmark policy break-glass --end --product pump --key alice.key
expect_refused "needs 1 more of qa" "nothing has changed" hallmark sign --product pump --release 2.0.1 firmware.bin

# ---- while it lasts ----

warned() {
    "$@" >out 2>warning || return 1
    grep "warning: BREAK-GLASS of pump until .* UTC, by alice, bob: $because" warning
}
expect_output "BREAK-GLASS of pump until" "two officers break the glass" glass --until 1h $two
expect_output "BREAK-GLASS" "status says so" warned hallmark status
expect_output "\"break_glass\":{\"product\":\"pump\"" "to machines, too" hallmark status --json
expect_output "BREAK-GLASS" "so does policy show" warned hallmark policy show --product pump
expect_output "rule recall" "which shows the policy in force" cat out
expect_output "\"by\":[\"alice\",\"bob\"],\"reason\":\"$because\"" "to machines, too" \
    hallmark policy show --product pump --json
expect_output "BREAK-GLASS" "and whoever has something signed by it" \
    warned hallmark sign --product pump --release 2.0.1 firmware.bin
step "which is signed" hallmark verify --product pump firmware.bin
step "ci lets things out" hallmark grant add ci publisher --product pump $two
expect_output "BREAK-GLASS" "who publishes is told, too" \
    warned hallmark publish --product pump --release 2.0.1 firmware.bin
expect_output '"break_glass":true' "and it is in that entry" \
    sh -c 'hallmark log show --json | grep "\"act\":\"publish\""'
echo other >other.bin
expect_output "\"warning\":\"BREAK-GLASS of pump" "a machine is told, too" \
    hallmark sign --product pump --release 2.0.1 --json other.bin
expect_refused "no rule fits" "it lets through what it names, and no more" \
    hallmark sign --product pump --release 2.0.2 pump.policy
expect_output '"break_glass":true' "the log says it of each intent" \
    sh -c 'hallmark log show --json | grep "\"release\":\"2.0.1\"" | grep intent'
expect_output "BREAK-GLASS of pump until" "and who, until when and why" \
    sh -c 'hallmark log show --json | grep "\"what\":\"BREAK-GLASS"'
step "the log is good" hallmark log check
expect_refused "nobody counts for himself" "its officers get nothing out of it" \
    hallmark grant add alice requester --product pump $two

# ---- ended ----

expect_refused "has 0" "carol does not end it" hallmark policy break-glass --end --product pump --key carol.key
expect_fault 2 "--end takes neither" "to end it takes no reason" \
    hallmark policy break-glass --end --product pump --reason "$because" --key bob.key
expect_output "BREAK-GLASS of pump ended" "one officer does" \
    hallmark policy break-glass --end --product pump --key bob.key
rm firmware.bin.p7s
expect_refused "needs 1 more of qa" "the policy before is in force again" \
    hallmark sign --product pump --release 2.0.1 firmware.bin
expect_output "rule release" "which policy show shows" hallmark policy show --product pump
step "and nothing warns" sh -c 'hallmark status 2>&1 | grep -c BREAK-GLASS | grep -x 0'
expect_refused "no break-glass policy to end" "it is ended once" \
    hallmark policy break-glass --end --product pump --key bob.key

# ---- the server's metrics ----

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
hallmark serve --listen 127.0.0.1:0 --metrics 127.0.0.1:0 --certificate tls.pem --key tls.key >server.log 2>&1 &
server=$!
for _ in $(seq 100); do
    metrics=$(sed -n 's,.*http://\(127.0.0.1:[0-9]*\)/metrics.*,\1,p' server.log)
    [ -n "$metrics" ] && break
    sleep 0.1
done
# gauge VALUE: the front asks every few seconds
gauge() {
    for _ in $(seq 150); do
        curl -s "http://$metrics/metrics" | grep -qx "hallmark_break_glass $1" && return 0
        sleep 0.1
    done
    return 1
}
if need curl "the server's gauge"; then
    step "the server's gauge is zero" gauge 0
    step "the glass is broken" glass --until 1h $two
    step "and it is one" gauge 1
    step "until it is ended" hallmark policy break-glass --end --product pump --key bob.key
    step "zero again" gauge 0
fi
kill $server
wait $server
server=

# ---- by itself ----

step "broken again, for a moment" glass --until 4s $two
step "signed" hallmark sign --product pump --release 2.0.1 firmware.bin
step "the product's own policy may change meanwhile" hallmark policy edit pump.policy --product pump $two
sleep 5
rm firmware.bin.p7s
expect_refused "needs 1 more of qa" "then it is over by itself" \
    hallmark sign --product pump --release 2.0.1 firmware.bin
step "and nothing warns" sh -c 'hallmark policy show --product pump 2>&1 | grep -c BREAK-GLASS | grep -x 0'
step "the log is good" hallmark log check
finish
