#!/bin/sh
# The bad day: a key may be somebody else's. Rehearsed first; then stopped, listed, revoked, reported, and what is good
# signed again. Here in an office of one person, then with founders and over HTTPS.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "a stolen key"

. "$root/tests/stories/served.sh"

signing_key() { hallmark key list --product "${1:-pump}" --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p' | tail -1; }
state_of() { hallmark key list --json | sed -n "/\"key\":\"$1\"/s/.*\"state\":\"\([a-z-]*\)\".*/\1/p"; }
number() { sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" "$1/report.json"; }
sums() { find "$1" -type f -exec sha256sum {} + | sort -k 2; }

step "an office" hallmark init --org "Example Devices" office
HALLMARK_OFFICE=office
export HALLMARK_OFFICE
step "with two products" sh -c 'hallmark product add pump && hallmark product add valve'
for i in 1 2 3; do echo "good $i" >good$i.bin; done
step "good releases" hallmark sign --product pump --release 1.0 good1.bin good2.bin good3.bin
echo odd >-odd.bin
step "one with an odd name, of an odd release" hallmark sign --product pump --release 'a "b\c' -- -odd.bin
mkdir update && cp good1.bin update/app.bin && cp good2.bin update/a,b.bin
native() { hallmark sign --format native --product pump --release 2.0 "$@"; }
echo '{"components":[{"id":"main","file":"app.bin"}],"notes":{"-10":"a note"}}' >update/noted.json
step "one with a note" native --manifest update/noted.json -o update/noted.cose
echo '{"components":[{"id":"main","file":"a,b.bin"}]}' >update/comma.json
step "one with a comma" native --manifest update/comma.json -o update/comma.cose
step "an early one for devices" native --component main=update/app.bin,security-version=4,to=slot-a -o update/early.cose
step "updates for devices" native --component main=update/app.bin,security-version=4,to=slot-a --minimum-list 3 --digest sha384 -o update/u.cose
step "of the other product, too" sh -c 'echo valve >valve.bin && hallmark sign --product valve --release 9 valve.bin'
sleep 2
theft=$(date -u +%Y-%m-%dT%H:%M:%SZ)
sleep 1
echo evil >evil.bin
step "and one that nobody remembers" hallmark sign --product pump --release 1.1 evil.bin
key=$(signing_key)
sleep 2 # until the log is published

# ---- rehearsed ----

expect_fault 2 "since when?" "it is to be said since when" hallmark compromise $key --rehearse
sums office >before
mkdir copies
step "a rehearsal" env TMPDIR="$PWD/copies" hallmark compromise $key --since $theft --reason "a drill" --rehearse
sums office >after
step "leaves the office as it was, byte for byte" cmp before after
step "and no copy of it" rmdir copies
mkdir copies
for moment in 0.05 0.1 0.2 0.4; do
    TMPDIR="$PWD/copies" timeout -s INT $moment hallmark compromise $key --since $theft --rehearse -o cut >/dev/null 2>&1
done
step "nor if it is interrupted" rmdir copies
rm -rf cut
expect_output active "the key signs" state_of $key
expect_output '"rehearsal":true' "its report says what it is" cat rehearsal-*/report.json
expect_output "This is a rehearsal" "to people as well" cat rehearsal-*/report.html
step "and counts" test "$(number rehearsal-* in_doubt)" = 1
expect_refused "is a rehearsal" "nothing is signed again for it" hallmark resign rehearsal-* good1.bin
step "its list is nobody's" sh -c '! openssl crl -in rehearsal-*/pump.crl -inform DER -noout -CAfile office/trust.pem 2>&1 | grep -q "verify OK"'
expect_fault 2 "on its own machine" "an office elsewhere is not copied" hallmark compromise $key --since 1h --rehearse --office https://localhost:1

# ---- the day ----

expect_refused "there is no such key, certificate or principal" "what is not there is not stolen" hallmark compromise 0123456789 --since always
expect_fault 2 "since when?" "a time is to be said" hallmark compromise $key -o incident
expect_fault 2 "has not been yet" "nor will be" hallmark compromise $key --since 2999-01-01T00:00Z
expect_fault 2 "has not been yet" "nor will that day" hallmark compromise $key --since 2999-01-01
expect_fault 2 "no such day" "nor any" hallmark compromise $key --since 2026-02-30
mkdir full && echo mine >full/mine
expect_refused "something else in it" "nothing is put beside other files" hallmark compromise $key --since $theft -o full
expect_refused "of a rehearsal" "nor into a rehearsal's folder" hallmark compromise $key --since $theft -o "$(echo rehearsal-*)"
expect_output active "until then the key signs" state_of $key
step "it is stopped, listed, revoked" hallmark compromise $key --since $theft --reason "a laptop was stolen" -o incident
expect_output compromised "it signs nothing any more" state_of $key
echo more >more.bin
expect_refused "is compromised: a laptop was stolen" "nothing at all" hallmark sign --product pump more.bin
step "one is in doubt" test "$(number incident in_doubt)" = 1
step "eight are not" test "$(number incident before)" = 8
expect_output '"complete":true' "the log holds no others" cat incident/report.json
step "that one" sh -c 'grep "\"in_doubt\":true" incident/signatures.jsonl | grep -q evil.bin'
step "the other product's key is another matter" sh -c '! grep -q valve.bin incident/signatures.jsonl'
step "the page has what happened" sh -c 'grep -q "a laptop was stolen" incident/report.html && grep -q evil.bin incident/report.html'
step "and says what no log can show" grep -q "What no log can show" incident/report.html
step "it is well-formed enough for a strict reader" sh -c 'python3 -c "
import html.parser, sys
p = html.parser.HTMLParser(); p.feed(open(sys.argv[1]).read()); p.close()" incident/report.html'
if need openssl "openssl's view"; then
    openssl pkcs7 -inform DER -in good1.bin.p7s -print_certs >chain.pem 2>/dev/null
    openssl crl -inform DER -in incident/pump.crl -out pump.pem 2>/dev/null
    cat office/trust.pem pump.pem >all.pem
    awk '/BEGIN/ {n++} {print > ("cert" n ".pem")}' chain.pem
    for c in cert1.pem cert2.pem; do openssl x509 -in $c -noout -subject | grep -q signing && leaf=$c || ca=$c; done
    expect_fault 2 "revoked" "openssl refuses the certificate" openssl verify -crl_check -CAfile all.pem -untrusted $ca $leaf
fi
expect_refused "is revoked" "verify refuses what it signed" hallmark verify good1.bin
step "the log is good" hallmark log check

# ---- once more, as after a kill ----

cp incident/report.json first.json
expect_output "which stands: --since, which is earlier, is ignored" "the command is given again" \
    sh -c 'exec hallmark compromise "$0" --since 1h --reason "something else" -o incident 2>&1' $key
same() { sed 's/"made":[0-9]*//;s/"size":[0-9]*//;s/"root":"[0-9a-f]*"//' "$1"; }
same first.json >one && same incident/report.json >other
step "and comes to the same" cmp one other
valve=$(signing_key valve)
expect_refused "of another incident" "another's files do not come among them" hallmark compromise $valve --since 1h -o incident
expect_refused "of another incident" "nor do a rehearsal's" hallmark compromise $key --since 1h --rehearse -o incident
expect_output active "the other key signs" state_of $valve

# ---- what is good is signed again ----

expect_refused "hallmark key rotate --product pump --algorithm es256)" "with which key?" hallmark resign incident good1.bin
step "with the next one" hallmark key rotate --product pump
cp -r incident changed
sed -i 's/"plain":"[0-9a-f]*"/"plain":"0000000000000000000000000000000000000000000000000000000000000000"/' changed/signatures.jsonl
expect_refused "was changed since" "a file that is not what was signed is not signed" hallmark resign changed good2.bin
expect_refused "was changed since" "nor an update" hallmark resign changed update/u.cose
step "one of an odd release is" hallmark resign incident -- -odd.bin
step "of that again" sh -c 'hallmark log search --release "a \"b\\c" --type intent --json | grep -c "\"name\":\"-odd.bin\"" | grep -qx 2'
expect_refused "look at it first" "what is good, and not what is in doubt" hallmark resign incident good1.bin evil.bin
expect_output "are not taken over (--timestamp)" "timestamps are told of" sh -c 'exec hallmark resign incident good3.bin 2>&1'
expect_output "1 signed again, 2 were" "the rest" hallmark resign incident good1.bin good2.bin good3.bin
step "verifies" hallmark verify good1.bin good2.bin good3.bin
expect_output "0 signed again, 3" "what is done stays as it is" sh -c 'hallmark resign incident good1.bin good2.bin good3.bin; echo "0 signed again, 3"'
step "for the release that it was" sh -c 'hallmark log search --release 1.0 --type intent --json | tail -1 | grep -q "\"name\":\"good2.bin\""'
expect_refused "is revoked" "the one in doubt is refused" hallmark verify evil.bin
expect_refused "has notes" "what would lose something is not signed" hallmark resign incident update/noted.cose
expect_refused "name with a comma" "nor what options cannot say" hallmark resign incident update/comma.cose
expect_refused "would not follow" "nor an update that another followed: devices would go back to it" hallmark resign incident update/early.cose
mv update/app.bin away && mkfifo update/app.bin
expect_refused "is no plain file" "nor what is no file" timeout 20 hallmark resign incident update/u.cose
rm update/app.bin && mv away update/app.bin
mv update/app.bin away
expect_fault 3 "No such file" "nor what is not there" hallmark resign incident update/u.cose
mv away update/app.bin
said() { hallmark inspect --json "$1" | sed 's/.*"manifest"://;s/"signers".*//;s/"sequence":[0-9]*//'; }
before=$(said update/u.cose)
expect_output "1 signed again" "an update is, beside a file" sh -c 'hallmark resign incident --timestamp https://localhost:1 update/u.cose good1.bin'
step "as it was" test "$(said update/u.cose)" = "$before"
step "by a key that stands" hallmark verify update/u.cose
sequence() { hallmark inspect --json "$1" | sed 's/.*"sequence":\([0-9]*\).*/\1/'; }
later=$(sequence update/u.cose)
expect_output "1 signed again" "an early update is if somebody says so" hallmark resign incident --superseded update/early.cose
step "behind all others then" test "$(sequence update/early.cose)" -gt "$later"
step "somebody has looked at it" hallmark resign incident --in-doubt evil.bin
step "then it is good, too" hallmark verify evil.bin

# ---- destroyed before anybody knew ----

step "the valve's key is destroyed" hallmark key destroy $valve --reason "its time is over"
step "what it signed is good" hallmark verify valve.bin
expect_output "was destroyed before; its certificates are revoked" "but somebody had a copy" \
    sh -c 'exec hallmark compromise "$0" --since 1h --reason "a copy was seen" -o valve-incident 2>&1' $valve
expect_output destroyed "what was stated stands" state_of $valve
expect_refused "is revoked" "its signatures count no more" hallmark verify valve.bin
expect_output '"destroyed":true' "the report says so" cat valve-incident/report.json
step "the page, too" grep -q "was destroyed before" valve-incident/report.html
if need openssl "openssl's view of the list"; then
    step "the list has the reason" sh -c 'openssl crl -in valve-incident/valve.crl -inform DER -noout -text | grep -q "Key Compromise"'
fi
# One officer alone revokes a certificate: that bounds nobody's list.
said() { sed -n 's/.*"since":\([0-9]*\).*/\1/p' valve-incident/report.json; }
first=$(said)
stated() { openssl crl -in valve-incident/valve.crl -inform DER -noout -text | grep -A 1 "Invalidity Date" | tail -n 1; }
before=$(stated)
step "given again with an earlier time" hallmark compromise $valve --since 2h -o valve-incident
step "more is in doubt" test "$(said)" -lt "$first"
step "the revocation list says the earlier time" sh -c 'test -n "$0" && test "$(date -d "$1" +%s)" -lt "$(date -d "$0" +%s)"' \
    "$before" "$(stated)"
first=$(said)
step "with a later one" hallmark compromise $valve --since 5m -o valve-incident
step "what was said before stands" test "$(said)" = "$first"

# ---- programs, which hold their signatures ----

step "two more products" sh -c 'hallmark product add loader && hallmark product add menu'
cp /usr/lib/systemd/boot/efi/systemd-boot*.efi boot.efi && cp boot.efi twice.efi
step "programs, one of them for both" sh -c '
    hallmark sign --product loader boot.efi twice.efi && hallmark sign --product menu twice.efi'
step "the second one's key is stolen" hallmark compromise "$(signing_key menu)" --since always -o menu-incident
step "another follows" hallmark key rotate --product menu --algorithm rsa3072
cp twice.efi kept.efi
expect_refused "holds signatures by others" "what another signed, too, is left" hallmark resign menu-incident twice.efi
step "as it is" cmp twice.efi kept.efi
step "so is the first one's" hallmark compromise "$(signing_key loader)" --since always -o loader-incident
step "which is followed, too" hallmark key rotate --product loader --algorithm rsa3072
expect_refused "holds signatures by others" "it is no matter whose comes first" hallmark resign loader-incident --in-doubt twice.efi
expect_output "1 signed again" "what it signed alone is signed again" hallmark resign loader-incident --in-doubt boot.efi
step "by a key that stands" hallmark verify boot.efi

# ---- with the clock put back ----

# LeakSanitizer and AddressSanitizer would have to be loaded before it.
if sanitized; then
    skip "a clock that was put back" "the sanitizers do not go with faketime"
elif need faketime "a clock that was put back"; then
    step "a third product" hallmark product add drive
    cp evil.bin early.bin && cp evil.bin late.bin
    step "signs" hallmark sign --product drive early.bin
    sleep 1
    theft=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    echo more >more.bin
    step "another one does, after the theft" hallmark sign --product pump more.bin
    step "and the stolen key, a minute ago" faketime -f -60s "$HALLMARK" sign --product drive late.bin
    drive=$(signing_key drive)
    step "a signature of a minute before" sh -c '
        hallmark log search --product drive --type intent --until "$0" --json | grep -q "\"name\":\"late.bin\""' "$theft"
    step "the bad day" hallmark compromise "$drive" --since "$theft" -o drive-incident
    step "one is in doubt" test "$(number drive-incident in_doubt)" = 1
    step "the one that says that it is older" sh -c 'grep "\"in_doubt\":true" drive-incident/signatures.jsonl | grep -q late.bin'
    step "the other is not" sh -c 'grep "\"in_doubt\":false" drive-incident/signatures.jsonl | grep -q early.bin'
    if need python3 "another reader of the list"; then
        expect_output "good: 2 signatures" "another reader finds the same" \
            python3 "$root/tests/oracles/incident_checker.py" drive-incident office/log office/trust.pem
    fi
fi

# ---- with founders, and over HTTPS ----

serve_founders
printf 'rule all\n  request by carol\n  formats cms\n' >pump.policy
step "she signs the pump" as alice policy edit pump.policy --product pump $two
for i in 1 2; do echo "served $i" >served$i.bin; done
step "and does" as carol sign --product pump --release 3.0 served1.bin served2.bin
mkdir many && for i in $(seq 600); do echo $i >many/$i; done
step "and six hundred more, which are several pages of the log" sh -c 'exec hallmark sign --product pump --release 3.1 many/* --as carol.key >signed'
key=$(hallmark key list --product pump --json --as carol.key | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
expect_refused "takes the signatures of 2 officers, and has 1" "one officer does not call it stolen" \
    as carol compromise $key --since 1h --key alice.key -o served
step "and nothing is left of that" test ! -e served
mkdir served
expect_fault 2 "--key FILE is missing" "nor does nobody" as carol compromise $key --since 1h -o served
step "of a folder that was there nothing is left in it" sh -c 'test -d served && test -z "$(ls -A served)"'
little_room() { (trap '' XFSZ && ulimit -f 8 && "$@"); }
expect_fault 3 "the same command goes on with it" "two do, and there is no room for the list" \
    little_room as carol compromise $key --since 1h $two -o served --reason "seen elsewhere"
step "which is given again" as carol compromise $key --since 1h $two -o served --reason "seen elsewhere"
step "all of it is in doubt" test "$(number served in_doubt)" = 602
expect_output '"complete":true' "from here, too, the list lacks nothing" cat served/report.json
if need curl "the list, for everybody"; then
    step "everybody gets the revocation list" curl -fsS --cacert tls.pem -o fetched.crl $HALLMARK_OFFICE/crl/pump.crl
    step "which is the one in the folder" cmp fetched.crl served/pump.crl
fi
step "the next key" as carol key rotate --product pump
step "signs again what was looked at" as carol resign served --in-doubt served1.bin served2.bin
step "the roots" as carol trust export -o trust.pem
step "it verifies" hallmark verify --trust trust.pem --crl served/pump.crl served1.bin served2.bin
step "the stolen key is destroyed" as alice key destroy $key $two
first=$(number served since)
expect_output "which stands" "one officer does not move what two have stated of it" \
    sh -c 'exec hallmark compromise "$0" --since 3h -o served --as carol.key 2>&1' $key
step "as the report says" test "$(number served since)" = "$first"

# ---- a person, not a key ----

step "carol's laptop is gone" hallmark compromise carol --since 1h --key bob.key --as alice.key -o person
step "what she had signed is in doubt, and the three certificates that were made for her" test "$(number person in_doubt)" = 607
echo late >late.bin
expect_refused "carol" "nothing more is signed in her name" as carol sign --product pump late.bin
end_server
HALLMARK_OFFICE=governed
expect_refused "too few founders would be left" "a founder's theft is rehearsed: he cannot be spared" \
    hallmark compromise bob --since 1h --as alice.key --rehearse -o bob-rehearsed
step "the log is good" hallmark log check
step "and the office" hallmark office check
finish
