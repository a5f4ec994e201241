#!/bin/sh
# A publisher's key is stolen: what docs/trust-list.md says to do. It is named by the beginning of its kid, one good release stays,
# and the devices get another key: of another algorithm, or of a new office with the same names. Devices are played by
# `verify --trust`, whose verdict is libhallmark-verify's.
# shellcheck disable=SC2154  # $scratch is lib.sh's
. "$(dirname "$0")/lib.sh"
story "A publisher's key is stolen"

step "a custodian keeps the root" hallmark init --org "Custodian" "$scratch/root"
root() { hallmark --office "$scratch/root" "$@"; }
step "and writes its key" root trust key -o root.key
step "the maker has an office" hallmark init --org "Pump Works" "$HALLMARK_OFFICE"
step "with a product that has two algorithms from the beginning" hallmark product add pump --algorithm es256,es384
step "devices know the first" hallmark trust publisher --product pump -o pump.publisher
step "by a list" hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher \
    --publisher "Pump Works" --require-receipts yes -o list
step "that is signed" root trust update list --sign
head -c 3000 /dev/urandom >firmware.bin
head -c 3000 /dev/urandom >worse.bin
native() { hallmark sign --format native --product pump "$@"; }
step "a good release" native --release 1.0 --sequence 1 --component main=firmware.bin -o good.cose
step "a thief signs another with the same key" native --release 1.1 --sequence 2 --component main=worse.bin -o bad.cose
step "with what he has, without the log" native --release 1.2 --sequence 3 --no-receipt --component main=worse.bin -o unlogged.cose
expect_output "as devices" "devices take the one" hallmark verify --trust list good.cose firmware.bin
expect_output "as devices" "and the other" hallmark verify --trust list bad.cose worse.bin
expect_refused "asks for a receipt" "but not what no log has seen, even before the key is revoked" \
    hallmark verify --trust list unlogged.cose worse.bin

# Which key was it?
kid=$(hallmark inspect bad.cose | sed -n 's/.*signer 1: key \([0-9a-f]*\),.*/\1/p')
step "inspect tells the whole kid" test ${#kid} -eq 64
expect_output "kid $kid" "and so does the list of keys" hallmark key list
short=$(printf %.16s "$kid")
expect_fault 2 "is no kid" "the beginning must be long enough to be no accident" \
    hallmark trust update list -o list-2 --revoke-key "$(printf %.7s "$kid")" --keep good.cose
expect_fault 2 "no publisher has a key" "and be a key's that the list knows" hallmark trust update list -o list-2 --revoke-key 0123456789abcdef
step "none of that left a list" test ! -e list-2

# The other algorithm.
expect_refused "--algorithm rsa3072: pump signs with es256, es384" "an algorithm that the product has not cannot be had later" \
    native --release 1.3 --algorithm rsa3072 --component main=firmware.bin -o x.cose
step "the second key is made and written down" hallmark trust publisher --product pump --algorithm es384 -o new.publisher
step "the first is revoked, the good release stays, the second comes in" hallmark trust update list -o list-2 \
    --revoke-key "$short" --keep good.cose --add-publisher new.publisher
step "the root signs" root trust update list-2 --sign
expect_output "takes it" "devices that hold the first list take it" hallmark trust show list-2 --old list
expect_output "as devices" "the good release stays good" hallmark verify --trust list-2 good.cose firmware.bin
expect_refused "revoked key" "the thief's is refused" hallmark verify --trust list-2 bad.cose worse.bin
step "the maker goes on with the second key" \
    native --release 1.3 --sequence 4 --algorithm es384 --component main=firmware.bin -o next.cose
expect_output "as devices" "and devices take that" hallmark verify --trust list-2 next.cose firmware.bin
expect_refused "" "which the first list does not know" hallmark verify --trust list next.cose firmware.bin

# A new office: vendor and class follow from the names of organization and product.
step "a new office with the same names" hallmark init --org "Pump Works" "$scratch/second"
second() { hallmark --office "$scratch/second" "$@"; }
step "and the same product" second product add pump
expect_output "$(hallmark product show pump | grep class)" "is for the same devices" second product show pump
step "it writes itself down" second trust publisher --product pump -o second.publisher
step "it comes into the list, beside the first office" hallmark trust update list-2 -o list-3 --add-publisher second.publisher
step "the root signs" root trust update list-3 --sign
step "it signs a release" second sign --format native --product pump --release 2.0 --component main=firmware.bin -o second.cose
expect_output "as devices" "which the same devices take" hallmark verify --trust list-3 second.cose firmware.bin
expect_output "as devices" "as such of this product" hallmark verify --trust list-3 --product pump second.cose firmware.bin

step "an office of another name" hallmark init --org "Pump Works AG" "$scratch/third"
third() { hallmark --office "$scratch/third" "$@"; }
step "with the same product" third product add pump
step "writes itself down" third trust publisher --product pump -o third.publisher
class=$(hallmark product show pump --json | sed -n 's/.*"class":"\([^"]*\)".*/\1/p')
step "and is given the old class" hallmark trust update list-3 -o list-4 --add-publisher third.publisher \
    --publisher "Pump Works AG" --add-class "$class"
step "the root signs" root trust update list-4 --sign
step "it signs a release" third sign --format native --product pump --release 3.0 --component main=firmware.bin -o third.cose
expect_refused "another vendor" "which is for its own class of devices all the same, and not for the old ones" \
    hallmark verify --trust list-4 --product pump third.cose firmware.bin

# The second key is stolen, too. One command stops it and makes the next list.
key=$(hallmark key list --product pump --json | sed -n '/"algorithm":"es384"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
expect_fault 2 "--trust-list names the one in force" "a release is kept by a list" \
    hallmark compromise "$key" --since 1h --keep next.cose -o incident
expect_refused "nothing was stopped" "what is misspelt is found before anything is stopped" \
    hallmark compromise "$key" --since 1h --trust-list list-4 --keep nxet.cose -o incident
step "the key signs still" native --release 1.4 --sequence 5 --algorithm es384 --component main=worse.bin -o last.cose
step "it is rehearsed" hallmark compromise "$key" --since 1h --trust-list list-4 --keep next.cose --rehearse -o rehearsal
step "the list of the rehearsal names the real key, and does not look like one to be signed" test ! -e rehearsal/trust-list
expect_output "es384    signing    pump  active" "nothing was stopped" hallmark key list
step "it is done" hallmark compromise "$key" --since 1h --trust-list list-4 --keep next.cose -o incident
expect_refused "is compromised" "it signs nothing more" \
    native --release 1.5 --sequence 6 --algorithm es384 --component main=worse.bin -o x.cose
step "the root signs" root trust update incident/trust-list --sign --old list-4
expect_output "takes it" "devices take the list" hallmark trust show incident/trust-list --old list-4
expect_output "as devices" "what was kept stays good" hallmark verify --trust incident/trust-list next.cose firmware.bin
expect_refused "revoked key" "what was not is refused" hallmark verify --trust incident/trust-list last.cose worse.bin
cp incident/trust-list signed
step "the command is given again" hallmark compromise "$key" --since 1h --trust-list list-4 --keep next.cose -o incident
expect_same incident/trust-list signed "and leaves the list with its signatures"
finish
