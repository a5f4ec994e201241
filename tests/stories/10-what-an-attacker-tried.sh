#!/bin/sh
# P1, P4, P5, P8: what a review tried against the program, each attempt with what it would have gained. That a parser cannot ask
# the core for more than its session is in tests/unit/core/test_signing.c.
# shellcheck disable=SC2016,SC2154  # the dollars are of the shells inside; lib.sh sets the rest
. "$(dirname "$0")/lib.sh"
story "P1, P4, P5, P8: what an attacker tried"

efi=$scratch/systemd-boot.efi
cp /usr/lib/systemd/boot/efi/systemd-boot*.efi "$efi"
chmod 755 "$scratch" "$scratch/work"
is_root=
[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && is_root=yes
step "an office is made" hallmark init --org "Honest Pumps" "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
echo good >good.bin
step "a file is signed" hallmark sign --product pump good.bin
step "its proof is made, so that a checkpoint covers it" hallmark log prove -o published.tlog-proof good.bin

# An office is as good as those who can write to it.
cp -r "$HALLMARK_OFFICE" open
for part in . office.db log token trust.pem; do
    chmod go+w "open/$part"
    expect_refused "others can write" "an office is refused when others can write to $part" hallmark product list --office open
    expect_refused "others can write" "nor is it asked to sign" hallmark sign --office open --product pump good.bin
    chmod go-w "open/$part"
done
for part in . trust.pem; do
    chmod o+w "open/$part"
    expect_refused "others can write" "verify does not trust its roots when others can write to $part" \
        hallmark verify --office open good.bin
    chmod o-w "open/$part"
done
step "closed again, it works" hallmark verify --office open good.bin
if [ -n "$is_root" ]; then
    for part in . office.db log token trust.pem; do
        chown nobody "open/$part"
        expect_refused "belongs to somebody else" "an office is refused when somebody else owns $part" \
            hallmark product list --office open
        chown root "open/$part"
    done
    for part in . trust.pem; do
        chown nobody "open/$part"
        expect_refused "belongs to somebody else" "verify does not trust its roots when somebody else owns $part" \
            hallmark verify --office open good.bin
        chown root "open/$part"
    done
else
    skip "an office of somebody else is refused" "only root can give files away"
fi

# A database names the module that is loaded: code from whoever wrote it.
point_at() {
    /usr/bin/python3 -c 'import sqlite3, sys
database = sqlite3.connect(sys.argv[1] + "/office.db")
database.execute("update office set token = ?", (f"pkcs11:token=x?module-path={sys.argv[2]}&pin-source=file:{sys.argv[1]}/token/pin",))
database.commit()' "$1" "$2"
}
cp -r "$HALLMARK_OFFICE" brought
cp /usr/lib/softhsm/libsofthsm2.so brought/module.so
point_at "$PWD/brought" "$PWD/brought/module.so"
echo fresh >fresh.bin
expect_refused "lies in the office's folder" "a module that came with the office is not loaded" \
    hallmark sign --office brought --product pump fresh.bin
point_at "$PWD/brought" "$PWD/brought/../brought/token/../module.so"
expect_refused "lies in the office's folder" "by whatever path" hallmark sign --office brought --product pump fresh.bin
ln -s brought/module.so module-link.so
point_at "$PWD/brought" "$PWD/module-link.so"
expect_refused "lies in the office's folder" "or link" hallmark sign --office brought --product pump fresh.bin
mkdir elsewhere
cp /usr/lib/softhsm/libsofthsm2.so elsewhere/module.so
point_at "$PWD/brought" "$PWD/elsewhere/module.so"
chmod go+w elsewhere/module.so
expect_refused "is not loaded: others can write" "a module that others can write is not loaded" \
    hallmark sign --office brought --product pump fresh.bin
chmod go-w elsewhere/module.so
chmod go+w elsewhere
expect_refused "is not loaded: others can write" "nor one in a folder that others can write" \
    hallmark sign --office brought --product pump fresh.bin
point_at "$PWD/brought" /nowhere/module.so
expect_fault 3 /nowhere/module.so "with no module there is no signature" hallmark sign --office brought --product pump fresh.bin
step "none of this signed anything" test ! -e fresh.bin.p7s
cp -r "$HALLMARK_OFFICE" gone
point_at "$PWD/gone" /nowhere/module.so
step "an auditor without the module can check the log" hallmark log check --office gone
expect_output good.bin "and read it" hallmark log show --office gone
step "and ask about a file" hallmark log check --office gone good.bin
step "even with entries that no checkpoint covers yet" hallmark log check --office brought
expect_output refusal "which he can read" hallmark log show --office brought

# One kind of content that is taken for another.
mkdir payload
echo malware >payload/run.sh
step "an office that an attacker made" hallmark init --org Attacker evil
step "a product of the same name" hallmark product add --office evil pump
step "he lists a folder that nobody signed" hallmark sign --office evil --product pump payload
cp payload/SHA256SUMS release-notes.txt
expect_refused "is the catalogue of a folder" "his list is not signed as a text" hallmark sign --product pump release-notes.txt
expect_refused "is the catalogue of a folder" "nor when the format is named" \
    hallmark sign --format cms --product pump release-notes.txt
mv release-notes.txt release.bin
expect_refused "is the catalogue of a folder" "nor under another name" hallmark sign --product pump release.bin
step "nothing was signed" test ! -e release-notes.txt.p7s -a ! -e release.bin.p7s
cp -r "$HALLMARK_OFFICE" aside
mkdir recipes
echo "mix 3 min" >recipes/paste.txt
step "a folder is signed" hallmark sign --office aside --product pump recipes
step "it verifies" hallmark verify recipes
step "the entry is made one of a file" /usr/bin/python3 "$root/tests/stories/relog.py" aside "$HALLMARK_OFFICE" 1
step "the list has a proof as a file" hallmark log prove --format cms recipes/SHA256SUMS
expect_refused "logged as another format" "which is no proof for the folder" hallmark verify --require-log recipes
expect_refused "logged as another format" "nor in the log" hallmark log check recipes

# Two offices that one device trusts.
cat "$HALLMARK_OFFICE/trust.pem" evil/trust.pem >both.pem
echo theirs >theirs.bin
step "a file of the other office" hallmark sign --office evil --product pump theirs.bin
step "both are trusted" hallmark verify --trust both.pem good.bin theirs.bin
step "its own file with its own proof" hallmark log prove good.bin
step "verifies" hallmark verify --trust both.pem --require-log good.bin
cp good.bin.tlog-proof theirs.bin.tlog-proof
expect_refused "does not fit" "the proof of one office is none for the other's signature" \
    hallmark verify --trust both.pem --require-log theirs.bin
rm theirs.bin.tlog-proof
step "the other office proves it in its log" hallmark log prove --office evil theirs.bin
expect_refused theirs.bin "which is not the log of the first" hallmark verify --trust both.pem --require-log theirs.bin
cp -r "$HALLMARK_OFFICE" written
step "an operator writes it into the other log" /usr/bin/python3 "$root/tests/stories/relog.py" evil written 1
cp both.pem written/trust.pem
rm theirs.bin.tlog-proof
expect_refused "by another office" "which is refused as such" hallmark log prove --office written theirs.bin
step "and leaves no proof" test ! -e theirs.bin.tlog-proof

# A signature without signed attributes, over bytes that another signature's attributes could be (RFC 5652 section 5.4).
if need openssl "a signature without attributes"; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 3650 \
        -subj "/CN=Public Root" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj "/CN=Signer" 2>/dev/null
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n' >leaf.ext
    openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 400 -extfile leaf.ext -out leaf.pem 2>/dev/null
    openssl x509 -in leaf.pem -outform DER -out sequence.bin
    printf '\061\003\002\001\001' >set.bin
    echo ordinary >ordinary.bin
    for name in sequence set ordinary; do
        openssl cms -sign -noattr -binary -md sha256 -in $name.bin -signer leaf.pem -inkey leaf.key -outform DER -out $name.bin.p7s
        openssl cms -sign -binary -md sha256 -in $name.bin -signer leaf.pem -inkey leaf.key -outform DER -out $name.whole
    done
    step "over ordinary content it verifies" hallmark verify --trust root.pem ordinary.bin
    for name in sequence set; do
        expect_refused "part of another signature" "over a DER $name it is refused" hallmark verify --trust root.pem $name.bin
        step "with attributes it verifies" hallmark verify --trust root.pem --signature $name.whole $name.bin
    done
fi

# Signing in place, as root, what others gave.
if [ -n "$is_root" ]; then
    cp "$efi" theirs.efi
    chown nobody:nogroup theirs.efi
    chmod 6755 theirs.efi
    step "root signs a file of somebody else's that has the setuid bit" hallmark sign --product pump theirs.efi
    expect_output "nobody nogroup 755" "it is still theirs, without the bit" stat -c "%U %G %a" theirs.efi
    mkdir -m 700 private
    cp "$efi" private/grub.efi
    echo secret >private/secret
    mkdir given
    ln -s "$PWD/private/grub.efi" given/app.efi
    ln -s "$PWD/private/secret" given/fw.bin
    chown -Rh nobody given
    expect_refused "is a link that somebody else made" "a link to a program that is not theirs is refused" \
        hallmark sign --product pump given/app.efi
    expect_refused "is a link that somebody else made" "a link to any file too" hallmark sign --product pump given/fw.bin
    expect_same private/grub.efi "$efi" "the program is as it was"
    step "nothing was written beside the secret" test ! -e private/secret.p7s -a ! -e given/fw.bin.p7s
else
    skip "setuid bits are dropped and the owner is kept" "only root can give files away"
    skip "a link that somebody else made is refused" "only root can give files away"
fi

# The office and its PIN are neither read by a parser nor written over.
ln -s "$HALLMARK_OFFICE/token/pin" pin.bin
for command in "sign --product pump" verify inspect "log check" "log prove"; do
    # shellcheck disable=SC2086  # a command is words
    expect_refused "lies in the office" "$command: no file of the office" hallmark $command "$HALLMARK_OFFICE/trust.pem"
    # shellcheck disable=SC2086
    expect_refused "lies in the office" "$command: nor by a link" hallmark $command pin.bin
    # shellcheck disable=SC2086
    expect_refused "the office lies in this folder" "$command: no folder that holds it" hallmark $command "$scratch"
done
cp "$HALLMARK_OFFICE/trust.pem" trust.kept
cp "$efi" fresh.efi
expect_refused "lies in the office" "-o does not lead into the office" \
    hallmark sign --product pump -o "$HALLMARK_OFFICE/trust.pem" fresh.efi
ln -s "$HALLMARK_OFFICE" way
expect_refused "lies in the office" "nor by a link" hallmark sign --product pump -o way fresh.efi
expect_refused "lies in the office" "nor for a proof" hallmark log prove -o way/log/checkpoint good.bin
expect_same "$HALLMARK_OFFICE/trust.pem" trust.kept "the roots are as they were"
step "the office works" hallmark log check

# Whoever starts the program closes standard files, so that a file that is opened takes their number.
cp "$efi" closed.efi
step "signing without standard output works" sh -c 'hallmark sign --product pump closed.efi >&-'
step "and the file is whole" hallmark verify closed.efi
cp "$efi" closed.efi
step "so does signing without any" sh -c 'hallmark sign --product pump closed.efi <&- >&- 2>&-'
step "and that file is whole" hallmark verify closed.efi
step "verifying without any: good" sh -c 'hallmark verify closed.efi <&- >&- 2>&-'
step "several: good" sh -c 'hallmark verify closed.efi good.bin <&- >&- 2>&-'
expect_status 1 "what is not signed is refused" sh -c 'hallmark verify fresh.efi <&- >&- 2>&-'
expect_status 1 "among several too" sh -c 'hallmark verify closed.efi fresh.efi <&- >&- 2>&-'
expect_same fresh.efi "$efi" "and is as it was"

# Two that make an office in one folder at once: a whole one is left, and whoever was told of it has it.
bad=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf crowd
    hallmark init --org A crowd >/dev/null 2>crowd.a &
    first=$!
    hallmark init --org B crowd >/dev/null 2>crowd.b &
    second=$!
    made=0
    wait $first && made=$((made + 1))
    wait $second && made=$((made + 1))
    hallmark log check --office crowd >/dev/null 2>&1 || made=broken
    [ "$made" = 1 ] || bad=$((bad + 1))
done
step "of two that make an office in one folder, just one does, ten times" test "$bad" -eq 0
finish
