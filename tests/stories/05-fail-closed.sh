#!/bin/sh
# P5: what is empty, unknown, cut off or without a signature is refused, in one clear line with the file's name.
. "$(dirname "$0")/lib.sh"
story "P5: nothing questionable is accepted"

efi=$scratch/systemd-boot.efi
cp /usr/lib/systemd/boot/efi/systemd-boot*.efi "$efi"
step "an office is made" hallmark init "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
cp "$efi" good.efi
echo good >good.bin
mkdir good
echo "mix 3 min" >good/paste.txt
step "good things are signed" hallmark sign --product pump good.efi good.bin good

# refused FILE SENTENCE COMMAND...: status 1, and just one line, which names the file.
refused() {
    file=$1 sentence=$2
    shift 2
    observe "$@"
    if [ "$status" -eq 1 ] && [ "$(wc -l <"$scratch/errors")" -eq 1 ] && grep -q "^hallmark: $file: " "$scratch/errors"; then
        passes "$sentence"
    else
        fails "$sentence" "status $status, or not one line that names $file: $*"
    fi
}

: >empty.bin
: >empty.bin.p7s
refused empty.bin "an empty signature file is refused" hallmark verify empty.bin
cp good.bin none.bin
refused none.bin "a file with no signature is refused" hallmark verify none.bin
cp "$efi" none.efi
refused none.efi "an EFI file with no signature is refused" hallmark verify none.efi
echo "not CMS at all" >none.bin.p7s
refused none.bin "a signature file of something else is refused" hallmark verify none.bin
openssl cms -sign -nocerts -nosigs -outform DER -in good.bin -out none.bin.p7s 2>/dev/null ||
    printf '\060\047\006\011\052\206\110\206\367\015\001\007\002\240\032\060\030\002\001\001\061\000\060\013\006\011\052\206\110\206\367\015\001\007\001\240\000\061\000' >none.bin.p7s
refused none.bin "a structure with zero signatures is refused" hallmark verify none.bin
mkdir empty-folder
refused empty-folder "an empty folder is refused" hallmark verify empty-folder
mkdir zero
: >zero/SHA256SUMS
: >zero/SHA256SUMS.p7s
refused zero "an empty catalogue is refused" hallmark verify zero
refused good.bin "a format that the file is not in is refused" hallmark verify --format pe good.bin
expect_status 2 "a format that nobody knows is wrong usage" hallmark verify --format elf good.bin
refused good.bin "another product's file is refused" hallmark verify --product gate good.bin
refused /dev/null "a device is refused" hallmark verify /dev/null
mkfifo pipe
refused pipe "a pipe is refused, and not waited for" timeout 10 hallmark verify pipe

# Cut off: at every place there is of the small ones, at some of the large.
bad=0
size=$(stat -c %s good.bin.p7s)
cp good.bin cut.bin
for length in $(seq 0 97 $((size - 1))) $((size - 1)); do
    head -c "$length" good.bin.p7s >cut.bin.p7s
    observe hallmark verify cut.bin
    [ "$status" -eq 1 ] || bad=$((bad + 1))
done
step "a signature that is cut off is refused wherever it is cut" test "$bad" -eq 0
size=$(stat -c %s good.efi)
for length in 0 1 64 512 4096 $((size / 2)) $((size - 2000)) $((size - 8)) $((size - 1)); do
    head -c "$length" good.efi >cut.efi
    observe hallmark verify cut.efi
    [ "$status" -eq 1 ] || bad=$((bad + 1))
done
step "an EFI file that is cut off is refused wherever it is cut" test "$bad" -eq 0
cp good.bin.p7s longer.p7s
echo >>longer.p7s
refused good.bin "a signature with something behind it is refused" hallmark verify --signature longer.p7s good.bin

# What is far too large is refused before it is read: with little memory, and at once.
sparse() {
    truncate -s 3G "$1"
}
# shellcheck disable=SC2317  # called by way of the helpers
small() {
    sh -c 'ulimit -v 1000000 && exec timeout 20 "$@"' small "$@"
}
cp good.bin huge.bin
sparse huge.bin.p7s
refused huge.bin "a signature file of 3 GiB is refused" small hallmark verify huge.bin
sparse huge.pem
expect_fault 1 huge.pem "a trust file of 3 GiB is refused" small hallmark verify --trust huge.pem good.bin
expect_fault 1 huge.pem "a certificate chain of 3 GiB is refused" small hallmark cert import --product pump huge.pem
cp good.bin.p7s huge.bin.p7s
sparse huge.bin.tlog-proof
refused huge.bin "a log proof of 3 GiB is refused" small hallmark verify --require-log huge.bin
cp -r good huge
sparse huge/SHA256SUMS
refused huge "a catalogue of 3 GiB is refused" small hallmark verify huge
cp -r good deep
(cd deep && for _ in $(seq 300); do mkdir d && cd d || exit; done)
observe small hallmark verify deep
step "a folder of 300 levels ends in a refusal" test "$status" -eq 1
step "the log's checkpoint is made huge" truncate -s 3G "$HALLMARK_OFFICE/log/checkpoint"
observe small hallmark log check
step "it is refused, in one line" test "$status" -eq 1 -a "$(wc -l <"$scratch/errors")" -eq 1
rm "$HALLMARK_OFFICE/log/checkpoint"

step "the good ones still verify" hallmark verify good.efi good.bin good
name=$(printf 'odd\nname\033[31m.bin')
echo x >"$name"
observe hallmark verify "$name"
lines=$(wc -l <"$scratch/errors") escapes=$(grep -c "$(printf '\033')" "$scratch/errors")
step "a name with control characters does not reach the terminal as such" test "$lines" -eq 1 -a "$escapes" -eq 0
finish
