#!/bin/sh
# P1, P5, P7: what a new user tried, and where the program once lost something, kept silent or said the wrong thing.
# shellcheck disable=SC2016,SC2154  # the dollars are of the shells inside; lib.sh and eval set the rest
. "$(dirname "$0")/lib.sh"
story "P1, P5, P7: what a user tried"

efi=$scratch/systemd-boot.efi
cp /usr/lib/systemd/boot/efi/systemd-boot*.efi "$efi"
step "an office is made" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "another is added" hallmark product add gate
echo firmware >firmware.bin
mkdir sub
echo driver >sub/driver.bin
expect_output "./sub/../firmware.bin: signed" "signing tells the path as it was given" \
    hallmark sign --product pump ./sub/../firmware.bin sub/driver.bin
expect_output "sub/driver.bin: verified" "so does verifying" hallmark verify firmware.bin sub/driver.bin
expect_output "./firmware.bin: logged" "so does the log" hallmark log check ./firmware.bin

# The office's own keys, used beside its log.
cp -r "$HALLMARK_OFFICE" copy
echo beside >beside.bin
cp "$efi" beside.efi
step "two files are signed with a copy of the office" hallmark sign --office copy --product pump beside.bin beside.efi
step "nobody sees that in the files" hallmark verify beside.bin beside.efi
expect_refused "the log was bypassed" "the log does" hallmark log check beside.bin
expect_refused "the log was bypassed" "for a program too" hallmark log check beside.efi
expect_refused "the log was bypassed" "and proves nothing" hallmark log prove beside.bin
step "an update is signed so, too, and brings no certificate" \
    hallmark sign --office copy --format native --no-chain --product pump --release 1.0 -o beside.cose beside.bin
expect_refused "the log was bypassed" "its key gives it away" hallmark log check beside.cose
step "a stranger's update" hallmark init --org "Somebody Else" other
step "of a product of that name" hallmark product add --office other pump
step "brings none either" \
    hallmark sign --office other --format native --no-chain --product pump --release 1.0 -o stranger.cose beside.bin
expect_refused "not signed by this office" "that is no bypass" hallmark log check stranger.cose
step "another product signs the program, in the log" hallmark sign --product gate beside.efi
expect_refused "the log was bypassed" "which does not hide the other signature" hallmark log check beside.efi

# Two at once.
# at_once FILE: signs it for both products; $done_pump and $done_gate are the statuses.
at_once() {
    hallmark sign --product pump "$1" >/dev/null 2>said.pump &
    first=$!
    hallmark sign --product gate "$1" >/dev/null 2>said.gate &
    second=$!
    wait $first
    done_pump=$?
    wait $second
    done_gate=$?
}
lost=0 silent=0 nobody=0
for _ in 1 2 3 4 5 6; do
    cp "$efi" shared.efi
    echo "shared" >shared.bin
    rm -f shared.bin.p7s
    for file in shared.efi shared.bin; do
        at_once $file
        for product in pump gate; do
            eval "result=\$done_$product"
            if [ "$result" -eq 0 ]; then
                hallmark verify --product $product $file >/dev/null 2>&1 || lost=$((lost + 1))
            else
                grep -q -e "try again" -e "--replace" said.$product || silent=$((silent + 1))
            fi
        done
        [ "$done_pump" -eq 0 ] || [ "$done_gate" -eq 0 ] || nobody=$((nobody + 1))
    done
done
step "two that sign one file at once: no signature that was made is lost" test $lost -eq 0
step "who is not first is told to try again" test $silent -eq 0
step "one of them always gets through" test $nobody -eq 0
cp "$efi" shared.efi
step "one after the other" hallmark sign --product pump shared.efi
step "both sign" hallmark sign --product gate shared.efi
step "and both are there" sh -c 'hallmark verify --product pump shared.efi && hallmark verify --product gate shared.efi'

# Outputs that would fall on one another.
mkdir a b out
cp "$efi" a/boot.efi
cp "$efi" b/boot.efi
expect_fault 2 boot.efi "-o FOLDER with two files of one name is wrong usage" \
    hallmark sign --product pump -o out a/boot.efi b/boot.efi
expect_fault 2 firmware.bin "the same file twice too" hallmark sign --product pump firmware.bin ./firmware.bin
ln -s firmware.bin again.bin
expect_fault 2 firmware.bin "by a link as well" hallmark sign --product pump firmware.bin again.bin
step "nothing was written" sh -c '! ls out | grep . && cmp a/boot.efi "$1"' - "$efi"
expect_fault 2 --release "a release that is too long is wrong usage" \
    hallmark sign --product pump --release "$(printf 'v%065d' 1)" firmware.bin
step "one of 64 characters is not" hallmark sign --replace --product pump --release "$(printf 'v%063d' 1)" firmware.bin

# What is there already.
mkdir kit
echo one >kit/one
(cd kit && sha256sum one >SHA256SUMS)
cp kit/SHA256SUMS sums.kept
expect_refused "not Hallmark's" "somebody's SHA256SUMS is not overwritten" hallmark sign --product pump kit
expect_same kit/SHA256SUMS sums.kept "it is as it was"
step "--replace does" hallmark sign --product pump --replace kit
step "and the folder verifies" hallmark verify kit
echo two >two.bin
echo junk >two.bin.p7s
expect_refused --replace "a .p7s that is no signature is not overwritten" hallmark sign --product pump two.bin
expect_output junk "it is as it was" cat two.bin.p7s
step "--replace does that too" hallmark sign --product pump --replace two.bin
step "and the file verifies" hallmark verify two.bin
expect_output "two.bin.p7s: skipped" "signing everything skips the signatures" hallmark sign --product pump two.bin two.bin.p7s
step "they get none of their own" test ! -e two.bin.p7s.p7s
step "unless their format is named" hallmark sign --product pump --format cms two.bin.p7s
step "then they do" hallmark verify --format cms two.bin.p7s

# Where signatures and proofs lie.
cp "$efi" plain.efi
step "a program gets a detached signature" hallmark sign --product pump --format cms plain.efi
expect_same plain.efi "$efi" "the program is as it was"
step "it verifies by the signature beside it" hallmark verify plain.efi
mv plain.efi.p7s moved.p7s
expect_status 1 "without that it has none" hallmark verify plain.efi
step "--signature names it" hallmark verify --signature moved.p7s plain.efi
cp shared.efi other.efi
expect_status 1 "and it is what is judged, not one in the program" hallmark verify --signature moved.p7s other.efi
expect_fault 3 nowhere.p7s "a signature that is named and not there is said" hallmark verify --signature nowhere.p7s firmware.bin
step "a proof goes where -o says" hallmark log prove -o kept.tlog-proof firmware.bin
cp kept.tlog-proof as-it-was
expect_refused "is there already (--replace" "and to no other file's place" hallmark log prove -o kept.tlog-proof firmware.bin
expect_same kept.tlog-proof as-it-was "which is as it was"
step "unless that is wanted" hallmark log prove -o kept.tlog-proof --replace firmware.bin
expect_status 1 "it is not beside the file" hallmark verify --require-log firmware.bin
step "--proof names it" hallmark verify --require-log --proof kept.tlog-proof firmware.bin
expect_status 1 "it proves no other file" hallmark verify --require-log --proof kept.tlog-proof two.bin
expect_fault 3 nowhere.tlog-proof "a proof that is named and not there is said" \
    hallmark verify --require-log --proof nowhere.tlog-proof firmware.bin

# What was refused is on record.
expect_status 1 "another product's signature is not replaced" hallmark sign --product gate two.bin
expect_status 1 "a product that there is already is refused" hallmark product add pump
expect_output "product-add" "which the log tells" hallmark log show
expect_status 1 "a product that there is not does not sign" hallmark sign --product nobody two.bin
expect_output "narrow" "which the log tells too" hallmark log show
step "the log checks" hallmark log check

# A chain that was brought in is not the office's root, and what it signs is in the log all the same.
if need openssl "a public CA"; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 3650 \
        -subj "/CN=Public Root" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n' >leaf.ext
    step "the request goes out" hallmark cert request --product pump -o pump.csr
    openssl x509 -req -in pump.csr -CA root.pem -CAkey root.key -CAcreateserial -days 400 -extfile leaf.ext -out leaf.pem 2>/dev/null
    step "the chain comes in" hallmark cert import --product pump leaf.pem
    echo public >public.bin
    step "a file is signed" hallmark sign --product pump public.bin
    expect_output "public.bin: logged" "the log knows it" hallmark log check public.bin
    step "and proves it" hallmark log prove public.bin
fi

# An init that is interrupted: a whole office or none. Each in a folder of its own: one that became whole is written to
# for a second still, by who publishes its log.
half=0
for moment in 0.02 0.05 0.1 0.2 0.4 0.8; do
    cut=cut-$moment
    timeout -s INT $moment hallmark init --org Cut "$cut" >cut.out 2>&1
    [ -e "$cut/office.db" ] || [ -n "$(ls -A "$cut" 2>/dev/null)" ] || continue
    hallmark log check --office "$cut" >>cut.out 2>&1 && hallmark product add --office "$cut" pump >>cut.out 2>&1 && continue
    half=$((half + 1))
    ls -lA "$cut" >>cut.out
    sed "s/^/# cut after $moment s: /" cut.out
done
step "an init that is interrupted leaves a whole office or none" test $half -eq 0
finish
