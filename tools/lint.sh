#!/bin/sh
# Style and static analysis: make lint. Says what is wrong, and ends with status 1 if anything was; sizes only warn.
set -u
cd "$(dirname "$0")/.." || exit 3
bad=0

# check NAME COMMAND...
check() {
    name=$1
    shift
    if "$@"; then echo "ok - $name"; else echo "not ok - $name" && bad=1; fi
}

tracked() { git ls-files -z -- "$@"; }

format() {
    tracked '*.c' '*.h' | xargs -0 clang-format --dry-run 2>&1 | sed -n 's/:[0-9]*:[0-9]*: warning: .*clang-format.*//p' | sort | uniq -c |
        awk '{ printf "%s: %d places to format (clang-format -i)\n", $2, $1; bad = 1 } END { exit bad }'
}

# The database is clang's own build: gcc's has flags that clang-tidy does not know. What is built for processors alone, the ports
# and what the emulator's programs are made of, is not in it: arm-none-eabi-gcc's warnings are errors there, and cppcheck reads it.
tidy() {
    if [ -e build-clang/build.ninja ]; then again=--reconfigure; else again=; fi
    # shellcheck disable=SC2086  # nothing, or one word
    CC=clang meson setup $again build-clang >/dev/null || return
    tracked 'lib/*.c' 'app/*.c' 'verify/src/*.c' 'verify/example/*.c' 'device/boot/*.c' 'device/app/*.c' 'device/model/*.c' |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p build-clang >build-clang/tidy.log 2>/dev/null && return
    grep -E ' (error|warning): ' build-clang/tidy.log | sort -u
    echo "the paths that lead there: build-clang/tidy.log"
    return 1
}

# Left to the compilers and sanitizers, because cppcheck knows neither that a callee fills a variable nor clean-up by scope:
# uninitialised variables and leaks.
analyse() {
    set --
    for include in lib/*/include verify/include verify/src verify/portable device/boot device/app device/model device/port/mps2; do
        set -- "$@" -I "$include"
    done
    tracked 'lib/*.c' 'app/*.c' 'verify/*.c' 'device/*.c' | xargs -0 cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr "$@" \
        --enable=warning,performance,portability --suppress=missingIncludeSystem --suppress=uninitvar --suppress=memleak
}

# SC2317: functions of stories are called by step and its like, which shellcheck does not follow.
shell() { { tracked '*.sh'; printf '.ci/run\0'; } | xargs -0 shellcheck --exclude=SC2317 --external-sources --source-path=SCRIPTDIR; }

banned() {
    findings=$(tests/house/banned_functions.py) && return
    echo "$findings" | grep -v '^ok'
    return 1
}

# Functions begin and end in the first column: clang-format sees to that.
# shellcheck disable=SC2016  # the dollars are awk's
sizes() {
    tracked 'lib/*.[ch]' 'app/*.[ch]' 'verify/*.[ch]' 'device/*.[ch]' 'tests/*.[ch]' | xargs -0 awk '
        FNR == 1 { if (file && lines > 600) printf "warning: %s has %d lines: does it hide two things?\n", file, lines; file = FILENAME }
        { lines = FNR }
        /^[A-Za-z].*\{$/ { start = FNR; name = $0 }
        /^\}/ && start { if (FNR - start + 1 > 70) printf "warning: %s:%d: a function of %d lines: %s\n", FILENAME, start, FNR - start + 1, name; start = 0 }
        END { if (lines > 600) printf "warning: %s has %d lines: does it hide two things?\n", file, lines }'
}

check "formatted as .clang-format says" format
check "no banned function" banned
check "clang-tidy finds nothing" tidy
if command -v cppcheck >/dev/null 2>&1; then check "cppcheck finds nothing" analyse; fi
if command -v shellcheck >/dev/null 2>&1; then check "shellcheck finds nothing" shell; fi
sizes
exit "$bad"
