#!/bin/sh
# make demo: an office in a temporary folder signs what an infusion pump is made of; Hallmark and other people's tools check
# it; one byte of each is changed; the log is shown, proved and damaged; an update for a device is judged as the device does. Every command is printed as a person would type it
# and its outcome is checked: what is not as told ends the demo with status 1. Nothing is left behind.
#
#   tools/demo.sh build/hallmark
set -eu
export LC_ALL=C.UTF-8

program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
source=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/hallmark-demo.XXXXXX")
# A checkpoint may still be on its way to the log: what it writes is removed the second time.
trap 'cd / && { rm -rf "$folder" 2>/dev/null || { sleep 1 && rm -rf "$folder"; }; }' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$folder/bin" "$folder/work"
ln -s "$program" "$folder/bin/hallmark"
PATH=$folder/bin:$PATH
HOME=$folder
export PATH HOME
unset HALLMARK_OFFICE # an office that the caller has is left alone
cd "$folder/work"

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') green=$(printf '\033[32m') red=$(printf '\033[31m')
    plain=$(printf '\033[0m')
fi

chapter() { printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"; }
say() { printf '  %s\n' "$1"; }
wrong() {
    printf '\n%smake demo: %s%s\n' "$red" "$1" "$plain" >&2
    exit 1
}

# show WHICH COMMAND: prints the command and of its output the last WHICH lines, or those that match the pattern WHICH. $status
# is how it ended, ../said all that it said.
show() {
    printf '  %s$ %s%s\n' "$bold" "$2" "$plain"
    status=0
    eval "$2" >../said.raw 2>&1 </dev/null || status=$?
    sed '/^[[:space:]]*$/d' ../said.raw >../said
    case $1 in
    [0-9]*) tail -n "$1" ../said >../shown ;;
    *) grep -E -e "$1" ../said >../shown || true ;;
    esac
    fit_to_page <../shown
    hidden=$(($(wc -l <../said) - $(wc -l <../shown)))
    [ "$hidden" -eq 0 ] || printf '    %s(and %s more)%s\n' "$dim" "$hidden" "$plain"
}

# Lines for reading are folded at a space, data is cut.
fit_to_page() {
    sed -E -e '/^.{113}/ { /\{"|^extra|^—/ s/^(.{111}).*/\1…/; t indent; s/^(.{1,110}) (.*)/\1\n      \2/; }' \
        -e ':indent; s/^/    /'
}

expect_said() { [ -z "$1" ] || grep -qF -e "$1" ../said || wrong "it does not say '$1': $2"; }

# accepted TEXT WHICH COMMAND: it succeeds, and says TEXT.
accepted() {
    show "$2" "$3"
    [ "$status" -eq 0 ] || wrong "that should have worked, and ended with status $status: $3"
    expect_said "$1" "$3"
}

# refused TEXT WHICH COMMAND: it says no, and TEXT among its reasons. Hallmark's status for that is 1; others have their own,
# but one that was not found or that crashed has not refused.
refused() {
    show "$2" "$3"
    case $3:$status in
    hallmark*:1) ;;
    hallmark*) wrong "that should have been refused with status 1, and ended with $status: $3" ;;
    *:0 | *:12[67] | *:1[3-9]? | *:2??) wrong "that should have been refused, and ended with $status: $3" ;;
    esac
    expect_said "$1" "$3"
    printf '    %srefused%s\n' "$red" "$plain"
}

# by_others PROGRAM: is it there? Otherwise its step is left out, and that is said.
by_others() {
    command -v "$1" >/dev/null 2>&1 && return 0
    say "($1 is not installed, so this step is left out)"
    return 1
}

# flip FILE: changes one bit of the byte in its middle, with a command that anybody could type.
flip() {
    cp "$1" ../before
    offset=$(($(stat -c %s "$1") / 2))
    byte=$(od -An -tu1 -j "$offset" -N 1 "$1" | tr -d ' ')
    octal=$(printf '%03o' $((byte ^ 1)))
    show 1 "printf '\\$octal' | dd of=$1 bs=1 seek=$offset conv=notrunc status=none"
    [ "$(cmp -l ../before "$1" | wc -l)" -eq 1 ] || wrong "that should have changed one byte"
}

# real_file NAME PACKAGE PATH...: copies the first PATH that exists.
real_file() {
    name=$1 package=$2
    shift 2
    for path in "$@"; do
        [ -f "$path" ] || continue
        cp "$path" "$name"
        return 0
    done
    wrong "no file to be $name (install the package $package)"
}

things='boot.efi setup.exe hmi pump.conf firmware.bin'
real_file boot.efi systemd-boot-efi /usr/lib/systemd/boot/efi/systemd-boot*.efi
real_file setup.exe python3-distlib /usr/lib/python3*/dist-packages/distlib/t64.exe
mkdir -p hmi/screens
echo '<screen name="main"><value tag="rate_ml_h"/><button action="stop"/></screen>' >hmi/screens/main.xml
echo '<screen name="alarm"><text>Occlusion</text></screen>' >hmi/screens/alarm.xml
printf 'tag;address;unit\nrate_ml_h;40001;ml/h\n' >hmi/tags.csv
printf 'max_rate_ml_h = 999\nalarm_pressure_kpa = 60\n' >pump.conf
head -c 300000 /dev/urandom >firmware.bin

chapter '1  An office: its keys in a token (SoftHSM here), its decisions in a log'
accepted 'made in' 9 'hallmark init --org "Example Medical" office'
# shellcheck disable=SC2016 # as typed
show 1 'export HALLMARK_OFFICE=$PWD/office'
accepted 'infusion-pump' 9 'hallmark product add infusion-pump'

chapter '2  A boot loader, a Windows program, an HMI project, a configuration, a firmware image: signed in one call'
accepted 'total' 9 "wc -c boot.efi setup.exe hmi/*.* hmi/*/* pump.conf firmware.bin"
accepted 'firmware.bin: signed' 9 "hallmark sign --product infusion-pump --release 2.4.1 $things"
accepted 'firmware.bin: verified' 9 "hallmark verify --product infusion-pump $things"

chapter '3  Whoever has the roots can check it, without Hallmark'
accepted '' 9 'hallmark trust export -o roots.pem'
by_others sbverify && accepted 'Signature verification OK' 'verification' 'sbverify --cert roots.pem boot.efi'
by_others osslsigncode && accepted 'Succeeded' 'message digest +:|Signature veri|Succeeded' \
    'osslsigncode verify -CAfile roots.pem -in setup.exe'
cms='openssl cms -verify -binary -purpose any -CAfile roots.pem -inform DER -out /dev/null'
by_others openssl && accepted 'successful' 1 "$cms -in firmware.bin.p7s -content firmware.bin"
by_others openssl && accepted 'successful' 1 "$cms -in hmi/SHA256SUMS.p7s -content hmi/SHA256SUMS"
accepted 'screens/main.xml: OK' 9 '(cd hmi && sha256sum -c SHA256SUMS)'

chapter '4  One byte of each is changed'
mkdir changed
accepted '' 1 'cp -a boot.efi setup.exe hmi pump.conf* firmware.bin* changed/'
changed_content='the content is not what was signed'
flip changed/boot.efi
refused "$changed_content" 9 'hallmark verify changed/boot.efi'
by_others sbverify && refused 'hash check' 'hash check|verification' 'sbverify --cert roots.pem changed/boot.efi'
flip changed/setup.exe
refused "$changed_content" 9 'hallmark verify changed/setup.exe'
by_others osslsigncode && refused 'MISMATCH' 'message digest +:|Failed' \
    'osslsigncode verify -CAfile roots.pem -in changed/setup.exe'
flip changed/hmi/screens/main.xml
refused 'changed: screens/main.xml' 9 'hallmark verify changed/hmi'
refused 'screens/main.xml: FAILED' 'FAILED|WARNING' '(cd changed/hmi && sha256sum -c SHA256SUMS)'
flip changed/pump.conf
refused "$changed_content" 9 'hallmark verify changed/pump.conf'
flip changed/firmware.bin
refused "$changed_content" 9 'hallmark verify changed/firmware.bin'
by_others openssl && refused 'erification failure' '^CMS ' "$cms -in changed/firmware.bin.p7s -content changed/firmware.bin"
say 'What was signed is still good:'
accepted 'boot.efi: verified' '^(boot|setup)' "hallmark verify $things"

chapter '5  The log has every decision, from the founding of the office on'
accepted 'outcome' 9 'hallmark log show --count 8'
say 'One intent, whole: it was durable before the token was asked to sign.'
accepted '"name":"boot.efi"' 20 "hallmark log show --json | grep boot.efi | sed 's/.*\"details\"://' | tr , '\\n'"
accepted 'log: good' 2 'hallmark log check'
accepted 'logged: intent' 2 'hallmark log prove firmware.bin'
accepted 'tlog-proof' 12 'cat firmware.bin.tlog-proof'
say 'With that file, whoever has the roots knows without asking anybody that the signature is in the log:'
accepted 'logged' 2 'hallmark verify --require-log --trust roots.pem firmware.bin'

chapter '6  Somebody edits the log'
tile=office/log/tile/0/000.p/$(sed -n 2p office/log/checkpoint)
accepted '' 1 "cp $tile saved"
flip "$tile"
refused 'tile/0/000.p' 9 'hallmark log check'
accepted '' 1 "cp saved $tile"
accepted 'log: good' 2 'hallmark log check'

chapter '7  An update for a device: firmware and therapy limits, in one envelope and one stream'
head -c 200000 /dev/urandom >pump.bin
printf 'max_rate_ml_h = 999\nmin_rate_ml_h = 1\n' >limits.conf
accepted 'signed' 9 'hallmark sign --format native --product infusion-pump --release 2.4.1 --component main=pump.bin,kind=firmware,security-version=3 --component limits=limits.conf,kind=parameters -o pump.cose'
accepted 'packed' 9 'hallmark pack pump.cose pump.bin limits.conf -o pump.pack'
accepted 'receipt' 'release|publisher|class|component|signer|receipt' 'hallmark inspect pump.cose'

chapter '8  What devices trust: a list that two of three custodians sign, each with a key of their own'
say 'Each custodian has an office. (They would not lie on one machine.)'
for name in a b c; do
    accepted '' 0 "hallmark init --org 'Custodian $name' custodian-$name"
    accepted '' 1 "hallmark trust key --office custodian-$name -o root-$name.key"
done
accepted 'publisher' 9 'hallmark trust publisher --product infusion-pump -o pump.publisher'
accepted '0 of 2' 9 'hallmark trust update --new root-a.key root-b.key root-c.key --threshold 2 --add-publisher pump.publisher -o list'
accepted '1 of 2' 9 'hallmark trust update list --sign --office custodian-a'
say 'One is not enough:'
refused 'not signed by enough' 9 'hallmark unpack pump.pack --trust list'
accepted '2 of 2' 9 'hallmark trust update list --sign --office custodian-c'
say 'This list, and the SHA-256 of its root set, are what a device is made with. It decides with the same code as this command:'
accepted 'verified' 9 'mkdir installed && hallmark unpack pump.pack --trust list -C installed'
accepted '' 1 'cmp installed/main pump.bin && cmp installed/limits limits.conf'

chapter '9  Every refusal has its reason'
mkdir refused
cp pump.pack changed.pack
flip changed.pack
refused 'payload' 9 'hallmark unpack changed.pack --trust list -C refused'
say 'Another product of the same office:'
accepted 'ventilator' 1 'hallmark product add ventilator'
accepted '' 0 'hallmark sign --format native --product ventilator --release 1.0 pump.bin -o ventilator.cose'
accepted '' 0 'hallmark pack ventilator.cose pump.bin -o ventilator.pack'
refused 'key' 9 'hallmark unpack ventilator.pack --trust list -C refused'
say 'A key is stolen. The custodians revoke it; the one release that is known to be good stays so:'
accepted '' 0 'hallmark sign --format native --product infusion-pump --release 6.6.6 pump.bin -o stolen.cose'
accepted '' 0 'hallmark pack stolen.cose pump.bin -o stolen.pack'
kid=$(hallmark key list --json --product infusion-pump | grep '"es256","role":"signing"' | sed 's/.*"kid":"\([0-9a-f]*\)".*/\1/')
accepted '0 of 2' 9 "hallmark trust update list -o list-2 --revoke-key $kid --keep pump.cose"
accepted '' 0 'hallmark trust update list-2 --sign --old list --office custodian-b'
accepted '2 of 2' 1 'hallmark trust update list-2 --sign --old list --office custodian-c'
accepted 'revoked' 'revoke|device' 'hallmark trust show list-2 --old list'
refused 'revoked' 9 'hallmark unpack stolen.pack --trust list-2 -C refused'
accepted 'verified' 1 'hallmark verify --trust list-2 pump.cose'
accepted '' 1 'test -z "$(ls refused)"'

chapter '10  The same decision in a device: the verifier is freestanding C, and this installer has 60 lines'
ln -s "$source/verify" verify
cp "$source/tests/vectors/native/plain.list" device.list
cp "$source/tests/vectors/native/plain.roots" device.roots
cp "$source/tests/vectors/native/plain.pack" device.pack
accepted '' 1 "cc -Os -Iverify/include -Iverify/portable verify/example/install.c \$(sed 's,^,verify/src/,' verify/files.txt) -o install"
accepted 'accepted' 2 './install device.list device.roots device.pack'
flip device.pack
refused 'sign' 2 './install device.list device.roots device.pack'

printf '\n%sAll of it went as told.%s The office was temporary and is gone. Next:\n\n' "$green$bold" "$plain"
say 'README.md                    how to make an office that stays'
say 'docs/release-engineer.md     signing, day by day and from a script'
say 'docs/security-officer.md     keys, certificates, who can do what'
say 'docs/auditor.md              what the log proves, and how to check it without us'
say 'docs/device.md               the verifier in a device of your own'
say 'docs/trust-list.md           the custodians, and the day when a key is stolen'
say 'SECURITY.md                  what is promised, on what it rests, and what is not assured'
