#!/bin/sh
# Whoever edits the log, as files or in the database, is found and told where; erasing the details of an entry is allowed, and
# is said. What has a proof verifies without an office.
. "$(dirname "$0")/lib.sh"
story "P1, P9, P10: somebody tampers with the log"

db=$HALLMARK_OFFICE/office.db
log=$HALLMARK_OFFICE/log
head -c 3000 /dev/urandom >firmware.bin
step "an office is made" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "a file is signed" hallmark sign --product pump --release 1.2 firmware.bin
step "the log checks" hallmark log check

step "it shows who, what and when" sh -c \
    'hallmark log show | grep -q "intent .*sign firmware.bin for pump 1.2, .*, by unix:"'
expect_output '"type":"outcome"' "and as JSON" hallmark log show --json --count 1
step "each line is JSON" sh -c 'hallmark log show --json | /usr/bin/python3 -c "import json,sys; [json.loads(l) for l in sys.stdin]"'
expect_status 2 "a count that is no number is wrong usage" hallmark log show --count many

# A proof goes with the file.
step "the proof is written" hallmark log prove firmware.bin
mkdir elsewhere
cp firmware.bin firmware.bin.p7s firmware.bin.tlog-proof "$HALLMARK_OFFICE/trust.pem" elsewhere
step "with the trust file alone it verifies, and that it is logged" \
    env -u HALLMARK_OFFICE HOME=/nonexistent hallmark verify --trust elsewhere/trust.pem --require-log elsewhere/firmware.bin
rm elsewhere/firmware.bin.tlog-proof
expect_refused proof "without the proof it is refused" \
    hallmark verify --trust elsewhere/trust.pem --require-log elsewhere/firmware.bin
sed 's/^index [0-9]*/index 1/' firmware.bin.tlog-proof >elsewhere/firmware.bin.tlog-proof
expect_status 1 "an edited proof is refused" hallmark verify --trust elsewhere/trust.pem --require-log elsewhere/firmware.bin
echo other >other.bin
step "another file is signed" hallmark sign --product pump other.bin
step "and has its proof" hallmark log prove other.bin
cp other.bin.tlog-proof elsewhere/firmware.bin.tlog-proof
expect_status 1 "another file's proof is refused" hallmark verify --trust elsewhere/trust.pem --require-log elsewhere/firmware.bin
grep -v hallmark-log-key "$HALLMARK_OFFICE/trust.pem" >elsewhere/roots.pem
cp firmware.bin.tlog-proof elsewhere
expect_status 2 "trust without a log key cannot require the log" \
    hallmark verify --trust elsewhere/roots.pem --require-log elsewhere/firmware.bin

step "the log checks" hallmark log check
sleep 1.2 # whoever publishes later has done so
rm -rf "$scratch/kept" && cp -a "$HALLMARK_OFFICE" "$scratch/kept"
restore() {
    rm -rf "$HALLMARK_OFFICE"
    cp -a "$scratch/kept" "$HALLMARK_OFFICE"
}

# Smaller partial tiles are of heads that were published before; the greatest is the present one.
newest() {
    find "$log/tile/$1" -type f | sort -V | tail -n 1
}
tile=$(newest 0)
flip "$tile" 40
expect_refused "$(basename "$tile")" "an edited tile is found and named" hallmark log check
restore
flip "$(newest entries)" 100
expect_refused entries "an edited bundle of entries is found and named" hallmark log check
restore
rm "$(newest 0)"
expect_refused tile "a missing tile is found" hallmark log check
restore
flip "$log/checkpoint" 60
expect_refused checkpoint "an edited checkpoint is found" hallmark log check
restore

if need sqlite3 "who edits the database is found"; then
    step "an entry is edited" sqlite3 "$db" "UPDATE entry SET leaf=(SELECT leaf FROM entry WHERE idx=3) WHERE idx=5"
    expect_status 1 "an edited entry is found" hallmark log check
    restore
    step "the details of an entry are edited" \
        sqlite3 "$db" "UPDATE entry SET details=replace(details,'firmware.bin','harmless.bin') WHERE instr(details,'firmware.bin')"
    expect_refused "details were changed" "edited details are found and the entry named" hallmark log check
    restore
    step "the last entries are removed" sqlite3 "$db" "DELETE FROM entry WHERE idx>12"
    expect_status 3 "removed entries are found: the office does no more" hallmark log check
    expect_status 3 "nothing is signed on top of it" hallmark sign --product pump other.bin
    restore
    step "an entry in the middle is removed" sqlite3 "$db" "DELETE FROM entry WHERE idx=7"
    expect_refused "entry 7 is missing" "that is found and the entry named" hallmark log check
    restore
    step "details are erased" sqlite3 "$db" "UPDATE entry SET salt=x'', details=x'' WHERE instr(details,'firmware.bin')"
    expect_output "details of 1 entries erased" "erased details are said, and the log is good" hallmark log check
    expect_output "(details erased)" "the entry shows without them" hallmark log show
    step "the signature is still proved" hallmark log check firmware.bin
    restore
    step "a key is taken out" sqlite3 "$db" "DELETE FROM key WHERE id=(SELECT max(id) FROM key)"
    expect_refused "is gone from the database" "the log knows that it was made, and which" hallmark log check
    restore
    step "put back, the log checks" hallmark log check
fi

# An old backup: the folder of the log remembers more than the database, or the other way round.
cp -a "$HALLMARK_OFFICE" "$scratch/old"
echo third >third.bin
step "a third file is signed" hallmark sign --product pump third.bin
step "the log checks" hallmark log check
cp "$scratch/old/log/checkpoint" "$log/checkpoint"
expect_refused "put back" "a checkpoint that was put back is found" hallmark log check
step "the next signature mends it" hallmark sign --replace --product pump firmware.bin other.bin third.bin
sleep 1.2
echo fourth >fourth.bin
step "a fourth file is signed" hallmark sign --product pump fourth.bin
step "the log checks again" hallmark log check
rm -f "$db" "$db-wal" "$db-shm"
cp "$scratch/old/office.db"* "$HALLMARK_OFFICE/"
expect_fault 3 "the log must not fork" "a database from an old backup is refused" \
    hallmark sign --replace --product pump third.bin
expect_fault 3 "the log must not fork" "the log is not extended" hallmark log check

head -c 4096 /dev/urandom >"$db"
rm -f "$db-wal" "$db-shm"
expect_fault 3 database "a damaged database: could not" hallmark sign --product pump third.bin
step "in one line" test "$(wc -l <"$scratch/errors")" -eq 1
chmod g+w "$HALLMARK_OFFICE"
expect_refused "others can write" "an office that others can write to is not used" hallmark log check
finish
