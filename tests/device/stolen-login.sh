#!/bin/sh
# The bad day at a served office with founders: not the key was stolen but its use. Somebody had the key file of a person who may sign, and
# signed through the office's own door: policy, log and receipt are all as they should be. The office knows what it was, and says so.
# shellcheck disable=SC2086,SC2154  # $two is two options; $scratch is lib.sh's
. "$(dirname "$0")/pumps.sh"
story "P3, P6: a stolen login, and the devices"
need arm-none-eabi-gcc "an emulated device hears of a theft" || finish
need qemu-system-arm "an emulated device hears of a theft" || finish

. "$root/tests/stories/served.sh"

# release PERSON VERSION FILE: signed for PERSON and packed, as pump-VERSION.pack
release() {
    as "$1" sign --format native --product pump --release "$2" --no-chain --component "main=$3,security-version=1" -o "pump-$2.cose" &&
        hallmark pack "pump-$2.cose" "$3" -o "pump-$2.pack"
}

chapter "An office with founders, served"
for who in alice bob carol dave; do
    step "$who has a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"
step "alice and bob found the office" hallmark init --org "Pump Works" --founder alice=alice.key.pub --founder bob=bob.key.pub
step "a certificate for its server" make_tls_certificate
step "which runs" serve_office "$scratch/office" --drain 1
HALLMARK_OFFICE=https://localhost:$port
HALLMARK_CA=tls.pem
export HALLMARK_OFFICE HALLMARK_CA
for who in carol dave; do
    step "$who is known" as alice principal add $who --public-key $who.key.pub $two
done
step "dave makes products" as alice grant add dave administrator $two
step "a pump" as dave product add pump
step "and that is all" as alice grant withdraw dave administrator --key alice.key
step "he sees to keys" as alice grant add dave key-officer $two
step "carol signs" as alice grant add carol requester --product pump $two
printf 'rule all\n  request by carol\n  formats native\n' >pump.policy
step "updates for pumps" as alice policy edit pump.policy --product pump $two
step "dave makes the key" as dave key generate --product pump --algorithm es256
step "and writes down who the office is" as dave trust publisher --product pump -o pump.publisher
step "a custodian" hallmark --office "$scratch/root" init --org "Custodian" "$scratch/root"
root() { hallmark --office "$scratch/root" "$@"; }
step "keeps the root" root trust key -o root.key
step "of a list that asks for receipts" hallmark trust update --new root.key --threshold 1 --add-publisher pump.publisher -o list-1
step "and signs it" root trust update list-1 --sign
as carol product show --json pump >pump.json
step "first stage and application are built" "$root/device/build.py" built mps2-an386
cp built/mps2-an386/app-2.0.0.bin good.bin
cp built/mps2-an386/app-2.1.0.bin next.bin
sed 's/2\.1\.0/6.6.6/g' next.bin >evil.bin
step "carol signs release 2.0.0" release carol 2.0.0 good.bin
step "a pump leaves the factory" leaves_factory pump-1 list-1 pump-2.0.0.pack
expect_output "asked to confirm what is on trial: done" "and runs it" power pump-1

chapter "Somebody has carol's key file"
sleep 1
since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
cp carol.key thief.key
step "and signs, as carol" release thief 6.6.6 evil.bin
expect_output "in the log" "the log has it, and takes it for hers" as dave log check pump-6.6.6.cose
cp -R pump-1 pump-2
expect_output "firmware 6.6.6 from slot B" "there is a receipt, so a pump takes it" power pump-2 firmware=pump-6.6.6.pack

chapter "It is stated"
step "one officer stops the person" as alice compromise carol --since "$since" --key alice.key -o person
step "the list has what was signed in her name since then" grep -q '"in_doubt":true.*"release":"6.6.6"' person/signatures.jsonl
step "and what before" grep -q '"in_doubt":false.*"release":"2.0.0"' person/signatures.jsonl
expect_refused "thief.key" "nobody signs as carol any more" release thief 6.6.7 evil.bin
key=$(as dave key list --product pump --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p')
expect_refused "takes the signatures of 2 officers, and has 1" "her key is not the product's: to call that one stolen takes two" \
    as dave compromise "$key" --since "$since" --trust-list list-1 --keep pump-2.0.0.cose --key alice.key -o incident
step "devices cannot tell one release from another but by the key: so two call it stolen" as dave compromise "$key" --since "$since" \
    --trust-list list-1 --keep pump-2.0.0.cose $two -o incident
step "the same is in doubt" grep -q '"in_doubt":true.*"release":"6.6.6"' incident/signatures.jsonl
step "the custodian signs the next list" root trust update incident/trust-list --sign --old list-1
cp incident/trust-list list-2
expect_output "asked to take a trust list: done" "the pump takes it" power pump-1 list=list-2
step "and runs 2.0.0, which was kept" says "firmware 2.0.0 from slot A"
expect_output "revoked key" "the thief's release is refused" power pump-1 firmware=pump-6.6.6.pack

chapter "Another key, and another for carol"
step "dave has the office make the next key" as dave key rotate --product pump
step "carol makes one, too" hallmark principal keygen carol-2.key
step "by which she is known from now on" as alice principal add carol --public-key carol-2.key.pub $two
step "she may sign again" as alice grant add carol requester --product pump $two
step "and does: 2.1.0" release carol-2 2.1.0 next.bin
step "dave writes down who the office is" as dave trust publisher --product pump -o new.publisher
step "for the next list" hallmark trust update list-2 -o list-3 --publisher "Pump Works" --add-key new.publisher
step "which the custodian signs" root trust update list-3 --sign --old list-2
expect_output "asked to take a trust list: done" "the pump takes it" power pump-1 list=list-3
expect_output "asked to confirm what is on trial: done" "and 2.1.0" power pump-1 firmware=pump-2.1.0.pack
step "which boots" says "firmware 2.1.0 from slot B"
expect_output "asked to take a trust list: done" "the pump that runs the thief's takes the list" power pump-2 list=list-3
step "and goes on, under the list before" says "under the list before"
expect_output "firmware 2.1.0 from slot A" "until 2.1.0 is there" power pump-2 firmware=pump-2.1.0.pack
end_server
unset HALLMARK_CA
step "the office is in order" hallmark --office "$scratch/office" office check
step "and its log" hallmark --office "$scratch/office" log check
finish
