#!/bin/sh
# What is signed already, several files at once, and where the output goes.
# shellcheck disable=SC2016  # the dollars are of the shells inside
. "$(dirname "$0")/lib.sh"
story "A release engineer signs again, and many files at once"

efi=$scratch/systemd-boot.efi
cp /usr/lib/systemd/boot/efi/systemd-boot*.efi "$efi"
cp "$efi" boot.efi
echo firmware >firmware.bin
echo driver >driver.bin
step "an office is made" hallmark init "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "another is added" hallmark product add gate
step "two files are signed" hallmark sign --product pump boot.efi firmware.bin

cp boot.efi boot.kept
cp firmware.bin.p7s p7s.kept
expect_output unchanged "signing the same content again changes nothing and says so" \
    hallmark sign --product pump boot.efi firmware.bin
expect_same boot.efi boot.kept "the EFI file is the same"
expect_same firmware.bin.p7s p7s.kept "the detached signature is the same"
echo changed >>firmware.bin
step "a file that was changed is signed as it is now" hallmark sign --product pump firmware.bin
step "and verifies" hallmark verify firmware.bin
cp firmware.bin.p7s p7s.kept
expect_refused --replace "another product does not replace that signature unasked" hallmark sign --product gate firmware.bin
expect_same firmware.bin.p7s p7s.kept "the signature is still there"
step "--replace does" hallmark sign --product gate --replace firmware.bin
step "it is the other product's now" hallmark verify --product gate firmware.bin

# For which release it was signed only the log knows.
echo release >release.bin
step "signed for a release" hallmark sign --product pump --release 1.0 release.bin
cp release.bin.p7s first.p7s
expect_output unchanged "for the same one again: nothing to do" hallmark sign --product pump --release 1.0 release.bin
expect_output unchanged "nor if none is named" hallmark sign --product pump release.bin
expect_refused "was signed for release 1.0, not for 2.0 (--replace" "for another one it is not signed by that" \
    hallmark sign --product pump --release 2.0 release.bin
expect_same release.bin.p7s first.p7s "the signature is as it was"
step "--replace signs it for that" hallmark sign --product pump --release 2.0 --replace release.bin
expect_output unchanged "and then it is" hallmark sign --product pump --release 2.0 release.bin
echo plain >plain.bin
hallmark sign --product pump plain.bin >out.log
expect_refused "for no release" "signed for none, signed for none of them" hallmark sign --product pump --release 2.0 plain.bin
if [ -f "$efi" ]; then
    cp "$efi" release.efi
    step "so with programs" hallmark sign --product pump --release 1.0 release.efi
    cp release.efi first.efi
    expect_output unchanged "that carry it" hallmark sign --product pump --release 1.0 release.efi
    expect_refused "was signed for release 1.0" "for one release only" hallmark sign --product pump --release 2.0 release.efi
    expect_same release.efi first.efi "and are as they were"
    step "and -o copies what is good already" hallmark sign --product pump --release 1.0 -o copied.efi release.efi
    expect_same copied.efi release.efi "as it is"
fi

# Several files: all are tried; 1 before 3.
expect_status 3 "a missing file: could not" hallmark sign --product pump nowhere.bin driver.bin
step "the file beside it was signed all the same" hallmark verify driver.bin
expect_status 1 "a refused file weighs more than a missing one" hallmark verify nowhere.bin boot.efi roots-of-nobody "$HALLMARK"
expect_status 1 "in any order" hallmark verify "$HALLMARK" nowhere.bin

# -o
echo alone >alone.bin
step "one file: -o names the signature" hallmark sign --product pump -o elsewhere.p7s alone.bin
step "nothing lies beside the file" test ! -e alone.bin.p7s
expect_output verified "it can be named to verify" hallmark verify --signature elsewhere.p7s alone.bin
cp "$efi" fresh.efi
step "one file signed in place: -o names the signed copy" hallmark sign --product pump -o signed.efi fresh.efi
step "the copy verifies" hallmark verify signed.efi
expect_same fresh.efi "$efi" "the original is as it was"
mkdir out
cp boot.efi "$scratch/home/boot2.efi"
echo again >again.bin
step "several files: -o names a folder" hallmark sign --product pump -o out fresh.efi again.bin
step "the signed copy lies there" hallmark verify out/fresh.efi
step "the detached signature too" test -s out/again.bin.p7s
step "and not beside its file" test ! -e again.bin.p7s
expect_status 2 "several files and -o that is no folder is wrong usage" hallmark sign --product pump -o one.p7s fresh.efi again.bin
step "nothing was written" test ! -e one.p7s
expect_status 3 "-o into a folder that is not there: could not" hallmark sign --product pump -o nowhere/x.p7s again.bin

# Output is atomic: a folder that cannot be written, a full disk.
mkdir locked
cp "$efi" locked/boot.efi
ln -s "$PWD/fresh.efi" link.efi
step "a link is followed, not replaced" hallmark sign --product pump link.efi
step "it is still a link" test -L link.efi
step "and what it names is signed" hallmark verify fresh.efi
chmod 0750 fresh.efi
cp "$efi" again.efi
chmod 0640 again.efi
step "a file signed in place" hallmark sign --product pump again.efi
expect_output 640 "keeps its permissions" stat -c %a again.efi
expect_status 3 "a disk without room: could not" sh -c 'ulimit -f 20; trap "" XFSZ; hallmark sign --product pump -o big.efi locked/boot.efi'
step "no half-written output is left" test ! -e big.efi
expect_same locked/boot.efi "$efi" "the input is as it was"
step "nothing temporary is left anywhere" sh -c '! find "$1" -name ".*" -type f | grep .' - "$scratch"
finish
