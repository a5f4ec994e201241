#!/bin/sh
# P9: an office is copied while it is used, a copy that is not whole is known as such, and nothing forgotten comes back unseen.
# shellcheck disable=SC2016,SC2154  # the dollars are of the programs inside; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P9: backup, restore and check"

# wrong TEXT SENTENCE FOLDER: hallmark office check finds something wrong, and says TEXT of it.
wrong() {
    observe hallmark office check "$3"
    if [ "$status" -ne 1 ]; then
        fails "$2" "status $status instead of 1"
    elif ! grep -qF -e "$1" "$scratch/output"; then
        fails "$2" "does not say '$1'"
    else
        passes "$2"
    fi
}

step "an office" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "a product" hallmark product add pump
echo firmware >firmware.bin
step "a signature" hallmark sign --product pump --release 1.0 firmware.bin
step "published, too" hallmark publish --product pump --release 1.0 firmware.bin

# ---- the office ----

expect_output "log: good" "the office is in order" hallmark office check
step "every part of it says so" sh -c 'test "$(hallmark office check | grep -c ": good: ")" = 11'
expect_output '"part":"token","status":"good"' "also for machines" hallmark office check --json
chmod o+r "$HALLMARK_OFFICE/office.db"
wrong "files: WRONG: office.db: others can read it" "a database that others can read is found" "$HALLMARK_OFFICE"
wrong "keys: good" "while the other parts are looked at still" "$HALLMARK_OFFICE"
chmod o-r "$HALLMARK_OFFICE/office.db"
mv "$HALLMARK_OFFICE/token" token-away
wrong "token: WRONG" "a token that is away is found" "$HALLMARK_OFFICE"
mv token-away "$HALLMARK_OFFICE/token"
cp "$HALLMARK_OFFICE/trust.pem" trust-kept.pem
echo "# more" >>"$HALLMARK_OFFICE/trust.pem"
wrong "trust: WRONG" "a trust file that somebody changed is found" "$HALLMARK_OFFICE"
cp trust-kept.pem "$HALLMARK_OFFICE/trust.pem"
tile=$(find "$HALLMARK_OFFICE/log/tile/entries" -type f -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
flip "$tile" 20
wrong "published log: WRONG: log: tile/entries" "a published tile that somebody changed is found" "$HALLMARK_OFFICE"
flip "$tile" 20
step "all is well again" hallmark office check

# ---- a backup ----

expect_output "The token is not in it" "a backup says what it is worth" hallmark office backup first
step "it has no key" test ! -e first/token
step "it is in order" hallmark office check first
step "which sha256sum can say as well" sh -c 'cd first && sha256sum --quiet -c MANIFEST'
step "the release that was let out is in it" test -f first/published/pump/1.0/firmware.bin
expect_refused "nothing is put over it" "nothing is put over it" hallmark office backup first
expect_fault 2 "lies in the office itself" "none is made in the office" hallmark office backup "$HALLMARK_OFFICE/copy"
expect_fault 2 "is a backup itself" "nor of a backup" hallmark office backup --office first second
expect_fault 2 "own machine" "nor of an office elsewhere" hallmark office backup --office https://localhost:1 second
mkdir other.part
expect_refused "interrupted" "what an interrupted one left is not taken up" hallmark office backup other
rmdir other.part

# every file's every kind of damage
for file in office.db log/checkpoint trust.pem published/pump/1.0/firmware.bin MANIFEST; do
    size=$(wc -c <"first/$file")
    flip "first/$file" $((size / 2))
    wrong "copy: WRONG" "a flipped bit in $file is found" first
    expect_refused "first" "and it is not restored" hallmark office restore first --office restored
    step "not in part either" sh -c '! ls -d restored*'
    flip "first/$file" $((size / 2))
done
mv first/trust.pem trust-away.pem
expect_refused "trust.pem is missing" "a missing file is named" hallmark office restore first --office restored
mv trust-away.pem first/trust.pem
echo more >first/log/more
expect_refused "log/more is in the backup" "one that came in between, too" \
    hallmark office restore first --office restored
rm first/log/more
ln -s /etc/passwd first/link
expect_refused "is no file and no folder" "and a link" hallmark office restore first --office restored
rm first/link
mv first/MANIFEST manifest-away
expect_refused "is no finished backup" "what has no MANIFEST is no backup" \
    hallmark office restore first --office restored
mv manifest-away first/MANIFEST
step "mended, all is well" hallmark office check first

# ---- restored ----

expect_output "whoever has it can sign" "with the token it holds all, and says so" hallmark office backup whole --with-token
step "only for its owner" sh -c 'test "$(stat -c %a whole/token/pin)" = 600'
expect_output "compared with no checkpoint" "restored, it says what nobody can know" \
    hallmark office restore whole --office restored
step "it is in order" hallmark office check restored
rm firmware.bin.p7s
step "it signs" hallmark sign --office restored --product pump --release 1.1 firmware.bin
step "and logs that" hallmark log prove --office restored firmware.bin
step "and is the same office: its trust is" hallmark verify --trust "$HALLMARK_OFFICE/trust.pem" firmware.bin
expect_refused "nothing is put over it" "it is not restored over" hallmark office restore whole --office restored
expect_refused "nothing is put over it" "nor is an office of today" hallmark office restore whole
expect_output "It has no token" "without a token it says so" hallmark office restore first --office tokenless
wrong "token: WRONG" "and is not in order" tokenless
cp -a "$HALLMARK_OFFICE/token" tokenless/token
step "until its token is there" hallmark office check tokenless

# ---- an old backup ----

rm -f firmware.bin.p7s
cp "$HALLMARK_OFFICE/log/checkpoint" earlier
step "the office goes on" hallmark sign --product pump --release 1.2 firmware.bin
step "which is in the log at once when a proof is asked for" hallmark log prove --replace firmware.bin
step "somebody follows its log" hallmark log monitor "$HALLMARK_OFFICE/log" --trust "$HALLMARK_OFFICE/trust.pem" --state monitor.state
expect_refused "would be forgotten, and the log would fork" "what somebody has seen is not forgotten" \
    hallmark office restore whole --office late --against "$HALLMARK_OFFICE/log/checkpoint"
expect_refused "would be forgotten, and the log would fork" "a proof that came with a file says it" \
    hallmark office restore whole --office late --against firmware.bin.tlog-proof
expect_refused "would be forgotten, and the log would fork" "a monitor's state says it as well" \
    hallmark office restore whole --office late --against monitor.state
step "nothing was made" test ! -e late
expect_output "continues the checkpoint" "an older checkpoint is continued" \
    hallmark office restore whole --office late --against earlier
step "today's backup" hallmark office backup today --with-token
# the restored office of before has gone on by itself: two logs have one beginning
expect_refused "has forked" "a log that went on elsewhere is not taken for this one" \
    hallmark office restore today --office forked --against restored/log/checkpoint
step "another office" hallmark init --org "Others" others
expect_refused "the checkpoint that was kept" "another office's checkpoint is no word about this one" \
    hallmark office restore today --office forked --against others/log/checkpoint
: >empty
expect_refused "no checkpoint" "nor is an empty file" hallmark office restore today --office forked --against empty
step "with the right one it is restored" hallmark office restore today --office again --against monitor.state

# An attacker makes a MANIFEST that fits: what was signed over the entries is still not.
step "a copy to work with" cp -a today edited
step "an entry is edited" sqlite3 edited/office.db "UPDATE entry SET details=replace(details,'1.2','9.9') WHERE instr(details,'1.2')"
(cd edited && find . -type f ! -name MANIFEST -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >../sums && mv ../sums MANIFEST)
wrong "details were changed" "it is found" edited
expect_refused "details were changed" "and not restored" hallmark office restore edited --office edited-office

# ---- in use ----

hallmark serve >serve.log 2>&1 &
server=$!
for _ in $(seq 100); do
    [ -S "$HALLMARK_OFFICE/core.sock" ] && break
    sleep 0.1
done
step "the office is served" test -S "$HALLMARK_OFFICE/core.sock"
mkdir load
for i in $(seq 60); do echo "$i" >"load/$i.bin"; done
(
    i=0
    while [ ! -e enough ] && [ $i -lt 60 ]; do
        i=$((i + 1))
        hallmark sign --product pump --release "2.$i" "load/$i.bin" >/dev/null 2>>load.log || echo "$i failed" >>load.log
    done
) &
signer=$!
for i in 1 2 3 4 5; do
    step "a backup under load" hallmark office backup "load-$i"
    step "is in order" hallmark office check "load-$i"
done
step "so is the office" hallmark office check
touch enough
wait $signer
step "nobody was kept from signing" test ! -s load.log
step "a later checkpoint continues what was copied" sh -c '
    hallmark office backup last && hallmark office restore last --office last-office --against load-1/log/checkpoint'

# ---- killed ----

for delay in 2 5 10 15 20 25 30 40 50 70 400; do
    hallmark office backup "killed-$delay" >/dev/null 2>&1 &
    backup=$!
    sleep "0.$(printf %03d $delay)"
    kill -9 $backup 2>/dev/null
    wait $backup 2>/dev/null
    if [ -e "killed-$delay" ]; then
        step "a backup that was made before it could be killed is whole" hallmark office check "killed-$delay"
    else
        expect_status 3 "killed after $delay ms it is none" hallmark office restore "killed-$delay" --office of-killed
        if [ -e "killed-$delay.part/MANIFEST" ]; then
            step "but for its name it was whole already" hallmark office restore "killed-$delay.part" --office of-killed
            rm -rf of-killed
        elif [ -e "killed-$delay.part" ]; then
            expect_refused "no finished backup" "nor is what is left of it" \
                hallmark office restore "killed-$delay.part" --office of-killed
        fi
    fi
done
# At some of these calls: what is left is whole, or is no backup.
if need strace "killed at a call"; then
    parts=0
    for call in mkdir mkdirat openat fsync fdatasync unlink rename linkat; do
        for at in 1 2 5; do
            name=killed-$call-$at
            strace -f -qq -o /dev/null -e "inject=$call:signal=KILL:when=$at" hallmark office backup "$name" >/dev/null 2>&1
            if [ -e "$name" ]; then
                step "killed at $call $at or not at all, it is whole" hallmark office check "$name"
            elif [ -e "$name.part/MANIFEST" ]; then
                step "killed at $call $at it lacks its name, and is whole" hallmark office check "$name.part"
            elif [ -e "$name.part" ]; then
                parts=$((parts + 1))
                expect_status 1 "killed at $call $at it is none" hallmark office restore "$name.part" --office of-killed
            fi
            step "and no office came of it" test ! -e of-killed
        done
    done
    step "many of them were in the middle" test "$parts" -ge 8
    strace -f -qq -o /dev/null -e "inject=rename:signal=KILL:when=1" \
        hallmark office restore last --office half-restored >/dev/null 2>&1
    step "a restore that is killed before its last step is no office" test ! -e half-restored
    step "and can be told as such" test -e half-restored.part
fi
step "the office has not noticed" hallmark office check
kill $server
wait $server
step "the server has ended" test ! -e "$HALLMARK_OFFICE/core.sock"

finish
