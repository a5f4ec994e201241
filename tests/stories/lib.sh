# Helpers for stories; a story is a shell script that reads as documentation and begins with:
#
#   #!/bin/sh
#   . "$(dirname "$0")/lib.sh"
#   story "A release engineer signs a driver"
#
# and ends with `finish`. It runs in a temporary folder of its own, with `hallmark` in PATH, no office yet ($HALLMARK_OFFICE
# names one that does not exist) and nothing of the caller's home. Each helper prints one line, `ok N - SENTENCE` or
# `not ok N - SENTENCE`; a failing one shows what the command printed. After each, $output and $errors hold that text.
#
#   step SENTENCE COMMAND...                    the command succeeds
#   expect_status STATUS SENTENCE COMMAND...    it ends with just this status
#   expect_refused TEXT SENTENCE COMMAND...     status 1, and TEXT stands in what it says on standard error
#   expect_fault STATUS TEXT SENTENCE COMMAND...   the same with another status
#   expect_output TEXT SENTENCE COMMAND...      it succeeds and TEXT stands in its standard output
#   expect_same FILE FILE SENTENCE              two files are equal byte for byte
#   skip SENTENCE WHY                           a step that this machine cannot do
#   need PROGRAM SENTENCE                       true if PROGRAM is installed; else SENTENCE is skipped
#   sanitized                                   true if the program was built with AddressSanitizer
#   flip FILE OFFSET                            inverts the lowest bit of one byte
#
# $root is the repository, $HALLMARK the program, $HALLMARK_BUILD the build folder.
# shellcheck shell=sh disable=SC2034  # output and errors are for the stories

set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${HALLMARK_BUILD:=$root/build}"
: "${HALLMARK:=$HALLMARK_BUILD/app/hallmark/hallmark}"
export HALLMARK HALLMARK_BUILD
steps=0
failures=0
finished=

story() {
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/hallmark-story.XXXXXX") || exit 3
    trap end_story EXIT
    trap 'exit 130' INT TERM HUP
    mkdir "$scratch/bin" "$scratch/home" "$scratch/work"
    ln -s "$HALLMARK" "$scratch/bin/hallmark"
    PATH=$scratch/bin:$PATH
    HOME=$scratch/home
    HALLMARK_OFFICE=$scratch/office
    export PATH HOME HALLMARK_OFFICE
    cd "$scratch/work" || exit 3
    echo "# $1"
}

# A story that ends before `finish` has no plan, which the runner counts as a failure.
end_story() {
    status=$?
    cd / && chmod -R u+rwX "$scratch" 2>/dev/null
    rm -rf "$scratch"
    # What ended a story's own helpers before this has a status of its own.
    { [ -n "$finished" ] && [ "$failures" -eq 0 ]; } || [ "$status" -ne 0 ] || status=1
    exit "$status"
}

finish() {
    finished=yes
    echo "1..$steps"
    [ "$failures" -eq 0 ] && [ "$steps" -gt 0 ]
    exit
}

passes() {
    steps=$((steps + 1))
    echo "ok $steps - $1"
}

# fails SENTENCE WHY
fails() {
    steps=$((steps + 1))
    failures=$((failures + 1))
    echo "not ok $steps - $1"
    echo "# $2"
    sed 's/^/#   /' "$scratch/output" "$scratch/errors" 2>/dev/null | tail -n 25
}

# within SECONDS COMMAND...: true as soon as the command succeeds
within() {
    ends=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt $ends ] || return 1
        sleep 0.2
    done
}

# Runs a command with its output kept; the result is in $status.
observe() {
    "$@" >"$scratch/output" 2>"$scratch/errors" </dev/null
    status=$?
    output=$(tr -d '\000' <"$scratch/output")
    errors=$(tr -d '\000' <"$scratch/errors")
}

step() {
    expect_status 0 "$@"
}

expect_status() {
    wanted=$1 sentence=$2
    shift 2
    observe "$@"
    if [ "$status" -eq "$wanted" ]; then
        passes "$sentence"
    else
        fails "$sentence" "status $status instead of $wanted: $*"
    fi
}

expect_refused() {
    expect_fault 1 "$@"
}

expect_fault() {
    wanted=$1 text=$2 sentence=$3
    shift 3
    observe "$@"
    if [ "$status" -ne "$wanted" ]; then
        fails "$sentence" "status $status instead of $wanted: $*"
    elif ! grep -qF -e "$text" "$scratch/errors"; then
        fails "$sentence" "failed, but without saying '$text': $*"
    else
        passes "$sentence"
    fi
}

expect_output() {
    text=$1 sentence=$2
    shift 2
    observe "$@"
    if [ "$status" -ne 0 ]; then
        fails "$sentence" "status $status instead of 0: $*"
    elif ! grep -qF -e "$text" "$scratch/output"; then
        fails "$sentence" "does not print '$text': $*"
    else
        passes "$sentence"
    fi
}

expect_same() {
    observe cmp "$1" "$2"
    if [ "$status" -eq 0 ]; then passes "$3"; else fails "$3" "$1 and $2 differ"; fi
}

skip() {
    steps=$((steps + 1))
    echo "ok $steps - $1 # SKIP $2"
}

need() {
    command -v "$1" >/dev/null 2>&1 && return 0
    skip "$2" "$1 is not installed (tools/setup.sh check)"
    return 1
}

sanitized() {
    grep -q __asan_init "$HALLMARK"
}

flip() {
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059  # the format is the byte
    printf "\\$(printf %o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
