#!/bin/sh
# The README's first steps: an office, a product, three things signed, checked by Hallmark and by others.
. "$(dirname "$0")/lib.sh"
story "A release engineer signs for the first time"

cp /usr/lib/systemd/boot/efi/systemd-boot*.efi boot.efi
head -c 70000 /dev/urandom >firmware.bin
mkdir recipes
echo "mix 3 min at 40 C" >recipes/paste.txt
cp -a boot.efi firmware.bin recipes "$scratch/home"

step "an office is made in one command" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
expect_status 2 "a second one in the same place is wrong usage" hallmark init "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
expect_output pump "it is listed" hallmark product list

step "three things are signed in one call" hallmark sign --product pump --release 1.0 boot.efi firmware.bin recipes
step "they are verified by the office's own roots" hallmark verify --product pump boot.efi firmware.bin recipes
expect_same firmware.bin "$scratch/home/firmware.bin" "a detached signature leaves its file as it was"

step "the roots are exported" hallmark trust export -o roots.pem
step "whoever has the roots needs no office" env -u HALLMARK_OFFICE HOME=/nonexistent \
    hallmark verify --trust roots.pem boot.efi firmware.bin recipes

if need openssl "openssl verifies the detached signature"; then
    step "openssl verifies the detached signature" openssl cms -verify -binary -purpose any -CAfile roots.pem \
        -inform DER -in firmware.bin.p7s -content firmware.bin -out /dev/null
fi
if need osslsigncode "osslsigncode verifies the EFI file"; then
    step "osslsigncode verifies the EFI file" osslsigncode verify -CAfile roots.pem -in boot.efi
fi
step "sha256sum verifies the catalogue's files" sh -c 'cd recipes && sha256sum --quiet -c SHA256SUMS'

cp boot.efi tampered.efi
flip tampered.efi 4096
expect_refused "" "one changed bit in the EFI file is refused" hallmark verify tampered.efi
cp firmware.bin tampered.bin
cp firmware.bin.p7s tampered.bin.p7s
flip tampered.bin 69999
expect_refused "" "one changed bit in the firmware is refused" hallmark verify tampered.bin
expect_status 1 "one bad file among good ones is enough" hallmark verify firmware.bin tampered.bin boot.efi
echo "dry 1 min at 400 C" >recipes/fast.txt
expect_refused fast.txt "an added recipe is refused by its name" hallmark verify recipes
rm recipes/fast.txt
expect_refused "" "a file without a signature is refused" hallmark verify roots.pem

step "each signature has its entry in the log" hallmark log check boot.efi
step "the log can be shown" hallmark log show
finish
