# For stories in which emulated pumps take part: lib.sh of tests/stories/, and what switches a pump on. The lines behind '#' are what it says on
# its console. First stage and application are in built/, and pump.json is `hallmark product show --json pump`.
# shellcheck shell=sh
. "$(dirname "$0")/../stories/lib.sh"

exec 3>&1
# power DEVICE [ORDER]: switches it on. What it says is in console, and shown.
power() {
    "$root/device/emulate.py" "$@" >console
    ended=$?
    sed 's/^/#   /' console >&3
    cat console
    return "$ended"
}
says() { grep -qF -e "$1" console; }
says_not() { ! says "$1"; }
chapter() { printf '#\n# ---- %s ----\n' "$1"; }
# leaves_factory DEVICE LIST RELEASE: made with a first list and a first release
leaves_factory() {
    hallmark trust show "$2" | sed -n 's/.*SHA-256 of the root set: //p' >roots
    "$root/device/factory.py" --list "$2" --roots roots --product pump.json --id "$1" --life development --firmware "$3" \
        --first-stage built/mps2-an386 -o "$1"
}
