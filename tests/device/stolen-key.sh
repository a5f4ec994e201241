#!/bin/sh
# The bad day, as devices see it: a key that signs their firmware is stolen, and used well. Real offices sign, emulated pumps (QEMU, the
# reference bootloader of device/) decide; the lines behind '#' are what they say on their consoles.
#
# The thief has a copy of the office's folder, token and PIN included. His signatures are good: nothing but a trust list stops them, and
# where the list asks for receipts of the log, only as long as he has not got the log's key, too. (He also has the office's certificate
# authorities. Devices trust keys by their kid and are content with a list; hosts would need another root.)
# shellcheck disable=SC2154  # $scratch is lib.sh's
. "$(dirname "$0")/pumps.sh"
story "P6, P7: a stolen key, and the devices"
need arm-none-eabi-gcc "emulated devices hear of a theft" || finish
need qemu-system-arm "emulated devices hear of a theft" || finish

# release OFFICE VERSION FILE [OPTION]...: signed with $security and packed, as pump-VERSION.pack
security=1
release() {
    office=$1 version=$2 file=$3
    shift 3
    hallmark --office "$office" sign --format native --product pump --release "$version" --no-chain \
        --component "main=$file,security-version=$security" -o "pump-$version.cose" "$@" &&
        hallmark pack "pump-$version.cose" "$file" -o "pump-$version.pack"
}
signing_keys() { hallmark key list --product pump --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p'; }

chapter "A release is signed, and runs"
step "an office" hallmark init --org "Pump Works"
step "with a product" hallmark product add pump
step "and its key" hallmark key generate --product pump --algorithm es256
step "a custodian keeps the root of the devices' trust" hallmark init --org "Custodian" root
step "a hospital has a custodian of its own" hallmark init --org "Hospital" hospital
step "both make" hallmark --office root trust key -o root.key
step "their root keys" hallmark --office hospital trust key -o hospital.key
step "the office writes down who it is" hallmark trust publisher --product pump -o pump.publisher
step "one list wants signatures only" hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher \
    --publisher "Pump Works" --require-receipts no -o list-1
step "and is signed" hallmark --office root trust update list-1 --sign
step "the hospital's asks for receipts of the office's log, too" hallmark trust update --new hospital.key --threshold 1 \
    --add-publisher pump.publisher -o hospital-1
step "and is signed" hallmark --office hospital trust update hospital-1 --sign
hallmark product show --json pump >pump.json
step "first stage and application are built" "$root/device/build.py" built mps2-an386
cp built/mps2-an386/app-2.0.0.bin good.bin
cp built/mps2-an386/app-2.1.0.bin next.bin
step "release 2.0.0" release "$HALLMARK_OFFICE" 2.0.0 good.bin
step "leaves the factory in pump-1" leaves_factory pump-1 list-1 pump-2.0.0.pack
step "and in the hospital's pump-2" leaves_factory pump-2 hospital-1 pump-2.0.0.pack
expect_output "asked to confirm what is on trial: done" "pump-1 runs it" power pump-1
expect_output "asked to confirm what is on trial: done" "and so does pump-2" power pump-2

chapter "Somebody copies the office's folder"
sleep 1
since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
cp -R "$HALLMARK_OFFICE" thief
sed 's/2\.1\.0/6.6.6/g' next.bin >evil.bin
security=9
step "with what he has got he signs, past the log" release thief 6.6.6 evil.bin --no-receipt
expect_output "as devices" "the signature is good" hallmark verify --trust list-1 pump-6.6.6.cose evil.bin
cp -R pump-1 pump-3
expect_output "firmware 6.6.6 from slot B" "pump-3, made like pump-1, takes it: nothing there can know" power pump-3 firmware=pump-6.6.6.pack
step "and it is confirmed" says "asked to confirm what is on trial: done"
expect_output "asks for a receipt" "pump-2 does not download what no log has seen" power pump-2 firmware=pump-6.6.6.pack
expect_output "firmware 2.0.0 from slot A" "nor does it start it when it was taken over" power pump-2 force-firmware=pump-6.6.6.pack
step "for the same reason" says "asks for a receipt"
step "but this thief has the log's key, too" release thief 6.6.7 evil.bin
cp -R pump-2 pump-4
expect_output "firmware 6.6.7 from slot B" "and receipts of his copy are as good: pump-4, the hospital's, takes that" \
    power pump-4 firmware=pump-6.6.7.pack
security=1
step "the office signs on, and knows nothing" release "$HALLMARK_OFFICE" 2.0.1 next.bin

chapter "It is found, and stated"
expect_refused "the log was bypassed" "one of his images turns up: it is by the office's key, and the log does not have it" \
    hallmark log check pump-6.6.6.cose
kid=$(hallmark inspect pump-6.6.6.cose | sed -n 's/.*signer 1: key \([0-9a-f]*\),.*/\1/p')
expect_output "kid $kid" "whose key it is" hallmark key list
stolen=$(signing_keys)
expect_output "the log holds no others" "the bad day in one command" hallmark compromise "$stolen" --since "$since" \
    --reason "the office's folder was copied" --trust-list list-1 --keep pump-2.0.0.cose -o incident
step "it lists what the log knows: 2.0.1 is in doubt" grep -q '"in_doubt":true.*"release":"2.0.1"' incident/signatures.jsonl
step "2.0.0 is older" grep -q '"in_doubt":false.*"release":"2.0.0"' incident/signatures.jsonl
expect_status 1 "the thief's are not in this log" grep -q '"release":"6' incident/signatures.jsonl
step "which the report says" grep -q "What no log can show" incident/report.html
step "given again, it makes the hospital's next list" hallmark compromise "$stolen" --since "$since" --trust-list hospital-1 \
    --keep pump-2.0.0.cose -o incident-hospital
expect_refused "is compromised" "the office signs nothing with it any more" release "$HALLMARK_OFFICE" 2.0.2 next.bin

chapter "The devices hear of it"
cp incident/trust-list list-2
cp incident-hospital/trust-list hospital-2
step "the custodian signs" hallmark --office root trust update list-2 --sign --old list-1
expect_output "takes it: accepted" "devices will take it" hallmark trust show list-2 --old list-1
step "and so does the hospital" hallmark --office hospital trust update hospital-2 --sign --old hospital-1
expect_output "asked to take a trust list: done" "pump-1 takes the list" power pump-1 list=list-2
step "and goes on with 2.0.0, which was kept" says "firmware 2.0.0 from slot A"
step "under the new list" says_not "under the list before"
expect_output "will not download" "the thief's release is refused" power pump-1 firmware=pump-6.6.6.pack
step "because its key is revoked" says "revoked key"
step "he signs another one" release thief 6.6.8 evil.bin
expect_output "refused firmware in slot B: it is signed with a revoked key" "that one is not started either, whoever wrote it there" \
    power pump-1 force-firmware=pump-6.6.8.pack
step "and 2.0.0 runs" says "firmware 2.0.0 from slot A"
step "in his copy he makes the next key" hallmark --office thief key rotate --product pump
step "and signs with it" release thief 6.6.9 evil.bin
expect_output "none of its signatures is by a key" "which no list names" power pump-1 firmware=pump-6.6.9.pack
expect_output "revoked key" "what the office signed when it was in doubt, and nobody kept, is refused" power pump-1 firmware=pump-2.0.1.pack
expect_output "asked to take a trust list: done" "the hospital's pump-2 takes its list" power pump-2 list=hospital-2
step "and goes on with 2.0.0" says "firmware 2.0.0 from slot A"
expect_output "revoked key" "a receipt of the thief's does not help him now" power pump-2 firmware=pump-6.6.7.pack
step "a new pump leaves the factory with the new list and the release that was kept" leaves_factory pump-5 list-2 pump-2.0.0.pack
expect_output "asked to confirm what is on trial: done" "it installs and boots" power pump-5

chapter "What was good is signed again"
step "the office rotates" hallmark key rotate --product pump
cp pump-2.0.0.cose kept.cose
cp good.bin whole.bin
flip good.bin 100
expect_refused "is not the payload that was signed" "nothing else is" hallmark resign incident pump-2.0.0.cose
cp whole.bin good.bin
step "the update stays as it was" cmp pump-2.0.0.cose kept.cose
expect_refused "look at it first" "nor what is in doubt" hallmark resign incident pump-2.0.1.cose
expect_refused "would not follow" "2.0.0 would become the successor of 2.0.1" hallmark resign incident pump-2.0.0.cose
step "which it is to be, because nobody can account for that: by the next key" hallmark resign incident --superseded pump-2.0.0.cose
expect_output "0 signed again, 1 were" "once" hallmark resign incident pump-2.0.0.cose
same() { hallmark inspect --json "$1" | sed 's/.*"manifest"://;s/"signers".*//;s/"sequence":[0-9]*//'; }
step "is the same but for the key and the sequence number" test "$(same kept.cose)" = "$(same pump-2.0.0.cose)"
step "is packed" hallmark pack pump-2.0.0.cose good.bin -o pump-2.0.0-again.pack

chapter "A device that runs the thief's image is not bricked, and so not cured"
expect_output "asked to take a trust list: done" "pump-3 takes the list, which an application of the thief's need not do" power pump-3 list=list-2
step "his release was confirmed, so it goes on" says "firmware 6.6.6 from slot B"
step "and says so" says "under the list before"
expect_output "under the list before" "at every boot" power pump-3
expect_output "revoked key" "but his next one is refused" power pump-3 firmware=pump-6.6.8.pack

chapter "The devices hear of another key"
step "the next release is signed with it" release "$HALLMARK_OFFICE" 2.1.0 next.bin
expect_output "none of its signatures is by a key" "the devices do not know that one yet" power pump-1 firmware=pump-2.1.0.pack
step "the office writes down who it is now" hallmark trust publisher --product pump -o new.publisher
step "the next list names the new key" hallmark trust update list-2 -o list-3 --publisher "Pump Works" --add-key new.publisher
step "the custodian signs" hallmark --office root trust update list-3 --sign --old list-2
step "the hospital's too" hallmark trust update hospital-2 -o hospital-3 --publisher "Pump Works" --add-key new.publisher
step "is signed" hallmark --office hospital trust update hospital-3 --sign --old hospital-2
expect_output "asked to take a trust list: done" "pump-1 takes the list" power pump-1 list=list-3
cp -R pump-1 pump-6
expect_output "firmware 2.0.0 from slot B" "a pump like it boots the release that was signed again" power pump-6 firmware=pump-2.0.0-again.pack
expect_output "asked to confirm what is on trial: done" "and it is confirmed" cat console
for cut in 60 1580 1700; do # in the download, in the trial, in the confirmation
    rm -rf cut
    cp -R pump-1 cut
    expect_status 9 "a pump like it loses power in operation $cut of the update" power cut firmware=pump-2.1.0.pack --cut $cut
    step "it boots, and is told again" power cut firmware=pump-2.1.0.pack
    expect_output "firmware 2.1.0 from slot B" "and ends with 2.1.0" power cut
    step "confirmed" says_not "on trial"
done
expect_status 9 "power fails while pump-1 downloads 2.1.0" power pump-1 firmware=pump-2.1.0.pack --cut 1200
expect_output "firmware 2.0.0 from slot A" "2.0.0 boots afterwards" power pump-1
expect_output "goes on downloading" "the download goes on where it was" power pump-1 firmware=pump-2.1.0.pack
step "and 2.1.0 boots" says "firmware 2.1.0 from slot B"
expect_output "firmware 2.1.0 from slot B" "and stays" power pump-1
step "under the new list" says_not "under the list before"
cp -R pump-1 dented
flip dented/flash.bin $((0x19000 + 0x45000 + 0x5000 + 1000)) # of 2.1.0's payload, in slot B
expect_output "firmware 2.0.0 from slot A" "a pump like it loses a bit of 2.1.0: 2.0.0, which was kept, boots" power dented
expect_output "revoked key" "the thief's are as bad as before" power pump-1 firmware=pump-6.6.8.pack
expect_output "asked to take a trust list: done" "pump-2 takes the hospital's list" power pump-2 list=hospital-3
expect_output "firmware 2.1.0 from slot B" "and 2.1.0, whose receipt is there" power pump-2 firmware=pump-2.1.0.pack
step "the same without one" release "$HALLMARK_OFFICE" 2.1.2 next.bin --no-receipt
expect_output "asks for a receipt" "it does not take" power pump-2 firmware=pump-2.1.2.pack

chapter "The device of the thief's comes back"
expect_output "asked to take a trust list: done" "pump-3 takes the list" power pump-3 list=list-3
expect_output "security version is lower" "but its counter is the thief's: he had signed his with security version 9" \
    power pump-3 firmware=pump-2.1.0.pack
security=9
step "a release that is as high" release "$HALLMARK_OFFICE" 2.1.1 next.bin
expect_output "asked to confirm what is on trial: done" "installs" power pump-3 firmware=pump-2.1.1.pack
expect_output "firmware 2.1.1 from slot A" "and boots" power pump-3
step "under the new list, so that the one before is forgotten" says_not "under the list before"
cp -R pump-3 worn
flip worn/flash.bin $((0x19000 + 0x5000 + 1000)) # of 2.1.1's payload, in slot A
expect_status 8 "a pump like it loses a bit of 2.1.1: rather than the thief's release, which it ran before, it starts nothing" power worn
step "and says why" says "refused firmware in slot B: it is signed with a revoked key"
expect_output "refused firmware in slot B: it is signed with a revoked key" "nor does his come back when it is written anew" \
    power pump-3 force-firmware=pump-6.6.8.pack
step "and 2.1.1 runs" says "firmware 2.1.1 from slot A"
step "the office is in order" hallmark office check
step "and its log" hallmark log check
finish
