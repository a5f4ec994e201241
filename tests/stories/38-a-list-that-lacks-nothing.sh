#!/bin/sh
# Whoever has stolen a key would like to be missing from the list of what was signed with it. What he hides in the database is
# found and named; a list that may lack something does not say that it is complete; and who has the published log checks the
# list without us. And nobody says alone that a key is stolen.
# shellcheck disable=SC2016,SC2086,SC2154,SC2317  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P1, P3, P10: a list that lacks nothing"

python=/usr/bin/python3
signing_keys() { hallmark key list --product pump --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p'; }
# the numbers of the entries whose line in the log holds $1
entries() { hallmark log show --count 1000 | sed -n "/$1/s/^ *\([0-9]*\) .*/\1/p"; }

step "an office" hallmark init --org "Example Devices" office
HALLMARK_OFFICE=office
export HALLMARK_OFFICE
for product in pump valve; do step "the product $product" hallmark product add $product; done
for i in 1 2 3 4 5 6; do echo "content $i" >file-$i.bin; done
step "files are signed" hallmark sign --product pump --release 1.0 file-1.bin file-2.bin
step "another product's, too" hallmark sign --product valve --release 1.0 file-4.bin
sleep 1.1
step "more with the same key" hallmark sign --product pump --release 1.1 file-3.bin
key=$(signing_keys)
step "then comes the next key" hallmark key rotate --product pump
step "which signs" hallmark sign --product pump --release 1.2 file-5.bin
sleep 1.2 # whoever publishes later has done so
cp -a office before
expect_output "or always" "its help says since when it may have been stolen" hallmark compromise --help
step "the first one was stolen" hallmark compromise $key --since 1h --reason "a copy was seen" -o incident
step "three signatures" test "$(wc -l <incident/signatures.jsonl)" = 3
step "and it is destroyed" hallmark key destroy $key --reason "it was stolen"
sleep 1.2
step "the log checks" hallmark log check

# ---- the list is checked by others ----

check() { $python "$root/tests/oracles/incident_checker.py" "$1" office/log office/trust.pem; }
expect_output "good: 3 signatures" "who has the published log finds it complete" check incident
# spoilt SENTENCE WORDS PROGRAM: a copy of the folder that the Python program has changed is found out
spoilt() {
    rm -rf spoilt && cp -r incident spoilt
    (cd spoilt && $python -c "
import json, pathlib
def lines(name): return pathlib.Path(name).read_text().splitlines(keepends=True)
def write(name, lines): pathlib.Path(name).write_text(''.join(lines))
signatures, disclosed = lines('signatures.jsonl'), lines('disclosed.jsonl')
intent = json.loads(signatures[1])['intent']
at = [json.loads(line)['index'] for line in disclosed].index(intent)
report = json.loads(pathlib.Path('report.json').read_text())
$3
write('signatures.jsonl', signatures), write('disclosed.jsonl', disclosed), write('report.json', json.dumps(report))") || fails "$1" "the program"
    expect_fault 1 "$2" "$1" check spoilt
}
spoilt "a signature left out is found" "the list has others" 'del signatures[1]'
spoilt "also if the report counts so" "the list has others" 'del signatures[1]; report["signatures"] -= 1; report["in_doubt"] -= 1'
spoilt "left out of both lists" "not disclosed" 'del signatures[1], disclosed[at]; report["signatures"] -= 1; report["in_doubt"] -= 1'
spoilt "one too many" "the list has others" 'signatures.append(signatures[2])'
spoilt "invented" "the list has others" 'signatures.append(signatures[2].replace("\"outcome\":", "\"outcome\":1"))'
spoilt "another file's name" "another name" 'signatures[1] = signatures[1].replace("file-2", "file-9")'
spoilt "another digest" "another plain" 'signatures[1] = json.dumps({**json.loads(signatures[1]), "plain": "00" * 32}) + "\n"'
spoilt "another signature" "of another signature" 'signatures[1] = json.dumps({**json.loads(signatures[1]), "signature": "00" * 32}) + "\n"'
spoilt "in doubt no more" "in doubt or not" 'signatures[1] = signatures[1].replace("\"in_doubt\":true", "\"in_doubt\":false")'
spoilt "a name that is another in both lists" "these are not its details" \
    'signatures[1], disclosed[at] = signatures[1].replace("file-2", "file-9"), disclosed[at].replace("file-2", "file-9")'
spoilt "a key that is another there" "these are not its details" 'disclosed[at] = disclosed[at].replace(report["key"], "0" * 32); del signatures[1]'
spoilt "details that are erased" "these are not its details" 'disclosed[at] = json.dumps({"index": intent, "salt": "", "details": None}) + "\n"'
spoilt "where the key was made is left out" "not disclosed" 'del disclosed[0]'
spoilt "a list that begins later" "not disclosed" 'disclosed = disclosed[at:]; signatures = signatures[1:]'
spoilt "a log that is shorter" "do not give their root" 'report["log"]["size"] -= 3'
spoilt "another root" "do not give their root" 'report["log"]["root"] = "00" * 32'
spoilt "another office's" "of another office" 'report["office"] = "00" * 16'
spoilt "another product's" "of another product" 'report["product"] = "valve"'
spoilt "another time" "is older" 'report["since"] = json.loads(signatures[2])["time"]'
spoilt "a window that begins later" "in doubt or not" 'report["since"] = json.loads(signatures[2])["time"]; del report["since_entry"]'
spoilt "with an entry that says so" "not the details" 'report["since_entry"]["details"] += " "'
spoilt "one that says itself that it may lack something" "does not say" 'report["log"]["complete"] = False'
cp office/log/checkpoint newest
cp before/log/checkpoint office/log/checkpoint
expect_fault 1 "too short" "a published log of before is not the one" check incident
mv newest office/log/checkpoint

# ---- the database is edited ----

sleep 1.2
rm -rf kept && cp -a office kept
restore() { rm -rf office && cp -a kept office; }
sql() { $python -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).executescript(sys.argv[2])' office/office.db "$1"; }
second=$(entries "sign file-2.bin")
outcome=$(entries "of intent $second,")

# edited STATUS WORDS SENTENCE SQL: log check names it, and no list is called complete
edited() {
    sql "$4"
    expect_fault "$1" "$2" "$3: log check names it" hallmark log check
    expect_fault "$1" "$2" "a search is not complete" hallmark log search --product pump --complete
    step "and does not say so" sh -c '! printf "%s" "$1" | grep -q "no other\|\"complete\":true"' sh "$output"
    rm -rf again
    expect_fault "$1" "$2" "nor is the list of an incident" hallmark compromise $key --since always -o again
    step "and does not say so" sh -c '! printf "%s" "$1" | grep -q "no others"' sh "$output"
    step "there is no report that says it" sh -c '! grep -q "\"complete\":true" again/report.json 2>/dev/null'
    restore
}
edited 1 "entry $second is missing" "an intent is deleted" "DELETE FROM entry WHERE idx=$second"
edited 1 "entry $outcome is missing" "an outcome is deleted" "DELETE FROM entry WHERE idx=$outcome"
edited 1 "entry $second: its details were changed" "a detail is edited" \
    "UPDATE entry SET details=CAST(replace(CAST(details AS TEXT),'file-2','file-9') AS BLOB) WHERE idx=$second"
edited 1 "entry $second: its details were changed" "a key is another" \
    "UPDATE entry SET details=CAST(replace(CAST(details AS TEXT),'$key','00000000000000000000000000000000') AS BLOB) WHERE idx=$second"
edited 1 "entry $second: its details were changed" "another entry stands in its place" \
    "UPDATE entry SET leaf=(SELECT leaf FROM entry WHERE idx=$((second - 1))) WHERE idx=$second"
edited 1 "is the outcome of no" "two change places" \
    "UPDATE entry SET idx=-1 WHERE idx=$second; UPDATE entry SET idx=$second WHERE idx=$outcome; UPDATE entry SET idx=$outcome WHERE idx=-1"
edited 3 "the log must not fork" "the end is cut off" "DELETE FROM entry WHERE idx>$second"
edited 3 "the log must not fork" "the end since the theft was stated, too" "DELETE FROM entry WHERE idx>$(entries "charter:")"

# What is hidden is in the log still, and found by no list that goes by tags: log check holds each against its entry.
# hidden SENTENCE NUMBER
hidden() {
    sql "UPDATE entry SET tag=0 WHERE idx=$2"
    expect_refused "entry $2 is a statement, a publication, of a request, a certificate or a key, and cannot be found" "$1 is hidden: found" \
        hallmark log check
    restore
}
sql "UPDATE entry SET tag=0 WHERE idx=$(entries "statement: key .*destroyed")"
expect_refused "the checkpoint names 3 statements, and the database has 2" "the newest statement is hidden: found" hallmark log check
restore
hidden "that it is destroyed" "$(entries " key destroyed")"
hidden "the revocation" "$(entries "certificate revoked")"
hidden "the revocation list" "$(entries "revocation list made")"
hidden "a certificate" "$(entries "certificate issued.*pump: \|issued: CN=pump es256" | head -n 1)"
sql "UPDATE entry SET tag=0 WHERE idx=$(entries "statement: key .*compromised")"
expect_refused "comes next" "that the key was compromised is hidden: the next statement misses it" hallmark log check
rm -rf office && cp -a before office
step "the key, stopped again" hallmark key suspend $key --reason "is it ours?"
sql "UPDATE entry SET tag=0 WHERE idx IN ($(entries statement: | paste -sd,))"
echo late >late.bin
expect_refused "the checkpoint names statements, and the database has none" "with every statement hidden nothing is let go" \
    hallmark sign --product pump late.bin
restore

# The key's row is held against the entry of its making.
# row SENTENCE SQL: log check finds it, and the list is not called complete
row() {
    sql "$2"
    expect_refused "it was changed" "$1: log check finds it" hallmark log check
    rm -rf again
    expect_refused "the list may lack something" "and it makes no list complete" hallmark compromise "$key" --since always -o again
    restore
}
row "the key is another product's" "UPDATE key SET product=(SELECT id FROM product WHERE name='valve') WHERE hex(token_id)=upper('$key')"
row "the key has another role" "UPDATE key SET role=5 WHERE hex(token_id)=upper('$key')"
sql "UPDATE key SET created=created+86400 WHERE hex(token_id)=upper('$key')"
rm -rf again
step "a key that was made later, as its row says" hallmark compromise $key --since always -o again
step "was made when the log says so" test "$(grep -c '"in_doubt":true' again/signatures.jsonl)" = 3
restore
sql "DELETE FROM key WHERE hex(token_id)=upper('$key'); UPDATE entry SET salt=x'', details=x'' WHERE instr(details,'key generated') AND instr(details,'$key')"
expect_refused "is gone from the database" "who takes a key out, and erases that it was made, is told of what it signed" hallmark log check
restore
serial=$(hallmark cert list --json | sed -n '/"product":"valve".*"role":"signing"/s/.*"serial":"\([0-9a-f]*\)".*/\1/p')
valve=$(hallmark key list --product valve --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
sql "UPDATE key SET certificate=(SELECT certificate FROM key WHERE hex(token_id)=upper('$valve')) WHERE hex(token_id)=upper('$key'); UPDATE key SET certificate=x'' WHERE hex(token_id)=upper('$valve')"
expect_refused "there is no such key" "by a certificate in another key's row no key is stopped" hallmark compromise "$serial" --since always -o again
restore
step "more certificates than a few" sh -c 'for i in $(seq 18); do hallmark cert renew --product valve --days 30 >/dev/null || exit 1; done'
step "the key is destroyed" hallmark key destroy "$valve"
rm -rf again
step "and was stolen" hallmark compromise "$valve" --since always -o again
step "all are revoked" test "$(openssl crl -in again/valve.crl -inform DER -noout -text | grep -c "Key Compromise")" -ge 19
restore
rm -rf again

sql "UPDATE product SET name='../../pump' WHERE name='pump'"
expect_refused "a product as none can be named" "a product that would be a path is none" hallmark compromise $key --since always -o again
step "and nothing was written" test ! -e again
restore

# ---- erased ----

sql "UPDATE entry SET salt=x'',details=x'' WHERE idx=$second"
expect_output "details of 1 entries erased" "details may be erased" hallmark log check
expect_refused "the details of 1 entries that may be meant were erased, the first of them entry $second" \
    "but whose they were nobody knows" hallmark compromise $key --since always -o erased
expect_output '"complete":false' "and the report says so" cat erased/report.json
expect_output "The list may lack something" "to people, too" cat erased/report.html
expect_fault 1 "these are not its details" "who checks it finds the same" check erased
expect_refused "the list is not complete: the details of" "nor is a search by that key complete" \
    hallmark log search --key $key --complete
expect_output "1 entry, and no other" "one that the leaves alone decide is" hallmark log search --product valve --release 1.0 --complete --type outcome
restore
sql "UPDATE entry SET salt=x'',details=x'' WHERE idx=$(entries "key generated: signing es256, product pump" | head -n 1)"
step "where it does not say any more when the key was made" hallmark compromise $key --since always -o whole
expect_output '"first":0' "the log is read from its beginning" cat whole/report.json
expect_output "good: 3 signatures" "and the list lacks nothing" check whole
restore

# ---- an authority that is gone, too ----

authority=$(hallmark key list --product pump --json | sed -n '/"role":"product CA"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
step "the authority is stopped" hallmark key suspend $authority
expect_refused "there is no new revocation list" "it signs no list" hallmark compromise "$(signing_keys | tail -n 1)" --since always -o second
expect_output '"complete":true' "but the report is made" cat second/report.json
expect_output "good: 1 signatures" "and lacks nothing" check second
step "nor is an older list put beside it" sh -c '! ls second/*.crl 2>/dev/null'
step "the authority goes on" hallmark key activate $authority
step "and so does the command" hallmark compromise "$(signing_keys | tail -n 1)" --since always -o second
step "with the list" sh -c 'openssl crl -in second/pump.crl -inform DER -noout -text | grep -q "Key Compromise"'

# ---- nobody alone ----

for who in alice bob carol; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
HALLMARK_OFFICE=$scratch/governed
step "an office with founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub "$HALLMARK_OFFICE"
step "I am somebody in it" hallmark principal add me --unix-user "$(id -u)" $two
step "and somebody else" hallmark principal add carol --public-key carol.key.pub $two
step "I make the product" hallmark grant add me administrator $two
step "of this name" hallmark product add pump
step "and then no more" hallmark grant withdraw me administrator --key alice.key
for role in requester key-officer; do step "but am $role" hallmark grant add me $role --product pump $two; done
printf 'rule all\n  request by me\n  formats cms\n' >pump.policy
step "by a policy" hallmark policy edit pump.policy --product pump $two
step "a signature" hallmark sign --product pump --release 1.0 file-6.bin
key=$(signing_keys)
expect_fault 2 "--key FILE is missing" "without an officer nothing is stated" hallmark compromise $key --since always -o none
expect_refused "takes the signatures of 2 officers, and has 1" "one is not enough" hallmark compromise $key --since always -o none --key alice.key
expect_refused "takes the signatures of 2 officers" "nor one twice" hallmark compromise $key --since always -o none --key alice.key --key alice.key
expect_refused "no principal's" "a stranger does not count" sh -c \
    'hallmark principal keygen stranger.key >/dev/null && exec hallmark compromise "$0" --since always -o none --key alice.key --key stranger.key' $key
expect_refused "officer" "nor does somebody who is no officer" hallmark compromise $key --since always -o none --key alice.key --key carol.key
step "nothing was listed" test ! -e none/report.json
expect_output '"state":"active"' "and the key is active" sh -c 'hallmark key list --json | grep "$0"' $key
step "it signs" hallmark sign --product pump --release 1.0 --replace file-6.bin
step "every refusal is on record" test "$(hallmark log show --json --count 1000 | grep -c '"type":"refusal"')" -ge 3
step "two state it" hallmark compromise $key --since always -o incident-2 $two --reason "seen elsewhere"
expect_refused "is compromised: seen elsewhere" "and it signs no more" hallmark sign --product pump --release 1.0 --replace file-6.bin
expect_fault 2 "--key FILE is missing" "a person is not revoked by nobody" hallmark compromise carol --since always -o person
expect_refused "no principal's" "nor by a stranger" hallmark compromise carol --since always -o person --key stranger.key
step "the log is good" hallmark log check
finish
