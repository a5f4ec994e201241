#!/bin/sh
# Envelope and payloads as one stream: packed after every size and digest was compared, unpacked after everything was verified,
# by a trust list or by certificates. Nothing has a name before. A key that was stolen is revoked, and its one good release stays.
# shellcheck disable=SC2016,SC2154  # the dollars are of the shells inside; $scratch is lib.sh's
. "$(dirname "$0")/lib.sh"
story "Packed releases"

step "a custodian keeps the root" hallmark init --org "Custodian" "$scratch/root"
step "and writes its key" hallmark --office "$scratch/root" trust key -o root.key
step "the maker has an office" hallmark init --org "Pump Works" "$HALLMARK_OFFICE"
step "with a product" hallmark product add pump
step "and tells the custodian who he is" hallmark trust publisher --product pump -o pump.publisher
step "the list names the maker" \
    hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher -o list
step "and is signed" hallmark --office "$scratch/root" trust update list --sign
head -c 300000 /dev/urandom >firmware.bin
echo '{"dose": 5}' >limits.json
step "a release of two components is signed" hallmark sign --format native --product pump --release 1.0 --sequence 1 \
    --component main=firmware.bin --component limits=limits.json,kind=parameters -o good.cose
cp good.cose before.cose

# pack
expect_fault 2 "2 components, and 1 payload is given" "a payload that is missing is noticed" hallmark pack good.cose firmware.bin -o x
expect_fault 2 "where to" "an output must be named" hallmark pack good.cose firmware.bin limits.json
expect_fault 2 "overwrite" "and must not be a payload" hallmark pack good.cose firmware.bin limits.json -o limits.json
expect_fault 3 "No such file" "a payload must be there" hallmark pack good.cose firmware.bin nothing.json -o x
cp firmware.bin other.bin
flip other.bin 299999
expect_refused "not the payload that was signed" "another payload of the same size is refused" hallmark pack good.cose other.bin limits.json -o x
head -c 299999 firmware.bin >short.bin
expect_refused "has 300000 bytes" "a shorter one too" hallmark pack good.cose short.bin limits.json -o x
expect_refused "has 300000 bytes" "and the two in the wrong order, when their names do not tell" \
    sh -c 'cp limits.json first && cp firmware.bin second && hallmark pack good.cose first second -o x'
expect_refused "no envelope" "an envelope comes first" hallmark pack firmware.bin good.cose limits.json -o x
expect_refused "manifest is not one" "a trust list is none" hallmark pack list firmware.bin limits.json -o x
step "none of that left anything" test ! -e x
expect_output "left out: 2 certificates" "packed; names tell which payload is whose" \
    hallmark pack good.cose limits.json firmware.bin -o good.pack
expect_same good.cose before.cose "the envelope is as it was"
step "with the certificates, if they are wanted" hallmark pack good.cose firmware.bin limits.json --keep-chain -o chain.pack
expect_output '"output":"again.pack","payloads":2' "for machines too" hallmark pack --json good.cose firmware.bin limits.json -o again.pack
cp firmware.bin other-firmware.bin
expect_refused "is there already (--replace" "a file that is there is not replaced" \
    hallmark pack good.cose firmware.bin limits.json -o other-firmware.bin
expect_same firmware.bin other-firmware.bin "it is as it was"
expect_fault 2 "is a folder" "a pack is a file that is named" hallmark pack good.cose firmware.bin limits.json -o .
expect_fault 2 "would overwrite" "the envelope is not replaced by its pack" \
    hallmark pack good.cose firmware.bin limits.json -o good.cose --replace
step "what may go is replaced" hallmark pack good.cose firmware.bin limits.json -o other-firmware.bin --replace
expect_same good.pack again.pack "the same files make the same stream"

# unpack
mkdir out certified
expect_output "trust list 1 accepts release 1.0" "unpacked by the trust list" hallmark unpack good.pack --trust list -C out
expect_same out/main firmware.bin "the firmware is there"
expect_same out/limits limits.json "and the limits"
step "and the envelope packs again" hallmark pack out/ENVELOPE.cose out/main out/limits -o repacked.pack
expect_same good.pack repacked.pack "to the same stream"
expect_refused "there already" "what is there is not replaced" hallmark unpack good.pack --trust list -C out
step "unless that is wanted" hallmark unpack good.pack --trust list -C out --replace
expect_output "signed by pump es256 signing" "unpacked by certificates" hallmark unpack chain.pack -C certified
expect_same certified/main firmware.bin "with the same firmware"
rm -rf certified/* out/*
step "the maker has another product" hallmark product add valve
expect_output "unpacked into" "a product's devices take what is for them" \
    hallmark unpack good.pack --trust list --product pump -C out
rm -rf out/*
expect_refused "another class" "and no other product's do" hallmark unpack good.pack --trust list --product valve -C out
expect_refused "there is no product nothing" "a product that there is not has no devices" \
    hallmark unpack good.pack --trust list --product nothing -C out
expect_fault 2 "goes with a trust list" "certificates know nothing of single devices" \
    hallmark unpack chain.pack --device 7 -C certified
expect_refused "not for \"valve\"" "certificates are for one product" hallmark unpack chain.pack -C certified --product valve
expect_refused "carries no certificates" "without certificates a list is needed" hallmark unpack good.pack -C certified
step "the certificates of another office do not count" sh -c \
    'hallmark --office "$1/root" trust export -o other.pem && ! hallmark unpack chain.pack --trust other.pem -C certified' - "$scratch"
expect_fault 3 "No such file" "the folder must be there" hallmark unpack good.pack --trust list -C nowhere
step "a list that nobody signed" hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher -o unsigned
expect_refused "the trust list unsigned: unsigned: 0 of 1 root has signed, and 1 must" "is no list to judge by, and that is said of it" \
    hallmark unpack good.pack --trust unsigned -C out
expect_refused "no packed release" "an envelope is no pack" hallmark unpack good.cose --trust list -C out
expect_refused "no packed release" "an empty file neither" sh -c ': >empty && hallmark unpack empty --trust list -C out'

# From and to pipes.
expect_output "-: verified: trust list 1 accepts release 1.0" "a pack may come from a pipe" \
    sh -c 'cat good.pack | hallmark unpack - --trust list -C out'
expect_same out/main firmware.bin "with the same firmware"
step "and nothing else is left" test "$(find out -type f | sort | tr '\n' ' ')" = "out/ENVELOPE.cose out/limits out/main "
rm out/*
expect_output "certified" "by certificates as well" sh -c 'hallmark unpack - -C certified <chain.pack'
rm certified/*
expect_output '"file":"-"' "for machines too" sh -c 'cat good.pack | hallmark unpack --json - --trust list -C out'
rm out/*
expect_refused "cut off" "one that breaks off is refused" sh -c 'head -c 200000 good.pack | hallmark unpack - --trust list -C out'
expect_refused "no packed release" "and so is an empty one" sh -c 'hallmark unpack - --trust list -C out </dev/null'
expect_refused "no packed release" "without a standard input there is nothing to read" \
    sh -c 'hallmark unpack - --trust list -C out <&-'
step "none of that left a file" test -z "$(find out certified -type f)"
step "a payload may come from a pipe" sh -c 'cat firmware.bin | hallmark pack good.cose - limits.json -o piped.pack'
expect_same good.pack piped.pack "and the pack is the same"
step "and so may the envelope" sh -c 'hallmark pack - firmware.bin limits.json -o piped.pack --replace <good.cose'
expect_same good.pack piped.pack "with the same pack"
expect_refused "not the payload that was signed" "another payload is refused" \
    sh -c 'hallmark pack good.cose - limits.json -o bad.piped <other.bin'
expect_fault 2 "can be given once" "there is one standard input" hallmark pack good.cose - - -o x
expect_fault 2 "whole or not at all" "a pack is not written into a pipe" hallmark pack good.cose firmware.bin limits.json -o -
step "nor into a file of that name" test ! -e - -a ! -e x -a ! -e bad.piped
cp good.pack ./-
expect_output "./-: verified" "a file of that name has a path" hallmark unpack ./- --trust list -C out
rm out/* ./-

# Tampering: wherever one bit is changed, nothing is written.
size=$(wc -c <good.pack)
at=0
wrong=
while [ "$at" -lt "$size" ]; do
    cp good.pack broken.pack
    flip broken.pack "$at"
    hallmark unpack broken.pack --trust list -C out >/dev/null 2>&1 && wrong="$wrong $at"
    cp chain.pack broken.pack
    flip broken.pack "$at"
    hallmark unpack broken.pack -C certified >/dev/null 2>&1 && wrong="$wrong chain:$at"
    at=$((at + 9973))
done
step "a flipped bit is refused wherever it is:$wrong" test -z "$wrong"
head -c 200000 good.pack >cut.pack
expect_refused "cut off" "a stream that was cut off" hallmark unpack cut.pack --trust list -C out
cat good.pack limits.json >longer.pack
expect_status 1 "a stream with something behind it" hallmark unpack longer.pack --trust list -C out
cat chain.pack limits.json >longer.pack
expect_refused "behind its last payload" "and one with certificates" hallmark unpack longer.pack -C certified
head -c 200000 chain.pack >cut.pack
expect_refused "not as long" "cut off, with certificates" hallmark unpack cut.pack -C certified
step "none of that left a file" sh -c 'ls -A out certified && test -z "$(ls -A out)$(ls -A certified)"'

# What stands behind a stream, where the reading of a block ends with it (the first one has 16400 bytes).
# Its receipts have more hashes or fewer, as the log grows, so the right size is found by trying.
size=1000
for number in 30 31 32 33 34 35 36 37 38 39; do
    head -c "$size" firmware.bin >small.bin
    hallmark sign --format native --product pump --release 1.2 --sequence "$number" --component main=small.bin \
        -o small.cose --replace >/dev/null && hallmark pack small.cose small.bin -o full.pack --replace >/dev/null
    got=$(wc -c <full.pack)
    [ "$got" -eq 16400 ] && break
    size=$((size + 16400 - got))
done
step "a release fills the first block" test "$got" -eq 16400
cat full.pack limits.json >longer.pack
expect_status 1 "something behind it is noticed" hallmark unpack longer.pack --trust list -C out
step "without, it is good" hallmark unpack full.pack --trust list -C out
rm out/*

# By certificates: every signature that comes with one must fit, as with verify.
second() { hallmark --office "$scratch/second" "$@"; }
step "a second office" hallmark init --org "Pump Works" "$scratch/second"
step "with the same product" second product add pump
step "and a key" second key generate --product pump --algorithm es256
other=$(second key list --product pump --json | sed -n 's/.*"role":"signing".*"kid":"\([0-9a-f]*\)".*/\1/p')
step "a release is for both to sign" hallmark sign --format native --product pump --release 1.4 --sequence 40 \
    --signer "$other" --component main=small.bin -o two.cose
expect_output "signature 2 of 2" "both sign" second sign --format native --product pump --cosign two.cose
step "it is packed" hallmark pack two.cose small.bin --keep-chain -o two.pack
step "and unpacked" hallmark unpack two.pack -C certified
rm certified/*
flip two.cose $(($(wc -c <two.cose) - 1))
expect_refused "signature 2" "verify refuses a second signature that is wrong" hallmark verify two.cose small.bin
step "it is packed" hallmark pack two.cose small.bin --keep-chain -o two.pack --replace
expect_refused "signature 2" "and so does unpack" hallmark unpack two.pack -C certified
step "nothing is written" sh -c 'ls -A out certified && test -z "$(ls -A out)$(ls -A certified)"'

# Names come from the signed manifest, and still lead nowhere.
step "a release with odd names is signed" hallmark sign --format native --product pump --release 1.1 --sequence 2 \
    --component '../../escape=firmware.bin' --component '.hidden=limits.json' --component 'A=first,kind=parameters' \
    --component 'a=second' --component 'envelope.cose=other.bin' -o odd.cose
step "and packed" hallmark pack odd.cose firmware.bin limits.json first second other.bin -o odd.pack
mkdir odd
step "its files have harmless names" hallmark unpack odd.pack --trust list -C odd
LC_ALL=C ls -A odd >names
printf '%s\n' A ENVELOPE.cose _._.._escape _hidden a-2 envelope.cose-2 | LC_ALL=C sort >expected
expect_same names expected "six of them, in that folder"
step "none begins with a dot" sh -c '! ls -A odd | grep "^\."'
step "none is outside" test ! -e escape -a ! -e ../escape

# A folder of the office is no place to write to.
expect_refused "lies in the office" "nothing is written into an office" hallmark unpack good.pack --trust list -C "$HALLMARK_OFFICE"

# The maker's key was stolen after release 1.0.
step "the thief signs" hallmark sign --format native --product pump --release 6.6.6 --sequence 666 \
    --component main=firmware.bin --component limits=limits.json,kind=parameters -o bad.cose
step "and packs" hallmark pack bad.cose firmware.bin limits.json -o bad.pack
step "devices take it" hallmark unpack bad.pack --trust list -C out
rm out/*
kid=$(hallmark inspect good.cose | sed -n 's/.*signer 1: key \([0-9a-f]*\).*/\1/p')
expect_fault 2 "did not sign this release" "only what the key signed can stay good" \
    hallmark trust update list -o list-2 --revoke-key "$(printf %064d 0)" --keep good.cose
step "the key is revoked, and release 1.0 stays good" hallmark trust update list -o list-2 --revoke-key "$kid" --keep good.cose
step "by the custodian" hallmark --office "$scratch/root" trust update list-2 --sign
expect_output "stays good" "that is said" hallmark trust show list-2 --old list
expect_refused "revoked key" "the thief's release is refused" hallmark unpack bad.pack --trust list-2 -C out
step "the good one is not" hallmark unpack good.pack --trust list-2 -C out
rm out/*
hallmark trust bundle list list-2 -o bundle >/dev/null
expect_refused "revoked key" "a bundle's newest list decides" hallmark unpack bad.pack --trust bundle -C out

# Minimums and retirement.
step "security version 3 is asked for" sh -c 'hallmark trust update list-2 -o list-3 --minimum "Pump Works/main=3" && hallmark --office "$1/root" trust update list-3 --sign' - "$scratch"
expect_refused "minimum" "what is older is refused" hallmark unpack good.pack --trust list-3 -C out
step "the maker is retired" sh -c 'hallmark trust update list-3 -o list-4 --retire-publisher "Pump Works" && hallmark --office "$1/root" trust update list-4 --sign' - "$scratch"
expect_refused "retired" "nothing of his is installed any more" hallmark unpack good.pack --trust list-4 -C out

# More than four gigabytes. A sparse file costs nothing to make, but is written in full.
if [ "${HALLMARK_FULL:-}" = 1 ]; then
    truncate -s 5G big.bin
    step "5 GiB are signed" hallmark sign --format native --product pump --release 2.0 --sequence 3 --component main=big.bin -o big.cose
    step "packed" hallmark pack big.cose big.bin -o big.pack
    step "and unpacked" hallmark unpack big.pack --trust list -C out
    expect_same out/main big.bin "whole"
else
    skip "payloads over 4 GiB" "only in the full run (HALLMARK_FULL=1)"
fi
step "the maker's log is good" hallmark log check
finish
