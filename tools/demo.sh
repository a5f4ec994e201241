#!/bin/sh
# make demo: an office in a temporary folder signs three things; Hallmark and other people's tools check them; one byte is
# changed. Prints each command as you could type it, and removes everything at the end.
set -eu

program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
folder=$(mktemp -d "${TMPDIR:-/tmp}/hallmark-demo.XXXXXX")
trap 'cd / && rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$folder/bin" "$folder/work"
ln -s "$program" "$folder/bin/hallmark"
PATH=$folder/bin:$PATH
HALLMARK_OFFICE=$folder/work/office
HOME=$folder
export PATH HALLMARK_OFFICE HOME
cd "$folder/work"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

show() {
    echo "  \$ $*"
    "$@" >../said 2>&1 && status=0 || status=$?
    sed 's/^/    /' ../said
}

# Runs a command that must succeed.
run() {
    show "$@"
    [ "$status" -eq 0 ] || { echo "make demo: that should have worked (status $status)" >&2; exit 1; }
}

# Runs a command that must be refused.
refused() {
    show "$@"
    [ "$status" -eq 1 ] || { echo "make demo: that should have been refused (status $status)" >&2; exit 1; }
    echo "    (refused: exit status 1)"
}

tamper() {
    size=$(stat -c %s "$1")
    printf '\252\125' | dd of="$1" bs=1 seek=$((size / 2)) conv=notrunc status=none
}

say "An office: its keys in a token (SoftHSM here), its decisions in a log"
run hallmark init --org "Example Devices" office
run hallmark product add pump

say "Something to sign: a boot loader, a firmware image, a folder of recipes"
cp /usr/lib/systemd/boot/efi/systemd-boot*.efi boot.efi
head -c 300000 /dev/urandom >firmware.bin
mkdir recipes
echo "mix 3 min at 40 C" >recipes/paste.txt
echo "dry 9 min at 70 C" >recipes/tablet.txt
run hallmark sign --product pump --release 1.0 boot.efi firmware.bin recipes

say "Verified here, and by anyone who has the roots"
run hallmark verify boot.efi firmware.bin recipes
run hallmark trust export -o roots.pem
run hallmark inspect boot.efi

say "And without Hallmark"
run openssl cms -verify -binary -purpose any -CAfile roots.pem -inform DER -in firmware.bin.p7s -content firmware.bin -out /dev/null
run osslsigncode verify -CAfile roots.pem -in boot.efi
run sh -c 'cd recipes && sha256sum -c SHA256SUMS 2>/dev/null'

say "Someone changes two bytes of the firmware, and adds a recipe"
tamper firmware.bin
echo "dry 1 min at 400 C" >recipes/fast.txt
refused hallmark verify firmware.bin recipes

say "The log has every signature, and proves that it has not been rewritten"
run hallmark log show
run hallmark log check boot.efi

say "That was Hallmark. The office was temporary; README.md shows how to make one that stays."
