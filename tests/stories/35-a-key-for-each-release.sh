#!/bin/sh
# Keys that serve for a time, and keys that serve one release: made, certified, used, destroyed.
# shellcheck disable=SC2086,SC2154  # $release is one word, $two two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P2: a key for each release"

. "$root/tests/stories/served.sh"

step "an office" hallmark init --org "Example Devices" office
HALLMARK_OFFICE=office
export HALLMARK_OFFICE
step "with a product" hallmark product add pump
expect_refused "its keys serve without a limit" "which has no policy" hallmark policy show --product pump
echo 'key per release' >pump.policy
expect_status 1 "what a policy would change is shown" hallmark policy diff pump.policy --product pump
step "each of whose releases shall have a key of its own" hallmark policy edit pump.policy --product pump
expect_output "key per release" "as everybody can see" hallmark policy show --product pump
expect_output "is the policy of pump" "nothing would change now" hallmark policy diff pump.policy --product pump
expect_output "this office has no founders: who owns it signs" "and try" \
    hallmark policy test --product pump --requester me --format cms --release 1.0
expect_status 1 "it wants a release to be named" hallmark policy test --product pump --requester me --format cms
step "as is said" test "$(printf '%s\n' "$output" | tail -n 2)" = "no: each release has a key of its own, and none is named (--release)
denied"

keys_of() { hallmark key list --product pump --json | sed -n "/\"release\":\"$1\"/s/.*\"key\":\"\([0-9a-f]*\)\".*/\1/p"; }
state_of() { hallmark key list --json | sed -n "/\"key\":\"$1\"/s/.*\"state\":\"\([a-z-]*\)\".*/\1/p"; }

echo firmware >none.bin
expect_refused "name the release" "what names no release is not signed" hallmark sign --product pump none.bin
step "and nothing is there" test ! -e none.bin.p7s

for release in 1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9; do
    echo "firmware $release" >pump-$release.bin
    echo "bootloader $release" >boot-$release.bin
    step "release $release is signed" hallmark sign --product pump --release $release pump-$release.bin boot-$release.bin
    step "with one key" test "$(keys_of $release | wc -l)" = 1
    openssl pkcs7 -inform DER -in pump-$release.bin.p7s -print_certs 2>/dev/null |
        openssl x509 -noout -subject >subject 2>/dev/null
    step "whose certificate names it" grep -q "pump $release es256" subject
    step "then that is destroyed" hallmark key destroy --product pump --release $release --reason "$release is out"
done
hallmark key list --product pump --json | sed -n 's/.*"kid":"\([0-9a-f]*\)".*/\1/p' | sort >kids
step "no key is another's" test "$(sort -u kids | wc -l)" = "$(wc -l <kids)"
step "ten are destroyed" test "$(hallmark key list --product pump --json | grep -c '"state":"destroyed"')" = 10
step "the log says so ten times" test "$(hallmark log show --json --count 1000 | grep -c '"act":"key destroyed"')" = 10
if need pkcs11-tool "the token's own word"; then
    SOFTHSM2_CONF=office/token/softhsm2.conf pkcs11-tool --module "$(find /usr/lib -name libsofthsm2.so | head -1)" \
        --login --pin "$(cat office/token/pin)" --list-objects --type privkey >objects 2>/dev/null
    step "the token has root, log and product CA, and no other" test "$(grep -c 'ID:' objects)" = 3
fi
step "all of it verifies" hallmark verify pump-1.?.bin boot-1.?.bin
step "openssl agrees" openssl cms -verify -purpose any -binary -inform DER -in pump-1.3.bin.p7s -content pump-1.3.bin \
    -CAfile office/trust.pem -out /dev/null
step "no key of those signs any more" sh -c '! hallmark key list --product pump --json | grep "\"signs\":true"'
echo late >late.bin
expect_refused "is destroyed: 1.4 is out" "what is out is signed no more" hallmark sign --product pump --release 1.4 late.bin
expect_refused "destroyed does not become destroyed" "nor destroyed twice" hallmark key destroy --product pump --release 1.4
expect_refused "has no key of its own" "what never was has no key" hallmark key destroy --product pump --release 9.9
expect_fault 2 "which key" "a key is named somehow" hallmark key destroy --product pump

# ---- the theft of one is the theft of one release ----

echo two >two.bin && hallmark sign --product pump --release 2.0 two.bin >/dev/null
echo two >twoone.bin && hallmark sign --product pump --release 2.1 twoone.bin >/dev/null
step "the key of 2.0 was stolen" hallmark key compromise --product pump --release 2.0 --since 1h --reason "it was copied"
echo more >more.bin
expect_refused "is compromised: it was copied" "2.0 is signed no more" hallmark sign --product pump --release 2.0 more.bin
step "2.1 is as before" hallmark sign --product pump --release 2.1 more.bin
due() { hallmark status --product pump --json | sed -n 's/.*"due":"no-key-signs".*"release":"\([0-9.]*\)".*/\1/p' | tr '\n' ' '; }
expect_output "DUE: no key signs for release 2.0 of pump (es256) (hallmark key rotate --product pump --release 2.0" \
    "who looks is told" hallmark status
step "but not of releases that are done" test "$(due)" = "2.0 "
signing_releases() { hallmark key list --product pump --json | sed -n 's/.*"release":"\([0-9.]*\)".*"signs":true.*/\1/p' | tr '\n' ' '; }
step "which alone has a key that signs" test "$(signing_releases)" = "2.1 "
step "2.0 gets another key" hallmark key rotate --product pump --release 2.0
step "so have both" test "$(signing_releases)" = "2.1 2.0 "
step "and is signed again" hallmark sign --product pump --release 2.0 --replace two.bin
step "then nothing is due" test -z "$(due)"
echo two >twotwo.bin && hallmark sign --product pump --release 2.2 twotwo.bin >/dev/null
serial=$(hallmark cert list --product pump --json | sed -n "/\"key_id\":\"$(keys_of 2.2)\"/s/.*\"serial\":\"\([0-9a-f]*\)\".*/\1/p")
step "the certificate of 2.2 is revoked" hallmark cert revoke "$serial" --reason superseded
expect_refused "is revoked (hallmark key rotate --release makes" "2.2 is signed no more" \
    hallmark sign --product pump --release 2.2 --replace twotwo.bin
step "which is due" test "$(due)" = "2.2 "
step "until 2.2 is done" hallmark key destroy --product pump --release 2.2
step "then it is not" test -z "$(due)"

# ---- the whole of the bad day, of such a key ----

mkdir day && echo day >day/day.bin && hallmark sign --product pump --release 3.0 day/day.bin >/dev/null
rotate='hallmark key rotate --product pump --algorithm es256 --release 3.0'
expect_output "Next: $rotate, then hallmark resign incident FILE..." "what comes next names the release" \
    hallmark compromise "$(keys_of 3.0)" --since 1h -o incident
step "on the page as well" grep -q "(<code>$rotate</code>)" incident/report.html
expect_refused "($rotate)" "so does who begins with the second step" hallmark resign --in-doubt incident day/day.bin
step "what is said is done" $rotate
expect_output "1 signed again" "then it goes on" hallmark resign --in-doubt incident day/day.bin
step "and verifies" hallmark verify day/day.bin

# ---- its certificate is renewed by the release's name ----

expect_output "DUE: the signing certificate of pump 2.1 (es256) expires in" "what is due is told with its release" \
    hallmark status --product pump --within 2000d
expect_output "or key rotate, with --release 2.1)" "and how it is renewed" hallmark status --product pump --within 2000d
expect_output "DUE: the signing certificate of pump 2.0 (es256)" "each of them" hallmark status --product pump --within 2000d
expect_output '"product":"pump","release":"2.1"' "for machines, too" hallmark status --product pump --within 2000d --json
expect_refused "name the release" "a product whose releases have keys has none to renew" hallmark cert renew --product pump
step "that of one release is renewed" hallmark cert renew --product pump --release 2.1 --days 99
step "for so many days" sh -c 'hallmark cert export --product pump --release 2.1 -o renewed.pem &&
    openssl x509 -in renewed.pem -noout -subject | grep -q "pump 2.1" &&
    openssl x509 -in renewed.pem -noout -checkend $((98 * 86400)) && ! openssl x509 -in renewed.pem -noout -checkend $((100 * 86400))'
step "and the other's is as it was" sh -c 'hallmark cert export --product pump --release 2.0 -o other.pem &&
    openssl x509 -in other.pem -noout -subject | grep -q "pump 2.0" && openssl x509 -in other.pem -noout -checkend $((100 * 86400))'
expect_refused "pump 7.7 has no es256 certificate to renew" "of what was never signed there is none" \
    hallmark cert renew --product pump --release 7.7
expect_refused "pump 7.7 has no es256 signing certificate" "nor to be written" hallmark cert export --product pump --release 7.7
step "what was signed still verifies" hallmark verify twoone.bin

# ---- keys that serve for a time ----

step "a product" hallmark product add valve
printf 'rotate after 3 signatures\ncryptoperiod 5 signatures\n' >valve.policy
step "whose keys change" hallmark policy edit valve.policy --product valve
expect_refused "has no key of its own" "where releases have none, none is named" hallmark cert renew --product valve --release 1
for i in 1 2 3 4 5 6 7 8; do
    echo $i >valve$i.bin
    step "signature $i" hallmark sign --product valve valve$i.bin
done
step "the last of which has not signed so often" sh -c '! hallmark status --product valve | grep DUE'
step "took three keys" test "$(hallmark key list --product valve --json | grep -c '"role":"signing"')" = 3
echo 'cryptoperiod 1 signature' >valve.policy
step "the policy becomes strict" hallmark policy edit valve.policy --product valve
echo 9 >valve9.bin
expect_refused "lets a key of valve make 1" "a key beyond it signs nothing" hallmark sign --product valve valve9.bin
expect_output "DUE: the key of valve (es256) signs nothing any more, by the policy: it has made 2 signatures of 1" \
    "as who looks is told" hallmark status
expect_output '"signatures":2,"of":1' "in numbers" sh -c 'hallmark status --json | grep "\"due\":\"period-over\""'
step "nor is it the one that signs" sh -c '! hallmark key list --product valve | grep signs'
step "the next one does" sh -c 'hallmark key rotate --product valve && hallmark sign --product valve valve9.bin'
step "a product" hallmark product add meter
printf 'rotate after 9 signatures\ncryptoperiod 10 signatures\n' >meter.policy
step "whose keys sign ten times" hallmark policy edit meter.policy --product meter
mkdir meter && for i in 1 2 3 4 5 6 7 8; do echo $i >meter/$i; done
step "one signs eight times" hallmark sign --product meter meter/1 meter/2 meter/3 meter/4 meter/5 meter/6 meter/7 meter/8
step "nothing is due" sh -c '! hallmark status --product meter | grep DUE'
echo 9 >meter/9
step "and once more" hallmark sign --product meter meter/9
expect_output "has made 9 signatures of the 10 that the policy lets it make" "that is nearly all" hallmark status
expect_output '"due":"period-over-soon"' "for machines, too" hallmark status --json --product meter
expect_output ", 9 of 10 signatures made" "the list of keys counts, too" hallmark key list --product meter
expect_output '"signatures":9,"of":10}' "in numbers" hallmark product show meter --json
step "of what no policy limits it says nothing" sh -c '! hallmark key list --product pump | grep "signatures made"'
expect_output "was to be followed by another after 9 signatures, and has made 9" "and another's turn" hallmark status
expect_output '"due":"rotation-overdue"' "for them as well" hallmark status --json --product meter
echo 10 >meter/10
step "which the next signature makes" hallmark sign --product meter meter/10
step "then nothing is due" sh -c '! hallmark status --product meter | grep DUE'
expect_refused "earlier" "a key that ends before its successor comes is no policy" sh -c '
    printf "rotate after 9 days\ncryptoperiod 9 days\n" >bad && exec hallmark policy edit bad --product valve'
expect_refused "nobody whom rules could hold" "nor are rules, without founders" sh -c '
    printf "rule all\n  request by me\n  formats cms\n" >bad && exec hallmark policy edit bad --product valve'

# ---- what an earlier key of the product signed is its own, too ----

step "a product" hallmark product add drive
echo drive >drive.bin
step "signed" hallmark sign --product drive --release 1 drive.bin
step "then the key changes" hallmark key rotate --product drive
expect_output unchanged "the job that runs again has nothing to do" hallmark sign --product drive --release 1 drive.bin
expect_refused "was signed for release 1, not for 2" "another release is another signature" hallmark sign --product drive --release 2 drive.bin
echo newer >drive.bin
step "what was built anew is signed with the next key" hallmark sign --product drive --release 2 drive.bin
drive=$(hallmark key list --product drive --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p' | tail -n 1)
step "another" hallmark key rotate --product drive
step "and the one before was stolen" hallmark key compromise $drive --since 1h
expect_output "signed: cms" "then the job signs anew" hallmark sign --product drive --release 2 drive.bin
step "which verifies" hallmark verify drive.bin

# ---- no key without a certificate, and no half of a product ----

key_of_root=$(hallmark key list --json | sed -n '/"role":"root CA"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
count_keys() { hallmark key list --json | wc -l; }
keys=$(count_keys)
step "the root is suspended" hallmark key suspend $key_of_root
expect_refused "is suspended (hallmark key activate lets it sign)" "so nobody certifies a product's authority" hallmark product add gate
step "and it is no product" sh -c '! hallmark product list | grep -q gate'
expect_refused "is suspended (hallmark key activate lets it sign)" "nor one of timestamps" hallmark tsa enable --time-source none
step "no key was made for these" test "$(count_keys)" = "$keys"
step "the root signs again" hallmark key activate $key_of_root
step "and the product is added" hallmark product add gate
ca=$(hallmark cert list --product gate --json | sed -n '/"role":"product CA"/s/.*"serial":"\([0-9a-f]*\)".*/\1/p')
step "its authority's certificate is revoked" hallmark cert revoke $ca --reason superseded
keys=$(count_keys)
expect_refused "the authority of gate: " "which issues no others" hallmark key generate --product gate
expect_refused "the authority of gate: " "for no next key, either" hallmark key rotate --product gate
expect_refused "the authority of gate: " "nor for a signature" hallmark sign --product gate none.bin
step "and no key is made that it should certify" test "$(count_keys)" = "$keys"

# ---- an authority that is stolen has no next key ----

step "a product" hallmark product add lever
echo lever >lever.bin
step "signed" hallmark sign --product lever lever.bin
ca=$(hallmark key list --product lever --json | sed -n '/"role":"product CA"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
expect_output "Next: hallmark product add, and sign there" "whose authority is stolen is told what is next" \
    hallmark compromise "$ca" --since always -o authority
expect_refused "is about a product's authority" "nothing is signed again under it" hallmark resign authority lever.bin
expect_refused "hallmark product add" "but elsewhere" hallmark resign authority lever.bin
expect_refused revoked "what was signed is refused, indeed" hallmark verify lever.bin

step "office check finds everything in its place" hallmark office check
step "P9: and so does the log's" hallmark log check

# ---- the same over HTTPS, where two officers state what becomes of a key ----

serve_founders
printf 'key per release\ncryptoperiod 2 signatures\nrule all\n  request by carol\n  releases 3.*, 4.*\n  formats cms\n' >pump.policy
step "the policy says how keys serve, and whom" as alice policy edit pump.policy --product pump $two
served_key() { hallmark key list --product pump --json --as carol.key | sed -n "/\"release\":\"$1\"/s/.*\"key\":\"\([0-9a-f]*\)\".*/\1/p" | tail -n 1; }
served_state() { hallmark key list --product pump --json --as carol.key | sed -n "/\"key\":\"$1\"/s/.*\"state\":\"\([a-z-]*\)\".*/\1/p"; }
for release in 3.0 3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8 3.9; do
    echo "firmware $release" >served-$release.bin
    step "release $release is signed" as carol sign --product pump --release $release served-$release.bin
    step "two officers have its key destroyed" as alice key destroy --product pump --release $release $two
done
step "ten are destroyed" test "$(hallmark key list --product pump --json --as carol.key | grep -c '"state":"destroyed"')" = 10
expect_refused "is destroyed" "none of them signs again" as carol sign --product pump --release 3.4 --replace served-3.4.bin
step "the roots" as carol trust export -o trust.pem
step "all of it verifies" hallmark verify --trust trust.pem served-3.?.bin

echo a >a.bin && echo b >b.bin && echo c >c.bin
expect_refused "the policy of pump" "a release of which the policy says nothing is not signed" as carol sign --product pump --release 9.0 a.bin
step "and gets no key" test -z "$(served_key 9.0)"
expect_output "the policy of pump" "why is on record" hallmark log show --json --count 1 --as carol.key
step "another release" as carol sign --product pump --release 4.0 a.bin
fourth=$(served_key 4.0)
expect_refused "takes the signatures of 2 officers, and has 1" "one officer destroys nothing" as alice key destroy $fourth --key bob.key
step "one stops it" as alice key suspend $fourth --key bob.key
expect_output suspended "for now" served_state $fourth
expect_refused "is suspended" "it does not sign" as carol sign --product pump --release 4.0 b.bin
expect_refused "takes the signatures of 2 officers, and has 1" "one does not let it go again" as alice key activate $fourth --key bob.key
step "two do" as alice key activate $fourth $two
step "it signs" as carol sign --product pump --release 4.0 b.bin
expect_refused "lets a key of pump make 2" "and no more than it may" as carol sign --product pump --release 4.0 c.bin
step "the release gets another" as carol key rotate --product pump --release 4.0
step "which signs" as carol sign --product pump --release 4.0 c.bin
step "the first is at its end" as alice key deactivate $fourth --key alice.key
step "and stolen after all" as alice key compromise $fourth --since always $two --reason "an old backup"
step "and destroyed" as alice key destroy $fourth $two
expect_refused "what is destroyed does not become active" "for good" as alice key activate $fourth $two

# ---- a session that has begun goes on with its key, though others follow it meanwhile ----

printf 'rotate after 12 signatures\nrule all\n  request by carol\n  formats cms\n' >pump.policy
step "keys change after a dozen signatures" as alice policy edit pump.policy --product pump $two
mkdir many && for i in $(seq 200); do echo "many $i" >many/$i; done
step "two hundred files in one call" as carol sign --product pump --release 5.0 many/*
step "all are delivered" test "$(find many -name '*.p7s' | wc -l)" = 200
step "and verify" sh -c 'exec hallmark verify --trust trust.pem many/? many/?? many/???'
step "more than one key has signed since" test "$(hallmark key list --product pump --json --as carol.key | grep -c '"state":"active"')" -gt 3

end_server
HALLMARK_OFFICE=governed
step "P9: its log is good" hallmark log check
step "and the office" hallmark office check
finish
