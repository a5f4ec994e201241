#!/bin/sh
# A maker's security team watches the office's log from outside, with nothing but the log's key: over a static web server, with other
# people's tools, with the monitor. Then somebody cheats, in each way there is.
. "$(dirname "$0")/lib.sh"
story "P9, P10: the log is watched"

log=$HALLMARK_OFFICE/log
checker=$root/tests/oracles/tlog_checker.py
servers=
# serve FOLDER [CERTIFICATE]: the port is in $port. Ended by their process ids at the end.
serve() {
    : >"$scratch/port"
    /usr/bin/python3 "$root/tests/stories/serve_folder.py" "$@" >"$scratch/port" 2>/dev/null &
    servers="$servers $!"
    until [ -s "$scratch/port" ]; do sleep 0.1; done
    port=$(cat "$scratch/port")
}
end_servers() {
    for server in $servers; do kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; done
    servers=
}
trap 'end_servers; end_story' EXIT
# until_says TEXT FILE: what runs beside us has written it (a minute at most).
until_says() {
    for _ in $(seq 600); do
        grep -qF -e "$1" "$2" && return 0
        sleep 0.1
    done
    return 1
}
published() {
    sleep 1.2 # whoever publishes later has done so
    rm -rf "$1" && cp -a "$log" "$1"
}
# The tile or bundle with the most entries; smaller partial ones are of earlier heads.
newest() {
    find "$1" -type f | sort -V | tail -n 1
}

step "an office is made" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "its keys are made" hallmark key generate --product pump
hallmark log show --json | sed -n 's/.*"type":"outcome".*"digest":"\([0-9a-f]*\)".*/\1/p' >founding
step "what was certified so far is listed once" test -s founding
step "its trust file is given out" hallmark trust export -o "$scratch/work/trust.pem"
vkey=$(sed -n 's/^hallmark-log-key: //p' trust.pem)
for i in $(seq 130); do echo "part $i" >"part-$i.bin"; done
step "so many files are signed that a tile is full" sh -c 'hallmark sign --product pump part-*.bin'
published early
step "a full tile and one above it are there" cat early/tile/0/000 early/tile/1/000.p/1

# Anybody can read it.
serve "$log"
address=http://127.0.0.1:$port/
if need curl "plain curl reads the tiles"; then
    for file in checkpoint tile/0/000 tile/entries/000; do
        step "curl reads $file" curl -sf -o "fetched" "$address$file"
        expect_same fetched "$log/$file" "and it is the file"
    done
fi
leaves=$(hallmark log show --json --count 40 | sed -n 's/.*"leaf":"\([0-9a-f]*\)".*/\1/p')
# shellcheck disable=SC2086  # forty words
expect_output "40 inclusion proofs" "an independent program checks signature, tiles, root and 40 entries over HTTP" \
    /usr/bin/python3 "$checker" "$vkey" "$address" $leaves
expect_output "good:" "and from the folder" /usr/bin/python3 "$checker" "$vkey" early
expect_status 1 "with an entry that is not there it fails" /usr/bin/python3 "$checker" "$vkey" early 00

unset HALLMARK_OFFICE
expect_output "a first look" "the monitor's first look, over HTTP, without an office" \
    hallmark log monitor "$address" --trust trust.pem --state head
expect_output " 0 of them new" "a second look finds nothing new" hallmark log monitor "$address" --trust trust.pem --state head --once
expect_same head early/checkpoint "the state is the checkpoint as it was signed"
cp head head.early
HALLMARK_OFFICE=$scratch/office
export HALLMARK_OFFICE
echo more >more.bin
step "something more is signed" hallmark sign --product pump more.bin
published good
expect_output " 2 of them new" "which a third look finds" hallmark log monitor "$address" --log-key "$vkey" --state head
expect_output '"new":0' "as JSON" hallmark log monitor "$address" --log-key "$vkey" --state head --json
expect_same head good/checkpoint "the state has moved on"
expect_output "good:" "the whole log, from a folder" hallmark log monitor good --trust trust.pem --state head --all

# Wrong usage.
expect_status 2 "no state" hallmark log monitor good --trust trust.pem
expect_status 2 "no time" hallmark log monitor good --trust trust.pem --state head --interval soon
expect_status 2 "no key" hallmark log monitor good --log-key nonsense --state head
expect_status 2 "no type" hallmark log monitor good --log-key "$vkey" --state head --watch-type nonsense
expect_status 2 "plain http elsewhere" hallmark log monitor http://example.com/log/ --log-key "$vkey" --state head
expect_status 3 "nobody there is no alarm" hallmark log monitor "http://127.0.0.1:1/" --log-key "$vkey" --state head
expect_status 3 "no folder is none either" hallmark log monitor nowhere --log-key "$vkey" --state head
expect_same head good/checkpoint "the state is as it was"

# The cheats. Each is an alarm with status 1 and leaves the head alone.
# cheat TEXT SENTENCE FOLDER [OPTION...]
cheat() {
    text=$1 sentence=$2
    shift 2
    cp head head.before
    expect_refused "$text" "$sentence" hallmark log monitor "$@" --log-key "$vkey" --state head
    cmp -s head head.before || fails "$sentence: the head is as it was" "it has changed"
}
copy() {
    rm -rf bad && cp -a good bad
}
cp head.early head
copy && tile=$(newest bad/tile/0/001.p) && flip "$tile" $(($(stat -c %s "$tile") - 9))
cheat "tile/0/001.p/$(basename "$tile") differs" "an edited tile is named" bad
copy && flip "$tile" 9
cheat "--all looks closer" "one among old entries is noticed" bad
copy && flip "$(newest bad/tile/entries/001.p)" 60
cheat "entries" "an edited bundle is named" bad
copy && rm "$(newest bad/tile/entries/001.p)"
cheat "is missing" "entries that are kept back are named" bad
cp good/checkpoint head
copy && flip bad/tile/0/000 40
cheat "tile/0/000" "an old tile is looked at with --all" bad --all
copy && flip bad/checkpoint 60
cheat "checkpoint" "an edited checkpoint" bad
copy && rm bad/checkpoint
cheat "there is no checkpoint" "no checkpoint" bad
copy && echo '<html>Please log in</html>' >bad/checkpoint
cheat "what is served is not the log" "a page of something else" bad
cheat "was rolled back" "a log that was shortened" early
expect_same "$(ls head.evidence-*.held)" head "the held checkpoint is kept as evidence"
expect_same "$(ls head.evidence-*.served)" early/checkpoint "and the one that was shown"
rm head.evidence-*
copy && cp early/checkpoint bad/checkpoint
cheat "was rolled back" "a replayed checkpoint over the newest tiles" bad
rm head.evidence-*

step "another office is made" hallmark init --org "Example Devices" --office other other
cheat "not signed by the key" "another log's checkpoint" other/log
copy && cat other/log/checkpoint >bad/checkpoint
cheat "not signed by the key" "another log's checkpoint over these tiles" bad

# The operator keeps two books: a copy of the office signs something else.
cp -a "$HALLMARK_OFFICE" "$scratch/twin"
echo one >one.bin && echo other >two.bin && echo third >three.bin
step "the office signs one thing" hallmark sign --product pump one.bin
published good
step "the monitor sees it" hallmark log monitor good --log-key "$vkey" --state head
step "its copy signs another" hallmark --office "$scratch/twin" sign --product pump two.bin
sleep 1.2
cheat "the log has forked" "a fork of the same size" "$scratch/twin/log"
expect_same "$(ls head.evidence-*.served)" "$scratch/twin/log/checkpoint" "its checkpoint is kept"
rm head.evidence-*
step "the copy signs on" hallmark --office "$scratch/twin" sign --product pump three.bin
sleep 1.2
cheat "the log has forked" "a fork that has grown further" "$scratch/twin/log"
step "both checkpoints of it are kept, by the log's own key" sh -c 'grep -l "^— " head.evidence-*.held head.evidence-*.served | wc -l | grep -qx 2'

cp head head.good
flip head 30
cheat "holds no checkpoint of this log" "a damaged head" good
: >./head
cheat "holds no checkpoint of this log" "an empty head" good
cp other/log/checkpoint head
cheat "holds no checkpoint of this log" "another log's head" good
cp head.good head

# What a maker monitors for.
{
    cat founding
    echo "# what the pipeline signs"
    sha256sum part-*.bin more.bin one.bin
} >known
expect_output "good:" "all that was signed is known by its content" \
    hallmark log monitor good --log-key "$vkey" --state first --known known --watch-digest "$(printf %064d 0)"
echo fourth >four.bin
step "a file is signed that the pipeline knows nothing of" hallmark sign --product pump four.bin
published good
cp first second
# shellcheck disable=SC2016  # for the program to expand
echo '#!/bin/sh
echo "$#: $1" >>told' >tell && chmod +x tell
expect_refused "is not in the list of known ones" "a signature that nobody meant to make" \
    hallmark log monitor good --log-key "$vkey" --state first --known known --on-alarm ./tell --json
echo "$output" >said
step "as JSON too" grep -q '"event":"alarm","kind":"unknown","entry":' said
step "the program was told, in one argument" grep -q '^1: entry [0-9]* is a signature that is not in the list' told
step "once said, it is not said again" hallmark log monitor good --log-key "$vkey" --state first --known known
echo '#!/bin/sh
exit 1' >tell
cp second before
expect_refused "on-alarm ./tell: failed" "if the program fails the alarm is not given" \
    hallmark log monitor good --log-key "$vkey" --state second --known known --on-alarm ./tell
expect_same second before "and the head waits for it"
hallmark log show --json | sed -n 's/.*"type":"outcome".*"digest":"\([0-9a-f]*\)".*/\1/p' >known-signatures
step "signatures may be listed themselves" hallmark log monitor good --log-key "$vkey" --state second --known known-signatures
echo nonsense >>known
expect_fault 3 "is no digest" "a list with something else in it" hallmark log monitor good --log-key "$vkey" --state second --known known

class=$(hallmark product show pump | sed -n 's/^ *class //p')
digest=$(sha256sum four.bin | cut -d' ' -f1)
# watched TEXT OPTION...
watched() {
    text=$1
    shift
    cp before watch
    expect_refused "is watched for: $text" "$* is watched" hallmark log monitor good --log-key "$vkey" --state watch "$@"
}
watched outcome --watch-type outcome
watched intent --watch-product "$class"
watched intent --watch-format cms
watched intent --watch-digest "$digest"
cp before watch
step "what does not happen is no alarm" hallmark log monitor good --log-key "$vkey" --state watch --watch-type refusal --watch-format pe
expect_refused "does not say when it was signed" "an age cannot be asked of an office without founders" \
    hallmark log monitor good --log-key "$vkey" --state watch --max-age 1d

# One with founders says when it signed.
step "a founder's key" hallmark principal keygen alice.key
step "an office with a founder" hallmark init --org "Example Devices" --founder alice=alice.key.pub governed
step "its checkpoint is young" hallmark log monitor governed/log --trust governed/trust.pem --state governed.head --max-age 1h
sleep 2
expect_refused "seconds ago" "after a while it is too old" \
    hallmark log monitor governed/log --trust governed/trust.pem --state governed.head --max-age 1

# Over TLS.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 \
    -subj /CN=log -addext subjectAltName=IP:127.0.0.1 2>/dev/null
cat tls.crt tls.key >tls.pem
serve good tls.pem
secure=https://127.0.0.1:$port
step "over TLS, with its authority" hallmark log monitor "$secure" --log-key "$vkey" --state tls --ca tls.crt
step "and all of it" hallmark log monitor "$secure/" --log-key "$vkey" --state tls --ca tls.crt --all
expect_refused "is not trusted" "without it" hallmark log monitor "$secure/" --log-key "$vkey" --state tls

# Following.
cp head.good follow
hallmark log monitor "$address" --log-key "$vkey" --state follow --interval 1 >followed 2>&1 &
follower=$!
until_says "good:" followed
expect_fault 3 "another monitor is at work" "two do not take turns" hallmark log monitor good --log-key "$vkey" --state follow
echo last >last.bin
step "something is signed meanwhile" hallmark sign --product pump last.bin
step "it follows" until_says "2 of them new" followed
kill "$follower"
wait "$follower"
step "SIGTERM ends it cleanly" test $? -eq 0
step "what it has not seen the next one sees" hallmark log monitor "$log" --log-key "$vkey" --state follow
expect_same follow "$log/checkpoint" "it holds the newest head"

# What lasts is said once, and when it is over the following goes on.
cp -a early changing
cp head.good changing.head
hallmark log monitor changing --log-key "$vkey" --state changing.head --interval 1 >changed 2>&1 &
follower=$!
until_says "was rolled back" changed
sleep 2.2
step "an alarm that lasts is said once" sh -c 'grep -c "was rolled back" changed | grep -qx 1'
cp -a good/tile changing/ && cp good/checkpoint changing/checkpoint
step "when it is over, the log is followed again" until_says "good:" changed
cp early/checkpoint changing/checkpoint
alarmed_twice() {
    for _ in $(seq 100); do
        [ "$(grep -c "was rolled back" changed)" -eq 2 ] && return 0
        sleep 0.1
    done
    return 1
}
step "when it begins again, so does the alarm" alarmed_twice
kill "$follower"
wait "$follower"
step "SIGTERM ends that too" test $? -eq 0

# Killed at any moment, it has a head, the old or the new one.
bad=
for i in $(seq 24); do
    cp head.good killed
    hallmark log monitor "$address" --log-key "$vkey" --state killed --all >/dev/null 2>&1 &
    victim=$!
    sleep "$(printf '0.%03d' $((i * 2)))"
    kill -9 "$victim" 2>/dev/null
    wait "$victim" 2>/dev/null
    cmp -s killed head.good || cmp -s killed follow || bad="$bad $i"
done
step "killed at 24 moments it has the old head or the new one" test -z "$bad"
step "and goes on from there" hallmark log monitor "$address" --log-key "$vkey" --state killed
end_servers
finish
