#!/bin/sh
# How certificates end: renewed, revoked, and by revocation lists that every tool reads. Locally, in an office with
# founders, and through a server.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P5, P10: revoked and renewed"
. "$root/tests/stories/served.sh"

# of `cert list --json`: the member $2 of the lines that hold $1
of_list() { hallmark cert list --json | sed -n "/$1/s/.*\"$2\":\"\([0-9a-f]*\)\".*/\1/p"; }
signing='"role":"signing".*"current":true'

# ---- an office of one person ----

step "an office" hallmark init --org "Example Medical"
step "a product" hallmark product add pump
seq 1000 >a.bin
step "something is signed" hallmark sign --product pump a.bin
seq 20 >released.bin
step "and for a release" hallmark sign --product pump --release 1 released.bin
step "with an update" hallmark sign --product pump --format native --release 1 released.bin
step "which is packed" hallmark pack released.bin.cose released.bin --keep-chain -o update.pack
step "nothing is revoked, and nobody has asked for a list" test ! -e "$HALLMARK_OFFICE/crl"
expect_output "trust.pem: CN=Example Medical code signing root" "the roots, for others, and it says which" hallmark trust export -o trust.pem
expect_output "SHA-256 $(openssl x509 -in trust.pem -outform DER | sha256sum | cut -d ' ' -f 1); key of the log " "to a hair" \
    hallmark trust export -o trust.pem --replace
expect_output '{"output":"trust.pem","subject":"CN=Example Medical code signing root' "to programs, too" \
    hallmark trust export --json -o trust.pem --replace
step "but nothing beside the roots themselves" sh -c 'hallmark trust export >itself.pem && cmp itself.pem trust.pem'
expect_refused 'no revocation list of "pump CA"' "who wants lists must have them" hallmark verify --crl-required a.bin
expect_output '"revocation":"not judged"' "and otherwise it is said that there were none" hallmark verify --json a.bin
expect_output " of CN=pump CA,OU=pump,O=Example Medical, 0 revoked, next by 20" "the list of the product's authority" \
    hallmark cert crl --product pump -o pump.crl
step "nothing is beside a list that is printed" sh -c 'hallmark cert crl --product pump >itself.crl && cmp itself.crl pump.crl'
step "the list of the root, in DER" hallmark cert crl --der -o root.der
step "the files of the office are the same" cmp root.der "$HALLMARK_OFFICE/crl/root.crl"
mkdir unpacked
expect_refused 'no revocation list of "Example Medical code signing root' "to unpack, too, one that is wanted must be there" \
    hallmark unpack update.pack --trust trust.pem --crl pump.crl --crl-required -C unpacked
expect_refused 'no revocation list of "Example Medical code signing root' "and to publish" \
    hallmark publish --product pump --release 1 --trust trust.pem --crl pump.crl --crl-required released.bin
expect_output '"revocation":"judged"' "by both everything can be judged" \
    hallmark verify --json --trust trust.pem --crl pump.crl --crl root.der --crl-required a.bin
expect_output '"revocation":"partly judged"' "by one a part" hallmark verify --json --trust trust.pem --crl pump.crl a.bin
cp pump.crl first.crl
step "as long as it is true, it is the same list" hallmark cert crl --product pump -o pump.crl --replace
expect_same first.crl pump.crl "byte for byte"
expect_output '{"output":"second.crl","issuer":"CN=pump CA,' "unless another one is wanted" \
    hallmark cert crl --json --product pump --renew --days 30 -o second.crl
number_of() { openssl crl -in "$1" -noout -crlnumber | sed 's/.*=//'; }
expect_output "second.crl: revocation list $(($(number_of second.crl))) of " "it says which it is" \
    hallmark cert crl --product pump -o second.crl --replace
step "its number is higher" sh -c 'test $(($1)) -gt $(($0))' "$(number_of first.crl)" "$(number_of second.crl)"
expect_fault 2 "1 to 3660" "not for ever" hallmark cert crl --product pump --days 4000

# ---- renewed ----

before=$(of_list "$signing" serial)
step "the certificate is renewed" hallmark cert renew --product pump --days 200
step "it is another one" test "$(of_list "$signing" serial)" != "$before"
expect_output "$before" "the one before is on record still" hallmark cert list
key=$(hallmark key list --json | sed -n 's/.*"key":"\([0-9a-f]*\)","algorithm":"es256","role":"signing".*/\1/p')
step "both are of one key, one of them current" test "$(hallmark cert list | sed -n "s/^  key $key, //p" | tr '\n' ';')" = "current, signs;replaced;"
step "as machines are told" test "$(hallmark cert list --json | sed -n "s/.*\"current\":\([a-z]*\).*\"key_id\":\"$key\".*/\1/p" | tr '\n' ';')" = "true;false;"
step "and what stands there is not too wide" sh -c '! { hallmark key list && hallmark cert list; } | grep -E "^.{101}"'
step "what it signed verifies" hallmark verify a.bin
cp a.bin b.bin
step "what is signed now" hallmark sign --product pump b.bin
spki_of() { openssl pkcs7 -inform DER -in "$1" -print_certs | openssl x509 -noout -pubkey; }
step "is by the same key" test "$(spki_of a.bin.p7s)" = "$(spki_of b.bin.p7s)"
expect_fault 2 "460 days at most" "by the CA/Browser Forum's profile not for so long" \
    hallmark cert renew --product pump --profile cab-code-signing --days 500
expect_fault 2 "there is cab-code-signing" "there is one profile" hallmark cert renew --product pump --profile tls
expect_refused "no rsa3072 certificate to renew" "what there is not is not renewed" \
    hallmark cert renew --product pump --algorithm rsa3072
expect_refused "there is no product fridge" "nor of a product that there is not" hallmark cert renew --product fridge

# Said once, in the policy, it holds for every certificate that follows.
standing=$HALLMARK_OFFICE
HALLMARK_OFFICE=lamps
step "another office" hallmark init --org "Example Lamps" lamps
step "a product of two algorithms" hallmark product add lamp --algorithm es256 --algorithm ed25519
echo 'certificates cab-code-signing' >lamp.policy
step "whose certificates are to be by that profile" hallmark policy edit lamp.policy --product lamp
lives() { hallmark cert list --product lamp --json | sed -n 's/.*"role":"signing".*"not_before":\([0-9]*\),"not_after":\([0-9]*\).*/\1 \2/p' | awk '{print ($2 - $1 + 1) / 86400}' | tail -n 1; }
step "a key is made" hallmark key generate --product lamp --algorithm es256
step "it is certified for 460 days" test "$(lives)" = 460
step "and so is the next" sh -c 'hallmark key rotate --product lamp --algorithm es256'
step "for as long" test "$(lives)" = 460
step "less is taken" hallmark cert renew --product lamp --algorithm es256 --days 90
expect_refused "lets a certificate of lamp live 460 days" "more is not" hallmark cert renew --product lamp --algorithm es256 --days 461
expect_refused "cab-code-signing: RSA from 3072 bits, or ECDSA" "nor another kind of key" \
    hallmark key generate --product lamp --algorithm ed25519
if need openssl "a list that a certificate names" && need python3 "a list that a certificate names"; then
    mkdir crls
    python3 -u -m http.server 0 --bind 127.0.0.1 --directory crls >crls.out 2>/dev/null &
    lists=$!
    within 10 grep -q "port [0-9]" crls.out
    address=http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' crls.out)/lamp.crl
    echo "revocation list at $address" >>lamp.policy
    step "the policy names the list" hallmark policy edit lamp.policy --product lamp
    step "and so does the next certificate" hallmark cert renew --product lamp --algorithm es256
    step "as openssl reads it" sh -c 'hallmark cert export --product lamp --algorithm es256 >lamp.pem && openssl x509 -in lamp.pem -noout -text | grep -q "URI:$0"' "$address"
    step "the list is put there" hallmark cert crl --product lamp --der -o crls/lamp.crl
    download() { openssl verify -crl_check -crl_download -purpose any -CAfile lamps/trust.pem -untrusted lamp.pem lamp.pem; }
    expect_output "lamp.pem: OK" "openssl fetches it, and finds the certificate good" download
    now=$(hallmark cert list --product lamp --json | sed -n '/"current":true/s/.*"serial":"\([0-9a-f]*\)".*/\1/p' | tail -n 1)
    step "it is revoked" hallmark cert revoke "$now" --reason superseded
    step "and the next list put there" hallmark cert crl --product lamp --der -o crls/lamp.crl --replace
    expect_fault 2 "certificate revoked" "then it is not" download
    kill $lists && wait $lists 2>/dev/null
fi
step "which is not even made" sh -c '! hallmark key list --product lamp | grep ed25519'
HALLMARK_OFFICE=$standing

# ---- revoked ----

expect_fault 2 "why?" "a revocation has a reason" hallmark cert revoke "$before"
expect_fault 2 "there are superseded" "one of a few" hallmark cert revoke "$before" --reason because
expect_refused "a key's matter" "a stolen key is more than that" hallmark cert revoke "$before" --reason key-compromise
expect_refused "there is no certificate" "nobody's certificate" hallmark cert revoke 0123456789abcdef --reason superseded
expect_fault 2 "first 8 digits" "a few digits are too few" hallmark cert revoke 0123 --reason superseded
root=$(of_list '"role":"root CA"' serial)
expect_refused "a root is not revoked" "a root cannot say that it is none" hallmark cert revoke "$root" --reason superseded
expect_fault 2 "has not been yet" "nor was it bad in the future" \
    hallmark cert revoke "$before" --reason superseded --since 2999-01-01T00:00Z
step "the one before is revoked" hallmark cert revoke "$before" --reason superseded --since 1h
expect_output "certificate revoked, product pump, serial $before, superseded, by " "the log says which, and why" hallmark log show
expect_output "serial $before, superseded" "and is found by the key that it was of" hallmark log search --key "$key"
expect_refused "revoked already" "once" hallmark cert revoke "$before" --reason superseded
expect_refused "revoked already" "in OpenSSL's capitals, too" \
    hallmark cert revoke "$(echo "$before" | tr a-f A-F)" --reason superseded
expect_output "REVOKED on" "as the list of certificates says" hallmark cert list
expect_refused "is revoked since" "what it signed is refused at once" hallmark verify a.bin
expect_refused "(superseded)" "with the reason" hallmark verify a.bin
step "what the next one signed is not" hallmark verify b.bin
step "who has the old list does not know it" hallmark verify --trust trust.pem --crl second.crl a.bin
step "the new list" hallmark cert crl --product pump -o third.crl
expect_refused "is revoked since" "an update of it is not unpacked" hallmark unpack update.pack -C unpacked
expect_refused "is revoked since" "nor elsewhere, with the list" \
    hallmark unpack update.pack --trust trust.pem --crl third.crl -C unpacked
step "nothing of it is there" test -z "$(ls -A unpacked)"
step "who has no list does not know it" hallmark unpack update.pack --trust trust.pem -C unpacked
expect_refused "is revoked since" "nor is it published" hallmark publish --product pump --release 1 released.bin
expect_refused "is revoked since" "with whichever roots" \
    hallmark publish --product pump --release 1 --trust trust.pem --crl third.crl released.bin
step "nothing is published" test ! -e "$HALLMARK_OFFICE/published/pump/1"
expect_refused "is revoked since" "says so" hallmark verify --trust trust.pem --crl third.crl a.bin
expect_refused "is revoked since" "whichever stands first: the higher number counts" \
    hallmark verify --trust trust.pem --crl third.crl --crl second.crl a.bin
expect_refused "no revocation list in it" "a file of roots is none" \
    hallmark verify --trust trust.pem --crl "$HALLMARK_OFFICE/trust.pem" a.bin
step "the log holds" hallmark log check
cp "$HALLMARK_OFFICE/crl/pump.crl" newest.crl
openssl crl -in second.crl -outform DER -out "$HALLMARK_OFFICE/crl/pump.crl"
expect_refused "is not the newest" "and tells of a list that was put back" hallmark log check
step "which is made again when it is asked for" hallmark cert crl --product pump -o fourth.crl
step "and the log holds" hallmark log check

# ---- what other tools say ----

openssl pkcs7 -inform DER -in a.bin.p7s -print_certs -out a.pem
openssl pkcs7 -inform DER -in b.bin.p7s -print_certs -out b.pem
openssl x509 -in a.pem -out a-leaf.pem
openssl x509 -in b.pem -out b-leaf.pem
hallmark cert export --product pump -o chain.pem
sed -n '/BEGIN/,$p' trust.pem >root.pem
openssl crl -inform DER -in "$HALLMARK_OFFICE/crl/root.crl" -out root.crl
cat fourth.crl root.crl >both.crl
cat chain.pem root.pem >cas.pem
step "openssl verifies our lists" sh -c 'openssl crl -in fourth.crl -noout -CAfile cas.pem -verify 2>&1 | grep -q "verify OK"'
verified() { openssl verify -purpose any -CAfile root.pem -untrusted chain.pem -CRLfile both.crl "$@"; }
step "openssl finds the new certificate good" verified -crl_check b-leaf.pem
step "and its whole chain" verified -crl_check_all b-leaf.pem
expect_fault 2 "certificate revoked" "openssl finds the old one revoked" verified -crl_check a-leaf.pem
expect_fault 2 "certificate revoked" "and so by the chain" verified -crl_check_all a-leaf.pem
expect_fault 2 "unable to get certificate CRL" "openssl, too, cannot judge the chain by one list" \
    openssl verify -purpose any -CAfile root.pem -untrusted chain.pem -CRLfile fourth.crl -crl_check_all b-leaf.pem
later=$(($(date +%s) + 40 * 86400))
expect_fault 2 "CRL has expired" "nor by one that is stale" \
    openssl verify -attime $later -purpose any -CAfile root.pem -untrusted chain.pem -CRLfile fourth.crl -crl_check b-leaf.pem

# ---- what is due ----

expect_output "expires in" "sooner, if that is wanted" hallmark status --within 300d
step "today nothing is due" sh -c '! hallmark status | grep -q DUE'
expect_fault 2 "90d or 36h" "a time has a unit" hallmark status --within soon
hallmark cert crl --product pump --days 3 -o short.crl
expect_output "DUE: the revocation list of pump is stale in" "a list that is stale soon" hallmark status
expect_output '"due":"soon-stale"' "is told of" hallmark status --json
hallmark cert crl --product pump --days 90 -o fourth.crl --replace
cat fourth.crl root.crl >both.crl
hallmark cert renew --product pump --days 20 >/dev/null
expect_output "DUE: the signing certificate of pump (es256) expires in" "a certificate that expires soon" hallmark status
expect_output '"due":"expires-soon"' "too" hallmark status --json --product pump
step "a second product" hallmark product add frame
expect_output "no requests for frame" "of which nothing is asked for" hallmark status --product frame
step "of which nothing is due" sh -c '! hallmark status --product frame | grep -q DUE'
expect_refused "there is no product fridge" "one that there is not is not taken for one without requests" \
    hallmark status --product fridge
expect_refused "there is no product fridge" "whatever is asked of it" hallmark status --product fridge --open --json

# A driver, as Windows' tools see it.
pe=$(find /usr/lib/systemd/boot /usr/lib/python3* -name '*.efi' -o -name 't64.exe' 2>/dev/null | head -n 1)
if [ -z "$pe" ]; then
    skip "osslsigncode judges by our lists" "there is no PE file here"
elif need osslsigncode "osslsigncode judges by our lists"; then
    cp "$pe" driver.exe
    step "a driver is signed" hallmark sign --product pump driver.exe
    serial=$(hallmark cert list --json | sed -n '/"key":"RSA 3072".*"role":"signing"/s/.*"serial":"\([0-9a-f]*\)".*/\1/p')
    step "osslsigncode accepts a driver by our lists" \
        osslsigncode verify -CAfile root.pem -CRLfile both.crl -in driver.exe
    step "we do" hallmark verify driver.exe
    step "its certificate is revoked" hallmark cert revoke "${serial:-none}" --reason cessation-of-operation
    hallmark cert crl --product pump -o fifth.crl
    cat fifth.crl root.crl >both.crl
    expect_refused "cessation-of-operation" "we refuse it" hallmark verify driver.exe
    step "osslsigncode refuses it" sh -c '! osslsigncode verify -CAfile root.pem -CRLfile both.crl -in driver.exe >refusal 2>&1 && grep -qi revoked refusal'
fi

# ---- what was stamped before stays good ----

hallmark cert renew --product pump >/dev/null
expect_output "own authority" "the office stamps" sh -c 'hallmark tsa enable --time-source none >/dev/null 2>&1 && echo its own authority'
cp a.bin stamped.bin
step "something is signed and stamped" hallmark sign --product pump --timestamp office stamped.bin
sleep 2.1
serial=$(hallmark cert list --json | sed -n '/"key":"ECDSA P-256","role":"signing"/s/.*"serial":"\([0-9a-f]*\)".*/\1/p')
step "a second later its certificate became bad" hallmark cert revoke "$serial" --reason privilege-withdrawn --since 1s
expect_output "and REVOKED since" "what was stamped before is good" hallmark verify stamped.bin
expect_output '"revoked_reason":"privilege-withdrawn"' "and machines are told, too" hallmark verify --json stamped.bin
expect_refused "its certificate is revoked" "nothing more is signed with it" hallmark sign --product pump --timestamp office b.bin --replace
expect_output "no key signs" "as the status says" hallmark status
expect_output ", certificate revoked" "and the list of keys" hallmark key list --product pump
expect_output '"certificate_revoked":true' "for machines, too" hallmark key list --product pump --json
expect_output "  key $key, revoked" "nor is it current in the list of certificates" hallmark cert list --product pump
cp stamped.bin.p7s kept.p7s
# NSS compares the date that it judges by with the list's, as we do; OpenSSL and osslsigncode do not.
if need vfychain "NSS judges by the date"; then
    openssl pkcs7 -inform DER -in stamped.bin.p7s -print_certs | openssl x509 -out stamped-leaf.pem
    # The product's authority is the last of its chain.
    tac chain.pem | sed '/BEGIN/q' | tac >authority.pem
    mkdir nss
    certutil -N -d sql:nss --empty-password
    certutil -A -d sql:nss -n root -t CT,C,C -a -i root.pem
    certutil -A -d sql:nss -n authority -t ,, -a -i authority.pem
    step "NSS takes our lists" sh -c 'crlutil -I -d sql:nss -i "$0/pump.crl" && crlutil -I -d sql:nss -i "$0/root.crl"' "$HALLMARK_OFFICE/crl"
    in_nss() { vfychain -d sql:nss -u 6 -b "$(date -u -d "$1" +%y%m%d%H%MZ)" -a stamped-leaf.pem; }
    step "NSS finds the certificate good for what was signed before" in_nss "-2 minutes"
    expect_fault 1 "has been revoked" "and revoked for what is signed now" in_nss "+1 minute"
fi
step "until it is renewed" hallmark cert renew --product pump
cp a.bin late.bin
step "then another file" hallmark sign --product pump --timestamp office late.bin
serial=$(hallmark cert list --json | sed -n '/"key":"ECDSA P-256","role":"signing"/s/.*"serial":"\([0-9a-f]*\)".*/\1/p')
step "whose certificate was bad before it was stamped" hallmark cert revoke "$serial" --reason privilege-withdrawn --since 1h
expect_refused "not certain to be after the time of the timestamp" "is refused: its timestamp does not help" hallmark verify late.bin
expect_output "and REVOKED since" "the first one stays good" hallmark verify stamped.bin
hallmark cert renew --product pump >/dev/null
hallmark cert crl --product pump -o fourth.crl --replace

# ---- the certificate that timestamps are made with ----

stamping=$(of_list '"role":"timestamping".*"current":true' serial)
step "it is revoked" hallmark cert revoke "$stamping" --reason superseded
expect_output "DUE: the office gives no timestamps" "a person should know" hallmark status
expect_output "(hallmark tsa enable makes another key)" "and what helps" hallmark status
expect_output '"due":"no-timestamps"' "machines as well" hallmark status --json
cp a.bin unstamped.bin
expect_fault 3 "is revoked (hallmark tsa enable makes another key)" "who wants one is told the same" \
    hallmark sign --product pump --timestamp office unstamped.bin
expect_refused "is revoked (hallmark tsa enable makes another key)" "and who looks" hallmark tsa show
step "an authority that is not wanted is not missed" hallmark tsa disable
step "as the status says" sh -c '! hallmark status | grep "no timestamps"'
step "enabled, it has another key" hallmark tsa enable --time-source none
expect_output "stamps:      yes" "and stamps" hallmark tsa show
step "as before" hallmark sign --product pump --timestamp office unstamped.bin
step "nothing is missed any more" sh -c '! hallmark status | grep "no timestamps"'
step "enabled once more, it keeps that key" hallmark tsa enable --time-source none
step "so there are two" test "$(hallmark key list --json | grep -c '"role":"timestamping"')" = 2

# ---- lists of others ----

mkdir other
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other/ca.key -out other/ca.pem -days 30 \
    -subj "/O=Example Medical/OU=pump/CN=pump CA" 2>/dev/null
cat >other/ca.cnf <<'CNF'
[ca]
default_ca = one
[one]
database = other/index.txt
crlnumber = other/number
default_md = sha256
default_crl_days = 9
crl_extensions = ext
[ext]
authorityKeyIdentifier = keyid
[plain]
[delta]
2.5.29.27 = critical,ASN1:INTEGER:1
CNF
: >other/index.txt
echo ffff >other/number
# list NAME EXTENSIONS
list() { openssl ca -config other/ca.cnf -gencrl -keyfile other/ca.key -cert other/ca.pem -crlexts "$2" -out "$1" 2>/dev/null; }
list other.crl ext
list nameless.crl plain
list delta.crl delta
step "somebody's list in the name of our authority says nothing about ours" \
    hallmark verify --trust trust.pem --crl fourth.crl --crl other.crl b.bin
expect_refused "was not signed by it" "one that names no key is taken for a forgery" \
    hallmark verify --trust trust.pem --crl fourth.crl --crl nameless.crl b.bin
expect_refused "delta" "a delta is no list" hallmark verify --trust trust.pem --crl delta.crl b.bin
expect_fault 3 "No such file" "a list that is not there is no list" hallmark verify --trust trust.pem --crl none.crl b.bin

# ---- a backup ----

step "a backup" hallmark office backup copy
step "has the lists" cmp copy/crl/pump.crl "$HALLMARK_OFFICE/crl/pump.crl"
step "and is in order" hallmark office check copy

# ---- an office with founders, served ----

need curl "what curl sees" || finish
for who in alice bob; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "a certificate for the server" make_tls_certificate
folder=$scratch/governed
step "an office with founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub "$folder"
step "it is served" serve_office "$folder" --metrics 127.0.0.1:0 --drain 1
url=https://localhost:$port
until_port "hallmarkd: http://127.0.0.1:"
metrics=http://127.0.0.1:$port
HALLMARK_OFFICE=$url
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA
as() {
    key=$1
    shift
    hallmark "$@" --as "$key.key"
}
get() { curl -s --cacert tls.pem "$@"; }
for who in carol dave; do
    step "$who" hallmark principal keygen $who.key
    step "is somebody in it" as alice principal add $who --public-key $who.key.pub $two
done
step "carol makes products" as alice grant add carol administrator $two
step "a drive" as carol product add drive
step "she sees to its keys" as alice grant add carol key-officer --product drive $two
step "dave signs" as alice grant add dave requester --product drive $two
printf 'rule all\n  request by dave\n  formats cms\n' >drive.policy
step "by a policy" as alice policy edit drive.policy --product drive $two
seq 7 >c.bin
step "a signature" as dave sign --product drive c.bin
step "the roots" as carol trust export -o drive.pem
step "there is no list yet" sh -c 'test "$(curl -s --cacert tls.pem -o none -w "%{http_code}" "$0/crl/drive.crl")" = 404' "$url"
expect_refused "key-officer" "dave revokes nothing" as dave cert revoke \
    "$(as carol cert list --json | sed -n '/"role":"signing"/s/.*"serial":"\([0-9a-f]*\)".*/\1/p')" --reason superseded
expect_refused "key-officer" "renews nothing" as dave cert renew --product drive
expect_refused "key-officer" "and has no lists made anew" as dave cert crl --product drive --renew
step "but may ask for the one there is" as dave cert crl --product drive -o drive.crl
step "carol renews" as carol cert renew --product drive --profile cab-code-signing
old=$(as carol cert list --json | sed -n '/"current":false/s/.*"serial":"\([0-9a-f]*\)".*/\1/p')
step "and revokes" as carol cert revoke "$old" --reason superseded
step "curl has the list, without a word about who asks" sh -c \
    'test "$(curl -s --cacert tls.pem -D heads -o list.der -w "%{http_code}" "$0/crl/drive.crl")" = 200' "$url"
step "of its type" grep -qi '^content-type: application/pkix-crl' heads
tag=$(tr -d '\r' <heads | sed -n 's/^[Ee][Tt]ag: //p')
step "once is enough" sh -c 'test "$(curl -s --cacert tls.pem -o none -w "%{http_code}" -H "If-None-Match: $1" "$0/crl/drive.crl")" = 304' "$url" "$tag"
step "with the revocation in it" sh -c 'openssl crl -inform DER -in list.der -noout -text | tr A-F a-f | grep -q "$0"' "$old"
expect_refused "is revoked since" "what the old one signed is refused by it" \
    hallmark verify --trust drive.pem --crl list.der c.bin
key=$(as carol key list --product drive --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
step "two officers state a theft" as alice key compromise "$key" $two --since 1h
expect_refused "is compromised" "no new certificate for such a key" as carol cert renew --product drive
step "all of its certificates are in the list at once" sh -c \
    'curl -s --cacert tls.pem "$0/crl/drive.crl" | openssl crl -inform DER -noout -text >now.txt; test "$(grep -c "Key Compromise" now.txt)" = 2 && test "$(grep -c "Invalidity Date" now.txt)" = 2' "$url"
expect_output "key-compromise" "and officers see it" as alice cert list
step "there is no way up" sh -c 'test "$(curl -s --cacert tls.pem --path-as-is -o none -w "%{http_code}" "$0/crl/../office.db")" = 404' "$url"
# They are asked for every few seconds.
step "metrics tell when certificates end" within 60 sh -c \
    'curl -s "$0/metrics" | grep -q "^hallmark_certificate_expiry_seconds{product=\"drive\",role=\"product CA\",algorithm=\"rsa3072\"} [1-9]"' "$metrics"
end_server
HALLMARK_OFFICE=$folder
export HALLMARK_OFFICE
step "the log holds" hallmark log check
finish
