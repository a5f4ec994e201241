#!/bin/sh
# "What did this runner sign on Tuesday?" Out of the log, here and over HTTPS, with proofs; and when the answer is complete.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P1, P10: what did this runner sign on Tuesday"

python=/usr/bin/python3
check_proof=$root/docs/check-log-proof.py
tuesday=$(date -u +%F)
wednesday=$(date -u -d "$tuesday + 1 day" +%F)
# the numbers of what the last command listed
numbers() { printf '%s\n' "$output" | sed -n 's/^{"index":\([0-9]*\),.*/\1/p' | tr '\n' ' '; }
lines() { printf '%s\n' "$output" | grep -c '^ *[0-9]*  2'; }

# ---- an office of one person ----

step "an office" hallmark init --org "Example Devices" office
HALLMARK_OFFICE=office
export HALLMARK_OFFICE
for product in pump valve; do step "the product $product" hallmark product add $product; done
for i in 1 2 3 4; do echo "content $i" >file-$i.bin; done
step "two files of the pump are signed" hallmark sign --product pump --release 1.0 file-1.bin file-2.bin
step "one of its next release" hallmark sign --product pump --release 1.1 file-3.bin
step "and one of the valve" hallmark sign --product valve --release 1.0 file-4.bin
step "what was asked for the pump" hallmark log search --product pump --release 1.0
step "is two intents and two outcomes" test "$(lines)" = 4
expect_output "sign file-3.bin for pump 1.1" "by the file" hallmark log search --file file-3.bin --type intent
step "and nothing else" test "$(lines)" = 1
plain=$(sha256sum file-4.bin | cut -d' ' -f1)
expect_output "sign file-4.bin for valve 1.0" "by its digest" hallmark log search --digest "$plain"
step "with what came of it" test "$(lines)" = 2
step "by the signature's own hash" hallmark log search --digest "$plain" --type outcome --json
signature=$(printf '%s\n' "$output" | sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p')
expect_output '"type":"outcome"' "there is that outcome" hallmark log search --digest "$signature" --json
key=$(hallmark key list --product valve --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]\{12\}\).*/\1/p')
expect_output "sign file-4.bin" "by the key, its first digits" hallmark log search --key "$key" --type intent
step "which signed nothing else" test "$(lines)" = 1
expect_output "sign file-1.bin" "by who asked" hallmark log search --principal "unix:$(id -u)" --since $tuesday --until $wednesday
expect_output "0 entries" "nobody signed anything the day before" hallmark log search --type intent --until $tuesday
expect_output "0 entries" "nor will, tomorrow" hallmark log search --since $wednesday
expect_output "1 entry, and there may be more" "no more than are asked for" hallmark log search --type intent --limit 1

# ---- conditions that mean nothing ----

expect_fault 2 "8 digits" "a key needs digits enough" hallmark log search --key abc
expect_fault 2 "no digest in hexadecimal" "a digest is one" hallmark log search --digest "${plain}0"
expect_fault 2 "no entries of the type signature" "a type, too" hallmark log search --type signature
expect_fault 2 "nothing lies between" "time goes forward" hallmark log search --since $wednesday --until $tuesday
expect_fault 2 "a time is written" "a date is one" hallmark log search --since 2026-1-1
expect_fault 2 "one at a time" "a file is a digest" hallmark log search --file file-1.bin --digest "$plain"
expect_fault 2 "does not go with it" "a complete list has no limit" hallmark log search --complete --limit 3
expect_refused "there is no product pmup" "a slip in a name is told" hallmark log search --product pmup
expect_fault 3 "No such file" "a file is there" hallmark log search --file nothing.bin

# ---- proofs ----

step "all entries about the valve's release, with proofs" hallmark log search --product valve --release 1.0 --proof proofs --json
hits=$(numbers)
step "one for each" test "$(find proofs -name "*.tlog-proof" | wc -l)" = "$(printf '%s\n' $hits | wc -l)"
hallmark trust export -o roots.pem
for number in $hits; do
    step "entry $number is proven, and nothing of ours is needed to see it" $python "$check_proof" proofs/$number.tlog-proof roots.pem
done
outcome=${hits% }
outcome=${outcome##* }
expect_output "the content is the one" "the outcome's proof is the signature's" $python "$check_proof" --file file-4.bin \
    --signature file-4.bin.p7s proofs/$outcome.tlog-proof roots.pem
intent=${hits%% *}
sed "s/^index $intent\$/index $((intent + 1))/" proofs/$intent.tlog-proof >elsewhere.tlog-proof
expect_status 1 "no entry is proven at another's place" $python "$check_proof" elsewhere.tlog-proof roots.pem

# ---- when is it all? ----

expect_output "4 entries, and no other" "a complete list says so, and names its root" \
    hallmark log search --product pump --release 1.0 --complete
root_of() { sed -n 3p office/log/checkpoint | base64 -d | od -An -tx1 | tr -d ' \n'; }
expect_output "$(root_of)" "which is the checkpoint's" hallmark log search --product pump --release 1.0 --complete
expect_output '"complete":true' "machines are told, too" hallmark log search --product pump --since $tuesday --complete --json
step "the index is of no account" rm -f office/search.db office/search.db-wal office/search.db-shm
expect_output "4 entries" "it is made again" hallmark log search --product pump --release 1.0
step "also when somebody has put something else there" sh -c 'echo "not an index" >office/search.db'
expect_output "4 entries" "it gives way" hallmark log search --product pump --release 1.0
cp -r office kept
erased=$(hallmark log search --file file-1.bin --type intent --json | sed -n 's/^{"index":\([0-9]*\),.*/\1/p')
change() { $python -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])' office/office.db "$1"; }
change "UPDATE entry SET salt=x'',details=x'' WHERE idx=$erased"
expect_refused "the list is not complete: the details of 2 entries that may be meant were erased, the first of them entry $erased" \
    "where details were erased, nobody knows" hallmark log search --release 1.0 --complete
expect_output "and no other" "but what leaves say is known" hallmark log search --product valve --complete
rm -r office && cp -r kept office
change "UPDATE entry SET details=CAST(replace(CAST(details AS TEXT),'file-1','file-9') AS BLOB) WHERE idx=$erased"
expect_refused "entry $erased: its details were changed" "an edited entry is no answer" hallmark log search --product pump --complete
expect_refused "entry $erased: its details were changed" "nor by the index" hallmark log search --product pump
rm -r office && cp -r kept office
change "DELETE FROM entry WHERE idx=$erased"
expect_refused "entry $erased is missing" "a list out of a log with a hole is none" hallmark log search --complete
rm -r office && mv kept office

# ---- an office for many ----

for who in alice bob carol runner-7 runner-8; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
HALLMARK_OFFICE=$scratch/served
step "an office with two founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub \
    --founder bob=bob.key.pub "$HALLMARK_OFFICE"
. "$root/tests/stories/served.sh"
step "a certificate for the server" make_tls_certificate
step "it is served" serve_office "$scratch/served"
HALLMARK_OFFICE=https://localhost:$port
HALLMARK_CA=tls.pem
export HALLMARK_CA
step "who makes products" as alice principal add maker --public-key carol.key.pub $two
step "is given that role" as alice grant add maker administrator $two
step "and makes one" as carol product add pump
for runner in runner-7 runner-8; do
    step "$runner is known" as alice principal add $runner --public-key $runner.key.pub $two
    step "$runner asks for the pump" as alice grant add $runner requester --product pump $two
done
printf 'rule all\n  request by runner-7, runner-8\n  formats cms\n' >pump.policy
step "with a policy" as alice policy edit pump.policy --product pump $two
step "runner-7 signs two files" as runner-7 sign --product pump --release 2.0 file-1.bin file-2.bin --replace
step "runner-8 signs one" as runner-8 sign --product pump --release 2.0 file-3.bin --replace
expect_refused "is not key-officer" "and asks for what it may not" as runner-8 trust key -o nothing.key
step "what did runner-7 sign on Tuesday?" as alice log search --principal runner-7 --release 2.0 \
    --since $tuesday --until $wednesday --type outcome
step "two files" test "$(lines)" = 2
expect_output "certificate: pump" "and, being the first, the key's certificate" as alice log search --principal runner-7 --type intent
expect_output "sign file-2.bin for pump 2.0" "these" as alice log search --principal runner-7 --type intent
expect_output "runner-8" "what was refused to runner-8?" as alice log search --principal runner-8 --type refusal
step "proofs come from elsewhere, too" as alice log search --principal runner-7 --type outcome --proof far --json
hits=$(numbers)
as alice trust export -o far.pem
for number in $hits; do
    step "entry $number is proven" $python "$check_proof" far/$number.tlog-proof far.pem
done
expect_output "2 entries, and no other" "complete, over HTTPS" as alice log search --principal runner-7 --release 2.0 --type outcome --complete
expect_output "1 entry, and there may be more" "a page" as alice log search --principal runner-7 --limit 1
expect_refused "there is no product" "what is wrong is told" as alice log search --product other
expect_fault 2 "8 digits" "as at home" as alice log search --key 12
HALLMARK_OFFICE=$scratch/served
expect_output "2 entries" "the same on the server's own machine, through it" hallmark log search --principal runner-7 --release 2.0 --type outcome

finish
