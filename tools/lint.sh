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

format() { tracked '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror; }

# The database is clang's own build: gcc's has flags that clang-tidy does not know.
tidy() {
    CC=clang meson setup build-clang >/dev/null 2>&1 || [ -e build-clang/build.ninja ] || return 1
    tracked 'lib/*.c' 'app/*.c' | xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p build-clang 2>build-clang/tidy.log
}

analyse() {
    tracked 'lib/*.c' 'app/*.c' | xargs -0 cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
        --enable=warning,performance,portability --suppress=missingIncludeSystem \
        $(for layer in lib/*/include; do echo "-I $layer"; done)
}

shell() { { tracked '*.sh'; printf '.ci/run\0'; } | xargs -0 shellcheck --external-sources --source-path=SCRIPTDIR; }

banned() {
    findings=$(tests/house/banned_functions.py) && return
    echo "$findings" | grep -v '^ok'
    return 1
}

# Functions begin and end in the first column: clang-format sees to that.
sizes() {
    tracked 'lib/*.[ch]' 'app/*.[ch]' 'tests/*.[ch]' | xargs -0 awk '
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
