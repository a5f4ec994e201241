#!/bin/sh
# P1: the order of things, as the kernel sees it. The intent is on the disk before the token is asked to sign, the outcome is on
# the disk before the signature reaches the process that writes it, and that file is on the disk before it gets its name.
. "$(dirname "$0")/lib.sh"
story "P1: logged before signed, and durable before released"

head -c 5000 /dev/urandom >firmware.bin
step "an office is made" hallmark init "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "the product's keys are made" hallmark key generate --product pump

# order SENTENCE PATTERN...: lines that match the patterns follow one another in the trace.
order() {
    sentence=$1
    shift
    at=0
    for pattern in "$@"; do
        found=$(tail -n +$((at + 1)) trace | grep -n -m1 -E -e "$pattern" | cut -d: -f1)
        if [ -z "$found" ]; then
            fails "$sentence" "after line $at of the trace nothing matches $pattern"
            return
        fi
        at=$((at + found))
    done
    passes "$sentence"
}

if sanitized; then
    skip "the order of system calls is seen" "LeakSanitizer does not work under strace"
    step "a file is signed" hallmark sign --product pump --release 1.0 firmware.bin
elif need strace "the order of system calls is seen"; then
    step "a file is signed under strace" strace -f -y -s 64 -o trace -e trace=%desc,%file,%network \
        hallmark sign --product pump --release 1.0 firmware.bin
    # SoftHSM opens the private key's object file for each C_Sign; nothing else does so behind the intent.
    order "intent written, synced; token asked; outcome written, synced; signature sent; file written, synced, named" \
        'pwrite64\([0-9]+<[^>]*office\.db-wal>' \
        'fdatasync\([0-9]+<[^>]*office\.db-wal>\) += 0' \
        '(openat|newfstatat|fcntl)\(.*/token/tokens/.*\.object' \
        'pwrite64\([0-9]+<[^>]*office\.db-wal>' \
        'fdatasync\([0-9]+<[^>]*office\.db-wal>\) += 0' \
        '(write|sendto)\([0-9]+<(UNIX|socket)' \
        'write\([0-9]+<[^>]*(deleted|#[0-9]+)' \
        'fsync\([0-9]+<[^>]*(deleted|#[0-9]+)' \
        'linkat\(.*firmware\.bin\.p7s'
else
    step "a file is signed" hallmark sign --product pump --release 1.0 firmware.bin
fi
step "the log checks" hallmark log check
expect_output "logged: intent" "the signature has its intent and outcome" hallmark log check firmware.bin

# A signature that the same key made behind Hallmark's back has no entry, and is found.
if need pkcs11-tool "a signature made behind the log's back is found"; then
    cp firmware.bin bypassed.bin
    SOFTHSM2_CONF=$HALLMARK_OFFICE/token/softhsm2.conf
    export SOFTHSM2_CONF
    # The signed attributes of the real signature, signed again by the token itself: another value, as good as the first.
    key=$(hallmark key list --product pump | sed -n 's/ .*es256.*signing.*//p')
    /usr/bin/python3 "$root/tests/stories/resign.py" firmware.bin.p7s bypassed.bin.p7s attributes.der signature.raw attributes
    openssl dgst -sha256 -binary -out attributes.digest attributes.der
    step "the token signs without the log" pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --login \
        --pin "$(cat "$HALLMARK_OFFICE/token/pin")" --sign --mechanism ECDSA --id "$key" \
        --signature-format rs --input-file attributes.digest --output-file signature.raw
    step "its value goes into the file" /usr/bin/python3 "$root/tests/stories/resign.py" firmware.bin.p7s bypassed.bin.p7s attributes.der signature.raw embed
    step "as a signature it is good" hallmark verify --product pump bypassed.bin
    expect_refused "not in the log" "the log does not have it: proof of a bypass" hallmark log check bypassed.bin
    unset SOFTHSM2_CONF
fi
finish
