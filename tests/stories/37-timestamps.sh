#!/bin/sh
# A timestamping authority (RFC 3161) says when a signature was there; so it counts when its certificate has expired. The authority is
# believed in nothing: each lie is found, and a file is signed with a good timestamp or not at all.
. "$(dirname "$0")/lib.sh"
story "A timestamp outlives the certificate"

# Certificates of any age, by openssl's CA. make NAME ISSUER SECTION FROM UNTIL
mkdir "$scratch/ca"
cat >"$scratch/ca/config" <<END
[ca]
default_ca = one
[one]
new_certs_dir = $scratch/ca
database = $scratch/ca/index
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[signing]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, codeSigning
[tsa]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[both]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping, codeSigning
[uncritical]
keyUsage = critical, digitalSignature
extendedKeyUsage = timeStamping
END
: >"$scratch/ca/index"
make() {
    (
        cd "$scratch/ca" || exit 1
        openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
        if [ "$1" = "$2" ]; then by="-selfsign -keyfile $1.key"; else by="-cert $2.pem -keyfile $2.key"; fi
        # shellcheck disable=SC2086  # several words
        openssl ca -batch -notext -config config $by -in "$1.csr" -out "$1.pem" -extensions "$3" \
            -startdate "${4}0101000000Z" -enddate "${5}0101000000Z"
    ) >/dev/null 2>"$scratch/errors" || fails "the certificate $1 is made" "$(cat "$scratch/errors")"
}
make root root root 2015 2080
make tsa-root tsa-root root 2015 2080
make other-root other-root root 2015 2080
make tsa tsa-root tsa 2015 2080
make gone tsa-root tsa 2015 2022
make both tsa-root both 2015 2080
make uncritical tsa-root uncritical 2015 2080
make signing tsa-root signing 2015 2080
make stranger other-root tsa 2015 2080
make expired root signing 2020 2024
make current root signing 2020 2080
tsa_root=$scratch/ca/tsa-root.pem

python3 "$root/tests/stories/tsa.py" "$scratch/ca" >port 2>"$scratch/tsa.log" &
tsa=$!
trap 'kill $tsa 2>/dev/null || :; end_story' EXIT
while [ ! -s port ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat port)

cp /usr/lib/systemd/boot/efi/systemd-boot*.efi boot.efi
cp boot.efi plain.efi
echo firmware >firmware.bin
mkdir recipes
echo "mix 3 min" >recipes/paste.txt
step "an office is made" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "the roots are exported" hallmark trust export -o roots.pem

stamped() { hallmark sign --product pump --tsa-trust "$tsa_root" "$@"; }
expect_output "timestamped" "what is signed is timestamped" stamped --timestamp "$url/good" boot.efi firmware.bin recipes
expect_output " UTC by tsa" "verify says when, and by whom" \
    hallmark verify --tsa-trust "$tsa_root" boot.efi firmware.bin recipes
expect_output "does not count: certificate \"tsa\" does not lead to a trusted root" "but of whom is for the user to say" \
    hallmark verify firmware.bin
expect_output "policy: 1.3.6.1.4.1.99999.1, serial: 01" "inspect tells what the timestamp says" hallmark inspect boot.efi
expect_output '"timestamp":{"standing":"good"' "and verify tells machines" \
    hallmark verify --json --tsa-trust "$tsa_root" firmware.bin

python3 "$root/tests/stories/stamp_of.py" firmware.bin.p7s token value
step "openssl ts verifies the token over the signature" \
    openssl ts -verify -token_in -in token -data value -CAfile "$tsa_root"
python3 "$root/tests/stories/stamp_of.py" recipes/SHA256SUMS.p7s token value
step "and a catalogue's" openssl ts -verify -token_in -in token -data value -CAfile "$tsa_root"
step "openssl cms verifies the signature as before" openssl cms -verify -binary -purpose any -CAfile roots.pem \
    -inform DER -in firmware.bin.p7s -content firmware.bin -out /dev/null
if need osslsigncode "osslsigncode verifies what was stamped"; then
    expect_output "Timestamp Server Signature verification: ok" "osslsigncode verifies what was stamped" \
        osslsigncode verify -CAfile roots.pem -TSA-CAfile "$tsa_root" -in boot.efi
fi

echo "next" >next.bin
step "the authority of openssl ts stamps, too" stamped --timestamp "$url/ts" next.bin
step "and its token is good" sh -c "hallmark verify --tsa-trust $tsa_root next.bin | grep -q timestamped"
echo "old" >old.bin
step "so does one that names its certificate by SHA-1" stamped --timestamp "$url/ts/sha1" old.bin

# Fail-over.
echo "second" >second.bin
expect_output "timestamped" "the second authority stamps when the first is down, and the third when that refuses" \
    stamped --timestamp http://127.0.0.1:9/tsa --timestamp "$url/status-2" --timestamp "$url/good" second.bin
printf '%s\n' "$errors" >said
expect_output "2" "what failed is told, a line each" grep -c "^second.bin: timestamp: http" said
step "in the authority's own words, made harmless" \
    grep -q 'digest algorithm is not known to it, in its words: no, .x1bthank you' said
expect_output '"timestamp_failures":["' "machines are told, too" \
    stamped --json --replace --timestamp "$url/status-2" --timestamp "$url/good" second.bin
echo "third" >third.bin
expect_output "timestamped" "authorities come from the environment" \
    env HALLMARK_TIMESTAMP="$url/http-503 $url/good" hallmark sign --product pump third.bin
expect_fault 2 "neither a URL" "what is no URL is wrong usage" hallmark sign --product pump --timestamp nonsense third.bin
expect_fault 2 "devices have no clock" "an update's envelope has no timestamp" \
    hallmark sign --product pump --format native --release 1.0 --timestamp "$url/good" third.bin

# Lies. Nothing is written.
lie() {
    cp plain.efi lie.efi
    echo "$1" >lie.bin
    for file in lie.efi lie.bin; do
        expect_fault 3 "no authority gave a good timestamp" "$2 ($file)" stamped --timestamp "$url/$1" "$file"
        if cmp -s plain.efi lie.efi && [ ! -e lie.bin.p7s ] && grep -q "$3" "$scratch/errors"; then
            passes "and nothing was written, for that reason"
        else
            fails "and nothing was written, for that reason" "$(cat "$scratch/errors")"
        fi
    done
}
lie imprint "refuses a timestamp of something else" "it is of another signature"
lie sha1 "refuses an imprint by SHA-1" "SHA-1 is too weak"
lie nonce "refuses an answer to another question" "its nonce is not"
lie no-nonce "refuses an answer without the nonce" "its nonce is not"
lie again "refuses the answer of the last time" "another"
lie version "refuses another version" "version 2 is not understood"
lie status-2 "an authority that refuses is told of" "it refuses"
lie status-5 "an authority that was revoked is told of" "it has been revoked"
lie name "refuses an authority that names another" "names is not the one"
lie critical "refuses a critical extension that is not known" "critical extension"
lie no-binding "refuses a token that does not name its certificate" "by which certificate"
lie no-cert "refuses a token without its certificate" "certificate is not in the signature"
lie data "refuses a token that signs plain data" "something else than a time"
lie at-+86400 "refuses tomorrow" "lies in the future"
lie at--86400 "refuses yesterday" "its time has passed"
lie by-signing "refuses a certificate for signing code" "not for time stamping"
lie by-both "refuses a certificate for more than time stamping" "time stamping alone"
lie by-uncritical "refuses a purpose that is not critical" "not critical"
lie by-gone "refuses a certificate that has expired" "expired on 2022"
lie by-stranger "refuses a stranger" "does not lead to a trusted root"
lie cut "refuses half of an answer" "timestamp: http"
lie junk "refuses a web page" "the authority's answer"
lie http-500 "an HTTP error is told" "HTTP status 500"
lie endless "refuses an answer without an end" "longer than 65536 bytes"
echo gone >gone.bin
expect_fault 3 "certificate was not valid then" "also of an authority whose root nobody named" \
    hallmark sign --product pump --timestamp "$url/by-gone" gone.bin
step "and nothing was written" test ! -e gone.bin.p7s
echo slow >slow.bin
expect_fault 3 "no authority gave" "does not wait for ever" stamped --timestamp "$url/slow" slow.bin

# The office's own authority.
step "the office stamps, too" hallmark tsa enable --time-source none
echo "own" >own.bin
expect_output "timestamped" "its authority is asked without a network" \
    hallmark sign --product pump --timestamp office own.bin boot.efi recipes
expect_output " UTC by " "and is trusted by whoever trusts the office" hallmark verify own.bin
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do
    echo "$n" >"many$n.bin"
done
step "of many files each" hallmark sign --product pump --timestamp office many*.bin
expect_output "40" "has its own" sh -c "hallmark verify many*.bin | grep -c ', timestamped'"
step "and the log is good" hallmark log check

# Signed already.
echo "early" >early.bin
step "something is signed without a timestamp" hallmark sign --product pump early.bin
python3 "$root/tests/stories/stamp_of.py" early.bin.p7s token before
expect_output "same content, timestamped" "a timestamp is added later" stamped --timestamp "$url/good" early.bin
python3 "$root/tests/stories/stamp_of.py" early.bin.p7s token after
expect_same before after "to the same signature"
expect_output "unchanged" "but only one" stamped --timestamp "$url/good" early.bin
cp plain.efi early.efi
step "an image is signed without a timestamp" hallmark sign --product pump early.efi
expect_output "same content, timestamped" "and gets one, too" stamped --timestamp "$url/good" early.efi
step "which counts" sh -c "hallmark verify --tsa-trust $tsa_root early.efi | grep -q timestamped"

# The same verdicts as osslsigncode's, on what it stamped.
same() {
    cp plain.efi in.efi
    rm -f signed.efi stamped.efi
    osslsigncode sign -h sha256 -certs "$scratch/ca/$1.pem" -key "$scratch/ca/$1.key" -in in.efi -out signed.efi >/dev/null 2>&1
    cp signed.efi stamped.efi
    [ "$2" = unstamped ] || { rm stamped.efi && osslsigncode add -h sha256 -ts "$url/$2" -in signed.efi -out stamped.efi; } \
        >"$scratch/errors" 2>&1 || { skip "$4" "this osslsigncode does not stamp what is signed"; return; }
    osslsigncode verify -CAfile "$scratch/ca/root.pem" -TSA-CAfile "$tsa_root" -in stamped.efi >"$scratch/verdict" 2>&1
    theirs=$?
    observe hallmark verify --trust "$scratch/ca/root.pem" --tsa-trust "$tsa_root" stamped.efi
    # Old ones end with 255 where others say 1; and some look at no purpose of an authority.
    [ "$theirs" -eq 0 ] || theirs=1
    if [ "$status" -ne "$3" ]; then
        fails "$4" "status $status instead of $3"
    elif [ "$theirs" -ne "$3" ] && [ -z "${5:-}" ]; then
        fails "$4" "osslsigncode says $theirs: $(tail -5 "$scratch/verdict")"
    else
        passes "$4"
    fi
}
if need osslsigncode "verdicts on timestamps are osslsigncode's"; then
    in_2021=at-1622505600 in_2023=at-1672617600 in_2025=at-1735776000
    same current unstamped 0 "a certificate that is valid needs no timestamp"
    same current good 0 "and may have one"
    same expired unstamped 1 "an expired one without a timestamp is refused"
    same expired $in_2023 0 "one that has expired since the timestamp is good"
    same expired $in_2025 1 "one that had expired before the timestamp is refused"
    same expired by-gone/$in_2021 0 "an authority may have expired since"
    same expired by-gone/$in_2023 1 "but not before"
    same current by-gone/$in_2023 0 "a timestamp that does not count harms no certificate that is valid"
    same expired imprint/$in_2023 1 "another signature's timestamp does not help"
    same current imprint 0 "and does no harm"
    same expired by-stranger/$in_2023 1 "nor does a stranger's"
    same expired by-both/$in_2023 1 "nor one of an authority that does other things, too" stricter
    same expired by-signing/$in_2023 1 "nor one of no authority" stricter
    same expired no-binding/$in_2023 1 "nor one that names no certificate" stricter
fi

# An office elsewhere: the authority is asked from here, and what the server signs is checked before it is stamped.
for who in alice ci; do
    step "$who makes a key" hallmark principal keygen $who.key
done
step "an office with a founder" hallmark init --org "Example Devices" --founder alice=alice.key.pub "$scratch/served"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
hallmark --office "$scratch/served" serve --listen 127.0.0.1:0 --certificate tls.pem --key tls.key >server.log 2>&1 &
server=$!
trap 'kill $tsa $server 2>/dev/null || :; end_story' EXIT
for _ in $(seq 100); do
    HALLMARK_OFFICE=$(sed -n 's,^hallmarkd: https://127.0.0.1:\([0-9]*\).*,https://localhost:\1,p' server.log)
    [ -n "$HALLMARK_OFFICE" ] && break
    sleep 0.1
done
HALLMARK_CA=$PWD/tls.pem
export HALLMARK_OFFICE HALLMARK_CA
step "a product" hallmark product add pump --as alice.key
step "who signs is known" hallmark principal add ci --public-key ci.key.pub --key alice.key --as alice.key
step "and may" hallmark grant add ci requester --product pump --key alice.key --as alice.key
printf 'rule all\n  request by ci\n  releases *\n  formats cms, pe\n' >pump.policy
step "without approvals" hallmark policy edit pump.policy --product pump --key alice.key --as alice.key
HALLMARK_AS=$PWD/ci.key
export HALLMARK_AS
for name in one two three; do
    echo "$name" >served-$name.bin
    cp plain.efi served-$name.efi
done
expect_output "timestamped" "what a server signs is timestamped" \
    stamped --timestamp "$url/imprint" --timestamp "$url/good" served-one.bin served-one.efi
step "its authority is enabled" hallmark tsa enable --time-source none --as alice.key
expect_output "timestamped" "and it stamps itself" hallmark sign --product pump --timestamp office served-two.bin served-two.efi
expect_fault 3 "no authority gave" "a bad timestamp is refused as well" stamped --timestamp "$url/imprint" served-three.efi
step "and the file is as it was" cmp plain.efi served-three.efi
step "the server's roots" hallmark trust export -o served.pem
expect_output " UTC by " "all of it counts" \
    hallmark verify --trust served.pem --tsa-trust "$tsa_root" served-one.bin served-one.efi
expect_output " UTC by " "by the office's roots, too" hallmark verify --trust served.pem served-two.bin served-two.efi

kill $server
wait $server
finish
