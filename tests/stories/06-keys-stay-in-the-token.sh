#!/bin/sh
# P2: keys are made in the token and stay there; the PIN comes from a file that only its owner can read, and from nowhere else.
# And what is said when a token is missing, locked or somebody else's.
# shellcheck disable=SC2016  # the dollars are of the shells inside
. "$(dirname "$0")/lib.sh"
story "P2: keys stay in the token"

module=/usr/lib/softhsm/libsofthsm2.so
pin=$HALLMARK_OFFICE/token/pin
echo firmware >firmware.bin
step "an office is made" hallmark init "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "a file is signed" hallmark sign --product pump firmware.bin
expect_output 600 "the PIN's file is for its owner alone" stat -c %a "$pin"
expect_output 700 "so is the office" stat -c %a "$HALLMARK_OFFICE"
step "the PIN is in no other file of the office" \
    sh -c '! grep -rlF -e "$(cat "$1/token/pin")" "$1" | grep -v /token/pin' - "$HALLMARK_OFFICE"

if need pkcs11-tool "the token says that no private key can leave it"; then
    step "the token lists its private keys" env SOFTHSM2_CONF="$HALLMARK_OFFICE/token/softhsm2.conf" \
        pkcs11-tool --module "$module" --login --pin "$(cat "$pin")" --list-objects --type privkey
    keys=$(grep -c 'Private Key Object' "$scratch/output")
    sealed=$(grep -c 'Access:.*sensitive.*never extractable.*local' "$scratch/output")
    step "every one is sensitive, never extractable and was made there ($sealed of $keys)" \
        test "$keys" -ge 4 -a "$keys" -eq "$sealed"
fi

expect_refused pin-value "a PIN in a PKCS#11 URI is refused" \
    hallmark init --org Example --token "pkcs11:token=x?module-path=$module&pin-value=1234" "$scratch/other"
step "and nothing is left" test ! -e "$scratch/other"
observe env HALLMARK_PIN=1234 PIN=1234 hallmark sign --product pump firmware.bin
step "an environment variable with a PIN changes nothing" test "$status" -eq 0
expect_status 2 "there is no option for a PIN" hallmark sign --pin 1234 --product pump firmware.bin

echo changed >>firmware.bin
cp firmware.bin.p7s before.p7s
chmod 640 "$pin"
expect_refused "others can read it" "a PIN that others can read is not used" hallmark sign --product pump firmware.bin
chmod 600 "$pin"

right=$(cat "$pin")
echo 0000wrong >"$pin"
expect_fault 3 "PIN is wrong" "a wrong PIN: could not, and it is said" hallmark sign --product pump firmware.bin
echo "$right" >"$pin"
: >"$pin"
observe hallmark sign --product pump firmware.bin
step "an empty PIN is refused, or is wrong" test "$status" -eq 1 -o "$status" -eq 3
echo "$right" >"$pin"
step "with the right one signing goes on" hallmark sign --product pump firmware.bin
echo changed again >>firmware.bin
cp firmware.bin.p7s before.p7s

mv "$HALLMARK_OFFICE/token/tokens" "$HALLMARK_OFFICE/token/aside"
expect_fault 3 token "a token that is not there: could not" hallmark sign --product pump firmware.bin
mkdir "$HALLMARK_OFFICE/token/tokens"
expect_status 3 "an empty token folder: could not" hallmark sign --product pump firmware.bin
rmdir "$HALLMARK_OFFICE/token/tokens"
mv "$HALLMARK_OFFICE/token/aside" "$HALLMARK_OFFICE/token/tokens"
expect_same firmware.bin.p7s before.p7s "none of that wrote a signature"
step "the log still checks" hallmark log check
step "and signing goes on" hallmark sign --product pump firmware.bin

expect_fault 3 /nowhere/hsm.so "a module that is not there: could not, and it is named" \
    hallmark init --org Example --token "pkcs11:token=x?module-path=/nowhere/hsm.so" --pin-file "$pin" "$scratch/other"
expect_status 3 "a module that is none: could not" \
    hallmark init --org Example --token "pkcs11:token=x?module-path=$HALLMARK" --pin-file "$pin" "$scratch/other"
expect_status 3 "a token that the module does not have: could not" env SOFTHSM2_CONF="$HALLMARK_OFFICE/token/softhsm2.conf" \
    hallmark init --org Example --token "pkcs11:token=nobody?module-path=$module" --pin-file "$pin" "$scratch/other"
step "nothing is left of those offices" test ! -e "$scratch/other"

# An office on a token of one's own, as with an HSM.
if need softhsm2-util "an office on a token of one's own"; then
    mkdir "$scratch/hsm"
    printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$scratch/hsm" >"$scratch/hsm.conf"
    SOFTHSM2_CONF=$scratch/hsm.conf
    export SOFTHSM2_CONF
    echo 123456 >"$scratch/hsm.pin"
    step "a token is prepared" softhsm2-util --init-token --free --label hsm --pin 123456 --so-pin 12345678
    chmod 644 "$scratch/hsm.pin"
    expect_refused "others can read it" "its PIN's file must be for its owner alone" \
        hallmark init --org Example --token "pkcs11:token=hsm?module-path=$module" --pin-file "$scratch/hsm.pin" "$scratch/second"
    chmod 600 "$scratch/hsm.pin"
    step "an office is made on it" \
        hallmark init --org Example --token "pkcs11:token=hsm?module-path=$module" --pin-file "$scratch/hsm.pin" "$scratch/second"
    step "a product is added" hallmark --office "$scratch/second" product add pump
    step "a file is signed" hallmark --office "$scratch/second" sign --replace --product pump firmware.bin
    step "and verifies" hallmark --office "$scratch/second" verify firmware.bin
    expect_status 1 "the first office does not trust it" hallmark verify firmware.bin
    step "the office keeps no key and no PIN" sh -c '! grep -rl 123456 "$1"' - "$scratch/second"
fi
finish
