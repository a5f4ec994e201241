#!/bin/sh
# P8: while a file is being read, the process that reads it is looked at from outside: it is under seccomp, cannot gain
# privileges, and holds no descriptor of the token, the database, the log or a terminal. What the sandbox forbids it is tested
# call by call in tests/unit/base/test_sandbox.c.
# shellcheck disable=SC2016  # the dollars are of the shells inside
. "$(dirname "$0")/lib.sh"
story "P8: parsers hold no keys"
if [ "$(id -u)" -ne 0 ]; then
    skip "what the reading process holds is seen" "only root may look into a process that others may not"
    finish
fi
if sanitized; then
    skip "what the reading process holds is seen" "builds with sanitizers run without the filter (lib/base/sandbox.c)"
    finish
fi

step "an office is made" hallmark init "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
step "the product's keys are made" hallmark key generate --product pump
truncate -s 6G big.bin
echo small >small.bin
core=

# The same look finds both in the core: what it does not find in the parser is not there.
look_at_core() {
    tr ' ' '\n' <"/proc/$1/task/$1/children" >family
    while read -r pid; do
        ls -l "/proc/$pid/fd" >fds.core
        grep -q softhsm "/proc/$pid/maps" && grep -q "$HALLMARK_OFFICE/office.db" fds.core && core=seen
    done <family
}

# examine SENTENCE COMMAND...: stops the command's processes while they read big.bin, and looks at the one that has it open.
examine() {
    sentence=$1
    shift
    "$@" >/dev/null 2>&1 &
    front=$!
    parser=
    tries=0
    while [ -z "$parser" ] && [ $tries -lt 200 ] && kill -0 "$front" 2>/dev/null; do
        for pid in $front $(cat "/proc/$front/task/$front/children" 2>/dev/null); do
            # The reader is the one that has gone on in the file.
            for fd in "/proc/$pid/fd"/*; do
                [ "$(readlink "$fd" 2>/dev/null)" = "$PWD/big.bin" ] && [ "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" = 2 ] &&
                    parser=$pid
            done
        done
        tries=$((tries + 1))
        sleep 0.02
    done
    if [ -z "$parser" ]; then
        fails "$sentence: somebody reads the file under seccomp" "no such process was seen"
    else
        kill -STOP "$parser"
        passes "$sentence: who reads the file is under seccomp"
        step "$sentence: it can gain no privileges" grep -q '^NoNewPrivs:.1$' "/proc/$parser/status"
        ls -l "/proc/$parser/fd" >fds
        cp "/proc/$parser/maps" maps
        step "$sentence: it holds big.bin" grep -q "$PWD/big.bin" fds
        step "$sentence: it holds nothing of the office" sh -c '! grep -F -e "$HALLMARK_OFFICE" fds'
        step "$sentence: its memory has a program, and no token's module" sh -c 'grep -q libcrypto maps && ! grep softhsm maps'
        look_at_core "$front"
        kill -KILL "$parser"
    fi
    kill -KILL "$front" 2>/dev/null
    wait "$front" 2>/dev/null
}

examine "signing" hallmark sign --product pump big.bin small.bin
step "signing: standard input, output and error are nothing to it" sh -c 'test "$(grep -c " [012] -> /dev/null" fds)" -eq 3'
step "signing: the core beside it holds the database and the token's module" test "$core" = seen
sleep 0.2
step "a killed parser leaves no signature" test ! -e big.bin.p7s
cp small.bin small2.bin
step "and the office works" hallmark sign --product pump small2.bin
cp small2.bin.p7s big.bin.p7s
examine "verifying" hallmark verify big.bin small2.bin
examine "verifying one file alone" hallmark verify big.bin
examine "inspecting" hallmark log check big.bin
step "the log checks" hallmark log check
finish
